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
/// A filter that is none.
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
    let (mut guard, mut refused) = (LogGuard(None), None);
    let file = match &config.log_file {
        None => None,
        Some(wanted) => {
            let mut rolling = Rolling::new(wanted);
            refused = rolling.open().err();
            let (lines, writer) = follow(rolling)?;
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
    if let Some(cause) = refused {
        tracing::error!(%cause, "the log file cannot be written; until it can, its lines are lost");
    }
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
fn follow(file: Rolling) -> Result<(Lines, JoinHandle<()>)> {
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
    fn new(settings: &LogFile) -> Self {
        let settings = settings.clone();
        let (file, bytes) = (None, 0);
        Self {
            settings,
            file,
            bytes,
        }
    }

    fn open(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            let (file, bytes) = open(&self.settings.path)?;
            (self.file, self.bytes) = (Some(file), bytes);
        }
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        // A disk that was full may have room by now.
        self.open()?;
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.settings.max_bytes {
            self.roll()?;
            self.open()?;
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
#[path = "log_tests.rs"]
mod tests;
