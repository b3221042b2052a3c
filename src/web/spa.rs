//! The embedded page: assets by exact name, everything else the page itself.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::envelope::{Failure, method_not_allowed};
use crate::base::Error;

/// The built page, as committed in `frontend-dist`.
#[derive(RustEmbed)]
#[folder = "frontend-dist/"]
struct Dist;

/// Answers what no other route took.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let reserved = ["api", "ws"]
        .iter()
        .any(|root| path.split('/').next() == Some(root));
    if reserved {
        return Failure(Error::not_found("API path", format!("/{path}"))).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = method_not_allowed().await;
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    if let Some(file) = Dist::get(&path).filter(|_| !path.is_empty()) {
        return answer(&path, file, known.as_ref());
    }
    // A missing asset is missing; the page in its place would be taken for a script.
    let looks_like_file = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    match Dist::get("index.html").filter(|_| !looks_like_file) {
        Some(page) => answer("index.html", page, known.as_ref()),
        None => Failure(Error::not_found("page", format!("/{path}"))).into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, known: Option<&HeaderValue>) -> Response {
    let hash: String = file.metadata.sha256_hash()[..16]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let tag = format!("\"{hash}\"");
    // Names under assets/ carry their own hash: they never change.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let builder = Response::builder()
        .header(ETAG, &tag)
        .header(CACHE_CONTROL, cache);
    let response = if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        builder.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        let body = Body::from(file.data.into_owned());
        builder.header(CONTENT_TYPE, content_type(path)).body(body)
    };
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The types of the files that a build makes.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
