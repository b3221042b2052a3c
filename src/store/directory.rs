//! The data directory itself: made, checked, and held by one process at a time.

use crate::base::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Holds the lock and names the holder.
const LOCK_FILE: &str = "indusmind.lock";

/// Who holds a data directory, as written beside the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockOwner {
    /// Process number and what it said of itself, `process 4711 (http://127.0.0.1:8080)`.
    pub name: String,
}

/// A data directory that this process holds. The lock goes with it.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub(super) fn take(path: &Path, owner: &str) -> Result<Self> {
        make(path)?;
        let lock_path = path.join(LOCK_FILE);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|cause| {
                Error::unavailable(format!(
                    "The data directory {} cannot be written. Give the user who runs indusmind \
                     the right to write there, or choose another with --data-dir.",
                    path.display()
                ))
                .because(cause)
            })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(path, &read_owner(&mut lock))),
            Err(TryLockError::Error(cause)) => {
                return Err(Error::unavailable(format!(
                    "The data directory {} cannot be locked; it must lie on a local disk.",
                    path.display()
                ))
                .because(cause));
            }
        }
        let name = format!("process {} ({owner})", std::process::id());
        lock.set_len(0)
            .and_then(|()| lock.seek(SeekFrom::Start(0)))
            .and_then(|_| lock.write_all(name.as_bytes()))
            .map_err(super::write_error)?;
        Ok(Self {
            path: path.to_path_buf(),
            _lock: lock,
        })
    }

    /// Holds a directory without writing to it; `None` when nobody ever held it.
    pub(super) fn hold(path: &Path) -> Result<Option<Self>> {
        let Ok(mut lock) = File::open(path.join(LOCK_FILE)) else {
            return Ok(None);
        };
        if lock.try_lock_shared().is_err() {
            return Err(taken(path, &read_owner(&mut lock)));
        }
        Ok(Some(Self {
            path: path.to_path_buf(),
            _lock: lock,
        }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Looks at a data directory without changing anything.
///
/// Returns who holds it, if anyone does.
///
/// # Errors
/// When there is no directory, or it cannot be read.
pub fn inspect(path: &Path) -> Result<Option<LockOwner>> {
    if !path.is_dir() {
        return Err(Error::not_found("data directory", path.display()));
    }
    let Ok(mut lock) = File::open(path.join(LOCK_FILE)) else {
        return Ok(None);
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(_) => Ok(Some(LockOwner {
            name: read_owner(&mut lock),
        })),
    }
}

fn read_owner(lock: &mut File) -> String {
    let mut name = String::new();
    let _ = lock
        .seek(SeekFrom::Start(0))
        .and_then(|_| lock.read_to_string(&mut name));
    if name.is_empty() {
        "another process".to_owned()
    } else {
        name
    }
}

fn taken(path: &Path, owner: &str) -> Error {
    Error::conflict(format!(
        "The data directory {} is in use by {owner}. Stop that instance first, or choose another \
         directory with --data-dir.",
        path.display()
    ))
}

/// Makes the directory, closed to other users: it holds password hashes and signing keys.
fn make(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|cause| {
            Error::unavailable(format!(
                "The data directory {} cannot be made. Make it yourself, or choose another with \
             --data-dir.",
                path.display()
            ))
            .because(cause)
        })
}
