//! Corrections: a layer over the samples, with who, when and why. What was measured stays as it
//! was; a correction changes what is answered and folded from it, and can be undone.

use super::counters::Counters;
use super::series::{Catalogue, Device};
use super::track::{Sample, Track};
use super::{HOUR_MS, SeriesId, Tsdb};
use crate::base::{
    EquipmentId, Error, Metric, Phase, Quality, Result, TimeRange, Timestamp, UserId,
};
use crate::store::table::Table;
use crate::store::{TableName, Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use utoipa::ToSchema;

/// Number of a correction (big-endian) → [`Correction`].
const CORRECTIONS: Table<Correction> = Table::new("ts_correction", 1);
/// (hour, device) → nothing: hours that are to be folded again.
pub(super) const DIRTY: TableName = TableName::new("ts_dirty");

/// Longest span of one correction: what one person can look at and mean, ms.
const SPAN_MAX_MS: i64 = 366 * 24 * HOUR_MS;
const WHY_MAX: usize = 500;
/// Corrections of one appliance.
pub(super) const CORRECTIONS_MAX: u64 = 10_000;

/// What a correction does to each sample of its span.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "do", content = "by")]
pub enum Change {
    /// It is not to be believed: it counts as bad.
    Exclude,
    /// It becomes this value, of quality manual.
    Set(f64),
    /// This is added to it; quality substituted.
    Add(f64),
    /// It is multiplied by this; quality substituted.
    Multiply(f64),
}

/// One correction of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Correction {
    /// Its number; they are applied in this order.
    pub id: u64,
    /// The device.
    pub equipment: EquipmentId,
    /// The quantity.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
    /// First instant that it applies to.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// What it does.
    pub change: Change,
    /// Why, in the words of the one who made it.
    pub why: String,
    /// Who made it.
    pub by: UserId,
    /// When it was made.
    pub at: Timestamp,
    /// Who undid it, and when; `null` while it holds.
    pub undone: Option<Undone>,
}

/// The end of a correction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Undone {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// A correction that somebody asks for.
#[derive(Clone, Debug)]
pub struct NewCorrection {
    /// The device.
    pub equipment: EquipmentId,
    /// The quantity.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
    /// The samples it applies to.
    pub range: TimeRange,
    /// What it does.
    pub change: Change,
    /// Why.
    pub why: String,
    /// Who asks.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// The corrections that hold, by series. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Corrections {
    by_series: Arc<BTreeMap<SeriesId, Vec<Active>>>,
}

#[derive(Clone, Copy, Debug)]
struct Active {
    from: i64,
    to: i64,
    change: Change,
}

impl Corrections {
    pub(super) fn load(view: &impl View, catalogue: &Catalogue) -> Result<Self> {
        let mut by_series: BTreeMap<SeriesId, Vec<Active>> = BTreeMap::new();
        for found in CORRECTIONS.all(view)? {
            let series = catalogue.find(found.equipment, &found.metric, found.phase);
            if let (Some(series), None) = (series, &found.undone) {
                by_series.entry(series).or_default().push(Active {
                    from: found.from.ms(),
                    to: found.to.ms(),
                    change: found.change,
                });
            }
        }
        Ok(Self {
            by_series: Arc::new(by_series),
        })
    }

    /// Applies what holds for a series to its samples, oldest correction first.
    pub(super) fn apply(&self, series: SeriesId, track: &mut Track) {
        for active in self.by_series.get(&series).into_iter().flatten() {
            let range = track.range(active.from, active.to);
            if !range.is_empty() {
                *track = std::mem::take(track).map(range, |sample| active.change.apply(sample));
            }
        }
    }
}

impl Change {
    fn apply(self, sample: Sample) -> Sample {
        let Some(value) = sample.value else {
            return sample;
        };
        let (value, quality) = match self {
            Self::Exclude => (value, Quality::Bad),
            Self::Set(value) => (value, Quality::Manual),
            Self::Add(by) => (value + by, Quality::Substituted),
            Self::Multiply(by) => (value * by, Quality::Substituted),
        };
        // A factor that leaves the range of numbers makes a value that is none.
        let value = value.is_finite().then_some(value);
        Sample {
            value,
            quality: if value.is_some() {
                quality
            } else {
                Quality::Missing
            },
            ..sample
        }
    }

    fn check(self) -> Result<()> {
        let by = match self {
            Self::Exclude => return Ok(()),
            Self::Set(by) | Self::Add(by) | Self::Multiply(by) => by,
        };
        if by.is_finite() && by.abs() <= 1e15 {
            Ok(())
        } else {
            Err(Error::invalid("change.by", "The number is out of range."))
        }
    }
}

impl Tsdb {
    /// All corrections, also those that were undone, oldest first.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn corrections(&self) -> Result<Vec<Correction>> {
        CORRECTIONS.all(&self.store.read()?)
    }

    /// Makes a correction; what depends on it is answered right at once and folded again soon.
    /// `also` runs in the same transaction and gets the correction.
    ///
    /// # Errors
    /// When it is refused (unknown series, empty or too long span, no reason) or the disk refuses.
    pub async fn correct<F>(&self, asked: NewCorrection, also: F) -> Result<Correction>
    where
        F: FnOnce(&Transaction<'_>, &Correction) -> Result<()> + Send + 'static,
    {
        let why = checked_why("why", &asked.why)?;
        if asked.range.length_ms() > SPAN_MAX_MS {
            return Err(Error::invalid("to", "A correction spans at most a year."));
        }
        asked.change.check()?;
        let forgotten = Timestamp::from_ms(self.state().forgotten_until);
        if asked.range.from < forgotten {
            let sentence = format!(
                "Samples before {forgotten} are no longer kept; nothing can be corrected there."
            );
            return Err(Error::invalid("from", sentence));
        }
        let device = self.device_for(asked.equipment, &asked.metric, asked.phase)?;
        let hours = hours_of(asked.range);
        let made = self
            .change_layers(move |transaction| {
                let id = CORRECTIONS.all(transaction)?.last().map_or(1, |c| c.id + 1);
                if id > CORRECTIONS_MAX {
                    return Err(Error::conflict("There are as many corrections as can be."));
                }
                let made = Correction {
                    id,
                    equipment: asked.equipment,
                    metric: asked.metric,
                    phase: asked.phase,
                    from: asked.range.from,
                    to: asked.range.to,
                    change: asked.change,
                    why,
                    by: asked.by,
                    at: asked.at,
                    undone: None,
                };
                store(transaction, &made, device, hours)?;
                also(transaction, &made)?;
                Ok(made)
            })
            .await?;
        Ok(made)
    }

    /// Undoes a correction. Doing it twice changes nothing.
    ///
    /// # Errors
    /// When there is no such correction or the disk refuses.
    pub async fn undo_correction<F>(
        &self,
        id: u64,
        by: UserId,
        at: Timestamp,
        also: F,
    ) -> Result<Correction>
    where
        F: FnOnce(&Transaction<'_>, &Correction) -> Result<()> + Send + 'static,
    {
        let known = CORRECTIONS
            .get(&self.store.read()?, &id.to_be_bytes())?
            .ok_or_else(|| Error::not_found("correction", id))?;
        let device = self.device_for(known.equipment, &known.metric, known.phase)?;
        self.change_layers(move |transaction| {
            let mut found = CORRECTIONS
                .get(transaction, &id.to_be_bytes())?
                .ok_or_else(|| Error::not_found("correction", id))?;
            if found.undone.is_none() {
                found.undone = Some(Undone { by, at });
                let range = TimeRange::new(found.from, found.to)?;
                store(transaction, &found, device, hours_of(range))?;
                also(transaction, &found)?;
            }
            Ok(found)
        })
        .await
    }

    pub(super) fn device_for(
        &self,
        equipment: EquipmentId,
        metric: &Metric,
        phase: Phase,
    ) -> Result<Device> {
        let catalogue = self.state();
        let series = catalogue.catalogue.find(equipment, metric, phase);
        series
            .and_then(|series| catalogue.catalogue.device_of(series))
            .ok_or_else(|| {
                let sentence = format!("Nothing called {metric} was ever read of this equipment.");
                Error::invalid("metric", sentence)
            })
    }

    /// Changes what lies over the readings, on disk and then in memory.
    pub(super) async fn change_layers<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let _turn = self.appending.lock().await;
        self.settle()?;
        let mut next = super::State::clone(&self.state());
        let changed = self.store.write(move |transaction| {
            let made = change(transaction)?;
            next.corrections = Corrections::load(transaction, &next.catalogue)?;
            next.counters = Counters::load(transaction, &next.catalogue, &next.counters)?;
            next.dirty = Arc::new(load_dirty(transaction)?);
            Ok((next, made))
        });
        let (next, made) = self.or_doubt(changed.await)?;
        self.set_state(next);
        Ok(made)
    }
}

/// The hours that a correction changes: those of its span, the one before, which the first reading
/// may close, and the one after, which the last may reach into.
fn hours_of(range: TimeRange) -> std::ops::RangeInclusive<i64> {
    let hour = |at: i64| at.div_euclid(HOUR_MS);
    (hour(range.from.ms()) - 1).max(0)..=hour(range.to.ms() - 1) + 1
}

fn store(
    transaction: &Transaction<'_>,
    correction: &Correction,
    device: Device,
    hours: std::ops::RangeInclusive<i64>,
) -> Result<()> {
    CORRECTIONS.put(transaction, &correction.id.to_be_bytes(), correction)?;
    mark(transaction, device, hours)
}

/// A reason that says something.
pub(super) fn checked_why(field: &'static str, why: &str) -> Result<String> {
    let why = why.trim();
    if why.is_empty() || why.chars().count() > WHY_MAX {
        let sentence = format!("Say why, in at most {WHY_MAX} characters.");
        return Err(Error::invalid(field, sentence));
    }
    Ok(why.to_owned())
}

/// Marks hours of a device as to be folded again.
pub(super) fn mark(
    transaction: &Transaction<'_>,
    device: Device,
    hours: std::ops::RangeInclusive<i64>,
) -> Result<()> {
    for hour in hours {
        transaction.put(DIRTY, &dirty_key(hour, device), &[])?;
    }
    Ok(())
}

pub(super) fn dirty_key(hour: i64, device: Device) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&u32::try_from(hour).unwrap_or(0).to_be_bytes());
    key[4..].copy_from_slice(&device.0.to_be_bytes());
    key
}

/// The hours that are to be folded again, by device.
pub(super) type Dirty = BTreeMap<Device, BTreeSet<i64>>;

pub(super) fn load_dirty(view: &impl View) -> Result<Dirty> {
    let mut dirty = Dirty::new();
    view.scan(DIRTY, &[], &[0xFF; 9], &mut |key, _| {
        if let Some((hour, device)) = key.split_first_chunk::<4>()
            && let Ok(device) = device.try_into()
        {
            let device = Device(u32::from_be_bytes(device));
            let hour = i64::from(u32::from_be_bytes(*hour));
            dirty.entry(device).or_default().insert(hour);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(dirty)
}
