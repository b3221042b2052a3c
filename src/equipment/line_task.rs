//! One line: whose turn it is, the poll, and what follows from it.
//!
//! What a dead device costs its line, and how soon it is back, is in `docs/architecture.md`.

use super::outage::Outage;
use super::poller::Device;
use super::pulse::Pulse;
use super::supervise::{Place, Shared};
use super::turn::{Polled, Turn, Urgency};
use super::visitor::Ask;
use crate::base::{Batch, Timestamp};
use crate::modbus::Line;
use crate::modbus::line::Opened;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

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
    pulse: Pulse,
}

/// What a line does next.
enum Step {
    /// A device's beat has come.
    Begin(usize),
    /// A poll that waited goes on.
    GoOn(usize),
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
            pulse: place.pulse.clone(),
        }
    }

    /// Serves whoever is due, and sleeps otherwise; ends when the wish for this line is dropped.
    pub(super) async fn run(mut self, asks: &mut mpsc::Receiver<Ask>) {
        loop {
            self.pulse.works();
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
            self.pulse.rests();
            tokio::select! {
                changed = self.wanted.changed() => match changed {
                    Ok(()) => self.reconcile(),
                    Err(_) => return,
                },
                () = clock.sleep_until(wake.unwrap_or(Timestamp::from_ms(i64::MAX))) => {}
                () = sleep_until(resume_at), if resume.is_some() => {}
                opened = opened(&mut self.opening) => self.take_wire(opened),
                Some(ask) = asks.recv() => {
                    self.pulse.works();
                    self.answer(ask).await;
                }
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
                steps.push((Urgency::Due, polled.next, Step::Begin(index)));
            } else if let Some(turn) = &polled.turn
                && turn.resume.is_some_and(|at| at <= instant)
            {
                steps.push((turn.urgency(), turn.tick, Step::GoOn(index)));
            }
        }
        let first = steps
            .into_iter()
            .min_by_key(|(urgency, at, _)| (*urgency, *at));
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
        let waits = polled.backoff.waits(now);
        let probe = polled.probe.due(now).filter(|_| waits);
        if waits && probe.is_none() {
            self.offer(index, tick, &[]);
            return;
        }
        let mut turn = Turn::new(polled, tick);
        turn.probe = probe;
        polled.turn = Some(turn);
        self.go_on(index).await;
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
            self.pulse.works();
            let timeout = polled.timeout(&turn);
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
                    turn.wasted += asked.elapsed();
                    // The next beat asks one by one: perhaps only one of them is refused.
                    turn.learnt.extend(plan.reads.split(&request));
                    turn.error = Some(error);
                }
                Err(error) if turn.retry(&request, &error) => {
                    turn.wasted += asked.elapsed();
                    polled.turn = Some(turn);
                    return;
                }
                Err(error) => {
                    turn.wasted += asked.elapsed();
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
            // A probe that nobody answers says nothing new, and says it of a shorter time-out.
            if turn.probe.is_none() {
                let sentence = error.to_string();
                self.shared.links.update(id, |l| l.troubled(now, &sentence));
            }
            if error.is_about_the_line() {
                self.outage.fail(&self.line, error);
            }
        }
        if turn.failed() && (self.outage.failures > 0 || turn.error.is_none()) {
            // Nobody could be asked: that says nothing about the device.
            return self.note_outage(index);
        }
        let pause_max_ms = self.pause_max_ms(index);
        let failing = self.devices.iter().filter(|d| d.backoff.failures() > 0);
        let failing = failing.count();
        let endpoint = self.line.endpoint();
        let polled = &mut self.devices[index];
        if turn.failed() {
            polled.probe.arm(&polled.pace, polled.device.plan.timeout);
            polled.probe.rest(now, turn.wasted, failing);
            polled.pace.forget();
            if turn.probe.is_none() {
                polled.backoff.fail(now, pause_max_ms);
            }
            if turn.probe.is_none()
                && let (1, Some(error)) = (polled.backoff.failures(), &turn.error)
            {
                tracing::warn!(equipment = %id, %endpoint, %error, "a device has failed");
            }
        } else if polled.backoff.clear() {
            tracing::info!(equipment = %id, %endpoint, "a device is back");
        }
        let timeout = polled.usual_timeout(false);
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
        let rested = self.outage.rested();
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
            Err(error) => self.outage.fail(&self.line, error),
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
