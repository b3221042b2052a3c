//! The launcher: a small program at a fixed place that no update replaces. It reads the boot
//! record, starts the version it names on its data, watches it, tries and undoes updates, and
//! shows a rescue page when nothing else runs. Called by any other command than `start` it
//! becomes the active version.

mod busy;
mod child;
// The appliance uses the rest of these.
#[allow(dead_code)]
mod files;
mod helpers;
#[allow(dead_code)]
mod home;
mod manager;
mod markup;
mod page;
mod probe;
#[allow(dead_code)]
mod record;
mod request;
mod rescue;
mod speech;
mod supervise;
mod switch;
mod tar;
mod through;
mod trial;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use supervise::{Launcher, Settings};

/// Where the page is when nothing says otherwise; as the appliance has it.
const PAGE: &str = "127.0.0.1:8080";

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.first().is_none_or(|arg| arg != "start") {
        return through::exec(&args);
    }
    let settings = match settings(&args[1..]) {
        Ok(settings) => settings,
        Err(sentence) => return through::fail(&sentence),
    };
    let stopping = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stopping);
    if let Err(error) = ctrlc::set_handler(move || told.store(true, Ordering::Relaxed)) {
        return through::fail(&format!("Signals cannot be handled: {error}."));
    }
    Launcher::new(settings, stopping).run()
}

/// Reads `[--home DIR] [--healthy-seconds N] [--unwell-seconds N] [-- ARGUMENT…]`; the arguments
/// are those of the appliance.
fn settings(args: &[OsString]) -> Result<Settings, String> {
    let (mut home, mut limits) = (PathBuf::from(through::HOME), trial::Limits::default());
    let mut rest = args.iter();
    while let Some(name) = rest.next() {
        if name == "--" {
            break;
        }
        let value = rest.next().ok_or("An option lacks its value.")?;
        let seconds = || {
            let number = value.to_str().and_then(|text| text.parse::<u64>().ok());
            let number = number.filter(|seconds| (1..=3_600).contains(seconds));
            number
                .map(|seconds| seconds * 1_000)
                .ok_or("Write 1 to 3600 seconds.")
        };
        match name.to_str() {
            Some("--home") => home = PathBuf::from(value),
            Some("--healthy-seconds") => limits.healthy_for_ms = seconds()?,
            Some("--unwell-seconds") => limits.unwell_until_ms = seconds()?,
            _ => return Err(format!("{} is no option of start.", name.display())),
        }
    }
    let mut args: Vec<OsString> = rest.cloned().collect();
    if args.is_empty() {
        args.push("run".into());
    }
    Ok(Settings {
        home: home::Home::at(home),
        page: page_address(&args),
        args,
        limits,
    })
}

/// Where the appliance would listen: its flag, its environment, its boot file, its default.
fn page_address(args: &[OsString]) -> String {
    let after = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1)?.to_str().map(str::to_owned)
    };
    let from_file = || {
        let file = after("--config").or_else(|| std::env::var("INDUSMIND_CONFIG").ok())?;
        listen_of(&std::fs::read_to_string(file).ok()?)
    };
    after("--listen")
        .or_else(|| std::env::var("INDUSMIND_LISTEN").ok())
        .or_else(from_file)
        .unwrap_or_else(|| PAGE.to_owned())
}

/// The key `listen` at the top of a boot file.
fn listen_of(text: &str) -> Option<String> {
    let top = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with('['));
    top.filter_map(|line| line.strip_prefix("listen"))
        .find_map(|rest| {
            let value = rest
                .trim_start()
                .strip_prefix('=')?
                .trim_start()
                .strip_prefix('"')?;
            value.split('"').next().map(str::to_owned)
        })
}
