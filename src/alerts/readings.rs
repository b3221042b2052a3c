//! Readings at the rules: what each value means for the rules that follow it.

use super::draft::{Cause, Draft};
use super::engine::{Engine, Series};
use super::evaluate::Outcome;
use super::plant::{LastHeard, Plant};
use super::slot::Moment;
use crate::base::{Batch, EquipmentId, Metric, Phase, Timestamp};

/// What a value did to a rule.
struct Effect {
    slot: usize,
    outcome: Outcome,
    moment: Moment,
    straggled: bool,
}

impl Engine {
    /// A value from before the start: it is known, and judged by the next one.
    pub(super) fn recall(
        &mut self,
        id: EquipmentId,
        (metric, phase): (&Metric, Phase),
        (at, value): (Timestamp, f64),
        interval_ms: u32,
    ) {
        let watched = self.watched.entry(id).or_default();
        if watched.heard.is_none_or(|heard| heard.at < at) {
            watched.heard = Some(LastHeard { at, interval_ms });
        }
        let is = |series: &&mut Series| series.metric == *metric && series.phase == phase;
        let Some(series) = watched.series.iter_mut().find(is) else {
            return;
        };
        let until = at.ms() + crate::live::fresh_for_ms(interval_ms);
        if series.last.is_some_and(|(last, _, _)| last > at.ms()) {
            return;
        }
        series.last = Some((at.ms(), value, until));
        for (slot, place) in &series.slots {
            let slot = &mut self.slots[*slot];
            let measure = slot.probe.take(&slot.rule, *place, at.ms(), value, until);
            slot.memory.recall(at.ms(), measure.unwrap_or(value), until);
            slot.interval_ms = i64::from(interval_ms);
        }
    }

    /// Readings that are being committed.
    pub(super) fn observe(&mut self, batches: &[Batch], now: Timestamp, draft: &mut Draft) {
        let mut effects = Vec::new();
        for batch in batches {
            self.take_batch(batch, &mut effects);
        }
        for effect in effects {
            self.affect(&effect, now, draft);
        }
    }

    fn take_batch(&mut self, batch: &Batch, effects: &mut Vec<Effect>) {
        let Some(watched) = self.watched.get_mut(&batch.equipment) else {
            return;
        };
        let (moment, mut answered) = (Moment::of(batch), false);
        let (slots, plant) = (&mut self.slots, &self.plant);
        for reading in &batch.readings {
            let Some(value) = reading.value.filter(|_| reading.quality.counts()) else {
                continue;
            };
            answered = true;
            let is = |s: &&mut Series| s.phase == reading.phase && s.metric == reading.metric;
            let Some(series) = watched.series.iter_mut().find(is) else {
                continue;
            };
            if series.last.is_none_or(|(last, _, _)| last <= moment.at) {
                series.last = Some((moment.at, value, moment.until));
            }
            for (n, place) in &series.slots {
                let slot = &mut slots[*n];
                let site = || plant.calendar(&batch_site(plant, batch.equipment));
                let Some(said) = slot.take(*place, value, &reading.unit, &moment, site) else {
                    continue;
                };
                let timely = slot.grade > 0 && !moment.late;
                if said.outcome.changed || !said.outcome.grades.is_empty() || timely {
                    effects.push(Effect {
                        slot: *n,
                        outcome: said.outcome,
                        moment,
                        straggled: said.straggled,
                    });
                }
            }
        }
        if !answered {
            return;
        }
        if watched.heard.is_none_or(|heard| heard.at.ms() <= moment.at) {
            watched.heard = Some(LastHeard {
                at: Timestamp::from_ms(moment.at),
                interval_ms: batch.interval_ms,
            });
        }
        let arrived = batch.arrived.ms();
        for n in watched.silences.iter().filter(|_| !moment.late) {
            let slot = &mut slots[*n];
            if !slot.memory.steps.iter().all(|step| step.is_normal()) {
                let outcome = slot.silence(0.0, arrived, true);
                effects.push(Effect {
                    slot: *n,
                    outcome,
                    moment,
                    straggled: false,
                });
            }
        }
    }

    fn affect(&mut self, effect: &Effect, now: Timestamp, draft: &mut Draft) {
        if effect.straggled {
            return self.straggle(effect, now, draft);
        }
        let late = effect.moment.late;
        self.apply(effect.slot, &effect.outcome, late, now, draft);
        if !late && let Some(slot) = self.slots.get(effect.slot) {
            let key = slot.key.clone();
            self.book.is_timely(draft, &key, &Cause::of(now, now));
        }
    }

    /// What a change of a rule's memory means for its alert.
    pub(super) fn apply(
        &mut self,
        n: usize,
        outcome: &Outcome,
        late: bool,
        now: Timestamp,
        draft: &mut Draft,
    ) {
        let Some(slot) = self.slots.get_mut(n) else {
            return;
        };
        if slot.memory.is_waiting() {
            self.waiting.insert(n);
        } else {
            self.waiting.remove(&n);
        }
        if outcome.changed {
            draft.conditions.insert(slot.key.clone());
        }
        for (grade, at) in &outcome.grades {
            let Some(slot) = self.slots.get_mut(n) else {
                return;
            };
            let was = std::mem::replace(&mut slot.grade, *grade);
            let cause = Cause::of(Timestamp::from_ms(*at), now);
            if *grade > was {
                self.raise(n, late, &cause, draft);
            } else if *grade == 0 {
                slot.owed = false;
                let (key, latched) = (slot.key.clone(), slot.rule.latched);
                self.book.clear(draft, &key, &cause, latched);
            }
        }
    }

    /// Raises the alert of a rule at its grade, unless its equipment is out of service.
    pub(super) fn raise(&mut self, n: usize, late: bool, cause: &Cause, draft: &mut Draft) {
        let Some(slot) = self.slots.get_mut(n) else {
            return;
        };
        let equipment = slot.rule.equipment_id;
        let Some(machine) = self.plant.machine(equipment) else {
            return;
        };
        if slot.owed == machine.in_service {
            slot.owed = !machine.in_service;
            draft.conditions.insert(slot.key.clone());
        }
        if !machine.in_service {
            return;
        }
        let mut seed = slot.seed(slot.grade.max(1), machine, late);
        let interval_ms = slot.interval_ms;
        if slot.is_silence() {
            seed.parent = self.group_alert(equipment, &seed, cause, draft);
        }
        let (condition, parent) = (seed.condition.clone(), seed.parent);
        self.book.raise(draft, seed, cause, interval_ms);
        if let Some(parent) = parent {
            self.book.fold(draft, &condition, parent, cause);
        }
    }

    /// Values that came after newer ones: what they say is over, and noted once.
    fn straggle(&mut self, effect: &Effect, now: Timestamp, draft: &mut Draft) {
        let Some(slot) = self.slots.get(effect.slot) else {
            return;
        };
        let Some(machine) = self.plant.machine(slot.rule.equipment_id) else {
            return;
        };
        let began = effect.outcome.grades.iter().find(|(grade, _)| *grade > 0);
        if let Some((grade, at)) = began {
            let cause = Cause::of(Timestamp::from_ms(*at), now);
            let seed = slot.straggler_seed(*grade, machine);
            let condition = seed.condition.clone();
            self.book
                .raise(draft, seed, &cause, effect.moment.interval_ms);
            self.book.clear(draft, &condition, &cause, false);
        }
    }
}

fn batch_site(plant: &Plant, equipment: EquipmentId) -> String {
    let machine = plant.machine(equipment);
    machine
        .map(|machine| machine.site.clone())
        .unwrap_or_default()
}
