//! What time does without a reading: delays end, devices fall silent, shelves empty.
//!
//! [`Engine::is_due`] asks without changing anything, so that a beat on which nothing happens
//! costs no commit.

use super::draft::{Advice, Cause, Draft, Seed};
use super::engine::Engine;
use super::heard::What;
use super::plant::{Group, Plant};
use super::record::{Alert, Source};
use super::state::{AlertState, Event};
use crate::base::{AlertId, EquipmentId, Level, Timestamp};
use crate::live::fresh_for_ms;
use crate::notify::Said;

/// What was made by so much after now was made before the clock was set back, ms.
const AHEAD_MS: i64 = 60_000;
/// After a start a device has so long at least to say something, ms: a line that fails is opened anew,
/// and a device that was left alone is asked again.
const CHANCE_MS: i64 = 5 * 60_000;

impl Engine {
    /// The plant as it is now.
    pub(super) fn set_plant(&mut self, plant: Plant) {
        self.plant = plant;
        self.plant_changed = true;
    }

    /// Whether [`Engine::beat`] would change something.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let waits = |n: &usize| {
            let slot = self.slots.get(*n);
            slot.is_some_and(|slot| slot.memory.is_due(&slot.rule, now))
        };
        self.plant_changed
            || self.waiting.iter().any(waits)
            || !self.silent(now).is_empty()
            || !self.shifts(now).is_empty()
            || self
                .book
                .open
                .values()
                .any(|alert| self.is_over(alert, now).is_some())
    }

    /// What the time does.
    pub(super) fn beat(&mut self, now: Timestamp, draft: &mut Draft) {
        if std::mem::take(&mut self.plant_changed) {
            self.follow_plant(now, draft);
        }
        for n in self.waiting.clone() {
            if let Some(slot) = self.slots.get_mut(n) {
                let outcome = slot.memory.pass(&slot.rule, now);
                self.apply(n, &outcome, false, now, draft);
            }
        }
        for (n, in_force) in self.shifts(now) {
            if let Some(slot) = self.slots.get_mut(n) {
                let (value, until) = (slot.memory.value, slot.memory.stands_until());
                let (rule, value) = (&slot.rule, value.unwrap_or_default());
                let outcome = slot.memory.take(rule, value, now.ms(), until, in_force);
                self.apply(n, &outcome, false, now, draft);
            }
        }
        for (n, silent_s) in self.silent(now) {
            if let Some(slot) = self.slots.get_mut(n) {
                let outcome = slot.silence(silent_s, now.ms(), true);
                self.apply(n, &outcome, false, now, draft);
            }
        }
        self.end_what_is_over(now, draft);
    }

    /// Rules about silence whose device has been silent for long enough, and for how long, s.
    fn silent(&self, now: Timestamp) -> Vec<(usize, f64)> {
        let mut found = Vec::new();
        for (id, watched) in &self.watched {
            if watched.silences.is_empty() || !self.plant.in_service(*id) {
                continue;
            }
            let heard = watched.heard.map(|heard| heard.at).max(watched.back);
            let interval_ms = watched.heard.map_or(0, |heard| heard.interval_ms);
            let chance_ms = fresh_for_ms(interval_ms).max(CHANCE_MS);
            for n in &watched.silences {
                let Some(slot) = self.slots.get(*n) else {
                    continue;
                };
                // A rule that was made before the clock was set back has always been there.
                let made = Some(slot.rule.updated_at).filter(|at| at.since_ms(now) < AHEAD_MS);
                let limit_ms = slot.rule.limit_of(0).unwrap_or(f64::MAX) * 1_000.0;
                // Silence goes on over a start, or one that restarts daily would never tell of a day.
                let silent_ms = now.since_ms(made.max(heard).unwrap_or(self.started));
                #[allow(clippy::cast_precision_loss)] // far below 2^53 ms
                let listened = now.since_ms(self.started) as f64 >= limit_ms.min(chance_ms as f64);
                #[allow(clippy::cast_precision_loss)] // far below 2^53 ms
                let silent_s = silent_ms as f64 / 1_000.0;
                let quiet = slot.memory.steps.iter().all(|step| step.is_normal());
                if quiet
                    && listened
                    && silent_s * 1_000.0 >= limit_ms
                    && slot.in_force(|| self.plant.calendar(&slot.rule.site), now.ms())
                {
                    found.push((*n, silent_s));
                }
            }
        }
        found
    }

    /// Rules whose schedule begins or ends while their last value stands.
    fn shifts(&self, now: Timestamp) -> Vec<(usize, bool)> {
        let mut found = Vec::new();
        for (n, slot) in self.slots.iter().enumerate() {
            if slot.rule.schedule.is_none() {
                continue;
            }
            let in_force = slot.in_force(|| self.plant.calendar(&slot.rule.site), now.ms());
            let normal = slot.memory.steps.iter().all(|step| step.is_normal());
            let stands = slot.memory.stands_until() >= now.ms() && !slot.is_silence();
            let holds = || {
                let value = slot.memory.value.filter(|_| stands);
                value.is_some_and(|v| super::probe::Probe::holds(&slot.rule, 0, v, false))
            };
            match in_force {
                false if slot.memory.steps.iter().any(|step| step.holds()) => {
                    found.push((n, false));
                }
                true if normal && holds() => found.push((n, true)),
                _ => {}
            }
        }
        found
    }

    /// Whether a device says nothing, or is not expected to.
    fn is_silent(&self, id: EquipmentId, now: Timestamp) -> bool {
        if !self.plant.in_service(id) {
            return true;
        }
        let heard = self.watched.get(&id).and_then(|watched| watched.heard);
        heard.is_none_or(|heard| now.since_ms(heard.at) > fresh_for_ms(heard.interval_ms))
    }

    /// The alert of the group that fell silent with this device, raised when it is not yet.
    pub(super) fn group_alert(
        &mut self,
        id: EquipmentId,
        seed: &Seed,
        cause: &Cause,
        draft: &mut Draft,
    ) -> Option<AlertId> {
        let group = self
            .plant
            .group_of(id, &|id| self.is_silent(id, cause.now))?;
        let open = self.book.open.get(&group.condition);
        if !open.is_some_and(|alert| alert.active) {
            let name = self.plant.name_of(&group);
            let seed = seed_of(&group, name, seed);
            self.book.raise(draft, seed, cause, 0);
        }
        let parent = self.book.open.get(&group.condition)?.id;
        let belongs = |alert: &&Alert| {
            let of_member = alert.rule_id.is_some()
                && alert
                    .equipment_id
                    .is_some_and(|id| group.members.contains(&id))
                && self.slot_is_silence(&alert.condition);
            let of_line =
                group.line.is_none() && alert.source == Source::Line && alert.site == group.site;
            (of_member || of_line) && alert.parent != Some(parent)
        };
        let folded: Vec<_> = self.book.open.values().filter(belongs).cloned().collect();
        for alert in folded {
            self.book.unfold_into(draft, &alert, parent, cause);
        }
        Some(parent)
    }

    fn slot_is_silence(&self, condition: &str) -> bool {
        self.slot_of(condition)
            .is_some_and(super::slot::Slot::is_silence)
    }

    /// What is to be done about an alert now, if anything.
    fn is_over(&self, alert: &Alert, now: Timestamp) -> Option<Over> {
        if alert.state == AlertState::Shelved && alert.shelved_until.is_some_and(|end| end <= now) {
            return Some(Over::Shelf);
        }
        if let Some(parent) = alert.parent {
            let stands = self.book.by_id(parent).is_some_and(|parent| parent.active);
            return (!stands).then_some(Over::Parent);
        }
        if !alert.active {
            return None;
        }
        let over = match alert.source {
            Source::Line | Source::Site => {
                let group = self.plant.group(&alert.condition);
                !group.is_some_and(|group| group.is_silent(&|id| self.is_silent(id, now)))
            }
            Source::Storm => {
                let child = |other: &Alert| other.parent == Some(alert.id) && other.active;
                !self.book.open.values().any(child)
            }
            Source::Rule | Source::Appliance | Source::Cell => false,
        };
        over.then_some(Over::Group)
    }

    fn end_what_is_over(&mut self, now: Timestamp, draft: &mut Draft) {
        let cause = Cause::of(now, now);
        // An end may end another: a line within a site within nothing.
        for _ in 0..3 {
            let open = self.book.open.values();
            let over =
                open.filter_map(|a| Some((a.condition.clone(), a.parent, self.is_over(a, now)?)));
            let over: Vec<_> = over.collect();
            if over.is_empty() {
                return;
            }
            for (condition, parent, over) in over {
                match over {
                    Over::Shelf => self.book.unshelve(draft, &condition, &cause),
                    Over::Group => self.book.clear(draft, &condition, &cause, false),
                    Over::Parent => {
                        if let Some(parent) = parent {
                            self.book.unfold(draft, parent, &cause);
                        }
                    }
                }
            }
        }
    }

    /// Equipment went out of service or came back, or is gone.
    fn follow_plant(&mut self, now: Timestamp, draft: &mut Draft) {
        let cause = Cause::of(now, now);
        let of_rules = |alert: &&Alert| alert.source == Source::Rule;
        let open: Vec<Alert> = self.book.open.values().filter(of_rules).cloned().collect();
        for alert in open {
            let Some(id) = alert.equipment_id else {
                continue;
            };
            let known = self.plant.machine(id).is_some();
            let ruled =
                self.slot_of(&alert.condition).is_some() || alert.condition.ends_with("/late");
            let (event, word, what) = if !known || !ruled {
                (Event::Resolve, "resolved", Some(What::Resolved))
            } else if alert.set_aside_by.is_some() {
                // A person did; a person ends it.
                continue;
            } else if !self.plant.in_service(id) {
                (Event::Remove, "out_of_service", Some(What::Shelved))
            } else if alert.state != AlertState::OutOfService {
                continue;
            } else if alert.active {
                (Event::RestoreActive, "in_service", Some(What::Raised))
            } else {
                (Event::RestoreNormal, "in_service", None)
            };
            if alert.state == AlertState::OutOfService && event == Event::Remove {
                continue;
            }
            // None of these is ever refused.
            let _ = self
                .book
                .act(draft, &alert.condition, event, (word, what), &cause, |_| {});
        }
        for n in 0..self.slots.len() {
            let Some(slot) = self.slots.get(n) else {
                continue;
            };
            let missed = slot.grade > 0
                && !self.book.open.contains_key(&slot.key)
                && (slot.owed || self.out_before.contains(&slot.rule.equipment_id))
                && self.plant.in_service(slot.rule.equipment_id);
            if missed {
                self.raise(n, false, &cause, draft);
            }
        }
        for (id, watched) in &mut self.watched {
            if self.out_before.contains(id) && self.plant.in_service(*id) {
                // Nobody expected it to speak while it was out of service.
                watched.back = Some(now);
            }
        }
        let all = self.watched.keys().copied();
        self.out_before = all.filter(|id| !self.plant.in_service(*id)).collect();
    }
}

/// Why an alert has to change without a reading.
#[derive(Clone, Copy, Debug)]
enum Over {
    /// Its time on the shelf is over.
    Shelf,
    /// The alert that stood for it no longer does.
    Parent,
    /// Its group speaks again.
    Group,
}

fn seed_of(group: &Group, name: String, seed: &Seed) -> Seed {
    let count = group.members.len();
    let (source, level, said) = match &group.line {
        Some(line) => (
            Source::Line,
            seed.level.max(Level::High),
            Said::of("line").name("line", line).number("count", count),
        ),
        None => (
            Source::Site,
            Level::Critical,
            Said::of("site").number("count", count),
        ),
    };
    Seed {
        condition: group.condition.clone(),
        site: group.site.clone(),
        source,
        level,
        equipment: None,
        equipment_name: name,
        location: None,
        said,
        value: None,
        threshold: None,
        unit: String::new(),
        rule: None,
        kind: Some("POWER_LOSS".to_owned()).filter(|_| group.line.is_none()),
        metric: None,
        phase: None,
        advice: Advice::None,
        late: false,
        parent: None,
    }
}
