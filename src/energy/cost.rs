//! *pure* — what energy costs as it is used: each cell at the price of its period and tier, exact.
//!
//! Nothing is rounded, so that the cost of a day is the sum of that of its hours. What is asked by
//! the kWh counts, with its taxes; fixed and demand charges are matters of a month: see the bill.

use super::metered::{SupplyCell, kwh};
use super::tariff::{Charge, Group, Period, Rules};
use super::tariff_clock::{Local, Periods};
use crate::base::time::Calendar;
use rust_decimal::Decimal;

/// Energy and its cost in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeriodCost {
    /// Energy, mWh.
    pub mwh: i64,
    /// Its cost with levies and taxes, exact.
    pub cost: Decimal,
}

/// A meter of money: it knows how much of the month was used in each period.
#[derive(Clone, Debug)]
pub struct Pricing<'a> {
    rules: &'a Rules,
    calendar: &'a Calendar,
    periods: Periods,
    levies: Decimal,
    /// By what the cost of energy and of levies is multiplied: one and their taxes.
    taxed: (Decimal, Decimal),
    month: Option<(i32, u32)>,
    used: Vec<i64>,
}

impl<'a> Pricing<'a> {
    /// Prices by these rules.
    #[must_use]
    pub fn new(rules: &'a Rules, calendar: &'a Calendar) -> Self {
        let levy = |charge: &Charge| match charge {
            Charge::PerKwh { price, .. } => *price,
            _ => Decimal::ZERO,
        };
        Self {
            rules,
            calendar,
            periods: Periods::of(rules),
            levies: rules.charges.iter().map(levy).sum(),
            taxed: (taxed(rules, Group::Energy), taxed(rules, Group::Levy)),
            month: None,
            used: vec![0; rules.periods.len()],
        }
    }

    /// The period of a cell and what its energy costs; the cells of a month come in order. `None`
    /// for one of which nothing is known.
    pub fn price(&mut self, cell: &SupplyCell) -> Option<(usize, PeriodCost)> {
        let local = Local::of(cell.start, self.calendar);
        let month = (local.year, local.month);
        if self.month != Some(month) {
            self.month = Some(month);
            self.used.fill(0);
        }
        let period = self.periods.at(local)?;
        let mwh = cell.import_mwh?;
        let tiers = &self.rules.periods[period];
        let before = self.used[period];
        self.used[period] += mwh;
        let energy = up_to(tiers, before + mwh) - up_to(tiers, before);
        let cost = energy * self.taxed.0 + kwh(mwh) * self.levies * self.taxed.1;
        Some((period, PeriodCost { mwh, cost }))
    }

    /// What the next kWh costs at a moment, with levies and taxes: the price of the first tier.
    #[must_use]
    pub fn price_at(&self, at: crate::base::Timestamp) -> Option<(usize, Decimal)> {
        let period = self.periods.at(Local::of(at, self.calendar))?;
        let price = self.rules.periods[period].tiers.first()?.price;
        Some((period, price * self.taxed.0 + self.levies * self.taxed.1))
    }
}

/// What so much of a period costs in a month.
fn up_to(period: &Period, mwh: i64) -> Decimal {
    let all = kwh(mwh);
    let (mut cost, mut below) = (Decimal::ZERO, Decimal::ZERO);
    for tier in &period.tiers {
        let end = tier.up_to_kwh.unwrap_or(Decimal::MAX);
        cost += (all.min(end) - below) * tier.price;
        if all <= end {
            break;
        }
        below = end;
    }
    cost
}

/// One and the taxes on a group, with taxes on taxes.
fn taxed(rules: &Rules, group: Group) -> Decimal {
    let mut taxes = Decimal::ZERO;
    for tax in &rules.taxes {
        let own = Decimal::from(u8::from(tax.on.contains(&group)));
        let on_taxes = match tax.on.contains(&Group::Tax) {
            true => taxes,
            false => Decimal::ZERO,
        };
        taxes += (own + on_taxes) * tax.percent / Decimal::ONE_HUNDRED;
    }
    Decimal::ONE + taxes
}
