//! Many cells at once, of a list: everything is checked before anything is made.

use super::cell::NewCell;
use super::cells::NewCellDevice;
use super::record::{Customer, NewLocation};
use super::service::Coldchain;
use crate::auth::Reach;
use crate::base::error::Checks;
use crate::base::{CellId, Error, LocationId, Result};
use crate::devices::MadeDevice;
use crate::exchange::cell_list::Row;
use crate::store::audit::Actor;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;

/// What was made of a list.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportedCells {
    /// Locations that were not known before.
    pub locations: usize,
    /// Cells that were not known before.
    pub cells: usize,
    /// Devices with their keys, which are not shown again.
    pub devices: Vec<MadeDevice>,
}

impl Coldchain {
    /// Makes the locations, cells and devices of a list that are not there yet.
    ///
    /// # Errors
    /// Every refused cell of the table by its line and column, and then nothing is made; a disk
    /// that refuses, and then what was made by then is there, and the list may be sent again
    /// without the lines of its devices.
    pub async fn import(
        &self,
        reach: &Reach,
        rows: Vec<Row>,
        actor: Actor,
    ) -> Result<ImportedCells> {
        let customers = self.check(reach, &rows)?;
        let mut made = ImportedCells::default();
        for (row, customer) in rows.into_iter().zip(customers) {
            let location = match self.location_named(reach, &customer, &row.location) {
                Some(id) => id,
                None => {
                    let said = NewLocation {
                        customer_id: customer.id,
                        name: row.location.clone(),
                        address: None,
                    };
                    made.locations += 1;
                    self.add_location(reach, said, actor.clone()).await?.id
                }
            };
            let cell = match self.cell_named(reach, location, &row.cell) {
                Some(id) => id,
                None => {
                    made.cells += 1;
                    let said = cell_of(&row, location)?;
                    self.add_cell(reach, said, actor.clone()).await?.id
                }
            };
            if let Some(serial_number) = row.serial_number {
                let device = NewCellDevice {
                    serial_number,
                    name: row.device_name,
                    expected_interval_s: row.interval_s,
                    probe: row.probe,
                };
                let added = self.add_device(reach, cell, device, actor.clone());
                made.devices.push(added.await?);
            }
        }
        Ok(made)
    }

    fn location_named(&self, reach: &Reach, customer: &Customer, name: &str) -> Option<LocationId> {
        let all = self.locations(reach).into_iter();
        let mut own = all.filter(|location| location.customer_id == customer.id);
        own.find(|location| location.name == name)
            .map(|location| location.id)
    }

    fn cell_named(&self, reach: &Reach, location: LocationId, name: &str) -> Option<CellId> {
        let mut all = self.cells(reach, false).into_iter();
        let is = |cell: &std::sync::Arc<super::cell::Cell>| {
            cell.said.location_id == location && cell.said.name == name
        };
        all.find(is).map(|cell| cell.id)
    }

    /// The customer of each row, when every row may be made.
    fn check(&self, reach: &Reach, rows: &[Row]) -> Result<Vec<Customer>> {
        let by_name: HashMap<_, _> = {
            let all = self.customers(reach).into_iter();
            all.map(|customer| (customer.name.clone(), customer))
                .collect()
        };
        let (mut checks, mut found) = (Checks::default(), Vec::new());
        let mut serials = BTreeSet::new();
        for row in rows {
            let at = |column: &str| format!("line {}.{column}", row.line);
            let Some(customer) = by_name.get(&row.customer) else {
                let sentence = format!("There is no customer {}. Add him first.", row.customer);
                checks.refuse(&at("customer"), sentence);
                continue;
            };
            found.push(customer.clone());
            let location = self.location_named(reach, customer, &row.location);
            let known = location.and_then(|id| self.cell_named(reach, id, &row.cell));
            if known.is_none() {
                let said = cell_of(row, location.unwrap_or_default());
                checks.merge(&at(""), said.and_then(|said| said.check()))?;
            }
            if let Some(serial) = &row.serial_number {
                let taken = self.ground.devices.by_serial(serial).is_some();
                let new = serials.insert(serial.to_ascii_lowercase()) && !taken;
                let sentence = "Another device has this serial number.";
                checks.require(new, &at("serial_number"), sentence);
                let written = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
                let good = serial.len() <= 64 && serial.chars().all(written);
                let sentence = "At most 64 letters, digits, dots, colons, hyphens or underscores.";
                checks.require(good, &at("serial_number"), sentence);
            }
        }
        checks.finish()?;
        Ok(found)
    }
}

/// The cell of a row.
fn cell_of(row: &Row, location: LocationId) -> Result<NewCell> {
    let Some(set_point_c) = row.set_point_c else {
        let sentence = "A new cell needs the temperature that is wanted.";
        return Err(Error::invalid("set_point_c", sentence));
    };
    let mut said = json!({ "location_id": location, "name": row.cell, "product": row.product,
        "set_point_c": set_point_c, "min_c": row.min_c, "max_c": row.max_c });
    if let Some(interval_s) = row.interval_s {
        said["interval_s"] = json!(interval_s);
    }
    serde_json::from_value(said)
        .map_err(|cause| Error::internal("A row of the list is no cell.").because(cause))
}
