//! Who may do what: every role at every route.

use crate::audit_trail::left_a_trace;
use crate::support::client::{Client, Reply};
use crate::support::forms::{pdf, png, send_file};
use crate::support::socket::Socket;
use crate::support::{Appliance, PASSWORD};
use indusmind::auth::Role;
use indusmind::base::EquipmentId;
use reqwest::Method;
use serde_json::{Value, json};

pub const READ: &[Role] = &[
    Role::Admin,
    Role::EnergyManager,
    Role::Operator,
    Role::Technician,
    Role::Viewer,
    Role::Kiosk,
];
const WRITE: &[Role] = &[Role::Admin, Role::EnergyManager, Role::Technician];
/// Who repairs: raw frames are no reading matter for everybody.
const LINES: &[Role] = &[Role::Admin, Role::EnergyManager, Role::Technician];
/// Who acts on alerts.
pub const ACT: &[Role] = &[
    Role::Admin,
    Role::EnergyManager,
    Role::Operator,
    Role::Technician,
];
const SETTINGS: &[Role] = &[Role::Admin, Role::EnergyManager];
pub const ADMIN: &[Role] = &[Role::Admin];

/// Each route and who is let in.
pub const TABLE: &[(&str, &str, &[Role])] = &[
    ("GET", "/api/equipment", READ),
    ("GET", "/api/equipment/{id}", READ),
    ("GET", "/api/equipment/{id}/live", READ),
    ("GET", "/api/equipment/{id}/doctor", LINES),
    ("GET", "/api/alerts", READ),
    ("GET", "/api/alerts/quality", READ),
    ("GET", "/api/alerts/shelved", READ),
    ("POST", "/api/alerts/acknowledge", ACT),
    ("GET", "/api/alert-rules", READ),
    ("POST", "/api/alert-rules", WRITE),
    ("POST", "/api/alert-rules/rehearse", WRITE),
    ("GET", "/api/alert-rules/templates?equipment_id={id}", READ),
    ("GET", "/api/alert-rules/{rule}", READ),
    ("PUT", "/api/alert-rules/{rule}", WRITE),
    ("DELETE", "/api/alert-rules/{rule}", WRITE),
    ("GET", "/api/lines", LINES),
    ("GET", "/api/lines/{line}", LINES),
    ("GET", "/api/lines/{line}/minutes", LINES),
    ("GET", "/api/lines/{line}/frames", LINES),
    ("GET", "/api/lines/{line}/frames/download", LINES),
    ("GET", "/api/profiles", READ),
    ("GET", "/api/profiles/{profile}", READ),
    ("GET", "/api/profiles/{profile}/toml", READ),
    ("POST", "/api/profiles", WRITE),
    ("PUT", "/api/profiles/{profile}", WRITE),
    ("DELETE", "/api/profiles/{profile}", WRITE),
    ("GET", "/api/sites", READ),
    ("GET", "/api/realtime/meters", READ),
    ("GET", "/api/dashboard/today", READ),
    (
        "GET",
        "/api/historical/consumption?from=2026-11-20&to=2026-11-21&resolution=1hour",
        READ,
    ),
    ("GET", "/api/historical/series", READ),
    (
        "GET",
        "/api/historical/export?from=2026-11-20&to=2026-11-21&resolution=1hour",
        READ,
    ),
    ("POST", "/api/equipment", WRITE),
    ("PUT", "/api/equipment/{id}", WRITE),
    ("POST", "/api/modbus/test-read", WRITE),
    ("POST", "/api/modbus/scan", WRITE),
    ("GET", "/api/modbus/scan/{scan}", WRITE),
    ("DELETE", "/api/modbus/scan/{scan}", WRITE),
    ("POST", "/api/equipment/{id}/belief", WRITE),
    ("DELETE", "/api/equipment/{id}/belief", WRITE),
    ("GET", "/api/equipment/{id}/quality-events", READ),
    ("POST", "/api/equipment/{id}/commissioning/reading", WRITE),
    ("GET", "/api/equipment/{id}/commissioning", READ),
    ("POST", "/api/equipment/{id}/commissioning", WRITE),
    ("PUT", "/api/sites/{site}", SETTINGS),
    ("GET", "/api/audit", ADMIN),
    ("GET", "/api/audit/verify", ADMIN),
    ("GET", "/api/audit/export", ADMIN),
    ("GET", "/api/admin/audit-logs", ADMIN),
    ("GET", "/api/system", ADMIN),
    ("GET", "/api/system/certificate", ADMIN),
    ("GET", "/api/system/storage", ADMIN),
    ("PUT", "/api/system/storage", ADMIN),
    ("GET", "/api/corrections", READ),
    ("POST", "/api/corrections", SETTINGS),
    ("GET", "/api/equipment/{id}/meter-events", READ),
    ("POST", "/api/equipment/{id}/meter-exchange", SETTINGS),
    ("POST", "/api/equipment/{id}/meter-ratio", SETTINGS),
    ("GET", "/api/users", ADMIN),
    ("GET", "/api/roles", ADMIN),
    ("GET", "/api/users/{user}", ADMIN),
    ("POST", "/api/users/invite", ADMIN),
    ("POST", "/api/users/{guest}/invite", ADMIN),
    ("PUT", "/api/users/{user}", ADMIN),
    ("PUT", "/api/admin/users/{user}/role", ADMIN),
    ("POST", "/api/admin/users/{user}/reset-token", ADMIN),
    ("POST", "/api/admin/users/{user}/unlock", ADMIN),
    ("POST", "/api/admin/users/{user}/2fa/disable", ADMIN),
    ("GET", "/api/admin/sessions", ADMIN),
    ("GET", "/api/admin/stats", ADMIN),
    ("GET", "/api/admin/reset-requests", ADMIN),
    ("GET", "/api/stats/users", ADMIN),
    ("GET", "/api/sessions?all=true", ADMIN),
    ("GET", "/api/sessions", &Role::ALL),
    ("GET", "/api/api-tokens", ADMIN),
    ("POST", "/api/api-tokens", ADMIN),
    ("POST", "/api/v2/write", ADMIN),
    ("GET", "/api/kiosks", ADMIN),
    ("POST", "/api/kiosks/approve", ADMIN),
    ("PUT", "/api/kiosks/{kiosk}", ADMIN),
    ("DELETE", "/api/kiosks/{kiosk}", ADMIN),
    ("GET", "/api/devices", READ),
    ("POST", "/api/devices", WRITE),
    ("POST", "/api/devices/import", WRITE),
    ("GET", "/api/devices/{device}", READ),
    ("PUT", "/api/devices/{device}", WRITE),
    ("POST", "/api/devices/{device}/key", WRITE),
    ("DELETE", "/api/devices/{device}", WRITE),
    ("GET", "/api/mqtt", WRITE),
    ("PUT", "/api/mqtt", WRITE),
    ("POST", "/api/mqtt/test", WRITE),
    ("GET", "/api/notifications/outlets", ADMIN),
    ("GET", "/api/notifications/outlets/{outlet}", ADMIN),
    ("PUT", "/api/notifications/outlets/{outlet}", ADMIN),
    ("POST", "/api/notifications/outlets/{outlet}/test", ADMIN),
    ("GET", "/api/notifications/policies", SETTINGS),
    ("POST", "/api/notifications/policies", ADMIN),
    ("PUT", "/api/notifications/policies/{policy}", ADMIN),
    ("DELETE", "/api/notifications/policies/{policy}", ADMIN),
    ("POST", "/api/notifications/log/{letter}/retry", ADMIN),
    ("GET", "/api/notifications/settings", SETTINGS),
    ("PUT", "/api/notifications/settings", ADMIN),
    ("GET", "/api/notifications/log", SETTINGS),
    ("GET", "/api/equipment/{id}/photo", READ),
    ("POST", "/api/equipment/{id}/photo", WRITE),
    ("DELETE", "/api/equipment/{id}/photo", WRITE),
    ("GET", "/api/equipment/{id}/documents", READ),
    ("POST", "/api/equipment/{id}/documents", WRITE),
    ("GET", "/api/equipment/{id}/documents/{document}", READ),
    ("DELETE", "/api/equipment/{id}/documents/{document}", WRITE),
];

/// The id of some equipment, or of none for who sees none.
async fn any_equipment(client: &Client) -> String {
    let all = client.get("/api/equipment").await.json();
    let first = all["data"]["items"][0]["id"].as_str();
    first.map_or_else(|| EquipmentId::new().to_string(), str::to_owned)
}

/// A rule for some equipment.
fn alert_rule(equipment: &str) -> Value {
    json!({ "equipment_id": equipment, "metric": "power", "operator": ">", "threshold": 80,
        "level": "High" })
}

/// A profile of this id.
fn profile(id: &str) -> Value {
    json!({ "id": id, "brand": "Acme", "model": "M1", "source": "A test.",
        "registers": { "power": { "address": 0, "type": "float32" } } })
}

/// What is allowed and then refused for what it asks: nothing runs, nothing was found, nothing is
/// wired.
fn refused_for_itself(method: &str, path: &str) -> Option<u16> {
    match (method, path) {
        ("POST", "/api/modbus/scan" | "/api/kiosks/approve") => Some(400),
        (_, path) if path.starts_with("/api/kiosks/") => Some(404),
        // Nothing was read there yet, and nothing was raised.
        ("POST", "/api/alert-rules/rehearse" | "/api/alerts/acknowledge") => Some(400),
        (_, path) if path.starts_with("/api/modbus/scan/") => Some(404),
        ("POST", path) if path.ends_with("/belief") => Some(409),
        ("DELETE", path) if path.ends_with("/belief") => Some(404),
        ("POST", path) if path.ends_with("/reading") => Some(409),
        ("POST", path) if path.ends_with("/commissioning") => Some(400),
        _ => None,
    }
}

/// Asks in a way that succeeds when it is allowed.
async fn ask(client: &Client, method: &str, path: &str) -> Reply {
    let equipment = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let keep = json!({ "raw_days": 90, "minute_days": 366, "quarter_days": null,
        "hour_days": null });
    let correction = json!({ "equipment_id": "nobody", "metric": "power", "from":
        "2026-11-18T01:00:00Z", "to": "2026-11-18T02:00:00Z", "change": { "do": "exclude" },
        "why": "A test." });
    let dead = crate::support::meters::dead_port();
    let source = json!({ "modbus": { "host": "127.0.0.1", "port": dead.port(),
        "registers": { "power": { "address": 0, "type": "float32" } } } });
    match (method, path) {
        ("GET", path) => client.get(path).await,
        ("POST", "/api/kiosks/approve") => {
            client
                .post(path, &json!({ "code": "AAAA-AAAA", "name": "Wall" }))
                .await
        }
        ("PUT", path) if path.starts_with("/api/kiosks/") => {
            client.put(path, &json!({ "name": "Wall" })).await
        }
        ("POST", "/api/alerts/acknowledge") => client.post(path, &json!({ "alerts": [] })).await,
        ("POST", "/api/alert-rules") => {
            let rule = alert_rule(&any_equipment(client).await);
            client.post(path, &rule).await
        }
        ("POST", "/api/alert-rules/rehearse") => {
            let rule = alert_rule(&any_equipment(client).await);
            client.post(path, &json!({ "rule": rule, "days": 1 })).await
        }
        ("POST", "/api/equipment") => client.post(path, &equipment).await,
        ("POST", "/api/api-tokens") => {
            let token = json!({ "name": "Telegraf", "scopes": ["readings:write"] });
            client.post(path, &token).await
        }
        ("POST", "/api/users/invite") => {
            let guest = json!({ "email": format!("{}@plant.example", EquipmentId::new()),
                "name": "Guest", "role": "viewer" });
            client.post(path, &guest).await
        }
        ("PUT", path) if path.ends_with("/role") => {
            client.put(path, &json!({ "role": "viewer" })).await
        }
        ("PUT", "/api/system/storage") => client.put(path, &keep).await,
        ("POST", "/api/profiles") => {
            let name = format!("of-{}", EquipmentId::new());
            client.post(path, &profile(&name)).await
        }
        ("PUT", path) if path.starts_with("/api/profiles/") => {
            let name = path.trim_start_matches("/api/profiles/");
            client.put(path, &profile(name)).await
        }
        ("POST", "/api/devices") => {
            let device = json!({ "serial_number": EquipmentId::new(),
                "equipment_id": any_equipment(client).await });
            client.post(path, &device).await
        }
        ("PUT", "/api/mqtt") => {
            let nothing = json!({ "enabled": false, "host": "", "port": 1883 });
            client.put(path, &nothing).await
        }
        ("POST", "/api/mqtt/test") => {
            client
                .post(path, &json!({ "topic": "a", "payload": "1" }))
                .await
        }
        ("PUT" | "POST", path) if path.starts_with("/api/notifications/") => {
            let body = crate::notifications::body_of(method, path);
            match method {
                "PUT" => client.put(path, &body).await,
                _ => client.post(path, &body).await,
            }
        }
        ("POST", "/api/devices/import") => {
            let equipment = any_equipment(client).await;
            let list = format!("serial,equipment\n{},{equipment}\n", EquipmentId::new());
            Reply::to(client.request(Method::POST, path).body(list)).await
        }
        // Allowed, and then refused for what it asks.
        ("POST", "/api/corrections") => client.post(path, &correction).await,
        ("POST", path) if path.ends_with("/belief") => {
            client.post(path, &json!({ "reason": "A test." })).await
        }
        ("POST", path) if path.ends_with("/commissioning") => {
            let nobody = "01989c8e-0000-7000-8000-000000000000";
            let report = json!({ "reading_id": nobody, "installer": "A test" });
            client.post(path, &report).await
        }
        ("POST", "/api/modbus/scan") => client.post(path, &json!({ "hosts": "8.8.8.8" })).await,
        ("POST", path) if path.ends_with("/meter-exchange") => {
            let exchange = json!({ "at": "2026-11-18T01:00:00Z", "end_reading": 2.0,
                "start_reading": 1.0, "metric": "power", "reason": "A test." });
            client.post(path, &exchange).await
        }
        ("POST", path) if path.ends_with("/meter-ratio") => {
            let ratio = json!({ "at": "2026-11-18T01:00:00Z", "factor": 2.0, "metric": "power",
                "reason": "A test." });
            client.post(path, &ratio).await
        }
        // Nothing to write is written.
        ("POST", "/api/v2/write") => Reply::to(client.request(Method::POST, path)).await,
        ("POST", path) if path.ends_with("/photo") => {
            send_file(client, path, "p.png", &png(9, 9, b"another")).await
        }
        ("POST", path) if path.ends_with("/documents") => {
            send_file(client, path, "b.pdf", &pdf("another")).await
        }
        ("POST", path) => client.post(path, &source).await,
        ("DELETE", path) => client.delete(path).await,
        (_, path) => client.put(path, &json!({})).await,
    }
}

/// Somebody who has no password yet.
async fn invite(client: &Client) -> Value {
    let guest = json!({ "email": format!("{}@plant.example", EquipmentId::new()),
        "name": "Guest", "role": "viewer" });
    client.post("/api/users/invite", &guest).await.created()
}

/// Somebody who has one; his id.
async fn in_use(appliance: &Appliance, chief: &Client) -> String {
    let invited = invite(chief).await;
    let url = invited["activation_url"].as_str().unwrap();
    let code = url.strip_prefix("/activate#token=").unwrap();
    let request = json!({ "token": code, "password": PASSWORD });
    let client = appliance.client();
    client.post("/api/auth/activate", &request).await.data();
    invited["user"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_role_may_do_what_the_table_says_and_no_more() {
    let (appliance, chief) = Appliance::furnished().await;
    let sites = chief.get("/api/sites").await.data();
    let site = sites["items"][0]["id"].as_str().unwrap();
    let dead = crate::support::meters::dead_port();
    let line = format!("tcp:{dead}");
    let nobody = json!({ "host": dead.ip(), "port": dead.port(),
        "registers": { "power": { "address": 0, "type": "float32" } } });
    chief.add("Nobody", &nobody).await;
    for role in Role::ALL {
        let client = appliance.client_as(role).await;
        let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
            "install_date": "2024-05-01" });
        let id = chief.add_equipment(&body).await;
        let equipment = format!("/api/equipment/{id}");
        let photo = format!("{equipment}/photo");
        send_file(&chief, &photo, "p.png", &png(9, 9, b""))
            .await
            .data();
        let documents = format!("{equipment}/documents");
        let document = send_file(&chief, &documents, "a.pdf", &pdf("a")).await;
        let document = document.created()["id"].as_str().unwrap().to_owned();
        let device = json!({ "serial_number": role.key(), "equipment_id": id });
        let device = chief.post("/api/devices", &device).await.created();
        let device = device["id"].as_str().unwrap();
        let own = format!("own-{}", EquipmentId::new());
        chief.post("/api/profiles", &profile(&own)).await.created();
        let rule = chief.post("/api/alert-rules", &alert_rule(&id)).await;
        let rule = rule.created()["id"].as_str().unwrap().to_owned();
        let guest = invite(&chief).await;
        let guest = guest["user"]["id"].as_str().unwrap();
        let user = in_use(&appliance, &chief).await;
        let (policy, letter) = crate::notifications::to_begin_with(&chief).await;
        for (method, row, allowed) in TABLE.iter().copied() {
            let path = row.replace("{device}", device).replace("{line}", &line);
            let path = path.replace("{guest}", guest).replace("{user}", &user);
            let path = path.replace("{id}", &id).replace("{site}", site);
            let path = path.replace("{document}", &document);
            let path = path.replace("{profile}", &own).replace("{rule}", &rule);
            let path = path.replace("{kiosk}", &EquipmentId::new().to_string());
            let path = path
                .replace("{outlet}", "webhook")
                .replace("{policy}", &policy)
                .replace("{letter}", &letter);
            let reply = ask(&client, method, &path).await;
            if role == Role::Admin {
                left_a_trace(&chief, method, row, &reply).await;
            }
            if let Some(status) =
                refused_for_itself(method, &path).filter(|_| allowed.contains(&role))
            {
                reply.refused(status);
            } else if allowed.contains(&role) && path == "/api/corrections" && method == "POST" {
                assert_eq!(reply.bad_fields(), ["equipment_id"]);
            } else if allowed.contains(&role) && method == "POST" && path.contains("/meter-") {
                // Allowed, and then refused for what it asks.
                assert_eq!(reply.bad_fields(), ["metric"]);
            } else if allowed.contains(&role) {
                assert!(
                    reply.status < 300,
                    "{role:?} {method} {path}: {}",
                    reply.text
                );
            } else {
                reply.refused(403);
            }
        }
    }
}

#[tokio::test]
async fn who_is_refused_changes_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let path = format!("/api/equipment/{}", chief.add_equipment(&body).await);
    let before = chief.get(&path).await.data();
    let log = chief.audit().await.len();
    let readers = Role::ALL.into_iter().filter(|role| !WRITE.contains(role));
    for (number, role) in readers.enumerate() {
        let client = appliance.client_as(role).await;
        client
            .put(&path, &json!({ "name": "Mine" }))
            .await
            .refused(403);
        client.delete(&path).await.refused(403);
        let photo = format!("{path}/photo");
        let picture = png(9, 9, b"");
        send_file(&client, &photo, "p.png", &picture)
            .await
            .refused(403);
        client.post("/api/equipment", &body).await.refused(403);
        // The user and his sign-in, and nothing of what he tried.
        assert_eq!(chief.audit().await.len(), log + 2 * (number + 1));
    }
    assert_eq!(chief.get(&path).await.data(), before);
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 1);
}

#[tokio::test]
async fn a_role_without_readings_gets_no_socket() {
    let (appliance, _) = Appliance::furnished().await;
    let customer = appliance.client_as(Role::Customer).await;
    for path in ["/ws", "/ws/dashboard:site_a"] {
        let mut socket = Socket::open(&customer, path).await;
        assert_eq!(socket.close_code().await, 4403, "{path}");
    }
    let kiosk = appliance.client_as(Role::Kiosk).await;
    Socket::open(&kiosk, "/ws/dashboard:site_a")
        .await
        .message()
        .await;
}
