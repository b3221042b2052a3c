//! The store as a whole: what goes in comes out, in any order, also after a restart.

use super::rollup::QUARTER_MS;
use super::*;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Reading, TimeRange, Unit};

const START: Timestamp = Timestamp::from_ms(1_795_046_400_000); // 2026-11-19T00:00:00Z

struct Plant {
    dir: tempfile::TempDir,
    store: Store,
    meter: EquipmentId,
}

impl Plant {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        Self {
            dir,
            store,
            meter: EquipmentId::new(),
        }
    }

    /// One poll at `START + ms`: power of `kw`, counter at `kwh`.
    fn poll(&self, ms: i64, kw: f64, kwh: f64) -> Batch {
        let at = START.plus_ms(ms);
        let unit = Unit::new("kW").unwrap();
        let readings = vec![
            Reading::good(Metric::POWER, Phase::Total, unit.clone(), kw),
            Reading::good(Metric::CONSUMPTION, Phase::Total, unit, kwh),
        ];
        Batch {
            equipment: self.meter,
            at,
            arrived: at,
            interval_ms: 5_000,
            readings,
        }
    }

    /// Polls of two hours at 5 s: 10 kW, then 20 kW; the counter agrees.
    fn two_hours(&self) -> Vec<Batch> {
        (0..=1440)
            .map(|n| {
                let hours = f64::from(n) / 720.0;
                let kwh = 100.0
                    + if n <= 720 {
                        10.0 * hours
                    } else {
                        10.0 + 20.0 * (hours - 1.0)
                    };
                self.poll(i64::from(n) * 5_000, if n < 720 { 10.0 } else { 20.0 }, kwh)
            })
            .collect()
    }
}

async fn append_all(tsdb: &Tsdb, batches: Vec<Batch>, group: usize) {
    for part in batches.chunks(group) {
        tsdb.append(Arc::new(part.to_vec()), |_| Ok(()))
            .await
            .unwrap();
    }
}

fn ask(tsdb: &Tsdb, meter: EquipmentId, size: BucketSize, hours: i64) -> Buckets {
    let series = vec![
        tsdb.find(meter, &Metric::POWER, Phase::Total).unwrap(),
        tsdb.find(meter, &Metric::CONSUMPTION, Phase::Total)
            .unwrap(),
    ];
    let range = TimeRange::new(START, START.plus_ms(hours * 3_600_000)).unwrap();
    let query = Query {
        series,
        range,
        resolution: Resolution::Buckets(size),
        calendar: Calendar::utc(),
    };
    tsdb.buckets(&query).unwrap()
}

pub(super) fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-6
}

#[tokio::test]
async fn energy_and_means_add_up_at_every_bucket_size() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    append_all(&tsdb, plant.two_hours(), 30).await;
    for minutes in [1, 5, 15, 30, 60] {
        let buckets = ask(&tsdb, plant.meter, BucketSize::Fixed(minutes * 60_000), 2);
        assert_eq!(i64::try_from(buckets.len()).unwrap(), 120 / minutes);
        let energy: f64 = buckets.iter().map(|b| b.columns[1].unwrap().delta).sum();
        assert!(near(energy, 30.0), "{minutes} min: {energy}");
        for (n, bucket) in (0..).zip(buckets.iter()) {
            let power = bucket.columns[0].unwrap();
            let expected = if n < 60 / minutes { 10.0 } else { 20.0 };
            assert!(
                near(power.mean(), expected),
                "{minutes} min, bucket {n}: {power:?}"
            );
            assert!(near(power.coverage(minutes * 60_000), 1.0));
        }
    }
    let day = ask(&tsdb, plant.meter, BucketSize::Day, 24);
    assert_eq!(day.len(), 1);
    assert!(near(day.get(0).unwrap().columns[1].unwrap().delta, 30.0));
}

#[tokio::test]
async fn a_gap_stays_a_gap_and_its_energy_is_not_lost() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    let mut batches = plant.two_hours();
    batches.retain(|b| !(1_800_000..5_400_000).contains(&b.at.since_ms(START)));
    append_all(&tsdb, batches, 12).await;
    let buckets = ask(&tsdb, plant.meter, BucketSize::Fixed(QUARTER_MS), 2);
    assert_eq!(buckets.len(), 8);
    let empty: Vec<_> = (0..8)
        .filter(|n| buckets.get(*n).unwrap().columns[0].is_none_or(|s| s.covered_ms == 0))
        .collect();
    assert_eq!(empty, [2, 3, 4, 5]);
    let energy: f64 = buckets
        .iter()
        .filter_map(|b| b.columns[1])
        .map(|s| s.delta)
        .sum();
    assert!(near(energy, 30.0), "{energy}");
}

#[tokio::test]
async fn a_restart_at_any_point_changes_no_figure() {
    let plant = Plant::new();
    let batches = plant.two_hours();
    for part in batches.chunks(211) {
        let tsdb = Tsdb::open(&plant.store).unwrap();
        append_all(&tsdb, part.to_vec(), 17).await;
    }
    let tsdb = Tsdb::open(&plant.store).unwrap();
    let whole = Plant::new();
    let straight = Tsdb::open(&whole.store).unwrap();
    append_all(&straight, whole.two_hours(), 17).await;
    let size = BucketSize::Fixed(QUARTER_MS);
    let (broken, straight) = (
        ask(&tsdb, plant.meter, size, 2),
        ask(&straight, whole.meter, size, 2),
    );
    assert_eq!(broken, straight);
    let latest = tsdb.latest().unwrap();
    assert_eq!(latest.len(), 2);
    assert!(latest.iter().all(|l| l.at == START.plus_ms(7_200_000)));
}

#[tokio::test]
async fn a_restart_finds_the_newest_values_of_sealed_hours_and_packed_days() {
    const LATE_MS: i64 = 2 * HOUR_MS + 1_000;
    let plant = Plant::new();
    let mut batches = vec![plant.poll(0, 1.0, 1.0), plant.poll(5 * HOUR_MS, 2.0, 2.0)];
    // From then on only the second one says something.
    batches.push(plant.poll(9 * HOUR_MS, 0.0, 3.0));
    batches[2].readings.remove(0);
    let newest = |tsdb: &Tsdb| -> Vec<(i64, Option<f64>)> {
        let all = tsdb.latest().unwrap();
        all.iter()
            .map(|l| (l.at.since_ms(START), l.value))
            .collect()
    };
    let expected = [(5 * HOUR_MS, Some(2.0)), (9 * HOUR_MS, Some(3.0))];
    let tsdb = Tsdb::open(&plant.store).unwrap();
    append_all(&tsdb, batches, 3).await;
    tsdb.seal_now().unwrap();
    drop(tsdb);
    let tsdb = Tsdb::open(&plant.store).unwrap();
    assert_eq!(newest(&tsdb), expected, "hours");
    let later = START.plus_ms(80 * HOUR_MS);
    tsdb.maintain(later).unwrap();
    // A straggler beside a packed day makes an hour of its own, which is not the newest.
    append_all(&tsdb, vec![plant.poll(LATE_MS, 1.5, 1.5)], 1).await;
    tsdb.seal_now().unwrap();
    drop(tsdb);
    let tsdb = Tsdb::open(&plant.store).unwrap();
    assert_eq!(newest(&tsdb), expected, "a packed day and a straggler");
}

#[tokio::test]
async fn late_samples_give_the_same_figures_as_timely_ones() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    let (late, timely): (Vec<_>, Vec<_>) = plant
        .two_hours()
        .into_iter()
        .partition(|b| (1_000_000..2_300_000).contains(&b.at.since_ms(START)));
    append_all(&tsdb, timely, 60).await;
    append_all(&tsdb, late, 60).await;
    let buckets = ask(&tsdb, plant.meter, BucketSize::Fixed(QUARTER_MS), 2);
    for (n, bucket) in buckets.iter().enumerate() {
        let expected = if n < 4 { 2.5 } else { 5.0 };
        let energy = bucket.columns[1].unwrap().delta;
        assert!(near(energy, expected), "quarter {n}: {energy}");
        assert!(
            near(bucket.columns[0].unwrap().coverage(QUARTER_MS), 1.0),
            "quarter {n}"
        );
    }
}

#[tokio::test]
async fn raw_points_keep_missing_values_apart_from_zero() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    let mut silent = plant.poll(5_000, 0.0, 0.0);
    for reading in &mut silent.readings {
        *reading = Reading::missing(reading.metric.clone(), reading.phase, reading.unit.clone());
    }
    let batches = vec![
        plant.poll(0, 0.0, 1.0),
        silent,
        plant.poll(10_000, 3.5, 1.0),
    ];
    append_all(&tsdb, batches, 3).await;
    let power = tsdb
        .find(plant.meter, &Metric::POWER, Phase::Total)
        .unwrap();
    let range = TimeRange::new(START, START.plus_ms(20_000)).unwrap();
    let values: Vec<_> = tsdb
        .raw(&[power], range)
        .unwrap()
        .iter()
        .map(|p| p.values[0])
        .collect();
    assert_eq!(values, [Some(0.0), None, Some(3.5)]);
}

#[tokio::test]
async fn a_refused_transaction_leaves_memory_as_it_was() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    let refuse = |_: &Transaction<'_>| Err(crate::base::Error::conflict("No."));
    let refused = tsdb
        .append(Arc::new(vec![plant.poll(0, 1.0, 1.0)]), refuse)
        .await;
    assert!(refused.is_err());
    assert!(tsdb.series_of(plant.meter).is_empty());
    append_all(&tsdb, vec![plant.poll(5_000, 1.0, 1.0)], 1).await;
    assert_eq!(tsdb.latest().unwrap().len(), 2);
}

#[tokio::test]
async fn a_tick_that_comes_twice_counts_once() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    append_all(&tsdb, plant.two_hours(), 60).await;
    append_all(&tsdb, plant.two_hours(), 60).await;
    for bucket in ask(&tsdb, plant.meter, BucketSize::Fixed(QUARTER_MS), 2).iter() {
        let power = bucket.columns[0].unwrap();
        assert_eq!(
            (power.count, i64::from(power.covered_ms)),
            (180, QUARTER_MS)
        );
    }
}

/// Polls of the minutes of some hours from `START + ms` on; the counter begins at `kwh` and grows by
/// one a minute.
fn minutes(plant: &Plant, ms: i64, kwh: f64) -> Vec<Batch> {
    (0..=60)
        .map(|n| plant.poll(ms + i64::from(n) * 60_000, 60.0, kwh + f64::from(n)))
        .collect()
}

fn energy_of(tsdb: &Tsdb, meter: EquipmentId, days: i64) -> f64 {
    let hours = ask(tsdb, meter, BucketSize::Fixed(HOUR_MS), days * 24);
    hours.iter().filter_map(|b| Some(b.columns[1]?.delta)).sum()
}

#[tokio::test]
async fn what_grew_over_a_gap_counts_once_when_its_beginning_is_forgotten() {
    // The meter is silent over the end of the month and back before, or after, the month is
    // forgotten.
    for is_back_before in [true, false] {
        let plant = Plant::new();
        let tsdb = Tsdb::open(&plant.store).unwrap();
        let days = |n: i64| n * 24 * HOUR_MS;
        append_all(&tsdb, minutes(&plant, days(10), 100.0), 60).await;
        tsdb.seal_now().unwrap();
        if is_back_before {
            append_all(&tsdb, minutes(&plant, days(14), 400.7), 60).await;
            tsdb.seal_now().unwrap();
            assert!(near(energy_of(&tsdb, plant.meter, 16), 360.7));
        }
        let keep = Keep {
            raw_days: Some(7),
            ..Keep::default()
        };
        tsdb.set_keep(keep, |_| Ok(())).await.unwrap();
        assert_eq!(
            tsdb.forget(START.plus_ms(days(20))).unwrap(),
            ["raw-2026-11"]
        );
        if !is_back_before {
            append_all(&tsdb, minutes(&plant, days(14), 400.7), 60).await;
            assert!(near(energy_of(&tsdb, plant.meter, 16), 360.7));
            tsdb.seal_now().unwrap();
        }
        // A straggler folds the end of the gap again.
        let late = plant.poll(days(14) + 1_830_000, 60.0, 431.2);
        append_all(&tsdb, vec![late], 1).await;
        assert!(near(energy_of(&tsdb, plant.meter, 16), 360.7));
        tsdb.seal_now().unwrap();
        assert!(near(energy_of(&tsdb, plant.meter, 16), 360.7));
    }
}

#[tokio::test]
async fn a_counter_whose_end_of_an_hour_rotted_is_counted_from_the_one_before() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    append_all(&tsdb, minutes(&plant, 0, 100.0), 60).await;
    append_all(&tsdb, minutes(&plant, HOUR_MS, 160.0), 60).await;
    // The last reading of the second hour is not believed yet.
    append_all(
        &tsdb,
        vec![plant.poll(2 * HOUR_MS - 30_000, 60.0, 9_000.0)],
        1,
    )
    .await;
    tsdb.seal_now().unwrap();
    let second = (START.ms() + HOUR_MS) / HOUR_MS;
    let volume = tsdb.blocks.volume(Level::Hour, START.ms()).unwrap();
    let device = super::series::Device(0);
    volume
        .write(|transaction| {
            put::put_counters(transaction, u32::try_from(second).unwrap(), device, &[])
        })
        .unwrap();
    append_all(&tsdb, minutes(&plant, 2 * HOUR_MS, 220.0), 60).await;
    assert!(near(energy_of(&tsdb, plant.meter, 4), 180.0));
    tsdb.seal_now().unwrap();
    assert!(near(energy_of(&tsdb, plant.meter, 4), 180.0));
}

/// What a check told of.
struct Told(Vec<(String, &'static str)>);

impl Listener for Told {
    fn damage(&mut self, damage: &Damage) {
        self.0.push((damage.volume.clone(), damage.span));
    }

    fn progress(&mut self, _: usize, _: usize, _: Verified) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
}

#[tokio::test]
async fn a_file_of_readings_that_does_not_open_does_not_end_the_check() {
    let plant = Plant::new();
    let tsdb = Tsdb::open(&plant.store).unwrap();
    append_all(&tsdb, plant.two_hours(), 100).await;
    tsdb.seal_now().unwrap();
    let all = tsdb.blocks.list().unwrap();
    let mut told = Told(Vec::new());
    let sound = tsdb.verify(&mut told).unwrap();
    assert_eq!((sound.volumes, told.0.len()), (all.len(), 0));
    tsdb.blocks.close();
    for info in &all {
        let path = (plant.dir.path().join(FOLDER)).join(format!("{}.redb", info.name));
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, b"not a file of readings").unwrap();
        let mut told = Told(Vec::new());
        let verified = tsdb.verify(&mut told).unwrap();
        assert_eq!(verified.volumes, all.len(), "{}", info.name);
        assert!(
            told.0.contains(&(info.name.clone(), "file")),
            "{told:?}",
            told = told.0
        );
        let others = told.0.iter().filter(|(volume, _)| *volume != info.name);
        assert_eq!(others.count(), 0, "{told:?}", told = told.0);
        tsdb.blocks.close();
        std::fs::write(&path, whole).unwrap();
    }
}
