//! HTTPS: the certificate, the way from plain HTTP, cookies, and the places for connections.

use crate::support::https::{Raw, ask, connect, connect_from, get, post};
use crate::support::{Appliance, EMAIL, PASSWORD, START, eventually};
use indusmind::web::{PlainHttp, SeatLimits};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An appliance that speaks plain HTTP to nobody, as towards a network.
async fn secured() -> Appliance {
    let never = |config: &mut indusmind::config::Config| {
        config.edge.plain_http = PlainHttp::Never;
        assert!(config.edge.names.add("meters.plant.example"));
    };
    Appliance::with(START, never).await
}

async fn plainly(appliance: &Appliance, request: &str) -> Raw {
    ask(
        TcpStream::connect(appliance.address()).await.unwrap(),
        request,
    )
    .await
}

async fn safely(appliance: &Appliance, request: &str) -> Raw {
    ask(connect(appliance, "localhost").await.unwrap(), request).await
}

#[tokio::test]
async fn the_page_and_the_api_come_by_https_under_every_name() {
    let appliance = secured().await;
    for name in ["localhost", "127.0.0.1", "meters.plant.example"] {
        let io = connect(&appliance, name).await.unwrap();
        let page = ask(io, &get("/", name)).await;
        assert_eq!(page.status, 200, "{name}");
        assert!(page.body.contains("<html"), "{}", page.body);
        let io = connect(&appliance, name).await.unwrap();
        let state = ask(io, &get("/api/setup", name)).await;
        assert!(state.body.contains("\"required\":true"), "{}", state.body);
    }
    assert!(connect(&appliance, "bank.example").await.is_err());
}

#[tokio::test]
async fn plain_http_leads_to_the_page_and_keeps_the_api_shut() {
    let appliance = secured().await;
    let host = appliance.address().to_string();
    for path in ["/", "/equipment/7?tab=live", "/docs/"] {
        let answer = plainly(&appliance, &get(path, &host)).await;
        assert_eq!(answer.status, 307, "{path}");
        assert_eq!(answer.headers["location"], format!("https://{host}{path}"));
        assert_eq!(answer.headers["x-frame-options"], "DENY");
    }
    for path in [
        "/api/setup",
        "/api/v1/sites",
        "/ws",
        "/write",
        "/metrics",
        "/api",
    ] {
        let answer = plainly(&appliance, &get(path, &host)).await;
        assert_eq!(answer.status, 403, "{path}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(
            body["error"].as_str().unwrap().contains("https://"),
            "{body}"
        );
    }
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = plainly(&appliance, &post("/api/auth/login", &host, "", &login)).await;
    assert_eq!(answer.status, 403);
    // Nobody is sent to a stranger.
    let answer = plainly(&appliance, &get("/", "evil.example")).await;
    assert_eq!((answer.status, answer.headers.get("location")), (403, None));
}

#[tokio::test]
async fn the_certificate_of_the_authority_is_there_to_be_trusted() {
    let appliance = secured().await;
    appliance.set_up_securely().await;
    let host = appliance.address().to_string();
    let plain = plainly(&appliance, &get("/ca.crt", &host)).await;
    let safe = safely(&appliance, &get("/ca.crt", &host)).await;
    assert!(plain.body.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!((plain.status, &plain.body), (200, &safe.body));
    assert_eq!(plain.headers["content-type"], "application/x-x509-ca-cert");
    // An administrator sees by what to know it.
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    let session = safely(&appliance, &post("/api/auth/login", &host, "", &login)).await;
    let session: Value = serde_json::from_str(&session.body).unwrap();
    let token = session["data"]["token"].as_str().unwrap();
    let request = get("/api/system/certificate", &host);
    let request = request.replacen("\r\n", &format!("\r\nAuthorization: Bearer {token}\r\n"), 1);
    let shown: Value = serde_json::from_str(&safely(&appliance, &request).await.body).unwrap();
    let shown = &shown["data"]["certificate"];
    assert_eq!(shown["authority"]["path"], "/ca.crt");
    assert_eq!(
        shown["authority"]["fingerprint"].as_str().unwrap().len(),
        95
    );
    let names = shown["names"].as_array().unwrap();
    assert!(names.contains(&json!("meters.plant.example")), "{names:?}");
    // Where HTTPS is not spoken there is none.
    let (other, chief) = Appliance::furnished().await;
    let shown = chief.get("/api/system/certificate").await.data();
    assert_eq!(shown, json!({ "enabled": false, "certificate": null }));
    other.client().get("/ca.crt").await.refused(404);
}

#[tokio::test]
async fn under_https_a_cookie_is_of_the_host_alone() {
    let appliance = secured().await;
    appliance.set_up_securely().await;
    let host = appliance.address().to_string();
    let login = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    let answer = safely(&appliance, &post("/api/auth/login", &host, "", &login)).await;
    let set: Vec<&str> = answer
        .head
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "))
        .collect();
    assert_eq!(set.len(), 2, "{}", answer.head);
    for cookie in &set {
        assert!(cookie.starts_with("__Host-indusmind_"), "{cookie}");
        for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Secure"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(
            !cookie.contains("/api/auth") && !cookie.contains("Domain"),
            "{cookie}"
        );
    }
    let refresh = set
        .iter()
        .find(|cookie| cookie.contains("_refresh="))
        .unwrap();
    let refresh = refresh.split(';').next().unwrap();
    let again = async |cookie: &str, more: &str| {
        let more = format!("Cookie: {cookie}\r\n{more}");
        let request = post(
            "/api/auth/refresh",
            &host,
            &more,
            &json!({ "cookie": true }),
        );
        safely(&appliance, &request).await.status
    };
    // One that somebody planted over plain HTTP has no prefix, and is nothing.
    assert_eq!(
        again(refresh.strip_prefix("__Host-").unwrap(), "").await,
        401
    );
    // Another site makes the browser ask: refused before anything is looked at.
    for more in [
        "Origin: https://evil.example\r\n".to_owned(),
        "Sec-Fetch-Site: cross-site\r\n".to_owned(),
        format!("Origin: http://{host}\r\n"),
    ] {
        assert_eq!(again(refresh, &more).await, 403, "{more}");
    }
    let ours = format!("Origin: https://{host}\r\nSec-Fetch-Site: same-origin\r\n");
    assert_eq!(again(refresh, &ours).await, 200);
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let appliance = secured().await;
    let tls = appliance.context().tls.clone().unwrap();
    let first = tls.view().fingerprint;
    let held = connect(&appliance, "localhost").await.unwrap();
    appliance.advance(121 * 86_400_000);
    eventually("another certificate", || async {
        (tls.view().fingerprint != first).then_some(())
    })
    .await;
    let host = appliance.address().to_string();
    assert_eq!(
        safely(&appliance, &get("/health/live", &host)).await.status,
        200
    );
    // Whoever was connected stays so.
    assert_eq!(ask(held, &get("/health/live", &host)).await.status, 200);
}

/// Few places, so that a test can take them all.
fn few(config: &mut indusmind::config::Config) {
    config.edge.seats = SeatLimits {
        total: 40,
        per_address: 8,
        kept: 20,
    };
}

/// Whether a client at this address is answered.
async fn is_answered(appliance: &Appliance, from: [u8; 4]) -> bool {
    let io = connect_from(from, appliance.address()).await;
    let host = appliance.address().to_string();
    ask(io, &get("/health/live", &host)).await.status == 200
}

#[tokio::test]
async fn a_flood_of_dribblers_leaves_places_to_those_who_are_known() {
    let appliance = Appliance::with(START, few).await;
    appliance.set_up().await;
    let (known, stranger) = ([127, 0, 9, 9], [127, 0, 9, 10]);
    // A screen at an address from which somebody was let in before.
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let host = appliance.address().to_string();
    let head = get("/api/sites", &host);
    let head = head.replacen(
        "\r\n",
        &format!("\r\nAuthorization: Bearer {}\r\n", chief.token),
        1,
    );
    let io = connect_from(known, appliance.address()).await;
    assert_eq!(ask(io, &head).await.status, 200);
    assert!(is_answered(&appliance, stranger).await);
    // Many dribblers at many addresses: each sends a byte and waits.
    let mut dribblers = Vec::new();
    for network in 1..=5 {
        for _ in 0..8 {
            let mut io = connect_from([127, 0, 1, network], appliance.address()).await;
            let _ = io.write_all(b"G").await;
            dribblers.push(io);
        }
    }
    // Those who found no place are told so at once.
    let mut turned_away = 0;
    for io in &mut dribblers[24..] {
        let mut byte = [0];
        turned_away += u32::from(!matches!(io.read(&mut byte).await, Ok(1..)));
    }
    assert_eq!(turned_away, 16);
    for _ in 0..30 {
        assert!(is_answered(&appliance, known).await);
        assert!(is_answered(&appliance, [127, 0, 0, 1]).await);
    }
}

#[tokio::test]
async fn nobody_becomes_known_by_a_token_that_he_made_up() {
    let appliance = Appliance::with(START, few).await;
    let host = appliance.address().to_string();
    let liar = [127, 0, 9, 11];
    for path in ["/api/setup", "/api/nothing", "/api/sites", "/api/v2/write"] {
        let token = format!("Authorization: Bearer imt_{:043}\r\n", 7);
        let head = get(path, &host).replacen("\r\n", &format!("\r\n{token}"), 1);
        let io = connect_from(liar, appliance.address()).await;
        assert_ne!(ask(io, &head).await.status, 0, "{path}");
    }
    let mut dribblers = Vec::new();
    for network in 1..=5 {
        for _ in 0..8 {
            dribblers.push(connect_from([127, 0, 1, network], appliance.address()).await);
        }
    }
    assert!(!is_answered(&appliance, liar).await);
}

#[tokio::test]
async fn a_socket_keeps_its_place_until_it_is_closed() {
    let appliance = Appliance::with(START, few).await;
    let host = appliance.address().to_string();
    let from = [127, 0, 2, 3];
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let mut sockets = Vec::new();
    for _ in 0..8 {
        let mut io = connect_from(from, appliance.address()).await;
        io.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        io.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 101");
        sockets.push(io);
    }
    assert!(!is_answered(&appliance, from).await);
    drop(sockets);
    eventually("the places to be free again", || async {
        is_answered(&appliance, from).await.then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_address_has_its_share_and_no_more() {
    let appliance = Appliance::with(START, few).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        let mut io = connect_from([127, 0, 2, 1], appliance.address()).await;
        io.write_all(b"G").await.unwrap();
        held.push(io);
    }
    assert!(!is_answered(&appliance, [127, 0, 2, 1]).await);
    assert!(is_answered(&appliance, [127, 0, 2, 2]).await);
    drop(held);
    eventually("the places to be free again", || async {
        is_answered(&appliance, [127, 0, 2, 1]).await.then_some(())
    })
    .await;
}
