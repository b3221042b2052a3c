//! What was said on a line, byte by byte, and what it adds up to.
//!
//! Promises: every exchange is noted with its raw bytes, its outcome and its round trip; the ring
//! is bounded in frames and in bytes, oldest forgotten first, and of what is forgotten a sample
//! stays; each minute of three days is counted; looking holds the line up for no
//! longer than it takes to copy a few pointers. Will not do: outlive a restart.

mod meaning;
mod minutes;
mod ring;
mod statistics;

pub use meaning::{Meaning, meaning};
pub use minutes::{MINUTES_MAX, Tally};
pub use ring::{FRAMES_MAX, Look};
pub use statistics::{BUCKETS_US, Histogram, LineStatistics, UnitStatistics};

use crate::base::{Clock, Timestamp};
use minutes::Minutes;
use ring::Ring;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use utoipa::ToSchema;

/// The most bytes of one line's ring: 10,000 frames of 80 words each, and as much for old ones.
pub const RING_BYTES_MAX: usize = 4_200_000;

/// How an exchange ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The words came, and belong to the question.
    Answered,
    /// The device or its gateway refused; the code says why.
    Exception,
    /// Nothing came in time.
    TimedOut,
    /// A part of an answer came, and nothing more.
    Incomplete,
    /// The checksum was wrong: noise, a wrong baud rate, two devices at once.
    CrcWrong,
    /// The answer has another transaction number: it belongs to an earlier question.
    OtherTransaction,
    /// Another unit answered: two gateways mixed up, or a late answer.
    OtherUnit,
    /// The answer is of another function.
    OtherFunction,
    /// The answer brought more or fewer words than were asked for.
    WrongLength,
    /// What came is no Modbus.
    Garbage,
    /// More came than one answer: two devices with one address, or an answer twice.
    Extra,
    /// Something came though nothing was asked: a late answer, or a second master.
    Unasked,
    /// The other side closed the connection, or the port went away.
    Closed,
    /// A connection came about. No exchange: question and answer are empty.
    Connected,
    /// No connection came about. No exchange: question and answer are empty.
    ConnectFailed,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 15] = [
        Self::Answered,
        Self::Exception,
        Self::TimedOut,
        Self::Incomplete,
        Self::CrcWrong,
        Self::OtherTransaction,
        Self::OtherUnit,
        Self::OtherFunction,
        Self::WrongLength,
        Self::Garbage,
        Self::Extra,
        Self::Unasked,
        Self::Closed,
        Self::Connected,
        Self::ConnectFailed,
    ];

    /// Its name in requests and files: `timed_out`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Exception => "exception",
            Self::TimedOut => "timed_out",
            Self::Incomplete => "incomplete",
            Self::CrcWrong => "crc_wrong",
            Self::OtherTransaction => "other_transaction",
            Self::OtherUnit => "other_unit",
            Self::OtherFunction => "other_function",
            Self::WrongLength => "wrong_length",
            Self::Garbage => "garbage",
            Self::Extra => "extra",
            Self::Unasked => "unasked",
            Self::Closed => "closed",
            Self::Connected => "connected",
            Self::ConnectFailed => "connect_failed",
        }
    }

    /// Whether this happened to the line and to no unit in particular.
    #[must_use]
    pub const fn is_of_the_line(self) -> bool {
        matches!(self, Self::Unasked | Self::Connected | Self::ConnectFailed)
    }
}

/// One exchange as it went over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Frame {
    /// Counts the frames of its line since the journal began.
    pub number: u64,
    /// When the question was sent.
    pub at: Timestamp,
    /// The unit that was asked; 0 when none was.
    pub unit: u8,
    /// The function code; 0 when nothing was asked.
    pub function: u8,
    /// The question, byte by byte, in hexadecimal.
    #[serde(serialize_with = "hexadecimal")]
    #[schema(value_type = String, example = "01 04 00 34 00 02 30 05")]
    pub request: Vec<u8>,
    /// What came, byte by byte, in hexadecimal; at most 300 bytes of it.
    #[serde(serialize_with = "hexadecimal")]
    #[schema(value_type = String, example = "01 04 04 43 66 19 9A 44 2F")]
    pub answer: Vec<u8>,
    /// How it ended.
    pub outcome: Outcome,
    /// The exception code, when the device refused.
    pub exception: Option<u8>,
    /// From the question to the end, µs.
    pub round_trip_us: u32,
}

/// Bytes as people compare them with a manual: `01 04 00 34`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        let blank = if index == 0 { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{blank}{byte:02X}");
    }
    text
}

fn hexadecimal<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(bytes))
}

/// What an exchange is noted with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note<'a> {
    pub(super) unit: u8,
    pub(super) function: u8,
    pub(super) request: &'a [u8],
    pub(super) answer: &'a [u8],
    pub(super) outcome: Outcome,
    pub(super) exception: Option<u8>,
    pub(super) round_trip: Duration,
}

impl Note<'_> {
    /// Something that happened to the line while nobody was asked.
    pub(super) const fn of_the_line(outcome: Outcome, took: Duration) -> Self {
        Self {
            unit: 0,
            function: 0,
            request: &[],
            answer: &[],
            outcome,
            exception: None,
            round_trip: took,
        }
    }
}

/// The journal of one line. The line writes it, anybody reads it.
pub struct Journal {
    clock: Arc<dyn Clock>,
    since: Timestamp,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    ring: Ring,
    statistics: LineStatistics,
    minutes: Minutes,
}

impl Journal {
    /// An empty journal; `clock` stamps what is noted.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            since: clock.now(),
            clock,
            inner: Mutex::default(),
        }
    }

    /// When it began: a restart of the appliance, or when the first device of the line was added.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Keeps at most so many bytes of frames from now on, and at most [`RING_BYTES_MAX`]: what
    /// many lines share must not fill the memory.
    pub fn limit_bytes(&self, bytes_max: usize) {
        self.lock().ring.limit(bytes_max.min(RING_BYTES_MAX));
    }

    /// The frames that are kept. Only pointers are copied while the line might wait; they are
    /// unpacked while they are read.
    #[must_use]
    pub fn look(&self) -> Look {
        self.lock().ring.look()
    }

    /// The newest frames, at most so many, oldest first.
    #[must_use]
    pub fn frames(&self, newest: usize) -> Vec<Frame> {
        let mut frames: Vec<_> = self.look().newest_first().take(newest).collect();
        frames.reverse();
        frames
    }

    /// What happened in each minute since the beginning, three days at most, oldest first; a
    /// minute in which nothing happened is not there.
    #[must_use]
    pub fn minutes(&self) -> Vec<Tally> {
        self.lock().minutes.all()
    }

    /// What the minutes from `since` on add up to.
    #[must_use]
    pub fn sum_since(&self, since: Timestamp) -> Tally {
        self.lock().minutes.sum_since(since)
    }

    /// How many frames are kept, and how many bytes they take.
    #[must_use]
    pub fn kept(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.ring.frames(), inner.ring.bytes())
    }

    /// What everything since the beginning adds up to.
    #[must_use]
    pub fn statistics(&self) -> LineStatistics {
        self.lock().statistics.clone()
    }

    /// Notes an exchange that just ended.
    pub(super) fn note(&self, note: &Note<'_>) {
        let now = self.clock.now();
        let took_ms = i64::try_from(note.round_trip.as_millis()).unwrap_or(0);
        let mut inner = self.lock();
        inner.ring.push(now.minus_ms(took_ms), note);
        inner.statistics.note(now, note);
        inner.minutes.note(now, note);
    }

    /// A panic elsewhere leaves counters and whole blocks behind, which are as good as before.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ManualClock;

    #[test]
    fn a_frame_is_shown_as_a_technician_reads_it() {
        let clock = ManualClock::new(Timestamp::from_ms(1_800_000_000_000));
        let journal = Journal::new(Arc::new(clock));
        journal.note(&Note {
            unit: 1,
            function: 4,
            request: &[1, 4, 0, 0x34, 0, 2, 0x30, 5],
            answer: &[1, 0x84, 2, 0xC2, 0xC1],
            outcome: Outcome::Exception,
            exception: Some(2),
            round_trip: Duration::from_micros(12_345),
        });
        let frames: Vec<_> = journal.look().newest_first().collect();
        let json = serde_json::to_value(&frames[0]).unwrap();
        assert_eq!(json["request"], "01 04 00 34 00 02 30 05");
        assert_eq!(json["answer"], "01 84 02 C2 C1");
        assert_eq!(json["outcome"], "exception");
        assert_eq!(json["exception"], 2);
        assert_eq!(json["round_trip_us"], 12_345);
        assert_eq!(frames[0].at, Timestamp::from_ms(1_800_000_000_000 - 12));
        assert_eq!(journal.kept().0, 1);
    }

    #[test]
    fn every_outcome_has_its_place_in_the_packed_form() {
        for (index, outcome) in Outcome::ALL.iter().enumerate() {
            assert_eq!(*outcome as usize, index, "{outcome:?}");
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.key());
        }
    }
}
