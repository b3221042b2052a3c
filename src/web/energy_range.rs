//! Periods, as the routes of energy are asked for them.

use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, Result, TimeRange, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

const QUARTER: BucketSize = BucketSize::Fixed(15 * 60_000);
/// Longest period of one question, ms: three years with a leap day.
const PERIOD_MAX_MS: i64 = 1_097 * 24 * 3_600_000;

/// A period.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RangeQuery {
    /// First instant, RFC 3339, or a date or time on the clock of the site. It is taken back to the
    /// quarter of an hour.
    pub from: String,
    /// First instant after.
    pub to: String,
    /// To what meters are rounded before they are added: `wh` (the default) or `kwh`.
    pub round_to: Option<String>,
}

impl RangeQuery {
    /// A period without rounding.
    pub const fn of(from: String, to: String) -> Self {
        Self {
            from,
            to,
            round_to: None,
        }
    }

    /// The steps of rounding, mWh.
    ///
    /// # Errors
    /// When it is another word.
    pub fn step_mwh(&self) -> Result<i64> {
        match self.round_to.as_deref() {
            None | Some("wh") => Ok(1_000),
            Some("kwh") => Ok(1_000_000),
            Some(_) => Err(Error::invalid("round_to", "Use wh or kwh.")),
        }
    }
}

/// The period that is meant, up to now.
///
/// # Errors
/// The refused parameter.
pub fn range_of(query: &RangeQuery, calendar: &Calendar, now: Timestamp) -> Result<TimeRange> {
    let time = |path: &str, text: &str| {
        // A plus in a query is a blank unless it was escaped: mend the offset it stands for.
        let text = text.trim().replace(' ', "+");
        let sentence = "Write the time as 2026-11-21T08:30:00Z, or a date as 2026-11-21.";
        calendar
            .instant(&text)
            .ok_or_else(|| Error::invalid(path, sentence))
    };
    let (from, to) = (time("from", &query.from)?, time("to", &query.to)?);
    TimeRange::new(from, to)?;
    let from = calendar.bucket_start(from, QUARTER);
    if to.since_ms(from) > PERIOD_MAX_MS {
        return Err(Error::invalid("to", "At most three years at once."));
    }
    if from >= now {
        return Err(Error::invalid("from", "That has not come yet."));
    }
    TimeRange::new(from, to.min(now))
}

/// A resolution by its name.
///
/// # Errors
/// When there is none of this name.
pub fn named_size(name: &str) -> Result<BucketSize> {
    match name {
        "15min" => Ok(QUARTER),
        "1hour" => Ok(BucketSize::Fixed(3_600_000)),
        "daily" => Ok(BucketSize::Day),
        "weekly" => Ok(BucketSize::Week),
        "monthly" => Ok(BucketSize::Month),
        _ => Err(Error::invalid(
            "resolution",
            "Use 15min, 1hour, daily, weekly, monthly.",
        )),
    }
}
