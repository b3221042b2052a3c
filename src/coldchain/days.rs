//! The days of a cell: what was measured in each, and the chain of hashes over them.

use super::cell::Cell;
use super::follow::Follow;
use super::service::Coldchain;
use super::track::{kinetic_rate, mean_kinetic_c};
use crate::base::secret::token_hash;
use crate::base::time::BucketSize;
use crate::base::{Result, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use utoipa::ToSchema;

/// Gaps shorter than this are not named one by one, ms.
const GAP_MIN_MS: i64 = 10 * 60_000;

/// One day of a cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = EvidenceDay)]
pub struct Day {
    /// The day on the calendar of the site.
    pub date: String,
    /// The coldest of the warmest probe, °C.
    pub min_c: Option<f64>,
    /// The warmest, °C.
    pub max_c: Option<f64>,
    /// Mean, weighted by time, °C.
    pub mean_c: Option<f64>,
    /// Mean kinetic temperature after USP <1079>, with 83.144 kJ/mol, °C.
    pub mean_kinetic_c: Option<f64>,
    /// Readings.
    pub count: u32,
    /// Time that was measured, s.
    pub measured_s: i64,
    /// Time of the day that has passed, s.
    pub passed_s: i64,
    /// Time beyond a limit, s, with what was excused.
    pub beyond_s: i64,
    /// How often the door was opened.
    pub openings: u32,
    /// How long it was open, s.
    pub open_s: i64,
    /// Hash of the day before, as SHA-256; that of the first day is of the cell and the month.
    pub previous: String,
    /// Hash of this day, the one before in it.
    pub hash: String,
}

/// A time in which nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EvidenceGap)]
pub struct Gap {
    /// When the last reading stood no longer.
    pub from: Timestamp,
    /// The next reading.
    pub to: Timestamp,
}

/// Sums of a day on the way.
#[derive(Default)]
pub(super) struct Sums {
    day: Day,
    weighted: f64,
    kinetic: f64,
    measured_ms: i64,
    beyond_ms: i64,
    open_ms: i64,
}

impl Sums {
    #[allow(clippy::cast_precision_loss)] // a day in ms
    pub(super) fn add(&mut self, value_c: f64, ms: i64, beyond: bool) {
        self.weighted += value_c * ms as f64;
        self.kinetic += kinetic_rate(value_c) * ms as f64;
        self.measured_ms += ms;
        self.beyond_ms += if beyond { ms } else { 0 };
        let day = &mut self.day;
        day.min_c = Some(day.min_c.map_or(value_c, |min| min.min(value_c)));
        day.max_c = Some(day.max_c.map_or(value_c, |max| max.max(value_c)));
    }

    #[allow(clippy::cast_precision_loss)] // as above
    pub(super) fn finish(mut self, date: String, passed_ms: i64, previous: &str) -> Day {
        let round = |value: f64| (value * 100.0).round() / 100.0;
        let measured = self.measured_ms as f64;
        let known = self.measured_ms > 0;
        let day = &mut self.day;
        (day.min_c, day.max_c) = (day.min_c.map(round), day.max_c.map(round));
        day.mean_c = known.then(|| round(self.weighted / measured));
        day.mean_kinetic_c = known.then(|| round(mean_kinetic_c(self.kinetic / measured)));
        day.measured_s = self.measured_ms / 1_000;
        day.passed_s = passed_ms / 1_000;
        day.beyond_s = self.beyond_ms / 1_000;
        day.open_s = self.open_ms / 1_000;
        day.date = date;
        previous.clone_into(&mut day.previous);
        day.hash = hash_of(day);
        self.day
    }
}

/// The hash of a day: of everything it says, and of the day before.
#[must_use]
pub fn hash_of(day: &Day) -> String {
    let open = Day {
        hash: String::new(),
        ..day.clone()
    };
    // A day is numbers and words: it can always be written.
    hexed(&serde_json::to_string(&open).unwrap_or_default())
}

/// SHA-256 of a text, in hexadecimal.
pub(super) fn hexed(text: &str) -> String {
    token_hash(text)
        .iter()
        .fold(String::new(), |mut out, byte| {
            // Writing to a string does not fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// The mean kinetic temperature of days, weighted by what was measured.
#[allow(clippy::cast_precision_loss)] // seconds of a month
pub(super) fn month_kinetic_c(days: &[Day]) -> Option<f64> {
    let known = days
        .iter()
        .filter_map(|day| Some((day.mean_kinetic_c?, day.measured_s as f64)));
    let (rate, time) = known.fold((0.0, 0.0), |(rate, time), (mean_c, seconds)| {
        (rate + kinetic_rate(mean_c) * seconds, time + seconds)
    });
    (time > 0.0).then(|| (mean_kinetic_c(rate / time) * 100.0).round() / 100.0)
}

impl Coldchain {
    /// The days of a month up to what is known, and the gaps.
    pub(super) fn days(
        &self,
        cell: &Cell,
        (from, to): (Timestamp, Timestamp),
        month: &str,
    ) -> Result<(Vec<Day>, Vec<Gap>)> {
        let sources = self.sources(cell, &self.devices_of(cell));
        let calendar = &sources.calendar;
        let mut follow = Follow::new(&cell.said, sources.probes.len(), sources.hold_ms);
        let (mut days, mut gaps) = (Vec::new(), Vec::new());
        let mut previous = hexed(&format!("{}/{month}", cell.id));
        let mut start = from;
        let mut last: Option<(i64, f64)> = None;
        let known_to = std::cell::Cell::new(from.ms());
        while start < to {
            let end = calendar.next_bucket(start, BucketSize::Day).min(to);
            let mut sums = Sums::default();
            let (openings, open_ms) = (follow.openings, follow.open_ms);
            let pass = |last: Option<(i64, f64)>, until: i64, sums: &mut Sums| {
                let Some((at, value_c)) = last else {
                    return;
                };
                let begin = at.max(start.ms());
                let stands = (at + sources.hold_ms).min(until);
                if stands > begin {
                    let beyond = cell.said.max_c.is_some_and(|max| value_c > max)
                        || cell.said.min_c.is_some_and(|min| value_c < min);
                    sums.add(value_c, stands - begin, beyond);
                    known_to.set(known_to.get().max(stands));
                }
            };
            let range = TimeRange {
                from: start,
                to: end,
            };
            self.each_point(&sources, range, &mut |at, values| {
                pass(last, at.ms(), &mut sums);
                follow.take(&cell.said, calendar, at.ms(), values);
                sums.day.count += 1;
                if let Some(warmest_c) = follow.seen.warmest_c {
                    if at.ms() - known_to.get() >= GAP_MIN_MS {
                        let from = Timestamp::from_ms(known_to.get());
                        gaps.push(Gap { from, to: at });
                    }
                    known_to.set(known_to.get().max(at.ms()));
                    last = Some((at.ms(), warmest_c));
                }
            })?;
            pass(last, end.ms(), &mut sums);
            sums.day.openings = follow.openings - openings;
            sums.open_ms = follow.open_ms - open_ms;
            let day = sums.finish(calendar.date(start), end.since_ms(start), &previous);
            previous.clone_from(&day.hash);
            days.push(day);
            start = end;
        }
        if to.ms() - known_to.get() >= GAP_MIN_MS {
            let from = Timestamp::from_ms(known_to.get());
            gaps.push(Gap { from, to });
        }
        Ok((days, gaps))
    }
}
