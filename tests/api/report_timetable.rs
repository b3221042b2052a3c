//! Reports that make themselves: on time, once for what was missed, by e-mail and into a folder.

use crate::mail_server::{MailServer, Speaks};
use crate::reports::{entry, plant};
use crate::support::client::Client;
use crate::support::{EMAIL, PASSWORD, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_timetable_makes_reports_and_hands_them_on() {
    let (appliance, chief, _) = plant().await;
    let server = MailServer::start(Speaks::Plain).await;
    let outlet = "/api/notifications/outlets/smtp";
    chief.prove().await;
    let shared = tempfile::tempdir().unwrap();
    let mut plan = entry();
    plan["formats"] = json!(["pdf", "csv"]);
    plan["folder"] = json!(shared.path());
    plan["recipients"] = json!(["boss@plant.example"]);
    let path = "/api/reports/schedule";
    let added = chief.post(path, &plan).await.created();
    let shown = chief.get(path).await.data();
    // Half past six in Tunis.
    assert_eq!(shown["items"][0]["next_at"], "2026-11-22T05:30:00.000Z");
    let mut wrong = plan.clone();
    wrong["at"] = json!("25:00");
    assert_eq!(chief.post(path, &wrong).await.bad_fields(), ["at"]);

    // Nobody writes e-mail yet: the file is there all the same, and the trouble is told. Three
    // mornings were missed; one report is made.
    appliance.advance(3 * 24 * 3_600_000);
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let last = last_of(&chief, 1).await;
    assert!(
        last["error"]
            .as_str()
            .unwrap()
            .contains("No outlet writes e-mail"),
        "{last}"
    );
    let name = "daily_energy_2026-11-23";
    assert!(shared.path().join(format!("{name}.pdf")).is_file());
    let csv = std::fs::read_to_string(shared.path().join(format!("{name}.csv"))).unwrap();
    assert!(csv.contains("Daily energy report"), "{csv}");

    chief.prove().await;
    chief.put(outlet, &server.outlet()).await.data();
    appliance.advance(24 * 3_600_000);
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let last = last_of(&chief, 2).await;
    assert_eq!(last["error"], Value::Null, "{last}");
    let letter = eventually("the letter", || async {
        server
            .letters()
            .into_iter()
            .find(|letter| letter.to == "boss@plant.example")
    })
    .await;
    for part in [
        "Daily energy report",
        "daily_energy_2026-11-24.pdf",
        "application/pdf",
    ] {
        assert!(letter.text.contains(part), "{part} in {}", letter.text);
    }
    let id = added["id"].as_str().unwrap();
    let one = format!("{path}/{id}");
    plan["enabled"] = json!(false);
    chief.put(&one, &plan).await.data();
    let shown = chief.get(path).await.data();
    assert_eq!(shown["items"][0]["next_at"], Value::Null);
    chief.delete(&one).await.data();
    assert_eq!(chief.get(path).await.data()["items"], json!([]));
    let actions = chief.audit().await;
    for action in [
        "report_schedule.create",
        "report_schedule.change",
        "report_schedule.delete",
    ] {
        assert!(
            actions.iter().any(|entry| entry["action"] == action),
            "{action}"
        );
    }
}

/// How the last report went, when there are so many.
async fn last_of(client: &Client, many: usize) -> Value {
    eventually("the report of the timetable", || async {
        let list = client.get("/api/reports/list").await.data();
        let done = list["items"].as_array().unwrap().iter();
        let done = done.filter(|one| one["finished_at"] != Value::Null).count();
        assert!(done <= many, "{list}");
        let shown = client.get("/api/reports/schedule").await.data();
        let last = shown["items"][0]["schedule"]["last"].clone();
        let is_of = list["items"][0]["id"] == last["report"];
        (done == many && is_of && last != Value::Null).then_some(last)
    })
    .await
}
