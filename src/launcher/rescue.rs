//! When nothing runs: the rescue page, until somebody chose a way or it is time to try again.

use super::files::hex;
use super::helpers::Helpers;
use super::manager::{ALIVE, tell_manager};
use super::page::{Action, Desk, Page};
use super::record::State;
use super::supervise::{Launcher, log};
use super::switch::Programs as _;
use super::words::Why;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long somebody has to choose before it is tried again: a disk may have come back.
const AGAIN_AFTER: Duration = Duration::from_secs(300);
/// How long is waited when not even the page can be opened.
const WITHOUT_PAGE: Duration = Duration::from_secs(30);
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Where the code stands for who may read the home.
const CODE_FILE: &str = "rescue-code";

/// Offers the ways out until one was taken, it is time to try again, or it is to stop.
pub fn offer(launcher: &mut Launcher, why: Why) {
    let home = launcher.settings.home.clone();
    tell_manager("READY=1\nSTATUS=Rescue page: the appliance could not start");
    let record = home.record().ok();
    let data = record.as_ref().map(|record| home.data(record.current.data));
    let free = record.as_ref().map_or(1, |record| home.free_number(record));
    let mut until = Instant::now() + AGAIN_AFTER;
    let page = new_code(home.path()).and_then(|code| {
        log(&format!(
            "rescue page at http://{}, rescue code {code}",
            launcher.settings.page
        ));
        let desk = Desk {
            code,
            data: data.unwrap_or_else(|| home.path().join("data")),
            unpack_to: home.data(free),
        };
        Page::open(&launcher.settings.page, desk, launcher.rescue_face(why))
    });
    if let Err(error) = &page {
        log(&format!("the rescue page cannot be opened: {error}"));
        until = Instant::now() + WITHOUT_PAGE;
    }
    let page = page.ok();
    // Nothing starts while data goes out or comes in: it would be changed on its way.
    let is_moving = || page.as_ref().is_some_and(Page::is_moving);
    let mut chosen = None;
    while (Instant::now() < until || is_moving()) && !launcher.is_stopping() {
        tell_manager(ALIVE);
        thread::sleep(LOOK_EVERY);
        chosen = chosen.or_else(|| page.as_ref().and_then(Page::asked));
        let Some(action) = chosen.take_if(|_| !is_moving()) else {
            continue;
        };
        log(&format!("somebody with the rescue code chose: {action:?}"));
        match act(launcher, &action) {
            Ok(()) => return,
            Err(why) => {
                log(&why.plain());
                if let Some(page) = &page {
                    page.show(launcher.rescue_face(why));
                }
            }
        }
    }
}

fn act(launcher: &Launcher, action: &Action) -> Result<(), Why> {
    let (home, files) = (&launcher.settings.home, &launcher.files);
    let mut record = match action {
        Action::Again => return Ok(()),
        _ => home
            .record()
            .map_err(|_| Why::NoRecord(home.path().display().to_string()))?,
    };
    match action {
        Action::Again => {}
        Action::Previous => {
            let previous = record.previous.take();
            let previous = previous.ok_or(Why::NothingBefore)?;
            home.verify(&previous)?;
            record.previous = Some(std::mem::replace(&mut record.current, previous));
        }
        Action::Restore(data) => {
            let binary = home.binary(record.current.slot);
            if let Err(why) = Helpers::new(launcher, false).check(&binary, data) {
                let _ = files.remove_tree(data);
                return Err(Why::Restored(why));
            }
            // What was there stays until the next update.
            record.previous = Some(record.current.clone());
            record.current.data = home.free_number(&record);
        }
    }
    record.state = State::Steady;
    home.write(files, &mut record)
        .map_err(|error| Why::Disk(error.to_string()))
}

/// Makes a code that nobody guesses, and writes it where only the owner of the home reads it.
fn new_code(home: &Path) -> std::io::Result<String> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let code = hex(&bytes).to_uppercase();
    let path = home.join(CODE_FILE);
    let _ = std::fs::remove_file(&path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{code}")?;
    Ok(code)
}
