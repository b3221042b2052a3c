//! How each route of the table is asked, with what it would take.

use crate::support::client::{Client, Reply};
use crate::support::forms::{pdf, png, send_file};
use crate::support::{Appliance, PASSWORD};
use indusmind::base::EquipmentId;
use reqwest::Method;
use serde_json::{Value, json};

/// The id of some equipment, or of none for who sees none.
pub async fn any_equipment(client: &Client) -> String {
    let all = client.get("/api/equipment").await.json();
    let first = all["data"]["items"][0]["id"].as_str();
    first.map_or_else(|| EquipmentId::new().to_string(), str::to_owned)
}

/// A rule for some equipment.
pub fn alert_rule(equipment: &str) -> Value {
    json!({ "equipment_id": equipment, "metric": "power", "operator": ">", "threshold": 80,
        "level": "High" })
}

/// A profile of this id.
pub fn profile(id: &str) -> Value {
    json!({ "id": id, "brand": "Acme", "model": "M1", "source": "A test.",
        "registers": { "power": { "address": 0, "type": "float32" } } })
}

/// An indicator of some equipment.
pub fn enpi(equipment: &str) -> Value {
    json!({ "name": "Hall", "kind": "value", "period": "day", "equipment": [equipment] })
}

/// An indicator and an item of the plan, by their ids.
pub struct Planned {
    enpi: String,
    item: String,
}

impl Planned {
    /// The path of a row with these in it.
    pub fn fill(&self, row: &str) -> String {
        row.replace("{enpi}", &self.enpi)
            .replace("{plan}", &self.item)
            .replace("{number}", "1")
            .replace("{version}", "1")
    }
}

/// Makes an indicator of this equipment, and an item of the plan.
pub async fn planned(client: &Client, equipment: &str) -> Planned {
    let enpi = client.post("/api/energy/enpi", &enpi(equipment)).await;
    let item = client.post("/api/energy/plan", &plan_item()).await;
    let id = |reply: Reply| reply.created()["id"].as_str().unwrap().to_owned();
    Planned {
        enpi: id(enpi),
        item: id(item),
    }
}

fn plan_item() -> Value {
    json!({ "kind": "action", "name": "Find the leaks", "owner": "Amel" })
}

/// Whether a route of energy belongs to indicators, production, carbon or plan.
fn is_of_performance(path: &str) -> bool {
    let rest = path.strip_prefix("/api/energy/").unwrap_or_default();
    let rooms = ["enpi", "production", "carbon", "plan"];
    rooms.iter().any(|room| rest.starts_with(room))
}

/// How the routes of indicators, production and plan are asked.
async fn ask_of_energy(client: &Client, method: &str, path: &str) -> Reply {
    let body = match path {
        "/api/energy/production/import" => {
            let table = format!(
                "product,from,to,quantity\n{},2026-11-18,2026-11-19,1\n",
                EquipmentId::new()
            );
            return Reply::to(client.request(Method::POST, path).body(table)).await;
        }
        "/api/energy/production" => json!({ "entries": [{ "product": "caps", "quantity": 5,
            "from": "2026-11-18T05:00:00Z", "to": "2026-11-18T13:00:00Z" }] }),
        "/api/energy/carbon/factors" => json!({ "name": "Grid", "method": "location", "year": 2025,
            "source": "A test.", "valid_from": "2026-01-01T00:00:00Z",
            "table": { "by": "flat", "kg_per_kwh": 0.5 } }),
        path if path.ends_with("/adjustments") => json!({ "from": "2026-11-18T05:00:00Z",
            "kwh_per_day": 5, "reason": "A test." }),
        path if path.ends_with("/baselines") => json!({ "from": "2026-11-10T00:00:00Z",
            "to": "2026-11-18T00:00:00Z" }),
        path if path.starts_with("/api/energy/plan") => plan_item(),
        _ => enpi(&any_equipment(client).await),
    };
    match method {
        "PUT" => client.put(path, &body).await,
        _ => client.post(path, &body).await,
    }
}

/// What is allowed and then refused for what it asks: nothing runs, nothing was found, nothing is
/// wired.
pub fn refused_for_itself(method: &str, path: &str) -> Option<u16> {
    match (method, path) {
        ("POST", "/api/modbus/scan" | "/api/kiosks/approve") => Some(400),
        // An appliance in a test was not installed.
        ("POST", path) if path.starts_with("/api/update/") => Some(409),
        (_, path) if path.starts_with("/api/kiosks/") => Some(404),
        // Nothing was measured, and what is only to be done is not counted.
        ("POST", path) if path.ends_with("/baselines") => Some(400),
        ("GET", path) if path.ends_with("/baselines/1") => Some(404),
        ("GET", path) if path.ends_with("/progress") => Some(409),
        ("GET", path) if path.starts_with("/api/energy/idle") => Some(400),
        // No tariff is in use.
        ("GET", "/api/energy/bill?month=2026-11") | ("POST", "/api/energy/bill/compare") => {
            Some(409)
        }
        // Nothing was read there yet, and nothing was raised.
        ("POST", "/api/alert-rules/rehearse" | "/api/alerts/acknowledge") => Some(400),
        (_, path) if path.starts_with("/api/modbus/scan/") => Some(404),
        // No folder is set, no backup is there, nothing is being done.
        ("POST", "/api/backups") => Some(409),
        ("POST", path) if path.starts_with("/api/backups/") => Some(404),
        (_, path) if path.starts_with("/api/jobs/") => Some(404),
        (_, "/api/reports/generate" | "/api/reports/list" | "/api/reports/templates") => None,
        (_, path) if path.starts_with("/api/reports/") && !path.ends_with("/schedule") => Some(404),
        ("POST", path) if path.ends_with("/belief") => Some(409),
        ("DELETE", path) if path.ends_with("/belief") => Some(404),
        ("POST", path) if path.ends_with("/reading") => Some(409),
        ("POST", path) if path.ends_with("/commissioning") => Some(400),
        _ => None,
    }
}

/// Asks in a way that succeeds when it is allowed.
pub async fn ask(client: &Client, method: &str, path: &str) -> Reply {
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
        ("POST", "/api/security/log") => client.post(path, &crate::security::event()).await,
        ("POST", "/api/alerts/acknowledge") => client.post(path, &json!({ "alerts": [] })).await,
        ("POST", "/api/alert-rules") => {
            let rule = alert_rule(&any_equipment(client).await);
            client.post(path, &rule).await
        }
        ("POST", "/api/alert-rules/rehearse") => {
            let rule = alert_rule(&any_equipment(client).await);
            client.post(path, &json!({ "rule": rule, "days": 1 })).await
        }
        ("PUT" | "POST", path) if is_of_performance(path) => {
            ask_of_energy(client, method, path).await
        }
        ("POST", path) if path.ends_with("/maintenance") => {
            client.post(path, &crate::maintenance::work()).await
        }
        ("POST", "/api/reports/generate") => {
            client
                .post(path, &json!({ "template": "data_quality" }))
                .await
        }
        ("POST" | "PUT", path) if path.starts_with("/api/reports/schedule") => {
            let entry = crate::reports::entry();
            match method {
                "PUT" => client.put(path, &entry).await,
                _ => client.post(path, &entry).await,
            }
        }
        ("POST", "/api/sites") => {
            let key = EquipmentId::new().to_string().replace('-', "");
            let site = json!({ "name": "Second", "key": key, "time_zone": "Africa/Tunis",
                "currency": "TND" });
            client.post(path, &site).await
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
        ("POST", "/api/system/configuration") => {
            client.post(path, &json!({ "toml": "format = 1" })).await
        }
        ("POST", "/api/system/support-bundle") => client.post(path, &json!({})).await,
        ("PUT", "/api/backups/settings") => {
            let keep = json!({ "daily": 7, "weekly": 4, "monthly": 12 });
            let settings = json!({ "folder": null, "at": "02:30", "days": [1, 7], "keep": keep,
                "encrypt": false });
            client.put(path, &json!({ "settings": settings })).await
        }
        ("POST", path) if path.starts_with("/api/backups") => {
            let body = match path.ends_with("/restore") {
                true => json!({ "confirm": "it" }),
                false => json!({}),
            };
            client.post(path, &body).await
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
        ("POST", "/api/energy/bill/compare") => {
            client
                .post(path, &json!({ "month": "2026-11", "lines": [] }))
                .await
        }
        ("POST", "/api/energy/tariffs") => {
            client
                .post(path, &crate::energy_cost::tariff("Contract"))
                .await
        }
        ("PUT", path) if path.starts_with("/api/energy/tariffs/") => {
            let known = client.get(path).await.json();
            let revision = known["data"]["revision"].as_u64().unwrap_or(0);
            client
                .put(path, &json!({ "revision": revision, "name": "Other" }))
                .await
        }
        ("PUT", "/api/energy/tree") => crate::energy_tree::put_again(client).await,
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
        ("POST", "/api/update/check") => {
            client.post(path, &json!({ "path": "/media/a.imu" })).await
        }
        ("POST", "/api/update/install") => {
            client.post(path, &json!({ "manifest_hash": "00" })).await
        }
        ("POST", "/api/update/rollback") => client.post(path, &json!({})).await,
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
        ("POST", path) if path.ends_with("/logo") => {
            send_file(client, path, "l.png", &crate::site_logo::picture(40, 20)).await
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
pub async fn invite(client: &Client) -> Value {
    let guest = json!({ "email": format!("{}@plant.example", EquipmentId::new()),
        "name": "Guest", "role": "viewer" });
    client.post("/api/users/invite", &guest).await.created()
}

/// Somebody who has one; his id.
pub async fn in_use(appliance: &Appliance, chief: &Client) -> String {
    let invited = invite(chief).await;
    let url = invited["activation_url"].as_str().unwrap();
    let code = url.strip_prefix("/activate#token=").unwrap();
    let request = json!({ "token": code, "password": PASSWORD });
    let client = appliance.client();
    client.post("/api/auth/activate", &request).await.data();
    invited["user"]["id"].as_str().unwrap().to_owned()
}
