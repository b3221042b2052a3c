//! `/api/equipment`, `/api/modbus/*`.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told, created, ok,
    page,
};
use super::show::{EquipmentDetail, EquipmentSummary, LiveAnswer};
use crate::auth::{Asker, Caller, Permission};
use crate::base::{EquipmentId, Error};
use crate::equipment::{EquipmentChange, Filter, ModbusSource, NewEquipment, Status, TestRead};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of persons and programs.
pub fn open() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(detail))
        .routes(routes!(live))
}

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(update, delete))
        .routes(routes!(try_read))
}

/// What narrows the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of the name, the model, the serial number or the id.
    search: Option<String>,
    /// Exact type.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Exact location.
    location: Option<String>,
    /// `online`, `offline`, `maintenance` or `decommissioned`.
    status: Option<Status>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
}

/// The equipment, by name.
#[utoipa::path(get, path = "/equipment", tag = "equipment", params(ListQuery),
    responses((status = 200, body = Envelope<Page<EquipmentSummary>>)))]
async fn list(
    State(context): State<Context>,
    asker: Asker,
    Params(query): Params<ListQuery>,
) -> Answer<Page<EquipmentSummary>> {
    asker.require(Permission::EquipmentRead)?;
    let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let found = context.registry.find(&Filter {
        search: text(query.search),
        kind: text(query.kind),
        location: text(query.location),
        status: query.status,
        reach: asker.reach(),
    });
    let ListQuery {
        page: number,
        page_size,
        limit,
        offset,
        ..
    } = query;
    let cut = page(
        found,
        Paging {
            page: number,
            page_size,
            limit,
            offset,
        },
    );
    let items = cut
        .items
        .iter()
        .map(|equipment| EquipmentSummary::of(&context, equipment))
        .collect();
    ok(Page {
        items,
        total: cut.total,
        page: cut.page,
        page_size: cut.page_size,
        has_more: cut.has_more,
    })
}

/// Adds equipment; it is polled at once.
#[utoipa::path(post, path = "/equipment", tag = "equipment", request_body = NewEquipment,
    responses(
        (status = 201, body = Envelope<EquipmentDetail>),
        (status = 400, description = "Refused fields, each by name", body = Refusal),
    ))]
async fn create(
    State(context): State<Context>,
    caller: Caller,
    Body(input): Body<NewEquipment>,
) -> Result<(StatusCode, Told<EquipmentDetail>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    let equipment = context
        .registry
        .create(input, &caller.user.site, caller.actor())
        .await?;
    created(EquipmentDetail::of(&context, equipment))
}

/// One piece of equipment.
#[utoipa::path(get, path = "/equipment/{id}", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<EquipmentDetail>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn detail(
    State(context): State<Context>,
    asker: Asker,
    Path(id): Path<String>,
) -> Answer<EquipmentDetail> {
    asker.require(Permission::EquipmentRead)?;
    let equipment = context.registry.get(parse(&id)?)?;
    ok(EquipmentDetail::of(&context, equipment))
}

/// Changes equipment; the pollers follow at once.
#[utoipa::path(put, path = "/equipment/{id}", tag = "equipment", request_body = EquipmentChange,
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<EquipmentDetail>),
        (status = 400, description = "Refused fields, each by name", body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn update(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<EquipmentChange>,
) -> Answer<EquipmentDetail> {
    caller.require(Permission::EquipmentWrite)?;
    let equipment = context
        .registry
        .update(parse(&id)?, change, caller.actor())
        .await?;
    ok(EquipmentDetail::of(&context, equipment))
}

/// Deletes equipment that is out of use; its history stays.
#[utoipa::path(delete, path = "/equipment/{id}", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 409, description = "It is in use", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let id = parse(&id)?;
    if let Some(device) = context.devices.of_equipment(id).first() {
        let sentence = format!(
            "The device {} brings its readings. Delete the device first, or give it to other \
             equipment.",
            device.serial_number
        );
        return Err(Error::conflict(sentence).into());
    }
    let active = context.alerts.active_of(id);
    if active > 0 {
        let sentence = "This equipment has active alerts. Set its status to decommissioned, or \
                        wait until they are over.";
        let details = serde_json::json!({ "active_alerts": active });
        return Err(Error::conflict(sentence).with_details(details).into());
    }
    context.registry.delete(id, caller.actor()).await?;
    ok(Message {
        message: "Equipment deleted successfully".to_owned(),
    })
}

/// Every value of one piece of equipment now, and how its line is doing.
#[utoipa::path(get, path = "/equipment/{id}/live", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<LiveAnswer>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn live(
    State(context): State<Context>,
    asker: Asker,
    Path(id): Path<String>,
) -> Answer<LiveAnswer> {
    asker.require(Permission::ReadingsRead)?;
    let equipment = context.registry.get(parse(&id)?)?;
    ok(LiveAnswer::of(&context, &equipment))
}

/// A source to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TryRequest {
    /// As in equipment.
    modbus: ModbusSource,
}

/// Reads a device once, without saving anything.
#[utoipa::path(post, path = "/modbus/test-read", tag = "equipment", request_body = TryRequest,
    responses(
        (status = 200, description = "What the device said, or why it could not be read", body = Envelope<TestRead>),
        (status = 400, description = "Refused fields, each by name", body = Refusal),
    ))]
async fn try_read(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<TryRequest>,
) -> Answer<TestRead> {
    caller.require(Permission::EquipmentWrite)?;
    // A form that hammers the button must not scan the network.
    let _one_at_a_time = context.trying.lock().await;
    ok(context.commissioning.try_read(&request.modbus).await?)
}

/// The id in an address; what is none names no equipment.
///
/// # Errors
/// When it is no id.
pub fn parse(id: &str) -> Result<EquipmentId, Error> {
    id.parse().map_err(|_| Error::not_found("equipment", id))
}
