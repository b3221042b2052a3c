//! `/api/security/*`: what happened at the door, what is a threat of it, what is open.

use super::Context;
use super::audit::Cursor;
use super::envelope::{Answer, Body, Envelope, Failure, Params, Refusal, Told, created, ok};
use super::reach::is_hidden;
use crate::auth::{Asker, Caller, Permission};
use crate::base::{Result, Timestamp};
use crate::security::{
    self, Category, ComplianceCheck, DeviceKey, Facts, Overview, Recent, ReportedEvent,
    SecurityEvent, Threat,
};
use crate::store::audit::{self, Actor};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(threats))
        .routes(routes!(compliance))
        .routes(routes!(dashboard))
}

/// Routes of persons and programs.
pub fn open() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(log))
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// `refused`, `access`, `account`, `key`, `system` or `reported`; all of them when absent.
    category: Option<Category>,
    /// A part of the name of who did it.
    user: Option<String>,
    /// A part of anything that an event shows.
    text: Option<String>,
    /// Not before: RFC 3339, or a date in UTC.
    from: Option<String>,
    /// Before: RFC 3339, or a date in UTC.
    to: Option<String>,
}

/// A part of the events, newest first.
#[derive(Serialize, ToSchema)]
struct SecurityEventPage {
    /// The events.
    items: Vec<SecurityEvent>,
    /// Where the next page starts; `null` on the last one. A page may be short, or empty, and have
    /// a next one: one question looks at 50,000 entries of the log.
    next_cursor: Option<u64>,
    /// Time of the oldest entry that was looked at: nothing is said of what is older.
    searched_until: Option<Timestamp>,
    /// Entries that were looked at.
    searched: u64,
}

/// What happened that is about who gets in: newest first, from the audit log.
#[utoipa::path(get, path = "/security/events", operation_id = "security_events", tag = "security",
    params(EventQuery, Cursor),
    responses(
        (status = 200, body = Envelope<SecurityEventPage>),
        (status = 400, description = "Every refused parameter", body = Refusal),
    ))]
async fn events(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<EventQuery>,
    Params(cursor): Params<Cursor>,
) -> Answer<SecurityEventPage> {
    caller.require(Permission::AuditRead)?;
    let asked = super::audit::AuditFilter {
        user: query.user,
        text: query.text,
        from: query.from,
        to: query.to,
        ..Default::default()
    };
    let asked = asked.checked_for(&caller)?;
    let of = Category::filter(query.category);
    let filter = audit::Filter {
        actions: of.actions,
        outcome: of.outcome,
        ..asked
    };
    let limit = cursor.limit();
    let look = move || audit::search(&context.store, &filter, cursor.cursor, limit);
    let found = super::blocking(look).await?;
    ok(SecurityEventPage {
        items: found
            .entries
            .into_iter()
            .filter_map(SecurityEvent::of)
            .collect(),
        next_cursor: found.next,
        searched_until: found.searched_until,
        searched: found.searched,
    })
}

/// Threats, and how far back events were looked at for them.
#[derive(Serialize, ToSchema)]
struct Threats {
    /// The gravest first, then the newest.
    items: Vec<Threat>,
    /// Nothing is said of events before this: a week, or less when there are more than are kept.
    events_since: Timestamp,
}

/// Threats of the last week, each with the entries of the audit log that show it.
#[utoipa::path(get, path = "/security/threats", operation_id = "security_threats", tag = "security",
    responses((status = 200, body = Envelope<Threats>)))]
async fn threats(State(context): State<Context>, caller: Caller) -> Answer<Threats> {
    let (facts, recent) = gather(&context, &caller).await?;
    ok(Threats {
        items: security::threats(&recent.entries, &facts),
        events_since: recent.since,
    })
}

/// What was checked.
#[derive(Serialize, ToSchema)]
struct Compliance {
    /// When.
    at: Timestamp,
    /// Every check with its evidence. There is no score.
    items: Vec<ComplianceCheck>,
}

/// What good practice asks for, and whether it is so, with what was looked at.
#[utoipa::path(get, path = "/security/compliance", operation_id = "security_compliance",
    tag = "security", responses((status = 200, body = Envelope<Compliance>)))]
async fn compliance(State(context): State<Context>, caller: Caller) -> Answer<Compliance> {
    let facts = facts(&context, &caller).await?;
    ok(Compliance {
        at: facts.now,
        items: security::checks(&facts),
    })
}

/// The first look: counts, who was refused, which keys there are.
#[utoipa::path(get, path = "/security/dashboard", operation_id = "security_dashboard",
    tag = "security", responses((status = 200, body = Envelope<Overview>)))]
async fn dashboard(State(context): State<Context>, caller: Caller) -> Answer<Overview> {
    let (facts, recent) = gather(&context, &caller).await?;
    let threats = security::threats(&recent.entries, &facts);
    let checks = security::checks(&facts);
    ok(Overview::of(&facts, &recent, &threats, &checks))
}

/// What is known, and the events of the last week.
async fn gather(context: &Context, caller: &Caller) -> Result<(Facts, Recent)> {
    let facts = facts(context, caller).await?;
    let (held, now) = (context.clone(), facts.now);
    let mut recent = super::blocking(move || held.safety.recent(&held.store, now)).await?;
    let narrowed = audit::Filter {
        sites: super::audit::sites_of(caller),
        ..audit::Filter::default()
    };
    recent.entries.retain(|entry| narrowed.reaches(entry));
    Ok((facts, recent))
}

/// What is known, as far as the one who asks may see it.
async fn facts(context: &Context, caller: &Caller) -> Result<Facts> {
    caller.require(Permission::AuditRead)?;
    let reach = &caller.user.sites;
    let mut accounts = context.auth.accounts();
    accounts.retain(|account| reach.covers(&account.user.sites));
    let mut tokens = context.api_tokens.all();
    tokens.retain(|token| reach.sees(&token.site));
    let mut kiosks = context.auth.kiosks();
    kiosks.retain(|kiosk| reach.sees(&kiosk.site));
    let devices = context.devices.all().into_iter();
    let devices = devices.filter(|device| !is_hidden(context, reach, device.equipment_id));
    let devices = devices.map(|device| {
        let (life, _) = context.devices.life(&device);
        DeviceKey {
            id: device.id,
            name: device.name,
            made_at: device.key_made_at,
            last_seen_at: life.last_seen_at,
            wrong_key_at: life.wrong_key_at,
        }
    });
    Ok(Facts {
        now: context.clock.now(),
        accounts,
        sessions: context.auth.sessions(caller, true),
        tokens,
        devices: devices.collect(),
        kiosks,
        checks: super::system::checks(context).await?,
    })
}

/// Reports what happened to the safety of another system of the plant: by an administrator, or by a
/// program with the scope `security:report`. It is an entry of the audit log from then on, and a
/// threat when it is critical.
#[utoipa::path(post, path = "/security/log", operation_id = "report_security_event",
    tag = "security", request_body = ReportedEvent,
    responses(
        (status = 201, body = Envelope<SecurityEvent>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 429, description = "Too many reports; see Retry-After", body = Refusal),
    ))]
async fn log(
    State(context): State<Context>,
    asker: Asker,
    super::caller::Address(address): super::caller::Address,
    Body(event): Body<ReportedEvent>,
) -> Result<(StatusCode, Told<SecurityEvent>), Failure> {
    asker.require(Permission::SecurityReport)?;
    let actor = match asker {
        Asker::Person(caller) => caller.actor(),
        Asker::Program(token) => Actor {
            user: None,
            name: format!("token:{}", token.name),
            address: address.map(|address| address.to_canonical().to_string()),
        },
    };
    created(security::note(&context.store, event, actor, context.clock.now()).await?)
}
