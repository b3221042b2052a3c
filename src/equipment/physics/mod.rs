//! *pure* — whether what a meter shows can be true: the laws that its values must keep among
//! themselves, and the name of what is wrong when they do not.
//!
//! Promises: a verdict rests on many looks and never on one; a law that cannot be tried is not
//! held against anybody; a false alarm is worse than silence. Will not do: know what a healthy
//! machine takes. Sources: P = U·I·cos φ per phase and their sum, S² ≥ P² + Q², energy as the
//! integral of power.

mod bands;
mod energy;
mod finding;
#[cfg(test)]
mod fine_tests;
mod look;
#[cfg(test)]
mod mounting_tests;
mod phases;
mod scale;
mod stuck;
#[cfg(test)]
mod tests;
pub mod words;

pub use finding::{Code, Finding, State};
pub use look::{Look, Quantity};

use crate::base::Timestamp;
use crate::modbus::Register;
use energy::Energy;
use std::collections::{BTreeMap, VecDeque};
use words::WordMap;

/// Looks are taken no closer than this, ms: a meter that is read five times a second tells
/// nothing new each time.
const LOOK_EVERY_MS: i64 = 5_000;
/// Looks that a verdict rests on: a minute of a meter that is read every 5 s.
pub(crate) const LOOKS: usize = 12;
/// Looks before the first verdict, 40 s.
pub(crate) const LOOKS_MIN: usize = 8;
/// Looks after which a meter whose laws cannot be tried is called unknown, two minutes.
const LOOKS_UNKNOWN: u32 = 24;
/// Looks older than this are of another day's load, ms.
const LOOK_OLD_MS: i64 = 3 * 3_600_000;

/// What one round of the laws found, and which of them could be tried.
#[derive(Default)]
pub(crate) struct Round {
    pub(crate) findings: Vec<Finding>,
    /// The laws whose conditions were fulfilled; a finding of such a law that is not in
    /// `findings` is over.
    tried: Vec<Code>,
}

impl Round {
    pub(crate) fn tried(&mut self, code: Code) {
        self.tried.push(code);
    }
}

/// How a meter proves itself, look by look.
#[derive(Debug)]
pub struct Proof {
    registers: Vec<Register>,
    slots: Vec<Option<usize>>,
    looks: VecDeque<(Timestamp, Look)>,
    seen: u32,
    energy: Energy,
    words: words::Tally,
    tried_any: bool,
    held: BTreeMap<(Code, String), Finding>,
}

impl Proof {
    /// A meter with these registers, of which nothing is known yet.
    #[must_use]
    pub fn new(registers: &[Register]) -> Self {
        Self {
            slots: registers.iter().map(slot_of).collect(),
            energy: Energy::new(registers),
            registers: registers.to_vec(),
            looks: VecDeque::new(),
            seen: 0,
            words: words::Tally::default(),
            tried_any: false,
            held: BTreeMap::new(),
        }
    }

    /// Whether it is of exactly these registers.
    #[must_use]
    pub fn is_of(&self, registers: &[Register]) -> bool {
        self.registers == registers
    }

    /// Takes the values of one poll, one per register; a poll without any is no look.
    pub fn take(&mut self, at: Timestamp, values: &[Option<f64>]) {
        let last = self.looks.back().map(|(at, _)| *at);
        let too_soon = last.is_some_and(|last| (0..LOOK_EVERY_MS).contains(&at.since_ms(last)));
        if too_soon || values.iter().all(Option::is_none) {
            return;
        }
        let look = Look::of(&self.slots, values);
        self.energy.take(at, &look);
        if last.is_some_and(|last| at < last) {
            // The clock was set back: what came before cannot be put in order.
            self.looks.clear();
        }
        while self.looks.len() >= LOOKS || self.is_old(at) {
            self.looks.pop_front();
        }
        self.looks.push_back((at, look));
        self.seen = self.seen.saturating_add(1);
        let absurd = look.marks().bad > 0 || self.words.is_raised();
        if absurd || self.seen.is_multiple_of(4) {
            let words = WordMap::of_values(&self.registers, values);
            let told = words::judge(&self.registers, &self.slots, &words, values);
            self.words.count(told);
        }
        if self.looks.len() >= LOOKS_MIN {
            self.conclude(at);
        }
    }

    fn is_old(&self, now: Timestamp) -> bool {
        let first = self.looks.front();
        first.is_some_and(|(at, _)| now.since_ms(*at) > LOOK_OLD_MS)
    }

    fn conclude(&mut self, now: Timestamp) {
        let looks: Vec<Look> = self.looks.iter().map(|(_, look)| *look).collect();
        let mut round = Round::default();
        self.words.tell(&self.registers, &self.slots, &mut round);
        // Values that were put together wrongly break every other law as well: one name is enough.
        if round.findings.is_empty() {
            bands::judge(&looks, &mut round);
            phases::judge(&looks, &mut round);
            scale::judge(&looks, &self.energy, &mut round);
            stuck::judge(&looks, &self.registers, &self.slots, &mut round);
            self.energy.judge(&mut round);
        }
        // That single values are possible proves nothing yet.
        let by_itself = |code: &Code| matches!(code, Code::WordOrder | Code::OffByOne);
        self.tried_any |= !round.tried.iter().all(by_itself);
        let named = |key: &(Code, String)| {
            let same = |f: &Finding| (f.code, f.subject.as_str()) == (key.0, key.1.as_str());
            round.findings.iter().any(same)
        };
        let by_words = |f: &Finding| matches!(f.code, Code::WordOrder | Code::OffByOne);
        let explained = round.findings.iter().any(by_words);
        // What was tried and not found is over; so is what another name explains better.
        self.held
            .retain(|key, _| named(key) || !(round.tried.contains(&key.0) || explained));
        for finding in round.findings {
            let key = (finding.code, finding.subject.clone());
            let since = self.held.get(&key).map_or(Some(now), |held| held.since);
            self.held.insert(key, Finding { since, ..finding });
        }
    }

    /// What is known of the meter now.
    #[must_use]
    pub fn state(&self) -> State {
        if !self.held.is_empty() {
            State::Suspect
        } else if self.looks.len() < LOOKS_MIN || (!self.tried_any && self.seen < LOOKS_UNKNOWN) {
            State::Proving
        } else if self.tried_any {
            State::Plausible
        } else {
            State::Unknown
        }
    }

    /// What is wrong, if anything is.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.held.values()
    }

    /// The registers, by index, whose values are not to be believed; `excused` names the findings
    /// that a person has looked into.
    pub fn doubted(&self, excused: &[Code]) -> impl Iterator<Item = usize> {
        let not_excused = |f: &&Finding| !excused.contains(&f.code);
        let mask = self.findings().filter(not_excused);
        let mask = mask.fold(0_u32, |mask, finding| mask | finding.slots);
        let hit = move |slot: &Option<usize>| slot.is_some_and(|slot| mask >> slot & 1 == 1);
        let slots = self.slots.iter().enumerate();
        slots.filter(move |(_, slot)| hit(slot)).map(|(n, _)| n)
    }
}

/// Where a register stands in a look.
pub(crate) fn slot_of(register: &Register) -> Option<usize> {
    look::slot(&register.metric, register.phase)
}

/// The class that at least four fifths of the looks agree on; `None` when too few could be tried.
pub(crate) fn agreed<T: Copy + PartialEq>(told: impl Iterator<Item = Option<T>>) -> Option<T> {
    let mut tally: Vec<(T, usize)> = Vec::new();
    let mut all = 0;
    for told in told.flatten() {
        all += 1;
        match tally.iter_mut().find(|(class, _)| *class == told) {
            Some((_, count)) => *count += 1,
            None => tally.push((told, 1)),
        }
    }
    let most = tally.into_iter().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| all >= LOOKS_MIN && count * 5 >= all * 4)
        .map(|(class, _)| class)
}
