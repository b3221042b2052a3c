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
