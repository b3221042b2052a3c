//! *pure* — registers that hold states and bit fields: what may be said of them.

use crate::base::Metric;
use crate::base::error::Checks;
use crate::base::sample::STATE_WORDS;
use crate::modbus::{Bits, DataType, Function};

/// What a register says that matters for a state.
pub(super) struct Said<'a> {
    pub(super) function: Function,
    pub(super) data_type: DataType,
    pub(super) bit: Option<u8>,
    pub(super) bits: Option<u8>,
    /// The device counts the other way round.
    pub(super) reversed: bool,
    pub(super) scale: f64,
    pub(super) offset: f64,
    pub(super) has_scale_register: bool,
    pub(super) unit: Option<&'a str>,
}

impl Said<'_> {
    /// The bits that are meant, when not all of them are.
    pub(super) fn bits(&self) -> Option<Bits> {
        let (from, count) = (self.bit?, self.bits.unwrap_or(1));
        Some(Bits { from, count })
    }

    /// What the number is multiplied by, and what is added to it.
    pub(super) fn sign(&self) -> (f64, f64) {
        let one = self.bits().is_some_and(|bits| bits.count == 1);
        match (self.reversed, self.data_type == DataType::Bool || one) {
            (false, _) => (1.0, 0.0),
            (true, false) => (-1.0, 0.0),
            (true, true) => (-1.0, 1.0),
        }
    }

    /// Refuses what cannot be said of a state or a bit field.
    pub(super) fn check(&self, checks: &mut Checks, path: &str, metric: Option<&Metric>) {
        let place = |field: &str| format!("{path}.{field}");
        if self.function.is_bits() {
            let single = self.data_type == DataType::Bool;
            let message = "A coil or discrete input is a single bit. Choose the type bool.";
            checks.require(single, &place("type"), message);
            let message = "A coil or discrete input has no bits to choose from. Leave it out.";
            let whole = self.bit.is_none() && self.bits.is_none();
            checks.require(whole, &place("bit"), message);
            let message = "A coil or discrete input has no scale register. Leave it out.";
            checks.require(!self.has_scale_register, &place("scale_register"), message);
        }
        let message = "Bits are those of a whole number. Choose a type such as uint16.";
        let whole = self.bit.is_none() || self.data_type.is_whole();
        checks.require(whole, &place("type"), message);
        let message = "Say with bit where the bits begin, 0 for the lowest.";
        let begins = self.bits.is_none() || self.bit.is_some();
        checks.require(begins, &place("bit"), message);
        if let Some(bits) = self.bits() {
            let wide = self.data_type.words() * 16;
            let (from, count) = (u16::from(bits.from), u16::from(bits.count));
            let message = "The type has fewer bits.";
            checks.require(from < wide, &place("bit"), message);
            let fits = count >= 1 && from + count <= wide.max(from + 1);
            checks.require(fits, &place("bits"), message);
        }
        if self.data_type == DataType::Bool {
            self.check_state(checks, path, metric);
        }
    }

    fn check_state(&self, checks: &mut Checks, path: &str, metric: Option<&Metric>) {
        let words = STATE_WORDS.map(|word| format!("_{word}")).join(", ");
        let message = format!(
            "Name a state by what is so while it is 1: digital_1, or a name that ends in {words}."
        );
        checks.require(metric.is_none_or(Metric::is_state), path, &message);
        let place = |field: &str| format!("{path}.{field}");
        let message = "A state is 0 or 1 and has no scale. Leave it out.";
        let one = self.scale.to_bits() == 1.0_f64.to_bits();
        checks.require(one, &place("scale"), message);
        let message = "A state is 0 or 1 and has no offset. Leave it out.";
        checks.require(self.offset.to_bits() == 0, &place("offset"), message);
        let message = "A state has no unit. Leave it out.";
        let none = self.unit.unwrap_or_default().trim().is_empty();
        checks.require(none, &place("unit"), message);
    }
}

#[cfg(test)]
mod tests {
    use crate::equipment::profile::Origin;
    use crate::equipment::profile_file::ProfileFile;
    use crate::modbus::{Bits, DataType, Function, Register};

    fn file(registers: &str) -> ProfileFile {
        let text = format!(
            "id = \"acme-io\"\nbrand = \"Acme\"\nmodel = \"IO\"\nsource = \"test\"\n\
             [defaults]\ntype = \"float32\"\n[registers]\n{registers}\n"
        );
        ProfileFile::from_toml(&text).unwrap()
    }

    fn one(register: &str) -> Register {
        let file = file(register);
        let profile = file.check(Origin::Own(Box::new(file.clone()))).unwrap();
        profile.registers.into_iter().next().unwrap()
    }

    #[test]
    fn a_state_is_a_coil_an_input_a_word_or_a_bit() {
        let door = one("door_open = { address = 7, function = \"discrete\" }");
        assert_eq!(
            (door.function, door.data_type),
            (Function::Discrete, DataType::Bool)
        );
        assert_eq!(
            (door.decode(&[0]), door.decode(&[1])),
            (Some(0.0), Some(1.0))
        );
        let turned = one("door_open = { address = 7, function = \"coil\", reversed = true }");
        assert_eq!(
            (turned.decode(&[0]), turned.decode(&[1])),
            (Some(1.0), Some(0.0))
        );
        assert_eq!((turned.encode(1.0), turned.encode(0.0)), (vec![0], vec![1]));
        let word = one("pump_running = { address = 7, type = \"bool\" }");
        assert_eq!(word.decode(&[0xFF00]), Some(1.0));
        let bit = one("filter_alarm = { address = 7, bit = 9 }");
        assert_eq!((bit.data_type, bit.is_state()), (DataType::Uint16, true));
        assert_eq!(
            (bit.decode(&[0x0200]), bit.decode(&[0x0100])),
            (Some(1.0), Some(0.0))
        );
        let field = one("mode = { address = 7, bit = 4, bits = 3 }");
        assert_eq!(field.extras.bits, Some(Bits { from: 4, count: 3 }));
        assert_eq!(
            (field.decode(&[0x00EF]), field.is_state()),
            (Some(6.0), false)
        );
        assert_eq!(field.encode(6.0), [0x0060]);
    }

    #[test]
    fn what_no_state_can_be_is_refused_by_name() {
        for (register, path) in [
            ("door = { address = 1, function = \"coil\" }", "door"),
            (
                "door_open = { address = 1, function = \"coil\", type = \"uint16\" }",
                "door_open.type",
            ),
            (
                "door_open = { address = 1, function = \"discrete\", bit = 1 }",
                "door_open.bit",
            ),
            (
                "door_open = { address = 1, function = \"coil\", scale = 0.1 }",
                "door_open.scale",
            ),
            (
                "door_open = { address = 1, type = \"bool\", unit = \"V\" }",
                "door_open.unit",
            ),
            (
                "mode = { address = 1, type = \"float32\", bit = 1 }",
                "mode.type",
            ),
            (
                "mode = { address = 1, type = \"uint16\", bit = 16 }",
                "mode.bit",
            ),
            (
                "mode = { address = 1, type = \"uint16\", bit = 12, bits = 5 }",
                "mode.bits",
            ),
            (
                "mode = { address = 1, type = \"uint16\", bits = 5 }",
                "mode.bit",
            ),
        ] {
            let file = file(register);
            let refused = file.check(Origin::Own(Box::new(file.clone()))).unwrap_err();
            let paths: Vec<_> = refused
                .fields
                .iter()
                .map(|field| field.path.as_str())
                .collect();
            assert_eq!(paths, [format!("registers.{path}")], "{register}");
        }
    }
}
