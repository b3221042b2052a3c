//! The one data directory; home of redb.
//!
//! Promises: a write that returned is on disk and survives power loss; one directory serves one
//! process; readers never block the writer. One thread writes the data file, and the commit
//! policy stands in one place ([`file`]). Periods that are over lie in files of their own
//! ([`Volumes`]), and so do photos and documents ([`Blobs`]). Will not do: know what they mean.
//!
//! Keys and values are bytes, so that no other room depends on redb; [`table::Table`] gives
//! records a type and a version.

pub mod audit;
mod blobs;
mod directory;
pub(crate) mod disk;
mod examine;
mod file;
mod migrate;
mod names;
mod opening;
pub mod operations;
pub(crate) mod overlay;
mod read;
mod reserve;
mod rewrite;
#[cfg(test)]
pub(crate) mod simulated;
pub(crate) mod snapshot;
pub(crate) mod switch;
pub mod table;
mod volume;
mod writer;

pub use blobs::{Blob, BlobHash, Blobs, Placed};
pub use directory::{LockOwner, inspect};
pub use disk::Room;
pub use read::{ReadFigures, Reader, View, Visit};
pub use reserve::Reserved;
pub use volume::{Volume, VolumeInfo, Volumes};
pub use writer::Transaction;

use crate::base::{Error, Result};
use disk::{Disk, RealDisk, StillDisk};
use file::{DataFile, FileKind};
use read::Reads;
use std::path::Path;
use std::sync::Arc;

/// Name of the data file in the data directory.
pub const DATA_FILE: &str = "indusmind.redb";

/// Version of the data file that this program writes.
#[must_use]
pub const fn schema() -> u64 {
    migrate::newest(FileKind::Main)
}

/// A named table: a map from byte keys to byte values in the order of the keys.
#[derive(Clone, Copy, Debug)]
pub struct TableName(&'static str);

impl TableName {
    /// The table of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    const fn definition(self) -> redb::TableDefinition<'static, &'static [u8], &'static [u8]> {
        redb::TableDefinition::new(self.0)
    }
}

/// The open data directory. Cheap to clone; closed when the last clone is gone and
/// [`Store::close`] has returned.
#[derive(Clone)]
pub struct Store {
    file: Arc<DataFile>,
    writer: writer::Writer,
    disk: Arc<dyn Disk>,
    reads: Arc<Reads>,
    copying: examine::Copying,
    path: std::path::PathBuf,
    /// Held as long as the store is; a simulated disk needs no lock.
    _directory: Option<Arc<directory::Directory>>,
}

impl Store {
    /// Opens the data directory, makes it when it is absent, and brings an older data file up to
    /// this version. `owner` is written beside the lock, so that a second instance can say who
    /// holds the directory.
    ///
    /// # Errors
    /// When another process has it, the file is damaged or made by a newer version, or the disk
    /// refuses; the sentence says which and what to do.
    pub fn open(directory: &Path, owner: &str) -> Result<Self> {
        let directory = directory::Directory::take(directory, owner)?;
        let path = directory.path().to_path_buf();
        switch::finish(&path)?;
        let disk = Arc::new(RealDisk::with_reserve(path.clone()));
        let mut store = Self::on(disk, &path)?;
        store._directory = Some(Arc::new(directory));
        Ok(store)
    }

    /// Opens a data directory to look at it: whatever is changed, also by bringing it up to this
    /// version, stays in memory. The directory is held meanwhile.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn look(directory: &Path) -> Result<Self> {
        let held = directory::Directory::hold(directory)?;
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(directory.to_path_buf()));
        let mut store = Self::on(Arc::new(StillDisk::over(disk)), directory)?;
        store._directory = held.map(Arc::new);
        Ok(store)
    }

    /// Whether every page of the data file in this directory is as it was written; reads all of it
    /// and changes nothing.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn is_intact(directory: &Path) -> Result<bool> {
        let disk = RealDisk::new(directory.to_path_buf());
        rewrite::is_intact(&disk, DATA_FILE, FileKind::Main.cache_bytes())
    }

    /// Opens the store on a disk; `path` is what the disk is called.
    pub(crate) fn on(disk: Arc<dyn Disk>, path: &Path) -> Result<Self> {
        let reads = Arc::default();
        let file = Arc::new(DataFile::open(&disk, DATA_FILE, FileKind::Main, &reads)?);
        Ok(Self {
            writer: writer::Writer::start(Arc::clone(&file))?,
            file,
            disk,
            reads,
            copying: examine::Copying::default(),
            path: path.to_path_buf(),
            _directory: None,
        })
    }

    /// The volumes of a folder of the data directory.
    #[must_use]
    pub fn volumes(&self, folder: &'static str) -> Volumes {
        Volumes::new(Arc::clone(&self.disk), folder, Arc::clone(&self.reads))
    }

    /// The files of the data directory that lie under their hash. Ask once and clone: what is
    /// being stored is known to the clones only.
    #[must_use]
    pub fn blobs(&self) -> Blobs {
        Blobs::of(&self.path)
    }

    /// Where the data lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that the data file takes from the disk.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.disk.bytes(DATA_FILE)
    }

    /// A consistent view of the last commit. Keep it short: while it lives, pages that later
    /// commits free cannot be used again, and the file grows. After five seconds it reads no more.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Reader> {
        self.file.begin_read()
    }

    /// Runs `work` in one write transaction and returns when it is on disk. When `work` fails
    /// nothing of it stays.
    ///
    /// # Errors
    /// What `work` returned, or [`crate::base::ErrorKind::Unavailable`] when the disk refused:
    /// then the change is there whole or not at all, and the next read tells which.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// As [`Store::write`], for a caller outside the runtime: the command line.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.writer.run_blocking(work)
    }

    /// As [`Store::write`], for readings: they leave the reserve to people, and wait while less
    /// than half of it is there.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_sparing<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.writer.run_sparing(work).await
    }

    /// The room that the data file holds for people; `None` where the file system keeps none.
    #[must_use]
    pub fn reserve(&self) -> Option<Reserved> {
        self.disk.reserve()?.state()
    }

    /// How much room there is on the disk; `None` when it does not say.
    #[must_use]
    pub fn room(&self) -> Option<Room> {
        self.disk.room()
    }

    /// What was seen of the reads of all its files.
    #[must_use]
    pub fn reads(&self) -> ReadFigures {
        self.reads.figures()
    }

    /// Returns when the writer has come to this; does nothing. Never while its queue is full. At once
    /// while the writer waits for the data file to be copied, and that gets on.
    pub async fn pulse(&self) {
        if !self.copying.gets_on() {
            self.writer.pulse().await;
        }
    }

    /// Whether the writer still takes work.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.file.is_healthy()
    }

    /// Finishes the work that was handed in and ends the writer thread. Later writes are
    /// refused; reads still work until the last clone is gone.
    pub fn close(&self) {
        self.writer.close();
    }

    /// Gives back the room that the data file holds for people, because this version is about to be
    /// followed by another one, which holds as much beside its own copy. After [`Store::close`].
    pub fn give_back_reserve(&self) {
        if let Some(reserve) = self.disk.reserve() {
            reserve.give_back();
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// A read of the data file failed.
pub(crate) fn read_error(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable("The data file cannot be read. Check the disk.").because(cause)
}

/// A write of the data file failed.
pub(crate) fn write_error(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable(
        "The data file cannot be written. Check that the disk has room and is not read-only.",
    )
    .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THINGS: TableName = TableName::new("things");

    #[test]
    fn what_was_written_is_there_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "first").unwrap();
        store
            .write_blocking(|tx| tx.put(THINGS, b"key", b"value"))
            .unwrap();
        store.close();
        drop(store);
        let store = Store::open(dir.path(), "second").unwrap();
        assert_eq!(
            store
                .read()
                .unwrap()
                .get(THINGS, b"key")
                .unwrap()
                .as_deref(),
            Some(&b"value"[..])
        );
    }

    #[test]
    fn a_refused_change_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        let refused: Result<()> = store.write_blocking(|tx| {
            tx.put(THINGS, b"half", b"done")?;
            Err(Error::conflict("No."))
        });
        assert!(refused.is_err());
        assert!(
            store
                .read()
                .unwrap()
                .get(THINGS, b"half")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_second_instance_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let _store = Store::open(dir.path(), "http://127.0.0.1:8080").unwrap();
        let error = Store::open(dir.path(), "second").unwrap_err();
        assert!(error.sentence.contains("http://127.0.0.1:8080"), "{error}");
        assert!(
            error.sentence.contains(&std::process::id().to_string()),
            "{error}"
        );
    }

    #[test]
    fn a_panic_in_a_change_does_not_end_the_writer() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        let refused: Result<()> = store.write_blocking(|_| panic!("injected"));
        assert!(refused.is_err());
        store
            .write_blocking(|tx| tx.put(THINGS, b"after", b"panic"))
            .unwrap();
    }

    #[test]
    fn a_closed_store_refuses_politely() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        store.close();
        let error = store
            .write_blocking(|tx| tx.put(THINGS, b"late", b""))
            .unwrap_err();
        assert_eq!(error.kind, crate::base::ErrorKind::Unavailable);
    }

    #[test]
    fn a_file_that_is_no_data_file_is_named_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(DATA_FILE);
        std::fs::write(&file, b"not a database").unwrap();
        let error = Store::open(dir.path(), "test").unwrap_err();
        assert!(error.sentence.contains(DATA_FILE), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"not a database");
    }
}
