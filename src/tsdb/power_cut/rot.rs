//! What becomes of answers when a bit turns over on a disk that lies still.

use super::super::model::{COUNTER, FLOAT, GAUGE, Known};
use super::super::rollup::Summary;
use super::super::{DAY_MS, HOUR_MS, MINUTE_MS};
use super::ledger::{Doubt, buckets};
use super::plant::{END, MARKER, MONTH, Plant, START};
use crate::base::time::BucketSize;
use crate::base::{Quality, Result};
use crate::store::simulated::{Chance, SimulatedDisk};
use std::collections::{BTreeMap, BTreeSet};

/// One series of one device.
type Place = (usize, usize);

/// Instants of which more than one thing was said.
pub(super) type Twice = BTreeMap<Place, BTreeSet<i64>>;

/// The longest time that a sample stands for here, ms.
const STANDS_MS: i64 = 30 * MINUTE_MS;

/// Every answer that a disk gives, or why it gives none.
#[derive(Debug)]
pub(super) struct Answers {
    raw: BTreeMap<Place, Result<Vec<(i64, f64)>>>,
    rows: BTreeMap<(Place, usize), Result<Vec<Option<Summary>>>>,
}

/// How a store took a bit that turned over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rot {
    Harmless,
    /// It does not open, or some answer is an error.
    Told,
    /// Something is left out.
    LeftOut,
}

const SIZES: [(BucketSize, i64, i64); 4] = [
    (BucketSize::Day, START, END),
    (BucketSize::Fixed(HOUR_MS), START, END),
    (BucketSize::Fixed(15 * MINUTE_MS), START, END),
    (
        BucketSize::Fixed(MINUTE_MS),
        MONTH - 6 * HOUR_MS,
        MONTH + 6 * HOUR_MS,
    ),
];

impl Answers {
    pub(super) fn of(plant: &Plant) -> Self {
        let mut answers = Self {
            raw: BTreeMap::new(),
            rows: BTreeMap::new(),
        };
        for device in 0..=MARKER {
            for series in [GAUGE, COUNTER, FLOAT] {
                let place = (device, series);
                let raw = plant.raw(device, series, START, END);
                answers.raw.insert(place, raw);
                for (number, look) in SIZES.into_iter().enumerate() {
                    let rows = buckets(&plant.tsdb, device, series, look);
                    let rows = rows.map(|all| all.iter().map(|bucket| bucket.columns[0]).collect());
                    answers.rows.insert((place, number), rows);
                }
            }
        }
        answers
    }

    /// Compares with the answers of a sound disk. Where two things were said of an instant and the
    /// block with the first is gone, the other answers: it was said as well.
    ///
    /// # Errors
    /// With an answer that is another one.
    fn against(&self, sound: &Self, twice: &Twice) -> Result<Rot, String> {
        let mut rot = Rot::Harmless;
        let mut others: BTreeMap<Place, Vec<i64>> = BTreeMap::new();
        for (place, found) in &self.raw {
            let (Ok(found), Ok(right)) = (found, &sound.raw[place]) else {
                rot = rot.max(Rot::Told);
                continue;
            };
            for other in found.iter().filter(|point| !right.contains(point)) {
                if !twice.get(place).is_some_and(|said| said.contains(&other.0)) {
                    return Err(format!("raw of {place:?} answers {other:?}"));
                }
                others.entry(*place).or_default().push(other.0);
                rot = rot.max(Rot::LeftOut);
            }
            if found.len() < right.len() {
                rot = rot.max(Rot::LeftOut);
            }
        }
        for (place, found) in &self.rows {
            let (Ok(found), Ok(right)) = (found, &sound.rows[place]) else {
                rot = rot.max(Rot::Told);
                continue;
            };
            let others = others.get(&place.0).map_or(&[][..], Vec::as_slice);
            let (size, from, to) = SIZES[place.1];
            let mut owed = 0.0;
            for (n, right) in right.iter().enumerate() {
                let found = found.get(n).copied().flatten();
                owed += right.map_or(0.0, |row| row.delta) - found.map_or(0.0, |row| row.delta);
                if others.iter().any(|at| is_near(*at, n, size, from)) {
                    continue;
                }
                // Energy between another reading and the next is that of both together.
                owed = if others.is_empty() { owed } else { 0.0 };
                if !same(found, *right) {
                    // What is spread over a gap of rot may come before what was read in it; what
                    // comes after the gap must be no more.
                    let more = owed < -1e-6 && !found.as_ref().is_some_and(is_spread);
                    if !is_part(found, *right) || more {
                        return Err(format!("bucket {n} of {place:?}: {found:?} for {right:?}"));
                    }
                    rot = rot.max(Rot::LeftOut);
                }
            }
            if owed < -1e-6 && (from, to) == (START, END) && others.is_empty() {
                return Err(format!("{place:?} has {} more in all", -owed));
            }
        }
        Ok(rot)
    }
}

/// Whether a reading at an instant, or one that was there in its place, has a part in bucket `n`.
fn is_near(at: i64, n: usize, size: BucketSize, from: i64) -> bool {
    let step = match size {
        BucketSize::Fixed(step) => step,
        _ => DAY_MS,
    };
    let start = from.div_euclid(step) * step + i64::try_from(n).unwrap_or(0) * step;
    at < start + step + STANDS_MS && at + STANDS_MS > start
}

/// Bit for bit: the same folds of the same samples.
fn same(found: Option<Summary>, right: Option<Summary>) -> bool {
    format!("{found:?}") == format!("{right:?}")
}

/// Whether a counter's energy in it is spread over a gap.
fn is_spread(row: &Summary) -> bool {
    row.qualities & Summary::quality_bit(Quality::Substituted) != 0
}

/// Whether it claims nothing beyond the right answer. Energy is looked at over the whole range:
/// a counter that is read again after a gap, be it one of rot, tells what was used in between.
fn is_part(found: Option<Summary>, right: Option<Summary>) -> bool {
    let (Some(found), Some(right)) = (found, right) else {
        let nothing_read = |row: Summary| row.covered_ms == 0 && row.count == 0;
        return found.is_none_or(|row| is_spread(&row) && nothing_read(row));
    };
    let exact = found.covered_ms == right.covered_ms && found.count == right.count;
    // Where nothing was read, the last value is only where a counter stood before.
    let last = |row: &Summary| if row.count == 0 { 0.0 } else { row.last };
    // The reading on the stroke of its end belongs to a counter's bucket and is not among its
    // samples: without it the bucket ends where it was read before.
    // Energy that a later reading spread over it does not move where that was.
    // Nor is it moved where the next reading came more than a minute later and what was used until
    // then was cut at the end of the bucket: as much as with it, and the last that was read.
    let cut =
        (found.delta - right.delta).abs() < 1e-9 && found.last.to_bits() == found.max.to_bits();
    let short = found.delta < right.delta || is_spread(&found) || cut;
    let open = short && found.last < right.last;
    let last = |row: &Summary| if open { 0.0 } else { last(row) };
    // Energy that was spread over a silence has no values beside it.
    let ends = |row: &Summary| match row.covered_ms {
        0 => (0.0, 0.0),
        _ => (row.min, row.max),
    };
    let values = |row: &Summary| {
        let (min, max) = ends(row);
        [min, max, last(row), row.weighted_sum].map(f64::to_bits)
    };
    let within = found.covered_ms <= right.covered_ms
        && found.count <= right.count
        && (found.covered_ms == 0 || (found.min >= right.min && found.max <= right.max));
    within && (!exact || values(&found) == values(&right))
}

/// Turns one bit over, opens, asks for everything, changes something and closes.
pub(super) fn flip_run(
    seed: u64,
    disk: &SimulatedDisk,
    (sound, twice): (&Answers, &Twice),
) -> Result<Rot, String> {
    let (disk, place) = disk.with_flipped_bit(&mut Chance::new(seed));
    let Ok(plant) = Plant::open(&disk) else {
        return Ok(Rot::Told);
    };
    let rot = Answers::of(&plant).against(sound, twice);
    let rot = rot.map_err(|text| format!("{place}: {text}"))?;
    let known = Known {
        interval: MINUTE_MS,
        value: Some(1.5),
        quality: Quality::Good,
    };
    let told = vec![(MARKER, GAUGE, END, known)];
    let changed = plant
        .apply(&Doubt::Append(END, told))
        .and_then(|()| plant.tsdb.seal_now());
    plant.close();
    Ok(if changed.is_err() { Rot::Told } else { rot })
}
