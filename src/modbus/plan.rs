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
    /// The most words in one read, 4 to 125.
    pub words_per_read_max: u16,
    /// The most words between two registers that are read along rather than asked separately.
    pub gap_words_max: u16,
    /// Addresses that no read may touch.
    pub holes: Vec<Hole>,
    /// The device answers one value at a time: nothing is joined.
    pub one_request_per_value: bool,
    /// How it wants to be asked.
    pub pacing: Pacing,
}

/// The patience that a device asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pacing {
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
            pacing: Pacing::default(),
        }
    }
}

/// One read, and the registers that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The table.
    pub function: Function,
    /// First address.
    pub address: u16,
    /// How many words.
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
        let words_max = limits.words_per_read_max.min(WORDS_PER_READ_MAX);
        let near = start <= self.end() + u32::from(limits.gap_words_max);
        let hole = |hole: &Hole| hole.cuts(self.function, self.end(), start);
        if register.function != self.function
            || !near
            || count > u32::from(words_max)
            || limits.holes.iter().any(hole)
        {
            return false;
        }
        // At most 125, as just checked.
        self.count = u16::try_from(count).unwrap_or(WORDS_PER_READ_MAX);
        self.registers.push(index);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Metric, Phase, Unit};
    use crate::modbus::{DataType, Decoding, Extras, WordOrder};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn register(function: Function, address: u16, data_type: DataType) -> Register {
        Register {
            metric: Metric::POWER,
            phase: Phase::Total,
            unit: Unit::none(),
            function,
            address,
            data_type,
            scale: 1.0,
            word_order: WordOrder::Big,
            decoding: Decoding::Plain,
            not_available: Vec::new(),
            extras: Extras::default(),
        }
    }

    fn input(address: u16) -> Register {
        register(Function::Input, address, DataType::Float32)
    }

    fn spans(plan: &ReadPlan) -> Vec<(u16, u16)> {
        let span = |r: &Request| (r.address, r.count);
        plan.requests().iter().map(span).collect()
    }

    #[test]
    fn neighbours_and_small_gaps_become_one_read() {
        let registers = vec![input(6), input(0), input(2), input(20)];
        let mut limits = Limits::default();
        let plan = ReadPlan::new(registers.clone(), &limits);
        assert_eq!(spans(&plan), [(0, 4), (6, 2), (20, 2)]);
        limits.gap_words_max = 2;
        let plan = ReadPlan::new(registers.clone(), &limits);
        assert_eq!(spans(&plan), [(0, 8), (20, 2)]);
        limits.gap_words_max = 20;
        limits.words_per_read_max = 10;
        let plan = ReadPlan::new(registers, &limits);
        assert_eq!(spans(&plan), [(0, 8), (20, 2)]);
    }

    #[test]
    fn no_read_crosses_a_hole_or_a_table() {
        let holding = register(Function::Holding, 4, DataType::Uint16);
        let hole = Hole {
            function: Function::Input,
            from: 4,
            to: 5,
        };
        let limits = Limits {
            gap_words_max: 10,
            holes: vec![hole],
            ..Limits::default()
        };
        let plan = ReadPlan::new(vec![input(2), input(6), input(0), holding], &limits);
        assert_eq!(spans(&plan), [(4, 1), (0, 4), (6, 2)]);
    }

    #[test]
    fn the_last_address_can_be_read() {
        let last = register(Function::Holding, 65_535, DataType::Uint16);
        let plan = ReadPlan::new(vec![last], &Limits::default());
        assert_eq!(spans(&plan), [(65_535, 1)]);
        assert_eq!(plan.requests()[0].end(), 65_536);
        assert_eq!(plan.value(&plan.requests()[0], 0, &[7]), Some(7.0));
    }

    #[test]
    fn a_value_that_did_not_come_is_a_missing_reading() {
        let plan = ReadPlan::new(vec![input(0), input(2)], &Limits::default());
        let readings = plan.readings(&[Some(1.5)]);
        assert_eq!(readings[0].value, Some(1.5));
        assert_eq!(readings[1].quality, Quality::Missing);
    }

    fn any_type() -> impl Strategy<Value = DataType> {
        prop::sample::select(vec![
            DataType::Uint16,
            DataType::Int16,
            DataType::Uint32,
            DataType::Int32,
            DataType::Uint64,
            DataType::Int64,
            DataType::Float32,
            DataType::Float64,
        ])
    }

    /// Registers that crowd at both ends of the address space, so that they touch and overlap.
    fn any_register() -> impl Strategy<Value = Register> {
        let place = prop_oneof![0_u16..300, 65_200_u16..=65_535];
        let parts = (any_type(), place, any::<bool>(), any::<bool>());
        parts.prop_map(|(data_type, address, holding, little)| {
            let function = if holding {
                Function::Holding
            } else {
                Function::Input
            };
            let highest = u16::MAX - (data_type.words() - 1);
            Register {
                word_order: if little {
                    WordOrder::Little
                } else {
                    WordOrder::Big
                },
                ..register(function, address.min(highest), data_type)
            }
        })
    }

    proptest! {
        /// The bank is random, so overlapping registers are covered: what a register decodes from
        /// a planned read is what it decodes from its own words.
        #[test]
        fn every_value_comes_back_through_the_plan(
            registers in prop::collection::vec(any_register(), 1..60),
            words_max in 4_u16..=130,
            gap in 0_u16..40,
            seed in any::<u16>(),
        ) {
            let limits = Limits { words_per_read_max: words_max, gap_words_max: gap, ..Limits::default() };
            let bank = |function: Function, address: u32| {
                let mix = address.wrapping_mul(40_503) ^ u32::from(function.code()) << 9;
                u16::try_from(mix & 0xFFFF).unwrap() ^ seed
            };
            let read = |function, from: u32, end: u32| -> Vec<u16> {
                (from..end).map(|address| bank(function, address)).collect()
            };
            let plan = ReadPlan::new(registers.clone(), &limits);
            prop_assert_eq!(plan.registers().len(), registers.len());
            let mut seen = BTreeMap::new();
            for request in plan.requests() {
                prop_assert!(request.count >= 1 && request.count <= words_max.min(125));
                prop_assert!(request.end() <= 65_536);
                let words = read(request.function, u32::from(request.address), request.end());
                for &index in &request.registers {
                    let register = &plan.registers()[index];
                    prop_assert!(register.address >= request.address, "split at its start");
                    prop_assert!(register.end() <= request.end(), "split at its end");
                    let own = read(register.function, u32::from(register.address), register.end());
                    prop_assert_eq!(plan.words_of(request, index, &words), Some(own.as_slice()));
                    prop_assert_eq!(plan.value(request, index, &words), register.decode(&own));
                    *seen.entry(index).or_insert(0) += 1;
                }
            }
            prop_assert_eq!(seen.len(), registers.len());
            prop_assert!(seen.values().all(|times| *times == 1));
        }

        #[test]
        fn what_a_device_encodes_is_what_we_decode(
            register in any_register(),
            number in -30_000_i32..30_000,
            scale in prop::sample::select(vec![1.0, 0.1, 0.01, 0.001, 10.0, -1.0]),
        ) {
            let register = Register { scale, ..register };
            let whole = f64::from(number);
            let signed = !matches!(
                register.data_type,
                DataType::Uint16 | DataType::Uint32 | DataType::Uint64
            );
            let value = if signed { whole } else { whole.abs() * scale.signum() } * scale.abs();
            let back = register.decode(&register.encode(value)).unwrap();
            // 1e-7: a single has 24 bits.
            let near = (back - value).abs() <= 1e-7 * value.abs();
            prop_assert!(near, "{} came back as {}", value, back);
        }
    }
}
