//! What ends sessions ends them at once: the sockets are closed and the tokens are worth nothing,
//! while others keep the appliance busy.

use crate::support::client::Client;
use crate::support::socket::Socket;
use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::auth::Role;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const NEXT: &str = "Day-shift-88";

/// A way out, by its name.
#[derive(Clone, Copy, Debug)]
enum Way {
    SignsOut,
    ChangesPasswordElsewhere,
    EndsTheOthersElsewhere,
    IsEndedElsewhere,
    SetsPasswordWithCode,
    ChiefEnds,
    ChiefDeactivates,
    ChiefChangesRole,
    ChiefChangesReach,
    ChiefResetsAtConsole,
    RefreshTokenComesAgain,
    Expires,
}

const WAYS: [Way; 12] = [
    Way::SignsOut,
    Way::ChangesPasswordElsewhere,
    Way::EndsTheOthersElsewhere,
    Way::IsEndedElsewhere,
    Way::SetsPasswordWithCode,
    Way::ChiefEnds,
    Way::ChiefDeactivates,
    Way::ChiefChangesRole,
    Way::ChiefChangesReach,
    Way::ChiefResetsAtConsole,
    Way::RefreshTokenComesAgain,
    Way::Expires,
];

/// The session of this client, as its user sees it.
async fn session_of(client: &Client) -> String {
    let list = client.get("/api/sessions").await.data();
    let items = list["items"].as_array().unwrap().clone();
    let own = items.into_iter().find(|session| session["current"] == true);
    own.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Does it: `he` is to be out, `elsewhere` is the same user at another browser.
async fn go(way: Way, appliance: &Appliance, he: &Client, elsewhere: &Client, id: &str) {
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let user = format!("/api/users/{id}");
    let change = async |body: Value| chief.put(&user, &body).await.data();
    match way {
        Way::SignsOut => he.post("/api/auth/logout", &json!({})).await.data(),
        Way::ChangesPasswordElsewhere => {
            let body = json!({ "current_password": PASSWORD, "password": NEXT });
            elsewhere
                .post("/api/auth/change-password", &body)
                .await
                .data()
        }
        Way::EndsTheOthersElsewhere => elsewhere.delete("/api/sessions").await.data(),
        Way::IsEndedElsewhere => {
            let path = format!("/api/sessions/{}", session_of(he).await);
            elsewhere.delete(&path).await.data()
        }
        Way::SetsPasswordWithCode => {
            let path = format!("/api/admin/users/{id}/reset-token");
            let code = chief.post(&path, &json!({})).await.data();
            let body = json!({ "token": code["token"], "password": NEXT });
            let guest = appliance.client();
            guest.post("/api/auth/reset-password", &body).await.data()
        }
        Way::ChiefEnds => {
            let path = format!("/api/sessions/{}", session_of(he).await);
            chief.delete(&path).await.data()
        }
        Way::ChiefDeactivates => change(json!({ "active": false })).await,
        Way::ChiefChangesRole => change(json!({ "role": "viewer" })).await,
        Way::ChiefChangesReach => change(json!({ "sites": "all" })).await,
        Way::ChiefResetsAtConsole => {
            let console = indusmind::store::audit::Actor::console();
            let auth = &appliance.context().auth;
            let reset = auth.reset_password("operator@plant.example", NEXT.to_owned(), console);
            reset.await.unwrap();
            Value::Null
        }
        Way::RefreshTokenComesAgain => {
            let body = json!({ "refresh_token": he.refresh_token });
            let refresh = async || he.post("/api/auth/refresh", &body).await;
            refresh().await.data();
            appliance.advance(20_001);
            refresh().await.refused(401)
        }
        Way::Expires => {
            appliance.advance(12 * 3_600_000 + 1);
            Value::Null
        }
    };
}

/// Somebody else asks for lists all the time; ends when it is dropped.
struct Load(Vec<tokio::task::JoinHandle<()>>);

impl Load {
    fn begin(appliance: &Appliance, chief: &Client) -> Self {
        let base = format!("http://{}/api", appliance.address());
        let ask = |path: &str| {
            let (url, token) = (format!("{base}/{path}"), chief.token.clone());
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            tokio::spawn(async move {
                while let Ok(answer) = http.get(&url).bearer_auth(&token).send().await {
                    let _ = answer.bytes().await;
                }
            })
        };
        Self(["equipment", "alerts", "audit", "users"].map(ask).into())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Goes a way out; how long after its answer the sockets were closed.
async fn out(way: Way) -> Duration {
    let (mut appliance, chief) = Appliance::furnished().await;
    let he = appliance.client_as(Role::Operator).await;
    let email = "operator@plant.example";
    let elsewhere = appliance.client().login(email, PASSWORD).await;
    let me = he.get("/api/auth/me").await.data();
    let (mut hub, mut channel) = (
        Socket::open(&he, "/ws").await,
        Socket::open(&he, "/ws/dashboard:site_a").await,
    );
    let id = me["id"].as_str().unwrap();
    let load = Load::begin(&appliance, &chief);
    go(way, &appliance, &he, &elsewhere, id).await;
    let gone = Instant::now();
    assert_eq!(
        he.get("/api/auth/me").await.status,
        401,
        "{way:?}: the token"
    );
    let codes = (hub.close_code().await, channel.close_code().await);
    let took = gone.elapsed();
    assert_eq!(codes, (4401, 4401), "{way:?}: the sockets");
    let body = json!({ "refresh_token": he.refresh_token });
    let again = he.post("/api/auth/refresh", &body).await;
    assert_eq!(again.status, 401, "{way:?}: the refresh token");
    let bearer = format!("Bearer {}", he.token);
    let late = Socket::try_open(&he, "/ws", Some(("authorization", &bearer))).await;
    assert_eq!(late.err().map(|(status, _)| status), Some(401), "{way:?}");
    drop(load);
    // A thousand that go on running hold the room of a thousand.
    appliance.stop().await;
    took
}

/// Each way once, or `INDUSMIND_TORTURE` times in all: then it tells how long it took, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_out_closes_sockets_and_tokens_at_once() {
    let times = std::env::var("INDUSMIND_TORTURE").map_or(WAYS.len(), |n| n.parse().unwrap());
    let mut slowest: BTreeMap<String, Duration> = BTreeMap::new();
    for way in WAYS.into_iter().cycle().take(times) {
        let took = out(way).await;
        let most = slowest.entry(format!("{way:?}")).or_default();
        *most = took.max(*most);
    }
    if times > WAYS.len() {
        println!("{times} times out under load; both sockets closed after, at most: {slowest:.1?}");
    }
}
