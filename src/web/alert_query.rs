//! What a list of alerts is asked with.

use crate::alerts::{Filter, Paging, Sort, Status};
use crate::auth::Reach;
use crate::base::{AlertId, EquipmentId, Error, Level, Result, Timestamp};
use std::collections::HashSet;

/// Items of a page, unless asked otherwise, and at most.
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;

/// What a list is asked with.
pub(super) struct Asked {
    pub(super) filter: Filter,
    page: Option<usize>,
    size: Option<usize>,
    offset: Option<usize>,
    pub(super) cursor: Option<String>,
}

impl Asked {
    /// Reads the query: `level[]=a&level[]=b` and `level=a,b` are the same. What else comes twice is
    /// refused: nobody could say which was meant.
    pub(super) fn of(pairs: Vec<(String, String)>, reach: &Reach) -> Result<Self> {
        let mut asked = Self {
            filter: Filter::within(reach.clone()),
            page: None,
            size: None,
            offset: None,
            cursor: None,
        };
        let mut seen = HashSet::new();
        for (name, value) in pairs {
            let value = value.trim();
            let is_list = ["level", "level[]"].contains(&name.as_str());
            if !is_list && !seen.insert(name.clone()) {
                return Err(Error::invalid(name, "Say it once."));
            }
            // A field of a form that was left empty asks for nothing; a time or a number is meant.
            let is_text = is_list || ["search", "cursor"].contains(&name.as_str());
            if value.is_empty() && is_text {
                continue;
            }
            let filter = &mut asked.filter;
            match name.as_str() {
                "level" | "level[]" => filter.levels.extend(levels(value)?),
                "equipment_id" => {
                    let id: EquipmentId = value
                        .parse()
                        .map_err(|_| Error::invalid("equipment_id", "Use the id of equipment."))?;
                    filter.equipment = Some(id);
                }
                "status" => filter.status = status(value)?,
                "from" => filter.from = Some(instant("from", value)?),
                "to" => filter.to = Some(instant("to", value)?),
                "search" => filter.search = Some(value.to_owned()),
                "children" => filter.children = flag("children", value)?,
                "parent" => {
                    let id: AlertId = value
                        .parse()
                        .map_err(|_| Error::invalid("parent", "Use the id of an alert."))?;
                    filter.parent = Some(id);
                }
                "sort" => filter.sort = sort(value)?,
                "page" => asked.page = Some(number("page", value)?.max(1)),
                "page_size" | "limit" => asked.size = Some(number(&name, value)?),
                "offset" => asked.offset = Some(number("offset", value)?),
                "cursor" => asked.cursor = Some(value.to_owned()),
                _ => return Err(Error::invalid(name, "There is no such filter.")),
            }
        }
        asked.filter.levels.sort_unstable();
        asked.filter.levels.dedup();
        Ok(asked)
    }

    /// Which page.
    pub(super) fn paging(&self) -> Paging {
        let size = self.size.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
        let by_page = || (self.page.unwrap_or(1) - 1).saturating_mul(size);
        Paging {
            offset: match self.cursor {
                Some(_) => 0,
                None => self.offset.unwrap_or_else(by_page),
            },
            size,
        }
    }
}

fn levels(value: &str) -> Result<Vec<Level>> {
    let level = |name: &str| {
        let sentence = "Use Emergency, Critical, High, Medium, Low or Informational.";
        Level::parse(name).ok_or_else(|| Error::invalid("level", sentence))
    };
    let names = value.split(',').filter(|name| !name.trim().is_empty());
    names.map(level).collect()
}

fn status(value: &str) -> Result<Status> {
    Ok(match value {
        "all" => Status::All,
        "acknowledged" => Status::Acknowledged,
        "unacknowledged" => Status::Unacknowledged,
        "active" => Status::Active,
        "open" => Status::Open,
        "shelved" => Status::Shelved,
        "suppressed" => Status::Suppressed,
        "out_of_service" => Status::OutOfService,
        _ => {
            let sentence = "Use all, acknowledged, unacknowledged, active, open, shelved, \
                            suppressed or out_of_service.";
            return Err(Error::invalid("status", sentence));
        }
    })
}

fn flag(path: &str, value: &str) -> Result<bool> {
    value
        .parse()
        .map_err(|_| Error::invalid(path, "Use true or false."))
}

fn sort(value: &str) -> Result<Sort> {
    match value {
        "time" => Ok(Sort::Time),
        "level" => Ok(Sort::Level),
        _ => Err(Error::invalid("sort", "Use time or level.")),
    }
}

fn instant(path: &str, value: &str) -> Result<Timestamp> {
    let sentence = "Write the time as 2026-11-21T08:30:00Z.";
    value.parse().map_err(|_| Error::invalid(path, sentence))
}

fn number(path: &str, value: &str) -> Result<usize> {
    value
        .parse()
        .map_err(|_| Error::invalid(path, "A whole number of 0 or more."))
}
