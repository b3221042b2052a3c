//! `POST /api/v2/write`: readings that others measured, in InfluxDB's line protocol.
//!
//! Promises: a line is taken whole or refused whole with its number and its place; the answer
//! comes when what was taken is on disk. Will not do: keep anything when the disk refuses, so
//! that the writer, which has a buffer for it, sends it again.

use super::Context;
use super::caller::require_asker;
use super::envelope::{Failure, NotWhole, Params, Refusal, Whole};
use crate::auth::{Asker, Permission};
use crate::base::{Error, ErrorKind, Result};
use crate::exchange::inflate::{gunzip, too_large};
use crate::exchange::push::Rules;
use crate::exchange::words::{Precision, interval};
use crate::exchange::{Directory, Pushed, Refused, Sorter};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest body, bytes, packed and unpacked: ten times what Telegraf sends at once.
pub const WRITE_MAX: usize = 10_000_000;
/// Bodies that are taken at once; the others wait before they are read. Each may hold its text,
/// packed and unpacked, and its readings: some tens of MB.
pub const WRITES_AT_ONCE: usize = 16;
/// When a writer should try again after the disk refused, s.
const RETRY_AFTER_S: u32 = 10;

/// Routes of persons and programs.
pub fn open() -> OpenApiRouter<Context> {
    let limit = DefaultBodyLimit::max(WRITE_MAX);
    OpenApiRouter::new().routes(routes!(write)).layer(limit)
}

/// The same under the name that InfluxDB 1 gave it, outside the API.
pub fn alias(context: &Context) -> Router<Context> {
    let guard = middleware::from_fn_with_state(context.clone(), require_asker);
    Router::new()
        .route("/write", post(write))
        .layer(DefaultBodyLimit::max(WRITE_MAX))
        .route_layer(guard)
}

/// What is agreed on for all lines of a body. `org`, `bucket`, `db` and `rp` may be sent and mean
/// nothing here: there is one place for readings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WriteQuery {
    /// Unit of the timestamps: `ns` (when absent), `us`, `ms`, `s`; also `n`, `u`, `m`, `h`.
    precision: Option<String>,
    /// How often the readings come, for equipment that is not polled and lines without a tag
    /// `interval`: `10s`, `500ms`, `1m`, from 100ms to 1h; a minute when absent. A reading stands
    /// for this long in means and energy.
    interval: Option<String>,
}

/// What was not taken, in the shape that InfluxDB's clients read.
#[derive(Debug, Serialize, ToSchema)]
struct PartialWrite {
    /// Always `invalid`.
    code: &'static str,
    /// A sentence with the first refused line.
    message: String,
    /// Lines that were taken and are on disk.
    accepted: usize,
    /// Lines that were refused.
    refused_total: usize,
    /// The first hundred of them.
    refused: Vec<Refused>,
}

/// Why a body was not taken, or not all of it. Only the document names both: what makes no sense as a
/// whole is refused as everywhere, before a line is read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code)] // the answers are written where they arise
enum WriteRefusal {
    /// Some lines were refused; the others are on disk.
    Lines(PartialWrite),
    /// The request itself was; nothing was taken.
    Request(Refusal),
}

/// Writes readings in InfluxDB's line protocol. Tags: `equipment_id` (an id, or a name or serial
/// number that only one has), `site`, `phase`, `interval`. Every numeric field is a quantity.
#[utoipa::path(post, path = "/v2/write", operation_id = "write_readings", tag = "readings",
    params(WriteQuery), request_body(content = String, content_type = "text/plain"),
    responses(
        (status = 204, description = "Every line was taken and is on disk"),
        (status = 400, description = "Some lines were refused and the others are on disk; or the \
            request itself was refused, and nothing was taken", body = WriteRefusal),
        (status = 413, description = "More than 10 MB, packed or unpacked", body = Refusal),
        (status = 503, description = "The disk refuses; nothing was taken", body = Refusal),
    ))]
async fn write(
    State(context): State<Context>,
    asker: Asker,
    Params(query): Params<WriteQuery>,
    request: Request,
) -> Result<Response, Failure> {
    asker.require(Permission::ReadingsWrite)?;
    let rules = rules(&context, &query)?;
    let packed = is_packed(request.headers())?;
    // Closed only when the appliance is gone. Who sends too slowly loses his turn to the time
    // limit of every answer.
    let _turn = context.writes.acquire().await;
    let body = Whole::from_request(request, &()).await;
    let Whole(body) = body.map_err(|why| match why {
        NotWhole::TooLarge => too_large(WRITE_MAX),
        NotWhole::Broken => why.refuse(""),
    })?;
    let sorting = context.clone();
    let sort = move || sort(&sorting, asker.site(), rules, &body, packed);
    let pushed = super::blocking(sort).await?;
    let stored = context.intake.store(Arc::new(pushed.batches)).await;
    stored.map_err(|error| match error.kind {
        ErrorKind::Unavailable => {
            error.with_details(serde_json::json!({ "retry_after_s": RETRY_AFTER_S }))
        }
        _ => error,
    })?;
    let Some(first) = pushed.refused.first() else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let message = format!(
        "partial write: {} of {} lines were refused; the first is line {}, {}: {}",
        pushed.refused_total,
        pushed.refused_total + pushed.accepted,
        first.line,
        first.place,
        first.sentence,
    );
    let refusal = PartialWrite {
        code: "invalid",
        message,
        accepted: pushed.accepted,
        refused_total: pushed.refused_total,
        refused: pushed.refused,
    };
    Ok((StatusCode::BAD_REQUEST, Json(refusal)).into_response())
}

fn rules(context: &Context, query: &WriteQuery) -> Result<Rules> {
    let precision = query.precision.as_deref().unwrap_or_default();
    let precision = Precision::named(precision).ok_or_else(|| {
        let sentence = "Use ns, us, ms or s; n, u, m and h are read as well.";
        Error::invalid("precision", sentence)
    })?;
    let length = |text: &String| {
        let sentence = "Write the interval as 10s, 500ms or 1m, from 100ms to 1h.";
        interval(text).ok_or_else(|| Error::invalid("interval", sentence))
    };
    Ok(Rules {
        precision,
        interval_ms: query.interval.as_ref().map(length).transpose()?,
        now: context.clock.now(),
        accepts_from: context.tsdb.accepts_from(),
        decommissioned: false,
    })
}

fn is_packed(headers: &HeaderMap) -> Result<bool> {
    let encoding = headers.get(CONTENT_ENCODING);
    match encoding.and_then(|value| value.to_str().ok()) {
        None if encoding.is_none() => Ok(false),
        Some("identity") => Ok(false),
        Some("gzip") => Ok(true),
        _ => {
            let sentence = "Send the lines plain or with Content-Encoding: gzip.";
            Err(Error::new(ErrorKind::UnsupportedMedia, sentence))
        }
    }
}

fn sort(context: &Context, site: &str, rules: Rules, body: &[u8], packed: bool) -> Result<Pushed> {
    let plain = packed.then(|| gunzip(body, WRITE_MAX)).transpose()?;
    // A byte that is no UTF-8 costs its line, not the whole body.
    let text = String::from_utf8_lossy(plain.as_deref().unwrap_or(body));
    let equipment = context.registry.all();
    let directory = Directory::of(equipment.iter().filter(|e| e.site == site));
    let series_of = |id| {
        let series = context.tsdb.series_of(id).into_iter();
        series.map(|(_, info)| info).collect()
    };
    let mut sorter = Sorter::new(&directory, rules, &series_of);
    sorter.text(&text);
    Ok(sorter.finish())
}
