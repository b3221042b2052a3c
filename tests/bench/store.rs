//! How fast readings are stored and answered on this machine, beside the plain way in the same
//! run: redb with one row per value. `make bench` prints it; nothing here passes or fails.
//!
//! Append: one tick of 150 readings (10 meters, 15 values each), on disk before the next one.
//! Query: 30 days of one meter in hours, from one-minute ticks of 10 meters.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod baseline;
mod readings;

use baseline::Plain;
use indusmind::base::time::{BucketSize, Calendar};
use indusmind::base::{Metric, Phase, TimeRange};
use indusmind::store::Store;
use indusmind::tsdb::{Query, Resolution, Tsdb};
use readings::{HOUR_MS, METERS, Plant, start};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Ticks that are timed, and how often each query is asked.
const APPENDS: i64 = 300;
const QUERIES: usize = 30;
const DAYS: i64 = 30;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn main() {
    println!("machine: {}", machine());
    println!("directory: {}", env!("CARGO_TARGET_TMPDIR"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        append().await;
        query().await;
    });
}

/// A directory on the disk of the build, not in memory: a commit must cost what it costs.
fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

async fn append() {
    let plant = Plant::new(15);
    let place = directory();
    let store = Store::open(place.path(), "bench").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let plain_place = directory();
    let plain = Plain::open(&plain_place.path().join("plain.redb"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // In turn, so that whatever else the machine does hits both alike.
    for tick in 0..APPENDS {
        let at = start().plus_ms(tick * 5_000);
        let batches = Arc::new(plant.tick(at, 5_000));
        let began = Instant::now();
        tsdb.append(Arc::clone(&batches), |_| Ok(())).await.unwrap();
        ours.push(began.elapsed());
        let began = Instant::now();
        plain.append(&batches);
        theirs.push(began.elapsed());
    }
    println!(
        "\nappend of one tick of {} readings, on disk ({APPENDS} ticks)",
        METERS * 15
    );
    report("indusmind", &mut ours);
    report("redb, one row per value", &mut theirs);
    let values = (APPENDS as f64) * (METERS * 15) as f64;
    println!(
        "  bytes of the file per value: {:.1} against {:.1}",
        bytes(place.path(), "indusmind.redb") / values,
        bytes(plain_place.path(), "plain.redb") / values,
    );
    store.close();
}

async fn query() {
    let plant = Plant::new(3);
    let place = directory();
    let store = Store::open(place.path(), "bench").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let plain_place = directory();
    let plain = Plain::open(&plain_place.path().join("plain.redb"));
    for day in 0..DAYS {
        let midnight = start().plus_ms(day * DAY_MS);
        let ticks = (0..DAY_MS / MINUTE_MS).map(|n| midnight.plus_ms(n * MINUTE_MS));
        let batches: Vec<_> = ticks.flat_map(|at| plant.tick(at, 60_000)).collect();
        plain.append(&batches);
        tsdb.append(Arc::new(batches), |_| Ok(())).await.unwrap();
    }
    let range = TimeRange {
        from: start(),
        to: start().plus_ms(DAYS * DAY_MS),
    };
    let meter = plant.meter(METERS / 2);
    let series = |metric: &Metric| tsdb.find(meter, metric, Phase::Total).unwrap();
    let question = Query {
        series: vec![series(&Metric::POWER), series(&Metric::CONSUMPTION)],
        range,
        resolution: Resolution::Buckets(BucketSize::Fixed(HOUR_MS)),
        calendar: Calendar::utc(),
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..QUERIES {
        let began = Instant::now();
        let buckets = tsdb.buckets(&question).unwrap();
        ours.push(began.elapsed());
        let began = Instant::now();
        let hours = plain.hours(meter, range);
        theirs.push(began.elapsed());
        assert_eq!(
            (buckets.len(), hours.len()),
            ((DAYS * 24) as usize, (DAYS * 24) as usize)
        );
        // Two answers that differ would compare nothing.
        for (bucket, (mean_kw, _)) in buckets.iter().zip(&hours) {
            let ours_kw = bucket.columns[0].unwrap().mean();
            assert!(
                (ours_kw - mean_kw).abs() < 0.01,
                "{ours_kw} against {mean_kw}"
            );
        }
    }
    println!("\n{DAYS} days x 1 hour of one meter, power and energy ({QUERIES} times)");
    report("indusmind", &mut ours);
    report("redb, one row per value", &mut theirs);
    store.close();
}

fn report(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "  {name:<24} median {:8.3} ms   95 % {:8.3} ms   worst {:8.3} ms",
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

fn bytes(place: &Path, file: &str) -> f64 {
    std::fs::metadata(place.join(file)).unwrap().len() as f64
}

/// A number without its machine says nothing.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{model}, {cores} cores")
}
