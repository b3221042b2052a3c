//! `/api/lines/{key}/frames`: what was said on a line, byte by byte.
//!
//! Promises: frames are unpacked while they are read, off the line's way; a download is never whole
//! in memory. Will not do: show them to who may not see the lines.

use super::Context;
use super::blocking;
use super::envelope::{Answer, Envelope, Failure, Params, Refusal, ok};
use super::lines::report;
use crate::auth::{Caller, Permission};
use crate::base::{EquipmentId, Error, Metric, Result, Unit};
use crate::equipment::source::Protocol;
use crate::equipment::{DevicePlan, LineReport};
use crate::modbus::journal::{Frame, Look, Meaning, Outcome, hex, meaning};
use crate::modbus::{Framing, Request};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Frames of a page when nothing is said.
const LIMIT: usize = 100;
/// Most frames of a page.
const LIMIT_MAX: usize = 500;
/// Frames that go into one piece of a download.
const PIECE_FRAMES: usize = 256;
/// When to ask again while others download, s.
const RETRY_AFTER_S: u32 = 5;
/// The value of `outcome` that stands for everything that was not answered with words.
const TROUBLE: &str = "trouble";

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(frames))
        .routes(routes!(download))
}

/// Which frames.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FramesQuery {
    /// Only those of this unit id.
    unit: Option<u8>,
    /// Only those that ended so: names of outcomes with commas between them, or `trouble` for all
    /// but `answered`.
    outcome: Option<String>,
    /// Only those before this number; `next` of the page before.
    #[param(value_type = Option<usize>)]
    before: Option<u64>,
    /// Most frames of a page, 1 to 500; 100 when absent.
    limit: Option<usize>,
}

/// Frames, newest first.
#[derive(Serialize, ToSchema)]
struct FramesAnswer {
    /// The frames.
    items: Vec<FrameAnswer>,
    /// `before` of the next page; `null` when there is none.
    next: Option<u64>,
}

/// A frame and what it says.
#[derive(Serialize, ToSchema)]
struct FrameAnswer {
    /// As it went over the wire.
    #[serde(flatten)]
    frame: Frame,
    /// What the bytes say.
    #[serde(flatten)]
    meaning: Meaning,
    /// The equipment of this unit.
    equipment_id: Option<EquipmentId>,
    /// The values that the words are.
    values: Vec<FrameValue>,
}

/// A value in an answer.
#[derive(Serialize, ToSchema)]
struct FrameValue {
    /// The quantity.
    metric: Metric,
    /// The conductor.
    #[schema(value_type = Option<String>)]
    phase: Option<&'static str>,
    /// Zero-based address of its first register.
    address: u16,
    /// The value; `null` when the device says that it has none.
    value: Option<f64>,
    /// Its unit.
    unit: Unit,
}

/// What frames pass.
#[derive(Debug)]
struct Filter {
    unit: Option<u8>,
    outcomes: Option<Vec<Outcome>>,
    before: u64,
}

impl Filter {
    fn parse(query: &FramesQuery) -> Result<Self> {
        let named = |text: &str| {
            let found = Outcome::ALL
                .into_iter()
                .find(|outcome| outcome.key() == text);
            found.ok_or_else(|| {
                let names = Outcome::ALL.map(Outcome::key).join(", ");
                Error::invalid("outcome", format!("Use {TROUBLE}, or some of {names}."))
            })
        };
        let troubles = || Outcome::ALL.into_iter().filter(|o| *o != Outcome::Answered);
        let outcomes = match query.outcome.as_deref() {
            None | Some("") => None,
            Some(TROUBLE) => Some(troubles().collect()),
            Some(text) => Some(text.split(',').map(named).collect::<Result<_>>()?),
        };
        Ok(Self {
            unit: query.unit,
            outcomes,
            before: query.before.unwrap_or(u64::MAX),
        })
    }

    fn passes(&self, frame: &Frame) -> bool {
        let outcomes = self.outcomes.as_ref();
        frame.number < self.before
            && self.unit.is_none_or(|unit| unit == frame.unit)
            && outcomes.is_none_or(|outcomes| outcomes.contains(&frame.outcome))
    }
}

/// What was said on a line, newest first: the last 10,000 frames, and of those before them one a
/// minute of each kind that was not fine.
#[utoipa::path(get, path = "/lines/{key}/frames", operation_id = "line_frames", tag = "lines",
    params(("key" = String, Path, description = "Key of the line, percent-encoded"), FramesQuery),
    responses(
        (status = 200, body = Envelope<FramesAnswer>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such line", body = Refusal),
    ))]
async fn frames(
    State(context): State<Context>,
    caller: Caller,
    Path(key): Path<String>,
    Params(query): Params<FramesQuery>,
) -> Answer<FramesAnswer> {
    caller.require(Permission::LinesRead)?;
    let filter = Filter::parse(&query)?;
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let report = report(&context, &key)?;
    let look = look(&context, &key)?;
    let plans = plans(&context, &report);
    let answer = blocking(move || {
        let mut passing = look.newest_first().filter(|frame| filter.passes(frame));
        let framing = framing(report.protocol);
        let found: Vec<_> = passing.by_ref().take(limit).collect();
        let more = passing.next().is_some();
        let next = found.last().filter(|_| more).map(|frame| frame.number);
        let items = found.into_iter();
        let items = items.map(|frame| FrameAnswer::of(framing, frame, &plans));
        Ok(FramesAnswer {
            items: items.collect(),
            next,
        })
    });
    ok(answer.await?)
}

/// The shape of the file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DownloadQuery {
    /// `csv` (when absent) or `jsonl`: one JSON object a line.
    format: Option<String>,
}

/// Everything that is kept of what was said on a line, oldest first, as a file.
#[utoipa::path(get, path = "/lines/{key}/frames/download", operation_id = "download_frames",
    tag = "lines",
    params(("key" = String, Path, description = "Key of the line, percent-encoded"), DownloadQuery),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"),
            (String = "application/x-ndjson"))),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such line", body = Refusal),
        (status = 503, description = "Others are downloading", body = Refusal),
    ))]
async fn download(
    State(context): State<Context>,
    caller: Caller,
    Path(key): Path<String>,
    Params(query): Params<DownloadQuery>,
) -> Result<Response, Failure> {
    caller.require(Permission::LinesRead)?;
    let csv = match query.format.as_deref() {
        None | Some("csv") => true,
        Some("jsonl") => false,
        Some(_) => return Err(Error::invalid("format", "Use csv or jsonl.").into()),
    };
    let report = report(&context, &key)?;
    let frames = look(&context, &key)?.oldest_first();
    let turn = context.exports.clone().try_acquire_owned().map_err(|_| {
        Error::unavailable("Others are taking files. Try again in some seconds.")
            .with_details(serde_json::json!({ "retry_after_s": RETRY_AFTER_S }))
    })?;
    let mut rows = Rows {
        framing: framing(report.protocol),
        csv,
        frames: Box::new(frames),
        begun: false,
        _turn: turn,
    };
    let pieces = std::iter::from_fn(move || rows.piece().map(Ok::<_, Error>));
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let (kind, ending) = match csv {
        true => (super::export::CSV, "csv"),
        false => ("application/x-ndjson", "jsonl"),
    };
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = report.key.chars().map(safe).collect();
    let name = format!("attachment; filename=\"frames_{name}.{ending}\"");
    let head = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name.as_str())];
    Ok((head, body).into_response())
}

/// A file, piece by piece.
struct Rows {
    framing: Framing,
    csv: bool,
    frames: Box<dyn Iterator<Item = Frame> + Send>,
    begun: bool,
    _turn: tokio::sync::OwnedSemaphorePermit,
}

/// The columns of the file. Nothing in it needs quotes: numbers, names and hexadecimal.
const COLUMNS: &str = "number,at,unit,function,address,count,outcome,exception,round_trip_us,\
                       answered_by,words,request,answer\n";

impl Rows {
    fn piece(&mut self) -> Option<Vec<u8>> {
        let mut text = String::new();
        if !std::mem::replace(&mut self.begun, true) && self.csv {
            text.push_str(COLUMNS);
        }
        for frame in self.frames.by_ref().take(PIECE_FRAMES) {
            let said = meaning(self.framing, &frame);
            if self.csv {
                row(&mut text, &frame, &said);
            } else {
                let answer = FrameAnswer::of(self.framing, frame, &Plans::new());
                // Plain values always serialize.
                text.push_str(&serde_json::to_string(&answer).unwrap_or_default());
                text.push('\n');
            }
        }
        (!text.is_empty()).then(|| text.into_bytes())
    }
}

fn row(text: &mut String, frame: &Frame, said: &Meaning) {
    let or_empty = |number: Option<u16>| number.map_or_else(String::new, |n| n.to_string());
    let words: Vec<_> = said
        .words
        .iter()
        .map(|word| format!("{word:04X}"))
        .collect();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{},{},{},{},{},{},{},{},{},{},{},{},{}",
        frame.number,
        frame.at,
        frame.unit,
        frame.function,
        or_empty(said.address),
        or_empty(said.count),
        frame.outcome.key(),
        or_empty(frame.exception.map(u16::from)),
        frame.round_trip_us,
        or_empty(said.answered_by.map(u16::from)),
        words.join(" "),
        hex(&frame.request),
        hex(&frame.answer),
    );
}

fn look(context: &Context, key: &str) -> Result<Look> {
    let journal = context.registry.acquisition().journal(key);
    let journal = journal.ok_or_else(|| Error::not_found("line", key))?;
    Ok(journal.look())
}

const fn framing(protocol: Protocol) -> Framing {
    match protocol {
        Protocol::Tcp => Framing::Tcp,
        Protocol::RtuOverTcp | Protocol::Rtu => Framing::Rtu,
    }
}

/// Who has which unit id, and what is read from it.
type Plans = HashMap<u8, (EquipmentId, Option<Arc<DevicePlan>>)>;

fn plans(context: &Context, report: &LineReport) -> Plans {
    let profiles = context.registry.profiles();
    let plan = |id| {
        let source = context.registry.get(id).ok()?.modbus?;
        source.check(profiles).ok().map(Arc::new)
    };
    let devices = report.devices.iter();
    devices
        .map(|device| (device.unit_id, (device.equipment, plan(device.equipment))))
        .collect()
}

impl FrameAnswer {
    fn of(framing: Framing, frame: Frame, plans: &Plans) -> Self {
        let meaning = meaning(framing, &frame);
        let found = plans.get(&frame.unit);
        let plan = found.and_then(|(_, plan)| plan.as_ref());
        let plan = plan.filter(|_| frame.outcome == Outcome::Answered);
        Self {
            values: plan.map_or_else(Vec::new, |plan| values(plan, &meaning)),
            equipment_id: found.map(|(id, _)| *id),
            frame,
            meaning,
        }
    }
}

/// The values whose registers lie whole within the answer.
fn values(plan: &DevicePlan, said: &Meaning) -> Vec<FrameValue> {
    let (Some(function), Some(address), Some(count)) = (said.table, said.address, said.count)
    else {
        return Vec::new();
    };
    let request = Request {
        function,
        address,
        count,
        registers: Vec::new(),
    };
    let registers = plan.reads.registers().iter().enumerate();
    let within = registers.filter(|(_, register)| {
        register.function == function
            && register.address >= address
            && register.end() <= u32::from(address) + u32::from(count)
    });
    within
        .map(|(index, register)| FrameValue {
            metric: register.metric.clone(),
            phase: register.phase.line(),
            address: register.address,
            value: plan.reads.value(&request, index, &said.words),
            unit: register.unit.clone(),
        })
        .collect()
}
