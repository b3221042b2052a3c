//! *pure* — the electricity of one simulated machine at one instant: everything follows from its
//! power, so that S, P, Q, U, I and the power factor fit together.

use super::load::{Load, chance, drift};
use crate::base::{Metric, Phase, Timestamp};
use crate::modbus::Register;

/// What makes one device differ from the next, and one factory from another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeds {
    /// Of the device.
    pub(super) device: u64,
    /// Of the grid, which all devices share.
    pub(super) plant: u64,
}

/// How long a simulated input stays as it is, ms.
const STATE_MS: i64 = 60_000;
/// Tells states from the other chances of a device.
const STATES: u64 = 0x5747_4154;

impl Seeds {
    /// Whether what is behind this register is so: in one minute of four.
    pub(super) fn state(self, register: &Register, at: Timestamp) -> bool {
        let bit = register.extras.bits.map_or(0, |bits| i64::from(bits.from));
        let table = i64::from(register.function.code());
        let place = (table * 0x1_0000 + i64::from(register.address)) * 64 + bit;
        // A minute has room for every bit of every table.
        let minute = at.ms().div_euclid(STATE_MS) * 0x400_0000;
        chance(self.device ^ STATES, minute + place) > 0.5
    }
}

/// One machine at one instant.
pub(super) struct Physics<'a> {
    load: &'a Load,
    capacity_kw: f64,
    seeds: Seeds,
    at: Timestamp,
    power_kw: f64,
    factor: f64,
    /// Phase to neutral, V.
    voltages: [f64; 3],
}

impl<'a> Physics<'a> {
    /// The state of the machine with this load; `heats` for one that is a resistor, not a motor.
    #[must_use]
    pub(super) fn new(
        load: &'a Load,
        capacity_kw: f64,
        heats: bool,
        seeds: Seeds,
        at: Timestamp,
    ) -> Self {
        let power_kw = load.power_kw(at);
        let share = (power_kw / capacity_kw).clamp(0.0, 1.0);
        // Idle motors take little power and much current: the factor rises with the load.
        let factor = if heats {
            0.96 + 0.03 * share
        } else {
            0.62 + 0.3 * share
        };
        // The grid wanders, and load pulls it down.
        let voltage = |line: Phase| {
            let seed = seeds.plant ^ line_seed(line);
            let grid = 2.5 * drift(seed, at, 600_000) + 0.4 * drift(!seed, at, 20_000);
            231.5 + grid - 3.0 * power_kw / capacity_kw
        };
        Self {
            load,
            capacity_kw,
            seeds,
            at,
            power_kw,
            factor,
            voltages: Phase::LINES.map(voltage),
        }
    }

    /// The true value of a quantity; 0 for one that nothing is known of.
    #[must_use]
    pub(super) fn value(&self, metric: &Metric, phase: Phase) -> f64 {
        let power_kw = self.power_kw * self.share(phase);
        let line = self.seeds.device ^ line_seed(phase);
        match metric.as_str() {
            "power" => power_kw,
            "apparent_power" => power_kw / self.factor,
            "reactive_power" => power_kw * (self.factor.powi(-2) - 1.0).sqrt(),
            "power_factor" => self.factor,
            "voltage" => self.voltage(phase),
            "line_voltage" => self.line_voltage(phase),
            "current" => self.current(phase),
            "frequency" => 50.0 + 0.03 * drift(self.seeds.plant, self.at, 15_000),
            "consumption" => self.load.energy_kwh(self.at) * self.share(phase),
            // A motor at its usual load: cos phi 0.85.
            "reactive_energy" => 0.62 * self.load.energy_kwh(self.at),
            "temperature" => self.temperature(),
            // A shot of the press takes 0.3 kWh.
            "shot_count" => (self.load.energy_kwh(self.at) / 0.3).floor(),
            "sync_pulse_count" => utility_windows(self.at),
            "voltage_thd" => 2.0 + 0.4 * drift(line, self.at, 60_000),
            "current_thd" => 11.0 + 3.0 * drift(!line, self.at, 60_000),
            _ => 0.0,
        }
    }

    /// The three phases never carry quite the same; together they carry all.
    fn share(&self, phase: Phase) -> f64 {
        let tilt = |place: i64| 0.02 * chance(self.seeds.device, place);
        let third = 1.0 / 3.0;
        match phase {
            Phase::Total => 1.0,
            Phase::L1 => third + tilt(1),
            Phase::L2 => third + tilt(2),
            Phase::L3 => third - tilt(1) - tilt(2),
        }
    }

    /// Phase to neutral, V; the mean for the whole device.
    fn voltage(&self, phase: Phase) -> f64 {
        let [l1, l2, l3] = self.voltages;
        match phase {
            Phase::Total => (l1 + l2 + l3) / 3.0,
            Phase::L1 => l1,
            Phase::L2 => l2,
            Phase::L3 => l3,
        }
    }

    /// Phase to phase, V, L1 to L2 under the name of L1, at 120 degrees; the mean for the whole.
    fn line_voltage(&self, phase: Phase) -> f64 {
        let [l1, l2, l3] = self.voltages;
        let between = |a: f64, b: f64| (a * a + b * b + a * b).sqrt();
        match phase {
            Phase::Total => (between(l1, l2) + between(l2, l3) + between(l3, l1)) / 3.0,
            Phase::L1 => between(l1, l2),
            Phase::L2 => between(l2, l3),
            Phase::L3 => between(l3, l1),
        }
    }

    /// A; for the whole device the mean of the phases, as meters show it.
    fn current(&self, phase: Phase) -> f64 {
        if phase == Phase::Total {
            let sum: f64 = Phase::LINES.map(|line| self.current(line)).iter().sum();
            return sum / 3.0;
        }
        let apparent_kva = self.power_kw * self.share(phase) / self.factor;
        apparent_kva * 1_000.0 / self.voltage(phase)
    }

    /// A, when a single conductor carries everything at the mean voltage.
    pub(super) fn current_of_one(&self) -> f64 {
        self.power_kw / self.factor * 1_000.0 / self.voltage(Phase::Total)
    }

    /// °C: what the power of the last half hour has warmed up.
    fn temperature(&self) -> f64 {
        let load = self.load.mean_kw(self.at, 1_800_000) / self.capacity_kw;
        22.0 + 45.0 * load + 0.5 * drift(self.seeds.device, self.at, 30_000)
    }
}

/// Tells the conductors apart in a seed.
const fn line_seed(phase: Phase) -> u64 {
    match phase {
        Phase::Total => 0,
        Phase::L1 => 0x1111_0000,
        Phase::L2 => 0x2222_0000,
        Phase::L3 => 0x3333_0000,
    }
}
/// How many demand windows of a quarter of an hour the utility ended until now: its clock is three
/// minutes and twenty seconds behind that of the plant.
fn utility_windows(at: Timestamp) -> f64 {
    let windows = at.minus_ms(200_000).ms().div_euclid(900_000);
    u32::try_from(windows).map_or(0.0, f64::from)
}
