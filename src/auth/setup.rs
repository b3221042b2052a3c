//! The one-time token of the first run: whoever can read the console owns the appliance.

use crate::base::secret::readable_code;
use crate::base::{Error, ErrorKind, Result, Timestamp};
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq as _;

/// Groups of four characters: 79 bits, and five attempts a minute.
const GROUPS: usize = 4;
/// How long it opens, ms: whoever starts an appliance sets it up, or starts it again.
const LIFETIME_MS: i64 = 60 * 60_000;

/// A token that is good for one set-up; in memory only, new at each start.
#[derive(Debug)]
pub struct SetupToken {
    token: Mutex<Option<String>>,
    made_at: Timestamp,
}

impl SetupToken {
    pub(super) fn new(now: Timestamp) -> Result<Self> {
        Ok(Self {
            made_at: now,
            token: Mutex::new(Some(readable_code(GROUPS)?)),
        })
    }

    /// The token as the console prints it; `None` once it was used.
    #[must_use]
    pub fn show(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Checks what a person typed, without telling how much of it was right.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] when it is not the token, or an hour has passed.
    pub fn check(&self, typed: &str, now: Timestamp) -> Result<()> {
        // A clock that was set back makes it live no longer.
        if !(0..LIFETIME_MS).contains(&now.since_ms(self.made_at)) {
            let sentence = "The set-up token has ended: it opens for 60 minutes. Restart the \
                            appliance and take the new one from its console.";
            return Err(Error::new(ErrorKind::Forbidden, sentence));
        }
        let plain = |text: &str| -> String {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
                .to_uppercase()
        };
        let typed = plain(typed);
        let held = self.lock();
        let right = held
            .as_deref()
            .is_some_and(|token| plain(token).as_bytes().ct_eq(typed.as_bytes()).into());
        if right {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Forbidden,
            "That is not the set-up token. It stands on the console of the appliance, and is new \
             at each start.",
        ))
    }

    /// Makes the token worthless.
    pub fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    #[test]
    fn the_token_opens_until_it_is_closed() {
        let setup = SetupToken::new(NOW).unwrap();
        let token = setup.show().unwrap();
        let typed = token.to_lowercase().replace('-', " ");
        assert!(setup.check(&typed, NOW).is_ok());
        assert!(setup.check("", NOW).is_err());
        assert!(setup.check(&token[..token.len() - 1], NOW).is_err());
        setup.close();
        assert!(setup.check(&token, NOW).is_err());
        assert!(setup.check("", NOW).is_err());
    }

    #[test]
    fn the_token_opens_for_an_hour() {
        let setup = SetupToken::new(NOW).unwrap();
        let token = setup.show().unwrap();
        assert!(setup.check(&token, NOW.plus_ms(LIFETIME_MS - 1)).is_ok());
        assert!(setup.check(&token, NOW.plus_ms(LIFETIME_MS)).is_err());
        assert!(setup.check(&token, NOW.minus_ms(1)).is_err());
    }
}
