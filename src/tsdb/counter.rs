//! *pure* — energy deltas of a counter that resets, blips and is exchanged.
//!
//! The counter of a meter only grows. When it falls, something happened that is not energy: the
//! meter restarted and answered zero for one poll, it was reset, or somebody put another meter
//! in. The base is kept until two more polls confirm the new level; a blip then costs nothing,
//! and neither a negative nor a huge delta ever appears.

use super::SeriesId;

/// Bytes of one entry of what is not believed yet.
const PENDING: usize = 4 + 8 + 8 + 1;

/// How many polls at a lower level make it the new level.
const POLLS_TO_CONFIRM: u8 = 3;

/// The state of one counter between polls. Values and deltas are in the counter's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counter {
    base: Option<f64>,
    lower: Option<Lower>,
}

/// A level below the base that is not believed yet.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Lower {
    first: f64,
    last: f64,
    polls: u8,
}

impl Counter {
    /// A counter that stood at `base` when last seen.
    #[must_use]
    pub const fn resume(base: f64) -> Self {
        Self {
            base: Some(base),
            lower: None,
        }
    }

    /// Takes the next reading; returns the energy since the one before, never negative.
    pub fn step(&mut self, value: f64) -> f64 {
        let Some(base) = self.base else {
            self.base = Some(value);
            return 0.0;
        };
        if value >= base {
            *self = Self::resume(value);
            return value - base;
        }
        let lower = match self.lower {
            Some(lower) if value >= lower.last => Lower {
                last: value,
                polls: lower.polls + 1,
                ..lower
            },
            _ => Lower {
                first: value,
                last: value,
                polls: 1,
            },
        };
        if lower.polls < POLLS_TO_CONFIRM {
            self.lower = Some(lower);
            return 0.0;
        }
        // What the counter held at its first poll on the new level is history of another meter,
        // or of before the reset: only the growth since then is known to be energy.
        *self = Self::resume(value);
        value - lower.first
    }

    /// Whether the last readings lay below the base and are not believed yet.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.lower.is_some()
    }

    /// What is not believed yet, to be kept beside the base; empty when everything is.
    #[must_use]
    pub fn pending(&self, series: SeriesId) -> Vec<u8> {
        let Some(lower) = self.lower else {
            return Vec::new();
        };
        let mut bytes = series.0.to_le_bytes().to_vec();
        bytes.extend(lower.first.to_le_bytes());
        bytes.extend(lower.last.to_le_bytes());
        bytes.push(lower.polls);
        bytes
    }

    /// The counter of a series from its base and what [`Counter::pending`] gave for several
    /// series one after another; `None` when there is nothing of this one.
    #[must_use]
    pub fn from_pending(bytes: &[u8], series: SeriesId, base: f64) -> Option<Self> {
        let of_series = |part: &&[u8]| part.starts_with(&series.0.to_le_bytes());
        let part = bytes.chunks_exact(PENDING).find(of_series)?;
        let float = |at: usize| {
            let bytes = part.get(at..)?.first_chunk::<8>()?;
            Some(f64::from_le_bytes(*bytes))
        };
        let lower = Lower {
            first: float(4)?,
            last: float(12)?,
            polls: *part.get(20)?,
        };
        Some(Self {
            base: Some(base),
            lower: Some(lower),
        })
    }

    /// The reading that the next delta counts from.
    #[must_use]
    pub const fn base(&self) -> Option<f64> {
        self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(readings: &[f64]) -> f64 {
        let mut counter = Counter::default();
        readings.iter().map(|value| counter.step(*value)).sum()
    }

    #[test]
    fn growth_is_energy() {
        assert!((total(&[100.0, 101.5, 101.5, 104.0]) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_zero_for_one_poll_costs_nothing() {
        assert!((total(&[100.0, 101.0, 0.0, 102.0, 103.0]) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_reset_is_believed_after_two_more_polls() {
        assert!((total(&[100.0, 101.0, 0.0, 0.5, 1.0, 2.0]) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn an_exchanged_meter_brings_no_spike() {
        assert!(total(&[100.0, 90.0, 90.0, 90.0]).abs() < 1e-9);
        assert!((total(&[900.0, 12.0, 12.5, 13.0, 14.0]) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_believed_yet_survives_the_hour() {
        let mut counter = Counter::default();
        for value in [100.0, 0.0, 0.5] {
            counter.step(value);
        }
        let (other, series) = (SeriesId(7), SeriesId(8));
        let mut lower = Counter::resume(3.0);
        lower.step(1.0);
        let bytes = [lower.pending(other), counter.pending(series)].concat();
        assert_eq!(Counter::from_pending(&bytes, series, 100.0), Some(counter));
        assert_eq!(Counter::from_pending(&bytes, SeriesId(9), 100.0), None);
        assert!((counter.step(1.0) - 1.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_delta_is_never_negative(readings in proptest::collection::vec(0.0..1e6f64, 1..60)) {
            let mut counter = Counter::default();
            for value in readings {
                prop_assert!(counter.step(value) >= 0.0);
            }
        }
    }
}
