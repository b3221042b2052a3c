//! How much there is to store: the order-0 entropy of the differences from tick to tick, in steps
//! of the register. A store cannot be much smaller without knowing more than the last value; data
//! with less than that would flatter.

use crate::generator::{Kind, METRICS, Meter};
use std::collections::HashMap;

const METERS: u32 = 10;
const DAY_OF_TICKS: usize = 17_280;
const DAYS: usize = 7;
/// A Monday at midnight, ms since 1970.
const START_MS: i64 = 1_772_409_600_000;

/// Prints bits per value for each metric and the mean.
pub(crate) fn print() {
    let mut bits = [0.0; METRICS.len()];
    for number in 0..METERS {
        let meter = Meter::new(Kind::Quantised, number, START_MS, 5_000);
        let ticks: Vec<_> = meter.take(DAY_OF_TICKS * DAYS).collect();
        for (metric, sum) in bits.iter_mut().enumerate() {
            let step = 10_f64.powi(i32::from(METRICS[metric].places));
            let steps = |tick: &crate::generator::Tick| (tick.values[metric] * step).round() as i64;
            let differences = ticks
                .windows(2)
                .map(|pair| steps(&pair[1]) - steps(&pair[0]));
            *sum += entropy(differences) / f64::from(METERS);
        }
    }
    println!("data: bits of order-0 entropy per value, {METERS} meters, {DAYS} days at 5 s");
    for (spec, bits) in METRICS.iter().zip(bits) {
        println!("  {:<16}{bits:6.2}", spec.metric);
    }
    println!("  {:<16}{:6.2}", "mean", bits.iter().sum::<f64>() / 10.0);
}

fn entropy(values: impl Iterator<Item = i64>) -> f64 {
    let mut counts: HashMap<i64, u64> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let all = counts.values().sum::<u64>() as f64;
    let share = |count: &u64| *count as f64 / all;
    -counts
        .values()
        .map(|count| share(count) * share(count).log2())
        .sum::<f64>()
}
