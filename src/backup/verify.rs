//! Proof that a backup is what was written and opens: every hash, every page, every count, and the
//! chain of the audit log up to the head that was noted.

use super::manifest::{Manifest, Member, hex};
use super::place::Place;
use super::progress::{Phase, Progress};
use crate::base::{Error, Result};
use crate::store::overlay::Still;
use crate::store::snapshot::{COPY_PIECE, Source, forget_cached};
use crate::store::{DATA_FILE, Store, audit};
use crate::tsdb::FOLDER;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Proves a backup. Nothing of it is changed.
///
/// # Errors
/// A sentence with the first thing that is not as it was written.
pub fn verify(place: &Place, progress: &Progress) -> Result<()> {
    let manifest = &place.manifest;
    progress.begin(Phase::Verify, 2 * manifest.bytes());
    if !manifest.files.iter().any(|file| file.name == DATA_FILE) {
        return Err(bad("it has no data file"));
    }
    for file in &manifest.files {
        compare(place, file, progress)?;
    }
    let source: Arc<dyn Source> = Arc::new(place.clone());
    for file in &manifest.files {
        if !file.name.starts_with("blobs/") && !Store::is_intact_in(&source, &file.name)? {
            return Err(bad(&format!("a page of {} is damaged", file.name)));
        }
        progress.step(file.bytes)?;
    }
    let store = Store::look_at(source, &place.folder)?;
    let proven = count(&store, manifest);
    store.close();
    proven
}

/// Counts what the data files hold, and walks the audit log.
fn count(store: &Store, manifest: &Manifest) -> Result<()> {
    let found = store.read()?.counts()?;
    if found != manifest.tables {
        let differs = |(table, count): &(&String, &u64)| found.get(*table) != Some(*count);
        let table = manifest.tables.iter().find(differs);
        let table = table.map_or("a table that was not there", |(table, _)| table);
        return Err(bad(&format!("the number of entries in {table} differs")));
    }
    let volumes = store.volumes(FOLDER);
    for info in volumes.list()? {
        let name = format!("{FOLDER}/{}.redb", info.name);
        let expected = manifest.files.iter().find(|file| file.name == name);
        let Some(volume) = volumes.get(&info.name)? else {
            return Err(bad(&format!("{name} cannot be opened")));
        };
        let entries = volume.read()?.counts()?.values().sum();
        if expected.and_then(|file| file.entries) != Some(entries) {
            return Err(bad(&format!("the number of entries in {name} differs")));
        }
    }
    volumes.close();
    let anchor = manifest.audit.clone().map(Into::into);
    let verdict = audit::verify_against(store, anchor.as_ref())?;
    match verdict.first_bad {
        Some(entry) => Err(bad(&format!("its audit log is broken at entry {entry}"))),
        None if verdict.head != manifest.audit => {
            Err(bad("its audit log ends with another entry than was noted"))
        }
        None => Ok(()),
    }
}

/// Reads a file back and compares it with what was written.
fn compare(place: &Place, file: &Member, progress: &Progress) -> Result<()> {
    let path = place.path_of(file);
    let lost = |cause| bad(&format!("{} cannot be read", file.name)).because(cause);
    let stored = std::fs::File::open(&path).map_err(lost)?;
    forget_cached(&stored);
    let (bytes, sum) = read_through(&stored, &mut |_| Ok(())).map_err(lost)?;
    if (bytes, &sum) != (file.stored_bytes, &file.stored_sha256) {
        return Err(bad(&format!("{} is not what was written", file.name)));
    }
    let content = place.content_of(file).map_err(lost)?;
    let mut asked = Ok(());
    let mut step = |length| {
        asked = progress.step(length);
        asked
            .as_ref()
            .map_err(|_| std::io::ErrorKind::Interrupted.into())
            .copied()
    };
    let read = read_through(content.as_ref(), &mut step);
    asked?;
    let (bytes, sum) = read.map_err(lost)?;
    if (bytes, &sum) != (file.bytes, &file.sha256) {
        return Err(bad(&format!("the content of {} is another", file.name)));
    }
    let names_itself = file.name.rsplit('/').next() == Some(&*file.sha256);
    if file.name.starts_with("blobs/") && !names_itself {
        return Err(bad(&format!("{} is not the file of its name", file.name)));
    }
    Ok(())
}

/// Reads a file from its start to its end: its length and its SHA-256.
fn read_through(
    file: &dyn Still,
    step: &mut dyn FnMut(u64) -> std::io::Result<()>,
) -> std::io::Result<(u64, String)> {
    let (len, mut at, mut digest) = (file.len()?, 0, Sha256::new());
    let mut piece = vec![0; COPY_PIECE];
    while at < len {
        let length = usize::try_from(len - at).map_or(COPY_PIECE, |left| left.min(COPY_PIECE));
        file.read(at, &mut piece[..length])?;
        digest.update(&piece[..length]);
        at += length as u64;
        step(length as u64)?;
    }
    Ok((len, hex(&digest.finalize())))
}

/// A backup that is not good.
pub(super) fn bad(what: &str) -> Error {
    Error::conflict(format!(
        "The backup is not good: {what}. Use another one, and make a new one on another stick or \
         share."
    ))
}
