//! `/api/users`, and S2's names for the same under `/api/admin`.

use super::Context;
use super::caller::Address;
use super::envelope::{Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal};
use super::envelope::{created, ok, page};
use super::refusals::{Secret, noted};
use crate::auth::{Account, AccountChange, Caller, Handed, Invitation, Permission, Purpose, Role};
use crate::base::{Error, Result, Timestamp, UserId};
use crate::store::audit::Actor;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes that need no session: what a one-time code opens.
pub fn public() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(activate))
        .routes(routes!(set_password))
        .routes(routes!(forgot))
        .routes(routes!(request_reset))
}

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(invite))
        .routes(routes!(show, change))
        .routes(routes!(invite_again))
        .routes(routes!(reset_code))
        .routes(routes!(unlock))
        .routes(routes!(change_password))
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
    ok(page(context.auth.accounts(), paging))
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
}

impl From<Handed> for Invited {
    fn from(handed: Handed) -> Self {
        Self {
            activation_url: format!("/activate#token={}", handed.secret),
            user: handed.account,
            expires_at: handed.expires_at,
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
) -> std::result::Result<(StatusCode, Json<Envelope<Invited>>), Failure> {
    caller.require(Permission::UsersManage)?;
    let site = new.site.clone().unwrap_or_else(|| caller.user.site.clone());
    check_site(&context, &site)?;
    let handed = context.auth.invite(new, &site, caller.actor()).await?;
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

fn check_site(context: &Context, site: &str) -> Result<()> {
    match context.sites.by_key(site) {
        Some(_) => Ok(()),
        None => Err(Error::invalid("site", format!("There is no site {site}."))),
    }
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
    if let Some(site) = &change.site {
        check_site(&context, site)?;
    }
    let changed = context
        .auth
        .change_account(user_of(&id)?, change, caller.actor());
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
    let changed = context
        .auth
        .change_account(user_of(&id)?, change, caller.actor());
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

/// A new password for an old one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    /// The password that holds now.
    current_password: String,
    /// The new one, 8 to 128 characters with upper, lower, digit and symbol.
    password: String,
}

/// Changes one's own password. The other sessions end.
#[utoipa::path(post, path = "/auth/change-password", tag = "auth", request_body = PasswordChange,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 400, description = "The refused field", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn change_password(
    State(context): State<Context>,
    caller: Caller,
    Address(address): Address,
    Body(request): Body<PasswordChange>,
) -> Answer<Message> {
    context.auth.count_attempt(address)?;
    let (current, password) = (request.current_password, request.password);
    let changed = context.auth.change_password(&caller, current, password);
    let wrong = Secret::Password("current_password");
    noted(&context, caller.actor(), wrong, changed.await).await?;
    done("The password is changed. Your other sessions have ended.")
}

/// A password for a one-time code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeAndPassword {
    /// The code.
    token: String,
    /// The new password, 8 to 128 characters with upper, lower, digit and symbol.
    password: String,
}

/// Sets the first password of an invited user.
#[utoipa::path(post, path = "/auth/activate", tag = "auth", security(()),
    request_body = CodeAndPassword,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 400, description = "The password is refused", body = Refusal),
        (status = 401, description = "The link does not work", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn activate(
    State(context): State<Context>,
    address: Address,
    Body(request): Body<CodeAndPassword>,
) -> Answer<Message> {
    use_code(&context, address, Purpose::Activate, request).await?;
    done("Your account is open. Sign in with your new password.")
}

/// Sets a new password with the code of an administrator.
#[utoipa::path(post, path = "/auth/reset-password", tag = "auth", security(()),
    request_body = CodeAndPassword,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 400, description = "The password is refused", body = Refusal),
        (status = 401, description = "The code does not work", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn set_password(
    State(context): State<Context>,
    address: Address,
    Body(request): Body<CodeAndPassword>,
) -> Answer<Message> {
    use_code(&context, address, Purpose::Reset, request).await?;
    done("The password is changed. Sign in with it.")
}

async fn use_code(
    context: &Context,
    Address(address): Address,
    purpose: Purpose,
    request: CodeAndPassword,
) -> Result<()> {
    context.auth.count_attempt(address)?;
    let (token, password) = (request.token, request.password);
    let from = address.map(|address| address.to_string());
    let set = context
        .auth
        .set_password_with_code(&token, purpose, password, from);
    let actor = Actor {
        address: address.map(|address| address.to_string()),
        ..Actor::default()
    };
    noted(context, actor, Secret::OneTimeCode, set.await)
        .await
        .map(drop)
}

/// Who forgot his password.
#[derive(Deserialize, ToSchema)]
struct Forgotten {
    /// E-mail address or user name.
    #[serde(alias = "username")]
    email: String,
}

/// Asks for a new password. The answer is the same for everybody: an administrator sees the
/// request in the audit log and hands out a one-time code.
#[utoipa::path(post, path = "/auth/forgot-password", tag = "auth", security(()),
    request_body = Forgotten,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn forgot(
    State(context): State<Context>,
    address: Address,
    Body(request): Body<Forgotten>,
) -> Answer<Message> {
    note_request(&context, address, &request).await
}

/// Another name of `/auth/forgot-password`.
#[utoipa::path(post, path = "/auth/request-reset", tag = "auth", security(()),
    request_body = Forgotten,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn request_reset(
    State(context): State<Context>,
    address: Address,
    Body(request): Body<Forgotten>,
) -> Answer<Message> {
    note_request(&context, address, &request).await
}

async fn note_request(
    context: &Context,
    Address(address): Address,
    request: &Forgotten,
) -> Answer<Message> {
    context.auth.count_attempt(address)?;
    let from = address.map(|address| address.to_string());
    context.auth.note_forgotten(&request.email, from).await?;
    done(
        "If this account exists, an administrator sees your request and gives you a one-time code.",
    )
}

fn done(message: &str) -> Answer<Message> {
    ok(Message {
        message: message.to_owned(),
    })
}
