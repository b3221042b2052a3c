//! *pure* — the values of one column at the ticks of another.

use super::basis::{Basis, Others, Shape};
use super::bytes::damaged;
use super::{Column, State, Values};
use crate::base::Result;

/// The values of a column at all ticks of the chunk: where there is none, the one before stands.
/// Integers are not divided: a curve has weights anyway.
#[allow(clippy::cast_precision_loss)] // a curve may be off
pub(super) fn at_all_ticks(column: &Column, ticks: usize) -> Vec<f64> {
    let values: Vec<f64> = match &column.values {
        Values::Decimal { ints, .. } => ints.iter().map(|int| *int as f64).collect(),
        Values::Float(floats) => floats.clone(),
    };
    if values.len() == ticks {
        return values;
    }
    let mut held = values.first().copied().unwrap_or_default();
    let (mut all, mut values) = (Vec::with_capacity(ticks), values.into_iter());
    for (length, state) in &column.states {
        for _ in 0..*length {
            if matches!(state, State::Value(_)) {
                held = values.next().unwrap_or(held);
            }
            all.push(held);
        }
    }
    all
}

/// Picks the ticks at which a column has values.
fn pick<T: Copy>(all: &[T], states: &[(u32, State)]) -> Vec<T> {
    let (mut picked, mut at) = (Vec::with_capacity(all.len()), 0);
    for (length, state) in states {
        let end = at + *length as usize;
        if matches!(state, State::Value(_)) {
            picked.extend_from_slice(all.get(at..end).unwrap_or_default());
        }
        at = end;
    }
    picked
}

/// What a basis needs, at the ticks where a column has values.
#[derive(Debug, Default)]
pub(super) struct Picked {
    of: Vec<f64>,
    by: Vec<f64>,
    times: Vec<i64>,
}

impl Picked {
    /// Picks from columns that cover all ticks; `held` gives them by their place.
    pub(super) fn new<'a>(
        basis: &Basis,
        states: &[(u32, State)],
        times: &[i64],
        held: impl Fn(usize) -> Option<&'a [f64]>,
    ) -> Result<Self> {
        let column = |place| held(place).map(|all| pick(all, states)).ok_or_else(damaged);
        let mut picked = Self {
            of: column(basis.of)?,
            ..Self::default()
        };
        match basis.shape {
            Shape::Powers => {}
            Shape::Quotient(by) => picked.by = column(by)?,
            Shape::Sum => picked.times = pick(times, states),
        }
        Ok(picked)
    }

    pub(super) fn as_others(&self) -> Others<'_> {
        Others {
            of: &self.of,
            by: &self.by,
            times: &self.times,
        }
    }
}
