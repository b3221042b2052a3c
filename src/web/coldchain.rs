//! `/api/coldchain`: customers, their locations and cells. What somebody reaches is decided in the
//! domain, by the site of the customer.

use super::Context;
use super::coldchain_use::PlaceQuery;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told, created, ok,
    page,
};
use crate::auth::{Caller, Permission, Reach};
use crate::base::{CellId, CustomerId, Error, ErrorKind, LocationId, Result};
use crate::coldchain::{CellNow, Customer, Location, NewCell, NewCustomer, NewLocation};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list_customers, add_customer))
        .routes(routes!(customer, change_customer, remove_customer))
        .routes(routes!(list_locations, add_location))
        .routes(routes!(change_location, remove_location))
        .routes(routes!(list_cells, add_cell))
        .routes(routes!(cell, change_cell))
        .merge(super::coldchain_use::protected())
}

type Created<T> = std::result::Result<(StatusCode, Told<T>), Failure>;

/// The id of a customer.
///
/// # Errors
/// When it is none.
pub(super) fn customer_of(id: &str) -> Result<CustomerId> {
    id.parse().map_err(|_| Error::not_found("customer", id))
}

/// The id of a location.
///
/// # Errors
/// When it is none.
pub(super) fn location_of(id: &str) -> Result<LocationId> {
    id.parse().map_err(|_| Error::not_found("location", id))
}

/// The id of a cell.
///
/// # Errors
/// When it is none.
pub(super) fn cell_of(id: &str) -> Result<CellId> {
    id.parse().map_err(|_| Error::not_found("cold cell", id))
}

fn done(message: &str) -> Answer<Message> {
    let message = message.to_owned();
    ok(Message { message })
}

/// The customers that one reaches, by name.
#[utoipa::path(get, path = "/coldchain/customers", operation_id = "list_cold_customers",
    tag = "coldchain", params(PlaceQuery),
    responses((status = 200, body = Envelope<Page<Customer>>)))]
async fn list_customers(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<PlaceQuery>,
) -> Answer<Page<Customer>> {
    caller.require(Permission::ColdchainRead)?;
    let retired = query.retired.unwrap_or(false);
    let all = context.coldchain.customers(&caller.user.sites, retired);
    ok(page(all, query.paging()))
}

/// Adds a customer, with a site of his own: his users and the technicians who look after him are
/// those who reach it. Only who reaches all sites may.
#[utoipa::path(post, path = "/coldchain/customers", operation_id = "add_cold_customer",
    tag = "coldchain", request_body = NewCustomer,
    responses(
        (status = 201, body = Envelope<Customer>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "There are too many", body = Refusal),
    ))]
async fn add_customer(
    State(context): State<Context>,
    caller: Caller,
    Body(said): Body<NewCustomer>,
) -> Created<Customer> {
    caller.require(Permission::UsersManage)?;
    if !caller.user.sites.covers(&Reach::ALL) {
        let sentence = "Only who reaches all sites may add a customer.";
        return Err(Error::new(ErrorKind::Forbidden, sentence).into());
    }
    created(context.coldchain.add_customer(said, caller.actor()).await?)
}

/// One customer.
#[utoipa::path(get, path = "/coldchain/customers/{id}", operation_id = "get_cold_customer",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the customer")),
    responses(
        (status = 200, body = Envelope<Customer>),
        (status = 404, description = "No such customer", body = Refusal),
    ))]
async fn customer(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Customer> {
    caller.require(Permission::ColdchainRead)?;
    let id = customer_of(&id)?;
    ok(context.coldchain.customer(&caller.user.sites, id)?)
}

/// Says a customer anew; his site stays.
#[utoipa::path(put, path = "/coldchain/customers/{id}", operation_id = "change_cold_customer",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the customer")),
    request_body = NewCustomer,
    responses(
        (status = 200, body = Envelope<Customer>),
        (status = 404, description = "No such customer", body = Refusal),
    ))]
async fn change_customer(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<NewCustomer>,
) -> Answer<Customer> {
    caller.require(Permission::UsersManage)?;
    let (id, reach) = (customer_of(&id)?, &caller.user.sites);
    let changed = context
        .coldchain
        .change_customer(reach, id, said, caller.actor());
    ok(changed.await?)
}

/// Takes a customer out who has no location; his site stays.
#[utoipa::path(delete, path = "/coldchain/customers/{id}", operation_id = "delete_cold_customer",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the customer")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such customer", body = Refusal),
        (status = 409, description = "He has locations", body = Refusal),
    ))]
async fn remove_customer(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::UsersManage)?;
    let (id, reach) = (customer_of(&id)?, &caller.user.sites);
    context
        .coldchain
        .remove_customer(reach, id, caller.actor())
        .await?;
    done("The customer is deleted.")
}

/// The locations of the customers that one reaches, by name.
#[utoipa::path(get, path = "/coldchain/locations", operation_id = "list_cold_locations",
    tag = "coldchain", params(PlaceQuery),
    responses((status = 200, body = Envelope<Page<Location>>)))]
async fn list_locations(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<PlaceQuery>,
) -> Answer<Page<Location>> {
    caller.require(Permission::ColdchainRead)?;
    let retired = query.retired.unwrap_or(false);
    let all = context.coldchain.locations(&caller.user.sites, retired);
    ok(page(all, query.paging()))
}

/// Adds a location to a customer.
#[utoipa::path(post, path = "/coldchain/locations", operation_id = "add_cold_location",
    tag = "coldchain", request_body = NewLocation,
    responses(
        (status = 201, body = Envelope<Location>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn add_location(
    State(context): State<Context>,
    caller: Caller,
    Body(said): Body<NewLocation>,
) -> Created<Location> {
    caller.require(Permission::EquipmentWrite)?;
    let reach = &caller.user.sites;
    created(
        context
            .coldchain
            .add_location(reach, said, caller.actor())
            .await?,
    )
}

/// Says a location anew; it stays with its customer.
#[utoipa::path(put, path = "/coldchain/locations/{id}", operation_id = "change_cold_location",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the location")),
    request_body = NewLocation,
    responses(
        (status = 200, body = Envelope<Location>),
        (status = 404, description = "No such location", body = Refusal),
    ))]
async fn change_location(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<NewLocation>,
) -> Answer<Location> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (location_of(&id)?, &caller.user.sites);
    let changed = context
        .coldchain
        .change_location(reach, id, said, caller.actor());
    ok(changed.await?)
}

/// Takes a location out in which no cell stands, nor stood.
#[utoipa::path(delete, path = "/coldchain/locations/{id}", operation_id = "delete_cold_location",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the location")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such location", body = Refusal),
        (status = 409, description = "Cells name it", body = Refusal),
    ))]
async fn remove_location(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (location_of(&id)?, &caller.user.sites);
    context
        .coldchain
        .remove_location(reach, id, caller.actor())
        .await?;
    done("The location is deleted.")
}

/// What narrows the list of cells.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CellQuery {
    /// Of this customer.
    customer_id: Option<CustomerId>,
    /// At this location.
    location_id: Option<LocationId>,
    /// Those, too, that were taken out of use.
    retired: Option<bool>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
}

/// The cells that one reaches, by name, as they are now.
#[utoipa::path(get, path = "/coldchain/cells", operation_id = "list_cold_cells",
    tag = "coldchain", params(CellQuery),
    responses((status = 200, body = Envelope<Page<CellNow>>)))]
async fn list_cells(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<CellQuery>,
) -> Answer<Page<CellNow>> {
    caller.require(Permission::ColdchainRead)?;
    let paging = Paging {
        page: query.page,
        page_size: query.page_size,
        limit: query.limit,
        offset: query.offset,
    };
    let mut all = context
        .coldchain
        .cells(&caller.user.sites, query.retired.unwrap_or(false));
    all.retain(|cell| {
        query.customer_id.is_none_or(|id| cell.customer_id == id)
            && query
                .location_id
                .is_none_or(|id| cell.said.location_id == id)
    });
    // Only those of the page are looked at.
    let Page {
        items,
        total,
        page,
        page_size,
        has_more,
    } = page(all, paging);
    let items = items
        .iter()
        .map(|cell| context.coldchain.now_of(cell))
        .collect();
    ok(Page {
        items,
        total,
        page,
        page_size,
        has_more,
    })
}

/// Adds a cell to a location. Its readings lie under equipment of its own, unless some is named
/// that is polled or published already.
#[utoipa::path(post, path = "/coldchain/cells", operation_id = "add_cold_cell",
    tag = "coldchain", request_body = NewCell,
    responses(
        (status = 201, body = Envelope<CellNow>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "There are too many", body = Refusal),
    ))]
async fn add_cell(
    State(context): State<Context>,
    caller: Caller,
    Body(said): Body<NewCell>,
) -> Created<CellNow> {
    caller.require(Permission::EquipmentWrite)?;
    let reach = &caller.user.sites;
    let cell = context
        .coldchain
        .add_cell(reach, said, caller.actor())
        .await?;
    created(context.coldchain.now_of(&cell))
}

/// One cell as it is now.
#[utoipa::path(get, path = "/coldchain/cells/{id}", operation_id = "get_cold_cell",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the cell")),
    responses(
        (status = 200, body = Envelope<CellNow>),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn cell(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<CellNow> {
    caller.require(Permission::ColdchainRead)?;
    let cell = context.coldchain.cell(&caller.user.sites, cell_of(&id)?)?;
    ok(context.coldchain.now_of(&cell))
}

/// Says a cell anew; its limits hold for what is measured from now on, and for the last two days.
#[utoipa::path(put, path = "/coldchain/cells/{id}", operation_id = "change_cold_cell",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the cell")),
    request_body = NewCell,
    responses(
        (status = 200, body = Envelope<CellNow>),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn change_cell(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<NewCell>,
) -> Answer<CellNow> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (cell_of(&id)?, &caller.user.sites);
    let cell = context
        .coldchain
        .change_cell(reach, id, said, caller.actor())
        .await?;
    ok(context.coldchain.now_of(&cell))
}
