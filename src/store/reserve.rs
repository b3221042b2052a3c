//! Room that the data file holds ahead of what is written, so that a person who signs in, changes
//! or deletes something is served on a disk on which nothing is left.
//!
//! Blocks behind the last page are taken from the file system before they are needed
//! (`fallocate`): nobody else can have them, using them is writing to them, and a crash leaves a
//! file that holds some room. Readings go on only where as much lies behind them as before; once a
//! half is gone they wait. It is made again before the next change for which there is room. Where
//! another version follows on a copy, it is given back first: a disk holds it once.
//!
//! A file system that knows no such call (docs/operating.md, *A full disk*) has none, and nobody waits.

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use rustix::fs::{FallocateFlags, SeekFrom, fallocate, seek};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that are held: some thousand changes, each of which writes a few pages anew.
const WHOLE: u64 = 64 << 20;
/// On a small disk not more than this part of it.
const SHARE: u64 = 32;
/// Taken beyond that when something is taken, bytes: not every commit asks the file system.
const STRIDE: u64 = 4 << 20;
/// Less than this is not asked for, bytes.
const PIECE: u64 = 64 << 10;
/// It counts as being in use when so many parts of a hundred are gone.
const USED_PERCENT: u64 = 10;

/// The room that the data file holds for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// Bytes that are held now.
    pub held: u64,
    /// Bytes that are to be held.
    pub whole: u64,
}

impl Reserved {
    /// Whether a part of it is gone that is worth telling.
    #[must_use]
    pub const fn is_in_use(self) -> bool {
        self.held < self.whole / 100 * (100 - USED_PERCENT)
    }

    /// Whether readings wait: less than half of it is there.
    #[must_use]
    pub const fn is_low(self) -> bool {
        self.held < self.whole / 2
    }
}

/// The reserve of one data file.
#[derive(Debug, Default)]
pub(crate) struct Reserve {
    /// What is written now may not use it.
    sparing: AtomicBool,
    ahead: Mutex<Ahead>,
}

#[derive(Debug, Default)]
struct Ahead {
    /// The file in an opening of its own, which no lock is bound to; `None` where the file system
    /// keeps no room.
    file: Option<File>,
    /// Up to here it was written, bytes.
    written: u64,
    /// Up to here its blocks are taken, bytes.
    taken: u64,
    whole: u64,
}

impl Reserve {
    fn lock(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a data file that exists, and takes what room there is behind it.
    pub(super) fn open(self: &Arc<Self>, path: &Path) -> Result<AheadFile, DatabaseError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let (file, own) = (options.open(path)?, options.open(path)?);
        if file.metadata()?.len() == 0 {
            // It would be made anew: an empty file is none of ours.
            return Err(io::Error::from(io::ErrorKind::InvalidData).into());
        }
        *self.lock() = Ahead::of(own);
        Ok(AheadFile {
            file: FileBackend::new(file)?,
            reserve: Arc::clone(self),
        })
    }

    /// What is held; `None` where the file system keeps no room.
    pub(super) fn state(&self) -> Option<Reserved> {
        let ahead = self.lock();
        ahead.file.as_ref().map(|_| ahead.state())
    }

    /// Bytes that the file takes and nothing was written to.
    pub(super) fn ahead_bytes(&self) -> u64 {
        let ahead = self.lock();
        ahead.taken.saturating_sub(ahead.written)
    }

    /// Makes it whole again as far as there is room.
    pub(super) fn renew(&self) {
        let mut ahead = self.lock();
        let to = ahead.written.saturating_add(ahead.whole);
        ahead.take_to(to);
    }

    /// Gives back what is held, for good: another version is about to hold as much beside its own copy.
    pub(super) fn give_back(&self) {
        let mut ahead = self.lock();
        let Some(file) = ahead.file.take() else {
            return;
        };
        // Cut off at its own length a file loses what lies behind it, and nothing else.
        let cut = file.metadata().and_then(|meta| file.set_len(meta.len()));
        if let Err(error) = cut {
            tracing::warn!(%error, "the reserve of the data file was not given back");
        }
    }

    /// Lets what is written until the end of `work` not use it.
    pub(super) fn spare<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Until<'a>(&'a AtomicBool);
        impl Drop for Until<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Relaxed);
            }
        }
        self.sparing.store(true, Ordering::Relaxed);
        let _until = Until(&self.sparing);
        work()
    }

    /// Before the file is written up to `end`.
    fn go_to(&self, end: u64) -> io::Result<()> {
        let mut ahead = self.lock();
        if end <= ahead.written {
            return Ok(());
        }
        let needs = end.saturating_add(ahead.whole);
        if ahead.taken < needs {
            ahead.take_to(needs.saturating_add(STRIDE));
        }
        let kept = ahead.file.is_some();
        if kept && ahead.taken < needs && self.sparing.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        ahead.written = end;
        Ok(())
    }

    /// After the file was cut off at `len`, and with it what was held behind.
    fn cut_at(&self, len: u64) {
        let mut ahead = self.lock();
        ahead.written = ahead.written.min(len);
        ahead.taken = ahead.taken.min(len);
        let to = ahead.written.saturating_add(ahead.whole);
        ahead.take_to(to);
    }
}

impl Ahead {
    fn of(file: File) -> Self {
        let Some(room) = room_of(&file) else {
            return Self::default();
        };
        let mut ahead = Self {
            written: end_of_data(&file),
            taken: 0,
            whole: WHOLE.min(room.1 / SHARE),
            file: Some(file),
        };
        ahead.fill_holes();
        ahead.taken = ahead.written + ahead.found();
        ahead.take_to(ahead.written + ahead.whole);
        ahead
    }

    /// What an earlier opening took behind the data, bytes. On a full disk it cannot be asked for
    /// again: xfs refuses that even for blocks that are the file's own.
    fn found(&self) -> u64 {
        let meta = self.file.as_ref().and_then(|file| file.metadata().ok());
        let blocks = meta.map_or(0, |meta| meta.blocks() * 512);
        // What the file system notes down about the file counts as well.
        let notes = PIECE + blocks / 1_000;
        let behind = blocks.saturating_sub(self.written + notes);
        behind.min(self.whole + STRIDE)
    }

    fn state(&self) -> Reserved {
        Reserved {
            held: self.taken.saturating_sub(self.written).min(self.whole),
            whole: self.whole,
        }
    }

    /// Pages in the middle that were never written would need room, too. What there is no room for
    /// stays as it is.
    fn fill_holes(&self) {
        if let Some(file) = self.file.as_ref().filter(|_| self.written > 0) {
            let _ = fallocate(file, FallocateFlags::KEEP_SIZE, 0, self.written);
        }
    }

    /// Takes blocks up to `to`, or as many as there are.
    fn take_to(&mut self, to: u64) {
        while self.taken < to {
            let Some(file) = &self.file else {
                return;
            };
            let free = room_of(file).map_or(0, |room| room.0);
            let piece = (to - self.taken).min(free);
            if piece < PIECE {
                return;
            }
            match fallocate(file, FallocateFlags::KEEP_SIZE, self.taken, piece) {
                Ok(()) => self.taken += piece,
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.file = None,
                // Less than was told, or a limit: what of it was taken all the same is taken again.
                Err(_) if piece > STRIDE => match self.take(STRIDE) {
                    true => {}
                    false => return,
                },
                Err(_) => return,
            }
        }
    }

    /// Takes so many bytes more; whether it did.
    fn take(&mut self, bytes: u64) -> bool {
        let taken = self.file.as_ref().is_some_and(|file| {
            fallocate(file, FallocateFlags::KEEP_SIZE, self.taken, bytes).is_ok()
        });
        self.taken += if taken { bytes } else { 0 };
        taken
    }
}

/// Bytes that are free on the disk of a file, and all of it; `None` when it does not say.
fn room_of(file: &File) -> Option<(u64, u64)> {
    let found = rustix::fs::fstatvfs(file).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some((bytes(found.f_bavail), bytes(found.f_blocks)))
}

/// Where the last data of a file ends: what is held behind it reads as a hole.
fn end_of_data(file: &File) -> u64 {
    let mut end = 0;
    while let Ok(data) = seek(file, SeekFrom::Data(end)) {
        match seek(file, SeekFrom::Hole(data)) {
            Ok(hole) if hole > end => end = hole,
            _ => break,
        }
    }
    end
}

/// A data file with room ahead.
#[derive(Debug)]
pub(super) struct AheadFile {
    file: FileBackend,
    reserve: Arc<Reserve>,
}

impl StorageBackend for AheadFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let before = self.file.len()?;
        if len == before {
            // It would give up what is held behind the end.
            return Ok(());
        }
        self.file.set_len(len)?;
        if len < before {
            self.reserve.cut_at(len);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.reserve.go_to(offset + data.len() as u64)?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(from, to)
    }

    fn try_lock_shared_range(
        &self,
        from: Bound<u64>,
        to: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(from, to)
    }

    fn lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(from, to)
    }

    fn lock_shared_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(from, to)
    }

    fn unlock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(from, to)
    }

    fn query_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(from, to)
    }
}

#[cfg(test)]
#[path = "reserve_tests.rs"]
mod tests;
