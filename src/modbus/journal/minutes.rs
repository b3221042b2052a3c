//! *pure* — what happened on a line in each minute of the last three days.

use super::{Note, Outcome};
use crate::base::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;
use utoipa::ToSchema;

/// Minutes that are kept: 72 hours. They take 207 kB a line.
pub const MINUTES_MAX: usize = 72 * 60;
const MINUTE_MS: i64 = 60_000;
/// As long as the minutes that are kept.
const KEPT_MS: i64 = 72 * 60 * MINUTE_MS;

/// What happened in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tally {
    /// When the time began.
    pub at: Timestamp,
    /// Questions.
    pub asked: u32,
    /// Answered with words.
    pub answered: u32,
    /// Refused by the device or its gateway.
    pub refused: u32,
    /// Not answered in time, or not to the end.
    pub silent: u32,
    /// Damaged on the way: checksum, or no Modbus.
    pub damaged: u32,
    /// Answers that belong to something else: to another question, of another unit, of a wrong
    /// length, twice, unasked.
    pub strange: u32,
    /// Connections that the other side closed before it answered.
    pub closed: u32,
    /// Connections that came about.
    pub connects: u32,
    /// Connections that did not.
    pub connect_failures: u32,
    /// The longest way from a question to its answer, µs.
    pub slowest_us: u32,
}

impl Tally {
    fn note(&mut self, note: &Note<'_>) {
        let count = match note.outcome {
            Outcome::Answered => &mut self.answered,
            Outcome::Exception => &mut self.refused,
            Outcome::TimedOut | Outcome::Incomplete => &mut self.silent,
            Outcome::CrcWrong | Outcome::Garbage => &mut self.damaged,
            Outcome::OtherTransaction
            | Outcome::OtherUnit
            | Outcome::OtherFunction
            | Outcome::WrongLength
            | Outcome::Extra
            | Outcome::Unasked => &mut self.strange,
            Outcome::Closed => &mut self.closed,
            Outcome::Connected => &mut self.connects,
            Outcome::ConnectFailed => &mut self.connect_failures,
        };
        *count = count.saturating_add(1);
        if !note.outcome.is_of_the_line() {
            self.asked = self.asked.saturating_add(1);
        }
        if matches!(note.outcome, Outcome::Answered | Outcome::Exception) {
            let us = u32::try_from(note.round_trip.as_micros()).unwrap_or(u32::MAX);
            self.slowest_us = self.slowest_us.max(us);
        }
    }

    /// Sums of tallies by steps of so many milliseconds, oldest first.
    #[must_use]
    pub fn by_steps(tallies: &[Self], step_ms: i64) -> Vec<Self> {
        let mut sums: Vec<Self> = Vec::new();
        for tally in tallies {
            let at = tally.at.floor_to(step_ms);
            match sums.last_mut().filter(|sum| sum.at == at) {
                Some(sum) => sum.add(tally),
                None => sums.push(Self { at, ..*tally }),
            }
        }
        sums
    }

    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.asked, other.asked),
            (&mut self.answered, other.answered),
            (&mut self.refused, other.refused),
            (&mut self.silent, other.silent),
            (&mut self.damaged, other.damaged),
            (&mut self.strange, other.strange),
            (&mut self.closed, other.closed),
            (&mut self.connects, other.connects),
            (&mut self.connect_failures, other.connect_failures),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
        self.slowest_us = self.slowest_us.max(other.slowest_us);
    }
}

/// The minutes of a line, oldest first.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    kept: VecDeque<Tally>,
}

impl Minutes {
    pub(super) fn note(&mut self, at: Timestamp, note: &Note<'_>) {
        let minute = at.floor_to(MINUTE_MS);
        // A clock that was set back goes on in the last minute until it has caught up; by more than
        // an hour it begins anew, so that the order holds.
        let last = self.kept.back().map(|tally| tally.at);
        if last.is_some_and(|last| last.since_ms(minute) > 60 * MINUTE_MS) {
            self.kept.clear();
        }
        if self.kept.back().is_none_or(|last| last.at < minute) {
            self.kept.push_back(Tally {
                at: minute,
                ..Tally::default()
            });
        }
        if self.kept.len() > MINUTES_MAX {
            self.kept.pop_front();
        }
        if let Some(tally) = self.kept.back_mut() {
            tally.note(note);
        }
    }

    pub(super) fn all(&self) -> Vec<Tally> {
        let newest = self.kept.back().map(|tally| tally.at);
        let from = newest.map(|at| at.minus_ms(KEPT_MS - MINUTE_MS));
        let within = self.kept.iter().filter(|tally| Some(tally.at) >= from);
        within.copied().collect()
    }

    pub(super) fn sum_since(&self, since: Timestamp) -> Tally {
        let mut sum = Tally {
            at: since,
            ..Tally::default()
        };
        let newest_first = self.kept.iter().rev();
        for tally in newest_first.take_while(|tally| tally.at >= since) {
            sum.add(tally);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_ms(minute * MINUTE_MS + 1_500)
    }

    fn note(minutes: &mut Minutes, minute: i64, outcome: Outcome) {
        let took = Duration::from_micros(700);
        minutes.note(at(minute), &Note::of_the_line(outcome, took));
    }

    #[test]
    fn every_outcome_is_counted_once_in_its_minute() {
        let mut minutes = Minutes::default();
        for outcome in Outcome::ALL {
            note(&mut minutes, 5, outcome);
        }
        note(&mut minutes, 7, Outcome::Answered);
        let all = minutes.all();
        assert_eq!(all.len(), 2, "nothing happened in minute 6");
        let five = all[0];
        assert_eq!(five.at, Timestamp::from_ms(5 * MINUTE_MS));
        assert_eq!((five.asked, five.answered, five.refused), (12, 1, 1));
        assert_eq!((five.silent, five.damaged, five.strange), (2, 2, 6));
        assert_eq!(
            (five.closed, five.connects, five.connect_failures),
            (1, 1, 1)
        );
        assert_eq!(five.slowest_us, 700);
        let quarter = Tally::by_steps(&all, 15 * MINUTE_MS);
        assert_eq!((quarter.len(), quarter[0].asked), (1, 13));
        assert_eq!(quarter[0].at, Timestamp::from_ms(0));
        assert_eq!(Tally::by_steps(&all, MINUTE_MS), all);
        assert_eq!(minutes.sum_since(at(6)).asked, 1);
        assert_eq!(minutes.sum_since(at(0)).asked, 13);
    }

    #[test]
    fn three_days_are_kept() {
        let mut minutes = Minutes::default();
        for minute in 0..6_000 {
            note(&mut minutes, minute, Outcome::Answered);
        }
        let all = minutes.all();
        assert_eq!(all.len(), MINUTES_MAX);
        assert_eq!(all[0].at.ms() / MINUTE_MS, 6_000 - 4_320);
        // After a long pause the old ones are beyond the three days.
        note(&mut minutes, 20_000, Outcome::Answered);
        assert_eq!(minutes.all().len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_no_count() {
        let mut minutes = Minutes::default();
        note(&mut minutes, 100, Outcome::Answered);
        note(&mut minutes, 90, Outcome::TimedOut);
        assert_eq!((minutes.all().len(), minutes.all()[0].asked), (1, 2));
        note(&mut minutes, 10, Outcome::TimedOut);
        assert_eq!(minutes.all()[0].at.ms() / MINUTE_MS, 10);
    }
}
