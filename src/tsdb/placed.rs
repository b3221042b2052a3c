//! *pure* — what ties stored bytes to the key they lie under.
//!
//! redb compares no checksum when it reads, so a key that rots is another key. What lies under it
//! must not pass for the readings of that other hour or device.

use super::level::Stage;
use std::collections::BTreeSet;

/// Set in the version byte of a block whose checksum covers its place too; in those of earlier
/// builds it does not.
const BOUND: u8 = 0x80;

/// The bytes of a packed block as they are stored: the checksum is true only at this place.
pub(super) fn bound(block: &[u8], place: &[u8]) -> Vec<u8> {
    let mut bytes = block.to_vec();
    if let Some((version, crc)) = head(&mut bytes) {
        *version |= BOUND;
        mix(crc, place);
    }
    bytes
}

/// The bytes of a block as they were packed, when they lie where they belong; else bytes whose
/// checksum is wrong. Those of earlier builds are stored as they were packed.
pub(super) fn unbind(bytes: &mut [u8], place: &[u8]) {
    if let Some((version, crc)) = head(bytes)
        && *version & BOUND != 0
    {
        *version &= !BOUND;
        mix(crc, place);
    }
}

/// What is stored under a key that says everything by itself: its CRC-32.
pub(super) fn proof(key: &[u8]) -> [u8; 4] {
    crc32fast::hash(key).to_le_bytes()
}

/// Whether a key is the one that was written. Those of earlier builds have no proof.
pub(super) fn is_proven(key: &[u8], value: &[u8]) -> bool {
    value.is_empty() || value == proof(key)
}

/// The marks of a volume: where finer blocks are to be looked for.
#[derive(Default)]
pub(super) struct Loose {
    pub(super) marks: BTreeSet<(u8, u32)>,
    /// A mark rotted: nobody knows which, so finer blocks are looked for everywhere.
    damaged: bool,
}

impl Loose {
    /// Takes note of a mark.
    pub(super) fn note(&mut self, key: &[u8], value: &[u8]) {
        match key {
            &[stage, a, b, c, d] if is_proven(key, value) => {
                self.marks.insert((stage, u32::from_be_bytes([a, b, c, d])));
            }
            _ => self.damaged = true,
        }
    }

    /// Whether finer blocks than those of `next_span` are to be looked for.
    pub(super) fn contains(&self, stage: Stage, next_span: u32) -> bool {
        self.damaged || self.marks.contains(&(stage as u8, next_span))
    }
}

/// Version and CRC-32 of a block.
fn head(bytes: &mut [u8]) -> Option<(&mut u8, &mut [u8; 4])> {
    let (version, rest) = bytes.split_first_mut()?;
    Some((version, rest.first_chunk_mut()?))
}

/// Mixes a place into a checksum, or out of it.
fn mix(crc: &mut [u8; 4], place: &[u8]) {
    for (byte, mixed) in crc.iter_mut().zip(proof(place)) {
        *byte ^= mixed;
    }
}
