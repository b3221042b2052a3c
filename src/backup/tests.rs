//! Backups of a store that is at work: whole, proven, found out when changed, restored.

use super::*;
use crate::base::{Batch, EquipmentId, Metric, Phase as Conductor, Reading, Timestamp, Unit};
use crate::store::audit::{self, Actor};
use crate::store::simulated::Chance;
use crate::store::table::Table;
use crate::store::{Store, TableName, View as _, switch};
use crate::tsdb::Tsdb;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const NOW: Timestamp = Timestamp::from_ms(1_795_249_800_000);
const COUNTED: TableName = TableName::new("counted");
const PASSPHRASE: &str = "a few words will do";
/// Changed backups in an ordinary run; `INDUSMIND_MUTATIONS` asks for more.
const MUTATIONS: u64 = 60;

struct Plant {
    place: tempfile::TempDir,
    store: Store,
    tsdb: Tsdb,
    meter: EquipmentId,
}

fn batch(meter: EquipmentId, at: Timestamp, value: f64) -> Batch {
    Batch {
        equipment: meter,
        at,
        arrived: at,
        interval_ms: 60_000,
        readings: vec![Reading {
            metric: Metric::POWER,
            phase: Conductor::Total,
            unit: Unit::new("kW").unwrap(),
            value: Some(value),
            quality: crate::base::Quality::Good,
        }],
    }
}

impl Plant {
    /// Sealed readings of a day, one that is not sealed, a photo, and a log.
    async fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("stick")).unwrap();
        let store = Store::open(&place.path().join("data"), "test").unwrap();
        let tsdb = Tsdb::open(&store).unwrap();
        let meter = EquipmentId::new();
        let day = (0..1_440).map(|n| batch(meter, NOW.plus_ms((n - 1_500) * 60_000), 3.0));
        tsdb.load(&day.collect::<Vec<_>>()).unwrap();
        let last = vec![batch(meter, NOW, 7.0)];
        tsdb.append(Arc::new(last), |_| Ok(())).await.unwrap();
        let photo = store.blobs().put(b"a picture").unwrap();
        // A document is enough of a record to name a file.
        let named = serde_json::json!({
            "id": crate::base::DocumentId::new(), "equipment": meter, "name": "plan.pdf",
            "kind": "pdf", "bytes": 9, "hash": photo.hash, "uploaded_at": NOW, "uploaded_by": "me"
        });
        let documents: Table<serde_json::Value> = Table::new("equipment_document", 1);
        let put = move |tx: &crate::store::Transaction<'_>| documents.put(tx, &[1; 32], &named);
        store.write(put).await.unwrap();
        for n in 0..20 {
            let log = move |tx: &crate::store::Transaction<'_>| {
                let details = serde_json::json!({ "n": n });
                audit::append(tx, NOW, &Actor::console(), "test.done", "test", details)
            };
            store.write(log).await.unwrap();
        }
        Self {
            place,
            store,
            tsdb,
            meter,
        }
    }

    fn stick(&self) -> PathBuf {
        self.place.path().join("stick")
    }

    fn make(&self, now: Timestamp, passphrase: Option<&str>) -> crate::base::Result<Manifest> {
        let making = Making {
            store: &self.store,
            tsdb: &self.tsdb,
            folder: &self.stick(),
            passphrase,
            appliance: "0badcafe",
            site: Some("Mill".to_owned()),
            cause: Cause::Person,
            now,
        };
        making.run(&Progress::default())
    }
}

fn open(folder: &Path, passphrase: Option<&str>) -> crate::base::Result<Place> {
    Place::open(folder, passphrase)
}

/// What a copy of the data says.
fn told(store: &Store, meter: EquipmentId) -> (usize, Vec<u8>) {
    let tsdb = Tsdb::open(store).unwrap();
    let series = tsdb.find(meter, &Metric::POWER, Conductor::Total).unwrap();
    let range = crate::base::TimeRange::new(NOW.plus_ms(-200_000_000), NOW.plus_ms(1)).unwrap();
    let points = tsdb.raw(&[series], range).unwrap();
    let reader = store.read().unwrap();
    let counted = reader.get(COUNTED, b"last").unwrap();
    (points.len(), counted.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_store_at_work_is_whole_and_restores() {
    for passphrase in [None, Some(PASSPHRASE)] {
        let plant = Plant::new().await;
        let (stop, store) = (Arc::new(AtomicBool::new(false)), plant.store.clone());
        let ended = Arc::clone(&stop);
        // Two tables that always agree, changed all the time.
        let writer = std::thread::spawn(move || {
            let mut n: u32 = 0;
            while !ended.load(Ordering::Relaxed) {
                n += 1;
                let both = move |tx: &crate::store::Transaction<'_>| {
                    tx.put(COUNTED, b"last", &n.to_be_bytes())?;
                    tx.put(TableName::new("zz_counted"), b"last", &n.to_be_bytes())
                };
                store.write_blocking(both).unwrap();
            }
        });
        let made = plant.make(NOW, passphrase);
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        let made = made.unwrap();
        assert!(made.damaged.is_empty() && made.audit.is_some());
        assert_eq!(list(&plant.stick()).unwrap(), std::slice::from_ref(&made));
        let place = open(&plant.stick().join(&made.id), passphrase).unwrap();

        let scratch = plant.place.path().join("scratch");
        let copy = rehearse(&place, &scratch, &Progress::default()).unwrap();
        let (points, counted) = told(&copy, plant.meter);
        assert_eq!(points, 1_441);
        let other = copy
            .read()
            .unwrap()
            .get(TableName::new("zz_counted"), b"last");
        assert_eq!(other.unwrap().unwrap_or_default(), counted);
        copy.close();

        // Into a directory that has other data: it waits, and takes their place at the next start.
        let target = plant.place.path().join("other");
        let old = Store::open(&target, "test").unwrap();
        old.write_blocking(|tx| tx.put(COUNTED, b"last", b"old"))
            .unwrap();
        let by = Actor::console();
        let since = Since::of(&old);
        stage(
            &place,
            &target,
            (since, None),
            (&by, NOW),
            &Progress::default(),
        )
        .unwrap();
        assert!(switch::is_waiting(&target));
        assert_eq!(
            old.read().unwrap().get(COUNTED, b"last").unwrap().unwrap(),
            b"old"
        );
        old.close();
        drop(old);
        let restored = Store::open(&target, "test").unwrap();
        assert!(!switch::is_waiting(&target));
        assert_eq!(told(&restored, plant.meter), (points, counted));
        assert_eq!(audit::verify(&restored).unwrap(), (21, None));
        let photo = crate::store::BlobHash::of(b"a picture");
        assert_eq!(restored.blobs().open(photo).unwrap().bytes_left(), 9);
        restored.close();
    }
}

#[tokio::test]
async fn a_backup_that_was_changed_in_any_file_is_refused() {
    let plant = Plant::new().await;
    for passphrase in [None, Some(PASSPHRASE)] {
        let at = NOW.plus_ms(if passphrase.is_some() { 5_000 } else { 0 });
        let made = plant.make(at, passphrase).unwrap();
        let folder = plant.stick().join(&made.id);
        let check = || {
            let place = open(&folder, passphrase)?;
            verify(&place, &Progress::default())
        };
        check().unwrap();
        let names = made
            .files
            .iter()
            .map(|file| file.stored_name(made.encrypted));
        let names = names.chain([MANIFEST.to_owned(), "manifest.sum".to_owned()]);
        for name in names.collect::<Vec<_>>() {
            let path = folder.join(&name);
            let sound = std::fs::read(&path).unwrap();
            for at in [0, sound.len() / 2, sound.len() - 1] {
                let mut changed = sound.clone();
                changed[at] ^= 0x20;
                std::fs::write(&path, &changed).unwrap();
                // White space at the end of the sum is nobody's business.
                let harmless = name.ends_with(".sum") && at == sound.len() - 1;
                assert!(check().is_err() || harmless, "{name}: byte {at}");
            }
            std::fs::write(&path, &sound[..sound.len() - 1]).unwrap();
            assert!(check().is_err() || name.ends_with(".sum"), "{name}: cut");
            std::fs::remove_file(&path).unwrap();
            assert!(check().is_err(), "{name}: gone");
            std::fs::write(&path, &sound).unwrap();
        }
        check().unwrap();
        if passphrase.is_some() {
            assert!(open(&folder, None).is_err());
            let error = open(&folder, Some("another phrase")).unwrap_err();
            assert_eq!(error.fields[0].path, "passphrase");
        }
    }
}

#[tokio::test]
async fn no_backup_that_was_changed_anywhere_is_called_good() {
    let plant = Plant::new().await;
    let made = plant.make(NOW, None).unwrap();
    let folder = plant.stick().join(&made.id);
    let names = made.files.iter().map(|file| file.stored_name(false));
    let names: Vec<_> = names.chain([MANIFEST.to_owned()]).collect();
    let asked = std::env::var("INDUSMIND_MUTATIONS").ok();
    let rounds = asked.map_or(MUTATIONS, |text| text.parse().unwrap());
    let mut chance = Chance::new(9);
    for round in 0..rounds {
        let path = folder.join(&names[chance.index(names.len())]);
        let sound = std::fs::read(&path).unwrap();
        let mut changed = sound.clone();
        let at = chance.index(sound.len());
        match round % 4 {
            0 => changed[at] ^= 1 << chance.below(8),
            1 => changed.truncate(at),
            2 => changed.insert(at, 0),
            _ => {
                let end = (at + 1 + chance.index(4_096)).min(changed.len());
                changed[at..end].iter_mut().for_each(|byte| *byte ^= 0x5A);
            }
        }
        std::fs::write(&path, &changed).unwrap();
        let verdict = open(&folder, None).and_then(|place| verify(&place, &Progress::default()));
        assert!(
            verdict.is_err(),
            "round {round}: {}, byte {at}",
            path.display()
        );
        std::fs::write(&path, &sound).unwrap();
    }
    let place = open(&folder, None).unwrap();
    verify(&place, &Progress::default()).unwrap();
}

#[tokio::test]
async fn what_did_not_change_lies_there_once() {
    use std::os::unix::fs::MetadataExt as _;
    let plant = Plant::new().await;
    let first = plant.make(NOW, None).unwrap();
    let next = vec![batch(plant.meter, NOW.plus_ms(60_000), 8.0)];
    plant.tsdb.append(Arc::new(next), |_| Ok(())).await.unwrap();
    let second = plant.make(NOW.plus_ms(86_400_000), None).unwrap();
    let inode = |made: &Manifest, name: &str| {
        let path = plant.stick().join(&made.id).join(name);
        std::fs::metadata(path).unwrap().ino()
    };
    let volumes = first.files.iter().filter(|file| file.entries.is_some());
    let volumes: Vec<_> = volumes.map(|file| file.name.clone()).collect();
    assert!(!volumes.is_empty());
    for name in &volumes {
        assert_eq!(inode(&first, name), inode(&second, name), "{name}");
    }
    assert_ne!(
        inode(&first, "indusmind.redb"),
        inode(&second, "indusmind.redb")
    );
    // One that rotted on the stick is not carried on.
    let rotten = plant.stick().join(&second.id).join(&volumes[0]);
    let mut bytes = std::fs::read(&rotten).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&rotten, bytes).unwrap();
    let third = plant.make(NOW.plus_ms(2 * 86_400_000), None).unwrap();
    assert_ne!(inode(&second, &volumes[0]), inode(&third, &volumes[0]));
}

#[tokio::test]
async fn nothing_half_made_looks_like_a_backup() {
    let plant = Plant::new().await;
    let cancelled = Progress::default();
    cancelled.cancel();
    let making = Making {
        store: &plant.store,
        tsdb: &plant.tsdb,
        folder: &plant.stick(),
        passphrase: None,
        appliance: "0badcafe",
        site: None,
        cause: Cause::Person,
        now: NOW,
    };
    let error = making.run(&cancelled).unwrap_err();
    assert_eq!(error.kind, crate::base::ErrorKind::Conflict, "{error}");
    assert_eq!(std::fs::read_dir(plant.stick()).unwrap().count(), 0);
    assert!(!plant.store.path().join("backup.new").exists());
    // What a power cut left is taken away by the next; that of others is not.
    let left = plant
        .stick()
        .join("indusmind-0badcafe-20260101T000000Z.part");
    let other = plant
        .stick()
        .join("indusmind-00000000-20260101T000000Z.part");
    for folder in [&left, &other] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join(MANIFEST), "{}").unwrap();
    }
    let made = plant.make(NOW, None).unwrap();
    assert!(!left.exists() && other.exists());
    assert_eq!(list(&plant.stick()).unwrap(), [made]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_refused_with_a_sentence() {
    let plant = Plant::new().await;
    let inside = plant.store.path().join("blobs");
    let nowhere = plant.place.path().join("nowhere");
    for (folder, word) in [
        (inside.as_path(), "data directory"),
        (nowhere.as_path(), "no folder"),
        (Path::new("stick"), "whole path"),
    ] {
        let making = Making {
            store: &plant.store,
            tsdb: &plant.tsdb,
            folder,
            passphrase: None,
            appliance: "0badcafe",
            site: None,
            cause: Cause::Person,
            now: NOW,
        };
        let error = making.run(&Progress::default()).unwrap_err();
        assert!(error.sentence.contains(word), "{error}");
    }
}
