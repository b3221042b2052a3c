//! `/api/alerts`: what people have to act on, and what they do about it.

use super::alert_body::{AcknowledgeAllRequest, AcknowledgeRequest, CommentRequest};
use super::alert_body::{NoFields, ResolveRequest, ShelveRequest};
use super::alert_query::Asked;
use super::envelope::{Answer, Body, Envelope, Params, Refusal, ok};
use super::{Context, blocking};
use crate::alerts::{Acknowledgement, Alert, Quality, Shelving, Transition};
use crate::auth::{Caller, Permission};
use crate::base::{AlertId, Error, Result, TimeRange, Timestamp};
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the quality page looks back on unless asked otherwise, and at most, ms.
const QUALITY_DEFAULT_MS: i64 = 7 * 86_400_000;
const QUALITY_MAX_MS: i64 = 92 * 86_400_000;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(quality))
        .routes(routes!(shelved))
        .routes(routes!(acknowledge_all))
        .routes(routes!(detail))
        .routes(routes!(acknowledge))
        .routes(routes!(resolve, resolve_by_patch))
        .routes(routes!(shelve))
        .routes(routes!(unshelve))
        .routes(routes!(comment))
}

/// A page of alerts.
#[derive(Debug, Serialize, ToSchema)]
struct AlertPage {
    /// The alerts, newest first unless asked otherwise.
    items: Vec<Alert>,
    /// How many pass the filters.
    total: usize,
    /// Whether there are more than `total`: counting ends at 10,000.
    total_is_least: bool,
    /// Number of this page, from 1.
    page: usize,
    /// Most items of a page.
    page_size: usize,
    /// Whether there is a page after this one.
    has_more: bool,
    /// Send it as `cursor` for the page after this one.
    next_cursor: Option<String>,
}

/// An alert with everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
struct AlertDetail {
    #[serde(flatten)]
    alert: Alert,
    /// What happened to it, oldest first.
    history: Vec<Transition>,
}

/// Alerts of a list that has no pages.
#[derive(Debug, Serialize, ToSchema)]
struct AlertItems {
    /// The alerts.
    items: Vec<Alert>,
    /// How many.
    total: usize,
}

pub(super) fn id_of(text: &str) -> Result<AlertId> {
    text.parse().map_err(|_| Error::not_found("alert", text))
}

/// The site of an alert, when it is one that he reaches; his own otherwise, where it is not.
pub(super) fn place(context: &Context, caller: &Caller, id: AlertId) -> Result<String> {
    let site = context.alerts.site_of(id)?;
    let site = site.filter(|site| caller.user.sites.sees(site));
    Ok(site.unwrap_or_else(|| caller.user.site.clone()))
}

/// The alerts of the sites that one reaches, newest first. Those for which another alert stands are left out unless
/// asked for.
#[utoipa::path(get, path = "/alerts", operation_id = "list_alerts", tag = "alerts",
    params(
        ("level" = Option<String>, Query, description = "Levels, separated by commas; `level[]` may be repeated instead"),
        ("equipment_id" = Option<String>, Query, description = "Of this equipment"),
        ("status" = Option<String>, Query, description = "`all`, `acknowledged`, `unacknowledged`, `active` (the condition holds), `open` (something is left to do), `shelved`, `suppressed` or `out_of_service`"),
        ("from" = Option<Timestamp>, Query, description = "Begun at or after"),
        ("to" = Option<Timestamp>, Query, description = "Begun before"),
        ("search" = Option<String>, Query, description = "Part of the message or of the equipment's name"),
        ("children" = Option<bool>, Query, description = "Those, too, for which another alert stands"),
        ("parent" = Option<String>, Query, description = "Only those for which this alert stands"),
        ("sort" = Option<String>, Query, description = "`time`, newest first, which it is when absent, or `level`, the worst first"),
        ("page" = Option<usize>, Query, description = "Number of the page, from 1"),
        ("page_size" = Option<usize>, Query, description = "Items of a page, 1 to 100; 10 when absent"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, instead of `page`"),
    ),
    responses(
        (status = 200, body = Envelope<AlertPage>),
        (status = 400, description = "A filter that is none", body = Refusal),
    ))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Answer<AlertPage> {
    caller.require(Permission::AlertsRead)?;
    let asked = Asked::of(pairs, &caller.user.sites)?;
    let paging = asked.paging();
    let alerts = std::sync::Arc::clone(&context.alerts);
    let found = blocking(move || alerts.list(&asked.filter, paging, asked.cursor.as_deref()));
    let found = found.await?;
    ok(AlertPage {
        items: found.items,
        total: found.total,
        total_is_least: found.total_is_least,
        page: paging.offset / paging.size + 1,
        page_size: paging.size,
        has_more: found.has_more,
        next_cursor: found.next_cursor,
    })
}

/// How good the alerts were, against the figures of EEMUA 191; of the last week unless asked
/// otherwise.
#[utoipa::path(get, path = "/alerts/quality", operation_id = "alert_quality", tag = "alerts",
    params(
        ("from" = Option<Timestamp>, Query, description = "From here"),
        ("to" = Option<Timestamp>, Query, description = "To here"),
    ),
    responses((status = 200, body = Envelope<Quality>)))]
async fn quality(
    State(context): State<Context>,
    caller: Caller,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Answer<Quality> {
    caller.require(Permission::AlertsRead)?;
    let filter = Asked::of(pairs, &caller.user.sites)?.filter;
    let to = filter.to.unwrap_or_else(|| context.clock.now());
    let from = filter
        .from
        .unwrap_or_else(|| to.minus_ms(QUALITY_DEFAULT_MS));
    let range = TimeRange::new(from, to)?;
    if range.length_ms() > QUALITY_MAX_MS {
        return Err(Error::invalid("from", "At most 92 days at once.").into());
    }
    let alerts = std::sync::Arc::clone(&context.alerts);
    ok(blocking(move || alerts.quality(&caller.user.site, range)).await?)
}

/// The alerts that are on the shelf, the one that comes back first in front.
#[utoipa::path(get, path = "/alerts/shelved", operation_id = "list_shelved_alerts", tag = "alerts",
    responses((status = 200, body = Envelope<AlertItems>)))]
async fn shelved(State(context): State<Context>, caller: Caller) -> Answer<AlertItems> {
    caller.require(Permission::AlertsRead)?;
    let mut items = context.alerts.open_within(&caller.user.sites);
    items.retain(|alert| alert.shelved_until.is_some());
    items.sort_by_key(|alert| alert.shelved_until);
    ok(AlertItems {
        total: items.len(),
        items,
    })
}

/// One alert, with its history.
#[utoipa::path(get, path = "/alerts/{id}", operation_id = "get_alert", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert")),
    responses(
        (status = 200, body = Envelope<AlertDetail>),
        (status = 404, description = "No such alert", body = Refusal),
    ))]
async fn detail(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<AlertDetail> {
    caller.require(Permission::AlertsRead)?;
    let id = id_of(&id)?;
    let site = place(&context, &caller, id)?;
    let alerts = std::sync::Arc::clone(&context.alerts);
    let (alert, history) = blocking(move || alerts.get(&site, id)).await?;
    ok(AlertDetail { alert, history })
}

/// Says that somebody knows. The first one stays; once more changes nothing.
#[utoipa::path(post, path = "/alerts/{id}/acknowledge", operation_id = "acknowledge_alert",
    tag = "alerts", params(("id" = String, Path, description = "Id of the alert")),
    request_body = AcknowledgeRequest,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 404, description = "No such alert", body = Refusal),
        (status = 409, description = "It changed since it was seen, is shelved, or another stands for it", body = Refusal),
    ))]
async fn acknowledge(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<AcknowledgeRequest>,
) -> Answer<Alert> {
    caller.require(Permission::AlertsAcknowledge)?;
    let said = Acknowledgement {
        notes: request.notes,
        revision: request.revision,
    };
    let id = id_of(&id)?;
    let site = place(&context, &caller, id)?;
    let done = context.alerts.acknowledge(&site, id, said, caller.actor());
    ok(done.await?)
}

/// Says of many that somebody knows, all or none of them.
#[utoipa::path(post, path = "/alerts/acknowledge", operation_id = "acknowledge_alerts",
    tag = "alerts", request_body = AcknowledgeAllRequest,
    responses(
        (status = 200, body = Envelope<AlertItems>),
        (status = 404, description = "One of them is not there", body = Refusal),
        (status = 409, description = "One of them changed since it was seen", body = Refusal),
    ))]
async fn acknowledge_all(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<AcknowledgeAllRequest>,
) -> Answer<AlertItems> {
    caller.require(Permission::AlertsAcknowledge)?;
    let which = request
        .alerts
        .into_iter()
        .map(|seen| (seen.id, seen.revision));
    let (reach, notes) = (caller.user.sites.clone(), request.notes);
    let done = context
        .alerts
        .acknowledge_all(reach, which.collect(), notes, caller.actor());
    let items = done.await?;
    ok(AlertItems {
        total: items.len(),
        items,
    })
}

/// Says that it is over, and what stands behind it, too.
#[utoipa::path(post, path = "/alerts/{id}/resolve", operation_id = "resolve_alert", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert")), request_body = ResolveRequest,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 404, description = "No such alert", body = Refusal),
    ))]
async fn resolve(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<ResolveRequest>,
) -> Answer<Alert> {
    caller.require(Permission::AlertsAcknowledge)?;
    let id = id_of(&id)?;
    let site = place(&context, &caller, id)?;
    let done = context
        .alerts
        .resolve(&site, id, request.note, caller.actor());
    ok(done.await?)
}

/// As `POST`.
#[utoipa::path(patch, path = "/alerts/{id}/resolve", operation_id = "resolve_alert_by_patch",
    tag = "alerts", params(("id" = String, Path, description = "Id of the alert")),
    request_body = ResolveRequest,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 404, description = "No such alert", body = Refusal),
    ))]
async fn resolve_by_patch(
    state: State<Context>,
    caller: Caller,
    id: Path<String>,
    body: Body<ResolveRequest>,
) -> Answer<Alert> {
    resolve(state, caller, id, body).await
}

/// Silences an alert for a time, with a reason.
#[utoipa::path(post, path = "/alerts/{id}/shelve", operation_id = "shelve_alert", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert")), request_body = ShelveRequest,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 400, description = "Refused fields, each by name", body = Refusal),
        (status = 404, description = "No such alert", body = Refusal),
        (status = 409, description = "It is over", body = Refusal),
    ))]
async fn shelve(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<ShelveRequest>,
) -> Answer<Alert> {
    caller.require(Permission::AlertsShelve)?;
    let said = Shelving {
        seconds: request.seconds,
        reason: request.reason,
    };
    let id = id_of(&id)?;
    let site = place(&context, &caller, id)?;
    let done = context.alerts.shelve(&site, id, said, caller.actor());
    ok(done.await?)
}

/// Takes an alert off the shelf; once more changes nothing.
#[utoipa::path(post, path = "/alerts/{id}/unshelve", operation_id = "unshelve_alert",
    tag = "alerts", params(("id" = String, Path, description = "Id of the alert")),
    request_body = NoFields,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 404, description = "No such alert", body = Refusal),
    ))]
async fn unshelve(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(NoFields {}): Body<NoFields>,
) -> Answer<Alert> {
    caller.require(Permission::AlertsShelve)?;
    let id = id_of(&id)?;
    let site = place(&context, &caller, id)?;
    let done = context.alerts.unshelve(&site, id, caller.actor());
    ok(done.await?)
}

/// Adds a comment to the history of an alert.
#[utoipa::path(post, path = "/alerts/{id}/comment", operation_id = "comment_alert", tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert")), request_body = CommentRequest,
    responses(
        (status = 200, body = Envelope<Alert>),
        (status = 404, description = "No such alert", body = Refusal),
    ))]
async fn comment(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<CommentRequest>,
) -> Answer<Alert> {
    caller.require(Permission::AlertsAcknowledge)?;
    let id = id_of(&id)?;
    let site = place(&context, &caller, id)?;
    let done = context
        .alerts
        .comment(&site, id, request.text, caller.actor());
    ok(done.await?)
}
