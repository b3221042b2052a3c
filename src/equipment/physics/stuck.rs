//! *pure* — a value that stands still while what belongs to it moves.

use super::finding::{Code, Finding};
use super::look::{Look, Quantity};
use super::{LOOKS, Round};
use crate::modbus::{DataType, Register};

/// What must move meanwhile, as a share of itself. Less may be rounding.
const MOVES: f64 = 0.1;
/// And at least this many of the smallest steps that the still register can tell.
const STEPS: f64 = 5.0;

pub(super) fn judge(
    looks: &[Look],
    registers: &[Register],
    slots: &[Option<usize>],
    round: &mut Round,
) {
    if looks.len() < LOOKS {
        return;
    }
    let total = |look: &Look| look.total(Quantity::Power);
    let of_phases = |look: &Look| Some(look.phases(Quantity::Power)?.iter().sum());
    let kva = |look: &Look| {
        let phases = look.phase_kva();
        let sum = phases.map(|kva| kva.iter().sum::<f64>());
        sum.or_else(|| Some(look.total(Quantity::Voltage)? * look.total(Quantity::Current)?))
    };
    let step = |slot: usize| step_of(registers, slots, slot);
    let power = Quantity::Power.at(0);
    pair(looks, step(power), power, &total, &of_phases, round);
    pair(looks, step(power), power, &total, &kva, round);
    for place in 1..=3 {
        let slot = Quantity::Current.at(place);
        let current = move |look: &Look| look.slot(slot);
        let power = move |look: &Look| look.slot(Quantity::Power.at(place));
        pair(looks, step(slot), slot, &current, &power, round);
    }
    let slot = Quantity::Current.at(0);
    let current = |look: &Look| look.total(Quantity::Current);
    pair(looks, step(slot), slot, &current, &total, round);
}

/// The smallest step of the register behind a slot; floats tell everything apart.
fn step_of(registers: &[Register], slots: &[Option<usize>], slot: usize) -> f64 {
    let found = slots.iter().position(|s| *s == Some(slot));
    match found.map(|n| &registers[n]) {
        Some(r) if !matches!(r.data_type, DataType::Float32 | DataType::Float64) => r.scale.abs(),
        _ => 0.0,
    }
}

/// Compares a value with its partner; both in the same proportion to each other.
fn pair(
    looks: &[Look],
    step: f64,
    slot: usize,
    value: &dyn Fn(&Look) -> Option<f64>,
    partner: &dyn Fn(&Look) -> Option<f64>,
    round: &mut Round,
) {
    let shown: Option<Vec<(f64, f64)>> = looks
        .iter()
        .map(|look| Some((value(look)?, partner(look)?)))
        .collect();
    let Some(shown) = shown else {
        return;
    };
    let first = shown[0].0;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (_, partner) in &shown {
        low = low.min(partner.abs());
        high = high.max(partner.abs());
    }
    let moved = (high - low) / high.max(f64::MIN_POSITIVE);
    if first.abs() < f64::MIN_POSITIVE || moved < MOVES || first.abs() * moved < STEPS * step {
        return;
    }
    round.tried(Code::Stuck);
    if shown
        .iter()
        .all(|(value, _)| value.total_cmp(&first).is_eq())
    {
        let quantity = Quantity::of_slot(slot);
        let place = slot - quantity.at(0);
        let name = match place {
            0 => quantity.name().to_owned(),
            line => format!("{}_l{line}", quantity.name()),
        };
        let known = |f: &Finding| f.code == Code::Stuck && f.subject == name;
        if !round.findings.iter().any(known) {
            let sentence = format!(
                "{name} stands still while the load moves: the meter has stopped to refresh this \
                 register, or it is another one."
            );
            let finding = Finding::new(Code::Stuck, &name, 1 << slot, sentence);
            round.findings.push(finding);
        }
    }
}
