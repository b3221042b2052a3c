//! `/api/sessions`, and S2's figures of users and sessions under `/api/admin`.

use super::Context;
use super::envelope::{Answer, Envelope, Message, Page, Paging, Params, Refusal, ok, page};
use crate::auth::{Caller, Permission, ResetCode, Role, SessionView};
use crate::base::{Error, Timestamp};
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A session that was not used for a day is cleaned up on demand, ms.
const UNUSED_MS: i64 = 24 * 3_600_000;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, end_others))
        .routes(routes!(end))
        .routes(routes!(admin_sessions))
        .routes(routes!(clean_up))
        .routes(routes!(admin_stats))
        .routes(routes!(user_stats))
        .routes(routes!(reset_requests))
}

/// Whose sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SessionQuery {
    /// `true` for those of everybody; needs `users.manage`.
    #[serde(default)]
    all: bool,
}

/// The sessions that are alive, the last used first.
#[utoipa::path(get, path = "/sessions", operation_id = "list_sessions", tag = "sessions",
    params(SessionQuery, Paging),
    responses((status = 200, body = Envelope<Page<SessionView>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<SessionQuery>,
    Params(paging): Params<Paging>,
) -> Answer<Page<SessionView>> {
    if query.all {
        caller.require(Permission::UsersManage)?;
    }
    ok(page(context.auth.sessions(&caller, query.all), paging))
}

/// Ends a session: one's own, or anybody's for who manages users.
#[utoipa::path(delete, path = "/sessions/{id}", operation_id = "end_session", tag = "sessions",
    params(("id" = String, Path, description = "Id of the session")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such session", body = Refusal),
    ))]
async fn end(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    let session = id.parse().map_err(|_| Error::not_found("session", &id))?;
    context.auth.end_session(&caller, session).await?;
    ok(Message {
        message: "The session has ended.".to_owned(),
    })
}

/// How many were ended.
#[derive(Serialize, ToSchema)]
struct Deleted {
    /// Sessions that ended.
    deleted: usize,
}

/// Ends one's other sessions.
#[utoipa::path(delete, path = "/sessions", operation_id = "end_other_sessions", tag = "sessions",
    responses((status = 200, body = Envelope<Deleted>)))]
async fn end_others(State(context): State<Context>, caller: Caller) -> Answer<Deleted> {
    let deleted = context.auth.end_other_sessions(&caller).await?;
    ok(Deleted { deleted })
}

/// A session in the words of the administration page.
#[derive(Serialize, ToSchema)]
struct AdminSession {
    /// First characters of its id.
    session_id: String,
    /// Login name.
    username: String,
    /// When it began.
    created_at: Timestamp,
    /// When a token was last fetched.
    last_activity: Timestamp,
    /// From where it began.
    ip_address: Option<String>,
}

/// The sessions of everybody.
#[utoipa::path(get, path = "/admin/sessions", tag = "sessions", params(Paging),
    responses((status = 200, body = Envelope<Page<AdminSession>>)))]
async fn admin_sessions(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<AdminSession>> {
    caller.require(Permission::UsersManage)?;
    let all = context.auth.sessions(&caller, true);
    let shown = all.into_iter().map(|session| AdminSession {
        // The end of an id of version 7 is its random part.
        session_id: session
            .id
            .to_string()
            .split('-')
            .next_back()
            .unwrap_or_default()
            .to_owned(),
        username: session.email,
        created_at: session.created_at,
        last_activity: session.last_used_at,
        ip_address: session.address,
    });
    ok(page(shown.collect(), paging))
}

/// Ends the sessions that were not used for a day.
#[utoipa::path(post, path = "/admin/sessions/cleanup", tag = "sessions",
    responses((status = 200, body = Envelope<Deleted>)))]
async fn clean_up(State(context): State<Context>, caller: Caller) -> Answer<Deleted> {
    caller.require(Permission::UsersManage)?;
    let deleted = context.auth.end_unused_sessions(&caller, UNUSED_MS).await?;
    ok(Deleted { deleted })
}

/// How many users there are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserStats {
    /// All of them.
    total_users: usize,
    /// Administrators among them.
    admins: usize,
    /// The others.
    regular: usize,
}

fn stats(context: &Context, caller: &Caller) -> UserStats {
    let mut users = context.auth.users();
    users.retain(|user| caller.user.sites.covers(&user.sites));
    let admins = users
        .iter()
        .filter(|user| user.role_key == Role::Admin)
        .count();
    UserStats {
        total_users: users.len(),
        admins,
        regular: users.len() - admins,
    }
}

/// How many users there are.
#[utoipa::path(get, path = "/stats/users", tag = "users",
    responses((status = 200, body = Envelope<UserStats>)))]
async fn user_stats(State(context): State<Context>, caller: Caller) -> Answer<UserStats> {
    caller.require(Permission::UsersManage)?;
    ok(stats(&context, &caller))
}

/// Figures of users and sessions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AdminStats {
    /// How many users there are.
    #[serde(flatten)]
    users: UserStats,
    /// Sessions that are alive.
    active_sessions: usize,
    /// Jobs of the appliance that are remembered, a hundred at most: backups and their kin.
    total_jobs: usize,
}

/// Figures of users and sessions.
#[utoipa::path(get, path = "/admin/stats", tag = "users",
    responses((status = 200, body = Envelope<AdminStats>)))]
async fn admin_stats(State(context): State<Context>, caller: Caller) -> Answer<AdminStats> {
    caller.require(Permission::UsersManage)?;
    let backups = context.backups.clone();
    let total_jobs = super::blocking(move || backups.jobs()).await?.len();
    ok(AdminStats {
        total_jobs,
        users: stats(&context, &caller),
        active_sessions: context.auth.sessions(&caller, true).len(),
    })
}

/// A code that resets a password, as it is listed.
#[derive(Serialize, ToSchema)]
struct ResetRequest {
    /// Login name.
    username: String,
    /// When it was made and used.
    #[serde(flatten)]
    code: ResetCode,
}

/// The newest hundred codes that reset passwords, of the users whom the caller manages.
#[utoipa::path(get, path = "/admin/reset-requests", tag = "users",
    responses((status = 200, body = Envelope<Vec<ResetRequest>>)))]
async fn reset_requests(
    State(context): State<Context>,
    caller: Caller,
) -> Answer<Vec<ResetRequest>> {
    caller.require(Permission::UsersManage)?;
    let auth = std::sync::Arc::clone(&context.auth);
    let reach = caller.user.sites;
    let codes = super::blocking(move || auth.reset_codes(&reach)).await?;
    let shown = |(code, username)| ResetRequest { username, code };
    ok(codes.into_iter().map(shown).collect())
}
