//! Demand windows that the meters did not tell: they are read less often than the windows are long.

use crate::alerts::machine;
use crate::support::Appliance;
use indusmind::base::{Batch, Metric, Phase, Reading, Timestamp, Unit};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// A day until now of a meter that is read every so many minutes, at 36 kW.
fn load(appliance: &Appliance, id: &str, minutes: i64) {
    let (now, step_ms) = (appliance.now(), minutes * MINUTE_MS);
    let batch = |n: i64| Batch {
        equipment: id.parse().unwrap(),
        at: now.minus_ms(n * step_ms),
        arrived: now,
        interval_ms: u32::try_from(step_ms).unwrap(),
        readings: vec![Reading::good(
            Metric::CONSUMPTION,
            Phase::Total,
            Unit::new("kWh").unwrap(),
            50_000.0 - f64::from(i32::try_from(n * minutes).unwrap()) * 0.6,
        )],
    };
    let batches: Vec<_> = (0..=1_440 / minutes).rev().map(batch).collect();
    appliance.context().tsdb.load(&batches).unwrap();
}

/// The greatest window of the day before an instant, and the note of the bill about estimates.
async fn told(minutes: i64) -> (Value, Option<Value>) {
    let (appliance, chief) = Appliance::furnished_at("2026-11-21T08:00:00Z").await;
    let main = machine(&chief, "Main").await;
    load(&appliance, &main, minutes);
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
