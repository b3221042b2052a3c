//! A virtual slave that is found by its SunSpec marker, as inverters and their meters are.

use super::Instrument;
use super::virtual_device::VirtualDevice;
use crate::base::{Metric, Phase, Timestamp, Unit};
use crate::modbus::register::Extras;
use crate::modbus::{DataType, Decoding, Function, Register, WordOrder};
use std::collections::BTreeMap;

/// Where the marker is: the first place at which makers put it.
const BASE: u16 = 40_000;
/// Words of the marker "SunS".
const MARKER_WORDS: u16 = 2;
/// Models of inverters (SunSpec Inverter Models, 101 to 113): positive power is fed in, which
/// profiles turn round.
const INVERTERS: std::ops::RangeInclusive<u16> = 101..=113;
/// Words of the common model behind its header.
const COMMON_WORDS: u16 = 66;
/// Where the header of the model with the values is.
const MODEL: u16 = BASE + MARKER_WORDS + 2 + COMMON_WORDS;
/// "Not implemented" of a signed word (SunSpec Device Information Model Specification, section 6.3).
const NOT_IMPLEMENTED: u16 = 0x8000;
/// Room above what is shown at the start, before a value no longer fits its words.
const HEADROOM: f64 = 4.0;
/// The largest number of a signed word.
const INT16_MAX: f64 = 32_767.0;

/// The common model, one model with values, and the mark of the end.
pub struct SunSpecSlave {
    device: VirtualDevice,
    /// It feeds in what another device would take.
    inverter: bool,
    /// Those of the device first, at their places on the wire, then the words that stay.
    registers: Vec<Register>,
    constants: Vec<f64>,
}

impl SunSpecSlave {
    /// A slave with this model of `length` words behind its header. Addresses of `registers` count
    /// from the header. Powers of ten are chosen for what the device shows at `at`, and stay.
    #[must_use]
    pub fn new(
        model: u16,
        length: u16,
        registers: &[Register],
        capacity_kw: f64,
        seed: u64,
        at: Timestamp,
    ) -> Self {
        let inverter = INVERTERS.contains(&model);
        let shown = registers.iter().map(|register| Register {
            metric: shown_by(register, inverter),
            ..register.clone()
        });
        let device = VirtualDevice::new(shown.collect(), capacity_kw, seed);
        let powers = powers(device.registers(), &device.values(at));
        let mut words = BTreeMap::from([(0, model), (1, length)]);
        let mut placed = Vec::new();
        let mut taken = Vec::new();
        for register in device.registers() {
            taken.extend(u32::from(register.address)..register.end());
            placed.push(on_the_wire(register, &powers));
        }
        for (address, power) in powers {
            words.insert(address, power.cast_unsigned());
        }
        for address in 2..length + 2 {
            if !taken.contains(&u32::from(address)) {
                words.entry(address).or_insert(NOT_IMPLEMENTED);
            }
        }
        let mut fixed = frame(model, length, seed);
        fixed.extend(
            words
                .into_iter()
                .map(|(address, word)| (MODEL + address, word)),
        );
        placed.extend(fixed.iter().map(|(address, _)| constant(*address)));
        Self {
            device,
            inverter,
            registers: placed,
            constants: fixed.iter().map(|(_, word)| f64::from(*word)).collect(),
        }
    }
}

impl Instrument for SunSpecSlave {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let mut values = self.device.values(at);
        if self.inverter {
            for (register, value) in self.registers.iter().zip(&mut values) {
                *value *= register.scale.signum();
            }
        }
        values.extend(&self.constants);
        values
    }
}

/// What the device behind the register computes: an inverter feeds in what it takes.
fn shown_by(register: &Register, inverter: bool) -> Metric {
    match register.metric.as_str() {
        "export_energy" if inverter => Metric::CONSUMPTION,
        _ => register.metric.clone(),
    }
}

/// For each scale register the power of ten with the most digits that still leaves headroom.
fn powers(registers: &[Register], values: &[f64]) -> BTreeMap<u16, i16> {
    let mut largest: BTreeMap<u16, f64> = BTreeMap::new();
    for (register, value) in registers.iter().zip(values) {
        // Counters have two words, and whole watt-hours are fine enough for them.
        let counts = register.data_type.words() == 1;
        let number = value.abs() / register.scale * f64::from(u8::from(counts));
        if let Some(scale) = register.extras.scale_register {
            let largest = largest.entry(scale).or_default();
            *largest = largest.max(number);
        }
    }
    let power = |number: f64| match number {
        0.0 => 0,
        number => (-2..=4)
            .find(|power| number * HEADROOM <= INT16_MAX * 10_f64.powi(i32::from(*power)))
            .unwrap_or(4),
    };
    largest
        .into_iter()
        .map(|(address, number)| (address, power(number)))
        .collect()
}

/// The register at its place, with its power of ten put into its scale.
fn on_the_wire(register: &Register, powers: &BTreeMap<u16, i16>) -> Register {
    let mut register = register.clone();
    register.address += MODEL;
    if let Some(scale) = register.extras.scale_register.take() {
        let power = powers.get(&scale).copied().unwrap_or_default();
        register.scale *= 10_f64.powi(i32::from(power));
    }
    register
}

/// The marker, who made the device, and the end behind the model: address and word.
fn frame(model: u16, length: u16, seed: u64) -> Vec<(u16, u16)> {
    let mut words = vec![0x5375, 0x6E53, 1, COMMON_WORDS];
    let serial = format!("SIM-{seed}");
    let name = format!("Model {model}");
    let fields = [
        ("Indusmind", 16),
        (&*name, 16),
        ("", 8),
        (env!("CARGO_PKG_VERSION"), 8),
        (&*serial, 16),
    ];
    for (text, length) in fields {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(2 * length, 0);
        let word = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
        words.extend(bytes.chunks_exact(2).map(word));
    }
    // The unit id that the device would have behind a gateway, and a word of padding.
    words.extend([1, NOT_IMPLEMENTED]);
    let end = MODEL + 2 + length;
    let mut frame: Vec<_> = (BASE..).zip(words).collect();
    frame.extend([(end, u16::MAX), (end + 1, 0)]);
    frame
}

/// A word that stays as it is.
fn constant(address: u16) -> Register {
    Register {
        metric: Metric::POWER,
        phase: Phase::Total,
        unit: Unit::none(),
        function: Function::Holding,
        address,
        data_type: DataType::Uint16,
        scale: 1.0,
        word_order: WordOrder::Big,
        decoding: Decoding::Plain,
        not_available: Vec::new(),
        extras: Extras::default(),
    }
}
