//! `/api/energy/tariffs`: what energy costs, as rules with versions.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Failure, Message, Refusal, Told, created, ok};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Result, TariffId};
use crate::energy::{NewTariff, Tariff, TariffChange, TariffExample, tariff_examples};
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
        .routes(routes!(detail, change, delete))
        .routes(routes!(examples))
}

/// The tariffs of the site.
#[derive(Debug, Serialize, ToSchema)]
struct TariffList {
    /// By name.
    items: Vec<Tariff>,
    /// The one by which the site buys today; `null` when the flat price of the site counts.
    in_force: Option<TariffId>,
}

/// Tariffs to start from.
#[derive(Debug, Serialize, ToSchema)]
struct TariffExamples {
    /// Each with its source and its date.
    items: Vec<TariffExample>,
}

/// The tariffs of the site, each with all its versions.
#[utoipa::path(get, path = "/energy/tariffs", operation_id = "list_tariffs", tag = "energy",
    responses((status = 200, body = Envelope<TariffList>)))]
async fn list(State(context): State<Context>, caller: Caller) -> Answer<TariffList> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let today = site.calendar().date(context.clock.now());
    let in_force = context.tariffs.in_force(&site.key, &today);
    ok(TariffList {
        items: context.tariffs.of(&site.key),
        in_force: in_force.map(|(id, _)| id),
    })
}

/// Tariffs of public sheets to start from, each with its source and its date.
#[utoipa::path(get, path = "/energy/tariff-examples", operation_id = "list_tariff_examples",
    tag = "energy", responses((status = 200, body = Envelope<TariffExamples>)))]
async fn examples(caller: Caller) -> Answer<TariffExamples> {
    caller.require(Permission::ReadingsRead)?;
    ok(TariffExamples {
        items: tariff_examples()?,
    })
}

/// Enters a tariff with its first version.
#[utoipa::path(post, path = "/energy/tariffs", operation_id = "create_tariff", tag = "energy",
    request_body = NewTariff,
    responses(
        (status = 201, body = Envelope<Tariff>),
        (status = 400, description = "Every refused place", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Body(new): Body<NewTariff>,
) -> Result<(StatusCode, Told<Tariff>), Failure> {
    caller.require(Permission::SettingsWrite)?;
    let site = context.site_of(&caller)?;
    let made = context
        .tariffs
        .create(new, &site.key, caller.actor())
        .await?;
    created(made)
}

/// One tariff.
#[utoipa::path(get, path = "/energy/tariffs/{id}", operation_id = "get_tariff", tag = "energy",
    params(("id" = String, Path, description = "Id of the tariff")),
    responses(
        (status = 200, body = Envelope<Tariff>),
        (status = 404, description = "No such tariff", body = Refusal),
    ))]
async fn detail(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Tariff> {
    caller.require(Permission::ReadingsRead)?;
    ok(context.tariffs.get(&caller.user.site, id_of(&id)?)?)
}

/// Changes a tariff: its name, whether the site buys by it, or by a new version. What was entered
/// stays as it is.
#[utoipa::path(put, path = "/energy/tariffs/{id}", operation_id = "update_tariff", tag = "energy",
    params(("id" = String, Path, description = "Id of the tariff")), request_body = TariffChange,
    responses(
        (status = 200, body = Envelope<Tariff>),
        (status = 400, description = "Every refused place", body = Refusal),
        (status = 404, description = "No such tariff", body = Refusal),
        (status = 409, description = "Somebody was quicker", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<TariffChange>,
) -> Answer<Tariff> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    ok(context
        .tariffs
        .change(site, id, change, caller.actor())
        .await?)
}

/// Deletes a tariff by which the site does not buy.
#[utoipa::path(delete, path = "/energy/tariffs/{id}", operation_id = "delete_tariff",
    tag = "energy", params(("id" = String, Path, description = "Id of the tariff")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such tariff", body = Refusal),
        (status = 409, description = "It is in use", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    context.tariffs.delete(site, id, caller.actor()).await?;
    ok(Message {
        message: "Tariff deleted successfully".to_owned(),
    })
}

/// The id of a tariff in an address.
pub fn id_of(text: &str) -> Result<TariffId> {
    text.parse().map_err(|_| Error::not_found("tariff", text))
}
