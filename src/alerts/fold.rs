//! Alerts for which another one stands, and what does not go through the table of states.

use super::book::Book;
use super::draft::{Cause, Draft};
use super::heard::What;
use super::record::{Alert, Transition};
use super::state::{AlertState, Event, Step};
use crate::base::AlertId;

impl Book {
    /// Folds an open alert into another one.
    pub(super) fn fold(
        &mut self,
        draft: &mut Draft,
        condition: &str,
        parent: AlertId,
        cause: &Cause,
    ) {
        let Some(alert) = self.open.get_mut(condition) else {
            return;
        };
        if alert.parent.is_some() || matches!(alert.state.after(Event::Suppress), Step::Stay) {
            return;
        }
        let before = alert.clone();
        alert.parent = Some(parent);
        self.count_child(draft, parent);
        let word = ("folded", Some(What::Shelved));
        self.step(draft, condition, &before, Event::Suppress, word, cause);
    }

    /// Folds an alert into this one, out of another one if it was folded already.
    pub(super) fn unfold_into(
        &mut self,
        draft: &mut Draft,
        alert: &Alert,
        parent: AlertId,
        cause: &Cause,
    ) {
        if alert.parent.is_none() {
            return self.fold(draft, &alert.condition, parent, cause);
        }
        if let Some(open) = self.open.get_mut(&alert.condition) {
            open.parent = Some(parent);
            draft.note(Some(alert), open);
            self.count_child(draft, parent);
        }
    }

    /// The children of an alert speak for themselves again.
    pub(super) fn unfold(&mut self, draft: &mut Draft, parent: AlertId, cause: &Cause) {
        let child = |(_, alert): &(&String, &Alert)| alert.parent == Some(parent);
        let children = self.open.iter().filter(child);
        let children: Vec<_> = children.map(|(condition, _)| condition.clone()).collect();
        for condition in children {
            let Some(alert) = self.open.get_mut(&condition) else {
                continue;
            };
            let before = alert.clone();
            let (event, what) = match alert.active {
                true => (Event::UnsuppressActive, Some(What::Raised)),
                false => (Event::UnsuppressNormal, None),
            };
            // One that ends here keeps the name of the alert that stood for it.
            if alert.active || alert.state != AlertState::Suppressed {
                alert.parent = None;
            }
            self.step(draft, &condition, &before, event, ("unfolded", what), cause);
        }
    }

    /// A comment moves nothing.
    pub(super) fn comment(&mut self, draft: &mut Draft, alert: &Alert, comment: Transition) {
        let mut after = alert.clone();
        after.revision += 1;
        draft.happened(&mut after, comment);
        draft.note(Some(alert), &after);
        if let Some(open) = self
            .open
            .get_mut(&after.condition)
            .filter(|a| a.id == after.id)
        {
            *open = after;
        }
    }

    /// Somebody knows of an alert that is over.
    pub(super) fn know_closed(&mut self, draft: &mut Draft, alert: &Alert, cause: &Cause) {
        let known = Transition {
            at: cause.now,
            what: "acknowledged".to_owned(),
            from: alert.state,
            to: alert.state,
            by: cause.by.clone(),
            note: cause.note.clone(),
            value: None,
        };
        let mut after = Alert {
            acknowledged: true,
            acknowledged_by: cause.by.clone(),
            acknowledged_at: Some(cause.now),
            notes: cause.note.clone(),
            revision: alert.revision + 1,
            ..alert.clone()
        };
        draft.happened(&mut after, known);
        draft.note(Some(alert), &after);
    }
}
