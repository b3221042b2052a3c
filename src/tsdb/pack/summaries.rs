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

impl Frame {
    /// The rows that are there, of those in `slots`: their numbers among all that are there.
    fn there(&self, slots: &Range<usize>) -> Range<usize> {
        let (mut slot, mut there) = (0, 0);
        let (mut first, mut end) = (0, 0);
        for (n, run) in self.runs.iter().enumerate() {
            let is_there = n % 2 == 1;
            let before = |bound: usize| bound.clamp(slot, slot + run) - slot;
            if is_there {
                first += before(slots.start);
                end += before(slots.end);
                there += run;
            }
            slot += run;
        }
        first.min(there)..end.clamp(first, there)
    }
}

/// Reads the rows of a frame that lie in `slots`.
pub(super) fn read_summaries(
    input: &mut Input<'_>,
    frame: &Frame,
    slots: Range<usize>,
    rows: &mut Vec<Option<Summary>>,
) -> Result<()> {
    let row = |(covered_ms, count, qualities): &(u32, u32, u8)| Summary {
        qualities: *qualities,
        count: *count,
        ..Summary::of(0.0, *covered_ms, 0.0)
    };
    let there = frame.there(&slots);
    let mut found: Vec<Summary> = frame.seen[there.clone()].iter().map(row).collect();
    let part = Part {
        all: frame.seen.len(),
        wanted: there,
    };
    match input.byte()? {
        FLOAT => read_columns(input, &part, &mut found)?,
        places if places <= PLACES_MAX => read_figures(input, places, &part, &mut found)?,
        _ => return Err(damaged()),
    }
    rows.clear();
    rows.reserve(slots.len());
    let (mut found, mut slot) = (found.into_iter(), 0);
    for (n, run) in frame.runs.iter().enumerate() {
        let inside = slots
            .end
            .min(slot + run)
            .saturating_sub(slots.start.max(slot));
        if n % 2 == 1 {
            rows.extend(found.by_ref().take(inside).map(Some));
        } else {
            rows.extend(std::iter::repeat_n(None, inside));
        }
        slot += run;
    }
    Ok(())
}

/// Which rows of a column are wanted; all of its numbers are read, for each counts from the one
/// before.
struct Part {
    /// How many there are.
    all: usize,
    /// Those wanted.
    wanted: Range<usize>,
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

fn read_figures(
    input: &mut Input<'_>,
    places: u8,
    part: &Part,
    rows: &mut [Summary],
) -> Result<()> {
    let (mut min, mut range, mut figure) = (Vec::new(), Vec::new(), Vec::new());
    read_ints(input, part.all, &mut min)?;
    read_ints(input, part.all, &mut range)?;
    read_ints(input, part.all, &mut figure)?;
    for (n, row) in part.wanted.clone().zip(&mut *rows) {
        let max = min[n].wrapping_add(range[n]);
        row.min = decimal(min[n], places);
        row.max = decimal(max, places);
        row.last = decimal(max.wrapping_sub(figure[n]), places);
    }
    let unit = i64::from(input.word()?);
    let share = i64::from(input.word()?);
    if unit == 0 || share > SHARES {
        return Err(damaged());
    }
    read_ints(input, part.all, &mut figure)?;
    for (n, row) in part.wanted.clone().zip(&mut *rows) {
        let weight = i64::from(row.covered_ms) / unit;
        let above = figure[n].wrapping_add(share_in(range[n].wrapping_mul(weight), share));
        let sum = above.wrapping_add(min[n].wrapping_mul(weight));
        row.weighted_sum = decimal(sum.wrapping_mul(unit), places);
    }
    let moved = input.byte()? == 1;
    read_ints(input, part.all, &mut figure)?;
    for (n, row) in part.wanted.clone().zip(rows) {
        let delta = figure[n].wrapping_add(expected_delta(moved, &min, n));
        row.delta = decimal(delta, places);
    }
    Ok(())
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
        let column: Vec<f64> = rows.iter().map(|row| *figure(&mut row.clone())).collect();
        put_floats(out, &column);
    }
}

fn read_columns(input: &mut Input<'_>, part: &Part, rows: &mut [Summary]) -> Result<()> {
    let mut column = Vec::new();
    for figure in FLOATS {
        let tag = input.byte()?;
        read_floats(input, tag, part.all, &mut column)?;
        for (row, value) in rows.iter_mut().zip(&column[part.wanted.clone()]) {
            *figure(row) = *value;
        }
    }
    Ok(())
}

/// The figures of a row that are floats.
const FLOATS: [fn(&mut Summary) -> &mut f64; 5] = [
    |row| &mut row.min,
    |row| &mut row.max,
    |row| &mut row.last,
    |row| &mut row.weighted_sum,
    |row| &mut row.delta,
];
