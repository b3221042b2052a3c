//! The rules of the page in `frontend/`.

use crate::tree::{Breaches, File, exists, files};
use std::collections::BTreeSet;

/// The source of the page. While there is no page there is nothing to check; once a part of it
/// stands, all of it must.
fn page() -> Vec<File> {
    let page = files("frontend/src", &[".ts", ".vue"]);
    assert!(
        !page.is_empty() || !exists("frontend-dist"),
        "frontend-dist/ is there, but frontend/src/ is not"
    );
    page
}

#[test]
fn rooms_of_the_page_do_not_import_each_other() {
    let mut breaches = Breaches::default();
    for file in page() {
        imports_between_rooms(&file, &mut breaches);
    }
    breaches.must_be_none(
        "A room of the page imports kit, live, api, session and words, never another room. Move \
         what two rooms need into one of those:",
    );
}

fn imports_between_rooms(file: &File, breaches: &mut Breaches) {
    let Some(room) = room_of(&file.path) else {
        return;
    };
    for (line, target) in imports(&file.text) {
        let path = resolve(&file.path, &target);
        if let Some(other) = room_of(&path).filter(|other| *other != room) {
            breaches.add(format!("{}:{line} imports the room `{other}`", file.path));
        }
    }
}

fn room_of(path: &str) -> Option<&str> {
    path.strip_prefix("frontend/src/rooms/")?
        .split_once('/')
        .map(|(room, _)| room)
}

/// What the file imports, static or on demand: the strings behind `from` and `import`.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for key in ["from ", "import ", "import("] {
            for behind in line.split(key).skip(1) {
                let quote = behind
                    .trim_start()
                    .chars()
                    .next()
                    .filter(|c| "'\"".contains(*c));
                let target = quote.and_then(|quote| behind.trim_start()[1..].split(quote).next());
                found.extend(target.map(|target| (at + 1, target.to_owned())));
            }
        }
    }
    found
}

/// The path that an import names, from the root of the project.
fn resolve(importer: &str, target: &str) -> String {
    if let Some(inner) = target.strip_prefix("@/") {
        return format!("frontend/src/{inner}");
    }
    if !target.starts_with('.') {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    // `../equipment` is the room itself, without a file behind it.
    format!("{}/", parts.join("/"))
}

#[test]
fn an_import_between_rooms_is_found() {
    let found = |text: &str| {
        let mut breaches = Breaches::default();
        let path = "frontend/src/rooms/dashboard/parts/Tile.vue".to_owned();
        imports_between_rooms(
            &File {
                path,
                text: text.to_owned(),
            },
            &mut breaches,
        );
        breaches.list().len()
    };
    assert_eq!(
        found("import { a } from '@/kit/a';\nimport b from '../useB';"),
        0
    );
    assert_eq!(found("import { a } from '@/rooms/equipment/form';"), 1);
    assert_eq!(found("import { a } from '../../equipment/form';"), 1);
    assert_eq!(found("const view = () => import(\"../../equipment\");"), 1);
    assert_eq!(found("import { a } from '@/rooms/dashboard/b';"), 0);
}

/// The doors to the outside, and the one file that opens each.
const DOORS: [(&str, &str); 4] = [
    ("fetch(", "frontend/src/api/client.ts"),
    ("XMLHttpRequest", "frontend/src/api/upload.ts"),
    ("WebSocket(", "frontend/src/live/socket.ts"),
    ("EventSource(", "frontend/src/live/socket.ts"),
];

#[test]
fn the_page_has_one_door_for_requests_and_one_for_the_socket() {
    let mut breaches = Breaches::default();
    for file in page()
        .iter()
        .filter(|file| !file.path.ends_with(".test.ts"))
    {
        second_doors(file, &mut breaches);
    }
    breaches.must_be_none("Requests go through api/client.ts, files through api/upload.ts, the socket through live/socket.ts:");
}

fn second_doors(file: &File, breaches: &mut Breaches) {
    for (word, home) in DOORS {
        for (at, line) in file.text.lines().enumerate() {
            let comment = ["//", "*", "/*", "<!--"]
                .iter()
                .any(|m| line.trim_start().starts_with(m));
            if !comment && file.path != home && has_word(line, word) {
                breaches.add(format!("{}:{} says `{word}`", file.path, at + 1));
            }
        }
    }
}

/// Whether `word` stands in the line and is not the end of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
    })
}

#[test]
fn a_second_door_is_found() {
    let found = |path: &str, text: &str| {
        let mut breaches = Breaches::default();
        second_doors(
            &File {
                path: path.into(),
                text: text.into(),
            },
            &mut breaches,
        );
        breaches.list().len()
    };
    let text = "  // fetch() is elsewhere\n  refetch();\n  await window.fetch('/api');";
    assert_eq!(found("frontend/src/kit/a.ts", text), 1);
    assert_eq!(found("frontend/src/api/client.ts", text), 0);
    assert_eq!(found("frontend/src/api/client.ts", "new WebSocket(url)"), 1);
}

const LANGUAGES: [&str; 3] = ["en", "fr", "ar"];

#[test]
fn every_language_has_every_sentence() {
    let mut breaches = Breaches::default();
    if page().is_empty() {
        return;
    }
    let keys = LANGUAGES.map(|language| {
        let words = files(&format!("frontend/src/words/{language}"), &[".json"]);
        words.iter().flat_map(keys_of).collect::<BTreeSet<_>>()
    });
    let all: BTreeSet<&String> = keys.iter().flatten().collect();
    assert!(!all.is_empty(), "frontend/src/words/ holds no sentence");
    for (language, keys) in LANGUAGES.iter().zip(&keys) {
        for missing in all.iter().filter(|key| !keys.contains(**key)) {
            breaches.add(format!("frontend/src/words/{language} lacks `{missing}`"));
        }
    }
    breaches.must_be_none("Every sentence exists in every language, and is not empty:");
}

/// The dotted names of all sentences of a file that say something, behind the file's name: a
/// sentence stands in the same file in every language.
fn keys_of(file: &File) -> BTreeSet<String> {
    fn walk(prefix: &str, value: &serde_json::Value, keys: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (name, inner) in map {
                    walk(&format!("{prefix}.{name}"), inner, keys);
                }
            }
            serde_json::Value::String(text) if text.trim().is_empty() => {}
            _ => drop(keys.insert(prefix.to_owned())),
        }
    }
    let mut keys = BTreeSet::new();
    let value = serde_json::from_str(&file.text).expect("a file of words is JSON");
    let name = file.path.rsplit('/').next().unwrap_or_default();
    walk(name, &value, &mut keys);
    keys
}

#[test]
fn an_empty_sentence_counts_as_missing() {
    let keys = keys_of(&File {
        path: "words/en/x.json".into(),
        text: r#"{"a":{"b":"B","c":" "},"d":"D"}"#.into(),
    });
    assert_eq!(
        keys.into_iter().collect::<Vec<_>>(),
        ["x.json.a.b", "x.json.d"]
    );
}
