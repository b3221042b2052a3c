//! How a person comes to a password: invited, with a one-time code, or with the old one.

use super::account::{Account, Step, refuse_sites};
use super::link::{self, MadeCode, Purpose, ResetCode};
use super::password::{self, Asks};
use super::reach::Reach;
use super::user::{check_email, check_name, check_phone, check_username, plain_phone};
use super::{Auth, Caller, Role, User, UserRecord};
use crate::base::error::Checks;
use crate::base::{Error, ErrorKind, Result, Timestamp, UserId};
use crate::notify::Language;
use crate::store::audit::{self, Actor};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most users of one appliance: one for each customer of cold cells that there can be, and as many
/// who work for the plant.
pub(super) const USERS_MAX: usize = 2 * crate::site::CUSTOMERS_MAX;
/// Most reset codes that are listed.
const RESETS_SHOWN: usize = 100;

/// Who is invited.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Login name.
    #[schema(example = "amina@plant.example")]
    pub email: String,
    /// Short login name for shared consoles.
    #[serde(default)]
    pub username: Option<String>,
    /// His name.
    pub name: String,
    /// What he will be.
    pub role: Role,
    /// Where he is called, with the country code.
    #[serde(default)]
    #[schema(example = "+21650000000")]
    pub phone: Option<String>,
    /// The language of what is written to him.
    #[serde(default)]
    pub language: Option<Language>,
    /// Key of his site; that of the administrator when absent.
    #[serde(default)]
    pub site: Option<String>,
    /// The sites that he will reach; when absent, all for an administrator and his own otherwise.
    #[serde(default)]
    pub sites: Option<Reach>,
}

/// What an administrator hands to a person, once.
pub struct Handed {
    /// Whose it is.
    pub account: Account,
    /// The code.
    pub secret: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it is on its way to him by e-mail.
    pub mailed: bool,
}

impl Auth {
    /// Makes an account without a password, and the link with which its user sets one. Whoever
    /// does it gives no more sites than `limit`.
    ///
    /// # Errors
    /// Every refused field; a login name that is taken; too many users.
    pub async fn invite(
        &self,
        new: Invitation,
        site: &str,
        limit: &Reach,
        actor: Actor,
    ) -> Result<Handed> {
        let mut checks = Checks::default();
        check_email(&mut checks, &new.email);
        check_username(&mut checks, new.username.as_deref());
        check_name(&mut checks, &new.name);
        let phone = new.phone.as_deref().and_then(plain_phone);
        check_phone(&mut checks, phone.as_deref());
        checks.finish()?;
        let now = self.clock.now();
        let record = UserRecord {
            id: UserId::new(),
            email: new.email.trim().to_lowercase(),
            username: new.username.map(|name| name.to_lowercase()),
            name: new.name.trim().to_owned(),
            role: new.role,
            site: site.to_owned(),
            sites: new.sites,
            password: String::new(),
            previous_passwords: Vec::new(),
            active: true,
            created_at: now,
            last_login: None,
            phone,
            language: new.language,
            devices: Vec::new(),
            two_factor: None,
        };
        refuse_sites(&record, limit)?;
        let _turn = self.changing.lock().await;
        if self.read().users.len() >= USERS_MAX {
            let sentence =
                format!("There are {USERS_MAX} users, which is as many as there can be.");
            return Err(Error::conflict(sentence));
        }
        self.refuse_taken_names(&record)?;
        let details = json!({ "email": record.email, "role": record.role, "site": record.site,
            "sites": record.reach() });
        self.hand_code(record, Purpose::Activate, "user.invite", details, actor)
            .await
    }

    /// A new link for somebody who was invited, in place of the one that he has.
    ///
    /// # Errors
    /// When there is no such user, or he has a password already.
    pub async fn invite_again(&self, id: UserId, actor: Actor) -> Result<Handed> {
        let _turn = self.changing.lock().await;
        let record = self.record(id)?;
        if !record.is_invited() {
            let sentence = "This user has a password already. Make a code to set a new one.";
            return Err(Error::conflict(sentence));
        }
        let action = "user.invite_again";
        self.hand_code(record, Purpose::Activate, action, json!({}), actor)
            .await
    }

    /// A one-time code with which a user sets a new password: an administrator prints it or reads
    /// it to him.
    ///
    /// # Errors
    /// When there is no such user, or he is deactivated or invited.
    pub async fn make_reset_code(&self, id: UserId, actor: Actor) -> Result<Handed> {
        let _turn = self.changing.lock().await;
        let record = self.record(id)?;
        if !record.active || record.is_invited() {
            let sentence = "This user has no password to set anew: activate or invite him first.";
            return Err(Error::conflict(sentence));
        }
        let action = "user.reset_code";
        self.hand_code(record, Purpose::Reset, action, json!({}), actor)
            .await
    }

    /// The reset codes of the last weeks with their users, newest first, at most 100.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn reset_codes(&self, reach: &Reach) -> Result<Vec<(ResetCode, String)>> {
        let codes = link::resets(&self.store.read()?)?;
        let known = self.read();
        let named = |code: ResetCode| {
            let user = known.users.get(&code.user)?;
            let his = reach.covers(&user.reach());
            his.then(|| (code, user.email.clone()))
        };
        Ok(codes
            .into_iter()
            .filter_map(named)
            .take(RESETS_SHOWN)
            .collect())
    }

    pub(super) async fn hand_code(
        &self,
        record: UserRecord,
        purpose: Purpose,
        action: &'static str,
        mut details: Value,
        actor: Actor,
    ) -> Result<Handed> {
        let code = MadeCode::new(record.id, purpose, self.clock.now())?;
        let (secret, expires_at) = (code.secret.clone(), code.expires_at);
        let mail = self.mail_of(&record, purpose, &secret);
        let wake = mail.as_ref().map(|(notify, _)| Arc::clone(notify));
        details["mailed"] = mail.is_some().into();
        let step = Step {
            record,
            ended: Vec::new(),
            action,
            details,
        };
        let account = self
            .commit(step, actor, move |transaction| {
                if let Some((notify, mail)) = mail {
                    notify.mail(transaction, mail)?;
                }
                code.put(transaction)
            })
            .await?;
        if let Some(notify) = &wake {
            notify.wake();
        }
        Ok(Handed {
            account,
            secret,
            expires_at,
            mailed: wake.is_some(),
        })
    }

    /// Sets the password of who shows a one-time code. His sessions end, his account is open.
    ///
    /// # Errors
    /// A code that does not work; a password that breaks the rule or was used before.
    pub async fn set_password_with_code(
        &self,
        secret: &str,
        purpose: Purpose,
        password: String,
        address: Option<String>,
    ) -> Result<Account> {
        let now = self.clock.now();
        let user = link::look_up(&self.store.read()?, secret, purpose, now)?;
        let hash = self.new_hash(user, "password", password).await?;
        let _turn = self.changing.lock().await;
        let mut record = self.record(user)?;
        if !record.active {
            let sentence = "This account is deactivated. Ask an administrator.";
            return Err(Error::new(ErrorKind::Forbidden, sentence));
        }
        record.set_password(hash);
        let actor = Actor {
            user: Some(record.id),
            name: record.email.clone(),
            address,
        };
        let step = Step {
            ended: self.sessions_of(record.id, None),
            record,
            action: match purpose {
                Purpose::Activate => "user.activate",
                Purpose::Reset => "user.reset_password",
            },
            details: json!({}),
        };
        let secret = secret.to_owned();
        let account = self
            .commit(step, actor, move |transaction| {
                link::use_up(transaction, &secret, purpose, now)
            })
            .await?;
        self.guard().unlock(user, now);
        Ok(account)
    }

    /// Sets the caller's own password. His other sessions end.
    ///
    /// # Errors
    /// A wrong current password; a new one that breaks the rule or was used before.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: String,
        password: String,
    ) -> Result<Account> {
        let id = caller.user.id;
        let wrong = || Error::invalid("current_password", "This is not your password.");
        let stored = self.record(id)?.password;
        self.require_password(caller, "current_password", current)
            .await?;
        let hash = self.new_hash(id, "password", password).await?;
        let _turn = self.changing.lock().await;
        let mut record = self.record(id)?;
        // Set anew while this one was hashed: the old password opens nothing any more.
        if record.password != stored {
            return Err(wrong());
        }
        record.set_password(hash);
        let ended = self.sessions_of(id, Some(caller.session));
        let step = Step {
            record,
            action: "user.change_password",
            details: json!({ "sessions_ended": ended.len() }),
            ended,
        };
        self.commit(step, caller.actor(), |_| Ok(())).await
    }

    /// Notes that somebody forgot his password, for an administrator to see. An unknown name is
    /// noted too, and answered in the same way.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn note_forgotten(&self, login: &str, address: Option<String>) -> Result<()> {
        let found = self
            .read()
            .users
            .values()
            .find(|u| u.answers_to(login))
            .map(|u| (u.id, u.reach()));
        let (found, reach) = found.unzip();
        let name: String = login
            .chars()
            .filter(|c| !c.is_control())
            .take(254)
            .collect();
        let now = self.clock.now();
        let actor = Actor {
            user: found,
            name,
            address,
        };
        let resource = found.map_or_else(|| "user".to_owned(), |id| format!("user/{id}"));
        self.store
            .write(move |transaction| {
                let details = json!({ "known": found.is_some() });
                let action = "auth.password_forgotten";
                let sites = reach.iter().flat_map(Reach::named);
                let object = audit::about(&resource).of_all(sites);
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await
    }

    /// Sets a user's password and ends his sessions: the way back in from the console.
    ///
    /// # Errors
    /// When there is no such user, the password breaks the rule or was used before.
    pub async fn reset_password(
        &self,
        login: &str,
        password: String,
        actor: Actor,
    ) -> Result<User> {
        let found = self
            .read()
            .users
            .values()
            .find(|u| u.answers_to(login))
            .map(|u| u.id);
        let id = found.ok_or_else(|| Error::not_found("user", login))?;
        let hash = self.new_hash(id, "password", password).await?;
        let _turn = self.changing.lock().await;
        let mut record = self.record(id)?;
        record.set_password(hash);
        record.active = true;
        let ended = self.sessions_of(id, None);
        let step = Step {
            record,
            action: "user.reset_password",
            details: json!({ "sessions_ended": ended.len() }),
            ended,
        };
        let account = self.commit(step, actor, |_| Ok(())).await?;
        self.guard().unlock(id, self.clock.now());
        Ok(account.user)
    }

    /// The hash of a new password, after the rule and the last five.
    async fn new_hash(&self, id: UserId, path: &str, password: String) -> Result<String> {
        let user = self.record(id)?;
        let login = user.username.as_deref().unwrap_or_default();
        password::check(path, &password, &[&user.email, &user.name, login])?;
        for old in user.last_passwords() {
            let used = self
                .passwords
                .verify(Asks::Known, password.clone(), Some(old));
            if used.await? {
                let sentence = "Do not use one of the last five again.";
                return Err(Error::invalid(path, sentence));
            }
        }
        self.passwords.hash(password).await
    }
}
