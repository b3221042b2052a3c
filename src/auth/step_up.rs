//! Step-up: before a dangerous action, who sits at the screen shows once more who he is.

use super::password::Asks;
use super::second_step::use_code;
use super::session::PROOF_MS;
use super::{Auth, Caller, SESSIONS, USERS};
use crate::base::secret::token_hash;
use crate::base::{Error, ErrorKind, Result, Timestamp};
use crate::store::audit;

/// By what a person shows who he is.
#[derive(Clone)]
pub enum Proof {
    /// His password.
    Password(String),
    /// A code of his second factor.
    Code(String),
}

impl Auth {
    /// Takes a proof of the caller: his session may do what is dangerous for five minutes. The
    /// end of that time.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when it does not fit; [`ErrorKind::RateLimited`] after five that did
    /// not.
    pub async fn step_up(&self, caller: &Caller, proof: Proof) -> Result<Timestamp> {
        let by = match &proof {
            Proof::Password(_) => "password",
            Proof::Code(_) => "code",
        };
        let code = match proof {
            Proof::Password(password) => {
                self.require_password(caller, "password", password).await?;
                None
            }
            Proof::Code(code) => Some(code),
        };
        let now = self.clock.now();
        let turn = self.changing.lock().await;
        let mut user = self.record(caller.user.id)?;
        if let Some(code) = code {
            self.refuse_closed(caller)?;
            if use_code(&mut user, &code, now).is_err() {
                drop(turn);
                self.note_wrong_proof(caller, "auth.code_refused").await?;
                let sentence = "This code does not fit or was used. Take the next one.";
                return Err(Error::invalid("code", sentence));
            }
        }
        let known = self.read().sessions.get(&caller.session).cloned();
        let mut session = known.ok_or_else(super::unauthenticated)?;
        session.prove(now);
        let (record, stored, actor) = (user.clone(), session.clone(), caller.actor());
        self.store
            .write(move |transaction| {
                USERS.put(transaction, record.id.as_bytes(), &record)?;
                SESSIONS.put(transaction, stored.id.as_bytes(), &stored)?;
                let resource = format!("session/{}", stored.id);
                let details = serde_json::json!({ "by": by });
                let object = audit::about(&resource).of_all(record.reach().named());
                audit::append(transaction, now, &actor, "auth.step_up", object, details)
            })
            .await?;
        {
            let mut known = self.write();
            known.users.insert(user.id, user);
            known.sessions.insert(session.id, session);
        }
        self.guard().passed(&door_of(caller));
        Ok(now.plus_ms(PROOF_MS))
    }

    /// Holds a password against that of the caller. Who finds a screen open may guess five times.
    ///
    /// # Errors
    /// As [`Auth::step_up`].
    pub(super) async fn require_password(
        &self,
        caller: &Caller,
        path: &str,
        password: String,
    ) -> Result<()> {
        self.refuse_closed(caller)?;
        let stored = self.record(caller.user.id)?.password;
        let right = self.passwords.verify(Asks::Known, password, Some(stored));
        let right = right.await?;
        // Looked at again: others may have guessed meanwhile.
        self.refuse_closed(caller)?;
        if right {
            return Ok(());
        }
        self.note_wrong_proof(caller, "auth.password_refused")
            .await?;
        Err(Error::invalid(path, "This is not your password."))
    }

    fn refuse_closed(&self, caller: &Caller) -> Result<()> {
        let now = self.clock.now();
        match self.guard().closed_until(&door_of(caller), now) {
            Some(until) => Err(closed(until, now)),
            None => Ok(()),
        }
    }

    async fn note_wrong_proof(&self, caller: &Caller, wrong: &'static str) -> Result<()> {
        let now = self.clock.now();
        let closes = self.guard().failed(door_of(caller), now);
        let action = if closes { "auth.session_locked" } else { wrong };
        let (actor, resource) = (caller.actor(), format!("session/{}", caller.session));
        let reach = caller.user.sites.clone();
        self.store
            .write(move |transaction| {
                let nothing = serde_json::json!({});
                let object = audit::about(&resource).of_all(reach.named());
                audit::append(transaction, now, &actor, action, object, nothing)
            })
            .await
    }
}

/// The wrong proofs of a session have a count of their own: they close no door to the others.
fn door_of(caller: &Caller) -> super::guard::Door {
    let session = token_hash(&caller.session.to_string());
    (caller.user.id, Some(session))
}

/// Refuses a guesser who knows the password, or sits at an open screen: he learns nothing from it.
pub(super) fn closed(until: Timestamp, now: Timestamp) -> Error {
    let seconds = until.since_ms(now).max(0) / 1_000 + 1;
    let minutes = (seconds + 59) / 60;
    let sentence = format!("Too many wrong attempts. Try again in {minutes} min.");
    let details = serde_json::json!({ "retry_after_s": seconds });
    Error::new(ErrorKind::RateLimited, sentence).with_details(details)
}
