//! What people do to alerts: each in one transaction with its entry in the audit log.

use super::draft::{Cause, Draft};
use super::engine::Engine;
use super::heard::What;
use super::record::{ALERTS, Alert, Transition};
use super::service::Alerts;
use super::state::{AlertState, Event};
use crate::auth::Reach;
use crate::base::error::Checks;
use crate::base::{AlertId, Error, Result, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use serde_json::json;

/// Longest time on the shelf, s: a week. What needs longer needs another rule.
const SHELF_MAX_S: u32 = 7 * 24 * 3_600;
/// Longest note, characters.
const NOTE_MAX: usize = 2_000;
/// Alerts that are acknowledged at once.
pub(super) const AT_ONCE_MAX: usize = 500;

/// What somebody says who knows of an alert.
#[derive(Clone, Debug, Default)]
pub struct Acknowledgement {
    /// What he adds.
    pub notes: Option<String>,
    /// The revision that he saw: a later one is refused, so that nobody acknowledges what he did
    /// not see.
    pub revision: Option<u32>,
}

/// For how long an alert is silenced, and why.
#[derive(Clone, Debug)]
pub struct Shelving {
    /// How long, s.
    pub seconds: u32,
    /// Why.
    pub reason: String,
}

/// One alert of a site, with the one who does something to it.
pub(super) struct Deed<'a> {
    transaction: &'a Transaction<'a>,
    actor: &'a Actor,
    pub(super) cause: Cause,
}

impl Deed<'_> {
    pub(super) fn audit(
        &self,
        action: &str,
        alert: &Alert,
        details: serde_json::Value,
    ) -> Result<()> {
        let resource = format!("alert/{}", alert.id);
        let now = self.cause.now;
        audit::append(
            self.transaction,
            now,
            self.actor,
            action,
            audit::about(&resource).of(&alert.site),
            details,
        )
    }
}

fn find(view: &impl View, engine: &Engine, reach: &Reach, id: AlertId) -> Result<Alert> {
    let open = engine.book.by_id(id).cloned();
    let alert = match open {
        Some(alert) => Some(alert),
        None => ALERTS.get(view, id.as_bytes())?,
    };
    let alert = alert.filter(|alert| reach.sees(&alert.site));
    alert.ok_or_else(|| Error::not_found("alert", id))
}

fn check_note(path: &str, note: Option<&String>) -> Result<()> {
    let fits = |note: &String| note.chars().count() <= NOTE_MAX;
    let mut checks = Checks::default();
    checks.require(note.is_none_or(fits), path, "At most 2000 characters.");
    checks.finish()
}

impl Alerts {
    pub(super) async fn deed<F>(
        &self,
        site: &str,
        id: AlertId,
        actor: Actor,
        work: F,
    ) -> Result<Alert>
    where
        F: FnOnce(&mut Engine, &mut Draft, &Deed<'_>, &Alert) -> Result<()> + Send + 'static,
    {
        let (reach, now) = (Reach::one(site), self.clock.now());
        self.change(move |engine, transaction, draft| {
            let alert = find(transaction, engine, &reach, id)?;
            let deed = Deed {
                transaction,
                actor: &actor,
                cause: cause_of(&actor, now),
            };
            work(engine, draft, &deed, &alert)?;
            Ok(draft.latest(id).cloned().unwrap_or(alert))
        })
        .await
    }

    /// Says that somebody knows. The first one stays; once more changes nothing.
    ///
    /// # Errors
    /// When there is no such alert; when it changed since it was seen; when it is shelved or
    /// another stands for it; a disk that refuses.
    pub async fn acknowledge(
        &self,
        site: &str,
        id: AlertId,
        said: Acknowledgement,
        actor: Actor,
    ) -> Result<Alert> {
        check_note("notes", said.notes.as_ref())?;
        self.deed(site, id, actor, move |engine, draft, deed, alert| {
            acknowledge(engine, draft, deed, alert, &said)
        })
        .await
    }

    /// As [`Alerts::acknowledge`] for many, all or none of them.
    ///
    /// # Errors
    /// As [`Alerts::acknowledge`]; more than 500 at once.
    pub async fn acknowledge_all(
        &self,
        reach: Reach,
        which: Vec<(AlertId, Option<u32>)>,
        notes: Option<String>,
        actor: Actor,
    ) -> Result<Vec<Alert>> {
        check_note("notes", notes.as_ref())?;
        if which.is_empty() || which.len() > AT_ONCE_MAX {
            return Err(Error::invalid("ids", "1 to 500 alerts at once."));
        }
        let now = self.clock.now();
        self.change(move |engine, transaction, draft| {
            let deed = Deed {
                transaction,
                actor: &actor,
                cause: cause_of(&actor, now),
            };
            let mut done = Vec::with_capacity(which.len());
            for (id, revision) in which {
                let alert = find(transaction, engine, &reach, id)?;
                let notes = notes.clone();
                let said = Acknowledgement { notes, revision };
                acknowledge(engine, draft, &deed, &alert, &said)?;
                done.push(draft.latest(id).cloned().unwrap_or(alert));
            }
            Ok(done)
        })
        .await
    }

    /// Says that it is over; those for which it stands are, too.
    ///
    /// # Errors
    /// When there is no such alert; a disk that refuses.
    pub async fn resolve(
        &self,
        site: &str,
        id: AlertId,
        note: Option<String>,
        actor: Actor,
    ) -> Result<Alert> {
        check_note("note", note.as_ref())?;
        self.deed(site, id, actor, move |engine, draft, deed, alert| {
            if alert.is_closed() {
                return Ok(());
            }
            deed.audit("alert.resolve", alert, json!({ "note": note }))?;
            let child = |other: &&Alert| other.parent == Some(alert.id);
            let children: Vec<_> = engine.book.open.values().filter(child).cloned().collect();
            let cause = Cause {
                note: note.clone(),
                ..deed.cause.clone()
            };
            for one in [alert].into_iter().chain(&children) {
                let (event, word) = (Event::Resolve, ("resolved", Some(What::Resolved)));
                let by = |alert: &mut Alert| {
                    know(alert, &cause);
                    alert.resolved_by.clone_from(&cause.by);
                };
                engine
                    .book
                    .act(draft, &one.condition, event, word, &cause, by)?;
            }
            Ok(())
        })
        .await
    }

    /// Silences an alert for a time, with a reason.
    ///
    /// # Errors
    /// Refused fields; no such alert, or one that is over; a disk that refuses.
    pub async fn shelve(
        &self,
        site: &str,
        id: AlertId,
        said: Shelving,
        actor: Actor,
    ) -> Result<Alert> {
        let mut checks = Checks::default();
        let fits = (60..=SHELF_MAX_S).contains(&said.seconds);
        checks.require(fits, "seconds", "60 s to 604800 s, a week.");
        let length = said.reason.trim().chars().count();
        checks.require(
            (1..=NOTE_MAX).contains(&length),
            "reason",
            "Say why, for the next shift.",
        );
        checks.finish()?;
        self.deed(site, id, actor, move |engine, draft, deed, alert| {
            if alert.is_closed() {
                let sentence = "This alert is over. There is nothing to shelve.";
                return Err(Error::conflict(sentence));
            }
            let until = deed.cause.now.plus_ms(i64::from(said.seconds) * 1_000);
            let details = json!({ "until": until, "reason": said.reason });
            deed.audit("alert.shelve", alert, details)?;
            let cause = Cause {
                note: Some(said.reason.clone()),
                ..deed.cause.clone()
            };
            let word = ("shelved", Some(What::Shelved));
            engine.book.act(
                draft,
                &alert.condition,
                Event::Shelve,
                word,
                &cause,
                |alert| {
                    alert.shelved_until = Some(until);
                    alert.shelved_by.clone_from(&cause.by);
                    alert.shelve_reason = Some(said.reason);
                },
            )
        })
        .await
    }

    /// Takes an alert off the shelf; once more changes nothing.
    ///
    /// # Errors
    /// When there is no such alert; a disk that refuses.
    pub async fn unshelve(&self, site: &str, id: AlertId, actor: Actor) -> Result<Alert> {
        self.deed(site, id, actor, move |engine, draft, deed, alert| {
            if alert.state != AlertState::Shelved {
                return Ok(());
            }
            deed.audit("alert.unshelve", alert, json!({}))?;
            engine.book.unshelve(draft, &alert.condition, &deed.cause);
            Ok(())
        })
        .await
    }

    /// Adds a comment to the history.
    ///
    /// # Errors
    /// An empty comment; no such alert; a disk that refuses.
    pub async fn comment(
        &self,
        site: &str,
        id: AlertId,
        text: String,
        actor: Actor,
    ) -> Result<Alert> {
        check_note("text", Some(&text))?;
        if text.trim().is_empty() {
            return Err(Error::invalid("text", "Write something."));
        }
        self.deed(site, id, actor, move |engine, draft, deed, alert| {
            deed.audit("alert.comment", alert, json!({ "text": text }))?;
            let comment = Transition {
                at: deed.cause.now,
                what: "comment".to_owned(),
                from: alert.state,
                to: alert.state,
                by: deed.cause.by.clone(),
                note: Some(text),
                value: None,
            };
            engine.book.comment(draft, alert, comment);
            Ok(())
        })
        .await
    }
}

fn cause_of(actor: &Actor, now: Timestamp) -> Cause {
    Cause {
        by: Some(actor.name.clone()),
        ..Cause::of(now, now)
    }
}

/// Notes who knows; the first one stays.
fn know(alert: &mut Alert, cause: &Cause) {
    if !alert.acknowledged {
        alert.acknowledged = true;
        alert.acknowledged_by.clone_from(&cause.by);
        alert.acknowledged_at = Some(cause.now);
        alert.notes.clone_from(&cause.note);
    }
}

fn acknowledge(
    engine: &mut Engine,
    draft: &mut Draft,
    deed: &Deed<'_>,
    alert: &Alert,
    said: &Acknowledgement,
) -> Result<()> {
    if alert.acknowledged {
        return Ok(());
    }
    if said.revision.is_some_and(|seen| seen != alert.revision) {
        let sentence = "This alert has changed since you saw it. Look at it again.";
        let details = json!({ "revision": alert.revision });
        return Err(Error::conflict(sentence).with_details(details));
    }
    if alert.state == AlertState::Suppressed && alert.parent.is_none() {
        let sentence = "This alert is suppressed by design. End that first.";
        return Err(Error::conflict(sentence));
    }
    deed.audit("alert.acknowledge", alert, json!({ "notes": said.notes }))?;
    let cause = Cause {
        note: said.notes.clone(),
        ..deed.cause.clone()
    };
    let word = ("acknowledged", Some(What::Acknowledged));
    if engine.book.by_id(alert.id).is_none() {
        engine.book.know_closed(draft, alert, &cause);
        return Ok(());
    }
    let known = |alert: &mut Alert| know(alert, &cause);
    let event = Event::Acknowledge;
    engine
        .book
        .act(draft, &alert.condition, event, word, &cause, known)
}
