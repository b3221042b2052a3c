//! How far a backup or a restore is, and whether it is still wanted.

use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use utoipa::ToSchema;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BackupPhase)]
pub enum Phase {
    /// The data file is copied as of one commit.
    Snapshot,
    /// Files are written.
    Copy,
    /// What was written is read back and compared.
    Verify,
    /// What was restored is opened, and prepared for the start.
    Prepare,
}

const PHASES: [Phase; 4] = [Phase::Snapshot, Phase::Copy, Phase::Verify, Phase::Prepare];

/// How far it is. Shared between who does it and who looks.
#[derive(Debug, Default)]
pub struct Progress {
    phase: AtomicU8,
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// Asks for the end. Nothing of what was begun is kept.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked for the end.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// What is being done, and how far that is, percent.
    #[must_use]
    pub fn at(&self) -> (Phase, u8) {
        let phase = usize::from(self.phase.load(Ordering::Relaxed));
        let (done, total) = (
            self.done.load(Ordering::Relaxed),
            self.total.load(Ordering::Relaxed).max(1),
        );
        let percent = u8::try_from(done.min(total) * 100 / total).unwrap_or(100);
        (
            PHASES.get(phase).copied().unwrap_or(Phase::Prepare),
            percent,
        )
    }

    /// Another phase begins, of this many bytes.
    pub(super) fn begin(&self, phase: Phase, total: u64) {
        let place = PHASES.iter().position(|known| *known == phase);
        let place = place.and_then(|place| u8::try_from(place).ok());
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.phase
            .store(place.unwrap_or_default(), Ordering::Relaxed);
    }

    /// So many bytes more.
    ///
    /// # Errors
    /// [`crate::base::ErrorKind::Conflict`] when it is no longer wanted.
    pub(super) fn step(&self, bytes: u64) -> Result<()> {
        self.done.fetch_add(bytes, Ordering::Relaxed);
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::conflict("Cancelled. Nothing of it was kept."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_how_far_it_is_until_it_is_cancelled() {
        let progress = Progress::default();
        progress.begin(Phase::Verify, 200);
        progress.step(50).unwrap();
        assert_eq!(progress.at(), (Phase::Verify, 25));
        progress.step(1_000).unwrap();
        assert_eq!(progress.at().1, 100);
        progress.cancel();
        assert!(progress.step(0).is_err());
    }
}
