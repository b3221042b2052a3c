//! A model of the store for its tests: it keeps every sample in a map and computes every answer
//! from the beginning.

use super::counter::Event;
use super::model_counter::{Booking, interpret};
use super::tests::near;
use super::*;
use std::collections::BTreeSet;

pub(super) const GAUGE: usize = 0;
pub(super) const COUNTER: usize = 1;
pub(super) const FLOAT: usize = 2;

pub(super) fn metric(series: usize) -> Metric {
    [
        Metric::POWER,
        Metric::CONSUMPTION,
        Metric::new("thd").unwrap(),
    ][series]
        .clone()
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) interval: i64,
    pub(super) value: Option<f64>,
    pub(super) quality: Quality,
}

/// Everything that was ever said, and nothing computed.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) samples: BTreeMap<(usize, usize), BTreeMap<i64, Known>>,
    pub(super) corrections: Vec<(usize, usize, i64, i64, Change, bool)>,
    /// Instants of which more than one thing was said, by device and series.
    pub(super) twice: BTreeMap<(usize, usize), BTreeSet<i64>>,
    /// What was done to the counter of a device, and whether it holds.
    pub(super) events: Vec<(usize, Event, bool)>,
}

impl Model {
    pub(super) fn learn(&mut self, device: usize, series: usize, at: i64, known: Known) {
        let samples = self.samples.entry((device, series)).or_default();
        if samples.contains_key(&at) {
            self.twice.entry((device, series)).or_default().insert(at);
        }
        samples
            .entry(at)
            .and_modify(|old| {
                if old.value.is_none() && known.value.is_some() {
                    *old = known;
                }
            })
            .or_insert(known);
    }

    pub(super) fn corrected(&self, device: usize, series: usize) -> Vec<(i64, i64, f64, Quality)> {
        let Some(samples) = self.samples.get(&(device, series)) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for (at, known) in samples {
            let Some(mut value) = known.value else {
                continue;
            };
            let mut quality = known.quality;
            for (d, s, from, to, change, holds) in &self.corrections {
                if *holds && *d == device && *s == series && (*from..*to).contains(at) {
                    (value, quality) = match change {
                        Change::Exclude => (value, Quality::Bad),
                        Change::Set(to) => (*to, Quality::Manual),
                        Change::Add(by) => (value + by, Quality::Substituted),
                        Change::Multiply(by) => (value * by, Quality::Substituted),
                    };
                }
            }
            if quality.counts() {
                out.push((*at, known.interval, value, quality));
            }
        }
        out
    }

    /// What was done to the counter of a device and holds.
    fn events_of(&self, device: usize) -> Vec<Event> {
        let of = |entry: &&(usize, Event, bool)| entry.0 == device && entry.2;
        self.events.iter().filter(of).map(|entry| entry.1).collect()
    }

    /// What the samples of a series say.
    pub(super) fn truth(&self, device: usize, series: usize) -> Truth {
        let said = self.corrected(device, series);
        let events = self.events_of(device);
        let bookings = if series == COUNTER {
            let reads: Vec<_> = said.iter().map(|s| (s.0, s.1, s.2)).collect();
            interpret(&reads, &events)
        } else {
            Vec::new()
        };
        Truth {
            longest: said.iter().map(|s| s.1).max().unwrap_or(0),
            said,
            bookings,
            events,
        }
    }
}

/// Every sample of a series that counts, in order of time, and all that a counter grew by.
pub(super) struct Truth {
    /// Instant, interval, value, quality.
    said: Vec<(i64, i64, f64, Quality)>,
    /// The longest time that one of them stands for, ms.
    longest: i64,
    bookings: Vec<Booking>,
    events: Vec<Event>,
}

impl Truth {
    /// Energy, smallest, greatest, mean × time, time, samples, qualities of one bucket.
    pub(super) fn bucket(&self, start: i64, end: i64) -> Option<Expected> {
        let mut expected = Expected::default();
        let mut any = false;
        let bookings = self.bookings.iter();
        for (energy, guess) in bookings.filter_map(|b| b.within(start, end, &self.events)) {
            expected.delta += energy;
            expected.qualities |= u8::from(guess) << Quality::Substituted as u8;
            any = true;
        }
        let first = self.said.partition_point(|s| s.0 + self.longest <= start);
        let within = self.said[first..].iter().take_while(|s| s.0 < end);
        for (at, interval, value, quality) in within.copied() {
            let overlap = (at + interval).min(end) - at.max(start);
            if overlap > 0 {
                any = true;
                expected.covered += overlap;
                expected.sum += value * overlap as f64;
                expected.size += value.abs() * overlap as f64;
                expected.min = expected.min.min(value);
                expected.max = expected.max.max(value);
                expected.count += u32::from(at >= start);
                expected.qualities |= 1 << quality as u8;
            }
        }
        any.then_some(expected)
    }
}

#[derive(Debug)]
pub(super) struct Expected {
    delta: f64,
    min: f64,
    max: f64,
    sum: f64,
    /// The sum without its signs.
    size: f64,
    covered: i64,
    count: u32,
    qualities: u8,
}

impl Default for Expected {
    fn default() -> Self {
        Self {
            delta: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sum: 0.0,
            size: 0.0,
            covered: 0,
            count: 0,
            qualities: 0,
        }
    }
}

pub(super) fn compare(
    found: Option<rollup::Summary>,
    expected: Option<&Expected>,
    bucket: &Bucket<'_>,
    place: (usize, usize),
) {
    if let Err(why) = agree(found, expected) {
        panic!(
            "{why} of {place:?} {} to {}: {found:?} {expected:?}",
            bucket.start, bucket.end
        );
    }
}

/// What the model and an answer do not agree on.
fn agree(found: Option<rollup::Summary>, expected: Option<&Expected>) -> Result<(), &'static str> {
    let told = |agrees: bool, why| if agrees { Ok(()) } else { Err(why) };
    let Some(expected) = expected else {
        // A bucket in which a counter did not move may be there, empty.
        let empty =
            |row: rollup::Summary| row.count == 0 && row.covered_ms == 0 && near(row.delta, 0.0);
        return told(found.is_none_or(empty), "a row where there is nothing");
    };
    let nothing = expected.covered == 0 && expected.qualities == 0 && near(expected.delta, 0.0);
    if nothing && found.is_none() {
        return Ok(());
    }
    let row = found.ok_or("the row is missing")?;
    told(near(row.delta, expected.delta), "energy")?;
    told(i64::from(row.covered_ms) == expected.covered, "time")?;
    told(row.count == expected.count, "samples")?;
    told(row.qualities == expected.qualities, "qualities")?;
    if expected.covered > 0 {
        let ends = (row.min, row.max) == (expected.min, expected.max);
        told(ends, "smallest and greatest")?;
        // Each row of floats has 32 bits of its sum: where rows of both signs add up to little, what
        // they lack is small beside them, not beside the rest.
        let scale = expected.size.max(1.0);
        let off = (row.weighted_sum - expected.sum).abs() / scale;
        told(off < 1e-9, "sum")?;
    }
    Ok(())
}
