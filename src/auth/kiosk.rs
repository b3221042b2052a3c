//! Kiosks: screens on a wall, let in by a person who reads the code that they show.
//!
//! Promises: a kiosk only looks, at one site; it stays in until it is revoked, also over a restart,
//! and is out at once then; the data file holds no secret of it.

use super::arrangement::Arrangement;
use super::reach::Reach;
use super::{Auth, Caller, Role, SignedIn, User, unauthenticated};
use crate::base::error::Checks;
use crate::base::secret::token_hash;
use crate::base::{Error, ErrorKind, KioskId, Result, SessionId, Timestamp, UserId};
use crate::live::Change;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) const KIOSKS: Table<Kiosk> = Table::new("kiosk", 1);
/// Most kiosks of one appliance.
const KIOSKS_MAX: usize = 50;
/// How finely the last use is told, ms: a write an hour at most.
const SEEN_STEP_MS: i64 = 3_600_000;
/// How long a browser is asked to keep the secret, s: as long as browsers keep a cookie at most.
pub const KIOSK_COOKIE_S: i64 = 400 * 86_400;

/// A kiosk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kiosk {
    /// What is shown of it.
    #[serde(flatten)]
    pub shown: KioskView,
    /// SHA-256 of its secret.
    hash: [u8; 32],
}

/// A kiosk as it is shown: nothing that could be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KioskView {
    /// Its id.
    pub id: KioskId,
    /// What it is called.
    pub name: String,
    /// Key of the site that it shows.
    pub site: String,
    /// From where it asked.
    pub address: Option<String>,
    /// Who let it in.
    pub approved_by: String,
    /// When.
    pub approved_at: Timestamp,
    /// The hour in which it last fetched an access token.
    pub last_seen_at: Option<Timestamp>,
    /// What it shows; `null` for what its address says, or as usual.
    #[serde(default)]
    pub arrangement: Option<Arrangement>,
    /// Counts the changes of its name and of what it shows.
    #[serde(default)]
    pub revision: u64,
}

/// A change of a kiosk: what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KioskChange {
    /// What it is called from now on.
    #[schema(example = "Hall 2, north wall")]
    pub name: Option<String>,
    /// What it shows from now on; `null` for as usual. A screen that is on follows at once.
    #[serde(default, deserialize_with = "super::account::present")]
    #[schema(value_type = Option<Arrangement>)]
    pub arrangement: Option<Option<Arrangement>>,
    /// The revision that the change was made from: refused when somebody else was quicker.
    pub revision: Option<u64>,
}

/// What a person says of a kiosk whose code he reads.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KioskApproval {
    /// The code on its screen.
    #[schema(example = "K7QF-2M9P")]
    pub code: String,
    /// What it is called from now on.
    #[schema(example = "Hall 2, north wall")]
    pub name: String,
    /// Key of the site that it shows; that of the person when absent.
    #[serde(default)]
    pub site: Option<String>,
}

/// What the secret of a screen is worth.
pub enum KioskState {
    /// It is in.
    In(Box<SignedIn>),
    /// Nobody has let it in yet; until when its code is good.
    Waiting(Timestamp),
}

impl Kiosk {
    /// The session that its tokens name.
    pub(super) fn session(&self) -> SessionId {
        session_of(self.shown.id)
    }

    /// Who asks when it does.
    pub(super) fn caller(&self, address: Option<String>) -> Caller {
        let role = Role::Kiosk;
        let shown = &self.shown;
        let user = User {
            // A kiosk is no user: its own id stands where one is named.
            id: UserId::from_slice(shown.id.as_bytes()).unwrap_or_default(),
            email: format!("kiosk:{}", shown.name),
            username: None,
            name: shown.name.clone(),
            role: role.title(),
            role_key: role,
            site: shown.site.clone(),
            phone: None,
            language: None,
            sites: Reach::one(&shown.site),
            permissions: role.permissions(),
            last_login: shown.last_seen_at,
            two_factor: false,
        };
        Caller {
            user,
            session: self.session(),
            address,
            proven: false,
        }
    }
}

fn session_of(id: KioskId) -> SessionId {
    SessionId::from_slice(id.as_bytes()).unwrap_or_default()
}

impl Auth {
    /// The caller behind the session of a kiosk.
    pub(super) fn kiosk_behind(
        &self,
        session: SessionId,
        address: Option<String>,
    ) -> Result<Caller> {
        let id = KioskId::from_slice(session.as_bytes());
        let known = self.read();
        let kiosk = id.and_then(|id| known.kiosks.get(&id));
        kiosk
            .map(|kiosk| kiosk.caller(address))
            .ok_or_else(unauthenticated)
    }

    /// Lets the screen in that shows this code.
    ///
    /// # Errors
    /// Every refused field; a code that no screen shows; too many kiosks; a disk that refuses.
    pub async fn approve_kiosk(
        &self,
        caller: &Caller,
        approval: KioskApproval,
        site: &str,
    ) -> Result<KioskView> {
        let name = checked_name(&approval.name)?;
        let now = self.clock.now();
        let _turn = self.changing.lock().await;
        if self.read().kiosks.len() >= KIOSKS_MAX {
            let sentence = format!("There are {KIOSKS_MAX} kiosks. Revoke those that are gone.");
            return Err(Error::conflict(sentence));
        }
        let (hash, address) = self.screen_of(&approval.code, now)?;
        let kiosk = Kiosk {
            shown: KioskView {
                id: KioskId::new(),
                name,
                site: site.to_owned(),
                address: address.map(|address| address.to_string()),
                approved_by: caller.user.email.clone(),
                approved_at: now,
                last_seen_at: None,
                arrangement: None,
                revision: 0,
            },
            hash,
        };
        let shown = kiosk.shown.clone();
        let details = serde_json::json!({ "name": shown.name, "site": shown.site,
            "address": shown.address });
        self.store_kiosk(kiosk, caller.actor(), "kiosk.approve", details)
            .await?;
        self.forget_pairing(&hash);
        Ok(shown)
    }

    /// What the secret of a screen is worth now.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when nobody waits or is in with it.
    pub async fn kiosk_session(&self, secret: &str) -> Result<KioskState> {
        let (hash, now) = (token_hash(secret), self.clock.now());
        if let Some(until) = self.pairing_until(&hash, now) {
            return Ok(KioskState::Waiting(until));
        }
        let _turn = self.changing.lock().await;
        let found = {
            let known = self.read();
            known
                .kiosks
                .values()
                .find(|kiosk| kiosk.hash == hash)
                .cloned()
        };
        let mut kiosk = found.ok_or_else(|| {
            let sentence = "This screen is not let in any more. Let it show a new code.";
            Error::new(ErrorKind::Unauthenticated, sentence)
        })?;
        self.renew_keys(now).await?;
        let hour = now.floor_to(SEEN_STEP_MS);
        if kiosk.shown.last_seen_at != Some(hour) {
            kiosk.shown.last_seen_at = Some(hour);
            self.note_seen(kiosk.clone()).await;
        }
        let signed_in = self.kiosk_signed_in(&kiosk, now)?;
        Ok(KioskState::In(Box::new(signed_in)))
    }

    fn kiosk_signed_in(&self, kiosk: &Kiosk, now: Timestamp) -> Result<SignedIn> {
        let caller = kiosk.caller(None);
        let (user, session) = (caller.user, caller.session);
        let token = self
            .keys
            .sign(user.id, session, user.role_key, &user.site, now)?;
        Ok(SignedIn {
            token,
            expires_in: super::token::LIFETIME_S,
            refresh_token: String::new(),
            refresh_expires_in: KIOSK_COOKIE_S,
            user,
            session,
            device: None,
        })
    }

    /// Notes the hour of a use. That it cannot be noted is no reason to turn the screen dark.
    async fn note_seen(&self, kiosk: Kiosk) {
        let stored = kiosk.clone();
        self.write().kiosks.insert(kiosk.shown.id, kiosk);
        let id = stored.shown.id;
        let noted = self
            .store
            .write(move |transaction| KIOSKS.put(transaction, id.as_bytes(), &stored));
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the last use of a kiosk was not noted");
        }
    }

    /// The kiosks, oldest first.
    #[must_use]
    pub fn kiosks(&self) -> Vec<KioskView> {
        let known = self.read();
        known
            .kiosks
            .values()
            .map(|kiosk| kiosk.shown.clone())
            .collect()
    }

    /// A kiosk.
    ///
    /// # Errors
    /// When there is none that the caller reaches.
    fn kiosk_of(&self, caller: &Caller, id: KioskId) -> Result<Kiosk> {
        let known = self.read();
        let found = known.kiosks.get(&id);
        let found = found.filter(|kiosk| caller.user.sites.sees(&kiosk.shown.site));
        found.cloned().ok_or_else(|| Error::not_found("kiosk", id))
    }

    /// What the screen of this session shows; `None` when it is no screen.
    #[must_use]
    pub fn kiosk_shown(&self, session: SessionId) -> Option<KioskView> {
        let id = KioskId::from_slice(session.as_bytes())?;
        self.read().kiosks.get(&id).map(|kiosk| kiosk.shown.clone())
    }

    /// Calls a kiosk something else, or lets it show something else; the screen hears of it.
    ///
    /// # Errors
    /// When there is none; every refused field; a change that was made from an older state; a disk
    /// that refuses.
    pub async fn change_kiosk(
        &self,
        caller: &Caller,
        id: KioskId,
        change: KioskChange,
    ) -> Result<KioskView> {
        let name = change.name.as_deref().map(checked_name).transpose()?;
        if let Some(Some(arrangement)) = &change.arrangement {
            arrangement.check()?;
        }
        let _turn = self.changing.lock().await;
        let mut kiosk = self.kiosk_of(caller, id)?;
        let before = kiosk.shown.clone();
        if change
            .revision
            .is_some_and(|made_from| made_from != before.revision)
        {
            let sentence = "Somebody else changed this kiosk. Look at it again and repeat yours.";
            return Err(Error::conflict(sentence));
        }
        kiosk.shown.name = name.unwrap_or(kiosk.shown.name);
        kiosk.shown.arrangement = change.arrangement.unwrap_or(kiosk.shown.arrangement);
        let details = audit::changed_fields(&before, &kiosk.shown);
        kiosk.shown.revision += 1;
        let is_arranged = before.arrangement != kiosk.shown.arrangement;
        let action = if is_arranged {
            "kiosk.arrange"
        } else {
            "kiosk.rename"
        };
        let (shown, session) = (kiosk.shown.clone(), kiosk.session());
        self.store_kiosk(kiosk, caller.actor(), action, details)
            .await?;
        if is_arranged {
            self.live.tell(Change::Arranged(session));
        }
        Ok(shown)
    }

    /// Lets a kiosk in no longer: its tokens and sockets end at once.
    ///
    /// # Errors
    /// When there is none, or the disk refuses; then it stays in.
    pub async fn revoke_kiosk(&self, caller: &Caller, id: KioskId) -> Result<()> {
        let _turn = self.changing.lock().await;
        let kiosk = self.kiosk_of(caller, id)?;
        let (actor, now, shown) = (caller.actor(), self.clock.now(), kiosk.shown.clone());
        self.store
            .write(move |transaction| {
                KIOSKS.remove(transaction, id.as_bytes())?;
                let resource = format!("kiosk/{id}");
                let details = serde_json::json!({ "name": shown.name });
                let object = audit::about(&resource).of(&shown.site);
                audit::append(transaction, now, &actor, "kiosk.revoke", object, details)
            })
            .await?;
        self.write().kiosks.remove(&id);
        self.forget_session(kiosk.session());
        Ok(())
    }

    async fn store_kiosk(
        &self,
        kiosk: Kiosk,
        actor: Actor,
        action: &'static str,
        details: serde_json::Value,
    ) -> Result<()> {
        let (now, stored) = (self.clock.now(), kiosk.clone());
        self.store
            .write(move |transaction| {
                let id = stored.shown.id;
                KIOSKS.put(transaction, id.as_bytes(), &stored)?;
                let resource = format!("kiosk/{id}");
                let object = audit::about(&resource).of(&stored.shown.site);
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await?;
        self.write().kiosks.insert(kiosk.shown.id, kiosk);
        Ok(())
    }
}

fn checked_name(name: &str) -> Result<String> {
    let mut checks = Checks::default();
    super::user::check_name(&mut checks, name);
    checks.finish()?;
    Ok(name.trim().to_owned())
}
