//! *pure* — few reads for many registers, and words back to readings.

use super::{Function, Register};
use crate::base::{Quality, Reading};

/// The most words that one Modbus read may ask for (standard, section 6.3).
pub const WORDS_PER_READ_MAX: u16 = 125;

/// Addresses that a device must not be asked for; it would refuse the whole read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The table.
    pub function: Function,
    /// First forbidden address.
    pub from: u16,
    /// Last forbidden address.
    pub to: u16,
}

impl Hole {
    /// Whether the hole lies in `from..end`.
    #[must_use]
    pub fn cuts(&self, function: Function, from: u32, end: u32) -> bool {
        self.function == function && u32::from(self.from) < end && u32::from(self.to) >= from
    }
}

/// What a device puts up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most words in one read, 4 to 125; sixteen times as many bits.
    pub words_per_read_max: u16,
    /// The most words between two registers that are read along rather than asked separately.
    pub gap_words_max: u16,
    /// Addresses that no read may touch.
    pub holes: Vec<Hole>,
    /// The device answers one value at a time: nothing is joined.
    pub one_request_per_value: bool,
    /// How it wants to be asked.
    pub timing: Timing,
}

/// The patience that a device asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Silence between its answer and the next question, ms.
    pub gap_ms: u16,
    /// How long it must be left alone after the connection was made, ms.
    pub connect_delay_ms: u16,
    /// It needs at least this long for an answer, ms.
    pub timeout_ms: Option<u16>,
    /// How often it is asked again at once when it says that it is busy (exceptions 5 and 6).
    pub busy_retries: u8,
}

impl Default for Limits {
    /// For a device that nobody described: it may refuse a register that does not exist, so only
    /// neighbours are joined.
    fn default() -> Self {
        Self {
            words_per_read_max: WORDS_PER_READ_MAX,
            gap_words_max: 0,
            holes: Vec::new(),
            one_request_per_value: false,
            timing: Timing::default(),
        }
    }
}

impl Limits {
    /// The most addresses of a table in one read, and the most between two values that are read
    /// along. A bit costs a sixteenth of a word: what the device takes in words, it takes in bits.
    fn of(&self, function: Function) -> (u16, u16) {
        let most = function.count_max();
        if !function.is_bits() {
            return (self.words_per_read_max.min(most), self.gap_words_max);
        }
        let bits = |words: u16| words.saturating_mul(16).min(most);
        (bits(self.words_per_read_max), bits(self.gap_words_max))
    }
}

/// One read, and the registers that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The table.
    pub function: Function,
    /// First address.
    pub address: u16,
    /// How many words, or bits of a table of bits.
    pub count: u16,
    /// Which registers of the plan lie inside, by index.
    pub registers: Vec<usize>,
}

/// The registers of a device and the reads that fetch them.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPlan {
    registers: Vec<Register>,
    requests: Vec<Request>,
}

impl ReadPlan {
    /// Plans the reads. No read is longer than the limits allow, none crosses a hole, and no value
    /// is split over two reads, nor from its power of ten. Every register ends at or before 65536,
    /// and none spans more words than the limits allow.
    #[must_use]
    pub fn new(mut registers: Vec<Register>, limits: &Limits) -> Self {
        registers.sort_by_key(|r| (r.function, r.span(), r.address));
        let mut requests: Vec<Request> = Vec::new();
        let mut last_alone = false;
        for (index, register) in registers.iter().enumerate() {
            let alone = limits.one_request_per_value || register.extras.alone;
            let joined = !alone
                && !last_alone
                && requests
                    .last_mut()
                    .is_some_and(|last| last.take_in(index, register, limits));
            if !joined {
                requests.push(Request::of(index, register));
            }
            last_alone = alone;
        }
        Self {
            registers,
            requests,
        }
    }

    /// The registers, in the order of function and address.
    #[must_use]
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }

    /// The reads.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// One read per register in place of `request`: for a device that refuses the whole.
    #[must_use]
    pub fn split(&self, request: &Request) -> Vec<Request> {
        let alone = |&index: &usize| Request::of(index, &self.registers[index]);
        request.registers.iter().map(alone).collect()
    }

    /// The value of register `index` out of the answer to `request`.
    #[must_use]
    pub fn value(&self, request: &Request, index: usize, words: &[u16]) -> Option<f64> {
        let register = self.registers.get(index)?;
        let own = self.words_of(request, index, words)?;
        let at = |address: u16| words.get(usize::from(address.checked_sub(request.address)?));
        let scale_word = register.extras.scale_register.and_then(at);
        register.decode_with(own, scale_word.copied())
    }

    /// The raw words of register `index` in the answer to `request`.
    #[must_use]
    pub fn words_of<'a>(
        &self,
        request: &Request,
        index: usize,
        words: &'a [u16],
    ) -> Option<&'a [u16]> {
        let register = self.registers.get(index)?;
        let from = usize::from(register.address.checked_sub(request.address)?);
        words.get(from..from + usize::from(register.data_type.words()))
    }

    /// Readings out of values by register; what has no value is missing, and what cannot be is bad.
    #[must_use]
    pub fn readings(&self, values: &[Option<f64>]) -> Vec<Reading> {
        let value = |index: usize| values.get(index).copied().flatten();
        let readings = self.registers.iter().enumerate().map(|(index, register)| {
            let (metric, phase) = (register.metric.clone(), register.phase);
            match value(index) {
                Some(value) => {
                    let reading = Reading::good(metric, phase, register.unit.clone(), value);
                    match reading.quality {
                        Quality::Good if !register.believes(value) => Reading {
                            quality: Quality::Bad,
                            ..reading
                        },
                        _ => reading,
                    }
                }
                None => Reading::missing(metric, phase, register.unit.clone()),
            }
        });
        readings.collect()
    }
}

impl Request {
    /// The read of one register alone.
    fn of(index: usize, register: &Register) -> Self {
        let (start, end) = register.span();
        Self {
            function: register.function,
            // Both fit: a span starts at an address, and profiles with a longer one are refused.
            address: u16::try_from(start).unwrap_or(register.address),
            count: u16::try_from(end - start).unwrap_or(WORDS_PER_READ_MAX),
            registers: vec![index],
        }
    }

    /// First address after the read; up to 65536.
    #[must_use]
    pub fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.count)
    }

    /// Stretches the read over one more register, which starts at or after this read's start;
    /// `false` when the limits forbid it.
    fn take_in(&mut self, index: usize, register: &Register, limits: &Limits) -> bool {
        let (start, end) = register.span();
        let end = self.end().max(end);
        let count = end - u32::from(self.address);
        let (most, gap) = limits.of(self.function);
        let near = start <= self.end() + u32::from(gap);
        let hole = |hole: &Hole| hole.cuts(self.function, self.end(), start);
        if register.function != self.function
            || !near
            || count > u32::from(most)
            || limits.holes.iter().any(hole)
        {
            return false;
        }
        // At most 2000, as just checked.
        self.count = u16::try_from(count).unwrap_or(WORDS_PER_READ_MAX);
        self.registers.push(index);
        true
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
