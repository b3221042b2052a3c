//! Readings that devices bring: taken whole or refused whole, once, and on disk before the answer.

use super::push_devices::{cell, device, push};
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near};
use indusmind::base::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

struct Plant {
    appliance: Appliance,
    chief: Client,
    cell: String,
    key: String,
}

/// An appliance with a cold cell and its device C-1.
async fn plant() -> Plant {
    let (appliance, chief) = Appliance::furnished().await;
    let cell = cell(&chief, "Cell 1").await;
    let (_, key) = device(&chief, "C-1", &cell).await;
    Plant {
        appliance,
        chief,
        cell,
        key,
    }
}

impl Plant {
    async fn push(&self, body: &Value) -> Reply {
        push(&self.chief, "C-1", &self.key, body).await
    }

    async fn push_under(&self, idempotency_key: &str, body: &Value) -> Reply {
        let path = "/api/readings/devices/C-1/readings";
        let request = self.appliance.client().request(Method::POST, path);
        let request = request.header("x-device-key", &self.key);
        let request = request.header("idempotency-key", idempotency_key);
        Reply::to(request.json(body)).await
    }

    async fn points(&self, metric: &str) -> Vec<Value> {
        points(&self.chief, &self.cell, metric).await
    }

    fn before(&self, ms: i64) -> Timestamp {
        self.appliance.now().minus_ms(ms)
    }
}

async fn points(chief: &Client, id: &str, metric: &str) -> Vec<Value> {
    let path = format!(
        "/api/historical/consumption?from=2026-11-01&to=2026-12-01&resolution=raw\
         &meter_id={id}&metric={metric}"
    );
    let reply = chief.get(&path).await;
    if reply.status == 400 {
        assert_eq!(reply.bad_fields(), ["metric"]);
        assert!(reply.text.contains("was ever read"), "{}", reply.text);
        return Vec::new();
    }
    reply.data()["series"].as_array().unwrap().clone()
}

fn counts(report: &Value) -> (i64, i64, i64) {
    let count = |name: &str| report[name].as_i64().unwrap();
    (count("stored"), count("duplicates"), count("refused"))
}

#[tokio::test]
async fn a_reading_of_the_usual_shape_is_on_disk_when_it_is_answered() {
    let mut plant = plant().await;
    let body = json!({ "temperature": 4.25, "humidity": 61, "powerStatus": true,
        "doorStatus": false, "batteryLevel": 87 });
    let report = plant.push(&body).await.created();
    assert_eq!(counts(&report), (1, 0, 0));
    assert_eq!(
        report["readings"],
        json!([{ "index": 0, "status": "stored", "late": false,
            "timestamp": plant.appliance.now() }])
    );
    for (metric, value, unit) in [
        ("temperature", 4.25, "°C"),
        ("humidity", 61.0, "%"),
        ("power_ok", 1.0, ""),
        ("door_open", 0.0, ""),
        ("battery_level", 87.0, "%"),
    ] {
        let live = plant.chief.live_value(&plant.cell, metric, None).await;
        assert_near(&live["value"], value, metric);
        assert_eq!(
            (&live["unit"], &live["quality"]),
            (&json!(unit), &json!("good"))
        );
    }
    assert_eq!(plant.chief.live(&plant.cell).await["status"], "online");
    plant.appliance.stop().await;
    plant.appliance.start().await;
    let chief = plant.appliance.client().login(EMAIL, PASSWORD).await;
    let found = points(&chief, &plant.cell, "temperature").await;
    assert_eq!(found.len(), 1);
    assert_near(&found[0]["value"], 4.25, "after a restart");
    // So is what is known of the device.
    let shown = chief.get("/api/devices").await.data()["items"][0].clone();
    assert_eq!(
        (&shown["battery_level"], &shown["status"]),
        (&json!(87.0), &json!("online"))
    );
}

#[tokio::test]
async fn who_has_no_right_key_learns_nothing() {
    let plant = plant().await;
    let (_, other) = device(&plant.chief, "C-2", &plant.cell).await;
    let reading = json!({ "temperature": 4 });
    let client = plant.appliance.client();
    let mut told = Vec::new();
    for (serial, key) in [
        ("C-1", "imd_guess"),
        ("C-1", other.as_str()),
        ("C-9", plant.key.as_str()),
        ("C-9", ""),
    ] {
        let refusal = push(&client, serial, key, &reading).await.refused(401);
        told.push(refusal["error"].clone());
    }
    let path = "/api/readings/devices/C-1/readings";
    let without = client.post(path, &reading).await.refused(401);
    told.push(without["error"].clone());
    // A session is no key, and a malformed body is not looked at.
    let session = plant.chief.post(path, &reading).await.refused(401);
    told.push(session["error"].clone());
    let malformed = push(&client, "C-9", "x", &json!("{")).await.refused(401);
    told.push(malformed["error"].clone());
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(plant.points("temperature").await.is_empty());
    // The key of a device opens nothing else.
    let thief = client.with_token(&plant.key);
    thief.get("/api/devices").await.refused(401);
}

#[tokio::test]
async fn what_is_sent_twice_is_stored_once() {
    let plant = plant().await;
    let at = plant.before(MINUTE_MS);
    let body = json!([{ "temperature": 4.5, "timestamp": at }]);
    plant.push(&body).await.created();
    let report = plant.push(&body).await.data();
    assert_eq!(counts(&report), (0, 1, 0));
    assert_eq!(report["readings"][0]["status"], "duplicate");
    // Seconds mean the same instant.
    let seconds = json!({ "temperature": 4.5, "ts": at.ms() / 1_000 });
    assert_eq!(counts(&plant.push(&seconds).await.data()), (0, 1, 0));
    // More of the same instant is new; another value of it is not taken, nor what comes with it.
    let more = json!({ "temperature": 4.5, "humidity": 60, "timestamp": at });
    assert_eq!(counts(&plant.push(&more).await.created()), (1, 0, 0));
    let other = json!({ "temperature": 9.9, "batteryLevel": 50, "timestamp": at });
    let refusal = plant.push(&other).await;
    assert_eq!(refusal.bad_fields(), ["temperature"]);
    assert!(plant.points("battery_level").await.is_empty());
    let found = plant.points("temperature").await;
    assert_eq!(found.len(), 1);
    assert_near(&found[0]["value"], 4.5, "the first stands");
    // Within one delivery, too.
    let at = plant.before(0);
    let twice = json!([{ "temperature": 5, "timestamp": at }, { "temperature": 5, "timestamp": at },
        { "temperature": 6, "timestamp": at }]);
    assert_eq!(counts(&plant.push(&twice).await.data()), (1, 1, 1));
}

#[tokio::test]
async fn it_is_stored_once_when_it_is_sent_at_once_from_two_sides() {
    let plant = plant().await;
    let body = json!({ "temperature": 4.5, "timestamp": plant.before(MINUTE_MS) });
    let many = (0..8).map(|_| plant.push(&body));
    let replies = futures_util::future::join_all(many).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1, "{replies:?}");
    assert_eq!(plant.points("temperature").await.len(), 1);
}

#[tokio::test]
async fn a_key_makes_a_delivery_without_a_time_the_same_delivery() {
    let mut plant = plant().await;
    let body = json!({ "temperature": 4.5 });
    let first = plant.push_under("a-1", &body).await.created();
    plant.appliance.advance(MINUTE_MS);
    let again = plant.push_under("a-1", &body).await.data();
    assert_eq!(counts(&again), (0, 1, 0));
    assert_eq!(
        again["readings"][0]["timestamp"],
        first["readings"][0]["timestamp"]
    );
    let other = plant.push_under("a-1", &json!({ "temperature": 5 })).await;
    other.refused(409);
    // It is remembered over a restart, and is worth nothing to another delivery.
    plant.appliance.stop().await;
    plant.appliance.start().await;
    plant.chief = plant.appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(
        counts(&plant.push_under("a-1", &body).await.data()),
        (0, 1, 0)
    );
    assert_eq!(
        counts(&plant.push_under("a-2", &body).await.created()),
        (1, 0, 0)
    );
    assert_eq!(plant.points("temperature").await.len(), 2);
    let long = plant.push_under(&"k".repeat(129), &body).await;
    assert_eq!(long.bad_fields(), ["idempotency-key"]);
}

#[tokio::test]
async fn a_backlog_of_two_days_comes_in_and_older_readings_are_named() {
    let plant = plant().await;
    let hours: Vec<Value> = (0..=49)
        .map(|n| json!({ "temperature": n, "timestamp": plant.before((49 - n) * HOUR_MS) }))
        .collect();
    let report = plant.push(&json!({ "readings": hours })).await.data();
    assert_eq!(counts(&report), (49, 0, 1));
    let first = &report["readings"][0];
    assert_eq!(
        (&first["status"], &first["path"]),
        (&json!("refused"), &json!("timestamp"))
    );
    assert!(
        first["reason"].as_str().unwrap().contains("48 hours"),
        "{first}"
    );
    assert_eq!(
        (
            &report["readings"][1]["late"],
            &report["readings"][49]["late"]
        ),
        (&json!(true), &json!(false))
    );
    assert_eq!(plant.points("temperature").await.len(), 49);
    // The newest is what is shown.
    let live = plant
        .chief
        .live_value(&plant.cell, "temperature", None)
        .await;
    assert_near(&live["value"], 49.0, "live");
    // All of it again.
    let report = plant.push(&json!({ "readings": hours })).await.data();
    assert_eq!(counts(&report), (0, 49, 1));
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    let plant = plant().await;
    let with = |at: Value| json!({ "temperature": 4, "timestamp": at });
    let ahead = plant.appliance.now().plus_ms(5 * MINUTE_MS);
    plant.push(&with(json!(ahead))).await.created();
    for (at, word) in [
        (json!(ahead.plus_ms(1)), "future"),
        (json!(3_600), "never set"),
        (json!(plant.before(48 * HOUR_MS + 1)), "48 hours"),
        (json!("2026-11-21T08:00:00"), "2026-11-21T08:30:00Z"),
    ] {
        let reply = plant.push(&with(at)).await;
        assert_eq!(reply.bad_fields(), ["timestamp"]);
        assert!(reply.text.contains(word), "{word}: {}", reply.text);
    }
    assert_eq!(plant.points("temperature").await.len(), 1);
}

#[tokio::test]
async fn bad_readings_are_named_and_their_neighbours_are_taken() {
    let plant = plant().await;
    let at = |n: i64| json!(plant.before(n * MINUTE_MS));
    let body = json!([
        { "temperature": 4.0, "timestamp": at(3) },
        { "temperature": "cold", "humidity": 50, "timestamp": at(2) },
        { "temperature": 4.2, "pressure": 3, "timestamp": at(1) },
        { "metric": "power", "value": 1500, "unit": "W", "phase": "L1", "timestamp": at(0) },
    ]);
    let report = plant.push(&body).await.data();
    assert_eq!(counts(&report), (2, 0, 2));
    let paths: Vec<_> = report["readings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["path"])
        .collect();
    assert_eq!(
        paths,
        [
            &Value::Null,
            &json!("temperature"),
            &json!("pressure"),
            &Value::Null
        ]
    );
    assert_eq!(plant.points("temperature").await.len(), 1);
    assert!(
        plant.points("humidity").await.is_empty(),
        "nothing half applied"
    );
    let live = plant
        .chief
        .live_value(&plant.cell, "power", Some("L1"))
        .await;
    assert_near(&live["value"], 1.5, "W are kept as kW");
    // When nothing was taken it is a refusal, each at its place.
    let reply = plant
        .push(&json!([{ "humidity": 101 }, { "door": true }]))
        .await;
    assert_eq!(
        reply.bad_fields(),
        ["readings.0.humidity", "readings.1.door"]
    );
    for (body, field) in [
        (json!([]), "readings"),
        (json!(3), "body"),
        (json!({ "readings": [{}], "unit": "C" }), "unit"),
        (json!(vec![json!({ "temperature": 1 }); 1_001]), "readings"),
    ] {
        assert_eq!(plant.push(&body).await.bad_fields(), [field]);
    }
}

#[tokio::test]
async fn limits_are_kept_and_said() {
    let plant = plant().await;
    let path = "/api/readings/devices/C-1/readings";
    let send = |body: String| {
        let request = plant.appliance.client().request(Method::POST, path);
        Reply::to(request.header("x-device-key", &plant.key).body(body))
    };
    send("x".repeat((1 << 20) + 1)).await.refused(413);
    assert_eq!(send("{".to_owned()).await.bad_fields(), ["body"]);
    // A device that never stops is told to wait; others are not.
    let mut last = 0;
    for _ in 0..400 {
        let reply = plant.push(&json!([])).await;
        last = reply.status;
        if last == 429 {
            assert!(!reply.header("retry-after").is_empty());
            break;
        }
    }
    assert_eq!(last, 429);
    let (_, key) = device(&plant.chief, "C-2", &plant.cell).await;
    push(&plant.chief, "C-2", &key, &json!({ "humidity": 50 }))
        .await
        .created();
}

#[tokio::test]
async fn a_device_whose_equipment_is_out_of_use_is_told() {
    let plant = plant().await;
    let path = format!("/api/equipment/{}", plant.cell);
    let change = json!({ "status": "decommissioned" });
    plant.chief.put(&path, &change).await.data();
    let refusal = plant.push(&json!({ "temperature": 4 })).await.refused(409);
    assert!(
        refusal["error"]
            .as_str()
            .unwrap()
            .contains("decommissioned")
    );
    plant
        .chief
        .put(&path, &json!({ "status": "active" }))
        .await
        .data();
    plant.push(&json!({ "temperature": 4 })).await.created();
}

#[tokio::test]
async fn a_sensor_that_has_no_value_is_a_gap_and_not_a_zero() {
    let plant = plant().await;
    plant
        .push(&json!({ "temperature": null, "humidity": 50 }))
        .await
        .created();
    let live = plant
        .chief
        .live_value(&plant.cell, "temperature", None)
        .await;
    assert_eq!(
        (&live["value"], &live["quality"]),
        (&Value::Null, &json!("missing"))
    );
}
