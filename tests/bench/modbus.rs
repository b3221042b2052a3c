//! What polling costs and how steady it is: 200 devices of 40 registers, each read every second by
//! the whole appliance, and questions per second of CPU beside pymodbus and Node's modbus-serial.
//! `make bench-modbus` prints it; nothing here passes or fails.

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
use indusmind::base::{Clock, Metric, Phase, SystemClock, Timestamp, Unit};
use indusmind::config::{Config, Overrides};
use indusmind::equipment::NewEquipment;
use indusmind::modbus::journal::{Journal, Outcome};
use indusmind::modbus::simulator::{Instrument, Listener, Simulator};
use indusmind::modbus::{DataType, Decoding, Endpoint, Function, Line, Register, WordOrder};
use indusmind::store::audit::Actor;
use measure::Process;
use report::{Table, figure, ratio};
use serde_json::{Map, Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const DEVICES: usize = 200;
const REGISTERS: u16 = 40;
const INTERVAL_MS: i64 = 1_000;
/// Until everybody is connected and the first beats are over.
const WARM_UP: Duration = Duration::from_secs(10);
/// How long is measured.
const WINDOW: Duration = Duration::from_secs(60);
/// Connections of the clients that are compared, and for how long they ask, s.
const CONNECTIONS: usize = 20;
const ASK_S: u64 = 8;

/// The words by which this program calls itself.
const PLANT: &str = "plant";
const CLIENT: &str = "client";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [PLANT, devices] => runtime.block_on(plant(devices.parse().unwrap())),
        [CLIENT, seconds, ref ports @ ..] => {
            runtime.block_on(client(seconds.parse().unwrap(), ports));
        }
        ["peers", peers, ..] => runtime.block_on(bench(Some(Path::new(peers)))),
        _ => runtime.block_on(bench(None)),
    }
}

async fn bench(peers: Option<&Path>) {
    println!(
        "{}",
        measure::machine(Path::new(env!("CARGO_TARGET_TMPDIR")))
    );
    let plant = Server::start(DEVICES);
    appliance(&plant.ports).await;
    compare(&plant.ports[..CONNECTIONS], peers);
}

// The plant, in a process of its own.

/// Forty singles in eighty words.
struct Meter {
    registers: Vec<Register>,
}

impl Meter {
    fn new() -> Self {
        let register = |number: u16| Register {
            metric: Metric::new(&format!("value_{number}")).unwrap(),
            phase: Phase::Total,
            unit: Unit::none(),
            function: Function::Holding,
            address: number * 2,
            data_type: DataType::Float32,
            scale: 1.0,
            word_order: WordOrder::Big,
            decoding: Decoding::Plain,
            not_available: Vec::new(),
            extras: indusmind::modbus::Extras::default(),
        };
        Self {
            registers: (0..REGISTERS).map(register).collect(),
        }
    }
}

impl Instrument for Meter {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let seconds = (at.ms() / 1_000 % 600) as f64;
        let value = |number: u16| 230.0 + f64::from(number) + seconds * 0.1;
        (0..REGISTERS).map(value).collect()
    }
}

async fn plant(devices: usize) {
    let device = || Listener::on_loopback(vec![(1, Arc::new(Meter::new()) as _)]);
    let listeners = (0..devices).map(|_| device()).collect();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let simulator = Simulator::start(clock, listeners).await.unwrap();
    let ports: Vec<u16> = simulator.addresses().iter().map(SocketAddr::port).collect();
    println!("{}", json!(ports));
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    let _ = end.await;
}

struct Server {
    child: Child,
    ports: Vec<u16>,
}

impl Server {
    fn start(devices: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([PLANT, &devices.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut said).unwrap();
        let ports = serde_json::from_str(&said).unwrap();
        Self { child, ports }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// The appliance, in this process.

fn equipment(number: usize, port: u16) -> NewEquipment {
    let entry = |n: u16| {
        let entry = json!({ "address": n * 2, "type": "float32", "unit": "A" });
        (format!("value_{n}"), entry)
    };
    let registers: Map<String, Value> = (0..REGISTERS).map(entry).collect();
    let source = json!({ "host": "127.0.0.1", "port": port, "poll_interval_ms": INTERVAL_MS,
        "registers": registers });
    serde_json::from_value(json!({ "name": format!("Meter {number}"), "type": "Meter",
        "model": "Bench", "install_date": "2026-11-21", "modbus": source }))
    .unwrap()
}

async fn appliance(ports: &[u16]) {
    let data = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let overrides = Overrides {
        data_dir: Some(data.path().join("data")),
        listen: Some("127.0.0.1:0".to_owned()),
        log: Some("off".to_owned()),
        ..Overrides::default()
    };
    let config = Config::load(overrides).unwrap();
    let app = App::start(&config, Arc::new(SystemClock)).await.unwrap();
    let registry = Arc::clone(&app.context.registry);
    for (number, port) in ports.iter().enumerate() {
        let added = registry.create(equipment(number, *port), "site_a", Actor::console());
        added.await.unwrap();
    }
    let stop = app.stop_signal();
    let intake = Arc::clone(&app.context.intake);
    let running = tokio::spawn(app.run_until_stopped());
    tokio::time::sleep(WARM_UP).await;
    let acquisition = registry.acquisition();
    let (own, started) = (Process::own(), SystemClock.now());
    let (cpu, samples) = (own.cpu(), intake.counters().samples());
    tokio::time::sleep(WINDOW).await;
    let (spent_s, ended) = (own.cpu().since(cpu), SystemClock.now());
    let stored = intake.counters().samples() - samples;
    let mut late_ms = Vec::new();
    let mut troubles = 0;
    for report in acquisition.line_reports() {
        let journal = acquisition.journal(&report.key).unwrap();
        for frame in journal.frames(usize::MAX) {
            if (started..ended).contains(&frame.at) {
                late_ms.push((frame.at.ms() % INTERVAL_MS) as f64);
                troubles += u32::from(frame.outcome != Outcome::Answered);
            }
        }
    }
    late_ms.sort_by(f64::total_cmp);
    let at = |share: f64| late_ms[((late_ms.len() - 1) as f64 * share) as usize];
    let seconds = ended.since_ms(started) as f64 / 1e3;
    let title = format!("{DEVICES} devices of {REGISTERS} registers, each read every second");
    let mut table = Table::new(&title, &["", "measured", "goal"]);
    let mut line = |name: &str, found: String, goal: &str| {
        table.line([name.to_owned(), found, goal.to_owned()]);
    };
    let wanted = DEVICES as f64 * seconds;
    let share = format!("{:.2} %", late_ms.len() as f64 / wanted * 100.0);
    line("polls begun, of those wanted", share, "100 %");
    line("polls not answered", troubles.to_string(), "0");
    line("begun after the beat, p50", format!("{} ms", at(0.5)), "");
    line(
        "begun after the beat, p99",
        format!("{} ms", at(0.99)),
        "< 100 ms",
    );
    line(
        "begun after the beat, longest",
        format!("{} ms", at(1.0)),
        "",
    );
    let cpu = format!("{:.1} % of a core", spent_s / seconds * 100.0);
    line("CPU of the whole process", cpu, "<= 15 %");
    line(
        "samples on disk, per second",
        figure(stored as f64 / seconds),
        "8000",
    );
    let resident = format!("{} MB", own.resident() / 1_000_000);
    line("memory", resident, "");
    table.print();
    stop.cancel();
    running.await.unwrap();
}

// Clients, each in a process of its own, that ask the same plant as fast as they can.

async fn client(seconds: u64, ports: &[&str]) {
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let ask = |port: u16| async move {
        let journal = Arc::new(Journal::new(Arc::new(SystemClock)));
        let mut line = Line::new(Endpoint::tcp("127.0.0.1", port)).with_journal(journal);
        let mut answered = 0_u64;
        while tokio::time::Instant::now() < until {
            let read = line.read(1, Function::Holding, 0, 80, Duration::from_secs(5));
            assert_eq!(read.await.unwrap().len(), 80);
            answered += 1;
        }
        answered
    };
    let ports = ports.iter().map(|port| port.parse().unwrap());
    let asking: Vec<_> = ports.map(|port| tokio::spawn(ask(port))).collect();
    let mut sum = 0;
    for one in asking {
        sum += one.await.unwrap();
    }
    println!("{sum}");
}

/// Questions per second, and per second of the client's CPU.
fn run(mut command: Command, ports: &[u16]) -> (f64, f64) {
    command.arg(ASK_S.to_string());
    command.args(ports.iter().map(u16::to_string));
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let process = Process::of(child.id());
    // What it used up to just before its end: afterwards nobody can ask.
    let mut cpu = process.cpu();
    let (begin, mut child) = (cpu, child);
    loop {
        std::thread::sleep(Duration::from_millis(20));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        let now = process.cpu();
        if now.since(begin) >= cpu.since(begin) {
            cpu = now;
        }
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let answered: f64 = said.trim().parse().expect("the client says how many");
    (answered / ASK_S as f64, answered / cpu.since(begin))
}

fn compare(ports: &[u16], peers: Option<&Path>) {
    let mut own = Command::new(std::env::current_exe().unwrap());
    own.arg(CLIENT);
    let mut clients = vec![("indusmind, judged and noted", own)];
    if let Some(peers) = peers {
        let script = |name: &str| -> PathBuf {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/bench/modbus")
                .join(name)
        };
        let mut python = Command::new(peers.join("python/bin/python"));
        python.arg(script("client.py"));
        clients.push(("pymodbus 3.16.1, asyncio", python));
        let mut node = Command::new("node");
        node.arg(script("client.cjs"));
        node.env("NODE_PEERS", peers.join("node").canonicalize().unwrap());
        clients.push(("modbus-serial 8.0.25, Node", node));
    }
    let title =
        format!("{CONNECTIONS} connections, reads of 80 words, as fast as each client asks");
    let head = ["", "reads/s", "reads per CPU-second", "ours is"];
    let mut table = Table::new(&title, &head);
    let mut ours = f64::NAN;
    for (name, command) in clients {
        let (rate, per_cpu) = run(command, ports);
        let better = if ours.is_nan() {
            ours = per_cpu;
            String::new()
        } else {
            ratio(ours, per_cpu)
        };
        table.line([name.to_owned(), figure(rate), figure(per_cpu), better]);
    }
    table.print();
}
