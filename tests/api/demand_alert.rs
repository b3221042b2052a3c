//! The alert that tells that the contracted power will be passed, while there is time to act.

use crate::alerts::{list, machine};
use crate::support::client::Client;
use crate::support::{Appliance, eventually};
use indusmind::base::{Batch, Metric, Phase, Reading, Unit};
use serde_json::{Value, json};
use std::sync::Arc;

/// Nine in the morning in Tunis: a window of a quarter of an hour begins.
const MORNING: &str = "2026-11-21T08:00:00Z";
const MINUTE_MS: i64 = 60_000;

/// A minute passes in which the meters show so many kW.
async fn minute(appliance: &Appliance, shown: &[(&str, f64)]) {
    let batch = |(id, kw): &(&str, f64)| Batch {
        equipment: id.parse().unwrap(),
        at: appliance.now(),
        arrived: appliance.now(),
        interval_ms: 60_000,
        readings: vec![Reading::good(
            Metric::POWER,
            Phase::Total,
            Unit::new("kW").unwrap(),
            *kw,
        )],
    };
    let batches = shown.iter().map(batch).collect();
    let intake = &appliance.context().intake;
    intake.store(Arc::new(batches)).await.unwrap();
    appliance.advance(MINUTE_MS);
}

/// Lets minutes pass until the alert stands, or does not.
async fn until(
    (appliance, chief): (&Appliance, &Client),
    shown: &[(&str, f64)],
    stands: bool,
) -> Value {
    eventually("the alert of the demand", || async {
        minute(appliance, shown).await;
        let found = list(chief, "search=contracted&status=active").await;
        (found["total"] == i32::from(stands)).then(|| found["items"][0].clone())
    })
    .await
}

#[tokio::test]
async fn a_window_that_will_pass_the_contracted_power_is_told_while_there_is_time() {
    let (appliance, chief) = Appliance::furnished_at(MORNING).await;
    let (main, oven) = (machine(&chief, "Main").await, machine(&chief, "Oven").await);
    let tree = json!({ "revision": 0, "nodes": [
        { "id": "site", "name": "Plant", "kind": "site", "incoming": [{ "meter": main }] },
        { "id": "hall", "name": "Hall", "kind": "area", "parent": "site",
          "consumers": [{ "meter": oven }] },
    ] });
    chief.put("/api/energy/tree", &tree).await.data();
    let mut tariff = crate::energy_cost::tariff("Contract");
    tariff["in_use"] = json!(true);
    chief.post("/api/energy/tariffs", &tariff).await.created();
    let of = (&appliance, &chief);
    let (high, low) = (
        [(&*main, 140.0), (&*oven, 60.0)],
        [(&*main, 20.0), (&*oven, 2.0)],
    );

    let raised = until(of, &high, true).await;
    let message = raised["message"].as_str().unwrap();
    for part in [
        "until 09:15 will be 140 kW; 95 kW are contracted.",
        "Oven (60 kW)",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(
        (&raised["level"], &raised["value"], &raised["threshold"]),
        (&json!("High"), &json!(140.0), &json!(95.0))
    );
    assert_eq!(raised["condition"], "demand/site_a", "{raised}");
    // Enough was dropped: the window ends below.
    until(of, &low, false).await;
    // Another window, another danger; whoever wants no alert has none.
    let again = until(of, &high, true).await;
    assert_ne!(again["message"], raised["message"]);
    let sites = chief.get("/api/sites").await.data();
    let path = format!("/api/sites/{}", sites["items"][0]["id"].as_str().unwrap());
    assert_eq!(sites["items"][0]["wishes"]["demand_alert"], true);
    let off = json!({ "wishes": { "demand_alert": false } });
    chief.put(&path, &off).await.data();
    until(of, &high, false).await;
}
