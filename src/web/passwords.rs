//! How a person comes to a password over the API: changed, set by a one-time code, forgotten.

use super::Context;
use super::caller::Address;
use super::envelope::{Answer, Body, Envelope, Message, Refusal, ok};
use super::refusals::{Secret, noted};
use crate::auth::{Caller, Purpose};
use crate::base::Result;
use crate::store::audit::Actor;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
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
    OpenApiRouter::new().routes(routes!(change_password))
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
    Body(request): Body<PasswordChange>,
) -> Answer<Message> {
    let (current, password) = (request.current_password, request.password);
    let changed = context.auth.change_password(&caller, current, password);
    changed.await?;
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

/// Asks for a new password. The answer is the same for everybody. The code comes by e-mail when an
/// outlet for it is set; an administrator sees the request in the audit log, and can hand one out.
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
    let from = address.map(|address| address.to_string());
    let noted = context.auth.note_forgotten(&request.email, from.clone());
    noted.await?;
    let (auth, login) = (Arc::clone(&context.auth), request.email.clone());
    // After the answer, which takes as long for everybody: nobody learns who has an account.
    let mails = auth.sends_mail();
    tokio::spawn(async move {
        if let Err(error) = auth.mail_code(&login, from).await {
            tracing::error!(%error, "a code for a new password could not be mailed");
        }
    });
    done(if mails {
        "If this account exists, a one-time code is on its way to its e-mail address."
    } else {
        "If this account exists, an administrator sees your request and gives you a one-time code."
    })
}

fn done(message: &str) -> Answer<Message> {
    ok(Message {
        message: message.to_owned(),
    })
}
