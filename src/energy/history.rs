//! History in the shape of the API: one point per bucket, of one meter or of the whole site.

use super::places::{Column, Places};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::{Buckets, Query, Resolution, Tsdb};
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

/// Quantities of a point beside energy and power: read only when they are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Voltage, of each conductor.
    pub voltage: bool,
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
        voltage: true,
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
    /// Mean voltage, V; absent when it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voltage: Option<Option<f64>>,
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
    /// How much of `consumption` is not as it was read, kWh: spread over a silence of the meter, or
    /// of readings that were corrected. Rounded up to whole minutes, quarters or hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substituted: Option<Option<f64>>,
}

/// Energy of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Energy {
    /// kWh.
    pub kwh: f64,
    /// How much of the range was measured, 0 to 1.
    pub coverage: f64,
    /// How much of the energy is not as it was read; see [`HistoryPoint::substituted`].
    pub substituted_kwh: f64,
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

    /// As [`SiteHistory::points`] with only some of the quantities beside energy and power; the
    /// others are `null`.
    ///
    /// # Errors
    /// As [`SiteHistory::points`].
    pub fn points_with(&self, query: &HistoryQuery, extras: Extras) -> Result<Vec<HistoryPoint>> {
        self.points_by(query, extras, Tsdb::buckets)
    }

    /// As [`SiteHistory::points_with`], of the last point only what lies before the end of the range.
    ///
    /// # Errors
    /// As [`SiteHistory::points`].
    pub fn points_within(&self, query: &HistoryQuery, extras: Extras) -> Result<Vec<HistoryPoint>> {
        self.points_by(query, extras, Tsdb::buckets_within)
    }

    fn points_by(
        &self,
        query: &HistoryQuery,
        extras: Extras,
        read: impl Fn(&Tsdb, &Query) -> Result<Buckets>,
    ) -> Result<Vec<HistoryPoint>> {
        let columns = self.columns(query, extras);
        let of = |c: &Column| c.metric == query.metric && c.phase == query.phase;
        // A quantity that every meter may have is a gap where it is absent; any other is a slip.
        if query.metric.standard_unit().is_none() && !columns.iter().any(of) {
            return Err(never_read(&query.metric));
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
            let picks = Picks::of(&columns, query);
            let show = |point: &crate::tsdb::Point| picks.point(point.at, &point.values);
            return Ok(points.iter().map(show).collect());
        }
        let asked = Query {
            series,
            range: query.range,
            resolution: query.resolution,
            calendar: query.calendar.clone(),
        };
        let buckets = read(&self.tsdb, &asked)?;
        let places = Places::of(&columns, query);
        Ok(buckets
            .iter()
            .map(|bucket| places.point(&bucket, query))
            .collect())
    }

    /// Energy of meters in a range. A meter without a counter is counted by its mean power over the
    /// time that was measured.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn energy(
        &self,
        equipment: &[EquipmentId],
        range: TimeRange,
        calendar: &Calendar,
    ) -> Result<Option<Energy>> {
        // Whole quarters from disk; the minutes after the last one from the ticks, so that a part
        // of a quarter is not counted as all of it.
        let quarter_ms = crate::tsdb::rollup::QUARTER_MS;
        let split = calendar
            .bucket_start(range.to, BucketSize::Fixed(quarter_ms))
            .max(range.from);
        let (mut energy, mut covered_ms, mut substituted_kwh) = (None, 0.0, 0.0);
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
                substituted_kwh += point.substituted.flatten().unwrap_or(0.0);
            }
        }
        #[allow(clippy::cast_precision_loss)] // a month at most
        let length = range.length_ms().max(1) as f64;
        Ok(energy.map(|kwh| Energy {
            kwh,
            coverage: (covered_ms / length).min(1.0),
            substituted_kwh,
        }))
    }

    fn columns(&self, query: &HistoryQuery, extras: Extras) -> Vec<Column> {
        let wanted = |metric: &Metric, phase: Phase| {
            let basic = [Metric::POWER, Metric::CONSUMPTION];
            (*metric == query.metric && phase == query.phase)
                || (phase == Phase::Total && (basic.contains(metric) || extras.has(metric)))
                || (extras.voltage && *metric == Metric::VOLTAGE)
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

/// The refusal of a quantity that no standard knows and nothing here tells.
pub(super) fn never_read(metric: &Metric) -> Error {
    let sentence = format!("Nothing called {metric} was ever read here.");
    Error::invalid("metric", sentence)
}

/// Which column of a tick each figure of a point is; found once for all points.
struct Picks {
    consumption: Option<usize>,
    power: Option<usize>,
    voltage: Option<usize>,
    phases: [Option<usize>; 3],
    frequency: Option<usize>,
    power_factor: Option<usize>,
    current: Option<usize>,
    temperature: Option<usize>,
    value: Option<usize>,
}

impl Picks {
    fn of(columns: &[Column], query: &HistoryQuery) -> Self {
        let place = |metric: &Metric, phase: Phase| {
            (columns.iter()).position(|column| column.metric == *metric && column.phase == phase)
        };
        let total = |metric: &Metric| place(metric, Phase::Total);
        Self {
            consumption: total(&Metric::CONSUMPTION),
            power: total(&Metric::POWER),
            voltage: total(&Metric::VOLTAGE),
            phases: Phase::LINES.map(|phase| place(&Metric::VOLTAGE, phase)),
            frequency: total(&Metric::FREQUENCY),
            power_factor: total(&Metric::POWER_FACTOR),
            current: total(&Metric::CURRENT),
            temperature: total(&Metric::TEMPERATURE),
            value: place(&query.metric, query.phase),
        }
    }

    fn point(&self, at: Timestamp, values: &[Option<f64>]) -> HistoryPoint {
        let pick = |place: Option<usize>| place.and_then(|n| values[n]);
        let (mut sum, mut count) = (0.0, 0.0);
        for volts in self.phases.iter().filter_map(|place| pick(*place)) {
            sum += volts;
            count += 1.0;
        }
        let mean = (count > 0.0).then(|| sum / count);
        HistoryPoint {
            timestamp: at,
            consumption: pick(self.consumption),
            power: pick(self.power),
            voltage: Some(mean.or_else(|| pick(self.voltage))),
            frequency: Some(pick(self.frequency)),
            power_factor: Some(pick(self.power_factor)),
            current: Some(pick(self.current)),
            temperature: Some(pick(self.temperature)),
            value: pick(self.value),
            min: Some(None),
            max: Some(None),
            coverage: Some(None),
            substituted: Some(None),
        }
    }
}
