//! Devices that are added in a transaction of another room, with what they measure: both are there
//! afterwards, or neither.

use super::key;
use super::record::{DeviceChange, NewDevice, Record};
use super::registry::{Devices, MadeDevice, put};
use crate::base::{DeviceId, EquipmentId, Result, Timestamp};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use tokio::sync::MutexGuard;

/// Checked devices with their keys. While this lives nobody else changes any.
pub struct PreparedDevices<'d> {
    devices: &'d Devices,
    _turn: MutexGuard<'d, ()>,
    made: Vec<MadeDevice>,
    now: Timestamp,
}

impl Devices {
    /// Checks devices and makes their keys; `coming` is equipment that is added together with
    /// them. Refusals are named by their place, `0.serial_number`, unless there is only one.
    ///
    /// # Errors
    /// As [`Devices::create`].
    pub async fn prepare(
        &self,
        inputs: Vec<NewDevice>,
        coming: &[EquipmentId],
    ) -> Result<PreparedDevices<'_>> {
        let turn = self.changing.lock().await;
        Ok(PreparedDevices {
            made: self.check_all(inputs, coming)?,
            devices: self,
            _turn: turn,
            now: self.clock.now(),
        })
    }
}

impl PreparedDevices<'_> {
    fn records(&self) -> Vec<Record> {
        let record = |made: &MadeDevice| Record {
            shown: made.device.clone(),
            key_hash: key::hash(&made.key),
        };
        self.made.iter().map(record).collect()
    }

    /// What is to be done in the transaction.
    pub fn work(
        &self,
        actor: &Actor,
    ) -> impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static + use<> {
        let (records, actor, now) = (self.records(), actor.clone(), self.now);
        move |transaction| {
            for record in &records {
                let details = serde_json::json!({ "device": record.shown });
                put(transaction, record, &actor, now, "device.create", details)?;
            }
            Ok(())
        }
    }

    /// After the commit: they are let in, and their keys are told once.
    #[must_use]
    pub fn keep(self) -> Vec<MadeDevice> {
        self.devices.keep_all(self.records());
        self.made
    }
}

/// Devices that are let in or locked out, checked. While this lives nobody else changes any.
pub struct ChangedDevices<'d> {
    devices: &'d Devices,
    _turn: MutexGuard<'d, ()>,
    changes: Vec<(Record, serde_json::Value)>,
    now: Timestamp,
}

impl Devices {
    /// Checks that devices are let in from now on, or locked out; those that are so already, or
    /// are gone, stay as they are.
    ///
    /// # Errors
    /// A device that would be refused.
    pub async fn prepare_enabled(
        &self,
        ids: &[DeviceId],
        enabled: bool,
    ) -> Result<ChangedDevices<'_>> {
        let turn = self.changing.lock().await;
        let now = self.clock.now();
        let mut changes = Vec::new();
        for id in ids {
            let Ok(mut record) = self.record(*id) else {
                continue;
            };
            if record.shown.enabled == enabled {
                continue;
            }
            let change = DeviceChange {
                enabled: Some(enabled),
                ..DeviceChange::default()
            };
            let changed = record.shown.with(change, true, now)?;
            let details = audit::changed_fields(&record.shown, &changed);
            record.shown = changed;
            changes.push((record, details));
        }
        Ok(ChangedDevices {
            devices: self,
            _turn: turn,
            changes,
            now,
        })
    }
}

impl ChangedDevices<'_> {
    /// Which of them change.
    pub fn ids(&self) -> impl Iterator<Item = DeviceId> {
        self.changes.iter().map(|(record, _)| record.shown.id)
    }

    /// What is to be done in the transaction.
    pub fn work(
        &self,
        actor: &Actor,
    ) -> impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static + use<> {
        let (changes, actor, now) = (self.changes.clone(), actor.clone(), self.now);
        move |transaction| {
            for (record, details) in changes {
                put(transaction, &record, &actor, now, "device.update", details)?;
            }
            Ok(())
        }
    }

    /// After the commit: from now on they are let in, or not.
    pub fn keep(self) {
        let records = self.changes.into_iter().map(|(record, _)| record);
        self.devices.keep_all(records.collect());
    }
}

impl std::fmt::Debug for ChangedDevices<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChangedDevices")
    }
}

impl std::fmt::Debug for PreparedDevices<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PreparedDevices")
    }
}
