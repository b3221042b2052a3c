//! Mails about accounts: invitations and codes, when an outlet writes e-mail.

use crate::mail_server::{MailServer, Received, Speaks};
use crate::notifications::set;
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use serde_json::{Value, json};

const NEW_PASSWORD: &str = "Day-shift-12";

/// The letter after so many.
async fn letter(server: &MailServer, before: usize) -> Received {
    eventually("a letter to arrive", || async {
        server.letters().get(before).cloned()
    })
    .await
}

/// What a letter says, without what mail does to long lines and letters beyond ASCII.
fn words(letter: &Received) -> String {
    letter.text.replace("=\r\n", "").replace("=3D", "=")
}

async fn settings(chief: &Client, base_url: Option<&str>) {
    let general = json!({ "base_url": base_url, "language": "en", "urgent_after_min": 15,
        "others_after_min": 60 });
    chief
        .put("/api/notifications/settings", &general)
        .await
        .data();
}

fn invitation(name: &str, language: Option<&str>) -> Value {
    json!({ "email": format!("{name}@plant.example"), "username": name, "name": name,
        "role": "operator", "language": language, "phone": "+216 50 000-001" })
}

#[tokio::test]
async fn an_invitation_goes_to_its_address_with_the_link() {
    let (appliance, chief) = Appliance::furnished().await;
    let path = "/api/users/invite";
    let without = chief.post(path, &invitation("adel", None)).await.created();
    assert_eq!(without["mailed"], false, "no outlet writes e-mail");
    let server = MailServer::start(Speaks::Plain).await;
    set(&chief, "smtp", &server.outlet()).await;
    let nowhere = chief.post(path, &invitation("badr", None)).await.created();
    assert_eq!(nowhere["mailed"], false, "a link would lead nowhere");
    settings(&chief, Some("https://indusmind.plant/")).await;
    let invited = chief
        .post(path, &invitation("amel", Some("fr")))
        .await
        .created();
    assert_eq!(invited["mailed"], true);
    assert_eq!(
        (&invited["user"]["phone"], &invited["user"]["language"]),
        (&json!("+21650000001"), &json!("fr"))
    );
    let letter = letter(&server, 0).await;
    let link = invited["activation_url"].as_str().unwrap();
    let link = format!("https://indusmind.plant{link}");
    assert_eq!(letter.to, "amel@plant.example");
    assert!(words(&letter).contains(&link), "{}", letter.text);
    assert!(words(&letter).contains("Votre compte"), "{}", letter.text);
    // The log of deliveries shows that it went, and never what opens the account.
    let secret = link.split("token=").nth(1).unwrap();
    let log = chief.get("/api/notifications/log").await.text;
    assert!(log.contains("amel@plant.example") && !log.contains(secret));
    let token = json!({ "token": secret, "password": PASSWORD });
    appliance
        .client()
        .post("/api/auth/activate", &token)
        .await
        .data();
}

#[tokio::test]
async fn who_forgot_his_password_gets_a_code_and_a_stranger_learns_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let invited = chief
        .post("/api/users/invite", &invitation("amel", None))
        .await
        .created();
    let server = MailServer::start(Speaks::Plain).await;
    set(&chief, "smtp", &server.outlet()).await;
    let client = appliance.client();
    let forgot = async |login: &str| {
        let body = json!({ "email": login });
        client.post("/api/auth/forgot-password", &body).await.data()
    };
    let unknown = forgot("nobody").await;
    assert_eq!(forgot("amel").await, unknown, "invited, not in use");
    let url = invited["activation_url"].as_str().unwrap();
    let token = json!({ "token": url.split("token=").nth(1), "password": PASSWORD });
    client.post("/api/auth/activate", &token).await.data();
    appliance.advance(3_700_000);
    assert_eq!(forgot("amel").await, unknown, "the answer tells who exists");
    let first = letter(&server, 0).await;
    assert_eq!(first.to, "amel@plant.example");
    let text = words(&first);
    let is_code = |word: &&str| word.len() == 24 && word.matches('-').count() == 4;
    let code = text.split_whitespace().find(is_code).unwrap();
    // Once more within a quarter of an hour sends nothing, and the first one still works.
    forgot("amel").await;
    let set_anew = json!({ "token": code, "password": NEW_PASSWORD });
    client
        .post("/api/auth/reset-password", &set_anew)
        .await
        .data();
    client.login("amel", NEW_PASSWORD).await;
    assert_eq!(server.letters().len(), 1);
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let audit = chief.get("/api/audit?action=user.reset_code").await.data();
    assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
}

#[tokio::test]
async fn telephone_and_language_of_a_user_are_checked_changed_and_taken_away() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut bad = invitation("amel", None);
    bad["phone"] = json!("0021650000001");
    let refused = chief.post("/api/users/invite", &bad).await;
    assert_eq!(refused.bad_fields(), ["phone"]);
    let invited = chief
        .post("/api/users/invite", &invitation("amel", None))
        .await
        .created();
    let path = format!("/api/users/{}", invited["user"]["id"].as_str().unwrap());
    let change = async |body: Value| chief.put(&path, &body).await;
    assert_eq!(
        change(json!({ "phone": "12" })).await.bad_fields(),
        ["phone"]
    );
    let now = change(json!({ "phone": "+1 500 555 0006", "language": "ar" })).await;
    let now = now.data();
    assert_eq!(
        (&now["phone"], &now["language"]),
        (&json!("+15005550006"), &json!("ar"))
    );
    let kept = change(json!({ "name": "Amel B" })).await.data();
    assert_eq!(kept["phone"], "+15005550006");
    let gone = change(json!({ "phone": null, "language": null }))
        .await
        .data();
    assert_eq!(
        (&gone["phone"], &gone["language"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_policy_names_people_and_equipment_that_are_there() {
    let (_appliance, chief) = Appliance::furnished().await;
    let nobody = "01a1fc32-7959-7208-9b0d-bfecd1744b85";
    let press = crate::alerts::machine(&chief, "Press 1").await;
    let me = chief.get("/api/auth/me").await.data()["id"].clone();
    let mut rule = json!({ "name": "Night", "enabled": true, "from_level": "High",
        "equipment_id": nobody, "recipients": [{ "outlet": "smtp", "user_id": me }],
        "escalation": [{ "recipients": [{ "outlet": "smtp", "user_id": nobody }] }] });
    let path = "/api/notifications/policies";
    assert_eq!(
        chief.post(path, &rule).await.bad_fields(),
        ["equipment_id", "escalation.0.recipients.0.user_id"]
    );
    rule["equipment_id"] = json!(press);
    rule["escalation"][0]["recipients"][0]["user_id"] = me;
    chief.post(path, &rule).await.created();
}
