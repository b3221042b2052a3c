//! What a site takes in, in cells of some minutes; and what that costs: bills and cost by bucket.

use super::SiteHistory;
use super::bill::{Bill, BillPeak, Segment, lines};
use super::bill_lines::Past;
use super::bill_reason::Reason;
use super::cost::{PeriodCost, Pricing};
use super::metered::{Metered, SupplyCell};
use super::readings::to_kwh;
use super::tariff::Rules;
use super::tariff_clock::Local;
use super::tree::Weights;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Result, TimeRange, Timestamp};
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;

const EXPORT: &str = "export_energy";
const REACTIVE: &str = "reactive_energy";

/// Whose energy, on whose clock.
#[derive(Clone)]
pub struct Supply {
    /// Where it is read.
    pub history: SiteHistory,
    /// The meters, each with its factor.
    pub weights: Weights,
    /// The clock of the site.
    pub calendar: Calendar,
    /// Its name.
    pub time_zone: String,
}

/// Which rules hold on a day, `2026-11-21`.
pub type RulesOn<'a> = &'a dyn Fn(&str) -> Option<(u32, Rules)>;

/// The cost of a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct CostBucket {
    /// First instant.
    pub start: Timestamp,
    /// By name of the period.
    pub periods: BTreeMap<String, PeriodCost>,
    /// Energy of which no tariff says what it costs, mWh.
    pub unpriced_mwh: i64,
    /// Whether something was measured.
    pub is_known: bool,
}

impl Supply {
    /// The meters of the supply that ever told energy or power; a sensor of something else that
    /// hangs there tells nothing of it.
    pub(super) fn meters(&self) -> Vec<(EquipmentId, Decimal)> {
        let tells = |meter: EquipmentId| {
            let has = |metric| self.history.has(meter, metric);
            has(&Metric::CONSUMPTION) || has(&Metric::POWER)
        };
        let all = self.weights.iter().map(|(meter, factor)| (*meter, *factor));
        all.filter(|(meter, _)| tells(*meter)).collect()
    }

    /// The cells of a range that begins and ends with one. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cells(&self, range: TimeRange, minutes: u32) -> Result<Vec<SupplyCell>> {
        let size = BucketSize::Fixed(i64::from(minutes) * 60_000);
        let mut cells: Vec<SupplyCell> = Vec::new();
        let meters = self.meters();
        let share = 1.0 / f64::from(u32::try_from(meters.len().max(1)).unwrap_or(1));
        for (meter, factor) in &meters {
            let read = |metric: &Metric| {
                let read = self
                    .history
                    .cells(*meter, metric, range, size, &self.calendar);
                read.map(|cells| cells.into_iter().map(|(cell, _)| cell).collect::<Vec<_>>())
            };
            let optional = |name: &str| -> Result<Option<Vec<_>>> {
                let metric = Metric::new(name)?;
                let known = self.history.has(*meter, &metric);
                known.then(|| read(&metric)).transpose()
            };
            let (export, reactive) = (optional(EXPORT)?, optional(REACTIVE)?);
            for (at, cell) in read(&Metric::CONSUMPTION)?.into_iter().enumerate() {
                if at == cells.len() {
                    cells.push(SupplyCell {
                        start: cell.start,
                        ..SupplyCell::default()
                    });
                }
                let sum = &mut cells[at];
                let of = |list: &Option<Vec<super::readings::Cell>>| {
                    let cell = list.as_ref()?.get(at)?;
                    Some(times(cell.mwh?, *factor))
                };
                sum.partial |= cell.mwh.is_none();
                if let Some(mwh) = cell.mwh {
                    *sum.import_mwh.get_or_insert(0) += times(mwh, *factor);
                }
                sum.export_mwh += of(&export).unwrap_or(0);
                if let Some(more) = of(&reactive) {
                    *sum.reactive.get_or_insert(0) += more;
                }
                sum.coverage += cell.coverage * share;
            }
        }
        Ok(cells)
    }

    /// The bill of the month that holds an instant, as far as the month has come by `now`. Reads
    /// the disk.
    ///
    /// # Errors
    /// When no tariff holds in it, or the file cannot be read.
    pub fn bill(&self, at: Timestamp, now: Timestamp, rules_on: RulesOn<'_>) -> Result<Bill> {
        let month = self.month(at);
        let stretches = self.stretches(month, rules_on);
        let Some((_, _, first)) = stretches.first() else {
            let sentence = "No tariff holds in this month: enter one, or a version that begins \
                            earlier.";
            return Err(Error::conflict(sentence));
        };
        let mut bill = Bill {
            from: month.from,
            to: month.to,
            time_zone: self.time_zone.clone(),
            currency: first.currency.clone(),
            decimals: first.decimals,
            lines: Vec::new(),
            total: Decimal::ZERO,
            kwh: 0.0,
            peak: None,
            coverage: 0.0,
            notes: Vec::new(),
        };
        let (mut mwh, mut covered, mut missing) = (0, (0.0, 0), 0);
        let of = self.days(month);
        let mut days_priced = 0;
        for (range, version, rules) in &stretches {
            if rules.currency != bill.currency {
                let sentence = "The currency changes within this month: bill its parts apart.";
                return Err(Error::conflict(sentence));
            }
            let known = TimeRange {
                from: range.from,
                to: range.to.min(self.cell_end(now, rules)),
            };
            let cells = match known.from < known.to {
                true => self.cells(known, rules.cell_minutes())?,
                false => Vec::new(),
            };
            let days = self.days(*range);
            days_priced += days;
            let segment = Segment {
                rules,
                metered: Metered::of(rules, &cells, &self.calendar),
                days: (days, of),
                past: self.past(month.from, rules)?,
                suffix: match stretches.len() {
                    1 => String::new(),
                    _ => format!(" (version {version})"),
                },
            };
            bill.lines.extend(lines(&segment));
            let metered = &segment.metered;
            mwh += metered.total_mwh();
            covered = (covered.0 + metered.covered.0, covered.1 + metered.covered.1);
            missing += metered.missing_windows;
            let peak = metered.peak(&[]).map(|w| BillPeak {
                kw: w.kw.normalize(),
                at: w.start,
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
        bill.notes = notes(month.to > now, days_priced < of, missing);
        Ok(bill)
    }

    /// What energy cost in each bucket of a range, by period. Reads the disk from the start of the
    /// month on, where prices depend on what was used before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cost(
        &self,
        range: TimeRange,
        size: BucketSize,
        rules_on: RulesOn<'_>,
    ) -> Result<Vec<CostBucket>> {
        let mut buckets: Vec<CostBucket> = Vec::new();
        let mut month = self.month(range.from);
        while month.from < range.to {
            for (stretch, _, rules) in self.stretches(month, rules_on) {
                let tiered = rules.periods.iter().any(|period| period.tiers.len() > 1);
                let from = if tiered {
                    stretch.from
                } else {
                    stretch.from.max(range.from)
                };
                let to = stretch.to.min(range.to);
                if from >= to {
                    continue;
                }
                let read = TimeRange { from, to };
                let cells = self.cells(read, rules.cell_minutes())?;
                let mut pricing = Pricing::new(&rules, &self.calendar);
                for cell in &cells {
                    let priced = pricing.price(cell);
                    if cell.start < range.from {
                        continue;
                    }
                    let start = self.calendar.bucket_start(cell.start, size);
                    let bucket = bucket_at(&mut buckets, start);
                    bucket.is_known |= cell.import_mwh.is_some();
                    if let Some((period, cost)) = priced {
                        let name = rules.periods[period].name.clone();
                        let sum = bucket.periods.entry(name).or_default();
                        sum.mwh += cost.mwh;
                        sum.cost += cost.cost;
                    }
                }
            }
            self.unpriced(month, range, size, rules_on, &mut buckets)?;
            month = self.month(month.to);
        }
        buckets.sort_by_key(|bucket| bucket.start);
        Ok(buckets)
    }

    /// Energy of days of a month on which no tariff holds.
    fn unpriced(
        &self,
        month: TimeRange,
        range: TimeRange,
        size: BucketSize,
        rules_on: RulesOn<'_>,
        buckets: &mut Vec<CostBucket>,
    ) -> Result<()> {
        let mut day = month.from;
        while day < month.to {
            let next = self.calendar.next_bucket(day, BucketSize::Day);
            let (from, to) = (day.max(range.from), next.min(range.to));
            if from < to && rules_on(&self.calendar.date(day)).is_none() {
                for cell in self.cells(TimeRange { from, to }, 15)? {
                    let start = self.calendar.bucket_start(cell.start, size);
                    let bucket = bucket_at(buckets, start);
                    bucket.is_known |= cell.import_mwh.is_some();
                    bucket.unpriced_mwh += cell.import_mwh.unwrap_or(0);
                }
            }
            day = next;
        }
        Ok(())
    }

    /// The stretches of a month in which one version holds, with its number.
    fn stretches(&self, month: TimeRange, rules_on: RulesOn<'_>) -> Vec<(TimeRange, u32, Rules)> {
        let mut stretches: Vec<(TimeRange, u32, Rules)> = Vec::new();
        let mut day = month.from;
        while day < month.to {
            let next = self.calendar.next_bucket(day, BucketSize::Day);
            if let Some((version, rules)) = rules_on(&self.calendar.date(day)) {
                match stretches.last_mut() {
                    Some((range, number, held))
                        if *number == version && range.to == day && *held == rules =>
                    {
                        range.to = next;
                    }
                    _ => stretches.push((
                        TimeRange {
                            from: day,
                            to: next,
                        },
                        version,
                        rules,
                    )),
                }
            }
            day = next;
        }
        stretches
    }

    /// The greatest demand of the months before one, as far back as the rules look.
    fn past(&self, month: Timestamp, rules: &Rules) -> Result<Vec<Past>> {
        let back = rules.charges.iter().filter_map(|charge| match charge {
            super::tariff::Charge::Demand { ratchet, .. } => ratchet.as_ref().map(|r| r.months),
            _ => None,
        });
        let mut past = Vec::new();
        let mut start = month;
        for _ in 0..back.max().unwrap_or(0) {
            let before = self.month(start.minus_ms(1));
            let cells = self.cells(before, rules.cell_minutes())?;
            let metered = Metered::of(rules, &cells, &self.calendar);
            let peak = |period: usize| metered.peak(&[period]).map(|window| window.kw);
            past.push(Past {
                month: Local::of(before.from, &self.calendar).month,
                peaks: (0..rules.periods.len()).map(peak).collect(),
            });
            start = before.from;
        }
        Ok(past)
    }

    /// The month that holds an instant.
    fn month(&self, at: Timestamp) -> TimeRange {
        let from = self.calendar.bucket_start(at, BucketSize::Month);
        let to = self.calendar.next_bucket(from, BucketSize::Month);
        TimeRange { from, to }
    }

    fn days(&self, range: TimeRange) -> u32 {
        // Noon of the last day: days of 23 and 25 hours are days.
        let half_day_ms = 43_200_000;
        u32::try_from((range.length_ms() + half_day_ms) / (2 * half_day_ms)).unwrap_or(0)
    }

    /// The end of the last cell that is over.
    fn cell_end(&self, now: Timestamp, rules: &Rules) -> Timestamp {
        let size = BucketSize::Fixed(i64::from(rules.cell_minutes()) * 60_000);
        self.calendar.bucket_start(now, size)
    }
}

fn bucket_at(buckets: &mut Vec<CostBucket>, start: Timestamp) -> &mut CostBucket {
    let at = match buckets.iter().rposition(|bucket| bucket.start == start) {
        Some(at) => at,
        None => {
            buckets.push(CostBucket {
                start,
                periods: BTreeMap::new(),
                unpriced_mwh: 0,
                is_known: false,
            });
            buckets.len() - 1
        }
    };
    &mut buckets[at]
}

fn times(value: i64, factor: Decimal) -> i64 {
    if factor == Decimal::ONE {
        return value;
    }
    let product = Decimal::from(value) * factor;
    let rounded = product.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    rounded.to_i64().unwrap_or(0)
}

fn notes(is_running: bool, is_partly_priced: bool, missing_windows: usize) -> Vec<Reason> {
    let mut notes = Vec::new();
    if is_running {
        notes.push(Reason::of("month_open", &[]));
    }
    if is_partly_priced {
        notes.push(Reason::of("part_priced", &[]));
    }
    if missing_windows > 0 {
        let count = Decimal::from(missing_windows);
        notes.push(Reason::of("windows_missing", &[("count", count)]));
    }
    notes
}
