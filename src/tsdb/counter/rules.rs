//! *pure* — what is known of a counter beside its readings: its limits, and what people did to it.

use super::{Reading, grows_within, slack};
use crate::tsdb::tick::as_decimal;

/// What a counter can do. Settings, not readings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// After this many units it begins at zero again; `None` when nobody said.
    pub modulus: Option<f64>,
    /// The fastest that it can grow, units per ms; `None` when nobody said.
    pub per_ms: Option<f64>,
}

/// Something that a person did to a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When, ms since 1970; readings from this instant on are after it.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What a person did to a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Put another meter in.
    Exchange {
        /// Last reading of the old meter.
        end: f64,
        /// First reading of the new one.
        start: f64,
    },
    /// Changed the transformers: one unit of the register is this much energy from now on.
    Factor(f64),
}

/// All that is known of a counter beside its readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// What it can do.
    pub limits: Limits,
    /// What was done to it, in order of time.
    pub events: Vec<Event>,
    /// What grew since a reading before this instant, ms, was booked by an earlier version, whole.
    pub parted_from: i64,
}

impl Rules {
    /// The exchanges after `after` up to `until`, ms.
    pub(super) fn exchanges(&self, after: i64, until: i64) -> impl Iterator<Item = &Event> {
        let first = self.events.partition_point(|event| event.at <= after);
        let events = self.events[first..].iter();
        let events = events.take_while(move |event| event.at <= until);
        events.filter(|event| matches!(event.what, What::Exchange { .. }))
    }

    /// The factor of what is counted up to an instant, and since when it holds, ms.
    #[must_use]
    pub fn factor_before(&self, until: i64) -> (f64, i64) {
        let before = self.events.partition_point(|event| event.at < until);
        let factor = |event: &Event| match event.what {
            What::Factor(factor) => Some((factor, event.at)),
            What::Exchange { .. } => None,
        };
        let found = self.events[..before].iter().rev().find_map(factor);
        found.unwrap_or((1.0, i64::MIN))
    }

    /// The most decimal places of a factor; `None` when one is no decimal.
    pub(in crate::tsdb) fn factor_places(&self) -> Option<usize> {
        let places = |event: &Event| match event.what {
            What::Factor(factor) => as_decimal(factor).map(|(places, _)| usize::from(places)),
            What::Exchange { .. } => Some(0),
        };
        let all: Option<Vec<_>> = self.events.iter().map(places).collect();
        Some(all?.into_iter().max().unwrap_or(0))
    }
}

/// Where registers of 16, 31 and 32 bits and counters of four to nine digits begin again, in units
/// of their last place.
const MODULI: [f64; 9] = [
    65_536.0,
    2_147_483_648.0,
    4_294_967_296.0,
    1e4,
    1e5,
    1e6,
    1e7,
    1e8,
    1e9,
];
/// Decimal places that such a counter may have.
const PLACES: [f64; 4] = [1.0, 10.0, 100.0, 1_000.0];
/// A counter whose modulus nobody said was in the last part of its range, and is in the first.
const PART: f64 = 16.0;

/// How fast a counter may have grown lately.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lately {
    /// Units per ms; 0 when it did not grow.
    pub(super) rate: f64,
    /// Whether it was watched for an hour in which it grew.
    pub(super) is_watched: bool,
}

/// What a counter grew by if it passed its end between two readings; `None` when that is not safe
/// to say. Where its end is not known it must have been close to one that counters have, and
/// grown as it lately did.
pub(super) fn rolled_over(
    (from, to): (Reading, Reading),
    places: u8,
    limits: &Limits,
    lately: Lately,
) -> Option<f64> {
    let time = to.at - from.at;
    let growth = |modulus: f64| {
        let inside = to.value < from.value && from.value < modulus && to.value >= 0.0;
        inside.then_some(to.value + modulus - from.value)
    };
    let fits = |growth: &f64, rate: f64| {
        grows_within(*growth, rate, time) || *growth <= slack(places, from.value, to.value)
    };
    if let Some(modulus) = limits.modulus {
        let most = limits.per_ms.unwrap_or(f64::INFINITY);
        let rate = if lately.is_watched {
            lately.rate
        } else {
            lately.rate.max(most)
        };
        return growth(modulus).filter(|growth| fits(growth, rate));
    }
    if lately.rate == 0.0 {
        return None;
    }
    let all = MODULI
        .iter()
        .flat_map(|modulus| PLACES.iter().map(move |places| modulus / places));
    let near =
        |modulus: &f64| from.value >= modulus * (1.0 - 1.0 / PART) && to.value <= modulus / PART;
    all.filter(near)
        .filter_map(growth)
        .filter(|growth| fits(growth, lately.rate))
        .min_by(f64::total_cmp)
}
