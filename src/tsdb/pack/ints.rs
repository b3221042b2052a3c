//! *pure* — a list of integers in few bytes. The reader knows how many there are.

use super::bytes::{Input, damaged, put_len, put_signed};
use crate::base::Result;

/// All the same: one number.
const SAME: u8 = 0;
/// Each by itself, for a handful.
const SINGLE: u8 = 1;
/// By the library.
const PCO: u8 = 2;
/// Below this many the header of the library costs more than it saves.
const PCO_FROM: usize = 24;

/// Writes the numbers, in the form that is shortest for them.
pub(super) fn put_ints(out: &mut Vec<u8>, ints: &[i64]) {
    let first = ints.first().copied().unwrap_or_default();
    if ints.iter().all(|int| *int == first) {
        out.push(SAME);
        put_signed(out, first);
        return;
    }
    let mut single = vec![SINGLE];
    for int in ints {
        put_signed(&mut single, *int);
    }
    let config = pco::ChunkConfig::default();
    match pco::standalone::simple_compress(ints, &config) {
        Ok(packed) if ints.len() >= PCO_FROM && packed.len() + 3 < single.len() => {
            out.push(PCO);
            put_len(out, packed.len());
            out.extend(packed);
        }
        _ => out.extend(single),
    }
}

/// Reads `count` numbers.
pub(super) fn read_ints(input: &mut Input<'_>, count: usize, ints: &mut Vec<i64>) -> Result<()> {
    ints.clear();
    match input.byte()? {
        SAME => ints.resize(count, input.signed()?),
        SINGLE => {
            for _ in 0..count {
                ints.push(input.signed()?);
            }
        }
        PCO => {
            let length = input.count(input.rest.len())?;
            ints.resize(count, 0);
            let read = pco::standalone::simple_decompress_into(input.take(length)?, ints);
            if !read.is_ok_and(|read| read.n_processed == count) {
                return Err(damaged());
            }
        }
        _ => return Err(damaged()),
    }
    Ok(())
}
