//! Folding hours of one device from everything that is known of it: blocks, head, corrections.
//!
//! An hour depends on the last reading before it (the base of a counter), on a sample that
//! reaches into it from the hour before, and on the reading on the stroke of its end. So when the
//! samples of an hour change, its neighbours may change too; which ones is decided here, once,
//! for sealing and for answering.

use super::blocks::{Level, Look, Stage};
use super::correct::Corrections;
use super::counter::{Counter, GAP_MAX_MS};
use super::counters::Counters;
use super::fold::{self, Folded, INTERVAL_MAX_MS, Span};
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
    /// What is known of counters beside their readings.
    pub(super) counters: &'a Counters,
    /// What is in no block yet.
    pub(super) fresh: &'a Fresh,
    /// What the memo knew when this was made: what is found in older blocks is not noted.
    pub(super) noted: u64,
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

    /// Folds the hours whose samples changed, and those from the hour `since` on that change with
    /// them.
    pub(super) fn fold(
        &self,
        wanted: &[SeriesId],
        changed: &BTreeSet<i64>,
        since: i64,
    ) -> Result<Runs> {
        self.fold_until(wanted, changed, since, i64::MAX)
    }

    /// As [`Desk::fold`], but no hour from `until` on.
    pub(super) fn fold_until(
        &self,
        wanted: &[SeriesId],
        changed: &BTreeSet<i64>,
        since: i64,
        until: i64,
    ) -> Result<Runs> {
        let mut todo = self.with_neighbours(wanted, changed)?;
        todo.retain(|hour| *hour < until);
        for hour in todo.clone() {
            if self.is_forgotten(hour)? {
                todo.remove(&hour);
            }
        }
        let mut runs = Runs::default();
        let mut ends: Ends = BTreeMap::new();
        // Hours that are folded only because later readings reach into them.
        let mut reached: BTreeSet<i64> = BTreeSet::new();
        // Hours of silence that are folded because people changed something before them.
        let mut silent: BTreeSet<i64> = BTreeSet::new();
        let mut folded_until = since;
        while let Some(first) = todo.pop_first() {
            let mut end = first + 1;
            while end % DAY_HOURS != 0 && todo.remove(&end) {
                end += 1;
            }
            let run = self.fold_run(wanted, first..end, (changed, &ends))?;
            if !reached.contains(&first)
                && let Some(back) = self.reached_from(wanted, &run, &ends)?
                && back.max(folded_until) < first
            {
                // What is counted here belongs to earlier hours too: again, from there on.
                let earlier = self.not_forgotten(back.max(folded_until)..first)?;
                if !earlier.is_empty() {
                    reached.extend(earlier.iter().copied().chain([first]));
                    todo.extend(earlier.into_iter().chain(first..end));
                    continue;
                }
            }
            for (series, folded) in &run.series {
                if !self.catalogue.is_counter(*series) {
                    continue;
                }
                let next = self.changes_next(*series, &run.hours, folded, (changed, &silent))?;
                if let Some(next) = next.filter(|next| next.hour < until)
                    && !self.is_forgotten(next.hour)?
                {
                    todo.insert(next.hour);
                    if next.is_silent {
                        silent.insert(next.hour);
                    }
                }
                let stood = Stood {
                    hour: end - 1,
                    counter: folded.counter.clone(),
                    sealed_from: next.map_or(end, |next| next.hour),
                };
                ends.insert(*series, stood);
            }
            folded_until = end;
            runs.runs.push(run);
        }
        runs.ends = ends;
        Ok(runs)
    }

    /// The next hour after a run that the run changes, far away when nothing was read or written down
    /// after it, and `None` when all that is sealed after it holds.
    fn changes_next(
        &self,
        series: SeriesId,
        hours: &Range<i64>,
        folded: &Folded,
        (changed, silent): (&BTreeSet<i64>, &BTreeSet<i64>),
    ) -> Result<Option<Next>> {
        // Without readings an hour changed because of what people did: that shows only when the
        // counter is read again. Until then the counter stands where it stood, while what was spread
        // over the silence changed.
        let is_silent = |hour: i64| {
            (changed.contains(&hour) || silent.contains(&hour))
                && !self.has_fresh(hour * HOUR_MS, (hour + 1) * HOUR_MS)
        };
        let is_silent = hours.clone().any(is_silent);
        if !is_silent {
            let stored = self.stored_end(series, hours.end - 1)?;
            if stored.is_some_and(|(stored, _)| stored == folded.counter) {
                return Ok(None);
            }
        }
        let read = self.next_hour(series, hours.end - 1)?;
        // Hours of silence were folded as well where people changed something: what is written down of
        // them does not hold either.
        let written = self.next_written(series, hours.end, read)?;
        let Some(hour) = written.or(read) else {
            let (hour, is_silent) = (i64::MAX, false);
            return Ok(Some(Next { hour, is_silent }));
        };
        // A reading on the stroke closes the hour before, in which nothing may have been read.
        let stroke = hour * HOUR_MS;
        let strikes = hour > hours.end && {
            let read = self.measured(&[series], stroke, stroke + 1)?;
            read.contains_key(&series)
        };
        Ok(Some(Next {
            hour: hour - i64::from(strikes),
            is_silent: is_silent && written.is_some(),
        }))
    }

    /// The first hour that readings of a run, or what was there in their place, book something in;
    /// `None` when all of it lies in the run.
    fn reached_from(&self, wanted: &[SeriesId], run: &Run, ends: &Ends) -> Result<Option<i64>> {
        let first = run.hours.start;
        let mut earliest = first;
        for series in wanted {
            if !self.catalogue.is_counter(*series) {
                continue;
            }
            let mut at = run
                .series
                .get(series)
                .and_then(|folded| folded.reaches_back);
            let before = self.counter_at(*series, first, ends)?;
            if before.is_open() {
                at = at.min(before.earliest()).or(at).or(before.earliest());
            }
            if let Some(at) = at {
                earliest = earliest.min(at.div_euclid(HOUR_MS));
            }
            // What was booked until now went back as far as the ends of hours say.
            earliest = earliest.min(self.booked_from(*series, first)?);
        }
        Ok((earliest < first).then_some(earliest))
    }

    /// The first hour that readings from the hour `first` on booked something in, as far as what is
    /// written down of the ends of hours tells.
    fn booked_from(&self, series: SeriesId, first: i64) -> Result<i64> {
        let Some((counter, true)) = sealed::counter_of(self.look, self.device, series, first - 1)?
        else {
            return Ok(first);
        };
        // No reading after it booked anything before the one that was counted from: a counter whose
        // readings go over the end of each hour does not lead back through all of them.
        let counted = counter.earliest().map(|at| at.div_euclid(HOUR_MS));
        let floor = counted.unwrap_or(i64::MIN).max(first - REACH_MAX_HOURS);
        let mut hour = first - 1;
        while hour > floor && self.was_reached(series, hour - 1)? {
            hour -= 1;
        }
        Ok(hour)
    }

    pub(super) fn was_reached(&self, series: SeriesId, hour: i64) -> Result<bool> {
        let end = sealed::counter_of(self.look, self.device, series, hour)?;
        Ok(end.is_some_and(|(_, reached)| reached))
    }

    fn not_forgotten(&self, hours: Range<i64>) -> Result<BTreeSet<i64>> {
        let floor = self.forgotten_until.div_euclid(HOUR_MS);
        let mut kept = BTreeSet::new();
        for hour in hours.start.max(floor)..hours.end {
            if !self.is_forgotten(hour)? {
                kept.insert(hour);
            }
        }
        Ok(kept)
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
                    let closed = self.stored_end(*series, hour - 1)?;
                    let is_known =
                        |counter: &Counter| counter.was_read(start, fresh.value(range.start));
                    if !closed.is_some_and(|(counter, _)| is_known(&counter)) {
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
            // Also what was spread over a silence is made of samples that are gone.
            measured = rows.iter().any(Option::is_some);
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
        (changed, ends): (&BTreeSet<i64>, &Ends),
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
        let mut tracks = self.corrected(wanted, span.from - back, span.to + 1)?;
        let mut series = BTreeMap::new();
        for id in wanted {
            let track = tracks.remove(id);
            if self.catalogue.is_counter(*id) {
                let counter = self.counter_at(*id, hours.start, ends)?;
                // The first reading of a new meter is one, though nothing was read there. Where that
                // was undone nothing is known of the counter, but what is written down of it.
                let is_known = track.is_some() || counter.base().is_some();
                if is_known
                    || self.counters.has_events(*id)
                    || self.stored_end(*id, hours.end - 1)?.is_some()
                {
                    let track = track.unwrap_or_default();
                    let folded = self.count(*id, &track, span, (counter, changed))?;
                    series.insert(*id, folded);
                }
            } else if let Some(track) = track {
                series.insert(*id, fold::fold(&track, span));
            }
        }
        Ok(Run { hours, series })
    }
}

/// The next hour that a run changes.
#[derive(Clone, Copy)]
struct Next {
    hour: i64,
    /// Nothing was read in it, and the run changed because of what people did.
    is_silent: bool,
}

/// Where counters stood at the end of the last hour that was folded.
pub(super) type Ends = BTreeMap<SeriesId, Stood>;

/// Where a counter stood at the end of an hour that was folded.
#[derive(Debug)]
pub(super) struct Stood {
    /// That hour.
    pub(super) hour: i64,
    pub(super) counter: Counter,
    /// The first hour after it of which what is sealed holds.
    pub(super) sealed_from: i64,
}

/// How far back a reading may book something at most: over a gap, from a level that was left a day
/// before it.
const REACH_MAX_HOURS: i64 = GAP_MAX_MS / HOUR_MS + 2 * DAY_HOURS;

/// Hours that are folded at once at most: those of a day, which make one block.
pub(super) const DAY_HOURS: i64 = 24;
