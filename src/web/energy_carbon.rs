//! `/api/energy/carbon`: what the electricity of the site emits, and the factors behind it.

use super::dashboard::site_equipment;
use super::energy_range::{RangeQuery, range_of};
use super::envelope::{Answer, Body, Envelope, Failure, Params, Refusal, Told, created, ok};
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::Error;
use crate::base::time::BucketSize;
use crate::energy::{Carbon, CarbonFactors, NewCarbonFactors};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(emitted))
        .routes(routes!(factors, enter))
}

/// What is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CarbonQuery {
    /// First instant, RFC 3339, or a date or time on the clock of the site.
    from: String,
    /// First instant after.
    to: String,
    /// `daily` or `monthly`; `monthly` when absent.
    resolution: Option<String>,
}

/// All factors of a site.
#[derive(Debug, Serialize, ToSchema)]
struct CarbonFactorList {
    /// Newest first.
    items: Vec<CarbonFactors>,
}

/// What the counted meters of the site emitted: the energy of each hour times the newest factor
/// that holds, location and market based. Energy without a factor is told, not guessed.
#[utoipa::path(get, path = "/energy/carbon", operation_id = "get_carbon", tag = "energy",
    params(CarbonQuery),
    responses(
        (status = 200, body = Envelope<Carbon>),
        (status = 400, description = "A refused parameter", body = Refusal),
    ))]
async fn emitted(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<CarbonQuery>,
) -> Answer<Carbon> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let calendar = site.calendar();
    let range = range_of(
        &RangeQuery::of(query.from, query.to),
        &calendar,
        context.clock.now(),
    )?;
    let size = match query.resolution.as_deref() {
        None | Some("monthly") => BucketSize::Month,
        Some("daily") => BucketSize::Day,
        Some(_) => return Err(Error::invalid("resolution", "Use daily or monthly.").into()),
    };
    let meters = site_equipment(&context, &site.key);
    let book = Arc::clone(&context.carbon);
    ok(blocking(move || book.emitted((&site.key, &calendar), &meters, range, size)).await?)
}

/// The factors of the site.
#[utoipa::path(get, path = "/energy/carbon/factors", operation_id = "list_carbon_factors",
    tag = "energy", responses((status = 200, body = Envelope<CarbonFactorList>)))]
async fn factors(State(context): State<Context>, caller: Caller) -> Answer<CarbonFactorList> {
    caller.require(Permission::ReadingsRead)?;
    let (book, site) = (Arc::clone(&context.carbon), caller.user.site.clone());
    let mut items = blocking(move || book.factors(&site)).await?;
    items.reverse();
    ok(CarbonFactorList { items })
}

/// Enters factors as the next version; none is ever changed.
#[utoipa::path(post, path = "/energy/carbon/factors", operation_id = "enter_carbon_factors",
    tag = "energy", request_body = NewCarbonFactors,
    responses(
        (status = 201, body = Envelope<CarbonFactors>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn enter(
    State(context): State<Context>,
    caller: Caller,
    Body(said): Body<NewCarbonFactors>,
) -> Result<(StatusCode, Told<CarbonFactors>), Failure> {
    caller.require(Permission::SettingsWrite)?;
    let site = &caller.user.site;
    created(context.carbon.enter(site, said, caller.actor()).await?)
}
