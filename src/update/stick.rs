//! Updates on sticks that are plugged in.

use super::bundle::{BUNDLE_MAX, ENDING};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

/// Where systems mount sticks: by name, or by user and name.
pub const MOUNTS: [&str; 3] = ["/media", "/run/media", "/mnt"];
/// Folders below a mount that are looked into.
const DEPTH: usize = 3;
/// Most entries of a folder that are looked at.
const ENTRIES_MAX: usize = 500;
/// Most bundles that are told.
const FOUND_MAX: usize = 20;

/// An update on a stick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OnStick {
    /// Where it lies; what `POST /api/update/check` takes.
    pub path: String,
    /// Name of the file.
    pub name: String,
    /// Its size, bytes.
    pub bytes: u64,
}

/// The bundles below these folders, by path. Links are not followed.
#[must_use]
pub fn find(mounts: &[PathBuf]) -> Vec<OnStick> {
    let mut found = Vec::new();
    for mount in mounts {
        look(mount, DEPTH, &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found.truncate(FOUND_MAX);
    found
}

fn look(folder: &Path, depth: usize, found: &mut Vec<OnStick>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.take(ENTRIES_MAX).flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() && depth > 1 {
            look(&path, depth - 1, found);
        }
        let bundle = path.extension().is_some_and(|ending| ending == ENDING);
        let bytes = entry.metadata().map_or(0, |about| about.len());
        if kind.is_file() && bundle && (1..=BUNDLE_MAX).contains(&bytes) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = path.to_string_lossy().into_owned();
            found.push(OnStick { path, name, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_found_where_sticks_are_mounted_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let stick = dir.path().join("media/chief/STICK");
        fs::create_dir_all(stick.join("deep/deeper")).unwrap();
        fs::write(stick.join("indusmind-0.2.0.imu"), "bundle").unwrap();
        fs::write(stick.join("empty.imu"), "").unwrap();
        fs::write(stick.join("notes.txt"), "notes").unwrap();
        fs::write(stick.join("deep/deeper/far.imu"), "far").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", stick.join("link.imu")).unwrap();
        let found = find(&[dir.path().join("media"), dir.path().join("absent")]);
        let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["indusmind-0.2.0.imu"]);
    }
}
