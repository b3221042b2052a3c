//! A virtual slave with any registers: for training, and for trying a profile without a meter.

use super::Instrument;
use super::load::{Load, Ripple, Shape};
use super::physics::{Physics, Seeds};
use crate::base::{Phase, Timestamp};
use crate::modbus::Register;

/// A machine behind a meter with these registers. It runs day and night; what the meter shows
/// follows from its power, so that every quantity fits the others.
pub struct VirtualDevice {
    registers: Vec<Register>,
    capacity_kw: f64,
    load: Load,
    seeds: Seeds,
    single_phase: bool,
}

/// Mean load of a virtual machine, as a share of what it takes at most.
const MEAN_SHARE: f64 = 0.6;

impl VirtualDevice {
    /// A machine of at most `capacity_kw` behind a meter with these registers. Another `seed` is
    /// another machine.
    #[must_use]
    pub fn new(registers: Vec<Register>, capacity_kw: f64, seed: u64) -> Self {
        let ripple = |block_ms, share, shape| Ripple {
            block_ms,
            waves: 1.0,
            share,
            shape,
        };
        let ripples = vec![
            ripple(120_000, 0.2, Shape::Cycle),
            ripple(20_000, 0.03, Shape::Noise),
            ripple(3_600_000, 0.1, Shape::Noise),
        ];
        let week_kw = move |_| capacity_kw * MEAN_SHARE;
        let single_phase = !registers.iter().any(|r| r.phase == Phase::L2);
        Self {
            registers,
            capacity_kw,
            load: Load::new(seed, 0, week_kw, ripples),
            seeds: Seeds {
                device: seed,
                plant: 1,
            },
            single_phase,
        }
    }
}

impl Instrument for VirtualDevice {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let physics = Physics::new(&self.load, self.capacity_kw, false, self.seeds, at);
        let value = |register: &Register| {
            let (metric, phase) = (&register.metric, register.phase);
            if register.is_state() {
                // Inputs that somebody opens and closes: each has a rhythm of its own.
                return f64::from(self.seeds.state(register, at));
            }
            if self.single_phase && metric.as_str() == "current" {
                // One conductor carries it all; the mean of three would not fit the power.
                physics.current_of_one()
            } else {
                physics.value(metric, phase)
            }
        };
        self.registers.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Metric, Unit};
    use crate::modbus::register::Extras;
    use crate::modbus::{DataType, Decoding, Function, WordOrder};

    fn device(names: &[&str]) -> VirtualDevice {
        let register = |(address, name): (u16, &&str)| {
            let (metric, phase) = Metric::with_phase(name).unwrap();
            Register {
                metric,
                phase,
                unit: Unit::none(),
                function: Function::Input,
                address,
                data_type: DataType::Float32,
                scale: 1.0,
                word_order: WordOrder::Big,
                decoding: Decoding::Plain,
                not_available: Vec::new(),
                extras: Extras::default(),
            }
        };
        let registers = (0..).step_by(2).zip(names).map(register).collect();
        VirtualDevice::new(registers, 40.0, 7)
    }

    #[test]
    fn one_phase_or_three_the_quantities_fit_together() {
        let at: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        let one = device(&["voltage", "current", "apparent_power", "power"]).values(at);
        assert!((one[0] * one[1] / 1_000.0 - one[2]).abs() < 1e-6 * one[2]);
        assert!(one[3] > 0.2 * 40.0 && one[3] < 1.3 * 40.0);
        let three = device(&["power_l1", "power_l2", "power_l3", "power"]).values(at);
        assert!((three[..3].iter().sum::<f64>() - three[3]).abs() < 1e-9);
    }

    #[test]
    fn energy_per_phase_adds_up_and_grows() {
        let at: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        let meter = device(&[
            "consumption_l1",
            "consumption_l2",
            "consumption_l3",
            "consumption",
        ]);
        let (now, later) = (meter.values(at), meter.values(at.plus_ms(3_600_000)));
        assert!((now[..3].iter().sum::<f64>() - now[3]).abs() < 1e-6 * now[3]);
        assert!(later[3] - now[3] > 10.0 && later[3] - now[3] < 40.0);
    }
}
