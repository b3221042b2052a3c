//! *pure* — lines of a bill that look at more than one figure: demand with its ratchet and bands,
//! reactive energy, taxes.

use super::bill::{BillLine, amount, round};
use super::bill_label::Label;
use super::bill_lines::{Draft, Item};
use super::bill_reason::Reason;
use super::metered::kwh;
use super::tariff::{Bands, Charge, Group, PowerFactorBand, Ratchet};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

impl Draft<'_> {
    pub(super) fn demand(&mut self, charge: &Charge) {
        let Charge::Demand {
            name,
            price,
            per,
            periods,
            ratchet,
            minimum_kw,
            bands,
        } = charge
        else {
            return;
        };
        let rules = self.rules();
        let places: Vec<_> = periods.iter().filter_map(|id| rules.period(id)).collect();
        let peak = self.segment.metered.peak(&places);
        let digits = rules.quantity_decimals;
        let measured = round(peak.map_or(Decimal::ZERO, |window| window.kw), digits);
        let mut billed = measured;
        let mut why = vec![match peak {
            Some(window) => {
                let values = [
                    ("kw", measured.to_string()),
                    ("at", window.start.to_string()),
                ];
                Reason::with("peak", values.into())
            }
            None => Reason::of("no_window", &[]),
        }];
        if let Some(ratchet) = ratchet {
            let left = round(self.left_behind(ratchet, &places), digits);
            if left > billed {
                billed = left;
                let months = Decimal::from(ratchet.months);
                let values = [
                    ("kw", left),
                    ("percent", ratchet.percent),
                    ("months", months),
                ];
                why.push(Reason::of("ratchet", &values));
            }
        }
        if let Some(least) = minimum_kw.filter(|least| *least > billed) {
            billed = least;
            why.push(Reason::of("minimum", &[("kw", least)]));
        }
        if let Some(bands) = bands {
            let ordered = match periods.first() {
                Some(period) => rules.contracted_kw(period),
                None => rules.least_contracted_kw(),
            };
            let (banded, said) = within(bands, billed, ordered.unwrap_or_default());
            billed = round(banded, digits);
            why.push(said);
        }
        self.power(name, billed, *price, Some(*per), why);
    }

    fn left_behind(&self, ratchet: &Ratchet, places: &[usize]) -> Decimal {
        let back = usize::try_from(ratchet.months).unwrap_or(0);
        let months = self.segment.past.iter().take(back);
        let counts = |month: &&super::bill_lines::Past| {
            ratchet.only.is_empty() || ratchet.only.contains(&month.month)
        };
        let peaks = months.filter(counts).flat_map(|month| {
            let of = move |(at, kw): (usize, &Option<Decimal>)| {
                let counted = places.is_empty() || places.contains(&at);
                kw.filter(|_| counted)
            };
            month.peaks.iter().enumerate().filter_map(of)
        });
        peaks.max().unwrap_or_default() * ratchet.percent / Decimal::ONE_HUNDRED
    }

    pub(super) fn reactive_above(&mut self, ratio: Decimal, price: Decimal, periods: &[String]) {
        let rules = self.rules();
        let metered = &self.segment.metered;
        if metered.reactive.is_empty() {
            return;
        }
        let counts = |at: &usize| periods.is_empty() || periods.contains(&rules.periods[*at].id);
        let places: Vec<_> = (0..rules.periods.len()).filter(counts).collect();
        let sum = |list: &[i64]| -> Decimal { places.iter().map(|at| kwh(list[*at])).sum() };
        let (active, reactive) = (sum(&metered.import_mwh), sum(&metered.reactive));
        let free = active * ratio;
        let over = (reactive - free).max(Decimal::ZERO);
        let quantity = round(over, rules.quantity_decimals);
        self.push(Item {
            group: Group::Reactive,
            label: Label::coded("reactive"),
            period: None,
            quantity,
            unit: "kvarh",
            price,
            per: None,
            reasons: vec![Reason::of(
                "reactive_free",
                &[
                    ("reactive", round(reactive, 0)),
                    ("free", round(free, 0)),
                    ("ratio", ratio),
                ],
            )],
        });
    }

    pub(super) fn power_factor(&mut self, bands: &[PowerFactorBand]) {
        let metered = &self.segment.metered;
        if metered.reactive.is_empty() || metered.total_mwh() <= 0 {
            return;
        }
        let factor = power_factor(metered.total_mwh(), metered.reactive.iter().sum());
        let percent: Decimal = bands.iter().map(|band| percent_of(band, factor)).sum();
        if percent.is_zero() {
            return;
        }
        let of: Decimal = amounts(&self.lines, &[Group::Energy]);
        self.percent(
            Group::Reactive,
            Label::coded("power_factor"),
            (of, percent),
            Reason::of("power_factor", &[("factor", factor)]),
        );
    }

    pub(super) fn taxes(&mut self) {
        for tax in &self.rules().taxes {
            let of = amounts(&self.lines, &tax.on);
            let why = Reason::of("tax", &[]);
            let label = Label::named(tax.name.clone(), None);
            self.percent(Group::Tax, label, (of, tax.percent), why);
        }
    }

    /// A line of so many percent of an amount.
    fn percent(
        &mut self,
        group: Group,
        label: Label,
        (of, percent): (Decimal, Decimal),
        why: Reason,
    ) {
        let (rules, label) = (self.rules(), self.version_of(label));
        self.lines.push(BillLine {
            group,
            name: label.text(),
            label,
            period: None,
            quantity: of,
            unit: rules.currency.clone(),
            price: percent.normalize(),
            part: Some("1/100".to_owned()),
            amount: amount(of * percent / Decimal::ONE_HUNDRED, rules.decimals),
            explanation: why.sentence.clone(),
            reasons: vec![why],
        });
    }
}

fn amounts(lines: &[BillLine], groups: &[Group]) -> Decimal {
    let of = lines.iter().filter(|line| groups.contains(&line.group));
    of.map(|line| line.amount).sum()
}

/// What bands around the ordered power make of a demand, and why.
fn within(bands: &Bands, kw: Decimal, ordered: Decimal) -> (Decimal, Reason) {
    let edge = |percent: Decimal| ordered * percent / Decimal::ONE_HUNDRED;
    let (low, high) = (edge(bands.low_percent), edge(bands.high_percent));
    let (low_shown, high_shown) = (low.normalize(), high.normalize());
    if kw < low {
        return (low, Reason::of("band_below", &[("kw", low_shown)]));
    }
    if kw > high {
        let over = (kw - high) * bands.excess_factor;
        let values = [("kw", high_shown), ("factor", bands.excess_factor)];
        return (kw + over, Reason::of("band_above", &values));
    }
    let values = [("from", low_shown), ("to", high_shown)];
    (kw, Reason::of("band_within", &values))
}

/// P / √(P² + Q²), to two digits as bills have it.
fn power_factor(active: i64, reactive: i64) -> Decimal {
    let square = |n: i64| u128::from(n.unsigned_abs()).pow(2);
    // At most √2 times an i64, and not zero: there is active energy.
    let apparent = (square(active) + square(reactive)).isqrt().to_u64();
    let apparent = Decimal::from(apparent.unwrap_or(u64::MAX).max(1));
    round(Decimal::from(active) / apparent, 2)
}

/// Percent that a stretch of power factors asks for.
fn percent_of(band: &PowerFactorBand, factor: Decimal) -> Decimal {
    let part = match band.percent.is_sign_negative() {
        // A bonus: what the factor is above the lower end.
        true => factor.min(band.from) - band.to,
        false => band.from - factor.max(band.to),
    };
    part.max(Decimal::ZERO) * Decimal::ONE_HUNDRED * band.percent
}
