//! What the appliance finds out by itself: nominal voltages, silent devices, backups that are late.

use crate::alerts::list;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
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
