//! `/api/energy/production`: what was produced, by form and by file.

use super::energy_range::{RangeQuery, range_of};
use super::envelope::{
    Answer, Body, Envelope, Message, NotWhole, Page, Paging, Params, Refusal, Whole,
};
use super::envelope::{ok, page};
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Timestamp};
use crate::energy::enpi::{Entry, ProductionReport};
use crate::exchange::{Directory, production_table};
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, bring, forget))
        .routes(routes!(import))
}

/// Entries that are brought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProduction {
    /// The entries, 1200 at most.
    entries: Vec<Entry>,
}

/// What narrows the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ProductionQuery {
    /// First instant, RFC 3339, or a date or time on the clock of the site.
    from: String,
    /// First instant after.
    to: String,
    /// Of this product.
    product: Option<String>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
}

/// Which entry.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WhichEntry {
    /// Its product.
    product: String,
    /// Its machine, if it names one.
    equipment_id: Option<String>,
    /// Its beginning.
    from: String,
}

/// The entries of the site that touch a range, in order of time.
#[utoipa::path(get, path = "/energy/production", operation_id = "list_production",
    tag = "energy", params(ProductionQuery),
    responses(
        (status = 200, body = Envelope<Page<Entry>>),
        (status = 400, description = "A refused parameter", body = Refusal),
    ))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<ProductionQuery>,
) -> Answer<Page<Entry>> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site) = (Arc::clone(&context.enpis), context.site_of(&caller)?);
    let bounds = RangeQuery::of(query.from, query.to);
    let range = range_of(&bounds, &site.calendar(), context.clock.now())?;
    let product = query.product;
    let all = move || enpis.production(&site.key, product.as_deref(), range);
    let paging = Paging {
        page: query.page,
        page_size: query.page_size,
        ..Paging::default()
    };
    ok(page(blocking(all).await?, paging))
}

/// Takes entries. One that is there with the same figures changes nothing, one with other figures
/// is replaced; those that cannot be taken are named, and the others are stored.
#[utoipa::path(post, path = "/energy/production", operation_id = "enter_production",
    tag = "energy", request_body = NewProduction,
    responses(
        (status = 200, body = Envelope<ProductionReport>),
        (status = 400, description = "No list of entries", body = Refusal),
    ))]
async fn bring(
    State(context): State<Context>,
    caller: Caller,
    Body(input): Body<NewProduction>,
) -> Answer<ProductionReport> {
    caller.require(Permission::SettingsWrite)?;
    let entries = (1..).zip(input.entries).collect();
    let site = &caller.user.site;
    let done = context
        .enpis
        .bring(site, entries, Vec::new(), caller.actor());
    ok(done.await?)
}

/// As entering them one by one, from a table: CSV with the columns `product`, `from`, `to`,
/// `quantity`, and if you like `unit`, `equipment` (id, name or serial number), `note`. Times
/// without an offset are on the clock of the site.
#[utoipa::path(post, path = "/energy/production/import", operation_id = "import_production",
    tag = "energy", request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = Envelope<ProductionReport>),
        (status = 400, description = "The text is no such table", body = Refusal),
    ))]
async fn import(
    State(context): State<Context>,
    caller: Caller,
    text: std::result::Result<Whole, NotWhole>,
) -> Answer<ProductionReport> {
    caller.require(Permission::SettingsWrite)?;
    let Whole(text) = text.map_err(|why| why.refuse("The table is larger than 1 MB. Split it."))?;
    let site = context.site_of(&caller)?;
    let equipment = context.registry.all();
    let own = equipment.iter().filter(|e| e.site == site.key);
    let rows = production_table::rows(&text, &site.calendar(), &Directory::of(own))?;
    let done = context
        .enpis
        .bring(&site.key, rows.entries, rows.refused, caller.actor());
    ok(done.await?)
}

/// Deletes an entry.
#[utoipa::path(delete, path = "/energy/production", operation_id = "delete_production",
    tag = "energy", params(WhichEntry),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such entry", body = Refusal),
    ))]
async fn forget(
    State(context): State<Context>,
    caller: Caller,
    Params(which): Params<WhichEntry>,
) -> Answer<Message> {
    caller.require(Permission::SettingsWrite)?;
    let site = context.site_of(&caller)?;
    let absent = |_| Error::not_found("production entry", &which.from);
    let equipment = which
        .equipment_id
        .as_ref()
        .map(|id| id.parse().map_err(absent));
    let from = site
        .calendar()
        .instant(&which.from.trim().replace(' ', "+"));
    let from: Timestamp = from.ok_or_else(|| Error::not_found("production entry", &which.from))?;
    let entry = (which.product.clone(), equipment.transpose()?, from);
    context
        .enpis
        .forget_production(&site.key, entry, caller.actor())
        .await?;
    ok(Message {
        message: "Production entry deleted".to_owned(),
    })
}
