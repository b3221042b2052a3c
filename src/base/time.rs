//! Time: instants in UTC milliseconds, calendar buckets in a time zone, and the clock.
//!
//! Home of jiff. Inside the crate every instant is UTC; a time zone enters only where a calendar
//! does (what is "today", where does a month end).

use super::{Error, Result};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Unit as JiffUnit};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant at this many milliseconds since the epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This instant plus `ms` milliseconds; stops at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This instant minus `ms` milliseconds; stops at the ends of the range.
    #[must_use]
    pub const fn minus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when it is not earlier.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The last multiple of `step_ms` (counted from the epoch) at or before this instant.
    #[must_use]
    pub const fn floor_to(self, step_ms: i64) -> Self {
        Self(self.0.div_euclid(step_ms) * step_ms)
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match super::instant::text(self.0) {
            Some(text) => f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?),
            None => write!(f, "{:.3}", self.jiff()),
        }
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339 with an offset, or a plain date (midnight UTC).
    fn from_str(text: &str) -> Result<Self> {
        let instant = text.parse::<jiff::Timestamp>().or_else(|error| {
            text.parse::<jiff::civil::Date>()
                .and_then(|date| date.to_zoned(TimeZone::UTC))
                .map(|zoned| zoned.timestamp())
                .map_err(|_| error)
        });
        instant.map(|t| Self(t.as_millisecond())).map_err(|cause| {
            Error::invalid("time", "Write the time as 2026-11-21T08:30:00Z.").because(cause)
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match super::instant::text(self.0)
            .as_ref()
            .map(|text| std::str::from_utf8(text))
        {
            Some(Ok(text)) => serializer.serialize_str(text),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339 in UTC with milliseconds."))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// Year and month (1 to 12) of an instant in UTC.
#[must_use]
pub fn utc_month(at: Timestamp) -> (u32, u32) {
    let date = at.jiff().to_zoned(TimeZone::UTC).date();
    let number = |n: i32| u32::try_from(n).unwrap_or(0);
    (number(date.year().into()), number(date.month().into()))
}

/// First instant of a month (1 to 12) in UTC; the epoch when there is no such month.
#[must_use]
pub fn utc_month_start(year: u32, month: u32) -> Timestamp {
    let date = i16::try_from(year)
        .ok()
        .zip(i8::try_from(month).ok())
        .and_then(|(year, month)| jiff::civil::Date::new(year, month, 1).ok());
    let start = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    start.map_or(Timestamp(0), |start| {
        Timestamp(start.timestamp().as_millisecond())
    })
}

/// A span of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant inside.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
}

impl TimeRange {
    /// The span between two instants.
    ///
    /// # Errors
    /// When `to` is not after `from`.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self> {
        if to <= from {
            return Err(Error::invalid("to", "The end must be after the start."));
        }
        Ok(Self { from, to })
    }

    /// Length in milliseconds.
    #[must_use]
    pub const fn length_ms(self) -> i64 {
        self.to.since_ms(self.from)
    }
}

/// How long a bucket of history is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketSize {
    /// A fixed length in milliseconds, aligned to the epoch; at most two hours.
    Fixed(i64),
    /// A calendar day of the site: 23, 24 or 25 hours.
    Day,
    /// A calendar week of the site, from Monday.
    Week,
    /// A calendar month of the site.
    Month,
}

/// The calendar of a site: its time zone.
#[derive(Clone, Debug)]
pub struct Calendar(TimeZone);

impl Calendar {
    /// The calendar of an IANA time zone such as `Africa/Tunis`.
    ///
    /// # Errors
    /// When the name is not in the zone database that travels inside the binary.
    pub fn new(name: &str) -> Result<Self> {
        TimeZone::get(name).map(Self).map_err(|_| {
            Error::invalid(
                "time_zone",
                "Use a name of the IANA list, such as Africa/Tunis.",
            )
        })
    }

    /// The calendar of Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The date on the site's wall calendar, `2026-11-21`.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> String {
        at.jiff().to_zoned(self.0.clone()).date().to_string()
    }

    /// Minutes since Monday 00:00 on the site's wall clock.
    #[must_use]
    pub fn week_minute(&self, at: Timestamp) -> u32 {
        let zoned = at.jiff().to_zoned(self.0.clone());
        let part = |n: i8| u32::try_from(n).unwrap_or(0);
        let day = part(zoned.weekday().to_monday_zero_offset());
        (day * 24 + part(zoned.hour())) * 60 + part(zoned.minute())
    }

    /// What the clock on the site's wall shows, as milliseconds since 1970 of that clock.
    #[must_use]
    pub fn wall_ms(&self, at: Timestamp) -> i64 {
        at.ms() + i64::from(self.0.to_offset(at.jiff()).seconds()) * 1_000
    }

    /// The instant that a person wrote: RFC 3339, or a time without an offset on the wall clock
    /// of the site. An hour that comes twice is read as the first.
    #[must_use]
    pub fn instant(&self, text: &str) -> Option<Timestamp> {
        let zoned = || {
            let civil = text.parse::<jiff::civil::DateTime>().ok()?;
            Some(civil.to_zoned(self.0.clone()).ok()?.timestamp())
        };
        let instant = text.parse::<jiff::Timestamp>().ok().or_else(zoned)?;
        Some(Timestamp(instant.as_millisecond()))
    }

    /// Start of the bucket that holds `at`.
    #[must_use]
    pub fn bucket_start(&self, at: Timestamp, size: BucketSize) -> Timestamp {
        let BucketSize::Fixed(step_ms) = size else {
            let zoned = at.jiff().to_zoned(self.0.clone());
            let date = match size {
                BucketSize::Week => {
                    let back = i64::from(zoned.weekday().to_monday_zero_offset());
                    zoned.date().saturating_sub(back.days())
                }
                BucketSize::Month => zoned.date().first_of_month(),
                _ => zoned.date(),
            };
            return self.midnight(date).unwrap_or(at);
        };
        // Zones are offset by multiples of 15 minutes, so buckets longer than that follow the
        // site's clock: an hour of Asia/Kolkata starts at half past the hour of UTC.
        let offset_ms = i64::from(self.0.to_offset(at.jiff()).seconds()) * 1000;
        at.plus_ms(offset_ms).floor_to(step_ms).minus_ms(offset_ms)
    }

    /// Start of the bucket after the one that starts at `start`.
    #[must_use]
    pub fn next_bucket(&self, start: Timestamp, size: BucketSize) -> Timestamp {
        let span = match size {
            BucketSize::Fixed(step_ms) => return start.plus_ms(step_ms),
            BucketSize::Day => 1.day(),
            BucketSize::Week => 7.days(),
            BucketSize::Month => 1.month(),
        };
        // Noon, because a midnight may not exist on the day the clocks change.
        let zoned = start.jiff().to_zoned(self.0.clone());
        self.midnight(zoned.date().saturating_add(span))
            .unwrap_or(Timestamp(i64::MAX))
    }

    /// Start of the day before the day of `at`.
    #[must_use]
    pub fn day_before(&self, at: Timestamp) -> Timestamp {
        let date = at.jiff().to_zoned(self.0.clone()).date();
        self.midnight(date.saturating_sub(1.day())).unwrap_or(at)
    }

    fn midnight(&self, date: jiff::civil::Date) -> Option<Timestamp> {
        let zoned = date.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }
}

/// Where rooms get the time from: the system in a plant, a hand in a test.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Whether it is the clock of the machine, which should pass as steadily as time does.
    fn is_wall(&self) -> bool {
        false
    }

    /// Waits until the clock shows `deadline`; at once when it already does.
    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }

    fn is_wall(&self) -> bool {
        true
    }

    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let ms = u64::try_from(deadline.since_ms(self.now())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

/// A clock that a test moves by hand; everyone who waits on it wakes when its time has come.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<watch::Sender<Timestamp>>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self {
            now: Arc::new(watch::Sender::new(start)),
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.now.send_modify(|now| *now = now.plus_ms(ms));
    }

    /// Sets the clock, also backwards.
    pub fn set(&self, to: Timestamp) {
        self.now.send_replace(to);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep_until(&self, deadline: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut watcher = self.now.subscribe();
        Box::pin(async move {
            // The sender lives in `self`, so waiting cannot fail while we are awaited.
            let _ = watcher.wait_for(|now| *now >= deadline).await;
        })
    }
}

/// The day part of an ISO 8601 date; refuses anything else.
///
/// # Errors
/// When the text is not `YYYY-MM-DD` or not a day of the calendar.
pub fn parse_date(path: &str, text: &str) -> Result<String> {
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if text.len() == 10 => Ok(date.to_string()),
        _ => Err(Error::invalid(path, "Write the date as 2026-11-21.")),
    }
}

/// Whether the zone database knows this name.
#[must_use]
pub fn is_time_zone(name: &str) -> bool {
    Calendar::new(name).is_ok()
}

/// Rounds a duration to whole milliseconds for a person.
#[must_use]
pub fn duration_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The instant rounded to the second, as log lines and file names show it.
#[must_use]
pub fn to_second(at: Timestamp) -> String {
    at.jiff()
        .round(JiffUnit::Second)
        .map_or_else(|_| at.to_string(), |t| t.to_string())
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
