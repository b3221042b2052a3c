//! *pure* — the words of a writer: precision, interval, phase, and the name of a quantity.

use crate::base::{Metric, Phase};

/// Longest interval, ms: as for meters that are polled.
const INTERVAL_MAX_MS: u32 = 3_600_000;
/// Shortest interval, ms.
const INTERVAL_MIN_MS: u32 = 100;
/// The unit of the timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Nanoseconds, the default.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// A multiple of this many milliseconds: seconds, minutes, hours.
    Times(i64),
}

impl Precision {
    /// The precision of this name, in the words of both versions of InfluxDB.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "" | "ns" | "n" => Self::Nanoseconds,
            "us" | "u" => Self::Microseconds,
            "ms" => Self::Milliseconds,
            "s" => Self::Times(1_000),
            "m" => Self::Times(60_000),
            "h" => Self::Times(3_600_000),
            _ => return None,
        })
    }

    /// A written time in ms; `None` when no instant is that far away.
    #[must_use]
    pub fn to_ms(self, time: i64) -> Option<i64> {
        match self {
            Self::Nanoseconds => Some(time.div_euclid(1_000_000)),
            Self::Microseconds => Some(time.div_euclid(1_000)),
            Self::Milliseconds => Some(time),
            Self::Times(ms) => time.checked_mul(ms),
        }
    }
}

/// A length of time as writers name it, in ms: `500ms`, `10s`, `15m`, `1h`, or seconds.
#[must_use]
pub fn interval(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let times = match &text[digits.len()..] {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let ms = digits.parse::<u32>().ok()?.checked_mul(times)?;
    (plain && (INTERVAL_MIN_MS..=INTERVAL_MAX_MS).contains(&ms)).then_some(ms)
}

/// The phase that a tag names.
///
/// # Errors
/// When there is no such phase.
pub fn phase_of(tag: Option<&str>) -> Result<Option<Phase>, &'static str> {
    let Some(tag) = tag else { return Ok(None) };
    match tag.to_ascii_lowercase().as_str() {
        "l1" => Ok(Some(Phase::L1)),
        "l2" => Ok(Some(Phase::L2)),
        "l3" => Ok(Some(Phase::L3)),
        "total" | "" => Ok(Some(Phase::Total)),
        _ => Err("The phase is L1, L2, L3 or total."),
    }
}

/// Quantity and phase of a field: its name may end in the phase, or a tag names it.
///
/// # Errors
/// A sentence when this is no name of a quantity, or both name a phase and differ.
pub fn quantity(name: &str, tag: Option<Phase>) -> Result<(Metric, Phase), String> {
    let name = if name == "powerFactor" {
        "power_factor"
    } else {
        name
    };
    let found = Metric::with_phase(name);
    let (metric, phase) = found.map_err(|error| match error.fields.into_iter().next() {
        Some(field) => field.message,
        None => error.sentence,
    })?;
    match (phase, tag) {
        (Phase::Total, Some(tag)) => Ok((metric, tag)),
        (own, Some(tag)) if tag != Phase::Total && tag != own => {
            Err("The name of the field and the tag phase name two phases.".to_owned())
        }
        (own, _) => Ok((metric, own)),
    }
}
