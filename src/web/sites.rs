//! `/api/sites`.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Failure, Page, Paging, Params, Refusal, Told, created, ok, page,
};
use crate::auth::{Caller, Permission, Reach};
use crate::base::{Error, ErrorKind};
use crate::site::{DemandPulse, NewSite, Site, SiteChange};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
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
    // A customer has no readings of the plant, and yet a site whose clock his page follows.
    if caller.require(Permission::ColdchainRead).is_err() {
        caller.require(Permission::ReadingsRead)?;
    }
    let mut all = context.sites.all();
    all.retain(|site| caller.user.sites.sees(&site.key));
    ok(page(all, paging))
}

/// Sets a further site up. Only who reaches all sites may: the others would not reach this one.
#[utoipa::path(post, path = "/sites", operation_id = "add_site", tag = "sites",
    request_body = NewSite,
    responses(
        (status = 201, body = Envelope<Site>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "The short name is taken", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Body(new): Body<NewSite>,
) -> std::result::Result<(StatusCode, Told<Site>), Failure> {
    caller.require(Permission::UsersManage)?;
    if !caller.user.sites.covers(&Reach::ALL) {
        let sentence = "Only who reaches all sites may set a further one up.";
        return Err(Error::new(ErrorKind::Forbidden, sentence).into());
    }
    // It has no equipment yet that could read a pulse.
    let pulse = new.wishes.as_ref().and_then(|w| w.demand_pulse.as_ref());
    check_pulse(&context, "", pulse)?;
    let site = context.sites.add(new, caller.actor()).await?;
    context.live.tell_registry();
    created(site)
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
    let his = his.ok_or_else(none)?;
    let pulse = change.wishes.as_ref().and_then(|w| w.demand_pulse.as_ref());
    check_pulse(&context, &his.key, pulse)?;
    let site = context.sites.change(id, change, caller.actor()).await?;
    context.live.tell_registry();
    ok(site)
}

/// The input that gives the pulse of the utility is one of the site.
fn check_pulse(context: &Context, site: &str, pulse: Option<&DemandPulse>) -> Result<(), Failure> {
    let Some(pulse) = pulse else { return Ok(()) };
    let found = context.registry.get(pulse.equipment).ok();
    if found.is_some_and(|equipment| equipment.site == site) {
        return Ok(());
    }
    let sentence = "There is no such equipment at this site.";
    Err(Error::invalid("wishes.demand_pulse.equipment", sentence).into())
}
