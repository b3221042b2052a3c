//! Days of a plant in seconds: overloads, chatter, trips of whole lines, and the power that fails at
//! any moment of a commit. A failure prints its seed.
//!
//! Two things are asked: that a run with power cuts tells the same alerts as one without, and that
//! each tells what a model tells that looks at the whole story at once.

use super::draft::{Cause, Draft};
use super::engine::{Engine, RULES};
use super::filter::Filter;
use super::heard::{Heard, What};
use super::index;
use super::plant::Plant;
use super::record::ALERTS;
use super::rule::{NewRule, Rule};
use super::state::Event;
use crate::base::{Batch, EquipmentId, Metric, Phase, Reading, Timestamp, Unit};
use crate::store::simulated::{Chance, LossModel, SimulatedDisk, Torture, Trouble};
use crate::store::{Store, TableName, View as _};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

const STEP_MS: i64 = 60_000;
/// Steps of one story: seven hours and a half. A week of them is told by the seeds together.
const STEPS: i64 = 450;
const START: i64 = 1_795_478_400_000;
const LINES: [(&str, usize); 3] = [("a", 3), ("b", 2), ("c", 1)];
const ON_S: i64 = 90;
const OFF_S: i64 = 60;
const MARK: TableName = TableName::new("week_step");
/// Stories, unless more are asked for.
const RUNS: u64 = 24;

/// What each device measures at each step; nothing while it is silent.
struct Story {
    values: Vec<Vec<Option<f64>>>,
    rules: Vec<Rule>,
    devices: Vec<EquipmentId>,
}

impl Story {
    fn of(seed: u64, devices: Vec<EquipmentId>) -> Self {
        let mut chance = Chance::new(seed);
        let steps = usize::try_from(STEPS).unwrap();
        let mut values = vec![vec![Some(50.0); steps]; devices.len()];
        for line in &mut values {
            for _ in 0..1 + chance.index(8) {
                let (from, length) = (chance.index(steps), 1 + chance.index(30));
                let chatters = chance.percent(30);
                for (n, value) in line.iter_mut().enumerate().skip(from).take(length) {
                    let low = chatters && n % 2 == 0;
                    *value = Some(if low { 74.0 } else { 90.0 });
                }
            }
            if chance.percent(30) {
                let (from, length) = (chance.index(steps), 1 + chance.index(40));
                line.iter_mut()
                    .skip(from)
                    .take(length)
                    .for_each(|value| *value = None);
            }
        }
        // A feeder trips: all devices of a line are silent at once.
        let (from, length) = (chance.index(steps), 10 + chance.index(40));
        for line in values.iter_mut().take(LINES[0].1) {
            line.iter_mut()
                .skip(from)
                .take(length)
                .for_each(|value| *value = None);
        }
        let rules = devices.iter().flat_map(|id| rules_of(*id)).collect();
        Self {
            values,
            rules,
            devices,
        }
    }

    fn batches(&self, step: i64) -> Vec<Batch> {
        let at = time(step);
        let n = usize::try_from(step).unwrap();
        let batch = |(id, values): (&EquipmentId, &Vec<Option<f64>>)| {
            let reading = match values[n] {
                Some(value) => Reading::good(Metric::POWER, Phase::Total, Unit::none(), value),
                None => Reading::missing(Metric::POWER, Phase::Total, Unit::none()),
            };
            Batch {
                equipment: *id,
                at,
                arrived: at,
                interval_ms: 60_000,
                readings: vec![reading],
            }
        };
        self.devices.iter().zip(&self.values).map(batch).collect()
    }

    /// When the overload of a device counts, by a look at every second.
    fn truth(&self, device: usize) -> Vec<i64> {
        let (mut raw, mut since, mut on) = (false, 0, false);
        let (mut held, mut rises) = (-1, Vec::new());
        for second in 0..STEPS * 60 {
            let ends = |raw: bool, since: i64, on: bool| {
                let delay = if raw { ON_S } else { OFF_S };
                raw != on && second >= since + delay
            };
            if second <= held && ends(raw, since, on) {
                on = raw;
                rises.extend(on.then_some(since + ON_S));
            }
            let step = usize::try_from(second / 60).unwrap();
            if let Some(value) = self.values[device][step].filter(|_| second % 60 == 0) {
                let now = value > if raw { 75.0 } else { 80.0 };
                if now != raw {
                    (raw, since) = (now, second);
                }
                held = second + 120;
                if ends(raw, since, on) {
                    on = raw;
                    rises.extend(on.then_some(since + ON_S));
                }
            }
        }
        rises
    }
}

fn time(step: i64) -> Timestamp {
    Timestamp::from_ms(START + step * STEP_MS)
}

fn rules_of(id: EquipmentId) -> [Rule; 2] {
    let made = |said: serde_json::Value| {
        let said: NewRule = serde_json::from_value(said).unwrap();
        Rule::new(said, "site_a", Timestamp::from_ms(START)).unwrap()
    };
    [
        made(
            json!({ "equipment_id": id, "level": "High", "metric": "power", "operator": ">",
            "threshold": 80, "dead_band": 5, "on_delay_s": ON_S, "off_delay_s": OFF_S }),
        ),
        made(json!({ "equipment_id": id, "level": "High",
            "condition": { "kind": "no_data", "silent_s": 300 } })),
    ]
}

/// The process between a start and its end.
struct Process {
    store: Store,
    engine: Arc<Mutex<Engine>>,
    /// The step that is to be told next.
    step: i64,
}

impl Process {
    fn start(disk: &SimulatedDisk, story: &Story) -> Result<Self, String> {
        let fail = |error: crate::base::Error| error.to_string();
        let store = Store::on(Arc::new(disk.clone()), Path::new("simulated")).map_err(fail)?;
        let made = Self::fill(&store, story).map_err(fail);
        let (engine, step) = made.inspect_err(|_| store.close())?;
        Ok(Self {
            store,
            engine: Arc::new(Mutex::new(engine)),
            step,
        })
    }

    fn fill(store: &Store, story: &Story) -> crate::base::Result<(Engine, i64)> {
        let done = store.read()?.get(MARK, b"step")?;
        let rules = story.rules.clone();
        if done.is_none() {
            store.write_blocking(move |transaction| {
                for rule in &rules {
                    RULES.put(transaction, rule.id.as_bytes(), rule)?;
                }
                transaction.put(MARK, b"step", &(-1i64).to_be_bytes())
            })?;
        }
        let done = done.and_then(|bytes| bytes.try_into().ok());
        let done = done.map_or(-1, i64::from_be_bytes);
        let mut engine = Engine::new(time(done + 1));
        engine.set_plant(Plant::with(&LINES, &story.devices));
        engine.begin(&store.read()?)?;
        for (id, values) in story.devices.iter().zip(&story.values) {
            let told = usize::try_from(done + 1).unwrap_or(0);
            let last = (0..told).rev().find_map(|n| Some((n, values[n]?)));
            if let Some((n, value)) = last {
                let at = time(i64::try_from(n).unwrap());
                engine.recall(*id, (&Metric::POWER, Phase::Total), (at, value), 60_000);
            }
        }
        Ok((engine, done + 1))
    }

    /// Tells one step, lets half of its time pass, and now and then somebody acknowledges.
    fn tell(&mut self, story: &Story) -> crate::base::Result<()> {
        let (step, batches) = (self.step, story.batches(self.step));
        self.change(move |engine, draft| {
            engine.observe(&batches, time(step), draft);
            if step % 60 == 59 {
                let open: Vec<String> = engine.book.open.keys().cloned().collect();
                for condition in open {
                    let word = ("acknowledged", Some(What::Acknowledged));
                    let cause = Cause::of(time(step), time(step));
                    // Those for which another stands are not to be acknowledged.
                    let _ =
                        engine
                            .book
                            .act(draft, &condition, Event::Acknowledge, word, &cause, |a| {
                                a.acknowledged = true;
                            });
                }
            }
            Some(step)
        })?;
        self.step += 1;
        self.beat()
    }

    /// Lets half of the time of the step that was told pass.
    fn beat(&self) -> crate::base::Result<()> {
        let later = time(self.step - 1).plus_ms(STEP_MS / 2);
        let due = self.engine.lock().unwrap().is_due(later);
        if due {
            self.change(move |engine, draft| {
                engine.beat(later, draft);
                None
            })?;
        }
        Ok(())
    }

    fn change(
        &self,
        work: impl FnOnce(&mut Engine, &mut Draft) -> Option<i64> + Send + 'static,
    ) -> crate::base::Result<()> {
        let engine = Arc::clone(&self.engine);
        self.store.write_blocking(move |transaction| {
            let mut engine = engine.lock().unwrap();
            engine.begin(transaction)?;
            let mut draft = Draft::default();
            let step = work(&mut engine, &mut draft);
            engine.finish(&draft, transaction, &Heard::default())?;
            match step {
                Some(step) => transaction.put(MARK, b"step", &step.to_be_bytes()),
                None => Ok(()),
            }
        })
    }

    /// How often each condition began, and how many alerts of each are open.
    fn told(&self) -> crate::base::Result<(BTreeMap<String, u32>, BTreeMap<String, u32>)> {
        let reader = self.store.read()?;
        let filter = Filter {
            children: true,
            ..Filter::within(crate::auth::Reach::one("site_a"))
        };
        let found = index::find(&reader, &filter, 0, 10_000, None)?;
        assert_eq!(found.total, found.ids.len());
        let (mut began, mut open) = (BTreeMap::new(), BTreeMap::new());
        for id in found.ids {
            let alert = ALERTS.get(&reader, id.as_bytes())?.unwrap();
            *began.entry(alert.condition.clone()).or_default() += alert.occurrences;
            *open.entry(alert.condition).or_default() += u32::from(!alert.state.is_closed());
        }
        Ok((began, open))
    }
}

/// Tells a story to its end; with cuts the power fails at changes of the disk that are drawn.
fn run(seed: u64, cuts: bool) -> Result<(), String> {
    let (_, devices) = Plant::made(&LINES);
    let story = Story::of(seed, devices);
    let mut chance = Chance::new(seed ^ 0x5eed);
    let mut disk = SimulatedDisk::empty(seed);
    let (mut process, mut restarts) = (None::<Process>, 0);
    loop {
        let reach = 1 + chance.below(1_500);
        disk.set_trouble(Trouble {
            cut_at_change: cuts.then_some(reach),
            ..Trouble::default()
        });
        let ended = loop {
            let alive = match &mut process {
                Some(process) => process,
                none => match Process::start(&disk, &story) {
                    Ok(started) => none.insert(started),
                    Err(error) if disk.is_powered() => return Err(error),
                    Err(_) => break false,
                },
            };
            let is_over = alive.step == STEPS;
            // Also the beat after the last step may have been cut.
            let told = match is_over {
                true => alive.beat(),
                false => alive.tell(&story),
            };
            if let Err(error) = told {
                if disk.is_powered() {
                    return Err(error.to_string());
                }
                break false;
            }
            if is_over {
                break true;
            }
        };
        if ended {
            break;
        }
        restarts += 1;
        disk.cut();
        if let Some(process) = process.take() {
            process.store.close();
        }
        let model = LossModel::ALL[chance.index(LossModel::ALL.len())];
        disk = disk.after_cut(model, chance.next());
    }
    let process = process.ok_or("nothing ran")?;
    let (began, open) = process.told().map_err(|error| error.to_string())?;
    process.store.close();
    for (n, _) in story.devices.iter().enumerate() {
        let rule = &story.rules[2 * n];
        let expected = story.truth(n).len();
        let found = began
            .get(&format!("rule/{}", rule.id))
            .copied()
            .unwrap_or(0);
        if usize::try_from(found) != Ok(expected) {
            return Err(format!(
                "device {n} began {found} times instead of {expected}, {restarts} restarts"
            ));
        }
    }
    match open.iter().find(|(_, count)| **count > 1) {
        Some((condition, count)) => Err(format!("{count} open alerts of {condition}")),
        None => Ok(()),
    }
}

#[test]
fn every_condition_that_lasted_is_told_once() {
    let test = "every_condition_that_lasted_is_told_once";
    let tally = Torture::of(RUNS).run(test, |seed| run(seed, false));
    assert_eq!(tally.failed, 0);
}

#[test]
fn and_no_power_cut_changes_that() {
    let tally = Torture::of(RUNS).run("and_no_power_cut_changes_that", |seed| run(seed, true));
    assert_eq!(tally.failed, 0);
}
