//! *pure* — a file, read into what people set up.

use super::{Blueprint, FILE_MAX, FORMAT};
use crate::base::error::Checks;
use crate::base::{Error, Result};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// The kinds of entries there are.
const KINDS: [&str; 7] = [
    "site",
    "logo",
    "profile",
    "equipment",
    "alert_rule",
    "tariff",
    "user",
];

/// Reads a file.
///
/// # Errors
/// When it is no TOML, with line and column; every entry that is not understood, with its line.
pub fn read(text: &str) -> Result<Blueprint> {
    if text.len() > FILE_MAX {
        return Err(Error::invalid("file", "A configuration has 16 MB at most."));
    }
    let mut whole: Table = toml::from_str(text).map_err(|cause: toml::de::Error| {
        let place = cause.span().map_or_else(String::new, |span| {
            let before = &text[..span.start.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("Line {line}, column {column}: ")
        });
        Error::invalid("file", format!("{place}{}", cause.message()))
    })?;
    match whole.remove("format") {
        Some(Value::Integer(FORMAT)) => {}
        Some(_) => {
            let sentence = "This configuration is of a newer kind. Update this appliance first.";
            return Err(Error::invalid("format", sentence));
        }
        None => {
            let sentence = "This is no configuration of Indusmind: it begins with format = 1.";
            return Err(Error::invalid("format", sentence));
        }
    }
    let mut checks = Checks::default();
    for key in whole
        .keys()
        .filter(|key| !KINDS.contains(&key.as_str()) && *key != "made_by")
    {
        let sentence = format!("There are {} here, and no other entries.", KINDS.join(", "));
        checks.refuse(key, sentence);
    }
    let lines = lines(text);
    let mut reader = Reader {
        whole,
        lines: &lines,
        checks,
    };
    let (sites, logos) = (reader.plain("site"), reader.plain("logo"));
    let profiles = reader.plain("profile");
    let (tariffs, users) = (reader.plain("tariff"), reader.plain("user"));
    let (equipment, rules) = (reader.named("equipment"), reader.named("alert_rule"));
    reader.checks.finish()?;
    Ok(Blueprint {
        sites,
        logos,
        profiles,
        equipment,
        rules,
        tariffs,
        users,
        lines,
    })
}

/// In which line each entry begins, as far as entries begin with a line `[[kind]]`.
fn lines(text: &str) -> BTreeMap<String, usize> {
    let (mut lines, mut counts) = (BTreeMap::new(), BTreeMap::new());
    for (at, line) in text.lines().enumerate() {
        let name = line.trim().strip_prefix("[[");
        let name = name.and_then(|rest| rest.split("]]").next());
        let Some(kind) = name.filter(|name| KINDS.contains(name)) else {
            continue;
        };
        let count = counts.entry(kind.to_owned()).or_insert(0_usize);
        lines.insert(format!("{kind}.{count}"), at + 1);
        *count += 1;
    }
    lines
}

struct Reader<'r> {
    whole: Table,
    lines: &'r BTreeMap<String, usize>,
    checks: Checks,
}

impl Reader<'_> {
    /// The entries of a kind, each a table.
    fn entries(&mut self, kind: &str) -> Vec<(String, Value)> {
        let found = match self.whole.remove(kind) {
            None => Vec::new(),
            Some(Value::Array(found)) => found,
            Some(_) => {
                let sentence = format!("Write each one below a line [[{kind}]].");
                self.checks.refuse(kind, sentence);
                Vec::new()
            }
        };
        let placed = found.into_iter().enumerate();
        placed
            .map(|(number, entry)| (format!("{kind}.{number}"), entry))
            .collect()
    }

    fn plain<T: DeserializeOwned>(&mut self, kind: &str) -> Vec<T> {
        let entries = self.entries(kind);
        let read = entries
            .into_iter()
            .filter_map(|(place, entry)| self.one(&place, entry));
        read.collect()
    }

    /// Entries with an id and the key of their site beside what is said.
    fn named<I, T>(&mut self, kind: &str) -> Vec<(I, String, T)>
    where
        I: DeserializeOwned,
        T: DeserializeOwned,
    {
        let mut read = Vec::new();
        for (place, mut entry) in self.entries(kind) {
            let mut key = |name: &str| {
                let taken = entry.as_table_mut().and_then(|table| table.remove(name));
                taken.unwrap_or_else(|| Value::String(String::new()))
            };
            let (id, site) = (key("id"), key("site"));
            let id = self.one(&format!("{place}.id"), id);
            let site = self.one(&format!("{place}.site"), site);
            let said = self.one(&place, entry);
            if let (Some(id), Some(site), Some(said)) = (id, site, said) {
                read.push((id, site, said));
            }
        }
        read
    }

    fn one<T: DeserializeOwned>(&mut self, place: &str, entry: Value) -> Option<T> {
        match serde_path_to_error::deserialize(entry) {
            Ok(read) => Some(read),
            Err(error) => {
                let inner = error.path().to_string();
                let path = match inner.as_str() {
                    "." => place.to_owned(),
                    inner => format!("{place}.{inner}"),
                };
                let said = error.into_inner().to_string();
                let said = said.lines().next().unwrap_or_default().trim().to_owned();
                let begins: String = place.split('.').take(2).collect::<Vec<_>>().join(".");
                let line = self.lines.get(&begins);
                let line = line.map_or_else(String::new, |line| {
                    format!(" (the entry begins in line {line})")
                });
                self.checks.refuse(&path, format!("{said}{line}"));
                None
            }
        }
    }
}
