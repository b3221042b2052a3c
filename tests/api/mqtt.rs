//! Sensors that publish: mapped, stored, acknowledged after the commit, and told why not.

use super::broker::{Broker, USER};
use super::push_devices::{cell, device};
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near, eventually, keys};
use serde_json::{Value, json};

/// The settings of a broker on this machine, with these mappings.
fn settings(port: u16, mappings: &Value) -> Value {
    json!({ "enabled": true, "host": "127.0.0.1", "port": port, "username": USER.0,
        "password": USER.1, "mappings": mappings })
}

fn env_mapping() -> Value {
    json!([{ "topic": "plant/{serial}/env", "time_path": "/ts", "values": [
        { "metric": "temperature", "path": "/t" }, { "metric": "humidity", "path": "/h" }] },
        { "topic": "plant/{serial}/door", "values": [{ "metric": "door_open" }] }])
}

async fn status(chief: &Client) -> Value {
    chief.get("/api/mqtt").await.data()["status"].clone()
}

async fn connected(chief: &Client) {
    connection_becomes(chief, "connected").await;
}

async fn connection_becomes(chief: &Client, wanted: &str) -> Value {
    eventually(&format!("the connection to be {wanted}"), || async {
        let status = status(chief).await;
        (status["connection"] == wanted).then_some(status)
    })
    .await
}

/// Waits until so many messages were dealt with; the status then.
async fn received(chief: &Client, count: u64) -> Value {
    eventually(&format!("{count} messages"), || async {
        let status = status(chief).await;
        (status["received"].as_u64() >= Some(count)).then_some(status)
    })
    .await
}

fn counts(status: &Value) -> [u64; 4] {
    let count = |name: &str| status[name].as_u64().unwrap();
    ["stored", "duplicates", "refused", "retained"].map(count)
}

async fn temperatures(chief: &Client, id: &str) -> Vec<Value> {
    let path = format!(
        "/api/historical/consumption?from=2026-11-01&to=2026-12-01&resolution=raw\
         &meter_id={id}&metric=temperature"
    );
    chief.get(&path).await.data()["series"]
        .as_array()
        .unwrap()
        .clone()
}

/// An appliance with a cold cell and its device C-1.
async fn plant() -> (Appliance, Client, String) {
    let (appliance, chief) = Appliance::furnished().await;
    let cell = cell(&chief, "Cell 1").await;
    device(&chief, "C-1", &cell).await;
    (appliance, chief, cell)
}

#[tokio::test]
async fn messages_become_readings_and_bad_ones_are_told() {
    let Some(broker) = Broker::start().await else {
        return;
    };
    let (mut appliance, chief, cell) = plant().await;
    let change = settings(broker.port, &env_mapping());
    chief.put("/api/mqtt", &change).await.data();
    connected(&chief).await;
    let at = appliance.now().minus_ms(60_000).ms() / 1_000;
    let message = format!(r#"{{"ts": {at}, "t": 4.25, "h": 61}}"#);
    broker.publish("plant/C-1/env", &message, false).await;
    broker.publish("plant/C-1/door", "open", false).await;
    broker.publish("plant/C-1/env", &message, false).await;
    broker.publish("plant/C-9/env", &message, false).await;
    broker.publish("plant/C-1/env", "{t: 4}", false).await;
    broker
        .publish("plant/C-1/env", r#"{"ts": 5, "t": 4}"#, false)
        .await;
    let status = received(&chief, 6).await;
    assert_eq!(counts(&status), [2, 1, 3, 0], "{status}");
    let live = chief.live_value(&cell, "temperature", None).await;
    assert_near(&live["value"], 4.25, "temperature");
    assert_near(
        &chief.live_value(&cell, "door_open", None).await["value"],
        1.0,
        "door",
    );
    assert_eq!(temperatures(&chief, &cell).await.len(), 1);
    let recent = status["recent"].as_array().unwrap();
    let about = |word: &str| {
        let told = |m: &&Value| {
            m["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains(word))
        };
        recent
            .iter()
            .find(told)
            .unwrap_or_else(|| panic!("{word} in {recent:?}"))
    };
    assert_eq!(about("C-9")["path"], "topic");
    assert_eq!(about("neither JSON")["payload"], "{t: 4}");
    assert_eq!(about("never set")["path"], "timestamp");
    // The device was heard of.
    let shown = chief.get("/api/devices").await.data()["items"][0].clone();
    assert_eq!(shown["status"], "online");
    // Everything was acknowledged: nothing comes again.
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    connected(&chief).await;
    appliance.advance(1_000);
    broker.publish("plant/C-1/door", "closed", false).await;
    let status = received(&chief, 1).await;
    assert_eq!(counts(&status), [1, 0, 0, 0], "{status}");
}

#[tokio::test]
async fn a_wrong_password_is_told_in_words_and_never_shown() {
    let Some(broker) = Broker::start().await else {
        return;
    };
    let (appliance, chief, _) = plant().await;
    let mut change = settings(broker.port, &env_mapping());
    change["password"] = json!("Not-this-one");
    let reply = chief.put("/api/mqtt", &change).await;
    assert!(!reply.text.contains("Not-this-one"), "{}", reply.text);
    let shown = reply.data();
    assert_eq!(shown["settings"]["has_password"], true);
    assert!(!keys(&shown["settings"]).contains(&"password"));
    let status = connection_becomes(&chief, "waiting").await;
    assert!(
        status["error"]
            .as_str()
            .unwrap()
            .contains("user name and password"),
        "{status}"
    );
    assert!(status["next_try_at"].is_string() && status["failures"].as_u64() >= Some(1));
    change["password"] = json!(USER.1);
    chief.put("/api/mqtt", &change).await.data();
    connected(&chief).await;
    // Without a password the one that is kept stays, but not for another broker.
    change.as_object_mut().unwrap().remove("password");
    chief.put("/api/mqtt", &change).await.data();
    connected(&chief).await;
    change["host"] = json!("localhost");
    assert_eq!(
        chief.put("/api/mqtt", &change).await.bad_fields(),
        ["password"]
    );
    connected(&chief).await;
    let audit = json!(chief.audit().await).to_string();
    assert!(
        audit.contains("mqtt.update") && !audit.contains(USER.1),
        "{audit}"
    );
    chief
        .put(
            "/api/mqtt",
            &json!({ "enabled": false, "host": "127.0.0.1",
        "port": broker.port, "username": USER.0 }),
        )
        .await
        .data();
    connection_becomes(&chief, "disabled").await;
    drop(appliance);
}

#[tokio::test]
async fn a_broker_that_was_away_is_found_again_and_what_it_kept_comes() {
    let Some(mut broker) = Broker::start().await else {
        return;
    };
    let (mut appliance, chief, cell) = plant().await;
    chief
        .put("/api/mqtt", &settings(broker.port, &env_mapping()))
        .await
        .data();
    connected(&chief).await;
    broker.stop();
    let status = connection_becomes(&chief, "waiting").await;
    assert!(
        status["error"]
            .as_str()
            .is_some_and(|words| words.len() > 20),
        "{status}"
    );
    broker.start_again().await;
    connected(&chief).await;
    let message = |n: i64| {
        let at = appliance.now().minus_ms(n * 60_000);
        json!({ "ts": at, "t": n }).to_string()
    };
    broker.publish("plant/C-1/env", &message(3), false).await;
    assert_eq!(counts(&received(&chief, 1).await), [1, 0, 0, 0]);
    // The appliance is away: the broker keeps what comes.
    let (first, second) = (message(2), message(1));
    appliance.stop().await;
    broker.publish("plant/C-1/env", &first, false).await;
    broker.publish("plant/C-1/env", &second, false).await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(counts(&received(&chief, 2).await), [2, 0, 0, 0]);
    assert_eq!(temperatures(&chief, &cell).await.len(), 3);
}

#[tokio::test]
async fn what_the_broker_retained_is_no_new_reading() {
    let Some(mut broker) = Broker::start().await else {
        return;
    };
    let (mut appliance, chief, cell) = plant().await;
    let at = appliance.now().minus_ms(60_000);
    let message = json!({ "ts": at, "t": 4 }).to_string();
    broker.publish("plant/C-1/door", "open", true).await;
    broker.publish("plant/C-1/env", &message, true).await;
    chief
        .put("/api/mqtt", &settings(broker.port, &env_mapping()))
        .await
        .data();
    // With a time of its own it is what it says; without one nobody knows when it was true.
    assert_eq!(counts(&received(&chief, 2).await), [1, 0, 0, 1]);
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(counts(&received(&chief, 2).await), [0, 1, 0, 1]);
    assert_eq!(temperatures(&chief, &cell).await.len(), 1);
    broker.kill();
}

#[tokio::test]
async fn an_encrypted_broker_is_believed_by_its_certificate_only() {
    let Some(broker) = Broker::encrypted().await else {
        return;
    };
    let (_appliance, chief, _) = plant().await;
    let mut change = settings(broker.port, &env_mapping());
    change["tls"] = json!(true);
    let other = Broker::encrypted().await.unwrap().authority();
    change["ca_pem"] = json!(other);
    chief.put("/api/mqtt", &change).await.data();
    let status = connection_becomes(&chief, "waiting").await;
    assert!(
        status["error"].as_str().unwrap().contains("certificate"),
        "{status}"
    );
    change["ca_pem"] = json!(broker.authority());
    chief.put("/api/mqtt", &change).await.data();
    connected(&chief).await;
}

#[tokio::test]
async fn a_message_is_tried_before_anything_is_stored() {
    let (_appliance, chief, cell) = plant().await;
    let shown = chief.get("/api/mqtt").await.data();
    assert_eq!(
        (
            &shown["settings"]["enabled"],
            &shown["status"]["connection"]
        ),
        (&json!(false), &json!("disabled"))
    );
    let attempt = |topic: &str, payload: &str, mappings: Value| {
        let body = json!({ "topic": topic, "payload": payload, "mappings": mappings });
        let chief = chief.clone();
        async move { chief.post("/api/mqtt/test", &body).await }
    };
    let good = attempt(
        "plant/C-1/env",
        r#"{"t": 4.2, "h": 61, "ts": 1795250000}"#,
        env_mapping(),
    );
    let told = good.await.data();
    assert_eq!(
        (
            &told["taken"],
            &told["equipment_name"],
            &told["device_name"],
            &told["mapping"]
        ),
        (&json!(true), &json!("Cell 1"), &json!("C-1"), &json!(0))
    );
    assert_eq!(
        told["readings"][0]["values"],
        json!([
            { "metric": "temperature", "phase": null, "value": 4.2, "unit": "°C" },
            { "metric": "humidity", "phase": null, "value": 61.0, "unit": "%" },
        ])
    );
    assert_eq!(told["readings"][0]["timestamp"], "2026-11-21T08:33:20.000Z");
    for (topic, payload, path) in [
        ("plant/C-9/env", "{}", "topic"),
        ("hall", "1", "topic"),
        ("plant/C-1/env", r#"{"t": "cold"}"#, "payload/t"),
        ("plant/C-1/door", "ajar", "payload"),
    ] {
        let told = attempt(topic, payload, env_mapping()).await.data();
        assert_eq!(
            (&told["taken"], &told["path"]),
            (&json!(false), &json!(path)),
            "{payload}"
        );
        assert!(told["reason"].as_str().unwrap().len() > 10);
    }
    let one_bad = attempt(
        "p/C-1",
        r#"[{"temperature": 4}, {"humidity": 500}]"#,
        json!([{ "topic": "p/{serial}" }]),
    )
    .await
    .data();
    assert_eq!(one_bad["readings"][1]["path"], "humidity");
    let wrong = attempt("a", "1", json!([{ "topic": "a/{cell}" }])).await;
    assert_eq!(wrong.bad_fields(), ["mappings.0.topic"]);
    assert!(
        chief.live(&cell).await["values"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn settings_are_refused_by_field_and_then_stay() {
    let (_appliance, chief, _) = plant().await;
    let before = chief.get("/api/mqtt").await.data();
    let nobody = "01990000-0000-7000-8000-000000000001";
    for (change, fields) in [
        (
            json!({ "enabled": true, "host": "", "port": 1883 }),
            vec!["host"],
        ),
        (
            json!({ "enabled": true, "host": "a b", "port": 0 }),
            vec!["host", "port"],
        ),
        (
            json!({ "enabled": true, "host": "a", "port": 1883, "ca": "x" }),
            vec!["ca"],
        ),
        (
            json!({ "enabled": false, "host": "a", "port": 1883, "mappings":
                [{ "topic": "a", "device_id": nobody }, { "topic": "b", "equipment_id": nobody }] }),
            vec!["mappings.0.device_id", "mappings.1.equipment_id"],
        ),
    ] {
        let reply = chief.put("/api/mqtt", &change).await;
        assert_eq!(reply.bad_fields(), fields, "{change}");
    }
    assert_eq!(chief.get("/api/mqtt").await.data(), before);
}
