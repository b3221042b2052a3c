//! The ten-minute means of a week of one meter, and their statement.

use super::quality_en50160::{Interval, Line, estimated, statement};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::{Bucket, Query, Resolution, SeriesId, Tsdb};
use serde::Serialize;
use utoipa::ToSchema;

const TEN_MINUTES: BucketSize = BucketSize::Fixed(600_000);
/// What the distortion of the voltage is called by the profiles, the phases apart or together.
const THD: [&str; 2] = ["voltage_thd", "thd"];

/// A week of one meter against EN 50160.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = PowerQualityWeek)]
pub struct QualityWeek {
    /// The meter.
    pub equipment_id: EquipmentId,
    /// Monday at midnight at the site.
    pub from: Timestamp,
    /// First instant after, or now.
    pub to: Timestamp,
    /// Nominal voltage, V.
    pub nominal_v: f64,
    /// Nominal frequency, Hz.
    pub nominal_hz: f64,
    /// Always `true`: a meter is no instrument of class A, so that this proves nothing to a supplier.
    pub indicative: bool,
    /// Means of ten minutes that were looked at.
    pub intervals: usize,
    /// How many of them are made of one reading of the voltage or none, which stands for all ten
    /// minutes: the meter is read less often than every five.
    pub estimated: usize,
    /// Line by line.
    pub lines: Vec<Line>,
}

/// The statement of a week. Reads the disk.
///
/// # Errors
/// When the files cannot be read.
pub fn quality_week(
    tsdb: &Tsdb,
    calendar: &Calendar,
    equipment_id: EquipmentId,
    range: TimeRange,
    (nominal_v, nominal_hz): (f64, f64),
) -> Result<QualityWeek> {
    let all = tsdb.series_of(equipment_id);
    let of = |metric: &str, phase: Phase| {
        let is = |(_, info): &&(SeriesId, crate::tsdb::SeriesInfo)| {
            info.key.metric.as_str() == metric && info.key.phase == phase
        };
        all.iter().find(is).map(|(series, _)| *series)
    };
    let lines_of = |metric: &str| {
        let phases = Phase::LINES.iter().filter_map(|phase| of(metric, *phase));
        let phases: Vec<SeriesId> = phases.collect();
        if phases.is_empty() {
            of(metric, Phase::Total).into_iter().collect()
        } else {
            phases
        }
    };
    let voltages = lines_of(Metric::VOLTAGE.as_str());
    let frequency: Vec<SeriesId> = of(Metric::FREQUENCY.as_str(), Phase::Total)
        .into_iter()
        .collect();
    let thd = THD
        .iter()
        .map(|name| lines_of(name))
        .find(|found| !found.is_empty());
    let thd = thd.unwrap_or_default();
    let buckets = tsdb.buckets_within(&Query {
        series: [voltages.as_slice(), &frequency, &thd].concat(),
        range,
        resolution: Resolution::Buckets(TEN_MINUTES),
        calendar: calendar.clone(),
    })?;
    let (v, f) = (voltages.len(), voltages.len() + frequency.len());
    let interval = |bucket: Bucket<'_>| {
        let known = |column: usize| {
            let known = bucket.columns.get(column).copied().flatten();
            known.filter(|summary| summary.covered_ms > 0)
        };
        let value = |column: usize| known(column).map(|summary| summary.mean());
        let count = |column: usize| known(column).map(|summary| summary.count);
        Interval {
            voltages: (0..v).map(value).collect(),
            frequency_hz: (v..f).find_map(value),
            thd_percent: (f..f + thd.len()).filter_map(value).reduce(f64::max),
            readings: (0..v).filter_map(count).min(),
        }
    };
    let intervals: Vec<Interval> = buckets.iter().map(interval).collect();
    Ok(QualityWeek {
        equipment_id,
        from: range.from,
        to: range.to,
        nominal_v,
        nominal_hz,
        indicative: true,
        intervals: intervals.len(),
        estimated: estimated(&intervals),
        lines: statement(&intervals, nominal_v, nominal_hz),
    })
}

impl super::SiteHistory {
    /// As [`quality_week`], of this history.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn power_quality(
        &self,
        calendar: &Calendar,
        equipment_id: EquipmentId,
        range: TimeRange,
        nominal: (f64, f64),
    ) -> Result<QualityWeek> {
        quality_week(&self.tsdb, calendar, equipment_id, range, nominal)
    }
}
