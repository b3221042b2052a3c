//! `/api/auth/2fa/*`: the second factor of who is signed in.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Message, Refusal, ok};
use super::refusals::{Secret, noted};
use crate::auth::{Caller, Permission};
use crate::base::Error;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(set_up))
        .routes(routes!(confirm))
        .routes(routes!(renew_codes))
        .routes(routes!(switch_off))
        .routes(routes!(take_away))
}

/// One's own password: who finds a screen open shall not change the locks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnPassword {
    /// The password that holds now.
    password: String,
}

/// A second factor that is to be confirmed.
#[derive(Serialize, ToSchema)]
struct NewFactor {
    /// What is typed into an authenticator app that cannot scan.
    #[schema(example = "JBSWY3DPEHPK3PXP…")]
    secret: String,
    /// What the QR code holds.
    #[schema(example = "otpauth://totp/Indusmind:…")]
    otpauth_url: String,
}

/// Makes a second factor. It is asked for once it was confirmed by its first code.
#[utoipa::path(post, path = "/auth/2fa/setup", operation_id = "set_up_two_factor", tag = "auth", request_body = OwnPassword,
    responses(
        (status = 200, body = Envelope<NewFactor>),
        (status = 400, description = "The password is wrong", body = Refusal),
        (status = 409, description = "A second factor is in use", body = Refusal),
    ))]
async fn set_up(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<OwnPassword>,
) -> Answer<NewFactor> {
    let made = context.auth.set_up_two_factor(&caller, request.password);
    let (secret, otpauth_url) = made.await?;
    ok(NewFactor {
        secret,
        otpauth_url,
    })
}

/// The first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FirstCode {
    /// What the app shows.
    #[schema(example = "287082")]
    code: String,
}

/// What is left when the telephone is lost.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Each works once. They are not shown again.
    recovery_codes: Vec<String>,
}

/// Confirms the second factor by its first code.
#[utoipa::path(post, path = "/auth/2fa/verify", operation_id = "confirm_two_factor", tag = "auth", request_body = FirstCode,
    responses(
        (status = 200, body = Envelope<RecoveryCodes>),
        (status = 400, description = "The code does not fit", body = Refusal),
        (status = 409, description = "There is nothing to confirm", body = Refusal),
    ))]
async fn confirm(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<FirstCode>,
) -> Answer<RecoveryCodes> {
    let codes = context.auth.confirm_two_factor(&caller, &request.code);
    let code = Secret::Code("code");
    let recovery_codes = noted(&context, caller.actor(), code, codes.await).await?;
    ok(RecoveryCodes { recovery_codes })
}

/// Makes new recovery codes; those from before are worth nothing any more.
#[utoipa::path(post, path = "/auth/2fa/recovery-codes", operation_id = "renew_recovery_codes",
    tag = "auth",
    responses(
        (status = 200, body = Envelope<RecoveryCodes>),
        (status = 403, description = "A proof is wanted", body = Refusal),
        (status = 409, description = "There is no second factor in use", body = Refusal),
    ))]
async fn renew_codes(State(context): State<Context>, caller: Caller) -> Answer<RecoveryCodes> {
    let recovery_codes = context.auth.renew_recovery_codes(&caller).await?;
    ok(RecoveryCodes { recovery_codes })
}

/// Switches one's own second factor off.
#[utoipa::path(post, path = "/auth/2fa/disable", operation_id = "switch_off_two_factor", tag = "auth", request_body = OwnPassword,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 400, description = "The password is wrong", body = Refusal),
    ))]
async fn switch_off(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<OwnPassword>,
) -> Answer<Message> {
    let off = context
        .auth
        .switch_off_two_factor(&caller, request.password);
    off.await?;
    ok(Message {
        message: "The second factor is off.".to_owned(),
    })
}

/// Takes the second factor away from a user who lost telephone and recovery codes.
#[utoipa::path(post, path = "/admin/users/{id}/2fa/disable", operation_id = "take_two_factor_away",
    tag = "users", params(("id" = String, Path, description = "Id of the user")),
    responses((status = 200, body = Envelope<Message>), (status = 404, body = Refusal)))]
async fn take_away(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::UsersManage)?;
    let user = id.parse().map_err(|_| Error::not_found("user", &id))?;
    let taken = context.auth.take_two_factor_away(user, caller.actor());
    taken.await?;
    ok(Message {
        message: "The second factor is off.".to_owned(),
    })
}
