//! The page that stands in while no version of the appliance runs: how far an update is, or the
//! rescue page with its ways out.
//!
//! Promises: who changes anything knows the rescue code; data leaves only to this machine itself.

use super::tar;
use super::words::{self, Face};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long somebody may take to ask, or to take a piece of an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest head of a request, bytes.
const HEAD_MAX: u64 = 8 << 10;
/// Longest form, bytes.
const FORM_MAX: u64 = 1 << 10;
/// What a wrong code costs.
const WRONG_CODE_COSTS: Duration = Duration::from_secs(1);
/// How often the door is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What somebody wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start again.
    Again,
    /// Go back to the version before, with its data.
    Previous,
    /// Go on with the data that was unpacked here.
    Restore(PathBuf),
}

struct Inner {
    face: Face,
    action: Option<Action>,
}

/// An open page.
pub struct Page {
    inner: Arc<Mutex<Inner>>,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the page may hand out and take in.
pub struct Desk {
    /// What changes anything.
    pub code: String,
    /// The data that is exported.
    pub data: PathBuf,
    /// Where a restored one is unpacked; it must not be there.
    pub unpack_to: PathBuf,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Page {
    /// Opens the page at this address.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn open(address: &str, desk: Desk, face: Face) -> io::Result<Self> {
        let address: SocketAddr = address.parse().map_err(io::Error::other)?;
        let door = TcpListener::bind(address)?;
        door.set_nonblocking(true)?;
        let inner = Arc::new(Mutex::new(Inner { face, action: None }));
        let closing = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&inner), Arc::clone(&closing));
        let thread = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match door.accept() {
                    Ok((stream, peer)) => {
                        // Who hangs up in the middle is not missed.
                        let _ = serve(&stream, peer, &desk, &shared);
                    }
                    Err(_) => thread::sleep(LOOK_EVERY),
                }
            }
        });
        Ok(Self {
            inner,
            closing,
            thread: Some(thread),
        })
    }

    /// Shows something else.
    pub fn show(&self, face: Face) {
        locked(&self.inner).face = face;
    }

    /// What somebody asked for since.
    #[must_use]
    pub fn asked(&self) -> Option<Action> {
        locked(&self.inner).action.take()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A request as far as this page understands it.
struct Request {
    method: String,
    path: String,
    code: String,
    french: bool,
    arabic: bool,
    length: u64,
}

fn read_head(reader: &mut impl io::BufRead) -> io::Result<Request> {
    let mut head = reader.take(HEAD_MAX);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        code: String::new(),
        french: false,
        arabic: false,
        length: 0,
    };
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(request);
        }
        let Some((name, value)) = line.trim().split_once(':') else {
            continue;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "x-rescue-code" => value.clone_into(&mut request.code),
            "content-length" => request.length = value.parse().unwrap_or(0),
            "accept-language" => {
                request.french = value.starts_with("fr");
                request.arabic = value.starts_with("ar");
            }
            _ => {}
        }
    }
}

fn serve(
    stream: &TcpStream,
    peer: SocketAddr,
    desk: &Desk,
    inner: &Mutex<Inner>,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut out = BufWriter::new(stream);
    let request = read_head(&mut reader)?;
    let face = locked(inner).face.clone();
    let language = words::language(request.french, request.arabic);
    let said = match (request.method.as_str(), request.path.as_str()) {
        ("GET", path) if path.starts_with("/health") || path == "/live" || path == "/ready" => {
            let status = format!("{{\"status\":\"{}\"}}", face.status());
            return answer(&mut out, 503, "application/json", &status);
        }
        ("GET", "/") => return answer(&mut out, 200, HTML, &words::page(&face, &language)),
        // Somebody whose page was open reads it again until the appliance is back.
        ("GET", _) => return answer(&mut out, 503, HTML, &words::page(&face, &language)),
        ("POST", "/again" | "/previous" | "/restore" | "/export") if face.is_rescue() => {
            act(&request, peer, desk, inner, &mut reader, &mut out)?
        }
        _ => return answer(&mut out, 503, "application/json", "{\"success\":false}"),
    };
    match said {
        Some((status, sentence)) => {
            answer(&mut out, status, "text/plain; charset=utf-8", &sentence)
        }
        None => Ok(()),
    }
}

const HTML: &str = "text/html; charset=utf-8";

/// Does what was asked for; `None` when the answer was given.
fn act(
    request: &Request,
    peer: SocketAddr,
    desk: &Desk,
    inner: &Mutex<Inner>,
    reader: &mut impl Read,
    out: &mut impl Write,
) -> io::Result<Option<(u16, String)>> {
    let mut code = request.code.clone();
    if code.is_empty() && request.path != "/restore" {
        let mut form = String::new();
        let length = request.length.min(FORM_MAX);
        reader.take(length).read_to_string(&mut form)?;
        let field = form
            .split('&')
            .find_map(|field| field.strip_prefix("code="));
        field.unwrap_or_default().trim().clone_into(&mut code);
    }
    if !alike(&code.to_uppercase(), &desk.code) {
        thread::sleep(WRONG_CODE_COSTS);
        let sentence = "This is not the rescue code. It stands in the log and in rescue-code.";
        return Ok(Some((403, sentence.to_owned())));
    }
    let action = match request.path.as_str() {
        "/again" => Action::Again,
        "/previous" => Action::Previous,
        "/export" if peer.ip().is_loopback() => {
            write!(
                out,
                "HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nContent-Disposition: \
                 attachment; filename=\"indusmind-data.tar\"\r\nConnection: close\r\n\r\n"
            )?;
            tar::pack(&desk.data, out)?;
            out.flush()?;
            return Ok(None);
        }
        "/export" => {
            let sentence = "Data leaves only to this machine itself: nobody is to read it on its \
                            way. Open this page on it, or through an SSH tunnel.";
            return Ok(Some((403, sentence.to_owned())));
        }
        _ => {
            let _ = std::fs::remove_dir_all(&desk.unpack_to);
            if let Err(error) = tar::unpack(&mut reader.take(request.length), &desk.unpack_to) {
                let _ = std::fs::remove_dir_all(&desk.unpack_to);
                return Ok(Some((400, format!("Nothing was restored: {error}."))));
            }
            Action::Restore(desk.unpack_to.clone())
        }
    };
    locked(inner).action = Some(action);
    Ok(Some((
        200,
        "It is being done. Open the page again in a moment.".to_owned(),
    )))
}

/// Compares in a time that tells nothing.
fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let differ = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differ == 0
}

fn answer(out: &mut impl Write, status: u16, kind: &str, body: &str) -> io::Result<()> {
    write!(
        out,
        "HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nRetry-After: 5\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src \
         'unsafe-inline'; connect-src 'self'; form-action 'self'\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    out.flush()
}
