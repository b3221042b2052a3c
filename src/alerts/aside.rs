//! Alerts that people set aside until somebody ends it: silent by design, or out of service.
//!
//! Unlike the shelf it has no end of its own, so it asks for the right to change rules. It is of
//! this alert, from now until it is over; equipment that is being worked on has a status of its own.

use super::draft::Cause;
use super::heard::What;
use super::record::Alert;
use super::service::Alerts;
use super::state::{AlertState, Event};
use crate::base::error::Checks;
use crate::base::{AlertId, Error, Result};
use crate::store::audit::Actor;
use serde_json::json;

/// Longest reason, characters.
const REASON_MAX: usize = 2_000;

/// How an alert is set aside, after ISA-18.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// What it says is meant to be, as the plant runs now.
    Suppressed,
    /// What it watches is being worked on.
    OutOfService,
}

impl Aside {
    const fn state(self) -> AlertState {
        match self {
            Self::Suppressed => AlertState::Suppressed,
            Self::OutOfService => AlertState::OutOfService,
        }
    }

    /// The event that begins it, its word in the history and in the audit log.
    const fn begin(self) -> (Event, &'static str, &'static str) {
        match self {
            Self::Suppressed => (Event::Suppress, "suppressed", "alert.suppress"),
            Self::OutOfService => (Event::Remove, "out_of_service", "alert.out_of_service"),
        }
    }

    const fn end(self, active: bool) -> (Event, &'static str, &'static str) {
        match (self, active) {
            (Self::Suppressed, true) => {
                (Event::UnsuppressActive, "unsuppressed", "alert.unsuppress")
            }
            (Self::Suppressed, false) => {
                (Event::UnsuppressNormal, "unsuppressed", "alert.unsuppress")
            }
            (Self::OutOfService, true) => (Event::RestoreActive, "in_service", "alert.in_service"),
            (Self::OutOfService, false) => (Event::RestoreNormal, "in_service", "alert.in_service"),
        }
    }
}

/// Why an alert cannot be set aside.
fn hindrance(alert: &Alert) -> Option<&'static str> {
    if alert.parent.is_some() {
        return Some("Another alert stands for this one. Set that one aside instead.");
    }
    match alert.state {
        AlertState::Normal => Some("This alert is over. There is nothing to set aside."),
        AlertState::Shelved => Some("This alert is shelved. Take it off the shelf first."),
        AlertState::OutOfService => Some("This alert is out of service. End that first."),
        _ => None,
    }
}

impl Alerts {
    /// Sets an alert aside, with a reason; once more changes nothing.
    ///
    /// # Errors
    /// No reason; no such alert, or one that is over, shelved or stood for by another; a disk that
    /// refuses.
    pub async fn set_aside(
        &self,
        site: &str,
        id: AlertId,
        (how, reason): (Aside, String),
        actor: Actor,
    ) -> Result<Alert> {
        let mut checks = Checks::default();
        let length = reason.trim().chars().count();
        let sentence = "Say why, for the next shift: 1 to 2000 characters.";
        checks.require((1..=REASON_MAX).contains(&length), "reason", sentence);
        checks.finish()?;
        self.deed(site, id, actor, move |engine, draft, deed, alert| {
            if alert.state == how.state() && alert.parent.is_none() {
                return Ok(());
            }
            if let Some(sentence) = hindrance(alert) {
                return Err(Error::conflict(sentence));
            }
            let (event, word, action) = how.begin();
            deed.audit(action, alert, json!({ "reason": reason }))?;
            let cause = Cause {
                note: Some(reason.clone()),
                ..deed.cause.clone()
            };
            let by = |alert: &mut Alert| {
                alert.set_aside_by.clone_from(&cause.by);
                alert.set_aside_at = Some(cause.now);
                alert.set_aside_reason = Some(reason);
            };
            let word = (word, Some(What::Shelved));
            let condition = &alert.condition;
            engine.book.act(draft, condition, event, word, &cause, by)
        })
        .await
    }

    /// Ends what [`Alerts::set_aside`] began; once more changes nothing.
    ///
    /// # Errors
    /// No such alert; one that another stands for, or whose equipment is out of service; a disk
    /// that refuses.
    pub async fn end_aside(
        &self,
        site: &str,
        id: AlertId,
        how: Aside,
        actor: Actor,
    ) -> Result<Alert> {
        self.deed(site, id, actor, move |engine, draft, deed, alert| {
            if alert.state != how.state() {
                return Ok(());
            }
            if alert.set_aside_by.is_none() {
                return Err(Error::conflict(match how {
                    Aside::Suppressed => "Another alert stands for this one until it ends.",
                    Aside::OutOfService => {
                        "The equipment of this alert is being worked on. Set its status to active."
                    }
                }));
            }
            let (event, word, action) = how.end(alert.active);
            deed.audit(action, alert, json!({}))?;
            let word = (word, Some(What::Raised).filter(|_| alert.active));
            let (condition, cause) = (&alert.condition, &deed.cause);
            engine
                .book
                .act(draft, condition, event, word, cause, |_| {})
        })
        .await
    }
}
