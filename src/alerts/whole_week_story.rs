//! What happens to a plant: values, work, deeds and late readings, all drawn from one seed.

use super::plant::Plant;
use super::rule::{NewRule, Rule};
use crate::base::{Batch, EquipmentId, Metric, Phase, Reading, Timestamp, Unit};
use crate::store::simulated::Chance;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const STEP_MS: i64 = 60_000;
const START: i64 = 1_795_478_400_000;
pub(super) const LINES: [(&str, usize); 3] = [("a", 3), ("b", 2), ("c", 1)];
/// The device whose readings come late now and then.
pub(super) const LATE: usize = 5;
pub(super) const ON_S: i64 = 90;
pub(super) const OFF_S: i64 = 60;
/// After how long the rule about silence holds, s; its delays come after that, as of any rule.
pub(super) const SILENT_S: i64 = 600;
/// How long a device has to speak after a start, s.
pub(super) const CHANCE_S: i64 = 300;

/// What somebody does at a step, to the alert of a rule if it is open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Acknowledge,
    Shelve,
    Suppress,
    Unsuppress,
}

/// What each device measures at each step, and what people do.
pub(super) struct Story {
    pub(super) steps: usize,
    pub(super) devices: Vec<EquipmentId>,
    pub(super) rules: Vec<[Rule; 8]>,
    /// Power and mode; nothing while it is silent.
    pub(super) values: Vec<Vec<Option<(f64, f64)>>>,
    /// While somebody works on a device: device, from, to.
    pub(super) work: Vec<(usize, usize, usize)>,
    /// While the readings of the late one are held back: from, to.
    held: Vec<(usize, usize)>,
    pub(super) deeds: BTreeMap<usize, Vec<(usize, usize, Deed)>>,
}

fn spans(chance: &mut Chance, steps: usize, count: usize, most: usize) -> Vec<(usize, usize)> {
    let span = |_| {
        let from = chance.index(steps);
        (from, (from + 1 + chance.index(most)).min(steps))
    };
    (0..count).map(span).collect()
}

impl Story {
    pub(super) fn of(seed: u64, steps: usize) -> Self {
        let mut chance = Chance::new(seed);
        let (_, devices) = Plant::made(&LINES);
        let often = 1 + steps / 60;
        let mut values = vec![vec![Some((50.0, 1.0)); steps]; devices.len()];
        for line in &mut values {
            for (from, to) in spans(&mut chance, steps, often, 30) {
                let high = [75.0, 80.0, 85.0, 90.0, 95.0, 100.0][chance.index(6)];
                let chatters = chance.percent(30);
                for (n, value) in line[from..to].iter_mut().enumerate() {
                    let low = chatters && n % 2 == 0;
                    *value = value.map(|(_, mode)| (if low { 74.0 } else { high }, mode));
                }
            }
            for (from, to) in spans(&mut chance, steps, often, 20) {
                let mode = [0.0, 1.0, 2.0][chance.index(3)];
                let set = |value: &mut Option<(f64, f64)>| *value = value.map(|(p, _)| (p, mode));
                line[from..to].iter_mut().for_each(set);
            }
            for (from, to) in spans(&mut chance, steps, often / 3, 40) {
                line[from..to].fill(None);
            }
        }
        // A feeder trips: all devices of a line are silent at once.
        for (from, to) in spans(&mut chance, steps, often / 3, 40) {
            values[..LINES[0].1]
                .iter_mut()
                .for_each(|line| line[from..to].fill(None));
        }
        let mut work = Vec::new();
        for (from, to) in spans(&mut chance, steps, often / 2, 40) {
            // On the others nobody works, however long the story: the model tells what they say.
            work.push((2 * chance.index(devices.len() / 2), from, to));
        }
        let mut deeds: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for step in 0..steps {
            let of = (chance.index(devices.len()), chance.index(8));
            let how = [Deed::Acknowledge, Deed::Shelve, Deed::Suppress][chance.index(3)];
            if chance.percent(40) {
                deeds.entry(step).or_default().push((of.0, of.1, how));
                if matches!(how, Deed::Suppress) {
                    let end = deeds.entry(step + 15).or_default();
                    end.push((of.0, of.1, Deed::Unsuppress));
                }
            }
        }
        let held = spans(&mut chance, steps, often / 2, 15);
        let rules = devices.iter().map(|id| rules_of(*id)).collect();
        Self {
            steps,
            devices,
            rules,
            values,
            work,
            held,
            deeds,
        }
    }

    /// The steps of a device whose readings are there with this one.
    pub(super) fn brings(&self, device: usize, step: usize) -> Vec<usize> {
        let held = |n: usize| {
            let of = |(from, to): &(usize, usize)| (*from..*to).contains(&n);
            device == LATE && self.held.iter().any(of)
        };
        if held(step) && step + 1 < self.steps {
            return Vec::new();
        }
        let first = (0..step).rev().take_while(|n| held(*n)).last();
        (first.unwrap_or(step)..=step).collect()
    }

    pub(super) fn batches(&self, step: usize) -> Vec<Batch> {
        let of = |device: usize| {
            let brought = self.brings(device, step).into_iter();
            brought.map(move |n| self.batch(device, n, step))
        };
        (0..self.devices.len()).flat_map(of).collect()
    }

    fn batch(&self, device: usize, n: usize, step: usize) -> Batch {
        let reading = |name: &str, value: Option<f64>| {
            let (metric, unit) = (Metric::new(name).unwrap(), Unit::none());
            match value {
                Some(value) => Reading::good(metric, Phase::Total, unit, value),
                None => Reading::missing(metric, Phase::Total, unit),
            }
        };
        let value = self.values[device][n];
        Batch {
            equipment: self.devices[device],
            at: time(n),
            arrived: time(step),
            interval_ms: 60_000,
            readings: vec![
                reading("power", value.map(|(power, _)| power)),
                reading("mode", value.map(|(_, mode)| mode)),
            ],
        }
    }

    pub(super) fn plant(&self, step: usize) -> Plant {
        let now = |(_, from, to): &&(usize, usize, usize)| (*from..*to).contains(&step);
        let out = self
            .work
            .iter()
            .filter(now)
            .map(|(device, ..)| self.devices[*device]);
        Plant::with(&LINES, &self.devices).without(&out.collect::<Vec<_>>())
    }

    /// Whether the plant is another one than at the step before.
    pub(super) fn changes(&self, step: usize) -> bool {
        let mut work = self.work.iter();
        work.any(|(_, from, to)| *from == step || *to == step)
    }

    pub(super) fn condition(&self, device: usize, rule: usize) -> String {
        format!("rule/{}", self.rules[device][rule].id)
    }
}

pub(super) fn time(step: usize) -> Timestamp {
    Timestamp::from_ms(START + i64::try_from(step).unwrap() * STEP_MS)
}

/// Limit with a step, rate, window, state, combination, limit in a shift, latched limit, silence.
fn rules_of(id: EquipmentId) -> [Rule; 8] {
    let made = |level: &str, mut said: Value| {
        let base = json!({ "equipment_id": id, "level": level, "on_delay_s": ON_S,
            "off_delay_s": OFF_S });
        said.as_object_mut()
            .unwrap()
            .extend(base.as_object().unwrap().clone());
        let said: NewRule = serde_json::from_value(said).unwrap();
        Rule::new(said, "site_a", Timestamp::from_ms(START)).unwrap()
    };
    let limit = |threshold: f64| json!({ "metric": "power", "operator": ">", "threshold": threshold, "dead_band": 5 });
    let with = |mut said: Value, key: &str, value: Value| {
        said[key] = value;
        said
    };
    let is = |metric: &str, operator: &str, threshold: f64| json!({ "is": { "metric": metric, "operator": operator, "threshold": threshold } });
    let of = |condition: Value| json!({ "condition": condition });
    let every_day = json!({ "days": [1, 2, 3, 4, 5, 6, 7], "from": "02:00", "to": "04:00" });
    [
        made(
            "High",
            with(
                limit(80.0),
                "steps",
                json!([{ "threshold": 95, "level": "Critical" }]),
            ),
        ),
        made(
            "Medium",
            of(json!({ "kind": "rate", "metric": "power", "operator": ">",
            "threshold": 4, "minutes": 5 })),
        ),
        made(
            "Medium",
            of(
                json!({ "kind": "window", "metric": "power", "function": "mean",
            "operator": ">", "threshold": 78, "minutes": 6 }),
            ),
        ),
        made(
            "Low",
            of(json!({ "kind": "state", "metric": "mode", "values": [2] })),
        ),
        made(
            "Emergency",
            of(json!({ "kind": "combination", "term": { "all": [
            is("power", ">", 60.0), is("mode", "==", 2.0)] } })),
        ),
        made("High", with(limit(76.0), "schedule", every_day)),
        made("Critical", with(limit(88.0), "latched", json!(true))),
        made(
            "High",
            of(json!({ "kind": "no_data", "silent_s": SILENT_S })),
        ),
    ]
}
