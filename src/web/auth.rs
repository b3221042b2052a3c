//! `/api/setup` and `/api/auth/*`.

use super::Context;
use super::caller::Address;
use super::envelope::{Answer, Body, Envelope, Failure, Message, Refusal, Told, created, ok};
use crate::auth::{CHALLENGE_LIFETIME_S, Caller, Device, FirstStep, Login, NewUser, Role};
use crate::auth::{SignedIn, TICKET_LIFETIME_S, User};
use crate::base::{Error, ErrorKind};
use crate::site::{NewSite, Site, Sites};
use crate::store::audit::Actor;
use axum::extract::State;
use axum::http::header::{COOKIE, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Name of the refresh cookie.
const COOKIE_NAME: &str = "indusmind_refresh";
/// Name of the cookie by which a browser is known again: a wrong password elsewhere does not close
/// the account to it.
pub(super) const DEVICE_COOKIE: &str = "indusmind_device";
/// How long a browser is known, s: as long as browsers keep a cookie at most.
const DEVICE_LIFETIME_S: i64 = 400 * 86_400;

/// Routes that need no session.
pub fn public() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(setup_state, set_up))
        .routes(routes!(login))
        .routes(routes!(second_step))
        .routes(routes!(refresh))
}

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(logout))
        .routes(routes!(me))
        .routes(routes!(ws_ticket))
}

/// Whether the appliance is new.
#[derive(Serialize, ToSchema)]
struct SetupState {
    /// `true` until an administrator exists.
    required: bool,
    /// Version of the appliance.
    version: &'static str,
    /// Name of the site, once there is one.
    site_name: Option<String>,
}

/// What the first run asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetupRequest {
    /// The one-time token from the console.
    token: String,
    /// The plant.
    site: NewSite,
    /// The first administrator.
    administrator: NewUser,
}

/// What the first run made.
#[derive(Serialize, ToSchema)]
struct SetupDone {
    /// The plant.
    site: Site,
    /// The first administrator.
    user: User,
}

/// Tells whether set-up is still to be done.
#[utoipa::path(get, path = "/setup", tag = "setup", security(()),
    responses((status = 200, body = Envelope<SetupState>)))]
async fn setup_state(State(context): State<Context>) -> Answer<SetupState> {
    ok(SetupState {
        required: !context.auth.is_set_up(),
        version: env!("CARGO_PKG_VERSION"),
        site_name: context.sites.first().map(|site| site.name),
    })
}

/// Makes the site and its first administrator, once.
#[utoipa::path(post, path = "/setup", tag = "setup", security(()), request_body = SetupRequest,
    responses(
        (status = 201, body = Envelope<SetupDone>),
        (status = 403, description = "The token is wrong", body = Refusal),
        (status = 409, description = "Set-up is done", body = Refusal),
    ))]
async fn set_up(
    State(context): State<Context>,
    Address(address): Address,
    Body(request): Body<SetupRequest>,
) -> Result<(StatusCode, Told<SetupDone>), Failure> {
    let _one_at_a_time = context.setting_up.lock().await;
    if context.auth.is_set_up() {
        return Err(Error::conflict("This appliance is set up already. Sign in.").into());
    }
    context
        .auth
        .setup
        .check(&request.token, context.clock.now())?;
    let (site, user) = setup_parts(request, &context)?;
    let key = site.key.clone();
    let actor = Actor {
        user: None,
        name: "set-up".to_owned(),
        address: address.map(|address| address.to_string()),
    };
    let stored = site.clone();
    let also =
        move |transaction: &crate::store::Transaction<'_>| Sites::create_in(transaction, &stored);
    let user = context
        .auth
        .add_user(user, Role::Admin, &key, actor, also)
        .await?;
    context.sites.reload()?;
    context.auth.setup.close();
    created(SetupDone { site, user })
}

/// Checks both halves, so that a person sees every refused field at once.
fn setup_parts(request: SetupRequest, context: &Context) -> Result<(Site, NewUser), Error> {
    let mut checks = crate::base::error::Checks::default();
    let site = checks.merge("site.", Site::new(request.site, context.clock.now()))?;
    checks.merge("administrator.", request.administrator.check())?;
    checks.finish()?;
    let site = site.ok_or_else(|| Error::internal("A site was neither made nor refused."))?;
    Ok((site, request.administrator))
}

/// What a person types to sign in.
#[derive(Deserialize, ToSchema)]
struct LoginRequest {
    /// E-mail address or user name.
    #[serde(alias = "username")]
    email: String,
    /// Password.
    password: String,
    /// Stay signed in for 30 days; otherwise a session ends after 8 hours without use and 7 days
    /// in all. One of an operator always ends after 12 hours.
    #[serde(default, alias = "rememberMe", alias = "remember")]
    remember_me: bool,
    /// Put the refresh token into a cookie instead of the answer: for browsers.
    #[serde(default)]
    cookie: bool,
}

/// A session.
#[derive(Serialize, ToSchema)]
struct SessionAnswer {
    /// Access token for `Authorization: Bearer`.
    token: String,
    /// Refresh token; absent when it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Life of the access token, s.
    expires_in: i64,
    /// Who is signed in.
    user: User,
}

/// Signs in.
#[utoipa::path(post, path = "/auth/login", tag = "auth", security(()), request_body = LoginRequest,
    responses(
        (status = 200, description = "A session, or the wish for a code",
            body = Envelope<LoginAnswer>),
        (status = 401, description = "Invalid email or password", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn login(
    State(context): State<Context>,
    Address(address): Address,
    headers: HeaderMap,
    Body(request): Body<LoginRequest>,
) -> Result<Response, Failure> {
    let known = cookie(&headers, DEVICE_COOKIE).map(str::to_owned);
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    let attempt = Login {
        login: request.email,
        password: request.password,
        remember: request.remember_me,
        address,
        agent: agent.map(str::to_owned),
        device: match known {
            Some(secret) => Device::Known(secret),
            None if request.cookie => Device::New,
            None => Device::None,
        },
    };
    match context.auth.login(attempt).await? {
        FirstStep::In(signed_in) => answer(*signed_in, request.cookie),
        FirstStep::CodeWanted(challenge) => Ok(ok(CodeWanted {
            two_factor_required: true,
            challenge,
            expires_in: CHALLENGE_LIFETIME_S,
        })?
        .into_response()),
    }
}

/// What a sign-in leads to, for the document.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant)] // the two are answered as what they are
enum LoginAnswer {
    /// A session.
    Session(SessionAnswer),
    /// The password is right, and a code is wanted.
    CodeWanted(CodeWanted),
}

/// The password is right, and a code is wanted.
#[derive(Serialize, ToSchema)]
struct CodeWanted {
    /// Always `true`.
    two_factor_required: bool,
    /// Goes into `/auth/2fa/login` with the code.
    challenge: String,
    /// How long it waits, s.
    expires_in: i64,
}

/// The second step of a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondStep {
    /// What the first step answered.
    challenge: String,
    /// Code of the app, or a recovery code.
    code: String,
    /// Put the refresh token into a cookie instead of the answer: for browsers.
    #[serde(default)]
    cookie: bool,
}

/// Takes the second step of a sign-in. A code works once.
#[utoipa::path(post, path = "/auth/2fa/login", tag = "auth", security(()),
    request_body = SecondStep,
    responses(
        (status = 200, body = Envelope<SessionAnswer>),
        (status = 401, description = "The code does not fit, or the step is over", body = Refusal),
        (status = 429, description = "Too many attempts; see Retry-After", body = Refusal),
    ))]
async fn second_step(
    State(context): State<Context>,
    Address(address): Address,
    Body(request): Body<SecondStep>,
) -> Result<Response, Failure> {
    let (challenge, code) = (&request.challenge, &request.code);
    let signed_in = context.auth.second_step(challenge, code, address).await?;
    answer(signed_in, request.cookie)
}

/// What a client shows to stay signed in.
#[derive(Default, Deserialize, ToSchema)]
struct RefreshRequest {
    /// Refresh token, when it is not in the cookie.
    refresh_token: Option<String>,
    /// Whether the next one goes into the cookie.
    #[serde(default)]
    cookie: bool,
}

/// Exchanges a refresh token for a new access token and the next refresh token.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", security(()), request_body = RefreshRequest,
    responses(
        (status = 200, body = Envelope<SessionAnswer>),
        (status = 401, description = "No live session", body = Refusal),
    ))]
async fn refresh(
    State(context): State<Context>,
    Address(address): Address,
    headers: HeaderMap,
    Body(request): Body<RefreshRequest>,
) -> Result<Response, Failure> {
    let from_cookie = cookie(&headers, COOKIE_NAME);
    let use_cookie = request.cookie || (request.refresh_token.is_none() && from_cookie.is_some());
    let token = request
        .refresh_token
        .as_deref()
        .or(from_cookie)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Unauthenticated,
                "There is no session to go on with. Sign in.",
            )
        })?;
    answer(context.auth.refresh(token, address).await?, use_cookie)
}

/// Ends the session; its tokens and sockets end with it.
#[utoipa::path(post, path = "/auth/logout", tag = "auth",
    responses((status = 200, body = Envelope<Message>)))]
async fn logout(State(context): State<Context>, caller: Caller) -> Result<Response, Failure> {
    context.auth.logout(&caller).await?;
    let mut response = ok(Message {
        message: "Logged out successfully".to_owned(),
    })?
    .into_response();
    set_cookie(&mut response, COOKIE_PATH, COOKIE_NAME, "", 0);
    Ok(response)
}

/// Who is signed in.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = Envelope<User>)))]
async fn me(caller: Caller) -> Answer<User> {
    ok(caller.user)
}

/// A ticket for one socket.
#[derive(Serialize, ToSchema)]
struct Ticket {
    /// Goes into `?ticket=` of the socket's address.
    ticket: String,
    /// How long it waits, s.
    expires_in: i64,
}

/// Makes a one-time ticket for a socket.
#[utoipa::path(post, path = "/auth/ws-ticket", tag = "auth",
    responses((status = 200, body = Envelope<Ticket>)))]
async fn ws_ticket(State(context): State<Context>, caller: Caller) -> Answer<Ticket> {
    let ticket = context.auth.tickets.issue(caller.session)?;
    ok(Ticket {
        ticket,
        expires_in: TICKET_LIFETIME_S,
    })
}

fn answer(signed_in: SignedIn, use_cookie: bool) -> Result<Response, Failure> {
    let body = SessionAnswer {
        token: signed_in.token,
        refresh_token: (!use_cookie).then(|| signed_in.refresh_token.clone()),
        expires_in: signed_in.expires_in,
        user: signed_in.user,
    };
    let mut response = ok(body)?.into_response();
    if use_cookie {
        let (token, lifetime_s) = (&signed_in.refresh_token, signed_in.refresh_expires_in);
        set_cookie(&mut response, COOKIE_PATH, COOKIE_NAME, token, lifetime_s);
    }
    if let Some(device) = &signed_in.device {
        set_cookie(
            &mut response,
            COOKIE_PATH,
            DEVICE_COOKIE,
            device,
            DEVICE_LIFETIME_S,
        );
    }
    Ok(response)
}

/// The routes that are sent the cookies of a session.
const COOKIE_PATH: &str = "/api/auth";

/// Lets a browser keep a secret that no script reads, for the routes below a path.
pub fn set_cookie(response: &mut Response, path: &str, name: &str, value: &str, lifetime_s: i64) {
    let cookie =
        format!("{name}={value}; Path={path}; HttpOnly; SameSite=Strict; Max-Age={lifetime_s}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let all = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| value)
}
