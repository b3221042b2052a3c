//! What the appliance does before it stops for an update: the idle slot is filled, and the record
//! asks the launcher to go on.
//!
//! Promises: nothing of the running version or its data is touched.

use super::files::Files;
use super::home::Home;
use super::record::{Pair, Record, State};
use std::io;
use std::path::Path;

/// An update that somebody confirmed, from a bundle that was judged good.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The new binary, on the disk of the home.
    pub binary: &'a Path,
    /// Its SHA-256 as the manifest says.
    pub hash: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Identity of the key that signed it; empty for none, which raises no floor.
    pub key: &'a str,
    /// SHA-256 of its manifest.
    pub manifest: &'a str,
    /// Who confirmed it.
    pub asked_by: &'a str,
}

fn steady(home: &Home) -> io::Result<Record> {
    let record = home.record()?;
    if record.state == State::Steady {
        return Ok(record);
    }
    let sentence = "An update is under way.";
    Err(io::Error::new(io::ErrorKind::AlreadyExists, sentence))
}

/// Puts the new binary into the idle slot and asks for the update.
///
/// # Errors
/// When an update is under way, the disk refuses, or the binary is not what the manifest says;
/// the running version stays as it is.
pub fn arm(home: &Home, files: &Files, request: &Request<'_>) -> io::Result<()> {
    let mut record = steady(home)?;
    if record.previous.take().is_some() {
        // Its slot is about to hold something else; its data makes room for the new copy.
        home.write(files, &mut record)?;
    }
    home.sweep(files, &record)?;
    let slot = record.current.slot.other();
    let hash = home.fill(files, slot, request.binary)?;
    if hash != request.hash {
        let sentence = "What was written is not what the manifest says: check the disk.";
        return Err(io::Error::new(io::ErrorKind::InvalidData, sentence));
    }
    let candidate = Pair {
        slot,
        hash,
        version: request.version.to_owned(),
        data: home.free_number(&record),
    };
    record.state = State::Armed {
        candidate,
        copy: true,
    };
    request.key.clone_into(&mut record.key);
    request.manifest.clone_into(&mut record.manifest);
    request.asked_by.clone_into(&mut record.asked_by);
    home.write(files, &mut record)
}

/// Asks for the version before: on a copy of what is there now, or, with `old_data`, on the data
/// as it was when that version ran last.
///
/// # Errors
/// When an update is under way, there is no version before, or the disk refuses.
pub fn arm_back(home: &Home, files: &Files, old_data: bool, asked_by: &str) -> io::Result<()> {
    let mut record = steady(home)?;
    let Some(mut candidate) = record.previous.clone() else {
        let sentence = "No version before is kept.";
        return Err(io::Error::new(io::ErrorKind::NotFound, sentence));
    };
    if !old_data {
        candidate.data = home.free_number(&record);
    }
    record.state = State::Armed {
        candidate,
        copy: !old_data,
    };
    record.key.clear();
    record.manifest.clear();
    asked_by.clone_into(&mut record.asked_by);
    home.write(files, &mut record)
}
