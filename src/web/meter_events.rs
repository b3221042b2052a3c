//! `/api/equipment/{id}/meter-events`: meters that were exchanged, transformers that were changed.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Failure, Refusal, Told, created, ok};
use crate::auth::{Caller, Permission};
use crate::base::{EquipmentId, Error, Metric, Timestamp, UserId};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use crate::tsdb::{CounterChange, CounterEvent, NewCounterEvent};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(exchange))
        .routes(routes!(ratio))
        .routes(routes!(undo))
}

/// An exchange of meters as it is entered, before or after it was made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Exchange {
    /// When, RFC 3339: readings from this instant on are those of the new meter.
    at: Timestamp,
    /// Last reading of the old meter, in the unit of the counter.
    end_reading: f64,
    /// First reading of the new meter.
    start_reading: f64,
    /// The counter; `consumption` when it is not named.
    #[serde(default = "consumption")]
    metric: String,
    /// Why, for whoever asks in three years.
    reason: String,
}

/// A change of transformers as it is entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Ratio {
    /// From when on, RFC 3339.
    at: Timestamp,
    /// What the register grows by counts this many times from then on; 1 is as it comes.
    factor: f64,
    /// The counter; `consumption` when it is not named.
    #[serde(default = "consumption")]
    metric: String,
    /// Why, for whoever asks in three years.
    reason: String,
}

/// What was done to a counter, with the names of the people.
#[derive(Debug, Serialize, ToSchema)]
struct MeterEvent {
    #[serde(flatten)]
    event: CounterEvent,
    /// The name of who entered it; `null` when there is no such person any more.
    by_name: Option<String>,
    /// The name of who undid it.
    undone_by_name: Option<String>,
}

fn named(context: &Context, event: CounterEvent) -> MeterEvent {
    let users = context.auth.users();
    let name = |id: UserId| Some(users.iter().find(|user| user.id == id)?.name.clone());
    MeterEvent {
        by_name: name(event.by),
        undone_by_name: event.undone.as_ref().and_then(|undone| name(undone.by)),
        event,
    }
}

fn consumption() -> String {
    Metric::CONSUMPTION.to_string()
}

/// What was done to the counters of a device, newest entry first, also what was undone.
#[utoipa::path(get, path = "/equipment/{id}/meter-events", operation_id = "list_meter_events",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<Vec<MeterEvent>>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Vec<MeterEvent>> {
    caller.require(Permission::ReadingsRead)?;
    let equipment = equipment_of(&context, &id)?;
    let tsdb = Arc::clone(&context.tsdb);
    let mut all = super::blocking(move || tsdb.counter_events()).await?;
    all.retain(|event| event.equipment == equipment);
    let newest_first = all.into_iter().rev();
    ok(newest_first.map(|event| named(&context, event)).collect())
}

/// Takes note that another meter was put in. Energy goes on from the last reading of the old meter
/// to the first of the new one; the register stays as it was read.
#[utoipa::path(post, path = "/equipment/{id}/meter-exchange", operation_id = "exchange_meter",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment")),
    request_body = Exchange,
    responses(
        (status = 201, body = Envelope<MeterEvent>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn exchange(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Exchange>,
) -> Result<(StatusCode, Told<MeterEvent>), Failure> {
    let change = CounterChange::Exchange {
        end_reading: asked.end_reading,
        start_reading: asked.start_reading,
    };
    let entry = (asked.at, asked.metric, asked.reason, change);
    let made = enter(&context, &caller, &id, entry).await?;
    created(named(&context, made))
}

/// Takes note that the transformers were changed: from then on the register counts that many times.
#[utoipa::path(post, path = "/equipment/{id}/meter-ratio", operation_id = "change_meter_ratio",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment")),
    request_body = Ratio,
    responses(
        (status = 201, body = Envelope<MeterEvent>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn ratio(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Ratio>,
) -> Result<(StatusCode, Told<MeterEvent>), Failure> {
    let change = CounterChange::Ratio {
        factor: asked.factor,
    };
    let entry = (asked.at, asked.metric, asked.reason, change);
    let made = enter(&context, &caller, &id, entry).await?;
    created(named(&context, made))
}

/// Undoes an entry: energy is again what it was without it.
#[utoipa::path(post, path = "/equipment/{id}/meter-events/{event}/undo",
    operation_id = "undo_meter_event", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment"),
        ("event" = u64, Path, description = "Number of the entry")),
    responses(
        (status = 200, body = Envelope<MeterEvent>),
        (status = 404, description = "No such entry", body = Refusal),
    ))]
async fn undo(
    State(context): State<Context>,
    caller: Caller,
    Path((id, event)): Path<(String, String)>,
) -> Answer<MeterEvent> {
    caller.require(Permission::ReadingsCorrect)?;
    let equipment = equipment_of(&context, &id)?;
    let event = event
        .parse()
        .map_err(|_| Error::not_found("entry", &event))?;
    let (now, actor) = (context.clock.now(), caller.actor());
    let by = person(&actor)?;
    let log = log(now, actor, "meter.undo");
    let undone = context
        .tsdb
        .undo_counter_event((equipment, event), by, now, log);
    ok(named(&context, undone.await?))
}

type Entry = (Timestamp, String, String, CounterChange);

async fn enter(
    context: &Context,
    caller: &Caller,
    id: &str,
    (at, metric, reason, change): Entry,
) -> Result<CounterEvent, Failure> {
    caller.require(Permission::ReadingsCorrect)?;
    let equipment = equipment_of(context, id)?;
    let (metric, phase) = Metric::with_phase(&metric)?;
    let (now, actor) = (context.clock.now(), caller.actor());
    let new = NewCounterEvent {
        equipment,
        metric,
        phase,
        at,
        change,
        reason,
        by: person(&actor)?,
        entered: now,
    };
    let action = match change {
        CounterChange::Exchange { .. } => "meter.exchange",
        CounterChange::Ratio { .. } => "meter.ratio",
    };
    let log = log(now, actor, action);
    Ok(context.tsdb.enter_counter_event(new, log).await?)
}

fn equipment_of(context: &Context, id: &str) -> Result<EquipmentId, Error> {
    let none = || Error::not_found("equipment", id);
    let id = id.parse().map_err(|_| none())?;
    context.registry.get(id).map(|found| found.id)
}

fn person(actor: &Actor) -> Result<UserId, Error> {
    actor
        .user
        .ok_or_else(|| Error::internal("An entry is made by a person."))
}

/// Writes what was entered to the audit log, in the transaction that does it.
fn log(
    now: Timestamp,
    actor: Actor,
    action: &'static str,
) -> impl FnOnce(&Transaction<'_>, &CounterEvent) -> crate::base::Result<()> + Send + 'static {
    move |transaction, event| {
        let details = serde_json::json!(event);
        let resource = format!("equipment/{}", event.equipment);
        let site = crate::equipment::site_in(transaction, event.equipment)?;
        let object = audit::about(&resource).of_all(site);
        audit::append(transaction, now, &actor, action, object, details)
    }
}
