//! *pure* — what is different in a report that was made again.

use super::document::{Block, Document};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Differences that are named; more of them are counted.
const NAMED: usize = 50;

/// A figure that is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ReportDifference)]
pub struct Difference {
    /// Where: section, table and place in it.
    pub place: String,
    /// What it was; `null` when it was not there.
    pub before: Value,
    /// What it is now; `null` when it is not there any more.
    pub now: Value,
}

/// A report that was made again.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RecomputedReport)]
pub struct Recomputed {
    /// Whether the data are the same, byte for byte.
    pub same: bool,
    /// SHA-256 of the stored data.
    pub stored_hash: String,
    /// SHA-256 of the data as they are now.
    pub hash: String,
    /// How many places are different.
    pub changed: usize,
    /// What is different, 50 at most.
    pub differences: Vec<Difference>,
}

/// Names what is different, and counts it.
#[must_use]
pub fn compare(stored: &Document, again: &Document) -> (Vec<Difference>, usize) {
    let mut found = Vec::new();
    let shape = |document: &Document| serde_json::to_value(document).unwrap_or_default();
    let names = [stored, again].map(names_of);
    walk("", &shape(stored), &shape(again), &mut found);
    let changed = found.len();
    found.truncate(NAMED);
    for difference in &mut found {
        difference.place = spoken(&difference.place, &names);
    }
    (found, changed)
}

/// Titles by the path of what they stand over.
fn names_of(document: &Document) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for (s, section) in document.sections.iter().enumerate() {
        names.push((format!("/sections/{s}"), section.title.clone()));
        for (b, block) in section.blocks.iter().enumerate() {
            let path = format!("/sections/{s}/blocks/{b}");
            match block {
                Block::Table(table) => names.push((path, table.title.clone())),
                Block::Chart(chart) => names.push((path, chart.title.clone())),
                Block::Figures { figures } => {
                    let each = figures.iter().enumerate();
                    names
                        .extend(each.map(|(n, f)| (format!("{path}/figures/{n}"), f.name.clone())));
                }
                Block::Text { .. } | Block::Note { .. } => {}
            }
        }
    }
    names
}

/// The titles above a place, and the rest of its path.
fn spoken(path: &str, names: &[Vec<(String, String)>; 2]) -> String {
    let (mut said, mut rest) = (Vec::new(), path);
    for (at, name) in names
        .iter()
        .find(|names| !names.is_empty())
        .into_iter()
        .flatten()
    {
        if let Some(left) = path.strip_prefix(at.as_str())
            && (left.is_empty() || left.starts_with('/'))
        {
            said.push(name.as_str());
            rest = left;
        }
    }
    said.push(rest);
    said.join(" › ")
}

fn walk(path: &str, before: &Value, now: &Value, found: &mut Vec<Difference>) {
    match (before, now) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or_default()
                };
                walk(&format!("{path}/{key}"), &of(a), &of(b), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for at in 0..a.len().max(b.len()) {
                let of = |list: &[Value]| list.get(at).cloned().unwrap_or_default();
                walk(&format!("{path}/{at}"), &of(a), &of(b), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(Difference {
            place: path.to_owned(),
            before: a.clone(),
            now: b.clone(),
        }),
    }
}
