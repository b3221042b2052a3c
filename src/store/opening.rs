//! A data file is made whole and opened, or the reason is told in a sentence.

use super::disk::Disk;
use super::file::FileKind;
use super::migrate;
use crate::base::{Error, Result};
use redb::{Database, DatabaseError};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Opens a file that exists.
pub(super) fn open(disk: &dyn Disk, name: &str, kind: FileKind) -> Result<Database> {
    disk.open(name, kind.cache_bytes())
        .map_err(|cause| open_error(&disk.show(name), cause))
}

/// Opens a file whose damage may make redb panic.
pub(super) fn contained<T>(file: &str, open: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
        Err(Error::unavailable(format!(
            "The data file {file} is damaged and cannot be opened. Check the disk and restore the \
             last backup; do not delete the file."
        )))
    })
}

/// Makes an empty data file under a temporary name and moves it into place: a power cut inside
/// the first creation would else leave a file that never opens.
pub(super) fn create(disk: &dyn Disk, name: &str, kind: FileKind) -> Result<()> {
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

pub(super) fn open_error(file: &str, cause: DatabaseError) -> Error {
    let sentence = match &cause {
        DatabaseError::DatabaseAlreadyOpen => {
            format!("The data file {file} is in use by another program. Stop it first.")
        }
        DatabaseError::UpgradeRequired(_) => {
            format!("The data file {file} has a format that this version does not read.")
        }
        _ => format!(
            "The data file {file} cannot be opened. Restore the last backup, or start with \
             another --data-dir; do not delete the file."
        ),
    };
    Error::unavailable(sentence).because(cause)
}
