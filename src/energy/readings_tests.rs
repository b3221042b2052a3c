//! What a bill reads, beside what a chart shows.

use super::*;
use crate::base::{Batch, Reading, Unit};
use crate::energy::{Extras, HistoryQuery};
use crate::store::Store;
use crate::tsdb::Tsdb;
use std::sync::Arc;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;
/// 2026-11-21T00:00 at Tunis.
const START: Timestamp = Timestamp::from_ms(1_795_215_600_000);

#[test]
fn amounts_are_rounded_as_people_do() {
    assert_eq!(round_to(1_499, 1_000), 1_000);
    assert_eq!(round_to(1_500, 1_000), 2_000);
    assert_eq!(round_to(-1_500, 1_000), -2_000);
    assert_eq!(round_to(-1_499, 1_000), -1_000);
    assert_eq!(to_mwh(12.345_678), 12_345_678);
    assert!((to_kwh(12_345_678) - 12.345_678).abs() < 1e-12);
}

/// Two days of a meter with counters and power and of one that tells power only, with a silence of
/// three hours in each.
fn batches(meters: [EquipmentId; 2]) -> Vec<Batch> {
    let mut batches = Vec::new();
    for minute in (0..2 * 1_440).filter(|n| !(300..480).contains(n)) {
        let n = f64::from(minute);
        let reading = |name: &str, value: f64| {
            let metric = Metric::new(name).unwrap();
            Reading::good(metric, Phase::Total, Unit::none(), value)
        };
        let power = reading("power", 20.0 + (n / 7.0).sin() * 5.0);
        let counters = vec![
            reading("consumption", 1_000.0 + n * 0.37),
            reading("export_energy", 50.0 + n * 0.013),
            reading("reactive_energy", 10.0 + n * 0.11),
            power.clone(),
        ];
        let at = START.plus_ms(i64::from(minute) * MINUTE_MS);
        for (equipment, readings) in meters.into_iter().zip([counters, vec![power]]) {
            batches.push(Batch {
                equipment,
                at,
                arrived: at,
                interval_ms: 60_000,
                readings,
            });
        }
    }
    batches
}

#[tokio::test]
async fn what_a_bill_reads_is_what_a_chart_shows() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), "test").unwrap();
    let tsdb = Arc::new(Tsdb::open(&store).unwrap());
    let meters = [EquipmentId::new(), EquipmentId::new()];
    let all = Arc::new(batches(meters));
    tsdb.append(all, |_| Ok(())).await.unwrap();
    let history = SiteHistory::new(tsdb);
    let calendar = Calendar::new("Africa/Tunis").unwrap();
    let range = TimeRange {
        from: START,
        to: START.plus_ms(3 * DAY_MS),
    };
    let named = ["consumption", "export_energy", "reactive_energy"];
    let named = named.map(|name| Metric::new(name).unwrap());
    for (meter, metrics) in [(meters[0], &named[..]), (meters[1], &named[..1])] {
        for size in [BucketSize::Fixed(10 * MINUTE_MS), BucketSize::Day] {
            let lists = history
                .cells_of(meter, metrics, range, size, &calendar)
                .unwrap();
            for (metric, cells) in metrics.iter().zip(&lists) {
                let query = HistoryQuery {
                    equipment: vec![meter],
                    range,
                    resolution: Resolution::Buckets(size),
                    metric: history.coverage_metric(meter, metric),
                    phase: Phase::Total,
                    calendar: calendar.clone(),
                };
                let points = history.points_with(&query, Extras::default()).unwrap();
                assert_eq!(cells.len(), points.len());
                for ((cell, length_ms), point) in cells.iter().zip(&points) {
                    let energy = match *metric == Metric::CONSUMPTION {
                        true => point.consumption,
                        false => point.value,
                    };
                    assert_eq!(cell.start, point.timestamp);
                    assert_eq!(cell.mwh, energy.map(to_mwh), "{metric} at {}", cell.start);
                    let coverage = point.coverage.flatten().unwrap_or(0.0);
                    assert!((cell.coverage - coverage).abs() < 1e-12);
                    assert!(*length_ms == 10 * MINUTE_MS || *length_ms == DAY_MS);
                }
            }
        }
    }
    // A quantity that was never read is no list of gaps.
    let unknown = Metric::new("export_energy").unwrap();
    let size = BucketSize::Day;
    assert!(
        history
            .cells(meters[1], &unknown, range, size, &calendar)
            .is_err()
    );
}
