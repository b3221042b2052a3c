//! `/api/jobs`: work that takes minutes.

use super::Context;
use super::envelope::{Answer, Envelope, Page, Paging, Params, Refusal, ok, page};
use crate::auth::{Caller, Permission};
use crate::backup::Job;
use crate::base::{Error, JobId};
use axum::extract::{Path, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(cancel))
}

/// The jobs, newest first; the last hundred are remembered.
#[utoipa::path(get, path = "/jobs", operation_id = "list_jobs", tag = "system", params(Paging),
    responses((status = 200, body = Envelope<Page<Job>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<Job>> {
    caller.require(Permission::BackupsManage)?;
    let backups = context.backups.clone();
    let jobs = super::blocking(move || backups.jobs()).await?;
    ok(page(jobs, paging))
}

/// A job: how far it is, or what became of it.
#[utoipa::path(get, path = "/jobs/{id}", operation_id = "get_job", tag = "system",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, body = Envelope<Job>),
        (status = 404, description = "No such job", body = Refusal),
    ))]
async fn one(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Job> {
    caller.require(Permission::BackupsManage)?;
    let (id, backups) = (id_of(&id)?, context.backups.clone());
    let jobs = super::blocking(move || backups.jobs()).await?;
    let job = jobs.into_iter().find(|job| job.id == id);
    ok(job.ok_or_else(|| Error::not_found("job", id))?)
}

/// Ends a job; what it began is taken away.
#[utoipa::path(post, path = "/jobs/{id}/cancel", operation_id = "cancel_job", tag = "system",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, body = Envelope<Job>),
        (status = 404, description = "No such job", body = Refusal),
        (status = 409, description = "The job is over", body = Refusal),
    ))]
async fn cancel(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Job> {
    caller.require(Permission::BackupsManage)?;
    ok(context.backups.cancel(id_of(&id)?, caller.actor()).await?)
}

fn id_of(id: &str) -> Result<JobId, Error> {
    id.parse().map_err(|_| Error::not_found("job", id))
}
