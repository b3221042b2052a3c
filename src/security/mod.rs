//! Safety as one can see it: events of the audit log, threats recognised from them, and checks with
//! their evidence.
//!
//! Promises: whoever asks, the page or a program, hears the same; each threat names the entries it
//! was recognised from, each check what it looked at; what was not looked at is said. Will not do: a
//! score, which nobody could prove; shut somebody out.

mod book;
mod compliance;
mod event;
mod overview;
mod report;
mod threat;

pub use book::{Book, Recent};
pub use compliance::{CheckResult, ComplianceCheck, Finding, Tone, checks};
pub use event::{Category, SecurityEvent, Severity};
pub use overview::{Overview, RefusedSource, SecurityKey, SecurityKeyKind, refused_sources};
pub use report::{ReportedEvent, note};
pub use threat::{Threat, ThreatKind, ThreatStatus, threats};

use crate::auth::{Account, AccountState, ApiToken, KioskView, Role, SessionView};
use crate::base::{DeviceId, Timestamp};
use crate::care::Check;

pub(crate) const DAY_MS: i64 = 86_400_000;
/// So far back events are looked at for threats, ms: a week.
pub const LOOKED_BACK_MS: i64 = 7 * DAY_MS;

/// A device that brings its readings itself, as far as safety goes.
#[derive(Clone, Debug)]
pub struct DeviceKey {
    /// Its id.
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// When its key was made.
    pub made_at: Timestamp,
    /// When it last came.
    pub last_seen_at: Option<Timestamp>,
    /// When somebody last came with its number and a wrong key.
    pub wrong_key_at: Option<Timestamp>,
}

/// What is known of who gets in, narrowed to what the one who asks may see.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Now.
    pub now: Timestamp,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Sessions that are alive.
    pub sessions: Vec<SessionView>,
    /// API tokens.
    pub tokens: Vec<ApiToken>,
    /// Devices with a key.
    pub devices: Vec<DeviceKey>,
    /// Screens on walls.
    pub kiosks: Vec<KioskView>,
    /// How the appliance is doing.
    pub checks: Vec<Check>,
}

impl Facts {
    /// Accounts that somebody can sign in with: those of people who are not there yet are none.
    fn people(&self) -> impl Iterator<Item = &Account> {
        let can = |state| matches!(state, AccountState::Active | AccountState::Locked);
        let all = self.accounts.iter();
        all.filter(move |account| can(account.state) && account.user.role_key != Role::Kiosk)
    }
}

/// Whole days since then; none when it was in the future.
fn days_since(then: Timestamp, now: Timestamp) -> i64 {
    now.since_ms(then).max(0) / DAY_MS
}

#[cfg(test)]
mod fixtures;
