//! Accounts: listed, changed, locked, let in again.

use super::link;
use super::reach::Reach;
use super::user::{check_name, check_phone, check_username, plain_phone};
use super::{Auth, Role, SESSIONS, USERS, User, UserRecord};
use crate::base::error::Checks;
use crate::base::{Error, Result, SessionId, Timestamp, UserId};
use crate::notify::Language;
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It can.
    Active,
    /// Its user has not followed the invitation yet.
    Invited,
    /// Too many wrong passwords: closed to browsers that it does not know.
    Locked,
    /// An administrator closed it.
    Deactivated,
}

/// An account as administrators see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Account {
    /// Who he is.
    #[serde(flatten)]
    pub user: User,
    /// Whether it can be used.
    pub state: AccountState,
    /// Until when it is closed to browsers that it does not know.
    pub locked_until: Option<Timestamp>,
    /// Sessions that are alive.
    pub sessions: usize,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A change of an account: what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChange {
    /// His name.
    pub name: Option<String>,
    /// Short login name; `null` takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub username: Option<Option<String>>,
    /// Where he is called, with the country code; `null` takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// The language of what is written to him; `null` for that of the notifications.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Language>)]
    pub language: Option<Option<Language>>,
    /// What he is.
    pub role: Option<Role>,
    /// Key of his site.
    pub site: Option<String>,
    /// The sites that he reaches: `"all"`, or their keys.
    pub sites: Option<Reach>,
    /// `false` ends his sessions and keeps him out.
    pub active: Option<bool>,
}

/// Tells `null` from absent.
pub(super) fn present<'de, T, D>(input: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(input).map(Some)
}

/// One change of a record, as it is committed and told.
pub(super) struct Step {
    pub(super) record: UserRecord,
    /// Sessions that end with it.
    pub(super) ended: Vec<SessionId>,
    pub(super) action: &'static str,
    pub(super) details: Value,
}

impl Auth {
    /// All accounts, by the time they were made.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let records: Vec<_> = self.read().users.values().cloned().collect();
        records
            .iter()
            .map(|record| self.account_of(record))
            .collect()
    }

    /// One account.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn account(&self, id: UserId) -> Result<Account> {
        Ok(self.account_of(&self.record(id)?))
    }

    fn account_of(&self, record: &UserRecord) -> Account {
        let now = self.clock.now();
        let locked_until = self.guard().locked_until(record.id, now);
        let state = match (record.active, record.is_invited(), locked_until) {
            (false, _, _) => AccountState::Deactivated,
            (_, true, _) => AccountState::Invited,
            (_, _, Some(_)) => AccountState::Locked,
            _ => AccountState::Active,
        };
        let alive = |s: &&super::Session| s.user == record.id && !s.is_over(now);
        Account {
            user: record.public(),
            state,
            locked_until,
            sessions: self.read().sessions.values().filter(alive).count(),
            created_at: record.created_at,
        }
    }

    pub(super) fn record(&self, id: UserId) -> Result<UserRecord> {
        let known = self.read();
        let found = known.users.get(&id).cloned();
        found.ok_or_else(|| Error::not_found("user", id))
    }

    /// Changes an account; whoever does it gives no more sites than `limit`. A user who loses his
    /// role or his place is signed out.
    ///
    /// # Errors
    /// Every refused field; a name that is taken; the last administrator, who must stay.
    pub async fn change_account(
        &self,
        id: UserId,
        change: AccountChange,
        limit: &Reach,
        actor: Actor,
    ) -> Result<Account> {
        let mut checks = Checks::default();
        if let Some(name) = &change.name {
            check_name(&mut checks, name);
        }
        check_username(
            &mut checks,
            change.username.as_ref().and_then(Option::as_deref),
        );
        let phone = change
            .phone
            .map(|phone| phone.as_deref().and_then(plain_phone));
        check_phone(&mut checks, phone.as_ref().and_then(Option::as_deref));
        checks.finish()?;
        let _turn = self.changing.lock().await;
        let before = self.record(id)?;
        let mut record = before.clone();
        if let Some(name) = change.name {
            name.trim().clone_into(&mut record.name);
        }
        if let Some(username) = change.username {
            record.username = username.map(|name| name.to_lowercase());
        }
        record.phone = phone.unwrap_or(record.phone);
        record.language = change.language.unwrap_or(record.language);
        record.role = change.role.unwrap_or(record.role);
        record.site = change.site.unwrap_or(record.site);
        record.sites = change.sites.or(record.sites);
        record.active = change.active.unwrap_or(record.active);
        refuse_sites(&record, limit)?;
        self.refuse_names_of_others(&record)?;
        self.keep_an_administrator(&before, &record)?;
        let what = |user: &UserRecord| (user.role, user.site.clone(), user.reach());
        let loses = what(&before) != what(&record) || !record.active;
        let ended = if loses {
            self.sessions_of(id, None)
        } else {
            Vec::new()
        };
        let (closed, now) = (!record.active, self.clock.now());
        let step = Step {
            details: differences(&before, &record, ended.len()),
            record,
            ended,
            action: "user.update",
        };
        self.commit(step, actor, move |transaction| {
            // A code in a drawer must not open an account that was closed.
            if closed {
                link::revoke(transaction, id, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Opens an account that too many wrong passwords have closed; `false` when it was open.
    ///
    /// # Errors
    /// When there is no such user, or the disk refuses.
    pub async fn unlock(&self, id: UserId, actor: Actor) -> Result<bool> {
        let _turn = self.changing.lock().await;
        let step = Step {
            record: self.record(id)?,
            ended: Vec::new(),
            action: "user.unlock",
            details: json!({}),
        };
        self.commit(step, actor, |_| Ok(())).await?;
        Ok(self.guard().unlock(id, self.clock.now()))
    }

    /// Sessions of a user but one.
    pub(super) fn sessions_of(&self, user: UserId, but: Option<SessionId>) -> Vec<SessionId> {
        let known = self.read();
        let his = known.sessions.values().filter(|s| s.user == user);
        his.map(|s| s.id).filter(|id| Some(*id) != but).collect()
    }

    fn refuse_names_of_others(&self, record: &UserRecord) -> Result<()> {
        let Some(name) = &record.username else {
            return Ok(());
        };
        let known = self.read();
        let mut others = known.users.values().filter(|user| user.id != record.id);
        if others.any(|user| user.answers_to(name)) {
            return Err(Error::conflict(format!("The user name {name} is taken.")));
        }
        Ok(())
    }

    /// Somebody must be able to undo what was done.
    fn keep_an_administrator(&self, before: &UserRecord, after: &UserRecord) -> Result<()> {
        let is_one = |u: &UserRecord| u.role == Role::Admin && u.active && !u.is_invited();
        let known = self.read();
        let mut others = known.users.values().filter(|user| user.id != after.id);
        if is_one(before) && !is_one(after) && !others.any(is_one) {
            let sentence = "This is the last administrator. Make another one first.";
            return Err(Error::conflict(sentence));
        }
        Ok(())
    }

    /// Commits a record with its audit entry and whatever `also` does, and tells memory and
    /// sockets afterwards. Call it with the turn taken.
    pub(super) async fn commit<F>(&self, step: Step, actor: Actor, also: F) -> Result<Account>
    where
        F: FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    {
        let now = self.clock.now();
        let (record, ended) = (step.record.clone(), step.ended.clone());
        let (action, details) = (step.action, step.details);
        self.store
            .write(move |transaction| {
                also(transaction)?;
                USERS.put(transaction, record.id.as_bytes(), &record)?;
                for session in &ended {
                    SESSIONS.remove(transaction, session.as_bytes())?;
                }
                let resource = format!("user/{}", record.id);
                let object = audit::about(&resource).of_all(record.reach().named());
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await?;
        self.write()
            .users
            .insert(step.record.id, step.record.clone());
        for session in step.ended {
            self.forget_session(session);
        }
        Ok(self.account_of(&step.record))
    }
}

/// Refuses sites that are not there to be given, and a user who does not reach his own.
pub(super) fn refuse_sites(record: &UserRecord, limit: &Reach) -> Result<()> {
    let mut checks = Checks::default();
    let reach = record.reach();
    let sentence = "Give no more sites than you reach yourself; an administrator reaches all of \
                    them unless some are named.";
    checks.require(limit.covers(&reach), "sites", sentence);
    let sentence = "His own site must be among them.";
    checks.require(reach.sees(&record.site), "sites", sentence);
    checks.finish()
}

/// What was changed, before and after, for the audit log.
fn differences(before: &UserRecord, after: &UserRecord, ended: usize) -> Value {
    let mut changed = serde_json::Map::new();
    let pairs = [
        ("name", json!(before.name), json!(after.name)),
        ("username", json!(before.username), json!(after.username)),
        ("phone", json!(before.phone), json!(after.phone)),
        ("language", json!(before.language), json!(after.language)),
        ("role", json!(before.role), json!(after.role)),
        ("site", json!(before.site), json!(after.site)),
        ("sites", json!(before.reach()), json!(after.reach())),
        ("active", json!(before.active), json!(after.active)),
    ];
    for (name, old, new) in pairs {
        if old != new {
            changed.insert(name.to_owned(), json!({ "before": old, "after": new }));
        }
    }
    changed.insert("sessions_ended".to_owned(), json!(ended));
    Value::Object(changed)
}
