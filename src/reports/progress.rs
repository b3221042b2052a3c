//! How far a report is, and whether it is still wanted.

use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use utoipa::ToSchema;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportStage)]
pub enum Stage {
    /// It waits for its turn.
    Waiting,
    /// It waits for the last readings of its period, or for the last demand window of it.
    Untold,
    /// Readings are read and figures computed.
    Read,
    /// Files are written.
    Write,
}

const STAGES: [Stage; 3] = [Stage::Waiting, Stage::Read, Stage::Write];

/// How far it is. Shared between who does it and who looks.
#[derive(Debug, Default)]
pub struct Progress {
    stage: AtomicU8,
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
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// What is being done, and how far that is, percent.
    #[must_use]
    pub fn at(&self) -> (Stage, u8) {
        let stage = usize::from(self.stage.load(Ordering::Relaxed));
        let total = self.total.load(Ordering::Relaxed).max(1);
        let done = self.done.load(Ordering::Relaxed).min(total);
        let percent = u8::try_from(done * 100 / total).unwrap_or(100);
        (STAGES.get(stage).copied().unwrap_or(Stage::Write), percent)
    }

    /// Another stage begins, of so many steps.
    pub(super) fn begin(&self, stage: Stage, total: usize) {
        let place = STAGES.iter().position(|known| *known == stage);
        let place = place.and_then(|place| u8::try_from(place).ok());
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total as u64, Ordering::Relaxed);
        self.stage
            .store(place.unwrap_or_default(), Ordering::Relaxed);
    }

    /// So many steps more are to be done in this stage.
    pub fn expect(&self, more: usize) {
        self.total.fetch_add(more as u64, Ordering::Relaxed);
    }

    /// So many steps are done.
    ///
    /// # Errors
    /// [`crate::base::ErrorKind::Conflict`] when it is no longer wanted.
    pub fn step(&self, steps: u64) -> Result<()> {
        self.done.fetch_add(steps, Ordering::Relaxed);
        if self.is_cancelled() {
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
        assert_eq!(progress.at(), (Stage::Waiting, 0));
        progress.begin(Stage::Read, 2);
        progress.expect(2);
        progress.step(1).unwrap();
        assert_eq!(progress.at(), (Stage::Read, 25));
        progress.cancel();
        assert!(progress.step(0).is_err());
    }
}
