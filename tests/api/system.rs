//! How the appliance itself is doing, and what is said of its site.

use crate::support::meters::Field;
use crate::support::{Appliance, EMAIL, eventually, keys};
use indusmind::base::SiteId;
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

#[tokio::test]
async fn the_probes_answer_anybody() {
    let (appliance, chief) = Appliance::furnished().await;
    appliance.advance(90_500);
    let client = appliance.client();
    for (path, word) in [
        ("/health/live", "alive"),
        ("/live", "alive"),
        ("/health/ready", "ready"),
        ("/ready", "ready"),
    ] {
        let reply = client.get(path).await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!({ "status": word })),
            "{path}"
        );
    }
    let health = client.get("/health").await;
    let up = json!({ "status": "healthy", "timestamp": appliance.now(), "uptime_s": 90,
        "services": { "store": "up", "ingest": "up", "acquisition": "up" } });
    let mut told = health.json();
    // How full the disk of this machine is, is its own affair.
    let disk = told["services"].as_object_mut().unwrap().remove("disk");
    let disk = disk.unwrap().as_str().unwrap().to_owned();
    assert!(
        disk == "up" || disk.starts_with("warning: more than"),
        "{disk}"
    );
    assert_eq!((health.status, told), (200, up));

    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    field.fault(1, Fault::Close);
    chief.add("Lost", &field.modbus(1)).await;
    appliance
        .read_at(&[&id], appliance.now().floor_to(5_000))
        .await;
    let health = client.get("/health").await;
    assert_eq!(
        (health.status, &health.json()["status"]),
        (200, &json!("degraded"))
    );
    let told = health.json()["services"]["acquisition"].clone();
    assert_eq!(told, "degraded: 1 of 2 devices do not answer");
}

#[tokio::test]
async fn the_metrics_tell_what_was_stored() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter \"1\"", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let text = eventually("the samples to be counted", || async {
        let reply = appliance.client().get("/metrics").await;
        assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4");
        reply
            .text
            .contains("indusmind_samples_total 16")
            .then_some(reply.text)
    })
    .await;
    let up = format!("indusmind_equipment_up{{id=\"{id}\",name=\"Meter \\\"1\\\"\"}} 1");
    assert!(text.contains(&up), "{text}");
    assert!(
        text.contains("\nindusmind_check_state{check=\"writer\"} 0\n"),
        "{text}"
    );
    assert!(
        text.contains("\nindusmind_check_state{check=\"backup\"} 1\n"),
        "{text}"
    );
    for name in [
        "uptime_seconds",
        "data_file_bytes",
        "sockets",
        "commits_total",
    ] {
        assert!(
            text.contains(&format!("\nindusmind_{name} ")),
            "{name} in {text}"
        );
    }
}

#[tokio::test]
async fn the_system_tells_its_version_and_size() {
    let (appliance, chief) = Appliance::furnished().await;
    appliance.advance(3_000);
    let system = chief.get("/api/system").await.data();
    let shape = [
        "checks",
        "connections",
        "connections_refused",
        "data_file_bytes",
        "local_name",
        "samples_written",
        "sockets",
        "static_binary",
        "syslog",
        "ticks_dropped",
        "ticks_skipped",
        "uptime_s",
        "version",
    ];
    assert_eq!(keys(&system), shape);
    assert_eq!(
        (&system["version"], &system["uptime_s"]),
        (&json!(env!("CARGO_PKG_VERSION")), &json!(3))
    );
    let checks = system["checks"].as_array().unwrap();
    let check = |key: &str| checks.iter().find(|check| check["key"] == key).unwrap();
    assert_eq!(check("writer")["code"], "writer_ok");
    assert_eq!(check("devices")["code"], "devices_none");
    assert_eq!(check("backup")["state"], "attention");
    assert!(system["connections"].as_u64() >= Some(1));
    assert_eq!(system["syslog"], json!(null));
    use std::os::unix::fs::MetadataExt as _;
    // What it takes from the disk, since a file that grows in strides has holes; without the reserve
    // that it holds behind its last page.
    let bytes = std::fs::metadata(appliance.data_file()).unwrap().blocks() * 512;
    let told = system["data_file_bytes"].as_u64().unwrap();
    assert!((100_000..4 << 20).contains(&told), "{told}");
    assert!(told <= bytes && bytes - told <= 68 << 20, "{told} {bytes}");
}

#[tokio::test]
async fn a_site_is_changed_in_part_and_the_change_is_in_the_log() {
    let (appliance, chief) = Appliance::furnished().await;
    let page = chief.get("/api/sites?page_size=1").await.data();
    assert_eq!(
        (&page["total"], &page["has_more"]),
        (&json!(1), &json!(false))
    );
    let before = page["items"][0].clone();
    let path = format!("/api/sites/{}", before["id"].as_str().unwrap());
    let change = json!({ "name": " Bottling plant 2 ", "currency": "eur" });
    let after = chief.put(&path, &change).await.data();
    let mut expected = before.clone();
    expected["name"] = json!("Bottling plant 2");
    expected["currency"] = json!("EUR");
    assert_eq!(after, expected);
    assert_eq!(
        chief.get("/api/sites").await.data()["items"],
        json!([expected])
    );
    let state = appliance.client().get("/api/setup").await.data();
    assert_eq!(state["site_name"], "Bottling plant 2");
    let entry = chief.audit().await[0].clone();
    assert_eq!(
        (&entry["action"], &entry["user"]),
        (&json!("site.update"), &json!(EMAIL))
    );
    let currency = json!({ "before": before["currency"], "after": "EUR" });
    assert_eq!(entry["details"]["currency"], currency);
}

#[tokio::test]
async fn a_bad_change_of_a_site_is_refused_whole() {
    let (_appliance, chief) = Appliance::furnished().await;
    let before = chief.get("/api/sites").await.data();
    let path = format!("/api/sites/{}", before["items"][0]["id"].as_str().unwrap());
    let bad = json!({ "name": "", "time_zone": "Mars/Olympus", "currency": "E",
        "price_per_kwh": "-1" });
    let expected = ["currency", "name", "price_per_kwh", "time_zone"];
    assert_eq!(chief.put(&path, &bad).await.bad_fields(), expected);
    for (body, place) in [
        (json!({ "key": "site_b" }), "key"),
        (json!({ "price_per_kwh": "cheap" }), "price_per_kwh"),
        (json!({ "time_zone": 1 }), "time_zone"),
    ] {
        assert_eq!(chief.put(&path, &body).await.bad_fields(), [place]);
    }
    for id in ["7".to_owned(), SiteId::new().to_string()] {
        let stranger = format!("/api/sites/{id}");
        chief
            .put(&stranger, &json!({ "name": "x" }))
            .await
            .refused(404);
    }
    assert_eq!(chief.get("/api/sites").await.data(), before);
    let log = chief.audit().await;
    assert!(
        log.iter()
            .all(|entry: &Value| entry["action"] != "site.update")
    );
}

#[tokio::test]
async fn what_goes_to_who_helps_holds_no_secret() {
    let (appliance, chief) = Appliance::furnished().await;
    let stick = tempfile::tempdir().unwrap();
    let settings = json!({ "folder": stick.path(), "at": null, "days": [1], "keep":
        { "daily": 1, "weekly": 0, "monthly": 0 }, "encrypt": true });
    let change = json!({ "settings": settings, "passphrase": "secret-of-the-backup" });
    chief.put("/api/backups/settings", &change).await.data();
    let broker = json!({ "enabled": false, "host": "127.0.0.1", "port": 1883,
        "username": "plant", "password": "secret-of-the-broker" });
    chief.put("/api/mqtt", &broker).await.data();
    let token = json!({ "name": "Telegraf", "scopes": ["readings:write"] });
    let token = chief.post("/api/api-tokens", &token).await.created();
    let reply = chief.post("/api/system/support-bundle", &json!({})).await;
    let bundle = reply.data();
    assert!(
        bundle["name"]
            .as_str()
            .unwrap()
            .starts_with("indusmind-support-")
    );
    let content = &bundle["content"];
    assert_eq!(content["mqtt"]["settings"]["host"], "127.0.0.1");
    assert!(content["store"]["tables"]["user"].as_u64() >= Some(1));
    assert_eq!(content["backups"]["settings"]["encrypt"], true);
    let text = content.to_string();
    let secrets = [
        "secret-of-the-backup",
        "secret-of-the-broker",
        crate::support::PASSWORD,
        "argon2",
        token["token"].as_str().unwrap(),
        &chief.token,
        &chief.refresh_token,
    ];
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is in it");
    }
    assert!(content.get("lines").is_none(), "frames only when asked for");
    let more = chief
        .post("/api/system/support-bundle?frames=true", &json!({}))
        .await;
    let lines = more.data()["content"]["lines"].clone();
    assert!(lines.is_array(), "{lines}");
    // The console asks at the door of the appliance, and gets the same with the frames.
    let door = appliance.data_file().with_file_name(indusmind::web::DOOR);
    let said = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        let mut stream = std::os::unix::net::UnixStream::connect(door).unwrap();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        text
    });
    let said: serde_json::Value = serde_json::from_str(&said.await.unwrap()).unwrap();
    assert_eq!(said["version"], content["version"]);
    assert_eq!(
        said["lines"].as_array().unwrap().len(),
        lines.as_array().unwrap().len()
    );
    for secret in secrets {
        assert!(!said.to_string().contains(secret), "{secret} is in it");
    }
    let taken = chief.audit().await;
    let by = taken
        .iter()
        .filter(|entry| entry["action"] == "support.bundle");
    let by: Vec<_> = by.map(|entry| entry["user"].clone()).collect();
    assert_eq!(by.len(), 3, "{by:?}");
    drop(appliance);
}
