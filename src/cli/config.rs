//! `indusmind config export` and `import`: what people set up, as one readable file.

use super::{Boot, say, stopped_store};
use crate::base::{Clock as _, Error, Result, SystemClock};
use crate::blueprint::{self, Blueprint, FILE_MAX, Taken, TakenOver};
use crate::store::audit::{self, Actor};
use crate::store::{self, Store};
use clap::{Args, Subcommand};
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Write sites, equipment, rules, tariffs and users into a file, without secrets
    Export(ExportArgs),
    /// Add and change what a file names, all of it or nothing
    Import(ImportArgs),
}

#[derive(Args)]
pub(super) struct ExportArgs {
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The file; - for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

#[derive(Args)]
pub(super) struct ImportArgs {
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Only say what would change
    #[arg(long)]
    check: bool,
    /// The file; - for standard input
    file: PathBuf,
}

pub(super) fn run(command: ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::Export(args) => export(args),
        ConfigCommand::Import(args) => import(args),
    }
}

fn open(data_dir: Option<PathBuf>) -> Result<Store> {
    let boot = Boot {
        data_dir,
        ..Boot::default()
    };
    let config = boot.load()?;
    if !config.data_dir.join(store::DATA_FILE).exists() {
        let place = config.data_dir.display();
        return Err(Error::not_found("data directory", place));
    }
    stopped_store(&config, "indusmind config")
}

fn export(args: ExportArgs) -> Result<()> {
    let store = open(args.data_dir)?;
    let text = store.write_blocking(|transaction| {
        let text = blueprint::write(&Blueprint::of(transaction)?, env!("CARGO_PKG_VERSION"))?;
        let (now, action) = (SystemClock.now(), "configuration.export");
        let nothing = serde_json::json!({});
        audit::append(
            transaction,
            now,
            &Actor::console(),
            action,
            "appliance",
            nothing,
        )?;
        Ok(text)
    });
    store.close();
    let text = text?;
    if args.out == Path::new("-") {
        say(text.trim_end());
        return Ok(());
    }
    std::fs::write(&args.out, text).map_err(|cause| {
        Error::unavailable(format!("{} cannot be written.", args.out.display())).because(cause)
    })?;
    say(&format!(
        "{} holds the configuration. Passwords, keys, readings and photos are not in it.",
        args.out.display()
    ));
    Ok(())
}

fn import(args: ImportArgs) -> Result<()> {
    let text = text_of(&args.file)?;
    let file = blueprint::read(&text)?;
    let store = open(args.data_dir)?;
    let (looked, seen) = std::sync::mpsc::sync_channel(1);
    let check = args.check;
    let done = store.write_blocking(move |transaction| {
        let taken = file.take_over(transaction, (&Actor::console(), SystemClock.now()))?;
        if check {
            let _ = looked.send(taken);
            // A transaction that fails is given up whole.
            return Err(Error::conflict("It was only looked at."));
        }
        Ok(taken)
    });
    store.close();
    let taken = match seen.try_recv() {
        Ok(taken) => taken,
        Err(_) => done?,
    };
    tell(&taken);
    match (check, taken.user.added) {
        (true, _) => say("Nothing was changed: it was only looked at."),
        (false, 0) => {}
        (false, _) => say("The new users have no password: an administrator invites them again."),
    }
    Ok(())
}

fn text_of(path: &Path) -> Result<String> {
    let most = FILE_MAX as u64 + 1;
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_string(&mut text))
    };
    read.map_err(|cause| {
        let sentence = format!("{} cannot be read as text.", path.display());
        Error::invalid("file", sentence).because(cause)
    })?;
    Ok(text)
}

fn tell(taken: &TakenOver) {
    let line = |name: &str, taken: Taken| {
        let same = taken.named - taken.added - taken.changed;
        say(&format!(
            "{name:12} {:>5} added {:>5} changed {same:>5} as they were",
            taken.added, taken.changed
        ));
    };
    line("sites", taken.site);
    line("profiles", taken.profile);
    line("equipment", taken.equipment);
    line("alert rules", taken.alert_rule);
    line("tariffs", taken.tariff);
    line("users", taken.user);
}
