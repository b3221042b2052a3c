//! The rules of alerts, and what they do over restarts, dead lines and late readings.

use crate::alerts::{list, machine, only, power, power_at, rule};
use crate::support::{Appliance, eventually};
use serde_json::json;

#[tokio::test]
async fn rules_are_made_changed_and_deleted() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let nobody = "01989c8e-0000-7000-8000-000000000000";
    let bad = json!({ "equipment_id": nobody, "metric": "power", "operator": ">", "threshold": 1,
        "level": "High" });
    assert_eq!(
        chief.post("/api/alert-rules", &bad).await.bad_fields(),
        ["equipment_id"]
    );
    let made = rule(&chief, &press, json!({})).await;
    assert_eq!(
        (&made["threshold"], &made["name"]),
        (&json!(80.0), &json!("power above 80"))
    );
    let path = format!("/api/alert-rules/{}", made["id"].as_str().unwrap());
    power(&appliance, &press, 90.0).await;
    assert_eq!(chief.get(&path).await.data()["active"], true);
    // The limit moves: the alert that is open ends with the next reading below it.
    let changed = chief.put(&path, &json!({ "threshold": 95 })).await.data();
    assert_eq!(
        (&changed["threshold"], &changed["operator"]),
        (&json!(95.0), &json!(">"))
    );
    assert_eq!(changed["revision"], 2);
    assert_eq!(only(&chief).await["active"], true);
    appliance.advance(5_000);
    power(&appliance, &press, 90.0).await;
    assert_eq!(only(&chief).await["state"], "returned_unacknowledged");
    assert_eq!(
        chief
            .put(&path, &json!({ "threshold": "much" }))
            .await
            .bad_fields(),
        ["threshold"]
    );
    assert_eq!(
        chief
            .put(&path, &json!({ "dead_band": -1 }))
            .await
            .bad_fields(),
        ["dead_band"]
    );
    appliance.advance(5_000);
    power(&appliance, &press, 99.0).await;
    assert_eq!(only(&chief).await["occurrences"], 2);
    chief.put(&path, &json!({ "enabled": false })).await.data();
    assert_eq!(
        only(&chief).await["state"],
        "normal",
        "a rule that rests has no alert"
    );
    for (query, total) in [("true", 0), ("false", 1)] {
        let found = chief
            .get(&format!("/api/alert-rules?enabled={query}"))
            .await;
        assert_eq!(found.data()["total"], total, "{query}");
    }
    let unclear = chief.get("/api/alert-rules?enabled=yes").await;
    assert_eq!(unclear.bad_fields(), ["enabled"]);
    chief.delete(&path).await.data();
    chief.get(&path).await.refused(404);
    chief.delete(&path).await.refused(404);
    let found = chief.get("/api/alert-rules?search=power").await.data();
    assert_eq!(found["total"], 0);
}

#[tokio::test]
async fn a_rule_is_rehearsed_before_it_is_saved() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let said = json!({ "equipment_id": press, "metric": "power", "operator": ">", "threshold": 80,
        "level": "High" });
    let ask = json!({ "rule": said, "days": 1 });
    assert_eq!(
        chief
            .post("/api/alert-rules/rehearse", &ask)
            .await
            .bad_fields(),
        ["rule"]
    );
    for n in 0..60 {
        let value = if n % 10 < 5 { 90.0 } else { 70.0 };
        power_at(
            &appliance,
            &press,
            appliance.now().minus_ms((60 - n) * 5_000),
            value,
        )
        .await;
    }
    let found = chief.post("/api/alert-rules/rehearse", &ask).await.data();
    assert_eq!(
        (&found["alerts"], &found["points"]),
        (&json!(6), &json!(60))
    );
    assert_eq!(
        (&found["longest_s"], &found["episodes"][0]["to"]),
        (&json!(25.0), &json!(appliance.now().minus_ms(25_000)))
    );
    assert_eq!(list(&chief, "").await["total"], 0, "nothing was raised");
    let long = json!({ "rule": said, "days": 91 });
    assert_eq!(
        chief
            .post("/api/alert-rules/rehearse", &long)
            .await
            .bad_fields(),
        ["days"]
    );
}

#[tokio::test]
async fn what_stood_before_a_restart_stands_after_it() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let (one, two) = (
        machine(&chief, "Press 1").await,
        machine(&chief, "Press 2").await,
    );
    for id in [&one, &two] {
        rule(&chief, id, json!({ "on_delay_s": 60 })).await;
        for _ in 0..13 {
            power(&appliance, id, 90.0).await;
            appliance.advance(5_000);
        }
    }
    let all = list(&chief, "").await;
    assert_eq!(all["total"], 2);
    let path = format!("/api/alerts/{}", all["items"][0]["id"].as_str().unwrap());
    chief
        .post(&format!("{path}/acknowledge"), &json!({}))
        .await
        .data();
    appliance.stop().await;
    appliance.advance(5_000);
    appliance.start().await;
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, crate::support::PASSWORD)
        .await;
    for id in [&one, &two] {
        power(&appliance, id, 91.0).await;
    }
    let after = list(&chief, "").await;
    assert_eq!(after["total"], 2, "no second alert of the same condition");
    for item in after["items"].as_array().unwrap() {
        assert_eq!(
            (&item["occurrences"], &item["active"]),
            (&json!(1), &json!(true))
        );
    }
    for id in [&one, &two] {
        power(&appliance, id, 10.0).await;
    }
    let states = list(&chief, "").await;
    let states: Vec<_> = states["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["state"].clone())
        .collect();
    assert_eq!(states, ["normal", "returned_unacknowledged"]);
}

#[tokio::test]
async fn the_delay_of_a_silence_goes_on_over_a_restart() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    for (name, delay_s) in [("At once", 0), ("Later", 120)] {
        let said = json!({ "name": name, "equipment_id": press, "level": "High", "on_delay_s": delay_s,
            "condition": { "kind": "no_data", "silent_s": 60 } });
        chief.post("/api/alert-rules", &said).await.created();
    }
    power(&appliance, &press, 10.0).await;
    appliance.advance(61_000);
    // Both rules are looked at in one beat: the delay of the other one runs when this one is there.
    let silent = async |chief: &crate::support::client::Client, total: i64| {
        eventually("the silence to be told", || async {
            (list(chief, "").await["total"] == total).then_some(())
        })
        .await;
    };
    silent(&chief, 1).await;
    appliance.stop().await;
    appliance.advance(30_000);
    appliance.start().await;
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, crate::support::PASSWORD)
        .await;
    assert_eq!(list(&chief, "").await["total"], 1, "its delay is not over");
    appliance.advance(91_000);
    silent(&chief, 2).await;
}

#[tokio::test]
async fn a_dead_line_is_one_alert() {
    let (appliance, chief) = Appliance::furnished().await;
    let dead = crate::support::meters::dead_port();
    for unit in 1..=3 {
        let source = json!({ "host": dead.ip(), "port": dead.port(), "unit_id": unit,
            "registers": { "power": { "address": 0, "type": "float32" } } });
        chief.add(&format!("Meter {unit}"), &source).await;
    }
    eventually("the usual rules to be there", || async {
        let rules = chief.get("/api/alert-rules?search=no+data").await.data();
        (rules["total"] == 3).then_some(())
    })
    .await;
    appliance.advance(61_000);
    eventually("the line to be reported", || async {
        (list(&chief, "").await["items"][0]["children"] == 3).then_some(())
    })
    .await;
    let alert = only(&chief).await;
    assert_eq!(
        (&alert["source"], &alert["level"]),
        (&json!("line"), &json!("High"))
    );
    let all = list(&chief, "children=true").await;
    assert_eq!(all["total"], 4, "those for which it stands are kept");
    let parent = alert["id"].as_str().unwrap();
    let children = list(&chief, &format!("parent={parent}&page_size=2&sort=level")).await;
    assert_eq!(
        (&children["total"], &children["has_more"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(children["items"][0]["parent"], alert["id"]);
    let of_child = children["items"][0]["id"].as_str().unwrap();
    assert_eq!(
        list(&chief, &format!("parent={of_child}")).await["total"],
        0
    );
}

#[tokio::test]
async fn late_readings_raise_without_a_sound() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    rule(&chief, &press, json!({})).await;
    let hour_ago = appliance.now().minus_ms(3_600_000);
    power_at(&appliance, &press, hour_ago, 90.0).await;
    let alert = only(&chief).await;
    assert_eq!(
        (&alert["late"], &alert["timestamp"]),
        (&json!(true), &json!(hour_ago))
    );
    power(&appliance, &press, 92.0).await;
    assert_eq!(
        only(&chief).await["late"],
        false,
        "it still stands: now it counts"
    );
    power_at(&appliance, &press, hour_ago.plus_ms(1_000), 95.0).await;
    let all = list(&chief, "").await;
    assert_eq!(
        all["total"], 2,
        "what came after newer values is an alert of its own"
    );
}

#[tokio::test]
async fn equipment_with_active_alerts_is_not_deleted() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    rule(&chief, &press, json!({})).await;
    power_at(
        &appliance,
        &press,
        appliance.now().minus_ms(25 * 3_600_000),
        90.0,
    )
    .await;
    let path = format!("/api/equipment/{press}");
    let refused = chief.delete(&path).await.refused(409);
    assert_eq!(refused["details"]["active_alerts"], 1);
    chief
        .put(&path, &json!({ "status": "decommissioned" }))
        .await
        .data();
    chief.delete(&path).await.data();
    eventually("its alert to end", || async {
        appliance.advance(1_000);
        (only(&chief).await["state"] == "normal").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_alert_of_another_site_is_not_there() {
    let (_appliance, chief) = Appliance::furnished().await;
    let nobody = "/api/alerts/01989c8e-0000-7000-8000-000000000000";
    chief.get(nobody).await.refused(404);
    for (action, body) in [
        ("acknowledge", json!({})),
        ("resolve", json!({})),
        ("unshelve", json!({})),
        ("shelve", json!({ "seconds": 60, "reason": "x" })),
        ("comment", json!({ "text": "x" })),
    ] {
        chief
            .post(&format!("{nobody}/{action}"), &body)
            .await
            .refused(404);
        chief
            .post(&format!("{nobody}/{action}"), &json!({ "nonsense": 1 }))
            .await
            .refused(400);
    }
    chief.get("/api/alert-rules/templates").await.refused(400);
}
