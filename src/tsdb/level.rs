//! *pure* — what blocks hold and how long they are: levels, stages, and the volume of an instant.

use super::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::base::Timestamp;
use crate::base::time::{utc_month, utc_month_start};
use crate::store::TableName;

/// What blocks hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Samples.
    Raw,
    /// Rows of one minute.
    Minute,
    /// Rows of a quarter of an hour.
    Quarter,
    /// Rows of one hour.
    Hour,
}

/// How long a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Hour,
    Day,
    Month,
}

impl Level {
    /// All levels, finest first.
    pub const ALL: [Self; 4] = [Self::Raw, Self::Minute, Self::Quarter, Self::Hour];

    /// Length of a row, ms; that of the finest row for raw samples.
    pub(super) const fn step_ms(self) -> i64 {
        match self {
            Self::Raw | Self::Minute => MINUTE_MS,
            Self::Quarter => 15 * MINUTE_MS,
            Self::Hour => HOUR_MS,
        }
    }

    /// The name, as in the names of the volumes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Minute => "minute",
            Self::Quarter => "quarter",
            Self::Hour => "hour",
        }
    }

    /// The longest stage: what is kept for years is packed by month.
    pub(super) const fn last_stage(self) -> Stage {
        match self {
            Self::Raw | Self::Minute => Stage::Day,
            Self::Quarter | Self::Hour => Stage::Month,
        }
    }

    /// The volume that an instant belongs to: a month of what is forgotten soon, a year of the
    /// rest.
    pub(super) fn volume_at(self, at: i64) -> String {
        let (year, month) = utc_month(Timestamp::from_ms(at));
        match self {
            Self::Raw | Self::Minute => format!("{}-{year:04}-{month:02}", self.name()),
            Self::Quarter | Self::Hour => format!("{}-{year:04}", self.name()),
        }
    }

    /// The level and the period of a volume, first instant and first after, ms.
    pub(super) fn of_volume(name: &str) -> Option<(Self, i64, i64)> {
        let (level, period) = name.split_once('-')?;
        let level = Self::ALL.into_iter().find(|l| l.name() == level)?;
        let (first, months) = match period.split_once('-') {
            Some((year, month)) => {
                let month = month
                    .parse()
                    .ok()
                    .filter(|month| (1..=12).contains(month))?;
                (span_of_month(year.parse().ok()?, month), 1)
            }
            None => (span_of_month(period.parse().ok()?, 1), 12),
        };
        let start = Stage::Month.start_of(first);
        Some((level, start, Stage::Month.start_of(first + months)))
    }
}

impl Stage {
    pub(super) const fn table(self) -> TableName {
        match self {
            Self::Hour => TableName::new("hour"),
            Self::Day => TableName::new("day"),
            Self::Month => TableName::new("month"),
        }
    }

    /// The name, as people read it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The number of the span that an instant lies in: hours, days or months since 1970.
    pub(super) fn span_of(self, at: i64) -> u32 {
        let number = match self {
            Self::Hour => at.div_euclid(HOUR_MS),
            Self::Day => at.div_euclid(DAY_MS),
            Self::Month => {
                let (year, month) = utc_month(Timestamp::from_ms(at));
                return span_of_month(year, month);
            }
        };
        u32::try_from(number).unwrap_or(0)
    }

    /// First instant of a span, ms.
    pub(super) fn start_of(self, span: u32) -> i64 {
        match self {
            Self::Hour => i64::from(span) * HOUR_MS,
            Self::Day => i64::from(span) * DAY_MS,
            Self::Month => utc_month_start(1970 + span / 12, span % 12 + 1).ms(),
        }
    }

    /// The stage that blocks of this one are packed into.
    pub(super) const fn next(self) -> Option<Self> {
        match self {
            Self::Hour => Some(Self::Day),
            Self::Day => Some(Self::Month),
            Self::Month => None,
        }
    }
}

const fn span_of_month(year: u32, month: u32) -> u32 {
    year.saturating_sub(1970) * 12 + month.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().ms();
        for (text, volume) in [
            ("1970-01-01T00:00:00Z", "raw-1970-01"),
            ("2024-02-29T23:59:59Z", "raw-2024-02"),
            ("2024-03-01T00:00:00Z", "raw-2024-03"),
            ("2026-12-31T23:59:59Z", "raw-2026-12"),
            ("2100-03-01T00:00:00Z", "raw-2100-03"),
        ] {
            assert_eq!(Level::Raw.volume_at(at(text)), volume);
        }
        for month in 0..3_000 {
            let start = Stage::Month.start_of(month);
            assert_eq!(Stage::Month.span_of(start), month);
            assert_eq!(Stage::Month.span_of(start + 28 * DAY_MS - 1), month);
            assert_eq!(
                Stage::Month.span_of(start.max(1) - 1),
                month.saturating_sub(1)
            );
        }
        let (level, from, to) = Level::of_volume("quarter-2026").unwrap();
        assert_eq!(level, Level::Quarter);
        assert_eq!(
            (from, to),
            (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))
        );
        assert_eq!(Level::of_volume("notes"), None);
    }
}
