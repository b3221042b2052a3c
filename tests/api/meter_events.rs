//! Meters that were exchanged, transformers that were changed: entered by a person, energy follows.

use super::tokens;
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, assert_near};
use reqwest::Method;
use serde_json::{Value, json};

const FROM: &str = "2026-11-18T00:00:00Z";
const TO: &str = "2026-11-18T04:00:00Z";

/// A meter with four hours of an old day, one kWh a minute. At half past one it is exchanged: the
/// new one begins at 7; of the last ten minutes of the old one nothing was read.
async fn plant() -> (Appliance, Client, String) {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = tokens::make(&chief, &["readings:write"]).await;
    let program = appliance.client().with_token(&secret);
    let meter = json!({ "name": "Old meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01", "specs": { "capacity_kw": 200 } });
    let id = chief.add_equipment(&meter).await;
    let start: indusmind::base::Timestamp = FROM.parse().unwrap();
    let mut lines = String::new();
    for minute in (0..=240).filter(|minute| !(80..90).contains(minute)) {
        let shows = if minute < 90 {
            50_000 + minute
        } else {
            7 + minute - 90
        };
        let at = start.plus_ms(i64::from(minute) * 60_000).ms();
        lines += &format!("m,equipment_id={id} consumption={shows} {at}\n");
    }
    let write = program.request(Method::POST, "/api/v2/write?precision=ms");
    assert_eq!(Reply::to(write.body(lines)).await.status, 204);
    (appliance, chief, id)
}

/// Energy of each hour, and how much of it is not as it was read.
async fn hours(chief: &Client, id: &str) -> Vec<(f64, f64)> {
    let path = format!(
        "/api/historical/consumption?from={FROM}&to={TO}&resolution=1hour&meter_id={id}\
         &fields=substituted"
    );
    let window = chief.get(&path).await.data();
    let points = window["series"].as_array().unwrap();
    let figure = |point: &Value, name: &str| point[name].as_f64().unwrap();
    let of = |point: &Value| (figure(point, "consumption"), figure(point, "substituted"));
    points.iter().map(of).collect()
}

fn exchange() -> Value {
    json!({ "at": "2026-11-18T01:30:00Z", "end_reading": 50_090, "start_reading": 7,
        "reason": "The old one was worn." })
}

#[tokio::test]
async fn an_exchange_of_meters_is_entered_and_can_be_undone() {
    let (_appliance, chief, id) = plant().await;
    // Nobody said what the old one ended with: what it counted unread is not known.
    let before = hours(&chief, &id).await;
    assert_near(&json!(before[1].0), 49.0, "without the exchange");
    let path = format!("/api/equipment/{id}/meter-exchange");
    let made = chief.post(&path, &exchange()).await.created();
    assert_eq!(
        made["change"],
        json!({ "kind": "exchange", "end_reading": 50_090.0,
        "start_reading": 7.0 })
    );
    assert_eq!(made["undone"], Value::Null);
    assert!(made["by_name"].is_string(), "{made}");
    let after = hours(&chief, &id).await;
    let sum: f64 = after.iter().map(|(energy, _)| energy).sum();
    assert_near(&json!(sum), 240.0, "all of it");
    // Eleven minutes lie between the last reading of the old meter and its end.
    assert_near(&json!(after[1].1), 60.0, "said to be spread, by the hour");
    assert_near(&json!(after[0].1), 0.0, "as it was read");
    chief.post(&path, &exchange()).await.refused(409);

    let listed = chief
        .get(&format!("/api/equipment/{id}/meter-events"))
        .await;
    assert_eq!(listed.data().as_array().unwrap().len(), 1);
    let undo = format!("/api/equipment/{id}/meter-events/{}/undo", made["id"]);
    let undone = chief.post(&undo, &json!({})).await.data();
    assert!(undone["undone"]["at"].is_string() && undone["undone_by_name"].is_string());
    assert_eq!(hours(&chief, &id).await, before);
    assert_eq!(chief.post(&undo, &json!({})).await.data(), undone, "twice");
    for action in ["meter.exchange", "meter.undo"] {
        let entries = chief
            .get(&format!("/api/audit?action={action}"))
            .await
            .data();
        assert_eq!(entries["items"].as_array().unwrap().len(), 1, "{action}");
    }
}

#[tokio::test]
async fn other_transformers_multiply_what_the_register_grows_by() {
    let (_appliance, chief, id) = plant().await;
    let path = format!("/api/equipment/{id}/meter-ratio");
    let ratio = json!({ "at": "2026-11-18T03:00:00Z", "factor": 40,
        "reason": "200/5 A instead of 5/5 A." });
    chief.post(&path, &ratio).await.created();
    let hours = hours(&chief, &id).await;
    assert_near(&json!(hours[2].0), 60.0, "before");
    assert_near(&json!(hours[3].0), 2_400.0, "from then on");
    let entries = chief.get("/api/audit?action=meter.ratio").await.data();
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_place() {
    let (_appliance, chief, id) = plant().await;
    let path = format!("/api/equipment/{id}/meter-exchange");
    for (field, value, place) in [
        ("end_reading", json!(-1), "end_reading"),
        ("start_reading", json!(2e12), "start_reading"),
        ("reason", json!("  "), "reason"),
        ("metric", json!("power"), "metric"),
        // The old meter is read after this instant, and the new one before that.
        ("at", json!("2026-11-18T01:00:00Z"), "at"),
        ("at", json!("2026-11-18T02:00:00Z"), "at"),
    ] {
        let mut body = exchange();
        body[field] = value;
        assert_eq!(chief.post(&path, &body).await.bad_fields(), [place]);
    }
    let path = format!("/api/equipment/{id}/meter-ratio");
    for factor in [0.0, -2.0, 2e6] {
        let ratio = json!({ "at": "2026-11-18T03:00:00Z", "factor": factor, "reason": "A test." });
        assert_eq!(chief.post(&path, &ratio).await.bad_fields(), ["factor"]);
    }
    let listed = chief
        .get(&format!("/api/equipment/{id}/meter-events"))
        .await;
    assert_eq!(listed.data(), json!([]));
}
