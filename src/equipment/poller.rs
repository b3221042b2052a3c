//! Acquisition: one task per line, started, changed and stopped at run time.

use super::device_plan::DevicePlan;
use super::line_report::{self, LineReport, line_key};
use super::link::{Link, Links};
use super::plausibility::Watch;
use super::pulse::{HANGS_FOR_GOOD_AFTER, Pulse};
use super::supervise::{Place, Shared, supervise};
use super::visitor::{Visitor, WAITING_MAX};
use crate::base::{Clock, EquipmentId};
use crate::ingest::Inlet;
use crate::modbus::{Endpoint, Journal};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// A device to be polled.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Which equipment its readings belong to.
    pub id: EquipmentId,
    /// Where it is, and what is read from it.
    pub plan: Arc<DevicePlan>,
}

/// The pollers of the plant.
///
/// Devices at the same endpoint share a line: they are read in turn, one request at a time. Lines
/// know nothing of each other, so a dead one hurts nobody else.
pub struct Acquisition {
    shared: Arc<Shared>,
    runtime: Handle,
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    stopped: bool,
    by_endpoint: HashMap<Endpoint, RunningLine>,
}

struct RunningLine {
    wanted: watch::Sender<Vec<Device>>,
    journal: Arc<Journal>,
    visitor: Visitor,
    pulse: Pulse,
    task: JoinHandle<()>,
}

impl RunningLine {
    /// Ends the line. The empty list comes first: a poll that is just ending then offers nothing.
    fn end(self) -> JoinHandle<()> {
        self.wanted.send_replace(Vec::new());
        self.task.abort();
        self.task
    }
}

impl Acquisition {
    /// Acquisition without any device yet. `clock` sets the beat and stamps the readings; `inlet`
    /// takes them. Network time-outs are real time.
    ///
    /// # Panics
    /// Outside a tokio runtime: the lines are its tasks.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>, inlet: Inlet) -> Self {
        Self {
            shared: Arc::new(Shared {
                clock,
                inlet,
                links: Links::default(),
                watch: Watch::default(),
            }),
            runtime: Handle::current(),
            lines: Mutex::default(),
        }
    }

    /// Polls exactly these devices from now on. A device that did not change keeps its beat, its
    /// connection and what was learnt about it; a new or changed one is polled at once.
    ///
    /// May be called from any thread.
    pub fn apply(&self, devices: Vec<Device>) {
        let mut lines = self.lock();
        if lines.stopped {
            return;
        }
        let wanted_ids: HashSet<_> = devices.iter().map(|device| device.id).collect();
        self.shared.links.keep(&wanted_ids);
        self.shared.watch.keep(&wanted_ids);
        let mut wanted: HashMap<Endpoint, Vec<Device>> = HashMap::new();
        for device in devices {
            let endpoint = device.plan.endpoint.clone();
            wanted.entry(endpoint).or_default().push(device);
        }
        let gone = |endpoint: &Endpoint, _: &mut RunningLine| !wanted.contains_key(endpoint);
        let gone: Vec<_> = lines.by_endpoint.extract_if(gone).collect();
        for (_, line) in gone {
            line.end();
        }
        for (endpoint, devices) in wanted {
            match lines.by_endpoint.get(&endpoint) {
                Some(line) => {
                    line.wanted.send_if_modified(|current| {
                        let changed = *current != devices;
                        *current = devices;
                        changed
                    });
                }
                None => {
                    let line = self.open(endpoint.clone(), devices);
                    lines.by_endpoint.insert(endpoint, line);
                }
            }
        }
        let bytes_max = line_report::frames_bytes(lines.by_endpoint.len());
        for line in lines.by_endpoint.values() {
            line.journal.limit_bytes(bytes_max);
        }
    }

    fn open(&self, endpoint: Endpoint, devices: Vec<Device>) -> RunningLine {
        let (wanted, receiver) = watch::channel(devices);
        let journal = Arc::new(Journal::new(Arc::clone(&self.shared.clock)));
        let (asks, asked) = mpsc::channel(WAITING_MAX);
        let place = Place {
            endpoint,
            journal: Arc::clone(&journal),
            asks: asked,
            pulse: Pulse::default(),
        };
        let pulse = place.pulse.clone();
        let supervised = supervise(Arc::clone(&self.shared), place, receiver);
        let task = self.runtime.spawn(supervised);
        RunningLine {
            wanted,
            journal,
            visitor: Visitor::new(asks),
            pulse,
            task,
        }
    }

    /// The endpoint that is polled at the same place, in the same way or in another.
    #[must_use]
    pub fn polled_at(&self, endpoint: &Endpoint) -> Option<Endpoint> {
        let lines = self.lock();
        let mut polled = lines.by_endpoint.keys();
        polled.find(|polled| polled.same_place(endpoint)).cloned()
    }

    /// A way to ask on the line to this endpoint, if it is polled. Whoever wants to read from a
    /// serial port or from a gateway that takes one connection must come this way.
    #[must_use]
    pub fn visit(&self, endpoint: &Endpoint) -> Option<Visitor> {
        let lines = self.lock();
        let line = lines.by_endpoint.get(endpoint)?;
        Some(line.visitor.clone())
    }

    /// What each line did, in the order of their keys.
    #[must_use]
    pub fn line_reports(&self) -> Vec<LineReport> {
        let lines = self.lock();
        let now = self.shared.clock.now();
        let links = &self.shared.links;
        let report = |(endpoint, line): (&Endpoint, &RunningLine)| {
            LineReport::new(endpoint, &line.wanted.borrow(), links, &line.journal, now)
        };
        let mut reports: Vec<_> = lines.by_endpoint.iter().map(report).collect();
        drop(lines);
        reports.sort_by(|a, b| a.key.cmp(&b.key));
        reports
    }

    /// The journal of the line with this key ([`LineReport::key`]): its frames, byte by byte.
    #[must_use]
    pub fn journal(&self, key: &str) -> Option<Arc<Journal>> {
        let lines = self.lock();
        let mut lines = lines.by_endpoint.iter();
        lines
            .find(|(endpoint, _)| line_key(endpoint) == key)
            .map(|(_, line)| Arc::clone(&line.journal))
    }

    /// How the link of a device is doing; `None` when it is not polled.
    #[must_use]
    pub fn link(&self, id: EquipmentId) -> Option<Link> {
        self.shared.links.get(id)
    }

    /// How every link is doing.
    #[must_use]
    pub fn links(&self) -> HashMap<EquipmentId, Link> {
        self.shared.links.all()
    }

    /// How far the devices have proved themselves.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.shared.watch
    }

    /// Whether every line gets on: none ended although it is wanted, and none hangs that could not even
    /// be begun anew.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let lines = self.lock();
        let ails =
            |line: &RunningLine| line.task.is_finished() || line.pulse.hangs(HANGS_FOR_GOOD_AFTER);
        !lines.by_endpoint.values().any(ails)
    }

    /// Polls that found no room in the inlet since the start.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.shared.inlet.skipped()
    }

    /// Ends every line and waits until they are gone. No reading is offered after that, and
    /// nothing can be applied any more.
    pub async fn stop(&self) {
        let lines = {
            let mut lines = self.lock();
            lines.stopped = true;
            std::mem::take(&mut lines.by_endpoint)
        };
        let ending: Vec<_> = lines.into_values().map(RunningLine::end).collect();
        for task in ending {
            // The error says that it was aborted, which is what we wanted.
            let _ = task.await;
        }
        self.shared.links.stop();
    }

    /// A panic elsewhere cannot leave the map half changed: each change is one insert or remove.
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Acquisition {
    /// Lines must not outlive their owner.
    fn drop(&mut self) {
        for (_, line) in self.lock().by_endpoint.drain() {
            line.end();
        }
    }
}
