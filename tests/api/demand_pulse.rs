//! Demand windows that end with the pulse of the utility's meter, not with the clock.

use crate::alerts::machine;
use crate::support::client::Client;
use crate::support::{Appliance, eventually};
use indusmind::base::{Batch, Metric, Phase, Reading, Unit};
use serde_json::{Value, json};
use std::sync::Arc;

/// Nine in the morning in Tunis: a window of the clock begins.
const MORNING: &str = "2026-11-21T08:00:00Z";
const STEP_S: i64 = 10;
/// The clock of the utility is 200 s late: its pulses, in seconds after nine. The next one is lost.
const PULSES: [i64; 3] = [200, 1_100, 2_000];

/// Ten seconds pass, after which a meter shows so much energy and so many pulses.
async fn tick(appliance: &Appliance, id: &str, tenths: u32, pulses: usize) {
    let reading = |name: &str, unit: &str, value: f64| {
        let (metric, unit) = (Metric::new(name).unwrap(), Unit::new(unit).unwrap());
        Reading::good(metric, Phase::Total, unit, value)
    };
    let pulses = f64::from(u32::try_from(pulses).unwrap());
    let batch = Batch {
        equipment: id.parse().unwrap(),
        at: appliance.now(),
        arrived: appliance.now(),
        interval_ms: 10_000,
        readings: vec![
            reading("consumption", "kWh", 1_000.0 + f64::from(tenths) / 10.0),
            reading("sync_pulse_count", "", 7.0 + pulses),
        ],
    };
    let intake = &appliance.context().intake;
    intake.store(Arc::new(vec![batch])).await.unwrap();
    appliance.advance(STEP_S * 1_000);
}

/// A meter at 36 kW, and at 72 kW for the fifteen minutes from the first pulse on.
async fn run(appliance: &Appliance, id: &str, seconds: std::ops::Range<i64>) {
    for now in seconds.step_by(usize::try_from(STEP_S).unwrap()) {
        let more = (now.min(1_100) - 200).max(0);
        let tenths = u32::try_from((now + more) / STEP_S).unwrap();
        let pulses = PULSES.iter().filter(|at| **at <= now).count();
        tick(appliance, id, tenths, pulses).await;
    }
}

/// The greatest window and the demand of the bill are those of the utility, to the digit.
async fn billed_by_the_pulse(chief: &Client, peaks: &str) {
    // By hand: two thirds of the minute of 1.0 kWh, 14 minutes of 1.2 kWh and a third of the one of
    // 0.8 kWh are 17.733333 kWh in a quarter of an hour.
    let found = chief.get(peaks).await.data();
    let highest = &found["items"][0];
    assert_eq!(
        (
            &highest["kw"],
            &highest["at"],
            &highest["to"],
            &highest["follows"]
        ),
        (
            &json!("70.933332"),
            &json!("2026-11-21T08:03:20.000Z"),
            &json!("2026-11-21T08:18:20.000Z"),
            &json!("pulse")
        )
    );
    assert_eq!(highest["shares"][0]["kw"], 70.933_332);
    let bill = chief.get("/api/energy/bill?month=2026-11").await.data();
    assert_eq!(
        bill["peak"],
        json!({ "kw": "70.933332", "at": "2026-11-21T08:03:20.000Z", "estimated": false })
    );
    let note = |code: &str| {
        let notes = bill["notes"].as_array().unwrap();
        notes.iter().find(|note| note["code"] == code).cloned()
    };
    let told = note("windows_told").unwrap();
    assert_eq!(
        told["values"],
        json!({ "pulse": "2", "held": "0", "clock": "0" }),
        "{bill}"
    );
}

#[tokio::test]
async fn windows_follow_the_pulse_of_the_utility() {
    let (appliance, chief) = Appliance::furnished_at(MORNING).await;
    let main = machine(&chief, "Main").await;
    let mut tariff = crate::energy_cost::tariff("Contract");
    tariff["in_use"] = json!(true);
    chief.post("/api/energy/tariffs", &tariff).await.created();
    let sites = chief.get("/api/sites").await.data();
    let path = format!("/api/sites/{}", sites["items"][0]["id"].as_str().unwrap());
    let pulse = |equipment: &str| {
        json!({ "wishes": { "demand_pulse":
        { "equipment": equipment, "metric": "sync_pulse_count" } } })
    };
    let elsewhere = pulse("01a1fc32-7959-7208-9b0d-bfecd1744b85");
    let refused = chief.put(&path, &elsewhere).await.refused(400);
    assert_eq!(
        refused["details"]["fields"][0]["path"],
        "wishes.demand_pulse.equipment"
    );
    chief.put(&path, &pulse(&main)).await.data();
    let demand = chief.get("/api/energy/demand").await.data();
    let heard = &demand["pulse"];
    assert_eq!(
        (&heard["follows"], &heard["heard_at"]),
        (&json!("clock"), &json!(null))
    );

    run(&appliance, &main, 0..2_400).await;
    let follows = async |what: &str, heard_at: &str| {
        eventually("what the windows follow", || async {
            // The look comes three times a minute.
            appliance.advance(1_000);
            let demand = chief.get("/api/energy/demand").await.data();
            let pulse = &demand["pulse"];
            (pulse["follows"] == what && pulse["heard_at"] == heard_at).then_some(demand)
        })
        .await
    };
    let third = "2026-11-21T08:33:20.000Z";
    let demand = follows("pulse", third).await;
    assert_eq!(demand["pulse"]["offset_s"], 200);
    let running = &demand["running"];
    assert_eq!(
        (&running["from"], &running["to"]),
        (
            &json!("2026-11-21T08:33:20.000Z"),
            &json!("2026-11-21T08:48:20.000Z")
        )
    );

    let peaks = "/api/energy/peaks?from=2026-11-21T08:00:00Z&to=2026-11-21T09:00:00Z";
    billed_by_the_pulse(&chief, peaks).await;
    // The pulse of 2900 is lost: its windows go on, and it is said.
    run(&appliance, &main, 2_440..3_100).await;
    let held = follows("held", third).await;
    assert_eq!(held["pulse"]["offset_s"], 200);
    assert_eq!(held["running"]["from"], "2026-11-21T08:48:20.000Z");
    // Whoever wants the clock has it from its next window on.
    chief.put(&path, &json!({ "wishes": {} })).await.data();
    let by_clock = eventually("the clock", || async {
        appliance.advance(20_000);
        let demand = chief.get("/api/energy/demand").await.data();
        demand["pulse"].is_null().then_some(demand)
    })
    .await;
    assert_eq!(by_clock["window_minutes"], 15);
    // What was cut by the pulse stays so.
    assert_eq!(chief.get(peaks).await.data()["items"][0]["kw"], "70.933332");
}

/// What the report of peaks says of windows, and whether it is the same when it is made again.
async fn reported(chief: &Client, id: &str) -> (String, Value) {
    let shown = chief.get(&format!("/api/reports/{id}")).await.data();
    let source = &shown["document"]["sections"][0]["source"];
    let again = format!("/api/reports/{id}/recompute");
    let again = chief.post(&again, &json!({})).await.data();
    (source.as_str().unwrap_or_default().to_owned(), again)
}

#[tokio::test]
async fn a_report_waits_for_the_last_window_of_its_period() {
    let (appliance, chief) = Appliance::furnished_at(MORNING).await;
    let main = machine(&chief, "Main").await;
    let sites = chief.get("/api/sites").await.data();
    let path = format!("/api/sites/{}", sites["items"][0]["id"].as_str().unwrap());
    let pulse = json!({ "wishes": { "demand_pulse":
        { "equipment": main, "metric": "sync_pulse_count" } } });
    chief.put(&path, &pulse).await.data();
    run(&appliance, &main, 0..1_840).await;
    let demand = "/api/energy/demand";
    eventually("the pulse", || async {
        let demand = chief.get(demand).await.data();
        (demand["pulse"]["follows"] == "pulse").then_some(())
    })
    .await;
    // Half past: the window that began at 09:18:20 in Tunis has its middle before it, and ends after it.
    let asked = json!({ "template": "peaks", "from": MORNING, "to": "2026-11-21T08:30:00Z" });
    let asked = chief.post("/api/reports/generate", &asked).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let id = asked.json()["data"]["id"].as_str().unwrap().to_owned();
    let report = format!("/api/reports/{id}");
    run(&appliance, &main, 1_840..2_400).await;
    let shown = chief.get(&report).await.data();
    let waits = (&shown["report"]["state"], &shown["report"]["stage"]);
    assert_eq!(waits, (&json!("PENDING"), &json!("untold")));
    run(&appliance, &main, 2_400..2_700).await;
    let shown = eventually("the report", || async {
        let shown = chief.get(&report).await.data();
        (shown["report"]["state"] != "PENDING" && shown["report"]["state"] != "RUNNING")
            .then_some(shown)
    })
    .await;
    assert_eq!(shown["report"]["state"], "SUCCESS", "{shown}");
    let (source, same) = reported(&chief, &id).await;
    assert!(
        source.contains("2 of them by the pulse of the utility, 0 in"),
        "{source}"
    );
    assert_eq!(same["same"], true, "{same}");
    run(&appliance, &main, 2_700..3_600).await;
    let later = reported(&chief, &id).await.1;
    assert_eq!(later["same"], true, "{later}");
}
