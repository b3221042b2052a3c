//! `/api/reports`: figures as documents, asked for, made, handed out.

use super::Context;
use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told, ok, page,
};
use super::stored::{SANDBOX, attachment, header};
use crate::auth::{Caller, Permission};
use crate::base::{Error, PaperId, Result};
use crate::reports::{
    Block, ColdPages as _, Document, Format, NewReport, Recomputed, Report, Scene, Sight, Span,
    Subject, TEMPLATES, draw, is_cold, template_about,
};
use crate::site::Site;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Width of the charts that the page draws, points.
const CHART_WIDTH: f32 = 680.0;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(templates))
        .routes(routes!(generate))
        .routes(routes!(list))
        .routes(routes!(show, delete))
        .routes(routes!(cancel))
        .routes(routes!(recompute))
        .routes(routes!(export))
}

/// A kind of report.
#[derive(Debug, Serialize, ToSchema)]
struct ReportTemplate {
    /// Its name in requests.
    id: String,
    /// Its title in each language: `en`, `fr`, `ar`.
    titles: BTreeMap<String, String>,
    /// What it holds, in each language.
    about: BTreeMap<String, String>,
    /// The period that it is usually of.
    span: Span,
}

/// The kinds of reports.
#[utoipa::path(get, path = "/reports/templates", operation_id = "list_report_templates",
    tag = "reports", responses((status = 200, body = Envelope<Vec<ReportTemplate>>)))]
async fn templates(caller: Caller) -> Answer<Vec<ReportTemplate>> {
    caller.require(Permission::ColdchainRead)?;
    let readings = caller.require(Permission::ReadingsRead).is_ok();
    let shown = TEMPLATES.iter().filter(|one| readings || is_cold(one.id));
    let shown = shown.map(|template| ReportTemplate {
        id: template.id.to_owned(),
        titles: template_about("title", template.id),
        about: template_about("about", template.id),
        span: template.span,
    });
    ok(shown.collect())
}

/// Asks for a report; it is made when its turn has come. See its `state` and `progress`.
#[utoipa::path(post, path = "/reports/generate", operation_id = "generate_report", tag = "reports",
    request_body = NewReport,
    responses(
        (status = 202, body = Envelope<Report>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 409, description = "Too many wait", body = Refusal),
    ))]
async fn generate(
    State(context): State<Context>,
    caller: Caller,
    Body(asked): Body<NewReport>,
) -> Result<(StatusCode, Told<Report>), Failure> {
    caller.require(Permission::ReportsManage)?;
    let site = site_about(&context, &caller, &asked.template, asked.about)?;
    let report = context
        .reports
        .generate(asked, &site, caller.actor())
        .await?;
    ok(report).map(|json| (StatusCode::ACCEPTED, json))
}

/// The reports of the site, the newest first.
#[utoipa::path(get, path = "/reports/list", operation_id = "list_reports", tag = "reports",
    params(Paging), responses((status = 200, body = Envelope<Page<Report>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Answer<Page<Report>> {
    caller.require(Permission::ColdchainRead)?;
    let (reports, sight) = (context.reports.clone(), sight_of(&caller));
    let all = super::blocking(move || reports.list(&sight)).await?;
    ok(page(all, paging))
}

/// A report with its figures.
#[derive(Debug, Serialize, ToSchema)]
struct ReportShown {
    /// What was asked for, and how it stands.
    report: Report,
    /// The figures; `null` until it is made.
    document: Option<Document>,
    /// Its charts as shapes, by the number of the section and of the block in it: `0/1`.
    drawings: BTreeMap<String, Scene>,
}

/// A report: how far it is, or its figures.
#[utoipa::path(get, path = "/reports/{id}", operation_id = "get_report", tag = "reports",
    params(("id" = String, Path, description = "Id of the report")),
    responses(
        (status = 200, body = Envelope<ReportShown>),
        (status = 404, description = "No such report", body = Refusal),
    ))]
async fn show(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<ReportShown> {
    caller.require(Permission::ColdchainRead)?;
    let report = one(&context, &caller, &id).await?;
    let reports = context.reports.clone();
    let shown = super::blocking(move || {
        let made = report.data_hash.is_some();
        let document = made.then(|| reports.document(&report)).transpose()?;
        let drawings = document.as_ref().map(drawings).unwrap_or_default();
        Ok(ReportShown {
            report,
            document,
            drawings,
        })
    });
    ok(shown.await?)
}

fn drawings(document: &Document) -> BTreeMap<String, Scene> {
    let mut drawings = BTreeMap::new();
    for (s, section) in document.sections.iter().enumerate() {
        for (b, block) in section.blocks.iter().enumerate() {
            if let Block::Chart(chart) = block {
                let scene = draw(chart, CHART_WIDTH, document.language);
                drawings.insert(format!("{s}/{b}"), scene);
            }
        }
    }
    drawings
}

async fn one(context: &Context, caller: &Caller, id: &str) -> Result<Report> {
    let absent = || Error::not_found("report", id);
    let number: PaperId = id.parse().map_err(|_| absent())?;
    let (reports, sight) = (context.reports.clone(), sight_of(caller));
    super::blocking(move || reports.get(&sight, number)).await
}

/// Which reports the caller may see: those of his site, and those of the cold cells that he reaches.
fn sight_of(caller: &Caller) -> Sight {
    Sight {
        site: caller.user.site.clone(),
        reach: caller.user.sites.clone(),
        readings: caller.require(Permission::ReadingsRead).is_ok(),
    }
}

/// The site that a report is of: that of the cell or customer that it is about, else the caller's.
pub(super) fn site_about(
    context: &Context,
    caller: &Caller,
    template: &str,
    about: Subject,
) -> Result<Site> {
    if !is_cold(template) || about.is_nothing() {
        return context.site_of(caller);
    }
    let key = context.coldchain.site_of(&caller.user.sites, about)?;
    let site = context.sites.by_key(&key);
    site.ok_or_else(|| Error::not_found("site", key))
}

/// Deletes a report.
#[utoipa::path(delete, path = "/reports/{id}", operation_id = "delete_report", tag = "reports",
    params(("id" = String, Path, description = "Id of the report")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such report", body = Refusal),
        (status = 409, description = "It waits or is being made", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::ReportsManage)?;
    let report = one(&context, &caller, &id).await?;
    context.reports.delete(report, caller.actor()).await?;
    ok(Message {
        message: "The report is deleted.".to_owned(),
    })
}

/// Ends a report that waits or is being made.
#[utoipa::path(post, path = "/reports/{id}/cancel", operation_id = "cancel_report", tag = "reports",
    params(("id" = String, Path, description = "Id of the report")),
    responses(
        (status = 200, body = Envelope<Report>),
        (status = 404, description = "No such report", body = Refusal),
        (status = 409, description = "It is over", body = Refusal),
    ))]
async fn cancel(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Report> {
    caller.require(Permission::ReportsManage)?;
    let report = one(&context, &caller, &id).await?;
    ok(context.reports.cancel(report, caller.actor()).await?)
}

/// Makes a report again from its recipe, and says whether its data are the same and what is
/// different. Nothing is changed.
#[utoipa::path(post, path = "/reports/{id}/recompute", operation_id = "recompute_report",
    tag = "reports", params(("id" = String, Path, description = "Id of the report")),
    responses(
        (status = 200, body = Envelope<Recomputed>),
        (status = 404, description = "No such report", body = Refusal),
        (status = 409, description = "It is not made", body = Refusal),
    ))]
async fn recompute(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Recomputed> {
    caller.require(Permission::ReportsManage)?;
    let report = one(&context, &caller, &id).await?;
    ok(context.reports.recompute(report).await?)
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportExportQuery {
    /// `pdf` (the default), `xlsx`, `csv` or `html`.
    format: Option<String>,
}

/// A report as a file.
#[utoipa::path(get, path = "/reports/export/{id}", operation_id = "export_report", tag = "reports",
    params(("id" = String, Path, description = "Id of the report"), ReportExportQuery),
    responses(
        (status = 200, description = "The file", content((Vec<u8> = "application/pdf"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (String = "text/csv"), (String = "text/html"))),
        (status = 400, description = "No such form, or too long for it", body = Refusal),
        (status = 404, description = "No such report", body = Refusal),
        (status = 409, description = "It is not made", body = Refusal),
    ))]
async fn export(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<ReportExportQuery>,
) -> Result<Response, Failure> {
    caller.require(Permission::ColdchainRead)?;
    let format = Format::named(query.format.as_deref().unwrap_or("pdf"))?;
    let report = one(&context, &caller, &id).await?;
    let reports = context.reports.clone();
    let written = super::blocking(move || reports.export(&report, format)).await?;
    let headers = [
        (CONTENT_TYPE, header(format.media_type())?),
        (CONTENT_DISPOSITION, header(&attachment(&written.name))?),
        (CONTENT_SECURITY_POLICY, SANDBOX),
    ];
    Ok((headers, written.bytes).into_response())
}
