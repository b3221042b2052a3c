//! *pure* — which places and units a scan asks, checked and bounded.

use super::connection::{BAUD_RATES, SerialSource, known_rates};
use super::source::Protocol;
use crate::base::Result;
use crate::base::error::Checks;
use crate::modbus::{Endpoint, Parity};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use utoipa::ToSchema;

/// Most addresses of one scan: four networks of the usual size.
pub const HOSTS_MAX: usize = 1_024;
/// Most pairs of place and unit of one scan: a scan of a large range asks few units of each.
pub const QUESTIONS_MAX: usize = 8_192;
/// Most ways of talking that are tried on one bus.
const WAYS_MAX: usize = 12;

/// What a scan looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// How the devices are reached: `tcp`, `rtu_over_tcp` or `rtu` (a serial port).
    #[serde(default)]
    pub protocol: Protocol,
    /// The serial port, for the protocol `rtu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<ScanSerial>,
    /// IPv4 addresses of the plant's own networks: one, a list with commas, a range such as
    /// `192.168.10.20-192.168.10.60` or `192.168.10.20-60`, or a network such as
    /// `192.168.10.0/24`; empty for a serial port.
    #[serde(default)]
    #[schema(example = "192.168.10.20-60")]
    pub hosts: String,
    /// TCP port.
    #[serde(default = "default_port")]
    #[schema(minimum = 1, maximum = 65535, default = 502)]
    pub port: i64,
    /// First unit id.
    #[serde(default = "default_unit")]
    #[schema(minimum = 1, maximum = 255, default = 1)]
    pub unit_from: i64,
    /// Last unit id.
    #[serde(default = "default_unit")]
    #[schema(minimum = 1, maximum = 255, default = 1)]
    pub unit_to: i64,
    /// How long one answer may take, ms.
    #[serde(default = "default_timeout_ms")]
    #[schema(minimum = 50, maximum = 3000, default = 500)]
    pub timeout_ms: i64,
}

/// A serial port to scan, and the ways of talking to try on it, in this order. The first one in
/// which somebody answers is the way of the bus; the others are not tried any more. On a port that
/// is polled already only the way in which it is polled is tried, between the polls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanSerial {
    /// Path of the port.
    #[schema(example = "/dev/ttyUSB0")]
    pub device: String,
    /// Bits a second.
    #[serde(default = "default_baud_rates")]
    #[schema(example = json!([9600, 19200]))]
    pub baud_rates: Vec<i64>,
    /// Parity bits.
    #[serde(default = "default_parities")]
    pub parities: Vec<Parity>,
    /// Stop bits, 1 or 2.
    #[serde(default = "default_stop_bits")]
    #[schema(minimum = 1, maximum = 2, default = 1)]
    pub stop_bits: i64,
}

/// What meters leave their makers with: most with 9600, some with the standard's 19200.
fn default_baud_rates() -> Vec<i64> {
    vec![9_600, 19_200]
}
/// Most have none, the standard says even.
fn default_parities() -> Vec<Parity> {
    vec![Parity::None, Parity::Even]
}
const fn default_stop_bits() -> i64 {
    1
}
const fn default_port() -> i64 {
    502
}
const fn default_unit() -> i64 {
    1
}
const fn default_timeout_ms() -> i64 {
    500
}

/// A checked request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRange {
    /// The places, each once, with the ways of talking to try there.
    pub places: Vec<Vec<Endpoint>>,
    /// The units.
    pub units: Vec<u8>,
    /// How long one answer may take, ms.
    pub timeout_ms: u64,
}

impl ScanRange {
    /// How many units are asked, in every way that is to be tried.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.places.iter().map(Vec::len).sum::<usize>() * self.units.len()
    }
}

impl ScanRequest {
    /// The range that is meant.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self) -> Result<ScanRange> {
        let mut checks = Checks::default();
        let places = match self.protocol {
            Protocol::Tcp | Protocol::RtuOverTcp => self.sockets(&mut checks),
            Protocol::Rtu => self.bus(&mut checks),
        };
        let is_unit = |unit: i64| (1..=247).contains(&unit) || unit == 255;
        let sentence = "Unit ids are 1 to 247, or 255.";
        checks.require(is_unit(self.unit_from), "unit_from", sentence);
        checks.require(is_unit(self.unit_to), "unit_to", sentence);
        let ordered = self.unit_from <= self.unit_to;
        let sentence = "The last unit must not be below the first.";
        checks.require(ordered, "unit_to", sentence);
        let timeout_ms = u64::try_from(self.timeout_ms).unwrap_or(0);
        let patient = (50..=3_000).contains(&timeout_ms);
        checks.require(patient, "timeout_ms", "Must be 50 to 3000.");
        let units = (self.unit_from..=self.unit_to.min(255)).filter(|unit| is_unit(*unit));
        let units: Vec<u8> = units.filter_map(|unit| u8::try_from(unit).ok()).collect();
        let questions = places.len() * units.len();
        let sentence = format!(
            "{} addresses with {} units each are more than {QUESTIONS_MAX} questions. Scan a \
             smaller range.",
            places.len(),
            units.len()
        );
        checks.require(questions <= QUESTIONS_MAX, "hosts", &sentence);
        checks.finish()?;
        Ok(ScanRange {
            places,
            units,
            timeout_ms,
        })
    }

    /// The addresses and the port, one way each.
    fn sockets(&self, checks: &mut Checks) -> Vec<Vec<Endpoint>> {
        let sentence = "Only the protocol rtu has a serial port. Leave this out, or choose rtu.";
        checks.require(self.serial.is_none(), "serial", sentence);
        let hosts = hosts(&self.hosts).unwrap_or_else(|sentence| {
            checks.refuse("hosts", sentence);
            Vec::new()
        });
        let port = u16::try_from(self.port).ok().filter(|port| *port > 0);
        checks.require(port.is_some(), "port", "The port must be 1 to 65535.");
        let port = port.unwrap_or_default();
        let way = |host: Ipv4Addr| match self.protocol {
            Protocol::RtuOverTcp => Endpoint::rtu_over_tcp(&host.to_string(), port),
            Protocol::Tcp | Protocol::Rtu => Endpoint::tcp(&host.to_string(), port),
        };
        hosts.into_iter().map(|host| vec![way(host)]).collect()
    }

    /// The serial port, with every way to try on it.
    fn bus(&self, checks: &mut Checks) -> Vec<Vec<Endpoint>> {
        let sentence = "A serial port has no addresses. Leave this out, or choose rtu_over_tcp.";
        checks.require(self.hosts.trim().is_empty(), "hosts", sentence);
        let Some(serial) = &self.serial else {
            let sentence = "Enter the serial port, such as {\"device\": \"/dev/ttyUSB0\"}.";
            checks.refuse("serial", sentence);
            return Vec::new();
        };
        let count = serial.baud_rates.len() * serial.parities.len();
        if !(1..=WAYS_MAX).contains(&count) {
            let sentence = format!("Give 1 to {WAYS_MAX} pairs of baud rate and parity.");
            checks.refuse("serial.baud_rates", sentence);
            return Vec::new();
        }
        let unknown = |rate: &&i64| !BAUD_RATES.contains(rate);
        if let Some(rate) = serial.baud_rates.iter().find(unknown) {
            let sentence = format!("{rate} is no baud rate of meters. {}", known_rates());
            checks.refuse("serial.baud_rates", sentence);
            return Vec::new();
        }
        let way = |(baud_rate, parity): (i64, Parity)| SerialSource {
            device: serial.device.clone(),
            baud_rate,
            parity,
            stop_bits: serial.stop_bits,
        };
        let rates = serial.baud_rates.iter();
        let pairs = rates.flat_map(|rate| serial.parities.iter().map(|parity| (*rate, *parity)));
        let mut ways: Vec<Endpoint> = Vec::new();
        for source in pairs.map(way) {
            // The port and the stop bits are the same in all of them: what is wrong is said once.
            let mut refused = Checks::default();
            let settings = source.check("serial", &mut refused);
            let way = Endpoint::serial(&serial.device, settings);
            if ways.is_empty() {
                checks.join(refused);
            }
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        vec![ways]
    }
}

/// Whether an address is of a network of one's own: nothing else is scanned.
fn is_own(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_loopback() || address.is_link_local()
}

fn hosts(text: &str) -> Result<Vec<Ipv4Addr>, String> {
    let mut found: Vec<Ipv4Addr> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (first, last) = ends(part).ok_or_else(|| {
            format!(
                "{part:?} is no IPv4 address, range or network. Write 192.168.10.20, \
                 192.168.10.20-60 or 192.168.10.0/24."
            )
        })?;
        let count = usize::try_from(last.saturating_sub(first)).unwrap_or(usize::MAX);
        if found.len().saturating_add(count) >= HOSTS_MAX {
            return Err(format!("A scan asks at most {HOSTS_MAX} addresses."));
        }
        for address in (first..=last).map(Ipv4Addr::from) {
            if !is_own(address) {
                return Err(format!(
                    "{address} is not an address of a private network. Only the plant's own \
                     networks are scanned (10.x, 172.16-31.x, 192.168.x)."
                ));
            }
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    if found.is_empty() {
        return Err("Enter at least one address, such as 192.168.10.20.".to_owned());
    }
    Ok(found)
}

/// First and last address of a part; `None` when it is none, or backwards.
fn ends(part: &str) -> Option<(u32, u32)> {
    let parse = |text: &str| text.trim().parse::<Ipv4Addr>().ok().map(u32::from);
    let (first, last) = if let Some((network, bits)) = part.split_once('/') {
        let bits: u32 = bits.trim().parse().ok().filter(|bits| *bits <= 32)?;
        let size = 1_u64 << (32 - bits);
        let first = u64::from(parse(network)?) / size * size;
        // The first and the last of a network are nobody's address.
        let inner = u64::from(size > 2);
        (
            u32::try_from(first + inner).ok()?,
            u32::try_from(first + size - 1 - inner).ok()?,
        )
    } else if let Some((from, to)) = part.split_once('-') {
        let first = parse(from)?;
        let last = parse(to).or_else(|| {
            let last: u8 = to.trim().parse().ok()?;
            Some(first & 0xFFFF_FF00 | u32::from(last))
        })?;
        (first, last)
    } else {
        (parse(part)?, parse(part)?)
    };
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(hosts: &str) -> ScanRequest {
        serde_json::from_value(serde_json::json!({ "hosts": hosts })).unwrap()
    }

    fn count(hosts: &str) -> usize {
        request(hosts).check().unwrap().places.len()
    }

    fn refused(hosts: &str) -> String {
        request(hosts).check().unwrap_err().sentence
    }

    #[test]
    fn ranges_are_read_as_people_write_them() {
        assert_eq!(count("192.168.10.20"), 1);
        assert_eq!(count("192.168.10.20-60"), 41);
        assert_eq!(count("192.168.10.250 - 192.168.11.5"), 12);
        assert_eq!(count("192.168.10.0/24"), 254);
        assert_eq!(count("10.0.0.1, 10.0.0.1, 10.0.0.2-3"), 3);
        assert_eq!(count("10.0.0.8/32"), 1);
        assert_eq!(count("10.0.0.0-10.0.3.255"), HOSTS_MAX);
    }

    #[test]
    fn what_is_not_one_s_own_is_not_scanned() {
        for foreign in [
            "8.8.8.8",
            "172.32.0.1",
            "192.168.255.255-192.169.0.1",
            "0.0.0.0",
        ] {
            assert!(refused(foreign).contains("private network"), "{foreign}");
        }
        assert!(refused("10.0.0.0/8").contains("at most 1024"));
        assert!(refused("10.0.0.0-10.0.4.0").contains("at most 1024"));
        assert!(refused("meter-7").contains("IPv4"));
        assert!(refused("10.0.0.9-3").contains("IPv4"));
        assert!(refused("10.0.0.0/33").contains("IPv4"));
        assert!(refused(" , ").contains("at least one"));
    }

    #[test]
    fn every_bad_field_is_named_and_the_sum_is_bounded() {
        let mut bad = request("10.0.0.1");
        (bad.port, bad.unit_from, bad.unit_to, bad.timeout_ms) = (0, 248, 3, 10);
        let error = bad.check().unwrap_err();
        let paths: Vec<_> = error.fields.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["port", "unit_from", "unit_to", "timeout_ms"]);
        let mut many = request("10.0.0.0/24");
        many.unit_to = 247;
        assert!(
            many.check()
                .unwrap_err()
                .sentence
                .contains("more than 8192")
        );
        let mut last = request("10.0.0.1");
        (last.unit_from, last.unit_to) = (246, 255);
        assert_eq!(last.check().unwrap().units, [246, 247, 255]);
    }
}
