//! *pure* — what people set up, written as a file.

use super::{Blueprint, FORMAT};
use crate::base::{Error, Result};
use serde::Serialize;
use serde_json::Value as Json;
use std::fmt::Display;
use toml::{Table, Value};

/// What stands above everything.
const HEAD: &str = "\
# The configuration of an Indusmind appliance: sites, own profiles, equipment, alert rules, tariffs and
# users. No readings, photos, passwords or keys are in it: it is no backup. Put it in with
#   indusmind config import FILE
# or on the page. What is named here is added or changed; what is not named stays as it is.
";

/// The file, the same for the same content.
///
/// # Errors
/// When something in it cannot be written as TOML.
pub fn write(blueprint: &Blueprint, made_by: &str) -> Result<String> {
    let mut text = format!("{HEAD}\nformat = {FORMAT}\nmade_by = {made_by:?}\n");
    for site in &blueprint.sites {
        push(&mut text, "site", table(site)?)?;
    }
    for logo in &blueprint.logos {
        push(&mut text, "logo", table(logo)?)?;
    }
    for profile in &blueprint.profiles {
        push(&mut text, "profile", table(profile)?)?;
    }
    for (id, site, said) in &blueprint.equipment {
        push(&mut text, "equipment", named(id, site, said)?)?;
    }
    for (id, site, said) in &blueprint.rules {
        push(&mut text, "alert_rule", named(id, site, said)?)?;
    }
    for tariff in &blueprint.tariffs {
        push(&mut text, "tariff", table(tariff)?)?;
    }
    for user in &blueprint.users {
        push(&mut text, "user", table(user)?)?;
    }
    Ok(text)
}

fn unwritable(cause: impl Display) -> Error {
    Error::internal(format!("The configuration cannot be written: {cause}."))
}

fn push(text: &mut String, kind: &str, entry: Table) -> Result<()> {
    let whole = Table::from_iter([(kind.to_owned(), Value::Array(vec![Value::Table(entry)]))]);
    text.push('\n');
    text.push_str(&toml::to_string(&whole).map_err(unwritable)?);
    Ok(())
}

fn named(id: &impl Display, site: &str, said: &impl Serialize) -> Result<Table> {
    let mut entry = table(said)?;
    entry.insert("id".to_owned(), Value::String(id.to_string()));
    entry.insert("site".to_owned(), Value::String(site.to_owned()));
    Ok(entry)
}

/// By way of JSON, which has a word for nothing; TOML leaves it out.
fn table(entry: &impl Serialize) -> Result<Table> {
    let mut json = serde_json::to_value(entry).map_err(unwritable)?;
    take_nothing_out(&mut json);
    Table::try_from(json).map_err(unwritable)
}

/// Takes out what is nothing.
fn take_nothing_out(json: &mut Json) {
    match json {
        Json::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(take_nothing_out);
        }
        Json::Array(items) => {
            items.retain(|value| !value.is_null());
            items.iter_mut().for_each(take_nothing_out);
        }
        _ => {}
    }
}
