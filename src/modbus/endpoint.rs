//! *pure* — where a line ends, and how bytes are framed on it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;

/// How questions and answers are told apart on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// A header with a transaction number and a length (Modbus TCP).
    Tcp,
    /// Unit, function, data and a checksum (Modbus RTU).
    Rtu,
}

/// The bit that makes the number of ones in a character even or odd.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// No such bit.
    None,
    /// Even: what the standard asks for when nothing else is set.
    #[default]
    Even,
    /// Odd.
    Odd,
}

/// How a serial port talks; characters always have eight data bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialSettings {
    /// Bits a second.
    pub baud_rate: u32,
    /// The parity bit.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    pub stop_bits: u8,
}

/// Above this rate the standard fixes the pauses instead of counting characters.
const FIXED_PAUSE_ABOVE_BAUD: u32 = 19_200;
/// That pause (Modbus over serial line 1.02, section 2.5.1.1).
const FIXED_PAUSE: Duration = Duration::from_micros(1_750);

impl SerialSettings {
    /// How long one character takes on the wire.
    #[must_use]
    pub fn character(&self) -> Duration {
        let parity = u32::from(self.parity != Parity::None);
        let bits = 1 + 8 + parity + u32::from(self.stop_bits);
        Duration::from_secs(1) * bits / self.baud_rate.max(1)
    }

    /// The silence that ends a frame: three and a half characters.
    #[must_use]
    pub fn frame_gap(&self) -> Duration {
        if self.baud_rate > FIXED_PAUSE_ABOVE_BAUD {
            FIXED_PAUSE
        } else {
            self.character() * 7 / 2
        }
    }
}

impl fmt::Display for SerialSettings {
    /// As technicians write it: `9600 8E1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Even => 'E',
            Parity::Odd => 'O',
        };
        write!(f, "{} 8{parity}{}", self.baud_rate, self.stop_bits)
    }
}

/// Where a line ends: everything behind one endpoint shares one wire and is asked in turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// A Modbus TCP server or gateway.
    Tcp {
        /// Name or address, in lower case, so that one device is not two lines.
        host: String,
        /// TCP port, usually 502.
        port: u16,
    },
    /// A serial server that hands RTU frames through as they are.
    RtuOverTcp {
        /// Name or address, in lower case.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A serial port of this machine.
    Serial {
        /// Its path, `/dev/ttyUSB0`.
        device: String,
        /// How it talks.
        settings: SerialSettings,
    },
}

impl Endpoint {
    /// The TCP endpoint of this host and port.
    #[must_use]
    pub fn tcp(host: &str, port: u16) -> Self {
        Self::Tcp {
            host: host.trim().to_ascii_lowercase(),
            port,
        }
    }

    /// The serial server at this host and port.
    #[must_use]
    pub fn rtu_over_tcp(host: &str, port: u16) -> Self {
        Self::RtuOverTcp {
            host: host.trim().to_ascii_lowercase(),
            port,
        }
    }

    /// The serial port of this path.
    #[must_use]
    pub fn serial(device: &str, settings: SerialSettings) -> Self {
        Self::Serial {
            device: device.trim().to_owned(),
            settings,
        }
    }

    /// How its bytes are framed.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        match self {
            Self::Tcp { .. } => Framing::Tcp,
            Self::RtuOverTcp { .. } | Self::Serial { .. } => Framing::Rtu,
        }
    }

    /// The silence that the wire needs between two frames.
    #[must_use]
    pub fn frame_gap(&self) -> Duration {
        match self {
            Self::Serial { settings, .. } => settings.frame_gap(),
            // What is behind a serial server keeps its own pauses.
            Self::Tcp { .. } | Self::RtuOverTcp { .. } => Duration::ZERO,
        }
    }

    /// Whether both are the same socket or port of the same machine, whatever is said on it.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Serial { device: a, .. }, Self::Serial { device: b, .. }) => a == b,
            (Self::Serial { .. }, _) | (_, Self::Serial { .. }) => false,
            (
                Self::Tcp { host: a, port: p } | Self::RtuOverTcp { host: a, port: p },
                Self::Tcp { host: b, port: q } | Self::RtuOverTcp { host: b, port: q },
            ) => a == b && p == q,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } | Self::RtuOverTcp { host, port } if host.contains(':') => {
                write!(f, "[{host}]:{port}")
            }
            Self::Tcp { host, port } | Self::RtuOverTcp { host, port } => {
                write!(f, "{host}:{port}")
            }
            Self::Serial { device, .. } => f.write_str(device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn settings(baud_rate: u32, parity: Parity, stop_bits: u8) -> SerialSettings {
        SerialSettings {
            baud_rate,
            parity,
            stop_bits,
        }
    }

    #[test]
    fn the_pause_follows_the_rate() {
        // 11 bits at 9600 baud are 1.146 ms; three and a half of them 4.01 ms.
        let slow = settings(9_600, Parity::Even, 1);
        assert_eq!(slow.character().as_micros(), 1_145);
        assert_eq!(slow.frame_gap().as_micros(), 4_010);
        assert_eq!(slow.to_string(), "9600 8E1");
        let bare = settings(9_600, Parity::None, 1);
        assert!(bare.character() < slow.character());
        assert_eq!(
            settings(115_200, Parity::None, 2).frame_gap(),
            Duration::from_micros(1_750)
        );
    }

    #[test]
    fn one_socket_with_two_framings_is_one_place() {
        let tcp = Endpoint::tcp("Gateway", 502);
        assert!(tcp.same_place(&Endpoint::rtu_over_tcp("gateway", 502)));
        assert!(!tcp.same_place(&Endpoint::rtu_over_tcp("gateway", 503)));
        let port = |baud| Endpoint::serial("/dev/ttyUSB0", settings(baud, Parity::None, 1));
        assert!(port(9_600).same_place(&port(19_200)));
        assert!(!port(9_600).same_place(&tcp) && !tcp.same_place(&port(9_600)));
        assert_eq!(port(9_600).to_string(), "/dev/ttyUSB0");
        assert_eq!(Endpoint::tcp("fe80::1", 502).to_string(), "[fe80::1]:502");
    }
}
