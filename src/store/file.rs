//! The data file: made whole, opened, and opened again after the disk refused.
//!
//! After an input/output error redb takes no more writes on the same handle, also when the disk
//! has room again. So the handle is dropped and the file opened anew, which repairs it to the
//! last commit; a write that failed is never taken for done.

use super::{migrate, read_error, write_error};
use crate::base::{Error, Result};
use redb::{Database, Durability, ReadTransaction, ReadableDatabase as _, WriteTransaction};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// Page cache, bytes. Ingest and rollup queries are as fast with 16 MiB; the rest serves scans.
const CACHE_BYTES: usize = 64 << 20;
/// How often opening again is tried for one change: a read that is under way holds the old handle
/// for a moment.
const REOPEN_TRIES: u32 = 40;
/// Pause between two tries.
const REOPEN_PAUSE: Duration = Duration::from_millis(50);

/// The one data file.
pub(super) struct DataFile {
    path: PathBuf,
    /// `None` between a refusal of the disk and the next successful opening.
    database: RwLock<Option<Database>>,
}

impl DataFile {
    /// Opens the file; makes it when it is absent; brings an older one up to this version.
    pub(super) fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            create(path)?;
        }
        let database = open(path)?;
        migrate::run(&database)?;
        Ok(Self {
            path: path.to_path_buf(),
            database: RwLock::new(Some(database)),
        })
    }

    pub(super) fn begin_read(&self) -> Result<ReadTransaction> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        database
            .as_ref()
            .ok_or_else(refused)?
            .begin_read()
            .map_err(read_error)
    }

    /// Begins a write under the commit policy: on disk when it returns (`Immediate`), and with
    /// the allocator state (quick-repair), so that the file opens at once after a power cut
    /// instead of being walked.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let begun = database.as_ref().ok_or_else(refused)?.begin_write();
        let mut transaction = begun.map_err(write_error)?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(write_error)?;
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// Drops the handle that the disk refused and opens the file again. Only the writer calls it,
    /// between two changes.
    pub(super) fn reopen(&self) -> Result<()> {
        let mut slot = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        drop(slot.take());
        let mut tries = 1;
        let database = loop {
            match open(&self.path) {
                Ok(database) => break database,
                Err(error) if tries == REOPEN_TRIES => return Err(error),
                Err(_) => std::thread::sleep(REOPEN_PAUSE),
            }
            tries += 1;
        };
        *slot = Some(database);
        tracing::info!("the data file was opened again after the disk had refused");
        Ok(())
    }
}

fn refused() -> Error {
    Error::unavailable(
        "The disk refused the last change and the data file is being opened again. Check that it \
         has room.",
    )
}

fn open(path: &Path) -> Result<Database> {
    Database::builder()
        .set_cache_size(CACHE_BYTES)
        .open(path)
        .map_err(|cause| open_error(path, cause))
}

/// Makes an empty data file under a temporary name and moves it into place: a power cut inside
/// the first creation would else leave a file that never opens.
fn create(file: &Path) -> Result<()> {
    let unfinished = file.with_extension("redb.new");
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Error::unavailable(format!("The data file {} cannot be made.", file.display()))
            .because(cause)
    };
    if unfinished.exists() {
        std::fs::remove_file(&unfinished).map_err(|cause| failed(cause.into()))?;
    }
    private_file(&unfinished).map_err(|cause| failed(cause.into()))?;
    let database = Database::create(&unfinished).map_err(|cause| failed(cause.into()))?;
    migrate::stamp(&database)?;
    drop(database);
    std::fs::File::open(&unfinished)
        .and_then(|made| made.sync_all())
        .and_then(|()| std::fs::rename(&unfinished, file))
        .and_then(|()| sync_directory(file))
        .map_err(|cause| failed(cause.into()))
}

/// Makes an empty file that only its owner can read: it will hold password hashes and keys.
fn private_file(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map(drop)
}

/// Makes the names in the directory of `file` durable.
fn sync_directory(file: &Path) -> std::io::Result<()> {
    let parent = file
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    std::fs::File::open(parent)?.sync_all()
}

fn open_error(file: &Path, cause: redb::DatabaseError) -> Error {
    let file = file.display();
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
