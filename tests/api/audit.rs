//! The audit log: searched, exported, held against a head that was kept.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL};
use indusmind::store::audit::{self, Actor};
use reqwest::Method;
use serde_json::{Value, json};

async fn items(chief: &Client, query: &str) -> Vec<Value> {
    let page = chief.get(&format!("/api/audit?{query}")).await.data();
    page["items"].as_array().unwrap().clone()
}

fn actions(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|i| i["action"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn entries_are_searched_by_who_what_when_and_how_it_ended() {
    let (appliance, chief) = Appliance::furnished().await;
    let wrong = json!({ "email": "guess@plant.example", "password": "Wrong-1-guess" });
    appliance
        .client()
        .post("/api/auth/login", &wrong)
        .await
        .refused(401);
    appliance.advance(3_000_000);
    let press = json!({ "name": "Press 7", "type": "Press", "model": "P", "install_date":
        "2024-05-01" });
    let id = chief.add_equipment(&press).await;
    let renamed = json!({ "name": "Press 8" });
    let request = chief.request(Method::PUT, &format!("/api/equipment/{id}"));
    let request = request
        .header("x-request-id", "press-renamed")
        .json(&renamed);
    Reply::to(request).await.data();

    assert_eq!(
        actions(&items(&chief, "user=GUESS").await),
        ["auth.login_failed"]
    );
    let refused = items(&chief, "outcome=refused").await;
    assert_eq!(actions(&refused), ["auth.login_failed"]);
    assert_eq!(refused[0]["outcome"], "refused");
    let both = items(&chief, "action=equipment,auth.login_failed&limit=2").await;
    assert_eq!(actions(&both), ["equipment.update", "equipment.create"]);
    let object = items(&chief, &format!("object=equipment/{id}")).await;
    assert_eq!(object.len(), 2);
    assert_eq!(object[0]["request_id"], "press-renamed");
    assert_eq!(object[0]["address"], "127.0.0.1");
    let name = &object[0]["details"]["name"];
    assert_eq!(
        (&name["before"], &name["after"]),
        (&json!("Press 7"), &json!("Press 8"))
    );
    assert_eq!(items(&chief, "text=press%208").await.len(), 1);
    assert_eq!(items(&chief, "text=press-renamed").await.len(), 1);
    let later = format!("from={}", appliance.now().minus_ms(1_000));
    assert_eq!(
        actions(&items(&chief, &later).await),
        ["equipment.update", "equipment.create"]
    );
    assert!(items(&chief, "to=2026-11-21").await.is_empty());
    assert!(items(&chief, "from=2026-11-21&action=auth").await.len() >= 2);

    let bad = chief.get("/api/audit?from=soon&outcome=maybe").await;
    assert_eq!(bad.bad_fields(), ["from", "outcome"]);
    chief.get("/api/audit?cursor=x").await.refused(400);
}

#[tokio::test]
async fn pages_go_on_and_say_how_far_they_looked() {
    let (_appliance, chief) = Appliance::furnished().await;
    let all = items(&chief, "limit=100").await;
    let first = chief.get("/api/audit?limit=1").await.data();
    assert_eq!(first["items"][0], all[0]);
    let next = first["next_cursor"].as_u64().unwrap();
    let second = chief
        .get(&format!("/api/admin/audit-logs?limit=1&cursor={next}"))
        .await;
    assert_eq!(second.data()["items"][0], all[1]);
    let nothing = chief.get("/api/audit?text=nobody-wrote-this").await.data();
    assert_eq!(nothing["next_cursor"], Value::Null);
    assert_eq!(nothing["searched"], all.len());
    assert_eq!(nothing["searched_until"], all[all.len() - 1]["at"]);
}

/// Writes an entry whose words a spreadsheet would run.
async fn formula(appliance: &Appliance) {
    let store = &appliance.context().store;
    let now = appliance.now();
    let actor = Actor {
        name: "=HYPERLINK(\"http://evil.example\")".to_owned(),
        ..Actor::default()
    };
    store
        .write(move |tx| audit::append(tx, now, &actor, "auth.login_failed", "session", json!({})))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_log_is_taken_away_with_the_head_of_its_chain() {
    let (appliance, chief) = Appliance::furnished().await;
    formula(&appliance).await;
    let file = chief.get("/api/audit/export").await;
    assert_eq!(file.status, 200);
    let head = file.header("x-audit-head").to_owned();
    let lines: Vec<_> = file.text.lines().collect();
    assert!(lines[0].starts_with("sequence,time,user,"), "{}", lines[0]);
    let entries = lines.len() - 2;
    let last = lines[lines.len() - 1];
    assert_eq!(
        last,
        format!("# {entries} entries; head of the chain {head}")
    );
    assert!(
        head.starts_with(&format!("{entries}:")),
        "the export is an entry: {head}"
    );
    assert!(file.text.contains("\"'=HYPERLINK("), "{}", file.text);

    let json = chief
        .get("/api/audit/export?format=json&action=auth")
        .await
        .json();
    assert_eq!(json["count"], json["entries"].as_array().unwrap().len());
    assert!(
        json["entries"][0]["action"]
            .as_str()
            .unwrap()
            .starts_with("auth.")
    );
    let newer = json["head"]["sequence"].as_u64().unwrap();
    assert_eq!(newer, u64::try_from(entries).unwrap() + 1);
    assert_eq!(
        chief.get("/api/audit/export?format=pdf").await.bad_fields(),
        ["format"]
    );

    let verdict = chief
        .get(&format!("/api/audit/verify?head={head}"))
        .await
        .data();
    assert_eq!(verdict["intact"], true);
    assert_eq!(verdict["head"]["hash"], json["head"]["hash"]);
    assert_eq!(
        chief.get("/api/audit/verify?head=7").await.bad_fields(),
        ["head"]
    );
}

#[tokio::test]
async fn a_long_log_is_exported_whole() {
    let (appliance, chief) = Appliance::furnished().await;
    let now = appliance.now();
    let store = &appliance.context().store;
    let many = store.write(move |tx| {
        let one = |n| {
            let actor = Actor::console();
            audit::append(tx, now, &actor, "test", "thing/1", json!({ "n": n }))
        };
        (0..2_500).try_for_each(one)
    });
    many.await.unwrap();
    let file = chief.get("/api/audit/export?object=thing").await;
    assert_eq!(file.text.lines().count(), 2_502);
    assert!(file.text.contains("# 2500 entries"));
}

#[tokio::test]
async fn a_cut_is_told_by_a_head_that_was_kept() {
    let (_old, before) = Appliance::furnished().await;
    let kept = before.get("/api/audit/export").await;
    let kept = kept.header("x-audit-head");
    // Another appliance: sound in itself, and not the one that the head is of.
    let (_appliance, chief) = Appliance::furnished().await;
    let verdict = chief
        .get(&format!("/api/audit/verify?head={kept}"))
        .await
        .data();
    assert_eq!(verdict["intact"], false, "{verdict}");
    let (sequence, hash) = kept.split_once(':').unwrap();
    let first_bad = verdict["first_bad"].as_u64().unwrap();
    let expected: u64 = sequence.parse().unwrap();
    assert!(first_bad <= expected, "{verdict}");
    let alone = chief
        .get(&format!("/api/audit/verify?head={hash}"))
        .await
        .data();
    assert_eq!(alone["fault"], "cut_off");
    assert_eq!(chief.get("/api/audit/verify").await.data()["intact"], true);
    assert!(
        items(&chief, "user=chief")
            .await
            .iter()
            .all(|i| i["user"] == EMAIL)
    );
}

#[tokio::test]
async fn what_has_a_name_is_not_shown_by_its_id_alone() {
    let (_appliance, chief) = Appliance::furnished().await;
    let press = json!({ "name": "Press 7", "type": "Press", "model": "P", "install_date":
        "2024-05-01" });
    let id = chief.add_equipment(&press).await;
    let rule = json!({ "equipment_id": id, "metric": "power", "operator": ">",
        "threshold": 42, "level": "High" });
    let rule = chief.post("/api/alert-rules", &rule).await.created();
    assert_eq!(rule["of_condition"], true, "nobody named it");
    let rule = format!("/api/alert-rules/{}", rule["id"].as_str().unwrap());
    let named = json!({ "name": "Clutch" });
    let named = chief.put(&rule, &named).await.data();
    assert_eq!(named["of_condition"], false);
    let item = json!({ "kind": "action", "name": "Less air" });
    chief.post("/api/energy/plan", &item).await.created();

    let names = async |query: &str| -> Vec<Value> {
        let found = items(&chief, query).await;
        found.iter().map(|item| item["name"].clone()).collect()
    };
    let clutch = json!("Clutch");
    assert_eq!(names("action=alert_rule").await, [clutch.clone(), clutch]);
    assert_eq!(names("action=energy_plan").await, [json!("Less air")]);
    let object = format!("object=equipment/{id}");
    assert_eq!(names(&object).await, [json!("Press 7")]);
    chief.delete(&rule).await.data();
    assert_eq!(names("action=alert_rule").await, vec![Value::Null; 3]);
}

#[tokio::test]
async fn a_rule_that_nobody_named_is_said_by_its_condition() {
    let (_appliance, chief) = Appliance::furnished().await;
    let press = json!({ "name": "Press 7", "type": "Press", "model": "P", "install_date":
        "2024-05-01" });
    let id = chief.add_equipment(&press).await;
    let rule = json!({ "equipment_id": id, "metric": "power", "operator": ">",
        "threshold": 42, "level": "High" });
    let rule = chief.post("/api/alert-rules", &rule).await.created();
    let path = format!("/api/alert-rules/{}", rule["id"].as_str().unwrap());
    let limits = async || -> Vec<Value> {
        let entries = items(&chief, "action=alert_rule").await;
        let limit = |entry: &Value| entry["rule"]["condition"]["threshold"].clone();
        entries.iter().map(limit).collect()
    };
    let harder = json!({ "threshold": 50, "name": "" });
    chief.put(&path, &harder).await.data();
    // Newest first, each with what it looked at then; a change with what it looks at now.
    assert_eq!(limits().await, [json!(50.0), json!(42.0)]);
    let entries = items(&chief, "action=alert_rule.create").await;
    assert_eq!(entries[0]["rule"]["name"], rule["name"]);
    assert_eq!(entries[0]["rule"]["of_condition"], true);
    chief.delete(&path).await.data();
    assert_eq!(limits().await, [json!(50.0), Value::Null, json!(42.0)]);

    let own = json!({ "equipment_id": id, "metric": "power", "operator": ">",
        "threshold": 42, "level": "High", "name": "Clutch" });
    chief.post("/api/alert-rules", &own).await.created();
    let entries = items(&chief, "action=alert_rule.create").await;
    assert!(entries[0].get("rule").is_none(), "somebody named it");
}
