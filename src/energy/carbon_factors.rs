//! *pure* — what a kilowatt-hour emits: factors with their source, over the hours that they hold.
//!
//! Scope 2 of the GHG Protocol (Scope 2 Guidance, 2015): *location* based by the grid the site
//! stands in, *market* based by what it has a contract for.

use crate::base::error::Checks;
use crate::base::time::Calendar;
use crate::base::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most hours of one hourly table: a leap year.
const HOURS_MAX: usize = 8_784;
/// Greatest factor: lignite is about 1.2.
const KG_MAX: f64 = 10.0;
const HOUR_MS: i64 = 3_600_000;

/// By what a factor is attributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarbonMethod {
    /// The grid that the site stands in.
    Location,
    /// The contract that the site has.
    Market,
}

/// How a factor runs over time, kg of CO₂ equivalent for each kWh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum CarbonTable {
    /// One number.
    Flat {
        /// kg for each kWh.
        kg_per_kwh: f64,
    },
    /// One for each hour of the site's day, from midnight.
    HourOfDay {
        /// Twenty-four numbers, kg for each kWh.
        kg_per_kwh: Vec<f64>,
    },
    /// One for each hour from `valid_from` on.
    Hourly {
        /// Up to a year of numbers, kg for each kWh.
        kg_per_kwh: Vec<f64>,
    },
}

/// What a person says of factors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCarbonFactors {
    /// What people call them.
    pub name: String,
    /// By what they are attributed.
    pub method: CarbonMethod,
    /// Who published them, where: the auditor looks there.
    pub source: String,
    /// The year that they describe.
    pub year: u16,
    /// From when they hold.
    pub valid_from: Timestamp,
    /// Until when; `null` for good.
    #[serde(default)]
    pub valid_to: Option<Timestamp>,
    /// The numbers.
    pub table: CarbonTable,
}

/// Factors as they are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CarbonFactors {
    /// Number within the site, from 1.
    pub version: u32,
    /// What was said of them.
    #[serde(flatten)]
    pub said: NewCarbonFactors,
    /// Who entered them.
    pub by: String,
    /// When they were entered.
    pub at: Timestamp,
}

impl NewCarbonFactors {
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
        checks.require(fits(&self.name, 120), "name", "1 to 120 characters.");
        checks.require(
            fits(&self.source, 500),
            "source",
            "Say who published them: 1 to 500 characters.",
        );
        checks.require(
            (1990..=2100).contains(&self.year),
            "year",
            "A year from 1990 to 2100.",
        );
        let ends = self.valid_to.is_none_or(|to| to > self.valid_from);
        checks.require(ends, "valid_to", "The end must be after the start.");
        let (numbers, counted) = match &self.table {
            CarbonTable::Flat { kg_per_kwh } => (std::slice::from_ref(kg_per_kwh), true),
            CarbonTable::HourOfDay { kg_per_kwh } => {
                (kg_per_kwh.as_slice(), kg_per_kwh.len() == 24)
            }
            CarbonTable::Hourly { kg_per_kwh } => (
                kg_per_kwh.as_slice(),
                (1..=HOURS_MAX).contains(&kg_per_kwh.len()),
            ),
        };
        let sentence = "24 numbers for the hours of a day, or up to 8784 hours.";
        checks.require(counted, "table.kg_per_kwh", sentence);
        let sized = numbers.iter().all(|kg| (0.0..=KG_MAX).contains(kg));
        checks.require(
            sized,
            "table.kg_per_kwh",
            "Numbers from 0 to 10 kg for each kWh.",
        );
        checks.finish()
    }
}

impl CarbonFactors {
    /// The factor of an hour, kg for each kWh; `None` when they do not hold then.
    #[must_use]
    pub fn at(&self, hour: Timestamp, calendar: &Calendar) -> Option<f64> {
        let said = &self.said;
        if hour < said.valid_from || said.valid_to.is_some_and(|to| hour >= to) {
            return None;
        }
        match &said.table {
            CarbonTable::Flat { kg_per_kwh } => Some(*kg_per_kwh),
            CarbonTable::HourOfDay { kg_per_kwh } => {
                let hour = calendar.week_minute(hour) / 60 % 24;
                kg_per_kwh.get(usize::try_from(hour).ok()?).copied()
            }
            CarbonTable::Hourly { kg_per_kwh } => {
                let since = hour.since_ms(said.valid_from).div_euclid(HOUR_MS);
                kg_per_kwh.get(usize::try_from(since).ok()?).copied()
            }
        }
    }
}

/// The factors of an hour by one method: the newest that hold.
pub(super) fn newest<'f>(
    factors: &'f [CarbonFactors],
    method: CarbonMethod,
    hour: Timestamp,
    calendar: &Calendar,
) -> Option<(&'f CarbonFactors, f64)> {
    let of = factors.iter().rev().filter(|f| f.said.method == method);
    of.filter_map(|f| Some((f, f.at(hour, calendar)?))).next()
}
