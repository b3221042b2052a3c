//! *pure* — register lists that are no profile files yet: a plain list of registers, and addresses
//! as manuals print them.

use super::profile_file::{Defaults, LimitsEntry, ProfileFile, RegisterEntry};
use crate::base::error::Checks;
use crate::base::{Error, Result};
use crate::modbus::{DataType, Function, WordOrder};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a list does not say itself.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Name in requests.
    pub id: String,
    /// Maker.
    pub brand: String,
    /// Model.
    pub model: String,
    /// Where the list comes from; something general when empty.
    pub source: String,
}

/// How addresses are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Addresses {
    /// As they go over the wire, from 0.
    ZeroBased,
    /// As manuals print them: 40001 is the first holding register, 30001 the first input register,
    /// 10001 the first discrete input, 00001 the first coil.
    Printed,
}

impl Identity {
    /// A profile with these registers. Those that do not say how their words are read are single
    /// floats with the most significant word first.
    #[must_use]
    pub fn profile(self, registers: BTreeMap<String, RegisterEntry>) -> ProfileFile {
        let source = match self.source.trim() {
            "" => "A list of registers that was brought in as a file.".to_owned(),
            said => said.to_owned(),
        };
        ProfileFile {
            id: self.id,
            model_pattern: self.model.clone(),
            brand: self.brand,
            model: self.model,
            revision: 1,
            source,
            verified: None,
            sunspec_models: Vec::new(),
            limits: LimitsEntry::default(),
            defaults: Defaults {
                function: Function::Holding,
                data_type: Some(DataType::Float32),
                word_order: WordOrder::Big,
            },
            probe: None,
            registers,
            vectors: Vec::new(),
        }
    }
}

/// A list such as `{"registers": {"power": {"address": 40001, "scale": 0.1}}}`, or what is in its
/// `registers` alone; an address may stand for a whole register.
///
/// # Errors
/// Every register that cannot be understood, by its name.
pub fn registers_of(list: &serde_json::Value) -> Result<BTreeMap<String, RegisterEntry>> {
    let inner = list.get("registers").unwrap_or(list);
    let Some(entries) = inner.as_object() else {
        let message = "Send an object of registers by metric, or a whole profile.";
        return Err(Error::invalid("registers", message));
    };
    let mut checks = Checks::default();
    let mut registers = BTreeMap::new();
    for (name, value) in entries {
        let path = format!("registers.{name}");
        let value = match value {
            serde_json::Value::Number(_) => serde_json::json!({ "address": value }),
            whole => whole.clone(),
        };
        let read: std::result::Result<RegisterEntry, _> = serde_path_to_error::deserialize(&value);
        match read {
            Ok(entry) => {
                if registers.insert(snake_case(name), entry).is_some() {
                    checks.refuse(&path, "This register is there twice.");
                }
            }
            Err(error) => {
                let inner = error.path().to_string();
                let place = match inner.as_str() {
                    "." => path,
                    inner => format!("{path}.{inner}"),
                };
                checks.refuse(&place, format!("{}.", error.inner()));
            }
        }
    }
    checks.finish()?;
    Ok(registers)
}

/// `powerFactor` is `power_factor` here; other names stay.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Table and address on the wire of a number as manuals print it, with five digits or six. Coils
/// lose their leading zeros in a number: 00001 is 1.
fn on_the_wire(printed: i64) -> Option<(Function, i64)> {
    Some(match printed {
        40_001..=49_999 => (Function::Holding, printed - 40_001),
        400_001..=465_536 => (Function::Holding, printed - 400_001),
        30_001..=39_999 => (Function::Input, printed - 30_001),
        300_001..=365_536 => (Function::Input, printed - 300_001),
        10_001..=19_999 => (Function::Discrete, printed - 10_001),
        100_001..=165_536 => (Function::Discrete, printed - 100_001),
        1..=9_999 => (Function::Coil, printed - 1),
        _ => return None,
    })
}

impl ProfileFile {
    /// Turns printed numbers into addresses on the wire, and says so in a sentence.
    ///
    /// # Errors
    /// Every register whose number is none of the printed ones, or contradicts its table.
    pub fn take_printed(&mut self) -> Result<String> {
        let mut checks = Checks::default();
        let mut example = None;
        for (name, entry) in &mut self.registers {
            let place = |field: &str| format!("registers.{name}.{field}");
            let printed = entry.address;
            let Some((function, address)) = on_the_wire(printed) else {
                let message = format!(
                    "{printed} is no printed number: 40001 to 49999 and 400001 to 465536 are \
                     holding registers, 30001 to 39999 and 300001 to 365536 input registers, 10001 \
                     to 19999 and 100001 to 165536 discrete inputs, 00001 to 09999 coils."
                );
                checks.refuse(&place("address"), message);
                continue;
            };
            let agrees = entry.function.is_none_or(|said| said == function);
            let message = format!("{printed} belongs to the other table.");
            checks.require(agrees, &place("function"), &message);
            entry.function = Some(function);
            entry.address = address;
            example.get_or_insert((printed, function, address));
            if let Some(scale) = &mut entry.scale_register {
                match on_the_wire(*scale) {
                    Some((same, address)) if same == function => *scale = address,
                    _ => checks.refuse(&place("scale_register"), "Must be of the same table."),
                }
            }
        }
        checks.finish()?;
        Ok(match example {
            None => String::new(),
            Some((printed, function, address)) => {
                let place = match function {
                    Function::Holding => "holding register",
                    Function::Input => "input register",
                    Function::Coil => "coil",
                    Function::Discrete => "discrete input",
                };
                format!(
                    "Printed numbers became addresses on the wire: {printed} is {place} {address}. \
                     If a test read shows values that are shifted by one register, the \
                     manual counts from 0."
                )
            }
        })
    }

    /// A hint when every address looks like a printed number.
    #[must_use]
    pub fn looks_printed(&self) -> Option<String> {
        let all = self.registers.values().map(|entry| entry.address);
        // A small number is an address more often than the number of a coil.
        let suspicious = |address: i64| address > 9_999 && on_the_wire(address).is_some();
        let hint = "Every address looks like a printed number (40001, 30001). They were taken as \
            addresses on the wire; if they are printed numbers, bring the list in again as such.";
        (!self.registers.is_empty() && all.into_iter().all(suspicious)).then(|| hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn identity() -> Identity {
        Identity {
            id: "press".to_owned(),
            brand: "Acme".to_owned(),
            model: "Press".to_owned(),
            source: String::new(),
        }
    }

    #[test]
    fn a_plain_list_in_printed_numbers_becomes_a_profile() {
        let list = json!({ "protocol": "modbus-tcp", "registers": {
            "power": { "address": 40001, "scale": 0.1 },
            "voltage": { "address": 40003, "scale": 0.01 },
            "powerFactor": 40009,
            "doorOpen": 10007, "pump_running": { "address": 1, "function": "coil" },
            "temperature": { "address": 300_101, "type": "int16" } } });
        let mut file = identity().profile(registers_of(&list).unwrap());
        let said = file.take_printed().unwrap();
        assert!(said.contains("10007 is discrete input 6"), "{said}");
        let place = |name: &str| {
            let entry = &file.registers[name];
            (entry.function.unwrap(), entry.address)
        };
        assert_eq!(place("power"), (Function::Holding, 0));
        assert_eq!(place("voltage"), (Function::Holding, 2));
        assert_eq!(place("power_factor"), (Function::Holding, 8));
        assert_eq!(place("temperature"), (Function::Input, 100));
        assert_eq!(place("door_open"), (Function::Discrete, 6));
        assert_eq!(place("pump_running"), (Function::Coil, 0));
        let origin = crate::equipment::profile::Origin::Own(Box::new(file.clone()));
        let profile = file.check(origin).unwrap();
        let power = profile.registers.iter().find(|r| r.name() == "power");
        // 23.0 as a single float times 0.1.
        assert_eq!(power.unwrap().decode(&[0x41B8, 0]), Some(2.3));
    }

    #[test]
    fn numbers_that_are_not_printed_ones_are_named() {
        let list = json!({ "power": 70_000, "voltage": { "address": 40003, "function": "input" },
            "current": { "address": 30001 } });
        let mut file = identity().profile(registers_of(&list).unwrap());
        let refused = file.take_printed().unwrap_err();
        let paths: Vec<_> = refused.fields.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(
            paths,
            ["registers.power.address", "registers.voltage.function"]
        );
        let list =
            json!({ "power": { "adress": 1 }, "voltage": "x", "current": { "address": "y" } });
        let refused = registers_of(&list).unwrap_err();
        assert_eq!(refused.fields.len(), 3, "{refused}");
        assert!(registers_of(&json!([1, 2])).is_err());
    }

    #[test]
    fn suspicion_is_said_and_nothing_is_shifted() {
        let mut file = identity().profile(registers_of(&json!({ "power": 40001 })).unwrap());
        assert!(file.looks_printed().is_some());
        assert_eq!(file.registers["power"].address, 40_001);
        file.take_printed().unwrap();
        assert!(file.looks_printed().is_none());
    }
}
