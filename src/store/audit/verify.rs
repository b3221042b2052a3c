//! Walking the chain: is every entry where and what it was, and is the end still the end?

use super::{Entry, before_previous, decode, digest, in_pieces, link};
use crate::base::{Error, Result};
use crate::store::{Store, View};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;
use utoipa::ToSchema;

/// Length of a SHA-256 in hexadecimal.
const HASH_LENGTH: usize = 64;

/// The newest entry: who keeps it elsewhere sees whether anything before it was changed or cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditHead)]
pub struct Head {
    /// Its sequence.
    pub sequence: u64,
    /// Its hash.
    pub hash: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

/// A head as somebody kept it: `SEQUENCE:HASH`, or the hash alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    sequence: Option<u64>,
    hash: String,
}

impl Anchor {
    /// Whether the entry of this number and hash is the one.
    pub(super) fn is(&self, sequence: u64, hash: &str) -> bool {
        self.hash == hash && self.sequence.is_none_or(|at| at == sequence)
    }
}

impl From<Head> for Anchor {
    fn from(head: Head) -> Self {
        Self {
            sequence: Some(head.sequence),
            hash: head.hash,
        }
    }
}

impl FromStr for Anchor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            let sentence = "Give the head as it was exported: SEQUENCE:HASH, or the hash of 64 \
                            hexadecimal digits.";
            Error::invalid("head", sentence)
        };
        let (sequence, hash) = match text.trim().split_once(':') {
            Some((sequence, hash)) => {
                let sequence = sequence.parse().ok().filter(|sequence| *sequence > 0);
                (Some(sequence.ok_or_else(refused)?), hash)
            }
            None => (None, text.trim()),
        };
        let hash = hash.to_ascii_lowercase();
        if hash.len() != HASH_LENGTH || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refused());
        }
        Ok(Self { sequence, hash })
    }
}

/// What is wrong with the first bad entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditFault)]
pub enum Fault {
    /// Another entry stands in its place: it was removed or moved.
    Missing,
    /// It is not what was written.
    Changed,
    /// It, and what came after it, was cut off: the head that was kept is newer.
    CutOff,
    /// The chain is sound and is not the one that the head was taken from.
    OtherChain,
}

/// What a walk over the chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditVerdict)]
pub struct Verdict {
    /// Whether every entry is where and what it was.
    pub intact: bool,
    /// Entries that were looked at: up to the first bad one.
    pub entries: u64,
    /// Sequence of the first bad entry.
    pub first_bad: Option<u64>,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// The newest sound entry; `null` when there is none. Keep it elsewhere.
    pub head: Option<Head>,
}

/// The newest entry as it stands; `None` in an empty log.
///
/// # Errors
/// When the file cannot be read.
pub fn head(view: &impl View) -> Result<Option<Head>> {
    let newest = super::page(view, None, 1)?.pop();
    Ok(newest.map(|entry| Head {
        sequence: entry.sequence,
        hash: entry.hash,
    }))
}

/// Walks the chain; returns the number of entries and the sequence of the first bad one.
///
/// # Errors
/// When the file cannot be read.
pub fn verify(store: &Store) -> Result<(u64, Option<u64>)> {
    let verdict = verify_against(store, None)?;
    Ok((verdict.entries, verdict.first_bad))
}

/// Walks the chain, and looks for a head that was kept elsewhere.
///
/// # Errors
/// When the file cannot be read.
pub fn verify_against(store: &Store, anchor: Option<&Anchor>) -> Result<Verdict> {
    let mut walk = Walk::default();
    in_pieces(store, &mut |key, bytes| Ok(walk.step(key, bytes, anchor)))?;
    Ok(walk.end(anchor))
}

#[derive(Default)]
struct Walk {
    count: u64,
    head: Option<Head>,
    bad: Option<(u64, Fault)>,
    anchored: bool,
}

impl Walk {
    fn step(&mut self, key: &[u8], bytes: &[u8], anchor: Option<&Anchor>) -> ControlFlow<()> {
        self.count += 1;
        let previous = self.head.as_ref().map_or("", |head| head.hash.as_str());
        let hash = match sound(key, bytes, self.count, previous) {
            Ok(hash) => hash,
            Err(fault) => {
                self.bad = Some((self.count, fault));
                return ControlFlow::Break(());
            }
        };
        if let Some(anchor) = anchor {
            let is_it = hash == anchor.hash;
            if anchor.sequence == Some(self.count) && !is_it {
                self.bad = Some((self.count, Fault::OtherChain));
                return ControlFlow::Break(());
            }
            self.anchored |= anchor.is(self.count, &hash);
        }
        self.head = Some(Head {
            sequence: self.count,
            hash,
        });
        ControlFlow::Continue(())
    }

    fn end(mut self, anchor: Option<&Anchor>) -> Verdict {
        if anchor.is_some() && self.bad.is_none() && !self.anchored {
            self.bad = Some((self.count + 1, Fault::CutOff));
        }
        Verdict {
            intact: self.bad.is_none(),
            entries: self.count,
            first_bad: self.bad.map(|(sequence, _)| sequence),
            fault: self.bad.map(|(_, fault)| fault),
            head: self.head,
        }
    }
}

/// The hash of an entry that is the one of this number and follows on `previous`.
fn sound(key: &[u8], bytes: &[u8], number: u64, previous: &str) -> Result<String, Fault> {
    let entry: Entry = decode(bytes).map_err(|_| Fault::Changed)?;
    if key != number.to_be_bytes() {
        return Err(Fault::Missing);
    }
    let own = hash_of(bytes, &entry).ok_or(Fault::Changed)?;
    if own != entry.hash {
        return Err(Fault::Changed);
    }
    // Whole in itself, and not the one that belongs here.
    if entry.sequence != number || entry.previous != previous {
        return Err(Fault::Missing);
    }
    Ok(own)
}

/// The hash over the stored bytes. Not over what was read from them: a number that is written in
/// another way, or a space, is a change too, and reading must not be able to hide one.
pub(super) fn hash_of(bytes: &[u8], entry: &Entry) -> Option<String> {
    let Some(content) = &entry.content else {
        let open = bytes.strip_suffix(format!("{}\"}}", entry.hash).as_bytes())?;
        return Some(digest(&[open, b"\"}"].concat()));
    };
    let own = digest(before_previous(bytes, entry)?);
    (own == *content).then(|| link(entry.sequence, &entry.previous, content))
}

/// The log, byte by byte.
#[cfg(test)]
pub(super) fn stored(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    store
        .read()
        .unwrap()
        .scan(super::AUDIT, &[], &[0xFF; 9], &mut |key, bytes| {
            all.push((key.to_vec(), bytes.to_vec()));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_exported() {
        let hash = "0f".repeat(32);
        let head = Head {
            sequence: 7,
            hash: hash.clone(),
        };
        assert_eq!(
            head.to_string().parse::<Anchor>().unwrap(),
            Anchor::from(head)
        );
        let alone: Anchor = format!(" {} ", hash.to_uppercase()).parse().unwrap();
        assert_eq!(
            alone,
            Anchor {
                sequence: None,
                hash: hash.clone()
            }
        );
        for bad in ["", "7:", "x:00", &format!("0:{hash}"), &hash[1..]] {
            assert!(bad.parse::<Anchor>().is_err(), "{bad}");
        }
    }
}
