//! The target of the day: what an objective of the energy plan lets the site use, else the wish of
//! the site, else none.

use crate::enpi::{USUAL, baseline_of, indicator, plant};
use crate::support::client::Client;
use crate::support::{Appliance, assert_near};
use indusmind::base::{Batch, EquipmentId, Metric, Phase, Reading, Unit};
use serde_json::{Value, json};
use std::sync::Arc;

async fn today(chief: &Client) -> Value {
    chief.get("/api/dashboard/today").await.data()
}

async fn wish(chief: &Client, kwh: &str) {
    let sites = chief.get("/api/sites").await.data();
    let path = format!("/api/sites/{}", sites["items"][0]["id"].as_str().unwrap());
    let wishes = json!({ "wishes": { "target_kwh_per_day": kwh } });
    chief.put(&path, &wishes).await.data();
}

/// An objective of an indicator from the end of what was usual on.
async fn objective(chief: &Client, enpi: &Value, name: &str, fraction: f64) -> Value {
    let since = baseline_of(USUAL)["to"].clone();
    let said = json!({ "kind": "objective", "name": name, "enpi_id": enpi["id"],
        "since": since, "target_fraction": fraction });
    chief.post("/api/energy/plan", &said).await.created()
}

#[tokio::test]
async fn an_objective_of_the_whole_site_is_the_target_of_the_day() {
    let (appliance, chief) = Appliance::furnished().await;
    let (press, _) = plant(&appliance, &chief).await;
    wish(&chief, "1200").await;
    let before = today(&chief).await;
    assert_eq!(
        (
            &before["target_kwh"],
            &before["target_from"],
            &before["objective"]
        ),
        (&json!(1_200.0), &json!("site"), &Value::Null)
    );
    let value = json!({ "name": "Site", "kind": "value", "period": "day", "equipment": [press] });
    let made = chief.post("/api/energy/enpi", &value).await.created();
    let planned = objective(&chief, &made, "A tenth less", 0.1).await;

    // Without a baseline before it nothing is made up: the wish stays, and it is said why.
    let open = today(&chief).await;
    assert_eq!(open["target_from"], "site");
    assert_eq!(
        (&open["objective"]["open"], &open["objective"]["kwh"]),
        (&json!("no_baseline"), &Value::Null)
    );
    let path = format!(
        "/api/energy/enpi/{}/baselines",
        made["id"].as_str().unwrap()
    );
    let baseline = chief.post(&path, &baseline_of(USUAL)).await.created();
    let per_day = baseline["model"]["coefficients"][0]["value"]
        .as_f64()
        .unwrap();
    let found = today(&chief).await;
    assert_near(
        &found["target_kwh"],
        per_day * 0.9,
        "a tenth below the baseline",
    );
    assert_eq!(
        (
            &found["target_from"],
            &found["objective"]["id"],
            &found["objective"]["open"]
        ),
        (&json!("objective"), &planned["id"], &Value::Null)
    );

    // What the baseline could not know of counts here as it does in the savings.
    let more = json!({ "from": "2026-11-01T00:00:00Z", "kwh_per_day": 50, "reason": "Hall 2." });
    let adjust = format!(
        "/api/energy/enpi/{}/adjustments",
        made["id"].as_str().unwrap()
    );
    chief.post(&adjust, &more).await.created();
    let found = today(&chief).await;
    assert_near(
        &found["target_kwh"],
        (per_day + 50.0) * 0.9,
        "with the new hall",
    );

    // The strictest of several; one that is dropped holds no more.
    let strict = objective(&chief, &made, "A fifth less", 0.2).await;
    assert_eq!(today(&chief).await["objective"]["name"], "A fifth less");
    let path = format!("/api/energy/plan/{}", strict["id"].as_str().unwrap());
    let mut dropped = json!({ "kind": "objective", "name": "A fifth less", "state": "dropped" });
    for key in ["enpi_id", "since", "target_fraction"] {
        dropped[key] = strict[key].clone();
    }
    chief.put(&path, &dropped).await.data();
    assert_eq!(today(&chief).await["objective"]["name"], "A tenth less");
}

#[tokio::test]
async fn an_objective_by_production_is_not_told_before_the_day_is_over() {
    let (appliance, chief) = Appliance::furnished().await;
    let (press, entries) = plant(&appliance, &chief).await;
    let entries = json!({ "entries": entries });
    chief.post("/api/energy/production", &entries).await.data();
    let made = chief
        .post("/api/energy/enpi", &indicator(&press))
        .await
        .created();
    let path = format!(
        "/api/energy/enpi/{}/baselines",
        made["id"].as_str().unwrap()
    );
    chief.post(&path, &baseline_of(USUAL)).await.created();
    objective(&chief, &made, "Five percent", 0.05).await;
    let found = today(&chief).await;
    assert_eq!(
        (
            &found["target_kwh"],
            &found["target_from"],
            &found["objective"]["open"]
        ),
        (&Value::Null, &Value::Null, &json!("by_variables"))
    );
    // What tells no energy is no part of it; an objective of one machine says nothing of two.
    let body = json!({ "name": "Second", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let second: EquipmentId = chief.add_equipment(&body).await.parse().unwrap();
    assert!(!today(&chief).await["objective"].is_null());
    let at = appliance.now();
    let kilowatts = Unit::new("kW").unwrap();
    let batch = Batch {
        equipment: second,
        at,
        arrived: at,
        interval_ms: 900_000,
        readings: vec![Reading::good(Metric::POWER, Phase::Total, kilowatts, 7.0)],
    };
    let intake = &appliance.context().intake;
    intake.store(Arc::new(vec![batch])).await.unwrap();
    assert_eq!(today(&chief).await["objective"], Value::Null);
}
