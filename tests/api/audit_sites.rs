//! The audit log of who reaches some sites only: his part, which says that it is one.

use crate::reach::two_sites;
use crate::support::client::Client;
use crate::support::{Appliance, PASSWORD};
use indusmind::auth::Role;
use indusmind::store::audit::{self, Anchor};
use serde_json::{Value, json};

/// An administrator of our site alone.
pub async fn local_admin(chief: &Client, stranger: Client) -> Client {
    guest(chief, stranger, "local", (Role::Admin, json!(["site_a"]))).await
}

/// Somebody of this role who reaches every site, each time another one.
pub async fn everywhere(chief: &Client, stranger: Client, role: Role) -> Client {
    let name = indusmind::base::EquipmentId::new().to_string();
    guest(chief, stranger, &name, (role, json!("all"))).await
}

async fn guest(
    chief: &Client,
    stranger: Client,
    name: &str,
    (role, sites): (Role, Value),
) -> Client {
    let email = format!("{name}@plant.example");
    let guest = json!({ "email": email, "name": name, "role": role.key(), "sites": sites });
    let invited = chief.post("/api/users/invite", &guest).await.created();
    let code = invited["activation_url"].as_str().unwrap();
    let code = code.strip_prefix("/activate#token=").unwrap();
    let request = json!({ "token": code, "password": PASSWORD });
    stranger.post("/api/auth/activate", &request).await.data();
    stranger.login(&email, PASSWORD).await
}

async fn page(client: &Client, query: &str) -> Value {
    client
        .get(&format!("/api/audit?limit=100&{query}"))
        .await
        .data()
}

fn objects(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["resource"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn somebody_of_a_site_sees_what_is_of_it_alone() {
    let (appliance, chief) = Appliance::furnished().await;
    let (ours, theirs) = two_sites(&appliance, &chief).await;
    let local = local_admin(&chief, appliance.client()).await;
    for id in [&ours, &theirs] {
        let work = json!({ "date": "2026-11-20", "type": "repair", "notes": "Belt" });
        let path = format!("/api/equipment/{id}/maintenance");
        chief.post(&path, &work).await.created();
        let device = json!({ "serial_number": format!("C-{id}"), "equipment_id": id });
        chief.post("/api/devices", &device).await.created();
    }
    let wrong = |login: &str| json!({ "email": login, "password": "Wrong-1-guess" });
    for login in [
        "local@plant.example",
        "chief@plant.example",
        "nobody@x.example",
    ] {
        let stranger = appliance.client();
        stranger
            .post("/api/auth/login", &wrong(login))
            .await
            .refused(401);
    }

    let (all, mine) = (page(&chief, "").await, page(&local, "").await);
    assert_eq!(all["only_sites"], Value::Null);
    assert_eq!(mine["only_sites"], json!(["site_a"]));
    let of = |page: &Value, id: &str| {
        let found = objects(page);
        found.iter().filter(|object| object.contains(id)).count()
    };
    assert_eq!((of(&all, &ours), of(&all, &theirs)), (2, 2));
    assert_eq!((of(&mine, &ours), of(&mine, &theirs)), (2, 0));
    for item in mine["items"].as_array().unwrap() {
        assert_eq!(item["sites"], json!(["site_a"]), "{item}");
    }
    let seen = mine.to_string();
    let whole = all.to_string();
    for other in ["site_b", "nobody@x.example", theirs.as_str()] {
        assert!(whole.contains(other), "{other} in {whole}");
        assert!(!seen.contains(other), "{other} in {seen}");
    }
    // A wrong password of his own account is told to him, one of another's is not.
    let refused = page(&local, "action=auth.login_failed").await;
    assert_eq!(refused["items"].as_array().unwrap().len(), 1);
    assert_eq!(refused["items"][0]["user"], "local@plant.example");
    // A search finds nothing beyond, by whatever name.
    for query in [
        "text=site_b",
        &format!("object=equipment/{theirs}"),
        "user=nobody",
    ] {
        assert!(objects(&page(&local, query).await).is_empty(), "{query}");
    }
    let other_name = local.get("/api/admin/audit-logs?text=site_b").await.data();
    assert!(objects(&other_name).is_empty());
    let events = local.get("/api/security/events?limit=100").await.data();
    assert!(!events.to_string().contains("nobody@x.example"));
    assert!(events.to_string().contains("local@plant.example"));
    let overview = local.get("/api/security/dashboard").await.data();
    assert!(
        !overview.to_string().contains("nobody@x.example"),
        "{overview}"
    );
}

#[tokio::test]
async fn a_part_that_is_taken_away_says_so_and_is_held_against_the_head_of_the_whole() {
    let (appliance, chief) = Appliance::furnished().await;
    let (ours, theirs) = two_sites(&appliance, &chief).await;
    let local = local_admin(&chief, appliance.client()).await;
    let file = local.get("/api/audit/export?format=json").await;
    let whole = chief.get("/api/audit/export?format=json").await;
    let told = file.json();
    assert_eq!(told["only_sites"], json!(["site_a"]));
    assert_eq!(whole.json()["only_sites"], Value::Null);
    assert!(file.text.contains(&ours) && !file.text.contains(&theirs));
    let head: Anchor = file.header("x-audit-head").parse().unwrap();
    let verdict = audit::verify_part(file.text.as_bytes(), Some(&head)).unwrap();
    assert_eq!((verdict.first_bad, verdict.believed), (None, 0));
    assert_eq!(told["count"], verdict.shown);
    assert_eq!(told["left_out"], verdict.left_out);
    assert!(verdict.shown > 2 && verdict.left_out > 2, "{verdict:?}");
    // His head is one of the whole log: who sees all holds both files against each other.
    let all = audit::verify_part(whole.text.as_bytes(), Some(&head)).unwrap();
    assert_eq!((all.first_bad, all.left_out), (None, 0));

    let lines = local.get("/api/audit/export").await;
    let last = lines.text.lines().last().unwrap();
    assert!(
        last.contains("of the sites site_a alone, a part of the log"),
        "{last}"
    );
    assert!(!lines.text.contains(&theirs));
    let columns = lines.text.lines().next().unwrap().split(',').count();
    let left_out = lines.text.lines().nth(1).unwrap();
    assert!(left_out.starts_with("1,") && left_out.split(',').count() == columns);
    // What a search found is no chain, and nothing stands for what is not in it.
    let searched = local
        .get("/api/audit/export?format=json&object=equipment")
        .await;
    assert_eq!(searched.json()["left_out"], 0);
    assert!(audit::verify_part(searched.text.as_bytes(), None).is_err());

    let verdict = local.get("/api/audit/verify").await.data();
    assert_eq!(
        (&verdict["intact"], &verdict["only_sites"]),
        (&json!(true), &json!(["site_a"]))
    );
    assert_eq!(
        chief.get("/api/audit/verify").await.data()["only_sites"],
        Value::Null
    );
}
