//! The launcher as a process, with stand-ins for two versions: an update goes well, goes wrong in
//! each way, and is killed at any moment.

// Helpers of a test end it like a test does.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod home;

use home::{Place, State};
use std::time::Duration;

/// Moments at which an update is killed; `INDUSMIND_KILLS=200` for more.
fn kills() -> u64 {
    let asked = std::env::var("INDUSMIND_KILLS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(12)
}

#[test]
fn a_good_version_stays() {
    let place = Place::new("good");
    place.arm();
    let mut launcher = place.launch();
    launcher.says("version 2 serves");
    launcher.says("version 2 stays");
    launcher.stop();
    let record = place.record();
    assert_eq!(record.current.version, "2");
    assert_eq!(record.outcome.unwrap().result, "committed");
    let before = record.previous.unwrap();
    assert_eq!(place.rows(before.data), "row 1\nrow 2\n");
    assert_eq!(place.rows(record.current.data), "row 1\nrow 2\nversion 2\n");
}

/// Tries a bad version for so many times as long, and sees it undone; why it was.
fn undone(behaviour: &str, result: &str, times: u32) -> String {
    let mut place = Place::new(behaviour);
    place.unwell_s *= times;
    place.arm();
    let mut launcher = place.launch();
    launcher.says("version 1 serves");
    launcher.stop();
    let record = place.record();
    assert_eq!(record.current.version, "1", "{behaviour}");
    assert_eq!(record.state, State::Steady, "{behaviour}");
    let rows = place.rows(record.current.data);
    assert_eq!(rows, "row 1\nrow 2\n", "{behaviour}");
    assert!(!place.is_mixed(), "{behaviour}");
    let outcome = record.outcome.unwrap();
    assert_eq!(outcome.result, result, "{behaviour}");
    outcome.why
}

#[test]
fn a_bad_version_is_undone() {
    for (behaviour, result, word) in [
        ("refuses", "refused", "cannot read this data"),
        ("hangs while it looks", "refused", "did nothing for"),
        ("exits", "rolled_back", "did not stay up"),
        ("hangs", "rolled_back", "ready"),
        ("answers 500", "rolled_back", "500"),
        (
            "loses devices",
            "rolled_back",
            "hears 3. Silent: Press 1, Press 2",
        ),
    ] {
        // A busy machine may not have come to what is wrong with it in the first time that it gets.
        let told = [1, 4, 16].iter().any(|times| {
            let why = undone(behaviour, result, *times);
            println!("{behaviour}: {why}");
            why.contains(word)
        });
        assert!(told, "{behaviour}: nobody says {word}");
    }
}

#[test]
fn killed_at_any_moment_it_ends_as_old_or_new() {
    let (mut old, mut new) = (0, 0);
    for number in 0..kills() {
        let behaviour =
            ["good", "answers 500", "exits", "refuses"][usize::try_from(number % 4).unwrap()];
        let place = Place::new(behaviour);
        place.arm();
        // Spread over the whole way, not evenly: most of the steps are at its beginning.
        let after = Duration::from_millis(number * number % 3_000);
        let launcher = place.launch();
        std::thread::sleep(after);
        launcher.kill();
        let mut again = place.launch();
        // Killed just after it was kept, it is simply started, and nobody says again that it stays.
        let (stays, kept) = ("version 2 stays", "launcher: starting 2 in");
        let version = again.says_one_of(&["version 1 serves", stays, kept]);
        if version == kept {
            again.says("version 2 serves");
        }
        again.stop();
        assert!(!place.is_mixed(), "{behaviour} killed after {after:?}");
        let record = place.record();
        assert_eq!(
            record.state,
            State::Steady,
            "{behaviour} killed after {after:?}"
        );
        if version != "version 1 serves" {
            assert_eq!((behaviour, &*record.current.version), ("good", "2"));
            new += 1;
        } else {
            assert_eq!(
                record.current.version, "1",
                "{behaviour} killed after {after:?}"
            );
            assert_eq!(place.rows(record.current.data), "row 1\nrow 2\n");
            old += 1;
        }
    }
    println!("{old} ended with the old version, {new} with the new one");
}

#[test]
fn what_cannot_start_reaches_the_rescue_page_and_comes_back() {
    let place = Place::with("exits", "good");
    let mut launcher = place.launch();
    let line = launcher.says("launcher: rescue page at http://");
    let code = line.rsplit(' ').next().unwrap().to_owned();
    let page = place.get("/");
    assert!(
        page.contains("could not start") && page.contains("ended by itself"),
        "{page}"
    );
    assert!(place.get("/health").starts_with("HTTP/1.1 503"));
    assert!(place.post("/again", "0000").starts_with("HTTP/1.1 403"));
    // The data leaves as a file that the system's tar reads.
    let saved = place.post("/export", &code);
    assert!(
        saved.starts_with("HTTP/1.1 200") && saved.contains("ustar"),
        "{saved}"
    );
    place.mend();
    place.post("/again", &code);
    launcher.says("version 1 serves");
    launcher.stop();
}

/// What a page says besides its markup and style.
fn words_of(page: &str) -> String {
    let (_, body) = page.split_once("</style>").expect("a page");
    body.split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn the_rescue_page_speaks_three_languages_and_needs_no_script() {
    let place = Place::with("exits", "good");
    let mut launcher = place.launch();
    let line = launcher.says("launcher: rescue page at http://");
    let code = line.rsplit(' ').next().unwrap().to_owned();
    // The page opens a moment after the line. Who says nothing keeps nobody else waiting.
    place.get("/");
    let _silent: Vec<_> = (0..3).map(|_| place.silent_guest()).collect();
    for (path, likes, tag, word) in [
        (
            "/",
            "",
            "en dir=ltr",
            "It ended by itself (exit status: 3).",
        ),
        (
            "/",
            "de, fr-FR;q=0.9, en;q=0.2",
            "fr dir=ltr",
            "s’est arrêté de lui-même",
        ),
        ("/?lang=ar", "fr", "ar dir=rtl", "توقّف البرنامج"),
        ("/?lang=en", "ar", "en dir=ltr", "Your data is kept."),
        ("/?lang=<script>", "ar", "ar dir=rtl", "بياناتك محفوظة"),
    ] {
        let page = place.get_in(path, likes);
        assert!(page.contains(&format!("<html lang={tag}>")), "{page}");
        assert!(words_of(&page).contains(word), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
    for (path, word) in [
        ("/again?lang=en", "This is not the rescue code."),
        ("/again?lang=fr", "Ce n’est pas le code de secours."),
        ("/restore?lang=ar", "هذا ليس رمز الإنقاذ."),
    ] {
        let page = place.post(path, "0000");
        assert!(page.starts_with("HTTP/1.1 403"), "{page}");
        assert!(words_of(&page).contains(word), "{page}");
    }
    let page = place.post("/restore?lang=fr", &code);
    assert!(
        words_of(&page).contains("Choisissez d’abord un fichier"),
        "{page}"
    );
    let page = place.post_file("/restore?lang=fr", &code, &[7; 3_000_000]);
    assert!(page.starts_with("HTTP/1.1 400"), "{page}");
    assert!(words_of(&page).contains("Rien n’a été restauré"), "{page}");
    launcher.stop();
    assert_eq!(place.rows(1), "row 1\nrow 2\n");
}

#[test]
fn what_was_saved_on_the_rescue_page_is_restored_there() {
    let place = Place::with("exits", "good");
    let mut launcher = place.launch();
    let line = launcher.says("launcher: rescue page at http://");
    let code = line.rsplit(' ').next().unwrap().to_owned();
    let saved = place.post_bytes("/export", &code);
    let head = saved
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let saved = &saved[head + 4..];
    place.lose_rows();
    let wrong = place.post_file("/restore", "0000", saved);
    assert!(wrong.starts_with("HTTP/1.1 403"), "{wrong}");
    place.mend();
    let done = place.post_file("/restore", &code, saved);
    assert!(done.starts_with("HTTP/1.1 200"), "{done}");
    launcher.says("version 1 serves");
    launcher.stop();
    let record = place.record();
    assert_eq!(place.rows(record.current.data), "row 1\nrow 2\n");
    assert_ne!(record.current.data, 1);
}

#[test]
fn the_version_before_comes_back_from_the_rescue_page() {
    let place = Place::new("good");
    place.arm();
    let mut launcher = place.launch();
    launcher.says("version 2 stays");
    launcher.stop();
    place.break_binary();
    let mut launcher = place.launch();
    let line = launcher.says("launcher: rescue page at http://");
    let code = line.rsplit(' ').next().unwrap().to_owned();
    assert!(place.get("/").contains("was changed or is damaged"));
    place.post("/previous", &code);
    launcher.says("version 1 serves");
    launcher.stop();
    assert!(!place.is_mixed());
    assert_eq!(place.record().current.version, "1");
}
