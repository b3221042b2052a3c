//! `/api/alerts/{id}/suppress` and the like: alerts that people set aside until somebody ends it.

use super::Context;
use super::alert_body::{NoFields, SetAsideRequest};
use super::alerts::{id_of, place};
use super::envelope::{Answer, Body, Envelope, Refusal, ok};
use crate::alerts::{Alert, Aside};
use crate::auth::{Caller, Permission};
use axum::extract::{Path, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(suppress))
        .routes(routes!(unsuppress))
        .routes(routes!(out_of_service))
        .routes(routes!(in_service))
}

async fn begin(
    context: &Context,
    caller: &Caller,
    id: &str,
    how: Aside,
    reason: String,
) -> Answer<Alert> {
    caller.require(Permission::AlertRulesManage)?;
    let id = id_of(id)?;
    let site = place(context, caller, id)?;
    let done = context
        .alerts
        .set_aside(&site, id, (how, reason), caller.actor());
    ok(done.await?)
}

async fn end(context: &Context, caller: &Caller, id: &str, how: Aside) -> Answer<Alert> {
    caller.require(Permission::AlertRulesManage)?;
    let id = id_of(id)?;
    let site = place(context, caller, id)?;
    let done = context.alerts.end_aside(&site, id, how, caller.actor());
    ok(done.await?)
}

/// Silences an alert by design, until somebody ends it: what it says is meant to be.
#[utoipa::path(post, path = "/alerts/{id}/suppress", operation_id = "suppress_alert",
    tag = "alerts", params(("id" = String, Path, description = "Id of the alert")),
    request_body = SetAsideRequest,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 400, description = "No reason", body = Refusal),
        (status = 404, description = "No such alert", body = Refusal),
        (status = 409, description = "It is over, shelved, out of service, or another stands for it", body = Refusal),
    ))]
async fn suppress(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<SetAsideRequest>,
) -> Answer<Alert> {
    begin(&context, &caller, &id, Aside::Suppressed, request.reason).await
}

/// Ends the silence by design; once more changes nothing.
#[utoipa::path(post, path = "/alerts/{id}/unsuppress", operation_id = "unsuppress_alert",
    tag = "alerts", params(("id" = String, Path, description = "Id of the alert")),
    request_body = NoFields,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 404, description = "No such alert", body = Refusal),
        (status = 409, description = "Another alert stands for it", body = Refusal),
    ))]
async fn unsuppress(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(NoFields {}): Body<NoFields>,
) -> Answer<Alert> {
    end(&context, &caller, &id, Aside::Suppressed).await
}

/// Takes an alert out of service, until somebody ends it: what it watches is being worked on.
#[utoipa::path(post, path = "/alerts/{id}/out-of-service", operation_id = "take_alert_out_of_service",
    tag = "alerts", params(("id" = String, Path, description = "Id of the alert")),
    request_body = SetAsideRequest,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 400, description = "No reason", body = Refusal),
        (status = 404, description = "No such alert", body = Refusal),
        (status = 409, description = "It is over, shelved, or another stands for it", body = Refusal),
    ))]
async fn out_of_service(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<SetAsideRequest>,
) -> Answer<Alert> {
    begin(&context, &caller, &id, Aside::OutOfService, request.reason).await
}

/// Puts an alert back into service; once more changes nothing.
#[utoipa::path(post, path = "/alerts/{id}/in-service", operation_id = "put_alert_in_service",
    tag = "alerts", params(("id" = String, Path, description = "Id of the alert")),
    request_body = NoFields,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 404, description = "No such alert", body = Refusal),
        (status = 409, description = "Its equipment is out of service", body = Refusal),
    ))]
async fn in_service(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(NoFields {}): Body<NoFields>,
) -> Answer<Alert> {
    end(&context, &caller, &id, Aside::OutOfService).await
}
