//! Against collectors that really listen.

use super::*;
use crate::base::ManualClock;
use crate::machine::Names;
use crate::store::audit::Actor;
use crate::tls::{self, Tls};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

struct Bench {
    dir: tempfile::TempDir,
    store: Store,
    clock: ManualClock,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(dir.path(), "test").unwrap(),
            dir,
            clock: ManualClock::new("2026-11-21T08:30:00Z".parse().unwrap()),
        }
    }

    fn append(&self, numbers: std::ops::Range<u32>) {
        for n in numbers {
            let now = self.clock.now();
            let noted = self.store.write_blocking(move |transaction| {
                let details = json!({ "n": n });
                audit::append(
                    transaction,
                    now,
                    &Actor::console(),
                    "test",
                    "thing/1",
                    details,
                )
            });
            noted.unwrap();
        }
    }

    fn open(&self, server: String, protocol: Protocol, authority: Option<PathBuf>) -> Running {
        let settings = Settings {
            server,
            protocol,
            authority,
        };
        let clock = Arc::new(self.clock.clone());
        let forwarder = Arc::new(Forwarder::open(&self.store, clock, settings).unwrap());
        let stop = CancellationToken::new();
        Running {
            task: tokio::spawn(Arc::clone(&forwarder).run(stop.clone())),
            forwarder,
            stop,
        }
    }

    /// Moves the clock on until something is so.
    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..3_000 {
            if is_so() {
                return;
            }
            self.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {what}");
    }
}

struct Running {
    forwarder: Arc<Forwarder>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn number(line: &[u8]) -> u64 {
    let text = String::from_utf8(line.to_vec()).unwrap();
    assert!(text.starts_with("<110>1 2026-11-21T"), "{text}");
    let body = text.split_once(" - {").unwrap().1;
    let body: Value = serde_json::from_str(&format!("{{{body}")).unwrap();
    body["details"]["n"].as_u64().unwrap()
}

/// The next line of a stream; `None` at its end.
async fn next(stream: &mut (impl AsyncRead + Unpin)) -> Option<u64> {
    let mut length = String::new();
    loop {
        match stream.read_u8().await {
            Ok(b' ') => break,
            Ok(digit) => length.push(char::from(digit)),
            Err(_) => return None,
        }
    }
    let mut line = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut line).await.ok()?;
    Some(number(&line))
}

#[tokio::test]
async fn datagrams_carry_what_happens_from_now_on() {
    let (bench, collector) = (Bench::new(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
    bench.append(0..3);
    let to = collector.local_addr().unwrap().to_string();
    let running = bench.open(to.clone(), Protocol::Udp, None);
    bench.append(3..6);
    let forwarder = Arc::clone(&running.forwarder);
    bench
        .until("sent", || forwarder.status().waiting == 0)
        .await;
    let mut line = [0; 9_000];
    for n in 3..6 {
        let length = collector.recv(&mut line).await.unwrap();
        assert_eq!(number(&line[..length]), n);
    }
    let status = forwarder.status();
    assert_eq!((status.sent, status.problem), (6, None));
    // Its place is noted: after a restart the next one comes, and none of these again.
    let noted = || {
        let place = PLACE.get(&bench.store.read().unwrap(), ONLY).unwrap();
        place == Some(Place { sequence: 6 })
    };
    bench.until("noted", noted).await;
    running.end().await;
    bench.append(6..7);
    let running = bench.open(to, Protocol::Udp, None);
    let forwarder = Arc::clone(&running.forwarder);
    bench
        .until("sent again", || forwarder.status().waiting == 0)
        .await;
    let length = collector.recv(&mut line).await.unwrap();
    assert_eq!(number(&line[..length]), 6);
    running.end().await;
}

#[tokio::test]
async fn a_collector_that_was_away_gets_what_it_missed() {
    let (bench, listener) = (
        Bench::new(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let to = listener.local_addr().unwrap();
    let running = bench.open(to.to_string(), Protocol::Tcp, None);
    let forwarder = Arc::clone(&running.forwarder);
    bench.append(0..2);
    bench.until("sent", || forwarder.status().sent == 2).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(next(&mut stream).await, Some(0));
    assert_eq!(next(&mut stream).await, Some(1));
    drop((stream, listener));
    // Nobody listens: no commit waits, and the reason is shown.
    bench.append(2..250);
    bench
        .until("a problem", || forwarder.status().problem.is_some())
        .await;
    let status = forwarder.status();
    assert!(status.waiting >= 248, "{status:?}");
    let problem = status.problem.unwrap();
    assert!(
        problem.contains("[syslog]") && problem.contains(&to.to_string()),
        "{problem}"
    );
    let listener = TcpListener::bind(to).await.unwrap();
    bench
        .until("sent all", || forwarder.status().waiting == 0)
        .await;
    let (mut stream, _) = listener.accept().await.unwrap();
    running.end().await;
    let mut seen = Vec::new();
    while let Some(n) = next(&mut stream).await {
        seen.push(n);
    }
    // What was on its way when the collector went comes twice, rather than never.
    assert!(seen[0] <= 2 && seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.last(), Some(&249));
    seen.dedup();
    assert_eq!(seen.len() as u64, 250 - seen[0]);
    assert_eq!(forwarder.status().problem, None);
}

#[tokio::test]
async fn over_tls_the_collector_proves_who_it_is() {
    let (bench, listener) = (
        Bench::new(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let machine: tls::Machine = Arc::new(|| {
        let mut names = Names::default();
        assert!(names.add("127.0.0.1"));
        names
    });
    let elsewhere = Bench::new();
    let clock: Arc<dyn Clock> = Arc::new(crate::base::SystemClock);
    let settings = tls::Settings::default();
    let collector = Tls::open_on(&elsewhere.store, clock, settings, machine).await;
    let collector = Arc::new(collector.unwrap());
    let file = |name: &str, pem: String| {
        let path = bench.dir.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let to = listener.local_addr().unwrap().to_string();
    let authority = file("ca.pem", collector.authority_pem().unwrap());
    let accepting = Arc::clone(&collector);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let taking = tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = accepting.accept(io).await {
                while let Some(n) = next(&mut stream).await {
                    tell.send(n).unwrap();
                }
            }
        }
    });
    let running = bench.open(to.clone(), Protocol::Tls, Some(authority));
    bench.append(0..3);
    let forwarder = Arc::clone(&running.forwarder);
    bench.until("sent", || forwarder.status().sent == 3).await;
    for n in 0..3 {
        assert_eq!(told.recv().await, Some(n));
    }
    running.end().await;
    // A collector that another authority vouches for gets nothing.
    let stranger = Bench::new();
    let clock: Arc<dyn Clock> = Arc::new(crate::base::SystemClock);
    let other = Tls::open(&stranger.store, clock, tls::Settings::default()).await;
    let other = file("other.pem", other.unwrap().authority_pem().unwrap());
    let running = bench.open(to.clone(), Protocol::Tls, Some(other));
    bench.append(3..4);
    let forwarder = Arc::clone(&running.forwarder);
    bench
        .until("a problem", || forwarder.status().problem.is_some())
        .await;
    assert_eq!(forwarder.status().waiting, 1);
    running.end().await;
    assert!(told.try_recv().is_err());
    taking.abort();
    let settings = Settings {
        server: to,
        protocol: Protocol::Tls,
        authority: Some(file("none.pem", "nothing".to_owned())),
    };
    let clock = Arc::new(bench.clock.clone());
    let error = Forwarder::open(&bench.store, clock, settings).unwrap_err();
    assert!(error.to_string().contains("none.pem"), "{error}");
}
