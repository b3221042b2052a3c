//! What a list of cells would make, row by row, checked before anything is made.

use super::cell::{Cell, NewCell};
use super::cells::{CELLS_MAX, DEVICES_MAX, free_probe};
use super::customers::LOCATIONS_MAX;
use super::record::{Customer, Location, check_name};
use super::service::Coldchain;
use super::together::Together;
use crate::auth::Reach;
use crate::base::error::Checks;
use crate::base::{CustomerId, EquipmentId, Error, LocationId, Result, Timestamp};
use crate::devices::NewDevice;
use crate::exchange::cell_list::Row;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;

/// What a row of a list makes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ImportedCellRow {
    /// Line of the table, from 1.
    pub line: u64,
    /// Whose it is.
    pub customer: String,
    /// Where it stands.
    pub location: String,
    /// What it is called.
    pub cell: String,
    /// The number on the plate of its device.
    pub serial_number: Option<String>,
    /// Whether it makes the location.
    pub new_location: bool,
    /// Whether it makes the cell; one that is there stays as it is.
    pub new_cell: bool,
}

/// A cell that devices of the list may belong to.
struct Home {
    equipment: EquipmentId,
    /// What the list said of it first; nothing of one that was there.
    said: Option<NewCell>,
    interval_s: u32,
    probes: BTreeSet<String>,
}

/// A list on its way: what it makes, and what is refused.
pub(super) struct Plan {
    now: Timestamp,
    customers: HashMap<String, Customer>,
    locations: HashMap<(CustomerId, String), LocationId>,
    homes: HashMap<(LocationId, String), Home>,
    /// Equipment that is there when its devices are.
    pub(super) coming: Vec<EquipmentId>,
    pub(super) checks: Checks,
    pub(super) together: Together,
    /// Each with the line that names it.
    pub(super) devices: Vec<(u64, NewDevice)>,
    pub(super) rows: Vec<ImportedCellRow>,
}

impl Plan {
    /// What there is for somebody, and nothing new.
    pub(super) fn of(coldchain: &Coldchain, reach: &Reach) -> Self {
        let customers = coldchain.customers(reach, false).into_iter();
        let locations = coldchain.locations(reach, false).into_iter();
        let home = |cell: std::sync::Arc<Cell>| {
            let devices = coldchain.devices_of(&cell).into_iter();
            let home = Home {
                equipment: cell.equipment_id,
                said: None,
                interval_s: cell.said.interval_s,
                probes: devices
                    .map(|device| device.metric_prefix.unwrap_or_default())
                    .collect(),
            };
            ((cell.said.location_id, cell.said.name.clone()), home)
        };
        Self {
            now: coldchain.now(),
            customers: customers.map(|one| (one.name.clone(), one)).collect(),
            locations: locations
                .map(|one| ((one.customer_id, one.name), one.id))
                .collect(),
            homes: coldchain
                .cells(reach, false)
                .into_iter()
                .map(home)
                .collect(),
            coming: Vec::new(),
            checks: Checks::default(),
            together: Together::default(),
            devices: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Takes a row in.
    ///
    /// # Errors
    /// Anything that is not a refusal of what the row says: those are among the checks.
    pub(super) fn row(&mut self, coldchain: &Coldchain, row: Row) -> Result<()> {
        let at = |column: &str| format!("line {}.{column}", row.line);
        let Some(customer) = self.customers.get(&row.customer).cloned() else {
            let sentence = format!("There is no customer {}. Add him first.", row.customer);
            self.checks.refuse(&at("customer"), sentence);
            return Ok(());
        };
        let (location, new_location) = self.location(&row, customer.id);
        let new_cell = self.cell(coldchain, &row, (&customer, location))?;
        self.rows.push(ImportedCellRow {
            line: row.line,
            customer: row.customer.clone(),
            location: row.location.clone(),
            cell: row.cell.clone(),
            serial_number: row.serial_number.clone(),
            new_location,
            new_cell,
        });
        if let Some(serial) = row.serial_number.clone() {
            self.device(row, location, (serial, new_cell));
        }
        Ok(())
    }

    fn location(&mut self, row: &Row, customer_id: CustomerId) -> (LocationId, bool) {
        let key = (customer_id, row.location.clone());
        if let Some(known) = self.locations.get(&key) {
            return (*known, false);
        }
        let path = format!("line {}.location", row.line);
        check_name(&mut self.checks, &path, &row.location);
        let location = Location {
            id: LocationId::new(),
            customer_id,
            name: row.location.clone(),
            address: None,
            retired_at: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let id = location.id;
        self.locations.insert(key, id);
        self.together.locations.push(location);
        (id, true)
    }

    /// Whether the row makes its cell.
    fn cell(
        &mut self,
        coldchain: &Coldchain,
        row: &Row,
        (customer, location): (&Customer, LocationId),
    ) -> Result<bool> {
        let line = format!("line {}.", row.line);
        let key = (location, row.cell.clone());
        let said = cell_of(row, location).and_then(|said| said.check().map(|()| said));
        if let Some(home) = self.homes.get(&key) {
            // Further devices of a cell need not say again what it is held to.
            let again = row.set_point_c.is_some() && said.ok() != home.said;
            if home.said.is_some() && again {
                let sentence = "A line above says something else of this cell.";
                self.checks.refuse(&format!("{line}cell"), sentence);
            }
            return Ok(false);
        }
        let said = self.checks.merge(&line, said.map_err(in_columns))?;
        let equipment = EquipmentId::new();
        self.coming.push(equipment);
        let interval_s = said.as_ref().map_or(60, |said| said.interval_s);
        let home = Home {
            equipment,
            said: said.clone(),
            interval_s,
            probes: BTreeSet::new(),
        };
        self.homes.insert(key, home);
        if let Some(said) = said {
            let cell = Cell::new(said, customer, equipment, self.now);
            let furnished = coldchain.furnish(&cell, &row.location);
            self.together.equipment.push(furnished);
            self.together.cells.push(cell);
        }
        Ok(true)
    }

    fn device(&mut self, row: Row, location: LocationId, (serial, new_cell): (String, bool)) {
        let Some(home) = self.homes.get_mut(&(location, row.cell)) else {
            return;
        };
        let line = row.line;
        if home.probes.len() >= DEVICES_MAX {
            let sentence = "A cell has 8 devices at most.";
            let path = format!("line {line}.serial_number");
            return self.checks.refuse(&path, sentence);
        }
        let probe = row.probe.unwrap_or_else(|| free_probe(&home.probes));
        if !home.probes.insert(probe.clone()) {
            let sentence = "Another device of this cell has this place.";
            return self.checks.refuse(&format!("line {line}.probe"), sentence);
        }
        // The interval of a new cell was looked at with the cell.
        let own = row.interval_s.filter(|_| !new_cell);
        let device = NewDevice {
            serial_number: serial,
            name: row.device_name,
            equipment_id: home.equipment,
            expected_interval_s: own.unwrap_or(home.interval_s),
            metric_prefix: Some(probe).filter(|probe| !probe.is_empty()),
        };
        self.devices.push((line, device));
    }

    /// Refuses what was refused of the devices, each at its line.
    ///
    /// # Errors
    /// Anything that is no refusal of input.
    pub(super) fn refuse_devices(&mut self, error: Error) -> Result<()> {
        if error.fields.is_empty() {
            return Err(error);
        }
        for field in error.fields {
            let (number, name) = field.path.split_once('.').unwrap_or(("0", &field.path));
            let number: usize = number.parse().unwrap_or_default();
            let line = self.devices.get(number).map_or(1, |(line, _)| *line);
            let column = match name {
                "name" => "device_name",
                "expected_interval_s" => "interval_s",
                "metric_prefix" => "probe",
                _ => "serial_number",
            };
            let path = format!("line {line}.{column}");
            self.checks.refuse(&path, field.message);
        }
        Ok(())
    }

    /// Whether all of it fits beside what there is.
    pub(super) fn check_room(&self, (cells, locations): (usize, usize)) -> Result<()> {
        let full = |what: &str, max: usize| {
            Error::conflict(format!("The appliance holds {max} {what} at most."))
        };
        if cells + self.together.cells.len() > CELLS_MAX {
            return Err(full("cells", CELLS_MAX));
        }
        if locations + self.together.locations.len() > LOCATIONS_MAX {
            return Err(full("locations", LOCATIONS_MAX));
        }
        Ok(())
    }
}

/// What is refused of a cell, by the columns of the table.
fn in_columns(mut error: Error) -> Error {
    for field in &mut error.fields {
        match field.path.as_str() {
            "name" => "cell".clone_into(&mut field.path),
            "dead_band_c" => {
                "set_point_c".clone_into(&mut field.path);
                let sentence = "Half a kelvin away from its nearer limit at least.";
                sentence.clone_into(&mut field.message);
            }
            _ => {}
        }
    }
    error
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
