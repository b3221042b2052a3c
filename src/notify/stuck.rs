//! Which outlets messages do not get through by: the appliance raises an alert about them, which
//! reaches people by the other outlets and on the page.

use super::letter::Letter;
use super::outbox;
use super::outlet::OutletKind;
use super::service::Notify;
use crate::base::Timestamp;
use std::collections::BTreeSet;

/// How long a letter may be tried without success before somebody is told, ms.
const STUCK_MS: i64 = 10 * 60_000;
/// For how long a letter that was given up is told of, and how far ahead tries are looked at, ms.
const LOOK_MS: i64 = 3_600_000;
/// Letters of an outlet that are looked at.
const LOOKED_AT: usize = 50;

impl Notify {
    /// The outlets that are on and by which nothing gets through: nothing went out since the last
    /// failure, and a letter was tried for ten minutes, or the last one was given up within the hour.
    #[must_use]
    pub fn stuck(&self, now: Timestamp) -> Vec<String> {
        let (known, board) = (self.known(), self.board().clone());
        let Ok(view) = self.store.read() else {
            // A disk that cannot be read is told of by others.
            return Vec::new();
        };
        let is_stuck = |kind: &OutletKind| {
            let seen = board.get(kind).cloned().unwrap_or_default();
            let failed = seen.failed_at.filter(|failed| seen.sent_at < Some(*failed));
            let on = known.outlets.get(kind).is_some_and(|outlet| outlet.enabled);
            let Some(failed) = failed.filter(|_| on) else {
                return false;
            };
            let later = now.plus_ms(LOOK_MS);
            let queued = outbox::due(&view, *kind, later, &BTreeSet::new(), LOOKED_AT);
            let queued = queued.unwrap_or_default();
            let waits = |letter: &Letter| now.since_ms(letter.created_at) >= STUCK_MS;
            let gave_up = queued.is_empty() && now.since_ms(failed) < LOOK_MS;
            gave_up
                || queued
                    .iter()
                    .any(|letter| letter.failed > 0 && waits(letter))
        };
        let stuck = OutletKind::ALL.into_iter().filter(is_stuck);
        stuck.map(|kind| title(kind).to_owned()).collect()
    }
}

/// Its name for people, the same in every language.
const fn title(kind: OutletKind) -> &'static str {
    match kind {
        OutletKind::Smtp => "SMTP",
        OutletKind::Sendgrid => "SendGrid",
        OutletKind::Sms => "SMS",
        OutletKind::Whatsapp => "WhatsApp",
        OutletKind::Webhook => "Webhook",
        OutletKind::Push => "Push",
        OutletKind::Horn => "Modbus",
    }
}
