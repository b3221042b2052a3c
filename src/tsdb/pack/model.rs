//! *pure* — what the next value will be, and how sure that is; the same when writing and reading.
//!
//! A value is expected where a curve over other columns says (see `basis.rs`), plus a mix of the
//! last two distances from that curve and of their level. How far values are off widens and
//! narrows the distribution that the next one is packed with.

use super::tables::{ONE, choose};

/// How a column follows itself. Chosen once for a block of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// Weight of the last distance against the level, in 1/256.
    pub(super) last: i64,
    /// Weight of the one before, in 1/256.
    pub(super) before: i64,
    /// The level goes 1/2^this towards each distance.
    pub(super) level: u32,
    /// The width goes 1/2^this towards each miss.
    pub(super) width: u32,
}

/// Weights are in 1/2^this.
const WEIGHT_BITS: u32 = 8;
/// Widths stay below this: 2^30 units.
const WIDTH_MAX: i64 = 1 << 46;

/// Where a run of values stands. Numbers are units times 2^16 unless said otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Model {
    last: i64,
    before: i64,
    level: i64,
    width: i64,
}

/// What is expected of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// The middle of the distribution.
    pub(super) middle: i64,
    /// The nearest whole unit, in units.
    pub(super) unit: i64,
    /// -1 when the middle lies below that unit, else 0: distances are counted the other way.
    pub(super) turned: i64,
    /// Which table.
    pub(super) table: usize,
    /// Low bits that are written as they are.
    pub(super) raw: u32,
}

impl Model {
    /// Starts at a known first value, with the curve there.
    pub(super) const fn new(first: i64, curve: i64, width: i64) -> Self {
        let distance = (first << ONE).wrapping_sub(curve);
        Self {
            last: distance,
            before: distance,
            level: distance,
            width,
        }
    }

    #[inline]
    pub(super) fn guess(&self, pace: &Pace, curve: i64) -> Guess {
        let last = self.last.wrapping_sub(self.level).wrapping_mul(pace.last);
        let before = self
            .before
            .wrapping_sub(self.level)
            .wrapping_mul(pace.before);
        let moved = last.wrapping_add(before) >> WEIGHT_BITS;
        let middle = self.level.wrapping_add(moved).wrapping_add(curve);
        let unit = middle.wrapping_add(1 << (ONE - 1)) >> ONE;
        let centre = middle.wrapping_sub(unit << ONE);
        let (table, raw) = choose(self.width.cast_unsigned(), centre.unsigned_abs());
        Guess {
            middle,
            unit,
            turned: centre >> 63,
            table,
            raw,
        }
    }

    /// Takes the value that came, in units.
    #[inline]
    pub(super) fn take(&mut self, pace: &Pace, curve: i64, guess: &Guess, value: i64) {
        let here = value << ONE;
        let distance = here.wrapping_sub(curve);
        let miss = here.wrapping_sub(guess.middle).wrapping_abs();
        let cap = self.width * 8 + (1 << ONE);
        // A jump moves the level at once: creeping there would spoil all values on the way.
        let (miss, level) = if miss.cast_unsigned() > cap.cast_unsigned() {
            (cap, distance)
        } else {
            let step = distance.wrapping_sub(self.level) >> pace.level;
            (miss, self.level.wrapping_add(step))
        };
        self.width = (self.width + ((miss - self.width) >> pace.width)).clamp(1, WIDTH_MAX);
        self.before = self.last;
        self.last = distance;
        self.level = level;
    }
}

impl Guess {
    /// How far a value is off, counted towards the side on which the middle lies.
    #[inline]
    pub(super) const fn distance(&self, value: i64) -> i64 {
        let off = value.wrapping_sub(self.unit);
        (off ^ self.turned).wrapping_sub(self.turned)
    }

    /// The value at a distance: the inverse.
    #[inline]
    pub(super) const fn value(&self, distance: i64) -> i64 {
        let off = (distance ^ self.turned).wrapping_sub(self.turned);
        self.unit.wrapping_add(off)
    }
}
