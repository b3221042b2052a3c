//! What is said of new equipment: each field has a rule, and a refusal names its place.

use crate::support::Appliance;
use crate::support::client::Reply;
use reqwest::Method;
use serde_json::{Value, json};

fn good() -> Value {
    json!({ "name": "Meter", "type": "Energy meter", "model": "T1", "install_date": "2024-05-01",
        "modbus": { "host": "127.0.0.1", "port": 1, "registers": {
            "power": { "address": 0, "type": "float32" } } } })
}

/// Sets the value at a path of names.
fn set(body: &mut Value, path: &str, value: Value) {
    let (outer, last) = path.rsplit_once('.').unwrap_or(("", path));
    let pointer = format!(
        "{}{}",
        if outer.is_empty() { "" } else { "/" },
        outer.replace('.', "/")
    );
    body.pointer_mut(&pointer).unwrap()[last] = value;
}

#[tokio::test]
async fn each_bad_field_is_named_with_its_path() {
    let (_appliance, chief) = Appliance::furnished().await;
    let long = "x".repeat(121);
    let register = "modbus.registers.power";
    let bad = [
        ("name", json!("")),
        ("name", json!(long)),
        ("name", json!("line\nbreak")),
        ("type", json!("  ")),
        ("type", json!("x".repeat(61))),
        ("model", json!("")),
        ("install_date", json!("2024-02-30")),
        ("install_date", json!("01.05.2024")),
        ("install_date", json!("2024-05-01T00:00:00Z")),
        ("serial_number", json!(long)),
        ("location", json!(long)),
        ("specs", json!({ "note": "x".repeat(17 << 10) })),
        ("modbus.host", json!("")),
        ("modbus.host", json!("http://10.0.0.1")),
        ("modbus.host", json!("10.0.0.1:502")),
        ("modbus.port", json!(0)),
        ("modbus.port", json!(65_536)),
        ("modbus.unit_id", json!(0)),
        ("modbus.unit_id", json!(248)),
        ("modbus.unit_id", json!(256)),
        ("modbus.poll_interval_ms", json!(99)),
        ("modbus.poll_interval_ms", json!(3_600_001)),
        ("modbus.timeout_ms", json!(49)),
        ("modbus.timeout_ms", json!(30_001)),
        ("modbus.profile", json!("no-such-meter")),
        ("modbus.registers", json!({})),
        (&format!("{register}.address"), json!(-1)),
        (&format!("{register}.address"), json!(65_535)),
        (&format!("{register}.scale"), json!(0)),
        (&format!("{register}.unit"), json!("V")),
    ];
    for (path, value) in bad {
        let mut body = good();
        set(&mut body, path, value.clone());
        let paths = chief.post("/api/equipment", &body).await.bad_fields();
        assert_eq!(paths, [path], "{value}");
    }
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 0);
}

#[tokio::test]
async fn all_bad_fields_are_named_at_once() {
    let (_appliance, chief) = Appliance::furnished().await;
    let body = json!({ "name": "", "type": "", "model": "", "install_date": "soon",
        "modbus": { "host": "", "port": 0, "unit_id": 0, "poll_interval_ms": 1, "timeout_ms": 1,
            "profile": "none", "registers": {
                "Power": { "address": 0, "type": "float32" },
                "voltage_l1": { "address": 70_000, "type": "float32", "scale": 0, "unit": "kW" } } } });
    let expected = [
        "install_date",
        "modbus.host",
        "modbus.poll_interval_ms",
        "modbus.port",
        "modbus.profile",
        "modbus.registers.Power",
        "modbus.registers.voltage_l1.address",
        "modbus.registers.voltage_l1.scale",
        "modbus.registers.voltage_l1.unit",
        "modbus.timeout_ms",
        "modbus.unit_id",
        "model",
        "name",
        "type",
    ];
    assert_eq!(
        chief.post("/api/equipment", &body).await.bad_fields(),
        expected
    );
}

#[tokio::test]
async fn what_is_missing_unknown_or_of_another_type_is_named_with_its_place() {
    let (_appliance, chief) = Appliance::furnished().await;
    let refused = async |body: &Value| chief.post("/api/equipment", body).await.bad_fields();
    for needed in ["name", "type", "model", "install_date"] {
        let mut body = good();
        body.as_object_mut().unwrap().remove(needed);
        assert_eq!(refused(&body).await, [needed]);
    }
    for (path, value) in [
        ("colour", json!("red")),
        ("id", json!("7")),
        ("name", json!(7)),
        ("name", Value::Null),
        ("specs", json!([])),
        ("status", json!("broken")),
        ("in_site_total", json!("yes")),
        ("modbus.baud", json!(9600)),
        ("modbus.protocol", json!("ascii")),
        ("modbus.port", json!("502")),
        ("modbus.registers.power.adress", json!(1)),
        ("modbus.registers.power.type", json!("float16")),
        ("modbus.registers.power.function", json!("file")),
        ("modbus.registers.power.word_order", json!("middle")),
        ("modbus.registers.power.address", json!(1.5)),
    ] {
        let mut body = good();
        set(&mut body, path, value);
        assert_eq!(refused(&body).await, [path], "{body}");
    }
    for text in ["", "{", "{}}", "\u{feff}{}", "name=Meter"] {
        let request = chief
            .request(Method::POST, "/api/equipment")
            .header("content-type", "application/json")
            .body(text);
        Reply::to(request).await.refused(400);
    }
}

#[tokio::test]
async fn the_edges_of_every_range_are_taken() {
    let (_appliance, chief) = Appliance::furnished().await;
    for (path, value) in [
        ("name", json!("é".repeat(120))),
        ("install_date", json!("2024-02-29")),
        ("modbus.port", json!(65_535)),
        ("modbus.unit_id", json!(247)),
        ("modbus.unit_id", json!(255)),
        ("modbus.poll_interval_ms", json!(3_600_000)),
        ("modbus.timeout_ms", json!(30_000)),
        ("modbus.registers.power.address", json!(65_534)),
        ("modbus.registers.power.scale", json!(-0.001)),
        (
            "modbus.registers",
            json!({ "own_thing_l3": { "address": 65_535, "type": "int16",
            "unit": "t/h" } }),
        ),
        ("modbus.host", json!("meter-7.plant.local")),
        ("modbus.host", json!("fe80::1%eth0")),
    ] {
        let mut body = good();
        // Nobody is to be polled here.
        body["status"] = json!("decommissioned");
        set(&mut body, path, value);
        let made = chief.post("/api/equipment", &body).await.created();
        assert_eq!(made["status"], "decommissioned");
    }
}

#[tokio::test]
async fn the_same_name_twice_makes_two() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut body = good();
    body["modbus"] = Value::Null;
    let first = chief.add_equipment(&body).await;
    let second = chief.add_equipment(&body).await;
    assert_ne!(first, second);
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 2);
}
