//! The wire: registers in, words out. Home of tokio-modbus.
//!
//! Promises: one request at a time per line; a reply has exactly the words that were asked for;
//! after a time-out or any doubt the connection is dropped, so that a late answer is never taken
//! for the next one. Knows registers and words; knows no equipment, no metrics store, no schedule.

pub mod error;
pub mod line;
pub mod plan;
pub mod register;
pub mod simulator;

pub use error::LineError;
pub use line::Line;
pub use plan::{Limits, Pacing, ReadPlan, Request};
pub use register::{DataType, Decoding, Extras, Function, Register, WordOrder};

use std::fmt;

/// Where a line ends: everything behind one endpoint shares one wire and is asked in turn.
///
/// A serial port joins this as a second kind when lines learn RTU.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// A Modbus TCP server or gateway.
    Tcp {
        /// Name or address, in lower case, so that one device is not two lines.
        host: String,
        /// TCP port, usually 502.
        port: u16,
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
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}
