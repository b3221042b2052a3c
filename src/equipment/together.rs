//! Equipment that is added or changed in a transaction of another room, with what belongs to it:
//! both are there afterwards, or neither.

use super::record::{AdminStatus, Equipment, EquipmentChange, NewEquipment};
use super::registry::{EQUIPMENT_MAX, Registry, put};
use crate::base::{EquipmentId, Error, Result};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use tokio::sync::MutexGuard;

/// Equipment to be added: its id, the key of its site, and what is said of it.
pub type Joining = (EquipmentId, String, NewEquipment);

#[derive(Clone)]
struct Change {
    record: Equipment,
    action: &'static str,
    details: serde_json::Value,
}

/// Checked changes of equipment. While this lives nobody else changes any.
pub struct PreparedEquipment<'r> {
    registry: &'r Registry,
    _turn: MutexGuard<'r, ()>,
    changes: Vec<Change>,
}

impl Registry {
    /// Checks equipment that is added together with something else. It may not be polled: lines
    /// are not compared.
    ///
    /// # Errors
    /// Every refused field of the first that is refused; too many.
    pub async fn prepare(&self, joining: Vec<Joining>) -> Result<PreparedEquipment<'_>> {
        let turn = self.changing.lock().await;
        if self.read().len() + joining.len() > EQUIPMENT_MAX {
            return Err(Error::conflict(format!(
                "The appliance holds {EQUIPMENT_MAX} pieces of equipment at most."
            )));
        }
        let now = self.clock.now();
        let change = |(id, site, said): Joining| {
            if said.modbus.is_some() {
                return Err(Error::internal(
                    "Equipment that is polled came by this way.",
                ));
            }
            let details = serde_json::to_value(&said).unwrap_or_default();
            let record = Equipment::new(said, &site, &self.profiles, now)?;
            Ok(Change {
                record: Equipment { id, ..record },
                action: "equipment.create",
                details,
            })
        };
        Ok(PreparedEquipment {
            changes: joining.into_iter().map(change).collect::<Result<_>>()?,
            registry: self,
            _turn: turn,
        })
    }

    /// Checks a change that is made together with something else; its line stays as it is.
    ///
    /// # Errors
    /// When there is no such equipment; every refused field.
    pub async fn prepare_specs(
        &self,
        id: EquipmentId,
        specs: serde_json::Map<String, serde_json::Value>,
    ) -> Result<PreparedEquipment<'_>> {
        let turn = self.changing.lock().await;
        let before = self.get(id)?;
        let change = EquipmentChange {
            specs: Some(specs),
            ..EquipmentChange::default()
        };
        let record = before.with(change, &self.profiles, self.clock.now())?;
        let details = audit::changed_fields(&before, &record);
        Ok(PreparedEquipment {
            changes: vec![Change {
                record,
                action: "equipment.update",
                details,
            }],
            registry: self,
            _turn: turn,
        })
    }
}

impl Registry {
    /// Checks that equipment gets this status together with something else; what has it already
    /// stays as it is.
    ///
    /// # Errors
    /// When one is not there; a line that others use otherwise by now.
    pub async fn prepare_status(
        &self,
        ids: &[EquipmentId],
        status: AdminStatus,
    ) -> Result<PreparedEquipment<'_>> {
        let turn = self.changing.lock().await;
        let now = self.clock.now();
        let mut changes = Vec::new();
        for id in ids {
            let before = self.get(*id)?;
            if before.admin_status == status {
                continue;
            }
            let change = EquipmentChange {
                status: Some(status),
                ..EquipmentChange::default()
            };
            let record = before.with(change, &self.profiles, now)?;
            self.refuse_clash(&record)?;
            let details = audit::changed_fields(&before, &record);
            changes.push(Change {
                record,
                action: "equipment.update",
                details,
            });
        }
        Ok(PreparedEquipment {
            registry: self,
            _turn: turn,
            changes,
        })
    }
}

impl PreparedEquipment<'_> {
    /// What is to be done in the transaction.
    pub fn work(
        &self,
        actor: &Actor,
    ) -> impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static + use<> {
        let (changes, actor) = (self.changes.clone(), actor.clone());
        move |transaction| {
            for Change {
                record,
                action,
                details,
            } in changes
            {
                put(transaction, &record, &actor, (action, details))?;
            }
            Ok(())
        }
    }

    /// After the commit: the registry knows it, and the pollers follow.
    pub fn keep(self) {
        let all = self.changes.into_iter().map(|change| change.record);
        self.registry.keep(all.collect());
    }
}

impl std::fmt::Debug for PreparedEquipment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PreparedEquipment")
    }
}
