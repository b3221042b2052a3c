//! The room at work: customers, locations and cells in memory, every change on disk first.
//!
//! Whose something is, is said by the key of its site: who reaches the site of a customer reaches
//! all that is his, here as everywhere else, and for everybody else it is not there.

use super::calibration::Calibration;
use super::cell::Cell;
use super::record::{Customer, Location};
use super::watch::Watch;
use crate::alerts::Alerts;
use crate::base::time::Calendar;
use crate::base::{CellId, Clock, CustomerId, EquipmentId, LocationId, Result, Timestamp};
use crate::devices::Devices;
use crate::equipment::Registry;
use crate::live::Live;
use crate::site::Sites;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction};
use crate::tsdb::Tsdb;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

pub(super) const CUSTOMERS: Table<Customer> = Table::new("cold_customer", 1);
pub(super) const LOCATIONS: Table<Location> = Table::new("cold_location", 1);
pub(super) const CELLS: Table<Cell> = Table::new("cold_cell", 1);
pub(super) const CALIBRATIONS: Table<Calibration> = Table::new("cold_calibration", 1);

/// What the room stands on.
pub struct Ground {
    /// The data directory.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Sites.
    pub sites: Arc<Sites>,
    /// Equipment.
    pub registry: Arc<Registry>,
    /// Devices that push.
    pub devices: Arc<Devices>,
    /// Alerts.
    pub alerts: Arc<Alerts>,
    /// Readings.
    pub tsdb: Arc<Tsdb>,
    /// Latest values.
    pub live: Arc<Live>,
}

/// All customers with their cells.
pub struct Coldchain {
    pub(super) ground: Ground,
    pub(super) known: RwLock<Known>,
    /// One change at a time, so that memory and store agree.
    pub(super) changing: tokio::sync::Mutex<()>,
    pub(super) watch: Watch,
}

/// What is in memory.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) customers: BTreeMap<CustomerId, Customer>,
    pub(super) locations: BTreeMap<LocationId, Location>,
    pub(super) cells: BTreeMap<CellId, Arc<Cell>>,
    pub(super) of_equipment: HashMap<EquipmentId, CellId>,
    pub(super) calibrations: HashMap<CellId, Arc<Vec<Calibration>>>,
}

impl Known {
    pub(super) fn keep_cell(&mut self, cell: Cell) {
        if cell.in_use() {
            self.of_equipment.insert(cell.equipment_id, cell.id);
        } else if self.of_equipment.get(&cell.equipment_id) == Some(&cell.id) {
            self.of_equipment.remove(&cell.equipment_id);
        }
        self.cells.insert(cell.id, Arc::new(cell));
    }
}

/// One entry in the audit log.
pub(super) struct Entry<'a> {
    pub(super) now: Timestamp,
    pub(super) actor: &'a Actor,
}

impl Entry<'_> {
    pub(super) fn put(
        &self,
        transaction: &Transaction<'_>,
        action: &str,
        object: audit::Object<'_>,
        details: serde_json::Value,
    ) -> Result<()> {
        audit::append(transaction, self.now, self.actor, action, object, details)
    }
}

impl Coldchain {
    /// Reads what there is.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(ground: Ground) -> Result<Self> {
        let reader = ground.store.read()?;
        let mut known = Known::default();
        for customer in CUSTOMERS.all(&reader)? {
            known.customers.insert(customer.id, customer);
        }
        for location in LOCATIONS.all(&reader)? {
            known.locations.insert(location.id, location);
        }
        for cell in CELLS.all(&reader)? {
            known.keep_cell(cell);
        }
        let mut calibrations: HashMap<CellId, Vec<Calibration>> = HashMap::new();
        for one in CALIBRATIONS.all(&reader)? {
            calibrations.entry(one.cell_id).or_default().push(one);
        }
        let shared = |(id, all)| (id, Arc::new(all));
        known.calibrations = calibrations.into_iter().map(shared).collect();
        let watch = Watch::open(&reader, ground.clock.now())?;
        drop(reader);
        let coldchain = Self {
            ground,
            known: RwLock::new(known),
            changing: tokio::sync::Mutex::new(()),
            watch,
        };
        coldchain
            .watch
            .mark_all(coldchain.known().cells.keys().copied());
        Ok(coldchain)
    }

    pub(super) fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn learn<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ground.clock.now()
    }

    /// The wall clock of a site.
    pub(super) fn calendar(&self, site: &str) -> Calendar {
        let site = self.ground.sites.by_key(site);
        site.map_or_else(Calendar::utc, |site| site.calendar())
    }
}

impl std::fmt::Debug for Coldchain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Coldchain")
    }
}
