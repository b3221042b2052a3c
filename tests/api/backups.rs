//! Backups: made while it runs, proven, restored, and a new machine that begins with one.

use super::push_devices::{cell, device, push};
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use serde_json::{Value, json};
use std::path::Path;

fn settings(folder: Option<&Path>, encrypt: bool) -> Value {
    json!({ "folder": folder, "at": "02:30", "days": [1, 2, 3, 4, 5, 6, 7],
        "keep": { "daily": 2, "weekly": 0, "monthly": 0 }, "encrypt": encrypt })
}

/// Waits for the end of a job.
async fn ended(client: &Client, job: &Value) -> Value {
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    eventually("the job to end", || async {
        let job = client.get(&path).await.data();
        (job["finished_at"] != Value::Null).then_some(job)
    })
    .await
}

async fn accepted(client: &Client, path: &str, body: &Value) -> Value {
    let reply = client.post(path, body).await;
    assert_eq!(reply.status, 202, "{path}: {}", reply.text);
    reply.json()["data"].clone()
}

#[tokio::test]
async fn a_backup_is_made_proven_and_restored() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let stick = tempfile::tempdir().unwrap();
    let shown = chief.get("/api/backups").await.data();
    assert_eq!(
        (&shown["next_at"], &shown["items"]),
        (&Value::Null, &json!([]))
    );
    chief.post("/api/backups", &json!({})).await.refused(409);
    let path = "/api/backups/settings";
    let change = json!({ "settings": settings(Some(stick.path()), true) });
    assert_eq!(chief.put(path, &change).await.bad_fields(), ["passphrase"]);
    let change = json!({ "settings": settings(Some(stick.path()), true),
        "passphrase": "four words in a row" });
    chief.put(path, &change).await.data();
    let shown = chief.get("/api/backups").await;
    assert!(
        !shown.text.contains("four words"),
        "the passphrase is shown"
    );
    let shown = shown.data();
    // Half past two in Tunis.
    assert_eq!(shown["next_at"], "2026-11-22T01:30:00.000Z");
    assert_eq!(shown["has_passphrase"], true);

    let body = json!({ "name": "Press", "type": "Machine", "model": "T1",
        "install_date": "2024-05-01" });
    chief.add_equipment(&body).await;
    let job = accepted(&chief, "/api/backups", &json!({})).await;
    assert_eq!(
        (&job["kind"], &job["state"]),
        (&json!("backup"), &json!("RUNNING"))
    );
    let job = ended(&chief, &job).await;
    assert_eq!(job["state"], "SUCCESS", "{job}");
    let id = job["subject"].as_str().unwrap().to_owned();
    let shown = chief.get("/api/backups").await.data();
    assert_eq!(shown["items"][0]["id"], json!(id));
    assert_eq!(shown["items"][0]["encrypted"], true);
    assert_eq!(shown["last_good"]["id"], json!(id));

    let verify = format!("/api/backups/{id}/verify");
    let job = ended(&chief, &accepted(&chief, &verify, &json!({})).await).await;
    assert_eq!(job["state"], "SUCCESS", "{job}");
    let wrong = json!({ "passphrase": "four other words here" });
    let job = ended(&chief, &accepted(&chief, &verify, &wrong).await).await;
    assert_eq!(job["state"], "FAILED");
    assert!(
        job["error"].as_str().unwrap().contains("passphrase"),
        "{job}"
    );

    // What comes after the backup goes, and lies aside.
    chief
        .add_equipment(&json!({ "name": "Later", "type": "Machine", "model": "T1",
        "install_date": "2024-05-01" }))
        .await;
    let restore = format!("/api/backups/{id}/restore");
    let slip = json!({ "confirm": "yes" });
    assert_eq!(chief.post(&restore, &slip).await.bad_fields(), ["confirm"]);
    let job = accepted(&chief, &restore, &json!({ "confirm": id })).await;
    let job = ended(&chief, &job).await;
    assert_eq!(job["state"], "SUCCESS", "{job}");
    assert_eq!(
        chief.get("/api/backups").await.data()["restore_waits"],
        true
    );
    let actions: Vec<_> = chief
        .audit()
        .await
        .iter()
        .map(|entry| entry["action"].clone())
        .collect();
    for action in [
        "backup.make",
        "backup.done",
        "backup.verify",
        "backup.failed",
        "backup.restore",
        "backup.settings",
    ] {
        assert!(actions.contains(&json!(action)), "{action}: {actions:?}");
    }

    appliance.ended_by_itself().await;
    appliance.start().await;
    let old = appliance.client().with_token(&chief.token);
    old.get("/api/equipment").await.refused(401);
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let all = chief.get("/api/equipment").await.data();
    assert_eq!(
        (&all["total"], &all["items"][0]["name"]),
        (&json!(1), &json!("Press"))
    );
    assert_eq!(chief.get("/api/audit/verify").await.data()["intact"], true);
    let data = appliance.data_file().parent().unwrap().to_owned();
    let names = std::fs::read_dir(data).unwrap().flatten();
    let mut names = names.filter_map(|entry| entry.file_name().into_string().ok());
    assert!(names.any(|name| name.starts_with("before-restore-")));
}

#[tokio::test]
async fn the_timetable_makes_backups_and_lets_go_of_old_ones() {
    let (appliance, chief) = Appliance::furnished().await;
    let stick = tempfile::tempdir().unwrap();
    let change = json!({ "settings": settings(Some(stick.path()), false) });
    chief.put("/api/backups/settings", &change).await.data();
    let mut last = String::new();
    for day in 22..26 {
        appliance
            .clock
            .set(format!("2026-11-{day}T01:30:30Z").parse().unwrap());
        let chief = appliance.client().login(EMAIL, PASSWORD).await;
        last = eventually("the backup of the night", || async {
            let shown = chief.get("/api/backups").await.data();
            let made = shown["last_good"]["at"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let idle = shown["job"] == Value::Null;
            (idle && made.starts_with(&format!("2026-11-{day}"))).then(|| {
                assert_eq!(shown["items"][0]["cause"], "timetable");
                shown["items"].as_array().unwrap().len().to_string()
            })
        })
        .await;
    }
    assert_eq!(last, "2");
}

#[tokio::test]
async fn a_job_that_is_cancelled_leaves_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let stick = tempfile::tempdir().unwrap();
    let change = json!({ "settings": settings(Some(stick.path()), false) });
    chief.put("/api/backups/settings", &change).await.data();
    // Nobody knows how far it is when the wish arrives: over, or ended.
    let job = accepted(&chief, "/api/backups", &json!({})).await;
    let path = format!("/api/jobs/{}/cancel", job["id"].as_str().unwrap());
    let asked = chief.post(&path, &json!({})).await;
    assert!([200, 409].contains(&asked.status), "{}", asked.text);
    let job = ended(&chief, &job).await;
    let made = std::fs::read_dir(stick.path()).unwrap().count();
    match job["state"].as_str().unwrap() {
        "CANCELLED" => {
            assert_eq!(made, 0);
            let log = chief.audit().await;
            assert!(log.iter().any(|entry| entry["action"] == "job.cancel"));
        }
        state => assert_eq!((state, made), ("SUCCESS", 1)),
    }
    chief.post(&path, &json!({})).await.refused(409);
    let _ = appliance;
}

#[tokio::test]
async fn a_new_machine_begins_with_a_backup() {
    let stick = tempfile::tempdir().unwrap();
    let (old, chief) = Appliance::furnished().await;
    let change = json!({ "settings": settings(Some(stick.path()), false) });
    chief.put("/api/backups/settings", &change).await.data();
    let made = ended(&chief, &accepted(&chief, "/api/backups", &json!({})).await).await;
    drop(old);

    let mut new = Appliance::new().await;
    let (client, token) = (new.client(), new.context().auth.setup.show().unwrap());
    let look = json!({ "token": token, "folder": stick.path() });
    let found = client.post("/api/setup/backups", &look).await.data();
    assert_eq!(found["items"][0]["id"], made["subject"]);
    let wrong = json!({ "token": "AAAA", "folder": stick.path() });
    client.post("/api/setup/backups", &wrong).await.refused(403);
    let begin =
        |token: &str, id: &Value| json!({ "token": token, "folder": stick.path(), "id": id });
    let path = "/api/setup/restore";
    client
        .post(path, &begin("AAAA", &made["subject"]))
        .await
        .refused(403);
    client
        .post(path, &begin(&token, &json!("indusmind-x-1")))
        .await
        .refused(404);
    accepted(&client, path, &begin(&token, &made["subject"])).await;
    new.ended_by_itself().await;
    new.start().await;
    let chief = new.client().login(EMAIL, PASSWORD).await;
    let log = chief.audit().await;
    let restored = log
        .iter()
        .find(|entry| entry["action"] == "backup.restored");
    assert_eq!(restored.unwrap()["user"], "set-up");
    new.client()
        .post("/api/setup/backups", &look)
        .await
        .refused(409);
}

#[tokio::test]
async fn a_token_that_was_revoked_since_does_not_live_again() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let stick = tempfile::tempdir().unwrap();
    let change = json!({ "settings": settings(Some(stick.path()), false) });
    chief.put("/api/backups/settings", &change).await.data();
    let token = |name: &str| json!({ "name": name, "scopes": ["equipment:read"] });
    let lost = chief
        .post("/api/api-tokens", &token("Lost"))
        .await
        .created();
    let kept = chief
        .post("/api/api-tokens", &token("Kept"))
        .await
        .created();
    let made = ended(&chief, &accepted(&chief, "/api/backups", &json!({})).await).await;
    let path = format!("/api/api-tokens/{}", lost["id"].as_str().unwrap());
    assert!(chief.delete(&path).await.status < 300);
    let id = made["subject"].as_str().unwrap();
    let restore = format!("/api/backups/{id}/restore");
    accepted(&chief, &restore, &json!({ "confirm": id })).await;
    appliance.ended_by_itself().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let list = chief.get("/api/api-tokens").await.text;
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    assert!(
        list.contains(&id(&kept)) && !list.contains(&id(&lost)),
        "{list}"
    );
    let log = chief.audit().await;
    let restored = log
        .iter()
        .find(|entry| entry["action"] == "backup.restored");
    assert_eq!(restored.unwrap()["details"]["shut_out"]["tokens"], 1);
}

#[tokio::test]
async fn a_new_machine_lets_in_what_was_chosen() {
    let stick = tempfile::tempdir().unwrap();
    let (old, chief) = Appliance::furnished().await;
    let (_, key) = device(&chief, "C-1", &cell(&chief, "Cell 1").await).await;
    let wanted = json!({ "name": "Totals", "scopes": ["equipment:read"] });
    let token = chief.post("/api/api-tokens", &wanted).await.created();
    let token = token["token"].as_str().unwrap().to_owned();
    let change = json!({ "settings": settings(Some(stick.path()), false) });
    chief.put("/api/backups/settings", &change).await.data();
    let made = ended(&chief, &accepted(&chief, "/api/backups", &json!({})).await).await;
    drop(old);

    for (chosen, said, device_gets_in, token_gets_in) in [
        (Value::Null, "devices", true, false),
        (json!("all"), "all", true, true),
        (json!("nobody"), "nobody", false, false),
    ] {
        let mut new = Appliance::new().await;
        let setup_token = new.context().auth.setup.show().unwrap();
        let mut begin = json!({ "token": setup_token, "folder": stick.path(),
            "id": made["subject"] });
        begin["let_in"] = json!("everybody");
        let path = "/api/setup/restore";
        let refused = new.client().post(path, &begin).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        begin["let_in"] = chosen;
        accepted(&new.client(), path, &begin).await;
        new.ended_by_itself().await;
        new.start().await;

        let pushed = push(&new.client(), "C-1", &key, &json!({ "temperature": 4.0 })).await;
        assert_eq!(
            pushed.status == 401,
            !device_gets_in,
            "{said}: {}",
            pushed.text
        );
        assert_eq!(
            pushed.status < 300,
            device_gets_in,
            "{said}: {}",
            pushed.text
        );
        let asked = new.client().with_token(&token).get("/api/equipment").await;
        let status = if token_gets_in { 200 } else { 401 };
        assert_eq!(asked.status, status, "{said}: {}", asked.text);
        // People sign in as before, and read in the log what was chosen.
        let chief = new.client().login(EMAIL, PASSWORD).await;
        let log = chief.audit().await;
        let mut restored = log
            .iter()
            .filter(|entry| entry["action"] == "backup.restored");
        assert_eq!(restored.next().unwrap()["details"]["let_in"], said);
        // A device that was kept out is in again with a new key, and with nothing else.
        if !device_gets_in {
            let device = chief.get("/api/devices").await.data()["items"][0].clone();
            let renew = format!("/api/devices/{}/key", device["id"].as_str().unwrap());
            let renewed = chief.post(&renew, &json!({})).await.json()["data"].clone();
            let key = renewed["key"].as_str().unwrap();
            let pushed = push(&new.client(), "C-1", key, &json!({ "temperature": 4.0 })).await;
            assert!(pushed.status < 300, "{}", pushed.text);
        }
    }
}
