//! *pure* — one value in a device: where it sits, and how its words become a number.

use super::{Bits, Function};
use crate::base::{Metric, Phase, Unit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the words of a value are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// 16 bit without sign, one word.
    Uint16,
    /// 16 bit with sign, one word.
    Int16,
    /// 32 bit without sign, two words.
    Uint32,
    /// 32 bit with sign, two words.
    Int32,
    /// 64 bit without sign, four words.
    Uint64,
    /// 64 bit with sign, four words.
    Int64,
    /// IEEE 754 single, two words.
    Float32,
    /// IEEE 754 double, four words.
    Float64,
    /// A state: 0 or 1. A coil, a discrete input, or a word of which anything but zero is 1.
    Bool,
}

impl DataType {
    /// How many 16-bit words a value takes.
    #[must_use]
    pub const fn words(self) -> u16 {
        match self {
            Self::Uint16 | Self::Int16 | Self::Bool => 1,
            Self::Uint32 | Self::Int32 | Self::Float32 => 2,
            Self::Uint64 | Self::Int64 | Self::Float64 => 4,
        }
    }

    /// Whether its values are whole numbers, of which single bits can be meant.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        !matches!(self, Self::Float32 | Self::Float64)
    }

    /// The bits as a number, before any scale.
    fn number(self, bits: u64) -> f64 {
        let [a, b, c, d, low @ ..] = bits.to_be_bytes();
        let [e, f, g, h] = low;
        match self {
            Self::Uint16 => f64::from(u16::from_be_bytes([g, h])),
            Self::Int16 => f64::from(i16::from_be_bytes([g, h])),
            Self::Uint32 => f64::from(u32::from_be_bytes(low)),
            Self::Int32 => f64::from(i32::from_be_bytes(low)),
            Self::Uint64 => bits as f64,
            Self::Int64 => i64::from_be_bytes([a, b, c, d, e, f, g, h]) as f64,
            Self::Float32 => shortest(f32::from_bits(u32::from_be_bytes(low))),
            Self::Float64 => f64::from_bits(bits),
            Self::Bool => f64::from(u8::from(bits != 0)),
        }
    }

    /// The bits that stand for a number: rounded to what the type can hold, and stopped at its
    /// ends. A number that is none becomes NaN or 0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "casts from f64 saturate, which is what a register does"
    )]
    fn bits(self, number: f64) -> u64 {
        let whole = number.round();
        match self {
            Self::Uint16 => u64::from(whole as u16),
            Self::Int16 => u64::from((whole as i16).cast_unsigned()),
            Self::Uint32 => u64::from(whole as u32),
            Self::Int32 => u64::from((whole as i32).cast_unsigned()),
            Self::Uint64 => whole as u64,
            Self::Int64 => (whole as i64).cast_unsigned(),
            Self::Float32 => u64::from((number as f32).to_bits()),
            Self::Float64 => number.to_bits(),
            Self::Bool => u64::from(number >= 0.5),
        }
    }
}

/// The double that prints like the single: a meter that shows 230.1 V means 230.1, and not the
/// 230.10000610351562 that a plain widening gives. Both lie in the same rounding interval.
fn shortest(single: f32) -> f64 {
    if single.abs().to_bits() == f32::MAX.to_bits() {
        // Some meters say "no value" with the largest single.
        f64::NAN
    } else if single.is_finite() {
        single.to_string().parse().unwrap_or(f64::from(single))
    } else {
        f64::from(single)
    }
}

/// In which order the words of one value are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WordOrder {
    /// Most significant word first: the standard.
    #[default]
    Big,
    /// Least significant word first.
    Little,
}

/// What to do with the number after its scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decoding {
    /// Take it as it is.
    #[default]
    Plain,
    /// Schneider's four-quadrant power factor: beyond 1 the load is leading, and the distance to
    /// 2 is the factor (1.05 means 0.95 leading; -1.05 means -0.95 leading).
    FourQuadrant,
}

impl Decoding {
    fn apply(self, number: f64) -> f64 {
        match self {
            Self::FourQuadrant if number > 1.0 => 2.0 - number,
            Self::FourQuadrant if number < -1.0 => -2.0 - number,
            _ => number,
        }
    }
}

/// What only some registers have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    /// Value = number x scale + offset, in the unit of the value.
    pub offset: f64,
    /// Address of the word (16 bit with sign) that holds the power of ten by which the number is
    /// multiplied. It is read in the same request as the value, because a device may change both.
    pub scale_register: Option<u16>,
    /// The bits that are meant, when not all of them are.
    pub bits: Option<Bits>,
    /// Least and largest value to believe; outside it the reading is bad.
    pub range: Option<(f64, f64)>,
    /// The counter goes back to zero when it reaches this value.
    pub rolls_over_at: Option<f64>,
    /// Somebody can set the counter back to zero at the device.
    pub resettable: bool,
    /// The device wants it asked for by itself.
    pub alone: bool,
}

/// One value in a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Register {
    /// The quantity.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
    /// The unit of the value after its scale.
    pub unit: Unit,
    /// The table.
    pub function: Function,
    /// Zero-based address on the wire.
    pub address: u16,
    /// How the words are read.
    pub data_type: DataType,
    /// Value = number x scale.
    pub scale: f64,
    /// The order of the words.
    pub word_order: WordOrder,
    /// What follows the scale.
    pub decoding: Decoding,
    /// Bits (most significant word first) by which the device says that it has no value. They are
    /// compared before any scale, so that a true zero is never taken for one.
    pub not_available: Vec<u64>,
    /// What only some registers have.
    pub extras: Extras,
}

impl Register {
    /// The name under which a person enters it: `voltage_l1`, `power`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.phase.line() {
            Some(line) => format!("{}_{}", self.metric, line.to_ascii_lowercase()),
            None => self.metric.to_string(),
        }
    }

    /// Whether its value is a state, 0 or 1, and not a quantity.
    #[must_use]
    pub fn is_state(&self) -> bool {
        self.data_type == DataType::Bool || self.extras.bits.is_some_and(|bits| bits.count == 1)
    }

    /// First address after the value; up to 65536.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.address as u32 + self.data_type.words() as u32
    }

    /// First address, and first address after it, of all words that the value needs: its own and
    /// that of its power of ten.
    #[must_use]
    pub fn span(&self) -> (u32, u32) {
        let (start, end) = (u32::from(self.address), self.end());
        match self.extras.scale_register.map(u32::from) {
            Some(scale) => (start.min(scale), end.max(scale + 1)),
            None => (start, end),
        }
    }

    /// The value behind these words; `None` when the device has none, when it is not a number,
    /// when there are not exactly as many words as the type takes, or when the power of ten is in
    /// a register of its own.
    #[must_use]
    pub fn decode(&self, words: &[u16]) -> Option<f64> {
        self.decode_with(words, None)
    }

    /// As [`Register::decode`], with the word of the scale register, if there is one.
    #[must_use]
    pub fn decode_with(&self, words: &[u16], scale_word: Option<u16>) -> Option<f64> {
        if words.len() != usize::from(self.data_type.words()) {
            return None;
        }
        let bits = assemble(words, self.word_order);
        if self.not_available.contains(&bits) {
            return None;
        }
        let scale = match self.extras.scale_register {
            Some(_) => self.scale * power_of_ten(scale_word?)?,
            None => self.scale,
        };
        let number = match self.extras.bits {
            Some(some) => some.of(bits) as f64,
            None => self.data_type.number(bits),
        };
        let value = self.decoding.apply(scaled(number, scale)) + self.extras.offset;
        // Adding zero turns the -0 of an idle float register into 0.
        value.is_finite().then_some(value + 0.0)
    }

    /// Whether a value lies where values of this register can lie.
    #[must_use]
    pub fn believes(&self, value: f64) -> bool {
        let within = |(min, max): (f64, f64)| (min..=max).contains(&value);
        self.extras.range.is_none_or(within)
    }

    /// The words by which a device says `value`: what the simulator puts on the wire. Of a register
    /// with a power of ten of its own they are those for the power zero.
    #[must_use]
    pub fn encode(&self, value: f64) -> Vec<u16> {
        let number = (value - self.extras.offset) / self.scale;
        let bits = match self.extras.bits {
            Some(some) => some.put(DataType::Uint64.bits(number)),
            None => self.data_type.bits(number),
        };
        let mut words: Vec<u16> = bits
            .to_be_bytes()
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .skip(4 - usize::from(self.data_type.words()))
            .collect();
        if self.word_order == WordOrder::Little {
            words.reverse();
        }
        words
    }
}

/// The largest power of ten that SunSpec's scale factors may have, either way.
const POWER_MAX: i16 = 10;

/// What a scale register says; `None` when it says nothing, or nonsense.
fn power_of_ten(word: u16) -> Option<f64> {
    let power = word.cast_signed();
    let sane = (-POWER_MAX..=POWER_MAX).contains(&power);
    sane.then(|| 10_f64.powi(i32::from(power)))
}

/// At most four words as one number, the most significant word first.
fn assemble(words: &[u16], order: WordOrder) -> u64 {
    let join = |bits: u64, word: &u16| bits << 16 | u64::from(*word);
    match order {
        WordOrder::Big => words.iter().fold(0, join),
        WordOrder::Little => words.iter().rev().fold(0, join),
    }
}

/// How near to a whole number the reciprocal of a scale must be to divide by it.
const RECIPROCAL_TOLERANCE: f64 = 1e-12;

/// `number` times `scale`, without avoidable dirt: 2301 x 0.1 is 230.10000000000002, but 2301 / 10
/// is 230.1, so a scale that is one n-th divides.
fn scaled(number: f64, scale: f64) -> f64 {
    let reciprocal = scale.recip();
    let whole = reciprocal.round();
    if whole.abs() >= 2.0 && (reciprocal - whole).abs() <= RECIPROCAL_TOLERANCE * whole.abs() {
        number / whole
    } else {
        number * scale
    }
}

#[cfg(test)]
#[path = "register_tests.rs"]
mod tests;
