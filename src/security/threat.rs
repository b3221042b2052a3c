//! *pure* — threats, recognised from events and from what is known of keys. Each names what it was
//! recognised from.

use super::event::{Category, REPORTED, SecurityEvent, Severity};
use super::{DAY_MS, Facts, LOOKED_BACK_MS};
use crate::auth::{ApiToken, Role};
use crate::base::Timestamp;
use crate::store::audit::Entry;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// So many refusals within a day are no slip of the finger.
pub const GUESSES: usize = 10;
/// From so many addresses an account is guessed at when it is guessed at from several.
const GUESSING_ADDRESSES: usize = 3;
/// So many refusals within the hour before somebody got in are worth a word.
const TRIES_BEFORE: usize = 5;
const HOUR_MS: i64 = 3_600_000;
/// An account that is younger has no browser yet that it could know, ms.
const NEW_ACCOUNT_MS: i64 = DAY_MS;
/// Entries that a threat names at most, the newest.
const EVENTS_NAMED: usize = 20;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreatKind {
    /// One address tries and tries.
    Guessing,
    /// Several addresses try at one account.
    GuessingAccount,
    /// Somebody got in after many wrong tries from the same address.
    EnteredAfterGuessing,
    /// A used refresh token came back: a copy of it is about.
    RefreshReused,
    /// An administrator signed in from a browser that he never used before.
    NewDeviceAdmin,
    /// An API token is used from two places in turn.
    KeyTwoPlaces,
    /// Somebody came with the number of a device and a wrong key.
    WrongDeviceKey,
    /// Another system of the plant reported something critical.
    Reported,
}

/// Whether it is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreatStatus {
    /// It was seen within the last day.
    Active,
    /// It was not seen for a day.
    Past,
}

/// A threat.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Threat {
    /// What it is.
    pub kind: ThreatKind,
    /// How grave it is.
    pub severity: Severity,
    /// Whether it is going on.
    pub status: ThreatStatus,
    /// Whom or what it is about: the account, the token, the device.
    pub name: Option<String>,
    /// From where, several with commas.
    pub address: Option<String>,
    /// How often.
    pub count: usize,
    /// When it was first seen in the days that were looked at.
    pub first_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// Where one looks into it: `audit`, `session`, `user/…`, `api_token/…`, `device/…`.
    pub object: String,
    /// The newest entries of the audit log that show it, 20 at most; none where something else does.
    pub events: Vec<u64>,
    /// What it means and what to do, in English; the page says it in its own words.
    pub description: String,
}

/// Every threat of the days looked at, the gravest first, then the newest. `entries` are the events,
/// oldest first.
#[must_use]
pub fn threats(entries: &[Entry], facts: &Facts) -> Vec<Threat> {
    let mut found = guessing(entries, facts);
    found.extend(guessing_at_one(entries, facts));
    found.extend(entries.iter().enumerate().filter_map(
        |(place, entry)| match entry.action.as_str() {
            "auth.refresh_reused" => Some(reused(entry, facts)),
            "auth.login" => {
                let entered = entered(&entries[..place], entry, facts);
                entered.or_else(|| new_device(&entries[..place], entry, facts))
            }
            REPORTED => reported(entry, facts),
            _ => None,
        },
    ));
    found.extend(facts.tokens.iter().filter_map(|t| two_places(t, facts)));
    found.extend(wrong_keys(facts));
    found.sort_by_key(|threat| std::cmp::Reverse((threat.severity, threat.last_at)));
    found
}

fn status(last_at: Timestamp, now: Timestamp) -> ThreatStatus {
    if now.since_ms(last_at) < DAY_MS {
        ThreatStatus::Active
    } else {
        ThreatStatus::Past
    }
}

/// What one entry shows.
fn one(kind: ThreatKind, severity: Severity, entry: &Entry, facts: &Facts) -> Threat {
    Threat {
        kind,
        severity,
        status: status(entry.at, facts.now),
        name: Some(entry.user.clone()),
        address: entry.address.clone(),
        count: 1,
        first_at: entry.at,
        last_at: entry.at,
        object: "audit".to_owned(),
        events: vec![entry.sequence],
        description: String::new(),
    }
}

/// What several show; they are not none.
fn several(kind: ThreatKind, entries: &[&Entry], facts: &Facts) -> Option<Threat> {
    let (first, last) = (entries.first()?, entries.last()?);
    let newest = entries.iter().rev().take(EVENTS_NAMED);
    Some(Threat {
        count: entries.len(),
        first_at: first.at,
        events: newest.map(|entry| entry.sequence).collect(),
        ..one(kind, Severity::Critical, last, facts)
    })
}

fn refusals(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    let refused = |entry: &&Entry| Category::of(entry) == Some(Category::Refused);
    // A copy of a key is no guess.
    let guess = |entry: &&Entry| entry.action != "auth.refresh_reused";
    entries.iter().filter(refused).filter(guess)
}

/// The most that lie within one day.
fn busiest_day(entries: &[&Entry]) -> usize {
    let mut times: Vec<_> = entries.iter().map(|entry| entry.at).collect();
    times.sort();
    let mut first = 0;
    let counts = times.iter().enumerate().map(|(last, at)| {
        while at.since_ms(times[first]) >= DAY_MS {
            first += 1;
        }
        last + 1 - first
    });
    counts.max().unwrap_or_default()
}

fn guessing(entries: &[Entry], facts: &Facts) -> Vec<Threat> {
    let mut by_address: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in refusals(entries) {
        let address = entry.address.as_deref().unwrap_or_default();
        by_address.entry(address).or_default().push(entry);
    }
    let many = by_address
        .into_iter()
        .filter(|(_, tries)| busiest_day(tries) >= GUESSES);
    many.filter_map(|(address, tries)| {
        let threat = several(ThreatKind::Guessing, &tries, facts)?;
        let description = format!(
            "{} tries from {address} were refused. Find out what stands at this address.",
            tries.len()
        );
        Some(Threat {
            name: None,
            description,
            ..threat
        })
    })
    .collect()
}

fn guessing_at_one(entries: &[Entry], facts: &Facts) -> Vec<Threat> {
    let mut by_account: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    for entry in refusals(entries).filter(|entry| !entry.user.is_empty()) {
        by_account
            .entry(entry.user.to_lowercase())
            .or_default()
            .push(entry);
    }
    let found = by_account.into_iter().filter_map(|(account, tries)| {
        let from: BTreeSet<&str> = tries.iter().filter_map(|e| e.address.as_deref()).collect();
        if from.len() < GUESSING_ADDRESSES || busiest_day(&tries) < GUESSES {
            return None;
        }
        let description = format!(
            "{} tries at {account} from {} addresses were refused. Ask whether it was him; give him \
             a second factor.",
            tries.len(),
            from.len()
        );
        Some(Threat {
            address: Some(from.into_iter().take(5).collect::<Vec<_>>().join(", ")),
            description,
            ..several(ThreatKind::GuessingAccount, &tries, facts)?
        })
    });
    found.collect()
}

fn reused(entry: &Entry, facts: &Facts) -> Threat {
    Threat {
        object: "session".to_owned(),
        description: format!(
            "A used key of a session of {} came back: a copy of it may be in other hands. The \
             session was ended; have the password changed.",
            entry.user
        ),
        ..one(ThreatKind::RefreshReused, Severity::Critical, entry, facts)
    }
}

fn is_new_device(entry: &Entry) -> bool {
    entry.details["new_device"] == true
}

fn entered(before: &[Entry], entry: &Entry, facts: &Facts) -> Option<Threat> {
    let address = entry.address.as_ref()?;
    let tries = refusals(before).filter(|tried| {
        tried.address.as_ref() == Some(address)
            && tried.user.eq_ignore_ascii_case(&entry.user)
            && (0..HOUR_MS).contains(&entry.at.since_ms(tried.at))
    });
    let mut shown: Vec<&Entry> = tries.collect();
    if shown.len() < TRIES_BEFORE {
        return None;
    }
    let count = shown.len();
    shown.push(entry);
    let severity = if is_new_device(entry) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    Some(Threat {
        severity,
        count,
        object: user_object(entry),
        description: format!(
            "{} signed in from {address} after {count} refusals within an hour. Ask whether it was \
             him; end his sessions if not.",
            entry.user
        ),
        ..several(ThreatKind::EnteredAfterGuessing, &shown, facts)?
    })
}

fn user_object(entry: &Entry) -> String {
    let id = entry.user_id.map(|id| format!("user/{id}"));
    id.unwrap_or_else(|| "user".to_owned())
}

fn new_device(before: &[Entry], entry: &Entry, facts: &Facts) -> Option<Threat> {
    let mut accounts = facts.accounts.iter();
    let account = accounts.find(|account| Some(account.user.id) == entry.user_id)?;
    let came_before = before
        .iter()
        .any(|e| e.action == "auth.login" && e.user_id == entry.user_id);
    // The first browser of an account is new, and nothing else can be said of it.
    let is_first = !came_before && entry.at.since_ms(account.created_at) < NEW_ACCOUNT_MS;
    if account.user.role_key != Role::Admin || !is_new_device(entry) || is_first {
        return None;
    }
    Some(Threat {
        name: Some(account.user.name.clone()),
        object: user_object(entry),
        description: format!(
            "{} is an administrator and signed in from a browser that he never used before. Ask \
             whether it was him; end the session and change the password if not.",
            account.user.name
        ),
        ..one(ThreatKind::NewDeviceAdmin, Severity::Warning, entry, facts)
    })
}

fn reported(entry: &Entry, facts: &Facts) -> Option<Threat> {
    let event = SecurityEvent::of(entry.clone())?;
    if event.severity < Severity::Critical {
        return None;
    }
    let text = |name: &str| entry.details[name].as_str().unwrap_or_default().to_owned();
    Some(Threat {
        name: Some(text("source")),
        description: text("message"),
        ..one(ThreatKind::Reported, Severity::Critical, entry, facts)
    })
}

fn two_places(token: &ApiToken, facts: &Facts) -> Option<Threat> {
    let returned = token.places.iter().filter_map(|place| place.returned_at);
    let last_at = returned.max()?;
    // Who named each of the places meant several.
    let named = |address: &String| token.addresses.contains(address);
    let is_meant = token.places.iter().all(|place| named(&place.address));
    if is_meant || facts.now.since_ms(last_at) >= LOOKED_BACK_MS {
        return None;
    }
    let from: Vec<&str> = token.places.iter().map(|p| p.address.as_str()).collect();
    let first_at = token.places.iter().map(|place| place.last_used_at).min()?;
    Some(Threat {
        kind: ThreatKind::KeyTwoPlaces,
        severity: Severity::Critical,
        status: status(last_at, facts.now),
        name: Some(token.name.clone()),
        address: Some(from.join(", ")),
        count: from.len(),
        first_at: first_at.min(last_at),
        last_at,
        object: format!("api_token/{}", token.id),
        events: Vec::new(),
        description: format!(
            "The API token {} is used from {} in turn: it may have been copied. Make a token for \
             each of them, bound to its address, and delete this one.",
            token.name,
            from.join(" and ")
        ),
    })
}

fn wrong_keys(facts: &Facts) -> impl Iterator<Item = Threat> {
    facts.devices.iter().filter_map(|device| {
        let at = device.wrong_key_at?;
        let lately = facts.now.since_ms(at) < LOOKED_BACK_MS;
        lately.then(|| Threat {
            kind: ThreatKind::WrongDeviceKey,
            severity: Severity::Critical,
            status: status(at, facts.now),
            name: Some(device.name.clone()),
            address: None,
            count: 1,
            first_at: at,
            last_at: at,
            object: format!("device/{}", device.id),
            events: Vec::new(),
            description: format!(
                "Somebody used the number of the device {} with a wrong key. Look whether the \
                 device has its key; give it a new one if not.",
                device.name
            ),
        })
    })
}

#[cfg(test)]
#[path = "threat_tests.rs"]
mod tests;
