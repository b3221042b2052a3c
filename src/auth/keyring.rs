//! The keys of access tokens: a new one every 90 days. The old one opens until the last token that
//! it signed has ended, so nobody notices.

use super::token::{Claims, LEEWAY_S, LIFETIME_S, Tokens, key_number, refused};
use super::{Auth, Role};
use crate::base::{Result, SessionId, Timestamp, UserId};
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, TableName, View as _};
use serde::{Deserialize, Serialize};
use std::sync::{PoisonError, RwLock};

const KEYS: Table<StoredKey> = Table::new("token_key", 1);
/// Where earlier versions kept their only key, as bare bytes.
const EARLIER: TableName = TableName::new("signing_key");
const EARLIER_KEY: &[u8] = b"access";
/// How long a key signs, ms: 90 days.
const SIGNS_MS: i64 = 90 * 86_400_000;
/// How long one that was replaced still opens, ms.
const OPENS_MS: i64 = (LIFETIME_S + LEEWAY_S) * 1_000;

/// A key as it is stored.
#[derive(Clone, Serialize, Deserialize)]
struct StoredKey {
    /// The `kid` of its tokens; tokens of earlier versions name none and mean 0.
    number: u32,
    secret: [u8; 32],
    made_at: Timestamp,
    /// When another one took over.
    replaced_at: Option<Timestamp>,
}

struct Held {
    stored: StoredKey,
    tokens: Tokens,
}

/// The keys that sign and open.
pub(super) struct Keyring {
    /// By number; the last one signs.
    held: RwLock<Vec<Held>>,
}

impl Keyring {
    /// Reads the keys; makes the first one of a new appliance.
    pub(super) async fn open(store: &Store, now: Timestamp) -> Result<Self> {
        let reader = store.read()?;
        let mut stored = KEYS.all(&reader)?;
        let earlier = reader.get(EARLIER, EARLIER_KEY)?;
        drop(reader);
        if stored.is_empty() {
            let secret = earlier.and_then(|bytes| bytes.try_into().ok());
            let first = StoredKey {
                number: 0,
                secret: secret.map_or_else(Tokens::new_key, Ok)?,
                made_at: now,
                replaced_at: None,
            };
            stored.push(first.clone());
            store
                .write(move |transaction| {
                    transaction.remove(EARLIER, EARLIER_KEY)?;
                    KEYS.put(transaction, &first.number.to_be_bytes(), &first)
                })
                .await?;
        }
        Ok(Self {
            held: RwLock::new(stored.into_iter().map(held).collect()),
        })
    }

    /// A token for a session, under the newest key.
    pub(super) fn sign(
        &self,
        user: UserId,
        session: SessionId,
        role: Role,
        scope: &str,
        now: Timestamp,
    ) -> Result<String> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let newest = held.last().ok_or_else(refused)?;
        newest.tokens.sign(user, session, role, scope, now)
    }

    /// What a token says, when one of the keys signed it and it is in time.
    pub(super) fn check(&self, token: &str, now: Timestamp) -> Result<Claims> {
        let number = key_number(token)?;
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let key = held.iter().find(|key| key.stored.number == number);
        key.ok_or_else(refused)?.tokens.check(token, now)
    }

    /// The keys as they should be now, when they are not: a new one when the newest has signed for
    /// long enough, and none whose last token has ended.
    fn due(&self, now: Timestamp) -> Result<Option<Vec<StoredKey>>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<_> = held.iter().map(|key| key.stored.clone()).collect();
        drop(held);
        let before = keys.len();
        // One that claims to be of tomorrow was made by a clock that was wrong.
        let fresh = |key: &StoredKey| (0..SIGNS_MS).contains(&now.since_ms(key.made_at));
        let mut changed = false;
        if let Some(newest) = keys.last_mut().filter(|key| !fresh(key)) {
            newest.replaced_at = Some(now);
            let number = newest.number + 1;
            keys.push(StoredKey {
                number,
                secret: Tokens::new_key()?,
                made_at: now,
                replaced_at: None,
            });
            changed = true;
        }
        let opens = |key: &StoredKey| {
            key.replaced_at
                .is_none_or(|at| now.since_ms(at) <= OPENS_MS)
        };
        keys.retain(opens);
        Ok((changed || keys.len() != before).then_some(keys))
    }
}

fn held(stored: StoredKey) -> Held {
    let tokens = Tokens::new(stored.number, &stored.secret);
    Held { stored, tokens }
}

impl Auth {
    /// Makes a new key when it is time. Call it with the turn taken. That the disk refuses is no
    /// reason to let nobody in: the old key goes on.
    pub(super) async fn renew_keys(&self, now: Timestamp) -> Result<()> {
        let Some(keys) = self.keys.due(now)? else {
            return Ok(());
        };
        let stored = keys.clone();
        let written = self.store.write(move |transaction| {
            for old in KEYS.all(transaction)? {
                if !stored.iter().any(|key| key.number == old.number) {
                    KEYS.remove(transaction, &old.number.to_be_bytes())?;
                }
            }
            for key in &stored {
                KEYS.put(transaction, &key.number.to_be_bytes(), key)?;
            }
            let numbers: Vec<_> = stored.iter().map(|key| key.number).collect();
            let details = serde_json::json!({ "keys": numbers });
            let actor = Actor {
                name: "appliance".to_owned(),
                ..Actor::default()
            };
            audit::append(
                transaction,
                now,
                &actor,
                "auth.keys_renewed",
                "token_key",
                details,
            )
        });
        match written.await {
            Ok(()) => {
                let mut held_now = self
                    .keys
                    .held
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                *held_now = keys.into_iter().map(held).collect();
            }
            Err(error) => tracing::warn!(%error, "the keys of access tokens were not renewed"),
        }
        Ok(())
    }
}
