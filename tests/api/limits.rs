//! How often somebody may ask: buckets for each user, address and class.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, PASSWORD, START};
use indusmind::auth::Role;
use indusmind::base::bucket::Rate;
use indusmind::web::Class;
use reqwest::Method;
use serde_json::json;

/// An appliance with these limits, and its administrator.
async fn limited(limits: &'static [(Class, Rate)]) -> (Appliance, Client) {
    let settings = move |config: &mut indusmind::config::Config| {
        for (class, rate) in limits {
            config.edge.limits.set(*class, *rate);
        }
    };
    let appliance = Appliance::with(START, settings).await;
    appliance.set_up().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    (appliance, chief)
}

fn level(reply: &Reply) -> [u64; 3] {
    ["limit", "remaining", "reset"].map(|name| {
        let value = reply.header(&format!("x-ratelimit-{name}"));
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name}: {value:?}"))
    })
}

#[tokio::test]
async fn every_answer_of_the_api_tells_how_full_the_bucket_is() {
    let (appliance, chief) = Appliance::furnished().await;
    let stranger = appliance.client();
    for reply in [
        chief.get("/api/sites").await,
        chief.get("/api/v1/sites").await,
        chief.get("/api/nothing").await,
        chief.delete("/api/equipment").await,
        chief.post("/api/equipment", &json!({})).await,
        stranger.get("/api/sites").await,
        stranger.get("/api/setup").await,
        stranger.post("/api/auth/login", &json!({})).await,
        stranger.post("/write", &json!({})).await,
    ] {
        let [limit, remaining, _] = level(&reply);
        assert_eq!((limit, remaining < limit), (10_000, true));
    }
    for path in [
        "/",
        "/health",
        "/health/live",
        "/openapi.json",
        "/ca.crt",
        "/assets/x.js",
    ] {
        assert_eq!(
            stranger.get(path).await.header("x-ratelimit-limit"),
            "",
            "{path}"
        );
    }
}

#[tokio::test]
async fn who_asks_too_often_waits_and_nobody_else_does() {
    static LIMITS: std::sync::LazyLock<[(Class, Rate); 1]> =
        std::sync::LazyLock::new(|| [(Class::Api, Rate::new(60, 60, 5))]);
    let (appliance, chief) = limited(&*LIMITS).await;
    let viewer = appliance.client_as(Role::Viewer).await;
    for left in (0..5).rev() {
        let reply = chief.get("/api/sites").await;
        reply.data();
        assert_eq!(level(&reply), [5, left, 5 - left]);
    }
    let reply = chief.get("/api/equipment").await;
    let refusal = reply.refused(429);
    assert_eq!(
        (reply.header("retry-after"), level(&reply)),
        ("1", [5, 0, 5])
    );
    assert_eq!(refusal["details"]["retry_after_s"], 1);
    // Another session of his is he; another user is not.
    let again = appliance.client().login(EMAIL, PASSWORD).await;
    again.get("/api/sites").await.refused(429);
    viewer.get("/api/sites").await.data();
    appliance.client().get("/api/setup").await.data();
    appliance.advance(2_000);
    chief.get("/api/sites").await.data();
    chief.get("/api/sites").await.data();
    chief.get("/api/sites").await.refused(429);
}

#[tokio::test]
async fn made_up_tokens_share_the_bucket_of_their_address() {
    static LIMITS: std::sync::LazyLock<[(Class, Rate); 1]> =
        std::sync::LazyLock::new(|| [(Class::Api, Rate::new(60, 60, 6))]);
    let (appliance, chief) = limited(&*LIMITS).await;
    let guess = |n: usize| appliance.client().with_token(&format!("{}{n:043}", "imt_"));
    let mut refused = 0;
    for n in 0..12 {
        let reply = guess(n).get("/api/historical/consumption").await;
        refused += usize::from(reply.status == 429);
    }
    assert_eq!(refused, 6);
    for n in 0..3 {
        let client = appliance.client().with_token(&format!("a.b.{n}"));
        client.get("/api/sites").await.refused(429);
    }
    chief.get("/api/sites").await.data();
}

#[tokio::test]
async fn each_class_has_its_own_bucket() {
    static LIMITS: std::sync::LazyLock<[(Class, Rate); 3]> = std::sync::LazyLock::new(|| {
        [
            (Class::Upload, Rate::new(10, 60, 2)),
            (Class::Export, Rate::new(10, 60, 1)),
            (Class::Reset, Rate::new(3, 3_600, 3)),
        ]
    });
    let (appliance, chief) = limited(&*LIMITS).await;
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let photo = format!("/api/equipment/{}/photo", chief.add_equipment(&body).await);
    let send = async || {
        Reply::to(chief.request(Method::POST, &photo).body("x"))
            .await
            .status
    };
    assert_eq!([send().await, send().await, send().await], [415, 415, 429]);
    let export = "/api/historical/export?from=2026-11-20&to=2026-11-21&resolution=1hour";
    assert_eq!(chief.get(export).await.status, 200);
    chief.get(export).await.refused(429);
    chief.get("/api/sites").await.data();
    let forgot = json!({ "email": "nobody@plant.example" });
    for _ in 0..3 {
        let reply = appliance
            .client()
            .post("/api/auth/forgot-password", &forgot)
            .await;
        assert!(reply.status < 300, "{}", reply.text);
    }
    let reply = appliance
        .client()
        .post("/api/auth/request-reset", &forgot)
        .await;
    reply.refused(429);
    assert_eq!(reply.header("retry-after"), "1200");
}

#[tokio::test]
async fn a_browser_that_is_known_signs_in_beside_a_guesser() {
    static LIMITS: std::sync::LazyLock<[(Class, Rate); 1]> =
        std::sync::LazyLock::new(|| [(Class::SignIn, Rate::new(5, 60, 5))]);
    let (appliance, _) = limited(&*LIMITS).await;
    let client = appliance.client();
    let right = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    let reply = client.post("/api/auth/login", &right).await;
    let device = reply.headers("set-cookie");
    let device = device
        .iter()
        .find(|cookie| cookie.contains("_device="))
        .unwrap();
    let device = device.split(';').next().unwrap().to_owned();
    let login = async |cookie: &str| {
        let request = client.request(Method::POST, "/api/auth/login").json(&right);
        Reply::to(request.header("cookie", cookie)).await
    };
    // Set-up and two sign-ins were before; somebody behind the same address guesses.
    let wrong = json!({ "email": "guess@plant.example", "password": "Wrong-guess-1" });
    for _ in 0..2 {
        client.post("/api/auth/login", &wrong).await.refused(401);
    }
    client.post("/api/auth/login", &right).await.refused(429);
    login("indusmind_device=made-up").await.refused(429);
    for _ in 0..5 {
        login(&device).await.data();
    }
    login(&device).await.refused(429);
}
