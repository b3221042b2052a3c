//! The house keeps itself: import order, homes of crates, lengths, words, documents.
//!
//! Each rule is one test, and says what to do when it fails. The rules are functions of a path
//! and a text, so that each is also shown a violation and must find it.

// A file that cannot be read ends the test, here as in a test function.
#![allow(clippy::panic)]

#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tree.rs"]
mod tree;

#[path = "tidy/beats.rs"]
mod beats;
#[path = "tidy/homes.rs"]
mod homes;
#[path = "tidy/page.rs"]
mod page;
#[path = "tidy/papers.rs"]
mod papers;
#[path = "tidy/schemas.rs"]
mod schemas;
#[path = "tidy/tables.rs"]
mod tables;

use homes::HOMES;
use source::{functions, rooms_used, tokens, uses_of_crate};
use tree::{Breaches, File, files, read};

/// Lines of a file of code; a longer one is two ideas.
const FILE_LINES: usize = 400;
/// Lines of a function: what fits on a screen.
const FUNCTION_LINES: usize = 70;

/// Files that may be longer, each with its reason. The list is meant to shrink.
const LONG_FILES: [(&str, &str); 1] = [(
    "frontend/src/api/schema.gen.ts",
    "made by `npm run api` from the API document, never edited",
)];

/// The one file that may say `unsafe`: the name service switch of the C library.
const UNSAFE_HOME: &str = "src/base/glibc.rs";

fn code() -> Vec<File> {
    let code = files("src", &[".rs"]);
    assert!(
        !code.is_empty(),
        "src/ holds no Rust file: run this from a checkout"
    );
    code
}

/// The rooms in import order, and which of them stand side by side.
struct Order {
    rooms: Vec<String>,
    siblings: Vec<Vec<String>>,
}

impl Order {
    /// Reads the `mod` lines of `src/lib.rs` from top to bottom. A line of its head such as
    /// ``//! Side by side: `a | b`.`` makes siblings, which do not use each other.
    fn of(lib: &str) -> Self {
        let module = |line: &str| {
            let name = line.trim_start_matches("pub ").strip_prefix("mod ")?;
            Some(name.strip_suffix(';')?.to_owned())
        };
        let siblings = |line: &str| {
            let group = line
                .strip_prefix("//! Side by side: `")?
                .split('`')
                .next()?;
            Some(
                group
                    .split(['|', ','])
                    .map(|room| room.trim().to_owned())
                    .collect(),
            )
        };
        Self {
            rooms: lib.lines().filter_map(module).collect(),
            siblings: lib.lines().filter_map(siblings).collect(),
        }
    }

    fn place(&self, room: &str) -> Option<usize> {
        self.rooms.iter().position(|known| known == room)
    }

    /// Whether `room` may use `other`.
    fn allows(&self, room: &str, other: &str) -> bool {
        let (Some(mine), Some(theirs)) = (self.place(room), self.place(other)) else {
            // Not a room: an item of the root, or a room that no list holds (a rule of its own).
            return true;
        };
        let side_by_side = |group: &Vec<String>| {
            [room, other]
                .iter()
                .all(|name| group.iter().any(|member| member == name))
        };
        room == other || (theirs < mine && !self.siblings.iter().any(side_by_side))
    }
}

/// The room of a file; `None` for the two roots, `src/lib.rs` and `src/main.rs`.
fn room_of(path: &str) -> Option<String> {
    source::module_path(path).into_iter().next()
}

fn upward_imports(order: &Order, file: &File, breaches: &mut Breaches) {
    let Some(room) = room_of(&file.path) else {
        return;
    };
    for used in rooms_used(&file.text, &file.path) {
        if !order.allows(&room, &used.what) {
            breaches.add(format!("{}:{} uses `{}`", file.path, used.line, used.what));
        }
    }
}

#[test]
fn a_room_uses_only_rooms_declared_above_it() {
    let order = Order::of(&read("src/lib.rs"));
    let mut breaches = Breaches::default();
    for file in code() {
        upward_imports(&order, &file, &mut breaches);
    }
    breaches.must_be_none(
        "A room uses only rooms declared above it in src/lib.rs. Traffic upward is a return \
         value, a bounded channel, or a trait object that app.rs registered:",
    );
}

#[test]
fn an_upward_import_is_found() {
    let lib = "//! Side by side: `grid | convert`.\npub mod base;\nmod store;\npub mod grid;\n\
               pub mod convert;\npub mod web;\n";
    let order = Order::of(lib);
    assert_eq!(order.rooms, ["base", "store", "grid", "convert", "web"]);
    let found = |path: &str, text: &str| {
        let mut breaches = Breaches::default();
        let file = File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        upward_imports(&order, &file, &mut breaches);
        breaches.list().len()
    };
    assert_eq!(
        found("src/web/mod.rs", "use crate::{base, store::x, grid};"),
        0
    );
    assert_eq!(found("src/store/mod.rs", "use crate::{base, web};"), 1);
    assert_eq!(
        found("src/store/a.rs", "fn f() { super::super::web::g() }"),
        1
    );
    assert_eq!(found("src/convert/mod.rs", "use crate::grid;"), 1);
    assert_eq!(found("src/convert/mod.rs", "use crate::convert::x;"), 0);
}

#[test]
fn every_room_is_declared_and_described() {
    let lib = read("src/lib.rs");
    let order = Order::of(&lib);
    let mut breaches = Breaches::default();
    for room in undescribed_rooms(&lib) {
        breaches.add(format!("src/lib.rs: `{room}` has no `///` line above it"));
    }
    let main = Order::of(&read("src/main.rs"));
    for file in code() {
        match room_of(&file.path) {
            Some(room) if order.place(&room).is_none() && main.place(&room).is_none() => {
                breaches.add(format!(
                    "{} belongs to no room that src/lib.rs declares",
                    file.path
                ));
            }
            _ => {}
        }
    }
    breaches.must_be_none("src/lib.rs is the map: one `///` line and one `mod` line per room:");
}

fn undescribed_rooms(lib: &str) -> Vec<String> {
    let lines: Vec<&str> = lib.lines().collect();
    let bare = |at: &usize| {
        let before = lines[..*at]
            .iter()
            .rev()
            .find(|line| !line.starts_with("#["));
        lines[*at].starts_with("pub mod ") && !before.is_some_and(|line| line.starts_with("///"))
    };
    (0..lines.len())
        .filter(bare)
        .map(|at| lines[at].to_owned())
        .collect()
}

#[test]
fn a_room_without_a_line_is_found() {
    assert_eq!(
        undescribed_rooms("/// A.\npub mod a;\n\npub mod b;\n").len(),
        1
    );
}

#[test]
fn a_room_says_in_ten_lines_what_it_is_for() {
    let mut breaches = Breaches::default();
    for file in code() {
        let head = file
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        if head == 0 || head > 10 {
            breaches.add(format!("{} starts with {head} lines of `//!`", file.path));
        }
    }
    breaches.must_be_none(
        "A file starts with `//!`: what it is for, what it promises, what it will not do, in \
         ten lines or fewer. More belongs in docs/:",
    );
}

#[test]
fn every_foreign_crate_has_one_home() {
    let cargo = read("Cargo.toml");
    let mut breaches = Breaches::default();
    for (name, home) in HOMES {
        let listed = |name: &str| cargo.contains(&format!("\n{name} ="));
        if !listed(name) && !listed(&name.replace('_', "-")) {
            breaches.add(format!(
                "tests/tidy.rs lists {name}, which Cargo.toml no longer has"
            ));
        }
        for file in code() {
            breaches_of_home(&file, name, home, &mut breaches);
        }
    }
    breaches.must_be_none(
        "A crate that shapes the design has one home; the other rooms speak to that room, not \
         to the crate:",
    );
}

fn breaches_of_home(file: &File, name: &str, home: &str, breaches: &mut Breaches) {
    if !file.path.starts_with(home) {
        for line in uses_of_crate(&file.text, name) {
            breaches.add(format!(
                "{}:{line} names {name}, at home in {home}",
                file.path
            ));
        }
    }
}

#[test]
fn a_crate_away_from_home_is_found() {
    let file = File {
        path: "src/tsdb/mod.rs".into(),
        text: "use redb::Database;".into(),
    };
    let mut breaches = Breaches::default();
    breaches_of_home(&file, "redb", "src/store/", &mut breaches);
    breaches_of_home(&file, "redb", "src/tsdb/", &mut breaches);
    assert_eq!(breaches.list().len(), 1);
}

/// Every file of code that people read and write.
fn all_code() -> Vec<File> {
    let mut all = code();
    all.extend(files("tests", &[".rs", ".mjs", ".py"]));
    all.extend(files("frontend/src", &[".ts", ".vue", ".css"]));
    all.extend(files("packaging", &[".sh"]));
    all
}

#[test]
fn a_file_is_one_idea() {
    let mut breaches = Breaches::default();
    let lines_of = |file: &File| file.text.lines().count();
    let all = all_code();
    for file in all.iter().filter(|file| lines_of(file) > FILE_LINES) {
        if !LONG_FILES.iter().any(|(path, _)| *path == file.path) {
            breaches.add(format!("{} has {} lines", file.path, lines_of(file)));
        }
    }
    for (path, reason) in LONG_FILES {
        let needed = all
            .iter()
            .any(|file| file.path == path && lines_of(file) > FILE_LINES);
        if !needed && tree::exists("frontend/src") {
            breaches.add(format!(
                "{path} no longer needs its exception ({reason}): strike it"
            ));
        }
    }
    breaches.must_be_none(&format!(
        "A file has at most {FILE_LINES} lines. Split it by idea, or list it in tests/tidy.rs \
         with the reason:",
    ));
}

#[test]
fn a_function_fits_on_a_screen() {
    let mut breaches = Breaches::default();
    for file in code()
        .iter()
        .filter(|file| !file.path.ends_with("/tests.rs"))
    {
        for (function, lines) in functions(&file.text) {
            if lines > FUNCTION_LINES {
                let (path, at, name) = (&file.path, function.line, function.what);
                breaches.add(format!("{path}:{at} `{name}` has {lines} lines"));
            }
        }
    }
    breaches.must_be_none(&format!(
        "A function has at most {FUNCTION_LINES} lines. Split it:"
    ));
}

#[test]
fn nothing_is_left_unfinished() {
    let mut breaches = Breaches::default();
    for file in all_code() {
        for (line, word) in unfinished(&file) {
            breaches.add(format!("{}:{line} says {word}", file.path));
        }
    }
    breaches.must_be_none("Finish it, or file an issue and delete the note:");
}

/// Places that their author meant to come back to.
fn unfinished(file: &File) -> Vec<(usize, String)> {
    // In halves, so that this file does not find itself.
    let notes = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|halves| halves.concat());
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        let words = line.split(|c: char| !c.is_alphanumeric());
        found.extend(
            words
                .filter(|w| notes.iter().any(|n| n == w))
                .map(|w| (at + 1, w.to_owned())),
        );
    }
    if file.path.ends_with(".rs") {
        let macros = ["todo", "unimplemented", "dbg"];
        for pair in tokens(&file.text).windows(2) {
            if macros.contains(&pair[0].text.as_str()) && pair[1].text == "!" {
                found.push((pair[0].line, format!("{}!", pair[0].text)));
            }
        }
    }
    found
}

#[test]
fn an_unfinished_place_is_found() {
    let note = ["// TO", "DO: later\nlet x = todo!(); // not todo!"].concat();
    let file = File {
        path: "src/a.rs".into(),
        text: note,
    };
    assert_eq!(unfinished(&file).len(), 2);
    let fine = File {
        path: "src/a.rs".into(),
        text: "// XXXX-XXXX; a to-do list".into(),
    };
    assert!(unfinished(&fine).is_empty());
}

#[test]
fn unsafe_has_one_home() {
    let mut breaches = Breaches::default();
    for file in code().iter().filter(|file| file.path != UNSAFE_HOME) {
        for token in tokens(&file.text) {
            if token.text == "unsafe" || token.text == "unsafe_code" {
                breaches.add(format!("{}:{} says {}", file.path, token.line, token.text));
            }
        }
    }
    breaches.must_be_none(&format!(
        "Only {UNSAFE_HOME} may say unsafe. Use a safe function:"
    ));
}
