//! `/api/energy/enpi`: indicators, their baselines, adjustments and evaluation.

use super::energy_range::{RangeQuery, range_of};
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told,
};
use super::envelope::{created, ok, page};
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::{EnpiId, Error, Result, Timestamp};
use crate::energy::enpi::{
    Baseline, BaselineWarning, Enpi, EnpiStanding, Evaluation, FitQuality, NewAdjustment,
    NewBaseline, NewEnpi,
};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(detail, change, delete))
        .routes(routes!(adjust))
        .routes(routes!(unadjust))
        .routes(routes!(baselines, add_baseline))
        .routes(routes!(baseline))
        .routes(routes!(evaluation))
}

/// A baseline in a list: all but its periods.
#[derive(Debug, Serialize, ToSchema)]
struct BaselineHead {
    /// Its number, from 1.
    version: u32,
    /// First instant of its period.
    from: Timestamp,
    /// First instant after.
    to: Timestamp,
    /// Why this period.
    note: String,
    /// How good its model is.
    quality: FitQuality,
    /// What an auditor should know before he believes it.
    warnings: Vec<BaselineWarning>,
    /// SHA-256 over the periods that count.
    data_hash: String,
    /// Who made it.
    by: String,
    /// When it was made.
    at: Timestamp,
}

impl From<Baseline> for BaselineHead {
    fn from(baseline: Baseline) -> Self {
        Self {
            version: baseline.version,
            from: baseline.from,
            to: baseline.to,
            note: baseline.note,
            quality: baseline.model.quality,
            warnings: baseline.warnings,
            data_hash: baseline.data_hash,
            by: baseline.by,
            at: baseline.at,
        }
    }
}

/// The baselines of an indicator.
#[derive(Debug, Serialize, ToSchema)]
struct BaselineHeads {
    /// Newest first.
    items: Vec<BaselineHead>,
}

/// Which indicators, and what of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EnpiListQuery {
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
    /// Whether each says how it stands since the end of its newest baseline; that reads years.
    standing: Option<bool>,
}

/// An indicator of a list.
#[derive(Debug, Serialize, ToSchema)]
struct ListedEnpi {
    /// The indicator.
    #[serde(flatten)]
    enpi: Enpi,
    /// How it stands; `null` when that was not asked for, or there is nothing to stand beside.
    standing: Option<EnpiStanding>,
}

/// The indicators of the site, by name.
#[utoipa::path(get, path = "/energy/enpi", operation_id = "list_enpis", tag = "energy",
    params(EnpiListQuery), responses((status = 200, body = Envelope<Page<ListedEnpi>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<EnpiListQuery>,
) -> Answer<Page<ListedEnpi>> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site) = (Arc::clone(&context.enpis), context.site_of(&caller)?);
    let paging = Paging {
        page: query.page,
        page_size: query.page_size,
        limit: query.limit,
        offset: query.offset,
    };
    let asked = query.standing.unwrap_or(false);
    let work = move || {
        let all = page(enpis.all(&site.key)?, paging);
        // Only those of the page: each reads what was measured since its baseline.
        all.try_map(|enpi| {
            let standing = match asked {
                true => enpis.standing(&site, &enpi)?,
                false => None,
            };
            Ok(ListedEnpi { enpi, standing })
        })
    };
    ok(blocking(work).await?)
}

/// Makes an indicator.
#[utoipa::path(post, path = "/energy/enpi", operation_id = "create_enpi", tag = "energy",
    request_body = NewEnpi,
    responses(
        (status = 201, body = Envelope<Enpi>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Body(input): Body<NewEnpi>,
) -> Result<(StatusCode, Told<Enpi>), Failure> {
    caller.require(Permission::SettingsWrite)?;
    let site = &caller.user.site;
    created(context.enpis.create(input, site, caller.actor()).await?)
}

/// One indicator.
#[utoipa::path(get, path = "/energy/enpi/{id}", operation_id = "get_enpi", tag = "energy",
    params(("id" = String, Path, description = "Id of the indicator")),
    responses(
        (status = 200, body = Envelope<Enpi>),
        (status = 404, description = "No such indicator", body = Refusal),
    ))]
async fn detail(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Enpi> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site, id) = (
        Arc::clone(&context.enpis),
        caller.user.site.clone(),
        id_of(&id)?,
    );
    ok(blocking(move || enpis.one(&site, id)).await?)
}

/// Says an indicator anew; its baselines keep the recipe that they were made with.
#[utoipa::path(put, path = "/energy/enpi/{id}", operation_id = "update_enpi", tag = "energy",
    params(("id" = String, Path, description = "Id of the indicator")), request_body = NewEnpi,
    responses(
        (status = 200, body = Envelope<Enpi>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such indicator", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<NewEnpi>,
) -> Answer<Enpi> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    ok(context
        .enpis
        .update(site, id, input, caller.actor())
        .await?)
}

/// Deletes an indicator that has no baseline.
#[utoipa::path(delete, path = "/energy/enpi/{id}", operation_id = "delete_enpi", tag = "energy",
    params(("id" = String, Path, description = "Id of the indicator")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such indicator", body = Refusal),
        (status = 409, description = "It has a baseline", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    context.enpis.delete(site, id, caller.actor()).await?;
    ok(Message {
        message: "Indicator deleted".to_owned(),
    })
}

/// Enters energy that the baseline could not know of.
#[utoipa::path(post, path = "/energy/enpi/{id}/adjustments", operation_id = "adjust_enpi",
    tag = "energy", params(("id" = String, Path, description = "Id of the indicator")),
    request_body = NewAdjustment,
    responses(
        (status = 201, body = Envelope<Enpi>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such indicator", body = Refusal),
    ))]
async fn adjust(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<NewAdjustment>,
) -> Result<(StatusCode, Told<Enpi>), Failure> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    created(
        context
            .enpis
            .adjust(site, id, input, caller.actor())
            .await?,
    )
}

/// Takes an adjustment back; the audit log keeps it.
#[utoipa::path(delete, path = "/energy/enpi/{id}/adjustments/{number}",
    operation_id = "undo_enpi_adjustment", tag = "energy",
    params(
        ("id" = String, Path, description = "Id of the indicator"),
        ("number" = String, Path, description = "Number of the adjustment"),
    ),
    responses(
        (status = 200, body = Envelope<Enpi>),
        (status = 404, description = "No such indicator or adjustment", body = Refusal),
    ))]
async fn unadjust(
    State(context): State<Context>,
    caller: Caller,
    Path((id, number)): Path<(String, String)>,
) -> Answer<Enpi> {
    caller.require(Permission::SettingsWrite)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    let number = number_of("adjustment", &number)?;
    let done = context
        .enpis
        .undo_adjustment(site, id, number, caller.actor());
    ok(done.await?)
}

/// The baselines of an indicator.
#[utoipa::path(get, path = "/energy/enpi/{id}/baselines", operation_id = "list_enpi_baselines",
    tag = "energy", params(("id" = String, Path, description = "Id of the indicator")),
    responses(
        (status = 200, body = Envelope<BaselineHeads>),
        (status = 404, description = "No such indicator", body = Refusal),
    ))]
async fn baselines(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<BaselineHeads> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site, id) = (
        Arc::clone(&context.enpis),
        caller.user.site.clone(),
        id_of(&id)?,
    );
    let all = blocking(move || enpis.baselines(&site, id)).await?;
    ok(BaselineHeads {
        items: all.into_iter().rev().map(BaselineHead::from).collect(),
    })
}

/// Computes a baseline and, unless it is a preview, keeps it as the next version. None is ever
/// changed.
#[utoipa::path(post, path = "/energy/enpi/{id}/baselines", operation_id = "create_enpi_baseline",
    tag = "energy", params(("id" = String, Path, description = "Id of the indicator")),
    request_body = NewBaseline,
    responses(
        (status = 201, body = Envelope<Baseline>),
        (status = 400, description = "Every refused field, or too few periods", body = Refusal),
        (status = 404, description = "No such indicator", body = Refusal),
    ))]
async fn add_baseline(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<NewBaseline>,
) -> Result<(StatusCode, Told<Baseline>), Failure> {
    caller.require(Permission::SettingsWrite)?;
    let (enpis, site, id) = (
        Arc::clone(&context.enpis),
        context.site_of(&caller)?,
        id_of(&id)?,
    );
    let (key, preview) = (site.key.clone(), asked.preview);
    let drafted = blocking(move || enpis.drafted(&site, id, asked)).await?;
    if preview {
        return created(drafted);
    }
    let kept = context.enpis.keep_baseline(&key, drafted, caller.actor());
    created(kept.await?)
}

/// One baseline with its model and its periods.
#[utoipa::path(get, path = "/energy/enpi/{id}/baselines/{version}",
    operation_id = "get_enpi_baseline", tag = "energy",
    params(
        ("id" = String, Path, description = "Id of the indicator"),
        ("version" = String, Path, description = "Number of the baseline"),
    ),
    responses(
        (status = 200, body = Envelope<Baseline>),
        (status = 404, description = "No such indicator or baseline", body = Refusal),
    ))]
async fn baseline(
    State(context): State<Context>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
) -> Answer<Baseline> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site, id) = (
        Arc::clone(&context.enpis),
        caller.user.site.clone(),
        id_of(&id)?,
    );
    let version = number_of("baseline", &version)?;
    ok(blocking(move || enpis.baseline(&site, id, version)).await?)
}

/// What is evaluated.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EvaluationQuery {
    /// First instant, RFC 3339, or a date or time on the clock of the site.
    from: String,
    /// First instant after.
    to: String,
    /// Version of the baseline; the newest when absent.
    baseline: Option<u32>,
}

/// The periods of a range: what was measured, what the baseline expects, the difference and its
/// running sum, savings with their interval, and whether the plant drifts.
#[utoipa::path(get, path = "/energy/enpi/{id}/evaluation", operation_id = "evaluate_enpi",
    tag = "energy",
    params(("id" = String, Path, description = "Id of the indicator"), EvaluationQuery),
    responses(
        (status = 200, body = Envelope<Evaluation>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such indicator or baseline", body = Refusal),
    ))]
async fn evaluation(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<EvaluationQuery>,
) -> Answer<Evaluation> {
    caller.require(Permission::ReadingsRead)?;
    let (enpis, site, id) = (
        Arc::clone(&context.enpis),
        context.site_of(&caller)?,
        id_of(&id)?,
    );
    let bounds = RangeQuery::of(query.from, query.to);
    let range = range_of(&bounds, &site.calendar(), context.clock.now())?;
    ok(blocking(move || enpis.evaluate(&site, id, range, query.baseline)).await?)
}

fn id_of(text: &str) -> Result<EnpiId> {
    text.parse()
        .map_err(|_| Error::not_found("indicator", text))
}

fn number_of(what: &str, text: &str) -> Result<u32> {
    text.parse().map_err(|_| Error::not_found(what, text))
}
