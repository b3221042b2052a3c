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

/// What the logo of the first site is, told by its hash.
async fn logo_of(chief: &crate::support::client::Client) -> serde_json::Value {
    chief.get("/api/sites").await.data()["items"][0]["logo"].clone()
}

#[tokio::test]
async fn the_logo_of_a_site_goes_out_and_comes_in_the_same() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let site = chief.get("/api/sites").await.data()["items"][0]["id"].clone();
    let site = site.as_str().unwrap().to_owned();
    crate::site_logo::give(&chief, &site).await;
    let before = logo_of(&chief).await;
    assert!(before.is_string());
    let text = chief.get(PATH).await.text;
    assert_eq!(text.matches("[[logo]]").count(), 1, "{text}");
    let same = chief.post(PATH, &json!({ "toml": text })).await.data();
    assert_eq!(same["starts_again"], false, "the same logo is no change");
    // A picture that was cut on its way is named with its place, and nothing is taken.
    let (head, rest) = text.split_once("picture = \"").unwrap();
    let (picture, tail) = rest.split_once('"').unwrap();
    for wrong in ["no picture!", &picture[..40], "aGVsbG8gd29ybGQ="] {
        let toml = format!("{head}picture = \"{wrong}\"{tail}");
        let reply = chief.post(PATH, &json!({ "toml": toml })).await;
        assert_eq!(reply.bad_fields(), ["logo.0.picture"], "{wrong}");
    }
    // A site that is said anew keeps its logo, though the file names none.
    let (sites, rest) = text.split_once("[[logo]]").unwrap();
    let rest = rest.split_once("\n\n").map_or("", |(_, rest)| rest);
    let renamed = sites.replacen("name = \"", "name = \"Other ", 1) + rest;
    let taken = chief.post(PATH, &json!({ "toml": renamed })).await.data();
    assert_eq!(taken["taken"]["site"]["changed"], 1, "{renamed}");
    appliance.ended_by_itself().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(logo_of(&chief).await, before);
    // Where it was taken away, the file brings it back.
    chief
        .delete(&format!("/api/sites/{site}/logo"))
        .await
        .data();
    let taken = chief.post(PATH, &json!({ "toml": text })).await.data();
    assert_eq!(taken["taken"]["site"]["changed"], 1);
    appliance.ended_by_itself().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(logo_of(&chief).await, before);
}
