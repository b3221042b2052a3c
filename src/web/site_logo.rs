//! `/api/sites/{id}/logo`: the logo that stands on the reports of a site.

use super::Context;
use super::blocking;
use super::envelope::{Answer, Envelope, Failure, Refusal, ok};
use super::stored::{SANDBOX, header, is_held};
use super::upload::{self, body_max};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Result};
use crate::site::{LOGO_MAX, Logo, Site};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Asked for again each time: whoever lost his right to see it, sees it no more.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(show_logo, set_logo, delete_logo))
        .layer(DefaultBodyLimit::max(body_max(LOGO_MAX)))
}

/// A logo on its way in.
#[derive(ToSchema)]
#[allow(dead_code)] // describes the form
struct LogoForm {
    /// PNG or JPG, at most 2 MB and 8 megapixels. The field may also be called `file`.
    #[schema(value_type = String, format = Binary)]
    logo: Vec<u8>,
}

/// The logo of a site, as it was packed anew.
#[utoipa::path(get, path = "/sites/{id}/logo", operation_id = "show_site_logo", tag = "sites",
    params(("id" = String, Path, description = "Id of the site")),
    responses(
        (status = 200, description = "The logo", body = Vec<u8>, content_type = "image/png"),
        (status = 304, description = "It is the one that If-None-Match names"),
        (status = 404, description = "No such site, or it has no logo", body = Refusal),
    ))]
async fn show_logo(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    caller.require(Permission::ReadingsRead)?;
    let site = site_of(&context, &caller, &id)?;
    let none = || Error::not_found("logo of site", &id);
    let tag = format!("\"{}\"", site.logo.as_ref().ok_or_else(none)?);
    let head = [(CACHE_CONTROL, PRIVATE), (ETAG, header(&tag)?)];
    if is_held(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let sites = Arc::clone(&context.sites);
    let logo = blocking(move || sites.logo(site.id))
        .await?
        .ok_or_else(none)?;
    let shown = [
        (CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (CONTENT_SECURITY_POLICY, SANDBOX),
    ];
    Ok((head, shown, logo.png).into_response())
}

/// Gives a site a logo, in place of the one it has: a form with one file, told by its content. It
/// is made as small as paper needs and packed anew.
#[utoipa::path(post, path = "/sites/{id}/logo", operation_id = "set_site_logo", tag = "sites",
    params(("id" = String, Path, description = "Id of the site")),
    request_body(content = LogoForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Envelope<Site>),
        (status = 400, description = "No file, a damaged one, or too many pixels", body = Refusal),
        (status = 404, description = "No such site", body = Refusal),
        (status = 413, description = "More than 2 MB", body = Refusal),
        (status = 415, description = "Neither PNG nor JPG", body = Refusal),
    ))]
async fn set_logo(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Answer<Site> {
    caller.require(Permission::SettingsWrite)?;
    let site = site_of(&context, &caller, &id)?;
    let upload = upload::receive(&context, request, &["logo", "file"], LOGO_MAX).await?;
    let content = upload.content.clone();
    let logo = blocking(move || Logo::from_file(&content)).await?;
    let sites = &context.sites;
    let site = sites.set_logo(site.id, Some(logo), caller.actor()).await?;
    context.live.tell_registry();
    ok(site)
}

/// Takes the logo away.
#[utoipa::path(delete, path = "/sites/{id}/logo", operation_id = "delete_site_logo", tag = "sites",
    params(("id" = String, Path, description = "Id of the site")),
    responses(
        (status = 200, body = Envelope<Site>),
        (status = 404, description = "No such site, or it has no logo", body = Refusal),
    ))]
async fn delete_logo(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Site> {
    caller.require(Permission::SettingsWrite)?;
    let site = site_of(&context, &caller, &id)?;
    let sites = &context.sites;
    let site = sites.set_logo(site.id, None, caller.actor()).await?;
    context.live.tell_registry();
    ok(site)
}

/// A site that somebody reaches.
fn site_of(context: &Context, caller: &Caller, id: &str) -> Result<Site> {
    let none = || Error::not_found("site", id);
    let wanted = id.parse().map_err(|_| none())?;
    let mut all = context.sites.all().into_iter();
    let his = all.find(|site| site.id == wanted && caller.user.sites.sees(&site.key));
    his.ok_or_else(none)
}
