//! How long readings are kept, and what people correct in them.

use super::tokens;
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, assert_near, eventually, keys};
use reqwest::Method;
use serde_json::{Value, json};

const FROM: &str = "2026-11-18T00:00:00Z";
const TO: &str = "2026-11-18T04:00:00Z";

/// A meter with four hours of an old day: 10 kW every minute, and a spike of 5,000 for ten
/// minutes.
async fn plant() -> (Appliance, Client, String) {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = tokens::make(&chief, &["readings:write"]).await;
    let program = appliance.client().with_token(&secret);
    let meter = json!({ "name": "Old meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let id = chief.add_equipment(&meter).await;
    let start: indusmind::base::Timestamp = FROM.parse().unwrap();
    let mut lines = String::new();
    for minute in 0..240 {
        let kw = if (60..70).contains(&minute) {
            5_000
        } else {
            10
        };
        let at = start.plus_ms(minute * 60_000).ms();
        lines += &format!("m,equipment_id={id} power={kw} {at}\n");
    }
    let write = program.request(Method::POST, "/api/v2/write?precision=ms");
    assert_eq!(Reply::to(write.body(lines)).await.status, 204);
    (appliance, chief, id)
}

async fn hours(chief: &Client, id: &str) -> Vec<Value> {
    let path = format!(
        "/api/historical/consumption?from={FROM}&to={TO}&resolution=1hour&meter_id={id}\
         &metric=power&fields=max"
    );
    let window = chief.get(&path).await.data();
    window["series"].as_array().unwrap().clone()
}

fn correction(id: &str) -> Value {
    json!({ "equipment_id": id, "metric": "power", "from": "2026-11-18T01:00:00Z",
        "to": "2026-11-18T01:10:00Z", "change": { "do": "set", "by": 12.5 },
        "why": "The current transformer was being changed." })
}

/// Lets the upkeep run some times.
async fn upkeep(appliance: &Appliance) {
    for _ in 0..4 {
        appliance.advance(10_000);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_correction_changes_the_figures_and_can_be_undone() {
    let (mut appliance, chief, id) = plant().await;
    let spike = (50.0 * 10.0 + 10.0 * 5_000.0) / 60.0;
    assert_near(&hours(&chief, &id).await[1]["power"], spike, "as measured");
    let made = chief
        .post("/api/corrections", &correction(&id))
        .await
        .created();
    assert_eq!((&made["id"], &made["undone"]), (&json!(1), &Value::Null));
    let mended = (50.0 * 10.0 + 10.0 * 12.5) / 60.0;
    assert_near(&hours(&chief, &id).await[1]["power"], mended, "at once");
    assert_near(&hours(&chief, &id).await[1]["max"], 12.5, "at once");
    upkeep(&appliance).await;
    assert_near(&hours(&chief, &id).await[1]["power"], mended, "when sealed");
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, crate::support::PASSWORD)
        .await;
    assert_near(
        &hours(&chief, &id).await[1]["power"],
        mended,
        "when started again",
    );
    assert_near(
        &hours(&chief, &id).await[0]["power"],
        10.0,
        "the hour before",
    );
    let undone = chief
        .post("/api/corrections/1/undo", &json!({}))
        .await
        .data();
    assert!(undone["undone"]["at"].is_string());
    assert_near(&hours(&chief, &id).await[1]["power"], spike, "undone");
    upkeep(&appliance).await;
    assert_near(
        &hours(&chief, &id).await[1]["power"],
        spike,
        "undone and sealed",
    );
    // Undoing it again changes nothing, and says the same.
    let again = chief
        .post("/api/corrections/1/undo", &json!({}))
        .await
        .data();
    assert_eq!(again, undone);
    let listed = chief.get("/api/corrections").await.data();
    assert_eq!(listed["total"], 1);
    let actions: Vec<_> = chief.audit().await;
    let count = |action: &str| actions.iter().filter(|e| e["action"] == action).count();
    assert_eq!(
        (count("readings.correct"), count("readings.correct_undo")),
        (1, 1)
    );
}

#[tokio::test]
async fn a_correction_that_makes_no_sense_is_refused_with_its_place() {
    let (_appliance, chief, id) = plant().await;
    let with = |path: &str, value: Value| {
        let mut body = correction(&id);
        body[path] = value;
        body
    };
    for (body, place) in [
        (with("why", json!("  ")), "why"),
        (with("to", json!(FROM)), "to"),
        (with("to", json!("2028-11-18T00:00:00Z")), "to"),
        (with("metric", json!("sound")), "metric"),
        (with("equipment_id", json!("nobody")), "equipment_id"),
        (
            with("change", json!({ "do": "set", "by": 1e300 })),
            "change.by",
        ),
        (with("change", json!({ "do": "guess" })), "change"),
    ] {
        let refused = chief.post("/api/corrections", &body).await;
        let fields = refused.bad_fields();
        assert!(
            fields.iter().any(|field| field.starts_with(place)),
            "{place}: {fields:?}"
        );
    }
    assert_eq!(chief.get("/api/corrections").await.data()["total"], 0);
    chief
        .post("/api/corrections/7/undo", &json!({}))
        .await
        .refused(404);
}

#[tokio::test]
async fn how_long_readings_are_kept_is_shown_and_set() {
    let (appliance, chief, _) = plant().await;
    let storage = eventually("a file of every level", || async {
        upkeep(&appliance).await;
        let storage = chief.get("/api/system/storage").await.data();
        let mut levels = storage["levels"].as_array().unwrap().iter();
        levels.all(|level| level["files"] == 1).then_some(storage)
    })
    .await;
    assert_eq!(
        keys(&storage),
        [
            "bytes_per_day",
            "data_file_bytes",
            "disk_bytes",
            "free_bytes",
            "full_on",
            "levels",
            "used_percent",
            "warning_percent"
        ]
    );
    let levels = storage["levels"].as_array().unwrap();
    let kept: Vec<_> = levels
        .iter()
        .map(|level| (level["level"].as_str().unwrap(), level["keep_days"].clone()))
        .collect();
    let ever = Value::Null;
    assert_eq!(
        kept,
        [
            ("raw", json!(90)),
            ("minute", json!(366)),
            ("quarter", ever.clone()),
            ("hour", ever)
        ]
    );
    assert!(
        levels
            .iter()
            .all(|level| level["files"] == 1 && level["bytes"].as_u64() > Some(0))
    );
    let keep =
        json!({ "raw_days": 30, "minute_days": 400, "quarter_days": 1000, "hour_days": null });
    assert_eq!(chief.put("/api/system/storage", &keep).await.data(), keep);
    let shown = chief.get("/api/system/storage").await.data();
    assert_eq!(shown["levels"][2]["keep_days"], 1000);
    let short = json!({ "raw_days": 1, "minute_days": 20, "quarter_days": 30, "hour_days": 10 });
    let refused = chief.put("/api/system/storage", &short).await;
    assert_eq!(
        refused.bad_fields(),
        ["hour_days", "minute_days", "quarter_days", "raw_days"]
    );
    // A level that is left out is not meant to be kept for ever.
    let partly = json!({ "raw_days": 30, "minute_days": 400, "quarter_days": 1000 });
    chief.put("/api/system/storage", &partly).await.refused(400);
    let shown = chief.get("/api/system/storage").await.data();
    assert_eq!(shown["levels"][0]["keep_days"], 30);
}
