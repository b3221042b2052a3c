//! Sites: what somebody does not reach is not there for him.

use crate::support::client::Client;
use crate::support::socket::Socket;
use crate::support::{Appliance, PASSWORD};
use indusmind::auth::Role;
use indusmind::site::{NewSite, Site, Sites};
use indusmind::store::audit::Actor;
use serde_json::{Value, json};

/// Equipment of both sites: ours and theirs.
pub async fn two_sites(appliance: &Appliance, chief: &Client) -> (String, String) {
    let context = appliance.context();
    let new: NewSite = serde_json::from_value(json!({ "name": "Second plant", "key": "site_b",
        "time_zone": "Africa/Tunis", "currency": "TND", "price_per_kwh": null }))
    .unwrap();
    let site = Site::new(new, appliance.now()).unwrap();
    let stored = context
        .store
        .write(move |transaction| Sites::create_in(transaction, &site));
    stored.await.unwrap();
    context.sites.reload().unwrap();
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let ours = chief.add_equipment(&body).await;
    let input = serde_json::from_value(body).unwrap();
    let theirs = context.registry.create(input, "site_b", Actor::console());
    (ours, theirs.await.unwrap().id.to_string())
}

#[tokio::test]
async fn what_is_of_another_site_is_not_there() {
    let (appliance, chief) = Appliance::furnished().await;
    let (ours, theirs) = two_sites(&appliance, &chief).await;
    let technician = appliance.client_as(Role::Technician).await;
    for (client, seen) in [(&chief, 2), (&technician, 1)] {
        assert_eq!(client.get("/api/equipment").await.data()["total"], seen);
        assert_eq!(client.get("/api/sites").await.data()["total"], seen);
    }
    let history = "/api/historical/consumption?from=2026-11-20&to=2026-11-21&resolution=1hour";
    for below in [
        "",
        "/live",
        "/doctor",
        "/commissioning",
        "/quality-events",
        "/documents",
    ] {
        let path = |id: &str| format!("/api/equipment/{id}{below}");
        technician.get(&path(&ours)).await.data();
        technician.get(&path(&theirs)).await.refused(404);
        let other_name = path(&theirs).replace("/api/", "/api/v1/");
        technician.get(&other_name).await.refused(404);
        chief.get(&path(&theirs)).await.data();
    }
    let path = format!("/api/equipment/{theirs}");
    technician
        .put(&path, &json!({ "name": "Mine" }))
        .await
        .refused(404);
    technician.delete(&path).await.refused(404);
    let of = |id: &str| format!("{history}&meter_id={id}");
    technician.get(&of(&theirs)).await.refused(404);
    chief.get(&of(&theirs)).await.data();
    let device = json!({ "serial_number": "C-1", "equipment_id": theirs });
    let refused = technician.post("/api/devices", &device).await;
    assert_eq!(refused.bad_fields(), ["equipment_id"]);
    let device = chief.post("/api/devices", &device).await.created();
    let path = format!("/api/devices/{}", device["id"].as_str().unwrap());
    assert_eq!(technician.get("/api/devices").await.data()["total"], 0);
    technician.get(&path).await.refused(404);
    technician
        .post(&format!("{path}/key"), &json!({}))
        .await
        .refused(404);
    technician.delete(&path).await.refused(404);
    chief.get(&path).await.data();
}

#[tokio::test]
async fn sockets_tell_only_what_is_reached() {
    let (appliance, chief) = Appliance::furnished().await;
    let (ours, theirs) = two_sites(&appliance, &chief).await;
    let viewer = appliance.client_as(Role::Viewer).await;
    let told = async |client: &Client, subscription: Value| {
        let mut socket = Socket::open(client, "/ws").await;
        socket.subscribe(&subscription).await;
        let live = socket.event("live").await;
        let all = live["equipment"].as_array().unwrap().clone();
        all.iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all = json!({ "topic": "live" });
    assert_eq!(told(&viewer, all.clone()).await, vec![ours.clone()]);
    assert_eq!(told(&chief, all).await, [ours, theirs.clone()]);
    let named = json!({ "topic": "live", "equipment_id": theirs });
    assert!(told(&viewer, named).await.is_empty());
    let mut channel = Socket::open(&viewer, "/ws/dashboard:site_b").await;
    assert_eq!(channel.close_code().await, 4404);
    Socket::open(&chief, "/ws/dashboard:site_b")
        .await
        .message()
        .await;
}

#[tokio::test]
async fn nobody_gives_more_sites_than_he_reaches() {
    let (appliance, chief) = Appliance::furnished().await;
    two_sites(&appliance, &chief).await;
    let me = chief.get("/api/auth/me").await.data();
    assert_eq!(me["sites"], "all");
    let invite = async |by: &Client, name: &str, role: &str, sites: Value| {
        let guest = json!({ "email": format!("{name}@plant.example"), "name": name, "role": role,
            "sites": sites });
        by.post("/api/users/invite", &guest).await
    };
    let local = invite(&chief, "local", "admin", json!(["site_a"]))
        .await
        .created();
    let code = local["activation_url"].as_str().unwrap();
    let code = code.strip_prefix("/activate#token=").unwrap();
    let request = json!({ "token": code, "password": PASSWORD });
    let stranger = appliance.client();
    stranger.post("/api/auth/activate", &request).await.data();
    let local = stranger.login("local@plant.example", PASSWORD).await;
    for (role, sites) in [
        ("viewer", json!("all")),
        ("viewer", json!(["site_a", "site_b"])),
        ("admin", Value::Null),
    ] {
        assert_eq!(
            invite(&local, "more", role, sites).await.bad_fields(),
            ["sites"]
        );
    }
    // Nor does he know or manage who reaches more.
    let path = format!("/api/users/{}", me["id"].as_str().unwrap());
    local.get(&path).await.refused(404);
    local
        .put(&path, &json!({ "active": false }))
        .await
        .refused(404);
    let reset = format!("/api/admin{}/reset-token", path.trim_start_matches("/api"));
    local.post(&reset, &json!({})).await.refused(404);
    assert_eq!(local.get("/api/users").await.data()["total"], 1);
    let viewer = invite(&local, "viewer", "viewer", Value::Null)
        .await
        .created();
    let path = format!("/api/users/{}", viewer["user"]["id"].as_str().unwrap());
    local
        .put(&path, &json!({ "role": "admin" }))
        .await
        .refused(400);
    let role = format!("/api/admin{}/role", path.trim_start_matches("/api"));
    local
        .put(&role, &json!({ "role": "admin" }))
        .await
        .refused(400);
    let away = chief.put(&path, &json!({ "sites": ["site_b"] })).await;
    assert_eq!(
        away.bad_fields(),
        ["sites"],
        "his own site must be among them"
    );
    let both = chief
        .put(&path, &json!({ "sites": ["site_a", "site_b"] }))
        .await
        .data();
    assert_eq!(both["sites"], json!(["site_a", "site_b"]));
    local.get(&path).await.refused(404);
}
