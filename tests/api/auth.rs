//! Signing in, and who is asking.

use crate::support::client::Reply;
use crate::support::{Appliance, EMAIL, PASSWORD, START, keys};
use indusmind::auth::Role;
use indusmind::base::bucket::Rate;
use indusmind::config::Config;
use indusmind::web::Class;
use reqwest::Method;
use serde_json::{Value, json};

const REFUSAL: &str = "Invalid email or password";

#[tokio::test]
async fn a_sign_in_answers_in_the_agreed_shape() {
    let (appliance, _) = Appliance::furnished().await;
    let client = appliance.client();
    let request = json!({ "email": EMAIL, "password": PASSWORD, "remember_me": true });
    let reply = client.post("/api/auth/login", &request).await;
    let session = reply.data();
    assert_eq!(
        keys(&session),
        ["expires_in", "refresh_token", "token", "user"]
    );
    assert_eq!(session["expires_in"], 3600);
    assert_eq!(reply.header("set-cookie"), "", "nobody asked for a cookie");
    let user = &session["user"];
    let shape = [
        "email",
        "id",
        "language",
        "last_login",
        "name",
        "permissions",
        "phone",
        "role",
        "role_key",
        "site",
        "sites",
        "two_factor",
        "username",
    ];
    assert_eq!(keys(user), shape);
    assert_eq!(
        (&user["role"], &user["site"]),
        (&json!("Administrator"), &json!("site_a"))
    );
    assert_eq!(user["last_login"], START.replace('Z', ".000Z"));
    let me = client
        .with_session(&session)
        .get("/api/auth/me")
        .await
        .data();
    assert_eq!(&me, user);
}

#[tokio::test]
async fn the_role_decides_what_me_says() {
    let (appliance, chief) = Appliance::furnished().await;
    let me = chief.get("/api/auth/me").await.data();
    let all = [
        "equipment.read",
        "equipment.write",
        "maintenance.write",
        "lines.read",
        "alerts.read",
        "alerts.acknowledge",
        "alerts.shelve",
        "alert_rules.manage",
        "readings.read",
        "readings.write",
        "readings.correct",
        "settings.write",
        "users.manage",
        "tokens.manage",
        "kiosks.manage",
        "audit.read",
        "notifications.read",
        "notifications.manage",
        "reports.manage",
        "backups.manage",
        "update.manage",
        "coldchain.read",
        "security.report",
    ];
    assert_eq!(me["permissions"], json!(all));
    let operator = appliance.client_as(Role::Operator).await;
    let me = operator.get("/api/auth/me").await.data();
    assert_eq!(
        (&me["role"], &me["role_key"]),
        (&json!("Operator"), &json!("operator"))
    );
    assert_eq!(
        me["permissions"],
        json!([
            "equipment.read",
            "maintenance.write",
            "alerts.read",
            "alerts.acknowledge",
            "alerts.shelve",
            "readings.read",
            "coldchain.read"
        ])
    );
}

#[tokio::test]
async fn wrong_and_unknown_are_refused_in_the_same_words() {
    let (appliance, _) = Appliance::furnished().await;
    let client = appliance.client();
    let guess = async |login: &str, password: &str| {
        let request = json!({ "email": login, "password": password });
        client.post("/api/auth/login", &request).await.refused(401)
    };
    let mut known = guess(EMAIL, "Night-shift-8").await;
    let mut unknown = guess("stranger@plant.example", PASSWORD).await;
    assert_eq!(known["error"], REFUSAL);
    for body in [&mut known, &mut unknown] {
        body["request_id"].take();
        body["timestamp"].take();
    }
    assert_eq!(known, unknown, "the answer tells who is a user");
    for (login, password) in [
        ("", ""),
        (EMAIL, ""),
        ("", PASSWORD),
        ("chief", "night-shift-7"),
    ] {
        assert_eq!(guess(login, password).await["error"], REFUSAL);
    }
}

#[tokio::test]
async fn a_user_name_is_as_good_as_the_address() {
    let (appliance, _) = Appliance::furnished().await;
    for login in ["chief", " Chief ", "CHIEF@plant.EXAMPLE"] {
        let signed_in = appliance.client().login(login, PASSWORD).await;
        assert_eq!(signed_in.get("/api/auth/me").await.data()["email"], EMAIL);
    }
    let other_spelling = json!({ "username": "chief", "password": PASSWORD, "rememberMe": true });
    appliance
        .client()
        .post("/api/auth/login", &other_spelling)
        .await
        .data();
}

#[tokio::test]
async fn a_malformed_sign_in_is_named() {
    let (appliance, _) = Appliance::furnished().await;
    let client = appliance.client();
    let bad = async |body: &Value| client.post("/api/auth/login", body).await.bad_fields();
    for (body, path) in [
        (json!({ "email": EMAIL }), "password"),
        (json!({ "password": PASSWORD }), "email"),
        (json!({ "email": 1, "password": PASSWORD }), "email"),
        (
            json!({ "email": EMAIL, "password": PASSWORD, "remember_me": "yes" }),
            "remember_me",
        ),
        (json!([EMAIL, PASSWORD, false, false]), "body"),
        (json!("chief"), "body"),
    ] {
        assert_eq!(bad(&body).await, [path], "{body}");
    }
}

#[tokio::test]
async fn the_sixth_attempt_in_a_minute_waits() {
    let five = |config: &mut Config| {
        config.edge.limits.set(Class::SignIn, Rate::new(5, 60, 5));
    };
    let appliance = Appliance::with(START, five).await;
    appliance.set_up().await; // the first attempt
    let client = appliance.client();
    let wrong = json!({ "email": EMAIL, "password": "Wrong-guess-1" });
    for _ in 0..4 {
        client.post("/api/auth/login", &wrong).await.refused(401);
    }
    let reply = client.post("/api/auth/login", &wrong).await;
    let refusal = reply.refused(429);
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refusal["details"]["retry_after_s"], wait);
    let right = json!({ "email": EMAIL, "password": PASSWORD });
    client.post("/api/auth/login", &right).await.refused(429);
}

#[tokio::test]
async fn a_token_is_good_for_an_hour_and_only_whole() {
    let (appliance, chief) = Appliance::furnished().await;
    chief.get("/api/auth/me").await.data();
    let last = chief.token.chars().last().unwrap();
    let other = if last == 'A' { 'Q' } else { 'A' };
    let broken = format!("{}{other}", &chief.token[..chief.token.len() - 1]);
    let refresh_token = chief.refresh_token.clone();
    for token in ["x", "a.b.c", &broken, &refresh_token] {
        chief
            .with_token(token)
            .get("/api/auth/me")
            .await
            .refused(401);
    }
    let basic = appliance
        .client()
        .request(Method::GET, "/api/auth/me")
        .header("authorization", format!("Basic {}", chief.token));
    Reply::to(basic).await.refused(401);
    appliance.advance(3_590_000);
    chief.get("/api/auth/me").await.data();
    appliance.advance(3_600_000 - 3_590_000 + 5_000);
    chief.get("/api/auth/me").await.refused(401);
    // The session behind it lives: the refresh token brings another one.
    let request = json!({ "refresh_token": refresh_token });
    let session = chief.post("/api/auth/refresh", &request).await.data();
    chief
        .with_session(&session)
        .get("/api/auth/me")
        .await
        .data();
}

#[tokio::test]
async fn a_token_of_another_appliance_is_worth_nothing() {
    let (_, chief) = Appliance::furnished().await;
    let (other, _) = Appliance::furnished().await;
    let stranger = other.client().with_token(&chief.token);
    stranger.get("/api/auth/me").await.refused(401);
}

#[tokio::test]
async fn the_log_tells_who_came_and_who_was_refused() {
    let (appliance, chief) = Appliance::furnished().await;
    let wrong = json!({ "email": "stranger@plant.example", "password": "Wrong-guess-1" });
    appliance
        .client()
        .post("/api/auth/login", &wrong)
        .await
        .refused(401);
    let operator = appliance.client_as(Role::Operator).await;
    operator.post("/api/auth/logout", &json!({})).await.data();
    let log = chief.audit().await;
    let told: Vec<_> = log
        .iter()
        .rev()
        .map(|e| (e["action"].as_str().unwrap(), e["user"].as_str().unwrap()))
        .collect();
    let expected = [
        ("user.create", "set-up"),
        ("auth.login", EMAIL),
        ("auth.login_failed", "stranger@plant.example"),
        ("user.create", "console"),
        ("auth.login", "operator@plant.example"),
        ("auth.logout", "operator@plant.example"),
    ];
    assert_eq!(told, expected);
    assert!(
        log.iter()
            .all(|e| e["user"] == "console" || e["address"] == "127.0.0.1"),
        "{log:?}"
    );
    let verdict = chief.get("/api/audit/verify").await.data();
    let (intact, first_bad) = (&verdict["intact"], &verdict["first_bad"]);
    assert_eq!((intact, first_bad), (&json!(true), &Value::Null));
    assert_eq!(
        (&verdict["entries"], &verdict["head"]["sequence"]),
        (&json!(6), &json!(6))
    );
}

#[tokio::test]
async fn the_audit_log_is_read_page_by_page_and_not_by_everyone() {
    let (appliance, chief) = Appliance::furnished().await;
    for _ in 0..5 {
        appliance.client().login(EMAIL, PASSWORD).await;
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = chief
            .get(&format!("/api/audit?limit=3{cursor}"))
            .await
            .data();
        let items = page["items"].as_array().unwrap();
        assert!((1..=3).contains(&items.len()));
        seen.extend(items.iter().map(|e| e["sequence"].as_u64().unwrap()));
        assert!(seen.len() <= 7, "the pages go round in a circle: {seen:?}");
        match page["next_cursor"].as_u64() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=7).rev().collect::<Vec<_>>());
    chief.get("/api/audit?limit=many").await.refused(400);
    let operator = appliance.client_as(Role::Operator).await;
    operator.get("/api/audit").await.refused(403);
    operator.get("/api/audit/verify").await.refused(403);
}
