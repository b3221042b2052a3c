//! *pure* — packing one column: alone, or along a curve over others, whichever is shorter.

use super::basis::{Basis, Shape};
use super::bytes::{put, put_len, put_signed};
use super::fit::{Planned, fit_basis, fit_plan};
use super::floats::put_floats;
use super::ints::{fit_residuals, put_ints, put_plan, put_planned};
use super::others::{Picked, at_all_ticks};
use super::residuals::put_residuals;
use super::states::put_states;
use super::{Chunk, Column, Quantity, Role, Values};
use crate::base::Phase;

/// Added to the places of a column that follows others.
pub(super) const FOLLOWS: u8 = 0x10;
/// Added to the places of a column of which every value is some steps above a base.
pub(super) const STEPPED: u8 = 0x08;
/// Shorter columns are packed alone: a curve costs more than it saves.
const FOLLOWS_FROM: usize = 64;

/// The columns of a chunk as they are packed; a column that others follow is spread only once.
pub(super) struct Packer<'a> {
    chunk: &'a Chunk,
    held: Vec<Option<Vec<f64>>>,
}

impl<'a> Packer<'a> {
    pub(super) fn new(chunk: &'a Chunk) -> Self {
        Self {
            chunk,
            held: vec![None; chunk.columns.len()],
        }
    }

    /// Writes the column at a place.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, place: usize) {
        let column = &self.chunk.columns[place];
        put_states(out, &column.states);
        let (places, ints) = match &column.values {
            Values::Decimal { places, ints } => (*places, ints),
            Values::Float(floats) => {
                put_floats(out, floats);
                return;
            }
        };
        let step = step_of(ints);
        if step == 0 || ints.len() <= 2 || !fit_residuals(ints) {
            out.push(places);
            put_ints(out, ints);
            return;
        }
        let base = ints.first().copied().unwrap_or_default();
        let stepped: Vec<i64>;
        let (ints, tag) = if step > 1 {
            stepped = ints.iter().map(|int| (int - base) / step).collect();
            (&stepped, places + STEPPED)
        } else {
            (ints, places)
        };
        let alone = fit_plan(ints, &[]);
        let along = self.best_curve(place, ints, alone);
        out.push(tag + if along.is_some() { FOLLOWS } else { 0 });
        if step > 1 {
            put(out, step.cast_unsigned());
            put_signed(out, base);
        }
        let Some(along) = along else {
            put_planned(out, ints, alone);
            return;
        };
        along.basis.put(out);
        put_plan(out, &along.planned.plan);
        put_residuals(out, ints, &along.curve, &along.planned.plan);
    }

    /// The curve that saves most; `None` when none does.
    fn best_curve(&mut self, place: usize, ints: &[i64], alone: Planned) -> Option<Along> {
        if ints.len() < FOLLOWS_FROM {
            return None;
        }
        let states = &self.chunk.columns[place].states;
        let (mut best, mut least) = (None, alone.bits);
        for mut basis in candidates(&self.chunk.columns, place) {
            self.hold(basis.of);
            if let Shape::Quotient(by) = basis.shape {
                self.hold(by);
            }
            let held = |other: usize| self.held.get(other)?.as_deref();
            let Ok(picked) = Picked::new(&basis, states, &self.chunk.times, held) else {
                continue;
            };
            fit_basis(ints, &picked.as_others(), &mut basis);
            let curve = basis.curve(&picked.as_others());
            let planned = fit_plan(ints, &curve);
            let mut header = Vec::new();
            basis.put(&mut header);
            put_len(&mut header, 0);
            #[allow(clippy::cast_precision_loss)] // a few bytes
            let bits = planned.bits + header.len() as f64 * 8.0;
            if bits < least {
                least = bits;
                best = Some(Along {
                    basis,
                    curve,
                    planned,
                });
            }
        }
        best
    }

    fn hold(&mut self, place: usize) {
        let ticks = self.chunk.times.len();
        let column = &self.chunk.columns[place];
        self.held[place].get_or_insert_with(|| at_all_ticks(column, ticks));
    }
}

/// The greatest number that divides all steps between values; 0 when all are the same.
fn step_of(ints: &[i64]) -> i64 {
    let mut step = 0_u64;
    for pair in ints.windows(2) {
        let mut rest = pair[0].abs_diff(pair[1]);
        while rest != 0 {
            (step, rest) = (rest, step % rest);
        }
        if step == 1 {
            break;
        }
    }
    i64::try_from(step).unwrap_or(1)
}

/// A way to pack a column along a curve.
struct Along {
    basis: Basis,
    curve: Vec<i64>,
    planned: Planned,
}

/// The curves that a column might follow. A column follows only columns that stand before it in
/// [`rank`], so that no two wait for each other.
fn candidates(columns: &[Column], place: usize) -> Vec<Basis> {
    let role = columns[place].role;
    let find = |quantity: Quantity, phase: Phase| {
        let role = Role { quantity, phase };
        let found = columns.iter().position(|column| column.role == role)?;
        (!columns[found].values.is_empty()).then_some(found)
    };
    let near =
        |quantity: Quantity| find(quantity, role.phase).or_else(|| find(quantity, Phase::Total));
    let mut found = Vec::new();
    let mut add = |of: Option<usize>, shape: Shape, used: usize| {
        let before = |other: usize| rank(columns[other].role) < rank(role);
        let allowed = match shape {
            Shape::Quotient(by) => before(by),
            Shape::Powers | Shape::Sum => true,
        };
        if let Some(of) = of.filter(|of| before(*of) && allowed) {
            found.push(Basis {
                of,
                shape,
                used,
                ..Basis::default()
            });
        }
    };
    let power = near(Quantity::Power);
    match role.quantity {
        Quantity::Energy => add(power, Shape::Sum, 1),
        Quantity::Current => {
            if let Some(voltage) = near(Quantity::Voltage) {
                add(near(Quantity::ApparentPower), Shape::Quotient(voltage), 1);
                add(power, Shape::Quotient(voltage), 4);
            }
            add(power, Shape::Powers, 3);
        }
        Quantity::PowerFactor | Quantity::ReactivePower | Quantity::ApparentPower => {
            add(power, Shape::Powers, 4);
            add(power, Shape::Powers, 2);
        }
        Quantity::Power => add(find(Quantity::Power, Phase::Total), Shape::Powers, 1),
        Quantity::Voltage => {
            add(power, Shape::Powers, 1);
            add(find(Quantity::Voltage, Phase::L1), Shape::Powers, 1);
        }
        Quantity::Other => add(power, Shape::Powers, 1),
    }
    found
}

/// The order in which columns may follow each other.
const fn rank(role: Role) -> u8 {
    match (role.quantity, role.phase) {
        (Quantity::Power, Phase::Total) => 0,
        (Quantity::Power, _) => 1,
        (Quantity::Voltage, Phase::L2 | Phase::L3) => 3,
        (Quantity::Current, _) => 4,
        (Quantity::Other, _) => 5,
        _ => 2,
    }
}
