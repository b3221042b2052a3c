//! Each check fails for what it is about, and for nothing else.

use super::*;
use crate::security::fixtures::{NOW, account, days_ago, device, facts, kiosk, token};

/// What fails, by check: what it is, and whom it names.
fn failing(facts: &Facts) -> Vec<(&'static str, &'static str, Option<String>)> {
    let named = |check: ComplianceCheck| {
        let key = check.key;
        let one = move |finding: Finding| (key, finding.key, finding.name);
        check.findings.into_iter().map(one).collect::<Vec<_>>()
    };
    checks(facts).into_iter().flat_map(named).collect()
}

fn result(facts: &Facts, key: &str) -> (CheckResult, usize) {
    let all = checks(facts);
    let found = all.iter().find(|check| check.key == key).unwrap();
    (found.result, found.examined)
}

fn name(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[test]
fn where_all_is_well_nothing_fails_and_nothing_is_claimed_of_what_is_not_there() {
    let facts = facts();
    assert_eq!(failing(&facts), []);
    let admins = result(&facts, "administrators_second_factor");
    assert_eq!(admins, (CheckResult::Met, 2));
    for key in [
        "people_second_factor",
        "token_life",
        "device_keys",
        "screens",
        "backups",
    ] {
        assert_eq!(result(&facts, key), (CheckResult::NothingThere, 0), "{key}");
    }
}

#[test]
fn people_are_looked_at_by_what_they_may() {
    let mut facts = facts();
    facts.accounts[0].user.two_factor = false;
    let mut bare = account("Chiraz", Role::Viewer);
    bare.user.two_factor = false;
    let mut wall = account("Wall", Role::Kiosk);
    wall.user.two_factor = false;
    let mut away = account("Away", Role::Operator);
    away.user.last_login = Some(days_ago(90));
    let mut never = account("Never", Role::Operator);
    never.user.last_login = None;
    let mut locked = account("Locked", Role::Viewer);
    locked.state = AccountState::Locked;
    locked.locked_until = Some(NOW.plus_ms(1));
    let mut invited = account("Invited", Role::Viewer);
    (invited.state, invited.created_at) = (AccountState::Invited, days_ago(7));
    let mut off = account("Off", Role::Admin);
    (off.state, off.user.two_factor) = (AccountState::Deactivated, false);
    facts
        .accounts
        .extend([bare, wall, away, never, locked, invited, off]);
    let expected = [
        (
            "administrators_second_factor",
            "mighty_no_factor",
            name("Amina"),
        ),
        ("people_second_factor", "no_factor", None),
        ("accounts_in_use", "unused_account", name("Away")),
        ("accounts_in_use", "unused_account", name("Never")),
        ("invitations", "invited", name("Invited")),
        ("locked_accounts", "locked", name("Locked")),
    ];
    assert_eq!(failing(&facts), expected);
    let admins = result(&facts, "administrators_second_factor");
    assert_eq!(admins, (CheckResult::Failed, 2));
    let people = result(&facts, "people_second_factor");
    assert_eq!(people, (CheckResult::Attention, 4));
    facts.accounts.remove(1);
    assert!(failing(&facts).contains(&("spare_administrator", "one_admin", None)));
}

#[test]
fn each_key_is_looked_at_for_its_life() {
    let mut facts = facts();
    let (mut over, mut ends, mut idle, mut open) =
        (token("over"), token("ends"), token("idle"), token("open"));
    (over.expires_at, over.last_used_at) = (days_ago(0), None);
    ends.expires_at = days_ago(-30);
    idle.last_used_at = None;
    open.addresses.clear();
    facts.tokens = vec![over, ends, idle, open];
    let (mut old, young) = (device("old"), device("young"));
    old.made_at = days_ago(730);
    facts.devices = vec![old, young];
    let mut gone = kiosk("Hall");
    gone.last_seen_at = None;
    facts.kiosks = vec![gone, kiosk("Gate")];
    let expected = [
        ("token_life", "token_over", name("over")),
        ("token_life", "token_ends", name("ends")),
        ("token_life", "token_unused", name("idle")),
        ("token_addresses", "token_anywhere", None),
        ("device_keys", "old_device_key", name("old")),
        ("screens", "kiosk_gone", name("Hall")),
    ];
    assert_eq!(failing(&facts), expected);
}

#[test]
fn the_looks_of_the_appliance_at_itself_are_evidence_and_plain_http_is_a_finding() {
    let look = |key, state, code| Check {
        key,
        state,
        code,
        value: None,
        unit: "",
        at: None,
    };
    let mut facts = facts();
    facts.checks = vec![
        look("disk", CheckState::Bad, "disk_full"),
        look("backup", CheckState::Bad, "backup_old"),
        look("clock", CheckState::Ok, "clock_ok"),
        look("certificate", CheckState::Ok, "certificate_none"),
    ];
    let codes: Vec<_> = checks(&facts)
        .into_iter()
        .flat_map(|check| check.findings)
        .map(|finding| (finding.tone, finding.check.unwrap().code))
        .collect();
    let expected = [
        (Tone::Attention, "certificate_none"),
        (Tone::Bad, "backup_old"),
    ];
    assert_eq!(codes, expected);
    assert_eq!(result(&facts, "clock"), (CheckResult::Met, 1));
    assert_eq!(result(&facts, "data_files"), (CheckResult::NothingThere, 0));
}
