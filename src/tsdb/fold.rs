//! *pure* — folding the samples of a series into buckets.
//!
//! A bucket is always computed from the same samples by the same function, whether an hour is
//! sealed, a late sample came, or an open hour is asked for: what is answered never depends on
//! the order of arrival.

use super::counter::Counter;
use super::pack::{State, Values, integer_of};
use super::rollup::{Summary, spread};
use super::track::{POWERS, Track, number};
use crate::base::Quality;

/// The longest poll interval: a sample this old may still stand for the present, ms.
pub(super) const INTERVAL_MAX_MS: i64 = 3_600_000;

/// Buckets of one series, and its counter at their end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Folded {
    /// One entry per bucket; `None` where nothing is known.
    pub(super) rows: Vec<Option<Summary>>,
    /// The counter after the last reading at or before the end.
    pub(super) counter: Counter,
    /// The counter at the end of each whole hour.
    pub(super) ends: Vec<HourEnd>,
    /// The earliest instant before the buckets in which readings here book something, ms.
    pub(super) reaches_back: Option<i64>,
}

/// A counter at the end of an hour.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HourEnd {
    /// As the readings until then left it.
    pub(super) counter: Counter,
    /// Readings after it changed what is booked before it.
    pub(super) reached: bool,
}

/// A span that is cut into buckets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Start, ms since the epoch; a multiple of the step.
    pub(super) from: i64,
    /// End, ms since the epoch.
    pub(super) to: i64,
    /// Length of a bucket, ms.
    pub(super) step: i64,
}

impl Span {
    pub(super) fn slots(self) -> usize {
        usize::try_from((self.to - self.from + self.step - 1) / self.step).unwrap_or(0)
    }

    pub(super) fn slot(self, at: i64) -> Option<usize> {
        let inside = at >= self.from && at < self.to;
        inside
            .then(|| usize::try_from((at - self.from) / self.step).ok())
            .flatten()
    }
}

/// Folds the samples of a gauge into the buckets of a span. The track holds the samples of the
/// span and those of the hour before it: one may stand for its beginning.
pub(super) fn fold(track: &Track, span: Span) -> Folded {
    let mut rows = vec![None; span.slots()];
    if let Some(interval) = regular(track, span)
        && let Values::Decimal { places, ints } = &track.values
    {
        fold_regular(track, span, interval, (*places, ints), &mut rows);
        return Folded::of_gauge(rows);
    }
    for n in track.range(span.from - INTERVAL_MAX_MS, span.to + 1) {
        let State::Value(quality) = track.state[n] else {
            continue;
        };
        if quality.counts() {
            let value = number(&track.values, n);
            add_weight(track, n, value, span, quality, &mut rows);
        }
    }
    if let Values::Decimal { places, .. } = track.values {
        for row in rows.iter_mut().flatten() {
            row.round_to(POWERS[usize::from(places)]);
        }
    } else {
        for row in rows.iter_mut().flatten() {
            row.weighted_sum = shorten(row.weighted_sum);
        }
    }
    Folded::of_gauge(rows)
}

impl Folded {
    fn of_gauge(rows: Vec<Option<Summary>>) -> Self {
        Self {
            rows,
            counter: Counter::default(),
            ends: Vec::new(),
            reaches_back: None,
        }
    }
}

/// The sum of noisy floats with the digits that mean something: 32 significant bits, eight more
/// than the registers have. The rest is noise that no packing shortens.
pub(super) fn shorten(sum: f64) -> f64 {
    const NOISE: u64 = (1 << 21) - 1;
    let bits = sum.to_bits();
    // Half of what is cut is added first: rounded, not cut off. A carry into the exponent is right.
    let rounded = f64::from_bits((bits + (1 << 20)) & !NOISE);
    if rounded.is_finite() { rounded } else { sum }
}

/// The last value of a counter's bucket is what the next delta counts from: the believed reading
/// at its end.
pub(super) fn set_bases(rows: &mut [Option<Summary>], span: Span, bases: &[(i64, Option<f64>)]) {
    let mut end = span.from;
    for row in rows {
        end += span.step;
        let before = bases.partition_point(|(at, _)| *at <= end);
        let base = before.checked_sub(1).and_then(|n| bases[n].1);
        if let (Some(row), Some(base)) = (row, base) {
            row.last = base;
        }
    }
}

pub(super) fn add(into: &mut Option<Summary>, summary: &Summary) {
    match into {
        Some(sum) => sum.merge(summary),
        None => *into = Some(*summary),
    }
}

/// Adds the time that a sample stands for to the buckets it falls into.
pub(super) fn add_weight(
    track: &Track,
    n: usize,
    value: f64,
    span: Span,
    quality: Quality,
    rows: &mut [Option<Summary>],
) {
    let parts = spread(track.at[n], track.interval[n], span.step);
    for (part, (start, weight_ms)) in parts.enumerate() {
        if let Some(slot) = span.slot(start) {
            let summary = Summary {
                count: u32::from(part == 0),
                ..Summary::of(value, weight_ms, 0.0).with(quality)
            };
            add(&mut rows[slot], &summary);
        }
    }
}

/// The one interval of samples that are all good and never reach over the end of a bucket.
fn regular(track: &Track, span: Span) -> Option<i64> {
    let range = track.range(span.from - INTERVAL_MAX_MS, span.to);
    let interval = *track.interval.get(range.start)?;
    let step = i64::from(interval);
    // Ticks nearly always lie one interval apart: a division for each would cost as much as all else.
    let on_grid = |at: &[i64]| {
        let is_even = |far: i64| far == step || far % step == 0;
        at.first().is_none_or(|first| is_even(first - span.from))
            && at.windows(2).all(|pair| is_even(pair[1] - pair[0]))
    };
    let even = step > 0
        && span.step % step == 0
        && track.interval[range.clone()].iter().all(|i| *i == interval)
        && on_grid(&track.at[range.clone()])
        && track.state[range]
            .iter()
            .all(|state| *state == State::Value(Quality::Good));
    even.then_some(step)
}

/// What nearly every hour of every meter is: complete, good, on the grid. Sums are exact.
fn fold_regular(
    track: &Track,
    span: Span,
    interval: i64,
    (places, ints): (u8, &[i64]),
    rows: &mut [Option<Summary>],
) {
    let power = POWERS[usize::from(places)];
    #[allow(clippy::cast_precision_loss)] // made from doubles that held them exactly
    let back = |int: i64| int as f64 / power;
    let range = track.range(span.from, span.to);
    let (at, ints) = (&track.at[range.clone()], &ints[range]);
    let mut n = 0;
    while n < at.len() {
        let Some(slot) = span.slot(at[n]) else { break };
        #[allow(clippy::cast_possible_wrap)] // slots of a month at most
        let end = span.from + (slot as i64 + 1) * span.step;
        let count = at[n..].partition_point(|at| *at < end);
        let part = &ints[n..n + count];
        let (mut min, mut max, mut sum) = (part[0], part[0], 0i64);
        for int in part {
            min = min.min(*int);
            max = max.max(*int);
            sum = sum.saturating_add(*int);
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            clippy::cast_possible_wrap
        )]
        // at most the ticks of a month
        let (count32, covered, weighted) = (
            count as u32,
            (count as i64 * interval) as u32,
            (i128::from(sum) * i128::from(interval)) as f64 / power,
        );
        rows[slot] = Some(Summary {
            min: back(min),
            max: back(max),
            last: back(part[count - 1]),
            weighted_sum: weighted,
            delta: 0.0,
            covered_ms: covered,
            count: count32,
            qualities: Summary::quality_bit(Quality::Good),
        });
        n += count;
    }
}

/// Joins groups of `factor` neighbours: minutes into quarters, quarters into hours. Sums of decimals
/// are decimals: the noise of adding them up would be packed, digit by digit.
pub(super) fn coarsen(rows: &[Option<Summary>], factor: usize) -> Vec<Option<Summary>> {
    rows.chunks(factor)
        .map(|group| {
            let mut sum = None;
            group.iter().flatten().for_each(|row| add(&mut sum, row));
            if let (Some(sum), Some(power)) = (&mut sum, power_of(group)) {
                sum.round_to(power);
            }
            sum
        })
        .collect()
}

/// Ten to the power of the places at which everything that is added up of some rows is a decimal.
fn power_of(rows: &[Option<Summary>]) -> Option<f64> {
    let is_decimal = |figure: f64, power: f64| integer_of(figure, power).is_some();
    let all = |power: &f64| {
        let mut rows = rows.iter().flatten();
        rows.all(|row| is_decimal(row.weighted_sum, *power) && is_decimal(row.delta, *power))
    };
    POWERS.into_iter().find(all)
}

/// Minutes of an hour.
pub(super) const MINUTES: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_decimals_are_decimals_and_no_other_sum_is_touched() {
        for power in POWERS {
            let ints: Vec<i32> = (0..60).map(|n| n * 37 % 91).collect();
            let minute = |int: &i32| {
                let figure = f64::from(*int) / power;
                Some(Summary {
                    weighted_sum: f64::from(*int) * 60_000.0 / power,
                    ..Summary::of(figure, 60_000, figure)
                })
            };
            let minutes: Vec<_> = ints.iter().map(minute).collect();
            for factor in [15, 60] {
                let joined = coarsen(&minutes, factor);
                for (row, ints) in joined.iter().flatten().zip(ints.chunks(factor)) {
                    let sum = f64::from(ints.iter().sum::<i32>());
                    assert_eq!(row.delta.to_bits(), (sum / power).to_bits());
                    let weighted = sum * 60_000.0 / power;
                    assert_eq!(row.weighted_sum.to_bits(), weighted.to_bits());
                }
            }
        }
        let thirds: Vec<_> = (1..=60)
            .map(|n| Some(Summary::of(f64::from(n) / 3.0, 7, f64::from(n) / 7.0)))
            .collect();
        let sum = thirds
            .iter()
            .flatten()
            .fold(0.0, |sum, row| sum + row.delta);
        let joined = coarsen(&thirds, 60)[0].unwrap();
        assert_eq!(joined.delta.to_bits(), sum.to_bits());
    }
}
