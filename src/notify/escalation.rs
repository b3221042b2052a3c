//! Nobody acknowledged: who is asked next, and when, in the transaction in which it is decided.

use super::desk::{ALERTS, AlertNote, Desk};
use super::keys;
use super::policy::Policy;
use crate::base::{Level, PolicyId, Result, Timestamp};
use crate::store::TableName;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// 8 bytes when it is due, 16 bytes alert, 16 bytes policy, 1 byte step.
pub(super) const STEPS: TableName = TableName::new("notify_step");

/// A step of an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) due: Timestamp,
    pub(super) policy: PolicyId,
    pub(super) step: usize,
}

impl Desk<'_, '_> {
    /// Nobody acknowledged in time: the next are asked.
    pub(super) fn escalate(&self, alert: Uuid, due: Pending) -> Result<()> {
        self.transaction.remove(STEPS, &step_key(alert, due))?;
        let Some(mut note) = ALERTS.get(self.transaction, alert.as_bytes())? else {
            return Ok(());
        };
        if !note.steps.contains(&due) {
            return Ok(());
        }
        note.steps.retain(|pending| *pending != due);
        let policies = &self.known.policies;
        let policy = policies.iter().find(|policy| policy.id == due.policy);
        match policy.filter(|p| p.rule.enabled && p.rule.recipients_of(due.step).is_some()) {
            None => {
                let reason = "The policy was changed: nobody is asked next.";
                self.note_why_not(&note.occasion.clone(), reason)?;
            }
            Some(policy) => {
                self.tell(&mut note, policy, due.step, &mut Vec::new())?;
                self.plan(&mut note, policy, due.step + 1)?;
            }
        }
        ALERTS.put(self.transaction, alert.as_bytes(), &note)
    }

    /// Begins to count for a policy, or counts shorter when the alert got worse.
    pub(super) fn begin(&self, note: &mut AlertNote, policy: &Policy) -> Result<()> {
        let begun = note.steps.iter().position(|p| p.policy == policy.id);
        let Some(at) = begun else {
            return self.plan(note, policy, 1);
        };
        let old = note.steps[at];
        let due = self.due(note.occasion.level, policy, old.step);
        if let Some(due) = due.filter(|due| *due < old.due) {
            let alert = note.occasion.alert;
            self.transaction.remove(STEPS, &step_key(alert, old))?;
            note.steps[at].due = due;
            self.transaction
                .put(STEPS, &step_key(alert, note.steps[at]), &[])?;
        }
        Ok(())
    }

    fn plan(&self, note: &mut AlertNote, policy: &Policy, step: usize) -> Result<()> {
        let Some(due) = self.due(note.occasion.level, policy, step) else {
            return Ok(());
        };
        let pending = Pending {
            due,
            policy: policy.id,
            step,
        };
        note.steps.push(pending);
        let key = step_key(note.occasion.alert, pending);
        self.transaction.put(STEPS, &key, &[])
    }

    /// When a step is due, counted from now; `None` when the policy has none.
    fn due(&self, level: Level, policy: &Policy, step: usize) -> Option<Timestamp> {
        let step = policy.rule.escalation.get(step.checked_sub(1)?)?;
        let patience = self.known.general.patience_ms(level);
        let ms = step
            .after_min
            .map_or(patience, |min| i64::from(min) * 60_000);
        Some(self.now.plus_ms(ms))
    }
}

pub(super) fn step_key(alert: Uuid, pending: Pending) -> Vec<u8> {
    let step = u8::try_from(pending.step).unwrap_or(u8::MAX);
    let due = keys::time(pending.due);
    let (alert, policy) = (alert.as_bytes(), pending.policy);
    [&due[..], alert, policy.as_bytes(), &[step]].concat()
}

/// The alert and the step behind a key.
pub(super) fn step_of(key: &[u8]) -> Option<(Uuid, Pending)> {
    let due = keys::time_of(key.get(..8)?)?;
    let alert = Uuid::from_slice(key.get(8..24)?).ok()?;
    let policy = PolicyId::from_slice(key.get(24..40)?)?;
    let step = usize::from(*key.get(40)?);
    Some((alert, Pending { due, policy, step }))
}
