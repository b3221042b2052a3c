//! Files of the store on their way out: the bytes, and the headers that go with them.

use super::Context;
use crate::base::{Error, Result};
use crate::store::{Blob, BlobHash};
use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;

/// A file that is opened instead of saved can do nothing.
pub const SANDBOX: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// The bytes of a file that was found sound, piece by piece.
///
/// # Errors
/// When it is damaged, missing or cannot be read.
pub async fn content(context: &Context, hash: BlobHash) -> Result<Response> {
    let context = context.clone();
    let blob = super::blocking(move || context.attachments.open(hash)).await?;
    let length = HeaderValue::from(blob.bytes_left());
    // Who packs the answer asks once more after its end.
    let pieces = futures_util::stream::unfold(Some(blob), next_piece).fuse();
    let body = Body::from_stream(pieces);
    Ok(([(CONTENT_LENGTH, length)], body).into_response())
}

/// An error breaks the answer off: what arrived whole is whole.
async fn next_piece(blob: Option<Blob>) -> Option<(Result<Vec<u8>>, Option<Blob>)> {
    let mut blob = blob?;
    let read = super::blocking(move || Ok((blob.next_piece()?, blob))).await;
    match read {
        Ok((piece, blob)) => piece.map(|piece| (Ok(piece), Some(blob))),
        Err(error) => {
            tracing::error!(%error, "a file broke off");
            Some((Err(error), None))
        }
    }
}

/// Whether the browser says that it has this already.
pub fn is_held(headers: &HeaderMap, tag: &str) -> bool {
    let held = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = held.filter_map(|value| value.to_str().ok()?.split(',').map(str::trim).into());
    tags.any(|mut tags| tags.any(|held| held == "*" || held.trim_start_matches("W/") == tag))
}

/// Saved under its name: plain for old programs, and as it is for all others.
pub fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| match c {
            ' ' | '-' | '_' | '.' | '(' | ')' => c,
            c if c.is_ascii_alphanumeric() => c,
            _ => '_',
        })
        .collect();
    let escape = |byte: u8| match byte {
        b'-' | b'_' | b'.' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let whole: String = name.bytes().map(escape).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

/// A value of a header.
///
/// # Errors
/// When the text holds what no header may.
pub fn header(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text)
        .map_err(|cause| Error::internal("The answer has no valid head.").because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_any_script_makes_a_header() {
        let name = "Schéma \"é\" دليل (2).pdf";
        let line = attachment(name);
        assert!(HeaderValue::from_str(&line).is_ok() && line.is_ascii());
        assert_eq!(
            line,
            "attachment; filename=\"Sch_ma ___ ____ (2).pdf\"; filename*=UTF-8''Sch%C3%A9ma%20\
             %22%C3%A9%22%20%D8%AF%D9%84%D9%8A%D9%84%20%282%29.pdf"
        );
    }

    #[test]
    fn a_browser_may_hold_several() {
        let mut headers = HeaderMap::new();
        assert!(!is_held(&headers, "\"b\""));
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        assert!(is_held(&headers, "\"b\"") && !is_held(&headers, "\"c\""));
    }
}
