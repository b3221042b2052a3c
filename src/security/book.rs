//! The events of the last days, kept in memory and brought up to date by what is new in the log.
//!
//! Promises: a question reads what was written since the last one, however long the log is; memory
//! is bounded; how far back is known is said.

use super::LOOKED_BACK_MS;
use super::event::{Category, REFUSALS};
use crate::base::{Result, Timestamp};
use crate::store::Store;
use crate::store::audit::{self, Entry};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Refusals that are kept: a flood is a flood with these, too.
const REFUSALS_MAX: usize = 5_000;
/// Other events that are kept. They have places of their own, so that a flood of refusals does not
/// push out that a key came back.
const OTHERS_MAX: usize = 5_000;
/// Entries that are read at once.
const AT_ONCE: usize = 1_000;
/// Entries that are looked at most when all is read anew: half a second on a small box.
const LOOKED_AT_MAX: usize = 50_000;

/// The events of the last days.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Oldest first.
    pub entries: Vec<Entry>,
    /// Everything since then is among them; nothing is said of what was before.
    pub since: Timestamp,
}

/// Keeps them.
#[derive(Debug, Default)]
pub struct Book {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// The newest entry of the log that was looked at; 0 before the first look.
    upto: u64,
    refusals: VecDeque<Entry>,
    others: VecDeque<Entry>,
    /// What is older was left out.
    since: Option<Timestamp>,
}

impl Book {
    /// The events of the last week as of now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn recent(&self, store: &Store, now: Timestamp) -> Result<Recent> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = audit::head(&store.read()?)?.map_or(0, |head| head.sequence);
        let new = newest.checked_sub(held.upto);
        let most = u64::try_from(LOOKED_AT_MAX).unwrap_or(u64::MAX);
        if held.upto > 0 && new.is_some_and(|new| new <= most) {
            held.go_on(store, newest)?;
        } else {
            // The first look, a log that was restored, or nobody asked for a long time.
            *held = Held::anew(store, newest, now)?;
        }
        let from = now.plus_ms(-LOOKED_BACK_MS);
        held.forget_before(from);
        let since = held.since.map_or(from, |since| since.max(from));
        let mut entries: Vec<Entry> = held.refusals.iter().chain(&held.others).cloned().collect();
        entries.sort_by_key(|entry| entry.sequence);
        Ok(Recent { entries, since })
    }
}

impl Held {
    fn anew(store: &Store, newest: u64, now: Timestamp) -> Result<Self> {
        let mut held = Self {
            upto: newest,
            ..Self::default()
        };
        let from = now.plus_ms(-LOOKED_BACK_MS);
        let (mut before, mut looked_at) = (newest.saturating_add(1), 0);
        loop {
            let page = audit::page(&store.read()?, Some(before), AT_ONCE)?;
            looked_at += page.len();
            let (Some(last), full) = (page.last(), page.len() == AT_ONCE) else {
                return Ok(held);
            };
            let (sequence, oldest) = (last.sequence, last.at);
            // A clock that was set back has old times before new ones: one page of them is enough
            // to know that this is not that.
            let is_over = page.iter().all(|entry| entry.at < from);
            page.into_iter().for_each(|entry| held.put_before(entry));
            if !full || is_over {
                return Ok(held);
            }
            if looked_at >= LOOKED_AT_MAX {
                held.left_out(oldest);
                return Ok(held);
            }
            before = sequence;
        }
    }

    fn go_on(&mut self, store: &Store, newest: u64) -> Result<()> {
        while self.upto < newest {
            let piece = audit::piece(&store.read()?, self.upto + 1, newest, AT_ONCE)?;
            let Some(last) = piece.last().map(|entry| entry.sequence) else {
                break;
            };
            piece.into_iter().for_each(|entry| self.put_after(entry));
            self.upto = last;
        }
        Ok(())
    }

    fn place(&mut self, entry: &Entry) -> Option<(&mut VecDeque<Entry>, usize)> {
        Category::of(entry)?;
        // A key that came back is rare and grave: it stands with the others.
        let is_refusal = REFUSALS.contains(&entry.action.as_str());
        Some(if is_refusal && entry.action != "auth.refresh_reused" {
            (&mut self.refusals, REFUSALS_MAX)
        } else {
            (&mut self.others, OTHERS_MAX)
        })
    }

    fn put_before(&mut self, entry: Entry) {
        let Some((place, most)) = self.place(&entry) else {
            return;
        };
        if place.len() < most {
            place.push_front(entry);
        } else if let Some(oldest) = place.front().map(|oldest| oldest.at) {
            self.left_out(oldest);
        }
    }

    fn put_after(&mut self, entry: Entry) {
        let Some((place, most)) = self.place(&entry) else {
            return;
        };
        place.push_back(entry);
        if place.len() > most {
            place.pop_front();
            if let Some(oldest) = place.front().map(|oldest| oldest.at) {
                self.left_out(oldest);
            }
        }
    }

    fn left_out(&mut self, before: Timestamp) {
        self.since = Some(self.since.map_or(before, |since| since.max(before)));
    }

    fn forget_before(&mut self, from: Timestamp) {
        self.refusals.retain(|entry| entry.at >= from);
        self.others.retain(|entry| entry.at >= from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::DAY_MS;
    use crate::store::audit::{Actor, append};

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    fn write(store: &Store, entries: Vec<(i64, &'static str)>) {
        store
            .write_blocking(move |tx| {
                entries.iter().try_for_each(|(ago_ms, action)| {
                    let at = NOW.plus_ms(-ago_ms);
                    append(
                        tx,
                        at,
                        &Actor::console(),
                        action,
                        "x",
                        serde_json::json!({}),
                    )
                })
            })
            .unwrap();
    }

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        (dir, store)
    }

    fn sequences(recent: &Recent) -> Vec<u64> {
        recent.entries.iter().map(|entry| entry.sequence).collect()
    }

    #[test]
    fn what_is_new_is_taken_up_and_what_is_old_forgotten() {
        let (_dir, store) = store();
        let book = Book::default();
        assert!(book.recent(&store, NOW).unwrap().entries.is_empty());
        let long_ago = 8 * DAY_MS;
        write(
            &store,
            vec![
                (long_ago, "auth.login"),
                (DAY_MS, "auth.login_failed"),
                (DAY_MS, "equipment.update"),
                (DAY_MS, "user.invite"),
            ],
        );
        let recent = book.recent(&store, NOW).unwrap();
        assert_eq!(sequences(&recent), [2, 4]);
        assert_eq!(recent.since, NOW.plus_ms(-LOOKED_BACK_MS));
        write(&store, vec![(0, "auth.refresh_reused")]);
        // Somebody who looks for the first time sees the same as who looked all along.
        for book in [&book, &Book::default()] {
            assert_eq!(sequences(&book.recent(&store, NOW).unwrap()), [2, 4, 5]);
        }
        let later = NOW.plus_ms(7 * DAY_MS - 1);
        assert_eq!(sequences(&book.recent(&store, later).unwrap()), [5]);
    }

    #[test]
    fn a_flood_of_refusals_takes_bounded_memory_and_pushes_nothing_else_out() {
        let (_dir, store) = store();
        let mut entries = vec![(DAY_MS, "auth.refresh_reused"), (DAY_MS, "auth.login")];
        let flood = i64::try_from(REFUSALS_MAX).unwrap() + 700;
        entries.extend((0..flood).map(|n| (flood - n, "auth.login_failed")));
        let early = Book::default();
        write(&store, entries.drain(..2).collect());
        early.recent(&store, NOW).unwrap();
        write(&store, entries);
        for book in [&early, &Book::default()] {
            let recent = book.recent(&store, NOW).unwrap();
            assert_eq!(recent.entries.len(), REFUSALS_MAX + 2);
            assert_eq!(sequences(&recent)[..2], [1, 2]);
            // It says from when on it knows everything.
            let kept = i64::try_from(REFUSALS_MAX).unwrap();
            assert_eq!(recent.since, NOW.plus_ms(-kept));
        }
    }
}
