//! One job at a time: noted and audited when it begins and when it ends.

use super::job::{self, Job, JobKind, JobState, Running};
use super::progress::Progress;
use super::record::{self, Good, Record, Trouble};
use super::service::Backups;
use crate::base::{Error, ErrorKind, JobId, Result, Timestamp};
use crate::store::audit::{self, Actor};
use serde_json::json;
use std::sync::Arc;

impl Backups {
    pub(super) async fn begin<W>(
        self: &Arc<Self>,
        kind: JobKind,
        subject: Option<String>,
        actor: Actor,
        work: W,
    ) -> Result<Job>
    where
        W: FnOnce(&Progress) -> Result<Option<Good>> + Send + 'static,
    {
        let now = self.clock.now();
        let job = Job {
            id: JobId::new(),
            kind,
            state: JobState::Running,
            phase: None,
            progress: 0,
            owner: actor.name.clone(),
            subject,
            started_at: now,
            finished_at: None,
            error: None,
        };
        let running = Running {
            job: job.clone(),
            progress: Arc::default(),
        };
        {
            let mut state = self.state();
            if state.running.is_some() {
                let sentence = "A backup or a restore is being done. Wait for its end, or end it.";
                return Err(Error::conflict(sentence));
            }
            state.running = Some(running.clone());
            if kind == JobKind::Backup {
                state.record.tried_at = Some(now);
            }
        }
        let (noted, by, action) = (job.clone(), actor.clone(), action_of(kind));
        let resource = job.subject.clone().unwrap_or_else(|| "backup".to_owned());
        let details = json!({ "job": job.id });
        let begun = self.store.write(move |transaction| {
            job::note(transaction, &noted)?;
            audit::append(transaction, now, &by, action, &resource, details)
        });
        if let Err(error) = begun.await {
            self.state().running = None;
            return Err(error);
        }
        let own = Arc::clone(self);
        tokio::spawn(async move {
            let progress = Arc::clone(&running.progress);
            let done = tokio::task::spawn_blocking(move || work(&progress)).await;
            let done = done.unwrap_or_else(|cause| {
                Err(Error::internal("The backup ended by a fault of the program.").because(cause))
            });
            own.end(running.job, done, actor).await;
        });
        Ok(job)
    }

    /// Notes what became of a job.
    async fn end(&self, mut job: Job, done: Result<Option<Good>>, actor: Actor) {
        let now = self.clock.now();
        let mut record = self.state().record.clone();
        job.finished_at = Some(now);
        self.conclude(&mut job, &mut record, done, now);
        let ended = match job.state {
            JobState::Success => "backup.done",
            _ => "backup.failed",
        };
        let details = json!({ "job": job.id, "kind": job.kind, "error": job.error });
        let resource = job.subject.clone().unwrap_or_else(|| "backup".to_owned());
        let stored = record.clone();
        let noted = self.store.write(move |transaction| {
            job::note(transaction, &job)?;
            record::write(transaction, &stored)?;
            audit::append(transaction, now, &actor, ended, &resource, details)
        });
        if let Err(error) = noted.await {
            tracing::error!(%error, "the end of a backup could not be noted");
        }
        let mut state = self.state();
        state.record.last_good = record.last_good;
        state.record.trouble = record.trouble;
        state.running = None;
    }

    /// What became of it, in the job and in how backups stand.
    fn conclude(
        &self,
        job: &mut Job,
        record: &mut Record,
        done: Result<Option<Good>>,
        now: Timestamp,
    ) {
        match done {
            Ok(good) => {
                (job.state, job.progress) = (JobState::Success, 100);
                if let Some(good) = good {
                    job.subject = Some(good.id.clone());
                    record.last_good = Some(good);
                    record.trouble = None;
                }
            }
            Err(error) => {
                if error.kind == ErrorKind::Conflict && self.was_cancelled() {
                    // Somebody wanted it so: that is no trouble.
                    job.state = JobState::Cancelled;
                    job.error = Some(error.sentence);
                    return;
                }
                tracing::error!(%error, kind = ?job.kind, "a backup or restore did not succeed");
                job.state = JobState::Failed;
                // A person reads it here without the form to which the place of a fault belongs.
                let sentence = match &error.fields[..] {
                    [field] => field.message.clone(),
                    _ => error.sentence,
                };
                job.error = Some(sentence.clone());
                if job.kind == JobKind::Backup {
                    record.trouble = Some(Trouble { at: now, sentence });
                }
            }
        }
    }

    fn was_cancelled(&self) -> bool {
        let state = self.state();
        let running = state.running.as_ref();
        running.is_some_and(|running| running.progress.is_cancelled())
    }
}

const fn action_of(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Backup => "backup.make",
        JobKind::Verify => "backup.verify",
        JobKind::Restore => "backup.restore",
    }
}
