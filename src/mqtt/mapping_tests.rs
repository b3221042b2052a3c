//! Messages as sensors publish them, and those that cannot be understood.

use super::*;
use crate::base::Phase;
use serde_json::json;

fn target(device: bool) -> Target {
    Target {
        equipment: EquipmentId::new(),
        interval_ms: 30_000,
        device: device.then(DeviceId::new),
        prefix: None,
    }
}

fn book(who: Who<'_>) -> Outcome<Target, String> {
    match who {
        Who::Serial("C-1") | Who::Device(_) => Ok(target(true)),
        Who::Named("Cell 1") | Who::Equipment(_) => Ok(target(false)),
        Who::Serial(other) | Who::Named(other) => Err(format!("There is no {other}.")),
    }
}

fn of(mapping: Value) -> Vec<Ready> {
    let mapping: Mapping = serde_json::from_value(mapping).unwrap();
    ready(&[mapping]).unwrap()
}

fn take(mapping: Value, topic: &str, payload: &str) -> Outcome<Taken, Refusal> {
    translate(&of(mapping), topic, payload.as_bytes(), &book)
}

fn readings(taken: &Taken) -> Vec<(String, Phase, Option<f64>, String)> {
    let parsed = taken.parcel.readings[0].as_ref().unwrap();
    let show = |r: &Reading| {
        (
            r.metric.to_string(),
            r.phase,
            r.value,
            r.unit.as_str().to_owned(),
        )
    };
    parsed.readings.iter().map(show).collect()
}

#[test]
fn values_are_found_by_their_path() {
    let mapping = json!({ "topic": "plant/{serial}/env", "time_path": "/ts", "values": [
        { "metric": "temperature", "path": "/env/t", "scale": 0.1 },
        { "metric": "humidity", "path": "/env/h" },
        { "metric": "power_l2", "path": "/p/0", "unit": "W" },
        { "metric": "co2", "path": "/nothing" } ] });
    let payload = r#"{"ts": 1795250000, "env": {"t": 42, "h": 61.5}, "p": [1500]}"#;
    let taken = take(mapping, "plant/C-1/env", payload).unwrap();
    let parsed = taken.parcel.readings[0].as_ref().unwrap();
    assert_eq!(parsed.at, Some(Timestamp::from_ms(1_795_250_000_000)));
    let expected = [
        ("temperature", Phase::Total, 4.2, "°C"),
        ("humidity", Phase::Total, 61.5, "%"),
        ("power", Phase::L2, 1.5, "kW"),
    ];
    let expected = expected
        .map(|(name, phase, value, unit)| (name.to_owned(), phase, Some(value), unit.to_owned()));
    assert_eq!(readings(&taken), expected);
    assert_eq!(
        taken.target.interval_ms, 30_000,
        "a device has its own interval"
    );
}

#[test]
fn a_plain_payload_is_the_value() {
    let mapping = json!({ "topic": "hall/{equipment}/{metric}", "interval_s": 10,
        "values": [{ "metric": "{metric}" }] });
    for (payload, value) in [("21.5", 21.5), (" 7\n", 7.0), ("ON", 1.0), ("closed", 0.0)] {
        let taken = take(mapping.clone(), "hall/Cell 1/level", payload).unwrap();
        let expected = ("level".to_owned(), Phase::Total, Some(value), String::new());
        assert_eq!(readings(&taken), [expected], "{payload}");
        assert_eq!(taken.target.interval_ms, 10_000);
    }
    let refused = take(mapping, "hall/Cell 1/Level", "1").unwrap_err();
    assert_eq!(refused.path, "topic");
}

#[test]
fn without_values_the_payload_is_a_delivery() {
    let mapping = json!({ "topic": "push/{serial}" });
    let payload = r#"[{"temperature": 4, "doorStatus": true}, {"temperature": "cold"}]"#;
    let taken = take(mapping, "push/C-1", payload).unwrap();
    assert_eq!(taken.parcel.readings.len(), 2);
    assert!(taken.parcel.readings[1].is_err());
}

#[test]
fn the_exact_reason_is_told() {
    let one = json!({ "topic": "plant/{serial}/env", "time_path": "/ts",
        "values": [{ "metric": "temperature", "path": "/t" }] });
    for (topic, payload, path, word) in [
        ("plant/C-9/env", "{}", "topic", "C-9"),
        ("hall/C-1/env", "{}", "topic", "No mapping"),
        ("plant/C-1/env", "", "payload", "empty"),
        ("plant/C-1/env", "{t:1}", "payload", "JSON"),
        ("plant/C-1/env", r#"{"x": 1}"#, "payload", "/t"),
        ("plant/C-1/env", r#"{"t": "4"}"#, "payload/t", "quotation"),
        ("plant/C-1/env", r#"{"t": {"c": 4}}"#, "payload/t", "path"),
        ("plant/C-1/env", r#"{"t": 4}"#, "payload/ts", "time"),
        (
            "plant/C-1/env",
            r#"{"t": 4, "ts": null}"#,
            "payload/ts",
            "null",
        ),
        (
            "plant/C-1/env",
            r#"{"t": 4, "ts": "now"}"#,
            "payload/ts",
            "Unix",
        ),
    ] {
        let refused = take(one.clone(), topic, payload).unwrap_err();
        assert_eq!(refused.path, path, "{payload}: {}", refused.reason);
        assert!(
            refused.reason.contains(word),
            "{payload}: {}",
            refused.reason
        );
    }
    let large = vec![b'1'; PAYLOAD_MAX + 1];
    let refused = translate(&of(one), "plant/C-1/env", &large, &book).unwrap_err();
    assert!(refused.reason.contains("64 KiB"));
}

#[test]
fn a_mapping_is_refused_at_its_field() {
    let id = EquipmentId::new();
    for (mapping, path) in [
        (json!({ "topic": "a/b" }), "mappings.0.topic"),
        (
            json!({ "topic": "a/{serial}", "equipment_id": id }),
            "mappings.0.topic",
        ),
        (
            json!({ "topic": "a/#/b", "equipment_id": id }),
            "mappings.0.topic",
        ),
        (
            json!({ "topic": "a", "equipment_id": id, "time_path": "ts" }),
            "mappings.0.time_path",
        ),
        (
            json!({ "topic": "a", "equipment_id": id, "interval_s": 0 }),
            "mappings.0.interval_s",
        ),
        (
            json!({ "topic": "a", "equipment_id": id, "values": [{ "metric": "{metric}" }] }),
            "mappings.0.values.0.metric",
        ),
        (
            json!({ "topic": "a", "equipment_id": id,
                "values": [{ "metric": "power", "unit": "bar" }] }),
            "mappings.0.values.0.unit",
        ),
        (
            json!({ "topic": "a", "equipment_id": id,
                "values": [{ "metric": "power", "scale": 0 }] }),
            "mappings.0.values.0.scale",
        ),
    ] {
        let mapping: Mapping = serde_json::from_value(mapping).unwrap();
        let refused = ready(&[mapping]).unwrap_err();
        assert_eq!(refused.fields[0].path, path);
    }
}
