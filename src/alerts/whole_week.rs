//! A plant with every kind of rule, people who acknowledge, shelve, suppress and repair, readings that
//! come late, outlets that fail, and a power that fails at any moment of any commit.
//!
//! What is asked: a run with power cuts tells of the same conditions as one without, and as a look at
//! the whole story at once where that is simple; nothing stays silent that should speak; each alert has
//! its letters, sent or with the reason why not. A failure prints its seed.

use super::book::Book;
use super::draft::{Cause, Draft};
use super::engine::{Engine, RULES};
use super::filter::Filter;
use super::heard::{Heard, Listener, Occasion, What};
use super::index;
use super::plant::Plant;
use super::record::{ALERTS, Alert, Transition};
use super::rule::Rule;
use super::state::{AlertState, Event};
use super::whole_week_model::{SILENCE, Start};
use super::whole_week_story::{Deed, LATE, LINES, STEP_MS, Story, time};
use crate::base::{Metric, Phase, Timestamp};
use crate::notify::simulation::{Ears, World};
use crate::store::simulated::{Chance, LossModel, SimulatedDisk, Torture, Trouble};
use crate::store::{Store, TableName, Transaction, View as _};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Steps of a story, of one of a day, and of one that is a whole week.
const STEPS: usize = 300;
const DAY: usize = 24 * 60;
const WEEK: usize = 7 * DAY;
const MARK: TableName = TableName::new("whole_week_step");
/// Stories, unless more are asked for.
const RUNS: u64 = 8;
/// Stories of a long run for each whole week of it.
const STORIES_PER_WEEK: u64 = 100;

struct Told(Ears);

impl Listener for Told {
    fn heard(&self, tx: &Transaction<'_>, occasion: &Occasion) -> crate::base::Result<()> {
        self.0.heard(tx, occasion)
    }
}

/// The process between a start and its end.
struct Process {
    store: Store,
    engine: Arc<Mutex<Engine>>,
    /// The step that is to be told next.
    step: usize,
    /// Whether somebody looked after the step before.
    looked: bool,
}

impl Process {
    fn start(disk: &SimulatedDisk, story: &Story) -> Result<Self, String> {
        let fail = |error: crate::base::Error| error.to_string();
        let store = Store::on(Arc::new(disk.clone()), Path::new("simulated")).map_err(fail)?;
        let made = Self::fill(&store, story).map_err(fail);
        let (engine, step, looked) = made.inspect_err(|_| store.close())?;
        let engine = Arc::new(Mutex::new(engine));
        Ok(Self {
            store,
            engine,
            step,
            looked,
        })
    }

    fn fill(store: &Store, story: &Story) -> crate::base::Result<(Engine, usize, bool)> {
        let done = store.read()?.get(MARK, b"step")?;
        let looked = store.read()?.get(MARK, b"look")?;
        if done.is_none() {
            let rules: Vec<Rule> = story.rules.iter().flatten().cloned().collect();
            store.write_blocking(move |transaction| {
                for rule in &rules {
                    RULES.put(transaction, rule.id.as_bytes(), rule)?;
                }
                transaction.put(MARK, b"step", &0u64.to_be_bytes())
            })?;
        }
        let looked = looked.is_some() && looked == done;
        let step = done
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        let step = usize::try_from(step).unwrap();
        let mut engine = Engine::new(time(step));
        engine.set_plant(story.plant(step.saturating_sub(1)));
        engine.begin(&store.read()?)?;
        // As at a real start: what is stored of the last hour, in its order.
        for (device, id) in story.devices.iter().enumerate() {
            let told = (step.saturating_sub(60)..step).flat_map(|s| story.brings(device, s));
            for n in told.filter(|n| story.values[device][*n].is_some()) {
                let (power, mode) = story.values[device][n].unwrap();
                for (name, value) in [("power", power), ("mode", mode)] {
                    let metric = Metric::new(name).unwrap();
                    engine.recall(*id, (&metric, Phase::Total), (time(n), value), 60_000);
                }
            }
        }
        Ok((engine, step, looked))
    }

    fn tell(&mut self, story: &Story, world: &mut World) -> crate::base::Result<()> {
        let (step, now) = (self.step, time(self.step));
        world.now = now;
        let batches = story.batches(step);
        let plant = story.changes(step).then(|| story.plant(step));
        let deeds = story.deeds.get(&step).into_iter().flatten();
        let deeds: Vec<_> = deeds
            .map(|(device, rule, deed)| (story.condition(*device, *rule), *deed))
            .collect();
        self.change(world, move |engine, draft| {
            if let Some(plant) = plant {
                engine.set_plant(plant);
            }
            engine.observe(&batches, now, draft);
            for (condition, deed) in deeds {
                do_it(&mut engine.book, draft, &condition, deed, now);
            }
            (b"step", step + 1)
        })?;
        self.step += 1;
        self.beat(world, now.plus_ms(STEP_MS / 2))?;
        world.dispatch(&self.store, 60)?;
        world.ask_the_next(&self.store)
    }

    fn beat(&self, world: &mut World, now: Timestamp) -> crate::base::Result<()> {
        world.now = now;
        if !self.engine.lock().unwrap().is_due(now) {
            return Ok(());
        }
        let step = self.step;
        self.change(world, move |engine, draft| {
            engine.beat(now, draft);
            (b"look", step)
        })
    }

    fn change(
        &self,
        world: &World,
        work: impl FnOnce(&mut Engine, &mut Draft) -> (&'static [u8; 4], usize) + Send + 'static,
    ) -> crate::base::Result<()> {
        let (engine, heard) = (Arc::clone(&self.engine), Heard::default());
        heard.set(Arc::new(Told(world.ears())));
        self.store.write_blocking(move |transaction| {
            let mut engine = engine.lock().unwrap();
            engine.begin(transaction)?;
            let mut draft = Draft::default();
            let (what, step) = work(&mut engine, &mut draft);
            engine.finish(&draft, transaction, &heard)?;
            transaction.put(MARK, what, &(step as u64).to_be_bytes())
        })
    }

    fn alerts(&self) -> crate::base::Result<Vec<Alert>> {
        let reader = self.store.read()?;
        let children = Filter {
            children: true,
            ..Filter::within(crate::auth::Reach::one("site_a"))
        };
        let found = index::find(&reader, &children, 0, 100_000, None)?;
        let one = |id: crate::base::AlertId| ALERTS.get(&reader, id.as_bytes());
        found
            .ids
            .into_iter()
            .filter_map(|id| one(id).transpose())
            .collect()
    }
}

/// Does what may be done at this state of an alert; the rest is refused, as on the page.
fn do_it(book: &mut Book, draft: &mut Draft, condition: &str, deed: Deed, now: Timestamp) {
    let Some(alert) = book.open.get(condition).cloned() else {
        return;
    };
    let cause = Cause::of(now, now);
    let aside = matches!(
        alert.state,
        AlertState::Suppressed | AlertState::OutOfService
    );
    let by = Some("amel".to_owned());
    let _ = match deed {
        Deed::Acknowledge if !alert.acknowledged => {
            let word = ("acknowledged", Some(What::Acknowledged));
            let event = Event::Acknowledge;
            book.act(draft, condition, event, word, &cause, |a| {
                a.acknowledged = true;
            })
        }
        Deed::Shelve if !aside => {
            let word = ("shelved", Some(What::Shelved));
            let until = now.plus_ms(20 * STEP_MS);
            book.act(draft, condition, Event::Shelve, word, &cause, |a| {
                a.shelved_until = Some(until);
            })
        }
        Deed::Suppress if !aside && alert.state != AlertState::Shelved => {
            let word = ("suppressed", Some(What::Shelved));
            book.act(draft, condition, Event::Suppress, word, &cause, |a| {
                a.set_aside_by = by;
            })
        }
        Deed::Unsuppress if alert.state == AlertState::Suppressed && alert.set_aside_by == by => {
            let (event, what) = match alert.active {
                true => (Event::UnsuppressActive, Some(What::Raised)),
                false => (Event::UnsuppressNormal, None),
            };
            book.act(
                draft,
                condition,
                event,
                ("unsuppressed", what),
                &cause,
                |_| {},
            )
        }
        _ => Ok(()),
    };
}

/// What came of a story: how often each condition began, and where the process did.
struct Outcome {
    began: BTreeMap<String, u32>,
    starts: Vec<Start>,
}

impl Outcome {
    fn count(&self, story: &Story, device: usize, rule: usize) -> u32 {
        let began = self.began.get(&story.condition(device, rule));
        began.copied().unwrap_or_default()
    }
}

/// Tells a story to its end.
fn tell(story: &Story, seed: u64, cuts: bool) -> Result<Outcome, String> {
    let fail = |error: crate::base::Error| error.to_string();
    let mut chance = Chance::new(seed ^ 0x5eed);
    let (mut disk, mut world) = (SimulatedDisk::empty(seed), World::new(seed, false));
    let mut starts = Vec::new();
    let process = loop {
        disk.set_trouble(Trouble {
            cut_at_change: cuts.then_some(1 + chance.below(6_000)),
            ..Trouble::default()
        });
        let ended = Process::start(&disk, story).and_then(|mut process| {
            let (step, looked) = (process.step, process.looked);
            starts.push(Start { step, looked });
            while process.step < story.steps {
                if let Err(error) = process.tell(story, &mut world) {
                    process.store.close();
                    return Err(error.to_string());
                }
            }
            Ok(process)
        });
        match ended {
            Ok(process) => break process,
            Err(error) if disk.is_powered() => return Err(error),
            Err(_) => {
                disk.cut();
                let model = LossModel::ALL[chance.index(LossModel::ALL.len())];
                disk = disk.after_cut(model, chance.next());
            }
        }
    };
    disk.set_trouble(Trouble::default());
    // Everybody is back at work, and an hour goes by.
    let whole = Plant::with(&LINES, &story.devices);
    process.engine.lock().unwrap().set_plant(whole);
    for minute in 0..60 {
        process
            .beat(&mut world, time(story.steps + minute))
            .map_err(fail)?;
    }
    let alerts = process.alerts().map_err(fail)?;
    world.settle_down(&process.store).map_err(fail)?;
    let checked = check(&alerts, &world, &process);
    process.store.close();
    checked?;
    let mut began = BTreeMap::new();
    for alert in alerts {
        *began.entry(alert.condition).or_default() += alert.occurrences;
    }
    Ok(Outcome { began, starts })
}

/// Nothing is silent that should speak, one alert of a condition is open, and each has its letters.
fn check(alerts: &[Alert], world: &World, process: &Process) -> Result<(), String> {
    let letters = world.letters(&process.store)?;
    let mut open = BTreeMap::new();
    for alert in alerts {
        let (id, state) = (alert.id, alert.state);
        let count: &mut u32 = open.entry(&alert.condition).or_default();
        *count += u32::from(!state.is_closed());
        if *count > 1 {
            return Err(format!("two open alerts of {}", alert.condition));
        }
        let parent = alert
            .parent
            .and_then(|id| alerts.iter().find(|other| other.id == id));
        let silent = match state {
            // Shelves are for twenty minutes, and an hour went by.
            AlertState::Shelved | AlertState::OutOfService => true,
            AlertState::Suppressed => {
                alert.set_aside_by.is_none() && !parent.is_some_and(|parent| parent.active)
            }
            _ => false,
        };
        if silent {
            return Err(format!("{id} is silent for no reason: {state:?}"));
        }
        // One for which another stood from its beginning, or whose machine was being worked on, is
        // told of by that.
        let stood_for = alert.parent.is_some() || !spoke(alert, process);
        if !stood_for && !letters.contains_key(&id.uuid()) {
            return Err(format!(
                "{id} of {} has no letter and no reason",
                alert.condition
            ));
        }
    }
    Ok(())
}

/// Whether an alert ever called for somebody.
fn spoke(alert: &Alert, process: &Process) -> bool {
    let view = process.store.read().unwrap();
    let all = Transition::of(&view, alert.id).unwrap();
    all.iter()
        .any(|transition| transition.to == AlertState::Unacknowledged)
}

/// A story with power that fails and without, and what the model says of it.
fn both(seed: u64, steps: usize) -> Result<(), String> {
    let story = Story::of(seed, steps);
    let (calm, cut) = (tell(&story, seed, false)?, tell(&story, seed, true)?);
    for device in 0..story.devices.len() {
        for told in [&calm, &cut].into_iter().filter(|_| story.is_plain(device)) {
            let found = told.count(&story, device, SILENCE);
            let expected = story.silences(device, &told.starts);
            if found != expected {
                return Err(format!(
                    "{device} fell silent {found} times, not {expected}, {} starts",
                    told.starts.len()
                ));
            }
        }
        // Silence is not the same with cuts: after a restart each device has its chance to speak first.
        for rule in 0..SILENCE {
            let (found, again) = (
                calm.count(&story, device, rule),
                cut.count(&story, device, rule),
            );
            if found != again && !(device == LATE && story.is_corrected_unseen(&cut.starts)) {
                return Err(format!(
                    "{device}/{rule} began {again} times with cuts, {found} without"
                ));
            }
            if !story.is_plain(device) {
                continue;
            }
            let expected = story.truth(device, rule);
            if expected != found {
                return Err(format!(
                    "{device}/{rule} began {found} times, not {expected}"
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn every_kind_of_rule_speaks_once_and_is_told_whatever_fails() {
    let tally = Torture::of(RUNS).run("whole_week::every_kind_of_rule", |seed| both(seed, STEPS));
    assert_eq!(tally.failed, 0);
}

/// A day in an ordinary run; in a long one as many whole weeks as there are hundreds of stories.
#[test]
fn and_so_it_is_for_a_whole_week() {
    let asked = Torture::of(1).in_groups_of(STORIES_PER_WEEK);
    let steps = if asked.is_long() { WEEK } else { DAY };
    let tally = asked.run("whole_week::a_whole_week", |seed| both(seed, steps));
    assert_eq!(tally.failed, 0);
}
