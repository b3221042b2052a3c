//! *pure* — one column of rollup rows: seven figures that say much about each other.
//!
//! The largest is counted from the smallest, the sum from what the smallest would give, the
//! energy from how far the counter moved; what is left are small numbers or none at all.

use super::bytes::{Input, damaged, put};
use super::floats::{put_floats, read_floats};
use super::ints::read_ints;
use super::values::{PLACES_MAX, decimal};
use crate::base::Result;
use crate::tsdb::rollup::Summary;
use std::ops::Range;

/// Tag of a column of floats; below are the decimals by their places.
const FLOAT: u8 = 0x10;
/// Whole numbers up to here are exact as a float.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// The share of the range that the mean lies above the smallest is stored in this many parts.
const SHARES: i64 = 256;

/// How lists of integers are written.
pub(super) type PutInts = fn(&mut Vec<u8>, &[i64]);

/// What the columns of a device mostly have in common: which rows are there, and how much of each
/// slot was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Missing and present slots in turn.
    runs: Vec<usize>,
    /// For each row that is there: time covered in ms, samples, and their qualities.
    seen: Vec<(u32, u32, u8)>,
}

/// Writes the frame of some rows.
pub(super) fn put_frame(out: &mut Vec<u8>, rows: &[Option<Summary>], put_ints: PutInts) {
    put_present(out, rows);
    let there: Vec<Summary> = rows.iter().copied().flatten().collect();
    let covered = each(&there, |row| i64::from(row.covered_ms));
    let weight = there
        .iter()
        .find(|row| row.count > 0)
        .map_or(1, |row| row.covered_ms / row.count);
    put(out, u64::from(weight.max(1)));
    put_ints(out, &covered);
    // Each sample weighs as much as the first one, mostly.
    put_ints(
        out,
        &each(&there, |row| {
            i64::from(row.count) - expected_count(row.covered_ms, weight)
        }),
    );
    put_ints(out, &each(&there, |row| i64::from(row.qualities)));
}

fn expected_count(covered_ms: u32, weight: u32) -> i64 {
    i64::from(covered_ms / weight.max(1))
}

/// Reads a frame over so many slots.
pub(super) fn read_frame(input: &mut Input<'_>, slots: usize) -> Result<Frame> {
    let runs = read_present(input, slots)?;
    let there = runs.iter().skip(1).step_by(2).sum();
    let weight = input.word()?;
    let (mut covered, mut counts, mut qualities) = (Vec::new(), Vec::new(), Vec::new());
    read_ints(input, there, &mut covered)?;
    read_ints(input, there, &mut counts)?;
    read_ints(input, there, &mut qualities)?;
    let mut seen = Vec::with_capacity(there);
    for ((covered, count), qualities) in covered.iter().zip(&counts).zip(&qualities) {
        let covered = u32::try_from(*covered).map_err(|_| damaged())?;
        let count = count.wrapping_add(expected_count(covered, weight));
        let count = u32::try_from(count).map_err(|_| damaged())?;
        let qualities = u8::try_from(*qualities).map_err(|_| damaged())?;
        seen.push((covered, count, qualities));
    }
    Ok(Frame { runs, seen })
}

/// Writes the figures of the rows that are there.
pub(super) fn put_summaries(out: &mut Vec<u8>, rows: &[Option<Summary>], put_ints: PutInts) {
    let there: Vec<Summary> = rows.iter().copied().flatten().collect();
    match Figures::of(&there) {
        Some(figures) => figures.put(out, &there, put_ints),
        None => put_columns(out, &there),
    }
}

fn each(rows: &[Summary], figure: impl Fn(&Summary) -> i64) -> Vec<i64> {
    rows.iter().map(figure).collect()
}

/// Memory that reading needs, used again from column to column.
#[derive(Debug, Default)]
pub struct Scratch {
    ints: [Vec<i64>; 5],
    floats: [Vec<f64>; 5],
}

/// Reads the rows of a frame that lie in `slots`, one place each. What is damaged is left half
/// written.
pub(super) fn read_summaries(
    input: &mut Input<'_>,
    frame: &Frame,
    (slots, into): (Range<usize>, &mut [Option<Summary>]),
    scratch: &mut Scratch,
) -> Result<()> {
    match input.byte()? {
        FLOAT => {
            read_columns(input, frame.seen.len(), &mut scratch.floats)?;
            let [min, max, last, sum, delta] = &scratch.floats;
            frame.fill(slots, into, |n, (covered_ms, count, qualities)| Summary {
                min: min[n],
                max: max[n],
                last: last[n],
                weighted_sum: sum[n],
                delta: delta[n],
                covered_ms,
                count,
                qualities,
            });
        }
        places if places <= PLACES_MAX => {
            let figures = Packed::read(input, frame.seen.len(), &mut scratch.ints)?;
            figures.fill(frame, places, (slots, into));
        }
        _ => return Err(damaged()),
    }
    Ok(())
}

impl Frame {
    /// Fills places for `slots`, those of rows that are there with what `row` makes of their number
    /// and of what was seen.
    fn fill(
        &self,
        slots: Range<usize>,
        into: &mut [Option<Summary>],
        mut row: impl FnMut(usize, (u32, u32, u8)) -> Summary,
    ) {
        let (mut left, mut slot, mut there) = (into, 0, 0);
        for (n, run) in self.runs.iter().enumerate() {
            let before = slots.start.saturating_sub(slot).min(*run);
            let inside = slots.end.saturating_sub(slot).min(*run) - before;
            let (places, rest) = left.split_at_mut(inside.min(left.len()));
            left = rest;
            slot += run;
            if n % 2 == 0 {
                places.fill(None);
                continue;
            }
            let first = there + before;
            for (place, (n, seen)) in places.iter_mut().zip((first..).zip(&self.seen[first..])) {
                *place = Some(row(n, *seen));
            }
            there += run;
        }
        left.fill(None);
    }
}

/// Writes which rows are there: runs of missing and present slots in turn, the last one left out.
fn put_present(out: &mut Vec<u8>, rows: &[Option<Summary>]) {
    let mut runs = vec![0_u64];
    for row in rows {
        if row.is_some() == (runs.len() % 2 == 1) {
            runs.push(0);
        }
        if let Some(run) = runs.last_mut() {
            *run += 1;
        }
    }
    put(out, runs.len() as u64 - 1);
    runs.iter()
        .rev()
        .skip(1)
        .rev()
        .for_each(|run| put(out, *run));
}

fn read_present(input: &mut Input<'_>, slots: usize) -> Result<Vec<usize>> {
    let count = input.count(input.rest.len())?;
    let (mut runs, mut left) = (Vec::with_capacity(count + 1), slots);
    for _ in 0..count {
        let run = input.count(left)?;
        left -= run;
        runs.push(run);
    }
    runs.push(left);
    Ok(runs)
}

/// The figures of a column as integers: each value times 10 to the power of the places.
struct Figures {
    places: u8,
    min: Vec<i64>,
    max: Vec<i64>,
    last: Vec<i64>,
    sum: Vec<i64>,
    delta: Vec<i64>,
}

impl Figures {
    /// The fewest places at which every figure comes back bit for bit.
    fn of(rows: &[Summary]) -> Option<Self> {
        (0..=PLACES_MAX).find_map(|places| {
            let all = |figure: fn(&Summary) -> f64| -> Option<Vec<i64>> {
                rows.iter().map(|row| whole(figure(row), places)).collect()
            };
            Some(Self {
                places,
                min: all(|row| row.min)?,
                max: all(|row| row.max)?,
                last: all(|row| row.last)?,
                sum: all(|row| row.weighted_sum)?,
                delta: all(|row| row.delta)?,
            })
        })
    }

    fn put(&self, out: &mut Vec<u8>, rows: &[Summary], put_ints: PutInts) {
        let rows_of =
            |figure: &dyn Fn(usize) -> i64| -> Vec<i64> { (0..rows.len()).map(figure).collect() };
        let range = rows_of(&|n| self.max[n].wrapping_sub(self.min[n]));
        let unit = self.unit(rows);
        let above = rows_of(&|n| {
            let floor = self.min[n].wrapping_mul(i64::from(rows[n].covered_ms) / unit);
            (self.sum[n] / unit).wrapping_sub(floor)
        });
        let span = rows_of(&|n| range[n].wrapping_mul(i64::from(rows[n].covered_ms) / unit));
        let share = share_of(&above, &span);
        let moved = self.moves();
        out.push(self.places);
        put_ints(out, &self.min);
        put_ints(out, &range);
        put_ints(out, &rows_of(&|n| self.max[n].wrapping_sub(self.last[n])));
        put(out, unit.cast_unsigned());
        put(out, share.cast_unsigned());
        put_ints(
            out,
            &rows_of(&|n| above[n].wrapping_sub(share_in(span[n], share))),
        );
        out.push(u8::from(moved));
        put_ints(
            out,
            &rows_of(&|n| self.delta[n].wrapping_sub(expected_delta(moved, &self.min, n))),
        );
    }

    /// What every sum and every covered time is a multiple of: the weight of a sample, mostly.
    fn unit(&self, rows: &[Summary]) -> i64 {
        let covered = rows.iter().map(|row| u64::from(row.covered_ms));
        let all = covered.chain(self.sum.iter().map(|sum| sum.unsigned_abs()));
        let unit = all.fold(0, gcd).clamp(1, u64::from(u32::MAX));
        i64::try_from(unit).unwrap_or(1)
    }

    /// Whether the energy of a row is mostly how far the counter stands lower than in the next.
    fn moves(&self) -> bool {
        let hits = |moved| {
            let right = |n: &usize| self.delta[*n] == expected_delta(moved, &self.min, *n);
            (0..self.delta.len()).filter(right).count()
        };
        hits(true) > hits(false)
    }
}

/// The figures of a column as they are packed.
struct Packed<'a> {
    min: &'a [i64],
    range: &'a [i64],
    below: &'a [i64],
    above: &'a [i64],
    grown: &'a [i64],
    unit: i64,
    share: i64,
    moved: bool,
}

impl<'a> Packed<'a> {
    /// Reads those of `count` rows: all of them, for each number counts from the one before.
    fn read(input: &mut Input<'_>, count: usize, ints: &'a mut [Vec<i64>; 5]) -> Result<Self> {
        let [min, range, below, above, grown] = ints;
        read_ints(input, count, min)?;
        read_ints(input, count, range)?;
        read_ints(input, count, below)?;
        let unit = i64::from(input.word()?);
        let share = i64::from(input.word()?);
        if unit == 0 || share > SHARES {
            return Err(damaged());
        }
        read_ints(input, count, above)?;
        let moved = input.byte()? == 1;
        read_ints(input, count, grown)?;
        Ok(Self {
            min,
            range,
            below,
            above,
            grown,
            unit,
            share,
            moved,
        })
    }

    fn fill(
        &self,
        frame: &Frame,
        places: u8,
        (slots, into): (Range<usize>, &mut [Option<Summary>]),
    ) {
        // Rows weigh the same mostly, and a division takes as long as all the rest.
        let (mut known_ms, mut weight) = (0, 0);
        frame.fill(slots, into, |n, (covered_ms, count, qualities)| {
            if covered_ms != known_ms {
                (known_ms, weight) = (covered_ms, i64::from(covered_ms) / self.unit);
            }
            let (min, range) = (self.min[n], self.range[n]);
            let max = min.wrapping_add(range);
            let above =
                self.above[n].wrapping_add(share_in(range.wrapping_mul(weight), self.share));
            let sum = above.wrapping_add(min.wrapping_mul(weight));
            let delta = self.grown[n].wrapping_add(expected_delta(self.moved, self.min, n));
            Summary {
                min: decimal(min, places),
                max: decimal(max, places),
                last: decimal(max.wrapping_sub(self.below[n]), places),
                weighted_sum: decimal(sum.wrapping_mul(self.unit), places),
                delta: decimal(delta, places),
                covered_ms,
                count,
                qualities,
            }
        });
    }
}

/// The integer that gives back exactly this value with so many places.
fn whole(value: f64, places: u8) -> Option<i64> {
    let rounded = (value * decimal_power(places)).round();
    #[allow(clippy::cast_possible_truncation)] // a whole number that an i64 holds
    let int = (rounded.abs() <= WHOLE_MAX).then_some(rounded as i64)?;
    (decimal(int, places).to_bits() == value.to_bits()).then_some(int)
}

fn decimal_power(places: u8) -> f64 {
    decimal(10_i64.pow(u32::from(places)), 0)
}

/// The energy of a row when the counter of the next row starts where this one ends.
fn expected_delta(moved: bool, min: &[i64], n: usize) -> i64 {
    match min.get(n + 1) {
        Some(next) if moved => next.wrapping_sub(min[n]),
        _ => 0,
    }
}

/// The share of all spans that lies above, in parts.
fn share_of(above: &[i64], span: &[i64]) -> i64 {
    let sum = |ints: &[i64]| ints.iter().map(|int| i128::from(*int)).sum::<i128>();
    let span = sum(span).max(1);
    let share = (sum(above) * i128::from(SHARES) + span / 2) / span;
    i64::try_from(share).unwrap_or(0).clamp(0, SHARES)
}

const fn share_in(span: i64, share: i64) -> i64 {
    span.wrapping_mul(share) / SHARES
}

const fn gcd(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Writes the five figures of each row as they are.
fn put_columns(out: &mut Vec<u8>, rows: &[Summary]) {
    out.push(FLOAT);
    for figure in FLOATS {
        let column: Vec<f64> = rows.iter().map(figure).collect();
        put_floats(out, &column);
    }
}

fn read_columns(input: &mut Input<'_>, count: usize, columns: &mut [Vec<f64>; 5]) -> Result<()> {
    columns.iter_mut().try_for_each(|column| {
        let tag = input.byte()?;
        read_floats(input, tag, count, column)
    })
}

/// The figures of a row that are floats.
const FLOATS: [fn(&Summary) -> f64; 5] = [
    |row| row.min,
    |row| row.max,
    |row| row.last,
    |row| row.weighted_sum,
    |row| row.delta,
];
