//! The one thread that writes the data file. The commit policy is in [`DataFile`].

use super::file::DataFile;
use super::read::walk;
use super::{TableName, View, Visit, write_error};
use crate::base::request::current_id;
use crate::base::{Error, Result};
use redb::{ReadableTable as _, TableDefinition, WriteTransaction};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::oneshot;

/// Changes that may wait for the writer. A tick and a burst of clicks need a few; more waiting
/// than this means the disk hangs, and a new click is better refused than queued.
const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(&DataFile) + Send>;

/// One write transaction, handed to the closure of [`super::Store::write`].
pub struct Transaction<'a> {
    inner: &'a WriteTransaction,
    request: Option<String>,
}

impl<'a> Transaction<'a> {
    pub(super) const fn new(inner: &'a WriteTransaction) -> Self {
        Self {
            inner,
            request: None,
        }
    }

    /// The same transaction, on behalf of a request.
    fn of_request(&self, request: Option<String>) -> Self {
        Self {
            inner: self.inner,
            request,
        }
    }

    /// Id of the request that asked for the change, when one did.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.request.as_deref()
    }
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

    /// Forgets many keys; absent ones are no error.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_all<K: AsRef<[u8]>>(
        &self,
        table: TableName,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<()> {
        let mut table = self
            .inner
            .open_table(table.definition())
            .map_err(write_error)?;
        for key in keys {
            table.remove(key.as_ref()).map_err(write_error)?;
        }
        Ok(())
    }

    /// Forgets a whole table.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn drop_table(&self, table: TableName) -> Result<()> {
        self.inner
            .delete_table(table.definition())
            .map(drop)
            .map_err(write_error)
    }

    /// Sets the values of many keys of a table that is known by its name only.
    pub(super) fn put_named(&self, table: &str, entries: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
        let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table);
        let mut table = self.inner.open_table(definition).map_err(write_error)?;
        for (key, value) in entries {
            let put = table.insert(key.as_slice(), value.as_slice());
            put.map_err(write_error)?;
        }
        Ok(())
    }

    /// Bytes of the file that are in use. Walks all tables.
    pub(super) fn used_bytes(&self) -> Result<u64> {
        let stats = self.inner.stats().map_err(write_error)?;
        Ok(stats.allocated_pages() * stats.page_size() as u64)
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
}

impl Writer {
    pub(super) fn start(file: Arc<DataFile>) -> Result<Self> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                for job in queue {
                    job(&file);
                }
            })
            .map_err(|cause| Error::internal("No thread for the store.").because(cause))?;
        let shared = Shared {
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
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
        let (reply, answer) = oneshot::channel();
        self.hand_in(false, work, move |result| drop(reply.send(result)))?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// As [`Writer::run`], leaving the reserve to people.
    pub(super) async fn run_sparing<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.hand_in(true, work, move |result| drop(reply.send(result)))?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Returns when the thread has come to this; at once after the end.
    pub(super) async fn pulse(&self) {
        let (reply, answer) = oneshot::channel();
        let sent = {
            let job: Job = Box::new(move |_| {
                // Who asked may have given up.
                let _ = reply.send(());
            });
            let jobs = self.shared.jobs.lock();
            let jobs = jobs.unwrap_or_else(std::sync::PoisonError::into_inner);
            jobs.as_ref().map(|jobs| jobs.try_send(job).is_ok())
        };
        match sent {
            Some(true) => {
                let _ = answer.await;
            }
            // More waits than there is room for: who asks gives up after his own time.
            Some(false) => std::future::pending().await,
            None => {}
        }
    }

    pub(super) fn run_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = mpsc::sync_channel(1);
        self.hand_in(false, work, move |result| drop(reply.send(result)))?;
        answer.recv().unwrap_or_else(|_| Err(stopped()))
    }

    fn hand_in<T, F>(
        &self,
        sparing: bool,
        work: F,
        reply: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<()>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        // Asked here, in the task of the request: the thread of the writer knows none.
        let request = current_id();
        let job: Job = Box::new(move |file| {
            let work = |transaction: &Transaction<'_>| work(&transaction.of_request(request));
            reply(match sparing {
                true => file.change_sparing(work),
                false => file.change(work),
            });
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
        })
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

fn stopped() -> Error {
    Error::unavailable("The appliance is stopping. Try again when it has started.")
}
