//! What is recognised, and what is none.

use super::*;
use crate::auth::KeyPlace;
use crate::security::fixtures::{MINUTE_MS, NOW, account, days_ago, device, entry, facts, token};
use serde_json::json;

const DAY: i64 = 24 * 60;

fn kinds(entries: &[Entry], facts: &Facts) -> Vec<(ThreatKind, ThreatStatus)> {
    let found = threats(entries, facts);
    found
        .iter()
        .map(|threat| (threat.kind, threat.status))
        .collect()
}

/// Oldest first, as the log has them.
fn tries(count: u64, minutes_ago: i64, from: impl Fn(u64) -> String) -> Vec<Entry> {
    let one = |n| {
        let ago = minutes_ago - i64::try_from(n).unwrap();
        entry(
            n + 1,
            ago,
            "auth.login_failed",
            &format!("name{n}"),
            Some(&from(n)),
        )
    };
    (0..count).map(one).collect()
}

use ThreatKind::{
    EnteredAfterGuessing, Guessing, GuessingAccount, KeyTwoPlaces, NewDeviceAdmin, RefreshReused,
    Reported, WrongDeviceKey,
};
use ThreatStatus::{Active, Past};

#[test]
fn guessing_is_told_from_a_slip_of_the_finger() {
    let one = |_| "10.0.0.9".to_owned();
    assert!(kinds(&tries(9, 500, one), &facts()).is_empty());
    let found = threats(&tries(30, 500, one), &facts());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].count), (Guessing, 30));
    assert_eq!(found[0].address.as_deref(), Some("10.0.0.9"));
    // The newest entries, and no more of them than one can look at.
    assert_eq!(found[0].events, (11..=30).rev().collect::<Vec<u64>>());
    assert_eq!(
        kinds(&tries(30, 2 * DAY, one), &facts()),
        [(Guessing, Past)]
    );
    // Nine a day for a week are nobody's flood.
    let slow: Vec<_> = (0..14)
        .map(|n| {
            entry(
                n + 1,
                (14 - i64::try_from(n).unwrap()) * DAY / 2,
                "auth.login_failed",
                "amel",
                Some("10.0.0.9"),
            )
        })
        .collect();
    assert!(kinds(&slow, &facts()).is_empty());
}

#[test]
fn guessing_from_many_places_at_one_account_is_seen() {
    let mut entries = tries(12, 500, |n| format!("10.0.0.{}", n % 4));
    assert!(kinds(&entries, &facts()).is_empty());
    for (n, entry) in entries.iter_mut().enumerate() {
        entry.user = ["Amel@plant.example", "amel@plant.example"][n % 2].to_owned();
    }
    let found = threats(&entries, &facts());
    assert_eq!(found[0].kind, GuessingAccount);
    let from = found[0].address.as_deref();
    assert_eq!(from, Some("10.0.0.0, 10.0.0.1, 10.0.0.2, 10.0.0.3"));
}

#[test]
fn who_gets_in_after_many_tries_is_named() {
    let mut entries: Vec<_> = (0..5)
        .map(|n| entry(n + 1, 30, "auth.login_failed", "amel", Some("10.0.0.9")))
        .collect();
    entries.push(entry(6, 20, "auth.login", "Amel", Some("10.0.0.9")));
    let found = threats(&entries, &facts());
    assert_eq!(
        (found[0].kind, found[0].severity),
        (EnteredAfterGuessing, Severity::Warning)
    );
    assert_eq!((found[0].count, &found[0].events[..2]), (5, &[6, 5][..]));
    entries[5].details = json!({ "new_device": true });
    assert_eq!(threats(&entries, &facts())[0].severity, Severity::Critical);
    // From elsewhere, or long after, it is another story.
    let mut elsewhere = entries.clone();
    elsewhere[5].address = Some("10.0.0.8".to_owned());
    assert!(kinds(&elsewhere, &facts()).is_empty());
    entries[5].at = NOW.plus_ms(60 * MINUTE_MS);
    assert!(kinds(&entries, &facts()).is_empty());
}

#[test]
fn a_key_that_comes_back_and_a_new_browser_of_an_administrator_are_seen() {
    let facts = facts();
    let mut login = entry(2, 60, "auth.login", "amina", Some("10.0.0.3"));
    login.user_id = Some(facts.accounts[0].user.id);
    login.details = json!({ "new_device": true });
    let reused = entry(1, 3 * DAY, "auth.refresh_reused", "amina", Some("10.0.0.4"));
    let found = threats(&[reused, login.clone()], &facts);
    let seen: Vec<_> = found.iter().map(|t| (t.kind, t.status)).collect();
    assert_eq!(seen, [(RefreshReused, Past), (NewDeviceAdmin, Active)]);
    assert_eq!(found[1].name.as_deref(), Some("Amina"));
    // A known browser, somebody who is no administrator, and the first browser of a new account.
    let mut known = login.clone();
    known.details = json!({ "new_device": false });
    assert!(kinds(&[known], &facts).is_empty());
    let mut less = facts.clone();
    less.accounts[0].user.role_key = Role::Viewer;
    assert!(kinds(&[login.clone()], &less).is_empty());
    let mut young = facts;
    young.accounts[0].created_at = NOW.plus_ms(-61 * MINUTE_MS);
    assert!(kinds(&[login.clone()], &young).is_empty());
    let mut second = login.clone();
    second.sequence = 3;
    assert_eq!(kinds(&[login, second], &young), [(NewDeviceAdmin, Active)]);
}

#[test]
fn a_token_in_two_places_and_a_wrong_key_are_seen() {
    let mut facts = facts();
    let place = |address: &str, returned: bool| KeyPlace {
        address: address.to_owned(),
        last_used_at: days_ago(0),
        returned_at: returned.then(|| days_ago(0)),
    };
    let mut moved = token("moved");
    moved.places = vec![place("10.0.0.1", false), place("10.0.0.2", false)];
    let mut meant = token("meant");
    meant.addresses = vec!["10.0.0.1".to_owned(), "10.0.0.2".to_owned()];
    meant.places = vec![place("10.0.0.1", true), place("10.0.0.2", false)];
    facts.tokens = vec![moved, meant];
    assert!(kinds(&[], &facts).is_empty());
    facts.tokens[0].places[1].returned_at = Some(days_ago(0));
    let (mut wrong, mut old) = (device("wrong"), device("old"));
    wrong.wrong_key_at = Some(days_ago(2));
    old.wrong_key_at = Some(days_ago(8));
    facts.devices = vec![wrong, old];
    assert_eq!(
        kinds(&[], &facts),
        [(KeyTwoPlaces, Active), (WrongDeviceKey, Past)]
    );
    let found = threats(&[], &facts);
    assert_eq!(found[0].address.as_deref(), Some("10.0.0.1, 10.0.0.2"));
}

#[test]
fn what_another_system_calls_critical_is_a_threat() {
    let mut told = entry(1, 5, REPORTED, "token:Firewall", None);
    told.details = json!({ "severity": "warning", "source": "Firewall", "message": "Scan." });
    assert!(kinds(&[told.clone()], &facts()).is_empty());
    told.details["severity"] = json!("critical");
    let found = threats(&[told], &facts());
    assert_eq!(
        (found[0].kind, found[0].name.as_deref()),
        (Reported, Some("Firewall"))
    );
    assert_eq!(found[0].description, "Scan.");
    let nobody = account("Nobody", Role::Viewer);
    assert!(
        threats(
            &[],
            &Facts {
                accounts: vec![nobody],
                ..facts()
            }
        )
        .is_empty()
    );
}
