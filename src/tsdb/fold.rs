//! Closing quarters: folding the raw ticks of a quarter into one row per series.
//!
//! A closed quarter is always computed from the raw ticks by the same function, also when late
//! samples fall into it: what is on disk never depends on the order of arrival.

use super::codec::{self, StoredBatch};
use super::counter::Counter;
use super::rollup::{self, QUARTER_MS, Quarter, Summary};
use super::series::Catalogue;
use super::{QUARTERS, SeriesId, TICKS, tick_key, time_key, time_of};
use crate::base::sample::MetricKind;
use crate::base::{Result, Timestamp};
use crate::store::{Transaction, View};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// How long a quarter stays open for stragglers, ms.
const GRACE_MS: i64 = 60_000;
/// The longest poll interval: a sample this old may still stand for the present, ms.
const INTERVAL_MAX_MS: i64 = 3_600_000;
/// Quarters that one commit closes at most; the next tick goes on.
const QUARTERS_PER_COMMIT: usize = 96;
/// How far back the base of a counter is looked for at the start, ms.
const COUNTER_WITHIN_MS: i64 = 35 * 24 * 3_600_000;

/// Rows of one bucket after another.
pub(super) type Buckets = BTreeMap<Timestamp, BTreeMap<SeriesId, Summary>>;

/// How far the quarters are closed, and the counters at that point.
#[derive(Clone, Debug, Default)]
pub(super) struct Fold {
    /// Quarters that start before this are on disk.
    closed_until: Option<Timestamp>,
    /// The newest tick.
    newest: Option<Timestamp>,
    /// Counters as they stood at `closed_until`.
    counters: BTreeMap<SeriesId, Counter>,
    /// Closed quarters that late samples fell into.
    late: BTreeSet<Timestamp>,
}

impl Fold {
    pub(super) fn rebuild(view: &impl View, catalogue: &Catalogue) -> Result<Self> {
        let mut fold = Self::default();
        view.scan_back(TICKS, &[], &super::END, &mut |key, _| {
            fold.newest = Some(time_of(key));
            Ok(ControlFlow::Break(()))
        })?;
        let wanted: BTreeSet<_> = (0..u32::try_from(catalogue.len()).unwrap_or(u32::MAX))
            .map(SeriesId)
            .filter(|id| is_counter(catalogue, *id))
            .collect();
        view.scan_back(QUARTERS, &[], &[0xFF; 9], &mut |key, bytes| {
            let start = time_of(key);
            let until = *fold.closed_until.get_or_insert(start.plus_ms(QUARTER_MS));
            if until.since_ms(start) > COUNTER_WITHIN_MS || fold.counters.len() == wanted.len() {
                return Ok(ControlFlow::Break(()));
            }
            for (id, row) in Quarter::open(start, bytes)?
                .iter()
                .filter(|(id, _)| wanted.contains(id))
            {
                fold.counters.entry(id).or_insert(Counter::resume(row.last));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if fold.closed_until.is_none() {
            fold.closed_until = first_tick(view, None)?.map(rollup::quarter_of_delta);
        }
        Ok(fold)
    }

    /// Takes note of a tick that was stored.
    pub(super) fn note(&mut self, at: Timestamp, interval_ms: u32) {
        self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
        let until = *self
            .closed_until
            .get_or_insert(rollup::quarter_of_delta(at));
        let touched = rollup::spread(at, interval_ms, QUARTER_MS).map(|(quarter, _)| quarter);
        let delta = rollup::quarter_of_delta(at);
        // The quarter after counts its first delta from here.
        for quarter in touched.chain([delta, delta.plus_ms(QUARTER_MS)]) {
            if quarter < until {
                self.late.insert(quarter);
            }
        }
    }

    /// Writes the quarters that are over, and those that late samples changed.
    pub(super) fn close(
        &mut self,
        transaction: &Transaction<'_>,
        catalogue: &Catalogue,
    ) -> Result<()> {
        let (Some(mut until), Some(newest)) = (self.closed_until, self.newest) else {
            return Ok(());
        };
        for quarter in std::mem::take(&mut self.late) {
            let mut counters = counters_before(transaction, catalogue, quarter)?;
            write_quarter(transaction, catalogue, quarter, &mut counters)?;
            if quarter.plus_ms(QUARTER_MS) == until {
                // The open quarter goes on from what the late samples brought.
                self.counters.append(&mut counters);
            }
        }
        for _ in 0..QUARTERS_PER_COMMIT {
            if until.plus_ms(QUARTER_MS + GRACE_MS) > newest {
                break;
            }
            let wrote = write_quarter(transaction, catalogue, until, &mut self.counters)?;
            until = until.plus_ms(QUARTER_MS);
            if !wrote && let Some(next) = first_tick(transaction, Some(until))? {
                // Nothing was measured: go on where something was.
                until = until.max(rollup::quarter_of_delta(next));
            }
        }
        self.closed_until = Some(until);
        Ok(())
    }

    /// The quarters that are not on disk yet, folded now; nothing before `closed_until`.
    pub(super) fn open_quarters(
        &self,
        view: &impl View,
        catalogue: &Catalogue,
    ) -> Result<(Timestamp, Buckets)> {
        let (Some(from), Some(newest)) = (self.closed_until, self.newest) else {
            return Ok((Timestamp::from_ms(i64::MAX), Buckets::new()));
        };
        let to = newest.floor_to(QUARTER_MS).plus_ms(QUARTER_MS);
        let mut counters = self.counters.clone();
        let buckets = fold_raw(
            view,
            catalogue,
            None,
            (from, to),
            QUARTER_MS,
            &mut counters,
            from,
        )?;
        Ok((from, buckets))
    }
}

/// Folds the ticks of `from..to` into buckets of `step_ms`. `counters` stand as they were at
/// `counters_from` (at most `from`) and are carried to `to`.
pub(super) fn fold_raw(
    view: &impl View,
    catalogue: &Catalogue,
    only: Option<&[SeriesId]>,
    (from, to): (Timestamp, Timestamp),
    step_ms: i64,
    counters: &mut BTreeMap<SeriesId, Counter>,
    counters_from: Timestamp,
) -> Result<Buckets> {
    let mut buckets = Buckets::new();
    // A poller that is restarted asks again on the same tick: the first answer stands.
    let mut taken: BTreeMap<SeriesId, Timestamp> = BTreeMap::new();
    let mut take = |at: Timestamp, batch: &StoredBatch| {
        for sample in &batch.samples {
            let Some(value) = sample.value.filter(|_| sample.quality.counts()) else {
                continue;
            };
            if only.is_some_and(|only| !only.contains(&sample.series)) {
                continue;
            }
            if taken.insert(sample.series, at) == Some(at) {
                continue;
            }
            let mut last = value;
            if at > counters_from && at <= to && is_counter(catalogue, sample.series) {
                let counter = counters.entry(sample.series).or_default();
                let delta = counter.step(value);
                last = counter.base().unwrap_or(value);
                if at > from {
                    let bucket = buckets.entry(at.minus_ms(1).floor_to(step_ms)).or_default();
                    let none = Summary {
                        count: 0,
                        ..Summary::of(last, 0, delta)
                    };
                    rollup::add(bucket, sample.series, &none);
                }
            }
            for (n, (start, weight_ms)) in
                rollup::spread(at, batch.interval_ms, step_ms).enumerate()
            {
                if start >= from.floor_to(step_ms) && start < to {
                    let part = Summary {
                        last,
                        count: u32::from(n == 0),
                        ..Summary::of(value, weight_ms, 0.0)
                    };
                    rollup::add(buckets.entry(start).or_default(), sample.series, &part);
                }
            }
        }
    };
    let first = from.minus_ms(INTERVAL_MAX_MS).min(counters_from);
    let end = tick_key(to.plus_ms(1), 0);
    view.scan(TICKS, &tick_key(first, 0), &end, &mut |key, row| {
        let at = time_of(key);
        let shown = codec::decode(at, row, |batch| {
            take(at, batch);
            Ok(())
        });
        if let Err(error) = shown {
            tracing::error!(%error, "a damaged row of readings");
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(buckets)
}

/// Folds one quarter and writes it; `false` when nothing was measured in it.
fn write_quarter(
    transaction: &Transaction<'_>,
    catalogue: &Catalogue,
    quarter: Timestamp,
    counters: &mut BTreeMap<SeriesId, Counter>,
) -> Result<bool> {
    let span = (quarter, quarter.plus_ms(QUARTER_MS));
    let mut buckets = fold_raw(
        transaction,
        catalogue,
        None,
        span,
        QUARTER_MS,
        counters,
        quarter,
    )?;
    let Some(rows) = buckets.remove(&quarter).filter(|rows| !rows.is_empty()) else {
        return Ok(false);
    };
    transaction.put(QUARTERS, &time_key(quarter), &rollup::encode(&rows))?;
    Ok(true)
}

/// The counters as the quarters before `quarter` left them.
fn counters_before(
    view: &impl View,
    catalogue: &Catalogue,
    quarter: Timestamp,
) -> Result<BTreeMap<SeriesId, Counter>> {
    let mut counters = BTreeMap::new();
    let from = quarter.minus_ms(COUNTER_WITHIN_MS);
    view.scan_back(
        QUARTERS,
        &time_key(from),
        &time_key(quarter),
        &mut |key, bytes| {
            let rows = Quarter::open(time_of(key), bytes)?;
            for (id, row) in rows.iter().filter(|(id, _)| is_counter(catalogue, *id)) {
                counters.entry(id).or_insert(Counter::resume(row.last));
            }
            // The quarter right before holds every counter that was alive.
            Ok(ControlFlow::Break(()))
        },
    )?;
    Ok(counters)
}

fn first_tick(view: &impl View, from: Option<Timestamp>) -> Result<Option<Timestamp>> {
    let mut first = None;
    let start = from.map_or([0; 16], |from| tick_key(from, 0));
    view.scan(TICKS, &start, &super::END, &mut |key, _| {
        first = Some(time_of(key));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(first)
}

fn is_counter(catalogue: &Catalogue, id: SeriesId) -> bool {
    catalogue
        .info(id)
        .is_some_and(|info| info.key.metric.kind() == MetricKind::Counter)
}
