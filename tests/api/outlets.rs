//! Each outlet against a server of its protocol that is well, busy, wrong, silent or elsewhere.

use crate::mail_server::{MailServer, Speaks, USER};
use crate::notifications::{newest_is, occasion, policy, raise, set, settle, try_out};
use crate::support::{Appliance, eventually};
use crate::web_server::{Coil, Reaction, WebServer};
use indusmind::base::Level;
use indusmind::notify::What;
use serde_json::{Value, json};

#[tokio::test]
async fn mail_goes_out_in_each_way_that_servers_speak() {
    let (_appliance, chief) = Appliance::furnished().await;
    let to = json!({ "to": "amel@plant.example", "language": "fr" });
    for speaks in [Speaks::Plain, Speaks::Starttls, Speaks::Tls] {
        let server = MailServer::start(speaks).await;
        let shown = set(&chief, "smtp", &server.outlet()).await;
        assert_eq!(
            (&shown["has_secret"], &shown["enabled"]),
            (&json!(true), &json!(true))
        );
        let tried = try_out(&chief, "smtp", &to).await;
        assert_eq!(tried["sent"], true, "{speaks:?}: {tried}");
        assert!(
            tried["said"].as_str().unwrap().starts_with("250 "),
            "{tried}"
        );
        let letters = server.letters();
        let letter = &letters[0];
        assert_eq!(letter.encrypted, speaks != Speaks::Plain);
        assert!(letter.signed_in && letter.to == "amel@plant.example");
        let id = tried["letter_id"].as_str().unwrap();
        let id = format!("Message-ID: <{id}@indusmind>");
        for part in [
            id.as_str(),
            "From: Indusmind <indusmind@plant.example>",
            "Auto-Submitted",
        ] {
            assert!(letter.text.contains(part), "{part} in {}", letter.text);
        }
    }
    // Nowhere is the password shown.
    for path in ["outlets", "outlets/smtp", "log", "policies", "settings"] {
        let shown = chief.get(&format!("/api/notifications/{path}")).await.text;
        assert!(!shown.contains(USER.1), "{path}");
    }
    let audit = chief.get("/api/audit?action=notifications").await.text;
    assert!(audit.contains("notifications.test") && !audit.contains(USER.1));
}

#[tokio::test]
async fn a_mail_server_that_is_wrong_is_told_in_words() {
    let (_appliance, chief) = Appliance::furnished().await;
    let to = json!({ "to": "amel@plant.example" });
    let server = MailServer::start(Speaks::Starttls).await;
    let mut wrong = server.outlet();
    wrong["secret"] = json!("guess");
    set(&chief, "smtp", &wrong).await;
    let tried = try_out(&chief, "smtp", &to).await;
    assert!(
        tried["said"]
            .as_str()
            .unwrap()
            .contains("Check user name and password"),
        "{tried}"
    );
    let shown = chief.get("/api/notifications/outlets/smtp").await.data();
    assert_eq!(shown["last_error"], tried["said"]);

    let mut stranger = server.outlet();
    let other = MailServer::start(Speaks::Plain).await;
    stranger["settings"]["ca_pem"] = json!(other.authority);
    set(&chief, "smtp", &stranger).await;
    let said = try_out(&chief, "smtp", &to).await["said"].clone();
    assert!(said.to_string().contains("Nobody who is trusted"), "{said}");

    let mut open = server.outlet();
    open["settings"]["security"] = json!("none");
    set(&chief, "smtp", &open).await;
    let mut plain = other.outlet();
    plain["settings"]["security"] = json!("starttls");
    set(&chief, "smtp", &plain).await;
    let tried = try_out(&chief, "smtp", &to).await;
    assert_eq!(
        tried["sent"], false,
        "a server without STARTTLS got the letter: {tried}"
    );
    assert!(other.letters().is_empty());

    let port = server.port;
    let gone = server.outlet();
    drop(server);
    set(&chief, "smtp", &gone).await;
    let said = try_out(&chief, "smtp", &to).await["said"].clone();
    assert!(said.as_str().unwrap().contains(&port.to_string()), "{said}");
    let nowhere = json!({ "to": "nobody" });
    let path = "/api/notifications/outlets/smtp/test";
    assert_eq!(chief.post(path, &nowhere).await.bad_fields(), ["to"]);
    chief
        .post("/api/notifications/outlets/push/test", &json!({}))
        .await
        .refused(409);
    chief
        .post("/api/notifications/outlets/fax/test", &json!({}))
        .await
        .refused(404);
}

fn twilio(server: &WebServer) -> Value {
    json!({ "enabled": true, "secret": "twilio-token", "settings": {
        "account": "AC123", "from": "+15005550006", "url": server.url("") } })
}

#[tokio::test]
async fn an_sms_is_tried_three_times_five_seconds_apart() {
    let (appliance, chief) = Appliance::furnished().await;
    let server = WebServer::start().await;
    set(&chief, "sms", &twilio(&server)).await;
    policy(
        &chief,
        json!([{ "outlet": "sms", "address": "+21650000001" }]),
    )
    .await;
    raise(&appliance, &occasion(&appliance, Level::High, "a")).await;
    let letter = newest_is(&chief, "withheld", 0).await;
    assert!(
        letter["reason"]
            .as_str()
            .unwrap()
            .contains("Critical and Emergency only")
    );
    for _ in 0..3 {
        server.say(503);
    }
    raise(&appliance, &occasion(&appliance, Level::Emergency, "b")).await;
    newest_is(&chief, "queued", 1).await;
    appliance.advance(5_000);
    newest_is(&chief, "queued", 2).await;
    appliance.advance(5_000);
    let dead = newest_is(&chief, "dead", 3).await;
    assert!(
        dead["reason"].as_str().unwrap().starts_with("503"),
        "{dead}"
    );
    let path = format!(
        "/api/notifications/log/{}/retry",
        dead["id"].as_str().unwrap()
    );
    chief.post(&path, &json!({})).await.data();
    newest_is(&chief, "sent", 4).await;

    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0].path, "/2010-04-01/Accounts/AC123/Messages.json");
    // AC123:twilio-token
    assert_eq!(
        asked[0].header("authorization"),
        "Basic QUMxMjM6dHdpbGlvLXRva2Vu"
    );
    let body = &asked[3].body;
    assert!(
        body.starts_with("To=%2B21650000001&From=%2B15005550006&Body=%5BEmergency"),
        "{body}"
    );
    set(&chief, "whatsapp", &twilio(&server)).await;
    let to = json!({ "to": "+21650000001", "language": "ar" });
    assert_eq!(try_out(&chief, "whatsapp", &to).await["sent"], true);
    let body = server.asked().pop().unwrap().body;
    assert!(
        body.starts_with("To=whatsapp%3A%2B21650000001&From=whatsapp%3A%2B1"),
        "{body}"
    );
}

#[tokio::test]
async fn sendgrid_and_ntfy_get_what_they_expect() {
    let (_appliance, chief) = Appliance::furnished().await;
    let server = WebServer::start().await;
    let sendgrid = json!({ "enabled": true, "secret": "SG.key", "settings": {
        "from": "plant@example.org", "url": server.url("") } });
    set(&chief, "sendgrid", &sendgrid).await;
    server.say(202);
    let tried = try_out(&chief, "sendgrid", &json!({ "to": "amel@plant.example" })).await;
    assert_eq!(tried["said"], "202 Accepted");
    let refused = Reaction::Says(
        400,
        None,
        "{\"errors\": [{\"message\": \"bad from\"}]}".into(),
    );
    server.react(refused);
    let tried = try_out(&chief, "sendgrid", &json!({ "to": "amel@plant.example" })).await;
    assert!(
        tried["said"].as_str().unwrap().contains("bad from"),
        "{tried}"
    );
    let push = json!({ "enabled": true, "secret": "tk_1", "settings": {
        "url": server.url(""), "topic": "plant-7f3a" } });
    set(&chief, "push", &push).await;
    assert_eq!(try_out(&chief, "push", &json!({})).await["sent"], true);
    let asked = server.asked();
    let mail = asked[0].json();
    assert_eq!(asked[0].path, "/v3/mail/send");
    assert_eq!(asked[0].header("authorization"), "Bearer SG.key");
    assert_eq!(
        mail["personalizations"][0]["to"][0]["email"],
        "amel@plant.example"
    );
    assert_eq!(mail["content"][0]["type"], "text/plain");
    let note = asked[2].json();
    assert_eq!(
        (&note["topic"], &note["priority"]),
        (&json!("plant-7f3a"), &json!(4))
    );
    assert_eq!(asked[2].header("authorization"), "Bearer tk_1");
    // A provider's key never leaves this machine in the open.
    let open = json!({ "enabled": true, "secret": "SG.key", "settings": {
        "from": "plant@example.org", "url": "http://192.0.2.1" } });
    let refused = chief
        .put("/api/notifications/outlets/sendgrid", &open)
        .await;
    assert_eq!(refused.bad_fields(), ["settings.url"]);
}

#[tokio::test]
async fn a_webhook_is_signed_waits_as_told_and_follows_nobody() {
    let (appliance, chief) = Appliance::furnished().await;
    let (server, other) = (WebServer::start().await, WebServer::start().await);
    let hook = json!({ "enabled": true, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "settings": { "url": server.url("/hook?site=a") } });
    set(&chief, "webhook", &hook).await;
    policy(&chief, json!([{ "outlet": "webhook" }])).await;
    let later = ("retry-after", "30".to_owned());
    server.react(Reaction::Says(429, Some(later), "slow down".to_owned()));
    let happened = occasion(&appliance, Level::Critical, "a");
    raise(&appliance, &happened).await;
    let letter = newest_is(&chief, "queued", 1).await;
    let wanted = appliance.now().plus_ms(30_000).to_string();
    assert_eq!(letter["next_try"], wanted.as_str());
    appliance.advance(30_000);
    newest_is(&chief, "sent", 2).await;
    let asked = server.asked();
    assert_eq!(asked[0].path, "/hook?site=a");
    assert_eq!(asked[0].header("webhook-id"), asked[1].header("webhook-id"));
    let body = asked[1].json();
    assert_eq!(
        body["data"]["occasion"]["alert"],
        happened.alert.to_string()
    );
    assert_eq!(body["data"]["occasion"]["level"], "Critical");
    verify(&asked[1]);

    let elsewhere = ("location", other.url("/"));
    server.react(Reaction::Says(302, Some(elsewhere), String::new()));
    raise(&appliance, &occasion(&appliance, Level::Critical, "b")).await;
    let failed = newest_is(&chief, "failed", 1).await;
    assert!(
        failed["reason"].as_str().unwrap().contains("not followed"),
        "{failed}"
    );
    assert!(other.asked().is_empty());
    // An answer without end, and one that never comes, cost a little and end.
    server.react(Reaction::Says(500, None, "x".repeat(5 << 20)));
    let tried = try_out(&chief, "webhook", &json!({})).await;
    assert!(tried["said"].as_str().unwrap().len() < 300, "{tried}");
    server.react(Reaction::Hangs);
    let tried = try_out(&chief, "webhook", &json!({})).await;
    assert!(
        tried["said"]
            .as_str()
            .unwrap()
            .contains("did not answer within"),
        "{tried}"
    );
}

/// As a receiver would: HMAC-SHA256 over id, time and body.
fn verify(asked: &crate::web_server::Asked) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    let parts = [
        asked.header("webhook-id"),
        asked.header("webhook-timestamp"),
        &asked.body,
    ];
    mac.update(parts.join(".").as_bytes());
    let signature = asked
        .header("webhook-signature")
        .strip_prefix("v1,")
        .unwrap();
    mac.verify_slice(&STANDARD.decode(signature).unwrap())
        .unwrap();
}

#[tokio::test]
async fn a_horn_sounds_until_somebody_acknowledges() {
    let (appliance, chief) = Appliance::furnished().await;
    let coil = Coil::start().await;
    let horn = |unit: u8| {
        json!({ "enabled": true, "settings": { "host": "127.0.0.1", "port": coil.port,
            "unit": unit, "coil": 7, "from_level": "High" } })
    };
    set(&chief, "horn", &horn(4)).await;
    let tried = try_out(&chief, "horn", &json!({})).await;
    assert!(
        tried["said"].as_str().unwrap().contains("exception 2"),
        "{tried}"
    );
    set(&chief, "horn", &horn(3)).await;
    assert_eq!(try_out(&chief, "horn", &json!({})).await["sent"], true);
    assert!(!coil.is_on());
    policy(&chief, json!([{ "outlet": "horn" }])).await;
    let first = occasion(&appliance, Level::Critical, "a");
    let second = occasion(&appliance, Level::High, "b");
    raise(&appliance, &first).await;
    newest_is(&chief, "sent", 1).await;
    assert!(coil.is_on());
    raise(&appliance, &second).await;
    newest_is(&chief, "sent", 1).await;
    settle(&appliance, first.alert, What::Acknowledged).await;
    newest_is(&chief, "sent", 1).await;
    assert!(coil.is_on(), "the second alert stands");
    coil.forget();
    appliance.advance(60_000);
    eventually("the horn to be reminded", || async {
        coil.is_on().then_some(())
    })
    .await;
    settle(&appliance, second.alert, What::Acknowledged).await;
    eventually("silence", || async { (!coil.is_on()).then_some(()) }).await;
    let third = occasion(&appliance, Level::Critical, "c");
    raise(&appliance, &third).await;
    eventually("the horn", || async { coil.is_on().then_some(()) }).await;
    let mut off = horn(3);
    off["enabled"] = json!(false);
    set(&chief, "horn", &off).await;
    assert!(
        !coil.is_on(),
        "a horn that was switched off in the settings goes on"
    );
}

#[tokio::test]
async fn a_push_about_what_is_settled_takes_the_place_of_the_one_that_rang() {
    let (appliance, chief) = Appliance::furnished().await;
    let server = WebServer::start().await;
    let push = json!({ "enabled": true, "secret": "tk_1", "settings": {
        "url": server.url(""), "topic": "plant-7f3a" } });
    set(&chief, "push", &push).await;
    let rule = json!({ "name": "All", "enabled": true, "from_level": "Low",
        "tell_when_over": true, "recipients": [{ "outlet": "push" }] });
    let path = "/api/notifications/policies";
    chief.post(path, &rule).await.created();
    let hot = occasion(&appliance, Level::Critical, "hot");
    raise(&appliance, &hot).await;
    newest_is(&chief, "sent", 1).await;
    for how in [What::Acknowledged, What::Returned] {
        appliance.advance(1_000);
        settle(&appliance, hot.alert, how).await;
        eventually("the push to be replaced", || async {
            let newest = newest_is(&chief, "sent", 1).await;
            (newest["occasion"]["what"] == json!(how)).then_some(())
        })
        .await;
    }
    let notes: Vec<_> = server
        .asked()
        .iter()
        .map(super::web_server::Asked::json)
        .collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    let sequence = notes[0]["sequence_id"].clone();
    assert!(
        notes.iter().all(|note| note["sequence_id"] == sequence),
        "{notes:?}"
    );
    // Only the first one rings.
    let priorities: Vec<_> = notes.iter().map(|note| note["priority"].clone()).collect();
    assert_eq!(priorities, [json!(5), json!(2), json!(2)]);
    assert!(notes[1]["title"].as_str().unwrap().contains("Acknowledged"));

    // What never arrived is not told after it was settled: it would ring for nothing.
    server.react(Reaction::Says(503, None, "busy".to_owned()));
    let open = occasion(&appliance, Level::High, "open");
    raise(&appliance, &open).await;
    let waits = newest_is(&chief, "queued", 1).await;
    settle(&appliance, open.alert, What::Acknowledged).await;
    eventually("the new one to arrive", || async {
        (server.asked().len() == 5).then_some(())
    })
    .await;
    let log = chief.get("/api/notifications/log?limit=10").await.data();
    let items = log["items"].as_array().unwrap();
    let old = items.iter().find(|item| item["id"] == waits["id"]).unwrap();
    assert_eq!(old["state"], "withheld", "{old}");
    assert!(old["reason"].as_str().unwrap().contains("settled"), "{old}");
}
