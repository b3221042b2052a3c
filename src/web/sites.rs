//! `/api/sites`.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Page, Paging, Params, Refusal, ok, page};
use crate::auth::{Caller, Permission};
use crate::base::Error;
use crate::site::{Site, SiteChange};
use axum::extract::{Path, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(change))
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
