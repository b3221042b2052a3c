//! Sites: a plant with its name, time zone and currency.
//!
//! Promises: a site's time zone and currency are always valid ones. Will not do: know what is
//! measured there.

mod carried;
mod logo;
mod wishes;

pub use carried::{CarriedLogo, carried_logos, take_logos_over};
pub use logo::{LOGO_MAX, Logo};
pub use wishes::{DemandPulse, PageLanguage, PageTheme, SiteWishes};

use crate::base::error::Checks;
use crate::base::time::Calendar;
use crate::base::{Clock, Error, Result, SiteId, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction, View};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use utoipa::ToSchema;

const SITES: Table<Site> = Table::new("site", 1);
/// Key of the first site unless set-up names another.
const FIRST_KEY: &str = "site_a";
/// Plants of its own that one appliance measures at most.
const PLANTS_MAX: usize = 100;
/// Customers of one appliance at most; each may have a site of his own, which says who sees what is
/// his.
pub const CUSTOMERS_MAX: usize = 500;
/// Most sites of one appliance: its plants, and one for each customer.
pub const SITES_MAX: usize = PLANTS_MAX + CUSTOMERS_MAX;

/// A plant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its short name in addresses and channels: `site_a`.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// IANA time zone: days, weeks, months and bills follow it.
    #[schema(example = "Africa/Tunis")]
    pub time_zone: String,
    /// ISO 4217 code.
    #[schema(example = "TND")]
    pub currency: String,
    /// Flat price of a kilowatt-hour in the currency; `null` when no price is known.
    #[schema(value_type = Option<String>, example = "0.291")]
    pub price_per_kwh: Option<Decimal>,
    /// What is wanted there beyond that; records of earlier versions have nothing.
    #[serde(default)]
    pub wishes: SiteWishes,
    /// Hash of its logo, which stands on its reports; `null` when it has none.
    #[serde(default)]
    pub logo: Option<String>,
    /// When it was set up.
    pub created_at: Timestamp,
}

/// What a person says of a new site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    /// Name for people.
    pub name: String,
    /// Short name; `site_a` when absent.
    pub key: Option<String>,
    /// IANA time zone.
    pub time_zone: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Flat price of a kilowatt-hour, as a decimal string.
    #[schema(value_type = Option<String>)]
    pub price_per_kwh: Option<Decimal>,
    /// What is wanted there beyond that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wishes: Option<SiteWishes>,
}

/// A change of a site: what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteChange {
    /// Name for people.
    pub name: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Flat price of a kilowatt-hour, as a decimal string.
    #[schema(value_type = Option<String>)]
    pub price_per_kwh: Option<Decimal>,
    /// What is wanted there, all of it anew: what is left out of it is wanted no more.
    pub wishes: Option<SiteWishes>,
}

impl Site {
    /// A new site from checked input.
    ///
    /// # Errors
    /// Every refused field.
    pub fn new(input: NewSite, now: Timestamp) -> Result<Self> {
        let site = Self {
            id: SiteId::new(),
            key: input.key.unwrap_or_else(|| FIRST_KEY.to_owned()),
            name: input.name.trim().to_owned(),
            time_zone: input.time_zone,
            currency: input.currency.to_ascii_uppercase(),
            price_per_kwh: input.price_per_kwh,
            wishes: input.wishes.unwrap_or_default(),
            logo: None,
            created_at: now,
        };
        site.check()?;
        Ok(site)
    }

    /// What would have to be said to make it again.
    #[must_use]
    pub fn said(&self) -> NewSite {
        NewSite {
            name: self.name.clone(),
            key: Some(self.key.clone()),
            time_zone: self.time_zone.clone(),
            currency: self.currency.clone(),
            price_per_kwh: self.price_per_kwh,
            wishes: Some(self.wishes.clone()).filter(|wishes| *wishes != SiteWishes::default()),
        }
    }

    /// The site's calendar.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        // Checked when it was stored; UTC would only follow a zone that the list has dropped.
        Calendar::new(&self.time_zone).unwrap_or_else(|_| Calendar::utc())
    }

    fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let length = self.name.chars().count();
        checks.require(
            (1..=120).contains(&length),
            "name",
            "A name of 1 to 120 characters.",
        );
        let key_is_word = (1..=40).contains(&self.key.len())
            && self
                .key
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        checks.require(key_is_word, "key", "1 to 40 characters of a-z, 0-9 and _.");
        checks.merge("", Calendar::new(&self.time_zone).map(|_| ()))?;
        let is_code =
            self.currency.len() == 3 && self.currency.bytes().all(|b| b.is_ascii_uppercase());
        checks.require(
            is_code,
            "currency",
            "The three letters of ISO 4217, such as EUR.",
        );
        let price_holds = self
            .price_per_kwh
            .is_none_or(|price| (Decimal::ZERO..=Decimal::from(1_000_000)).contains(&price));
        checks.require(price_holds, "price_per_kwh", "A price from 0 to 1000000.");
        self.wishes.check(&mut checks);
        checks.finish()
    }
}

/// The sites as a file carries them, by their keys.
///
/// # Errors
/// When the data file cannot be read.
pub fn carried_sites(view: &impl View) -> Result<Vec<NewSite>> {
    let mut sites: Vec<_> = SITES.all(view)?.iter().map(Site::said).collect();
    sites.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(sites)
}

/// What became of the sites that a file names, by their keys.
#[derive(Debug, Default)]
pub struct SitesTaken {
    /// All that there are afterwards.
    pub keys: BTreeSet<String>,
    /// Those that are new.
    pub added: BTreeSet<String>,
    /// Those that were otherwise before.
    pub changed: BTreeSet<String>,
}

/// Takes sites over in the caller's transaction: those of a known key are said anew, and keep their
/// logo.
///
/// # Errors
/// Every refused field, by the number of the site; too many sites; a disk that refuses.
pub fn take_sites_over(
    transaction: &Transaction<'_>,
    sites: Vec<NewSite>,
    (actor, now): (&Actor, Timestamp),
) -> Result<SitesTaken> {
    let stored = SITES.all(transaction)?;
    let mut all: BTreeMap<_, _> = stored.into_iter().map(|s| (s.key.clone(), s)).collect();
    let (mut checks, mut taken) = (Checks::default(), SitesTaken::default());
    for (number, said) in sites.into_iter().enumerate() {
        let Some(new) = checks.merge(&format!("{number}."), Site::new(said, now))? else {
            continue;
        };
        let (site, action, details) = match all.get(&new.key) {
            Some(old) if old.said() == new.said() => continue,
            Some(old) => {
                taken.changed.insert(new.key.clone());
                let site = Site {
                    id: old.id,
                    logo: old.logo.clone(),
                    created_at: old.created_at,
                    ..new
                };
                let details = audit::changed_fields(old, &site);
                (site, "site.update", details)
            }
            None => {
                taken.added.insert(new.key.clone());
                let details = serde_json::to_value(new.said()).unwrap_or_default();
                (new, "site.create", details)
            }
        };
        SITES.put(transaction, site.id.as_bytes(), &site)?;
        let resource = format!("site/{}", site.id);
        let object = audit::about(&resource).of(&site.key);
        audit::append(transaction, now, actor, action, object, details)?;
        all.insert(site.key.clone(), site);
    }
    checks.finish()?;
    if all.len() > SITES_MAX {
        return Err(full());
    }
    taken.keys = all.into_keys().collect();
    Ok(taken)
}

fn full() -> Error {
    Error::conflict(format!(
        "There are {SITES_MAX} sites, which is as many as there can be."
    ))
}

/// The sites of this appliance.
pub struct Sites {
    store: Store,
    clock: Arc<dyn Clock>,
    known: RwLock<Vec<Site>>,
}

impl Sites {
    /// Reads the sites.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>) -> Result<Self> {
        let known = SITES.all(&store.read()?)?;
        Ok(Self {
            store: store.clone(),
            clock,
            known: RwLock::new(known),
        })
    }

    /// All sites.
    #[must_use]
    pub fn all(&self) -> Vec<Site> {
        self.read().clone()
    }

    /// The site that is meant when none is named; `None` before set-up.
    #[must_use]
    pub fn first(&self) -> Option<Site> {
        self.read().first().cloned()
    }

    /// The site with this key.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<Site> {
        self.read().iter().find(|site| site.key == key).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Site>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a new site in the caller's transaction; call [`Sites::reload`] after the commit.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create_in(transaction: &Transaction<'_>, site: &Site) -> Result<()> {
        SITES.put(transaction, site.id.as_bytes(), site)
    }

    /// Reads the sites again.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn reload(&self) -> Result<()> {
        let known = SITES.all(&self.store.read()?)?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// Sets a further site up.
    ///
    /// # Errors
    /// Every refused field; a short name that is taken; too many sites; a disk that refuses.
    pub async fn add(&self, input: NewSite, actor: Actor) -> Result<Site> {
        let site = self.drafted(input)?;
        let stored = site.clone();
        let write = self
            .store
            .write(move |transaction| Self::add_in(transaction, &stored, &actor));
        write.await?;
        self.reload()?;
        Ok(site)
    }

    /// A further site that would be set up of this; nothing is stored.
    ///
    /// # Errors
    /// Every refused field.
    pub fn drafted(&self, input: NewSite) -> Result<Site> {
        if input.key.is_none() && self.first().is_some() {
            let sentence = "Give it a short name of its own, such as site_b.";
            return Err(Error::invalid("key", sentence));
        }
        Site::new(input, self.clock.now())
    }

    /// Sets a drafted site up in the caller's transaction; call [`Sites::reload`] after the commit.
    ///
    /// # Errors
    /// A short name that is taken; too many sites; a disk that refuses.
    pub fn add_in(transaction: &Transaction<'_>, site: &Site, actor: &Actor) -> Result<()> {
        let known = SITES.all(transaction)?;
        if known.len() >= SITES_MAX {
            return Err(full());
        }
        if known.iter().any(|other| other.key == site.key) {
            let sentence = format!("There is a site {} already.", site.key);
            return Err(Error::conflict(sentence));
        }
        SITES.put(transaction, site.id.as_bytes(), site)?;
        let (now, resource) = (site.created_at, format!("site/{}", site.id));
        let details = serde_json::json!({ "key": site.key, "name": site.name,
            "time_zone": site.time_zone, "currency": site.currency });
        let object = audit::about(&resource).of(&site.key);
        audit::append(transaction, now, actor, "site.create", object, details)
    }

    /// Changes a site.
    ///
    /// # Errors
    /// When there is none, a field is refused, or the disk refuses.
    pub async fn change(&self, id: SiteId, change: SiteChange, actor: Actor) -> Result<Site> {
        let now = self.clock.now();
        let site = self
            .store
            .write(move |transaction| {
                let mut site = SITES
                    .get(transaction, id.as_bytes())?
                    .ok_or_else(|| Error::not_found("site", id))?;
                let before = site.clone();
                site.name = change.name.map_or(site.name, |name| name.trim().to_owned());
                site.time_zone = change.time_zone.unwrap_or(site.time_zone);
                site.currency = change
                    .currency
                    .map_or(site.currency, |c| c.to_ascii_uppercase());
                site.price_per_kwh = change.price_per_kwh.or(site.price_per_kwh);
                site.wishes = change.wishes.unwrap_or(site.wishes);
                site.check()?;
                SITES.put(transaction, id.as_bytes(), &site)?;
                let details = audit::changed_fields(&before, &site);
                let resource = format!("site/{id}");
                let object = audit::about(&resource).of(&site.key);
                audit::append(transaction, now, &actor, "site.update", object, details)?;
                Ok(site)
            })
            .await?;
        self.reload()?;
        Ok(site)
    }
}
