//! The devices behind one listener, and what they show.

use super::Instrument;
use super::fault::Fault;
use super::frame::{Asked, Query};
use crate::base::{Clock, Timestamp};
use crate::modbus::Function;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The devices behind one port.
pub(super) struct Bank {
    clock: Arc<dyn Clock>,
    slots: HashMap<u8, Slot>,
    pub(super) connections: AtomicU64,
    /// Counts how often every connection was to be closed.
    pub(super) hang_up: watch::Sender<u64>,
    /// Whether connections are closed as soon as they are made.
    pub(super) slams: watch::Sender<bool>,
}

pub(super) struct Slot {
    instrument: Arc<dyn Instrument>,
    /// How it misbehaves, and since when.
    fault: Mutex<(Fault, Timestamp)>,
    pub(super) requests: AtomicU64,
}

impl Bank {
    pub(super) fn new(clock: Arc<dyn Clock>, devices: Vec<(u8, Arc<dyn Instrument>)>) -> Self {
        let slot = |(unit, instrument)| {
            let slot = Slot {
                instrument,
                fault: Mutex::new((Fault::None, Timestamp::from_ms(0))),
                requests: AtomicU64::new(0),
            };
            (unit, slot)
        };
        Self {
            clock,
            slots: devices.into_iter().map(slot).collect(),
            connections: AtomicU64::new(0),
            hang_up: watch::Sender::new(0),
            slams: watch::Sender::new(false),
        }
    }

    pub(super) fn slot(&self, unit: u8) -> Option<&Slot> {
        self.slots.get(&unit)
    }

    pub(super) fn set_fault(&self, unit: u8, fault: Fault) {
        if let Some(slot) = self.slot(unit) {
            let mut current = slot.fault.lock().unwrap_or_else(PoisonError::into_inner);
            *current = (fault, self.clock.now());
        }
    }

    /// Whether the unit misbehaves in this way right now.
    pub(super) fn has_fault(&self, unit: u8, fault: Fault) -> bool {
        self.slot(unit)
            .is_some_and(|slot| slot.current_fault().0 == fault)
    }

    /// What the asked unit answers to a read, and how it misbehaves.
    pub(super) fn answer(&self, query: &Query) -> (Result<Vec<u16>, u8>, Fault) {
        let Some(slot) = self.slot(query.unit) else {
            // As a gateway says that nobody on its bus has this id; the bus itself is silent.
            return match query.is_rtu() {
                true => (Err(11), Fault::Silent),
                false => (Err(11), Fault::None),
            };
        };
        let number = slot.requests.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        if !slot.instrument.answers(now) {
            return (Err(11), Fault::Silent);
        }
        let (fault, since) = slot.current_fault();
        let fault = fault.of_question(number);
        let (at, blank) = match fault {
            Fault::Stuck => (since, false),
            _ => (now, fault == Fault::NotANumber),
        };
        let answer = match query.asked {
            Asked::Read {
                function,
                address,
                count,
            } => words(&*slot.instrument, function, address, count, at, blank),
            Asked::TooMuch => Err(3),
            Asked::Unknown => Err(1),
        };
        match fault {
            Fault::Exception(code) => (Err(code), fault),
            _ => (answer, fault),
        }
    }
}

impl Slot {
    fn current_fault(&self) -> (Fault, Timestamp) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The words of a range: registers where they are, zeros between them; no number when `blank`. A
/// range without any register, or one that ends inside a value, is refused, as most meters do.
fn words(
    instrument: &dyn Instrument,
    function: Function,
    address: u16,
    count: u16,
    at: Timestamp,
    blank: bool,
) -> Result<Vec<u16>, u8> {
    let (from, end) = (u32::from(address), u32::from(address) + u32::from(count));
    let mut words = vec![0; usize::from(count)];
    let mut found = false;
    let values = instrument.values(at);
    for (register, value) in instrument.registers().iter().zip(values) {
        let start = u32::from(register.address);
        if register.function != function || register.end() <= from || start >= end {
            continue;
        }
        if start < from || register.end() > end {
            return Err(2);
        }
        found = true;
        let place = usize::from(register.address - address);
        let encoded = register.encode(if blank { f64::NAN } else { value });
        // Several values may be bits of one word.
        let own = words[place..].iter_mut().zip(encoded);
        own.for_each(|(word, said)| *word |= said);
    }
    if found { Ok(words) } else { Err(2) }
}
