//! The one-time token of the first run: whoever can read the console owns the appliance.

use crate::base::secret::readable_code;
use crate::base::{Error, ErrorKind, Result};
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq as _;

/// Groups of four characters: 79 bits, and five attempts a minute.
const GROUPS: usize = 4;

/// A token that is good for one set-up; in memory only, new at each start.
#[derive(Debug)]
pub struct SetupToken {
    token: Mutex<Option<String>>,
}

impl SetupToken {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
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
    /// [`ErrorKind::Forbidden`] when it is not the token.
    pub fn check(&self, typed: &str) -> Result<()> {
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

    #[test]
    fn the_token_opens_until_it_is_closed() {
        let setup = SetupToken::new().unwrap();
        let token = setup.show().unwrap();
        assert!(setup.check(&token.to_lowercase().replace('-', " ")).is_ok());
        assert!(setup.check("").is_err());
        assert!(setup.check(&token[..token.len() - 1]).is_err());
        setup.close();
        assert!(setup.check(&token).is_err());
        assert!(setup.check("").is_err());
    }
}
