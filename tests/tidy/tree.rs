//! The files that the rules read, and the report of what breaks a rule.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One file of the project.
pub(crate) struct File {
    /// From the root of the project, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Whether the project has a file or folder of this name.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// One file that must be there.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

/// Every file below `folder` whose name ends with one of `endings`, in the order of their names.
/// A folder that is not there is an empty one: each rule says itself what it needs.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix(root()).ok()?.to_str()?.replace('\\', "/");
            let wanted = endings.iter().any(|ending| name.ends_with(ending));
            wanted.then(|| File {
                text: read(&name),
                path: name,
            })
        })
        .collect()
}

/// Folders that hold what was installed or built, not what was written.
const NOT_OURS: [&str; 3] = ["node_modules", "target", "test-results"];

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !NOT_OURS.iter().any(|other| name == *other) {
                collect(&path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}

/// What breaks one rule, gathered so that a person sees all of it at once.
#[derive(Default)]
pub(crate) struct Breaches(Vec<String>);

impl Breaches {
    pub(crate) fn add(&mut self, breach: impl Into<String>) {
        self.0.push(breach.into());
    }

    pub(crate) fn list(&self) -> &[String] {
        &self.0
    }

    /// Fails with every breach and with what to do.
    #[track_caller]
    pub(crate) fn must_be_none(&self, what_to_do: &str) {
        let mut report = String::new();
        for breach in &self.0 {
            let _ = write!(report, "\n  {breach}");
        }
        assert!(self.0.is_empty(), "{what_to_do}{report}");
    }
}
