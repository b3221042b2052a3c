//! `POST /api/readings/devices/{serial}/readings`: readings that devices bring with their key.
//!
//! Promises: nothing tells whether a serial number exists; each reading is taken whole or
//! refused whole, and the answer, which comes after the commit, tells which.

use super::Context;
use super::caller::Address;
use super::envelope::{Envelope, Failure, Refusal, Told, Whole, ok};
use crate::base::secret::token_hash;
use crate::base::{Error, ErrorKind, FieldError, Result};
use crate::devices::{Delivery, KeyUse, Report, parcel};
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The key of the device.
const DEVICE_KEY: &str = "x-device-key";
/// Makes a delivery that is sent again the same delivery.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// When a device should try again after the disk refused, s.
const RETRY_AFTER_S: u32 = 10;
/// Refused readings that a refusal names one by one.
const NAMED_MAX: usize = 100;

/// Routes that check the key themselves.
pub fn public() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(push))
}

/// Takes the readings of a device: one as an object, or many as a list or `{"readings": […]}`,
/// a thousand at most and 1 MB. A reading has `temperature` (°C), `humidity` (%), `powerStatus`
/// and `doorStatus` (true: power is there, door is open), `batteryLevel` (%), in camelCase or
/// snake_case; `metrics: {name: value}` for anything else; or `metric`, `value`, `unit`, `phase`.
/// `timestamp` is RFC 3339 or Unix seconds or milliseconds, up to 48 hours ago; the arrival when
/// absent. What is sent twice is stored once: by its time, or by the header `Idempotency-Key`.
#[utoipa::path(post, path = "/readings/devices/{serial}/readings",
    operation_id = "push_device_readings", tag = "devices", security(("device_key" = [])),
    params(
        ("serial" = String, Path, description = "Serial number of the device"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 128 characters; the \
            last 32 of a device are remembered"),
    ),
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "Everything was there already, or some readings were refused",
            body = Envelope<Report>),
        (status = 201, description = "Every reading was taken and is on disk",
            body = Envelope<Report>),
        (status = 400, description = "No reading was taken", body = Refusal),
        (status = 401, description = "Serial number and key do not belong together",
            body = Refusal),
        (status = 409, description = "Its equipment is gone or out of use; or the \
            Idempotency-Key was used for another body", body = Refusal),
        (status = 429, description = "More than 120 deliveries a minute", body = Refusal),
        (status = 503, description = "The disk refuses; nothing was taken", body = Refusal),
    ))]
async fn push(
    State(context): State<Context>,
    Path(serial): Path<String>,
    Address(address): Address,
    request: Request,
) -> Result<(StatusCode, Told<Report>), Failure> {
    let key = header(request.headers(), DEVICE_KEY).unwrap_or_default();
    let device = context.devices.admit(&serial, key, address)?;
    if let Some(address) = address {
        context.seats.know(address, context.clock.now());
    }
    let idempotency = idempotency_key(request.headers())?;
    // Closed only when the appliance is gone.
    let _turn = context.writes.acquire().await;
    let body = Whole::from_request(request, &()).await;
    let Whole(body) = body.map_err(|why| {
        why.refuse("The delivery is larger than 1 MB. Send fewer readings at once.")
    })?;
    let target = context.devices.target(&device)?;
    let json = serde_json::from_slice(&body)
        .map_err(|cause| Error::invalid("body", format!("This is no JSON: {cause}.")))?;
    let parcel = parcel(&json).map_err(|why| Error::invalid(why.path, why.reason))?;
    let key_use = idempotency.map(|key| KeyUse {
        key,
        body: Sha256::digest(&body).into(),
    });
    let delivery = Delivery {
        target,
        parcel,
        key_use,
    };
    let report = context.receiver.deliver(delivery).await;
    let report = report.map_err(|error| match error.kind {
        ErrorKind::Unavailable => {
            error.with_details(serde_json::json!({ "retry_after_s": RETRY_AFTER_S }))
        }
        _ => error,
    })?;
    if report.stored + report.duplicates == 0 {
        return Err(refused(&report).into());
    }
    let status = if report.stored > 0 && report.refused == 0 {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    ok(report).map(|json| (status, json))
}

/// Why no reading was taken, each at its place.
fn refused(report: &Report) -> Error {
    let alone = report.readings.len() == 1;
    let fields = report.readings.iter().take(NAMED_MAX).map(|verdict| {
        let path = verdict.path.clone().unwrap_or_default();
        FieldError {
            path: if alone {
                path
            } else {
                format!("readings.{}.{path}", verdict.index)
            },
            message: verdict.reason.clone().unwrap_or_default(),
        }
    });
    Error::invalid_fields(fields.collect())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<[u8; 32]>> {
    if !headers.contains_key(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let key = header(headers, IDEMPOTENCY_KEY).filter(|key| (1..=128).contains(&key.len()));
    let sentence = "The Idempotency-Key has 1 to 128 characters of plain text.";
    let key = key.ok_or_else(|| Error::invalid(IDEMPOTENCY_KEY, sentence))?;
    Ok(Some(token_hash(key)))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
