//! *pure* — the curve along which a column is packed: what another column says it should be.
//!
//! A meter measures one machine: its apparent power, its power factor and its current are nearly
//! curves over its power, and its counter is the sum of it. Only `+ - * /` are used, which give
//! the same bits on every machine.

use super::bytes::{Input, damaged, put_len};
use super::tables::ONE;
use crate::base::Result;

/// Most weights of a curve.
pub(super) const WEIGHTS_MAX: usize = 4;
/// Curves stay within this: 2^40 units.
const CURVE_MAX: i64 = 1 << 56;
/// Bytes of a stored weight: a 32-bit float without its lowest eight bits.
const WEIGHT_BYTES: usize = 3;

/// How a column follows others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Basis {
    /// The place of the other column in the chunk.
    pub(super) of: usize,
    /// What the curve is made of.
    pub(super) shape: Shape,
    /// Powers of two by which the other column is divided, so that its powers stay small.
    pub(super) scale: u8,
    /// The weights; those that are not used are 0.
    pub(super) weights: [f64; WEIGHTS_MAX],
    /// How many are used.
    pub(super) used: usize,
}

/// What a curve is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// Powers of the other column, from the first on.
    #[default]
    Powers,
    /// The same, divided by a third column.
    Quotient(usize),
    /// The other column times the time since the tick before, added up.
    Sum,
}

/// The other columns at the ticks of this one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Others<'a> {
    pub(super) of: &'a [f64],
    /// Empty unless it is a quotient.
    pub(super) by: &'a [f64],
    /// Times of the ticks, ms; empty unless it is a sum.
    pub(super) times: &'a [i64],
}

impl Basis {
    /// The terms at each tick, before their weights.
    pub(super) fn terms(&self, others: &Others<'_>) -> Vec<[f64; WEIGHTS_MAX]> {
        let factor = self.factor();
        let mut terms = Vec::with_capacity(others.of.len());
        let mut add = |lead: f64, scaled: f64| {
            let mut powers = [lead; WEIGHTS_MAX];
            for n in 1..WEIGHTS_MAX {
                powers[n] = powers[n - 1] * scaled;
            }
            terms.push(powers);
        };
        match self.shape {
            Shape::Powers => others.of.iter().for_each(|x| add(x * factor, x * factor)),
            Shape::Quotient(_) => {
                let pairs = others.of.iter().zip(others.by);
                pairs.for_each(|(x, y)| add(x / y, x * factor));
            }
            Shape::Sum => sums(others, factor, |sum| add(sum, 0.0)),
        }
        terms
    }

    /// The curve at each tick, in units times 2^16.
    pub(super) fn curve(&self, others: &Others<'_>) -> Vec<i64> {
        let [a, b, c, d] = self.weights;
        let factor = self.factor();
        let mut curve = Vec::with_capacity(others.of.len());
        let mut add = |lead: f64, scaled: f64| {
            let sum = lead * (a + scaled * (b + scaled * (c + scaled * d)));
            curve.push(fixed(sum));
        };
        match self.shape {
            Shape::Powers => others.of.iter().for_each(|x| add(x * factor, x * factor)),
            Shape::Quotient(_) => {
                let pairs = others.of.iter().zip(others.by);
                pairs.for_each(|(x, y)| add(x / y, x * factor));
            }
            Shape::Sum => sums(others, factor, |sum| add(sum, 0.0)),
        }
        curve
    }

    fn factor(&self) -> f64 {
        1.0 / f64::from(1_u32 << (self.scale % 32))
    }

    /// Writes it: number of weights and shape in one byte, then the columns and the weights.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let shape = match self.shape {
            Shape::Powers => 0,
            Shape::Quotient(_) => 1,
            Shape::Sum => 2,
        };
        out.push(shape << 4 | self.used.to_le_bytes()[0]);
        put_len(out, self.of);
        if let Shape::Quotient(by) = self.shape {
            put_len(out, by);
        }
        out.push(self.scale);
        for weight in &self.weights[..self.used] {
            out.extend(&short(*weight).to_le_bytes()[4 - WEIGHT_BYTES..]);
        }
    }

    /// Reads it; the columns are below `columns`.
    pub(super) fn read(input: &mut Input<'_>, columns: usize) -> Result<Self> {
        let head = input.byte()?;
        let last = columns.checked_sub(1).ok_or_else(damaged)?;
        let mut basis = Self {
            of: input.count(last)?,
            used: usize::from(head & 0x0F),
            ..Self::default()
        };
        basis.shape = match head >> 4 {
            0 => Shape::Powers,
            1 => Shape::Quotient(input.count(last)?),
            2 => Shape::Sum,
            _ => return Err(damaged()),
        };
        if basis.used > WEIGHTS_MAX {
            return Err(damaged());
        }
        basis.scale = input.byte()?;
        for weight in &mut basis.weights[..basis.used] {
            let [low, middle, high] = input.array::<WEIGHT_BYTES>()?;
            *weight = f64::from(f32::from_le_bytes([0, low, middle, high]));
        }
        Ok(basis)
    }
}

/// A weight as it is stored.
#[allow(clippy::cast_possible_truncation)] // an estimate, made coarser on purpose
fn short(weight: f64) -> f32 {
    f32::from_bits((weight as f32).to_bits().saturating_add(0x80) & 0xFFFF_FF00)
}

/// What a stored weight will be read as.
pub(super) fn stored(weight: f64) -> f64 {
    f64::from(short(weight))
}

/// Units times 2^16; a curve that is no number is flat.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // saturates
fn fixed(value: f64) -> i64 {
    ((value * (1_u64 << ONE) as f64) as i64).clamp(-CURVE_MAX, CURVE_MAX)
}

/// The running sum of the other column times the seconds since the tick before.
#[allow(clippy::cast_precision_loss)] // a day has 86.4 million ms
fn sums(others: &Others<'_>, factor: f64, mut add: impl FnMut(f64)) {
    let (mut sum, mut before) = (0.0, others.times.first().copied().unwrap_or_default());
    for (x, time) in others.of.iter().zip(others.times) {
        sum += x * factor * (time.wrapping_sub(before) as f64 / 1000.0);
        before = *time;
        add(sum);
    }
}
