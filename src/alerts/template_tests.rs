//! Which templates suit which equipment.

use super::*;
use crate::alerts::Rule;
use crate::base::Timestamp;

#[test]
fn every_template_is_a_rule_that_is_taken() {
    let id = EquipmentId::new();
    let series = [
        "power",
        "voltage_l1",
        "voltage_l2",
        "frequency",
        "power_factor",
    ];
    let series = series.map(|name| Metric::with_phase(name).unwrap());
    let meter = Facts {
        series: series.to_vec(),
        interval_ms: Some(5_000),
        capacity_kw: Some(80.0),
        ..Facts::default()
    };
    let cold = Facts {
        kind: "cold room".to_owned(),
        temperature_c: (Some(-25.0), Some(-15.0)),
        ..Facts::default()
    };
    let keys = |facts: &Facts| {
        let all = templates(id, facts);
        for template in &all {
            let rule = Rule::new(template.rule.clone(), "site_a", Timestamp::from_ms(0));
            assert_eq!(rule.unwrap().template.as_deref(), Some(template.key));
        }
        all.iter().map(|template| template.key).collect::<Vec<_>>()
    };
    let mains = [
        "voltage",
        "voltage",
        "voltage",
        "voltage",
        "frequency",
        "frequency",
    ];
    let expected = [&["no_data", "overload"][..], &mains, &["power_factor"]].concat();
    assert_eq!(keys(&meter), expected);
    let expected = [
        "no_data",
        "temperature",
        "temperature",
        "door_open",
        "power_ok",
    ];
    assert_eq!(keys(&cold)[..5], expected);
    assert!(keys(&Facts::default()).is_empty());
}
