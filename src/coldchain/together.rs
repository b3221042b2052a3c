//! What is added together: locations, cells with the equipment under which their readings lie, and
//! devices, in one transaction. After a cut all of it is there, or nothing.

use super::cell::Cell;
use super::customers::about_location;
use super::record::Location;
use super::service::{CELLS, Coldchain, Entry, LOCATIONS};
use crate::base::{CellId, Result};
use crate::devices::{MadeDevice, NewDevice, PreparedDevices};
use crate::equipment::Joining;
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use serde_json::json;

/// What is added together; checked by whoever puts it together.
#[derive(Debug, Default)]
pub(super) struct Together {
    pub(super) locations: Vec<Location>,
    pub(super) equipment: Vec<Joining>,
    pub(super) cells: Vec<Cell>,
}

impl Coldchain {
    /// Adds cells, all or none of them.
    ///
    /// # Errors
    /// Equipment that is refused; a disk that refuses.
    pub(super) async fn join(&self, together: Together, actor: Actor) -> Result<()> {
        let none: Vec<NewDevice> = Vec::new();
        let devices = self.ground.devices.prepare(none, &[]).await?;
        self.join_with(together, devices, actor).await?;
        Ok(())
    }

    /// Adds cells and devices, all or none of them; the devices with their keys.
    ///
    /// # Errors
    /// As [`Coldchain::join`].
    pub(super) async fn join_with(
        &self,
        together: Together,
        devices: PreparedDevices<'_>,
        actor: Actor,
    ) -> Result<Vec<MadeDevice>> {
        let Together {
            locations,
            equipment,
            cells,
        } = together;
        let equipment = self.ground.registry.prepare(equipment).await?;
        let (furnish, admit) = (equipment.work(&actor), devices.work(&actor));
        let stored = (locations.clone(), cells.clone());
        let write = self.ground.store.write(move |transaction| {
            furnish(transaction)?;
            for location in &stored.0 {
                locate_in(transaction, location, &actor)?;
            }
            for cell in &stored.1 {
                add_in(transaction, cell, &actor)?;
            }
            admit(transaction)
        });
        write.await?;
        equipment.keep();
        let made = devices.keep();
        let ids: Vec<_> = cells.iter().map(|cell| cell.id).collect();
        self.learn(|known| {
            for location in locations {
                known.locations.insert(location.id, location);
            }
            cells.into_iter().for_each(|cell| known.keep_cell(cell));
        });
        ids.into_iter().for_each(|id| self.watch.begin_anew(id));
        Ok(made)
    }
}

/// Stores a new location with its entry.
fn locate_in(transaction: &Transaction<'_>, location: &Location, actor: &Actor) -> Result<()> {
    LOCATIONS.put(transaction, location.id.as_bytes(), location)?;
    let resource = format!("cold_location/{}", location.id);
    let now = location.created_at;
    let (entry, details) = (Entry { now, actor }, json!(location));
    let object = about_location(transaction, &resource, location)?;
    entry.put(transaction, "coldchain.location_create", object, details)
}

/// Stores a new cell with its entry.
pub(super) fn add_in(transaction: &Transaction<'_>, cell: &Cell, actor: &Actor) -> Result<()> {
    CELLS.put(transaction, cell.id.as_bytes(), cell)?;
    let resource = format!("cold_cell/{}", cell.id);
    let now = cell.created_at;
    let (entry, details) = (Entry { now, actor }, json!(cell));
    let object = audit::about(&resource).of(&cell.site);
    entry.put(transaction, "coldchain.cell_create", object, details)
}

/// A cell, or what it has, as what an entry is about.
pub(super) fn about_cell<'a>(
    transaction: &Transaction<'_>,
    resource: &'a str,
    id: CellId,
) -> Result<audit::Object<'a>> {
    let cell = CELLS.get(transaction, id.as_bytes())?;
    Ok(audit::about(resource).of_all(cell.map(|cell| cell.site)))
}
