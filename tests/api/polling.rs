//! From a register to an answer: what is added is polled, and what is shown is true.

use crate::support::client::Client;
use crate::support::meters::{Field, Meter, dead_port};
use crate::support::{Appliance, BEAT_MS, START, assert_near, eventually};
use indusmind::base::{Clock, Phase, Timestamp};
use indusmind::modbus::simulator::plant::Plant;
use indusmind::modbus::simulator::{Fault, Simulator};
use serde_json::{Value, json};
use std::sync::Arc;

/// Every value of a meter is what it shows at `at`.
async fn assert_true(client: &Client, id: &str, meter: &Meter, at: Timestamp) {
    let live = client.live(id).await;
    assert_eq!(live["status"], "online");
    assert_eq!(live["link"]["state"], "connected");
    let values = live["values"].as_array().unwrap();
    assert_eq!(values.len(), Meter::names().count());
    for value in values {
        let phase = value["phase"]
            .as_str()
            .map(|p| format!("_{}", p.to_lowercase()));
        let name = format!(
            "{}{}",
            value["metric"].as_str().unwrap(),
            phase.unwrap_or_default()
        );
        assert_near(&value["value"], meter.truth(&name, at), &name);
        assert_eq!(
            (&value["quality"], &value["timestamp"]),
            (&json!("good"), &json!(at))
        );
        let entry = &Meter::entries()[&name];
        assert_eq!(value["unit"], entry["unit"], "{name}");
        assert_eq!(value["register"]["type"], entry["type"], "{name}");
    }
}

#[tokio::test]
async fn new_equipment_is_polled_at_once_and_shows_the_truth() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let first = chief.add("First", &field.modbus(0)).await;
    // The clock stands: only the act of adding can have started this.
    appliance.read_at(&[&first], appliance.now()).await;
    assert_true(&chief, &first, &field.meters[0], appliance.now()).await;
    appliance.beat(&[&first]).await;
    let second = chief.add("Second", &field.modbus(1)).await;
    appliance.read_at(&[&second], appliance.now()).await;
    for _ in 0..4 {
        let at = appliance.beat(&[&first, &second]).await;
        assert_true(&chief, &first, &field.meters[0], at).await;
        assert_true(&chief, &second, &field.meters[1], at).await;
    }
}

#[tokio::test]
async fn the_age_of_a_value_follows_the_clock() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    for _ in 0..3 {
        appliance.advance(1_500);
    }
    let value = chief.live_value(&id, "power", None).await;
    assert_eq!(
        (&value["age_ms"], &value["quality"]),
        (&json!(4_500), &json!("good"))
    );
}

#[tokio::test]
async fn a_real_profile_reads_what_the_device_shows() {
    let (appliance, chief) = Appliance::furnished().await;
    let plant = Plant::new(7, 3_600_000);
    let clock: Arc<dyn Clock> = Arc::new(appliance.clock.clone());
    let simulator = Simulator::start(clock, plant.listeners()).await.unwrap();
    let mut ids = Vec::new();
    for (number, device) in plant.devices().iter().enumerate() {
        let Some(profile) = device.meter.profile() else {
            continue;
        };
        let address = simulator.addresses()[device.listener];
        let modbus = json!({ "host": address.ip(), "port": address.port(), "profile": profile,
            "unit_id": device.unit_id, "timeout_ms": 10_000 });
        ids.push((number, chief.add(device.name, &modbus).await));
    }
    assert!(ids.len() >= 6, "the plant has meters of all three makes");
    let names: Vec<&str> = ids.iter().map(|(_, id)| id.as_str()).collect();
    appliance.read_at(&names, appliance.now()).await;
    let at = appliance.beat(&names).await;
    for (number, id) in &ids {
        let mut compared = 0;
        for reading in plant.reading(*number, at) {
            let phase = match reading.phase {
                Phase::Total => None,
                phase => phase.line(),
            };
            let live = chief.live_value(id, reading.metric.as_str(), phase).await;
            let what = format!("{} of {number}", reading.metric);
            assert_near(&live["value"], reading.value.unwrap(), &what);
            compared += 1;
        }
        assert!(
            compared >= 12,
            "only {compared} values of {number} were compared"
        );
    }
}

#[tokio::test]
async fn a_changed_register_map_takes_effect_without_a_restart() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let entries = Meter::entries();
    let only = |names: &[&str]| {
        let registers: Value = names
            .iter()
            .map(|n| ((*n).to_owned(), entries[n].clone()))
            .collect();
        field.modbus_with(0, &json!({ "registers": registers }))
    };
    let id = chief.add("Meter", &only(&["power", "frequency"])).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let path = format!("/api/equipment/{id}");
    let shown = async || {
        let live = chief.live(&id).await;
        let metric = |value: &Value| value["metric"].as_str().unwrap().to_owned();
        let values = live["values"].as_array().unwrap();
        let mut metrics: Vec<_> = values.iter().map(metric).collect();
        metrics.sort();
        metrics
    };
    assert_eq!(shown().await, ["frequency", "power"]);

    let change = json!({ "modbus": only(&["power", "temperature"]) });
    chief.put(&path, &change).await.data();
    eventually("the temperature", || async {
        chief.live_value(&id, "temperature", None).await["value"]
            .is_number()
            .then_some(())
    })
    .await;
    assert_eq!(shown().await, ["power", "temperature"]);

    // The same register under another scale.
    let mut scaled = only(&["power"]);
    scaled["registers"]["power"]["scale"] = json!(10.0);
    chief.put(&path, &json!({ "modbus": scaled })).await.data();
    let at = appliance.now();
    let expected = 10.0 * field.meters[0].truth("power", at);
    eventually("the power at the new scale", || async {
        let power = chief.live_value(&id, "power", None).await["value"].as_f64()?;
        ((power - expected).abs() < 1e-6).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_silent_device_grows_old_and_its_neighbour_does_not() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let short = field.modbus_with(0, &json!({ "timeout_ms": 500 }));
    let silent = chief.add("Silent", &short).await;
    let neighbour = chief.add("Neighbour", &field.modbus(1)).await;
    appliance
        .read_at(&[&silent, &neighbour], appliance.now())
        .await;
    let last = appliance.now();
    let power = field.meters[0].truth("power", last);
    field.fault(0, Fault::Silent);
    for beat in 1..=4 {
        let at = appliance.beat(&[&neighbour]).await;
        let value = chief.live_value(&silent, "power", None).await;
        assert_near(&value["value"], power, "the last value known");
        assert_eq!(value["timestamp"], json!(last));
        assert_eq!(value["age_ms"], beat * BEAT_MS);
        let (quality, status) = if beat <= 2 {
            ("good", "online")
        } else {
            ("stale", "offline")
        };
        assert_eq!(
            (&value["quality"], &chief.live(&silent).await["status"]),
            (&json!(quality), &json!(status))
        );
        assert_true(&chief, &neighbour, &field.meters[1], at).await;
    }
    eventually("the link to tell of the failure", || async {
        let link = chief.live(&silent).await["link"].clone();
        (link["state"] == "waiting" && link["failures"].as_u64() >= Some(1)).then_some(link)
    })
    .await;
    let list = chief.get("/api/equipment?status=offline").await.data();
    assert_eq!(
        (&list["items"][0]["name"], &list["items"][0]["power"]),
        (&json!("Silent"), &Value::Null)
    );

    field.fault(0, Fault::None);
    // It is asked again by itself, at the latest when its pause is over.
    eventually("the device to come back", || async {
        appliance.beat(&[&neighbour]).await;
        (chief.live(&silent).await["status"] == "online").then_some(())
    })
    .await;
    let link = chief.live(&silent).await["link"].clone();
    assert_eq!(
        (&link["state"], &link["failures"]),
        (&json!("connected"), &json!(0))
    );
    assert!(
        link["last_error"].is_string(),
        "what went wrong is still told: {link}"
    );
}

#[tokio::test]
async fn a_device_that_was_never_there_says_so_and_is_missing_not_zero() {
    let (appliance, chief) = Appliance::furnished().await;
    let dead = dead_port();
    let id = chief
        .add(
            "Ghost",
            &json!({ "host": "127.0.0.1", "port": dead.port(),
            "registers": { "power": { "address": 0, "type": "float32" } } }),
        )
        .await;
    let link = eventually("the first attempt to fail", || async {
        let link = chief.live(&id).await["link"].clone();
        (link["state"] == "waiting").then_some(link)
    })
    .await;
    assert!(
        link["last_error"]
            .as_str()
            .unwrap()
            .contains(&dead.to_string()),
        "{link}"
    );
    assert_eq!(link["last_error_at"], START.replace('Z', ".000Z"));
    assert!(link["last_success_at"].is_null() && link["next_attempt_at"].is_string());
    let value = chief.live_value(&id, "power", None).await;
    assert_eq!(
        (&value["value"], &value["quality"]),
        (&Value::Null, &json!("missing"))
    );
    let shown = chief.get(&format!("/api/equipment/{id}")).await.data();
    assert!(shown["power"].is_null() && shown["last_update"].is_null());
    assert_eq!(shown["status"], "offline");
    assert_eq!(appliance.now().to_string(), START.replace('Z', ".000Z"));
}

#[tokio::test]
async fn what_is_decommissioned_is_left_alone_until_it_is_active_again() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    let other = chief.add("Other", &field.modbus(1)).await;
    appliance.read_at(&[&id, &other], appliance.now()).await;
    let path = format!("/api/equipment/{id}");
    chief
        .put(&path, &json!({ "status": "decommissioned" }))
        .await
        .data();
    let asked = field.simulator.requests(0, crate::support::meters::UNIT);
    for _ in 0..3 {
        appliance.beat(&[&other]).await;
    }
    assert_eq!(
        field.simulator.requests(0, crate::support::meters::UNIT),
        asked
    );
    let live = chief.live(&id).await;
    assert_eq!(
        (&live["status"], &live["link"]),
        (&json!("decommissioned"), &Value::Null)
    );
    assert_eq!(
        chief.get("/api/realtime/meters").await.data()["total_count"],
        1
    );

    chief
        .put(&path, &json!({ "status": "active" }))
        .await
        .data();
    appliance.read_at(&[&id], appliance.now()).await;
    assert_true(&chief, &id, &field.meters[0], appliance.now()).await;
}

#[tokio::test]
async fn what_is_in_maintenance_is_polled_and_shown_as_such() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    let path = format!("/api/equipment/{id}");
    chief
        .put(&path, &json!({ "status": "maintenance" }))
        .await
        .data();
    let at = appliance.beat(&[&id]).await;
    let shown = chief.get(&path).await.data();
    assert_eq!(shown["status"], "maintenance");
    assert_near(&shown["power"], field.meters[0].truth("power", at), "power");
}

#[tokio::test]
async fn two_devices_behind_one_gateway_are_told_apart() {
    use crate::support::meters::UNIT;
    use indusmind::modbus::simulator::{Instrument, Listener};
    let (appliance, chief) = Appliance::furnished().await;
    let meters = [Meter::new(40.0), Meter::new(7.0)];
    let devices = [UNIT, UNIT + 1].into_iter().zip(&meters);
    let devices = devices.map(|(unit, meter)| (unit, Arc::clone(meter) as Arc<dyn Instrument>));
    let clock: Arc<dyn Clock> = Arc::new(appliance.clock.clone());
    let gateway = Listener::on_loopback(devices.collect());
    let simulator = Simulator::start(clock, vec![gateway]).await.unwrap();
    let port = simulator.addresses()[0].port();
    let source = |unit: u8| {
        json!({ "host": "127.0.0.1", "port": port, "unit_id": unit, "timeout_ms": 10_000,
            "registers": Meter::entries() })
    };
    let ids = [
        chief.add("A", &source(UNIT)).await,
        chief.add("B", &source(UNIT + 1)).await,
    ];
    appliance
        .read_at(&[&ids[0], &ids[1]], appliance.now())
        .await;
    let at = appliance.beat(&[&ids[0], &ids[1]]).await;
    for (id, meter) in ids.iter().zip(&meters) {
        assert_true(&chief, id, meter, at).await;
    }
    assert_eq!(simulator.connections(0), 1, "one line, one connection");
    simulator.set_fault(0, UNIT, Fault::Exception(4));
    let at = appliance.beat(&[&ids[1]]).await;
    assert_true(&chief, &ids[1], &meters[1], at).await;
}
