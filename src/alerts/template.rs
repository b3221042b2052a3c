//! *pure* — the rules that suit a piece of equipment, from what it is and what it measures.

use super::condition::{Comparison, Condition, Operator, Term};
use super::rule::{NewRule, Step};
use crate::base::{EquipmentId, Level, Metric, Phase};
use crate::equipment::Equipment;
use serde::Serialize;
use utoipa::ToSchema;

/// Silence of a polled device before it is an alert: poll intervals, and s at least.
const SILENT_INTERVALS: u32 = 6;
const SILENT_MIN_S: u32 = 60;
/// Silence of a sensor that pushes, s.
const SENSOR_SILENT_S: u32 = 900;
/// Voltage after EN 50160: 230 V ± 10 %.
const VOLTAGE_V: (f64, f64) = (207.0, 253.0);
/// Frequency of an interconnected grid after EN 50160: 50 Hz ± 1 %.
const FREQUENCY_HZ: (f64, f64) = (49.5, 50.5);
/// Below this power factor grid operators begin to charge reactive energy.
const POWER_FACTOR: f64 = 0.85;
/// Warmest that food is kept cold, °C.
const COLD_MAX_C: f64 = 8.0;

/// A rule that suits a piece of equipment.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertRuleTemplate)]
pub struct Template {
    /// Its name for programs.
    #[schema(example = "overload")]
    pub key: &'static str,
    /// Why it is there, and where its numbers come from.
    pub why: String,
    /// Whether new equipment gets it by itself.
    pub by_default: bool,
    /// The rule, ready to be sent.
    pub rule: NewRule,
}

/// What is known of equipment when templates are looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// What it measures.
    pub(super) series: Vec<(Metric, Phase)>,
    /// How often it is polled, ms; absent when it is not.
    pub(super) interval_ms: Option<u32>,
    /// Rated power, kW.
    pub(super) capacity_kw: Option<f64>,
    /// Its type, in lower case.
    pub(super) kind: String,
    /// Lowest and highest temperature of its specs, °C.
    pub(super) temperature_c: (Option<f64>, Option<f64>),
}

impl Facts {
    pub(super) fn of(equipment: &Equipment, series: Vec<(Metric, Phase)>) -> Self {
        let number = |names: &[&str]| {
            let value = names.iter().find_map(|name| equipment.specs.get(*name))?;
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
            number.is_finite().then_some(number)
        };
        let interval = equipment
            .modbus
            .as_ref()
            .map(|source| source.poll_interval_ms);
        Self {
            series,
            interval_ms: interval.and_then(|ms| u32::try_from(ms).ok()),
            capacity_kw: equipment.capacity_kw(),
            kind: equipment.kind.to_lowercase(),
            temperature_c: (
                number(&["min_temperature_c", "temperature_min"]),
                number(&["max_temperature_c", "temperature_max"]),
            ),
        }
    }

    fn measures(&self, metric: &str) -> bool {
        self.series
            .iter()
            .any(|(known, _)| known.as_str() == metric)
    }

    /// The conductors of a quantity: the single ones when they are measured.
    fn phases(&self, metric: &Metric) -> Vec<Phase> {
        let of = |(known, phase): &(Metric, Phase)| (known == metric).then_some(*phase);
        let all: Vec<_> = self.series.iter().filter_map(of).collect();
        let lines: Vec<_> = all.iter().copied().filter(|p| *p != Phase::Total).collect();
        if lines.is_empty() { all } else { lines }
    }

    fn is_cold(&self) -> bool {
        let words = ["cold", "freezer", "fridge", "refriger"];
        words.iter().any(|word| self.kind.contains(word))
    }
}

/// A rule of a template, with nothing special.
fn plain(equipment: EquipmentId, name: &str, condition: Condition, level: Level) -> NewRule {
    NewRule {
        equipment_id: equipment,
        name: Some(name.to_owned()),
        metric: None,
        phase: None,
        operator: None,
        threshold: None,
        condition: Some(condition),
        level,
        steps: Vec::new(),
        dead_band: 0.0,
        on_delay_s: 0,
        off_delay_s: 0,
        schedule: None,
        latched: false,
        enabled: true,
        owner: None,
        note: None,
        kind: None,
        template: None,
    }
}

fn limit(metric: Metric, phase: Phase, operator: Operator, threshold: f64) -> Condition {
    Condition::Threshold {
        metric,
        phase,
        operator,
        threshold,
    }
}

/// A metric that is known to be well named.
fn metric(name: &str) -> Option<Metric> {
    Metric::new(name).ok()
}

/// The templates that suit.
pub(super) fn templates(id: EquipmentId, facts: &Facts) -> Vec<Template> {
    let mut all: Vec<Option<Template>> = vec![silence(id, facts), overload(id, facts)];
    all.extend(mains(id, facts).into_iter().map(Some));
    all.push(power_factor(id, facts));
    all.extend(temperature(id, facts).into_iter().map(Some));
    all.extend(sensor(id, facts));
    let named = |template: Template| Template {
        rule: NewRule {
            template: Some(template.key.to_owned()),
            ..template.rule
        },
        ..template
    };
    all.into_iter().flatten().map(named).collect()
}

fn silence(id: EquipmentId, facts: &Facts) -> Option<Template> {
    let polled = facts
        .interval_ms
        .map(|ms| (ms / 1_000).saturating_mul(SILENT_INTERVALS));
    let pushes = facts.is_cold().then_some(SENSOR_SILENT_S);
    let silent_s = polled.map(|s| s.max(SILENT_MIN_S)).or(pushes)?;
    let rule = plain(id, "No data", Condition::NoData { silent_s }, Level::High);
    Some(Template {
        key: "no_data",
        why: format!("Nothing is known of it after {silent_s} s of silence."),
        by_default: true,
        rule: NewRule {
            note: Some("Check the supply of the meter, then its line and its address.".to_owned()),
            kind: Some("SENSOR_ERROR".to_owned()),
            ..rule
        },
    })
}

fn overload(id: EquipmentId, facts: &Facts) -> Option<Template> {
    let rated = facts.capacity_kw.filter(|_| facts.measures("power"))?;
    let power = limit(Metric::POWER, Phase::Total, Operator::Above, rated);
    let rule = plain(id, "Overload", power, Level::High);
    Some(Template {
        key: "overload",
        why: format!("It is rated for {rated} kW; Critical from 115 % of that."),
        by_default: true,
        rule: NewRule {
            steps: vec![Step {
                threshold: rated * 1.15,
                level: Level::Critical,
            }],
            dead_band: rated * 0.05,
            on_delay_s: 60,
            off_delay_s: 30,
            note: Some("Reduce the load; check for a blocked or worn machine.".to_owned()),
            ..rule
        },
    })
}

/// Voltage and frequency out of the band of EN 50160.
fn mains(id: EquipmentId, facts: &Facts) -> Vec<Template> {
    let mut all = Vec::new();
    for phase in facts.phases(&Metric::VOLTAGE) {
        let line = phase
            .line()
            .map(|line| format!(" {line}"))
            .unwrap_or_default();
        for (operator, volt, word) in [
            (Operator::Below, VOLTAGE_V.0, "low"),
            (Operator::Above, VOLTAGE_V.1, "high"),
        ] {
            let condition = limit(Metric::VOLTAGE, phase, operator, volt);
            let rule = plain(
                id,
                &format!("Voltage{line} {word}"),
                condition,
                Level::Medium,
            );
            all.push(Template {
                key: "voltage",
                why: "EN 50160: 230 V within 10 %. Not for a meter that shows 400 V.".to_owned(),
                by_default: true,
                rule: NewRule {
                    dead_band: 2.0,
                    on_delay_s: 60,
                    off_delay_s: 60,
                    note: Some("Ask the grid operator; spare sensitive machines.".to_owned()),
                    ..rule
                },
            });
        }
    }
    for (operator, hertz, word) in [
        (Operator::Below, FREQUENCY_HZ.0, "low"),
        (Operator::Above, FREQUENCY_HZ.1, "high"),
    ] {
        if facts.measures("frequency") {
            let condition = limit(Metric::FREQUENCY, Phase::Total, operator, hertz);
            let rule = plain(id, &format!("Frequency {word}"), condition, Level::Medium);
            all.push(Template {
                key: "frequency",
                why: "EN 50160: 50 Hz within 1 %.".to_owned(),
                by_default: true,
                rule: NewRule {
                    dead_band: 0.05,
                    on_delay_s: 10,
                    off_delay_s: 30,
                    ..rule
                },
            });
        }
    }
    all
}

fn power_factor(id: EquipmentId, facts: &Facts) -> Option<Template> {
    let rated = facts.capacity_kw.filter(|_| facts.measures("power"))?;
    if !facts.measures("power_factor") {
        return None;
    }
    let is = |metric: Metric, operator, threshold, dead_band| {
        Term::Is(Comparison {
            equipment_id: None,
            metric,
            phase: Phase::Total,
            operator,
            threshold,
            dead_band,
        })
    };
    let term = Term::All(vec![
        is(Metric::POWER_FACTOR, Operator::Below, POWER_FACTOR, 0.02),
        is(Metric::POWER, Operator::Above, rated * 0.3, rated * 0.05),
    ]);
    let rule = plain(
        id,
        "Power factor low under load",
        Condition::Combination { term },
        Level::Low,
    );
    Some(Template {
        key: "power_factor",
        why: "Reactive energy costs money below 0.85; only counted above 30 % load.".to_owned(),
        by_default: true,
        rule: NewRule {
            on_delay_s: 900,
            off_delay_s: 300,
            note: Some("Check the capacitor bank.".to_owned()),
            ..rule
        },
    })
}

fn temperature(id: EquipmentId, facts: &Facts) -> Vec<Template> {
    let (low, high) = match facts.temperature_c {
        (None, None) if facts.is_cold() => (None, Some(COLD_MAX_C)),
        known => known,
    };
    let of = |(operator, degrees, name, kind): (Operator, f64, &str, &str)| {
        let condition = limit(Metric::TEMPERATURE, Phase::Total, operator, degrees);
        let rule = plain(id, name, condition, Level::High);
        Template {
            key: "temperature",
            why: "The limits of its specs; 8 °C for a cold room that has none.".to_owned(),
            by_default: true,
            rule: NewRule {
                dead_band: 0.5,
                on_delay_s: 600,
                off_delay_s: 60,
                kind: Some(kind.to_owned()),
                note: Some("Check door, compressor and what was brought in.".to_owned()),
                ..rule
            },
        }
    };
    let limits = [
        high.map(|t| (Operator::Above, t, "Temperature high", "HIGH_TEMP")),
        low.map(|t| (Operator::Below, t, "Temperature low", "LOW_TEMP")),
    ];
    limits.into_iter().flatten().map(of).collect()
}

/// What sensors of cold rooms say beside the temperature.
fn sensor(id: EquipmentId, facts: &Facts) -> Vec<Option<Template>> {
    let cold = facts.is_cold();
    let of = |name: &'static str, title: &str, state: f64, level, delay, kind: &str| {
        let metric = metric(name).filter(|_| cold || facts.measures(name))?;
        let condition = Condition::State {
            metric,
            phase: Phase::Total,
            values: vec![state],
        };
        let rule = plain(id, title, condition, level);
        Some(Template {
            key: name,
            why: "What the sensor of a cold room reports.".to_owned(),
            by_default: true,
            rule: NewRule {
                on_delay_s: delay,
                kind: Some(kind.to_owned()),
                ..rule
            },
        })
    };
    let battery = || {
        let metric = metric("battery_level").filter(|_| cold || facts.measures("battery_level"))?;
        let condition = limit(metric, Phase::Total, Operator::Below, 20.0);
        let rule = plain(id, "Battery low", condition, Level::Low);
        Some(Template {
            key: "battery_level",
            why: "A sensor is silent soon after 20 %.".to_owned(),
            by_default: true,
            rule: NewRule {
                dead_band: 5.0,
                kind: Some("LOW_BATTERY".to_owned()),
                ..rule
            },
        })
    };
    vec![
        of(
            "door_open",
            "Door open",
            1.0,
            Level::Medium,
            300,
            "DOOR_OPEN",
        ),
        of(
            "power_ok",
            "Power lost",
            0.0,
            Level::Critical,
            30,
            "POWER_LOSS",
        ),
        battery(),
    ]
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
