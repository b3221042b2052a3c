//! What leaves with an export beside the samples that are kept.

use super::*;
use crate::base::{Batch, Metric, Reading, Unit, UserId};
use crate::equipment::{AdminStatus, NewEquipment, Profiles};
use crate::store::BlobHash;
use crate::store::table::Table;
use crate::tsdb::{Change, NewCorrection};
use std::io::Read as _;

/// 2026-11-21T08:30:00Z.
const NOW: Timestamp = Timestamp::from_ms(1_795_249_800_000);
/// 2026-02-10T00:00:00Z: its samples are no longer kept, its minutes are.
const OLD: Timestamp = Timestamp::from_ms(1_770_681_600_000);

fn readings(equipment: &Equipment, from: Timestamp) -> Vec<Batch> {
    let batch = |n: i64| {
        let at = from.plus_ms(n * 60_000);
        let reading = |metric: Metric, value: i32| Reading {
            metric,
            phase: Phase::Total,
            unit: Unit::new("kW").unwrap(),
            value: Some(f64::from(value)),
            quality: crate::base::Quality::Good,
        };
        let n = i32::try_from(n).unwrap();
        Batch {
            equipment: equipment.id,
            at,
            arrived: at,
            interval_ms: 60_000,
            readings: vec![
                reading(Metric::POWER, n % 7),
                reading(Metric::CONSUMPTION, 100 + n),
            ],
        }
    };
    (0..61).map(batch).collect()
}

/// A meter with a photo that is there; the record of another names one that is not.
async fn meters(store: &Store) -> (Equipment, BlobHash) {
    const EQUIPMENT: Table<Equipment> = Table::new("equipment", 1);
    let photo = store.blobs().put(b"a picture").unwrap().hash;
    let mut first = None;
    for (name, hash) in [("Main", photo), ("Sub", BlobHash::of(b"lost"))] {
        let new = NewEquipment {
            name: name.to_owned(),
            kind: "Meter".to_owned(),
            model: "T1".to_owned(),
            install_date: "2024-05-01".to_owned(),
            serial_number: None,
            location: None,
            status: AdminStatus::Active,
            in_site_total: true,
            specs: serde_json::Map::new(),
            modbus: None,
        };
        let made = Equipment::new(new, "site_a", &Profiles::embedded().unwrap(), NOW).unwrap();
        let mut json = serde_json::to_value(&made).unwrap();
        json["photo"] = serde_json::json!({ "hash": hash, "kind": "png", "bytes": 9 });
        let made: Equipment = serde_json::from_value(json).unwrap();
        first.get_or_insert_with(|| made.clone());
        let put =
            move |tx: &crate::store::Transaction<'_>| EQUIPMENT.put(tx, made.id.as_bytes(), &made);
        store.write(put).await.unwrap();
    }
    (first.unwrap(), photo)
}

#[tokio::test]
async fn rows_of_forgotten_samples_corrections_and_files_leave_too() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(&place.path().join("data"), "test").unwrap();
    let tsdb = Tsdb::open(&store).unwrap();
    let (meter, photo) = meters(&store).await;
    tsdb.load(&readings(&meter, OLD)).unwrap();
    tsdb.load(&readings(&meter, NOW.plus_ms(-86_400_000)))
        .unwrap();
    assert_eq!(tsdb.forget(NOW).unwrap(), ["raw-2026-02"]);
    let asked = NewCorrection {
        equipment: meter.id,
        metric: Metric::POWER,
        phase: Phase::Total,
        range: TimeRange::new(NOW.plus_ms(-86_400_000), NOW).unwrap(),
        change: Change::Add(1.0),
        why: "the transformer was turned round".to_owned(),
        by: UserId::from_slice(&[9; 16]).unwrap(),
        at: NOW,
    };
    tsdb.correct(asked, |_, _| Ok(())).await.unwrap();
    let out = place.path().join("out");
    let archive = Archive {
        store: &store,
        tsdb: &tsdb,
        sites: Vec::new(),
        now: NOW,
        directory: &out,
    };
    let manifest = archive.write(&mut |_| ControlFlow::Continue(())).unwrap();
    let rows = |name: &str| {
        let found = manifest.files.iter().find(|file| file.name == name);
        found.map(|file| file.rows)
    };
    assert_eq!(rows("corrections.jsonl.gz"), Some(1));
    assert_eq!(rows("readings-2026-11.lp.gz"), Some(61));
    assert_eq!(rows("readings-2026-02.lp.gz"), None);
    assert_eq!(rows("rows-minute-2026-11.csv.gz"), None);
    assert_eq!(manifest.damaged, [BlobHash::of(b"lost").to_string()]);
    let file = format!("files/{photo}");
    assert_eq!(rows(&file), Some(0));
    assert_eq!(std::fs::read(out.join(&file)).unwrap(), b"a picture");
    let mut text = String::new();
    let packed = File::open(out.join("rows-minute-2026-02.csv.gz")).unwrap();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .unwrap();
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let (mut energy, mut powers) = (0.0, 0);
    for row in table.records() {
        let row = row.unwrap();
        assert_eq!(row[1], meter.id.to_string());
        if &row[2] == "consumption" {
            energy += row[9].parse::<f64>().unwrap();
        } else {
            // Of one reading a minute every figure is this reading.
            assert_eq!((&row[5], &row[6], &row[7]), (&row[8], &row[8], &row[8]));
            assert_eq!(
                (&row[9], &row[10], &row[11], &row[12]),
                ("", "60000", "1", "good")
            );
            powers += 1;
        }
    }
    assert!((energy - 60.0).abs() < 1e-9, "{energy}");
    assert_eq!(powers, 61);
    store.close();
}
