//! All rules at work: readings in, what happens to alerts out.
//!
//! Its memory is what the last commit left, and beside it the last values. Each change carries a
//! sequence that is stored with it: where memory and disk differ, because a commit fell or a rule
//! was changed, memory is read anew before it is used.

use super::book::Book;
use super::draft::Draft;
use super::evaluate::{Debounce, Memory};
use super::heard::Heard;
use super::plant::{LastHeard, Plant};
use super::record::{ALERTS, Alert, Head};
use super::rule::Rule;
use super::slot::Slot;
use crate::base::{AlertId, EquipmentId, Metric, Phase, Result, Timestamp};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

pub(super) const RULES: Table<Rule> = Table::new("alert_rule", 1);
const CONDITIONS: Table<Stored> = Table::new("alert_condition", 1);

/// What is stored of a condition that is not quite normal.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    /// The condition itself: keys may be longer than a scan by id expects.
    condition: String,
    steps: Vec<Debounce>,
    alert: Option<AlertId>,
    /// Its alert begins when the work on its equipment ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    owed: bool,
}

/// A series that rules follow.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) metric: Metric,
    pub(super) phase: Phase,
    /// Rules, and the place of the series in each.
    pub(super) slots: Vec<(usize, usize)>,
    /// The newest value: instant, value, until when it stands.
    pub(super) last: Option<(i64, f64, i64)>,
}

/// A device that rules follow.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) series: Vec<Series>,
    /// Rules about its silence.
    pub(super) silences: Vec<usize>,
    pub(super) heard: Option<LastHeard>,
    /// When it came back from out of service, if it did since the start.
    pub(super) back: Option<Timestamp>,
}

/// All rules at work.
#[derive(Debug)]
pub(super) struct Engine {
    head: Head,
    /// Whether memory was ever read, and is not known to differ.
    fresh: bool,
    pub(super) slots: Vec<Slot>,
    by_key: HashMap<String, usize>,
    pub(super) watched: HashMap<EquipmentId, Watched>,
    pub(super) book: Book,
    pub(super) plant: Plant,
    /// The plant changed since the last beat.
    pub(super) plant_changed: bool,
    /// Equipment that was out of service at the last look.
    pub(super) out_before: BTreeSet<EquipmentId>,
    /// Rules whose delay is running.
    pub(super) waiting: BTreeSet<usize>,
    /// Nobody listened before: what is silent gets a chance to speak first.
    pub(super) started: Timestamp,
}

impl Engine {
    pub(super) fn new(started: Timestamp) -> Self {
        Self {
            head: Head::default(),
            fresh: false,
            slots: Vec::new(),
            by_key: HashMap::new(),
            watched: HashMap::new(),
            book: Book::default(),
            plant: Plant::default(),
            plant_changed: true,
            out_before: BTreeSet::new(),
            waiting: BTreeSet::new(),
            started,
        }
    }

    /// Makes memory what the disk holds; to be called first in each transaction.
    pub(super) fn begin(&mut self, view: &impl View) -> Result<()> {
        let head = Head::read(view)?;
        if !self.fresh || head.sequence != self.head.sequence {
            self.load(view)?;
            self.head = head;
            self.fresh = true;
        }
        Ok(())
    }

    /// A change was broken off: memory may be ahead of the disk.
    pub(super) const fn doubt(&mut self) {
        self.fresh = false;
    }

    /// Rules were changed in this transaction: memory is read anew before it is used again.
    pub(super) fn outdate(&mut self, transaction: &Transaction<'_>) -> Result<()> {
        self.fresh = false;
        self.head.sequence += 1;
        self.head.write(transaction)
    }

    /// Alerts stored.
    pub(super) const fn stored(&self) -> u64 {
        self.head.stored
    }

    /// Fewer alerts are stored.
    pub(super) fn forgot(&mut self, transaction: &Transaction<'_>, count: u64) -> Result<()> {
        self.head.stored = self.head.stored.saturating_sub(count);
        self.head.sequence += 1;
        self.head.write(transaction)
    }

    /// Writes what a draft holds; returns the alerts to be shown after the commit.
    pub(super) fn finish(
        &mut self,
        draft: &Draft,
        transaction: &Transaction<'_>,
        heard: &Heard,
    ) -> Result<Vec<Alert>> {
        if draft.is_empty() {
            return Ok(Vec::new());
        }
        // First: when a write fails, memory is ahead of the disk and known to be.
        self.head.sequence += 1;
        let shown = draft.write(transaction, &mut self.head, heard)?;
        for condition in &draft.conditions {
            self.write_condition(transaction, condition)?;
        }
        self.head.write(transaction)?;
        Ok(shown)
    }

    fn write_condition(&self, transaction: &Transaction<'_>, condition: &str) -> Result<()> {
        let slot = self.by_key.get(condition).and_then(|n| self.slots.get(*n));
        let steps = slot
            .map(|slot| slot.memory.steps.clone())
            .unwrap_or_default();
        let alert = self.book.open.get(condition).map(|alert| alert.id);
        if alert.is_none() && steps.iter().all(|step| step.is_normal()) {
            CONDITIONS.remove(transaction, condition.as_bytes())?;
            return Ok(());
        }
        let stored = Stored {
            condition: condition.to_owned(),
            steps,
            alert,
            owed: slot.is_some_and(|slot| slot.owed),
        };
        CONDITIONS.put(transaction, condition.as_bytes(), &stored)
    }

    /// The rule at work behind a condition.
    pub(super) fn slot_of(&self, condition: &str) -> Option<&Slot> {
        self.slots.get(*self.by_key.get(condition)?)
    }

    /// What a rule remembers fits its limits only: one that is said anew begins anew, and the alert
    /// that is open goes on with what the next value says.
    pub(super) fn forget_rule_memory(transaction: &Transaction<'_>, rule: &Rule) -> Result<()> {
        let key = format!("rule/{}", rule.id);
        let Some(mut stored) = CONDITIONS.get(transaction, key.as_bytes())? else {
            return Ok(());
        };
        if stored.alert.is_none() {
            return CONDITIONS.remove(transaction, key.as_bytes()).map(drop);
        }
        stored.steps.clear();
        CONDITIONS.put(transaction, key.as_bytes(), &stored)
    }

    fn load(&mut self, view: &impl View) -> Result<()> {
        let mut stored = HashMap::new();
        self.book = Book::default();
        for condition in CONDITIONS.all(view)? {
            if let Some(id) = condition.alert
                && let Some(alert) = ALERTS.get(view, id.as_bytes())?
            {
                self.book.keep(alert);
            }
            stored.insert(condition.condition, (condition.steps, condition.owed));
        }
        let rules = RULES.all(view)?;
        let old = std::mem::take(&mut self.slots).into_iter();
        let mut old: HashMap<_, _> = old.map(|slot| (slot.rule.id, slot)).collect();
        for rule in rules.into_iter().filter(|rule| rule.enabled) {
            let (steps, owed) = match stored.get(&format!("rule/{}", rule.id)) {
                Some((steps, owed)) => (steps.as_slice(), *owed),
                None => (&[][..], false),
            };
            let open = self.book.open.get(&format!("rule/{}", rule.id));
            let standing = open
                .filter(|alert| alert.active)
                .map(|alert| alert.last_triggered_at);
            let memory = Memory::stored(&rule, steps, standing);
            let mut slot = Slot::new(rule, memory);
            slot.owed = owed;
            if let Some(old) = old
                .remove(&slot.rule.id)
                .filter(|old| old.rule == slot.rule)
            {
                // The values since then are still true; what counts is what the disk says.
                slot.probe = old.probe;
                slot.unit = old.unit;
                slot.interval_ms = old.interval_ms;
                slot.memory.carry_over(&old.memory);
            }
            self.slots.push(slot);
        }
        self.index();
        // Alerts of rules that are gone end with the next beat.
        self.plant_changed = true;
        Ok(())
    }

    /// Finds out which rules follow which series.
    fn index(&mut self) {
        let mut old = std::mem::take(&mut self.watched);
        self.waiting.clear();
        self.by_key.clear();
        for (n, slot) in self.slots.iter().enumerate() {
            self.by_key.insert(slot.key.clone(), n);
            if slot.memory.is_waiting() {
                self.waiting.insert(n);
            }
            for (place, (of, metric, phase)) in
                slot.rule.condition.followed().into_iter().enumerate()
            {
                let id = of.unwrap_or(slot.rule.equipment_id);
                let watched = self.watched.entry(id).or_default();
                let is = |series: &Series| series.metric == metric && series.phase == phase;
                match watched.series.iter_mut().find(|series| is(series)) {
                    Some(series) => series.slots.push((n, place)),
                    None => watched.series.push(Series {
                        metric,
                        phase,
                        slots: vec![(n, place)],
                        last: None,
                    }),
                }
            }
            if slot.is_silence() {
                let watched = self.watched.entry(slot.rule.equipment_id).or_default();
                watched.silences.push(n);
            }
        }
        // Last values outlive a change of the rules.
        for (id, before) in old.drain() {
            let watched = self.watched.entry(id).or_default();
            (watched.heard, watched.back) = (before.heard, before.back);
            for series in before.series {
                let is = |s: &&mut Series| s.metric == series.metric && s.phase == series.phase;
                if let Some(new) = watched.series.iter_mut().find(is) {
                    new.last = series.last;
                }
            }
        }
        self.fill_combinations();
    }

    /// Gives combinations that are new the last values of what they compare.
    fn fill_combinations(&mut self) {
        for watched in self.watched.values() {
            for series in &watched.series {
                let Some((at, value, until)) = series.last else {
                    continue;
                };
                for (slot, place) in &series.slots {
                    let slot = &mut self.slots[*slot];
                    if matches!(slot.probe, super::probe::Probe::Leaves(_)) {
                        slot.probe.take(&slot.rule, *place, at, value, until);
                    }
                }
            }
        }
    }
}
