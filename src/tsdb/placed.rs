//! *pure* — what ties stored bytes to the key they lie under.
//!
//! redb compares no checksum when it reads, so a key that rots is another key. What lies under it
//! must not pass for the readings of that other hour or device.

use super::level::Stage;
use super::series::Device;
use crate::base::{Error, Result};
use std::collections::BTreeSet;

/// Set in the version byte of a block whose checksum covers its place too; in those of earlier
/// builds it does not.
const BOUND: u8 = 0x80;

/// Set in the stage of a mark that names one block.
const OVER: u8 = 0x80;
const OVER_HOUR: u8 = OVER | Stage::Hour as u8;
const OVER_DAY: u8 = OVER | Stage::Day as u8;

/// First byte of what [`tied`] stores.
const TIED: u8 = 1;

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

/// Bytes that have no checksum of their own as they are stored under a key: a version byte, the
/// CRC-32 of key and bytes, the bytes.
pub(super) fn tied(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    let mut stored = vec![TIED];
    stored.extend(checksum(bytes, key));
    stored.extend(bytes);
    stored
}

/// The bytes that were stored under this key.
///
/// # Errors
/// When they were not stored under it, or rotted.
pub(super) fn untied<'s>(stored: &'s [u8], key: &[u8]) -> Result<&'s [u8]> {
    stored
        .strip_prefix(&[TIED])
        .and_then(<[u8]>::split_first_chunk::<4>)
        .filter(|(crc, bytes)| **crc == checksum(bytes, key))
        .map(|(_, bytes)| bytes)
        .ok_or_else(|| Error::internal("What is stored is damaged, or of another place."))
}

fn checksum(bytes: &[u8], key: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(bytes);
    hasher.finalize().to_le_bytes()
}

/// The marks of a volume: where finer blocks are to be looked for.
#[derive(Default)]
pub(super) struct Loose {
    pub(super) marks: BTreeSet<(u8, u32)>,
    /// Stage, span and device of blocks that stand in the place of what a coarser one says.
    over: BTreeSet<(u8, u32, u32)>,
    /// A mark rotted: nobody knows which, so finer blocks are looked for everywhere.
    damaged: bool,
}

impl Loose {
    /// Takes note of a mark.
    pub(super) fn note(&mut self, key: &[u8], value: &[u8]) {
        match *key {
            [stage, a, b, c, d] if is_proven(key, value) => {
                self.marks.insert((stage, u32::from_be_bytes([a, b, c, d])));
            }
            [OVER_HOUR | OVER_DAY, a, b, c, d, e, f, g, h] if value == proof(key) => {
                let (span, device) = ([a, b, c, d], [e, f, g, h]);
                let place = (u32::from_be_bytes(span), u32::from_be_bytes(device));
                self.over.insert((key[0] & !OVER, place.0, place.1));
            }
            _ => self.damaged = true,
        }
    }

    /// Whether finer blocks than those of `next_span` are to be looked for.
    pub(super) fn contains(&self, stage: Stage, next_span: u32) -> bool {
        self.damaged || self.marks.contains(&(stage as u8, next_span))
    }

    /// Whether a block stood here in the place of what a coarser one says: when it is gone, that
    /// one is out of date.
    pub(super) fn is_over(&self, stage: Stage, span: u32, device: Device) -> bool {
        self.over.contains(&(stage as u8, span, device.0))
    }
}

/// The mark of a block that stands in the place of what a coarser one says.
pub(super) fn over_key(stage: Stage, span: u32, device: Device) -> [u8; 9] {
    let mut key = [stage as u8 | OVER; 9];
    key[1..5].copy_from_slice(&span.to_be_bytes());
    key[5..].copy_from_slice(&device.0.to_be_bytes());
    key
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tied_to_a_key_is_nothing_elsewhere() {
        let (key, bytes) = ([7; 10], [1, 2, 3]);
        let stored = tied(&bytes, &key);
        assert_eq!(untied(&stored, &key).unwrap(), bytes);
        for bit in 0..stored.len() * 8 {
            let mut rotten = stored.clone();
            rotten[bit / 8] ^= 1 << (bit % 8);
            assert!(untied(&rotten, &key).is_err(), "bit {bit}");
        }
        for bit in 0..key.len() * 8 {
            let mut other = key;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(untied(&stored, &other).is_err(), "bit {bit} of the key");
        }
        assert!(untied(&[], &key).is_err());
    }

    #[test]
    fn a_mark_names_one_block_and_no_other() {
        let mut loose = Loose::default();
        let key = over_key(Stage::Hour, 7, Device(9));
        loose.note(&key, &proof(&key));
        assert!(loose.is_over(Stage::Hour, 7, Device(9)));
        assert!(!loose.is_over(Stage::Day, 7, Device(9)));
        assert!(!loose.is_over(Stage::Hour, 8, Device(9)));
        assert!(!loose.contains(Stage::Hour, 7));
        // One that rotted says nothing, and blocks are looked for everywhere.
        let mut rotten = key;
        rotten[8] ^= 1;
        loose.note(&rotten, &proof(&key));
        assert!(!loose.is_over(Stage::Hour, 7, Device(8)));
        assert!(loose.contains(Stage::Hour, 7));
    }
}
