//! Alerts that people suppress by design or take out of service, until somebody ends it.

use crate::alerts::{list, machine, only, power, rule};
use crate::audit_trail::entries_of;
use crate::support::{Appliance, eventually};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn what_is_set_aside_stays_silent_until_somebody_ends_it() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    rule(&chief, &press, json!({})).await;
    let pairs = [
        ("suppress", "unsuppress", "suppressed", "alert.suppress"),
        (
            "out-of-service",
            "in-service",
            "out_of_service",
            "alert.out_of_service",
        ),
    ];
    for (begin, end, state, action) in pairs {
        power(&appliance, &press, 90.0).await;
        let open = list(&chief, "status=open").await["items"][0].clone();
        let path = format!("/api/alerts/{}", open["id"].as_str().unwrap());
        let begin = format!("{path}/{begin}");
        let empty = chief.post(&begin, &json!({ "reason": " " })).await;
        assert_eq!(empty.bad_fields(), ["reason"]);
        let said = json!({ "reason": "The line is being rebuilt." });
        let reply = chief.post(&begin, &said).await;
        let aside = reply.data();
        assert_eq!(
            (&aside["state"], &aside["set_aside_by"]),
            (&json!(state), &json!("chief@plant.example"))
        );
        assert_eq!(aside["set_aside_reason"], "The line is being rebuilt.");
        assert_eq!(entries_of(&chief, &reply).await[0]["action"], action);
        let again = chief.post(&begin, &said).await;
        assert_eq!(again.data()["revision"], aside["revision"]);
        assert!(entries_of(&chief, &again).await.is_empty());
        for refused in ["acknowledge", "suppress", "out-of-service"] {
            let ends_itself = begin.ends_with(refused);
            if !(ends_itself || state == "suppressed" && refused != "acknowledge") {
                chief
                    .post(&format!("{path}/{refused}"), &said_to(refused))
                    .await
                    .refused(409);
            }
        }
        let found = list(&chief, &format!("status={state}")).await;
        assert_eq!(found["total"], 1, "{found}");
        assert_eq!(list(&chief, "status=shelved").await["total"], 0);

        // It comes and goes, the registry changes, and it stays silent.
        power(&appliance, &press, 10.0).await;
        power(&appliance, &press, 95.0).await;
        let rename = json!({ "location": "Hall 3" });
        crate::support::client::Reply::to(
            chief
                .request(Method::PUT, &format!("/api/equipment/{press}"))
                .json(&rename),
        )
        .await;
        appliance.advance(2_000);
        power(&appliance, &press, 95.0).await;
        let still = chief.get(&path).await.data();
        assert_eq!(
            (&still["state"], &still["active"]),
            (&json!(state), &json!(true))
        );

        let reply = chief.post(&format!("{path}/{end}"), &json!({})).await;
        let back = reply.data();
        assert_eq!(
            (&back["state"], &back["set_aside_by"]),
            (&json!("unacknowledged"), &json!(null))
        );
        assert_eq!(entries_of(&chief, &reply).await.len(), 1);
        let once_more = chief.post(&format!("{path}/{end}"), &json!({})).await;
        assert!(entries_of(&chief, &once_more).await.is_empty());
        chief
            .post(&format!("{path}/resolve"), &json!({}))
            .await
            .data();
        power(&appliance, &press, 10.0).await;
        chief.post(&begin, &said).await.refused(409);
    }
}

fn said_to(action: &str) -> serde_json::Value {
    match action {
        "acknowledge" => json!({}),
        _ => json!({ "reason": "Another." }),
    }
}

#[tokio::test]
async fn an_alert_out_of_service_outlives_the_work_on_its_equipment() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    rule(&chief, &press, json!({})).await;
    power(&appliance, &press, 90.0).await;
    let path = format!("/api/alerts/{}", only(&chief).await["id"].as_str().unwrap());
    let said = json!({ "reason": "The clamp is on the wrong cable." });
    chief
        .post(&format!("{path}/out-of-service"), &said)
        .await
        .data();
    let equipment = format!("/api/equipment/{press}");
    for status in ["maintenance", "active"] {
        let change = json!({ "status": status });
        chief.put(&equipment, &change).await.data();
        appliance.advance(2_000);
        assert_eq!(chief.get(&path).await.data()["state"], "out_of_service");
    }
    chief
        .post(&format!("{path}/in-service"), &json!({}))
        .await
        .data();
    // What the equipment does by itself, nobody ends at the alert.
    chief
        .put(&equipment, &json!({ "status": "maintenance" }))
        .await
        .data();
    eventually("the alert to go out of service", || async {
        let alert = chief.get(&path).await.data();
        (alert["state"] == "out_of_service").then_some(())
    })
    .await;
    chief
        .post(&format!("{path}/in-service"), &json!({}))
        .await
        .refused(409);
}
