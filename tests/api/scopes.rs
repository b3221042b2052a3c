//! What is neither a site's equipment nor its people, and still somebody's: policies, letters,
//! profiles, scans, codes, and the appliance itself.

use crate::asks::profile;
use crate::audit_sites::local_admin;
use crate::commissioning::ended;
use crate::notifications::{body_of, newest_is, occasion, policy, raise, set};
use crate::reach::two_sites;
use crate::support::client::Client;
use crate::support::meters::{Field, UNIT};
use crate::support::{Appliance, PASSWORD};
use indusmind::auth::Role;
use indusmind::base::Level;
use indusmind::store::audit::Actor;
use serde_json::{Value, json};

const POLICIES: &str = "/api/notifications/policies";

/// A policy of a site, or of every one.
fn rule(name: &str, site: &Value) -> Value {
    json!({ "name": name, "enabled": true, "from_level": "Low", "site": site,
        "recipients": [{ "outlet": "webhook" }] })
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap()).collect()
}

/// What a page of the audit log says was done, and to whose.
async fn audit(client: &Client) -> Vec<(String, Value)> {
    let page = client.get("/api/audit?limit=100").await.data();
    let items = page["items"].as_array().unwrap().iter();
    let of = |item: &Value| {
        let action = item["action"].as_str().unwrap().to_owned();
        (action, item["sites"].clone())
    };
    items.map(of).collect()
}

#[tokio::test]
async fn who_is_told_at_another_site_is_not_there() {
    let (appliance, chief) = Appliance::furnished().await;
    two_sites(&appliance, &chief).await;
    let local = local_admin(&chief, appliance.client()).await;
    let manager = appliance.client_as(Role::EnergyManager).await;
    let made = async |by: &Client, name: &str, site: Value| {
        let made = by.post(POLICIES, &rule(name, &site)).await.created();
        format!("{POLICIES}/{}", made["id"].as_str().unwrap())
    };
    let ours = made(&local, "Ours", json!("site_a")).await;
    let theirs = made(&chief, "Theirs", json!("site_b")).await;
    let every = made(&chief, "Every", Value::Null).await;
    for (client, seen) in [
        (&chief, vec!["Every", "Ours", "Theirs"]),
        (&local, vec!["Every", "Ours"]),
        (&manager, vec!["Every", "Ours"]),
    ] {
        assert_eq!(names(&client.get(POLICIES).await.data()), seen);
    }
    // He makes none for others, or for all, and does not give his own away.
    for site in [json!("site_b"), json!("site_z"), Value::Null] {
        let body = rule("Mine", &site);
        assert_eq!(local.post(POLICIES, &body).await.bad_fields(), ["site"]);
        assert_eq!(local.put(&ours, &body).await.bad_fields(), ["site"]);
    }
    let mine = rule("Mine", &json!("site_a"));
    local.put(&theirs, &mine).await.refused(404);
    local.delete(&theirs).await.refused(404);
    // One for every site is there for him, and not his to change.
    local.put(&every, &mine).await.refused(403);
    local.delete(&every).await.refused(403);
    local.put(&ours, &mine).await.data();
    chief
        .put(&ours, &rule("Taken", &json!("site_b")))
        .await
        .data();
    local.delete(&ours).await.refused(404);
    chief.delete(&ours).await.data();
    chief.delete(&every).await.data();

    let whole = audit(&chief).await;
    let of = |action: &str| {
        let found = whole.iter().filter(|(done, _)| done == action);
        found.map(|(_, sites)| sites.clone()).collect::<Vec<_>>()
    };
    let (a, b, both) = (
        json!(["site_a"]),
        json!(["site_b"]),
        json!(["site_a", "site_b"]),
    );
    assert_eq!(
        of("notifications.policy_add"),
        [Value::Null, b.clone(), a.clone()]
    );
    assert_eq!(of("notifications.policy_update"), [both, a.clone()]);
    assert_eq!(of("notifications.policy_delete"), [Value::Null, b]);
    let seen = audit(&local).await;
    let seen: Vec<_> = seen
        .iter()
        .filter(|(done, _)| done.contains("policy"))
        .collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|(_, sites)| *sites == a));
}

#[tokio::test]
async fn a_letter_about_another_site_is_not_there() {
    let (appliance, chief) = Appliance::furnished().await;
    two_sites(&appliance, &chief).await;
    let local = local_admin(&chief, appliance.client()).await;
    let manager = appliance.client_as(Role::EnergyManager).await;
    // Nobody listens on port 1, and it is off: what goes there waits for nobody.
    set(&chief, "webhook", &body_of("PUT", "/webhook")).await;
    policy(&chief, json!([{ "outlet": "webhook" }])).await;
    let mut ids = Vec::new();
    for site in ["site_a", "site_b"] {
        let mut hot = occasion(&appliance, Level::High, site);
        hot.site = site.to_owned();
        hot.equipment_name = format!("Compressor of {site}");
        raise(&appliance, &hot).await;
        let letter = newest_is(&chief, "withheld", 0).await;
        assert_eq!(letter["occasion"]["site"], site, "{letter}");
        ids.push(letter["id"].as_str().unwrap().to_owned());
    }
    let log = "/api/notifications/log?limit=100";
    let whole = chief.get(log).await.text;
    assert!(ids.iter().all(|id| whole.contains(id.as_str())));
    for client in [&local, &manager] {
        for query in ["", "&text=compressor", "&state=withheld"] {
            let seen = client.get(&format!("{log}{query}")).await;
            assert!(seen.text.contains(&ids[0]), "{query}: {}", seen.text);
            assert!(!seen.text.contains("site_b"), "{query}: {}", seen.text);
        }
    }
    let retry = |id: &str| format!("/api/notifications/log/{id}/retry");
    local.post(&retry(&ids[1]), &json!({})).await.refused(404);
    local.post(&retry(&ids[0]), &json!({})).await.refused(409);
}

#[tokio::test]
async fn a_profile_that_others_use_is_changed_by_who_reaches_them() {
    let (appliance, chief) = Appliance::furnished().await;
    two_sites(&appliance, &chief).await;
    let technician = appliance.client_as(Role::Technician).await;
    let local = local_admin(&chief, appliance.client()).await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    technician
        .post("/api/profiles", &profile("shared"))
        .await
        .created();
    let mut modbus = field.modbus(0);
    modbus.as_object_mut().unwrap().remove("registers");
    modbus["profile"] = json!("shared");
    let ours = chief.add("Ours", &modbus).await;
    let path = "/api/profiles/shared";
    technician.put(path, &profile("shared")).await.data();
    let actions = audit(&local).await;
    let changed = ("profile.update".to_owned(), json!(["site_a"]));
    assert!(actions.contains(&changed), "{actions:?}");

    modbus["unit_id"] = json!(UNIT + 1);
    let theirs = json!({ "name": "Theirs", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01", "modbus": modbus });
    let registry = &appliance.context().registry;
    let theirs = serde_json::from_value(theirs).unwrap();
    let theirs = registry.create(theirs, "site_b", Actor::console());
    let theirs = theirs.await.unwrap().id;
    let users = technician.get(path).await.data()["used_by"].clone();
    assert_eq!(users, json!([{ "id": ours, "name": "Ours" }]));
    technician.put(path, &profile("shared")).await.refused(403);
    let refused = technician.delete(path).await.refused(403);
    assert!(!refused.to_string().contains("Theirs"), "{refused}");
    chief.put(path, &profile("shared")).await.data();
    let both = ("profile.update".to_owned(), json!(["site_a", "site_b"]));
    assert!(audit(&chief).await.contains(&both));
    assert!(!audit(&local).await.contains(&both));

    // Nor does a scan tell who else is on the bus.
    let port = field.simulator.addresses()[0].port();
    let request = json!({ "hosts": "127.0.0.1", "port": port, "unit_from": UNIT,
        "unit_to": UNIT + 1, "timeout_ms": 3_000 });
    let scan = technician.post("/api/modbus/scan", &request).await.json();
    let id = scan["data"]["id"].as_str().unwrap().to_owned();
    let found = |scan: &Value| {
        let finds = scan["finds"].as_array().unwrap().clone();
        finds
            .iter()
            .map(|find| find["equipment_id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&ended(&technician, &id).await), [json!(ours)]);
    assert_eq!(
        found(&ended(&chief, &id).await),
        [json!(ours), json!(theirs)]
    );
    let begun = ("modbus.scan".to_owned(), json!(["site_a"]));
    assert!(audit(&local).await.contains(&begun));
}

#[tokio::test]
async fn who_reaches_some_sites_changes_nothing_of_the_whole_appliance() {
    let (appliance, chief) = Appliance::furnished().await;
    two_sites(&appliance, &chief).await;
    let local = local_admin(&chief, appliance.client()).await;
    let stick = tempfile::tempdir().unwrap();
    let backups = json!({ "folder": stick.path(), "at": "02:30", "days": 7, "weeks": 4,
        "months": 3 });
    for (method, path, body) in [
        ("PUT", "/api/backups/settings", &backups),
        ("PUT", "/api/v1/backups/settings", &backups),
        ("POST", "/api/backups", &json!({})),
        ("POST", "/api/backups/1/restore", &json!({})),
        ("POST", "/api/jobs/1/cancel", &json!({})),
        ("PUT", "/api/mqtt", &json!({})),
        ("POST", "/api/mqtt/test", &json!({})),
        ("PUT", "/api/system/storage", &json!({})),
        ("POST", "/api/system/configuration", &json!({})),
        ("POST", "/api/system/support-bundle", &json!({})),
        ("POST", "/api/update/check", &json!({})),
        ("POST", "/api/update/install", &json!({})),
        ("POST", "/api/update/rollback", &json!({})),
        (
            "PUT",
            "/api/notifications/outlets/webhook",
            &body_of("PUT", "/webhook"),
        ),
        (
            "POST",
            "/api/notifications/outlets/webhook/test",
            &json!({}),
        ),
        (
            "PUT",
            "/api/notifications/settings",
            &body_of("PUT", "/settings"),
        ),
    ] {
        let reply = match method {
            "PUT" => local.put(path, body).await,
            _ => local.post(path, body).await,
        };
        let said = reply.refused(403)["error"].to_string();
        assert!(
            said.contains("only who reaches all sites"),
            "{path}: {said}"
        );
    }
    let broker = json!({ "enabled": false, "host": "broker.plant.example", "port": 1883,
        "mappings": [{ "topic": "plant/{serial}/env" }] });
    chief.put("/api/mqtt", &broker).await.data();
    let seen = async |who: &Client| who.get("/api/mqtt").await.data()["settings"].clone();
    let (his, mine) = (seen(&local).await, seen(&chief).await);
    assert_eq!(his["host"], mine["host"]);
    // What sensors publish is of every site.
    let count = |settings: &Value| settings["mappings"].as_array().unwrap().len();
    assert_eq!((count(&his), count(&mine)), (0, 1));
    // He may look, and who reaches all of them may do it.
    for path in [
        "/api/backups",
        "/api/jobs",
        "/api/mqtt",
        "/api/update",
        "/api/system",
    ] {
        local.get(path).await.data();
    }
    local.get("/api/notifications/outlets").await.data();
    set(&chief, "webhook", &body_of("PUT", "/webhook")).await;

    // Of people of other sites he learns nothing, and ends none of their sessions.
    let me = chief.get("/api/auth/me").await.data();
    let chiefs = format!(
        "/api/admin/users/{}/reset-token",
        me["id"].as_str().unwrap()
    );
    chief.prove().await;
    chief.post(&chiefs, &json!({})).await.data();
    let codes = "/api/admin/reset-requests";
    assert_eq!(chief.get(codes).await.data().as_array().unwrap().len(), 1);
    assert_eq!(local.get(codes).await.data(), json!([]));
    let users = |stats: Value| stats["totalUsers"].clone();
    assert_eq!(users(chief.get("/api/stats/users").await.data()), 2);
    assert_eq!(users(local.get("/api/stats/users").await.data()), 1);
    appliance.advance(26 * 3_600_000);
    let local = local.login("local@plant.example", PASSWORD).await;
    let cleaned = local.post("/api/admin/sessions/cleanup", &json!({})).await;
    assert_eq!(cleaned.data()["deleted"], 0, "the chief's is none of his");
}
