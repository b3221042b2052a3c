//! *pure* — a bill from the rules of a tariff and what was metered, line by line.
//!
//! Each line is quantity × price, rounded by itself to the digits of the tariff, halves away from
//! zero; the total is the sum of the lines as they are shown.

use super::bill_label::Label;
use super::bill_lines::{Draft, Past};
use super::bill_reason::Reason;
use super::metered::Metered;
use super::tariff::{Group, Rules};
use crate::base::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;
use utoipa::ToSchema;

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BillLine {
    /// What it is about.
    pub group: Group,
    /// Its name in English: that of the tariff, with the version where several hold.
    pub name: String,
    /// The same in parts, for a page that says it in its language.
    pub label: Label,
    /// The period, where it is of one.
    pub period: Option<String>,
    /// How much.
    #[schema(value_type = String)]
    pub quantity: Decimal,
    /// Of what: `kWh`, `kW`, `kvarh`, `day`, `month`; a currency where it is percent of an amount.
    pub unit: String,
    /// Price of one, or percent.
    #[schema(value_type = String)]
    pub price: Decimal,
    /// What part of the price is asked: `1/12` of a yearly one, `10/31` of a month that was begun.
    pub part: Option<String>,
    /// The amount, rounded.
    #[schema(value_type = String)]
    pub amount: Decimal,
    /// How it came about, in English.
    pub explanation: String,
    /// The same as codes with their figures.
    pub reasons: Vec<Reason>,
}

/// The greatest window of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BillPeak {
    /// Its mean power, kW.
    #[schema(value_type = String)]
    pub kw: Decimal,
    /// When it began.
    pub at: Timestamp,
    /// Whether a meter was not read often enough to tell it: its energy is shared out by time.
    pub estimated: bool,
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Bill {
    /// First instant.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// The time zone in which hours and days were told.
    pub time_zone: String,
    /// The currency.
    pub currency: String,
    /// Digits behind the point of its amounts.
    pub decimals: u32,
    /// The lines.
    pub lines: Vec<BillLine>,
    /// Their sum.
    #[schema(value_type = String)]
    pub total: Decimal,
    /// Energy that flowed in, kWh.
    pub kwh: f64,
    /// The greatest demand.
    pub peak: Option<BillPeak>,
    /// How much of the time was measured, 0 to 1.
    pub coverage: f64,
    /// What a reader has to know: windows that were not measured, a month that is not over.
    pub notes: Vec<Reason>,
}

impl Bill {
    /// Says that days before this one are billed as if the tariff had held already.
    pub fn note_as_if(&mut self, first_day: &str) {
        let values = [("day", first_day.to_owned())];
        self.notes.push(Reason::with("as_if", values.into()));
    }
}

/// A stretch of a month in which one version of a tariff holds.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// What was metered.
    pub metered: Metered,
    /// Its days, and those of the whole month.
    pub days: (u32, u32),
    /// Demand of the months before, the latest first.
    pub past: Vec<Past>,
    /// The version, where several hold in the month.
    pub version: Option<u32>,
}

/// The lines of a stretch, in the order of the tariff.
#[must_use]
pub fn lines(segment: &Segment<'_>) -> Vec<BillLine> {
    let mut draft = Draft::new(segment);
    draft.energy();
    draft.charges();
    draft.reactive();
    draft.export();
    draft.taxes();
    draft.lines
}

/// An amount as it is shown: rounded, with all its digits.
#[must_use]
pub fn amount(value: Decimal, digits: u32) -> Decimal {
    let mut amount = round(value, digits);
    amount.rescale(digits);
    amount
}

/// Rounds as bills do: halves away from zero.
#[must_use]
pub fn round(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}
