//! The time-series store: ticks on disk at once, sealed by the hour into blocks, folded into
//! rollups, answered from the coarsest level that still answers.
//!
//! Promises: a batch is stored once and whole, with its quality; late samples give the same
//! figures as timely ones; a gap stays a gap; a damaged block is reported and left out, never
//! shown as truth; energy is the corrected delta of a counter. Will not do: invent values.

mod abilities;
mod blocks;
mod buckets;
mod correct;
mod count;
pub mod counter;
mod counters;
mod doubt;
mod ends;
mod fold;
mod head;
mod hours;
mod last;
mod level;
mod load;
mod memo;
#[cfg(test)]
mod model;
#[cfg(test)]
mod model_counter;
#[cfg(test)]
mod model_histories;
#[cfg(test)]
mod model_steps;
#[cfg(test)]
mod model_tests;
pub mod pack;
mod packing;
mod parted;
mod placed;
mod points;
#[cfg(test)]
mod power_cut;
mod put;
mod query;
mod recall;
mod retention;
pub mod rollup;
mod runs;
mod seal;
mod sealed;
mod series;
mod start;
#[cfg(test)]
mod tests;
pub mod tick;
mod track;
mod usage;
mod verify;
mod within;
mod writes;
#[cfg(test)]
mod zone_tests;

pub use abilities::CounterLimits;
pub use buckets::{Bucket, Buckets};
pub use correct::{Change, Correction, NewCorrection, Undone};
pub use counters::{CounterChange, CounterEvent, NewCounterEvent};
pub use level::Level;
pub use points::Point;
pub use query::{Query, Resolution};
pub use recall::Stored;
pub use retention::Keep;
pub use seal::Done;
pub use series::{SeriesId, SeriesInfo};
pub use usage::{LevelUse, StorageUse};
pub use verify::{Damage, Listener, Verified};

use crate::base::{Batch, EquipmentId, Metric, Phase, Quality, Result, Timestamp};
use crate::store::{Store, TableName, Transaction, View as _};
use blocks::Blocks;
use correct::{Corrections, Dirty};
use counters::Counters;
use head::Head;
use last::{Last, LastValues};
use memo::Memo;
use series::{Catalogue, Device};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tick::{StoredBatch, StoredSample};

/// (time, number within that instant) → packed batches. Time first: a tick is appended at the
/// end of the tree, which costs a hundredth of what series-first keys cost.
const TICKS: TableName = TableName::new("ts_tick");
/// Folder of the volumes in the data directory.
pub const FOLDER: &str = "readings";

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How far back the latest values are looked for at the start, ms: a device that has been silent
/// for longer has no current value anyway.
const LATEST_WITHIN_MS: i64 = DAY_MS;
/// The last instant that a reading may have, ms: the end of the year 9999.
const AT_MAX_MS: i64 = 253_402_300_799_999;

/// The store of readings.
#[derive(Debug)]
pub struct Tsdb {
    store: Store,
    blocks: Blocks,
    state: RwLock<Arc<State>>,
    head: RwLock<Head>,
    /// The newest value of every series.
    last: RwLock<LastValues>,
    memo: Memo,
    /// One append at a time: each starts from the state that the one before left.
    appending: tokio::sync::Mutex<()>,
    /// One at a time changes blocks.
    upkeep: Mutex<seal::Upkeep>,
    /// The disk refused a change, and memory may not be what the disk holds: see [`doubt`].
    in_doubt: AtomicBool,
}

/// What is kept in memory, exactly as the last commit left it.
#[derive(Clone, Debug, Default)]
struct State {
    catalogue: Catalogue,
    corrections: Corrections,
    counters: Counters,
    dirty: Arc<Dirty>,
    /// Before this, ms, samples are gone while their rows are kept.
    forgotten_until: i64,
}

/// The newest value of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// What it is.
    pub series: SeriesInfo,
    /// When it was true.
    pub at: Timestamp,
    /// Poll interval of the device, ms.
    pub interval_ms: u32,
    /// The value; `None` when it is missing.
    pub value: Option<f64>,
    /// How far to trust it.
    pub quality: Quality,
}

/// A row of ticks with its key and its instant.
type Row = ([u8; 16], i64, Vec<StoredBatch>);

impl Tsdb {
    /// Opens the readings of a store and rebuilds what memory holds: the catalogue of series and
    /// the hours that are not sealed yet.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store) -> Result<Self> {
        Self::open_keeping(store, start::KEPT)
    }

    /// As [`Tsdb::open`], with so many samples and rows in memory before what is old is sealed.
    fn open_keeping(store: &Store, most: (usize, usize)) -> Result<Self> {
        let blocks = Blocks::new(store.volumes(FOLDER));
        let view = store.read()?;
        let known = Counters::cut_from(parted::at_start(&view, &blocks)?);
        let state = State::load(&view, &known)?;
        drop(view);
        let tsdb = Self {
            blocks,
            store: store.clone(),
            state: RwLock::new(Arc::new(state)),
            head: RwLock::default(),
            last: RwLock::default(),
            memo: Memo::default(),
            appending: tokio::sync::Mutex::new(()),
            upkeep: Mutex::default(),
            in_doubt: AtomicBool::default(),
        };
        tsdb.replay(most)?;
        if let Err(error) = tsdb.find_last() {
            // Nothing depends on it but what is shown until the next reading.
            tracing::error!(%error, "the newest values of silent devices were not found");
        }
        Ok(tsdb)
    }

    /// Stores batches; returns when they are on disk. `also` runs in the same transaction.
    ///
    /// # Errors
    /// What `also` returned, or when the disk refuses; then all of the batches is stored or
    /// nothing, and the answers tell which as soon as the disk can be read.
    pub async fn append<F>(&self, batches: Arc<Vec<Batch>>, also: F) -> Result<()>
    where
        F: FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    {
        let _turn = self.appending.lock().await;
        self.settle()?;
        let mut next = State::clone(&self.state());
        let stored = self.store.write_sparing(move |transaction| {
            let rows = next.store(transaction, &batches)?;
            also(transaction)?;
            Ok((next, rows))
        });
        let (next, rows) = self.or_doubt(stored.await)?;
        let catalogue = next.catalogue.clone();
        self.set_state(next);
        self.remember(&rows, &catalogue);
        Ok(())
    }

    /// The newest value of every series that had one in the last day of readings.
    ///
    /// # Errors
    /// None today; kept for stores that look it up.
    pub fn latest(&self) -> Result<Vec<Latest>> {
        let state = self.state();
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let newest = last.newest_at().unwrap_or(0);
        let show = |(id, last): (SeriesId, &Last)| {
            Some(Latest {
                series: state.catalogue.info(id)?.clone(),
                at: Timestamp::from_ms(last.at),
                interval_ms: last.interval_ms,
                value: Some(last.value),
                quality: last.quality,
            })
        };
        let recent = |entry: &(SeriesId, &Last)| entry.1.at + LATEST_WITHIN_MS >= newest;
        Ok(last.iter().filter(recent).filter_map(show).collect())
    }

    /// The series of a device.
    #[must_use]
    pub fn series_of(&self, equipment: EquipmentId) -> Vec<(SeriesId, SeriesInfo)> {
        self.state().catalogue.of(equipment)
    }

    /// The number of one series.
    #[must_use]
    pub fn find(&self, equipment: EquipmentId, metric: &Metric, phase: Phase) -> Option<SeriesId> {
        self.state().catalogue.find(equipment, metric, phase)
    }

    /// Before this instant nothing is taken any more: samples of that time were forgotten, and
    /// figures could not be made of stragglers alone.
    #[must_use]
    pub fn accepts_from(&self) -> Timestamp {
        Timestamp::from_ms(self.state().forgotten_until)
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits on this thread until nobody appends.
    fn take_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        loop {
            match self.appending.try_lock() {
                Ok(turn) => return turn,
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(1)),
            }
        }
    }

    fn set_state(&self, next: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// Takes rows that are on disk into memory.
    fn remember(&self, rows: &[Row], catalogue: &Catalogue) {
        let mut head = self.head.write().unwrap_or_else(PoisonError::into_inner);
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        for (key, at, batches) in rows {
            head.push(*key, *at, batches, catalogue);
            batches.iter().for_each(|batch| last.note_batch(*at, batch));
        }
    }
}

/// A row as it is kept in memory; one that is damaged is reported and left out.
fn read_row(key: &[u8], row: &[u8]) -> Option<Row> {
    let key: [u8; 16] = key.try_into().ok()?;
    let at = time_of(&key);
    let mut batches = Vec::new();
    let shown = tick::decode(at, row, |batch| {
        batches.push(batch.clone());
        Ok(())
    });
    if let Err(error) = shown {
        tracing::error!(%error, "a damaged row of readings");
        batches.clear();
    }
    Some((key, at.ms(), batches))
}

impl State {
    fn store(&mut self, transaction: &Transaction<'_>, batches: &[Batch]) -> Result<Vec<Row>> {
        let mut ticks: BTreeMap<Timestamp, Vec<StoredBatch>> = BTreeMap::new();
        for batch in batches {
            if !(0..=AT_MAX_MS).contains(&batch.at.ms()) {
                tracing::error!(at = %batch.at, "readings of an impossible time are left out");
                continue;
            }
            let mut samples = Vec::with_capacity(batch.readings.len());
            let likely = self.catalogue.likely(batch.equipment, &batch.readings);
            for (likely, reading) in likely.into_iter().zip(&batch.readings) {
                let series = match likely {
                    Some(known) => known,
                    None => (self.catalogue).intern(transaction, batch.equipment, reading)?,
                };
                // What is no number is no value, whoever brought it.
                let value = reading.value.filter(|value| value.is_finite());
                let quality = match value {
                    None if reading.value.is_some() => Quality::Missing,
                    _ => reading.quality,
                };
                samples.push(StoredSample {
                    series,
                    value,
                    quality,
                });
            }
            // Neighbouring numbers differ by little, which is what the codec stores.
            if !samples.is_sorted_by_key(|sample| sample.series) {
                samples.sort_by_key(|sample| sample.series);
            }
            let stored = StoredBatch {
                interval_ms: batch.interval_ms,
                arrived: batch.arrived,
                samples,
            };
            ticks.entry(batch.at).or_default().push(stored);
        }
        let mut rows = Vec::with_capacity(ticks.len());
        for (at, stored) in ticks {
            let key = free_key(transaction, at)?;
            transaction.put(TICKS, &key, &tick::encode(at, &stored))?;
            rows.push((key, at.ms(), stored));
        }
        Ok(rows)
    }

    /// The hours of a device that are to be folded again.
    fn dirty_of(&self, device: Device) -> impl Iterator<Item = i64> + '_ {
        self.dirty.get(&device).into_iter().flatten().copied()
    }
}

/// The first free key of an instant: two groups may bring values of the same tick.
fn free_key(transaction: &Transaction<'_>, at: Timestamp) -> Result<[u8; 16]> {
    let mut row = 0;
    while transaction.get(TICKS, &tick_key(at, row))?.is_some() {
        row += 1;
    }
    Ok(tick_key(at, row))
}

/// After every key in use.
const END: [u8; 17] = [0xFF; 17];

/// Key of a tick row: 8 bytes of time whose order is the order of time, 8 of number.
fn tick_key(at: Timestamp, row: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&(at.ms().cast_unsigned() ^ (1 << 63)).to_be_bytes());
    key[8..].copy_from_slice(&row.to_be_bytes());
    key
}

/// The time in the first eight bytes of a key.
fn time_of(key: &[u8]) -> Timestamp {
    let bytes = key.first_chunk::<8>().copied().unwrap_or_default();
    Timestamp::from_ms((u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
}
