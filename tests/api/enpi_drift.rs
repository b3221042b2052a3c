//! Indicators whose plant drifts are alerts, and those of a place follow the meter tree.

use crate::alerts::{list, machine};
use crate::enpi::{USUAL, baseline_of, indicator, plant};
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

/// Waits, hour by hour, until the alert about the baseline stands, or does not.
async fn alert(appliance: &Appliance, stands: bool) -> (Client, Value) {
    eventually("the alert of the indicator", || async {
        appliance.advance(HOUR_MS);
        // After some hours nobody is signed in any more.
        let chief = appliance.client().login(EMAIL, PASSWORD).await;
        let found = list(&chief, "search=baseline&status=active").await;
        let item = found["items"][0].clone();
        (found["total"] == i32::from(stands)).then_some((chief, item))
    })
    .await
}

#[tokio::test]
async fn a_drift_upwards_is_an_alert_until_it_is_explained() {
    let (appliance, chief) = Appliance::furnished().await;
    let (press, entries) = plant(&appliance, &chief).await;
    let entries = json!({ "entries": entries });
    chief.post("/api/energy/production", &entries).await.data();
    let made = chief.post("/api/energy/enpi", &indicator(&press)).await;
    let path = format!(
        "/api/energy/enpi/{}",
        made.created()["id"].as_str().unwrap()
    );
    let baselines = format!("{path}/baselines");
    chief.post(&baselines, &baseline_of(USUAL)).await.created();
    // A tenth less is used: that is no trouble.
    let (chief, _) = alert(&appliance, false).await;
    let adjustment = json!({ "from": "2026-10-31T23:00:00Z", "kwh_per_day": -60,
        "reason": "The dryer was taken away." });
    let path_of = format!("{path}/adjustments");
    chief.post(&path_of, &adjustment).await.created();
    let (chief, raised) = alert(&appliance, true).await;
    let message = raised["message"].as_str().unwrap();
    assert!(
        message.starts_with("More energy is used than the baseline expects: "),
        "{message}"
    );
    assert!(message.ends_with(" kWh/day since 2026-11-01."), "{message}");
    assert_eq!(
        (
            &raised["equipment_name"],
            &raised["level"],
            &raised["source"]
        ),
        (&json!("Press hall"), &json!("Medium"), &json!("appliance"))
    );
    chief.delete(&format!("{path_of}/1")).await.data();
    alert(&appliance, false).await;
}

#[tokio::test]
async fn an_indicator_of_a_place_counts_its_meters_and_says_when_they_changed() {
    let (appliance, chief) = Appliance::furnished().await;
    let (press, _) = plant(&appliance, &chief).await;
    let lamp = machine(&chief, "Lamps").await;
    let tree = |revision: u64, consumers: &[&String]| {
        let meters: Vec<Value> = consumers.iter().map(|id| json!({ "meter": id })).collect();
        json!({ "revision": revision, "nodes": [
            { "id": "site", "name": "Plant", "kind": "site" },
            { "id": "hall", "name": "Hall", "kind": "area", "parent": "site",
              "consumers": meters } ] })
    };
    let enpi = "/api/energy/enpi";
    let mut hall = json!({ "name": "Hall", "kind": "value", "period": "day", "place": "hall" });
    assert_eq!(chief.post(enpi, &hall).await.bad_fields(), ["place"]);
    chief
        .put("/api/energy/tree", &tree(0, &[&press]))
        .await
        .data();
    hall["equipment"] = json!([press]);
    assert_eq!(chief.post(enpi, &hall).await.bad_fields(), ["equipment"]);
    hall["equipment"] = json!([]);
    let made = chief.post(enpi, &hall).await.created();
    assert_eq!(
        (&made["place"], &made["equipment"]),
        (&json!("hall"), &json!([]))
    );
    let path = format!("{enpi}/{}", made["id"].as_str().unwrap());
    let baselines = format!("{path}/baselines");
    let first = chief.post(&baselines, &baseline_of(USUAL)).await.created();
    assert_eq!(first["recipe"]["equipment"], json!([press]));
    let range = format!("{path}/evaluation?from=2026-11-01&to=2026-11-10");
    let found = chief.get(&range).await.data();
    assert_eq!(
        (&found["boundary_changed"], &found["baseline"]),
        (&json!(false), &json!(1))
    );
    assert!(
        found["savings"]["saved_kwh"].as_f64().unwrap() > 0.0,
        "{found}"
    );
    // The tree grows: the baseline stays what it was, and says so.
    let grown = tree(1, &[&press, &lamp]);
    chief.put("/api/energy/tree", &grown).await.data();
    let again = chief.get(&range).await.data();
    assert_eq!(again["boundary_changed"], true);
    assert_eq!(again["savings"], found["savings"]);
    // The place goes: nothing new can be computed of it.
    chief
        .put(
            "/api/energy/tree",
            &json!({ "revision": 2, "nodes": [
        { "id": "site", "name": "Plant", "kind": "site", "consumers": [{ "meter": press }] } ] }),
        )
        .await
        .data();
    let refused = chief.post(&baselines, &baseline_of(30)).await;
    assert_eq!(refused.bad_fields(), ["place"]);
}
