//! A disk that forgets: it holds files in memory, fails on command, and after a power cut has
//! lost what was never synced, by one of six models, each file on its own.
//!
//! One counter runs over every operation on every file, so that "cut at change n" and "fail at
//! operation n" mean the same place in every run of the same seed. Will not do: time.

pub(crate) mod chance;
mod disk;
mod file;
mod image;
mod ledger;
mod machine;
mod names;
mod plant;
mod run;
mod tests;
mod tests_refusal;
mod tests_rot;
mod torture;

pub(crate) use chance::Chance;
pub(crate) use disk::SimulatedDisk;
pub(crate) use torture::Torture;

use std::ops::Range;

/// What a power cut leaves of the writes since the last sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LossModel {
    LoseAll,
    KeepAll,
    /// Each write is there or not.
    Writes,
    /// Each write is torn at multiples of 512 bytes.
    Sectors,
    /// Each write is torn at multiples of 4 KiB.
    Pages,
    /// Each write is torn at any byte.
    Bytes,
}

impl LossModel {
    pub(crate) const ALL: [Self; 6] = [
        Self::LoseAll,
        Self::KeepAll,
        Self::Writes,
        Self::Sectors,
        Self::Pages,
        Self::Bytes,
    ];

    /// The parts of a write that may be kept or lost each on its own.
    fn tear(self, offset: u64, len: usize, chance: &mut Chance) -> Vec<Range<usize>> {
        let at_multiples = |size| {
            image::pieces(offset, len, size)
                .map(|(_, _, part)| part)
                .collect()
        };
        match self {
            Self::Sectors => at_multiples(512),
            Self::Pages => at_multiples(image::PAGE),
            Self::Bytes => {
                let middle = chance.index(len + 1);
                vec![0..middle, middle..len]
            }
            _ => std::iter::once(0..len).collect(),
        }
    }
}

/// What is wrong with the disk. Nothing, unless a test says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// The power fails at this change (write, length, sync, name), counted from 1; the change
    /// itself may or may not arrive.
    pub(crate) cut_at_change: Option<u64>,
    /// Says that it synced, and did not.
    pub(crate) lying_sync: bool,
    /// Pages of 4 KiB that the disk holds; a write that needs more is refused.
    pub(crate) capacity_pages: Option<usize>,
    /// This operation, reads included, fails, counted from 1.
    pub(crate) fail_at_operation: Option<u64>,
    /// After the first failure every further operation fails too.
    pub(crate) keeps_failing: bool,
    /// Bytes of a refused write that arrive all the same.
    pub(crate) arrived: usize,
}
