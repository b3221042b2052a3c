//! Looking for devices on a bus or in a range of addresses.
//!
//! Promises: one scan at a time, bounded in addresses, units, time and memory, of the plant's own
//! networks only, audited; what is polled is not asked again, and its gateway gets pauses. Will
//! not do: write anything to a device.

use super::connection::SerialSource;
use super::registry::Registry;
use super::scan_ask::ask_all;
use super::scan_range::ScanRequest;
use super::scan_unit::{Identity, ProfileFit};
use super::source::Protocol;
use crate::auth::Reach;
use crate::base::{Clock, EquipmentId, Error, ErrorKind, Result, ScanId, Timestamp};
use crate::store::Store;
use crate::store::audit::{self, Actor};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

/// Scans that are remembered; the oldest is forgotten first.
const JOBS_MAX: usize = 8;
/// How long a scan is remembered after its end, ms.
const REMEMBERED_MS: i64 = 3_600_000;
/// Scans that may be started within an hour: nobody looks for meters all day.
const STARTS_PER_HOUR: usize = 30;
const HOUR_MS: i64 = 3_600_000;
/// How a scan is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanState {
    /// It asks.
    Running,
    /// It has asked everything.
    Success,
    /// Somebody ended it.
    Cancelled,
    /// It could not go on.
    Failed,
}

/// One unit that answered.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Find {
    /// How it is reached.
    pub protocol: Protocol,
    /// Its address; empty on a serial port.
    pub host: String,
    /// TCP port; 0 on a serial port.
    pub port: u16,
    /// The serial port and how it talks.
    pub serial: Option<SerialSource>,
    /// Its unit id.
    pub unit_id: u8,
    /// The equipment that is polled here already; then nothing was asked.
    pub equipment_id: Option<EquipmentId>,
    /// Its name.
    pub equipment_name: Option<String>,
    /// Time from question to answer, ms.
    pub round_trip_ms: Option<f64>,
    /// What it says of itself, if it speaks SunSpec.
    pub identity: Option<Identity>,
    /// The profiles that fit, the best first.
    pub profiles: Vec<ProfileFit>,
}

/// A scan as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Scan {
    /// Its id.
    pub id: ScanId,
    /// How it is doing.
    pub state: ScanState,
    /// How far it is, %.
    pub progress: u8,
    /// Units that were asked or passed over.
    pub asked: usize,
    /// Units to ask, in every way that is to be tried.
    pub of: usize,
    /// Who answered, by address and unit.
    pub finds: Vec<Find>,
    /// What was asked for.
    pub request: ScanRequest,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it could not go on.
    pub error: Option<String>,
}

pub(super) struct Job {
    shown: Mutex<Scan>,
    stop: CancellationToken,
    /// The sites of who started it: whose the scan is in the audit log.
    reach: Reach,
}

impl Job {
    /// A panic elsewhere leaves plain values behind.
    pub(super) fn shown(&self) -> MutexGuard<'_, Scan> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The scans of the appliance.
pub struct Scans {
    store: Store,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    stop: CancellationToken,
    jobs: Mutex<VecDeque<Arc<Job>>>,
    starting: tokio::sync::Mutex<VecDeque<Timestamp>>,
}

impl Scans {
    /// No scan yet; all of them end with `stop`.
    #[must_use]
    pub fn new(
        store: &Store,
        clock: Arc<dyn Clock>,
        registry: Arc<Registry>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            store: store.clone(),
            clock,
            registry,
            stop,
            jobs: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
        }
    }

    /// Starts a scan.
    ///
    /// # Errors
    /// Refused fields; a conflict while another runs; too many in an hour; a disk that refuses
    /// the audit entry.
    pub async fn start(&self, request: ScanRequest, reach: Reach, actor: Actor) -> Result<Scan> {
        let range = request.check()?;
        let mut starts = self.starting.lock().await;
        let now = self.clock.now();
        if let Some(running) = self.running() {
            let sentence = "A scan is running. Wait for its end, or cancel it.";
            let details = serde_json::json!({ "scan_id": running.shown().id });
            return Err(Error::conflict(sentence).with_details(details));
        }
        starts.retain(|at| (0..HOUR_MS).contains(&now.since_ms(*at)));
        if starts.len() >= STARTS_PER_HOUR {
            let sentence = format!("{STARTS_PER_HOUR} scans an hour are enough. Come back later.");
            return Err(Error::new(ErrorKind::RateLimited, sentence));
        }
        let id = ScanId::new();
        let noted = self.note(id, now, (actor, &reach), "modbus.scan", &request);
        noted.await?;
        starts.push_back(now);
        let job = Arc::new(Job {
            shown: Mutex::new(Scan {
                id,
                state: ScanState::Running,
                progress: 0,
                asked: 0,
                of: range.questions(),
                finds: Vec::new(),
                request,
                started_at: now,
                ended_at: None,
                error: None,
            }),
            stop: self.stop.child_token(),
            reach,
        });
        self.remember(Arc::clone(&job), now);
        let shown = job.shown().clone();
        let (registry, clock) = (Arc::clone(&self.registry), Arc::clone(&self.clock));
        tokio::spawn(async move {
            let asked = job
                .stop
                .run_until_cancelled(ask_all(&job, &registry, range));
            let asked = asked.await;
            let mut shown = job.shown();
            shown.state = match asked {
                Some(Ok(())) => ScanState::Success,
                Some(Err(why)) => {
                    shown.error = Some(why);
                    ScanState::Failed
                }
                None => ScanState::Cancelled,
            };
            shown.ended_at = Some(clock.now());
        });
        Ok(shown)
    }

    async fn note(
        &self,
        id: ScanId,
        now: Timestamp,
        (actor, reach): (Actor, &Reach),
        action: &'static str,
        request: &ScanRequest,
    ) -> Result<()> {
        let details = serde_json::to_value(request).unwrap_or_default();
        let sites: Vec<String> = reach.named().map(str::to_owned).collect();
        let noted = self.store.write(move |transaction| {
            let resource = format!("scan/{id}");
            let object = audit::about(&resource).of_all(sites);
            audit::append(transaction, now, &actor, action, object, details)
        });
        noted.await
    }

    fn remember(&self, job: Arc<Job>, now: Timestamp) {
        let mut jobs = self.jobs();
        jobs.retain(|job| {
            let ended = job.shown().ended_at;
            ended.is_none_or(|at| now.since_ms(at) < REMEMBERED_MS)
        });
        if jobs.len() >= JOBS_MAX {
            jobs.pop_front();
        }
        jobs.push_back(job);
    }

    fn running(&self) -> Option<Arc<Job>> {
        let jobs = self.jobs();
        let running = |job: &&Arc<Job>| job.shown().state == ScanState::Running;
        jobs.iter().find(running).cloned()
    }

    fn find(&self, id: ScanId) -> Result<Arc<Job>> {
        let jobs = self.jobs();
        let found = jobs.iter().find(|job| job.shown().id == id).cloned();
        found.ok_or_else(|| Error::not_found("scan", id))
    }

    /// A scan, as who reaches these sites sees it: the equipment of others is not there for him.
    ///
    /// # Errors
    /// When there is none, or it was forgotten.
    pub fn get(&self, id: ScanId, reach: &Reach) -> Result<Scan> {
        let scan = self.find(id)?.shown().clone();
        Ok(self.narrowed(scan, reach))
    }

    fn narrowed(&self, mut scan: Scan, reach: &Reach) -> Scan {
        scan.finds.retain(|find| {
            let known = find.equipment_id.map(|id| self.registry.get(id));
            // Whose it was before it was deleted meanwhile only who reaches all of them may know.
            known.is_none_or(|known| known.map_or(*reach == Reach::ALL, |e| reach.sees(&e.site)))
        });
        scan
    }

    /// Ends a scan; one that has ended stays as it is.
    ///
    /// # Errors
    /// When there is none; a disk that refuses the audit entry.
    pub async fn cancel(&self, id: ScanId, reach: &Reach, actor: Actor) -> Result<Scan> {
        let job = self.find(id)?;
        let (running, request) = {
            let shown = job.shown();
            (shown.state == ScanState::Running, shown.request.clone())
        };
        if running {
            let now = self.clock.now();
            let by = (actor, &job.reach);
            self.note(id, now, by, "modbus.scan_cancel", &request)
                .await?;
            job.stop.cancel();
            let mut shown = job.shown();
            shown.state = ScanState::Cancelled;
            shown.ended_at.get_or_insert(now);
        }
        let scan = job.shown().clone();
        Ok(self.narrowed(scan, reach))
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Scans {
    /// A scan must not outlive its owner.
    fn drop(&mut self) {
        for job in self.jobs().iter() {
            job.stop.cancel();
        }
    }
}
