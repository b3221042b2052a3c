//! Out of use and back: a cell, a location with its cells, a customer with all that is his, each in
//! one transaction. After a cut all of it is out of use, or nothing.

use super::cell::Cell;
use super::customers::about_location;
use super::record::{Customer, Location};
use super::service::{CELLS, CUSTOMERS, Coldchain, Entry, LOCATIONS};
use crate::auth::Reach;
use crate::base::{CellId, CustomerId, Error, LocationId, Result, Timestamp};
use crate::devices::ChangedDevices;
use crate::equipment::AdminStatus;
use crate::store::Transaction;
use crate::store::audit::{Actor, about};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// What is taken out of use, or brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A customer with his locations and cells.
    Customer(CustomerId),
    /// A location with its cells.
    Location(LocationId),
    /// A cell.
    Cell(CellId),
}

/// How much was taken out of use, or brought back; nothing when it was so already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct UseChanged {
    /// Customers.
    pub customers: usize,
    /// Locations.
    pub locations: usize,
    /// Cells.
    pub cells: usize,
    /// Devices that are locked out now, or let in again.
    pub devices: usize,
}

/// What moves together, as it is before.
#[derive(Clone, Default)]
struct Moving {
    customers: Vec<Customer>,
    locations: Vec<Location>,
    cells: Vec<Cell>,
}

impl Coldchain {
    /// Takes something out of use with all that is in it: its devices are let in no more, its
    /// alerts end, its evidence stays. Or brings it back, with what left together with it.
    ///
    /// # Errors
    /// When there is none for who reaches this; [`crate::base::ErrorKind::Conflict`] when it
    /// cannot come back: what it stands in is out of use, or its equipment is gone; a disk that
    /// refuses.
    pub async fn use_or_retire(
        &self,
        reach: &Reach,
        (part, in_use): (Part, bool),
        actor: Actor,
    ) -> Result<UseChanged> {
        let _turn = self.changing.lock().await;
        let Some(mut moving) = self.moving(reach, (part, in_use))? else {
            return Ok(UseChanged::default());
        };
        if in_use {
            self.refuse_return(&moving)?;
        }
        let ids = self.devices_of_all(&moving.cells, in_use);
        let devices = self.ground.devices.prepare_enabled(&ids, in_use).await?;
        let status = match in_use {
            true => AdminStatus::Active,
            false => AdminStatus::Decommissioned,
        };
        let registry = &self.ground.registry;
        let all = moving.cells.iter().map(|cell| cell.equipment_id);
        let there: Vec<_> = all.filter(|id| registry.get(*id).is_ok()).collect();
        let equipment = registry.prepare_status(&there, status).await?;
        let now = self.moment();
        let locked = self.locked_by_cell(&devices);
        moving.mark(now, (!in_use).then_some(locked));
        let (stored, by) = (moving.clone(), actor.clone());
        let (lock, furnish) = (devices.work(&actor), equipment.work(&actor));
        let write = self.ground.store.write(move |transaction| {
            lock(transaction)?;
            furnish(transaction)?;
            stored.put(transaction, (now, in_use), &by)
        });
        write.await?;
        let changed = UseChanged {
            customers: moving.customers.len(),
            locations: moving.locations.len(),
            cells: moving.cells.len(),
            devices: devices.ids().count(),
        };
        equipment.keep();
        devices.keep();
        self.learn_moved(moving);
        Ok(changed)
    }

    fn learn_moved(&self, moved: Moving) {
        let cells: Vec<_> = moved.cells.iter().map(|cell| cell.id).collect();
        self.learn(|known| {
            for one in moved.customers {
                known.customers.insert(one.id, one);
            }
            for one in moved.locations {
                known.locations.insert(one.id, one);
            }
            moved
                .cells
                .into_iter()
                .for_each(|cell| known.keep_cell(cell));
        });
        cells.into_iter().for_each(|id| self.watch.begin_anew(id));
    }

    /// What moves with a part: on the way out what is in use, on the way back what left with it;
    /// nothing when it is there already.
    fn moving(&self, reach: &Reach, (part, in_use): (Part, bool)) -> Result<Option<Moving>> {
        let mut moving = Moving::default();
        let left_at = match part {
            Part::Customer(id) => {
                let customer = self.customer(reach, id)?;
                let left_at = customer.retired_at;
                moving.customers.push(customer);
                left_at
            }
            Part::Location(id) => {
                let location = self.location(reach, id)?;
                let left_at = location.retired_at;
                moving.locations.push(location);
                left_at
            }
            Part::Cell(id) => {
                let cell = self.cell(reach, id)?;
                let left_at = cell.retired_at;
                moving.cells.push(Cell::clone(&cell));
                left_at
            }
        };
        if left_at.is_none() == in_use {
            return Ok(None);
        }
        let known = self.known();
        if let Part::Customer(id) = part {
            let his = |one: &&Location| one.customer_id == id && one.retired_at == left_at;
            moving.locations = known.locations.values().filter(his).cloned().collect();
        }
        if !matches!(part, Part::Cell(_)) {
            let inside = |cell: &&std::sync::Arc<Cell>| {
                let here = match part {
                    Part::Customer(id) => cell.customer_id == id,
                    Part::Location(id) => cell.said.location_id == id,
                    Part::Cell(_) => false,
                };
                here && cell.retired_at == left_at
            };
            let cells = known.cells.values().filter(inside);
            moving.cells = cells.map(|cell| Cell::clone(cell)).collect();
        }
        Ok(Some(moving))
    }

    /// Refuses what would come back into something that is out of use, or to no readings.
    fn refuse_return(&self, moving: &Moving) -> Result<()> {
        let known = self.known();
        let back = |id: &CustomerId| moving.customers.iter().any(|one| one.id == *id);
        let placed = |id: &LocationId| moving.locations.iter().any(|one| one.id == *id);
        let away = |at: Option<Option<Timestamp>>| at.flatten().is_some();
        let owners = moving.locations.iter().map(|one| one.customer_id);
        let owners = owners.chain(moving.cells.iter().map(|cell| cell.customer_id));
        for id in owners.filter(|id| !back(id)) {
            if away(known.customers.get(&id).map(|one| one.retired_at)) {
                let sentence = "Its customer is out of use. Bring the customer back first.";
                return Err(Error::conflict(sentence));
            }
        }
        for cell in &moving.cells {
            let (id, name) = (cell.said.location_id, &cell.said.name);
            if !placed(&id) && away(known.locations.get(&id).map(|one| one.retired_at)) {
                let sentence = "Its location is out of use. Bring the location back first.";
                return Err(Error::conflict(sentence));
            }
            if self.ground.registry.get(cell.equipment_id).is_err() {
                return Err(Error::conflict(format!(
                    "The equipment under which the readings of {name} lie was deleted, so it cannot \
                     come back. Add a new cell; what this one measured stays."
                )));
            }
            if known.of_equipment.contains_key(&cell.equipment_id) {
                return Err(Error::conflict(format!(
                    "Another cell is measured by the equipment of {name} by now. Take that one out \
                     of use first."
                )));
            }
        }
        Ok(())
    }

    /// The devices of cells that leave, or those that left with cells that come back.
    fn devices_of_all(&self, cells: &[Cell], in_use: bool) -> Vec<crate::base::DeviceId> {
        let by_equipment: BTreeMap<_, _> =
            cells.iter().map(|cell| (cell.equipment_id, cell)).collect();
        let moves = |device: &crate::devices::Device| {
            let cell = by_equipment.get(&device.equipment_id);
            cell.is_some_and(|cell| !in_use || cell.retired_devices.contains(&device.id))
        };
        let all = self.ground.devices.all().into_iter();
        all.filter(moves).map(|device| device.id).collect()
    }

    /// Which devices of a change belong to which equipment.
    fn locked_by_cell(&self, devices: &ChangedDevices<'_>) -> Locked {
        let mut of: Locked = BTreeMap::new();
        for id in devices.ids() {
            if let Ok(device) = self.ground.devices.get(id) {
                of.entry(device.equipment_id).or_default().push(id);
            }
        }
        of
    }

    /// Now, or the first millisecond after it in which nothing left: what left together is known
    /// by its instant.
    fn moment(&self) -> Timestamp {
        let known = self.known();
        let customers = known.customers.values().map(|one| one.retired_at);
        let locations = known.locations.values().map(|one| one.retired_at);
        let cells = known.cells.values().map(|cell| cell.retired_at);
        let all = customers.chain(locations).chain(cells);
        let taken: BTreeSet<_> = all.flatten().collect();
        let mut now = self.now();
        while taken.contains(&now) {
            now = now.plus_ms(1);
        }
        now
    }
}

type Locked = BTreeMap<crate::base::EquipmentId, Vec<crate::base::DeviceId>>;

impl Moving {
    /// Out of use from `now` on, with the devices that are locked out; or in use again.
    fn mark(&mut self, now: Timestamp, locked: Option<Locked>) {
        let retired_at = locked.is_some().then_some(now);
        let mut locked = locked.unwrap_or_default();
        for one in &mut self.customers {
            (one.retired_at, one.updated_at) = (retired_at, now);
        }
        for one in &mut self.locations {
            (one.retired_at, one.updated_at) = (retired_at, now);
        }
        for cell in &mut self.cells {
            (cell.retired_at, cell.updated_at) = (retired_at, now);
            cell.retired_devices = locked.remove(&cell.equipment_id).unwrap_or_default();
        }
    }

    /// Stores all of it, each with its entry.
    fn put(
        &self,
        transaction: &Transaction<'_>,
        (now, in_use): (Timestamp, bool),
        actor: &Actor,
    ) -> Result<()> {
        let entry = Entry { now, actor };
        let act = if in_use { "restore" } else { "retire" };
        let action = |kind: &str| format!("coldchain.{kind}_{act}");
        for one in &self.customers {
            CUSTOMERS.put(transaction, one.id.as_bytes(), one)?;
            let resource = format!("cold_customer/{}", one.id);
            let (object, details) = (about(&resource).of(&one.site), json!({ "name": one.name }));
            entry.put(transaction, &action("customer"), object, details)?;
        }
        for one in &self.locations {
            LOCATIONS.put(transaction, one.id.as_bytes(), one)?;
            let resource = format!("cold_location/{}", one.id);
            let object = about_location(transaction, &resource, one)?;
            let details = json!({ "name": one.name });
            entry.put(transaction, &action("location"), object, details)?;
        }
        for cell in &self.cells {
            CELLS.put(transaction, cell.id.as_bytes(), cell)?;
            let resource = format!("cold_cell/{}", cell.id);
            let object = about(&resource).of(&cell.site);
            let details = json!({ "name": cell.said.name });
            entry.put(transaction, &action("cell"), object, details)?;
        }
        Ok(())
    }
}
