//! The one shape of every answer, and of every refusal.

mod in_words;
mod named;
mod whole;

use super::depth;
pub use super::told::{Answer, Told, created, ok};
use crate::base::{Error, ErrorKind, FieldError, Result, Timestamp};
use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
pub use whole::{NotWhole, Whole, fit};

/// Success: what was asked for, and when it was answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// Always `true`.
    pub success: bool,
    /// What was asked for.
    pub data: T,
    /// When it was answered.
    pub timestamp: Timestamp,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: usize,
    /// Number of this page, from 1.
    pub page: usize,
    /// Most items of a page.
    pub page_size: usize,
    /// Whether there is a page after this one.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// The same page of something else.
    ///
    /// # Errors
    /// The first that `change` has.
    pub fn try_map<U>(self, change: impl Fn(T) -> Result<U>) -> Result<Page<U>> {
        let items: Result<Vec<U>> = self.items.into_iter().map(change).collect();
        Ok(Page {
            items: items?,
            total: self.total,
            page: self.page,
            page_size: self.page_size,
            has_more: self.has_more,
        })
    }
}

/// A sentence.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// What was done.
    pub message: String,
}

/// A refusal, as it is documented; [`Failure`] writes it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refusal {
    /// Always `false`.
    pub success: bool,
    /// A sentence that says what to do.
    pub error: String,
    /// The kind, for programs.
    #[schema(example = "VALIDATION_ERROR")]
    pub error_code: &'static str,
    /// Facts for programs; `fields` names every refused field.
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
    /// The id of the request, as in the log.
    pub request_id: String,
    /// When it was refused.
    pub timestamp: Timestamp,
}

/// The `timestamp` of an envelope is the time on the wire, not the time of the data.
pub(super) fn wall_clock() -> Timestamp {
    use crate::base::Clock as _;
    crate::base::SystemClock.now()
}

/// An error on its way to the wire. The request id is added by the edge.
#[derive(Debug)]
pub struct Failure(pub Error);

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// Status and code of each kind.
const fn status_of(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "VALIDATION_ERROR"),
        ErrorKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSIONS"),
        ErrorKind::ProofWanted => (StatusCode::FORBIDDEN, "STEP_UP_REQUIRED"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "CONFLICT"),
        ErrorKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
        ErrorKind::UnsupportedMedia => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE")
        }
        ErrorKind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"),
        ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
    }
}

/// The code of a kind, as frames on a socket carry it.
pub const fn code_of(kind: ErrorKind) -> &'static str {
    status_of(kind).1
}

pub use crate::base::request::REQUEST_ID;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let (status, error_code) = status_of(error.kind);
        if status.is_server_error() {
            tracing::error!(%error, "a request failed");
        } else {
            // The sentence may quote what was sent, and that may be a secret.
            tracing::debug!(error_code, "a request was refused");
        }
        write(error, status, error_code)
    }
}

/// Refuses a method that a path does not know; the router adds which ones it does.
pub async fn method_not_allowed() -> Response {
    let sentence = "This path does not take this method; the header Allow names those it takes.";
    let error = Error::new(ErrorKind::Invalid, sentence);
    write(error, StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED")
}

/// A refusal on the wire.
fn write(error: Error, status: StatusCode, error_code: &'static str) -> Response {
    let retry_after = error
        .details
        .as_ref()
        .and_then(|d| d.get("retry_after_s"))
        .cloned();
    let details = if error.fields.is_empty() {
        error.details
    } else {
        Some(serde_json::json!({ "fields": error.fields }))
    };
    let refusal = Refusal {
        success: false,
        error: error.sentence,
        error_code,
        details,
        request_id: REQUEST_ID.try_with(Clone::clone).unwrap_or_default(),
        timestamp: wall_clock(),
    };
    let mut response = (status, Json(refusal)).into_response();
    if let Some(seconds) = retry_after.and_then(|value| value.as_u64()) {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A JSON body, refused with the exact place of what is wrong in it.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"));
        if !is_json {
            let kind = ErrorKind::UnsupportedMedia;
            return Err(Error::new(kind, "Send JSON with Content-Type: application/json.").into());
        }
        let whole = Whole::from_request(request, state).await;
        let Whole(bytes) =
            whole.map_err(|why| why.refuse("The request is larger than this route takes."))?;
        parse_json(&bytes).map(Self).map_err(Failure)
    }
}

/// Reads JSON and names the place of the first mistake.
///
/// # Errors
/// [`ErrorKind::Invalid`] with the path and what is wrong there.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // Without this an array would do: its items would be taken for the fields, in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Error::invalid("body", "Send a JSON object."));
    }
    depth::check(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(named::Named(&mut reader)).map_err(|error| {
        let message = error.inner().to_string();
        Error::invalid_fields(vec![located(&error.path().to_string(), message)])
    })?;
    reader
        .end()
        .map_err(|error| Error::invalid("body", error.to_string()))?;
    Ok(value)
}

/// A mistake at its field. The reader reports a field that is missing or unknown at the object
/// around it, and names the field in its words only.
fn located(object: &str, message: String) -> FieldError {
    let object = if object == "." { "" } else { object };
    let quoted = |start: &str| message.strip_prefix(start)?.split('`').next();
    let missing = quoted("missing field `");
    let path = match missing.or_else(|| quoted("unknown field `")) {
        Some(field) if object.rsplit('.').next() != Some(field) => {
            let dot = if object.is_empty() { "" } else { "." };
            format!("{object}{dot}{field}")
        }
        _ if object.is_empty() => "body".to_owned(),
        _ => object.to_owned(),
    };
    let message = in_words::of(message, path == "body");
    FieldError { path, message }
}

/// The query part of an address.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(refused) => {
                let field = in_words::of_query(&refused.body_text());
                Err(Error::invalid_fields(vec![field]).into())
            }
        }
    }
}

/// Cuts one page out of a list.
pub fn page<T>(all: Vec<T>, paging: Paging) -> Page<T> {
    let (page_size, offset) = paging.window();
    let total = all.len();
    let items: Vec<T> = all.into_iter().skip(offset).take(page_size).collect();
    let has_more = offset + items.len() < total;
    Page {
        items,
        total,
        page: offset / page_size + 1,
        page_size,
        has_more,
    }
}

/// Which page of a list: `page` and `page_size`, or `limit` and `offset`.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Number of the page, from 1.
    pub page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    pub page_size: Option<usize>,
    /// Another name of `page_size`.
    pub limit: Option<usize>,
    /// Items to skip, instead of `page`.
    pub offset: Option<usize>,
}

impl Paging {
    /// Size of a page and items before it.
    fn window(self) -> (usize, usize) {
        const DEFAULT: usize = 10;
        const MOST: usize = 100;
        let size = self
            .page_size
            .or(self.limit)
            .unwrap_or(DEFAULT)
            .clamp(1, MOST);
        let page = self.page.unwrap_or(1).max(1);
        (
            size,
            self.offset
                .unwrap_or_else(|| (page - 1).saturating_mul(size)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_named_with_its_place() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Inner {
            #[allow(dead_code)]
            port: u16,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[allow(dead_code)]
            modbus: Inner,
        }
        let error = parse_json::<Outer>(br#"{"modbus":{"port":"x"}}"#).unwrap_err();
        assert_eq!(error.fields[0].path, "modbus.port");
        let place = |text: &str| {
            let error = parse_json::<Outer>(text.as_bytes()).unwrap_err();
            error.fields[0].path.clone()
        };
        assert_eq!(place(r#"{"modbus":{"port":1,"prot":2}}"#), "modbus.prot");
        assert_eq!(place(r#"{"modbus":{}}"#), "modbus.port");
        assert_eq!(place("{}"), "modbus");
        assert_eq!(place(r#"{"modbus":{"port":1}} x"#), "body");
        assert_eq!(place(r#"[{"port":1}]"#), "body");
    }

    #[test]
    fn pages_add_up() {
        let cut = |page, page_size| {
            let paging = Paging {
                page: Some(page),
                page_size: Some(page_size),
                ..Paging::default()
            };
            super::page((0..25).collect::<Vec<_>>(), paging)
        };
        assert_eq!(cut(1, 10).items, (0..10).collect::<Vec<_>>());
        assert!(cut(2, 10).has_more && !cut(3, 10).has_more);
        assert_eq!(
            (
                cut(3, 10).items.len(),
                cut(9, 10).items.len(),
                cut(1, 999).page_size
            ),
            (5, 0, 100)
        );
    }
}
