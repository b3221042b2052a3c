//! What a technician looks at first: the cells as they are now, those that need hands in front.

use super::calibration::{Standing, offset_c, standing};
use super::cell::Cell;
use super::excursion::Excursion;
use super::service::Coldchain;
use super::sources::metric_of;
use crate::alerts::Alert;
use crate::auth::Reach;
use crate::base::{AlertId, CellId, CustomerId, Level, Metric, Timestamp};
use crate::devices::{Device, DeviceStatus, Life};
use crate::notify::Said;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An alert of a cell, as far as it is shown with it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CellAlert {
    /// The alert.
    pub id: AlertId,
    /// The word for programs.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// How urgent it is.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// The same as facts, which every language has words for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// Since when.
    pub since: Timestamp,
    /// Whether its condition holds.
    pub active: bool,
    /// Whether somebody said that he knows.
    pub acknowledged: bool,
    /// By whom.
    pub acknowledged_by: Option<String>,
}

/// A probe of a cell, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProbeNow {
    /// What stands before its quantities; empty for the first one.
    pub probe: String,
    /// What it says, corrected, °C; absent when it is not fresh.
    pub temperature_c: Option<f64>,
    /// Relative humidity, percent; absent when it is not fresh.
    pub humidity_percent: Option<f64>,
    /// What is added to what it says, K.
    pub offset_c: f64,
    /// How its certificate stands.
    pub calibration: Standing,
    /// When the next one is due.
    pub calibration_due_at: Option<Timestamp>,
    /// The device that brings it; absent for one that is polled or published.
    pub device: Option<Device>,
    /// How that is doing.
    pub status: Option<DeviceStatus>,
    /// What it told of itself.
    pub life: Option<Life>,
}

/// A cell as it is now.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ColdCellNow)]
pub struct CellNow {
    /// What is said of it.
    #[serde(flatten)]
    pub cell: Cell,
    /// What its customer is called.
    pub customer_name: String,
    /// What its location is called.
    pub location_name: String,
    /// The warmest probe, °C; absent when none is fresh.
    pub temperature_c: Option<f64>,
    /// How far the probes differ, K.
    pub difference_k: Option<f64>,
    /// The newest reading.
    pub last_reading_at: Option<Timestamp>,
    /// Whether its door is open.
    pub door_open: Option<bool>,
    /// Whether it has power.
    pub power_ok: Option<bool>,
    /// Whether it is being defrosted, by its timetable.
    pub defrosting: bool,
    /// The excursion that lasts.
    pub excursion: Option<Excursion>,
    /// Its open alerts, the worst in front.
    pub alerts: Vec<CellAlert>,
    /// Its probes.
    pub probes: Vec<ProbeNow>,
    /// What stays of a cell that is out of use; absent while it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// What stays of a cell that is out of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ColdKept)]
pub struct Kept {
    /// Its last good reading; absent when nothing was ever measured.
    pub last_reading_at: Option<Timestamp>,
    /// Excursions on its evidence.
    pub excursions: usize,
    /// Its calibration certificates.
    pub certificates: usize,
    /// Why it cannot be brought back; absent when it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
}

/// A customer and how he is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CustomerNow {
    /// His id.
    pub id: CustomerId,
    /// What he is called.
    pub name: String,
    /// Key of his site.
    pub site: String,
    /// His locations.
    pub locations: usize,
    /// His cells.
    pub cells: usize,
    /// Active alerts of his cells.
    pub active_alerts: usize,
    /// The worst of them.
    pub worst_level: Option<Level>,
    /// Devices that are silent.
    pub offline_devices: usize,
}

/// What a technician looks at first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TechnicianDashboard {
    /// Customers that he looks after.
    pub total_customers: usize,
    /// Their cells in use.
    pub total_cold_cells: usize,
    /// Active alerts of these.
    pub active_alerts: usize,
    /// Active alerts by their type.
    pub alerts_by_type: BTreeMap<String, usize>,
    /// The customers, by name.
    pub customers: Vec<CustomerNow>,
    /// The cells, those that need hands first in front.
    pub cells: Vec<CellNow>,
}

impl CellAlert {
    fn of(alert: &Alert) -> Self {
        Self {
            id: alert.id,
            kind: alert.kind.clone(),
            level: alert.level,
            message: alert.message.clone(),
            said: alert.said.clone(),
            since: alert.timestamp,
            active: alert.active,
            acknowledged: alert.acknowledged,
            acknowledged_by: alert.acknowledged_by.clone(),
        }
    }
}

impl Coldchain {
    /// A cell as it is now.
    #[must_use]
    pub fn now_of(&self, cell: &Cell) -> CellNow {
        let open = self.ground.alerts.open_of(&cell.site);
        self.show(cell, &open)
    }

    fn show(&self, cell: &Cell, open: &[Alert]) -> CellNow {
        let now = self.now();
        let (customer_name, location_name) = {
            let known = self.known();
            let customer = known.customers.get(&cell.customer_id);
            let location = known.locations.get(&cell.said.location_id);
            (
                customer.map(|one| one.name.clone()).unwrap_or_default(),
                location.map(|one| one.name.clone()).unwrap_or_default(),
            )
        };
        let devices = self.devices_of(cell);
        let sources = self.sources(cell, &devices);
        let state = self.watch.states().get(&cell.id).cloned();
        let follow = state.as_ref().and_then(|state| state.follow.as_ref());
        let follow = follow.map(|(_, follow)| follow);
        let to = follow.and_then(|follow| follow.to);
        let fresh = to.is_some_and(|to| now.ms() - to <= sources.hold_ms);
        let seen = follow.filter(|_| fresh);
        let prefix = format!("cell/{}/", cell.id);
        let own = open
            .iter()
            .filter(|alert| alert.condition.starts_with(&prefix));
        let mut alerts: Vec<_> = own.map(CellAlert::of).collect();
        alerts.sort_by_key(|alert| (!alert.active, std::cmp::Reverse(alert.level), alert.since));
        let calendar = &sources.calendar;
        let probes = sources.probes.iter();
        CellNow {
            kept: (!cell.in_use()).then(|| self.kept(cell)),
            customer_name,
            location_name,
            temperature_c: seen.and_then(|follow| follow.seen.warmest_c).map(tenths),
            difference_k: seen
                .and_then(super::follow::Follow::difference_c)
                .map(tenths),
            last_reading_at: to.map(Timestamp::from_ms),
            door_open: seen.and_then(|follow| follow.seen.door_open),
            power_ok: seen.and_then(|follow| follow.seen.power_ok),
            defrosting: cell.said.is_defrosting(calendar, now, false),
            excursion: state.and_then(|state| state.lasting.first().cloned()),
            alerts,
            probes: probes
                .map(|probe| self.probe_now(cell, probe, &devices, now))
                .collect(),
            cell: cell.clone(),
        }
    }

    fn kept(&self, cell: &Cell) -> Kept {
        let live = |device: Option<&crate::live::Device>| device.and_then(|one| one.last_good);
        // A disk that refuses is told where the evidence is asked for.
        let excursions = self.stored_excursions(cell.id).unwrap_or_default();
        let equipment = self.ground.registry.get(cell.equipment_id);
        Kept {
            last_reading_at: self.ground.live.with(cell.equipment_id, live),
            excursions: excursions.len(),
            certificates: self.calibrations(cell.id).len(),
            gone: equipment.is_err().then(|| "EQUIPMENT_DELETED".to_owned()),
        }
    }

    fn probe_now(&self, cell: &Cell, probe: &str, devices: &[Device], now: Timestamp) -> ProbeNow {
        let calibrations = self.calibrations(cell.id);
        let offset = offset_c(&calibrations, probe, now);
        let (standing, due_at) = standing(&calibrations, probe, now);
        let of = |device: &&Device| device.metric_prefix.as_deref().unwrap_or_default() == probe;
        let device = devices.iter().find(of);
        let fresh = |quantity: &str| {
            let metric = metric_of(probe, quantity)?;
            self.ground.live.with(cell.equipment_id, |live| {
                live?.fresh(&metric, crate::base::Phase::Total, now)
            })
        };
        let told = device.map(|device| self.ground.devices.life(device));
        let (life, status) = told.unzip();
        ProbeNow {
            probe: probe.to_owned(),
            temperature_c: fresh(Metric::TEMPERATURE.as_str()).map(|value| tenths(value + offset)),
            humidity_percent: fresh("humidity"),
            offset_c: offset,
            calibration: standing,
            calibration_due_at: due_at,
            device: device.cloned(),
            status,
            life,
        }
    }

    /// What a technician looks at first.
    #[must_use]
    pub fn dashboard(&self, reach: &Reach) -> TechnicianDashboard {
        let customers = self.customers(reach, false);
        let locations = self.locations(reach, false);
        let mut open: BTreeMap<&str, Vec<Alert>> = BTreeMap::new();
        for customer in &customers {
            let all = self.ground.alerts.open_of(&customer.site);
            let own = all
                .into_iter()
                .filter(|alert| alert.condition.starts_with("cell/"));
            open.insert(&customer.site, own.collect());
        }
        let none = Vec::new();
        let all = self.cells(reach, false);
        let show = |cell: &std::sync::Arc<Cell>| {
            self.show(cell, open.get(cell.site.as_str()).unwrap_or(&none))
        };
        let mut cells: Vec<CellNow> = all.iter().map(show).collect();
        cells.sort_by(|a, b| {
            urgency(b)
                .cmp(&urgency(a))
                .then_with(|| name(a).cmp(&name(b)))
        });
        let active = || open.values().flatten().filter(|alert| alert.active);
        let mut by_type: BTreeMap<String, usize> = BTreeMap::new();
        for alert in active() {
            *by_type
                .entry(alert.kind.clone().unwrap_or_default())
                .or_default() += 1;
        }
        let active_alerts = active().count();
        let stand = |customer: &super::record::Customer| {
            let own = open.get(customer.site.as_str()).unwrap_or(&none).iter();
            let own: Vec<_> = own.filter(|alert| alert.active).collect();
            let of = |cell: &&CellNow| cell.cell.customer_id == customer.id;
            let offline = |probe: &&ProbeNow| {
                matches!(
                    probe.status,
                    Some(DeviceStatus::Offline | DeviceStatus::Never)
                )
            };
            let probes = cells.iter().filter(of).flat_map(|cell| &cell.probes);
            CustomerNow {
                id: customer.id,
                name: customer.name.clone(),
                site: customer.site.clone(),
                locations: locations
                    .iter()
                    .filter(|l| l.customer_id == customer.id)
                    .count(),
                cells: cells.iter().filter(of).count(),
                active_alerts: own.len(),
                worst_level: own.iter().map(|alert| alert.level).max(),
                offline_devices: probes.filter(offline).count(),
            }
        };
        TechnicianDashboard {
            total_customers: customers.len(),
            total_cold_cells: cells.len(),
            active_alerts,
            alerts_by_type: by_type,
            customers: customers.iter().map(stand).collect(),
            cells,
        }
    }
}

fn tenths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// How soon hands are needed: the worst alert that nobody has taken on, then any, then silence.
fn urgency(cell: &CellNow) -> (Option<Level>, Option<Level>, bool) {
    let active = || cell.alerts.iter().filter(|alert| alert.active);
    let untaken = active().filter(|alert| !alert.acknowledged);
    (
        untaken.map(|alert| alert.level).max(),
        active().map(|alert| alert.level).max(),
        cell.temperature_c.is_none(),
    )
}

fn name(cell: &CellNow) -> (String, CellId) {
    (cell.cell.said.name.to_lowercase(), cell.cell.id)
}
