//! *pure* — folding samples into buckets.
//!
//! A sample stands for the time from its tick to the next one: its weight is the poll interval.
//! So the mean of a bucket is weighted by time, and its coverage says how much of it was seen.

use super::SeriesId;
use crate::base::{Error, Result, Timestamp};

/// The smallest bucket that is kept on disk: a quarter of an hour, ms. Every calendar bucket of
/// every zone is made of whole quarters.
pub const QUARTER_MS: i64 = 15 * 60 * 1000;

/// What a bucket knows of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Smallest value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Value of the last sample.
    pub last: f64,
    /// Sum of value × weight, in units × ms.
    pub weighted_sum: f64,
    /// Energy of a counter in the bucket; 0 for a gauge.
    pub delta: f64,
    /// Time that samples stand for, ms.
    pub covered_ms: u32,
    /// Samples.
    pub count: u32,
}

impl Summary {
    /// A bucket with one sample that stands for `weight_ms` of it.
    #[must_use]
    pub fn of(value: f64, weight_ms: u32, delta: f64) -> Self {
        Self {
            min: value,
            max: value,
            last: value,
            weighted_sum: value * f64::from(weight_ms),
            delta,
            covered_ms: weight_ms,
            count: 1,
        }
    }

    /// Adds what came later.
    pub fn merge(&mut self, later: &Self) {
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.last = later.last;
        self.weighted_sum += later.weighted_sum;
        self.delta += later.delta;
        self.covered_ms = self.covered_ms.saturating_add(later.covered_ms);
        self.count = self.count.saturating_add(later.count);
    }

    /// Mean weighted by time; the last value when nothing has a weight.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.covered_ms == 0 {
            self.last
        } else {
            self.weighted_sum / f64::from(self.covered_ms)
        }
    }

    /// How much of a bucket of `length_ms` was seen, 0 to 1.
    #[must_use]
    pub fn coverage(&self, length_ms: i64) -> f64 {
        if length_ms <= 0 {
            return 0.0;
        }
        #[allow(clippy::cast_precision_loss)] // a bucket is at most a month long
        let length = length_ms as f64;
        (f64::from(self.covered_ms) / length).min(1.0)
    }
}

/// Add `summary` to the entry of `series`.
pub fn add(
    into: &mut std::collections::BTreeMap<SeriesId, Summary>,
    series: SeriesId,
    s: &Summary,
) {
    into.entry(series)
        .and_modify(|sum| sum.merge(s))
        .or_insert(*s);
}

/// The parts of a sample's time that fall into each bucket of `step_ms`: start of the bucket and
/// weight, ms.
pub fn spread(
    at: Timestamp,
    interval_ms: u32,
    step_ms: i64,
) -> impl Iterator<Item = (Timestamp, u32)> {
    let end = at.plus_ms(i64::from(interval_ms.max(1)));
    let mut from = at;
    std::iter::from_fn(move || {
        if from >= end {
            return None;
        }
        let start = from.floor_to(step_ms);
        let to = start.plus_ms(step_ms).min(end);
        let weight = u32::try_from(to.since_ms(from)).unwrap_or(0);
        from = to;
        Some((start, weight))
    })
}

/// The quarter that the energy up to a reading belongs to: a reading on the stroke of the
/// quarter closes the one before.
#[must_use]
pub fn quarter_of_delta(at: Timestamp) -> Timestamp {
    at.minus_ms(1).floor_to(QUARTER_MS)
}

const VERSION: u8 = 1;
const HEADER: usize = 5;
const ROW: usize = 4 + 5 * 8 + 4 + 4;

/// Packs one closed quarter: a row of fixed length per series, in the order of the series.
#[must_use]
pub fn encode(rows: &std::collections::BTreeMap<SeriesId, Summary>) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + rows.len() * ROW);
    out.extend([VERSION, 0, 0, 0, 0]);
    for (series, row) in rows {
        out.extend(series.0.to_le_bytes());
        for value in [row.min, row.max, row.last, row.weighted_sum, row.delta] {
            out.extend(value.to_le_bytes());
        }
        out.extend(row.covered_ms.to_le_bytes());
        out.extend(row.count.to_le_bytes());
    }
    let checksum = crc32fast::hash(&out[HEADER..]);
    out[1..HEADER].copy_from_slice(&checksum.to_le_bytes());
    out
}

/// A closed quarter as it lies on disk, checked.
#[derive(Clone, Copy, Debug)]
pub struct Quarter<'a> {
    rows: &'a [u8],
}

impl<'a> Quarter<'a> {
    /// Checks the bytes of a quarter.
    ///
    /// # Errors
    /// When the checksum does not match or the shape is unknown.
    pub fn open(start: Timestamp, bytes: &'a [u8]) -> Result<Self> {
        let rows = bytes.get(HEADER..).filter(|rows| {
            bytes[0] == VERSION
                && rows.len() % ROW == 0
                && crc32fast::hash(rows).to_le_bytes() == bytes[1..HEADER]
        });
        rows.map(|rows| Self { rows }).ok_or_else(|| {
            Error::internal(format!(
                "The quarter of {start} is damaged on disk; it is left out."
            ))
        })
    }

    /// The row of a series.
    #[must_use]
    pub fn get(&self, series: SeriesId) -> Option<Summary> {
        let count = self.rows.len() / ROW;
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            let (found, summary) = self.row(middle)?;
            match found.cmp(&series) {
                std::cmp::Ordering::Equal => return Some(summary),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// All rows in the order of the series.
    pub fn iter(&self) -> impl Iterator<Item = (SeriesId, Summary)> + '_ {
        (0..self.rows.len() / ROW).filter_map(|n| self.row(n))
    }

    fn row(&self, n: usize) -> Option<(SeriesId, Summary)> {
        let row = self.rows.get(n * ROW..(n + 1) * ROW)?;
        let (series, row) = row.split_first_chunk::<4>()?;
        let float = |n: usize| {
            row.get(n * 8..)?
                .first_chunk::<8>()
                .map(|bytes| f64::from_le_bytes(*bytes))
        };
        let number = |n: usize| {
            row.get(n..)?
                .first_chunk::<4>()
                .map(|bytes| u32::from_le_bytes(*bytes))
        };
        let summary = Summary {
            min: float(0)?,
            max: float(1)?,
            last: float(2)?,
            weighted_sum: float(3)?,
            delta: float(4)?,
            covered_ms: number(40)?,
            count: number(44)?,
        };
        Some((SeriesId(u32::from_le_bytes(*series)), summary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_mean_is_weighted_by_time() {
        let mut bucket = Summary::of(10.0, 5_000, 0.0);
        bucket.merge(&Summary::of(40.0, 10_000, 0.0));
        assert!((bucket.mean() - 30.0).abs() < 1e-9);
        assert!((bucket.coverage(30_000) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_slow_poll_covers_the_quarters_it_stands_for() {
        let at = Timestamp::from_ms(10 * 60_000);
        let parts: Vec<_> = spread(at, 3_600_000, QUARTER_MS)
            .map(|(q, w)| (q.ms() / 60_000, w))
            .collect();
        assert_eq!(
            parts,
            [
                (0, 300_000),
                (15, 900_000),
                (30, 900_000),
                (45, 900_000),
                (60, 600_000)
            ]
        );
    }

    #[test]
    fn a_reading_on_the_stroke_closes_the_quarter_before() {
        assert_eq!(
            quarter_of_delta(Timestamp::from_ms(QUARTER_MS)),
            Timestamp::from_ms(0)
        );
        let after = Timestamp::from_ms(QUARTER_MS + 1);
        assert_eq!(quarter_of_delta(after), Timestamp::from_ms(QUARTER_MS));
    }

    #[test]
    fn a_packed_quarter_gives_every_row_back_and_notices_rot() {
        let rows: BTreeMap<_, _> = (0..40)
            .map(|n| {
                (
                    SeriesId(n * 3),
                    Summary::of(f64::from(n) / 7.0, n * 100, 0.5),
                )
            })
            .collect();
        let bytes = encode(&rows);
        let quarter = Quarter::open(Timestamp::default(), &bytes).unwrap();
        assert_eq!(quarter.iter().collect::<BTreeMap<_, _>>(), rows);
        assert_eq!(quarter.get(SeriesId(39)), rows.get(&SeriesId(39)).copied());
        assert_eq!(quarter.get(SeriesId(40)), None);
        let mut rotten = bytes.clone();
        rotten[100] ^= 4;
        assert!(Quarter::open(Timestamp::default(), &rotten).is_err());
    }
}
