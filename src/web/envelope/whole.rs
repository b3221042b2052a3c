//! A body that is taken as a whole, or refused for its length before the first byte of it is read.

use crate::base::{Error, ErrorKind};
use axum::RequestExt as _;
use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// All bytes of a body.
#[derive(Debug)]
pub struct Whole(pub Bytes);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWhole {
    /// It is longer than the route takes, or says that it is.
    TooLarge,
    /// It did not arrive to its end.
    Broken,
}

impl NotWhole {
    /// The refusal, with this sentence for one that is too large.
    pub fn refuse(self, too_large: &'static str) -> Error {
        match self {
            Self::TooLarge => Error::new(ErrorKind::TooLarge, too_large),
            Self::Broken => Error::invalid("body", "The request body did not arrive whole."),
        }
    }
}

/// A route that does not look answers so.
impl IntoResponse for NotWhole {
    fn into_response(self) -> Response {
        super::Failure(self.refuse("The request is larger than this route takes.")).into_response()
    }
}

/// The request with a body that ends with an error where its route takes no more.
///
/// # Errors
/// When its head says that it is longer: nobody waits for what he will not take.
pub fn fit(request: Request) -> Result<Request, NotWhole> {
    let said = request.body().size_hint().lower();
    let request = request.with_limited_body();
    let most = request.body().size_hint().upper();
    match most {
        Some(most) if said > most => Err(NotWhole::TooLarge),
        _ => Ok(request),
    }
}

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = NotWhole;

    async fn from_request(request: Request, state: &S) -> Result<Self, NotWhole> {
        let bytes = Bytes::from_request(fit(request)?, state).await;
        bytes.map(Self).map_err(|refused| match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => NotWhole::TooLarge,
            _ => NotWhole::Broken,
        })
    }
}
