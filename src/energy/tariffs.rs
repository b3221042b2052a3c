//! The stored tariffs of the sites: each with its versions, of which none is ever overwritten.

use super::beats::Beats;
use super::cost::Pricing;
use super::tariff::Rules;
use crate::base::error::Checks;
use crate::base::time::{Calendar, parse_date};
use crate::base::{Clock, Error, Result, TariffId, Timestamp};
use crate::site::Site;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError, RwLock};
use utoipa::ToSchema;

pub(super) const TARIFFS: Table<Tariff> = Table::new("energy_tariff", 1);
/// Most tariffs of an appliance, and most versions of one: decades of contracts.
pub(super) const TARIFFS_MAX: usize = 200;
const VERSIONS_MAX: usize = 200;

/// A tariff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tariff {
    /// Its id.
    pub id: TariffId,
    /// Key of the site.
    pub site: String,
    /// Its name.
    pub name: String,
    /// Whether the site buys by it. Of several, the one whose version began last decides.
    pub in_use: bool,
    /// Its versions in the order in which they were entered.
    pub versions: Vec<Version>,
    /// Counts the changes.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// A version of a tariff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// Its first day on the clock of the site.
    #[schema(example = "2026-01-01")]
    pub valid_from: String,
    /// Its last day; open when absent.
    pub valid_to: Option<String>,
    /// Where the rules come from: a tariff sheet, a contract.
    pub source: String,
    /// The rules.
    pub rules: Rules,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// By whom.
    pub entered_by: String,
}

/// A version as it is entered.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    /// Its first day on the clock of the site.
    #[schema(example = "2026-01-01")]
    pub valid_from: String,
    /// Its last day; open when absent.
    #[serde(default)]
    pub valid_to: Option<String>,
    /// Where the rules come from.
    #[serde(default)]
    pub source: String,
    /// The rules.
    pub rules: Rules,
}

/// A new tariff.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTariff {
    /// Its name.
    pub name: String,
    /// Whether the site buys by it.
    #[serde(default)]
    pub in_use: bool,
    /// Its first version.
    pub version: NewVersion,
}

/// A change of a tariff: what is absent stays. Rules change by a new version only.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TariffChange {
    /// The revision that was looked at.
    pub revision: u64,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether the site buys by it.
    #[serde(default)]
    pub in_use: Option<bool>,
    /// A new version. Where two hold, the one that begins later decides, of two that begin on the
    /// same day the one that was entered later.
    #[serde(default)]
    pub version: Option<NewVersion>,
}

impl Tariff {
    /// The version that holds on a day.
    #[must_use]
    pub fn on(&self, date: &str) -> Option<&Version> {
        let holds = |version: &&Version| {
            let ended = version.valid_to.as_deref().is_some_and(|last| last < date);
            version.valid_from.as_str() <= date && !ended
        };
        let held = self.versions.iter().filter(holds);
        held.max_by_key(|version| (version.valid_from.as_str(), version.number))
    }

    /// The same, and on days before the first version that one: what a tariff would have asked for
    /// a past that it did not know.
    #[must_use]
    pub fn on_as_if(&self, date: &str) -> Option<&Version> {
        let first = self.versions.iter();
        let first = first.min_by_key(|version| (version.valid_from.as_str(), version.number));
        let before = first.filter(|version| date < version.valid_from.as_str());
        before.or_else(|| self.on(date))
    }

    pub(super) fn add(
        &mut self,
        new: NewVersion,
        entered_at: Timestamp,
        entered_by: &str,
    ) -> Result<()> {
        let mut checks = Checks::default();
        let from = checks.merge("version.", parse_date("valid_from", &new.valid_from))?;
        if let Some(last) = &new.valid_to {
            let to = checks.merge("version.", parse_date("valid_to", last))?;
            let ordered = from.zip(to).is_none_or(|(from, to)| from <= to);
            let sentence = "The last day is not before the first.";
            checks.require(ordered, "version.valid_to", sentence);
        }
        let fits = new.source.chars().count() <= 500;
        checks.require(fits, "version.source", "At most 500 characters.");
        checks.merge("version.rules.", new.rules.check())?;
        let fits = self.versions.len() < VERSIONS_MAX;
        checks.require(fits, "version", "A tariff has 200 versions at most.");
        checks.finish()?;
        let number = self.versions.iter().map(|v| v.number).max().unwrap_or(0) + 1;
        self.versions.push(Version {
            number,
            valid_from: new.valid_from,
            valid_to: new.valid_to,
            source: new.source.trim().to_owned(),
            rules: new.rules,
            entered_at,
            entered_by: entered_by.to_owned(),
        });
        Ok(())
    }
}

/// The tariffs of this appliance.
pub struct Tariffs {
    /// What the demand windows follow that they charge for.
    pub beats: Beats,
    store: Store,
    clock: Arc<dyn Clock>,
    known: RwLock<Arc<Vec<Tariff>>>,
}

impl Tariffs {
    /// Reads the tariffs.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>) -> Result<Self> {
        let known = TARIFFS.all(&store.read()?)?;
        Ok(Self {
            beats: Beats::open(store)?,
            store: store.clone(),
            clock,
            known: RwLock::new(Arc::new(known)),
        })
    }

    fn known(&self) -> Arc<Vec<Tariff>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The tariffs of a site by name.
    #[must_use]
    pub fn of(&self, site: &str) -> Vec<Tariff> {
        let known = self.known();
        let mut own: Vec<_> = known.iter().filter(|t| t.site == site).cloned().collect();
        own.sort_by_key(|tariff| (tariff.name.to_lowercase(), tariff.id));
        own
    }

    /// A tariff of a site.
    ///
    /// # Errors
    /// When there is none there.
    pub fn get(&self, site: &str, id: TariffId) -> Result<Tariff> {
        let known = self.known();
        let found = known.iter().find(|t| t.id == id && t.site == site);
        found.cloned().ok_or_else(|| Error::not_found("tariff", id))
    }

    /// The version by which a site buys on a day.
    #[must_use]
    pub fn in_force(&self, site: &str, date: &str) -> Option<(TariffId, Version)> {
        let known = self.known();
        let used = known.iter().filter(|t| t.site == site && t.in_use);
        let held = used.filter_map(|t| Some((t.id, t.on(date)?)));
        let last = held.max_by_key(|(id, version)| (version.valid_from.as_str(), *id));
        last.map(|(id, version)| (id, version.clone()))
    }

    /// The version by which a site buys at a moment.
    #[must_use]
    pub fn at(&self, site: &str, at: Timestamp, calendar: &Calendar) -> Option<Version> {
        self.in_force(site, &calendar.date(at))
            .map(|(_, version)| version)
    }

    /// Length of the demand windows of a site, minutes; a quarter of an hour where no tariff holds.
    #[must_use]
    pub fn window_minutes_at(&self, site: &Site, at: Timestamp) -> u32 {
        let version = self.at(&site.key, at, &site.calendar());
        version.map_or(15, |version| version.rules.window_minutes)
    }

    /// What the next kWh costs a site by its tariff, with levies and taxes.
    #[must_use]
    pub fn price_at(&self, site: &str, at: Timestamp, calendar: &Calendar) -> Option<Decimal> {
        let version = self.at(site, at, calendar)?;
        let price = Pricing::new(&version.rules, calendar).price_at(at);
        price.map(|(_, price)| price)
    }

    /// Makes a tariff.
    ///
    /// # Errors
    /// Every refused field; too many tariffs; a disk that refuses.
    pub async fn create(&self, new: NewTariff, site: &str, actor: Actor) -> Result<Tariff> {
        let now = self.clock.now();
        let mut tariff = Tariff {
            id: TariffId::new(),
            site: site.to_owned(),
            name: checked_name(&new.name)?,
            in_use: new.in_use,
            versions: Vec::new(),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        tariff.add(new.version, now, &actor.name)?;
        let stored = tariff.clone();
        self.write(move |transaction| {
            if TARIFFS.all(transaction)?.len() >= TARIFFS_MAX {
                let sentence = format!("The appliance holds {TARIFFS_MAX} tariffs at most.");
                return Err(Error::conflict(sentence));
            }
            let details = serde_json::json!({ "tariff": stored });
            put(transaction, &stored, ("tariff.create", &actor), details)
        })
        .await?;
        Ok(tariff)
    }

    /// Changes a tariff: its name, whether it is in use, or by a new version.
    ///
    /// # Errors
    /// When there is none there; somebody was quicker; every refused field; a disk that refuses.
    pub async fn change(
        &self,
        site: &str,
        id: TariffId,
        change: TariffChange,
        actor: Actor,
    ) -> Result<Tariff> {
        let now = self.clock.now();
        let before = self.get(site, id)?;
        let mut tariff = before.clone();
        if let Some(name) = &change.name {
            tariff.name = checked_name(name)?;
        }
        tariff.in_use = change.in_use.unwrap_or(tariff.in_use);
        let action = match change.version {
            Some(version) => {
                tariff.add(version, now, &actor.name)?;
                "tariff.version"
            }
            None => "tariff.use",
        };
        tariff.revision += 1;
        tariff.updated_at = now;
        let stored = tariff.clone();
        self.write(move |transaction| {
            let current = TARIFFS.get(transaction, id.as_bytes())?;
            let current = current.ok_or_else(|| Error::not_found("tariff", id))?;
            if current.revision != change.revision || current != before {
                let sentence = "Somebody changed the tariff in the meantime. Look at it again, \
                                then make your change.";
                return Err(Error::conflict(sentence));
            }
            let details = audit::changed_fields(&before, &stored);
            put(transaction, &stored, (action, &actor), details)
        })
        .await?;
        Ok(tariff)
    }

    /// Deletes a tariff by which nobody buys.
    ///
    /// # Errors
    /// When there is none there; it is in use; a disk that refuses.
    pub async fn delete(&self, site: &str, id: TariffId, actor: Actor) -> Result<()> {
        let now = self.clock.now();
        self.get(site, id)?;
        self.write(move |transaction| {
            let current = TARIFFS.get(transaction, id.as_bytes())?;
            let current = current.ok_or_else(|| Error::not_found("tariff", id))?;
            if current.in_use {
                let sentence = "The site buys by this tariff. Take it out of use first.";
                return Err(Error::conflict(sentence));
            }
            TARIFFS.remove(transaction, id.as_bytes())?;
            let details = serde_json::json!({ "tariff": current });
            let resource = format!("tariff/{id}");
            audit::append(
                transaction,
                now,
                &actor,
                "tariff.delete",
                audit::about(&resource).of(&current.site),
                details,
            )
        })
        .await
    }

    async fn write(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.store.write(work).await?;
        let known = TARIFFS.all(&self.store.read()?)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }
}

pub(super) fn put(
    transaction: &Transaction<'_>,
    tariff: &Tariff,
    (action, actor): (&str, &Actor),
    details: serde_json::Value,
) -> Result<()> {
    TARIFFS.put(transaction, tariff.id.as_bytes(), tariff)?;
    let (at, resource) = (tariff.updated_at, format!("tariff/{}", tariff.id));
    let object = audit::about(&resource).of(&tariff.site);
    audit::append(transaction, at, actor, action, object, details)
}

pub(super) fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let fits = (1..=120).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    match fits {
        true => Ok(name.to_owned()),
        false => Err(Error::invalid("name", "A name of 1 to 120 characters.")),
    }
}
