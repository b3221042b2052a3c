//! What the appliance finds out by itself: nominal voltages, silent devices, backups that are late,
//! messages that do not get through, answers that fail.

use crate::alerts::list;
use crate::notifications::{newest_is, occasion, policy, raise, set};
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use crate::web_server::WebServer;
use indusmind::base::Level;
use indusmind::store::{TableName, Transaction};
use serde_json::json;

/// Stores a voltage of the first conductor, V, of now.
async fn voltage(appliance: &Appliance, equipment: &str, value: f64) {
    let batch = indusmind::base::Batch {
        equipment: equipment.parse().unwrap(),
        at: appliance.now(),
        arrived: appliance.now(),
        interval_ms: 5_000,
        readings: vec![indusmind::base::Reading::good(
            indusmind::base::Metric::VOLTAGE,
            indusmind::base::Phase::L1,
            indusmind::base::Unit::new("V").unwrap(),
            value,
        )],
    };
    let intake = &appliance.context().intake;
    intake
        .store(std::sync::Arc::new(vec![batch]))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_limits_of_a_voltage_follow_from_what_is_nominal() {
    let (appliance, chief) = Appliance::furnished().await;
    let dead = crate::support::meters::dead_port();
    let source = json!({ "host": dead.ip(), "port": dead.port(), "registers": {
        "voltage_l1": { "address": 0, "type": "float32", "unit": "V" } } });
    let meter = chief.add("Meter", &source).await;
    let rules = async || {
        let found = chief.get("/api/alert-rules?search=voltage").await.data();
        let items = found["items"].as_array().unwrap().iter();
        let mut limits: Vec<_> = items
            .map(|rule| rule["condition"]["threshold"].as_f64().unwrap().round())
            .collect();
        limits.sort_by(f64::total_cmp);
        limits
    };
    eventually("the usual rules to be there", || async {
        let all = chief.get("/api/alert-rules").await.data();
        (all["total"] != 0).then_some(())
    })
    .await;
    assert!(rules().await.is_empty(), "nobody said what is nominal");
    let found = async |value: f64| {
        voltage(&appliance, &meter, value).await;
        appliance.context().alerts.give_defaults().await.unwrap();
        rules().await
    };
    // A network that is broken teaches nothing.
    assert!(found(90.0).await.is_empty());
    assert_eq!(found(409.0).await, [360.0, 440.0]);
    assert_eq!(found(231.0).await, [360.0, 440.0], "once");
    let open = list(&chief, "search=voltage").await;
    assert_eq!(open["total"], 0, "{open}");
    // What somebody deletes stays deleted.
    let all = chief.get("/api/alert-rules?search=voltage").await.data();
    for rule in all["items"].as_array().unwrap() {
        let path = format!("/api/alert-rules/{}", rule["id"].as_str().unwrap());
        chief.delete(&path).await.data();
    }
    assert!(found(410.0).await.is_empty());
}

#[tokio::test]
async fn the_appliance_tells_of_silent_devices_that_no_rule_watches() {
    let (appliance, chief) = Appliance::furnished().await;
    let dead = crate::support::meters::dead_port();
    let source = json!({ "host": dead.ip(), "port": dead.port(), "registers": {
        "power": { "address": 0, "type": "float32", "unit": "kW" } } });
    chief.add("Watched", &source).await;
    let other = chief.add("Unwatched", &source).await;
    let path = format!("/api/alert-rules?equipment_id={other}");
    let rules = eventually("the usual rules to be there", || async {
        let found = chief.get(&path).await.data();
        let items = found["items"].as_array().unwrap().clone();
        (!items.is_empty()).then_some(items)
    })
    .await;
    for rule in rules {
        let path = format!("/api/alert-rules/{}", rule["id"].as_str().unwrap());
        chief.delete(&path).await.data();
    }
    appliance.advance(301_000);
    let alert = eventually("the appliance to look at itself", || async {
        appliance.advance(10_000);
        let found = list(&chief, "search=polled+devices").await;
        found["items"].get(0).cloned()
    })
    .await;
    assert_eq!(
        (&alert["source"], &alert["condition"]),
        (&json!("appliance"), &json!("appliance/polls"))
    );
    let message = alert["message"].as_str().unwrap();
    assert!(message.contains(": Unwatched."), "{message}");
}

#[tokio::test]
async fn a_backup_that_is_late_is_an_alert_until_one_is_made() {
    let (appliance, chief) = Appliance::furnished().await;
    let stick = tempfile::tempdir().unwrap();
    let folder = stick.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    let settings = json!({ "settings": { "folder": folder, "at": "02:30",
        "days": [1, 2, 3, 4, 5, 6, 7], "keep": { "daily": 2, "weekly": 0, "monthly": 0 },
        "encrypt": false } });
    chief.put("/api/backups/settings", &settings).await.data();
    // The stick is pulled out, and nobody notices.
    std::fs::remove_dir(&folder).unwrap();
    appliance.advance(3 * 86_400_000);
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    eventually("the alert of the backup", || async {
        appliance.advance(10_000);
        let found = list(&chief, "search=backup&status=active").await;
        (found["items"][0]["level"] == "High").then_some(())
    })
    .await;
    std::fs::create_dir(&folder).unwrap();
    let made = chief.post("/api/backups", &json!({})).await;
    assert_eq!(made.status, 202, "{}", made.text);
    eventually("the alert to end", || async {
        appliance.advance(10_000);
        let found = list(&chief, "search=backup&status=active").await;
        (found["total"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_outlet_by_which_nothing_gets_through_is_an_alert_until_something_does() {
    let (appliance, chief) = Appliance::furnished().await;
    let dead = crate::support::meters::dead_port();
    let hook = |url: String| json!({ "enabled": true, "secret": "s", "settings": { "url": url } });
    set(&chief, "webhook", &hook(format!("http://{dead}/"))).await;
    policy(&chief, json!([{ "outlet": "webhook" }])).await;
    raise(&appliance, &occasion(&appliance, Level::High, "hot")).await;
    newest_is(&chief, "queued", 1).await;
    // A server that starts anew is no trouble.
    appliance.advance(60_000);
    assert!(appliance.context().notify.stuck(appliance.now()).is_empty());
    let alert = eventually("the appliance to say so", || async {
        appliance.advance(60_000);
        let found = list(&chief, "search=messages&status=active").await;
        found["items"].get(0).cloned()
    })
    .await;
    assert_eq!(
        (&alert["condition"], &alert["level"]),
        (&json!("appliance/outlets"), &json!("High"))
    );
    let message = alert["message"].as_str().unwrap();
    assert!(message.contains("Webhook"), "{message}");
    let server = WebServer::start().await;
    chief.prove().await;
    set(&chief, "webhook", &hook(server.url("/hook"))).await;
    eventually("the alert to end", || async {
        appliance.advance(60_000);
        let found = list(&chief, "search=messages&status=active").await;
        (found["total"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn answers_that_fail_are_an_alert_until_they_are_mended() {
    let (appliance, chief) = Appliance::furnished().await;
    let letters = TableName::new("notify_letter");
    let id = uuid::Uuid::now_v7();
    let rot = move |tx: &Transaction<'_>| tx.put(letters, id.as_bytes(), b"\x01 rotten");
    appliance.context().store.write(rot).await.unwrap();
    for _ in 0..6 {
        chief.get("/api/notifications/log").await.refused(500);
    }
    let alert = eventually("the appliance to notice its failures", || async {
        appliance.advance(10_000);
        let found = list(&chief, "search=answers&status=active").await;
        found["items"].get(0).cloned()
    })
    .await;
    assert_eq!(
        (&alert["condition"], &alert["level"], &alert["threshold"]),
        (&json!("appliance/answers"), &json!("High"), &json!(1.0))
    );
    let mend = move |tx: &Transaction<'_>| tx.remove(letters, id.as_bytes()).map(drop);
    appliance.context().store.write(mend).await.unwrap();
    chief.get("/api/notifications/log").await.data();
    // The longest look is over fifteen minutes.
    appliance.advance(16 * 60_000);
    eventually("the alert to end", || async {
        appliance.advance(10_000);
        let found = list(&chief, "search=answers&status=active").await;
        (found["total"] == 0).then_some(())
    })
    .await;
}
