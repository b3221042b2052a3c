//! The way of an update inside the appliance: a bundle comes in, is judged, is confirmed; then the
//! appliance stops, and the launcher goes on.

use super::answers::Comparison;
use super::bundle::Opened;
use super::keys;
use super::manifest::Here;
use super::minisign::PublicKey;
use super::spool::{self, Spool};
use super::staging::is_full;
use super::standing::{Became, Kept, Staged, Standing};
use super::stick::{self, MOUNTS};
use crate::base::{Batch, Clock, Error, Result};
use crate::ingest::{Intake, Keeper};
use crate::launcher::arm::{Request, arm, arm_back};
use crate::launcher::files::Files;
use crate::launcher::home::Home;
use crate::launcher::record::{Outcome, Pair, Record, State};
use crate::store::audit::{self, Actor};
use crate::store::{Store, TableName, View as _};
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio_util::sync::CancellationToken;

/// What is remembered of updates: which outcome stands in the audit log already.
const TABLE: TableName = TableName::new("update");
const TOLD: &[u8] = b"told";
/// Before the number of each key that a bundle took the trust from.
const REVOKED: &str = "revoked/";

/// What this version calls itself.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Updates of this appliance.
pub struct Updates {
    pub(super) home: Option<Home>,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keys: Vec<PublicKey>,
    pub(super) mounts: Vec<PathBuf>,
    pub(super) staged: Mutex<Option<Staged>>,
    /// One at a time: they share staging.
    pub(super) busy: Arc<tokio::sync::Mutex<()>>,
    pub(super) comparison: OnceLock<Comparison>,
    spool: Mutex<Option<Arc<Spool>>>,
    on_trial: AtomicBool,
    leaving: AtomicBool,
    stop: CancellationToken,
}

pub(super) fn unwritten(cause: std::io::Error) -> Error {
    let sentence = format!("The update could not be prepared: {cause}.");
    match cause.kind() {
        std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotFound => {
            Error::conflict(sentence)
        }
        _ => Error::unavailable(sentence),
    }
    .because(cause)
}

impl Updates {
    /// Opens the updates of an appliance that a launcher started in `home`; without one it can
    /// say which version runs, and no more. `test_key` is believed by a build for tests only. `stop`
    /// ends the appliance.
    ///
    /// # Errors
    /// When a key that is built in is none, or the disk refuses.
    pub fn open(
        store: &Store,
        clock: Arc<dyn Clock>,
        (home, test_key): (Option<PathBuf>, Option<&str>),
        stop: CancellationToken,
    ) -> Result<Self> {
        let home = home.map(Home::at);
        let mut spool = None;
        if let Some(home) = &home {
            // What an update left that was not confirmed is of no use to anybody.
            let _ = Files::default().remove_tree(&home.staging());
            if let Ok(State::Trial { id, .. }) = home.record().map(|record| record.state) {
                spool = Some(Arc::new(Spool::open(&home.spool(id))?));
            }
        }
        Ok(Self {
            keys: keys::believed(test_key)?,
            mounts: MOUNTS.map(PathBuf::from).to_vec(),
            staged: Mutex::default(),
            busy: Arc::default(),
            comparison: OnceLock::new(),
            on_trial: AtomicBool::new(spool.is_some()),
            leaving: AtomicBool::new(false),
            spool: Mutex::new(spool),
            store: store.clone(),
            home,
            clock,
            stop,
        })
    }

    /// Whether the appliance stops because another version takes its place.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Whether another version is tried next, on a copy of this data: one that was confirmed here, or
    /// one that was installed meanwhile.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        let record = self.home.as_ref().and_then(|home| home.record().ok());
        record.is_some_and(|record| matches!(record.state, State::Armed { .. }))
    }

    /// Whether this version is on trial.
    #[must_use]
    pub fn on_trial(&self) -> bool {
        self.on_trial.load(Ordering::Relaxed)
    }

    /// The launcher said that this version stays.
    pub fn kept(&self) {
        self.on_trial.store(false, Ordering::Relaxed);
        *self.spool.lock().unwrap_or_else(PoisonError::into_inner) = None;
        tracing::info!(version = VERSION, "the update is committed");
    }

    /// After a trial: stores what was measured in one that was given up, and writes into the audit
    /// log what became of the update.
    ///
    /// # Errors
    /// When the disk refuses; the next start does it.
    pub async fn settle(&self, intake: &Arc<Intake>) -> Result<()> {
        let Some(home) = self.home.clone().filter(|_| !self.on_trial()) else {
            return Ok(());
        };
        let Ok(record) = home.record() else {
            return Ok(());
        };
        let Some(outcome) = record.outcome.clone() else {
            return Ok(());
        };
        let spool = home.spool(outcome.trial);
        if outcome.result == "rolled_back" {
            let mut batches = 0;
            for some in spool::read(&spool)? {
                batches += some.len();
                intake.store(Arc::new(some)).await?;
            }
            tracing::warn!(batches, why = %outcome.why, "the update was undone; what was measured meanwhile is stored");
        }
        self.tell(outcome, &record).await?;
        Files::default().remove(&spool).map_err(unwritten)
    }

    /// Writes an outcome into the audit log, once.
    async fn tell(&self, outcome: Outcome, record: &Record) -> Result<()> {
        let now = self.clock.now();
        let actor = Actor {
            name: record.asked_by.clone(),
            ..Actor::default()
        };
        let details = json!({ "version": outcome.version, "why": outcome.why,
            "runs": record.current.version, "manifest": record.manifest });
        let work = self.store.write(move |transaction| {
            let mark = format!("{} {}", outcome.at_ms, outcome.result);
            if transaction.get(TABLE, TOLD)?.as_deref() == Some(mark.as_bytes()) {
                return Ok(());
            }
            transaction.put(TABLE, TOLD, mark.as_bytes())?;
            let action = format!("update.{}", outcome.result);
            audit::append(transaction, now, &actor, &action, "appliance", details)
        });
        work.await
    }

    /// How things stand.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let record = self.home.as_ref().and_then(|home| home.record().ok());
        let became = |outcome: Outcome| Became {
            result: outcome.result,
            version: outcome.version,
            why: outcome.why,
            at_ms: outcome.at_ms,
        };
        let kept = |pair: Pair| Kept {
            version: pair.version,
        };
        Standing {
            version: VERSION,
            managed: self.home.is_some(),
            on_trial: self.on_trial(),
            answering: self.answering(),
            staged: self.staged(),
            sticks: stick::find(&self.mounts),
            keys: (self.keys.iter().map(PublicKey::id))
                .filter(|key| !self.is_revoked(key).unwrap_or(false))
                .collect(),
            last: record
                .as_ref()
                .and_then(|record| record.outcome.clone())
                .map(became),
            previous: record.and_then(|record| record.previous).map(kept),
        }
    }

    fn staged(&self) -> Option<Staged> {
        let staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        staged.clone()
    }

    pub(super) fn home(&self) -> Result<&Home> {
        self.home.as_ref().ok_or_else(|| {
            Error::conflict(
                "This appliance was not installed, so it cannot replace itself. Install it \
                 (indusmind install), or start the new file on the same data.",
            )
        })
    }

    /// Whether an update that was installed here took the trust from this key.
    pub(super) fn is_revoked(&self, key: &str) -> Result<bool> {
        let name = format!("{REVOKED}{key}");
        Ok(self.store.read()?.get(TABLE, name.as_bytes())?.is_some())
    }

    pub(super) fn here(&self, opened: &Opened, record: &Record) -> Here {
        Here {
            arch: std::env::consts::ARCH,
            version: VERSION.to_owned(),
            schema: crate::store::schema(),
            floor: record.floors.get(&opened.key).cloned(),
            data: self.data_bytes(),
        }
    }

    /// Installs what was judged good: writes it down, fills the idle slot, and stops the
    /// appliance. `hash` is of the manifest that the person saw.
    ///
    /// # Errors
    /// When nothing is staged, it is another one, or the disk refuses; all stays as it is.
    pub async fn install(self: &Arc<Self>, hash: &str, actor: Actor) -> Result<()> {
        let home = self.home()?.clone();
        let Ok(_turn) = self.busy.try_lock() else {
            return Err(Error::conflict("An update is being read. Check it again."));
        };
        let staged = self.staged().filter(|staged| staged.manifest_hash == hash);
        let Some(staged) = staged else {
            return Err(Error::conflict(
                "This is not the update that was checked. Check it again and confirm what you see.",
            ));
        };
        let details = json!({ "version": staged.manifest.version, "from": VERSION,
            "manifest": hash, "key": staged.key, "revoked": staged.manifest.revoked });
        // No key takes the trust from itself: one has to be left that brings the next update.
        let mut revoked = staged.manifest.revoked.clone();
        revoked.retain(|key| *key != staged.key);
        self.note(&actor, "update.install", details, revoked)
            .await?;
        let (name, bytes) = (actor.name, staged.manifest.bytes);
        let arming = move || {
            let request = Request {
                binary: &home.staging().join("binary"),
                hash: &staged.manifest.sha256,
                version: &staged.manifest.version,
                key: &staged.key,
                manifest: &staged.manifest_hash,
                asked_by: &name,
            };
            arm(&home, &Files::default(), &request)
        };
        self.arm_and_stop(bytes, arming).await
    }

    /// Goes back to the version before: on the data of now, or on the data of then.
    ///
    /// # Errors
    /// When none is kept, an update is under way, or the disk refuses.
    pub async fn go_back(self: &Arc<Self>, old_data: bool, actor: Actor) -> Result<()> {
        let home = self.home()?.clone();
        let previous = home.record().map_err(unwritten)?.previous;
        let previous = previous.ok_or_else(|| {
            Error::conflict("No version before is kept; there is none to go back to.")
        })?;
        let details = json!({ "version": previous.version, "from": VERSION, "old_data": old_data });
        self.note(&actor, "update.go_back", details, Vec::new())
            .await?;
        let name = actor.name;
        let arming = move || arm_back(&home, &Files::default(), old_data, &name);
        self.arm_and_stop(0, arming).await
    }

    /// Writes into the audit log that a bundle was refused, with where it came from and why.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn note_refusal(&self, why: &Error, from: &str, actor: &Actor) -> Result<()> {
        let reason = why.fields.first().map(|field| field.path.clone());
        let details = json!({ "from": from, "reason": reason, "why": why.sentence });
        self.note(actor, "update.bundle_refused", details, Vec::new())
            .await
    }

    async fn note(
        &self,
        actor: &Actor,
        action: &'static str,
        details: serde_json::Value,
        revoked: Vec<String>,
    ) -> Result<()> {
        let (now, actor) = (self.clock.now(), actor.clone());
        let write = self.store.write(move |transaction| {
            for key in revoked {
                let name = format!("{REVOKED}{key}");
                transaction.put(TABLE, name.as_bytes(), b"1")?;
            }
            audit::append(transaction, now, &actor, action, "appliance", details)
        });
        write.await
    }

    async fn arm_and_stop<F>(&self, bytes: u64, arming: F) -> Result<()>
    where
        F: FnOnce() -> std::io::Result<()> + Send + 'static,
    {
        tokio::task::spawn_blocking(arming)
            .await
            .map_err(|cause| Error::internal("The update was not prepared.").because(cause))?
            .map_err(|cause| self.not_armed(bytes, cause))?;
        *self.staged.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.leaving.store(true, Ordering::Relaxed);
        // The answer is given while the appliance stops: answers under way are finished.
        self.stop.cancel();
        Ok(())
    }
}

impl Updates {
    /// What a person hears when the way of an update could not be begun. On a full disk nothing of
    /// it is kept.
    fn not_armed(&self, bytes: u64, cause: std::io::Error) -> Error {
        match &self.home {
            Some(home) if is_full(&cause) => {
                *self.staged.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let _ = Files::default().remove_tree(&home.staging());
                self.full(bytes, cause)
            }
            _ => unwritten(cause),
        }
    }
}

impl Keeper for Updates {
    fn keep(&self, batches: &[Batch]) -> Result<()> {
        let spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let spool = spool.clone();
        spool.map_or(Ok(()), |spool| spool.keep(batches))
    }

    fn is_needed(&self) -> bool {
        self.on_trial()
    }
}
