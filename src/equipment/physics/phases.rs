//! *pure* — what only shows between the three conductors: a transformer turned round, currents
//! that belong to another phase.

use super::finding::{Code, Finding};
use super::look::{Look, Quantity, ends};
use super::{Round, agreed};
use std::f64::consts::TAU;

/// The least power of a phase that its sign can be judged by, kW.
const POWER_MIN_KW: f64 = 0.05;
/// The least apparent power of a phase that a ratio can be judged by, kVA.
const KVA_MIN: f64 = 0.2;

pub(super) fn judge(looks: &[Look], round: &mut Round) {
    reversed(looks, round);
    swapped(looks, round);
    crossed(looks, round);
}

const NAMES: [&str; 3] = ["L1", "L2", "L3"];

fn mean_of_others(values: [f64; 3], but: usize) -> f64 {
    let others = (0..3).filter(|n| *n != but).map(|n| values[n]);
    others.sum::<f64>() / 2.0
}

/// The one phase whose power is negative while the others take power; 3 when none is.
fn negative_phase(look: &Look) -> Option<usize> {
    let powers = look.phases(Quantity::Power)?;
    if powers.iter().any(|kw| kw.abs() < POWER_MIN_KW) {
        return None;
    }
    let negative: Vec<usize> = (0..3).filter(|n| powers[*n] < 0.0).collect();
    match negative.as_slice() {
        [] => Some(3),
        [one] => {
            let share = -powers[*one] / mean_of_others(powers, *one);
            (0.25..4.0).contains(&share).then_some(*one)
        }
        _ => None,
    }
}

/// A transformer that is turned round shows the load of its phase with both signs inverted. A
/// source on one phase (a small solar plant) shows a negative power too, but not the load's: its
/// reactive power keeps its sign, and it does not follow the load of the other phases.
fn reversed(looks: &[Look], round: &mut Round) {
    let Some(phase) = agreed(looks.iter().map(negative_phase)) else {
        return;
    };
    if phase == 3 {
        round.tried(Code::ReversedTransformer);
        return;
    }
    let moves = |least: f64| {
        let others = looks
            .iter()
            .filter_map(|look| Some(mean_of_others(look.phases(Quantity::Power)?, phase)));
        spread(others) >= least
    };
    let by_reactive = agreed(looks.iter().map(|look| reactive_turned(look, phase)));
    let by_factor = agreed(looks.iter().map(|look| factor_alike(look, phase)));
    let ratios = looks.iter().filter_map(|look| {
        let powers = look.phases(Quantity::Power)?;
        Some(-powers[phase] / mean_of_others(powers, phase))
    });
    let follows = moves(0.15) && spread(ratios) <= 0.08;
    let turned = (by_reactive == Some(true) && moves(0.05))
        || (by_factor == Some(true) && moves(0.08))
        || (follows && by_reactive != Some(false) && by_factor != Some(false));
    if turned {
        let name = NAMES[phase];
        let sentence = format!(
            "The power of {name} is negative and follows the load of the other phases: the \
             current transformer of {name} is turned round. Exchange its two wires, or turn it."
        );
        let slots = Quantity::Power.bit(0)
            | Quantity::Power.bit(phase + 1)
            | Quantity::Reactive.bit(0)
            | Quantity::Reactive.bit(phase + 1)
            | Quantity::Factor.bit(0)
            | Quantity::Factor.bit(phase + 1)
            | Quantity::Import.bit(0)
            | Quantity::Export.bit(0);
        let finding = Finding::new(Code::ReversedTransformer, name, slots, sentence);
        round.findings.push(finding);
    }
}

/// How far values are apart, as a share of their middle.
fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        low = low.min(value);
        high = high.max(value);
    }
    let middle = f64::midpoint(low, high).abs();
    if middle.is_finite() && middle > 0.0 {
        (high - low) / middle
    } else {
        0.0
    }
}

/// Whether the reactive power of this phase is that of the others with its sign inverted.
fn reactive_turned(look: &Look, phase: usize) -> Option<bool> {
    let (p, q) = (
        look.phases(Quantity::Power)?,
        look.phases(Quantity::Reactive)?,
    );
    let slopes = [0, 1, 2].map(|n| q[n] / p[n]);
    let others = mean_of_others(slopes, phase);
    if others.abs() < 0.1 {
        return None;
    }
    // Both signs inverted leave the slope as it is.
    let alike = (slopes[phase] - others).abs() <= 0.15 * others.abs();
    let opposite = q[phase] * mean_of_others(q, phase) < 0.0;
    Some(alike && opposite)
}

/// Whether the power factor of this phase is that of the others, apart from its sign.
fn factor_alike(look: &Look, phase: usize) -> Option<bool> {
    let (p, kva) = (look.phases(Quantity::Power)?, look.phase_kva()?);
    if kva.iter().any(|kva| *kva < KVA_MIN) {
        return None;
    }
    let factors = [0, 1, 2].map(|n| (p[n] / kva[n]).abs());
    let others = mean_of_others(factors, phase);
    let share = kva[phase] / mean_of_others(kva, phase);
    if !(0.3..=0.955).contains(&others) || !(0.75..=1.33).contains(&share) {
        return None;
    }
    Some((factors[phase] - others).abs() <= 0.02)
}

/// The exchanges of two currents, and the two rotations of all.
const ORDERS: [[usize; 3]; 5] = [[1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]];

/// Which order of the currents fits the powers: 0 as they are, else one more than the place in
/// [`ORDERS`].
fn order_of_currents(look: &Look) -> Option<usize> {
    let (u, i) = (
        look.phases(Quantity::Voltage)?,
        look.phases(Quantity::Current)?,
    );
    let wanted = match look.phases(Quantity::Apparent) {
        Some(kva) => kva,
        None => {
            let (p, factor) = (
                look.phases(Quantity::Power)?,
                look.phases(Quantity::Factor)?,
            );
            [0, 1, 2].map(|n| (p[n] / factor[n]).abs())
        }
    };
    if wanted.iter().any(|kva| !kva.is_finite() || *kva < KVA_MIN) {
        return None;
    }
    let error = |order: [usize; 3]| {
        let off = |n: usize| (u[n] * i[order[n]] / 1_000.0 / wanted[n]).ln().abs();
        [0, 1, 2].map(off).into_iter().fold(0.0, f64::max)
    };
    if error([0, 1, 2]) < 0.14 {
        return Some(0);
    }
    let fits = |order: &[usize; 3]| error(*order) < 0.05;
    ORDERS.iter().position(fits).map(|n| n + 1)
}

fn swapped(looks: &[Look], round: &mut Round) {
    let Some(order) = agreed(looks.iter().map(order_of_currents)) else {
        return;
    };
    round.tried(Code::SwappedCurrents);
    let Some(order) = order.checked_sub(1).map(|n| ORDERS[n]) else {
        return;
    };
    let wrong: Vec<usize> = (0..3).filter(|n| order[*n] != *n).collect();
    let names: Vec<_> = wrong.iter().map(|n| NAMES[*n]).collect();
    let names = names.join(", ");
    let sentence = format!(
        "The currents of {names} are exchanged: each fits the power of another phase. Correct \
         their registers."
    );
    let bits = wrong.iter().map(|n| Quantity::Current.bit(n + 1));
    let slots = bits.fold(0, |all, bit| all | bit);
    let finding = Finding::new(Code::SwappedCurrents, &names, slots, sentence);
    round.findings.push(finding);
}

/// The phase that is right when the other two have each the current of the other: their powers
/// then stand at 120° more and 120° less, and the sum of all three is nearly nothing. 3 when the
/// three stand together.
fn right_phase(look: &Look) -> Option<usize> {
    let (p, kva) = (look.phases(Quantity::Power)?, look.phase_kva()?);
    let (low, high) = ends(kva);
    if low < KVA_MIN || low < 0.8 * high {
        return None;
    }
    let factors = [0, 1, 2].map(|n| (p[n] / kva[n]).clamp(-1.0, 1.0));
    let (least, most) = ends(factors);
    if most - least < 0.3 {
        return Some(3);
    }
    let expected = |n: &usize| {
        let angle = factors[*n].acos();
        let turned = [(angle + TAU / 3.0).cos(), (angle - TAU / 3.0).cos()];
        let mut others: Vec<f64> = (0..3).filter(|m| m != n).map(|m| factors[m]).collect();
        others.sort_by(f64::total_cmp);
        let (low, high) = (turned[0].min(turned[1]), turned[0].max(turned[1]));
        factors[*n] > 0.5 && (others[0] - low).abs() < 0.07 && (others[1] - high).abs() < 0.07
    };
    (0..3).find(expected)
}

fn crossed(looks: &[Look], round: &mut Round) {
    let Some(right) = agreed(looks.iter().map(right_phase)) else {
        return;
    };
    round.tried(Code::CrossedPhases);
    if right == 3 {
        return;
    }
    let others: Vec<_> = (0..3).filter(|n| *n != right).map(|n| NAMES[n]).collect();
    let names = others.join(", ");
    let sentence = format!(
        "The powers of {names} stand 120° from their voltages, and the three together are nearly \
         nothing: the current transformers of {names} are exchanged at the meter."
    );
    let slots = Quantity::Power.bits()
        | Quantity::Reactive.bits()
        | Quantity::Factor.bits()
        | Quantity::Import.bit(0)
        | Quantity::Export.bit(0);
    let finding = Finding::new(Code::CrossedPhases, &names, slots, sentence);
    round.findings.push(finding);
}
