//! The machine that is installed on: its user, its directories, its service manager.

use super::disk;
use super::parts::Parts;
use crate::base::{Error, Result};
use crate::cli::say;
use crate::config::{Config, Overrides};
use crate::launcher::files::Files;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// User and group of the service.
const USER: &str = "indusmind";
/// What the package and the installer put on the machine.
const UNIT: &str = include_str!("../../../assets/install/indusmind.service");
const CONFIG: &str = include_str!("../../../assets/install/config.toml");
const DESKTOP: &str = include_str!("../../../assets/install/indusmind.desktop");
const ICON: &str = include_str!("../../../frontend-dist/favicon.svg");
/// How the appliance begins to say where it is.
const LISTENING: &str = "Listening on ";
/// Where they go.
const UNIT_FILE: &str = "etc/systemd/system/indusmind.service";
const DESKTOP_FILE: &str = "usr/share/applications/indusmind.desktop";
const ICON_FILE: &str = "usr/share/icons/hicolor/scalable/apps/indusmind.svg";
const PROGRAMS: &str = "usr/lib/indusmind";
const COMMAND: &str = "usr/bin/indusmind";

/// A machine, or a directory that will be the root of one.
pub(super) struct Machine {
    root: PathBuf,
    /// Whether users and services can be had: not in a directory.
    live: bool,
}

impl Machine {
    pub(super) fn at(root: Option<PathBuf>) -> Self {
        Self {
            live: root.is_none(),
            root: root.unwrap_or_else(|| PathBuf::from("/")),
        }
    }

    /// Whether this user may do it.
    pub(super) fn may_install(&self) -> bool {
        !self.live || is_root()
    }

    pub(super) fn home(&self) -> PathBuf {
        self.root.join("var/lib/indusmind")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.root.join("etc/indusmind/config.toml")
    }

    pub(super) fn launcher(&self) -> PathBuf {
        self.root.join(PROGRAMS).join("launcher")
    }

    /// Makes the user of the service, who may open serial ports.
    pub(super) fn make_user(&self) -> Result<()> {
        if !self.live {
            return Ok(());
        }
        if ids().is_none() {
            let home = self.home();
            let made = Command::new("useradd")
                .args(["--system", "--user-group", "--no-create-home", "--home-dir"])
                .arg(&home)
                .args(["--shell", "/usr/sbin/nologin", USER])
                .status();
            if !made.is_ok_and(|status| status.success()) {
                return Err(Error::unavailable(format!(
                    "The user {USER} cannot be made. Make it (useradd --system {USER}) and \
                     install again."
                )));
            }
        }
        let groups = fs::read_to_string("/etc/group").unwrap_or_default();
        if groups.lines().any(|line| line.starts_with("dialout:")) {
            run("usermod", &["-aG", "dialout", USER]);
        }
        Ok(())
    }

    /// Puts programs, unit, desktop entry and icon into place, and the configuration when there
    /// is none.
    pub(super) fn place_files(&self, parts: &Parts) -> Result<()> {
        let programs = self.root.join(PROGRAMS);
        self.place(&self.launcher(), parts.launcher(), 0o755)?;
        self.place(&programs.join("indusmind"), parts.appliance(), 0o755)?;
        self.place(&self.root.join(UNIT_FILE), UNIT.as_bytes(), 0o644)?;
        self.place(&self.root.join(DESKTOP_FILE), DESKTOP.as_bytes(), 0o644)?;
        self.place(&self.root.join(ICON_FILE), ICON.as_bytes(), 0o644)?;
        if !self.config().exists() {
            self.place(&self.config(), CONFIG.as_bytes(), 0o644)?;
        }
        let command = self.root.join(COMMAND);
        if fs::symlink_metadata(&command).is_err() {
            fs::create_dir_all(command.parent().unwrap_or(&self.root)).map_err(disk)?;
            std::os::unix::fs::symlink("../lib/indusmind/launcher", &command).map_err(disk)?;
        }
        Ok(())
    }

    fn place(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
        if fs::read(path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        let files = Files::default();
        files
            .make_dir(path.parent().unwrap_or(&self.root))
            .and_then(|()| files.place(path, bytes))
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
            .map_err(disk)
    }

    /// Makes the home, of the user of the service. Who may look at it sees which version runs; the data is closed.
    pub(super) fn make_home(&self) -> Result<()> {
        for (path, mode) in [
            ("", 0o755),
            ("slots", 0o755),
            ("data", 0o700),
            ("staging", 0o700),
            ("spool", 0o700),
        ] {
            let path = self.home().join(path);
            fs::create_dir_all(&path).map_err(disk)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(disk)?;
            if let Some((user, group)) = ids().filter(|_| self.live) {
                lchown(&path, Some(user), Some(group)).map_err(disk)?;
            }
        }
        Ok(())
    }

    /// Puts the version that was put into place into a slot, as the user of the service: he can
    /// write in the home, so root must not, lest a link of his leads it elsewhere.
    pub(super) fn place_version_as_owner(&self, older: bool) -> Result<()> {
        let mut command = Command::new(self.root.join(PROGRAMS).join("indusmind"));
        command.args(["install", "--slot-only"]);
        if older {
            command.arg("--older");
        }
        match ids().filter(|_| self.live) {
            Some((user, group)) => command.uid(user).gid(group),
            None => command.arg("--root").arg(&self.root),
        };
        let status = command.status().map_err(disk)?;
        if status.success() {
            return Ok(());
        }
        Err(Error::unavailable(
            "The version was not put into its slot; the line above tells why.",
        ))
    }

    fn has_systemd(&self) -> bool {
        self.live && Path::new("/run/systemd/system").is_dir()
    }

    /// Starts the service, anew when `changed`; whether it runs.
    pub(super) fn start_service(&self, changed: bool) -> bool {
        if !self.has_systemd() {
            return false;
        }
        run("systemctl", &["daemon-reload"]);
        run("systemctl", &["enable", "indusmind.service"]);
        let how = if changed { "restart" } else { "start" };
        let started = run("systemctl", &[how, "indusmind.service"]);
        if !started {
            say("The service did not start: journalctl -u indusmind tells why.");
        }
        started
    }

    /// The way to the page, and what may stand in it.
    pub(super) fn say_how_to_go_on(&self, started: bool) {
        if !self.live {
            return;
        }
        if !started {
            say(&format!(
                "No service manager runs here. To start it: \
                 runuser -u {USER} -- /usr/lib/indusmind/launcher start -- run --config {}",
                self.config().display()
            ));
            return;
        }
        let said = Command::new("journalctl")
            .args(["-u", "indusmind", "-b", "-o", "cat", "-n", "200"])
            .output();
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let said = said.unwrap_or_default();
        // Of the last start: the token of an earlier one opens nothing any more.
        let said = said.rsplit(LISTENING).next().unwrap_or_default();
        let link = said.lines().rfind(|line| line.starts_with("Open http"));
        let config = Config::load(Overrides {
            config: Some(self.config()),
            ..Overrides::default()
        });
        let reach = config.map_or_else(|refused| refused.to_string(), |config| reach(&config));
        if let Some(link) = link {
            say(link);
        }
        say(&reach);
    }

    pub(super) fn stop_service(&self) {
        if self.has_systemd() {
            run("systemctl", &["disable", "--now", "indusmind.service"]);
        }
    }

    /// Takes away what was put into place; what a package put there it takes away itself.
    pub(super) fn remove_files(&self, packaged: bool) -> Result<()> {
        let files = Files::default();
        files
            .remove_tree(&self.home().join("slots"))
            .and_then(|()| files.remove_tree(&self.home().join("staging")))
            .map_err(disk)?;
        if packaged {
            return Ok(());
        }
        for path in [UNIT_FILE, DESKTOP_FILE, ICON_FILE, COMMAND] {
            files.remove(&self.root.join(path)).map_err(disk)?;
        }
        files.remove_tree(&self.root.join(PROGRAMS)).map_err(disk)?;
        if self.has_systemd() {
            run("systemctl", &["daemon-reload"]);
        }
        Ok(())
    }

    /// Deletes data and configuration.
    pub(super) fn purge(&self) -> Result<()> {
        let files = Files::default();
        files
            .remove_tree(&self.home())
            .and_then(|()| files.remove_tree(&self.root.join("etc/indusmind")))
            .and_then(|()| files.remove_tree(&self.root.join("var/log/indusmind")))
            .map_err(disk)
    }
}

/// How the page is reached from elsewhere as the boot file has it, and what a firewall has to let in.
fn reach(config: &Config) -> String {
    let (port, https) = (config.listen.port(), config.https());
    let scheme = if https { "https" } else { "http" };
    if config.listen.ip().is_loopback() {
        return format!(
            "From this machine only: {scheme}://{}. To let others in, set listen = \"0.0.0.0:8443\" in the \
             configuration, then: systemctl restart indusmind.",
            config.listen
        );
    }
    let name = config.edge.local_name.as_deref().map(|name| {
        (
            format!(", or {scheme}://{name}.local:{port} where names of the network work"),
            ", and UDP port 5353 for the name",
            " && ufw allow 5353/udp",
            " --add-service=mdns",
        )
    });
    let (address, why, ufw, firewalld) = name.unwrap_or_default();
    format!(
        "From other machines: {scheme}://ADDRESS-OF-THIS-MACHINE:{port}{address}. If a firewall runs here, let \
         port {port} in{why}: ufw allow {port}/tcp{ufw}, or firewall-cmd --permanent --add-port={port}/tcp{firewalld}, \
         then firewall-cmd --reload."
    )
}

/// Whether this program runs as root.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

/// Number of the user and the group of the service.
fn ids() -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let user = users.lines().find(|line| line.starts_with("indusmind:"))?;
    let mut numbers = user.split(':').skip(2);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn run(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Runs the same command once more as root, by the way that this desktop or console has.
pub(super) fn ask_for_root() -> Result<()> {
    let program = std::env::current_exe()
        .map_err(|cause| Error::internal("This program does not know its place.").because(cause))?;
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let ways: &[&str] = if desktop {
        &["pkexec", "sudo"]
    } else {
        &["sudo", "pkexec"]
    };
    for way in ways {
        let mut command = Command::new(way);
        command.arg(&program).args(std::env::args_os().skip(1));
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(_) => break,
            // That way is not there.
            Err(_) => {}
        }
    }
    Err(Error::invalid(
        "install",
        format!(
            "This needs the rights of the administrator of the machine. Run: sudo {} {}",
            program.display(),
            std::env::args().skip(1).collect::<Vec<_>>().join(" ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(boot_file: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, boot_file).unwrap();
        let config = Config::load(Overrides {
            config: Some(path),
            ..Overrides::default()
        });
        reach(&config.unwrap())
    }

    #[test]
    fn the_way_in_is_that_of_the_boot_file() {
        let shipped = said(CONFIG);
        for part in [
            "https://ADDRESS-OF-THIS-MACHINE:8443",
            "https://indusmind.local:8443",
            "ufw allow 8443/tcp && ufw allow 5353/udp",
            "--add-port=8443/tcp --add-service=mdns",
        ] {
            assert!(shipped.contains(part), "{shipped}");
        }
        let other = said("listen = \"0.0.0.0:9000\"\n[edge]\nlocal_name = \"\"\n");
        assert!(other.contains("ufw allow 9000/tcp, or"), "{other}");
        assert!(
            !other.contains("5353") && !other.contains("local:"),
            "{other}"
        );
        let closed = said("listen = \"127.0.0.1:8080\"\n");
        assert!(
            closed.starts_with("From this machine only: http://127.0.0.1:8080")
                && !closed.contains("ufw"),
            "{closed}"
        );
    }
}
