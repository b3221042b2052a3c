//! Reading blocks: tracks of samples, and rows, each from the finest stage that holds them.

use super::blocks::{Level, Look, Stage};
use super::counter::{self, Counter};
use super::pack::{ChunkView, RowsView, Scratch};
use super::rollup::Summary;
use super::series::Device;
use super::track::{self, Track};
use super::{DAY_MS, HOUR_MS, SeriesId};
use crate::base::{Result, Timestamp};
use std::collections::BTreeMap;
use std::ops::Range;

/// How far back the base of a counter is looked for, ms: as long as a meter may be silent and
/// still have its energy counted when it is back.
const COUNTER_WITHIN_MS: i64 = 3_653 * DAY_MS;
/// How far back it is looked for day by day, ms.
const BY_DAY_MS: i64 = 35 * DAY_MS;

/// The sealed samples of series of a device in `from..to`, as they were measured.
pub(super) fn tracks(
    look: &Look,
    device: Device,
    wanted: Option<&[SeriesId]>,
    (from, to): (i64, i64),
) -> Result<BTreeMap<SeriesId, Track>> {
    let mut found: BTreeMap<SeriesId, Track> = BTreeMap::new();
    let mut day = from.max(0).div_euclid(DAY_MS) * DAY_MS;
    while day < to {
        let (start, end) = (day.max(from), (day + DAY_MS).min(to));
        day += DAY_MS;
        let span = Stage::Day.span_of(start);
        if !look.is_loose(Level::Raw, Stage::Hour, start)? {
            if let Some(bytes) = look.block(Level::Raw, Stage::Day, span, device)? {
                read_chunk(&bytes, wanted, (start, end), &mut found);
            }
            continue;
        }
        let packed = look.block(Level::Raw, Stage::Day, span, device)?;
        let mut hour = start.div_euclid(HOUR_MS) * HOUR_MS;
        while hour < end {
            let piece = (hour.max(start), (hour + HOUR_MS).min(end));
            let span = Stage::Hour.span_of(hour);
            if let Some(bytes) = look.block(Level::Raw, Stage::Hour, span, device)? {
                read_chunk(&bytes, wanted, piece, &mut found);
            } else if let Some(bytes) = &packed
                && !is_lost(look, Level::Raw, (Stage::Hour, span), device)?
            {
                read_chunk(bytes, wanted, piece, &mut found);
            }
            hour += HOUR_MS;
        }
    }
    Ok(found)
}

/// Adds what a chunk holds of a range. A damaged chunk is reported and left out: its time is a
/// gap, never a wrong value.
fn read_chunk(
    bytes: &[u8],
    wanted: Option<&[SeriesId]>,
    (from, to): (i64, i64),
    found: &mut BTreeMap<SeriesId, Track>,
) {
    let mut read = || -> Result<()> {
        let view = ChunkView::open(bytes)?;
        let mut times = view.times()?;
        let mut columns = Vec::new();
        match wanted {
            Some(wanted) => {
                for series in wanted {
                    columns.extend(view.column(*series)?);
                }
            }
            None => columns = view.decode()?.columns,
        }
        let (mut pieces, mut left) = (Vec::with_capacity(columns.len()), columns.len());
        for column in columns {
            left -= 1;
            let times = if left == 0 {
                std::mem::take(&mut times)
            } else {
                times.clone()
            };
            let series = column.series;
            let mut track = track::of_column(times, view.intervals(), column);
            if track.at.first().is_some_and(|at| *at < from)
                || track.at.last().is_some_and(|at| *at >= to)
            {
                track = track.slice(from, to);
            }
            pieces.push((series, track));
        }
        for (series, track) in pieces {
            found.entry(series).or_default().append(track);
        }
        Ok(())
    };
    if let Err(error) = read() {
        let from = Timestamp::from_ms(from);
        tracing::error!(%error, %from, "damaged readings are left out");
    }
}

/// Whether a block that overrode a coarser one is gone: what that one says is out of date.
fn is_lost(look: &Look, level: Level, (stage, span): (Stage, u32), device: Device) -> Result<bool> {
    let lost = look.is_lost(level, stage, span, device)?;
    if lost {
        let start = Timestamp::from_ms(stage.start_of(span));
        tracing::error!(%start, "a block is missing; what it replaced is left out");
    }
    Ok(lost)
}

/// Rows of one series in consecutive slots.
pub(super) struct RowSpan<'a> {
    pub(super) level: Level,
    /// Start of the first slot, ms; a multiple of the level's step.
    pub(super) from: i64,
    pub(super) rows: &'a mut [Option<Summary>],
}

impl RowSpan<'_> {
    fn to(&self) -> i64 {
        self.from + i64::try_from(self.rows.len()).unwrap_or(0) * self.level.step_ms()
    }

    /// The slots of a span of time, and how many of that span lie before the first.
    fn overlap(&self, start: i64, end: i64) -> (Range<usize>, usize) {
        let step = self.level.step_ms();
        let slot = |at: i64| usize::try_from((at - self.from).max(0) / step).unwrap_or(0);
        let skipped = usize::try_from((self.from - start).max(0) / step).unwrap_or(0);
        let range = slot(start).min(self.rows.len())..slot(end).min(self.rows.len());
        (range, skipped)
    }

    /// Takes the slots of a block, the empty ones too.
    pub(super) fn take(&mut self, start: i64, end: i64, rows: &[Option<Summary>]) {
        let (range, skipped) = self.overlap(start, end);
        for (slot, row) in self.rows[range].iter_mut().zip(rows.iter().skip(skipped)) {
            *slot = *row;
        }
    }
}

/// Fills the rows of several series of one device from the blocks.
pub(super) fn rows(
    look: &Look,
    device: Device,
    series: &[SeriesId],
    spans: &mut [RowSpan<'_>],
) -> Result<()> {
    let Some(first) = spans.first() else {
        return Ok(());
    };
    let (level, from, to) = (first.level, first.from, first.to());
    let mut taker = Taker {
        look,
        level,
        device,
        series,
        scratch: Scratch::default(),
    };
    if level.last_stage() == Stage::Day {
        return taker.days(spans, (from, to));
    }
    let mut month = Stage::Month.span_of(from);
    while Stage::Month.start_of(month) < to {
        let start = Stage::Month.start_of(month);
        let end = Stage::Month.start_of(month + 1);
        taker.block((Stage::Month, month), spans)?;
        if look.is_loose(level, Stage::Day, start)? || look.has_loose_hours(level, start, end)? {
            taker.days(spans, (start.max(from), end.min(to)))?;
        }
        month += 1;
    }
    Ok(())
}

/// Takes rows of one device out of its blocks.
struct Taker<'a> {
    look: &'a Look,
    level: Level,
    device: Device,
    /// One for each span that is filled.
    series: &'a [SeriesId],
    scratch: Scratch,
}

impl Taker<'_> {
    fn days(&mut self, spans: &mut [RowSpan<'_>], (from, to): (i64, i64)) -> Result<()> {
        let mut day = from.div_euclid(DAY_MS) * DAY_MS;
        while day < to {
            let span = Stage::Day.span_of(day);
            self.block((Stage::Day, span), spans)?;
            if self.look.is_loose(self.level, Stage::Hour, day)? {
                let mut hour = day.max(from).div_euclid(HOUR_MS) * HOUR_MS;
                while hour < (day + DAY_MS).min(to) {
                    let span = Stage::Hour.span_of(hour);
                    self.block((Stage::Hour, span), spans)?;
                    hour += HOUR_MS;
                }
            }
            day += DAY_MS;
        }
        Ok(())
    }

    fn block(&mut self, (stage, span): (Stage, u32), spans: &mut [RowSpan<'_>]) -> Result<()> {
        let (start, end) = (stage.start_of(span), stage.start_of(span + 1));
        let look = self.look;
        let leave_out = |spans: &mut [RowSpan<'_>]| {
            look.note_damage();
            for into in spans {
                let (range, _) = into.overlap(start, end);
                into.rows[range].fill(None);
            }
        };
        let Some(bytes) = look.block(self.level, stage, span, self.device)? else {
            if is_lost(look, self.level, (stage, span), self.device)? {
                leave_out(spans);
            }
            return Ok(());
        };
        let mut read = || -> Result<()> {
            let view = RowsView::open(&bytes)?;
            let mut reader = view.reader(&mut self.scratch);
            for (series, into) in self.series.iter().zip(&mut *spans) {
                let (range, skipped) = into.overlap(start, end);
                let count = (view.slots() as usize).saturating_sub(skipped);
                let into = &mut into.rows[range];
                let count = count.min(into.len());
                reader.column(*series, skipped, &mut into[..count])?;
            }
            Ok(())
        };
        if let Err(error) = read() {
            let start = Timestamp::from_ms(start);
            tracing::error!(%error, %start, "damaged rows are left out");
            leave_out(spans);
        }
        Ok(())
    }
}

/// The hour before `hour` (in hours since 1970) in which a series was last told of, and the counter
/// at its end. `None` when nothing is sealed in the years before.
pub(super) fn counter_before(
    look: &Look,
    device: Device,
    series: SeriesId,
    hour: i64,
) -> Result<Option<Before>> {
    // The hour before has it, nearly always; then the day, then by the day, then by the month.
    if let Some((counter, _)) = counter_of(look, device, series, hour - 1)? {
        return Ok(Some(Before::written(hour - 1, counter)));
    }
    let start = hour * HOUR_MS;
    let mut to = start;
    let mut from = to - HOUR_MS;
    while to > (start - COUNTER_WITHIN_MS).max(0) {
        let there = look.has_volume(Level::Hour, from)? || look.has_volume(Level::Hour, to - 1)?;
        if there && let Some((hour, row)) = last_row(look, device, series, (from, to))? {
            if let Some((counter, _)) = counter_of(look, device, series, hour)? {
                return Ok(Some(Before::written(hour, counter)));
            }
            let counter = counter_of_row(look, device, series, (hour, &row))?;
            let is_written = false;
            return Ok(Some(Before {
                hour,
                counter,
                is_written,
            }));
        }
        to = from;
        from = if to > start - BY_DAY_MS {
            (to - 1).div_euclid(DAY_MS) * DAY_MS
        } else {
            Stage::Month.start_of(Stage::Month.span_of((to - 1).max(0)))
        };
    }
    Ok(None)
}

/// Where a counter stood at the end of an hour.
pub(super) struct Before {
    pub(super) hour: i64,
    pub(super) counter: Counter,
    /// It was written down; else the rows tell no more.
    pub(super) is_written: bool,
}

impl Before {
    fn written(hour: i64, counter: Counter) -> Self {
        Self {
            hour,
            counter,
            is_written: true,
        }
    }
}

/// The counter of a series at the end of an hour as it was written down, and whether readings after
/// it changed what is booked before.
pub(super) fn counter_of(
    look: &Look,
    device: Device,
    series: SeriesId,
    hour: i64,
) -> Result<Option<(Counter, bool)>> {
    let Some(bytes) = look.counters(Stage::Hour.span_of(hour * HOUR_MS), device)? else {
        return Ok(None);
    };
    counter::decode(&bytes, series, (hour + 1) * HOUR_MS).or_else(|error| {
        tracing::error!(%error, "where counters stood is not readable; it is taken from the rows");
        Ok(None)
    })
}

/// The counter at the end of an hour as its row tells it: earlier versions wrote down no more.
pub(super) fn counter_of_row(
    look: &Look,
    device: Device,
    series: SeriesId,
    (hour, row): (i64, &Summary),
) -> Result<Counter> {
    let end = (hour + 1) * HOUR_MS;
    let pending = look.pending(Stage::Hour.span_of(hour * HOUR_MS), device)?;
    let open = pending.and_then(|bytes| counter::from_pending(&bytes, series, end, row.last));
    Ok(open.unwrap_or_else(|| Counter::resume(end, row.last)))
}

/// The last hour of a span with a row. Where hourly rows are damaged or absent the quarters tell it:
/// going back past them would count their energy again.
fn last_row(
    look: &Look,
    device: Device,
    series: SeriesId,
    (from, to): (i64, i64),
) -> Result<Option<(i64, Summary)>> {
    let last = |level: Level, rows: Vec<Option<Summary>>| {
        let found = (0..).zip(rows).filter_map(|(n, row)| Some((n, row?)));
        found
            .last()
            .map(|(n, row)| ((from + n * level.step_ms()).div_euclid(HOUR_MS), row))
    };
    look.forget_damage();
    let hourly = last(Level::Hour, hour_rows(look, device, series, (from, to))?);
    let whole = hourly.is_some_and(|(hour, _)| (hour + 1) * HOUR_MS == to);
    if whole && !look.is_damaged() {
        return Ok(hourly);
    }
    let quarters = level_rows(look, Level::Quarter, device, series, (from, to))?;
    let quarterly = last(Level::Quarter, quarters);
    Ok(match (quarterly, hourly) {
        (Some(quarter), Some(hour)) if hour.0 > quarter.0 => Some(hour),
        (quarter, hour) => quarter.or(hour),
    })
}

/// The hourly rows of a series; `from` and `to` are whole hours.
pub(super) fn hour_rows(
    look: &Look,
    device: Device,
    series: SeriesId,
    span: (i64, i64),
) -> Result<Vec<Option<Summary>>> {
    level_rows(look, Level::Hour, device, series, span)
}

/// The rows of a series at one level; `from` and `to` are whole steps of it.
pub(super) fn level_rows(
    look: &Look,
    level: Level,
    device: Device,
    series: SeriesId,
    (from, to): (i64, i64),
) -> Result<Vec<Option<Summary>>> {
    let slots = usize::try_from((to - from) / level.step_ms()).unwrap_or(0);
    let mut found = vec![None; slots];
    let mut spans = [RowSpan {
        level,
        from,
        rows: &mut found,
    }];
    rows(look, device, &[series], &mut spans)?;
    Ok(found)
}
