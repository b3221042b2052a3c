//! The embedded page: assets by exact name, everything else the page itself.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::envelope::Failure;
use crate::base::Error;
use crate::exchange::inflate::gunzip;

/// The built page, as committed in `frontend-dist`.
#[derive(RustEmbed)]
#[folder = "frontend-dist/"]
struct Dist;

/// Largest file that is kept packed: the reader of the API document has 1.7 MB.
const UNPACKED_MAX: usize = 8 << 20;

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
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let path = match path.as_str() {
        "docs" => return Redirect::permanent("/docs/").into_response(),
        "docs/" => "docs/index.html".to_owned(),
        _ => path,
    };
    if let Some(file) = Dist::get(&path).filter(|_| !path.is_empty()) {
        return answer(&path, file, known.as_ref());
    }
    if let Some(file) = Dist::get(&format!("{path}.gz")) {
        return answer_packed(&path, file, request.headers());
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

fn takes_gzip(asked: &HeaderMap) -> bool {
    asked
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|coding| coding.replace(' ', ""))
        .any(|coding| {
            let refused = coding.strip_prefix("gzip;q=0");
            coding.split(';').next() == Some("gzip")
                && refused.is_none_or(|rest| rest.bytes().any(|digit| (b'1'..=b'9').contains(&digit)))
        })
}

/// A file that is kept packed goes out as it is, or unpacked to who cannot read that.
fn answer_packed(path: &str, mut file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let reads_packed = takes_gzip(asked);
    if !reads_packed {
        match gunzip(&file.data, UNPACKED_MAX) {
            Ok(plain) => file.data = plain.into(),
            Err(cause) => {
                let error = Error::internal("A file of the page is damaged. Install again.");
                return Failure(error.because(cause)).into_response();
            }
        }
    }
    let mut response = answer(path, file, asked.get(IF_NONE_MATCH));
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if reads_packed && response.status() == StatusCode::OK {
        let packed = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, packed);
    }
    response
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
