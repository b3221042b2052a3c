//! The home of an installation: boot records, two slots for binaries, numbered data directories.
//!
//! Promises: the newer valid record is the truth, and a torn one leaves the other.

use super::files::{self, Files};
use super::record::{Pair, RECORD_MAX, Record, Slot};
use super::words::Why;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The two copies of the record.
const RECORDS: [&str; 2] = ["boot.0", "boot.1"];

/// Where everything lies that an update changes.
#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
}

impl Home {
    /// The home at this path.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a bundle lies while it is looked at.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.path.join("staging")
    }

    /// Where the binary of a slot lies.
    #[must_use]
    pub fn binary(&self, slot: Slot) -> PathBuf {
        self.path.join("slots").join(slot.name()).join("indusmind")
    }

    /// The data directory of this number.
    #[must_use]
    pub fn data(&self, number: u32) -> PathBuf {
        self.path.join("data").join(number.to_string())
    }

    /// The file that keeps what was measured in a trial.
    #[must_use]
    pub fn spool(&self, trial: u64) -> PathBuf {
        self.path.join("spool").join(format!("{trial}.log"))
    }

    /// Whether something was ever installed here.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        RECORDS.iter().any(|name| self.path.join(name).exists())
    }

    /// The newer of the records that can be read.
    ///
    /// # Errors
    /// When there is none.
    pub fn record(&self) -> io::Result<Record> {
        let found = RECORDS.iter().filter_map(|name| self.read(name));
        found.max_by_key(|record| record.sequence).ok_or_else(|| {
            let why = Why::NoRecord(self.path.display().to_string());
            io::Error::new(io::ErrorKind::NotFound, why.plain())
        })
    }

    fn read(&self, name: &str) -> Option<Record> {
        let file = std::fs::File::open(self.path.join(name)).ok()?;
        let mut bytes = Vec::new();
        file.take(RECORD_MAX as u64).read_to_end(&mut bytes).ok()?;
        Record::decode(&bytes)
    }

    /// Writes the next record over the older of the two.
    ///
    /// # Errors
    /// When the disk refuses: then the record before is still the truth, or this one is.
    pub fn write(&self, files: &Files, record: &mut Record) -> io::Result<()> {
        let sequences = RECORDS.map(|name| self.read(name).map(|record| record.sequence));
        let newest = sequences.iter().flatten().max().copied().unwrap_or(0);
        record.sequence = record.sequence.max(newest) + 1;
        let older = RECORDS[usize::from(sequences[0] > sequences[1])];
        let path = self.path.join(older);
        files.write(&path, record.encode().as_bytes())?;
        files.sync_dir_of(&path)
    }

    /// Puts a binary into a slot. The slot must not be the running one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn fill(&self, files: &Files, slot: Slot, from: &Path) -> io::Result<String> {
        let target = self.binary(slot);
        let beside = target.with_extension("part");
        files.make_dir(target.parent().unwrap_or(&self.path))?;
        if let Err(error) = files.copy(from, &beside).and_then(|_| executable(&beside)) {
            // On a full disk what is half there takes the room that is wanting.
            let _ = files.remove(&beside);
            return Err(error);
        }
        files.rename(&beside, &target)?;
        files.sync_dir_of(&target)?;
        files::hash_file(&target)
    }

    /// Whether the binary of a pair is the one that was installed.
    ///
    /// # Errors
    /// Says why, when it is not, or cannot be read.
    pub fn verify(&self, pair: &Pair) -> Result<(), Why> {
        let binary = self.binary(pair.slot);
        let path = binary.display().to_string();
        match files::hash_file(&binary) {
            Ok(found) if found == pair.hash => Ok(()),
            Ok(_) => Err(Why::Changed {
                path,
                version: pair.version.clone(),
            }),
            Err(error) => Err(Why::Unreadable {
                path,
                error: error.to_string(),
            }),
        }
    }

    /// The lowest number that no data directory has.
    #[must_use]
    pub fn free_number(&self, record: &Record) -> u32 {
        record.pairs().map(|pair| pair.data).max().unwrap_or(0) + 1
    }

    /// Takes data directories away that the record does not name. What an update left when it was
    /// broken off goes here.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sweep(&self, files: &Files, record: &Record) -> io::Result<()> {
        let Ok(entries) = std::fs::read_dir(self.path.join("data")) else {
            return Ok(());
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.parse::<u32>().ok());
            let named = |number| record.pairs().any(|pair| pair.data == number);
            if number.is_some_and(|number| !named(number)) {
                files.remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }
}

fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}
