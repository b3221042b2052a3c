//! `/api/coldchain/…/use`: customers, locations and cells out of use and back, with all that is in
//! them, each in one transaction.

use super::Context;
use super::coldchain::{cell_of, customer_of, location_of};
use super::envelope::{Answer, Body, Envelope, Message, Paging, Refusal, ok};
use crate::auth::{Caller, Permission};
use crate::coldchain::{Part, UseChanged};
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub(super) fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(use_customer))
        .routes(routes!(use_location))
        .routes(routes!(use_cell))
        .routes(routes!(retire_cell))
}

/// What narrows the lists of customers and locations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PlaceQuery {
    /// Those, too, that were taken out of use.
    pub(super) retired: Option<bool>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
}

impl PlaceQuery {
    pub(super) const fn paging(&self) -> Paging {
        Paging {
            page: self.page,
            page_size: self.page_size,
            limit: self.limit,
            offset: self.offset,
        }
    }
}

/// Whether something is in use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ColdUse)]
struct InUse {
    /// `false` takes it out of use, with all that is in it; `true` brings it back, with what left
    /// together with it.
    in_use: bool,
}

async fn change(context: &Context, caller: &Caller, change: (Part, bool)) -> Answer<UseChanged> {
    let (reach, actor) = (&caller.user.sites, caller.actor());
    ok(context
        .coldchain
        .use_or_retire(reach, change, actor)
        .await?)
}

/// Takes a customer out of use with his locations and cells, or brings him back. His site stays.
#[utoipa::path(put, path = "/coldchain/customers/{id}/use", operation_id = "use_cold_customer",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the customer")),
    request_body = InUse,
    responses(
        (status = 200, body = Envelope<UseChanged>),
        (status = 404, description = "No such customer", body = Refusal),
        (status = 409, description = "He cannot be brought back", body = Refusal),
    ))]
async fn use_customer(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<InUse>,
) -> Answer<UseChanged> {
    caller.require(Permission::UsersManage)?;
    let part = Part::Customer(customer_of(&id)?);
    change(&context, &caller, (part, said.in_use)).await
}

/// Takes a location out of use with its cells, or brings it back.
#[utoipa::path(put, path = "/coldchain/locations/{id}/use", operation_id = "use_cold_location",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the location")),
    request_body = InUse,
    responses(
        (status = 200, body = Envelope<UseChanged>),
        (status = 404, description = "No such location", body = Refusal),
        (status = 409, description = "It cannot be brought back", body = Refusal),
    ))]
async fn use_location(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<InUse>,
) -> Answer<UseChanged> {
    caller.require(Permission::EquipmentWrite)?;
    let part = Part::Location(location_of(&id)?);
    change(&context, &caller, (part, said.in_use)).await
}

/// Takes a cell out of use, or brings it back: the devices that were locked out with it are let in
/// again.
#[utoipa::path(put, path = "/coldchain/cells/{id}/use", operation_id = "use_cold_cell",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the cell")),
    request_body = InUse,
    responses(
        (status = 200, body = Envelope<UseChanged>),
        (status = 404, description = "No such cell", body = Refusal),
        (status = 409, description = "It cannot be brought back", body = Refusal),
    ))]
async fn use_cell(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<InUse>,
) -> Answer<UseChanged> {
    caller.require(Permission::EquipmentWrite)?;
    let part = Part::Cell(cell_of(&id)?);
    change(&context, &caller, (part, said.in_use)).await
}

/// Takes a cell out of use: its devices are let in no more, its alerts end, its evidence stays.
#[utoipa::path(delete, path = "/coldchain/cells/{id}", operation_id = "retire_cold_cell",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the cell")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn retire_cell(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let part = Part::Cell(cell_of(&id)?);
    change(&context, &caller, (part, false)).await?;
    let message = "The cell is out of use.".to_owned();
    ok(Message { message })
}
