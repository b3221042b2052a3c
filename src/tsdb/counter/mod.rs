//! *pure* — energy from the readings of a counter that resets, rolls over, blips and is exchanged.
//!
//! The register stays as it was read; only what it grew by is interpreted. Promises: the growths add
//! up to what the counter shows between two readings that are believed, never negative, and a value
//! that is not what the counter could have grown to is believed only when two more readings confirm
//! its level. Will not do: guess what nobody saw, such as the energy between the last reading and a
//! reset without the readings of an exchange.

mod chain;
#[cfg(test)]
mod histories;
mod level;
mod rules;
mod state;
#[cfg(test)]
mod tests;

pub use rules::{Event, Limits, Rules, What};
pub(super) use state::{decode, encode_into, from_pending};

use super::tick::as_decimal;
use super::track;
use chain::Known;

/// Readings that are held at most while their level is not confirmed.
const HELD_MAX: usize = 6;
/// How much faster than lately a counter may grow and be believed at once.
const FASTER: f64 = 8.0;
/// Levels that were left and are remembered at most, and how long: a clock that is set right or a
/// register that reads nonsense for an hour is over by then.
const LEFT_MAX: usize = 2;
const LEFT_MS: i64 = 24 * 3_600_000;
/// In place of decimal places: readings are no decimals.
const FLOAT: u8 = 7;
/// A silence shorter than this is no gap, ms.
pub(super) const GAP_MIN_MS: i64 = 60_000;
/// Longest gap over which growth is spread, ms; after a longer one it is booked on return.
pub(super) const GAP_MAX_MS: i64 = 35 * 24 * 3_600_000;

/// One reading of a register.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When, ms since 1970.
    pub at: i64,
    /// What it showed, in the counter's unit.
    pub value: f64,
    /// The poll interval, ms: a silence of more than two of them is a gap.
    pub interval: u32,
}

/// How a growth belongs to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booked {
    /// To the instant of the reading.
    There,
    /// Evenly to the time since the reading before: nobody knows better.
    Spread,
    /// To the instant of the reading although it grew over more time than is spread over.
    Late,
}

/// What a counter grew by between two readings that are believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// When the reading before was taken, ms.
    pub from: i64,
    /// When this one was taken, ms.
    pub to: i64,
    /// The reading before.
    pub start: f64,
    /// What the register showed at its end.
    pub end: f64,
    /// What is counted from next: that, unless another meter was put in.
    pub value: f64,
    /// By how much it grew, never negative.
    pub growth: f64,
    /// Where it belongs.
    pub booked: Booked,
}

/// A level that the counter left without growing to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Left {
    at: i64,
    value: f64,
    /// Growth that was booked since.
    booked: f64,
}

/// The state of one counter between readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counter {
    base: Option<Reading>,
    /// The reading before the base's last growth: what lies between the two is waited out.
    before: Option<f64>,
    /// How fast it grew in the last hour in which it did: the power of two above, units per ms.
    pace: Option<i16>,
    /// Readings after the base that are not believed.
    held: Vec<Reading>,
    /// Newest first.
    left: Vec<Left>,
    /// The last reading of a meter that was taken out, until the new one is read.
    old: Option<f64>,
    /// The most decimal places that readings had; [`FLOAT`] when one is no decimal.
    places: u8,
    /// Growth of the hour so far, and the time in which it grew, ms.
    grown: f64,
    lasted: i64,
}

impl Counter {
    /// A counter that was last read as `value` at `at`.
    #[must_use]
    pub fn resume(at: i64, value: f64) -> Self {
        let interval = 0;
        Self {
            base: Some(Reading {
                at,
                value,
                interval,
            }),
            ..Self::default()
        }
    }

    /// The reading that the next growth counts from.
    #[must_use]
    pub fn base(&self) -> Option<f64> {
        self.base.map(|base| base.value)
    }

    /// Whether readings to come cannot change what was booked before an instant, ms.
    #[must_use]
    pub fn is_settled(&self, until: i64, rules: &Rules) -> bool {
        let Some(base) = self.base else {
            // The first reading of a new meter, which somebody entered, is counted from.
            return rules.exchanges(i64::MIN, until - 1).next().is_none();
        };
        base.at >= until && self.left.iter().all(|left| left.at >= until)
    }

    /// Whether the base was read at this instant as this value.
    pub(super) fn was_read(&self, at: i64, value: Option<f64>) -> bool {
        let base = self.base.filter(|base| base.at == at);
        base.is_some_and(|base| Some(base.value) == value)
    }

    /// Whether readings wait to be believed.
    pub(super) fn is_open(&self) -> bool {
        !self.held.is_empty()
    }

    /// The earliest instant from which readings to come may change what was booked, ms.
    pub(super) fn earliest(&self) -> Option<i64> {
        let left = self.left.iter().map(|left| left.at);
        left.chain(self.base.map(|base| base.at)).min()
    }

    /// The last reading that was looked at, ms: events until then are done with.
    fn seen(&self) -> i64 {
        let held = self.held.last().map_or(i64::MIN, |held| held.at);
        self.base.map_or(i64::MIN, |base| base.at).max(held)
    }

    /// Takes what happened up to the next reading, and the reading. Adds what it grew by to `out`.
    pub fn step(&mut self, reading: Reading, rules: &Rules, out: &mut Vec<Growth>) {
        let seen = self.seen();
        for event in rules.exchanges(seen, reading.at) {
            self.exchange(event, rules, out);
        }
        let Some(base) = self.base else {
            self.believe(reading, reading, 0.0, out);
            return;
        };
        let growth = reading.value - base.value;
        let time = reading.at - base.at;
        if growth == 0.0
            || (growth > 0.0 && self.could_grow(base, reading, growth, time, &rules.limits))
        {
            self.walk(base, reading, out);
            return;
        }
        if let Some(end) = self.old
            && (end - reading.value).abs() < growth.abs()
        {
            // The meter that was taken out is still read.
            return;
        }
        if growth < 0.0 && self.is_little(base, reading) {
            // The base was a little too high: nothing grows until the counter is past it.
            self.held.clear();
            self.follow(reading, out);
            return;
        }
        self.hold(reading, &rules.limits, out);
    }

    /// Goes on to a reading that the base could have grown to, by those held ones that lie between.
    fn walk(&mut self, mut from: Reading, to: Reading, out: &mut Vec<Growth>) {
        for held in std::mem::take(&mut self.held) {
            if held.value >= from.value && held.value <= to.value {
                self.believe(from, held, held.value - from.value, out);
                from = held;
            }
        }
        self.believe(from, to, to.value - from.value, out);
    }

    /// Closes an hour at its end, ms: how fast the counter grew in it is what the next one goes by.
    pub fn close_hour(&mut self, end: i64) {
        if self.grown > 0.0 && self.lasted > 0 {
            #[allow(clippy::cast_precision_loss)] // decades at most
            let rate = self.grown / self.lasted as f64;
            self.pace = Some(power_above(rate));
        }
        (self.grown, self.lasted) = (0.0, 0);
        self.left.retain(|left| left.at + LEFT_MS > end);
    }

    fn could_grow(
        &self,
        base: Reading,
        reading: Reading,
        growth: f64,
        time: i64,
        limits: &Limits,
    ) -> bool {
        let rate = match (self.pace, limits.per_ms) {
            (Some(pace), _) => FASTER * power(pace),
            (None, Some(most)) => most,
            (None, None) => return true,
        };
        grows_within(growth, rate, time) || growth <= slack(self.places, base.value, reading.value)
    }

    /// Whether a counter that fell fell by no more than a wrong reading that was believed could
    /// have raised it: to between its last two readings, or by what it grows in little time.
    fn is_little(&self, base: Reading, reading: Reading) -> bool {
        let time = (reading.at - base.at).max(GAP_MIN_MS);
        let (fall, half) = (base.value - reading.value, base.value / 2.0);
        let grew_lately =
            |pace: i16| reading.value > half && grows_within(fall, FASTER * power(pace), time);
        self.before.is_some_and(|before| reading.value >= before)
            || self.pace.is_some_and(grew_lately)
    }

    fn believe(&mut self, from: Reading, to: Reading, growth: f64, out: &mut Vec<Growth>) {
        let time = to.at - from.at;
        let booked = booked(time, to.interval);
        out.push(Growth {
            from: from.at,
            to: to.at,
            start: from.value,
            end: to.value,
            value: to.value,
            growth,
            booked,
        });
        self.grown += growth;
        self.lasted += time;
        for left in &mut self.left {
            left.booked += growth;
        }
        if to.value.to_bits() != from.value.to_bits() {
            let waits = booked == Booked::There && to.value > from.value;
            self.before = waits.then_some(from.value);
        }
        self.rebase(to);
        self.old = None;
    }

    /// Counts from this reading on.
    fn rebase(&mut self, to: Reading) {
        self.base = Some(Reading { interval: 0, ..to });
        if self.places < FLOAT && track::exact(to.value, self.places).is_none() {
            self.places = as_decimal(to.value).map_or(FLOAT, |(places, _)| self.places.max(places));
        }
    }

    fn hold(&mut self, reading: Reading, limits: &Limits, out: &mut Vec<Growth>) {
        self.held.push(reading);
        let known = Known {
            pace: self.pace,
            places: self.places,
            most: limits.per_ms,
        };
        if let Some(chain) = chain::confirmed(&self.held, known) {
            self.held.clear();
            self.settle(chain, limits, out);
        } else if self.held.len() > HELD_MAX {
            // Nothing but nonsense: the counter is taken up where it is, and nothing is counted.
            self.held.clear();
            self.change_level(reading, out);
        }
    }
}

/// Where the growth of some time belongs.
fn booked(time: i64, interval: u32) -> Booked {
    if time <= (2 * i64::from(interval)).max(GAP_MIN_MS) {
        Booked::There
    } else if time <= GAP_MAX_MS {
        Booked::Spread
    } else {
        Booked::Late
    }
}

fn grows_within(growth: f64, rate: f64, time: i64) -> bool {
    #[allow(clippy::cast_precision_loss)] // decades at most
    let most = rate * time as f64;
    growth <= most
}

/// Two steps of the last decimal place that readings have, and had: a counter that counts whole
/// units grows by one at once however slowly it grows.
fn slack(places: u8, left: f64, right: f64) -> f64 {
    match (as_decimal(left), as_decimal(right)) {
        (Some((a, _)), Some((b, _))) if places < FLOAT => {
            // A little more than two: differences of decimals are not exact.
            2.5 / track::POWERS[usize::from(a.max(b).max(places))]
        }
        _ => 0.0,
    }
}

/// Two to the power of `exponent`.
fn power(exponent: i16) -> f64 {
    f64::from_bits(((i64::from(exponent) + 1023).cast_unsigned() & 0x7FF) << 52)
}

/// The exponent of the smallest power of two that is not less than `rate`, which is positive.
fn power_above(rate: f64) -> i16 {
    let bits = rate.to_bits();
    let exponent = i16::try_from(bits >> 52 & 0x7FF).unwrap_or(0) - 1023;
    let exact = bits & ((1 << 52) - 1) == 0;
    (exponent + i16::from(!exact)).clamp(-1_000, 1_000)
}
