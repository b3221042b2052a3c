//! What a restore takes over from the data that it replaces.

use super::*;
use crate::base::Timestamp;
use crate::store::audit::Actor;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

fn id(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

fn record(n: u128, secret: u8) -> Value {
    json!({ "id": id(n), "hash": [secret], "key_hash": [secret], "key_hint": secret.to_string(),
        "key_made_at": secret, "enabled": true, "active": true, "role": "admin" })
}

fn put(store: &Store, table: Table<Value>, record: Value) {
    let work = move |tx: &Transaction<'_>| table.put(tx, &key_of(&record), &record);
    store.write_blocking(work).unwrap();
}

fn revoke(store: &Store, action: &'static str, resource: String) {
    let work = move |tx: &Transaction<'_>| {
        audit::append(tx, NOW, &Actor::console(), action, &resource, json!({}))
    };
    store.write_blocking(work).unwrap();
}

/// What is left of a backup that held tokens, kiosks, devices and users 1 to 3.
fn restored(since: Since) -> (Store, ShutOut, Value, tempfile::TempDir) {
    let usual = since.usual();
    restored_for(since, usual)
}

fn restored_for(since: Since, let_in: LetIn) -> (Store, ShutOut, Value, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    let store = Store::open(place.path(), "test").unwrap();
    for n in 1..=3 {
        for table in [TOKENS, KIOSKS, DEVICES, USERS] {
            put(&store, table, record(n, 7));
        }
    }
    let (out, gone) = store
        .write_blocking(move |tx| carry_over(tx, &since, let_in))
        .unwrap();
    (store, out, gone, place)
}

fn of(store: &Store, table: Table<Value>, n: u128) -> Option<Value> {
    let key = Uuid::from_u128(n);
    table.get(&store.read().unwrap(), key.as_bytes()).unwrap()
}

#[test]
fn what_was_revoked_since_does_not_live_again() {
    let place = tempfile::tempdir().unwrap();
    let current = Store::open(place.path(), "test").unwrap();
    // One is as it was; two was revoked; three was made after this data, by an older restore.
    for table in [TOKENS, KIOSKS, USERS] {
        put(&current, table, record(1, 7));
    }
    put(&current, DEVICES, record(1, 9));
    for (action, kind) in ENDS.iter().zip(["api_token", "kiosk", "device"]) {
        revoke(&current, action, format!("{kind}/{}", id(2)));
    }
    let mut out = record(2, 7);
    out["active"] = json!(false);
    put(&current, USERS, out);
    current.close();
    drop(current);
    let (store, out, gone, _place) = restored(Since::of_directory(place.path()));
    for table in [TOKENS, KIOSKS] {
        assert!(of(&store, table, 1).is_some() && of(&store, table, 3).is_some());
        assert_eq!(of(&store, table, 2), None);
    }
    let device = |n| of(&store, DEVICES, n).unwrap();
    assert_eq!(
        (&device(1)["key_hash"], &device(1)["enabled"]),
        (&json!([9]), &json!(true))
    );
    assert_eq!(device(2)["enabled"], false);
    assert_eq!(
        (&device(3)["key_hash"], &device(3)["enabled"]),
        (&json!([7]), &json!(true))
    );
    assert_eq!(of(&store, USERS, 2).unwrap()["active"], false);
    let all = ShutOut {
        tokens: 1,
        kiosks: 1,
        devices: 2,
        users: 1,
        demoted: 0,
    };
    assert_eq!(out, all);
    assert_eq!(gone.as_array().unwrap().len(), 3);

    // A later restore knows it from what this one carried on.
    let carried = move |tx: &Transaction<'_>| {
        let details = json!({ "revoked": gone });
        audit::append(tx, NOW, &Actor::console(), RESTORED, "appliance", details)
    };
    store.write_blocking(carried).unwrap();
    let work = |tx: &Transaction<'_>| DEVICES.remove(tx, Uuid::from_u128(2).as_bytes());
    store.write_blocking(work).unwrap();
    let (again, out, _, _place) = restored(Since::of(&store));
    assert_eq!(of(&again, TOKENS, 2), None);
    assert_eq!(of(&again, DEVICES, 2).unwrap()["enabled"], false);
    assert_eq!((out.tokens, out.kiosks), (1, 1));
}

#[test]
fn where_nobody_knows_what_was_revoked_devices_go_on_and_nothing_else() {
    let (broken, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(broken.path().join(DATA_FILE), b"no data file").unwrap();
    for (directory, is_lost) in [(&broken, true), (&empty, false)] {
        let since = || Since::of_directory(directory.path());
        assert_eq!(matches!(since(), Since::Lost), is_lost);
        let (store, out, _, _place) = restored(since());
        assert_eq!((of(&store, TOKENS, 1), of(&store, KIOSKS, 1)), (None, None));
        assert_eq!(of(&store, DEVICES, 1).unwrap(), record(1, 7));
        assert_eq!(of(&store, USERS, 1).unwrap()["active"], true);
        let machines = ShutOut {
            tokens: 3,
            kiosks: 3,
            ..ShutOut::default()
        };
        assert_eq!(out, machines);

        // Somebody knows better: the disk of this night's backup broke.
        let (store, out, _, _place) = restored_for(since(), LetIn::All);
        for table in [TOKENS, KIOSKS, DEVICES, USERS] {
            assert_eq!(of(&store, table, 2).unwrap(), record(2, 7));
        }
        assert_eq!(out, ShutOut::default());
    }
}

#[test]
fn after_a_theft_no_key_of_the_backup_opens_anything() {
    let place = tempfile::tempdir().unwrap();
    let current = Store::open(place.path(), "test").unwrap();
    for table in [TOKENS, KIOSKS, DEVICES, USERS] {
        put(&current, table, record(1, 7));
    }
    for since in [Since::of(&current), Since::Nothing, Since::Lost] {
        let (store, out, gone, _place) = restored_for(since, LetIn::Nobody);
        for n in 1..=3 {
            assert_eq!((of(&store, TOKENS, n), of(&store, KIOSKS, n)), (None, None));
            let device = of(&store, DEVICES, n).unwrap();
            assert_eq!(device["key_hash"], json!(NO_KEY));
            // With a new key it is in: nobody has to enable it besides.
            assert_eq!(device["enabled"], true);
        }
        assert_eq!((out.tokens, out.kiosks, out.devices), (3, 3, 3));

        // The same backup once more, as usual: it stays so, for tokens, kiosks and keys.
        let carried = move |tx: &Transaction<'_>| {
            let details = json!({ "revoked": gone });
            audit::append(tx, NOW, &Actor::console(), RESTORED, "appliance", details)
        };
        store.write_blocking(carried).unwrap();
        let (again, _, _, _again_place) = restored(Since::of(&store));
        assert_eq!((of(&again, TOKENS, 2), of(&again, KIOSKS, 2)), (None, None));
        assert_eq!(of(&again, DEVICES, 2).unwrap()["key_hash"], json!(NO_KEY));
    }
}

#[test]
fn somebody_stays_who_can_let_others_in() {
    let place = tempfile::tempdir().unwrap();
    let current = Store::open(place.path(), "test").unwrap();
    for n in 1..=3 {
        let mut out = record(n, 7);
        out["active"] = json!(false);
        put(&current, USERS, out);
    }
    let (store, out, _, _place) = restored(Since::of(&current));
    assert_eq!(out.users, 0);
    assert_eq!(of(&store, USERS, 1).unwrap()["active"], true);
}

#[test]
fn a_demotion_since_the_backup_holds_as_long_as_somebody_leads() {
    let place = tempfile::tempdir().unwrap();
    let current = Store::open(place.path(), "test").unwrap();
    put(&current, USERS, record(1, 7));
    let demote = |n, active| {
        let mut user = record(n, 7);
        (user["role"], user["site"], user["active"]) = (json!("viewer"), json!("a"), active);
        put(&current, USERS, user);
    };
    demote(2, json!(true));
    demote(3, json!(false));
    let (store, out, _, _place) = restored(Since::of(&current));
    let user = |store: &Store, n| of(store, USERS, n).unwrap();
    assert_eq!((out.demoted, out.users), (1, 1));
    assert_eq!(user(&store, 1), record(1, 7));
    let two = user(&store, 2);
    assert_eq!(
        (&two["role"], &two["active"]),
        (&json!("viewer"), &json!(true))
    );
    assert_eq!(two["sites"], json!(["a"]));
    let three = user(&store, 3);
    assert_eq!(
        (&three["role"], &three["active"]),
        (&json!("viewer"), &json!(false))
    );

    // The last one who leads: the administrators of the backup stay.
    demote(1, json!(true));
    let (store, out, _, _place) = restored(Since::of(&current));
    assert_eq!(
        (out.demoted, user(&store, 2)["role"].clone()),
        (0, json!("admin"))
    );
}
