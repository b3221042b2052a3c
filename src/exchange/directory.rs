//! *pure* — who is who: equipment by its id, its name or the number on its plate.

use crate::base::EquipmentId;
use crate::equipment::{AdminStatus, Equipment};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Who is who among the equipment that a writer may write to.
#[derive(Debug, Default)]
pub struct Directory {
    known: HashMap<EquipmentId, Known>,
    /// By name and by serial number; `None` when several have it.
    names: HashMap<String, Option<EquipmentId>>,
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) site: String,
    pub(super) interval_ms: Option<u32>,
    pub(super) decommissioned: bool,
}

impl Directory {
    /// The equipment of these.
    pub fn of<'e>(equipment: impl IntoIterator<Item = &'e Equipment>) -> Self {
        let mut directory = Self::default();
        for one in equipment {
            let polled = one.modbus.as_ref().map(|source| source.poll_interval_ms);
            let known = Known {
                site: one.site.clone(),
                interval_ms: polled.and_then(|ms| u32::try_from(ms).ok()),
                decommissioned: one.admin_status == AdminStatus::Decommissioned,
            };
            directory.known.insert(one.id, known);
            for name in [Some(&one.name), one.serial_number.as_ref()]
                .into_iter()
                .flatten()
            {
                match directory.names.entry(name.clone()) {
                    Entry::Vacant(free) => {
                        free.insert(Some(one.id));
                    }
                    // The name of a meter may be its serial number, too.
                    Entry::Occupied(mut taken) if *taken.get() != Some(one.id) => {
                        taken.insert(None);
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        directory
    }

    /// The equipment of this id, name or serial number.
    ///
    /// # Errors
    /// A sentence when there is none, or several.
    pub fn find(&self, name: &str) -> Result<EquipmentId, String> {
        if let Ok(id) = name.parse::<EquipmentId>()
            && self.known.contains_key(&id)
        {
            return Ok(id);
        }
        match self.names.get(name) {
            Some(Some(id)) => Ok(*id),
            Some(None) => Err(format!(
                "Several pieces of equipment are called {name}. Use the id."
            )),
            None => Err(format!(
                "There is no equipment {name}. Add it first, or use its id."
            )),
        }
    }

    /// What is known of equipment that was found.
    pub(super) fn known(&self, id: EquipmentId) -> Option<&Known> {
        self.known.get(&id)
    }
}
