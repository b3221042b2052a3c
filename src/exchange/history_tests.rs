//! Windows of a file: nothing twice, nothing left out, and an end where the file is full.

use super::*;
use crate::base::time::Calendar;
use crate::base::{Batch, Reading, Unit};
use crate::exchange::Csv;
use crate::store::Store;
use crate::tsdb::Tsdb;
use std::sync::Arc;

const START: Timestamp = Timestamp::from_ms(1_795_249_800_000);

struct Place {
    _directory: tempfile::TempDir,
    history: SiteHistory,
    meters: Vec<EquipmentId>,
}

/// Readings of two meters at these milliseconds after the start.
async fn place(first: impl Iterator<Item = i64>, second: impl Iterator<Item = i64>) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), "test").unwrap();
    let tsdb = Arc::new(Tsdb::open(&store).unwrap());
    let meters = vec![EquipmentId::new(), EquipmentId::new()];
    let batch = |equipment: EquipmentId, ms: i64| Batch {
        equipment,
        at: START.plus_ms(ms),
        arrived: START.plus_ms(ms),
        interval_ms: 100,
        readings: vec![Reading::good(
            Metric::POWER,
            Phase::Total,
            Unit::none(),
            1.5,
        )],
    };
    let mut batches: Vec<_> = first.map(|ms| batch(meters[0], ms)).collect();
    batches.extend(second.map(|ms| batch(meters[1], ms)));
    tsdb.append(Arc::new(batches), |_| Ok(())).await.unwrap();
    Place {
        _directory: directory,
        history: SiteHistory::new(tsdb),
        meters,
    }
}

fn file(place: &Place, meters: &[EquipmentId], to: Timestamp, rows_max: usize) -> Result<String> {
    let export = HistoryExport {
        history: place.history.clone(),
        query: HistoryQuery {
            equipment: meters.to_vec(),
            range: TimeRange { from: START, to },
            resolution: Resolution::Raw,
            metric: Metric::POWER,
            phase: Phase::Total,
            calendar: Calendar::utc(),
        },
        columns: vec![Column::Power, Column::Min, Column::Value],
        rows_max,
    };
    let mut whole = Vec::new();
    let mut hand_on = |piece: Vec<u8>| {
        whole.extend(piece);
        Ok(())
    };
    let mut table = Csv::new(&mut hand_on);
    export.run(&mut table)?;
    table.finish()?;
    Ok(String::from_utf8(whole).unwrap())
}

#[tokio::test]
async fn a_dense_hour_and_a_year_of_nothing_are_both_walked() {
    // More ticks in a few minutes than one read gives, then a year later one more.
    let year_ms = 366 * 86_400_000;
    let times = (0..12_000).map(|n| n * 40).chain([year_ms]);
    let place = place(times, std::iter::empty()).await;
    let to = START.plus_ms(year_ms + 1);
    let text = file(&place, &place.meters[..1], to, ROWS_MAX).unwrap();
    let rows: Vec<_> = text.lines().collect();
    assert_eq!(rows[0], "timestamp,power,min,value");
    assert_eq!(rows.len(), 1 + 12_001);
    assert!(rows[1..].is_sorted(), "in order");
    let mut times = rows[1..].to_vec();
    times.dedup();
    assert_eq!(times.len(), 12_001, "nothing twice");
    let last = START.plus_ms(year_ms);
    assert_eq!(rows[12_001], format!("{last},1.5,,1.5"));
}

#[tokio::test]
async fn a_full_file_says_where_to_go_on() {
    let place = place((0..10).map(|n| n * 1_000), (0..10).map(|n| n * 1_000 + 500)).await;
    let to = START.plus_ms(60_000);
    let text = file(&place, &place.meters, to, 7).unwrap();
    let rows: Vec<_> = text.lines().collect();
    assert_eq!(rows.len(), 1 + 7 + 1);
    let next = START.plus_ms(3_500);
    let remark = "cut off: a file has at most 7 rows; ask again from=";
    assert_eq!(rows[8], format!("\"# {remark}{next}\""));
    let whole = file(&place, &place.meters, to, 20).unwrap();
    assert_eq!(whole.lines().count(), 21);
    assert!(
        !whole.contains("cut off"),
        "a file that is just full is whole"
    );
}

#[tokio::test]
async fn a_taker_who_is_gone_stops_the_work() {
    let place = place((0..30_000).map(|n| n * 1_000), std::iter::empty()).await;
    let export = HistoryExport {
        history: place.history.clone(),
        query: HistoryQuery {
            equipment: place.meters[..1].to_vec(),
            range: TimeRange {
                from: START,
                to: START.plus_ms(30_000_000),
            },
            resolution: Resolution::Raw,
            metric: Metric::POWER,
            phase: Phase::Total,
            calendar: Calendar::utc(),
        },
        columns: vec![Column::Power],
        rows_max: ROWS_MAX,
    };
    let mut pieces = 0;
    let mut hand_on = |_| {
        pieces += 1;
        Err(Error::unavailable("Nobody is there."))
    };
    let mut table = Csv::new(&mut hand_on);
    assert!(export.run(&mut table).is_err());
    drop(table);
    assert_eq!(pieces, 1);
}

#[tokio::test]
async fn no_energy_is_lost_between_the_windows_of_buckets() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), "test").unwrap();
    let tsdb = Arc::new(Tsdb::open(&store).unwrap());
    let meter = EquipmentId::new();
    let minutes = 3 * i64::try_from(BUCKETS_PER_WINDOW).unwrap() / 2;
    let batch = |minute: i64| {
        let at = START.plus_ms(minute * 60_000);
        let kwh = f64::from(i32::try_from(minute).unwrap()) / 4.0;
        Batch {
            equipment: meter,
            at,
            arrived: at,
            interval_ms: 300_000,
            readings: vec![Reading::good(
                Metric::CONSUMPTION,
                Phase::Total,
                Unit::none(),
                kwh,
            )],
        }
    };
    let batches = (0..=minutes / 5).map(|n| batch(n * 5)).collect();
    tsdb.append(Arc::new(batches), |_| Ok(())).await.unwrap();
    let export = HistoryExport {
        history: SiteHistory::new(tsdb),
        query: HistoryQuery {
            equipment: vec![meter],
            range: TimeRange {
                from: START,
                to: START.plus_ms(minutes * 60_000),
            },
            resolution: Resolution::Buckets(BucketSize::Fixed(60_000)),
            metric: Metric::CONSUMPTION,
            phase: Phase::Total,
            calendar: Calendar::utc(),
        },
        columns: vec![Column::Consumption],
        rows_max: ROWS_MAX,
    };
    let mut whole = Vec::new();
    let mut hand_on = |piece: Vec<u8>| {
        whole.extend(piece);
        Ok(())
    };
    let mut table = Csv::new(&mut hand_on);
    export.run(&mut table).unwrap();
    table.finish().unwrap();
    let text = String::from_utf8(whole).unwrap();
    let cells: Vec<_> = text
        .lines()
        .skip(1)
        .map(|row| row.split_once(',').unwrap())
        .collect();
    assert_eq!(i64::try_from(cells.len()).unwrap(), minutes);
    let sum: f64 = cells
        .iter()
        .filter_map(|(_, cell)| cell.parse::<f64>().ok())
        .sum();
    // Every delta is a multiple of a quarter: the sum is exact.
    let all = f64::from(i32::try_from(minutes).unwrap()) / 4.0;
    assert!((sum - all).abs() < 1e-9, "{sum} of {all} kWh");
}
