//! *pure* — one rule: what a person says of it, checked at the door, and what is stored.

use super::condition::{Condition, Operator, total};
use super::schedule::Schedule;
use super::words::name_of;
use crate::base::error::Checks;
use crate::base::{
    AlertRuleId, EquipmentId, Error, FieldError, Level, Metric, Phase, Result, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Steps of one rule beyond the first: there are six levels.
const STEPS_MAX: usize = 5;
/// Longest delay, s: a day.
const DELAY_MAX_S: u32 = 24 * 3_600;
/// Longest name, note and owner, characters.
const NAME_MAX: usize = 120;
const NOTE_MAX: usize = 2_000;

/// A further limit of the same rule: one alert that rises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertStep)]
pub struct Step {
    /// The limit.
    pub threshold: f64,
    /// How urgent it is from there on.
    pub level: Level,
}

/// What is said of a new rule. `metric`, `phase`, `operator` and `threshold` are short for a
/// `condition` of the kind `threshold`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAlertRule)]
pub struct NewRule {
    /// The equipment whose alert it makes.
    pub equipment_id: EquipmentId,
    /// What people call it; made from the condition when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// The quantity.
    #[serde(default)]
    pub metric: Option<Metric>,
    /// The conductor; the whole device when absent.
    #[serde(default)]
    pub phase: Option<Phase>,
    /// How the value is compared.
    #[serde(default)]
    pub operator: Option<Operator>,
    /// With what.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// Any other kind of condition.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// How urgent it is.
    pub level: Level,
    /// Further limits, each worse than the one before.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// How far back the value must come, in its unit.
    #[serde(default)]
    pub dead_band: f64,
    /// How long it must hold before it is an alert, s.
    #[serde(default)]
    pub on_delay_s: u32,
    /// How long it must be well before the alert is over, s.
    #[serde(default)]
    pub off_delay_s: u32,
    /// When the rule is in force; always when absent.
    #[serde(default)]
    pub schedule: Option<Schedule>,
    /// Whether the alert stays until it is reset by hand.
    #[serde(default)]
    pub latched: bool,
    /// Whether it is evaluated.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Who looks after it.
    #[serde(default)]
    pub owner: Option<String>,
    /// What to do when it happens.
    #[serde(default)]
    pub note: Option<String>,
    /// A word for programs, such as `HIGH_TEMP`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The template that it was made from.
    #[serde(default)]
    pub template: Option<String>,
}

const fn yes() -> bool {
    true
}

/// A rule, as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertRule)]
pub struct Rule {
    /// Its id.
    pub id: AlertRuleId,
    /// Key of its site.
    pub site: String,
    /// The equipment whose alert it makes.
    pub equipment_id: EquipmentId,
    /// What people call it.
    pub name: String,
    /// What it looks at.
    pub condition: Condition,
    /// How urgent it is.
    pub level: Level,
    /// Further limits, each worse than the one before.
    pub steps: Vec<Step>,
    /// How far back the value must come, in its unit.
    pub dead_band: f64,
    /// How long it must hold before it is an alert, s.
    pub on_delay_s: u32,
    /// How long it must be well before the alert is over, s.
    pub off_delay_s: u32,
    /// When the rule is in force; always when absent.
    pub schedule: Option<Schedule>,
    /// Whether the alert stays until it is reset by hand.
    pub latched: bool,
    /// Whether it is evaluated.
    pub enabled: bool,
    /// Who looks after it.
    pub owner: Option<String>,
    /// What to do when it happens.
    pub note: Option<String>,
    /// A word for programs, such as `HIGH_TEMP`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The template that it was made from.
    pub template: Option<String>,
    /// Counts the changes.
    pub revision: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Rule {
    /// A rule from checked input.
    ///
    /// # Errors
    /// Every refused field.
    pub fn new(input: NewRule, site: &str, now: Timestamp) -> Result<Self> {
        let condition = condition_of(&input)?;
        let name = tidy(input.name).unwrap_or_else(|| name_of(&condition));
        let rule = Self {
            id: AlertRuleId::new(),
            site: site.to_owned(),
            equipment_id: input.equipment_id,
            name,
            condition,
            level: input.level,
            steps: input.steps,
            dead_band: input.dead_band,
            on_delay_s: input.on_delay_s,
            off_delay_s: input.off_delay_s,
            schedule: input.schedule,
            latched: input.latched,
            enabled: input.enabled,
            owner: tidy(input.owner),
            note: tidy(input.note),
            kind: tidy(input.kind),
            template: tidy(input.template),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        rule.check()?;
        Ok(rule)
    }

    /// This rule, said anew.
    ///
    /// # Errors
    /// Every refused field.
    pub fn with(&self, input: NewRule, now: Timestamp) -> Result<Self> {
        let new = Self::new(input, &self.site, now)?;
        Ok(Self {
            id: self.id,
            revision: self.revision + 1,
            created_at: self.created_at,
            ..new
        })
    }

    /// What would have to be said to make it again.
    #[must_use]
    pub fn said(&self) -> NewRule {
        NewRule {
            equipment_id: self.equipment_id,
            // A name that was made from the condition is made anew with it.
            name: Some(self.name.clone()).filter(|name| *name != name_of(&self.condition)),
            metric: None,
            phase: None,
            operator: None,
            threshold: None,
            condition: Some(self.condition.clone()),
            level: self.level,
            steps: self.steps.clone(),
            dead_band: self.dead_band,
            on_delay_s: self.on_delay_s,
            off_delay_s: self.off_delay_s,
            schedule: self.schedule.clone(),
            latched: self.latched,
            enabled: self.enabled,
            owner: self.owner.clone(),
            note: self.note.clone(),
            kind: self.kind.clone(),
            template: self.template.clone(),
        }
    }

    /// Every equipment that it follows.
    pub(super) fn equipment(&self) -> Vec<EquipmentId> {
        let mut all: Vec<_> = self.condition.followed().into_iter().collect::<Vec<_>>();
        let mut ids: Vec<_> = all
            .drain(..)
            .map(|(id, _, _)| id.unwrap_or(self.equipment_id))
            .chain([self.equipment_id])
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Level of a step, from 0.
    pub(super) fn level_of(&self, step: usize) -> Level {
        match step.checked_sub(1) {
            None => self.level,
            Some(further) => self.steps.get(further).map_or(self.level, |s| s.level),
        }
    }

    /// Limit of a step, from 0, when it is one number.
    pub(super) fn limit_of(&self, step: usize) -> Option<f64> {
        let first = match &self.condition {
            Condition::NoData { silent_s } => Some(f64::from(*silent_s)),
            other => other.comparison().map(|(_, threshold)| threshold),
        };
        match step.checked_sub(1) {
            None => first,
            Some(further) => self.steps.get(further).map(|s| s.threshold),
        }
    }

    fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let text = |text: &str, max: usize| {
            (1..=max).contains(&text.chars().count()) && !text.contains('\0')
        };
        let optional = |value: &Option<String>, max| value.as_deref().is_none_or(|t| text(t, max));
        checks.require(
            text(&self.name, NAME_MAX),
            "name",
            "At most 120 characters.",
        );
        for (path, value, max, sentence) in [
            ("owner", &self.owner, NAME_MAX, "At most 120 characters."),
            ("note", &self.note, NOTE_MAX, "At most 2000 characters."),
            ("type", &self.kind, 40, "At most 40 characters."),
            ("template", &self.template, 60, "At most 60 characters."),
        ] {
            checks.require(optional(value, max), path, sentence);
        }
        let band = self.dead_band.is_finite() && self.dead_band >= 0.0;
        checks.require(band, "dead_band", "A finite number of 0 or more.");
        for (path, delay) in [
            ("on_delay_s", self.on_delay_s),
            ("off_delay_s", self.off_delay_s),
        ] {
            checks.require(delay <= DELAY_MAX_S, path, "At most 86400 s, a day.");
        }
        if let Some(schedule) = &self.schedule {
            checks.merge("schedule.", schedule.check())?;
        }
        checks.merge("condition.", self.condition.check(self.dead_band))?;
        self.check_steps(&mut checks);
        checks.finish()
    }

    fn check_steps(&self, checks: &mut Checks) {
        if self.steps.is_empty() {
            return;
        }
        let Some((operator, mut limit)) = self.condition.comparison() else {
            return checks.refuse("steps", "Only a limit of a value has steps.");
        };
        if !operator.is_upward() && !operator.is_downward() {
            return checks.refuse("steps", "Steps need >, >=, < or <=.");
        }
        checks.require(self.steps.len() <= STEPS_MAX, "steps", "At most 5 steps.");
        let mut level = self.level;
        for (n, step) in self.steps.iter().enumerate() {
            let beyond = match operator.is_upward() {
                true => step.threshold > limit,
                false => step.threshold < limit,
            };
            let sentence = "Each limit lies beyond the one before.";
            checks.require(beyond, &format!("steps.{n}.threshold"), sentence);
            let sentence = "Each level is more urgent than the one before.";
            checks.require(step.level > level, &format!("steps.{n}.level"), sentence);
            (limit, level) = (step.threshold, step.level);
        }
    }
}

fn tidy(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn condition_of(input: &NewRule) -> Result<Condition> {
    let short = (&input.metric, input.operator, input.threshold);
    match (&input.condition, short) {
        (Some(condition), (None, None, None)) if input.phase.is_none() => Ok(condition.clone()),
        (Some(_), _) => Err(Error::invalid(
            "condition",
            "Say either a condition, or metric, operator and threshold.",
        )),
        (None, (Some(metric), Some(operator), Some(threshold))) => Ok(Condition::Threshold {
            metric: metric.clone(),
            phase: input.phase.unwrap_or_else(total),
            operator,
            threshold,
        }),
        (None, (metric, operator, threshold)) => {
            let missing = [
                ("metric", metric.is_none()),
                ("operator", operator.is_none()),
                ("threshold", threshold.is_none()),
            ];
            let refuse = |(path, _): (&str, bool)| FieldError {
                path: path.to_owned(),
                message: "This field is needed, or a condition.".to_owned(),
            };
            let missing = missing.into_iter().filter(|(_, is)| *is).map(refuse);
            Err(Error::invalid_fields(missing.collect()))
        }
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
