//! Looking for entries: newest first, in bounded steps, and honest about how far it looked.

use super::{AUDIT, Entry, decode};
use crate::base::{Result, Timestamp};
use crate::store::{Store, View as _};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use utoipa::ToSchema;

/// Entries that one question looks at: a quarter of a second on a small box. Years of a plant are
/// fewer; who wants to look further asks again from where it ended.
pub const SEARCHED_MAX: u64 = 50_000;
/// Entries that are read from one view.
const AT_ONCE: u64 = 2_000;

/// Whether what was tried was let happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditOutcome)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
}

impl Entry {
    /// Whether what was tried was let happen: refusals say so in their name.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let refusal = ["_failed", "_locked", "_refused", "_reused"];
        if refusal.iter().any(|end| self.action.ends_with(end)) {
            Outcome::Refused
        } else {
            Outcome::Success
        }
    }
}

/// Which entries are meant; what is absent lets everything through. Letters of either size.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A part of the name of who did it.
    pub user: Option<String>,
    /// What was done, one of these: `auth` stands for all that begin with `auth.`.
    pub actions: Vec<String>,
    /// To what: `equipment`, or `equipment/0192…`.
    pub object: Option<String>,
    /// A part of anything that an entry shows.
    pub text: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Only what is of these sites alone; what is about the whole appliance is left out.
    pub sites: Option<BTreeSet<String>>,
}

impl Filter {
    /// Whether this entry is meant.
    #[must_use]
    pub fn takes(&self, entry: &Entry) -> bool {
        if !self.reaches(entry) {
            return false;
        }
        let within =
            self.from.is_none_or(|from| entry.at >= from) && self.to.is_none_or(|to| entry.at < to);
        within
            && self.outcome.is_none_or(|wanted| entry.outcome() == wanted)
            && (self.actions.is_empty()
                || self.actions.iter().any(|a| is_under(&entry.action, a, '.')))
            && self
                .object
                .as_ref()
                .is_none_or(|object| is_under(&entry.resource, object, '/'))
            && self
                .user
                .as_ref()
                .is_none_or(|part| contains(&entry.user, &part.to_lowercase()))
            && self
                .text
                .as_ref()
                .is_none_or(|part| mentions(entry, &part.to_lowercase()))
    }
}

impl Filter {
    /// Whether an entry is of the sites that are meant.
    #[must_use]
    pub fn reaches(&self, entry: &Entry) -> bool {
        let of = |sites: &BTreeSet<String>| !entry.sites.is_empty() && entry.sites.is_subset(sites);
        self.sites.as_ref().is_none_or(of)
    }
}

/// Whether `name` is `family`, or begins with it and a separator.
fn is_under(name: &str, family: &str, separator: char) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(part)
}

fn mentions(entry: &Entry, part: &str) -> bool {
    let fields = [
        Some(entry.user.as_str()),
        entry.address.as_deref(),
        Some(entry.action.as_str()),
        Some(entry.resource.as_str()),
        entry.request_id.as_deref(),
    ];
    fields
        .into_iter()
        .flatten()
        .any(|text| contains(text, part))
        || contains(&entry.details.to_string(), part)
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// Where to go on: entries before this sequence were not looked at. `None` at the end.
    pub next: Option<u64>,
    /// Time of the oldest entry that was looked at.
    pub searched_until: Option<Timestamp>,
    /// Entries that were looked at.
    pub searched: u64,
}

/// The newest entries before sequence `before` that the filter takes, at most `limit` of them.
/// Looks at [`SEARCHED_MAX`] entries at most; the clock may have been set back, so that the time
/// of an entry says nothing about those before it.
///
/// # Errors
/// When the file cannot be read.
pub fn search(store: &Store, filter: &Filter, before: Option<u64>, limit: usize) -> Result<Found> {
    look(store, filter, before, limit, SEARCHED_MAX)
}

/// As [`search`], looking at `most` entries at most, or some more: whole pieces are read.
fn look(
    store: &Store,
    filter: &Filter,
    before: Option<u64>,
    limit: usize,
    most: u64,
) -> Result<Found> {
    let mut found = Found {
        entries: Vec::new(),
        next: before.or(Some(u64::MAX)),
        searched_until: None,
        searched: 0,
    };
    while let Some(end) = found.next {
        if found.entries.len() >= limit || found.searched >= most {
            break;
        }
        found.next = None;
        let mut seen = 0;
        store
            .read()?
            .scan_back(AUDIT, &[], &end.to_be_bytes(), &mut |_, bytes| {
                let entry = decode(bytes)?;
                seen += 1;
                found.searched_until = Some(entry.at);
                let sequence = entry.sequence;
                if filter.takes(&entry) {
                    found.entries.push(entry);
                }
                let enough = found.entries.len() >= limit || seen >= AT_ONCE;
                if enough && sequence > 1 {
                    found.next = Some(sequence);
                }
                Ok(if enough {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        found.searched += seen;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::audit::{Actor, append};

    fn store_of(count: i64) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        store
            .write_blocking(move |tx| {
                (0..count).try_for_each(|n| {
                    let who = ["amel@plant.example", "Béchir@plant.example"]
                        [usize::try_from(n % 2).unwrap()];
                    let actor = Actor {
                        name: who.to_owned(),
                        address: Some(format!("10.0.0.{}", n % 7)),
                        ..Actor::default()
                    };
                    let action = ["auth.login", "auth.login_failed", "equipment.update"];
                    let details = serde_json::json!({ "name": { "after": format!("Press {n}") } });
                    let resource = format!("equipment/{n}");
                    let at = Timestamp::from_ms(n * 1_000);
                    append(
                        tx,
                        at,
                        &actor,
                        action[usize::try_from(n % 3).unwrap()],
                        &resource,
                        details,
                    )
                })
            })
            .unwrap();
        (dir, store)
    }

    fn sequences(found: &Found) -> Vec<u64> {
        found.entries.iter().map(|entry| entry.sequence).collect()
    }

    #[test]
    fn entries_are_found_by_each_part_newest_first() {
        let (_dir, store) = store_of(30);
        let ask = |filter: Filter| sequences(&search(&store, &filter, None, 100).unwrap());
        let all = ask(Filter::default());
        assert_eq!(all, (1..=30).rev().collect::<Vec<_>>());
        let of = |text: &str| Some(text.to_owned());
        let user = ask(Filter {
            user: of("BÉCHIR"),
            ..Filter::default()
        });
        assert_eq!(user, (1..=15).rev().map(|n| 2 * n).collect::<Vec<_>>());
        let object = ask(Filter {
            object: of("equipment/2"),
            ..Filter::default()
        });
        // Not equipment/20 to 29.
        assert_eq!(object, [3]);
        let refused = Filter {
            outcome: Some(Outcome::Refused),
            actions: vec!["auth".to_owned()],
            from: Some(Timestamp::from_ms(10_000)),
            to: Some(Timestamp::from_ms(16_000)),
            ..Filter::default()
        };
        assert_eq!(ask(refused), [14, 11]);
        for (text, expected) in [("press 17", 18), ("10.0.0.6", 28)] {
            let text = Filter {
                text: of(text),
                ..Filter::default()
            };
            assert_eq!(ask(text)[0], expected);
        }
    }

    #[test]
    fn pages_go_on_where_they_ended_and_a_long_search_says_how_far_it_looked() {
        let (_dir, store) = store_of(5_000);
        let first = search(&store, &Filter::default(), None, 10).unwrap();
        let next = search(&store, &Filter::default(), first.next, 10).unwrap();
        assert_eq!(first.entries[9].sequence, next.entries[0].sequence + 1);

        let nothing = Filter {
            text: Some("nowhere".to_owned()),
            ..Filter::default()
        };
        let far = look(&store, &nothing, None, 10, 2 * AT_ONCE).unwrap();
        assert_eq!((far.searched, far.next), (4_000, Some(1_001)));
        assert_eq!(far.searched_until, Some(Timestamp::from_ms(1_000_000)));
        let rest = look(&store, &nothing, far.next, 10, 2 * AT_ONCE).unwrap();
        assert_eq!((rest.searched, rest.next), (1_000, None));
    }
}
