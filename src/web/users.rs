//! `/api/users`, and S2's names for the same under `/api/admin`.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told,
};
use super::envelope::{created, ok, page};
use crate::auth::{Account, AccountChange, Caller, Handed, Invitation, Permission, Reach, Role};
use crate::base::error::Checks;
use crate::base::{Error, Result, Timestamp, UserId};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_again))
        .routes(routes!(invite))
        .routes(routes!(show, change))
        .routes(routes!(invite_again))
        .routes(routes!(reset_code))
        .routes(routes!(unlock))
        .routes(routes!(set_role))
}

fn user_of(id: &str) -> Result<UserId> {
    id.parse().map_err(|_| Error::not_found("user", id))
}

/// The users.
#[utoipa::path(get, path = "/users", operation_id = "list_users", tag = "users", params(Paging),
    responses((status = 200, body = Envelope<Page<Account>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<Account>> {
    caller.require(Permission::UsersManage)?;
    let mut all = context.auth.accounts();
    // Who reaches more than he does is none of his business.
    all.retain(|account| caller.user.sites.covers(&account.user.sites));
    ok(page(all, paging))
}

/// The users, under the name that administrators' programs know.
#[utoipa::path(get, path = "/admin/users", operation_id = "admin_users", tag = "users",
    params(Paging), responses((status = 200, body = Envelope<Page<Account>>)))]
async fn list_again(
    state: State<Context>,
    caller: Caller,
    paging: Params<Paging>,
) -> Answer<Page<Account>> {
    list(state, caller, paging).await
}

/// One user.
#[utoipa::path(get, path = "/users/{id}", operation_id = "get_user", tag = "users",
    params(("id" = String, Path, description = "Id of the user")),
    responses((status = 200, body = Envelope<Account>), (status = 404, body = Refusal)))]
async fn show(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Account> {
    caller.require(Permission::UsersManage)?;
    ok(context.auth.account(user_of(&id)?)?)
}

/// An invitation that was made. The link works once, for 24 hours, and is not shown again.
#[derive(Serialize, ToSchema)]
struct Invited {
    /// The account.
    user: Account,
    /// Where its user sets his password: a path of the appliance's own page. What opens it stands
    /// behind the `#`, where no server and no log sees it.
    #[schema(example = "/activate#token=…")]
    activation_url: String,
    /// When the link ends.
    expires_at: Timestamp,
    /// Whether it is on its way to him by e-mail: an outlet is set, and the address of the page.
    mailed: bool,
}

impl From<Handed> for Invited {
    fn from(handed: Handed) -> Self {
        Self {
            activation_url: format!("/activate#token={}", handed.secret),
            user: handed.account,
            expires_at: handed.expires_at,
            mailed: handed.mailed,
        }
    }
}

/// Invites a user: an account without a password, and the link with which he sets one.
#[utoipa::path(post, path = "/users/invite", operation_id = "invite_user", tag = "users",
    request_body = Invitation,
    responses(
        (status = 201, body = Envelope<Invited>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "The name is taken", body = Refusal),
    ))]
async fn invite(
    State(context): State<Context>,
    caller: Caller,
    Body(new): Body<Invitation>,
) -> std::result::Result<(StatusCode, Told<Invited>), Failure> {
    caller.require(Permission::UsersManage)?;
    let site = new.site.clone().unwrap_or_else(|| caller.user.site.clone());
    check_sites(&context, &caller, Some(&site), new.sites.as_ref())?;
    let limit = &caller.user.sites;
    let handed = context.auth.invite(new, &site, limit, caller.actor());
    let handed = handed.await?;
    created(handed.into())
}

/// A new link for a user who was invited, in place of the old one.
#[utoipa::path(post, path = "/users/{id}/invite", operation_id = "invite_user_again",
    tag = "users", params(("id" = String, Path, description = "Id of the user")),
    responses(
        (status = 200, body = Envelope<Invited>),
        (status = 409, description = "He has a password", body = Refusal),
    ))]
async fn invite_again(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Invited> {
    caller.require(Permission::UsersManage)?;
    let handed = context.auth.invite_again(user_of(&id)?, caller.actor());
    ok(handed.await?.into())
}

/// Sites that are not there for the caller are not there.
fn check_sites(
    context: &Context,
    caller: &Caller,
    site: Option<&str>,
    sites: Option<&Reach>,
) -> Result<()> {
    let is_there = |key: &str| context.sites.by_key(key).is_some() && caller.user.sites.sees(key);
    let mut checks = Checks::default();
    let own = site.filter(|key| !is_there(key));
    checks.require(own.is_none(), "site", "There is no such site.");
    let others = sites.and_then(|sites| sites.named().find(|key| !is_there(key)));
    checks.require(
        others.is_none(),
        "sites",
        "One of these sites does not exist.",
    );
    checks.finish()
}

/// Changes a user. One who loses his role, his site or his account is signed out.
#[utoipa::path(put, path = "/users/{id}", operation_id = "change_user", tag = "users",
    params(("id" = String, Path, description = "Id of the user")), request_body = AccountChange,
    responses(
        (status = 200, body = Envelope<Account>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "The name is taken, or he is the last administrator",
            body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<AccountChange>,
) -> Answer<Account> {
    caller.require(Permission::UsersManage)?;
    check_sites(
        &context,
        &caller,
        change.site.as_deref(),
        change.sites.as_ref(),
    )?;
    let (id, limit) = (user_of(&id)?, &caller.user.sites);
    let changed = context
        .auth
        .change_account(id, change, limit, caller.actor());
    ok(changed.await?)
}

/// A role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    /// What he is from now on.
    role: Role,
}

/// Changes what a user is.
#[utoipa::path(put, path = "/admin/users/{id}/role", operation_id = "set_user_role", tag = "users",
    params(("id" = String, Path, description = "Id of the user")), request_body = RoleChange,
    responses((status = 200, body = Envelope<Account>), (status = 404, body = Refusal)))]
async fn set_role(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<RoleChange>,
) -> Answer<Account> {
    caller.require(Permission::UsersManage)?;
    let change = AccountChange {
        role: Some(request.role),
        ..AccountChange::default()
    };
    let (id, limit) = (user_of(&id)?, &caller.user.sites);
    let changed = context
        .auth
        .change_account(id, change, limit, caller.actor());
    ok(changed.await?)
}

/// A one-time code.
#[derive(Serialize, ToSchema)]
struct OneTimeCode {
    /// What the user types; it works once and is not shown again.
    #[schema(example = "K7QF-2M9P-HXWD-4NTC-B8RA")]
    token: String,
    /// When it ends.
    expires_at: Timestamp,
    /// Whether it is on its way to him by e-mail, too.
    mailed: bool,
}

/// Makes the one-time code with which a user sets a new password.
#[utoipa::path(post, path = "/admin/users/{id}/reset-token", operation_id = "make_reset_code",
    tag = "users", params(("id" = String, Path, description = "Id of the user")),
    responses(
        (status = 200, body = Envelope<OneTimeCode>),
        (status = 404, body = Refusal),
        (status = 409, description = "He has no password to set anew", body = Refusal),
    ))]
async fn reset_code(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<OneTimeCode> {
    caller.require(Permission::UsersManage)?;
    let handed = context.auth.make_reset_code(user_of(&id)?, caller.actor());
    let handed = handed.await?;
    ok(OneTimeCode {
        token: handed.secret,
        expires_at: handed.expires_at,
        mailed: handed.mailed,
    })
}

/// Opens an account that too many wrong passwords have closed.
#[utoipa::path(post, path = "/admin/users/{id}/unlock", operation_id = "unlock_user",
    tag = "users", params(("id" = String, Path, description = "Id of the user")),
    responses((status = 200, body = Envelope<Message>), (status = 404, body = Refusal)))]
async fn unlock(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::UsersManage)?;
    let was_closed = context.auth.unlock(user_of(&id)?, caller.actor()).await?;
    let message = if was_closed {
        "The account is open again."
    } else {
        "The account was open."
    };
    ok(Message {
        message: message.to_owned(),
    })
}
