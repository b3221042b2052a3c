//! One data file: made whole, opened, and opened again after the disk refused.
//!
//! After an input/output error redb takes no more reads or writes on the same handle, also when
//! the disk works again. So the handle is dropped and the file opened anew before the next one,
//! which repairs it to the last commit. Only that tells whether a refused commit is there: until
//! then nobody reads on.

use super::disk::Disk;
use super::opening::{contained, create, open, open_error};
use super::read::Reads;
use super::rewrite::{compact, is_intact, let_go, salvage};
use super::{Reader, Transaction, migrate, read_error, write_error};
use crate::base::{Error, ErrorKind, Result};
use redb::{Database, DatabaseError, Durability, WriteTransaction};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

/// How often opening again is tried for one call: a change that is under way holds the old handle
/// for a moment.
const REOPEN_TRIES: u32 = 40;
/// Pause between two tries.
const REOPEN_PAUSE: Duration = Duration::from_millis(50);

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Records, and readings on their way into volumes.
    Main,
    /// Sealed readings or rollups of a period.
    Volume,
}

impl FileKind {
    /// Page cache, bytes. The kernel caches the same pages behind it, so a small one costs
    /// little time and keeps the memory of the appliance bounded.
    pub(super) const fn cache_bytes(self) -> usize {
        match self {
            Self::Main => 16 << 20,
            Self::Volume => 4 << 20,
        }
    }

    /// Whether a file that was written anew after damage may lack a part of a table.
    pub(super) fn may_lose(self, table: &str) -> bool {
        self == Self::Volume || MAY_BE_IN_PART.contains(&table)
    }
}

/// Tables of the data file of which a part may be missing after damage: rows that stand alone, and
/// the audit log, whose chain shows what is gone. Without the others what is there would mean
/// something else.
const MAY_BE_IN_PART: [&str; 3] = ["ts_tick", "audit", "session"];

/// One file of the data directory.
pub(super) struct DataFile {
    disk: Arc<dyn Disk>,
    name: String,
    kind: FileKind,
    reads: Arc<Reads>,
    /// `None` between a refusal of the disk and the next successful opening.
    handle: RwLock<Option<Handle>>,
    /// What the appliance tells about itself.
    healthy: AtomicBool,
    /// Every page was found to be as it was written, before the first change.
    checked: AtomicBool,
    /// Another file was to take its name, and it is not sure which of the two has it on disk.
    unsettled: AtomicBool,
}

/// One opening of the file.
struct Handle {
    /// `None` only while it is dropped.
    database: Option<Database>,
    /// A read or a change did not end well: the file is opened again before the next one. Each
    /// opening has its own mark, so that who still reads from an older one does not spoil this.
    suspect: Arc<AtomicBool>,
    /// Something was committed in this opening.
    changed: AtomicBool,
}

impl Handle {
    fn of(database: Database) -> Self {
        Self {
            database: Some(database),
            suspect: Arc::default(),
            changed: AtomicBool::default(),
        }
    }

    fn is_sound(&self) -> bool {
        !self.suspect.load(Ordering::Relaxed)
    }
}

impl Drop for Handle {
    /// Closing commits once more. Not to a file on which something went wrong, and not to one that
    /// was only read: the next opening finds the last commit, as after a power cut.
    fn drop(&mut self) {
        let Some(database) = self.database.take() else {
            return;
        };
        if !self.is_sound() || !self.changed.load(Ordering::Relaxed) {
            let_go(database);
        } else if catch_unwind(AssertUnwindSafe(|| drop(database))).is_err() {
            tracing::error!("a data file did not close; it may be damaged");
        }
    }
}

impl DataFile {
    /// Opens the file; makes it when it is absent; brings an older one up to this version.
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        name: &str,
        kind: FileKind,
        reads: &Arc<Reads>,
    ) -> Result<Self> {
        if disk.exists(name).map_err(read_error)? {
            disk.settle(name).map_err(write_error)?;
        } else {
            create(disk.as_ref(), name, kind)?;
        }
        let file = Self::open_unchecked(disk, name, kind, reads)?;
        if kind == FileKind::Main {
            file.get_away_from_damage()?;
        }
        let slot = file.sound_handle()?;
        if let Some(database) = slot.as_ref().and_then(|handle| handle.database.as_ref()) {
            contained(&disk.show(name), || migrate::run(database, kind))?;
        }
        drop(slot);
        Ok(file)
    }

    /// Opens a file that exists, as it is.
    pub(super) fn open_unchecked(
        disk: &Arc<dyn Disk>,
        name: &str,
        kind: FileKind,
        reads: &Arc<Reads>,
    ) -> Result<Self> {
        let database = contained(&disk.show(name), || open(disk.as_ref(), name, kind))?;
        Ok(Self {
            disk: Arc::clone(disk),
            name: name.to_owned(),
            kind,
            reads: Arc::clone(reads),
            handle: RwLock::new(Some(Handle::of(database))),
            healthy: AtomicBool::new(true),
            checked: AtomicBool::new(false),
            unsettled: AtomicBool::new(false),
        })
    }

    /// Leaves out the examination before the first change: the file was just made.
    pub(super) fn trust(&self) {
        self.checked.store(true, Ordering::Relaxed);
    }

    /// Before the first change the whole file is examined, once. A commit to a file with a damaged
    /// page spreads the damage: pages that hold readings may be taken for free and written over,
    /// or the database ends the process. So a damaged file is first written anew from what can be
    /// read of it.
    fn get_away_from_damage(&self) -> Result<()> {
        if self.checked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let disk = self.disk.as_ref();
        if !is_intact(disk, &self.name, FileKind::Volume.cache_bytes())? {
            let file = disk.show(&self.name);
            tracing::error!(%file, "a data file is damaged; it is written anew from what can be read, and the damaged one is kept beside it");
            let anew = || contained(&file, || salvage(&self.disk, &self.name, self.kind));
            let lost = self.replace(anew)?;
            tracing::error!(%file, lost, "a damaged data file was written anew");
        }
        self.checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Writes the file anew when at least `percent` of it and `bytes` are free inside it, and the
    /// disk has room for both. Nobody changes it meanwhile: the caller sees to that.
    pub(super) fn give_back(&self, percent: u64, bytes: u64) -> Result<bool> {
        #[allow(clippy::redundant_closure_for_method_calls)] // the method is of one lifetime only
        let used = self.change(|transaction| transaction.used_bytes())?;
        let whole = self.disk.bytes(&self.name);
        let free = whole.saturating_sub(used);
        let room = self.disk.room().is_none_or(|room| room.free > 2 * whole);
        if free < bytes || free * 100 < whole * percent || !room {
            return Ok(false);
        }
        self.replace(|| compact(&self.disk, &|| self.begin_read(), &self.name, self.kind))?;
        Ok(true)
    }

    /// Runs what moves another file into the place of this one. The next one who asks opens the
    /// new file; who reads on from the old one may finish.
    fn replace<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.unsettled.store(true, Ordering::Relaxed);
        let done = work();
        if done.is_ok() {
            self.unsettled.store(false, Ordering::Relaxed);
        }
        // Also when the disk refused: the name may have changed before it did, and what goes on
        // into a file without a name is gone when that is closed.
        self.doubt();
        done
    }

    /// Before a change, makes sure that the file keeps its name when the power fails: a change to
    /// one that loses it would be lost with it.
    fn settle(&self) -> Result<()> {
        if self.unsettled.load(Ordering::Relaxed) {
            self.disk.settle(&self.name).map_err(write_error)?;
            self.unsettled.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Has the file opened again before the next read or change.
    fn doubt(&self) {
        let slot = self.handle.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = slot.as_ref() {
            handle.suspect.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the last change ended well.
    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    pub(super) fn begin_read(&self) -> Result<Reader> {
        self.begin_read_as(&self.reads)
    }

    /// As [`DataFile::begin_read`], for a view that may live as long as `reads` says.
    pub(super) fn begin_read_as(&self, reads: &Arc<Reads>) -> Result<Reader> {
        let slot = self.sound_handle()?;
        let handle = slot.as_ref().ok_or_else(refused)?;
        let database = handle.database.as_ref().ok_or_else(refused)?;
        Reader::begin(database, Arc::clone(&handle.suspect), Arc::clone(reads))
    }

    /// As [`DataFile::change`], for what leaves the reserve to people.
    pub(super) fn change_sparing<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let Some(reserve) = self.disk.reserve() else {
            return self.change(work);
        };
        reserve.renew();
        if reserve.state().is_some_and(super::Reserved::is_low) {
            self.note(false);
            return Err(kept_for_people());
        }
        reserve.spare(|| self.change(work))
    }

    /// Makes the reserve whole again, when it is not and there is room.
    fn renew_reserve(&self) {
        if let Some(reserve) = self.disk.reserve()
            && reserve
                .state()
                .is_some_and(|state| state.held < state.whole)
        {
            reserve.renew();
        }
    }

    /// Runs one change. One at a time: the caller sees to that. A panic in it leaves nothing
    /// behind and goes no further.
    pub(super) fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.renew_reserve();
        let begun = self
            .get_away_from_damage()
            .and_then(|()| self.settle())
            .and_then(|()| self.begin_write());
        let (transaction, suspect) = begun.inspect_err(|_| self.note(false))?;
        let attempt = catch_unwind(AssertUnwindSafe(|| attempt(transaction, work)));
        let (result, sound) = match attempt {
            // A refusal by the work itself says nothing about the disk; a failed read or write
            // does.
            Ok(Err(error)) if error.kind == ErrorKind::Unavailable => (Err(error), false),
            Ok(result) => (result, true),
            Err(_) => {
                let error = Error::internal("A change failed; nothing was stored.");
                (Err(error), false)
            }
        };
        if !sound {
            suspect.store(true, Ordering::Relaxed);
        }
        self.note(sound);
        result
    }

    fn note(&self, healthy: bool) {
        self.healthy.store(healthy, Ordering::Relaxed);
    }

    /// Begins a write under the commit policy: on disk when it returns (`Immediate`), and with
    /// the allocator state (quick-repair), so that the file opens at once after a power cut
    /// instead of being walked.
    fn begin_write(&self) -> Result<(WriteTransaction, Arc<AtomicBool>)> {
        let slot = self.sound_handle()?;
        let handle = slot.as_ref().ok_or_else(refused)?;
        let database = handle.database.as_ref().ok_or_else(refused)?;
        let begun = database.begin_write().inspect_err(|_| {
            handle.suspect.store(true, Ordering::Relaxed);
        });
        let mut transaction = begun.map_err(write_error)?;
        handle.changed.store(true, Ordering::Relaxed);
        transaction
            .set_durability(Durability::Immediate)
            .map_err(write_error)?;
        transaction.set_quick_repair(true);
        Ok((transaction, Arc::clone(&handle.suspect)))
    }

    /// The handle; opened again first when something went wrong on it.
    fn sound_handle(&self) -> Result<RwLockReadGuard<'_, Option<Handle>>> {
        let slot = self.handle.read().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(Handle::is_sound) {
            return Ok(slot);
        }
        drop(slot);
        self.reopen()?;
        Ok(self.handle.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Drops the handle on which something went wrong and opens the file again.
    fn reopen(&self) -> Result<()> {
        let mut slot = self.handle.write().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(Handle::is_sound) {
            // Somebody else was faster.
            return Ok(());
        }
        drop(slot.take());
        let mut tries = 1;
        let open = || loop {
            match self.disk.open(&self.name, self.kind.cache_bytes()) {
                Ok(database) => break Ok(database),
                Err(DatabaseError::DatabaseAlreadyOpen) if tries < REOPEN_TRIES => {
                    std::thread::sleep(REOPEN_PAUSE);
                }
                Err(cause) => break Err(open_error(&self.disk.show(&self.name), cause)),
            }
            tries += 1;
        };
        let database = contained(&self.disk.show(&self.name), open)?;
        *slot = Some(Handle::of(database));
        let file = &self.name;
        tracing::info!(%file, "a data file was opened again");
        Ok(())
    }
}

fn attempt<T>(
    transaction: WriteTransaction,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    match work(&Transaction::new(&transaction)) {
        Ok(value) => {
            transaction.commit().map_err(write_error)?;
            Ok(value)
        }
        Err(refused) => {
            transaction.abort().map_err(write_error)?;
            Err(refused)
        }
    }
}

fn kept_for_people() -> Error {
    Error::unavailable(
        "The disk is full: the room that is left is kept for people, and readings wait. Make room \
         on it.",
    )
}

fn refused() -> Error {
    Error::unavailable(
        "The disk refused and the data file is being opened again. Check that the disk has room \
         and is not read-only.",
    )
}
