//! Restoring: the backup is proven, its files are put beside the data, opened and brought up to this
//! version, and take their place at the next start. What was there is kept.

use super::let_in::LetIn;
use super::place::Place;
use super::progress::{Phase, Progress};
use super::revoked::{ShutOut, Since, carry_over};
use super::verify::{bad, verify};
use crate::base::{Error, Result, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::operations;
use crate::store::snapshot::{COPY_PIECE, make_closed_folder, room_at, sync_folder};
use crate::store::{Store, TableName, switch};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// What a backup must not bring back to life: who was signed in then, and codes that were used since.
const ENDED: [TableName; 2] = [TableName::new("session"), TableName::new("one_time_code")];
/// Room that is left on the disk beside what is restored, bytes.
const ROOM_LEFT: u64 = 64 << 20;

/// Proves a backup and puts it beside the data of `data_dir`, where it waits for the next start. What
/// was revoked `since` stays so, and no machine gets in that is not to be `let_in`; by default
/// [`Since::usual`]. Returns how many that are.
///
/// # Errors
/// When the backup is not good, is of a newer version, or the disk refuses; then nothing changed.
pub fn stage(
    place: &Place,
    data_dir: &Path,
    (since, let_in): (Since, Option<LetIn>),
    (actor, now): (&Actor, Timestamp),
    progress: &Progress,
) -> Result<ShutOut> {
    let let_in = let_in.unwrap_or_else(|| since.usual());
    verify(place, progress)?;
    let refused = |cause| write_refused(data_dir, cause);
    switch::discard(data_dir).map_err(refused)?;
    let folder = data_dir.join(switch::UNFINISHED);
    let staged = fill(place, &folder, progress)
        .and_then(|()| settle(place, &folder, (since, let_in), (actor, now)))
        .and_then(|out| {
            let stamp: String = (now.to_string().chars().take(19))
                .filter(|c| !"-:".contains(*c))
                .collect();
            switch::make_ready(data_dir, &format!("{stamp}Z")).map_err(refused)?;
            Ok(out)
        });
    if staged.is_err() {
        let _ = switch::discard(data_dir);
    }
    staged
}

/// Puts the files of a backup into a folder as a data directory has them, and opens them: a proof
/// that it can be restored, for whoever wants to look further.
///
/// # Errors
/// As [`stage`].
pub fn rehearse(place: &Place, folder: &Path, progress: &Progress) -> Result<Store> {
    verify(place, progress)?;
    fill(place, folder, progress)?;
    Store::prepare(folder)
}

/// Copies every file of a backup, decrypted.
fn fill(place: &Place, folder: &Path, progress: &Progress) -> Result<()> {
    let refused = |cause| write_refused(folder, cause);
    make_closed_folder(folder).map_err(refused)?;
    let needed = place.manifest.bytes() + ROOM_LEFT;
    if let Some(room) = room_at(folder).filter(|room| room.free < needed) {
        let sentence = format!(
            "The disk of {} has room for {} MB and {} MB are needed: what is there is kept until \
             the backup has proven itself. Free some room first.",
            folder.display(),
            room.free >> 20,
            needed >> 20
        );
        return Err(Error::unavailable(sentence));
    }
    progress.begin(Phase::Copy, place.manifest.bytes());
    let mut folders = BTreeSet::from([folder.to_path_buf()]);
    for file in &place.manifest.files {
        let path = folder.join(&file.name);
        if let Some(parent) = path.parent() {
            make_closed_folder(parent).map_err(refused)?;
            folders.insert(parent.to_path_buf());
        }
        let lost = |cause| bad(&format!("{} cannot be read", file.name)).because(cause);
        let content = place.content_of(file).map_err(lost)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut out = options.open(&path).map_err(refused)?;
        let len = content.len().map_err(lost)?;
        let (mut at, mut piece) = (0, vec![0; COPY_PIECE]);
        while at < len {
            let length = usize::try_from(len - at).map_or(COPY_PIECE, |n| n.min(COPY_PIECE));
            content.read(at, &mut piece[..length]).map_err(lost)?;
            out.write_all(&piece[..length]).map_err(refused)?;
            at += length as u64;
            progress.step(length as u64)?;
        }
        out.sync_all().map_err(refused)?;
        let (bytes, sha256) = super::copy::hash_of(&path, &Progress::default())?;
        if (bytes, &sha256) != (file.bytes, &file.sha256) {
            return Err(bad(&format!("{} changed while it was read", file.name)));
        }
    }
    progress.begin(Phase::Prepare, 1);
    let mut folders = folders.iter();
    folders
        .try_for_each(|folder| sync_folder(folder))
        .map_err(refused)
}

/// Opens what was copied: brings it up to this version, ends every session, takes out what is not to
/// get in, and writes into its audit log where it comes from.
fn settle(
    place: &Place,
    folder: &Path,
    (since, let_in): (Since, LetIn),
    (actor, now): (&Actor, Timestamp),
) -> Result<ShutOut> {
    let store = Store::prepare(folder)?;
    let (actor, manifest) = (actor.clone(), &place.manifest);
    let mut details = serde_json::json!({
        "backup": manifest.id,
        "made_at": manifest.made_at,
        "version": manifest.version,
        "audit_head": manifest.audit,
        "let_in": let_in,
    });
    let settled = store.write_blocking(move |transaction| {
        for table in ENDED {
            transaction.drop_table(table)?;
        }
        let (out, revoked) = carry_over(transaction, &since, let_in)?;
        details["shut_out"] = serde_json::json!({ "tokens": out.tokens, "kiosks": out.kiosks,
            "devices": out.devices, "users": out.users, "demoted": out.demoted });
        // The start that follows is then no start after a power cut.
        operations::append(transaction, now, &actor, "backup.restore", details.clone())?;
        details["revoked"] = revoked;
        let action = "backup.restored";
        audit::append(transaction, now, &actor, action, "appliance", details)?;
        Ok(out)
    });
    store.close();
    settled
}

fn write_refused(folder: &Path, cause: std::io::Error) -> Error {
    let sentence = format!(
        "The backup cannot be put into {}. Check that the disk has room and is not read-only.",
        folder.display()
    );
    Error::unavailable(sentence).because(cause)
}
