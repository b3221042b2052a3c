//! The desk where deliveries are taken: those that wait are decided and committed together.
//!
//! Promises: a delivery is answered after the commit; one that found the disk refusing is
//! refused whole; whoever hangs up does not come between the commit and what memory knows.

use super::judge::{Judge, Report};
use super::key::Hash;
use super::life::Heard;
use super::lives::Changes;
use super::reading::Parcel;
use super::registry::Devices;
use crate::base::{Clock, DeviceId, EquipmentId, Error, Result, Timestamp};
use crate::ingest::Intake;
use crate::store::Transaction;
use crate::tsdb::Tsdb;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Deliveries that may wait; who comes after them waits for room.
const WAITING_MAX: usize = 256;
/// Deliveries of one commit: a thousand readings each is what memory holds at most.
const TOGETHER_MAX: usize = 64;

/// Whose readings a delivery brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The equipment.
    pub equipment: EquipmentId,
    /// How long one reading stands, ms.
    pub interval_ms: u32,
    /// The device that brings them, if it has a name here.
    pub device: Option<DeviceId>,
    /// What stands before the names of its quantities.
    pub prefix: Option<String>,
}

/// The `Idempotency-Key` of a delivery, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// SHA-256 of the key.
    pub key: Hash,
    /// SHA-256 of the body.
    pub body: Hash,
}

/// Readings on their way in.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Whose they are.
    pub target: Target,
    /// The readings.
    pub parcel: Parcel,
    /// Under which key they were sent, if under one.
    pub key_use: Option<KeyUse>,
}

struct Job {
    delivery: Delivery,
    reply: oneshot::Sender<Result<Report>>,
}

/// A delivery that was decided.
struct Decided {
    device: Option<DeviceId>,
    key_use: Option<KeyUse>,
    outcome: Result<(Report, Heard)>,
    reply: oneshot::Sender<Result<Report>>,
}

/// The desk. Cheap to clone.
#[derive(Clone)]
pub struct Receiver {
    jobs: mpsc::Sender<Job>,
}

/// What the desk works with.
struct Desk {
    tsdb: Arc<Tsdb>,
    intake: Arc<Intake>,
    devices: Arc<Devices>,
    clock: Arc<dyn Clock>,
}

impl Receiver {
    /// A desk, and its work until `stop`; what was handed in by then is finished.
    pub fn new(
        tsdb: Arc<Tsdb>,
        intake: Arc<Intake>,
        devices: Arc<Devices>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let desk = Desk {
            tsdb,
            intake,
            devices,
            clock,
        };
        (Self { jobs: sender }, desk.run(receiver, stop))
    }

    /// Hands readings in; returns when what was taken of them is on disk.
    ///
    /// # Errors
    /// When the disk refuses, or the key of the delivery was used for another body; then nothing
    /// of it is stored.
    pub async fn deliver(&self, delivery: Delivery) -> Result<Report> {
        let stopping = || Error::unavailable("The appliance is stopping. Send it again.");
        let (reply, answer) = oneshot::channel();
        let job = Job { delivery, reply };
        self.jobs.send(job).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }
}

impl Desk {
    async fn run(self, mut jobs: mpsc::Receiver<Job>, stop: CancellationToken) {
        let desk = Arc::new(self);
        let mut group = Vec::with_capacity(TOGETHER_MAX);
        while let Some(1..) = stop
            .run_until_cancelled(jobs.recv_many(&mut group, TOGETHER_MAX))
            .await
        {
            Arc::clone(&desk).commit(std::mem::take(&mut group)).await;
        }
        jobs.close();
        while jobs.recv_many(&mut group, TOGETHER_MAX).await > 0 {
            Arc::clone(&desk).commit(std::mem::take(&mut group)).await;
        }
    }

    async fn commit(self: Arc<Self>, group: Vec<Job>) {
        let now = self.clock.now();
        let desk = Arc::clone(&self);
        let deciding = tokio::task::spawn_blocking(move || {
            let mut judge = Judge::new(&desk.tsdb, now);
            let decide = |job| desk.decide(&mut judge, job, now);
            let decided: Vec<Decided> = group.into_iter().map(decide).collect();
            (decided, judge.into_batches())
        });
        let (decided, batches) = match deciding.await {
            Ok(decided) => decided,
            // Whoever waits is told by the reply that is gone.
            Err(error) => return tracing::error!(%error, "deliveries could not be looked at"),
        };
        let changes = self.changes(&decided, now);
        if !batches.is_empty() {
            let writes = changes.clone();
            let also = move |transaction: &Transaction<'_>| writes.put(transaction);
            let stored = self.intake.store_with(Arc::new(batches), also).await;
            if let Err(error) = stored {
                tracing::error!(%error, "deliveries were refused: the disk does not take them");
                for one in decided {
                    let _ = one.reply.send(one.outcome.and_then(|_| Err(again(&error))));
                }
                return;
            }
        }
        let devices = &self.devices;
        devices.lives.keep(changes, |id| devices.exists(id));
        for one in decided {
            // Nobody waiting any more is no error.
            let _ = one.reply.send(one.outcome.map(|(report, _)| report));
        }
    }

    /// What the deliveries tell of their devices.
    fn changes(&self, decided: &[Decided], now: Timestamp) -> Changes {
        let lives = &self.devices.lives;
        let mut changes = Changes::default();
        for one in decided {
            let (Some(device), Ok((report, heard))) = (one.device, &one.outcome) else {
                continue;
            };
            lives.hear(&mut changes, device, heard, now);
            if let Some(key_use) = one.key_use.as_ref().filter(|_| report.stored > 0) {
                lives.note_use(&mut changes, device, key_use, now);
            }
        }
        changes
    }

    fn decide(&self, judge: &mut Judge<'_>, job: Job, now: Timestamp) -> Decided {
        let Delivery {
            target,
            parcel,
            key_use,
        } = job.delivery;
        let arrived = match (&key_use, target.device) {
            (Some(key_use), Some(device)) => self.devices.lives.first_use(device, key_use),
            _ => Ok(None),
        };
        // Sent again under its key: its readings are as of the time when they came first.
        let outcome =
            arrived.and_then(|first| judge.delivery(&target, parcel, first.unwrap_or(now)));
        Decided {
            device: target.device,
            key_use,
            outcome,
            reply: job.reply,
        }
    }
}

/// The same error for the next of those who wait.
fn again(error: &Error) -> Error {
    let copy = Error::new(error.kind, error.sentence.clone());
    match &error.details {
        Some(details) => copy.with_details(details.clone()),
        None => copy,
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Receiver")
    }
}
