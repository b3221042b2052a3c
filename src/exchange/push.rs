//! *pure* — what lines of line protocol mean here: whose readings they are, of which quantity,
//! and when they were true.
//!
//! Tags: `equipment_id` (an id, or a name or serial number that only one has), `site`, `phase`
//! (`L1`, `L2`, `L3`, `total`), `interval`. Every numeric field is a quantity.

use super::directory::Directory;
use super::line::{self, Fault, Line, Value};
use super::words::{Precision, interval, phase_of, quantity};
use crate::base::{Batch, EquipmentId, Metric, Phase, Reading, Timestamp, Unit};
use crate::tsdb::SeriesInfo;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What a reading stands for when nobody says how often its meter sends, ms.
pub const INTERVAL_DEFAULT_MS: u32 = 60_000;
/// How far ahead of us the clock of a writer may be, ms.
const AHEAD_MAX_MS: i64 = 24 * 3_600_000;
/// 1980: seconds that are read as nanoseconds lie before it, readings do not.
const EARLIEST: Timestamp = Timestamp::from_ms(315_532_800_000);
/// Why readings of a time that was forgotten are refused.
pub(super) const FORGOTTEN: &str =
    "This is of a time whose samples are no longer kept; nothing can be added there.";
/// Most refused lines that are reported one by one.
const REPORTED_MAX: usize = 100;

/// What is agreed on for all lines of a writer.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Unit of the timestamps.
    pub precision: Precision,
    /// Interval of equipment that has none, unless its line names one, ms.
    pub interval_ms: Option<u32>,
    /// The arrival.
    pub now: Timestamp,
    /// Samples before this were forgotten; none of that time are taken any more.
    pub accepts_from: Timestamp,
    /// Whether equipment that is out of use is written to: its past may be brought in.
    pub decommissioned: bool,
}

/// Why a line was refused.
pub type Refused = Fault;

/// Lines that were understood, as batches, and those that were not.
#[derive(Debug, Default)]
pub struct Pushed {
    /// One batch per equipment and instant.
    pub batches: Vec<Batch>,
    /// Lines in them.
    pub accepted: usize,
    /// The first refused lines.
    pub refused: Vec<Refused>,
    /// All refused lines.
    pub refused_total: usize,
}

/// Turns lines into batches.
pub struct Sorter<'a> {
    directory: &'a Directory,
    rules: Rules,
    /// What is known of the series of equipment: the unit of a quantity of its own.
    series_of: &'a dyn Fn(EquipmentId) -> Vec<SeriesInfo>,
    units: HashMap<EquipmentId, HashMap<(Metric, Phase), Unit>>,
    places: HashMap<(EquipmentId, Timestamp), usize>,
    pushed: Pushed,
}

impl<'a> Sorter<'a> {
    /// A sorter for this equipment.
    pub fn new(
        directory: &'a Directory,
        rules: Rules,
        series_of: &'a dyn Fn(EquipmentId) -> Vec<SeriesInfo>,
    ) -> Self {
        Self {
            directory,
            rules,
            series_of,
            units: HashMap::new(),
            places: HashMap::new(),
            pushed: Pushed::default(),
        }
    }

    /// Takes every line of a text.
    pub fn text(&mut self, text: &str) {
        for line in line::lines(text) {
            match line.and_then(|line| self.line(&line)) {
                Ok(()) => self.pushed.accepted += 1,
                Err(fault) => {
                    self.pushed.refused_total += 1;
                    if self.pushed.refused.len() < REPORTED_MAX {
                        self.pushed.refused.push(fault);
                    }
                }
            }
        }
    }

    /// What was taken so far; the sorter begins anew.
    pub fn finish(&mut self) -> Pushed {
        self.places.clear();
        std::mem::take(&mut self.pushed)
    }

    /// Takes one line, whole or not at all.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn line(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let fault = |place: &str, sentence: &str| Fault {
            line: line.number,
            place: place.to_owned(),
            sentence: sentence.to_owned(),
        };
        let tag = |name: &str| {
            line.tags
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, v)| &**v)
        };
        let Some(name) = tag("equipment_id") else {
            let sentence = "Say whose reading it is: add the tag equipment_id.";
            return Err(fault("tag equipment_id", sentence));
        };
        let found = self.directory.find(name);
        let equipment = found.map_err(|sentence| fault("tag equipment_id", &sentence))?;
        let known = self.directory.known(equipment);
        let known = known.expect("what was found is known");
        if known.decommissioned && !self.rules.decommissioned {
            let sentence = "This equipment is decommissioned. Set it to active first.";
            return Err(fault("tag equipment_id", sentence));
        }
        if tag("site").is_some_and(|site| site != known.site) {
            return Err(fault("tag site", "This equipment belongs to another site."));
        }
        let at = self
            .time(line.timestamp)
            .map_err(|why| fault("timestamp", why))?;
        let phase = phase_of(tag("phase")).map_err(|why| fault("tag phase", why))?;
        let own = tag("interval").map(|text| {
            let why = "Write the interval as 10s, 500ms or 1m, from 100ms to 1h.";
            interval(text).ok_or_else(|| fault("tag interval", why))
        });
        let interval_ms = own.transpose()?.or(self.rules.interval_ms);
        let interval_ms = known
            .interval_ms
            .or(interval_ms)
            .unwrap_or(INTERVAL_DEFAULT_MS);
        let readings = self.readings(equipment, phase, line)?;
        self.add(equipment, at, interval_ms, readings);
        Ok(())
    }

    /// The equipment of this name.
    ///
    /// # Errors
    /// A sentence when there is none, or several.
    pub fn find(&self, name: &str) -> Result<EquipmentId, String> {
        self.directory.find(name)
    }

    /// The interval of equipment, unless the default is meant, ms.
    #[must_use]
    pub fn interval_of(&self, equipment: EquipmentId) -> Option<u32> {
        let known = self.directory.known(equipment);
        let own = known.and_then(|known| known.interval_ms);
        own.or(self.rules.interval_ms)
    }

    /// When a reading was true.
    ///
    /// # Errors
    /// Why this cannot be.
    pub fn time(&self, written: Option<i64>) -> Result<Timestamp, &'static str> {
        let Some(written) = written else {
            return Ok(self.rules.now);
        };
        let ms = self.rules.precision.to_ms(written);
        self.possible(ms.map(Timestamp::from_ms))
    }

    /// This instant, when a reading can be of it.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn possible(&self, at: Option<Timestamp>) -> Result<Timestamp, &'static str> {
        match at {
            Some(at) if at.since_ms(self.rules.now) > AHEAD_MAX_MS => {
                Err("This is more than a day in the future. Check the clock and the precision.")
            }
            Some(at) if at >= EARLIEST && at < self.rules.accepts_from => Err(FORGOTTEN),
            Some(at) if at >= EARLIEST => Ok(at),
            _ => Err("This is before 1980. Check the precision of the request, such as s or ms."),
        }
    }

    fn readings(
        &mut self,
        equipment: EquipmentId,
        phase: Option<Phase>,
        line: &Line<'_>,
    ) -> Result<Vec<Reading>, Fault> {
        let mut readings: Vec<Reading> = Vec::with_capacity(line.fields.len());
        for (key, value) in &line.fields {
            let fault = |sentence: &str| Fault {
                line: line.number,
                place: format!("field {key}"),
                sentence: sentence.to_owned(),
            };
            let (metric, phase) = quantity(key, phase).map_err(|why| fault(&why))?;
            if readings
                .iter()
                .any(|r| r.metric == metric && r.phase == phase)
            {
                return Err(fault("This quantity is on the line twice. Leave one out."));
            }
            let value = number(value).ok_or_else(|| {
                fault("Text is no reading. Leave this field out, or drop it in the writer.")
            })?;
            let unit = self.unit(equipment, &metric, phase);
            readings.push(Reading::good(metric, phase, unit, value));
        }
        Ok(readings)
    }

    /// The unit of a quantity: the standard one, that of the series so far, or none.
    pub fn unit(&mut self, equipment: EquipmentId, metric: &Metric, phase: Phase) -> Unit {
        if let Some(unit) = metric.standard_unit() {
            return unit;
        }
        let units = self.units.entry(equipment).or_insert_with(|| {
            let series = (self.series_of)(equipment).into_iter();
            series
                .map(|info| ((info.key.metric, info.key.phase), info.unit))
                .collect()
        });
        units
            .get(&(metric.clone(), phase))
            .cloned()
            .unwrap_or(Unit::none())
    }

    /// Adds readings to the batch of their equipment and instant. Of two readings of the same
    /// instant the first stands, here as in the store.
    pub fn add(
        &mut self,
        equipment: EquipmentId,
        at: Timestamp,
        interval_ms: u32,
        readings: Vec<Reading>,
    ) {
        match self.places.entry((equipment, at)) {
            Entry::Vacant(free) => {
                free.insert(self.pushed.batches.len());
                self.pushed.batches.push(Batch {
                    equipment,
                    at,
                    arrived: self.rules.now,
                    interval_ms,
                    readings,
                });
            }
            Entry::Occupied(place) => {
                let batch = &mut self.pushed.batches[*place.get()];
                for reading in readings {
                    let same = |r: &Reading| r.metric == reading.metric && r.phase == reading.phase;
                    if !batch.readings.iter().any(same) {
                        batch.readings.push(reading);
                    }
                }
            }
        }
    }
}

/// A value as a reading; `None` for text.
fn number(value: &Value<'_>) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // counters stay below 2^53 for a million years
    match value {
        Value::Float(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        Value::Unsigned(value) => Some(*value as f64),
        Value::Boolean(value) => Some(f64::from(u8::from(*value))),
        Value::Text(_) => None,
    }
}

#[cfg(test)]
#[path = "push_tests.rs"]
mod tests;
