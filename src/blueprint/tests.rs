//! A file out of one appliance and into another, and files that are refused.

use super::*;
use crate::alerts::NewRule;
use crate::auth::{Auth, NewUser, Role};
use crate::base::{EquipmentId, ManualClock};
use crate::equipment::NewEquipment;
use crate::live::Live;
use crate::store::Store;
use serde_json::json;
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

/// A data directory with one administrator who has a password.
async fn appliance(dir: &tempfile::TempDir) -> Store {
    let store = Store::open(dir.path(), "test").unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    let live = Arc::new(Live::new(Vec::new()));
    let auth = Auth::open(&store, clock, live).await.unwrap();
    let owner = NewUser {
        email: "owner@plant.example".to_owned(),
        username: None,
        name: "Owner".to_owned(),
        password: "Night-shift-2026".to_owned(),
    };
    auth.add_user(owner, Role::Admin, "site_a", Actor::console(), |_| Ok(()))
        .await
        .unwrap();
    store
}

fn of<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> serde_json::Result<T> {
    serde_json::from_value(value)
}

fn file() -> Blueprint {
    let meter = "01a20075-b23d-773c-a249-c5f78771fde8"
        .parse::<EquipmentId>()
        .unwrap();
    let said: NewEquipment = of(json!({
        "name": "Main meter \"north\"", "type": "Energy meter", "model": "SDM630",
        "install_date": "2024-05-01", "location": "Hall 2\u{00e9}",
        "specs": { "capacity_kw": 75.5, "plate": { "volt": 400, "none": null } },
        "modbus": { "host": "192.168.10.20", "profile": "eastron-sdm630", "unit_id": 3,
            "registers": { "flow": { "address": 12, "type": "float32", "unit": "m3/h" } } },
    }))
    .unwrap();
    let rule: NewRule = of(json!({
        "equipment_id": meter, "metric": "power", "operator": ">", "threshold": 60.0,
        "level": "High", "on_delay_s": 30,
        "steps": [{ "threshold": 70.0, "level": "Critical" }],
    }))
    .unwrap();
    let tariffs = crate::energy::tariff_examples().unwrap();
    let tariff: CarriedTariff = of(json!({
        "id": "01a20075-0000-773c-a249-c5f78771fde8", "site": "site_a", "name": "Mittelspannung",
        "in_use": true, "version": [{
            "valid_from": "2026-01-01", "source": "Contract of December",
            "entered_at": "2026-01-03T10:00:00.000Z", "entered_by": "owner@plant.example",
            "rules": tariffs[0].rules,
        }],
    }))
    .unwrap();
    let user: CarriedUser = of(json!({
        "email": "amina@plant.example", "name": "Amina", "role": "technician", "site": "site_a",
        "sites": ["site_a"], "phone": "+21650000000", "language": "fr", "active": true,
    }))
    .unwrap();
    let site: NewSite = of(json!({
        "name": "Sfax works", "key": "site_a", "time_zone": "Africa/Tunis", "currency": "TND",
        "price_per_kwh": "0.291",
    }))
    .unwrap();
    Blueprint {
        sites: vec![site],
        equipment: vec![(meter, "site_a".to_owned(), said)],
        rules: vec![(
            "01a20075-1111-773c-a249-c5f78771fde8".parse().unwrap(),
            "site_a".to_owned(),
            rule,
        )],
        tariffs: vec![tariff],
        users: vec![user],
        ..Blueprint::default()
    }
}

fn take(store: &Store, text: &str) -> Result<TakenOver> {
    let file = read(text)?;
    store.write_blocking(move |transaction| file.take_over(transaction, (&Actor::console(), NOW)))
}

fn text_of(store: &Store) -> String {
    write(&Blueprint::of(&store.read().unwrap()).unwrap(), "test").unwrap()
}

#[tokio::test]
async fn what_goes_out_comes_in_the_same() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = appliance(&dirs[0]).await;
    let taken = take(&first, &write(&file(), "test").unwrap()).unwrap();
    assert_eq!((taken.equipment.added, taken.user.added), (1, 1));
    let out = text_of(&first);
    assert!(out.contains("eastron-sdm630") && out.contains("Contract of December"));
    assert!(!out.contains("argon2"), "{out}");

    let second = appliance(&dirs[1]).await;
    let taken = take(&second, &out).unwrap();
    assert_eq!(
        taken.alert_rule,
        Taken {
            named: 1,
            added: 1,
            changed: 0
        }
    );
    assert_eq!(text_of(&second), out);
    // The same file again changes nothing.
    let taken = take(&second, &out).unwrap();
    assert!(!taken.is_change(), "{taken:?}");
    // One word of it changes one thing.
    let taken = take(&second, &out.replace("\"Amina\"", "\"Amina B.\"")).unwrap();
    assert_eq!(
        taken.user,
        Taken {
            named: 2,
            added: 0,
            changed: 1
        }
    );
    assert_eq!(
        taken.equipment,
        Taken {
            named: 1,
            added: 0,
            changed: 0
        }
    );
    assert!(text_of(&second).contains("Amina B."));
}

/// What is written wrongly, how, and the place that is named.
const MISTAKES: [(&str, &str, &str); 14] = [
    ("format = 1", "format = 2", "format"),
    ("format = 1", "", "format"),
    ("format = 1", "format = 1\nx = 1", "x"),
    ("unit_id = 3", "unit_id =", "file"),
    ("unit_id = 3", "unit_id = 0", "equipment.0.modbus.unit_id"),
    ("unit_id = 3", "unit = 3", "equipment.0.modbus.unit"),
    (
        "unit_id = 3",
        "unit_id = \"3\"",
        "equipment.0.modbus.unit_id",
    ),
    (
        "eastron-sdm630",
        "nobody-knows",
        "equipment.0.modbus.profile",
    ),
    (
        "on_delay_s = 30",
        "on_delay_s = 90000",
        "alert_rule.0.on_delay_s",
    ),
    (
        "threshold = 70.0",
        "threshold = 50.0",
        "alert_rule.0.steps.0.threshold",
    ),
    ("2026-01-01", "2026-01-32", "tariff.0.version.0.valid_from"),
    ("+21650000000", "0123", "user.0.phone"),
    ("\"technician\"", "\"king\"", "user.0.role"),
    ("Africa/Tunis", "Africa/Nowhere", "site.0.time_zone"),
];

#[tokio::test]
async fn a_file_with_a_mistake_is_refused_with_its_place_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = appliance(&dir).await;
    let good = write(&file(), "test").unwrap();
    let before = text_of(&store);
    for (wrong, with, path) in MISTAKES {
        let text = good.replacen(wrong, with, 1);
        assert_ne!(text, good, "{wrong}");
        let error = take(&store, &text).unwrap_err();
        let field = error.fields.first().unwrap();
        assert_eq!(field.path, path, "{with}: {error}");
        let head = format!("[[{}]]", path.split('.').next().unwrap());
        let place = match good.lines().position(|line| line == head) {
            Some(line) => format!("line {}", line + 1),
            None if path == "file" => "column".to_owned(),
            None => String::new(),
        };
        assert!(field.message.contains(&place), "{with}: {error}");
        assert_eq!(text_of(&store), before, "{with} changed something");
    }
}

#[tokio::test]
async fn somebody_can_still_administer_the_appliance() {
    let dir = tempfile::tempdir().unwrap();
    let store = appliance(&dir).await;
    take(&store, &write(&file(), "test").unwrap()).unwrap();
    let before = text_of(&store);
    let text = before.replace("role = \"admin\"", "role = \"viewer\"");
    assert_ne!(text, before);
    let error = take(&store, &text).unwrap_err();
    assert!(error.sentence.contains("administer"), "{error}");
    assert_eq!(text_of(&store), before);

    let blank = tempfile::tempdir().unwrap();
    let store = Store::open(blank.path(), "test").unwrap();
    let error = take(&store, &before).unwrap_err();
    assert!(error.sentence.contains("Set it up first"), "{error}");
    assert!(
        Blueprint::of(&store.read().unwrap())
            .unwrap()
            .sites
            .is_empty()
    );
}
