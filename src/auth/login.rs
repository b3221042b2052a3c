//! Signing in and staying signed in.

use super::guard::Door;
use super::password::Asks;
use super::second_step::{FirstStep, use_code};
use super::session::{Session, Stay};
use super::step_up::closed;
use super::token::LIFETIME_S;
use super::two_factor::Used;
use super::{Auth, Reach, Role, SESSIONS, USERS, User, UserRecord};
use crate::base::secret::{random_token, token_hash};
use crate::base::{Error, ErrorKind, Result, SessionId, Timestamp, UserId};
use crate::store::audit::{self, Actor};
use std::net::IpAddr;

/// Sessions of one user; a new one beyond this ends his oldest.
const SESSIONS_PER_USER: usize = 20;

/// What a person types.
#[derive(Clone)]
pub struct Login {
    /// E-mail address or user name.
    pub login: String,
    /// Password.
    pub password: String,
    /// Whether the session lives for thirty days.
    pub remember: bool,
    /// From where.
    pub address: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: Option<String>,
    /// What the cookie of the browser holds by which it is known; nothing for a program.
    pub device: Device,
}

/// By what a browser is known again.
#[derive(Clone, Debug, Default)]
pub enum Device {
    /// It keeps no cookies.
    #[default]
    None,
    /// It can be given a cookie, and has none.
    New,
    /// What its cookie holds.
    Known(String),
}

impl Device {
    /// In which line it waits for its password to be looked at.
    const fn asks(&self) -> Asks {
        match self {
            Self::Known(_) => Asks::Known,
            Self::None | Self::New => Asks::Stranger,
        }
    }
}

/// What he gets.
#[derive(Clone)]
pub struct SignedIn {
    /// Access token.
    pub token: String,
    /// Its life, s.
    pub expires_in: i64,
    /// Refresh token.
    pub refresh_token: String,
    /// How long the refresh token lives without use, s.
    pub refresh_expires_in: i64,
    /// Who he is.
    pub user: User,
    /// His session.
    pub session: SessionId,
    /// What the browser is to keep in its cookie, to be known again.
    pub device: Option<String>,
}

impl Auth {
    /// Signs a user in.
    ///
    /// # Errors
    /// `Invalid email or password` for every reason that a guesser could learn from, an account
    /// that is closed after too many wrong passwords among them.
    pub async fn login(&self, mut attempt: Login) -> Result<FirstStep> {
        if let Device::Known(secret) = &attempt.device
            && !self.is_device(&token_hash(secret))
        {
            // Only what was made here counts: nobody plants a cookie whose content he knows.
            attempt.device = Device::New;
        }
        let found = {
            let known = self.read();
            known
                .users
                .values()
                .find(|user| user.answers_to(&attempt.login))
                .cloned()
        };
        let hash = found.as_ref().map(|user| user.password.clone());
        let hash = hash.filter(|hash| !hash.is_empty());
        // The same work at a closed door: how long the answer takes tells nothing either.
        let right = self
            .passwords
            .verify(attempt.device.asks(), attempt.password.clone(), hash)
            .await?;
        let now = self.clock.now();
        let door = found.as_ref().map(|user| door_of(user, &attempt.device));
        let open = door
            .as_ref()
            .is_none_or(|door| self.guard().closed_until(door, now).is_none());
        if let Some(user) = found.filter(|u| right && open && u.active) {
            return self.pass(&user, attempt).await;
        }
        let closed = door.is_some_and(|door| self.guard().failed(door, now));
        let action = match (open, closed) {
            (false, _) => "auth.login_refused_locked",
            (true, true) => "auth.account_locked",
            (true, false) => "auth.login_failed",
        };
        self.note_refusal(&attempt, action).await?;
        Err(refused())
    }

    /// Whether anybody signed in from this browser before.
    #[must_use]
    pub fn is_device(&self, hash: &[u8; 32]) -> bool {
        let known = self.read();
        known.users.values().any(|user| user.knows_device(hash))
    }

    /// Begins a session of a user whose password was held against the hash `verified`, and whose
    /// second factor takes this code. Only now are wrong attempts forgotten: a right password
    /// before a wrong code proves nothing.
    pub(super) async fn begin_session(
        &self,
        id: UserId,
        verified: &str,
        attempt: &Login,
        code: Option<&str>,
    ) -> Result<SignedIn, NotIn> {
        let now = self.clock.now();
        let _turn = self.changing.lock().await;
        // As it is now: another request may have changed it while the password was hashed.
        let mut user = self.record(id)?;
        if !user.active || user.password != verified {
            return Err(refused().into());
        }
        self.renew_keys(now).await?;
        let door = door_of(&user, &attempt.device);
        let used = match code {
            Some(code) => Some(self.try_code(&mut user, code, &door)?),
            None => None,
        };
        let address = attempt.address.map(|address| address.to_string());
        let agent = attempt.agent.as_deref().map(plain_agent);
        let (session, refresh_token) = Session::begin(
            user.id,
            stay_of(&user, attempt),
            address.clone(),
            agent,
            now,
        )?;
        user.last_login = Some(now);
        let (device, is_new_device) = meet(&mut user, &attempt.device, now)?;
        let ended = self.surplus_sessions(&user, now);
        let (record, stored, gone) = (user.clone(), session.clone(), ended.clone());
        self.store
            .write(move |transaction| {
                USERS.put(transaction, record.id.as_bytes(), &record)?;
                SESSIONS.put(transaction, stored.id.as_bytes(), &stored)?;
                for old in &gone {
                    SESSIONS.remove(transaction, old.as_bytes())?;
                }
                let actor = Actor {
                    user: Some(record.id),
                    name: record.email.clone(),
                    address,
                };
                let resource = format!("session/{}", stored.id);
                let details = serde_json::json!({ "remember": stored.remember,
                    "new_device": is_new_device, "agent": stored.agent,
                    "second_factor": used.map(|used| format!("{used:?}")) });
                let object = audit::about(&resource).of_all(record.reach().named());
                audit::append(transaction, now, &actor, "auth.login", object, details)
            })
            .await?;
        let mut answer = self.signed_in(&user, &session, refresh_token)?;
        answer.device = device;
        {
            let mut known = self.write();
            known.users.insert(user.id, user);
            known.sessions.insert(session.id, session);
        }
        ended.into_iter().for_each(|old| self.forget_session(old));
        self.guard().passed(&door);
        Ok(answer)
    }

    /// Uses the code of a second step, and counts a wrong one. The turn is taken: a hundred tries
    /// at once are five.
    fn try_code(&self, user: &mut UserRecord, code: &str, door: &Door) -> Result<Used, NotIn> {
        let now = self.clock.now();
        let until = self.guard().closed_until(door, now);
        if let Some(until) = until {
            return Err(NotIn {
                error: closed(until, now),
                action: "auth.second_step_refused_locked",
            });
        }
        use_code(user, code, now).map_err(|error| {
            let action = if self.guard().failed(*door, now) {
                "auth.account_locked"
            } else {
                "auth.second_step_failed"
            };
            NotIn { error, action }
        })
    }

    /// His sessions that are over, and his oldest beyond the limit.
    fn surplus_sessions(&self, user: &UserRecord, now: Timestamp) -> Vec<SessionId> {
        let known = self.read();
        let mut his: Vec<_> = known
            .sessions
            .values()
            .filter(|s| s.user == user.id)
            .collect();
        his.sort_by_key(|session| std::cmp::Reverse(session.last_used_at));
        his.iter()
            .enumerate()
            .filter(|(place, session)| *place + 1 >= SESSIONS_PER_USER || session.is_over(now))
            .map(|(_, session)| session.id)
            .collect()
    }

    pub(super) async fn note_refusal(&self, attempt: &Login, action: &'static str) -> Result<()> {
        let now = self.clock.now();
        let name: String = attempt
            .login
            .chars()
            .filter(|c| !c.is_control())
            .take(254)
            .collect();
        let address = attempt.address.map(|address| address.to_string());
        let meant = {
            let known = self.read();
            let mut users = known.users.values();
            users
                .find(|user| user.answers_to(&attempt.login))
                .map(UserRecord::reach)
        };
        self.store
            .write(move |transaction| {
                let actor = Actor {
                    user: None,
                    name,
                    address,
                };
                let nothing = serde_json::json!({});
                let sites = meant.iter().flat_map(Reach::named);
                let object = audit::about("session").of_all(sites);
                audit::append(transaction, now, &actor, action, object, nothing)
            })
            .await
    }

    pub(super) fn signed_in(
        &self,
        user: &UserRecord,
        session: &Session,
        refresh_token: String,
    ) -> Result<SignedIn> {
        let now = self.clock.now();
        Ok(SignedIn {
            token: self
                .keys
                .sign(user.id, session.id, user.role, &user.site, now)?,
            expires_in: LIFETIME_S,
            refresh_token,
            refresh_expires_in: session.left_ms(now) / 1_000,
            user: user.public(),
            session: session.id,
            device: None,
        })
    }
}

/// Why somebody is not in, and what the log calls it.
pub(super) struct NotIn {
    pub(super) error: Error,
    pub(super) action: &'static str,
}

impl From<Error> for NotIn {
    fn from(error: Error) -> Self {
        Self {
            error,
            action: "auth.second_step_failed",
        }
    }
}

/// How long his session lives.
fn stay_of(user: &UserRecord, attempt: &Login) -> Stay {
    match (user.role, attempt.remember) {
        // The console stays, the shift changes.
        (Role::Operator, _) => Stay::Shift,
        (_, true) => Stay::Remembered,
        (_, false) => Stay::Week,
    }
}

/// One sentence for every reason that a guesser could learn from.
fn refused() -> Error {
    Error::new(ErrorKind::Unauthenticated, "Invalid email or password")
}

/// Longest name of a browser that is kept.
const AGENT_MAX: usize = 200;

/// What a browser calls itself, cut to what a list can show.
fn plain_agent(agent: &str) -> String {
    let plain = agent.chars().filter(|c| !c.is_control());
    plain.take(AGENT_MAX).collect()
}

/// The door at which an attempt stands.
fn door_of(user: &UserRecord, device: &Device) -> Door {
    let hash = match device {
        Device::Known(secret) => Some(token_hash(secret)),
        Device::None | Device::New => None,
    };
    (user.id, hash.filter(|hash| user.knows_device(hash)))
}

/// Notes the browser of a sign-in with the user: what its cookie is to hold, and whether he never
/// used it before.
fn meet(user: &mut UserRecord, device: &Device, now: Timestamp) -> Result<(Option<String>, bool)> {
    let secret = match device {
        Device::None => return Ok((None, false)),
        // Several people may use one browser: it keeps its cookie.
        Device::Known(secret) => secret.clone(),
        Device::New => random_token()?,
    };
    let hash = token_hash(&secret);
    let is_new = !user.knows_device(&hash);
    user.meet_device(hash, now);
    Ok((Some(secret), is_new))
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
