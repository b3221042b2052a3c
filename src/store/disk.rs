//! What the store asks of a disk. The real one is a directory; a test puts a disk there that
//! loses, tears and refuses writes.

use super::DATA_FILE;
use super::overlay::{Overlay, Still};
use super::reserve::Reserve;
use super::snapshot::{COPY_PIECE, forget_cached};
use redb::{Database, DatabaseError};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A place for data files. Names are relative, with `/` between folder and file.
pub(crate) trait Disk: Send + Sync {
    /// Opens a file that exists, with this much page cache, bytes.
    fn open(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError>;

    /// Makes an empty database in a file that only its owner can read, and its folder.
    fn make(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError>;

    /// The bytes of a file that exists, to be read beside whoever has it open.
    fn still(&self, name: &str) -> io::Result<Arc<dyn Still>>;

    /// Whether there is such a file. A disk that cannot tell is an error, never a "no": a data
    /// file that seems absent would be made anew.
    fn exists(&self, name: &str) -> io::Result<bool>;

    /// Bytes that the file takes from the disk; 0 when it is absent.
    fn bytes(&self, name: &str) -> u64;

    /// Puts a finished file into its place; durable when it returns.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Gives a file a second name, which is not taken; durable when it returns.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;

    /// Makes the name of a file that was found durable: the process may have been killed, or the
    /// disk may have refused, in the middle of [`Disk::rename`].
    fn settle(&self, name: &str) -> io::Result<()>;

    /// Deletes a file; durable when it returns. An absent one is no error.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Copies a file as the disk has it, not as memory remembers it, over one that may be there. `step`
    /// hears of each piece. Not durable: for a look. A disk that cannot says so.
    fn copy(&self, _from: &str, _to: &str, _step: &mut dyn FnMut()) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The files of a folder, in order; none when there is no folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// The file as a person knows it.
    fn show(&self, name: &str) -> String;

    /// How much room there is; `None` when the disk does not say.
    fn room(&self) -> Option<Room> {
        None
    }

    /// The room that its data file holds for people.
    fn reserve(&self) -> Option<&Reserve> {
        None
    }
}

/// The room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes that are used or may still be written.
    pub total: u64,
}

/// A directory of the file system.
#[derive(Debug)]
pub(super) struct RealDisk {
    root: PathBuf,
    /// Of the data file, where people are served from it.
    reserve: Option<Arc<Reserve>>,
}

impl RealDisk {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self {
            root,
            reserve: None,
        }
    }

    /// One whose data file holds room ahead.
    pub(super) fn with_reserve(root: PathBuf) -> Self {
        Self {
            root,
            reserve: Some(Arc::default()),
        }
    }
}

impl Disk for RealDisk {
    fn open(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError> {
        let (path, mut builder) = (self.root.join(name), Database::builder());
        builder.set_cache_size(cache_bytes);
        match &self.reserve {
            Some(reserve) if name == DATA_FILE => builder.create_with_backend(reserve.open(&path)?),
            _ => builder.open(path),
        }
    }

    fn make(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError> {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        let path = self.root.join(name);
        if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true).mode(0o700).create(folder)?;
            sync_folder_of(folder)?;
        }
        // It will hold password hashes and keys: closed to everyone else.
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        drop(options.open(&path)?);
        Database::builder().set_cache_size(cache_bytes).create(path)
    }

    fn still(&self, name: &str) -> io::Result<Arc<dyn Still>> {
        Ok(Arc::new(std::fs::File::open(self.root.join(name))?))
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        self.root.join(name).try_exists()
    }

    fn bytes(&self, name: &str) -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        // Blocks, not length: what was never written of a file that grows in strides costs nothing.
        let bytes = std::fs::metadata(self.root.join(name)).map_or(0, |meta| meta.blocks() * 512);
        let ahead = self.reserve.as_ref().filter(|_| name == DATA_FILE);
        bytes.saturating_sub(ahead.map_or(0, |reserve| reserve.ahead_bytes()))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.root.join(from), self.root.join(to));
        std::fs::File::open(&from)?.sync_all()?;
        std::fs::rename(&from, &to)?;
        sync_folder_of(&to)
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let to = self.root.join(to);
        std::fs::hard_link(self.root.join(from), &to)?;
        sync_folder_of(&to)
    }

    fn settle(&self, name: &str) -> io::Result<()> {
        sync_folder_of(&self.root.join(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.root.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
        // Also when it was absent: an earlier attempt may have been refused after half of it.
        match sync_folder_of(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn copy(&self, from: &str, to: &str, step: &mut dyn FnMut()) -> io::Result<()> {
        copy_sparse(&self.root.join(from), &self.root.join(to), step)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.root.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            if let Some(name) = entry?.file_name().to_str() {
                names.push(format!("{folder}/{name}"));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn show(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    fn room(&self) -> Option<Room> {
        let found = rustix::fs::statvfs(&self.root).ok()?;
        // What is set aside for the system's own can be written by nobody here: a disk is full when
        // nothing is left beside it, as `df` counts too.
        let used = found.f_blocks.saturating_sub(found.f_bfree);
        Some(Room {
            free: found.f_bavail.saturating_mul(found.f_frsize),
            total: (used.saturating_add(found.f_bavail)).saturating_mul(found.f_frsize),
        })
    }

    fn reserve(&self) -> Option<&Reserve> {
        self.reserve.as_deref()
    }
}

/// Copies a file past what memory holds of it; what was never written takes no room.
fn copy_sparse(from: &Path, to: &Path, step: &mut dyn FnMut()) -> io::Result<()> {
    use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
    let source = std::fs::File::open(from)?;
    forget_cached(&source);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let target = options.open(to)?;
    let (length, mut at) = (source.metadata()?.len(), 0);
    let mut piece = vec![0; COPY_PIECE];
    target.set_len(length)?;
    while at < length {
        let some = source.read_at(&mut piece, at)?;
        if some == 0 {
            break;
        }
        let bytes = &piece[..some];
        if bytes.iter().any(|byte| *byte != 0) {
            target.write_all_at(bytes, at)?;
        }
        at += some as u64;
        step();
    }
    Ok(())
}

/// A disk that is looked at: what is changed on it is kept in memory and forgotten with it.
pub(super) struct StillDisk {
    below: Arc<dyn Disk>,
    changes: Mutex<Changes>,
}

#[derive(Default)]
struct Changes {
    files: BTreeMap<String, Overlay>,
    /// Files of the disk below that were removed, renamed or replaced.
    gone: BTreeSet<String>,
}

impl StillDisk {
    pub(super) fn over(below: Arc<dyn Disk>) -> Self {
        Self {
            below,
            changes: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a file of which nothing is changed.
pub(super) fn open_still(overlay: Overlay, cache_bytes: usize) -> Result<Database, DatabaseError> {
    Database::builder()
        .set_cache_size(cache_bytes)
        .create_with_backend(overlay)
}

impl Disk for StillDisk {
    fn open(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError> {
        let mut changes = self.lock();
        if let Some(overlay) = changes.files.get(name) {
            return open_still(overlay.clone(), cache_bytes);
        }
        if changes.gone.contains(name) {
            return Err(io::Error::from(io::ErrorKind::NotFound).into());
        }
        let overlay = Overlay::over(self.below.still(name)?)?;
        changes.files.insert(name.to_owned(), overlay.clone());
        open_still(overlay, cache_bytes)
    }

    fn make(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError> {
        let overlay = Overlay::empty();
        let mut changes = self.lock();
        changes.files.insert(name.to_owned(), overlay.clone());
        open_still(overlay, cache_bytes)
    }

    /// As it lies below, so that what is damaged there is not taken for sound because it was written anew
    /// here; a file that was made here is as it is here.
    fn still(&self, name: &str) -> io::Result<Arc<dyn Still>> {
        match self.below.still(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let changes = self.lock();
                let made = changes.files.get(name).cloned().ok_or(error)?;
                Ok(Arc::new(made))
            }
            found => found,
        }
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        let changes = self.lock();
        if changes.files.contains_key(name) || changes.gone.contains(name) {
            return Ok(changes.files.contains_key(name));
        }
        self.below.exists(name)
    }

    fn bytes(&self, name: &str) -> u64 {
        self.below.bytes(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut changes = self.lock();
        let overlay = match changes.files.remove(from) {
            Some(overlay) => overlay,
            None => Overlay::over(self.below.still(from)?)?,
        };
        changes.gone.insert(from.to_owned());
        changes.files.insert(to.to_owned(), overlay);
        Ok(())
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let mut changes = self.lock();
        let overlay = match changes.files.get(from) {
            Some(overlay) => overlay.clone(),
            None => Overlay::over(self.below.still(from)?)?,
        };
        changes.files.insert(to.to_owned(), overlay);
        Ok(())
    }

    fn settle(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut changes = self.lock();
        changes.files.remove(name);
        changes.gone.insert(name.to_owned());
        Ok(())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let changes = self.lock();
        let mut names: BTreeSet<String> = self.below.list(folder)?.into_iter().collect();
        names.retain(|name| !changes.gone.contains(name));
        let inside = |name: &&String| name.rsplit_once('/').is_some_and(|(of, _)| of == folder);
        names.extend(changes.files.keys().filter(inside).cloned());
        Ok(names.into_iter().collect())
    }

    fn show(&self, name: &str) -> String {
        self.below.show(name)
    }
}

/// Makes the names in the folder of `path` durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
