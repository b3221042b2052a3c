//! What was said on a line, said again: a fault that somebody had far away, on the bench.
//!
//! Promises: each question gets the answers that it got then, in their order, byte by byte, after
//! the same time, and from the beginning again when they are used up. Will not do: invent an
//! answer; what was never asked then is refused as a register that does not exist.

use super::Wire;
use super::frame::{self, Query};
use crate::modbus::Framing;
use crate::modbus::frame::crc;
use crate::modbus::journal::Outcome;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_serial::{SerialPort as _, SerialStream};

/// Longest time that an answer is held back: twice the longest time-out of a device.
const DELAY_MAX: Duration = Duration::from_secs(60);
/// How long after an answer something follows that nobody asked for: soon, so that it meets the
/// next question.
const FOLLOWS_AFTER: Duration = Duration::from_millis(30);
/// Bytes before the unit id in Modbus TCP.
const HEADER: usize = 6;
/// The code of a register that does not exist.
const NO_SUCH_ADDRESS: u8 = 2;

/// An exchange as `/api/lines/{key}/frames/download?format=jsonl` and the support file write it.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    /// The question, in hexadecimal; empty when none was asked.
    request: String,
    /// What came, in hexadecimal.
    answer: String,
    /// How it ended.
    outcome: Outcome,
    /// From the question to the end, µs.
    round_trip_us: u32,
}

/// What followed a question.
#[derive(Debug)]
struct Played {
    /// Its transaction; none in RTU framing.
    transaction: u16,
    outcome: Outcome,
    after: Duration,
    bytes: Vec<u8>,
    /// What came then that nobody asked for.
    unasked: Vec<u8>,
}

/// All that followed one question, and how far it was played.
#[derive(Debug, Default)]
struct Track {
    played: Vec<Played>,
    next: AtomicUsize,
}

/// What was said on a line.
#[derive(Debug)]
pub struct Recording {
    /// Whether it was Modbus TCP or RTU.
    pub framing: Framing,
    /// Who was asked.
    pub units: BTreeSet<u8>,
    /// How many exchanges ended how.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// By unit id and question.
    tracks: HashMap<Vec<u8>, Track>,
}

impl Recording {
    /// Takes exchanges, oldest first.
    ///
    /// # Errors
    /// With a sentence, when there is none that can be played.
    pub fn of(frames: &[Recorded]) -> Result<Self, String> {
        let mut this = Self {
            framing: framing_of(frames)?,
            units: BTreeSet::new(),
            outcomes: BTreeMap::new(),
            tracks: HashMap::new(),
        };
        let mut last: Option<Vec<u8>> = None;
        for frame in frames {
            let (request, answer) = (bytes_of(&frame.request)?, bytes_of(&frame.answer)?);
            *this.outcomes.entry(frame.outcome.key()).or_default() += 1;
            let Some(key) = key_of(this.framing, &request) else {
                if frame.outcome == Outcome::Unasked {
                    this.follow(last.as_ref(), &answer);
                }
                continue;
            };
            this.units.insert(key[0]);
            let after = Duration::from_micros(frame.round_trip_us.into()).min(DELAY_MAX);
            let track = this.tracks.entry(key.clone()).or_default();
            track.played.push(Played {
                transaction: transaction_of(&request),
                outcome: frame.outcome,
                after,
                bytes: answer,
                unasked: Vec::new(),
            });
            last = Some(key);
        }
        Ok(this)
    }

    /// What came without a question comes again behind the answer before it.
    fn follow(&mut self, key: Option<&Vec<u8>>, bytes: &[u8]) {
        let track = key.and_then(|key| self.tracks.get_mut(key));
        if let Some(played) = track.and_then(|track| track.played.last_mut()) {
            played.unasked.extend(bytes);
        }
    }

    fn next(&self, question: &[u8]) -> Option<&Played> {
        let track = self.tracks.get(&key_of(self.framing, question)?)?;
        let number = track.next.fetch_add(1, Ordering::Relaxed);
        track.played.get(number % track.played.len().max(1))
    }

    /// How many different questions were asked.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.tracks.len()
    }
}

/// Questions in RTU framing end with their checksum; those of Modbus TCP say their length.
fn framing_of(frames: &[Recorded]) -> Result<Framing, String> {
    for frame in frames {
        let request = bytes_of(&frame.request)?;
        if key_of(Framing::Tcp, &request).is_some() {
            return Ok(Framing::Tcp);
        }
        if key_of(Framing::Rtu, &request).is_some() {
            return Ok(Framing::Rtu);
        }
    }
    Err("There is no question of Modbus in it that could be answered.".to_owned())
}

/// Unit id and question, without what differs from one time to the next.
fn key_of(framing: Framing, request: &[u8]) -> Option<Vec<u8>> {
    match framing {
        Framing::Tcp => {
            let length = usize::from(u16::from_be_bytes([*request.get(4)?, *request.get(5)?]));
            let whole = request[2..4] == [0, 0] && length >= 2 && request.len() == HEADER + length;
            whole.then(|| request[HEADER..].to_vec())
        }
        Framing::Rtu => {
            let (data, sum) = request.split_at_checked(request.len().checked_sub(2)?)?;
            (data.len() >= 2 && crc(data).to_le_bytes() == *sum).then(|| data.to_vec())
        }
    }
}

fn transaction_of(bytes: &[u8]) -> u16 {
    match bytes {
        [t0, t1, ..] => u16::from_be_bytes([*t0, *t1]),
        _ => 0,
    }
}

fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    let byte = |word: &str| u8::from_str_radix(word, 16);
    let bytes: Result<_, _> = text.split_whitespace().map(byte).collect();
    bytes.map_err(|_| format!("{text:?} are no bytes in hexadecimal."))
}

/// Moves the transaction of each frame as far as that of the question has moved since: one that
/// was wrong is as wrong as it was.
fn moved(bytes: &[u8], from: u16, to: u16) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some([t0, t1, 0, 0, l0, l1]) = bytes.get(at..at + HEADER) {
        let transaction = u16::from_be_bytes([*t0, *t1]);
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let now = transaction.wrapping_sub(from).wrapping_add(to);
        bytes[at..at + 2].copy_from_slice(&now.to_be_bytes());
        at += HEADER + length.max(1);
    }
    bytes
}

/// A line that says again what was said; it ends when this is dropped.
pub struct Replay {
    /// Where it is, unless it is a serial port.
    pub address: Option<SocketAddr>,
    /// The path of the pseudo-terminal.
    pub port: Option<String>,
    _end: Option<SerialStream>,
    _tasks: JoinSet<()>,
}

impl Replay {
    /// Opens the wire. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When an address or a pseudo-terminal cannot be had.
    pub async fn start(recording: Arc<Recording>, wire: Wire) -> io::Result<Self> {
        let mut replay = Self {
            address: None,
            port: None,
            _end: None,
            _tasks: JoinSet::new(),
        };
        match wire {
            Wire::Tcp(address) | Wire::RtuOverTcp(address) => {
                let socket = TcpListener::bind(address).await?;
                replay.address = Some(socket.local_addr()?);
                replay._tasks.spawn(accept(socket, recording));
            }
            Wire::Port => {
                let (mut ours, theirs) = SerialStream::pair()?;
                replay.port = theirs.name();
                replay._end = Some(theirs);
                replay._tasks.spawn(async move {
                    loop {
                        // A port has no end: whoever hung up may open it again.
                        let _ = serve(&mut ours, &recording).await;
                        tokio::time::sleep(FOLLOWS_AFTER).await;
                    }
                });
            }
        }
        Ok(replay)
    }
}

async fn accept(socket: TcpListener, recording: Arc<Recording>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            tokio::time::sleep(FOLLOWS_AFTER).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if connections.len() < super::serve::CONNECTIONS_MAX && stream.set_nodelay(true).is_ok() {
            let recording = Arc::clone(&recording);
            connections.spawn(async move {
                // The end of a connection is no event here, whatever its reason.
                let _ = serve(stream, &recording).await;
            });
        }
    }
}

/// Answers one connection, question by question.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    recording: &Recording,
) -> io::Result<()> {
    loop {
        let query = frame::read(&mut stream, recording.framing).await?;
        let Some(played) = recording.next(query.raw()) else {
            frame::refuse(&mut stream, &query, NO_SUCH_ADDRESS).await?;
            continue;
        };
        // What was no whole answer came some time before it was given up.
        if matches!(
            played.outcome,
            Outcome::Answered | Outcome::Exception | Outcome::Closed
        ) {
            tokio::time::sleep(played.after).await;
        }
        if played.outcome != Outcome::TimedOut {
            say(&mut stream, &query, played, &played.bytes).await?;
        }
        if played.outcome == Outcome::Closed {
            return Ok(());
        }
        if !played.unasked.is_empty() {
            tokio::time::sleep(FOLLOWS_AFTER).await;
            say(&mut stream, &query, played, &played.unasked).await?;
        }
    }
}

async fn say(
    stream: &mut (impl AsyncWrite + Unpin),
    query: &Query,
    played: &Played,
    bytes: &[u8],
) -> io::Result<()> {
    if query.is_rtu() {
        return stream.write_all(bytes).await;
    }
    let now = transaction_of(query.raw());
    stream
        .write_all(&moved(bytes, played.transaction, now))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(request: &str, answer: &str, outcome: Outcome) -> Recorded {
        Recorded {
            request: request.to_owned(),
            answer: answer.to_owned(),
            outcome,
            round_trip_us: 0,
        }
    }

    const ASKED: &str = "00 07 00 00 00 06 01 04 00 34 00 01";

    #[test]
    fn answers_come_in_their_order_and_from_the_beginning_again() {
        let recording = Recording::of(&[
            recorded("", "", Outcome::Connected),
            recorded(ASKED, "00 07 00 00 00 03 01 84 02", Outcome::Exception),
            recorded(ASKED, "", Outcome::TimedOut),
            recorded("", "00 07 00 00 00 03 01 84 0B", Outcome::Unasked),
        ])
        .unwrap();
        assert_eq!(recording.framing, Framing::Tcp);
        assert_eq!(
            (recording.questions(), recording.outcomes["timed_out"]),
            (1, 1)
        );
        // The same question of another transaction.
        let question = bytes_of("31 00 00 00 00 06 01 04 00 34 00 01").unwrap();
        let outcomes = [(); 3].map(|()| recording.next(&question).unwrap().outcome);
        assert_eq!(
            outcomes,
            [Outcome::Exception, Outcome::TimedOut, Outcome::Exception]
        );
        let silent = recording.next(&question).unwrap();
        assert_eq!(silent.unasked.len(), 9, "the late answer comes behind it");
        let other = bytes_of("00 07 00 00 00 06 01 04 00 35 00 01").unwrap();
        assert!(recording.next(&other).is_none());
    }

    #[test]
    fn a_wrong_transaction_is_as_wrong_as_it_was() {
        let twice = bytes_of("00 06 00 00 00 03 01 84 02 00 07 00 00 00 03 01 84 02").unwrap();
        let now = moved(&twice, 7, 0x100);
        assert_eq!(now[..2], [0x00, 0xFF], "one behind");
        assert_eq!(now[9..11], [0x01, 0x00]);
        assert_eq!(moved(b"HTTP/1.1", 7, 9), b"HTTP/1.1");
        assert_eq!(moved(&[0, 7, 0], 7, 9), [0, 7, 0]);
    }

    #[test]
    fn rtu_is_known_by_its_checksum_and_nothing_is_said_to_be_nothing() {
        let rtu = recorded(
            "01 04 00 34 00 02 30 05",
            "01 84 02 C2 C1",
            Outcome::Exception,
        );
        assert_eq!(Recording::of(&[rtu]).unwrap().framing, Framing::Rtu);
        assert!(Recording::of(&[]).unwrap_err().contains("no question"));
        let torn = recorded("01 0x", "", Outcome::TimedOut);
        assert!(Recording::of(&[torn]).unwrap_err().contains("hexadecimal"));
    }
}
