//! What happened in each period: its energy and its relevant variables, or that they are not known.

use super::production::{self, Entry};
use super::record::{Recipe, Reduction, Side, Variable, VariableSource};
use crate::base::sample::MetricKind;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::store::Store;
use crate::tsdb::{Bucket, Buckets, Query, Resolution, SeriesId, Tsdb};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most periods of one computation: five years of days.
const PERIODS_MAX: usize = 1_830;
/// How much of a day must be measured for its mean temperature to be believed.
const DAY_COVERAGE: f64 = 0.5;
const MS_PER_HOUR: f64 = 3_600_000.0;

/// One period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Observation {
    /// Its first instant.
    pub start: Timestamp,
    /// Its first instant after.
    pub end: Timestamp,
    /// Energy inside the boundary, kWh; `null` when nothing was measured.
    pub energy_kwh: Option<f64>,
    /// How much of the time of its meters was measured, 0 to 1.
    pub coverage: f64,
    /// How much of the energy is not as it was read, kWh.
    pub substituted_kwh: f64,
    /// The variables, in their order; `null` where too little is known.
    pub values: Vec<Option<f64>>,
}

/// Why a period does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// It is not over.
    Open,
    /// Too little of its energy was measured.
    Energy,
    /// A variable is not known.
    Variable,
    /// A person left it out.
    Excluded,
}

impl Observation {
    /// Days between its ends: 23 and 25 hours are a day less or more an hour.
    #[must_use]
    pub fn days(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // a month
        let length = self.end.since_ms(self.start) as f64;
        length / (24.0 * MS_PER_HOUR)
    }

    /// Why it does not count; `None` when it does.
    #[must_use]
    pub fn left_out(&self, coverage_min: f64, now: Timestamp) -> Option<LeftOut> {
        if self.end > now {
            Some(LeftOut::Open)
        } else if self.energy_kwh.is_none() || self.coverage < coverage_min {
            Some(LeftOut::Energy)
        } else {
            let unknown = self.values.iter().any(Option::is_none);
            unknown.then_some(LeftOut::Variable)
        }
    }
}

/// Where observations come from.
pub(super) struct Gather<'a> {
    pub(super) tsdb: &'a Arc<Tsdb>,
    pub(super) store: &'a Store,
    pub(super) calendar: Calendar,
    pub(super) site: &'a str,
}

impl Gather<'_> {
    /// The periods of a range: those that begin in it. Reads the disk.
    ///
    /// # Errors
    /// When the files cannot be read, or the range has too many periods.
    pub(super) fn observations(
        &self,
        recipe: &Recipe,
        range: TimeRange,
    ) -> Result<Vec<Observation>> {
        let range = TimeRange {
            from: self
                .calendar
                .bucket_start(range.from, recipe.period.bucket()),
            to: range.to,
        };
        let bucket = recipe.period.bucket();
        let plus = self.energy(&recipe.equipment, range, bucket)?;
        let minus = match recipe.less.as_slice() {
            [] => Vec::new(),
            less => self.energy(less, range, bucket)?,
        };
        let mut observations = plus;
        if observations.len() > PERIODS_MAX {
            let sentence =
                format!("That is more than {PERIODS_MAX} periods. Take a shorter range.");
            return Err(Error::invalid("to", sentence));
        }
        for (observation, less) in observations.iter_mut().zip(minus) {
            let both = observation.energy_kwh.zip(less.energy_kwh);
            observation.energy_kwh = both.map(|(plus, minus)| millionths(plus - minus));
            observation.coverage = observation.coverage.min(less.coverage);
            observation.substituted_kwh += less.substituted_kwh;
        }
        for variable in &recipe.variables {
            let values = self.values(variable, recipe, &observations)?;
            for (observation, value) in observations.iter_mut().zip(values) {
                observation.values.push(value.map(millionths));
            }
        }
        Ok(observations)
    }

    fn buckets(
        &self,
        series: Vec<SeriesId>,
        range: TimeRange,
        size: BucketSize,
    ) -> Result<Buckets> {
        self.tsdb.buckets(&Query {
            series,
            range,
            resolution: Resolution::Buckets(size),
            calendar: self.calendar.clone(),
        })
    }

    /// The energy of meters: what their counters grew by, or where there is none their mean power
    /// over the measured time.
    fn energy(
        &self,
        meters: &[EquipmentId],
        range: TimeRange,
        size: BucketSize,
    ) -> Result<Vec<Observation>> {
        let found = |metric: &Metric, id: &EquipmentId| self.tsdb.find(*id, metric, Phase::Total);
        let of = |id: &EquipmentId| {
            let counter = found(&Metric::CONSUMPTION, id).map(|series| (series, true));
            counter.or_else(|| found(&Metric::POWER, id).map(|series| (series, false)))
        };
        let columns: Vec<(SeriesId, bool)> = meters.iter().filter_map(of).collect();
        let series = columns.iter().map(|(series, _)| *series).collect();
        let buckets = self.buckets(series, range, size)?;
        #[allow(clippy::cast_precision_loss)] // some hundred meters
        let count = meters.len().max(1) as f64;
        let observe = |bucket: Bucket<'_>| {
            let length_ms = bucket.end.since_ms(bucket.start);
            let (mut energy, mut known, mut coverage) = (0.0, 0, 0.0);
            for ((_, counts), summary) in columns.iter().zip(bucket.columns) {
                let Some(summary) = summary else { continue };
                if summary.covered_ms == 0 && summary.delta == 0.0 {
                    continue;
                }
                known += 1;
                coverage += summary.coverage(length_ms) / count;
                energy += match counts {
                    true => summary.delta,
                    false => summary.weighted_sum / MS_PER_HOUR,
                };
            }
            Observation {
                start: bucket.start,
                end: bucket.end,
                // A meter that says nothing makes the sum too small: then there is none.
                energy_kwh: (known == meters.len()).then_some(millionths(energy)),
                coverage: millionths(coverage.min(1.0)),
                substituted_kwh: millionths(bucket.all_substituted()),
                values: Vec::new(),
            }
        };
        Ok(buckets.iter().map(observe).collect())
    }

    /// A variable in each period.
    fn values(
        &self,
        variable: &Variable,
        recipe: &Recipe,
        periods: &[Observation],
    ) -> Result<Vec<Option<f64>>> {
        let Some(range) = whole(periods) else {
            return Ok(Vec::new());
        };
        let coverage = recipe.coverage_min;
        match &variable.source {
            VariableSource::Production {
                product,
                equipment_id,
            } => {
                let mut entries =
                    production::of_site(&self.store.read()?, self.site, Some(product), range)?;
                let of = |e: &Entry| equipment_id.is_none_or(|id| e.equipment_id == Some(id));
                entries.retain(of);
                let sum =
                    |period: &Observation| production::amount(&entries, span(period), coverage);
                Ok(periods.iter().map(sum).collect())
            }
            VariableSource::Series {
                equipment_id,
                metric,
                phase,
                reduction,
            } => {
                let Some(series) = self.tsdb.find(*equipment_id, metric, *phase) else {
                    return Ok(vec![None; periods.len()]);
                };
                let buckets = self.buckets(vec![series], range, recipe.period.bucket())?;
                let counts = metric.kind() == MetricKind::Counter;
                let value = |bucket: Bucket<'_>| {
                    let summary = bucket.columns[0]?;
                    let length_ms = bucket.end.since_ms(bucket.start);
                    let value = match reduction {
                        Reduction::Mean if counts => summary.delta,
                        Reduction::Mean => summary.mean(),
                        Reduction::Min => summary.min,
                        Reduction::Max => summary.max,
                    };
                    (millionths(summary.coverage(length_ms)) >= coverage).then_some(value)
                };
                Ok(buckets.iter().map(value).collect())
            }
            VariableSource::DegreeDays {
                equipment_id,
                metric,
                base_c,
                side,
            } => {
                let Some(series) = self.tsdb.find(*equipment_id, metric, Phase::Total) else {
                    return Ok(vec![None; periods.len()]);
                };
                let days = self.buckets(vec![series], range, BucketSize::Day)?;
                let sum =
                    |period: &Observation| degree_days(period, &days, (*base_c, *side), coverage);
                Ok(periods.iter().map(sum).collect())
            }
        }
    }
}

/// The degree days of a period: for each day by how much its mean lies on the other side of the
/// base. Days that are not known count as the mean of the others, as long as they are few.
fn degree_days(
    period: &Observation,
    days: &Buckets,
    (base_c, side): (f64, Side),
    coverage: f64,
) -> Option<f64> {
    let (mut known, mut all, mut sum) = (0.0, 0.0, 0.0);
    for day in days
        .iter()
        .filter(|day| day.start >= period.start && day.start < period.end)
    {
        all += 1.0;
        let length_ms = day.end.since_ms(day.start);
        let believed = day.columns[0].filter(|summary| summary.coverage(length_ms) >= DAY_COVERAGE);
        if let Some(summary) = believed {
            known += 1.0;
            sum += match side {
                Side::Heating => (base_c - summary.mean()).max(0.0),
                Side::Cooling => (summary.mean() - base_c).max(0.0),
            };
        }
    }
    (known > 0.0 && known / all >= coverage).then(|| sum * all / known)
}

fn span(period: &Observation) -> TimeRange {
    TimeRange {
        from: period.start,
        to: period.end,
    }
}

fn whole(periods: &[Observation]) -> Option<TimeRange> {
    Some(TimeRange {
        from: periods.first()?.start,
        to: periods.last()?.end,
    })
}

/// A figure to a millionth of its unit: decimals of that length come back from JSON to the last
/// bit, so that the hash of a baseline can be computed again from what is written down.
fn millionths(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    // A figure too large to have such digits is left as it is.
    if rounded.is_finite() { rounded } else { value }
}
