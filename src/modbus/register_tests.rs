//! Words and numbers, both ways.

use super::*;

fn register(data_type: DataType, scale: f64) -> Register {
    Register {
        metric: Metric::POWER,
        phase: Phase::Total,
        unit: Unit::none(),
        function: Function::Holding,
        address: 0,
        data_type,
        scale,
        word_order: WordOrder::Big,
        decoding: Decoding::Plain,
        not_available: Vec::new(),
        extras: Extras::default(),
    }
}

#[test]
fn a_power_of_ten_comes_from_its_own_register() {
    let mut power = register(DataType::Int16, 0.001);
    power.address = 84;
    power.extras.scale_register = Some(80);
    assert_eq!(power.span(), (80, 85));
    assert_eq!(power.decode_with(&[2301], Some(1)), Some(23.01));
    assert_eq!(power.decode_with(&[2301], Some(0xFFFF)), Some(0.2301));
    // 0x8000 is "not implemented"; 11 is outside what SunSpec allows.
    for nonsense in [Some(0x8000), Some(11), None] {
        assert_eq!(power.decode_with(&[2301], nonsense), None);
    }
}

#[test]
fn offset_bit_and_range() {
    let mut celsius = register(DataType::Uint16, 0.1);
    celsius.extras.offset = -40.0;
    assert_eq!(celsius.decode(&[650]), Some(25.0));
    assert_eq!(celsius.encode(25.0), [650]);
    let mut input = register(DataType::Uint16, 1.0);
    input.extras.bits = Some(Bits { from: 2, count: 1 });
    assert_eq!(input.decode(&[0b100]), Some(1.0));
    assert_eq!(input.decode(&[0b011]), Some(0.0));
    assert_eq!(input.encode(1.0), [0b100]);
    let mut hertz = register(DataType::Uint16, 0.01);
    hertz.extras.range = Some((45.0, 65.0));
    assert!(hertz.believes(50.0) && !hertz.believes(500.0));
}

#[test]
fn words_become_numbers_in_both_orders() {
    let mut float = register(DataType::Float32, 1.0);
    assert_eq!(float.decode(&[0x4366, 0x199A]), Some(230.1));
    float.word_order = WordOrder::Little;
    assert_eq!(float.decode(&[0x199A, 0x4366]), Some(230.1));
    let signed = register(DataType::Int32, 0.1);
    assert_eq!(signed.decode(&[0xFFFF, 0xFFFE]), Some(-0.2));
    let wide = register(DataType::Int64, 0.001);
    assert_eq!(wide.decode(&[0, 0, 0x0001, 0xE240]), Some(123.456));
    let double = register(DataType::Float64, 1.0);
    assert_eq!(double.decode(&[0x3FF8, 0, 0, 0]), Some(1.5));
}

#[test]
fn a_scale_leaves_no_dirt() {
    assert_eq!(register(DataType::Uint16, 0.1).decode(&[2301]), Some(230.1));
    assert_eq!(
        register(DataType::Uint16, 0.1 * 0.001).decode(&[2301]),
        Some(0.2301)
    );
    assert_eq!(register(DataType::Int16, -0.1).decode(&[3]), Some(-0.3));
    assert_eq!(register(DataType::Uint16, 10.0).decode(&[7]), Some(70.0));
    assert_eq!(register(DataType::Uint16, 0.75).decode(&[4]), Some(3.0));
}

#[test]
fn what_is_no_number_is_missing() {
    let float = register(DataType::Float32, 1.0);
    let patterns = [
        [0x7FC0, 0],
        [0x7FBF, 0xFF80],
        [0x7F80, 0],
        [0xFF80, 0],
        [0x7F7F, 0xFFFF],
    ];
    for nothing in patterns {
        assert_eq!(float.decode(&nothing), None, "{nothing:04X?}");
    }
    assert_eq!(float.decode(&[0x4366]), None);
    assert_eq!(float.decode(&[0x4366, 0x199A, 0]), None);
    let negative_zero = float.decode(&[0x8000, 0]).unwrap();
    assert!(negative_zero.is_sign_positive());
}

#[test]
fn a_sentinel_is_compared_on_the_raw_words() {
    let mut short = register(DataType::Int16, 0.1);
    short.not_available = vec![0x8000];
    assert_eq!(short.decode(&[0x8000]), None);
    assert_eq!(short.decode(&[0]), Some(0.0));
    let mut long = register(DataType::Uint32, 1.0);
    long.not_available = vec![0xFFFF_0000];
    long.word_order = WordOrder::Little;
    assert_eq!(long.decode(&[0x0000, 0xFFFF]), None);
    assert_eq!(long.decode(&[0xFFFF, 0x0000]), Some(65_535.0));
}

#[test]
fn four_quadrants_fold_into_one_factor() {
    let mut factor = register(DataType::Float32, 1.0);
    factor.decoding = Decoding::FourQuadrant;
    for (sent, meant) in [(0.9, 0.9), (1.25, 0.75), (-0.9, -0.9), (-1.25, -0.75)] {
        let words = register(DataType::Float32, 1.0).encode(sent);
        assert_eq!(factor.decode(&words), Some(meant));
    }
}

#[test]
fn encoding_stops_at_the_ends_of_the_type() {
    assert_eq!(register(DataType::Uint16, 1.0).encode(70_000.0), [0xFFFF]);
    assert_eq!(register(DataType::Uint16, 1.0).encode(-1.0), [0]);
    assert_eq!(register(DataType::Int16, 0.1).encode(-0.2), [0xFFFE]);
    let words = register(DataType::Int64, 0.001).encode(123.456);
    assert_eq!(words, [0, 0, 0x0001, 0xE240]);
}
