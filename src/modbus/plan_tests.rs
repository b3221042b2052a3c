//! Reads are few, within the limits, and give back what each register alone would.

use super::*;
use crate::base::{Metric, Phase, Unit};
use crate::modbus::{DataType, Decoding, Extras, WordOrder};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn register(function: Function, address: u16, data_type: DataType) -> Register {
    Register {
        metric: Metric::POWER,
        phase: Phase::Total,
        unit: Unit::none(),
        function,
        address,
        data_type,
        scale: 1.0,
        word_order: WordOrder::Big,
        decoding: Decoding::Plain,
        not_available: Vec::new(),
        extras: Extras::default(),
    }
}

fn input(address: u16) -> Register {
    register(Function::Input, address, DataType::Float32)
}

fn spans(plan: &ReadPlan) -> Vec<(u16, u16)> {
    let span = |r: &Request| (r.address, r.count);
    plan.requests().iter().map(span).collect()
}

#[test]
fn neighbours_and_small_gaps_become_one_read() {
    let registers = vec![input(6), input(0), input(2), input(20)];
    let mut limits = Limits::default();
    let plan = ReadPlan::new(registers.clone(), &limits);
    assert_eq!(spans(&plan), [(0, 4), (6, 2), (20, 2)]);
    limits.gap_words_max = 2;
    let plan = ReadPlan::new(registers.clone(), &limits);
    assert_eq!(spans(&plan), [(0, 8), (20, 2)]);
    limits.gap_words_max = 20;
    limits.words_per_read_max = 10;
    let plan = ReadPlan::new(registers, &limits);
    assert_eq!(spans(&plan), [(0, 8), (20, 2)]);
}

#[test]
fn no_read_crosses_a_hole_or_a_table() {
    let holding = register(Function::Holding, 4, DataType::Uint16);
    let hole = Hole {
        function: Function::Input,
        from: 4,
        to: 5,
    };
    let limits = Limits {
        gap_words_max: 10,
        holes: vec![hole],
        ..Limits::default()
    };
    let plan = ReadPlan::new(vec![input(2), input(6), input(0), holding], &limits);
    assert_eq!(spans(&plan), [(4, 1), (0, 4), (6, 2)]);
}

#[test]
fn a_value_is_read_together_with_its_power_of_ten() {
    let scaled = |address: u16, scale: u16| {
        let mut register = register(Function::Holding, address, DataType::Int16);
        register.extras.scale_register = Some(scale);
        register
    };
    // Two values before their scale register, and one behind its own, far away.
    let registers = vec![scaled(18, 22), scaled(19, 22), scaled(90, 80)];
    let limits = Limits {
        gap_words_max: 20,
        words_per_read_max: 12,
        ..Limits::default()
    };
    let plan = ReadPlan::new(registers.clone(), &limits);
    assert_eq!(spans(&plan), [(18, 5), (80, 11)]);
    let words = [840, 500, 0, 0, 1];
    assert_eq!(plan.value(&plan.requests()[0], 0, &words), Some(8_400.0));
    assert_eq!(plan.value(&plan.requests()[0], 1, &words), Some(5_000.0));
    let before = [0xFFFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2_301];
    assert_eq!(plan.value(&plan.requests()[1], 2, &before), Some(230.1));
    // After a refusal each value is asked for alone, but never without its power of ten.
    let alone = plan.split(&plan.requests()[0]);
    let asked: Vec<_> = alone.iter().map(|r| (r.address, r.count)).collect();
    assert_eq!(asked, [(18, 5), (19, 4)]);
    assert_eq!(plan.value(&alone[1], 1, &words[1..]), Some(5_000.0));
}

#[test]
fn what_wants_to_be_asked_alone_is_asked_alone() {
    let mut shy = input(2);
    shy.extras.alone = true;
    let registers = vec![input(0), shy, input(4), input(6)];
    let plan = ReadPlan::new(registers, &Limits::default());
    assert_eq!(spans(&plan), [(0, 2), (2, 2), (4, 4)]);
    let limits = Limits {
        one_request_per_value: true,
        ..Limits::default()
    };
    let plan = ReadPlan::new(vec![input(0), input(2), input(4)], &limits);
    assert_eq!(spans(&plan), [(0, 2), (2, 2), (4, 2)]);
}

#[test]
fn a_value_outside_its_range_is_bad() {
    let mut register = input(0);
    register.extras.range = Some((0.0, 100.0));
    let plan = ReadPlan::new(vec![register], &Limits::default());
    let quality = |value| plan.readings(&[Some(value)])[0].quality;
    assert_eq!((quality(50.0), quality(3e9)), (Quality::Good, Quality::Bad));
    assert_eq!(plan.readings(&[Some(3e9)])[0].value, Some(3e9));
}

#[test]
fn the_last_address_can_be_read() {
    let last = register(Function::Holding, 65_535, DataType::Uint16);
    let plan = ReadPlan::new(vec![last], &Limits::default());
    assert_eq!(spans(&plan), [(65_535, 1)]);
    assert_eq!(plan.requests()[0].end(), 65_536);
    assert_eq!(plan.value(&plan.requests()[0], 0, &[7]), Some(7.0));
}

#[test]
fn a_value_that_did_not_come_is_a_missing_reading() {
    let plan = ReadPlan::new(vec![input(0), input(2)], &Limits::default());
    let readings = plan.readings(&[Some(1.5)]);
    assert_eq!(readings[0].value, Some(1.5));
    assert_eq!(readings[1].quality, Quality::Missing);
}

fn any_type() -> impl Strategy<Value = DataType> {
    prop::sample::select(vec![
        DataType::Uint16,
        DataType::Int16,
        DataType::Uint32,
        DataType::Int32,
        DataType::Uint64,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
    ])
}

/// Registers that crowd at both ends of the address space, so that they touch and overlap.
fn any_register() -> impl Strategy<Value = Register> {
    let place = prop_oneof![0_u16..300, 65_200_u16..=65_535];
    let parts = (any_type(), place, any::<bool>(), any::<bool>());
    parts.prop_map(|(data_type, address, holding, little)| {
        let function = if holding {
            Function::Holding
        } else {
            Function::Input
        };
        let highest = u16::MAX - (data_type.words() - 1);
        Register {
            word_order: if little {
                WordOrder::Little
            } else {
                WordOrder::Big
            },
            ..register(function, address.min(highest), data_type)
        }
    })
}

#[test]
fn bits_are_merged_per_table_up_to_what_one_frame_holds() {
    let bit = |function, address| register(function, address, DataType::Bool);
    let mut registers: Vec<_> = [0, 1, 7, 300].map(|at| bit(Function::Discrete, at)).into();
    registers.push(bit(Function::Coil, 2));
    let mut limits = Limits::default();
    let plan = ReadPlan::new(registers.clone(), &limits);
    let told: Vec<_> = plan
        .requests()
        .iter()
        .map(|r| (r.function, r.address, r.count))
        .collect();
    let of = |function, address, count| (function, address, count);
    let discrete = [(0, 2), (7, 1), (300, 1)].map(|(at, n)| of(Function::Discrete, at, n));
    let mut expected = vec![of(Function::Coil, 2, 1)];
    expected.extend(discrete);
    assert_eq!(told, expected);
    // A word of gap is sixteen bits of gap, and a frame holds 2,000 of them.
    limits.gap_words_max = 20;
    let far = [0, 299, 1_999, 2_000].map(|at| bit(Function::Discrete, at));
    assert_eq!(
        spans(&ReadPlan::new(far.into(), &limits)),
        [(0, 300), (1_999, 2)]
    );
    limits.gap_words_max = 125;
    let far = [0, 1_500, 1_999, 2_000].map(|at| bit(Function::Discrete, at));
    let plan = ReadPlan::new(far.into(), &limits);
    assert_eq!(spans(&plan), [(0, 2_000), (2_000, 1)]);
    let mut states = vec![0; 2_000];
    states[1_999] = 1;
    let first = &plan.requests()[0];
    assert_eq!(plan.value(first, 2, &states), Some(1.0));
    assert_eq!(plan.value(first, 1, &states), Some(0.0));
}

proptest! {
    /// The bank is random, so overlapping registers are covered: what a register decodes from
    /// a planned read is what it decodes from its own words.
    #[test]
    fn every_value_comes_back_through_the_plan(
        registers in prop::collection::vec(any_register(), 1..60),
        words_max in 4_u16..=130,
        gap in 0_u16..40,
        seed in any::<u16>(),
    ) {
        let limits = Limits { words_per_read_max: words_max, gap_words_max: gap, ..Limits::default() };
        let bank = |function: Function, address: u32| {
            let mix = address.wrapping_mul(40_503) ^ u32::from(function.code()) << 9;
            u16::try_from(mix & 0xFFFF).unwrap() ^ seed
        };
        let read = |function, from: u32, end: u32| -> Vec<u16> {
            (from..end).map(|address| bank(function, address)).collect()
        };
        let plan = ReadPlan::new(registers.clone(), &limits);
        prop_assert_eq!(plan.registers().len(), registers.len());
        let mut seen = BTreeMap::new();
        for request in plan.requests() {
            prop_assert!(request.count >= 1 && request.count <= words_max.min(125));
            prop_assert!(request.end() <= 65_536);
            let words = read(request.function, u32::from(request.address), request.end());
            for &index in &request.registers {
                let register = &plan.registers()[index];
                prop_assert!(register.address >= request.address, "split at its start");
                prop_assert!(register.end() <= request.end(), "split at its end");
                let own = read(register.function, u32::from(register.address), register.end());
                prop_assert_eq!(plan.words_of(request, index, &words), Some(own.as_slice()));
                prop_assert_eq!(plan.value(request, index, &words), register.decode(&own));
                *seen.entry(index).or_insert(0) += 1;
            }
        }
        prop_assert_eq!(seen.len(), registers.len());
        prop_assert!(seen.values().all(|times| *times == 1));
    }

    #[test]
    fn what_a_device_encodes_is_what_we_decode(
        register in any_register(),
        number in -30_000_i32..30_000,
        scale in prop::sample::select(vec![1.0, 0.1, 0.01, 0.001, 10.0, -1.0]),
    ) {
        let register = Register { scale, ..register };
        let whole = f64::from(number);
        let signed = !matches!(
            register.data_type,
            DataType::Uint16 | DataType::Uint32 | DataType::Uint64
        );
        let value = if signed { whole } else { whole.abs() * scale.signum() } * scale.abs();
        let back = register.decode(&register.encode(value)).unwrap();
        // 1e-7: a single has 24 bits.
        let near = (back - value).abs() <= 1e-7 * value.abs();
        prop_assert!(near, "{} came back as {}", value, back);
    }
}
