//! The funnel: batches in, one transaction, then the feed.

use crate::base::Batch;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// The bounded way in. A producer never waits: when the store is slow the beat is skipped and
/// counted, so that one slow disk does not stall the field bus.
#[derive(Clone, Debug)]
pub struct Inlet {
    sender: mpsc::Sender<Batch>,
    skipped: Arc<AtomicU64>,
}

impl Inlet {
    /// An inlet and the end that takes the batches out, with room for `capacity` batches.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> (Self, mpsc::Receiver<Batch>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (
            Self {
                sender,
                skipped: Arc::default(),
            },
            receiver,
        )
    }

    /// Hands a batch over; `false` when there was no room and the beat is lost.
    pub fn offer(&self, batch: Batch) -> bool {
        let taken = self.sender.try_send(batch).is_ok();
        if !taken {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// How many batches found no room since the start.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}
