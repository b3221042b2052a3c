//! The registry: all equipment in memory, every change on disk first.

use super::connection::clash;
use super::poller::{Acquisition, Device};
use super::profile::Profiles;
use super::profile_shelf;
use super::record::{AdminStatus, Equipment, EquipmentChange, NewEquipment, Photo, Status};
use super::{ability, attachments};
use crate::auth::Reach;
use crate::base::{Clock, EquipmentId, Error, Metric, Phase, Result, Timestamp};
use crate::live::Live;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction};
use crate::tsdb::CounterLimits;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

pub(super) const EQUIPMENT: Table<Equipment> = Table::new("equipment", 1);
/// Most pieces of equipment of one appliance.
pub(super) const EQUIPMENT_MAX: usize = 5_000;
/// Equipment with a reading younger than this is in use, ms.
const IN_USE_MS: i64 = 24 * 3_600_000;

/// What a list is narrowed by.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Part of the name, the model, the serial number or the id.
    pub search: Option<String>,
    /// Exact type.
    pub kind: Option<String>,
    /// Exact location.
    pub location: Option<String>,
    /// Status.
    pub status: Option<Status>,
    /// The sites that he reaches who asks.
    pub reach: Reach,
}

/// All equipment.
pub struct Registry {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) live: Arc<Live>,
    pub(super) profiles: Arc<Profiles>,
    acquisition: Arc<Acquisition>,
    known: RwLock<BTreeMap<EquipmentId, Equipment>>,
    limits: RwLock<Arc<BTreeMap<EquipmentId, CounterLimits>>>,
    /// One change at a time, so that memory, store and pollers agree.
    pub(super) changing: tokio::sync::Mutex<()>,
}

impl Registry {
    /// Reads the equipment and starts to poll it.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(
        store: &Store,
        clock: Arc<dyn Clock>,
        live: Arc<Live>,
        profiles: Arc<Profiles>,
        acquisition: Arc<Acquisition>,
    ) -> Result<Self> {
        profile_shelf::load(store, &profiles)?;
        let all = EQUIPMENT.all(&store.read()?)?;
        let known = all
            .into_iter()
            .filter(|equipment| equipment.deleted_at.is_none())
            .map(|equipment| (equipment.id, equipment))
            .collect();
        let registry = Self {
            store: store.clone(),
            clock,
            live,
            profiles,
            acquisition,
            known: RwLock::new(known),
            limits: RwLock::default(),
            changing: tokio::sync::Mutex::new(()),
        };
        registry.poll();
        Ok(registry)
    }

    /// Everything that was ever added, as stored, the deleted too; nothing is polled.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn stored(store: &Store) -> Result<Vec<Equipment>> {
        EQUIPMENT.all(&store.read()?)
    }

    /// All equipment, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Equipment> {
        self.read().values().cloned().collect()
    }

    /// The equipment that passes a filter, by name.
    #[must_use]
    pub fn find(&self, filter: &Filter) -> Vec<Equipment> {
        let search = filter
            .search
            .as_ref()
            .map(|text| text.trim().to_lowercase());
        let passes = |equipment: &&Equipment| {
            let found = search.as_ref().is_none_or(|text| {
                let holds = |field: &str| field.to_lowercase().contains(text);
                holds(&equipment.name)
                    || holds(&equipment.model)
                    || equipment.serial_number.as_deref().is_some_and(holds)
                    || equipment.id.to_string().contains(text)
            });
            let equals = |wanted: &Option<String>, is: Option<&str>| {
                wanted.as_deref().is_none_or(|wanted| is == Some(wanted))
            };
            filter.reach.sees(&equipment.site)
                && found
                && equals(&filter.kind, Some(&equipment.kind))
                && equals(&filter.location, equipment.location.as_deref())
                && filter
                    .status
                    .is_none_or(|status| status == self.status(equipment))
        };
        let mut found: Vec<_> = self.read().values().filter(passes).cloned().collect();
        found.sort_by_key(|equipment| (equipment.name.to_lowercase(), equipment.id));
        found
    }

    /// One piece of equipment.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, id: EquipmentId) -> Result<Equipment> {
        self.read()
            .get(&id)
            .cloned()
            .ok_or_else(|| Error::not_found("equipment", id))
    }

    /// All equipment that somebody reaches, oldest first.
    #[must_use]
    pub fn within(&self, reach: &Reach) -> Vec<Equipment> {
        let known = self.read();
        let seen = known.values().filter(|found| reach.sees(&found.site));
        seen.cloned().collect()
    }

    /// One piece of equipment, for somebody who reaches these sites.
    ///
    /// # Errors
    /// When there is none for him.
    pub fn seen(&self, id: EquipmentId, reach: &Reach) -> Result<Equipment> {
        let found = self.get(id)?;
        if reach.sees(&found.site) {
            return Ok(found);
        }
        Err(Error::not_found("equipment", id))
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self, equipment: &Equipment) -> Status {
        let now = self.clock.now();
        let online = self.live.with(equipment.id, |device| {
            device.is_some_and(|d| d.is_online(now))
        });
        Status::of(equipment.admin_status, online)
    }

    /// The profiles that equipment may name.
    #[must_use]
    pub fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// The pollers.
    #[must_use]
    pub fn acquisition(&self) -> &Acquisition {
        &self.acquisition
    }

    /// Adds equipment and starts to poll it.
    ///
    /// # Errors
    /// Every refused field; a disk that refuses.
    pub async fn create(&self, input: NewEquipment, site: &str, actor: Actor) -> Result<Equipment> {
        let details = serde_json::to_value(&input).unwrap_or_default();
        let equipment = Equipment::new(input, site, &self.profiles, self.clock.now())?;
        let _turn = self.changing.lock().await;
        if self.read().len() >= EQUIPMENT_MAX {
            return Err(Error::conflict(format!(
                "The appliance holds {EQUIPMENT_MAX} pieces of equipment at most."
            )));
        }
        self.refuse_clash(&equipment)?;
        self.store_change(equipment, actor, "equipment.create", details)
            .await
    }

    /// Changes equipment; the pollers follow at once.
    ///
    /// # Errors
    /// When there is none; every refused field; a disk that refuses.
    pub async fn update(
        &self,
        id: EquipmentId,
        change: EquipmentChange,
        actor: Actor,
    ) -> Result<Equipment> {
        let _turn = self.changing.lock().await;
        let before = self.get(id)?;
        let changed = before.with(change, &self.profiles, self.clock.now())?;
        let details = audit::changed_fields(&before, &changed);
        self.refuse_clash(&changed)?;
        self.store_change(changed, actor, "equipment.update", details)
            .await
    }

    /// Sets or clears the photo.
    ///
    /// # Errors
    /// When there is no such equipment; a disk that refuses.
    pub(super) async fn set_photo(
        &self,
        id: EquipmentId,
        photo: Option<Photo>,
        actor: Actor,
    ) -> Result<Equipment> {
        let _turn = self.changing.lock().await;
        let mut equipment = self.get(id)?;
        if equipment.photo == photo {
            return Ok(equipment);
        }
        let action = match &photo {
            Some(_) => "equipment.photo",
            None => "equipment.photo_delete",
        };
        let details = serde_json::json!({ "before": equipment.photo, "after": photo });
        equipment.photo = photo;
        equipment.revision += 1;
        equipment.updated_at = self.clock.now();
        self.store_change(equipment, actor, action, details).await
    }

    /// Deletes equipment with its photo and documents; its history stays.
    ///
    /// # Errors
    /// When there is none; [`crate::base::ErrorKind::Conflict`] while it is in use: a reading is
    /// younger than 24 hours and it is not decommissioned; a disk that refuses.
    pub async fn delete(&self, id: EquipmentId, actor: Actor) -> Result<()> {
        let _turn = self.changing.lock().await;
        let mut equipment = self.get(id)?;
        let now = self.clock.now();
        self.refuse_in_use(&equipment, now)?;
        equipment.deleted_at = Some(now);
        // Nobody could reach it any more.
        equipment.photo = None;
        equipment.updated_at = now;
        let nothing = serde_json::json!({ "name": equipment.name });
        self.store_change(equipment, actor, "equipment.delete", nothing)
            .await?;
        Ok(())
    }

    fn refuse_in_use(&self, equipment: &Equipment, now: Timestamp) -> Result<()> {
        let last_good = self
            .live
            .with(equipment.id, |device| device.and_then(|d| d.last_good));
        let Some(last_good) = last_good.filter(|at| now.since_ms(*at) < IN_USE_MS) else {
            return Ok(());
        };
        let way_out = if equipment.admin_status == AdminStatus::Decommissioned {
            "It can be deleted 24 hours after its last reading."
        } else {
            "Set its status to decommissioned; it can be deleted 24 hours after its last reading."
        };
        Err(
            Error::conflict(format!("{} is in use. {way_out}", equipment.name))
                .with_details(serde_json::json!({ "last_reading": last_good })),
        )
    }

    /// Refuses a device that wants a line to be something else than it is for others.
    pub(super) fn refuse_clash(&self, equipment: &Equipment) -> Result<()> {
        let polled = |equipment: &Equipment| {
            let source = equipment.modbus.as_ref()?;
            let active = equipment.admin_status != AdminStatus::Decommissioned;
            active.then(|| source.endpoint())
        };
        let Some(endpoint) = polled(equipment) else {
            return Ok(());
        };
        let known = self.read();
        let others = known.values().filter(|other| other.id != equipment.id);
        let clash = others
            .into_iter()
            .find_map(|other| clash(&endpoint, &polled(other)?, &other.name));
        match clash {
            Some((path, sentence)) => Err(Error::invalid(path, sentence)),
            None => Ok(()),
        }
    }

    async fn store_change(
        &self,
        equipment: Equipment,
        actor: Actor,
        action: &'static str,
        details: serde_json::Value,
    ) -> Result<Equipment> {
        let stored = equipment.clone();
        let write = self
            .store
            .write(move |transaction| put(transaction, &stored, &actor, (action, details)));
        write.await?;
        self.keep(vec![equipment.clone()]);
        Ok(equipment)
    }

    /// Knows what was stored; the pollers follow at once.
    pub(super) fn keep(&self, all: Vec<Equipment>) {
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            for equipment in all {
                if equipment.deleted_at.is_some() {
                    known.remove(&equipment.id);
                } else {
                    known.insert(equipment.id, equipment);
                }
            }
        }
        self.poll();
        self.live.tell_registry();
    }

    /// What the counters of all equipment can do.
    #[must_use]
    pub fn counter_limits(&self) -> Arc<BTreeMap<EquipmentId, CounterLimits>> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells the pollers what is to be polled now.
    pub(super) fn poll(&self) {
        let mut devices = Vec::new();
        let mut limits = BTreeMap::new();
        for equipment in self.read().values() {
            limits.insert(equipment.id, ability::of(equipment, &[]));
            let Some(source) = &equipment.modbus else {
                continue;
            };
            match source.check(&self.profiles) {
                Ok(plan) => {
                    let can = ability::of(equipment, plan.reads.registers());
                    limits.insert(equipment.id, can);
                    let registers: Vec<(Metric, Phase)> = plan
                        .reads
                        .registers()
                        .iter()
                        .map(|r| (r.metric.clone(), r.phase))
                        .collect();
                    self.live.keep_only(equipment.id, &|metric, phase| {
                        registers.iter().any(|(m, p)| m == metric && *p == phase)
                    });
                    if equipment.admin_status != AdminStatus::Decommissioned {
                        devices.push(Device {
                            id: equipment.id,
                            plan: Arc::new(plan),
                        });
                    }
                }
                // Checked when it was stored; only a profile that a newer version dropped ends here.
                Err(error) => tracing::error!(%error, name = equipment.name, "not polled"),
            }
        }
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
        self.acquisition.apply(devices);
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, BTreeMap<EquipmentId, Equipment>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores equipment with its entry, in the caller's transaction.
pub(super) fn put(
    transaction: &Transaction<'_>,
    equipment: &Equipment,
    actor: &Actor,
    (action, details): (&str, serde_json::Value),
) -> Result<()> {
    EQUIPMENT.put(transaction, equipment.id.as_bytes(), equipment)?;
    if equipment.deleted_at.is_some() {
        attachments::forget_documents(transaction, equipment.id)?;
    }
    let (now, resource) = (equipment.updated_at, format!("equipment/{}", equipment.id));
    let object = audit::about(&resource).of(&equipment.site);
    audit::append(transaction, now, actor, action, object, details)
}
