//! *pure* — which period of a tariff it is: seasons, days, holidays and hours on the site's clock.

use super::tariff::{Day, Rules, Slot};
use crate::base::Timestamp;
use crate::base::time::Calendar;

const DAY_MS: i64 = 86_400_000;

/// A moment on the clock of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Year.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month.
    pub day: u32,
    /// Day of the week, 0 for Monday.
    pub weekday: usize,
    /// Minute of the day.
    pub minute: u32,
}

impl Local {
    /// The moment on a site's clock.
    #[must_use]
    pub fn of(at: Timestamp, calendar: &Calendar) -> Self {
        let wall = calendar.wall_ms(at);
        let days = wall.div_euclid(DAY_MS);
        let (year, month, day) = civil(days);
        // 1970 began on a Thursday.
        let weekday = usize::try_from((days + 3).rem_euclid(7)).unwrap_or(0);
        let minute = u32::try_from(wall.rem_euclid(DAY_MS) / 60_000).unwrap_or(0);
        Self {
            year,
            month,
            day,
            weekday,
            minute,
        }
    }
}

/// Year, month and day of a day since 1970 in the Gregorian calendar; the year is taken to begin in
/// March, so that its last day is the one that leap years add.
/// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: i64) -> (i32, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |n: i64| u32::try_from(n).unwrap_or(0);
    (i32::try_from(year).unwrap_or(0), small(month), small(day))
}

/// Month and day of `11-01`.
#[must_use]
pub fn month_day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let two = |t: &str| (t.len() == 2).then(|| t.parse::<u32>().ok()).flatten();
    let (month, day) = (two(month)?, two(day)?);
    let last = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=last).contains(&day).then_some((month, day))
}

/// Minute of `06:30`; `24:00` is the end of the day.
#[must_use]
pub fn minute_of(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two = |t: &str| (t.len() == 2).then(|| t.parse::<u32>().ok()).flatten();
    let (hour, minute) = (two(hour)?, two(minute)?);
    (minute < 60 && hour * 60 + minute <= 1_440).then_some(hour * 60 + minute)
}

/// A tariff's calendar, ready to be asked.
#[derive(Clone, Debug)]
pub struct Periods {
    /// For each season and day of [`Day::ALL`], by five minutes: the place of the period.
    table: Vec<[Vec<Option<usize>>; 8]>,
    seasons: Vec<((u32, u32), (u32, u32))>,
    holidays: Holidays,
    has_holidays: bool,
}

/// The holidays that a tariff names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays {
    yearly: Vec<(u32, u32)>,
    once: Vec<(i32, u32, u32)>,
}

impl Holidays {
    /// Those of rules: `05-01` every year, `2026-04-06` once.
    #[must_use]
    pub fn of(rules: &Rules) -> Self {
        let once = |text: &&String| text.len() == 10;
        let date = |text: &String| {
            let (month, day) = month_day(text.get(5..)?)?;
            Some((text.get(..4)?.parse().ok()?, month, day))
        };
        let named = rules.holidays.iter();
        Self {
            yearly: named.clone().filter_map(|text| month_day(text)).collect(),
            once: named.filter(once).filter_map(date).collect(),
        }
    }

    /// Whether a moment lies on one.
    #[must_use]
    pub fn has(&self, local: Local) -> bool {
        self.yearly.contains(&(local.month, local.day))
            || self.once.contains(&(local.year, local.month, local.day))
    }
}

/// Five minutes are the finest step of a calendar.
pub const STEP_MINUTES: u32 = 5;
const STEPS: usize = 288;

impl Periods {
    /// The calendar of rules. What no slot says stays empty; a checked tariff has no such place.
    #[must_use]
    pub fn of(rules: &Rules) -> Self {
        let span = |season: &super::tariff::Season| {
            (
                month_day(&season.from).unwrap_or((1, 1)),
                month_day(&season.to).unwrap_or((12, 31)),
            )
        };
        let names_day = |day: Day| rules.calendar.iter().any(|slot| slot.days.contains(&day));
        // One row for each season, and a last one for days that lie in none.
        let rows = (0..=rules.seasons.len()).map(|season| {
            let id = rules.seasons.get(season).map(|s| s.id.as_str());
            Day::ALL.map(|day| row(rules, id, day))
        });
        Self {
            table: rows.collect(),
            seasons: rules.seasons.iter().map(span).collect(),
            holidays: Holidays::of(rules),
            has_holidays: names_day(Day::Holiday),
        }
    }

    /// The place of the period at a moment.
    #[must_use]
    pub fn at(&self, local: Local) -> Option<usize> {
        let today = (local.month, local.day);
        let within = |(from, to): &((u32, u32), (u32, u32))| match from <= to {
            true => (*from..=*to).contains(&today),
            false => today >= *from || today <= *to,
        };
        let season = self.seasons.iter().position(within);
        let row = self.table.get(season.unwrap_or(self.seasons.len()))?;
        let day = match self.has_holidays && self.holidays.has(local) {
            true => Day::ALL.len() - 1,
            false => local.weekday,
        };
        let step = usize::try_from(local.minute / STEP_MINUTES).ok()?;
        *row.get(day)?.get(step)?
    }

    /// Where a week of a season has no period: season, day and minute.
    #[must_use]
    pub fn hole(&self) -> Option<(usize, Day, u32)> {
        // The row of no season counts only where the seasons do not fill the year.
        let used = match self.fills_the_year() {
            true => self.table.len() - 1,
            false => self.table.len(),
        };
        for (season, row) in self.table.iter().take(used).enumerate() {
            for (day, steps) in Day::ALL.into_iter().zip(row) {
                if day == Day::Holiday && !self.has_holidays {
                    continue;
                }
                if let Some(step) = steps.iter().position(Option::is_none) {
                    let minute = u32::try_from(step).unwrap_or(0) * STEP_MINUTES;
                    return Some((season, day, minute));
                }
            }
        }
        None
    }

    fn fills_the_year(&self) -> bool {
        // A leap year has every day.
        (0..366).all(|n| {
            let (_, month, day) = civil(10_957 + n);
            self.seasons.iter().any(|(from, to)| match from <= to {
                true => (*from..=*to).contains(&(month, day)),
                false => (month, day) >= *from || (month, day) <= *to,
            })
        })
    }
}

impl Rules {
    /// The power that is ordered for the period of a moment, kW.
    #[must_use]
    pub fn contracted_at(
        &self,
        at: Timestamp,
        calendar: &Calendar,
    ) -> Option<rust_decimal::Decimal> {
        let period = Periods::of(self).at(Local::of(at, calendar))?;
        self.contracted_kw(&self.periods[period].id)
    }
}

fn row(rules: &Rules, season: Option<&str>, day: Day) -> Vec<Option<usize>> {
    let fits = |slot: &&Slot| {
        let in_season = slot.season.is_none() || slot.season.as_deref() == season;
        in_season && (slot.days.is_empty() || slot.days.contains(&day))
    };
    let slots: Vec<_> = rules.calendar.iter().filter(fits).collect();
    let at = |step: usize| {
        let minute = u32::try_from(step).unwrap_or(0) * STEP_MINUTES;
        let holds = |slot: &&&Slot| {
            let (Some(from), Some(to)) = (minute_of(&slot.from), minute_of(&slot.to)) else {
                return false;
            };
            match from < to {
                true => (from..to).contains(&minute),
                false => minute >= from || minute < to,
            }
        };
        slots
            .iter()
            .find(holds)
            .and_then(|slot| rules.period(&slot.period))
    };
    (0..STEPS).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let zones = [
            "Africa/Tunis",
            "Europe/Paris",
            "America/Chicago",
            "Asia/Kolkata",
        ];
        for zone in zones {
            let calendar = Calendar::new(zone).unwrap();
            for n in 0..3_000_i64 {
                let at = Timestamp::from_ms(946_684_800_000 + n * 29_123_456);
                let local = Local::of(at, &calendar);
                let date = format!("{:04}-{:02}-{:02}", local.year, local.month, local.day);
                assert_eq!(date, calendar.date(at));
                let minutes = u32::try_from(local.weekday).unwrap() * 1_440 + local.minute;
                assert_eq!(minutes, calendar.week_minute(at), "{zone} {at}");
            }
        }
    }

    #[test]
    fn texts_are_read_exactly() {
        assert_eq!(month_day("02-29"), Some((2, 29)));
        assert_eq!(
            (month_day("02-30"), month_day("13-01"), month_day("1-1")),
            (None, None, None)
        );
        assert_eq!(
            (minute_of("24:00"), minute_of("06:30")),
            (Some(1_440), Some(390))
        );
        assert_eq!(
            (minute_of("24:05"), minute_of("6:30"), minute_of("06:60")),
            (None, None, None)
        );
    }
}
