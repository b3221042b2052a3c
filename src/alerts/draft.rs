//! What a transaction will write of alerts, gathered before anything is.

use super::heard::{Heard, Occasion};
use super::record::{Alert, Head, Source, TRANSITIONS_MAX, Transition};
use crate::base::{AlertId, AlertRuleId, EquipmentId, Level, Metric, Phase, Result, Timestamp};
use crate::notify::{Language, Said, said};
use crate::store::Transaction;
use std::collections::{BTreeMap, BTreeSet};

/// What an alert is about, when it begins.
#[derive(Clone, Debug)]
pub(super) struct Seed {
    pub(super) condition: String,
    pub(super) site: String,
    pub(super) source: Source,
    pub(super) level: Level,
    pub(super) equipment: Option<EquipmentId>,
    pub(super) equipment_name: String,
    pub(super) location: Option<String>,
    pub(super) said: Said,
    pub(super) value: Option<f64>,
    pub(super) threshold: Option<f64>,
    pub(super) unit: String,
    pub(super) rule: Option<(AlertRuleId, String)>,
    pub(super) kind: Option<String>,
    pub(super) metric: Option<Metric>,
    pub(super) phase: Option<Phase>,
    pub(super) advice: Advice,
    pub(super) late: bool,
    pub(super) parent: Option<AlertId>,
}

/// What to do about an alert.
#[derive(Clone, Debug)]
pub(super) enum Advice {
    /// Nothing is known.
    None,
    /// What every language has words for, by its code.
    Known(&'static str),
    /// What a person wrote.
    Written(String),
}

impl Advice {
    /// What a rule says, if it says anything.
    pub(super) fn of(note: Option<&String>) -> Self {
        match note {
            None => Self::None,
            Some(note) => {
                said::advice_code(note).map_or_else(|| Self::Written(note.clone()), Self::Known)
            }
        }
    }

    /// In English, and its code.
    pub(super) fn text_and_code(self) -> (Option<String>, Option<String>) {
        match self {
            Self::None => (None, None),
            Self::Known(code) => (said::advice(Language::En, code), Some(code.to_owned())),
            Self::Written(text) => (Some(text), None),
        }
    }
}

/// When something happened, and by whom.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// On the clock of the device.
    pub(super) at: Timestamp,
    /// On ours.
    pub(super) now: Timestamp,
    pub(super) by: Option<String>,
    pub(super) note: Option<String>,
}

impl Cause {
    /// The appliance noticed.
    pub(super) const fn of(at: Timestamp, now: Timestamp) -> Self {
        Self {
            at,
            now,
            by: None,
            note: None,
        }
    }
}

/// What a transaction will write.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// What was stored before, by alert.
    pub(super) before: BTreeMap<AlertId, Option<Alert>>,
    after: BTreeMap<AlertId, Alert>,
    transitions: Vec<(AlertId, u32, Transition)>,
    pub(super) occasions: Vec<Occasion>,
    /// Conditions whose row has to be written.
    pub(super) conditions: BTreeSet<String>,
    /// Alerts for the sockets.
    told: BTreeSet<AlertId>,
}

impl Draft {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.after.is_empty() && self.conditions.is_empty()
    }

    /// Something happened to an alert: the next entry of its history.
    pub(super) fn happened(&mut self, alert: &mut Alert, transition: Transition) {
        if alert.transitions < TRANSITIONS_MAX {
            self.transitions
                .push((alert.id, alert.transitions, transition));
            alert.transitions += 1;
        }
    }

    /// An alert changed.
    pub(super) fn note(&mut self, before: Option<&Alert>, after: &Alert) {
        self.before
            .entry(after.id)
            .or_insert_with(|| before.cloned());
        self.after.insert(after.id, after.clone());
        self.conditions.insert(after.condition.clone());
        self.told.insert(after.id);
    }

    /// Writes the alerts; returns those to be shown.
    pub(super) fn write(
        &self,
        transaction: &Transaction<'_>,
        head: &mut Head,
        heard: &Heard,
    ) -> Result<Vec<Alert>> {
        for (id, number, transition) in &self.transitions {
            transition.put(transaction, *id, *number)?;
        }
        for (id, alert) in &self.after {
            let before = self.before.get(id).and_then(Option::as_ref);
            alert.save(transaction, before)?;
            head.stored += u64::from(before.is_none());
        }
        for occasion in &self.occasions {
            heard.tell(transaction, occasion)?;
        }
        let told = self.told.iter().filter_map(|id| self.after.get(id));
        Ok(told.cloned().collect())
    }

    /// An alert as it will be.
    pub(super) fn latest(&self, id: AlertId) -> Option<&Alert> {
        self.after.get(&id)
    }
}
