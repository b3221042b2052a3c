//! `/api/auth/step-up`: a proof of who sits at the screen, before what is dangerous.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Refusal, ok};
use crate::auth::{Caller, Proof};
use crate::base::{Error, Timestamp};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(step_up))
}

/// One of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StepUp {
    /// The password.
    #[serde(default)]
    password: Option<String>,
    /// A code of the app, or a recovery code, where a second factor is in use.
    #[serde(default)]
    code: Option<String>,
}

/// A proof that was taken.
#[derive(Serialize, ToSchema)]
struct Proven {
    /// Until when dangerous actions are open to this session.
    proven_until: Timestamp,
}

/// Shows who sits at the screen. For five minutes the session may then do what otherwise answers
/// `STEP_UP_REQUIRED`; a sign-in counts as a proof, too.
#[utoipa::path(post, path = "/auth/step-up", tag = "auth", request_body = StepUp,
    responses(
        (status = 200, body = Envelope<Proven>),
        (status = 400, description = "It does not fit", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn step_up(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<StepUp>,
) -> Answer<Proven> {
    let proof = match (request.password, request.code) {
        (Some(password), None) => Proof::Password(password),
        (None, Some(code)) => Proof::Code(code),
        _ => {
            let sentence = "Send your password or a code, one of the two.";
            return Err(Error::invalid("password", sentence).into());
        }
    };
    let proven_until = context.auth.step_up(&caller, proof).await?;
    ok(Proven { proven_until })
}
