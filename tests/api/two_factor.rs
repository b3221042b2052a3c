//! The second factor: set up, asked for, used once, lost.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, PASSWORD, keys};
use indusmind::base::Timestamp;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

/// What the app of the user shows at this time.
fn code(secret: &str, at: Timestamp) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build_noncompliant();
    let seconds = u64::try_from(at.ms() / 1_000).unwrap();
    totp.generate(seconds).to_string()
}

async fn post(client: &Client, route: &str, body: Value) -> Reply {
    client.post(&format!("/api/auth/{route}"), &body).await
}

/// Switches the factor on; its secret and the recovery codes.
async fn switch_on(appliance: &Appliance, client: &Client) -> (String, Vec<String>) {
    let made = post(client, "2fa/setup", json!({ "password": PASSWORD })).await;
    let made = made.data();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(made["otpauth_url"].as_str().unwrap().contains(&secret));
    let first = json!({ "code": code(&secret, appliance.now()) });
    let codes = post(client, "2fa/verify", first).await.data();
    let codes = codes["recovery_codes"].as_array().unwrap().iter();
    let codes = codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    (secret, codes)
}

/// The first step; what the second one has to name.
async fn first_step(appliance: &Appliance) -> String {
    let request = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = post(&appliance.client(), "login", request).await.data();
    assert_eq!(
        keys(&answer),
        ["challenge", "expires_in", "two_factor_required"]
    );
    answer["challenge"].as_str().unwrap().to_owned()
}

async fn second_step(appliance: &Appliance, challenge: &str, code: &str) -> Reply {
    let request = json!({ "challenge": challenge, "code": code });
    post(&appliance.client(), "2fa/login", request).await
}

#[tokio::test]
async fn a_code_is_asked_for_and_works_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let wrong = json!({ "password": "Wrong-guess-1" });
    post(&chief, "2fa/setup", wrong.clone()).await.refused(400);
    let nothing = json!({ "code": "123456" });
    post(&chief, "2fa/verify", nothing.clone())
        .await
        .refused(409);
    let (secret, _) = switch_on(&appliance, &chief).await;
    let again = json!({ "password": PASSWORD });
    post(&chief, "2fa/setup", again).await.refused(409);
    assert_eq!(chief.get("/api/auth/me").await.data()["two_factor"], true);
    appliance.advance(60_000);
    let challenge = first_step(&appliance).await;
    let shown = code(&secret, appliance.now());
    second_step(&appliance, &challenge, "000000")
        .await
        .refused(401);
    let session = second_step(&appliance, &challenge, &shown).await.data();
    let inside = appliance.client().with_session(&session);
    inside.get("/api/auth/me").await.data();
    second_step(&appliance, &challenge, &shown)
        .await
        .refused(401);
    let other = first_step(&appliance).await;
    second_step(&appliance, &other, &shown).await.refused(401);
    let log = json!(chief.audit().await).to_string();
    assert!(log.contains("user.two_factor_on") && log.contains("auth.second_step_failed"));
    assert!(!log.contains(&secret), "the secret is in the log");
}

/// Opens the account of the administrator to browsers that it does not know.
async fn unlock(chief: &Client) {
    let me = chief.get("/api/auth/me").await.data();
    let path = format!("/api/admin/users/{}/unlock", me["id"].as_str().unwrap());
    chief.post(&path, &json!({})).await.data();
}

#[tokio::test]
async fn wrong_codes_close_the_account_and_a_right_password_forgets_none() {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = switch_on(&appliance, &chief).await;
    appliance.advance(60_000);
    // A right password before each wrong code: five are too many all the same.
    for _ in 0..5 {
        let challenge = first_step(&appliance).await;
        let wrong = second_step(&appliance, &challenge, "000000").await;
        wrong.refused(401);
    }
    let request = json!({ "email": EMAIL, "password": PASSWORD });
    let login = async || post(&appliance.client(), "login", request.clone()).await;
    login().await.refused(401);
    let log = chief.audit().await;
    let count = |action: &str| log.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!(count("auth.second_step_failed"), 4);
    assert_eq!(count("auth.account_locked"), 1);
    appliance.advance(15 * 60_000);
    let challenge = first_step(&appliance).await;
    let shown = code(&secret, appliance.now());
    second_step(&appliance, &challenge, &shown).await.data();
}

#[tokio::test]
async fn a_hundred_wrong_codes_at_once_are_five() {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = switch_on(&appliance, &chief).await;
    appliance.advance(60_000);
    let mut challenges = Vec::new();
    for _ in 0..100 {
        challenges.push(first_step(&appliance).await);
    }
    let tries = challenges
        .iter()
        .map(|challenge| second_step(&appliance, challenge, "000000"));
    let replies = futures_util::future::join_all(tries).await;
    let tried = replies.iter().filter(|reply| reply.status == 401).count();
    let closed = replies.iter().filter(|reply| reply.status == 429).count();
    assert_eq!((tried, closed), (5, 95));
    // A right one comes too late.
    let shown = code(&secret, appliance.now());
    let late = second_step(&appliance, &challenges[0], &shown).await;
    assert_eq!(late.status, 429);
    assert!(!late.header("retry-after").is_empty());
}

#[tokio::test]
async fn one_code_in_a_hundred_tries_at_once_works_once() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let (secret, codes) = switch_on(&appliance, &chief).await;
    appliance.advance(60_000);
    for shown in [code(&secret, appliance.now()), codes[0].clone()] {
        let mut challenges = Vec::new();
        for _ in 0..100 {
            challenges.push(first_step(&appliance).await);
        }
        let tries = challenges
            .iter()
            .map(|challenge| second_step(&appliance, challenge, &shown));
        let replies = futures_util::future::join_all(tries).await;
        let worked = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(worked, 1);
        unlock(&chief).await;
    }
    // What was used stays used: it is on disk.
    appliance.stop().await;
    appliance.start().await;
    for used in [code(&secret, appliance.now()), codes[0].clone()] {
        let challenge = first_step(&appliance).await;
        second_step(&appliance, &challenge, &used)
            .await
            .refused(401);
    }
    let challenge = first_step(&appliance).await;
    second_step(&appliance, &challenge, &codes[1]).await.data();
}

#[tokio::test]
async fn the_second_step_ends_after_five_tries_five_minutes_or_a_new_password() {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = switch_on(&appliance, &chief).await;
    appliance.advance(60_000);
    let challenge = first_step(&appliance).await;
    for _ in 0..5 {
        second_step(&appliance, &challenge, "000000")
            .await
            .refused(401);
    }
    let shown = code(&secret, appliance.now());
    second_step(&appliance, &challenge, &shown)
        .await
        .refused(401);
    unlock(&chief).await;
    let challenge = first_step(&appliance).await;
    appliance.advance(300_000);
    let shown = code(&secret, appliance.now());
    second_step(&appliance, &challenge, &shown)
        .await
        .refused(401);
    let challenge = first_step(&appliance).await;
    let change = json!({ "current_password": PASSWORD, "password": "Day-shift-12" });
    post(&chief, "change-password", change).await.data();
    second_step(&appliance, &challenge, &shown)
        .await
        .refused(401);
}

#[tokio::test]
async fn it_is_switched_off_by_its_user_or_by_an_administrator() {
    let (appliance, chief) = Appliance::furnished().await;
    switch_on(&appliance, &chief).await;
    let wrong = json!({ "password": "Wrong-guess-1" });
    post(&chief, "2fa/disable", wrong).await.refused(400);
    let right = json!({ "password": PASSWORD });
    post(&chief, "2fa/disable", right).await.data();
    appliance
        .client()
        .login(EMAIL, PASSWORD)
        .await
        .get("/api/auth/me")
        .await
        .data();
    switch_on(&appliance, &chief).await;
    let me = chief.get("/api/auth/me").await.data();
    let path = format!(
        "/api/admin/users/{}/2fa/disable",
        me["id"].as_str().unwrap()
    );
    chief.post(&path, &json!({})).await.data();
    appliance.client().login(EMAIL, PASSWORD).await;
}

#[tokio::test]
async fn new_recovery_codes_replace_those_from_before() {
    let (appliance, chief) = Appliance::furnished().await;
    let renew = async || post(&chief, "2fa/recovery-codes", json!({})).await;
    renew().await.refused(409);
    let (_, old) = switch_on(&appliance, &chief).await;
    let reply = renew().await;
    let new = reply.data()["recovery_codes"].clone();
    let new: Vec<String> = serde_json::from_value(new).unwrap();
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !old.contains(code)));
    let entries = crate::audit_trail::entries_of(&chief, &reply).await;
    assert_eq!(entries[0]["action"], "user.recovery_codes_renewed");
    assert!(
        new.iter()
            .all(|code| !json!(entries).to_string().contains(code))
    );
    let challenge = first_step(&appliance).await;
    second_step(&appliance, &challenge, &old[0])
        .await
        .refused(401);
    second_step(&appliance, &challenge, &new[0]).await.data();
}
