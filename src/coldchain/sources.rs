//! Where the readings of a cell lie: its probes, their series, and their corrections.

use super::calibration::{Calibration, offset_c, standing};
use super::cell::Cell;
use super::follow::COLUMNS;
use super::service::Coldchain;
use super::trouble::Probe;
use crate::base::time::Calendar;
use crate::base::{Metric, Phase, Result, TimeRange, Timestamp};
use crate::devices::Device;
use crate::live::fresh_for_ms;
use crate::tsdb::SeriesId;
use std::collections::BTreeSet;

/// Most readings of one look; two months of a cell with two probes that report each minute.
const POINTS_MAX: usize = 250_000;

/// Where the readings of a cell lie.
pub(super) struct Sources {
    /// Its probes, by what stands before their quantities.
    pub(super) probes: Vec<String>,
    /// The series of each column, where there is one.
    series: Vec<Option<SeriesId>>,
    pub(super) calendar: Calendar,
    pub(super) calibrations: std::sync::Arc<Vec<Calibration>>,
    pub(super) hold_ms: i64,
}

/// The quantity of a probe: `temperature`, `rear_temperature`.
pub(super) fn metric_of(probe: &str, quantity: &str) -> Option<Metric> {
    match probe {
        "" => Metric::new(quantity).ok(),
        probe => Metric::new(&format!("{probe}_{quantity}")).ok(),
    }
}

impl Coldchain {
    /// The probes of a cell: those of its devices, those that were named, and the one without a
    /// name when something is measured under it.
    #[must_use]
    pub fn probes(&self, cell: &Cell) -> Vec<String> {
        self.probes_with(cell, &self.devices_of(cell))
    }

    pub(super) fn probes_with(&self, cell: &Cell, devices: &[Device]) -> Vec<String> {
        let of = |device: &Device| device.metric_prefix.clone().unwrap_or_default();
        let mut all: BTreeSet<String> = devices.iter().map(of).collect();
        all.extend(cell.said.further_probes.iter().cloned());
        let (equipment, metric) = (cell.equipment_id, Metric::TEMPERATURE);
        let tsdb = &self.ground.tsdb;
        if all.is_empty() || tsdb.find(equipment, &metric, Phase::Total).is_some() {
            all.insert(String::new());
        }
        all.into_iter().collect()
    }

    pub(super) fn sources(&self, cell: &Cell, devices: &[Device]) -> Sources {
        let probes = self.probes_with(cell, devices);
        let columns = probes
            .iter()
            .flat_map(|probe| COLUMNS.map(|name| (probe, name)));
        let find = |(probe, name): (&String, &str)| {
            let metric = metric_of(probe, name)?;
            self.ground
                .tsdb
                .find(cell.equipment_id, &metric, Phase::Total)
        };
        let series = columns.map(find).collect();
        Sources {
            series,
            calendar: self.calendar(&cell.site),
            calibrations: self.calibrations(cell.id),
            hold_ms: fresh_for_ms(self.interval_ms(cell, devices)),
            probes,
        }
    }

    /// How often the sensors of a cell report, ms: the slowest counts.
    fn interval_ms(&self, cell: &Cell, devices: &[Device]) -> u32 {
        let slowest = devices.iter().map(Device::interval_ms).max();
        let polled = || {
            let equipment = self.ground.registry.get(cell.equipment_id).ok()?;
            u32::try_from(equipment.modbus?.poll_interval_ms).ok()
        };
        slowest
            .or_else(polled)
            .unwrap_or(cell.said.interval_s * 1_000)
    }

    /// The corrected values of a range, instant by instant.
    pub(super) fn each_point(
        &self,
        sources: &Sources,
        range: TimeRange,
        take: &mut dyn FnMut(Timestamp, &[Option<f64>]),
    ) -> Result<()> {
        let series: Vec<SeriesId> = sources.series.iter().flatten().copied().collect();
        if series.is_empty() || range.from >= range.to {
            return Ok(());
        }
        let mut values = vec![None; sources.series.len()];
        for point in self.ground.tsdb.raw_up_to(&series, range, POINTS_MAX)? {
            let mut known = point.values.iter();
            for (n, (value, series)) in values.iter_mut().zip(&sources.series).enumerate() {
                *value = series.and_then(|_| known.next().copied().flatten());
                if n % COLUMNS.len() == 0
                    && let Some(value) = value
                {
                    let probe = &sources.probes[n / COLUMNS.len()];
                    *value += offset_c(&sources.calibrations, probe, point.at);
                }
            }
            take(point.at, &values);
        }
        Ok(())
    }

    /// How the probes of a cell are doing.
    pub(super) fn probe_troubles(
        &self,
        cell: &Cell,
        sources: &Sources,
        devices: &[Device],
        now: Timestamp,
    ) -> Vec<Probe> {
        let heard = |probe: &String| {
            let of = |d: &&Device| d.metric_prefix.as_deref().unwrap_or_default() == probe;
            let calibration = standing(&sources.calibrations, probe, now).0;
            let started = self.watch.started;
            if let Some(device) = devices.iter().find(of) {
                let (life, _) = self.ground.devices.life(device);
                let seen = life.last_seen_at.unwrap_or(device.created_at);
                // A device that is kept out is silent because somebody wants it so.
                let seen = if device.enabled { seen } else { now };
                return Probe {
                    name: probe.clone(),
                    shown: device.name.clone(),
                    heard_at: seen.max(started),
                    battery_percent: life.battery_level,
                    calibration,
                };
            }
            let last = self.ground.live.with(cell.equipment_id, |device| {
                device.and_then(|device| device.last_good)
            });
            Probe {
                name: probe.clone(),
                shown: if probe.is_empty() { "sensor" } else { probe }.to_owned(),
                heard_at: last.unwrap_or(cell.created_at).max(started),
                battery_percent: None,
                calibration,
            }
        };
        sources.probes.iter().map(heard).collect()
    }
}
