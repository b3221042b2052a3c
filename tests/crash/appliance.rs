//! The real binary as a child process: its console, and the end that it gets.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the console may take to say what it must, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running appliance; killed when it is dropped.
pub(crate) struct Appliance {
    /// Where its API is.
    pub(crate) address: String,
    child: Child,
    console: mpsc::UnboundedReceiver<String>,
    log: PathBuf,
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("INDUSMIND_BINARY").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_indusmind")),
        PathBuf::from,
    )
}

impl Appliance {
    /// Starts on this directory and waits until it listens.
    pub(crate) async fn start(place: &Path) -> Self {
        let mut appliance = Self::spawn(place);
        appliance.address = appliance.console_says("Listening on ").await;
        appliance
    }

    /// As [`Appliance::start`], with more in its environment and at the head of its boot file.
    pub(crate) async fn start_with(place: &Path, more: &[(&str, &OsStr)], settings: &str) -> Self {
        let mut command = Command::new(binary());
        command.envs(more.iter().copied());
        let mut appliance = Self::spawn_by(command, place, settings);
        appliance.address = appliance.console_says("Listening on ").await;
        appliance
    }

    /// As [`Appliance::start`], but a limit on the size of its files brings an error and not a
    /// signal: then the limit behaves like a full disk.
    pub(crate) async fn start_with_errors_for_limits(place: &Path) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(binary());
        let mut appliance = Self::spawn_by(shell, place, "");
        appliance.address = appliance.console_says("Listening on ").await;
        appliance
    }

    /// The memory that it has, KB.
    pub(crate) fn memory_kb(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let told = std::fs::read_to_string(path).expect("it runs");
        let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|text| text.parse().ok())
            .expect("its memory")
    }

    /// Lets no file of it grow beyond so many bytes from now on; `None` lifts the limit.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let done = Command::new("prlimit")
            .arg(format!("--pid={}", self.child.id()))
            .arg(format!("--fsize={limit}:unlimited"))
            .status()
            .expect("prlimit (Debian's util-linux) is needed for this test");
        assert!(done.success(), "the limit could not be set");
    }

    /// Starts on this directory; it may not be ready.
    pub(crate) fn spawn(place: &Path) -> Self {
        Self::spawn_by(Command::new(binary()), place, "")
    }

    fn spawn_by(mut command: Command, place: &Path, settings: &str) -> Self {
        let config = place.join("indusmind.toml");
        // The test asks more often than a person.
        let limits = ["login", "session", "api", "write", "upload", "report"]
            .map(|class| format!("{class}_per_minute = 100000\n"));
        let limits = format!(
            "{settings}[limits]\napi_burst = 100000\n{}",
            limits.concat()
        );
        std::fs::write(&config, limits).unwrap();
        let log = place.join("stderr.log");
        let mut child = command
            .args(["run", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_in(place))
            .arg("--config")
            .arg(&config)
            .env_remove("INDUSMIND_LOG")
            // The end of it would stop one that a launcher started.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().unwrap();
        let (sender, console) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            address: String::new(),
            child,
            console,
            log,
        }
    }

    /// The one-time token of the first run.
    pub(crate) async fn setup_token(&mut self) -> String {
        self.console_says("Set-up token: ").await
    }

    /// What stands behind `head` on the console.
    async fn console_says(&mut self, head: &str) -> String {
        let found = async {
            while let Some(line) = self.console.recv().await {
                if let Some(rest) = line.strip_prefix(head) {
                    return Some(rest.trim().to_owned());
                }
            }
            None
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(Some(rest)) => rest,
            outcome => {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                let why = if outcome.is_ok() { "ended" } else { "hung" };
                panic!("the appliance {why} before it said '{head}'. Its log:\n{log}");
            }
        }
    }

    /// Lets it run for so many microseconds, then holds it: it says nothing more to anybody.
    pub(crate) async fn hold_after_us(&mut self, microseconds: u64) {
        tokio::time::sleep(Duration::from_micros(microseconds)).await;
        let whom = self.child.id().to_string();
        let held = Command::new("kill").args(["-STOP", &whom]).status();
        assert!(
            held.is_ok_and(|status| status.success()),
            "it cannot be held"
        );
        // The signal is only on its way: until one thread took it, the others go on and may answer.
        while !is_held(&whom) {
            tokio::time::sleep(Duration::from_micros(50)).await;
        }
    }

    /// Lets it run for so many microseconds, then `kill -9`.
    pub(crate) async fn kill_after_us(&mut self, microseconds: u64) {
        tokio::time::sleep(Duration::from_micros(microseconds)).await;
        self.child.kill().expect("a running child can be killed");
        self.child.wait().expect("a killed child ends");
    }
}

/// Whether no thread of a process runs on: it is stopped, or waits for the disk and stops then.
fn is_held(process: &str) -> bool {
    let threads =
        std::fs::read_dir(format!("/proc/{process}/task")).expect("a process has threads");
    let state = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        // Behind the name, which may hold anything but ends with the last bracket.
        stat.rsplit(')').next()?.trim().chars().next()
    };
    let states: String = threads.filter_map(state).collect();
    states.contains('T') && states.chars().all(|state| "TD".contains(state))
}

impl Drop for Appliance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the data lies under the place of a test.
pub(crate) fn data_in(place: &Path) -> PathBuf {
    place.join("data")
}

/// `indusmind check` on the directory of an appliance that does not run: the data file opens and
/// the chain of the audit log is intact.
pub(crate) fn check(place: &Path) -> String {
    let told = Command::new(binary())
        .args(["check", "--data-dir"])
        .arg(data_in(place))
        .output()
        .expect("the check runs");
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    let error = String::from_utf8_lossy(&told.stderr);
    assert!(
        told.status.success(),
        "the check found damage: {said}{error}"
    );
    assert!(
        said.contains("chain is intact"),
        "the check did not look at the audit log: {said}"
    );
    said
}
