//! Facts for the tests of this room.

use super::{DeviceKey, Facts};
use crate::auth::{Account, AccountState, ApiToken, KioskView, Reach, Role, Scope, User};
use crate::base::{ApiTokenId, DeviceId, KioskId, Timestamp, UserId};
use crate::store::audit::Entry;

pub(super) const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
pub(super) const MINUTE_MS: i64 = 60_000;

pub(super) fn days_ago(days: i64) -> Timestamp {
    NOW.plus_ms(-days * super::DAY_MS)
}

/// An entry so many minutes ago.
pub(super) fn entry(
    sequence: u64,
    minutes_ago: i64,
    action: &str,
    user: &str,
    address: Option<&str>,
) -> Entry {
    Entry {
        sequence,
        at: NOW.plus_ms(-minutes_ago * MINUTE_MS),
        user_id: None,
        user: user.to_owned(),
        address: address.map(str::to_owned),
        action: action.to_owned(),
        resource: "session".to_owned(),
        details: serde_json::json!({}),
        request_id: None,
        sites: std::collections::BTreeSet::new(),
        previous: String::new(),
        content: None,
        hash: String::new(),
    }
}

pub(super) fn account(name: &str, role: Role) -> Account {
    let user = User {
        id: UserId::new(),
        email: format!("{name}@plant.example"),
        username: None,
        name: name.to_owned(),
        role: role.title(),
        role_key: role,
        site: "site_a".to_owned(),
        phone: None,
        language: None,
        sites: Reach::ALL,
        permissions: role.permissions(),
        last_login: Some(days_ago(1)),
        two_factor: true,
    };
    Account {
        user,
        state: AccountState::Active,
        locked_until: None,
        sessions: 0,
        created_at: days_ago(400),
    }
}

pub(super) fn token(name: &str) -> ApiToken {
    ApiToken {
        id: ApiTokenId::new(),
        name: name.to_owned(),
        scopes: vec![Scope::ReadingsRead],
        site: "site_a".to_owned(),
        created_by: "chief".to_owned(),
        created_at: days_ago(100),
        expires_at: days_ago(-300),
        last_used_at: Some(days_ago(1)),
        last_used_from: None,
        prefix: None,
        addresses: vec!["10.0.0.0/8".to_owned()],
        places: Vec::new(),
    }
}

pub(super) fn device(name: &str) -> DeviceKey {
    DeviceKey {
        id: DeviceId::new(),
        name: name.to_owned(),
        made_at: days_ago(5),
        last_seen_at: Some(days_ago(0)),
        wrong_key_at: None,
    }
}

pub(super) fn kiosk(name: &str) -> KioskView {
    serde_json::from_value(serde_json::json!({
        "id": KioskId::new(), "name": name, "site": "site_a", "address": "10.0.0.7",
        "approved_by": "chief", "approved_at": days_ago(31), "last_seen_at": days_ago(0),
    }))
    .unwrap()
}

/// Two administrators with a second factor, and nothing else.
pub(super) fn facts() -> Facts {
    Facts {
        now: NOW,
        accounts: vec![account("Amina", Role::Admin), account("Bilel", Role::Admin)],
        sessions: Vec::new(),
        tokens: Vec::new(),
        devices: Vec::new(),
        kiosks: Vec::new(),
        checks: Vec::new(),
    }
}
