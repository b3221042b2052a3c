//! What all sockets share: who may open one, how many, and how they end.

use crate::support::client::Client;
use crate::support::socket::{Socket, ticket};
use crate::support::{Appliance, EMAIL, PASSWORD, START, eventually};
use indusmind::auth::Role;
use serde_json::{Value, json};

const CHANNEL: &str = "/ws/dashboard:site_a";

/// The status and the refusal of a socket that was not opened.
async fn refused(client: &Client, path: &str, header: Option<(&str, &str)>) -> (u16, Value) {
    match Socket::try_open(client, path, header).await {
        Ok(_) => panic!("{path} was opened"),
        Err((status, body)) => (status, serde_json::from_str(&body).unwrap()),
    }
}

#[tokio::test]
async fn a_ticket_opens_one_socket_within_half_a_minute() {
    let (appliance, chief) = Appliance::furnished().await;
    let made = chief.post("/api/auth/ws-ticket", &json!({})).await.data();
    assert_eq!(made["expires_in"], 30);
    for path in [CHANNEL, "/ws"] {
        let path = format!("{path}?ticket={}", ticket(&chief).await);
        Socket::anonymous(&chief, &path).await.message().await;
        let (status, refusal) = refused(&chief, &path, None).await;
        assert_eq!(
            (status, &refusal["error_code"]),
            (401, &json!("UNAUTHENTICATED")),
            "{path}"
        );
    }
    let late = format!("/ws?ticket={}", ticket(&chief).await);
    appliance.advance(30_000);
    assert_eq!(refused(&chief, &late, None).await.0, 401);
    for never in [
        "/ws?ticket=",
        "/ws?ticket=x",
        &format!("/ws?ticket={}", chief.token),
    ] {
        assert_eq!(refused(&chief, never, None).await.0, 401, "{never}");
    }
    appliance
        .client()
        .post("/api/auth/ws-ticket", &json!({}))
        .await
        .refused(401);
}

#[tokio::test]
async fn an_access_token_may_be_shown_in_four_ways() {
    let (_appliance, chief) = Appliance::furnished().await;
    let token = chief.token.clone();
    for path in [CHANNEL, "/ws"] {
        let in_address = format!("{path}?token={token}");
        Socket::anonymous(&chief, &in_address).await.message().await;
        for (name, value) in [
            ("authorization", format!("Bearer {token}")),
            ("sec-websocket-protocol", format!("bearer, {token}")),
        ] {
            let opened = Socket::try_open(&chief, path, Some((name, &value))).await;
            opened
                .unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"))
                .message()
                .await;
        }
        for first in [
            json!({ "token": token }),
            json!({ "event": "auth", "data": { "token": token } }),
        ] {
            let mut socket = Socket::anonymous(&chief, path).await;
            socket.send(&first).await;
            socket.message().await;
        }
    }
}

#[tokio::test]
async fn a_token_that_is_worth_nothing_opens_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let gone = appliance.client().login(EMAIL, PASSWORD).await;
    gone.post("/api/auth/logout", &json!({})).await.data();
    for token in ["x", &gone.token] {
        let (status, _) = refused(&chief, &format!("/ws?token={token}"), None).await;
        assert_eq!(status, 401);
        let header = format!("Bearer {token}");
        let (status, _) = refused(&chief, "/ws", Some(("authorization", &header))).await;
        assert_eq!(status, 401);
    }
    appliance.advance(3_605_000);
    assert_eq!(
        refused(&chief, &format!("/ws?token={}", chief.token), None)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn who_does_not_say_who_he_is_is_sent_away() {
    let (_appliance, chief) = Appliance::furnished().await;
    for path in [CHANNEL, "/ws"] {
        for first in ["hello", "{}", "{\"token\":7}", "{\"token\":\"x\"}", "[]"] {
            let mut socket = Socket::anonymous(&chief, path).await;
            socket.send_text(first).await;
            assert_eq!(socket.close_code().await, 4401, "{path} {first}");
        }
    }
    // Nor may he keep a place by saying nothing.
    let mut silent = Socket::anonymous(&chief, CHANNEL).await;
    assert_eq!(silent.close_code().await, 4401);
}

#[tokio::test]
async fn tokens_in_addresses_can_be_switched_off() {
    let appliance = Appliance::with(START, |config| config.token_in_query = false).await;
    appliance.set_up().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let path = format!("/ws?token={}", chief.token);
    let mut socket = Socket::anonymous(&chief, &path).await;
    socket.send(&json!({ "event": "ping", "data": {} })).await;
    assert_eq!(
        socket.close_code().await,
        4401,
        "the token in the address counted"
    );
    Socket::open(&chief, "/ws").await.event("heartbeat").await;
}

#[tokio::test]
async fn a_user_has_ten_sockets_and_no_eleventh() {
    let (appliance, chief) = Appliance::furnished().await;
    let mut open = Vec::new();
    for number in 0..10 {
        let path = if number % 2 == 0 { CHANNEL } else { "/ws" };
        let mut socket = Socket::open(&chief, path).await;
        socket.message().await;
        open.push(socket);
    }
    assert_eq!(chief.get("/api/system").await.data()["sockets"], 10);
    // Another session of the same user is the same user; another user is not.
    let again = appliance.client().login(EMAIL, PASSWORD).await;
    for client in [&chief, &again] {
        assert_eq!(Socket::open(client, "/ws").await.close_code().await, 4429);
    }
    let viewer = appliance.client_as(Role::Viewer).await;
    Socket::open(&viewer, "/ws").await.event("heartbeat").await;
    drop(open.pop());
    eventually("the place of the closed socket to be free", || async {
        let sockets = chief.get("/api/system").await.data()["sockets"].as_u64();
        (sockets < Some(10)).then_some(())
    })
    .await;
    Socket::open(&chief, "/ws").await.event("heartbeat").await;
}

#[tokio::test]
async fn the_stop_says_goodbye_to_every_socket() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    let mut channel = Socket::open(&chief, CHANNEL).await;
    hub.event("heartbeat").await;
    channel.message().await;
    let (hub, channel, ()) = tokio::join!(hub.close_code(), channel.close_code(), appliance.stop());
    assert_eq!((hub, channel), (1001, 1001));
}

#[tokio::test]
async fn a_page_of_another_origin_gets_no_socket() {
    let (appliance, chief) = Appliance::furnished().await;
    let own = format!("http://{}", appliance.address());
    let path = format!("/ws?token={}", chief.token);
    for origin in ["http://evil.example", "null", "http://127.0.0.1"] {
        let (status, refusal) = refused(&chief, &path, Some(("origin", origin))).await;
        assert_eq!(
            (status, &refusal["success"]),
            (403, &json!(false)),
            "{origin}"
        );
    }
    let opened = Socket::try_open(&chief, &path, Some(("origin", &own))).await;
    opened.expect("our own page").event("heartbeat").await;
}

#[tokio::test]
async fn a_message_of_a_megabyte_ends_the_socket_and_nothing_else() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut socket = Socket::open(&chief, "/ws").await;
    let mut neighbour = Socket::open(&chief, "/ws").await;
    socket.send_text(&"x".repeat(1 << 20)).await;
    eventually("the socket to be closed", || async {
        let sockets = chief.get("/api/system").await.data()["sockets"].as_u64();
        (sockets == Some(1)).then_some(())
    })
    .await;
    neighbour.event("heartbeat").await;
}
