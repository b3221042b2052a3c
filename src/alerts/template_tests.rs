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
        nominal_v: Some(230.0),
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

#[test]
fn a_meter_of_400_v_gets_limits_of_400_v_and_one_that_said_nothing_none() {
    let limits = |volt: Option<f64>| {
        let mut facts = Facts {
            series: vec![Metric::with_phase("voltage_l1").unwrap()],
            ..Facts::default()
        };
        assert!(facts.waits_for_voltage());
        facts.learn(volt);
        let rules = voltage(EquipmentId::new(), &facts).into_iter();
        rules
            .map(|template| match template.rule.condition {
                Some(Condition::Threshold { threshold, .. }) => threshold,
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    // Exactly: a rule that says 253.000000000000028 is no limit that a person would enter.
    assert_eq!(limits(Some(228.4)), [207.0, 253.0]);
    assert_eq!(limits(Some(412.0)), [360.0, 440.0]);
    assert_eq!(limits(Some(124.0)), [108.0, 132.0]);
    for nothing in [None, Some(0.0), Some(180.0), Some(11_000.0), Some(f64::NAN)] {
        assert!(limits(nothing).is_empty(), "{nothing:?}");
    }
}
