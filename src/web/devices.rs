//! `/api/devices`: the devices that bring their readings themselves.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told,
};
use super::envelope::{NotWhole, Whole, created, ok, page};
use super::reach::is_hidden;
use crate::auth::{Caller, Permission};
use crate::base::{DeviceId, EquipmentId, Error, FieldError, Result};
use crate::devices::{Device, DeviceChange, DeviceStatus, Life, MadeDevice, NewDevice};
use crate::exchange::{Directory, device_list};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(detail, change, delete))
        .routes(routes!(renew_key))
        .routes(routes!(import))
}

/// A device and how it is doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PushDevice)]
struct DeviceShown {
    #[serde(flatten)]
    device: Device,
    /// How it is doing.
    status: DeviceStatus,
    #[serde(flatten)]
    life: Life,
    /// What its equipment is called; `null` when that was deleted.
    equipment_name: Option<String>,
}

impl DeviceShown {
    fn of(context: &Context, device: Device) -> Self {
        let (life, status) = context.devices.life(&device);
        let equipment = context.registry.get(device.equipment_id);
        Self {
            device,
            status,
            life,
            equipment_name: equipment.ok().map(|equipment| equipment.name),
        }
    }
}

/// Devices with their keys, which are not shown again.
#[derive(Debug, Serialize, ToSchema)]
struct MadeDevices {
    /// In the order of the list.
    items: Vec<MadeDevice>,
}

/// What narrows the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of the name or the serial number.
    search: Option<String>,
    /// Whose readings they bring.
    equipment_id: Option<EquipmentId>,
    /// `online`, `offline`, `never` or `disabled`.
    status: Option<DeviceStatus>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
}

/// The devices, by name.
#[utoipa::path(get, path = "/devices", operation_id = "list_devices", tag = "devices",
    params(ListQuery), responses((status = 200, body = Envelope<Page<DeviceShown>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<ListQuery>,
) -> Answer<Page<DeviceShown>> {
    caller.require(Permission::EquipmentRead)?;
    let search = query.search.map(|text| text.trim().to_lowercase());
    let passes = |shown: &DeviceShown| {
        let device = &shown.device;
        let holds = |text: &String| {
            device.name.to_lowercase().contains(text)
                || device.serial_number.to_lowercase().contains(text)
        };
        search.as_ref().is_none_or(holds)
            && query
                .equipment_id
                .is_none_or(|id| id == device.equipment_id)
            && query.status.is_none_or(|status| status == shown.status)
    };
    let reach = &caller.user.sites;
    let all = context.devices.all().into_iter();
    let all = all.filter(|device| !is_hidden(&context, reach, device.equipment_id));
    let shown = all.map(|device| DeviceShown::of(&context, device));
    let paging = Paging {
        page: query.page,
        page_size: query.page_size,
        limit: query.limit,
        offset: query.offset,
    };
    ok(page(shown.filter(passes).collect(), paging))
}

/// Adds a device. Its key is in this answer and never again.
#[utoipa::path(post, path = "/devices", operation_id = "create_device", tag = "devices",
    request_body = NewDevice,
    responses(
        (status = 201, body = Envelope<MadeDevice>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Body(input): Body<NewDevice>,
) -> Result<(StatusCode, Told<MadeDevice>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    check_equipment(&context, &caller, Some(input.equipment_id))?;
    created(context.devices.create(input, caller.actor()).await?)
}

/// Adds the devices of a list, all or none of them: CSV with the columns `serial_number`,
/// `equipment` (id, name or serial number), and if you like `name`, `expected_interval_s`,
/// `metric_prefix`. The keys are in this answer and never again.
#[utoipa::path(post, path = "/devices/import", operation_id = "import_devices", tag = "devices",
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 201, body = Envelope<MadeDevices>),
        (status = 400, description = "Every refused cell by line and column", body = Refusal),
    ))]
async fn import(
    State(context): State<Context>,
    caller: Caller,
    text: std::result::Result<Whole, NotWhole>,
) -> Result<(StatusCode, Told<MadeDevices>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    let Whole(text) = text.map_err(|why| why.refuse("The list is larger than 1 MB. Split it."))?;
    let equipment = context.registry.all();
    let own = equipment.iter().filter(|e| e.site == caller.user.site);
    let rows = device_list::rows(&text, &Directory::of(own))?;
    let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
    let new = rows.into_iter().map(|row| NewDevice {
        serial_number: row.serial_number,
        name: row.name,
        equipment_id: row.equipment,
        expected_interval_s: row.interval_s.unwrap_or(NewDevice::INTERVAL_S),
        metric_prefix: row.prefix,
    });
    let made = context.devices.create_all(new.collect(), caller.actor());
    let items = made.await.map_err(|error| at_lines(error, &lines))?;
    created(MadeDevices { items })
}

/// Names the line of the table where the registry names the place in its list.
fn at_lines(mut error: Error, lines: &[u64]) -> Error {
    if error.fields.is_empty() {
        return error;
    }
    for FieldError { path, .. } in &mut error.fields {
        let (place, field) = match path.split_once('.') {
            Some((place, field)) => (place.parse().unwrap_or(0), field),
            None => (0, path.as_str()),
        };
        let line = lines.get(place).copied().unwrap_or_default();
        *path = format!("line {line}.{field}");
    }
    Error::invalid_fields(error.fields)
}

/// One device.
#[utoipa::path(get, path = "/devices/{id}", operation_id = "get_device", tag = "devices",
    params(("id" = String, Path, description = "Id of the device")),
    responses(
        (status = 200, body = Envelope<DeviceShown>),
        (status = 404, description = "No such device", body = Refusal),
    ))]
async fn detail(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<DeviceShown> {
    caller.require(Permission::EquipmentRead)?;
    let device = context.devices.get(id_of(&id)?)?;
    ok(DeviceShown::of(&context, device))
}

/// Changes a device; `enabled: false` keeps it out.
#[utoipa::path(put, path = "/devices/{id}", operation_id = "update_device", tag = "devices",
    params(("id" = String, Path, description = "Id of the device")), request_body = DeviceChange,
    responses(
        (status = 200, body = Envelope<DeviceShown>),
        (status = 404, description = "No such device", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<DeviceChange>,
) -> Answer<DeviceShown> {
    caller.require(Permission::EquipmentWrite)?;
    check_equipment(&context, &caller, change.equipment_id)?;
    let device = context.devices.update(id_of(&id)?, change, caller.actor());
    ok(DeviceShown::of(&context, device.await?))
}

/// Makes a new key. It is in this answer and never again; the old one is worth nothing.
#[utoipa::path(post, path = "/devices/{id}/key", operation_id = "renew_device_key",
    tag = "devices", params(("id" = String, Path, description = "Id of the device")),
    responses(
        (status = 201, body = Envelope<MadeDevice>),
        (status = 404, description = "No such device", body = Refusal),
    ))]
async fn renew_key(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Told<MadeDevice>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    let made = context.devices.renew_key(id_of(&id)?, caller.actor());
    created(made.await?)
}

/// Deletes a device; its key is worth nothing from now on, its readings stay.
#[utoipa::path(delete, path = "/devices/{id}", operation_id = "delete_device", tag = "devices",
    params(("id" = String, Path, description = "Id of the device")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such device", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    context.devices.delete(id_of(&id)?, caller.actor()).await?;
    ok(Message {
        message: "Device deleted successfully".to_owned(),
    })
}

/// Equipment that is not there for the caller is not there.
fn check_equipment(context: &Context, caller: &Caller, id: Option<EquipmentId>) -> Result<()> {
    let Some(id) = id.filter(|id| is_hidden(context, &caller.user.sites, *id)) else {
        return Ok(());
    };
    let sentence = format!("There is no equipment {id}.");
    Err(Error::invalid("equipment_id", sentence))
}

fn id_of(text: &str) -> Result<DeviceId> {
    text.parse().map_err(|_| Error::not_found("device", text))
}
