//! What can be asked of the history: every quantity of every meter, under the name to ask with.

use crate::support::Appliance;
use crate::support::client::Reply;
use indusmind::auth::Role;
use indusmind::base::{Batch, Metric, Phase, Reading, Unit};
use indusmind::store::audit::Actor;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn what_was_ever_read_is_listed_and_can_be_asked_for() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut ids = Vec::new();
    for name in ["Sub", "Main"] {
        let meter = json!({ "name": name, "type": "Meter", "model": "T1",
            "install_date": "2024-05-01" });
        ids.push(chief.add_equipment(&meter).await);
    }
    let empty = chief.get("/api/historical/series").await.data();
    assert_eq!(empty, json!({ "items": [], "total": 0 }));
    let body = format!(
        "m,equipment_id={} power=3.5,consumption=7,voltage_l2=231.5,own_rate=-0.125 1795244400000\n\
         m,equipment_id={} power=2 1795244400000\n",
        ids[1], ids[0]
    );
    let request = chief.request(Method::POST, "/api/v2/write?precision=ms&interval=5m");
    let reply = Reply::to(request.body(body)).await;
    assert_eq!(reply.status, 204, "{}", reply.text);

    let list = chief.get("/api/historical/series").await.data();
    let items = list["items"].as_array().unwrap();
    assert_eq!(list["total"], 5);
    let words = |item: &Value, names: [&str; 6]| names.map(|name| item[name].clone());
    let told: Vec<_> = items
        .iter()
        .map(|item| {
            words(
                item,
                ["equipment", "key", "metric", "phase", "unit", "counter"],
            )
        })
        .collect();
    let none = Value::Null;
    assert_eq!(
        json!(told),
        json!([
            ["Main", "consumption", "consumption", none, "kWh", true],
            ["Main", "own_rate", "own_rate", none, "", false],
            ["Main", "power", "power", none, "kW", false],
            ["Main", "voltage_l2", "voltage", "L2", "V", false],
            ["Sub", "power", "power", none, "kW", false],
        ])
    );
    for item in items {
        assert_eq!(item["corrections"], json!([]));
        let (id, key) = (item["equipment_id"].as_str(), item["key"].as_str());
        let path = format!(
            "/api/historical/consumption?from=2026-11-21T07:00:00Z&to=2026-11-21T08:00:00Z\
             &resolution=6hour&meter_id={}&metric={}",
            id.unwrap(),
            key.unwrap()
        );
        let window = chief.get(&path).await.data();
        assert_eq!(window["resolution"], "6hour");
        // Six hours of the clock of Tunis.
        assert_eq!(window["series"][0]["timestamp"], "2026-11-21T05:00:00.000Z");
    }
}

#[tokio::test]
async fn another_site_is_asked_for_by_who_reaches_it() {
    let (appliance, chief) = Appliance::furnished().await;
    let site = json!({ "key": "north", "name": "North", "time_zone": "Europe/Paris",
        "currency": "EUR" });
    chief.post("/api/sites", &site).await.created();
    let meter = json!({ "name": "Main", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let meter = serde_json::from_value(meter).unwrap();
    let registry = &appliance.context().registry;
    let meter = registry.create(meter, "north", Actor::console()).await;
    let batch = Batch {
        equipment: meter.unwrap().id,
        at: appliance.now(),
        arrived: appliance.now(),
        interval_ms: 10_000,
        readings: vec![Reading::good(
            Metric::new("sync_pulse_count").unwrap(),
            Phase::Total,
            Unit::none(),
            7.0,
        )],
    };
    let intake = &appliance.context().intake;
    intake.store(Arc::new(vec![batch])).await.unwrap();

    let own = chief.get("/api/historical/series").await.data();
    assert_eq!(own["total"], 0);
    let north = "/api/historical/series?site=north";
    let found = chief.get(north).await.data();
    assert_eq!(
        (&found["total"], &found["items"][0]["key"]),
        (&json!(1), &json!("sync_pulse_count"))
    );
    for absent in ["south", ""] {
        let path = format!("/api/historical/series?site={absent}");
        chief.get(&path).await.refused(404);
    }
    // Who reaches his own site only is told of no other.
    let viewer = appliance.client_as(Role::Viewer).await;
    viewer.get(north).await.refused(404);
    viewer
        .get("/api/historical/series?site=site_a")
        .await
        .data();
}
