//! Where alerts are found: by time, level and equipment, newest first, and those nobody knows of.
//!
//! A row holds enough of its alert to judge the usual filters, so that a page reads as many
//! records as it shows.

use super::filter::{Filter, Status};
use super::record::{Alert, Source};
use super::state::AlertState;
use crate::auth::Reach;
use crate::base::{AlertId, EquipmentId, Error, Level, Result, Timestamp};
use crate::notify::{Language, said};
use crate::store::table::{seal, unseal};
use crate::store::{TableName, Transaction, View};
use std::ops::ControlFlow;

const INDEX: TableName = TableName::new("alert_index");
const VERSION: u8 = 1;

/// Rows that one question counts; beyond that it says "at least".
pub(super) const COUNT_MAX: usize = 10_000;
/// Rows that one question looks at, whether they pass or not.
const SCAN_MAX: usize = 20_000;
/// Items before a page; beyond that pages go by cursor.
pub(super) const OFFSET_MAX: usize = 10_000;

const BY_TIME: u8 = b't';
const BY_LEVEL: u8 = b'l';
const BY_EQUIPMENT: u8 = b'e';
const UNACKNOWLEDGED: u8 = b'u';
const OPEN: u8 = b'o';
const BY_PARENT: u8 = b'p';

const FLAG_ACKNOWLEDGED: u8 = 1;
const FLAG_OPEN: u8 = 2;
const FLAG_CHILD: u8 = 4;
const FLAG_ACTIVE: u8 = 8;
const FLAG_SHELVED: u8 = 16;
const FLAG_SUPPRESSED: u8 = 32;
const FLAG_OUT_OF_SERVICE: u8 = 64;

/// Instant and id: the order of every list.
pub(super) type Place = [u8; 24];

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) ids: Vec<AlertId>,
    pub(super) total: usize,
    /// Whether there are more than `total` says.
    pub(super) total_is_least: bool,
    pub(super) has_more: bool,
    /// Where the next page begins.
    pub(super) next: Option<Place>,
    /// Where the last of the ids stands.
    pub(super) last: Option<Place>,
}

fn time_bytes(at: Timestamp) -> [u8; 8] {
    (at.ms().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn place_of(alert: &Alert) -> Place {
    let mut place = [0; 24];
    place[..8].copy_from_slice(&time_bytes(alert.timestamp));
    place[8..].copy_from_slice(alert.id.as_bytes());
    place
}

/// A site in a row. Two keys may share it: whoever shows alerts looks at their sites again.
fn site_bytes(key: &str) -> [u8; 4] {
    crc32fast::hash(key.as_bytes()).to_be_bytes()
}

fn level_byte(level: Level) -> u8 {
    level as u8
}

fn flags_of(alert: &Alert) -> u8 {
    let mut flags = 0;
    let mut set = |flag, holds: bool| flags |= if holds { flag } else { 0 };
    set(FLAG_ACKNOWLEDGED, alert.acknowledged);
    set(FLAG_OPEN, !alert.is_closed());
    set(FLAG_CHILD, alert.parent.is_some());
    set(FLAG_ACTIVE, alert.active && !alert.is_closed());
    set(FLAG_SHELVED, alert.state == AlertState::Shelved);
    set(FLAG_SUPPRESSED, alert.state == AlertState::Suppressed);
    set(FLAG_OUT_OF_SERVICE, alert.state == AlertState::OutOfService);
    flags
}

/// What a search looks through: the sentence in every language, and what the alert is about.
fn searched(alert: &Alert) -> String {
    let mut text = format!("{}\n{}", alert.message, alert.equipment_name);
    for language in [Language::Fr, Language::Ar] {
        let said = alert.said.as_ref().and_then(|said| said.write(language));
        for words in [said.as_deref(), said::part(language, &alert.condition)] {
            text.push('\n');
            text.push_str(words.unwrap_or_default());
        }
    }
    text
}

/// Rows of an alert: key and content.
fn rows(alert: &Alert) -> Vec<(Vec<u8>, Vec<u8>)> {
    let place = place_of(alert);
    let key = |kind: u8, under: &[u8]| [&[kind], under, &place].concat();
    let mut brief = vec![level_byte(alert.level), flags_of(alert)];
    brief.extend(site_bytes(&alert.site));
    let nobody = [0; 16];
    brief.extend(
        alert
            .equipment_id
            .as_ref()
            .map_or(&nobody, EquipmentId::as_bytes),
    );
    let mut long = brief.clone();
    long.extend(searched(alert).to_lowercase().bytes());
    let mut rows = vec![
        (key(BY_TIME, &[]), long),
        (key(BY_LEVEL, &[level_byte(alert.level)]), brief.clone()),
    ];
    if let Some(equipment) = &alert.equipment_id {
        rows.push((key(BY_EQUIPMENT, equipment.as_bytes()), brief.clone()));
    }
    if let Some(parent) = &alert.parent {
        rows.push((key(BY_PARENT, parent.as_bytes()), brief.clone()));
    }
    if !alert.acknowledged {
        rows.push((key(UNACKNOWLEDGED, &[]), brief.clone()));
    }
    if !alert.is_closed() {
        rows.push((key(OPEN, &[]), brief));
    }
    rows
}

/// Writes the rows of an alert that differ from those of before.
pub(super) fn update(
    transaction: &Transaction<'_>,
    before: Option<&Alert>,
    alert: &Alert,
) -> Result<()> {
    let (old, new) = (before.map(rows).unwrap_or_default(), rows(alert));
    for (key, _) in &old {
        if !new.iter().any(|(kept, _)| kept == key) {
            transaction.remove(INDEX, key)?;
        }
    }
    for row in new.iter().filter(|row| !old.contains(row)) {
        transaction.put(INDEX, &row.0, &seal(VERSION, &row.0, &row.1))?;
    }
    Ok(())
}

/// Takes the rows of an alert away.
pub(super) fn remove(transaction: &Transaction<'_>, alert: &Alert) -> Result<()> {
    transaction.remove_all(INDEX, rows(alert).into_iter().map(|(key, _)| key))
}

/// What a row says of its alert.
struct Row<'a> {
    level: u8,
    flags: u8,
    site: &'a [u8],
    equipment: &'a [u8],
    text: &'a [u8],
}

impl<'a> Row<'a> {
    fn read(key: &[u8], bytes: &'a [u8]) -> Result<Self> {
        let row = unseal(VERSION, key, bytes).filter(|row| row.len() >= 22);
        let damaged = "A row of the index of the alerts is damaged. Restore the last backup.";
        let row = row.ok_or_else(|| Error::internal(damaged))?;
        Ok(Self {
            level: row[0],
            flags: row[1],
            site: &row[2..6],
            equipment: &row[6..22],
            text: &row[22..],
        })
    }
}

/// A filter, prepared for many rows.
struct Sieve<'a> {
    filter: &'a Filter,
    /// The sites that are reached; `None` for all.
    sites: Option<Vec<[u8; 4]>>,
    levels: Vec<u8>,
    search: Option<Vec<u8>>,
}

impl<'a> Sieve<'a> {
    fn of(filter: &'a Filter) -> Self {
        let search = filter
            .search
            .as_ref()
            .map(|text| text.trim().to_lowercase());
        Self {
            filter,
            sites: match &filter.reach {
                Reach::All(_) => None,
                only @ Reach::Only(_) => Some(only.named().map(site_bytes).collect()),
            },
            levels: filter
                .levels
                .iter()
                .map(|level| level_byte(*level))
                .collect(),
            search: search
                .filter(|text| !text.is_empty())
                .map(String::into_bytes),
        }
    }

    fn passes(&self, row: &Row<'_>) -> bool {
        let has = |flag| row.flags & flag != 0;
        let status = match self.filter.status {
            Status::All => true,
            Status::Acknowledged => has(FLAG_ACKNOWLEDGED),
            Status::Unacknowledged => !has(FLAG_ACKNOWLEDGED),
            Status::Active => has(FLAG_ACTIVE),
            Status::Open => has(FLAG_OPEN),
            Status::Shelved => has(FLAG_SHELVED),
            Status::Suppressed => has(FLAG_SUPPRESSED),
            Status::OutOfService => has(FLAG_OUT_OF_SERVICE),
        };
        let of_site = (self.sites.as_ref()).is_none_or(|all| all.iter().any(|one| one == row.site));
        let of = |id: EquipmentId| id.as_bytes() == row.equipment;
        let holds = |text: &Vec<u8>| row.text.windows(text.len()).any(|part| part == text);
        status
            && of_site
            && (self.filter.children || self.filter.parent.is_some() || !has(FLAG_CHILD))
            && (self.levels.is_empty() || self.levels.contains(&row.level))
            && self.filter.equipment.is_none_or(of)
            && self.search.as_ref().is_none_or(holds)
    }

    /// The parts of the index that hold everything that can pass, each with its prefix.
    fn parts(&self) -> Vec<Vec<u8>> {
        let filter = self.filter;
        if let Some(parent) = filter.parent {
            return vec![[&[BY_PARENT], parent.as_bytes().as_slice()].concat()];
        }
        if self.search.is_some() {
            return vec![vec![BY_TIME]];
        }
        match filter.status {
            Status::Active
            | Status::Open
            | Status::Shelved
            | Status::Suppressed
            | Status::OutOfService => return vec![vec![OPEN]],
            Status::Unacknowledged if filter.equipment.is_none() => {
                return vec![vec![UNACKNOWLEDGED]];
            }
            _ => {}
        }
        if let Some(equipment) = filter.equipment {
            return vec![[&[BY_EQUIPMENT], equipment.as_bytes().as_slice()].concat()];
        }
        if self.levels.is_empty() {
            return vec![vec![BY_TIME]];
        }
        self.levels
            .iter()
            .map(|level| vec![BY_LEVEL, *level])
            .collect()
    }
}

/// Finds a page, newest first: the `size` after `offset`, or those before `cursor`.
pub(super) fn find(
    view: &impl View,
    filter: &Filter,
    offset: usize,
    size: usize,
    cursor: Option<Place>,
) -> Result<Found> {
    let sieve = Sieve::of(filter);
    let mut places: Vec<Place> = Vec::new();
    let (mut total, mut cut, mut stopped_at) = (0, false, None::<Place>);
    for part in sieve.parts() {
        let from = filter.from.map_or([0; 8], time_bytes);
        let to = filter.to.map_or([0xFF; 8], time_bytes);
        let end = cursor.map_or(to.to_vec(), |place| place.to_vec().min(to.to_vec()));
        let (from, end) = (
            [part.as_slice(), &from].concat(),
            [part.as_slice(), &end].concat(),
        );
        let (mut looked, mut kept) = (0, 0);
        view.scan_back(INDEX, &from, &end, &mut |key, bytes| {
            let place = key.last_chunk::<24>().copied().unwrap_or_default();
            looked += 1;
            if sieve.passes(&Row::read(key, bytes)?) {
                total += 1;
                kept += 1;
                if kept <= offset + size + 1 {
                    places.push(place);
                }
            }
            if looked >= SCAN_MAX || total >= COUNT_MAX {
                cut = true;
                stopped_at = stopped_at.max(Some(place));
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    // What lies beyond the place where a part was left is not known to be complete.
    places.retain(|place| stopped_at.is_none_or(|stop| *place >= stop));
    places.sort_unstable_by(|a, b| b.cmp(a));
    let mut page: Vec<Place> = places.into_iter().skip(offset).take(size + 1).collect();
    let more = page.len() > size;
    page.truncate(size);
    let next = match (more, stopped_at) {
        (true, _) => page.last().copied(),
        (false, stop) => stop,
    };
    let id = |place: &Place| AlertId::from_slice(&place[8..]);
    Ok(Found {
        ids: page.iter().filter_map(id).collect(),
        total,
        total_is_least: cut,
        has_more: next.is_some(),
        next,
        last: page.last().copied(),
    })
}

/// Calls `visit` for the alerts of a site that began in a span, newest first, until it breaks.
pub(super) fn walk(
    view: &impl View,
    site: &str,
    (from, to): (Timestamp, Timestamp),
    visit: &mut dyn FnMut(AlertId) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let site = site_bytes(site);
    let key = |at: Timestamp| [[BY_TIME].as_slice(), &time_bytes(at)].concat();
    view.scan_back(INDEX, &key(from), &key(to), &mut |key, bytes| {
        if Row::read(key, bytes)?.site != site {
            return Ok(ControlFlow::Continue(()));
        }
        let id = key
            .last_chunk::<16>()
            .and_then(|id| AlertId::from_slice(id));
        id.map_or(Ok(ControlFlow::Continue(())), &mut *visit)
    })
}

/// The oldest alerts that are closed: `most` of those among the oldest rows.
pub(super) fn oldest_closed(view: &impl View, most: usize) -> Result<Vec<AlertId>> {
    let mut ids = Vec::new();
    let mut looked = 0;
    view.scan(INDEX, &[BY_TIME], &[BY_TIME + 1], &mut |key, bytes| {
        looked += 1;
        if Row::read(key, bytes)?.flags & FLAG_OPEN == 0 {
            ids.extend(
                key.last_chunk::<16>()
                    .and_then(|id| AlertId::from_slice(id)),
            );
        }
        let enough = ids.len() >= most || looked >= SCAN_MAX;
        Ok(if enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(ids)
}

/// Whether an alert counts where those of the plant are judged.
pub(super) fn counts(alert: &Alert) -> bool {
    alert.parent.is_none() && alert.source != Source::Storm && !alert.late
}
