//! *pure* — values that are no short decimals, by the library or as they are.

use super::bytes::{Input, damaged, put_len};
use crate::base::Result;

/// Tag of 64-bit floats.
pub(super) const WIDE: u8 = 0x20;
/// Tag of values that are all 32-bit floats.
const NARROW: u8 = 0x21;
/// Tag of 64-bit floats that the library does not make shorter.
const PLAIN: u8 = 0x22;

/// Writes floats: a tag, then what it says.
pub(super) fn put_floats(out: &mut Vec<u8>, floats: &[f64]) {
    let config = pco::ChunkConfig::default();
    let single: Option<Vec<f32>> = floats.iter().map(|value| as_single(*value)).collect();
    let (tag, packed) = match single {
        Some(single) => (NARROW, pco::standalone::simple_compress(&single, &config)),
        None => (WIDE, pco::standalone::simple_compress(floats, &config)),
    };
    match packed {
        Ok(packed) if packed.len() + 3 < floats.len() * 8 => {
            out.push(tag);
            put_len(out, packed.len());
            out.extend(packed);
        }
        _ => {
            out.push(PLAIN);
            out.extend(floats.iter().flat_map(|value| value.to_le_bytes()));
        }
    }
}

/// The 32-bit float that is exactly this value.
fn as_single(value: f64) -> Option<f32> {
    #[allow(clippy::cast_possible_truncation)] // compared right below
    let single = value as f32;
    (f64::from(single).to_bits() == value.to_bits()).then_some(single)
}

/// Reads `count` floats behind their tag.
pub(super) fn read_floats(
    input: &mut Input<'_>,
    tag: u8,
    count: usize,
    floats: &mut Vec<f64>,
) -> Result<()> {
    floats.clear();
    match tag {
        WIDE => {
            let length = input.count(input.rest.len())?;
            floats.resize(count, 0.0);
            unpack(input.take(length)?, floats)
        }
        NARROW => {
            let length = input.count(input.rest.len())?;
            let mut single = vec![0.0_f32; count];
            unpack(input.take(length)?, &mut single)?;
            floats.extend(single.into_iter().map(f64::from));
            Ok(())
        }
        PLAIN => {
            let packed = input.take(count * 8)?;
            let (values, _) = packed.as_chunks::<8>();
            floats.extend(values.iter().map(|bytes| f64::from_le_bytes(*bytes)));
            Ok(())
        }
        _ => Err(damaged()),
    }
}

fn unpack<T: pco::data_types::Number>(packed: &[u8], floats: &mut [T]) -> Result<()> {
    let read = pco::standalone::simple_decompress_into(packed, floats);
    if read.is_ok_and(|read| read.n_processed == floats.len()) {
        Ok(())
    } else {
        Err(damaged())
    }
}
