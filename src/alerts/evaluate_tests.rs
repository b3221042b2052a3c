//! The evaluator against a model that looks at every second of the whole story anew.

use super::*;
use crate::alerts::rule::NewRule;
use crate::base::{EquipmentId, Level};
use proptest::prelude::*;
use serde_json::json;

fn rule(on_s: u32, off_s: u32, band: f64) -> Rule {
    let said: NewRule = serde_json::from_value(json!({
        "equipment_id": EquipmentId::new(), "metric": "power", "operator": ">", "threshold": 70,
        "steps": [{ "threshold": 80, "level": "Critical" }], "level": Level::High,
        "dead_band": band, "on_delay_s": on_s, "off_delay_s": off_s }))
    .unwrap();
    Rule::new(said, "site_a", Timestamp::from_ms(0)).unwrap()
}

/// How long a value stands, s.
const FRESH_S: i64 = 10;

/// What counts for one limit at the end of the story, told second by second.
fn model(readings: &[(i64, f64)], limit: f64, band: f64, on_s: i64, off_s: i64, end: i64) -> bool {
    let (mut raw, mut since, mut on, mut next) = (false, 0, false, 0);
    let mut held = 0;
    for second in 0..=end {
        let passes = |raw: bool, since: i64, on: bool, until: i64| {
            let delay = if raw { on_s } else { off_s };
            raw != on && since + delay <= until
        };
        if second <= held && passes(raw, since, on, second) {
            on = raw;
        }
        while next < readings.len() && readings[next].0 == second {
            let value = readings[next].1;
            let now = if raw {
                value > limit - band
            } else {
                value > limit
            };
            if now != raw {
                (raw, since) = (now, second);
            }
            held = second + FRESH_S;
            if passes(raw, since, on, second) {
                on = raw;
            }
            next += 1;
        }
    }
    on
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn it_says_what_the_model_says(
        steps in prop::collection::vec((1i64..25, 55.0f64..95.0), 1..60),
        on_s in 0u32..30, off_s in 0u32..30, band in 0.0f64..6.0, beats in any::<bool>(),
    ) {
        let rule = rule(on_s, off_s, band);
        let mut memory = Memory::of(&rule);
        let (mut second, mut readings) = (0, Vec::new());
        for (apart, value) in steps {
            if beats {
                for beat in second..second + apart {
                    memory.pass(&rule, Timestamp::from_ms(beat * 1_000));
                }
            }
            second += apart;
            readings.push((second, value));
            let until = (second + FRESH_S) * 1_000;
            let before = memory.grade();
            let outcome = memory.take(&rule, value, second * 1_000, until, true);
            if let Some((grade, _)) = outcome.grades.last() {
                prop_assert_eq!(*grade, memory.grade());
            } else {
                prop_assert_eq!(before, memory.grade());
            }
            let (on, off) = (i64::from(on_s), i64::from(off_s));
            for (n, limit) in [70.0, 80.0].into_iter().enumerate() {
                let expected = model(&readings, limit, band, on, off, second);
                prop_assert_eq!(memory.steps[n].on, expected, "limit {} at {}", limit, second);
            }
            // What is stored is enough to go on with.
            if outcome.changed && !memory.is_waiting() {
                let again = Memory::stored(&rule, &memory.steps, None);
                prop_assert_eq!(again.grade(), memory.grade());
            }
        }
    }
}

#[test]
fn a_moment_that_counted_between_two_readings_is_an_alert() {
    let rule = rule(5, 0, 0.0);
    let mut memory = Memory::of(&rule);
    memory.take(&rule, 75.0, 0, 10_000, true);
    let outcome = memory.take(&rule, 60.0, 8_000, 18_000, true);
    assert_eq!(outcome.grades, [(1, 5_000), (0, 8_000)]);
}

#[test]
fn a_silent_device_ends_no_delay() {
    let rule = rule(60, 0, 0.0);
    let mut memory = Memory::of(&rule);
    memory.take(&rule, 75.0, 0, 10_000, true);
    assert!(!memory.is_due(&rule, Timestamp::from_ms(3_600_000)));
    let outcome = memory.take(&rule, 75.0, 3_600_000, 3_610_000, true);
    assert_eq!(
        outcome.grades,
        [(1, 60_000)],
        "it held before and after the gap"
    );
}

#[test]
fn outside_its_schedule_nothing_holds() {
    let rule = rule(0, 0, 0.0);
    let mut memory = Memory::of(&rule);
    assert!(memory.take(&rule, 90.0, 0, 1, false).grades.is_empty());
    assert_eq!(memory.take(&rule, 90.0, 1, 2, true).grades, [(2, 1)]);
    assert_eq!(memory.take(&rule, 90.0, 2, 3, false).grades, [(0, 2)]);
}
