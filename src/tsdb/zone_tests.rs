//! Energy of days, and of the quarters and hours in them, beside what the counter grew by: in five
//! time zones, through days of 23 to 25 hours, past the end of the register, zeros, a silence and an
//! exchange of meters. No tolerance.

use super::*;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Reading, TimeRange, Unit, UserId};
use std::collections::BTreeSet;

/// Paris, New York and St. John's change by an hour, Lord Howe by half of one, Kolkata never does
/// and is half an hour beside the others.
const ZONES: [&str; 5] = [
    "Europe/Paris",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
];
/// 2026-03-06 and 2026-10-02: within 32 days of each, every zone that changes its clocks does.
const SPANS: [i64; 2] = [1_772_755_200_000, 1_790_899_200_000];
const DAYS: i64 = 32;
const EVERY_MS: i64 = 5 * MINUTE_MS;
/// The register begins again here, in tenths of a kWh.
const END: i64 = 100_000;

/// What is told, and what is true of it.
struct History {
    /// At each instant of a reading, tenths of a kWh that were used until then.
    truth: BTreeMap<i64, i64>,
    /// What was read.
    read: Vec<(i64, i64)>,
    /// When the meter was exchanged, what the old one showed, what the new one began with.
    exchanged: (i64, i64, i64),
}

/// Instants at which a day begins in one of the zones.
fn midnights() -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    for zone in ZONES {
        let calendar = Calendar::new(zone).unwrap();
        for from in SPANS {
            let mut day = calendar.bucket_start(Timestamp::from_ms(from), BucketSize::Day);
            while day.ms() < from + DAYS * DAY_MS {
                found.insert(day.ms());
                day = calendar.next_bucket(day, BucketSize::Day);
            }
        }
    }
    found
}

fn history() -> History {
    let (midnights, mut rng) = (midnights(), 1u64);
    let mut random = |below: i64| {
        rng = rng
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(rng >> 33).unwrap() % below
    };
    let mut told = History {
        truth: BTreeMap::new(),
        read: Vec::new(),
        exchanged: (0, 0, 0),
    };
    let (mut used, mut shows) = (0, 7);
    for from in SPANS {
        for n in 0..DAYS * DAY_MS / EVERY_MS {
            let at = from + n * EVERY_MS;
            let of_day = at.rem_euclid(DAY_MS);
            if n > 0 {
                let grown = 1 + random(60);
                (used, shows) = (used + grown, (shows + grown) % END);
            }
            // On the tenth day of the first span, between two readings.
            if from == SPANS[0] && at == from + 10 * DAY_MS + 9 * HOUR_MS {
                told.exchanged = (at + 2_000, shows, 123);
            }
            told.truth.insert(at, used);
            // On the twentieth day nothing is read for five hours and a half.
            let silent = (n * EVERY_MS).div_euclid(DAY_MS) == 20
                && (6 * HOUR_MS..12 * HOUR_MS - 30 * MINUTE_MS).contains(&of_day);
            let blip = random(150) == 0 && !midnights.contains(&at);
            if !silent {
                told.read.push((at, if blip { 0 } else { shows }));
            }
            if told.exchanged.0 == at + 2_000 {
                shows = told.exchanged.2;
            }
        }
    }
    told
}

fn tenths(units: i64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // far below 2^53
    let units = units as f64;
    units / 10.0
}

/// Whole tenths of a kWh; anything else is an error of its own.
fn units(kwh: f64) -> i64 {
    let scaled = kwh * 10.0;
    assert!((scaled - scaled.round()).abs() < 1e-6, "{kwh} kWh");
    #[allow(clippy::cast_possible_truncation)] // far below 2^53
    let whole = scaled.round() as i64;
    whole
}

async fn filled(told: &History) -> (tempfile::TempDir, Tsdb, SeriesId) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "zones").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let meter = EquipmentId::new();
    let counter = (Metric::CONSUMPTION, Phase::Total);
    let limits = CounterLimits {
        most_kw: Some(150.0),
        rolls_over_at: BTreeMap::from([(counter, tenths(END))]),
    };
    tsdb.set_counter_limits(&BTreeMap::from([(meter, limits)]));
    let unit = Unit::new("kWh").unwrap();
    let batch = |(at, shows): &(i64, i64)| Batch {
        equipment: meter,
        at: Timestamp::from_ms(*at),
        arrived: Timestamp::from_ms(*at),
        interval_ms: u32::try_from(EVERY_MS).unwrap(),
        readings: vec![Reading::good(
            Metric::CONSUMPTION,
            Phase::Total,
            unit.clone(),
            tenths(*shows),
        )],
    };
    let batches: Vec<Batch> = told.read.iter().map(batch).collect();
    tsdb.load(&batches).unwrap();
    let (at, end, start) = told.exchanged;
    let event = NewCounterEvent {
        equipment: meter,
        metric: Metric::CONSUMPTION,
        phase: Phase::Total,
        at: Timestamp::from_ms(at),
        change: CounterChange::Exchange {
            end_reading: tenths(end),
            start_reading: tenths(start),
        },
        reason: "The old one is worn.".to_owned(),
        by: UserId::new(),
        entered: Timestamp::from_ms(at),
    };
    tsdb.enter_counter_event(event, |_, _| Ok(()))
        .await
        .unwrap();
    tsdb.seal_now().unwrap();
    let id = tsdb
        .find(meter, &Metric::CONSUMPTION, Phase::Total)
        .unwrap();
    (dir, tsdb, id)
}

/// Energy of the buckets of a range, by start and end.
fn energy(
    tsdb: &Tsdb,
    id: SeriesId,
    calendar: &Calendar,
    range: TimeRange,
    size: BucketSize,
) -> Vec<(i64, i64, i64)> {
    let query = Query {
        series: vec![id],
        range,
        resolution: Resolution::Buckets(size),
        calendar: calendar.clone(),
    };
    let found = tsdb.buckets(&query).unwrap();
    let of = |bucket: Bucket<'_>| {
        let kwh = bucket.columns[0].map_or(0.0, |row| row.delta);
        assert!((0.0..=15.0 * 24.0 * 10.0).contains(&kwh), "{kwh} kWh");
        (bucket.start.ms(), bucket.end.ms(), units(kwh))
    };
    found.iter().map(of).collect()
}

#[tokio::test]
async fn the_energy_of_every_day_is_what_the_counter_grew_by_in_five_zones() {
    let told = history();
    let (_dir, tsdb, id) = filled(&told).await;
    let mut lengths: BTreeMap<i64, usize> = BTreeMap::new();
    for zone in ZONES {
        let calendar = Calendar::new(zone).unwrap();
        for from in SPANS {
            let first = Timestamp::from_ms(from + DAY_MS);
            let range = TimeRange {
                from: calendar.bucket_start(first, BucketSize::Day),
                to: calendar.bucket_start(
                    Timestamp::from_ms(from + (DAYS - 1) * DAY_MS),
                    BucketSize::Day,
                ),
            };
            for (start, end, found) in energy(&tsdb, id, &calendar, range, BucketSize::Day) {
                let true_units = told.truth[&end] - told.truth[&start];
                let day = Timestamp::from_ms(start);
                assert_eq!(found, true_units, "{zone}, the day from {day}");
                *lengths.entry((end - start) / MINUTE_MS).or_default() += 1;
                let range = TimeRange {
                    from: day,
                    to: Timestamp::from_ms(end),
                };
                // A day of 24.5 hours is not made of hours.
                let whole = |minutes: &i64| (end - start) % (minutes * MINUTE_MS) == 0;
                for size in [15, 60].into_iter().filter(whole) {
                    let size = BucketSize::Fixed(size * MINUTE_MS);
                    let parts = energy(&tsdb, id, &calendar, range, size);
                    let inside = parts.iter().filter(|part| part.0 >= start && part.1 <= end);
                    let sum: i64 = inside.map(|part| part.2).sum();
                    assert_eq!(sum, true_units, "{zone}, {size:?} of the day from {day}");
                }
            }
        }
    }
    // Days of 23, 23.5, 24, 24.5 and 25 hours were among them.
    let hours: Vec<i64> = lengths.keys().copied().collect();
    assert_eq!(hours, [1_380, 1_410, 1_440, 1_470, 1_500]);
}
