//! What was revoked after a backup was made does not live again when it is restored, and who may
//! less since gets no more back.
//!
//! The data that are replaced know it: from their records and their audit log it is carried over.
//! Where there are none, or they cannot be read, devices go on and a person lets all else in again;
//! whoever restores may choose otherwise.

use super::let_in::LetIn;
use super::lowered::lowered;
use crate::base::Result;
use crate::store::audit;
use crate::store::table::Table;
use crate::store::{DATA_FILE, Store, Transaction, View};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const TOKENS: Table<Value> = Table::new("api_token", 1);
const KIOSKS: Table<Value> = Table::new("kiosk", 1);
const DEVICES: Table<Value> = Table::new("push_device", 1);
const USERS: Table<Value> = Table::new("user", 1);
/// What says in the audit log that something gets in no more.
const ENDS: [&str; 3] = ["api_token.delete", "kiosk.revoke", "device.delete"];
/// What a restore says of itself; its `revoked` are those that it carried over.
const RESTORED: &str = "backup.restored";
/// What stands where the hash of a key was: no key has this one.
const NO_KEY: [u8; 32] = [0; 32];
/// Most of them that one entry names: more tokens, kiosks and devices than an appliance takes.
const CARRIED_MAX: usize = 5_000;

/// What is known of who was shut out since a backup was made.
#[derive(Debug)]
pub enum Since {
    /// There are no data here: a new machine.
    Nothing,
    /// The data here cannot be read.
    Lost,
    /// What the data here say.
    Known(Standing),
}

/// Who gets in, and what was revoked, as the data say that are replaced.
#[derive(Debug, Default)]
pub struct Standing {
    tokens: BTreeMap<String, Value>,
    kiosks: BTreeMap<String, Value>,
    devices: BTreeMap<String, Value>,
    users: BTreeMap<String, Value>,
    /// `api_token/0192…` of everything that was ever revoked.
    gone: BTreeSet<String>,
}

impl Since {
    /// Who gets in when nobody chose: where what was revoked is not known, devices only. A plant
    /// whose disk broke measures on at once; what can change something waits for a person.
    #[must_use]
    pub const fn usual(&self) -> LetIn {
        match self {
            Self::Known(_) => LetIn::All,
            Self::Nothing | Self::Lost => LetIn::Devices,
        }
    }

    /// What the data of an appliance say that runs.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        match Standing::of(store) {
            Ok(standing) => Self::Known(standing),
            Err(error) => {
                tracing::warn!(%error, "what was revoked cannot be read");
                Self::Lost
            }
        }
    }

    /// What the data of a directory say on which no appliance runs; it is not changed.
    #[must_use]
    pub fn of_directory(directory: &Path) -> Self {
        if !directory.join(DATA_FILE).exists() {
            return Self::Nothing;
        }
        let Ok(store) = Store::look(directory) else {
            return Self::Lost;
        };
        let since = Self::of(&store);
        store.close();
        since
    }
}

impl Standing {
    fn of(store: &Store) -> Result<Self> {
        let mut gone = BTreeSet::new();
        audit::each(store, &mut |entry| {
            if ENDS.contains(&entry.action.as_str()) {
                gone.insert(entry.resource.clone());
            } else if entry.action == RESTORED {
                let carried = entry.details["revoked"].as_array().into_iter().flatten();
                gone.extend(carried.filter_map(|one| one.as_str().map(str::to_owned)));
            }
            Ok(())
        })?;
        let view = store.read()?;
        Ok(Self {
            tokens: by_id(TOKENS, &view)?,
            kiosks: by_id(KIOSKS, &view)?,
            devices: by_id(DEVICES, &view)?,
            users: by_id(USERS, &view)?,
            gone,
        })
    }

    fn is_gone(&self, kind: &str, id: &str) -> bool {
        self.gone.contains(&format!("{kind}/{id}"))
    }
}

fn by_id(table: Table<Value>, view: &impl View) -> Result<BTreeMap<String, Value>> {
    let all = table.all(view)?.into_iter();
    Ok(all
        .map(|record| (id_of(&record).to_owned(), record))
        .collect())
}

fn id_of(record: &Value) -> &str {
    record["id"].as_str().unwrap_or_default()
}

/// How many machines and people a restore did not let in again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutOut {
    /// API tokens that were taken away.
    pub tokens: usize,
    /// Kiosks that were taken away.
    pub kiosks: usize,
    /// Devices that stay disabled, need a new key, or whose newer key counts.
    pub devices: usize,
    /// Users that stay deactivated.
    pub users: usize,
    /// Users who keep the lower role or the fewer sites of now.
    pub demoted: usize,
}

/// Takes out of restored data what is not to get in; returns what was, and what an entry of the audit
/// log carries on.
pub(super) fn carry_over(
    transaction: &Transaction<'_>,
    since: &Since,
    let_in: LetIn,
) -> Result<(ShutOut, Value)> {
    let mut out = ShutOut::default();
    let mut gone = match since {
        Since::Known(standing) => standing.gone.clone(),
        Since::Nothing | Since::Lost => BTreeSet::new(),
    };
    for (table, kind, count) in [
        (TOKENS, "api_token", &mut out.tokens),
        (KIOSKS, "kiosk", &mut out.kiosks),
    ] {
        for record in table.all(transaction)? {
            if let_in.takes_tokens() && still_counts(since, kind, &record) {
                continue;
            }
            *count += usize::from(table.remove(transaction, &key_of(&record))?);
            if !let_in.takes_tokens() {
                // Shut out by choice: the next restore of the same backup knows it.
                gone.insert(format!("{kind}/{}", id_of(&record)));
            }
        }
    }
    for before in DEVICES.all(transaction)? {
        let mut device = device_since(since, before.clone());
        if !let_in.takes_devices() {
            device["key_hash"] = json!(NO_KEY);
            device["key_hint"] = json!("");
        }
        if device != before {
            DEVICES.put(transaction, &key_of(&device), &device)?;
            out.devices += 1;
        }
    }
    users_since(transaction, since, &mut out)?;
    let gone: Vec<_> = gone.into_iter().take(CARRIED_MAX).collect();
    Ok((out, json!(gone)))
}

/// The key of a record: the bytes of its id.
fn key_of(record: &Value) -> Vec<u8> {
    let id = uuid::Uuid::parse_str(id_of(record)).unwrap_or_default();
    id.as_bytes().to_vec()
}

/// Whether a token or a kiosk still gets in.
fn still_counts(since: &Since, kind: &str, restored: &Value) -> bool {
    let Since::Known(standing) = since else {
        return true;
    };
    let known = match kind {
        "kiosk" => &standing.kiosks,
        _ => &standing.tokens,
    };
    match known.get(id_of(restored)) {
        Some(now) => now["hash"] == restored["hash"],
        None => !standing.is_gone(kind, id_of(restored)),
    }
}

/// A device with the key that counted last; one that was deleted or shut out stays out.
fn device_since(since: &Since, mut restored: Value) -> Value {
    let Since::Known(standing) = since else {
        return restored;
    };
    let id = id_of(&restored).to_owned();
    if let Some(now) = standing.devices.get(&id) {
        for field in ["key_hash", "key_hint", "key_made_at"] {
            restored[field] = now[field].clone();
        }
        if now["enabled"] == json!(false) {
            restored["enabled"] = json!(false);
        }
    } else if standing.is_gone("device", &id) {
        restored["enabled"] = json!(false);
    }
    restored
}

/// Users that were deactivated stay so, and who may less now gets no more back, unless nobody would
/// be left who can let others in: then the administrators stay.
fn users_since(transaction: &Transaction<'_>, since: &Since, out: &mut ShutOut) -> Result<()> {
    let Since::Known(standing) = since else {
        return Ok(());
    };
    let all = USERS.all(transaction)?;
    let leads = |user: &Value| user["role"] == json!("admin") && user["active"] == json!(true);
    let as_now = |user: &Value| {
        let Some(now) = standing.users.get(id_of(user)) else {
            return user.clone();
        };
        let mut user = lowered(user, now).unwrap_or_else(|| user.clone());
        if now["active"] == json!(false) {
            user["active"] = json!(false);
        }
        user
    };
    let leader_left = all.iter().any(|user| leads(&as_now(user)));
    for user in all {
        let after = as_now(&user);
        if after == user || (leads(&user) && !leader_left) {
            continue;
        }
        if after["active"] == user["active"] {
            out.demoted += 1;
        } else {
            out.users += 1;
        }
        USERS.put(transaction, &key_of(&after), &after)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "revoked_tests.rs"]
mod tests;
