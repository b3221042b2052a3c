//! `indusmind` on the command line of an installed appliance: the active version, on its data.

use super::home::Home;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Where an installation lies unless `INDUSMIND_HOME` says otherwise.
pub const HOME: &str = "/var/lib/indusmind";
/// The boot file of an installation.
const CONFIG: &str = "/etc/indusmind/config.toml";
/// Commands that change the installation: by the version that came with the launcher, which only
/// root can have changed.
const OF_THE_SEED: [&str; 2] = ["install", "uninstall"];

/// Becomes the active version; returns only when that is not possible.
#[must_use]
pub fn exec(args: &[OsString]) -> ExitCode {
    let home = std::env::var_os("INDUSMIND_HOME").unwrap_or_else(|| HOME.into());
    let home = Home::at(PathBuf::from(home));
    let seed = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.parent()?.join("indusmind")));
    let of_seed = args
        .first()
        .is_some_and(|arg| OF_THE_SEED.iter().any(|name| arg == name));
    let record = home.record().ok().filter(|_| !of_seed);
    let binary = record
        .as_ref()
        .map(|record| home.binary(record.running().slot));
    let Some(binary) = binary.or(seed) else {
        return fail("There is no version to run. Install again.");
    };
    let mut command = Command::new(&binary);
    command.args(args);
    if let Some(record) = record {
        let data = home.data(record.running().data);
        default(&mut command, "INDUSMIND_DATA_DIR", &data);
        if Path::new(CONFIG).exists() {
            default(&mut command, "INDUSMIND_CONFIG", Path::new(CONFIG));
        }
        // A slot is written by the service: root must not run what it holds, nor leave files that
        // the service cannot write.
        as_owner(&mut command, home.path());
    }
    let error = command.exec();
    fail(&format!("{} cannot be run: {error}", binary.display()))
}

fn default(command: &mut Command, name: &str, value: &Path) {
    if std::env::var_os(name).is_none() {
        command.env(name, value);
    }
}

fn as_owner(command: &mut Command, home: &Path) {
    let root = std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0);
    if let Ok(about) = std::fs::metadata(home)
        && root
        && about.uid() != 0
    {
        command.uid(about.uid()).gid(about.gid());
    }
}

/// Says why nothing could be done.
pub fn fail(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "indusmind: {sentence}");
    ExitCode::FAILURE
}
