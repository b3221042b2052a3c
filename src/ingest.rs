//! The funnel: batches in, one transaction, then the feed.
//!
//! Promises: every batch, polled or pushed, comes through [`Intake::store`] and is shown only
//! when it is on disk; a polled batch that found the disk refusing is kept and tried again,
//! oldest dropped first and counted when the buffer is full, a pushed one is refused to its
//! sender. Will not do: decide what a value means.

use crate::base::{Batch, Clock, Error, Result, Timestamp};
use crate::live::Live;
use crate::store::Transaction;
use crate::tsdb::Tsdb;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Batches that may wait for the funnel: ten seconds of 500 devices at 1 s.
pub const INLET_CAPACITY: usize = 5_000;
/// How long the funnel gathers before it commits: the meters of one tick answer within this, and
/// land in one commit instead of twelve.
const GATHER: Duration = Duration::from_millis(100);
/// Batches kept while the disk refuses: ten minutes of 100 devices at 5 s.
const HELD_MAX: usize = 12_000;
/// Pause before a refused commit is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Longest wait for the disk when the appliance stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// The bounded way in. A producer never waits: when the store is slow the beat is skipped and
/// counted, so that one slow disk does not stall the field bus.
#[derive(Clone, Debug)]
pub struct Inlet {
    sender: mpsc::Sender<Batch>,
    skipped: Arc<AtomicU64>,
}

impl Inlet {
    /// An inlet and the end that takes the batches out, with room for `capacity` batches.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> (Self, mpsc::Receiver<Batch>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (
            Self {
                sender,
                skipped: Arc::default(),
            },
            receiver,
        )
    }

    /// Hands a batch over; `false` when there was no room and the beat is lost.
    pub fn offer(&self, batch: Batch) -> bool {
        let taken = self.sender.try_send(batch).is_ok();
        if !taken {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// How many batches found no room since the start.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}

/// What the funnel has done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    samples: AtomicU64,
    commits: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    last_commit_ms: AtomicI64,
}

impl Counters {
    /// Samples on disk.
    pub fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }

    /// Commits that succeeded.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Commits that the disk refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Batches lost because the disk refused for too long.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// When the last commit succeeded; `None` before the first.
    pub fn last_commit(&self) -> Option<Timestamp> {
        let ms = self.last_commit_ms.load(Ordering::Relaxed);
        (ms != 0).then(|| Timestamp::from_ms(ms))
    }
}

/// What an observer does once the transaction is on disk.
pub type AfterCommit = Box<dyn FnOnce() + Send>;

/// Sees every batch inside the transaction that stores it.
pub trait Observer: Send + Sync {
    /// These batches are being stored; what is written with `transaction` lands or falls with
    /// them.
    ///
    /// # Errors
    /// When the disk refuses; then the batches are not stored either.
    fn observe(&self, transaction: &Transaction<'_>, batches: &[Batch]) -> Result<AfterCommit>;
}

/// Keeps batches elsewhere as well, before they are stored and acknowledged.
pub trait Keeper: Send + Sync {
    /// Whether it wants them now.
    fn is_needed(&self) -> bool;
    /// Returns when they are kept.
    ///
    /// # Errors
    /// When they cannot be; then they are not stored either.
    fn keep(&self, batches: &[Batch]) -> Result<()>;
}

/// Hears of every batch once it is on disk, wherever its readings lie in time.
pub trait Follower: Send + Sync {
    /// These batches are on disk. It must not wait: the next commit does.
    fn stored(&self, batches: &[Batch]);
}

/// The one place where readings come in: committed first, then told.
pub struct Intake {
    observer: OnceLock<Arc<dyn Observer>>,
    follower: OnceLock<Arc<dyn Follower>>,
    keeper: OnceLock<Arc<dyn Keeper>>,
    tsdb: Arc<Tsdb>,
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    counters: Counters,
}

impl Intake {
    /// An intake into the store and the feed.
    #[must_use]
    pub fn new(tsdb: Arc<Tsdb>, live: Arc<Live>, clock: Arc<dyn Clock>) -> Self {
        Self {
            observer: OnceLock::new(),
            follower: OnceLock::new(),
            keeper: OnceLock::new(),
            tsdb,
            live,
            clock,
            counters: Counters::default(),
        }
    }

    /// Sets who sees every batch; the first one stays.
    pub fn set_observer(&self, observer: Arc<dyn Observer>) {
        // A second one would be a mistake of the wiring, and the first sees on.
        let _ = self.observer.set(observer);
    }

    /// Sets who hears of every batch after its commit; the first one stays.
    pub fn set_follower(&self, follower: Arc<dyn Follower>) {
        // As above.
        let _ = self.follower.set(follower);
    }

    /// Sets who keeps batches elsewhere as well; the first one stays.
    pub fn set_keeper(&self, keeper: Arc<dyn Keeper>) {
        // As above.
        let _ = self.keeper.set(keeper);
    }

    async fn keep_elsewhere(&self, batches: &Arc<Vec<Batch>>) -> Result<()> {
        let Some(keeper) = self.keeper.get().filter(|keeper| keeper.is_needed()) else {
            return Ok(());
        };
        let (keeper, batches) = (Arc::clone(keeper), Arc::clone(batches));
        tokio::task::spawn_blocking(move || keeper.keep(&batches))
            .await
            .map_err(|cause| Error::internal("The readings could not be kept.").because(cause))?
    }

    /// What it has done so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Stores batches, all or none of them; returns when they are on disk and told.
    ///
    /// Runs to its end even when the caller goes away: the commit and what memory knows of it
    /// belong together, and a client that hangs up must not come between them.
    ///
    /// # Errors
    /// When the disk refuses; then nothing of the batches is stored.
    pub async fn store(self: &Arc<Self>, batches: Arc<Vec<Batch>>) -> Result<()> {
        self.store_with(batches, |_| Ok(())).await
    }

    /// As [`Intake::store`]; `also` runs in the same transaction, for what must not be known
    /// without the readings.
    ///
    /// # Errors
    /// As [`Intake::store`], and what `also` returned.
    pub async fn store_with<F>(self: &Arc<Self>, batches: Arc<Vec<Batch>>, also: F) -> Result<()>
    where
        F: FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    {
        let intake = Arc::clone(self);
        let work = tokio::spawn(async move { intake.store_and_tell(batches, also).await });
        work.await
            .map_err(|cause| Error::internal("The readings could not be stored.").because(cause))?
    }

    async fn store_and_tell<F>(&self, batches: Arc<Vec<Batch>>, also: F) -> Result<()>
    where
        F: FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    {
        self.keep_elsewhere(&batches).await?;
        let after: Arc<Mutex<Option<AfterCommit>>> = Arc::default();
        let (place, seen) = (Arc::clone(&after), Arc::clone(&batches));
        let observer = self.observer.get().cloned();
        let stored = self.tsdb.append(Arc::clone(&batches), move |transaction| {
            also(transaction)?;
            let Some(observer) = observer else {
                return Ok(());
            };
            let then = observer.observe(transaction, &seen)?;
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(then);
            Ok(())
        });
        let stored = stored.await;
        let counters = &self.counters;
        if let Err(error) = stored {
            counters.refused.fetch_add(1, Ordering::Relaxed);
            return Err(error);
        }
        self.live.apply(&batches);
        let then = after.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(then) = then {
            then();
        }
        if let Some(follower) = self.follower.get() {
            follower.stored(&batches);
        }
        let samples: usize = batches.iter().map(|batch| batch.readings.len()).sum();
        let now_ms = self.clock.now().ms();
        counters
            .samples
            .fetch_add(samples as u64, Ordering::Relaxed);
        counters.commits.fetch_add(1, Ordering::Relaxed);
        counters.last_commit_ms.store(now_ms, Ordering::Relaxed);
        Ok(())
    }
}

/// The funnel: the one consumer of the inlet.
pub struct Funnel {
    inlet: mpsc::Receiver<Batch>,
    intake: Arc<Intake>,
}

impl Funnel {
    /// A funnel from `inlet` into the intake.
    #[must_use]
    pub const fn new(inlet: mpsc::Receiver<Batch>, intake: Arc<Intake>) -> Self {
        Self { inlet, intake }
    }

    /// Takes batches until `stop`; what was handed in by then is committed.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut held: Vec<Batch> = Vec::new();
        while let Some(first) = stop.run_until_cancelled(self.inlet.recv()).await.flatten() {
            held.push(first);
            stop.run_until_cancelled(tokio::time::sleep(GATHER)).await;
            self.drain(&mut held);
            self.commit(&mut held).await;
            if !held.is_empty() {
                stop.run_until_cancelled(tokio::time::sleep(RETRY)).await;
            }
        }
        self.inlet.close();
        self.drain(&mut held);
        let last_try = async {
            while !held.is_empty() {
                self.commit(&mut held).await;
                tokio::time::sleep(GATHER).await;
            }
        };
        if tokio::time::timeout(STOP_WITHIN, last_try).await.is_err() {
            tracing::error!("the disk refused the last readings before the stop");
        }
    }

    fn drain(&mut self, held: &mut Vec<Batch>) {
        while held.len() < HELD_MAX {
            let Ok(batch) = self.inlet.try_recv() else {
                return;
            };
            held.push(batch);
        }
        let excess = held.len().saturating_sub(HELD_MAX);
        if excess > 0 {
            held.drain(..excess);
            self.intake
                .counters
                .dropped
                .fetch_add(excess as u64, Ordering::Relaxed);
        }
    }

    /// Stores what is held and shows it; keeps it when the disk refuses.
    async fn commit(&self, held: &mut Vec<Batch>) {
        let batches = Arc::new(std::mem::take(held));
        if let Err(error) = self.intake.store(Arc::clone(&batches)).await {
            tracing::error!(%error, batches = batches.len(), "readings wait for the disk");
            *held = Arc::unwrap_or_clone(batches);
        }
    }
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Funnel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Funnel")
            .field("intake", &self.intake)
            .finish_non_exhaustive()
    }
}
