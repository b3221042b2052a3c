//! *pure* — one limit of a cell over time: when the air was beyond it, how far and for how long.
//!
//! Time is that of the sensor, ms. A value stands until the next one and no longer than it is
//! fresh; what lies behind is a gap, which is named and never counted as known. The delay before
//! an excursion counts runs only while nothing excuses it: a door that was opened of late, or a
//! defrost. Once it counts, all of it counts, from the first value beyond the limit.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Heat of activation over the gas constant, K: 83.144 kJ/mol over 8.3144 J/(mol·K), as USP <1079>
/// and the ICH guidance have it.
const ACTIVATION_K: f64 = 10_000.0;
/// 0 °C, K.
const ZERO_C: f64 = 273.15;

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = ExcursionKind)]
pub enum Side {
    /// Too warm.
    #[serde(rename = "HIGH_TEMP")]
    High,
    /// Too cold.
    #[serde(rename = "LOW_TEMP")]
    Low,
}

impl Side {
    /// How far a value is beyond a limit, K; negative within.
    #[must_use]
    pub fn beyond(self, value_c: f64, limit_c: f64) -> f64 {
        match self {
            Self::High => value_c - limit_c,
            Self::Low => limit_c - value_c,
        }
    }

    /// The word of its alerts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "HIGH_TEMP",
            Self::Low => "LOW_TEMP",
        }
    }
}

/// What a limit is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Which side.
    pub side: Side,
    /// The limit, °C.
    pub limit_c: f64,
    /// How far back the value must come, K.
    pub dead_band_c: f64,
    /// How long it may be beyond without an excuse, ms.
    pub delay_ms: i64,
    /// Most that is excused of one excursion, ms.
    pub excused_max_ms: i64,
}

/// One look at the cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// When, ms.
    pub at: i64,
    /// The air, °C; absent when no sensor says anything.
    pub value_c: Option<f64>,
    /// Whether the door was opened of late.
    pub door: bool,
    /// Whether it is being defrosted, or was of late.
    pub defrost: bool,
}

/// Time beyond a limit, so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The first value beyond, ms.
    pub begin: i64,
    /// When it began to count, ms.
    pub counts_at: Option<i64>,
    /// The value farthest beyond, °C.
    pub peak_c: f64,
    /// When, ms.
    pub peak_at: i64,
    /// Time known to be beyond the limit, ms.
    pub beyond_ms: i64,
    /// Time of which nothing is known, ms.
    pub gap_ms: i64,
    /// Time that was excused, ms.
    pub excused_ms: i64,
    /// Whether the door was open in it.
    pub door: bool,
    /// Whether it was defrosted in it.
    pub defrost: bool,
    /// Distance from the limit over time, K·ms.
    degree_ms: f64,
    /// Sum of exp(-E/T) over time, and the time, ms.
    kinetic: (f64, f64),
    unexcused_ms: i64,
    last: Look,
}

impl Run {
    fn begin(look: Look, value_c: f64) -> Self {
        Self {
            begin: look.at,
            counts_at: None,
            peak_c: value_c,
            peak_at: look.at,
            beyond_ms: 0,
            gap_ms: 0,
            excused_ms: 0,
            door: look.door,
            defrost: look.defrost,
            degree_ms: 0.0,
            kinetic: (0.0, 0.0),
            unexcused_ms: 0,
            last: Look {
                value_c: Some(value_c),
                ..look
            },
        }
    }

    /// Time passes up to `to`; what was seen last stands for `hold_ms`.
    #[allow(clippy::cast_precision_loss)] // months in ms are far below 2^53
    fn pass(&mut self, rule: &Rule, to: i64, hold_ms: i64) {
        let length = (to - self.last.at).max(0);
        let held = length.min(hold_ms);
        self.gap_ms += length - held;
        let Some(value_c) = self.last.value_c.filter(|_| held > 0) else {
            return;
        };
        let beyond = rule.side.beyond(value_c, rule.limit_c);
        if beyond > 0.0 {
            self.beyond_ms += held;
            self.degree_ms += beyond * held as f64;
        }
        self.kinetic.0 += (-ACTIVATION_K / (value_c + ZERO_C)).exp() * held as f64;
        self.kinetic.1 += held as f64;
        let excuse = if self.last.door || self.last.defrost {
            held.min(rule.excused_max_ms - self.excused_ms).max(0)
        } else {
            0
        };
        self.excused_ms += excuse;
        let needed = rule.delay_ms - self.unexcused_ms;
        self.unexcused_ms += held - excuse;
        if self.counts_at.is_none() && self.unexcused_ms >= rule.delay_ms {
            self.counts_at = Some(self.last.at + excuse + needed.max(0));
        }
    }

    /// Distance from the limit over time, K·min.
    #[must_use]
    pub fn degree_minutes(&self) -> f64 {
        self.degree_ms / 60_000.0
    }

    /// The one temperature that would have done as much harm, °C.
    #[must_use]
    pub fn mean_kinetic_c(&self) -> f64 {
        if self.kinetic.1 <= 0.0 {
            return self.peak_c;
        }
        mean_kinetic_c(self.kinetic.0 / self.kinetic.1)
    }
}

/// The mean kinetic temperature, °C, of a mean of exp(-E/T).
#[must_use]
pub fn mean_kinetic_c(mean_rate: f64) -> f64 {
    ACTIVATION_K / -mean_rate.ln() - ZERO_C
}

/// The share of a temperature in a mean kinetic one: exp(-E/T).
#[must_use]
pub fn kinetic_rate(value_c: f64) -> f64 {
    (-ACTIVATION_K / (value_c + ZERO_C)).exp()
}

/// One limit followed over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// Time beyond, while it is.
    pub run: Option<Run>,
}

impl Track {
    /// Takes a look; gives back what ended with it, if it counted.
    pub fn take(&mut self, rule: &Rule, look: Look, hold_ms: i64) -> Option<(Run, i64)> {
        let Some(run) = &mut self.run else {
            let value_c = look.value_c?;
            if rule.side.beyond(value_c, rule.limit_c) > 0.0 {
                self.run = Some(Run::begin(look, value_c));
            }
            return None;
        };
        let Some(value_c) = look.value_c else {
            // Nobody says anything: what was said stands as long as it is fresh. The next look
            // that knows something passes the time.
            return None;
        };
        run.pass(rule, look.at, hold_ms);
        let beyond = rule.side.beyond(value_c, rule.limit_c);
        if beyond <= -rule.dead_band_c {
            let ended = self.run.take()?;
            return ended.counts_at.is_some().then_some((ended, look.at));
        }
        if beyond > rule.side.beyond(run.peak_c, rule.limit_c) {
            (run.peak_c, run.peak_at) = (value_c, look.at);
        }
        run.door |= look.door;
        run.defrost |= look.defrost;
        run.last = look;
        None
    }

    /// What is known of it at `now`, when it counts.
    #[must_use]
    pub fn standing(&self, rule: &Rule, now: i64, hold_ms: i64) -> Option<Run> {
        let mut run = self.run.clone()?;
        run.pass(rule, now, hold_ms);
        run.counts_at.is_some().then_some(run)
    }
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
