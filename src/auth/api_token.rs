//! API tokens: how a program gets in without a person.
//!
//! Promises: a token reaches only what its scopes name, on its site, from its addresses, until it
//! ends; nobody gives one more than he may himself; the secret is shown once and only its SHA-256 is kept; making and deleting one is in the audit log. Will
//! not do: act for a user, or open a socket.

use super::Caller;
use super::access::{Permission, Role};
use super::networks::{Network, networks};
use super::places::{self, KeyPlace};
use crate::base::error::Checks;
use crate::base::secret::{random_token, token_hash};
use crate::base::{ApiTokenId, Clock, Error, ErrorKind, Result, Timestamp};
use crate::store::Store;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use utoipa::ToSchema;

const TOKENS: Table<Record> = Table::new("api_token", 1);
/// What every token starts with, so that one that leaked is found by those who look for it.
pub const PREFIX: &str = "imt_";
/// Most tokens of one appliance.
const TOKENS_MAX: usize = 200;
const DAY_MS: i64 = 86_400_000;
/// How long a token lives unless said otherwise, ms.
const LIFETIME_DEFAULT_MS: i64 = 365 * DAY_MS;
/// How long it may live at most, ms: two years.
const LIFETIME_MAX_MS: i64 = 731 * DAY_MS;
/// Characters of the secret that are shown: enough to find it in a configuration, worth nothing.
const SHOWN: usize = PREFIX.len() + 4;
/// Addresses and networks of one token.
const ADDRESSES_MAX: usize = 20;
/// How finely the last use is told, ms: a write an hour, not one per request.
const LAST_USED_STEP_MS: i64 = 3_600_000;

/// What a token reaches: one word for each permission that a program may have. Those that change
/// who gets in have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// `POST /api/v2/write`.
    #[serde(rename = "readings:write")]
    ReadingsWrite,
    /// `GET /api/historical/…` and `/api/equipment/{id}/live`.
    #[serde(rename = "readings:read")]
    ReadingsRead,
    /// `GET /api/equipment` and `/api/equipment/{id}`.
    #[serde(rename = "equipment:read")]
    EquipmentRead,
    /// `POST /api/security/log`.
    #[serde(rename = "security:report")]
    SecurityReport,
    /// `GET /metrics`.
    #[serde(rename = "metrics:read")]
    MetricsRead,
}

impl Scope {
    /// The permission behind the scope.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::ReadingsWrite => Permission::ReadingsWrite,
            Self::ReadingsRead => Permission::ReadingsRead,
            Self::EquipmentRead => Permission::EquipmentRead,
            Self::SecurityReport => Permission::SecurityReport,
            // No other route that lets programs in asks for it.
            Self::MetricsRead => Permission::AuditRead,
        }
    }
}

/// A token as it is shown: everything but its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// What it reaches.
    pub scopes: Vec<Scope>,
    /// Key of the site that it reaches.
    pub site: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The hour in which it was last used.
    pub last_used_at: Option<Timestamp>,
    /// From where it was last used.
    #[serde(default)]
    pub last_used_from: Option<String>,
    /// How its secret begins; tokens of earlier versions do not say.
    #[serde(default)]
    #[schema(example = "imt_Qx3v")]
    pub prefix: Option<String>,
    /// The addresses and networks from which alone it works; from everywhere when empty.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// From where it was used of late, the last one last.
    #[serde(default)]
    pub places: Vec<KeyPlace>,
}

/// A token as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    shown: ApiToken,
    /// SHA-256 of the secret.
    hash: [u8; 32],
}

/// What a person says of a new token.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// What it is for, such as the program and the machine that will hold it.
    #[schema(example = "Telegraf in hall 2")]
    pub name: String,
    /// What it reaches.
    pub scopes: Vec<Scope>,
    /// When it ends; a year from now when absent, two years at most.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Key of the site that it reaches; that of the person who makes it when absent.
    #[serde(default)]
    pub site: Option<String>,
    /// The addresses and networks from which alone it works; from everywhere when absent.
    #[serde(default)]
    #[schema(example = json!(["10.0.3.17", "192.168.7.0/24"]))]
    pub addresses: Vec<String>,
}

/// A new token with its secret, which is not shown again.
#[derive(Clone, Serialize, ToSchema)]
pub struct MadeApiToken {
    /// The secret, for `Authorization: Token …` or `Bearer …`.
    #[schema(example = "imt_…")]
    pub token: String,
    /// What is shown of it from now on.
    #[serde(flatten)]
    pub shown: ApiToken,
}

/// All API tokens.
pub struct ApiTokens {
    store: Store,
    clock: Arc<dyn Clock>,
    /// Read at every request, so it is in memory; the store is the truth.
    known: RwLock<BTreeMap<ApiTokenId, Record>>,
    /// One change at a time, so that memory and store agree.
    changing: tokio::sync::Mutex<()>,
}

impl ApiTokens {
    /// Reads the tokens.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>) -> Result<Self> {
        let all = TOKENS.all(&store.read()?)?;
        let known = all.into_iter().map(|record| (record.shown.id, record));
        Ok(Self {
            store: store.clone(),
            clock,
            known: RwLock::new(known.collect()),
            changing: tokio::sync::Mutex::new(()),
        })
    }

    /// All tokens, oldest first; those that have ended, too.
    #[must_use]
    pub fn all(&self) -> Vec<ApiToken> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().map(|record| record.shown.clone()).collect()
    }

    /// Makes a token for this site.
    ///
    /// # Errors
    /// Every refused field; too many tokens; a disk that refuses.
    pub async fn create(
        &self,
        new: NewApiToken,
        site: &str,
        maker: &Caller,
    ) -> Result<MadeApiToken> {
        let (now, actor) = (self.clock.now(), maker.actor());
        let mut shown = checked(new, maker.user.role_key, now)?;
        site.clone_into(&mut shown.site);
        shown.created_by.clone_from(&actor.name);
        let _turn = self.changing.lock().await;
        if self.all().len() >= TOKENS_MAX {
            return Err(Error::conflict(format!(
                "There are {TOKENS_MAX} API tokens. Delete those that nobody uses."
            )));
        }
        let token = format!("{PREFIX}{}", random_token()?);
        shown.prefix = token.get(..SHOWN).map(str::to_owned);
        let record = Record {
            shown: shown.clone(),
            hash: token_hash(&token),
        };
        let stored = record.clone();
        self.store
            .write(move |transaction| {
                let shown = &stored.shown;
                TOKENS.put(transaction, shown.id.as_bytes(), &stored)?;
                let resource = format!("api_token/{}", shown.id);
                let details = serde_json::json!({ "name": shown.name, "scopes": shown.scopes,
                    "site": shown.site, "expires_at": shown.expires_at,
                    "addresses": shown.addresses });
                let action = "api_token.create";
                let object = audit::about(&resource).of(&shown.site);
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await?;
        self.keep(record);
        Ok(MadeApiToken { token, shown })
    }

    /// Deletes a token; it is worth nothing from now on.
    ///
    /// # Errors
    /// When there is none, or the disk refuses; then it stays.
    pub async fn delete(&self, id: ApiTokenId, actor: Actor) -> Result<()> {
        let _turn = self.changing.lock().await;
        let found = self.all().into_iter().find(|token| token.id == id);
        let token = found.ok_or_else(|| Error::not_found("API token", id))?;
        let now = self.clock.now();
        self.store
            .write(move |transaction| {
                TOKENS.remove(transaction, id.as_bytes())?;
                let resource = format!("api_token/{id}");
                let details = serde_json::json!({ "name": token.name });
                let action = "api_token.delete";
                let object = audit::about(&resource).of(&token.site);
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.remove(&id);
        Ok(())
    }

    /// The token behind a secret.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when it is not ours, was deleted or has ended;
    /// [`ErrorKind::Forbidden`] when it does not work from there.
    pub async fn authenticate(&self, secret: &str, from: Option<IpAddr>) -> Result<ApiToken> {
        let hash = token_hash(secret);
        let now = self.clock.now();
        let found = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.values().find(|record| record.hash == hash).cloned()
        };
        let live = |record: &Record| record.shown.expires_at > now;
        let record = found.filter(live).ok_or_else(|| {
            let sentence = "This API token is not known, was deleted or has ended. Ask an \
                            administrator for a new one.";
            Error::new(ErrorKind::Unauthenticated, sentence)
        })?;
        let listed = networks(&record.shown.addresses);
        let holds = |network: &Network| from.is_some_and(|from| network.holds(from));
        if !record.shown.addresses.is_empty() && !listed.iter().any(holds) {
            let sentence = "This API token works from other addresses only. Make one for this one.";
            return Err(Error::new(ErrorKind::Forbidden, sentence));
        }
        let hour = now.floor_to(LAST_USED_STEP_MS);
        let from = from.map(|from| from.to_canonical().to_string());
        let place = from.as_deref();
        let told = place.is_none_or(|from| places::is_told(&record.shown.places, from, now));
        if !told || record.shown.last_used_at != Some(hour) {
            self.note_use(record.shown.id, now, from).await;
        }
        Ok(record.shown)
    }

    /// Notes the hour and the place of a use. That it cannot be noted is no reason to refuse the use.
    async fn note_use(&self, id: ApiTokenId, now: Timestamp, from: Option<String>) {
        let hour = now.floor_to(LAST_USED_STEP_MS);
        let _turn = self.changing.lock().await;
        let found = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.get(&id).cloned()
        };
        // Deleted, or noted by another request, since it was looked up.
        let Some(mut record) = found else {
            return;
        };
        let mut is_told = record.shown.last_used_at == Some(hour);
        if let Some(from) = &from {
            is_told &= !places::note(&mut record.shown.places, from, now);
        }
        record.shown.last_used_at = Some(hour);
        record.shown.last_used_from = from;
        let stored = record.clone();
        if is_told {
            // Two machines that share a token must not write at every request.
            return self.keep(record);
        }
        // Kept first: a disk that refuses is not asked again at every request.
        self.keep(record);
        let noted = self
            .store
            .write(move |transaction| TOKENS.put(transaction, id.as_bytes(), &stored));
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the last use of an API token was not noted");
        }
    }

    fn keep(&self, record: Record) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(record.shown.id, record);
    }
}

fn checked(new: NewApiToken, maker: Role, now: Timestamp) -> Result<ApiToken> {
    let mut checks = Checks::default();
    let name = new.name.trim().to_owned();
    let length = name.chars().count();
    let plain = (1..=120).contains(&length) && !name.chars().any(char::is_control);
    checks.require(plain, "name", "A name of 1 to 120 characters.");
    let mut scopes = new.scopes;
    scopes.sort();
    scopes.dedup();
    let sentence = "Name readings:write, readings:read, equipment:read, security:report, \
                    metrics:read or several.";
    checks.require(!scopes.is_empty(), "scopes", sentence);
    let own = scopes.iter().all(|scope| maker.may(scope.permission()));
    checks.require(
        own,
        "scopes",
        "Give a token no more than you may do yourself.",
    );
    checks.require(
        new.addresses.len() <= ADDRESSES_MAX
            && networks(&new.addresses).len() == new.addresses.len(),
        "addresses",
        "Name up to 20 addresses such as 10.0.3.17, or networks such as 192.168.7.0/24.",
    );
    let default = now.plus_ms(LIFETIME_DEFAULT_MS);
    let expires_at = new.expires_at.unwrap_or(default);
    let lives = expires_at > now && expires_at.since_ms(now) <= LIFETIME_MAX_MS;
    let sentence = "A token ends in the future, two years from now at most.";
    checks.require(lives, "expires_at", sentence);
    checks.finish()?;
    Ok(ApiToken {
        id: ApiTokenId::new(),
        name,
        scopes,
        site: String::new(),
        created_by: String::new(),
        created_at: now,
        expires_at,
        last_used_at: None,
        last_used_from: None,
        prefix: None,
        addresses: new.addresses,
        places: Vec::new(),
    })
}

impl std::fmt::Debug for ApiTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiTokens")
    }
}

impl std::fmt::Debug for MadeApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeApiToken")
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}
