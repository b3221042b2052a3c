//! A set of readings in our store and in SQLite, loaded side by side.

use crate::fleet::Fleet;
use crate::generator::Kind;
use crate::measure::{Process, Times};
use crate::ours::Ours;
use crate::questions::{DAY_MS, START_MS};
use crate::served;
use crate::sqlite::Sqlite;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;

/// What is loaded at once.
const PART_MS: i64 = DAY_MS;

/// A directory on the disk of the build, not in memory: a commit must cost what it costs.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// How many, how long, how often.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    pub(crate) meters: u32,
    pub(crate) days: i64,
    pub(crate) interval_ms: i64,
}

/// A loaded set and what the loading cost.
pub(crate) struct Set {
    pub(crate) sqlite: Sqlite,
    pub(crate) meters: u32,
    pub(crate) days: i64,
    pub(crate) samples: f64,
    pub(crate) our_load: Times,
    pub(crate) their_load: Times,
    pub(crate) their_roll_up: Times,
    /// SQLite before its rolled-up tables, bytes.
    pub(crate) their_raw_bytes: u64,
    ours: Option<Ours>,
    place: TempDir,
    _sqlite_place: TempDir,
}

fn measured<T>(times: &mut Times, work: impl FnOnce() -> T) -> T {
    let (cpu, began) = (Process::own().cpu(), Instant::now());
    let made = work();
    times.note(began);
    times.cpu_s += Process::own().cpu().since(cpu);
    made
}

impl Set {
    /// Makes an appliance with its meters and loads both stores.
    pub(crate) async fn load(shape: Shape) -> Self {
        let (place, sqlite_place) = (directory(), directory());
        let data = data_in(place.path());
        let meters = served::furnish(&data, shape.meters).await;
        let ours = Ours::open(&data, meters, shape.interval_ms);
        let sqlite = Sqlite::open(sqlite_place.path(), shape.interval_ms);
        let mut fleet = Fleet::new(shape.kind, shape.meters, START_MS, shape.interval_ms);
        let (mut our_load, mut their_load) = (Times::default(), Times::default());
        let (mut ticks, end) = (0, START_MS + shape.days * DAY_MS);
        // A slow beat has few ticks a day: a part holds about as many of any beat.
        let part_ms = PART_MS * (shape.interval_ms / 5_000);
        let mut at = START_MS;
        while at < end {
            at = (at + part_ms).min(end);
            let said = fleet.until(at);
            ticks += said.len();
            let batches = ours.batches(&said);
            let (cpu, began) = (Process::own().cpu(), Instant::now());
            ours.load(batches).await;
            our_load.note(began);
            our_load.cpu_s += Process::own().cpu().since(cpu);
            measured(&mut their_load, || sqlite.append(&said, None));
        }
        measured(&mut our_load, || ours.seal());
        let their_raw_bytes = measured(&mut their_load, || sqlite.bytes());
        let mut their_roll_up = Times::default();
        measured(&mut their_roll_up, || {
            sqlite.roll_up_all(shape.meters, (START_MS, end));
        });
        Self {
            sqlite,
            meters: shape.meters,
            days: shape.days,
            samples: ticks as f64 * 10.0,
            our_load,
            their_load,
            their_roll_up,
            their_raw_bytes,
            ours: Some(ours),
            place,
            _sqlite_place: sqlite_place,
        }
    }

    /// From when to when, ms.
    pub(crate) fn range(&self) -> (i64, i64) {
        (START_MS, START_MS + self.days * DAY_MS)
    }

    /// Our store, while it is open here.
    pub(crate) fn ours(&self) -> &Ours {
        self.ours.as_ref().expect("it is open")
    }

    /// Closes our store, so that an appliance can open it; where it lies.
    pub(crate) fn release(&mut self) -> PathBuf {
        self.ours.take().expect("it is open").close();
        self.place()
    }

    /// Where our store lies.
    pub(crate) fn place(&self) -> PathBuf {
        data_in(self.place.path())
    }
}

fn data_in(place: &Path) -> PathBuf {
    place.join("data")
}
