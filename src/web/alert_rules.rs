//! `/api/alert-rules`: what makes alerts, and the rehearsal before it does.

use super::envelope::{
    Answer, Body, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told,
};
use super::envelope::{created, ok, page, parse_json};
use super::{Context, blocking};
use crate::alerts::{
    NewRule, Operator, Rehearsal, Rehearse, Rule, RuleWords, Schedule, Step, Template,
};
use crate::auth::{Caller, Permission};
use crate::base::{AlertRuleId, EquipmentId, Error, Level, Metric, Phase, Result};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(templates))
        .routes(routes!(rehearse))
        .routes(routes!(detail, change, delete))
}

/// A rule, and whether its alert is active.
#[derive(Debug, Serialize, ToSchema)]
struct AlertRuleShown {
    #[serde(flatten)]
    rule: Rule,
    /// What its equipment is called; `null` when that was deleted.
    equipment_name: Option<String>,
    /// The quantity, when it looks at one.
    metric: Option<Metric>,
    /// The conductor.
    phase: Option<Phase>,
    /// How it is compared, when it is with one number.
    operator: Option<Operator>,
    /// With what.
    threshold: Option<f64>,
    /// Whether its alert is active.
    active: bool,
    /// Its words, where they are still those of its template.
    #[serde(flatten)]
    words: RuleWords,
}

impl AlertRuleShown {
    fn of(context: &Context, rule: Rule) -> Self {
        let quantity = rule.condition.quantity();
        let comparison = rule.condition.comparison();
        let equipment = context.registry.get(rule.equipment_id);
        Self {
            equipment_name: equipment.ok().map(|equipment| equipment.name),
            metric: quantity.map(|(metric, _)| metric.clone()),
            phase: quantity.map(|(_, phase)| phase),
            operator: comparison.map(|(operator, _)| operator),
            threshold: comparison.map(|(_, threshold)| threshold),
            active: context.alerts.is_active(rule.id),
            words: RuleWords::of(&rule.name, &rule.condition, rule.note.as_deref()),
            rule,
        }
    }
}

/// What narrows the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of the name.
    search: Option<String>,
    /// Of this equipment.
    equipment_id: Option<String>,
    /// Whether they are at work.
    enabled: Option<bool>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 10 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
}

/// Templates that suit.
#[derive(Debug, Serialize, ToSchema)]
struct AlertTemplates {
    /// The templates, ready to be sent as rules.
    items: Vec<Template>,
}

/// A change of a rule: what is absent stays, `null` clears what may be empty. `metric`, `phase`,
/// `operator` and `threshold` replace the condition.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code)] // It is read as a map, so that absent and null differ; this is its document.
struct AlertRuleChange {
    /// The equipment whose alert it makes.
    equipment_id: Option<EquipmentId>,
    /// What people call it.
    name: Option<String>,
    /// The quantity.
    metric: Option<Metric>,
    /// The conductor.
    phase: Option<Phase>,
    /// How the value is compared.
    operator: Option<Operator>,
    /// With what.
    threshold: Option<f64>,
    /// Any other kind of condition.
    condition: Option<crate::alerts::Condition>,
    /// How urgent it is.
    level: Option<Level>,
    /// Further limits, each worse than the one before.
    steps: Option<Vec<Step>>,
    /// How far back the value must come.
    dead_band: Option<f64>,
    /// How long it must hold, s.
    on_delay_s: Option<u32>,
    /// How long it must be well, s.
    off_delay_s: Option<u32>,
    /// When the rule is in force.
    schedule: Option<Schedule>,
    /// Whether the alert stays until it is reset by hand.
    latched: Option<bool>,
    /// Whether it is evaluated.
    enabled: Option<bool>,
    /// Who looks after it.
    owner: Option<String>,
    /// What to do when it happens.
    note: Option<String>,
    /// A word for programs.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// The rules of the site, by name.
#[utoipa::path(get, path = "/alert-rules", operation_id = "list_alert_rules", tag = "alerts",
    params(ListQuery), responses((status = 200, body = Envelope<Page<AlertRuleShown>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<ListQuery>,
) -> Answer<Page<AlertRuleShown>> {
    caller.require(Permission::AlertsRead)?;
    let (alerts, site) = (Arc::clone(&context.alerts), caller.user.site.clone());
    let rules = blocking(move || alerts.rules(&site)).await?;
    let search = query.search.map(|text| text.trim().to_lowercase());
    let passes = |rule: &Rule| {
        let of = |id: &String| rule.equipment_id.to_string() == *id;
        search
            .as_ref()
            .is_none_or(|text| rule.name.to_lowercase().contains(text))
            && query.equipment_id.as_ref().is_none_or(of)
            && query.enabled.is_none_or(|enabled| rule.enabled == enabled)
    };
    let paging = Paging {
        page: query.page,
        page_size: query.page_size,
        limit: query.limit,
        offset: query.offset,
    };
    let cut = page(rules.into_iter().filter(passes).collect(), paging);
    let show = |rule: Rule| AlertRuleShown::of(&context, rule);
    ok(Page {
        items: cut.items.into_iter().map(show).collect(),
        total: cut.total,
        page: cut.page,
        page_size: cut.page_size,
        has_more: cut.has_more,
    })
}

/// Makes a rule; it is at work with the next reading.
#[utoipa::path(post, path = "/alert-rules", operation_id = "create_alert_rule", tag = "alerts",
    request_body = NewRule,
    responses(
        (status = 201, body = Envelope<AlertRuleShown>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn add(
    State(context): State<Context>,
    caller: Caller,
    Body(input): Body<NewRule>,
) -> Result<(StatusCode, Told<AlertRuleShown>), Failure> {
    caller.require(Permission::AlertRulesManage)?;
    let site = &caller.user.site;
    let rule = context
        .alerts
        .create_rule(input, site, caller.actor())
        .await?;
    created(AlertRuleShown::of(&context, rule))
}

/// Whose templates.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TemplateQuery {
    /// The equipment that is to be watched.
    equipment_id: Option<String>,
}

/// The rules that suit a piece of equipment, with numbers from what it is and measures.
#[utoipa::path(get, path = "/alert-rules/templates", operation_id = "list_alert_rule_templates",
    tag = "alerts", params(TemplateQuery),
    responses(
        (status = 200, body = Envelope<AlertTemplates>),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn templates(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<TemplateQuery>,
) -> Answer<AlertTemplates> {
    caller.require(Permission::AlertsRead)?;
    let id = query.equipment_id.unwrap_or_default();
    if id.is_empty() {
        return Err(Error::invalid("equipment_id", "Say for which equipment.").into());
    }
    let id: EquipmentId = id.parse().map_err(|_| Error::not_found("equipment", &id))?;
    ok(AlertTemplates {
        items: context.alerts.templates(&caller.user.site, id)?,
    })
}

/// What a rule would have done in the last days. Nothing is saved; who hangs up ends it.
#[utoipa::path(post, path = "/alert-rules/rehearse", operation_id = "rehearse_alert_rule",
    tag = "alerts", request_body = Rehearse,
    responses(
        (status = 200, body = Envelope<Rehearsal>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn rehearse(
    State(context): State<Context>,
    caller: Caller,
    Body(asked): Body<Rehearse>,
) -> Answer<Rehearsal> {
    caller.require(Permission::AlertRulesManage)?;
    // It reads a lot: one at a time, and the next one waits.
    let _one_at_a_time = context.rehearsing.lock().await;
    let stop = CancellationToken::new();
    let _ends_with_the_request = stop.clone().drop_guard();
    let (alerts, site) = (Arc::clone(&context.alerts), caller.user.site.clone());
    ok(blocking(move || alerts.rehearse(&site, asked, &stop)).await?)
}

/// One rule.
#[utoipa::path(get, path = "/alert-rules/{id}", operation_id = "get_alert_rule", tag = "alerts",
    params(("id" = String, Path, description = "Id of the rule")),
    responses(
        (status = 200, body = Envelope<AlertRuleShown>),
        (status = 404, description = "No such rule", body = Refusal),
    ))]
async fn detail(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<AlertRuleShown> {
    caller.require(Permission::AlertsRead)?;
    let rule = context.alerts.rule(&caller.user.site, id_of(&id)?)?;
    ok(AlertRuleShown::of(&context, rule))
}

/// Changes a rule; `enabled: false` lets it rest, and its alert ends.
#[utoipa::path(put, path = "/alert-rules/{id}", operation_id = "update_alert_rule", tag = "alerts",
    params(("id" = String, Path, description = "Id of the rule")), request_body = AlertRuleChange,
    responses(
        (status = 200, body = Envelope<AlertRuleShown>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such rule", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<serde_json::Map<String, serde_json::Value>>,
) -> Answer<AlertRuleShown> {
    caller.require(Permission::AlertRulesManage)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    let input = changed(&context.alerts.rule(site, id)?, change)?;
    let rule = context
        .alerts
        .update_rule(site, id, input, caller.actor())
        .await?;
    ok(AlertRuleShown::of(&context, rule))
}

/// A rule as it is to be said, from what was said and a change.
fn changed(rule: &Rule, change: serde_json::Map<String, serde_json::Value>) -> Result<NewRule> {
    let unreadable = |cause| Error::internal("The rule cannot be read.").because(cause);
    let mut said = serde_json::to_value(rule.said()).map_err(unreadable)?;
    let Some(object) = said.as_object_mut() else {
        return Err(Error::internal("The rule is no object."));
    };
    let short = ["metric", "phase", "operator", "threshold"];
    if short.iter().any(|name| change.contains_key(*name)) && !change.contains_key("condition") {
        // The rest of the short form is taken from the condition, where it is a threshold.
        let condition = object.insert("condition".to_owned(), serde_json::Value::Null);
        let of = condition.filter(|condition| condition["kind"] == "threshold");
        for name in short {
            if let Some(value) = of.as_ref().and_then(|condition| condition.get(name)) {
                object.insert(name.to_owned(), value.clone());
            }
        }
    }
    object.extend(change);
    let bytes = serde_json::to_vec(&said).map_err(unreadable)?;
    parse_json(&bytes)
}

/// Deletes a rule; its alert ends, its history stays.
#[utoipa::path(delete, path = "/alert-rules/{id}", operation_id = "delete_alert_rule",
    tag = "alerts", params(("id" = String, Path, description = "Id of the rule")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 404, description = "No such rule", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::AlertRulesManage)?;
    let (id, site) = (id_of(&id)?, &caller.user.site);
    context.alerts.delete_rule(site, id, caller.actor()).await?;
    ok(Message {
        message: "Alert rule deleted successfully".to_owned(),
    })
}

fn id_of(text: &str) -> Result<AlertRuleId> {
    text.parse()
        .map_err(|_| Error::not_found("alert rule", text))
}
