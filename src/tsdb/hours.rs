//! Folding hours of one device from everything that is known of it: blocks, head, corrections.
//!
//! An hour depends on the last reading before it (the base of a counter), on a sample that
//! reaches into it from the hour before, and on the reading on the stroke of its end. So when the
//! samples of an hour change, its neighbours may change too; which ones is decided here, once,
//! for sealing and for answering.

use super::blocks::{Level, Look, Stage};
use super::correct::Corrections;
use super::counter::Counter;
use super::counters::Counters;
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
    /// What is known of counters beside their readings.
    pub(super) counters: &'a Counters,
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
        for hour in changed {
            if self.is_forgotten(*hour)? {
                todo.remove(hour);
            }
        }
        let mut runs = Runs::default();
        let mut ends: Ends = BTreeMap::new();
        // Hours that are folded only because later readings reach into them.
        let mut reached: BTreeSet<i64> = BTreeSet::new();
        let mut folded_until = since;
        while let Some(first) = todo.pop_first() {
            let mut end = first + 1;
            while end % DAY_HOURS != 0 && todo.remove(&end) {
                end += 1;
            }
            let run = self.fold_run(wanted, first..end, (changed, &ends))?;
            if !reached.contains(&first)
                && let Some(back) = self.reached_from(&run, &ends)?
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
                ends.insert(*series, (end - 1, folded.counter.clone()));
                let stored = self.stored_end(*series, end - 1)?;
                if stored.is_none_or(|(stored, _)| stored != folded.counter)
                    && let Some(next) = self.next_hour(*series, end - 1)?
                    && next < until
                    && !self.is_forgotten(next)?
                {
                    todo.insert(next);
                }
            }
            folded_until = end;
            runs.runs.push(run);
        }
        Ok(runs)
    }

    /// The first hour that readings of a run, or what was there in their place, book something in;
    /// `None` when all of it lies in the run.
    fn reached_from(&self, run: &Run, ends: &Ends) -> Result<Option<i64>> {
        let first = run.hours.start;
        let mut earliest: Option<i64> = None;
        for (series, folded) in &run.series {
            if !self.catalogue.is_counter(*series) {
                continue;
            }
            let mut at = folded.reaches_back;
            let before = self.counter_at(*series, first, ends)?;
            let stored = self.stored_end(*series, first - 1)?;
            if before.is_open() || stored.is_some_and(|(_, reached)| reached) {
                at = at.min(before.earliest()).or(at).or(before.earliest());
            }
            if let Some(at) = at {
                earliest = Some(earliest.map_or(at, |known| known.min(at)));
            }
        }
        Ok(earliest.map(|at| at.div_euclid(HOUR_MS)))
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
                if track.is_some() || counter.base().is_some() {
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

/// Where counters stood at the end of the last hour that was folded.
pub(super) type Ends = BTreeMap<SeriesId, (i64, Counter)>;

/// Hours that are folded at once at most: those of a day, which make one block.
pub(super) const DAY_HOURS: i64 = 24;
