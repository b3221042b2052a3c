//! Cells and their devices: read, added, changed, each on disk first.

use super::cell::{Cell, NewCell};
use super::record::Location;
use super::service::{CELLS, Coldchain, Entry};
use super::together::{Together, add_in};
use crate::alerts::CELL;
use crate::auth::Reach;
use crate::base::{CellId, EquipmentId, Error, Result};
use crate::devices::{Device, MadeDevice, NewDevice};
use crate::equipment::{AdminStatus, Joining, NewEquipment};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most cells of one appliance, those that were taken out of use among them.
pub(super) const CELLS_MAX: usize = 4_000;
/// Most devices of one cell: nobody compares more.
pub(super) const DEVICES_MAX: usize = 8;
/// Templates of rules whose limits a cell keeps itself.
const REPLACED: [&str; 5] = [
    "temperature",
    "no_data",
    "door_open",
    "power_ok",
    "battery_level",
];

/// What is said of a new device of a cell.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewColdDevice)]
pub struct NewCellDevice {
    /// The number on its plate: letters, digits and `. _ : -`; no other device has it.
    #[serde(alias = "serialNumber")]
    #[schema(example = "CELL-0042")]
    pub serial_number: String,
    /// What people call it; its serial number when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// How often it reports, s; that of the cell when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3600)]
    pub expected_interval_s: Option<u32>,
    /// Where its probe hangs: a word such as `rear`. The first device needs none, further ones are
    /// numbered.
    #[serde(default)]
    #[schema(example = "rear")]
    pub probe: Option<String>,
}

impl Coldchain {
    /// The cells that somebody reaches, by name; those that were taken out of use when asked for.
    #[must_use]
    pub fn cells(&self, reach: &Reach, retired: bool) -> Vec<Arc<Cell>> {
        let known = self.known();
        let seen = |cell: &&Arc<Cell>| reach.sees(&cell.site) && (retired || cell.in_use());
        let mut all: Vec<_> = known.cells.values().filter(seen).cloned().collect();
        all.sort_by_key(|cell| (cell.said.name.to_lowercase(), cell.id));
        all
    }

    /// One cell.
    ///
    /// # Errors
    /// When there is none for who reaches this.
    pub fn cell(&self, reach: &Reach, id: CellId) -> Result<Arc<Cell>> {
        let found = self.known().cells.get(&id).cloned();
        let found = found.filter(|cell| reach.sees(&cell.site));
        found.ok_or_else(|| Error::not_found("cold cell", id))
    }

    /// Adds a cell, with equipment of its own unless some is named.
    ///
    /// # Errors
    /// Every refused field; no such location or equipment; equipment that another cell has; a disk
    /// that refuses.
    pub async fn add_cell(&self, reach: &Reach, said: NewCell, actor: Actor) -> Result<Arc<Cell>> {
        said.check()?;
        let _turn = self.changing.lock().await;
        let location = self.location(reach, said.location_id);
        let location = location.map_err(|error| Error::invalid("location_id", error.sentence))?;
        if location.retired_at.is_some() {
            return Err(Error::invalid(
                "location_id",
                "This location is out of use.",
            ));
        }
        let customer = self.customer(reach, location.customer_id)?;
        if self.known().cells.len() >= CELLS_MAX {
            let sentence = format!("The appliance holds {CELLS_MAX} cells at most.");
            return Err(Error::conflict(sentence));
        }
        if let Some(equipment) = said.equipment_id {
            let cell = Cell::new(said, &customer, equipment, self.now());
            return self.adopt(cell, actor).await;
        }
        let equipment = EquipmentId::new();
        let cell = Cell::new(said, &customer, equipment, self.now());
        let furnished = self.furnish(&cell, &location.name);
        let id = cell.id;
        let together = Together {
            cells: vec![cell],
            equipment: vec![furnished],
            ..Together::default()
        };
        self.join(together, actor).await?;
        let kept = self.known().cells.get(&id).cloned();
        kept.ok_or_else(|| Error::not_found("cold cell", id))
    }

    /// Equipment under which the readings of a new cell will lie.
    pub(super) fn furnish(&self, cell: &Cell, location: &str) -> Joining {
        let (said, site) = (&cell.said, &cell.site);
        let mut specs = serde_json::Map::new();
        specs.insert(CELL.to_owned(), json!(true));
        let equipment = NewEquipment {
            name: said.name.trim().to_owned(),
            kind: "Cold cell".to_owned(),
            model: "-".to_owned(),
            install_date: self.calendar(site).date(self.now()),
            serial_number: None,
            location: Some(location.to_owned()),
            status: AdminStatus::Active,
            in_site_total: false,
            specs,
            modbus: None,
        };
        (cell.equipment_id, site.clone(), equipment)
    }

    /// A cell of equipment that is measured already: what its usual rules said of a cold room, the
    /// cell says from now on.
    async fn adopt(&self, cell: Cell, actor: Actor) -> Result<Arc<Cell>> {
        let (registry, id) = (&self.ground.registry, cell.equipment_id);
        let found = registry.get(id).ok();
        let found = found.filter(|found| found.site == cell.site);
        let found = found.ok_or_else(|| {
            let sentence = "The customer has no such equipment at his site.";
            Error::invalid("equipment_id", sentence)
        })?;
        if self.known().of_equipment.contains_key(&id) {
            let sentence = "Another cell has this equipment.";
            return Err(Error::invalid("equipment_id", sentence));
        }
        let mut specs = found.specs.clone();
        specs.insert(CELL.to_owned(), json!(true));
        let equipment = registry.prepare_specs(id, specs).await?;
        let (change, stored, by) = (equipment.work(&actor), cell.clone(), actor.clone());
        let work = move |transaction: &Transaction<'_>| {
            change(transaction)?;
            add_in(transaction, &stored, &by)
        };
        let alerts = &self.ground.alerts;
        alerts.give_way((id, &REPLACED), actor, work).await?;
        equipment.keep();
        self.keep_cell(cell)
    }

    /// Says a cell anew; it may move to another location of its customer.
    ///
    /// # Errors
    /// When there is none for who reaches this; every refused field; a disk that refuses.
    pub async fn change_cell(
        &self,
        reach: &Reach,
        id: CellId,
        said: NewCell,
        actor: Actor,
    ) -> Result<Arc<Cell>> {
        said.check()?;
        let _turn = self.changing.lock().await;
        let before = self.cell(reach, id)?;
        let location = self.location(reach, said.location_id).ok();
        let open =
            |one: Location| one.customer_id == before.customer_id && one.retired_at.is_none();
        if !location.is_some_and(open) {
            let sentence = "The customer has no such location.";
            return Err(Error::invalid("location_id", sentence));
        }
        if !before.in_use() {
            let sentence = "This cell is out of use. Bring it back before you say it anew.";
            return Err(Error::conflict(sentence));
        }
        let changed = Cell {
            said: NewCell {
                equipment_id: None,
                ..said
            },
            updated_at: self.now(),
            ..Cell::clone(&before)
        };
        let details = audit::changed_fields(&*before, &changed);
        self.put_cell(changed, "coldchain.cell_update", details, actor)
            .await
    }

    async fn put_cell(
        &self,
        cell: Cell,
        action: &'static str,
        details: serde_json::Value,
        actor: Actor,
    ) -> Result<Arc<Cell>> {
        let (stored, now) = (cell.clone(), self.now());
        let write = self.ground.store.write(move |transaction| {
            CELLS.put(transaction, stored.id.as_bytes(), &stored)?;
            let resource = format!("cold_cell/{}", stored.id);
            let entry = Entry { now, actor: &actor };
            let object = audit::about(&resource).of(&stored.site);
            entry.put(transaction, action, object, details)
        });
        write.await?;
        self.keep_cell(cell)
    }

    fn keep_cell(&self, cell: Cell) -> Result<Arc<Cell>> {
        let id = cell.id;
        self.learn(|known| known.keep_cell(cell));
        self.watch.begin_anew(id);
        let kept = self.known().cells.get(&id).cloned();
        kept.ok_or_else(|| Error::not_found("cold cell", id))
    }

    /// The devices of a cell, the one that was added first in front.
    #[must_use]
    pub fn devices_of(&self, cell: &Cell) -> Vec<Device> {
        let mut all = self.ground.devices.of_equipment(cell.equipment_id);
        all.sort_by_key(|device| (device.created_at, device.id));
        all
    }

    /// Adds a device to a cell; its key is in the answer and never again.
    ///
    /// # Errors
    /// When there is no such cell for who reaches this, or it is out of use; every refused field.
    pub async fn add_device(
        &self,
        reach: &Reach,
        id: CellId,
        said: NewCellDevice,
        actor: Actor,
    ) -> Result<MadeDevice> {
        let _turn = self.changing.lock().await;
        let cell = self.cell(reach, id)?;
        if !cell.in_use() {
            return Err(Error::conflict("This cell is out of use."));
        }
        let known = self.devices_of(&cell);
        if known.len() >= DEVICES_MAX {
            let sentence = "A cell has 8 devices at most. Delete one that is gone.";
            return Err(Error::conflict(sentence));
        }
        let prefixes: BTreeSet<String> = known
            .iter()
            .map(|device| device.metric_prefix.clone().unwrap_or_default())
            .collect();
        let probe = match said.probe.filter(|probe| !probe.trim().is_empty()) {
            Some(probe) if prefixes.contains(probe.trim()) => {
                let sentence = "Another device of this cell has this place.";
                return Err(Error::invalid("probe", sentence));
            }
            Some(probe) => probe,
            None => free_probe(&prefixes),
        };
        let device = NewDevice {
            serial_number: said.serial_number,
            name: said.name,
            equipment_id: cell.equipment_id,
            expected_interval_s: said.expected_interval_s.unwrap_or(cell.said.interval_s),
            metric_prefix: Some(probe).filter(|probe| !probe.is_empty()),
        };
        let made = self.ground.devices.create(device, actor).await;
        let made = made.map_err(|mut error| {
            for field in &mut error.fields {
                if field.path == "metric_prefix" {
                    "probe".clone_into(&mut field.path);
                }
            }
            error
        })?;
        self.watch.begin_anew(id);
        Ok(made)
    }
}

/// The place of a further device: the first has no name, then `p2`, `p3`.
pub(super) fn free_probe(taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| format!("p{n}"));
    let mut all = std::iter::once(String::new()).chain(numbered);
    // There are fewer devices than numbers.
    all.find(|probe| !taken.contains(probe)).unwrap_or_default()
}
