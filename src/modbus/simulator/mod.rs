//! Devices that speak real Modbus on loopback and on pseudo-terminals, for the demo and the tests.
//!
//! What a device shows is a pure function of itself and the time, so a test with a manual clock
//! knows the truth; and it can be told to misbehave in every way that real ones do. The frames are
//! made here and not by the client's library, so that one checks the other.

mod bank;
mod fault;
mod frame;
mod load;
pub mod meter;
mod physics;
pub mod plant;
pub mod replay;
mod schedule;
mod serve;
pub mod sunspec;
pub mod virtual_device;

pub use fault::Fault;

use super::{Framing, Register};
use crate::base::{Clock, Timestamp};
use bank::{Bank, Slot};
use serve::{accept, serve_port};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_serial::{SerialPort as _, SerialStream};

/// A device as the simulator sees it: registers, and what they show when.
pub trait Instrument: Send + Sync + 'static {
    /// Where its values are.
    fn registers(&self) -> &[Register];

    /// The values at this time, one per register.
    fn values(&self, at: Timestamp) -> Vec<f64>;

    /// Whether it answers at this time.
    fn answers(&self, at: Timestamp) -> bool {
        let _ = at;
        true
    }
}

/// What devices are reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Modbus TCP on this address; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// RTU frames over TCP on this address, as from a serial server.
    RtuOverTcp(SocketAddr),
    /// RTU on a pseudo-terminal, as on a serial port.
    Port,
}

/// A wire and the devices on it, by unit id.
pub struct Listener {
    /// The wire.
    pub wire: Wire,
    /// The devices, by unit id.
    pub devices: Vec<(u8, Arc<dyn Instrument>)>,
}

impl Listener {
    /// These devices on a free port of loopback, over Modbus TCP.
    #[must_use]
    pub fn on_loopback(devices: Vec<(u8, Arc<dyn Instrument>)>) -> Self {
        Self {
            wire: Wire::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            devices,
        }
    }

    /// These devices behind a serial server on loopback.
    #[must_use]
    pub fn behind_serial_server(devices: Vec<(u8, Arc<dyn Instrument>)>) -> Self {
        Self {
            wire: Wire::RtuOverTcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            devices,
        }
    }

    /// These devices on a pseudo-terminal.
    #[must_use]
    pub fn on_a_port(devices: Vec<(u8, Arc<dyn Instrument>)>) -> Self {
        Self {
            wire: Wire::Port,
            devices,
        }
    }
}

/// Running servers; they end when this is dropped.
pub struct Simulator {
    addresses: Vec<SocketAddr>,
    ports: Vec<Option<Port>>,
    banks: Vec<Arc<Bank>>,
    _tasks: JoinSet<()>,
}

/// Our end of a pseudo-terminal stays open, so that it lives on while nobody else has it open.
struct Port {
    path: String,
    _end: SerialStream,
}

impl Simulator {
    /// Opens every listener. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When an address or a pseudo-terminal cannot be had.
    pub async fn start(clock: Arc<dyn Clock>, listeners: Vec<Listener>) -> io::Result<Self> {
        let mut simulator = Self {
            addresses: Vec::new(),
            ports: Vec::new(),
            banks: Vec::new(),
            _tasks: JoinSet::new(),
        };
        for Listener { wire, devices } in listeners {
            let bank = Arc::new(Bank::new(Arc::clone(&clock), devices));
            simulator.banks.push(Arc::clone(&bank));
            let (address, framing) = match wire {
                Wire::Tcp(address) => (address, Framing::Tcp),
                Wire::RtuOverTcp(address) => (address, Framing::Rtu),
                Wire::Port => {
                    simulator.open_port(bank)?;
                    continue;
                }
            };
            let socket = TcpListener::bind(address).await?;
            simulator.addresses.push(socket.local_addr()?);
            simulator.ports.push(None);
            simulator._tasks.spawn(accept(socket, bank, framing));
        }
        Ok(simulator)
    }

    fn open_port(&mut self, bank: Arc<Bank>) -> io::Result<()> {
        let (ours, theirs) = SerialStream::pair()?;
        let path = theirs.name().unwrap_or_default();
        self.addresses
            .push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        self.ports.push(Some(Port { path, _end: theirs }));
        self._tasks.spawn(serve_port(ours, bank));
        Ok(())
    }

    /// The path of the pseudo-terminal of a listener that has one.
    #[must_use]
    pub fn port(&self, listener: usize) -> Option<&str> {
        Some(&self.ports.get(listener)?.as_ref()?.path)
    }

    /// Where each listener is, in the order of the start; 0.0.0.0:0 for a pseudo-terminal.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Makes a device misbehave from now on; [`Fault::None`] heals it.
    pub fn set_fault(&self, listener: usize, unit: u8, fault: Fault) {
        if let Some(bank) = self.banks.get(listener) {
            bank.set_fault(unit, fault);
        }
    }

    /// Whether a listener closes every connection as soon as it is made, from now on.
    pub fn slam(&self, listener: usize, slams: bool) {
        if let Some(bank) = self.banks.get(listener) {
            bank.slams.send_replace(slams);
        }
    }

    /// How many requests a device has received.
    #[must_use]
    pub fn requests(&self, listener: usize, unit: u8) -> u64 {
        let count = |slot: &Slot| slot.requests.load(Ordering::Relaxed);
        self.slot(listener, unit).map_or(0, count)
    }

    /// How many connections a listener has accepted.
    #[must_use]
    pub fn connections(&self, listener: usize) -> u64 {
        let count = |bank: &Arc<Bank>| bank.connections.load(Ordering::Relaxed);
        self.banks.get(listener).map_or(0, count)
    }

    /// Closes every connection of a listener, as gateways do with idle ones.
    pub fn hang_up(&self, listener: usize) {
        if let Some(bank) = self.banks.get(listener) {
            bank.hang_up.send_modify(|times| *times += 1);
        }
    }

    fn slot(&self, listener: usize, unit: u8) -> Option<&Slot> {
        self.banks.get(listener)?.slot(unit)
    }
}
