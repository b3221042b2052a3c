//! Deciding about readings: which are new, which were brought before, and which cannot be.
//!
//! Promises: a reading is taken whole or not at all; of two readings of one instant the first
//! stands; the time of a device is believed for 48 hours back and five minutes ahead.

use super::life::Heard;
use super::reading::{BATTERY, Parcel, Parsed, Refusal, unit_of};
use super::receiver::Target;
use crate::base::{Batch, EquipmentId, Metric, Phase, Reading, Result, TimeRange, Timestamp, Unit};
use crate::live::fresh_for_ms;
use crate::tsdb::{Stored, Tsdb};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// How old a reading may be, ms: what a device keeps over a weekend without a network is brought
/// in as a file.
pub const BACK_MAX_MS: i64 = 48 * 3_600_000;
/// How far ahead of us the clock of a device may be, ms.
pub const AHEAD_MAX_MS: i64 = 5 * 60_000;
/// 2000: a device whose clock was never set lies before it.
const CLOCK_SET: Timestamp = Timestamp::from_ms(946_684_800_000);

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PushOutcome)]
pub enum Outcome {
    /// It is on disk.
    Stored,
    /// It was there already, and stays as it is.
    Duplicate,
    /// It was not taken.
    Refused,
}

/// What became of one reading of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = PushVerdict)]
pub struct Verdict {
    /// Its place in the delivery, from 0.
    pub index: usize,
    /// What became of it.
    pub status: Outcome,
    /// When it was true, once that is known.
    pub timestamp: Option<Timestamp>,
    /// Whether it came later than two intervals of its device.
    pub late: bool,
    /// The refused field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why it was refused, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = PushReport)]
pub struct Report {
    /// Readings that are on disk now.
    pub stored: usize,
    /// Readings that were there already.
    pub duplicates: usize,
    /// Readings that were not taken.
    pub refused: usize,
    /// Each of them, in the order of the delivery.
    pub readings: Vec<Verdict>,
}

type Slot = (EquipmentId, Metric, Phase, Timestamp);

/// Decides about the deliveries of one commit.
pub(super) struct Judge<'a> {
    tsdb: &'a Tsdb,
    now: Timestamp,
    accepts_from: Timestamp,
    /// What is on disk or was taken since, of the instants that were asked about.
    taken: HashMap<Slot, Option<f64>>,
    units: HashMap<EquipmentId, HashMap<(Metric, Phase), Unit>>,
    places: HashMap<(EquipmentId, Timestamp, u32), usize>,
    batches: Vec<Batch>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(tsdb: &'a Tsdb, now: Timestamp) -> Self {
        Self {
            tsdb,
            now,
            accepts_from: tsdb.accepts_from(),
            taken: HashMap::new(),
            units: HashMap::new(),
            places: HashMap::new(),
            batches: Vec::new(),
        }
    }

    /// What is to be stored.
    pub(super) fn into_batches(self) -> Vec<Batch> {
        self.batches
    }

    /// Decides about one delivery; readings without a time are as of `arrived`.
    ///
    /// # Errors
    /// When what is stored cannot be read; then nothing of the delivery was taken.
    pub(super) fn delivery(
        &mut self,
        target: &Target,
        parcel: Parcel,
        arrived: Timestamp,
    ) -> Result<(Report, Heard)> {
        let judged: Vec<_> = parcel
            .readings
            .into_iter()
            .map(|parsed| self.timed(target, parsed?, arrived))
            .collect();
        self.look_up(target.equipment, &judged)?;
        let mut report = Report::default();
        let mut heard = Heard {
            firmware: parcel.firmware,
            ..Heard::default()
        };
        for (index, timed) in judged.into_iter().enumerate() {
            let at = timed.as_ref().ok().map(|(at, _)| *at);
            let late =
                at.is_some_and(|at| self.now.since_ms(at) > fresh_for_ms(target.interval_ms));
            let outcome = timed.and_then(|(at, readings)| {
                let battery = battery_of(target, &readings);
                let status = self.take(target, at, readings)?;
                heard.note(at, battery);
                Ok(status)
            });
            let (status, why) = match outcome {
                Ok(status) => (status, None),
                Err(why) => (Outcome::Refused, Some(why)),
            };
            match status {
                Outcome::Stored => report.stored += 1,
                Outcome::Duplicate => report.duplicates += 1,
                Outcome::Refused => report.refused += 1,
            }
            let (path, reason) = why.map(|why| (why.path, why.reason)).unzip();
            report.readings.push(Verdict {
                index,
                status,
                timestamp: at,
                late,
                path,
                reason,
            });
        }
        Ok((report, heard))
    }

    /// A reading with its instant and the names that it has here.
    fn timed(
        &mut self,
        target: &Target,
        parsed: Parsed,
        arrived: Timestamp,
    ) -> Result<(Timestamp, Vec<Reading>), Refusal> {
        let at = self.possible(parsed.at.unwrap_or(arrived))?;
        let mut readings = parsed.readings;
        for reading in &mut readings {
            if let Some(prefix) = &target.prefix {
                let name = format!("{prefix}_{}", reading.metric);
                reading.metric = Metric::new(&name).map_err(|_| {
                    let reason = format!("{name} is too long for the name of a quantity.");
                    Refusal::at("metrics", reason)
                })?;
            }
            if reading.unit == Unit::none() {
                reading.unit = self.unit(target.equipment, &reading.metric, reading.phase);
            }
        }
        Ok((at, readings))
    }

    fn possible(&self, at: Timestamp) -> Result<Timestamp, Refusal> {
        let ahead_ms = at.since_ms(self.now);
        let reason = if at < CLOCK_SET {
            format!("{at} is before 2000: the clock of the device was never set.")
        } else if ahead_ms > AHEAD_MAX_MS {
            let minutes = ahead_ms / 60_000;
            format!("{at} is {minutes} min in the future. Check the clock of the device.")
        } else if -ahead_ms > BACK_MAX_MS {
            format!("{at} is more than 48 hours ago. Bring older readings in with an import.")
        } else if at < self.accepts_from {
            format!("Samples of {at} are no longer kept; nothing can be added there.")
        } else {
            return Ok(at);
        };
        Err(Refusal::at("timestamp", reason))
    }

    /// The unit of a quantity: the usual one, or that of its series so far.
    fn unit(&mut self, equipment: EquipmentId, metric: &Metric, phase: Phase) -> Unit {
        if let Some(unit) = unit_of(metric) {
            return unit;
        }
        let tsdb = self.tsdb;
        let units = self.units.entry(equipment).or_insert_with(|| {
            let series = tsdb.series_of(equipment).into_iter();
            series
                .map(|(_, info)| ((info.key.metric, info.key.phase), info.unit))
                .collect()
        });
        let found = units.get(&(metric.clone(), phase));
        found.cloned().unwrap_or(Unit::none())
    }

    /// Reads what is stored of the quantities and instants of a delivery.
    fn look_up(
        &mut self,
        equipment: EquipmentId,
        judged: &[Result<(Timestamp, Vec<Reading>), Refusal>],
    ) -> Result<()> {
        let good = || judged.iter().flatten();
        let instants = good().map(|(at, _)| *at);
        let (Some(first), Some(last)) = (instants.clone().min(), instants.max()) else {
            return Ok(());
        };
        let mut quantities: Vec<(Metric, Phase)> = good()
            .flat_map(|(_, readings)| readings)
            .map(|r| (r.metric.clone(), r.phase))
            .collect();
        quantities.sort_unstable();
        quantities.dedup();
        let range = TimeRange {
            from: first,
            to: last.plus_ms(1),
        };
        let stored: Stored = self.tsdb.stored(equipment, &quantities, range)?;
        for (at, readings) in good() {
            for reading in readings {
                let (metric, phase) = (reading.metric.clone(), reading.phase);
                if let Some(value) = stored.get(&(metric.clone(), phase, *at)) {
                    // What was taken since is newer than what the disk tells.
                    let slot = (equipment, metric, phase, *at);
                    self.taken.entry(slot).or_insert(*value);
                }
            }
        }
        Ok(())
    }

    /// Takes a reading, whole or not at all.
    fn take(
        &mut self,
        target: &Target,
        at: Timestamp,
        readings: Vec<Reading>,
    ) -> Result<Outcome, Refusal> {
        let slot = |r: &Reading| (target.equipment, r.metric.clone(), r.phase, at);
        let known = |r: &Reading| self.taken.get(&slot(r));
        for reading in &readings {
            match known(reading) {
                Some(value) if *value != reading.value => {
                    let shown = value.map_or("no value".to_owned(), |value| value.to_string());
                    let reason = format!(
                        "There is a reading of {at} with {} {shown}; what is stored is not \
                         replaced. Send another time, or correct the stored one.",
                        reading.metric
                    );
                    return Err(Refusal::at(reading.metric.as_str(), reason));
                }
                _ => {}
            }
        }
        let fresh: Vec<Reading> = readings
            .into_iter()
            .filter(|reading| known(reading).is_none())
            .collect();
        if fresh.is_empty() {
            return Ok(Outcome::Duplicate);
        }
        for reading in &fresh {
            self.taken.insert(slot(reading), reading.value);
        }
        let place = (target.equipment, at, target.interval_ms);
        let next = self.batches.len();
        let place = *self.places.entry(place).or_insert(next);
        if place == next {
            self.batches.push(Batch {
                equipment: target.equipment,
                at,
                arrived: self.now,
                interval_ms: target.interval_ms,
                readings: fresh,
            });
        } else {
            self.batches[place].readings.extend(fresh);
        }
        Ok(Outcome::Stored)
    }
}

/// The battery of the device, if a reading tells it.
fn battery_of(target: &Target, readings: &[Reading]) -> Option<f64> {
    let own = |r: &&Reading| match &target.prefix {
        None => r.metric.as_str() == BATTERY,
        Some(prefix) => r.metric.as_str() == format!("{prefix}_{BATTERY}"),
    };
    readings.iter().find(own)?.value
}
