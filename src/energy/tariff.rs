//! *pure* — a tariff: what a supplier asks for energy, power and the rest, as rules.
//!
//! Prices are decimals. A time of use is a period; what is dearer in winter is another period. The
//! rules of a version hold from its first day on the clock of the site.

pub use super::tariff_charge::{
    Bands, Charge, Per, PeriodValue, PowerFactorBand, Ratchet, Reactive,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The rules of one version of a tariff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// ISO 4217 code.
    #[schema(example = "TND")]
    pub currency: String,
    /// Digits behind the point to which each line of a bill is rounded, halves away from zero: 3
    /// for millimes.
    pub decimals: u32,
    /// Digits behind the point to which the kWh of a period are rounded before they are priced.
    #[serde(default)]
    pub quantity_decimals: u32,
    /// Length of a demand window, minutes: 5, 10, 15, 30 or 60. Windows begin on the full hour.
    #[serde(default = "quarter")]
    pub window_minutes: u32,
    /// Parts of the year; slots that name none hold in all of it.
    #[serde(default)]
    pub seasons: Vec<Season>,
    /// Days that count as `holiday`: `05-01` every year, `2026-04-06` once.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// The periods that have a price of their own.
    pub periods: Vec<Period>,
    /// When which period is; the first slot that fits decides.
    pub calendar: Vec<Slot>,
    /// The power that was ordered.
    #[serde(default)]
    pub contracted: Vec<Contracted>,
    /// What is asked beside energy.
    #[serde(default)]
    pub charges: Vec<Charge>,
    /// What is asked for reactive energy.
    #[serde(default)]
    pub reactive: Option<Reactive>,
    /// What is paid for a kWh that flows out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub export_price: Option<Decimal>,
    /// Taxes in percent of other lines.
    #[serde(default)]
    pub taxes: Vec<Tax>,
}

const fn quarter() -> u32 {
    15
}

/// A part of the year, both days included; it may go over the new year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// First day, `11-01`.
    pub from: String,
    /// Last day, `03-31`.
    pub to: String,
}

/// A period with a price of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its id.
    #[schema(example = "peak")]
    pub id: String,
    /// Its name, as the bill has it.
    pub name: String,
    /// Prices of a kWh, by how much was used in the month; the last has no end.
    pub tiers: Vec<Tier>,
}

/// A price up to an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Up to how many kWh of the month; `null` for what is above.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub up_to_kwh: Option<Decimal>,
    /// Price of a kWh.
    #[schema(value_type = String, example = "0.185")]
    pub price: Decimal,
}

/// A day as tariffs know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the days of the week
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
    /// A holiday. Where no slot names it, a holiday is the day of the week that it is.
    Holiday,
}

impl Day {
    /// The days from Monday, then the holiday.
    pub const ALL: [Self; 8] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
        Self::Holiday,
    ];
}

/// Hours that belong to a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// In which season; in all when absent.
    #[serde(default)]
    pub season: Option<String>,
    /// On which days; on all when empty.
    #[serde(default)]
    pub days: Vec<Day>,
    /// From, on the clock of the site: `06:30`.
    pub from: String,
    /// To: `24:00` is midnight. Before `from` it goes over midnight, each day for itself.
    pub to: String,
    /// The period.
    pub period: String,
}

/// Ordered power.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contracted {
    /// In which period; in all when absent.
    #[serde(default)]
    pub period: Option<String>,
    /// kW.
    #[schema(value_type = String)]
    pub kw: Decimal,
}

/// What a line of a bill is about: taxes name what they apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Energy by period.
    Energy,
    /// Power: demand, ordered power, overruns.
    Demand,
    /// Fixed charges.
    Fixed,
    /// Reactive energy.
    Reactive,
    /// Levies: fixed, or by kWh.
    Levy,
    /// Energy that flowed out.
    Export,
    /// Taxes that come before.
    Tax,
}

/// A tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// Its name.
    pub name: String,
    /// Percent.
    #[schema(value_type = String, example = "18")]
    pub percent: Decimal,
    /// Of which lines.
    pub on: Vec<Group>,
}

impl Rules {
    /// One price at all times.
    #[must_use]
    pub fn flat(currency: &str, price: Decimal) -> Self {
        let slot = Slot {
            season: None,
            days: Vec::new(),
            from: "00:00".to_owned(),
            to: "24:00".to_owned(),
            period: "all".to_owned(),
        };
        Self {
            currency: currency.to_owned(),
            decimals: 2,
            quantity_decimals: 0,
            window_minutes: quarter(),
            seasons: Vec::new(),
            holidays: Vec::new(),
            periods: vec![Period {
                id: "all".to_owned(),
                name: "All".to_owned(),
                tiers: vec![Tier {
                    up_to_kwh: None,
                    price,
                }],
            }],
            calendar: vec![slot],
            contracted: Vec::new(),
            charges: Vec::new(),
            reactive: None,
            export_price: None,
            taxes: Vec::new(),
        }
    }

    /// Minutes of the cells that energy is read in: the longest that makes both quarters and
    /// windows.
    #[must_use]
    pub const fn cell_minutes(&self) -> u32 {
        match self.window_minutes {
            5 => 5,
            10 => 10,
            _ => 15,
        }
    }

    /// Whether a period begins and ends with a whole hour wherever it does.
    #[must_use]
    pub fn changes_by_hours(&self) -> bool {
        let whole = |text: &str| super::tariff_clock::minute_of(text).is_some_and(|m| m % 60 == 0);
        let slots = self.calendar.iter();
        slots
            .flat_map(|slot| [&slot.from, &slot.to])
            .all(|text| whole(text))
    }

    /// The place of a period.
    #[must_use]
    pub fn period(&self, id: &str) -> Option<usize> {
        self.periods.iter().position(|period| period.id == id)
    }

    /// The power that was ordered in a period, kW.
    #[must_use]
    pub fn contracted_kw(&self, period: &str) -> Option<Decimal> {
        let own = |c: &&Contracted| c.period.as_deref() == Some(period);
        let general = |c: &&Contracted| c.period.is_none();
        let found = self.contracted.iter().find(own);
        found
            .or_else(|| self.contracted.iter().find(general))
            .map(|c| c.kw)
    }

    /// The least power that was ordered in any period, kW.
    #[must_use]
    pub fn least_contracted_kw(&self) -> Option<Decimal> {
        self.contracted.iter().map(|c| c.kw).min()
    }
}
