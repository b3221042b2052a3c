//! *pure* — what a device sends: one reading or many, as JSON, in the spellings that devices use.
//!
//! `{temperature, humidity, powerStatus, doorStatus, batteryLevel}` in camelCase or snake_case,
//! `metrics: {name: value}` for anything else, or `{metric, value, unit, phase}` for one value;
//! with `timestamp` (RFC 3339, or Unix seconds or milliseconds) or as of the arrival.

use crate::base::{Metric, Phase, Reading, Timestamp, Unit};
use crate::equipment::units::convert;
use crate::exchange::words::{phase_of, quantity};
use serde_json::{Map, Value};

/// Most readings of one delivery.
pub const READINGS_MAX: usize = 1_000;
/// Most quantities of one reading.
const QUANTITIES_MAX: usize = 64;
/// Longest firmware version, characters.
const FIRMWARE_MAX: usize = 64;
/// Numbers from here on are milliseconds: as seconds they would lie after the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

/// Quantities with a name of their own in a reading: how it may be spelled, what it is here, and
/// which values can be.
const KNOWN: [Known; 5] = [
    Known::number(
        "temperature",
        "temperature",
        "temperature",
        (-273.15, 1_000.0),
    ),
    Known::number("humidity", "humidity", "humidity", (0.0, 100.0)),
    Known::number(
        "battery_level",
        "batteryLevel",
        "battery_level",
        (0.0, 100.0),
    ),
    Known::state("power_status", "powerStatus", "power_ok"),
    Known::state("door_status", "doorStatus", "door_open"),
];
/// The quantity that tells the battery.
pub(super) const BATTERY: &str = "battery_level";

struct Known {
    snake: &'static str,
    camel: &'static str,
    metric: &'static str,
    /// The possible values; `None` for a state, which is true or false.
    range: Option<(f64, f64)>,
}

impl Known {
    const fn number(
        snake: &'static str,
        camel: &'static str,
        metric: &'static str,
        range: (f64, f64),
    ) -> Self {
        Self {
            snake,
            camel,
            metric,
            range: Some(range),
        }
    }

    const fn state(snake: &'static str, camel: &'static str, metric: &'static str) -> Self {
        Self {
            snake,
            camel,
            metric,
            range: None,
        }
    }

    fn value(&self, value: &Value) -> Result<Option<f64>, String> {
        let Some((least, most)) = self.range else {
            return match value {
                Value::Null => Ok(None),
                Value::Bool(state) => Ok(Some(f64::from(u8::from(*state)))),
                _ => Err("Send true or false.".to_owned()),
            };
        };
        match number(value)? {
            Some(value) if !(least..=most).contains(&value) => Err(format!(
                "{value} cannot be: the value is {least} to {most}. Check the sensor."
            )),
            value => Ok(value),
        }
    }
}

/// What a device sent, piece by piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parcel {
    /// Its firmware, if it told.
    pub firmware: Option<String>,
    /// Each reading, or why it is none.
    pub readings: Vec<Result<Parsed, Refusal>>,
}

/// One reading that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// When it was true; `None` for the arrival.
    pub at: Option<Timestamp>,
    /// Its values.
    pub readings: Vec<Reading>,
}

/// Why a reading is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field.
    pub path: String,
    /// A sentence that says what to do.
    pub reason: String,
}

impl Refusal {
    /// A refusal at this place.
    pub fn at(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            reason: reason.into(),
        }
    }
}

/// Takes a delivery apart: one reading, a list of them, or `{"readings": […]}`.
///
/// # Errors
/// When it is none of these, is empty or has too many readings.
pub fn parcel(body: &Value) -> Result<Parcel, Refusal> {
    let mut parcel = Parcel::default();
    let list = match body {
        Value::Array(list) => list.as_slice(),
        Value::Object(object) if object.contains_key("readings") => {
            for (name, value) in object {
                match name.as_str() {
                    "readings" => {}
                    "firmware_version" | "firmwareVersion" => {
                        parcel.firmware = Some(firmware(name, value)?);
                    }
                    _ => {
                        let reason = "Beside readings only firmwareVersion is known here.";
                        return Err(Refusal::at(name, reason));
                    }
                }
            }
            match &object["readings"] {
                Value::Array(list) => list.as_slice(),
                _ => return Err(Refusal::at("readings", "Send a list of readings.")),
            }
        }
        Value::Object(_) => std::slice::from_ref(body),
        _ => {
            let reason = "Send one reading as an object, or a list of them.";
            return Err(Refusal::at("body", reason));
        }
    };
    if list.is_empty() {
        return Err(Refusal::at("readings", "There is no reading in this."));
    }
    if list.len() > READINGS_MAX {
        let reason = format!(
            "There are {} readings; send {READINGS_MAX} at most, and the others after them.",
            list.len()
        );
        return Err(Refusal::at("readings", reason));
    }
    for item in list {
        let parsed = match item {
            Value::Object(object) => one(object, &mut parcel.firmware),
            _ => Err(Refusal::at("body", "A reading is an object.")),
        };
        parcel.readings.push(parsed);
    }
    Ok(parcel)
}

fn one(object: &Map<String, Value>, told: &mut Option<String>) -> Result<Parsed, Refusal> {
    let mut at = None;
    let mut version = None;
    let mut readings = Readings::default();
    let generic = object.contains_key("metric");
    for (name, value) in object {
        match name.as_str() {
            "timestamp" | "time" | "ts" => {
                if at.is_some() {
                    return Err(Refusal::at(name, "The time is given twice. Leave one out."));
                }
                at = Some(time(value).map_err(|reason| Refusal::at(name, reason))?);
            }
            "firmware_version" | "firmwareVersion" => version = Some(firmware(name, value)?),
            "metrics" => readings.metrics(value)?,
            "metric" => readings.generic(object)?,
            "value" | "unit" | "phase" if generic => {}
            _ => match KNOWN.iter().find(|k| k.snake == name || k.camel == name) {
                Some(known) => {
                    let value = known.value(value);
                    let value = value.map_err(|reason| Refusal::at(name, reason))?;
                    let metric = Metric::new(known.metric).expect("a known name is well formed");
                    readings.add(name, metric, Phase::Total, None, value)?;
                }
                None => {
                    let reason = "This field is not known here. Put quantities of your own into \
                                  metrics: {\"name\": value}.";
                    return Err(Refusal::at(name, reason));
                }
            },
        }
    }
    if readings.0.is_empty() {
        let reason = "There is no value in this reading.";
        return Err(Refusal::at("body", reason));
    }
    // Only a reading that is taken speaks for the device.
    if version.is_some() {
        *told = version;
    }
    Ok(Parsed {
        at: at.flatten(),
        readings: readings.0,
    })
}

#[derive(Default)]
struct Readings(Vec<Reading>);

impl Readings {
    fn metrics(&mut self, value: &Value) -> Result<(), Refusal> {
        let Value::Object(metrics) = value else {
            let reason = "Send the quantities as {\"name\": value}.";
            return Err(Refusal::at("metrics", reason));
        };
        for (name, value) in metrics {
            let path = format!("metrics.{name}");
            let fault = |reason| Refusal::at(&path, reason);
            let (metric, phase) = quantity(name, None).map_err(fault)?;
            let value = state_or_number(value).map_err(fault)?;
            self.add(&path, metric, phase, None, value)?;
        }
        Ok(())
    }

    fn generic(&mut self, object: &Map<String, Value>) -> Result<(), Refusal> {
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Refusal::at(name, "Send text.")),
        };
        let name = text("metric")?.unwrap_or_default();
        let phase = phase_of(text("phase")?).map_err(|reason| Refusal::at("phase", reason))?;
        let fault = |reason| Refusal::at("metric", reason);
        let (metric, phase) = quantity(name, phase).map_err(fault)?;
        let Some(value) = object.get("value") else {
            return Err(Refusal::at("value", "A metric needs a value."));
        };
        let value = state_or_number(value).map_err(|reason| Refusal::at("value", reason))?;
        self.add("unit", metric, phase, text("unit")?, value)
    }

    fn add(
        &mut self,
        path: &str,
        metric: Metric,
        phase: Phase,
        unit: Option<&str>,
        value: Option<f64>,
    ) -> Result<(), Refusal> {
        let same = |r: &Reading| r.metric == metric && r.phase == phase;
        if self.0.iter().any(same) {
            let reason = format!("{metric} is in this reading twice. Leave one out.");
            return Err(Refusal::at(path, reason));
        }
        if self.0.len() == QUANTITIES_MAX {
            let reason = format!("A reading has {QUANTITIES_MAX} quantities at most.");
            return Err(Refusal::at(path, reason));
        }
        let reading = reading(metric, phase, unit, value);
        let reading = reading.map_err(|reason| Refusal::at(path, reason))?;
        self.0.push(reading);
        Ok(())
    }
}

/// A value in the unit in which its metric is kept.
///
/// # Errors
/// A sentence when the unit is none of this metric.
pub(crate) fn reading(
    metric: Metric,
    phase: Phase,
    unit: Option<&str>,
    value: Option<f64>,
) -> Result<Reading, String> {
    let (kept, factor) = convert(&metric, unit)?;
    let kept = match unit {
        None => unit_of(&metric).unwrap_or(kept),
        Some(_) => kept,
    };
    Ok(match value {
        Some(value) => Reading::good(metric, phase, kept, value * factor),
        None => Reading::missing(metric, phase, kept),
    })
}

/// The unit of a quantity that devices bring, also behind a prefix: `rear_humidity`.
#[must_use]
pub fn unit_of(metric: &Metric) -> Option<Unit> {
    let ends = |name: &str| {
        let rest = metric.as_str().strip_suffix(name);
        rest.is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    if ends("humidity") || ends(BATTERY) {
        Unit::new("%").ok()
    } else if ends("temperature") {
        Metric::TEMPERATURE.standard_unit()
    } else {
        metric.standard_unit()
    }
}

/// A number; `None` for `null`, which is how a sensor says that it has no value.
fn number(value: &Value) -> Result<Option<f64>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(number.as_f64()),
        Value::String(_) => Err("Send a number without quotation marks.".to_owned()),
        _ => Err("Send a number.".to_owned()),
    }
}

pub(crate) fn state_or_number(value: &Value) -> Result<Option<f64>, String> {
    match value {
        Value::Bool(state) => Ok(Some(f64::from(u8::from(*state)))),
        value => number(value),
    }
}

/// When a reading was true; `None` when the device does not say.
pub(crate) fn time(value: &Value) -> Result<Option<Timestamp>, String> {
    let wrong = || "Write the time as 2026-11-21T08:30:00Z, or as Unix seconds or milliseconds.";
    match value {
        Value::Null => Ok(None),
        // A time of day without its offset would be taken for midnight.
        Value::String(text) if has_offset(text) => {
            let at = text.parse().map_err(|_| wrong())?;
            Ok(Some(at))
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            let ms = if number.abs() < MILLISECONDS_FROM {
                number * 1_000.0
            } else {
                number
            };
            if !(0.0..=1e15).contains(&ms) {
                return Err(wrong().to_owned());
            }
            #[allow(clippy::cast_possible_truncation)] // far below 2^53, as checked
            Ok(Some(Timestamp::from_ms(ms.round() as i64)))
        }
        _ => Err(wrong().to_owned()),
    }
}

fn has_offset(text: &str) -> bool {
    let time = text
        .split_once(['T', 't', ' '])
        .map_or("", |(_, time)| time);
    time.contains(['Z', 'z', '+', '-'])
}

fn firmware(name: &str, value: &Value) -> Result<String, Refusal> {
    let text = value.as_str().map(str::trim).unwrap_or_default();
    let plain = !text.is_empty()
        && text.chars().count() <= FIRMWARE_MAX
        && !text.chars().any(char::is_control);
    if plain {
        Ok(text.to_owned())
    } else {
        let reason = "The firmware version is text of 1 to 64 characters.";
        Err(Refusal::at(name, reason))
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
