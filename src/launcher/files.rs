//! Changes to the disk, one numbered step each, so that a test can stop before any of them.
//!
//! Promises: what returned is on disk. Will not do: decide what is changed.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// Bytes that are hashed at once.
const PIECE: usize = 1 << 20;
/// Bytes that are copied before they are made to last: seconds on a slow disk.
const COPY_PIECE: u64 = 64 << 20;

/// The disk, with a fuse for tests.
#[derive(Debug, Default)]
pub struct Files {
    done: AtomicU64,
    /// At this step nothing more happens, ever: the power is gone. 0 is never.
    dies_at: u64,
}

impl Files {
    /// A disk that stops working before its step `number`, from 1, and leaves half of a write.
    #[must_use]
    pub fn dying_at(number: u64) -> Self {
        Self {
            done: AtomicU64::new(0),
            dies_at: number,
        }
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Whether the fuse has blown.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dies_at != 0 && self.steps() >= self.dies_at
    }

    fn step(&self) -> io::Result<()> {
        let number = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.dies_at != 0 && number >= self.dies_at {
            return Err(io::Error::other("the power is gone"));
        }
        Ok(())
    }

    /// Makes a directory with its parents; it may be there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        fs::create_dir_all(path)
    }

    /// Writes a file anew, in place.
    ///
    /// # Errors
    /// When the disk refuses; then any part of it may be there.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        let mut file = File::create(path)?;
        if let Err(dead) = self.step() {
            file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(dead);
        }
        file.write_all(bytes)?;
        self.step()?;
        file.sync_all()
    }

    /// Writes a file under another name first, so that it is there whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn place(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = path.with_extension("part");
        self.write(&beside, bytes)?;
        self.rename(&beside, path)?;
        self.sync_dir_of(path)
    }

    /// Copies a file; the copy has the time of the original.
    ///
    /// # Errors
    /// When the disk refuses; then any part of the copy may be there.
    pub fn copy(&self, from: &Path, to: &Path) -> io::Result<u64> {
        self.copy_telling(from, to, &mut |_| {})
    }

    /// As [`Files::copy`]; `told` hears of each piece when it is on disk, so that a file of many
    /// gigabytes on a slow disk is not taken for a hang.
    fn copy_telling(&self, from: &Path, to: &Path, told: &mut dyn FnMut(u64)) -> io::Result<u64> {
        self.step()?;
        let source = File::open(from)?;
        let mut target = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(to)?;
        let about = source.metadata()?;
        if let Err(dead) = self.step() {
            io::copy(&mut (&source).take(about.len() / 2), &mut target)?;
            return Err(dead);
        }
        let mut bytes = 0;
        loop {
            // `io::copy` lets the file system share the blocks where it can.
            let piece = io::copy(&mut (&source).take(COPY_PIECE), &mut target)?;
            if piece == 0 {
                break;
            }
            target.sync_data()?;
            bytes += piece;
            told(piece);
        }
        target.set_permissions(about.permissions())?;
        self.step()?;
        target.set_modified(about.modified().unwrap_or(SystemTime::UNIX_EPOCH))?;
        target.sync_all()?;
        Ok(bytes)
    }

    /// Copies a directory with what is in it, but sockets and links; `told` hears of the bytes of
    /// each piece. Files that are there already, with size and time of the original, are kept.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn copy_tree(&self, from: &Path, to: &Path, told: &mut dyn FnMut(u64)) -> io::Result<()> {
        self.make_dir(to)?;
        fs::set_permissions(to, fs::metadata(from)?.permissions())?;
        for entry in sorted(from)? {
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.copy_tree(&source, &target, told)?;
            } else if kind.is_file() {
                match same(&source, &target) {
                    Some(bytes) => told(bytes),
                    None => self.copy_telling(&source, &target, told).map(drop)?,
                }
            }
        }
        self.sync_dir(to)
    }

    /// Renames, over what has that name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        fs::rename(from, to)
    }

    /// Takes a file away, if it is there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        absent_is_fine(fs::remove_file(path))
    }

    /// Takes a directory away with all that is in it, file by file, if it is there.
    ///
    /// # Errors
    /// When the disk refuses; then some of it may be gone.
    pub fn remove_tree(&self, path: &Path) -> io::Result<()> {
        // A link is not followed: it may lead out of what is to go.
        if !fs::symlink_metadata(path).is_ok_and(|about| about.is_dir()) {
            return Ok(());
        }
        for entry in sorted(path)? {
            if entry.file_type()?.is_dir() {
                self.remove_tree(&entry.path())?;
            } else {
                self.remove(&entry.path())?;
            }
        }
        self.step()?;
        absent_is_fine(fs::remove_dir(path))
    }

    /// Makes names in a directory last.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        File::open(path)?.sync_all()
    }

    /// Makes the name of a file last.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync_dir_of(&self, path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), |parent| self.sync_dir(parent))
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The entries of a directory, by name, so that every run takes the same steps.
fn sorted(path: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let mut all = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    all.sort_by_key(fs::DirEntry::file_name);
    Ok(all)
}

/// The size of both, when they have the same, and the same time.
fn same(one: &Path, other: &Path) -> Option<u64> {
    let (one, other) = (fs::metadata(one).ok()?, fs::metadata(other).ok()?);
    let alike = one.len() == other.len() && one.modified().ok()? == other.modified().ok()?;
    alike.then_some(one.len())
}

/// Bytes of all files below a directory.
///
/// # Errors
/// When it cannot be read.
pub fn tree_bytes(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in sorted(path)? {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            bytes += tree_bytes(&entry.path())?;
        } else if kind.is_file() {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// SHA-256 of a file, hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&piece[..read]),
        }
    }
}

/// SHA-256 of bytes, hexadecimal.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
