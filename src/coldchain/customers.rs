//! Customers and their locations: read, added, changed, each on disk with its entry first.

use super::cell::Cell;
use super::record::{Customer, Location, NewCustomer, NewLocation};
use super::service::{CUSTOMERS, Coldchain, Entry, LOCATIONS};
use crate::auth::Reach;
use crate::base::{CustomerId, Error, LocationId, Result};
use crate::site::{CUSTOMERS_MAX, NewSite, Site, Sites};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use serde_json::json;
use std::sync::Arc;

/// Most locations of one appliance: four for each customer that there can be.
pub(super) const LOCATIONS_MAX: usize = 2_000;

impl Coldchain {
    /// The customers that somebody reaches, by name; those that were taken out of use when asked
    /// for.
    #[must_use]
    pub fn customers(&self, reach: &Reach, retired: bool) -> Vec<Customer> {
        let known = self.known();
        let seen = |one: &&Customer| reach.sees(&one.site) && (retired || one.retired_at.is_none());
        let mut all: Vec<_> = known.customers.values().filter(seen).cloned().collect();
        all.sort_by_key(|one| (one.name.to_lowercase(), one.id));
        all
    }

    /// One customer.
    ///
    /// # Errors
    /// When there is none for who reaches this.
    pub fn customer(&self, reach: &Reach, id: CustomerId) -> Result<Customer> {
        let found = self.known().customers.get(&id).cloned();
        let found = found.filter(|one| reach.sees(&one.site));
        found.ok_or_else(|| Error::not_found("customer", id))
    }

    /// Adds a customer, with a site of his own unless one is named.
    ///
    /// # Errors
    /// Every refused field; a site that another customer has; a disk that refuses.
    pub async fn add_customer(&self, said: NewCustomer, actor: Actor) -> Result<Customer> {
        said.check()?;
        let _turn = self.changing.lock().await;
        if self.known().customers.len() >= CUSTOMERS_MAX {
            let sentence = format!("The appliance holds {CUSTOMERS_MAX} customers at most.");
            return Err(Error::conflict(sentence));
        }
        let (site, new) = self.site_for(&said)?;
        let now = self.now();
        let customer = Customer {
            id: CustomerId::new(),
            site,
            name: said.name.trim().to_owned(),
            contact: said.contact,
            phone: said.phone,
            email: said.email,
            note: said.note,
            retired_at: None,
            created_at: now,
            updated_at: now,
        };
        let (stored, sited) = (customer.clone(), new.is_some());
        let write = self.ground.store.write(move |transaction| {
            if let Some(site) = &new {
                Sites::add_in(transaction, site, &actor)?;
            }
            CUSTOMERS.put(transaction, stored.id.as_bytes(), &stored)?;
            let resource = format!("cold_customer/{}", stored.id);
            let entry = Entry { now, actor: &actor };
            let action = "coldchain.customer_create";
            let object = audit::about(&resource).of(&stored.site);
            entry.put(transaction, action, object, json!(stored))
        });
        write.await?;
        self.learn(|known| known.customers.insert(customer.id, customer.clone()));
        if sited {
            self.ground.sites.reload()?;
            self.ground.live.tell_registry();
        }
        Ok(customer)
    }

    /// The key of the site of a new customer, and the site when it has to be made.
    fn site_for(&self, said: &NewCustomer) -> Result<(String, Option<Site>)> {
        let sites = &self.ground.sites;
        let taken = |key: &str| self.known().customers.values().any(|one| one.site == key);
        if let Some(key) = &said.site
            && sites.by_key(key).is_some()
        {
            if taken(key) {
                let sentence = "Another customer has this site: who reaches the one would reach \
                                the other.";
                return Err(Error::invalid("site", sentence));
            }
            return Ok((key.clone(), None));
        }
        let first = sites.first();
        let zone = said.time_zone.clone();
        let zone = zone.or_else(|| first.as_ref().map(|site| site.time_zone.clone()));
        let key = said.site.clone();
        let key = key.unwrap_or_else(|| free_key(&said.name, |key| sites.by_key(key).is_some()));
        let new = NewSite {
            name: said.name.trim().to_owned(),
            key: Some(key),
            time_zone: zone.unwrap_or_else(|| "UTC".to_owned()),
            currency: first.map_or_else(|| "EUR".to_owned(), |site| site.currency),
            price_per_kwh: None,
            wishes: None,
        };
        let mut site = sites.drafted(new);
        if let Err(error) = &mut site {
            for field in &mut error.fields {
                if field.path == "key" {
                    "site".clone_into(&mut field.path);
                }
            }
        }
        let site = site?;
        Ok((site.key.clone(), Some(site)))
    }

    /// Changes a customer; his site stays.
    ///
    /// # Errors
    /// When there is none for who reaches this; every refused field; a disk that refuses.
    pub async fn change_customer(
        &self,
        reach: &Reach,
        id: CustomerId,
        said: NewCustomer,
        actor: Actor,
    ) -> Result<Customer> {
        said.check()?;
        let _turn = self.changing.lock().await;
        let before = self.customer(reach, id)?;
        if said.site.as_ref().is_some_and(|site| *site != before.site) {
            let sentence = "A customer keeps his site: all that is his lies there.";
            return Err(Error::invalid("site", sentence));
        }
        let changed = Customer {
            name: said.name.trim().to_owned(),
            contact: said.contact,
            phone: said.phone,
            email: said.email,
            note: said.note,
            updated_at: self.now(),
            ..before.clone()
        };
        let details = audit::changed_fields(&before, &changed);
        self.put_customer(changed, "coldchain.customer_update", details, actor)
            .await
    }

    async fn put_customer(
        &self,
        customer: Customer,
        action: &'static str,
        details: serde_json::Value,
        actor: Actor,
    ) -> Result<Customer> {
        let (stored, now) = (customer.clone(), self.now());
        let write = self.ground.store.write(move |transaction| {
            CUSTOMERS.put(transaction, stored.id.as_bytes(), &stored)?;
            let resource = format!("cold_customer/{}", stored.id);
            let entry = Entry { now, actor: &actor };
            let object = audit::about(&resource).of(&stored.site);
            entry.put(transaction, action, object, details)
        });
        write.await?;
        self.learn(|known| known.customers.insert(customer.id, customer.clone()));
        Ok(customer)
    }

    /// Takes a customer out who has no location any more; his site stays.
    ///
    /// # Errors
    /// When there is none for who reaches this; while he has a location; a disk that refuses.
    pub async fn remove_customer(&self, reach: &Reach, id: CustomerId, actor: Actor) -> Result<()> {
        let _turn = self.changing.lock().await;
        let customer = self.customer(reach, id)?;
        let used = |one: &Location| one.customer_id == id;
        if self.known().locations.values().any(used) {
            let sentence = "This customer has locations. Delete them first, or take the customer out \
                            of use.";
            return Err(Error::conflict(sentence));
        }
        let now = self.now();
        let write = self.ground.store.write(move |transaction| {
            CUSTOMERS.remove(transaction, id.as_bytes())?;
            let (resource, details) = (format!("cold_customer/{id}"), json!(customer));
            let entry = Entry { now, actor: &actor };
            let object = audit::about(&resource).of(&customer.site);
            entry.put(transaction, "coldchain.customer_delete", object, details)
        });
        write.await?;
        self.learn(|known| known.customers.remove(&id));
        Ok(())
    }

    /// The locations of the customers that somebody reaches, by name; those that were taken out of
    /// use when asked for.
    #[must_use]
    pub fn locations(&self, reach: &Reach, retired: bool) -> Vec<Location> {
        let known = self.known();
        let seen = |one: &&Location| {
            let customer = known.customers.get(&one.customer_id);
            let reached = customer.is_some_and(|customer| reach.sees(&customer.site));
            reached && (retired || one.retired_at.is_none())
        };
        let mut all: Vec<_> = known.locations.values().filter(seen).cloned().collect();
        all.sort_by_key(|one| (one.name.to_lowercase(), one.id));
        all
    }

    /// One location.
    ///
    /// # Errors
    /// When there is none for who reaches this.
    pub fn location(&self, reach: &Reach, id: LocationId) -> Result<Location> {
        let found = self.known().locations.get(&id).cloned();
        let found = found.filter(|one| self.customer(reach, one.customer_id).is_ok());
        found.ok_or_else(|| Error::not_found("location", id))
    }

    /// Adds a location.
    ///
    /// # Errors
    /// Every refused field; no such customer; a disk that refuses.
    pub async fn add_location(
        &self,
        reach: &Reach,
        said: NewLocation,
        actor: Actor,
    ) -> Result<Location> {
        said.check()?;
        let _turn = self.changing.lock().await;
        if self.whose(reach, said.customer_id)?.retired_at.is_some() {
            return Err(Error::invalid(
                "customer_id",
                "This customer is out of use.",
            ));
        }
        if self.known().locations.len() >= LOCATIONS_MAX {
            let sentence = format!("The appliance holds {LOCATIONS_MAX} locations at most.");
            return Err(Error::conflict(sentence));
        }
        let now = self.now();
        let location = Location {
            id: LocationId::new(),
            customer_id: said.customer_id,
            name: said.name.trim().to_owned(),
            address: said.address,
            retired_at: None,
            created_at: now,
            updated_at: now,
        };
        let details = json!(location);
        self.put_location(location, "coldchain.location_create", details, actor)
            .await
    }

    fn whose(&self, reach: &Reach, id: CustomerId) -> Result<Customer> {
        let found = self.customer(reach, id);
        found.map_err(|error| Error::invalid("customer_id", error.sentence))
    }

    /// Changes a location; it stays with its customer.
    ///
    /// # Errors
    /// When there is none for who reaches this; every refused field; a disk that refuses.
    pub async fn change_location(
        &self,
        reach: &Reach,
        id: LocationId,
        said: NewLocation,
        actor: Actor,
    ) -> Result<Location> {
        said.check()?;
        let _turn = self.changing.lock().await;
        let before = self.location(reach, id)?;
        if said.customer_id != before.customer_id {
            let sentence = "A location stays with its customer.";
            return Err(Error::invalid("customer_id", sentence));
        }
        let changed = Location {
            name: said.name.trim().to_owned(),
            address: said.address,
            updated_at: self.now(),
            ..before.clone()
        };
        let details = audit::changed_fields(&before, &changed);
        self.put_location(changed, "coldchain.location_update", details, actor)
            .await
    }

    async fn put_location(
        &self,
        location: Location,
        action: &'static str,
        details: serde_json::Value,
        actor: Actor,
    ) -> Result<Location> {
        let (stored, now) = (location.clone(), self.now());
        let write = self.ground.store.write(move |transaction| {
            LOCATIONS.put(transaction, stored.id.as_bytes(), &stored)?;
            let resource = format!("cold_location/{}", stored.id);
            let entry = Entry { now, actor: &actor };
            let object = about_location(transaction, &resource, &stored)?;
            entry.put(transaction, action, object, details)
        });
        write.await?;
        self.learn(|known| known.locations.insert(location.id, location.clone()));
        Ok(location)
    }

    /// Takes a location out in which no cell is, nor was.
    ///
    /// # Errors
    /// When there is none for who reaches this; while cells name it; a disk that refuses.
    pub async fn remove_location(&self, reach: &Reach, id: LocationId, actor: Actor) -> Result<()> {
        let _turn = self.changing.lock().await;
        let location = self.location(reach, id)?;
        let used = |cell: &Arc<Cell>| cell.said.location_id == id;
        if self.known().cells.values().any(used) {
            let sentence = "Cells stand here, or stood here. Their evidence names this location. Take \
                            it out of use instead.";
            return Err(Error::conflict(sentence));
        }
        let now = self.now();
        let write = self.ground.store.write(move |transaction| {
            LOCATIONS.remove(transaction, id.as_bytes())?;
            let (resource, details) = (format!("cold_location/{id}"), json!(location));
            let entry = Entry { now, actor: &actor };
            let object = about_location(transaction, &resource, &location)?;
            entry.put(transaction, "coldchain.location_delete", object, details)
        });
        write.await?;
        self.learn(|known| known.locations.remove(&id));
        Ok(())
    }
}

/// A location as what an entry is about: it is of the site of its customer.
pub(super) fn about_location<'a>(
    transaction: &Transaction<'_>,
    resource: &'a str,
    location: &Location,
) -> Result<audit::Object<'a>> {
    let customer = CUSTOMERS.get(transaction, location.customer_id.as_bytes())?;
    Ok(audit::about(resource).of_all(customer.map(|customer| customer.site)))
}

/// A key that no site has, made of a name: `medina_foods`, `medina_foods_2`.
fn free_key(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() => c,
        _ => '_',
    };
    let word: String = name.trim().chars().take(32).map(plain).collect();
    let word = word.trim_matches('_');
    let word = if word.is_empty() { "customer" } else { word };
    let numbered = (2..).map(|n| format!("{word}_{n}"));
    let mut keys = std::iter::once(word.to_owned()).chain(numbered);
    // There are fewer sites than numbers.
    keys.find(|key| !taken(key)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::free_key;

    #[test]
    fn a_key_is_made_of_the_name_and_is_free() {
        assert_eq!(free_key("Médina Foods", |_| false), "m_dina_foods");
        assert_eq!(free_key("مطعم", |_| false), "customer");
        let taken = |key: &str| ["a", "a_2"].contains(&key);
        assert_eq!(free_key("A", taken), "a_3");
    }
}
