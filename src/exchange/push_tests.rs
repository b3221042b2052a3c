//! Whose reading a line is, of what and when.

use super::*;
use crate::equipment::{AdminStatus, Equipment, NewEquipment, Profiles};

const NOW: Timestamp = Timestamp::from_ms(1_795_249_800_000);

fn equipment(name: &str, serial: Option<&str>, status: AdminStatus) -> Equipment {
    let new = NewEquipment {
        name: name.to_owned(),
        kind: "Meter".to_owned(),
        model: "T1".to_owned(),
        install_date: "2024-05-01".to_owned(),
        serial_number: serial.map(str::to_owned),
        location: None,
        status,
        in_site_total: true,
        specs: serde_json::Map::new(),
        modbus: None,
    };
    Equipment::new(new, "site_a", &Profiles::embedded().unwrap(), NOW).unwrap()
}

fn rules() -> Rules {
    Rules {
        precision: Precision::Nanoseconds,
        interval_ms: None,
        now: NOW,
        accepts_from: crate::base::Timestamp::default(),
        decommissioned: false,
    }
}

fn pushed_with(rules: Rules, text: &str) -> Pushed {
    let all = [
        equipment("Main", Some("S-1"), AdminStatus::Active),
        equipment("Twin", Some("S-2"), AdminStatus::Active),
        equipment("Twin", Some("S-3"), AdminStatus::Active),
        equipment("Old", None, AdminStatus::Decommissioned),
    ];
    let directory = Directory::of(&all);
    let nothing = |_| Vec::new();
    let mut sorter = Sorter::new(&directory, rules, &nothing);
    sorter.text(text);
    sorter.finish()
}

fn pushed(text: &str) -> Pushed {
    pushed_with(rules(), text)
}

#[test]
fn phases_of_one_instant_are_one_batch() {
    let text = "energy_readings,equipment_id=Main,site=site_a,phase=L1 power=1.5,voltage=230.1 1795249800000000000
        energy_readings,equipment_id=S-1,phase=l2 power=2i 1795249800000999999
        energy_readings,equipment_id=Main,phase=total power=9,voltage_l3=229,on=t,power=9 1795249800000000000
        energy_readings,equipment_id=Main,phase=total power=3.5,voltage_l3=229,on=t 1795249800000000000";
    let pushed = pushed(text);
    assert_eq!((pushed.accepted, pushed.refused_total), (3, 1));
    assert_eq!(pushed.refused[0].place, "field power");
    let [batch] = pushed.batches.as_slice() else {
        panic!("{:?}", pushed.batches);
    };
    assert_eq!(
        (batch.at, batch.arrived, batch.interval_ms),
        (NOW, NOW, 60_000)
    );
    let told: Vec<_> = batch
        .readings
        .iter()
        .map(|r| (r.metric.as_str(), r.phase, r.value, r.unit.as_str()))
        .collect();
    let expected = [
        ("power", Phase::L1, Some(1.5), "kW"),
        ("voltage", Phase::L1, Some(230.1), "V"),
        ("power", Phase::L2, Some(2.0), "kW"),
        ("power", Phase::Total, Some(3.5), "kW"),
        ("voltage", Phase::L3, Some(229.0), "V"),
        ("on", Phase::Total, Some(1.0), ""),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_line_is_refused_whole_and_with_its_place() {
    for (line, place) in [
        ("m f=1", "tag equipment_id"),
        ("m,equipment_id=Nobody f=1", "tag equipment_id"),
        ("m,equipment_id=Twin f=1", "tag equipment_id"),
        ("m,equipment_id=Old f=1", "tag equipment_id"),
        ("m,equipment_id=Main,site=site_b f=1", "tag site"),
        ("m,equipment_id=Main,phase=L4 f=1", "tag phase"),
        ("m,equipment_id=Main,interval=often f=1", "tag interval"),
        ("m,equipment_id=Main,interval=2h f=1", "tag interval"),
        ("m,equipment_id=Main f=1,state=\"on\"", "field state"),
        ("m,equipment_id=Main f=1,Power=1", "field Power"),
        (
            "m,equipment_id=Main,phase=L1 voltage_l2=1",
            "field voltage_l2",
        ),
        ("m,equipment_id=Main f=1,f=NaN", "field f"),
        ("m,equipment_id=Main f=1 1795249800", "timestamp"),
        ("m,equipment_id=Main f=1 1795336200001000000", "timestamp"),
    ] {
        let pushed = pushed(line);
        assert!(pushed.batches.is_empty() && pushed.accepted == 0, "{line}");
        assert_eq!(pushed.refused[0].place, place, "{line}");
    }
    assert_eq!(
        pushed("m,equipment_id=Main f=1 1795336200000000000").accepted,
        1
    );
    let many = "m f=1\n".repeat(150);
    let pushed = pushed(&many);
    assert_eq!((pushed.refused.len(), pushed.refused_total), (100, 150));
}

#[test]
fn times_follow_the_precision() {
    for (name, time) in [
        ("", "1795249800000000000"),
        ("n", "1795249800000000000"),
        ("us", "1795249800000000"),
        ("u", "1795249800000000"),
        ("ms", "1795249800000"),
        ("s", "1795249800"),
        ("m", "29920830"),
    ] {
        let precision = Precision::named(name).unwrap();
        let line = format!("m,equipment_id=Main f=1 {time}");
        let pushed = pushed_with(
            Rules {
                precision,
                ..rules()
            },
            &line,
        );
        assert_eq!(pushed.batches[0].at, NOW, "{name}");
    }
    let hours = Rules {
        precision: Precision::named("h").unwrap(),
        ..rules()
    };
    let pushed = pushed_with(hours, &format!("m,equipment_id=Main f=1 {}", i64::MAX));
    assert_eq!(pushed.refused[0].place, "timestamp");
    assert_eq!(Precision::named("d"), None);
}

#[test]
fn an_interval_is_that_of_the_line_or_of_the_request() {
    for (text, ms) in [
        ("500ms", 500),
        ("10s", 10_000),
        ("15m", 900_000),
        ("1h", 3_600_000),
        ("5", 5_000),
    ] {
        assert_eq!(interval(text), Some(ms), "{text}");
    }
    for bad in ["", "s", "-5s", "1d", "61m", "10ms", "1.5s", "99999999999s"] {
        assert_eq!(interval(bad), None, "{bad}");
    }
    let asked = Rules {
        interval_ms: Some(10_000),
        ..rules()
    };
    let both = "m,equipment_id=Main f=1 1795249800000000000\nm,equipment_id=S-2,interval=5s f=1";
    let pushed = pushed_with(asked, both);
    let told: Vec<_> = pushed.batches.iter().map(|b| b.interval_ms).collect();
    assert_eq!(told, [10_000, 5_000]);
}

#[test]
fn the_past_of_what_is_out_of_use_may_be_brought_in() {
    let past = Rules {
        decommissioned: true,
        ..rules()
    };
    assert_eq!(pushed_with(past, "m,equipment_id=Old f=1").accepted, 1);
}
