//! What a site takes in, in cells of some minutes; and what that costs: bills and cost by bucket.

use super::beat::Beat;
use super::bill::Bill;
use super::bill_reading::Reading;
use super::cost::{PeriodCost, Pricing};
use super::metered::SupplyCell;
use super::readings::Cell;
use super::tariff::Rules;
use super::tree::Weights;
use super::{SiteHistory, Tariffs};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Metric, Result, TimeRange, Timestamp};
use crate::site::Site;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// What its demand windows follow.
    pub beat: Arc<Beat>,
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
    /// What meters of a site take together, each with its factor.
    #[must_use]
    pub fn of(site: &Site, weights: Weights, history: &SiteHistory, tariffs: &Tariffs) -> Self {
        Self {
            history: history.clone(),
            weights,
            calendar: site.calendar(),
            time_zone: site.time_zone.clone(),
            beat: tariffs.beats.of(&site.key),
        }
    }

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
        let mut cells: Vec<SupplyCell> = Vec::new();
        let meters = self.meters();
        let share = 1.0 / f64::from(u32::try_from(meters.len().max(1)).unwrap_or(1));
        for (meter, factor) in &meters {
            let mut metrics = vec![Metric::CONSUMPTION];
            for name in [EXPORT, REACTIVE] {
                let metric = Metric::new(name)?;
                if self.history.has(*meter, &metric) {
                    metrics.push(metric);
                }
            }
            let of = (*meter, &metrics[..]);
            let read = self.history.shared(of, range, minutes, &self.calendar)?;
            let list = |name: &str| {
                let place = metrics.iter().position(|metric| metric.as_str() == name)?;
                read.lists.get(place)
            };
            let (export, reactive) = (list(EXPORT), list(REACTIVE));
            for (at, (cell, _)) in read.lists[0].iter().enumerate() {
                if at == cells.len() {
                    cells.push(SupplyCell {
                        start: cell.start,
                        ..SupplyCell::default()
                    });
                }
                let sum = &mut cells[at];
                let of = |list: Option<&Vec<(Cell, i64)>>| {
                    let (cell, _) = list?.get(at)?;
                    Some(times(cell.mwh?, *factor))
                };
                sum.partial |= cell.mwh.is_none() || read.partial.get(at) == Some(&true);
                if let Some(mwh) = cell.mwh {
                    *sum.import_mwh.get_or_insert(0) += times(mwh, *factor);
                }
                sum.export_mwh += of(export).unwrap_or(0);
                if let Some(more) = of(reactive) {
                    *sum.reactive.get_or_insert(0) += more;
                }
                sum.coverage += cell.coverage * share;
                sum.estimated |= read.estimated[at];
            }
        }
        Ok(cells)
    }

    /// The bill of the month that holds an instant, as far as the month has come by `now`. Reads
    /// the disk.
    ///
    /// # Errors
    /// As [`Reading::bill`].
    pub fn bill(&self, at: Timestamp, now: Timestamp, rules_on: RulesOn<'_>) -> Result<Bill> {
        Reading::new(self).bill(at, now, rules_on)
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
        // One version is read in one go, whatever months it lies in: `Pricing` knows the months.
        let whole = TimeRange {
            from: self.month(range.from).from,
            to: self.day_end(range.to),
        };
        let mut buckets = Buckets::new(&self.calendar, size);
        let mut priced_until = range.from;
        for (stretch, _, rules) in self.stretches(whole, rules_on) {
            let from = stretch.from.max(range.from);
            let to = stretch.to.min(range.to);
            if from >= to {
                continue;
            }
            self.unpriced((priced_until, from), &mut buckets)?;
            priced_until = to;
            // Prices by tiers depend on what the month used before.
            let tiered = rules.periods.iter().any(|period| period.tiers.len() > 1);
            let read = TimeRange {
                from: if tiered { stretch.from } else { from },
                to,
            };
            let cells = self.cells(read, self.pricing_minutes(read, size, &rules))?;
            let mut pricing = Pricing::new(&rules, &self.calendar);
            for cell in &cells {
                let priced = pricing.price(cell);
                if cell.start < range.from {
                    continue;
                }
                let bucket = buckets.at(cell.start);
                bucket.is_known |= cell.import_mwh.is_some();
                let Some((period, cost)) = priced else {
                    continue;
                };
                let name = &rules.periods[period].name;
                if !bucket.periods.contains_key(name) {
                    bucket.periods.insert(name.clone(), PeriodCost::default());
                }
                if let Some(sum) = bucket.periods.get_mut(name) {
                    sum.mwh += cost.mwh;
                    sum.cost += cost.cost;
                }
            }
        }
        self.unpriced((priced_until, range.to), &mut buckets)?;
        Ok(buckets.all)
    }

    /// Energy of a stretch in which no tariff holds.
    fn unpriced(
        &self,
        (from, to): (Timestamp, Timestamp),
        buckets: &mut Buckets<'_>,
    ) -> Result<()> {
        if from >= to {
            return Ok(());
        }
        for cell in self.cells(TimeRange { from, to }, 15)? {
            let bucket = buckets.at(cell.start);
            bucket.is_known |= cell.import_mwh.is_some();
            bucket.unpriced_mwh += cell.import_mwh.unwrap_or(0);
        }
        Ok(())
    }

    /// Minutes of the cells that a stretch is priced by: whole hours where periods, buckets and the
    /// clock of the site change by whole hours only, otherwise those of its bill.
    fn pricing_minutes(&self, read: TimeRange, size: BucketSize, rules: &Rules) -> u32 {
        const HOUR_MS: i64 = 3_600_000;
        let whole = |ms: i64| ms.rem_euclid(HOUR_MS) == 0;
        let on_the_hour = |at: Timestamp| whole(at.ms()) && whole(self.calendar.wall_ms(at));
        let by_hours = match size {
            BucketSize::Fixed(ms) => whole(ms),
            _ => true,
        };
        match by_hours
            && rules.changes_by_hours()
            && [read.from, read.to].into_iter().all(on_the_hour)
        {
            true => 60,
            false => rules.cell_minutes(),
        }
    }

    /// The stretches of a month in which one version holds, with its number.
    pub(super) fn stretches(
        &self,
        month: TimeRange,
        rules_on: RulesOn<'_>,
    ) -> Vec<(TimeRange, u32, Rules)> {
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

    /// The month that holds an instant.
    pub(super) fn month(&self, at: Timestamp) -> TimeRange {
        let from = self.calendar.bucket_start(at, BucketSize::Month);
        let to = self.calendar.next_bucket(from, BucketSize::Month);
        TimeRange { from, to }
    }

    /// The end of the day that an instant lies in; the instant where it begins one.
    fn day_end(&self, at: Timestamp) -> Timestamp {
        match self.calendar.bucket_start(at, BucketSize::Day) {
            start if start == at => at,
            start => self.calendar.next_bucket(start, BucketSize::Day),
        }
    }

    pub(super) fn days(&self, range: TimeRange) -> u32 {
        // Noon of the last day: days of 23 and 25 hours are days.
        let half_day_ms = 43_200_000;
        u32::try_from((range.length_ms() + half_day_ms) / (2 * half_day_ms)).unwrap_or(0)
    }

    /// The end of the last cell that is over.
    pub(super) fn cell_end(&self, now: Timestamp, rules: &Rules) -> Timestamp {
        let size = BucketSize::Fixed(i64::from(rules.cell_minutes()) * 60_000);
        self.calendar.bucket_start(now, size)
    }
}

/// The buckets of an answer; cells come in order, so that a day is asked of the calendar once and
/// not for each of its hours.
struct Buckets<'a> {
    calendar: &'a Calendar,
    size: BucketSize,
    all: Vec<CostBucket>,
    /// The first instant after the newest one.
    end: Timestamp,
}

impl<'a> Buckets<'a> {
    const fn new(calendar: &'a Calendar, size: BucketSize) -> Self {
        Self {
            calendar,
            size,
            all: Vec::new(),
            end: Timestamp::from_ms(i64::MIN),
        }
    }

    /// The bucket that holds a moment, which is no earlier than the one before.
    fn at(&mut self, at: Timestamp) -> &mut CostBucket {
        if self.all.is_empty() || at >= self.end {
            let start = self.calendar.bucket_start(at, self.size);
            self.end = self.calendar.next_bucket(start, self.size);
            self.all.push(CostBucket {
                start,
                periods: BTreeMap::new(),
                unpriced_mwh: 0,
                is_known: false,
            });
        }
        let last = self.all.len() - 1;
        &mut self.all[last]
    }
}

fn times(value: i64, factor: Decimal) -> i64 {
    if factor == Decimal::ONE {
        return value;
    }
    let product = Decimal::from(value) * factor;
    let rounded = product.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    rounded.to_i64().unwrap_or(0)
}
