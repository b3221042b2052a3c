//! Reports of the timetable that a stop broke off: they are made after the next start, once, and
//! what was made and not handed on is handed on.

use super::record::{self, Report};
use super::service::Reports;
use super::timetable::{self, Last};
use crate::backup::JobState;
use crate::base::{Result, Timestamp};
use crate::store::Transaction;
use std::sync::Arc;

const SENTENCE: &str = "The appliance stopped before it was made. Make it again.";

/// Ends the reports that were not made when the appliance stopped; those of the timetable are due
/// again, unless the same one was lost before: what stops the appliance must not do so for ever.
pub(super) fn after_stop(transaction: &Transaction<'_>, now: Timestamp) -> Result<()> {
    let all = record::all(transaction)?;
    for report in all.iter().filter(|report| !report.is_over()) {
        let schedule = report.schedule.map(|id| timetable::one(transaction, id));
        let schedule = schedule.transpose()?.flatten();
        // One that was asked for before the entry was changed is not of the entry.
        let Some(mut schedule) = schedule.filter(|one| report.asked_at >= one.since) else {
            continue;
        };
        let is_same = |old: &Report| {
            old.schedule == report.schedule && old.recipe == report.recipe && old.id != report.id
        };
        match all.iter().any(is_same) {
            // Due is what comes next after the end of its period.
            false => schedule.tried_at = Some(report.recipe.to.minus_ms(1)),
            true => {
                let error = Some(SENTENCE.to_owned());
                let (at, report) = (now, report.id);
                schedule.last = Some(Last { at, report, error });
            }
        }
        timetable::put(transaction, &schedule)?;
    }
    record::end_left(transaction, now, SENTENCE, None)
}

impl Reports {
    /// Hands on what was made before the appliance stopped, and nobody was handed.
    pub(super) async fn hand_on_what_is_left(self: &Arc<Self>) {
        let read = self.store.read().and_then(|view| record::all(&view));
        let all = match read {
            Ok(all) => all,
            Err(error) => {
                tracing::error!(%error, "reports that were not handed on were not looked for");
                return;
            }
        };
        let schedules: Vec<_> = self.state().schedules.values().cloned().collect();
        for schedule in schedules.into_iter().filter(|one| one.entry.enabled) {
            let newest = all
                .iter()
                .find(|report| report.schedule == Some(schedule.id));
            let handed_on = schedule.last.as_ref().map(|last| last.report);
            let left = newest.filter(|report| {
                report.state == JobState::Success
                    && Some(report.id) != handed_on
                    && report.asked_at >= schedule.since
            });
            if let Some(report) = left {
                self.deliver(report.clone()).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::left::tests::report;
    use super::super::timetable::{NewSchedule, Schedule};
    use super::*;
    use crate::base::ScheduleId;
    use crate::base::time::Calendar;
    use crate::store::Store;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every_day() -> Schedule {
        let entry = serde_json::json!({ "template": "data_quality", "every": "day", "at": "06:30",
            "formats": ["pdf"] });
        Schedule {
            id: ScheduleId::default(),
            site: "plant".to_owned(),
            entry: serde_json::from_value::<NewSchedule>(entry).unwrap(),
            since: at("2026-11-01T12:00:00Z"),
            tried_at: Some(at("2026-11-21T06:30:05Z")),
            last: None,
        }
    }

    /// The report of the 20th, asked for on the morning of the 21st and not made.
    fn lost(schedule: &Schedule) -> Report {
        let mut report = report();
        report.recipe.from = at("2026-11-20T00:00:00Z");
        report.recipe.to = at("2026-11-21T00:00:00Z");
        report.schedule = Some(schedule.id);
        report.asked_at = at("2026-11-21T06:30:05Z");
        report
    }

    #[tokio::test]
    async fn a_report_of_the_timetable_that_a_stop_broke_off_is_due_again_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), "test").unwrap();
        let (mut schedule, now) = (every_day(), at("2026-11-21T06:31:00Z"));
        for is_first in [true, false] {
            let (entry, report) = (schedule.clone(), lost(&schedule));
            let write = move |transaction: &Transaction<'_>| {
                timetable::put(transaction, &entry)?;
                record::note(transaction, &report, &[], now)?;
                after_stop(transaction, now)
            };
            store.write(write).await.unwrap();
            let view = store.read().unwrap();
            assert!(record::all(&view).unwrap().iter().all(Report::is_over));
            let found = timetable::one(&view, schedule.id).unwrap().unwrap();
            let next = found.next_at(now, &Calendar::utc()).unwrap();
            let error = found.last.and_then(|last| last.error);
            assert_eq!(
                (next <= now, error.is_none()),
                (is_first, is_first),
                "{next}"
            );
            schedule.tried_at = Some(now);
        }
    }

    #[tokio::test]
    async fn an_entry_that_was_changed_since_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), "test").unwrap();
        let mut schedule = every_day();
        let (report, now) = (lost(&schedule), at("2026-11-21T07:00:00Z"));
        schedule.since = at("2026-11-21T06:45:00Z");
        let (id, entry) = (schedule.id, schedule.clone());
        let write = move |transaction: &Transaction<'_>| {
            timetable::put(transaction, &entry)?;
            record::note(transaction, &report, &[], now)?;
            after_stop(transaction, now)
        };
        store.write(write).await.unwrap();
        let found = timetable::one(&store.read().unwrap(), id).unwrap();
        assert_eq!(found, Some(schedule));
    }
}
