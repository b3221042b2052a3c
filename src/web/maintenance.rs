//! `/api/equipment/{id}/maintenance`: what was done to equipment, and when it is due again.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told, created, ok,
    page,
};
use super::equipment::parse;
use crate::auth::{Caller, Permission};
use crate::base::{DocumentId, EquipmentId, Error, MaintenanceId, Result};
use crate::equipment::{MaintenanceEntry, NewMaintenance};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(change, delete))
}

fn entry_of(id: &str) -> Result<MaintenanceId> {
    id.parse()
        .map_err(|_| Error::not_found("maintenance entry", id))
}

/// The documents that the equipment has.
async fn documents_of(
    context: &Context,
    caller: &Caller,
    id: EquipmentId,
) -> Result<BTreeSet<DocumentId>> {
    let (attachments, reach) = (Arc::clone(&context.attachments), caller.user.sites.clone());
    let all = super::blocking(move || attachments.documents(id, &reach)).await?;
    Ok(all.into_iter().map(|document| document.id).collect())
}

/// The maintenance log of equipment, the latest day first.
#[utoipa::path(get, path = "/equipment/{id}/maintenance", operation_id = "list_maintenance",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment"), Paging),
    responses(
        (status = 200, body = Envelope<Page<MaintenanceEntry>>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(paging): Params<Paging>,
) -> Answer<Page<MaintenanceEntry>> {
    caller.require(Permission::EquipmentRead)?;
    let (id, reach) = (parse(&id)?, caller.user.sites);
    let all = super::blocking(move || context.maintenance.of(id, &reach)).await?;
    ok(page(all, paging))
}

/// Writes down work on equipment.
#[utoipa::path(post, path = "/equipment/{id}/maintenance", operation_id = "add_maintenance",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment")),
    request_body = NewMaintenance,
    responses(
        (status = 201, body = Envelope<MaintenanceEntry>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
        (status = 409, description = "The log is full", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<NewMaintenance>,
) -> std::result::Result<(StatusCode, Told<MaintenanceEntry>), Failure> {
    caller.require(Permission::MaintenanceWrite)?;
    let id = parse(&id)?;
    let documents = documents_of(&context, &caller, id).await?;
    let (at, actor) = ((id, &caller.user.sites), caller.actor());
    let has = |id| documents.contains(&id);
    let added = context.maintenance.add(at, said, &has, actor).await?;
    created(added)
}

/// Changes an entry as a whole: one's own, or any with the right to change equipment.
#[utoipa::path(put, path = "/equipment/{id}/maintenance/{entry}",
    operation_id = "change_maintenance", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment"),
        ("entry" = String, Path, description = "Id of the entry")),
    request_body = NewMaintenance,
    responses(
        (status = 200, body = Envelope<MaintenanceEntry>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 403, description = "Somebody else wrote it", body = Refusal),
        (status = 404, description = "No such entry", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path((id, entry)): Path<(String, String)>,
    Body(said): Body<NewMaintenance>,
) -> Answer<MaintenanceEntry> {
    caller.require(Permission::MaintenanceWrite)?;
    let (id, entry) = (parse(&id)?, entry_of(&entry)?);
    let documents = documents_of(&context, &caller, id).await?;
    let any = caller.require(Permission::EquipmentWrite).is_ok();
    let (at, actor) = ((id, &caller.user.sites, entry), caller.actor());
    let has = |id| documents.contains(&id);
    let changed = context
        .maintenance
        .change(at, (said, any), &has, actor)
        .await?;
    ok(changed)
}

/// Takes an entry out of the log; the audit log keeps what it said.
#[utoipa::path(delete, path = "/equipment/{id}/maintenance/{entry}",
    operation_id = "delete_maintenance", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment"),
        ("entry" = String, Path, description = "Id of the entry")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such entry", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path((id, entry)): Path<(String, String)>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let at = (parse(&id)?, &caller.user.sites, entry_of(&entry)?);
    context.maintenance.delete(at, caller.actor()).await?;
    ok(Message {
        message: "The entry is deleted.".to_owned(),
    })
}
