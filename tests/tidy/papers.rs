//! Documents name only what exists, and every device profile loads.

use crate::tree::{Breaches, File, exists, files};

/// Folders and files at the root: a back-ticked word that starts with one of them is a path.
const ROOTS: [&str; 12] = [
    "src",
    "tests",
    "docs",
    "frontend",
    "frontend-dist",
    "assets",
    "packaging",
    ".ci",
    ".cargo",
    "Makefile",
    "Cargo.toml",
    "Cargo.lock",
];
/// Endings that make a back-ticked word a file.
const ENDINGS: [&str; 8] = [".rs", ".ts", ".vue", ".md", ".mjs", ".css", ".sh", ".py"];
/// Where a document may start from when it names a file.
const STARTS: [&str; 4] = ["", "src/", "frontend/src/", "tests/"];

#[test]
fn documents_name_only_files_that_exist() {
    let mut papers = files("docs", &[".md"]);
    for name in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"] {
        papers.extend(exists(name).then(|| File {
            path: name.into(),
            text: crate::tree::read(name),
        }));
    }
    let mut breaches = Breaches::default();
    for paper in papers {
        for (line, path) in paths_named(&paper.text) {
            let beside = paper.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let found = STARTS.iter().any(|start| exists(&format!("{start}{path}")))
                || exists(&format!("{beside}/{path}"));
            if !found {
                breaches.add(format!("{}:{line} names `{path}`", paper.path));
            }
        }
    }
    breaches.must_be_none("A document names only files that exist. Correct the path:");
}

/// The paths in back-ticks and in relative links, with their lines. Blocks between fences are
/// examples and may name what a reader will make.
fn paths_named(text: &str) -> Vec<(usize, String)> {
    let (mut fenced, mut found) = (false, Vec::new());
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let ticked = line
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|word| is_path(word));
            let linked = line.split("](").skip(1).filter_map(link_target);
            found.extend(ticked.chain(linked).map(|path| (at + 1, path.to_owned())));
        }
    }
    found
}

fn is_path(word: &str) -> bool {
    let plain = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let first = word.split('/').next().unwrap_or_default();
    let rooted = ROOTS.contains(&first) && (word.contains('/') || first.contains('.'));
    plain
        && (rooted
            || ENDINGS
                .iter()
                .any(|ending| word.len() > ending.len() && word.ends_with(ending)))
}

/// The file behind `](`, without its anchor; `None` for another site and for this page.
fn link_target(rest: &str) -> Option<&str> {
    let target = rest.split(')').next()?.split('#').next()?;
    let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
    (!elsewhere).then_some(target)
}

#[test]
fn a_path_is_told_from_other_words() {
    let text = "Read `src/lib.rs`, `equipment/poller.rs` and [this](docs/a.md#b), not `cargo run`,\n\
                `GET /api/v1`, `a | b`, [that](https://example.org/x.md) or `frontend`.\n\
                ```\nsrc/not/there.rs `src/x.rs`\n```\nAnd `Makefile`, `tests/crash/`.";
    let found: Vec<_> = paths_named(text)
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    assert_eq!(
        found,
        [
            "src/lib.rs",
            "equipment/poller.rs",
            "docs/a.md",
            "tests/crash/"
        ]
    );
}
