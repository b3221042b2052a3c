//! `/api/equipment/{id}/doctor`: what ails one device, in plain words.

use super::Context;
use super::blocking;
use super::envelope::{Answer, Envelope, Refusal, ok};
use super::equipment::parse;
use super::lines::last_value;
use crate::auth::{Caller, Permission};
use crate::base::{EquipmentId, Timestamp};
use crate::equipment::doctor::{Diagnosis, Symptoms, diagnose, last_exchanges, not_polled};
use crate::equipment::{LineReport, LineState, Link};
use crate::live::LiveValue;
use crate::modbus::journal::UnitStatistics;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(doctor))
}

/// What ails a device.
#[derive(Serialize, ToSchema)]
struct DoctorAnswer {
    /// The equipment.
    equipment_id: EquipmentId,
    /// What is the matter, the most pressing first; never empty.
    diagnoses: Vec<Diagnosis>,
    /// Its line; `null` when it is not polled.
    line: Option<DoctorLine>,
    /// Its unit id.
    unit_id: Option<u8>,
    /// How its link is doing.
    link: Option<Link>,
    /// What was said to it since its line began; `null` before the first question.
    statistics: Option<UnitStatistics>,
    /// When it last brought a value.
    last_good_at: Option<Timestamp>,
    /// That value.
    last_value: Option<LiveValue>,
}

/// The line of a device.
#[derive(Serialize, ToSchema)]
struct DoctorLine {
    /// Names it in `/api/lines`.
    key: String,
    /// Host and port, or the path of the port.
    place: String,
    /// How it is doing.
    state: LineState,
    /// Since when its figures count.
    since: Timestamp,
    /// Devices on it.
    devices: usize,
    /// Those that answer.
    answering: usize,
}

impl DoctorLine {
    fn of(report: &LineReport) -> Self {
        Self {
            key: report.key.clone(),
            place: report.place.clone(),
            state: report.state,
            since: report.since,
            devices: report.devices.len(),
            answering: report.devices.iter().filter(|d| d.answers()).count(),
        }
    }
}

/// What ails a device, and what its line says about it.
#[utoipa::path(get, path = "/equipment/{id}/doctor", operation_id = "equipment_doctor", tag = "lines",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<DoctorAnswer>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn doctor(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<DoctorAnswer> {
    caller.require(Permission::LinesRead)?;
    let id = parse(&id)?;
    context.registry.get(id)?;
    // Thousands of frames may be unpacked: not on a thread of the runtime.
    ok(blocking(move || Ok(examine(&context, id))).await?)
}

fn examine(context: &Context, id: EquipmentId) -> DoctorAnswer {
    let (last_good_at, last_value) = last_value(context, id);
    let mut answer = DoctorAnswer {
        equipment_id: id,
        diagnoses: not_polled(),
        line: None,
        unit_id: None,
        link: None,
        statistics: None,
        last_good_at,
        last_value,
    };
    let acquisition = context.registry.acquisition();
    let source = context.registry.get(id).ok().and_then(|found| found.modbus);
    let plan = source.and_then(|source| source.check(context.registry.profiles()).ok());
    let reports = acquisition.line_reports();
    let on = |report: &LineReport| report.devices.iter().any(|device| device.equipment == id);
    let (Some(plan), Some(line)) = (plan, reports.into_iter().find(on)) else {
        return answer;
    };
    let (Some(journal), Some(link)) = (acquisition.journal(&line.key), acquisition.link(id)) else {
        return answer;
    };
    answer.diagnoses = diagnose(&Symptoms {
        equipment: id,
        line: &line,
        unit_id: plan.unit_id,
        timeout_ms: crate::base::time::duration_ms(plan.timeout),
        reads: &plan.reads,
        link: &link,
        last_good_at,
        exchanges: &last_exchanges(&journal, plan.unit_id, context.clock.now()),
        plausibility: &acquisition.watch().of(id),
    });
    answer.line = Some(DoctorLine::of(&line));
    answer.unit_id = Some(plan.unit_id);
    answer.statistics = line.statistics.units.get(&plan.unit_id).cloned();
    answer.link = Some(link);
    answer
}
