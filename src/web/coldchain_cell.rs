//! `/api/coldchain/cells/{id}/…`: the devices of a cell, its certificates, its excursions and the
//! evidence; `/api/readings/coldcells`, `/api/dashboard/technician`.

use super::coldchain::cell_of;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told, created, ok,
    page,
};
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Result, TimeRange, Timestamp};
use crate::coldchain::{
    Calibration, Curve, Evidence, Excursion, NewCalibration, NewCellDevice, NewReview,
    TechnicianDashboard,
};
use crate::devices::MadeDevice;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Hour, ms.
const HOUR_MS: i64 = 3_600_000;
/// Longest range of a list of excursions, ms: ten years.
const LIST_MAX_MS: i64 = 3_653 * 24 * HOUR_MS;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(technician))
        .routes(routes!(readings))
        .routes(routes!(add_device))
        .routes(routes!(list_calibrations, add_calibration))
        .routes(routes!(remove_calibration))
        .routes(routes!(list_excursions))
        .routes(routes!(review))
        .routes(routes!(evidence))
        .routes(routes!(evidence_csv))
        .routes(routes!(seal))
}

type Created<T> = std::result::Result<(StatusCode, Told<T>), Failure>;

/// Customers, cells, active alerts by type, and the cells that need hands first in front: of the
/// customers that one reaches.
#[utoipa::path(get, path = "/dashboard/technician", operation_id = "technician_dashboard",
    tag = "coldchain", responses((status = 200, body = Envelope<TechnicianDashboard>)))]
async fn technician(State(context): State<Context>, caller: Caller) -> Answer<TechnicianDashboard> {
    caller.require(Permission::ColdchainRead)?;
    let reach = caller.user.sites;
    ok(blocking(move || Ok(context.coldchain.dashboard(&reach))).await?)
}

/// Which readings of a cell.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReadingsQuery {
    /// `24h`, `7d` or `30d`, up to now; `24h` when nothing is said.
    range: Option<String>,
    /// First instant, RFC 3339, instead of `range`.
    from: Option<Timestamp>,
    /// First instant after; now when absent.
    to: Option<Timestamp>,
}

impl ReadingsQuery {
    fn range(&self, now: Timestamp) -> Result<TimeRange> {
        if let Some(from) = self.from {
            if self.range.is_some() {
                let sentence = "Say either a range, or from and to.";
                return Err(Error::invalid("range", sentence));
            }
            return TimeRange::new(from, self.to.unwrap_or(now));
        }
        let hours = match self.range.as_deref() {
            None | Some("24h") => 24,
            Some("7d") => 7 * 24,
            Some("30d") => 30 * 24,
            Some(_) => {
                let sentence = "Use 24h, 7d or 30d, or from and to.";
                return Err(Error::invalid("range", sentence));
            }
        };
        let to = self.to.unwrap_or(now);
        TimeRange::new(to.minus_ms(hours * HOUR_MS), to)
    }
}

/// The readings of a cell in buckets: of 5 min for a day, 30 min for a week, 2 h for a month; with
/// its doors, its defrosts and its excursions.
#[utoipa::path(get, path = "/readings/coldcells/{id}/readings",
    operation_id = "cold_cell_readings", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell"), ReadingsQuery),
    responses(
        (status = 200, body = Envelope<Curve>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn readings(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<ReadingsQuery>,
) -> Answer<Curve> {
    caller.require(Permission::ColdchainRead)?;
    let cell = context.coldchain.cell(&caller.user.sites, cell_of(&id)?)?;
    let range = query.range(context.clock.now())?;
    ok(blocking(move || context.coldchain.curve(&cell, range)).await?)
}

/// Adds a device to a cell. Its key is in this answer and never again; a new one is made at
/// `/devices/{id}/key`.
#[utoipa::path(post, path = "/coldchain/cells/{id}/devices", operation_id = "add_cold_device",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the cell")),
    request_body = NewCellDevice,
    responses(
        (status = 201, body = Envelope<MadeDevice>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such cell", body = Refusal),
        (status = 409, description = "It is out of use, or has too many", body = Refusal),
    ))]
async fn add_device(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<NewCellDevice>,
) -> Created<MadeDevice> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (cell_of(&id)?, &caller.user.sites);
    created(
        context
            .coldchain
            .add_device(reach, id, said, caller.actor())
            .await?,
    )
}

/// The certificates of the probes of a cell, the latest day in front.
#[utoipa::path(get, path = "/coldchain/cells/{id}/calibrations",
    operation_id = "list_calibrations", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell"), Paging),
    responses(
        (status = 200, body = Envelope<Page<Calibration>>),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn list_calibrations(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(paging): Params<Paging>,
) -> Answer<Page<Calibration>> {
    caller.require(Permission::ColdchainRead)?;
    let cell = context.coldchain.cell(&caller.user.sites, cell_of(&id)?)?;
    let mut all = Vec::clone(&context.coldchain.calibrations(cell.id));
    all.sort_by_key(|one| std::cmp::Reverse((one.from, one.created_at)));
    ok(page(all, paging))
}

/// Writes a certificate down: its correction holds from its day on, for what was measured since as
/// well.
#[utoipa::path(post, path = "/coldchain/cells/{id}/calibrations",
    operation_id = "add_calibration", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell")), request_body = NewCalibration,
    responses(
        (status = 201, body = Envelope<Calibration>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn add_calibration(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(said): Body<NewCalibration>,
) -> Created<Calibration> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (cell_of(&id)?, &caller.user.sites);
    created(
        context
            .coldchain
            .add_calibration(reach, id, said, caller.actor())
            .await?,
    )
}

/// Takes a certificate out that was written down wrong; the audit log keeps it.
#[utoipa::path(delete, path = "/coldchain/cells/{id}/calibrations/{calibration}",
    operation_id = "delete_calibration", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell"),
        ("calibration" = String, Path, description = "Id of the certificate")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such certificate", body = Refusal),
    ))]
async fn remove_calibration(
    State(context): State<Context>,
    caller: Caller,
    Path((id, calibration)): Path<(String, String)>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let none = |_| Error::not_found("calibration", &calibration);
    let which = (cell_of(&id)?, calibration.parse().map_err(none)?);
    let (coldchain, reach) = (&context.coldchain, &caller.user.sites);
    coldchain
        .remove_calibration(reach, which, caller.actor())
        .await?;
    ok(Message {
        message: "The certificate is deleted.".to_owned(),
    })
}

/// Which excursions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExcursionQuery {
    /// Those that lasted after this instant; ten years ago when absent.
    from: Option<Timestamp>,
    /// Those that began before it; now when absent.
    to: Option<Timestamp>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
}

/// The excursions of a cell, newest first.
#[utoipa::path(get, path = "/coldchain/cells/{id}/excursions", operation_id = "list_excursions",
    tag = "coldchain", params(("id" = String, Path, description = "Id of the cell"), ExcursionQuery),
    responses(
        (status = 200, body = Envelope<Page<Excursion>>),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn list_excursions(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<ExcursionQuery>,
) -> Answer<Page<Excursion>> {
    caller.require(Permission::ColdchainRead)?;
    let cell = context.coldchain.cell(&caller.user.sites, cell_of(&id)?)?;
    // A clock of a device may be ahead of ours.
    let to = query
        .to
        .unwrap_or_else(|| context.clock.now().plus_ms(HOUR_MS));
    let from = query.from.unwrap_or_else(|| to.minus_ms(LIST_MAX_MS));
    let range = TimeRange::new(from, to)?;
    let paging = Paging {
        page: query.page,
        page_size: query.page_size,
        limit: query.limit,
        offset: query.offset,
    };
    let all = blocking(move || context.coldchain.excursions_within(cell.id, range)).await?;
    ok(page(all, paging))
}

/// Writes down why an excursion happened and what was done.
#[utoipa::path(put, path = "/coldchain/cells/{id}/excursions/{excursion}/review",
    operation_id = "review_excursion", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell"),
        ("excursion" = String, Path, description = "Id of the excursion")),
    request_body = NewReview,
    responses(
        (status = 200, body = Envelope<Excursion>),
        (status = 404, description = "No such excursion", body = Refusal),
    ))]
async fn review(
    State(context): State<Context>,
    caller: Caller,
    Path((id, excursion)): Path<(String, String)>,
    Body(said): Body<NewReview>,
) -> Answer<Excursion> {
    caller.require(Permission::AlertsAcknowledge)?;
    let none = |_| Error::not_found("excursion", &excursion);
    let which = (cell_of(&id)?, excursion.parse().map_err(none)?);
    let (coldchain, reach) = (&context.coldchain, &caller.user.sites);
    ok(coldchain.review(reach, which, said, caller.actor()).await?)
}

async fn evidence_of(
    context: Context,
    caller: Caller,
    (id, month): (String, String),
) -> Result<Evidence> {
    caller.require(Permission::ColdchainRead)?;
    let (id, reach) = (cell_of(&id)?, caller.user.sites);
    blocking(move || context.coldchain.evidence(&reach, id, &month)).await
}

/// The evidence of a cell for a month: day by day, with gaps, excursions, certificates, and the
/// chain of hashes.
#[utoipa::path(get, path = "/coldchain/cells/{id}/evidence/{month}",
    operation_id = "cold_evidence", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell"),
        ("month" = String, Path, description = "The month, `2026-10`")),
    responses(
        (status = 200, body = Envelope<Evidence>),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn evidence(
    State(context): State<Context>,
    caller: Caller,
    Path(which): Path<(String, String)>,
) -> Answer<Evidence> {
    ok(evidence_of(context, caller, which).await?)
}

/// As the evidence, as a table of text.
#[utoipa::path(get, path = "/coldchain/cells/{id}/evidence/{month}/csv",
    operation_id = "cold_evidence_csv", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell"),
        ("month" = String, Path, description = "The month, `2026-10`")),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 404, description = "No such cell", body = Refusal),
    ))]
async fn evidence_csv(
    State(context): State<Context>,
    caller: Caller,
    Path(which): Path<(String, String)>,
) -> std::result::Result<Response, Failure> {
    let evidence = evidence_of(context, caller, which).await?;
    let name = format!("attachment; filename=\"evidence-{}.csv\"", evidence.month);
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((head, evidence.csv()).into_response())
}

/// Seals a month that is over: from then on it is held against what it says now.
#[utoipa::path(post, path = "/coldchain/cells/{id}/evidence/{month}/seal",
    operation_id = "seal_cold_evidence", tag = "coldchain",
    params(("id" = String, Path, description = "Id of the cell"),
        ("month" = String, Path, description = "The month, `2026-10`")),
    responses(
        (status = 201, body = Envelope<Evidence>),
        (status = 404, description = "No such cell", body = Refusal),
        (status = 409, description = "It is not over, or sealed already", body = Refusal),
    ))]
async fn seal(
    State(context): State<Context>,
    caller: Caller,
    Path((id, month)): Path<(String, String)>,
) -> Created<Evidence> {
    caller.require(Permission::EquipmentWrite)?;
    let (coldchain, id) = (Arc::clone(&context.coldchain), cell_of(&id)?);
    let sealed = coldchain.seal(&caller.user.sites, id, &month, caller.actor());
    created(sealed.await?)
}
