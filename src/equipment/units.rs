//! *pure* — the unit in which a metric is kept, and the factor that leads there.

use crate::base::{Metric, Unit};

/// Symbols of one quantity with their factor to the first, which is the one that is kept.
type Family = &'static [(&'static str, f64)];

const ACTIVE_POWER: Family = &[("kW", 1.0), ("W", 1e-3), ("MW", 1e3)];
const REACTIVE_POWER: Family = &[("kvar", 1.0), ("var", 1e-3), ("Mvar", 1e3)];
const APPARENT_POWER: Family = &[("kVA", 1.0), ("VA", 1e-3), ("MVA", 1e3)];
const ENERGY: Family = &[("kWh", 1.0), ("Wh", 1e-3), ("MWh", 1e3), ("GWh", 1e6)];
const REACTIVE_ENERGY: Family = &[("kvarh", 1.0), ("varh", 1e-3), ("Mvarh", 1e3)];
const APPARENT_ENERGY: Family = &[("kVAh", 1.0), ("VAh", 1e-3), ("MVAh", 1e3)];
const VOLTAGE: Family = &[("V", 1.0), ("mV", 1e-3), ("kV", 1e3)];
const CURRENT: Family = &[("A", 1.0), ("mA", 1e-3), ("kA", 1e3)];
const FREQUENCY: Family = &[("Hz", 1.0), ("mHz", 1e-3)];
const FACTOR: Family = &[("", 1.0), ("%", 1e-2)];
const TEMPERATURE: Family = &[("°C", 1.0), ("C", 1.0), ("degC", 1.0)];
const PERCENT: Family = &[("%", 1.0)];

/// The units that a well-known metric may come in; `None` for one of the equipment's own.
fn family(metric: &Metric) -> Option<Family> {
    Some(match without_tariff(metric.as_str()) {
        "power" | "dc_power" => ACTIVE_POWER,
        "reactive_power" => REACTIVE_POWER,
        "apparent_power" => APPARENT_POWER,
        "consumption" | "export_energy" | "partial_consumption" | "partial_export_energy" => ENERGY,
        "reactive_energy" | "reactive_export_energy" => REACTIVE_ENERGY,
        "apparent_energy" => APPARENT_ENERGY,
        "voltage" | "line_voltage" => VOLTAGE,
        "current" | "neutral_current" => CURRENT,
        "frequency" => FREQUENCY,
        "power_factor" => FACTOR,
        "temperature" => TEMPERATURE,
        "voltage_thd" | "current_thd" => PERCENT,
        _ => return None,
    })
}

/// `t2_consumption` is the consumption of the second tariff.
fn without_tariff(name: &str) -> &str {
    match name.as_bytes() {
        [b't', b'1'..=b'9', b'_', ..] => &name[3..],
        _ => name,
    }
}

/// The unit in which values of `metric` are kept, and the factor from `given` to it. Without a
/// given unit the values already are in the kept one.
///
/// # Errors
/// A sentence with the units that this metric takes.
pub fn convert(metric: &Metric, given: Option<&str>) -> Result<(Unit, f64), String> {
    let unit = |symbol: &str| Unit::new(symbol).map_err(|error| error.sentence);
    let Some(family) = family(metric) else {
        return Ok((unit(given.unwrap_or_default().trim())?, 1.0));
    };
    let kept = unit(family[0].0)?;
    let Some(given) = given else {
        return Ok((kept, 1.0));
    };
    let wanted = given.trim();
    match family.iter().find(|(symbol, _)| *symbol == wanted) {
        Some((_, factor)) => Ok((kept, *factor)),
        None => Err(format!("{metric} is given in {}.", choice(family))),
    }
}

/// `kW, W or MW`.
fn choice(family: Family) -> String {
    let quoted = |(symbol, _): &(&'static str, f64)| match *symbol {
        "" => "no unit".to_owned(),
        symbol => symbol.to_owned(),
    };
    let names: Vec<_> = family.iter().map(quoted).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str) -> Metric {
        Metric::new(name).unwrap()
    }

    #[test]
    fn well_known_metrics_arrive_in_their_unit() {
        let (unit, factor) = convert(&Metric::POWER, Some("W")).unwrap();
        assert_eq!((unit.as_str(), factor), ("kW", 0.001));
        let (unit, factor) = convert(&Metric::CONSUMPTION, Some("MWh")).unwrap();
        assert_eq!((unit.as_str(), factor), ("kWh", 1000.0));
        let (unit, factor) = convert(&Metric::CURRENT, None).unwrap();
        assert_eq!((unit.as_str(), factor), ("A", 1.0));
        let (unit, factor) = convert(&metric("t2_export_energy"), Some("Wh")).unwrap();
        assert_eq!((unit.as_str(), factor), ("kWh", 0.001));
    }

    #[test]
    fn a_wrong_unit_is_refused_with_the_right_ones() {
        let refused = convert(&Metric::POWER, Some("kWh")).unwrap_err();
        assert_eq!(refused, "power is given in kW, W or MW.");
        let refused = convert(&metric("voltage_thd"), Some("V")).unwrap_err();
        assert_eq!(refused, "voltage_thd is given in %.");
        assert!(convert(&Metric::POWER, Some("kw")).is_err());
    }

    #[test]
    fn own_metrics_keep_their_own_unit() {
        let (unit, factor) = convert(&metric("steam"), Some("t/h")).unwrap();
        assert_eq!((unit.as_str(), factor), ("t/h", 1.0));
        assert!(convert(&metric("steam"), Some(&"x".repeat(17))).is_err());
    }

    #[test]
    fn the_kept_unit_is_the_standard_one() {
        for name in ["power", "voltage", "current", "frequency", "power_factor"] {
            let metric = metric(name);
            let (unit, _) = convert(&metric, None).unwrap();
            assert_eq!(Some(unit), metric.standard_unit());
        }
    }
}
