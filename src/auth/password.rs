//! Passwords: the rule, and argon2id with a bound on how many are hashed at once.
//!
//! Whoever floods the way in from many addresses fills the line of strangers. Who signs in from a
//! browser that is known, or is in already, has a line of his own.

use super::guessed;
use crate::base::{Error, Result};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Semaphore;

/// OWASP's figures for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes of strangers at once: with the one of the known ones 4 × 19 MiB is what a flood may take.
const STRANGERS_AT_ONCE: usize = 3;
/// Hashes at once of who is known.
const KNOWN_AT_ONCE: usize = 1;
/// Logins of each line that may wait for a hash; more means a flood.
const WAITING_MAX: usize = 64;

/// What is held against a password when there is no user: well-formed, and the hash of nothing.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks a new password of somebody who is called `names` against the rule.
///
/// # Errors
/// One sentence for everything that is missing, or for a password that is guessed at once.
pub fn check(path: &str, password: &str, names: &[&str]) -> Result<()> {
    let length = password.chars().count();
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let well = (8..=128).contains(&length)
        && has(char::is_uppercase)
        && has(char::is_lowercase)
        && has(|c| c.is_ascii_digit())
        && has(|c| !c.is_alphanumeric());
    if !well {
        let sentence = "Use 8 to 128 characters with an upper-case and a lower-case letter, a \
                        digit and a symbol.";
        return Err(Error::invalid(path, sentence));
    }
    if guessed::soon(password, names) {
        let sentence =
            "This is a common word or a name: it is guessed at once. Choose several words.";
        return Err(Error::invalid(path, sentence));
    }
    Ok(())
}

/// Who asks for a password to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Somebody whom nobody has seen here.
    Stranger,
    /// Somebody who is in, holds a code, or comes from a browser that is known.
    Known,
}

/// A line before the hashes.
#[derive(Clone, Debug)]
struct Line {
    slots: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Line {
    fn of(at_once: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + WAITING_MAX)),
        }
    }
}

/// Hashes and verifies; cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    strangers: Line,
    known: Line,
    /// Passwords that were hashed, for whatever reason.
    worked: Arc<AtomicU64>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            strangers: Line::of(STRANGERS_AT_ONCE),
            known: Line::of(KNOWN_AT_ONCE),
            worked: Arc::default(),
        }
    }
}

impl Passwords {
    /// The stored form of a password of somebody who is known.
    ///
    /// # Errors
    /// When too many are waiting, or there is no memory.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(Asks::Known, move || hash(&password)).await?
    }

    /// Whether `password` is the one behind `stored`. Without `stored` (no such user) the same
    /// work is done for nothing, so that the answer takes as long.
    ///
    /// # Errors
    /// When too many are waiting.
    pub async fn verify(
        &self,
        who: Asks,
        password: String,
        stored: Option<String>,
    ) -> Result<bool> {
        self.run(who, move || {
            let is_somebody = stored.is_some();
            verify(&password, stored.as_deref().unwrap_or(NOBODY)) && is_somebody
        })
        .await
    }

    /// Passwords that were hashed so far: how much work an answer took.
    #[must_use]
    pub fn worked(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        who: Asks,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let line = match who {
            Asks::Stranger => &self.strangers,
            Asks::Known => &self.known,
        };
        let busy = || Error::unavailable("Too many people are signing in. Try again in a moment.");
        let _place = line.places.try_acquire().map_err(|_| busy())?;
        let slot = Arc::clone(&line.slots)
            .acquire_owned()
            .await
            .map_err(|_| busy())?;
        self.worked.fetch_add(1, Ordering::Relaxed);
        tokio::task::spawn_blocking(move || {
            // The slot goes with the work: a caller who hangs up does not free it early.
            let _slot = slot;
            work()
        })
        .await
        .map_err(|cause| Error::internal("A password could not be checked.").because(cause))
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|cause| Error::internal("The password parameters are wrong.").because(cause))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String> {
    let hash = argon2()?.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|cause| Error::unavailable("The password could not be hashed.").because(cause))
}

fn verify(password: &str, stored: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else {
        return false;
    };
    argon2().is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_asks_for_four_kinds() {
        assert!(check("password", "Night-shift-7", &[]).is_ok());
        for weak in [
            "Aa1-",
            "night-shift-7",
            "NIGHT-SHIFT-7",
            "Night-shift",
            "Nightshift7",
            "Password-1",
        ] {
            assert!(check("password", weak, &[]).is_err(), "{weak}");
        }
        assert!(check("password", &"Aa1-".repeat(33), &[]).is_err());
    }

    #[test]
    fn nobody_takes_as_much_work_as_somebody() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hash("Night-shift-7").unwrap();
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(nobody.params, somebody.params);
        assert_eq!(
            nobody.hash.unwrap().len(),
            somebody.hash.unwrap().len(),
            "a hash that cannot be read costs nothing"
        );
    }

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let passwords = Passwords::default();
        let stored = passwords.hash("Night-shift-7".to_owned()).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        let ask = |password: &str, stored: Option<String>| {
            passwords.verify(Asks::Stranger, password.to_owned(), stored)
        };
        assert!(ask("Night-shift-7", Some(stored.clone())).await.unwrap());
        assert!(!ask("Night-shift-8", Some(stored)).await.unwrap());
        assert!(!ask("Night-shift-7", None).await.unwrap());
    }
}
