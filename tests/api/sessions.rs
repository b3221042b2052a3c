//! Staying signed in, and signing out.

use crate::support::client::{Client, Reply};
use crate::support::socket::{Socket, ticket};
use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::auth::Role;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

async fn refresh(client: &Client, token: &str) -> Reply {
    let request = json!({ "refresh_token": token });
    client.post("/api/auth/refresh", &request).await
}

fn token_of(session: &Value) -> String {
    session["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_its_successor() {
    let (appliance, chief) = Appliance::furnished().await;
    appliance.advance(60_000);
    let first = refresh(&appliance.client(), &chief.refresh_token)
        .await
        .data();
    assert_ne!(token_of(&first), chief.refresh_token);
    assert_eq!(
        (&first["expires_in"], &first["user"]["email"]),
        (&json!(3600), &json!(EMAIL))
    );
    let second = refresh(&appliance.client(), &token_of(&first)).await.data();
    assert_ne!(token_of(&second), token_of(&first));
    // Every access token of the session stays good for its hour.
    for token in [&chief.token, first["token"].as_str().unwrap()] {
        chief.with_token(token).get("/api/auth/me").await.data();
    }
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_get_the_same_successor() {
    let (appliance, chief) = Appliance::furnished().await;
    let client = appliance.client();
    let (left, right) = tokio::join!(
        refresh(&client, &chief.refresh_token),
        refresh(&client, &chief.refresh_token)
    );
    assert_eq!(token_of(&left.data()), token_of(&right.data()));
    appliance.advance(20_000);
    let late = refresh(&client, &chief.refresh_token).await.data();
    assert_eq!(token_of(&late), token_of(&left.data()));
    refresh(&client, &token_of(&late)).await.data();
}

#[tokio::test]
async fn a_stolen_refresh_token_ends_the_session_and_its_sockets() {
    let (appliance, chief) = Appliance::furnished().await;
    let (mut hub, mut channel) = (
        Socket::open(&chief, "/ws").await,
        Socket::open(&chief, "/ws/dashboard:site_a").await,
    );
    channel.message().await;
    let client = appliance.client();
    let next = refresh(&client, &chief.refresh_token).await.data();
    appliance.advance(20_001);
    refresh(&client, &chief.refresh_token).await.refused(401);
    assert_eq!(
        (hub.close_code().await, channel.close_code().await),
        (4401, 4401)
    );
    refresh(&client, &token_of(&next)).await.refused(401);
    chief.get("/api/auth/me").await.refused(401);
    chief
        .with_session(&next)
        .get("/api/auth/me")
        .await
        .refused(401);
    let again = appliance.client().login(EMAIL, PASSWORD).await;
    let log = again.audit().await;
    assert!(
        log.iter()
            .any(|entry| entry["action"] == "auth.refresh_reused")
    );
}

#[tokio::test]
async fn what_was_never_a_refresh_token_is_refused() {
    let (appliance, chief) = Appliance::furnished().await;
    let client = appliance.client();
    for token in ["", "x", &chief.token] {
        refresh(&client, token).await.refused(401);
    }
    client
        .post("/api/auth/refresh", &json!({}))
        .await
        .refused(401);
    client
        .post("/api/auth/refresh", &json!({ "refresh_token": 7 }))
        .await
        .refused(400);
    // Guesses cost the session nothing.
    refresh(&client, &chief.refresh_token).await.data();
}

#[tokio::test]
async fn a_session_ends_unused_after_all_or_with_the_shift() {
    let (appliance, _) = Appliance::furnished().await;
    appliance.client_as(Role::Operator).await;
    let sign_in = async |email: &str, remember: bool| {
        let request = json!({ "email": email, "password": PASSWORD, "remember_me": remember });
        let client = appliance.client();
        token_of(&client.post("/api/auth/login", &request).await.data())
    };
    let operator = "operator@plant.example";
    let client = appliance.client();
    for (email, remember, unused_h, whole_h) in [
        (EMAIL, false, 8, 7 * 24),
        (EMAIL, true, 30 * 24, 30 * 24),
        (operator, false, 8, 12),
        (operator, true, 8, 12),
    ] {
        let unused = sign_in(email, remember).await;
        appliance.advance(unused_h * HOUR_MS + 1);
        refresh(&client, &unused).await.refused(401);
        let mut used = sign_in(email, remember).await;
        for _ in 0..whole_h / 4 {
            appliance.advance(4 * HOUR_MS);
            used = token_of(&refresh(&client, &used).await.data());
        }
        appliance.advance(1);
        refresh(&client, &used).await.refused(401);
    }
}

#[tokio::test]
async fn keys_change_every_ninety_days_and_nobody_notices() {
    let (mut appliance, _) = Appliance::furnished().await;
    let kid = |token: &str| {
        let head = token.split('.').next().unwrap();
        let head = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, head);
        serde_json::from_slice::<Value>(&head.unwrap()).unwrap()["kid"].clone()
    };
    let almost = 90 * DAY_MS - 60_000;
    appliance.advance(almost);
    let before = appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(kid(&before.token), "0");
    appliance.advance(60_000);
    let next = refresh(&before, &before.refresh_token).await.data();
    let after = before.with_session(&next);
    assert_eq!(kid(&after.token), "1");
    // Both open, also after a restart, until the old one has ended by itself.
    appliance.stop().await;
    appliance.start().await;
    let here = appliance.client();
    for token in [&before.token, &after.token] {
        here.with_token(token).get("/api/auth/me").await.data();
    }
    appliance.advance(HOUR_MS - 60_000 + 6_000);
    let here = appliance.client();
    here.with_token(&before.token)
        .get("/api/auth/me")
        .await
        .refused(401);
    here.with_token(&after.token)
        .get("/api/auth/me")
        .await
        .data();
    let log = here.with_token(&after.token).audit().await;
    let renewed = log
        .iter()
        .filter(|entry| entry["action"] == "auth.keys_renewed");
    assert_eq!(renewed.count(), 1);
}

/// The refresh cookie of an answer and its attributes.
fn cookie_of(reply: &Reply) -> (String, Vec<String>) {
    let line = reply.header("set-cookie");
    let mut parts = line.split(';').map(|part| part.trim().to_owned());
    let pair = parts.next().unwrap();
    let token = pair.strip_prefix("indusmind_refresh=");
    let token = token.unwrap_or_else(|| panic!("no refresh cookie in {line:?}"));
    (token.to_owned(), parts.collect())
}

fn with_cookie(client: &Client, path: &str, cookie: &str) -> RequestBuilder {
    client
        .request(Method::POST, path)
        .header("cookie", format!("theme=dark; indusmind_refresh={cookie}"))
        .json(&json!({ "cookie": true }))
}

#[tokio::test]
async fn a_browser_keeps_its_refresh_token_in_a_cookie_that_no_script_reads() {
    let (appliance, _) = Appliance::furnished().await;
    let client = appliance.client();
    let request = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    let reply = client.post("/api/auth/login", &request).await;
    assert!(
        reply.data().get("refresh_token").is_none(),
        "{}",
        reply.text
    );
    let (cookie, attributes) = cookie_of(&reply);
    assert!(!reply.text.contains(&cookie));
    let expected = [
        "Path=/api/auth",
        "HttpOnly",
        "SameSite=Strict",
        "Max-Age=28800",
    ];
    assert_eq!(attributes, expected);

    let refreshed = Reply::to(with_cookie(&client, "/api/auth/refresh", &cookie)).await;
    let session = refreshed.data();
    assert!(session.get("refresh_token").is_none());
    let (next, attributes) = cookie_of(&refreshed);
    assert!(next != cookie && attributes == expected);

    let browser = client.with_session(&session);
    let reply = Reply::to(with_cookie(&browser, "/api/auth/logout", &next)).await;
    assert_eq!(reply.data()["message"], "Logged out successfully");
    let (empty, attributes) = cookie_of(&reply);
    assert_eq!(empty, "");
    assert!(
        attributes.contains(&"Max-Age=0".to_owned()),
        "{attributes:?}"
    );
    Reply::to(with_cookie(&client, "/api/auth/refresh", &next))
        .await
        .refused(401);
    Reply::to(with_cookie(&client, "/api/auth/refresh", ""))
        .await
        .refused(401);
}

#[tokio::test]
async fn signing_out_ends_tokens_tickets_and_sockets_at_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let other = appliance.client().login(EMAIL, PASSWORD).await;
    let (mut hub, mut channel) = (
        Socket::open(&chief, "/ws").await,
        Socket::open(&chief, "/ws/dashboard:site_a").await,
    );
    let mut of_other = Socket::open(&other, "/ws").await;
    let unused = ticket(&chief).await;
    let reply = chief.post("/api/auth/logout", &json!({})).await;
    assert_eq!(
        reply.data(),
        json!({ "message": "Logged out successfully" })
    );
    chief.get("/api/auth/me").await.refused(401);
    chief
        .post("/api/auth/logout", &json!({}))
        .await
        .refused(401);
    refresh(&chief, &chief.refresh_token).await.refused(401);
    assert_eq!(
        (hub.close_code().await, channel.close_code().await),
        (4401, 4401)
    );
    let late = Socket::try_open(&chief, &format!("/ws?ticket={unused}"), None).await;
    assert_eq!(late.err().map(|(status, _)| status), Some(401));
    // His other session goes on.
    of_other.event("heartbeat").await;
    other.get("/api/auth/me").await.data();
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let (appliance, chief) = Appliance::furnished().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    let auth = &appliance.context().auth;
    let console = indusmind::store::audit::Actor::console;
    let reset = |password: &str| auth.reset_password("chief", password.to_owned(), console());
    assert!(
        reset(PASSWORD).await.is_err(),
        "the old password came again"
    );
    reset("Day-shift-12").await.unwrap();
    assert_eq!(hub.close_code().await, 4401);
    chief.get("/api/auth/me").await.refused(401);
    refresh(&chief, &chief.refresh_token).await.refused(401);
    let old = json!({ "email": EMAIL, "password": PASSWORD });
    appliance
        .client()
        .post("/api/auth/login", &old)
        .await
        .refused(401);
    appliance.client().login(EMAIL, "Day-shift-12").await;
}

#[tokio::test]
async fn no_password_and_no_token_is_in_the_data_file_or_in_the_log() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let session = refresh(&chief, &chief.refresh_token).await.data();
    let wrong = json!({ "email": EMAIL, "password": "Wrong-guess-1" });
    chief.post("/api/auth/login", &wrong).await.refused(401);
    let one_time = ticket(&chief).await;
    let log = json!(chief.audit().await).to_string();
    let secrets = [
        PASSWORD.to_owned(),
        "Wrong-guess-1".to_owned(),
        chief.token.clone(),
        chief.refresh_token.clone(),
        token_of(&session),
        one_time,
    ];
    appliance.stop().await;
    let file = std::fs::read(appliance.data_file()).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|part| part == needle);
    assert!(holds(EMAIL.as_bytes()), "the search finds nothing at all");
    for secret in &secrets {
        assert!(!holds(secret.as_bytes()), "{secret} is in the data file");
        assert!(!log.contains(secret), "{secret} is in the audit log");
    }
}
