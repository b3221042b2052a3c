//! Questions about many devices.

use super::*;
use crate::base::{Batch, EquipmentId, Metric, Phase, Reading, Unit};
use crate::store::Store;
use std::sync::Arc;

const START: Timestamp = Timestamp::from_ms(1_793_044_800_000);

/// Means of an hour, by the minute, of these series.
fn minutes(tsdb: &Tsdb, series: Vec<SeriesId>) -> Vec<Vec<Option<f64>>> {
    let query = Query {
        series,
        range: TimeRange::new(START, START.plus_ms(HOUR_MS)).unwrap(),
        resolution: Resolution::Buckets(BucketSize::Fixed(MINUTE_MS)),
        calendar: Calendar::new("UTC").unwrap(),
    };
    let buckets = tsdb.buckets(&query).unwrap();
    let means = |bucket: crate::tsdb::Bucket<'_>| {
        let columns = bucket.columns.iter();
        columns.map(|row| row.map(|row| row.mean())).collect()
    };
    buckets.iter().map(means).collect()
}

#[tokio::test]
async fn many_devices_are_answered_as_each_of_them_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "many").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let devices: Vec<_> = (0..7).map(|_| EquipmentId::new()).collect();
    let mut batches = Vec::new();
    for (number, equipment) in (0_i32..).zip(&devices) {
        for minute in 0..60 {
            let value = f64::from(number * 1_000 + minute);
            let unit = Unit::new("kW").unwrap();
            let at = START.plus_ms(i64::from(minute) * MINUTE_MS);
            batches.push(Batch {
                equipment: *equipment,
                at,
                arrived: at,
                interval_ms: 60_000,
                readings: vec![Reading::good(Metric::POWER, Phase::Total, unit, value)],
            });
        }
    }
    tsdb.append(Arc::new(batches), |_| Ok(())).await.unwrap();
    let find = |id: &EquipmentId| tsdb.find(*id, &Metric::POWER, Phase::Total).unwrap();
    let series: Vec<_> = devices.iter().rev().map(find).collect();
    for _ in 0..2 {
        let together = minutes(&tsdb, series.clone());
        for (column, (id, last)) in series
            .iter()
            .zip([6_059.0, 5_059.0, 4_059.0, 3_059.0, 2_059.0, 1_059.0, 59.0])
            .enumerate()
        {
            let alone = minutes(&tsdb, vec![*id]);
            assert_eq!(alone[59][0], Some(last));
            for (one, all) in alone.iter().zip(&together) {
                assert_eq!(one[0], all[column], "column {column}");
            }
        }
        tsdb.seal_now().unwrap();
    }
}

/// Four days of a counter and its power, read each minute, with an hour of silence in the last one.
async fn days(tsdb: &Tsdb) -> Vec<SeriesId> {
    let equipment = EquipmentId::new();
    let (kw, kwh) = (Unit::new("kW").unwrap(), Unit::new("kWh").unwrap());
    let batch = |minute: i64| {
        let at = START.plus_ms(minute * MINUTE_MS);
        let n = f64::from(u32::try_from(minute).unwrap());
        let readings = vec![
            Reading::good(Metric::POWER, Phase::Total, kw.clone(), n % 7.0),
            Reading::good(Metric::CONSUMPTION, Phase::Total, kwh.clone(), n / 2.0),
        ];
        Batch {
            equipment,
            at,
            arrived: at,
            interval_ms: 60_000,
            readings,
        }
    };
    let silent = 3 * 1_440 + 60..3 * 1_440 + 120;
    let minutes = (0..4 * 1_440).filter(|minute| !silent.contains(minute));
    let all = minutes.map(batch).collect();
    tsdb.append(Arc::new(all), |_| Ok(())).await.unwrap();
    let of = |metric| tsdb.find(equipment, &metric, Phase::Total).unwrap();
    vec![of(Metric::POWER), of(Metric::CONSUMPTION)]
}

#[tokio::test]
async fn of_a_last_bucket_only_what_lies_before_the_end_is_told_whatever_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "within").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let series = days(&tsdb).await;
    let ask = |size, minutes: i64| Query {
        series: series.clone(),
        range: TimeRange::new(START, START.plus_ms(minutes * MINUTE_MS)).unwrap(),
        resolution: Resolution::Buckets(size),
        calendar: Calendar::new("Europe/Paris").unwrap(),
    };
    for sealed in [false, true] {
        if sealed {
            tsdb.seal_now().unwrap();
        }
        let hour = BucketSize::Fixed(HOUR_MS);
        for size in [hour, BucketSize::Day, BucketSize::Week, BucketSize::Month] {
            for minutes in [17, 60, 450, 1_440, 3 * 1_440 + 75, 3 * 1_440 + 200] {
                let found = tsdb.buckets_within(&ask(size, minutes)).unwrap();
                let whole = tsdb.buckets(&ask(size, minutes)).unwrap();
                let fine = tsdb.buckets(&ask(BucketSize::Fixed(MINUTE_MS), minutes));
                let fine = fine.unwrap();
                assert_eq!(found.len(), whole.len());
                for (one, other) in found.iter().zip(whole.iter()) {
                    assert_eq!((one.start, one.end), (other.start, other.end));
                    let parts = fine
                        .iter()
                        .filter(|p| one.start <= p.start && p.start < one.end);
                    let (mut sum, mut substituted) = (vec![None::<Summary>; 2], [0.0; 2]);
                    for part in parts {
                        for column in 0..2 {
                            substituted[column] += part.substituted(column);
                            match (&mut sum[column], &part.columns[column]) {
                                (Some(sum), Some(row)) => sum.merge(row),
                                (empty, Some(row)) => *empty = Some(*row),
                                (_, None) => {}
                            }
                        }
                    }
                    for column in 0..2 {
                        let told = |summary: &Summary| {
                            let micro = (summary.delta * 1e6).round();
                            (
                                summary.count,
                                summary.covered_ms,
                                micro,
                                summary.weighted_sum.round(),
                            )
                        };
                        let place = format!("{size:?} of {minutes}, from {}", one.start);
                        let (found, expected) = (one.columns[column], sum[column]);
                        assert_eq!(
                            found.as_ref().map(told),
                            expected.as_ref().map(told),
                            "{place}"
                        );
                        // It is told by rows: a coarse one has more that was read in it.
                        let (rows, minutes) = (one.substituted(column), substituted[column]);
                        assert!(rows + 1e-6 >= minutes, "{place}: {rows} of {minutes}");
                        assert_eq!(rows == 0.0, minutes == 0.0, "{place}");
                    }
                }
            }
        }
    }
}
