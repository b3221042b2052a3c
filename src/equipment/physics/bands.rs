//! *pure* — values that have a band of their own: frequency, power factor, voltage.

use super::finding::{Code, Finding, times};
use super::look::{Look, Quantity, ends, is_mains};
use super::{Round, agreed};

pub(super) fn judge(looks: &[Look], round: &mut Round) {
    frequency(looks, round);
    factor(looks, round);
    kilovolts(looks, round);
    exchanged(looks, round);
}

/// The power of ten by which a frequency is off; 0 when it is right.
fn frequency(looks: &[Look], round: &mut Round) {
    let off = |look: &Look| {
        let hertz = look.total(Quantity::Frequency).filter(|f| *f > 0.0)?;
        if is_mains(hertz) {
            return Some(0);
        }
        let fits = |decades: &i32| (45.0..=65.0).contains(&(hertz / 10_f64.powi(*decades)));
        [1, 2, 3, -1, -2, -3].into_iter().find(fits)
    };
    let Some(decades) = agreed(looks.iter().map(off)) else {
        return;
    };
    round.tried(Code::FrequencyUnit);
    if decades != 0 {
        let sentence = format!(
            "The frequency is {}: the register is not in the unit that the scale expects. Change \
             its scale or its unit.",
            times(decades)
        );
        let slots = Quantity::Frequency.bit(0);
        let finding = Finding::new(Code::FrequencyUnit, "frequency", slots, sentence);
        round.findings.push(finding.by(10_f64.powi(decades)));
    }
}

/// What a power factor beyond 1 is.
fn factor(looks: &[Look], round: &mut Round) {
    let class = |look: &Look| {
        let places = (0..4).filter_map(|place| look.slot(Quantity::Factor.at(place)));
        let largest = places.map(f64::abs).reduce(f64::max)?;
        match largest {
            0.0..=1.05 => Some(0),
            // Schneider's coding; anything nearer to 1 is noise of a light load.
            1.05..=2.0 => Some(-1),
            // Not less: 2 to 10 % is no load that anybody measures.
            10.0..=100.5 => Some(2),
            100.5..=1_005.0 => Some(3),
            _ => None,
        }
    };
    let Some(class) = agreed(looks.iter().map(class)) else {
        return;
    };
    round.tried(Code::FactorUnit);
    round.tried(Code::FourQuadrant);
    let slots = Quantity::Factor.bits();
    match class {
        -1 => {
            let sentence = "The power factor lies between 1 and 2: the meter codes four quadrants \
                            in one number. Choose the profile of this meter, or leave the register \
                            out."
                .to_owned();
            let finding = Finding::new(Code::FourQuadrant, "power_factor", slots, sentence);
            round.findings.push(finding);
        }
        2 | 3 => {
            let sentence = format!(
                "The power factor is {}: the register counts in per {}. Change its scale.",
                times(class),
                if class == 2 { "cent" } else { "mille" }
            );
            let finding = Finding::new(Code::FactorUnit, "power_factor", slots, sentence);
            round.findings.push(finding.by(10_f64.powi(class)));
        }
        _ => {}
    }
}

/// Mains voltage that is shown as less than one volt is in kilovolts.
fn kilovolts(looks: &[Look], round: &mut Round) {
    let class = |look: &Look| {
        let places = (0..4).filter_map(|place| look.slot(Quantity::Voltage.at(place)));
        let known: Vec<f64> = places.filter(|volts| *volts > 0.0).collect();
        let all = |from: f64, to: f64| known.iter().all(|volts| (from..to).contains(volts));
        if known.is_empty() {
            None
        } else if all(0.05, 0.75) {
            Some(true)
        } else {
            Some(false)
        }
    };
    let Some(kilovolts) = agreed(looks.iter().map(class)) else {
        return;
    };
    if kilovolts {
        let sentence = "The voltage is 1000 times too small: the register is in kilovolts. Change \
                        its unit to kV."
            .to_owned();
        let finding = Finding::new(Code::Scale, "voltage", Quantity::Voltage.bits(), sentence);
        round.findings.push(finding.by(1e-3));
    }
}

/// Three "currents" that stand together at the mains voltage while the "voltages" do not.
fn exchanged(looks: &[Look], round: &mut Round) {
    let class = |look: &Look| {
        let volts = look.phases(Quantity::Voltage)?;
        let amperes = look.phases(Quantity::Current)?;
        let together = |values: [f64; 3]| {
            let (low, high) = ends(values);
            low > 0.0 && high < 1.06 * low
        };
        let is_mains = |values: [f64; 3]| {
            let (low, high) = ends(values);
            [(207.0, 254.0), (360.0, 440.0), (104.0, 132.0)]
                .iter()
                .any(|(from, to)| low > *from && high < *to)
        };
        let exchanged =
            is_mains(amperes) && together(amperes) && !is_mains(volts) && ends(volts).1 < 180.0;
        Some(exchanged && ends(volts).1 > 0.0)
    };
    let Some(exchanged) = agreed(looks.iter().map(class)) else {
        return;
    };
    round.tried(Code::VoltageForCurrent);
    if exchanged {
        let sentence = "What is read as current stands at the mains voltage on all three phases, \
                        and what is read as voltage does not: the registers of voltage and \
                        current are exchanged."
            .to_owned();
        let slots = Quantity::Voltage.bits() | Quantity::Current.bits();
        let finding = Finding::new(Code::VoltageForCurrent, "voltage", slots, sentence);
        round.findings.push(finding);
    }
}
