//! How fast readings are stored and answered on this machine, beside SQLite in the same run.
//! `make bench` prints it; nothing here passes or fails. `INDUSMIND_BENCH=full` takes a month of
//! history instead of three days, and 6 GB of it for the restart. `make bench-peers` asks other
//! servers the same questions. `cargo bench --profile release --bench bench -- only ticks` (or
//! `questions`, `restart`, `cold`) does one part, for a profiler.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod cold;
mod entropy;
mod export;
mod fixture;
mod fleet;
mod generator;
mod load;
mod measure;
mod ours;
mod peers;
mod queries;
mod questions;
mod report;
mod restart;
mod served;
mod sqlite;
#[allow(dead_code)] // the tests use more of it
#[path = "../support/mod.rs"]
mod support;
mod ticks;

use fixture::Shape;
use generator::Kind;
use std::path::Path;

const METERS: u32 = 10;
/// Two years of hourly readings.
const MONTHS_DAYS: i64 = 730;
/// What the restart after a kill has to cope with, bytes.
const BIG_HISTORY: u64 = 6_000_000_000;

fn main() {
    // As the appliance does it.
    indusmind::base::glibc::share_heaps();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [served::COMMAND, data, now_ms] => runtime.block_on(served::serve(data, now_ms)),
        // Behind it stands what the build tool adds.
        ["peers", programs, ..] => runtime.block_on(peers(Path::new(programs))),
        ["only", "cold", ..] => runtime.block_on(cold::run()),
        ["only", "ticks", ..] => runtime.block_on(ticks()),
        ["only", "questions", ..] => runtime.block_on(questions_of_days()),
        ["only", "restart", ..] => runtime.block_on(restart::run_with(BIG_HISTORY)),
        _ => runtime.block_on(bench()),
    }
}

fn full() -> bool {
    std::env::var("INDUSMIND_BENCH").is_ok_and(|size| size == "full")
}

/// Ten meters that are read every five seconds.
fn registers() -> Shape {
    Shape {
        kind: Kind::Quantised,
        meters: METERS,
        days: if full() { 30 } else { 3 },
        interval_ms: 5_000,
    }
}

fn introduce() {
    println!(
        "{}",
        measure::machine(Path::new(env!("CARGO_TARGET_TMPDIR")))
    );
    println!(
        "indusmind {} (profile release, without LTO) beside SQLite {} (bundled, WAL, synchronous=FULL); size {}",
        env!("CARGO_PKG_VERSION"),
        rusqlite::version(),
        if full() {
            "full"
        } else {
            "quick (INDUSMIND_BENCH=full takes 30 days)"
        },
    );
}

async fn peers(programs: &Path) {
    introduce();
    peers::run(registers(), programs).await;
}

async fn bench() {
    introduce();
    println!();
    entropy::print();
    ticks().await;
    let registers = registers();
    let floats = Shape {
        kind: Kind::NoisyFloat,
        days: 1,
        ..registers
    };
    let months = Shape {
        // The last sample still stands for time to come: a day more than is asked for.
        days: MONTHS_DAYS + 1,
        interval_ms: questions::HOUR_MS,
        ..registers
    };
    drop(load::run(floats).await);
    let mut set = load::run(months).await;
    queries::run(&mut set, &[questions::of_months(MONTHS_DAYS, METERS)]).await;
    drop(set);
    questions_of_days().await;
    if full() {
        restart::run_with(BIG_HISTORY).await;
    }
}

async fn ticks() {
    let (beats, many) = if full() { (1_000, 400) } else { (400, 200) };
    ticks::run(&[(50, beats), (500, beats), (5_000, many)]).await;
}

async fn questions_of_days() {
    let registers = registers();
    let mut set = load::run(registers).await;
    export::run(&set);
    queries::run(&mut set, &questions::of_days(registers.days, METERS)).await;
    restart::run(&set.place()).await;
}
