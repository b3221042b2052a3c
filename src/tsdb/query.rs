//! Answering: raw points, or buckets from the coarsest level that still answers.

use super::fold::{Buckets, fold_raw};
use super::rollup::{QUARTER_MS, Quarter, Summary};
use super::{QUARTERS, SeriesId, TICKS, Tsdb, codec, tick_key, time_key, time_of};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, Result, TimeRange, Timestamp};
use crate::store::View as _;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

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

/// One stored tick: a column per series, `None` where it is missing or not to be believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When the values were true.
    pub at: Timestamp,
    /// The values.
    pub values: Vec<Option<f64>>,
}

/// One bucket: a column per series, `None` where nothing was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
    /// What is known of each series.
    pub columns: Vec<Option<Summary>>,
}

impl Tsdb {
    /// Every stored tick of a range in which one of the series was asked for, in order of time.
    ///
    /// # Errors
    /// When the file cannot be read, or the answer would have too many points.
    pub fn raw(&self, series: &[SeriesId], range: TimeRange) -> Result<Vec<Point>> {
        let mut points: Vec<Point> = Vec::new();
        let (from, to) = (tick_key(range.from, 0), tick_key(range.to, 0));
        self.store
            .read()?
            .scan(TICKS, &from, &to, &mut |key, row| {
                let at = time_of(key);
                let mut values = vec![None; series.len()];
                let mut asked = false;
                let shown = codec::decode(at, row, |batch| {
                    for sample in &batch.samples {
                        if let Some(column) = series.iter().position(|id| *id == sample.series) {
                            asked = true;
                            values[column] = sample.value.filter(|_| sample.quality.counts());
                        }
                    }
                    Ok(())
                });
                if let Err(error) = shown {
                    tracing::error!(%error, "a damaged row of readings");
                }
                if asked {
                    join(&mut points, Point { at, values });
                }
                if points.len() > POINTS_MAX {
                    Err(too_many())
                } else {
                    Ok(ControlFlow::Continue(()))
                }
            })?;
        Ok(points)
    }

    /// The buckets of a range, the empty ones too: a gap stays a gap.
    ///
    /// # Errors
    /// When the file cannot be read, or the answer would have too many points.
    pub fn buckets(&self, query: &Query) -> Result<Vec<Bucket>> {
        let Resolution::Buckets(size) = query.resolution else {
            return Err(Error::internal("Raw points are no buckets."));
        };
        let mut buckets = lay_out(query, size)?;
        let span = TimeRange {
            from: buckets
                .first()
                .map_or(query.range.from, |bucket| bucket.start),
            to: buckets.last().map_or(query.range.to, |bucket| bucket.end),
        };
        let mut fill = Filler {
            buckets: &mut buckets,
            at: 0,
        };
        match size {
            BucketSize::Fixed(step_ms) if step_ms < QUARTER_MS => {
                let folded = self.fold_fine(&query.series, span, step_ms)?;
                fill.all(&query.series, &folded);
            }
            _ => self.fill_from_quarters(query, span, &mut fill)?,
        }
        Ok(buckets)
    }

    fn fold_fine(&self, series: &[SeriesId], span: TimeRange, step_ms: i64) -> Result<Buckets> {
        /// Where the counters get their first base: before the first bucket.
        const RUN_UP_MS: i64 = 3_600_000;
        let state = self.state();
        let mut counters = BTreeMap::new();
        let run_up = span.from.minus_ms(RUN_UP_MS);
        let (from, to) = (span.from, span.to);
        let reader = self.store.read()?;
        let only = Some(series);
        fold_raw(
            &reader,
            &state.catalogue,
            only,
            (from, to),
            step_ms,
            &mut counters,
            run_up,
        )
    }

    fn fill_from_quarters(
        &self,
        query: &Query,
        span: TimeRange,
        fill: &mut Filler<'_>,
    ) -> Result<()> {
        let state = self.state();
        let reader = self.store.read()?;
        let (open_from, open) = state.fold.open_quarters(&reader, &state.catalogue)?;
        let closed_to = span.to.min(open_from);
        reader.scan(
            QUARTERS,
            &time_key(span.from),
            &time_key(closed_to),
            &mut |key, bytes| {
                let start = time_of(key);
                match Quarter::open(start, bytes) {
                    Ok(quarter) => {
                        fill.one(start, query.series.iter().map(|id| quarter.get(*id)));
                    }
                    Err(error) => tracing::error!(%error, "a damaged quarter"),
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        let within = |(start, _): &(&Timestamp, _)| **start >= span.from && **start < span.to;
        for (start, rows) in open.iter().filter(within) {
            fill.one(*start, query.series.iter().map(|id| rows.get(id).copied()));
        }
        Ok(())
    }
}

/// Merges the columns of the same instant that came in two rows.
fn join(points: &mut Vec<Point>, next: Point) {
    match points.last_mut() {
        Some(last) if last.at == next.at => {
            for (old, new) in last.values.iter_mut().zip(next.values) {
                *old = old.or(new);
            }
        }
        _ => points.push(next),
    }
}

/// The empty buckets of a query.
fn lay_out(query: &Query, size: BucketSize) -> Result<Vec<Bucket>> {
    let mut buckets = Vec::new();
    let mut start = query.calendar.bucket_start(query.range.from, size);
    while start < query.range.to {
        let end = query.calendar.next_bucket(start, size);
        buckets.push(Bucket {
            start,
            end,
            columns: vec![None; query.series.len()],
        });
        if buckets.len() > POINTS_MAX || end <= start {
            return Err(too_many());
        }
        start = end;
    }
    Ok(buckets)
}

fn too_many() -> Error {
    Error::invalid(
        "resolution",
        format!("That is more than {POINTS_MAX} points. Ask for a shorter range or wider buckets."),
    )
}

/// Pours rows, which come in order of time, into the buckets they belong to.
struct Filler<'a> {
    buckets: &'a mut [Bucket],
    at: usize,
}

impl Filler<'_> {
    fn one(&mut self, start: Timestamp, row: impl Iterator<Item = Option<Summary>>) {
        while self
            .buckets
            .get(self.at)
            .is_some_and(|bucket| bucket.end <= start)
        {
            self.at += 1;
        }
        let Some(bucket) = self.buckets.get_mut(self.at) else {
            return;
        };
        for (column, summary) in bucket.columns.iter_mut().zip(row) {
            match (column, summary) {
                (Some(sum), Some(summary)) => sum.merge(&summary),
                (column @ None, Some(summary)) => *column = Some(summary),
                (_, None) => {}
            }
        }
    }

    fn all(&mut self, series: &[SeriesId], rows: &Buckets) {
        for (start, row) in rows {
            self.one(*start, series.iter().map(|id| row.get(id).copied()));
        }
    }
}
