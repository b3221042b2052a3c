//! A live read before a device is saved.

use crate::support::{Beacon, Rig, register_source, start_time};
use indusmind::base::ErrorKind;
use indusmind::equipment::test_read::test_read;
use indusmind::modbus::DataType;
use indusmind::modbus::simulator::Fault;

#[tokio::test]
async fn a_test_shows_words_and_values() {
    let rig = Rig::with_beacons(&[&[1]]).await;
    let read = test_read(&rig.source(0, 1), &rig.profiles, &rig.acquisition)
        .await
        .unwrap();
    assert!(read.ok, "{read:?}");
    assert_eq!(read.values.len(), 2);
    let power = &read.values[0];
    let truth = Beacon::power_kw(1, start_time());
    assert_eq!((power.value, power.unit.as_str()), (Some(truth), "kW"));
    assert_eq!(power.raw_words.len(), 4);
    assert_eq!(power.register.address, 10);
    assert!(read.round_trip_ms.unwrap() > 0.0 && read.error.is_none());
    let json = serde_json::to_value(&read).unwrap();
    assert_eq!(json["values"][0]["register"]["type"], "float64");
    assert_eq!(json["values"][0]["metric"], "power");
}

#[tokio::test]
async fn a_test_names_the_register_that_is_refused() {
    let rig = Rig::with_beacons(&[&[1]]).await;
    let mut source = rig.source(0, 1);
    let mut nowhere = register_source();
    nowhere.address = 4_000;
    source.registers.insert("temperature".to_owned(), nowhere);
    let mut inside = register_source();
    inside.address = 15;
    inside.data_type = DataType::Uint16;
    source.registers.insert("consumption".to_owned(), inside);
    let read = test_read(&source, &rig.profiles, &rig.acquisition)
        .await
        .unwrap();
    assert!(!read.ok);
    let refused: Vec<_> = read
        .values
        .iter()
        .map(|value| (value.metric.as_str(), value.error.is_some()))
        .collect();
    let expected = [
        ("power", false),
        ("consumption", true),
        ("temperature", true),
    ];
    assert_eq!(refused, expected);
    assert!(read.error.unwrap().contains("exception 2"));
}

#[tokio::test]
async fn a_test_of_a_silent_device_ends_after_one_time_out() {
    let rig = Rig::with_beacons(&[&[1]]).await;
    rig.simulator.set_fault(0, 1, Fault::Silent);
    let mut source = rig.source(0, 1);
    source.timeout_ms = 100;
    let mut far = register_source();
    far.address = 4_000;
    source.registers.insert("temperature".to_owned(), far);
    let read = test_read(&source, &rig.profiles, &rig.acquisition)
        .await
        .unwrap();
    assert!(!read.ok && read.round_trip_ms.is_none());
    assert!(read.values.iter().all(|value| value.error.is_some()));
    assert_eq!(rig.simulator.requests(0, 1), 1);
}

#[tokio::test]
async fn a_test_of_a_bad_source_is_refused() {
    let rig = Rig::with_beacons(&[&[1]]).await;
    let mut source = rig.source(0, 1);
    source.port = 0;
    let error = test_read(&source, &rig.profiles, &rig.acquisition)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}
