//! The maintenance log of equipment, and further sites.

use crate::alerts::{list, machine};
use crate::audit_trail::entries_of;
use crate::support::client::Client;
use crate::support::forms::{pdf, send_file};
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use indusmind::auth::Role;
use serde_json::{Value, json};

/// Work that was done.
pub fn work() -> Value {
    json!({ "type": "inspection", "date": "2026-11-02", "notes": "Terminals are tight." })
}

#[tokio::test]
async fn work_is_written_down_changed_by_who_wrote_it_and_audited() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let path = format!("/api/equipment/{press}/maintenance");
    let bad = json!({ "type": "repair", "date": "2.11.2026", "notes": " ", "cost": "-1",
        "performed_by": "", "next_due": "2026-13-01", "documents": [press] });
    let mut named = chief.post(&path, &bad).await.bad_fields();
    named.sort();
    named.dedup();
    assert_eq!(
        named,
        [
            "cost",
            "date",
            "documents",
            "next_due",
            "notes",
            "performed_by"
        ]
    );
    let documents = format!("/api/equipment/{press}/documents");
    let paper = send_file(&chief, &documents, "a.pdf", &pdf("a")).await;
    let paper = paper.created()["id"].clone();
    let operator = appliance.client_as(Role::Operator).await;
    let said = json!({ "type": "repair", "date": "2026-11-02", "notes": "A new bearing.",
        "cost": "120.50", "documents": [paper] });
    let reply = operator.post(&path, &said).await;
    let made = reply.created();
    assert_eq!(made["performed_by"], "operator@plant.example");
    assert_eq!(
        (&made["cost"], &made["type"]),
        (&json!("120.50"), &json!("repair"))
    );
    let noted = entries_of(&chief, &reply).await;
    assert_eq!(noted[0]["action"], "maintenance.add");
    let first = chief.post(&path, &work()).await.created();

    let own = format!("{path}/{}", made["id"].as_str().unwrap());
    let others = format!("{path}/{}", first["id"].as_str().unwrap());
    let mut again = said.clone();
    again["cost"] = json!("130");
    operator.put(&others, &again).await.refused(403);
    operator.delete(&own).await.refused(403);
    let reply = operator.put(&own, &again).await;
    assert_eq!(
        (&reply.data()["cost"], &reply.data()["written_by"]),
        (&json!("130"), &json!("operator@plant.example"))
    );
    let noted = entries_of(&chief, &reply).await;
    assert_eq!(noted[0]["action"], "maintenance.update");
    let all = operator.get(&path).await.data();
    assert_eq!(all["total"], 2);
    let reply = chief.delete(&own).await;
    reply.data();
    let noted = entries_of(&chief, &reply).await;
    assert_eq!(noted[0]["details"]["notes"], "A new bearing.");
    chief.delete(&own).await.refused(404);
    chief.put(&own, &again).await.refused(404);
    assert_eq!(chief.get(&path).await.data()["items"][0]["id"], first["id"]);
}

#[tokio::test]
async fn work_that_is_due_is_an_alert_until_it_is_done() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let path = format!("/api/equipment/{press}/maintenance");
    let day = |ms: i64| {
        let at = appliance.now().plus_ms(ms * 86_400_000).to_string();
        at[..10].to_owned()
    };
    let (before, tomorrow, later) = (day(-10), day(1), day(400));
    let mut said = work();
    said["date"] = json!(before);
    said["next_due"] = json!(tomorrow);
    chief.post(&path, &said).await.created();
    let alert = async |appliance: &Appliance, chief: &Client, stands: bool| {
        eventually("the alert of the work", || async {
            appliance.advance(10_000);
            let found = list(chief, "search=maintenance&status=active").await;
            (found["total"] == i32::from(stands)).then(|| found["items"][0].clone())
        })
        .await
    };
    appliance.advance(2 * 86_400_000);
    // Two days later nobody is signed in any more.
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let raised = alert(&appliance, &chief, true).await;
    assert_eq!(raised["message"], "Maintenance is due: Press 1.");
    // Work of another kind does not replace it; work of this kind does.
    said["type"] = json!("repair");
    said["date"] = json!(tomorrow);
    said["next_due"] = Value::Null;
    chief.post(&path, &said).await.created();
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    alert(&appliance, &chief, true).await;
    said["type"] = json!("inspection");
    said["next_due"] = json!(later);
    chief.post(&path, &said).await.created();
    alert(&appliance, &chief, false).await;
}

#[tokio::test]
async fn a_further_site_is_set_up_by_who_reaches_all() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut site = json!({ "name": "Sousse", "time_zone": "Africa/Tunis", "currency": "tnd" });
    let path = "/api/sites";
    assert_eq!(chief.post(path, &site).await.bad_fields(), ["key"]);
    site["key"] = json!("site_a");
    chief.post(path, &site).await.refused(409);
    site["key"] = json!("sousse");
    site["time_zone"] = json!("Mars/Olympus");
    assert_eq!(chief.post(path, &site).await.bad_fields(), ["time_zone"]);
    site["time_zone"] = json!("Africa/Tunis");
    let reply = chief.post(path, &site).await;
    assert_eq!(reply.created()["currency"], "TND");
    assert_eq!(entries_of(&chief, &reply).await[0]["action"], "site.create");
    assert_eq!(chief.get(path).await.data()["total"], 2);
    let guest = json!({ "email": "amel@plant.example", "name": "Amel", "role": "viewer",
        "site": "sousse" });
    chief.post("/api/users/invite", &guest).await.created();
    // Who reaches one site only does not add another.
    let me = chief.get("/api/auth/me").await.data();
    let other = json!({ "email": "badr@plant.example", "name": "Badr", "role": "admin",
        "sites": ["site_a"] });
    let invited = chief.post("/api/users/invite", &other).await.created();
    assert_ne!(invited["user"]["id"], me["id"]);
}
