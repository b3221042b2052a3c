//! What one socket of the hub listens to, and what came for it since it was told last.

use super::super::Context;
use super::super::socket::ends;
use crate::base::{EquipmentId, SessionId};
use crate::live::Change;
use std::collections::BTreeSet;
use tokio::sync::broadcast::error::RecvError;

/// What a socket listens to.
#[derive(Debug, Default)]
pub(super) struct Interests {
    pub(super) dashboard: bool,
    pub(super) all: bool,
    pub(super) named: BTreeSet<EquipmentId>,
    pub(super) changed: BTreeSet<EquipmentId>,
    /// Everything has to be sent again.
    pub(super) snapshot: bool,
    /// Alerts are listened to, and the open ones have to be sent.
    pub(super) alerts: bool,
    pub(super) alerts_due: bool,
    /// New readings came since the dashboard was sent.
    pub(super) dashboard_due: bool,
}

impl Interests {
    pub(super) fn has_news(&self) -> bool {
        self.snapshot || !self.changed.is_empty() || self.dashboard_due || self.alerts_due
    }

    pub(super) fn any(&self) -> bool {
        self.all || !self.named.is_empty()
    }

    pub(super) fn wants(&self, equipment: EquipmentId) -> bool {
        self.all || self.named.contains(&equipment)
    }

    /// Takes note of a change of the feed.
    pub(super) fn take(
        &mut self,
        change: std::result::Result<Change, RecvError>,
        context: &Context,
        session: SessionId,
    ) -> Outcome {
        match change {
            Ok(change) if ends(&change, session) => Outcome::SessionEnded,
            Ok(Change::Values(equipment)) => {
                self.dashboard_due = self.dashboard;
                let wanted = equipment.iter().filter(|id| self.wants(**id));
                let wanted: Vec<_> = wanted.copied().collect();
                self.changed.extend(wanted);
                Outcome::Quiet
            }
            Ok(Change::Registry { revision }) => {
                self.snapshot |= self.any();
                Outcome::RegistryChanged { revision }
            }
            Ok(Change::Arranged(screen)) if screen == session => Outcome::Arranged,
            Ok(Change::SessionEnded(_) | Change::Arranged(_)) => Outcome::Quiet,
            // The end of the session may be among what was missed.
            Err(_) if context.auth.caller_of(session, None).is_err() => Outcome::SessionEnded,
            Err(_) => {
                self.snapshot |= self.any();
                // What the screen is to show may be among it, too.
                Outcome::Arranged
            }
        }
    }
}

/// What a change of the feed means for a socket.
pub(super) enum Outcome {
    Quiet,
    RegistryChanged { revision: u64 },
    SessionEnded,
    Arranged,
}
