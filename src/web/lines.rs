//! `/api/lines`: what each line of the plant did.
//!
//! Promises: looking copies what is counted and holds no line up.

use super::Context;
use super::envelope::{Answer, Envelope, Page, Refusal, ok};
use crate::auth::{Caller, Permission};
use crate::base::{EquipmentId, Error, Result, Timestamp};
use crate::equipment::{LineDevice, LineReport, LineState, Link};
use crate::live::LiveValue;
use crate::modbus::journal::{BUCKETS_US, FRAMES_MAX, Histogram, Tally, UnitStatistics};
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The step of the figures that a page draws, ms: three days are 288 of them.
const STEP_MS: i64 = 15 * 60_000;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(minutes))
}

/// A line and who is on it.
#[derive(Serialize, ToSchema)]
struct LineAnswer {
    /// Names it in other calls.
    #[schema(example = "tcp:10.0.0.7:502")]
    key: String,
    /// `tcp`, `rtu_over_tcp` or `rtu`.
    protocol: crate::equipment::source::Protocol,
    /// Host and port, or the path of the port.
    place: String,
    /// How a serial port talks: `9600 8E1`.
    serial: Option<String>,
    /// How it is doing.
    state: LineState,
    /// Since when the figures count: the start of the appliance, or when the line got its first
    /// device.
    since: Timestamp,
    /// Connections that came about.
    connects: u64,
    /// Connections that did not.
    connect_failures: u64,
    /// When a connection last came about.
    last_connect_at: Option<Timestamp>,
    /// How often something came though nothing was asked.
    unasked: u64,
    /// When words last came from anybody.
    last_good_at: Option<Timestamp>,
    /// When somebody who is left alone is asked again.
    next_attempt_at: Option<Timestamp>,
    /// Devices that answer.
    answering: usize,
    /// Questions of the last hour that were answered with words, %.
    answered_percent: Option<f64>,
    /// What 95 % of the last answers of its slowest device took at most, ms.
    round_trip_p95_ms: Option<f64>,
    /// What the last hour adds up to.
    last_hour: Tally,
    /// Frames that can be looked at.
    frames: usize,
    /// What they take in memory, bytes.
    frames_bytes: usize,
    /// Who is on it, by unit id.
    devices: Vec<LineDeviceAnswer>,
}

/// A device on a line.
#[derive(Serialize, ToSchema)]
struct LineDeviceAnswer {
    /// The equipment.
    equipment_id: EquipmentId,
    /// Its name.
    name: String,
    /// Its unit id.
    unit_id: u8,
    /// How its link is doing.
    link: Link,
    /// What was said to it; `null` before the first question. Devices with one unit id share it.
    statistics: Option<UnitStatistics>,
    /// When it last brought a value.
    last_good_at: Option<Timestamp>,
    /// That value: its power, or the first that it has.
    last_value: Option<LiveValue>,
}

/// A line, whole.
#[derive(Serialize, ToSchema)]
struct LineDetail {
    /// As in the list.
    #[serde(flatten)]
    line: LineAnswer,
    /// How long answers took, all devices together.
    round_trips: Histogram,
    /// The upper ends of the counts, ms; the last count has none.
    round_trip_ends_ms: Vec<f64>,
    /// What happened in each quarter of an hour, three days at most, oldest first.
    quarters: Vec<Tally>,
    /// The most frames that are kept whole.
    frames_max: usize,
}

/// Every line, by key.
#[utoipa::path(get, path = "/lines", operation_id = "lines", tag = "lines",
    responses((status = 200, body = Envelope<Page<LineAnswer>>)))]
async fn list(State(context): State<Context>, caller: Caller) -> Answer<Page<LineAnswer>> {
    caller.require(Permission::LinesRead)?;
    let reports = context.registry.acquisition().line_reports();
    let reach = &caller.user.sites;
    let reports = reports.into_iter();
    let reports = reports.filter(|r| !super::reach::line_is_hidden(&context, reach, r));
    let items: Vec<_> = reports.map(|r| LineAnswer::of(&context, r)).collect();
    let total = items.len();
    ok(Page {
        items,
        total,
        page: 1,
        page_size: total,
        has_more: false,
    })
}

/// One line.
#[utoipa::path(get, path = "/lines/{key}", operation_id = "line", tag = "lines",
    params(("key" = String, Path, description = "Key of the line, percent-encoded")),
    responses(
        (status = 200, body = Envelope<LineDetail>),
        (status = 404, description = "No such line", body = Refusal),
    ))]
async fn one(
    State(context): State<Context>,
    caller: Caller,
    Path(key): Path<String>,
) -> Answer<LineDetail> {
    caller.require(Permission::LinesRead)?;
    let report = report(&context, &key)?;
    let journal = context.registry.acquisition().journal(&key);
    let minutes = journal.map(|journal| journal.minutes()).unwrap_or_default();
    ok(LineDetail {
        round_trips: report.round_trips(),
        round_trip_ends_ms: BUCKETS_US.iter().map(|us| f64::from(*us) / 1e3).collect(),
        quarters: Tally::by_steps(&minutes, STEP_MS),
        line: LineAnswer::of(&context, report),
        frames_max: FRAMES_MAX,
    })
}

/// What happened on a line in each minute, three days at most, oldest first; a minute in which
/// nothing happened is not there.
#[utoipa::path(get, path = "/lines/{key}/minutes", operation_id = "line_minutes", tag = "lines",
    params(("key" = String, Path, description = "Key of the line, percent-encoded")),
    responses(
        (status = 200, body = Envelope<Vec<Tally>>),
        (status = 404, description = "No such line", body = Refusal),
    ))]
async fn minutes(
    State(context): State<Context>,
    caller: Caller,
    Path(key): Path<String>,
) -> Answer<Vec<Tally>> {
    caller.require(Permission::LinesRead)?;
    let journal = context.registry.acquisition().journal(&key);
    ok(journal
        .ok_or_else(|| Error::not_found("line", &key))?
        .minutes())
}

/// The report of this line.
///
/// # Errors
/// When nothing is polled there.
pub fn report(context: &Context, key: &str) -> Result<LineReport> {
    let reports = context.registry.acquisition().line_reports();
    let found = reports.into_iter().find(|report| report.key == key);
    found.ok_or_else(|| Error::not_found("line", key))
}

/// When equipment last brought a value, and that value: its power, or the first it has.
pub fn last_value(context: &Context, id: EquipmentId) -> (Option<Timestamp>, Option<LiveValue>) {
    let now = context.clock.now();
    let (last_good, values) = context.live.with(id, |device| {
        device.map_or((None, Vec::new()), |d| (d.last_good, d.values(now)))
    });
    let known = || values.iter().filter(|value| value.value.is_some());
    let power =
        known().find(|value| value.metric == crate::base::Metric::POWER && value.phase.is_none());
    (last_good, power.or_else(|| known().next()).cloned())
}

impl LineAnswer {
    fn of(context: &Context, report: LineReport) -> Self {
        let hour = report.last_hour;
        let percent = |part: u32| (f64::from(part) / f64::from(hour.asked) * 1e4).round() / 100.0;
        let links = || report.devices.iter().map(|device| &device.link);
        let slowest = links().filter_map(|link| link.round_trip_p95_ms);
        Self {
            connects: report.statistics.connects,
            connect_failures: report.statistics.connect_failures,
            last_connect_at: report.statistics.last_connect_at,
            unasked: report.statistics.unasked,
            last_good_at: report.statistics.last_good_at,
            next_attempt_at: links().filter_map(|link| link.next_attempt_at).min(),
            answering: report.devices.iter().filter(|d| d.answers()).count(),
            answered_percent: (hour.asked > 0).then(|| percent(hour.answered)),
            round_trip_p95_ms: slowest.max_by(f64::total_cmp),
            last_hour: hour,
            devices: devices(context, &report),
            key: report.key,
            protocol: report.protocol,
            place: report.place,
            serial: report.serial,
            state: report.state,
            since: report.since,
            frames: report.frames,
            frames_bytes: report.frames_bytes,
        }
    }
}

fn devices(context: &Context, report: &LineReport) -> Vec<LineDeviceAnswer> {
    let of = |device: &LineDevice| {
        let (last_good_at, last_value) = last_value(context, device.equipment);
        // Equipment that was deleted this moment has no name any more.
        let equipment = context.registry.get(device.equipment);
        LineDeviceAnswer {
            equipment_id: device.equipment,
            name: equipment.map(|found| found.name).unwrap_or_default(),
            unit_id: device.unit_id,
            link: device.link.clone(),
            statistics: report.statistics.units.get(&device.unit_id).cloned(),
            last_good_at,
            last_value,
        }
    };
    report.devices.iter().map(of).collect()
}
