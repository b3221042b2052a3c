//! Where the simulated devices keep their values.
//!
//! Written from the manuals and not from the profiles, so that a slip in either shows: a test reads
//! these devices through the profiles and compares with the truth.

use crate::base::{Metric, Unit};
use crate::modbus::{DataType, Decoding, Extras, Function, Register, WordOrder};

/// What a simulated device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Eastron SDM630: input registers, single floats, W.
    Sdm630,
    /// Schneider iEM3000: holding registers, single floats, kW, energy as 64-bit Wh.
    Iem3000,
    /// Janitza UMG 96: holding registers, single floats, W and Wh.
    Umg96,
    /// The controller of a moulding machine: scaled integers.
    PressController,
    /// The controller of a dryer: scaled integers, low word first.
    DryerController,
    /// The controller of a packaging line: scaled integers.
    PackagingController,
}

impl Model {
    /// The profile that reads it; `None` when its registers are entered by hand.
    #[must_use]
    pub const fn profile(self) -> Option<&'static str> {
        match self {
            Self::Sdm630 => Some("eastron-sdm630"),
            Self::Iem3000 => Some("schneider-iem3000"),
            Self::Umg96 => Some("janitza-umg96"),
            Self::PressController | Self::DryerController | Self::PackagingController => None,
        }
    }

    /// Its registers.
    #[must_use]
    pub fn registers(self) -> Vec<Register> {
        match self {
            Self::Sdm630 => sdm630(),
            Self::Iem3000 => iem3000(),
            Self::Umg96 => umg96(),
            Self::PressController => press(),
            Self::DryerController => dryer(),
            Self::PackagingController => packaging(),
        }
    }
}

/// Collects the registers of one table.
struct Table {
    function: Function,
    registers: Vec<Register>,
}

impl Table {
    const fn new(function: Function) -> Self {
        Self {
            function,
            registers: Vec::new(),
        }
    }

    /// One value: `scale` leads from the number on the wire to `unit`.
    fn value(&mut self, name: &str, unit: &str, address: u16, data_type: DataType, scale: f64) {
        // The names and units here are constants that a test reads; a wrong one is left out.
        let (Ok((metric, phase)), Ok(unit)) = (Metric::with_phase(name), Unit::new(unit)) else {
            return;
        };
        self.registers.push(Register {
            metric,
            phase,
            unit,
            function: self.function,
            address,
            data_type,
            scale,
            word_order: WordOrder::Big,
            decoding: Decoding::Plain,
            not_available: Vec::new(),
            extras: Extras::default(),
        });
    }

    /// A single float.
    fn float(&mut self, name: &str, unit: &str, address: u16, scale: f64) {
        self.value(name, unit, address, DataType::Float32, scale);
    }

    /// Three single floats, one after the other.
    fn phases(&mut self, name: &str, unit: &str, address: u16, scale: f64) {
        for (offset, line) in [(0, "l1"), (2, "l2"), (4, "l3")] {
            self.float(&format!("{name}_{line}"), unit, address + offset, scale);
        }
    }

    fn little(mut self) -> Vec<Register> {
        for register in &mut self.registers {
            register.word_order = WordOrder::Little;
        }
        self.registers
    }
}

fn sdm630() -> Vec<Register> {
    let mut table = Table::new(Function::Input);
    table.phases("voltage", "V", 0x0000, 1.0);
    table.phases("current", "A", 0x0006, 1.0);
    table.phases("power", "kW", 0x000C, 1e-3);
    table.phases("apparent_power", "kVA", 0x0012, 1e-3);
    table.phases("reactive_power", "kvar", 0x0018, 1e-3);
    table.phases("power_factor", "", 0x001E, 1.0);
    table.float("voltage", "V", 0x002A, 1.0);
    table.float("current", "A", 0x002E, 1.0);
    table.float("power", "kW", 0x0034, 1e-3);
    table.float("apparent_power", "kVA", 0x0038, 1e-3);
    table.float("reactive_power", "kvar", 0x003C, 1e-3);
    table.float("power_factor", "", 0x003E, 1.0);
    table.float("frequency", "Hz", 0x0046, 1.0);
    table.float("consumption", "kWh", 0x0048, 1.0);
    table.float("export_energy", "kWh", 0x004A, 1.0);
    table.float("reactive_energy", "kvarh", 0x004C, 1.0);
    table.float("reactive_export_energy", "kvarh", 0x004E, 1.0);
    table.phases("line_voltage", "V", 0x00C8, 1.0);
    table.float("line_voltage", "V", 0x00CE, 1.0);
    table.float("neutral_current", "A", 0x00E0, 1.0);
    table.phases("voltage_thd", "%", 0x00EA, 1.0);
    table.phases("current_thd", "%", 0x00F0, 1.0);
    table.phases("consumption", "kWh", 0x015A, 1.0);
    table.phases("export_energy", "kWh", 0x0160, 1.0);
    table.registers
}

fn iem3000() -> Vec<Register> {
    let mut table = Table::new(Function::Holding);
    // The manual counts from 1.
    table.phases("current", "A", 3000 - 1, 1.0);
    table.float("current", "A", 3010 - 1, 1.0);
    table.phases("line_voltage", "V", 3020 - 1, 1.0);
    table.float("line_voltage", "V", 3026 - 1, 1.0);
    table.phases("voltage", "V", 3028 - 1, 1.0);
    table.float("voltage", "V", 3036 - 1, 1.0);
    table.phases("power", "kW", 3054 - 1, 1.0);
    table.float("power", "kW", 3060 - 1, 1.0);
    table.float("reactive_power", "kvar", 3068 - 1, 1.0);
    table.float("apparent_power", "kVA", 3076 - 1, 1.0);
    table.float("power_factor", "", 3084 - 1, 1.0);
    table.float("frequency", "Hz", 3110 - 1, 1.0);
    for (name, unit, number) in [
        ("consumption", "kWh", 3204),
        ("export_energy", "kWh", 3208),
        ("reactive_energy", "kvarh", 3220),
        ("reactive_export_energy", "kvarh", 3224),
        ("consumption_l1", "kWh", 3518),
        ("consumption_l2", "kWh", 3522),
        ("consumption_l3", "kWh", 3526),
    ] {
        table.value(name, unit, number - 1, DataType::Int64, 1e-3);
    }
    table.registers
}

fn umg96() -> Vec<Register> {
    let mut table = Table::new(Function::Holding);
    table.phases("voltage", "V", 19_000, 1.0);
    table.phases("line_voltage", "V", 19_006, 1.0);
    table.phases("current", "A", 19_012, 1.0);
    table.phases("power", "kW", 19_020, 1e-3);
    table.float("power", "kW", 19_026, 1e-3);
    table.phases("apparent_power", "kVA", 19_028, 1e-3);
    table.float("apparent_power", "kVA", 19_034, 1e-3);
    table.phases("reactive_power", "kvar", 19_036, 1e-3);
    table.float("reactive_power", "kvar", 19_042, 1e-3);
    table.phases("power_factor", "", 19_044, 1.0);
    table.float("frequency", "Hz", 19_050, 1.0);
    table.phases("consumption", "kWh", 19_062, 1e-3);
    table.float("consumption", "kWh", 19_068, 1e-3);
    table.phases("export_energy", "kWh", 19_070, 1e-3);
    table.float("export_energy", "kWh", 19_076, 1e-3);
    table.phases("voltage_thd", "%", 19_110, 1.0);
    table.phases("current_thd", "%", 19_116, 1.0);
    table.registers
}

fn press() -> Vec<Register> {
    let mut table = Table::new(Function::Holding);
    table.value("power", "kW", 100, DataType::Uint16, 0.01);
    table.value("voltage", "V", 101, DataType::Uint16, 0.1);
    table.value("current", "A", 102, DataType::Uint16, 0.1);
    table.value("power_factor", "", 103, DataType::Int16, 0.001);
    table.value("frequency", "Hz", 104, DataType::Uint16, 0.01);
    table.value("consumption", "kWh", 106, DataType::Uint32, 0.1);
    table.value("temperature", "°C", 110, DataType::Int16, 0.1);
    table.value("shot_count", "", 112, DataType::Uint32, 1.0);
    table.registers
}

fn dryer() -> Vec<Register> {
    let mut table = Table::new(Function::Input);
    table.value("power", "kW", 0, DataType::Int32, 0.001);
    table.value("voltage", "V", 2, DataType::Int32, 0.1);
    table.value("current", "A", 4, DataType::Int32, 0.001);
    table.value("power_factor", "", 6, DataType::Int32, 0.001);
    table.value("frequency", "Hz", 8, DataType::Int32, 0.01);
    table.value("consumption", "kWh", 10, DataType::Uint32, 0.01);
    table.value("temperature", "°C", 12, DataType::Int16, 0.1);
    table.little()
}

fn packaging() -> Vec<Register> {
    let mut table = Table::new(Function::Holding);
    table.value("power", "kW", 0, DataType::Uint16, 0.01);
    table.value("voltage_l1", "V", 1, DataType::Uint16, 0.1);
    table.value("voltage_l2", "V", 2, DataType::Uint16, 0.1);
    table.value("voltage_l3", "V", 3, DataType::Uint16, 0.1);
    table.value("voltage", "V", 4, DataType::Uint16, 0.1);
    table.value("current", "A", 5, DataType::Uint16, 0.01);
    table.value("power_factor", "", 6, DataType::Int16, 0.001);
    table.value("frequency", "Hz", 7, DataType::Uint16, 0.01);
    table.value("consumption", "kWh", 8, DataType::Uint64, 0.001);
    table.value("temperature", "°C", 12, DataType::Int16, 0.1);
    // Its spare counter input is wired to the pulse of the utility's meter next door.
    table.value("sync_pulse_count", "", 13, DataType::Uint32, 1.0);
    table.registers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_register_was_left_out_or_overlaps_another() {
        for (model, count) in [
            (Model::Sdm630, 46),
            (Model::Iem3000, 27),
            (Model::Umg96, 39),
            (Model::PressController, 8),
            (Model::DryerController, 7),
            (Model::PackagingController, 11),
        ] {
            let registers = model.registers();
            assert_eq!(registers.len(), count, "{model:?}");
            for pair in registers.windows(2) {
                assert!(pair[0].end() <= u32::from(pair[1].address), "{pair:?}");
            }
        }
    }
}
