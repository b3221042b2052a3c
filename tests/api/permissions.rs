//! Who may do what: every role at every route.

use crate::asks::{alert_rule, ask, in_use, invite, profile, refused_for_itself};
use crate::audit_sites::everywhere;
use crate::audit_trail::left_a_trace;
use crate::support::Appliance;
use crate::support::client::Reply;
use crate::support::forms::{pdf, png, send_file};
use indusmind::auth::Role;
use indusmind::base::EquipmentId;
use serde_json::json;

pub const READ: &[Role] = &[
    Role::Admin,
    Role::EnergyManager,
    Role::Operator,
    Role::Technician,
    Role::Viewer,
    Role::Kiosk,
];
pub const WRITE: &[Role] = &[Role::Admin, Role::EnergyManager, Role::Technician];
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
    ("GET", "/api/sites", &Role::ALL),
    ("GET", "/api/realtime/meters", READ),
    ("GET", "/api/dashboard/today", READ),
    ("GET", "/api/dashboard/usual", READ),
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
    ("GET", "/api/energy/tree", READ),
    ("PUT", "/api/energy/tree", SETTINGS),
    (
        "GET",
        "/api/energy/balance?from=2026-11-20&to=2026-11-21",
        READ,
    ),
    (
        "GET",
        "/api/energy/flow?from=2026-11-20&to=2026-11-21",
        READ,
    ),
    (
        "GET",
        "/api/energy/series?of=node:site&from=2026-11-20&to=2026-11-21&resolution=1hour",
        READ,
    ),
    ("GET", "/api/energy/tariffs", READ),
    ("GET", "/api/energy/tariff-examples", READ),
    ("POST", "/api/energy/tariffs", SETTINGS),
    ("GET", "/api/energy/tariffs/{tariff}", READ),
    ("PUT", "/api/energy/tariffs/{tariff}", SETTINGS),
    ("DELETE", "/api/energy/tariffs/{tariff}", SETTINGS),
    (
        "GET",
        "/api/energy/cost?from=2026-11-20&to=2026-11-21&resolution=1hour",
        READ,
    ),
    ("GET", "/api/energy/bill?month=2026-11", READ),
    ("POST", "/api/energy/bill/compare", READ),
    ("GET", "/api/energy/demand", READ),
    (
        "GET",
        "/api/energy/peaks?from=2026-11-20&to=2026-11-21",
        READ,
    ),
    ("GET", "/api/reports/templates", &Role::ALL),
    ("POST", "/api/reports/generate", SETTINGS),
    ("GET", "/api/reports/list", &Role::ALL),
    ("GET", "/api/reports/{paper}", &Role::ALL),
    ("DELETE", "/api/reports/{paper}", SETTINGS),
    ("POST", "/api/reports/{paper}/cancel", SETTINGS),
    ("POST", "/api/reports/{paper}/recompute", SETTINGS),
    ("GET", "/api/reports/export/{paper}", &Role::ALL),
    ("GET", "/api/reports/schedule", SETTINGS),
    ("POST", "/api/reports/schedule", SETTINGS),
    ("PUT", "/api/reports/schedule/{slot}", SETTINGS),
    ("DELETE", "/api/reports/schedule/{slot}", SETTINGS),
    ("POST", "/api/equipment", WRITE),
    ("PUT", "/api/equipment/{id}", WRITE),
    ("POST", "/api/modbus/test-read", WRITE),
    ("POST", "/api/modbus/scan", WRITE),
    ("GET", "/api/modbus/serial-ports", WRITE),
    ("GET", "/api/modbus/scan/{scan}", WRITE),
    ("DELETE", "/api/modbus/scan/{scan}", WRITE),
    ("POST", "/api/equipment/{id}/belief", WRITE),
    ("DELETE", "/api/equipment/{id}/belief", WRITE),
    ("GET", "/api/equipment/{id}/quality-events", READ),
    ("POST", "/api/equipment/{id}/commissioning/reading", WRITE),
    ("GET", "/api/equipment/{id}/commissioning", READ),
    ("POST", "/api/equipment/{id}/commissioning", WRITE),
    ("PUT", "/api/sites/{site}", SETTINGS),
    ("GET", "/api/sites/{site}/logo", READ),
    ("POST", "/api/sites/{site}/logo", SETTINGS),
    ("DELETE", "/api/sites/{site}/logo", SETTINGS),
    ("GET", "/api/audit", ADMIN),
    ("GET", "/api/audit/verify", ADMIN),
    ("GET", "/api/audit/export", ADMIN),
    ("GET", "/api/admin/audit-logs", ADMIN),
    ("GET", "/api/system", ADMIN),
    ("POST", "/api/system/support-bundle", ADMIN),
    ("GET", "/api/system/configuration", ADMIN),
    ("POST", "/api/system/configuration", ADMIN),
    ("GET", "/api/system/certificate", ADMIN),
    ("GET", "/api/system/storage", ADMIN),
    ("PUT", "/api/system/storage", ADMIN),
    ("GET", "/api/backups", ADMIN),
    ("POST", "/api/backups", ADMIN),
    ("PUT", "/api/backups/settings", ADMIN),
    ("POST", "/api/backups/{id}/verify", ADMIN),
    ("POST", "/api/backups/{id}/restore", ADMIN),
    ("GET", "/api/jobs", ADMIN),
    ("GET", "/api/jobs/{id}", ADMIN),
    ("POST", "/api/jobs/{id}/cancel", ADMIN),
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
    ("GET", "/api/admin/users", ADMIN),
    ("GET", "/api/admin/reset-requests", ADMIN),
    ("GET", "/api/admin/ops-logs", ADMIN),
    ("GET", "/api/stats/users", ADMIN),
    ("GET", "/api/sessions?all=true", ADMIN),
    ("GET", "/api/sessions", &Role::ALL),
    ("GET", "/api/api-tokens", ADMIN),
    ("POST", "/api/api-tokens", ADMIN),
    ("POST", "/api/v2/write", ADMIN),
    ("GET", "/api/security/events", ADMIN),
    ("GET", "/api/security/threats", ADMIN),
    ("GET", "/api/security/compliance", ADMIN),
    ("GET", "/api/security/dashboard", ADMIN),
    ("POST", "/api/security/log", ADMIN),
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
    ("GET", "/api/update", ADMIN),
    ("POST", "/api/update/bundle", ADMIN),
    ("POST", "/api/update/check", ADMIN),
    ("POST", "/api/update/install", ADMIN),
    ("POST", "/api/update/rollback", ADMIN),
    ("GET", "/api/equipment/{id}/documents/{document}", READ),
    ("DELETE", "/api/equipment/{id}/documents/{document}", WRITE),
    ("GET", "/api/energy/enpi", READ),
    ("POST", "/api/energy/enpi", SETTINGS),
    ("GET", "/api/energy/enpi/{enpi}", READ),
    ("PUT", "/api/energy/enpi/{enpi}", SETTINGS),
    ("POST", "/api/energy/enpi/{enpi}/adjustments", SETTINGS),
    (
        "DELETE",
        "/api/energy/enpi/{enpi}/adjustments/{number}",
        SETTINGS,
    ),
    ("GET", "/api/energy/enpi/{enpi}/baselines", READ),
    ("POST", "/api/energy/enpi/{enpi}/baselines", SETTINGS),
    ("GET", "/api/energy/enpi/{enpi}/baselines/{version}", READ),
    (
        "GET",
        "/api/energy/enpi/{enpi}/evaluation?from=2026-11-18&to=2026-11-20",
        READ,
    ),
    ("DELETE", "/api/energy/enpi/{enpi}", SETTINGS),
    (
        "GET",
        "/api/energy/production?from=2026-11-18&to=2026-11-20",
        READ,
    ),
    ("POST", "/api/energy/production", SETTINGS),
    ("POST", "/api/energy/production/import", SETTINGS),
    (
        "DELETE",
        "/api/energy/production?product=caps&from=2026-11-18T05:00:00Z",
        SETTINGS,
    ),
    (
        "GET",
        "/api/energy/carbon?from=2026-11-18&to=2026-11-20",
        READ,
    ),
    ("GET", "/api/energy/carbon/factors", READ),
    ("POST", "/api/energy/carbon/factors", SETTINGS),
    (
        "GET",
        "/api/energy/idle?equipment_id={id}&from=2026-11-18&to=2026-11-20",
        READ,
    ),
    (
        "GET",
        "/api/energy/power-quality?equipment_id={id}&week=2026-11-18",
        READ,
    ),
    ("GET", "/api/energy/plan", READ),
    ("POST", "/api/energy/plan", SETTINGS),
    ("PUT", "/api/energy/plan/{plan}", SETTINGS),
    ("GET", "/api/energy/plan/{plan}/progress", READ),
    ("DELETE", "/api/energy/plan/{plan}", SETTINGS),
    ("GET", "/api/equipment/{id}/maintenance", READ),
    ("POST", "/api/equipment/{id}/maintenance", ACT),
    ("DELETE", "/api/equipment/{id}/maintenance/{entry}", WRITE),
    ("POST", "/api/sites", ADMIN),
    ("GET", "/api/dashboard/technician", &Role::ALL),
    ("GET", "/api/coldchain/customers", &Role::ALL),
    ("GET", "/api/coldchain/locations", &Role::ALL),
    ("GET", "/api/coldchain/cells", &Role::ALL),
];

/// Rows about the whole appliance that others than administrators may change: only those of them who
/// reach every site. The callers of these tests reach one, administrators all.
pub const ALL_SITES: &[(&str, &str)] = &[("PUT", "/api/mqtt"), ("POST", "/api/mqtt/test")];

/// Refused for the sites that he reaches, not for his role.
pub fn refused_for_sites(reply: &Reply) {
    let said = reply.refused(403)["error"].to_string();
    assert!(said.contains("only who reaches all sites"), "{said}");
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
        crate::site_logo::give(&chief, site).await;
        let documents = format!("{equipment}/documents");
        let document = send_file(&chief, &documents, "a.pdf", &pdf("a")).await;
        let document = document.created()["id"].as_str().unwrap().to_owned();
        let maintenance = format!("{equipment}/maintenance");
        let entry = chief.post(&maintenance, &crate::maintenance::work()).await;
        let entry = entry.created()["id"].as_str().unwrap().to_owned();
        let device = json!({ "serial_number": role.key(), "equipment_id": id });
        let device = chief.post("/api/devices", &device).await.created();
        let device = device["id"].as_str().unwrap();
        let own = format!("own-{}", EquipmentId::new());
        chief.post("/api/profiles", &profile(&own)).await.created();
        let rule = chief.post("/api/alert-rules", &alert_rule(&id)).await;
        let rule = rule.created()["id"].as_str().unwrap().to_owned();
        let planned = crate::asks::planned(&chief, &id).await;
        let contract = crate::energy_cost::tariff("Contract");
        let contract = chief.post("/api/energy/tariffs", &contract).await.created();
        let tariff = contract["id"].as_str().unwrap();
        let guest = invite(&chief).await;
        let guest = guest["user"]["id"].as_str().unwrap();
        let user = in_use(&appliance, &chief).await;
        let (policy, letter) = crate::notifications::to_begin_with(&chief).await;
        for (method, row, allowed) in TABLE.iter().copied() {
            let path = planned.fill(row).replace("{device}", device);
            let path = path.replace("{line}", &line);
            let path = path.replace("{guest}", guest).replace("{user}", &user);
            let path = path.replace("{id}", &id).replace("{site}", site);
            let path = path.replace("{document}", &document);
            let path = path.replace("{entry}", &entry);
            let path = path.replace("{profile}", &own).replace("{rule}", &rule);
            let path = path.replace("{tariff}", tariff);
            let nobody = EquipmentId::new().to_string();
            let path = path.replace("{paper}", &nobody).replace("{slot}", &nobody);
            let path = path.replace("{kiosk}", &nobody);
            let path = path
                .replace("{outlet}", "webhook")
                .replace("{policy}", &policy)
                .replace("{letter}", &letter);
            let mut reply = ask(&client, method, &path).await;
            let of_all = ALL_SITES.contains(&(method, row)) && role != Role::Admin;
            if of_all && allowed.contains(&role) {
                refused_for_sites(&reply);
                reply = ask(
                    &everywhere(&chief, appliance.client(), role).await,
                    method,
                    &path,
                )
                .await;
            }
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
