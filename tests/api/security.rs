//! What happens at the door: told the same to the page and to programs, with what it was seen from.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, START};
use indusmind::auth::Role;
use indusmind::base::bucket::Rate;
use indusmind::web::Class;
use serde_json::{Value, json};
use std::net::IpAddr;

/// An event as a firewall reports it.
pub fn event() -> Value {
    json!({ "source": "Firewall of hall 2", "event_type": "port_scan", "severity": "warning",
        "message": "40 ports of 10.0.3.17 were tried within a minute.",
        "ip_address": "10.0.3.99", "details": { "ports": 40 } })
}

async fn asked(client: &Client, what: &str) -> Value {
    client.get(&format!("/api/security/{what}")).await.data()
}

async fn guesses(appliance: &Appliance, count: usize) {
    for n in 0..count {
        let login = json!({ "email": EMAIL, "password": format!("Guess-{n}-a") });
        let stranger = appliance.client();
        stranger.post("/api/auth/login", &login).await.refused(401);
    }
}

/// The kinds of the threats, the gravest first.
async fn threats(chief: &Client) -> Vec<String> {
    let all = asked(chief, "threats").await["items"].clone();
    let kind = |threat: &Value| threat["kind"].as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(kind).collect()
}

#[tokio::test]
async fn guessing_is_an_event_a_threat_and_a_count() {
    let (mut appliance, chief) = Appliance::furnished().await;
    guesses(&appliance, 9).await;
    assert!(threats(&chief).await.is_empty());
    guesses(&appliance, 3).await;
    let refused = asked(&chief, "events?category=refused&limit=100").await;
    let refused = refused["items"].as_array().unwrap().clone();
    assert_eq!(refused.len(), 12);
    assert!(refused.iter().all(|event| event["severity"] == "warning"));
    let first = &asked(&chief, "threats").await["items"][0];
    assert_eq!(first["kind"], "guessing");
    assert_eq!(
        (&first["address"], &first["count"]),
        (&json!("127.0.0.1"), &json!(12))
    );
    assert_eq!(first["status"], "active");
    // It names the entries that show it, the newest first.
    let sequence = |event: &Value| event["sequence"].clone();
    assert_eq!(
        first["events"],
        json!(refused.iter().map(sequence).collect::<Vec<_>>())
    );
    let seen = asked(&chief, "dashboard").await;
    assert_eq!(
        (&seen["refused_day"], &seen["threats_active"]),
        (&json!(12), &json!(1))
    );
    let source = json!({ "address": "127.0.0.1", "tries": 12, "names": [EMAIL],
        "last_at": refused[0]["at"] });
    assert_eq!(seen["sources"], json!([source]));
    // Somebody who signs in is an event of another kind; a restart forgets nothing.
    let access = asked(&chief, "events?category=access").await;
    assert_eq!(access["items"][0]["action"], "auth.login");
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().with_token(&chief.token);
    assert_eq!(threats(&chief).await, ["guessing"]);
    chief
        .get("/api/security/events?category=all")
        .await
        .refused(400);
    chief
        .get("/api/security/events?from=yesterday")
        .await
        .refused(400);
}

#[tokio::test]
async fn each_check_says_what_it_looked_at() {
    let (appliance, chief) = Appliance::furnished().await;
    appliance.client_as(Role::Viewer).await;
    let all = asked(&chief, "compliance").await["items"].clone();
    let of = |key: &str| {
        let mut checks = all.as_array().unwrap().iter();
        checks.find(|check| check["key"] == key).unwrap().clone()
    };
    let admins = of("administrators_second_factor");
    assert_eq!(
        (&admins["result"], &admins["examined"]),
        (&json!("failed"), &json!(1))
    );
    assert_eq!(admins["findings"][0]["key"], "mighty_no_factor");
    let id = chief.get("/api/auth/me").await.data()["id"].clone();
    let object = format!("user/{}", id.as_str().unwrap());
    assert_eq!(admins["findings"][0]["object"], object);
    assert_eq!(of("spare_administrator")["result"], "attention");
    assert_eq!(of("people_second_factor")["findings"][0]["count"], 1);
    assert_eq!(of("token_life")["result"], "nothing_there");
    // Plain HTTP and no timetable of backups: evidence is the look of the appliance at itself.
    assert_eq!(
        of("encryption")["findings"][0]["check"]["code"],
        "certificate_none"
    );
    assert_eq!(of("backups")["findings"][0]["check"]["code"], "backup_off");
    let seen = asked(&chief, "dashboard").await;
    assert_eq!(
        (&seen["people"], &seen["people_with_second_factor"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(seen["findings_bad"], 1);
}

async fn program(appliance: &Appliance, chief: &Client, scope: &str) -> Client {
    let (secret, _) = crate::tokens::make(chief, &[scope]).await;
    appliance.client().with_token(&secret)
}

#[tokio::test]
async fn another_system_reports_and_what_is_critical_is_a_threat() {
    let (appliance, chief) = Appliance::furnished().await;
    let firewall = program(&appliance, &chief, "security:report").await;
    let noted = firewall.post("/api/security/log", &event()).await.created();
    assert_eq!(noted["category"], "reported");
    assert_eq!(noted["user"], "token:Telegraf in hall 2");
    assert_eq!(noted["resource"], "system/Firewall of hall 2");
    assert_eq!(noted["details"]["details"], json!({ "ports": 40 }));
    assert!(threats(&chief).await.is_empty());
    let mut critical = event();
    critical["severity"] = json!("critical");
    chief.post("/api/security/log", &critical).await.created();
    assert_eq!(threats(&chief).await, ["reported"]);
    let reported = asked(&chief, "events?category=reported").await;
    assert_eq!(reported["items"][0]["severity"], "critical");
    assert_eq!(reported["items"][1], noted);
    assert_eq!(chief.audit().await[0]["action"], "security.reported");

    let before = chief.audit().await.len();
    let reader = program(&appliance, &chief, "readings:read").await;
    reader
        .post("/api/security/log", &event())
        .await
        .refused(403);
    firewall.get("/api/security/events").await.refused(403);
    let operator = appliance.client_as(Role::Operator).await;
    operator
        .post("/api/security/log", &event())
        .await
        .refused(403);
    let mut wrong = event();
    wrong["event_type"] = json!("Port scan");
    wrong["details"] = json!({ "text": "x".repeat(2_000) });
    let reply = firewall.post("/api/security/log", &wrong).await;
    assert_eq!(reply.bad_fields(), ["details", "event_type"]);
    let of = |entry: &Value| entry["action"] == "security.reported";
    let entries = chief.audit().await;
    assert!(entries.len() > before, "tokens and a sign-in are entries");
    assert_eq!(entries.iter().filter(|entry| of(entry)).count(), 2);
}

#[tokio::test]
async fn reports_have_a_limit_of_their_own() {
    let few = |config: &mut indusmind::config::Config| {
        config.edge.limits.set(Class::Report, Rate::new(2, 60, 2));
    };
    let appliance = Appliance::with(START, few).await;
    appliance.set_up().await;
    let chief = appliance
        .client()
        .login(EMAIL, crate::support::PASSWORD)
        .await;
    let firewall = program(&appliance, &chief, "security:report").await;
    for _ in 0..2 {
        firewall.post("/api/security/log", &event()).await.created();
    }
    firewall
        .post("/api/security/log", &event())
        .await
        .refused(429);
    chief.post("/api/security/log", &event()).await.created();
}

#[tokio::test]
async fn a_token_that_is_used_here_there_and_here_again_is_a_threat() {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = crate::tokens::make(&chief, &["readings:write"]).await;
    let write = async |from: [u8; 4]| {
        let client = reqwest::Client::builder().local_address(IpAddr::from(from));
        let url = format!("http://{}/api/v2/write", appliance.address());
        let request = client.build().unwrap().post(url);
        let request = request.header("authorization", format!("Token {secret}"));
        assert_eq!(Reply::to(request).await.status, 204);
    };
    write([127, 0, 0, 1]).await;
    write([127, 0, 0, 2]).await;
    assert!(threats(&chief).await.is_empty(), "it may have moved");
    write([127, 0, 0, 1]).await;
    assert_eq!(threats(&chief).await, ["key_two_places"]);
    let seen = asked(&chief, "threats").await["items"][0].clone();
    assert_eq!(seen["address"], "127.0.0.2, 127.0.0.1");
    // After a week it is a story of the past.
    appliance.advance(8 * 24 * 3_600_000);
    let chief = appliance
        .client()
        .login(EMAIL, crate::support::PASSWORD)
        .await;
    assert!(!threats(&chief).await.contains(&"key_two_places".to_owned()));
}
