//! What the objects of the audit log are called now, so that nobody reads bare ids. The log itself keeps
//! the id: a name may change, and what was deleted has none any more.

use super::super::Context;
use crate::alerts::{Condition, RuleWords};
use crate::auth::Reach;
use crate::reports::Sight;
use crate::store::audit::Entry;
use serde::Serialize;
use serde_json::Value;
use std::str::FromStr;
use utoipa::ToSchema;

/// The name of what an entry is about; `None` when it has none, or is there no more. Reads the disk.
pub fn name_of(context: &Context, entry: &Entry) -> Option<String> {
    let mut path = entry.resource.split('/');
    let (kind, id) = (path.next()?, path.next()?);
    match kind {
        "alert" => alert(context, id),
        "alert_rule" => at_a_site(context, entry, |site| {
            let rule = context.alerts.rule(site, read(id)?).ok();
            rule.map(|rule| rule.name)
        }),
        "enpi" => at_a_site(context, entry, |site| {
            let enpi = context.enpis.one(site, read(id)?).ok();
            enpi.map(|enpi| enpi.name)
        }),
        "energy_plan" => at_a_site(context, entry, |site| {
            let items = context.enpis.plan(site).ok()?;
            let item = items.into_iter().find(|item| Some(item.id) == read(id));
            item.map(|item| item.said.name)
        }),
        "tariff" => at_a_site(context, entry, |site| {
            let tariff = context.tariffs.get(site, read(id)?).ok();
            tariff.map(|tariff| tariff.name)
        }),
        "report" => at_a_site(context, entry, |site| report(context, site, id)),
        "cold_cell" | "cold_customer" | "cold_location" => cold(context, kind, id),
        _ => of_the_appliance(context, kind, id),
    }
}

fn read<T: FromStr>(id: &str) -> Option<T> {
    id.parse().ok()
}

/// Asks the sites that the entry names; every site for an entry that was written before entries did.
fn at_a_site<T>(context: &Context, entry: &Entry, ask: impl Fn(&str) -> Option<T>) -> Option<T> {
    if entry.sites.is_empty() {
        let sites = context.sites.all();
        return sites.iter().find_map(|site| ask(&site.key));
    }
    entry.sites.iter().find_map(|site| ask(site))
}

/// The name of an alert rule that nobody named, and what it was made of: what shows it can say it in the
/// language of who reads.
#[derive(Serialize, ToSchema)]
pub struct RuleByItself {
    /// The name, as the appliance makes it in English.
    name: String,
    /// What the rule looks at.
    condition: Condition,
    /// Which words its name is made of.
    #[serde(flatten)]
    words: RuleWords,
}

/// The rule that an entry is about, when its name was made by the appliance: as the entry says it, or
/// as it is now. Reads the disk.
pub fn rule_of(context: &Context, entry: &Entry) -> Option<RuleByItself> {
    let id = entry.resource.strip_prefix("alert_rule/")?;
    let told = entry.details.get("rule").and_then(told_rule);
    let told = told.or_else(|| told_rule(&entry.details));
    let (name, condition) = told.or_else(|| {
        at_a_site(context, entry, |site| {
            let rule = context.alerts.rule(site, read(id)?).ok()?;
            Some((rule.name, rule.condition))
        })
    })?;
    let words = RuleWords::of(&name, &condition, None);
    let itself = words.of_condition || words.name_code.is_some();
    itself.then_some(RuleByItself {
        name,
        condition,
        words,
    })
}

/// The name and the condition that an entry holds, after a change those of after it.
fn told_rule(details: &Value) -> Option<(String, Condition)> {
    let told = |field: &str| {
        let value = details.get(field)?;
        Some(value.get("after").unwrap_or(value))
    };
    let condition = serde_json::from_value(told("condition")?.clone()).ok()?;
    Some((told("name")?.as_str()?.to_owned(), condition))
}

/// An alert is called after what it is about.
fn alert(context: &Context, id: &str) -> Option<String> {
    let id = read(id)?;
    let site = context.alerts.site_of(id).ok()??;
    let (alert, _) = context.alerts.get(&site, id).ok()?;
    Some(alert.equipment_name)
}

fn report(context: &Context, site: &str, id: &str) -> Option<String> {
    let sight = Sight {
        site: site.to_owned(),
        reach: Reach::ALL,
        readings: true,
    };
    let report = context.reports.get(&sight, read(id)?).ok();
    report.map(|report| report.title)
}

fn cold(context: &Context, kind: &str, id: &str) -> Option<String> {
    let (rooms, all) = (&context.coldchain, Reach::ALL);
    match kind {
        "cold_cell" => rooms
            .cell(&all, read(id)?)
            .ok()
            .map(|c| c.said.name.clone()),
        "cold_customer" => rooms.customer(&all, read(id)?).ok().map(|c| c.name),
        _ => rooms.location(&all, read(id)?).ok().map(|l| l.name),
    }
}

fn of_the_appliance(context: &Context, kind: &str, id: &str) -> Option<String> {
    match kind {
        "equipment" => {
            let equipment = context.registry.get(read(id)?).ok();
            equipment.map(|equipment| equipment.name)
        }
        "device" => {
            let device = context.devices.get(read(id)?).ok();
            device.map(|device| device.name)
        }
        "user" => {
            let mut users = context.auth.users().into_iter();
            let user = users.find(|user| Some(user.id) == read(id));
            user.map(|user| user.name)
        }
        "kiosk" => {
            let mut kiosks = context.auth.kiosks().into_iter();
            let kiosk = kiosks.find(|kiosk| Some(kiosk.id) == read(id));
            kiosk.map(|kiosk| kiosk.name)
        }
        "api_token" => {
            let mut tokens = context.api_tokens.all().into_iter();
            let token = tokens.find(|token| Some(token.id) == read(id));
            token.map(|token| token.name)
        }
        "site" => {
            let mut sites = context.sites.all().into_iter();
            let site = sites.find(|site| Some(site.id) == read(id) || site.key == id);
            site.map(|site| site.name)
        }
        _ => None,
    }
}
