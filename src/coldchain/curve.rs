//! A cell over time, as it is drawn: buckets with their extremes, and what happened in them.

use super::calibration::offset_c;
use super::cell::Cell;
use super::excursion::Excursion;
use super::follow::Follow;
use super::service::Coldchain;
use super::sources::metric_of;
use crate::base::time::BucketSize;
use crate::base::{CellId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::rollup::Summary;
use crate::tsdb::{Bucket, Query, Resolution};
use serde::Serialize;
use utoipa::ToSchema;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Longest range of one question, ms.
const RANGE_MAX_MS: i64 = 92 * DAY_MS;
/// Longest range whose doors are looked up one by one, ms.
const DOORS_MAX_MS: i64 = 31 * DAY_MS;
/// Bands of one answer.
const BANDS_MAX: usize = 2_000;

/// A bucket of a cell; without a count nothing was measured.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ColdPoint)]
pub struct Point {
    /// Its first instant.
    pub timestamp: Timestamp,
    /// The coldest of all probes, °C.
    pub min: Option<f64>,
    /// The warmest of all probes, °C.
    pub max: Option<f64>,
    /// Mean of the probe that was the warmest, weighted by time, °C.
    pub mean: Option<f64>,
    /// Readings.
    pub count: u32,
    /// Share of its time that was measured, 0 to 1.
    pub coverage: f64,
    /// Mean of each probe, °C.
    pub probes: Vec<Option<f64>>,
}

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Band {
    /// Its first instant.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// A cell over time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ColdCurve)]
pub struct Curve {
    /// The cell.
    pub cell_id: CellId,
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// Length of a bucket: `5min`, `30min` or `2hour`.
    pub resolution: &'static str,
    /// The temperature that is wanted, °C.
    pub set_point_c: f64,
    /// The coldest that is well, °C.
    pub min_c: Option<f64>,
    /// The warmest that is well, °C.
    pub max_c: Option<f64>,
    /// The coldest of the range, °C.
    pub min: Option<f64>,
    /// The warmest of the range, °C.
    pub max: Option<f64>,
    /// Mean of the range, weighted by time, °C.
    pub mean: Option<f64>,
    /// Readings of the range.
    pub count: u32,
    /// Share of the range, up to now, that was measured, 0 to 1.
    pub coverage: f64,
    /// The probes, by what stands before their quantities; empty for the first one.
    pub probes: Vec<String>,
    /// The buckets, the empty ones too.
    pub series: Vec<Point>,
    /// When the door was open; `null` when the range is too long to look it up.
    pub door: Option<Vec<Band>>,
    /// How often it was opened.
    pub openings: Option<u32>,
    /// When it was defrosted, by its timetable; `null` as above.
    pub defrost: Option<Vec<Band>>,
    /// Excursions of the range.
    pub excursions: Vec<Excursion>,
}

/// The length of a bucket for a range.
fn size_of(range: TimeRange) -> (&'static str, i64) {
    match range.length_ms() {
        ms if ms <= 26 * HOUR_MS => ("5min", 5 * MINUTE_MS),
        ms if ms <= 8 * DAY_MS => ("30min", 30 * MINUTE_MS),
        _ => ("2hour", 2 * HOUR_MS),
    }
}

fn tidy(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

impl Coldchain {
    /// A cell over time. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// A range of more than 92 days; files that cannot be read.
    pub fn curve(&self, cell: &Cell, range: TimeRange) -> Result<Curve> {
        if range.length_ms() > RANGE_MAX_MS {
            return Err(Error::invalid("from", "At most 92 days at once."));
        }
        let devices = self.devices_of(cell);
        let sources = self.sources(cell, &devices);
        let (resolution, step_ms) = size_of(range);
        let find = |probe: &String| {
            let metric = metric_of(probe, Metric::TEMPERATURE.as_str())?;
            self.ground
                .tsdb
                .find(cell.equipment_id, &metric, Phase::Total)
        };
        let found: Vec<_> = sources.probes.iter().map(find).collect();
        let query = Query {
            series: found.iter().flatten().copied().collect(),
            range,
            resolution: Resolution::Buckets(BucketSize::Fixed(step_ms)),
            calendar: sources.calendar.clone(),
        };
        let buckets = self.ground.tsdb.buckets(&query)?;
        let mut total: Option<Summary> = None;
        let point = |bucket: Bucket<'_>| {
            let mut columns = bucket.columns.iter();
            let columns = found.iter().zip(&sources.probes).map(|(series, probe)| {
                let summary = series.and_then(|_| columns.next().copied().flatten())?;
                let offset = offset_c(&sources.calibrations, probe, bucket.start);
                Some(shifted(summary, offset))
            });
            let columns: Vec<Option<Summary>> = columns.collect();
            let (point, warmest) = join(&bucket, &columns);
            match (&mut total, warmest) {
                (Some(total), Some(warmest)) => total.merge(&warmest),
                (None, warmest) => total = warmest,
                (Some(_), None) => {}
            }
            point
        };
        let series: Vec<Point> = buckets.iter().map(point).collect();
        let known_to = range.to.min(self.now());
        let seen_ms = known_to.since_ms(range.from).max(1);
        let bands = self.bands(cell, range.from, known_to)?;
        let (door, openings, defrost) = bands;
        let least = series.iter().filter_map(|point| point.min);
        let most = series.iter().filter_map(|point| point.max);
        Ok(Curve {
            cell_id: cell.id,
            from: range.from,
            to: range.to,
            resolution,
            set_point_c: cell.said.set_point_c,
            min_c: cell.said.min_c,
            max_c: cell.said.max_c,
            min: least.min_by(f64::total_cmp),
            max: most.max_by(f64::total_cmp),
            mean: total.map(|total| tidy(total.mean())),
            count: series.iter().map(|point| point.count).sum(),
            coverage: total.map_or(0.0, |total| tidy(total.coverage(seen_ms))),
            probes: sources.probes,
            series,
            door,
            openings,
            defrost,
            excursions: self.excursions_within(cell.id, range)?,
        })
    }

    /// When the door was open and when it was defrosted.
    #[allow(clippy::type_complexity)] // one answer in three parts
    fn bands(
        &self,
        cell: &Cell,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Option<Vec<Band>>, Option<u32>, Option<Vec<Band>>)> {
        if to.since_ms(from) > DOORS_MAX_MS || to <= from {
            return Ok((None, None, None));
        }
        let sources = self.sources(cell, &self.devices_of(cell));
        let mut follow = Follow::new(&cell.said, sources.probes.len(), sources.hold_ms);
        let (mut doors, mut open) = (Vec::new(), None);
        let range = TimeRange { from, to };
        self.each_point(&sources, range, &mut |at, values| {
            follow.take(&cell.said, &sources.calendar, at.ms(), values);
            let since = follow.open_since.map(Timestamp::from_ms);
            if let (Some(from), None) = (open, since) {
                doors.push(Band { from, to: at });
            }
            open = since;
        })?;
        doors.extend(open.map(|from| Band { from, to }));
        doors.truncate(BANDS_MAX);
        let mut defrosts: Vec<Band> = Vec::new();
        let mut at = from.floor_to(MINUTE_MS);
        while at < to && !cell.said.defrost.is_empty() {
            if cell.said.is_defrosting(&sources.calendar, at, false) {
                let end = at.plus_ms(MINUTE_MS);
                match defrosts.last_mut().filter(|band| band.to == at) {
                    Some(band) => band.to = end,
                    None => defrosts.push(Band { from: at, to: end }),
                }
            }
            at = at.plus_ms(MINUTE_MS);
        }
        Ok((Some(doors), Some(follow.openings), Some(defrosts)))
    }
}

fn shifted(summary: Summary, offset: f64) -> Summary {
    Summary {
        min: summary.min + offset,
        max: summary.max + offset,
        last: summary.last + offset,
        weighted_sum: summary.weighted_sum + offset * f64::from(summary.covered_ms),
        ..summary
    }
}

/// A bucket of several probes in one, and the summary of the warmest.
fn join(bucket: &Bucket<'_>, columns: &[Option<Summary>]) -> (Point, Option<Summary>) {
    let known = || columns.iter().flatten();
    let warmest = known()
        .max_by(|a, b| a.mean().total_cmp(&b.mean()))
        .copied();
    let length_ms = bucket.end.since_ms(bucket.start);
    let point = Point {
        timestamp: bucket.start,
        min: known().map(|one| tidy(one.min)).min_by(f64::total_cmp),
        max: known().map(|one| tidy(one.max)).max_by(f64::total_cmp),
        mean: warmest.map(|one| tidy(one.mean())),
        count: known().map(|one| one.count).sum(),
        coverage: warmest.map_or(0.0, |one| tidy(one.coverage(length_ms))),
        probes: columns
            .iter()
            .map(|one| one.map(|one| tidy(one.mean())))
            .collect(),
    };
    (point, warmest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_a_week_and_a_month_have_their_buckets() {
        let size = |hours: i64| {
            let (from, to) = (Timestamp::from_ms(0), Timestamp::from_ms(hours * HOUR_MS));
            size_of(TimeRange { from, to }).0
        };
        assert_eq!(
            (size(24), size(7 * 24), size(30 * 24)),
            ("5min", "30min", "2hour")
        );
    }

    #[test]
    fn the_warmest_probe_stands_for_the_bucket() {
        let end = Timestamp::from_ms(300_000);
        let bucket = Bucket::of(Timestamp::from_ms(0), end, &[]);
        let cold = shifted(Summary::of(3.0, 150_000, 0.0), 0.5);
        let warm = Summary::of(6.0, 300_000, 0.0);
        let (point, warmest) = join(&bucket, &[Some(cold), None, Some(warm)]);
        assert_eq!(
            (point.min, point.max, point.mean),
            (Some(3.5), Some(6.0), Some(6.0))
        );
        assert_eq!(
            (point.count, warmest.map(|one| one.covered_ms)),
            (2, Some(300_000))
        );
        assert_eq!(point.probes, [Some(3.5), None, Some(6.0)]);
        assert_eq!(join(&bucket, &[None]).0.count, 0);
    }
}
