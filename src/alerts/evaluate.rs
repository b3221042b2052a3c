//! *pure* — from readings on device time to "it holds" and "it no longer holds", with delays.
//!
//! A value stands from its instant until the next one, and for no longer than it is fresh: what a
//! silent device said last ends no delay. Time comes with the reading, or with the beat.

use super::probe::Probe;
use super::rule::Rule;
use crate::base::Timestamp;
use serde::{Deserialize, Serialize};

/// One limit: what is measured, and what counts after its delays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Debounce {
    /// What the last value says.
    raw: bool,
    /// Since when it says so, ms.
    since: i64,
    /// What counts.
    pub(super) on: bool,
}

/// What counts has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// To this.
    pub(super) on: bool,
    /// At this instant of the device.
    pub(super) at: i64,
}

/// The delays of a rule, ms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delays {
    pub(super) on: i64,
    pub(super) off: i64,
}

impl Delays {
    pub(super) fn of(rule: &Rule) -> Self {
        Self {
            on: i64::from(rule.on_delay_s) * 1_000,
            off: i64::from(rule.off_delay_s) * 1_000,
        }
    }
}

impl Debounce {
    /// Whether a delay is running.
    pub(super) const fn is_waiting(self) -> bool {
        self.raw != self.on
    }

    /// Whether nothing holds and nothing counts.
    pub(super) const fn is_normal(self) -> bool {
        !self.raw && !self.on
    }

    /// Whether the last value holds.
    pub(super) const fn holds(self) -> bool {
        self.raw
    }

    /// When the running delay ends.
    const fn due(self, delays: Delays) -> Option<i64> {
        if !self.is_waiting() {
            return None;
        }
        let delay = if self.raw { delays.on } else { delays.off };
        Some(self.since.saturating_add(delay))
    }

    /// Time passes up to `to`.
    pub(super) fn pass(&mut self, to: i64, delays: Delays) -> Option<Edge> {
        let at = self.due(delays).filter(|due| *due <= to)?;
        self.on = self.raw;
        Some(Edge { on: self.on, at })
    }

    /// A value says `raw` at `at`; what stood before stood until `held`.
    fn take(&mut self, at: i64, raw: bool, held: i64, delays: Delays) -> [Option<Edge>; 2] {
        let before = self.pass(held.min(at), delays);
        if raw != self.raw {
            (self.raw, self.since) = (raw, at);
        }
        [before, self.pass(at, delays)]
    }
}

/// What is remembered of a rule between two readings; the debounces are stored when they change.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub(super) steps: Vec<Debounce>,
    /// Instant of the newest value, ms.
    pub(super) last: i64,
    /// Until when it stands, ms.
    held: i64,
    /// What was measured last.
    pub(super) value: Option<f64>,
}

/// What a reading or the time did to a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// Whether what is stored of the memory changed.
    pub(super) changed: bool,
    /// The grade after each change of it: 0 is normal, 1 the first step.
    pub(super) grades: Vec<(usize, i64)>,
}

impl Memory {
    /// An empty memory for a rule.
    pub(super) fn of(rule: &Rule) -> Self {
        Self {
            steps: vec![Debounce::default(); 1 + rule.steps.len()],
            ..Self::default()
        }
    }

    /// A stored memory, when it fits the rule; of one that does not, only that its alert stands
    /// since some instant.
    pub(super) fn stored(rule: &Rule, steps: &[Debounce], standing: Option<Timestamp>) -> Self {
        let mut memory = Self::of(rule);
        if let (Some(since), false) = (standing, steps.len() == memory.steps.len()) {
            memory.steps[0] = Debounce {
                raw: true,
                since: since.ms(),
                on: true,
            };
        } else if steps.len() == memory.steps.len() {
            memory.steps = steps.to_vec();
            memory.last = steps.iter().map(|step| step.since).max().unwrap_or(0);
        }
        memory
    }

    /// Takes the last value over from a memory of the same rule.
    pub(super) fn carry_over(&mut self, other: &Self) {
        self.last = self.last.max(other.last);
        (self.held, self.value) = (other.held, other.value);
    }

    /// The last value before the start: it stands as it did.
    pub(super) fn recall(&mut self, at: i64, value: f64, until: i64) {
        if at >= self.last {
            (self.last, self.held, self.value) = (at, until, Some(value));
        }
    }

    /// The clock was set back to `now`, ms: what was said after that was said now.
    pub(super) fn follow_clock(&mut self, now: i64) {
        let ahead = (self.last - now).max(0);
        self.last -= ahead;
        if self.held != i64::MAX {
            self.held -= ahead;
        }
        for step in &mut self.steps {
            step.since = step.since.min(now);
        }
    }

    /// What is known stands until something else is said.
    pub(super) const fn stand_for_ever(&mut self) {
        self.held = i64::MAX;
    }

    /// Until when the last value stands, ms.
    pub(super) const fn stands_until(&self) -> i64 {
        self.held
    }

    /// The worst step that counts, from 1; 0 when none does.
    pub(super) fn grade(&self) -> usize {
        self.steps
            .iter()
            .rposition(|step| step.on)
            .map_or(0, |n| n + 1)
    }

    /// Whether a delay is running.
    pub(super) fn is_waiting(&self) -> bool {
        self.steps.iter().any(|step| step.is_waiting())
    }

    /// A measure at `at` that stands until `held`; outside its schedule nothing holds.
    pub(super) fn take(
        &mut self,
        rule: &Rule,
        measure: f64,
        at: i64,
        held: i64,
        in_force: bool,
    ) -> Outcome {
        let delays = Delays::of(rule);
        let before: Vec<_> = self.steps.clone();
        let mut edges = Vec::new();
        for (n, step) in self.steps.iter_mut().enumerate() {
            let raw = in_force && Probe::holds(rule, n, measure, step.raw);
            let taken = step.take(at, raw, self.held, delays).into_iter().flatten();
            edges.extend(taken.map(|edge| (n, edge)));
        }
        self.last = self.last.max(at);
        self.held = held;
        self.value = Some(measure);
        self.outcome(&before, &edges)
    }

    /// The beat: time passes, and a value stands for as long as it is fresh.
    pub(super) fn pass(&mut self, rule: &Rule, now: Timestamp) -> Outcome {
        let (delays, to) = (Delays::of(rule), now.ms().min(self.held));
        let before: Vec<_> = self.steps.clone();
        let mut edges = Vec::new();
        for (n, step) in self.steps.iter_mut().enumerate() {
            edges.extend(step.pass(to, delays).map(|edge| (n, edge)));
        }
        self.outcome(&before, &edges)
    }

    /// Whether the beat would change something.
    pub(super) fn is_due(&self, rule: &Rule, now: Timestamp) -> bool {
        let (delays, to) = (Delays::of(rule), now.ms().min(self.held));
        let due = |step: &Debounce| step.due(delays).is_some_and(|due| due <= to);
        self.steps.iter().any(due)
    }

    /// The changes of the grade, in the order in which they happened. The first limit says
    /// whether there is an alert: it holds whenever a further one does.
    fn outcome(&self, before: &[Debounce], edges: &[(usize, Edge)]) -> Outcome {
        let start = before.iter().rposition(|step| step.on).map_or(0, |n| n + 1);
        let grade = self.grade();
        let mut grades = Vec::new();
        for (_, edge) in edges.iter().filter(|(n, _)| *n == 0) {
            let reached = if edge.on { grade.max(1) } else { 0 };
            grades.push((reached, edge.at));
        }
        if let (true, Some((_, last))) = (grades.is_empty() && grade != start, edges.last()) {
            grades.push((grade, last.at));
        }
        Outcome {
            changed: before != self.steps.as_slice(),
            grades,
        }
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
