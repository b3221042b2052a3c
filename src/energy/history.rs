//! History in the shape of the API: one point per bucket, of one meter or of the whole site.

use crate::base::sample::MetricKind;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::rollup::Summary;
use crate::tsdb::{Bucket, Query, Resolution, SeriesId, Tsdb};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The meters: one, or all that count in the site total.
    pub equipment: Vec<EquipmentId>,
    /// From when to when.
    pub range: TimeRange,
    /// How fine.
    pub resolution: Resolution,
    /// The quantity that `min`, `max` and `coverage` belong to.
    pub metric: Metric,
    /// Of which conductor.
    pub phase: Phase,
    /// Whose days.
    pub calendar: Calendar,
}

/// One bucket or tick. `null` is a gap: nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct HistoryPoint {
    /// Start of the bucket, or the instant of the tick.
    pub timestamp: Timestamp,
    /// Energy in the bucket, kWh; for ticks, the reading of the counter.
    pub consumption: Option<f64>,
    /// Mean power, kW.
    pub power: Option<f64>,
    /// Mean voltage, V.
    pub voltage: Option<f64>,
    /// Mean frequency, Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Option<f64>>,
    /// Mean power factor.
    #[serde(rename = "powerFactor", skip_serializing_if = "Option::is_none")]
    pub power_factor: Option<Option<f64>>,
    /// Mean current, A.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Option<f64>>,
    /// Mean temperature, °C.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<Option<f64>>,
    /// The asked quantity: energy of a counter, mean of anything else.
    pub value: Option<f64>,
    /// Its smallest value in the bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Option<f64>>,
    /// Its greatest value in the bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Option<f64>>,
    /// How much of the bucket was measured, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Option<f64>>,
}

/// The window that was answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryWindow {
    /// The points, in order of time, gaps included.
    pub series: Vec<HistoryPoint>,
    /// The resolution that was used.
    pub resolution: String,
    /// How many points.
    pub count: usize,
}

/// History over one or many meters.
#[derive(Clone)]
pub struct SiteHistory {
    pub(super) tsdb: Arc<Tsdb>,
}

/// What one column of a query stands for.
#[derive(Clone, Debug)]
struct Column {
    equipment: EquipmentId,
    metric: Metric,
    phase: Phase,
    series: SeriesId,
}

/// Means that a site shows as a mean over its meters; everything else adds up.
fn is_intensive(metric: &Metric) -> bool {
    let name = metric.as_str();
    ["voltage", "frequency", "power_factor", "temperature", "thd"]
        .iter()
        .any(|w| name.contains(w))
}

impl SiteHistory {
    /// History from this store.
    #[must_use]
    pub const fn new(tsdb: Arc<Tsdb>) -> Self {
        Self { tsdb }
    }

    /// The points of a range. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// When the file cannot be read, or there would be too many points.
    pub fn points(&self, query: &HistoryQuery) -> Result<Vec<HistoryPoint>> {
        let columns = self.columns(query);
        let of = |c: &Column| c.metric == query.metric && c.phase == query.phase;
        // A quantity that every meter may have is a gap where it is absent; any other is a slip.
        if query.metric.standard_unit().is_none() && !columns.iter().any(of) {
            let sentence = format!("Nothing called {} was ever read here.", query.metric);
            return Err(Error::invalid("metric", sentence));
        }
        let series: Vec<_> = columns.iter().map(|column| column.series).collect();
        if query.resolution == Resolution::Raw {
            if query.equipment.len() > 1 {
                return Err(Error::invalid(
                    "resolution",
                    "Raw points are of one meter: name it with meter_id, or ask for 1min.",
                ));
            }
            let points = self.tsdb.raw(&series, query.range)?;
            let show = |point: crate::tsdb::Point| {
                let pick = |metric: &Metric, phase: Phase| {
                    let of = |column: &Column| column.metric == *metric && column.phase == phase;
                    columns.iter().position(of).and_then(|n| point.values[n])
                };
                point_of(point.at, query, &pick, None)
            };
            return Ok(points.into_iter().map(show).collect());
        }
        let buckets = self.tsdb.buckets(&Query {
            series,
            range: query.range,
            resolution: query.resolution,
            calendar: query.calendar.clone(),
        })?;
        Ok(buckets
            .iter()
            .map(|bucket| bucket_point(bucket, &columns, query))
            .collect())
    }

    /// Energy of meters in a range, kWh, and how much of it was measured, 0 to 1. A meter
    /// without a counter is counted by its mean power over the time that was measured.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn energy(
        &self,
        equipment: &[EquipmentId],
        range: TimeRange,
        calendar: &Calendar,
    ) -> Result<Option<(f64, f64)>> {
        // Whole quarters from disk; the minutes after the last one from the ticks, so that a part
        // of a quarter is not counted as all of it.
        let quarter_ms = crate::tsdb::rollup::QUARTER_MS;
        let split = calendar
            .bucket_start(range.to, BucketSize::Fixed(quarter_ms))
            .max(range.from);
        let (mut energy, mut covered_ms) = (None, 0.0);
        for (from, to, step_ms) in [(range.from, split, quarter_ms), (split, range.to, 60_000)] {
            if from >= to {
                continue;
            }
            let query = HistoryQuery {
                equipment: equipment.to_vec(),
                range: TimeRange { from, to },
                resolution: Resolution::Buckets(BucketSize::Fixed(step_ms)),
                metric: Metric::CONSUMPTION,
                phase: Phase::Total,
                calendar: calendar.clone(),
            };
            for point in self.points(&query)? {
                if let Some(kwh) = point.consumption {
                    *energy.get_or_insert(0.0) += kwh;
                }
                #[allow(clippy::cast_precision_loss)] // a quarter of an hour
                let step = step_ms as f64;
                covered_ms += point.coverage.flatten().unwrap_or(0.0) * step;
            }
        }
        #[allow(clippy::cast_precision_loss)] // a month at most
        let length = range.length_ms().max(1) as f64;
        Ok(energy.map(|energy: f64| (energy, (covered_ms / length).min(1.0))))
    }

    fn columns(&self, query: &HistoryQuery) -> Vec<Column> {
        let wanted = |metric: &Metric, phase: Phase| {
            let basic = [
                Metric::POWER,
                Metric::CONSUMPTION,
                Metric::VOLTAGE,
                Metric::FREQUENCY,
                Metric::POWER_FACTOR,
                Metric::CURRENT,
                Metric::TEMPERATURE,
            ];
            (*metric == query.metric && phase == query.phase)
                || (basic.contains(metric) && phase == Phase::Total)
                || (*metric == Metric::VOLTAGE)
        };
        let mut columns = Vec::new();
        for equipment in &query.equipment {
            for (series, info) in self.tsdb.series_of(*equipment) {
                let (metric, phase) = (info.key.metric, info.key.phase);
                if wanted(&metric, phase) {
                    columns.push(Column {
                        equipment: *equipment,
                        metric,
                        phase,
                        series,
                    });
                }
            }
        }
        columns
    }
}

fn bucket_point(bucket: &Bucket, columns: &[Column], query: &HistoryQuery) -> HistoryPoint {
    let length_ms = bucket.end.since_ms(bucket.start);
    let of = |metric: &Metric, phase: Phase| -> Vec<Summary> {
        let is = |column: &Column| column.metric == *metric && column.phase == phase;
        let pairs = columns.iter().zip(&bucket.columns);
        pairs
            .filter(|(column, _)| is(column))
            .filter_map(|(_, summary)| *summary)
            .collect()
    };
    let pick = |metric: &Metric, phase: Phase| {
        if metric.kind() == MetricKind::Counter {
            return energy_of(bucket, columns, metric, phase);
        }
        let covered = of(metric, phase).into_iter().filter(|s| s.covered_ms > 0);
        let means: Vec<f64> = covered.map(|s| s.mean()).collect();
        combine(&means, is_intensive(metric))
    };
    let asked = of(&query.metric, query.phase);
    let spread = Spread::of(&asked, length_ms, query);
    point_of(bucket.start, query, &pick, Some(spread))
}

/// Energy of all meters in a bucket: the delta of the counter, or for a meter that has none the
/// mean power over the measured time.
fn energy_of(bucket: &Bucket, columns: &[Column], metric: &Metric, phase: Phase) -> Option<f64> {
    const MS_PER_HOUR: f64 = 3_600_000.0;
    let summaries = || columns.iter().zip(&bucket.columns);
    let counted = |equipment: EquipmentId| {
        columns
            .iter()
            .any(|c| c.equipment == equipment && c.metric == *metric && c.phase == phase)
    };
    let mut energy = None;
    for (column, summary) in summaries() {
        let Some(summary) = summary else { continue };
        let is_counter = column.metric == *metric && column.phase == phase;
        let stands_in = *metric == Metric::CONSUMPTION
            && column.metric == Metric::POWER
            && column.phase == Phase::Total
            && !counted(column.equipment);
        if is_counter && (summary.covered_ms > 0 || summary.delta > 0.0) {
            *energy.get_or_insert(0.0) += summary.delta;
        } else if stands_in && summary.covered_ms > 0 {
            *energy.get_or_insert(0.0) += summary.weighted_sum / MS_PER_HOUR;
        }
    }
    energy
}

/// Smallest, greatest and coverage of the asked quantity.
#[derive(Clone, Copy, Debug)]
struct Spread {
    min: Option<f64>,
    max: Option<f64>,
    coverage: f64,
}

impl Spread {
    fn of(summaries: &[Summary], length_ms: i64, query: &HistoryQuery) -> Self {
        let covered: Vec<_> = summaries.iter().filter(|s| s.covered_ms > 0).collect();
        #[allow(clippy::cast_precision_loss)] // a few thousand meters
        let meters = query.equipment.len().max(1) as f64;
        let coverage = covered.iter().map(|s| s.coverage(length_ms)).sum::<f64>() / meters;
        // The extremes of several meters are not reached at the same time: there is no honest sum.
        let single = (query.equipment.len() == 1)
            .then(|| covered.first())
            .flatten();
        Self {
            min: single.map(|s| s.min),
            max: single.map(|s| s.max),
            coverage: coverage.min(1.0),
        }
    }
}

fn point_of(
    at: Timestamp,
    query: &HistoryQuery,
    pick: &dyn Fn(&Metric, Phase) -> Option<f64>,
    spread: Option<Spread>,
) -> HistoryPoint {
    let total = |metric: &Metric| pick(metric, Phase::Total);
    let phases: Vec<f64> = Phase::LINES
        .iter()
        .filter_map(|phase| pick(&Metric::VOLTAGE, *phase))
        .collect();
    HistoryPoint {
        timestamp: at,
        consumption: total(&Metric::CONSUMPTION),
        power: total(&Metric::POWER),
        voltage: combine(&phases, true).or_else(|| total(&Metric::VOLTAGE)),
        frequency: Some(total(&Metric::FREQUENCY)),
        power_factor: Some(total(&Metric::POWER_FACTOR)),
        current: Some(total(&Metric::CURRENT)),
        temperature: Some(total(&Metric::TEMPERATURE)),
        value: pick(&query.metric, query.phase),
        min: Some(spread.and_then(|s| s.min)),
        max: Some(spread.and_then(|s| s.max)),
        coverage: Some(spread.map(|s| s.coverage)),
    }
}

fn combine(values: &[f64], intensive: bool) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let sum: f64 = values.iter().sum();
    #[allow(clippy::cast_precision_loss)] // a few thousand meters
    let count = values.len() as f64;
    Some(if intensive { sum / count } else { sum })
}
