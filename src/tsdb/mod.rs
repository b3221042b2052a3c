//! The time-series store: packed tick rows, closed quarters, latest values, history by bucket.
//!
//! Promises: a batch is stored once and whole, with its quality; a gap stays a gap; a damaged
//! row is reported, never shown as truth; energy is the corrected delta of a counter. Will not
//! do: invent values, or forget (retention comes with the next store).

pub mod codec;
pub mod counter;
mod fold;
pub mod pack;
mod query;
pub mod rollup;
mod series;
#[cfg(test)]
mod tests;

pub use query::{Bucket, Point, Query, Resolution};
pub use series::{SeriesId, SeriesInfo};

use crate::base::{Batch, EquipmentId, Metric, Phase, Quality, Result, Timestamp};
use crate::store::{Store, TableName, Transaction, View as _};
use codec::{StoredBatch, StoredSample};
use fold::Fold;
use series::Catalogue;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, RwLock};

/// (time, number within that instant) → packed batches. Time first: a tick is appended at the end of the
/// tree, which costs a hundredth of what series-first keys cost.
const TICKS: TableName = TableName::new("ts_tick");
/// Start of a closed quarter → one row per series.
const QUARTERS: TableName = TableName::new("ts_quarter");

/// How far back the latest values are looked for at the start, ms: a device that has been silent
/// for longer has no current value anyway.
const LATEST_WITHIN_MS: i64 = 24 * 3_600_000;

/// The store of readings.
#[derive(Debug)]
pub struct Tsdb {
    store: Store,
    state: RwLock<Arc<State>>,
    /// One append at a time: each starts from the state that the one before left.
    appending: tokio::sync::Mutex<()>,
}

/// What is kept in memory, exactly as the last commit left it.
#[derive(Clone, Debug, Default)]
struct State {
    catalogue: Catalogue,
    fold: Fold,
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

impl Tsdb {
    /// Opens the readings of a store and rebuilds what memory holds: the catalogue of series,
    /// the counters and the open quarter.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store) -> Result<Self> {
        let reader = store.read()?;
        let catalogue = Catalogue::load(&reader)?;
        let fold = Fold::rebuild(&reader, &catalogue)?;
        let state = State { catalogue, fold };
        Ok(Self {
            store: store.clone(),
            state: RwLock::new(Arc::new(state)),
            appending: tokio::sync::Mutex::new(()),
        })
    }

    /// Stores batches; returns when they are on disk. `also` runs in the same transaction.
    ///
    /// # Errors
    /// When the disk refuses, or what `also` returned; then nothing of the batches is stored.
    pub async fn append<F>(&self, batches: Arc<Vec<Batch>>, also: F) -> Result<()>
    where
        F: FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    {
        let _turn = self.appending.lock().await;
        let mut next = State::clone(&self.state());
        let next = self
            .store
            .write(move |transaction| {
                next.append(transaction, &batches)?;
                also(transaction)?;
                Ok(next)
            })
            .await?;
        *self
            .state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }

    /// The newest value of every series that had one in the last day.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn latest(&self) -> Result<Vec<Latest>> {
        let state = self.state();
        let mut found: BTreeMap<SeriesId, Latest> = BTreeMap::new();
        let mut newest = None;
        self.store
            .read()?
            .scan_back(TICKS, &[], &END, &mut |key, row| {
                let at = time_of(key);
                if at.plus_ms(LATEST_WITHIN_MS) < *newest.get_or_insert(at)
                    || found.len() == state.catalogue.len()
                {
                    return Ok(ControlFlow::Break(()));
                }
                let mut take = |batch: &StoredBatch| {
                    for sample in batch.samples.iter().filter(|s| s.value.is_some()) {
                        if let Some(series) = state.catalogue.info(sample.series) {
                            found.entry(sample.series).or_insert_with(|| Latest {
                                series: series.clone(),
                                at,
                                interval_ms: batch.interval_ms,
                                value: sample.value,
                                quality: sample.quality,
                            });
                        }
                    }
                    Ok(())
                };
                if let Err(error) = codec::decode(at, row, &mut take) {
                    tracing::error!(%error, "a damaged row of readings");
                }
                Ok(ControlFlow::Continue(()))
            })?;
        Ok(found.into_values().collect())
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

    fn state(&self) -> Arc<State> {
        Arc::clone(
            &self
                .state
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

impl State {
    fn append(&mut self, transaction: &Transaction<'_>, batches: &[Batch]) -> Result<()> {
        let mut ticks: BTreeMap<Timestamp, Vec<StoredBatch>> = BTreeMap::new();
        for batch in batches {
            let mut samples = Vec::with_capacity(batch.readings.len());
            for reading in &batch.readings {
                let series = self
                    .catalogue
                    .intern(transaction, batch.equipment, reading)?;
                samples.push(StoredSample {
                    series,
                    value: reading.value,
                    quality: reading.quality,
                });
            }
            // Neighbouring numbers differ by little, which is what the codec stores.
            samples.sort_by_key(|sample| sample.series);
            let stored = StoredBatch {
                interval_ms: batch.interval_ms,
                arrived: batch.arrived,
                samples,
            };
            ticks.entry(batch.at).or_default().push(stored);
        }
        for (at, stored) in &ticks {
            let key = free_key(transaction, *at)?;
            transaction.put(TICKS, &key, &codec::encode(*at, stored))?;
            for batch in stored {
                self.fold.note(*at, batch.interval_ms);
            }
        }
        self.fold.close(transaction, &self.catalogue)
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
    key[..8].copy_from_slice(&time_key(at));
    key[8..].copy_from_slice(&row.to_be_bytes());
    key
}

/// Eight bytes whose order is the order of time, also before 1970.
fn time_key(at: Timestamp) -> [u8; 8] {
    (at.ms().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// The time in the first eight bytes of a key.
fn time_of(key: &[u8]) -> Timestamp {
    let bytes = key.first_chunk::<8>().copied().unwrap_or_default();
    Timestamp::from_ms((u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())
}
