//! The audit log: append-only, hash-chained, written in the caller's transaction.
//!
//! Entry n carries the SHA-256 of entry n-1, so an edit or a removal in the middle shows. That the
//! end was cut off, or all of it written anew, shows against a [`Head`] that was noted elsewhere.
//! What an entry says has a hash of its own, so that a part of the log proves its place in the chain
//! by the hashes of what was left out. An entry holds the changed fields, never passwords, tokens or
//! whole request bodies.

mod changes;
mod object;
mod part;
mod search;
#[cfg(test)]
mod tampering_tests;
mod verify;

pub use changes::changed_fields;
pub use object::{Object, about};
pub use part::{LeftOut, PartVerdict, verify_part};
pub use search::{Filter, Found, Outcome, SEARCHED_MAX, search};
pub use verify::{Anchor, Fault, Head, Verdict, head, verify, verify_against};

use super::{Store, TableName, Transaction, View, Visit};
use crate::base::{Error, Result, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use utoipa::ToSchema;

const AUDIT: TableName = TableName::new("audit");

/// Entries that are read from one view when the whole log is walked.
const ENTRIES_AT_ONCE: usize = 1_000;

/// Most entries that one page of the log returns.
pub const PAGE_MAX: usize = 100;

/// Who does something, and from where.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// The signed-in user; `None` for the console, a device or a failed sign-in.
    pub user: Option<UserId>,
    /// How he is shown: an e-mail address, `console`, `demo`.
    pub name: String,
    /// Network address, if there is one.
    pub address: Option<String>,
}

impl Actor {
    /// The person at the machine itself.
    #[must_use]
    pub fn console() -> Self {
        Self {
            name: "console".to_owned(),
            ..Self::default()
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Place in the chain, from 1 without holes.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who, if signed in.
    pub user_id: Option<UserId>,
    /// Who, for a person.
    pub user: String,
    /// From where.
    pub address: Option<String>,
    /// What was done: `equipment.create`, `auth.login_failed`.
    pub action: String,
    /// To what: `equipment/0192…`.
    pub resource: String,
    /// The changed fields.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// Id of the request that asked for it, as in its answer and in the access log; absent for the
    /// console, and in entries of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Keys of the sites whose object it is about; absent when it is about the whole appliance, and
    /// in entries of earlier versions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sites: BTreeSet<String>,
    /// SHA-256 of the entry before, hexadecimal.
    pub previous: String,
    /// SHA-256 over what stands before `previous`, hexadecimal; absent in entries of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// SHA-256 over `sequence:previous:content`, hexadecimal; in entries of earlier versions over
    /// this entry with an empty `hash`.
    pub hash: String,
}

/// Appends an entry; it lands or falls with the transaction.
///
/// # Errors
/// When the disk refuses.
pub fn append<'a>(
    transaction: &Transaction<'_>,
    at: Timestamp,
    actor: &Actor,
    action: &str,
    object: impl Into<Object<'a>>,
    details: serde_json::Value,
) -> Result<()> {
    let object = object.into();
    let (sequence, previous) = match transaction.last(AUDIT)? {
        Some((_, bytes)) => {
            let last = decode(&bytes)?;
            (last.sequence + 1, last.hash)
        }
        None => (1, String::new()),
    };
    let mut entry = Entry {
        sequence,
        at,
        user_id: actor.user,
        user: actor.name.clone(),
        address: actor.address.clone(),
        action: action.to_owned(),
        resource: object.resource.to_owned(),
        details,
        request_id: transaction.request_id().map(str::to_owned),
        sites: object.sites,
        previous,
        content: Some(String::new()),
        hash: String::new(),
    };
    seal(&mut entry)?;
    transaction.put(AUDIT, &sequence.to_be_bytes(), &encode(&entry)?)
}

/// The newest entries before sequence `before`, newest first, at most `limit`.
///
/// # Errors
/// When the file cannot be read.
pub fn page(view: &impl View, before: Option<u64>, limit: usize) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let end = before.unwrap_or(u64::MAX).to_be_bytes();
    view.scan_back(AUDIT, &[], &end, &mut |_, bytes| {
        entries.push(decode(bytes)?);
        Ok(if entries.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(entries)
}

/// The entries from sequence `from` to `to`, both with them, oldest first, at most `limit`.
///
/// # Errors
/// When the file cannot be read.
pub fn piece(view: &impl View, from: u64, to: u64, limit: usize) -> Result<Vec<Entry>> {
    let piece = piece_as_stored(view, from, to, limit)?;
    Ok(piece.into_iter().map(|(entry, _)| entry).collect())
}

/// As [`piece`], each with its bytes, over which its hash is.
///
/// # Errors
/// When the file cannot be read.
pub fn piece_as_stored(
    view: &impl View,
    from: u64,
    to: u64,
    limit: usize,
) -> Result<Vec<(Entry, Vec<u8>)>> {
    let mut entries = Vec::new();
    let (start, end) = (from.to_be_bytes(), to.saturating_add(1).to_be_bytes());
    view.scan(AUDIT, &start, &end, &mut |_, bytes| {
        entries.push((decode(bytes)?, bytes.to_vec()));
        Ok(if entries.len() < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(entries)
}

/// Shows every entry, oldest first. Reads in pieces: a long log is not held in one view.
///
/// # Errors
/// When the file cannot be read, or what `show` returned.
pub fn each(store: &Store, show: &mut dyn FnMut(&Entry) -> Result<()>) -> Result<()> {
    in_pieces(store, &mut |_, bytes| {
        show(&decode(bytes)?)?;
        Ok(ControlFlow::Continue(()))
    })
}

/// Shows the log entry by entry; no view of the file lives while somebody looks at one.
fn in_pieces(store: &Store, visit: &mut Visit<'_>) -> Result<()> {
    let mut from = Vec::new();
    loop {
        let mut piece: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        store
            .read()?
            .scan(AUDIT, &from, &[0xFF; 9], &mut |key, bytes| {
                piece.push((key.to_vec(), bytes.to_vec()));
                Ok(if piece.len() < ENTRIES_AT_ONCE {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            })?;
        for (key, bytes) in &piece {
            if visit(key, bytes)?.is_break() {
                return Ok(());
            }
        }
        match piece.pop() {
            Some((last, _)) if piece.len() + 1 == ENTRIES_AT_ONCE => {
                from = last;
                from.push(0);
            }
            _ => return Ok(()),
        }
    }
}

/// Gives an entry its hashes.
fn seal(entry: &mut Entry) -> Result<()> {
    if entry.content.is_some() {
        let bytes = encode(entry)?;
        let said = before_previous(&bytes, entry);
        let said = said.ok_or_else(|| Error::internal("An audit entry has no end."))?;
        let content = digest(said);
        entry.hash = link(entry.sequence, &entry.previous, &content);
        entry.content = Some(content);
    } else {
        entry.hash = String::new();
        entry.hash = digest(&encode(entry)?);
    }
    Ok(())
}

/// The hash of an entry in its place: what a part of the log can be checked by without the rest.
fn link(sequence: u64, previous: &str, content: &str) -> String {
    digest(format!("{sequence}:{previous}:{content}").as_bytes())
}

/// The bytes of what an entry says, which are those before `previous`.
fn before_previous<'a>(bytes: &'a [u8], entry: &Entry) -> Option<&'a [u8]> {
    let (previous, hash) = (&entry.previous, &entry.hash);
    let content = entry.content.as_ref()?;
    let end =
        format!("\"previous\":\"{previous}\",\"content\":\"{content}\",\"hash\":\"{hash}\"}}");
    bytes.strip_suffix(end.as_bytes())
}

/// SHA-256, hexadecimal.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn encode(entry: &Entry) -> Result<Vec<u8>> {
    serde_json::to_vec(entry)
        .map_err(|cause| Error::internal("An audit entry cannot be written.").because(cause))
}

fn decode(bytes: &[u8]) -> Result<Entry> {
    serde_json::from_slice(bytes)
        .map_err(|cause| Error::internal("An audit entry is not readable.").because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_entry_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        for n in 0..5 {
            store
                .write_blocking(move |tx| {
                    let details = serde_json::json!({ "n": n });
                    append(
                        tx,
                        Timestamp::from_ms(n),
                        &Actor::console(),
                        "test",
                        "thing/1",
                        details,
                    )
                })
                .unwrap();
        }
        assert_eq!(verify(&store).unwrap(), (5, None));
        assert_eq!(page(&store.read().unwrap(), Some(3), 10).unwrap().len(), 2);

        let forge = |tx: &Transaction<'_>| {
            let key = 3u64.to_be_bytes();
            let mut entry = decode(&tx.get(AUDIT, &key)?.unwrap())?;
            entry.user = "somebody else".to_owned();
            tx.put(AUDIT, &key, &encode(&entry)?)
        };
        store.write_blocking(forge).unwrap();
        assert_eq!(verify(&store).unwrap().1, Some(3));
    }
}
