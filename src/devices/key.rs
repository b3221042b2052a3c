//! *pure* — the key of a device: made here, shown once, compared without telling anything.

use crate::base::Result;
use crate::base::secret::{random_token, token_hash};
use subtle::ConstantTimeEq as _;

/// What every key starts with, so that one that leaked is found by those who look for it.
pub const PREFIX: &str = "imd_";
/// Characters at its end that are shown, so that a person can tell two keys apart.
const HINT: usize = 4;

/// The SHA-256 under which a key is stored.
pub type Hash = [u8; 32];

/// A new key of 256 random bits.
///
/// # Errors
/// When the operating system has no entropy source.
pub fn make() -> Result<String> {
    Ok(format!("{PREFIX}{}", random_token()?))
}

/// The hash under which it is stored.
#[must_use]
pub fn hash(key: &str) -> Hash {
    token_hash(key)
}

/// Its last characters.
#[must_use]
pub fn hint(key: &str) -> String {
    key[key.len().saturating_sub(HINT)..].to_owned()
}

/// Whether a key that was shown is the one of this hash. `None`, for a device that there is not,
/// takes the same time and is never right.
#[must_use]
pub fn is_right(shown: &str, stored: Option<&Hash>) -> bool {
    let nothing = Hash::default();
    let same = hash(shown).ct_eq(stored.unwrap_or(&nothing));
    bool::from(same) && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_its_own_device_and_no_other() {
        let (mine, other) = (make().unwrap(), make().unwrap());
        assert!(mine.starts_with(PREFIX) && mine.len() == PREFIX.len() + 43);
        assert!(is_right(&mine, Some(&hash(&mine))));
        assert!(!is_right(&other, Some(&hash(&mine))));
        assert!(!is_right("", Some(&hash(&mine))));
        assert!(!is_right(&mine, None));
        assert_eq!(hint(&mine), mine[mine.len() - 4..]);
    }
}
