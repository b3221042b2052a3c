//! How the API has answered of late, for the appliance's look at itself: how many of its answers
//! failed, and how long people waited.
//!
//! Counts by the minute, twenty of them, in a few hundred bytes; nothing of it is stored. Counted is
//! what is below `/api`. A refusal with 503 is no failure: it says "not now", and what lies behind it
//! (the disk, too many at once) is told by itself.

use crate::alerts::Served;
use crate::base::Timestamp;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;
/// Minutes that are remembered: the longest look is over twenty.
const MINUTES: i64 = 20;
/// Answers without which a share says nothing, and failures without which it is chance.
const ANSWERS_MIN: u32 = 100;
const FAILED_MIN: u32 = 5;
/// Ends of the classes of waiting times, ms; longer ones are in the last class.
const CLASSES_MS: [u32; 16] = [
    10, 25, 50, 100, 150, 200, 300, 400, 500, 600, 800, 1_000, 1_500, 2_000, 5_000, 10_000,
];
/// How these routes take their time is not the appliance's: they ask a meter, a server or a stick, or
/// take a large body.
const WAITS: [&str; 7] = [
    "/modbus/",
    "/notifications/outlets/",
    "/update/",
    "/backups",
    "/setup/",
    "/v2/write",
    "/support-bundle",
];
/// A body that is larger arrives as quickly as its sender sends it, bytes.
const BODY_MAX: u64 = 65_536;

/// One minute.
#[derive(Clone, Copy, Debug, Default)]
struct Minute {
    /// Which one, since 1970.
    number: i64,
    answers: u32,
    failed: u32,
    /// Waiting times by their class.
    timed: [u32; CLASSES_MS.len()],
}

/// The last minutes.
#[derive(Debug, Default)]
pub struct Answers(Mutex<VecDeque<Minute>>);

impl Answers {
    /// Notes an answer: the pattern of its route below `/api`, its status, how long it took, and how
    /// long the body was that came with the question, bytes, when that was said.
    pub fn note(&self, now: Timestamp, route: &str, status: u16, (took, body): (Duration, u64)) {
        let number = now.ms().div_euclid(MINUTE_MS);
        let mut minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back begins anew.
        minutes.retain(|one| (0..MINUTES).contains(&(number - one.number)));
        if minutes.back().is_none_or(|last| last.number != number) {
            minutes.push_back(Minute {
                number,
                ..Minute::default()
            });
        }
        let Some(minute) = minutes.back_mut() else {
            return;
        };
        minute.answers = minute.answers.saturating_add(1);
        let failed = status >= 500 && status != 503;
        minute.failed = minute.failed.saturating_add(u32::from(failed));
        if body <= BODY_MAX && !WAITS.iter().any(|part| route.contains(part)) {
            let class = CLASSES_MS.partition_point(|end| u128::from(*end) < took.as_millis());
            let class = class.min(CLASSES_MS.len() - 1);
            minute.timed[class] = minute.timed[class].saturating_add(1);
        }
    }

    /// How it went.
    #[must_use]
    pub fn look(&self, now: Timestamp) -> Served {
        let minutes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.ms().div_euclid(MINUTE_MS);
        let of = |last: i64| {
            let recent = move |one: &&Minute| (0..last).contains(&(number - one.number));
            minutes.iter().filter(recent)
        };
        Served {
            failed_percent_5_min: failed_percent(of(5)),
            failed_percent_15_min: failed_percent(of(15)),
            p95_ms_10_min: p95_ms(of(10)),
            p95_ms_20_min: p95_ms(of(20)),
        }
    }
}

fn failed_percent<'a>(minutes: impl Iterator<Item = &'a Minute>) -> Option<f64> {
    let sum = |(answers, failed): (u32, u32), one: &Minute| {
        (
            answers.saturating_add(one.answers),
            failed.saturating_add(one.failed),
        )
    };
    let (answers, failed) = minutes.fold((0, 0), sum);
    (failed >= FAILED_MIN).then(|| f64::from(failed) * 100.0 / f64::from(answers.max(1)))
}

/// The end of the class within which 95 of 100 were answered.
fn p95_ms<'a>(minutes: impl Iterator<Item = &'a Minute>) -> Option<f64> {
    let mut timed = [0_u64; CLASSES_MS.len()];
    for minute in minutes {
        for (sum, one) in timed.iter_mut().zip(minute.timed) {
            *sum += u64::from(one);
        }
    }
    let all: u64 = timed.iter().sum();
    if all < u64::from(ANSWERS_MIN) {
        return None;
    }
    let mut so_far = 0;
    let found = timed.iter().zip(CLASSES_MS).find(|(count, _)| {
        so_far += **count;
        so_far * 100 >= all * 95
    });
    found.map(|(_, end)| f64::from(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_478_400_000);

    fn note(answers: &Answers, at: Timestamp, count: usize, (status, ms): (u16, u64)) {
        for _ in 0..count {
            answers.note(at, "/api/alerts", status, (Duration::from_millis(ms), 0));
        }
    }

    #[test]
    fn failures_are_a_share_of_the_last_minutes() {
        let answers = Answers::default();
        note(&answers, NOW, 396, (200, 5));
        note(&answers, NOW, 4, (500, 5));
        // Four are chance, and "not now" is no failure.
        note(&answers, NOW, 100, (503, 5));
        assert_eq!(answers.look(NOW).failed_percent_5_min, None);
        note(&answers, NOW, 1, (502, 5));
        let share = answers.look(NOW).failed_percent_5_min.unwrap();
        assert!((share - 500.0 / 501.0).abs() < 1e-9, "{share}");
        // Five minutes later only the long look remembers, and half an hour later nothing does.
        let later = answers.look(NOW.plus_ms(5 * MINUTE_MS));
        assert_eq!(later.failed_percent_5_min, None);
        assert!(later.failed_percent_15_min.is_some());
        let later = answers.look(NOW.plus_ms(30 * MINUTE_MS));
        assert_eq!(later, Served::default());
    }

    #[test]
    fn waiting_is_that_of_95_in_100() {
        let answers = Answers::default();
        note(&answers, NOW, 95, (200, 120));
        assert_eq!(answers.look(NOW).p95_ms_10_min, None);
        note(&answers, NOW, 5, (200, 1_400));
        assert_eq!(answers.look(NOW).p95_ms_10_min, Some(150.0));
        note(&answers, NOW, 1, (200, 99_000));
        let seen = answers.look(NOW);
        assert_eq!(seen.p95_ms_10_min, Some(1_500.0));
        assert_eq!(seen.p95_ms_20_min, Some(1_500.0));
    }

    #[test]
    fn what_waits_for_others_is_not_timed() {
        let answers = Answers::default();
        let slow = Duration::from_secs(3);
        for _ in 0..200 {
            answers.note(NOW, "/api/modbus/test-read", 200, (slow, 0));
            answers.note(NOW, "/api/equipment/{id}/photo", 200, (slow, 9_000_000));
        }
        assert_eq!(answers.look(NOW), Served::default());
    }

    #[test]
    fn a_clock_that_was_set_back_forgets() {
        let answers = Answers::default();
        note(&answers, NOW, 300, (500, 5));
        let before = NOW.plus_ms(-3_600_000);
        note(&answers, before, 10, (200, 5));
        assert_eq!(answers.look(before), Served::default());
    }
}
