//! Faults that fitters and profiles make, injected into the registers of a simulated meter: each
//! must be named within two minutes of polling.

use super::words::WordMap;
use super::{Code, Proof, State};
use crate::base::{Metric, Phase, Timestamp};
use crate::equipment::profile::Profiles;
use crate::modbus::simulator::meter::Model;
use crate::modbus::{Function, Register, WordOrder};
use std::collections::BTreeMap;
use std::f64::consts::TAU;

/// What hangs on a meter: three phases of their own, and how far the load swings.
#[derive(Clone)]
pub(super) struct Load {
    pub(super) kw: [f64; 3],
    pub(super) factor: [f64; 3],
    pub(super) volts: [f64; 3],
    /// Share of the load that comes and goes.
    pub(super) swing: f64,
    /// How long that takes, s.
    pub(super) period_s: f64,
    /// Phases that swing; a solar plant does not follow the load.
    pub(super) swings: [f64; 3],
}

impl Load {
    pub(super) fn motors() -> Self {
        Self {
            kw: [20.0, 14.0, 9.0],
            factor: [0.85, 0.82, 0.87],
            volts: [230.4, 231.2, 229.1],
            swing: 0.2,
            period_s: 47.0,
            swings: [1.0; 3],
        }
    }

    pub(super) fn balanced() -> Self {
        Self {
            kw: [12.1, 12.0, 11.8],
            factor: [0.86, 0.86, 0.86],
            ..Self::motors()
        }
    }

    fn wave(&self, n: usize, t: f64) -> f64 {
        1.0 + self.swings[n] * self.swing * (TAU * t / self.period_s).sin()
    }

    /// What a meter that was mounted well shows, `t` seconds after its start.
    pub(super) fn truth(&self, metric: &str, phase: Phase, t: f64) -> f64 {
        let p = [0, 1, 2].map(|n| self.kw[n] * self.wave(n, t));
        let s = [0, 1, 2].map(|n| (p[n] / self.factor[n]).abs());
        let q = [0, 1, 2].map(|n| (s[n] * s[n] - p[n] * p[n]).max(0.0).sqrt());
        let volts = [0, 1, 2].map(|n| self.volts[n] + 0.3 * (t / 11.0).sin());
        let total: f64 = p.iter().sum();
        let all_q: f64 = q.iter().sum();
        let line = match phase {
            Phase::Total => None,
            Phase::L1 => Some(0),
            Phase::L2 => Some(1),
            Phase::L3 => Some(2),
        };
        let apparent = total.hypot(all_q);
        let whole = match metric {
            "power" => total,
            "reactive_power" => all_q,
            "apparent_power" => apparent,
            "power_factor" if apparent > 0.0 => total / apparent,
            "power_factor" => 1.0,
            "voltage" => volts.iter().sum::<f64>() / 3.0,
            "current" => [0, 1, 2].map(|n| s[n] * 1e3 / volts[n]).iter().sum::<f64>() / 3.0,
            "frequency" => 50.0 + 0.01 * (t / 7.0).sin(),
            "consumption" => 81_234.5 + self.energy(t).max(0.0),
            "export_energy" => 12.5 + (-self.energy(t)).max(0.0),
            _ => 1.0,
        };
        line.map_or(whole, |n| match metric {
            "power" => p[n],
            "reactive_power" => q[n],
            "apparent_power" => s[n],
            "power_factor" => self.factor[n],
            "voltage" => volts[n],
            "current" => s[n] * 1e3 / volts[n],
            _ => whole,
        })
    }

    /// The integral of the power, kWh.
    fn energy(&self, t: f64) -> f64 {
        let turn = TAU / self.period_s;
        let wave = self.swing * (1.0 - (turn * t).cos()) / turn;
        let of = |n: usize| self.kw[n] * (t + self.swings[n] * wave);
        [0, 1, 2].map(of).iter().sum::<f64>() / 3_600.0
    }
}

/// How a fault changes what is shown: name, conductor, seconds, the true value.
pub(super) type Bend<'a> = &'a dyn Fn(&str, Phase, f64, f64) -> f64;

/// A meter on the bench: its true registers, those it is read by, and its load.
pub(super) struct Bench<'a> {
    pub(super) inside: Vec<Register>,
    pub(super) read_by: Vec<Register>,
    pub(super) load: Load,
    pub(super) bend: Bend<'a>,
}

pub(super) const EVERY_MS: i64 = 5_000;

impl Bench<'_> {
    pub(super) fn poll(&self, t: f64) -> Vec<Option<f64>> {
        let mut words: BTreeMap<(Function, u32), u16> = BTreeMap::new();
        for register in &self.inside {
            let name = register.metric.as_str();
            let truth = self.load.truth(name, register.phase, t);
            let shown = (self.bend)(name, register.phase, t, truth);
            for (at, word) in (u32::from(register.address)..).zip(register.encode(shown)) {
                words.insert((register.function, at), word);
            }
        }
        let mut map = WordMap::default();
        for ((function, address), word) in words {
            map.put(function, address, &[word]);
        }
        let zero = |r: &Register| {
            // Between its registers a meter answers zeros.
            let read: Vec<u16> = (u32::from(r.address)..r.end())
                .map(|at| map.word(r.function, at).unwrap_or(0))
                .collect();
            r.decode(&read)
        };
        self.read_by.iter().map(zero).collect()
    }

    /// Polls for this long; the proof, and the first time anything was suspected, s.
    pub(super) fn run(&self, seconds: i64) -> (Proof, Option<i64>) {
        let mut proof = Proof::new(&self.read_by);
        let mut first = None;
        for step in 0..=seconds * 1_000 / EVERY_MS {
            let t = step * EVERY_MS / 1_000;
            proof.take(
                Timestamp::from_ms(1_700_000_000_000 + t * 1_000),
                &self.poll(t as f64),
            );
            if proof.state() == State::Suspect {
                first.get_or_insert(t);
            }
        }
        (proof, first)
    }
}

pub(super) fn sdm630() -> Vec<Register> {
    let profiles = Profiles::embedded().unwrap();
    profiles.get("eastron-sdm630").unwrap().registers.clone()
}

pub(super) fn truly(_: &str, _: Phase, _: f64, truth: f64) -> f64 {
    truth
}

/// The meter as it is, read with changed registers.
pub(super) fn misread(inside: &[Register], change: impl Fn(&mut Register)) -> Bench<'static> {
    let mut read_by = inside.to_vec();
    read_by.iter_mut().for_each(change);
    Bench {
        inside: inside.to_vec(),
        read_by,
        load: Load::motors(),
        bend: &truly,
    }
}

/// A meter that is read well and shows this.
pub(super) fn bent(load: Load, bend: Bend<'_>) -> Bench<'_> {
    Bench {
        inside: sdm630(),
        read_by: sdm630(),
        load,
        bend,
    }
}

#[track_caller]
pub(super) fn names(bench: &Bench<'_>, code: Code, subject: &str) {
    let (proof, first) = bench.run(120);
    let found: Vec<_> = proof.findings().collect();
    let named = found
        .iter()
        .any(|f| f.code == code && f.subject == subject && !f.sentence.is_empty());
    assert!(named, "{code:?} {subject}: {found:?}");
    assert_eq!(found.len(), 1, "one fault has one name: {found:?}");
    assert!(first.unwrap() <= 120);
    assert!(proof.doubted(&[]).count() > 0);
    assert_eq!(proof.doubted(&[code]).count(), 0);
}

pub(super) fn is(register: &Register, name: &str) -> bool {
    register.metric == Metric::new(name).unwrap()
}

#[test]
fn words_that_are_put_together_wrongly_are_named() {
    let little = |r: &mut Register| r.word_order = WordOrder::Little;
    names(&misread(&sdm630(), little), Code::WordOrder, "");
    let iem = Model::Iem3000.registers();
    names(&misread(&iem, little), Code::WordOrder, "");
    let dryer = Model::DryerController.registers();
    let big = |r: &mut Register| r.word_order = WordOrder::Big;
    names(&misread(&dryer, big), Code::WordOrder, "");
    let one = |r: &mut Register| {
        if is(r, "frequency") {
            r.word_order = WordOrder::Little;
        }
    };
    names(&misread(&sdm630(), one), Code::WordOrder, "frequency");
}

#[test]
fn a_map_that_is_off_by_one_is_named() {
    let up = |r: &mut Register| r.address += 1;
    names(&misread(&sdm630(), up), Code::OffByOne, "");
    names(
        &misread(&Model::Iem3000.registers(), up),
        Code::OffByOne,
        "",
    );
    let packaging = Model::PackagingController.registers();
    names(&misread(&packaging, up), Code::OffByOne, "");
    let down = |r: &mut Register| r.address -= 1;
    names(
        &misread(&Model::Umg96.registers(), down),
        Code::OffByOne,
        "",
    );
}

#[test]
fn a_slip_of_units_is_named() {
    let scale = |name: &'static str, by: f64| {
        move |r: &mut Register| {
            if is(r, name) {
                r.scale *= by;
            }
        }
    };
    let sdm = sdm630();
    let power = misread(&sdm, scale("power", 1_000.0));
    names(&power, Code::PowerUnit, "power");
    let only_total = |r: &mut Register| {
        if is(r, "power") && r.phase == Phase::Total {
            r.scale *= 1e-3;
        }
    };
    names(&misread(&sdm, only_total), Code::PowerUnit, "power");
    let powers = |r: &mut Register| {
        if r.metric.as_str().ends_with("power") {
            r.scale *= 1_000.0;
        }
    };
    names(&misread(&sdm, powers), Code::PowerUnit, "power");
    let energy = misread(&sdm, scale("consumption", 1_000.0));
    names(&energy, Code::EnergyUnit, "consumption");
    let energy = misread(&sdm, scale("consumption", 1e-3));
    names(&energy, Code::EnergyUnit, "consumption");
    let current = misread(&sdm, scale("current", 10.0));
    names(&current, Code::Scale, "current");
    let voltage = misread(&sdm, scale("voltage", 0.1));
    names(&voltage, Code::Scale, "voltage");
    let voltage = misread(&sdm, scale("voltage", 1e-3));
    names(&voltage, Code::Scale, "voltage");
    let reactive = misread(&sdm, scale("reactive_power", 1_000.0));
    names(&reactive, Code::PowerUnit, "reactive_power");
    let frequency = misread(&sdm, scale("frequency", 100.0));
    names(&frequency, Code::FrequencyUnit, "frequency");
    let factor = misread(&sdm, scale("power_factor", 100.0));
    names(&factor, Code::FactorUnit, "power_factor");
}

#[test]
fn a_press_with_plain_integers_is_judged_too() {
    let press = Model::PressController.registers();
    let power = |r: &mut Register| {
        if is(r, "power") {
            r.scale *= 10.0;
        }
    };
    let bench = misread(&press, power);
    // Its counter is coarse: until it has counted a while, the current might be the wrong one.
    names(&bench, Code::Scale, "current");
    let (proof, _) = bench.run(1_200);
    let found: Vec<_> = proof.findings().map(|f| (f.code, &*f.subject)).collect();
    assert_eq!(found, [(Code::Scale, "power")]);
}
