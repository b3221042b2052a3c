//! *pure* — a `modbus` object, checked: every field at once, and the reads planned.

use super::connection::in_range;
use super::profile::{Profile, Profiles};
use super::source::{ModbusSource, RegisterSource};
use super::states::Said;
use super::units;
use crate::base::error::Checks;
use crate::base::{Metric, Result};
use crate::modbus::line::Pacing;
use crate::modbus::{Decoding, Endpoint, Extras, Limits, ReadPlan, Register};
use std::sync::Arc;
use std::time::Duration;

/// The most own registers of one device: with 125 words a read this still is a second of bus time.
const REGISTERS_MAX: usize = 500;

/// A checked source: everything that polling needs, and nothing that can be wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct DevicePlan {
    /// The line.
    pub endpoint: Endpoint,
    /// The device on the line.
    pub unit_id: u8,
    /// The grid on which it is read, ms.
    pub interval_ms: u32,
    /// How long one answer may take.
    pub timeout: Duration,
    /// The pauses it asks for.
    pub pacing: Pacing,
    /// How often a question is asked again within a beat.
    pub retries: u32,
    /// The registers and the reads that fetch them.
    pub reads: ReadPlan,
}

impl ModbusSource {
    /// Checks every field and plans the reads.
    ///
    /// # Errors
    /// One refusal that names every bad field, with paths such as
    /// `modbus.registers.power.address`.
    pub fn check(&self, profiles: &Profiles) -> Result<DevicePlan> {
        let mut checks = Checks::default();
        let endpoint = self.check_endpoint(&mut checks);
        let unit_id = check_unit_id(&mut checks, self.unit_id);
        let interval = 100..=3_600_000;
        let path = "modbus.poll_interval_ms";
        let interval_ms = in_range(&mut checks, path, self.poll_interval_ms, interval);
        let timeout_ms: u64 = in_range(
            &mut checks,
            "modbus.timeout_ms",
            self.timeout_ms,
            50..=30_000,
        );
        let pacing = self.check_pacing(&mut checks);
        let retries: u32 = in_range(&mut checks, "modbus.retries", self.retries, 0..=5);
        let (registers, limits) = self.check_registers(&mut checks, profiles);
        checks.finish()?;
        // What is known of the kind of device holds for this one too: a person can ask for more
        // patience, not for less.
        let known = &limits.timing;
        let ms = |ms: u16| Duration::from_millis(u64::from(ms));
        let pacing = Pacing {
            gap: pacing.gap.max(ms(known.gap_ms)),
            connect_delay: pacing.connect_delay.max(ms(known.connect_delay_ms)),
        };
        let timeout = Duration::from_millis(timeout_ms);
        Ok(DevicePlan {
            endpoint,
            unit_id,
            interval_ms,
            timeout: timeout.max(ms(known.timeout_ms.unwrap_or(0))),
            pacing,
            retries: retries.max(u32::from(known.busy_retries)),
            reads: ReadPlan::new(registers, &limits),
        })
    }

    /// The registers of the profile, with the own ones in place of those of the same name.
    fn check_registers(&self, checks: &mut Checks, profiles: &Profiles) -> (Vec<Register>, Limits) {
        let profile = self.check_profile(checks, profiles);
        checks.require(
            self.profile.is_some() || !self.registers.is_empty(),
            "modbus.registers",
            "Choose a profile or enter at least one register.",
        );
        checks.require(
            self.registers.len() <= REGISTERS_MAX,
            "modbus.registers",
            "A device has at most 500 registers.",
        );
        let own: Vec<_> = self
            .registers
            .iter()
            .filter_map(|(name, entry)| entry.check(name, checks))
            .collect();
        let same = |a: &Register, b: &Register| a.metric == b.metric && a.phase == b.phase;
        let kept = |r: &&Register| !own.iter().any(|other| same(r, other));
        let base = self.check_base(checks, profile.as_deref());
        let mut registers: Vec<_> = base.iter().filter(kept).cloned().collect();
        registers.extend(own);
        let limits = profile.map(|profile| profile.limits.clone());
        (registers, limits.unwrap_or_default())
    }

    /// The registers of the profile where they are in this device.
    fn check_base(&self, checks: &mut Checks, profile: Option<&Profile>) -> Vec<Register> {
        let path = "modbus.base_address";
        let Some(profile) = profile else {
            let message = "Only a SunSpec profile has a base address.";
            checks.require(self.base_address.is_none(), path, message);
            return Vec::new();
        };
        if profile.sunspec_models.is_empty() {
            let message = "Only a SunSpec profile has a base address.";
            checks.require(self.base_address.is_none(), path, message);
            return profile.registers.clone();
        }
        let Some(base) = self.base_address else {
            let message = "Read the device on trial: that finds where the model begins.";
            checks.refuse(path, message);
            return Vec::new();
        };
        let base: u16 = in_range(checks, path, base, 0..=65_535);
        let placed = profile.registers_at(base);
        let message = "The model does not fit behind this address.";
        checks.require(placed.is_some(), path, message);
        placed.unwrap_or_default()
    }

    fn check_profile(&self, checks: &mut Checks, profiles: &Profiles) -> Option<Arc<Profile>> {
        let id = self.profile.as_deref()?;
        let profile = profiles.get(id);
        if profile.is_none() {
            let message = format!("There is no profile {id:?}. Choose one of the list.");
            checks.refuse("modbus.profile", message);
        }
        profile
    }
}

impl RegisterSource {
    /// The checked register; `None` after a refusal.
    fn check(&self, name: &str, checks: &mut Checks) -> Option<Register> {
        let path = format!("modbus.registers.{name}");
        let place = |field: &str| format!("{path}.{field}");
        let named = Metric::with_phase(name);
        if let Err(error) = &named {
            checks.refuse(&path, error.fields[0].message.clone());
        }
        let said = self.said();
        said.check(checks, &path, named.as_ref().ok().map(|(metric, _)| metric));
        let (sign, turned) = said.sign();
        let last = 65_536 - i64::from(self.data_type.words());
        let highest = format!("The address must be 0 to {last} for this type (zero-based).");
        let address = u16::try_from(self.address).ok();
        let address = address.filter(|address| i64::from(*address) <= last);
        if address.is_none() {
            checks.refuse(&place("address"), highest);
        }
        let scale_fits = self.scale.is_normal();
        let message = "The scale must be a number other than zero.";
        checks.require(scale_fits, &place("scale"), message);
        let (metric, phase) = named.ok()?;
        let (unit, factor) = units::convert(&metric, self.unit.as_deref())
            .map_err(|sentence| checks.refuse(&place("unit"), sentence))
            .ok()?;
        Some(Register {
            metric,
            phase,
            unit,
            function: self.function,
            address: address.filter(|_| scale_fits)?,
            data_type: self.data_type,
            scale: self.scale * factor * sign,
            word_order: self.word_order,
            decoding: Decoding::Plain,
            not_available: Vec::new(),
            extras: Extras {
                bits: said.bits(),
                offset: turned,
                ..Extras::default()
            },
        })
    }

    fn said(&self) -> Said<'_> {
        Said {
            function: self.function,
            data_type: self.data_type,
            bit: self.bit,
            bits: self.bits,
            reversed: self.reversed,
            scale: self.scale,
            offset: 0.0,
            has_scale_register: false,
            unit: self.unit.as_deref(),
        }
    }
}

fn check_unit_id(checks: &mut Checks, unit_id: i64) -> u8 {
    let message = match unit_id {
        0 => "0 is the broadcast address, which nobody answers. Use 1 to 247, or 255.",
        _ => "The unit id must be 1 to 247, or 255 for a device with its own TCP port.",
    };
    let fits = (1..=247).contains(&unit_id) || unit_id == 255;
    checks.require(fits, "modbus.unit_id", message);
    u8::try_from(unit_id).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ErrorKind, Phase};
    use serde_json::json;

    fn source(value: serde_json::Value) -> ModbusSource {
        serde_json::from_value(value).unwrap()
    }

    fn paths(source: &ModbusSource) -> Vec<String> {
        let error = source.check(&Profiles::embedded().unwrap()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        error.fields.into_iter().map(|field| field.path).collect()
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let source = source(json!({"host": "http://meter/", "port": 70000, "unit_id": 0,
            "poll_interval_ms": 99, "timeout_ms": 30001, "profile": "abacus", "registers": {
                "power": {"address": 65535, "type": "float32"},
                "voltage": {"address": -1, "type": "uint16", "scale": 0, "unit": "W"},
                "Bad Name": {"address": 1, "type": "uint16"}}}));
        let expected = [
            "modbus.port",
            "modbus.host",
            "modbus.unit_id",
            "modbus.poll_interval_ms",
            "modbus.timeout_ms",
            "modbus.profile",
            "modbus.registers.Bad Name",
            "modbus.registers.power.address",
            "modbus.registers.voltage.address",
            "modbus.registers.voltage.scale",
            "modbus.registers.voltage.unit",
        ];
        assert_eq!(paths(&source), expected);
        assert_eq!(
            paths(&ModbusSource::tcp("meter-7", 502, 1)),
            ["modbus.registers"]
        );
        assert_eq!(
            paths(&ModbusSource::tcp("meter-7", 502, 248)),
            ["modbus.unit_id", "modbus.registers"]
        );
    }

    #[test]
    fn units_are_converted_and_kept() {
        let source = source(json!({"host": "a", "registers": {
            "power": {"address": 0, "type": "uint16", "scale": 0.1, "unit": "W"},
            "consumption": {"address": 1, "type": "uint32", "unit": "MWh"},
            "flow": {"address": 3, "type": "uint16", "unit": "m³/h"},
            "voltage_l2": {"address": 65535, "type": "uint16"}}}));
        let plan = source.check(&Profiles::embedded().unwrap()).unwrap();
        let shown: Vec<_> = plan
            .reads
            .registers()
            .iter()
            .map(|r| (r.metric.as_str(), r.unit.as_str(), r.phase))
            .collect();
        let total = Phase::Total;
        let expected = [
            ("power", "kW", total),
            ("consumption", "kWh", total),
            ("flow", "m³/h", total),
            ("voltage", "V", Phase::L2),
        ];
        assert_eq!(shown, expected);
        let power = &plan.reads.registers()[0];
        assert_eq!(power.decode(&[23_014]), Some(2.3014));
    }

    #[test]
    fn own_registers_replace_those_of_the_profile() {
        let source = source(
            json!({"host": "Meter-7", "profile": "eastron-sdm630", "registers": {
            "power": {"address": 1000, "type": "int32", "unit": "W", "function": "input"}}}),
        );
        let profiles = Profiles::embedded().unwrap();
        let plan = source.check(&profiles).unwrap();
        let profile = profiles.get("eastron-sdm630").unwrap();
        assert_eq!(plan.reads.registers().len(), profile.registers.len());
        let power = |r: &&Register| r.metric == Metric::POWER && r.phase == Phase::Total;
        let found: Vec<_> = plan.reads.registers().iter().filter(power).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address, 1000);
        assert_eq!(plan.endpoint, Endpoint::tcp("meter-7", 502));
        // At most an eighth of the requests of one per value, and one for the own register.
        assert!(8 * (plan.reads.requests().len() - 1) <= profile.registers.len());
    }

    #[test]
    fn a_register_reads_back_as_it_was_written() {
        let profiles = Profiles::embedded().unwrap();
        for register in &profiles.get("eastron-sdm630").unwrap().registers {
            let mut source = ModbusSource::tcp("a", 502, 1);
            source
                .registers
                .insert(register.name(), RegisterSource::from(register));
            let plan = source.check(&profiles).unwrap();
            let plain = Register {
                extras: Extras::default(),
                ..register.clone()
            };
            assert_eq!(plan.reads.registers(), [plain]);
        }
    }
}
