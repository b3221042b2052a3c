//! *pure* — the data file of a device profile: read, checked, and proved by its own examples.

use super::profile::{Probe, Profile};
use super::units;
use crate::base::{Error, Metric, Result};
use crate::modbus::plan::{Hole, WORDS_PER_READ_MAX};
use crate::modbus::{DataType, Decoding, Function, Limits, Register, WordOrder};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The data file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    brand: String,
    model: String,
    model_pattern: String,
    revision: u32,
    source: String,
    limits: LimitsEntry,
    defaults: Defaults,
    probe: ProbeEntry,
    registers: BTreeMap<String, RegisterEntry>,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsEntry {
    words_per_read_max: u16,
    gap_words_max: u16,
    #[serde(default)]
    holes: Vec<HoleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoleEntry {
    function: Function,
    from: u16,
    to: u16,
}

/// What holds for a register that does not say otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    function: Function,
    #[serde(rename = "type")]
    data_type: DataType,
    word_order: WordOrder,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeEntry {
    register: String,
    min: f64,
    max: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterEntry {
    address: u16,
    unit: String,
    function: Option<Function>,
    #[serde(rename = "type")]
    data_type: Option<DataType>,
    word_order: Option<WordOrder>,
    #[serde(default = "one")]
    scale: f64,
    #[serde(default)]
    decode: Decoding,
    /// Hexadecimal bits, most significant word first.
    #[serde(default)]
    not_available: Vec<String>,
}

fn one() -> f64 {
    1.0
}

/// Words as they come from the wire and the value that they stand for; no value means "none".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    register: String,
    words: Vec<u16>,
    value: Option<f64>,
}

impl Profile {
    /// Reads and checks a data file; `file` is its name for the error sentence.
    ///
    /// # Errors
    /// The first rule that the file breaks.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let raw: File = toml::from_str(text).map_err(|cause| {
            let sentence = format!("The device profile {file} cannot be read.");
            Error::internal(sentence).because(cause)
        })?;
        let limits = limits(file, &raw.limits)?;
        let mut by_name = BTreeMap::new();
        for (name, entry) in &raw.registers {
            let register = register(file, name, entry, &raw.defaults, &limits)?;
            by_name.insert(name.as_str(), register);
        }
        prove(file, &by_name, &raw.vectors)?;
        let probe = by_name
            .get(raw.probe.register.as_str())
            .filter(|_| raw.probe.min < raw.probe.max)
            .map(|register| Probe {
                metric: register.metric.clone(),
                phase: register.phase,
                min: raw.probe.min,
                max: raw.probe.max,
            })
            .ok_or_else(|| wrong(file, "the probe names no register or no range"))?;
        let mut registers: Vec<_> = by_name.into_values().collect();
        registers.sort_by_key(|r| (r.function, r.address));
        let texts = [&raw.id, &raw.brand, &raw.model, &raw.source];
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(wrong(file, "id, brand, model and source must not be empty"));
        }
        Ok(Self {
            id: raw.id,
            brand: raw.brand,
            model: raw.model,
            model_pattern: raw.model_pattern,
            revision: raw.revision,
            source: raw.source,
            limits,
            probe,
            registers,
        })
    }
}

pub(super) fn wrong(file: &str, what: &str) -> Error {
    Error::internal(format!("The device profile {file} is wrong: {what}."))
}

fn limits(file: &str, entry: &LimitsEntry) -> Result<Limits> {
    // 4: the longest value must fit into one read.
    if !(4..=WORDS_PER_READ_MAX).contains(&entry.words_per_read_max) {
        return Err(wrong(file, "words_per_read_max must be 4 to 125"));
    }
    let hole = |hole: &HoleEntry| Hole {
        function: hole.function,
        from: hole.from,
        to: hole.to,
    };
    Ok(Limits {
        words_per_read_max: entry.words_per_read_max,
        gap_words_max: entry.gap_words_max,
        holes: entry.holes.iter().map(hole).collect(),
    })
}

fn register(
    file: &str,
    name: &str,
    entry: &RegisterEntry,
    defaults: &Defaults,
    limits: &Limits,
) -> Result<Register> {
    let bad = |what: &str| wrong(file, &format!("register {name}: {what}"));
    let (metric, phase) = Metric::with_phase(name).map_err(|error| bad(&error.sentence))?;
    let (unit, factor) =
        units::convert(&metric, Some(&entry.unit)).map_err(|sentence| bad(&sentence))?;
    if !entry.scale.is_normal() {
        return Err(bad("the scale must not be zero"));
    }
    let mut not_available = Vec::new();
    for pattern in &entry.not_available {
        let bits = u64::from_str_radix(pattern, 16).map_err(|_| bad("not_available is hex"))?;
        not_available.push(bits);
    }
    let register = Register {
        metric,
        phase,
        unit,
        function: entry.function.unwrap_or(defaults.function),
        address: entry.address,
        data_type: entry.data_type.unwrap_or(defaults.data_type),
        scale: entry.scale * factor,
        word_order: entry.word_order.unwrap_or(defaults.word_order),
        decoding: entry.decode,
        not_available,
    };
    let start = u32::from(register.address);
    let in_hole = |hole: &Hole| hole.cuts(register.function, start, register.end());
    if register.end() > 65_536 {
        return Err(bad("it reaches beyond address 65535"));
    }
    if limits.holes.iter().any(in_hole) {
        return Err(bad("it lies in a forbidden hole"));
    }
    Ok(register)
}

/// Decodes the file's own examples: a profile that cannot read them is not loaded.
fn prove(file: &str, registers: &BTreeMap<&str, Register>, vectors: &[Vector]) -> Result<()> {
    for vector in vectors {
        let name = vector.register.as_str();
        let register = registers.get(name).ok_or_else(|| {
            wrong(
                file,
                &format!("a vector names {name}, which is no register"),
            )
        })?;
        let decoded = register.decode(&vector.words);
        let same = match (decoded, vector.value) {
            // A relative billionth: both sides are short decimals.
            (Some(got), Some(meant)) => (got - meant).abs() <= 1e-9 * meant.abs().max(1.0),
            (got, meant) => got == meant,
        };
        if !same {
            let what = format!("{name} decodes to {decoded:?} and not {:?}", vector.value);
            return Err(wrong(file, &what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        id = "x"
        brand = "X"
        model = "x"
        model_pattern = "x*"
        revision = 1
        source = "a test"
        vectors = []
        limits = { words_per_read_max = 50, gap_words_max = 4 }
        defaults = { function = "input", type = "float32", word_order = "big" }
        probe = { register = "frequency", min = 45, max = 65 }
        [registers]
        frequency = { address = 70, unit = "Hz" }
    "#;

    #[test]
    fn a_file_that_breaks_a_rule_is_not_loaded() {
        Profile::parse("x.toml", SMALL).unwrap();
        let breaks = [
            ("revision = 1", "revision = 1\ncolour = 2", "cannot be read"),
            ("address = 70", "address = 65535", "beyond address 65535"),
            ("unit = \"Hz\"", "unit = \"V\"", "given in Hz"),
            ("= 50", "= 126", "4 to 125"),
            ("\"frequency\"", "\"power\"", "probe names no register"),
            (
                "vectors = []",
                "vectors = [{ register = \"frequency\", words = [0, 0], value = 50.0 }]",
                "decodes to Some(0.0)",
            ),
            (
                "gap_words_max = 4",
                "gap_words_max = 4, holes = [{ function = \"input\", from = 71, to = 80 }]",
                "forbidden hole",
            ),
            (
                "[registers]",
                "[registers]\nfrequency = { address = 2, unit = \"Hz\" }",
                "cannot be read",
            ),
        ];
        for (old, new, why) in breaks {
            let text = SMALL.replacen(old, new, 1);
            assert_ne!(text, SMALL);
            let error = Profile::parse("x.toml", &text).unwrap_err().to_string();
            assert!(error.contains(why), "{new}: {error}");
        }
    }
}
