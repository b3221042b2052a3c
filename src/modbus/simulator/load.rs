//! *pure* — how much power a simulated machine takes, and the energy that this makes.
//!
//! A week of minute knots joined by straight lines, plus ripples that are zero at the ends of
//! their blocks and add nothing to the energy of a block. So the energy at any instant is a closed
//! form, equals the integral of the power exactly, and never falls.

use crate::base::Timestamp;
use std::f64::consts::TAU;

/// Monday 2025-01-06, 00:00 UTC, ms: where the counters start from nothing.
const START_MS: i64 = 1_736_121_600_000;

const MINUTES_PER_WEEK: usize = 7 * 24 * 60;
const MINUTE_MS: i64 = 60_000;
const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
const HOUR_MS: f64 = 3_600_000.0;

/// A wave on top of the week's line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ripple {
    /// Length of a block, ms; it divides an hour.
    pub(super) block_ms: i64,
    /// Full waves in a block.
    pub(super) waves: f64,
    /// Height, as a share of the lowest power in the block; all shares together stay below 1, so
    /// that power never turns negative.
    pub(super) share: f64,
    /// What it looks like.
    pub(super) shape: Shape,
}

/// The shape of a ripple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A sine whose height is drawn anew for each block.
    Noise,
    /// On and off in turn, the same each time, as machines do.
    Cycle,
}

/// The power of one machine over time.
pub(super) struct Load {
    seed: u64,
    utc_offset_ms: i64,
    /// Power at each minute of the week, kW; the last knot is the first of the next week.
    knots_kw: Vec<f64>,
    /// Energy from the start of the week to each knot, kWh.
    energy_kwh: Vec<f64>,
    ripples: Vec<Ripple>,
}

impl Load {
    /// The load whose power at each minute of the week (from Monday 00:00 of the plant) is
    /// `week_kw`.
    #[must_use]
    pub(super) fn new(
        seed: u64,
        utc_offset_ms: i64,
        week_kw: impl Fn(usize) -> f64,
        ripples: Vec<Ripple>,
    ) -> Self {
        let minutes = 0..=MINUTES_PER_WEEK;
        let knots_kw: Vec<f64> = minutes.map(|m| week_kw(m % MINUTES_PER_WEEK)).collect();
        let mut energy_kwh = vec![0.0];
        let mut sum = 0.0;
        for pair in knots_kw.windows(2) {
            sum += (pair[0] + pair[1]) / 2.0 / 60.0;
            energy_kwh.push(sum);
        }
        Self {
            seed,
            utc_offset_ms,
            knots_kw,
            energy_kwh,
            ripples,
        }
    }

    /// Power, kW.
    #[must_use]
    pub(super) fn power_kw(&self, at: Timestamp) -> f64 {
        let now = self.since_start_ms(at);
        let wave = |ripple: &Ripple| {
            let (height, turn) = self.ripple_at(ripple, now);
            height * ripple.shape.wave(turn)
        };
        self.line_kw(now) + self.ripples.iter().map(wave).sum::<f64>()
    }

    /// Energy since the counters started, kWh; 0 before that.
    #[must_use]
    pub(super) fn energy_kwh(&self, at: Timestamp) -> f64 {
        let now = self.since_start_ms(at);
        if now <= 0 {
            return 0.0;
        }
        let wave = |ripple: &Ripple| {
            let (height, turn) = self.ripple_at(ripple, now);
            let radian_h = as_f64(ripple.block_ms) / HOUR_MS / (TAU * ripple.waves);
            height * ripple.shape.area(turn) * radian_h
        };
        let weeks = as_f64(now.div_euclid(WEEK_MS));
        let week_kwh = self.energy_kwh[MINUTES_PER_WEEK];
        let (minute, rest_ms) = minute_of_week(now);
        // From the knot to now: the area of a trapezoid.
        let mean_kw = (self.knots_kw[minute] + self.line_kw(now)) / 2.0;
        let partial = mean_kw * as_f64(rest_ms) / HOUR_MS;
        let waves: f64 = self.ripples.iter().map(wave).sum();
        weeks * week_kwh + self.energy_kwh[minute] + partial + waves
    }

    /// Mean power over the last `span_ms`, kW: what warms a machine up.
    #[must_use]
    pub(super) fn mean_kw(&self, at: Timestamp, span_ms: i64) -> f64 {
        let energy_kwh = self.energy_kwh(at) - self.energy_kwh(at.minus_ms(span_ms));
        energy_kwh / (as_f64(span_ms) / HOUR_MS)
    }

    /// Milliseconds on the plant's wall clock since the start.
    fn since_start_ms(&self, at: Timestamp) -> i64 {
        at.ms() + self.utc_offset_ms - START_MS
    }

    /// The week's line at this time, kW.
    fn line_kw(&self, now: i64) -> f64 {
        let (minute, rest_ms) = minute_of_week(now);
        let (from, to) = (self.knots_kw[minute], self.knots_kw[minute + 1]);
        from + (to - from) * as_f64(rest_ms) / as_f64(MINUTE_MS)
    }

    /// The height of a ripple in the block of this time, kW, and where in its wave we are, rad.
    fn ripple_at(&self, ripple: &Ripple, now: i64) -> (f64, f64) {
        let block = now.div_euclid(ripple.block_ms);
        let start = block * ripple.block_ms;
        let end = start + ripple.block_ms;
        // The line is straight between minutes, so its lowest point is at an end or at a knot.
        let first_knot = start - start.rem_euclid(MINUTE_MS) + MINUTE_MS;
        let mut lowest = self.line_kw(start).min(self.line_kw(end));
        let mut knot = first_knot;
        while knot < end {
            lowest = lowest.min(self.line_kw(knot));
            knot += MINUTE_MS;
        }
        let luck = match ripple.shape {
            Shape::Noise => chance(self.seed ^ block.cast_unsigned(), ripple.block_ms),
            Shape::Cycle => 1.0,
        };
        let turn = TAU * ripple.waves * as_f64(now - start) / as_f64(ripple.block_ms);
        (lowest * ripple.share * luck, turn)
    }
}

impl Shape {
    fn wave(self, turn: f64) -> f64 {
        match self {
            Self::Noise => turn.sin(),
            // The first three parts of a square wave.
            Self::Cycle => turn.sin() + (3.0 * turn).sin() / 3.0 + (5.0 * turn).sin() / 5.0,
        }
    }

    /// The area under the wave from 0 to `turn`.
    fn area(self, turn: f64) -> f64 {
        match self {
            Self::Noise => 1.0 - turn.cos(),
            Self::Cycle => {
                (1.0 - turn.cos())
                    + (1.0 - (3.0 * turn).cos()) / 9.0
                    + (1.0 - (5.0 * turn).cos()) / 25.0
            }
        }
    }
}

/// The minute of the week, and the milliseconds since it began.
fn minute_of_week(now: i64) -> (usize, i64) {
    let in_week = now.rem_euclid(WEEK_MS);
    let minute = usize::try_from(in_week / MINUTE_MS).unwrap_or(0);
    (minute, in_week % MINUTE_MS)
}

/// A number from -1 to 1 that depends on nothing but the seed and the place: SplitMix64.
#[must_use]
pub(super) fn chance(seed: u64, place: i64) -> f64 {
    let mut z = seed
        .wrapping_add(place.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_mul(0xD134_2543_DE82_EF95);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let [a, b, c, d, ..] = (z ^ (z >> 31)).to_be_bytes();
    f64::from(i32::from_be_bytes([a, b, c, d])) / f64::from(i32::MAX)
}

/// A smooth random walk between -1 and 1 with a knot every `step_ms`.
#[must_use]
pub(super) fn drift(seed: u64, at: Timestamp, step_ms: i64) -> f64 {
    let step = at.ms().div_euclid(step_ms);
    let part = as_f64(at.ms().rem_euclid(step_ms)) / as_f64(step_ms);
    let (from, to) = (chance(seed, step), chance(seed, step + 1));
    from + (to - from) * part * part * (3.0 - 2.0 * part)
}

/// Milliseconds as a float: exact below 2^53, which is 285,000 years.
const fn as_f64(ms: i64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load() -> Load {
        let shape = |minute: usize| match minute % 1440 {
            0..360 => 5.0,
            360..390 => 5.0 + f64::from(u32::try_from(minute % 1440 - 360).unwrap()) * 2.0,
            390..1200 => 65.0,
            _ => 12.0,
        };
        let ripple = |block_ms, waves, share, shape| Ripple {
            block_ms,
            waves,
            share,
            shape,
        };
        let ripples = vec![
            ripple(60_000, 2.0, 0.1, Shape::Noise),
            ripple(3_600_000, 1.0, 0.15, Shape::Noise),
            ripple(240_000, 1.0, 0.3, Shape::Cycle),
            ripple(30_000, 1.0, 0.1, Shape::Cycle),
        ];
        Load::new(7, 3_600_000, shape, ripples)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn energy_is_the_integral_of_power() {
        let load = load();
        // Over ramps, steps, the ends of blocks, midnight and the end of a week.
        for start in [
            "2026-11-20T04:58:13Z",
            "2026-11-22T22:30:00Z",
            "2026-11-21T18:55:07Z",
        ] {
            let start = at(start);
            let (step_ms, steps) = (250, 12_000);
            let mut sum = 0.0;
            for step in 0..steps {
                let middle = start.plus_ms(step * step_ms + step_ms / 2);
                sum += load.power_kw(middle) * as_f64(step_ms) / HOUR_MS;
            }
            let end = start.plus_ms(step_ms * steps);
            let counted = load.energy_kwh(end) - load.energy_kwh(start);
            assert!(
                (sum - counted).abs() < 1e-5 * counted,
                "{start}: integral {sum}, counter {counted}"
            );
        }
    }

    #[test]
    fn power_is_positive_and_the_counter_never_falls() {
        let load = load();
        let mut before = 0.0;
        for minute in 0..20_000 {
            let time = at("2026-11-16T00:00:00Z").plus_ms(minute * 61_300);
            assert!(load.power_kw(time) > 0.0);
            let energy = load.energy_kwh(time);
            assert!(energy > before);
            before = energy;
        }
    }

    #[test]
    fn the_counter_starts_from_nothing() {
        assert!(load().energy_kwh(at("2024-06-01")) == 0.0);
        let week = load().energy_kwh(at("2025-01-12T23:00:00Z"));
        assert!(week > 1_000.0, "{week}");
    }

    #[test]
    fn chance_is_spread_and_repeats() {
        let draws: Vec<f64> = (0..1_000).map(|place| chance(3, place)).collect();
        let mean = draws.iter().sum::<f64>() / 1_000.0;
        assert!(mean.abs() < 0.06, "{mean}");
        assert!(draws.iter().all(|draw| draw.abs() <= 1.0));
        assert!(draws.iter().any(|draw| *draw > 0.9) && draws.iter().any(|draw| *draw < -0.9));
        assert!(chance(3, 5).to_bits() == draws[5].to_bits());
    }
}
