//! *pure* — how long something that failed is left alone.

use crate::base::Timestamp;

/// The first pause, ms: short, because most outages are a plug or a restart.
const FIRST_PAUSE_MS: i64 = 2_000;

/// The longest pause, ms: a device that comes back after a week is seen within five minutes.
const PAUSE_MAX_MS: i64 = 300_000;

/// The failures in a row, and until when to leave it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
    until: Timestamp,
}

impl Backoff {
    /// Notes a failure at `now`; each one in a row doubles the pause, up to `longest_ms`.
    pub(super) fn fail(&mut self, now: Timestamp, longest_ms: i64) {
        let doublings = self.failures.min(16);
        let pause_ms = (FIRST_PAUSE_MS << doublings)
            .min(PAUSE_MAX_MS)
            .min(longest_ms);
        self.failures = self.failures.saturating_add(1);
        self.until = now.plus_ms(pause_ms);
    }

    /// Notes that it works; `true` when it did not before.
    pub(super) fn clear(&mut self) -> bool {
        std::mem::take(self).failures > 0
    }

    /// Whether it is to be left alone at `now`. A clock that was set back must not make a pause of
    /// hours, so a pause longer than the longest is over.
    pub(super) fn waits(&self, now: Timestamp) -> bool {
        self.failures > 0 && (1..=PAUSE_MAX_MS).contains(&self.until.since_ms(now))
    }

    /// Failures in a row.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// The end of the pause.
    pub(super) const fn until(&self) -> Timestamp {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_pause_up_to_five_minutes() {
        let mut backoff = Backoff::default();
        let now = Timestamp::from_ms(1_000_000);
        assert!(!backoff.waits(now));
        let mut pauses = Vec::new();
        for _ in 0..10 {
            backoff.fail(now, i64::MAX);
            pauses.push(backoff.until().since_ms(now) / 1_000);
        }
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert!(backoff.waits(now.plus_ms(299_999)));
        assert!(!backoff.waits(now.plus_ms(300_000)));
        assert!(backoff.clear());
        assert!(!backoff.waits(now) && !backoff.clear());
    }

    #[test]
    fn where_nobody_is_to_be_protected_the_pause_stays_short() {
        let mut backoff = Backoff::default();
        let now = Timestamp::from_ms(1_000_000);
        (0..20).for_each(|_| backoff.fail(now, 2_000));
        assert!(backoff.waits(now.plus_ms(1_999)) && !backoff.waits(now.plus_ms(2_000)));
        backoff.fail(now, 0);
        assert!(!backoff.waits(now));
        assert_eq!(backoff.failures(), 21);
    }

    #[test]
    fn a_clock_that_was_set_back_ends_the_pause() {
        let mut backoff = Backoff::default();
        backoff.fail(Timestamp::from_ms(90_000_000), i64::MAX);
        assert!(!backoff.waits(Timestamp::from_ms(0)));
    }
}
