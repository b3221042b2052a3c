//! A backup as it lies in its folder: its files, decrypted while they are read, so that an encrypted
//! one is proven without a copy of it in the clear.

use super::age::{AgeKey, CHUNK, Fault, Payload};
use super::manifest::{MANIFEST, Manifest, Member};
use crate::base::{Error, Result};
use crate::store::overlay::Still;
use crate::store::snapshot::Source;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Ending of the folder of a backup that is not whole.
pub(super) const UNFINISHED: &str = ".part";
/// Start of the name of a backup.
pub(super) const PREFIX: &str = "indusmind-";
/// Backups of a folder that are listed at most.
const LISTED_MAX: usize = 500;
/// Bytes that hold a header and a nonce.
const START: usize = 2 << 10;
const TAG: u64 = 16;

/// An opened backup.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    pub(super) key: Option<AgeKey>,
    files: BTreeMap<String, Member>,
}

impl Place {
    /// Opens the backup in this folder; `passphrase` is asked for when it is encrypted.
    ///
    /// # Errors
    /// When there is none, its manifest was changed, or the passphrase is missing or another.
    pub fn open(folder: &Path, passphrase: Option<&str>) -> Result<Self> {
        let manifest = Manifest::read(folder)?;
        let key = match (manifest.encrypted, passphrase) {
            (false, _) => None,
            (true, None) => {
                let sentence =
                    "The backup is encrypted. Give the passphrase that it was made with.";
                return Err(Error::invalid("passphrase", sentence));
            }
            (true, Some(passphrase)) => Some(key_of(folder, &manifest, passphrase)?),
        };
        Manifest::prove(folder, key.as_ref())?;
        let named = |file: &Member| (file.name.clone(), file.clone());
        Ok(Self {
            files: manifest.files.iter().map(named).collect(),
            folder: folder.to_path_buf(),
            manifest,
            key,
        })
    }

    /// Where a file of it lies.
    pub(super) fn path_of(&self, file: &Member) -> PathBuf {
        self.folder.join(file.stored_name(self.manifest.encrypted))
    }

    /// The content of a file of it.
    pub(super) fn content_of(&self, file: &Member) -> io::Result<Arc<dyn Still>> {
        let stored = File::open(self.path_of(file))?;
        match &self.key {
            None => Ok(Arc::new(stored)),
            Some(key) => Ok(Arc::new(Sealed::open(stored, key)?)),
        }
    }
}

impl Source for Place {
    fn still(&self, name: &str) -> io::Result<Arc<dyn Still>> {
        match self.files.get(name) {
            Some(file) => self.content_of(file),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let inside = |name: &&String| name.rsplit_once('/').is_some_and(|(of, _)| of == folder);
        self.files.keys().filter(inside).cloned().collect()
    }
}

fn key_of(folder: &Path, manifest: &Manifest, passphrase: &str) -> Result<AgeKey> {
    let damaged = || Error::invalid("backup", "The files of the backup are damaged.");
    let first = manifest.files.first().ok_or_else(damaged)?;
    let path = folder.join(first.stored_name(true));
    let file = File::open(&path).map_err(|cause| damaged().because(cause))?;
    let start = start_of(&file).map_err(|cause| damaged().because(cause))?;
    AgeKey::open(passphrase, &start).map_err(|fault| match fault {
        Fault::Damaged => damaged(),
        Fault::Passphrase => {
            let sentence = "That is not the passphrase of this backup.";
            Error::invalid("passphrase", sentence)
        }
        Fault::TooMuchWork => {
            let sentence = "The backup was encrypted with more work than this machine has memory \
                            for. Decrypt it with the age program first.";
            Error::invalid("backup", sentence)
        }
    })
}

fn start_of(file: &File) -> io::Result<Vec<u8>> {
    let mut start = vec![0; START];
    let mut have = 0;
    while have < START {
        match file.read_at(&mut start[have..], have as u64)? {
            0 => break,
            more => have += more,
        }
    }
    start.truncate(have);
    Ok(start)
}

/// A file that is decrypted chunk by chunk, wherever it is read.
struct Sealed {
    file: File,
    payload: Payload,
    /// Where the payload begins, and how many bytes it has.
    head: u64,
    len: u64,
    plain: u64,
    /// The chunk that was read last.
    last: Mutex<(u64, Vec<u8>)>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an encrypted file was changed")
}

impl Sealed {
    fn open(file: File, key: &AgeKey) -> io::Result<Self> {
        let start = start_of(&file)?;
        if !key.fits(&start) {
            return Err(changed());
        }
        let payload = key.payload(&start).map_err(|_| changed())?;
        let head = key.head_len();
        let len = file
            .metadata()?
            .len()
            .checked_sub(head)
            .ok_or_else(changed)?;
        Ok(Self {
            plain: Payload::plain_len(len).ok_or_else(changed)?,
            file,
            payload,
            head,
            len,
            last: Mutex::new((u64::MAX, Vec::new())),
        })
    }

    fn chunk(&self, number: u64, chunk: &mut Vec<u8>) -> io::Result<()> {
        let whole = CHUNK as u64 + TAG;
        let at = number * whole;
        let length = whole.min(self.len.checked_sub(at).ok_or_else(changed)?);
        chunk.resize(usize::try_from(length).unwrap_or(0), 0);
        self.file.read_exact_at(chunk, self.head + at)?;
        let is_last = at + length == self.len;
        let opened = self.payload.open(number, is_last, chunk);
        opened.ok_or_else(changed)
    }
}

impl Still for Sealed {
    fn len(&self) -> io::Result<u64> {
        Ok(self.plain)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.plain {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = 0;
        while done < out.len() {
            let at = offset + done as u64;
            let number = at / CHUNK as u64;
            if last.0 != number {
                // Not a chunk until it was opened.
                last.0 = u64::MAX;
                self.chunk(number, &mut last.1)?;
                last.0 = number;
            }
            let inside = usize::try_from(at % CHUNK as u64).unwrap_or(0);
            let there = last.1.get(inside..).ok_or_else(changed)?;
            let length = there.len().min(out.len() - done);
            if length == 0 {
                return Err(changed());
            }
            out[done..done + length].copy_from_slice(&there[..length]);
            done += length;
        }
        Ok(())
    }
}

/// The backups of a folder, newest first; those that are not whole have another name and are not
/// among them.
///
/// # Errors
/// When the folder is not there or cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Manifest>> {
    let entries = std::fs::read_dir(folder).map_err(|cause| {
        let sentence = format!(
            "{} cannot be read. Plug the stick in, mount the share, or choose another folder.",
            folder.display()
        );
        Error::unavailable(sentence).because(cause)
    })?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && !name.ends_with(UNFINISHED))
        .filter(|name| folder.join(name).join(MANIFEST).is_file())
        .collect();
    // The instant stands at the end of a name.
    names.sort_unstable_by(|a, b| stamp_of(b).cmp(stamp_of(a)));
    names.truncate(LISTED_MAX);
    let read = |name: &String| {
        let manifest = Manifest::read(&folder.join(name));
        manifest
            .inspect_err(|error| tracing::warn!(%error, name, "a backup that cannot be read"))
            .ok()
            // Whoever renamed it knows which it is; the page does not.
            .filter(|manifest| manifest.id == *name)
    };
    Ok(names.iter().filter_map(read).collect())
}

fn stamp_of(name: &str) -> &str {
    name.rsplit_once('-').map_or("", |(_, stamp)| stamp)
}
