//! When silence is told: over starts, and after somebody worked on a machine.

use super::draft::Draft;
use super::engine::{Engine, RULES};
use super::plant::Plant;
use super::rule::{NewRule, Rule};
use crate::base::{EquipmentId, Metric, Phase, Timestamp};
use crate::store::Store;
use serde_json::json;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const LINES: [(&str, usize); 1] = [("a", 1)];

struct Bench {
    store: Store,
    id: EquipmentId,
    _directory: tempfile::TempDir,
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

impl Bench {
    /// A device with a rule about so many hours of silence, made at the beginning of time.
    fn new(hours: i64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), "test").unwrap();
        let id = EquipmentId::new();
        let said = json!({ "equipment_id": id, "level": "High",
            "condition": { "kind": "no_data", "silent_s": hours * 3_600 } });
        let said: NewRule = serde_json::from_value(said).unwrap();
        let rule = Rule::new(said, "site_a", at(0)).unwrap();
        let written = store.write_blocking(move |tx| RULES.put(tx, rule.id.as_bytes(), &rule));
        written.unwrap();
        Self {
            store,
            id,
            _directory: directory,
        }
    }

    fn plant(&self) -> Plant {
        Plant::with(&LINES, &[self.id])
    }

    /// A start at this instant; what is stored was heard at `heard`, every so many ms.
    fn start(&self, now: i64, heard: Option<(i64, u32)>) -> Engine {
        let mut engine = Engine::new(at(now));
        engine.set_plant(self.plant());
        engine.begin(&self.store.read().unwrap()).unwrap();
        if let Some((heard, interval_ms)) = heard {
            let series = (&Metric::POWER, Phase::Total);
            engine.recall(self.id, series, (at(heard), 50.0), interval_ms);
        }
        engine
    }
}

/// Whether an alert stands after each of these looks.
fn looks(engine: &mut Engine, instants: &[i64]) -> Vec<bool> {
    let mut look = |ms: &i64| {
        engine.beat(at(*ms), &mut Draft::default());
        !engine.book.open.is_empty()
    };
    instants.iter().map(&mut look).collect()
}

#[test]
fn a_silence_longer_than_the_time_between_starts_is_told() {
    let bench = Bench::new(24);
    // Started anew every twenty hours: the third start tells, once it could have spoken.
    for heard in [Some((0, 60_000)), None] {
        let mut first = bench.start(HOUR_MS, heard);
        assert_eq!(looks(&mut first, &[20 * HOUR_MS]), [false]);
        let second = 21 * HOUR_MS;
        let mut second = bench.start(second, heard);
        let asked = [24 * HOUR_MS - 1, 24 * HOUR_MS];
        assert_eq!(looks(&mut second, &asked), [false, true]);
        let third = 41 * HOUR_MS;
        let asked = [third, third + 5 * MINUTE_MS - 1, third + 5 * MINUTE_MS];
        let mut third = bench.start(third, heard);
        assert_eq!(looks(&mut third, &asked), [false, false, true]);
    }
    bench.store.close();
}

#[test]
fn who_speaks_every_hour_has_two_of_them_after_a_start() {
    let bench = Bench::new(24);
    let start = 72 * HOUR_MS;
    let mut engine = bench.start(start, Some((0, 3_600_000)));
    let asked = [start + 2 * HOUR_MS - 1, start + 2 * HOUR_MS];
    assert_eq!(looks(&mut engine, &asked), [false, true]);
    bench.store.close();
}

#[test]
fn a_machine_that_comes_back_into_service_has_the_whole_time_to_speak() {
    let bench = Bench::new(1);
    let mut engine = bench.start(0, Some((0, 60_000)));
    engine.set_plant(bench.plant().without(&[bench.id]));
    assert_eq!(looks(&mut engine, &[HOUR_MS, 9 * HOUR_MS]), [false, false]);
    engine.set_plant(bench.plant());
    let back = 10 * HOUR_MS;
    let asked = [back, back + HOUR_MS - 1, back + HOUR_MS];
    assert_eq!(looks(&mut engine, &asked), [false, false, true]);
    bench.store.close();
}
