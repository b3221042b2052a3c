//! Sessions: one per sign-in and device, with a refresh token that changes at every use.

use crate::base::secret::{random_token, token_hash};
use crate::base::{Result, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A session ends after this long without use, ms: a shift.
const IDLE_MS: i64 = 8 * HOUR_MS;
/// And after this long in any case, ms.
const WHOLE_MS: i64 = 7 * 24 * HOUR_MS;
/// One with `remember me` lives this long, used or not, ms.
const REMEMBERED_MS: i64 = 30 * 24 * HOUR_MS;
/// One of an operator, whose console the next shift takes over, ms.
const SHIFT_MS: i64 = 12 * HOUR_MS;
/// For how long a proof of who is at the screen holds, ms.
pub const PROOF_MS: i64 = 5 * 60_000;
const HOUR_MS: i64 = 3_600_000;
/// Two tabs may use the same refresh token at once; for this long the old one still brings the
/// same successor, ms.
const GRACE_MS: i64 = 20_000;

/// One sign-in on one device. Holds hashes, never a usable token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its id, the `sid` of its access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When a token was last fetched.
    pub last_used_at: Timestamp,
    /// Whether he asked to be remembered.
    pub remember: bool,
    /// From where it began.
    pub address: Option<String>,
    /// What the browser called itself; records of earlier versions have none.
    #[serde(default)]
    pub agent: Option<String>,
    /// Whether it ends with the shift; records of earlier versions do not.
    #[serde(default)]
    shift: bool,
    /// When its user last showed his password or a code; records of earlier versions do not say.
    #[serde(default)]
    proved_at: Option<Timestamp>,
    current: [u8; 32],
    previous: Option<[u8; 32]>,
    rotated_at: Timestamp,
    /// The successor, kept for the grace time and never stored.
    #[serde(skip)]
    successor: Option<String>,
}

/// A session as it is shown: nothing that could be used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// His login name.
    pub email: String,
    /// From where it began.
    pub address: Option<String>,
    /// What the browser called itself.
    pub agent: Option<String>,
    /// Whether it lives for 30 days instead of 7.
    pub remember: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When a token was last fetched.
    pub last_used_at: Timestamp,
    /// Whether it is that of the one who asks.
    pub current: bool,
}

/// How long a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// Eight hours without use, seven days in all.
    Week,
    /// Thirty days.
    Remembered,
    /// Eight hours without use, twelve in all.
    Shift,
}

/// What a refresh token meets.
#[derive(Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The session goes on with this token; `changed` when it has to be stored.
    Goes {
        /// The token to use from now on.
        token: String,
        /// Whether the session was changed.
        changed: bool,
    },
    /// A token that was used long ago came back: somebody has a copy.
    Reused,
    /// The session was idle for too long.
    Over,
}

impl Session {
    /// Begins a session of somebody who has just shown his password; the refresh token is shown
    /// once.
    ///
    /// # Errors
    /// When the operating system has no entropy source.
    pub fn begin(
        user: UserId,
        stay: Stay,
        address: Option<String>,
        agent: Option<String>,
        now: Timestamp,
    ) -> Result<(Self, String)> {
        let token = random_token()?;
        let session = Self {
            id: SessionId::new(),
            user,
            created_at: now,
            last_used_at: now,
            remember: stay == Stay::Remembered,
            address,
            agent,
            shift: stay == Stay::Shift,
            proved_at: Some(now),
            current: token_hash(&token),
            previous: None,
            rotated_at: now,
            successor: None,
        };
        Ok((session, token))
    }

    /// Whether this is the hash of a token of this session.
    #[must_use]
    pub fn knows(&self, hash: &[u8; 32]) -> bool {
        self.current == *hash || self.previous == Some(*hash)
    }

    /// Whether it ended by itself.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.left_ms(now) < 0
    }

    /// How long it lives on when nobody uses it, ms.
    #[must_use]
    pub fn left_ms(&self, now: Timestamp) -> i64 {
        let (idle, whole) = match (self.shift, self.remember) {
            (true, _) => (IDLE_MS, SHIFT_MS),
            (false, true) => (REMEMBERED_MS, REMEMBERED_MS),
            (false, false) => (IDLE_MS, WHOLE_MS),
        };
        let idle_left = idle - now.since_ms(self.last_used_at);
        idle_left.min(whole - now.since_ms(self.created_at))
    }

    /// Whether its user has shown who he is in the last minutes.
    #[must_use]
    pub fn is_proven(&self, now: Timestamp) -> bool {
        // A clock that was set back makes no proof fresh.
        let fresh = |at: Timestamp| (0..=PROOF_MS).contains(&now.since_ms(at));
        self.proved_at.is_some_and(fresh)
    }

    /// Notes that he has.
    pub const fn prove(&mut self, now: Timestamp) {
        self.proved_at = Some(now);
    }

    /// Uses a refresh token that [`Session::knows`].
    ///
    /// # Errors
    /// When the operating system has no entropy source.
    pub fn refresh(&mut self, hash: &[u8; 32], now: Timestamp) -> Result<Refresh> {
        if self.is_over(now) {
            return Ok(Refresh::Over);
        }
        if self.current != *hash {
            if now.since_ms(self.rotated_at) > GRACE_MS {
                return Ok(Refresh::Reused);
            }
            // After a restart the successor is not in memory: then this token gets another one.
            if let Some(token) = self.successor.clone() {
                return Ok(Refresh::Goes {
                    token,
                    changed: false,
                });
            }
        }
        let token = random_token()?;
        self.previous = Some(*hash);
        self.current = token_hash(&token);
        self.successor = Some(token.clone());
        self.rotated_at = now;
        self.last_used_at = now;
        Ok(Refresh::Goes {
            token,
            changed: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    fn goes(refresh: Refresh) -> (String, bool) {
        match refresh {
            Refresh::Goes { token, changed } => (token, changed),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_tabs_get_the_same_successor() {
        let (mut session, first) =
            Session::begin(UserId::new(), Stay::Week, None, None, NOW).unwrap();
        let hash = token_hash(&first);
        let (left, changed) = goes(session.refresh(&hash, NOW).unwrap());
        let (right, again) = goes(session.refresh(&hash, NOW.plus_ms(19_000)).unwrap());
        assert_eq!(
            (left.as_str(), changed, again),
            (right.as_str(), true, false)
        );
        assert!(session.knows(&token_hash(&left)));
    }

    #[test]
    fn an_old_token_that_comes_back_is_a_theft() {
        let (mut session, first) =
            Session::begin(UserId::new(), Stay::Week, None, None, NOW).unwrap();
        let hash = token_hash(&first);
        goes(session.refresh(&hash, NOW).unwrap());
        assert_eq!(
            session.refresh(&hash, NOW.plus_ms(20_001)).unwrap(),
            Refresh::Reused
        );
    }

    /// How long a session lives that is used every hour or not at all, hours.
    fn lives_h(stay: Stay, used: bool) -> i64 {
        let (mut session, mut token) =
            Session::begin(UserId::new(), stay, None, None, NOW).unwrap();
        for hour in 1.. {
            let at = NOW.plus_ms(hour * HOUR_MS + 1);
            if session.is_over(at) {
                return hour;
            }
            if used {
                token = goes(session.refresh(&token_hash(&token), at).unwrap()).0;
            }
        }
        unreachable!("no session lives for ever")
    }

    #[test]
    fn sessions_end_unused_and_after_all() {
        for (stay, unused, whole) in [
            (Stay::Week, 8, 7 * 24),
            (Stay::Remembered, 30 * 24, 30 * 24),
            (Stay::Shift, 8, 12),
        ] {
            assert_eq!(
                (lives_h(stay, false), lives_h(stay, true)),
                (unused, whole),
                "{stay:?}"
            );
        }
    }

    #[test]
    fn a_proof_holds_for_five_minutes() {
        let (mut session, _) = Session::begin(UserId::new(), Stay::Week, None, None, NOW).unwrap();
        assert!(session.is_proven(NOW.plus_ms(PROOF_MS)));
        let late = NOW.plus_ms(PROOF_MS + 1);
        assert!(!session.is_proven(late) && !session.is_proven(NOW.minus_ms(1)));
        session.prove(late);
        assert!(session.is_proven(late));
    }

    #[test]
    fn the_stored_form_holds_no_token() {
        let (mut session, first) =
            Session::begin(UserId::new(), Stay::Week, None, None, NOW).unwrap();
        let (second, _) = goes(session.refresh(&token_hash(&first), NOW).unwrap());
        let stored = serde_json::to_string(&session).unwrap();
        assert!(!stored.contains(&first) && !stored.contains(&second));
    }
}
