//! Notifications: from an alert to a server that took the letter, and everything that comes between.

use crate::mail_server::{MailServer, Speaks};
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use indusmind::base::Level;
use indusmind::notify::{Mail, Occasion, What};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Something that happens at a machine, now.
pub fn occasion(appliance: &Appliance, level: Level, condition: &str) -> Occasion {
    Occasion {
        alert: Uuid::now_v7(),
        condition: condition.to_owned(),
        site: "site_a".to_owned(),
        equipment: None,
        equipment_name: "Compressor 3".to_owned(),
        location: "Hall 2".to_owned(),
        level,
        message: "Temperature above 70 degrees".to_owned(),
        said: None,
        advice: None,
        advice_code: None,
        value: Some(78.5),
        threshold: Some(70.0),
        unit: "°C".to_owned(),
        at: appliance.now(),
        what: What::Raised,
        late: false,
        children: 0,
    }
}

pub async fn raise(appliance: &Appliance, occasion: &Occasion) {
    let context = appliance.context();
    let (notify, occasion) = (Arc::clone(&context.notify), occasion.clone());
    let work = move |tx: &indusmind::store::Transaction<'_>| notify.raised(tx, &occasion);
    context.store.write(work).await.unwrap();
    context.notify.wake();
}

pub async fn settle(appliance: &Appliance, alert: Uuid, how: What) {
    let context = appliance.context();
    let notify = Arc::clone(&context.notify);
    let work = move |tx: &indusmind::store::Transaction<'_>| notify.settled(tx, alert, how);
    context.store.write(work).await.unwrap();
    context.notify.wake();
}

pub async fn set(chief: &Client, kind: &str, outlet: &Value) -> Value {
    let path = format!("/api/notifications/outlets/{kind}");
    chief.put(&path, outlet).await.data()
}

pub async fn policy(chief: &Client, recipients: Value) -> Value {
    let rule = json!({ "name": "All", "enabled": true, "from_level": "Low",
        "recipients": recipients });
    chief
        .post("/api/notifications/policies", &rule)
        .await
        .created()
}

async fn log(chief: &Client, query: &str) -> Vec<Value> {
    let path = format!("/api/notifications/log?{query}");
    let page = chief.get(&path).await.data();
    page["items"].as_array().unwrap().clone()
}

/// Waits until the newest letter is as wanted; the letter then.
pub async fn newest_is(chief: &Client, state: &str, tries: usize) -> Value {
    eventually(
        &format!("the newest letter to be {state} after {tries}"),
        || async {
            let newest = log(chief, "limit=1").await.pop()?;
            let done = newest["tries"].as_array()?.len() == tries;
            (newest["state"] == state && done).then_some(newest)
        },
    )
    .await
}

pub async fn try_out(chief: &Client, kind: &str, to: &Value) -> Value {
    let path = format!("/api/notifications/outlets/{kind}/test");
    chief.post(&path, to).await.data()
}

/// What a change of notifications says.
pub fn body_of(method: &str, path: &str) -> Value {
    match (method, path) {
        // Nobody listens on port 1: the test says so.
        ("PUT", path) if path.ends_with("/webhook") => json!({ "enabled": false, "secret": "s",
            "settings": { "url": "http://127.0.0.1:1/" } }),
        ("PUT", path) if path.ends_with("/settings") => {
            json!({ "urgent_after_min": 15, "others_after_min": 60 })
        }
        (_, path) if path.ends_with("/test") || path.ends_with("/retry") => json!({}),
        _ => json!({ "name": "All", "enabled": false, "from_level": "High",
            "recipients": [{ "outlet": "webhook" }] }),
    }
}

/// A policy, and a letter that did not arrive.
pub async fn to_begin_with(chief: &Client) -> (String, String) {
    let root = "/api/notifications";
    let outlet = format!("{root}/outlets/webhook");
    chief.put(&outlet, &body_of("PUT", &outlet)).await.data();
    let policies = format!("{root}/policies");
    let made = chief
        .post(&policies, &body_of("POST", &policies))
        .await
        .created();
    let tried = chief
        .post(&format!("{outlet}/test"), &json!({}))
        .await
        .data();
    let id = |of: &Value| of.as_str().unwrap().to_owned();
    (id(&made["id"]), id(&tried["letter_id"]))
}

#[tokio::test]
async fn a_letter_outlives_a_busy_server_and_a_restart_and_arrives_once() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let server = MailServer::start(Speaks::Plain).await;
    set(&chief, "smtp", &server.outlet()).await;
    policy(&chief, json!([{ "outlet": "smtp", "role": "admin" }])).await;
    server.refuse("451 busy");
    raise(&appliance, &occasion(&appliance, Level::High, "hot")).await;
    let letter = newest_is(&chief, "queued", 1).await;
    assert!(
        letter["tries"][0]["said"]
            .as_str()
            .unwrap()
            .starts_with("451"),
        "{letter}"
    );
    assert_eq!(letter["to"], EMAIL);
    let (port, outlet) = (server.port, server.outlet());
    drop(server);
    appliance.advance(1_000);
    newest_is(&chief, "queued", 2).await;
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    // The same place, and it works again.
    let server = eventually("the port to be free", || async {
        let free = tokio::net::TcpListener::bind(("127.0.0.1", port))
            .await
            .is_ok();
        free.then_some(MailServer::at(port, Speaks::Plain).await)
    })
    .await;
    assert_eq!(outlet["settings"]["port"], server.port);
    appliance.advance(2_000);
    let letter = newest_is(&chief, "sent", 3).await;
    assert_eq!(server.letters().len(), 1);
    let text = &server.letters()[0].text;
    assert!(
        text.contains("Subject: [High] Compressor 3: Temperature above 70 degrees"),
        "{text}"
    );
    assert_eq!(letter["reason"], Value::Null);

    // A server that says never is not asked again, until a person says so.
    server.refuse("550 no such user");
    raise(&appliance, &occasion(&appliance, Level::High, "cold")).await;
    let failed = newest_is(&chief, "failed", 1).await;
    let path = format!(
        "/api/notifications/log/{}/retry",
        failed["id"].as_str().unwrap()
    );
    chief.post(&path, &json!({})).await.data();
    newest_is(&chief, "sent", 2).await;
    chief.post(&path, &json!({})).await.refused(409);
}

#[tokio::test]
async fn nobody_reacts_and_the_next_are_asked_also_across_a_restart() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let server = MailServer::start(Speaks::Plain).await;
    set(&chief, "smtp", &server.outlet()).await;
    let rule = json!({ "name": "All", "enabled": true, "from_level": "Low",
        "recipients": [{ "outlet": "smtp", "role": "admin" }],
        "escalation": [{ "recipients": [{ "outlet": "smtp", "address": "boss@plant.example" }] }]});
    chief
        .post("/api/notifications/policies", &rule)
        .await
        .created();
    let (seen, unseen) = (
        occasion(&appliance, Level::High, "a"),
        occasion(&appliance, Level::High, "b"),
    );
    raise(&appliance, &seen).await;
    raise(&appliance, &unseen).await;
    settle(&appliance, seen.alert, What::Acknowledged).await;
    eventually("both letters", || async {
        (server.letters().len() == 2).then_some(())
    })
    .await;
    appliance.stop().await;
    appliance.advance(15 * 60_000);
    appliance.start().await;
    eventually("the third", || async {
        (server.letters().len() == 3).then_some(())
    })
    .await;
    let letter = server.letters().pop().unwrap();
    assert_eq!(letter.to, "boss@plant.example");
    assert!(
        letter.text.contains("Nobody has acknowledged"),
        "{}",
        letter.text
    );
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let about = log(&chief, &format!("alert={}", unseen.alert)).await;
    assert_eq!((about.len(), &about[0]["step"]), (2, &json!(1)));
}

#[tokio::test]
async fn a_code_is_mailed_and_never_shown() {
    let (appliance, chief) = Appliance::furnished().await;
    let context = appliance.context();
    let mail = Mail {
        to: "amel@plant.example".to_owned(),
        name: Some("Amel".to_owned()),
        subject: "Your code".to_owned(),
        text: "K7QF-2M9P".to_owned(),
    };
    let put = |mail: Mail| {
        let notify = Arc::clone(&context.notify);
        context.store.write(move |tx| notify.mail(tx, mail))
    };
    assert!(
        put(mail.clone()).await.unwrap().is_none(),
        "no outlet writes e-mail"
    );
    let server = MailServer::start(Speaks::Plain).await;
    set(&chief, "smtp", &server.outlet()).await;
    let id = put(mail).await.unwrap().unwrap();
    let shown = chief.get("/api/notifications/log").await.text;
    assert!(
        shown.contains(&id.to_string()) && !shown.contains("K7QF"),
        "{shown}"
    );
    context.notify.wake();
    newest_is(&chief, "sent", 1).await;
    assert!(server.letters()[0].text.contains("K7QF-2M9P"));
}

#[tokio::test]
async fn settings_and_policies_are_checked_kept_and_audited() {
    let (appliance, chief) = Appliance::furnished().await;
    let path = "/api/notifications/settings";
    let general = json!({ "base_url": "https://indusmind.plant", "language": "fr",
        "urgent_after_min": 10, "others_after_min": 30, "phone_per_hour": 12 });
    assert_eq!(chief.put(path, &general).await.data(), general);
    let bad = json!({ "base_url": "plant", "urgent_after_min": 0, "others_after_min": 9999,
        "phone_per_hour": 0 });
    let named = [
        "base_url",
        "others_after_min",
        "phone_per_hour",
        "urgent_after_min",
    ];
    assert_eq!(chief.put(path, &bad).await.bad_fields(), named);
    assert_eq!(chief.get(path).await.data(), general);

    let made = policy(&chief, json!([{ "outlet": "smtp", "role": "operator" }])).await;
    let one = format!(
        "/api/notifications/policies/{}",
        made["id"].as_str().unwrap()
    );
    let mut rule = json!({ "name": "Night", "enabled": false, "from_level": "High",
        "site": "elsewhere", "recipients": [{ "outlet": "push" }] });
    assert_eq!(chief.put(&one, &rule).await.bad_fields(), ["site"]);
    rule["site"] = json!("site_a");
    rule["shifts"] = json!([{ "days": ["mon"], "from": "6:00", "to": "14:00" }]);
    assert_eq!(
        chief.put(&one, &rule).await.bad_fields(),
        ["shifts[0].from"]
    );
    rule["shifts"][0]["from"] = json!("06:00");
    chief.put(&one, &rule).await.data();
    let all = chief.get("/api/notifications/policies").await.data();
    assert_eq!(all["items"][0]["name"], "Night");
    let entry = chief.audit().await[0].clone();
    assert_eq!(entry["action"], "notifications.policy_update");
    assert_eq!(
        chief
            .get("/api/notifications/log?from=never")
            .await
            .bad_fields(),
        ["from"]
    );

    // Switched off: it concerns nobody, and that is said.
    raise(&appliance, &occasion(&appliance, Level::High, "a")).await;
    let letter = newest_is(&chief, "withheld", 0).await;
    assert!(
        letter["reason"].as_str().unwrap().contains("No policy"),
        "{letter}"
    );
    assert_eq!(letter["outlet"], Value::Null);
    let retry = format!(
        "/api/notifications/log/{}/retry",
        letter["id"].as_str().unwrap()
    );
    chief.post(&retry, &json!({})).await.refused(409);
    chief.delete(&one).await.data();
    chief.delete(&one).await.refused(404);
}
