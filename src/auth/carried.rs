//! Users as a file carries them: who they are and what they may do, and nothing that lets anybody in.

use super::user::{check_email, check_name, check_phone, check_username, plain_phone};
use super::{Reach, Role, SESSIONS, USERS, UserRecord};
use crate::base::error::Checks;
use crate::base::{Error, Result, Timestamp, UserId};
use crate::notify::Language;
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A user as a file carries him. He is found again by his e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedUser {
    /// Login name.
    pub email: String,
    /// Short login name.
    pub username: Option<String>,
    /// His name.
    pub name: String,
    /// His role.
    pub role: Role,
    /// Key of his site.
    pub site: String,
    /// The sites that he reaches, when somebody said.
    pub sites: Option<Reach>,
    /// Where he is called.
    pub phone: Option<String>,
    /// The language of what is written to him.
    pub language: Option<Language>,
    /// Whether he may sign in.
    pub active: bool,
}

impl CarriedUser {
    fn of(record: &UserRecord) -> Self {
        Self {
            email: record.email.clone(),
            username: record.username.clone(),
            name: record.name.clone(),
            role: record.role,
            site: record.site.clone(),
            sites: record.sites.clone(),
            phone: record.phone.clone(),
            language: record.language,
            active: record.active,
        }
    }

    fn checked(self, sites: &BTreeSet<String>) -> Result<Self> {
        let mut checks = Checks::default();
        check_email(&mut checks, &self.email);
        check_username(&mut checks, self.username.as_deref());
        check_name(&mut checks, &self.name);
        let phone = self.phone.as_deref().and_then(plain_phone);
        check_phone(&mut checks, phone.as_deref());
        checks.require(sites.contains(&self.site), "site", "There is no such site.");
        let named = self.sites.iter().flat_map(Reach::named);
        let known = named.into_iter().all(|site| sites.contains(site));
        checks.require(known, "sites", "There is no such site.");
        let own = self.sites.as_ref().is_none_or(|to| to.sees(&self.site));
        checks.require(own, "sites", "His own site must be among them.");
        checks.finish()?;
        Ok(Self {
            email: self.email.trim().to_lowercase(),
            username: self.username.map(|name| name.to_lowercase()),
            name: self.name.trim().to_owned(),
            phone,
            ..self
        })
    }

    /// The record of somebody who has no password yet: an administrator sends him a link.
    fn invited(self, now: Timestamp) -> UserRecord {
        UserRecord {
            id: UserId::new(),
            email: self.email,
            username: self.username,
            name: self.name,
            role: self.role,
            site: self.site,
            sites: self.sites,
            password: String::new(),
            previous_passwords: Vec::new(),
            active: self.active,
            created_at: now,
            last_login: None,
            phone: self.phone,
            language: self.language,
            devices: Vec::new(),
            two_factor: None,
        }
    }

    /// Says this of a user who is there; what lets him in stays.
    fn said_of(self, known: &UserRecord) -> UserRecord {
        UserRecord {
            email: self.email,
            username: self.username,
            name: self.name,
            role: self.role,
            site: self.site,
            sites: self.sites,
            active: self.active,
            phone: self.phone,
            language: self.language,
            ..known.clone()
        }
    }
}

/// The users, by e-mail address.
///
/// # Errors
/// When the data file cannot be read.
pub fn carried_users(view: &impl View) -> Result<Vec<CarriedUser>> {
    let mut users: Vec<_> = USERS.all(view)?.iter().map(CarriedUser::of).collect();
    users.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(users)
}

/// Takes users over in the caller's transaction: who is there is said anew, who is not is added
/// without a password. When anything changes every session ends. How many were added and changed.
///
/// # Errors
/// Every refused field, by the number of the user; a name that two have; no administrator who could
/// sign in; a disk that refuses.
pub fn take_users_over(
    transaction: &Transaction<'_>,
    users: Vec<CarriedUser>,
    sites: &BTreeSet<String>,
    (actor, now): (&Actor, Timestamp),
) -> Result<(usize, usize)> {
    let mut all = USERS.all(transaction)?;
    let (mut checks, mut added, mut changed) = (Checks::default(), 0, 0);
    for (number, user) in users.into_iter().enumerate() {
        let Some(user) = checks.merge(&format!("{number}."), user.checked(sites))? else {
            continue;
        };
        let known = all.iter().position(|record| record.email == user.email);
        let names = [Some(&user.email), user.username.as_ref()];
        let mut others = (all.iter().enumerate()).filter(|(at, _)| Some(*at) != known);
        let taken = |name: &String| others.any(|(_, other)| other.answers_to(name));
        if names.into_iter().flatten().any(taken) {
            let sentence = "Another user has this name already.";
            checks.refuse(&format!("{number}.username"), sentence);
            continue;
        }
        let (record, action, details) = match known {
            Some(at) if CarriedUser::of(&all[at]) == user => continue,
            Some(at) => {
                let details = audit::changed_fields(&CarriedUser::of(&all[at]), &user);
                all[at] = user.said_of(&all[at]);
                changed += 1;
                (all[at].clone(), "user.update", details)
            }
            None => {
                let details = serde_json::json!({ "email": user.email, "role": user.role });
                let record = user.invited(now);
                all.push(record.clone());
                added += 1;
                (record, "user.invite", details)
            }
        };
        USERS.put(transaction, record.id.as_bytes(), &record)?;
        let resource = format!("user/{}", record.id);
        let object = audit::about(&resource).of_all(record.reach().named());
        audit::append(transaction, now, actor, action, object, details)?;
    }
    checks.finish()?;
    let may_enter = |user: &UserRecord| user.role == Role::Admin && user.active;
    if !all.iter().any(|user| may_enter(user) && !user.is_invited()) {
        return Err(Error::conflict(
            "Nobody could administer the appliance afterwards. Set it up first, and leave one \
             administrator of its own as he is.",
        ));
    }
    if all.len() > super::credentials::USERS_MAX {
        return Err(Error::conflict("There would be more than 500 users."));
    }
    if added + changed > 0 {
        transaction.drop_table(SESSIONS.name())?;
    }
    Ok((added, changed))
}
