//! What a machine says of itself, and the end of a log, for whoever helps from afar.

use serde_json::{Value, json};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Bytes of the end of the log file that go along.
const LOG_MAX: u64 = 256 << 10;
/// Bytes of what the system says of itself.
const TOLD_MAX: u64 = 4 << 10;

/// The system, its kernel, its memory and its load.
#[must_use]
pub fn machine() -> Value {
    let told = |path: &str| {
        let mut text = String::new();
        let file = std::fs::File::open(path).ok()?;
        file.take(TOLD_MAX).read_to_string(&mut text).ok()?;
        Some(text)
    };
    json!({
        "system": told("/etc/os-release"),
        "kernel": told("/proc/version"),
        "memory": told("/proc/meminfo"),
        "load": told("/proc/loadavg"),
    })
}

/// The last lines of a file; nothing when it cannot be read.
#[must_use]
pub fn end_of(path: &Path) -> Option<Vec<String>> {
    let mut file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_MAX)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(LOG_MAX).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let cut = usize::from(length > LOG_MAX);
    Some(text.lines().skip(cut).map(str::to_owned).collect())
}
