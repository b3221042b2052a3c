//! One file out of a multipart form, counted while it arrives.

use super::Context;
use super::envelope::{Failure, fit};
use crate::base::{Error, ErrorKind, Result};
use axum::body::{Body, HttpBody as _};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use std::task::Poll;
use tokio::sync::SemaphorePermit;

/// Files that are taken at once, each in memory until it was looked at; others wait before they
/// are read. Who sends too slowly loses his turn to the time limit of every answer.
pub const UPLOADS_AT_ONCE: usize = 2;
/// Bytes of a form beside its file: boundaries, names, fields that mean nothing here.
const FORM_MAX: usize = 64 << 10;
/// Bytes that are read and forgotten after a file that is too large: a browser that is refused
/// while it still sends tells its user of a broken connection instead of the reason.
const READ_PAST: usize = 16 << 20;
/// Most fields of a form.
const FIELDS_MAX: usize = 16;

/// A file as it was sent.
pub struct Upload<'a> {
    /// The name that the sender gave it; empty when he gave none.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
    /// Held until the file is stored. `None` only when the appliance is gone.
    _turn: Option<SemaphorePermit<'a>>,
}

/// Largest body of a route that takes one file of this many bytes.
pub const fn body_max(file_max: usize) -> usize {
    file_max + FORM_MAX + READ_PAST
}

/// Takes the one file from the form, under the first of `names` or the other, of at most `max`
/// bytes.
///
/// # Errors
/// When the body is no form, has no file or several, or the file is larger.
pub async fn receive<'a>(
    context: &'a Context,
    request: Request,
    names: &[&'static str; 2],
    max: usize,
) -> Result<Upload<'a>, Failure> {
    let request = fit(request).map_err(|_| too_large(max))?;
    let turn = context.uploads.acquire().await.ok();
    let expected = request.body().size_hint().exact().unwrap_or_default();
    let expected = usize::try_from(expected).unwrap_or(max).min(max);
    let request = request.map(one_by_one);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
        let sentence = format!(
            "Send the file as multipart/form-data, in the field {}.",
            names[0]
        );
        Error::new(ErrorKind::UnsupportedMedia, sentence)
    })?;
    match only_file(&mut form, names, expected, max).await {
        Ok((name, content)) => Ok(Upload {
            name,
            content,
            _turn: turn,
        }),
        Err(error) => {
            drop(turn);
            // Fields that are passed over are not kept.
            while matches!(form.next_field().await, Ok(Some(_))) {}
            Err(error.into())
        }
    }
}

/// The reader of forms takes what a body has until it has nothing for a moment: of a fast sender
/// all of it. This one has a piece, then nothing for a moment.
fn one_by_one(body: Body) -> Body {
    let (mut pieces, mut paused) = (body.into_data_stream(), true);
    Body::from_stream(futures_util::stream::poll_fn(move |task| {
        paused = !paused;
        if paused {
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        pieces.poll_next_unpin(task)
    }))
}

/// Name and content of the one file of the form, which has about `expected` bytes.
async fn only_file(
    form: &mut Multipart,
    names: &[&'static str; 2],
    expected: usize,
    max: usize,
) -> Result<(String, Vec<u8>)> {
    let mut found = None;
    for _ in 0..FIELDS_MAX {
        let next = form.next_field().await;
        let Some(field) = next.map_err(|cause| refused(&cause, max))? else {
            let none = || Error::invalid(names[0], "Choose a file: the form has none.");
            return found.ok_or_else(none);
        };
        if !field.name().is_some_and(|name| names.contains(&name)) {
            continue;
        }
        if found.is_some() {
            return Err(Error::invalid(names[0], "Send one file at a time."));
        }
        found = Some(take(field, expected, max).await?);
    }
    let sentence = format!("The form has more than {FIELDS_MAX} fields.");
    Err(Error::invalid("body", sentence))
}

/// Name and content of a field of at most `max` bytes.
async fn take(mut field: Field<'_>, expected: usize, max: usize) -> Result<(String, Vec<u8>)> {
    let name = field.file_name().unwrap_or_default().to_owned();
    // One that grows would take twice the room while it moves.
    let mut content = Vec::with_capacity(expected);
    while let Some(piece) = field.chunk().await.map_err(|cause| refused(&cause, max))? {
        if content.len() + piece.len() > max {
            return Err(too_large(max));
        }
        content.extend_from_slice(&piece);
    }
    Ok((name, content))
}

fn refused(cause: &MultipartError, max: usize) -> Error {
    match cause.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(max),
        _ => Error::invalid("body", "The form did not arrive whole. Send it again."),
    }
}

fn too_large(max: usize) -> Error {
    let sentence = format!("The file is larger than {} MB.", max >> 20);
    Error::new(ErrorKind::TooLarge, sentence).with_details(serde_json::json!({ "max_bytes": max }))
}
