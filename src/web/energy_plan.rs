//! `/api/energy/plan`: objectives, significant uses, actions and measures.

use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told,
};
use super::envelope::{created, ok, page};
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::{Error, PlanId, Result};
use crate::energy::enpi::{NewPlanItem, PlanItem, PlanProgress};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(change, delete))
        .routes(routes!(progress))
}

/// The items of the site, those that are due first.
#[utoipa::path(get, path = "/energy/plan", operation_id = "list_energy_plan", tag = "energy",
    params(Paging), responses((status = 200, body = Envelope<Page<PlanItem>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<PlanItem>> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site) = (Arc::clone(&context.enpis), caller.user.site.clone());
    ok(page(blocking(move || enpis.plan(&site)).await?, paging))
}

/// Makes an item.
#[utoipa::path(post, path = "/energy/plan", operation_id = "create_energy_plan_item",
    tag = "energy", request_body = NewPlanItem,
    responses(
        (status = 201, body = Envelope<PlanItem>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Body(said): Body<NewPlanItem>,
) -> Result<(StatusCode, Told<PlanItem>), Failure> {
    caller.require(Permission::SettingsWrite)?;
    let site = &caller.user.site;
    created(
        context
            .enpis
            .add_to_plan(said, site, caller.actor())
            .await?,
    )
}

/// Says an item anew.
#[utoipa::path(put, path = "/energy/plan/{id}", operation_id = "update_energy_plan_item",
    tag = "energy", params(("id" = String, Path, description = "Id of the item")),
    request_body = NewPlanItem,
    responses(
        (status = 200, body = Envelope<PlanItem>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such item", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<NewPlanItem>,
) -> Answer<PlanItem> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    ok(context
        .enpis
        .change_plan(site, id, said, caller.actor())
        .await?)
}

/// Deletes an item.
#[utoipa::path(delete, path = "/energy/plan/{id}", operation_id = "delete_energy_plan_item",
    tag = "energy", params(("id" = String, Path, description = "Id of the item")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such item", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    context
        .enpis
        .delete_from_plan(site, id, caller.actor())
        .await?;
    ok(Message {
        message: "Plan item deleted".to_owned(),
    })
}

/// What came of an objective or a measure so far.
#[utoipa::path(get, path = "/energy/plan/{id}/progress", operation_id = "get_energy_plan_progress",
    tag = "energy", params(("id" = String, Path, description = "Id of the item")),
    responses(
        (status = 200, body = Envelope<PlanProgress>),
        (status = 404, description = "No such item", body = Refusal),
        (status = 409, description = "It cannot be counted", body = Refusal),
    ))]
async fn progress(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<PlanProgress> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site, id) = (
        Arc::clone(&context.enpis),
        context.site_of(&caller)?,
        id_of(&id)?,
    );
    ok(blocking(move || enpis.progress(&site, id)).await?)
}

fn id_of(text: &str) -> Result<PlanId> {
    text.parse()
        .map_err(|_| Error::not_found("plan item", text))
}
