//! The disk as the store sees it, with its counter of operations and its troubles.

use super::chance::Chance;
use super::file::SimulatedFile;
use super::names::{NameChange, Names};
use super::{LossModel, Trouble};
use crate::store::disk::Disk;
use redb::{BackendError, Database, DatabaseError, StorageBackend};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk(Arc<Mutex<Machine>>);

#[derive(Debug)]
struct Machine {
    /// A file keeps its number when its name goes: who holds it open can still read it.
    files: Vec<SimulatedFile>,
    names: Names,
    trouble: Trouble,
    chance: Chance,
    powered: bool,
    failed: bool,
    changes: u64,
    operations: u64,
    handles: u64,
    /// A sum over every change so far: two runs that did the same have the same.
    trace: u32,
}

/// What comes of an operation.
enum Fate {
    Works,
    /// The power fails in the middle of it.
    Cut,
    /// The disk refuses it.
    Refused,
}

impl Machine {
    fn with(files: Vec<SimulatedFile>, names: Names, chance: Chance) -> Self {
        Self {
            files,
            names,
            chance,
            trouble: Trouble::default(),
            powered: true,
            failed: false,
            changes: 0,
            operations: 0,
            handles: 0,
            trace: 0,
        }
    }

    fn fate(&mut self, changes: bool) -> io::Result<Fate> {
        if !self.powered {
            return Err(no_power());
        }
        self.operations += 1;
        self.changes += u64::from(changes);
        if changes && self.trouble.cut_at_change == Some(self.changes) {
            self.powered = false;
            return Ok(Fate::Cut);
        }
        let now = self.trouble.fail_at_operation == Some(self.operations);
        self.failed |= now;
        if now || (self.failed && self.trouble.keeps_failing) {
            return Ok(Fate::Refused);
        }
        Ok(Fate::Works)
    }

    /// An operation that leaves nothing behind when it fails.
    fn look(&mut self) -> io::Result<()> {
        match self.fate(false)? {
            Fate::Works => Ok(()),
            _ => Err(refused()),
        }
    }

    fn note(&mut self, what: &[u8]) {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.trace);
        hasher.update(what);
        self.trace = hasher.finalize();
    }

    fn write(&mut self, file: usize, offset: u64, data: &[u8]) -> io::Result<()> {
        self.note(&offset.to_le_bytes());
        self.note(data);
        match self.fate(true)? {
            Fate::Cut => {
                self.files[file].write(offset, data);
                return Err(no_power());
            }
            Fate::Refused => {
                self.trouble.arrived = self.chance.index(data.len() + 1);
                let Self { files, trouble, .. } = self;
                files[file].fail_write(offset, data, trouble);
                return Err(refused());
            }
            Fate::Works => {}
        }
        if let Some(capacity) = self.trouble.capacity_pages {
            let free = capacity.saturating_sub(self.allotted());
            let fit = self.files[file].current.fits(offset, data.len(), free);
            if fit < data.len() {
                self.trouble.arrived = fit;
                let Self { files, trouble, .. } = self;
                files[file].fail_write(offset, data, trouble);
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        self.files[file].write(offset, data);
        Ok(())
    }

    fn set_len(&mut self, file: usize, len: u64) -> io::Result<()> {
        self.note(&len.to_le_bytes());
        match self.fate(true)? {
            Fate::Refused => return Err(refused()),
            Fate::Cut => {
                self.files[file].set_len(len);
                return Err(no_power());
            }
            Fate::Works => self.files[file].set_len(len),
        }
        Ok(())
    }

    fn sync(&mut self, file: usize) -> io::Result<()> {
        match self.fate(true)? {
            Fate::Cut => Err(no_power()),
            Fate::Refused => {
                let Self { files, chance, .. } = self;
                files[file].fail_sync(chance);
                Err(refused())
            }
            Fate::Works => {
                if !self.trouble.lying_sync {
                    self.files[file].sync();
                }
                Ok(())
            }
        }
    }

    /// Changes a name; durable only when the folder is synced.
    fn rename(&mut self, change: NameChange) -> io::Result<()> {
        match self.fate(true)? {
            Fate::Refused => return Err(refused()),
            Fate::Cut => {
                self.names.change(change);
                return Err(no_power());
            }
            Fate::Works => self.names.change(change),
        }
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        match self.fate(true)? {
            Fate::Works => self.names.sync(),
            Fate::Cut => return Err(no_power()),
            Fate::Refused => return Err(refused()),
        }
        Ok(())
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        let found = self.names.current().get(name).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Pages in use. A file without a name counts while somebody holds it open.
    fn allotted(&self) -> usize {
        let named = |number: usize| self.names.current().values().any(|n| *n == number);
        let files = self.files.iter().enumerate();
        files
            .filter(|(number, file)| file.locked_by.is_some() || named(*number))
            .map(|(_, file)| file.current.allotted())
            .sum()
    }
}

fn no_power() -> io::Error {
    io::Error::other("the power is off")
}

fn refused() -> io::Error {
    io::Error::other("input/output error")
}

impl SimulatedDisk {
    pub(crate) fn empty(seed: u64) -> Self {
        let machine = Machine::with(Vec::new(), Names::default(), Chance::new(seed));
        Self(Arc::new(Mutex::new(machine)))
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wrong from now on.
    pub(crate) fn set_trouble(&self, trouble: Trouble) {
        let mut machine = self.lock();
        machine.failed = false;
        machine.trouble = trouble;
    }

    pub(crate) fn is_powered(&self) -> bool {
        self.lock().powered
    }

    /// The power fails now.
    pub(crate) fn cut(&self) {
        self.lock().powered = false;
    }

    pub(crate) fn changes(&self) -> u64 {
        self.lock().changes
    }

    pub(crate) fn operations(&self) -> u64 {
        self.lock().operations
    }

    pub(crate) fn allotted_pages(&self) -> usize {
        self.lock().allotted()
    }

    pub(crate) fn trace(&self) -> u32 {
        self.lock().trace
    }

    /// The disk as the next boot finds it.
    pub(crate) fn after_cut(&self, model: LossModel, seed: u64) -> Self {
        let machine = self.lock();
        let mut chance = Chance::new(seed);
        let mut files = Vec::new();
        let mut names = BTreeMap::new();
        for (name, number) in machine.names.after_cut(model, &mut chance) {
            names.insert(name, files.len());
            let image = machine.files[number].after_cut(model, &mut chance);
            files.push(SimulatedFile::of(image));
        }
        let machine = Machine::with(files, Names::of(names), chance);
        Self(Arc::new(Mutex::new(machine)))
    }

    /// The same disk with one bit turned over, in a page that was written.
    pub(crate) fn with_flipped_bit(&self, chance: &mut Chance) -> Self {
        let machine = self.lock();
        let names = machine.names.current().clone();
        let mut files = machine.files.clone();
        let mut pages = Vec::new();
        for number in names.values() {
            pages.extend(files[*number].current.written().map(|page| (*number, page)));
        }
        let (file, page) = pages[chance.index(pages.len())];
        let mut image = files[file].current.clone();
        image.flip(page, chance.index(super::image::PAGE * 8));
        for file in &mut files {
            file.locked_by = None;
        }
        files[file] = SimulatedFile::of(image);
        let machine = Machine::with(files, Names::of(names), chance.clone());
        Self(Arc::new(Mutex::new(machine)))
    }

    fn backend(&self, file: usize) -> Handle {
        let mut machine = self.lock();
        machine.handles += 1;
        Handle {
            disk: self.clone(),
            file,
            number: machine.handles,
        }
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError> {
        let file = {
            let mut machine = self.lock();
            machine.look()?;
            let file = machine.find(name)?;
            if machine.files[file].current.len() == 0 {
                // As the real one: only `make` may begin a database.
                return Err(io::Error::from(io::ErrorKind::InvalidData).into());
            }
            file
        };
        Database::builder()
            .set_cache_size(cache_bytes)
            .create_with_backend(self.backend(file))
    }

    fn make(&self, name: &str, cache_bytes: usize) -> Result<Database, DatabaseError> {
        let file = {
            let mut machine = self.lock();
            if machine.find(name).is_ok() {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
            }
            let file = machine.files.len();
            machine.files.push(SimulatedFile::default());
            machine.rename(NameChange::Made(name.to_owned(), file))?;
            file
        };
        Database::builder()
            .set_cache_size(cache_bytes)
            .create_with_backend(self.backend(file))
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        let mut machine = self.lock();
        machine.look()?;
        Ok(machine.find(name).is_ok())
    }

    fn bytes(&self, name: &str) -> u64 {
        let machine = self.lock();
        let pages = machine
            .find(name)
            .map_or(0, |file| machine.files[file].current.allotted());
        (pages * super::image::PAGE) as u64
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut machine = self.lock();
        let file = machine.find(from)?;
        machine.sync(file)?;
        let (from, to) = (from.to_owned(), to.to_owned());
        machine.rename(NameChange::Renamed { from, to })?;
        machine.sync_names()
    }

    fn settle(&self, _: &str) -> io::Result<()> {
        self.lock().sync_names()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut machine = self.lock();
        machine.look()?;
        if machine.find(name).is_ok() {
            machine.rename(NameChange::Removed(name.to_owned()))?;
        }
        machine.sync_names()
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut machine = self.lock();
        machine.look()?;
        let inside = |name: &&String| {
            name.strip_prefix(folder)
                .is_some_and(|n| n.starts_with('/'))
        };
        Ok(machine
            .names
            .current()
            .keys()
            .filter(inside)
            .cloned()
            .collect())
    }

    fn show(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// One opening of a file.
#[derive(Debug)]
struct Handle {
    disk: SimulatedDisk,
    file: usize,
    number: u64,
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        let mut machine = self.disk.lock();
        machine.look()?;
        Ok(machine.files[self.file].current.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut machine = self.disk.lock();
        machine.look()?;
        machine.files[self.file].read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.lock().set_len(self.file, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.lock().sync(self.file)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.lock().write(self.file, offset, data)
    }

    fn close(&self) -> io::Result<()> {
        let mut machine = self.disk.lock();
        let file = &mut machine.files[self.file];
        if file.locked_by == Some(self.number) {
            file.locked_by = None;
        }
        Ok(())
    }

    // A whole file at once is all there is to lock; the database asks for that when finer locks
    // are not to be had.
    fn try_lock_range(&self, from: Bound<u64>, to: Bound<u64>) -> Result<bool, BackendError> {
        if (from, to) != (Bound::Unbounded, Bound::Unbounded) {
            return Err(BackendError::Unsupported);
        }
        let mut machine = self.disk.lock();
        let file = &mut machine.files[self.file];
        Ok(*file.locked_by.get_or_insert(self.number) == self.number)
    }
}
