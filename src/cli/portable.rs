//! Started without a word, as by a double click: the data lies beside the file, and the page opens.

use super::{Boot, say};
use crate::store::DATA_FILE;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The folder beside the file.
const FOLDER: &str = "indusmind-data";

/// The data directory of a start without a word, and whether it is one. Who ever had data at the
/// platform's place keeps it.
pub(super) fn settle(boot: Boot) -> (Boot, bool) {
    let silent = boot.data_dir.is_none() && boot.config.is_none() && boot.listen.is_none();
    let served = ["STATE_DIRECTORY", "NOTIFY_SOCKET"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if !silent || served {
        return (boot, false);
    }
    let platform = boot.clone().load().map(|config| config.data_dir).ok();
    let folder = std::env::current_exe()
        .ok()
        .and_then(|program| beside(program.parent()?, platform.as_deref()));
    let Some(folder) = folder else {
        return (boot, true);
    };
    say("Portable: the data lies beside this file. To make it a service: indusmind install.");
    let data_dir = Some(folder);
    (Boot { data_dir, ..boot }, true)
}

/// The folder beside the file; `None` when nothing can be written there, or data lies at the
/// platform's place.
fn beside(place: &Path, platform: Option<&Path>) -> Option<PathBuf> {
    let folder = place.join(FOLDER);
    if folder.is_dir() {
        return Some(folder);
    }
    if platform.is_some_and(|platform| platform.join(DATA_FILE).exists()) {
        return None;
    }
    let made = std::fs::DirBuilder::new().mode(0o700).create(&folder);
    made.is_ok().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_lies_beside_the_file_unless_there_is_some_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let platform = dir.path().join("platform");
        std::fs::create_dir(&platform).unwrap();
        std::fs::write(platform.join(DATA_FILE), b"").unwrap();
        assert_eq!(beside(dir.path(), Some(&platform)), None);
        let folder = beside(dir.path(), None).unwrap();
        assert!(folder.is_dir());
        assert_eq!(beside(dir.path(), Some(&platform)), Some(folder));
        assert_eq!(beside(&dir.path().join("absent"), None), None);
    }
}
