//! `/api/notifications`: outlets, who hears what, and what became of each letter.

use super::Context;
use super::audit::sites_of;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Params, Refusal, Told, created, ok,
};
use crate::auth::{Caller, Permission};
use crate::base::error::Checks;
use crate::base::{Error, LetterId, PolicyId, Result, Timestamp};
use crate::notify::{General, Letter, LetterState, LogFilter, LogPage, NewPolicy, OutletChange};
use crate::notify::{OutletKind, OutletShown, Policy, Trial, Tried};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// Letters of a page when nothing else is asked for.
const PAGE_DEFAULT: usize = 20;
/// Longest text that is looked for, characters.
const TEXT_MAX: usize = 200;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(outlets))
        .routes(routes!(outlet, change_outlet))
        .routes(routes!(try_outlet))
        .routes(routes!(policies, add_policy))
        .routes(routes!(change_policy, delete_policy))
        .routes(routes!(settings, change_settings))
        .routes(routes!(log))
        .routes(routes!(retry))
}

/// Every outlet.
#[derive(Debug, Serialize, ToSchema)]
struct Outlets {
    /// In the order of the page.
    items: Vec<OutletShown>,
}

/// Who hears what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPolicies)]
struct Policies {
    /// By name.
    items: Vec<Policy>,
}

/// Which letters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// `queued`, `sent`, `failed`, `dead` or `withheld`.
    state: Option<LetterState>,
    /// Of this outlet.
    outlet: Option<OutletKind>,
    /// About this alert.
    alert: Option<Uuid>,
    /// A part of the address, the name or the subject.
    text: Option<String>,
    /// Decided on not before: RFC 3339, or a date in UTC.
    from: Option<String>,
    /// Decided on before: RFC 3339, or a date in UTC.
    to: Option<String>,
    /// Letters before this one; the newest when absent.
    cursor: Option<LetterId>,
    /// Letters of a page, at most 100; 20 when absent.
    limit: Option<usize>,
}

impl LogQuery {
    fn filter(&self, caller: &Caller) -> Result<LogFilter> {
        let mut checks = Checks::default();
        let plain = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let text = plain(&self.text).map(|text| text.to_lowercase());
        let short = text.as_ref().is_none_or(|t| t.chars().count() <= TEXT_MAX);
        checks.require(short, "text", "200 characters at most.");
        let mut instant = |path: &str, text: &Option<String>| {
            let at = plain(text).map(|text| text.parse::<Timestamp>());
            let sentence = "Write the time as 2026-11-21T08:30:00Z or 2026-11-21.";
            checks.require(!matches!(at, Some(Err(_))), path, sentence);
            at.and_then(Result::ok)
        };
        let (from, to) = (instant("from", &self.from), instant("to", &self.to));
        checks.finish()?;
        Ok(LogFilter {
            state: self.state,
            outlet: self.outlet,
            alert: self.alert,
            text,
            from,
            to,
            sites: sites_of(caller),
        })
    }
}

/// The id that a path names; what is none is not there.
fn parsed<T: FromStr>(what: &str, id: &str) -> Result<T> {
    id.parse().map_err(|_| Error::not_found(what, id))
}

/// The outlets, and how they are doing. Passwords and tokens are not among it.
#[utoipa::path(get, path = "/notifications/outlets", operation_id = "list_outlets",
    tag = "notifications", responses((status = 200, body = Envelope<Outlets>)))]
async fn outlets(State(context): State<Context>, caller: Caller) -> Answer<Outlets> {
    caller.require(Permission::NotificationsManage)?;
    let items = super::blocking(move || context.notify.outlets()).await?;
    ok(Outlets { items })
}

/// One outlet: `smtp`, `sendgrid`, `sms`, `whatsapp`, `webhook`, `push` or `horn`.
#[utoipa::path(get, path = "/notifications/outlets/{kind}", operation_id = "get_outlet",
    tag = "notifications", params(("kind" = String, Path, description = "Which outlet")),
    responses(
        (status = 200, body = Envelope<OutletShown>),
        (status = 404, description = "There is no such outlet", body = Refusal),
    ))]
async fn outlet(
    State(context): State<Context>,
    caller: Caller,
    Path(kind): Path<String>,
) -> Answer<OutletShown> {
    caller.require(Permission::NotificationsManage)?;
    let kind = OutletKind::parse(&kind)?;
    ok(super::blocking(move || context.notify.outlet(kind)).await?)
}

/// Sets an outlet, as a whole. The secret is kept when it is left out.
#[utoipa::path(put, path = "/notifications/outlets/{kind}", operation_id = "change_outlet",
    tag = "notifications", params(("kind" = String, Path, description = "Which outlet")),
    request_body = OutletChange,
    responses(
        (status = 200, body = Envelope<OutletShown>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "There is no such outlet", body = Refusal),
    ))]
async fn change_outlet(
    State(context): State<Context>,
    caller: Caller,
    Path(kind): Path<String>,
    Body(change): Body<OutletChange>,
) -> Answer<OutletShown> {
    caller.require(Permission::NotificationsManage)?;
    let kind = OutletKind::parse(&kind)?;
    ok(context
        .notify
        .change_outlet(kind, change, caller.actor())
        .await?)
}

/// Really sends something out of an outlet, once and at once, and says what the server said. An
/// outlet that is switched off can be tried.
#[utoipa::path(post, path = "/notifications/outlets/{kind}/test", operation_id = "test_outlet",
    tag = "notifications", params(("kind" = String, Path, description = "Which outlet")),
    request_body = Trial,
    responses(
        (status = 200, description = "What came of it; `sent` says whether it arrived",
            body = Envelope<Tried>),
        (status = 400, description = "The address is none", body = Refusal),
        (status = 404, description = "There is no such outlet", body = Refusal),
        (status = 409, description = "The outlet was never set", body = Refusal),
    ))]
async fn try_outlet(
    State(context): State<Context>,
    caller: Caller,
    Path(kind): Path<String>,
    Body(trial): Body<Trial>,
) -> Answer<Tried> {
    caller.require(Permission::NotificationsManage)?;
    let kind = OutletKind::parse(&kind)?;
    ok(context.notify.try_out(kind, trial, caller.actor()).await?)
}

/// Who hears what at the sites of who asks, by name.
#[utoipa::path(get, path = "/notifications/policies", operation_id = "list_policies",
    tag = "notifications", responses((status = 200, body = Envelope<Policies>)))]
async fn policies(State(context): State<Context>, caller: Caller) -> Answer<Policies> {
    caller.require(Permission::NotificationsRead)?;
    let items = context.notify.policies(&sites_of(&caller));
    ok(Policies { items })
}

/// Adds a policy.
#[utoipa::path(post, path = "/notifications/policies", operation_id = "create_policy",
    tag = "notifications", request_body = NewPolicy,
    responses(
        (status = 201, body = Envelope<Policy>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "There are 200 policies", body = Refusal),
    ))]
async fn add_policy(
    State(context): State<Context>,
    caller: Caller,
    Body(rule): Body<NewPolicy>,
) -> Result<(StatusCode, Told<Policy>), Failure> {
    caller.require(Permission::NotificationsManage)?;
    let (his, actor) = (sites_of(&caller), caller.actor());
    created(context.notify.add_policy(rule, &his, actor).await?)
}

/// Changes a policy, as a whole.
#[utoipa::path(put, path = "/notifications/policies/{id}", operation_id = "change_policy",
    tag = "notifications", params(("id" = String, Path, description = "Which policy")),
    request_body = NewPolicy,
    responses(
        (status = 200, body = Envelope<Policy>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "There is no such policy", body = Refusal),
    ))]
async fn change_policy(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(rule): Body<NewPolicy>,
) -> Answer<Policy> {
    caller.require(Permission::NotificationsManage)?;
    let id = parsed::<PolicyId>("policy", &id)?;
    let (his, actor) = (sites_of(&caller), caller.actor());
    ok(context.notify.change_policy(id, rule, &his, actor).await?)
}

/// Deletes a policy. Letters that wait go out; nobody is asked next by it.
#[utoipa::path(delete, path = "/notifications/policies/{id}", operation_id = "delete_policy",
    tag = "notifications", params(("id" = String, Path, description = "Which policy")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "There is no such policy", body = Refusal),
    ))]
async fn delete_policy(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::NotificationsManage)?;
    let id = parsed::<PolicyId>("policy", &id)?;
    let (his, actor) = (sites_of(&caller), caller.actor());
    context.notify.delete_policy(id, &his, actor).await?;
    ok(Message {
        message: "The policy was deleted.".to_owned(),
    })
}

/// What holds for all notifications.
#[utoipa::path(get, path = "/notifications/settings", operation_id = "get_notification_settings",
    tag = "notifications", responses((status = 200, body = Envelope<General>)))]
async fn settings(State(context): State<Context>, caller: Caller) -> Answer<General> {
    caller.require(Permission::NotificationsRead)?;
    ok(context.notify.general())
}

/// Changes what holds for all notifications.
#[utoipa::path(put, path = "/notifications/settings",
    operation_id = "change_notification_settings", tag = "notifications", request_body = General,
    responses(
        (status = 200, body = Envelope<General>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn change_settings(
    State(context): State<Context>,
    caller: Caller,
    Body(general): Body<General>,
) -> Answer<General> {
    caller.require(Permission::NotificationsManage)?;
    ok(context
        .notify
        .change_general(general, caller.actor())
        .await?)
}

/// What became of each letter, newest first: sent, refused, given up, or withheld for a reason. Who
/// reaches some sites only sees the letters about alerts of these.
#[utoipa::path(get, path = "/notifications/log", operation_id = "notification_log",
    tag = "notifications", params(LogQuery),
    responses(
        (status = 200, body = Envelope<LogPage>),
        (status = 400, description = "Every refused parameter", body = Refusal),
    ))]
async fn log(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<LogQuery>,
) -> Answer<LogPage> {
    caller.require(Permission::NotificationsRead)?;
    let filter = query.filter(&caller)?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT).max(1);
    let look = move || context.notify.log(&filter, query.cursor, limit);
    ok(super::blocking(look).await?)
}

/// Tries a letter again that was refused or given up.
#[utoipa::path(post, path = "/notifications/log/{id}/retry", operation_id = "retry_notification",
    tag = "notifications", params(("id" = String, Path, description = "Which letter")),
    responses(
        (status = 200, description = "It is in the outbox again", body = Envelope<Letter>),
        (status = 404, description = "There is no such letter", body = Refusal),
        (status = 409, description = "It was sent, or waits", body = Refusal),
    ))]
async fn retry(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Letter> {
    caller.require(Permission::NotificationsManage)?;
    let id = parsed::<LetterId>("letter", &id)?;
    let (his, actor) = (sites_of(&caller), caller.actor());
    ok(context.notify.retry(id, his, actor).await?)
}
