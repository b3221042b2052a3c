//! One-time tickets: a browser cannot send a header with a socket, and a token in an address
//! ends in logs.

use crate::base::secret::random_token;
use crate::base::{Clock, Result, SessionId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a ticket waits for its socket, s.
pub const TICKET_LIFETIME_S: i64 = 30;
/// Tickets that may wait at once; a flood of them drops the oldest.
const TICKETS_MAX: usize = 1_000;

/// The tickets that were not used yet.
pub struct Tickets {
    clock: Arc<dyn Clock>,
    waiting: Mutex<HashMap<String, (SessionId, Timestamp)>>,
}

impl Tickets {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            waiting: Mutex::default(),
        }
    }

    /// A ticket for one socket of this session.
    ///
    /// # Errors
    /// When the operating system has no entropy source.
    pub fn issue(&self, session: SessionId) -> Result<String> {
        let ticket = random_token()?;
        let now = self.clock.now();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (_, until)| *until > now);
        if waiting.len() >= TICKETS_MAX {
            let oldest = waiting.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(oldest) = oldest.map(|(ticket, _)| ticket.clone()) {
                waiting.remove(&oldest);
            }
        }
        waiting.insert(
            ticket.clone(),
            (session, now.plus_ms(TICKET_LIFETIME_S * 1_000)),
        );
        Ok(ticket)
    }

    /// Uses a ticket up; the session it was made for, when it was still good.
    #[must_use]
    pub fn redeem(&self, ticket: &str) -> Option<SessionId> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (session, until) = waiting.remove(ticket)?;
        (until > self.clock.now()).then_some(session)
    }
}

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ManualClock;
    use std::time::Duration;

    #[test]
    fn a_ticket_is_good_once_and_not_for_long() {
        let clock = ManualClock::new(Timestamp::from_ms(0));
        let tickets = Tickets::new(Arc::new(clock.clone()));
        let session = SessionId::new();
        let ticket = tickets.issue(session).unwrap();
        assert_eq!(tickets.redeem(&ticket), Some(session));
        assert_eq!(tickets.redeem(&ticket), None);
        let late = tickets.issue(session).unwrap();
        clock.advance(Duration::from_secs(30));
        assert_eq!(tickets.redeem(&late), None);
    }

    #[test]
    fn a_flood_of_tickets_takes_bounded_memory() {
        let clock = ManualClock::new(Timestamp::from_ms(0));
        let tickets = Tickets::new(Arc::new(clock.clone()));
        let first = tickets.issue(SessionId::new()).unwrap();
        for _ in 0..TICKETS_MAX {
            clock.advance(Duration::from_millis(1));
            tickets.issue(SessionId::new()).unwrap();
        }
        assert_eq!(tickets.waiting.lock().unwrap().len(), TICKETS_MAX);
        // The oldest had to go.
        assert_eq!(tickets.redeem(&first), None);
    }
}
