//! *pure* — what a baseline could not know of, entered by a person with the reason (IPMVP:
//! non-routine adjustments).

use super::record::text;
use crate::base::error::Checks;
use crate::base::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most adjustments of one indicator.
pub(super) const ADJUSTMENTS_MAX: usize = 100;

/// Energy that the baseline could not know of: a hall was added, a shift was dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Adjustment {
    /// Its number within the indicator.
    pub number: u32,
    /// From when.
    pub from: Timestamp,
    /// Until when; `null` for good.
    pub to: Option<Timestamp>,
    /// What is added to the expected energy, for each day, kWh; negative takes off.
    pub kwh_per_day: f64,
    /// Why, for the auditor.
    pub reason: String,
    /// Who entered it.
    pub by: String,
    /// When it was entered.
    pub at: Timestamp,
}

/// What a person says of an adjustment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdjustment {
    /// From when.
    pub from: Timestamp,
    /// Until when; absent for good.
    pub to: Option<Timestamp>,
    /// What is added to the expected energy, for each day, kWh.
    pub kwh_per_day: f64,
    /// Why, for the auditor.
    pub reason: String,
}

impl NewAdjustment {
    /// Nothing when it can be entered.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        text(&mut checks, "reason", &self.reason, 500);
        let ends = self.to.is_none_or(|to| to > self.from);
        checks.require(ends, "to", "The end must be after the start.");
        let sized = self.kwh_per_day.is_finite() && self.kwh_per_day.abs() <= 1e9;
        checks.require(sized, "kwh_per_day", "A number of kWh for each day.");
        checks.finish()
    }
}
