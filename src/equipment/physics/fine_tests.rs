//! What is right is never doubted: ordinary loads, odd loads, coarse meters, a whole plant.

use super::tests::{Bench, Load, bent, sdm630, truly};
use super::{Proof, State};
use crate::base::{Phase, Timestamp};
use crate::modbus::simulator::meter::Model;
use crate::modbus::simulator::plant::Plant;
use crate::modbus::{DataType, Register};

#[track_caller]
fn fine(bench: &Bench<'_>, what: &str, state: State) {
    let (proof, first) = bench.run(3_600);
    let found: Vec<_> = proof.findings().collect();
    assert!(first.is_none(), "{what}, after {first:?} s: {found:?}");
    assert_eq!(proof.state(), state, "{what}");
}

fn loaded(kw: [f64; 3], factor: [f64; 3]) -> Load {
    Load {
        kw,
        factor,
        ..Load::motors()
    }
}

/// A source on L1, which does not follow the load of the others.
fn solar(kw: [f64; 3], factor: [f64; 3]) -> Load {
    Load {
        swings: [0.0, 1.0, 1.0],
        ..loaded(kw, factor)
    }
}

#[test]
fn ordinary_and_odd_loads_are_fine() {
    let ones = [0.98, 0.97, 0.99];
    for (what, load) in [
        ("motors", Load::motors()),
        ("a balanced load", Load::balanced()),
        (
            "a steady load",
            Load {
                swing: 0.0,
                ..Load::motors()
            },
        ),
        (
            "a load that comes and goes quickly",
            Load {
                swing: 0.95,
                period_s: 7.3,
                ..Load::motors()
            },
        ),
        (
            "a single-phase load",
            loaded([2.4, 0.0, 0.0], [0.95, 1.0, 1.0]),
        ),
        ("solar power", loaded([-8.0, -8.1, -7.9], [-0.99; 3])),
        (
            "solar power on one phase",
            solar([-3.2, 1.4, 0.9], [-0.97, 0.9, 0.85]),
        ),
        (
            "solar power on one phase, and an oven",
            solar([-3.2, 2.9, 3.1], ones),
        ),
        ("idle motors", loaded([0.4, 0.4, 0.4], [0.12, 0.11, 0.12])),
        ("a small load", loaded([0.012, 0.004, 0.0], [0.5, 0.4, 1.0])),
        ("a furnace", loaded([900.0, 880.0, 910.0], ones)),
    ] {
        for inside in [
            sdm630(),
            Model::Umg96.registers(),
            Model::Iem3000.registers(),
        ] {
            let bench = Bench {
                read_by: inside.clone(),
                inside,
                load: load.clone(),
                bend: &truly,
            };
            fine(&bench, what, State::Plausible);
        }
    }
}

#[test]
fn no_load_is_fine() {
    let nothing = loaded([0.0; 3], [1.0; 3]);
    fine(&bent(nothing.clone(), &truly), "no load", State::Plausible);
    // A meter that says 0 for the power factor of nothing, and one that sees its own noise.
    let zero = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "power_factor" => 0.0,
        _ => truth,
    };
    fine(
        &bent(nothing.clone(), &zero),
        "no load, factor 0",
        State::Plausible,
    );
    let noise = |name: &str, phase: Phase, t: f64, truth: f64| match (name, phase) {
        ("current", _) => 0.04 + 0.01 * (t * 1.7).sin(),
        ("power", Phase::L1) => 0.002 * (t * 0.9).sin(),
        _ => truth,
    };
    fine(&bent(nothing, &noise), "noise", State::Plausible);
}

#[test]
fn other_ways_to_measure_are_fine() {
    let three_wires = |name: &str, phase: Phase, _: f64, truth: f64| match (name, phase) {
        // Two-wattmeter method: no powers of phases, voltages between them.
        ("power" | "power_factor", Phase::L1 | Phase::L2 | Phase::L3) => 0.0,
        ("voltage", _) => truth * 3.0_f64.sqrt(),
        _ => truth,
    };
    let balanced = || Load::balanced();
    fine(
        &bent(balanced(), &three_wires),
        "three wires",
        State::Plausible,
    );
    let sum = |name: &str, phase: Phase, _: f64, truth: f64| match (name, phase) {
        ("current", Phase::Total) => 3.0 * truth,
        ("voltage", Phase::Total) => truth * 3.0_f64.sqrt(),
        _ => truth,
    };
    fine(
        &bent(balanced(), &sum),
        "the sum of the currents",
        State::Plausible,
    );
    let harmonics = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "apparent_power" | "current" => truth * 1.3,
        "power_factor" => truth / 1.3,
        _ => truth,
    };
    fine(
        &bent(balanced(), &harmonics),
        "distortion",
        State::Plausible,
    );
}

#[test]
fn a_coarse_counter_and_few_registers_are_fine() {
    let coarse = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "consumption" => truth.floor(),
        "power" => (truth * 10.0).round() / 10.0,
        _ => truth,
    };
    fine(
        &bent(Load::motors(), &coarse),
        "whole kWh",
        State::Plausible,
    );
    let thousands = |name: &str, _: Phase, _: f64, truth: f64| match name {
        "consumption" => (truth / 1e3).floor() * 1e3,
        _ => truth,
    };
    fine(
        &bent(Load::motors(), &thousands),
        "whole MWh",
        State::Plausible,
    );
    let by_minute = |name: &str, _: Phase, t: f64, truth: f64| match name {
        "consumption" => {
            Load::motors().truth("consumption", Phase::Total, (t / 60.0).floor() * 60.0)
        }
        _ => truth,
    };
    fine(
        &bent(Load::motors(), &by_minute),
        "counted by the minute",
        State::Plausible,
    );
    let only = |names: &[&str]| {
        let wanted = |r: &Register| names.contains(&r.name().as_str());
        let registers: Vec<_> = sdm630().into_iter().filter(wanted).collect();
        Bench {
            read_by: registers.clone(),
            inside: registers,
            load: Load::motors(),
            bend: &truly,
        }
    };
    fine(
        &only(&["power", "consumption"]),
        "power and counter",
        State::Plausible,
    );
    fine(
        &only(&["voltage", "current", "power"]),
        "no factor",
        State::Plausible,
    );
    fine(
        &only(&["voltage_thd_l1"]),
        "distortion alone",
        State::Unknown,
    );
}

#[test]
fn a_counter_that_resets_and_a_poll_that_fails_are_fine() {
    let resets = |name: &str, _: Phase, t: f64, truth: f64| match name {
        "consumption" if t > 600.0 => truth - 81_234.5,
        "consumption" if (t - 300.0).abs() < 2.0 => 0.0,
        _ => truth,
    };
    fine(&bent(Load::motors(), &resets), "a reset", State::Plausible);
    let bench = bent(Load::motors(), &truly);
    let mut proof = Proof::new(&bench.read_by);
    for step in 0..720_u32 {
        let t = f64::from(step) * 5.0;
        let mut values = bench.poll(t);
        match step % 9 {
            3 => values.fill(None),
            5 => values[..7].fill(None),
            _ => {}
        }
        let at = Timestamp::from_ms(1_700_000_000_000 + i64::from(step) * 5_000);
        proof.take(at, &values);
        assert_ne!(
            proof.state(),
            State::Suspect,
            "{:?}",
            proof.findings().next()
        );
    }
    assert_eq!(proof.state(), State::Plausible);
}

#[test]
fn nothing_is_said_before_enough_was_seen() {
    let bench = bent(Load::motors(), &truly);
    assert_eq!(bench.run(30).0.state(), State::Proving);
    assert_eq!(bench.run(40).0.state(), State::Plausible);
    assert_eq!(Proof::new(&bench.read_by).state(), State::Proving);
}

/// Twelve meters through a shift of the simulated plant, with its start, breaks and drop-outs.
#[test]
fn a_whole_plant_is_fine_for_eight_hours() {
    let plant = Plant::new(20_261_121, 3_600_000);
    let start: Timestamp = "2026-11-20T04:30:00Z".parse().unwrap();
    for (number, device) in plant.devices().iter().enumerate() {
        let registers = device.meter.registers();
        assert!(registers.iter().all(|r| r.data_type != DataType::Float64));
        let mut proof = Proof::new(&registers);
        for step in 0..5_760 {
            let at = start.plus_ms(step * 5_000);
            let values: Vec<_> = plant.reading(number, at).iter().map(|r| r.value).collect();
            proof.take(at, &values);
            let found: Vec<_> = proof.findings().collect();
            assert!(found.is_empty(), "{} at {at}: {found:?}", device.name);
        }
        assert_eq!(proof.state(), State::Plausible, "{}", device.name);
    }
}
