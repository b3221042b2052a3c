//! *pure* — folding samples into buckets.
//!
//! A sample stands for the time from its tick to the next one: its weight is the poll interval.
//! So the mean of a bucket is weighted by time, and its coverage says how much of it was seen.

use crate::base::Quality;

/// A quarter of an hour, ms. Every calendar bucket of every zone is made of whole quarters.
pub const QUARTER_MS: i64 = 15 * 60 * 1000;

/// What a bucket knows of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Smallest value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Value of the last sample.
    pub last: f64,
    /// Sum of value × weight, in units × ms.
    pub weighted_sum: f64,
    /// Energy of a counter in the bucket; 0 for a gauge.
    pub delta: f64,
    /// Time that samples stand for, ms.
    pub covered_ms: u32,
    /// Samples.
    pub count: u32,
    /// The qualities of these samples: bit n is set when there was one of code n.
    pub qualities: u8,
}

impl Summary {
    /// A bucket with one sample that stands for `weight_ms` of it.
    #[must_use]
    pub fn of(value: f64, weight_ms: u32, delta: f64) -> Self {
        Self {
            min: value,
            max: value,
            last: value,
            weighted_sum: value * f64::from(weight_ms),
            delta,
            covered_ms: weight_ms,
            count: 1,
            qualities: Self::quality_bit(Quality::Good),
        }
    }

    /// A bucket that knows only what a counter grew by, up to a reading of `base` at its end.
    #[must_use]
    pub fn of_delta(base: f64, delta: f64) -> Self {
        Self {
            count: 0,
            qualities: 0,
            ..Self::of(base, 0, delta)
        }
    }

    /// The same with the quality of its one sample.
    #[must_use]
    pub const fn with(mut self, quality: Quality) -> Self {
        self.qualities = Self::quality_bit(quality);
        self
    }

    /// The bit of a quality in [`Summary::qualities`].
    #[must_use]
    pub const fn quality_bit(quality: Quality) -> u8 {
        1 << (quality as u8)
    }

    /// Whether anything but energy is known: a counter that came back after a gap tells what was
    /// used, not how.
    const fn has_values(&self) -> bool {
        self.covered_ms > 0 || self.count > 0
    }

    /// Adds what came later.
    pub fn merge(&mut self, later: &Self) {
        match (self.has_values(), later.has_values()) {
            (true, true) => {
                self.min = self.min.min(later.min);
                self.max = self.max.max(later.max);
            }
            (false, true) => {
                self.min = later.min;
                self.max = later.max;
            }
            _ => {}
        }
        self.last = later.last;
        self.weighted_sum += later.weighted_sum;
        self.delta += later.delta;
        self.covered_ms = self.covered_ms.saturating_add(later.covered_ms);
        self.count = self.count.saturating_add(later.count);
        self.qualities |= later.qualities;
    }

    /// Takes the noise of floating point out of figures that are decimals with `power` = ten to
    /// the number of places: sums of them are decimals too.
    pub(super) fn round_to(&mut self, power: f64) {
        for figure in [&mut self.weighted_sum, &mut self.delta] {
            let scaled = *figure * power;
            if scaled.abs() < 4e15 {
                *figure = scaled.round() / power;
            }
        }
    }

    /// Mean weighted by time; the last value when nothing has a weight.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.covered_ms == 0 {
            self.last
        } else {
            self.weighted_sum / f64::from(self.covered_ms)
        }
    }

    /// How much of a bucket of `length_ms` was seen, 0 to 1.
    #[must_use]
    pub fn coverage(&self, length_ms: i64) -> f64 {
        if length_ms <= 0 {
            return 0.0;
        }
        #[allow(clippy::cast_precision_loss)] // a bucket is at most a month long
        let length = length_ms as f64;
        (f64::from(self.covered_ms) / length).min(1.0)
    }
}

/// The parts of a sample's time that fall into each bucket of `step_ms`: start of the bucket and
/// weight, both ms.
pub fn spread(at: i64, interval_ms: u32, step_ms: i64) -> impl Iterator<Item = (i64, u32)> {
    let end = at.saturating_add(i64::from(interval_ms.max(1)));
    let mut from = at;
    std::iter::from_fn(move || {
        if from >= end {
            return None;
        }
        let start = from.div_euclid(step_ms) * step_ms;
        let to = (start + step_ms).min(end);
        let weight = u32::try_from(to - from).unwrap_or(0);
        from = to;
        Some((start, weight))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_weighted_by_time() {
        let mut bucket = Summary::of(10.0, 5_000, 0.0);
        bucket.merge(&Summary::of(40.0, 10_000, 0.0));
        assert!((bucket.mean() - 30.0).abs() < 1e-9);
        assert!((bucket.coverage(30_000) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_slow_poll_covers_the_quarters_it_stands_for() {
        let parts: Vec<_> = spread(10 * 60_000, 3_600_000, QUARTER_MS)
            .map(|(q, w)| (q / 60_000, w))
            .collect();
        assert_eq!(
            parts,
            [
                (0, 300_000),
                (15, 900_000),
                (30, 900_000),
                (45, 900_000),
                (60, 600_000)
            ]
        );
    }
}
