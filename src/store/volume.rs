//! Volumes: further files of the data directory, one per period.
//!
//! A period that is over is a file of its own, so that forgetting it is deleting a file, and a
//! power cut never makes the start walk through years. Volumes are opened when they are asked
//! for; a few stay open.

use super::disk::Disk;
use super::file::{DataFile, FileKind};
use super::read::Reads;
use super::rewrite::is_intact;
use super::{Reader, Transaction, read_error, write_error};
use crate::base::Result;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Volumes that stay open: the months of a quarter of raw readings and the rollups of some years.
const OPEN_MAX: usize = 12;
const ENDING: &str = ".redb";

/// One further file. Cheap to clone; stays readable when it is forgotten meanwhile.
#[derive(Clone)]
pub struct Volume {
    inner: Arc<Inner>,
}

struct Inner {
    file: DataFile,
    /// One change at a time.
    turn: Mutex<()>,
}

impl Volume {
    /// A consistent view of its last commit. Keep it short, as [`super::Store::read`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Reader> {
        self.inner.file.begin_read()
    }

    /// Runs `work` in one write transaction on this thread and returns when it is on disk.
    ///
    /// # Errors
    /// As [`super::Store::write`].
    pub fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let _turn = self
            .inner
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.inner.file.change(work)
    }

    /// Writes the file anew, without what is free in it, when that is at least `percent` of it and
    /// `bytes`; `true` when it did. Changes wait meanwhile, reads do not. A power cut leaves the
    /// file as it was or the new one.
    ///
    /// # Errors
    /// When the disk refuses; then the file is as it was.
    pub fn give_back(&self, percent: u64, bytes: u64) -> Result<bool> {
        let _turn = self
            .inner
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.inner.file.give_back(percent, bytes)
    }
}

impl std::fmt::Debug for Volume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Volume")
    }
}

/// A volume as it lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeInfo {
    /// Its name, without folder and ending.
    pub name: String,
    /// Bytes that it takes from the disk.
    pub bytes: u64,
}

/// The volumes of one folder of the data directory. Cheap to clone.
#[derive(Clone)]
pub struct Volumes {
    disk: Arc<dyn Disk>,
    folder: &'static str,
    reads: Arc<Reads>,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    /// Name → volume and the turn in which it was last asked for.
    volumes: BTreeMap<String, (Volume, u64)>,
    turn: u64,
}

impl Volumes {
    pub(super) fn new(disk: Arc<dyn Disk>, folder: &'static str, reads: Arc<Reads>) -> Self {
        Self {
            disk,
            folder,
            reads,
            open: Arc::default(),
        }
    }

    /// The volume of this name; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be opened.
    pub fn get(&self, name: &str) -> Result<Option<Volume>> {
        self.find(name, false)
    }

    /// The volume of this name; made when it is absent.
    ///
    /// # Errors
    /// When it can neither be opened nor made.
    pub fn get_or_make(&self, name: &str) -> Result<Volume> {
        let found = self.find(name, true)?;
        found.ok_or_else(|| crate::base::Error::internal("A volume vanished while it was made."))
    }

    fn find(&self, name: &str, make: bool) -> Result<Option<Volume>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.turn += 1;
        let turn = open.turn;
        if let Some((volume, used)) = open.volumes.get_mut(name) {
            *used = turn;
            return Ok(Some(volume.clone()));
        }
        let path = self.path(name);
        if !make && !self.disk.exists(&path).map_err(read_error)? {
            return Ok(None);
        }
        let file = DataFile::open(&self.disk, &path, FileKind::Volume, &self.reads)?;
        let volume = Volume {
            inner: Arc::new(Inner {
                file,
                turn: Mutex::new(()),
            }),
        };
        open.make_room();
        open.volumes.insert(name.to_owned(), (volume.clone(), turn));
        Ok(Some(volume))
    }

    /// Whether every page of a volume is as it was written; reads all of it and changes nothing.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn is_intact(&self, name: &str) -> Result<bool> {
        let cache = FileKind::Volume.cache_bytes();
        is_intact(self.disk.as_ref(), &self.path(name), cache)
    }

    /// All volumes, in the order of their names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<VolumeInfo>> {
        let paths = self.disk.list(self.folder).map_err(read_error)?;
        let info = |path: &String| {
            let name = path.strip_prefix(self.folder)?.strip_prefix('/')?;
            Some(VolumeInfo {
                name: name.strip_suffix(ENDING)?.to_owned(),
                bytes: self.disk.bytes(path),
            })
        };
        Ok(paths.iter().filter_map(info).collect())
    }

    /// Deletes a volume; its space comes back when nobody reads it any more.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget(&self, name: &str) -> Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.volumes.remove(name);
        self.disk.remove(&self.path(name)).map_err(write_error)
    }

    /// Closes what is open; the next call opens it again.
    pub fn close(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.volumes.clear();
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}{ENDING}", self.folder)
    }
}

impl Open {
    /// Closes what nobody uses, longest unused first, until there is room for one more.
    fn make_room(&mut self) {
        while self.volumes.len() >= OPEN_MAX {
            let idle = |(_, (volume, _)): &(&String, &(Volume, u64))| {
                Arc::strong_count(&volume.inner) == 1
            };
            let oldest = self.volumes.iter().filter(idle);
            let Some(name) = oldest
                .min_by_key(|(_, (_, used))| *used)
                .map(|(n, _)| n.clone())
            else {
                return;
            };
            self.volumes.remove(&name);
        }
    }
}

impl std::fmt::Debug for Volumes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Volumes")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
