//! What people did to counters: another meter was put in, the transformers were changed. A layer
//! like the corrections, with who, when and why; the register stays as it was read.

use super::abilities::CounterLimits;
use super::correct::{CORRECTIONS_MAX, Undone, checked_why, mark};
use super::counter::{Event, What};
use super::parted;
use super::series::Catalogue;
use super::{HOUR_MS, SeriesId, Tsdb};
use crate::base::error::Checks;
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp, UserId};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Number of an event (big-endian) → [`CounterEvent`].
const EVENTS: Table<CounterEvent> = Table::new("ts_counter_event", 1);

/// Greatest reading and factor: beyond, a typing error.
const READING_MAX: f64 = 1e12;
const FACTOR_MAX: f64 = 1e6;
/// How far back the transformers may have been changed, ms: every hour since is folded again.
const FACTOR_BACK_MS: i64 = 366 * 24 * HOUR_MS;
/// Readings this far from an exchange say which meter was read, ms.
const BESIDE_MS: i64 = 24 * HOUR_MS;
/// Readings that are looked at to find out.
const BESIDE_MAX: usize = 200_000;

/// What was done to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum CounterChange {
    /// Another meter was put in.
    Exchange {
        /// Last reading of the old meter, in the unit of the counter.
        end_reading: f64,
        /// First reading of the new one.
        start_reading: f64,
    },
    /// The transformers were changed: what the register grows by counts this many times.
    Ratio {
        /// The factor, of the register as it is read; 1 is as it comes.
        factor: f64,
    },
}

/// Something that was done to a counter, with who, when and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CounterEvent {
    /// Its number.
    pub id: u64,
    /// The device.
    pub equipment: EquipmentId,
    /// The counter.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
    /// When it was done: readings from this instant on are after it.
    pub at: Timestamp,
    /// What was done.
    pub change: CounterChange,
    /// Why, in the words of the one who entered it.
    pub reason: String,
    /// Who entered it.
    pub by: UserId,
    /// When it was entered.
    pub entered: Timestamp,
    /// Who undid it, and when; `null` while it holds.
    pub undone: Option<Undone>,
}

/// Something done to a counter that somebody enters.
#[derive(Clone, Debug)]
pub struct NewCounterEvent {
    /// The device.
    pub equipment: EquipmentId,
    /// The counter.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
    /// When it was done.
    pub at: Timestamp,
    /// What was done.
    pub change: CounterChange,
    /// Why.
    pub reason: String,
    /// Who enters it.
    pub by: UserId,
    /// When.
    pub entered: Timestamp,
}

/// What is known of counters beside their readings. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    events: Arc<BTreeMap<SeriesId, Vec<Event>>>,
    /// Settings that are handed in after each start.
    pub(super) limits: Arc<BTreeMap<EquipmentId, CounterLimits>>,
    /// From this instant on, ms, what a counter that is read seldom grew by is cut at the quarters.
    pub(super) parted_from: i64,
}

impl Counters {
    /// Nothing but from when on growth is cut, ms.
    pub(super) fn cut_from(parted_from: i64) -> Self {
        Self {
            parted_from,
            ..Self::default()
        }
    }

    pub(super) fn load(view: &impl View, catalogue: &Catalogue, known: &Self) -> Result<Self> {
        let mut events: BTreeMap<SeriesId, Vec<Event>> = BTreeMap::new();
        for found in EVENTS.all(view)? {
            let series = catalogue.find(found.equipment, &found.metric, found.phase);
            if let (Some(series), None) = (series, &found.undone) {
                events.entry(series).or_default().push(found.event());
            }
        }
        for events in events.values_mut() {
            // Stable: of two at one instant the one that was entered first comes first.
            events.sort_by_key(|event| event.at);
        }
        Ok(Self {
            events: Arc::new(events),
            limits: Arc::clone(&known.limits),
            parted_from: parted::since(view)?.unwrap_or(known.parted_from),
        })
    }

    /// Whether anything was done to a counter.
    pub(super) fn has_events(&self, series: SeriesId) -> bool {
        self.events.contains_key(&series)
    }

    /// What was done to a counter, in order of time.
    pub(super) fn events(&self, series: SeriesId) -> Vec<Event> {
        self.events.get(&series).cloned().unwrap_or_default()
    }
}

impl CounterEvent {
    fn event(&self) -> Event {
        Event {
            at: self.at.ms(),
            what: match self.change {
                CounterChange::Exchange {
                    end_reading,
                    start_reading,
                } => What::Exchange {
                    end: end_reading,
                    start: start_reading,
                },
                CounterChange::Ratio { factor } => What::Factor(factor),
            },
        }
    }

    /// The hours whose energy it changes, when nothing is read after `last`.
    fn hours(&self, last: i64) -> std::ops::RangeInclusive<i64> {
        let hour = self.at.ms().div_euclid(HOUR_MS);
        let end = match self.change {
            CounterChange::Exchange { .. } => hour + 1,
            CounterChange::Ratio { .. } => (hour + 1).max(last.div_euclid(HOUR_MS) + 1),
        };
        (hour - 1).max(0)..=end
    }
}

impl Tsdb {
    /// What was done to counters, also what was undone, oldest entry first.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn counter_events(&self) -> Result<Vec<CounterEvent>> {
        EVENTS.all(&self.store.read()?)
    }

    /// Takes note of something that was done to a counter, before or after the readings that follow
    /// it; energy follows at once. `also` runs in the same transaction.
    ///
    /// # Errors
    /// When it is refused (unknown counter, a reading that cannot be, readings that contradict it,
    /// no reason) or the disk refuses.
    pub async fn enter_counter_event<F>(
        &self,
        asked: NewCounterEvent,
        also: F,
    ) -> Result<CounterEvent>
    where
        F: FnOnce(&Transaction<'_>, &CounterEvent) -> Result<()> + Send + 'static,
    {
        let reason = checked_why("reason", &asked.reason)?;
        self.check_event(&asked)?;
        let device = self.device_for(asked.equipment, &asked.metric, asked.phase)?;
        let last = self.last_read()?;
        self.change_layers(move |transaction| {
            let all = EVENTS.all(transaction)?;
            let id = all.last().map_or(1, |event| event.id + 1);
            if id > CORRECTIONS_MAX {
                return Err(Error::conflict("There are as many entries as can be."));
            }
            let same = |event: &CounterEvent| {
                event.undone.is_none()
                    && event.at == asked.at
                    && (event.equipment, event.phase) == (asked.equipment, asked.phase)
                    && event.metric == asked.metric
                    && std::mem::discriminant(&event.change)
                        == std::mem::discriminant(&asked.change)
            };
            if let Some(other) = all.iter().find(|event| same(event)) {
                let sentence = format!(
                    "Entry {} says this of the same instant already; undo it first.",
                    other.id
                );
                return Err(Error::conflict(sentence));
            }
            let made = CounterEvent {
                id,
                equipment: asked.equipment,
                metric: asked.metric,
                phase: asked.phase,
                at: asked.at,
                change: asked.change,
                reason,
                by: asked.by,
                entered: asked.entered,
                undone: None,
            };
            EVENTS.put(transaction, &id.to_be_bytes(), &made)?;
            mark(transaction, device, made.hours(last))?;
            also(transaction, &made)?;
            Ok(made)
        })
        .await
    }

    /// Undoes what was entered. Doing it twice changes nothing.
    ///
    /// # Errors
    /// When there is no such entry for this device, samples it changed are forgotten, or the disk
    /// refuses.
    pub async fn undo_counter_event<F>(
        &self,
        (equipment, id): (EquipmentId, u64),
        by: UserId,
        at: Timestamp,
        also: F,
    ) -> Result<CounterEvent>
    where
        F: FnOnce(&Transaction<'_>, &CounterEvent) -> Result<()> + Send + 'static,
    {
        let none = move || Error::not_found("entry", id);
        let known = EVENTS.get(&self.store.read()?, &id.to_be_bytes())?;
        let known = known.filter(|event| event.equipment == equipment);
        let known = known.ok_or_else(none)?;
        if known.undone.is_none() {
            self.check_kept("id", known.at)?;
        }
        let device = self.device_for(known.equipment, &known.metric, known.phase)?;
        let last = self.last_read()?;
        self.change_layers(move |transaction| {
            let found = EVENTS.get(transaction, &id.to_be_bytes())?;
            let mut found = found.ok_or_else(none)?;
            if found.undone.is_none() {
                found.undone = Some(Undone { by, at });
                EVENTS.put(transaction, &id.to_be_bytes(), &found)?;
                mark(transaction, device, found.hours(last))?;
                also(transaction, &found)?;
            }
            Ok(found)
        })
        .await
    }

    fn check_event(&self, asked: &NewCounterEvent) -> Result<()> {
        if asked.metric.kind() != crate::base::sample::MetricKind::Counter {
            let sentence = format!("{} is no counter.", asked.metric);
            return Err(Error::invalid("metric", sentence));
        }
        self.check_kept("at", asked.at)?;
        match asked.change {
            CounterChange::Exchange {
                end_reading,
                start_reading,
            } => {
                let mut checks = Checks::default();
                for (field, reading) in [
                    ("end_reading", end_reading),
                    ("start_reading", start_reading),
                ] {
                    let fits = (0.0..=READING_MAX).contains(&reading);
                    checks.require(fits, field, "A reading is a number from 0 to 10^12.");
                }
                checks.finish()?;
                self.check_beside(asked, end_reading, start_reading)
            }
            CounterChange::Ratio { factor } => {
                if !(factor > 0.0 && factor <= FACTOR_MAX) {
                    let sentence = "A factor is a number above 0, at most a million.";
                    return Err(Error::invalid("factor", sentence));
                }
                if asked.at.ms() < asked.entered.ms() - FACTOR_BACK_MS {
                    let sentence = "A ratio can be changed from at most a year ago on.";
                    return Err(Error::invalid("at", sentence));
                }
                Ok(())
            }
        }
    }

    fn check_kept(&self, field: &'static str, at: Timestamp) -> Result<()> {
        let forgotten = self.accepts_from();
        if at < forgotten {
            let sentence = format!(
                "Samples before {forgotten} are no longer kept; nothing can be changed there."
            );
            return Err(Error::invalid(field, sentence));
        }
        Ok(())
    }

    /// Refuses an exchange at an instant at which the readings say otherwise.
    fn check_beside(&self, asked: &NewCounterEvent, end: f64, start: f64) -> Result<()> {
        let Some(series) = self.find(asked.equipment, &asked.metric, asked.phase) else {
            return Ok(());
        };
        let range = TimeRange {
            from: asked.at.minus_ms(BESIDE_MS),
            to: asked.at.plus_ms(BESIDE_MS),
        };
        let points = self.raw_up_to(&[series], range, BESIDE_MAX)?;
        let read: Vec<(Timestamp, bool)> = points
            .iter()
            .filter_map(|point| {
                let value = point.values[0]?;
                Some((point.at, (value - end).abs() <= (value - start).abs()))
            })
            .collect();
        let place = read.partition_point(|(at, _)| *at < asked.at);
        let fits = place.checked_sub(1).is_none_or(|last| read[last].1)
            && read.get(place).is_none_or(|(_, is_old)| !is_old);
        if fits || (end - start).abs() == 0.0 {
            return Ok(());
        }
        let changes = read.windows(2).filter(|pair| pair[0].1 && !pair[1].1);
        let sentence = match changes.min_by_key(|pair| asked.at.since_ms(pair[0].0).abs()) {
            Some(pair) => format!(
                "The readings say otherwise: the old meter was last read at {}, the new one first at {}. Give an instant after the first and not after the second.",
                pair[0].0, pair[1].0
            ),
            None if read.get(place).is_some_and(|(_, is_old)| *is_old) => {
                "The old meter is still read after this instant. Enter the exchange with the instant at which it is made, or check the two readings.".to_owned()
            }
            None => {
                "The new meter is read before this instant already. Enter an earlier one, or check the two readings.".to_owned()
            }
        };
        Err(Error::invalid("at", sentence))
    }

    /// An instant after which nothing was read, ms.
    fn last_read(&self) -> Result<i64> {
        let hot = self.head_read(super::Head::waiting);
        let hot = hot.last().map_or(0, |(hour, _)| (hour + 1) * HOUR_MS);
        let sealed = super::seal::newest_sealed(&self.blocks, &self.blocks.look())?;
        Ok(sealed.unwrap_or(0).max(hot))
    }
}
