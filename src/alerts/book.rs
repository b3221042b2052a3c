//! The open alerts, one for each condition, and what happens to them.
//!
//! Memory is changed at once and the disk in the transaction that is under way; when that falls,
//! the sequence of memory and disk differ, and memory is read anew (see `engine`).

use super::draft::{Advice, Cause, Draft, Seed};
use super::heard::{What, occasion};
use super::record::{Alert, Source, Transition};
use super::state::{AlertState, Event, Step};
use crate::base::{AlertId, EquipmentId, Error, Result, Timestamp};
use crate::notify::Said;
use std::collections::HashMap;

/// Alerts of one equipment in a minute; what is beyond is folded into one that counts them.
pub(super) const PER_MINUTE: u32 = 100;
const MINUTE_MS: i64 = 60_000;
/// So many raises in [`CHATTER_WITHIN_MS`] are chatter (ISA-18.2 names three in a minute).
const CHATTER_TIMES: usize = 3;
const CHATTER_WITHIN_MS: i64 = 60_000;

/// The open alerts.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) open: HashMap<String, Alert>,
    pub(super) conditions: HashMap<AlertId, String>,
    /// Raises of each equipment in the current minute.
    minute: HashMap<EquipmentId, (i64, u32)>,
    /// The last raises of each condition, ms.
    rises: HashMap<String, Vec<i64>>,
}

impl Book {
    /// Takes an alert that is open on disk.
    pub(super) fn keep(&mut self, alert: Alert) {
        self.conditions.insert(alert.id, alert.condition.clone());
        self.open.insert(alert.condition.clone(), alert);
    }

    /// The open alert of this id.
    pub(super) fn by_id(&self, id: AlertId) -> Option<&Alert> {
        self.open.get(self.conditions.get(&id)?)
    }

    /// Whether this is one more than anybody can read, in this minute.
    fn is_too_many(&mut self, seed: &Seed, now: Timestamp) -> bool {
        let Some(equipment) = seed.equipment.filter(|_| seed.source == Source::Rule) else {
            return false;
        };
        let minute = now.ms().div_euclid(MINUTE_MS);
        let count = self.minute.entry(equipment).or_insert((minute, 0));
        if count.0 != minute {
            *count = (minute, 0);
        }
        count.1 += 1;
        count.1 > PER_MINUTE
    }

    /// Whether these raises are chatter; `interval_ms` is how often a value comes.
    fn chatters(&mut self, condition: &str, at: i64, interval_ms: i64) -> bool {
        let rises = self.rises.entry(condition.to_owned()).or_default();
        rises.push(at);
        if rises.len() > CHATTER_TIMES {
            rises.remove(0);
        }
        // A meter that is read every minute cannot come and go three times in one.
        let within = CHATTER_WITHIN_MS.max(10 * interval_ms);
        rises.len() == CHATTER_TIMES && at - rises[0] <= within
    }

    /// A condition holds: its alert begins, begins again or rises.
    pub(super) fn raise(
        &mut self,
        draft: &mut Draft,
        mut seed: Seed,
        cause: &Cause,
        interval_ms: i64,
    ) {
        let condition = seed.condition.clone();
        let chattering = self.chatters(&condition, cause.at.ms(), interval_ms);
        if !self.open.contains_key(&condition) {
            if seed.parent.is_none() && self.is_too_many(&seed, cause.now) {
                seed.parent = Some(self.storm(draft, &seed, cause));
            }
            return self.begin(draft, seed, cause, chattering);
        }
        let Some(alert) = self.open.get_mut(&condition) else {
            return;
        };
        let before = alert.clone();
        let rose = alert.active && seed.level > alert.level;
        alert.level = alert.level.max(seed.level);
        (alert.value, alert.threshold) = (seed.value, seed.threshold);
        alert.message = seed.said.plain();
        alert.said = Some(seed.said);
        alert.chattering |= chattering;
        if !before.active {
            alert.occurrences = alert.occurrences.saturating_add(1);
            alert.last_triggered_at = cause.at;
        }
        alert.active = true;
        let (event, what, word) = match rose {
            true => (Event::Rise, What::Rose, "rose"),
            false => (Event::Raise, What::Raised, "raised"),
        };
        self.step(draft, &condition, &before, event, (word, Some(what)), cause);
    }

    fn begin(&mut self, draft: &mut Draft, seed: Seed, cause: &Cause, chattering: bool) {
        let (rule_id, rule_name) = seed.rule.unzip();
        let (advice, advice_code) = seed.advice.text_and_code();
        let alert = Alert {
            id: AlertId::new(),
            level: seed.level,
            equipment_id: seed.equipment,
            equipment_name: seed.equipment_name,
            location: seed.location,
            message: seed.said.plain(),
            said: Some(seed.said),
            value: seed.value,
            threshold: seed.threshold,
            timestamp: cause.at,
            acknowledged: false,
            acknowledged_by: None,
            acknowledged_at: None,
            notes: None,
            state: AlertState::Normal,
            active: true,
            revision: 0,
            site: seed.site,
            source: seed.source,
            rule_id,
            rule_name,
            condition: seed.condition,
            kind: seed.kind,
            metric: seed.metric,
            phase: seed.phase,
            unit: seed.unit,
            advice,
            advice_code,
            last_triggered_at: cause.at,
            occurrences: 1,
            returned_at: None,
            resolved_at: None,
            resolved_by: None,
            late: seed.late,
            chattering,
            children: 0,
            parent: seed.parent,
            shelved_until: None,
            shelved_by: None,
            shelve_reason: None,
            set_aside_by: None,
            set_aside_at: None,
            set_aside_reason: None,
            detected_at: cause.now,
            transitions: 0,
        };
        let (condition, folded) = (alert.condition.clone(), alert.parent);
        self.keep(alert.clone());
        draft.before.insert(alert.id, None);
        let (event, what, word) = match folded {
            Some(_) => (Event::Suppress, None, "folded"),
            None => (Event::Raise, Some(What::Raised), "raised"),
        };
        if let Some(parent) = folded {
            self.count_child(draft, parent);
        }
        self.step(draft, &condition, &alert, event, (word, what), cause);
    }

    /// The alert that counts those beyond the limit.
    fn storm(&mut self, draft: &mut Draft, seed: &Seed, cause: &Cause) -> AlertId {
        let of = seed.equipment.map(|id| id.to_string()).unwrap_or_default();
        let condition = format!("storm/{of}");
        if let Some(alert) = self.open.get(&condition) {
            return alert.id;
        }
        let storm = Seed {
            condition: condition.clone(),
            source: Source::Storm,
            said: Said::of("storm")
                .number("limit", PER_MINUTE)
                .name("names", &seed.equipment_name),
            value: None,
            threshold: Some(f64::from(PER_MINUTE)),
            unit: String::new(),
            rule: None,
            kind: None,
            metric: None,
            phase: None,
            advice: Advice::None,
            ..seed.clone()
        };
        self.begin(draft, storm, cause, false);
        self.open
            .get(&condition)
            .map_or_else(AlertId::new, |alert| alert.id)
    }

    pub(super) fn count_child(&mut self, draft: &mut Draft, parent: AlertId) {
        let Some(condition) = self.conditions.get(&parent) else {
            return;
        };
        if let Some(alert) = self.open.get_mut(condition) {
            let before = alert.clone();
            alert.children = alert.children.saturating_add(1);
            draft.note(Some(&before), alert);
        }
    }

    /// A condition no longer holds.
    pub(super) fn clear(
        &mut self,
        draft: &mut Draft,
        condition: &str,
        cause: &Cause,
        latched: bool,
    ) {
        let Some(alert) = self.open.get_mut(condition).filter(|alert| alert.active) else {
            return;
        };
        let before = alert.clone();
        alert.active = false;
        alert.returned_at = Some(cause.at);
        let event = match latched {
            true => Event::ClearLatching,
            false => Event::Clear,
        };
        let word = ("returned", Some(What::Returned));
        self.step(draft, condition, &before, event, word, cause);
    }

    /// The time on the shelf is over.
    pub(super) fn unshelve(&mut self, draft: &mut Draft, condition: &str, cause: &Cause) {
        let Some(alert) = self.open.get(condition) else {
            return;
        };
        let (event, what) = match alert.active {
            true => (Event::UnshelveActive, Some(What::Raised)),
            false => (Event::UnshelveNormal, Some(What::Resolved)),
        };
        let empty = |alert: &mut Alert| {
            alert.shelved_until = None;
        };
        // Never refused.
        let _ = self.act(draft, condition, event, ("unshelved", what), cause, empty);
    }

    /// Something that a person or the time does to an open alert; `change` runs on it first.
    pub(super) fn act(
        &mut self,
        draft: &mut Draft,
        condition: &str,
        event: Event,
        (word, what): (&'static str, Option<What>),
        cause: &Cause,
        change: impl FnOnce(&mut Alert),
    ) -> Result<()> {
        let alert = self.open.get_mut(condition);
        let Some(alert) = alert else {
            return Ok(());
        };
        if let Step::Refused(sentence) = alert.state.after(event) {
            return Err(Error::conflict(sentence));
        }
        let before = alert.clone();
        change(alert);
        self.step(draft, condition, &before, event, (word, what), cause);
        Ok(())
    }

    /// Goes where the table says, and notes it.
    pub(super) fn step(
        &mut self,
        draft: &mut Draft,
        condition: &str,
        before: &Alert,
        event: Event,
        (word, what): (&'static str, Option<What>),
        cause: &Cause,
    ) {
        let Some(alert) = self.open.get_mut(condition) else {
            return;
        };
        let moved = match alert.state.after(event) {
            Step::To(next) => {
                alert.state = next;
                true
            }
            Step::Stay | Step::Refused(_) => false,
        };
        if alert.state.is_closed() {
            alert.resolved_at = Some(cause.at.max(alert.timestamp));
            alert.shelved_until = None;
        } else if moved && alert.state == AlertState::Unacknowledged {
            // It calls again: what was known is not known of this time.
            alert.acknowledged = false;
            (alert.acknowledged_by, alert.acknowledged_at, alert.notes) = (None, None, None);
            (alert.resolved_at, alert.resolved_by) = (None, None);
        }
        if !matches!(
            alert.state,
            AlertState::Suppressed | AlertState::OutOfService
        ) {
            alert.set_aside_by = None;
            (alert.set_aside_at, alert.set_aside_reason) = (None, None);
        }
        alert.revision += 1;
        let transition = Transition {
            at: cause.now,
            what: word.to_owned(),
            from: before.state,
            to: alert.state,
            by: cause.by.clone(),
            note: cause.note.clone(),
            value: alert.value,
        };
        draft.happened(alert, transition);
        let silent = matches!(
            alert.state,
            AlertState::Shelved | AlertState::Suppressed | AlertState::OutOfService
        );
        let loud = match what {
            Some(What::Raised | What::Rose) => !silent,
            Some(What::Returned) => !silent,
            Some(_) => moved,
            None => false,
        };
        if let Some(what) = what.filter(|_| loud) {
            draft.occasions.push(occasion(alert, what, cause.at));
        }
        draft.note(Some(before), alert);
        if alert.state.is_closed() {
            let id = alert.id;
            self.open.remove(condition);
            self.conditions.remove(&id);
        }
    }

    /// A late alert that still stands when timely readings come is an alert like any other.
    pub(super) fn is_timely(&mut self, draft: &mut Draft, condition: &str, cause: &Cause) {
        let Some(alert) = self.open.get_mut(condition) else {
            return;
        };
        if !alert.late || !alert.active {
            return;
        }
        let before = alert.clone();
        alert.late = false;
        let word = ("raised", Some(What::Raised));
        self.step(draft, condition, &before, Event::Raise, word, cause);
    }
}
