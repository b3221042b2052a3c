//! *pure* — token buckets: so many at once, and then so many in a while.
//!
//! One number for each bucket: when it would be full again (the generic cell rate algorithm,
//! ITU-T I.371, section A). Nobody has to fill anything up, and what is full is forgotten.

use super::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// After this long there is one more, µs.
    step_us: i64,
    /// This many at once.
    burst: u32,
}

/// How full a bucket is after somebody took from it, or could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// What it holds.
    pub limit: u32,
    /// What is left.
    pub remaining: u32,
    /// When it is full again, s.
    pub full_in_s: u64,
    /// When there is one again, s, if there was none.
    pub wait_s: Option<u64>,
}

/// Buckets by key, in bounded memory.
#[derive(Debug)]
pub struct Buckets<K> {
    /// When each is full again, µs.
    full_at: HashMap<K, i64>,
    most: usize,
}

impl Rate {
    /// `count` in `seconds` in the long run, `burst` at once. None of them is zero: a zero counts
    /// as one.
    #[must_use]
    pub fn new(count: u32, seconds: u32, burst: u32) -> Self {
        let step_us = i64::from(seconds.max(1)) * 1_000_000 / i64::from(count.max(1));
        Self {
            step_us: step_us.max(1),
            burst: burst.max(1),
        }
    }

    fn whole_us(self) -> i64 {
        self.step_us * i64::from(self.burst)
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// No buckets yet, and never more than `most` that are not full.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            full_at: HashMap::new(),
            most,
        }
    }

    /// Takes one from a bucket.
    pub fn take(&mut self, key: K, rate: Rate, now: Timestamp) -> Level {
        let now_us = now.ms() * 1_000;
        let full_at = self.full_at(&key, rate, now_us);
        let next = full_at + rate.step_us;
        let over = next - now_us - rate.whole_us();
        if over > 0 {
            return level(rate, full_at - now_us, Some(over));
        }
        if self.full_at.len() >= self.most && !self.full_at.contains_key(&key) {
            self.forget(now_us);
        }
        self.full_at.insert(key, next);
        level(rate, next - now_us, None)
    }

    /// How full a bucket is; takes nothing.
    #[must_use]
    pub fn look(&self, key: &K, rate: Rate, now: Timestamp) -> Level {
        let now_us = now.ms() * 1_000;
        let missing = self.full_at(key, rate, now_us) - now_us;
        let over = missing + rate.step_us - rate.whole_us();
        level(rate, missing, (over > 0).then_some(over))
    }

    /// What cannot be, because it was noted before the clock was set back, is forgotten: nobody is closed
    /// out until the clock has come so far again.
    fn full_at(&self, key: &K, rate: Rate, now_us: i64) -> i64 {
        let known = self.full_at.get(key).copied().unwrap_or(now_us);
        let can_be = known <= now_us + rate.whole_us();
        if can_be { known.max(now_us) } else { now_us }
    }

    /// Makes room: those that are full again, else the one that is nearest to it.
    fn forget(&mut self, now_us: i64) {
        self.full_at.retain(|_, full_at| *full_at > now_us);
        if self.full_at.len() < self.most {
            return;
        }
        let fullest = self.full_at.iter().min_by_key(|(_, at)| **at);
        if let Some(key) = fullest.map(|(key, _)| key.clone()) {
            self.full_at.remove(&key);
        }
    }
}

fn level(rate: Rate, missing_us: i64, wait_us: Option<i64>) -> Level {
    let left = (rate.whole_us() - missing_us) / rate.step_us;
    let seconds = |us: i64| u64::try_from(us).unwrap_or_default().div_ceil(1_000_000);
    Level {
        limit: rate.burst,
        remaining: u32::try_from(left).unwrap_or_default(),
        full_in_s: seconds(missing_us),
        wait_s: wait_us.map(|us| seconds(us).max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_793_491_200_000 + ms)
    }

    #[test]
    fn so_many_at_once_and_then_so_many_in_a_while() {
        let (mut buckets, rate) = (Buckets::new(10), Rate::new(5, 60, 3));
        for left in [2, 1, 0] {
            let level = buckets.take("a", rate, at(0));
            assert_eq!((level.remaining, level.wait_s), (left, None));
        }
        let refused = buckets.take("a", rate, at(0));
        assert_eq!((refused.remaining, refused.wait_s), (0, Some(12)));
        assert_eq!((refused.limit, refused.full_in_s), (3, 36));
        assert_eq!(buckets.look(&"a", rate, at(0)), refused);
        // Who is refused does not wait for longer by asking.
        assert_eq!(buckets.take("a", rate, at(11_000)).wait_s, Some(1));
        assert_eq!(buckets.take("a", rate, at(12_000)).wait_s, None);
        assert_eq!(buckets.take("b", rate, at(0)).remaining, 2);
    }

    #[test]
    fn a_clock_that_is_set_back_closes_nothing_for_long() {
        let (mut buckets, rate) = (Buckets::new(10), Rate::new(5, 60, 3));
        for _ in 0..3 {
            buckets.take("a", rate, at(3_600_000));
        }
        assert_eq!(buckets.look(&"a", rate, at(0)).wait_s, None);
        for _ in 0..3 {
            assert_eq!(buckets.take("a", rate, at(0)).wait_s, None);
        }
        assert_eq!(buckets.take("a", rate, at(0)).wait_s, Some(12));
        assert_eq!(buckets.take("a", rate, at(12_000)).wait_s, None);
    }

    #[test]
    fn memory_is_bounded_and_the_emptiest_are_kept() {
        let (mut buckets, rate) = (Buckets::new(100), Rate::new(5, 60, 5));
        for _ in 0..5 {
            buckets.take(0, rate, at(0));
        }
        for key in 1..10_000 {
            buckets.take(key, rate, at(0));
            assert!(buckets.full_at.len() <= 100);
        }
        assert!(buckets.take(0, rate, at(0)).wait_s.is_some());
        buckets.take(10_000, rate, at(60_000));
        assert_eq!(buckets.full_at.len(), 1);
    }

    proptest! {
        /// However somebody asks, he gets no more than the burst and what the time brings.
        #[test]
        fn nobody_gets_more(
            count in 1_u32..200, burst in 1_u32..300, gaps in prop::collection::vec(0_i64..3_000, 1..400)
        ) {
            let (mut buckets, rate) = (Buckets::new(4), Rate::new(count, 60, burst));
            let (mut now_ms, mut taken) = (0, 0_i64);
            for gap in gaps {
                now_ms += gap;
                let seen = buckets.look(&(), rate, at(now_ms));
                let level = buckets.take((), rate, at(now_ms));
                prop_assert_eq!(seen.wait_s, level.wait_s);
                taken += i64::from(level.wait_s.is_none());
                let brought = now_ms * 1_000 / rate.step_us + 1;
                prop_assert!(taken <= i64::from(burst) + brought);
            }
        }
    }
}
