//! Folded hours: what is answered, and the blocks they become.

use super::blocks::{Level, NewBlock, Stage};
use super::counter;
use super::fold::{self, Folded};
use super::hours::{DAY_HOURS, Ends, Fresh};
use super::pack::{self, RowColumn, Rows};
use super::rollup::Summary;
use super::series::{Catalogue, Device};
use super::track::{self, Track};
use super::{HOUR_MS, MINUTE_MS, SeriesId};
use std::collections::BTreeMap;
use std::ops::Range;

/// Folded minutes of some series over runs of hours.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub(super) runs: Vec<Run>,
    /// Where counters stood after the last of them.
    pub(super) ends: Ends,
}

/// Consecutive hours, folded.
#[derive(Debug)]
pub(super) struct Run {
    /// Hours since 1970.
    pub(super) hours: Range<i64>,
    /// Per series: a row per minute, and the counter at the end.
    pub(super) series: BTreeMap<SeriesId, Folded>,
}

impl Runs {
    /// The minutes of a series in an hour; `None` when that hour was not folded.
    pub(super) fn minutes(&self, series: SeriesId, hour: i64) -> Option<&[Option<Summary>]> {
        let run = self.runs.iter().find(|run| run.hours.contains(&hour))?;
        let at = usize::try_from(hour - run.hours.start).ok()? * fold::MINUTES;
        match run.series.get(&series) {
            Some(folded) => folded.rows.get(at..at + fold::MINUTES),
            None => Some(&[None; fold::MINUTES]),
        }
    }

    /// All folded hours.
    pub(super) fn hours(&self) -> impl Iterator<Item = i64> + '_ {
        self.runs.iter().flat_map(|run| run.hours.clone())
    }
}

impl Run {
    /// Whether this is a whole day.
    pub(super) fn is_day(&self) -> bool {
        self.hours.end - self.hours.start == DAY_HOURS
    }

    /// The blocks of some of the hours, one per level: of one hour or of the whole day.
    pub(super) fn blocks(&self, device: Device, hours: Range<i64>) -> Vec<(Level, NewBlock)> {
        let place = |hour: i64| usize::try_from(hour - self.hours.start).unwrap_or(0);
        let place = place(hours.start) * fold::MINUTES..place(hours.end) * fold::MINUTES;
        let minutes: BTreeMap<_, _> = self
            .series
            .iter()
            .map(|(id, folded)| (*id, &folded.rows[place.clone()]))
            .filter(|(_, rows)| rows.iter().any(Option::is_some))
            .collect();
        let start = hours.start * HOUR_MS;
        let stage = if hours.end - hours.start == 1 {
            Stage::Hour
        } else {
            Stage::Day
        };
        [Level::Minute, Level::Quarter, Level::Hour]
            .into_iter()
            .map(|level| {
                let factor = usize::try_from(level.step_ms() / MINUTE_MS).unwrap_or(1);
                let columns = minutes.iter().map(|(series, rows)| RowColumn {
                    series: *series,
                    rows: fold::coarsen(rows, factor),
                });
                let rows = Rows {
                    start,
                    step_ms: u32::try_from(level.step_ms()).unwrap_or(u32::MAX),
                    slots: u32::try_from(place.len() / factor).unwrap_or(0),
                    columns: columns.collect(),
                };
                let block = NewBlock {
                    stage,
                    span: stage.span_of(start),
                    device,
                    bytes: pack::encode_rows(&rows),
                };
                (level, block)
            })
            .collect()
    }

    /// Where the counters stood at the end of an hour of the run.
    pub(super) fn counters(&self, hour: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let place = usize::try_from(hour - self.hours.start).unwrap_or(usize::MAX);
        for (series, folded) in &self.series {
            // Also of one that was not read yet: the rows of a meter that was put in before its
            // first reading tell less.
            if let Some(end) = folded.ends.get(place) {
                let at = (hour + 1) * HOUR_MS;
                counter::encode_into(&mut bytes, *series, at, &end.counter, end.reached);
            }
        }
        bytes
    }
}

/// The raw block of an hour or a day.
pub(super) fn raw_block(
    catalogue: &Catalogue,
    device: Device,
    (stage, at): (Stage, i64),
    tracks: &Fresh,
) -> NewBlock {
    let chunk = track::to_chunk(tracks, |series| catalogue.role(series));
    NewBlock {
        stage,
        span: stage.span_of(at),
        device,
        bytes: pack::encode(&chunk),
    }
}

/// The end of the time that samples stand for, ms.
pub(super) fn reach(tracks: &Fresh) -> i64 {
    let end = |track: &Track| {
        let ends = track.at.iter().zip(&track.interval);
        ends.map(|(at, interval)| at + i64::from(*interval)).max()
    };
    tracks.values().filter_map(end).max().unwrap_or(0)
}
