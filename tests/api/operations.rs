//! The operations log: apart from the audit log, over restarts.

use crate::support::Appliance;
use serde_json::{Value, json};

#[tokio::test]
async fn starts_stops_and_clean_ups_are_noted_and_paged() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let actions = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let path = "/api/admin/ops-logs";
    assert_eq!(actions(&chief.get(path).await.data()), ["appliance.start"]);
    chief
        .post("/api/admin/sessions/cleanup", &json!({}))
        .await
        .data();
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, crate::support::PASSWORD)
        .await;
    let all = chief.get(path).await.data();
    assert_eq!(
        actions(&all),
        [
            "appliance.start",
            "appliance.stop",
            "sessions.cleanup",
            "appliance.start"
        ]
    );
    assert_eq!(all["items"][0]["details"]["after"], "a stop");
    assert_eq!(
        (&all["items"][2]["by"], &all["items"][2]["details"]),
        (&json!("chief@plant.example"), &json!({ "deleted": 0 }))
    );
    let first = chief.get(&format!("{path}?limit=3")).await.data();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = chief.get(&format!("{path}?limit=3&cursor={cursor}")).await;
    let rest = rest.data();
    assert_eq!(rest["items"][0], all["items"][3]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let bad = chief.get(&format!("{path}?cursor=x")).await;
    assert_eq!(bad.bad_fields(), ["cursor"]);
}
