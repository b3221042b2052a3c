//! RS-485 on a serial port: scanned, tried and reported beside the polls that hold it.

use crate::commissioning::ended;
use crate::support::Appliance;
use indusmind::base::Clock;
use indusmind::modbus::simulator::plant::Plant;
use indusmind::modbus::simulator::{Listener, Simulator};
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn a_serial_bus_is_scanned_and_tried_while_it_is_polled() {
    let (appliance, chief) = Appliance::furnished().await;
    let plant = Plant::new(7, 3_600_000);
    let clock: Arc<dyn Clock> = Arc::new(appliance.clock.clone());
    let on_sockets = plant.listeners().into_iter().nth(1).unwrap();
    let bus = Listener::on_a_port(on_sockets.devices);
    let simulator = Simulator::start(clock, vec![bus]).await.unwrap();
    let device = simulator.port(0).unwrap();
    let scanned = |ways: Value| {
        json!({ "protocol": "rtu", "serial": ways, "unit_from": 1, "unit_to": 3,
            "timeout_ms": 3_000 })
    };
    // Nobody polls yet: the ways are tried in turn, and the first one that works is the way.
    let ways = json!({ "device": device, "baud_rates": [19_200, 9_600], "parities": ["none"] });
    let reply = chief.post("/api/modbus/scan", &scanned(ways)).await;
    let started = reply.json()["data"].clone();
    assert_eq!(started["of"], 6);
    let scan = ended(&chief, started["id"].as_str().unwrap()).await;
    assert_eq!(
        (&scan["state"], &scan["asked"]),
        (&json!("SUCCESS"), &json!(6))
    );
    let find = &scan["finds"][0];
    assert_eq!(
        find["serial"],
        json!({ "device": device, "baud_rate": 19_200,
        "parity": "none", "stop_bits": 1 })
    );
    assert_eq!(
        (&find["protocol"], &find["host"]),
        (&json!("rtu"), &json!(""))
    );

    // Now one is polled, with even parity. What is asked beside it comes over the poller's line.
    let serial = json!({ "device": device, "baud_rate": 9_600, "parity": "even" });
    let source = |unit: u8, serial: &Value| {
        json!({ "protocol": "rtu", "serial": serial, "unit_id": unit, "timeout_ms": 5_000,
            "profile": "schneider-iem3000" })
    };
    let press = chief.add("Press 1", &source(1, &serial)).await;
    appliance.read_at(&[&press], appliance.now()).await;
    let other = json!({ "modbus": source(2, &serial) });
    let read = chief.post("/api/modbus/test-read", &other).await.data();
    assert_eq!(read["ok"], true, "{read}");
    let reading = format!("/api/equipment/{press}/commissioning/reading");
    let taken = chief.post(&reading, &json!({})).await.data();
    assert_eq!(taken["read"]["ok"], true, "{taken}");
    let slower = json!({ "device": device, "baud_rate": 1_200 });
    let clash = json!({ "modbus": source(2, &slower) });
    let refused = chief.post("/api/modbus/test-read", &clash).await;
    assert_eq!(refused.bad_fields(), ["modbus.serial"]);
    let reply = chief
        .post("/api/modbus/scan", &scanned(json!({ "device": device })))
        .await;
    let id = reply.json()["data"]["id"].as_str().unwrap().to_owned();
    let scan = ended(&chief, &id).await;
    assert_eq!(
        (&scan["state"], &scan["progress"]),
        (&json!("SUCCESS"), &json!(100))
    );
    let finds = scan["finds"].as_array().unwrap();
    let units: Vec<_> = finds.iter().map(|find| find["unit_id"].as_u64()).collect();
    assert_eq!(units, [Some(1), Some(2), Some(3)]);
    assert_eq!(finds[0]["equipment_name"], "Press 1");
    assert!(finds.iter().all(|find| find["serial"]["parity"] == "even"));

    // A port that is not there ends the scan with the reason.
    let gone = json!({ "device": "/dev/ttyGONE7" });
    let reply = chief.post("/api/modbus/scan", &scanned(gone)).await;
    let id = reply.json()["data"]["id"].as_str().unwrap().to_owned();
    let scan = ended(&chief, &id).await;
    assert_eq!(scan["state"], "FAILED");
    assert!(
        scan["error"]
            .as_str()
            .unwrap()
            .contains("adapter is plugged in"),
        "{scan}"
    );
    let ports = chief.get("/api/modbus/serial-ports").await.data();
    assert!(ports.is_array());
}

#[tokio::test]
async fn a_scan_of_a_bus_names_every_wrong_field() {
    let (_appliance, chief) = Appliance::furnished().await;
    for (request, fields) in [
        (json!({ "protocol": "rtu" }), vec!["serial"]),
        (
            json!({ "protocol": "rtu", "hosts": "10.0.0.1", "serial": { "device": "ttyUSB0" } }),
            vec!["hosts", "serial.device"],
        ),
        (
            json!({ "protocol": "rtu", "serial": { "device": "/dev/a", "baud_rates": [7] } }),
            vec!["serial.baud_rates"],
        ),
        (
            json!({ "protocol": "rtu", "serial": { "device": "/dev/a", "parities": [] } }),
            vec!["serial.baud_rates"],
        ),
        (
            json!({ "protocol": "rtu", "serial": { "device": "/dev/a", "stop_bits": 3 } }),
            vec!["serial.stop_bits"],
        ),
        (
            json!({ "hosts": "10.0.0.1", "serial": { "device": "/dev/a" } }),
            vec!["serial"],
        ),
    ] {
        let reply = chief.post("/api/modbus/scan", &request).await;
        assert_eq!(reply.bad_fields(), fields, "{request}");
    }
}
