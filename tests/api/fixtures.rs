//! Data files as this version wrote them, kept for ever: whatever comes later reads them and
//! answers the same. `INDUSMIND_MAKE_FIXTURE=1 cargo test fixture` writes those of a new schema.

use indusmind::base::time::{BucketSize, Calendar};
use indusmind::base::{
    Batch, EquipmentId, Metric, Phase, Reading, TimeRange, Timestamp, Unit, UserId,
};
use indusmind::store::Store;
use indusmind::tsdb::{Change, NewCorrection, Query, Resolution, Tsdb, rollup};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// 2026-10-30T22:00:00Z: the readings go over the end of a month.
const START: i64 = 1_793_397_600_000;
const HOURS: i64 = 36;
const FILES: [&str; 7] = [
    "indusmind.redb",
    "readings/raw-2026-10.redb",
    "readings/raw-2026-11.redb",
    "readings/minute-2026-10.redb",
    "readings/minute-2026-11.redb",
    "readings/quarter-2026.redb",
    "readings/hour-2026.redb",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema-2")
}

/// A meter of registers with a counter that is reset once, and a sensor of floats with gaps.
fn tick(meters: [EquipmentId; 2], n: i64) -> Vec<Batch> {
    let at = Timestamp::from_ms(START + n * 2 * MINUTE_MS);
    let wave = (n % 97 - 48).abs() as f64;
    let kwh = if n < 700 {
        4_000.0 + n as f64 / 10.0
    } else {
        (n - 700) as f64 / 10.0
    };
    let reading = |metric: Metric, value: f64| {
        Reading::good(
            metric,
            Phase::Total,
            Unit::none(),
            (value * 10.0).round() / 10.0,
        )
    };
    let registers = vec![
        reading(Metric::POWER, 10.0 + wave),
        reading(Metric::CONSUMPTION, kwh),
    ];
    #[allow(clippy::cast_possible_truncation)] // as a register of 32 bits holds it
    let noisy = f64::from((1.0 / (3.0 + wave)) as f32);
    let floats = vec![Reading::good(
        Metric::TEMPERATURE,
        Phase::L2,
        Unit::none(),
        noisy,
    )];
    let batch = |equipment, readings| Batch {
        equipment,
        at,
        arrived: at,
        interval_ms: 120_000,
        readings,
    };
    let mut batches = vec![batch(meters[0], registers)];
    if n % 50 > 4 {
        batches.push(batch(meters[1], floats));
    }
    batches
}

fn meters() -> [EquipmentId; 2] {
    [
        "01990000-0000-7000-8000-000000000001",
        "01990000-0000-7000-8000-000000000002",
    ]
    .map(|id| id.parse().unwrap())
}

/// Every level over the whole time, and raw samples of an hour.
fn answers(tsdb: &Tsdb) -> Value {
    let ids: Vec<_> = meters()
        .iter()
        .flat_map(|meter| tsdb.series_of(*meter))
        .map(|(id, _)| id)
        .collect();
    let range = |from: i64, hours: i64| TimeRange {
        from: Timestamp::from_ms(START + from * HOUR_MS),
        to: Timestamp::from_ms(START + (from + hours) * HOUR_MS),
    };
    let ask = |size: BucketSize, range: TimeRange| {
        let query = Query {
            series: ids.clone(),
            range,
            resolution: Resolution::Buckets(size),
            calendar: Calendar::new("Africa/Tunis").unwrap(),
        };
        let buckets = tsdb.buckets(&query).unwrap();
        let show = |row: &Option<rollup::Summary>| {
            row.map(|r| {
                json!([
                    r.min,
                    r.max,
                    r.last,
                    r.weighted_sum,
                    r.delta,
                    r.covered_ms,
                    r.count,
                    r.qualities
                ])
            })
        };
        let rows = buckets.iter().map(|bucket| {
            let columns: Vec<_> = bucket.columns.iter().map(show).collect();
            json!([bucket.start, columns])
        });
        rows.collect::<Vec<_>>()
    };
    let raw: Vec<_> = tsdb
        .raw(&ids, range(2, 1))
        .unwrap()
        .iter()
        .map(|point| json!([point.at, point.values]))
        .collect();
    json!({
        "day": ask(BucketSize::Day, range(0, HOURS)),
        "hour": ask(BucketSize::Fixed(HOUR_MS), range(0, HOURS)),
        "quarter": ask(BucketSize::Fixed(15 * MINUTE_MS), range(20, 4)),
        "minute": ask(BucketSize::Fixed(MINUTE_MS), range(1, 1)),
        "raw": raw,
    })
}

async fn make() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "fixture").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let ticks = HOURS * 30;
    for n in 0..ticks - 40 {
        tsdb.append(Arc::new(tick(meters(), n)), |_| Ok(()))
            .await
            .unwrap();
    }
    let asked = NewCorrection {
        equipment: meters()[0],
        metric: Metric::POWER,
        phase: Phase::Total,
        range: TimeRange {
            from: Timestamp::from_ms(START + 3 * HOUR_MS),
            to: Timestamp::from_ms(START + 4 * HOUR_MS),
        },
        change: Change::Add(100.0),
        why: "A clamp was the wrong way round.".to_owned(),
        by: UserId::new(),
        at: Timestamp::from_ms(START + HOURS * HOUR_MS),
    };
    tsdb.correct(asked, |_, _| Ok(())).await.unwrap();
    for _ in 0..2 {
        tsdb.maintain(Timestamp::from_ms(START + (HOURS + 6) * HOUR_MS))
            .unwrap();
    }
    // A straggler into a packed day, and an hour and more that stays in the data file.
    tsdb.append(Arc::new(tick(meters(), 301)), |_| Ok(()))
        .await
        .unwrap();
    tsdb.seal_now().unwrap();
    for n in ticks - 40..ticks {
        tsdb.append(Arc::new(tick(meters(), n)), |_| Ok(()))
            .await
            .unwrap();
    }
    std::fs::create_dir_all(folder()).unwrap();
    let told = serde_json::to_string(&answers(&tsdb)).unwrap();
    std::fs::write(folder().join("answers.json"), told).unwrap();
    store.close();
    drop((tsdb, store));
    for file in FILES {
        let content = std::fs::read(dir.path().join(file)).unwrap();
        let packed = std::fs::File::create(folder().join(packed_name(file))).unwrap();
        let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::best());
        packer.write_all(&content).unwrap();
        packer.finish().unwrap();
    }
}

fn packed_name(file: &str) -> String {
    file.replace('/', "-") + ".gz"
}

/// Whether two answers are the same to a rounding: the build that wrote the fixture stored sums of
/// decimals with the noise of adding them up, and an hour that is folded anew has none.
fn is_same(found: &Value, told: &Value) -> bool {
    match (found, told) {
        (Value::Array(found), Value::Array(told)) => {
            found.len() == told.len() && found.iter().zip(told).all(|(f, t)| is_same(f, t))
        }
        (Value::Number(found), Value::Number(told)) => {
            let number = |number: &serde_json::Number| number.as_f64().unwrap();
            let (found, told) = (number(found), number(told));
            (found - told).abs() <= 1e-14 * found.abs().max(told.abs())
        }
        _ => found == told,
    }
}

#[tokio::test]
async fn a_fixture_of_schema_2_is_answered_as_when_it_was_written() {
    if std::env::var_os("INDUSMIND_MAKE_FIXTURE").is_some() {
        make().await;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("readings")).unwrap();
    for file in FILES {
        let packed = std::fs::File::open(folder().join(packed_name(file))).unwrap();
        let mut content = Vec::new();
        flate2::read::GzDecoder::new(packed)
            .read_to_end(&mut content)
            .unwrap();
        std::fs::write(dir.path().join(file), content).unwrap();
    }
    let told: Value =
        serde_json::from_slice(&std::fs::read(folder().join("answers.json")).unwrap()).unwrap();
    let store = Store::open(dir.path(), "fixture").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let compare = |when: &str| {
        let found: Value = serde_json::from_str(&answers(&tsdb).to_string()).unwrap();
        for level in ["day", "hour", "quarter", "minute", "raw"] {
            let (found, told) = (&found[level], &told[level]);
            assert!(is_same(found, told), "{level}, {when}: {found} for {told}");
        }
    };
    compare("as it was");
    tsdb.seal_now().unwrap();
    compare("sealed");
    for _ in 0..2 {
        tsdb.maintain(Timestamp::from_ms(START + 60 * DAY_MS))
            .unwrap();
    }
    compare("packed");
    assert_eq!(tsdb.corrections().unwrap().len(), 1);
}
