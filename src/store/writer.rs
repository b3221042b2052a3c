//! The one thread that writes, and the commit policy.
//!
//! Every commit is `Immediate` (on disk when it returns) and quick-repair (the allocator state
//! is stored too, so that the file opens at once after a power cut instead of being walked).

use super::read::walk;
use super::{TableName, View, Visit, write_error};
use crate::base::{Error, Result};
use redb::{Database, Durability, ReadableTable as _, WriteTransaction};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::oneshot;

/// Changes that may wait for the writer. A tick and a burst of clicks need a few; more waiting
/// than this means the disk hangs, and a new click is better refused than queued.
const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(&Database, &AtomicBool) + Send>;

/// One write transaction, handed to the closure of [`super::Store::write`].
pub struct Transaction<'a> {
    inner: &'a WriteTransaction,
}

impl Transaction<'_> {
    /// Sets the value of a key.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&self, table: TableName, key: &[u8], value: &[u8]) -> Result<()> {
        let mut table = self
            .inner
            .open_table(table.definition())
            .map_err(write_error)?;
        table.insert(key, value).map_err(write_error)?;
        Ok(())
    }

    /// Forgets a key; `true` when it was there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, table: TableName, key: &[u8]) -> Result<bool> {
        let mut table = self
            .inner
            .open_table(table.definition())
            .map_err(write_error)?;
        let old = table.remove(key).map_err(write_error)?;
        Ok(old.is_some())
    }

    /// The entry with the greatest key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn last(&self, table: TableName) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
        let table = self
            .inner
            .open_table(table.definition())
            .map_err(write_error)?;
        let last = table.last().map_err(write_error)?;
        Ok(last.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())))
    }
}

impl View for Transaction<'_> {
    fn get(&self, table: TableName, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let table = self
            .inner
            .open_table(table.definition())
            .map_err(write_error)?;
        let value = table.get(key).map_err(write_error)?;
        Ok(value.map(|guard| guard.value().to_vec()))
    }

    fn scan(&self, table: TableName, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        let table = self
            .inner
            .open_table(table.definition())
            .map_err(write_error)?;
        if from < to {
            walk(table.range(from..to).map_err(write_error)?, visit)
        } else {
            Ok(())
        }
    }

    fn scan_back(
        &self,
        table: TableName,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let table = self
            .inner
            .open_table(table.definition())
            .map_err(write_error)?;
        if from < to {
            walk(table.range(from..to).map_err(write_error)?.rev(), visit)
        } else {
            Ok(())
        }
    }
}

/// The handle of the writer thread.
#[derive(Clone)]
pub(super) struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    jobs: Mutex<Option<mpsc::SyncSender<Job>>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    healthy: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>) -> Result<Self> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUE);
        let healthy = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&healthy);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                for job in queue {
                    job(&database, &seen);
                }
            })
            .map_err(|cause| Error::internal("No thread for the store.").because(cause))?;
        let shared = Shared {
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
            healthy,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let answer = self.hand_in(work)?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(super) fn run_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let answer = self.hand_in(work)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(stopped()))
    }

    fn hand_in<T, F>(&self, work: F) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |database, healthy| {
            // A panic aborts its transaction when it is dropped; the thread goes on.
            let result = catch_unwind(AssertUnwindSafe(|| perform(database, healthy, work)))
                .unwrap_or_else(|_| Err(Error::internal("A change failed; nothing was stored.")));
            let _ = reply.send(result);
        });
        let jobs = self
            .shared
            .jobs
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(sender) = jobs.as_ref() else {
            return Err(stopped());
        };
        sender.try_send(job).map_err(|refused| match refused {
            mpsc::TrySendError::Full(_) => Error::unavailable(
                "The disk is too slow: changes are waiting to be written. Try again in a minute.",
            ),
            mpsc::TrySendError::Disconnected(_) => stopped(),
        })?;
        Ok(answer)
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.shared.healthy.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        let lock = |poisoned: std::sync::PoisonError<_>| poisoned.into_inner();
        drop(
            self.shared
                .jobs
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .take(),
        );
        let thread = self.shared.thread.lock().unwrap_or_else(lock).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn perform<T>(
    database: &Database,
    healthy: &AtomicBool,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let committed = (|| {
        let mut transaction = database.begin_write().map_err(write_error)?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(write_error)?;
        transaction.set_quick_repair(true);
        let result = match work(&Transaction {
            inner: &transaction,
        }) {
            Ok(value) => value,
            Err(refused) => {
                transaction.abort().map_err(write_error)?;
                return Ok(Err(refused));
            }
        };
        transaction.commit().map_err(write_error)?;
        Ok(Ok(result))
    })();
    // A refusal by the work itself says nothing about the disk.
    healthy.store(committed.is_ok(), Ordering::Relaxed);
    committed?
}

fn stopped() -> Error {
    Error::unavailable("The appliance is stopping. Try again when it has started.")
}
