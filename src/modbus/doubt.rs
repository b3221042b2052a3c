//! *pure* — which RTU units may still owe an answer to an old question.
//!
//! RTU frames have no number. When a unit was silent for its whole time-out, its answer may come
//! while it is asked the next time, and would be taken for the new one. So the next question to it
//! is a test question of a length that was never asked of it before: an old answer cannot look like
//! the answer to that, and a device answers in order, so whoever answers the test owes nothing.

use super::Function;
use super::frame::Units;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// After so many test questions that nobody answered at all the real one is asked: some meters
/// say nothing when they are asked for half a value.
const TESTS_MAX: u32 = 2;
/// ... provided that the unit was left alone for so many of its time-outs.
const ALONE_TIMEOUTS: u32 = 2;
/// The longest length of a test: the longest read of words. Answers of bits have lengths of a byte
/// each, of which so many are enough.
const COUNT_MAX: u16 = 125;
/// The bits of a byte.
const BYTE: u16 = 8;

/// What is known of the units behind one wire.
#[derive(Default)]
pub(super) struct Doubts {
    units: HashMap<u8, Unit>,
}

#[derive(Default)]
struct Unit {
    /// Of questions for words and of those for bits: the answer to one is never taken for the
    /// answer to the other, because it names another function.
    words: Lengths,
    bits: Lengths,
    doubt: Option<Doubt>,
}

/// Lengths of answers, a bit each.
#[derive(Default)]
struct Lengths {
    /// Of the real questions so far.
    asked: u128,
    /// Of the test questions since they last ran out.
    tested: u128,
}

struct Doubt {
    /// Test questions in a row to which nothing came.
    silences: u32,
    last_asked: Instant,
}

impl Doubts {
    /// Whether a test question to the same table must come first, and how many words or bits it
    /// asks for.
    pub(super) fn test_count(
        &mut self,
        unit: u8,
        (function, count): (Function, u16),
        answer_timeout: Duration,
        now: Instant,
    ) -> Option<u16> {
        let unit = self.units.entry(unit).or_default();
        let (lengths, per) = match function.is_bits() {
            true => (&mut unit.bits, BYTE),
            false => (&mut unit.words, 1),
        };
        lengths.asked |= bit(count.div_ceil(per));
        let doubt = unit.doubt.as_ref()?;
        let alone = now.saturating_duration_since(doubt.last_asked);
        if doubt.silences >= TESTS_MAX && alone >= answer_timeout * ALONE_TIMEOUTS {
            return None;
        }
        let test = lengths.unused().unwrap_or_else(|| {
            // A hundred tests later nothing of the first is under way any more.
            lengths.tested = 0;
            lengths.unused().unwrap_or(COUNT_MAX)
        });
        lengths.tested |= bit(test);
        Some(test * per)
    }

    /// The unit did not answer a real question as it should.
    pub(super) fn raise(&mut self, unit: u8, now: Instant) {
        self.units.entry(unit).or_default().doubt = Some(Doubt {
            silences: 0,
            last_asked: now,
        });
    }

    /// The unit did not answer a test question as it should; `silent` says that nothing came.
    pub(super) fn test_failed(&mut self, unit: u8, silent: bool, now: Instant) {
        if let Some(doubt) = &mut self.units.entry(unit).or_default().doubt {
            doubt.silences = if silent { doubt.silences + 1 } else { 0 };
            doubt.last_asked = now;
        }
    }

    /// Who may still answer an earlier question.
    pub(super) fn owing(&self) -> Units {
        let mut owing = Units::default();
        let doubted = self.units.iter().filter(|(_, unit)| unit.doubt.is_some());
        doubted.for_each(|(unit, _)| owing.insert(*unit));
        owing
    }

    /// The unit answered: it owes nothing.
    pub(super) fn clear(&mut self, unit: u8) {
        if let Some(unit) = self.units.get_mut(&unit) {
            unit.doubt = None;
        }
    }
}

impl Lengths {
    /// A length that no answer under way can have. Odd ones first: values rarely have them, so a
    /// question that is yet to come has another.
    fn unused(&self) -> Option<u16> {
        let odd_first = (3..=COUNT_MAX).step_by(2).chain((1..=COUNT_MAX).rev());
        odd_first
            .into_iter()
            .find(|count| (self.asked | self.tested) & bit(*count) == 0)
    }
}

fn bit(count: u16) -> u128 {
    1_u128.checked_shl(u32::from(count)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(200);

    const fn words(count: u16) -> (Function, u16) {
        (Function::Holding, count)
    }

    #[test]
    fn a_test_of_bits_is_told_apart_by_its_bytes() {
        let mut doubts = Doubts::default();
        let now = Instant::now();
        // 17 bits are answered with three bytes, the first length that a test would have.
        let bits = (Function::Discrete, 17);
        assert_eq!(doubts.test_count(1, bits, TIMEOUT, now), None);
        doubts.raise(1, now);
        assert_eq!(doubts.test_count(1, bits, TIMEOUT, now), Some(5 * 8));
        // Words are not taken for bits: their lengths are their own.
        assert_eq!(doubts.test_count(1, words(2), TIMEOUT, now), Some(3));
    }

    #[test]
    fn a_unit_that_owes_nothing_is_asked_straight() {
        let mut doubts = Doubts::default();
        let now = Instant::now();
        assert_eq!(doubts.test_count(1, words(8), TIMEOUT, now), None);
        doubts.raise(1, now);
        doubts.clear(1);
        assert_eq!(doubts.test_count(1, words(8), TIMEOUT, now), None);
        doubts.raise(1, now);
        assert_eq!(
            doubts.test_count(2, words(8), TIMEOUT, now),
            None,
            "another unit"
        );
    }

    #[test]
    fn a_test_has_a_length_that_no_answer_under_way_can_have() {
        let mut doubts = Doubts::default();
        let now = Instant::now();
        for count in [2, 3, 7] {
            doubts.test_count(1, words(count), TIMEOUT, now);
        }
        doubts.raise(1, now);
        let mut seen = vec![2, 3, 7];
        // Neither that of a real question nor that of an earlier test.
        while seen.len() < usize::from(COUNT_MAX) {
            let test = doubts.test_count(1, words(2), TIMEOUT, now).unwrap();
            assert!(
                (1..=COUNT_MAX).contains(&test) && !seen.contains(&test),
                "{test}"
            );
            doubts.test_failed(1, false, now);
            seen.push(test);
        }
        assert_eq!(seen[3..6], [5, 9, 11]);
        assert_eq!(
            doubts.test_count(1, words(2), TIMEOUT, now),
            Some(5),
            "from the beginning"
        );
        for count in 1..=COUNT_MAX {
            doubts.test_count(1, words(count), TIMEOUT, now);
        }
        assert!(doubts.test_count(1, words(2), TIMEOUT, now).is_some());
    }

    #[test]
    fn a_device_that_is_deaf_to_tests_is_asked_again() {
        let mut doubts = Doubts::default();
        let start = Instant::now();
        doubts.test_count(1, words(8), TIMEOUT, start);
        doubts.raise(1, start);
        doubts.test_failed(1, true, start);
        let later = start + 5 * TIMEOUT;
        assert_eq!(doubts.test_count(1, words(8), TIMEOUT, later), Some(3));
        doubts.test_failed(1, true, later);
        assert_eq!(
            doubts.test_count(1, words(8), TIMEOUT, later),
            Some(5),
            "too soon"
        );
        assert_eq!(
            doubts.test_count(1, words(8), TIMEOUT, later + 2 * TIMEOUT),
            None
        );
        // What is late is not deaf.
        doubts.test_failed(1, false, later);
        assert!(
            doubts
                .test_count(1, words(8), TIMEOUT, later + 2 * TIMEOUT)
                .is_some()
        );
    }
}
