//! All devices: in memory, every change on disk first.

use super::admit::Limits;
use super::key::{self, Hash};
use super::life::{DeviceStatus, Life};
use super::lives::Lives;
use super::receiver::Target;
use super::record::{Device, DeviceChange, NewDevice, Record, folded};
use crate::base::{Clock, DeviceId, EquipmentId, Error, Result, Timestamp};
use crate::equipment::{AdminStatus, Registry};
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use utoipa::ToSchema;

const DEVICES: Table<Record> = Table::new("push_device", 1);
/// Most devices of one appliance.
const DEVICES_MAX: usize = 2_000;
/// A device with its key, which is not shown again.
#[derive(Clone, Serialize, ToSchema)]
pub struct MadeDevice {
    /// The key, for the header `x-device-key`.
    #[schema(example = "imd_…")]
    pub key: String,
    /// What is shown of it from now on.
    #[serde(flatten)]
    pub device: Device,
}

/// All devices.
pub struct Devices {
    store: Store,
    pub(super) clock: Arc<dyn Clock>,
    equipment: Arc<Registry>,
    known: RwLock<Known>,
    pub(super) lives: Lives,
    /// One change at a time, so that memory and store agree.
    pub(super) changing: tokio::sync::Mutex<()>,
    pub(super) limits: Limits,
}

#[derive(Default)]
struct Known {
    records: BTreeMap<DeviceId, Record>,
    serials: HashMap<String, DeviceId>,
}

impl Known {
    fn keep(&mut self, record: Record) {
        let serial = folded(&record.shown.serial_number);
        self.serials.insert(serial, record.shown.id);
        self.records.insert(record.shown.id, record);
    }

    fn by_serial(&self, serial: &str) -> Option<&Record> {
        self.records.get(self.serials.get(&folded(serial))?)
    }
}

impl Devices {
    /// Reads the devices.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>, equipment: Arc<Registry>) -> Result<Self> {
        let reader = store.read()?;
        let mut known = Known::default();
        for record in DEVICES.all(&reader)? {
            known.keep(record);
        }
        Ok(Self {
            store: store.clone(),
            clock,
            equipment,
            known: RwLock::new(known),
            lives: Lives::open(store)?,
            changing: tokio::sync::Mutex::new(()),
            limits: Limits::new(),
        })
    }

    /// All devices, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Device> {
        let known = self.read();
        let mut all: Vec<_> = known.records.values().map(|r| r.shown.clone()).collect();
        all.sort_by_key(|device| (device.name.to_lowercase(), device.id));
        all
    }

    /// One device.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, id: DeviceId) -> Result<Device> {
        Ok(self.record(id)?.shown)
    }

    /// The device of this serial number.
    #[must_use]
    pub fn by_serial(&self, serial: &str) -> Option<Device> {
        self.read().by_serial(serial).map(|r| r.shown.clone())
    }

    /// What is known of the life of a device, and how it is doing.
    #[must_use]
    pub fn life(&self, device: &Device) -> (Life, DeviceStatus) {
        let life = self.lives.of(device.id);
        let status = life.status(device, self.clock.now());
        (life, status)
    }

    /// Adds a device and makes its key.
    ///
    /// # Errors
    /// Every refused field; a serial number that another device has; a disk that refuses.
    pub async fn create(&self, input: NewDevice, actor: Actor) -> Result<MadeDevice> {
        let mut made = self.create_all(vec![input], actor).await?;
        made.pop()
            .ok_or_else(|| Error::internal("The device was not made."))
    }

    /// Adds devices, all or none of them; refusals are named by their place, `0.serial_number`,
    /// unless there is only one.
    ///
    /// # Errors
    /// As [`Devices::create`].
    pub async fn create_all(
        &self,
        inputs: Vec<NewDevice>,
        actor: Actor,
    ) -> Result<Vec<MadeDevice>> {
        let prepared = self.prepare(inputs, &[]).await?;
        self.store.write(prepared.work(&actor)).await?;
        Ok(prepared.keep())
    }

    pub(super) fn keep_all(&self, records: Vec<Record>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        records.into_iter().for_each(|record| known.keep(record));
    }

    pub(super) fn check_all(
        &self,
        inputs: Vec<NewDevice>,
        coming: &[EquipmentId],
    ) -> Result<Vec<MadeDevice>> {
        let now = self.clock.now();
        if self.read().records.len() + inputs.len() > DEVICES_MAX {
            return Err(Error::conflict(format!(
                "The appliance knows {DEVICES_MAX} devices at most."
            )));
        }
        let alone = inputs.len() == 1;
        let mut checks = crate::base::error::Checks::default();
        let mut made: Vec<MadeDevice> = Vec::with_capacity(inputs.len());
        for (n, input) in inputs.into_iter().enumerate() {
            let exists = coming.contains(&input.equipment_id)
                || self.equipment.get(input.equipment_id).is_ok();
            let key = key::make()?;
            let device = Device::new(input, key::hint(&key), exists, now);
            let prefix = if alone {
                String::new()
            } else {
                format!("{n}.")
            };
            let Some(device) = checks.merge(&prefix, device)? else {
                continue;
            };
            let serial = folded(&device.serial_number);
            let same = |made: &MadeDevice| folded(&made.device.serial_number) == serial;
            if self.read().serials.contains_key(&serial) || made.iter().any(same) {
                let sentence = "Another device has this serial number.";
                checks.refuse(&format!("{prefix}serial_number"), sentence);
                continue;
            }
            made.push(MadeDevice { key, device });
        }
        checks.finish()?;
        Ok(made)
    }

    /// Changes a device.
    ///
    /// # Errors
    /// When there is none; every refused field; a disk that refuses.
    pub async fn update(&self, id: DeviceId, change: DeviceChange, actor: Actor) -> Result<Device> {
        let now = self.clock.now();
        let _turn = self.changing.lock().await;
        let mut record = self.record(id)?;
        let equipment = change.equipment_id.unwrap_or(record.shown.equipment_id);
        let moved = change.equipment_id.is_some();
        let exists = !moved || self.equipment.get(equipment).is_ok();
        let changed = record.shown.with(change, exists, now)?;
        let details = audit::changed_fields(&record.shown, &changed);
        record.shown = changed;
        self.change(record, actor, "device.update", details).await
    }

    /// Makes a new key; the old one is worth nothing from now on.
    ///
    /// # Errors
    /// When there is no such device; a disk that refuses, then the old key stays.
    pub async fn renew_key(&self, id: DeviceId, actor: Actor) -> Result<MadeDevice> {
        let _turn = self.changing.lock().await;
        let mut record = self.record(id)?;
        let key = key::make()?;
        record.key_hash = key::hash(&key);
        record.shown.key_hint = key::hint(&key);
        record.shown.key_made_at = self.clock.now();
        let details = serde_json::json!({ "serial_number": record.shown.serial_number });
        let device = self
            .change(record, actor, "device.new_key", details)
            .await?;
        Ok(MadeDevice { key, device })
    }

    /// Deletes a device; its key is worth nothing from now on, its readings stay.
    ///
    /// # Errors
    /// When there is none; a disk that refuses, then it stays.
    pub async fn delete(&self, id: DeviceId, actor: Actor) -> Result<()> {
        let _turn = self.changing.lock().await;
        let device = self.record(id)?.shown;
        let now = self.clock.now();
        let serial = folded(&device.serial_number);
        self.store
            .write(move |transaction| {
                DEVICES.remove(transaction, id.as_bytes())?;
                Lives::forget_in(transaction, id)?;
                let resource = format!("device/{id}");
                let details = serde_json::json!({ "serial_number": device.serial_number,
                    "name": device.name, "equipment_id": device.equipment_id });
                audit::append(
                    transaction,
                    now,
                    &actor,
                    "device.delete",
                    about_device(transaction, &resource, &device)?,
                    details,
                )
            })
            .await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.records.remove(&id);
        known.serials.remove(&serial);
        drop(known);
        self.lives.forget(id);
        Ok(())
    }

    async fn change(
        &self,
        record: Record,
        actor: Actor,
        action: &'static str,
        details: serde_json::Value,
    ) -> Result<Device> {
        let (stored, now) = (record.clone(), self.clock.now());
        self.store
            .write(move |transaction| put(transaction, &stored, &actor, now, action, details))
            .await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.keep(record.clone());
        Ok(record.shown)
    }

    /// Where the readings of a device go.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when its equipment is gone or out of use.
    pub fn target(&self, device: &Device) -> Result<Target> {
        let equipment = self.equipment.get(device.equipment_id).map_err(|_| {
            Error::conflict(
                "The equipment of this device was deleted. Give the device to another one.",
            )
        })?;
        if equipment.admin_status == AdminStatus::Decommissioned {
            let sentence = "The equipment of this device is decommissioned. Set it to active.";
            return Err(Error::conflict(sentence));
        }
        Ok(Target {
            equipment: equipment.id,
            interval_ms: device.interval_ms(),
            device: Some(device.id),
            prefix: device.metric_prefix.clone(),
        })
    }

    /// The devices that bring readings of some equipment.
    #[must_use]
    pub fn of_equipment(&self, equipment: EquipmentId) -> Vec<Device> {
        let of = |device: &Device| device.equipment_id == equipment;
        self.all().into_iter().filter(of).collect()
    }

    /// Whether there is this device.
    pub(super) fn exists(&self, id: DeviceId) -> bool {
        self.read().records.contains_key(&id)
    }

    /// The device of this serial number, when the key is right, and otherwise the one whose
    /// serial number was used with a wrong key.
    pub(super) fn keyed(&self, serial: &str, key: &str) -> Result<Device, Option<DeviceId>> {
        let known = self.read();
        let found = known.by_serial(serial);
        let hash: Option<&Hash> = found.map(|record| &record.key_hash);
        match (key::is_right(key, hash), found) {
            (true, Some(record)) => Ok(record.shown.clone()),
            (_, found) => Err(found.map(|record| record.shown.id)),
        }
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn record(&self, id: DeviceId) -> Result<Record> {
        let known = self.read();
        let found = known.records.get(&id).cloned();
        found.ok_or_else(|| Error::not_found("device", id))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn put(
    transaction: &Transaction<'_>,
    record: &Record,
    actor: &Actor,
    now: Timestamp,
    action: &str,
    details: serde_json::Value,
) -> Result<()> {
    let id = record.shown.id;
    DEVICES.put(transaction, id.as_bytes(), record)?;
    let resource = format!("device/{id}");
    let object = about_device(transaction, &resource, &record.shown)?;
    audit::append(transaction, now, actor, action, object, details)
}

/// A device as what an entry is about: it is of the site of its equipment.
fn about_device<'a>(
    transaction: &Transaction<'_>,
    resource: &'a str,
    device: &Device,
) -> Result<audit::Object<'a>> {
    let site = crate::equipment::site_in(transaction, device.equipment_id)?;
    Ok(audit::about(resource).of_all(site))
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Devices")
    }
}

impl std::fmt::Debug for MadeDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeDevice")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}
