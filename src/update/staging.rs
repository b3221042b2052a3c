//! The place where a bundle is judged.
//!
//! Promises: what is not kept is gone when the way ends, however it ends: refused, broken off by
//! the sender, or on a full disk; who is refused for want of room hears how much is needed where.

use crate::base::{Error, Result};
use crate::launcher::files::Files;
use serde_json::json;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use tokio::sync::OwnedMutexGuard;

const MB: u64 = 1 << 20;

/// A folder for one bundle, and the turn to fill it.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    kept: bool,
    _turn: OwnedMutexGuard<()>,
}

impl Staging {
    /// An empty folder, after what was there is gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn begin(folder: PathBuf, turn: OwnedMutexGuard<()>) -> io::Result<Self> {
        let files = Files::default();
        files.remove_tree(&folder)?;
        let this = Self {
            folder,
            kept: false,
            _turn: turn,
        };
        files.make_dir(&this.folder)?;
        Ok(this)
    }

    /// Where the bundle is written.
    #[must_use]
    pub fn bundle(&self) -> PathBuf {
        self.folder.join("bundle.imu")
    }

    /// The bundle, to be written.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(&self) -> io::Result<File> {
        File::create(self.bundle())
    }

    /// Where the binary is unpacked.
    pub(super) fn binary(&self) -> PathBuf {
        self.folder.join("binary")
    }

    /// It was judged good: what is in it stays.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = Files::default().remove_tree(&self.folder) {
            // The next one, or the next start, takes it away.
            tracing::warn!(%error, "what was staged of an update is not gone yet");
        }
    }
}

/// Whether the disk refused for want of room.
pub(super) fn is_full(cause: &io::Error) -> bool {
    let full = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
    ];
    full.contains(&cause.kind())
}

/// How much room an update needs, where, and what there is of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room<'a> {
    /// A folder on the disk that is meant.
    pub(super) folder: &'a Path,
    /// Bytes that have to be free.
    pub(super) needs: u64,
    /// Bytes that are, when the disk says so.
    pub(super) free: Option<u64>,
}

impl Room<'_> {
    /// Refuses what there is no room for, before anything is written.
    pub(super) fn check(&self) -> Result<()> {
        match self.free {
            Some(free) if free < self.needs => Err(self.wanting()),
            _ => Ok(()),
        }
    }

    /// What is said when there is not enough.
    pub(super) fn sentence(&self) -> String {
        let place = format!("on the disk of {}", self.folder.display());
        let needs = self.needs.div_ceil(MB);
        let first = match self.free {
            Some(free) => format!("{needs} MB have to be free {place}, {} MB are.", free / MB),
            None => format!("{needs} MB have to be free {place}."),
        };
        format!(
            "{first} Nothing of the update was kept. Take away what is not needed there, such as \
             old backups, keep readings for a shorter time, or give the appliance a larger disk; \
             then bring the update again."
        )
    }

    fn wanting(&self) -> Error {
        let details = json!({ "folder": self.folder, "needs_bytes": self.needs,
            "free_bytes": self.free });
        Error::unavailable(self.sentence()).with_details(details)
    }

    /// What a person hears of a disk that refused.
    pub(super) fn refused(&self, cause: io::Error) -> Error {
        let error = if is_full(&cause) {
            self.wanting()
        } else {
            let sentence = format!(
                "The disk of {} refuses to be written to: {cause}. Nothing of the update was kept.",
                self.folder.display()
            );
            Error::unavailable(sentence)
        };
        error.because(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn turn() -> OwnedMutexGuard<()> {
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        lock.try_lock_owned().unwrap()
    }

    #[test]
    fn what_is_not_kept_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("staging");
        std::fs::create_dir_all(folder.join("old")).unwrap();
        let staging = Staging::begin(folder.clone(), turn()).unwrap();
        assert!(!folder.join("old").exists());
        std::fs::write(staging.bundle(), "half").unwrap();
        drop(staging);
        assert!(!folder.exists());
        let staging = Staging::begin(folder.clone(), turn()).unwrap();
        std::fs::write(staging.binary(), "whole").unwrap();
        staging.keep();
        assert!(folder.join("binary").exists());
    }

    #[test]
    fn who_has_no_room_hears_how_much_is_needed_where() {
        let room = |free| Room {
            folder: Path::new("/var/lib/indusmind"),
            needs: 300 * MB + 1,
            free,
        };
        room(None).check().unwrap();
        room(Some(301 * MB)).check().unwrap();
        let error = room(Some(12 * MB)).check().unwrap_err();
        for word in ["301 MB", "12 MB are", "/var/lib/indusmind", "again"] {
            assert!(error.sentence.contains(word), "{error}");
        }
        assert_eq!(error.details.unwrap()["free_bytes"], 12 * MB);
        let full = room(None).refused(ErrorKind::StorageFull.into());
        assert!(full.sentence.contains("301 MB"), "{full}");
        let broken = room(None).refused(ErrorKind::ReadOnlyFilesystem.into());
        assert!(!broken.sentence.contains("301 MB"), "{broken}");
    }
}
