//! What an update needs besides the disk: the new version's own check, and a page meanwhile.

use super::busy::Busy;
use super::files::tree_bytes;
use super::manager::{ALIVE, tell_manager};
use super::page::{Desk, Page};
use super::supervise::Launcher;
use super::switch::Programs;
use super::words::{ENGLISH, Face, Step};
use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How long a version may look at the data, and a second more for each so many bytes: a slow disk
/// gives them, and a version that looks at little for ever keeps no plant waiting.
const CHECK_WITHIN: Duration = Duration::from_secs(60);
const CHECK_BYTES_A_SECOND: u64 = 4 << 20;
/// Who neither computes nor reads for so long meanwhile hangs: a disk may hold somebody up for 30 s.
const IDLE_MAX: Duration = Duration::from_secs(45);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Bytes of what it says that are read, and how long after its end.
const SAID_MAX: u64 = 16 << 10;
const SAID_WITHIN: Duration = Duration::from_secs(2);

/// Programs of this machine.
pub struct Helpers {
    page: Option<Page>,
    stopping: Arc<AtomicBool>,
    config: Option<OsString>,
    idle_max: Duration,
}

/// Why a check was ended.
enum Ended {
    Idle,
    Late(Duration),
}

impl Helpers {
    /// Helpers of a launcher; with a page of the progress when an update is about to be made
    /// ready.
    #[must_use]
    pub fn new(launcher: &Launcher, with_page: bool) -> Self {
        let settings = &launcher.settings;
        let face = Face::Working {
            step: Step::Checking,
            percent: 0,
        };
        // Nothing is restored while an update is made ready: no code is told, none is good.
        let desk = Desk {
            code: String::new(),
            data: settings.home.path().to_path_buf(),
            unpack_to: settings.home.staging().join("none"),
        };
        let page = with_page.then(|| Page::open(&settings.page, desk, face).ok());
        Self {
            page: page.flatten(),
            stopping: Arc::clone(&launcher.stopping),
            config: config_of(&settings.args),
            idle_max: IDLE_MAX.min(Duration::from_millis(settings.limits.unwell_until_ms)),
        }
    }

    /// The power may fail here, so it may also be stopped here.
    fn stop_if_asked(&self) {
        if self.stopping.load(Ordering::Relaxed) {
            std::process::exit(0);
        }
    }

    /// Waits for the end of a check, and makes one when it hangs.
    fn wait(&self, child: &mut Child, within: Duration) -> Result<ExitStatus, Ended> {
        let (until, mut busy) = (Instant::now() + within, Busy::of(child.id()));
        let ended = loop {
            if let Ok(Some(status)) = child.try_wait() {
                return Ok(status);
            }
            if self.stopping.load(Ordering::Relaxed) {
                let _ = child.kill();
                let _ = child.wait();
                self.stop_if_asked();
            }
            if busy.idle() > self.idle_max {
                break Ended::Idle;
            }
            if Instant::now() > until {
                break Ended::Late(within);
            }
            tell_manager(ALIVE);
            thread::sleep(LOOK_EVERY);
        };
        let _ = child.kill();
        let _ = child.wait();
        Err(ended)
    }
}

/// How long the data here may be looked at.
fn time_for(data: &Path) -> Duration {
    let bytes = tree_bytes(data).unwrap_or(0);
    CHECK_WITHIN + Duration::from_secs(bytes / CHECK_BYTES_A_SECOND)
}

/// The boot file that the appliance is started with.
fn config_of(args: &[OsString]) -> Option<OsString> {
    let at = args.iter().position(|arg| arg == "--config")?;
    args.get(at + 1).cloned()
}

impl Programs for Helpers {
    fn check(&mut self, binary: &Path, data: &Path) -> Result<(), String> {
        let mut command = Command::new(binary);
        command.arg("check").arg("--data-dir").arg(data);
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        let started = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = started.map_err(|error| format!("It cannot be started: {error}."))?;
        let errors = child.stderr.take();
        let (sender, said) = channel();
        thread::spawn(move || {
            let mut said = String::new();
            if let Some(errors) = errors {
                let _ = errors.take(SAID_MAX).read_to_string(&mut said);
            }
            let _ = sender.send(said);
        });
        let status = self.wait(&mut child, time_for(data));
        // A program that it started may keep its errors open for ever.
        let said = said.recv_timeout(SAID_WITHIN).unwrap_or_default();
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(last.map_or_else(
                || format!("Its check of the data ended with {status}."),
                |line| line.trim_start_matches("indusmind: ").to_owned(),
            )),
            Err(Ended::Idle) => {
                let seconds = self.idle_max.as_secs();
                Err(format!(
                    "Its check of the data did nothing for {seconds} s."
                ))
            }
            Err(Ended::Late(within)) => {
                let seconds = within.as_secs();
                Err(format!(
                    "Its check of the data took longer than {seconds} s."
                ))
            }
        }
    }

    fn tell(&mut self, step: Step, percent: u8) {
        self.stop_if_asked();
        let said = ENGLISH.step(step);
        tell_manager(&format!("STATUS={said} ({percent} %)\n{ALIVE}"));
        if let Some(page) = &self.page {
            page.show(Face::Working { step, percent });
        }
    }

    fn now_ms(&mut self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
    }
}
