//! Rules that are taken and refused.

#![allow(clippy::needless_pass_by_value)] // a rule is written where it is used

use super::*;
use serde_json::{Value, json};

fn made(rule: Value) -> Result<Rule> {
    let mut base = json!({ "equipment_id": EquipmentId::new(), "level": "High" });
    let object = base.as_object_mut().unwrap();
    object.extend(rule.as_object().unwrap().clone());
    let input = serde_json::from_value(base).map_err(|e| Error::internal(e.to_string()))?;
    Rule::new(input, "site_a", Timestamp::from_ms(0))
}

fn refused(rule: Value) -> Vec<String> {
    let error = made(rule).unwrap_err();
    error.fields.into_iter().map(|field| field.path).collect()
}

#[test]
fn the_short_form_is_a_threshold() {
    let rule = made(json!({ "metric": "power", "operator": ">", "threshold": 70,
        "steps": [{ "threshold": 80, "level": "Critical" }] }))
    .unwrap();
    assert_eq!(rule.name, "power above 70");
    assert_eq!(
        (rule.level_of(0), rule.level_of(1)),
        (Level::High, Level::Critical)
    );
    assert_eq!(rule.limit_of(1), Some(80.0));
    let again = rule.with(rule.said(), Timestamp::from_ms(0)).unwrap();
    assert_eq!(
        again,
        Rule {
            revision: 2,
            ..rule
        }
    );
}

#[test]
fn every_mistake_is_named_with_its_place() {
    assert_eq!(
        refused(json!({ "metric": "power" })),
        ["operator", "threshold"]
    );
    let power = |more: Value| {
        let mut rule = json!({ "metric": "power", "operator": ">", "threshold": 70 });
        let object = rule.as_object_mut().unwrap();
        object.extend(more.as_object().unwrap().clone());
        rule
    };
    assert_eq!(refused(power(json!({ "dead_band": -1 }))), ["dead_band"]);
    assert_eq!(
        refused(power(json!({ "on_delay_s": 86401 }))),
        ["on_delay_s"]
    );
    let steps = json!({ "steps": [{ "threshold": 60, "level": "Low" }] });
    assert_eq!(
        refused(power(steps)),
        ["steps.0.threshold", "steps.0.level"]
    );
    let night = json!({ "schedule": { "days": [9], "from": "06:00", "to": "7" } });
    assert_eq!(refused(power(night)), ["schedule.days", "schedule.to"]);
    let both = power(json!({ "condition": { "kind": "no_data", "silent_s": 60 } }));
    assert_eq!(refused(both), ["condition"]);
    let silent = json!({ "condition": { "kind": "no_data", "silent_s": 1 } });
    assert_eq!(refused(silent), ["condition.silent_s"]);
    let energy = json!({ "condition": { "kind": "window", "metric": "power", "minutes": 15,
        "function": "energy", "operator": ">", "threshold": 1 } });
    assert_eq!(refused(energy), ["condition.function"]);
    let unknown = json!({ "condition": { "kind": "no_data", "silent_s": 60, "x": 1 } });
    assert!(made(unknown).is_err());
}
