//! Devices that speak real Modbus TCP on loopback, for the demo and the tests.
//!
//! What a device shows is a pure function of itself and the time, so a test with a manual clock
//! knows the truth; and it can be told to misbehave in every way that real ones do. The frames are
//! made here and not by the client's library, so that one checks the other.

mod frame;
mod load;
pub mod meter;
mod physics;
pub mod plant;
mod schedule;
pub mod virtual_device;

use super::{Function, Register};
use crate::base::{Clock, Timestamp};
use frame::{Asked, Query};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

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

/// How a device misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    #[default]
    None,
    /// It says nothing.
    Silent,
    /// It refuses with this code.
    Exception(u8),
    /// It sends one word less than asked.
    Short,
    /// It sends one word more than asked.
    Long,
    /// It answers after this time.
    Late(Duration),
    /// It closes the connection instead of answering.
    Close,
    /// It answers with another transaction number.
    OtherTransaction,
    /// It answers in the name of another unit.
    OtherUnit,
    /// It answers as if the other table had been asked.
    OtherFunction,
    /// It sends bytes that are no Modbus.
    Garbage,
    /// It stops in the middle of its answer.
    Half,
    /// It sends each answer twice.
    Twice,
}

/// A TCP port and the devices behind it, by unit id.
pub struct Listener {
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
    /// The devices, by unit id.
    pub devices: Vec<(u8, Arc<dyn Instrument>)>,
}

impl Listener {
    /// These devices on a free port of loopback.
    #[must_use]
    pub fn on_loopback(devices: Vec<(u8, Arc<dyn Instrument>)>) -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            devices,
        }
    }
}

/// The most connections of one listener; real gateways take fewer.
const CONNECTIONS_MAX: usize = 16;

/// Running servers; they end when this is dropped.
pub struct Simulator {
    addresses: Vec<SocketAddr>,
    banks: Vec<Arc<Bank>>,
    _tasks: JoinSet<()>,
}

impl Simulator {
    /// Opens every listener. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When an address cannot be had.
    pub async fn start(clock: Arc<dyn Clock>, listeners: Vec<Listener>) -> io::Result<Self> {
        let mut simulator = Self {
            addresses: Vec::new(),
            banks: Vec::new(),
            _tasks: JoinSet::new(),
        };
        for listener in listeners {
            let socket = TcpListener::bind(listener.address).await?;
            simulator.addresses.push(socket.local_addr()?);
            let bank = Arc::new(Bank::new(Arc::clone(&clock), listener.devices));
            simulator.banks.push(Arc::clone(&bank));
            simulator._tasks.spawn(accept(socket, bank));
        }
        Ok(simulator)
    }

    /// Where each listener is, in the order of the start.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Makes a device misbehave from now on; [`Fault::None`] heals it.
    pub fn set_fault(&self, listener: usize, unit: u8, fault: Fault) {
        if let Some(slot) = self.slot(listener, unit) {
            *slot.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
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
        self.banks.get(listener)?.slots.get(&unit)
    }
}

/// The devices behind one port.
struct Bank {
    clock: Arc<dyn Clock>,
    slots: HashMap<u8, Slot>,
    connections: AtomicU64,
    /// Counts how often every connection was to be closed.
    hang_up: watch::Sender<u64>,
}

struct Slot {
    instrument: Arc<dyn Instrument>,
    fault: Mutex<Fault>,
    requests: AtomicU64,
}

impl Bank {
    fn new(clock: Arc<dyn Clock>, devices: Vec<(u8, Arc<dyn Instrument>)>) -> Self {
        let slot = |(unit, instrument)| {
            let slot = Slot {
                instrument,
                fault: Mutex::default(),
                requests: AtomicU64::new(0),
            };
            (unit, slot)
        };
        Self {
            clock,
            slots: devices.into_iter().map(slot).collect(),
            connections: AtomicU64::new(0),
            hang_up: watch::Sender::new(0),
        }
    }

    /// What the asked unit answers to a read, and how it misbehaves.
    fn answer(&self, query: &Query) -> (Result<Vec<u16>, u8>, Fault) {
        let Some(slot) = self.slots.get(&query.unit) else {
            // As a gateway says that nobody on its bus has this id.
            return (Err(11), Fault::None);
        };
        slot.requests.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        if !slot.instrument.answers(now) {
            return (Err(11), Fault::Silent);
        }
        let fault = *slot.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match query.asked {
            Asked::Read {
                function,
                address,
                count,
            } => words(&*slot.instrument, function, address, count, now),
            Asked::TooMuch => Err(3),
            Asked::Unknown => Err(1),
        };
        match fault {
            Fault::Exception(code) => (Err(code), fault),
            _ => (answer, fault),
        }
    }
}

/// The words of a range: registers where they are, zeros between them. A range without any
/// register, or one that ends inside a value, is refused, as most meters do.
fn words(
    instrument: &dyn Instrument,
    function: Function,
    address: u16,
    count: u16,
    now: Timestamp,
) -> Result<Vec<u16>, u8> {
    let (from, end) = (u32::from(address), u32::from(address) + u32::from(count));
    let mut words = vec![0; usize::from(count)];
    let mut found = false;
    let values = instrument.values(now);
    for (register, value) in instrument.registers().iter().zip(values) {
        let start = u32::from(register.address);
        if register.function != function || register.end() <= from || start >= end {
            continue;
        }
        if start < from || register.end() > end {
            return Err(2);
        }
        found = true;
        let at = usize::from(register.address - address);
        let encoded = register.encode(value);
        words[at..at + encoded.len()].copy_from_slice(&encoded);
    }
    if found { Ok(words) } else { Err(2) }
}

/// Takes connections until the simulator is dropped.
async fn accept(socket: TcpListener, bank: Arc<Bank>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            // Out of descriptors, usually: others must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if connections.len() < CONNECTIONS_MAX {
            bank.connections.fetch_add(1, Ordering::Relaxed);
            let bank = Arc::clone(&bank);
            connections.spawn(async move {
                // The end of a connection is no event here, whatever its reason.
                let _ = serve(stream, &bank).await;
            });
        }
    }
}

/// Answers one connection, request by request.
async fn serve(mut stream: TcpStream, bank: &Bank) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut hang_up = bank.hang_up.subscribe();
    loop {
        let query = tokio::select! {
            query = frame::read(&mut stream) => query?,
            _ = hang_up.changed() => return Ok(()),
        };
        let (answer, fault) = bank.answer(&query);
        match fault {
            Fault::Silent => continue,
            Fault::Close => return Ok(()),
            Fault::Late(delay) => tokio::time::sleep(delay).await,
            _ => {}
        }
        frame::write(&mut stream, &query, answer, fault).await?;
    }
}
