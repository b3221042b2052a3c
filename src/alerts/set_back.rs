//! A clock that was set back: what was heard and measured at a time to come was so now.

use super::engine::Engine;
use crate::base::Timestamp;

impl Engine {
    /// Follows a clock that may have been set back. Without this the silence of a device would be
    /// counted from an instant to come, and nobody would be told of it until after that; and what is
    /// measured would be held for late until the time to come was there.
    pub(super) fn follow_clock(&mut self, now: Timestamp) {
        self.started = self.started.min(now);
        for watched in self.watched.values_mut() {
            if let Some(heard) = &mut watched.heard {
                heard.at = heard.at.min(now);
            }
            watched.back = watched.back.map(|back| back.min(now));
            for (at, _, until) in watched.series.iter_mut().filter_map(|s| s.last.as_mut()) {
                let ahead = (*at - now.ms()).max(0);
                (*at, *until) = (*at - ahead, *until - ahead);
            }
        }
        for slot in &mut self.slots {
            slot.follow_clock(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::Draft;
    use super::super::engine::{Engine, RULES};
    use super::super::plant::Plant;
    use super::super::rule::{NewRule, Rule};
    use crate::base::{Batch, Metric, Phase, Reading, Timestamp, Unit};
    use crate::store::Store;
    use serde_json::json;

    const DAY_MS: i64 = 24 * 3_600_000;

    /// A day ahead the device spoke, or the process began, or the rule was made; then the clock is set.
    fn rings(started: i64, made: i64, heard: Option<i64>) -> [usize; 2] {
        let at = Timestamp::from_ms;
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), "test").unwrap();
        let (plant, all) = Plant::made(&[("a", 1)]);
        let said = json!({ "equipment_id": all[0], "level": "High",
            "condition": { "kind": "no_data", "silent_s": 300 } });
        let said: NewRule = serde_json::from_value(said).unwrap();
        let rule = Rule::new(said, "site_a", at(made)).unwrap();
        let written = store.write_blocking(move |tx| RULES.put(tx, rule.id.as_bytes(), &rule));
        written.unwrap();
        let (mut engine, mut draft) = (Engine::new(at(started)), Draft::default());
        engine.set_plant(plant);
        engine.begin(&store.read().unwrap()).unwrap();
        if let Some(heard) = heard {
            let (metric, phase) = (Metric::POWER, Phase::Total);
            let batch = Batch {
                equipment: all[0],
                at: at(heard),
                arrived: at(heard),
                interval_ms: 60_000,
                readings: vec![Reading::good(metric, phase, Unit::none(), 50.0)],
            };
            engine.observe(&[batch], at(heard), &mut draft);
        }
        engine.follow_clock(at(DAY_MS));
        let open = [299_999, 300_000].map(|ms| {
            engine.follow_clock(at(DAY_MS + ms));
            engine.beat(at(DAY_MS + ms), &mut draft);
            engine.book.open.len()
        });
        store.close();
        open
    }

    #[test]
    fn a_silence_is_told_although_the_clock_was_set_back() {
        for (started, made, heard) in [
            (0, 0, Some(2 * DAY_MS)),
            (2 * DAY_MS, 0, None),
            (2 * DAY_MS, 2 * DAY_MS, Some(2 * DAY_MS)),
        ] {
            assert_eq!(
                rings(started, made, heard),
                [0, 1],
                "{started} {made} {heard:?}"
            );
        }
    }

    #[test]
    fn a_limit_is_watched_although_the_clock_was_set_back() {
        let at = Timestamp::from_ms;
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), "test").unwrap();
        let (plant, all) = Plant::made(&[("a", 1)]);
        let said = json!({ "equipment_id": all[0], "level": "High", "metric": "power",
            "operator": ">", "threshold": 80 });
        let said: NewRule = serde_json::from_value(said).unwrap();
        let rule = Rule::new(said, "site_a", at(0)).unwrap();
        let written = store.write_blocking(move |tx| RULES.put(tx, rule.id.as_bytes(), &rule));
        written.unwrap();
        let (mut engine, mut draft) = (Engine::new(at(0)), Draft::default());
        engine.set_plant(plant);
        engine.begin(&store.read().unwrap()).unwrap();
        let batch = |ms: i64, value: f64| Batch {
            equipment: all[0],
            at: at(ms),
            arrived: at(ms),
            interval_ms: 60_000,
            readings: vec![Reading::good(
                Metric::POWER,
                Phase::Total,
                Unit::none(),
                value,
            )],
        };
        engine.observe(&[batch(2 * DAY_MS, 50.0)], at(2 * DAY_MS), &mut draft);
        engine.follow_clock(at(DAY_MS));
        engine.observe(&[batch(DAY_MS, 90.0)], at(DAY_MS), &mut draft);
        let active = |engine: &Engine| engine.book.open.values().filter(|a| a.active).count();
        assert_eq!(active(&engine), 1);
        engine.observe(
            &[batch(DAY_MS + 60_000, 50.0)],
            at(DAY_MS + 60_000),
            &mut draft,
        );
        assert_eq!(active(&engine), 0);
        store.close();
    }
}
