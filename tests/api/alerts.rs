//! Alerts: raised by readings, acted on by people, found again.

use crate::audit_trail::entries_of;
use crate::support::client::{Client, Reply};
use crate::support::socket::Socket;
use crate::support::{Appliance, eventually, keys};
use indusmind::auth::Role;
use indusmind::base::{Batch, Metric, Phase, Reading, Timestamp, Unit};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// A machine that nobody polls.
pub async fn machine(client: &Client, name: &str) -> String {
    let body = json!({ "name": name, "type": "Machine", "model": "T1", "location": "Hall 2",
        "install_date": "2024-05-01" });
    client.add_equipment(&body).await
}

/// A rule: power above 80 kW.
pub async fn rule(client: &Client, equipment: &str, more: Value) -> Value {
    let mut rule = json!({ "equipment_id": equipment, "metric": "power", "operator": ">",
        "threshold": 80, "level": "High" });
    rule.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    client.post("/api/alert-rules", &rule).await.created()
}

/// Stores a power, kW, at an instant.
pub async fn power_at(appliance: &Appliance, equipment: &str, at: Timestamp, value: f64) {
    let unit = Unit::new("kW").unwrap();
    let batch = Batch {
        equipment: equipment.parse().unwrap(),
        at,
        arrived: appliance.now(),
        interval_ms: 5_000,
        readings: vec![Reading::good(Metric::POWER, Phase::Total, unit, value)],
    };
    let intake = &appliance.context().intake;
    intake.store(Arc::new(vec![batch])).await.unwrap();
}

/// Stores a power, kW, of now.
pub async fn power(appliance: &Appliance, equipment: &str, value: f64) {
    power_at(appliance, equipment, appliance.now(), value).await;
}

/// A page of alerts.
pub async fn list(client: &Client, query: &str) -> Value {
    client.get(&format!("/api/alerts?{query}")).await.data()
}

/// The one alert there is.
pub async fn only(client: &Client) -> Value {
    let all = list(client, "").await;
    assert_eq!(all["total"], 1, "{all}");
    all["items"][0].clone()
}

async fn patch(client: &Client, path: &str, body: &Value) -> Reply {
    Reply::to(client.request(Method::PATCH, path).json(body)).await
}

#[tokio::test]
async fn an_alert_begins_is_acknowledged_and_ends() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let made = rule(
        &chief,
        &press,
        json!({ "dead_band": 5, "note": "Reduce the load." }),
    )
    .await;
    let mut socket = Socket::open(&chief, "/ws/alerts:new").await;
    let mut hub = Socket::open(&chief, "/ws").await;
    hub.subscribe(&json!({ "topic": "alerts" })).await;
    let first = hub.event("alerts").await;
    assert_eq!(first, json!({ "snapshot": true, "items": [] }));
    power(&appliance, &press, 70.0).await;
    power(&appliance, &press, 90.5).await;
    let message = socket.message().await;
    let shape = [
        "acknowledged",
        "equipment_id",
        "equipment_name",
        "id",
        "level",
        "location",
        "message",
        "threshold",
        "timestamp",
        "value",
    ];
    assert_eq!(keys(&message), shape);
    assert_eq!(message["message"], "Power 90.5 kW, above 80 kW");
    assert_eq!(
        (&message["equipment_name"], &message["location"]),
        (&json!("Press 1"), &json!("Hall 2"))
    );
    assert_eq!(hub.event("alerts").await["items"][0]["id"], message["id"]);
    // Within the dead band nothing changes; a repeat is no second alert.
    appliance.advance(5_000);
    power(&appliance, &press, 76.0).await;
    power(&appliance, &press, 95.0).await;
    let alert = only(&chief).await;
    assert_eq!(
        (&alert["state"], &alert["occurrences"]),
        (&json!("unacknowledged"), &json!(1))
    );
    assert_eq!(
        (&alert["rule_id"], &alert["advice"]),
        (&made["id"], &json!("Reduce the load."))
    );
    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());

    let operator = appliance.client_as(Role::Operator).await;
    let said = json!({ "user_id": "somebody else", "notes": "On my way." });
    let reply = operator.post(&format!("{path}/acknowledge"), &said).await;
    let known = reply.data();
    assert_eq!(known["acknowledged_by"], "operator@plant.example");
    assert_eq!(
        (&known["notes"], &known["state"]),
        (&json!("On my way."), &json!("acknowledged"))
    );
    assert_eq!(
        entries_of(&chief, &reply).await[0]["action"],
        "alert.acknowledge"
    );
    let again = chief
        .post(
            &format!("{path}/acknowledge"),
            &json!({ "notes": "Me, too." }),
        )
        .await;
    assert_eq!(again.data(), known, "the first one stays");
    assert!(entries_of(&chief, &again).await.is_empty());

    appliance.advance(5_000);
    power(&appliance, &press, 74.0).await;
    let over = chief.get(&path).await.data();
    assert_eq!(
        (&over["state"], &over["active"]),
        (&json!("normal"), &json!(false))
    );
    assert_eq!(over["resolved_at"], json!(appliance.now()));
    let history = over["history"].as_array().unwrap();
    let what: Vec<_> = history
        .iter()
        .map(|entry| entry["what"].as_str().unwrap())
        .collect();
    assert_eq!(what, ["raised", "acknowledged", "returned"]);
    assert_eq!(list(&chief, "status=open").await["total"], 0);
}

#[tokio::test]
async fn one_alert_rises_and_calls_again() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let steps = json!({ "steps": [{ "threshold": 100, "level": "Critical" }], "on_delay_s": 8 });
    rule(&chief, &press, steps).await;
    power(&appliance, &press, 85.0).await;
    assert_eq!(list(&chief, "").await["total"], 0, "the delay runs");
    appliance.advance(9_000);
    eventually("the delay to end without a reading", || async {
        (list(&chief, "").await["total"] == 1).then_some(())
    })
    .await;
    let path = format!(
        "/api/alerts/{}/acknowledge",
        only(&chief).await["id"].as_str().unwrap()
    );
    chief.post(&path, &json!({})).await.data();
    for _ in 0..3 {
        power(&appliance, &press, 110.0).await;
        appliance.advance(5_000);
    }
    let risen = only(&chief).await;
    assert_eq!(
        (&risen["level"], &risen["state"]),
        (&json!("Critical"), &json!("unacknowledged"))
    );
    assert_eq!(
        (&risen["acknowledged"], &risen["threshold"]),
        (&json!(false), &json!(100.0))
    );
}

#[tokio::test]
async fn what_changed_since_it_was_seen_is_not_acknowledged() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    rule(&chief, &press, json!({})).await;
    power(&appliance, &press, 90.0).await;
    let seen = only(&chief).await;
    power(&appliance, &press, 70.0).await;
    let (id, revision) = (&seen["id"], &seen["revision"]);
    let path = format!("/api/alerts/{}/acknowledge", id.as_str().unwrap());
    let stale = chief
        .post(&path, &json!({ "revision": revision }))
        .await
        .refused(409);
    let now = stale["details"]["revision"].clone();
    let all = json!({ "alerts": [{ "id": id, "revision": revision }] });
    chief
        .post("/api/alerts/acknowledge", &all)
        .await
        .refused(409);
    assert_eq!(
        only(&chief).await["acknowledged"],
        false,
        "nothing is half done"
    );
    let all = json!({ "alerts": [{ "id": id, "revision": now }], "notes": "Seen." });
    let reply = chief.post("/api/alerts/acknowledge", &all).await;
    assert_eq!(reply.data()["items"][0]["state"], "normal");
    assert_eq!(entries_of(&chief, &reply).await.len(), 1);
    chief
        .post("/api/alerts/acknowledge", &json!({ "alerts": [] }))
        .await
        .refused(400);
}

#[tokio::test]
async fn the_shelf_silences_for_a_time_and_with_a_reason() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    rule(&chief, &press, json!({})).await;
    power(&appliance, &press, 90.0).await;
    let path = format!("/api/alerts/{}", only(&chief).await["id"].as_str().unwrap());
    let shelve = format!("{path}/shelve");
    for bad in [
        json!({ "seconds": 5, "reason": "x" }),
        json!({ "seconds": 600, "reason": " " }),
    ] {
        chief.post(&shelve, &bad).await.refused(400);
    }
    let said = json!({ "seconds": 600, "reason": "The fitter is there." });
    let reply = chief.post(&shelve, &said).await;
    assert_eq!(reply.data()["state"], "shelved");
    assert_eq!(
        entries_of(&chief, &reply).await[0]["action"],
        "alert.shelve"
    );
    chief
        .post(&format!("{path}/acknowledge"), &json!({}))
        .await
        .refused(409);
    let shelf = chief.get("/api/alerts/shelved").await.data();
    assert_eq!(shelf["items"][0]["shelve_reason"], "The fitter is there.");
    let reply = chief.post(&format!("{path}/unshelve"), &json!({})).await;
    assert_eq!(reply.data()["state"], "unacknowledged");
    assert_eq!(
        entries_of(&chief, &reply).await[0]["action"],
        "alert.unshelve"
    );
    chief
        .post(&format!("{path}/unshelve"), &json!({}))
        .await
        .data();
    chief.post(&shelve, &said).await.data();
    power(&appliance, &press, 50.0).await;
    appliance.advance(601_000);
    eventually("the shelf to empty", || async {
        (only(&chief).await["state"] == "normal").then_some(())
    })
    .await;
    chief.post(&shelve, &said).await.refused(409);
}

#[tokio::test]
async fn people_resolve_and_comment() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    rule(&chief, &press, json!({ "latched": true })).await;
    power(&appliance, &press, 90.0).await;
    power(&appliance, &press, 50.0).await;
    let alert = only(&chief).await;
    assert_eq!(alert["state"], "latched_unacknowledged");
    let path = format!("/api/alerts/{}", alert["id"].as_str().unwrap());
    let reply = chief
        .post(
            &format!("{path}/comment"),
            &json!({ "text": "A blocked die." }),
        )
        .await;
    reply.data();
    assert_eq!(
        entries_of(&chief, &reply).await[0]["action"],
        "alert.comment"
    );
    chief
        .post(&format!("{path}/comment"), &json!({ "text": " " }))
        .await
        .refused(400);
    let resolve = format!("{path}/resolve");
    let reply = patch(&chief, &resolve, &json!({ "note": "Freed." })).await;
    let over = reply.data();
    assert_eq!(
        (&over["state"], &over["resolved_by"]),
        (&json!("normal"), &json!("chief@plant.example"))
    );
    assert_eq!(
        entries_of(&chief, &reply).await[0]["action"],
        "alert.resolve"
    );
    let again = chief.post(&resolve, &json!({})).await;
    assert_eq!(again.data()["resolved_at"], over["resolved_at"]);
    let history = chief.get(&path).await.data()["history"].clone();
    let notes: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["note"].clone())
        .collect();
    assert_eq!(
        notes,
        [
            Value::Null,
            Value::Null,
            json!("A blocked die."),
            json!("Freed.")
        ]
    );
}
