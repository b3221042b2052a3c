//! The simulated factory, read through the profiles like any other.

use crate::support::{Rig, start_time};
use indusmind::base::{EquipmentId, Quality, Timestamp};
use indusmind::equipment::poller::Device;
use indusmind::equipment::source::{ModbusSource, RegisterSource};
use indusmind::modbus::Register;
use indusmind::modbus::simulator::Instrument as _;
use indusmind::modbus::simulator::plant::{Plant, PlantDevice};
use std::collections::HashMap;
use std::time::Duration;

/// What a person would enter to read this device.
fn source(device: &PlantDevice, port: u16) -> ModbusSource {
    let mut source = ModbusSource::tcp("127.0.0.1", port, device.unit_id);
    source.timeout_ms = 30_000;
    source.profile = device.meter.profile().map(str::to_owned);
    if source.profile.is_none() {
        let entry = |r: &Register| (r.name(), RegisterSource::from(r));
        source.registers = device.registers().iter().map(entry).collect();
    }
    source
}

#[tokio::test]
async fn every_value_of_every_device_is_the_truth_of_its_time() {
    let plant = Plant::new(42, 3_600_000);
    let mut rig = Rig::new(plant.listeners()).await;
    let mut numbers: HashMap<EquipmentId, usize> = HashMap::new();
    let mut devices: Vec<Device> = Vec::new();
    for (number, device) in plant.devices().iter().enumerate() {
        let port = rig.simulator.addresses()[device.listener].port();
        let polled = rig.device(&source(device, port));
        numbers.insert(polled.id, number);
        devices.push(polled);
    }
    rig.acquisition.apply(devices);
    for minute in 0..4 {
        let at = start_time().plus_ms(minute * 60_000);
        for batch in rig.next_of_each(12).await {
            assert_eq!(batch.at, at);
            compare(&plant, numbers[&batch.equipment], &batch.readings, at);
        }
        rig.clock.advance(Duration::from_secs(60));
    }
}

fn compare(plant: &Plant, number: usize, readings: &[indusmind::base::Reading], at: Timestamp) {
    let device = &plant.devices()[number];
    let shown = plant.reading(number, at);
    assert_eq!(readings.len(), shown.len(), "{}", device.name);
    for reading in readings {
        let what = format!(
            "{} {} {:?} at {at}",
            device.name, reading.metric, reading.phase
        );
        let same = |other: &&indusmind::base::Reading| {
            other.metric == reading.metric && other.phase == reading.phase
        };
        let expected = shown.iter().find(same).expect(&what);
        assert_eq!(reading, expected, "{what}");
        assert_eq!(reading.quality, Quality::Good, "{what}");
        // The truth before it was rounded to the register: a thousandth, or one digit of a
        // scaled integer.
        let truth = device.truth(&reading.metric, reading.phase, at);
        let far = (reading.value.unwrap() - truth).abs();
        assert!(
            far <= 0.051_f64.max(1e-3 * truth.abs()),
            "{what}: {far} from {truth}"
        );
    }
}

#[tokio::test]
async fn the_unreliable_device_is_missing_while_it_is_gone() {
    let plant = Plant::new(42, 3_600_000);
    let mut rig = Rig::new(plant.listeners()).await;
    let device = plant.devices().iter().find(|d| d.name == "Material dryer");
    let device = device.unwrap();
    let port = rig.simulator.addresses()[device.listener].port();
    let mut source = source(device, port);
    source.timeout_ms = 250;
    source.poll_interval_ms = 10_000;
    rig.acquisition.apply(vec![rig.device(&source)]);
    let (mut good, mut missing) = (0, 0);
    for _ in 0..84 {
        let batch = rig.next().await;
        let quality = batch.readings[0].quality;
        assert!(batch.readings.iter().all(|r| r.quality == quality));
        match quality {
            Quality::Good => good += 1,
            _ => missing += 1,
        }
        assert!(quality == Quality::Missing || device.answers(batch.at));
        rig.clock.advance(Duration::from_secs(10));
    }
    // 14 minutes: two gaps of 40 s, and up to a back-off step after each.
    assert!(good >= 66 && missing >= 8, "{good} good, {missing} missing");
}
