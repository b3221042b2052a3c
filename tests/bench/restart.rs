//! The program itself, started on a history and killed.

use crate::fixture::directory;
use crate::fleet::Fleet;
use crate::generator::Kind;
use crate::measure::{Process, Times, allocated};
use crate::ours::Ours;
use crate::questions::{HOUR_MS, START_MS};
use crate::report::figure;
use crate::served::furnish;
use crate::support::{EMAIL, PASSWORD};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A running program; killed when it is dropped.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    /// Starts it and waits until it says that it is ready.
    async fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_indusmind"))
            .args(["run", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .env("INDUSMIND_LOG", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let console = BufReader::new(child.stdout.take().unwrap());
        let said = |line: std::io::Result<String>| {
            let line = line.ok()?;
            line.strip_prefix("Listening on ").map(str::to_owned)
        };
        let address = console.lines().find_map(said).expect("it starts");
        let ready = reqwest::get(format!("{address}/ready")).await.unwrap();
        assert!(ready.status().is_success(), "it is ready");
        Self { child, address }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Memory of the program shortly after its start on this directory, bytes.
pub(crate) async fn resident(data: &Path) -> u64 {
    let program = Program::start(data).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    Process::of(program.child.id()).resident()
}

/// Kills the program after it has written, starts it again, and prints how long that took.
pub(crate) async fn run(data: &Path) {
    let mut took = Vec::new();
    for _ in 0..3 {
        let program = Program::start(data).await;
        // A session is written: the file is in use when the kill comes.
        let login = reqwest::Client::new()
            .post(format!("{}/api/auth/login", program.address))
            .json(&serde_json::json!({ "email": EMAIL, "password": PASSWORD }));
        assert!(login.send().await.unwrap().status().is_success());
        drop(program);
        let began = Instant::now();
        drop(Program::start(data).await);
        took.push(format!("{:.2} s", began.elapsed().as_secs_f64()));
    }
    println!(
        "\nready after kill -9 with {:.2} GB of history: {}",
        allocated(data, &[]) as f64 / 1e9,
        took.join(", ")
    );
}

/// As [`run`], with a history of so many bytes: a hundred meters that are read every second and
/// say floats that compress badly. Then it goes on: a tick must not cost more behind a long history.
pub(crate) async fn run_with(bytes: u64) {
    const METERS: u32 = 100;
    const BEAT_MS: i64 = 1_000;
    let place = directory();
    let data = place.path().join("data");
    let meters = furnish(&data, METERS).await;
    let ours = Ours::open(&data, meters.clone(), BEAT_MS);
    let mut fleet = Fleet::new(Kind::NoisyFloat, METERS, START_MS, BEAT_MS);
    let mut at = START_MS;
    while allocated(&data, &[]) < bytes {
        at += HOUR_MS;
        ours.load(ours.batches(&fleet.until(at))).await;
    }
    ours.seal();
    ours.close();
    run(&data).await;
    let ours = Ours::open(&data, meters, BEAT_MS);
    let mut times = Times::default();
    let written = Process::own().written();
    for _ in 0..200 {
        at += BEAT_MS;
        let batches = Arc::new(ours.batches(&fleet.until(at)));
        let began = Instant::now();
        ours.tick(batches).await;
        times.note(began);
    }
    println!(
        "  durable tick of 1000 values after it: p50 {} ms, p99 {} ms, {:.0} kB written",
        figure(times.share_ms(0.5)),
        figure(times.share_ms(0.99)),
        (Process::own().written() - written) as f64 / 1e3 / times.runs()
    );
    ours.close();
}
