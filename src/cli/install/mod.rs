//! `indusmind install` and `uninstall`: a service of this machine, made by the binary itself.
//!
//! Promises: done twice it changes nothing more; a configuration that is there is kept; taking it
//! away keeps the data unless `--purge` is said. The package (`packaging/deb.sh`) calls the same.

mod machine;
mod parts;

use super::say;
use crate::base::{Error, Result};
use crate::launcher::arm::{Request, arm};
use crate::launcher::files::{Files, hash_bytes, hash_file};
use crate::launcher::home::Home;
use crate::launcher::record::{Pair, Record, Slot, State};
use clap::Args;
use machine::Machine;
use parts::Parts;
use std::path::PathBuf;

/// What this version calls itself.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Args)]
pub(super) struct InstallArgs {
    /// Install below this directory instead of `/`: files only, no user and no service
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Called by the package, whose files are in place
    #[arg(long, hide = true)]
    packaged: bool,
    /// Install although a newer version is installed
    #[arg(long)]
    older: bool,
    /// Only put this version into a slot, as the user of the service
    #[arg(long, hide = true)]
    slot_only: bool,
}

#[derive(Args)]
pub(super) struct InstallerArgs {
    /// The launcher
    #[arg(long, value_name = "FILE")]
    launcher: PathBuf,
    /// The installer
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Joins this program and a launcher into one file that installs itself.
pub(super) fn installer(args: &InstallerArgs) -> Result<()> {
    let unread = |cause| Error::internal("This program does not know its place.").because(cause);
    let program = std::env::current_exe().map_err(unread)?;
    parts::join(&program, &args.launcher, &args.out)?;
    say(&format!("{} installs itself.", args.out.display()));
    Ok(())
}

#[derive(Args)]
pub(super) struct UninstallArgs {
    /// Take away what is installed below this directory instead of `/`
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Called by the package, which takes its own files away
    #[arg(long, hide = true)]
    packaged: bool,
    /// Delete all data and the configuration as well
    #[arg(long)]
    purge: bool,
}

pub(super) fn install(args: &InstallArgs) -> Result<()> {
    let machine = Machine::at(args.root.clone());
    if args.slot_only {
        let parts = Parts::of_this_program(&machine)?;
        return place_version(&machine, &parts, args.older).map(drop);
    }
    if !machine.may_install() {
        return machine::ask_for_root();
    }
    if !args.packaged {
        machine.place_files(&Parts::of_this_program(&machine)?)?;
    }
    machine.make_user()?;
    machine.make_home()?;
    let sequence = || {
        Home::at(machine.home())
            .record()
            .map(|record| record.sequence)
            .ok()
    };
    let before = sequence();
    machine.place_version_as_owner(args.older)?;
    let changed = sequence() != before;
    say(&format!(
        "Indusmind {VERSION} is installed. Data: {}, configuration: {}.",
        machine.home().display(),
        machine.config().display()
    ));
    let started = machine.start_service(changed);
    machine.say_how_to_go_on(started);
    Ok(())
}

pub(super) fn uninstall(args: &UninstallArgs) -> Result<()> {
    let machine = Machine::at(args.root.clone());
    if !machine.may_install() {
        return machine::ask_for_root();
    }
    machine.stop_service();
    machine.remove_files(args.packaged)?;
    if args.purge {
        machine.purge()?;
        say("Indusmind is taken away, with all its data.");
    } else {
        say(&format!(
            "Indusmind is taken away. The data stays in {}, the configuration in {}; a new \
             installation goes on with them. To delete them: indusmind uninstall --purge, or \
             delete the directories.",
            machine.home().display(),
            machine.config().display()
        ));
    }
    Ok(())
}

fn disk(cause: std::io::Error) -> Error {
    Error::unavailable(format!("The installation could not be written: {cause}.")).because(cause)
}

/// Puts this version into a slot: at once into an empty home, else as an update that is checked
/// and tried as any other. Whether the service has to start anew.
fn place_version(machine: &Machine, parts: &Parts, older: bool) -> Result<bool> {
    let (home, files) = (Home::at(machine.home()), Files::default());
    let staged = home.staging().join("installed");
    files.make_dir(&home.staging()).map_err(disk)?;
    files.write(&staged, parts.appliance()).map_err(disk)?;
    let hash = hash_bytes(parts.appliance());
    let changed = match home.record() {
        Ok(record) => update(&home, &files, &record, (&staged, &hash), older)?,
        Err(_) if !home.is_installed() => {
            files.make_dir(&home.data(1)).map_err(disk)?;
            let hash = home.fill(&files, Slot::A, &staged).map_err(disk)?;
            let first = Pair {
                slot: Slot::A,
                hash,
                version: VERSION.to_owned(),
                data: 1,
            };
            home.write(&files, &mut Record::first(first))
                .map_err(disk)?;
            true
        }
        Err(_) => repair(&home, &files, &staged)?,
    };
    files.remove(&staged).map_err(disk)?;
    Ok(changed)
}

fn update(
    home: &Home,
    files: &Files,
    record: &Record,
    (staged, hash): (&std::path::Path, &str),
    older: bool,
) -> Result<bool> {
    let current = &record.current;
    if current.hash == hash && hash_file(&home.binary(current.slot)).is_ok_and(|is| is == hash) {
        say("This version is installed already.");
        return Ok(false);
    }
    if record.state != State::Steady {
        return Err(Error::conflict(
            "An update is under way. Wait until it is over, some minutes at most.",
        ));
    }
    if !home.binary(current.slot).exists() {
        // After an uninstall: its data is there, its binary is not.
        let mut record = record.clone();
        record.current.hash = home.fill(files, current.slot, staged).map_err(disk)?;
        VERSION.clone_into(&mut record.current.version);
        home.write(files, &mut record).map_err(disk)?;
        return Ok(true);
    }
    let number = crate::update::version_of;
    if number(&current.version) > number(VERSION) && !older {
        return Err(Error::conflict(format!(
            "Version {} is installed, which is newer than {VERSION}. Say --older if you mean it.",
            current.version
        )));
    }
    let request = Request {
        binary: staged,
        hash,
        version: VERSION,
        key: "",
        manifest: "",
        asked_by: "indusmind install",
    };
    arm(home, files, &request).map_err(disk)?;
    say(&format!(
        "Version {VERSION} is tried; {} comes back by itself if it does not do well.",
        current.version
    ));
    Ok(true)
}

/// Both records are damaged: the newest data that is there, with this version.
fn repair(home: &Home, files: &Files, staged: &std::path::Path) -> Result<bool> {
    let names = std::fs::read_dir(home.path().join("data")).map_err(disk)?;
    let numbers = names.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let data = numbers.max().unwrap_or(1);
    let hash = home.fill(files, Slot::A, staged).map_err(disk)?;
    let pair = Pair {
        slot: Slot::A,
        hash,
        version: VERSION.to_owned(),
        data,
    };
    home.write(files, &mut Record::first(pair)).map_err(disk)?;
    say(&format!(
        "The boot record could not be read and was made anew, on {}.",
        home.data(data).display()
    ));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launcher::files::tree_bytes;
    use std::fs;

    fn parts(version: &[u8]) -> Parts {
        Parts::of(version.to_vec(), b"the launcher".to_vec())
    }

    fn placed(machine: &Machine, parts: &Parts) -> bool {
        machine.place_files(parts).unwrap();
        machine.make_home().unwrap();
        place_version(machine, parts, false).unwrap()
    }

    #[test]
    fn an_installation_done_twice_changes_nothing_more() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::at(Some(dir.path().to_path_buf()));
        assert!(placed(&machine, &parts(b"one")));
        let config = dir.path().join("etc/indusmind/config.toml");
        fs::write(&config, "listen = \"127.0.0.1:9000\"\n").unwrap();
        let record = Home::at(machine.home()).record().unwrap();
        let bytes = tree_bytes(dir.path()).unwrap();
        assert!(!placed(&machine, &parts(b"one")));
        assert_eq!(Home::at(machine.home()).record().unwrap(), record);
        assert_eq!(tree_bytes(dir.path()).unwrap(), bytes);
        assert!(fs::read_to_string(config).unwrap().contains("9000"));
        for path in [
            "usr/lib/indusmind/launcher",
            "usr/lib/indusmind/indusmind",
            "usr/bin/indusmind",
            "usr/share/applications/indusmind.desktop",
            "usr/share/icons/hicolor/scalable/apps/indusmind.svg",
            "etc/systemd/system/indusmind.service",
        ] {
            assert!(
                fs::symlink_metadata(dir.path().join(path)).is_ok(),
                "{path}"
            );
        }
    }

    #[test]
    fn another_version_is_tried_before_it_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::at(Some(dir.path().to_path_buf()));
        placed(&machine, &parts(b"one"));
        assert!(placed(&machine, &parts(b"two")));
        let home = Home::at(machine.home());
        let record = home.record().unwrap();
        let State::Armed { candidate, copy } = &record.state else {
            panic!("{:?}", record.state);
        };
        assert_eq!((candidate.slot, candidate.data, *copy), (Slot::B, 2, true));
        assert_eq!(fs::read(home.binary(Slot::A)).unwrap(), b"one");
        assert_eq!(fs::read(home.binary(Slot::B)).unwrap(), b"two");
    }

    #[test]
    fn taken_away_it_keeps_the_data_and_comes_back_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::at(Some(dir.path().to_path_buf()));
        placed(&machine, &parts(b"one"));
        let data = Home::at(machine.home()).data(1).join("indusmind.redb");
        fs::write(&data, "readings").unwrap();
        machine.remove_files(false).unwrap();
        assert!(!dir.path().join("usr/lib/indusmind").exists());
        assert!(fs::symlink_metadata(dir.path().join("usr/bin/indusmind")).is_err());
        assert_eq!(fs::read_to_string(&data).unwrap(), "readings");
        assert!(dir.path().join("etc/indusmind/config.toml").exists());
        assert!(placed(&machine, &parts(b"two")));
        let record = Home::at(machine.home()).record().unwrap();
        assert_eq!((record.state, record.current.data), (State::Steady, 1));
        assert_eq!(fs::read_to_string(&data).unwrap(), "readings");
        machine.purge().unwrap();
        assert!(!data.exists() && !dir.path().join("etc/indusmind").exists());
    }

    #[test]
    fn two_torn_records_lose_no_data() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::at(Some(dir.path().to_path_buf()));
        placed(&machine, &parts(b"one"));
        let home = Home::at(machine.home());
        fs::create_dir_all(home.data(7)).unwrap();
        for name in ["boot.0", "boot.1"] {
            fs::write(home.path().join(name), "torn").unwrap();
        }
        assert!(placed(&machine, &parts(b"one")));
        assert_eq!(home.record().unwrap().current.data, 7);
    }
}
