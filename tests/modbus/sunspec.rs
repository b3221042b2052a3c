//! SunSpec: found by its marker, walked from model to model, read with its scale factors.

use crate::support::{Rig, start_time};
use indusmind::base::{Metric, Phase, Timestamp, Unit};
use indusmind::equipment::Profiles;
use indusmind::equipment::asking::Asking;
use indusmind::equipment::source::ModbusSource;
use indusmind::equipment::sunspec::{Common, ModelPlace, SunSpecDevice, discover};
use indusmind::equipment::test_read::test_read;
use indusmind::modbus::simulator::sunspec::SunSpecSlave;
use indusmind::modbus::simulator::virtual_device::VirtualDevice;
use indusmind::modbus::simulator::{Fault, Instrument, Listener};
use indusmind::modbus::{
    DataType, Decoding, Endpoint, Extras, Function, Line, LineError, Register, WordOrder,
};
use std::sync::Arc;
use std::time::Duration;

/// A device that is nothing but words, from one address on.
struct Words {
    registers: Vec<Register>,
    values: Vec<f64>,
}

impl Words {
    fn at(base: u16, words: &[u16]) -> Arc<dyn Instrument> {
        let register = |(offset, _): (u16, &u16)| Register {
            metric: Metric::POWER,
            phase: Phase::Total,
            unit: Unit::none(),
            function: Function::Holding,
            address: base + offset,
            data_type: DataType::Uint16,
            scale: 1.0,
            word_order: WordOrder::Big,
            decoding: Decoding::Plain,
            not_available: Vec::new(),
            extras: Extras::default(),
        };
        Arc::new(Self {
            registers: (0..).zip(words).map(register).collect(),
            values: words.iter().map(|word| f64::from(*word)).collect(),
        })
    }
}

impl Instrument for Words {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, _at: Timestamp) -> Vec<f64> {
        self.values.clone()
    }
}

const SUNS: [u16; 2] = [0x5375, 0x6E53];

/// The common model: header, and five fields of text.
fn common() -> Vec<u16> {
    let mut words = vec![1, 66];
    let fields = [
        ("Acme Solar", 16),
        ("Meter 3", 16),
        ("", 8),
        ("1.4.2", 8),
        ("A1B2", 16),
    ];
    for (text, length) in fields {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(2 * length, 0);
        let word = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
        words.extend(bytes.chunks(2).map(word));
    }
    words.extend([7, 0]);
    words
}

/// Model 203, a three-phase meter, as the public description of the model lays it out; what is not
/// named here is "not implemented".
fn meter() -> Vec<u16> {
    let mut words = vec![0x8000; 107];
    let mut put = |at: usize, word: i16| words[at] = word.cast_unsigned();
    put(0, 203);
    put(1, 105);
    for (at, word) in [(2, 375), (3, 125), (4, 120), (5, 130), (6, -1)] {
        put(at, word);
    }
    for (at, word) in [(8, 2301), (9, 2299), (10, 2305), (15, -1)] {
        put(at, word);
    }
    for (at, word) in [(16, 4998), (17, -2)] {
        put(at, word);
    }
    // 8.4 kW in all, L3 feeds back; counted in tens of watts.
    for (at, word) in [(18, 840), (19, 500), (20, 400), (21, -60), (22, 1)] {
        put(at, word);
    }
    for (at, word) in [(33, 953), (37, -1)] {
        put(at, word);
    }
    // Counters: exported none (0 is "not implemented"), imported 12345678 Wh; L1 has no counter.
    for at in (38..46).chain(48..54) {
        put(at, 0);
    }
    put(46, 0x00BC);
    put(47, 0x614E);
    put(54, 0);
    words
}

fn chain(parts: &[&[u16]]) -> Vec<u16> {
    let mut words = SUNS.to_vec();
    words.extend(parts.concat());
    words.extend([0xFFFF, 0]);
    words
}

async fn rig(base: u16, words: &[u16]) -> Rig {
    let device = Listener::on_loopback(vec![(1, Words::at(base, words))]);
    Rig::new(vec![device]).await
}

fn line(rig: &Rig) -> Asking {
    let port = rig.simulator.addresses()[0].port();
    Line::new(Endpoint::tcp("127.0.0.1", port)).into()
}

async fn found(rig: &Rig) -> Result<Option<SunSpecDevice>, LineError> {
    discover(&mut line(rig), 1, Duration::from_secs(10)).await
}

fn source(rig: &Rig) -> ModbusSource {
    let port = rig.simulator.addresses()[0].port();
    let mut source = ModbusSource::tcp("127.0.0.1", port, 1);
    source.profile = Some("sunspec-meter".to_owned());
    source.timeout_ms = 10_000;
    source
}

#[tokio::test]
async fn the_marker_is_found_at_each_of_its_places() {
    for base in [40_000, 50_000, 0] {
        let rig = rig(base, &chain(&[&common(), &meter()])).await;
        let device = found(&rig).await.unwrap().unwrap();
        let place = |id, address, length| ModelPlace {
            id,
            address,
            length,
        };
        let models = vec![place(1, base + 2, 66), place(203, base + 70, 105)];
        let common = Common {
            manufacturer: "Acme Solar".to_owned(),
            model: "Meter 3".to_owned(),
            version: "1.4.2".to_owned(),
            serial_number: "A1B2".to_owned(),
        };
        let expected = SunSpecDevice {
            base,
            common: Some(common),
            models,
        };
        assert_eq!(device, expected);
    }
}

#[tokio::test]
async fn a_device_without_the_marker_is_no_sunspec_device() {
    let other = rig(40_000, &[0x5375, 0x0000, 1, 66]).await;
    assert_eq!(found(&other).await.unwrap(), None);
    let silent = rig(40_000, &chain(&[&common()])).await;
    silent.simulator.set_fault(0, 1, Fault::Exception(11));
    assert_eq!(found(&silent).await, Err(LineError::Exception(11)));
}

#[tokio::test]
async fn the_walk_ends_whatever_the_device_says() {
    // A chain that breaks off without its end.
    let mut words = SUNS.to_vec();
    words.extend(common());
    let open = rig(40_000, &words).await;
    assert_eq!(found(&open).await.unwrap().unwrap().models.len(), 1);
    // One that never ends: a model of one word after the other.
    let mut words = SUNS.to_vec();
    for _ in 0..300 {
        words.extend([64_900, 1, 0]);
    }
    let endless = rig(0, &words).await;
    assert_eq!(found(&endless).await.unwrap().unwrap().models.len(), 64);
    assert_eq!(endless.simulator.requests(0, 1), 3 + 64);
    // A length that leads beyond the last address.
    let mut words = SUNS.to_vec();
    words.extend([203, 65_000]);
    let far = rig(50_000, &words).await;
    assert_eq!(found(&far).await.unwrap().unwrap().models.len(), 1);
}

#[tokio::test]
async fn a_test_read_finds_the_model_and_tells_where_it_is() {
    let rig = rig(40_000, &chain(&[&common(), &meter()])).await;
    let read = test_read(&source(&rig), &rig.profiles, &rig.acquisition)
        .await
        .unwrap();
    assert!(read.ok, "{read:?}");
    assert_eq!(read.base_address, Some(40_070));
    let value = |name: &str| {
        let (metric, phase) = Metric::with_phase(name).unwrap();
        let same = |v: &&indusmind::equipment::test_read::TestValue| {
            v.metric == metric && v.phase == phase.line()
        };
        read.values.iter().find(same).unwrap().value
    };
    for (name, expected) in [
        ("power", Some(8.4)),
        ("power_l3", Some(-0.6)),
        ("voltage_l1", Some(230.1)),
        ("current", Some(37.5)),
        ("frequency", Some(49.98)),
        ("power_factor", Some(0.953)),
        ("consumption", Some(12_345.678)),
        // A counter of zero, and values and scale factors that are not implemented.
        ("export_energy", None),
        ("consumption_l1", None),
        ("apparent_power", None),
        ("reactive_power_l2", None),
        ("voltage", None),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    let manufacturer = &read.sunspec.unwrap().common.unwrap().manufacturer;
    assert_eq!(manufacturer, "Acme Solar");
}

#[tokio::test]
async fn a_saved_base_is_polled_without_a_search() {
    let mut rig = rig(40_000, &chain(&[&common(), &meter()])).await;
    let mut source = source(&rig);
    let refused = source.check(&rig.profiles).unwrap_err();
    assert_eq!(refused.fields[0].path, "modbus.base_address");
    source.base_address = Some(65_500);
    let refused = source.check(&rig.profiles).unwrap_err();
    assert!(refused.sentence.contains("does not fit"), "{refused}");
    source.base_address = Some(40_070);
    let device = rig.device(&source);
    assert!(device.plan.reads.requests().len() <= 2);
    rig.acquisition.apply(vec![device]);
    let batch = rig.next().await;
    assert_eq!(batch.at, start_time());
    let power = |r: &&indusmind::base::Reading| r.metric == Metric::POWER;
    let total = batch.readings.iter().find(power).unwrap();
    assert_eq!((total.value, total.unit.as_str()), (Some(8.4), "kW"));
    let plain = ModbusSource {
        profile: Some("eastron-sdm630".to_owned()),
        ..source
    };
    let refused = plain.check(&rig.profiles).unwrap_err();
    assert_eq!(refused.fields[0].path, "modbus.base_address");
}

#[tokio::test]
async fn a_device_with_other_models_names_them() {
    let mut inverter = vec![0x8000; 52];
    inverter[0] = 103;
    inverter[1] = 50;
    let rig = rig(0, &chain(&[&common(), &inverter])).await;
    let read = test_read(&source(&rig), &rig.profiles, &rig.acquisition)
        .await
        .unwrap();
    assert!(!read.ok && read.base_address.is_none());
    let error = read.error.unwrap();
    assert!(error.contains("models 1, 103"), "{error}");
    let none = self::rig(7, &[1, 2, 3]).await;
    let read = test_read(&source(&none), &none.profiles, &none.acquisition)
        .await
        .unwrap();
    assert!(read.error.unwrap().contains("no SunSpec marker"));
}

/// What the profile's registers show at the start, in their own units, without any wire.
fn truth(registers: &[Register], name: &str) -> f64 {
    let device = VirtualDevice::new(registers.to_vec(), 40.0, 7);
    let place = registers.iter().position(|r| r.name() == name).unwrap();
    device.values(start_time())[place]
}

#[tokio::test]
async fn a_virtual_slave_is_searched_and_read_like_a_real_one() {
    let profiles = Profiles::embedded().unwrap();
    for (id, model, length) in [
        ("sunspec-inverter", 103, 50),
        ("sunspec-inverter-float", 113, 60),
        ("sunspec-meter", 203, 105),
        ("sunspec-meter-float", 213, 124),
    ] {
        let registers = &profiles.get(id).unwrap().registers;
        let slave = SunSpecSlave::new(model, length, registers, 40.0, 7, start_time());
        let listener = Listener::on_loopback(vec![(1, Arc::new(slave) as Arc<dyn Instrument>)]);
        let rig = Rig::new(vec![listener]).await;
        let device = found(&rig).await.unwrap().unwrap();
        assert_eq!(device.common.unwrap().manufacturer, "Indusmind", "{id}");
        let models: Vec<_> = device.models.iter().map(|m| (m.id, m.length)).collect();
        assert_eq!(models, [(1, 66), (model, length)], "{id}");
        let mut source = source(&rig);
        source.profile = Some(id.to_owned());
        let read = test_read(&source, &rig.profiles, &rig.acquisition)
            .await
            .unwrap();
        assert!(read.ok, "{id}: {:?}", read.error);
        let shown = |metric: &Metric| {
            let same = |v: &&indusmind::equipment::test_read::TestValue| v.metric == *metric;
            read.values.iter().find(same).unwrap().value.unwrap()
        };
        // Watts and watt-hours on the wire; the last digit is what the power of ten leaves.
        // An inverter feeds in what another device would take.
        let feeds = id.contains("inverter");
        let (sign, counter) = if feeds {
            (-1.0, "export_energy")
        } else {
            (1.0, "consumption")
        };
        let meter = &profiles.get("sunspec-meter-float").unwrap().registers;
        for (name, real, shown) in [
            ("power", sign * truth(meter, "power"), shown(&Metric::POWER)),
            (
                counter,
                truth(meter, "consumption"),
                shown(&Metric::with_phase(counter).unwrap().0),
            ),
        ] {
            let near = (shown - real).abs() < 0.002 * real.abs();
            assert!(near, "{id} {name}: {shown} instead of {real}");
        }
        let (frequency, _) = Metric::with_phase("frequency").unwrap();
        assert!((shown(&frequency) - 50.0).abs() < 0.5, "{id}");
    }
}
