//! *pure* — what a tariff asks beside the energy of its periods: fixed charges, power, reactive
//! energy.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For how long a price is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A day.
    Day,
    /// A month; a part of one by its days.
    Month,
    /// A year: a twelfth of it a month.
    Year,
}

/// A value of a period: a weight or a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodValue {
    /// The period.
    pub period: String,
    /// The value.
    #[schema(value_type = String)]
    pub value: Decimal,
}

/// What is asked beside energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Charge {
    /// A fixed amount.
    Fixed {
        /// Its name.
        name: String,
        /// How much.
        #[schema(value_type = String)]
        price: Decimal,
        /// For how long.
        per: Per,
        /// Whether it is a levy, to which taxes on fixed charges do not apply.
        #[serde(default)]
        levy: bool,
    },
    /// An amount for each kWh, whatever the period.
    PerKwh {
        /// Its name.
        name: String,
        /// Price of a kWh.
        #[schema(value_type = String)]
        price: Decimal,
    },
    /// The greatest mean power of a window.
    Demand {
        /// Its name.
        name: String,
        /// Price of a kW.
        #[schema(value_type = String)]
        price: Decimal,
        /// For how long.
        per: Per,
        /// Windows of these periods; of all when empty.
        #[serde(default)]
        periods: Vec<String>,
        /// What earlier months leave behind.
        #[serde(default)]
        ratchet: Option<Ratchet>,
        /// At least this is billed, kW.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        minimum_kw: Option<Decimal>,
        /// How it stands to the ordered power.
        #[serde(default)]
        bands: Option<Bands>,
    },
    /// The ordered power, each period with a weight: the reduced power.
    Contracted {
        /// Its name.
        name: String,
        /// Price of a kW.
        #[schema(value_type = String)]
        price: Decimal,
        /// For how long.
        per: Per,
        /// The weights; what is not named does not count.
        weights: Vec<PeriodValue>,
    },
    /// The ordered power in steps: the first period's at its price, then what each period has more
    /// than the one before, at its own.
    ContractedSteps {
        /// Its name.
        name: String,
        /// For how long.
        per: Per,
        /// Prices of a kW, in the order of the steps.
        prices: Vec<PeriodValue>,
    },
    /// What the reduced power of the month's peaks has over the ordered one.
    ReducedOverrun {
        /// Its name.
        name: String,
        /// Price of a kW of the month.
        #[schema(value_type = String)]
        price: Decimal,
        /// The weights.
        weights: Vec<PeriodValue>,
    },
    /// In each period the root of the sum of the squares of what its windows have over the ordered
    /// power, kW, times a price.
    RootOverrun {
        /// Its name.
        name: String,
        /// Prices of a kW of the month.
        prices: Vec<PeriodValue>,
    },
}

/// What earlier months leave behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratchet {
    /// Percent of the greatest demand of those months that is billed at least.
    #[schema(value_type = String)]
    pub percent: Decimal,
    /// How many months back, 1 to 23.
    pub months: u32,
    /// Only of these months of the year; of all when empty.
    #[serde(default)]
    pub only: Vec<u32>,
}

/// Bands around the ordered power: below, the lower edge is billed; within, what was measured;
/// above, what is over the upper edge counts more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// Lower edge, percent of the ordered power.
    #[schema(value_type = String, example = "85")]
    pub low_percent: Decimal,
    /// Upper edge, percent.
    #[schema(value_type = String, example = "105")]
    pub high_percent: Decimal,
    /// How often what is above the upper edge is added.
    #[schema(value_type = String, example = "2")]
    pub excess_factor: Decimal,
}

/// What is asked for reactive energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reactive {
    /// Each kvarh above a share of the kWh.
    Above {
        /// Free kvarh for each kWh: 0.4 is tan φ.
        #[schema(value_type = String)]
        ratio: Decimal,
        /// Price of a kvarh.
        #[schema(value_type = String)]
        price: Decimal,
        /// In these periods; in all when empty.
        #[serde(default)]
        periods: Vec<String>,
    },
    /// Percent of the energy lines for each hundredth by which the power factor of the month is
    /// below an edge; a negative percentage above an edge is a bonus.
    PowerFactor {
        /// The stretches, each from one power factor down to the next.
        bands: Vec<PowerFactorBand>,
    },
}

/// A stretch of power factors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerFactorBand {
    /// From this power factor.
    #[schema(value_type = String)]
    pub from: Decimal,
    /// Down to this one.
    #[schema(value_type = String)]
    pub to: Decimal,
    /// Percent for each hundredth of the power factor that lies in it.
    #[schema(value_type = String)]
    pub percent: Decimal,
}
