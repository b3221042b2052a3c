//! Devices with keys: added, shown without their secret, changed, kept out, deleted.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, keys};
use indusmind::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

/// A cold cell that nobody polls; its id.
pub async fn cell(chief: &Client, name: &str) -> String {
    let body = json!({ "name": name, "type": "Cold cell", "model": "K2",
        "install_date": "2024-05-01", "in_site_total": false });
    chief.add_equipment(&body).await
}

/// Adds a device for this equipment: its id and its key.
pub async fn device(chief: &Client, serial: &str, equipment: &str) -> (String, String) {
    let body = json!({ "serial_number": serial, "equipment_id": equipment });
    let made = chief.post("/api/devices", &body).await.created();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

/// Pushes with a key; whoever calls is not signed in.
pub async fn push(client: &Client, serial: &str, key: &str, body: &Value) -> Reply {
    let path = format!("/api/readings/devices/{serial}/readings");
    let request = client.with_token("").request(Method::POST, &path);
    Reply::to(request.header("x-device-key", key).json(body)).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_not_kept() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let equipment = cell(&chief, "Cell 1").await;
    let body = json!({ "serialNumber": "C-1", "name": "Door sensor", "equipment_id": equipment,
        "expected_interval_s": 30 });
    let made = chief.post("/api/devices", &body).await.created();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("imd_") && key.len() == 4 + 43, "{key}");
    let list = chief.get("/api/devices").await;
    assert!(!list.text.contains(&key[4..40]), "{}", list.text);
    let listed = list.data()["items"][0].clone();
    let shown = [
        "battery_level",
        "created_at",
        "enabled",
        "equipment_id",
        "equipment_name",
        "expected_interval_s",
        "firmware_version",
        "id",
        "key_hint",
        "key_made_at",
        "last_reading_at",
        "last_seen_at",
        "metric_prefix",
        "name",
        "serial_number",
        "status",
        "updated_at",
        "wrong_key_at",
    ];
    assert_eq!(keys(&listed), shown);
    assert_eq!(
        (&listed["status"], &listed["equipment_name"]),
        (&json!("never"), &json!("Cell 1"))
    );
    assert_eq!(listed["key_hint"], key[key.len() - 4..]);
    let entry = chief.audit().await.remove(0);
    assert_eq!(entry["action"], "device.create");
    assert!(!entry.to_string().contains(&key[4..40]));
    appliance.stop().await;
    let file = std::fs::read(appliance.data_file()).unwrap();
    let secret = &key.as_bytes()[4..];
    let found = file.windows(secret.len()).any(|part| part == secret);
    assert!(!found, "the data file holds a usable key");
    appliance.start().await;
    let reply = push(
        &appliance.client(),
        "C-1",
        key,
        &json!({ "temperature": 4 }),
    )
    .await;
    reply.created();
}

#[tokio::test]
async fn refused_fields_are_named_and_serial_numbers_are_unique() {
    let (_appliance, chief) = Appliance::furnished().await;
    let equipment = cell(&chief, "Cell 1").await;
    device(&chief, "C-1", &equipment).await;
    let nobody = "01990000-0000-7000-8000-000000000001";
    for (body, fields) in [
        (
            json!({ "serial_number": "c-1", "equipment_id": equipment }),
            vec!["serial_number"],
        ),
        (
            json!({ "serial_number": "a/b", "equipment_id": equipment }),
            vec!["serial_number"],
        ),
        (
            json!({ "serial_number": "C-2", "equipment_id": nobody }),
            vec!["equipment_id"],
        ),
        (json!({ "serial_number": "C-2" }), vec!["equipment_id"]),
        (
            json!({ "serial_number": "", "name": "A", "equipment_id": equipment,
                    "expected_interval_s": 0,
                "metric_prefix": "9" }),
            vec!["expected_interval_s", "metric_prefix", "serial_number"],
        ),
        (
            json!({ "serial_number": "C-2", "equipment_id": equipment, "key": "mine" }),
            vec!["key"],
        ),
    ] {
        let reply = chief.post("/api/devices", &body).await;
        assert_eq!(reply.bad_fields(), fields, "{body}");
    }
    assert_eq!(chief.get("/api/devices").await.data()["total"], 1);
}

#[tokio::test]
async fn a_new_key_replaces_the_old_one_at_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let equipment = cell(&chief, "Cell 1").await;
    let (id, old) = device(&chief, "C-1", &equipment).await;
    let path = format!("/api/devices/{id}/key");
    let made = chief.post(&path, &json!({})).await.created();
    let new = made["key"].as_str().unwrap();
    assert_ne!(new, old);
    let client = appliance.client();
    let reading = json!({ "temperature": 4 });
    push(&client, "C-1", &old, &reading).await.refused(401);
    push(&client, "C-1", new, &reading).await.created();
    let entry = chief.audit().await.remove(0);
    assert_eq!(entry["action"], "device.new_key");
    assert!(!entry.to_string().contains(&new[4..40]));
    let shown = chief.get(&format!("/api/devices/{id}")).await.data();
    assert!(
        shown["wrong_key_at"].is_string(),
        "a technician sees why: {shown}"
    );
}

#[tokio::test]
async fn a_device_is_changed_kept_out_and_deleted() {
    let (appliance, chief) = Appliance::furnished().await;
    let equipment = cell(&chief, "Cell 1").await;
    let other = cell(&chief, "Cell 2").await;
    let (id, key) = device(&chief, "C-1", &equipment).await;
    let path = format!("/api/devices/{id}");
    let client = appliance.client();
    let change = json!({ "name": "Front", "equipment_id": other, "metric_prefix": "front" });
    let changed = chief.put(&path, &change).await.data();
    assert_eq!(changed["equipment_name"], "Cell 2");
    push(&client, "C-1", &key, &json!({ "temperature": 4.5 }))
        .await
        .created();
    let live = chief.live_value(&other, "front_temperature", None).await;
    assert_eq!((&live["value"], &live["unit"]), (&json!(4.5), &json!("°C")));
    let refusal = chief.put(&path, &json!({ "serial_number": "C-9" })).await;
    assert_eq!(refusal.bad_fields(), ["serial_number"]);

    let out = chief.put(&path, &json!({ "enabled": false })).await.data();
    assert_eq!(out["status"], "disabled");
    push(&client, "C-1", &key, &json!({ "temperature": 5 }))
        .await
        .refused(401);
    appliance.advance(1);
    chief.put(&path, &json!({ "enabled": true })).await.data();
    push(&client, "C-1", &key, &json!({ "temperature": 5 }))
        .await
        .created();

    // Its equipment does not vanish under it.
    let equipment_path = format!("/api/equipment/{equipment}");
    let (second, _) = device(&chief, "C-2", &equipment).await;
    let refusal = chief.delete(&equipment_path).await.refused(409);
    assert!(
        refusal["error"].as_str().unwrap().contains("C-2"),
        "{refusal}"
    );
    chief.delete(&format!("/api/devices/{second}")).await.data();
    chief.delete(&equipment_path).await.data();

    chief.delete(&path).await.data();
    chief.delete(&path).await.refused(404);
    chief.get(&path).await.refused(404);
    push(&client, "C-1", &key, &json!({ "temperature": 6 }))
        .await
        .refused(401);
    // What it brought stays, and its serial number is free.
    chief.live_value(&other, "front_temperature", None).await;
    device(&chief, "C-1", &other).await;
    let actions: Vec<_> = chief
        .audit()
        .await
        .into_iter()
        .map(|e| e["action"].clone())
        .collect();
    for action in ["device.create", "device.update", "device.delete"] {
        assert!(actions.contains(&json!(action)), "{action}");
    }
}

#[tokio::test]
async fn silence_is_offline_after_two_intervals() {
    let (appliance, chief) = Appliance::furnished().await;
    let equipment = cell(&chief, "Cell 1").await;
    let (id, key) = device(&chief, "C-1", &equipment).await;
    let path = format!("/api/devices/{id}");
    let body = json!({ "firmwareVersion": "1.4.2", "readings":
        [{ "temperature": 4, "batteryLevel": 81 }] });
    push(&chief, "C-1", &key, &body).await.created();
    let shown = chief.get(&path).await.data();
    assert_eq!(
        (
            &shown["status"],
            &shown["battery_level"],
            &shown["firmware_version"]
        ),
        (&json!("online"), &json!(81.0), &json!("1.4.2"))
    );
    assert_eq!(shown["last_seen_at"], json!(appliance.now()));
    appliance.advance(120_000);
    assert_eq!(chief.get(&path).await.data()["status"], "online");
    appliance.advance(1);
    assert_eq!(chief.get(&path).await.data()["status"], "offline");
    let offline = chief
        .get("/api/devices?status=offline&search=c-")
        .await
        .data();
    assert_eq!(offline["total"], 1);
    for none in ["status=online", "search=x", &format!("equipment_id={id}")] {
        let found = chief.get(&format!("/api/devices?{none}")).await.data();
        assert_eq!(found["total"], 0, "{none}");
    }
}

#[tokio::test]
async fn a_list_of_devices_comes_in_whole_or_not_at_all() {
    let (appliance, chief) = Appliance::furnished().await;
    cell(&chief, "Cell 1").await;
    let send = async |client: &Client, text: &str| {
        let request = client.request(Method::POST, "/api/devices/import");
        Reply::to(
            request
                .header("content-type", "text/csv")
                .body(text.to_owned()),
        )
        .await
    };
    let bad = "serial_number,name,equipment\nC-1,Door,Cell 1\nC-1,Door,Cell 1\nC-3,,Cell 9\n";
    assert_eq!(send(&chief, bad).await.bad_fields(), ["line 4.equipment"]);
    let bad = "serial_number,name,equipment\nC-1,Door,Cell 1\nC-1,Door,Cell 1\nC 3,,Cell 1\n";
    let fields = send(&chief, bad).await.bad_fields();
    assert_eq!(fields, ["line 3.serial_number", "line 4.serial_number"]);
    assert_eq!(chief.get("/api/devices").await.data()["total"], 0);
    let good =
        "serial_number;name;equipment;expected_interval_s\nC-1;Door;Cell 1;30\nC-2;;Cell 1;\n";
    let made = send(&chief, good).await.created();
    let made = made["items"].as_array().unwrap();
    let told: Vec<_> = made
        .iter()
        .map(|m| (&m["name"], &m["expected_interval_s"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("Door"), &json!(30)), (&json!("C-2"), &json!(60))]
    );
    let key = made[1]["key"].as_str().unwrap();
    push(&chief, "C-2", key, &json!({ "humidity": 55 }))
        .await
        .created();
    send(&chief, &"x".repeat((1 << 20) + 1)).await.refused(413);
    let viewer = appliance.client_as(Role::Viewer).await;
    send(&viewer, good).await.refused(403);
}
