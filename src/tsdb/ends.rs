//! Where counters stood: at the end of each hour as it was sealed, and what comes after it.

use super::blocks::{Level, Stage};
use super::count::Counting;
use super::counter::Counter;
use super::fold::{Folded, Span};
use super::hours::{Desk, Ends};
use super::track::Track;
use super::{HOUR_MS, SeriesId, sealed};
use crate::base::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Months that are searched for the return of a counter: ten years.
const MONTHS_MAX: u32 = 120;
/// Hours with readings that are looked at after a span at most. What comes is decided by seven
/// readings, or when a level that was left is a day old.
const AHEAD_MAX: usize = 64;

impl Desk<'_> {
    /// Folds a counter over a span, and looks ahead as far as it takes. `changed` are hours of which
    /// the blocks do not tell the truth.
    pub(super) fn count(
        &self,
        series: SeriesId,
        track: &Track,
        span: Span,
        (counter, changed): (Counter, &BTreeSet<i64>),
    ) -> Result<Folded> {
        let rules = self.counters.rules(series, self.catalogue);
        let mut counting = Counting::new(span, counter, &rules, self.forgotten_until);
        counting.take(track);
        let mut hour = span.to.div_euclid(HOUR_MS);
        for _ in 0..AHEAD_MAX {
            if counting.is_settled() {
                break;
            }
            let Some(next) = self.next_read(series, hour, changed)? else {
                break;
            };
            let (from, to) = (next * HOUR_MS, (next + 1) * HOUR_MS);
            if let Some(ahead) = self.corrected(&[series], from, to)?.get(&series) {
                counting.look_ahead(ahead);
            }
            hour = next + 1;
        }
        Ok(counting.finish())
    }

    /// Whether hours that changed after an instant, ms, may change what counters had grown by before.
    pub(super) fn is_decided_later(
        &self,
        wanted: &[SeriesId],
        to: i64,
        changed: &BTreeSet<i64>,
    ) -> Result<bool> {
        let after = to.div_euclid(HOUR_MS) + 1;
        let Some(first) = changed.range(after..).next() else {
            return Ok(false);
        };
        for series in wanted {
            if !self.catalogue.is_counter(*series) {
                continue;
            }
            let may_reach = match self.stored_end(*series, first - 1)? {
                // Nothing was written down: the hour before is empty, or changed as well.
                None => true,
                Some((counter, reached)) => {
                    reached || !counter.is_settled(to.max((first - 1) * HOUR_MS))
                }
            };
            if may_reach {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first hour from `hour` on in which a counter may have been read.
    fn next_read(
        &self,
        series: SeriesId,
        hour: i64,
        changed: &BTreeSet<i64>,
    ) -> Result<Option<i64>> {
        let fresh = self.fresh.get(&series);
        let fresh = fresh.and_then(|track| {
            let first = track.range(hour * HOUR_MS, i64::MAX).start;
            track.at.get(first).map(|at| at.div_euclid(HOUR_MS))
        });
        let changed = changed.range(hour..).next().copied();
        if fresh == Some(hour) || changed == Some(hour) {
            return Ok(Some(hour));
        }
        let sealed = self.next_hour(series, hour - 1)?;
        Ok([fresh, changed, sealed].into_iter().flatten().min())
    }

    /// The counter of a series at the start of an hour, ms; `None` for a gauge. What is not
    /// sealed before is folded for it.
    pub(super) fn counter_from(
        &self,
        series: SeriesId,
        start: i64,
        changed: &BTreeSet<i64>,
    ) -> Result<Option<Counter>> {
        if !self.catalogue.is_counter(series) {
            return Ok(None);
        }
        let hour = start.div_euclid(HOUR_MS);
        let changed = changed.range(..hour).copied().collect();
        let mut ends = BTreeMap::new();
        for run in self.fold_until(&[series], &changed, hour, hour)?.runs {
            if let Some(folded) = run.series.get(&series) {
                ends.insert(series, (run.hours.end - 1, folded.counter.clone()));
            }
        }
        self.counter_at(series, hour, &ends).map(Some)
    }

    /// The counter of a series at the start of an hour.
    pub(super) fn counter_at(&self, series: SeriesId, hour: i64, ends: &Ends) -> Result<Counter> {
        let folded = ends.get(&series);
        if let Some((_, counter)) = folded.filter(|(end, _)| *end == hour - 1) {
            return Ok(counter.clone());
        }
        let sealed = sealed::counter_before(self.look, self.device, series, hour)?;
        let newer = match (folded, sealed) {
            (Some(folded), Some(sealed)) if sealed.0 > folded.0 => Some(sealed),
            (Some(folded), _) => Some(folded.clone()),
            (None, sealed) => sealed,
        };
        let mut counter = newer.map(|(_, counter)| counter).unwrap_or_default();
        counter.close_hour(hour * HOUR_MS);
        Ok(counter)
    }

    /// The counter at the end of an hour as it was sealed, and whether later readings changed what
    /// is booked before.
    pub(super) fn stored_end(
        &self,
        series: SeriesId,
        hour: i64,
    ) -> Result<Option<(Counter, bool)>> {
        if let Some(found) = sealed::counter_of(self.look, self.device, series, hour)? {
            return Ok(Some(found));
        }
        let span = (hour * HOUR_MS, (hour + 1) * HOUR_MS);
        let row = sealed::hour_rows(self.look, self.device, series, span)?;
        let Some(Some(row)) = row.first() else {
            return Ok(None);
        };
        let counter = sealed::counter_of_row(self.look, self.device, series, (hour, row))?;
        Ok(Some((counter, false)))
    }

    /// The first hour after `hour` in which a series was read, as it was sealed.
    pub(super) fn next_hour(&self, series: SeriesId, hour: i64) -> Result<Option<i64>> {
        let newest = self.memo.with(|notes| notes.newest.get(&series).copied());
        if newest.is_some_and(|newest| newest <= hour) {
            return Ok(None);
        }
        let mut from = (hour + 1) * HOUR_MS;
        for _ in 0..MONTHS_MAX {
            let month = Stage::Month.span_of(from);
            let to = Stage::Month.start_of(month + 1);
            if self.look.has_volume(Level::Hour, from)? {
                let rows = sealed::hour_rows(self.look, self.device, series, (from, to))?;
                let read = |(n, row): (i64, &Option<_>)| {
                    let row: &super::rollup::Summary = row.as_ref()?;
                    (row.count > 0).then_some(n)
                };
                if let Some(n) = (0..).zip(&rows).find_map(read) {
                    return Ok(Some(from / HOUR_MS + n));
                }
            }
            from = to;
        }
        self.memo.with(|notes| notes.newest.insert(series, hour));
        Ok(None)
    }
}
