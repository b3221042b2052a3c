//! The indicators of a site: made, changed, adjusted.

use super::adjustment::{ADJUSTMENTS_MAX, Adjustment, NewAdjustment};
use super::record::{Enpi, NewEnpi, Recipe};
use crate::base::{Clock, EnpiId, EquipmentId, Error, Result, Timestamp};
use crate::energy::Trees;
use crate::energy::tree::Part;
use crate::equipment::Registry;
use crate::site::Site;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction, View};
use crate::tsdb::Tsdb;
use rust_decimal::Decimal;
use serde_json::json;
use std::sync::Arc;

pub(super) const ENPIS: Table<Enpi> = Table::new("enpi", 1);
/// Most indicators of one appliance.
const ENPIS_MAX: usize = 500;

/// The indicators, their baselines, what was produced and what is planned.
pub struct Enpis {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) registry: Arc<Registry>,
    pub(super) trees: Arc<Trees>,
    pub(super) tsdb: Arc<Tsdb>,
}

impl Enpis {
    /// The indicators in this store.
    #[must_use]
    pub fn new(
        store: &Store,
        clock: Arc<dyn Clock>,
        (registry, trees, tsdb): (Arc<Registry>, Arc<Trees>, Arc<Tsdb>),
    ) -> Self {
        Self {
            store: store.clone(),
            clock,
            registry,
            trees,
            tsdb,
        }
    }

    /// The indicators of a site, by name. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn all(&self, site: &str) -> Result<Vec<Enpi>> {
        let mut all = ENPIS.all(&self.store.read()?)?;
        all.retain(|enpi| enpi.site == site);
        all.sort_by_key(|enpi| (enpi.name.to_lowercase(), enpi.id));
        Ok(all)
    }

    /// One indicator of a site. Reads the disk.
    ///
    /// # Errors
    /// When there is none there.
    pub fn one(&self, site: &str, id: EnpiId) -> Result<Enpi> {
        one_in(&self.store.read()?, site, id)
    }

    /// Makes an indicator.
    ///
    /// # Errors
    /// Every refused field; too many; a disk that refuses.
    pub async fn create(&self, input: NewEnpi, site: &str, actor: Actor) -> Result<Enpi> {
        input.check()?;
        self.check_equipment(&input.recipe, site)?;
        let now = self.clock.now();
        let enpi = Enpi {
            id: EnpiId::new(),
            site: site.to_owned(),
            name: input.name.trim().to_owned(),
            note: input.note,
            recipe: input.recipe,
            adjustments: Vec::new(),
            baseline: 0,
            created_at: now,
            updated_at: now,
        };
        let write = move |transaction: &Transaction<'_>| {
            if ENPIS.all(transaction)?.len() >= ENPIS_MAX {
                let sentence = format!("The appliance holds {ENPIS_MAX} indicators at most.");
                return Err(Error::conflict(sentence));
            }
            ENPIS.put(transaction, enpi.id.as_bytes(), &enpi)?;
            let details = json!({ "enpi": enpi });
            audit::append(
                transaction,
                now,
                &actor,
                "enpi.create",
                audit::about(&resource(enpi.id)).of(&enpi.site),
                details,
            )?;
            Ok(enpi)
        };
        self.store.write(write).await
    }

    /// Says an indicator anew. Its baselines keep the recipe that they were made with.
    ///
    /// # Errors
    /// When there is none there; every refused field; a disk that refuses.
    pub async fn update(
        &self,
        site: &str,
        id: EnpiId,
        input: NewEnpi,
        actor: Actor,
    ) -> Result<Enpi> {
        input.check()?;
        self.check_equipment(&input.recipe, site)?;
        self.change(site, id, actor, "enpi.update", move |enpi, _| {
            enpi.name = input.name.trim().to_owned();
            enpi.note = input.note;
            enpi.recipe = input.recipe;
            Ok(())
        })
        .await
    }

    /// Deletes an indicator that has no baseline.
    ///
    /// # Errors
    /// When there is none there; when it has a baseline; when the disk refuses.
    pub async fn delete(&self, site: &str, id: EnpiId, actor: Actor) -> Result<()> {
        let (now, site) = (self.clock.now(), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let enpi = one_in(transaction, &site, id)?;
            if enpi.baseline > 0 {
                let sentence =
                    "It has a baseline, which is kept for the auditor. Rename it instead.";
                return Err(Error::conflict(sentence));
            }
            ENPIS.remove(transaction, id.as_bytes())?;
            let details = json!({ "enpi": enpi });
            audit::append(
                transaction,
                now,
                &actor,
                "enpi.delete",
                audit::about(&resource(id)).of(&site),
                details,
            )
        };
        self.store.write(write).await
    }

    /// Enters energy that the baseline could not know of.
    ///
    /// # Errors
    /// When there is no such indicator; every refused field; a disk that refuses.
    pub async fn adjust(
        &self,
        site: &str,
        id: EnpiId,
        input: NewAdjustment,
        actor: Actor,
    ) -> Result<Enpi> {
        input.check()?;
        let by = actor.name.clone();
        self.change(site, id, actor, "enpi.adjust", move |enpi, now| {
            if enpi.adjustments.len() >= ADJUSTMENTS_MAX {
                let sentence = format!("An indicator has {ADJUSTMENTS_MAX} adjustments at most.");
                return Err(Error::conflict(sentence));
            }
            let last = enpi.adjustments.iter().map(|a| a.number).max();
            enpi.adjustments.push(Adjustment {
                number: last.unwrap_or(0) + 1,
                from: input.from,
                to: input.to,
                kwh_per_day: input.kwh_per_day,
                reason: input.reason.trim().to_owned(),
                by,
                at: now,
            });
            Ok(())
        })
        .await
    }

    /// Takes an adjustment back; the audit log keeps it.
    ///
    /// # Errors
    /// When there is none of this number; when the disk refuses.
    pub async fn undo_adjustment(
        &self,
        site: &str,
        id: EnpiId,
        number: u32,
        actor: Actor,
    ) -> Result<Enpi> {
        self.change(site, id, actor, "enpi.unadjust", move |enpi, _| {
            let before = enpi.adjustments.len();
            enpi.adjustments.retain(|a| a.number != number);
            if enpi.adjustments.len() == before {
                return Err(Error::not_found("adjustment", number));
            }
            Ok(())
        })
        .await
    }

    async fn change(
        &self,
        site: &str,
        id: EnpiId,
        actor: Actor,
        action: &'static str,
        work: impl FnOnce(&mut Enpi, Timestamp) -> Result<()> + Send + 'static,
    ) -> Result<Enpi> {
        let (now, site) = (self.clock.now(), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let before = one_in(transaction, &site, id)?;
            let mut after = before.clone();
            work(&mut after, now)?;
            after.updated_at = now;
            ENPIS.put(transaction, id.as_bytes(), &after)?;
            let details = audit::changed_fields(&before, &after);
            let resource = resource(id);
            let object = audit::about(&resource).of(&site);
            audit::append(transaction, now, &actor, action, object, details)?;
            Ok(after)
        };
        self.store.write(write).await
    }

    /// A recipe with the meters that its place has now; one without a place as it is.
    ///
    /// # Errors
    /// When the place is not in the tree any more, holds no meter, or is computed with factors.
    pub(super) fn resolved(&self, site: &Site, recipe: &Recipe) -> Result<Recipe> {
        let Some(place) = &recipe.place else {
            return Ok(recipe.clone());
        };
        let tree = self.trees.of(site);
        if tree.node(place).is_none() {
            return Err(gone(place));
        }
        let mut found = recipe.as_said();
        for (meter, factor) in tree.weights(&Part::Node(place.clone())) {
            if factor == Decimal::ONE {
                found.equipment.push(meter);
            } else if factor == Decimal::NEGATIVE_ONE {
                found.less.push(meter);
            } else {
                let sentence = format!(
                    "The place {place} is computed with the factor {factor} of a meter: name its \
                     meters instead."
                );
                return Err(Error::invalid("place", sentence));
            }
        }
        if found.equipment.is_empty() {
            let sentence = format!("No meter hangs at the place {place} or inside it.");
            return Err(Error::invalid("place", sentence));
        }
        Ok(found)
    }

    /// Checks that a recipe speaks of equipment and of a place of its site.
    fn check_equipment(&self, recipe: &Recipe, site: &str) -> Result<()> {
        if let Some(place) = &recipe.place {
            let known = match self.trees.stored(site) {
                Some(stored) => stored.tree.node(place).is_some(),
                // Without a tree of its own every site has this one place.
                None => place == "site",
            };
            if !known {
                return Err(gone(place));
            }
        }
        let meters = recipe.equipment.iter().map(|id| ("equipment", *id));
        let less = recipe.less.iter().map(|id| ("less", *id));
        let sources = recipe.variables.iter().filter_map(|v| v.source.equipment());
        let sources = sources.map(|id| ("variables", id));
        for (path, id) in meters.chain(less).chain(sources) {
            self.check_one(path, id, site)?;
        }
        Ok(())
    }

    /// Checks that there is such equipment at a site.
    pub(super) fn check_one(&self, path: &str, id: EquipmentId, site: &str) -> Result<()> {
        let found = self.registry.get(id).ok();
        if found.is_none_or(|equipment| equipment.site != site) {
            return Err(Error::invalid(path, format!("There is no equipment {id}.")));
        }
        Ok(())
    }
}

fn gone(place: &str) -> Error {
    let sentence = format!("There is no place {place} in the meter tree.");
    Error::invalid("place", sentence)
}

pub(super) fn one_in(view: &impl View, site: &str, id: EnpiId) -> Result<Enpi> {
    let found = ENPIS.get(view, id.as_bytes())?;
    let here = found.filter(|enpi| enpi.site == site);
    here.ok_or_else(|| Error::not_found("indicator", id))
}

pub(super) fn resource(id: EnpiId) -> String {
    format!("enpi/{id}")
}
