//! `/api/reports/schedule`: reports that make themselves.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Failure, Message, Refusal, Told, created, ok};
use super::reports::site_about;
use crate::auth::{Caller, Permission};
use crate::base::{Error, Result, ScheduleId, Timestamp};
use crate::reports::{NewSchedule, Schedule};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(change, delete))
}

/// An entry of the timetable, and when it is due.
#[derive(Debug, Serialize, ToSchema)]
struct ScheduleShown {
    /// The entry.
    schedule: Schedule,
    /// When the next one is made; `null` when it is switched off.
    next_at: Option<Timestamp>,
}

/// The timetable of the site.
#[derive(Debug, Serialize, ToSchema)]
struct Timetable {
    /// Its entries.
    items: Vec<ScheduleShown>,
    /// Whether an outlet writes e-mail.
    writes_mail: bool,
}

/// The timetable of the site.
#[utoipa::path(get, path = "/reports/schedule", operation_id = "list_report_schedules",
    tag = "reports", responses((status = 200, body = Envelope<Timetable>)))]
async fn list(State(context): State<Context>, caller: Caller) -> Answer<Timetable> {
    caller.require(Permission::ReportsManage)?;
    let site = context.site_of(&caller)?;
    let entries = context.reports.schedules(&site).into_iter();
    ok(Timetable {
        items: entries
            .map(|(schedule, next_at)| ScheduleShown { schedule, next_at })
            .collect(),
        writes_mail: context.notify.writes_mail(),
    })
}

/// Adds an entry to the timetable.
#[utoipa::path(post, path = "/reports/schedule", operation_id = "schedule_report", tag = "reports",
    request_body = NewSchedule,
    responses(
        (status = 201, body = Envelope<Schedule>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "The timetable is full", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Body(entry): Body<NewSchedule>,
) -> Result<(StatusCode, Told<Schedule>), Failure> {
    caller.require(Permission::ReportsManage)?;
    let site = context.site_of(&caller)?;
    // What he does not reach is not there for him.
    site_about(&context, &caller, &entry.template, entry.about)?;
    let put = context
        .reports
        .put_schedule(None, entry, &site, caller.actor());
    created(put.await?)
}

/// Replaces an entry of the timetable.
#[utoipa::path(put, path = "/reports/schedule/{id}", operation_id = "change_report_schedule",
    tag = "reports", params(("id" = String, Path, description = "Id of the entry")),
    request_body = NewSchedule,
    responses(
        (status = 200, body = Envelope<Schedule>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such entry", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(entry): Body<NewSchedule>,
) -> Answer<Schedule> {
    caller.require(Permission::ReportsManage)?;
    let site = context.site_of(&caller)?;
    site_about(&context, &caller, &entry.template, entry.about)?;
    let id = Some(id_of(&id)?);
    let put = context
        .reports
        .put_schedule(id, entry, &site, caller.actor());
    ok(put.await?)
}

/// Takes an entry out of the timetable.
#[utoipa::path(delete, path = "/reports/schedule/{id}", operation_id = "delete_report_schedule",
    tag = "reports", params(("id" = String, Path, description = "Id of the entry")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such entry", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::ReportsManage)?;
    let site = context.site_of(&caller)?;
    let gone = context
        .reports
        .delete_schedule(&site, id_of(&id)?, caller.actor());
    gone.await?;
    ok(Message {
        message: "The entry is deleted.".to_owned(),
    })
}

fn id_of(id: &str) -> Result<ScheduleId> {
    id.parse()
        .map_err(|_| Error::not_found("timetable entry", id))
}
