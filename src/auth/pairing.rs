//! Screens that wait to be let in: each shows a code, and holds a secret that the code is no part of.

use super::Auth;
use crate::base::secret::{random_token, readable_code, token_hash};
use crate::base::{Error, Result, Timestamp};
use std::net::IpAddr;

/// Groups of four characters of a pairing code: 40 bits, for ten minutes, behind a sign-in.
const GROUPS: usize = 2;
/// How long a pairing code is good, ms.
const PAIRING_MS: i64 = 10 * 60_000;
/// Screens that may wait at once; a flood of them drops the oldest.
const WAITING_MAX: usize = 100;
/// Screens that may wait at once behind one address: a flood from it drops its own.
const WAITING_PER_ADDRESS: usize = 5;

/// A screen that waits to be let in.
pub(super) struct Pairing {
    code: String,
    /// SHA-256 of the secret.
    hash: [u8; 32],
    address: Option<IpAddr>,
    until: Timestamp,
}

/// What a new screen gets.
pub struct NewPairing {
    /// What it shows.
    pub code: String,
    /// Until when that is good.
    pub expires_at: Timestamp,
    /// What its cookie holds.
    pub secret: String,
}

impl Auth {
    /// A code for a new screen, and the secret with which it asks whether somebody approved it.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn pair_kiosk(&self, address: Option<IpAddr>) -> Result<NewPairing> {
        let now = self.clock.now();
        let (code, secret) = (readable_code(GROUPS)?, random_token()?);
        let expires_at = now.plus_ms(PAIRING_MS);
        let mut waiting = self.pairings();
        waiting.retain(|pairing| pairing.is_good(now));
        let mine = |pairing: &Pairing| pairing.address == address;
        let crowded = waiting.iter().filter(|p| mine(p)).count() >= WAITING_PER_ADDRESS;
        let oldest = match crowded {
            true => waiting.iter().position(mine),
            false => (waiting.len() >= WAITING_MAX).then_some(0),
        };
        oldest.map(|place| waiting.remove(place));
        waiting.push(Pairing {
            code: code.clone(),
            hash: token_hash(&secret),
            address,
            until: expires_at,
        });
        Ok(NewPairing {
            code,
            expires_at,
            secret,
        })
    }

    /// Forgets a screen that was let in.
    pub(super) fn forget_pairing(&self, hash: &[u8; 32]) {
        self.pairings().retain(|pairing| pairing.hash != *hash);
    }

    /// The screen that shows this code: the hash of its secret, and from where it asked.
    pub(super) fn screen_of(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<([u8; 32], Option<IpAddr>)> {
        let typed = plain(code);
        let waiting = self.pairings();
        let mut good = waiting.iter().filter(|pairing| pairing.is_good(now));
        let found = good.find(|pairing| plain(&pairing.code) == typed);
        let found = found.map(|pairing| (pairing.hash, pairing.address));
        found.ok_or_else(|| {
            let sentence = "No screen shows this code now. Codes change every ten minutes.";
            Error::invalid("code", sentence)
        })
    }

    pub(super) fn pairing_until(&self, hash: &[u8; 32], now: Timestamp) -> Option<Timestamp> {
        let waiting = self.pairings();
        let found = waiting.iter().find(|pairing| pairing.hash == *hash);
        found
            .filter(|pairing| pairing.is_good(now))
            .map(|p| p.until)
    }
}

impl Pairing {
    /// A clock that was set back makes a code good no longer.
    fn is_good(&self, now: Timestamp) -> bool {
        (1..=PAIRING_MS).contains(&self.until.since_ms(now))
    }
}

/// What counts of a code that a person typed.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_uppercase()
}
