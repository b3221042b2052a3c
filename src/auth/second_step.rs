//! The second step of a sign-in, and how a user gets and loses the second factor.

use super::account::{Account, Step};
use super::login::{Login, SignedIn};
use super::two_factor::{TwoFactor, Used};
use super::{Auth, Caller, UserRecord};
use crate::base::secret::random_token;
use crate::base::{Error, ErrorKind, Result, Timestamp, UserId};
use crate::store::audit::Actor;
use serde_json::json;
use std::collections::HashMap;

/// How long a second step waits, s.
pub const CHALLENGE_LIFETIME_S: i64 = 300;
/// Second steps that may wait at once; a flood of them drops the oldest.
const CHALLENGES_MAX: usize = 1_000;
/// Wrong codes before the first step has to be taken again.
const TRIES_MAX: u32 = 5;

/// The first steps that wait for their second one.
#[derive(Default)]
pub(super) struct Challenges {
    waiting: HashMap<String, Challenge>,
}

/// A right password that waits for its code.
#[derive(Clone)]
pub(super) struct Challenge {
    pub(super) user: UserId,
    /// The hash that the password was held against: a changed password ends the wait.
    pub(super) verified: String,
    pub(super) attempt: Login,
    until: Timestamp,
    tries: u32,
}

/// What a first step leads to.
pub enum FirstStep {
    /// He is in.
    In(Box<SignedIn>),
    /// A code is wanted; this names the step.
    CodeWanted(String),
}

impl Challenges {
    /// Waits for the second step of this user.
    fn issue(&mut self, user: &UserRecord, mut attempt: Login, now: Timestamp) -> Result<String> {
        let name = random_token()?;
        self.waiting.retain(|_, challenge| challenge.until > now);
        if self.waiting.len() >= CHALLENGES_MAX {
            let oldest = self.waiting.iter().min_by_key(|(_, c)| c.until);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.waiting.remove(&oldest);
            }
        }
        // The password has done its work.
        attempt.password = String::new();
        let challenge = Challenge {
            user: user.id,
            verified: user.password.clone(),
            attempt,
            until: now.plus_ms(CHALLENGE_LIFETIME_S * 1_000),
            tries: 0,
        };
        self.waiting.insert(name.clone(), challenge);
        Ok(name)
    }

    /// The step of this name, with one more try counted.
    fn try_once(&mut self, name: &str, now: Timestamp) -> Option<Challenge> {
        let challenge = self.waiting.get_mut(name)?;
        challenge.tries += 1;
        if challenge.until <= now || challenge.tries > TRIES_MAX {
            self.waiting.remove(name);
            return None;
        }
        Some(challenge.clone())
    }
}

impl Auth {
    /// What a right password of this user leads to.
    pub(super) async fn pass(&self, user: &UserRecord, attempt: Login) -> Result<FirstStep> {
        let wants_code = user
            .two_factor
            .as_ref()
            .is_some_and(TwoFactor::is_confirmed);
        if wants_code {
            let now = self.clock.now();
            let name = self.challenges().issue(user, attempt, now)?;
            return Ok(FirstStep::CodeWanted(name));
        }
        let verified = user.password.clone();
        let signed_in = self
            .begin_session(user.id, &verified, &attempt, None)
            .await
            .map_err(|not_in| not_in.error)?;
        Ok(FirstStep::In(Box::new(signed_in)))
    }

    /// The second step of a sign-in: a code of the app, or a recovery code.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when the step is unknown or too old, or the code does not
    /// fit or was used; [`ErrorKind::RateLimited`] after too many wrong codes.
    pub async fn second_step(
        &self,
        name: &str,
        code: &str,
        address: Option<std::net::IpAddr>,
    ) -> Result<SignedIn> {
        let now = self.clock.now();
        let challenge = self.challenges().try_once(name, now).ok_or_else(|| {
            let sentence = "This sign-in took too long or too many codes. Begin again.";
            Error::new(ErrorKind::Unauthenticated, sentence)
        })?;
        let attempt = Login {
            address,
            ..challenge.attempt.clone()
        };
        let begun = self
            .begin_session(challenge.user, &challenge.verified, &attempt, Some(code))
            .await;
        match begun {
            Ok(signed_in) => {
                self.challenges().waiting.remove(name);
                Ok(signed_in)
            }
            Err(not_in) => {
                self.note_refusal(&attempt, not_in.action).await?;
                Err(not_in.error)
            }
        }
    }

    /// A new second factor of the caller, to be confirmed by its first code: its secret and the
    /// address for the QR code.
    ///
    /// # Errors
    /// A wrong password; a factor that is in use already.
    pub async fn set_up_two_factor(
        &self,
        caller: &Caller,
        password: String,
    ) -> Result<(String, String)> {
        self.require_password(caller, "password", password).await?;
        let factor = TwoFactor::new()?;
        let shown = (factor.secret(), factor.address(&caller.user.email));
        let _turn = self.changing.lock().await;
        let mut record = self.record(caller.user.id)?;
        if record
            .two_factor
            .as_ref()
            .is_some_and(TwoFactor::is_confirmed)
        {
            let sentence = "Your second factor is in use. Switch it off first.";
            return Err(Error::conflict(sentence));
        }
        record.two_factor = Some(factor);
        self.commit_factor(record, "user.two_factor_begin", caller.actor())
            .await?;
        Ok(shown)
    }

    /// Confirms the caller's new second factor; the recovery codes, which are shown once.
    ///
    /// # Errors
    /// When there is nothing to confirm, or the code does not fit.
    pub async fn confirm_two_factor(&self, caller: &Caller, code: &str) -> Result<Vec<String>> {
        let _turn = self.changing.lock().await;
        let mut record = self.record(caller.user.id)?;
        let waiting = record.two_factor.as_mut().filter(|f| !f.is_confirmed());
        let Some(factor) = waiting else {
            let sentence = "There is no second factor to confirm. Set one up first.";
            return Err(Error::conflict(sentence));
        };
        let Some(codes) = factor.confirm(code, self.clock.now())? else {
            let sentence = "This code does not fit. Check the clock of the telephone, and take \
                            the code that it shows now.";
            return Err(Error::invalid("code", sentence));
        };
        self.commit_factor(record, "user.two_factor_on", caller.actor())
            .await?;
        Ok(codes)
    }

    /// New recovery codes for the caller; those from before are worth nothing any more.
    ///
    /// # Errors
    /// When he has no second factor in use.
    pub async fn renew_recovery_codes(&self, caller: &Caller) -> Result<Vec<String>> {
        let _turn = self.changing.lock().await;
        let mut record = self.record(caller.user.id)?;
        let factor = record.two_factor.as_mut().filter(|f| f.is_confirmed());
        let factor = factor.ok_or_else(|| {
            Error::conflict("You have no second factor in use. Set one up first.")
        })?;
        let codes = factor.renew_recovery()?;
        self.commit_factor(record, "user.recovery_codes_renewed", caller.actor())
            .await?;
        Ok(codes)
    }

    /// Switches the caller's second factor off.
    ///
    /// # Errors
    /// A wrong password.
    pub async fn switch_off_two_factor(
        &self,
        caller: &Caller,
        password: String,
    ) -> Result<Account> {
        let id = caller.user.id;
        self.require_password(caller, "password", password).await?;
        self.take_two_factor_away(id, caller.actor()).await
    }

    /// Takes the second factor away from a user who lost telephone and recovery codes.
    ///
    /// # Errors
    /// When there is no such user.
    pub async fn take_two_factor_away(&self, id: UserId, actor: Actor) -> Result<Account> {
        let _turn = self.changing.lock().await;
        let mut record = self.record(id)?;
        record.two_factor = None;
        self.commit_factor(record, "user.two_factor_off", actor)
            .await
    }

    async fn commit_factor(
        &self,
        record: UserRecord,
        action: &'static str,
        actor: Actor,
    ) -> Result<Account> {
        let step = Step {
            record,
            ended: Vec::new(),
            action,
            details: json!({}),
        };
        self.commit(step, actor, |_| Ok(())).await
    }
}

/// Uses the code of a second step up in a record that is about to be stored.
pub(super) fn use_code(user: &mut UserRecord, code: &str, now: Timestamp) -> Result<Used> {
    let used = user.two_factor.as_mut().and_then(|f| f.take(code, now));
    used.ok_or_else(|| {
        let sentence = "This code does not fit or was used. Wait for the next one and try again.";
        Error::new(ErrorKind::Unauthenticated, sentence)
    })
}
