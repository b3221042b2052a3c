//! Every spelling of a reading, and every way to spell it wrong.

use super::*;
use serde_json::json;

fn values(body: &Value) -> Vec<(String, Option<f64>, String)> {
    let parcel = parcel(body).unwrap();
    let parsed = parcel.readings.into_iter().next().unwrap().unwrap();
    let show = |r: Reading| {
        let phase = r.phase.line().unwrap_or_default();
        let name = format!("{}{phase}", r.metric);
        (name, r.value, r.unit.as_str().to_owned())
    };
    parsed.readings.into_iter().map(show).collect()
}

fn refused(reading: &Value) -> (String, String) {
    let parcel = parcel(&json!([reading])).unwrap();
    let why = parcel.readings.into_iter().next().unwrap().unwrap_err();
    (why.path, why.reason)
}

#[test]
fn both_spellings_mean_the_same() {
    let camel = json!({ "temperature": 4.2, "humidity": 61, "powerStatus": true,
        "doorStatus": false, "batteryLevel": 87.5 });
    let snake = json!({ "temperature": 4.2, "humidity": 61, "power_status": true,
        "door_status": false, "battery_level": 87.5 });
    let mut found = values(&camel);
    let mut other = values(&snake);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    other.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found, other);
    let whole = [
        ("battery_level", 87.5, "%"),
        ("door_open", 0.0, ""),
        ("humidity", 61.0, "%"),
        ("power_ok", 1.0, ""),
        ("temperature", 4.2, "°C"),
    ];
    let whole = whole.map(|(name, value, unit)| (name.to_owned(), Some(value), unit.to_owned()));
    assert_eq!(found, whole);
}

#[test]
fn other_quantities_come_by_name_or_one_by_one() {
    let body = json!({ "metrics": { "voltage_l2": 231.5, "pump_on": true, "co2": null } });
    let mut found = values(&body);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let text = |name: &str, value, unit: &str| (name.to_owned(), value, unit.to_owned());
    assert_eq!(
        found,
        [
            text("co2", None, ""),
            text("pump_on", Some(1.0), ""),
            text("voltageL2", Some(231.5), "V"),
        ]
    );
    let body = json!({ "metric": "power", "value": 1500, "unit": "W", "phase": "L1" });
    assert_eq!(values(&body), [text("powerL1", Some(1.5), "kW")]);
    let body = json!({ "metric": "co2", "value": 640, "unit": "ppm" });
    assert_eq!(values(&body), [text("co2", Some(640.0), "ppm")]);
}

#[test]
fn the_time_is_text_seconds_or_milliseconds() {
    let at = |value: Value| time(&value).unwrap().map(Timestamp::ms);
    let ms = 1_795_250_000_000;
    assert_eq!(at(json!("2026-11-21T08:33:20Z")), Some(ms));
    assert_eq!(at(json!("2026-11-21T09:33:20+01:00")), Some(ms));
    assert_eq!(at(json!(1_795_250_000)), Some(ms));
    assert_eq!(at(json!(1_795_250_000.25)), Some(ms + 250));
    assert_eq!(at(json!(ms)), Some(ms));
    assert_eq!(at(Value::Null), None);
    let bad = [
        json!("2026-11-21"),
        json!("2026-11-21T08:33:20"),
        json!("now"),
        json!(-1),
        json!(1e18),
        json!(true),
    ];
    for bad in bad {
        assert!(time(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_reading_is_refused_at_its_field() {
    for (reading, path) in [
        (json!({ "temperature": "4.2" }), "temperature"),
        (json!({ "temperature": -300 }), "temperature"),
        (json!({ "humidity": 101 }), "humidity"),
        (json!({ "doorStatus": 1 }), "doorStatus"),
        (json!({ "door_status": "open" }), "door_status"),
        (json!({ "temperature": 1, "presure": 2 }), "presure"),
        (json!({ "metrics": { "Big": 1 } }), "metrics.Big"),
        (json!({ "metrics": { "level": "high" } }), "metrics.level"),
        (json!({ "metrics": [1] }), "metrics"),
        (json!({ "metric": "power" }), "value"),
        (
            json!({ "metric": "power", "value": 1, "unit": "bar" }),
            "unit",
        ),
        (
            json!({ "metric": "power", "value": 1, "phase": "L4" }),
            "phase",
        ),
        (
            json!({ "temperature": 1, "timestamp": "yesterday" }),
            "timestamp",
        ),
        (json!({ "temperature": 1, "ts": 1, "time": 2 }), "ts"),
        (
            json!({ "temperature": 1, "firmwareVersion": 7 }),
            "firmwareVersion",
        ),
        (json!({ "timestamp": 1_795_250_000 }), "body"),
        (json!({}), "body"),
        (json!(4.2), "body"),
    ] {
        let (found, reason) = refused(&reading);
        assert_eq!(found, path, "{reading}");
        assert!(reason.ends_with('.'), "{reason}");
    }
    let twice = json!({ "batteryLevel": 1, "battery_level": 1 });
    assert!(refused(&twice).1.contains("twice"));
}

#[test]
fn one_bad_reading_does_not_touch_its_neighbours() {
    let body = json!({ "firmwareVersion": "1.4.2", "readings": [
        { "temperature": 4.0 }, { "temperature": "cold" }, { "temperature": 5.0 } ] });
    let parcel = parcel(&body).unwrap();
    assert_eq!(parcel.firmware.as_deref(), Some("1.4.2"));
    let taken: Vec<bool> = parcel.readings.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [true, false, true]);
}

#[test]
fn what_is_no_delivery_is_refused_whole() {
    let many = vec![json!({ "temperature": 1 }); READINGS_MAX + 1];
    for (body, path) in [
        (json!([]), "readings"),
        (json!({ "readings": [] }), "readings"),
        (json!({ "readings": {} }), "readings"),
        (json!({ "readings": [{}], "site": "a" }), "site"),
        (json!(many), "readings"),
        (json!("4.2"), "body"),
        (Value::Null, "body"),
    ] {
        assert_eq!(parcel(&body).unwrap_err().path, path);
    }
}

#[test]
fn a_prefix_keeps_the_unit() {
    let unit = |name: &str| unit_of(&Metric::new(name).unwrap());
    assert_eq!(unit("rear_temperature").unwrap().as_str(), "°C");
    assert_eq!(unit("rear_battery_level").unwrap().as_str(), "%");
    assert_eq!(unit("rear_co2"), None);
    assert_eq!(unit("overtemperature"), None);
}
