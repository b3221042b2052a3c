//! Every way of an update, stopped before each of its steps on the disk.

use super::arm::{Request, arm, arm_back};
use super::files::{Files, hash_bytes};
use super::home::Home;
use super::record::{Pair, Record, Slot, State};
use super::switch::{Next, Programs, Switch};
use super::words::Step;
use std::fs;
use std::io;
use std::path::Path;

const OLD: &[u8] = b"the binary of version 1, some bytes long";
const NEW: &[u8] = b"the binary of version 2, which is longer than the one before";

/// What becomes of the new version.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Kept,
    RefusedByItsCheck,
    GivenUp,
    FallsAtEachStart,
}

struct World {
    fate: Fate,
}

impl Programs for World {
    fn check(&mut self, binary: &Path, data: &Path) -> Result<(), String> {
        let rows = fs::read_to_string(data.join("rows")).map_err(|error| error.to_string())?;
        assert!(
            rows.starts_with("row 1\nrow 2\n"),
            "the copy is torn: {rows:?}"
        );
        assert!(data.join("readings/2026-11.redb").exists());
        let is_new = fs::read(binary).map_err(|error| error.to_string())? == NEW;
        if is_new && self.fate == Fate::RefusedByItsCheck {
            return Err("I cannot read this.".to_owned());
        }
        Ok(())
    }
    fn tell(&mut self, _: Step, _: u8) {}
    fn now_ms(&mut self) -> u64 {
        1_000
    }
}

/// A home with version 1 on its data, and the new binary in staging.
fn furnish(path: &Path) -> Home {
    let (home, files) = (Home::at(path.to_path_buf()), Files::default());
    let data = home.data(1);
    fs::create_dir_all(data.join("readings")).unwrap();
    fs::write(data.join("rows"), "row 1\nrow 2\n").unwrap();
    fs::write(data.join("readings/2026-11.redb"), vec![5; 3_000]).unwrap();
    fs::create_dir_all(home.staging()).unwrap();
    fs::write(home.staging().join("old"), OLD).unwrap();
    fs::write(home.staging().join("new"), NEW).unwrap();
    let hash = home
        .fill(&files, Slot::A, &home.staging().join("old"))
        .unwrap();
    let current = Pair {
        slot: Slot::A,
        hash,
        version: "1".to_owned(),
        data: 1,
    };
    home.write(&files, &mut Record::first(current)).unwrap();
    home
}

/// What starts has a binary and data that belong together.
fn must_belong_together(home: &Home, pair: &Pair) {
    home.verify(pair).unwrap();
    let rows = fs::read_to_string(home.data(pair.data).join("rows")).unwrap();
    assert!(rows.starts_with("row 1\nrow 2\n"), "{rows:?}");
    if pair.version == "1" {
        assert!(
            !rows.contains("version 2"),
            "version 1 on data of version 2: {rows:?}"
        );
    }
}

/// Starts what is to be started until there is nothing to be tried any more; the version that
/// runs in the end.
fn launch(home: &Home, files: &Files, fate: Fate) -> io::Result<Pair> {
    let mut world = World { fate };
    loop {
        let mut switch = Switch {
            home,
            files,
            programs: &mut world,
        };
        match switch.advance()? {
            Next::Run(pair) => {
                must_belong_together(home, &pair);
                return Ok(pair);
            }
            Next::Try(pair) => {
                must_belong_together(home, &pair);
                let rows = home.data(pair.data).join("rows");
                let mut text = fs::read_to_string(&rows).unwrap();
                text.push_str(if pair.version == "2" {
                    "version 2\n"
                } else {
                    "row 3\n"
                });
                fs::write(&rows, text).unwrap();
                match fate {
                    Fate::Kept | Fate::RefusedByItsCheck => switch.commit()?,
                    Fate::GivenUp => switch.roll_back("It answered 500.")?,
                    Fate::FallsAtEachStart => {}
                }
            }
        }
    }
}

fn ask(home: &Home, files: &Files) -> io::Result<()> {
    let request = Request {
        binary: &home.staging().join("new"),
        hash: &hash_bytes(NEW),
        version: "2",
        key: "0011223344556677",
        manifest: "",
        asked_by: "chief",
    };
    arm(home, files, &request)
}

/// Runs a story with the power gone before each step, until it goes through; how many steps.
fn at_every_step(
    prepare: &dyn Fn(&Home),
    story: &dyn Fn(&Home, &Files) -> io::Result<Pair>,
    fate: Fate,
    allowed: &[&str],
) -> u64 {
    for number in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let home = furnish(dir.path());
        prepare(&home);
        let files = Files::dying_at(number);
        let told = story(&home, &files);
        if !files.is_dead() {
            let last = told.unwrap().version;
            assert_eq!(Some(&last.as_str()), allowed.last(), "{fate:?}");
            return number - 1;
        }
        // The power is back.
        let healthy = Files::default();
        let pair = launch(&home, &healthy, fate).unwrap();
        assert!(
            allowed.contains(&pair.version.as_str()),
            "{fate:?} at {number}"
        );
        // And it can be asked again.
        ask(&home, &healthy).unwrap();
        launch(&home, &healthy, fate).unwrap();
        let record = home.record().unwrap();
        assert_eq!(record.state, State::Steady);
        let kept: Vec<u32> = record.pairs().map(|pair| pair.data).collect();
        home.sweep(&healthy, &record).unwrap();
        for entry in fs::read_dir(dir.path().join("data")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                kept.contains(&name.parse().unwrap()),
                "{name} was left at {number}"
            );
        }
    }
    unreachable!("a story has an end")
}

#[test]
fn an_update_ends_as_old_or_new_wherever_it_is_stopped() {
    for (fate, allowed) in [
        (Fate::Kept, &["1", "2"][..]),
        (Fate::RefusedByItsCheck, &["1"]),
        (Fate::GivenUp, &["1"]),
        (Fate::FallsAtEachStart, &["1"]),
    ] {
        let story = |home: &Home, files: &Files| {
            ask(home, files)?;
            launch(home, files, fate)
        };
        let steps = at_every_step(&|_| {}, &story, fate, allowed);
        assert!(steps > 25, "{fate:?} took {steps} steps only");
    }
}

#[test]
fn the_way_back_ends_as_old_or_new_wherever_it_is_stopped() {
    for old_data in [false, true] {
        let prepare = |home: &Home| {
            ask(home, &Files::default()).unwrap();
            let pair = launch(home, &Files::default(), Fate::Kept).unwrap();
            assert_eq!(pair.version, "2");
            if !old_data {
                // As if version 2 had left the data as version 1 knows it.
                let rows = home.data(pair.data).join("rows");
                fs::write(rows, "row 1\nrow 2\nrow 3\n").unwrap();
            }
        };
        let story = |home: &Home, files: &Files| {
            arm_back(home, files, old_data, "chief")?;
            launch(home, files, Fate::Kept)
        };
        let steps = at_every_step(&prepare, &story, Fate::Kept, &["2", "1"]);
        assert!(steps > 5, "the way back took {steps} steps only");
    }
}

#[test]
fn what_became_of_it_is_kept_and_the_floor_rises_at_the_end_only() {
    for (fate, result, floor) in [
        (Fate::Kept, "committed", Some("2")),
        (Fate::RefusedByItsCheck, "refused", None),
        (Fate::GivenUp, "rolled_back", None),
        (Fate::FallsAtEachStart, "rolled_back", None),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let home = furnish(dir.path());
        ask(&home, &Files::default()).unwrap();
        launch(&home, &Files::default(), fate).unwrap();
        let record = home.record().unwrap();
        let outcome = record.outcome.unwrap();
        assert_eq!(outcome.result, result);
        assert_eq!(outcome.version, "2");
        let found = record.floors.get("0011223344556677").map(String::as_str);
        assert_eq!(found, floor, "{fate:?}");
    }
}

#[test]
fn a_binary_that_was_changed_after_it_was_installed_is_not_tried() {
    let dir = tempfile::tempdir().unwrap();
    let home = furnish(dir.path());
    ask(&home, &Files::default()).unwrap();
    fs::write(home.binary(Slot::B), b"something else").unwrap();
    let pair = launch(&home, &Files::default(), Fate::Kept).unwrap();
    assert_eq!(pair.version, "1");
    let why = home.record().unwrap().outcome.unwrap().why;
    assert!(why.contains("changed or is damaged"), "{why}");
}
