//! Every route of the document against every kind of caller: a route without a row fails here.
//!
//! What a role may do with things of its own is in [`super::permissions`], whose table this one
//! reads; here nobody has anything, so that nothing changes: who may not, hears that he may not,
//! and never whether the thing is there.

use crate::matrix_cold::COLD;
use crate::permissions::{ACT, ALL_SITES, READ as WHO_READS, TABLE, WRITE, refused_for_sites};
use crate::support::client::{Client, Reply};
use crate::support::socket::Socket;
use crate::support::{Appliance, PASSWORD};
use indusmind::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Rows of routes whose success has a test of its own, because it ends or undoes something.
const ELSEWHERE: &[(&str, &str, &[Role])] = &[
    ("GET", "/alerts/{}", WHO_READS),
    ("GET", "/energy/bill/year", WHO_READS),
    ("POST", "/alerts/{}/acknowledge", ACT),
    ("POST", "/alerts/{}/resolve", ACT),
    ("PATCH", "/alerts/{}/resolve", ACT),
    ("POST", "/alerts/{}/shelve", ACT),
    ("POST", "/alerts/{}/unshelve", ACT),
    ("POST", "/alerts/{}/comment", ACT),
    ("POST", "/alerts/{}/suppress", WRITE),
    ("POST", "/alerts/{}/unsuppress", WRITE),
    ("POST", "/alerts/{}/out-of-service", WRITE),
    ("POST", "/alerts/{}/in-service", WRITE),
    ("PUT", "/equipment/{}/maintenance/{}", ACT),
    ("DELETE", "/api-tokens/{}", &[Role::Admin]),
    ("POST", "/admin/sessions/cleanup", &[Role::Admin]),
    (
        "POST",
        "/corrections/{}/undo",
        &[Role::Admin, Role::EnergyManager],
    ),
    (
        "POST",
        "/equipment/{}/meter-events/{}/undo",
        &[Role::Admin, Role::EnergyManager],
    ),
    (
        "DELETE",
        "/equipment/{}",
        &[Role::Admin, Role::EnergyManager, Role::Technician],
    ),
    (
        "GET",
        "/realtime/current",
        &[
            Role::Admin,
            Role::EnergyManager,
            Role::Operator,
            Role::Technician,
            Role::Viewer,
            Role::Kiosk,
        ],
    ),
];

/// Routes of whoever is signed in: they reach nothing but his own.
const OWN: &[(&str, &str)] = &[
    ("GET", "/auth/me"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/ws-ticket"),
    ("POST", "/auth/change-password"),
    ("POST", "/auth/2fa/setup"),
    ("POST", "/auth/2fa/verify"),
    ("POST", "/auth/2fa/disable"),
    ("POST", "/auth/2fa/recovery-codes"),
    ("POST", "/auth/step-up"),
    ("GET", "/sessions"),
    ("DELETE", "/sessions"),
    ("DELETE", "/sessions/{}"),
];

/// Routes whose key is not that of a person.
const KEYS: &[(&str, &str)] = &[("POST", "/readings/devices/{}/readings")];

/// Answers that another shape than `404` fits better: nothing is looked up before they are known.
const NOT_LOOKED_UP: &[(&str, &str)] = &[("GET", "/lines/{}/frames/download")];

/// Who is let in at a route.
#[derive(Clone, Debug, PartialEq)]
enum Who {
    Everybody,
    SignedIn,
    Key,
    Roles(Vec<Role>),
}

/// A route of the document.
struct Route {
    method: Method,
    /// As the document writes it, with `{}` for each name.
    pattern: String,
    /// With the name of nothing that is there.
    path: String,
    who: Who,
}

/// A path with `{}` for each name in it.
pub fn pattern_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/api/").map_or(path, |_| &path[4..]);
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn nothing_at(path: &str) -> String {
    path.replace("{key}", "tcp:192.0.2.9:502")
        .replace("{serial}", "nobody")
        .split('/')
        .map(|part| match part.starts_with('{') {
            true => "01a1fc32-7959-7208-9b0d-bfecd1744b85",
            false => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn who(method: &str, pattern: &str, operation: &Value) -> Option<Who> {
    let is = |(m, p): &(&str, &str)| *m == method && *p == pattern;
    if operation["security"] == json!([{}]) {
        return Some(Who::Everybody);
    }
    if KEYS.iter().any(is) {
        return Some(Who::Key);
    }
    if OWN.iter().any(is) {
        return Some(Who::SignedIn);
    }
    let rows = TABLE.iter().chain(ELSEWHERE).chain(COLD);
    let mut rows = rows.filter(|(m, p, _)| *m == method && pattern_of(p) == pattern);
    rows.next().map(|(_, _, roles)| Who::Roles(roles.to_vec()))
}

/// Every route of the document with its row.
pub fn routes() -> Vec<(Method, String, Value)> {
    let document: Value = serde_json::from_str(&indusmind::web::document().unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| -> Vec<(Method, String, Value)> {
        let operations = item.as_object().unwrap().iter();
        operations
            .map(|(method, operation)| {
                let method = method.to_uppercase().parse().unwrap();
                (method, path.clone(), operation.clone())
            })
            .collect()
    };
    paths.iter().flat_map(of).collect()
}

/// The query without which a route says nothing, as its row has it.
fn query_of(method: &Method, pattern: &str) -> String {
    let row =
        |(m, p, _): &&(&str, &str, &[Role])| *m == method.as_str() && pattern_of(p) == pattern;
    let row = TABLE.iter().find(row).map(|(_, path, _)| *path);
    let query = row.and_then(|path| path.split_once('?'));
    // Everybody's sessions are asked for in a test of their own.
    let query = query.filter(|_| pattern != "/sessions");
    query.map_or_else(String::new, |(_, query)| format!("?{query}"))
}

/// The routes with their rows; panics when one has none.
fn rows() -> Vec<Route> {
    let mut without = Vec::new();
    let mut rows = Vec::new();
    for (method, path, operation) in routes() {
        let pattern = pattern_of(&path);
        match who(method.as_str(), &pattern, &operation) {
            Some(who) => rows.push(Route {
                path: format!("/api{}{}", nothing_at(&path), query_of(&method, &pattern)),
                method,
                pattern,
                who,
            }),
            None => without.push(format!("{method} {path}")),
        }
    }
    assert!(
        without.is_empty(),
        "say in tests/api/permissions.rs who may do this: {without:#?}"
    );
    rows
}

async fn ask(client: &Client, route: &Route) -> Reply {
    let request = client.request(route.method.clone(), &route.path);
    match route.method {
        Method::GET => Reply::to(request).await,
        _ => Reply::to(request.json(&json!({}))).await,
    }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let routes: Vec<_> = rows()
        .into_iter()
        .map(|route| (route.method.to_string(), route.pattern))
        .collect();
    let own = OWN.iter().chain(KEYS).map(|(m, p)| (*m, pattern_of(p)));
    let table = TABLE.iter().chain(ELSEWHERE).chain(COLD);
    let table = table.map(|(m, p, _)| (*m, pattern_of(p)));
    for (method, pattern) in own.chain(table) {
        let known = routes.contains(&(method.to_owned(), pattern.clone()));
        assert!(known, "{method} {pattern} is no route any more");
    }
}

/// Callers whom nobody lets in, each with what is wrong with him.
async fn nobodies(appliance: &Appliance, chief: &Client) -> BTreeMap<&'static str, Client> {
    let old = appliance.client_as(Role::Viewer).await;
    let program = json!({ "name": "Old", "scopes": ["readings:read"],
        "expires_at": appliance.now().plus_ms(3_600_000) });
    let program = chief.post("/api/api-tokens", &program).await.created();
    // An access token lives for an hour, a minute of grace for clocks at most; the API token, too.
    appliance.advance(3_700_000);
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, PASSWORD)
        .await;
    let gone = appliance.client_as(Role::Operator).await;
    gone.post("/api/auth/logout", &json!({})).await.data();
    let fired = appliance.client_as(Role::Technician).await;
    let me = fired.get("/api/auth/me").await.data();
    let path = format!("/api/users/{}", me["id"].as_str().unwrap());
    chief.put(&path, &json!({ "active": false })).await.data();
    let deleted =
        json!({ "name": "Gone", "scopes": ["readings:read", "readings:write", "equipment:read"] });
    let deleted = chief.post("/api/api-tokens", &deleted).await.created();
    let path = format!("/api/api-tokens/{}", deleted["id"].as_str().unwrap());
    chief.delete(&path).await.data();
    let with = |made: &Value| {
        appliance
            .client()
            .with_token(made["token"].as_str().unwrap())
    };
    BTreeMap::from([
        ("no token", appliance.client()),
        ("a forged token", chief.with_token("x.y.z")),
        ("an expired token", old),
        ("the token of a session that ended", gone),
        ("the token of a user who was deactivated", fired),
        ("an API token that ended", with(&program)),
        ("an API token that was deleted", with(&deleted)),
    ])
}

#[tokio::test]
async fn no_route_lets_in_who_has_no_live_token() {
    let (appliance, chief) = Appliance::furnished().await;
    let nobodies = nobodies(&appliance, &chief).await;
    for route in rows().iter().filter(|row| row.who != Who::Everybody) {
        for (what, client) in &nobodies {
            let reply = ask(client, route).await;
            let (method, path) = (&route.method, &route.path);
            assert_eq!(reply.status, 401, "{what}: {method} {path}: {}", reply.text);
            reply.refused(401);
        }
    }
}

fn has_body(method: &Method) -> bool {
    [Method::POST, Method::PUT].contains(method)
}

/// Whether the answer to who may fits: it is about what he asked, not about who he is.
fn fits(route: &Route, reply: &Reply) -> bool {
    let names = route.pattern.contains("{}");
    let looked_up = !NOT_LOOKED_UP.contains(&(route.method.as_str(), route.pattern.as_str()));
    match route.method {
        Method::GET | Method::DELETE if names && looked_up => reply.status == 404,
        _ => {
            ![401, 403, 405].contains(&reply.status) && (reply.status < 500 || reply.status == 503)
        }
    }
}

#[tokio::test]
async fn who_may_not_hears_nothing_about_what_is_there() {
    let (appliance, _chief) = Appliance::furnished().await;
    // The last row would end the session that asks.
    let (rows, _): (Vec<_>, Vec<_>) = rows()
        .into_iter()
        .partition(|row| row.pattern != "/auth/logout" && row.pattern != "/sessions");
    let program = json!({ "name": "P", "scopes": ["readings:read", "readings:write", "equipment:read",
            "security:report", "metrics:read"] });
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, PASSWORD)
        .await;
    let program = chief.post("/api/api-tokens", &program).await.created();
    let program = chief.with_token(program["token"].as_str().unwrap());
    for role in Role::ALL {
        let client = appliance.client_as(role).await;
        for route in &rows {
            let may = match &route.who {
                Who::Roles(roles) => roles.contains(&role),
                Who::SignedIn => true,
                Who::Everybody | Who::Key => continue,
            };
            let reply = ask(&client, route).await;
            let (method, path, status) = (&route.method, &route.path, reply.status);
            let of_all = ALL_SITES
                .iter()
                .any(|(m, p)| *m == method.as_str() && *p == path);
            if may && of_all && role != Role::Admin {
                refused_for_sites(&reply);
            } else if may {
                assert!(
                    fits(route, &reply),
                    "{role:?} {method} {path}: {}",
                    reply.text
                );
            } else {
                // A body is read before anybody is asked who may: what the document says of it
                // is no secret. Whether the thing is there would be one.
                let told_of_body = [400, 415].contains(&status) && has_body(&route.method);
                let text = &reply.text;
                assert!(
                    status == 403 || told_of_body,
                    "{role:?} {method} {path}: {text}"
                );
                reply.refused(status);
            }
        }
    }
    // A program reaches what its scopes name, and nothing else.
    let for_programs = [
        ("GET", "/historical/consumption"),
        ("GET", "/historical/export"),
        ("GET", "/historical/series"),
        ("GET", "/equipment"),
        ("GET", "/equipment/{}"),
        ("GET", "/equipment/{}/live"),
        ("POST", "/v2/write"),
        ("POST", "/security/log"),
    ];
    for route in rows
        .iter()
        .filter(|row| !matches!(row.who, Who::Everybody | Who::Key))
    {
        let reply = ask(&program, route).await;
        let let_in = reply.status != 403;
        let expected = for_programs.contains(&(route.method.as_str(), route.pattern.as_str()));
        assert_eq!(
            let_in, expected,
            "{} {}: {}",
            route.method, route.path, reply.text
        );
    }
}

#[tokio::test]
async fn the_session_of_another_is_not_there() {
    let (appliance, chief) = Appliance::furnished().await;
    let his = chief.get("/api/sessions").await.data()["items"][0]["id"].clone();
    let path = format!("/api/sessions/{}", his.as_str().unwrap());
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
        let other = appliance.client_as(role).await;
        other.delete(&path).await.refused(404);
    }
    chief.get("/api/auth/me").await.data();
}

#[tokio::test]
async fn a_role_without_readings_gets_no_socket() {
    let (appliance, _) = Appliance::furnished().await;
    let customer = appliance.client_as(Role::Customer).await;
    for path in ["/ws", "/ws/dashboard:site_a"] {
        let mut socket = Socket::open(&customer, path).await;
        assert_eq!(socket.close_code().await, 4403, "{path}");
    }
    let kiosk = appliance.client_as(Role::Kiosk).await;
    Socket::open(&kiosk, "/ws/dashboard:site_a")
        .await
        .message()
        .await;
}
