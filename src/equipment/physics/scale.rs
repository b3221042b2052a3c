//! *pure* — powers of ten between quantities that belong together, and which of them explains
//! what is seen.
//!
//! Each law is a relation between scales: P = ΣU·I·cos φ says that the slip of power is that of
//! voltage and current together. The first single quantity (or group of registers that a profile
//! gets wrong together) whose slip explains every relation that could be tried is named.

use super::energy::{Against, Energy, unit_sentence};
use super::finding::{Code, Finding, times};
use super::look::{Look, Quantity};
use super::{Round, agreed};

/// The least apparent power, kVA, and active power, kW, that ratios are formed of: below, meters
/// show the noise of their inputs.
const KVA_MIN: f64 = 0.5;
const KW_MIN: f64 = 0.02;

/// What may be off by a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Power,
    PhasePowers,
    Apparent,
    Reactive,
    Current,
    CurrentTotal,
    Voltage,
    VoltageTotal,
    Energy,
}

/// The power of ten by which the two sides of a law differ.
#[derive(Clone, Copy, Debug, Default)]
struct Relations {
    /// P over the sum of the phases.
    sum: Option<i32>,
    /// P over S·cos φ.
    apparent: Option<i32>,
    /// P over ΣU·I·cos φ.
    volt_ampere: Option<i32>,
    /// S over ΣU·I.
    apparent_volt_ampere: Option<i32>,
    /// The counter over the integral of P.
    energy: Option<i32>,
    /// The current of the whole over that of the phases.
    current: Option<i32>,
    /// The voltage of the whole over that of the phases.
    voltage: Option<i32>,
    /// Q over the root of S² - P².
    reactive: Option<i32>,
}

/// The power of ten nearest to a ratio that may also be anything from 10^low to 10^high.
fn decades(ratio: f64, low: f64, high: f64) -> Option<i32> {
    let log = ratio.abs().log10();
    if !log.is_finite() {
        return None;
    }
    (-7..=7).find(|d| (low..=high).contains(&(log - f64::from(*d))))
}

fn above(value: f64, least: f64) -> Option<f64> {
    (value.abs() >= least).then_some(value)
}

fn sum(values: [f64; 3]) -> f64 {
    values.iter().sum()
}

fn sum_of_phases(look: &Look) -> Option<i32> {
    // Where all phases take or all give: else the sum is small between large ones.
    let phases = look.phases(Quantity::Power)?;
    let one_way = phases.iter().all(|kw| *kw >= 0.0) || phases.iter().all(|kw| *kw <= 0.0);
    let phases = above(sum(phases), KW_MIN).filter(|_| one_way)?;
    let total = above(look.total(Quantity::Power)?, KW_MIN)?;
    decades(total / phases, -0.15, 0.15)
}

/// P over S, with the power factor where it is known. Without, only more than S says anything:
/// an idle motor takes little active power.
fn over(power: f64, kva: f64, factor: Option<f64>, low: f64, high: f64) -> Option<i32> {
    match factor {
        Some(factor) => decades(power / (kva * factor), low, high),
        None => match power.abs() / kva {
            0.03..=1.3 => Some(0),
            ratio if ratio > 4.0 => decades(ratio, -0.4, 0.15),
            _ => None,
        },
    }
}

fn apparent(look: &Look) -> Option<i32> {
    let power = above(look.total(Quantity::Power)?, KW_MIN)?;
    let kva = above(look.total(Quantity::Apparent)?, KW_MIN)?;
    over(power, kva.abs(), look.factor(), -0.3, 0.3)
}

/// ΣU·I, kVA, and how far it may be off by its own nature: of phases, U may be between phases
/// (1/√3); of the whole, I may be the mean or the sum (3), and U between phases (√3).
fn volt_amperes(look: &Look) -> Option<(f64, f64, f64)> {
    if let Some(kva) = look.phase_kva() {
        return Some((above(sum(kva), KVA_MIN)?, -0.35, 0.15));
    }
    let kva = look.total(Quantity::Voltage)? * look.total(Quantity::Current)? / 1_000.0;
    Some((above(kva, KVA_MIN)?, -0.25, 0.6))
}

fn volt_ampere(look: &Look) -> Option<i32> {
    let power = above(look.total(Quantity::Power)?, KW_MIN)?;
    let (kva, low, high) = volt_amperes(look)?;
    match look.factor() {
        None if look.phase_kva().is_none() => None,
        factor => over(power, kva.abs(), factor, low, high),
    }
}

fn apparent_volt_ampere(look: &Look) -> Option<i32> {
    let apparent = above(look.total(Quantity::Apparent)?, KW_MIN)?;
    let (kva, low, high) = volt_amperes(look)?;
    decades(apparent / kva, low, high)
}

fn current(look: &Look) -> Option<i32> {
    let total = above(look.total(Quantity::Current)?, 0.2)?;
    let phases = above(sum(look.phases(Quantity::Current)?), 0.2)?;
    decades(total / (phases / 3.0), -0.15, 0.65)
}

fn voltage(look: &Look) -> Option<i32> {
    let total = above(look.total(Quantity::Voltage)?, 0.2)?;
    let phases = above(sum(look.phases(Quantity::Voltage)?), 0.2)?;
    decades(total / (phases / 3.0), -0.3, 0.55)
}

fn reactive(look: &Look) -> Option<i32> {
    let (s, p) = (
        look.total(Quantity::Apparent)?,
        look.total(Quantity::Power)?,
    );
    if s.abs() < KVA_MIN || p.abs() > 0.95 * s.abs() {
        return None;
    }
    let q = above(look.total(Quantity::Reactive)?, 1e-5)?;
    // Distortion makes Q smaller than the root, never larger.
    decades(q / (s * s - p * p).sqrt(), -0.6, 0.1)
}

impl Relations {
    fn of(looks: &[Look], energy: &Energy) -> Self {
        let each = |law: fn(&Look) -> Option<i32>| agreed(looks.iter().map(law));
        Self {
            sum: each(sum_of_phases),
            apparent: each(apparent),
            volt_ampere: each(volt_ampere),
            apparent_volt_ampere: each(apparent_volt_ampere),
            current: each(current),
            voltage: each(voltage),
            reactive: each(reactive),
            energy: match energy.against() {
                Some(Against::Fits) => Some(0),
                Some(Against::Decades(decades)) => Some(decades),
                None => None,
            },
        }
    }

    /// Every relation that could be tried, with what a slip would make of it.
    fn seen(&self, slip: impl Fn(Of) -> i32) -> Vec<(i32, i32)> {
        let power = slip(Of::Power);
        let volt_amperes = slip(Of::Voltage) + slip(Of::Current);
        let mut all = vec![
            (self.sum, power - slip(Of::PhasePowers)),
            (self.apparent, power - slip(Of::Apparent)),
            (self.volt_ampere, power - volt_amperes),
            (self.apparent_volt_ampere, slip(Of::Apparent) - volt_amperes),
            (self.energy, slip(Of::Energy) - power),
            (self.current, slip(Of::CurrentTotal) - slip(Of::Current)),
            (self.voltage, slip(Of::VoltageTotal) - slip(Of::Voltage)),
        ];
        // Q is compared with what S and P leave between them: only where these agree.
        if self.apparent == Some(0) {
            all.push((self.reactive, slip(Of::Reactive) - slip(Of::Apparent)));
        }
        let known = |(seen, expected): (Option<i32>, i32)| Some((seen?, expected));
        all.into_iter().filter_map(known).collect()
    }
}

use Of::{
    Apparent, Current, CurrentTotal, Energy as Counter, PhasePowers, Power, Reactive, Voltage,
    VoltageTotal,
};

/// What may be wrong together, the likelier first: units of power slip by a thousand, scales of
/// current by ten.
const POWERS: [&[Of]; 7] = [
    &[Power, PhasePowers, Apparent, Reactive],
    &[Power, PhasePowers, Reactive],
    &[Power, PhasePowers],
    &[Power],
    &[PhasePowers],
    &[Apparent, Reactive],
    &[Apparent],
];
const REACTIVE: [&[Of]; 1] = [&[Reactive]];
const COUNTER: [&[Of]; 1] = [&[Counter]];
const CURRENTS: [&[Of]; 3] = [&[Current, CurrentTotal], &[Current], &[CurrentTotal]];
const VOLTAGES: [&[Of]; 3] = [&[Voltage, VoltageTotal], &[Voltage], &[VoltageTotal]];

pub(super) fn judge(looks: &[Look], energy: &Energy, round: &mut Round) {
    let relations = Relations::of(looks, energy);
    let seen = relations.seen(|_| 0);
    if seen.is_empty() {
        return;
    }
    mark_tried(&relations, looks, round);
    if seen.iter().all(|(decades, _)| *decades == 0) {
        return;
    }
    let sizes = seen.iter().map(|(decades, _)| decades.abs());
    let thousand = sizes.max().unwrap_or(0) % 3 == 0;
    let volts = looks.iter().filter_map(|look| {
        look.slot(Quantity::Voltage.at(1))
            .or(look.total(Quantity::Voltage))
    });
    let odd_volts = volts.fold(0.0, f64::max);
    let voltage_is_odd = !(90.0..=760.0).contains(&odd_volts);
    let only_energy = relations.volt_ampere.is_none() && relations.energy.is_some_and(|d| d != 0);
    let mut order: Vec<&[Of]> = Vec::new();
    if voltage_is_odd {
        order.extend(VOLTAGES);
    }
    if only_energy {
        order.extend(COUNTER);
    }
    if thousand {
        order.extend(POWERS);
        order.extend(CURRENTS);
    } else {
        order.extend(CURRENTS);
        order.extend(POWERS);
    }
    order.extend(REACTIVE);
    order.extend(COUNTER);
    for wrong in order {
        for slip in [3, -3, 1, -1, 2, -2, 6, -6] {
            let of = |what: Of| if wrong.contains(&what) { slip } else { 0 };
            let fits = relations.seen(of);
            if fits.iter().all(|(seen, expected)| seen == expected) {
                let open = relations.energy.is_none() && relations.sum.is_none();
                round.findings.push(match wrong[0] {
                    Current if open => either(slip),
                    _ => finding(wrong, slip),
                });
                return;
            }
        }
    }
}

/// Notes which laws were tried. What power and voltage times current say cannot be taken back by
/// a law between powers alone.
fn mark_tried(relations: &Relations, looks: &[Look], round: &mut Round) {
    let has_volt_amperes = looks.last().is_some_and(|look| {
        look.phase_kva().is_some()
            || (look.total(Quantity::Voltage).is_some() && look.total(Quantity::Current).is_some())
    });
    if relations.volt_ampere.is_some() || relations.energy.is_some() || !has_volt_amperes {
        round.tried(Code::PowerUnit);
        round.tried(Code::Scale);
    }
    if relations.energy.is_some() {
        round.tried(Code::EnergyUnit);
    }
}

fn finding(wrong: &[Of], slip: i32) -> Finding {
    let slots = wrong.iter().fold(0, |all, what| all | bits(*what));
    let subject = match wrong[0] {
        Power | PhasePowers => "power",
        Apparent => "apparent_power",
        Reactive => "reactive_power",
        Current | CurrentTotal => "current",
        Voltage | VoltageTotal => "voltage",
        Counter => "consumption",
    };
    let (code, sentence) = match (wrong[0], slip) {
        (Counter, -3 | 3) => (Code::EnergyUnit, unit_sentence(slip)),
        (Counter, _) => (Code::Scale, unit_sentence(slip)),
        (Power | PhasePowers | Apparent | Reactive, -3 | 3) => {
            let units = if slip > 0 {
                "W and is read as kW"
            } else {
                "kW and is read as W"
            };
            let sentence = format!(
                "{} is {} for the voltage, current and energy beside it: the meter gives {units}. \
                 Change the unit or the scale of the register.",
                named(wrong),
                times(slip)
            );
            (Code::PowerUnit, sentence)
        }
        _ => {
            let sentence = format!(
                "{} is {} for what is shown beside it: the scale of the register is wrong.",
                named(wrong),
                times(slip)
            );
            (Code::Scale, sentence)
        }
    };
    Finding::new(code, subject, slots, sentence).by(10_f64.powi(slip))
}

/// Without a counter nothing says which side of ΣU·I·cos φ = P is wrong.
fn either(slip: i32) -> Finding {
    let sentence = format!(
        "Current is {}, or power {}: the scale of one of the two registers is wrong.",
        times(slip),
        times(-slip)
    );
    let slots = Quantity::Current.bits() | Quantity::Power.bits();
    Finding::new(Code::Scale, "current", slots, sentence).by(10_f64.powi(slip))
}

fn named(wrong: &[Of]) -> &'static str {
    match wrong {
        [PhasePowers] => "Power per phase",
        [Power | PhasePowers, ..] => "Power",
        [Apparent, ..] => "Apparent power",
        [Reactive, ..] => "Reactive power",
        [CurrentTotal] => "The current of the whole",
        [Current, ..] => "Current",
        [VoltageTotal] => "The voltage of the whole",
        [Voltage, ..] => "Voltage",
        _ => "A value",
    }
}

const fn bits(what: Of) -> u32 {
    match what {
        Power => Quantity::Power.bit(0),
        PhasePowers => Quantity::Power.phase_bits(),
        Apparent => Quantity::Apparent.bits(),
        Reactive => Quantity::Reactive.bits(),
        Current => Quantity::Current.phase_bits() | Quantity::Current.bit(0),
        CurrentTotal => Quantity::Current.bit(0),
        Voltage => Quantity::Voltage.phase_bits() | Quantity::Voltage.bit(0),
        VoltageTotal => Quantity::Voltage.bit(0),
        Counter => Quantity::Import.bit(0) | Quantity::Export.bit(0),
    }
}
