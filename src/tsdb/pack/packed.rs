//! *pure* — integers in as many bits as the widest of each block needs: more bytes than residuals,
//! but read in a fraction of the time. For rows that every page load reads.

use super::bits::{BitReader, BitWriter};
use super::bytes::{Input, damaged, put_signed, unzigzag, zigzag};
use crate::base::Result;

/// Numbers of a block.
const BLOCK: usize = 32;
/// Widest number that is read at once.
const WIDTH_MAX: u32 = 56;

/// Writes each block as a base and what its numbers lie above it; `None` when one lies too far.
pub(super) fn near(ints: &[i64]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for block in ints.chunks(BLOCK) {
        let base = block.iter().copied().min()?;
        put_signed(&mut out, base);
        put_block(
            &mut out,
            block
                .iter()
                .map(|int| int.wrapping_sub(base).cast_unsigned()),
        )?;
    }
    Some(out)
}

/// Writes the steps from number to number; `None` when one is too wide.
pub(super) fn steps(ints: &[i64]) -> Option<Vec<u8>> {
    let (mut out, mut before) = (Vec::new(), 0_i64);
    for block in ints.chunks(BLOCK) {
        let steps = block.iter().map(|int| {
            let step = int.wrapping_sub(before);
            before = *int;
            zigzag(step)
        });
        put_block(&mut out, steps.collect::<Vec<_>>().into_iter())?;
    }
    Some(out)
}

fn put_block(out: &mut Vec<u8>, words: impl Iterator<Item = u64> + Clone) -> Option<()> {
    let all = words.clone().fold(0, |all, word| all | word);
    let width = u64::BITS - all.leading_zeros();
    if width > WIDTH_MAX {
        return None;
    }
    out.push(width.to_le_bytes()[0]);
    let mut bits = BitWriter::default();
    words.for_each(|word| bits.put(word, width));
    out.extend(bits.finish());
    Some(())
}

/// Reads what [`near`] wrote.
pub(super) fn read_near(input: &mut Input<'_>, count: usize, ints: &mut Vec<i64>) -> Result<()> {
    read_blocks(input, count, ints, |input, into| {
        let base = input.signed()?;
        let mut words = Words::open(input, into.len())?;
        into.iter_mut()
            .for_each(|int| *int = base.wrapping_add(words.take().cast_signed()));
        Ok(())
    })
}

/// Reads what [`steps`] wrote.
pub(super) fn read_steps(input: &mut Input<'_>, count: usize, ints: &mut Vec<i64>) -> Result<()> {
    let mut at = 0_i64;
    read_blocks(input, count, ints, |input, into| {
        let mut words = Words::open(input, into.len())?;
        for int in into {
            at = at.wrapping_add(unzigzag(words.take()));
            *int = at;
        }
        Ok(())
    })
}

/// Hands the numbers that follow to `block`, a slice for each block of them.
fn read_blocks<'a>(
    input: &mut Input<'a>,
    count: usize,
    ints: &mut Vec<i64>,
    mut block: impl FnMut(&mut Input<'a>, &mut [i64]) -> Result<()>,
) -> Result<()> {
    let start = ints.len();
    ints.resize(start + count, 0);
    ints[start..]
        .chunks_mut(BLOCK)
        .try_for_each(|into| block(input, into))
}

/// The numbers of a block.
struct Words<'a> {
    bits: BitReader<'a>,
    width: u32,
    mask: u64,
}

impl<'a> Words<'a> {
    fn open(input: &mut Input<'a>, length: usize) -> Result<Self> {
        let width = u32::from(input.byte()?);
        if width > WIDTH_MAX {
            return Err(damaged());
        }
        // Over all that follows: reading whole words past the end of a block is quicker.
        let bits = BitReader::new(input.rest);
        input.take((length * width as usize).div_ceil(8))?;
        Ok(Self {
            bits,
            width,
            mask: (1 << width) - 1,
        })
    }

    /// The next one.
    #[inline]
    fn take(&mut self) -> u64 {
        let word = self.bits.peek() & self.mask;
        self.bits.skip(self.width);
        word
    }
}
