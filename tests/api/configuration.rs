//! What people set up, out as a file and in again.

use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::auth::Role;
use serde_json::json;

const PATH: &str = "/api/system/configuration";

#[tokio::test]
async fn a_configuration_goes_out_and_comes_in_whole_or_not_at_all() {
    let (mut appliance, chief) = Appliance::furnished().await;
    chief
        .add_equipment(
            &json!({ "name": "Press 4", "type": "Machine", "model": "T1",
        "install_date": "2024-05-01" }),
        )
        .await;
    let text = chief.get(PATH).await.text;
    assert!(text.contains("name = \"Press 4\""), "{text}");
    for secret in ["argon2", PASSWORD, "password ="] {
        assert!(!text.contains(secret), "{secret} is in it: {text}");
    }

    let wrong = text.replacen("model = \"T1\"", "model = \"\"", 1);
    let reply = chief.post(PATH, &json!({ "toml": wrong })).await;
    assert_eq!(reply.bad_fields(), ["equipment.0.model"]);

    let other = text.replacen("Press 4", "Press 5", 1);
    let looked = json!({ "toml": other, "check": true });
    let looked = chief.post(PATH, &looked).await.data();
    assert_eq!(looked["taken"]["equipment"]["changed"], 1);
    assert_eq!(looked["starts_again"], false);
    let same = chief.post(PATH, &json!({ "toml": text })).await.data();
    assert_eq!(same["starts_again"], false);
    let all = chief.get("/api/equipment").await.data();
    assert_eq!(all["items"][0]["name"], "Press 4");

    let taken = chief.post(PATH, &json!({ "toml": other })).await.data();
    assert_eq!(taken["taken"]["equipment"]["changed"], 1);
    assert_eq!(taken["starts_again"], true);
    appliance.ended_by_itself().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let all = chief.get("/api/equipment").await.data();
    assert_eq!(all["items"][0]["name"], "Press 5");
    let actions: Vec<_> = chief.audit().await;
    for action in [
        "configuration.export",
        "configuration.import",
        "equipment.update",
    ] {
        let found = actions.iter().any(|entry| entry["action"] == action);
        assert!(found, "{action}: {actions:?}");
    }
}

#[tokio::test]
async fn who_does_not_administer_has_no_part_in_it() {
    let (appliance, _chief) = Appliance::furnished().await;
    let operator = appliance.client_as(Role::Operator).await;
    operator.get(PATH).await.refused(403);
    let body = json!({ "toml": "format = 1" });
    operator.post(PATH, &body).await.refused(403);
}
