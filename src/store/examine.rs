//! Whether the data file is as it was written, looked at while it is in use.
//!
//! It is looked at on a copy: changes wait only while the file is copied from its beginning to its end, not
//! while its pages are compared in the order of the tree, which takes a slow disk many times as long. The copy
//! is read from the disk, not from what memory holds of it. Where there is no room for one, the file itself
//! is looked at, and changes wait until all of it was read.

use super::file::FileKind;
use super::{DATA_FILE, Store, read_error, rewrite};
use crate::base::Result;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The copy; one that a cut left is taken away at the next start.
const COPY: &str = "examined.redb.part";
/// A part of the disk that is left free beside the copy: nobody is to be told of a disk that fills up.
const LEFT_FREE: u64 = 8;
/// The writer is not taken for hanging while a piece was copied so recently.
const PIECE_WITHIN: Duration = Duration::from_secs(60);

/// Since when the writer waits for a copy to go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Copying(Arc<Mutex<Option<Instant>>>);

impl Copying {
    /// Whether the writer waits for a copy that gets on.
    pub(super) fn gets_on(&self) -> bool {
        let since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < PIECE_WITHIN)
    }

    fn note(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl Store {
    /// Whether every page of the data file is as it was written, while it is in use. Changes wait
    /// while it is copied: not on a thread of the runtime.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn examine(&self) -> Result<bool> {
        let cache = FileKind::Main.cache_bytes();
        let looked = match self.copy_to_examine()? {
            Copied::Whole => rewrite::is_intact(self.disk.as_ref(), COPY, cache),
            Copied::Unreadable => Ok(false),
            Copied::NoRoom => {
                let (disk, copying) = (Arc::clone(&self.disk), self.copying.clone());
                self.write_blocking(move |_| {
                    copying.note(Some(Instant::now()));
                    let looked = rewrite::is_intact(disk.as_ref(), DATA_FILE, cache);
                    copying.note(None);
                    looked
                })
            }
        };
        self.forget_copy();
        looked
    }

    /// Takes away the copy of an examination that was cut off.
    pub fn forget_copy(&self) {
        if let Err(error) = self.disk.remove(COPY) {
            tracing::warn!(%error, "the copy that was examined cannot be deleted");
        }
    }

    fn copy_to_examine(&self) -> Result<Copied> {
        let needed = self.disk.bytes(DATA_FILE);
        let fits = |room: super::Room| room.free > needed + room.total / LEFT_FREE;
        if !self.disk.room().is_some_and(fits) {
            return Ok(Copied::NoRoom);
        }
        let (disk, copying) = (Arc::clone(&self.disk), self.copying.clone());
        self.write_blocking(move |_| {
            let mut note = || copying.note(Some(Instant::now()));
            note();
            let copied = disk.copy(DATA_FILE, COPY, &mut note);
            copying.note(None);
            match copied {
                Ok(()) => Ok(Copied::Whole),
                Err(error) if is_unreadable(&error) => Ok(Copied::Unreadable),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(read_error(error)),
                Err(error) => {
                    tracing::debug!(%error, "no copy to examine; the file itself is looked at");
                    Ok(Copied::NoRoom)
                }
            }
        })
    }
}

/// What came of the copy.
enum Copied {
    Whole,
    /// The disk cannot read a part of the file any more.
    Unreadable,
    /// There is none.
    NoRoom,
}

/// Whether a disk says that it cannot read what was written on it.
fn is_unreadable(error: &io::Error) -> bool {
    let said = error.raw_os_error();
    said == Some(rustix::io::Errno::IO.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TableName;
    use std::os::unix::fs::FileExt as _;

    const THINGS: TableName = TableName::new("things");

    #[test]
    fn the_data_file_is_looked_at_on_a_copy_that_is_gone_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path(), "test").unwrap();
        let value = [7; 3_000];
        let put = move |tx: &crate::store::Transaction<'_>| {
            (0..200_u8).try_for_each(|n| tx.put(THINGS, &[n], &value))
        };
        store.write_blocking(put).unwrap();
        std::fs::write(place.path().join(COPY), b"left by a cut").unwrap();
        assert!(store.examine().unwrap());
        assert!(!place.path().join(COPY).exists());
        assert!(!store.copying.gets_on());

        let path = place.path().join(DATA_FILE);
        let bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(64).position(|run| run == [7; 64]).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[8], at as u64 + 100).unwrap();
        file.sync_all().unwrap();
        assert!(!store.examine().unwrap());
        assert!(!place.path().join(COPY).exists());
        store
            .write_blocking(|tx| tx.put(THINGS, b"goes on", b""))
            .unwrap();
    }

    #[tokio::test]
    async fn a_writer_that_waits_for_a_copy_does_not_hang() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path(), "test").unwrap();
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let (begun, inside) = tokio::sync::oneshot::channel();
        let busy = store.clone();
        let writer = std::thread::spawn(move || {
            busy.write_blocking(move |_| {
                let _ = begun.send(());
                let _ = held.recv();
                Ok(())
            })
        });
        inside.await.unwrap();
        store.copying.note(Some(Instant::now()));
        store.pulse().await;
        store.copying.note(None);
        let hangs = tokio::time::timeout(Duration::from_millis(50), store.pulse()).await;
        assert!(hangs.is_err(), "the writer is held by something else");
        let_go.send(()).unwrap();
        tokio::task::spawn_blocking(move || writer.join().unwrap())
            .await
            .unwrap()
            .unwrap();
    }
}
