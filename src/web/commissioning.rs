//! `/api/modbus/scan`, and what a technician decides and reports of one piece of equipment.

use super::envelope::{Answer, Body, Envelope, Failure, Params, Refusal, Told, created, ok};
use super::equipment::parse;
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::{Error, ScanId};
use crate::equipment::{
    NewReport, Plausibility, QualityDay, Report, Scan, ScanRequest, SerialPort, TakenReading,
    serial_ports,
};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(start_scan))
        .routes(routes!(ports))
        .routes(routes!(scan, cancel_scan))
        .routes(routes!(believe, doubt))
        .routes(routes!(quality_events))
        .routes(routes!(take_reading))
        .routes(routes!(reports, report))
}

/// The serial ports of this machine, by name.
#[utoipa::path(get, path = "/modbus/serial-ports", tag = "commissioning",
    responses((status = 200, body = Envelope<Vec<SerialPort>>)))]
async fn ports(State(context): State<Context>, caller: Caller) -> Answer<Vec<SerialPort>> {
    caller.require(Permission::EquipmentWrite)?;
    let registry = context.registry.clone();
    let look = move || {
        let root = std::path::Path::new("/");
        Ok(serial_ports(root, registry.acquisition()))
    };
    ok(blocking(look).await?)
}

/// Starts to look for devices on the plant's own networks, or on a serial port.
#[utoipa::path(post, path = "/modbus/scan", tag = "commissioning", request_body = ScanRequest,
    responses(
        (status = 202, description = "It runs; ask for it by its id", body = Envelope<Scan>),
        (status = 400, description = "Refused fields, each by name", body = Refusal),
        (status = 409, description = "Another scan runs", body = Refusal),
        (status = 429, description = "Too many scans within an hour", body = Refusal),
    ))]
async fn start_scan(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<ScanRequest>,
) -> Result<(StatusCode, Told<Scan>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    let scan = context
        .commissioning
        .scans()
        .start(request, caller.user.sites.clone(), caller.actor())
        .await?;
    let (_, body) = created(scan)?;
    Ok((StatusCode::ACCEPTED, body))
}

/// How a scan is doing and what it found so far.
#[utoipa::path(get, path = "/modbus/scan/{id}", tag = "commissioning",
    params(("id" = String, Path, description = "Id of the scan")),
    responses(
        (status = 200, body = Envelope<Scan>),
        (status = 404, description = "No such scan, or it was forgotten", body = Refusal),
    ))]
async fn scan(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Scan> {
    caller.require(Permission::EquipmentWrite)?;
    let scans = context.commissioning.scans();
    ok(scans.get(scan_id(&id)?, &caller.user.sites)?)
}

/// Ends a scan; what it found stays.
#[utoipa::path(delete, path = "/modbus/scan/{id}", tag = "commissioning",
    params(("id" = String, Path, description = "Id of the scan")),
    responses(
        (status = 200, body = Envelope<Scan>),
        (status = 404, description = "No such scan, or it was forgotten", body = Refusal),
    ))]
async fn cancel_scan(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Scan> {
    caller.require(Permission::EquipmentWrite)?;
    ok(context
        .commissioning
        .scans()
        .cancel(scan_id(&id)?, &caller.user.sites, caller.actor())
        .await?)
}

fn scan_id(id: &str) -> Result<ScanId, Error> {
    id.parse().map_err(|_| Error::not_found("scan", id))
}

/// Why a device is right.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BeliefRequest {
    /// In words.
    #[schema(example = "Checked with a clamp meter: the solar inverter feeds L1.")]
    reason: String,
}

/// Believes a device in spite of what was found.
#[utoipa::path(post, path = "/equipment/{id}/belief", tag = "commissioning",
    request_body = BeliefRequest,
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<Plausibility>),
        (status = 409, description = "Nothing was found against it", body = Refusal),
    ))]
async fn believe(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<BeliefRequest>,
) -> Answer<Plausibility> {
    caller.require(Permission::EquipmentWrite)?;
    let id = parse(&id)?;
    let believed = context
        .commissioning
        .believe(id, &request.reason, caller.actor());
    ok(believed.await?)
}

/// Takes that word back.
#[utoipa::path(delete, path = "/equipment/{id}/belief", tag = "commissioning",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<Plausibility>),
        (status = 404, description = "Nobody stood for it", body = Refusal),
    ))]
async fn doubt(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Plausibility> {
    caller.require(Permission::EquipmentWrite)?;
    let id = parse(&id)?;
    ok(context.commissioning.doubt(id, caller.actor()).await?)
}

/// What narrows the days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DaysQuery {
    /// Every day that was compared, and not the events alone.
    all: Option<bool>,
}

/// Days on which the counter of a meter was compared with the integral of its power.
#[derive(Serialize, ToSchema)]
struct QualityDays {
    /// The newest first.
    items: Vec<QualityDay>,
}

/// Days on which counter and power of a meter differ by more than 2 %.
#[utoipa::path(get, path = "/equipment/{id}/quality-events", tag = "commissioning",
    params(("id" = String, Path, description = "Id of the equipment"), DaysQuery),
    responses(
        (status = 200, body = Envelope<QualityDays>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn quality_events(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<DaysQuery>,
) -> Answer<QualityDays> {
    caller.require(Permission::ReadingsRead)?;
    let id = context.registry.get(parse(&id)?)?.id;
    let events = !query.all.unwrap_or(false);
    let context = context.clone();
    let items = super::blocking(move || context.commissioning.days().of(id, events)).await?;
    ok(QualityDays { items })
}

/// Reads a device for a report; the installer then reads its display.
#[utoipa::path(post, path = "/equipment/{id}/commissioning/reading", tag = "commissioning",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<TakenReading>),
        (status = 409, description = "It has no connection", body = Refusal),
    ))]
async fn take_reading(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<TakenReading> {
    caller.require(Permission::EquipmentWrite)?;
    // As for a test read: one at a time.
    let _one_at_a_time = context.trying.lock().await;
    ok(context.commissioning.take(parse(&id)?).await?)
}

/// The reports of a device.
#[derive(Serialize, ToSchema)]
struct Reports {
    /// The newest first.
    items: Vec<Report>,
}

/// The commissioning reports of a device.
#[utoipa::path(get, path = "/equipment/{id}/commissioning", tag = "commissioning",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<Reports>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn reports(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Reports> {
    caller.require(Permission::EquipmentRead)?;
    let id = parse(&id)?;
    let context = context.clone();
    let items = super::blocking(move || context.commissioning.reports(id)).await?;
    ok(Reports { items })
}

/// Writes a commissioning report; it is never changed afterwards.
#[utoipa::path(post, path = "/equipment/{id}/commissioning", tag = "commissioning",
    request_body = NewReport,
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 201, body = Envelope<Report>),
        (status = 400, description = "Refused fields, each by name", body = Refusal),
    ))]
async fn report(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<NewReport>,
) -> Result<(StatusCode, Told<Report>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    let id = parse(&id)?;
    let site = context.registry.get(id)?.site;
    let site = context.site(&site).map_or(site, |site| site.name);
    let report = context
        .commissioning
        .report(id, site, input, caller.actor());
    created(report.await?)
}
