//! One run: load, a cut or a refusal, and the comparison with the ledger. A seed decides all.

use super::chance::Chance;
use super::ledger::{Change, Key, Ledger, Period};
use super::plant::Plant;
use super::{LossModel, SimulatedDisk, Trouble};

/// Changes that a session wants to make.
const STEPS: usize = 30;
/// Changes of the disk in a session, roughly: a cut is drawn from here.
const REACH: u64 = 600;
/// Changes of the disk in which a start falls, and what it finishes.
const RECOVERY_REACH: u64 = 50;
/// Changes of rows until the next period begins.
const PERIOD: u64 = 5;

/// How the sentence begins when something acknowledged is not there.
const LOST: &str = "LOST";

/// How a run went wrong: with a sentence for the person who replays it.
pub(super) type Outcome = Result<(), String>;

/// What happens to the power in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cuts {
    /// Further cuts after the first, half of them inside the recovery from the one before.
    pub(super) again: u64,
    pub(super) lying_sync: bool,
}

/// The process between a start and its end, with what it was told and what it answered.
pub(super) struct Session<'a> {
    disk: &'a SimulatedDisk,
    plant: Option<Plant>,
    pub(super) ledger: &'a mut Ledger,
    chance: &'a mut Chance,
    next_row: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        disk: &'a SimulatedDisk,
        ledger: &'a mut Ledger,
        chance: &'a mut Chance,
    ) -> Self {
        Self {
            disk,
            plant: None,
            ledger,
            chance,
            next_row: 0,
        }
    }

    /// Opens, checks and finishes what the last session left half done.
    pub(super) fn start(&mut self) -> Outcome {
        self.plant()?;
        self.check()?;
        if let Some(period) = self.ledger.handing_over {
            self.hand_over(period)?;
            self.check()?;
        }
        Ok(())
    }

    /// Does again what the disk refused, as the rooms above do, or finds out what became of it.
    fn settle(&mut self) -> Outcome {
        if let Some(Change::Forget(period)) = self.ledger.in_doubt() {
            let again = Change::Forget(*period);
            return self.apply(&again);
        }
        if self.ledger.in_doubt().is_some() || self.ledger.handing_over.is_some() {
            return self.start();
        }
        Ok(())
    }

    fn plant(&mut self) -> Result<&Plant, String> {
        match &mut self.plant {
            Some(plant) => Ok(plant),
            none => {
                let plant = Plant::open(self.disk).map_err(|error| why("open", &error))?;
                Ok(none.insert(plant))
            }
        }
    }

    /// What the store holds is what the ledger says.
    pub(super) fn check(&mut self) -> Outcome {
        let seen = self.plant()?.read().map_err(|error| why("read", &error))?;
        let compared = self.ledger.check(&seen);
        compared.map_err(|text| format!("{LOST}: {text}"))
    }

    /// One random step; the error says which one the disk refused.
    pub(super) fn step(&mut self) -> Outcome {
        match self.chance.below(100) {
            0..50 => {
                let period = self.period();
                self.put(period)
            }
            50..60 => {
                // A late row, or another value of a row that is there.
                let period = self.chance.below(u64::from(self.period()) + 1);
                self.put(Period::try_from(period).unwrap_or_default())
            }
            60..68 => self.remove(),
            68..88 => match self.first(|session| &session.ledger.in_main) {
                Some(period) => self.hand_over(period),
                None => Ok(()),
            },
            88..93 => self.forget(),
            93..97 => {
                self.plant()?.close_volumes();
                Ok(())
            }
            _ => {
                if let Some(plant) = self.plant.take() {
                    plant.close();
                }
                self.plant().map(drop)
            }
        }
    }

    fn period(&self) -> Period {
        Period::try_from(self.next_row / PERIOD % 200).unwrap_or_default()
    }

    fn first(&self, of: impl Fn(&Self) -> &std::collections::BTreeSet<Period>) -> Option<Period> {
        of(self).first().copied()
    }

    pub(super) fn put(&mut self, period: Period) -> Outcome {
        self.next_row += 1;
        let count = 1 + self.chance.index(6);
        let rows = (0..count).map(|_| {
            // Few numbers, so that rows are written again; few long values, longer than a page.
            let key: Key = [period, 0, self.chance.next().to_be_bytes()[0] % 40];
            let long = if self.chance.percent(3) { 9_000 } else { 300 };
            let len = 8 + self.chance.index(long);
            let mut bytes = Chance::new(self.chance.next());
            let value = std::iter::repeat_with(|| bytes.next().to_be_bytes()).flatten();
            (key, value.take(len).collect())
        });
        let change = Change::Put(rows.collect());
        self.apply(&change)
    }

    fn remove(&mut self) -> Outcome {
        let only_here = self.ledger.in_main.difference(&self.ledger.in_volumes);
        let Some(period) = only_here.last().copied() else {
            return Ok(());
        };
        let mut keys = self.ledger.keys_of(period);
        self.chance.shuffle(&mut keys);
        keys.truncate(1 + self.chance.index(8));
        self.apply(&Change::Remove(keys))
    }

    fn forget(&mut self) -> Outcome {
        let Some(period) = self.first(|session| &session.ledger.in_volumes) else {
            return Ok(());
        };
        if self.ledger.in_main.contains(&period) {
            self.hand_over(period)?;
        }
        self.apply(&Change::Forget(period))
    }

    fn apply(&mut self, change: &Change) -> Outcome {
        self.ledger.begin(change.clone());
        let done = self.plant()?.apply(change);
        done.map_err(|error| why("change", &error))?;
        self.ledger.acknowledged();
        Ok(())
    }

    fn hand_over(&mut self, period: Period) -> Outcome {
        self.ledger.handing_over = Some(period);
        let done = self.plant()?.hand_over(period);
        done.map_err(|error| why("hand over", &error))?;
        self.ledger.handing_over = None;
        self.ledger.in_main.remove(&period);
        self.ledger.in_volumes.insert(period);
        Ok(())
    }

    /// Everything still works: hand over what is left, write, stop in order, find it again.
    pub(super) fn finish(&mut self) -> Outcome {
        self.start()?;
        while let Some(period) = self.first(|session| &session.ledger.in_main) {
            self.hand_over(period)?;
        }
        self.put(201)?;
        self.check()?;
        if let Some(plant) = self.plant.take() {
            plant.close();
        }
        self.check()
    }
}

fn why(what: &str, error: &crate::base::Error) -> String {
    format!("{what}: {error:?}")
}

/// Load, cut, boot, as often as `cuts` says; then a start that must find everything.
pub(super) fn cut_run(seed: u64, cuts: Cuts) -> Outcome {
    let mut chance = Chance::new(seed);
    let model = LossModel::ALL[chance.index(LossModel::ALL.len())];
    let mut disk = SimulatedDisk::empty(seed);
    let mut ledger = Ledger::default();
    for generation in 0..=cuts.again {
        let in_recovery = generation > 0 && chance.percent(50);
        let reach = if in_recovery { RECOVERY_REACH } else { REACH };
        disk.set_trouble(Trouble {
            cut_at_change: Some(1 + chance.below(reach)),
            lying_sync: cuts.lying_sync,
            ..Trouble::default()
        });
        let mut session = Session::new(&disk, &mut ledger, &mut chance);
        let mut outcome = session.start();
        for _ in 0..STEPS {
            outcome = outcome.and_then(|()| session.step());
        }
        // The session's files are closed without power: closing must not tidy up.
        let was_powered = disk.is_powered();
        disk.cut();
        drop(session);
        if was_powered {
            outcome.map_err(|text| format!("{model:?}, generation {generation}: {text}"))?;
        }
        disk = disk.after_cut(model, chance.next());
    }
    let finished = Session::new(&disk, &mut ledger, &mut chance).finish();
    finished.map_err(|text| format!("{model:?}, last start: {text}"))
}

/// What a run on a disk that refuses came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refusals {
    /// Steps that were refused.
    pub(super) steps: u64,
    /// Attempts to find out what became of a refused step that were refused too.
    pub(super) settlings: u64,
    /// Operations of the disk until the trouble was over.
    pub(super) operations: u64,
    /// Pages in use at that point.
    pub(super) pages: usize,
}

/// Load on a disk with a trouble; then the disk works again, and so must the same process; then
/// the power fails, and nothing is missing.
pub(super) fn refusal_run(seed: u64, trouble: Trouble) -> Result<Refusals, String> {
    let mut chance = Chance::new(seed);
    let model = LossModel::ALL[chance.index(LossModel::ALL.len())];
    let disk = SimulatedDisk::empty(seed);
    disk.set_trouble(trouble);
    let mut ledger = Ledger::default();
    let mut refusals = Refusals::default();
    let mut session = Session::new(&disk, &mut ledger, &mut chance);
    for _ in 0..STEPS {
        match session.settle() {
            Ok(()) => refusals.steps += u64::from(session.step().is_err()),
            Err(text) if text.starts_with(LOST) => return Err(text),
            Err(_) => refusals.settlings += 1,
        }
    }
    refusals.operations = disk.operations();
    refusals.pages = disk.allotted_pages();
    disk.set_trouble(Trouble::default());
    let healed = session.settle().and_then(|()| session.put(202));
    healed.map_err(|text| format!("the disk works again: {text}"))?;
    let healed = session.check();
    healed.map_err(|text| format!("after the trouble: {text}"))?;
    disk.cut();
    drop(session);
    let disk = disk.after_cut(model, chance.next());
    let finished = Session::new(&disk, &mut ledger, &mut chance).finish();
    finished.map_err(|text| format!("{model:?}, after the cut: {text}"))?;
    Ok(refusals)
}

/// What a seed does to a disk that works: number of changes, and a sum over all that was written.
pub(super) fn trace_of(seed: u64) -> (u64, u32) {
    let mut chance = Chance::new(seed);
    let disk = SimulatedDisk::empty(seed);
    let mut ledger = Ledger::default();
    let mut session = Session::new(&disk, &mut ledger, &mut chance);
    let mut outcome = session.start();
    for _ in 0..STEPS {
        outcome = outcome.and_then(|()| session.step());
    }
    assert_eq!(outcome, Ok(()));
    (disk.changes(), disk.trace())
}

/// What a seed leaves on a disk that works, after a stop in order.
pub(super) fn filled_disk(seed: u64) -> (SimulatedDisk, Ledger) {
    let mut chance = Chance::new(seed);
    let disk = SimulatedDisk::empty(seed);
    let mut ledger = Ledger::default();
    let mut session = Session::new(&disk, &mut ledger, &mut chance);
    let mut outcome = session.start();
    for _ in 0..STEPS {
        outcome = outcome.and_then(|()| session.step());
    }
    assert_eq!(outcome, Ok(()));
    if let Some(plant) = session.plant.take() {
        plant.close();
    }
    drop(session);
    (disk, ledger)
}

/// How a store took a bit that turned over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rot {
    Harmless,
    /// It does not open, or does not read: it says so.
    Told,
    /// It reads, and something is not as it was: what a row means must be checked by who wrote it.
    Passed,
}

/// Turns one bit over, opens, reads, changes and closes. Whatever happens, the process lives on.
pub(super) fn flip_run(seed: u64, disk: &SimulatedDisk, ledger: &Ledger) -> Rot {
    let mut chance = Chance::new(seed);
    let mut ledger = ledger.clone();
    let disk = disk.with_flipped_bit(&mut chance);
    let mut session = Session::new(&disk, &mut ledger, &mut chance);
    let rot = match session.start() {
        Err(text) if text.starts_with(LOST) => Rot::Passed,
        Err(_) => Rot::Told,
        Ok(()) => Rot::Harmless,
    };
    let changed = session.put(203).and_then(|()| session.hand_over(203));
    if let Some(plant) = session.plant.take() {
        plant.close();
    }
    if changed.is_err() { Rot::Told } else { rot }
}
