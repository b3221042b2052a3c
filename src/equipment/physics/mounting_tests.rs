//! Faults of mounting and of the meter itself: what only shows between phases or over time.

use super::tests::{Bench, Load, bent, is, misread, names, sdm630};
use super::{Code, State};
use crate::base::{Metric, Phase};
use crate::modbus::Register;
use crate::modbus::simulator::meter::Model;
use std::f64::consts::TAU;

#[test]
fn a_transformer_that_is_turned_round_is_named() {
    let turn = |name: &str, phase: Phase, t: f64, truth: f64| {
        let load = Load::balanced();
        let of = |metric| load.truth(metric, Phase::L2, t);
        match (name, phase) {
            ("power" | "power_factor" | "reactive_power", Phase::L2) => -truth,
            ("power", Phase::Total) => truth - 2.0 * of("power"),
            ("reactive_power", Phase::Total) => truth - 2.0 * of("reactive_power"),
            // It counts a third: two phases against one.
            ("consumption", _) => 81_234.5 + (truth - 81_234.5) / 3.0,
            ("power_factor", Phase::Total) => truth / 3.0,
            _ => truth,
        }
    };
    let bench = bent(Load::balanced(), &turn);
    names(&bench, Code::ReversedTransformer, "L2");
    let with_reactive = Bench {
        inside: Model::Umg96.registers(),
        read_by: Model::Umg96.registers(),
        ..bent(Load::balanced(), &turn)
    };
    names(&with_reactive, Code::ReversedTransformer, "L2");
}

#[test]
fn exchanged_phases_are_named() {
    let load = Load::motors();
    let currents = |name: &str, phase: Phase, t: f64, truth: f64| match (name, phase) {
        ("current", Phase::L1) => load.truth("current", Phase::L3, t),
        ("current", Phase::L3) => load.truth("current", Phase::L1, t),
        _ => truth,
    };
    let bench = bent(Load::motors(), &currents);
    names(&bench, Code::SwappedCurrents, "L1, L3");

    // At the meter: the powers of two phases stand 120° from their voltages.
    let crossed = |name: &str, phase: Phase, t: f64, truth: f64| {
        let s = |phase| {
            let load = Load::balanced();
            load.truth("voltage", phase, t) * load.truth("current", phase, t) / 1e3
        };
        let angle = 0.86_f64.acos();
        let (a, b) = ((angle + TAU / 3.0).cos(), (angle - TAU / 3.0).cos());
        let of = |phase| match phase {
            Phase::L1 => a * s(phase),
            Phase::L2 => b * s(phase),
            _ => 0.86 * s(phase),
        };
        match (name, phase) {
            ("power", Phase::Total) => Phase::LINES.map(of).iter().sum(),
            ("power", phase) => of(phase),
            ("power_factor", Phase::L1) => a,
            ("power_factor", Phase::L2) => b,
            ("power_factor", Phase::Total) => 0.01,
            ("reactive_power", Phase::Total) => 1.0,
            ("consumption", _) => 81_234.5,
            _ => truth,
        }
    };
    let bench = bent(Load::balanced(), &crossed);
    names(&bench, Code::CrossedPhases, "L1, L2");

    let exchange = |r: &mut Register| {
        if is(r, "voltage") || is(r, "current") {
            let name = if is(r, "voltage") {
                "current"
            } else {
                "voltage"
            };
            r.metric = Metric::new(name).unwrap();
        }
    };
    let bench = misread(&sdm630(), exchange);
    names(&bench, Code::VoltageForCurrent, "voltage");
}

#[test]
fn a_missing_transformer_ratio_is_named() {
    let ratio = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "consumption" => 81_234.5 / 40.0 + (truth - 81_234.5) / 40.0,
        _ => truth,
    };
    let bench = bent(Load::motors(), &ratio);
    names(&bench, Code::TransformerRatio, "consumption");
}

#[test]
fn a_value_that_stands_still_is_named() {
    let frozen = |name: &str, phase: Phase, _: f64, truth: f64| match (name, phase) {
        ("power", Phase::Total) => 41.5,
        _ => truth,
    };
    names(&bent(Load::motors(), &frozen), Code::Stuck, "power");
    let frozen = |name: &str, phase: Phase, _: f64, truth: f64| match (name, phase) {
        ("current", Phase::L2) => 73.25,
        _ => truth,
    };
    names(&bent(Load::motors(), &frozen), Code::Stuck, "current_l2");
    // A counter may count in coarse steps: it is given a quarter of an hour.
    let frozen = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "consumption" => 81_234.5,
        _ => truth,
    };
    let (proof, first) = bent(Load::motors(), &frozen).run(1_200);
    assert!((900..1_000).contains(&first.unwrap()), "{first:?}");
    assert_eq!(proof.findings().next().unwrap().code, Code::CounterStuck);
}

#[test]
fn what_the_sign_and_the_quadrant_hide_is_named() {
    let inverted = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "power" => -truth,
        _ => truth,
    };
    names(&bent(Load::motors(), &inverted), Code::PowerSign, "power");
    let quadrants = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "power_factor" => 2.0 - truth,
        _ => truth,
    };
    let bench = bent(Load::motors(), &quadrants);
    names(&bench, Code::FourQuadrant, "power_factor");
}

#[test]
fn a_fault_that_was_put_right_is_forgotten() {
    let wrong_until = |name: &str, _: Phase, t: f64, truth: f64| match name {
        "power" if t < 120.0 => truth * 1_000.0,
        _ => truth,
    };
    let bench = bent(Load::motors(), &wrong_until);
    assert_eq!(bench.run(115).0.state(), State::Suspect);
    let (proof, _) = bench.run(300);
    assert_eq!(proof.state(), State::Plausible);
    assert_eq!(proof.doubted(&[]).count(), 0);
}
