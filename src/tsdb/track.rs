//! *pure* — the samples of one series, in order of time: what memory, blocks and folds exchange.

use super::SeriesId;
use super::pack::{Chunk, Column, State, Values};
use super::tick::as_decimal;
use crate::base::Quality;
use std::collections::BTreeMap;

/// One sample as it stands in a [`Track`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// When it was true, ms since the epoch.
    pub(super) at: i64,
    /// Poll interval of the device, ms: how long it stands for the truth.
    pub(super) interval: u32,
    /// The value; `None` when it was asked for and missing.
    pub(super) value: Option<f64>,
    /// How far to trust it.
    pub(super) quality: Quality,
}

/// Samples of one series. All vectors have the same length; the value of a missing sample is a
/// placeholder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Track {
    /// ms since the epoch, ascending, distinct.
    pub(super) at: Vec<i64>,
    pub(super) interval: Vec<u32>,
    pub(super) state: Vec<State>,
    pub(super) values: Values,
}

impl Default for Track {
    fn default() -> Self {
        Self {
            at: Vec::new(),
            interval: Vec::new(),
            state: Vec::new(),
            values: Values::Decimal {
                places: 0,
                ints: Vec::new(),
            },
        }
    }
}

impl Track {
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// The value of a sample, also of one that is not to be believed.
    pub(super) fn value(&self, n: usize) -> Option<f64> {
        match self.state.get(n)? {
            State::Value(_) => Some(number(&self.values, n)),
            _ => None,
        }
    }

    pub(super) fn sample(&self, n: usize) -> Option<Sample> {
        let quality = match *self.state.get(n)? {
            State::Value(quality) | State::None(quality) => quality,
            State::Absent => return None,
        };
        Some(Sample {
            at: self.at[n],
            interval: self.interval[n],
            value: self.value(n),
            quality,
        })
    }

    /// The places in the vectors of the samples in `from..to`.
    pub(super) fn range(&self, from: i64, to: i64) -> std::ops::Range<usize> {
        let start = self.at.partition_point(|at| *at < from);
        let end = self.at.partition_point(|at| *at < to);
        start..end.max(start)
    }

    /// A copy of the samples in `from..to`.
    pub(super) fn slice(&self, from: i64, to: i64) -> Self {
        let range = self.range(from, to);
        let values = match &self.values {
            Values::Decimal { places, ints } => Values::Decimal {
                places: *places,
                ints: ints[range.clone()].to_vec(),
            },
            Values::Float(floats) => Values::Float(floats[range.clone()].to_vec()),
        };
        Self {
            at: self.at[range.clone()].to_vec(),
            interval: self.interval[range.clone()].to_vec(),
            state: self.state[range].to_vec(),
            values,
        }
    }

    /// Adds a sample that is later than every other.
    pub(super) fn push(&mut self, sample: Sample) {
        self.at.push(sample.at);
        self.interval.push(sample.interval);
        self.state.push(match sample.value {
            Some(_) => State::Value(sample.quality),
            None => State::None(sample.quality),
        });
        push_value(&mut self.values, sample.value);
    }

    /// Makes room for so many more samples at once.
    pub(super) fn reserve(&mut self, more: usize) {
        self.at.reserve_exact(more);
        self.interval.reserve_exact(more);
        self.state.reserve_exact(more);
        match &mut self.values {
            Values::Decimal { ints, .. } => ints.reserve_exact(more),
            Values::Float(floats) => floats.reserve_exact(more),
        }
    }

    /// Adds samples that are all later than these.
    pub(super) fn append(&mut self, mut later: Self) {
        if self.is_empty() {
            *self = later;
            return;
        }
        match (&mut self.values, &mut later.values) {
            (
                Values::Decimal { places, ints },
                Values::Decimal {
                    places: other,
                    ints: more,
                },
            ) if places == other => ints.append(more),
            _ => {
                for n in 0..later.len() {
                    push_value(&mut self.values, later.value(n));
                }
            }
        }
        self.at.append(&mut later.at);
        self.interval.append(&mut later.interval);
        self.state.append(&mut later.state);
    }

    /// Joins two tracks of the same series. Where both have a sample the older one stands, unless
    /// it has no value and the newer one has: a backfill mends what was missing.
    pub(super) fn union(older: Self, newer: Self) -> Self {
        if older.is_empty() {
            return newer;
        }
        if newer.is_empty() {
            return older;
        }
        if older.at.last() < newer.at.first() {
            let mut joined = older;
            joined.append(newer);
            return joined;
        }
        let (mut i, mut j) = (0, 0);
        let mut joined = Self::default();
        while let (Some(left), Some(right)) = (older.at.get(i), newer.at.get(j)) {
            let take = match left.cmp(right) {
                std::cmp::Ordering::Less => older.sample(i),
                std::cmp::Ordering::Greater => newer.sample(j),
                std::cmp::Ordering::Equal => match (older.sample(i), newer.sample(j)) {
                    (Some(old), Some(new)) if old.value.is_none() && new.value.is_some() => {
                        Some(new)
                    }
                    (old, new) => old.or(new),
                },
            };
            let (left, right) = (*left, *right);
            i += usize::from(left <= right);
            j += usize::from(right <= left);
            take.into_iter().for_each(|sample| joined.push(sample));
        }
        (i..older.len())
            .filter_map(|n| older.sample(n))
            .for_each(|sample| joined.push(sample));
        (j..newer.len())
            .filter_map(|n| newer.sample(n))
            .for_each(|sample| joined.push(sample));
        joined
    }

    /// The same track with some samples changed by `change`, which keeps their time.
    pub(super) fn map(
        self,
        range: std::ops::Range<usize>,
        change: impl Fn(Sample) -> Sample,
    ) -> Self {
        let mut changed = Self::default();
        for n in 0..self.len() {
            if let Some(sample) = self.sample(n) {
                changed.push(if range.contains(&n) {
                    change(sample)
                } else {
                    sample
                });
            }
        }
        changed
    }
}

/// A column of a chunk as a track.
pub(super) fn of_column(times: Vec<i64>, intervals: &[(u32, u32)], column: Column) -> Track {
    if let ([(_, interval)], [(_, state @ State::Value(_))]) = (intervals, column.states.as_slice())
    {
        // What nearly every hour of every meter is: complete, at one interval.
        return Track {
            interval: vec![*interval; times.len()],
            state: vec![*state; times.len()],
            at: times,
            values: column.values,
        };
    }
    let every = intervals
        .iter()
        .flat_map(|(n, interval)| std::iter::repeat_n(*interval, *n as usize));
    let states = column
        .states
        .iter()
        .flat_map(|(n, state)| std::iter::repeat_n(*state, *n as usize));
    let mut track = Track::default();
    let mut next = 0;
    if let Values::Decimal { places, .. } = &column.values {
        track.values = Values::Decimal {
            places: *places,
            ints: Vec::with_capacity(times.len()),
        };
    }
    for ((at, interval), state) in times.iter().zip(every).zip(states) {
        let value = match state {
            State::Absent => continue,
            State::None(_) => None,
            State::Value(_) => {
                next += 1;
                Some(next - 1)
            }
        };
        track.at.push(*at);
        track.interval.push(interval);
        track.state.push(state);
        match (&mut track.values, &column.values) {
            (Values::Decimal { ints, .. }, Values::Decimal { ints: from, .. }) => {
                ints.push(value.map_or(0, |n| from[n]));
            }
            (into, from) => push_value(into, value.map(|n| number(from, n))),
        }
    }
    track
}

/// The tracks of one device as a chunk: times once, a column per series.
pub(super) fn to_chunk(
    tracks: &BTreeMap<SeriesId, Track>,
    role: impl Fn(SeriesId) -> super::pack::Role,
) -> Chunk {
    let same = |left: &Track, right: &Track| left.at == right.at && left.interval == right.interval;
    let mut all = tracks.values().filter(|track| !track.is_empty());
    let first = all.next();
    let (times, every) = match first {
        Some(first) if all.all(|track| same(first, track)) => {
            (first.at.clone(), first.interval.clone())
        }
        _ => {
            let mut ticks: BTreeMap<i64, u32> = BTreeMap::new();
            for track in tracks.values() {
                ticks.extend(track.at.iter().copied().zip(track.interval.iter().copied()));
            }
            ticks.into_iter().unzip()
        }
    };
    let columns = tracks
        .iter()
        .filter(|(_, track)| !track.is_empty())
        .map(|(series, track)| to_column(*series, role(*series), &times, track))
        .collect();
    Chunk {
        intervals: runs(every.into_iter()),
        times,
        columns,
    }
}

fn to_column(series: SeriesId, role: super::pack::Role, times: &[i64], track: &Track) -> Column {
    let complete = times.len() == track.len();
    let states = if complete {
        runs(track.state.iter().copied())
    } else {
        let mut n = 0;
        runs(times.iter().map(|at| {
            if track.at.get(n) == Some(at) {
                n += 1;
                track.state[n - 1]
            } else {
                State::Absent
            }
        }))
    };
    let has_value = |n: &usize| matches!(track.state[*n], State::Value(_));
    let kept = (0..track.len()).filter(has_value);
    let values = match &track.values {
        Values::Decimal { places, ints } => Values::Decimal {
            places: *places,
            ints: kept.map(|n| ints[n]).collect(),
        },
        Values::Float(floats) => Values::from_f64(&kept.map(|n| floats[n]).collect::<Vec<_>>()),
    };
    Column {
        series,
        role,
        states,
        values,
    }
}

/// Run lengths.
fn runs<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<(u32, T)> {
    let mut runs: Vec<(u32, T)> = Vec::new();
    for item in items {
        match runs.last_mut() {
            Some((n, last)) if *last == item => *n += 1,
            _ => runs.push((1, item)),
        }
    }
    runs
}

/// Ten to the power of the decimal places that values may have.
pub(super) const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];

pub(super) fn number(values: &Values, n: usize) -> f64 {
    match values {
        #[allow(clippy::cast_precision_loss)] // made from a double that held it exactly
        Values::Decimal { places, ints } => ints[n] as f64 / POWERS[usize::from(*places)],
        Values::Float(floats) => floats[n],
    }
}

/// Adds a value; widens the decimals when it needs more places, and gives them up when there is
/// no exact decimal.
pub(super) fn push_value(values: &mut Values, value: Option<f64>) {
    let value = match (value, &*values) {
        (Some(value), _) => value,
        // A placeholder must not force more places.
        (None, _) => 0.0,
    };
    if let Values::Decimal { places, ints } = values {
        if let Some(int) = exact(value, *places) {
            ints.push(int);
            return;
        }
        if let Some((wanted, int)) = as_decimal(value)
            && wanted > *places
            && let Some(factor) = 10i64.checked_pow(u32::from(wanted - *places))
            && ints
                .iter()
                .all(|int| int.checked_mul(factor).is_some_and(|i| i.abs() < 1 << 53))
        {
            ints.iter_mut().for_each(|int| *int *= factor);
            ints.push(int);
            *places = wanted;
            return;
        }
        let floats = (0..ints.len()).map(|n| number(values, n)).collect();
        *values = Values::Float(floats);
    }
    if let Values::Float(floats) = values {
        floats.push(value);
    }
}

/// The integer that gives back exactly this value at these places.
pub(super) fn exact(value: f64, places: u8) -> Option<i64> {
    let scaled = value * POWERS[usize::from(places)];
    if scaled.abs() >= 9e15 {
        return None;
    }
    #[allow(clippy::cast_possible_truncation)] // below 2^53
    let int = scaled.round() as i64;
    #[allow(clippy::cast_precision_loss)] // below 2^53
    let back = int as f64 / POWERS[usize::from(places)];
    (back.to_bits() == value.to_bits()).then_some(int)
}
