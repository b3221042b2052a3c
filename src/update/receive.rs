//! How a bundle comes in: from a stick or uploaded, judged, unpacked.

use super::bundle::{self, BUNDLE_MAX};
use super::manifest;
use super::service::{Updates, unwritten};
use super::staging::{Room, Staging};
use super::standing::Staged;
use super::stick;
use crate::base::{Error, Result};
use crate::launcher::files::{Files, tree_bytes};
use crate::launcher::home::Home;
use crate::machine;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, PoisonError};

/// Bytes that are read from a stick at once.
const PIECE: usize = 1 << 20;

impl Updates {
    /// A place for a bundle of about so many bytes, after what was staged before is gone.
    ///
    /// # Errors
    /// When this appliance cannot be updated, an upload is under way, there is no room for it, or
    /// the disk refuses.
    pub fn begin(&self, bytes: u64) -> Result<Staging> {
        let home = self.home()?;
        let turn = Arc::clone(&self.busy).try_lock_owned().map_err(|_| {
            Error::conflict("An update is being read already. Wait until that is done.")
        })?;
        *self.staged.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let staging = Staging::begin(home.staging(), turn);
        let staging = staging.map_err(|cause| self.full(bytes, cause))?;
        self.room(home, manifest::needs(bytes, self.data_bytes()))
            .check()?;
        Ok(staging)
    }

    /// Copies a bundle from a stick into staging. Nothing is read from the stick again.
    ///
    /// # Errors
    /// When this appliance cannot be updated, no bundle of this name is on a stick, it cannot be read, or there is no room for it.
    pub fn fetch(&self, path: &str) -> Result<Staging> {
        self.home()?;
        let found = stick::find(&self.mounts);
        let one = found.iter().find(|one| one.path == path);
        let one = one.ok_or_else(|| Error::not_found("update on a stick", path))?;
        let staging = self.begin(one.bytes)?;
        let unread = |cause| {
            Error::unavailable("The update cannot be read from the stick. Plug it in again.")
                .because(cause)
        };
        let from = File::open(&one.path).map_err(unread)?;
        let full = |cause| self.full(one.bytes, cause);
        let mut to = staging.create().map_err(full)?;
        let mut piece = vec![0; PIECE];
        let mut from = from.take(BUNDLE_MAX + 1);
        loop {
            let read = from.read(&mut piece).map_err(unread)?;
            if read == 0 {
                break;
            }
            to.write_all(&piece[..read]).map_err(full)?;
        }
        to.sync_all().map_err(full)?;
        Ok(staging)
    }

    /// What a person hears when the disk refused a bundle of so many bytes.
    #[must_use]
    pub fn full(&self, bytes: u64, cause: std::io::Error) -> Error {
        match &self.home {
            Some(home) => self
                .room(home, manifest::needs(bytes, self.data_bytes()))
                .refused(cause),
            None => unwritten(cause),
        }
    }

    /// Bytes of data that are copied in an update.
    pub(super) fn data_bytes(&self) -> u64 {
        tree_bytes(self.store.path()).unwrap_or(0)
    }

    fn room<'a>(&self, home: &'a Home, needs: u64) -> Room<'a> {
        Room {
            folder: home.path(),
            needs,
            free: machine::free_bytes(home.path()),
        }
    }

    /// Judges the bundle that was received, and unpacks it in staging when it is good.
    ///
    /// # Errors
    /// The first reason against it; then nothing of it stays.
    pub fn check(&self, staging: Staging) -> Result<Staged> {
        let staged = self.judge(self.home()?, &staging)?;
        let mut place = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(staged.clone());
        staging.keep();
        Ok(staged)
    }

    fn judge(&self, home: &Home, staging: &Staging) -> Result<Staged> {
        let path = staging.bundle();
        let mut opened = bundle::open(&path, &self.keys)?;
        if self.is_revoked(&opened.key)? {
            let sentence = "The key that signed it was revoked by its maker. Get the update anew.";
            return Err(Error::invalid("signature", sentence));
        }
        let record = home.record().map_err(unwritten)?;
        let here = self.here(&opened, &record);
        opened.manifest.fits(&here)?;
        let mut room = self.room(home, manifest::needs(opened.manifest.bytes, here.data));
        // The bundle goes when it is unpacked.
        room.free = room.free.map(|free| free.saturating_add(opened.bytes));
        room.check()?;
        let bytes = opened.manifest.bytes;
        let full = |cause| self.full(bytes, cause);
        opened.unpack(&staging.binary(), &full)?;
        Files::default().remove(&path).map_err(unwritten)?;
        Ok(Staged {
            manifest: opened.manifest,
            manifest_hash: opened.manifest_hash,
            key: opened.key,
            data_bytes: here.data,
        })
    }
}
