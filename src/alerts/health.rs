//! What the appliance looks at of the plant and of its own care: polls that nobody watches, and how
//! old the last backup is.
//!
//! A device with a rule about its silence has an alert of its own, which folds into the one of its
//! line; it is not said twice.

use super::engine::Engine;
use super::service::Alerts;
use crate::base::{EquipmentId, Timestamp};
use crate::equipment::AdminStatus;

/// A device that gave no good value for so long is not well, ms, and at least so many intervals.
const SILENT_MS: i64 = 5 * 60_000;
const SILENT_INTERVALS: i64 = 6;
/// Devices that are named in the alert; beyond that they are counted.
const NAMED_MAX: usize = 5;
/// So many times its interval a backup may be old before somebody is told, and before it is urgent.
const BACKUP_LATE: i64 = 2;
const BACKUP_URGENT: i64 = 7;

/// When the last good backup was made, and how often one should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupAge {
    /// When the last good one was made; when the timetable was switched on while there is none.
    pub last: Timestamp,
    /// How often one should be made, s.
    pub every_s: u32,
}

/// Who knows of backups; `None` while nobody asked for any.
pub type AskForBackup = Box<dyn Fn() -> Option<BackupAge> + Send + Sync>;

/// Who knows of work that is due now: the names of the equipment, the oldest first.
pub type AskForDueWork = Box<dyn Fn(Timestamp) -> Vec<String> + Send + Sync>;

/// How late the last backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lateness {
    InTime,
    Late,
    Urgent,
}

impl BackupAge {
    /// How old it is, h, and whether that is too old.
    pub(super) fn judge(self, now: Timestamp) -> (i64, Lateness) {
        let age_s = now.since_ms(self.last).max(0) / 1_000;
        let every_s = i64::from(self.every_s.max(1));
        let lateness = match age_s / every_s {
            times if times >= BACKUP_URGENT => Lateness::Urgent,
            times if times >= BACKUP_LATE => Lateness::Late,
            _ => Lateness::InTime,
        };
        (age_s / 3_600, lateness)
    }
}

/// Names as a sentence has them: the first few, and how many more.
pub(super) fn named(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED_MAX)].join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Alerts {
    /// Hands over who knows of backups; once.
    pub fn ask_for_backup(&self, ask: AskForBackup) {
        // A second one would be a mistake of the wiring; the first stays.
        let _ = self.backup.set(ask);
    }

    /// Hands over who knows of work that is due; once.
    pub fn ask_for_due_work(&self, ask: AskForDueWork) {
        // A second one would be a mistake of the wiring; the first stays.
        let _ = self.due_work.set(ask);
    }

    /// Equipment at which work is due.
    pub(super) fn due_work(&self, now: Timestamp) -> Vec<String> {
        self.due_work.get().map(|ask| ask(now)).unwrap_or_default()
    }

    /// The last backup, when somebody knows.
    pub(super) fn backup_age(&self) -> Option<BackupAge> {
        self.backup.get().and_then(|ask| ask())
    }

    /// Devices that are polled, give no good value, and have no rule about their silence.
    pub(super) fn unwatched_and_silent(&self, now: Timestamp) -> Vec<String> {
        let polled: Vec<_> = self
            .registry
            .all()
            .into_iter()
            .filter(|one| one.modbus.is_some() && one.admin_status == AdminStatus::Active)
            .collect();
        let (started, watched) = {
            let engine = self.engine();
            let has_rule = |id: EquipmentId| has_silence_rule(&engine, id);
            let watched: Vec<_> = polled.iter().map(|one| has_rule(one.id)).collect();
            (engine.started, watched)
        };
        let silent = polled
            .into_iter()
            .zip(watched)
            .filter_map(|(one, watched)| {
                let interval_ms = one.modbus.as_ref()?.poll_interval_ms;
                let last = self
                    .live
                    .with(one.id, |device| device.and_then(|device| device.last_good));
                let since = last.map_or(started, |last| last.max(started));
                let since = since.max(one.updated_at);
                let limit_ms = SILENT_MS.max(interval_ms.saturating_mul(SILENT_INTERVALS));
                (!watched && now.since_ms(since) > limit_ms).then_some(one.name)
            });
        silent.collect()
    }
}

fn has_silence_rule(engine: &Engine, id: EquipmentId) -> bool {
    let watched = engine.watched.get(&id);
    watched.is_some_and(|watched| !watched.silences.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_late_after_twice_its_interval_and_urgent_after_seven() {
        let last = Timestamp::from_ms(0);
        let backup = BackupAge {
            last,
            every_s: 86_400,
        };
        let after = |hours: i64| backup.judge(last.plus_ms(hours * 3_600_000)).1;
        assert_eq!(after(47), Lateness::InTime);
        assert_eq!(after(48), Lateness::Late);
        assert_eq!(after(7 * 24), Lateness::Urgent);
        // A clock that was set back makes no backup old.
        assert_eq!(after(-100), Lateness::InTime);
    }

    #[test]
    fn a_sentence_names_five_and_counts_the_rest() {
        let names: Vec<_> = (1..=7).map(|n| format!("M{n}")).collect();
        assert_eq!(named(&names[..2]), "M1, M2");
        assert_eq!(named(&names), "M1, M2, M3, M4, M5 and 2 more");
    }
}
