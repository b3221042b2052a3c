//! How long reports of two years take, for a site of a hundred meters in ten areas. `make
//! bench-reports` prints it; nothing here passes or fails.
//!
//! `INDUSMIND_BENCH_REPORTS=meters,days` sets how many; 100,730 otherwise.
//!
//! And how long a year by tariffs takes whose demand windows are of ten minutes, of twelve meters
//! that were read each minute: every row of it is a minute. `INDUSMIND_BENCH_YEAR=days` sets of how
//! many days they have readings; 365 otherwise.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

#[allow(dead_code)] // the other benches use more of it
#[path = "measure.rs"]
mod measure;
#[allow(dead_code)] // the tests use more of it
#[path = "../support/mod.rs"]
mod support;

use indusmind::base::{Batch, EquipmentId, Metric, Phase, Quality, Reading, Timestamp, Unit};
use indusmind::equipment::NewEquipment;
use indusmind::reports::{Format, Progress, Recipe};
use indusmind::store::audit::Actor;
use serde_json::json;
use std::path::Path;
use std::time::Instant;
use support::client::Client;
use support::{Appliance, EMAIL, PASSWORD};

const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 900_000;
const DAY_MS: i64 = 86_400_000;
const AREAS: usize = 10;
/// Meters of the supply whose year is billed.
const SUPPLIES: usize = 12;
/// Days that are loaded at once: a bound for memory.
const DAYS_AT_ONCE: i64 = 30;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    println!("{}", measure::machine(folder));
    let asked = std::env::var("INDUSMIND_BENCH_REPORTS").unwrap_or_default();
    let mut asked = asked.split(',').map(|part| part.trim().parse::<usize>());
    let meters = asked.next().and_then(Result::ok).unwrap_or(100);
    let days = asked.next().and_then(Result::ok).unwrap_or(730);
    runtime.block_on(run(meters, days as i64));
    let days = std::env::var("INDUSMIND_BENCH_YEAR").ok();
    let days = days.and_then(|days| days.parse().ok()).unwrap_or(365);
    runtime.block_on(years(days));
}

/// A year by two tariffs: of the one every month is of minutes, the other reads the same again.
async fn years(days: i64) {
    let (appliance, _) = Appliance::furnished_at("2026-11-01T00:00:00Z").await;
    let client = appliance.client().login(EMAIL, PASSWORD).await;
    let ids = meters_of(&appliance, SUPPLIES).await;
    let began = Instant::now();
    let end = appliance.now();
    let mut from = end.minus_ms(days * DAY_MS);
    while from < end {
        let to = from.plus_ms(DAYS_AT_ONCE * DAY_MS).min(end);
        let batches = readings(&ids, (from, to), MINUTE_MS);
        appliance.context().tsdb.load(&batches).unwrap();
        from = to;
    }
    println!(
        "loaded {SUPPLIES} meters, {days} days of minutes in {:.1?}",
        began.elapsed()
    );
    let incoming: Vec<_> = ids.iter().map(|id| json!({ "meter": id })).collect();
    let nodes = json!([{ "id": "site", "name": "Plant", "kind": "site", "incoming": incoming }]);
    let tree = json!({ "revision": 0, "nodes": nodes });
    client.put("/api/energy/tree", &tree).await.data();
    for name in ["First", "Second"] {
        let tariff = json!({ "name": name, "in_use": name == "First", "version": {
            "valid_from": "2020-01-01", "source": "A bench.", "rules": {
                "currency": "TND", "decimals": 3, "window_minutes": 10,
                "periods": [{ "id": "all", "name": "All", "tiers": [{ "price": "0.3" }] }],
                "calendar": [{ "from": "00:00", "to": "24:00", "period": "all" }],
        } } });
        client.post("/api/energy/tariffs", &tariff).await.created();
    }
    for _ in 0..3 {
        let began = Instant::now();
        let year = client
            .get("/api/energy/bill/year?month=2026-10")
            .await
            .data();
        let months = &year["tariffs"][0]["months"];
        println!(
            "a year by two tariffs with windows of ten minutes, {months} months: {:.2?}",
            began.elapsed()
        );
    }
}

async fn run(meters: usize, days: i64) {
    let (appliance, _) = Appliance::furnished_at("2026-11-01T00:00:00Z").await;
    let client = appliance.client().login(EMAIL, PASSWORD).await;
    let ids = meters_of(&appliance, meters + 1).await;
    let began = Instant::now();
    let end = appliance.now();
    let tsdb = &appliance.context().tsdb;
    let mut from = end.minus_ms(days * DAY_MS);
    while from < end {
        let to = from.plus_ms(DAYS_AT_ONCE * DAY_MS).min(end);
        tsdb.load(&readings(&ids, (from, to), QUARTER_MS)).unwrap();
        from = to;
    }
    println!(
        "loaded {meters} meters, {days} days in {:.1?}",
        began.elapsed()
    );
    describe(&client, &ids).await;
    for template in [
        "monthly_energy",
        "cost_centres",
        "peaks",
        "data_quality",
        "iso50001",
    ] {
        measure_one(&appliance, template, days);
    }
}

async fn meters_of(appliance: &Appliance, many: usize) -> Vec<EquipmentId> {
    let mut ids = Vec::new();
    for n in 0..many {
        let said = json!({ "name": format!("Meter {n}"), "type": "Meter", "model": "T1",
            "install_date": "2024-05-01" });
        let said: NewEquipment = serde_json::from_value(said).unwrap();
        let registry = &appliance.context().registry;
        let made = registry.create(said, "site_a", Actor::console()).await;
        ids.push(made.unwrap().id);
    }
    ids
}

/// Readings of all meters at every step; the first one is the supply.
fn readings(ids: &[EquipmentId], (from, to): (Timestamp, Timestamp), step_ms: i64) -> Vec<Batch> {
    let mut batches = Vec::new();
    let parts = ids.len() - 1;
    for (n, id) in ids.iter().enumerate() {
        let share = if n == 0 { parts as f64 * 1.1 } else { 1.0 };
        let mut at = from;
        while at < to {
            let hours = at.ms() as f64 / 3_600_000.0;
            let value = (hours * 10.0 * share * 100.0).round() / 100.0;
            batches.push(Batch {
                equipment: *id,
                at,
                arrived: at,
                interval_ms: step_ms as u32,
                readings: vec![Reading {
                    metric: Metric::CONSUMPTION,
                    phase: Phase::Total,
                    unit: Unit::new("kWh").unwrap(),
                    value: Some(value),
                    quality: Quality::Good,
                }],
            });
            at = at.plus_ms(step_ms);
        }
    }
    batches
}

/// The meter tree and a tariff of two periods.
async fn describe(client: &Client, ids: &[EquipmentId]) {
    let mut nodes = vec![json!({ "id": "site", "name": "Plant", "kind": "site",
        "incoming": [{ "meter": ids[0] }] })];
    let each = (ids.len() - 1).div_ceil(AREAS);
    for (n, part) in ids[1..].chunks(each.max(1)).enumerate() {
        let consumers: Vec<_> = part.iter().map(|id| json!({ "meter": id })).collect();
        nodes.push(
            json!({ "id": format!("area-{n}"), "name": format!("Area {n}"),
            "kind": "area", "parent": "site", "consumers": consumers }),
        );
    }
    let tree = json!({ "revision": 0, "nodes": nodes });
    client.put("/api/energy/tree", &tree).await.data();
    let price = |text: &str| json!([{ "price": text }]);
    let tariff = json!({ "name": "Contract", "in_use": true, "version": {
        "valid_from": "2020-01-01", "source": "A bench.", "rules": {
            "currency": "TND", "decimals": 3,
            "periods": [{ "id": "day", "name": "Day", "tiers": price("0.4") },
                        { "id": "night", "name": "Night", "tiers": price("0.2") }],
            "calendar": [{ "from": "07:00", "to": "19:00", "period": "day" },
                         { "from": "00:00", "to": "24:00", "period": "night" }],
    } } });
    client.post("/api/energy/tariffs", &tariff).await.created();
}

fn measure_one(appliance: &Appliance, template: &str, days: i64) {
    let reports = &appliance.context().reports;
    let recipe = Recipe {
        template: template.to_owned(),
        site: "site_a".to_owned(),
        from: appliance.now().minus_ms(days * DAY_MS),
        to: appliance.now(),
        language: indusmind::notify::Language::Ar,
        cell: None,
    };
    let began = Instant::now();
    let document = reports.compute(&recipe, &Progress::default()).unwrap();
    let computed = began.elapsed();
    print!("{template}: computed in {computed:.2?}");
    for format in Format::ALL {
        let began = Instant::now();
        let file = reports
            .write(&document, format, appliance.now(), None)
            .unwrap();
        let kilobytes = file.len() / 1_024;
        print!(
            ", {} {:.0?} ({kilobytes} kB)",
            format.ending(),
            began.elapsed()
        );
    }
    println!();
}
