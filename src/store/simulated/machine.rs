//! The machine behind the simulated disk: files, names, and one counter of operations that decides
//! where the power fails and where the disk refuses.

use super::Trouble;
use super::chance::Chance;
use super::file::SimulatedFile;
use super::names::{NameChange, Names};
use std::io;

#[derive(Debug)]
pub(super) struct Machine {
    /// A file keeps its number when its name goes: who holds it open can still read it.
    pub(super) files: Vec<SimulatedFile>,
    pub(super) names: Names,
    pub(super) trouble: Trouble,
    pub(super) chance: Chance,
    pub(super) powered: bool,
    pub(super) failed: bool,
    pub(super) changes: u64,
    pub(super) operations: u64,
    pub(super) handles: u64,
    /// A sum over every change so far: two runs that did the same have the same.
    pub(super) trace: u32,
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
    pub(super) fn with(files: Vec<SimulatedFile>, names: Names, chance: Chance) -> Self {
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
    pub(super) fn look(&mut self) -> io::Result<()> {
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

    pub(super) fn write(&mut self, file: usize, offset: u64, data: &[u8]) -> io::Result<()> {
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

    pub(super) fn set_len(&mut self, file: usize, len: u64) -> io::Result<()> {
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

    pub(super) fn sync(&mut self, file: usize) -> io::Result<()> {
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
    pub(super) fn rename(&mut self, change: NameChange) -> io::Result<()> {
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

    pub(super) fn sync_names(&mut self) -> io::Result<()> {
        match self.fate(true)? {
            Fate::Works => self.names.sync(),
            Fate::Cut => return Err(no_power()),
            Fate::Refused => return Err(refused()),
        }
        Ok(())
    }

    pub(super) fn find(&self, name: &str) -> io::Result<usize> {
        let found = self.names.current().get(name).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Pages in use. A file without a name counts while somebody holds it open.
    pub(super) fn allotted(&self) -> usize {
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
