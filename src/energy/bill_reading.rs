//! Bills from what the meters of a supply said; what was read is kept while one question lasts, so
//! that a year by many tariffs reads each month once. Nothing is kept longer: a correction counts
//! from the next question on.

use super::beat_cut::Minutes;
use super::bill::{Bill, BillPeak, Segment, lines};
use super::bill_lines::Past;
use super::bill_reason::Reason;
use super::metered::{Metered, SupplyCell};
use super::readings::to_kwh;
use super::supply::{RulesOn, Supply};
use super::tariff::Rules;
use super::tariff_clock::Local;
use crate::base::{Error, Result, TimeRange, Timestamp};
use rust_decimal::Decimal;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// First and last instant, and the length of its cells in minutes.
type Stretch = (Timestamp, Timestamp, u32);

/// The greatest demand of months, by their first instant.
type Peaks = Vec<(Timestamp, Past)>;

/// A supply that is being read.
pub struct Reading<'s> {
    supply: &'s Supply,
    cells: RefCell<BTreeMap<Stretch, Rc<Vec<SupplyCell>>>>,
    /// The minutes of which windows are cut that do not follow the clock.
    minutes: RefCell<BTreeMap<(Timestamp, Timestamp), Rc<Minutes>>>,
    /// The greatest demand of whole months, by what tells their periods and windows.
    peaks: RefCell<Vec<(Rules, Peaks)>>,
}

impl<'s> Reading<'s> {
    /// Begins to read a supply.
    #[must_use]
    pub const fn new(supply: &'s Supply) -> Self {
        Self {
            supply,
            cells: RefCell::new(BTreeMap::new()),
            minutes: RefCell::new(BTreeMap::new()),
            peaks: RefCell::new(Vec::new()),
        }
    }

    fn cells(&self, range: TimeRange, minutes: u32) -> Result<Rc<Vec<SupplyCell>>> {
        let key = (range.from, range.to, minutes);
        if let Some(known) = self.cells.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let read = Rc::new(self.supply.cells(range, minutes)?);
        self.cells.borrow_mut().insert(key, Rc::clone(&read));
        Ok(read)
    }

    fn minutes(&self, range: TimeRange) -> Result<Rc<Minutes>> {
        let key = (range.from, range.to);
        if let Some(known) = self.minutes.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let read = Rc::new(self.supply.minutes_of(range)?);
        self.minutes.borrow_mut().insert(key, Rc::clone(&read));
        Ok(read)
    }

    fn metered(
        &self,
        rules: &Rules,
        span: (TimeRange, Timestamp),
        cells: &[SupplyCell],
    ) -> Result<Metered> {
        let minutes = |range| self.minutes(range);
        self.supply.metered(rules, span, cells, minutes)
    }

    /// The bill of the month that holds an instant, as far as the month has come by `now`. Reads
    /// the disk.
    ///
    /// # Errors
    /// When no tariff holds in it, or the file cannot be read.
    pub fn bill(&self, at: Timestamp, now: Timestamp, rules_on: RulesOn<'_>) -> Result<Bill> {
        let month = self.supply.month(at);
        let stretches = self.supply.stretches(month, rules_on);
        let Some((_, _, first)) = stretches.first() else {
            let sentence = "No tariff holds in this month: enter one, or a version that begins \
                            earlier.";
            return Err(Error::conflict(sentence));
        };
        let mut bill = Bill {
            from: month.from,
            to: month.to,
            time_zone: self.supply.time_zone.clone(),
            currency: first.currency.clone(),
            decimals: first.decimals,
            lines: Vec::new(),
            total: Decimal::ZERO,
            kwh: 0.0,
            peak: None,
            coverage: 0.0,
            notes: Vec::new(),
        };
        let (mut mwh, mut covered, mut windows) = (0, (0.0, 0), Windows::default());
        let of = self.supply.days(month);
        let mut days_priced = 0;
        for (range, version, rules) in &stretches {
            if rules.currency != bill.currency {
                let sentence = "The currency changes within this month: bill its parts apart.";
                return Err(Error::conflict(sentence));
            }
            let known = TimeRange {
                from: range.from,
                to: range.to.min(self.supply.cell_end(now, rules)),
            };
            let cells = match known.from < known.to {
                true => self.cells(known, rules.cell_minutes())?,
                false => Rc::default(),
            };
            let days = self.supply.days(*range);
            days_priced += days;
            let segment = Segment {
                rules,
                metered: self.metered(rules, (known, now), &cells)?,
                days: (days, of),
                past: self.past((month.from, now), rules)?,
                version: (stretches.len() > 1).then_some(*version),
            };
            bill.lines.extend(lines(&segment));
            let metered = &segment.metered;
            mwh += metered.total_mwh();
            covered = (covered.0 + metered.covered.0, covered.1 + metered.covered.1);
            windows.add(metered);
            let peak = metered.peak(&[]).map(|w| BillPeak {
                kw: w.kw.normalize(),
                at: w.start,
                estimated: w.estimated,
            });
            if peak.is_some_and(|peak| bill.peak.is_none_or(|best| peak.kw > best.kw)) {
                bill.peak = peak;
            }
        }
        bill.total = bill.lines.iter().map(|line| line.amount).sum();
        bill.kwh = to_kwh(mwh);
        #[allow(clippy::cast_precision_loss)] // a month of cells
        let cells = covered.1.max(1) as f64;
        bill.coverage = (covered.0 / cells * 1e6).round() / 1e6;
        bill.notes = notes((month.to > now, days_priced < of), &windows);
        Ok(bill)
    }

    /// The greatest demand of the months before one, as far back as the rules look.
    fn past(&self, (month, now): (Timestamp, Timestamp), rules: &Rules) -> Result<Vec<Past>> {
        let back = rules.charges.iter().filter_map(|charge| match charge {
            super::tariff::Charge::Demand { ratchet, .. } => ratchet.as_ref().map(|r| r.months),
            _ => None,
        });
        let mut past = Vec::new();
        let mut start = month;
        for _ in 0..back.max().unwrap_or(0) {
            let before = self.supply.month(start.minus_ms(1));
            past.push(self.peaks_of((before, now), rules)?);
            start = before.from;
        }
        Ok(past)
    }

    /// The greatest demand of a month by period.
    fn peaks_of(&self, (month, now): (TimeRange, Timestamp), rules: &Rules) -> Result<Past> {
        let known = |peaks: &[(Rules, Peaks)]| {
            let (_, months) = peaks.iter().find(|(of, _)| of == rules)?;
            let found = months.iter().find(|(from, _)| *from == month.from);
            found.map(|(_, past)| past.clone())
        };
        if let Some(past) = known(&self.peaks.borrow()) {
            return Ok(past);
        }
        let cells = self.cells(month, rules.cell_minutes())?;
        let calendar = &self.supply.calendar;
        let metered = self.metered(rules, (month, now), &cells)?;
        let peak = |period: usize| metered.peak(&[period]).map(|window| window.kw);
        let past = Past {
            month: Local::of(month.from, calendar).month,
            peaks: (0..rules.periods.len()).map(peak).collect(),
        };
        let mut peaks = self.peaks.borrow_mut();
        let entry = (month.from, past.clone());
        match peaks.iter_mut().find(|(of, _)| of == rules) {
            Some((_, months)) => months.push(entry),
            None => peaks.push((rules.clone(), vec![entry])),
        }
        Ok(past)
    }
}

impl std::fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reading")
    }
}

/// How the demand windows of a bill were told.
#[derive(Default)]
struct Windows {
    missing: usize,
    estimated: usize,
    told_by: [usize; 3],
}

impl Windows {
    fn add(&mut self, metered: &Metered) {
        self.missing += metered.missing_windows;
        self.estimated += metered.estimated_windows();
        self.told_by = std::array::from_fn(|n| self.told_by[n] + metered.told_by[n]);
    }
}

fn notes((is_running, is_partly_priced): (bool, bool), windows: &Windows) -> Vec<Reason> {
    let mut notes = Vec::new();
    if is_running {
        notes.push(Reason::of("month_open", &[]));
    }
    if is_partly_priced {
        notes.push(Reason::of("part_priced", &[]));
    }
    if windows.missing > 0 {
        let count = Decimal::from(windows.missing);
        notes.push(Reason::of("windows_missing", &[("count", count)]));
    }
    if windows.estimated > 0 {
        let count = Decimal::from(windows.estimated);
        notes.push(Reason::of("windows_estimated", &[("count", count)]));
    }
    if windows.told_by != [0; 3] {
        let [pulse, held, clock] = windows.told_by.map(Decimal::from);
        let values = [("pulse", pulse), ("held", held), ("clock", clock)];
        notes.push(Reason::of("windows_told", &values));
    }
    notes
}
