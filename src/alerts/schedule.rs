//! *pure* — when a rule is in force: days of the week and hours on the site's wall clock.

use crate::base::error::Checks;
use crate::base::time::Calendar;
use crate::base::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DAY_MIN: u32 = 24 * 60;

/// A shift: these days, from this time to that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertSchedule)]
pub struct Schedule {
    /// Days on which it begins, 1 = Monday to 7 = Sunday.
    #[schema(example = json!([1, 2, 3, 4, 5]))]
    pub days: Vec<u8>,
    /// When it begins, `06:00`, on the wall clock of the site.
    pub from: String,
    /// When it ends, `22:00`; not after `from` means on the next day.
    pub to: String,
}

impl Schedule {
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let days = !self.days.is_empty() && self.days.iter().all(|d| (1..=7).contains(d));
        checks.require(days, "days", "One day at least, 1 = Monday to 7 = Sunday.");
        for (path, text) in [("from", &self.from), ("to", &self.to)] {
            checks.require(minutes(text).is_some(), path, "Write the time as 06:00.");
        }
        checks.finish()
    }

    /// Whether it is in force.
    pub(super) fn holds(&self, calendar: &Calendar, at: Timestamp) -> bool {
        let (Some(from), Some(to)) = (minutes(&self.from), minutes(&self.to)) else {
            return true;
        };
        let length = if to > from {
            to - from
        } else {
            to + DAY_MIN - from
        };
        let now = calendar.week_minute(at);
        self.days.iter().any(|day| {
            let start = u32::from(day.saturating_sub(1)) * DAY_MIN + from;
            // Sunday night reaches into Monday.
            let since = (now + 7 * DAY_MIN - start) % (7 * DAY_MIN);
            since < length
        })
    }
}

/// Minutes of the day behind `06:00`; 24:00 is the end of the day.
fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        (text.len() == 2)
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && hour * 60 + minute <= DAY_MIN).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(days: &[u8], from: &str, to: &str) -> Schedule {
        Schedule {
            days: days.to_vec(),
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    #[test]
    fn a_night_shift_reaches_into_the_next_day_and_the_next_week() {
        let calendar = Calendar::new("Africa/Tunis").unwrap();
        // In Tunis, UTC+1. The 23rd of November 2026 is a Monday.
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let early = shift(&[1, 2, 3, 4, 5], "06:00", "14:00");
        assert!(!early.holds(&calendar, at("2026-11-23T04:59:00Z")));
        assert!(early.holds(&calendar, at("2026-11-23T05:00:00Z")));
        assert!(!early.holds(&calendar, at("2026-11-23T13:00:00Z")));
        assert!(!early.holds(&calendar, at("2026-11-22T09:00:00Z")));
        let night = shift(&[7], "22:00", "06:00");
        assert!(night.holds(&calendar, at("2026-11-22T22:00:00Z")));
        assert!(night.holds(&calendar, at("2026-11-23T04:59:00Z")));
        assert!(!night.holds(&calendar, at("2026-11-23T05:00:00Z")));
        let always = shift(&[1, 2, 3, 4, 5, 6, 7], "00:00", "24:00");
        for hour in 0..168 {
            let time = at("2026-11-23T00:00:00Z").plus_ms(hour * 3_600_000);
            assert!(always.holds(&calendar, time));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (days, from, to) in [
            (vec![], "06:00", "14:00"),
            (vec![8], "06:00", "14:00"),
            (vec![1], "6:00", "14:00"),
            (vec![1], "06:00", "24:01"),
            (vec![1], "06:60", "14:00"),
        ] {
            assert!(
                shift(&days, from, to).check().is_err(),
                "{days:?} {from} {to}"
            );
        }
        assert!(shift(&[1], "06:00", "24:00").check().is_ok());
    }
}
