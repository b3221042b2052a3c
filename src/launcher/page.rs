//! The page that stands in while no version of the appliance runs: how far an update is, or the
//! rescue page with its ways out.
//!
//! Promises: who changes anything knows the rescue code; data leaves only to this machine itself;
//! who is slow keeps nobody else waiting.

use super::markup;
use super::request::Request;
use super::tar;
use super::words::{Face, Language, Words};
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long somebody may take to take a piece of an answer, or to send one of a file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long somebody may take to ask and to show the code.
const ASKS_WITHIN: Duration = Duration::from_secs(10);
/// How long what nobody reads any more is taken, so that a browser gets to the answer.
const LINGER: Duration = Duration::from_secs(30);
/// What a wrong code costs.
const WRONG_CODE_COSTS: Duration = Duration::from_secs(1);
/// How often the door is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Who is let in at once: some people, some open pages, and whoever is slow.
const GUESTS_MAX: usize = 16;

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

/// What all who are let in share.
struct Room {
    desk: Desk,
    inner: Mutex<Inner>,
    /// Whether data goes out or comes in.
    moving: AtomicBool,
}

/// The right to hand data out or to take it in: one at a time has it.
struct Moving<'a>(&'a AtomicBool);

impl<'a> Moving<'a> {
    fn begin(room: &'a Room) -> Option<Self> {
        let was = room.moving.swap(true, Ordering::SeqCst);
        (!was).then_some(Self(&room.moving))
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// An open page.
pub struct Page {
    room: Arc<Room>,
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
        let room = Arc::new(Room {
            desk,
            inner: Mutex::new(Inner { face, action: None }),
            moving: AtomicBool::new(false),
        });
        let closing = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&room), Arc::clone(&closing));
        let thread = thread::spawn(move || let_in(&door, &shared, &stop));
        Ok(Self {
            room,
            closing,
            thread: Some(thread),
        })
    }

    /// Shows something else.
    pub fn show(&self, face: Face) {
        locked(&self.room.inner).face = face;
    }

    /// What somebody asked for since.
    #[must_use]
    pub fn asked(&self) -> Option<Action> {
        locked(&self.room.inner).action.take()
    }
}

impl Page {
    /// Whether data goes out or comes in just now.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.room.moving.load(Ordering::SeqCst)
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

/// Lets people in until the page is closed, and then waits for those who are inside: what they are
/// given must not change meanwhile.
fn let_in(door: &TcpListener, room: &Arc<Room>, stop: &AtomicBool) {
    let mut guests: Vec<JoinHandle<()>> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        guests.retain(|guest| !guest.is_finished());
        match door.accept() {
            Ok((stream, peer)) if guests.len() < GUESTS_MAX => {
                let room = Arc::clone(room);
                guests.push(thread::spawn(move || {
                    // Who hangs up in the middle is not missed.
                    let _ = serve(&stream, peer, &room);
                }));
            }
            Ok(_) => {}
            Err(_) => thread::sleep(LOOK_EVERY),
        }
    }
    for guest in guests {
        let _ = guest.join();
    }
}

/// A connection whose questions have to be there in time.
struct Questions<'a> {
    stream: &'a TcpStream,
    /// When head and code have to be there; `None` once they are.
    until: Option<Instant>,
}

/// What comes behind the head.
type Body<'a> = io::Take<BufReader<Questions<'a>>>;

impl io::Read for Questions<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.until.map_or(PATIENCE, |until| {
            until.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut stream = self.stream;
        stream.read(into)
    }
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

fn serve(stream: &TcpStream, peer: SocketAddr, room: &Room) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(Questions {
        stream,
        until: Some(Instant::now() + ASKS_WITHIN),
    });
    let mut out = BufWriter::new(stream);
    let request = Request::read(&mut reader)?;
    let face = locked(&room.inner).face.clone();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", path) if path.starts_with("/health") || path == "/live" || path == "/ready" => {
            answer(&mut out, 503, JSON, &face.status())
        }
        // Somebody whose page was open reads it again until the appliance is back.
        ("GET", path) => {
            let status = if path == "/" { 200 } else { 503 };
            answer(
                &mut out,
                status,
                HTML,
                &markup::page(&face, request.language),
            )
        }
        ("POST", "/again" | "/previous" | "/restore" | "/export") if face.is_rescue() => {
            let mut body = reader.take(request.length);
            let Some((status, sentence)) = act(&request, peer, room, &mut body, &mut out)? else {
                return Ok(());
            };
            tell(&mut out, status, &sentence, &request)?;
            linger(stream, body.limit());
            Ok(())
        }
        _ => answer(&mut out, 503, JSON, "{\"success\":false}"),
    }
}

/// Tells a person on a page, and a program in a line.
fn tell(out: &mut impl Write, status: u16, said: &str, request: &Request) -> io::Result<()> {
    if request.code.is_some() {
        return answer(out, status, "text/plain; charset=utf-8", said);
    }
    let page = markup::answer(said, status == 200, request.language);
    answer(out, status, HTML, &page)
}

/// A browser that still sends would not read its answer if the connection were closed.
fn linger(stream: &TcpStream, left: u64) {
    if left == 0 || stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    let (until, mut waste, mut stream) = (Instant::now() + LINGER, [0; 64 << 10], stream);
    while Instant::now() < until && matches!(stream.read(&mut waste), Ok(1..)) {}
}

/// Does what was asked for; `None` when the answer was given.
fn act(
    request: &Request,
    peer: SocketAddr,
    room: &Room,
    body: &mut Body<'_>,
    out: &mut impl Write,
) -> io::Result<Option<(u16, String)>> {
    let (desk, words) = (&room.desk, request.language.words());
    let (code, has_file) = match &request.code {
        Some(code) => (code.clone(), true),
        None => match request.read_form(body) {
            Ok(form) => (form.code, form.has_file),
            Err(_) => (String::new(), false),
        },
    };
    if !alike(&code.to_uppercase(), &desk.code) {
        thread::sleep(WRONG_CODE_COSTS);
        return Ok(Some((403, words.wrong_code.to_owned())));
    }
    body.get_mut().get_mut().until = None;
    let action = match request.path.as_str() {
        "/again" => Action::Again,
        "/previous" => Action::Previous,
        "/export" if peer.ip().to_canonical().is_loopback() => return export(room, words, out),
        "/export" => return Ok(Some((403, words.only_here.to_owned()))),
        _ if !has_file => return Ok(Some((400, words.no_file.to_owned()))),
        _ => match restore(room, request.language, body) {
            Ok(action) => action,
            Err(refused) => return Ok(Some(refused)),
        },
    };
    locked(&room.inner).action = Some(action);
    Ok(Some((200, words.done.to_owned())))
}

/// Hands the data out.
fn export(room: &Room, words: &Words, out: &mut impl Write) -> io::Result<Option<(u16, String)>> {
    let Some(_moving) = Moving::begin(room) else {
        return Ok(Some((409, words.busy.to_owned())));
    };
    write!(
        out,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nContent-Disposition: \
         attachment; filename=\"indusmind-data.tar\"\r\nConnection: close\r\n\r\n"
    )?;
    tar::pack(&room.desk.data, out)?;
    out.flush()?;
    Ok(None)
}

/// Takes data in, beside what is there.
fn restore(
    room: &Room,
    language: Language,
    body: &mut impl BufRead,
) -> Result<Action, (u16, String)> {
    let (words, to) = (language.words(), &room.desk.unpack_to);
    let Some(_moving) = Moving::begin(room) else {
        return Err((409, words.busy.to_owned()));
    };
    let _ = std::fs::remove_dir_all(to);
    if let Err(error) = tar::unpack(body, to) {
        let _ = std::fs::remove_dir_all(to);
        let error = markup::apart(&error.to_string());
        return Err((400, words.not_restored.replace("{error}", &error)));
    }
    Ok(Action::Restore(to.clone()))
}

/// Compares in a time that tells nothing.
fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let differ = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    !other.is_empty() && one.len() == other.len() && differ == 0
}

fn answer(out: &mut impl Write, status: u16, kind: &str, body: &str) -> io::Result<()> {
    write!(
        out,
        "HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nRetry-After: 5\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
         Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; img-src data:; \
         style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    out.flush()
}
