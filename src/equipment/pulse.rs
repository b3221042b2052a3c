//! Whether a line gets on: it says when it takes something up and when it rests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A question is over after its time-out, which is bounded; a line that is at one for longer hangs.
pub(super) const HANGS_AFTER: Duration = Duration::from_secs(300);
/// A line that hangs is begun anew; one that cannot even be ended takes the whole appliance with it, and
/// after so long systemd is left to start it again.
pub(super) const HANGS_FOR_GOOD_AFTER: Duration = Duration::from_secs(420);
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(10);

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

    /// Returns when it hangs.
    pub(super) async fn stops(&self, longer_than: Duration) {
        while !self.hangs(longer_than) {
            tokio::time::sleep(LOOK_EVERY.min(longer_than)).await;
        }
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
