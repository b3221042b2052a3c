//! What administrators do: outlets, policies, what holds for all, and the log.

use super::known::General;
use super::letter::Letter;
use super::outbox::{self, LogFilter, LogPage};
use super::outlet::{Outlet, OutletChange, OutletKind, Settings};
use super::policy::{NewPolicy, Policy};
use super::service::{GENERAL, Notify, ONLY, OUTLETS, POLICIES, SECRETS};
use super::settings::Horn;
use crate::base::error::Checks;
use crate::base::{Error, ErrorKind, LetterId, PolicyId, Result, Timestamp};
use crate::modbus::{Endpoint, coil};
use crate::store::audit::{self, Actor};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Most policies: each is looked at for every alert.
const POLICIES_MAX: usize = 200;

/// The keys of the sites that who asks reaches; `None` when he reaches all of them.
pub type Within = Option<BTreeSet<String>>;

/// An outlet, and how it is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OutletShown {
    /// Which one.
    pub kind: OutletKind,
    /// Whether anything goes out of it.
    pub enabled: bool,
    /// Whether a password or token is kept; it is never shown.
    pub has_secret: bool,
    /// What it needs to know; `null` before anybody set it.
    pub settings: Option<Settings>,
    /// When this was last changed.
    pub updated_at: Option<Timestamp>,
    /// Letters that wait to go out of it.
    pub waiting: usize,
    /// When something last went out of it since the start.
    pub last_sent_at: Option<Timestamp>,
    /// When it last failed since the start.
    pub last_failed_at: Option<Timestamp>,
    /// What was said then.
    pub last_error: Option<String>,
}

impl Notify {
    /// Every outlet, also those that nobody set.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn outlets(&self) -> Result<Vec<OutletShown>> {
        let (known, view) = (self.known(), self.store.read()?);
        let shown = OutletKind::ALL.into_iter().map(|kind| {
            let outlet = known.outlets.get(&kind);
            let seen = self.board().get(&kind).cloned().unwrap_or_default();
            Ok(OutletShown {
                kind,
                enabled: outlet.is_some_and(|outlet| outlet.enabled),
                has_secret: outlet.is_some_and(|outlet| outlet.has_secret),
                settings: outlet.map(|outlet| outlet.settings.clone()),
                updated_at: outlet.map(|outlet| outlet.updated_at),
                waiting: outbox::waiting(&view, kind)?,
                last_sent_at: seen.sent_at,
                last_failed_at: seen.failed_at,
                last_error: seen.said,
            })
        });
        shown.collect()
    }

    /// One outlet.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn outlet(&self, kind: OutletKind) -> Result<OutletShown> {
        let mut all = self.outlets()?;
        all.retain(|outlet| outlet.kind == kind);
        all.pop()
            .ok_or_else(|| Error::not_found("outlet", kind.key()))
    }

    /// Sets an outlet.
    ///
    /// # Errors
    /// Every refused field; a disk that refuses, then everything stays.
    pub async fn change_outlet(
        &self,
        kind: OutletKind,
        change: OutletChange,
        actor: Actor,
    ) -> Result<OutletShown> {
        let _one = self.changing.lock().await;
        let (known, now) = (self.known(), self.clock.now());
        let old = known.outlets.get(&kind);
        let outlet = change.apply(kind, old, now)?;
        let details = audited(old, &outlet, change.secret.is_some());
        let (stored, secret) = (outlet.clone(), change.secret);
        self.store
            .write(move |transaction| {
                let key = kind.key().as_bytes();
                OUTLETS.put(transaction, key, &stored)?;
                match secret.as_deref() {
                    None => {}
                    Some("") => {
                        transaction.remove(SECRETS, key)?;
                    }
                    Some(secret) => transaction.put(SECRETS, key, secret.as_bytes())?,
                }
                outbox::hasten(transaction, kind, now)?;
                let resource = format!("notifications/{}", kind.key());
                let action = "notifications.outlet";
                audit::append(transaction, now, &actor, action, &resource, details)
            })
            .await?;
        self.reload()?;
        leave_silent(old, &outlet).await;
        self.wake();
        self.outlet(kind)
    }

    /// Who hears what at these sites; a policy for every site is among it.
    #[must_use]
    pub fn policies(&self, within: &Within) -> Vec<Policy> {
        let mut policies = self.known().policies.clone();
        policies.retain(|policy| is_his(&policy.rule, within) != Some(false));
        policies
    }

    /// Adds a policy.
    ///
    /// # Errors
    /// Every refused field, a site beyond those of who asks among them; when there are 200.
    pub async fn add_policy(
        &self,
        rule: NewPolicy,
        within: &Within,
        actor: Actor,
    ) -> Result<Policy> {
        let _one = self.changing.lock().await;
        refuse_other_sites(&rule, within)?;
        if self.known().policies.len() >= POLICIES_MAX {
            let sentence = "There are 200 policies already. Delete one that nobody needs.";
            return Err(Error::conflict(sentence));
        }
        self.keep_policy(None, rule, actor).await
    }

    /// Changes a policy, as a whole.
    ///
    /// # Errors
    /// When there is none at these sites; one for every site, when he does not reach all of them;
    /// every refused field.
    pub async fn change_policy(
        &self,
        id: PolicyId,
        rule: NewPolicy,
        within: &Within,
        actor: Actor,
    ) -> Result<Policy> {
        let _one = self.changing.lock().await;
        let old = self.policy(id, within)?;
        refuse_other_sites(&rule, within)?;
        self.keep_policy(Some(old), rule, actor).await
    }

    /// Deletes a policy; what is in the outbox goes out.
    ///
    /// # Errors
    /// When there is none at these sites; one for every site, when he does not reach all of them.
    pub async fn delete_policy(&self, id: PolicyId, within: &Within, actor: Actor) -> Result<()> {
        let _one = self.changing.lock().await;
        let old = self.policy(id, within)?;
        let now = self.clock.now();
        self.store
            .write(move |transaction| {
                POLICIES.remove(transaction, id.as_bytes())?;
                let resource = format!("notification-policy/{id}");
                let (action, details) = ("notifications.policy_delete", json!(old.rule));
                let object = audit::about(&resource).of_all(&old.rule.site);
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await?;
        self.reload()
    }

    /// A policy that who asks may change.
    fn policy(&self, id: PolicyId, within: &Within) -> Result<Policy> {
        let known = self.known();
        let found = known.policies.iter().find(|policy| policy.id == id);
        let found = found.filter(|policy| is_his(&policy.rule, within) != Some(false));
        let found = found.ok_or_else(|| Error::not_found("policy", id))?;
        if is_his(&found.rule, within).is_none() {
            let sentence = "This policy holds at every site: only who reaches all of them may \
                            change it.";
            return Err(Error::new(ErrorKind::Forbidden, sentence));
        }
        Ok(found.clone())
    }

    async fn keep_policy(
        &self,
        old: Option<Policy>,
        mut rule: NewPolicy,
        actor: Actor,
    ) -> Result<Policy> {
        rule.name = rule.name.trim().to_owned();
        let is_role = |role: &str| self.people().is_some_and(|people| people.is_role(role));
        rule.check(&is_role)?;
        if let Some(site) = rule
            .site
            .as_deref()
            .filter(|s| self.sites.by_key(s).is_none())
        {
            return Err(Error::invalid("site", format!("There is no site {site}.")));
        }
        self.refuse_strangers(&rule)?;
        let now = self.clock.now();
        let policy = Policy {
            id: old.as_ref().map_or_else(PolicyId::new, |old| old.id),
            rule,
            updated_at: now,
        };
        let (action, details) = match &old {
            None => ("notifications.policy_add", json!(policy.rule)),
            Some(old) => (
                "notifications.policy_update",
                audit::changed_fields(&old.rule, &policy.rule),
            ),
        };
        let (stored, before) = (policy.clone(), old.map(|old| old.rule.site));
        self.store
            .write(move |transaction| {
                POLICIES.put(transaction, stored.id.as_bytes(), &stored)?;
                let resource = format!("notification-policy/{}", stored.id);
                // One that holds or held at every site is of the whole appliance.
                let sites = before.iter().chain([&stored.rule.site]);
                let sites: Option<Vec<&String>> = sites.map(Option::as_ref).collect();
                let object = audit::about(&resource).of_all(sites.unwrap_or_default());
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await?;
        self.reload()?;
        Ok(policy)
    }

    /// Refuses people and equipment that are not there: a policy for nobody is found out too late.
    fn refuse_strangers(&self, rule: &NewPolicy) -> Result<()> {
        let Some(people) = self.people() else {
            return Ok(());
        };
        let mut checks = Checks::default();
        let there = |id| people.has_equipment(id, rule.site.as_deref());
        let sentence = "There is no such equipment at this site.";
        checks.require(
            rule.equipment_id.is_none_or(there),
            "equipment_id",
            sentence,
        );
        for (path, recipient) in rule.everybody() {
            let there = |user| people.person(user).is_some();
            let path = format!("{path}.user_id");
            let sentence = "There is no such user, or he may not sign in.";
            checks.require(recipient.user_id.is_none_or(there), &path, sentence);
        }
        checks.finish()
    }

    /// What holds for all notifications.
    #[must_use]
    pub fn general(&self) -> General {
        self.known().general.clone()
    }

    /// Changes what holds for all notifications.
    ///
    /// # Errors
    /// Every refused field.
    pub async fn change_general(&self, general: General, actor: Actor) -> Result<General> {
        let _one = self.changing.lock().await;
        general.check()?;
        let (now, stored) = (self.clock.now(), general.clone());
        let details = audit::changed_fields(&self.general(), &general);
        self.store
            .write(move |transaction| {
                GENERAL.put(transaction, ONLY, &stored)?;
                let (action, resource) = ("notifications.settings", "notifications");
                audit::append(transaction, now, &actor, action, resource, details)
            })
            .await?;
        self.reload()?;
        Ok(general)
    }

    /// A page of the log, newest first.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn log(
        &self,
        filter: &LogFilter,
        cursor: Option<LetterId>,
        limit: usize,
    ) -> Result<LogPage> {
        outbox::page(&self.store.read()?, filter, cursor, limit)
    }

    /// Queues a letter anew that was refused or given up.
    ///
    /// # Errors
    /// When there is none about these sites, or it is not one that can be tried again.
    pub async fn retry(&self, id: LetterId, within: Within, actor: Actor) -> Result<Letter> {
        let now = self.clock.now();
        let letter = self
            .store
            .write(move |transaction| {
                let letter = outbox::get(transaction, id)?;
                let letter = letter.filter(|letter| letter.is_within(within.as_ref()));
                let letter = letter.ok_or_else(|| Error::not_found("letter", id))?;
                if !letter.can_be_tried_again() {
                    let sentence = "Only a letter that was refused or given up is tried again.";
                    return Err(Error::conflict(sentence));
                }
                let letter = letter.again(now);
                outbox::put(transaction, &letter)?;
                let resource = format!("notification/{id}");
                let (action, details) = ("notifications.retry", json!({ "to": letter.to }));
                let site = letter.occasion.as_ref().map(|occasion| &occasion.site);
                let object = audit::about(&resource).of_all(site);
                audit::append(transaction, now, &actor, action, object, details)?;
                Ok(letter.shown())
            })
            .await?;
        self.wake();
        Ok(letter)
    }
}

/// Whether a policy is of the sites of who asks; `None` when it holds there and elsewhere.
fn is_his(rule: &NewPolicy, within: &Within) -> Option<bool> {
    match (within, &rule.site) {
        (None, _) => Some(true),
        (Some(_), None) => None,
        (Some(his), Some(site)) => Some(his.contains(site)),
    }
}

/// Nobody says who hears what at a site that he does not reach.
fn refuse_other_sites(rule: &NewPolicy, within: &Within) -> Result<()> {
    let sentence = match (is_his(rule, within), &rule.site) {
        (None, _) => {
            "Choose one of your sites: only who reaches all of them may say what holds at every \
             site."
                .to_owned()
        }
        (Some(false), Some(site)) => format!("There is no site {site}."),
        _ => return Ok(()),
    };
    Err(Error::invalid("site", sentence))
}

/// A horn that was switched off in the settings, or moved, must not go on for ever.
async fn leave_silent(old: Option<&Outlet>, new: &Outlet) {
    let Some(Settings::Horn(horn)) = old.filter(|old| old.enabled).map(|old| &old.settings) else {
        return;
    };
    let coil_of = |horn: &Horn| (horn.host.clone(), horn.port, horn.unit, horn.coil);
    let same = matches!(&new.settings, Settings::Horn(new) if coil_of(new) == coil_of(horn));
    if new.enabled && same {
        return;
    }
    let endpoint = Endpoint::tcp(&horn.host, horn.port);
    if let Err(error) = coil::switch(&endpoint, horn.unit, horn.coil, false).await {
        tracing::warn!(%error, "a horn that is no longer used could not be switched off");
    }
}

/// What of a change belongs in the audit log: no certificate, no secret.
fn audited(old: Option<&Outlet>, new: &Outlet, secret: bool) -> Value {
    let open = |outlet: &Outlet| {
        let mut settings = json!(outlet.settings);
        if let Some(map) = settings.as_object_mut() {
            map.remove("ca_pem");
        }
        json!({ "enabled": outlet.enabled, "settings": settings })
    };
    let before = old.map_or_else(|| json!({}), open);
    let mut details = audit::changed_fields(&before, &open(new));
    details["secret_changed"] = secret.into();
    details
}
