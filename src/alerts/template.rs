//! *pure* — the rules that suit a piece of equipment, from what it is and what it measures.

use super::condition::{Comparison, Condition, Operator, Term};
use super::facts::Facts;
use super::rule::{NewRule, Step};
use super::words::name_of;
use crate::base::{EquipmentId, Level, Metric, Phase};
use crate::notify::{Language, Said, said};
use serde::Serialize;
use utoipa::ToSchema;

/// Silence of a polled device before it is an alert: poll intervals, and s at least.
const SILENT_INTERVALS: u32 = 6;
const SILENT_MIN_S: u32 = 60;
/// Silence of a sensor that pushes, s.
const SENSOR_SILENT_S: u32 = 900;
/// How far a voltage may be from its nominal one after EN 50160, as a share.
const VOLTAGE_SHARE: f64 = 0.1;
/// How far back a voltage must come, as a share of the nominal one: 2 V at 230 V.
const DEAD_SHARE: f64 = 2.0 / 230.0;
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
    /// The same as facts, which every language has words for.
    pub said: Said,
    /// Its words, which every language has.
    #[serde(flatten)]
    pub words: RuleWords,
    /// Whether new equipment gets it by itself.
    pub by_default: bool,
    /// The rule, ready to be sent.
    pub rule: NewRule,
}

/// What of a rule is still as its template says it, and so has words in every language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AlertRuleWords)]
pub struct RuleWords {
    /// Key of its name, below `said.rule`; absent when somebody named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_code: Option<&'static str>,
    /// Key of what to do, below `said.advice`; absent when somebody wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_code: Option<&'static str>,
    /// Whether its name was made of its condition, because nobody gave it one: what shows it can make
    /// one in the language of who reads, and an empty name keeps it so.
    pub of_condition: bool,
}

impl RuleWords {
    /// The words of a rule of this name, condition and note.
    #[must_use]
    pub fn of(name: &str, condition: &Condition, note: Option<&str>) -> Self {
        let line = condition.quantity().and_then(|(_, phase)| phase.line());
        Self {
            name_code: said::rule_key(name, line),
            note_code: note.and_then(said::advice_code),
            of_condition: name == name_of(condition),
        }
    }
}

/// A template, with why it is there.
fn made(key: &'static str, why: Said, rule: NewRule) -> Template {
    Template {
        key,
        why: why.plain(),
        said: why,
        words: RuleWords::default(),
        by_default: true,
        rule,
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
    let mains = voltage(id, facts).into_iter().chain(frequency(id, facts));
    all.extend(mains.map(Some));
    all.push(power_factor(id, facts));
    if !facts.is_cell {
        all.extend(temperature(id, facts).into_iter().map(Some));
        all.extend(sensor(id, facts));
    }
    let named = |template: Template| Template {
        words: words_of(&template.rule),
        rule: NewRule {
            template: Some(template.key.to_owned()),
            ..template.rule
        },
        ..template
    };
    all.into_iter().flatten().map(named).collect()
}

fn words_of(rule: &NewRule) -> RuleWords {
    let words = |condition| {
        let name = rule.name.as_deref().unwrap_or_default();
        RuleWords::of(name, condition, rule.note.as_deref())
    };
    rule.condition.as_ref().map(words).unwrap_or_default()
}

fn silence(id: EquipmentId, facts: &Facts) -> Option<Template> {
    let polled = facts
        .interval_ms
        .map(|ms| (ms / 1_000).saturating_mul(SILENT_INTERVALS));
    if facts.is_cell {
        return None;
    }
    let pushes = facts.is_cold().then_some(SENSOR_SILENT_S);
    let silent_s = polled.map(|s| s.max(SILENT_MIN_S)).or(pushes)?;
    let rule = plain(id, "No data", Condition::NoData { silent_s }, Level::High);
    Some(made(
        "no_data",
        Said::of("why_no_data").number("value", format!("{silent_s} s")),
        NewRule {
            note: said::advice(Language::En, "rule_no_data"),
            kind: Some("SENSOR_ERROR".to_owned()),
            ..rule
        },
    ))
}

fn overload(id: EquipmentId, facts: &Facts) -> Option<Template> {
    let rated = facts.capacity_kw.filter(|_| facts.measures("power"))?;
    let power = limit(Metric::POWER, Phase::Total, Operator::Above, rated);
    let rule = plain(id, "Overload", power, Level::High);
    Some(made(
        "overload",
        Said::of("why_overload").number("value", format!("{rated} kW")),
        NewRule {
            steps: vec![Step {
                threshold: tenths(rated * 1.15),
                level: Level::Critical,
            }],
            dead_band: rated * 0.05,
            on_delay_s: 60,
            off_delay_s: 30,
            note: said::advice(Language::En, "rule_overload"),
            ..rule
        },
    ))
}

/// A limit as a person would enter it: 253, not 253.000000000000028.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Voltage out of the band of EN 50160; nothing while the nominal one is not known, because limits of
/// another would call somebody for nothing.
pub(super) fn voltage(id: EquipmentId, facts: &Facts) -> Vec<Template> {
    let Some(nominal) = facts.nominal_v else {
        return Vec::new();
    };
    let sides = [
        (
            Operator::Below,
            tenths(nominal * (1.0 - VOLTAGE_SHARE)),
            "low",
        ),
        (
            Operator::Above,
            tenths(nominal * (1.0 + VOLTAGE_SHARE)),
            "high",
        ),
    ];
    let of = |phase: Phase, (operator, volt, word): (Operator, f64, &str)| {
        let line = phase
            .line()
            .map(|line| format!(" {line}"))
            .unwrap_or_default();
        let name = format!("Voltage{line} {word}");
        let condition = limit(Metric::VOLTAGE, phase, operator, volt);
        let rule = plain(id, &name, condition, Level::Medium);
        made(
            "voltage",
            Said::of("why_voltage").number("value", format!("{nominal} V")),
            NewRule {
                dead_band: nominal * DEAD_SHARE,
                on_delay_s: 60,
                off_delay_s: 60,
                note: said::advice(Language::En, "rule_voltage"),
                template: Some("voltage".to_owned()),
                ..rule
            },
        )
    };
    let phases = facts.phases(&Metric::VOLTAGE).into_iter();
    phases
        .flat_map(|phase| sides.map(|side| of(phase, side)))
        .collect()
}

/// Frequency out of the band of EN 50160.
fn frequency(id: EquipmentId, facts: &Facts) -> Vec<Template> {
    if !facts.measures("frequency") {
        return Vec::new();
    }
    let of = |(operator, hertz, word): (Operator, f64, &str)| {
        let condition = limit(Metric::FREQUENCY, Phase::Total, operator, hertz);
        let rule = plain(id, &format!("Frequency {word}"), condition, Level::Medium);
        made(
            "frequency",
            Said::of("why_frequency"),
            NewRule {
                dead_band: 0.05,
                on_delay_s: 10,
                off_delay_s: 30,
                ..rule
            },
        )
    };
    [
        (Operator::Below, FREQUENCY_HZ.0, "low"),
        (Operator::Above, FREQUENCY_HZ.1, "high"),
    ]
    .map(of)
    .into()
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
    Some(made(
        "power_factor",
        Said::of("why_power_factor").number("limit", POWER_FACTOR),
        NewRule {
            on_delay_s: 900,
            off_delay_s: 300,
            note: said::advice(Language::En, "rule_power_factor"),
            ..rule
        },
    ))
}

fn temperature(id: EquipmentId, facts: &Facts) -> Vec<Template> {
    let (low, high) = match facts.temperature_c {
        (None, None) if facts.is_cold() => (None, Some(COLD_MAX_C)),
        known => known,
    };
    let of = |(operator, degrees, name, kind): (Operator, f64, &str, &str)| {
        let condition = limit(Metric::TEMPERATURE, Phase::Total, operator, degrees);
        let rule = plain(id, name, condition, Level::High);
        made(
            "temperature",
            Said::of("why_temperature").number("limit", format!("{COLD_MAX_C} °C")),
            NewRule {
                dead_band: 0.5,
                on_delay_s: 600,
                off_delay_s: 60,
                kind: Some(kind.to_owned()),
                note: said::advice(Language::En, "rule_temperature"),
                ..rule
            },
        )
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
        Some(made(
            name,
            Said::of("why_sensor"),
            NewRule {
                on_delay_s: delay,
                kind: Some(kind.to_owned()),
                ..rule
            },
        ))
    };
    let battery = || {
        let metric = metric("battery_level").filter(|_| cold || facts.measures("battery_level"))?;
        let condition = limit(metric, Phase::Total, Operator::Below, 20.0);
        let rule = plain(id, "Battery low", condition, Level::Low);
        Some(made(
            "battery_level",
            Said::of("why_battery_level"),
            NewRule {
                dead_band: 5.0,
                kind: Some("LOW_BATTERY".to_owned()),
                ..rule
            },
        ))
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
