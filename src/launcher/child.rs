//! The appliance as a child: started, listened to, and told to stop.
//!
//! It is told by the end of its standard input, so that it also stops when the launcher is gone.
//! It speaks the protocol of `sd_notify(3)`; what it says is handed on to the service manager.

use super::manager::tell_manager;
use super::trial::{Devices, Signs};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child as Process, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Last lines of its errors that are kept for the rescue page.
const LINES_KEPT: usize = 60;
/// Most bytes of a line that are waited for.
const LINE_MAX: u64 = 64 << 10;
/// How long it may take to stop: it promises five seconds.
pub const STOP_WITHIN: Duration = Duration::from_secs(15);
/// How often it is looked at while it stops.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The last lines that were said.
pub type Lines = Arc<Mutex<VecDeque<String>>>;

/// A running appliance.
pub struct Child {
    process: Process,
    ear: UnixDatagram,
    /// What was heard of it.
    pub signs: Signs,
    /// Where its page is.
    pub address: Option<String>,
}

impl Child {
    /// Starts a binary. `home` is where its ear lies; `fell` is how the one before it fell, for people to
    /// be told.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        (binary, args): (&Path, &[OsString]),
        home: &Path,
        fell: Option<&str>,
        lines: &Lines,
    ) -> io::Result<Self> {
        let place = home.join("notify.sock");
        let _ = std::fs::remove_file(&place);
        let ear = UnixDatagram::bind(&place)?;
        ear.set_nonblocking(true)?;
        let mut process = Command::new(binary)
            .args(args)
            .env("NOTIFY_SOCKET", &place)
            .env("INDUSMIND_HOME", home)
            .env("INDUSMIND_LAUNCHED", "1")
            .env("INDUSMIND_FELL", fell.unwrap_or_default())
            .env_remove("WATCHDOG_PID")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(errors) = process.stderr.take() {
            let lines = Arc::clone(lines);
            thread::spawn(move || keep_lines(BufReader::new(errors), &lines));
        }
        Ok(Self {
            process,
            ear,
            signs: Signs::default(),
            address: None,
        })
    }

    /// Hears what it said since; `true` when it said that it is ready for the first time.
    pub fn listen(&mut self, now_ms: u64) -> bool {
        let was_ready = self.signs.ready;
        let mut message = [0; 4_096];
        while let Ok(length) = self.ear.recv(&mut message) {
            for line in String::from_utf8_lossy(&message[..length]).lines() {
                match line.split_once('=') {
                    Some(("READY", "1")) => self.signs.ready = true,
                    Some(("WATCHDOG", "1")) => self.signs.beat_at_ms = Some(now_ms),
                    Some(("X_INDUSMIND_ADDRESS", address)) => {
                        self.address = Some(address.to_owned());
                    }
                    Some(("X_INDUSMIND_DEVICES", text)) => {
                        self.signs.devices = Devices::parse(text);
                    }
                    Some(("STATUS", text)) => tell_manager(&format!("STATUS={text}")),
                    _ => {}
                }
            }
        }
        self.signs.ready && !was_ready
    }

    /// Tells it that the trial is over and it stays.
    pub fn say_committed(&mut self) {
        if let Some(input) = &mut self.process.stdin {
            let _ = input.write_all(b"committed\n").and_then(|()| input.flush());
        }
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Tells it to stop, waits at most so long, and then stops it the hard way.
    pub fn stop(mut self, within: Duration) {
        drop(self.process.stdin.take());
        let until = Instant::now() + within;
        while Instant::now() < until {
            if self.ended().is_some() {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Hands its errors on and keeps the last of them, until their end: who stopped to read would stop who writes.
/// What is no text is shown as far as it is one.
fn keep_lines(mut errors: impl io::BufRead, lines: &Lines) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match io::Read::take(&mut errors, LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        let said = String::from_utf8_lossy(&line);
        let said = said.trim_end_matches(['\n', '\r']);
        let _ = writeln!(io::stderr().lock(), "{said}");
        let mut kept = lines.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(said.chars().take(500).collect());
        if kept.len() > LINES_KEPT {
            kept.pop_front();
        }
    }
}

/// The last lines as they are.
#[must_use]
pub fn lines(lines: &Lines) -> Vec<String> {
    let kept = lines.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_or_has_no_end_ends_no_listening() {
        let kept = Lines::default();
        let mut said = b"one\r\n\xff\xfe broken\n".to_vec();
        said.extend(vec![b'x'; 200_000]);
        said.extend(b"\nlast");
        keep_lines(io::Cursor::new(said), &kept);
        let all = lines(&kept);
        assert_eq!(all[..2], ["one", "\u{fffd}\u{fffd} broken"]);
        assert!(all.iter().all(|line| line.chars().count() <= 500));
        assert_eq!(all.last().map(String::as_str), Some("last"));
    }
}
