//! What ends sessions ends them at once: the sockets are closed and the tokens are worth nothing.

use crate::support::client::Client;
use crate::support::socket::Socket;
use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::auth::Role;
use serde_json::{Value, json};

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

#[tokio::test]
async fn every_way_out_closes_sockets_and_tokens_at_once() {
    for way in WAYS {
        let (appliance, _) = Appliance::furnished().await;
        let he = appliance.client_as(Role::Operator).await;
        let email = "operator@plant.example";
        let elsewhere = appliance.client().login(email, PASSWORD).await;
        let me = he.get("/api/auth/me").await.data();
        let (mut hub, mut channel) = (
            Socket::open(&he, "/ws").await,
            Socket::open(&he, "/ws/dashboard:site_a").await,
        );
        let id = me["id"].as_str().unwrap();
        go(way, &appliance, &he, &elsewhere, id).await;
        assert_eq!(
            he.get("/api/auth/me").await.status,
            401,
            "{way:?}: the token"
        );
        let body = json!({ "refresh_token": he.refresh_token });
        let again = he.post("/api/auth/refresh", &body).await;
        assert_eq!(again.status, 401, "{way:?}: the refresh token");
        let codes = (hub.close_code().await, channel.close_code().await);
        assert_eq!(codes, (4401, 4401), "{way:?}: the sockets");
        let bearer = format!("Bearer {}", he.token);
        let late = Socket::try_open(&he, "/ws", Some(("authorization", &bearer))).await;
        assert_eq!(late.err().map(|(status, _)| status), Some(401), "{way:?}");
    }
}
