//! *pure* — what a message means here: whose reading it is, of which quantities, and when it was
//! true.

use super::topic::{Captures, Pattern};
use crate::base::error::Checks;
use crate::base::{DeviceId, EquipmentId, Metric, Reading, Result, Timestamp};
use crate::devices::{Parcel, Parsed, Target, parcel, reading, state_or_number, time};
use crate::equipment::units::convert;
use crate::exchange::words::quantity;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::result::Result as Outcome;
use utoipa::ToSchema;

pub use crate::devices::Refusal;

/// Most values of one mapping.
const VALUES_MAX: usize = 32;
/// Largest payload, bytes.
pub(super) const PAYLOAD_MAX: usize = 64 << 10;
/// What a reading stands for when nobody says how often it comes, s.
const INTERVAL_DEFAULT_S: u32 = 60;

/// Which messages mean what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MqttMapping)]
pub struct Mapping {
    /// Topic filter with `+` and `#`; `{serial}` stands for the serial number of a device,
    /// `{equipment}` for the id, name or serial number of equipment, `{metric}` for a quantity.
    #[schema(example = "plant/{serial}/env")]
    pub topic: String,
    /// Whose readings they are, unless the topic says.
    #[serde(default)]
    pub device_id: Option<DeviceId>,
    /// Whose readings they are, unless the topic or a device says.
    #[serde(default)]
    pub equipment_id: Option<EquipmentId>,
    /// The values of a message; none when its payload has the shape that devices push.
    #[serde(default)]
    pub values: Vec<ValueMap>,
    /// Where the time is, `/ts`; the arrival when absent.
    #[serde(default)]
    pub time_path: Option<String>,
    /// How often messages come, s, for equipment; a device has its own.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3600)]
    pub interval_s: Option<u32>,
}

/// One value of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MqttValue)]
pub struct ValueMap {
    /// The quantity, with `_l1`, `_l2`, `_l3` for a phase; `{metric}` for the one in the topic.
    #[schema(example = "temperature")]
    pub metric: String,
    /// Where it is in the JSON of the payload, `/env/temp`; absent when the payload is the value.
    #[serde(default)]
    pub path: Option<String>,
    /// The unit after scale and offset; well-known quantities are converted to theirs.
    #[serde(default)]
    pub unit: Option<String>,
    /// Value = number x scale + offset.
    #[serde(default = "one")]
    pub scale: f64,
    /// Added after the scale.
    #[serde(default)]
    pub offset: f64,
}

const fn one() -> f64 {
    1.0
}

/// Who is meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who<'a> {
    Serial(&'a str),
    Named(&'a str),
    Device(DeviceId),
    Equipment(EquipmentId),
}

/// Finds who is meant; an error is a sentence.
pub(super) type Book<'a> = &'a (dyn Fn(Who<'_>) -> Outcome<Target, String> + Sync);

/// What a message was understood as.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Which mapping took it, from 0.
    pub mapping: usize,
    /// Whose readings they are.
    pub target: Target,
    /// The readings.
    pub parcel: Parcel,
}

/// A mapping with its topic understood.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pattern: Pattern,
    mapping: Mapping,
}

/// Checks mappings.
///
/// # Errors
/// Every refused field, below `mappings.`.
pub(super) fn ready(mappings: &[Mapping]) -> Result<Vec<Ready>> {
    let mut checks = Checks::default();
    let mut all = Vec::with_capacity(mappings.len());
    for (n, mapping) in mappings.iter().enumerate() {
        let at = |field: &str| format!("mappings.{n}.{field}");
        let pattern = match Pattern::parse(&mapping.topic) {
            Ok(pattern) => pattern,
            Err(sentence) => {
                checks.refuse(&at("topic"), sentence);
                continue;
            }
        };
        let told = [
            pattern.names("serial"),
            pattern.names("equipment"),
            mapping.device_id.is_some(),
            mapping.equipment_id.is_some(),
        ];
        let sentence = "Say once whose readings these are: {serial} or {equipment} in the topic, \
                        or a device or equipment.";
        let once = told.into_iter().filter(|told| *told).count() == 1;
        checks.require(once, &at("topic"), sentence);
        let interval = mapping.interval_s.is_none_or(|s| (1..=3_600).contains(&s));
        let sentence = "The interval is 1 to 3600 seconds.";
        checks.require(interval, &at("interval_s"), sentence);
        check_path(&mut checks, &at("time_path"), mapping.time_path.as_deref());
        let few = mapping.values.len() <= VALUES_MAX;
        checks.require(few, &at("values"), "A mapping has 32 values at most.");
        for (m, value) in mapping.values.iter().enumerate() {
            let at = |field: &str| at(&format!("values.{m}.{field}"));
            check_value(&mut checks, value, &pattern, &at);
        }
        all.push(Ready {
            pattern,
            mapping: mapping.clone(),
        });
    }
    checks.finish()?;
    Ok(all)
}

fn check_value(
    checks: &mut Checks,
    value: &ValueMap,
    pattern: &Pattern,
    at: &dyn Fn(&str) -> String,
) {
    if value.metric == "{metric}" {
        let sentence = "{metric} is not in the topic.";
        checks.require(pattern.names("metric"), &at("metric"), sentence);
    } else {
        match quantity(&value.metric, None) {
            Err(sentence) => checks.refuse(&at("metric"), sentence),
            Ok((metric, _)) => {
                if let Err(sentence) = convert(&metric, value.unit.as_deref()) {
                    checks.refuse(&at("unit"), sentence);
                }
            }
        }
    }
    check_path(checks, &at("path"), value.path.as_deref());
    let scale = value.scale.is_finite() && value.scale.abs() > 0.0;
    checks.require(scale, &at("scale"), "The scale is a number and not 0.");
    let sentence = "The offset is a number.";
    checks.require(value.offset.is_finite(), &at("offset"), sentence);
}

fn check_path(checks: &mut Checks, at: &str, path: Option<&str>) {
    let good = path.is_none_or(|path| path.starts_with('/') && path.len() <= 200);
    let sentence = "A path begins with a slash: /env/temp, or /0 for the first of a list.";
    checks.require(good, at, sentence);
}

/// The filters to subscribe to.
pub(super) fn filters(ready: &[Ready]) -> Vec<String> {
    let mut filters: Vec<String> = ready.iter().map(|r| r.pattern.filter()).collect();
    filters.sort();
    filters.dedup();
    filters
}

/// What a message means; the first mapping whose topic fits decides.
///
/// # Errors
/// Why it is not taken.
pub(super) fn translate(
    all: &[Ready],
    topic: &str,
    payload: &[u8],
    book: Book<'_>,
) -> Outcome<Taken, Refusal> {
    let fits = |(n, ready)| Some((n, ready, Ready::captures(ready, topic)?));
    let found = all.iter().enumerate().find_map(fits);
    let Some((n, ready, captures)) = found else {
        return Err(Refusal::at("topic", "No mapping fits this topic."));
    };
    let target = ready.target(&captures, book)?;
    if payload.len() > PAYLOAD_MAX {
        return Err(Refusal::at("payload", "The payload is larger than 64 KiB."));
    }
    let mapping = &ready.mapping;
    let json = json_of(payload)?;
    let parcel = if mapping.values.is_empty() {
        parcel(&json)?
    } else {
        let readings = values(mapping, &captures, &json)?;
        let at = time_of(mapping, &json)?;
        Parcel {
            firmware: None,
            readings: vec![Ok(Parsed { at, readings })],
        }
    };
    Ok(Taken {
        mapping: n,
        target,
        parcel,
    })
}

impl Ready {
    fn captures<'t>(&self, topic: &'t str) -> Option<Captures<'t>> {
        self.pattern.captures(topic)
    }

    fn target(&self, captures: &Captures<'_>, book: Book<'_>) -> Outcome<Target, Refusal> {
        let mapping = &self.mapping;
        let captured = |name| captured(captures, name);
        let (who, field) = if let Some(serial) = captured("serial") {
            (Who::Serial(serial), "topic")
        } else if let Some(name) = captured("equipment") {
            (Who::Named(name), "topic")
        } else if let Some(device) = mapping.device_id {
            (Who::Device(device), "device_id")
        } else if let Some(equipment) = mapping.equipment_id {
            (Who::Equipment(equipment), "equipment_id")
        } else {
            return Err(Refusal::at(
                "topic",
                "Nobody says whose readings these are.",
            ));
        };
        let mut target = book(who).map_err(|sentence| Refusal::at(field, sentence))?;
        if target.device.is_none() {
            let seconds = mapping.interval_s.unwrap_or(INTERVAL_DEFAULT_S);
            target.interval_ms = seconds * 1_000;
        }
        Ok(target)
    }
}

fn captured<'t>(captures: &Captures<'t>, name: &str) -> Option<&'t str> {
    captures
        .iter()
        .find(|(own, _)| *own == name)
        .map(|(_, text)| *text)
}

/// A payload as JSON; plain words of switches are states, anything else is text.
fn json_of(payload: &[u8]) -> Outcome<Value, Refusal> {
    let text = std::str::from_utf8(payload)
        .map_err(|_| Refusal::at("payload", "The payload is no text."))?
        .trim();
    match text.to_ascii_lowercase().as_str() {
        "on" | "open" | "true" => Ok(Value::Bool(true)),
        "off" | "closed" | "false" => Ok(Value::Bool(false)),
        "" => Err(Refusal::at("payload", "The payload is empty.")),
        _ => serde_json::from_str(text).map_err(|cause| {
            let reason = format!("The payload is neither JSON nor a number: {cause}.");
            Refusal::at("payload", reason)
        }),
    }
}

fn values(
    mapping: &Mapping,
    captures: &Captures<'_>,
    json: &Value,
) -> Outcome<Vec<Reading>, Refusal> {
    let mut readings: Vec<Reading> = Vec::with_capacity(mapping.values.len());
    for value in &mapping.values {
        let path = value.path.as_deref().unwrap_or_default();
        let fault = |reason: String| Refusal::at(format!("payload{path}"), reason);
        // What a message leaves out it does not tell: sensors send what changed.
        let Some(found) = json.pointer(path) else {
            continue;
        };
        let number = match found {
            Value::Array(_) | Value::Object(_) => {
                let reason = "There is no number but a list or an object. Name the path of the \
                              number, such as /temp.";
                Err(reason.to_owned())
            }
            found => state_or_number(found),
        };
        let number = number.map_err(fault)?;
        let name = match value.metric.as_str() {
            "{metric}" => captured(captures, "metric").unwrap_or_default(),
            name => name,
        };
        let (metric, phase) = quantity(name, None).map_err(|reason| {
            let reason = format!("{name} is no name of a quantity. {reason}");
            Refusal::at("topic", reason)
        })?;
        let same = |r: &Reading| r.metric == metric && r.phase == phase;
        if readings.iter().any(same) {
            return Err(fault(format!("{metric} is mapped twice.")));
        }
        let scaled = number.map(|number| number * value.scale + value.offset);
        let unit = value.unit.as_deref();
        readings.push(reading(metric, phase, unit, scaled).map_err(fault)?);
    }
    if readings.is_empty() {
        let paths: Vec<&str> = mapping
            .values
            .iter()
            .filter_map(|v| v.path.as_deref())
            .collect();
        let reason = format!("The payload has none of {}.", paths.join(", "));
        return Err(Refusal::at("payload", reason));
    }
    Ok(readings)
}

fn time_of(mapping: &Mapping, json: &Value) -> Outcome<Option<Timestamp>, Refusal> {
    let Some(path) = &mapping.time_path else {
        return Ok(None);
    };
    let fault = |reason: String| Refusal::at(format!("payload{path}"), reason);
    let Some(found) = json.pointer(path) else {
        let reason = "There is no time here. Correct the path, or take the time of the arrival.";
        return Err(fault(reason.to_owned()));
    };
    let at = time(found).map_err(fault)?;
    at.map_or_else(
        || Err(fault("The time is null.".to_owned())),
        |at| Ok(Some(at)),
    )
}

/// The metric of a value as it is kept, for the page.
pub(super) fn metric_name(metric: &Metric, prefix: Option<&str>) -> String {
    prefix.map_or_else(|| metric.to_string(), |prefix| format!("{prefix}_{metric}"))
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
