//! *pure* — a profile as it is written becomes one that can be used: every bad field at once.

use super::profile::{Origin, Probe, Profile};
use super::profile_file::{LimitsEntry, ProfileFile, RegisterEntry};
use super::states::Said;
use super::units;
use crate::base::error::Checks;
use crate::base::{Metric, Result};
use crate::modbus::plan::{Hole, WORDS_PER_READ_MAX};
use crate::modbus::{DataType, Extras, Function, Limits, Register, Timing};
use std::collections::BTreeMap;

/// The most registers of one profile: with 125 words a read this still is a second of bus time.
pub(super) const REGISTERS_MAX: usize = 500;
/// The most examples of one profile.
const VECTORS_MAX: usize = 2_000;
/// The longest source: a paragraph or two.
const SOURCE_MAX: usize = 4_000;
/// How near an example must come, relatively: both sides are short decimals.
const VECTOR_TOLERANCE: f64 = 1e-9;

impl ProfileFile {
    /// Checks every field and proves the registers by the examples.
    ///
    /// # Errors
    /// One refusal that names every bad field, with paths such as `registers.power.unit`.
    pub fn check(&self, origin: Origin) -> Result<Profile> {
        let mut checks = Checks::default();
        self.check_words(&mut checks);
        let limits = self.limits.check(&mut checks);
        let (least, most) = (!self.registers.is_empty(), self.registers.len());
        checks.require(least, "registers", "Enter at least one register.");
        let few = most <= REGISTERS_MAX && self.vectors.len() <= VECTORS_MAX;
        let message = "A profile has at most 500 registers and 2000 examples.";
        checks.require(few, "registers", message);
        let mut by_name = BTreeMap::new();
        for (name, entry) in &self.registers {
            if let Some(register) = self.register(&mut checks, name, entry, &limits) {
                by_name.insert(name.as_str(), register);
            }
        }
        let probe = self.check_probe(&mut checks, &by_name);
        self.prove(&mut checks, &by_name);
        checks.finish()?;
        let mut registers: Vec<_> = by_name.into_values().collect();
        registers.sort_by_key(|r| (r.function, r.address));
        Ok(Profile {
            id: self.id.clone(),
            brand: self.brand.trim().to_owned(),
            model: self.model.trim().to_owned(),
            model_pattern: self.model_pattern.clone(),
            revision: self.revision,
            source: self.source.trim().to_owned(),
            verified: self.verified.clone(),
            sunspec_models: self.sunspec_models.clone(),
            limits,
            probe,
            registers,
            origin,
        })
    }

    fn check_words(&self, checks: &mut Checks) {
        let id = (1..=64).contains(&self.id.len())
            && !self.id.starts_with('-')
            && self
                .id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let message = "An id has 1 to 64 characters of a-z, 0-9 and -, such as acme-m1.";
        checks.require(id, "id", message);
        let text = |text: &str, max: usize| {
            let length = text.trim().chars().count();
            (1..=max).contains(&length) && !text.chars().any(|c| c.is_control() && c != '\n')
        };
        for (path, value) in [("brand", &self.brand), ("model", &self.model)] {
            checks.require(text(value, 120), path, "Enter 1 to 120 characters.");
        }
        let pattern = self.model_pattern.chars().count() <= 120;
        checks.require(pattern, "model_pattern", "At most 120 characters.");
        let message = "Say where the addresses come from, in 1 to 4000 characters.";
        checks.require(text(&self.source, SOURCE_MAX), "source", message);
        let verified = self.verified.as_deref().is_none_or(|v| text(v, SOURCE_MAX));
        let message = "Say when and on what it was checked, or leave it out.";
        checks.require(verified, "verified", message);
        checks.require(self.revision >= 1, "revision", "Revisions count from 1.");
        let models = self.sunspec_models.len() <= 16;
        checks.require(models, "sunspec_models", "At most 16 models.");
    }

    /// The checked register; `None` after a refusal.
    fn register(
        &self,
        checks: &mut Checks,
        name: &str,
        entry: &RegisterEntry,
        limits: &Limits,
    ) -> Option<Register> {
        let path = format!("registers.{name}");
        let place = |field: &str| format!("{path}.{field}");
        let named = Metric::with_phase(name);
        if let Err(error) = &named {
            checks.refuse(&path, error.fields[0].message.clone());
        }
        let function = entry.function.unwrap_or(self.defaults.function);
        let Some(data_type) = self.data_type(entry, function) else {
            checks.refuse(
                &place("type"),
                "Say how the words are read, such as float32.",
            );
            return None;
        };
        let last = 65_536 - i64::from(data_type.words());
        let address = u16::try_from(entry.address).ok();
        let address = address.filter(|address| i64::from(*address) <= last);
        if address.is_none() {
            let message = format!("The address must be 0 to {last} for this type (zero-based).");
            checks.refuse(&place("address"), message);
        }
        let scale_register = entry.scale_register.map(u16::try_from).transpose();
        let fits = scale_register.is_ok();
        checks.require(fits, &place("scale_register"), "Must be 0 to 65535.");
        check_numbers(checks, &path, entry);
        let said = said(entry, function, data_type);
        said.check(checks, &path, named.as_ref().ok().map(|(metric, _)| metric));
        let not_available = sentinels(checks, &path, entry);
        let (metric, phase) = named.ok()?;
        let (unit, factor) = units::convert(&metric, entry.unit.as_deref())
            .map_err(|sentence| checks.refuse(&place("unit"), sentence))
            .ok()?;
        let bound = |value: Option<f64>, open: f64| value.map_or(open, |v| v * factor);
        let range = (bound(entry.min, f64::MIN), bound(entry.max, f64::MAX));
        let (sign, turned) = said.sign();
        let register = Register {
            metric,
            phase,
            unit,
            function,
            address: address?,
            data_type,
            scale: entry.scale * factor * sign,
            word_order: entry.word_order.unwrap_or(self.defaults.word_order),
            decoding: entry.decode,
            not_available,
            extras: Extras {
                offset: entry.offset * factor + turned,
                scale_register: scale_register.ok()?,
                bits: said.bits(),
                range: (entry.min.is_some() || entry.max.is_some()).then_some(range),
                rolls_over_at: entry.rolls_over_at.map(|at| at * factor),
                resettable: entry.resettable,
                alone: entry.alone,
            },
        };
        self.check_reach(checks, &path, &register, limits);
        Some(register)
    }

    /// How the words are read: what the register says, what follows from its table, or the default.
    fn data_type(&self, entry: &RegisterEntry, function: Function) -> Option<DataType> {
        let of_bits = entry.bit.map(|_| DataType::Uint16);
        let default = self.defaults.data_type;
        let default = match function.is_bits() {
            true => Some(DataType::Bool),
            false => default.filter(|kind| entry.bit.is_none() || kind.is_whole()),
        };
        entry.data_type.or(default).or(of_bits)
    }

    /// A register must be reachable by a read that the device takes.
    fn check_reach(&self, checks: &mut Checks, path: &str, register: &Register, limits: &Limits) {
        let (start, end) = register.span();
        let cut = |hole: &Hole| hole.cuts(register.function, start, end);
        let free = !limits.holes.iter().any(cut);
        checks.require(
            free,
            &format!("{path}.address"),
            "It lies in a forbidden hole.",
        );
        let short =
            register.function.is_bits() || end - start <= u32::from(limits.words_per_read_max);
        let message = "The scale register is too far away to be read in one request.";
        checks.require(short, &format!("{path}.scale_register"), message);
        let functions = &self.limits.functions;
        let known = functions.is_empty() || functions.contains(&register.function);
        let message = "limits.functions says that the device has no such table.";
        checks.require(known, &format!("{path}.function"), message);
    }

    fn check_probe(
        &self,
        checks: &mut Checks,
        registers: &BTreeMap<&str, Register>,
    ) -> Option<Probe> {
        let probe = self.probe.as_ref()?;
        let Some(register) = registers.get(probe.register.as_str()) else {
            checks.refuse("probe.register", "The probe names no register.");
            return None;
        };
        let range = probe.min < probe.max;
        checks.require(range, "probe.min", "The least must be below the largest.");
        Some(Probe {
            metric: register.metric.clone(),
            phase: register.phase,
            min: probe.min,
            max: probe.max,
        })
    }

    /// Decodes the file's own examples: a profile that cannot read them is not taken.
    fn prove(&self, checks: &mut Checks, registers: &BTreeMap<&str, Register>) {
        for (number, vector) in self.vectors.iter().enumerate().take(VECTORS_MAX) {
            let path = format!("vectors.{number}");
            let name = vector.register.as_str();
            let Some(register) = registers.get(name) else {
                // A refused register was named already.
                let known = self.registers.contains_key(name);
                let place = format!("{path}.register");
                checks.require(known, &place, &format!("{name} is no register."));
                continue;
            };
            let decoded = register.decode_with(&vector.words, vector.scale_word);
            let same = match (decoded, vector.value) {
                (Some(got), Some(meant)) => {
                    (got - meant).abs() <= VECTOR_TOLERANCE * meant.abs().max(1.0)
                }
                (got, meant) => got == meant,
            };
            if !same {
                let shown = |value: Option<f64>| value.map_or("none".to_owned(), |v| v.to_string());
                let (got, meant) = (shown(decoded), shown(vector.value));
                checks.refuse(
                    &path,
                    format!("{name} decodes to {got} and not to {meant}."),
                );
            }
        }
    }
}

fn said(entry: &RegisterEntry, function: Function, data_type: DataType) -> Said<'_> {
    Said {
        function,
        data_type,
        bit: entry.bit,
        bits: entry.bits,
        reversed: entry.reversed,
        scale: entry.scale,
        offset: entry.offset,
        has_scale_register: entry.scale_register.is_some(),
        unit: entry.unit.as_deref(),
    }
}

fn check_numbers(checks: &mut Checks, path: &str, entry: &RegisterEntry) {
    let place = |field: &str| format!("{path}.{field}");
    let scale = entry.scale.is_normal();
    let message = "The scale must be a number other than zero.";
    checks.require(scale, &place("scale"), message);
    checks.require(
        entry.offset.is_finite(),
        &place("offset"),
        "Enter a number.",
    );
    let (min, max) = (entry.min.unwrap_or(f64::MIN), entry.max.unwrap_or(f64::MAX));
    checks.require(
        min < max,
        &place("min"),
        "The least must be below the largest.",
    );
    let rolls = entry
        .rolls_over_at
        .is_none_or(|at| at.is_normal() && at > 0.0);
    checks.require(rolls, &place("rolls_over_at"), "Enter a number above zero.");
}

fn sentinels(checks: &mut Checks, path: &str, entry: &RegisterEntry) -> Vec<u64> {
    let mut found = Vec::new();
    for pattern in &entry.not_available {
        match u64::from_str_radix(pattern, 16) {
            Ok(bits) => found.push(bits),
            Err(_) => {
                let message = format!("{pattern:?} is not hexadecimal, such as 80000000.");
                checks.refuse(&format!("{path}.not_available"), message);
            }
        }
    }
    found
}

impl LimitsEntry {
    fn check(&self, checks: &mut Checks) -> Limits {
        // 4: the longest value must fit into one read.
        let words = (4..=WORDS_PER_READ_MAX).contains(&self.words_per_read_max);
        checks.require(words, "limits.words_per_read_max", "Must be 4 to 125.");
        let gap = self.gap_words_max <= WORDS_PER_READ_MAX;
        checks.require(gap, "limits.gap_words_max", "Must be 0 to 125.");
        checks.require(self.gap_ms <= 5_000, "limits.gap_ms", "Must be 0 to 5000.");
        let delay = self.connect_delay_ms <= 30_000;
        checks.require(delay, "limits.connect_delay_ms", "Must be 0 to 30000.");
        let timeout = self.timeout_ms.is_none_or(|ms| (50..=30_000).contains(&ms));
        checks.require(timeout, "limits.timeout_ms", "Must be 50 to 30000.");
        checks.require(
            self.busy_retries <= 5,
            "limits.busy_retries",
            "Must be 0 to 5.",
        );
        let ordered = self.holes.iter().all(|hole| hole.from <= hole.to) && self.holes.len() <= 100;
        let message = "At most 100 holes, each from a lower to a higher address.";
        checks.require(ordered, "limits.holes", message);
        let hole = |hole: &super::profile_file::HoleEntry| Hole {
            function: hole.function,
            from: hole.from,
            to: hole.to,
        };
        Limits {
            words_per_read_max: self.words_per_read_max,
            gap_words_max: self.gap_words_max,
            holes: self.holes.iter().map(hole).collect(),
            one_request_per_value: self.one_request_per_value,
            timing: Timing {
                gap_ms: self.gap_ms,
                connect_delay_ms: self.connect_delay_ms,
                timeout_ms: self.timeout_ms,
                busy_retries: self.busy_retries,
            },
        }
    }
}

#[cfg(test)]
#[path = "profile_check_tests.rs"]
mod tests;
