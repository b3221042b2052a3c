//! An archive of readings, loaded: CPU and bytes per sample.

use crate::fixture::{Set, Shape};
use crate::generator::Kind;
use crate::measure::Times;
use crate::report::{Table, figure, ratio};

/// Loads a set and prints what it cost.
pub(crate) async fn run(shape: Shape) -> Set {
    let set = Set::load(shape).await;
    let kind = match shape.kind {
        Kind::Quantised => "registers",
        Kind::NoisyFloat => "noisy floats, late by some ms",
    };
    let title = format!(
        "load of {} meters x {} d x {} s, {kind}: {:.1} M samples",
        shape.meters,
        shape.days,
        shape.interval_ms / 1_000,
        set.samples / 1e6
    );
    let mut table = Table::new(&title, &["", "indusmind", "SQLite", "ratio"]);
    let (ours, theirs, roll_up) = (&set.our_load, &set.their_load, &set.their_roll_up);
    let us = |seconds: f64| seconds * 1e6 / set.samples;
    let both = |times: fn(&Times) -> f64| (us(times(ours)), us(times(theirs) + times(roll_up)));
    let (a, b) = both(|times| times.cpu_s);
    let name = "CPU us/sample, with rollups".to_owned();
    table.line([name, figure(a), figure(b), ratio(b, a)]);
    let b = us(theirs.cpu_s);
    let name = "CPU us/sample, SQLite without rollups".to_owned();
    table.line([name, figure(a), figure(b), ratio(b, a)]);
    let (a, b) = both(Times::wall_s);
    let name = "wall us/sample, with rollups".to_owned();
    table.line([name, figure(a), figure(b), ratio(b, a)]);
    let (raw, all) = set.ours().bytes();
    let per = |bytes: u64| bytes as f64 / set.samples;
    let b = per(set.their_raw_bytes);
    let raw = raw.map(per);
    table.line([
        "bytes/sample, raw".to_owned(),
        raw.map_or_else(|| "-".to_owned(), figure),
        figure(b),
        raw.map_or_else(|| "-".to_owned(), |a| ratio(b, a)),
    ]);
    let (a, b) = (per(all), per(set.sqlite.bytes()));
    let name = "bytes/sample, with rollups".to_owned();
    table.line([name, figure(a), figure(b), ratio(b, a)]);
    table.print();
    set
}
