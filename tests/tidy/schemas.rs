//! Each type of the API document has a name of its own: of two with one name the document keeps one,
//! and whoever generates a client from it gets the wrong one without a word.

use crate::tree::{Breaches, File, files};
use std::collections::BTreeMap;

/// The types of a file that the API document shows: line and name.
fn schemas(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut shown = false;
    let mut renamed = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.contains("ToSchema") && !line.starts_with("use ") && !line.starts_with("//") {
            shown = true;
        }
        if let Some((_, rest)) = line.split_once("schema(as = ") {
            renamed = rest.split([')', ',']).next().map(str::to_owned);
        }
        let words = || {
            line.trim_start_matches("pub(super) ")
                .trim_start_matches("pub ")
        };
        let declared = ["struct ", "enum "].iter().find_map(|kind| {
            let name = words().strip_prefix(kind)?;
            name.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
        });
        if let Some(name) = declared {
            if std::mem::take(&mut shown) {
                found.push((index + 1, renamed.take().unwrap_or_else(|| name.to_owned())));
            }
            renamed = None;
        }
    }
    found
}

fn doubles(files: &[File]) -> Vec<(String, usize, String)> {
    let mut places: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for file in files {
        for (line, name) in schemas(&file.text) {
            places
                .entry(name)
                .or_default()
                .push((file.path.clone(), line));
        }
    }
    let double = |(name, at): (String, Vec<(String, usize)>)| {
        let (path, line) = at.get(1)?.clone();
        Some((
            path,
            line,
            format!("{name} is a type of {} as well", at[0].0),
        ))
    };
    places.into_iter().filter_map(double).collect()
}

#[test]
fn types_of_the_api_document_have_names_of_their_own() {
    let all = files("src", &[".rs"]);
    let count: usize = all.iter().map(|file| schemas(&file.text).len()).sum();
    assert!(
        count > 200,
        "only {count} types of the API document were found"
    );
    let mut breaches = Breaches::default();
    for (path, line, sentence) in doubles(&all) {
        breaches.add(format!("{path}:{line}: {sentence}"));
    }
    breaches.must_be_none("Give one of the two another name with #[schema(as = …)].");
}

#[test]
fn a_double_is_found_and_a_renamed_one_is_none() {
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let plain = "#[derive(\n    Debug, ToSchema,\n)]\npub enum Verdict {\n}\n";
    let renamed = "#[derive(ToSchema)]\n#[schema(as = BillVerdict)]\nenum Verdict {}\n";
    let other = "#[derive(Debug)]\npub struct Verdict;\n";
    assert_eq!(schemas(plain), [(4, "Verdict".to_owned())]);
    let found = doubles(&[file("a", plain), file("b", renamed), file("c", other)]);
    assert_eq!(found, []);
    let found = doubles(&[file("a", plain), file("b", plain)]);
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].0, found[0].1), ("b", 4));
}
