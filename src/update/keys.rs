//! Whose updates are believed: the keys of the maker, built in.

use super::minisign::PublicKey;
use crate::base::{Error, Result};

/// The public keys, one a line; what starts with `#` is a note.
const BUILT_IN: &str = include_str!("../../assets/update-keys");

/// The keys whose updates are believed. One more may be named to a build for tests; a release
/// refuses to start with it.
///
/// # Errors
/// When one of them is no key, or a release is told of one more.
pub fn believed(test_key: Option<&str>) -> Result<Vec<PublicKey>> {
    let lines = BUILT_IN.lines().map(str::trim);
    let mut keys = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(PublicKey::parse)
        .collect::<Result<Vec<_>>>()?;
    if let Some(line) = test_key {
        if !cfg!(debug_assertions) {
            let sentence = "A release believes the keys that are built in, and no other.";
            return Err(Error::invalid("update_test_key", sentence));
        }
        keys.push(PublicKey::parse(line)?);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_keys_that_are_built_in_are_keys() {
        assert!(!super::believed(None).unwrap().is_empty());
    }
}
