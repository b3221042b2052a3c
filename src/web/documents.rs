//! `/api/equipment/{id}/documents`: manuals, plans and tables that people keep with equipment.
//!
//! Promises: a document is answered as taken when it is on disk with its record; it is given back
//! to be saved, under the type that its content has, and can do nothing when it is opened
//! instead. Will not do: look into a document further than its kind asks for.

use super::Context;
use super::envelope::{
    Answer, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told, ok, page,
};
use super::equipment::parse;
use super::stored::{SANDBOX, attachment, content, header};
use super::upload::{self, body_max};
use crate::auth::{Caller, Permission};
use crate::base::{DocumentId, Error, Result, Timestamp};
use crate::equipment::{DOCUMENT_MAX, Document, FileKind};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Content type of a document that is packed already.
pub const PDF: &str = FileKind::Pdf.media_type();

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .layer(DefaultBodyLimit::max(body_max(DOCUMENT_MAX)))
        .routes(routes!(download, delete))
}

/// A document on its way in.
#[derive(ToSchema)]
#[allow(dead_code)] // describes the form
struct DocumentForm {
    /// PDF, PNG, JPG, TXT, CSV or XLSX, at most 20 MB, with its name. The field may also be
    /// called `document`.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A document of equipment.
#[derive(Serialize, ToSchema)]
struct DocumentAnswer {
    /// Its id.
    id: DocumentId,
    /// Its name.
    name: String,
    /// What it is.
    #[serde(rename = "type")]
    kind: FileKind,
    /// Its size, bytes.
    bytes: u64,
    /// SHA-256 of its content, hexadecimal.
    sha256: String,
    /// Its address.
    url: String,
    /// Who sent it.
    uploaded_by: String,
    /// When.
    uploaded_at: Timestamp,
}

impl From<Document> for DocumentAnswer {
    fn from(document: Document) -> Self {
        let Document { id, equipment, .. } = document;
        Self {
            id,
            name: document.name,
            kind: document.kind,
            bytes: document.bytes,
            sha256: document.hash.to_string(),
            url: format!("/api/equipment/{equipment}/documents/{id}"),
            uploaded_by: document.uploaded_by,
            uploaded_at: document.uploaded_at,
        }
    }
}

/// The documents of equipment, oldest first.
#[utoipa::path(get, path = "/equipment/{id}/documents", operation_id = "list_documents",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment"), Paging),
    responses(
        (status = 200, body = Envelope<Page<DocumentAnswer>>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(paging): Params<Paging>,
) -> Answer<Page<DocumentAnswer>> {
    caller.require(Permission::EquipmentRead)?;
    let (id, reach) = (parse(&id)?, caller.user.sites);
    let all = super::blocking(move || context.attachments.documents(id, &reach)).await?;
    ok(page(all.into_iter().map(Into::into).collect(), paging))
}

/// Adds a document to equipment: a form with one file, whose name and content agree. The same
/// file under the same name is there once: it is answered with 200.
#[utoipa::path(post, path = "/equipment/{id}/documents", operation_id = "add_document",
    tag = "equipment", params(("id" = String, Path, description = "Id of the equipment")),
    request_body(content = DocumentForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "It was there already", body = Envelope<DocumentAnswer>),
        (status = 201, body = Envelope<DocumentAnswer>),
        (status = 400, description = "No file, or its content is not what its name says",
            body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
        (status = 409, description = "It has 50 documents", body = Refusal),
        (status = 413, description = "More than 20 MB", body = Refusal),
        (status = 415, description = "A kind that is not kept", body = Refusal),
        (status = 503, description = "The disk is full or refuses", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<(StatusCode, Told<DocumentAnswer>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, reach) = (parse(&id)?, &caller.user.sites);
    context.attachments.equipment(id, reach)?;
    let sent = upload::receive(&context, request, &["file", "document"], DOCUMENT_MAX).await?;
    let attachments = &context.attachments;
    let (document, is_new) = attachments
        .add_document(id, reach, &sent.name, sent.content, caller.actor())
        .await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, ok(document.into())?))
}

/// A document, to be saved.
#[utoipa::path(get, path = "/equipment/{id}/documents/{document}",
    operation_id = "download_document", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment"),
        ("document" = String, Path, description = "Id of the document")),
    responses(
        (status = 200, description = "The file", content((Vec<u8> = "application/pdf"),
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (String = "text/plain"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 404, description = "No such equipment or document", body = Refusal),
    ))]
async fn download(
    State(context): State<Context>,
    caller: Caller,
    Path((id, document)): Path<(String, String)>,
) -> Result<Response, Failure> {
    caller.require(Permission::EquipmentRead)?;
    let (id, document, reach) = (parse(&id)?, parse_document(&document)?, caller.user.sites);
    let asked = context.clone();
    let find = move || asked.attachments.document(id, &reach, document);
    let found = super::blocking(find).await?;
    let body = content(&context, found.hash).await?;
    let kind = HeaderValue::from_static(found.kind.media_type());
    let head = [
        (CONTENT_TYPE, kind),
        (CONTENT_DISPOSITION, header(&attachment(&found.name))?),
        (CONTENT_SECURITY_POLICY, SANDBOX),
    ];
    Ok((head, body).into_response())
}

/// Takes a document away.
#[utoipa::path(delete, path = "/equipment/{id}/documents/{document}",
    operation_id = "delete_document", tag = "equipment",
    params(("id" = String, Path, description = "Id of the equipment"),
        ("document" = String, Path, description = "Id of the document")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such equipment or document", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path((id, document)): Path<(String, String)>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let (id, document) = (parse(&id)?, parse_document(&document)?);
    let (reach, attachments) = (&caller.user.sites, &context.attachments);
    let actor = caller.actor();
    attachments
        .remove_document(id, reach, document, actor)
        .await?;
    ok(Message {
        message: "Document deleted successfully".to_owned(),
    })
}

fn parse_document(id: &str) -> Result<DocumentId> {
    id.parse().map_err(|_| Error::not_found("document", id))
}
