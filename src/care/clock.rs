//! Whether a time server sets the clock of the machine.

use std::process::{Command, Stdio};

/// What is known of the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockState {
    /// Whether it is set by a time server; absent where nobody tells.
    pub synced: Option<bool>,
}

/// Asks the system. Takes some milliseconds: not on a thread of the runtime.
#[must_use]
pub fn clock_state() -> ClockState {
    // What systemd-timesyncd leaves when it set the clock once.
    if std::path::Path::new("/run/systemd/timesync/synchronized").exists() {
        return ClockState { synced: Some(true) };
    }
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let told = asked.ok().filter(|output| output.status.success());
    ClockState {
        synced: told.and_then(|output| read(&String::from_utf8_lossy(&output.stdout))),
    }
}

fn read(told: &str) -> Option<bool> {
    let value = told.trim().strip_prefix("NTPSynchronized=")?;
    match value {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_understood() {
        assert_eq!(read("NTPSynchronized=yes\n"), Some(true));
        assert_eq!(read("NTPSynchronized=no\n"), Some(false));
        assert_eq!(read(""), None);
        // Whatever this machine says, it is no failure to ask.
        let _ = clock_state();
    }
}
