//! A flood of wrong passwords against the whole appliance with its default limits, and how long a
//! browser that is known waits to sign in meanwhile. `make bench-auth` prints it; nothing here
//! passes or fails.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

#[allow(dead_code)] // the other benches use more of it
#[path = "measure.rs"]
mod measure;
#[allow(dead_code)]
#[path = "report.rs"]
mod report;

use indusmind::app::App;
use indusmind::base::{SystemClock, Timestamp};
use indusmind::config::{Config, Overrides};
use indusmind::security::Book;
use indusmind::store::Store;
use indusmind::store::audit::{self, Actor, Filter};
use measure::Process;
use report::{Table, figure};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Wrong passwords a second, and for how long.
const GUESSES_PER_S: u32 = 200;
const FLOOD: Duration = Duration::from_secs(60);
/// How often the known browser signs in: its own limit is 5 a minute.
const SIGNS_IN_EVERY: Duration = Duration::from_secs(14);
const EMAIL: &str = "chief@plant.example";
const PASSWORD: &str = "Night-shift-7";

fn main() {
    indusmind::base::glibc::share_heaps();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let words: Vec<String> = std::env::args().skip(1).collect();
        if let [word, to, addresses, ..] = &words[..]
            && word == GUESS
        {
            let seen = guess(to.parse().unwrap(), addresses.parse().unwrap()).await;
            println!("{}", serde_json::to_string(&seen).unwrap());
            return;
        }
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        println!("{}", measure::machine(place));
        flood("200 wrong passwords a second from one address", 1).await;
        flood("200 wrong passwords a second from 50 addresses", 50).await;
        long_log();
    });
}

fn client_at(address: [u8; 4]) -> Client {
    let builder = Client::builder().local_address(IpAddr::from(address));
    let builder = builder.cookie_store(true);
    builder.timeout(Duration::from_secs(60)).build().unwrap()
}

async fn sign_in(client: &Client, to: SocketAddr, login: &Value) -> StatusCode {
    let url = format!("http://{to}/api/auth/login");
    let sent = client.post(url).json(login).send().await;
    let answer = sent.unwrap();
    let status = answer.status();
    let _ = answer.bytes().await;
    status
}

async fn set_up(app: &App, client: &Client) {
    let body = json!({ "token": app.context.auth.setup.show().unwrap(),
        "site": { "name": "Sfax", "time_zone": "Africa/Tunis", "currency": "TND" },
        "administrator": { "email": EMAIL, "name": "Chief", "password": PASSWORD } });
    let url = format!("http://{}/api/setup", app.address);
    let answer = client.post(url).json(&body).send().await.unwrap();
    assert!(
        answer.status().is_success(),
        "{}",
        answer.text().await.unwrap()
    );
}

/// First word of the command line of those who guess: a process of its own, so that its memory and
/// its CPU are not the appliance's.
const GUESS: &str = "guess";

/// What a process of guessers saw.
fn guessed(to: SocketAddr, addresses: u8) -> BTreeMap<u16, u32> {
    let mut guessers = std::process::Command::new(std::env::current_exe().unwrap());
    guessers.args([GUESS, &to.to_string(), &addresses.to_string()]);
    let said = guessers.output().unwrap();
    serde_json::from_slice(&said.stdout).unwrap()
}

/// Wrong passwords from these addresses, evenly; the answers by their status.
async fn guess(to: SocketAddr, addresses: u8) -> BTreeMap<u16, u32> {
    let clients: Vec<Client> = (1..=addresses).map(|n| client_at([127, 0, 7, n])).collect();
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let mut beat = interval(Duration::from_secs(1) / GUESSES_PER_S);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (started, mut guesses) = (Instant::now(), tokio::task::JoinSet::new());
    let mut n = 0;
    while started.elapsed() < FLOOD {
        beat.tick().await;
        n += 1;
        let (client, seen) = (clients[n % clients.len()].clone(), Arc::clone(&seen));
        guesses.spawn(async move {
            // Half of them at the account that is there.
            let email = if n % 2 == 0 {
                EMAIL
            } else {
                "nobody@plant.example"
            };
            let login = json!({ "email": email, "password": format!("Guess-{n}-a") });
            let status = sign_in(&client, to, &login).await;
            *seen.lock().unwrap().entry(status.as_u16()).or_default() += 1;
        });
    }
    guesses.join_all().await;
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

async fn flood(title: &str, addresses: u8) {
    let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let overrides = Overrides {
        data_dir: Some(data.path().join("data")),
        listen: Some("127.0.0.1:0".to_owned()),
        log: Some("off".to_owned()),
        ..Overrides::default()
    };
    let config = Config::load(overrides).unwrap();
    let app = App::start(&config, Arc::new(SystemClock)).await.unwrap();
    let (to, stop) = (app.address, app.stop_signal());
    // Behind the same address as the first of the guessers.
    let known = client_at([127, 0, 7, 1]);
    set_up(&app, &known).await;
    let login = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    assert_eq!(sign_in(&known, to, &login).await, StatusCode::OK);
    let running = tokio::spawn(app.run_until_stopped());
    let own = Process::own();
    let (cpu, resident) = (own.cpu(), own.resident());
    let guessing = tokio::task::spawn_blocking(move || guessed(to, addresses));
    let (mut waited_ms, mut refused) = (Vec::new(), 0);
    while !guessing.is_finished() {
        sleep(SIGNS_IN_EVERY.min(FLOOD / 4)).await;
        let began = Instant::now();
        match sign_in(&known, to, &login).await {
            StatusCode::OK => waited_ms.push(began.elapsed().as_secs_f64() * 1e3),
            _ => refused += 1,
        }
    }
    let seen = guessing.await.unwrap();
    let spent_s = own.cpu().since(cpu);
    let grown = own.resident().saturating_sub(resident);
    stop.cancel();
    running.await.unwrap();
    let sheet = Flooded {
        seen,
        waited_ms,
        refused,
        spent_s,
        grown,
    };
    sheet.print(title);
}

/// What came of a flood.
struct Flooded {
    seen: BTreeMap<u16, u32>,
    waited_ms: Vec<f64>,
    refused: u32,
    spent_s: f64,
    grown: u64,
}

impl Flooded {
    fn print(&self, title: &str) {
        let mut table = Table::new(title, &["", "measured", "goal"]);
        let mut line = |name: &str, found: String, goal: &str| {
            table.line([name.to_owned(), found, goal.to_owned()]);
        };
        let of = |status: u16| self.seen.get(&status).copied().unwrap_or_default();
        let all: u32 = self.seen.values().sum();
        line("guesses answered", all.to_string(), "12000");
        line(
            "held against a password (401)",
            of(401).to_string(),
            "5 a minute and address, 5 at once",
        );
        line("turned away (429)", of(429).to_string(), "the rest");
        line(
            "account locked for a while (423)",
            of(423).to_string(),
            "the rest",
        );
        line("too many at once (503)", of(503).to_string(), "the rest");
        let known = of(401) + of(423) + of(429) + of(503);
        line("anything else", (all - known).to_string(), "0");
        let longest = self.waited_ms.iter().copied().fold(0.0, f64::max);
        line(
            "the known browser signed in",
            format!("{} times", self.waited_ms.len()),
            "each time",
        );
        line("it was refused", self.refused.to_string(), "0");
        line(
            "it waited, longest",
            format!("{} ms", figure(longest)),
            "< 5000 ms",
        );
        line(
            "CPU of the appliance",
            format!("{} s", figure(self.spent_s)),
            "",
        );
        line(
            "memory grew",
            format!("{} MB", figure(self.grown as f64 / 1e6)),
            "",
        );
        table.print();
    }
}

/// Entries of the long log, and how many are written at once.
const LONG_LOG: i64 = 1_000_000;
const AT_ONCE: i64 = 20_000;
/// From one entry to the next, ms: a million within a year.
const EVERY_MS: i64 = 31_536;

/// A log of a million entries, a thousandth of them about who gets in.
fn written(store: &Store, now: Timestamp) {
    for piece in 0..LONG_LOG / AT_ONCE {
        let write = store.write_blocking(move |transaction| {
            (piece * AT_ONCE..(piece + 1) * AT_ONCE).try_for_each(|n| {
                let action = match n % 1_000 {
                    0 => "auth.login_failed",
                    _ => "equipment.update",
                };
                let at = now.plus_ms((n - LONG_LOG) * EVERY_MS);
                let details = json!({ "name": { "before": n, "after": n + 1 } });
                audit::append(
                    transaction,
                    at,
                    &Actor::console(),
                    action,
                    "equipment/1",
                    details,
                )
            })
        });
        write.unwrap();
    }
}

/// What the questions of the security screen and of the audit log cost in a long log.
fn long_log() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Store::open(directory.path(), "bench").unwrap();
    let now = Timestamp::from_ms(1_795_000_000_000);
    written(&store, now);
    let title = "questions to an audit log of 1,000,000 entries";
    let mut table = Table::new(title, &["", "measured", "goal"]);
    let mut timed = |name: &str, goal: &str, ask: &dyn Fn() -> usize| {
        let began = Instant::now();
        let found = ask();
        let ms = figure(began.elapsed().as_secs_f64() * 1e3);
        table.line([
            name.to_owned(),
            format!("{ms} ms, {found} found"),
            goal.to_owned(),
        ]);
    };
    let book = Book::default();
    let recent = || book.recent(&store, now).unwrap().entries.len();
    timed("events of a week, first question", "< 1000 ms", &recent);
    timed(
        "events of a week, each question after it",
        "< 10 ms",
        &recent,
    );
    let page = |filter: Filter, before: Option<u64>| {
        let found = audit::search(&store, &filter, before, 20).unwrap();
        found.entries.len()
    };
    let of = |action: &str| Filter {
        actions: vec![action.to_owned()],
        ..Filter::default()
    };
    timed("newest page", "< 100 ms", &|| page(Filter::default(), None));
    timed("a page in the middle", "< 100 ms", &|| {
        page(Filter::default(), Some(500_000))
    });
    timed("one in a thousand", "< 500 ms", &|| page(of("auth"), None));
    timed(
        "what is not there, 50,000 entries looked at",
        "< 500 ms",
        &|| page(of("none"), None),
    );
    table.print();
}
