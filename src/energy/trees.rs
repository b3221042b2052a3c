//! The stored meter trees: one for each site, replaced as a whole, each change an audit entry.

use super::tree::Tree;
use crate::base::{Clock, EquipmentId, Error, Result, Timestamp};
use crate::equipment::{AdminStatus, Registry};
use crate::site::Site;
use crate::store::Store;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

const TREES: Table<StoredTree> = Table::new("energy_tree", 1);

/// A tree as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredTree {
    /// Key of the site.
    pub site: String,
    /// Counts the changes.
    pub revision: u64,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
    /// The tree.
    pub tree: Tree,
}

/// The meter trees of this appliance.
pub struct Trees {
    store: Store,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    known: RwLock<BTreeMap<String, Arc<StoredTree>>>,
}

impl Trees {
    /// Reads the trees.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>, registry: Arc<Registry>) -> Result<Self> {
        let stored = TREES.all(&store.read()?)?;
        let known = stored.into_iter().map(|t| (t.site.clone(), Arc::new(t)));
        Ok(Self {
            store: store.clone(),
            clock,
            registry,
            known: RwLock::new(known.collect()),
        })
    }

    /// The stored tree of a site, if somebody made one.
    #[must_use]
    pub fn stored(&self, site: &str) -> Option<Arc<StoredTree>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(site).cloned()
    }

    /// The tree of a site; without a stored one, every meter that counts hangs at the site.
    #[must_use]
    pub fn of(&self, site: &Site) -> Tree {
        match self.stored(&site.key) {
            Some(stored) => stored.tree.clone(),
            None => Tree::flat(&site.name, &self.counted(&site.key)),
        }
    }

    /// The meters of a site that are marked to count in its total.
    #[must_use]
    pub fn counted(&self, site: &str) -> Vec<EquipmentId> {
        let all = self.registry.all();
        let counts = |e: &&crate::equipment::Equipment| {
            e.site == site && e.in_site_total && e.admin_status != AdminStatus::Decommissioned
        };
        all.iter().filter(counts).map(|e| e.id).collect()
    }

    /// The meters whose sum is what the site takes in: those of its tree, where there is one that
    /// is a plain sum; else those that are marked.
    #[must_use]
    pub fn supply_meters(&self, site: &str) -> Vec<EquipmentId> {
        let of_tree = self.stored(site).and_then(|s| s.tree.supply_meters());
        of_tree.unwrap_or_else(|| self.counted(site))
    }

    /// Replaces the tree of a site. `revision` is that of the tree that was looked at, 0 for none.
    ///
    /// # Errors
    /// Every refused place; somebody was quicker; the disk refuses.
    pub async fn replace(
        &self,
        site: &Site,
        revision: u64,
        tree: Tree,
        actor: Actor,
    ) -> Result<Arc<StoredTree>> {
        let all = self.registry.all();
        let before = self.stored(&site.key);
        // What hangs there already may have been deleted since: its past is still energy.
        let hung = before.as_ref().map(|s| s.tree.meters()).unwrap_or_default();
        let exists =
            |id| hung.contains(&id) || all.iter().any(|e| e.id == id && e.site == site.key);
        tree.check(&exists)?;
        let (key, now) = (site.key.clone(), self.clock.now());
        let row = *site.id.as_bytes();
        let stored = self
            .store
            .write(move |transaction| {
                let before = TREES.get(transaction, &row)?;
                let current = before.as_ref().map_or(0, |stored| stored.revision);
                if current != revision {
                    let sentence = "Somebody changed the meter tree in the meantime. Look at it \
                                    again, then make your change.";
                    return Err(Error::conflict(sentence));
                }
                let stored = StoredTree {
                    site: key,
                    revision: current + 1,
                    updated_at: now,
                    updated_by: actor.name.clone(),
                    tree,
                };
                TREES.put(transaction, &row, &stored)?;
                let details = audit::changed_fields(&before.map(|s| s.tree), &Some(&stored.tree));
                let resource = format!("site/{}/energy-tree", stored.site);
                audit::append(
                    transaction,
                    now,
                    &actor,
                    "energy_tree.update",
                    audit::about(&resource).of(&stored.site),
                    details,
                )?;
                Ok(stored)
            })
            .await?;
        let stored = Arc::new(stored);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(stored.site.clone(), Arc::clone(&stored));
        Ok(stored)
    }
}
