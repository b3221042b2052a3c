//! The age format (<https://age-encryption.org/v1>) with a passphrase, so that a backup opens with
//! the `age` program on any machine and needs none of ours.
//!
//! All files of a backup have the same header, and with it the same file key: the passphrase is
//! stretched once, not once a file. Each has a nonce of its own, from which its payload key is made.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::io::{self, Write};

/// First line of a file.
const INTRO: &str = "age-encryption.org/v1\n";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// Power of two of the work that a guess costs: 64 MB and about a fifth of a second. The appliance
/// may have no more than a few hundred megabytes.
const WORK: u8 = 16;
/// Most work that a file may ask for: 256 MB, what the `age` program asks for itself.
const WORK_MAX: u8 = 18;
/// Bytes of a chunk of the payload, and of the tag behind it.
pub(super) const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
/// Bytes of the nonce before the payload.
const NONCE: usize = 16;
/// Longest header that is read: ours has 172 bytes.
const HEADER_MAX: usize = 1 << 10;

/// Why a file cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not in this format, or was changed.
    Damaged,
    /// The passphrase is another.
    Passphrase,
    /// It asks for more memory than an appliance has.
    TooMuchWork,
}

/// The key of the files of a backup, and the header that they share.
#[derive(Clone)]
pub(super) struct AgeKey {
    header: Vec<u8>,
    file_key: [u8; 16],
}

impl std::fmt::Debug for AgeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AgeKey")
    }
}

impl AgeKey {
    /// A new key that this passphrase opens; `random` gives a salt and the file key.
    pub(super) fn new(passphrase: &str, (salt, file_key): ([u8; 16], [u8; 16])) -> Option<Self> {
        let wrap = wrap_key(passphrase, &salt, WORK)?;
        let mut body = file_key.to_vec();
        cipher(&wrap)?
            .seal_in_place_append_tag(no_nonce(), Aad::empty(), &mut body)
            .ok()?;
        let mut header = format!(
            "{INTRO}-> scrypt {} {WORK}\n{}\n---",
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(body)
        );
        let mac = hmac::sign(&mac_key(&file_key)?, header.as_bytes());
        header += &format!(" {}\n", STANDARD_NO_PAD.encode(mac));
        Some(Self {
            header: header.into_bytes(),
            file_key,
        })
    }

    /// The key of a file that begins with these bytes.
    pub(super) fn open(passphrase: &str, start: &[u8]) -> Result<Self, Fault> {
        let header = header_of(start).ok_or(Fault::Damaged)?;
        let text = std::str::from_utf8(header).map_err(|_| Fault::Damaged)?;
        let mut lines = text.strip_prefix(INTRO).ok_or(Fault::Damaged)?.lines();
        let mut next = || lines.next().ok_or(Fault::Damaged);
        let (stanza, body, end) = (next()?, next()?, next()?);
        let stanza = stanza.strip_prefix("-> scrypt ").ok_or(Fault::Damaged)?;
        let (salt, work) = stanza.split_once(' ').ok_or(Fault::Damaged)?;
        let salt: [u8; 16] = bytes_of(salt).ok_or(Fault::Damaged)?;
        let work: u8 = work.parse().map_err(|_| Fault::Damaged)?;
        if work > WORK_MAX {
            return Err(Fault::TooMuchWork);
        }
        let mut body = bytes_of::<32>(body).ok_or(Fault::Damaged)?;
        let wrap = wrap_key(passphrase, &salt, work).ok_or(Fault::Damaged)?;
        let plain = cipher(&wrap).ok_or(Fault::Damaged)?;
        let plain = plain.open_in_place(no_nonce(), Aad::empty(), &mut body);
        let plain: &[u8] = plain.map_err(|_| Fault::Passphrase)?;
        let file_key = plain.try_into().map_err(|_| Fault::Damaged)?;
        let mac = end.strip_prefix("--- ").and_then(bytes_of::<32>);
        let signed = &header[..header.len() - end.len() - 1 + "---".len()];
        let key = mac_key(&file_key).ok_or(Fault::Damaged)?;
        hmac::verify(&key, signed, &mac.ok_or(Fault::Damaged)?).map_err(|_| Fault::Damaged)?;
        Ok(Self {
            header: header.to_vec(),
            file_key,
        })
    }

    /// Whether a file that begins with these bytes has this key.
    pub(super) fn fits(&self, start: &[u8]) -> bool {
        start.starts_with(&self.header)
    }

    /// A sum over a text that only who has the key can make.
    pub(super) fn sign(&self, text: &[u8]) -> Option<[u8; 32]> {
        let key = derive(&self.file_key, &[], b"indusmind manifest")?;
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text);
        mac.as_ref().try_into().ok()
    }

    /// Bytes before the payload.
    pub(super) fn head_len(&self) -> u64 {
        (self.header.len() + NONCE) as u64
    }

    /// The payload of the file that begins with these bytes.
    pub(super) fn payload(&self, start: &[u8]) -> Result<Payload, Fault> {
        let nonce = start.strip_prefix(&*self.header).ok_or(Fault::Damaged)?;
        let nonce = nonce.first_chunk::<NONCE>().ok_or(Fault::Damaged)?;
        Payload::new(&self.file_key, nonce).ok_or(Fault::Damaged)
    }

    /// Encrypts what is written into it on its way to `out`.
    pub(super) fn writer<W: Write>(&self, mut out: W, nonce: [u8; NONCE]) -> io::Result<Sealer<W>> {
        out.write_all(&self.header)?;
        out.write_all(&nonce)?;
        let payload = Payload::new(&self.file_key, &nonce);
        Ok(Sealer {
            out,
            payload: payload.ok_or_else(|| io::Error::other("no key"))?,
            number: 0,
            chunk: Vec::with_capacity(CHUNK + TAG),
        })
    }
}

/// The chunks of one file.
pub(super) struct Payload {
    key: LessSafeKey,
}

impl Payload {
    fn new(file_key: &[u8; 16], nonce: &[u8; NONCE]) -> Option<Self> {
        let key = derive(file_key, nonce, b"payload")?;
        Some(Self { key: cipher(&key)? })
    }

    /// Bytes of the content of a payload of `len` bytes; `None` when there is no such payload.
    pub(super) fn plain_len(len: u64) -> Option<u64> {
        let whole = (CHUNK + TAG) as u64;
        let chunks = len.div_ceil(whole).max(1);
        let last = len.checked_sub((chunks - 1) * whole)?;
        let content = last.checked_sub(TAG as u64)?;
        // Only a file of no bytes ends with a chunk of none.
        (content > 0 || chunks == 1).then(|| len - chunks * TAG as u64)
    }

    /// The content of chunk `number`; `None` when it was changed.
    pub(super) fn open(&self, number: u64, last: bool, chunk: &mut Vec<u8>) -> Option<()> {
        let nonce = nonce_of(number, last);
        let plain = self.key.open_in_place(nonce, Aad::empty(), chunk).ok()?;
        let len = plain.len();
        chunk.truncate(len);
        Some(())
    }
}

/// Encrypts on the way to `out`. Without [`Sealer::finish`] what was written does not open.
pub(super) struct Sealer<W> {
    out: W,
    payload: Payload,
    number: u64,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Writes the last chunk and gives `out` back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        Ok(self.out)
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce_of(self.number, last);
        let sealed =
            (self.payload.key).seal_in_place_append_tag(nonce, Aad::empty(), &mut self.chunk);
        sealed.map_err(|_| io::Error::other("a chunk cannot be encrypted"))?;
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The last chunk may be full: which one it is, is known when more comes.
        if self.chunk.len() == CHUNK {
            self.put(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The header in front of a file, without the nonce.
fn header_of(start: &[u8]) -> Option<&[u8]> {
    let start = &start[..start.len().min(HEADER_MAX)];
    let end = start.windows(5).position(|five| five == b"\n--- ")?;
    let rest = start[end + 1..].iter().position(|byte| *byte == b'\n')?;
    Some(&start[..end + rest + 2])
}

fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn wrap_key(passphrase: &str, salt: &[u8; 16], work: u8) -> Option<[u8; 32]> {
    let params = scrypt::Params::new(work, 8, 1).ok()?;
    let mut key = [0; 32];
    let salt = [SCRYPT_LABEL, salt].concat();
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut key).ok()?;
    Some(key)
}

fn mac_key(file_key: &[u8; 16]) -> Option<hmac::Key> {
    let key = derive(file_key, &[], b"header")?;
    Some(hmac::Key::new(hmac::HMAC_SHA256, &key))
}

fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let info = [info];
    let expanded = secret.expand(&info, hkdf::HKDF_SHA256);
    expanded.ok()?.fill(&mut key).ok()?;
    Some(key)
}

fn cipher(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, key)
        .ok()
        .map(LessSafeKey::new)
}

/// The file key is wrapped once under a key of its own salt.
fn no_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn nonce_of(number: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
#[path = "age_tests.rs"]
mod tests;
