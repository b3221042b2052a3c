//! One piece of equipment: made, shown, changed, deleted.

use crate::support::meters::{Field, dead_port};
use crate::support::{Appliance, EMAIL, PASSWORD, START, assert_near, keys};
use indusmind::base::EquipmentId;
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

/// Equipment that nobody polls.
fn plain(name: &str) -> Value {
    json!({ "name": name, "type": "Chiller", "model": "X1", "install_date": "2024-05-01" })
}

#[tokio::test]
async fn new_equipment_is_answered_in_the_agreed_shape_with_its_defaults() {
    let (_appliance, chief) = Appliance::furnished().await;
    let made = chief
        .post("/api/equipment", &plain(" Main chiller "))
        .await
        .created();
    let shape = [
        "created_at",
        "id",
        "in_site_total",
        "install_date",
        "last_update",
        "load_percentage",
        "location",
        "modbus",
        "model",
        "name",
        "photo_url",
        "plausibility",
        "power",
        "revision",
        "serial_number",
        "specs",
        "status",
        "temperature",
        "type",
        "updated_at",
    ];
    assert_eq!(keys(&made), shape);
    let now = START.replace('Z', ".000Z");
    for (name, value) in [
        ("name", json!("Main chiller")),
        ("type", json!("Chiller")),
        ("install_date", json!("2024-05-01")),
        ("status", json!("offline")),
        ("in_site_total", json!(true)),
        ("specs", json!({})),
        ("revision", json!(1)),
        ("created_at", json!(now)),
        ("updated_at", json!(now)),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    for name in [
        "serial_number",
        "location",
        "power",
        "load_percentage",
        "temperature",
        "photo_url",
        "last_update",
        "modbus",
    ] {
        assert!(made[name].is_null(), "{name}: {}", made[name]);
    }
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.as_bytes()[14], b'7', "{id} is no UUID of version 7");
    let path = format!("/api/equipment/{id}");
    assert_eq!(chief.get(&path).await.data(), made);
    let live = chief.get(&format!("{path}/live")).await.data();
    let nothing = json!({ "equipment_id": id, "status": "offline", "values": [], "link": null });
    assert_eq!(live, nothing);
}

#[tokio::test]
async fn the_source_reads_both_spellings_and_fills_in_the_rest() {
    let (_appliance, chief) = Appliance::furnished().await;
    let dead = dead_port();
    let mut body = plain("Meter");
    body["modbus"] = json!({ "protocol": "tcp", "ip": "127.0.0.1", "slave_id": 3,
        "port": dead.port(), "registers": { "power": { "address": 0, "type": "float32" } } });
    let made = chief.post("/api/equipment", &body).await.created();
    let expected = json!({ "protocol": "tcp", "host": "127.0.0.1", "port": dead.port(),
        "serial": null, "unit_id": 3, "poll_interval_ms": 5000, "timeout_ms": 1000,
        "gap_ms": 0, "connect_delay_ms": 0, "retries": 1, "profile": null,
        "registers": { "power": { "address": 0, "type": "float32", "scale": 1.0,
            "function": "holding", "word_order": "big", "unit": null } } });
    assert_eq!(made["modbus"], expected);
}

#[tokio::test]
async fn the_load_follows_from_the_rated_power() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let mut body = plain("Compressor");
    body["modbus"] = field.modbus(0);
    body["specs"] = json!({ "capacity_kw": 80, "refrigerant": "R290" });
    let id = chief.add_equipment(&body).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let shown = chief.get(&format!("/api/equipment/{id}")).await.data();
    let power = field.meters[0].truth("power", appliance.now());
    assert_near(&shown["power"], power, "power");
    assert_near(&shown["load_percentage"], power / 80.0 * 100.0, "load");
    assert_near(&shown["temperature"], -4.5, "temperature");
    assert_eq!(shown["status"], "online");
    assert_eq!(shown["last_update"], START.replace('Z', ".000Z"));
    assert_eq!(shown["specs"], body["specs"]);
}

#[tokio::test]
async fn a_change_keeps_what_is_absent_and_clears_what_is_null() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let mut body = plain("Meter");
    body["location"] = json!("Hall 1");
    body["serial_number"] = json!("S-1");
    body["specs"] = json!({ "capacity_kw": 80 });
    body["modbus"] = field.modbus(0);
    let made = chief.post("/api/equipment", &body).await.created();
    let path = format!("/api/equipment/{}", made["id"].as_str().unwrap());
    appliance.advance(1_000);
    let changed = chief.put(&path, &json!({ "name": "Meter 1" })).await.data();
    assert_eq!(
        (&changed["name"], &changed["revision"]),
        (&json!("Meter 1"), &json!(2))
    );
    assert_eq!(changed["updated_at"], "2026-11-21T08:30:01.000Z");
    for kept in [
        "type",
        "model",
        "location",
        "serial_number",
        "specs",
        "modbus",
        "created_at",
    ] {
        assert_eq!(changed[kept], made[kept], "{kept}");
    }
    let clear = json!({ "location": null, "serial_number": null, "modbus": null, "specs": {} });
    let cleared = chief.put(&path, &clear).await.data();
    for gone in ["location", "serial_number", "modbus"] {
        assert!(cleared[gone].is_null(), "{gone}");
    }
    assert_eq!(cleared["specs"], json!({}));
    assert_eq!(cleared["name"], "Meter 1");
    let all = json!({ "name": "Dryer", "type": "Dryer", "model": "D9", "location": "Hall 2",
        "install_date": "2025-01-31", "serial_number": "S-2", "in_site_total": false,
        "status": "maintenance", "specs": { "a": [1, { "b": null }] } });
    let changed = chief.put(&path, &all).await.data();
    for (name, value) in all.as_object().unwrap() {
        assert_eq!(&changed[name], value, "{name}");
    }
    assert_eq!(chief.get(&path).await.data(), changed);
    // Twice is no fault; nothing at all is no change but counts as one.
    let again = chief.put(&path, &json!({})).await.data();
    assert_eq!(
        (&again["name"], &again["revision"]),
        (&json!("Dryer"), &json!(5))
    );
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let (_appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let path = format!("/api/equipment/{id}");
    let before = chief.get(&path).await.data();
    let bad = json!({ "name": "New name", "type": "", "install_date": "yesterday" });
    assert_eq!(
        chief.put(&path, &bad).await.bad_fields(),
        ["install_date", "type"]
    );
    for (body, place) in [
        (json!({ "nmae": "x" }), "nmae"),
        (
            json!({ "modbus": { "host": "a", "registers": {}, "baud": 9600 } }),
            "modbus.baud",
        ),
        (json!({ "status": "broken" }), "status"),
        (
            json!({ "id": "01a1fc32-7959-7208-9b0d-bfecd1744b85" }),
            "id",
        ),
    ] {
        assert_eq!(
            chief.put(&path, &body).await.bad_fields(),
            [place],
            "{body}"
        );
    }
    assert_eq!(chief.get(&path).await.data(), before);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let (_appliance, chief) = Appliance::furnished().await;
    let stranger = EquipmentId::new().to_string();
    for id in [stranger.as_str(), "7", "x'--", "%00"] {
        let path = format!("/api/equipment/{id}");
        chief.get(&path).await.refused(404);
        chief.get(&format!("{path}/live")).await.refused(404);
        chief.put(&path, &json!({ "name": "x" })).await.refused(404);
        chief.delete(&path).await.refused(404);
    }
}

#[tokio::test]
async fn equipment_in_use_is_deleted_a_day_after_its_last_reading() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let last = appliance.beat(&[&id]).await;
    let path = format!("/api/equipment/{id}");
    let refusal = chief.delete(&path).await.refused(409);
    assert!(
        refusal["error"]
            .as_str()
            .unwrap()
            .contains("decommissioned"),
        "{refusal}"
    );
    assert_eq!(refusal["details"]["last_reading"], last.to_string());

    chief
        .put(&path, &json!({ "status": "decommissioned" }))
        .await
        .data();
    appliance.advance(24 * HOUR_MS - 1);
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    chief.delete(&path).await.refused(409);
    appliance.advance(1);
    let done = chief.delete(&path).await.data();
    assert_eq!(done, json!({ "message": "Equipment deleted successfully" }));

    chief.get(&path).await.refused(404);
    chief.delete(&path).await.refused(404);
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 0);
    // The history stays in the file.
    let series = appliance.context().history.energy(
        &[id.parse().unwrap()],
        indusmind::base::TimeRange::new(START.parse().unwrap(), last).unwrap(),
        &indusmind::base::time::Calendar::utc(),
    );
    let energy = series.unwrap().expect("the readings are there");
    assert_near(
        &json!(energy.kwh),
        field.meters[0].energy(last.minus_ms(5_000), last),
        "energy",
    );
}

#[tokio::test]
async fn equipment_without_readings_is_deleted_at_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    field.fault(0, Fault::Close);
    for modbus in [Value::Null, field.modbus(0)] {
        let id = chief.add("Mistake", &modbus).await;
        chief.delete(&format!("/api/equipment/{id}")).await.data();
    }
    assert_eq!(
        chief.get("/api/realtime/meters").await.data()["total_count"],
        0
    );
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_with_its_fields() {
    let (_appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let path = format!("/api/equipment/{id}");
    chief
        .put(&path, &json!({ "location": "Hall 3" }))
        .await
        .data();
    chief.put(&path, &json!({ "type": "" })).await.refused(400);
    chief.delete(&path).await.data();
    let log = chief.audit().await;
    let resource = format!("equipment/{id}");
    let about: Vec<_> = log.iter().filter(|e| e["resource"] == resource).collect();
    let actions: Vec<_> = about
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["equipment.delete", "equipment.update", "equipment.create"]
    );
    assert!(
        about
            .iter()
            .all(|e| e["user"] == EMAIL && e["address"] == "127.0.0.1")
    );
    let location = &about[1]["details"]["location"];
    assert_eq!(location["after"], "Hall 3");
    assert_eq!(about[1]["details"].as_object().unwrap().len(), 1);
    assert_eq!(about[2]["details"]["name"], "Chiller");
}
