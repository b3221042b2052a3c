//! Screens on a wall: paired by a code, looking only, in until they are revoked.

use crate::support::client::{Client, Reply};
use crate::support::socket::Socket;
use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

/// A screen that shows a code: the code, and its cookie.
async fn pair(client: &Client) -> (String, String) {
    let reply = Reply::to(client.request(Method::POST, "/api/kiosk/pairing")).await;
    let code = reply.created()["code"].as_str().unwrap().to_owned();
    let line = reply.header("set-cookie");
    assert!(
        line.contains("HttpOnly") && line.contains("SameSite=Strict"),
        "{line}"
    );
    assert!(line.contains("Path=/api/kiosk;"), "{line}");
    let cookie = line.split(';').next().unwrap().to_owned();
    let secret = cookie.split_once('=').unwrap().1;
    assert!(!reply.text.contains(secret), "a script can read the secret");
    (code, cookie)
}

async fn session(client: &Client, cookie: &str) -> Reply {
    let request = client.request(Method::POST, "/api/kiosk/session");
    Reply::to(request.header("cookie", cookie)).await
}

async fn approve(chief: &Client, code: &str) -> Reply {
    let request = json!({ "code": code, "name": "Hall 2" });
    chief.post("/api/kiosks/approve", &request).await
}

/// A screen that is in, its cookie, and what is shown of it.
async fn let_in(appliance: &Appliance, chief: &Client) -> (Client, String, Value) {
    let (code, cookie) = pair(&appliance.client()).await;
    let shown = approve(chief, &code).await.created();
    let held = session(&appliance.client(), &cookie).await.data();
    (appliance.client().with_session(&held), cookie, shown)
}

#[tokio::test]
async fn a_screen_is_let_in_by_the_code_that_it_shows() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let (code, cookie) = pair(&appliance.client()).await;
    assert_eq!(code.len(), 9);
    let waiting = session(&appliance.client(), &cookie).await.data();
    assert_eq!(waiting["waiting"], true);
    let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
    let shown = approve(&chief, &typed).await.created();
    assert_eq!(
        (&shown["name"], &shown["site"], &shown["address"]),
        (&json!("Hall 2"), &json!("site_a"), &json!("127.0.0.1"))
    );
    // The code has done its work.
    assert_eq!(approve(&chief, &code).await.bad_fields(), ["code"]);
    let held = session(&appliance.client(), &cookie).await.data();
    let screen = appliance.client().with_session(&held);
    let me = screen.get("/api/auth/me").await.data();
    assert_eq!(
        (&me["role_key"], &me["sites"]),
        (&json!("kiosk"), &json!(["site_a"]))
    );
    let mut socket = Socket::open(&screen, "/ws/dashboard:site_a").await;
    socket.message().await;
    // It stays in: over weeks, and over a restart.
    let secret = cookie.split_once('=').unwrap().1.to_owned();
    appliance.stop().await;
    appliance.advance(200 * 24 * 3_600_000);
    let file = std::fs::read(appliance.data_file()).unwrap();
    let holds = |text: &str| file.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(
        holds("Hall 2") && !holds(&secret),
        "the data file holds a usable secret"
    );
    appliance.start().await;
    let held = session(&appliance.client(), &cookie).await.data();
    let screen = appliance.client().with_session(&held);
    screen.get("/api/realtime/meters").await.data();
}

#[tokio::test]
async fn a_screen_only_looks() {
    let (appliance, chief) = Appliance::furnished().await;
    let (screen, cookie, _) = let_in(&appliance, &chief).await;
    for path in [
        "/api/users",
        "/api/kiosks",
        "/api/audit",
        "/api/lines",
        "/api/sessions?all=true",
    ] {
        screen.get(path).await.refused(403);
    }
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    screen.post("/api/equipment", &body).await.refused(403);
    let guest = json!({ "email": "x@plant.example", "name": "x", "role": "viewer" });
    screen.post("/api/users/invite", &guest).await.refused(403);
    let proof = json!({ "password": "Night-shift-7" });
    assert!(screen.post("/api/auth/step-up", &proof).await.status >= 400);
    // Asking for another code would throw its place away.
    let again = appliance
        .client()
        .request(Method::POST, "/api/kiosk/pairing");
    Reply::to(again.header("cookie", cookie)).await.refused(409);
}

#[tokio::test]
async fn a_screen_goes_on_when_its_token_ends_and_nobody_is_there() {
    let (appliance, chief) = Appliance::furnished().await;
    let (screen, cookie, _) = let_in(&appliance, &chief).await;
    for _ in 0..3 {
        // An access token lives for an hour, and a minute of grace for clocks at most.
        appliance.advance(3_700_000);
        screen.get("/api/realtime/meters").await.refused(401);
        let held = session(&appliance.client(), &cookie).await.data();
        let again = screen.with_session(&held);
        again.get("/api/realtime/meters").await.data();
        Socket::open(&again, "/ws").await.event("heartbeat").await;
    }
}

/// An arrangement of these pages.
fn arrangement(pages: &[(&str, u32)]) -> Value {
    let page = |(name, seconds): &(&str, u32)| json!({ "name": name, "seconds": seconds });
    json!({ "pages": pages.iter().map(page).collect::<Vec<_>>(),
        "night": { "from": 1320, "to": 360 }, "sound": true })
}

#[tokio::test]
async fn what_a_screen_shows_stands_in_its_record_and_reaches_it_at_once() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let (screen, cookie, shown) = let_in(&appliance, &chief).await;
    let (_, _, other) = let_in(&appliance, &chief).await;
    let path = format!("/api/kiosks/{}", shown["id"].as_str().unwrap());
    let mut hub = Socket::open(&screen, "/ws").await;
    let first = hub.event("kiosk").await;
    assert_eq!(first, json!({ "arrangement": null, "revision": 0 }));
    let two = arrangement(&[("alerts", 10), ("overview", 30)]);
    let elsewhere = format!("/api/kiosks/{}", other["id"].as_str().unwrap());
    let one = arrangement(&[("flow", 60)]);
    chief
        .put(&elsewhere, &json!({ "arrangement": one }))
        .await
        .data();
    let change = json!({ "arrangement": two, "revision": 0 });
    assert_eq!(chief.put(&path, &change).await.data()["arrangement"], two);
    // The change of the other screen is none of its business.
    let told = hub.event("kiosk").await;
    assert_eq!(told, json!({ "arrangement": two, "revision": 1 }));
    // From an older state nobody overwrites it; a new name leaves it as it is.
    chief.put(&path, &change).await.refused(409);
    let named = json!({ "name": "North", "revision": 1 });
    assert_eq!(chief.put(&path, &named).await.data()["arrangement"], two);
    let log = chief.audit().await;
    let arranged = log
        .iter()
        .find(|entry| entry["action"] == "kiosk.arrange")
        .unwrap();
    assert_eq!(arranged["details"]["arrangement"]["after"], two);
    appliance.stop().await;
    appliance.start().await;
    let held = session(&appliance.client(), &cookie).await.data();
    let screen = appliance.client().with_session(&held);
    let mut hub = Socket::open(&screen, "/ws").await;
    let told = hub.event("kiosk").await;
    assert_eq!(told, json!({ "arrangement": two, "revision": 2 }));
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    chief
        .put(&path, &json!({ "arrangement": null }))
        .await
        .data();
    assert_eq!(hub.event("kiosk").await["arrangement"], Value::Null);
    // Who is no screen hears nothing of it.
    let mut person = Socket::open(&chief, "/ws").await;
    assert_ne!(person.message().await["event"], "kiosk");
}

#[tokio::test]
async fn what_no_screen_can_show_is_refused_at_its_place() {
    let (appliance, chief) = Appliance::furnished().await;
    let (screen, _, shown) = let_in(&appliance, &chief).await;
    let path = format!("/api/kiosks/{}", shown["id"].as_str().unwrap());
    let wrong = arrangement(&[("overview", 20), ("alerts", 4)]);
    let reply = chief.put(&path, &json!({ "arrangement": wrong })).await;
    assert_eq!(reply.bad_fields(), ["arrangement.pages.1.seconds"]);
    let good = json!({ "arrangement": arrangement(&[("overview", 20)]) });
    let operator = appliance.client_as(Role::Operator).await;
    operator.put(&path, &good).await.refused(403);
    screen.put(&path, &good).await.refused(403);
    let nobody = "/api/kiosks/01a1fc32-7959-7208-9b0d-bfecd1744b85";
    chief.put(nobody, &good).await.refused(404);
    let list = chief.get("/api/kiosks").await.data();
    assert_eq!(list["items"][0]["arrangement"], Value::Null);
}

#[tokio::test]
async fn a_revoked_screen_is_out_at_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let (screen, cookie, shown) = let_in(&appliance, &chief).await;
    let path = format!("/api/kiosks/{}", shown["id"].as_str().unwrap());
    let renamed = chief
        .put(&path, &json!({ "name": " North wall " }))
        .await
        .data();
    assert_eq!(renamed["name"], "North wall");
    let list = chief.get("/api/kiosks").await.data();
    assert_eq!(list["items"][0]["name"], "North wall");
    assert_eq!(list["total"], 1);
    chief.put(&path, &json!({ "name": " " })).await.refused(400);
    let mut hub = Socket::open(&screen, "/ws").await;
    let mut channel = Socket::open(&screen, "/ws/dashboard:site_a").await;
    chief.delete(&path).await.data();
    assert_eq!(
        (hub.close_code().await, channel.close_code().await),
        (4401, 4401)
    );
    screen.get("/api/auth/me").await.refused(401);
    session(&appliance.client(), &cookie).await.refused(401);
    chief.delete(&path).await.refused(404);
    chief.delete("/api/kiosks/7").await.refused(404);
    let log = chief.audit().await;
    let told: Vec<_> = log
        .iter()
        .rev()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    let kiosk: Vec<_> = told
        .iter()
        .filter(|action| action.starts_with("kiosk."))
        .collect();
    assert_eq!(kiosk, [&"kiosk.approve", &"kiosk.rename", &"kiosk.revoke"]);
}

#[tokio::test]
async fn a_code_lives_ten_minutes_and_a_flood_drops_its_own() {
    let (appliance, chief) = Appliance::furnished().await;
    let (code, cookie) = pair(&appliance.client()).await;
    appliance.advance(600_000);
    session(&appliance.client(), &cookie).await.refused(401);
    chief.prove().await;
    assert_eq!(approve(&chief, &code).await.bad_fields(), ["code"]);
    session(&appliance.client(), "indusmind_kiosk=guess")
        .await
        .refused(401);
    let bare = appliance
        .client()
        .request(Method::POST, "/api/kiosk/session");
    Reply::to(bare).await.refused(401);
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(pair(&appliance.client()).await.0);
    }
    assert_eq!(approve(&chief, &codes[0]).await.bad_fields(), ["code"]);
    approve(&chief, &codes[1]).await.created();
    let operator = appliance.client_as(Role::Operator).await;
    approve(&operator, &codes[2]).await.refused(403);
    let wrong = json!({ "code": codes[2], "name": "x", "site": "site_z" });
    let reply = chief.post("/api/kiosks/approve", &wrong).await;
    assert_eq!(reply.bad_fields(), ["site"]);
}
