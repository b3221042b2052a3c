//! An answer on its way to the wire.

use super::envelope::{Envelope, Failure, wall_clock};
use crate::base::Error;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The answer of a route.
pub type Answer<T> = Result<Told<T>, Failure>;

/// An envelope on its way to the wire.
#[derive(Debug)]
pub struct Told<T>(Envelope<T>);

impl<T: Serialize> IntoResponse for Told<T> {
    /// As `axum::Json` does it, but into a plain vector, which `serde_json` writes without a call for
    /// each piece.
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(BODY_START);
        match serde_json::to_writer(&mut body, &self.0) {
            Ok(()) => ([(CONTENT_TYPE, JSON)], body).into_response(),
            Err(cause) => Failure(Error::internal("The answer cannot be written.").because(cause))
                .into_response(),
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Room for an answer to begin with, bytes: most need no more.
const BODY_START: usize = 4_096;

/// Wraps data in the envelope.
pub fn ok<T>(data: T) -> Answer<T> {
    Ok(Told(Envelope {
        success: true,
        data,
        timestamp: wall_clock(),
    }))
}

/// As [`ok`], with `201 Created`.
pub fn created<T>(data: T) -> Result<(StatusCode, Told<T>), Failure> {
    ok(data).map(|told| (StatusCode::CREATED, told))
}
