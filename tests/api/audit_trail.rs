//! What changes something leaves an entry with the id of its request, in the same transaction.
//!
//! The routes come from the API document: one that changes something and is in none of the lists
//! fails. The rows of [`super::permissions`] look with [`left_a_trace`].

use crate::audit_looks::LOOKED_AT_BY;
use crate::matrix::{pattern_of, routes};
use crate::permissions::TABLE;
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};

/// Routes that are called to change something and leave no entry, each with its reason.
const NO_ENTRY: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/modbus/test-read",
        "reads a device once; nothing is kept",
    ),
    ("POST", "/mqtt/test", "says what a message would become"),
    (
        "POST",
        "/update/bundle",
        "judges a file; a refusal and the installation are entries",
    ),
    (
        "POST",
        "/update/check",
        "judges a file; a refusal and the installation are entries",
    ),
    (
        "POST",
        "/alert-rules/rehearse",
        "reads the past; nothing is kept",
    ),
    (
        "POST",
        "/energy/bill/compare",
        "holds a typed bill against the meters; nothing is kept",
    ),
    (
        "POST",
        "/reports/{}/recompute",
        "holds a report against the readings; nothing is kept",
    ),
    (
        "POST",
        "/setup/backups",
        "looks into a folder, for who owns the console",
    ),
    (
        "POST",
        "/equipment/{}/commissioning/reading",
        "reads; the report that uses it is an entry",
    ),
    (
        "POST",
        "/v2/write",
        "readings: each says when it arrived, and the token's use is noted",
    ),
    (
        "POST",
        "/readings/devices/{}/readings",
        "readings: as above, and the device is noted",
    ),
    (
        "POST",
        "/auth/refresh",
        "goes on with a session; its end and a reuse are entries",
    ),
    (
        "POST",
        "/kiosk/pairing",
        "a code that lets nobody in until it is approved, which is an entry",
    ),
    (
        "POST",
        "/kiosk/session",
        "goes on with a screen; its approval and its end are entries",
    ),
    (
        "POST",
        "/auth/ws-ticket",
        "thirty seconds for a session that is an entry",
    ),
];

/// Routes that this file calls.
const WAYS_IN: &[(&str, &str)] = &[
    ("POST", "/auth/login"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/forgot-password"),
    ("POST", "/auth/request-reset"),
    ("POST", "/auth/activate"),
    ("POST", "/auth/reset-password"),
    ("POST", "/auth/change-password"),
    ("POST", "/auth/2fa/setup"),
    ("POST", "/auth/2fa/disable"),
    ("POST", "/auth/step-up"),
    ("DELETE", "/sessions"),
    ("DELETE", "/sessions/{}"),
    ("POST", "/admin/sessions/cleanup"),
];

fn is((method, pattern): (&str, &str), known: (&str, &str)) -> bool {
    method == known.0 && pattern == known.1
}

/// The entries that the request of this answer left.
pub async fn entries_of(chief: &Client, reply: &Reply) -> Vec<Value> {
    let id = reply.header("x-request-id").to_owned();
    let page = chief.get(&format!("/api/audit?text={id}")).await.data();
    let items = page["items"].as_array().unwrap().clone();
    let of = |entry: &Value| entry["request_id"] == id.as_str();
    items.into_iter().filter(of).collect()
}

/// Checks that the answer to a row of the table left an entry when it should.
pub async fn left_a_trace(chief: &Client, method: &str, row: &str, reply: &Reply) {
    let pattern = pattern_of(row);
    let changes = method != "GET" && reply.status < 300;
    let silent = |(m, p, _): &&(&str, &str, &str)| is((m, p), (method, &pattern));
    if changes && NO_ENTRY.iter().find(silent).is_none() {
        let entries = entries_of(chief, reply).await;
        assert!(!entries.is_empty(), "{method} {row} left no entry");
        for entry in entries {
            assert_eq!(entry["outcome"], "success", "{entry}");
            assert!(entry["address"].is_string(), "{method} {row}: {entry}");
        }
    }
}

#[test]
fn every_route_that_changes_something_is_looked_at() {
    let mut unknown = Vec::new();
    for (method, path, _) in routes() {
        let pattern = pattern_of(&path);
        let this = (method.as_str(), pattern.as_str());
        let known = method == Method::GET
            || NO_ENTRY.iter().any(|(m, p, _)| is((m, p), this))
            || LOOKED_AT_BY.iter().any(|(m, p, _)| is((m, p), this))
            || WAYS_IN.iter().any(|(m, p)| is((m, p), this))
            || TABLE.iter().any(|(m, p, _)| is((m, &pattern_of(p)), this));
        if !known {
            unknown.push(format!("{method} {path}"));
        }
    }
    assert!(
        unknown.is_empty(),
        "these change something, and nobody looks whether they leave an entry: {unknown:#?}"
    );
}

/// The actions that the request of an answer left, with their outcome.
async fn left(chief: &Client, reply: &Reply) -> Vec<(String, String)> {
    let entries = entries_of(chief, reply).await;
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let of = |entry: &Value| (text(entry, "action"), text(entry, "outcome"));
    entries.iter().map(of).collect()
}

async fn must_leave(chief: &Client, reply: &Reply, status: u16, action: &str, outcome: &str) {
    assert_eq!(reply.status, status, "{action}: {}", reply.text);
    let expected = (action.to_owned(), outcome.to_owned());
    assert_eq!(left(chief, reply).await, [expected]);
}

const NEXT: &str = "Day-shift-88";

#[tokio::test]
async fn each_way_in_and_out_leaves_an_entry() {
    let (appliance, chief) = Appliance::furnished().await;
    let guest = appliance.client();
    let login = |password: &str| json!({ "email": EMAIL, "password": password });
    let reply = guest.post("/api/auth/login", &login(PASSWORD)).await;
    must_leave(&chief, &reply, 200, "auth.login", "success").await;
    let again = guest.with_session(&reply.data());
    let reply = guest.post("/api/auth/login", &login("Wrong-1-guess")).await;
    must_leave(&chief, &reply, 401, "auth.login_failed", "refused").await;
    let reply = again.post("/api/auth/logout", &json!({})).await;
    must_leave(&chief, &reply, 200, "auth.logout", "success").await;
    for route in ["forgot-password", "request-reset"] {
        let path = format!("/api/auth/{route}");
        let reply = guest.post(&path, &json!({ "email": EMAIL })).await;
        must_leave(&chief, &reply, 200, "auth.password_forgotten", "success").await;
    }

    let amel = json!({ "email": "amel@plant.example", "name": "Amel", "role": "viewer" });
    let invited = chief.post("/api/users/invite", &amel).await.created();
    let code = invited["activation_url"].as_str().unwrap();
    let code = code.strip_prefix("/activate#token=").unwrap();
    let wrong = json!({ "token": "AAAA-BBBB", "password": PASSWORD });
    for route in ["activate", "reset-password"] {
        let reply = guest.post(&format!("/api/auth/{route}"), &wrong).await;
        must_leave(&chief, &reply, 401, "auth.code_refused", "refused").await;
    }
    let request = json!({ "token": code, "password": PASSWORD });
    let reply = guest.post("/api/auth/activate", &request).await;
    must_leave(&chief, &reply, 200, "user.activate", "success").await;
    let id = invited["user"]["id"].as_str().unwrap();
    let path = format!("/api/admin/users/{id}/reset-token");
    let code = chief.post(&path, &json!({})).await.data();
    let request = json!({ "token": code["token"], "password": NEXT });
    let reply = guest.post("/api/auth/reset-password", &request).await;
    must_leave(&chief, &reply, 200, "user.reset_password", "success").await;
}

#[tokio::test]
async fn what_one_does_with_his_own_account_leaves_an_entry() {
    let (appliance, chief) = Appliance::furnished().await;
    let amel = appliance.client_as(indusmind::auth::Role::Viewer).await;
    let (wrong, right) = (
        json!({ "password": "Wrong-1-guess" }),
        json!({ "password": PASSWORD }),
    );
    for route in ["setup", "disable"] {
        let path = format!("/api/auth/2fa/{route}");
        let reply = amel.post(&path, &wrong).await;
        must_leave(&chief, &reply, 400, "auth.password_refused", "refused").await;
    }
    let step_up = "/api/auth/step-up";
    let reply = amel.post(step_up, &wrong).await;
    must_leave(&chief, &reply, 400, "auth.password_refused", "refused").await;
    let reply = amel.post(step_up, &right).await;
    must_leave(&chief, &reply, 200, "auth.step_up", "success").await;
    let reply = amel.post("/api/auth/2fa/setup", &right).await;
    must_leave(&chief, &reply, 200, "user.two_factor_begin", "success").await;
    let reply = amel
        .post("/api/auth/2fa/verify", &json!({ "code": "000000" }))
        .await;
    must_leave(&chief, &reply, 400, "auth.code_refused", "refused").await;
    let reply = amel.post("/api/auth/2fa/disable", &right).await;
    must_leave(&chief, &reply, 200, "user.two_factor_off", "success").await;

    let change = |current: &str| json!({ "current_password": current, "password": NEXT });
    let path = "/api/auth/change-password";
    let reply = amel.post(path, &change("Wrong-1-guess")).await;
    must_leave(&chief, &reply, 400, "auth.password_refused", "refused").await;
    let reply = amel.post(path, &change(PASSWORD)).await;
    must_leave(&chief, &reply, 200, "user.change_password", "success").await;

    let email = "viewer@plant.example";
    let other = appliance.client().login(email, NEXT).await;
    let reply = amel.delete("/api/sessions").await;
    must_leave(&chief, &reply, 200, "auth.session_ended", "success").await;
    other.get("/api/auth/me").await.refused(401);
    appliance.client().login(email, NEXT).await;
    let all = amel.get("/api/sessions").await.data();
    let mut all = all["items"].as_array().unwrap().iter();
    let other = all.find(|session| session["current"] == false).unwrap();
    let path = format!("/api/sessions/{}", other["id"].as_str().unwrap());
    let reply = amel.delete(&path).await;
    must_leave(&chief, &reply, 200, "auth.session_ended", "success").await;

    appliance.advance(25 * 3_600_000);
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let reply = chief.post("/api/admin/sessions/cleanup", &json!({})).await;
    let left = left(&chief, &reply).await;
    assert!(
        !left.is_empty()
            && left
                .iter()
                .all(|(action, _)| action == "auth.session_ended")
    );
}
