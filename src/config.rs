//! The boot file, the environment and the flags, parsed once into checked types.
//!
//! A flag wins over the environment, the environment over the file, the file over the default.
//! What cannot be understood stops the start with a sentence; nothing is guessed.

mod edge;
mod syslog;

use crate::base::{Error, Result};
use crate::syslog::Settings as SyslogSettings;
use crate::tls;
use crate::web::{EdgeSettings, PlainHttp};

use edge::{EdgeFile, LimitsFile};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the page is served unless said otherwise: on this machine only, in plain HTTP.
const LISTEN: &str = "127.0.0.1:8080";
/// The dashboard channel sends this often, ms.
const DASHBOARD_EVERY_MS: i64 = 5_000;
/// Size of the log file and of each that it was, MB, and how many of these are kept.
const LOG_FILE_MB: u64 = 10;
const LOG_FILES: usize = 5;

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
    /// The log as a file, beside the console.
    pub log_file: Option<LogFile>,
    /// Who is let in, and how often he may ask.
    pub edge: EdgeSettings,
    /// A certificate that somebody brought.
    pub certificate: Option<tls::Files>,
    /// Where the audit log is sent.
    pub syslog: Option<SyslogSettings>,
    /// Whether a socket may carry its access token in the address.
    pub token_in_query: bool,
    /// Where the installation lies, when the launcher started this.
    pub home: Option<PathBuf>,
    /// How the program before it fell, when the launcher had to start this one for it: `silent`, `ended`.
    pub fell: Option<String>,
    /// A key whose updates a build for tests believes; a release refuses to start with it.
    pub update_test_key: Option<String>,
}

/// A log in files of bounded size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// The one that is written.
    pub path: PathBuf,
    /// When it has this many bytes another one is begun.
    pub max_bytes: u64,
    /// How many of the earlier ones are kept.
    pub keep: usize,
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
    /// To whom plain HTTP is spoken.
    pub plain_http: Option<PlainHttp>,
}

/// The boot file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    log: Option<String>,
    log_json: bool,
    log_file: Option<PathBuf>,
    log_file_mb: Option<u64>,
    log_files: Option<usize>,
    dashboard_interval_ms: Option<i64>,
    edge: EdgeFile,
    limits: LimitsFile,
    sockets: Sockets,
    syslog: syslog::SyslogFile,
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
        let log_file = log_file(&file)?;
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
        let (mut edge, certificate) = edge::read(file.edge, &file.limits, overrides.plain_http)?;
        edge::fit_to_machine(&mut edge.seats);
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
            log_file,
            edge,
            certificate,
            syslog: syslog::read(file.syslog)?,
            token_in_query: file.sockets.token_in_query.unwrap_or(true),
            home: std::env::var_os("INDUSMIND_LAUNCHED")
                .and(std::env::var_os("INDUSMIND_HOME"))
                .map(PathBuf::from),
            fell: std::env::var("INDUSMIND_FELL")
                .ok()
                .filter(|how| !how.is_empty()),
            update_test_key: std::env::var("INDUSMIND_UPDATE_TEST_KEY").ok(),
        })
    }

    /// Whether HTTPS is spoken: to the network, unless plain HTTP was allowed, and whenever
    /// somebody asks for it.
    #[must_use]
    pub fn https(&self) -> bool {
        let to_network = !self.listen.ip().is_loopback();
        self.certificate.is_some()
            || match self.edge.plain_http {
                PlainHttp::Loopback => to_network,
                PlainHttp::Allowed => false,
                PlainHttp::Never => true,
            }
    }
}

fn log_file(file: &File) -> Result<Option<LogFile>> {
    let (mb, keep) = (
        file.log_file_mb.unwrap_or(LOG_FILE_MB),
        file.log_files.unwrap_or(LOG_FILES),
    );
    if !(1..=1_024).contains(&mb) {
        return Err(Error::invalid(
            "log_file_mb",
            "log_file_mb must be 1 to 1024.",
        ));
    }
    if !(1..=100).contains(&keep) {
        return Err(Error::invalid("log_files", "log_files must be 1 to 100."));
    }
    Ok(file.log_file.clone().map(|path| LogFile {
        path,
        max_bytes: mb << 20,
        keep,
    }))
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
        let mut limits = crate::web::Limits::default();
        limits.set(
            crate::web::Class::SignIn,
            crate::base::bucket::Rate::new(50, 60, 50),
        );
        assert_eq!(config.edge.limits, limits);
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
            ("[limits]\nlogins = 5", "logins"),
            ("[edge]\nnames = [\"a b\"]", "a b"),
            ("[edge]\nlocal_name = \"plant.local\"", "without .local"),
            ("[edge]\nplain_http = \"yes\"", "plain_http"),
            ("[edge]\ncertificate = \"a.pem\"", "edge.key"),
            ("[edge]\ncors_origins = [\"wall.example\"]", "wall.example"),
            (
                "[edge]\ncors_origins = [\"https://wall.example/\"]",
                "without a path",
            ),
            ("log_files = 0", "log_files"),
            ("[syslog]\nserver = \"logs.local\"", "6514"),
            ("[syslog]\nprotocol = \"tcp\"", "syslog.server"),
            (
                "[syslog]\nserver = \"a:1\"\nprotocol = \"tls\"",
                "syslog.ca",
            ),
        ] {
            let error = with_file(text, Overrides::default()).unwrap_err();
            assert!(error.to_string().contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn the_network_gets_https_unless_somebody_says_otherwise() {
        for (text, https) in [
            ("", false),
            ("listen = \"0.0.0.0:8080\"", true),
            ("listen = \"192.168.1.5:8080\"", true),
            (
                "listen = \"[::]:8080\"\n[edge]\nplain_http = \"allowed\"",
                false,
            ),
            ("[edge]\nplain_http = \"never\"", true),
            ("[edge]\ncertificate = \"a.pem\"\nkey = \"a.key\"", true),
        ] {
            let config = with_file(text, Overrides::default()).unwrap();
            assert_eq!(config.https(), https, "{text}");
        }
    }

    #[test]
    fn the_network_finds_it_by_a_name_unless_somebody_says_otherwise() {
        for (text, name) in [
            ("", Some("indusmind")),
            ("[edge]\nlocal_name = \"plant-7\"", Some("plant-7")),
            ("[edge]\nlocal_name = \"\"", None),
        ] {
            let config = with_file(text, Overrides::default()).unwrap();
            assert_eq!(config.edge.local_name.as_deref(), name, "{text}");
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
