//! From where a request may come: the names under which we answer, and the pages that may ask.
//!
//! A page of a stranger can let its own name point to this machine and would then be of our
//! origin to the browser (DNS rebinding). It cannot do so with an address: those are all let in,
//! names only when they are ours.

use super::Context;
use super::envelope::Failure;
use super::serve::Wire;
use crate::base::{Error, ErrorKind, Result};
use crate::local_name::LocalName;
use crate::machine::{self, Names};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST,
    ORIGIN, VARY,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// What the browser says of the page that asks.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What a page of a listed origin may send, and read of the answer.
const MAY_SEND: &str = "authorization, content-type, idempotency-key, x-request-id, \
                        x-correlation-id";
const MAY_READ: &str = "x-request-id, x-correlation-id, x-ratelimit-limit, \
                        x-ratelimit-remaining, x-ratelimit-reset, retry-after, \
                        content-disposition";
const MAY_DO: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// How long a browser may remember it, s.
const REMEMBERED_S: &str = "600";

/// Whose requests are answered.
#[derive(Debug)]
pub struct Hosts {
    names: BTreeSet<String>,
    local: Arc<LocalName>,
    /// Pages of other origins that may use the API with a token.
    origins: Vec<String>,
}

impl Hosts {
    /// The names of the machine, its name in the network, and these.
    #[must_use]
    pub fn new(configured: &Names, local: &Arc<LocalName>, origins: &[String]) -> Self {
        let mut names = machine::here().names;
        names.extend(configured.names.iter().cloned());
        Self {
            names,
            local: Arc::clone(local),
            origins: origins.to_vec(),
        }
    }

    /// Whether a `Host` header names us: any address, or one of our names.
    #[must_use]
    pub fn name(&self, host: &str) -> bool {
        let name = without_port(host);
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        address.parse::<IpAddr>().is_ok() || self.names.contains(&name) || self.local.is(&name)
    }

    /// Refuses a request that names somebody else.
    ///
    /// # Errors
    /// A sentence that says where to add the name.
    pub fn check(&self, request: &Request) -> Result<()> {
        let headers = request.headers().get_all(HOST).iter();
        let headers: Vec<_> = headers.map(|host| host.to_str().ok()).collect();
        let line = request.uri().authority().map(Authority::as_str);
        if headers.len() > 1 || (headers.is_empty() && line.is_none()) {
            return Err(Error::invalid("Host", "Send one Host header."));
        }
        let mut named = headers.into_iter().chain(line.map(Some));
        if named.all(|host| host.is_some_and(|host| self.name(host))) {
            return Ok(());
        }
        let sentence = "The appliance does not answer to this name. Open it by its address, or \
                        add the name to names under [edge] in the boot file.";
        Err(Error::new(ErrorKind::Forbidden, sentence))
    }

    fn lists(&self, origin: Option<&HeaderValue>) -> bool {
        let origin = origin.and_then(|origin| origin.to_str().ok());
        origin.is_some_and(|origin| {
            self.origins
                .iter()
                .any(|one| one.eq_ignore_ascii_case(origin))
        })
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

/// Lets requests through that name us; refuses a change or a socket that a page of another origin
/// asks for: the browser says where the page came from, and it must be us, or listed for the API.
/// Programs send no `Origin` and are let through.
pub async fn guard(
    State(context): State<Context>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    context.hosts.check(&request)?;
    let headers = request.headers();
    let path = request.uri().path();
    let api = path.starts_with("/api/") && !path.contains("/auth/refresh");
    let origin = headers.get(ORIGIN).cloned();
    let listed = api && context.hosts.lists(origin.as_ref());
    let asks_first =
        *request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if listed && asks_first {
        return Ok(with_permission(
            StatusCode::NO_CONTENT.into_response(),
            origin,
        ));
    }
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let socket = path.starts_with("/ws");
    let secure = request
        .extensions()
        .get::<Wire>()
        .is_some_and(|wire| wire.secure);
    if (changes || socket) && !listed && !same_origin(headers, secure) {
        let sentence = "This request comes from a page of another address. Open the appliance's \
                        own page.";
        return Err(Error::new(ErrorKind::Forbidden, sentence).into());
    }
    let response = next.run(request).await;
    Ok(if listed {
        with_permission(response, origin)
    } else {
        response
    })
}

/// Tells the browser that a page of this origin may read the answer. Cookies are not for it.
fn with_permission(mut response: Response, origin: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, MAY_DO),
        (ACCESS_CONTROL_ALLOW_HEADERS, MAY_SEND),
        (ACCESS_CONTROL_EXPOSE_HEADERS, MAY_READ),
        (ACCESS_CONTROL_MAX_AGE, REMEMBERED_S),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn same_origin(headers: &HeaderMap, secure: bool) -> bool {
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    if site.is_some_and(|site| ![b"same-origin".as_slice(), b"none"].contains(&site)) {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let origin = origin
        .to_str()
        .ok()
        .and_then(|text| text.parse::<Uri>().ok());
    let Some(origin) = origin else {
        return false;
    };
    // A proxy may speak plain HTTP to us for a page that came by HTTPS; never the other way round.
    if secure && origin.scheme_str() != Some("https") {
        return false;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match (origin.authority(), host) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "plant.local:8080".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_our_own_page_may_change_things() {
        assert!(same_origin(&headers(None), false));
        assert!(same_origin(
            &headers(Some("http://plant.local:8080")),
            false
        ));
        assert!(same_origin(
            &headers(Some("https://plant.local:8080")),
            true
        ));
        // A page that came in plain text may have been changed on its way.
        assert!(!same_origin(
            &headers(Some("http://plant.local:8080")),
            true
        ));
        for other in [
            "http://evil.example",
            "null",
            "http://plant.local",
            "http://plant.local:80801",
        ] {
            assert!(!same_origin(&headers(Some(other)), false), "{other}");
        }
    }

    #[test]
    fn what_the_browser_says_of_the_page_counts() {
        for (site, fine) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
        ] {
            let mut headers = headers(None);
            headers.insert(FETCH_SITE, site.parse().unwrap());
            assert_eq!(same_origin(&headers, false), fine, "{site}");
        }
    }

    #[test]
    fn a_name_is_ours_or_not() {
        let mut configured = Names::default();
        assert!(configured.add("meters.example"));
        let hosts = Hosts::new(&configured, &LocalName::new(Some("meters")), &[]);
        for ours in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "meters.local:8443",
            "Meters.LOCAL.",
            "meters.example:443",
            "127.0.0.1",
            "192.168.1.5:8080",
            "[::1]:8080",
            "[fd00::1]",
        ] {
            assert!(hosts.name(ours), "{ours}");
        }
        for other in [
            "",
            "evil.example",
            "meters",
            "meters-2.local",
            "meters.example.evil.example",
            "localhost:80.evil.example",
            "127.0.0.1.evil.example",
            "1.2.3.4.5",
            "[::1].evil.example",
        ] {
            assert!(!hosts.name(other), "{other}");
        }
    }
}
