//! What a backup asks of the store: a copy of the data file as of one commit while changes go on,
//! and a look at data that lies elsewhere.

use super::disk::{Disk, RealDisk, Room, StillDisk};
use super::file::{DataFile, FileKind};
use super::overlay::Still;
use super::read::Reads;
use super::rewrite::{PIECE_BYTES, is_intact};
use super::{DATA_FILE, Reader, Store, migrate, write_error};
use crate::base::Result;
use redb::{Database, DatabaseError};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Longest life of the view that a copy is made from. While it lives the data file grows by what
/// is changed: at a commit a second, by less than a hundred megabytes in this time.
const COPY_WITHIN: Duration = Duration::from_secs(600);

/// Entries by table.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Files that lie somewhere, perhaps encrypted, under the names that they have in a data directory.
pub(crate) trait Source: Send + Sync {
    /// The bytes of a file.
    fn still(&self, name: &str) -> io::Result<Arc<dyn Still>>;

    /// The files of a folder.
    fn list(&self, folder: &str) -> Vec<String>;
}

impl Store {
    /// Copies the last commit of the data file into a new file of `folder`, which is there. Changes
    /// go on meanwhile. `go_on` hears how many bytes were copied and may end it.
    ///
    /// # Errors
    /// When a disk refuses, the data file is damaged, or it was ended.
    pub(crate) fn snapshot(
        &self,
        folder: &Path,
        go_on: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Copied> {
        let view = self
            .file
            .begin_read_as(&Arc::new(Reads::within(COPY_WITHIN)))?;
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(folder.to_path_buf()));
        let kind = FileKind::Main;
        let schema = view.version()?;
        let made = disk
            .make(DATA_FILE, kind.cache_bytes())
            .map_err(write_error)?;
        migrate::stamp_as(&made, schema)?;
        drop(made);
        let target = DataFile::open_unchecked(&disk, DATA_FILE, kind, &Arc::default())?;
        target.trust();
        let (mut bytes, mut counts) = (0, Counts::new());
        for table in view.tables()? {
            let (mut last, mut count): (Option<Vec<u8>>, u64) = (None, 0);
            loop {
                let piece = view.piece(&table, last.as_deref(), None, false);
                if let Some(damage) = piece.damage {
                    return Err(damage);
                }
                count += piece.entries.len() as u64;
                target.change(|transaction| transaction.put_named(&table, &piece.entries))?;
                let size = |(key, value): &(Vec<u8>, Vec<u8>)| (key.len() + value.len()) as u64;
                bytes += piece.entries.iter().map(size).sum::<u64>();
                go_on(bytes)?;
                last = piece.entries.into_iter().next_back().map(|(key, _)| key);
                if !piece.more {
                    break;
                }
            }
            counts.insert(table, count);
        }
        let head = super::audit::head(&view)?;
        Ok(Copied {
            schema,
            counts,
            head,
        })
    }

    /// Opens data that lies elsewhere to look at it; nothing of it is changed.
    ///
    /// # Errors
    /// When it cannot be read, or was made by a newer version.
    pub(crate) fn look_at(source: Arc<dyn Source>, name: &Path) -> Result<Self> {
        let disk: Arc<dyn Disk> = Arc::new(SourceDisk(source));
        Self::on(Arc::new(StillDisk::over(disk)), name)
    }

    /// Whether every page of a file that lies elsewhere is as it was written.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn is_intact_in(source: &Arc<dyn Source>, name: &str) -> Result<bool> {
        let disk = SourceDisk(Arc::clone(source));
        is_intact(&disk, name, FileKind::Main.cache_bytes())
    }

    /// Opens a directory that is being prepared and that nobody else knows.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        Self::on(Arc::new(RealDisk::new(folder.to_path_buf())), folder)
    }
}

/// What was copied.
#[derive(Clone, Debug)]
pub(crate) struct Copied {
    /// The schema of the data file.
    pub(crate) schema: u64,
    /// What it holds.
    pub(crate) counts: Counts,
    /// The newest entry of the audit log.
    pub(crate) head: Option<super::audit::Head>,
}

impl Reader {
    /// How many entries each table has, counted one by one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn counts(&self) -> Result<Counts> {
        let mut counts = Counts::new();
        for table in self.tables()? {
            let count = self.len(&table)?;
            counts.insert(table, count);
        }
        Ok(counts)
    }
}

/// Room on the disk of a path; `None` when it does not say.
pub(crate) fn room_at(path: &Path) -> Option<Room> {
    RealDisk::new(path.to_path_buf()).room()
}

/// Forgets what memory holds of a file that is on disk: who reads it then reads the disk.
pub(crate) fn forget_cached(file: &std::fs::File) {
    let all = rustix::fs::Advice::DontNeed;
    // A file system that keeps it all the same is one to which this is no difference.
    let _ = rustix::fs::fadvise(file, 0, None, all);
}

/// The bytes of a piece of a copy.
pub(crate) const COPY_PIECE: usize = PIECE_BYTES / 8;

/// Files that can be looked at and nothing else.
struct SourceDisk(Arc<dyn Source>);

fn refuse<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for SourceDisk {
    fn open(&self, _: &str, _: usize) -> Result<Database, DatabaseError> {
        Ok(refuse()?)
    }

    fn make(&self, _: &str, _: usize) -> Result<Database, DatabaseError> {
        Ok(refuse()?)
    }

    fn still(&self, name: &str) -> io::Result<Arc<dyn Still>> {
        self.0.still(name)
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        match self.0.still(name) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn bytes(&self, name: &str) -> u64 {
        self.0.still(name).and_then(|file| file.len()).unwrap_or(0)
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        refuse()
    }

    fn link(&self, _: &str, _: &str) -> io::Result<()> {
        refuse()
    }

    fn settle(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        refuse()
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        Ok(self.0.list(folder))
    }

    fn show(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// Makes a folder that only its owner can look into.
pub(crate) fn make_closed_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}
