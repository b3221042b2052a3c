//! Files in and out: checked first, loaded once, and back again.

use super::*;
use crate::base::time::Calendar;
use crate::base::{Metric, Phase, TimeRange};
use crate::equipment::{AdminStatus, Equipment, NewEquipment, Profiles};
use crate::exchange::archive::{Archive, MANIFEST};
use crate::exchange::words::Precision;
use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const NOW: Timestamp = Timestamp::from_ms(1_795_249_800_000);

struct Place {
    directory: tempfile::TempDir,
    store: Store,
    tsdb: Tsdb,
    equipment: Vec<Equipment>,
}

fn meter(name: &str) -> Equipment {
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
    Equipment::new(new, "site_a", &Profiles::embedded().unwrap(), NOW).unwrap()
}

impl Place {
    fn new() -> Self {
        Self::with(vec![meter("Main"), meter("Sub")])
    }

    fn with(equipment: Vec<Equipment>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("data"), "test").unwrap();
        let tsdb = Tsdb::open(&store).unwrap();
        Self {
            directory,
            store,
            tsdb,
            equipment,
        }
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> Source {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.open(&path)
    }

    fn open(&self, path: &Path) -> Source {
        Source::open(path, self.store.path()).unwrap()
    }

    fn manner(&self) -> Manner {
        Manner {
            rules: Rules {
                precision: Precision::Milliseconds,
                interval_ms: None,
                now: NOW,
                accepts_from: crate::base::Timestamp::default(),
                decommissioned: true,
            },
            spelling: Spelling {
                decimal_comma: false,
                equipment: None,
                calendar: Calendar::new("Africa/Tunis").unwrap(),
            },
            lines: None,
        }
    }

    fn check(&self, source: &Source, manner: &Manner) -> Result<(u64, Vec<(usize, String)>)> {
        let directory = Directory::of(&self.equipment);
        let mut faults = Vec::new();
        let checked = self
            .importer(&directory, manner)
            .check(source, &mut |fault| {
                faults.push((fault.line, fault.place.clone()));
            })?;
        assert_eq!(checked.bad, faults.len() as u64);
        Ok((checked.rows, faults))
    }

    async fn load(&self, source: &Source, manner: &Manner) -> Outcome {
        let directory = Directory::of(&self.equipment);
        let importer = self.importer(&directory, manner);
        let mut on = |_: &Position| ControlFlow::Continue(());
        importer.load(source, &mut on).await.unwrap()
    }

    fn importer<'a>(&'a self, directory: &'a Directory, manner: &Manner) -> Importer<'a> {
        Importer {
            store: &self.store,
            tsdb: &self.tsdb,
            directory,
            manner: manner.clone(),
        }
    }

    /// Every value of a quantity: time in ms after the start of the day, and value.
    fn values(&self, meter: usize, name: &str) -> Vec<(i64, f64)> {
        let (metric, phase) = Metric::with_phase(name).unwrap();
        let found = self.tsdb.find(self.equipment[meter].id, &metric, phase);
        let series = found.unwrap_or_else(|| panic!("no {name}"));
        let range = TimeRange {
            from: "2026-11-20".parse().unwrap(),
            to: "2026-11-22".parse().unwrap(),
        };
        let points = self.tsdb.raw(&[series], range).unwrap();
        let shown = points
            .iter()
            .filter_map(|p| Some((p.at.since_ms(range.from), p.values[0]?)));
        shown.collect()
    }
}

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn readings_of_a_time_that_was_forgotten_are_counted_and_the_others_loaded() {
    let place = Place::new();
    let mut manner = place.manner();
    manner.rules.accepts_from = NOW.plus_ms(-120_000);
    let line = |ms: i64| format!("r,equipment_id=Main power=1 {}\n", NOW.plus_ms(-ms).ms());
    let text: String = [240_000, 180_000, 120_000, 60_000].map(line).concat();
    let file = place.file("old.lp", text);
    let directory = Directory::of(&place.equipment);
    let importer = place.importer(&directory, &manner);
    let checked = importer.check(&file, &mut |fault| panic!("{fault:?}"));
    let forgotten = Some((2, 1, 2));
    assert_eq!(
        checked.unwrap(),
        Checked {
            rows: 4,
            bad: 0,
            forgotten
        }
    );
    let Outcome::Loaded(position) = place.load(&file, &manner).await else {
        panic!("not loaded");
    };
    assert_eq!((position.rows, position.refused), (4, 2));
}

#[tokio::test]
async fn tables_are_read_as_people_write_them() {
    let place = Place::new();
    let wide = "\u{FEFF}Timestamp;Equipment;power;voltage_l1\r\n\
                2026-11-20 02:00:00;Main;1234,5;230\r\n\
                2026-11-20T03:00:00Z;\"Sub\";;231,25\r\n";
    let mut manner = place.manner();
    manner.spelling.decimal_comma = true;
    let source = place.file("wide.csv", wide);
    assert_eq!(place.check(&source, &manner).unwrap(), (2, vec![]));
    place.load(&source, &manner).await;
    // Two o'clock in Tunis is one o'clock in UTC.
    assert_eq!(place.values(0, "power"), [(HOUR, 1234.5)]);
    assert_eq!(place.values(1, "voltage_l1"), [(3 * HOUR, 231.25)]);

    let long = "timestamp,equipment_id,metric,phase,value\n\
                1795147200000,Main,current,L2,12.5\n1795147200000,Main,flow_rate,,-3e-2\n";
    let place = Place::new();
    place
        .load(&place.file("long.txt", long), &place.manner())
        .await;
    assert_eq!(place.values(0, "current_l2"), [(4 * HOUR, 12.5)]);
    assert_eq!(place.values(0, "flow_rate"), [(4 * HOUR, -0.03)]);
}

#[test]
fn every_bad_row_is_named_and_a_bad_header_is_refused() {
    let place = Place::new();
    let table = "timestamp,equipment,power\n2026-11-20T01:00:00Z,Main,1\nnoon,Main,1\n\
                 2026-11-20T01:00:00Z,Nobody,1\n2026-11-20T01:00:00Z,Main,\"1,5\"\n\
                 2026-11-20T01:00:00Z,Main\n2026-11-20T01:00:00Z,Main,NaN\n";
    let found = place
        .check(&place.file("bad.csv", table), &place.manner())
        .unwrap();
    let expected = [
        (3, "column timestamp"),
        (4, "column equipment"),
        (5, "column power"),
        (6, "row"),
        (7, "column power"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(line, at)| (*line, (*at).to_owned()))
        .collect();
    assert_eq!(found, (6, expected));
    for header in [
        "equipment,power",
        "timestamp,power",
        "timestamp,equipment",
        "timestamp,equipment,power,power",
        "timestamp,equipment,Power (kW)",
        "timestamp,equipment,metric,value,remark",
    ] {
        let source = place.file("head.csv", format!("{header}\n"));
        let error = place.check(&source, &place.manner()).unwrap_err();
        assert!(error.sentence.contains("head.csv"), "{header}: {error}");
    }
}

fn many_lines(count: i64) -> String {
    let start: Timestamp = "2026-11-20".parse().unwrap();
    let line = |n: i64| {
        format!(
            "m,equipment_id=Main power={n} {}\n",
            start.plus_ms(n * 1_000).ms()
        )
    };
    (0..count).map(line).collect()
}

#[tokio::test]
async fn an_import_that_was_stopped_goes_on_and_a_finished_one_changes_nothing() {
    let place = Place::new();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let text = many_lines(12_000) + "m,equipment_id=Nobody power=1\n";
    packed.write_all(text.as_bytes()).unwrap();
    let source = place.file("many.lp.gz", packed.finish().unwrap());
    let (manner, directory) = (place.manner(), Directory::of(&place.equipment));
    let importer = place.importer(&directory, &manner);
    let mut at_once = |_: &Position| ControlFlow::Break(());
    let Outcome::Stopped(first) = importer.load(&source, &mut at_once).await.unwrap() else {
        panic!("it was asked to stop");
    };
    assert_eq!(
        (first.rows, place.values(0, "power").len()),
        (5_000, 4_999 + 1)
    );
    let mut seen = Vec::new();
    let mut on = |position: &Position| {
        seen.push(position.rows);
        ControlFlow::Continue(())
    };
    let Outcome::Loaded(whole) = importer.load(&source, &mut on).await.unwrap() else {
        panic!("it goes on to the end");
    };
    assert_eq!(seen, [10_000], "what was loaded is not loaded again");
    assert_eq!((whole.rows, whole.refused), (12_001, 1));
    let range = |from: i64| TimeRange {
        from: Timestamp::from_ms(from),
        to: Timestamp::from_ms(from + 3_000_000),
    };
    let start = "2026-11-20".parse::<Timestamp>().unwrap().ms();
    let id = place
        .tsdb
        .find(place.equipment[0].id, &Metric::POWER, Phase::Total)
        .unwrap();
    let counts = (0..4).map(|n| {
        place
            .tsdb
            .raw(&[id], range(start + n * 3_000_000))
            .unwrap()
            .len()
    });
    assert_eq!(counts.sum::<usize>(), 12_000);

    let log = crate::store::audit::page(&place.store.read().unwrap(), None, 10).unwrap();
    assert_eq!((log.len(), log[0].action.as_str()), (1, "readings.import"));
    assert!(importer.is_loaded(&source).unwrap());
    // Under another name the content is the same.
    let again = place.directory.path().join("copy.lp.gz");
    std::fs::copy(place.directory.path().join("many.lp.gz"), &again).unwrap();
    let outcome = place.load(&place.open(&again), &manner).await;
    assert_eq!(outcome, Outcome::Known(whole));
}

/// Stores equipment as the registry does: what an export reads.
async fn register(store: &Store, equipment: &[Equipment]) {
    const EQUIPMENT: Records<Equipment> = Records::new("equipment", 1);
    for record in equipment.iter().cloned() {
        let put = move |tx: &crate::store::Transaction<'_>| {
            EQUIPMENT.put(tx, record.id.as_bytes(), &record)
        };
        store.write(put).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_written_out_reads_back_the_same() {
    let place = Place::new();
    let text = "m,equipment_id=Main,interval=10s power=1.5,voltage_l1=230.1,flow_rate=-0.125 1795132800000\n\
                m,equipment_id=Main power=12.34000015258789,consumption=123456789.5 1795132810000\n\
                m,equipment_id=Sub power=0.1,starts_count=7i 1795132800000\n\
                m,equipment_id=Sub power=3 1780272000000\n";
    place
        .load(&place.file("in.lp", text), &place.manner())
        .await;
    let records = place.equipment.clone();
    register(&place.store, &records).await;
    let out = place.directory.path().join("out");
    let archive = Archive {
        store: &place.store,
        tsdb: &place.tsdb,
        sites: Vec::new(),
        now: NOW,
        directory: &out,
    };
    let manifest = archive.write(&mut |_| ControlFlow::Continue(())).unwrap();
    let files = manifest.files.iter();
    let told = files.map(|file| (file.name.as_str(), file.rows));
    let expected = [
        ("sites.jsonl.gz", 0),
        ("equipment.jsonl.gz", 2),
        ("documents.jsonl.gz", 0),
        ("corrections.jsonl.gz", 0),
        ("counter-events.jsonl.gz", 0),
        ("audit.jsonl.gz", 1),
        ("readings-2026-06.lp.gz", 1),
        ("readings-2026-11.lp.gz", 3),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    for file in &manifest.files {
        let bytes = std::fs::read(out.join(&file.name)).unwrap();
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(
            (bytes.len() as u64, hash),
            (file.bytes, file.sha256.clone())
        );
    }
    let copy = Place::with(records);
    for name in ["readings-2026-06.lp.gz", "readings-2026-11.lp.gz"] {
        let source = copy.open(&out.join(name));
        assert!(copy.check(&source, &copy.manner()).unwrap().1.is_empty());
        copy.load(&source, &copy.manner()).await;
    }
    for (meter, name) in [
        (0, "power"),
        (0, "voltage_l1"),
        (0, "flow_rate"),
        (0, "consumption"),
        (1, "power"),
        (1, "starts_count"),
    ] {
        assert_eq!(
            copy.values(meter, name),
            place.values(meter, name),
            "{name}"
        );
        assert!(!copy.values(meter, name).is_empty());
    }
    // It does not write over what is there.
    assert!(archive.write(&mut |_| ControlFlow::Continue(())).is_err());
}

#[test]
fn an_export_that_is_stopped_is_not_taken_for_whole() {
    let place = Place::new();
    let out: PathBuf = place.directory.path().join("out");
    let archive = Archive {
        store: &place.store,
        tsdb: &place.tsdb,
        sites: Vec::new(),
        now: NOW,
        directory: &out,
    };
    assert!(archive.write(&mut |_| ControlFlow::Break(())).is_err());
    let left: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name == MANIFEST || name.ends_with(".part")),
        "{left:?}"
    );
    let file = Archive {
        directory: &place
            .directory
            .path()
            .join("data")
            .join(crate::store::DATA_FILE),
        ..archive
    };
    let error = file.write(&mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.sentence.contains("cannot be written"), "{error}");
}
