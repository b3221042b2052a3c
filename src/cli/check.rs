//! `indusmind check`: is everything as it should be? Changes nothing.

use super::{Boot, say};
use crate::base::{Error, Result};
use crate::equipment::{Profiles, files_named};
use crate::store::{self, BlobHash, Blobs, Store, audit};
use crate::tsdb::Tsdb;
use std::collections::BTreeSet;

pub(super) fn run(boot: Boot) -> Result<()> {
    let config = boot.load()?;
    say("Configuration: understood.");
    let profiles = Profiles::embedded()?;
    say(&format!(
        "Device profiles: {} sound.",
        profiles.list().count()
    ));
    if let Some(owner) = store::inspect(&config.data_dir)? {
        say(&format!(
            "Data directory: in use by {}; its content was not read.",
            owner.name
        ));
        return Ok(());
    }
    let file = config.data_dir.join(store::DATA_FILE);
    if !file.exists() {
        say("Data directory: empty; the first start sets it up.");
        return Ok(());
    }
    // A copy, because opening after a power cut repairs, and a check changes nothing.
    let copy = copy_of(&file)?;
    let outcome = look_into(copy.path(), &Blobs::of(&config.data_dir));
    drop(copy);
    outcome
}

fn look_into(directory: &std::path::Path, blobs: &Blobs) -> Result<()> {
    let store = Store::open(directory, "indusmind check")?;
    let series = Tsdb::open(&store)?.latest()?.len();
    say(&format!(
        "Readings: {series} series with a value in their last day."
    ));
    let (entries, bad) = audit::verify(&store.read()?)?;
    let files = files_named(&store)?;
    store.close();
    match bad {
        None => {
            say(&format!(
                "Audit log: {entries} entries, the chain is intact."
            ));
            look_into_files(&files, blobs)
        }
        Some(sequence) => Err(Error::internal(format!(
            "The audit log is broken at entry {sequence}. Keep the file and restore a backup."
        ))),
    }
}

/// Reads each photo and document that a record names.
fn look_into_files(files: &BTreeSet<BlobHash>, blobs: &Blobs) -> Result<()> {
    let mut broken = 0;
    for file in files {
        if let Err(error) = blobs.open(*file) {
            say(&format!("File {file}: {error}"));
            broken += 1;
        }
    }
    if broken > 0 {
        return Err(Error::internal(format!(
            "{broken} photos and documents are missing or damaged. Copy them from a backup into \
             the folder blobs, or upload them again."
        )));
    }
    say(&format!("Photos and documents: {} sound.", files.len()));
    Ok(())
}

/// A directory that goes when it is dropped.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy_of(file: &std::path::Path) -> Result<Scratch> {
    let name = format!("indusmind-check-{}", std::process::id());
    let directory = Scratch(std::env::temp_dir().join(name));
    std::fs::create_dir_all(directory.path())
        .and_then(|()| std::fs::copy(file, directory.path().join(store::DATA_FILE)))
        .map_err(|cause| {
            Error::unavailable(format!(
                "The check needs room for a copy of the data file in {}; point TMPDIR elsewhere.",
                std::env::temp_dir().display()
            ))
            .because(cause)
        })?;
    Ok(directory)
}
