//! `/api/api-tokens`: how programs get in.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told,
};
use super::envelope::{created, ok, page};
use crate::auth::{ApiToken, Caller, MadeApiToken, NewApiToken, Permission};
use crate::base::Error;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(delete))
}

/// The API tokens, without their secrets.
#[utoipa::path(get, path = "/api-tokens", operation_id = "list_api_tokens", tag = "api tokens",
    params(Paging), responses((status = 200, body = Envelope<Page<ApiToken>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<ApiToken>> {
    caller.require(Permission::TokensManage)?;
    let mut all = context.api_tokens.all();
    all.retain(|token| caller.user.sites.sees(&token.site));
    ok(page(all, paging))
}

/// Makes an API token. Its secret is in this answer and never again.
#[utoipa::path(post, path = "/api-tokens", operation_id = "create_api_token", tag = "api tokens",
    request_body = NewApiToken,
    responses(
        (status = 201, body = Envelope<MadeApiToken>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn make(
    State(context): State<Context>,
    caller: Caller,
    Body(new): Body<NewApiToken>,
) -> Result<(StatusCode, Told<MadeApiToken>), Failure> {
    caller.require(Permission::TokensManage)?;
    let site = new.site.clone().unwrap_or_else(|| caller.user.site.clone());
    if context.sites.by_key(&site).is_none() || !caller.user.sites.sees(&site) {
        return Err(Error::invalid("site", format!("There is no site {site}.")).into());
    }
    let made = context.api_tokens.create(new, &site, &caller);
    created(made.await?)
}

/// Deletes an API token; it is worth nothing from now on.
#[utoipa::path(delete, path = "/api-tokens/{id}", operation_id = "delete_api_token",
    tag = "api tokens", params(("id" = String, Path, description = "Id of the token")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such token", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::TokensManage)?;
    let token = id.parse().map_err(|_| Error::not_found("API token", &id))?;
    let all = context.api_tokens.all();
    let his = |known: &&ApiToken| known.id == token && caller.user.sites.sees(&known.site);
    if all.iter().find(his).is_none() {
        return Err(Error::not_found("API token", &id).into());
    }
    context.api_tokens.delete(token, caller.actor()).await?;
    ok(Message {
        message: "API token deleted successfully".to_owned(),
    })
}
