//! A device on a line, and its poll: reads that are done, reads that are to come.

use super::backoff::Backoff;
use super::pace::{Probe, RoundTrips};
use super::poller::Device;
use crate::base::Timestamp;
use crate::modbus::{LineError, ReadPlan, Request};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How long a device that says that it is busy is left alone within its beat.
const BUSY_PAUSE: Duration = Duration::from_millis(250);
/// How far the first reading of a device may be dated back to its beat, ms.
const BACK_DATED_MAX_MS: i64 = 10_000;

/// A device and what was learnt about it.
pub(super) struct Polled {
    pub(super) device: Device,
    /// When its next turn comes.
    pub(super) next: Timestamp,
    /// It has not had a turn yet: that one need not fall on a beat.
    first: bool,
    /// The planned reads, some of them split after the device refused the whole.
    pub(super) requests: Vec<Request>,
    pub(super) backoff: Backoff,
    pub(super) pace: RoundTrips,
    pub(super) probe: Probe,
    /// A poll that waits to go on.
    pub(super) turn: Option<Turn>,
}

impl Polled {
    /// A device whose first turn is now.
    pub(super) fn new(device: Device, now: Timestamp) -> Self {
        Self {
            next: now,
            first: true,
            requests: device.plan.reads.requests().to_vec(),
            device,
            backoff: Backoff::default(),
            pace: RoundTrips::default(),
            probe: Probe::default(),
            turn: None,
        }
    }

    pub(super) fn interval_ms(&self) -> i64 {
        i64::from(self.device.plan.interval_ms)
    }

    /// Passes on to the next beat; the time that the readings of this one are true at.
    pub(super) fn take_beat(&mut self, now: Timestamp) -> Timestamp {
        let beat = now.floor_to(self.interval_ms());
        self.next = beat.plus_ms(self.interval_ms());
        // A meter that is read once an hour must not have its first reading dated back to the
        // last full hour; within a few seconds the beat is as true as the moment.
        let off_beat = std::mem::take(&mut self.first) && now.since_ms(beat) > BACK_DATED_MAX_MS;
        if off_beat { now.floor_to(1_000) } else { beat }
    }

    /// How long to wait for the next answer of a poll. A device that failed, or that is being
    /// asked again, gets the whole of what was configured, unless it is only probed.
    pub(super) fn timeout(&self, turn: &Turn) -> Duration {
        turn.probe.unwrap_or_else(|| self.usual_timeout(turn.again))
    }

    /// The same without a poll that says otherwise.
    pub(super) fn usual_timeout(&self, again: bool) -> Duration {
        let configured = self.device.plan.timeout;
        if again || self.backoff.failures() > 0 {
            configured
        } else {
            self.pace.timeout(configured)
        }
    }
}

/// Who goes first when several wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// The beat has come.
    Due,
    /// A question is asked again because the answer was damaged or somebody else's: most likely
    /// another device was at fault.
    Again,
    /// A question is asked again because nobody answered: that may take long once more.
    AgainAfterSilence,
}

/// The poll of one beat.
pub(super) struct Turn {
    /// When its readings are true.
    pub(super) tick: Timestamp,
    pub(super) values: Vec<Option<f64>>,
    /// Reads that were answered with words.
    pub(super) answers: u32,
    /// The sum of their round trips.
    pub(super) elapsed: Duration,
    /// What questions took that brought no words.
    pub(super) wasted: Duration,
    /// The device is left alone, and is only looked for with this time-out.
    pub(super) probe: Option<Duration>,
    /// Reads that are to come.
    pub(super) waiting: VecDeque<Request>,
    /// The reads of the next beat.
    pub(super) learnt: Vec<Request>,
    /// What went wrong last, and was not mended by asking again.
    pub(super) error: Option<LineError>,
    /// Why the question at the front is asked again.
    asked_again_for: Option<LineError>,
    /// Whether the poll ended before its end.
    broken_off: bool,
    /// How often a question may still be asked again.
    retries: u32,
    /// The question at the front is asked again.
    pub(super) again: bool,
    /// When it goes on; nothing while it waits for the line to open.
    pub(super) resume: Option<Instant>,
}

impl Turn {
    pub(super) fn new(polled: &mut Polled, tick: Timestamp) -> Self {
        let plan = &polled.device.plan;
        // Only a device that was well is asked again within its beat: a dead one costs its bus one
        // time-out per step.
        let well = polled.backoff.failures() == 0;
        Self {
            tick,
            values: vec![None; plan.reads.registers().len()],
            answers: 0,
            elapsed: Duration::ZERO,
            wasted: Duration::ZERO,
            probe: None,
            retries: if well { plan.retries } else { 0 },
            learnt: Vec::with_capacity(polled.requests.len()),
            waiting: std::mem::take(&mut polled.requests).into(),
            error: None,
            asked_again_for: None,
            broken_off: false,
            again: false,
            resume: None,
        }
    }

    /// After an error: whether the same question is asked again, once the neighbours whose turn
    /// it is have been served.
    pub(super) fn retry(&mut self, request: &Request, error: &LineError) -> bool {
        if self.retries == 0 || !error.may_pass() {
            return false;
        }
        self.retries -= 1;
        self.again = true;
        self.asked_again_for = Some(error.clone());
        self.waiting.push_front(request.clone());
        let pause = if error.is_busy() {
            BUSY_PAUSE
        } else {
            Duration::ZERO
        };
        self.resume = Some(Instant::now() + pause);
        true
    }

    /// How urgent it is that this goes on.
    pub(super) const fn urgency(&self) -> Urgency {
        match self.asked_again_for {
            None => Urgency::Due,
            Some(LineError::Timeout { .. }) => Urgency::AgainAfterSilence,
            Some(_) => Urgency::Again,
        }
    }

    /// Takes the words of an answer.
    pub(super) fn take_words(
        &mut self,
        reads: &ReadPlan,
        request: Request,
        words: &[u16],
        elapsed: Duration,
    ) {
        self.answers += 1;
        self.elapsed += elapsed;
        self.again = false;
        self.asked_again_for = None;
        for &register in &request.registers {
            self.values[register] = reads.value(&request, register, words);
        }
        self.learnt.push(request);
    }

    /// Ends the poll: what was not asked is asked at the next beat.
    pub(super) fn break_off(&mut self, request: Request, error: LineError) {
        self.waiting.push_front(request);
        self.error = Some(error);
        self.broken_off = true;
    }

    /// Ends a poll that waits, because the next beat has come or there is nobody to ask.
    pub(super) fn cut(&mut self) {
        self.broken_off = true;
        if let Some(error) = self.asked_again_for.take() {
            self.error = Some(error);
        }
    }

    /// Whether the device is to be left alone for a while.
    pub(super) const fn failed(&self) -> bool {
        self.broken_off || self.answers == 0
    }

    /// The mean over its reads.
    pub(super) fn round_trip_ms(&self) -> Option<f64> {
        let mean = |answers| self.elapsed.as_secs_f64() * 1e3 / f64::from(answers);
        (self.answers > 0).then(|| mean(self.answers))
    }

    /// The reads of the next beat.
    pub(super) fn requests(&mut self) -> Vec<Request> {
        let mut requests = std::mem::take(&mut self.learnt);
        requests.extend(self.waiting.drain(..));
        requests
    }
}
