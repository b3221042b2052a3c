//! What the appliance looks at of the plant: polls that nobody watches, and work that is due.
//!
//! A device with a rule about its silence has an alert of its own, which folds into the one of its
//! line; it is not said twice.

use super::engine::Engine;
use super::service::Alerts;
use crate::base::{EquipmentId, Timestamp};
use crate::equipment::AdminStatus;
use crate::notify::Said;

/// A device that gave no good value for so long is not well, ms, and at least so many intervals.
const SILENT_MS: i64 = 5 * 60_000;
const SILENT_INTERVALS: i64 = 6;
/// Devices that are named in the alert; beyond that they are counted.
const NAMED_MAX: usize = 5;
/// Who knows of work that is due now: the names of the equipment, the oldest first.
pub type AskForDueWork = Box<dyn Fn(Timestamp) -> Vec<String> + Send + Sync>;

/// Who knows which reports of the timetable could not be made or handed on: their titles.
pub type AskForFailedReports = Box<dyn Fn() -> Vec<String> + Send + Sync>;

/// Who knows by which ways out messages do not get through: their names.
pub type AskForStuckOutlets = Box<dyn Fn(Timestamp) -> Vec<String> + Send + Sync>;

/// How the API has answered of late; a figure is absent where too little was asked to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Served {
    /// Answers that failed in the last five minutes, percent.
    pub failed_percent_5_min: Option<f64>,
    /// In the last fifteen.
    pub failed_percent_15_min: Option<f64>,
    /// Within which 95 of 100 answers were given in the last ten minutes, ms.
    pub p95_ms_10_min: Option<f64>,
    /// In the last twenty.
    pub p95_ms_20_min: Option<f64>,
}

/// Who knows how the API answers.
pub type AskForAnswers = Box<dyn Fn(Timestamp) -> Served + Send + Sync>;

/// A sentence with names in it: the first few, and how many more.
pub(super) fn named(said: Said, names: &[String]) -> Said {
    let said = said.name("names", names[..names.len().min(NAMED_MAX)].join(", "));
    match names.len().saturating_sub(NAMED_MAX) {
        0 => said,
        more => said.number("more", more),
    }
}

impl Alerts {
    /// Hands over who knows of work that is due; once.
    pub fn ask_for_due_work(&self, ask: AskForDueWork) {
        // A second one would be a mistake of the wiring; the first stays.
        let _ = self.due_work.set(ask);
    }

    /// Hands over who knows of reports that failed; once.
    pub fn ask_for_failed_reports(&self, ask: AskForFailedReports) {
        // As above.
        let _ = self.failed_reports.set(ask);
    }

    /// Hands over who knows of messages that do not get through; once.
    pub fn ask_for_stuck_outlets(&self, ask: AskForStuckOutlets) {
        // As above.
        let _ = self.stuck_outlets.set(ask);
    }

    /// Ways out by which messages do not get through.
    pub(super) fn stuck_outlets(&self, now: Timestamp) -> Vec<String> {
        let ask = self.stuck_outlets.get();
        ask.map(|ask| ask(now)).unwrap_or_default()
    }

    /// Hands over who knows how the API answers; once.
    pub fn ask_for_answers(&self, ask: AskForAnswers) {
        // As above.
        let _ = self.answers.set(ask);
    }

    /// How the API has answered of late.
    pub(super) fn served(&self, now: Timestamp) -> Served {
        self.answers.get().map(|ask| ask(now)).unwrap_or_default()
    }

    /// Reports of the timetable that could not be made or handed on.
    pub(super) fn reports_that_failed(&self) -> Vec<String> {
        self.failed_reports
            .get()
            .map(|ask| ask())
            .unwrap_or_default()
    }

    /// Equipment at which work is due.
    pub(super) fn due_work(&self, now: Timestamp) -> Vec<String> {
        self.due_work.get().map(|ask| ask(now)).unwrap_or_default()
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
    fn a_sentence_names_five_and_counts_the_rest() {
        let names: Vec<_> = (1..=7).map(|n| format!("M{n}")).collect();
        let said = |names: &[String]| named(Said::of("maintenance"), names).plain();
        assert_eq!(said(&names[..2]), "Maintenance is due: M1, M2.");
        let all = "Maintenance is due: M1, M2, M3, M4, M5 and 2 more.";
        assert_eq!(said(&names), all);
    }
}
