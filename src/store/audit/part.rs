//! A part of the log that proves its place in the chain: the file that somebody took away who sees
//! some sites only.
//!
//! What it leaves out stands in it with two hashes, of what it says and of its place. They tell nothing
//! of what it says, and whoever has the head of the chain computes from them, entry by entry, that
//! what is shown was neither changed nor taken out. Of entries of earlier versions only the hash of
//! the place can be given: it is believed, and counted.

use super::verify::hash_of;
use super::{Anchor, Entry, Head, decode, link};
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::BufRead;

/// What stands for an entry that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its place in the chain.
    pub left_out: u64,
    /// Hash of what it says; absent in entries of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Its hash.
    pub hash: String,
}

impl LeftOut {
    /// What stands for this entry.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            left_out: entry.sequence,
            content: entry.content.clone(),
            hash: entry.hash.clone(),
        }
    }
}

/// What the file says of itself, in its first line.
#[derive(Debug, Deserialize)]
struct Opening {
    head: Head,
    /// Whether no search narrowed it.
    whole: bool,
}

/// What a file proves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartVerdict {
    /// Entries that it shows.
    pub shown: u64,
    /// Entries that it leaves out.
    pub left_out: u64,
    /// Of those, entries of earlier versions: their hash is believed.
    pub believed: u64,
    /// The first entry that is not what was written, or is missing.
    pub first_bad: Option<u64>,
    /// The newest entry of the file.
    pub head: Option<Head>,
}

/// Walks the chain in a file that was exported as JSON, whole or in part; against a head that was
/// kept, too.
///
/// # Errors
/// When the file cannot be read, is none of these, or was exported with a search.
pub fn verify_part(file: impl BufRead, anchor: Option<&Anchor>) -> Result<PartVerdict> {
    let mut lines = file.lines();
    let mut next = || {
        let line = lines.next().transpose();
        line.map_err(|cause| {
            Error::unavailable("The file cannot be read to its end.").because(cause)
        })
    };
    let opening = opening(&next()?.unwrap_or_default())?;
    if !opening.whole {
        let sentence = "This file holds what a search found: its entries are no chain. Export it \
                        again without a search.";
        return Err(Error::invalid("export", sentence));
    }
    let mut verdict = PartVerdict::default();
    let mut met = anchor.is_none();
    while let Some(line) = next()? {
        let text = line.trim_end().trim_end_matches(',');
        if text.starts_with(']') {
            break;
        }
        let number = verdict.shown + verdict.left_out + 1;
        let previous = verdict.head.as_ref().map_or("", |head| head.hash.as_str());
        let hash = if text.starts_with("{\"left_out\"") {
            verdict.left_out += 1;
            let stub: Option<LeftOut> = serde_json::from_str(text).ok();
            verdict.believed += u64::from(stub.as_ref().is_some_and(|s| s.content.is_none()));
            stub.and_then(|stub| place_of(stub, number, previous))
        } else {
            verdict.shown += 1;
            shown(text, number, previous)
        };
        let Some(hash) = hash else {
            verdict.first_bad = Some(number);
            return Ok(verdict);
        };
        met |= anchor.is_some_and(|anchor| anchor.is(number, &hash));
        verdict.head = Some(Head {
            sequence: number,
            hash,
        });
    }
    if !met || verdict.head.as_ref() != Some(&opening.head) {
        verdict.first_bad = Some(verdict.shown + verdict.left_out + 1);
    }
    Ok(verdict)
}

fn opening(line: &str) -> Result<Opening> {
    let whole = format!("{line}]}}");
    serde_json::from_str(&whole).map_err(|cause| {
        let sentence = "This is no export of the audit log. Give the file that was saved as JSON.";
        Error::invalid("export", sentence).because(cause)
    })
}

/// The hash of an entry that is left out, when it stands where it says.
fn place_of(stub: LeftOut, number: u64, previous: &str) -> Option<String> {
    let own = stub
        .content
        .map_or_else(|| stub.hash.clone(), |said| link(number, previous, &said));
    (stub.left_out == number && own == stub.hash).then_some(own)
}

/// The hash of an entry that is shown, when it is what was written and stands where it says.
fn shown(text: &str, number: u64, previous: &str) -> Option<String> {
    // How it ended is told behind what is stored.
    let (stored, _) = text.rsplit_once(",\"outcome\":")?;
    let bytes = format!("{stored}}}");
    let entry = decode(bytes.as_bytes()).ok()?;
    let own = hash_of(bytes.as_bytes(), &entry)?;
    let in_place = entry.sequence == number && entry.previous == previous;
    (in_place && own == entry.hash).then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::store::audit::{
        AUDIT, Actor, Filter, Outcome, about, append, encode, piece_as_stored,
    };
    use crate::store::audit::{seal, verify};
    use crate::store::{Store, Transaction};

    /// Entries as an earlier version wrote them, then some of two sites and of none.
    fn log() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        let write = |tx: &Transaction<'_>| {
            for n in 0..12 {
                let site = ["a", "b", "", "a"][n % 4];
                let sites = Some(site).filter(|site| !site.is_empty());
                let details = serde_json::json!({ "n": n, "price": 0.1 + 0.2 });
                let object = about("thing/1").of_all(sites);
                let at = Timestamp::from_ms(0);
                append(tx, at, &Actor::console(), "test.done", object, details)?;
                if n < 3 {
                    let mut old = super::super::page(tx, None, 1)?.remove(0);
                    old.content = None;
                    old.sites.clear();
                    seal(&mut old)?;
                    tx.put(AUDIT, &old.sequence.to_be_bytes(), &encode(&old)?)?;
                }
            }
            Ok(())
        };
        store.write_blocking(write).unwrap();
        assert_eq!(verify(&store).unwrap(), (12, None));
        (dir, store)
    }

    /// The lines of a file for who reaches one site.
    fn file(store: &Store, whole: bool) -> Vec<String> {
        let view = store.read().unwrap();
        let all = piece_as_stored(&view, 1, 100, 100).unwrap();
        let head = serde_json::to_string(&crate::store::audit::head(&view).unwrap()).unwrap();
        let mine = Filter {
            sites: Some(["a".to_owned()].into()),
            outcome: Some(Outcome::Success),
            ..Filter::default()
        };
        let mut lines = vec![format!(
            "{{\"exported_at\":0,\"head\":{head},\"whole\":{whole},\"entries\":["
        )];
        for (entry, bytes) in all {
            lines.push(if mine.takes(&entry) {
                let stored = String::from_utf8(bytes).unwrap();
                let stored = stored.strip_suffix('}').unwrap();
                format!("{stored},\"outcome\":\"success\"}},")
            } else {
                serde_json::to_string(&LeftOut::of(&entry)).unwrap() + ","
            });
        }
        lines.push("],\"count\":0}".to_owned());
        lines
    }

    fn look(lines: &[String]) -> PartVerdict {
        verify_part(lines.join("\n").as_bytes(), None).unwrap()
    }

    #[test]
    fn a_part_proves_its_place_over_old_and_new_entries() {
        let (_dir, store) = log();
        let lines = file(&store, true);
        let found = look(&lines);
        // Entries 4, 5, 8, 9 and 12 are of the site; the first three name none.
        let counts = (found.shown, found.left_out, found.believed);
        assert_eq!((counts, found.first_bad), ((5, 7, 3), None));
        let head = crate::store::audit::head(&store.read().unwrap()).unwrap();
        assert_eq!(found.head, head);
        let kept = Anchor::from(head.unwrap());
        let text = lines.join("\n");
        let held = verify_part(text.as_bytes(), Some(&kept)).unwrap();
        assert_eq!(held.first_bad, None);
        let other: Anchor = "0f".repeat(32).parse().unwrap();
        let held = verify_part(text.as_bytes(), Some(&other)).unwrap();
        assert_eq!(held.first_bad, Some(13));
        assert!(!text.contains("\"n\":5"), "what is left out says nothing");
    }

    #[test]
    fn every_change_of_a_part_is_named() {
        let (_dir, store) = log();
        let lines = file(&store, true);
        for number in 4..=12 {
            let mut gone = lines.clone();
            gone.remove(number);
            assert!(look(&gone).first_bad.is_some(), "{number} removed");
            let mut changed = lines.clone();
            // A digit of its number, its hash, or of what it says.
            for (place, digit) in lines[number].char_indices().filter(|(_, c)| *c == '1') {
                changed[number] = lines[number].clone();
                changed[number].replace_range(place..=place, "7");
                let found = look(&changed).first_bad;
                assert_eq!(found, Some(number as u64), "{number}, {digit} at {place}");
            }
        }
        let mut cut = lines.clone();
        cut.drain(10..=12);
        assert_eq!(look(&cut).first_bad, Some(10));
    }

    #[test]
    fn what_is_no_export_or_was_searched_is_said() {
        let (_dir, store) = log();
        let searched = file(&store, false).join("\n");
        for text in [searched.as_str(), "sequence,time\n1,x", ""] {
            let error = verify_part(text.as_bytes(), None).unwrap_err();
            assert_eq!(error.fields[0].path, "export", "{text}");
        }
    }
}
