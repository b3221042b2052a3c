//! *pure* — how a device is reached, as a person writes it, and the line that follows from it.

use super::source::{ModbusSource, Protocol};
use crate::base::error::Checks;
use crate::modbus::line::Pacing;
use crate::modbus::{Endpoint, Parity, SerialSettings};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// The baud rates that meters and adapters know.
pub(super) const BAUD_RATES: [i64; 10] = [
    1_200, 2_400, 4_800, 9_600, 14_400, 19_200, 38_400, 57_600, 115_200, 230_400,
];
/// The longest path of a serial port: those by id carry the name of the adapter.
const DEVICE_PATH_MAX: usize = 200;

/// A serial port of the appliance and how it talks; characters have eight data bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModbusSerial)]
pub struct SerialSource {
    /// Path of the port. The names under `/dev/serial/by-id` stay the same when adapters are
    /// plugged in elsewhere.
    #[schema(example = "/dev/ttyUSB0")]
    pub device: String,
    /// Bits a second: 1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200 or 230400.
    #[serde(default = "default_baud_rate")]
    #[schema(default = 9600)]
    pub baud_rate: i64,
    /// The parity bit.
    #[serde(default)]
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    #[serde(default = "default_stop_bits")]
    #[schema(minimum = 1, maximum = 2, default = 1)]
    pub stop_bits: i64,
}

const fn default_baud_rate() -> i64 {
    9_600
}
const fn default_stop_bits() -> i64 {
    1
}

impl ModbusSource {
    /// The line of a device; what cannot be one is refused field by field.
    pub(super) fn check_endpoint(&self, checks: &mut Checks) -> Endpoint {
        let port = in_range(checks, "modbus.port", self.port, 1..=65_535);
        match self.protocol {
            Protocol::Tcp | Protocol::RtuOverTcp => {
                check_host(checks, &self.host);
                checks.require(
                    self.serial.is_none(),
                    "modbus.serial",
                    "Only the protocol rtu has a serial port. Leave this out, or choose rtu.",
                );
            }
            Protocol::Rtu => checks.require(
                self.host.trim().is_empty(),
                "modbus.host",
                "A device on a serial port has no host. Leave it out, or choose rtu_over_tcp.",
            ),
        }
        match (self.protocol, &self.serial) {
            (Protocol::Tcp, _) => Endpoint::tcp(&self.host, port),
            (Protocol::RtuOverTcp, _) => Endpoint::rtu_over_tcp(&self.host, port),
            (Protocol::Rtu, Some(serial)) => {
                Endpoint::serial(&serial.device, serial.check("modbus.serial", checks))
            }
            (Protocol::Rtu, None) => {
                let sentence = "Enter the serial port, such as {\"device\": \"/dev/ttyUSB0\"}.";
                checks.refuse("modbus.serial", sentence);
                Endpoint::tcp("", port)
            }
        }
    }

    /// The line of a source that was checked before.
    pub fn endpoint(&self) -> Endpoint {
        self.check_endpoint(&mut Checks::default())
    }

    /// The pauses that the device asks for.
    pub(super) fn check_pacing(&self, checks: &mut Checks) -> Pacing {
        let path = "modbus.connect_delay_ms";
        Pacing {
            gap: Duration::from_millis(in_range(checks, "modbus.gap_ms", self.gap_ms, 0..=5_000)),
            connect_delay: Duration::from_millis(in_range(
                checks,
                path,
                self.connect_delay_ms,
                0..=10_000,
            )),
        }
    }
}

impl SerialSource {
    /// How it talks; what is wrong is refused below `path`.
    pub(super) fn check(&self, path: &str, checks: &mut Checks) -> SerialSettings {
        let device = self.device.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-._:+@".contains(c);
        let well_formed = device.len() <= DEVICE_PATH_MAX
            && device.strip_prefix("/dev/").is_some_and(|name| {
                let part = |part: &str| !matches!(part, "" | "." | "..");
                name.split('/').all(part)
            })
            && device.chars().all(plain);
        checks.require(
            well_formed,
            &format!("{path}.device"),
            "Enter the path of a port under /dev/, such as /dev/ttyUSB0.",
        );
        if !BAUD_RATES.contains(&self.baud_rate) {
            checks.refuse(&format!("{path}.baud_rate"), known_rates());
        }
        let stop_path = format!("{path}.stop_bits");
        let stop_bits = in_range(checks, &stop_path, self.stop_bits, 1..=2);
        SerialSettings {
            baud_rate: u32::try_from(self.baud_rate).unwrap_or_default(),
            parity: self.parity,
            stop_bits,
        }
    }
}

/// Which baud rates there are.
pub(super) fn known_rates() -> String {
    let known = BAUD_RATES.map(|rate| rate.to_string()).join(", ");
    format!("Must be one of {known}.")
}

/// Why two devices cannot be polled side by side: they are at one place, and want different things
/// of it. `other` is the name of the second.
#[must_use]
pub(super) fn clash(new: &Endpoint, old: &Endpoint, other: &str) -> Option<(&'static str, String)> {
    if new == old || !new.same_place(old) {
        return None;
    }
    Some(match (new, old) {
        (Endpoint::Serial { device, .. }, Endpoint::Serial { settings, .. }) => (
            "modbus.serial",
            format!(
                "{device} is used by {other} with {settings}; everything on one bus talks in the \
                 same way. Use these settings; to change the whole bus, set its other devices to \
                 decommissioned until each has the new ones."
            ),
        ),
        (_, old) => {
            let framing = match old {
                Endpoint::RtuOverTcp { .. } => "RTU over TCP (rtu_over_tcp)",
                _ => "Modbus TCP (tcp)",
            };
            let sentence = format!(
                "{new} is used by {other} with {framing}; one port speaks one of the two. Use the \
                 same protocol, or set {other} to decommissioned until it has the new one too."
            );
            ("modbus.protocol", sentence)
        }
    })
}

fn check_host(checks: &mut Checks, host: &str) {
    let trimmed = host.trim();
    // 253 is the longest name of the DNS.
    let well_formed = (1..=253).contains(&trimmed.len())
        && trimmed
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._:%".contains(c));
    // A colon is part of an IPv6 address or the start of a port, which has a field of its own.
    let address = trimmed.split('%').next().unwrap_or_default();
    let alone = !trimmed.contains(':') || address.parse::<std::net::Ipv6Addr>().is_ok();
    checks.require(
        well_formed && alone,
        "modbus.host",
        "Enter the host name or IP address alone, such as 192.168.10.20.",
    );
}

/// The number in its narrow type; refused and zero when out of range.
pub(super) fn in_range<T: TryFrom<i64> + Default>(
    checks: &mut Checks,
    path: &str,
    value: i64,
    range: std::ops::RangeInclusive<i64>,
) -> T {
    if !range.contains(&value) {
        let message = format!("Must be {} to {}.", range.start(), range.end());
        checks.refuse(path, message);
    }
    T::try_from(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn checked(value: Value) -> (Endpoint, Pacing, Vec<String>) {
        let source: ModbusSource = serde_json::from_value(value).unwrap();
        let mut checks = Checks::default();
        let endpoint = source.check_endpoint(&mut checks);
        let pacing = source.check_pacing(&mut checks);
        let refused = checks.finish().err().map_or_else(Vec::new, |error| {
            error.fields.into_iter().map(|field| field.path).collect()
        });
        (endpoint, pacing, refused)
    }

    #[test]
    fn a_serial_port_is_a_line_of_its_own() {
        let (endpoint, pacing, refused) = checked(json!({"protocol": "rtu", "gap_ms": 20,
            "serial": {"device": " /dev/ttyUSB0 ", "baud_rate": 19200, "parity": "none"}}));
        assert_eq!(refused, Vec::<String>::new());
        let settings = SerialSettings {
            baud_rate: 19_200,
            parity: Parity::None,
            stop_bits: 1,
        };
        assert_eq!(endpoint, Endpoint::serial("/dev/ttyUSB0", settings));
        assert_eq!(pacing.gap, Duration::from_millis(20));
        let (endpoint, _, refused) = checked(json!({"transport": "rtu_over_tcp", "host": "Moxa"}));
        assert_eq!(
            (refused.len(), endpoint),
            (0, Endpoint::rtu_over_tcp("moxa", 502))
        );
        // The defaults are those of the standard, 8E1, at the rate that most meters leave the
        // works with.
        let (endpoint, _, _) = checked(json!({"protocol": "rtu", "serial": {"device": "/dev/a"}}));
        let Endpoint::Serial { settings, .. } = endpoint else {
            panic!("{endpoint:?}")
        };
        assert_eq!(settings.to_string(), "9600 8E1");
    }

    #[test]
    fn every_field_of_the_line_is_checked() {
        let devices = [
            "",
            "/dev/",
            "/dev/../etc/shadow",
            "/etc/passwd",
            "COM3",
            "/dev//a",
            "/dev/a b",
        ];
        for device in devices {
            let (_, _, refused) = checked(json!({"protocol": "rtu", "serial": {"device": device}}));
            assert_eq!(refused, ["modbus.serial.device"], "{device:?}");
        }
        let cases = [
            (json!({"protocol": "rtu"}), vec!["modbus.serial"]),
            (
                json!({"protocol": "rtu", "host": "a", "serial": {"device": "/dev/ttyS0",
                    "baud_rate": 9601, "stop_bits": 3}}),
                vec![
                    "modbus.host",
                    "modbus.serial.baud_rate",
                    "modbus.serial.stop_bits",
                ],
            ),
            (
                json!({"host": "a", "serial": {"device": "/dev/ttyS0"}}),
                vec!["modbus.serial"],
            ),
            (json!({"protocol": "rtu_over_tcp"}), vec!["modbus.host"]),
            (
                json!({"host": "a", "gap_ms": -1, "connect_delay_ms": 10_001}),
                vec!["modbus.gap_ms", "modbus.connect_delay_ms"],
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(checked(value.clone()).2, expected, "{value}");
        }
    }

    #[test]
    fn a_clash_names_the_other_one() {
        let port = |baud| {
            let serial = json!({"device": "/dev/ttyUSB0", "baud_rate": baud});
            checked(json!({"protocol": "rtu", "serial": serial})).0
        };
        assert_eq!(clash(&port(9_600), &port(9_600), "Chiller"), None);
        let (path, sentence) = clash(&port(19_200), &port(9_600), "Chiller").unwrap();
        assert_eq!(path, "modbus.serial");
        assert!(
            sentence.starts_with("/dev/ttyUSB0 is used by Chiller with 9600 8E1"),
            "{sentence}"
        );
        let (tcp, rtu) = (Endpoint::tcp("a", 502), Endpoint::rtu_over_tcp("A", 502));
        let (path, sentence) = clash(&tcp, &rtu, "Press 3").unwrap();
        assert_eq!(path, "modbus.protocol");
        assert!(
            sentence.contains("a:502 is used by Press 3 with RTU over TCP"),
            "{sentence}"
        );
        assert_eq!(clash(&tcp, &Endpoint::tcp("b", 502), "x"), None);
    }
}
