//! What alerts cost: from the reading to the socket, beside the readings, and among a million.
//!
//! `INDUSMIND_BENCH_ALERTS=n` sets how many alerts are stored for the lists; 100,000 otherwise.

#![allow(clippy::print_stdout)] // it prints its figures

use indusmind::alerts::{Acknowledgement, Alerts, Filter, NewRule, Paging, Status};
use indusmind::app::App;
use indusmind::base::{Batch, Clock as _, EquipmentId, Level, ManualClock};
use indusmind::base::{Metric, Phase, Reading, Result, Timestamp, Unit};
use indusmind::config::Config;
use indusmind::equipment::NewEquipment;
use indusmind::site::{NewSite, Site, Sites};
use indusmind::store::audit::Actor;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const START: Timestamp = Timestamp::from_ms(1_795_249_800_000);
const MACHINES: usize = 500;
const BEATS: usize = 100;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure())
}

/// An appliance with machines that nobody polls.
struct Plant {
    app: App,
    clock: ManualClock,
    machines: Vec<EquipmentId>,
}

impl Plant {
    async fn new(directory: &std::path::Path) -> Result<Self> {
        let config = Config {
            data_dir: directory.join("data"),
            listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
            log: "off".to_owned(),
            log_json: false,
            dashboard_every_ms: 5_000,
            log_file: None,
            edge: indusmind::web::EdgeSettings::default(),
            certificate: None,
            syslog: None,
            token_in_query: false,
            home: None,
            update_test_key: None,
        };
        let clock = ManualClock::new(START);
        let app = App::start(&config, Arc::new(clock.clone())).await?;
        let input = NewSite {
            name: "Bench".to_owned(),
            key: None,
            time_zone: "Africa/Tunis".to_owned(),
            currency: "TND".to_owned(),
            price_per_kwh: None,
        };
        let site = Site::new(input, START)?;
        let write = app
            .context
            .store
            .write(move |tx| Sites::create_in(tx, &site));
        write.await?;
        app.context.sites.reload()?;
        let mut machines = Vec::new();
        for n in 0..MACHINES {
            let said = json!({ "name": format!("Machine {n}"), "type": "Machine", "model": "T1",
                "install_date": "2024-05-01" });
            let said: NewEquipment = serde_json::from_value(said).expect("equipment");
            let made = app
                .context
                .registry
                .create(said, "site_a", Actor::console());
            machines.push(made.await?.id);
        }
        Ok(Self {
            app,
            clock,
            machines,
        })
    }

    fn alerts(&self) -> &Alerts {
        &self.app.context.alerts
    }

    /// Makes `count` rules for each machine; only the first can ever hold.
    async fn rules(&self, count: usize, from: usize) -> Result<()> {
        let mut rules = Vec::new();
        for machine in &self.machines {
            for n in from..from + count {
                let limit = if n == 0 { 80.0 } else { 1e6 };
                let said = json!({ "equipment_id": machine, "metric": "power", "operator": ">",
                    "threshold": limit, "level": Level::High });
                let said: NewRule = serde_json::from_value(said).expect("a rule");
                rules.push(said);
            }
        }
        self.alerts()
            .create_rules(rules, "site_a", Actor::console())
            .await
    }

    /// One beat of all machines; the first `loud` of them are beyond their limit.
    async fn beat(&self, loud: usize) -> Result<Duration> {
        self.clock.advance(Duration::from_secs(5));
        let at = self.clock.now();
        let batch = |(n, id): (usize, &EquipmentId)| {
            let value = if n < loud { 90.0 } else { 50.0 };
            let names = ["power", "voltage", "current", "frequency"];
            let reading = |name: &str| {
                let metric = Metric::new(name).expect("a name");
                Reading::good(metric, Phase::Total, Unit::none(), value)
            };
            Batch {
                equipment: *id,
                at,
                arrived: at,
                interval_ms: 5_000,
                readings: names.map(reading).to_vec(),
            }
        };
        let batches: Vec<_> = self.machines.iter().enumerate().map(batch).collect();
        let begun = Instant::now();
        self.app.context.intake.store(Arc::new(batches)).await?;
        Ok(begun.elapsed())
    }

    /// Times of beats on which nothing happens, in order.
    async fn quiet(&self) -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        for _ in 0..BEATS {
            times.push(self.beat(0).await?);
        }
        times.sort_unstable();
        Ok(times)
    }
}

fn say(line: &str) {
    println!("{line}");
}

async fn measure() -> Result<()> {
    let directory = tempfile::tempdir().expect("a directory");
    let plant = Plant::new(directory.path()).await?;
    let none = plant.quiet().await?;
    plant.rules(2, 0).await?;
    let mut heard = plant.alerts().listen();
    let mut times = Vec::new();
    for n in 0..BEATS {
        let begun = Instant::now();
        plant.beat((n + 1) % 2).await?;
        heard.recv().await.expect("an alert");
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (p50, p99) = (times[times.len() / 2], times[times.len() - 1]);
    say(&format!(
        "reading to feed, 1,000 rules, 500 machines: p50 {p50:?}, worst {p99:?}"
    ));
    plant.rules(18, 2).await?;
    let many = plant.quiet().await?;
    let (before, after) = (none[BEATS / 2], many[BEATS / 2]);
    let more = after.saturating_sub(before);
    let per_reading = more / 2_000;
    say(&format!(
        "a commit of 2,000 readings: {before:?} without rules, {after:?} with 10,000 rules, \
         {per_reading:?} more per reading"
    ));
    many_alerts(&plant).await
}

/// Stores many alerts by raising, acknowledging and ending them, then asks for them.
async fn many_alerts(plant: &Plant) -> Result<()> {
    let wanted = std::env::var("INDUSMIND_BENCH_ALERTS").ok();
    let wanted: u64 = wanted.and_then(|n| n.parse().ok()).unwrap_or(100_000);
    while plant.alerts().figures().1 < wanted {
        plant.beat(MACHINES).await?;
        let open = plant.alerts().open_of("site_a");
        let ids: Vec<_> = open.iter().map(|alert| (alert.id, None)).collect();
        plant
            .alerts()
            .acknowledge_all("site_a", ids, None, Actor::console())
            .await?;
        plant.beat(0).await?;
    }
    plant.beat(MACHINES).await?;
    let machine = plant.machines[7];
    let site = || Filter {
        site: "site_a".to_owned(),
        ..Filter::default()
    };
    let filters = [
        ("all", site()),
        (
            "one level",
            Filter {
                levels: vec![Level::High],
                ..site()
            },
        ),
        (
            "a level that none has",
            Filter {
                levels: vec![Level::Emergency],
                ..site()
            },
        ),
        (
            "one machine",
            Filter {
                equipment: Some(machine),
                ..site()
            },
        ),
        (
            "unacknowledged",
            Filter {
                status: Status::Unacknowledged,
                ..site()
            },
        ),
        (
            "search, found often",
            Filter {
                search: Some("machine 7".to_owned()),
                ..site()
            },
        ),
        (
            "search, found never",
            Filter {
                search: Some("nowhere".to_owned()),
                ..site()
            },
        ),
    ];
    let stored = plant.alerts().figures().1;
    for (name, filter) in filters {
        let paging = Paging {
            offset: 0,
            size: 50,
        };
        let mut times = Vec::new();
        for _ in 0..20 {
            let begun = Instant::now();
            plant.alerts().list(&filter, paging, None)?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let (p50, worst) = (times[10], times[19]);
        say(&format!(
            "list of {stored} alerts, {name}: p50 {p50:?}, worst {worst:?}"
        ));
    }
    let open = plant.alerts().open_of("site_a");
    let mut times = Vec::new();
    for alert in open.iter().take(20) {
        let (said, begun) = (Acknowledgement::default(), Instant::now());
        plant
            .alerts()
            .acknowledge("site_a", alert.id, said, Actor::console())
            .await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    say(&format!(
        "acknowledge among {stored}: p50 {:?}, worst {:?}",
        times[10], times[19]
    ));
    Ok(())
}
