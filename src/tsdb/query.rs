//! Answering: raw points, or buckets from the coarsest level that still answers.

use super::blocks::{Level, Look};
use super::buckets::Buckets;
use super::counter::Counter;
use super::fold::{self, Span};
use super::hours::{Desk, Fresh};
use super::rollup::Summary;
use super::sealed::{self, RowSpan};
use super::series::Device;
use super::track::Track;
use super::{DAY_MS, HOUR_MS, MINUTE_MS, SeriesId, State, Tsdb};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, Result, TimeRange, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Most points of one answer: more than four per pixel of a wall display help nobody.
pub(super) const POINTS_MAX: usize = 5_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// The series, in the order of the answer's columns.
    pub series: Vec<SeriesId>,
    /// From when to when.
    pub range: TimeRange,
    /// How fine.
    pub resolution: Resolution,
    /// Whose days.
    pub calendar: Calendar,
}

/// How fine an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Every stored tick.
    Raw,
    /// One point per bucket.
    Buckets(BucketSize),
}

impl Tsdb {
    /// The buckets of a range, the empty ones too: a gap stays a gap.
    ///
    /// # Errors
    /// When the files cannot be read, or the answer would have too many points.
    pub fn buckets(&self, query: &Query) -> Result<Buckets> {
        self.answer(query, source_of)
    }

    /// As [`Tsdb::buckets`], folded from the samples whatever rows are stored: the measure of what
    /// the rows save.
    ///
    /// # Errors
    /// As [`Tsdb::buckets`].
    pub fn buckets_from_samples(&self, query: &Query) -> Result<Buckets> {
        self.answer(query, |size, buckets| match size {
            BucketSize::Fixed(step) if HOUR_MS % step == 0 => Source::Samples(step),
            size => source_of(size, buckets),
        })
    }

    fn answer(
        &self,
        query: &Query,
        source_of: impl Fn(BucketSize, &Buckets) -> Source,
    ) -> Result<Buckets> {
        let Resolution::Buckets(size) = query.resolution else {
            return Err(Error::internal("Raw points are no buckets."));
        };
        let mut buckets = lay_out(query, size)?;
        let Some(span) = buckets.span() else {
            return Ok(buckets);
        };
        let state = self.state();
        let source = source_of(size, &buckets);
        for (device, wanted) in by_device(&state, &query.series) {
            let columns = self.rows_of(&state, (device, &wanted), source, span)?;
            for (id, (from, step, rows)) in wanted.iter().zip(columns) {
                for place in (0..query.series.len()).filter(|n| query.series[*n] == *id) {
                    buckets.pour(place, from, step, &rows);
                }
            }
        }
        Ok(buckets)
    }

    /// The rows of series of a device over a span.
    fn rows_of(
        &self,
        state: &State,
        (device, wanted): (Device, &[SeriesId]),
        source: Source,
        span: (i64, i64),
    ) -> Result<Vec<RowsOf>> {
        // Blocks are looked at after the head: what is sealed in between is in both, never in
        // neither.
        let mut changed = self.changed_hours(state, device);
        let mut fresh = self.fresh(device, wanted, span.1 + HOUR_MS);
        let mut look = self.blocks.look();
        let nothing = Fresh::new();
        let desk = self.desk(&look, state, device, &nothing);
        let mut noted = desk.noted;
        if desk.is_decided_later(wanted, span.1, &changed)? {
            fresh = self.fresh(device, wanted, i64::MAX);
            noted = self.memo.with(|notes| notes.sealed);
            look = self.blocks.look();
        } else {
            changed.retain(|hour| hour * HOUR_MS < span.1 + HOUR_MS);
        }
        let mut desk = self.desk(&look, state, device, &fresh);
        desk.noted = noted;
        match source {
            Source::Level(level) => level_rows(&desk, wanted, level, span, &changed),
            Source::Samples(step) => sample_rows(&desk, wanted, step, span, &changed),
        }
    }

    /// The hours of a device that the blocks do not tell the truth about.
    fn changed_hours(&self, state: &State, device: Device) -> BTreeSet<i64> {
        let mut hours = self.head_read(|head| head.hours_of(device));
        hours.extend(state.dirty_of(device));
        hours
    }

    /// What is in no block yet of some series of a device, up to `to`, ms.
    pub(super) fn fresh(&self, device: Device, wanted: &[SeriesId], to: i64) -> Fresh {
        self.head_read(|head| {
            let hours = head.hours_of(device);
            let track = |id: &SeriesId| {
                let mut track = Track::default();
                for hour in hours.iter().filter(|hour| *hour * HOUR_MS <= to) {
                    track.append(head.track(device, *id, *hour));
                }
                (!track.is_empty()).then_some((*id, track))
            };
            wanted.iter().filter_map(track).collect()
        })
    }

    pub(super) fn desk<'a>(
        &'a self,
        look: &'a Look,
        state: &'a State,
        device: Device,
        fresh: &'a Fresh,
    ) -> Desk<'a> {
        Desk {
            look,
            memo: &self.memo,
            catalogue: &state.catalogue,
            corrections: &state.corrections,
            counters: &state.counters,
            forgotten_until: state.forgotten_until,
            device,
            fresh,
            noted: self.memo.with(|notes| notes.sealed),
        }
    }
}

/// The series of a query by the device they belong to, each once.
pub(super) fn by_device(state: &State, series: &[SeriesId]) -> BTreeMap<Device, Vec<SeriesId>> {
    let mut devices: BTreeMap<Device, Vec<SeriesId>> = BTreeMap::new();
    for id in series {
        if let Some(device) = state.catalogue.device_of(*id) {
            let wanted = devices.entry(device).or_default();
            if !wanted.contains(id) {
                wanted.push(*id);
            }
        }
    }
    devices
}

/// Where the rows of an answer come from.
#[derive(Clone, Copy)]
enum Source {
    /// Stored rows.
    Level(Level),
    /// Samples, folded into this many ms.
    Samples(i64),
}

/// The coarsest level whose rows every bucket is made of.
fn source_of(size: BucketSize, buckets: &Buckets) -> Source {
    // Local hours and days begin on a whole hour of UTC in most zones, on a quarter in the others.
    let made_of = |step: i64| {
        let whole = |at: Timestamp| at.ms() % step == 0;
        buckets.iter().all(|b| whole(b.start) && whole(b.end))
    };
    let coarsest_first = [Level::Hour, Level::Quarter, Level::Minute];
    let level = coarsest_first
        .into_iter()
        .find(|level| made_of(level.step_ms()));
    match (level, size) {
        (Some(level), _) => Source::Level(level),
        (None, BucketSize::Fixed(step)) if HOUR_MS % step == 0 => Source::Samples(step),
        // Buckets that no whole number of makes an hour: of minutes, as near as those come.
        (None, _) => Source::Level(Level::Minute),
    }
}

/// Start of the first row, length of a row, rows.
type RowsOf = (i64, i64, Vec<Option<Summary>>);

/// The stored rows of a span, with those folded anew that samples or corrections changed since.
fn level_rows(
    desk: &Desk<'_>,
    wanted: &[SeriesId],
    level: Level,
    (from, to): (i64, i64),
    changed: &BTreeSet<i64>,
) -> Result<Vec<RowsOf>> {
    let step = level.step_ms();
    let from = from.div_euclid(step) * step;
    let slots = usize::try_from((to - from + step - 1) / step).unwrap_or(0);
    let mut columns: Vec<_> = wanted.iter().map(|_| vec![None; slots]).collect();
    let mut spans: Vec<_> = columns
        .iter_mut()
        .map(|rows| RowSpan { level, from, rows })
        .collect();
    sealed::rows(desk.look, desk.device, wanted, &mut spans)?;
    if !changed.is_empty() {
        let runs = desk.fold(wanted, changed, from.div_euclid(HOUR_MS))?;
        let factor = usize::try_from(step / MINUTE_MS).unwrap_or(1);
        for hour in runs.hours() {
            let start = hour * HOUR_MS;
            for (id, into) in wanted.iter().zip(&mut spans) {
                if let Some(minutes) = runs.minutes(*id, hour) {
                    into.take(start, start + HOUR_MS, &fold::coarsen(minutes, factor));
                }
            }
        }
    }
    Ok(columns.into_iter().map(|rows| (from, step, rows)).collect())
}

/// Rows finer than any that is stored, from the samples.
fn sample_rows(
    desk: &Desk<'_>,
    wanted: &[SeriesId],
    step: i64,
    (from, to): (i64, i64),
    changed: &BTreeSet<i64>,
) -> Result<Vec<RowsOf>> {
    let start = from.div_euclid(HOUR_MS) * HOUR_MS;
    let mut columns = Vec::with_capacity(wanted.len());
    for id in wanted {
        let counter = desk.counter_from(*id, start, changed)?;
        let span = Span {
            from: start,
            to,
            step,
        };
        let rows = fold_days(desk, *id, span, (counter, changed))?;
        columns.push((start, step, rows));
    }
    Ok(columns)
}

/// Folds the samples of one series day by day, each of which is unpacked once.
fn fold_days(
    desk: &Desk<'_>,
    id: SeriesId,
    whole: Span,
    (mut counter, changed): (Option<Counter>, &BTreeSet<i64>),
) -> Result<Vec<Option<Summary>>> {
    let track = |from: i64, to: i64| -> Result<Track> {
        let mut found = desk.corrected(&[id], from, to)?;
        Ok(found.remove(&id).unwrap_or_default())
    };
    let Span { from, to, step } = whole;
    let next_day = |at: i64| ((at.div_euclid(DAY_MS) + 1) * DAY_MS).min(to);
    let mut rows = Vec::new();
    let (mut from, mut end) = (from, next_day(from));
    let mut current = track(from - fold::INTERVAL_MAX_MS, end)?;
    loop {
        let next = if end < to { next_day(end) } else { end + 1 };
        let following = track(end, next)?;
        // The reading on the stroke of the end closes the last bucket.
        let stroke = following.slice(end, end + 1);
        let span = Span {
            from,
            to: end,
            step,
        };
        current.append(stroke);
        let folded = match counter.take() {
            Some(state) => {
                let folded = desk.count(id, &current, span, (state, changed))?;
                counter = Some(folded.counter.clone());
                folded
            }
            None => fold::fold(&current, span),
        };
        rows.extend(folded.rows);
        if end >= to {
            return Ok(rows);
        }
        let mut tail = current.slice(end - fold::INTERVAL_MAX_MS, end);
        // The stroke at its end, too: growing by it would copy the day once more.
        tail.reserve(following.len() + 1);
        tail.append(following);
        current = tail;
        (from, end) = (end, next);
    }
}

/// The empty buckets of a query.
fn lay_out(query: &Query, size: BucketSize) -> Result<Buckets> {
    let mut spans = Vec::new();
    let mut start = query.calendar.bucket_start(query.range.from, size);
    while start < query.range.to {
        let end = query.calendar.next_bucket(start, size);
        spans.push((start, end));
        if spans.len() > POINTS_MAX || end <= start {
            return Err(too_many());
        }
        start = end;
    }
    Ok(Buckets::empty(spans, query.series.len()))
}

pub(super) fn too_many() -> Error {
    Error::invalid(
        "resolution",
        format!("That is more than {POINTS_MAX} points. Ask for a shorter range or wider buckets."),
    )
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
