//! One line: whose turn it is, the poll, and what follows from it.
//!
//! What a dead device costs, and how soon it is back:
//! - nobody at the other end (refused, unplugged, switched off): the connection is tried beside
//!   the loop, once each beat; the readings of the first beat at which it comes about are taken;
//! - a silent device with nobody to protect on its line: it is asked at each beat, every 2 s at
//!   most;
//! - a silent device beside healthy ones: one time-out per back-off step, 2 s doubling to 300 s;
//!   it is back with the next step.

use super::poller::Device;
use super::supervise::{Place, Shared};
use super::turn::{Polled, Turn};
use super::visitor::Ask;
use crate::base::{Batch, Timestamp};
use crate::modbus::line::Opened;
use crate::modbus::{Line, LineError};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// The least time between two attempts to open a line, however short the beats.
const OPEN_PAUSE: Duration = Duration::from_millis(500);
/// A silent device with nobody to protect beside it is asked at every beat, but no oftener, ms.
const ALONE_PAUSE_MS: i64 = 2_000;

pub(super) struct LineTask {
    shared: Arc<Shared>,
    wanted: watch::Receiver<Vec<Device>>,
    line: Line,
    devices: Vec<Polled>,
    /// The wire is being opened, beside everything else.
    opening: Option<BoxFuture<'static, Opened>>,
    outage: Outage,
    /// A visitor asked last: now it is the devices' turn.
    visited: bool,
}

/// What a line does next.
enum Step {
    /// A device's beat has come.
    Begin(usize),
    /// A poll that waited goes on.
    GoOn(usize),
}

/// Nobody is at the other end: no device behind it can be asked.
#[derive(Default)]
struct Outage {
    /// Attempts in a row that failed.
    failures: u32,
    sentence: String,
    last_attempt: Option<Instant>,
}

impl Outage {
    fn end(&mut self, line: &Line) {
        if std::mem::take(self).failures > 0 {
            let endpoint = line.endpoint();
            tracing::info!(%endpoint, "a line is back");
        }
    }
}

impl LineTask {
    pub(super) fn new(
        shared: Arc<Shared>,
        place: &Place,
        mut wanted: watch::Receiver<Vec<Device>>,
    ) -> Self {
        wanted.mark_changed();
        Self {
            shared,
            wanted,
            line: Line::new(place.endpoint.clone()).with_journal(Arc::clone(&place.journal)),
            devices: Vec::new(),
            opening: None,
            outage: Outage::default(),
            visited: false,
        }
    }

    /// Serves whoever is due, and sleeps otherwise; ends when the wish for this line is dropped.
    pub(super) async fn run(mut self, asks: &mut mpsc::Receiver<Ask>) {
        loop {
            match self.wanted.has_changed() {
                Ok(true) => self.reconcile(),
                Ok(false) => {}
                Err(_) => return,
            }
            if !self.visited
                && let Ok(ask) = asks.try_recv()
            {
                self.visited = true;
                self.answer(ask).await;
                continue;
            }
            self.visited = false;
            let now = self.shared.clock.now();
            match self.next_step(now) {
                Some(Step::Begin(index)) => {
                    self.begin(index, now).await;
                    continue;
                }
                Some(Step::GoOn(index)) => {
                    self.go_on(index).await;
                    continue;
                }
                None => {}
            }
            let wake = self.devices.iter().map(|polled| polled.next).min();
            let resume = self.turns().filter_map(|turn| turn.resume).min();
            let resume_at = resume.unwrap_or_else(Instant::now);
            let clock = Arc::clone(&self.shared.clock);
            tokio::select! {
                changed = self.wanted.changed() => match changed {
                    Ok(()) => self.reconcile(),
                    Err(_) => return,
                },
                () = clock.sleep_until(wake.unwrap_or(Timestamp::from_ms(i64::MAX))) => {}
                () = sleep_until(resume_at), if resume.is_some() => {}
                opened = opened(&mut self.opening) => self.take_wire(opened),
                Some(ask) = asks.recv() => self.answer(ask).await,
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

    /// What comes next. Whoever has waited longest goes first, which is fair here: a device that
    /// was just served stands behind everyone whose beat came earlier, however short its interval.
    /// A question is asked again when nobody else is due: it must not cost a neighbour his beat.
    fn next_step(&mut self, now: Timestamp) -> Option<Step> {
        let instant = Instant::now();
        let mut steps = Vec::with_capacity(self.devices.len());
        for (index, polled) in self.devices.iter_mut().enumerate() {
            // The clock was set back: without this the device would wait for the old time. A
            // correction of less than a beat is waited out, so that no beat comes twice.
            let interval_ms = polled.interval_ms();
            if polled.next.since_ms(now) > 2 * interval_ms {
                polled.next = now.floor_to(interval_ms).plus_ms(interval_ms);
            }
            if polled.next <= now {
                steps.push((false, polled.next, Step::Begin(index)));
            } else if let Some(turn) = &polled.turn
                && turn.resume.is_some_and(|at| at <= instant)
            {
                steps.push((turn.again, turn.tick, Step::GoOn(index)));
            }
        }
        let first = steps.into_iter().min_by_key(|(again, at, _)| (*again, *at));
        first.map(|(_, _, step)| step)
    }

    fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.devices
            .iter()
            .filter_map(|polled| polled.turn.as_ref())
    }

    /// A new beat: a poll, or a missed beat while the device is left alone. Beats that passed
    /// meanwhile are not replayed.
    async fn begin(&mut self, index: usize, now: Timestamp) {
        if let Some(mut turn) = self.devices[index].turn.take() {
            turn.cut();
            self.finish(index, turn);
        }
        let polled = &mut self.devices[index];
        let tick = polled.take_beat(now);
        if polled.backoff.waits(now) {
            self.offer(index, tick, &[]);
        } else {
            polled.turn = Some(Turn::new(polled, tick));
            self.go_on(index).await;
        }
    }

    /// Reads what is left of a poll. A refused range does not keep the others from being read;
    /// anything else ends the poll, so that a silent device costs one time-out.
    async fn go_on(&mut self, index: usize) {
        let polled = &mut self.devices[index];
        let Some(mut turn) = polled.turn.take() else {
            return;
        };
        if self.line.is_connected() {
            self.outage.end(&self.line);
        } else {
            turn.resume = None;
            polled.turn = Some(turn);
            self.open();
            return;
        }
        let plan = Arc::clone(&polled.device.plan);
        self.line.set_pacing(plan.pacing);
        while let Some(request) = turn.waiting.pop_front() {
            let timeout = polled.timeout(turn.again);
            let asked = Instant::now();
            let (function, address, count) = (request.function, request.address, request.count);
            let read = self
                .line
                .read(plan.unit_id, function, address, count, timeout);
            match read.await {
                Ok(words) => {
                    let elapsed = asked.elapsed();
                    polled.pace.note(elapsed);
                    turn.take_words(&plan.reads, request, &words, elapsed);
                }
                Err(error) if error.is_about_the_range() => {
                    // The next beat asks one by one: perhaps only one of them is refused.
                    turn.learnt.extend(plan.reads.split(&request));
                    turn.error = Some(error);
                }
                Err(error) if turn.retry(&request, &error) => {
                    polled.turn = Some(turn);
                    return;
                }
                Err(error) => {
                    turn.break_off(request, error);
                    break;
                }
            }
        }
        self.finish(index, turn);
    }

    /// The poll is over: what it says about the device and the line, and its readings.
    fn finish(&mut self, index: usize, mut turn: Turn) {
        self.devices[index].requests = turn.requests();
        self.conclude(index, &turn);
        self.offer(index, turn.tick, &turn.values);
    }

    fn conclude(&mut self, index: usize, turn: &Turn) {
        let now = self.shared.clock.now();
        let id = self.devices[index].device.id;
        if let Some(error) = &turn.error {
            let sentence = error.to_string();
            self.shared.links.update(id, |l| l.troubled(now, &sentence));
            if error.is_about_the_line() {
                self.fail_to_open(error);
            }
        }
        if turn.failed() && (self.outage.failures > 0 || turn.error.is_none()) {
            // Nobody could be asked: that says nothing about the device.
            return self.note_outage(index);
        }
        let pause_max_ms = self.pause_max_ms(index);
        let endpoint = self.line.endpoint();
        let polled = &mut self.devices[index];
        if turn.failed() {
            polled.backoff.fail(now, pause_max_ms);
            polled.pace.forget();
            if let (1, Some(error)) = (polled.backoff.failures(), &turn.error) {
                tracing::warn!(equipment = %id, %endpoint, %error, "a device has failed");
            }
        } else if polled.backoff.clear() {
            tracing::info!(equipment = %id, %endpoint, "a device is back");
        }
        let timeout = polled.timeout(false);
        self.shared.links.update(id, |link| {
            if turn.failed() {
                let (failures, until) = (polled.backoff.failures(), polled.backoff.until());
                link.waiting(failures, until, now, polled.interval_ms());
            } else {
                link.answered(now, turn.round_trip_ms(), &polled.pace, timeout);
            }
        });
    }

    /// The longest pause of a device that fails: where nobody answers, nobody is to be protected.
    fn pause_max_ms(&self, index: usize) -> i64 {
        let mut others = self.devices.iter().enumerate();
        let healthy =
            |(other, polled): (usize, &Polled)| other != index && polled.backoff.failures() == 0;
        if others.any(healthy) {
            i64::MAX
        } else if self.devices[index].interval_ms() >= ALONE_PAUSE_MS {
            0
        } else {
            ALONE_PAUSE_MS
        }
    }

    /// Opens the wire beside the loop, unless that is under way.
    fn open(&mut self) {
        if self.opening.is_some() {
            return;
        }
        let rested = self.outage.last_attempt.map(|last| last + OPEN_PAUSE);
        let open = self.line.open();
        self.opening = Some(Box::pin(async move {
            if let Some(rested) = rested {
                sleep_until(rested).await;
            }
            open.await
        }));
    }

    /// The wire is open, or it is not: whoever waited for it goes on, or has missed his beat.
    fn take_wire(&mut self, opened: Opened) {
        let result = self.line.adopt(opened);
        match &result {
            Ok(()) => self.outage.end(&self.line),
            Err(error) => self.fail_to_open(error),
        }
        for index in 0..self.devices.len() {
            let slot = &mut self.devices[index].turn;
            let Some(mut turn) = slot.take_if(|turn| turn.resume.is_none()) else {
                continue;
            };
            if result.is_ok() {
                turn.resume = Some(Instant::now());
                *slot = Some(turn);
            } else {
                turn.cut();
                self.finish(index, turn);
            }
        }
    }

    fn fail_to_open(&mut self, error: &LineError) {
        self.outage.failures = self.outage.failures.saturating_add(1);
        self.outage.sentence = error.to_string();
        self.outage.last_attempt = Some(Instant::now());
        if self.outage.failures == 1 {
            let endpoint = self.line.endpoint();
            tracing::warn!(%endpoint, %error, "a line has failed");
        }
    }

    /// Tells a device's link that nobody on its line can be asked.
    fn note_outage(&self, index: usize) {
        if self.outage.failures == 0 {
            return;
        }
        let polled = &self.devices[index];
        let now = self.shared.clock.now();
        self.shared.links.update(polled.device.id, |link| {
            if link.last_error.as_ref() != Some(&self.outage.sentence) {
                link.troubled(now, &self.outage.sentence);
            }
            link.waiting(self.outage.failures, now, now, polled.interval_ms());
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

    /// Asks for a visitor.
    async fn answer(&mut self, ask: Ask) {
        let read = self
            .line
            .read(ask.unit, ask.function, ask.address, ask.count, ask.timeout);
        // Nobody is left to hear it when the visitor went away.
        let _ = ask.answer.send(read.await);
    }
}

/// The wire that is being opened; never, when none is.
async fn opened(opening: &mut Option<BoxFuture<'static, Opened>>) -> Opened {
    match opening {
        Some(future) => {
            let opened = future.await;
            *opening = None;
            opened
        }
        None => std::future::pending().await,
    }
}
