//! *pure* — numbers as bytes: seven bits a byte, low bits first; signed ones zigzag.

use crate::base::{Error, Result};

/// What every reader of this module says of bytes that cannot be right.
pub(in crate::tsdb) fn damaged() -> Error {
    Error::internal("A block of sealed readings is damaged on disk; it is left out.")
}

/// Maps small numbers of either sign to small unsigned ones.
pub(in crate::tsdb) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The inverse of [`zigzag`].
pub(in crate::tsdb) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Appends an unsigned number.
pub(in crate::tsdb) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

/// Appends a signed number.
pub(in crate::tsdb) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, zigzag(value));
}

/// Appends a length or a count.
pub(in crate::tsdb) fn put_len(out: &mut Vec<u8>, value: usize) {
    put(out, value as u64);
}

const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// Bytes that are read from front to back; running off the end is an error, never a panic.
#[derive(Clone, Copy, Debug)]
pub(in crate::tsdb) struct Input<'a> {
    pub(in crate::tsdb) rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(in crate::tsdb) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(in crate::tsdb) fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.rest.split_first().ok_or_else(damaged)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(in crate::tsdb) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(in crate::tsdb) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(damaged)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(in crate::tsdb) fn unsigned(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return Err(damaged());
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged())
    }

    pub(in crate::tsdb) fn signed(&mut self) -> Result<i64> {
        self.unsigned().map(unzigzag)
    }

    /// A 32-bit number.
    pub(in crate::tsdb) fn word(&mut self) -> Result<u32> {
        u32::try_from(self.unsigned()?).map_err(|_| damaged())
    }

    /// A count that may not be above `most`.
    pub(in crate::tsdb) fn count(&mut self, most: usize) -> Result<usize> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| damaged())?;
        if count > most {
            return Err(damaged());
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: i64) {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            let mut input = Input::new(&out);
            prop_assert_eq!(input.signed().unwrap(), value);
            prop_assert!(input.rest.is_empty());
        }
    }

    #[test]
    fn a_number_without_end_is_damaged() {
        assert!(Input::new(&[0xFF; 12]).unsigned().is_err());
        assert!(Input::new(&[0x80]).unsigned().is_err());
        assert!(Input::new(&[5]).count(4).is_err());
    }
}
