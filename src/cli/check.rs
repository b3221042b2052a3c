//! `indusmind check`: is everything as it should be? Changes nothing.

use super::{Boot, say};
use crate::base::{EquipmentId, Error, Result};
use crate::equipment::{Profiles, Registry, files_named};
use crate::store::{self, BlobHash, Blobs, Store, audit};
use crate::tsdb::{Damage, Listener, Tsdb, Verified};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How often the progress is told on a terminal, and in a log.
const TELL_EVERY: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];
/// Damaged places that are told one by one.
const DAMAGE_LISTED: usize = 100;

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
    if !Store::is_intact(&config.data_dir)? {
        return Err(Error::internal(format!(
            "A page of {} is damaged. Keep the file and restore a backup; a start without one \
             writes it anew from what can be read.",
            file.display()
        )));
    }
    // Opening after a power cut repairs; that stays in memory, because a check changes nothing.
    let store = Store::look(&config.data_dir)?;
    let outcome = look_into(&store, &Blobs::of(&config.data_dir));
    store.close();
    outcome
}

/// Looks at everything, and ends with the first kind of damage after all kinds were looked at.
pub(super) fn look_into(store: &Store, blobs: &Blobs) -> Result<()> {
    let tsdb = Tsdb::open(store)?;
    let series = tsdb.latest()?.len();
    say(&format!(
        "Readings: {series} series with a value in their last day."
    ));
    let files = files_named(store)?;
    let looks = [
        look_into_audit(store),
        look_into_volumes(store, &tsdb),
        look_into_files(&files, blobs),
    ];
    looks.into_iter().collect()
}

fn look_into_audit(store: &Store) -> Result<()> {
    let (entries, bad) = audit::verify(store)?;
    match bad {
        None => {
            say(&format!(
                "Audit log: {entries} entries, the chain is intact."
            ));
            Ok(())
        }
        Some(sequence) => Err(Error::internal(format!(
            "The audit log is broken at entry {sequence}. Keep the file and restore a backup."
        ))),
    }
}

/// Reads every block of every volume.
fn look_into_volumes(store: &Store, tsdb: &Tsdb) -> Result<()> {
    let names = Registry::stored(store)?;
    let mut teller = Teller {
        names: names.iter().map(|one| (one.id, &*one.name)).collect(),
        told: Instant::now(),
        terminal: std::io::stderr().is_terminal(),
        listed: 0,
    };
    let Verified {
        volumes,
        blocks,
        hours,
        damaged,
    } = tsdb.verify(&mut teller)?;
    teller.clear();
    if damaged > 0 {
        return Err(Error::internal(format!(
            "{damaged} places in {volumes} files of readings are damaged or do not agree. What is \
             damaged is left out of every answer. Check the disk and restore the folder readings \
             from a backup."
        )));
    }
    say(&format!(
        "Sealed readings: {volumes} files, {blocks} blocks sound; the rows of {hours} hours agree \
         with their samples."
    ));
    Ok(())
}

/// Tells what is damaged, and how far the check is.
struct Teller<'a> {
    names: BTreeMap<EquipmentId, &'a str>,
    told: Instant,
    terminal: bool,
    listed: usize,
}

impl Teller<'_> {
    /// Takes the line of the progress away.
    fn clear(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr().lock(), "\r{:70}\r", "");
        }
    }
}

impl Listener for Teller<'_> {
    fn damage(&mut self, damage: &Damage) {
        self.listed += 1;
        if self.listed > DAMAGE_LISTED {
            return;
        }
        self.clear();
        let Damage {
            volume, at, span, ..
        } = damage;
        let who = damage.equipment.map_or_else(String::new, |id| {
            let name = self.names.get(&id).copied().unwrap_or("unknown equipment");
            format!(", {name} ({id})")
        });
        let place = format!("{}/{volume}.redb", crate::tsdb::FOLDER);
        say(&format!("{place}: {span} from {at}{who}: {}", damage.what));
        if self.listed == DAMAGE_LISTED {
            say("Further damage is counted only.");
        }
    }

    fn progress(&mut self, volume: usize, of: usize, so_far: Verified) -> ControlFlow<()> {
        let every = TELL_EVERY[usize::from(!self.terminal)];
        if self.told.elapsed() >= every {
            self.told = Instant::now();
            let end = if self.terminal { "\r" } else { "\n" };
            let (number, blocks) = (volume + 1, so_far.blocks);
            let line = format!("Reading file {number} of {of}, {blocks} blocks so far");
            let _ = write!(std::io::stderr().lock(), "{line:70}{end}");
        }
        ControlFlow::Continue(())
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
