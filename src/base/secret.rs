//! Random secrets and the hashes under which they are stored.

use super::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// `N` random bytes from the kernel.
///
/// # Errors
/// When the operating system has no entropy source.
pub fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|cause| {
        Error::internal("The operating system gives no random numbers.").because(cause.to_string())
    })?;
    Ok(bytes)
}

/// A 256-bit opaque token in URL-safe text.
///
/// # Errors
/// When the operating system has no entropy source.
pub fn random_token() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// The SHA-256 under which a token is stored: the data file holds no usable token.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Letters and digits that a person can read off a console and type: no 0/O, 1/I/L.
const READABLE: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// A code of `groups` groups of four readable characters, such as `K7QF-2M9P`; each character
/// carries 4.95 bits.
///
/// # Errors
/// When the operating system has no entropy source.
pub fn readable_code(groups: usize) -> Result<String> {
    let mut code = String::with_capacity(groups * 5);
    for group in 0..groups {
        if group > 0 {
            code.push('-');
        }
        let mut taken = 0;
        while taken < 4 {
            let [byte] = random_bytes::<1>()?;
            // 248 = 8 * 31: a byte above it would favour the first letters.
            if byte < 248 {
                code.push(char::from(READABLE[usize::from(byte) % READABLE.len()]));
                taken += 1;
            }
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_readable_and_differ() {
        let code = readable_code(4).unwrap();
        assert_eq!(code.len(), 19);
        assert!(
            code.bytes().all(|b| b == b'-' || READABLE.contains(&b)),
            "{code}"
        );
        assert_ne!(code, readable_code(4).unwrap());
    }
}
