//! Documents name only what exists, and every device profile loads.

use crate::tree::{Breaches, File, exists, files};
use indusmind::equipment::Profiles;
use std::collections::BTreeSet;

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

/// Whether the project has what a document calls `path`: from the root, from one of the starts,
/// beside the document, or, for a bare name, a file of that name anywhere in the sources.
fn known(path: &str, beside: &str, names: &BTreeSet<String>) -> bool {
    STARTS.iter().any(|start| exists(&format!("{start}{path}")))
        || exists(&format!("{beside}/{path}"))
        || names.contains(path)
}

/// The bare names of all source files.
fn source_names() -> BTreeSet<String> {
    let all = ["src", "frontend/src", "tests"].map(|folder| files(folder, &ENDINGS));
    let bare = |file: File| file.path.rsplit('/').next().map(str::to_owned);
    all.into_iter().flatten().filter_map(bare).collect()
}

#[test]
fn documents_name_only_files_that_exist() {
    let mut papers = files("docs", &[".md"]);
    for name in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"] {
        papers.extend(exists(name).then(|| File {
            path: name.into(),
            text: crate::tree::read(name),
        }));
    }
    let (mut breaches, names) = (Breaches::default(), source_names());
    for paper in papers {
        for (line, path) in paths_named(&paper.text) {
            let beside = paper.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let found = known(&path, beside, &names);
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

/// The names of tests in back-ticks: words in lower case that make a sentence.
fn tests_named(text: &str) -> impl Iterator<Item = &str> {
    let sentence = |word: &&str| {
        let plain = word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        plain && word.matches('_').count() >= 3
    };
    text.split('`').skip(1).step_by(2).filter(sentence)
}

#[test]
fn the_tests_that_prove_a_promise_exist() {
    let code = ["src", "tests"].map(|folder| files(folder, &[".rs"]));
    let code: Vec<_> = code.into_iter().flatten().collect();
    let (paper, mut breaches, mut count) = ("docs/proofs.md", Breaches::default(), 0);
    let text = crate::tree::read(paper);
    for name in tests_named(&text) {
        count += 1;
        let begins = format!("fn {name}(");
        if !code.iter().any(|file| file.text.contains(&begins)) {
            breaches.add(format!("{paper} names {name}"));
        }
    }
    assert!(count > 50, "{paper} names {count} tests");
    breaches.must_be_none("A promise is proven by a test that exists. Correct the name:");
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

#[test]
fn every_device_profile_loads() {
    let names = |file: File| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        name.trim_end_matches(".toml").to_owned()
    };
    let on_disk: BTreeSet<String> = files("assets/profiles", &[".toml"])
        .into_iter()
        .map(names)
        .collect();
    let embedded = Profiles::embedded().unwrap();
    let loaded: BTreeSet<String> = embedded.list().map(|profile| profile.id.clone()).collect();
    assert!(!on_disk.is_empty(), "assets/profiles/ holds no profile");
    assert_eq!(
        on_disk, loaded,
        "src/equipment/profile.rs embeds each file of assets/profiles/"
    );
}

#[test]
fn a_wrong_path_is_found() {
    let names = BTreeSet::from(["codec.rs".to_owned()]);
    for (path, right) in [
        ("src/lib.rs", true),
        ("lib.rs", true),
        ("codec.rs", true),
        ("tsdb/tick.rs", true),
        ("nowhere/codec.rs", false),
        ("src/nowhere.rs", false),
    ] {
        assert_eq!(known(path, "docs", &names), right, "{path}");
    }
}
