//! Energy of meters as whole milliwatt-hours: of a range, or bucket by bucket.

use super::history::{SiteHistory, never_read};
use super::places::{Figure, covered};
use super::tree_figures::Amount;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::{Latest, Query, Resolution};

/// Milliwatt-hours of a kilowatt-hour: as fine as history is.
pub const MWH_PER_KWH: f64 = 1e6;
/// Most buckets that are read at once, below what one answer of the store may hold.
const READ_BUCKETS: i64 = 4_500;

/// Energy of one meter in one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// First instant.
    pub start: Timestamp,
    /// Energy, mWh; `None` when nothing is known.
    pub mwh: Option<i64>,
    /// How much of the bucket was measured, 0 to 1.
    pub coverage: f64,
    /// Readings in it.
    pub readings: u32,
    /// Whether some of it was spread over a silence, or is of readings that were corrected.
    pub substituted: bool,
}

/// Kilowatt-hours as whole milliwatt-hours.
#[must_use]
pub fn to_mwh(kwh: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation)] // 9 TWh fit
    let mwh = (kwh * MWH_PER_KWH).round() as i64;
    mwh
}

/// Milliwatt-hours as kilowatt-hours, exact to the last digit that is shown.
#[must_use]
pub fn to_kwh(mwh: i64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // 15 digits: 9 TWh to a milliwatt-hour
    let mwh = mwh as f64;
    mwh / MWH_PER_KWH
}

/// Rounds to whole steps, halves away from zero.
#[must_use]
pub const fn round_to(mwh: i64, step: i64) -> i64 {
    let half = if mwh < 0 { -step / 2 } else { step / 2 };
    (mwh + half) / step * step
}

impl SiteHistory {
    /// The energy of a meter in a range of any length, mWh. Whole days come from days, so that a
    /// year is read as quickly as a week. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn energy_amount(
        &self,
        meter: EquipmentId,
        range: TimeRange,
        calendar: &Calendar,
    ) -> Result<Option<Amount>> {
        let day = |at| calendar.bucket_start(at, BucketSize::Day);
        let first = match day(range.from) {
            start if start == range.from => start,
            start => calendar.next_bucket(start, BucketSize::Day),
        };
        let last = day(range.to);
        let mut total = Total::default();
        if first >= last {
            total.add_fine(self, meter, range, calendar)?;
            return Ok(total.amount(range));
        }
        let edges = [(range.from, first), (last, range.to)];
        for (from, to) in edges.into_iter().filter(|(from, to)| from < to) {
            total.add_fine(self, meter, TimeRange { from, to }, calendar)?;
        }
        let days = TimeRange {
            from: first,
            to: last,
        };
        let metric = Metric::CONSUMPTION;
        for (cell, length_ms) in self.cells(meter, &metric, days, BucketSize::Day, calendar)? {
            total.add(cell.mwh, cell.coverage, length_ms);
        }
        Ok(total.amount(range))
    }

    /// The energy of a meter in each bucket of a range that begins and ends with one, with the
    /// length of each, ms. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read, or a quantity of the equipment's own was never read.
    pub fn cells(
        &self,
        meter: EquipmentId,
        metric: &Metric,
        range: TimeRange,
        size: BucketSize,
        calendar: &Calendar,
    ) -> Result<Vec<(Cell, i64)>> {
        let metrics = std::slice::from_ref(metric);
        let mut lists = self.cells_of(meter, metrics, range, size, calendar)?;
        Ok(lists.pop().unwrap_or_default())
    }

    /// As [`SiteHistory::cells`] of several quantities in one reading, and of nothing else: a year
    /// of minutes has millions of rows, and each column that is read costs its unpacking.
    ///
    /// # Errors
    /// As [`SiteHistory::cells`].
    pub fn cells_of(
        &self,
        meter: EquipmentId,
        metrics: &[Metric],
        range: TimeRange,
        size: BucketSize,
        calendar: &Calendar,
    ) -> Result<Vec<Vec<(Cell, i64)>>> {
        let (mut series, mut figures) = (Vec::new(), Vec::new());
        for metric in metrics {
            let measured = self.coverage_metric(meter, metric);
            let found = self.tsdb.find(meter, &measured, Phase::Total);
            if found.is_none() && measured.standard_unit().is_none() {
                return Err(never_read(&measured));
            }
            let place = found.map(|id| {
                series.push(id);
                series.len() - 1
            });
            figures.push((place, Figure::of(metric, &measured)));
        }
        let mut lists: Vec<Vec<(Cell, i64)>> = vec![Vec::new(); metrics.len()];
        for range in pieces(range, size, calendar) {
            let buckets = self.tsdb.buckets_within(&Query {
                series: series.clone(),
                range,
                resolution: Resolution::Buckets(size),
                calendar: calendar.clone(),
            })?;
            for bucket in buckets.iter() {
                let length_ms = bucket.end.since_ms(bucket.start);
                for ((place, figure), list) in figures.iter().zip(&mut lists) {
                    let summary = place.and_then(|place| bucket.columns[place]);
                    let cell = Cell {
                        start: bucket.start,
                        mwh: summary.and_then(|s| figure.read(&s)).map(to_mwh),
                        coverage: summary.map_or(0.0, |s| covered(&s, length_ms)),
                        readings: summary.map_or(0, |s| s.count),
                        substituted: place.is_some_and(|place| bucket.substituted(place) != 0.0),
                    };
                    list.push((cell, length_ms));
                }
            }
        }
        Ok(lists)
    }

    /// The newest value of every series.
    #[must_use]
    pub fn latest(&self) -> Vec<Latest> {
        self.tsdb.latest().unwrap_or_default()
    }

    /// Whether anything of this quantity was ever read of a meter.
    #[must_use]
    pub fn has(&self, meter: EquipmentId, metric: &Metric) -> bool {
        self.has_of(meter, metric, Phase::Total)
    }

    /// The same of a conductor.
    #[must_use]
    pub fn has_of(&self, meter: EquipmentId, metric: &Metric, phase: Phase) -> bool {
        let is =
            |info: &crate::tsdb::SeriesInfo| info.key.metric == *metric && info.key.phase == phase;
        self.tsdb.series_of(meter).iter().any(|(_, info)| is(info))
    }

    /// A meter without a counter is counted by its power, and covered by it.
    fn coverage_metric(&self, meter: EquipmentId, metric: &Metric) -> Metric {
        match *metric == Metric::CONSUMPTION && !self.has(meter, metric) {
            true => Metric::POWER,
            false => metric.clone(),
        }
    }
}

/// A range in pieces of which each may be read at once.
fn pieces(range: TimeRange, size: BucketSize, calendar: &Calendar) -> Vec<TimeRange> {
    let mut pieces = Vec::new();
    let mut from = range.from;
    while from < range.to {
        let to = match size {
            BucketSize::Fixed(step_ms) => {
                let end = from.plus_ms(READ_BUCKETS * step_ms);
                let midnight = calendar.bucket_start(end, BucketSize::Day);
                // A day of fine buckets may be more than is read at once.
                let end = if midnight > from { midnight } else { end };
                end.min(range.to)
            }
            _ => range.to,
        };
        pieces.push(TimeRange { from, to });
        from = to;
    }
    pieces
}

#[derive(Default)]
struct Total {
    mwh: Option<i64>,
    covered_ms: f64,
}

impl Total {
    fn add(&mut self, mwh: Option<i64>, coverage: f64, length_ms: i64) {
        if let Some(mwh) = mwh {
            *self.mwh.get_or_insert(0) += mwh;
        }
        #[allow(clippy::cast_precision_loss)] // a day
        let length = length_ms as f64;
        self.covered_ms += coverage * length;
    }

    /// A part of a day: quarters, and minutes after the last one.
    fn add_fine(
        &mut self,
        history: &SiteHistory,
        meter: EquipmentId,
        range: TimeRange,
        calendar: &Calendar,
    ) -> Result<()> {
        let energy = history.energy(&[meter], range, calendar)?;
        let mwh = energy.map(|energy| to_mwh(energy.kwh));
        self.add(mwh, energy.map_or(0.0, |e| e.coverage), range.length_ms());
        Ok(())
    }

    fn amount(&self, range: TimeRange) -> Option<Amount> {
        #[allow(clippy::cast_precision_loss)] // some years
        let length = range.length_ms().max(1) as f64;
        self.mwh.map(|value| Amount {
            value,
            coverage: (self.covered_ms / length).min(1.0),
        })
    }
}

#[cfg(test)]
#[path = "readings_tests.rs"]
mod tests;
