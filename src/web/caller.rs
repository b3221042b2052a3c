//! Who is asking: default deny.
//!
//! Every route of the API is behind [`require_session`] unless it is listed as public in
//! [`super::router`]; a handler that takes a [`Caller`] gets the one that was let in.

use super::envelope::Failure;
use super::{Context, reach};
use crate::auth::{Asker, Caller, api_token};
use crate::base::{Error, ErrorKind};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};

/// Lets a request through when it shows the access token of a live session.
pub async fn require_session(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if let Some(secret) = api_secret(request.headers()) {
        let address = address_of(request.extensions());
        context.api_tokens.authenticate(secret, address).await?;
        remember(&context, &request);
        let sentence = "An API token reaches only what its scopes name. Sign in for this.";
        return Err(Error::new(ErrorKind::Forbidden, sentence).into());
    }
    let caller = caller_of(&context, &request)?;
    if let Some(route) = reach::route_of(request.extensions()) {
        let method = request.method().as_str();
        caller.reach_all(method, route)?;
        caller.prove(method, route)?;
    }
    reach::check(&context, &caller.user.sites, &request)?;
    remember(&context, &request);
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Lets a request through that shows an access token of a live session or an API token; the
/// handler asks what it may do.
pub async fn require_asker(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    refuse_secrets_in_address(request.uri())?;
    let asker = match api_secret(request.headers()) {
        Some(secret) => {
            let address = address_of(request.extensions());
            Asker::Program(context.api_tokens.authenticate(secret, address).await?)
        }
        None => Asker::Person(caller_of(&context, &request)?),
    };
    reach::check(&context, &asker.reach(), &request)?;
    remember(&context, &request);
    request.extensions_mut().insert(asker);
    Ok(next.run(request).await)
}

/// Somebody was let in from this address: a flood does not take its place among the connections.
fn remember(context: &Context, request: &Request) {
    if let Some(address) = address_of(request.extensions()) {
        context.seats.know(address, context.clock.now());
    }
}

/// Addresses end in logs: a secret in one is refused before anything is made of it.
fn refuse_secrets_in_address(uri: &Uri) -> Result<(), Error> {
    let names = uri.query().unwrap_or_default().split('&');
    let mut names = names.map(|pair| pair.split('=').next().unwrap_or_default());
    match names.find(|name| ["u", "p", "token"].contains(name)) {
        None => Ok(()),
        Some(name) => Err(Error::invalid(
            name,
            "Keep secrets out of addresses: send the API token as Authorization: Token …, and \
             change the one that was sent here.",
        )),
    }
}

fn caller_of(context: &Context, request: &Request) -> Result<Caller, Error> {
    let address = address_of(request.extensions()).map(|address| address.to_string());
    let token = bearer(request.headers()).ok_or_else(|| {
        let sentence = "Sign in first: this needs an access token.";
        Error::new(ErrorKind::Unauthenticated, sentence)
    })?;
    context.auth.authenticate(token, address)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Self>().cloned();
        // A route that forgot its guard is closed, not open.
        Ok(caller.ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "Sign in first."))?)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let asker = parts.extensions.get::<Self>().cloned();
        // As above.
        Ok(asker.ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "Sign in first."))?)
    }
}

/// The network address behind a request.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(address_of(&parts.extensions)))
    }
}

fn address_of(extensions: &axum::http::Extensions) -> Option<IpAddr> {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip())
}

/// The API token of an `Authorization` header: `Token` is what InfluxDB's clients write.
pub fn api_secret(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = ["token", "bearer"]
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name));
    let token = token.trim();
    (known && token.starts_with(api_token::PREFIX)).then_some(token)
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
