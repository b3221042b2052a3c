//! *pure* — other ways to put the same words together, and which of them gives values that can
//! be true.

use super::Round;
use super::finding::{Code, Finding};
use super::look::{Look, Marks, Quantity, is_absurd, is_possible};
use crate::modbus::{Decoding, Function, Register, WordOrder};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use utoipa::ToSchema;

/// The order of words and of the bytes within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// ABCD: the most significant word and byte first, the standard.
    Big,
    /// CDAB: the least significant word first.
    LittleWords,
    /// BADC: the bytes of each word exchanged.
    SwappedBytes,
    /// DCBA: both.
    LittleWordsSwappedBytes,
}

impl Order {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::Big,
        Self::LittleWords,
        Self::SwappedBytes,
        Self::LittleWordsSwappedBytes,
    ];

    /// The order that a register is set to.
    #[must_use]
    pub const fn of(register: &Register) -> Self {
        match register.word_order {
            WordOrder::Big => Self::Big,
            WordOrder::Little => Self::LittleWords,
        }
    }

    /// The order with the words the other way round.
    const fn with_other_words(self) -> Self {
        match self {
            Self::Big => Self::LittleWords,
            Self::LittleWords => Self::Big,
            Self::SwappedBytes => Self::LittleWordsSwappedBytes,
            Self::LittleWordsSwappedBytes => Self::SwappedBytes,
        }
    }

    /// The value of a register, its words taken in this order instead of its own.
    #[must_use]
    pub fn decode(self, register: &Register, words: &[u16]) -> Option<f64> {
        let swapped: Vec<u16>;
        let words = match self {
            Self::Big | Self::LittleWords => words,
            Self::SwappedBytes | Self::LittleWordsSwappedBytes => {
                swapped = words.iter().map(|word| word.swap_bytes()).collect();
                &swapped
            }
        };
        let word_order = match self {
            Self::Big | Self::SwappedBytes => WordOrder::Big,
            Self::LittleWords | Self::LittleWordsSwappedBytes => WordOrder::Little,
        };
        let register = Register {
            word_order,
            ..register.clone()
        };
        register.decode(words)
    }
}

/// How registers may be read otherwise than they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As they are set.
    AsSet,
    /// With the words of each value the other way round.
    OtherWords,
    /// One address below: the numbers of a manual were taken for addresses.
    OneBelow,
    /// One address above.
    OneAbove,
}

/// Words by their address.
#[derive(Debug, Default)]
pub struct WordMap(BTreeMap<(Function, u32), u16>);

impl WordMap {
    /// Adds the words that were read from an address on.
    pub fn put(&mut self, function: Function, address: u32, words: &[u16]) {
        for (address, word) in (address..).zip(words) {
            self.0.insert((function, address), *word);
        }
    }

    /// The words that stand behind decoded values.
    pub(super) fn of_values(registers: &[Register], values: &[Option<f64>]) -> Self {
        let mut map = Self::default();
        for (register, value) in registers.iter().zip(values) {
            // What four quadrants were folded into one number cannot be unfolded.
            // Nor can the words be known of which a state is one bit.
            let plain = register.decoding == Decoding::Plain && register.extras.bits.is_none();
            if let Some(value) = value.filter(|_| plain) {
                let words = register.encode(value);
                map.put(register.function, u32::from(register.address), &words);
            }
        }
        map
    }

    fn words(&self, register: &Register, shift: i32) -> Option<Vec<u16>> {
        let start = u32::from(register.address).checked_add_signed(shift)?;
        let end = start + u32::from(register.data_type.words());
        let word = |address| self.word(register.function, address);
        (start..end).map(word).collect()
    }

    /// The word at an address.
    #[must_use]
    pub fn word(&self, function: Function, address: u32) -> Option<u16> {
        self.0.get(&(function, address)).copied()
    }

    /// The value of a register when it is read like this; `None` where words are missing.
    #[must_use]
    pub fn value(&self, register: &Register, reading: Reading) -> Option<f64> {
        let shift = match reading {
            Reading::AsSet | Reading::OtherWords => 0,
            Reading::OneBelow => -1,
            Reading::OneAbove => 1,
        };
        let words = self.words(register, shift)?;
        match reading {
            Reading::OtherWords => {
                let order = Order::of(register).with_other_words();
                order.decode(register, &words)
            }
            _ => register.decode(&words),
        }
    }

    /// How plausible the values are when the registers are read like this.
    fn candidate(
        &self,
        registers: &[Register],
        slots: &[Option<usize>],
        reading: Reading,
    ) -> Candidate {
        let value = |register: &Register| self.value(register, reading);
        let values: Vec<_> = registers.iter().map(value).collect();
        let known = slots
            .iter()
            .zip(&values)
            .filter(|(slot, value)| slot.is_some() && value.is_some())
            .count();
        let look = Look::of(slots, &values);
        Candidate {
            marks: look.marks(),
            known,
            residual: look.residual(),
        }
    }
}

/// What a reading of the words is worth.
struct Candidate {
    marks: Marks,
    /// Values that could be put together.
    known: usize,
    /// How exactly the values fit together.
    residual: Option<f64>,
}

impl Candidate {
    /// Words in the other order, and words one address off, give the same upper halves of
    /// neighbouring singles: both are possible to a per cent, and only one is exact.
    fn is_better_than(&self, other: &Self) -> bool {
        match (self.residual, other.residual) {
            (Some(mine), Some(others)) => mine < 0.2 * others,
            _ => self.marks.share() > other.marks.share(),
        }
    }
}

/// What one look at the words says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The values are as they are.
    Right,
    /// All of them make sense when they are read otherwise.
    All(Reading),
    /// These registers, by index, make sense with their words the other way round.
    Some(Vec<usize>),
    /// Nothing.
    Unclear,
}

/// The least share of plausible values that makes another reading the right one, and the largest
/// share that lets the present one be doubted.
const RIGHT: f64 = 0.9;
const DOUBTFUL: f64 = 0.75;

/// Compares the readings of the same words.
#[must_use]
pub fn judge(
    registers: &[Register],
    slots: &[Option<usize>],
    words: &WordMap,
    values: &[Option<f64>],
) -> Told {
    let present = Look::of(slots, values).marks();
    let has_any = |slot: &Option<usize>| slot.is_some();
    if present.bad == 0 {
        return match slots.iter().any(has_any) && present.good > 0 {
            true => Told::Right,
            false => Told::Unclear,
        };
    }
    let mut best: Option<(Reading, Candidate)> = None;
    for reading in [Reading::OtherWords, Reading::OneBelow, Reading::OneAbove] {
        let candidate = words.candidate(registers, slots, reading);
        let marks = candidate.marks;
        // An order is of all values; a shift cannot know the ends of each block.
        let enough = match reading {
            Reading::OtherWords => candidate.known >= 1 && marks.good + marks.bad >= present.good,
            _ => candidate.known >= 3,
        };
        // Plain words one address off are neighbours' values, and most of those are possible too.
        let doubtful = present.share() <= DOUBTFUL || (present.bad >= 3 && marks.bad == 0);
        let better = |best: &(Reading, Candidate)| candidate.is_better_than(&best.1);
        if enough && marks.share() >= RIGHT && doubtful && best.as_ref().is_none_or(better) {
            best = Some((reading, candidate));
        }
    }
    match best {
        Some((reading, _)) => Told::All(reading),
        None => single(registers, slots, words, values),
    }
}

/// Registers that are absurd by themselves and make sense with their words the other way round.
fn single(
    registers: &[Register],
    slots: &[Option<usize>],
    words: &WordMap,
    values: &[Option<f64>],
) -> Told {
    let wrong = |n: &usize| {
        let (Some(slot), Some(value)) = (slots[*n], values[*n]) else {
            return false;
        };
        let quantity = Quantity::of_slot(slot);
        let swapped = words.value(&registers[*n], Reading::OtherWords);
        let makes_sense = |v: f64| is_possible(quantity, v) && v.abs() > 0.0;
        registers[*n].data_type.words() > 1
            && is_absurd(quantity, value)
            && swapped.is_some_and(makes_sense)
    };
    let found: Vec<usize> = (0..registers.len()).filter(wrong).collect();
    if found.is_empty() {
        Told::Unclear
    } else {
        Told::Some(found)
    }
}

/// Looks at the words that are remembered, and how many of them must say the same.
const TOLD: usize = 8;
const SAME: usize = 6;

/// Remembers what the looks said.
#[derive(Debug, Default)]
pub(super) struct Tally(VecDeque<Told>);

impl Tally {
    pub(super) fn count(&mut self, told: Told) {
        if self.0.len() >= TOLD {
            self.0.pop_front();
        }
        self.0.push_back(told);
    }

    fn agreed(&self) -> Option<&Told> {
        let same = |told: &&Told| self.0.iter().filter(|other| other == told).count() >= SAME;
        self.0.iter().find(same)
    }

    /// Whether the last look doubted anything.
    pub(super) fn is_raised(&self) -> bool {
        !matches!(self.0.back(), Some(Told::Right | Told::Unclear) | None)
    }

    pub(super) fn tell(&self, registers: &[Register], slots: &[Option<usize>], round: &mut Round) {
        let bits = |keep: &dyn Fn(usize) -> bool| {
            let bit = |(n, slot): (usize, &Option<usize>)| slot.filter(|_| keep(n)).map(|s| 1 << s);
            let bits = slots.iter().enumerate().filter_map(bit);
            bits.fold(0_u32, |all, bit: u32| all | bit)
        };
        let long = |n: usize| registers[n].data_type.words() > 1;
        match self.agreed() {
            // What is absurd now and then is so by chance; a slip is there or it is not.
            Some(Told::Right) => {
                round.tried(Code::WordOrder);
                round.tried(Code::OffByOne);
            }
            Some(Told::All(Reading::OtherWords)) => {
                let sentence = "The values make sense only with their words the other way round. \
                                Change the word order."
                    .to_owned();
                let finding = Finding::new(Code::WordOrder, "", bits(&long), sentence);
                round.findings.push(finding);
            }
            Some(Told::All(reading)) => {
                let (by, way) = if *reading == Reading::OneBelow {
                    (
                        -1.0,
                        "high: the numbers of the manual were taken for addresses. Enter",
                    )
                } else {
                    (1.0, "low. Enter")
                };
                let by_one = if by < 0.0 { "less" } else { "more" };
                let sentence = format!(
                    "Every register is read one address too {way} each address as one {by_one}."
                );
                let all = bits(&|_| true);
                let finding = Finding::new(Code::OffByOne, "", all, sentence);
                round.findings.push(finding.by(by));
            }
            Some(Told::Some(found)) => {
                let names: Vec<_> = found.iter().map(|n| registers[*n].name()).collect();
                let names = names.join(", ");
                let sentence = format!(
                    "{names} can only be true with the words the other way round. Change the word \
                     order of this register."
                );
                let mask = bits(&|n| found.contains(&n));
                let finding = Finding::new(Code::WordOrder, &names, mask, sentence);
                round.findings.push(finding);
            }
            _ => {}
        }
    }
}
