//! One report at a time: made off the runtime's own threads, noted when it ends, handed on.

use super::left::fault;
use super::progress::{Progress, Stage};
use super::record::{self, Report};
use super::service::Reports;
use crate::backup::JobState;
use crate::base::{Result, Timestamp};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use serde_json::json;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The data of a report and their hash.
type Data = (Vec<u8>, String);

impl Reports {
    /// Makes what is asked for, and keeps to the timetable, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let left = self.hand_on_what_is_left();
        if stop.run_until_cancelled(left).await.is_none() {
            return;
        }
        loop {
            self.end_forgotten().await;
            while let Some((report, actor)) = self.next() {
                let done = stop.run_until_cancelled(self.make(report, actor)).await;
                if done.is_none() {
                    break;
                }
            }
            let wake = self.look_again_at();
            let rest = async {
                tokio::select! {
                    () = self.bell.notified() => {}
                    () = self.clock.sleep_until(wake) => {}
                }
            };
            if stop.run_until_cancelled(rest).await.is_none() {
                break;
            }
            self.keep_to_timetable().await;
        }
        // The stop does not wait for years of readings.
        if let Some((_, progress)) = &self.state().running {
            progress.cancel();
        }
    }

    /// The first report whose period is told; it is the running one from now on.
    fn next(&self) -> Option<(Report, Actor)> {
        let waiting: Vec<_> = {
            let state = self.state();
            let reports = state.waiting.iter().map(|(report, _)| report);
            reports
                .map(|report| (report.id, report.recipe.clone()))
                .collect()
        };
        let (id, _) = waiting
            .into_iter()
            .find(|(_, recipe)| self.is_told(recipe))?;
        let mut state = self.state();
        let place = state
            .waiting
            .iter()
            .position(|(report, _)| report.id == id)?;
        let (report, actor) = state.waiting.remove(place)?;
        state.running = Some((report.clone(), Arc::default()));
        Some((report, actor))
    }

    async fn make(self: &Arc<Self>, report: Report, actor: Actor) {
        let progress = match &self.state().running {
            Some((_, progress)) => Arc::clone(progress),
            None => Arc::default(),
        };
        let turn = self.turn.lock().await;
        let (own, recipe, seen) = (Arc::clone(self), report.recipe.clone(), progress);
        let watched = Arc::clone(&seen);
        let work = move || own.data(&recipe, &watched);
        let done = tokio::task::spawn_blocking(work).await;
        drop(turn);
        let done = done.unwrap_or_else(|cause| Err(fault(cause)));
        let ended = ended(report, done, &seen, self.clock.now());
        let report = self.settle(ended, actor).await;
        if report.schedule.is_some() {
            self.deliver(report).await;
        }
    }

    fn data(&self, recipe: &super::template::Recipe, progress: &Progress) -> Result<Data> {
        let document = self.compute(recipe, progress)?;
        progress.begin(Stage::Write, 1);
        let data = record::data_of(&document)?;
        progress.step(1)?;
        Ok(data)
    }

    /// Notes what became of a report.
    async fn settle(&self, (mut report, data): (Report, Vec<u8>), actor: Actor) -> Report {
        // The figures of a report leave the reserve to people.
        let noted = self.store.write_sparing(self.end(&report, data, &actor));
        if let Err(error) = noted.await {
            tracing::error!(%error, "a report could not be stored");
            report.state = JobState::Failed;
            report.error = Some(error.sentence);
            (report.data_hash, report.data_bytes) = (None, 0);
            let noted = self
                .store
                .write(self.end(&report, Vec::new(), &actor))
                .await;
            // The look at what is left ends it as soon as the disk takes it.
            let _ = noted.inspect_err(|error| self.doubt(error));
        }
        self.state().running = None;
        report
    }

    /// Writes the end of a report, and its figures.
    fn end(
        &self,
        report: &Report,
        data: Vec<u8>,
        actor: &Actor,
    ) -> impl FnOnce(&Transaction<'_>) -> Result<()> + Send + use<> {
        let (now, stored, actor) = (self.clock.now(), report.clone(), actor.clone());
        move |transaction| {
            record::note(transaction, &stored, &data, now)?;
            let resource = format!("report/{}", stored.id);
            let details = json!({ "error": stored.error, "data_hash": stored.data_hash });
            let object = audit::about(&resource).of(&stored.recipe.site);
            let action = action_of(stored.state);
            audit::append(transaction, now, &actor, action, object, details)
        }
    }
}

fn ended(
    mut report: Report,
    done: Result<Data>,
    progress: &Progress,
    now: Timestamp,
) -> (Report, Vec<u8>) {
    report.finished_at = Some(now);
    report.stage = None;
    match done {
        Ok((data, hash)) => {
            (report.state, report.progress) = (JobState::Success, 100);
            report.data_bytes = data.len() as u64;
            report.data_hash = Some(hash);
            (report, data)
        }
        Err(error) => {
            report.state = match progress.is_cancelled() {
                true => JobState::Cancelled,
                false => JobState::Failed,
            };
            if report.state == JobState::Failed {
                tracing::error!(%error, "a report could not be made");
            }
            // A person reads it here without the form to which the place of a fault belongs.
            report.error = Some(match &error.fields[..] {
                [field] => field.message.clone(),
                _ => error.sentence,
            });
            (report, Vec::new())
        }
    }
}

const fn action_of(state: JobState) -> &'static str {
    match state {
        JobState::Success => "report.done",
        _ => "report.failed",
    }
}
