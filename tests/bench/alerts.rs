//! What alerts cost: from the reading to the other end of a socket, beside the readings, and among
//! many. `make bench-alerts` prints it; nothing here passes or fails.
//!
//! `INDUSMIND_BENCH_ALERTS=n` sets how many alerts are stored for the lists; 100,000 otherwise.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
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
#[allow(dead_code)] // the tests use more of it
#[path = "../support/mod.rs"]
mod support;

use indusmind::alerts::{Alerts, NewRule};
use indusmind::auth::Reach;
use indusmind::base::Clock as _;
use indusmind::base::{Batch, EquipmentId, Level, Metric, Phase, Reading, Unit};
use indusmind::equipment::NewEquipment;
use indusmind::store::audit::Actor;
use measure::{Process, Times};
use report::{Table, figure};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::client::Client;
use support::socket::Socket;
use support::{Appliance, EMAIL, PASSWORD};

const MACHINES: usize = 500;
const METRICS: [&str; 4] = ["power", "voltage", "current", "frequency"];
const BEATS: usize = 200;
const ASKED: usize = 50;
/// As many as the API acknowledges at once.
const AT_ONCE: usize = 500;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{}",
        measure::machine(Path::new(env!("CARGO_TARGET_TMPDIR")))
    );
    runtime.block_on(measure());
}

/// An appliance with machines that nobody polls.
struct Plant {
    appliance: Appliance,
    client: Client,
    machines: Vec<EquipmentId>,
}

impl Plant {
    async fn new() -> Self {
        let (appliance, _) = Appliance::furnished().await;
        let mut machines = Vec::new();
        for n in 0..MACHINES {
            let said = json!({ "name": format!("Machine {n}"), "type": "Machine", "model": "T1",
                "install_date": "2024-05-01" });
            let said: NewEquipment = serde_json::from_value(said).unwrap();
            let registry = &appliance.context().registry;
            let made = registry.create(said, "site_a", Actor::console());
            machines.push(made.await.unwrap().id);
        }
        let client = appliance.client().login(EMAIL, PASSWORD).await;
        Self {
            appliance,
            client,
            machines,
        }
    }

    fn alerts(&self) -> &Alerts {
        &self.appliance.context().alerts
    }

    /// Makes `count` rules for each machine; only the first can ever hold.
    async fn rules(&self, count: usize, from: usize) {
        let mut rules: Vec<NewRule> = Vec::new();
        for machine in &self.machines {
            for n in from..from + count {
                let limit = if n == 0 { 80.0 } else { 1e6 };
                let metric = METRICS[n % METRICS.len()];
                let said = json!({ "equipment_id": machine, "metric": metric, "operator": ">",
                    "threshold": limit, "level": Level::High });
                rules.push(serde_json::from_value(said).unwrap());
            }
        }
        let made = self
            .alerts()
            .create_rules(rules, "site_a", Actor::console());
        made.await.unwrap();
    }

    /// One beat of all machines; the first `loud` of them are beyond their limit.
    async fn beat(&self, loud: usize) {
        self.appliance.clock.advance(Duration::from_secs(5));
        let at = self.appliance.clock.now();
        let batch = |(n, id): (usize, &EquipmentId)| {
            let value = if n < loud { 90.0 } else { 50.0 };
            let reading = |name: &str| {
                let metric = Metric::new(name).unwrap();
                Reading::good(metric, Phase::Total, Unit::none(), value)
            };
            Batch {
                equipment: *id,
                at,
                arrived: at,
                interval_ms: 5_000,
                readings: METRICS.map(reading).to_vec(),
            }
        };
        let batches: Vec<_> = self.machines.iter().enumerate().map(batch).collect();
        let intake = &self.appliance.context().intake;
        intake.store(Arc::new(batches)).await.unwrap();
    }

    /// Beats on which nothing happens.
    async fn quiet(&self) -> Times {
        let (process, mut times) = (Process::own(), Times::default());
        let before = process.cpu();
        for _ in 0..BEATS {
            let began = Instant::now();
            self.beat(0).await;
            times.note(began);
        }
        times.cpu_s = process.cpu().since(before);
        times
    }

    /// From the offer of a reading to its message at the other end of a socket.
    async fn detection(&self) -> Times {
        let mut times = Times::default();
        // A socket of the tests lives for a bounded time: a fresh one for each part.
        for _ in 0..BEATS / 50 {
            let mut socket = Socket::open(&self.client, "/ws/alerts:new").await;
            for n in 0..50 {
                let began = Instant::now();
                self.beat((n + 1) % 2).await;
                socket.message().await;
                times.note(began);
            }
        }
        times
    }
}

async fn measure() {
    let plant = Plant::new().await;
    let none = plant.quiet().await;
    plant.rules(2, 0).await;
    let heard = plant.detection().await;
    let mut table = Table::new(
        "from a reading to the message on a socket, with its commit, ms",
        &["500 machines, 1,000 rules", "p50", "p99", "worst"],
    );
    let shares = [0.5, 0.99, 1.0].map(|share| figure(heard.share_ms(share)));
    table.line(
        ["an alert begins or ends".to_owned()]
            .into_iter()
            .chain(shares),
    );
    table.print();
    plant.rules(18, 2).await;
    let many = plant.quiet().await;
    let mut table = Table::new(
        "a commit of 2,000 readings",
        &["rules", "CPU, ms", "p50, ms", "CPU more per reading, µs"],
    );
    let row = |name: &str, times: &Times| {
        let more = (times.cpu_ms() - none.cpu_ms()) * 1e3 / 2_000.0;
        [
            name.to_owned(),
            figure(times.cpu_ms()),
            figure(times.share_ms(0.5)),
            figure(more),
        ]
    };
    table.line(row("none", &none));
    table.line(row("10,000", &many));
    table.print();
    many_alerts(&plant).await;
}

/// Stores many alerts by raising, acknowledging and ending them, then asks for them.
async fn many_alerts(plant: &Plant) {
    let wanted = std::env::var("INDUSMIND_BENCH_ALERTS").ok();
    let wanted: u64 = wanted.and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let began = Instant::now();
    while plant.alerts().figures().1 < wanted {
        plant.beat(MACHINES).await;
        let open = plant.alerts().open_of("site_a");
        let ids: Vec<_> = open.iter().map(|alert| (alert.id, None)).collect();
        for part in ids.chunks(AT_ONCE) {
            let done =
                plant
                    .alerts()
                    .acknowledge_all(Reach::ALL, part.to_vec(), None, Actor::console());
            done.await.unwrap();
        }
        plant.beat(0).await;
    }
    plant.beat(MACHINES).await;
    let stored = plant.alerts().figures().1;
    println!("\n{stored} alerts stored in {:?}", began.elapsed());
    // The clock went on by weeks: the first session is over.
    let client = plant.appliance.client().login(EMAIL, PASSWORD).await;
    let mut table = Table::new(
        "asked over HTTP, 50 alerts a page, ms",
        &["question", "p50", "worst"],
    );
    let machine = plant.machines[7];
    for (name, query) in [
        ("all", String::new()),
        ("one level", "&level=High".to_owned()),
        ("a level that none has", "&level=Emergency".to_owned()),
        ("one machine", format!("&equipment_id={machine}")),
        ("unacknowledged", "&status=unacknowledged".to_owned()),
        ("open", "&status=open".to_owned()),
        ("search, found often", "&search=machine%207".to_owned()),
        ("search, found never", "&search=nowhere".to_owned()),
        ("page 100", "&page=100".to_owned()),
    ] {
        let path = format!("/api/alerts?page_size=50{query}");
        let mut times = Times::default();
        for _ in 0..ASKED {
            let began = Instant::now();
            client.get(&path).await.data();
            times.note(began);
        }
        table.line([
            name.to_owned(),
            figure(times.share_ms(0.5)),
            figure(times.share_ms(1.0)),
        ]);
    }
    let mut times = Times::default();
    for alert in plant.alerts().open_of("site_a").iter().take(ASKED) {
        let began = Instant::now();
        let path = format!("/api/alerts/{}/acknowledge", alert.id);
        client.post(&path, &json!({})).await.data();
        times.note(began);
    }
    table.line([
        "acknowledge".to_owned(),
        figure(times.share_ms(0.5)),
        figure(times.share_ms(1.0)),
    ]);
    table.print();
}
