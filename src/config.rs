//! The boot file, the environment and the flags, parsed once into checked types.
//!
//! A flag wins over the environment, the environment over the file, the file over the default.
//! What cannot be understood stops the start with a sentence; nothing is guessed.

use crate::base::{Error, Result};
use serde::Deserialize;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Where the page is served unless said otherwise: on this machine only, because it is plain HTTP.
const LISTEN: &str = "127.0.0.1:8080";
/// The dashboard channel sends this often, ms.
const DASHBOARD_EVERY_MS: i64 = 5_000;
/// Attempts to sign in, per minute and address.
const LOGINS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(5).expect("five is not zero");

/// Everything that is decided before the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the data lies.
    pub data_dir: PathBuf,
    /// Where the page is served.
    pub listen: SocketAddr,
    /// What the log tells: `info`, `debug`, `indusmind=debug,warn`.
    pub log: String,
    /// Whether a log line is JSON.
    pub log_json: bool,
    /// The dashboard channel sends this often, ms.
    pub dashboard_every_ms: i64,
    /// Attempts to sign in, per minute and address.
    pub logins_per_minute: NonZeroU32,
    /// Whether a socket may carry its access token in the address.
    pub token_in_query: bool,
}

/// What flags and environment say; what they leave out comes from the file or the default.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Boot file.
    pub config: Option<PathBuf>,
    /// Data directory.
    pub data_dir: Option<PathBuf>,
    /// Address and port.
    pub listen: Option<String>,
    /// Log filter.
    pub log: Option<String>,
}

/// The boot file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    log: Option<String>,
    log_json: bool,
    dashboard_interval_ms: Option<i64>,
    limits: Limits,
    sockets: Sockets,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    login_per_minute: Option<NonZeroU32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sockets {
    token_in_query: Option<bool>,
}

impl Config {
    /// Reads the file, if one is named, and puts the overrides on top.
    ///
    /// # Errors
    /// A file that cannot be read, a key that is not known, a value that makes no sense.
    pub fn load(overrides: Overrides) -> Result<Self> {
        let file = overrides
            .config
            .as_deref()
            .map_or_else(|| Ok(File::default()), read)?;
        let listen = overrides
            .listen
            .or(file.listen)
            .unwrap_or_else(|| LISTEN.to_owned());
        let listen = listen.parse().map_err(|_| {
            Error::invalid(
                "listen",
                format!("{listen} is no address with a port. Write 127.0.0.1:8080 or [::]:8080."),
            )
        })?;
        let dashboard_every_ms = file.dashboard_interval_ms.unwrap_or(DASHBOARD_EVERY_MS);
        if !(500..=60_000).contains(&dashboard_every_ms) {
            let sentence = "dashboard_interval_ms must be 500 to 60000.";
            return Err(Error::invalid("dashboard_interval_ms", sentence));
        }
        Ok(Self {
            data_dir: overrides
                .data_dir
                .or(file.data_dir)
                .unwrap_or_else(|| platform_directory(|name| std::env::var_os(name))),
            listen,
            log: overrides
                .log
                .or(file.log)
                .unwrap_or_else(|| "info".to_owned()),
            log_json: file.log_json,
            dashboard_every_ms,
            logins_per_minute: file.limits.login_per_minute.unwrap_or(LOGINS_PER_MINUTE),
            token_in_query: file.sockets.token_in_query.unwrap_or(true),
        })
    }
}

fn read(path: &Path) -> Result<File> {
    let named = || format!("The configuration file {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|cause| {
        Error::invalid("config", format!("{} cannot be read.", named())).because(cause)
    })?;
    toml::from_str(&text).map_err(|cause| {
        Error::invalid("config", format!("{} is not understood: {cause}", named()))
    })
}

/// Where a program of this platform keeps its data: what systemd gives, the user's data
/// directory, or the system's.
fn platform_directory(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> PathBuf {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("STATE_DIRECTORY")
        .or_else(|| set("XDG_DATA_HOME").map(|home| home.join("indusmind")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/indusmind")))
        .unwrap_or_else(|| PathBuf::from("/var/lib/indusmind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, overrides: Overrides) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("indusmind.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(Overrides {
            config: Some(path),
            ..overrides
        })
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let text = "listen = \"127.0.0.1:9000\"\n[limits]\nlogin_per_minute = 50";
        let config = with_file(text, Overrides::default()).unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.logins_per_minute.get(), 50);
        let flag = Overrides {
            listen: Some("[::1]:7000".to_owned()),
            ..Overrides::default()
        };
        assert_eq!(with_file(text, flag).unwrap().listen.port(), 7000);
        assert_eq!(
            Config::load(Overrides::default()).unwrap().listen.port(),
            8080
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, word) in [
            ("listne = \"x\"", "listne"),
            ("listen = \"localhost\"", "localhost"),
            ("dashboard_interval_ms = 1", "dashboard_interval_ms"),
            ("[limits]\nlogin_per_minute = 0", "login_per_minute"),
        ] {
            let error = with_file(text, Overrides::default()).unwrap_err();
            assert!(error.to_string().contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn the_data_directory_follows_the_platform() {
        let none = platform_directory(|_| None);
        assert_eq!(none, PathBuf::from("/var/lib/indusmind"));
        let home = platform_directory(|name| (name == "HOME").then(|| "/home/p".into()));
        assert_eq!(home, PathBuf::from("/home/p/.local/share/indusmind"));
    }
}
