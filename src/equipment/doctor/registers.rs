//! *pure* — registers that a device refuses, or to which it says nothing.

use super::diagnosis::found;
use super::{Ailment, Diagnosis, Facts, Severity, Symptoms};
use crate::modbus::journal::{Frame, Outcome, meaning};
use crate::modbus::{Framing, Function};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// The most registers that a diagnosis names.
const NAMED_MAX: usize = 20;
/// So many silences in a row, and no answer, before a register counts as ignored: a device that is
/// just unplugged is silent, too.
const SILENCES: usize = 3;

/// A register that brings no value, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedRegister {
    /// The table.
    pub function: Function,
    /// Zero-based address.
    pub address: u16,
    /// What was to be read: `power_l1`.
    pub name: String,
    /// The exception code; nothing when it is silence.
    pub exception: Option<u8>,
}

/// A read: table, first register, number of registers.
type Read = (Function, u16, u16);

/// How a read went of late.
#[derive(Clone, Copy, Default)]
struct Past {
    /// The place of the newest exchange.
    newest: usize,
    outcome: Option<Outcome>,
    exception: Option<u8>,
    silences: usize,
    answered: bool,
}

fn read(framing: Framing, frame: &Frame) -> Option<Read> {
    let said = meaning(framing, frame);
    Some((said.table?, said.address?, said.count?))
}

impl Symptoms<'_> {
    /// How each planned read went; what visitors and tests asked is not in the plan.
    fn past(&self) -> HashMap<Read, Past> {
        let mut past: HashMap<Read, Past> = HashMap::new();
        for request in self.reads.requests() {
            for request in self.reads.split(request).iter().chain([request]) {
                let read = (request.function, request.address, request.count);
                past.insert(read, Past::default());
            }
        }
        for (place, frame) in self.exchanges.iter().enumerate() {
            let read = read(self.framing(), frame);
            let Some(past) = read.and_then(|read| past.get_mut(&read)) else {
                continue;
            };
            past.newest = place;
            past.outcome = Some(frame.outcome);
            past.exception = frame.exception;
            match frame.outcome {
                Outcome::Answered => past.answered = true,
                Outcome::TimedOut => past.silences += 1,
                _ => {}
            }
        }
        past
    }

    /// What it says of registers that bring nothing though others do.
    pub(super) fn of_registers(&self) -> Vec<Diagnosis> {
        let past = self.past();
        let (mut refused, mut ignored) = (Vec::new(), Vec::new());
        let mut answered = false;
        for (index, register) in self.reads.registers().iter().enumerate() {
            let covering = self.reads.requests().iter();
            let covering = covering.filter(|request| request.registers.contains(&index));
            let reads = covering.flat_map(|request| {
                let alone = self.reads.split(request);
                let own = alone.into_iter().filter(|one| one.registers == [index]);
                own.chain([request.clone()])
                    .map(|r| (r.function, r.address, r.count))
                    .collect::<Vec<_>>()
            });
            let newest = reads
                .filter_map(|read| past.get(&read).filter(|past| past.outcome.is_some()))
                .max_by_key(|past| past.newest);
            let Some(newest) = newest else { continue };
            let named = |exception| RefusedRegister {
                function: register.function,
                address: register.address,
                name: register.name(),
                exception,
            };
            match (newest.outcome, newest.exception) {
                (Some(Outcome::Exception), Some(code @ 1..=3)) => refused.push(named(Some(code))),
                (Some(Outcome::TimedOut), _) if !newest.answered && newest.silences >= SILENCES => {
                    ignored.push(named(None));
                }
                (Some(Outcome::Answered), _) => answered = true,
                _ => {}
            }
        }
        let mut all = Vec::new();
        if !refused.is_empty() {
            let ailment = match answered {
                true => Ailment::RegistersRefused,
                false => Ailment::RefusesAll,
            };
            all.push(self.about(ailment, refused));
        }
        if answered && !ignored.is_empty() {
            all.push(self.about(Ailment::RegistersIgnored, ignored));
        }
        all
    }

    fn about(&self, ailment: Ailment, mut registers: Vec<RefusedRegister>) -> Diagnosis {
        let times = registers.len();
        registers.truncate(NAMED_MAX);
        let severity = match ailment {
            Ailment::RefusesAll => Severity::Fault,
            // The poll ends at the silence: what comes behind it is missing, too.
            _ if self.is_down() => Severity::Fault,
            _ => Severity::Warning,
        };
        let facts = Facts {
            since: None,
            times: Some(times),
            exception: registers.first().and_then(|register| register.exception),
            registers,
            ..self.facts()
        };
        found(severity, ailment, facts)
    }
}
