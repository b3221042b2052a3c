//! `/api/kiosk/*`: how a screen on a wall gets in; `/api/kiosks`: who lets it in and out.

use super::Context;
use super::auth::{cookie, set_cookie};
use super::caller::Address;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told,
};
use super::envelope::{created, ok, page};
use crate::auth::{
    Caller, KIOSK_COOKIE_S, KioskApproval, KioskChange, KioskState, KioskView, Permission, User,
};
use crate::base::{Error, ErrorKind, KioskId, Result, Timestamp};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Name of the cookie that holds the secret of a screen.
const COOKIE_NAME: &str = "indusmind_kiosk";
/// The routes that are sent it.
const COOKIE_PATH: &str = "/api/kiosk";

/// Routes that need no session.
pub fn public() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(pair))
        .routes(routes!(session))
}

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(approve))
        .routes(routes!(change, revoke))
}

/// What a screen shows until somebody lets it in.
#[derive(Serialize, ToSchema)]
struct PairingCode {
    /// Large, for a person to read.
    #[schema(example = "K7QF-2M9P")]
    code: String,
    /// Until when it is good.
    expires_at: Timestamp,
    /// How long that is, s: the clock of a screen on a wall may be wrong.
    expires_in: i64,
}

/// Makes a code for a screen that is not let in yet. A cookie that no script reads goes with it;
/// it is worth something once a person has approved the code.
#[utoipa::path(post, path = "/kiosk/pairing", operation_id = "pair_kiosk", tag = "kiosks",
    security(()),
    responses(
        (status = 201, body = Envelope<PairingCode>),
        (status = 409, description = "This screen is in already", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn pair(
    State(context): State<Context>,
    Address(address): Address,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if let Some(secret) = cookie(&headers, COOKIE_NAME)
        && matches!(
            context.auth.kiosk_session(secret).await,
            Ok(KioskState::In(_))
        )
    {
        return Err(Error::conflict("This screen is let in already. Reload it.").into());
    }
    let new = context.auth.pair_kiosk(address)?;
    let mut response = created(PairingCode {
        code: new.code,
        expires_at: new.expires_at,
        expires_in: new.expires_at.since_ms(context.clock.now()) / 1_000,
    })?
    .into_response();
    set_cookie(
        &mut response,
        COOKIE_PATH,
        COOKIE_NAME,
        &new.secret,
        KIOSK_COOKIE_S,
    );
    Ok(response)
}

/// A session of a screen.
#[derive(Serialize, ToSchema)]
struct KioskSession {
    /// Access token for `Authorization: Bearer`.
    token: String,
    /// Life of the access token, s.
    expires_in: i64,
    /// The screen, as a user that only looks.
    user: User,
}

/// A screen that waits.
#[derive(Serialize, ToSchema)]
struct KioskWaiting {
    /// Always `true`.
    waiting: bool,
    /// Until when its code is good.
    expires_at: Timestamp,
}

/// What a screen gets, for the document.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant)] // the two are answered as what they are
enum KioskAnswer {
    /// It is in.
    Session(KioskSession),
    /// Nobody has approved its code yet.
    Waiting(KioskWaiting),
}

/// A fresh access token for a screen, by its cookie. It never ends by itself.
#[utoipa::path(post, path = "/kiosk/session", operation_id = "kiosk_session", tag = "kiosks",
    security(()),
    responses(
        (status = 200, description = "A session, or the word to wait",
            body = Envelope<KioskAnswer>),
        (status = 401, description = "It has to show a new code", body = Refusal),
    ))]
async fn session(State(context): State<Context>, headers: HeaderMap) -> Result<Response, Failure> {
    let secret = cookie(&headers, COOKIE_NAME).ok_or_else(|| {
        let sentence = "This screen is not let in. Let it show a code.";
        Error::new(ErrorKind::Unauthenticated, sentence)
    })?;
    let signed_in = match context.auth.kiosk_session(secret).await? {
        KioskState::In(signed_in) => signed_in,
        KioskState::Waiting(expires_at) => {
            let waiting = true;
            return Ok(ok(KioskWaiting {
                waiting,
                expires_at,
            })?
            .into_response());
        }
    };
    let mut response = ok(KioskSession {
        token: signed_in.token,
        expires_in: signed_in.expires_in,
        user: signed_in.user,
    })?
    .into_response();
    // Kept on: browsers forget a cookie that is never set again.
    set_cookie(
        &mut response,
        COOKIE_PATH,
        COOKIE_NAME,
        secret,
        KIOSK_COOKIE_S,
    );
    Ok(response)
}

/// The screens that are let in, oldest first.
#[utoipa::path(get, path = "/kiosks", operation_id = "list_kiosks", tag = "kiosks",
    params(Paging), responses((status = 200, body = Envelope<Page<KioskView>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<KioskView>> {
    caller.require(Permission::KiosksManage)?;
    let mut all = context.auth.kiosks();
    all.retain(|kiosk| caller.user.sites.sees(&kiosk.site));
    ok(page(all, paging))
}

/// Lets the screen in that shows this code.
#[utoipa::path(post, path = "/kiosks/approve", operation_id = "approve_kiosk", tag = "kiosks",
    request_body = KioskApproval,
    responses(
        (status = 201, body = Envelope<KioskView>),
        (status = 400, description = "No screen shows this code, or a refused field",
            body = Refusal),
        (status = 403, description = "A proof is wanted", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn approve(
    State(context): State<Context>,
    caller: Caller,
    Body(request): Body<KioskApproval>,
) -> Result<(StatusCode, Told<KioskView>), Failure> {
    caller.require(Permission::KiosksManage)?;
    let site = request.site.clone();
    let site = site.unwrap_or_else(|| caller.user.site.clone());
    if context.sites.by_key(&site).is_none() || !caller.user.sites.sees(&site) {
        return Err(Error::invalid("site", format!("There is no site {site}.")).into());
    }
    created(context.auth.approve_kiosk(&caller, request, &site).await?)
}

/// Calls a screen something else, or lets it show something else: it follows at once.
#[utoipa::path(put, path = "/kiosks/{id}", operation_id = "change_kiosk", tag = "kiosks",
    params(("id" = String, Path, description = "Id of the kiosk")), request_body = KioskChange,
    responses(
        (status = 200, body = Envelope<KioskView>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such kiosk", body = Refusal),
        (status = 409, description = "Somebody else was quicker", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(request): Body<KioskChange>,
) -> Answer<KioskView> {
    caller.require(Permission::KiosksManage)?;
    let changed = context.auth.change_kiosk(&caller, id_of(&id)?, request);
    ok(changed.await?)
}

/// Lets a screen in no longer: what it shows ends at once.
#[utoipa::path(delete, path = "/kiosks/{id}", operation_id = "revoke_kiosk", tag = "kiosks",
    params(("id" = String, Path, description = "Id of the kiosk")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such kiosk", body = Refusal),
    ))]
async fn revoke(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::KiosksManage)?;
    context.auth.revoke_kiosk(&caller, id_of(&id)?).await?;
    ok(Message {
        message: "The kiosk is revoked.".to_owned(),
    })
}

fn id_of(text: &str) -> Result<KioskId> {
    text.parse().map_err(|_| Error::not_found("kiosk", text))
}
