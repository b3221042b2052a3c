//! The outbox on disk: letters by their age, and a queue of those that wait, by outlet, urgency and
//! time.
//!
//! A letter is in the queue exactly while its state is queued: both change in one transaction.

use super::letter::{Letter, LetterState};
use super::outlet::OutletKind;
use crate::base::{LetterId, Level, Result, Timestamp};
use crate::store::table::Table;
use crate::store::{TableName, Transaction, View};
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use utoipa::ToSchema;
use uuid::Uuid;

const LETTERS: Table<Letter> = Table::new("notify_letter", 1);
/// 1 byte outlet, 1 byte urgency (0 is Emergency), 8 bytes time of the next try, 16 bytes letter.
const QUEUE: TableName = TableName::new("notify_queue");
/// After every id.
const PAST_IDS: [u8; 17] = [0xFF; 17];

/// Letters of a page of the log.
pub const PAGE_MAX: usize = 100;
/// Letters that one question looks at: a filter that fits nothing must not read all of them.
const LOOK_MAX: usize = 5_000;
/// How long letters are kept, ms: 400 days, so that the same season of last year can be compared.
const KEEP_MS: i64 = 400 * 24 * 3_600_000;
/// Letters that are kept at most: about 100 MB.
const KEEP_MAX: usize = 100_000;
/// Letters that one transaction forgets, so that no commit waits for long.
const FORGET_AT_ONCE: usize = 1_000;
/// Letters that one transaction makes due at once, the most urgent first; the others have their
/// time, five minutes later at most.
const HASTEN_AT_ONCE: usize = 1_000;

/// What narrows the log.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// Only of this state.
    pub state: Option<LetterState>,
    /// Only of this outlet.
    pub outlet: Option<OutletKind>,
    /// Only about this alert.
    pub alert: Option<Uuid>,
    /// A part of the address, the name or the subject, lower case.
    pub text: Option<String>,
    /// Decided on at or after.
    pub from: Option<Timestamp>,
    /// Decided on before.
    pub to: Option<Timestamp>,
    /// Only about alerts of these sites; all letters when absent.
    pub sites: Option<BTreeSet<String>>,
}

/// A page of the log, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryPage)]
pub struct LogPage {
    /// The letters.
    pub items: Vec<Letter>,
    /// Where the next page starts; `null` on the last one. A page may be short and have a next
    /// one: one question looks at 5,000 letters.
    pub next_cursor: Option<LetterId>,
}

impl LogFilter {
    fn passes(&self, letter: &Letter) -> bool {
        let alert = letter.occasion.as_ref().map(|occasion| occasion.alert);
        let holds = |text: &String| {
            let parts = [
                Some(&letter.to),
                letter.name.as_ref(),
                Some(&letter.subject),
            ];
            let mut parts = parts.into_iter().flatten();
            parts.any(|part| part.to_lowercase().contains(text))
        };
        self.state.is_none_or(|state| state == letter.state)
            && (self.outlet.is_none() || self.outlet == letter.outlet)
            && (self.alert.is_none() || self.alert == alert)
            && self.text.as_ref().is_none_or(holds)
            && self.from.is_none_or(|from| letter.created_at >= from)
            && self.to.is_none_or(|to| letter.created_at < to)
            && letter.is_within(self.sites.as_ref())
    }
}

/// The letter of this id.
pub fn get(view: &impl View, id: LetterId) -> Result<Option<Letter>> {
    LETTERS.get(view, id.as_bytes())
}

/// Stores a letter, in the place of the one of its id when there is one.
pub fn put(transaction: &Transaction<'_>, letter: &Letter) -> Result<()> {
    if let Some(old) = get(transaction, letter.id)?
        && let Some(key) = queue_key(&old)
    {
        transaction.remove(QUEUE, &key)?;
    }
    if let Some(key) = queue_key(letter) {
        transaction.put(QUEUE, &key, &[])?;
    }
    LETTERS.put(transaction, letter.id.as_bytes(), letter)
}

/// The letters of an outlet whose time has come, most urgent first, at most so many; `skip` are
/// under way.
pub fn due(
    view: &impl View,
    outlet: OutletKind,
    now: Timestamp,
    skip: &BTreeSet<LetterId>,
    most: usize,
) -> Result<Vec<Letter>> {
    let mut ids = Vec::new();
    for urgency in urgencies() {
        let from = [outlet.number(), urgency];
        let to = bound(outlet, urgency, now.plus_ms(1));
        view.scan(QUEUE, &from, &to, &mut |key, _| {
            ids.extend(id_of(key).filter(|id| !skip.contains(id)));
            Ok(match ids.len() < most {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            })
        })?;
        if ids.len() >= most {
            break;
        }
    }
    let letters = ids.into_iter().map(|id| get(view, id));
    Ok(letters
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// When the next letter of an outlet is due after `now`.
pub fn next_due(view: &impl View, outlet: OutletKind, now: Timestamp) -> Result<Option<Timestamp>> {
    let mut next: Option<Timestamp> = None;
    for urgency in urgencies() {
        let from = bound(outlet, urgency, now.plus_ms(1));
        let to = [outlet.number(), urgency + 1];
        view.scan(QUEUE, &from, &to, &mut |key, _| {
            let at = time_of(key);
            next = [next, at].into_iter().flatten().min();
            Ok(ControlFlow::Break(()))
        })?;
    }
    Ok(next)
}

/// Makes letters due at once that an outlet did not get rid of before: somebody mended it. Those
/// that wait for their hour stay.
pub fn hasten(transaction: &Transaction<'_>, outlet: OutletKind, now: Timestamp) -> Result<()> {
    let mut ids = Vec::new();
    let to = [outlet.number() + 1];
    transaction.scan(QUEUE, &[outlet.number()], &to, &mut |key, _| {
        let later = time_of(key).is_some_and(|at| at > now);
        ids.extend(id_of(key).filter(|_| later));
        Ok(match ids.len() < HASTEN_AT_ONCE {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    })?;
    for id in ids {
        if let Some(mut letter) = get(transaction, id)?
            && letter.failed > 0
        {
            letter.next_try = Some(now);
            put(transaction, &letter)?;
        }
    }
    Ok(())
}

/// How many letters of an outlet wait.
pub fn waiting(view: &impl View, outlet: OutletKind) -> Result<usize> {
    let mut count = 0;
    let to = [outlet.number() + 1];
    view.scan(QUEUE, &[outlet.number()], &to, &mut |_, _| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

/// A page of the log before `cursor`, newest first.
pub fn page(
    view: &impl View,
    filter: &LogFilter,
    cursor: Option<LetterId>,
    limit: usize,
) -> Result<LogPage> {
    let to = cursor.map_or(PAST_IDS.to_vec(), |id| id.as_bytes().to_vec());
    let (mut items, mut looked, mut next) = (Vec::new(), 0, None);
    LETTERS.scan_back(view, &[], &to, &mut |key, letter| {
        looked += 1;
        if filter.passes(&letter) {
            items.push(letter.shown());
        }
        if items.len() >= limit.min(PAGE_MAX) || looked >= LOOK_MAX {
            next = LetterId::from_slice(key);
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(LogPage {
        items,
        next_cursor: next,
    })
}

/// Forgets letters that are too old or too many, oldest first; returns how many. Those that wait
/// stay.
pub fn forget(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize> {
    let mut count = 0_usize;
    transaction.scan(LETTERS.name(), &[], &PAST_IDS, &mut |_, _| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    let too_many = count.saturating_sub(KEEP_MAX);
    let (mut looked, mut gone) = (0, Vec::new());
    LETTERS.scan(transaction, &[], &PAST_IDS, &mut |key, letter| {
        looked += 1;
        let old = now.since_ms(letter.created_at) > KEEP_MS;
        let full = gone.len() >= FORGET_AT_ONCE;
        if full || !(old || looked <= too_many) {
            return Ok(ControlFlow::Break(()));
        }
        if letter.state != LetterState::Queued {
            gone.push(key.to_vec());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    transaction.remove_all(LETTERS.name(), &gone)?;
    Ok(gone.len())
}

/// 0 for Emergency, 5 for Informational.
const fn urgency(level: Level) -> u8 {
    match level {
        Level::Emergency => 0,
        Level::Critical => 1,
        Level::High => 2,
        Level::Medium => 3,
        Level::Low => 4,
        Level::Informational => 5,
    }
}

fn urgencies() -> std::ops::RangeInclusive<u8> {
    urgency(Level::Emergency)..=urgency(Level::Informational)
}

/// The first key of letters that are due at `at` or later.
fn bound(outlet: OutletKind, urgency: u8, at: Timestamp) -> [u8; 10] {
    let mut key = [0; 10];
    key[0] = outlet.number();
    key[1] = urgency;
    key[2..].copy_from_slice(&super::keys::time(at));
    key
}

fn queue_key(letter: &Letter) -> Option<Vec<u8>> {
    let queued = letter.state == LetterState::Queued;
    let (outlet, at) = letter.outlet.zip(letter.next_try.filter(|_| queued))?;
    let bound = bound(outlet, urgency(letter.level), at);
    Some([bound.as_slice(), letter.id.as_bytes()].concat())
}

fn id_of(key: &[u8]) -> Option<LetterId> {
    LetterId::from_slice(key.get(10..)?)
}

fn time_of(key: &[u8]) -> Option<Timestamp> {
    super::keys::time_of(key.get(2..10)?)
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
