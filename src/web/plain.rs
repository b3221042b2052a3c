//! What somebody gets who speaks plain HTTP where HTTPS is asked for: the certificate of the
//! authority, the way to the page, and for everything else the reason.

use super::envelope::Failure;
use super::{Context, edge};
use crate::base::{Error, ErrorKind};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST, LOCATION};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;

/// Paths that only programs and our own page ask: a redirect would come after the secret was sent.
const NOT_PAGES: [&str; 4] = ["api", "ws", "write", "metrics"];

/// The routes of a plain connection that is not to be trusted.
pub fn router(context: &Context) -> Router {
    Router::new()
        .route("/ca.crt", get(authority))
        .fallback(elsewhere)
        .layer(CatchPanicLayer::custom(edge::answer_panic))
        .layer(middleware::from_fn_with_state(context.clone(), edge::dress))
        .with_state(context.clone())
}

/// The certificate of the authority, to be trusted by browsers and programs.
pub async fn authority(State(context): State<Context>) -> Result<Response, Failure> {
    let pem = context.tls.as_ref().and_then(|tls| tls.authority_pem());
    let Some(pem) = pem else {
        let sentence = "There is no authority of our own: the appliance shows a certificate that \
                        was brought, or speaks plain HTTP only.";
        return Err(Error::new(ErrorKind::NotFound, sentence).into());
    };
    let headers = [
        (CONTENT_TYPE, "application/x-x509-ca-cert"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"indusmind-ca.crt\"",
        ),
    ];
    Ok((headers, pem).into_response())
}

async fn elsewhere(State(context): State<Context>, request: Request) -> Result<Response, Failure> {
    context.hosts.check(&request)?;
    let uri = request.uri();
    let root = uri.path().split('/').nth(1).unwrap_or_default();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    if let Some(host) = host.filter(|_| reads && !NOT_PAGES.contains(&root)) {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let target = format!("https://{host}{path}");
        return Ok((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, target)]).into_response());
    }
    let sentence = "This appliance speaks HTTPS: write https:// in the address. A password or \
                    token that was just sent in plain text should be changed.";
    Err(Error::new(ErrorKind::Forbidden, sentence).into())
}
