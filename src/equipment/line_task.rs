//! One line: whose turn it is, the poll, and what follows from it.

use super::backoff::Backoff;
use super::link::Links;
use super::plausibility::Watch;
use super::poller::Device;
use crate::base::{Batch, Clock, Timestamp};
use crate::ingest::Inlet;
use crate::modbus::{Endpoint, Line, LineError, Request};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What every line uses.
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) inlet: Inlet,
    pub(super) links: Links,
    pub(super) watch: Watch,
}

/// How far the first reading of a device may be dated back to its beat, ms.
const BACK_DATED_MAX_MS: i64 = 10_000;
/// How long a line rests after a fault of ours, so that it does not spin.
const PANIC_PAUSE: Duration = Duration::from_secs(2);

/// Runs a line until nobody wants it any more. A fault of ours on one line must not silence it
/// for ten years: it is logged, and the line starts afresh.
pub(super) async fn supervise(
    shared: Arc<Shared>,
    endpoint: Endpoint,
    wanted: watch::Receiver<Vec<Device>>,
) {
    loop {
        let task = LineTask::new(Arc::clone(&shared), endpoint.clone(), wanted.clone());
        if AssertUnwindSafe(task.run()).catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(%endpoint, "a poller failed inside and is started again");
        tokio::time::sleep(PANIC_PAUSE).await;
    }
}

struct LineTask {
    shared: Arc<Shared>,
    wanted: watch::Receiver<Vec<Device>>,
    line: Line,
    devices: Vec<Polled>,
    /// The endpoint itself does not answer: then no device behind it is tried.
    outage: Backoff,
    outage_sentence: String,
}

/// A device and what was learnt about it.
struct Polled {
    device: Device,
    /// When its next turn comes.
    next: Timestamp,
    /// It has not had a turn yet: that one need not fall on a beat.
    first: bool,
    /// The planned reads, some of them split after the device refused the whole.
    requests: Vec<Request>,
    backoff: Backoff,
}

impl Polled {
    /// A device whose first turn is now.
    fn new(device: Device, now: Timestamp) -> Self {
        Self {
            next: now,
            first: true,
            requests: device.plan.reads.requests().to_vec(),
            device,
            backoff: Backoff::default(),
        }
    }

    fn interval_ms(&self) -> i64 {
        i64::from(self.device.plan.interval_ms)
    }
}

/// What one poll brought.
#[derive(Default)]
struct Outcome {
    values: Vec<Option<f64>>,
    /// Reads that were answered with words.
    answers: u32,
    /// The sum of their round trips.
    elapsed: Duration,
    /// What went wrong last.
    error: Option<LineError>,
    /// Whether that ended the poll.
    broken_off: bool,
}

impl Outcome {
    /// Whether the device is to be left alone for a while.
    const fn failed(&self) -> bool {
        self.broken_off || self.answers == 0
    }

    fn round_trip_ms(&self) -> Option<f64> {
        let mean = |answers| self.elapsed.as_secs_f64() * 1e3 / f64::from(answers);
        (self.answers > 0).then(|| mean(self.answers))
    }
}

impl LineTask {
    fn new(
        shared: Arc<Shared>,
        endpoint: Endpoint,
        mut wanted: watch::Receiver<Vec<Device>>,
    ) -> Self {
        wanted.mark_changed();
        Self {
            shared,
            wanted,
            line: Line::new(endpoint),
            devices: Vec::new(),
            outage: Backoff::default(),
            outage_sentence: String::new(),
        }
    }

    /// Serves whoever is due, and sleeps otherwise; ends when the wish for this line is dropped.
    async fn run(mut self) {
        loop {
            match self.wanted.has_changed() {
                Ok(true) => self.reconcile(),
                Ok(false) => {}
                Err(_) => return,
            }
            let now = self.shared.clock.now();
            if let Some(index) = self.whose_turn(now) {
                self.serve(index, now).await;
                continue;
            }
            let wake = self.devices.iter().map(|polled| polled.next).min();
            let clock = Arc::clone(&self.shared.clock);
            tokio::select! {
                changed = self.wanted.changed() => match changed {
                    Ok(()) => self.reconcile(),
                    Err(_) => return,
                },
                () = clock.sleep_until(wake.unwrap_or(Timestamp::from_ms(i64::MAX))) => {}
            }
        }
    }

    /// Takes over the wanted devices; one that did not change keeps everything.
    fn reconcile(&mut self) {
        let now = self.shared.clock.now();
        let wanted = self.wanted.borrow_and_update().clone();
        let mut before = std::mem::take(&mut self.devices);
        for device in wanted {
            let known = before.iter().position(|polled| polled.device == device);
            self.devices.push(match known {
                Some(index) => before.swap_remove(index),
                None => Polled::new(device, now),
            });
        }
    }

    /// The device that has waited longest. First come, first served is fair here: a device that
    /// was just served stands behind everyone whose beat came earlier, however short its interval.
    fn whose_turn(&mut self, now: Timestamp) -> Option<usize> {
        for polled in &mut self.devices {
            // The clock was set back: without this the device would wait for the old time. A
            // correction of less than a beat is waited out, so that no beat comes twice.
            let interval_ms = polled.interval_ms();
            if polled.next.since_ms(now) > 2 * interval_ms {
                polled.next = now.floor_to(interval_ms).plus_ms(interval_ms);
            }
        }
        let due = self.devices.iter().enumerate();
        due.filter(|(_, polled)| polled.next <= now)
            .min_by_key(|(_, polled)| polled.next)
            .map(|(index, _)| index)
    }

    /// One turn: a poll, or a missed beat while the device or the line is left alone. Beats that
    /// passed meanwhile are not replayed.
    async fn serve(&mut self, index: usize, now: Timestamp) {
        let polled = &mut self.devices[index];
        let beat = now.floor_to(polled.interval_ms());
        polled.next = beat.plus_ms(polled.interval_ms());
        // A meter that is read once an hour must not have its first reading dated back to the
        // last full hour; within a few seconds the beat is as true as the moment.
        let off_beat = std::mem::take(&mut polled.first) && now.since_ms(beat) > BACK_DATED_MAX_MS;
        let tick = if off_beat { now.floor_to(1_000) } else { beat };
        if self.outage.waits(now) {
            self.note_outage(index);
            self.offer(index, tick, &[]);
        } else if polled.backoff.waits(now) {
            self.offer(index, tick, &[]);
        } else {
            let outcome = self.poll(index).await;
            self.conclude(index, &outcome);
            self.offer(index, tick, &outcome.values);
        }
    }

    /// Reads everything that is planned for a device. A refused range does not keep the others
    /// from being read; anything else ends the poll, so that a silent device costs one time-out.
    async fn poll(&mut self, index: usize) -> Outcome {
        let polled = &mut self.devices[index];
        let plan = Arc::clone(&polled.device.plan);
        let mut outcome = Outcome {
            values: vec![None; plan.reads.registers().len()],
            ..Outcome::default()
        };
        let mut learnt = Vec::with_capacity(polled.requests.len());
        for request in std::mem::take(&mut polled.requests) {
            if outcome.broken_off {
                learnt.push(request);
                continue;
            }
            let asked = Instant::now();
            let (function, address, count) = (request.function, request.address, request.count);
            let read = self
                .line
                .read(plan.unit_id, function, address, count, plan.timeout);
            match read.await {
                Ok(words) => {
                    outcome.answers += 1;
                    outcome.elapsed += asked.elapsed();
                    for &register in &request.registers {
                        outcome.values[register] = plan.reads.value(&request, register, &words);
                    }
                    learnt.push(request);
                }
                Err(error) if error.is_about_the_range() => {
                    // The next beat asks one by one: perhaps only one of them is refused.
                    learnt.extend(plan.reads.split(&request));
                    outcome.error = Some(error);
                }
                Err(error) => {
                    learnt.push(request);
                    outcome.error = Some(error);
                    outcome.broken_off = true;
                }
            }
        }
        polled.requests = learnt;
        outcome
    }

    /// Notes what a poll says about the device and the line.
    fn conclude(&mut self, index: usize, outcome: &Outcome) {
        let now = self.shared.clock.now();
        let polled = &mut self.devices[index];
        let id = polled.device.id;
        let endpoint = self.line.endpoint();
        if let Some(error) = &outcome.error {
            let sentence = error.to_string();
            self.shared.links.update(id, |l| l.troubled(now, &sentence));
            if matches!(error, LineError::Connect { .. }) {
                self.outage.fail(now);
                if self.outage.failures() == 1 {
                    tracing::warn!(%endpoint, %error, "a line has failed");
                }
                self.outage_sentence = sentence;
                self.note_outage(index);
                return;
            }
        }
        if self.outage.clear() {
            tracing::info!(%endpoint, "a line is back");
        }
        if outcome.failed() {
            polled.backoff.fail(now);
            if let (1, Some(error)) = (polled.backoff.failures(), &outcome.error) {
                tracing::warn!(equipment = %id, %endpoint, %error, "a device has failed");
            }
        } else if polled.backoff.clear() {
            tracing::info!(equipment = %id, %endpoint, "a device is back");
        }
        let polled = &self.devices[index];
        self.shared.links.update(id, |link| {
            if outcome.failed() {
                link.waiting(&polled.backoff, polled.interval_ms());
            } else {
                link.answered(now, outcome.round_trip_ms());
            }
        });
    }

    /// Tells a device's link that the whole line is being left alone.
    fn note_outage(&self, index: usize) {
        let polled = &self.devices[index];
        let now = self.shared.clock.now();
        self.shared.links.update(polled.device.id, |link| {
            if link.last_error.as_ref() != Some(&self.outage_sentence) {
                link.troubled(now, &self.outage_sentence);
            }
            link.waiting(&self.outage, polled.interval_ms());
        });
    }

    /// Hands the readings of one beat over; those without a value are missing, not silent.
    fn offer(&self, index: usize, tick: Timestamp, values: &[Option<f64>]) {
        let device = &self.devices[index].device;
        if !self.wanted.borrow().contains(device) {
            // Removed or changed during the poll: what was read is about something else.
            return;
        }
        let mut readings = device.plan.reads.readings(values);
        let watch = &self.shared.watch;
        watch.judge(device.id, &device.plan, tick, values, &mut readings);
        self.shared.inlet.offer(Batch {
            equipment: device.id,
            at: tick,
            arrived: self.shared.clock.now(),
            interval_ms: device.plan.interval_ms,
            readings,
        });
    }
}
