//! *pure* — folding the readings of a counter into buckets: what it grew by, where it belongs.
//!
//! What is booked in a bucket may depend on readings after it: over a gap growth is spread when the
//! counter is back, and a level is believed when it is confirmed. So a fold takes the readings of
//! its span, and looks ahead until nothing that comes can change it.

use super::HOUR_MS;
use super::counter::{Booked, Counter, GAP_MIN_MS, Growth, Reading, Rules};
use super::fold::{self, Folded, HourEnd, INTERVAL_MAX_MS, Span};
use super::pack::{State, Values};
use super::rollup::{QUARTER_MS, Summary};
use super::tick::as_decimal;
use super::track::{POWERS, Track, number};
use crate::base::Quality;

/// A counter that is being folded.
pub(super) struct Counting<'a> {
    span: Span,
    rules: &'a Rules,
    /// Before this, ms, nothing can be booked any more: samples are forgotten there.
    floor: i64,
    rows: Vec<Option<Summary>>,
    state: Counter,
    /// What was counted from, from each instant on.
    bases: Vec<(i64, Option<f64>)>,
    ends: Vec<HourEnd>,
    hour_end: i64,
    /// Decimal places of all that is booked; `None` when something is no decimal.
    places: Option<u8>,
    is_float: bool,
    reaches_back: Option<i64>,
    grown: Vec<Growth>,
}

impl<'a> Counting<'a> {
    /// Begins a span with the counter as it was after the last reading at or before it.
    pub(super) fn new(span: Span, counter: Counter, rules: &'a Rules, floor: i64) -> Self {
        let base = counter.base();
        Self {
            span,
            rules,
            floor,
            rows: vec![None; span.slots()],
            bases: vec![(span.from, base)],
            places: base.map_or(Some(0), |base| as_decimal(base).map(|(places, _)| places)),
            state: counter,
            ends: Vec::new(),
            hour_end: span.from + HOUR_MS,
            is_float: false,
            reaches_back: None,
            grown: Vec::new(),
        }
    }

    /// Takes the readings of the span, those of the hour before it (one may stand for its
    /// beginning), and the one on the stroke of its end.
    pub(super) fn take(&mut self, track: &Track) {
        match &track.values {
            Values::Decimal { places, .. } => {
                self.places = self.places.map(|known| known.max(*places));
            }
            Values::Float(_) => (self.places, self.is_float) = (None, true),
        }
        for n in track.range(self.span.from - INTERVAL_MAX_MS, self.span.to + 1) {
            let Some((reading, quality)) = believable(track, n) else {
                continue;
            };
            if reading.at > self.span.from {
                self.step(reading);
            }
            let value = reading.value;
            fold::add_weight(track, n, value, self.span, quality, &mut self.rows);
        }
    }

    /// Takes readings after the span, in order of time, until it is settled.
    pub(super) fn look_ahead(&mut self, track: &Track) {
        for n in track.range(self.span.to + 1, i64::MAX) {
            if self.is_settled() {
                return;
            }
            if let Some((reading, _)) = believable(track, n) {
                self.step(reading);
            }
        }
    }

    /// Whether no reading to come can change what the span holds.
    pub(super) fn is_settled(&self) -> bool {
        self.state.is_settled(self.span.to, self.rules)
    }

    fn step(&mut self, reading: Reading) {
        self.close_hours(reading.at - 1);
        self.grown.clear();
        self.state.step(reading, self.rules, &mut self.grown);
        if let [
            Growth {
                to,
                growth,
                booked: Booked::There,
                ..
            },
        ] = self.grown[..]
            && to == reading.at
            && to > self.span.from
            && !is_parted(&self.grown[0], self.rules)
        {
            // What nearly every reading is: it grew since the one before, and that is that.
            if to <= self.span.to {
                self.bases.push((to, Some(reading.value)));
                self.book(to, reading.value, growth, 0);
            }
            return;
        }
        if reading.at <= self.span.to {
            let value = self.state.base().unwrap_or(reading.value);
            self.book(reading.at, value, 0.0, 0);
        }
        let grown = std::mem::take(&mut self.grown);
        for growth in &grown {
            self.take_growth(growth, reading.at);
        }
        self.grown = grown;
    }

    /// Closes the hours that end at or before `until`.
    fn close_hours(&mut self, until: i64) {
        while self.hour_end <= until {
            self.state.close_hour(self.hour_end);
            if self.hour_end <= self.span.to {
                self.ends.push(HourEnd {
                    counter: self.state.clone(),
                    reached: false,
                });
            }
            self.hour_end += HOUR_MS;
        }
    }

    fn take_growth(&mut self, growth: &Growth, seen: i64) {
        for value in [growth.start, growth.end, growth.value] {
            self.note_places(value);
        }
        self.note_reach(growth, seen);
        if growth.to > self.span.from {
            self.bases.push((growth.to, Some(growth.value)));
        } else {
            self.bases[0].1 = Some(growth.value);
        }
        let from = growth.from.max(self.floor);
        if growth.booked == Booked::Spread && from < growth.to {
            self.spread(growth, from);
        } else if is_parted(growth, self.rules) && from < growth.to {
            self.part(growth, from);
        } else {
            let marks = match growth.booked {
                Booked::There => 0,
                Booked::Spread | Booked::Late => Summary::quality_bit(Quality::Substituted),
            };
            self.book(growth.to, growth.value, growth.growth, marks);
        }
    }

    /// Takes note of what this changes before the reading that told it.
    fn note_reach(&mut self, growth: &Growth, seen: i64) {
        let (start, first_end) = match growth.booked {
            Booked::Spread => (growth.from, growth.from + 1),
            Booked::There if is_parted(growth, self.rules) => {
                let end = quarter_after(growth.from);
                (end - 1, end)
            }
            Booked::There | Booked::Late => (growth.to - 1, growth.to),
        };
        if start < self.span.from {
            self.reaches_back = Some(self.reaches_back.map_or(start, |at| at.min(start)));
        }
        let mut end = self.span.from;
        for hour in &mut self.ends {
            end += HOUR_MS;
            hour.reached |= first_end <= end && end < seen;
        }
    }

    fn note_places(&mut self, value: f64) {
        let places = as_decimal(value).map(|(places, _)| places);
        self.places = self.places.zip(places).map(|(a, b)| a.max(b));
    }

    /// Books a growth at an instant.
    fn book(&mut self, at: i64, value: f64, growth: f64, marks: u8) {
        let Some(slot) = self.span.slot(at - 1) else {
            return;
        };
        let energy = growth * self.factor(at).0;
        let summary = Summary {
            qualities: marks,
            ..Summary::of_delta(value, energy)
        };
        fold::add(&mut self.rows[slot], &summary);
    }

    /// The factor before an instant, and since when it holds; its places are taken note of.
    fn factor(&mut self, until: i64) -> (f64, i64) {
        if self.rules.events.is_empty() {
            return (1.0, i64::MIN);
        }
        self.rules.factor_before(until)
    }

    /// Spreads a growth evenly over the time since `from`, in whole units of the counter.
    fn spread(&mut self, growth: &Growth, from: i64) {
        let even = Even::new(growth, from);
        let step = self.span.step;
        let first = from.max(self.span.from).div_euclid(step) * step;
        let mut start = first;
        while start < growth.to.min(self.span.to) {
            let end = (start + step).min(growth.to);
            let mut until = end;
            let mut energy = 0.0;
            // From the end back to the beginning, factor by factor.
            while until > start.max(from) {
                let (factor, since) = self.factor(until);
                let begin = since.max(start).max(from);
                energy += even.between(begin, until) * factor;
                until = begin;
            }
            if let Some(slot) = self.span.slot(start) {
                let summary = Summary {
                    qualities: Summary::quality_bit(Quality::Substituted),
                    ..Summary::of_delta(growth.start, energy)
                };
                fold::add(&mut self.rows[slot], &summary);
            }
            start += step;
        }
    }

    /// Cuts a growth at the quarters, in whole units of the counter: each gets its share of the time,
    /// at its end.
    fn part(&mut self, growth: &Growth, from: i64) {
        let even = Even::new(growth, from);
        let mut start = from;
        while start < growth.to {
            let end = quarter_after(start).min(growth.to);
            let is_last = end == growth.to;
            let value = if is_last { growth.value } else { growth.start };
            self.book(end, value, even.between(start, end), 0);
            start = end;
        }
    }

    /// The buckets, and the counter at the end of the span and of each hour in it.
    pub(super) fn finish(mut self) -> Folded {
        self.close_hours(self.span.to);
        fold::set_bases(&mut self.rows, self.span, &self.bases);
        if let Some(power) = self.power() {
            for row in self.rows.iter_mut().flatten() {
                row.round_to(power);
            }
        }
        if self.is_float {
            for row in self.rows.iter_mut().flatten() {
                row.weighted_sum = fold::shorten(row.weighted_sum);
            }
        }
        Folded {
            rows: self.rows,
            counter: self
                .ends
                .last()
                .map_or(self.state, |end| end.counter.clone()),
            ends: self.ends,
            reaches_back: self.reaches_back,
        }
    }

    /// Ten to the power of the places at which everything that is booked is a decimal.
    fn power(&self) -> Option<f64> {
        let mut places = usize::from(self.places?);
        places += self.rules.factor_places()?;
        POWERS.get(places).copied()
    }
}

/// Whether what grew without a gap between two readings is cut at the quarters between them. Of a
/// meter that is read every ten minutes a quarter would else hold what two others used: a peak that
/// never was. Less than a minute is not cut: it is less than the readings are apart in time.
fn is_parted(growth: &Growth, rules: &Rules) -> bool {
    growth.booked == Booked::There
        && growth.growth > 0.0
        && growth.to - growth.from > GAP_MIN_MS
        && growth.from >= rules.parted_from
        && quarter_after(growth.from) < growth.to
}

/// The end of the quarter that an instant begins or lies in, ms.
fn quarter_after(at: i64) -> i64 {
    (at.div_euclid(QUARTER_MS) + 1) * QUARTER_MS
}

/// A growth that is spread evenly. In whole units where the readings are decimals, so that the
/// parts of any cut add up to the whole, exactly.
struct Even {
    from: i64,
    time: i64,
    growth: f64,
    /// Units, and units of one.
    units: Option<(i128, f64)>,
}

impl Even {
    fn new(growth: &Growth, from: i64) -> Self {
        let places = |value: f64| as_decimal(value).map(|(places, _)| places);
        let both = places(growth.start).zip(places(growth.end));
        let units = both.map(|(a, b)| {
            let power = POWERS[usize::from(a.max(b))];
            #[allow(clippy::cast_possible_truncation)] // a difference of decimals below 2^53
            let units = (growth.growth * power).round() as i128;
            (units, power)
        });
        Self {
            from,
            time: growth.to - from,
            growth: growth.growth,
            units,
        }
    }

    /// The part that belongs to the time between two instants.
    #[allow(clippy::cast_precision_loss)] // units below 2^53, weeks in ms
    fn between(&self, start: i64, end: i64) -> f64 {
        match self.units {
            Some((units, power)) => {
                (self.units_until(units, end) - self.units_until(units, start)) as f64 / power
            }
            None => {
                let until = |at: i64| self.growth * ((at - self.from) as f64 / self.time as f64);
                until(end) - until(start)
            }
        }
    }

    fn units_until(&self, units: i128, at: i64) -> i128 {
        let (gone, time) = (i128::from(at - self.from), i128::from(self.time));
        (2 * units * gone + time).div_euclid(2 * time)
    }
}

/// A sample that a figure may be computed from.
fn believable(track: &Track, n: usize) -> Option<(Reading, Quality)> {
    match track.state[n] {
        State::Value(quality) if quality.counts() => Some((
            Reading {
                at: track.at[n],
                value: number(&track.values, n),
                interval: track.interval[n],
            },
            quality,
        )),
        _ => None,
    }
}
