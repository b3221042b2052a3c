//! A hundred browsers that open a socket, ask and never read: they are closed, they cost next to
//! nothing, and the others do not notice.

use crate::appliance::Appliance;
use crate::client::Client;
use crate::ledger::Fields;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// People, and the tabs of each.
const PEOPLE: usize = 10;
const TABS: usize = 10;
/// Machines of which a snapshot tells.
const MACHINES: usize = 40;
/// Bytes that the other end keeps for who does not read: as few as there can be.
const BUFFER: u32 = 4 << 10;
/// What all of them together may cost, KB.
const COST_KB: u64 = 64 << 10;
const TRIES: usize = 600;
const PAUSE: Duration = Duration::from_millis(200);

/// A person of whom nobody knows but this test.
async fn somebody(chief: &Client, anybody: &Client, number: usize) -> Client {
    let email = format!("tab{number}@example.org");
    let name = format!("tab{number}");
    let invited = json!({ "email": email, "username": name, "name": name, "role": "operator" });
    let invited = chief.post("/users/invite", invited).await.expect("invited");
    let code = invited["activation_url"].as_str().expect("a link");
    let code = code.rsplit("token=").next().expect("a code");
    let password = "Deaf-Browser-2026";
    let body = json!({ "token": code, "password": password });
    anybody
        .post("/auth/activate", body)
        .await
        .expect("activated");
    let session = anybody.login_as(&email, password).await.expect("signed in");
    anybody.clone().with(&session)
}

/// Opens a socket by hand, so that nothing reads it, and lets it ask for everything.
async fn deaf(client: &Client, address: SocketAddr) -> TcpStream {
    let made = client
        .post("/auth/ws-ticket", json!({}))
        .await
        .expect("a ticket");
    let ticket = made["ticket"].as_str().expect("a ticket");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(BUFFER).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let head = format!(
        "GET /ws?ticket={ticket} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 101");
    stream
}

/// A frame as a browser sends it, masked with nothing.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126, "a short frame");
    let head = [0x81, 0x80 | length, 0, 0, 0, 0];
    [head.as_slice(), text.as_bytes()].concat()
}

/// Asks again and again until the other end has hung up.
async fn ask_until_closed(mut stream: TcpStream) {
    let ask = frame(r#"{"event":"subscribe","data":{"topic":"live"}}"#);
    // Each of them is answered, with what is wrong with it.
    let wrong = frame(r#"{"event":"nothing that is known","data":"here"}"#);
    let asked: Vec<u8> = std::iter::once(ask)
        .chain(vec![wrong; 50])
        .flatten()
        .collect();
    while stream.write_all(&asked).await.is_ok() {
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_browsers_that_never_read_cost_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::start(place.path()).await;
    let anybody = Client::new(&appliance.address);
    let token = appliance.setup_token().await;
    anybody.set_up(&token).await.expect("set-up");
    let chief = anybody.clone().with(&anybody.login().await.expect("login"));
    for number in 0..MACHINES {
        let fields = Fields {
            model: "T1".to_owned(),
            location: "Hall".to_owned(),
        };
        let name = format!("machine {number}");
        chief.create(&name, &fields, None).await.expect("a machine");
    }
    let address = appliance.address.trim_start_matches("http://");
    let address: SocketAddr = address.parse().expect("an address");
    let sockets = async || {
        let system = chief.get("/system").await.expect("how it is");
        system["sockets"].as_u64().expect("a count")
    };
    let (before, mut open) = (appliance.memory_kb(), Vec::new());
    for number in 0..PEOPLE {
        let person = somebody(&chief, &anybody, number).await;
        for _ in 0..TABS {
            open.push(deaf(&person, address).await);
        }
    }
    let (all, mut tries) = ((PEOPLE * TABS) as u64, 0);
    while sockets().await < all {
        tries += 1;
        assert!(tries < TRIES, "not all of them were let in");
        tokio::time::sleep(PAUSE).await;
    }

    let began = Instant::now();
    let mut deaf: JoinSet<()> = open.into_iter().map(ask_until_closed).collect();
    let (mut most, mut longest, mut tries) = (before, Duration::ZERO, 0);
    while sockets().await > 0 {
        let asked = Instant::now();
        chief.list().await.expect("the others are served");
        longest = longest.max(asked.elapsed());
        most = most.max(appliance.memory_kb());
        tries += 1;
        assert!(tries < TRIES, "who never reads is never closed");
        tokio::time::sleep(PAUSE).await;
    }
    println!(
        "{} sockets that never read: closed after {:.1} s, {} KB more; another waited {} ms at most",
        PEOPLE * TABS,
        began.elapsed().as_secs_f64(),
        most.saturating_sub(before),
        longest.as_millis()
    );
    let cost = most.saturating_sub(before);
    assert!(cost < COST_KB, "{cost} KB more");
    while deaf.join_next().await.is_some() {}
}
