//! `/api/equipment/{id}/photo`: how equipment looks.
//!
//! Promises: a photo is answered as taken when it is on disk with its record; it is shown under
//! the type that its content has. Will not do: show it without a session — a page asks for it
//! with its token and shows what it got.

use super::Context;
use super::envelope::{Answer, Envelope, Failure, Message, Refusal, ok};
use super::equipment::parse;
use super::show::photo_url;
use super::stored::{SANDBOX, content, header, is_held};
use super::upload::{self, body_max};
use crate::auth::{Caller, Permission};
use crate::equipment::PHOTO_MAX;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Kept by the browser of the one who asked, and asked for again each time: whoever lost his
/// right to see it, sees it no more.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(show_photo, set_photo, delete_photo))
        .layer(DefaultBodyLimit::max(body_max(PHOTO_MAX)))
}

/// A photo on its way in.
#[derive(ToSchema)]
#[allow(dead_code)] // describes the form
struct PhotoForm {
    /// JPG or PNG, at most 5 MB and 40 megapixels. The field may also be called `file`.
    #[schema(value_type = String, format = Binary)]
    photo: Vec<u8>,
}

/// Where a photo is.
#[derive(Serialize, ToSchema)]
struct PhotoAnswer {
    /// Its address; another photo has another.
    photo_url: Option<String>,
}

/// The photo of equipment.
#[utoipa::path(get, path = "/equipment/{id}/photo", operation_id = "show_photo", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, description = "The photo",
            content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"))),
        (status = 304, description = "It is the one that If-None-Match names"),
        (status = 404, description = "No such equipment, or it has no photo", body = Refusal),
    ))]
async fn show_photo(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    caller.require(Permission::EquipmentRead)?;
    let photo = context.attachments.photo(parse(&id)?, &caller.user.sites)?;
    let tag = format!("\"{}\"", photo.hash);
    let head = [(CACHE_CONTROL, PRIVATE), (ETAG, header(&tag)?)];
    if is_held(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let body = content(&context, photo.hash).await?;
    let name = format!("inline; filename=\"photo.{}\"", photo.kind.ending());
    let shown = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static(photo.kind.media_type()),
        ),
        (CONTENT_DISPOSITION, header(&name)?),
        (CONTENT_SECURITY_POLICY, SANDBOX),
    ];
    Ok((head, shown, body).into_response())
}

/// Gives equipment a photo, in place of the one it has: a form with one file, told by its
/// content.
#[utoipa::path(post, path = "/equipment/{id}/photo", operation_id = "set_photo", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment")),
    request_body(content = PhotoForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Envelope<PhotoAnswer>),
        (status = 400, description = "No file, or a damaged one", body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
        (status = 413, description = "More than 5 MB", body = Refusal),
        (status = 415, description = "Neither JPG nor PNG", body = Refusal),
        (status = 503, description = "The disk is full or refuses", body = Refusal),
    ))]
async fn set_photo(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Answer<PhotoAnswer> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (parse(&id)?, &caller.user.sites);
    context.attachments.equipment(id, reach)?;
    let upload = upload::receive(&context, request, &["photo", "file"], PHOTO_MAX).await?;
    let photo = context
        .attachments
        .set_photo(id, reach, upload.content, caller.actor());
    ok(PhotoAnswer {
        photo_url: photo_url(&photo.await?),
    })
}

/// Takes the photo away.
#[utoipa::path(delete, path = "/equipment/{id}/photo", operation_id = "delete_photo",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such equipment, or it has no photo", body = Refusal),
    ))]
async fn delete_photo(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (parse(&id)?, &caller.user.sites);
    let attachments = &context.attachments;
    attachments.remove_photo(id, reach, caller.actor()).await?;
    ok(Message {
        message: "Photo deleted successfully".to_owned(),
    })
}
