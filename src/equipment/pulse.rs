//! Whether a line gets on: it says when it takes something up and when it rests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A question is over after its time-out, which is bounded; a line that is at one for longer hangs.
pub(super) const HANGS_AFTER: Duration = Duration::from_secs(300);

/// The pulse of one line; absent while it rests.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    /// Something is taken up.
    pub(super) fn works(&self) {
        self.set(Some(Instant::now()));
    }

    /// There is nothing to do.
    pub(super) fn rests(&self) {
        self.set(None);
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Whether what was taken up goes on for longer than this.
    pub(super) fn hangs(&self, longer_than: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() > longer_than)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_rests_hangs_never_and_who_works_too_long_does() {
        let pulse = Pulse::default();
        assert!(!pulse.hangs(Duration::ZERO));
        pulse.set(Instant::now().checked_sub(Duration::from_secs(10)));
        assert!(pulse.hangs(Duration::from_secs(9)) && !pulse.hangs(HANGS_AFTER));
        pulse.works();
        assert!(!pulse.hangs(Duration::from_secs(9)));
        pulse.rests();
        assert!(!pulse.hangs(Duration::ZERO));
    }
}
