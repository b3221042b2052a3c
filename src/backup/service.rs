//! Backups of an appliance that runs: the settings, the timetable, and one job at a time.

use super::job::{self, Job, JobKind, Running};
use super::let_in::LetIn;
use super::make::Making;
use super::manifest::{Cause, Manifest};
use super::place::{PREFIX, Place, list};
use super::progress::Progress;
use super::record::{self, Good, Record, Trouble};
use super::restore::stage;
use super::revoked::Since;
use super::settings::{BackupChange, BackupSettings, check_passphrase};
use super::verify::verify;
use crate::base::{Clock, Error, JobId, Result, Timestamp};
use crate::site::Sites;
use crate::store::audit::{self, Actor};
use crate::store::{Store, Transaction, switch};
use crate::tsdb::Tsdb;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Between the end of a restore and the start on it, ms: whoever waits for it is to hear of it.
const TELL_MS: u64 = 2_000;
const DAY_MS: i64 = 86_400_000;

/// Backups of a running appliance.
pub struct Backups {
    pub(super) store: Store,
    tsdb: Arc<Tsdb>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sites: Arc<Sites>,
    restart: CancellationToken,
    state: Mutex<State>,
}

/// What is known of them.
#[derive(Debug)]
pub(super) struct State {
    pub(super) record: Record,
    passphrase: Option<String>,
    pub(super) running: Option<Running>,
}

/// What is asked of a backup that is there.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The folder of the backup.
    pub folder: PathBuf,
    /// What opens it; the stored one when absent.
    pub passphrase: Option<String>,
}

impl Backups {
    /// Opens the settings. `restart` is how the appliance is told to start on restored data.
    ///
    /// # Errors
    /// When the data file cannot be read or written.
    pub async fn open(
        (store, tsdb): (&Store, &Arc<Tsdb>),
        clock: Arc<dyn Clock>,
        sites: Arc<Sites>,
        restart: CancellationToken,
    ) -> Result<Self> {
        let now = clock.now();
        let reader = store.read()?;
        let left = job::all(&reader)?.into_iter();
        let left = left.filter(|job| job.finished_at.is_none()).count();
        drop(reader);
        if left > 0 {
            let end = move |transaction: &Transaction<'_>| job::end_left(transaction, now);
            store.write(end).await?;
        }
        let (record, passphrase) = record::read(&store.read()?, now)?;
        // A copy of the data file that a cut left.
        let _ = std::fs::remove_dir_all(store.path().join(super::make::STAGING));
        let _ = switch::discard(store.path());
        Ok(Self {
            store: store.clone(),
            tsdb: Arc::clone(tsdb),
            clock,
            sites,
            restart,
            state: Mutex::new(State {
                record,
                passphrase,
                running: None,
            }),
        })
    }

    /// The settings, and whether there is a passphrase.
    #[must_use]
    pub fn settings(&self) -> (BackupSettings, bool) {
        let state = self.state();
        (state.record.settings.clone(), state.passphrase.is_some())
    }

    /// The last good backup, and what went wrong since.
    #[must_use]
    pub fn last(&self) -> (Option<Good>, Option<Trouble>) {
        let record = &self.state().record;
        (record.last_good.clone(), record.trouble.clone())
    }

    /// When the next one is due by the timetable.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        let record = self.state().record.clone();
        self.due(&record)
    }

    /// Whether restored data waits for the next start.
    #[must_use]
    pub fn restore_waits(&self) -> bool {
        switch::is_waiting(self.store.path())
    }

    /// How long ago the last good backup was made, and how long that may be, hours; nothing where
    /// there is no timetable.
    #[must_use]
    pub fn age_h(&self, now: Timestamp) -> Option<(f64, f64)> {
        let record = &self.state().record;
        record.settings.folder.as_ref()?;
        record.settings.at.as_ref()?;
        let since = record
            .last_good
            .as_ref()
            .map_or(record.since, |good| good.at);
        let days = i64::try_from(record.settings.days.len())
            .unwrap_or(7)
            .max(1);
        #[allow(clippy::cast_precision_loss)] // hours
        let hours = |ms: i64| ms as f64 / 3_600_000.0;
        // Twice the longest time between two, and half a day for a stick that is brought later.
        Some((
            hours(now.since_ms(since)),
            hours((7 - days + 1) * 2 * DAY_MS),
        ))
    }

    /// The backups in the folder, newest first.
    ///
    /// # Errors
    /// When the folder is not there.
    pub fn list(&self) -> Result<Vec<Manifest>> {
        match self.settings().0.folder {
            Some(folder) => list(Path::new(&folder)),
            None => Ok(Vec::new()),
        }
    }

    /// The random number that this appliance gave itself.
    #[must_use]
    pub fn appliance(&self) -> String {
        self.state().record.appliance.clone()
    }

    /// The jobs, newest first.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn jobs(&self) -> Result<Vec<Job>> {
        let mut jobs = job::all(&self.store.read()?)?;
        if let Some(running) = &self.state().running
            && let Some(job) = jobs.iter_mut().find(|job| job.id == running.job.id)
        {
            *job = running.now();
        }
        Ok(jobs)
    }

    /// The job that is being done.
    #[must_use]
    pub fn running(&self) -> Option<Job> {
        self.state().running.as_ref().map(Running::now)
    }

    /// The job that was begun last.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn last_job(&self) -> Result<Option<Job>> {
        Ok(self.jobs()?.into_iter().next())
    }

    /// Ends a job that runs; what it began is taken away.
    ///
    /// # Errors
    /// When there is no such job, or it is over.
    pub async fn cancel(&self, id: JobId, actor: Actor) -> Result<Job> {
        let jobs = self.jobs()?;
        let job = jobs.into_iter().find(|job| job.id == id);
        let job = job.ok_or_else(|| Error::not_found("job", id))?;
        let running = self.state().running.clone();
        let Some(running) = running.filter(|running| running.job.id == job.id) else {
            return Err(Error::conflict("The job is over."));
        };
        running.progress.cancel();
        let (now, resource) = (self.clock.now(), format!("job/{id}"));
        let noted = self.store.write(move |transaction| {
            let details = json!({});
            audit::append(transaction, now, &actor, "job.cancel", &resource, details)
        });
        noted.await?;
        Ok(running.now())
    }

    /// Changes the settings.
    ///
    /// # Errors
    /// Every refused field, or when the disk refuses.
    pub async fn change(&self, change: BackupChange, actor: Actor) -> Result<()> {
        if let Some(passphrase) = &change.passphrase {
            check_passphrase(passphrase)?;
        }
        let (mut record, stored) = {
            let state = self.state();
            (state.record.clone(), state.passphrase.clone())
        };
        let passphrase = change.passphrase.clone().or(stored);
        change
            .settings
            .check(self.store.path(), passphrase.is_some())?;
        let before = std::mem::replace(&mut record.settings, change.settings);
        let now = self.clock.now();
        if before.folder != record.settings.folder || before.at != record.settings.at {
            record.since = now;
        }
        let details = json!({
            "before": before,
            "after": record.settings,
            "passphrase_changed": change.passphrase.is_some(),
        });
        let (stored, secret) = (record.clone(), passphrase.clone());
        let write = move |transaction: &Transaction<'_>| {
            record::write(transaction, &stored)?;
            record::write_secret(transaction, secret.as_deref())?;
            audit::append(
                transaction,
                now,
                &actor,
                "backup.settings",
                "backup",
                details,
            )
        };
        self.store.write(write).await?;
        let mut state = self.state();
        state.record = record;
        state.passphrase = passphrase;
        Ok(())
    }

    /// Begins to make a backup.
    ///
    /// # Errors
    /// When no folder is set, or another job runs.
    pub async fn make(self: &Arc<Self>, cause: Cause, actor: Actor) -> Result<Job> {
        let (record, passphrase) = {
            let state = self.state();
            (state.record.clone(), state.passphrase.clone())
        };
        let Some(folder) = record.settings.folder.clone().map(PathBuf::from) else {
            let sentence = "Choose a folder for the backups first.";
            return Err(Error::conflict(sentence));
        };
        let (own, now) = (Arc::clone(self), self.clock.now());
        let work = move |progress: &Progress| {
            let making = Making {
                store: &own.store,
                tsdb: &own.tsdb,
                folder: &folder,
                passphrase: passphrase.as_deref().filter(|_| record.settings.encrypt),
                appliance: &record.appliance,
                site: own.sites.first().map(|site| site.name),
                cause,
                now,
            };
            let made = making.run(progress)?;
            own.forget_surplus(&folder, &record);
            Ok(Some(Good {
                id: made.id.clone(),
                at: made.made_at,
                bytes: made.stored_bytes(),
            }))
        };
        self.begin(JobKind::Backup, None, actor, work).await
    }

    /// Begins to prove a backup.
    ///
    /// # Errors
    /// When another job runs.
    pub async fn verify(self: &Arc<Self>, asked: Asked, actor: Actor) -> Result<Job> {
        let own = Arc::clone(self);
        let subject = name_of(&asked.folder);
        let work = move |progress: &Progress| {
            verify(&own.open_place(&asked)?, progress)?;
            Ok(None)
        };
        self.begin(JobKind::Verify, subject, actor, work).await
    }

    /// Begins to put a backup in the place of the data. When it is proven and lies beside them, the
    /// appliance starts again on it. `let_in` says which machines get in then; what is usual when
    /// absent. A `new` machine knows nothing of what was revoked.
    ///
    /// # Errors
    /// When another job runs.
    pub async fn restore(
        self: &Arc<Self>,
        asked: Asked,
        (let_in, new): (Option<LetIn>, bool),
        actor: Actor,
    ) -> Result<Job> {
        let (own, by) = (Arc::clone(self), actor.clone());
        let subject = name_of(&asked.folder);
        let work = move |progress: &Progress| {
            let place = own.open_place(&asked)?;
            let since = match new {
                true => Since::Nothing,
                false => Since::of(&own.store),
            };
            let by = (&by, own.clock.now());
            let chosen = (since, let_in);
            stage(&place, own.store.path(), chosen, by, progress)?;
            own.start_again();
            Ok(None)
        };
        self.begin(JobKind::Restore, subject, actor, work).await
    }

    /// Lets the appliance start again on what is stored now, in its own place, after there was time
    /// to say so.
    pub fn start_again(&self) {
        let restart = self.restart.clone();
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(TELL_MS)).await;
            restart.cancel();
        });
    }

    /// The folder of the backup of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, id: &str) -> Result<PathBuf> {
        let is_name =
            id.starts_with(PREFIX) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let folder = self.settings().0.folder.filter(|_| is_name);
        let path = folder.map(|folder| Path::new(&folder).join(id));
        let there = path.filter(|path| path.join(super::manifest::MANIFEST).is_file());
        there.ok_or_else(|| Error::not_found("backup", id))
    }

    fn open_place(&self, asked: &Asked) -> Result<Place> {
        let stored = self.state().passphrase.clone();
        let passphrase = asked.passphrase.clone().or(stored);
        Place::open(&asked.folder, passphrase.as_deref())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name_of(folder: &Path) -> Option<String> {
    folder.file_name()?.to_str().map(str::to_owned)
}
