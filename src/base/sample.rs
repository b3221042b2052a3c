//! *pure* — metrics, units, phases, quality, and the batch that a poll produces.

use super::{EquipmentId, Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use utoipa::ToSchema;

/// The name of a measured quantity, in snake_case: `power`, `voltage`, `compressor_starts`.
///
/// The well-known ones have constants; equipment may define its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "power")]
pub struct Metric(Cow<'static, str>);

/// How values of a metric combine over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A value at an instant: its mean over a bucket means something.
    Gauge,
    /// A count that only grows: its difference over a bucket means something.
    Counter,
}

/// What the name of a state ends in: what is so while it is 1.
pub const STATE_WORDS: [&str; 10] = [
    "open", "closed", "on", "ok", "running", "active", "present", "alarm", "fault", "tripped",
];

/// Longest metric name.
const METRIC_MAX: usize = 48;

impl Metric {
    /// Total active power, kW.
    pub const POWER: Self = Self(Cow::Borrowed("power"));
    /// Voltage, V.
    pub const VOLTAGE: Self = Self(Cow::Borrowed("voltage"));
    /// Current, A.
    pub const CURRENT: Self = Self(Cow::Borrowed("current"));
    /// Mains frequency, Hz.
    pub const FREQUENCY: Self = Self(Cow::Borrowed("frequency"));
    /// Power factor, 0 to 1 (negative while energy flows out).
    pub const POWER_FACTOR: Self = Self(Cow::Borrowed("power_factor"));
    /// Energy counter, kWh, imported.
    pub const CONSUMPTION: Self = Self(Cow::Borrowed("consumption"));
    /// Temperature, °C.
    pub const TEMPERATURE: Self = Self(Cow::Borrowed("temperature"));

    /// Those with constants.
    const KNOWN: [Self; 7] = [
        Self::POWER,
        Self::VOLTAGE,
        Self::CURRENT,
        Self::FREQUENCY,
        Self::POWER_FACTOR,
        Self::CONSUMPTION,
        Self::TEMPERATURE,
    ];

    /// A metric by name.
    ///
    /// # Errors
    /// When the name is not 1 to 48 characters of a-z, 0-9 and `_`, starting with a letter.
    pub fn new(name: &str) -> Result<Self> {
        let well_formed = (1..=METRIC_MAX).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if let Some(known) = Self::KNOWN.iter().find(|known| known.0 == name) {
            // One name for all who say it: every beat compares thousands of them.
            Ok(known.clone())
        } else if well_formed {
            Ok(Self(Cow::Owned(name.to_owned())))
        } else {
            Err(Error::invalid(
                "metric",
                "A metric name has 1 to 48 characters of a-z, 0-9 and _, and starts with a letter.",
            ))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gauge or counter. Counters are `consumption` and every name that ends in `_energy`,
    /// `_consumption` or `_count`.
    #[must_use]
    pub fn kind(&self) -> MetricKind {
        let counts = ["_energy", "_consumption", "_count"];
        if *self == Self::CONSUMPTION || counts.iter().any(|end| self.0.ends_with(end)) {
            MetricKind::Counter
        } else {
            MetricKind::Gauge
        }
    }

    /// Whether the name is that of a state, 1 while it is so and 0 while it is not: `digital_1`,
    /// and whatever ends in a word of [`STATE_WORDS`], such as `door_open` or `pump_running`.
    #[must_use]
    pub fn is_state(&self) -> bool {
        let last = self.0.rsplit('_').next().unwrap_or_default();
        let numbered = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        STATE_WORDS.contains(&last) || self.0.strip_prefix("digital_").is_some_and(numbered)
    }

    /// The unit of a well-known metric; `None` for one of the equipment's own.
    #[must_use]
    pub fn standard_unit(&self) -> Option<Unit> {
        let unit = match self.as_str() {
            "power" => "kW",
            "voltage" => "V",
            "current" => "A",
            "frequency" => "Hz",
            "power_factor" => "",
            "consumption" => "kWh",
            "temperature" => "°C",
            _ => return None,
        };
        Some(Unit(Cow::Borrowed(unit)))
    }

    /// Splits a register name into metric and phase: `voltage_l1` is the voltage of phase L1.
    ///
    /// # Errors
    /// As [`Metric::new`].
    pub fn with_phase(name: &str) -> Result<(Self, Phase)> {
        let (metric, phase) = match name.rsplit_once('_') {
            Some((metric, "l1")) => (metric, Phase::L1),
            Some((metric, "l2")) => (metric, Phase::L2),
            Some((metric, "l3")) => (metric, Phase::L3),
            _ => (name, Phase::Total),
        };
        Ok((Self::new(metric)?, phase))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Metric {
    type Error = Error;
    fn try_from(name: String) -> Result<Self> {
        Self::new(&name)
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.0.into_owned()
    }
}

/// A unit as it is shown: `kW`, `V`, `°C`; empty for a ratio.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "kW")]
pub struct Unit(Cow<'static, str>);

impl Unit {
    /// A unit by its symbol.
    ///
    /// # Errors
    /// When the symbol is longer than 16 characters or holds control characters.
    pub fn new(symbol: &str) -> Result<Self> {
        if symbol.chars().count() > 16 || symbol.chars().any(char::is_control) {
            return Err(Error::invalid("unit", "A unit has at most 16 characters."));
        }
        Ok(Self(Cow::Owned(symbol.to_owned())))
    }

    /// No unit: a ratio or a count.
    #[must_use]
    pub const fn none() -> Self {
        Self(Cow::Borrowed(""))
    }

    /// The symbol.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which conductor a value belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Phase {
    /// The whole device.
    #[serde(rename = "total")]
    Total,
    /// Phase L1.
    L1,
    /// Phase L2.
    L2,
    /// Phase L3.
    L3,
}

impl Phase {
    /// The three conductors.
    pub const LINES: [Self; 3] = [Self::L1, Self::L2, Self::L3];

    /// `L1`, `L2`, `L3`; `None` for the whole device.
    #[must_use]
    pub const fn line(self) -> Option<&'static str> {
        match self {
            Self::Total => None,
            Self::L1 => Some("L1"),
            Self::L2 => Some("L2"),
            Self::L3 => Some("L3"),
        }
    }
}

/// How far a value can be trusted. The numbers are those in the data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Quality {
    /// Measured, in time, plausible.
    Good = 0,
    /// Measured, but older than two intervals.
    Stale = 1,
    /// Asked for and not answered, or the device says it has no value.
    Missing = 2,
    /// Computed in place of a missing one.
    Substituted = 3,
    /// Typed in by a person.
    Manual = 4,
    /// Answered, but not to be believed.
    Bad = 5,
}

impl Quality {
    /// The quality behind its number in the data file.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Good,
            1 => Self::Stale,
            2 => Self::Missing,
            3 => Self::Substituted,
            4 => Self::Manual,
            5 => Self::Bad,
            _ => return None,
        })
    }

    /// Whether a figure may be computed from a value of this quality.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Good | Self::Substituted | Self::Manual)
    }
}

/// What a series of values belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The device.
    pub equipment: EquipmentId,
    /// The quantity.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
}

/// One value of a poll.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The quantity.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
    /// The unit of the value.
    pub unit: Unit,
    /// The value, finite; `None` exactly when the quality is [`Quality::Missing`].
    pub value: Option<f64>,
    /// How far to trust it.
    pub quality: Quality,
}

impl Reading {
    /// A measured value. One that is not finite becomes a missing one: it is no number.
    #[must_use]
    pub fn good(metric: Metric, phase: Phase, unit: Unit, value: f64) -> Self {
        if value.is_finite() {
            Self {
                metric,
                phase,
                unit,
                value: Some(value),
                quality: Quality::Good,
            }
        } else {
            Self::missing(metric, phase, unit)
        }
    }

    /// A value that was asked for and did not come.
    #[must_use]
    pub const fn missing(metric: Metric, phase: Phase, unit: Unit) -> Self {
        Self {
            metric,
            phase,
            unit,
            value: None,
            quality: Quality::Missing,
        }
    }
}

/// What one poll of one device brought: every value at the same device time.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The device.
    pub equipment: EquipmentId,
    /// When the values were true: the poll tick, on the grid of the poll interval.
    pub at: Timestamp,
    /// When they reached us.
    pub arrived: Timestamp,
    /// The grid of this device, ms: a value older than two of them is stale.
    pub interval_ms: u32,
    /// The values.
    pub readings: Vec<Reading>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_phases_split_off() {
        assert_eq!(
            Metric::with_phase("voltage_l2").unwrap(),
            (Metric::VOLTAGE, Phase::L2)
        );
        assert_eq!(
            Metric::with_phase("power").unwrap(),
            (Metric::POWER, Phase::Total)
        );
        let own = Metric::with_phase("power_factor").unwrap();
        assert_eq!(own, (Metric::POWER_FACTOR, Phase::Total));
        for bad in ["", "Power", "1st", "a b", "é", "_x", &"a".repeat(49)] {
            assert!(Metric::new(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn a_value_that_is_no_number_is_missing() {
        let reading = Reading::good(Metric::POWER, Phase::Total, Unit::none(), f64::NAN);
        assert_eq!((reading.value, reading.quality), (None, Quality::Missing));
    }

    #[test]
    fn states_are_known_by_name() {
        let is_state = |name: &str| Metric::new(name).unwrap().is_state();
        for name in [
            "door_open",
            "running",
            "power_ok",
            "digital_1",
            "digital_128",
        ] {
            assert!(is_state(name), "{name}");
        }
        for name in [
            "power",
            "digital",
            "digital_",
            "digital_x",
            "open_count",
            "reopen",
        ] {
            assert!(!is_state(name), "{name}");
        }
    }

    #[test]
    fn counters_are_known_by_name() {
        assert_eq!(Metric::CONSUMPTION.kind(), MetricKind::Counter);
        assert_eq!(
            Metric::new("export_energy").unwrap().kind(),
            MetricKind::Counter
        );
        assert_eq!(Metric::POWER.kind(), MetricKind::Gauge);
    }
}
