//! Staying signed in, and signing out.

use crate::support::client::{Client, Reply};
use crate::support::socket::{Socket, ticket};
use crate::support::{Appliance, EMAIL, PASSWORD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 3_600_000;

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
async fn an_idle_session_ends_after_a_week_or_a_month() {
    let (appliance, _) = Appliance::furnished().await;
    let sign_in = async |remember: bool| {
        let request = json!({ "email": EMAIL, "password": PASSWORD, "remember_me": remember });
        let session = appliance
            .client()
            .post("/api/auth/login", &request)
            .await
            .data();
        token_of(&session)
    };
    let (week, month) = (sign_in(false).await, sign_in(true).await);
    let client = appliance.client();
    appliance.advance(7 * DAY_MS);
    let week = token_of(&refresh(&client, &week).await.data());
    appliance.advance(7 * DAY_MS + 1);
    refresh(&client, &week).await.refused(401);
    appliance.advance(16 * DAY_MS - 1);
    let month = token_of(&refresh(&client, &month).await.data());
    appliance.advance(30 * DAY_MS + 1);
    refresh(&client, &month).await.refused(401);
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
        "Max-Age=604800",
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
