//! A believable factory: twelve meters and machines on five lines.

use super::load::{Load, Ripple, Shape};
use super::meter::Model;
use super::physics::{Physics, Seeds};
use super::schedule::Schedule;
use super::{Instrument, Listener};
use crate::base::{Metric, Phase, Reading, Timestamp};
use crate::modbus::Register;
use std::sync::Arc;

/// The factory. The same seed and the same time always show the same values.
pub struct Plant {
    devices: Vec<Arc<PlantDevice>>,
}

/// One meter or machine of the factory.
pub struct PlantDevice {
    /// What people call it.
    pub name: &'static str,
    /// What kind of thing it is.
    pub kind: &'static str,
    /// Make and type.
    pub model: &'static str,
    /// Where it stands.
    pub location: &'static str,
    /// What it takes at full load, kW.
    pub capacity_kw: f64,
    /// Which listener it is behind, from 0.
    pub listener: usize,
    /// Its unit id there.
    pub unit_id: u8,
    /// What answers on the wire.
    pub meter: Model,
    registers: Vec<Register>,
    load: Load,
    seeds: Seeds,
    drops_out: bool,
}

/// A row of the factory's list of machines.
struct Row {
    name: &'static str,
    kind: &'static str,
    model: &'static str,
    location: &'static str,
    capacity_kw: f64,
    place: (usize, u8),
    meter: Model,
    schedule: Schedule,
    /// Period of its working cycle, s, and the share of the power that follows it.
    cycle: (i64, f64),
}

/// Short names keep the list below a table.
const fn row(
    name: &'static str,
    (kind, model, location): (&'static str, &'static str, &'static str),
    capacity_kw: f64,
    place: (usize, u8),
    meter: Model,
    schedule: Schedule,
    cycle: (i64, f64),
) -> Row {
    Row {
        name,
        kind,
        model,
        location,
        capacity_kw,
        place,
        meter,
        schedule,
        cycle,
    }
}

#[rustfmt::skip]
const ROWS: [Row; 12] = [
    row("Main compressor", ("Compressor", "Screw compressor 90 kW", "Compressor house"), 90.0, (0, 1), Model::Sdm630, Schedule::TwoShifts, (240, 0.25)),
    row("Compressor 2", ("Compressor", "Screw compressor 55 kW", "Compressor house"), 55.0, (0, 2), Model::Sdm630, Schedule::TwoShifts, (360, 0.35)),
    row("Chiller 1", ("Chiller", "Water chiller 250 kWth", "Compressor house"), 75.0, (0, 3), Model::Sdm630, Schedule::Cooling, (600, 0.2)),
    row("Chiller 2", ("Chiller", "Water chiller 250 kWth", "Compressor house"), 75.0, (0, 4), Model::Sdm630, Schedule::Cooling, (720, 0.25)),
    row("Injection press 1", ("Injection press", "Hydraulic 160 t", "Moulding hall"), 45.0, (1, 1), Model::Iem3000, Schedule::TwoShifts, (30, 0.3)),
    row("Injection press 2", ("Injection press", "Hydraulic 160 t", "Moulding hall"), 45.0, (1, 2), Model::Iem3000, Schedule::TwoShifts, (36, 0.3)),
    row("Injection press 3", ("Injection press", "Hydraulic 250 t", "Moulding hall"), 60.0, (1, 3), Model::PressController, Schedule::ThreeShifts, (45, 0.3)),
    row("Material dryer", ("Dryer", "Desiccant dryer 300 l", "Moulding hall"), 22.0, (1, 4), Model::DryerController, Schedule::ThreeShifts, (120, 0.3)),
    row("Oven line A", ("Oven", "Tunnel oven, electric", "Oven hall"), 120.0, (2, 1), Model::Umg96, Schedule::ThreeShifts, (180, 0.15)),
    row("Oven line B", ("Oven", "Tunnel oven, electric", "Oven hall"), 120.0, (2, 2), Model::Umg96, Schedule::TwoShifts, (180, 0.15)),
    row("Offices and lighting", ("Building", "Main distribution 3", "Office wing"), 35.0, (3, 1), Model::Umg96, Schedule::Offices, (900, 0.05)),
    row("Packaging line", ("Packaging line", "Cartoner and palletiser", "Dispatch"), 18.0, (4, 255), Model::PackagingController, Schedule::TwoShifts, (20, 0.2)),
];

/// How often the unreliable device drops out, and for how long, ms.
const DROP_OUT_EVERY_MS: i64 = 420_000;
const DROP_OUT_MS: i64 = 40_000;
const DROPS_OUT: &str = "Material dryer";

impl Plant {
    /// The factory of this seed, whose wall clock is `utc_offset_ms` ahead of UTC all year.
    #[must_use]
    pub fn new(seed: u64, utc_offset_ms: i64) -> Self {
        let device = |(row, place): (&Row, u64)| {
            let own = seed.wrapping_mul(31).wrapping_add(place);
            Arc::new(PlantDevice::new(row, own, seed, utc_offset_ms))
        };
        Self {
            devices: ROWS.iter().zip(1..).map(device).collect(),
        }
    }

    /// Its meters and machines.
    #[must_use]
    pub fn devices(&self) -> &[Arc<PlantDevice>] {
        &self.devices
    }

    /// The lines of the factory, each on a free port of loopback.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listener> {
        let count = self.devices.iter().map(|d| d.listener + 1).max();
        let on = |index: usize| {
            let here = self.devices.iter().filter(|d| d.listener == index);
            let slot = |d: &Arc<PlantDevice>| (d.unit_id, Arc::clone(d) as Arc<dyn Instrument>);
            Listener::on_loopback(here.map(slot).collect())
        };
        (0..count.unwrap_or(0)).map(on).collect()
    }

    /// What a poll of device number `device` at this time brings, with the rounding of its
    /// registers: history that is written with these joins the polled one without a step.
    #[must_use]
    pub fn reading(&self, device: usize, at: Timestamp) -> Vec<Reading> {
        self.devices
            .get(device)
            .map(|device| device.reading(at))
            .unwrap_or_default()
    }
}

impl PlantDevice {
    fn new(row: &Row, seed: u64, plant_seed: u64, utc_offset_ms: i64) -> Self {
        let (cycle_s, cycle_share) = row.cycle;
        let ripple = |block_ms, waves, share, shape| Ripple {
            block_ms,
            waves,
            share,
            shape,
        };
        let ripples = vec![
            ripple(cycle_s * 1_000, 1.0, cycle_share, Shape::Cycle),
            ripple(20_000, 2.0, 0.02, Shape::Noise),
            ripple(300_000, 1.0, 0.05, Shape::Noise),
            ripple(3_600_000, 1.0, 0.08, Shape::Noise),
        ];
        let (capacity_kw, schedule) = (row.capacity_kw, row.schedule);
        let week_kw = move |minute| capacity_kw * schedule.share(minute);
        let (listener, unit_id) = row.place;
        Self {
            name: row.name,
            kind: row.kind,
            model: row.model,
            location: row.location,
            capacity_kw,
            listener,
            unit_id,
            meter: row.meter,
            registers: row.meter.registers(),
            load: Load::new(seed, utc_offset_ms, week_kw, ripples),
            seeds: Seeds {
                device: seed,
                plant: plant_seed,
            },
            drops_out: row.name == DROPS_OUT,
        }
    }

    /// What a poll at this time brings.
    #[must_use]
    pub fn reading(&self, at: Timestamp) -> Vec<Reading> {
        let answers = self.answers(at);
        let pairs = self.registers.iter().zip(self.values(at));
        let reading = |(register, value): (&Register, f64)| {
            let (metric, phase) = (register.metric.clone(), register.phase);
            let unit = register.unit.clone();
            match register.decode(&register.encode(value)) {
                Some(shown) if answers => Reading::good(metric, phase, unit, shown),
                _ => Reading::missing(metric, phase, unit),
            }
        };
        pairs.map(reading).collect()
    }

    /// The true value of a quantity at this time, unrounded; 0 for one that nothing is known of.
    #[must_use]
    pub fn truth(&self, metric: &Metric, phase: Phase, at: Timestamp) -> f64 {
        self.physics(at).value(metric, phase)
    }

    fn physics(&self, at: Timestamp) -> Physics<'_> {
        let heats = matches!(self.kind, "Oven" | "Dryer");
        Physics::new(&self.load, self.capacity_kw, heats, self.seeds, at)
    }
}

impl Instrument for PlantDevice {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let physics = self.physics(at);
        let value = |r: &Register| physics.value(&r.metric, r.phase);
        self.registers.iter().map(value).collect()
    }

    fn answers(&self, at: Timestamp) -> bool {
        let into = at.ms().rem_euclid(DROP_OUT_EVERY_MS);
        !self.drops_out || into < DROP_OUT_EVERY_MS - DROP_OUT_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Quality;

    fn plant() -> Plant {
        Plant::new(42, 3_600_000)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn truth(device: &PlantDevice, name: &str, time: Timestamp) -> f64 {
        let (metric, phase) = Metric::with_phase(name).unwrap();
        device.truth(&metric, phase, time)
    }

    #[test]
    fn twelve_devices_on_five_lines_with_ids_of_their_own() {
        let plant = plant();
        assert_eq!(plant.devices().len(), 12);
        let listeners = plant.listeners();
        assert_eq!(listeners.len(), 5);
        let behind: Vec<_> = listeners.iter().map(|l| l.devices.len()).collect();
        assert_eq!(behind, [4, 4, 2, 1, 1]);
        let mut places: Vec<_> = plant
            .devices()
            .iter()
            .map(|d| (d.listener, d.unit_id))
            .collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 12);
    }

    #[test]
    fn the_physics_of_a_device_fits_together() {
        let plant = plant();
        for device in plant.devices() {
            for hour in 0..48 {
                let time = at("2026-11-20T00:07:31Z").plus_ms(hour * 3_600_000);
                let see = |name: &str| truth(device, name, time);
                let power = see("power");
                let phases = see("power_l1") + see("power_l2") + see("power_l3");
                assert!((phases - power).abs() < 1e-9 * power);
                let (s, q) = (see("apparent_power"), see("reactive_power"));
                assert!((s * s - power * power - q * q).abs() < 1e-9 * s * s);
                assert!((power / s - see("power_factor")).abs() < 1e-9);
                let through_l1 = see("voltage_l1") * see("current_l1") / 1_000.0;
                assert!((through_l1 - see("apparent_power_l1")).abs() < 1e-9 * s);
                assert!((215.0..245.0).contains(&see("voltage_l2")));
                assert!((49.9..50.1).contains(&see("frequency")));
                assert!((0.5..1.0).contains(&see("power_factor")));
                let full = device.capacity_kw;
                assert!(power > 0.0 && power < 1.3 * full, "{} {power}", device.name);
            }
        }
    }

    #[test]
    fn the_factory_has_a_night_a_break_and_a_sunday() {
        let plant = plant();
        let total = |time: &str| -> f64 {
            let from = at(time);
            let mean = |d: &Arc<PlantDevice>| d.load.mean_kw(from.plus_ms(900_000), 900_000);
            plant.devices().iter().map(mean).sum()
        };
        // Friday; the plant's clock is one hour ahead.
        let (morning, pause) = (total("2026-11-20T09:30:00Z"), total("2026-11-20T11:10:00Z"));
        let (night, sunday) = (total("2026-11-20T02:00:00Z"), total("2026-11-22T09:30:00Z"));
        assert!(pause < 0.85 * morning, "{pause} {morning}");
        assert!(night < 0.6 * morning, "{night} {morning}");
        assert!(sunday < 0.4 * morning, "{sunday} {morning}");
    }

    #[test]
    fn what_a_meter_shows_never_counts_backwards() {
        let plant = plant();
        for device in 0..12 {
            let mut before = 0.0;
            for step in 0..2_000 {
                let time = at("2026-11-20T10:00:00Z").plus_ms(step * 5_000);
                let counter = plant
                    .reading(device, time)
                    .into_iter()
                    .find(|reading| reading.metric == Metric::CONSUMPTION)
                    .unwrap();
                if let Some(value) = counter.value {
                    assert!(value >= before);
                    before = value;
                }
            }
            assert!(before > 1_000.0);
        }
    }

    #[test]
    fn one_device_drops_out_for_forty_seconds_every_seven_minutes() {
        let plant = plant();
        let start = at("2026-11-20T10:00:00Z");
        let missing = |device: usize| {
            let seconds = 0..420;
            let gone = |s: &i64| {
                let readings = plant.reading(device, start.plus_ms(s * 1_000));
                readings.iter().all(|r| r.quality == Quality::Missing)
            };
            seconds.filter(gone).count()
        };
        let counts: Vec<_> = (0..12).map(missing).collect();
        assert_eq!(counts, [0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 0]);
    }
}
