//! Lines that take every question, never answer and never close: systemd goes on hearing the heartbeat,
//! the other meters go on, and somebody is told of the deaf ones.

use crate::appliance::Appliance;
use crate::client::Client;
use crate::ledger::Fields;
use crate::plant::Plant;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_serial::{SerialPort as _, SerialStream};

/// Heartbeats that are heard after everybody was told; one comes each third of a second.
const BEATS: usize = 30;
const TRIES: usize = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections and all that is said there; the bytes.
fn deaf() -> (u16, Arc<AtomicUsize>) {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    std::thread::spawn(move || {
        for guest in door.incoming().map_while(Result::ok) {
            let count = Arc::clone(&count);
            std::thread::spawn(move || {
                let (mut guest, mut bytes) = (guest, [0; 64]);
                while let Ok(read @ 1..) = guest.read(&mut bytes) {
                    count.fetch_add(read, Ordering::SeqCst);
                }
            });
        }
    });
    (port, heard)
}

/// Counts what systemd hears.
fn systemd(path: &Path) -> Arc<AtomicUsize> {
    let socket = UnixDatagram::bind(path).unwrap();
    let beats = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&beats);
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok(length) = socket.recv(&mut bytes) {
            if bytes[..length].starts_with(b"WATCHDOG=1") {
                count.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    beats
}

fn source(mut way: Value) -> Value {
    let rest = json!({ "unit_id": 7, "poll_interval_ms": 1_000, "timeout_ms": 500,
        "registers": { "power": { "address": 10, "type": "float64" } } });
    let rest = rest.as_object().unwrap().clone();
    way.as_object_mut().unwrap().extend(rest);
    way
}

async fn until(what: &str, is: impl AsyncFn() -> bool) {
    for _ in 0..TRIES {
        if is().await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("never: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deaf_lines_end_no_heartbeat_and_somebody_is_told() {
    let place = tempfile::tempdir().unwrap();
    let notify = place.path().join("notify");
    let beats = systemd(&notify);
    let environment: [(&str, &OsStr); 2] = [
        ("NOTIFY_SOCKET", notify.as_os_str()),
        ("WATCHDOG_USEC", OsStr::new("1000000")),
    ];
    let mut appliance = Appliance::start_with(place.path(), &environment, "").await;
    let client = Client::new(&appliance.address);
    client
        .set_up(&appliance.setup_token().await)
        .await
        .expect("set-up");
    let client = client.clone().with(&client.login().await.expect("login"));

    let plant = Plant::start().await;
    let (port, heard) = deaf();
    let (_ours, theirs) = SerialStream::pair().unwrap();
    let device = theirs.name().expect("a path");
    let serial = json!({ "device": device, "baud_rate": 9_600, "parity": "none" });
    let lines = [
        ("Well", plant.modbus(1)),
        (
            "Deaf on TCP",
            source(json!({ "protocol": "tcp", "host": "127.0.0.1", "port": port })),
        ),
        (
            "Deaf on RS-485",
            source(json!({ "protocol": "rtu", "serial": serial })),
        ),
    ];
    let mut ids = Vec::new();
    for (name, way) in lines {
        let fields = Fields {
            model: "T1".to_owned(),
            location: "Hall".to_owned(),
        };
        let id = client.create(name, &fields, Some(way)).await;
        let id = id.expect("a meter");
        let rule = json!({ "equipment_id": id, "level": "High",
            "condition": { "kind": "no_data", "silent_s": 5 } });
        client.post("/alert-rules", rule).await.expect("a rule");
        ids.push(id);
    }
    let active = async |id: &str| {
        let path = format!("/alerts?status=active&children=true&equipment_id={id}");
        let found = client.get(&path).await.expect("alerts");
        !found["items"].as_array().expect("items").is_empty()
    };
    for id in &ids[1..] {
        until("an alert about the deaf one", async || active(id).await).await;
    }
    assert!(
        heard.load(Ordering::SeqCst) > 0,
        "nobody asked the deaf one"
    );

    let (before, shown) = (beats.load(Ordering::SeqCst), client.live(&ids[0]).await);
    until("the heartbeat goes on", async || {
        beats.load(Ordering::SeqCst) >= before + BEATS
    })
    .await;
    let later = client.live(&ids[0]).await.expect("values");
    assert!(!later.is_empty() && shown.expect("values") != later);
    assert!(!active(&ids[0]).await, "the one that is well is told of");
    for id in &ids[1..] {
        assert!(active(id).await, "the deaf one is forgotten");
    }
}
