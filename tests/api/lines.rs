//! What shares a wire must agree about it: a contradiction is refused when it is saved.

use crate::support::Appliance;
use crate::support::client::Reply;
use serde_json::{Value, json};

fn meter(name: &str, modbus: &Value) -> Value {
    let mut modbus = modbus.clone();
    modbus["registers"] = json!({ "power": { "address": 0, "type": "float32" } });
    json!({ "name": name, "type": "Energy meter", "model": "T1", "install_date": "2024-05-01",
        "modbus": modbus })
}

/// What is said of the one refused field.
fn sentence(refused: &Reply, path: &str) -> String {
    assert_eq!(refused.bad_fields(), [path]);
    let fields = refused.refused(400)["details"]["fields"].clone();
    fields[0]["message"].as_str().unwrap().to_owned()
}

fn serial(baud_rate: u32, unit_id: u8) -> Value {
    json!({ "protocol": "rtu", "unit_id": unit_id,
        "serial": { "device": "/dev/ttyIndusmindTest", "baud_rate": baud_rate } })
}

#[tokio::test]
async fn devices_on_one_port_talk_in_the_same_way() {
    let (_appliance, chief) = Appliance::furnished().await;
    let first = meter("Chiller", &serial(9_600, 1));
    let first = chief.post("/api/equipment", &first).await.created();
    assert_eq!(first["modbus"]["serial"]["parity"], "even");
    assert_eq!(first["modbus"]["host"], "");
    let same = meter("Oven", &serial(9_600, 2));
    let same = chief.post("/api/equipment", &same).await.created();
    let other = meter("Press", &serial(19_200, 3));
    let refused = chief.post("/api/equipment", &other).await;
    let sentence = sentence(&refused, "modbus.serial");
    assert!(
        sentence.starts_with("/dev/ttyIndusmindTest is used by Chiller with 9600 8E1"),
        "{sentence}"
    );
    // Nothing was half applied, and a change is refused like something new.
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 2);
    let path = format!("/api/equipment/{}", same["id"].as_str().unwrap());
    let change = json!({ "modbus": meter("", &serial(19_200, 2))["modbus"] });
    let refused = chief.put(&path, &change).await;
    assert_eq!(refused.bad_fields(), ["modbus.serial"]);
    // The way out that the sentence names.
    let first_path = format!("/api/equipment/{}", first["id"].as_str().unwrap());
    let out = json!({ "status": "decommissioned" });
    chief.put(&first_path, &out).await.data();
    chief.put(&path, &change).await.data();
    let back = json!({ "status": "active", "modbus": meter("", &serial(19_200, 1))["modbus"] });
    chief.put(&first_path, &back).await.data();
}

#[tokio::test]
async fn one_socket_speaks_one_of_the_two_framings() {
    let (_appliance, chief) = Appliance::furnished().await;
    let tcp = meter("Gateway", &json!({ "host": "127.0.0.1", "port": 1 }));
    chief.post("/api/equipment", &tcp).await.created();
    let rtu = json!({ "transport": "rtu_over_tcp", "host": "127.0.0.1", "port": 1 });
    let refused = chief.post("/api/equipment", &meter("Server", &rtu)).await;
    let sentence = sentence(&refused, "modbus.protocol");
    assert!(
        sentence.contains("used by Gateway with Modbus TCP"),
        "{sentence}"
    );
    let elsewhere = json!({ "protocol": "rtu_over_tcp", "host": "127.0.0.1", "port": 2 });
    let made = chief
        .post("/api/equipment", &meter("Server", &elsewhere))
        .await;
    assert_eq!(made.created()["modbus"]["protocol"], "rtu_over_tcp");
}

#[tokio::test]
async fn the_fields_of_a_wire_are_refused_with_their_places() {
    let (_appliance, chief) = Appliance::furnished().await;
    let cases = [
        ("modbus.serial", json!({ "protocol": "rtu" })),
        (
            "modbus.serial.device",
            json!({ "protocol": "rtu", "serial": { "device": "/etc/passwd" } }),
        ),
        ("modbus.gap_ms", json!({ "host": "a", "gap_ms": 5_001 })),
        (
            "modbus.connect_delay_ms",
            json!({ "host": "a", "connect_delay_ms": -1 }),
        ),
        ("modbus.retries", json!({ "host": "a", "retries": 6 })),
    ];
    for (path, modbus) in cases {
        let refused = chief.post("/api/equipment", &meter("Meter", &modbus)).await;
        assert_eq!(refused.bad_fields(), [path]);
    }
}
