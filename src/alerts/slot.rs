//! One rule at work: what it remembers, what it says, and the words of its alert.

use super::condition::{Condition, WindowFunction};
use super::draft::{Advice, Seed};
use super::evaluate::{Memory, Outcome};
use super::plant::Machine;
use super::probe::Probe;
use super::record::Source;
use super::rule::Rule;
use super::words::{name_of, text_of};
use crate::base::time::Calendar;
use crate::base::{Batch, Phase, Timestamp, Unit};
use crate::live::fresh_for_ms;
use crate::notify::{Said, said};

/// Readings that are older than this when they arrive are late, ms, or than two intervals.
const LATE_MS: i64 = 60_000;

/// When values were true, and until when they stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: i64,
    pub(super) until: i64,
    pub(super) interval_ms: i64,
    pub(super) late: bool,
}

impl Moment {
    pub(super) fn of(batch: &Batch) -> Self {
        let at = batch.at.min(batch.arrived);
        let fresh_ms = fresh_for_ms(batch.interval_ms);
        Self {
            at: at.ms(),
            until: at.ms() + fresh_ms,
            interval_ms: i64::from(batch.interval_ms),
            late: batch.arrived.since_ms(at) > LATE_MS.max(fresh_ms),
        }
    }
}

/// One rule at work.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) rule: Rule,
    /// Key of its condition: `rule/…`.
    pub(super) key: String,
    pub(super) probe: Probe,
    pub(super) memory: Memory,
    /// For values that come after newer ones.
    stragglers: Memory,
    /// What its alert was told last: 0 is normal.
    pub(super) grade: usize,
    /// It began to hold while somebody worked on its equipment: its alert begins with the end of that.
    pub(super) owed: bool,
    pub(super) unit: Unit,
    pub(super) interval_ms: i64,
}

/// What became of a value.
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    /// It came after newer ones.
    pub(super) straggled: bool,
}

impl Slot {
    pub(super) fn new(rule: Rule, mut memory: Memory) -> Self {
        if matches!(rule.condition, Condition::NoData { .. }) {
            // A silence stands until the device speaks, over a restart, too: its delay goes on.
            memory.stand_for_ever();
        }
        Self {
            key: format!("rule/{}", rule.id),
            probe: Probe::of(&rule.condition),
            stragglers: Memory::of(&rule),
            grade: memory.grade(),
            owed: false,
            memory,
            unit: Unit::none(),
            interval_ms: 0,
            rule,
        }
    }

    /// The clock was set back: what comes now is newer than what came before that. By less than
    /// counts as late it is left alone, because a window begins anew.
    pub(super) fn follow_clock(&mut self, now: Timestamp) {
        if self.memory.last - now.ms() > LATE_MS {
            self.memory.follow_clock(now.ms());
            self.stragglers = Memory::of(&self.rule);
            self.probe = Probe::of(&self.rule.condition);
        }
    }

    pub(super) const fn is_silence(&self) -> bool {
        matches!(self.rule.condition, Condition::NoData { .. })
    }

    pub(super) fn in_force(&self, calendar: impl FnOnce() -> Calendar, at: i64) -> bool {
        let holds =
            |schedule: &super::Schedule| schedule.holds(&calendar(), Timestamp::from_ms(at));
        self.rule.schedule.as_ref().is_none_or(holds)
    }

    /// A value of the series at `place`.
    pub(super) fn take(
        &mut self,
        place: usize,
        value: f64,
        unit: &Unit,
        moment: &Moment,
        calendar: impl FnOnce() -> Calendar,
    ) -> Option<Judged> {
        if self.unit != *unit {
            self.unit = unit.clone();
        }
        self.interval_ms = moment.interval_ms;
        let in_force = self.in_force(calendar, moment.at);
        if moment.at < self.memory.last {
            // What is newer was judged already; only a value by itself can be judged beside it.
            let Probe::Direct = self.probe else {
                return None;
            };
            if moment.at < self.stragglers.last {
                return None;
            }
            let (rule, until) = (&self.rule, moment.until);
            let outcome = self
                .stragglers
                .take(rule, value, moment.at, until, in_force);
            return Some(Judged {
                outcome,
                straggled: true,
            });
        }
        let rule = &self.rule;
        let measure = self
            .probe
            .take(rule, place, moment.at, value, moment.until)?;
        let outcome = self
            .memory
            .take(rule, measure, moment.at, moment.until, in_force);
        Some(Judged {
            outcome,
            straggled: false,
        })
    }

    /// The device was silent for so long, or speaks: 0.
    pub(super) fn silence(&mut self, silent_s: f64, now: i64, in_force: bool) -> Outcome {
        let forever = i64::MAX;
        self.memory
            .take(&self.rule, silent_s, now, forever, in_force)
    }

    /// What an alert of this rule says at a grade, from 1.
    pub(super) fn seed(&self, grade: usize, machine: &Machine, late: bool) -> Seed {
        let step = grade.saturating_sub(1);
        let rule = &self.rule;
        let quantity = rule.condition.quantity();
        let combined = matches!(rule.condition, Condition::Combination { .. });
        Seed {
            condition: self.key.clone(),
            site: machine.site.clone(),
            source: Source::Rule,
            level: rule.level_of(step),
            equipment: Some(rule.equipment_id),
            equipment_name: machine.name.clone(),
            location: machine.location.clone(),
            said: self.said(self.memory.value, step),
            value: self.memory.value.filter(|_| !combined),
            threshold: rule.limit_of(step),
            unit: self.unit_word(),
            rule: Some((rule.id, rule.name.clone())),
            kind: rule.kind.clone(),
            metric: quantity.map(|(metric, _)| metric.clone()),
            phase: quantity
                .map(|(_, phase)| phase)
                .filter(|p| *p != Phase::Total),
            advice: Advice::of(rule.note.as_ref()),
            late,
            parent: None,
        }
    }

    /// As [`Slot::seed`], of values that came after newer ones.
    pub(super) fn straggler_seed(&self, grade: usize, machine: &Machine) -> Seed {
        let seed = self.seed(grade, machine, true);
        Seed {
            condition: format!("{}/late", self.key),
            value: self.stragglers.value,
            said: self.said(self.stragglers.value, grade.saturating_sub(1)),
            ..seed
        }
    }

    fn unit_word(&self) -> String {
        match self.rule.condition {
            Condition::NoData { .. } => "s".to_owned(),
            Condition::Combination { .. } => String::new(),
            Condition::Rate { .. } => format!("{}/min", self.unit.as_str()),
            _ => self.unit.as_str().to_owned(),
        }
    }

    /// `Overload: power 83.2 kW, above 80 kW`, as facts.
    fn said(&self, value: Option<f64>, step: usize) -> Said {
        let rule = &self.rule;
        let unit = self.unit_word();
        let shown = |number: Option<f64>| match (number, unit.as_str()) {
            (None, _) => "?".to_owned(),
            (Some(number), "") => text_of(number),
            (Some(number), unit) => format!("{} {unit}", text_of(number)),
        };
        let mut said = match &rule.condition {
            Condition::Threshold { .. } => Said::of("threshold"),
            Condition::Rate { .. } => Said::of("rate"),
            Condition::Window {
                function, minutes, ..
            } => Said::of(match function {
                WindowFunction::Mean => "mean",
                WindowFunction::Max => "max",
                WindowFunction::Min => "min",
                WindowFunction::Energy => "energy",
            })
            .number("minutes", minutes),
            Condition::State { .. } => Said::of("state"),
            Condition::NoData { .. } => Said::of("no_data"),
            Condition::Combination { .. } => Said::of("name"),
        };
        let line = rule
            .condition
            .quantity()
            .and_then(|(_, phase)| phase.line());
        if let Some((metric, _)) = rule.condition.quantity() {
            said = said.name("metric", metric.as_str());
        }
        if let Some(line) = line {
            said = said.name("phase", line);
        }
        if let Some((operator, _)) = rule.condition.comparison() {
            said = said
                .name("operator", operator.key())
                .number("limit", shown(rule.limit_of(step)));
        }
        if said.code != "name" {
            said = said.number("value", shown(value));
            if rule.name == name_of(&rule.condition) {
                return said;
            }
        }
        if let Some(key) = said::rule_key(&rule.name, line) {
            said = said.name("rule", key);
        }
        said.name("name", &rule.name)
    }
}
