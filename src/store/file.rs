//! One data file: made whole, opened, and opened again after the disk refused.
//!
//! After an input/output error redb takes no more writes on the same handle, also when the disk
//! has room again. So the handle is dropped and the file opened anew, which repairs it to the
//! last commit; a write that failed is never taken for done.

use super::disk::Disk;
use super::{Transaction, migrate, read_error, write_error};
use crate::base::{Error, ErrorKind, Result};
use redb::{Database, Durability, ReadTransaction, ReadableDatabase as _, WriteTransaction};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How often opening again is tried for one change: a read that is under way holds the old handle
/// for a moment.
const REOPEN_TRIES: u32 = 40;
/// Pause between two tries.
const REOPEN_PAUSE: Duration = Duration::from_millis(50);

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Records, and readings on their way into volumes.
    Main,
    /// Sealed readings or rollups of a period.
    Volume,
}

impl FileKind {
    /// Page cache, bytes. The kernel caches the same pages behind it, so a small one costs
    /// little time and keeps the memory of the appliance bounded.
    const fn cache_bytes(self) -> usize {
        match self {
            Self::Main => 16 << 20,
            Self::Volume => 4 << 20,
        }
    }
}

/// One file of the data directory.
pub(super) struct DataFile {
    disk: Arc<dyn Disk>,
    name: String,
    kind: FileKind,
    /// `None` between a refusal of the disk and the next successful opening.
    database: RwLock<Option<Database>>,
    /// The last change did not end well: the file is opened again before the next one.
    suspect: AtomicBool,
    /// What the appliance tells about itself.
    healthy: AtomicBool,
}

impl DataFile {
    /// Opens the file; makes it when it is absent; brings an older one up to this version.
    pub(super) fn open(disk: &Arc<dyn Disk>, name: &str, kind: FileKind) -> Result<Self> {
        if !disk.exists(name).map_err(read_error)? {
            create(disk.as_ref(), name, kind)?;
        }
        let database = open(disk.as_ref(), name, kind)?;
        migrate::run(&database, kind)?;
        Ok(Self {
            disk: Arc::clone(disk),
            name: name.to_owned(),
            kind,
            database: RwLock::new(Some(database)),
            suspect: AtomicBool::new(false),
            healthy: AtomicBool::new(true),
        })
    }

    /// Whether the last change ended well.
    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    pub(super) fn begin_read(&self) -> Result<ReadTransaction> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        database
            .as_ref()
            .ok_or_else(refused)?
            .begin_read()
            .map_err(read_error)
    }

    /// Runs one change. One at a time: the caller sees to that.
    pub(super) fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        if self.suspect.load(Ordering::Relaxed) {
            self.reopen()?;
        }
        // Until it ended well: a panic, too, leaves it to the next change to open the file again.
        self.suspect.store(true, Ordering::Relaxed);
        let result = self.attempt(work);
        // A refusal by the work itself says nothing about the disk; a failed read or write does.
        let disk_refused = result
            .as_ref()
            .is_err_and(|error| error.kind == ErrorKind::Unavailable);
        self.suspect.store(disk_refused, Ordering::Relaxed);
        self.healthy.store(!disk_refused, Ordering::Relaxed);
        result
    }

    fn attempt<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let transaction = self.begin_write()?;
        match work(&Transaction::new(&transaction)) {
            Ok(value) => {
                transaction.commit().map_err(write_error)?;
                Ok(value)
            }
            Err(refused) => {
                transaction.abort().map_err(write_error)?;
                Err(refused)
            }
        }
    }

    /// Begins a write under the commit policy: on disk when it returns (`Immediate`), and with
    /// the allocator state (quick-repair), so that the file opens at once after a power cut
    /// instead of being walked.
    fn begin_write(&self) -> Result<WriteTransaction> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let begun = database.as_ref().ok_or_else(refused)?.begin_write();
        let mut transaction = begun.map_err(write_error)?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(write_error)?;
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// Drops the handle that the disk refused and opens the file again.
    fn reopen(&self) -> Result<()> {
        let mut slot = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        drop(slot.take());
        let mut tries = 1;
        let database = loop {
            match open(self.disk.as_ref(), &self.name, self.kind) {
                Ok(database) => break database,
                Err(error) if tries == REOPEN_TRIES => return Err(error),
                Err(_) => std::thread::sleep(REOPEN_PAUSE),
            }
            tries += 1;
        };
        *slot = Some(database);
        let file = &self.name;
        tracing::info!(%file, "a data file was opened again after the disk had refused");
        Ok(())
    }
}

fn refused() -> Error {
    Error::unavailable(
        "The disk refused the last change and the data file is being opened again. Check that it \
         has room.",
    )
}

fn open(disk: &dyn Disk, name: &str, kind: FileKind) -> Result<Database> {
    disk.open(name, kind.cache_bytes())
        .map_err(|cause| open_error(&disk.show(name), cause))
}

/// Makes an empty data file under a temporary name and moves it into place: a power cut inside
/// the first creation would else leave a file that never opens.
fn create(disk: &dyn Disk, name: &str, kind: FileKind) -> Result<()> {
    let unfinished = format!("{name}.new");
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
        let sentence = format!("The data file {} cannot be made.", disk.show(name));
        Error::unavailable(sentence).because(cause)
    };
    disk.remove(&unfinished)
        .map_err(|cause| failed(cause.into()))?;
    let database = disk
        .make(&unfinished, kind.cache_bytes())
        .map_err(|cause| failed(cause.into()))?;
    migrate::stamp(&database, kind)?;
    drop(database);
    disk.rename(&unfinished, name)
        .map_err(|cause| failed(cause.into()))
}

fn open_error(file: &str, cause: redb::DatabaseError) -> Error {
    let sentence = match &cause {
        redb::DatabaseError::DatabaseAlreadyOpen => {
            format!("The data file {file} is in use by another program. Stop it first.")
        }
        redb::DatabaseError::UpgradeRequired(_) => {
            format!("The data file {file} has a format that this version does not read.")
        }
        _ => format!(
            "The data file {file} cannot be opened. Restore the last backup, or start with \
             another --data-dir; do not delete the file."
        ),
    };
    Error::unavailable(sentence).because(cause)
}
