//! Folding hours of one device from everything that is known of it: blocks, head, corrections.
//!
//! An hour depends on the last reading before it (the base of a counter), on a sample that
//! reaches into it from the hour before, and on the reading on the stroke of its end. So when the
//! samples of an hour change, its neighbours may change too; which ones is decided here, once,
//! for sealing and for answering.

use super::blocks::{Level, Look, Stage};
use super::correct::Corrections;
use super::counter::Counter;
use super::fold::{self, INTERVAL_MAX_MS, Span};
use super::memo::Memo;
use super::runs::{Run, Runs};
use super::series::{Catalogue, Device};
use super::track::Track;
use super::{HOUR_MS, MINUTE_MS, SeriesId, sealed};
use crate::base::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Samples that are not in blocks, by series.
pub(super) type Fresh = BTreeMap<SeriesId, Track>;

/// One device, with all there is to know of it.
pub(super) struct Desk<'a> {
    pub(super) look: &'a Look,
    pub(super) memo: &'a Memo,
    pub(super) catalogue: &'a Catalogue,
    pub(super) corrections: &'a Corrections,
    /// Before this, ms, samples are gone while their rows are kept.
    pub(super) forgotten_until: i64,
    pub(super) device: Device,
    /// What is in no block yet.
    pub(super) fresh: &'a Fresh,
}

impl Desk<'_> {
    /// The samples of series in `from..to` as they were measured.
    pub(super) fn measured(&self, wanted: &[SeriesId], from: i64, to: i64) -> Result<Fresh> {
        let mut tracks = sealed::tracks(self.look, self.device, Some(wanted), (from, to))?;
        for series in wanted {
            if let Some(fresh) = self.fresh.get(series) {
                let fresh = fresh.slice(from, to);
                if !fresh.is_empty() {
                    let old = tracks.remove(series).unwrap_or_default();
                    tracks.insert(*series, Track::union(old, fresh));
                }
            }
        }
        Ok(tracks)
    }

    /// As [`Desk::measured`], with what people corrected since.
    pub(super) fn corrected(&self, wanted: &[SeriesId], from: i64, to: i64) -> Result<Fresh> {
        let mut tracks = self.measured(wanted, from, to)?;
        for (series, track) in &mut tracks {
            self.corrections.apply(*series, track);
        }
        Ok(tracks)
    }

    /// Folds the hours whose samples changed, and those that change with them.
    pub(super) fn fold(&self, wanted: &[SeriesId], changed: &BTreeSet<i64>) -> Result<Runs> {
        self.fold_until(wanted, changed, i64::MAX)
    }

    /// As [`Desk::fold`], but no hour from `until` on.
    fn fold_until(&self, wanted: &[SeriesId], changed: &BTreeSet<i64>, until: i64) -> Result<Runs> {
        let mut todo = self.with_neighbours(wanted, changed)?;
        todo.retain(|hour| *hour < until);
        for hour in changed {
            if self.is_forgotten(*hour)? {
                todo.remove(hour);
            }
        }
        let mut runs = Runs::default();
        let mut ends: BTreeMap<SeriesId, (i64, Counter)> = BTreeMap::new();
        while let Some(first) = todo.pop_first() {
            let mut end = first + 1;
            while end % DAY_HOURS != 0 && todo.remove(&end) {
                end += 1;
            }
            let run = self.fold_run(wanted, first..end, &ends)?;
            for (series, folded) in &run.series {
                if !self.catalogue.is_counter(*series) {
                    continue;
                }
                ends.insert(*series, (end - 1, folded.counter));
                if self.stored_end(*series, end - 1)? != Some(folded.counter)
                    && let Some(next) = self.next_hour(*series, end - 1)?
                    && next < until
                    && !self.is_forgotten(next)?
                {
                    todo.insert(next);
                }
            }
            runs.runs.push(run);
        }
        Ok(runs)
    }

    /// The changed hours, those before that their first reading closes, and those after that
    /// their last sample reaches into.
    fn with_neighbours(
        &self,
        wanted: &[SeriesId],
        changed: &BTreeSet<i64>,
    ) -> Result<BTreeSet<i64>> {
        let mut todo = changed.clone();
        for hour in changed {
            let start = hour * HOUR_MS;
            for series in wanted {
                let Some(fresh) = self.fresh.get(series) else {
                    continue;
                };
                let range = fresh.range(start, start + HOUR_MS);
                let reach = |n: usize| fresh.at[n] + i64::from(fresh.interval[n]);
                let Some(end) = range.clone().map(reach).max() else {
                    continue;
                };
                if end > start + HOUR_MS {
                    todo.insert(hour + 1);
                }
                let strikes = fresh.at[range.start] == start;
                if strikes && *hour > 0 && self.catalogue.is_counter(*series) {
                    let stored = self.stored_end(*series, hour - 1)?;
                    let closed = stored.and_then(|counter| counter.base());
                    if closed != fresh.value(range.start) {
                        todo.insert(hour - 1);
                    }
                }
            }
        }
        Ok(todo)
    }

    /// Whether the samples of an hour were there once and are no longer kept: its rows tell more
    /// than what could be folded now.
    pub(super) fn is_forgotten(&self, hour: i64) -> Result<bool> {
        let start = hour * HOUR_MS;
        let span = (start, start + HOUR_MS);
        if span.1 > self.forgotten_until {
            return Ok(false);
        }
        let mut measured = false;
        for series in self.catalogue.series_of(self.device) {
            let rows = sealed::hour_rows(self.look, self.device, series, span)?;
            measured = rows.iter().flatten().any(|row| row.count > 0);
            if measured {
                break;
            }
        }
        if !measured {
            return Ok(false);
        }
        let kept = [Stage::Hour, Stage::Day].into_iter();
        for stage in kept {
            let span = stage.span_of(start);
            if self.look.has_block(Level::Raw, stage, span, self.device)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn has_fresh(&self, from: i64, to: i64) -> bool {
        let has = |track: &Track| !track.range(from, to).is_empty();
        self.fresh.values().any(has)
    }

    fn fold_run(
        &self,
        wanted: &[SeriesId],
        hours: Range<i64>,
        ends: &BTreeMap<SeriesId, (i64, Counter)>,
    ) -> Result<Run> {
        let span = Span {
            from: hours.start * HOUR_MS,
            to: hours.end * HOUR_MS,
            step: MINUTE_MS,
        };
        let reach = self
            .memo
            .with(|notes| notes.reach.get(&self.device).copied());
        let back = match reach {
            // The hour before is sealed and nothing of it reaches over its end; nor is there
            // anything of it that is not sealed yet.
            Some((hour, reach))
                if hour == hours.start - 1
                    && reach <= span.from
                    && !self.has_fresh(span.from - HOUR_MS, span.from) =>
            {
                0
            }
            _ => INTERVAL_MAX_MS,
        };
        let tracks = self.corrected(wanted, span.from - back, span.to + 1)?;
        let mut series = BTreeMap::new();
        for (id, track) in tracks {
            let counter = if self.catalogue.is_counter(id) {
                Some(self.counter_at(id, hours.start, ends)?)
            } else {
                None
            };
            series.insert(id, fold::fold(&track, span, counter));
        }
        Ok(Run { hours, series })
    }

    /// The counter of a series at the start of an hour, ms; `None` for a gauge. What is not
    /// sealed before is folded for it.
    pub(super) fn counter_from(&self, series: SeriesId, start: i64) -> Result<Option<Counter>> {
        if !self.catalogue.is_counter(series) {
            return Ok(None);
        }
        let hour = start.div_euclid(HOUR_MS);
        let fresh = self.fresh.get(&series);
        let hot = |track: &Track| -> BTreeSet<i64> {
            let before = track.at.iter().map(|at| at.div_euclid(HOUR_MS));
            before.filter(|at| *at < hour).collect()
        };
        let changed = fresh.map(hot).unwrap_or_default();
        let mut ends = BTreeMap::new();
        for run in self.fold_until(&[series], &changed, hour)?.runs {
            if let Some(folded) = run.series.get(&series) {
                ends.insert(series, (run.hours.end - 1, folded.counter));
            }
        }
        self.counter_at(series, hour, &ends).map(Some)
    }

    /// The counter of a series at the start of an hour.
    fn counter_at(
        &self,
        series: SeriesId,
        hour: i64,
        ends: &BTreeMap<SeriesId, (i64, Counter)>,
    ) -> Result<Counter> {
        let folded = ends.get(&series).copied();
        if let Some((_, counter)) = folded.filter(|(end, _)| *end == hour - 1) {
            return Ok(counter);
        }
        let sealed = sealed::counter_before(self.look, self.device, series, hour)?;
        let newer = match (folded, sealed) {
            (Some(folded), Some(sealed)) if sealed.0 > folded.0 => Some(sealed),
            (Some(folded), _) => Some(folded),
            (None, sealed) => sealed,
        };
        Ok(newer.map(|(_, counter)| counter).unwrap_or_default())
    }

    /// The counter at the end of an hour as it was sealed.
    fn stored_end(&self, series: SeriesId, hour: i64) -> Result<Option<Counter>> {
        let span = (hour * HOUR_MS, (hour + 1) * HOUR_MS);
        let row = sealed::hour_rows(self.look, self.device, series, span)?;
        let Some(Some(row)) = row.first() else {
            return Ok(None);
        };
        let pending = self
            .look
            .pending(Stage::Hour.span_of(span.0), self.device)?;
        let open = pending.and_then(|bytes| Counter::from_pending(&bytes, series, row.last));
        Ok(Some(open.unwrap_or(Counter::resume(row.last))))
    }

    /// The first hour after `hour` for which a row of the series is sealed.
    fn next_hour(&self, series: SeriesId, hour: i64) -> Result<Option<i64>> {
        let newest = self.memo.with(|notes| notes.newest.get(&series).copied());
        if newest.is_some_and(|newest| newest <= hour) {
            return Ok(None);
        }
        let mut from = (hour + 1) * HOUR_MS;
        let mut searched = 0;
        while self.look.has_volume(Level::Hour, from)? && searched < MONTHS_MAX {
            let month = Stage::Month.span_of(from);
            let to = Stage::Month.start_of(month + 1);
            let rows = sealed::hour_rows(self.look, self.device, series, (from, to))?;
            if let Some(n) = (0..).zip(&rows).find_map(|(n, row)| row.map(|_| n)) {
                return Ok(Some(from / HOUR_MS + n));
            }
            from = to;
            searched += 1;
        }
        self.memo.with(|notes| notes.newest.insert(series, hour));
        Ok(None)
    }
}

/// Hours that are folded at once at most: those of a day, which make one block.
pub(super) const DAY_HOURS: i64 = 24;
/// Months that are searched for the return of a counter: as long as its base is remembered.
const MONTHS_MAX: u32 = 3;
