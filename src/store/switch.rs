//! Data that was restored takes the place of what was there, at the start, before anything opens.
//!
//! What was proven lies in `restore.ready`. Each thing of the directory is moved aside, and the
//! restored one into its place, one rename at a time: after a cut the next start sees by what is
//! still in `restore.ready` how far it came, and goes on. Nothing else is looked at before it is
//! through, so nobody sees half of each.

use super::DATA_FILE;
use super::directory::Directory;
use super::disk::sync_folder_of;
use super::snapshot::{make_closed_folder, sync_folder};
use crate::base::{Error, Result};
use std::io;
use std::path::Path;

/// Where a restore is prepared. What lies there is worth nothing.
pub(crate) const UNFINISHED: &str = "restore.new";
/// A restore that waits for the next start.
pub(crate) const READY: &str = "restore.ready";
/// Start of the name under which what was there is kept.
pub(crate) const KEPT: &str = "before-restore-";
/// Says how this restore keeps what was there.
const KEPT_AS: &str = "kept-as";
/// Folder of readings, and of photos and documents.
const FOLDERS: [&str; 2] = ["readings", "blobs"];

/// Makes what was prepared in [`UNFINISHED`] wait for the next start. What was there will be kept
/// as [`KEPT`] and `stamp`.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn make_ready(root: &Path, stamp: &str) -> io::Result<()> {
    let (new, ready) = (root.join(UNFINISHED), root.join(READY));
    for folder in FOLDERS {
        make_closed_folder(&new.join(folder))?;
    }
    std::fs::write(new.join(KEPT_AS), format!("{KEPT}{stamp}"))?;
    std::fs::File::open(new.join(KEPT_AS))?.sync_all()?;
    sync_folder(&new)?;
    if ready.exists() {
        // One that waited and is no longer wanted. This file goes first: without it nothing counts.
        let _ = std::fs::remove_file(ready.join(KEPT_AS));
        sync_folder(&ready)?;
        std::fs::remove_dir_all(&ready)?;
    }
    std::fs::rename(&new, &ready)?;
    sync_folder_of(&ready)
}

/// Takes away what a restore prepared and did not finish.
pub(crate) fn discard(root: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(root.join(UNFINISHED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a restore waits for the next start.
pub(crate) fn is_waiting(root: &Path) -> bool {
    root.join(READY).join(KEPT_AS).exists()
}

/// Holds a data directory in which nothing can be opened any more, and makes it when it is absent.
pub(crate) struct Held(Directory);

impl Held {
    /// Takes it.
    ///
    /// # Errors
    /// When another process has it, or the disk refuses.
    pub(crate) fn take(path: &Path, owner: &str) -> Result<Self> {
        Directory::take(path, owner).map(Self)
    }

    /// Lets what waits take its place.
    ///
    /// # Errors
    /// As [`finish`].
    pub(crate) fn switch(&self) -> Result<bool> {
        finish(self.0.path())
    }
}

/// Lets restored data that waits take its place; `true` when there was some.
///
/// # Errors
/// When the disk refuses; the next call goes on where this one ended.
pub(super) fn finish(root: &Path) -> Result<bool> {
    let ready = root.join(READY);
    if !ready.is_dir() {
        return Ok(false);
    }
    tracing::info!("a restored backup takes the place of the data");
    switch(root, &ready).map_err(|cause| {
        let sentence = format!(
            "The restored data in {} cannot take its place. Check that the disk is not read-only, \
             then start again: nothing is lost.",
            ready.display()
        );
        Error::unavailable(sentence).because(cause)
    })?;
    Ok(true)
}

fn switch(root: &Path, ready: &Path) -> io::Result<()> {
    let names = || [DATA_FILE].into_iter().chain(FOLDERS);
    let kept_as = std::fs::read_to_string(ready.join(KEPT_AS)).unwrap_or_default();
    let is_name = kept_as.starts_with(KEPT) && !kept_as.contains(['/', '\0']);
    if is_name && names().any(|name| ready.join(name).exists()) {
        let kept = root.join(&kept_as);
        make_closed_folder(&kept)?;
        sync_folder(root)?;
        // The rest of a damaged file goes with it.
        for rest in [format!("{DATA_FILE}.damaged"), format!("{DATA_FILE}.new")] {
            if root.join(&rest).exists() {
                move_to(&root.join(&rest), &kept.join(&rest))?;
            }
        }
        for name in names() {
            let (new, old) = (ready.join(name), root.join(name));
            if !new.exists() {
                // It is in its place already.
                continue;
            }
            if old.exists() {
                move_to(&old, &kept.join(name))?;
            }
            move_to(&new, &old)?;
        }
        forget_others(root, &kept_as);
    }
    std::fs::remove_dir_all(ready)?;
    sync_folder(root)
}

fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_folder_of(to)?;
    sync_folder_of(from)
}

/// Of what restores put aside, the newest is kept.
fn forget_others(root: &Path, kept_as: &str) {
    let Ok(entries) = std::fs::read_dir(root) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_other = name
            .to_str()
            .is_some_and(|name| name.starts_with(KEPT) && name != kept_as);
        if is_other && let Err(error) = std::fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, "what an earlier restore put aside cannot be deleted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn put(root: &Path, what: &str) {
        fs::create_dir_all(root.join("readings")).unwrap();
        fs::create_dir_all(root.join("blobs")).unwrap();
        fs::write(root.join(DATA_FILE), what).unwrap();
        fs::write(root.join("readings/raw.redb"), what).unwrap();
    }

    fn told(root: &Path) -> [String; 2] {
        [DATA_FILE, "readings/raw.redb"]
            .map(|name| fs::read_to_string(root.join(name)).unwrap_or_default())
    }

    /// Every number of renames that may have happened before a cut.
    #[test]
    fn a_cut_at_any_rename_ends_with_what_was_restored_and_keeps_what_was_there() {
        for cut in 0..=6 {
            let place = tempfile::tempdir().unwrap();
            let root = place.path();
            put(root, "old");
            put(&root.join(UNFINISHED), "new");
            make_ready(root, "1").unwrap();
            let kept = root.join("before-restore-1");
            fs::create_dir_all(&kept).unwrap();
            let steps = [DATA_FILE, "readings", "blobs"]
                .into_iter()
                .flat_map(|name| {
                    let aside = (root.join(name), kept.join(name));
                    let into = (root.join(READY).join(name), root.join(name));
                    [aside, into]
                });
            for (from, to) in steps.take(cut) {
                fs::rename(from, to).unwrap();
            }
            assert!(finish(root).unwrap());
            assert_eq!(told(root), ["new", "new"], "cut {cut}");
            assert_eq!(told(&kept), ["old", "old"], "cut {cut}");
            assert!(!root.join(READY).exists());
            assert!(!finish(root).unwrap());
        }
    }

    #[test]
    fn one_generation_is_kept_and_what_is_unfinished_is_never_used() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        put(root, "first");
        put(&root.join(UNFINISHED), "half");
        assert!(!finish(root).unwrap());
        assert_eq!(told(root)[0], "first");
        for (stamp, what) in [("1", "second"), ("2", "third")] {
            discard(root).unwrap();
            put(&root.join(UNFINISHED), what);
            make_ready(root, stamp).unwrap();
            assert!(is_waiting(root));
            assert!(finish(root).unwrap());
        }
        assert_eq!(told(root), ["third", "third"]);
        assert_eq!(told(&root.join("before-restore-2")), ["second", "second"]);
        assert!(!root.join("before-restore-1").exists());
    }
}
