//! Files beside the data file, each under the hash of its content: `blobs/ab/abcdef…`.
//!
//! Promises: a file that was put is on disk, whole, before its hash is handed out, and the same
//! content lies there once; what does not match its hash is not given to anybody. Will not do:
//! know which files are needed — whoever keeps records of them says so to [`Blobs::sweep`].
//!
//! A file has no record until the transaction after it. A cut between the two leaves a file that
//! nobody names, never a name without a file; the sweep takes such files away.

use super::disk::sync_folder_of;
use crate::base::time::duration_ms;
use crate::base::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

/// Folder in the data directory.
const FOLDER: &str = "blobs";
/// Ending of a file that is not whole yet.
const UNFINISHED: &str = ".new";
/// A file that nobody names stays this long, ms: somebody may be copying the directory.
const ORPHAN_MS: i64 = 3_600_000;
/// Bytes of a piece on its way out.
const PIECE: usize = 64 << 10;

/// SHA-256 of a content, which is the name of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobHash([u8; 32]);

impl BlobHash {
    /// The hash of this content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(Sha256::digest(content).into())
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for BlobHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a hash is 64 hexadecimal digits in lower case";
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(WRONG),
        };
        let mut hash = [0; 32];
        if text.len() != 2 * hash.len() {
            return Err(WRONG);
        }
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(hash))
    }
}

impl TryFrom<String> for BlobHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BlobHash> for String {
    fn from(hash: BlobHash) -> Self {
        hash.to_string()
    }
}

/// The files of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: PathBuf,
    held: Arc<Mutex<Held>>,
}

/// What the sweep leaves alone because somebody is at work on it.
#[derive(Debug, Default)]
struct Held {
    /// Files under a temporary name.
    unfinished: BTreeSet<PathBuf>,
    /// Contents that wait for their record, and how many records they wait for.
    unrecorded: BTreeMap<BlobHash, usize>,
    /// Counts the temporary names.
    next: u64,
}

/// A content on disk whose record is being written: the sweep does not touch it meanwhile.
#[derive(Debug)]
pub struct Placed {
    /// Its name.
    pub hash: BlobHash,
    blobs: Blobs,
}

impl Drop for Placed {
    fn drop(&mut self) {
        let mut held = self.blobs.held();
        if let Some(waiting) = held.unrecorded.get_mut(&self.hash) {
            *waiting -= 1;
            if *waiting == 0 {
                held.unrecorded.remove(&self.hash);
            }
        }
    }
}

impl Blobs {
    /// The files of the data directory at `data_dir`.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self {
            root: data_dir.join(FOLDER),
            held: Arc::default(),
        }
    }

    /// Stores a content. Keep what is returned until the record that names it is committed.
    ///
    /// # Errors
    /// [`crate::base::ErrorKind::Unavailable`] when the disk refuses; then nothing is stored.
    pub fn put(&self, content: &[u8]) -> Result<Placed> {
        let hash = BlobHash::of(content);
        let unfinished = self.new_name();
        let placed = self.write(&unfinished, content).and_then(|()| {
            // Under the lock, so that a sweep sees either no such file or one that is held.
            let mut held = self.held();
            self.settle(&unfinished, hash)?;
            *held.unrecorded.entry(hash).or_default() += 1;
            Ok(())
        });
        if placed.is_err() {
            // What is left of it is of no use; when this fails as well, the sweep takes it.
            let _ = std::fs::remove_file(&unfinished);
        }
        self.held().unfinished.remove(&unfinished);
        placed.map_err(|cause| {
            Error::unavailable(
                "The file cannot be stored. Check that the disk has room and is not read-only.",
            )
            .because(cause)
        })?;
        Ok(Placed {
            hash,
            blobs: self.clone(),
        })
    }

    /// Opens a content after it was read once and compared with its hash.
    ///
    /// # Errors
    /// When it is absent, damaged or cannot be read; the sentence says what to do.
    pub fn open(&self, hash: BlobHash) -> Result<Blob> {
        let path = self.path(hash);
        let lost = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound => broken("is missing").because(cause),
            _ => Error::unavailable("A stored file cannot be read. Check the disk.").because(cause),
        };
        let mut file = File::open(&path).map_err(lost)?;
        let (mut digest, mut piece, mut bytes) = (Sha256::new(), vec![0; PIECE], 0);
        loop {
            let length = file.read(&mut piece).map_err(lost)?;
            if length == 0 {
                break;
            }
            digest.update(&piece[..length]);
            bytes += length as u64;
        }
        if BlobHash(digest.finalize().into()) != hash {
            tracing::error!(file = %path.display(), "a stored file does not match its hash");
            return Err(broken("is damaged"));
        }
        file.seek(SeekFrom::Start(0)).map_err(lost)?;
        Ok(Blob { file, left: bytes })
    }

    /// Takes away what `named` does not name and is older than an hour at `now`, and what was
    /// left unfinished; returns how many files went.
    ///
    /// # Errors
    /// What `named` returned, or when the folder cannot be read.
    pub fn sweep(
        &self,
        now: Timestamp,
        named: impl FnOnce() -> Result<BTreeSet<BlobHash>>,
    ) -> Result<usize> {
        // Held throughout: what is placed later is not looked at, what was placed before is
        // either held or already named.
        let held = self.held();
        let named = named()?;
        let needed = |hash: BlobHash| named.contains(&hash) || held.unrecorded.contains_key(&hash);
        let mut gone = 0;
        let refused = |cause: io::Error| {
            Error::unavailable("The folder of stored files cannot be read. Check the disk.")
                .because(cause)
        };
        for path in list(&self.root).map_err(refused)? {
            if path.is_dir() {
                for path in list(&path).map_err(refused)? {
                    let hash = hash_of(&path);
                    if hash.is_some_and(|hash| !needed(hash)) && is_orphan(&path, now) {
                        gone += usize::from(take_away(&path));
                    }
                }
            } else if is_unfinished(&path) && !held.unfinished.contains(&path) {
                gone += usize::from(take_away(&path));
            }
        }
        Ok(gone)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// A temporary name that the sweep leaves alone. One process has the directory, so a number
    /// is enough; a file of an earlier run under the same name is written over.
    fn new_name(&self) -> PathBuf {
        let mut held = self.held();
        held.next += 1;
        let path = self.root.join(format!("{}{UNFINISHED}", held.next));
        held.unfinished.insert(path.clone());
        path
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        make_folder(&self.root)?;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    /// Moves a whole file into its place. Also over a file of the same name: the old one may be
    /// damaged, this one is not.
    fn settle(&self, unfinished: &Path, hash: BlobHash) -> io::Result<()> {
        let path = self.path(hash);
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        std::fs::rename(unfinished, &path)?;
        sync_folder_of(&path)
    }
}

/// A content that was found to match its hash, to be read from its start.
#[derive(Debug)]
pub struct Blob {
    file: File,
    left: u64,
}

impl Blob {
    /// Bytes that are still to be read; all of them at first.
    #[must_use]
    pub const fn bytes_left(&self) -> u64 {
        self.left
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the disk refuses, or the file became shorter since it was opened.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(self.left).unwrap_or(PIECE))];
        self.file
            .read_exact(&mut piece)
            .map_err(|cause| broken("cannot be read to its end").because(cause))?;
        self.left -= piece.len() as u64;
        Ok(Some(piece))
    }
}

fn broken(how: &str) -> Error {
    Error::internal(format!(
        "The stored file {how}. Upload it again, or restore it from the last backup."
    ))
}

/// Makes a folder that only its owner can look into, durable when it returns. Also when it was
/// there: an earlier attempt may have been refused after half of it.
fn make_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder_of(path)
}

/// The entries of a folder; none when there is no folder.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    entries.map(|entry| Ok(entry?.path())).collect()
}

fn hash_of(path: &Path) -> Option<BlobHash> {
    path.file_name()?.to_str()?.parse().ok()
}

fn is_unfinished(path: &Path) -> bool {
    path.to_str().is_some_and(|name| name.ends_with(UNFINISHED))
}

/// Whether a file is old enough to be nobody's. One whose age is not known stays.
fn is_orphan(path: &Path, now: Timestamp) -> bool {
    let written = std::fs::metadata(path).and_then(|meta| meta.modified());
    let since_1970 = written
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let at = since_1970.and_then(|since| i64::try_from(duration_ms(since)).ok());
    at.is_some_and(|at| now.since_ms(Timestamp::from_ms(at)) > ORPHAN_MS)
}

/// Deletes a file of no use; one that stays is met again by the next sweep.
fn take_away(path: &Path) -> bool {
    match std::fs::remove_file(path) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, file = %path.display(), "a stored file cannot be deleted");
            false
        }
    }
}

#[cfg(test)]
#[path = "blobs_tests.rs"]
mod tests;
