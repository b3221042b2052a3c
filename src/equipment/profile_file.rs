//! *pure* — a device profile as people write it: TOML in a file, JSON over the API.

use crate::base::{Error, FieldError, Result};
use crate::modbus::{DataType, Decoding, Function, WordOrder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The largest file; the largest of ours has a twentieth of it.
pub const PROFILE_BYTES_MAX: usize = 256 * 1024;

/// Facts about one kind of meter. Addresses are zero-based, as they go over the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileFile)]
pub struct ProfileFile {
    /// The name in requests: a-z, 0-9 and `-`.
    #[schema(example = "acme-m1")]
    pub id: String,
    /// Who makes it.
    pub brand: String,
    /// What it is called.
    pub model: String,
    /// Which model names it fits; `*` stands for anything.
    #[serde(default)]
    pub model_pattern: String,
    /// Grows with each change.
    #[serde(default = "first_revision")]
    #[schema(default = 1, minimum = 1)]
    pub revision: u32,
    /// Where the addresses come from: document, edition, page.
    pub source: String,
    /// When and on what it was checked on a device; leave it out until it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// SunSpec models that the profile describes; addresses then count from the model's header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sunspec_models: Vec<u16>,
    /// What the device puts up with.
    #[serde(default)]
    pub limits: LimitsEntry,
    /// What holds for a register that does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// The register that tells whether the device is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeEntry>,
    /// The values by metric; `_l1`, `_l2`, `_l3` at the end name the phase.
    pub registers: BTreeMap<String, RegisterEntry>,
    /// Words as they come from the wire and the values that they stand for; of a coil or discrete
    /// input a word of 0 or 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vectors: Vec<Vector>,
}

const fn first_revision() -> u32 {
    1
}

/// What a device puts up with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ProfileLimits)]
pub struct LimitsEntry {
    /// The most words in one read.
    #[schema(minimum = 4, maximum = 125, default = 125)]
    pub words_per_read_max: u16,
    /// The most words between two registers that are read along.
    #[schema(minimum = 0, maximum = 125, default = 0)]
    pub gap_words_max: u16,
    /// Addresses that no read may touch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<HoleEntry>,
    /// The device answers one value at a time.
    #[serde(skip_serializing_if = "is_false")]
    pub one_request_per_value: bool,
    /// The tables that the device has; empty when that is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Function>,
    /// Silence between an answer and the next question, ms.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(minimum = 0, maximum = 5000, default = 0)]
    pub gap_ms: u16,
    /// How long to leave it alone after connecting, ms.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(minimum = 0, maximum = 30_000, default = 0)]
    pub connect_delay_ms: u16,
    /// How long it needs for an answer at least, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 50, maximum = 30_000)]
    pub timeout_ms: Option<u16>,
    /// How often it is asked again at once when it is busy.
    #[serde(skip_serializing_if = "is_none")]
    #[schema(minimum = 0, maximum = 5, default = 0)]
    pub busy_retries: u8,
}

impl Default for LimitsEntry {
    fn default() -> Self {
        Self {
            words_per_read_max: crate::modbus::plan::WORDS_PER_READ_MAX,
            gap_words_max: 0,
            holes: Vec::new(),
            one_request_per_value: false,
            functions: Vec::new(),
            gap_ms: 0,
            connect_delay_ms: 0,
            timeout_ms: None,
            busy_retries: 0,
        }
    }
}

/// Addresses that no read may touch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileHole)]
pub struct HoleEntry {
    /// The table.
    pub function: Function,
    /// First address.
    pub from: u16,
    /// Last address.
    pub to: u16,
}

/// What holds for a register that does not say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = ProfileDefaults)]
pub struct Defaults {
    /// The table.
    pub function: Function,
    /// How the words are read.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub data_type: Option<DataType>,
    /// The order of the words of one value.
    pub word_order: WordOrder,
}

/// A register whose value is known beforehand, roughly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileProbe)]
pub struct ProbeEntry {
    /// One of the registers.
    pub register: String,
    /// Least plausible value, in the unit in which the metric is kept.
    pub min: f64,
    /// Largest plausible value.
    pub max: f64,
}

/// One value in the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileRegister)]
pub struct RegisterEntry {
    /// Zero-based address on the wire.
    #[schema(minimum = 0, maximum = 65535)]
    pub address: i64,
    /// The unit after scale and offset, `""` for none; when it is left out, the one in which the
    /// metric is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "W")]
    pub unit: Option<String>,
    /// The table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<Function>,
    /// How the words are read. A coil or discrete input is a `bool`; a single bit of a register is
    /// one of a `uint16` unless this says otherwise.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<DataType>,
    /// The order of the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word_order: Option<WordOrder>,
    /// Value = number x scale + offset.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schema(default = 1.0)]
    pub scale: f64,
    /// Value = number x scale + offset.
    #[serde(default, skip_serializing_if = "is_zero_float")]
    #[schema(default = 0.0)]
    pub offset: f64,
    /// Address of the word that holds the power of ten by which the number is multiplied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 65535)]
    pub scale_register: Option<i64>,
    /// The device counts the other way round than we do: import is positive here. Of a state: 0
    /// means that it is so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reversed: bool,
    /// The one bit that is meant, 0 for the lowest: the value is 0 or 1, unless `bits` says that
    /// there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 63)]
    pub bit: Option<u8>,
    /// How many bits are meant from `bit` upwards: the value is the number that they make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 64)]
    pub bits: Option<u8>,
    /// What follows the scale.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub decode: Decoding,
    /// Bits that mean "no value": hexadecimal, most significant word first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_available: Vec<String>,
    /// Least value to believe, in the unit above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value to believe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The counter goes back to zero when it reaches this value, in the unit above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolls_over_at: Option<f64>,
    /// Somebody can set the counter back to zero at the device.
    #[serde(default, skip_serializing_if = "is_false")]
    pub resettable: bool,
    /// The device wants it asked for by itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub alone: bool,
}

/// Words as they come from the wire and the value that they stand for; no value means "none".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileVector)]
pub struct Vector {
    /// One of the registers.
    pub register: String,
    /// The words in the order of the wire.
    pub words: Vec<u16>,
    /// The word of its scale register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_word: Option<u16>,
    /// The value in the unit in which the metric is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

const fn one() -> f64 {
    1.0
}

// Serde hands these a reference.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
const fn is_none(number: &u8) -> bool {
    *number == 0
}

fn is_one(number: &f64) -> bool {
    number.to_bits() == 1.0_f64.to_bits()
}

fn is_zero_float(number: &f64) -> bool {
    number.to_bits() == 0
}

fn is_plain(decoding: &Decoding) -> bool {
    *decoding == Decoding::Plain
}

impl ProfileFile {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// The place, by line and column, at which it cannot be read.
    pub fn from_toml(text: &str) -> Result<Self> {
        if text.len() > PROFILE_BYTES_MAX {
            return Err(Error::invalid("file", "A profile has at most 256 KiB."));
        }
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = place(text, at);
            let message = format!("Line {line}, column {column}: {}.", error.message());
            Error::invalid("file", message)
                .with_details(serde_json::json!({ "line": line, "column": column }))
        })
    }

    /// The TOML file.
    ///
    /// # Errors
    /// Never in practice: a profile is made of plain values.
    pub fn to_toml(&self) -> Result<String> {
        let text = toml::to_string(self)
            .map_err(|cause| Error::internal("The profile cannot be written.").because(cause))?;
        Ok(format!(
            "# Facts about one kind of meter. Addresses are zero-based, as they go over the wire.\n\n{text}"
        ))
    }
}

/// Line and column of a byte of the text, from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default();
    (line, column.chars().count() + 1)
}

/// The line of the text in which the field of a path such as `registers.power.unit` is written, or
/// that of the nearest thing around it.
#[must_use]
pub fn line_of(text: &str, field: &FieldError) -> Option<usize> {
    use toml::de::{DeTable, DeValue};
    let table = DeTable::parse(text).ok()?;
    let mut at = None;
    let mut here = table.get_ref();
    for part in field.path.split('.') {
        let Some((key, value)) = here.get_key_value(part) else {
            break;
        };
        at = Some(key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => here = inner,
            _ => break,
        }
    }
    at.map(|at| place(text, at).0)
}
