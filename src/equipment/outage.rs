//! Nobody is at the other end of a line: no device behind it can be asked.

use crate::modbus::{Line, LineError};
use std::time::Duration;
use tokio::time::Instant;

/// The least time between two attempts to open a line, however short the beats.
const OPEN_PAUSE: Duration = Duration::from_millis(500);

/// Attempts that failed.
#[derive(Default)]
pub(super) struct Outage {
    /// In a row.
    pub(super) failures: u32,
    /// What the last one said.
    pub(super) sentence: String,
    last_attempt: Option<Instant>,
}

impl Outage {
    /// Another attempt failed.
    pub(super) fn fail(&mut self, line: &Line, error: &LineError) {
        self.failures = self.failures.saturating_add(1);
        self.sentence = error.to_string();
        self.last_attempt = Some(Instant::now());
        if self.failures == 1 {
            let endpoint = line.endpoint();
            tracing::warn!(%endpoint, %error, "a line has failed");
        }
    }

    /// The line is open.
    pub(super) fn end(&mut self, line: &Line) {
        if std::mem::take(self).failures > 0 {
            let endpoint = line.endpoint();
            tracing::info!(%endpoint, "a line is back");
        }
    }

    /// Before this it is not tried again.
    pub(super) fn rested(&self) -> Option<Instant> {
        self.last_attempt.map(|last| last + OPEN_PAUSE)
    }
}
