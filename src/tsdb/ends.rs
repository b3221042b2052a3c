//! Where counters stood: at the end of each hour as it was sealed, and what comes after it.

use super::blocks::{Level, Look, Stage};
use super::count::Counting;
use super::counter::Counter;
use super::fold::{Folded, Span};
use super::hours::{DAY_HOURS, Desk, Ends};
use super::rollup::Summary;
use super::sealed::{self, Before};
use super::series::Device;
use super::track::Track;
use super::{HOUR_MS, SeriesId};
use crate::base::Result;
use std::collections::BTreeSet;
use std::ops::Range;

/// Months that are searched for the return of a counter: ten years.
const MONTHS_MAX: u32 = 120;
/// Months in a row without hourly rows after which nothing is looked for any more.
const ABSENT_MAX: u32 = 2;
/// Hours with readings that are looked at after a span at most. What comes is decided by seven
/// readings, or when a level that was left is a day old.
const AHEAD_MAX: usize = 64;
/// Days without readings that are looked through at most: those that a change of a ratio touches,
/// of a year, and some more.
const SILENT_MAX: usize = 400;

/// Hours before a damaged one in which it is looked for what was written down: a rotted page of the
/// file holds that of fewer.
const ANEW_HOURS: i64 = 14 * DAY_HOURS;

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
        let floor = self.floor_of(series, &counter)?;
        let mut counting = Counting::new(span, counter, &rules, floor);
        counting.take(track);
        let mut hour = span.to.div_euclid(HOUR_MS);
        let (mut read, mut silent) = (0, 0);
        while read < AHEAD_MAX && silent < SILENT_MAX && !counting.is_settled() {
            let Some(next) = self.next_read(series, hour, changed)? else {
                break;
            };
            let (from, to) = (next.start * HOUR_MS, next.end * HOUR_MS);
            if let Some(ahead) = self.corrected(&[series], from, to)?.get(&series) {
                counting.look_ahead(ahead);
                read += 1;
            } else {
                silent += 1;
            }
            hour = next.end;
        }
        Ok(counting.finish())
    }

    /// The instant from which on growth may be spread, ms. What began where samples are forgotten is
    /// spread over what is kept, unless it was spread over all of it before they were: that part is
    /// in rows that stay.
    fn floor_of(&self, series: SeriesId, counter: &Counter) -> Result<i64> {
        let floor = self.forgotten_until;
        if counter.earliest().is_some_and(|at| at < floor)
            && self.was_reached(series, floor.div_euclid(HOUR_MS) - 1)?
        {
            return Ok(i64::MIN);
        }
        Ok(floor)
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
        let is_counter = |series: &SeriesId| self.catalogue.is_counter(*series);
        if changed.range(..after).next().is_some() && wanted.iter().any(is_counter) {
            // What was written down of the hour before may not hold either.
            return Ok(true);
        }
        for series in wanted {
            if !self.catalogue.is_counter(*series) {
                continue;
            }
            let rules = self.counters.rules(*series, self.catalogue);
            let may_reach = match self.stored_end(*series, first - 1)? {
                // Nothing was written down: the hour before is empty, or changed as well.
                None => true,
                Some((counter, reached)) => {
                    reached || !counter.is_settled(to.max((first - 1) * HOUR_MS), &rules)
                }
            };
            if may_reach {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first hours from `hour` on in which a counter may have been read.
    fn next_read(
        &self,
        series: SeriesId,
        hour: i64,
        changed: &BTreeSet<i64>,
    ) -> Result<Option<Range<i64>>> {
        let fresh = self.fresh.get(&series);
        let fresh = fresh.and_then(|track| {
            let first = track.range(hour * HOUR_MS, i64::MAX).start;
            track.at.get(first).map(|at| at.div_euclid(HOUR_MS))
        });
        if fresh == Some(hour) {
            return Ok(Some(hour..hour + 1));
        }
        let sealed = self.next_hour(series, hour - 1)?;
        let known = fresh.into_iter().chain(sealed).min();
        // Of an hour that changed the rows do not tell whether anything was read; many of them
        // are looked through by the day.
        Ok(match (known, changed.range(hour..).next().copied()) {
            (Some(known), Some(changed)) if known <= changed => Some(known..known + 1),
            (_, Some(changed)) => {
                let day = (changed.div_euclid(DAY_HOURS) + 1) * DAY_HOURS;
                Some(changed..day)
            }
            (known, None) => known.map(|known| known..known + 1),
        })
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
        let ends = self.fold_until(&[series], &changed, hour, hour)?.ends;
        self.counter_at(series, hour, &ends).map(Some)
    }

    /// The counter of a series at the start of an hour.
    pub(super) fn counter_at(&self, series: SeriesId, hour: i64, ends: &Ends) -> Result<Counter> {
        let folded = ends.get(&series);
        if let Some(folded) = folded.filter(|folded| folded.hour == hour - 1) {
            return Ok(folded.counter.clone());
        }
        // What is sealed of hours that depend on those that were folded does not hold.
        let folded = folded.filter(|folded| hour <= folded.sealed_from);
        let mut counter = match folded {
            Some(folded) => folded.counter.clone(),
            None => match sealed::counter_before(self.look, self.device, series, hour)? {
                Some(before) if before.is_written => before.counter,
                Some(before) => self.found_anew(series, before)?,
                None => Counter::default(),
            },
        };
        counter.close_hour(hour * HOUR_MS);
        Ok(counter)
    }

    /// A counter that nothing was written down of. Earlier versions wrote nothing down, but where
    /// something is written of an hour before, this one is damaged: it is counted from there.
    fn found_anew(&self, series: SeriesId, before: Before) -> Result<Counter> {
        for hour in (before.hour - ANEW_HOURS..before.hour).rev() {
            let written = sealed::counter_of(self.look, self.device, series, hour)?;
            let Some((counter, _)) = written else {
                continue;
            };
            let span = Span {
                from: (hour + 1) * HOUR_MS,
                to: (before.hour + 1) * HOUR_MS,
                step: HOUR_MS,
            };
            let track = self
                .corrected(&[series], span.from, span.to + 1)?
                .remove(&series);
            let rules = self.counters.rules(series, self.catalogue);
            let mut counting = Counting::new(span, counter, &rules, self.forgotten_until);
            counting.take(&track.unwrap_or_default());
            return Ok(counting.finish().counter);
        }
        Ok(before.counter)
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

    /// The first hour from `from` on, and before `until`, of which a counter is written down.
    pub(super) fn next_written(
        &self,
        series: SeriesId,
        mut from: i64,
        until: Option<i64>,
    ) -> Result<Option<i64>> {
        let mut absent = 0;
        while absent < ABSENT_MAX && until.is_none_or(|until| from < until) {
            let month = Stage::Month.span_of(from * HOUR_MS);
            let to = Stage::Month.start_of(month + 1) / HOUR_MS;
            if self.look.has_volume(Level::Hour, from * HOUR_MS)? {
                let end = until.map_or(to, |until| until.min(to));
                let span = |hour: i64| Stage::Hour.span_of(hour * HOUR_MS);
                let range = (span(from), span(end));
                for hour in self.look.hours_with_counters(self.device, range)? {
                    let hour = i64::from(hour);
                    if sealed::counter_of(self.look, self.device, series, hour)?.is_some() {
                        return Ok(Some(hour));
                    }
                }
                absent = 0;
            } else {
                absent += 1;
            }
            from = to;
        }
        Ok(None)
    }

    /// The first hour after `hour` in which a series was read, as it was sealed.
    pub(super) fn next_hour(&self, series: SeriesId, hour: i64) -> Result<Option<i64>> {
        let newest = self.memo.with(|notes| notes.newest.get(&series).copied());
        if newest.is_some_and(|newest| newest <= hour) {
            return Ok(None);
        }
        let (mut from, mut whole) = ((hour + 1) * HOUR_MS, true);
        for _ in 0..MONTHS_MAX {
            let month = Stage::Month.span_of(from);
            let to = Stage::Month.start_of(month + 1);
            if self.look.has_volume(Level::Hour, from)? {
                let span = (from, to);
                let (found, all) = first_read(self.look, self.device, series, span)?;
                if found.is_some() {
                    return Ok(found);
                }
                whole &= all;
            }
            from = to;
        }
        if whole {
            self.memo.with(|notes| {
                if notes.sealed == self.noted {
                    notes.newest.insert(series, hour);
                }
            });
        }
        Ok(None)
    }
}

/// The first hour of a span in which a series was read, as it was sealed, and whether all of its hourly
/// rows could be looked at. Where they are damaged the quarters tell it: the rows of a reading that is
/// passed over keep energy that a later one would book again.
fn first_read(
    look: &Look,
    device: Device,
    series: SeriesId,
    (from, to): (i64, i64),
) -> Result<(Option<i64>, bool)> {
    let first = |level: Level, rows: Vec<Option<Summary>>| {
        let read = |(n, row): (i64, Option<Summary>)| (row?.count > 0).then_some(n);
        let found = (0..).zip(rows).find_map(read);
        found.map(|n| (from + n * level.step_ms()).div_euclid(HOUR_MS))
    };
    look.forget_damage();
    let hourly = first(
        Level::Hour,
        sealed::hour_rows(look, device, series, (from, to))?,
    );
    if !look.is_damaged() {
        return Ok((hourly, true));
    }
    let quarters = sealed::level_rows(look, Level::Quarter, device, series, (from, to))?;
    let found = hourly.into_iter().chain(first(Level::Quarter, quarters));
    Ok((found.min(), false))
}
