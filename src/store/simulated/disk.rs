//! The disk as the store sees it.

use super::chance::Chance;
use super::file::SimulatedFile;
use super::machine::Machine;
use super::names::{NameChange, Names};
use super::{LossModel, Trouble};
use crate::store::disk::Disk;
use crate::store::overlay::Still;
use redb::{BackendError, Database, DatabaseError, StorageBackend};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk(Arc<Mutex<Machine>>);

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

    fn still(&self, name: &str) -> io::Result<Arc<dyn Still>> {
        let mut machine = self.lock();
        machine.look()?;
        let file = machine.find(name)?;
        Ok(Arc::new(machine.files[file].current.clone()))
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

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let mut machine = self.lock();
        let file = machine.find(from)?;
        machine.rename(NameChange::Made(to.to_owned(), file))?;
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
