//! Rehearsals of made-up days.

#![allow(clippy::needless_pass_by_value)] // a rule is written where it is used

use super::*;
use serde_json::json;

fn rule(more: serde_json::Value) -> Rule {
    let mut said = json!({ "equipment_id": EquipmentId::new(), "level": "High" });
    let object = said.as_object_mut().unwrap();
    object.extend(more.as_object().unwrap().clone());
    let input = serde_json::from_value(said).unwrap();
    Rule::new(input, "site_a", Timestamp::from_ms(0)).unwrap()
}

fn rows(values: impl IntoIterator<Item = (i64, f64)>) -> Vec<Row> {
    let row = |(second, value): (i64, f64)| Row {
        at: second * 1_000,
        values: vec![Some(value)],
        interval_ms: 5_000,
    };
    values.into_iter().map(row).collect()
}

#[test]
fn a_rule_that_chatters_is_given_a_dead_band_or_a_delay() {
    let power = rule(json!({ "metric": "power", "operator": ">", "threshold": 100 }));
    // Half a day well, then a noise around the limit for an hour, then twenty minutes beyond.
    let noise = (0..720).map(|n| (43_200 + n * 5, if n % 2 == 0 { 100.5 } else { 99.5 }));
    let beyond = (0..240).map(|n| (50_000 + n * 5, 130.0));
    let well = (0..100).map(|n| (52_000 + n * 5, 50.0));
    let rows = rows(noise.chain(beyond).chain(well));
    let range = TimeRange {
        from: Timestamp::from_ms(0),
        to: Timestamp::from_ms(DAY_MS),
    };
    let found = judge(&power, &rows, range, 0, &Calendar::utc());
    assert_eq!(found.alerts, 361);
    assert!(found.chatter > 300 && found.flood_share > 0.9, "{found:?}");
    assert!(
        (found.longest_s - 2_000.0).abs() < 1.0,
        "{}",
        found.longest_s
    );
    let suggested = found.suggested.expect("a dead band is enough");
    assert_eq!((suggested.on_delay_s, suggested.alerts), (0, 1));
    let calm = Rule {
        on_delay_s: suggested.on_delay_s,
        dead_band: suggested.dead_band,
        ..power
    };
    let again = judge(&calm, &rows, range, 0, &Calendar::utc());
    assert_eq!((again.alerts, again.chatter, again.suggested), (1, 0, None));
}

#[test]
fn silence_is_rehearsed_from_the_gaps() {
    let silent = rule(json!({ "condition": { "kind": "no_data", "silent_s": 60 } }));
    let rows = rows([(0, 1.0), (5, 1.0), (64, 1.0), (200, 1.0), (205, 1.0)]);
    let found = replay(&silent, &rows, &Calendar::utc());
    assert_eq!(found, [(124_000, Some(200_000))]);
}
