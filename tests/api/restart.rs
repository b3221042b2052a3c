//! What was acknowledged is there after a stop and a start.

use crate::support::client::Client;
use crate::support::meters::Field;
use crate::support::{Appliance, BEAT_MS, EMAIL, PASSWORD, START, assert_near, eventually};
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

/// The same caller at the address of the new start.
fn moved(appliance: &Appliance, client: &Client) -> Client {
    let session = json!({ "token": client.token, "refresh_token": client.refresh_token });
    appliance.client().with_session(&session)
}

/// Everything that a client can see of the plant.
async fn everything(client: &Client) -> Vec<Value> {
    let history = format!("/api/historical/consumption?from={START}&to=2026-11-21T09:00:00Z");
    let mut all = Vec::new();
    for path in [
        "/api/sites",
        "/api/equipment",
        "/api/realtime/meters",
        "/api/audit?limit=100",
        "/api/audit/verify",
        &format!("{history}&resolution=1min"),
        &format!("{history}&resolution=15min"),
        &format!("{history}&resolution=raw"),
    ] {
        all.push(client.get(path).await.data());
    }
    all
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    for _ in 0..6 {
        appliance.beat(&[&id]).await;
    }
    let refreshed = json!({ "refresh_token": chief.refresh_token });
    let session = chief.post("/api/auth/refresh", &refreshed).await.data();
    let chief = chief.with_session(&session);
    // Nothing new may come in while we compare.
    field.fault(0, Fault::Close);
    let path = format!("/api/equipment/{id}");
    let (equipment, all) = (chief.get(&path).await.data(), everything(&chief).await);
    appliance.stop().await;
    appliance.start().await;
    // The session goes on: its token, and its refresh token.
    let chief = moved(&appliance, &chief);
    assert_eq!(chief.get(&path).await.data(), equipment);
    let again = everything(&chief).await;
    for (before, after) in all.iter().zip(&again) {
        assert_eq!(before, after);
    }
    let refreshed = json!({ "refresh_token": chief.refresh_token });
    chief.post("/api/auth/refresh", &refreshed).await.data();
    appliance.client().login(EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn the_last_values_are_shown_at_once_with_their_age() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let last = appliance.beat(&[&id]).await;
    field.fault(0, Fault::Close);
    appliance.stop().await;
    appliance.advance(60_000);
    appliance.start().await;
    let chief = moved(&appliance, &chief);
    let live = chief.live(&id).await;
    assert_eq!(live["status"], "offline");
    let values = live["values"].as_array().unwrap();
    assert_eq!(values.len(), 16);
    for value in values {
        assert_eq!(
            (&value["quality"], &value["age_ms"]),
            (&json!("stale"), &json!(60_000))
        );
        assert_eq!(value["timestamp"], json!(last));
    }
    let power = chief.live_value(&id, "power", None).await;
    assert_near(
        &power["value"],
        field.meters[0].truth("power", last),
        "power",
    );
    let refusal = chief.get("/api/realtime/current").await.refused(503);
    assert_eq!(
        refusal["details"],
        json!({ "age_s": 60, "last_reading": last })
    );
}

#[tokio::test]
async fn polling_goes_on_by_itself_and_no_energy_is_lost() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    let first = appliance.now();
    appliance.read_at(&[&id], first).await;
    for _ in 0..3 {
        appliance.beat(&[&id]).await;
    }
    appliance.stop().await;
    appliance.advance(20 * 60_000);
    appliance.start().await;
    appliance.read_at(&[&id], appliance.now()).await;
    let last = appliance.beat(&[&id]).await;
    appliance.advance(BEAT_MS / 2);
    let chief = moved(&appliance, &chief);
    chief.status_becomes(&id, "online").await;
    let today = chief.get("/api/dashboard/today").await.data();
    let energy = field.meters[0].energy(first, last);
    assert_near(
        &today["energy_kwh"],
        energy,
        "what ran while we were away is counted",
    );
    assert_eq!(chief.get("/api/system").await.data()["uptime_s"], 7);
}

#[tokio::test]
async fn a_second_instance_is_refused_and_told_who_was_first() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let sentence = appliance.second_instance().await;
    let process = format!("process {}", std::process::id());
    let address = format!("http://{}", appliance.address());
    assert!(
        sentence.contains(&process) && sentence.contains(&address),
        "{sentence}"
    );
    // The first one does not notice.
    chief.add("Boiler", &Value::Null).await;
    appliance.stop().await;
    appliance.start().await;
    let chief = moved(&appliance, &chief);
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 1);
}

#[tokio::test]
async fn a_stop_answers_what_was_asked_and_takes_nothing_new() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let adds = (0..20).map(|number| {
        let chief = chief.clone();
        let body = json!({ "name": format!("Meter {number}"), "type": "Meter", "model": "T1",
            "install_date": "2024-05-01" });
        tokio::spawn(async move {
            let request = chief.request(reqwest::Method::POST, "/api/equipment");
            let answer = request.json(&body).send().await.ok()?;
            (answer.status() == 201).then_some(body["name"].clone())
        })
    });
    let adds: Vec<_> = adds.collect();
    eventually("the first of them to be there", || async {
        (!appliance.context().registry.all().is_empty()).then_some(())
    })
    .await;
    appliance.stop().await;
    let mut acknowledged = Vec::new();
    for add in adds {
        acknowledged.extend(add.await.unwrap());
    }
    assert!(!acknowledged.is_empty());
    appliance.start().await;
    let chief = moved(&appliance, &chief);
    let list = chief.get("/api/equipment?page_size=100").await.data();
    let there: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["name"])
        .collect();
    for name in &acknowledged {
        assert!(there.contains(&name), "{name} was acknowledged and is gone");
    }
}
