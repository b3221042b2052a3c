//! *pure* — what the next value will be, and how sure that is; the same when writing and reading.
//!
//! A value is expected where a curve over other columns says (see `basis.rs`), plus a mix of the
//! last two distances from that curve and of their level. How far values are off widens and
//! narrows the distribution that the next one is packed with.

use super::tables::{ONE, Scale};

/// How a column follows itself. Chosen once for a block of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// Weight of the last distance against the level, in 1/256.
    pub(super) last: i64,
    /// Weight of the one before, in 1/256.
    pub(super) before: i64,
    /// The level goes 1/2^this towards each distance.
    pub(super) level: u32,
    /// The width goes 1/2^this towards each mean of four misses.
    pub(super) width: u32,
}

/// Weights are in 1/2^this.
const WEIGHT_BITS: u32 = 8;
/// The width is taken anew after 2^this values: as good as after each, and much faster.
pub(super) const TURN_BITS: u32 = 2;
/// How many values that are.
pub(super) const TURN: usize = 1 << TURN_BITS;

/// Where a run of values stands. Numbers are units times 2^16 unless said otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Model {
    last: i64,
    before: i64,
    level: i64,
    width: i64,
    /// Misses since the width was taken, each up to the cap.
    missed: i64,
    cap: i64,
    scale: Scale,
}

/// What is expected of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// The middle of the distribution.
    middle: i64,
    /// The nearest whole unit, in units.
    unit: i64,
    /// -1 when the middle lies below that unit, else 0: distances are counted the other way.
    turned: i64,
    /// Which table.
    pub(super) table: usize,
}

impl Model {
    /// Starts at a known first value, with the curve there.
    pub(super) fn new(first: i64, curve: i64, width: i64) -> Self {
        let distance = (first << ONE).wrapping_sub(curve);
        let mut model = Self {
            last: distance,
            before: distance,
            level: distance,
            width,
            ..Self::default()
        };
        model.settle();
        model
    }

    /// Low bits that are written as they are.
    #[inline]
    pub(super) const fn raw(&self) -> u32 {
        self.scale.raw as u32
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
        let turned = centre >> 63;
        Guess {
            middle,
            unit,
            turned,
            table: self.scale.table(centre ^ turned),
        }
    }

    /// Takes the value that came, in units.
    #[inline]
    pub(super) fn take(&mut self, pace: &Pace, curve: i64, guess: &Guess, value: i64) {
        let here = value << ONE;
        let distance = here.wrapping_sub(curve);
        let miss = here.wrapping_sub(guess.middle).wrapping_abs();
        let step = distance.wrapping_sub(self.level) >> pace.level;
        // A jump moves the level at once: creeping there would spoil all values on the way.
        let jumps = miss.cast_unsigned() > self.cap.cast_unsigned();
        let level = self.level.wrapping_add(step);
        self.level = if jumps { distance } else { level };
        self.missed = self
            .missed
            .wrapping_add(if jumps { self.cap } else { miss });
        self.before = self.last;
        self.last = distance;
    }

    /// Takes the width anew; after every [`TURN`] values.
    #[inline]
    pub(super) fn turn(&mut self, pace: &Pace) {
        let mean = self.missed >> TURN_BITS;
        let wider = mean.wrapping_sub(self.width) >> pace.width;
        self.width = self.width.wrapping_add(wider);
        self.settle();
    }

    #[inline]
    fn settle(&mut self) {
        self.missed = 0;
        self.cap = self.width.wrapping_mul(8).wrapping_add(1 << ONE);
        self.scale = Scale::of(self.width);
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
