//! *pure* — which backups are kept: the newest of each of the last days, weeks and months.

use crate::base::Timestamp;
use crate::base::time::{BucketSize, Calendar};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// How many backups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BackupRetention)]
pub struct Retention {
    /// Of days, the newest of each, 1 to 366.
    pub daily: u32,
    /// Of weeks from Monday, 0 to 520.
    pub weekly: u32,
    /// Of months, 0 to 240.
    pub monthly: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            daily: 7,
            weekly: 4,
            monthly: 12,
        }
    }
}

impl Retention {
    /// The places in `made_at` of those that may go. The newest always stays.
    #[must_use]
    pub fn surplus(self, made_at: &[Timestamp], calendar: &Calendar) -> Vec<usize> {
        let mut newest_first: Vec<usize> = (0..made_at.len()).collect();
        newest_first.sort_unstable_by_key(|place| std::cmp::Reverse(made_at[*place]));
        let mut kept = BTreeSet::new();
        kept.extend(newest_first.first());
        for (size, most) in [
            (BucketSize::Day, self.daily),
            (BucketSize::Week, self.weekly),
            (BucketSize::Month, self.monthly),
        ] {
            let mut seen = BTreeSet::new();
            for place in &newest_first {
                let bucket = calendar.bucket_start(made_at[*place], size);
                if seen.len() < most as usize && seen.insert(bucket) {
                    kept.insert(*place);
                }
            }
        }
        newest_first.retain(|place| !kept.contains(place));
        newest_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    #[test]
    fn days_weeks_and_months_keep_their_newest() {
        let calendar = Calendar::new("Africa/Tunis").unwrap();
        let newest: Timestamp = "2026-11-21T02:30:00Z".parse().unwrap();
        let made: Vec<_> = (0..400).map(|n| newest.minus_ms(n * DAY)).collect();
        let retention = Retention {
            daily: 7,
            weekly: 4,
            monthly: 12,
        };
        let gone = retention.surplus(&made, &calendar);
        let left: Vec<_> = (0..400).filter(|n| !gone.contains(n)).collect();
        // Seven days; Sundays of four weeks, of which this one and the last are among the days; the
        // last of twelve months, of which this one is.
        assert_eq!(&left[..9], [0, 1, 2, 3, 4, 5, 6, 13, 20]);
        assert_eq!(left.len(), 7 + 2 + 11);
        assert_eq!(calendar.date(made[left[9]]), "2026-10-31");
        assert_eq!(calendar.date(made[left[19]]), "2025-12-31");
    }

    #[test]
    fn the_newest_stays_and_two_of_a_day_are_one() {
        let calendar = Calendar::utc();
        let at = |hour: i64| Timestamp::from_ms(1_795_046_400_000 + hour * 3_600_000);
        let none = Retention {
            daily: 1,
            weekly: 0,
            monthly: 0,
        };
        assert_eq!(none.surplus(&[at(1), at(3), at(2)], &calendar), [2, 0]);
        assert!(none.surplus(&[at(1)], &calendar).is_empty());
        assert!(none.surplus(&[], &calendar).is_empty());
    }
}
