//! *pure* — what the exchanges of a line add up to.

use super::{Note, Outcome};
use crate::base::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// The upper ends of the buckets of round trips, µs: three a decade, as people read them. Behind
/// the last one is a bucket without an end.
pub const BUCKETS_US: [u32; 15] = [
    200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
    2_000_000, 5_000_000, 10_000_000,
];

/// How long answers took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Histogram {
    /// How many took at most 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500 ms, 1, 2, 5, 10 s and
    /// more than the bucket before; the last one counts those that took longer.
    pub counts: [u64; BUCKETS_US.len() + 1],
}

impl Histogram {
    fn note(&mut self, round_trip: Duration) {
        let us = u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX);
        let bucket = BUCKETS_US.partition_point(|end| *end < us);
        self.counts[bucket] += 1;
    }

    /// Adds those of another.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }
}

/// What one unit did since the journal began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnitStatistics {
    /// How many questions were sent.
    pub requests: u64,
    /// How many ended in which way; what never happened is not listed.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How many refusals had which code.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub exceptions: BTreeMap<u8, u64>,
    /// How long its answers took, refusals included.
    pub round_trips: Histogram,
    /// When it last answered with words.
    pub last_good_at: Option<Timestamp>,
    /// How the last exchange that brought no words ended.
    pub last_trouble: Option<Outcome>,
    /// When that was.
    pub last_trouble_at: Option<Timestamp>,
}

/// What a line did since the journal began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineStatistics {
    /// How many connections came about; of a serial port, how often it was opened.
    pub connects: u64,
    /// How many did not.
    pub connect_failures: u64,
    /// When the last one came about.
    pub last_connect_at: Option<Timestamp>,
    /// When the last one did not.
    pub last_connect_failure_at: Option<Timestamp>,
    /// How often something came though nothing was asked.
    pub unasked: u64,
    /// When words last came from anybody.
    pub last_good_at: Option<Timestamp>,
    /// Every unit that was asked, by its id.
    #[schema(value_type = BTreeMap<String, UnitStatistics>)]
    pub units: BTreeMap<u8, UnitStatistics>,
}

impl LineStatistics {
    pub(super) fn note(&mut self, at: Timestamp, note: &Note<'_>) {
        match note.outcome {
            Outcome::Connected => {
                self.connects += 1;
                self.last_connect_at = Some(at);
            }
            Outcome::ConnectFailed => {
                self.connect_failures += 1;
                self.last_connect_failure_at = Some(at);
            }
            Outcome::Unasked => self.unasked += 1,
            _ => self.units.entry(note.unit).or_default().note(at, note),
        }
        if note.outcome == Outcome::Answered {
            self.last_good_at = Some(at);
        }
    }
}

impl UnitStatistics {
    fn note(&mut self, at: Timestamp, note: &Note<'_>) {
        self.requests += 1;
        *self.outcomes.entry(note.outcome).or_default() += 1;
        if let Some(code) = note.exception {
            *self.exceptions.entry(code).or_default() += 1;
        }
        if matches!(note.outcome, Outcome::Answered | Outcome::Exception) {
            self.round_trips.note(note.round_trip);
        }
        if note.outcome == Outcome::Answered {
            self.last_good_at = Some(at);
        } else {
            self.last_trouble = Some(note.outcome);
            self.last_trouble_at = Some(at);
        }
    }

    /// How many exchanges ended in this way.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(unit: u8, outcome: Outcome, exception: Option<u8>, us: u64) -> Note<'static> {
        Note {
            unit,
            function: 3,
            request: &[],
            answer: &[],
            outcome,
            exception,
            round_trip: Duration::from_micros(us),
        }
    }

    #[test]
    fn exchanges_add_up_by_unit_and_line() {
        let mut line = LineStatistics::default();
        let at = Timestamp::from_ms;
        line.note(
            at(1),
            &Note::of_the_line(Outcome::Connected, Duration::ZERO),
        );
        line.note(at(2), &note(7, Outcome::Answered, None, 200));
        line.note(at(3), &note(7, Outcome::Answered, None, 201));
        line.note(at(4), &note(7, Outcome::Exception, Some(2), 60_000));
        line.note(at(5), &note(9, Outcome::TimedOut, None, 1_000_000));
        line.note(at(6), &Note::of_the_line(Outcome::Unasked, Duration::ZERO));
        assert_eq!((line.connects, line.unasked), (1, 1));
        assert_eq!(line.last_good_at, Some(at(3)));
        let seven = &line.units[&7];
        assert_eq!(seven.requests, 3);
        assert_eq!(seven.count(Outcome::Answered), 2);
        assert_eq!(seven.exceptions[&2], 1);
        assert_eq!(seven.round_trips.counts[..3], [1, 1, 0]);
        assert_eq!(seven.round_trips.counts[8], 1);
        assert_eq!(seven.last_trouble_at, Some(at(4)));
        let nine = &line.units[&9];
        assert_eq!(nine.count(Outcome::TimedOut), 1);
        assert_eq!(nine.round_trips, Histogram::default());
        assert_eq!(nine.last_good_at, None);
        let json = serde_json::to_value(&line).unwrap();
        assert_eq!(json["units"]["7"]["outcomes"]["answered"], 2);
    }

    #[test]
    fn every_round_trip_has_a_bucket() {
        let mut histogram = Histogram::default();
        for us in [0, 200, 10_000_000, 10_000_001, u64::MAX / 2] {
            histogram.note(Duration::from_micros(us));
        }
        assert_eq!(histogram.counts[0], 2);
        assert_eq!(histogram.counts[14], 1);
        assert_eq!(histogram.counts[15], 2);
    }
}
