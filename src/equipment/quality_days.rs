//! The counter of each meter beside the integral of its power, day by day.
//!
//! Promises: every day that was measured nearly whole is compared once, and both figures are kept;
//! a difference above two per cent raises a data-quality event. Will not do: say which of the two
//! is right.

use super::record::Equipment;
use super::registry::Registry;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::store::Store;
use crate::store::table::Table;
use crate::tsdb::{Bucket, Query, Resolution, Tsdb};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// A difference above this is an event, %.
const DIFFERENCE_MAX: f64 = 2.0;
/// Less of a day says nothing: what was not measured may be the difference.
const COVERAGE_MIN: f64 = 0.98;
/// Less energy of a day is the rounding of its counter, kWh.
const ENERGY_MIN_KWH: f64 = 2.0;
/// Days that are caught up after an outage.
const CATCH_UP_DAYS: usize = 7;
/// Readings of the last minutes of a day may still be on their way, ms.
const SETTLED_AFTER_MS: i64 = 10 * 60_000;
/// Days that are told of one meter.
const TOLD_MAX: usize = 400;

const DAYS: Table<QualityDay> = Table::new("quality_day", 1);

/// One day of one meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityDay {
    /// The meter.
    pub equipment_id: EquipmentId,
    /// The day at the site.
    #[schema(example = "2026-11-21")]
    pub date: String,
    /// When it began.
    pub from: Timestamp,
    /// What the counters say, import less export, kWh.
    pub counter_kwh: f64,
    /// What the integral of power says, kWh.
    pub integral_kwh: f64,
    /// By how much the counter is above the integral, % of the larger.
    pub difference_percent: f64,
    /// How much of the day power was measured, 0 to 1.
    pub coverage: f64,
    /// Whether this is a data-quality event: the difference is above 2 %.
    pub event: bool,
    /// In words.
    pub sentence: String,
}

/// The comparisons.
pub struct QualityDays {
    store: Store,
    tsdb: Arc<Tsdb>,
    registry: Arc<Registry>,
    /// Up to when the days of each meter were looked at since the start.
    done: Mutex<HashMap<EquipmentId, Timestamp>>,
}

fn key(id: EquipmentId, from: Timestamp) -> Vec<u8> {
    [&id.as_bytes()[..], &from.ms().to_be_bytes()].concat()
}

impl QualityDays {
    /// Comparisons over this store of readings.
    #[must_use]
    pub fn new(store: &Store, tsdb: Arc<Tsdb>, registry: Arc<Registry>) -> Self {
        Self {
            store: store.clone(),
            tsdb,
            registry,
            done: Mutex::default(),
        }
    }

    /// The days of a meter, the newest first; `events` alone, or all.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn of(&self, id: EquipmentId, events: bool) -> Result<Vec<QualityDay>> {
        let mut days = DAYS.under(&self.store.read()?, id.as_bytes())?;
        days.retain(|day| day.event || !events);
        days.reverse();
        days.truncate(TOLD_MAX);
        Ok(days)
    }

    /// Compares the days that are over and were not compared yet; how many events it raised.
    /// `calendar` gives the days of a site. Reads the disk: call it outside the runtime's own
    /// threads.
    ///
    /// # Errors
    /// When the data file cannot be read or written.
    pub fn compare(
        &self,
        now: Timestamp,
        calendar: &dyn Fn(&str) -> Option<Calendar>,
    ) -> Result<usize> {
        let mut fresh = Vec::new();
        for equipment in self.registry.all() {
            let Some(calendar) = calendar(&equipment.site) else {
                continue;
            };
            fresh.extend(self.new_days(&equipment, &calendar, now)?);
        }
        let events = fresh.iter().filter(|day| day.event).count();
        if !fresh.is_empty() {
            self.store.write_blocking(move |transaction| {
                for day in &fresh {
                    DAYS.put(transaction, &key(day.equipment_id, day.from), day)?;
                }
                Ok(())
            })?;
        }
        Ok(events)
    }

    fn new_days(
        &self,
        equipment: &Equipment,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<Vec<QualityDay>> {
        let view = self.store.read()?;
        let mut end = calendar.bucket_start(now.minus_ms(SETTLED_AFTER_MS), BucketSize::Day);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if done.insert(equipment.id, end) == Some(end) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for _ in 0..CATCH_UP_DAYS {
            let from = calendar.day_before(end);
            if DAYS.get(&view, &key(equipment.id, from))?.is_some() {
                break;
            }
            let range = TimeRange { from, to: end };
            found.extend(self.compare_day(equipment.id, calendar, range)?);
            end = from;
        }
        Ok(found)
    }

    /// One day; `None` when it cannot be compared.
    fn compare_day(
        &self,
        id: EquipmentId,
        calendar: &Calendar,
        range: TimeRange,
    ) -> Result<Option<QualityDay>> {
        let find = |metric: &Metric| self.tsdb.find(id, metric, Phase::Total);
        let (Some(power), Some(import)) = (find(&Metric::POWER), find(&Metric::CONSUMPTION)) else {
            return Ok(None);
        };
        let export = Metric::new("export_energy").ok().and_then(|m| find(&m));
        let series = [Some(power), Some(import), export];
        let buckets = self.tsdb.buckets(&Query {
            series: series.into_iter().flatten().collect(),
            range,
            resolution: Resolution::Buckets(BucketSize::Day),
            calendar: calendar.clone(),
        });
        let buckets = match buckets {
            Ok(buckets) => buckets,
            Err(error) => return Err(Error::internal("A day cannot be compared.").because(error)),
        };
        let date = calendar.date(range.from);
        let day = buckets
            .get(0)
            .and_then(|bucket| Figures::of(&bucket, export.is_some()));
        Ok(day.map(|figures| figures.day(id, date, range.from)))
    }
}

/// *Pure*: what a day's bucket says.
#[derive(Clone, Copy, Debug)]
struct Figures {
    counter_kwh: f64,
    integral_kwh: f64,
    coverage: f64,
}

impl Figures {
    fn of(bucket: &Bucket<'_>, has_export: bool) -> Option<Self> {
        let length_ms = bucket.end.since_ms(bucket.start);
        let power = bucket.columns.first()?.as_ref()?;
        let import = bucket.columns.get(1)?.as_ref()?;
        let export = bucket.columns.get(2).and_then(Option::as_ref);
        let coverage = power.coverage(length_ms);
        // What flowed outward is in no counter of import.
        let outward = power.min < 0.0 && !has_export;
        let whole = coverage >= COVERAGE_MIN && import.coverage(length_ms) >= COVERAGE_MIN;
        if !whole || outward {
            return None;
        }
        let hours = length_ms as f64 / 3_600_000.0;
        Some(Self {
            counter_kwh: import.delta - export.map_or(0.0, |export| export.delta),
            integral_kwh: power.mean() * hours,
            coverage,
        })
    }

    fn day(self, equipment_id: EquipmentId, date: String, from: Timestamp) -> QualityDay {
        let larger = self.counter_kwh.abs().max(self.integral_kwh.abs());
        let difference_percent = if larger > 0.0 {
            (self.counter_kwh - self.integral_kwh) / larger * 100.0
        } else {
            0.0
        };
        let event = larger >= ENERGY_MIN_KWH && difference_percent.abs() > DIFFERENCE_MAX;
        let way = if difference_percent > 0.0 {
            "above"
        } else {
            "below"
        };
        let sentence = format!(
            "On {date} the counter was {:.1} % {way} the integral of power ({:.1} kWh against \
             {:.1} kWh).",
            difference_percent.abs(),
            self.counter_kwh,
            self.integral_kwh
        );
        QualityDay {
            equipment_id,
            date,
            from,
            counter_kwh: self.counter_kwh,
            integral_kwh: self.integral_kwh,
            difference_percent,
            coverage: self.coverage,
            event,
            sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tsdb::rollup::Summary;

    const DAY_MS: u32 = 86_400_000;

    fn bucket(
        mean_kw: f64,
        least_kw: f64,
        import: f64,
        export: Option<f64>,
    ) -> Vec<Option<Summary>> {
        let mut power = Summary::of(mean_kw, DAY_MS, 0.0);
        power.min = least_kw;
        let counter = |delta| Some(Summary::of(1_000.0, DAY_MS, delta));
        let mut columns = vec![Some(power), counter(import)];
        columns.extend(export.map(counter));
        columns
    }

    fn day(columns: &[Option<Summary>]) -> Option<(f64, bool)> {
        let end = Timestamp::from_ms(i64::from(DAY_MS));
        let bucket = Bucket::of(Timestamp::from_ms(0), end, columns);
        let figures = Figures::of(&bucket, columns.len() > 2)?;
        let day = figures.day(EquipmentId::new(), String::new(), bucket.start);
        Some((day.difference_percent, day.event))
    }

    #[test]
    fn a_difference_above_two_per_cent_is_an_event() {
        let (difference, event) = day(&bucket(10.0, 9.0, 240.0 * 1.02, None)).unwrap();
        assert!(difference < 2.0 && !event, "{difference}");
        let (difference, event) = day(&bucket(10.0, 9.0, 240.0 * 0.97, None)).unwrap();
        assert!((difference + 3.0).abs() < 1e-9 && event);
        assert_eq!(day(&bucket(0.05, 0.0, 0.0, None)).unwrap(), (-100.0, false));
    }

    #[test]
    fn a_day_that_cannot_be_compared_is_none() {
        assert_eq!(day(&bucket(1.0, -4.0, 100.0, None)), None);
        let (difference, event) = day(&bucket(1.0, -4.0, 100.0, Some(76.0))).unwrap();
        assert!(difference.abs() < 1e-9 && !event);
        let mut gap = bucket(10.0, 9.0, 240.0, None);
        gap[0] = Some(Summary::of(10.0, DAY_MS / 2, 0.0));
        assert_eq!(day(&gap), None);
        gap[0] = None;
        assert_eq!(day(&gap), None);
    }
}
