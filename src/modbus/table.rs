//! *pure* — the four tables of a device, and the bits of a number.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which table of the device a register is in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Holding registers, function 3.
    #[default]
    Holding,
    /// Input registers, function 4.
    Input,
    /// Coils, function 1: outputs of a single bit.
    Coil,
    /// Discrete inputs, function 2: inputs of a single bit.
    Discrete,
}

impl Function {
    /// All four tables.
    pub const ALL: [Self; 4] = [Self::Holding, Self::Input, Self::Coil, Self::Discrete];

    /// The Modbus function code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Holding => 3,
            Self::Input => 4,
            Self::Coil => 1,
            Self::Discrete => 2,
        }
    }

    /// The table that a function code reads; `None` for a code that reads none of them.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.code() == code)
    }

    /// Whether each address of the table is a single bit and not a word of 16.
    #[must_use]
    pub const fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::Discrete)
    }

    /// The most addresses that one read may ask for (Modbus application protocol 1.1b3, sections
    /// 6.1 to 6.4).
    #[must_use]
    pub const fn count_max(self) -> u16 {
        match self {
            Self::Holding | Self::Input => 125,
            Self::Coil | Self::Discrete => 2_000,
        }
    }

    /// How many bytes of data answer a read of `count` addresses: eight bits a byte, the last one
    /// filled up with zeros, or two bytes a word.
    #[must_use]
    pub const fn answer_bytes(self, count: u16) -> usize {
        match self {
            Self::Holding | Self::Input => count as usize * 2,
            Self::Coil | Self::Discrete => (count as usize).div_ceil(8),
        }
    }

    /// Its name in files and in sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holding => "holding",
            Self::Input => "input",
            Self::Coil => "coil",
            Self::Discrete => "discrete",
        }
    }
}

/// Some bits of a whole number, as a number of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The lowest of them, 0 for the lowest of the number.
    pub from: u8,
    /// How many, 1 to 64.
    pub count: u8,
}

impl Bits {
    /// What they say.
    #[must_use]
    pub fn of(self, bits: u64) -> u64 {
        bits.checked_shr(u32::from(self.from)).unwrap_or(0) & self.mask()
    }

    /// The number in which they say this, and all others are zero.
    #[must_use]
    pub fn put(self, said: u64) -> u64 {
        let said = said & self.mask();
        said.checked_shl(u32::from(self.from)).unwrap_or(0)
    }

    fn mask(self) -> u64 {
        1_u64
            .checked_shl(u32::from(self.count))
            .unwrap_or(0)
            .wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_answers_in_words_or_in_bits() {
        let codes = Function::ALL.map(Function::code);
        assert_eq!(codes, [3, 4, 1, 2]);
        assert_eq!(codes.map(Function::of_code), Function::ALL.map(Some));
        assert_eq!(Function::of_code(5), None);
        assert_eq!(Function::Input.answer_bytes(125), 250);
        let bytes = [1, 8, 9, 2_000].map(|count| Function::Coil.answer_bytes(count));
        assert_eq!(bytes, [1, 1, 2, 250]);
    }

    #[test]
    fn some_bits_are_a_number_of_their_own() {
        let some = |from, count| Bits { from, count };
        assert_eq!(some(4, 1).of(0b1_0000), 1);
        assert_eq!(some(4, 3).of(0b0110_1111), 0b110);
        assert_eq!(some(0, 64).of(u64::MAX), u64::MAX);
        assert_eq!(some(63, 1).of(1 << 63), 1);
        assert_eq!(some(4, 3).put(0b1_0101), 0b101_0000);
        assert_eq!(some(8, 2).of(some(8, 2).put(3)), 3);
    }
}
