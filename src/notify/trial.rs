//! A try of an outlet: it really sends, once, and says what the server said.

use super::language::Language;
use super::letter::LetterState;
use super::outbox;
use super::outlet::OutletKind;
use super::service::Notify;
use super::settings::{is_mail, is_phone};
use super::text;
use crate::base::{Error, LetterId, Result};
use crate::store::audit::{self, Actor};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Where a try goes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OutletTest)]
pub struct Trial {
    /// The e-mail address or telephone number; none for an outlet that leads to one place.
    pub to: Option<String>,
    /// In which language.
    pub language: Option<Language>,
}

/// What came of a try.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OutletTried)]
pub struct Tried {
    /// Whether a server took it.
    pub sent: bool,
    /// What the server said, or why none was reached.
    pub said: String,
    /// How long it took, ms.
    pub took_ms: u64,
    /// The letter, as it is in the log.
    pub letter_id: LetterId,
}

impl Notify {
    /// Really sends something out of an outlet, at once and once.
    ///
    /// # Errors
    /// When it is not set, or the address is none; what the server said is no error.
    pub async fn try_out(&self, kind: OutletKind, trial: Trial, actor: Actor) -> Result<Tried> {
        let known = self.known();
        if !known.outlets.contains_key(&kind) {
            return Err(Error::conflict("Set the outlet first, then try it."));
        }
        let to = place(kind, trial.to)?;
        let site = self
            .sites
            .first()
            .map_or_else(String::new, |site| site.name);
        let language = trial.language.unwrap_or(known.general.language);
        let text = text::trial(language, &site);
        let mut letter = self.blank(kind, language);
        letter.to = to;
        letter.subject = text.subject;
        letter.text = if kind.writes_mail() {
            text.body
        } else {
            text.short
        };
        // It is noted when it is over: nobody else tries it meanwhile.
        letter.next_try = None;
        let (outcome, took_ms) = self.carry(&letter, true).await;
        let now = self.clock.now();
        let said = outcome.said().to_owned();
        let mut done = letter.after(&outcome, now, took_ms);
        if done.state != LetterState::Sent {
            // A person sees what came of it and tries again himself.
            (done.state, done.next_try) = (LetterState::Failed, None);
        }
        let tried = Tried {
            sent: done.state == LetterState::Sent,
            said,
            took_ms,
            letter_id: done.id,
        };
        let details = json!({ "to": done.to, "sent": tried.sent });
        self.store
            .write(move |transaction| {
                outbox::put(transaction, &done)?;
                if done.state == LetterState::Sent {
                    outbox::hasten(transaction, kind, now)?;
                }
                let resource = format!("notifications/{}", kind.key());
                let action = "notifications.test";
                audit::append(transaction, now, &actor, action, &resource, details)
            })
            .await?;
        self.wake();
        Ok(tried)
    }
}

/// Where a try goes.
fn place(kind: OutletKind, to: Option<String>) -> Result<String> {
    let to = to.map(|to| to.trim().to_owned()).unwrap_or_default();
    let (good, sentence) = if kind.leads_to_one() {
        (
            to.is_empty(),
            "This outlet leads to one place: name nobody.",
        )
    } else if kind.calls_phone() {
        (is_phone(&to), "A telephone number such as +21650000000.")
    } else {
        (is_mail(&to), "An address such as name@plant.example.")
    };
    if good {
        Ok(to)
    } else {
        Err(Error::invalid("to", sentence))
    }
}
