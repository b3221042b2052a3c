//! The edge of every request: its id, the security headers, the access log, the time limit.

mod answers;

pub use answers::Answers;

use super::Context;
use super::access_log::{Line, follow, method_name};
use super::envelope::{Failure, REQUEST_ID};
use super::rates::LetIn;
use crate::base::Error;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

const REQUEST: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What the page may do: nothing that did not come from this appliance.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
     base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'";
/// The API pages style themselves inline.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// Gives a request its id, times it, counts and logs it, and dresses the answer.
pub async fn dress(State(context): State<Context>, request: Request, next: Next) -> Response {
    let id = given_id(request.headers(), &REQUEST);
    let correlation = given_id(request.headers(), &CORRELATION);
    let id = id.unwrap_or_else(|| Uuid::now_v7().simple().to_string());
    let correlation = correlation.unwrap_or_else(|| id.clone());
    // The pattern, not the address: a query may hold what no log may hold.
    let matched = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let path = request.uri().path().to_owned();
    let length = request.headers().get(CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let line = Line {
        method: method_name(request.method()),
        route: matched.unwrap_or_else(|| "-".to_owned()),
        id: id.clone(),
        address: address.map(|info| info.0.ip()),
        started: Instant::now(),
    };

    let mut response = REQUEST_ID.scope(id.clone(), next.run(request)).await;
    if line.route.starts_with("/api/") {
        let of = (line.started.elapsed(), length.unwrap_or_default());
        let (now, status) = (context.clock.now(), response.status().as_u16());
        context.answers.note(now, &line.route, status, of);
    }

    let headers = response.headers_mut();
    for (name, value) in [(REQUEST, id), (CORRELATION, correlation)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    harden(headers, &path);
    let user = response.extensions().get::<LetIn>().map(|user| user.0);
    follow(response, line, user)
}

impl Context {
    /// How the API has answered of late.
    pub(crate) fn answers(&self) -> Arc<Answers> {
        Arc::clone(&self.answers)
    }
}

/// An id from the caller, when it is a sane token: it goes into the log.
fn given_id(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    let sane = (8..=64).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    sane.then(|| value.to_owned())
}

fn harden(headers: &mut HeaderMap, path: &str) {
    let policy = if path.starts_with("/docs") {
        DOCS_POLICY
    } else {
        PAGE_POLICY
    };
    // A file that somebody sent brings a stricter one along.
    let policy = HeaderValue::from_static(policy);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE, HeaderValue::from_static("same-origin"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// A handler that panicked is a fault of ours, and answers like one.
#[allow(clippy::needless_pass_by_value)] // the layer hands it over
pub fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(what, "a handler panicked");
    Failure(Error::internal(
        "The appliance could not answer. The log has the reason.",
    ))
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::to_bytes;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    async fn breaks() -> &'static str {
        panic!("a secret of the handler")
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_for_and_the_next_one_is_served() {
        let page = Router::new()
            .route("/breaks", get(breaks))
            .route("/works", get(|| async { "well" }))
            .layer(CatchPanicLayer::custom(answer_panic));
        let ask = async |path: &str| {
            let question = axum::extract::Request::get(path);
            let question = question.body(axum::body::Body::empty()).unwrap();
            let answer = page.clone().oneshot(question).await.unwrap();
            let status = answer.status();
            let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
            (status, String::from_utf8_lossy(&body).into_owned())
        };
        let (status, body) = ask("/breaks").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("\"success\":false"), "{body}");
        assert!(!body.contains("secret"), "{body}");
        assert_eq!(ask("/works").await, (StatusCode::OK, "well".to_owned()));
    }
}
