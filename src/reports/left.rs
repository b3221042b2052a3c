//! Reports whose end could not be noted, because the disk refused: they are ended as soon as it
//! takes it, and none stands as waiting for ever.

use super::record;
use super::service::{Reports, State};
use crate::base::{Error, PaperId, Result, Timestamp};
use crate::store::{Store, Transaction};
use std::sync::{Mutex, PoisonError};

/// How soon it is tried again while the disk refuses, ms.
const AGAIN_MS: i64 = 2_000;

/// A report that is being asked for: it is on disk before it waits.
pub(super) struct Asked<'a>(&'a Reports, PaperId);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.state().asked.remove(&self.1);
    }
}

impl State {
    /// Whether somebody still cares for a report that is not over.
    fn cares_for(&self, id: PaperId) -> bool {
        let running = self.running.as_ref().map(|(report, _)| report.id);
        running == Some(id)
            || self.asked.contains(&id)
            || self.waiting.iter().any(|(report, _)| report.id == id)
    }
}

impl Reports {
    /// Notes that this report is being asked for, until what is returned is dropped.
    pub(super) fn asked(&self, id: PaperId) -> Asked<'_> {
        self.state().asked.insert(id);
        Asked(self, id)
    }

    /// The disk refused, and nobody knows what is on it: a report may be left there.
    pub(super) fn doubt(&self, _: &Error) {
        self.state().in_doubt = true;
        self.bell.notify_one();
    }

    /// Ends what nobody cares for any more, when the disk refused something.
    pub(super) async fn end_forgotten(&self) {
        if !std::mem::take(&mut self.state().in_doubt) {
            return;
        }
        let ended = end_forgotten(&self.store, &self.state, self.clock.now());
        if let Err(error) = ended.await {
            tracing::warn!(%error, "reports wait for the disk to be ended");
            self.state().in_doubt = true;
        }
    }

    /// When the next look at the timetable, or at what is left, is wanted at the latest.
    pub(super) fn look_again_at(&self) -> Timestamp {
        let soon = self.state().in_doubt.then_some(AGAIN_MS);
        let within = soon.unwrap_or(super::timetable::LOOK_EVERY_MS);
        self.clock.now().plus_ms(within)
    }
}

/// A fault of the program, told as such.
pub(super) fn fault(cause: tokio::task::JoinError) -> Error {
    Error::internal("The report ended by a fault of the program.").because(cause)
}

/// Ends the reports on disk that are not over and that nobody cares for.
async fn end_forgotten(store: &Store, state: &Mutex<State>, now: Timestamp) -> Result<()> {
    let mut left = record::all(&store.read()?)?;
    {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|report| !report.is_over() && !state.cares_for(report.id));
    }
    if left.is_empty() {
        return Ok(());
    }
    let sentence = "The disk refused while it was asked for or made. Make it again.";
    let end = move |transaction: &Transaction<'_>| {
        let ids = left.iter().map(|report| report.id).collect();
        record::end_left(transaction, now, sentence, Some(&ids))
    };
    store.write(end).await
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::record::Report;
    use super::super::template::Recipe;
    use super::*;
    use crate::backup::JobState;
    use crate::notify::Language;
    use crate::store::audit::Actor;
    use std::sync::Arc;

    pub(in super::super) fn report() -> Report {
        let at = Timestamp::from_ms(1_795_249_800_000);
        Report {
            id: PaperId::new(),
            recipe: Recipe {
                template: "data_quality".to_owned(),
                site: "plant".to_owned(),
                from: at,
                to: at.plus_ms(1),
                language: Language::En,
                cell: None,
            },
            title: "Data quality".to_owned(),
            state: JobState::Pending,
            stage: None,
            progress: 0,
            owner: "chief".to_owned(),
            schedule: None,
            asked_at: at,
            finished_at: None,
            error: None,
            data_hash: None,
            data_bytes: 0,
        }
    }

    #[tokio::test]
    async fn a_report_that_nobody_makes_any_more_is_ended_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), "test").unwrap();
        let all = [(); 4].map(|()| report());
        let [waits, asked, runs, forgotten] = all.clone().map(|report| report.id);
        let (stored, now) = (all.clone(), all[0].asked_at.plus_ms(5_000));
        let write = move |transaction: &Transaction<'_>| {
            let mut all = stored.iter();
            all.try_for_each(|report| record::note(transaction, report, &[], now))
        };
        store.write(write).await.unwrap();
        let mut state = State::default();
        state.waiting.push_back((all[0].clone(), Actor::default()));
        state.asked.insert(asked);
        state.running = Some((all[2].clone(), Arc::default()));
        end_forgotten(&store, &Mutex::new(state), now)
            .await
            .unwrap();
        let look = |id| record::one(&store.read().unwrap(), id).unwrap().unwrap();
        for id in [waits, asked, runs] {
            assert!(!look(id).is_over());
        }
        let ended = look(forgotten);
        assert_eq!(
            (ended.state, ended.finished_at),
            (JobState::Failed, Some(now))
        );
        assert!(ended.error.unwrap().contains("Make it again"));
    }
}
