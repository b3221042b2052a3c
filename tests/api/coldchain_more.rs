//! Cold cells: doors, power, batteries and silence, and the evidence of a month.

use crate::coldchain::{MINUTE_MS, cell, customer, device, minutes, text};
use crate::push_devices::push;
use crate::support::{Appliance, PASSWORD, eventually};
use indusmind::base::Timestamp;
use serde_json::json;

#[tokio::test]
async fn doors_power_batteries_and_silence_have_alerts_of_their_own() {
    let (appliance, chief) = Appliance::furnished().await;
    let (_, _, place) = customer(&chief, "Medina Foods").await;
    let cell = cell(
        &chief,
        &place,
        json!({ "door_limit_s": 120, "offline_after_s": 300 }),
    )
    .await;
    let key = device(&chief, &cell, "A-1").await;
    let types = async |expected: &[&str]| {
        eventually(&format!("the alerts {expected:?}"), || async {
            let shown = chief
                .get(&format!("/api/coldchain/cells/{cell}"))
                .await
                .data();
            let alerts = shown["alerts"].as_array().unwrap().clone();
            let active = alerts.iter().filter(|alert| alert["active"] == true);
            let mut found: Vec<_> = active.map(|alert| text(alert, "type")).collect();
            found.sort_unstable();
            (found == expected).then_some(())
        })
        .await;
    };
    let send = async |door: bool, power: bool, battery: i64| {
        let reading = json!({ "timestamp": appliance.now(), "temperature": 4, "doorStatus": door,
            "powerStatus": power, "batteryLevel": battery });
        push(&appliance.client(), "A-1", &key, &reading)
            .await
            .created();
        appliance.advance(MINUTE_MS);
    };
    for _ in 0..3 {
        send(true, true, 80).await;
    }
    types(&["DOOR_OPEN"]).await;
    send(false, false, 80).await;
    send(false, false, 80).await;
    types(&["POWER_LOSS"]).await;
    send(false, true, 15).await;
    appliance.advance(10_000);
    types(&["LOW_BATTERY"]).await;
    appliance.advance(6 * MINUTE_MS);
    types(&["LOW_BATTERY", "SENSOR_ERROR"]).await;
    send(false, true, 90).await;
    appliance.advance(10_000);
    types(&[]).await;
    let path = format!("/api/readings/coldcells/{cell}/readings");
    let curve = chief.get(&path).await.data();
    assert_eq!(
        (&curve["openings"], curve["door"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    // What is out of use alerts no more, and its device is let in no more.
    chief
        .delete(&format!("/api/coldchain/cells/{cell}"))
        .await
        .data();
    let reading = json!({ "temperature": 30 });
    push(&appliance.client(), "A-1", &key, &reading)
        .await
        .refused(401);
    assert_eq!(chief.get("/api/coldchain/cells").await.data()["total"], 0);
    let all = chief.get("/api/coldchain/cells?retired=true").await.data();
    assert_eq!(all["total"], 1);
}

#[tokio::test]
async fn the_evidence_of_a_month_is_a_chain_that_is_sealed_once() {
    let (appliance, chief) = Appliance::furnished_at("2026-10-31T20:00:00Z").await;
    let (_, _, place) = customer(&chief, "Medina Foods").await;
    let cell = cell(&chief, &place, json!({})).await;
    let key = device(&chief, &cell, "A-1").await;
    let values = [4.0, 5.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 4.0];
    minutes(&appliance, ("A-1", &key), &values).await;
    let path = format!("/api/coldchain/cells/{cell}/evidence/2026-10");
    let evidence = eventually("the excursion", || async {
        let evidence = chief.get(&path).await.data();
        (evidence["excursions"].as_array().unwrap().len() == 1).then_some(evidence)
    })
    .await;
    let days = evidence["days"].as_array().unwrap();
    assert_eq!(
        (days.len(), text(&days[30], "date").as_str()),
        (31, "2026-10-31")
    );
    assert_eq!(
        (&days[30]["max_c"], &days[30]["count"]),
        (&json!(9.0), &json!(10))
    );
    assert_eq!(days[30]["beyond_s"], 7 * 60);
    assert!(
        days.windows(2)
            .all(|pair| pair[1]["previous"] == pair[0]["hash"])
    );
    assert_eq!(evidence["gaps"].as_array().unwrap().len(), 1);
    let seal = format!("{path}/seal");
    chief.post(&seal, &json!({})).await.refused(409);
    appliance.advance(24 * 60 * MINUTE_MS);
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, PASSWORD)
        .await;
    let sealed = chief.post(&seal, &json!({})).await.created();
    assert_eq!(sealed["seal"]["holds"], true);
    chief.post(&seal, &json!({})).await.refused(409);
    assert_eq!(
        chief.audit().await.remove(0)["action"],
        "coldchain.evidence_seal"
    );
    // A reading that comes after the seal shows.
    let late: Timestamp = "2026-10-31T21:00:00Z".parse().unwrap();
    let reading = json!({ "timestamp": late, "temperature": 6 });
    push(&appliance.client(), "A-1", &key, &reading)
        .await
        .created();
    let after = chief.get(&path).await.data();
    assert_eq!(after["seal"]["holds"], false);
    assert_eq!(after["seal"]["changed_days"], json!(["2026-10-31"]));
    let table = chief.get(&format!("{path}/csv")).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(table.text.lines().count(), 1 + 31 + 1);
    chief
        .get(&path.replace("2026-10", "2027-01"))
        .await
        .refused(400);
}
