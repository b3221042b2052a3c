//! One file with everything: a head of fixed length, the manifest, its signature, the binary.
//!
//! Promises: nothing is parsed before the signature holds, and nothing is written but the binary,
//! whole and with the hash that the manifest says, to the one place that was named.

use super::manifest::{MANIFEST_MAX, Manifest};
use super::minisign::{PublicKey, SIGNATURE_MAX, verify};
use crate::base::{Error, Result};
use crate::launcher::files::{hash_bytes, hex};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::Path;

/// First bytes of every bundle.
const MAGIC: &[u8; 16] = b"INDUSMIND UPDATE";
/// The one format there is.
const FORMAT: u32 = 1;
/// Bytes of the head: magic, format, lengths of manifest, signature and binary.
const HEAD: usize = 16 + 4 + 4 + 4 + 8;
/// Largest bundle, bytes.
pub const BUNDLE_MAX: u64 = 512 << 20;
/// How a bundle is called.
pub const ENDING: &str = "imu";
/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// A bundle whose signature holds, read up to its binary.
pub struct Opened {
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of the manifest: what a person confirms.
    pub manifest_hash: String,
    /// Number of the key that signed it.
    pub key: String,
    /// Bytes of the bundle.
    pub bytes: u64,
    file: File,
}

fn refused(sentence: &str) -> Error {
    Error::invalid("bundle", sentence)
}

fn broken(cause: std::io::Error) -> Error {
    refused("The file ends early or cannot be read. Copy it again.").because(cause)
}

/// Opens a bundle: the signature first.
///
/// # Errors
/// When it is none, too large, or its signature does not hold.
pub fn open(path: &Path, keys: &[PublicKey]) -> Result<Opened> {
    let mut file = File::open(path).map_err(broken)?;
    let length = file.metadata().map_err(broken)?.len();
    let mut head = [0; HEAD];
    file.read_exact(&mut head).map_err(broken)?;
    let number = |from: usize| {
        let bytes = [head[from], head[from + 1], head[from + 2], head[from + 3]];
        u32::from_le_bytes(bytes)
    };
    if &head[..16] != MAGIC {
        return Err(refused("This is no update of Indusmind."));
    }
    if number(16) != FORMAT {
        return Err(refused(
            "This update is of a newer kind; install one in between first.",
        ));
    }
    let (manifest, signature) = (number(20) as usize, number(24) as usize);
    let binary = u64::from(number(28)) | u64::from(number(32)) << 32;
    let all = HEAD as u64 + manifest as u64 + signature as u64;
    let whole = binary <= BUNDLE_MAX && all + binary == length;
    if manifest > MANIFEST_MAX || signature > SIGNATURE_MAX || !whole {
        return Err(refused(
            "The file is not as long as it says. Copy it again.",
        ));
    }
    let mut text = vec![0; manifest];
    file.read_exact(&mut text).map_err(broken)?;
    let mut signed = vec![0; signature];
    file.read_exact(&mut signed).map_err(broken)?;
    let signed = String::from_utf8(signed).map_err(|_| refused("The signature cannot be read."))?;
    let (key, _) = verify(keys, &text, &signed)?;
    let parsed = Manifest::parse(&text)?;
    if parsed.bytes != binary {
        return Err(refused("The binary is not as long as the manifest says."));
    }
    Ok(Opened {
        manifest: parsed,
        manifest_hash: hash_bytes(&text),
        key: key.id(),
        bytes: length,
        file,
    })
}

impl Opened {
    /// Writes the binary to this place and makes it last; what does not fit the manifest is taken
    /// away again.
    ///
    /// # Errors
    /// When its hash is not the one that was signed; what `full` says when the disk refuses.
    pub fn unpack(&mut self, to: &Path, full: &dyn Fn(std::io::Error) -> Error) -> Result<()> {
        let done = self.write_to(to, full);
        if done.is_err() {
            let _ = std::fs::remove_file(to);
        }
        done
    }

    fn write_to(&mut self, to: &Path, full: &dyn Fn(std::io::Error) -> Error) -> Result<()> {
        let mut out = File::create(to).map_err(full)?;
        let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE]);
        loop {
            let read = self.file.read(&mut piece).map_err(broken)?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            out.write_all(&piece[..read]).map_err(full)?;
        }
        out.sync_all().map_err(full)?;
        if hex(&hasher.finalize()) == self.manifest.sha256 {
            Ok(())
        } else {
            Err(refused(
                "The binary is not the one that was signed. Copy the file again.",
            ))
        }
    }
}

/// Joins a manifest, its signature and the binary.
///
/// # Errors
/// When one is too long or the bundle cannot be written.
pub fn make(manifest: &[u8], signature: &str, binary: &[u8], out: &Path) -> Result<()> {
    let long = |_| refused("A part of it is too long.");
    let head = [
        &MAGIC[..],
        &FORMAT.to_le_bytes(),
        &u32::try_from(manifest.len()).map_err(long)?.to_le_bytes(),
        &u32::try_from(signature.len()).map_err(long)?.to_le_bytes(),
        &(binary.len() as u64).to_le_bytes(),
    ]
    .concat();
    let written = File::create(out).and_then(|mut file| {
        file.write_all(&head)?;
        file.write_all(manifest)?;
        file.write_all(signature.as_bytes())?;
        file.write_all(binary)?;
        file.sync_all()
    });
    written.map_err(|cause| {
        Error::unavailable(format!("{} cannot be written.", out.display())).because(cause)
    })
}
