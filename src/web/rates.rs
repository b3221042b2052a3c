//! How often somebody may ask: a bucket for each user, address and class of routes.
//!
//! Promises: every answer of the API says how full the bucket is; memory is bounded; whoever is
//! refused learns when to come again. The page itself, the probes and the API document are not
//! counted; a device that pushes has limits of its own.

use super::Context;
use super::cookies;
use super::envelope::Failure;
use super::seats::network_of;
use crate::auth::{Caller, Role, api_token};
use crate::base::bucket::{Buckets, Level, Rate};
use crate::base::secret::token_hash;
use crate::base::{Error, ErrorKind, SessionId, Timestamp, UserId};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// Buckets that are not full, at once: some MB.
const BUCKETS_MAX: usize = 20_000;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Shows a password, a code or a token of the first run.
    SignIn,
    /// Asks for a new password.
    Reset,
    /// Stays signed in: renews its token, takes a ticket for a socket. A page on a bad network does
    /// so again and again, and that is not to take the readings from its person.
    Session,
    /// Anything else.
    Api,
    /// Anything, on a screen that nobody stands before.
    Kiosk,
    /// Sends a file.
    Upload,
    /// Takes a file of readings or of frames.
    Export,
    /// Lets the buses or the audit log be gone through.
    Search,
    /// Brings readings, as a program.
    Write,
    /// Brings readings, as a device; all devices behind one address together.
    Push,
    /// Reports what happened elsewhere: each report is kept for ever.
    Report,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::SignIn,
        Self::Reset,
        Self::Session,
        Self::Api,
        Self::Kiosk,
        Self::Upload,
        Self::Export,
        Self::Search,
        Self::Write,
        Self::Push,
        Self::Report,
    ];
}

/// How often each of them may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits([Rate; 11]);

impl Default for Limits {
    fn default() -> Self {
        let per_minute = |count, burst| Rate::new(count, 60, burst);
        Self([
            per_minute(5, 5),
            Rate::new(3, 3_600, 3),
            per_minute(120, 240),
            per_minute(100, 200),
            per_minute(300, 300),
            per_minute(10, 10),
            per_minute(10, 10),
            per_minute(20, 40),
            per_minute(600, 1_200),
            per_minute(6_000, 6_000),
            per_minute(30, 60),
        ])
    }
}

impl Limits {
    /// Sets one.
    pub fn set(&mut self, class: Class, rate: Rate) {
        self.0[class as usize] = rate;
    }

    const fn of(&self, class: Class) -> Rate {
        self.0[class as usize]
    }
}

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    User(UserId),
    Session(SessionId),
    /// A program, by the hash of its token; or a browser, by that of the cookie it is known by.
    Secret([u8; 32]),
}

/// The buckets.
#[derive(Debug)]
pub struct Rates {
    limits: Limits,
    buckets: Mutex<Buckets<(Class, Who)>>,
}

impl Rates {
    /// All full.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buckets: Mutex::new(Buckets::new(BUCKETS_MAX)),
        }
    }

    fn take(&self, class: Class, who: Who, now: Timestamp) -> Level {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.take((class, who), self.limits.of(class), now)
    }

    fn look(&self, class: Class, who: Who, now: Timestamp) -> Level {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.look(&(class, who), self.limits.of(class), now)
    }
}

/// Who was let in, for the access log.
#[derive(Clone, Copy, Debug)]
pub struct LetIn(pub UserId);

/// Counts a request of the API, or refuses it.
pub async fn meter(State(context): State<Context>, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let Some(address) = address.map(|info| info.0.ip()).filter(|_| is_api(&request)) else {
        return next.run(request).await;
    };
    let now = context.clock.now();
    let headers = request.headers();
    let caller = bearer(headers).and_then(|token| context.auth.authenticate(token, None).ok());
    let program = bearer(headers).filter(|token| token.starts_with(api_token::PREFIX));
    let program = program.map(token_hash);
    let by_address = Who::Address(network_of(address));
    let (class, who) = match (class_of(&request), &caller, program) {
        (class @ Class::SignIn, _, _) => (class, door_of(&context, headers, &by_address)),
        (Class::Api, Some(caller), _) if caller.user.role_key == Role::Kiosk => {
            (Class::Kiosk, Who::Session(caller.session))
        }
        (class @ (Class::Reset | Class::Push), _, _) => (class, by_address.clone()),
        (class, Some(caller), _) => (class, Who::User(caller.user.id)),
        (class, None, Some(hash)) => (class, Who::Secret(hash)),
        (class @ Class::Session, None, None) => (class, door_of(&context, headers, &by_address)),
        (class, None, None) => (class, by_address.clone()),
    };
    // Tokens that are made up have full buckets each; their address has only one.
    let guess = program.is_some() && matches!(who, Who::Secret(_)) && class != Class::SignIn;
    let level = match context.rates.look(Class::Api, by_address.clone(), now) {
        level if guess && level.wait_s.is_some() => level,
        _ => context.rates.take(class, who, now),
    };
    if level.wait_s.is_some() {
        return with_level(refusal(level).into_response(), level);
    }
    let mut response = next.run(request).await;
    if guess && response.status() == StatusCode::UNAUTHORIZED {
        context.rates.take(Class::Api, by_address, now);
    }
    note(&mut response, caller.as_ref());
    with_level(response, level)
}

fn note(response: &mut Response, caller: Option<&Caller>) {
    if let Some(caller) = caller {
        response.extensions_mut().insert(LetIn(caller.user.id));
    }
}

/// A browser from which somebody signed in before has a bucket of its own, so that nobody behind
/// the same address can keep the control room out.
fn door_of(context: &Context, headers: &HeaderMap, address: &Who) -> Who {
    let known = cookies::value(headers, super::auth::DEVICE_COOKIE).map(token_hash);
    match known.filter(|hash| context.auth.is_device(hash)) {
        Some(hash) => Who::Secret(hash),
        None => address.clone(),
    }
}

fn is_api(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/api/") || path == "/write"
}

/// What a request does, by its route.
pub fn class_of(request: &Request) -> Class {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let route = route.strip_prefix("/api").unwrap_or(route);
    let route = route.strip_prefix("/v1").unwrap_or(route);
    classify(request.method(), route)
}

fn classify(method: &Method, route: &str) -> Class {
    /// What else stands under `/auth`; a new route there is taken for a way in.
    const SESSION: [&str; 3] = ["/auth/refresh", "/auth/logout", "/auth/ws-ticket"];
    let posts = *method == Method::POST;
    match route {
        "/setup" | "/kiosk/pairing" | "/kiosks/approve" if posts => Class::SignIn,
        "/auth/forgot-password" | "/auth/request-reset" if posts => Class::Reset,
        "/auth/me" => Class::Session,
        route if posts && SESSION.contains(&route) => Class::Session,
        route if posts && route.starts_with("/auth/") => Class::SignIn,
        "/modbus/scan" | "/modbus/test-read" | "/mqtt/test" if posts => Class::Search,
        "/audit/verify" => Class::Search,
        "/historical/export" | "/audit/export" => Class::Export,
        route if route.ends_with("/frames/download") => Class::Export,
        "/v2/write" | "/write" if posts => Class::Write,
        "/security/log" if posts => Class::Report,
        route if posts && route.starts_with("/readings/devices/") => Class::Push,
        "/devices/import" | "/update/bundle" if posts => Class::Upload,
        route
            if posts
                && ["/photo", "/logo", "/documents"]
                    .iter()
                    .any(|end| route.ends_with(end)) =>
        {
            Class::Upload
        }
        _ => Class::Api,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (_, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(token.trim())
}

fn refusal(level: Level) -> Failure {
    let seconds = level.wait_s.unwrap_or(1);
    let sentence = format!("Too many requests. Try again in {seconds} s.");
    let details = serde_json::json!({ "retry_after_s": seconds });
    Failure(Error::new(ErrorKind::RateLimited, sentence).with_details(details))
}

fn with_level(mut response: Response, level: Level) -> Response {
    for (name, value) in [
        (LIMIT, u64::from(level.limit)),
        (REMAINING, u64::from(level.remaining)),
        (RESET, level.full_in_s),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_has_its_class() {
        for (method, route, class) in [
            (Method::POST, "/auth/login", Class::SignIn),
            (Method::GET, "/setup", Class::Api),
            (Method::POST, "/auth/refresh", Class::Session),
            (Method::POST, "/auth/ws-ticket", Class::Session),
            (Method::GET, "/auth/me", Class::Session),
            (Method::POST, "/auth/forgot-password", Class::Reset),
            (Method::POST, "/equipment/{id}/photo", Class::Upload),
            (Method::POST, "/sites/{id}/logo", Class::Upload),
            (Method::GET, "/equipment/{id}/photo", Class::Api),
            (Method::GET, "/lines/{key}/frames/download", Class::Export),
            (Method::GET, "/modbus/scan/{id}", Class::Api),
            (Method::POST, "/modbus/scan", Class::Search),
            (
                Method::POST,
                "/readings/devices/{serial}/readings",
                Class::Push,
            ),
            (Method::POST, "/write", Class::Write),
            (Method::POST, "/security/log", Class::Report),
            (Method::GET, "/security/threats", Class::Api),
            (Method::GET, "", Class::Api),
        ] {
            assert_eq!(classify(&method, route), class, "{method} {route}");
        }
        for (place, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, place);
        }
    }
}
