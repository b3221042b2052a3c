//! Pages in the order that was asked for: newest first, or the worst first and then the newest.
//!
//! A cursor is the place of the last alert that was shown, so that what begins meanwhile shifts
//! nothing: 24 bytes in hexadecimal, with the level before them when the worst come first.

use super::filter::{Filter, Sort};
use super::index::{Found, Place, find};
use crate::base::{AlertId, Error, Level, Result};
use crate::store::View;

/// A page, in order.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) ids: Vec<AlertId>,
    pub(super) total: usize,
    pub(super) total_is_least: bool,
    /// What asks for the next one; absent on the last.
    pub(super) next: Option<String>,
}

/// The `size` alerts after `offset`, or those after `cursor`.
pub(super) fn page(
    view: &impl View,
    filter: &Filter,
    (offset, size): (usize, usize),
    cursor: Option<&str>,
) -> Result<Page> {
    if filter.sort == Sort::Level {
        let cursor = cursor.map(level_and_place).transpose()?;
        return worst_first(view, filter, (offset, size), cursor);
    }
    let found = find(view, filter, offset, size, cursor.map(place).transpose()?)?;
    Ok(Page {
        next: found
            .next
            .filter(|_| found.has_more)
            .map(|place| hex(&place)),
        ids: found.ids,
        total: found.total,
        total_is_least: found.total_is_least,
    })
}

/// Level by level: each is a page by time of its own, and the next one fills what is left.
fn worst_first(
    view: &impl View,
    filter: &Filter,
    (mut offset, size): (usize, usize),
    cursor: Option<(Level, Place)>,
) -> Result<Page> {
    let asked = |level: &Level| filter.levels.is_empty() || filter.levels.contains(level);
    let levels = Level::ALL.into_iter().rev().filter(asked);
    let (mut page, mut next, mut last) = (Page::default(), None, None);
    for level in levels.filter(|level| cursor.is_none_or(|(at, _)| *level <= at)) {
        let from = cursor.filter(|(at, _)| *at == level);
        let one = Filter {
            levels: vec![level],
            ..filter.clone()
        };
        let room = size - page.ids.len();
        let found = find(view, &one, offset, room, from.map(|(_, place)| place))?;
        page.total += found.total;
        page.total_is_least |= found.total_is_least;
        if next.is_some() {
            // The page is full: the rest is only counted.
            continue;
        }
        if room == 0 {
            next = last.filter(|_| found.total > 0);
            continue;
        }
        offset = offset.saturating_sub(found.total);
        last = last_of(&found, level).or(last);
        next = found
            .next
            .filter(|_| found.has_more)
            .map(|place| (level, place));
        page.ids.extend(found.ids);
    }
    page.next = next.map(|(level, place)| hex(&[&[level as u8], place.as_slice()].concat()));
    Ok(page)
}

fn last_of(found: &Found, level: Level) -> Option<(Level, Place)> {
    found.last.map(|place| (level, place))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that a cursor names.
fn bytes_of<const N: usize>(cursor: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if cursor.len() != 2 * N || !cursor.is_ascii() {
        return None;
    }
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&cursor[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(bytes)
}

fn bad() -> Error {
    Error::invalid(
        "cursor",
        "Use next_cursor of an answer as it is, with the same sort.",
    )
}

fn place(cursor: &str) -> Result<Place> {
    bytes_of(cursor).ok_or_else(bad)
}

fn level_and_place(cursor: &str) -> Result<(Level, Place)> {
    let bytes: [u8; 25] = bytes_of(cursor).ok_or_else(bad)?;
    let level = Level::ALL.get(usize::from(bytes[0])).copied();
    let place = bytes.last_chunk::<24>().copied();
    level.zip(place).ok_or_else(bad)
}
