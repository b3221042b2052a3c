//! *pure* — what the rules of a tariff must keep.

use super::tariff::{Bands, Charge, PeriodValue, Ratchet, Reactive, Rules};
use super::tariff_clock::{Periods, STEP_MINUTES, minute_of, month_day};
use crate::base::Result;
use crate::base::error::Checks;
use rust_decimal::Decimal;

/// Most entries of a list of rules: a year of slots by day is more than anybody asks.
const LIST_MAX: usize = 400;
/// Greatest price and power; with the energy of a month a product still fits a decimal.
const NUMBER_MAX: i64 = 100_000_000;
/// Digits behind the point of a price.
const NUMBER_DIGITS: u32 = 9;

impl Rules {
    /// Checks the rules.
    ///
    /// # Errors
    /// Every refused place, such as `calendar[2].from`.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let code =
            self.currency.len() == 3 && self.currency.bytes().all(|b| b.is_ascii_uppercase());
        checks.require(
            code,
            "currency",
            "The three letters of ISO 4217, such as TND.",
        );
        checks.require(self.decimals <= 4, "decimals", "0 to 4.");
        checks.require(self.quantity_decimals <= 3, "quantity_decimals", "0 to 3.");
        let windows = [5, 10, 15, 30, 60];
        checks.require(
            windows.contains(&self.window_minutes),
            "window_minutes",
            "5, 10, 15, 30 or 60.",
        );
        for (path, length) in [
            ("seasons", self.seasons.len()),
            ("holidays", self.holidays.len()),
            ("calendar", self.calendar.len()),
            ("charges", self.charges.len()),
            ("taxes", self.taxes.len()),
            ("contracted", self.contracted.len()),
            ("periods", self.periods.len()),
        ] {
            checks.require(length <= LIST_MAX, path, "At most 400 entries.");
        }
        checks.finish()?;
        let mut checks = Checks::default();
        self.check_year(&mut checks);
        self.check_periods(&mut checks);
        self.check_slots(&mut checks);
        self.check_charges(&mut checks);
        self.check_rest(&mut checks);
        checks.finish()?;
        let Some((season, day, minute)) = Periods::of(self).hole() else {
            return Ok(());
        };
        let season = self.seasons.get(season).map_or("no season", |s| &s.name);
        let mut checks = Checks::default();
        checks.refuse(
            "calendar",
            format!(
                "No slot says which period it is in {season}, {day:?} at {:02}:{:02}.",
                minute / 60,
                minute % 60
            ),
        );
        checks.finish()
    }

    fn check_year(&self, checks: &mut Checks) {
        for (at, season) in self.seasons.iter().enumerate() {
            let path = |field: &str| format!("seasons[{at}].{field}");
            named(checks, &path("id"), &season.id);
            named(checks, &path("name"), &season.name);
            let twice = self.seasons[..at].iter().any(|s| s.id == season.id);
            checks.require(!twice, &path("id"), "Another season has this id.");
            for (field, text) in [("from", &season.from), ("to", &season.to)] {
                let fits = month_day(text).is_some();
                checks.require(fits, &path(field), "A day of the year, such as 06-01.");
            }
        }
        for (at, text) in self.holidays.iter().enumerate() {
            let once = text.len() == 10 && crate::base::time::parse_date("", text).is_ok();
            let fits = once || month_day(text).is_some();
            let sentence = "05-01 for every year, or 2026-04-06 for one.";
            checks.require(fits, &format!("holidays[{at}]"), sentence);
        }
    }

    fn check_periods(&self, checks: &mut Checks) {
        checks.require(!self.periods.is_empty(), "periods", "At least one period.");
        for (at, period) in self.periods.iter().enumerate() {
            let path = |field: &str| format!("periods[{at}].{field}");
            named(checks, &path("id"), &period.id);
            named(checks, &path("name"), &period.name);
            let twice = self.periods[..at].iter().any(|p| p.id == period.id);
            checks.require(!twice, &path("id"), "Another period has this id.");
            let count = period.tiers.len();
            let fits = (1..=20).contains(&count);
            checks.require(fits, &path("tiers"), "1 to 20 prices.");
            let mut below = Decimal::ZERO;
            for (n, tier) in period.tiers.iter().enumerate() {
                let place = format!("tiers[{n}]");
                number(checks, &path(&format!("{place}.price")), tier.price);
                let end = path(&format!("{place}.up_to_kwh"));
                match tier.up_to_kwh {
                    None => checks.require(n + 1 == count, &end, "Only the last price has no end."),
                    Some(up_to) => {
                        checks.require(n + 1 < count, &end, "The last price has no end.");
                        checks.require(up_to > below, &end, "More than the one before.");
                        below = up_to;
                    }
                }
            }
        }
    }

    fn check_slots(&self, checks: &mut Checks) {
        let cell = self.cell_minutes();
        for (at, slot) in self.calendar.iter().enumerate() {
            let path = |field: &str| format!("calendar[{at}].{field}");
            for (field, text) in [("from", &slot.from), ("to", &slot.to)] {
                let fits = |m: u32| m.is_multiple_of(cell) && m.is_multiple_of(STEP_MINUTES);
                let sentence = "A time such as 06:30, on the step of the demand windows.";
                checks.require(minute_of(text).is_some_and(fits), &path(field), sentence);
            }
            checks.require(
                slot.from != slot.to,
                &path("to"),
                "From 00:00 to 24:00 is all day.",
            );
            let known = self.period(&slot.period).is_some();
            checks.require(known, &path("period"), "There is no such period.");
            let season = |id: &String| self.seasons.iter().any(|s| s.id == *id);
            let known = slot.season.as_ref().is_none_or(season);
            checks.require(known, &path("season"), "There is no such season.");
        }
    }

    fn check_charges(&self, checks: &mut Checks) {
        for (at, charge) in self.charges.iter().enumerate() {
            let path = |field: &str| format!("charges[{at}].{field}");
            named(checks, &path("name"), charge.name());
            match charge {
                Charge::Fixed { price, .. } | Charge::PerKwh { price, .. } => {
                    number(checks, &path("price"), *price);
                }
                Charge::Demand {
                    price,
                    periods,
                    ratchet,
                    bands,
                    minimum_kw,
                    ..
                } => {
                    number(checks, &path("price"), *price);
                    number(checks, &path("minimum_kw"), minimum_kw.unwrap_or_default());
                    for period in periods {
                        let known = self.period(period).is_some();
                        checks.require(known, &path("periods"), "There is no such period.");
                    }
                    self.check_demand(checks, &path, (ratchet.as_ref(), bands.as_ref()));
                }
                Charge::Contracted { price, weights, .. }
                | Charge::ReducedOverrun { price, weights, .. } => {
                    number(checks, &path("price"), *price);
                    self.check_values(checks, &path("weights"), weights);
                }
                Charge::ContractedSteps { prices, .. } | Charge::RootOverrun { prices, .. } => {
                    self.check_values(checks, &path("prices"), prices);
                }
            }
        }
    }

    fn check_demand(
        &self,
        checks: &mut Checks,
        path: &dyn Fn(&str) -> String,
        (ratchet, bands): (Option<&Ratchet>, Option<&Bands>),
    ) {
        if let Some(ratchet) = ratchet {
            let fits = (1..=23).contains(&ratchet.months)
                && ratchet.only.iter().all(|m| (1..=12).contains(m))
                && (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&ratchet.percent);
            let sentence = "0 to 100 percent of 1 to 23 months, of months 1 to 12.";
            checks.require(fits, &path("ratchet"), sentence);
        }
        if let Some(bands) = bands {
            let ordered = !self.contracted.is_empty();
            checks.require(ordered, &path("bands"), "Bands need an ordered power.");
            let fits = Decimal::ZERO <= bands.low_percent
                && bands.low_percent <= bands.high_percent
                && bands.high_percent <= Decimal::from(1_000)
                && (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&bands.excess_factor);
            let sentence = "The lower edge below the upper one, and a factor from 0.";
            checks.require(fits, &path("bands"), sentence);
        }
    }

    fn check_values(&self, checks: &mut Checks, path: &str, values: &[PeriodValue]) {
        let fits = (1..=LIST_MAX).contains(&values.len());
        checks.require(fits, path, "A value for at least one period.");
        for (n, value) in values.iter().enumerate() {
            number(checks, &format!("{path}[{n}].value"), value.value);
            let place = format!("{path}[{n}].period");
            let known = self.period(&value.period).is_some();
            checks.require(known, &place, "There is no such period.");
            let ordered = self.contracted_kw(&value.period).is_some();
            checks.require(ordered, &place, "No power was ordered for this period.");
        }
    }

    fn check_rest(&self, checks: &mut Checks) {
        for (at, contracted) in self.contracted.iter().enumerate() {
            let path = |field: &str| format!("contracted[{at}].{field}");
            number(checks, &path("kw"), contracted.kw);
            let known = |id: &String| self.period(id).is_some();
            let known = contracted.period.as_ref().is_none_or(known);
            checks.require(known, &path("period"), "There is no such period.");
            let positive = contracted.kw > Decimal::ZERO;
            checks.require(positive, &path("kw"), "More than 0 kW.");
        }
        for (at, tax) in self.taxes.iter().enumerate() {
            named(checks, &format!("taxes[{at}].name"), &tax.name);
            let fits = (Decimal::ZERO..=Decimal::from(1_000)).contains(&tax.percent);
            checks.require(fits, &format!("taxes[{at}].percent"), "0 to 1000 percent.");
        }
        number(
            checks,
            "export_price",
            self.export_price.unwrap_or_default(),
        );
        match &self.reactive {
            Some(Reactive::Above {
                ratio,
                price,
                periods,
            }) => {
                number(checks, "reactive.ratio", *ratio);
                number(checks, "reactive.price", *price);
                let known = periods.iter().all(|id| self.period(id).is_some());
                checks.require(known, "reactive.periods", "There is no such period.");
            }
            Some(Reactive::PowerFactor { bands }) => {
                let of_one = |n: Decimal| (Decimal::ZERO..=Decimal::ONE).contains(&n);
                for (at, band) in bands.iter().enumerate() {
                    let fits = of_one(band.from) && of_one(band.to) && band.to < band.from;
                    let sentence = "From a power factor down to a smaller one, 1 to 0.";
                    checks.require(fits, &format!("reactive.bands[{at}]"), sentence);
                    let path = format!("reactive.bands[{at}].percent");
                    let fits = band.percent.abs() <= Decimal::ONE_HUNDRED;
                    checks.require(fits, &path, "-100 to 100 percent.");
                }
            }
            None => {}
        }
    }
}

impl Charge {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Fixed { name, .. }
            | Self::PerKwh { name, .. }
            | Self::Demand { name, .. }
            | Self::Contracted { name, .. }
            | Self::ContractedSteps { name, .. }
            | Self::ReducedOverrun { name, .. }
            | Self::RootOverrun { name, .. } => name,
        }
    }
}

fn named(checks: &mut Checks, path: &str, text: &str) {
    let fits = (1..=80).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    checks.require(fits, path, "1 to 80 characters.");
}

fn number(checks: &mut Checks, path: &str, value: Decimal) {
    let fits = (Decimal::ZERO..=Decimal::from(NUMBER_MAX)).contains(&value)
        && value.scale() <= NUMBER_DIGITS;
    checks.require(
        fits,
        path,
        "0 to 100000000, with at most 9 digits behind the point.",
    );
}
