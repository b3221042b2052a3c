//! `/api/system/storage`, `/api/corrections`: how long readings are kept, and what people
//! corrected in them.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Page, Paging, Params, Refusal, Told, created, ok, page,
};
use crate::auth::{Caller, Permission, Reach};
use crate::base::{EquipmentId, Error, Metric, TimeRange, Timestamp, UserId};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use crate::tsdb::{Change, Correction, Keep, NewCorrection, StorageUse};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(storage, set_keep))
        .routes(routes!(list, correct))
        .routes(routes!(undo))
}

/// How much room the readings take, how long they are kept, and when the disk is full.
#[utoipa::path(get, path = "/system/storage", tag = "system",
    responses((status = 200, body = Envelope<StorageUse>)))]
async fn storage(State(context): State<Context>, caller: Caller) -> Answer<StorageUse> {
    caller.require(Permission::AuditRead)?;
    let now = context.clock.now();
    ok(super::blocking(move || context.tsdb.storage_use(now)).await?)
}

/// Changes how long readings are kept. What is then older goes within minutes.
#[utoipa::path(put, path = "/system/storage", tag = "system", request_body = Keep,
    responses(
        (status = 200, body = Envelope<Keep>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn set_keep(
    State(context): State<Context>,
    caller: Caller,
    Body(keep): Body<Keep>,
) -> Answer<Keep> {
    caller.require(Permission::AuditRead)?;
    caller.require(Permission::SettingsWrite)?;
    let (now, actor) = (context.clock.now(), caller.actor());
    let before = context.tsdb.keep()?;
    let log = move |transaction: &Transaction<'_>| {
        let details = serde_json::json!({ "before": before, "after": keep });
        let action = "storage.keep";
        audit::append(transaction, now, &actor, action, "readings", details)
    };
    context.tsdb.set_keep(keep, log).await?;
    ok(keep)
}

/// A correction as it is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Id of the equipment.
    equipment_id: String,
    /// The quantity, with its phase: `voltage_l1`.
    metric: String,
    /// First instant, RFC 3339.
    from: Timestamp,
    /// First instant after, RFC 3339.
    to: Timestamp,
    /// What becomes of each sample.
    change: Change,
    /// Why, for whoever asks in three years.
    why: String,
}

/// The corrections of readings, newest first, also those that were undone.
#[utoipa::path(get, path = "/corrections", operation_id = "list_corrections", tag = "history",
    params(Paging), responses((status = 200, body = Envelope<Page<Correction>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<Correction>> {
    caller.require(Permission::ReadingsRead)?;
    let asked = context.clone();
    let mut all = super::blocking(move || asked.tsdb.corrections()).await?;
    all.retain(|correction| is_there(&context, &caller, correction.equipment));
    all.reverse();
    ok(page(all, paging))
}

/// Corrects readings. What was measured is kept; answers, energy and costs follow at once.
#[utoipa::path(post, path = "/corrections", operation_id = "create_correction", tag = "history",
    request_body = Asked,
    responses(
        (status = 201, body = Envelope<Correction>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn correct(
    State(context): State<Context>,
    caller: Caller,
    Body(asked): Body<Asked>,
) -> Result<(StatusCode, Told<Correction>), super::envelope::Failure> {
    caller.require(Permission::ReadingsCorrect)?;
    let equipment = equipment_of(&context, &caller, &asked.equipment_id)?;
    let (metric, phase) = Metric::with_phase(&asked.metric)?;
    let (now, actor) = (context.clock.now(), caller.actor());
    let new = NewCorrection {
        equipment,
        metric,
        phase,
        range: TimeRange::new(asked.from, asked.to)?,
        change: asked.change,
        why: asked.why,
        by: person(&actor)?,
        at: now,
    };
    let log = log(now, actor, "readings.correct");
    created(context.tsdb.correct(new, log).await?)
}

/// Undoes a correction: the readings are again what was measured.
#[utoipa::path(post, path = "/corrections/{id}/undo", operation_id = "undo_correction",
    tag = "history", params(("id" = u64, Path, description = "Number of the correction")),
    responses(
        (status = 200, body = Envelope<Correction>),
        (status = 404, description = "No such correction", body = Refusal),
    ))]
async fn undo(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Correction> {
    caller.require(Permission::ReadingsCorrect)?;
    let id = id
        .parse()
        .map_err(|_| Error::not_found("correction", &id))?;
    let asked = context.clone();
    let all = super::blocking(move || asked.tsdb.corrections()).await?;
    let found = all.iter().find(|correction| correction.id == id);
    if found.is_some_and(|found| !is_there(&context, &caller, found.equipment)) {
        return Err(Error::not_found("correction", id).into());
    }
    let (now, actor) = (context.clock.now(), caller.actor());
    let by = person(&actor)?;
    let log = log(now, actor, "readings.correct_undo");
    ok(context.tsdb.undo_correction(id, by, now, log).await?)
}

fn equipment_of(context: &Context, caller: &Caller, id: &str) -> Result<EquipmentId, Error> {
    let none = || Error::invalid("equipment_id", format!("There is no equipment {id}."));
    let id = id.parse().map_err(|_| none())?;
    let found = context.registry.seen(id, &caller.user.sites);
    found.map(|equipment| equipment.id).map_err(|_| none())
}

/// Whether the corrections of this equipment are there for the caller. Of what was deleted nobody
/// knows whose it was: they are there for who reaches all sites.
fn is_there(context: &Context, caller: &Caller, id: EquipmentId) -> bool {
    let reach = &caller.user.sites;
    let found = context.registry.get(id);
    found.map_or(*reach == Reach::ALL, |equipment| {
        reach.sees(&equipment.site)
    })
}

fn person(actor: &Actor) -> Result<UserId, Error> {
    actor
        .user
        .ok_or_else(|| Error::internal("A correction is made by a person."))
}

/// Writes what was done to the audit log, in the transaction that does it.
fn log(
    now: Timestamp,
    actor: Actor,
    action: &'static str,
) -> impl FnOnce(&Transaction<'_>, &Correction) -> crate::base::Result<()> + Send + 'static {
    move |transaction, correction| {
        let details = serde_json::json!(correction);
        let resource = format!("correction/{}", correction.id);
        let site = crate::equipment::site_in(transaction, correction.equipment)?;
        let object = audit::about(&resource).of_all(site);
        audit::append(transaction, now, &actor, action, object, details)
    }
}
