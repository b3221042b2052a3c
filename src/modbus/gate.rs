//! Between the wire and the library: every byte is seen, and none passes unproven.
//!
//! The library writes its question through the gate. What comes back is held until it is whole and
//! belongs to the question ([`super::frame`]); only then does the library get to decode it. So it
//! never resynchronises on noise, and never waits for the rest of something that is wrong anyway.

use super::Framing;
use super::frame::{self, Asked, Judgement};
use super::journal::Outcome;
use futures_util::FutureExt as _;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout};

/// What carries bytes: a socket or a serial port.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Bytes read at a time: more than the longest frame.
const READ_BYTES: usize = 512;
/// The most bytes that are held of one answer; whoever sends more sends no answer.
const HELD_MAX: usize = 2 * READ_BYTES;

/// One end of a wire, shared by the line and the library.
#[derive(Clone)]
pub(super) struct Gate(Arc<Mutex<Wire>>);

struct Wire {
    stream: Box<dyn Stream>,
    framing: Framing,
    asked: Option<Asked>,
    /// The question as it was written.
    request: Vec<u8>,
    /// What came since.
    came: Vec<u8>,
    judgement: Judgement,
    /// Bytes of the answer that the library has got.
    passed: usize,
    /// The stream ended.
    closed: Option<io::ErrorKind>,
}

impl fmt::Debug for Gate {
    /// The library wants it; there is nothing to show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// What an exchange left behind.
pub(super) struct Exchange {
    pub(super) request: Vec<u8>,
    pub(super) came: Vec<u8>,
    pub(super) judgement: Judgement,
    /// Why the stream ended, if it did.
    pub(super) closed: Option<io::ErrorKind>,
}

impl Gate {
    pub(super) fn new(stream: Box<dyn Stream>, framing: Framing) -> Self {
        Self(Arc::new(Mutex::new(Wire {
            stream,
            framing,
            asked: None,
            request: Vec::new(),
            came: Vec::new(),
            judgement: Judgement::Incomplete,
            passed: 0,
            closed: None,
        })))
    }

    /// Begins an exchange: what is written from now on is the question.
    pub(super) fn begin(&self, asked: Asked) {
        let mut wire = self.lock();
        wire.asked = Some(asked);
        wire.request.clear();
        wire.came.clear();
        wire.judgement = Judgement::Incomplete;
        wire.passed = 0;
    }

    /// Ends it.
    pub(super) fn end(&self) -> Exchange {
        let mut wire = self.lock();
        wire.asked = None;
        Exchange {
            request: std::mem::take(&mut wire.request),
            came: std::mem::take(&mut wire.came),
            judgement: wire.judgement,
            closed: wire.closed,
        }
    }

    /// What has come though nothing was asked; an error when the stream has ended. Does not wait.
    pub(super) fn unasked(&self) -> io::Result<Vec<u8>> {
        let mut bytes = [0; READ_BYTES];
        match self.read_some(&mut bytes).now_or_never() {
            None => Ok(Vec::new()),
            Some(Ok(0)) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Some(Ok(count)) => Ok(bytes[..count].to_vec()),
            Some(Err(error)) => Err(error),
        }
    }

    /// Reads and throws away until nothing has come for `silence`, at most for `at_most`;
    /// `false` when it did not fall silent, or ended.
    pub(super) async fn drain(&self, silence: Duration, at_most: Duration) -> bool {
        let started = Instant::now();
        let mut bytes = [0; READ_BYTES];
        while started.elapsed() < at_most {
            match timeout(silence, self.read_some(&mut bytes)).await {
                Err(_) => return true,
                Ok(Ok(count)) if count > 0 => {}
                Ok(_) => return false,
            }
        }
        false
    }

    async fn read_some(&self, bytes: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| {
            let mut buffer = ReadBuf::new(bytes);
            let mut wire = self.lock();
            ready!(Pin::new(&mut wire.stream).poll_read(cx, &mut buffer))?;
            Poll::Ready(Ok(buffer.filled().len()))
        })
        .await
    }

    /// A panic elsewhere ends in a supervised line that starts afresh.
    fn lock(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire {
    /// Takes in what the stream has, until the answer is judged.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.judgement == Judgement::Incomplete && self.closed.is_none() {
            let mut bytes = [0; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => {
                    self.closed = Some(io::ErrorKind::UnexpectedEof);
                }
                Ok(()) => {
                    self.came.extend(buffer.filled());
                    self.judge();
                }
                Err(error) => self.closed = Some(error.kind()),
            }
        }
        Poll::Ready(())
    }

    fn judge(&mut self) {
        self.judgement = match self.asked {
            _ if self.came.len() > HELD_MAX => Judgement::Wrong(Outcome::Garbage),
            Some(asked) => frame::judge(self.framing, asked, &self.request, &self.came),
            None => Judgement::Wrong(Outcome::Unasked),
        };
    }
}

impl AsyncRead for Gate {
    /// Hands over the answer once it is proven; anything else is an error, which ends the call.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut wire = self.lock();
        ready!(wire.poll_answer(cx));
        let Judgement::Answer { start, end, .. } = wire.judgement else {
            let kind = wire.closed.unwrap_or(io::ErrorKind::InvalidData);
            return Poll::Ready(Err(io::Error::from(kind)));
        };
        let proven = &wire.came[start + wire.passed..end];
        let count = proven.len().min(buffer.remaining());
        if count == 0 {
            // The library wants more than one frame holds: it reads it differently than we do.
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::InvalidData)));
        }
        buffer.put_slice(&proven[..count]);
        wire.passed += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = self.lock();
        match ready!(Pin::new(&mut wire.stream).poll_write(cx, bytes)) {
            Ok(count) => {
                wire.request.extend(&bytes[..count]);
                Poll::Ready(Ok(count))
            }
            Err(error) => {
                wire.closed = Some(error.kind());
                Poll::Ready(Err(error))
            }
        }
    }

    /// Nothing to do: both kinds of stream hand bytes to the kernel at once, and to flush a serial
    /// port means to block the thread until its last bit is on the wire.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_shutdown(cx)
    }
}
