//! *pure* — the lines of a bill: one function for each kind of rule.

use super::bill::{BillLine, Segment, amount, round};
use super::bill_label::Label;
use super::bill_reason::{Reason, told};
use super::metered::kwh;
use super::tariff::{Charge, Group, Per, PeriodValue, Reactive, Rules};
use rust_decimal::Decimal;

/// The greatest demand of a month that is over, by period, kW.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Month of the year, 1 to 12.
    pub month: u32,
    /// By place of the period.
    pub peaks: Vec<Option<Decimal>>,
}

/// A bill that is being written.
pub(super) struct Draft<'a> {
    pub(super) segment: &'a Segment<'a>,
    pub(super) lines: Vec<BillLine>,
}

/// What is said of a line before it is priced.
pub(super) struct Item {
    pub(super) group: Group,
    pub(super) label: Label,
    pub(super) period: Option<String>,
    pub(super) quantity: Decimal,
    pub(super) unit: &'static str,
    pub(super) price: Decimal,
    pub(super) per: Option<Per>,
    pub(super) reasons: Vec<Reason>,
}

impl<'a> Draft<'a> {
    pub(super) const fn new(segment: &'a Segment<'a>) -> Self {
        Self {
            segment,
            lines: Vec::new(),
        }
    }

    pub(super) const fn rules(&self) -> &'a Rules {
        self.segment.rules
    }

    /// Prices a line. A yearly price counts by twelfths, and a part of a month by its days.
    pub(super) fn push(&mut self, item: Item) {
        let (days, of) = self.segment.days;
        let (top, bottom) = match item.per {
            Some(Per::Month) if days != of => (days, of),
            Some(Per::Year) if days != of => (days, of * 12),
            Some(Per::Year) => (1, 12),
            _ => (1, 1),
        };
        let whole = item.quantity * item.price * Decimal::from(top);
        let amount = amount(whole / Decimal::from(bottom), self.rules().decimals);
        let label = self.version_of(item.label);
        self.lines.push(BillLine {
            group: item.group,
            name: label.text(),
            label,
            period: item.period,
            quantity: item.quantity.normalize(),
            unit: item.unit.to_owned(),
            price: item.price.normalize(),
            part: (bottom != 1).then(|| format!("{top}/{bottom}")),
            amount,
            explanation: told(&item.reasons),
            reasons: item.reasons,
        });
    }

    /// What a line is called, with the version where several hold in the month.
    pub(super) fn version_of(&self, label: Label) -> Label {
        Label {
            version: self.segment.version,
            ..label
        }
    }

    fn quantity(&self, mwh: i64) -> Decimal {
        round(kwh(mwh), self.rules().quantity_decimals)
    }

    pub(super) fn energy(&mut self) {
        let rules = self.rules();
        let metered = &self.segment.metered;
        for (at, (period, mwh)) in rules.periods.iter().zip(&metered.import_mwh).enumerate() {
            if !metered.occurs[at] {
                continue;
            }
            let all = self.quantity(*mwh);
            let mut below = Decimal::ZERO;
            for tier in &period.tiers {
                let end = tier.up_to_kwh.unwrap_or(Decimal::MAX);
                let quantity = all.min(end) - below;
                let is_first = below.is_zero();
                if quantity <= Decimal::ZERO && !(is_first && all <= Decimal::ZERO) {
                    break;
                }
                let reason = match (period.tiers.len(), tier.up_to_kwh) {
                    (1, _) => Reason::of("energy_period", &[("all", all)]),
                    (_, Some(to)) => {
                        let values = [("all", all), ("from", below), ("to", to)];
                        Reason::of("energy_tier", &values)
                    }
                    (_, None) => Reason::of("energy_above", &[("all", all), ("from", below)]),
                };
                self.push(Item {
                    group: Group::Energy,
                    label: Label::named(period.name.clone(), None),
                    period: Some(period.id.clone()),
                    quantity,
                    unit: "kWh",
                    price: tier.price,
                    per: None,
                    reasons: vec![reason],
                });
                below = end;
            }
        }
    }

    fn billed_kwh(&self) -> Decimal {
        let all = self.segment.metered.import_mwh.iter();
        all.map(|mwh| self.quantity(*mwh)).sum()
    }

    pub(super) fn charges(&mut self) {
        for charge in &self.rules().charges {
            match charge {
                Charge::Fixed {
                    name,
                    price,
                    per,
                    levy,
                } => self.fixed(name, *price, *per, *levy),
                Charge::PerKwh { name, price } => {
                    let quantity = self.billed_kwh();
                    self.push(Item {
                        group: Group::Levy,
                        label: Label::named(name.clone(), None),
                        period: None,
                        quantity,
                        unit: "kWh",
                        price: *price,
                        per: None,
                        reasons: vec![Reason::of("each_kwh", &[])],
                    });
                }
                Charge::Contracted {
                    name,
                    price,
                    per,
                    weights,
                } => {
                    let quantity = self.reduced(weights, &|_| None);
                    let why = Reason::of("ordered_weighted", &[("kw", quantity)]);
                    self.power(name, quantity, *price, Some(*per), vec![why]);
                }
                Charge::ContractedSteps { name, per, prices } => self.steps(name, *per, prices),
                Charge::ReducedOverrun {
                    name,
                    price,
                    weights,
                } => self.reduced_overrun(name, *price, weights),
                Charge::RootOverrun { name, prices } => self.root_overrun(name, prices),
                demand @ Charge::Demand { .. } => self.demand(demand),
            }
        }
    }

    fn fixed(&mut self, name: &str, price: Decimal, per: Per, levy: bool) {
        let (days, of) = self.segment.days;
        let (days, of) = (Decimal::from(days), Decimal::from(of));
        let (quantity, unit, reason) = match per {
            Per::Day => (days, "day", Reason::of("days", &[("days", days)])),
            Per::Month if days == of => (Decimal::ONE, "month", Reason::of("month", &[])),
            Per::Month => {
                let why = Reason::of("part_of_month", &[("days", days), ("of", of)]);
                (Decimal::ONE, "month", why)
            }
            Per::Year => (Decimal::ONE, "year", Reason::of("twelfth", &[])),
        };
        self.push(Item {
            group: if levy { Group::Levy } else { Group::Fixed },
            label: Label::named(name.to_owned(), None),
            period: None,
            quantity,
            unit,
            price,
            per: Some(per),
            reasons: vec![reason],
        });
    }

    pub(super) fn power(
        &mut self,
        name: &str,
        quantity: Decimal,
        price: Decimal,
        per: Option<Per>,
        reasons: Vec<Reason>,
    ) {
        self.push(Item {
            group: Group::Demand,
            label: Label::named(name.to_owned(), None),
            period: None,
            quantity,
            unit: "kW",
            price,
            per,
            reasons,
        });
    }

    /// The power of each period times its weight; the ordered one where `called` says none.
    fn reduced(
        &self,
        weights: &[PeriodValue],
        called: &dyn Fn(usize) -> Option<Decimal>,
    ) -> Decimal {
        let rules = self.rules();
        let of = |weight: &PeriodValue| {
            let own = rules.period(&weight.period).and_then(called);
            let ordered = || rules.contracted_kw(&weight.period).unwrap_or_default();
            own.unwrap_or_else(ordered) * weight.value
        };
        weights.iter().map(of).sum()
    }

    fn steps(&mut self, name: &str, per: Per, prices: &[PeriodValue]) {
        let mut before = Decimal::ZERO;
        for step in prices {
            let rules = self.rules();
            let ordered = rules.contracted_kw(&step.period).unwrap_or_default();
            let quantity = ordered - before;
            let reason = match before.is_zero() {
                true => Reason::of("ordered", &[("kw", ordered)]),
                false => Reason::of("ordered_step", &[("kw", ordered), ("before", before)]),
            };
            let place = rules.period(&step.period);
            let shown = place.map_or(&step.period, |n| &rules.periods[n].name);
            self.push(Item {
                group: Group::Demand,
                label: Label::named(format!("{name}, {shown}"), None),
                period: Some(step.period.clone()),
                quantity,
                unit: "kW",
                price: step.value,
                per: Some(per),
                reasons: vec![reason],
            });
            before = ordered;
        }
    }

    fn reduced_overrun(&mut self, name: &str, price: Decimal, weights: &[PeriodValue]) {
        let metered = &self.segment.metered;
        let called = |period: usize| metered.peak(&[period]).map(|window| window.kw);
        let (called, ordered) = (
            self.reduced(weights, &called),
            self.reduced(weights, &|_| None),
        );
        let digits = self.rules().quantity_decimals;
        let over = round((called - ordered).max(Decimal::ZERO), digits);
        if over.is_zero() {
            return;
        }
        let values = [("called", called.normalize()), ("kw", ordered.normalize())];
        let why = Reason::of("weighted_overrun", &values);
        self.power(name, over, price, None, vec![why]);
    }

    fn root_overrun(&mut self, name: &str, prices: &[PeriodValue]) {
        for price in prices {
            let rules = self.rules();
            let (Some(period), Some(ordered)) = (
                rules.period(&price.period),
                rules.contracted_kw(&price.period),
            ) else {
                continue;
            };
            let windows = self.segment.metered.windows.iter();
            let over: Vec<u128> = windows
                .filter(|window| window.period == period && window.kw > ordered)
                .map(|window| watts(window.kw - ordered))
                .collect();
            if over.is_empty() {
                continue;
            }
            // In whole watts: a root that every machine finds the same.
            let root = over.iter().map(|w| w * w).sum::<u128>().isqrt();
            let quantity = Decimal::new(i64::try_from(root).unwrap_or(i64::MAX), 3);
            self.push(Item {
                group: Group::Demand,
                label: Label::named(format!("{name}, {}", rules.periods[period].name), None),
                period: Some(price.period.clone()),
                quantity,
                unit: "kW",
                price: price.value,
                per: None,
                reasons: vec![Reason::of(
                    "root_overrun",
                    &[("count", Decimal::from(over.len())), ("kw", ordered)],
                )],
            });
        }
    }

    pub(super) fn export(&mut self) {
        let Some(price) = self.rules().export_price else {
            return;
        };
        let quantity = self.quantity(self.segment.metered.export_mwh);
        self.push(Item {
            group: Group::Export,
            label: Label::coded("export"),
            period: None,
            quantity,
            unit: "kWh",
            price: -price,
            per: None,
            reasons: vec![Reason::of("export", &[])],
        });
    }

    pub(super) fn reactive(&mut self) {
        match &self.rules().reactive {
            Some(Reactive::Above {
                ratio,
                price,
                periods,
            }) => self.reactive_above(*ratio, *price, periods),
            Some(Reactive::PowerFactor { bands }) => self.power_factor(bands),
            None => {}
        }
    }
}

/// A power in whole watts, rounded.
fn watts(kw: Decimal) -> u128 {
    use rust_decimal::prelude::ToPrimitive as _;
    let watts = round(kw * Decimal::ONE_THOUSAND, 0);
    watts.to_u128().unwrap_or(0)
}
