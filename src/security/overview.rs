//! *pure* — the counts and lists of the first look: who was refused, which keys there are.

use super::event::{Category, REFUSALS};
use super::{CheckResult, ComplianceCheck, DAY_MS, Facts, Recent, Threat, ThreatStatus, Tone};
use crate::base::Timestamp;
use crate::store::audit::Entry;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Names that are told of one address.
const NAMES_TOLD: usize = 20;
/// Addresses that are told.
const SOURCES_TOLD: usize = 50;

/// An address from which somebody was refused. Many names from one address is guessing, one name is
/// a slip.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RefusedSource {
    /// The address; `null` for this machine.
    pub address: Option<String>,
    /// Tries.
    pub tries: usize,
    /// The names that were tried, 20 at most; an entry about nobody has none.
    pub names: Vec<String>,
    /// When the last one was.
    pub last_at: Timestamp,
}

/// What lets a program or a screen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityKeyKind {
    /// An API token.
    Token,
    /// The key of a device.
    Device,
    /// A screen on a wall.
    Kiosk,
}

/// Whatever gets in without a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SecurityKey {
    /// What it is.
    pub kind: SecurityKeyKind,
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was last used; `null` when it never was.
    pub used_at: Option<Timestamp>,
    /// From where.
    pub used_from: Option<String>,
    /// When it ends; `null` for what never ends by itself.
    pub ends_at: Option<Timestamp>,
}

/// The first look: counts, each of something that can be looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecurityDashboard)]
pub struct Overview {
    /// When it was looked.
    pub at: Timestamp,
    /// Nothing is said of events before this.
    pub events_since: Timestamp,
    /// People who can sign in.
    pub people: usize,
    /// Those of them with a second factor.
    pub people_with_second_factor: usize,
    /// Sessions that are alive.
    pub sessions: usize,
    /// People behind them.
    pub people_signed_in: usize,
    /// Tries that were refused within a day.
    pub refused_day: usize,
    /// Tries that were refused since `events_since`.
    pub refused_week: usize,
    /// Threats that were seen within a day.
    pub threats_active: usize,
    /// Findings where something is to be done.
    pub findings_bad: usize,
    /// Findings that are worth a look.
    pub findings_attention: usize,
    /// Checks that nothing fails.
    pub checks_met: usize,
    /// Checks that something fails.
    pub checks_open: usize,
    /// Who was refused, the most tries first, 50 addresses at most.
    pub sources: Vec<RefusedSource>,
    /// What gets in without a person; the one not used for the longest time first: it is the first
    /// that can go.
    pub keys: Vec<SecurityKey>,
}

/// Tries by the address that they came from, the most first.
#[must_use]
pub fn refused_sources(entries: &[Entry]) -> Vec<RefusedSource> {
    let mut found: BTreeMap<Option<&str>, RefusedSource> = BTreeMap::new();
    for entry in refused(entries) {
        let one = found
            .entry(entry.address.as_deref())
            .or_insert(RefusedSource {
                address: entry.address.clone(),
                tries: 0,
                names: Vec::new(),
                last_at: entry.at,
            });
        one.tries += 1;
        one.last_at = one.last_at.max(entry.at);
        let is_told = entry.user.is_empty() || one.names.contains(&entry.user);
        if !is_told && one.names.len() < NAMES_TOLD {
            one.names.push(entry.user.clone());
        }
    }
    let mut sources: Vec<_> = found.into_values().collect();
    sources.sort_by_key(|source| std::cmp::Reverse((source.tries, source.last_at)));
    sources.truncate(SOURCES_TOLD);
    sources
}

fn refused(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    let is = |entry: &&Entry| REFUSALS.contains(&entry.action.as_str());
    debug_assert_eq!(Category::Refused.actions().len(), REFUSALS.len());
    entries.iter().filter(is)
}

fn keys_of(facts: &Facts) -> Vec<SecurityKey> {
    let tokens = facts.tokens.iter().map(|token| SecurityKey {
        kind: SecurityKeyKind::Token,
        id: token.id.to_string(),
        name: token.name.clone(),
        made_at: token.created_at,
        used_at: token.last_used_at,
        used_from: token.last_used_from.clone(),
        ends_at: Some(token.expires_at),
    });
    let devices = facts.devices.iter().map(|device| SecurityKey {
        kind: SecurityKeyKind::Device,
        id: device.id.to_string(),
        name: device.name.clone(),
        made_at: device.made_at,
        used_at: device.last_seen_at,
        used_from: None,
        ends_at: None,
    });
    let kiosks = facts.kiosks.iter().map(|kiosk| SecurityKey {
        kind: SecurityKeyKind::Kiosk,
        id: kiosk.id.to_string(),
        name: kiosk.name.clone(),
        made_at: kiosk.approved_at,
        used_at: kiosk.last_seen_at,
        used_from: kiosk.address.clone(),
        ends_at: None,
    });
    let mut keys: Vec<_> = tokens.chain(devices).chain(kiosks).collect();
    keys.sort_by_key(|key| (key.used_at, key.made_at));
    keys
}

impl Overview {
    /// The first look at these.
    #[must_use]
    pub fn of(
        facts: &Facts,
        recent: &Recent,
        threats: &[Threat],
        checks: &[ComplianceCheck],
    ) -> Self {
        let entries = &recent.entries;
        let lately = |entry: &&Entry| facts.now.since_ms(entry.at) < DAY_MS;
        let findings = || checks.iter().flat_map(|check| &check.findings);
        let tones = |tone: Tone| findings().filter(|finding| finding.tone == tone).count();
        let results = |wanted: &[CheckResult]| {
            let is = |check: &&ComplianceCheck| wanted.contains(&check.result);
            checks.iter().filter(is).count()
        };
        let mut signed_in: Vec<_> = facts.sessions.iter().map(|s| s.user_id).collect();
        signed_in.sort();
        signed_in.dedup();
        let active = |threat: &&Threat| threat.status == ThreatStatus::Active;
        Self {
            at: facts.now,
            events_since: recent.since,
            people: facts.people().count(),
            people_with_second_factor: facts.people().filter(|a| a.user.two_factor).count(),
            sessions: facts.sessions.len(),
            people_signed_in: signed_in.len(),
            refused_day: refused(entries).filter(lately).count(),
            refused_week: refused(entries).count(),
            threats_active: threats.iter().filter(active).count(),
            findings_bad: tones(Tone::Bad),
            findings_attention: tones(Tone::Attention),
            checks_met: results(&[CheckResult::Met]),
            checks_open: results(&[CheckResult::Attention, CheckResult::Failed]),
            sources: refused_sources(entries),
            keys: keys_of(facts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::fixtures::{days_ago, device, entry, facts, kiosk, token};
    use crate::security::{checks, threats};

    #[test]
    fn tries_are_gathered_by_the_address_that_they_came_from() {
        let entries = [
            entry(1, 4_000, "auth.login_failed", "admin", Some("10.0.0.9")),
            entry(2, 3_000, "auth.login", "amina", Some("10.0.0.9")),
            entry(3, 300, "auth.login_failed", "root", Some("10.0.0.9")),
            entry(4, 200, "auth.login_failed", "root", Some("10.0.0.9")),
            entry(5, 10, "auth.code_refused", "", Some("10.0.0.2")),
        ];
        let sources = refused_sources(&entries);
        let told: Vec<_> = sources
            .iter()
            .map(|s| (s.address.as_deref().unwrap(), s.tries, s.names.clone()))
            .collect();
        let names = vec!["admin".to_owned(), "root".to_owned()];
        assert_eq!(told, [("10.0.0.9", 3, names), ("10.0.0.2", 1, vec![])]);
        assert_eq!(sources[0].last_at, entries[3].at);
    }

    #[test]
    fn counts_are_of_what_was_looked_at() {
        let mut facts = facts();
        facts.accounts[0].user.two_factor = false;
        let mut idle = token("idle");
        idle.last_used_at = None;
        facts.tokens = vec![token("used"), idle];
        facts.devices = vec![device("cell")];
        facts.kiosks = vec![kiosk("Hall")];
        let recent = Recent {
            entries: (0..12)
                .map(|n| entry(n + 1, 12, "auth.login_failed", "x", Some("10.0.0.9")))
                .chain([entry(13, 5_000, "auth.login_failed", "x", None)])
                .collect(),
            since: days_ago(7),
        };
        let threats = threats(&recent.entries, &facts);
        let seen = Overview::of(&facts, &recent, &threats, &checks(&facts));
        assert_eq!((seen.people, seen.people_with_second_factor), (2, 1));
        assert_eq!((seen.refused_day, seen.refused_week), (12, 13));
        assert_eq!((seen.threats_active, seen.findings_bad), (1, 1));
        // Never used: the first that can go.
        assert_eq!(seen.keys[0].name, "idle");
        assert_eq!(seen.keys.len(), 4);
        assert_eq!((seen.checks_met, seen.checks_open), (6, 2));
    }
}
