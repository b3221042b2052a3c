//! Demand windows that the meters did not tell: they are read less often than the windows are long.

use crate::alerts::machine;
use crate::support::Appliance;
use indusmind::base::{Batch, Metric, Phase, Reading, Timestamp, Unit};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// A day until some minutes ago of a meter that is read every so many minutes, at 36 kW.
fn load(appliance: &Appliance, id: &str, (minutes, ago): (i64, i64)) {
    let step_ms = minutes * MINUTE_MS;
    let now = appliance.now().minus_ms(ago * MINUTE_MS);
    let batch = |n: i64| Batch {
        equipment: id.parse().unwrap(),
        at: now.minus_ms(n * step_ms),
        arrived: now,
        interval_ms: u32::try_from(step_ms).unwrap(),
        readings: vec![Reading::good(
            Metric::CONSUMPTION,
            Phase::Total,
            Unit::new("kWh").unwrap(),
            // It tells tenths: what is shared out is whole steps of the meter.
            f64::from(i32::try_from(500_001 - n * minutes * 6).unwrap()) / 10.0,
        )],
    };
    let batches: Vec<_> = (0..=1_440 / minutes).rev().map(batch).collect();
    appliance.context().tsdb.load(&batches).unwrap();
}

/// The greatest window of the day before an instant, and the note of the bill about estimates.
async fn told(minutes: i64) -> (Value, Option<Value>) {
    let (appliance, chief) = Appliance::furnished_at("2026-11-21T08:00:00Z").await;
    let main = machine(&chief, "Main").await;
    load(&appliance, &main, (minutes, 0));
    let mut tariff = crate::energy_cost::tariff("Contract");
    tariff["in_use"] = json!(true);
    chief.post("/api/energy/tariffs", &tariff).await.created();
    let shown = |at: Timestamp| at.to_string();
    let (from, to) = (appliance.now().minus_ms(1_440 * MINUTE_MS), appliance.now());
    let peaks = format!("/api/energy/peaks?from={}&to={}", shown(from), shown(to));
    let highest = chief.get(&peaks).await.data()["items"][0].clone();
    let bill = chief.get("/api/energy/bill?month=2026-11").await.data();
    assert_eq!(bill["peak"]["estimated"], highest["estimated"]);
    let notes = bill["notes"].as_array().unwrap();
    let note = notes
        .iter()
        .find(|note| note["code"] == "windows_estimated");
    (highest, note.cloned())
}

#[tokio::test]
async fn a_window_that_no_reading_told_says_so() {
    let (highest, note) = told(60).await;
    assert_eq!(highest["estimated"], true, "{highest}");
    let note = note.unwrap();
    assert_eq!(note["values"]["count"], "96");
    assert!(
        note["sentence"]
            .as_str()
            .unwrap()
            .starts_with("96 demand windows are estimated")
    );
}

#[tokio::test]
async fn a_window_of_a_meter_that_is_read_in_it_does_not() {
    for minutes in [1, 15] {
        let (highest, note) = told(minutes).await;
        assert_eq!(highest["estimated"], false, "{highest}");
        assert_eq!(highest["kw"], "36");
        assert_eq!(note, None);
    }
}

/// All windows of ten minutes of six hours before an instant.
async fn tens(read: (i64, i64)) -> Vec<Value> {
    let (appliance, chief) = Appliance::furnished_at("2026-11-21T08:00:00Z").await;
    let main = machine(&chief, "Main").await;
    load(&appliance, &main, read);
    let mut tariff = crate::energy_cost::tariff("Contract");
    tariff["in_use"] = json!(true);
    tariff["version"]["rules"]["window_minutes"] = json!(10);
    chief.post("/api/energy/tariffs", &tariff).await.created();
    let peaks = "/api/energy/peaks?from=2026-11-21T02:00:00Z&to=2026-11-21T08:00:00Z&limit=50";
    let found = chief.get(peaks).await.data();
    found["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn windows_of_ten_minutes_have_their_part_of_what_was_read_seldom() {
    let cases = [(60, 7, true), (20, 7, true), (5, 7, false), (1, 0, false)];
    for (minutes, ago, is_estimated) in cases {
        let windows = tens((minutes, ago)).await;
        // Of the window that the last reading lies in, not all is known.
        let known = if ago > 0 { 35 } else { 36 };
        assert_eq!(windows.len(), known, "{minutes}");
        for window in windows {
            let told = (
                &window["kw"],
                &window["estimated"],
                &window["shares"][0]["kw"],
            );
            let all = (&json!("36"), &json!(is_estimated), &json!(36.0));
            assert_eq!(told, all, "{minutes}: {window}");
        }
    }
}
