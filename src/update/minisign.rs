//! *pure* — signatures in the format of minisign: Ed25519 over the BLAKE2b-512 of a text, with a
//! comment that is signed as well. What `minisign -S` makes is accepted, and the other way round.
//!
//! Will not do: accept the older format that signs the text itself, or a key with a passphrase.

use crate::base::{Error, Result};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Blake2b512, Digest as _};
use subtle::ConstantTimeEq as _;

/// Longest signature file, bytes.
pub const SIGNATURE_MAX: usize = 2 << 10;
/// Of a key with its number: `Ed`, number, key.
const PUBLIC_BYTES: usize = 2 + 8 + 32;
/// Of a signature with the number of its key: `ED`, number, signature.
const SIGNATURE_BYTES: usize = 2 + 8 + 64;
/// Of a secret key file: see `SecretKey::parse`.
const SECRET_BYTES: usize = 2 + 2 + 2 + 32 + 8 + 8 + 8 + 64 + 32;

/// Who may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    number: [u8; 8],
    key: [u8; 32],
}

impl PublicKey {
    /// Reads a key: the line of base64 of a public key file, `RW…`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(line: &str) -> Result<Self> {
        let wrong = || Error::invalid("key", "This is no public key of minisign (RW…).");
        let bytes = STANDARD.decode(line.trim()).map_err(|_| wrong())?;
        let bytes: [u8; PUBLIC_BYTES] = bytes.try_into().map_err(|_| wrong())?;
        if &bytes[..2] != b"Ed" {
            return Err(wrong());
        }
        Ok(Self {
            number: array(&bytes[2..10]),
            key: array(&bytes[10..]),
        })
    }

    /// The key as the line of base64.
    #[must_use]
    pub fn line(&self) -> String {
        STANDARD.encode([&b"Ed"[..], &self.number, &self.key].concat())
    }

    /// Its number as minisign shows it: 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{:016X}", u64::from_le_bytes(self.number))
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

/// Which of the keys signed this text, and the comment that is signed with it.
///
/// # Errors
/// When the signature is none, is of another key, or does not fit.
pub fn verify<'k>(
    keys: &'k [PublicKey],
    text: &[u8],
    signature: &str,
) -> Result<(&'k PublicKey, String)> {
    let wrong = |sentence: &str| Error::invalid("signature", sentence);
    let parts = parts(signature).ok_or_else(|| wrong("The signature cannot be read."))?;
    let (number, signed, comment, comment_signed) = parts;
    let key = keys
        .iter()
        .find(|key| key.number == number)
        .ok_or_else(|| wrong("It was signed with a key that this appliance does not know."))?;
    let public = UnparsedPublicKey::new(&ED25519, &key.key);
    let unfit = |_| wrong("The signature does not fit: the file was changed or is damaged.");
    public
        .verify(&Blake2b512::digest(text), &signed)
        .map_err(unfit)?;
    let whole = [&signed[..], comment.as_bytes()].concat();
    public.verify(&whole, &comment_signed).map_err(unfit)?;
    Ok((key, comment))
}

type Parts = ([u8; 8], [u8; 64], String, [u8; 64]);

/// The four lines of a signature file.
fn parts(text: &str) -> Option<Parts> {
    let mut lines = text.lines();
    lines.next()?.strip_prefix("untrusted comment: ")?;
    let signature = STANDARD.decode(lines.next()?).ok()?;
    let signature: [u8; SIGNATURE_BYTES] = signature.try_into().ok()?;
    let comment = lines.next()?.strip_prefix("trusted comment: ")?;
    let comment_signed = STANDARD.decode(lines.next()?).ok()?;
    if &signature[..2] != b"ED" || lines.next().is_some() {
        return None;
    }
    Some((
        array(&signature[2..10]),
        array(&signature[10..]),
        comment.to_owned(),
        comment_signed.try_into().ok()?,
    ))
}

/// What signs. Kept by the maker, never on an appliance.
pub struct SecretKey {
    number: [u8; 8],
    seed: [u8; 32],
    public: [u8; 32],
}

impl SecretKey {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self> {
        let no_chance = |cause| Error::internal("No randomness.").because(cause);
        let (mut number, mut seed) = ([0; 8], [0; 32]);
        getrandom::fill(&mut number).map_err(no_chance)?;
        getrandom::fill(&mut seed).map_err(no_chance)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| Error::internal("The key could not be made."))?;
        Ok(Self {
            number,
            seed,
            public: array(pair.public_key().as_ref()),
        })
    }

    /// Reads a secret key file without a passphrase, as `minisign -G -W` makes it.
    ///
    /// # Errors
    /// When it is none, or has a passphrase.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |sentence: &str| Error::invalid("key", sentence);
        let line = text.lines().nth(1).unwrap_or_default();
        let bytes = STANDARD.decode(line.trim()).ok();
        let bytes: [u8; SECRET_BYTES] = bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| wrong("This is no secret key of minisign."))?;
        if &bytes[2..4] != b"\0\0" {
            return Err(wrong(
                "This key has a passphrase. Sign with minisign itself: bundle manifest, then \
                 minisign -S, then bundle make --signature FILE.",
            ));
        }
        let key = Self {
            number: array(&bytes[54..62]),
            seed: array(&bytes[62..94]),
            public: array(&bytes[94..126]),
        };
        // minisign writes no checksum where there is no passphrase.
        let sound = bytes[126..] == [0; 32] || bool::from(key.checksum().ct_eq(&bytes[126..]));
        if &bytes[..2] != b"Ed" || !sound {
            return Err(wrong("This secret key is damaged."));
        }
        Ok(key)
    }

    /// The key as a file.
    #[must_use]
    pub fn file(&self) -> String {
        let bytes = [
            &b"Ed\0\0B2"[..],
            &[0; 48],
            &self.number,
            &self.seed,
            &self.public,
            &self.checksum(),
        ]
        .concat();
        let line = STANDARD.encode(bytes);
        format!("untrusted comment: indusmind secret key, keep it to yourself\n{line}\n")
    }

    fn checksum(&self) -> [u8; 32] {
        let parts = [&b"Ed"[..], &self.number, &self.seed, &self.public].concat();
        array(&Blake2b::<U32>::digest(parts))
    }

    /// Who checks what this one signs.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        PublicKey {
            number: self.number,
            key: self.public,
        }
    }

    /// Signs a text; `comment` is one line.
    ///
    /// # Errors
    /// When the key does not fit together.
    pub fn sign(&self, text: &[u8], comment: &str) -> Result<String> {
        let pair = Ed25519KeyPair::from_seed_and_public_key(&self.seed, &self.public)
            .map_err(|_| Error::invalid("key", "This secret key is damaged."))?;
        let signed = pair.sign(&Blake2b512::digest(text));
        let whole = [signed.as_ref(), comment.as_bytes()].concat();
        let first = [&b"ED"[..], &self.number, signed.as_ref()].concat();
        Ok(format!(
            "untrusted comment: signature of an indusmind update\n{}\ntrusted comment: {comment}\n{}\n",
            STANDARD.encode(first),
            STANDARD.encode(pair.sign(&whole)),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_holds_and_nothing_else() {
        let key = SecretKey::parse(&SecretKey::generate().unwrap().file()).unwrap();
        let keys = [PublicKey::parse(&key.public().line()).unwrap()];
        let signature = key.sign(b"text", "indusmind 1.2.3").unwrap();
        let (by, comment) = verify(&keys, b"text", &signature).unwrap();
        assert_eq!((by, comment.as_str()), (&keys[0], "indusmind 1.2.3"));
        assert!(verify(&keys, b"Text", &signature).is_err());
        let other = SecretKey::generate().unwrap();
        assert!(verify(&[other.public()], b"text", &signature).is_err());
        let commented = signature.replace("1.2.3", "1.2.4");
        assert!(verify(&keys, b"text", &commented).is_err());
        // The first line alone is not signed.
        let from = signature.find('\n').unwrap();
        for at in from..signature.len() {
            let mut changed = signature.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&keys, b"text", &changed).is_err(), "{at}");
        }
    }

    /// Made with minisign 0.11 of Debian: `minisign -G -W`, `minisign -S -t 'a comment'`.
    #[test]
    fn what_minisign_made_is_understood() {
        const PUBLIC: &str = "RWSeOpnzvIi0JunCt2QViNxP+h3PO6bxBXMCPVPMZT8vnej3OOuhhtkj";
        const SECRET: &str = "untrusted comment: minisign encrypted secret key\n\
            RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAnjqZ87yItCZiGJqi\
            zTPHuxwqaDkPHB2JlY3+DNbMvKBh410Zk+ivMunCt2QViNxP+h3PO6bxBXMCPVPMZT8vnej3OOuhhtkjAAAAAAAA\
            AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
        const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
            RUSeOpnzvIi0JvLlSlF5LQOGwgkRryiTxHK3QKY99C4pTDBQEV879+bZh2QVcy9ie5Fi/bJnW8EPhiHJ0sKHImT2\
            mpRlBHz7Jw4=\ntrusted comment: a comment\n\
            znRvMVD+NenjOgYrxoR3M+gArz/BKwshgaDPP77OMq+XsE/LtT3E47ibK8inb9QyZYuyEmFUyOC0p8A+tF+XBw==\n";
        let text = b"a text that was signed elsewhere";
        let keys = [PublicKey::parse(PUBLIC).unwrap()];
        assert_eq!(keys[0].id(), "26B488BCF3993A9E");
        assert_eq!(verify(&keys, text, SIGNATURE).unwrap().1, "a comment");
        let secret = SecretKey::parse(SECRET).unwrap();
        assert_eq!(secret.public(), keys[0]);
        let ours = secret.sign(text, "ours").unwrap();
        assert_eq!(verify(&keys, text, &ours).unwrap().1, "ours");
    }

    #[test]
    fn a_damaged_secret_key_is_refused() {
        let file = SecretKey::generate().unwrap().file();
        let at = file.rfind('\n').unwrap() - 8;
        let mut bytes = file.into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(SecretKey::parse(&String::from_utf8(bytes).unwrap()).is_err());
        assert!(SecretKey::parse("").is_err());
    }
}
