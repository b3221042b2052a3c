//! One run: load, a cut or a refusal, and the comparison with the ledger.

use super::super::model::{COUNTER, FLOAT, GAUGE, Known};
use super::super::{Change, HOUR_MS, MINUTE_MS};
use super::ledger::{Doubt, Ledger, Told};
use super::plant::{MARKER, MONTH, Plant, START};
use super::rot::Twice;
use crate::base::{Quality, Timestamp};
use crate::store::simulated::{Chance, LossModel, SimulatedDisk, Trouble};

/// Changes that a session wants to make.
const STEPS: usize = 20;
/// Changes of the disk in a session, roughly: a cut is drawn from here.
const REACH: u64 = 900;
/// Changes of the disk in which a start falls.
const RECOVERY_REACH: u64 = 60;
/// When the markers are: after everything else.
const MARKERS: i64 = MONTH + 30 * HOUR_MS;
/// What is told of the second month begins here: nothing that is forgotten depends on it.
const SAFE: i64 = MONTH + 2 * HOUR_MS;

pub(super) type Outcome = Result<(), String>;

/// The process between a start and its end.
pub(super) struct Session<'a> {
    disk: &'a SimulatedDisk,
    plant: Option<Plant>,
    pub(super) ledger: &'a mut Ledger,
    chance: &'a mut Chance,
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
        }
    }

    pub(super) fn plant(&mut self) -> Result<&Plant, String> {
        match &mut self.plant {
            Some(plant) => Ok(plant),
            none => {
                let plant = Plant::open(self.disk).map_err(|error| why("open", &error))?;
                Ok(none.insert(plant))
            }
        }
    }

    /// Finds out what became of the change in doubt; all else is as it was acknowledged.
    pub(super) fn check(&mut self) -> Outcome {
        self.settle()?;
        self.plant()?;
        let (Some(plant), ledger) = (&self.plant, &self.ledger) else {
            return Ok(());
        };
        let checked = ledger.check(plant, self.chance);
        checked.map_err(|error| why("check", &error))
    }

    pub(super) fn settle(&mut self) -> Outcome {
        self.plant()?;
        let (Some(plant), ledger) = (&self.plant, &mut self.ledger) else {
            return Ok(());
        };
        let settled = ledger.settle(plant);
        settled.map_err(|error| why("settle", &error))
    }

    pub(super) fn step(&mut self) -> Outcome {
        match self.chance.below(100) {
            0..42 => self.append(),
            42..55 => self.load(),
            55..63 => self.correct(),
            63..67 => self.undo(),
            67..89 => {
                let minutes = self.chance.below(9_000).cast_signed();
                self.maintain(START + minutes * MINUTE_MS)
            }
            89..93 => self.seal_now(),
            93..97 => self.restart(),
            _ => self.forget(),
        }
    }

    fn apply(&mut self, change: &Doubt) -> Outcome {
        self.ledger.doubt = Some(change.clone());
        let done = self.plant()?.apply(change);
        done.map_err(|error| why("change", &error))?;
        self.ledger.acknowledged();
        Ok(())
    }

    pub(super) fn append(&mut self) -> Outcome {
        let told = self.some_ticks();
        self.tell(told)
    }

    fn tell(&mut self, told: Vec<Told>) -> Outcome {
        // Each append brings one sample more of the marker: it says whether the append is there.
        let markers = self.ledger.model.samples.get(&(MARKER, GAUGE));
        let count = i64::try_from(markers.map_or(0, std::collections::BTreeMap::len)).unwrap_or(0);
        let at = MARKERS + count * MINUTE_MS;
        let known = Known {
            interval: MINUTE_MS,
            value: Some(1.5),
            quality: Quality::Good,
        };
        let marker = (MARKER, GAUGE, at, known);
        self.apply(&Doubt::Append(
            at,
            told.into_iter().chain([marker]).collect(),
        ))
    }

    /// An archive: more ticks at once, of one device or both, straight into blocks. It is there in
    /// part after a cut; loading it again completes it, as `indusmind import` does.
    fn load(&mut self) -> Outcome {
        let mut told = self.some_ticks();
        for _ in 0..self.chance.below(4) {
            told.extend(self.some_ticks());
        }
        self.apply(&Doubt::Load(told))
    }

    /// Ticks of a device somewhere in three days, now and then where there are some already.
    fn some_ticks(&mut self) -> Vec<Told> {
        let device = self.chance.index(2);
        let (every, apart) = [(60, 0), (300, 7), (17, 13), (1_800, 11)][self.chance.index(4)];
        let earliest = if self.ledger.forgotten { SAFE } else { START };
        let minutes = (START + 50 * HOUR_MS - earliest) / MINUTE_MS;
        let from = self.chance.below(minutes.unsigned_abs()).cast_signed();
        let off = if self.chance.percent(25) {
            20 * self.chance.below(250).cast_signed()
        } else {
            0
        };
        let first = earliest + from * MINUTE_MS + off + apart;
        let mut told = Vec::new();
        for n in 0..1 + self.chance.below(40).cast_signed() {
            self.tick(device, first + n * every * 1_000, every * 1_000, &mut told);
        }
        told
    }

    #[allow(clippy::cast_precision_loss)] // small numbers
    fn tick(&mut self, device: usize, at: i64, interval: i64, told: &mut Vec<Told>) {
        let chance = &mut *self.chance;
        // The counter follows the time, so that late samples fit in between; now and then it
        // blips to zero.
        let truth = truth(device, at);
        let counter = if chance.percent(3) {
            0.0
        } else {
            (truth * 10.0).round() / 10.0
        };
        let values = [
            (GAUGE, chance.below(1_000) as f64 / 10.0),
            (COUNTER, counter),
            (FLOAT, 1.0 / (1.0 + chance.below(1_000) as f64)),
        ];
        for (series, value) in values {
            let (value, quality) = match chance.below(40) {
                0 => (None, Quality::Missing),
                1 => (Some(value), Quality::Bad),
                2 if series == FLOAT => continue,
                _ => (Some(value), Quality::Good),
            };
            let known = Known {
                interval,
                value,
                quality,
            };
            told.push((device, series, at, known));
        }
    }

    fn correct(&mut self) -> Outcome {
        let (device, series) = (self.chance.index(2), self.chance.index(3));
        if !self.ledger.model.samples.contains_key(&(device, series)) {
            return Ok(());
        }
        let earliest = if self.ledger.forgotten { SAFE } else { START };
        let from = earliest + self.chance.below(3_000).cast_signed() * MINUTE_MS;
        let to = from + (1 + self.chance.below(200).cast_signed()) * MINUTE_MS;
        let change = [
            Change::Exclude,
            Change::Set(12.5),
            Change::Add(-3.25),
            Change::Multiply(10.0),
        ][self.chance.index(4)];
        self.apply(&Doubt::Correct(device, series, from, to, change))
    }

    fn undo(&mut self) -> Outcome {
        let forgotten = self.ledger.forgotten;
        let all = self.ledger.model.corrections.iter();
        let can = |entry: &(usize, usize, i64, i64, Change, bool)| {
            entry.5 && (!forgotten || entry.2 >= SAFE)
        };
        match all.into_iter().rposition(can) {
            Some(n) => self.apply(&Doubt::Undo(n)),
            None => Ok(()),
        }
    }

    pub(super) fn maintain(&mut self, now: i64) -> Outcome {
        // Twice: an hour is sealed when nothing came between two runs.
        for _ in 0..2 {
            let done = self.plant()?.tsdb.maintain(Timestamp::from_ms(now));
            done.map_err(|error| why("maintain", &error))?;
        }
        Ok(())
    }

    fn seal_now(&mut self) -> Outcome {
        let done = self.plant()?.tsdb.seal_now();
        done.map_err(|error| why("seal", &error))
    }

    pub(super) fn restart(&mut self) -> Outcome {
        if let Some(plant) = self.plant.take() {
            plant.close();
        }
        self.plant().map(drop)
    }

    fn forget(&mut self) -> Outcome {
        if self.ledger.forgotten {
            return Ok(());
        }
        // What is told later must not reach into the month that is forgotten: that would be booked
        // where it still can be, which the ledger does not follow. Nor in the first hour after it: a value
        // of that month that still stood then is gone, and the ledger counts it.
        let mut fence = Vec::new();
        for (device, n) in (0..2).flat_map(|device| (0..10).map(move |n| (device, n))) {
            let at = MONTH + HOUR_MS + n * MINUTE_MS;
            let known = Known {
                interval: MINUTE_MS,
                value: Some((truth(device, at) * 10.0).round() / 10.0),
                quality: Quality::Good,
            };
            fence.push((device, COUNTER, at, known));
        }
        self.tell(fence)?;
        self.seal_now()?;
        self.apply(&Doubt::Forget)
    }

    /// Everything still works: seal, pack, tell more, stop in order, find it again.
    pub(super) fn finish(&mut self) -> Outcome {
        self.check()?;
        self.maintain(START + 300 * HOUR_MS)?;
        self.append()?;
        self.check()?;
        self.restart()?;
        self.check()
    }
}

/// What the counter of a device shows.
#[allow(clippy::cast_precision_loss)] // small numbers
fn truth(device: usize, at: i64) -> f64 {
    [1_000.0, 5_000.0][device] + (at - START) as f64 / 1e5
}

fn why(what: &str, error: &crate::base::Error) -> String {
    format!("{what}: {error:?}")
}

/// Load, cut, boot, `again` times more; then a start that must find everything.
pub(super) fn cut_run(seed: u64, again: u64, lying_sync: bool) -> Outcome {
    let mut chance = Chance::new(seed);
    let model = LossModel::ALL[chance.index(LossModel::ALL.len())];
    let mut disk = SimulatedDisk::empty(seed);
    let mut ledger = Ledger::default();
    for generation in 0..=again {
        let in_recovery = generation > 0 && chance.percent(50);
        let reach = if in_recovery { RECOVERY_REACH } else { REACH };
        disk.set_trouble(Trouble {
            cut_at_change: Some(1 + chance.below(reach)),
            lying_sync,
            ..Trouble::default()
        });
        let mut session = Session::new(&disk, &mut ledger, &mut chance);
        let mut outcome = if generation == 0 {
            Ok(())
        } else {
            session.check()
        };
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

/// Load on a disk with a trouble; then the disk works again, and so must the same process; then
/// the power fails, and nothing is missing. Returns the operations of the disk and its pages.
pub(super) fn refusal_run(seed: u64, trouble: Trouble) -> Result<(u64, usize), String> {
    let mut chance = Chance::new(seed);
    let model = LossModel::ALL[chance.index(LossModel::ALL.len())];
    let disk = SimulatedDisk::empty(seed);
    disk.set_trouble(trouble);
    let mut ledger = Ledger::default();
    let mut session = Session::new(&disk, &mut ledger, &mut chance);
    for _ in 0..STEPS {
        // What is refused is refused: the next step shows whether it can be done.
        if session.settle().is_ok() {
            let _ = session.step();
        }
    }
    let reached = (disk.operations(), disk.allotted_pages());
    disk.set_trouble(Trouble::default());
    let healed = session.settle().and_then(|()| session.append());
    healed.map_err(|text| format!("the disk works again: {text}"))?;
    let healed = session.check();
    healed.map_err(|text| format!("after the trouble: {text}"))?;
    disk.cut();
    drop(session);
    let disk = disk.after_cut(model, chance.next());
    let finished = Session::new(&disk, &mut ledger, &mut chance).finish();
    finished.map_err(|text| format!("{model:?}, after the cut: {text}"))?;
    Ok(reached)
}

/// What a seed leaves on a disk that works, after a stop in order.
pub(super) fn filled_disk(seed: u64) -> SimulatedDisk {
    filled(seed).0
}

/// As [`filled_disk`], with the instants of which more than one thing was said.
pub(super) fn filled(seed: u64) -> (SimulatedDisk, Twice) {
    let mut chance = Chance::new(seed);
    let disk = SimulatedDisk::empty(seed);
    let mut ledger = Ledger::default();
    let mut session = Session::new(&disk, &mut ledger, &mut chance);
    let mut outcome = Ok(());
    for _ in 0..STEPS {
        outcome = outcome.and_then(|()| session.step());
    }
    assert_eq!(outcome.and_then(|()| session.restart()), Ok(()));
    if let Some(plant) = session.plant.take() {
        plant.close();
    }
    drop(session);
    (disk, ledger.model.twice)
}
