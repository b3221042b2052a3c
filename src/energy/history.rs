//! History in the shape of the API: one point per bucket, of one meter or of the whole site.

use crate::base::sample::MetricKind;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
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

/// Quantities of a point beside energy, power and voltage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Mains frequency.
    pub frequency: bool,
    /// Power factor.
    pub power_factor: bool,
    /// Current.
    pub current: bool,
    /// Temperature.
    pub temperature: bool,
}

impl Extras {
    /// All of them.
    pub const ALL: Self = Self {
        frequency: true,
        power_factor: true,
        current: true,
        temperature: true,
    };

    fn has(self, metric: &Metric) -> bool {
        (self.frequency && *metric == Metric::FREQUENCY)
            || (self.power_factor && *metric == Metric::POWER_FACTOR)
            || (self.current && *metric == Metric::CURRENT)
            || (self.temperature && *metric == Metric::TEMPERATURE)
    }
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
        self.points_with(query, Extras::ALL)
    }

    /// As [`SiteHistory::points`] with only some of the quantities beside energy, power and
    /// voltage; the others are `null`.
    ///
    /// # Errors
    /// As [`SiteHistory::points`].
    pub fn points_with(&self, query: &HistoryQuery, extras: Extras) -> Result<Vec<HistoryPoint>> {
        let columns = self.columns(query, extras);
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
                point_of(point.at, query, &pick)
            };
            return Ok(points.into_iter().map(show).collect());
        }
        let buckets = self.tsdb.buckets(&Query {
            series,
            range: query.range,
            resolution: query.resolution,
            calendar: query.calendar.clone(),
        })?;
        let places = Places::of(&columns, query);
        Ok(buckets
            .iter()
            .map(|bucket| places.point(bucket, query))
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
            for point in self.points_with(&query, Extras::default())? {
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

    fn columns(&self, query: &HistoryQuery, extras: Extras) -> Vec<Column> {
        let wanted = |metric: &Metric, phase: Phase| {
            let basic = [Metric::POWER, Metric::CONSUMPTION];
            (*metric == query.metric && phase == query.phase)
                || (phase == Phase::Total && (basic.contains(metric) || extras.has(metric)))
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

/// Which columns a figure of a point is made of.
struct Places {
    consumption: EnergyPlaces,
    power: Vec<usize>,
    phases: [Vec<usize>; 3],
    voltage: Vec<usize>,
    frequency: Vec<usize>,
    power_factor: Vec<usize>,
    current: Vec<usize>,
    temperature: Vec<usize>,
    asked: Vec<usize>,
    asked_energy: Option<EnergyPlaces>,
    intensive: bool,
}

/// The counters of the meters, and the power of those that have none.
struct EnergyPlaces {
    counters: Vec<usize>,
    stand_ins: Vec<usize>,
}

impl Places {
    fn of(columns: &[Column], query: &HistoryQuery) -> Self {
        let of = |metric: &Metric, phase: Phase| -> Vec<usize> {
            let is = |n: &usize| columns[*n].metric == *metric && columns[*n].phase == phase;
            (0..columns.len()).filter(is).collect()
        };
        let total = |metric: &Metric| of(metric, Phase::Total);
        let energy = |metric: &Metric, phase: Phase| {
            let counters = of(metric, phase);
            let counted = |n: &usize| {
                let same = |c: &usize| columns[*c].equipment == columns[*n].equipment;
                counters.iter().any(same)
            };
            let mut stand_ins = Vec::new();
            if *metric == Metric::CONSUMPTION {
                stand_ins = total(&Metric::POWER);
                stand_ins.retain(|n| !counted(n));
            }
            EnergyPlaces {
                counters,
                stand_ins,
            }
        };
        let is_counter = query.metric.kind() == MetricKind::Counter;
        Self {
            consumption: energy(&Metric::CONSUMPTION, Phase::Total),
            power: total(&Metric::POWER),
            phases: Phase::LINES.map(|phase| of(&Metric::VOLTAGE, phase)),
            voltage: total(&Metric::VOLTAGE),
            frequency: total(&Metric::FREQUENCY),
            power_factor: total(&Metric::POWER_FACTOR),
            current: total(&Metric::CURRENT),
            temperature: total(&Metric::TEMPERATURE),
            asked: of(&query.metric, query.phase),
            asked_energy: is_counter.then(|| energy(&query.metric, query.phase)),
            intensive: is_intensive(&query.metric),
        }
    }

    fn point(&self, bucket: &Bucket, query: &HistoryQuery) -> HistoryPoint {
        let length_ms = bucket.end.since_ms(bucket.start);
        let spread = Spread::of(bucket, &self.asked, length_ms, query);
        let (mut sum, mut count) = (0.0, 0.0);
        for phase in &self.phases {
            if let Some(mean) = mean_of(bucket, phase, true) {
                sum += mean;
                count += 1.0;
            }
        }
        let voltage = if count > 0.0 {
            Some(sum / count)
        } else {
            mean_of(bucket, &self.voltage, true)
        };
        HistoryPoint {
            timestamp: bucket.start,
            consumption: self.consumption.energy(bucket),
            power: mean_of(bucket, &self.power, false),
            voltage,
            frequency: Some(mean_of(bucket, &self.frequency, true)),
            power_factor: Some(mean_of(bucket, &self.power_factor, true)),
            current: Some(mean_of(bucket, &self.current, false)),
            temperature: Some(mean_of(bucket, &self.temperature, true)),
            value: match &self.asked_energy {
                Some(energy) => energy.energy(bucket),
                None => mean_of(bucket, &self.asked, self.intensive),
            },
            min: Some(spread.min),
            max: Some(spread.max),
            coverage: Some(Some(spread.coverage)),
        }
    }
}

impl EnergyPlaces {
    /// Energy of all meters in a bucket: the delta of the counter, or for a meter that has none
    /// the mean power over the measured time.
    fn energy(&self, bucket: &Bucket) -> Option<f64> {
        const MS_PER_HOUR: f64 = 3_600_000.0;
        let mut energy = None;
        for summary in self.counters.iter().filter_map(|n| bucket.columns[*n]) {
            if summary.covered_ms > 0 || summary.delta > 0.0 {
                *energy.get_or_insert(0.0) += summary.delta;
            }
        }
        for summary in self.stand_ins.iter().filter_map(|n| bucket.columns[*n]) {
            if summary.covered_ms > 0 {
                *energy.get_or_insert(0.0) += summary.weighted_sum / MS_PER_HOUR;
            }
        }
        energy
    }
}

/// The mean of the meters that were measured, or the sum of their means.
fn mean_of(bucket: &Bucket, places: &[usize], intensive: bool) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for summary in places.iter().filter_map(|n| bucket.columns[*n]) {
        if summary.covered_ms > 0 {
            sum += summary.mean();
            count += 1.0;
        }
    }
    (count > 0.0).then(|| if intensive { sum / count } else { sum })
}

/// Smallest, greatest and coverage of the asked quantity.
#[derive(Clone, Copy, Debug)]
struct Spread {
    min: Option<f64>,
    max: Option<f64>,
    coverage: f64,
}

impl Spread {
    fn of(bucket: &Bucket, places: &[usize], length_ms: i64, query: &HistoryQuery) -> Self {
        let known = || places.iter().filter_map(|n| bucket.columns[*n]);
        let covered = || known().filter(|summary| summary.covered_ms > 0);
        #[allow(clippy::cast_precision_loss)] // a few thousand meters
        let meters = query.equipment.len().max(1) as f64;
        // An empty sum is minus zero.
        let coverage = covered().fold(0.0, |sum, s| sum + s.coverage(length_ms)) / meters;
        // The extremes of several meters are not reached at the same time: there is no honest sum.
        let single = (query.equipment.len() == 1)
            .then(|| covered().next())
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
) -> HistoryPoint {
    let total = |metric: &Metric| pick(metric, Phase::Total);
    let phases: Vec<f64> = Phase::LINES
        .iter()
        .filter_map(|phase| pick(&Metric::VOLTAGE, *phase))
        .collect();
    #[allow(clippy::cast_precision_loss)] // three
    let mean = (!phases.is_empty()).then(|| phases.iter().sum::<f64>() / phases.len() as f64);
    HistoryPoint {
        timestamp: at,
        consumption: total(&Metric::CONSUMPTION),
        power: total(&Metric::POWER),
        voltage: mean.or_else(|| total(&Metric::VOLTAGE)),
        frequency: Some(total(&Metric::FREQUENCY)),
        power_factor: Some(total(&Metric::POWER_FACTOR)),
        current: Some(total(&Metric::CURRENT)),
        temperature: Some(total(&Metric::TEMPERATURE)),
        value: pick(&query.metric, query.phase),
        min: Some(None),
        max: Some(None),
        coverage: Some(None),
    }
}
