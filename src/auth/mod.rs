//! Identity: users, roles, passwords, sessions and tokens.
//!
//! Promises: no default account; a token is worth nothing once its session has ended; the data
//! file holds only hashes of secrets (and the signing key); every sign-in, refusal and change is
//! in the audit log. Will not do: know routes or cookies.

pub mod access;
mod account;
pub mod api_token;
mod arrangement;
mod asker;
mod carried;
mod credentials;
mod guard;
mod guessed;
mod keyring;
mod kiosk;
mod link;
mod login;
mod mails;
mod networks;
mod pairing;
mod password;
mod places;
mod reach;
mod refresh;
mod second_step;
mod session;
mod sessions;
mod setup;
mod step_up;
mod ticket;
pub mod token;
mod two_factor;
mod user;

pub use access::{Permission, Role};
pub use account::{Account, AccountChange, AccountState};
pub use api_token::{ApiToken, ApiTokens, MadeApiToken, NewApiToken, Scope};
pub use arrangement::{Arrangement, WallNight, WallPage};
pub use asker::Asker;
pub use carried::{CarriedUser, carried_users, take_users_over};
pub use credentials::{Handed, Invitation};
pub use kiosk::{KIOSK_COOKIE_S, KioskApproval, KioskChange, KioskState, KioskView};
pub use link::{Purpose, ResetCode};
pub use login::{Device, Login, SignedIn};
pub use pairing::NewPairing;
pub use places::KeyPlace;
pub use reach::{Every, Reach};
pub use second_step::{CHALLENGE_LIFETIME_S, FirstStep};
pub use session::SessionView;
pub use setup::SetupToken;
pub use step_up::Proof;
pub use ticket::{TICKET_LIFETIME_S, Tickets};
pub use user::{NewUser, User, UserRecord, is_email};

use crate::base::{Clock, Error, ErrorKind, KioskId, Result, SessionId, UserId};
use crate::live::{Change, Live};
use crate::notify::Notify;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction};
use guard::Guard;
use keyring::Keyring;
use kiosk::{KIOSKS, Kiosk};
use pairing::Pairing;
use password::Passwords;
use second_step::Challenges;
use session::Session;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};

const USERS: Table<UserRecord> = Table::new("user", 1);
const SESSIONS: Table<Session> = Table::new("session", 1);

/// Who is asking: a user in a live session.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: User,
    /// His session.
    pub session: SessionId,
    /// His address.
    pub address: Option<String>,
    /// Whether he has shown who he is in the last five minutes.
    pub proven: bool,
}

impl Caller {
    /// The caller as the audit log names him.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            user: Some(self.user.id),
            name: self.user.email.clone(),
            address: self.address.clone(),
        }
    }

    /// Nothing when this route wants no proof of who he is, or he has given one of late. Who may
    /// not do it at all is not asked for one.
    ///
    /// # Errors
    /// [`ErrorKind::ProofWanted`] when he has not.
    pub fn prove(&self, method: &str, route: &str) -> Result<()> {
        let may = |permission: Option<Permission>| {
            permission.is_none_or(|permission| self.user.role_key.may(permission))
        };
        match access::wants_proof(method, route) {
            Some(permission) if !self.proven && may(permission) => {
                let sentence = "Show who you are first: send your password, or a code of your \
                                second factor, to /api/auth/step-up and try again.";
                Err(Error::new(ErrorKind::ProofWanted, sentence))
            }
            _ => Ok(()),
        }
    }

    /// Nothing when this route changes nothing of the whole appliance, or he reaches all of it. What
    /// he may not do at any site the route itself says.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] when he reaches some sites only.
    pub fn reach_all(&self, method: &str, route: &str) -> Result<()> {
        match access::changes_all(method, route) {
            Some(permission)
                if self.user.role_key.may(permission) && !self.user.sites.covers(&Reach::ALL) =>
            {
                let sentence = "This is about the whole appliance: only who reaches all sites may \
                                change it.";
                Err(Error::new(ErrorKind::Forbidden, sentence))
            }
            _ => Ok(()),
        }
    }

    /// Nothing when the caller may do this.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] when he may not.
    pub fn require(&self, permission: Permission) -> Result<()> {
        self.user.role_key.require(permission)
    }
}

/// Identity, as one service.
pub struct Auth {
    store: Store,
    clock: Arc<dyn Clock>,
    live: Arc<Live>,
    keys: Keyring,
    passwords: Passwords,
    /// Read at every request, so it is in memory; the store is the truth.
    known: RwLock<Known>,
    /// One change at a time, so that memory and store agree.
    changing: tokio::sync::Mutex<()>,
    /// Wrong passwords of late; a restart forgets them, which nobody outside can make.
    guard: Mutex<Guard>,
    challenges: Mutex<Challenges>,
    /// Screens that wait to be let in, oldest first; a restart lets them show new codes.
    pairings: Mutex<Vec<Pairing>>,
    /// Where mails about accounts are put; it is opened after the accounts.
    /// Weak, because it knows the accounts: a circle would keep the data directory after a stop.
    mailer: OnceLock<Weak<Notify>>,
    /// The one-time token of the first run.
    pub setup: SetupToken,
    /// One-time tickets of sockets.
    pub tickets: Tickets,
}

#[derive(Debug, Default)]
struct Known {
    users: BTreeMap<UserId, UserRecord>,
    sessions: BTreeMap<SessionId, Session>,
    kiosks: BTreeMap<KioskId, Kiosk>,
}

impl Auth {
    /// Reads users and sessions; makes the signing key of a new appliance.
    ///
    /// # Errors
    /// When the data file cannot be read or written.
    pub async fn open(store: &Store, clock: Arc<dyn Clock>, live: Arc<Live>) -> Result<Self> {
        let known = {
            let reader = store.read()?;
            let users = USERS
                .all(&reader)?
                .into_iter()
                .map(|user| (user.id, user))
                .collect();
            let sessions = SESSIONS
                .all(&reader)?
                .into_iter()
                .map(|s| (s.id, s))
                .collect();
            let kiosks = KIOSKS.all(&reader)?.into_iter();
            let kiosks = kiosks.map(|kiosk| (kiosk.shown.id, kiosk)).collect();
            Known {
                users,
                sessions,
                kiosks,
            }
        };
        let now = clock.now();
        Ok(Self {
            store: store.clone(),
            mailer: OnceLock::new(),
            setup: SetupToken::new(now)?,
            keys: Keyring::open(store, now).await?,
            tickets: Tickets::new(Arc::clone(&clock)),
            clock,
            live,
            passwords: Passwords::default(),
            known: RwLock::new(known),
            changing: tokio::sync::Mutex::new(()),
            guard: Mutex::default(),
            challenges: Mutex::default(),
            pairings: Mutex::default(),
        })
    }

    /// Whether an administrator exists: before that only set-up is open.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        !self.read().users.is_empty()
    }

    /// Who shows this access token.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when it is not ours, too old, or its session has ended.
    pub fn authenticate(&self, token: &str, address: Option<String>) -> Result<Caller> {
        let claims = self.keys.check(token, self.clock.now())?;
        self.caller_of(claims.sid, address)
    }

    /// The caller behind a live session.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when it has ended.
    pub fn caller_of(&self, session: SessionId, address: Option<String>) -> Result<Caller> {
        let now = self.clock.now();
        let known = self.read();
        let Some(held) = known.sessions.get(&session) else {
            drop(known);
            return self.kiosk_behind(session, address);
        };
        let held = Some(held).filter(|session| !session.is_over(now));
        let held = held.ok_or_else(unauthenticated)?;
        let user = known.users.get(&held.user).filter(|user| user.active);
        Ok(Caller {
            user: user.ok_or_else(unauthenticated)?.public(),
            session,
            address,
            proven: held.is_proven(now),
        })
    }

    /// Ends a session; its tokens and sockets die with it.
    ///
    /// # Errors
    /// When the disk refuses; then the session goes on.
    pub async fn logout(&self, caller: &Caller) -> Result<()> {
        let _turn = self.changing.lock().await;
        let (session, actor, now) = (caller.session, caller.actor(), self.clock.now());
        let reach = caller.user.sites.clone();
        self.store
            .write(move |transaction| {
                SESSIONS.remove(transaction, session.as_bytes())?;
                let resource = format!("session/{session}");
                let nothing = serde_json::json!({});
                let object = audit::about(&resource).of_all(reach.named());
                audit::append(transaction, now, &actor, "auth.logout", object, nothing)
            })
            .await?;
        self.forget_session(session);
        Ok(())
    }

    /// All users, by the time they were added.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.read().users.values().map(UserRecord::public).collect()
    }

    /// Adds a user. `also` runs in the same transaction: set-up makes the site in it.
    ///
    /// # Errors
    /// Every refused field; a login name that is taken; a disk that refuses.
    pub async fn add_user<F>(
        &self,
        new: NewUser,
        role: Role,
        site: &str,
        actor: Actor,
        also: F,
    ) -> Result<User>
    where
        F: FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    {
        new.check()?;
        let hash = self.passwords.hash(new.password.clone()).await?;
        let _turn = self.changing.lock().await;
        let record = UserRecord {
            id: UserId::new(),
            email: new.email.trim().to_lowercase(),
            username: new.username.map(|name| name.to_lowercase()),
            name: new.name.trim().to_owned(),
            role,
            site: site.to_owned(),
            sites: None,
            password: hash,
            previous_passwords: Vec::new(),
            active: true,
            created_at: self.clock.now(),
            last_login: None,
            phone: None,
            language: None,
            devices: Vec::new(),
            two_factor: None,
        };
        self.refuse_taken_names(&record)?;
        let stored = record.clone();
        self.store
            .write(move |transaction| {
                USERS.put(transaction, stored.id.as_bytes(), &stored)?;
                let resource = format!("user/{}", stored.id);
                let details = serde_json::json!({ "email": stored.email, "role": stored.role });
                let at = stored.created_at;
                let object = audit::about(&resource).of_all(stored.reach().named());
                audit::append(transaction, at, &actor, "user.create", object, details)?;
                also(transaction)
            })
            .await?;
        let public = record.public();
        self.write().users.insert(record.id, record);
        Ok(public)
    }

    fn refuse_taken_names(&self, new: &UserRecord) -> Result<()> {
        let known = self.read();
        let taken = |name: &str| known.users.values().any(|user| user.answers_to(name));
        if taken(&new.email) {
            return Err(Error::conflict(format!("{} is already a user.", new.email)));
        }
        match &new.username {
            Some(name) if taken(name) => {
                Err(Error::conflict(format!("The user name {name} is taken.")))
            }
            _ => Ok(()),
        }
    }

    /// Passwords that were hashed so far: how much work the answers took.
    #[must_use]
    pub fn passwords_hashed(&self) -> u64 {
        self.passwords.worked()
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn challenges(&self) -> MutexGuard<'_, Challenges> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn pairings(&self) -> MutexGuard<'_, Vec<Pairing>> {
        self.pairings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_session(&self, session: SessionId) {
        self.write().sessions.remove(&session);
        self.live.tell(Change::SessionEnded(session));
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

fn unauthenticated() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "Sign in first: the session is over.",
    )
}
