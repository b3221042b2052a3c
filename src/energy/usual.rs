//! *pure* — in which range a figure usually is: what days of the same kind showed at the same hour.
//!
//! A Sunday is no Monday, and a holiday is neither: a range over all of them would call a hall that
//! forgot to switch off as usual.

use super::tariff_clock::{Holidays, Local};
use crate::base::Timestamp;
use crate::base::time::Calendar;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Fewer days than this teach nothing: a single odd one would be half of what is known.
pub const DAYS_WANTED: usize = 3;
/// Quarters of an hour of a day.
pub const QUARTERS: usize = 96;
/// Days that are looked back at most.
pub const DAYS_BACK: usize = 42;
/// From Monday to Friday so many days are enough, before a weekday is known by itself.
const WORKDAYS_ENOUGH: usize = 10;
/// Neighbouring quarters count as the same hour, half an hour to either side.
const REACH: usize = 2;
/// What lies between these shares of all that was seen is usual.
const SHARES: (f64, f64) = (0.05, 0.95);

/// With which days a day is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsualDays {
    /// The same day of the week.
    SameWeekday,
    /// The days from Monday to Friday, while too few of the same weekday are known.
    Workdays,
    /// Holidays of the tariff in use.
    Holidays,
    /// Any day: for what does not follow the work, such as the mains.
    Any,
}

/// The range in which a figure usually is; a value beyond it is not usual.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct UsualRange {
    /// Its lower end; `null` when too few days are known.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Of how many days it was made.
    pub days: usize,
    /// Of which days.
    pub of: UsualDays,
}

/// How the figures of a quantity are taken.
#[derive(Clone, Copy, Debug)]
pub struct Nature {
    /// How much wider the range is than what was seen, to each side, as a share of the middle: what
    /// is read now moves more than the means of quarters do.
    pub room: f64,
    /// Never above this where nothing was.
    pub ceiling: f64,
}

/// Power, voltage, frequency and power factor.
pub const NATURES: [Nature; 4] = [
    nature(0.05, f64::MAX),
    nature(0.02, f64::MAX),
    nature(0.002, f64::MAX),
    nature(0.02, 1.0),
];

const fn nature(room: f64, ceiling: f64) -> Nature {
    Nature { room, ceiling }
}

/// What was measured on one day, by quarter of its wall clock.
pub type DayCurve = Vec<Vec<f64>>;

/// The days that a day is compared with, newest first, and of which kind they are; the second list
/// is taken while the first one is too short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Starts of the days.
    pub days: Vec<Timestamp>,
    /// Of which kind they are.
    pub of: UsualDays,
    /// Starts of other days, for a site that is young.
    pub instead: Option<Vec<Timestamp>>,
}

/// With which days before it the day that starts at `day` is compared.
#[must_use]
pub fn comparison(day: Timestamp, holidays: &Holidays, calendar: &Calendar) -> Comparison {
    let kind = |at: Timestamp| {
        let local = Local::of(at, calendar);
        (holidays.has(local), local.weekday)
    };
    let mut before = Vec::with_capacity(DAYS_BACK);
    let mut at = day;
    for _ in 0..DAYS_BACK {
        at = calendar.day_before(at);
        before.push(at);
    }
    let (is_holiday, weekday) = kind(day);
    let of_kind = |wanted: &dyn Fn(bool, usize) -> bool| {
        let fits = |at: &&Timestamp| {
            let (holiday, weekday) = kind(**at);
            wanted(holiday, weekday)
        };
        before.iter().filter(fits).copied().collect::<Vec<_>>()
    };
    if is_holiday {
        return Comparison {
            days: of_kind(&|holiday, _| holiday),
            of: UsualDays::Holidays,
            instead: None,
        };
    }
    let workdays = || {
        let mut days = of_kind(&|holiday, other| !holiday && other < 5);
        days.truncate(WORKDAYS_ENOUGH);
        days
    };
    Comparison {
        days: of_kind(&|holiday, other| !holiday && other == weekday),
        of: UsualDays::SameWeekday,
        instead: (weekday < 5).then(workdays),
    }
}

/// The range of each quarter of a day, from the curves of the days that it is compared with.
#[must_use]
pub fn ranges(curves: &[DayCurve], of: UsualDays, nature: Nature) -> Vec<UsualRange> {
    (0..QUARTERS)
        .map(|quarter| range_at(curves, quarter, of, nature))
        .collect()
}

/// The range at one quarter of a day.
#[must_use]
pub fn range_at(curves: &[DayCurve], quarter: usize, of: UsualDays, nature: Nature) -> UsualRange {
    let (mut seen, mut days) = (Vec::new(), BTreeSet::new());
    for (day, curve) in curves.iter().enumerate() {
        let near = quarter.saturating_sub(REACH)..=(quarter + REACH).min(QUARTERS - 1);
        for value in near.filter_map(|near| curve.get(near)).flatten() {
            seen.push(*value);
            days.insert(day);
        }
    }
    let days = days.len();
    if days < DAYS_WANTED {
        let (low, high) = (None, None);
        return UsualRange {
            low,
            high,
            days,
            of,
        };
    }
    seen.sort_by(f64::total_cmp);
    let room = share(&seen, 0.5).abs() * nature.room;
    let (least, most) = (seen[0], seen[seen.len() - 1]);
    // Nobody is told that a hall which never fed in usually draws less than nothing.
    let floor = if least < 0.0 { f64::MIN } else { 0.0 };
    let ceiling = nature.ceiling.max(most);
    UsualRange {
        low: Some((share(&seen, SHARES.0) - room).max(floor)),
        high: Some((share(&seen, SHARES.1) + room).min(ceiling)),
        days,
        of,
    }
}

/// The value below which this share of sorted values lies, linear between neighbours.
fn share(sorted: &[f64], part: f64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a few hundred quarters
    let at = (sorted.len() - 1) as f64 * part;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place in the list
    let below = at.floor() as usize;
    let low = sorted[below];
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::tariff::Rules;

    fn tunis() -> Calendar {
        Calendar::new("Africa/Tunis").unwrap()
    }

    fn day(text: &str) -> Timestamp {
        tunis().instant(&format!("{text}T00:00:00")).unwrap()
    }

    fn holidays(dates: &[&str]) -> Holidays {
        let mut rules = Rules::flat("TND", rust_decimal::Decimal::ONE);
        rules.holidays = dates.iter().map(|&date| date.to_owned()).collect();
        Holidays::of(&rules)
    }

    fn dates(days: &[Timestamp]) -> Vec<String> {
        days.iter().map(|day| tunis().date(*day)).collect()
    }

    /// A day at one power.
    fn flat(kw: f64) -> DayCurve {
        vec![vec![kw]; QUARTERS]
    }

    #[test]
    fn a_sunday_is_compared_with_sundays_and_a_tuesday_with_tuesdays() {
        // 2026-11-22 is a Sunday.
        let sunday = comparison(day("2026-11-22"), &holidays(&[]), &tunis());
        assert_eq!(sunday.of, UsualDays::SameWeekday);
        assert_eq!(
            dates(&sunday.days),
            [
                "2026-11-15",
                "2026-11-08",
                "2026-11-01",
                "2026-10-25",
                "2026-10-18",
                "2026-10-11"
            ]
        );
        assert_eq!(sunday.instead, None, "no working day stands in for it");
        let tuesday = comparison(day("2026-11-24"), &holidays(&["2026-11-17"]), &tunis());
        assert_eq!(
            dates(&tuesday.days)[0],
            "2026-11-10",
            "the 17th was a holiday"
        );
        let instead = dates(&tuesday.instead.unwrap());
        assert_eq!(instead[..3], ["2026-11-23", "2026-11-20", "2026-11-19"]);
        assert_eq!(instead.len(), WORKDAYS_ENOUGH);
    }

    #[test]
    fn a_holiday_is_compared_with_holidays_only() {
        let free = holidays(&["11-15", "2026-11-24"]);
        let found = comparison(day("2026-11-24"), &free, &tunis());
        assert_eq!(
            (found.of, dates(&found.days), found.instead),
            (UsualDays::Holidays, vec!["2026-11-15".to_owned()], None)
        );
    }

    /// The case of the demo: 83 kW on a Sunday is what Sundays draw, and far below a Monday.
    #[test]
    fn the_range_of_sundays_by_hand() {
        let sundays: Vec<_> = [80.0, 82.0, 84.0].map(flat).into();
        let found = range_at(&sundays, 40, UsualDays::SameWeekday, NATURES[0]);
        // Fifteen values, five of each; the 5 % share lies among the 80, the 95 % among the 84, and
        // 5 % of the middle, 82, are added to both sides.
        let (low, high) = (found.low.unwrap(), found.high.unwrap());
        assert!((low - (80.0 - 4.1)).abs() < 1e-9 && (high - (84.0 + 4.1)).abs() < 1e-9);
        assert_eq!((found.days, found.of), (3, UsualDays::SameWeekday));
        let mondays: Vec<_> = [500.0, 520.0, 540.0, 560.0].map(flat).into();
        let found = range_at(&mondays, 40, UsualDays::SameWeekday, NATURES[0]);
        assert!(found.low.unwrap() > 83.0);
    }

    #[test]
    fn two_days_give_no_range_and_say_so() {
        let found = range_at(
            &[flat(1.0), flat(2.0)],
            0,
            UsualDays::SameWeekday,
            NATURES[0],
        );
        assert_eq!((found.low, found.high, found.days), (None, None, 2));
        let mut gaps = vec![flat(1.0), flat(2.0), flat(3.0)];
        gaps[0][38..=42].fill(Vec::new());
        let all = ranges(&gaps, UsualDays::Any, NATURES[0]);
        assert_eq!(
            (all[40].days, all[40].low),
            (2, None),
            "nobody measured then"
        );
        assert_eq!((all[60].days, all[60].low.is_some()), (3, true));
    }

    #[test]
    fn nothing_is_usual_that_cannot_be() {
        let idle: Vec<_> = [0.0, 0.5, 100.0].map(flat).into();
        let found = range_at(&idle, 0, UsualDays::Any, NATURES[0]);
        assert_eq!(found.low, Some(0.0), "who never fed in draws no less");
        let solar: Vec<_> = [-40.0, -38.0, -42.0].map(flat).into();
        assert!(range_at(&solar, 0, UsualDays::Any, NATURES[0]).low.unwrap() < -42.0);
        let factor: Vec<_> = [0.99, 1.0, 0.995].map(flat).into();
        assert_eq!(
            range_at(&factor, 0, UsualDays::Any, NATURES[3]).high,
            Some(1.0)
        );
    }
}
