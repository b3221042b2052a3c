//! *pure* — guessing passwords: five wrong ones and an account is closed for a while to browsers
//! it has not seen.
//!
//! A browser from which the user signed in before has a count of its own, so that nobody can lock
//! the control room out by guessing from elsewhere.

use crate::base::{Timestamp, UserId};
use std::collections::HashMap;

/// Wrong passwords in a row before the account is closed.
const FAILURES_MAX: u32 = 5;
/// For how long it is closed, and how long a wrong password is remembered, ms.
pub(super) const CLOSED_MS: i64 = 15 * 60_000;
/// Most counts at once. A flood over more accounts and browsers drops the oldest.
const COUNTS_MAX: usize = 10_000;

/// An account, and the browser when the account knows it.
pub(super) type Door = (UserId, Option<[u8; 32]>);

/// The wrong passwords of late.
#[derive(Debug, Default)]
pub(super) struct Guard {
    counts: HashMap<Door, Count>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    failures: u32,
    last_at: Timestamp,
}

impl Count {
    fn closed_until(self) -> Option<Timestamp> {
        (self.failures >= FAILURES_MAX).then(|| self.last_at.plus_ms(CLOSED_MS))
    }

    /// A clock that was set back must not close an account for hours.
    fn is_old(self, now: Timestamp) -> bool {
        !(0..CLOSED_MS).contains(&now.since_ms(self.last_at))
    }
}

impl Guard {
    /// Until when a door is closed; `None` when it is open.
    pub(super) fn closed_until(&self, door: &Door, now: Timestamp) -> Option<Timestamp> {
        let count = self.counts.get(door).filter(|count| !count.is_old(now))?;
        count.closed_until()
    }

    /// Until when an account is closed to browsers that it does not know.
    pub(super) fn locked_until(&self, user: UserId, now: Timestamp) -> Option<Timestamp> {
        self.closed_until(&(user, None), now)
    }

    /// Notes a wrong password; `true` when it closed the door. Attempts at a closed door do not
    /// keep it closed for longer.
    pub(super) fn failed(&mut self, door: Door, now: Timestamp) -> bool {
        if self.closed_until(&door, now).is_some() {
            return false;
        }
        if self.counts.len() >= COUNTS_MAX {
            self.counts.retain(|_, count| !count.is_old(now));
        }
        if self.counts.len() >= COUNTS_MAX {
            let oldest = self.counts.iter().min_by_key(|(_, count)| count.last_at);
            if let Some(oldest) = oldest.map(|(door, _)| *door) {
                self.counts.remove(&oldest);
            }
        }
        let fresh = Count {
            failures: 0,
            last_at: now,
        };
        let count = self.counts.entry(door).or_insert(fresh);
        if count.is_old(now) {
            *count = fresh;
        }
        count.failures += 1;
        count.last_at = now;
        count.failures == FAILURES_MAX
    }

    /// A right password at an open door: its count begins anew.
    pub(super) fn passed(&mut self, door: &Door) {
        self.counts.remove(door);
    }

    /// Opens every door of an account; `true` when one was closed.
    pub(super) fn unlock(&mut self, user: UserId, now: Timestamp) -> bool {
        let is_closed = |count: &Count| !count.is_old(now) && count.closed_until().is_some();
        let mut opened = false;
        self.counts.retain(|(of, _), count| {
            opened |= *of == user && is_closed(count);
            *of != user
        });
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    #[test]
    fn five_wrong_passwords_close_the_account_for_a_quarter_of_an_hour() {
        let (mut guard, user) = (Guard::default(), UserId::new());
        let closing: Vec<_> = (0..6)
            .map(|n| guard.failed((user, None), NOW.plus_ms(n)))
            .collect();
        assert_eq!(closing, [false, false, false, false, true, false]);
        assert_eq!(
            guard.locked_until(user, NOW.plus_ms(5)),
            Some(NOW.plus_ms(4 + CLOSED_MS))
        );
        assert_eq!(guard.locked_until(user, NOW.plus_ms(4 + CLOSED_MS)), None);
        // It begins anew afterwards.
        assert!(!guard.failed((user, None), NOW.plus_ms(5 + CLOSED_MS)));
    }

    #[test]
    fn a_known_browser_is_not_closed_out_by_others() {
        let (mut guard, user, desk) = (Guard::default(), UserId::new(), Some([7; 32]));
        for _ in 0..20 {
            guard.failed((user, None), NOW);
        }
        assert!(guard.closed_until(&(user, None), NOW).is_some());
        assert_eq!(guard.closed_until(&(user, desk), NOW), None);
        for _ in 0..5 {
            guard.failed((user, desk), NOW);
        }
        assert!(guard.closed_until(&(user, desk), NOW).is_some());
        assert!(guard.unlock(user, NOW));
        assert_eq!(guard.closed_until(&(user, desk), NOW), None);
        assert!(!guard.unlock(user, NOW));
    }

    #[test]
    fn a_right_password_and_a_clock_set_back_forget_the_wrong_ones() {
        let (mut guard, door) = (Guard::default(), (UserId::new(), None));
        for _ in 0..4 {
            guard.failed(door, NOW);
        }
        guard.passed(&door);
        assert!(!guard.failed(door, NOW));
        for _ in 0..4 {
            guard.failed(door, NOW);
        }
        assert!(guard.closed_until(&door, NOW).is_some());
        assert_eq!(guard.closed_until(&door, NOW.plus_ms(-3_600_000)), None);
    }

    #[test]
    fn a_flood_over_many_accounts_takes_bounded_memory() {
        let mut guard = Guard::default();
        for n in 0..COUNTS_MAX + 50 {
            let at = NOW.plus_ms(i64::try_from(n).unwrap());
            guard.failed((UserId::new(), None), at);
        }
        assert_eq!(guard.counts.len(), COUNTS_MAX);
    }
}
