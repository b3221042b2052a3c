//! *pure* — the `modbus` object of a piece of equipment, as a person writes it.

use super::connection::SerialSource;
use crate::modbus::{DataType, Endpoint, Function, Register, WordOrder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How the device is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Modbus TCP, directly or through a gateway.
    #[default]
    Tcp,
    /// Modbus RTU frames over a TCP connection, through a transparent serial server.
    RtuOverTcp,
    /// Modbus RTU on a serial port of the appliance.
    Rtu,
}

impl From<&Endpoint> for Protocol {
    fn from(endpoint: &Endpoint) -> Self {
        match endpoint {
            Endpoint::Tcp { .. } => Self::Tcp,
            Endpoint::RtuOverTcp { .. } => Self::RtuOverTcp,
            Endpoint::Serial { .. } => Self::Rtu,
        }
    }
}

/// Where a device is on the field bus, and what is read from it. A profile or at least one
/// register is needed; `registers` add to the profile or replace its entries of the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Modbus)]
pub struct ModbusSource {
    /// How the device is reached (`transport` is read as well).
    #[serde(default, alias = "transport")]
    pub protocol: Protocol,
    /// Host name or IP address of the device, its gateway or its serial server (`ip` is read as
    /// well); empty for a device on a serial port.
    #[serde(alias = "ip", default)]
    #[schema(example = "192.168.10.20")]
    pub host: String,
    /// TCP port.
    #[serde(default = "default_port")]
    #[schema(minimum = 1, maximum = 65535, default = 502)]
    pub port: i64,
    /// The serial port, for the protocol `rtu`.
    #[serde(default)]
    pub serial: Option<SerialSource>,
    /// Unit id, 1 to 247 or 255 (`slave_id` is read as well).
    #[serde(alias = "slave_id", default = "default_unit_id")]
    #[schema(minimum = 1, maximum = 255, default = 1)]
    pub unit_id: i64,
    /// How often the device is read, ms.
    #[serde(default = "default_poll_interval_ms")]
    #[schema(minimum = 100, maximum = 3_600_000, default = 5000)]
    pub poll_interval_ms: i64,
    /// How long one answer may take, ms.
    #[serde(default = "default_timeout_ms")]
    #[schema(minimum = 50, maximum = 30_000, default = 1000)]
    pub timeout_ms: i64,
    /// The least time between an answer on the line and a question to this device, ms. A serial
    /// line keeps three and a half characters in any case.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 5000, default = 0)]
    pub gap_ms: i64,
    /// How long a new connection is left alone before the first question, ms.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10_000, default = 0)]
    pub connect_delay_ms: i64,
    /// How often a question is asked again within a beat after silence, a damaged answer or a
    /// busy device.
    #[serde(default = "default_retries")]
    #[schema(minimum = 0, maximum = 5, default = 1)]
    pub retries: i64,
    /// Id of a device profile.
    #[serde(default)]
    #[schema(example = "eastron-sdm630")]
    pub profile: Option<String>,
    /// Where the model begins in a SunSpec device: the address of the word with its id. The test
    /// read finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 65535, example = 40_070)]
    pub base_address: Option<i64>,
    /// Own registers by metric; `_l1`, `_l2`, `_l3` at the end name the phase.
    #[serde(default)]
    pub registers: BTreeMap<String, RegisterSource>,
}

/// One value in the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModbusRegister)]
pub struct RegisterSource {
    /// Zero-based address on the wire: 0 is the register that manuals call 40001 or 30001.
    #[schema(minimum = 0, maximum = 65535, example = 52)]
    pub address: i64,
    /// How the words are read; `bool` for a coil or discrete input.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// The one bit that is meant, 0 for the lowest; with `bits` the lowest of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 63)]
    pub bit: Option<u8>,
    /// How many bits are meant from `bit` upwards; one when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 64)]
    pub bits: Option<u8>,
    /// The device counts the other way round: of a state, 0 means that it is so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reversed: bool,
    /// Value = number x scale.
    #[serde(default = "default_scale")]
    #[schema(default = 1.0)]
    pub scale: f64,
    /// The table: holding (function 3), input (function 4), coil (function 1) or discrete
    /// (function 2).
    #[serde(default)]
    pub function: Function,
    /// The order of the words of one value.
    #[serde(default)]
    pub word_order: WordOrder,
    /// The unit after the scale; well-known metrics are converted to theirs (W to kW).
    #[serde(default)]
    #[schema(example = "kW")]
    pub unit: Option<String>,
}

const fn default_port() -> i64 {
    502
}
const fn default_unit_id() -> i64 {
    1
}
const fn default_poll_interval_ms() -> i64 {
    5000
}
const fn default_timeout_ms() -> i64 {
    1000
}
const fn default_retries() -> i64 {
    1
}
const fn default_scale() -> f64 {
    1.0
}

impl ModbusSource {
    /// The source of a device at this place, everything else at its default.
    #[must_use]
    pub fn tcp(host: &str, port: u16, unit_id: u8) -> Self {
        Self {
            protocol: Protocol::Tcp,
            host: host.to_owned(),
            port: i64::from(port),
            serial: None,
            unit_id: i64::from(unit_id),
            poll_interval_ms: default_poll_interval_ms(),
            timeout_ms: default_timeout_ms(),
            gap_ms: 0,
            connect_delay_ms: 0,
            retries: default_retries(),
            profile: None,
            base_address: None,
            registers: BTreeMap::new(),
        }
    }
}

impl From<&Register> for RegisterSource {
    /// The register as a person would write it; the scale has the sign in it, and not-available patterns, four-quadrant decoding and
    /// extras live in profiles only.
    fn from(register: &Register) -> Self {
        // Of a state the turned sign comes with an offset.
        let reversed = register.is_state() && register.scale < 0.0;
        let bits = register.extras.bits;
        Self {
            address: i64::from(register.address),
            data_type: register.data_type,
            bit: bits.map(|bits| bits.from),
            bits: bits.map(|bits| bits.count).filter(|count| *count > 1),
            reversed,
            scale: if reversed {
                -register.scale
            } else {
                register.scale
            },
            function: register.function,
            word_order: register.word_order,
            unit: Some(register.unit.as_str().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn source(value: serde_json::Value) -> ModbusSource {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn both_spellings_are_read_and_one_is_written() {
        let source = source(json!({"protocol": "tcp", "ip": "10.0.0.7", "slave_id": 3,
            "registers": {"power": {"address": 52, "type": "float32", "unit": "W"}}}));
        let written = serde_json::to_value(&source).unwrap();
        assert_eq!(
            written,
            json!({"protocol": "tcp", "host": "10.0.0.7", "port": 502, "serial": null,
                "unit_id": 3, "poll_interval_ms": 5000, "timeout_ms": 1000, "gap_ms": 0,
                "connect_delay_ms": 0, "retries": 1, "profile": null,
                "registers": {"power": {"address": 52, "type": "float32", "scale": 1.0,
                    "function": "holding", "word_order": "big", "unit": "W"}}})
        );
        let again: ModbusSource = serde_json::from_value(written).unwrap();
        assert_eq!(again, source);
    }

    #[test]
    fn unknown_fields_are_refused() {
        let bad = [
            json!({"host": "a", "baud": 9600}),
            json!({"host": "a", "registers": {"power": {"address": 1, "type": "int16", "x": 1}}}),
            json!({"host": "a", "ip": "b"}),
            json!({"protocol": "rtu", "transport": "rtu"}),
            json!({"protocol": "rtu", "serial": {"device": "/dev/ttyUSB0", "data_bits": 7}}),
        ];
        for value in bad {
            assert!(serde_json::from_value::<ModbusSource>(value).is_err());
        }
    }

    #[test]
    fn the_api_document_tells_the_ranges() {
        use utoipa::PartialSchema as _;
        let schema = serde_json::to_value(ModbusSource::schema()).unwrap();
        let unit_id = &schema["properties"]["unit_id"];
        assert_eq!(unit_id["minimum"], 1);
        assert_eq!(unit_id["default"], 1);
        assert_eq!(schema.get("required"), None);
        assert_eq!(schema["additionalProperties"], false);
    }
}
