//! `/api/sites`, `/api/audit`.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Page, Paging, Params, Refusal, ok, page};
use crate::auth::{Caller, Permission};
use crate::base::Error;
use crate::site::{Site, SiteChange};
use crate::store::audit;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(change))
        .routes(routes!(audit_log))
        .routes(routes!(audit_verify))
}

/// The sites.
#[utoipa::path(get, path = "/sites", operation_id = "list_sites", tag = "sites", params(Paging),
    responses((status = 200, body = Envelope<Page<Site>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<Site>> {
    caller.require(Permission::ReadingsRead)?;
    let mut all = context.sites.all();
    all.retain(|site| caller.user.sites.sees(&site.key));
    ok(page(all, paging))
}

/// Changes a site.
#[utoipa::path(put, path = "/sites/{id}", tag = "sites", request_body = SiteChange,
    params(("id" = String, Path, description = "Id of the site")),
    responses(
        (status = 200, body = Envelope<Site>),
        (status = 404, description = "No such site", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<SiteChange>,
) -> Answer<Site> {
    caller.require(Permission::SettingsWrite)?;
    let none = || Error::not_found("site", &id);
    let id = id.parse().map_err(|_| none())?;
    let mut all = context.sites.all().into_iter();
    let his = all.find(|site| site.id == id && caller.user.sites.sees(&site.key));
    his.ok_or_else(none)?;
    let site = context.sites.change(id, change, caller.actor()).await?;
    context.live.tell_registry();
    ok(site)
}

/// Which part of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Entries before this sequence; the newest when absent.
    cursor: Option<u64>,
    /// Entries of a page, at most 100.
    limit: Option<usize>,
}

/// A part of the audit log, newest first.
#[derive(Serialize, ToSchema)]
struct AuditPage {
    /// The entries.
    items: Vec<audit::Entry>,
    /// Where the next page starts; `null` on the last one.
    next_cursor: Option<u64>,
}

/// The audit log.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Envelope<AuditPage>)))]
async fn audit_log(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<AuditQuery>,
) -> Answer<AuditPage> {
    caller.require(Permission::AuditRead)?;
    let limit = query.limit.unwrap_or(20).clamp(1, audit::PAGE_MAX);
    let read = move || audit::page(&context.store.read()?, query.cursor, limit);
    let items = super::blocking(read).await?;
    let oldest = items.last().map(|entry| entry.sequence);
    ok(AuditPage {
        next_cursor: oldest.filter(|sequence| *sequence > 1),
        items,
    })
}

/// What a walk over the audit chain found.
#[derive(Serialize, ToSchema)]
struct AuditVerdict {
    /// Whether every entry is where and what it was.
    intact: bool,
    /// Entries that were looked at.
    entries: u64,
    /// Sequence of the first bad entry.
    first_bad: Option<u64>,
}

/// Checks the audit chain from its first entry to its last.
#[utoipa::path(get, path = "/audit/verify", tag = "audit",
    responses((status = 200, body = Envelope<AuditVerdict>)))]
async fn audit_verify(State(context): State<Context>, caller: Caller) -> Answer<AuditVerdict> {
    caller.require(Permission::AuditRead)?;
    let walk = move || audit::verify(&context.store);
    let (entries, first_bad) = super::blocking(walk).await?;
    ok(AuditVerdict {
        intact: first_bad.is_none(),
        entries,
        first_bad,
    })
}
