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

#[test]
fn a_bad_version_is_undone() {
    for (behaviour, result, word) in [
        ("refuses", "refused", "cannot read this data"),
        ("exits", "rolled_back", "did not stay up"),
        ("hangs", "rolled_back", "ready"),
        ("answers 500", "rolled_back", "500"),
        (
            "loses devices",
            "rolled_back",
            "hears 3. Silent: Press 1, Press 2",
        ),
    ] {
        let place = Place::new(behaviour);
        place.arm();
        let mut launcher = place.launch();
        launcher.says("version 1 serves");
        launcher.stop();
        let record = place.record();
        assert_eq!(record.current.version, "1", "{behaviour}");
        assert_eq!(record.state, State::Steady, "{behaviour}");
        let outcome = record.outcome.unwrap();
        assert_eq!(outcome.result, result, "{behaviour}");
        assert!(outcome.why.contains(word), "{behaviour}: {}", outcome.why);
        assert_eq!(
            place.rows(record.current.data),
            "row 1\nrow 2\n",
            "{behaviour}"
        );
        assert!(!place.is_mixed(), "{behaviour}");
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
        let version = again.says_one_of(&["version 1 serves", "version 2 stays"]);
        again.stop();
        assert!(!place.is_mixed(), "{behaviour} killed after {after:?}");
        let record = place.record();
        assert_eq!(
            record.state,
            State::Steady,
            "{behaviour} killed after {after:?}"
        );
        if version == "version 2 stays" {
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
