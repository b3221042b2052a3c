//! Accounts: invited, changed, locked, let in again.

use crate::support::client::{Client, Reply};
use crate::support::socket::Socket;
use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 3_600_000;
const NEW_PASSWORD: &str = "Day-shift-12";
const WRONG: &str = "Wrong-guess-1";

fn invitation(name: &str) -> Value {
    json!({ "email": format!("{name}@plant.example"), "username": name, "name": name,
        "role": "operator" })
}

/// The secret behind the `#` of an activation link.
fn secret_of(invited: &Value) -> String {
    let url = invited["activation_url"].as_str().unwrap();
    url.strip_prefix("/activate#token=").unwrap().to_owned()
}

async fn sign_in(client: &Client, login: &str, password: &str) -> Reply {
    let request = json!({ "email": login, "password": password });
    client.post("/api/auth/login", &request).await
}

async fn use_code(client: &Client, route: &str, code: &str, password: &str) -> Reply {
    let request = json!({ "token": code, "password": password });
    client.post(&format!("/api/auth/{route}"), &request).await
}

async fn account(chief: &Client, login: &str) -> Value {
    let list = chief.get("/api/users?page_size=100").await.data();
    let items = list["items"].as_array().unwrap().clone();
    let found = items.into_iter().find(|user| user["username"] == login);
    found.unwrap()
}

/// A user who is in; his id.
async fn hire(appliance: &Appliance, chief: &Client, name: &str) -> String {
    let invited = chief.post("/api/users/invite", &invitation(name)).await;
    let invited = invited.created();
    let client = appliance.client();
    let code = secret_of(&invited);
    use_code(&client, "activate", &code, PASSWORD).await.data();
    invited["user"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invited_user_sets_his_password_once_within_a_day() {
    let (appliance, chief) = Appliance::furnished().await;
    let invited = chief.post("/api/users/invite", &invitation("amina")).await;
    let invited = invited.created();
    assert_eq!(invited["user"]["state"], "invited");
    let client = appliance.client();
    sign_in(&client, "amina", "").await.refused(401);
    sign_in(&client, "amina", PASSWORD).await.refused(401);
    let code = secret_of(&invited);
    use_code(&client, "reset-password", &code, PASSWORD)
        .await
        .refused(401);
    // Too short, a word that everybody uses, and her own name.
    for guessed in ["weak", "P@ssw0rd-2026", "Amina-2026"] {
        use_code(&client, "activate", &code, guessed)
            .await
            .refused(400);
    }
    use_code(&client, "activate", &code, PASSWORD).await.data();
    use_code(&client, "activate", &code, NEW_PASSWORD)
        .await
        .refused(401);
    let amina = client.login("amina", PASSWORD).await;
    assert_eq!(
        amina.get("/api/auth/me").await.data()["role_key"],
        "operator"
    );
    assert_eq!(account(&chief, "amina").await["state"], "active");
    let log = json!(chief.audit().await).to_string();
    assert!(log.contains("user.invite") && log.contains("user.activate"));
    assert!(!log.contains(&code), "the code is in the log");
}

#[tokio::test]
async fn an_old_link_does_not_work_and_a_new_one_takes_its_place() {
    let (appliance, chief) = Appliance::furnished().await;
    let client = appliance.client();
    let first = chief.post("/api/users/invite", &invitation("amina")).await;
    let first = first.created();
    let id = first["user"]["id"].as_str().unwrap();
    let path = format!("/api/users/{id}/invite");
    let second = chief.post(&path, &json!({})).await.data();
    let codes = [secret_of(&first), secret_of(&second)];
    use_code(&client, "activate", &codes[0], PASSWORD)
        .await
        .refused(401);
    appliance.advance(DAY_MS);
    use_code(&client, "activate", &codes[1], PASSWORD)
        .await
        .refused(401);
    let third = secret_of(
        &chief_again(&appliance)
            .await
            .post(&path, &json!({}))
            .await
            .data(),
    );
    use_code(&client, "activate", &third, PASSWORD).await.data();
    let chief = chief_again(&appliance).await;
    chief.post(&path, &json!({})).await.refused(409);
}

/// The administrator after his token has ended.
async fn chief_again(appliance: &Appliance) -> Client {
    appliance.client().login(EMAIL, PASSWORD).await
}

#[tokio::test]
async fn a_code_works_once_however_many_try_at_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let invited = chief.post("/api/users/invite", &invitation("amina")).await;
    let code = secret_of(&invited.created());
    let tries = (0..8).map(|n| {
        let (client, code) = (appliance.client(), code.clone());
        async move {
            let password = format!("Night-shift-{n}");
            let reply = use_code(&client, "activate", &code, &password).await;
            reply.json()["success"] == true
        }
    });
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|worked| **worked).count(), 1);
}

#[tokio::test]
async fn who_forgot_his_password_gets_a_code_from_an_administrator() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = hire(&appliance, &chief, "amina").await;
    let client = appliance.client();
    let amina = client.login("amina", PASSWORD).await;
    let known = client
        .post("/api/auth/forgot-password", &json!({ "email": "amina" }))
        .await
        .data();
    let unknown = client
        .post("/api/auth/request-reset", &json!({ "username": "nobody" }))
        .await
        .data();
    assert_eq!(known, unknown, "the answer tells who exists");
    let path = format!("/api/admin/users/{id}/reset-token");
    let code = chief.post(&path, &json!({})).await.data()["token"].clone();
    let code = code.as_str().unwrap().to_owned();
    use_code(&client, "reset-password", &code, PASSWORD)
        .await
        .refused(400);
    // Typed without capitals, with a blank.
    let typed = format!(" {} ", code.to_lowercase());
    use_code(&client, "reset-password", &typed, NEW_PASSWORD)
        .await
        .data();
    use_code(&client, "reset-password", &code, "Late-shift-13")
        .await
        .refused(401);
    amina.get("/api/auth/me").await.refused(401);
    sign_in(&client, "amina", PASSWORD).await.refused(401);
    client.login("amina", NEW_PASSWORD).await;
    let listed = chief.get("/api/admin/reset-requests").await.data();
    assert_eq!(listed[0]["username"], "amina@plant.example");
    assert!(listed[0]["used_at"].is_string());
    assert!(!listed.to_string().contains(&code));
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_not_this_one() {
    let (appliance, chief) = Appliance::furnished().await;
    let other = chief_again(&appliance).await;
    let mut socket = Socket::open(&other, "/ws").await;
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "password": new });
        let chief = chief.clone();
        async move { chief.post("/api/auth/change-password", &body).await }
    };
    assert_eq!(
        change(WRONG, NEW_PASSWORD).await.bad_fields(),
        ["current_password"]
    );
    assert_eq!(change(PASSWORD, PASSWORD).await.bad_fields(), ["password"]);
    change(PASSWORD, NEW_PASSWORD).await.data();
    chief.get("/api/auth/me").await.data();
    other.get("/api/auth/me").await.refused(401);
    assert_eq!(socket.close_code().await, 4401);
    // The last five do not come again; the sixth does.
    let mut current = NEW_PASSWORD.to_owned();
    for n in 0..4 {
        let next = format!("Night-shift-1{n}");
        change(&current, &next).await.data();
        assert_eq!(change(&next, NEW_PASSWORD).await.bad_fields(), ["password"]);
        current = next;
    }
    change(&current, PASSWORD).await.data();
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_account_but_not_for_a_known_browser() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = hire(&appliance, &chief, "amina").await;
    let client = appliance.client();
    let browser = |password: &str, device: &str| {
        let body = json!({ "email": "amina", "password": password, "cookie": true });
        let request = client.request(Method::POST, "/api/auth/login").json(&body);
        Reply::to(request.header("cookie", format!("indusmind_device={device}")))
    };
    let reply = browser(PASSWORD, "planted-by-somebody").await;
    let cookies = reply.header("set-cookie").to_owned();
    reply.data();
    let device = device_of(&reply);
    assert_ne!(device, "planted-by-somebody", "{cookies}");
    for _ in 0..5 {
        sign_in(&client, "amina", WRONG).await.refused(401);
    }
    // The right password is answered like a wrong one: a guesser learns nothing.
    let refused = sign_in(&client, "amina", PASSWORD).await.refused(401);
    assert_eq!(refused["error"], "Invalid email or password");
    let state = account(&chief, "amina").await;
    assert_eq!(state["state"], "locked");
    assert!(state["locked_until"].is_string());
    browser(PASSWORD, &device).await.data();
    let path = format!("/api/admin/users/{id}/unlock");
    chief.post(&path, &json!({})).await.data();
    client.login("amina", PASSWORD).await;
    for _ in 0..5 {
        sign_in(&client, "amina", WRONG).await.refused(401);
    }
    appliance.advance(15 * 60_000);
    client.login("amina", PASSWORD).await;
    let log = json!(chief.audit().await).to_string();
    for action in [
        "auth.account_locked",
        "auth.login_refused_locked",
        "user.unlock",
    ] {
        assert!(log.contains(action), "{action}");
    }
}

/// What the device cookie of an answer holds.
fn device_of(reply: &Reply) -> String {
    let all = reply.headers("set-cookie");
    let line = all.iter().find_map(|c| c.strip_prefix("indusmind_device="));
    let line = line.unwrap();
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Strict"));
    line.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_is_changed_and_signed_out_when_he_loses_something() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = hire(&appliance, &chief, "amina").await;
    let client = appliance.client();
    let path = format!("/api/users/{id}");
    let amina = client.login("amina", PASSWORD).await;
    let named = chief
        .put(&path, &json!({ "name": "Amina K." }))
        .await
        .data();
    assert_eq!(
        (&named["name"], &named["sessions"]),
        (&json!("Amina K."), &json!(1))
    );
    amina.get("/api/auth/me").await.data();
    chief.put(&path, &json!({ "role": "viewer" })).await.data();
    amina.get("/api/auth/me").await.refused(401);
    let amina = client.login("amina", PASSWORD).await;
    chief.put(&path, &json!({ "active": false })).await.data();
    amina.get("/api/auth/me").await.refused(401);
    sign_in(&client, "amina", PASSWORD).await.refused(401);
    assert_eq!(account(&chief, "amina").await["state"], "deactivated");
    chief
        .put(&path, &json!({ "active": true, "username": null }))
        .await
        .data();
    client.login("amina@plant.example", PASSWORD).await;
    let bad = json!({ "name": " ", "username": "a b" });
    assert_eq!(
        chief.put(&path, &bad).await.bad_fields(),
        ["name", "username"]
    );
    assert_eq!(
        chief
            .put(&path, &json!({ "site": "moon" }))
            .await
            .bad_fields(),
        ["site"]
    );
    chief
        .put(&path, &json!({ "username": "chief" }))
        .await
        .refused(409);
    chief
        .put(&path, &json!({ "colour": "red" }))
        .await
        .refused(400);
    chief.get("/api/users/nobody").await.refused(404);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let (appliance, chief) = Appliance::furnished().await;
    let me = chief.get("/api/auth/me").await.data();
    let path = format!("/api/users/{}", me["id"].as_str().unwrap());
    chief
        .put(&path, &json!({ "active": false }))
        .await
        .refused(409);
    let role = format!("/api/admin/users/{}/role", me["id"].as_str().unwrap());
    chief
        .put(&role, &json!({ "role": "viewer" }))
        .await
        .refused(409);
    appliance.client_as(Role::Admin).await;
    chief.put(&role, &json!({ "role": "viewer" })).await.data();
    chief.get("/api/auth/me").await.refused(401);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let (appliance, chief) = Appliance::furnished().await;
    let viewer = appliance.client_as(Role::Viewer).await;
    let agent = chief.request(Method::POST, "/api/auth/login");
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let login = Reply::to(agent.json(&body).header("user-agent", "Kiosk browser 1")).await;
    let kiosk = chief.with_session(&login.data());
    let list = chief.get("/api/sessions").await.data();
    assert_eq!(list["total"], 2);
    let items = list["items"].as_array().unwrap();
    let other = items
        .iter()
        .find(|session| session["current"] == false)
        .unwrap();
    assert_eq!(other["agent"], "Kiosk browser 1");
    let of_kiosk = format!("/api/sessions/{}", other["id"].as_str().unwrap());
    viewer.delete(&of_kiosk).await.refused(404);
    viewer.get("/api/sessions?all=true").await.refused(403);
    assert_eq!(viewer.get("/api/sessions").await.data()["total"], 1);
    assert_eq!(chief.get("/api/sessions?all=true").await.data()["total"], 3);
    let mut socket = Socket::open(&kiosk, "/ws").await;
    chief.delete(&of_kiosk).await.data();
    assert_eq!(socket.close_code().await, 4401);
    kiosk.get("/api/auth/me").await.refused(401);
    chief.delete(&of_kiosk).await.refused(404);
    let theirs = chief.get("/api/admin/sessions").await.data();
    assert_eq!(theirs["total"], 2);
    chief_again(&appliance).await;
    assert_eq!(chief.delete("/api/sessions").await.data()["deleted"], 1);
    appliance.advance(DAY_MS + 1);
    let chief = chief_again(&appliance).await;
    let cleaned = chief
        .post("/api/admin/sessions/cleanup", &json!({}))
        .await
        .data();
    // His own went with the sign-in: they were over. The viewer's is over, too, and still there.
    assert_eq!(cleaned["deleted"], 1);
    let stats = chief.get("/api/admin/stats").await.data();
    let expected = json!({ "totalUsers": 2, "admins": 1, "regular": 1, "activeSessions": 1,
        "totalJobs": 0 });
    assert_eq!(stats, expected);
    let users = chief.get("/api/admin/users").await.data();
    assert_eq!(users, chief.get("/api/users").await.data());
}

#[tokio::test]
async fn the_table_of_roles_is_the_one_that_holds() {
    let (appliance, chief) = Appliance::furnished().await;
    let rows = chief.get("/api/roles").await.data();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), Role::ALL.len());
    for row in rows {
        let role = Role::parse(row["role"].as_str().unwrap()).unwrap();
        let person = appliance.client_as(role).await;
        let me = person.get("/api/auth/me").await.data();
        assert_eq!(me["permissions"], row["permissions"], "{role:?}");
    }
}
