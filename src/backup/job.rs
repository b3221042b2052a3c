//! Work that takes minutes: what was asked for, by whom, how far it is and what became of it.

use super::progress::{Phase, Progress};
use crate::base::{JobId, Result, Timestamp};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

const JOBS: Table<Job> = Table::new("job", 1);
/// Jobs that are remembered; the oldest go.
const KEPT: usize = 100;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// A backup is made.
    Backup,
    /// A backup is proven.
    Verify,
    /// A backup is put in the place of the data.
    Restore,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobState {
    /// It waits.
    Pending,
    /// It is being done.
    Running,
    /// It is done.
    Success,
    /// It could not be done.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is done.
    pub kind: JobKind,
    /// How it stands.
    pub state: JobState,
    /// What it is doing; only while it runs.
    pub phase: Option<Phase>,
    /// How far that is, percent.
    pub progress: u8,
    /// Who asked for it.
    pub owner: String,
    /// The backup that it is about, once it has a name.
    pub subject: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A job that is being done.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) job: Job,
    pub(super) progress: Arc<Progress>,
}

impl Running {
    /// The job as it stands now.
    pub(super) fn now(&self) -> Job {
        let (phase, progress) = self.progress.at();
        Job {
            phase: Some(phase),
            progress,
            ..self.job.clone()
        }
    }
}

/// Every job that is remembered, newest first.
pub(super) fn all(view: &impl View) -> Result<Vec<Job>> {
    let mut all = JOBS.all(view)?;
    all.reverse();
    Ok(all)
}

/// Notes a job as it stands.
pub(super) fn note(transaction: &Transaction<'_>, job: &Job) -> Result<()> {
    JOBS.put(transaction, job.id.as_bytes(), job)?;
    let all = JOBS.all(transaction)?;
    for old in all.iter().take(all.len().saturating_sub(KEPT)) {
        JOBS.remove(transaction, old.id.as_bytes())?;
    }
    Ok(())
}

/// Ends the jobs that an earlier run of the appliance left.
pub(super) fn end_left(transaction: &Transaction<'_>, now: Timestamp) -> Result<()> {
    for mut job in JOBS.all(transaction)? {
        if matches!(job.state, JobState::Running | JobState::Pending) {
            job.state = JobState::Failed;
            job.finished_at = Some(now);
            let sentence = "The appliance stopped before it was through. Nothing of it was kept.";
            job.error = Some(sentence.to_owned());
            JOBS.put(transaction, job.id.as_bytes(), &job)?;
        }
    }
    Ok(())
}
