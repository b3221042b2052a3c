//! Where the log goes: to standard error, where systemd and a console pick it up, and into a file
//! of bounded size if one is named.
//!
//! Promises: a line is a line, whatever somebody sent: control characters are written out, long
//! lines cut. A disk that refuses costs lines of the log and nothing else; they are counted.

use crate::base::{Error, Result};
use crate::config::{Config, LogFile};
use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Longest line, bytes; the longest sentence of ours is far below.
const LINE_MAX: usize = 8 << 10;
/// Longest text in a line that was too long, characters.
const TEXT_MAX: usize = 500;
/// Lines that wait for the disk; more are dropped and counted.
const WAITING_MAX: usize = 10_000;
/// How often it is looked whether lines were dropped.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The access log: in the file always, on the console when it is asked for.
const ACCESS: &str = "access";

/// Keeps the log file going; what waits is written when it is dropped.
pub(super) struct LogGuard(Option<(Lines, JoinHandle<()>)>);

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some((lines, writer)) = self.0.take() {
            lines.close();
            let _ = writer.join();
        }
    }
}

/// Starts the log.
///
/// # Errors
/// A filter that is none; a file that cannot be written.
pub(super) fn start(config: &Config) -> Result<LogGuard> {
    let console = console_filter(&config.log)?;
    let terminal = io::stderr().is_terminal();
    let text = tracing_subscriber::fmt::layer().with_writer(OneLine(io::stderr));
    let (json, text) = if config.log_json {
        (Some(text.json().with_ansi(false)), None)
    } else {
        (None, Some(text.with_ansi(terminal).with_target(false)))
    };
    let console = json
        .map(Layer::boxed)
        .or_else(|| text.map(Layer::boxed))
        .map(|layer| layer.with_filter(console));
    let mut guard = LogGuard(None);
    let file = match &config.log_file {
        None => None,
        Some(wanted) => {
            let (lines, writer) = follow(wanted)?;
            guard.0 = Some((lines.clone(), writer));
            let layer = tracing_subscriber::fmt::layer().json().with_ansi(false);
            let filter = filter(&config.log)?.add_directive(directive(ACCESS, LevelFilter::INFO)?);
            Some(
                layer
                    .with_writer(OneLine(move || lines.clone()))
                    .with_filter(filter),
            )
        }
    };
    // A second start in the same process (a test) keeps the first log.
    let _ = Registry::default().with(console).with(file).try_init();
    Ok(guard)
}

fn filter(log: &str) -> Result<EnvFilter> {
    EnvFilter::try_new(log).map_err(|cause| {
        let sentence = format!("{log} is no log filter. Use error, warn, info or debug.");
        Error::invalid("log", sentence).because(cause)
    })
}

fn console_filter(log: &str) -> Result<EnvFilter> {
    let filter = filter(log)?;
    if log.contains(ACCESS) {
        return Ok(filter);
    }
    Ok(filter.add_directive(directive(ACCESS, LevelFilter::OFF)?))
}

fn directive(target: &str, level: LevelFilter) -> Result<tracing_subscriber::filter::Directive> {
    let text = format!("{target}={level}");
    text.parse()
        .map_err(|_| Error::internal(format!("{text} is no directive of the log.")))
}

/// Writes each event as one sane line. An event comes in one piece.
#[derive(Clone)]
struct OneLine<W>(W);

impl<'w, W, T> MakeWriter<'w> for OneLine<W>
where
    W: Fn() -> T + 'w,
    T: Write,
{
    type Writer = Sane<T>;
    fn make_writer(&'w self) -> Sane<T> {
        Sane((self.0)())
    }
}

struct Sane<T>(T);

impl<T: Write> Write for Sane<T> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(sane(line).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// One line: control characters written out, too long ones cut. Only the colours of the console
/// stay: they move no cursor and change no title, whoever sent them.
fn sane(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut plain = String::with_capacity(text.len() + 1);
    let text = cut(text);
    for (at, c) in text.char_indices() {
        if (c.is_control() && !is_colour(&text[at..]))
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            plain.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            plain.push(c);
        }
    }
    plain.push('\n');
    plain
}

/// Whether a text begins with a colour (ECMA-48, section 8.3.117: select graphic rendition).
fn is_colour(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("\u{1b}[") else {
        return false;
    };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    rest.starts_with('m')
}

/// A line of bounded length; JSON stays JSON.
fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= LINE_MAX {
        return Cow::Borrowed(text);
    }
    if let Ok(mut json) = serde_json::from_str::<serde_json::Value>(text) {
        shorten(&mut json);
        let short = json.to_string();
        if short.len() <= LINE_MAX {
            return Cow::Owned(short);
        }
    }
    let end = text.floor_char_boundary(LINE_MAX);
    Cow::Owned(format!("{}…", &text[..end]))
}

fn shorten(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::String(text) if text.len() > TEXT_MAX => {
            text.truncate(text.floor_char_boundary(TEXT_MAX));
            text.push('…');
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(shorten),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// The way to the thread that writes the file.
#[derive(Clone)]
struct Lines {
    to: Arc<Mutex<Option<SyncSender<Vec<u8>>>>>,
    dropped: Arc<AtomicU64>,
}

impl Lines {
    fn close(&self) {
        self.to
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

impl Write for Lines {
    /// Never waits: who logs answers requests.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = to.as_ref().map(|to| to.try_send(line.to_vec()));
        if !matches!(sent, Some(Ok(()))) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to write a file.
fn follow(wanted: &LogFile) -> Result<(Lines, JoinHandle<()>)> {
    let file = Rolling::open(wanted.clone()).map_err(|cause| {
        let sentence = format!("The log file {} cannot be written.", wanted.path.display());
        Error::invalid("log_file", sentence).because(cause)
    })?;
    let (to, from) = sync_channel(WAITING_MAX);
    let dropped = Arc::new(AtomicU64::new(0));
    let lines = Lines {
        to: Arc::new(Mutex::new(Some(to))),
        dropped: Arc::clone(&dropped),
    };
    let writer = std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || write_out(&from, file, &dropped))
        .map_err(|cause| Error::internal("No thread for the log file.").because(cause))?;
    Ok((lines, writer))
}

fn write_out(from: &Receiver<Vec<u8>>, mut file: Rolling, dropped: &AtomicU64) {
    loop {
        match from.recv_timeout(LOOK_EVERY) {
            Ok(line) if file.write(&line).is_err() => {
                dropped.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => {
                let lost = dropped.load(Ordering::Relaxed);
                let told = format!("{{\"level\":\"WARN\",\"lines_lost\":{lost}}}\n");
                if lost > 0 && file.write(told.as_bytes()).is_ok() {
                    dropped.fetch_sub(lost, Ordering::Relaxed);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A file that gives way to another one when it is full: `log`, `log.1`, `log.2`.
struct Rolling {
    settings: LogFile,
    file: Option<File>,
    bytes: u64,
}

impl Rolling {
    fn open(settings: LogFile) -> io::Result<Self> {
        let (file, bytes) = open(&settings.path)?;
        Ok(Self {
            settings,
            file: Some(file),
            bytes,
        })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.settings.max_bytes {
            self.roll()?;
        }
        // A disk that was full when the last one was closed may have room by now.
        if self.file.is_none() {
            let (file, bytes) = open(&self.settings.path)?;
            (self.file, self.bytes) = (Some(file), bytes);
        }
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
            self.bytes += line.len() as u64;
        }
        Ok(())
    }

    fn roll(&mut self) -> io::Result<()> {
        self.file = None;
        for number in (1..self.settings.keep).rev() {
            let _ = std::fs::rename(self.numbered(number), self.numbered(number + 1));
        }
        std::fs::rename(&self.settings.path, self.numbered(1))
    }

    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = self.settings.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

/// Only its owner reads a log.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_line_whatever_was_sent() {
        let sent = "a\nINFO all is well\r\u{0}\u{7}\u{9b}31m\u{202e}b\n";
        let told = sane(sent.as_bytes());
        assert_eq!(told.matches('\n').count(), 1);
        assert_eq!(
            told,
            "a\\u000aINFO all is well\\u000d\\u0000\\u0007\\u009b31m\\u202eb\n"
        );
        assert_eq!(sane(b"plain \xff\n"), "plain \u{fffd}\n");
        // Colours stay; what moves the cursor or sets a title is written out.
        let sent = "\u{1b}[1;32mgreen\u{1b}[0m \u{1b}[2K\u{1b}]0;title\u{7}";
        let told = "\u{1b}[1;32mgreen\u{1b}[0m \\u001b[2K\\u001b]0;title\\u0007\n";
        assert_eq!(sane(sent.as_bytes()), told);
    }

    #[test]
    fn a_long_line_is_cut_and_json_stays_json() {
        let long = "é".repeat(100_000);
        assert!(sane(long.as_bytes()).len() < LINE_MAX + 10);
        let json = serde_json::json!({ "fields": { "a": long, "b": [1] } }).to_string();
        let told = sane(json.as_bytes());
        let told: serde_json::Value = serde_json::from_str(told.trim()).unwrap();
        assert!(told["fields"]["a"].as_str().unwrap().len() < 2 * TEXT_MAX);
        assert_eq!(told["fields"]["b"][0], 1);
    }

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let dir = tempfile::tempdir().unwrap();
        let settings = LogFile {
            path: dir.path().join("indusmind.log"),
            max_bytes: 100,
            keep: 2,
        };
        let mut file = Rolling::open(settings.clone()).unwrap();
        for n in 0..100 {
            file.write(format!("line {n:04}\n").as_bytes()).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        let all = [
            read("indusmind.log.2"),
            read("indusmind.log.1"),
            read("indusmind.log"),
        ]
        .concat();
        assert!(all.ends_with("line 0098\nline 0099\n"));
        assert_eq!(all.lines().count(), 30);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
        // A restart goes on in the same file.
        let mut file = Rolling::open(settings).unwrap();
        file.write(b"again\n").unwrap();
        assert!(read("indusmind.log.1").ends_with("line 0099\n"));
        assert_eq!(read("indusmind.log"), "again\n");
    }

    #[test]
    fn what_waits_is_written_before_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let settings = LogFile {
            path: dir.path().join("log"),
            max_bytes: 1 << 20,
            keep: 1,
        };
        let (mut lines, writer) = follow(&settings).unwrap();
        for n in 0..1_000 {
            lines.write_all(format!("{n}\n").as_bytes()).unwrap();
        }
        lines.close();
        writer.join().unwrap();
        let read = std::fs::read_to_string(&settings.path).unwrap();
        let lost = lines.dropped.load(Ordering::Relaxed);
        assert_eq!(read.lines().count() as u64 + lost, 1_000);
        lines.write_all(b"late\n").unwrap();
        assert_eq!(lines.dropped.load(Ordering::Relaxed), lost + 1);
    }
}
