//! Meters that are read seldom: what they used belongs to the quarters in which they used it.

use super::*;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Batch, EquipmentId, Metric, Phase, Reading, TimeRange, Unit};
use crate::store::Store;
use crate::tsdb::rollup::QUARTER_MS;
use crate::tsdb::tests::near;
use crate::tsdb::{HOUR_MS, MINUTE_MS, Query, Resolution, Tsdb};
use std::sync::Arc;

const START: i64 = 1_795_046_400_000; // 2026-11-19T00:00:00Z
const HOURS: i64 = 9;

/// A reading of a load of 60 kW that goes on for ever: a unit a minute.
fn reading(meter: EquipmentId, minute: i64, every: i64) -> Batch {
    let at = Timestamp::from_ms(START + minute * MINUTE_MS);
    let kwh = f64::from(u32::try_from(1_000 + minute).unwrap());
    let unit = Unit::new("kWh").unwrap();
    Batch {
        equipment: meter,
        at,
        arrived: at,
        interval_ms: u32::try_from(every * MINUTE_MS).unwrap(),
        readings: vec![Reading::good(Metric::CONSUMPTION, Phase::Total, unit, kwh)],
    }
}

/// Energy of each bucket of the nine hours.
fn energy(tsdb: &Tsdb, meter: EquipmentId, step: i64) -> Vec<f64> {
    let series = tsdb.find(meter, &Metric::CONSUMPTION, Phase::Total);
    let (from, to) = (START, START + HOURS * HOUR_MS);
    let query = Query {
        series: vec![series.unwrap()],
        range: TimeRange::new(Timestamp::from_ms(from), Timestamp::from_ms(to)).unwrap(),
        resolution: Resolution::Buckets(BucketSize::Fixed(step)),
        calendar: Calendar::utc(),
    };
    let buckets = tsdb.buckets(&query).unwrap();
    let energy = buckets
        .iter()
        .map(|b| b.columns[0].map_or(0.0, |row| row.delta));
    energy.collect()
}

async fn append(tsdb: &Tsdb, batches: Vec<Batch>) {
    tsdb.append(Arc::new(batches), |_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn a_steady_load_that_is_read_seldom_has_no_peaks() {
    for every in [7, 10, 20, 60] {
        for off in [0, 4] {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path(), "test").unwrap();
            let meter = EquipmentId::new();
            let mut tsdb = Tsdb::open(&store).unwrap();
            let until = HOURS * 60 + off;
            for minute in (off - every..=until + every).step_by(usize::try_from(every).unwrap()) {
                append(&tsdb, vec![reading(meter, minute + 100, every)]).await;
                // Sealed between any two readings, and by another process.
                if minute % 3 == 0 {
                    tsdb.seal_now().unwrap();
                } else if minute % 3 == 1 {
                    tsdb = Tsdb::open(&store).unwrap();
                }
            }
            let quarters = energy(&tsdb, meter, QUARTER_MS);
            // The first reading stands somewhere in the second hour.
            let peaks: Vec<_> = quarters[9..]
                .iter()
                .filter(|kwh| !near(**kwh, 15.0))
                .collect();
            assert!(peaks.is_empty(), "every {every}, off {off}: {quarters:?}");
            let hours = energy(&tsdb, meter, HOUR_MS);
            assert!(hours[3..].iter().all(|kwh| near(*kwh, 60.0)), "{hours:?}");
        }
    }
}

#[tokio::test]
async fn what_an_earlier_version_booked_stays_and_all_adds_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "test").unwrap();
    let meter = EquipmentId::new();
    // An earlier version wrote nothing down about this, and cut nothing.
    let never = Parted {
        from: Timestamp::from_ms(2 * START),
    };
    let put = store.write_blocking(move |transaction| PARTED.put(transaction, ONLY, &never));
    put.unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let early = (2..=26).map(|n| reading(meter, n * 10 + 7, 10));
    append(&tsdb, early.collect()).await;
    tsdb.seal_now().unwrap();
    let before = energy(&tsdb, meter, QUARTER_MS);
    assert!(
        before.contains(&20.0) && before.contains(&10.0),
        "{before:?}"
    );
    drop(tsdb);
    let forgotten = store.write_blocking(|transaction| PARTED.remove(transaction, ONLY));
    assert!(forgotten.unwrap());

    let tsdb = Tsdb::open(&store).unwrap();
    let day = START + 24 * HOUR_MS;
    assert_eq!(tsdb.state().counters.parted_from, day);
    // It goes on over the end of the day, and a late reading comes for each hour that is sealed.
    let later = (27..=160).map(|n| reading(meter, n * 10 + 7, 10));
    append(&tsdb, later.collect()).await;
    tsdb.seal_now().unwrap();
    assert_eq!(since(&store.read().unwrap()).unwrap(), Some(day));
    assert_eq!(energy(&tsdb, meter, QUARTER_MS)[..16], before[..16]);
    let total = |tsdb: &Tsdb| energy(tsdb, meter, QUARTER_MS).iter().sum::<f64>();
    // The last reading at or before the end of the nine hours was at minute 537.
    assert!((total(&tsdb) - 510.0).abs() < 1e-9);
    for hour in [0, 1, 3, 4, 5, 22, 23, 24] {
        append(&tsdb, vec![reading(meter, hour * 60 + 58, 10)]).await;
        tsdb.seal_now().unwrap();
        assert!((total(&tsdb) - 510.0).abs() < 1e-9, "{hour}");
    }
}
