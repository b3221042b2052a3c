//! How long the edge waits for a question: the head of a request that was begun has to be brought
//! to its end, while a connection may be silent between two of them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Whose turn it is on a connection, by a count: even while the client asks or will, odd while we
/// answer.
#[derive(Clone, Debug, Default)]
pub struct Turn(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicU32,
    /// A part of the question was not read when its answer was made.
    unread: AtomicBool,
}

/// It is a socket now: both talk.
const SOCKET: u32 = u32::MAX;
/// The last answer is made, and a part of the question was not read.
const PARTING: u32 = u32::MAX - 2;
/// What still comes then, or behind any last answer, is read and forgotten for so long and so far, bytes:
/// a client that is cut off while it sends loses what it has not read of its answer.
const PARTING_WITHIN: Duration = Duration::from_secs(2);
const PARTING_MAX: usize = 16 << 20;

impl Turn {
    /// The client has asked.
    pub fn asked(&self) {
        self.0.unread.store(false, Ordering::Relaxed);
        self.put(self.count() | 1);
    }

    /// The answer is made: what comes from now on is the next question.
    pub fn answered(&self) {
        let next = (self.count() | 1).wrapping_add(1);
        self.put(next);
    }

    /// The connection has become a socket.
    pub fn is_socket(&self) {
        self.put(SOCKET);
    }

    /// This was the last answer, and it came before the question was read.
    pub fn is_parting(&self) {
        self.put(PARTING);
    }

    /// Nobody wants the rest of the question.
    pub fn leaves_unread(&self) {
        self.0.unread.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still send what nobody reads, should this be the end.
    fn has_unread(&self) -> bool {
        self.count() == PARTING || self.0.unread.load(Ordering::Relaxed)
    }

    fn put(&self, count: u32) {
        self.0.count.store(count, Ordering::Relaxed);
    }

    fn count(&self) -> u32 {
        self.0.count.load(Ordering::Relaxed)
    }
}

/// A connection whose client has to bring the head of a request to its end once it has begun it,
/// the first one from the start.
pub struct Asking<IO> {
    io: IO,
    turn: Turn,
    /// The count when it was last looked at: an alarm belongs to one question.
    seen: u32,
    within: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
    /// Bytes that were forgotten, and until when, once nothing more is said to the client.
    parting: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<IO> Asking<IO> {
    /// Watches over a connection; a head may take `within`.
    pub fn new(io: IO, turn: Turn, within: Duration) -> Self {
        Self {
            io,
            seen: turn.count(),
            turn,
            within,
            alarm: Some(Box::pin(sleep(within))),
            parting: None,
        }
    }
}

impl<IO: AsyncRead + Unpin> Asking<IO> {
    /// Reads and forgets what a refused client still sends.
    fn poll_forget(&mut self, task: &mut Context<'_>) -> Poll<()> {
        let Some((bytes, until)) = &mut self.parting else {
            return Poll::Ready(());
        };
        let mut space = [0; 8 << 10];
        while *bytes < PARTING_MAX && until.as_mut().poll(task).is_pending() {
            let mut buffer = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut self.io).poll_read(task, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            *bytes += buffer.filled().len();
        }
        Poll::Ready(())
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Asking<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(task, buffer);
        let now = self.turn.count();
        if now != self.seen {
            (self.seen, self.alarm) = (now, None);
        }
        if now % 2 == 1 {
            return polled;
        }
        if polled.is_ready() {
            let (within, came) = (self.within, buffer.filled().len() > before);
            if came && self.alarm.is_none() {
                self.alarm = Some(Box::pin(sleep(within)));
            }
            return polled;
        }
        match &mut self.alarm {
            Some(alarm) => ready!(alarm.as_mut().poll(task)),
            None => return Poll::Pending,
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Asking<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(task, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(task, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.parting.is_none() {
            ready!(Pin::new(&mut self.io).poll_shutdown(task))?;
            if !self.turn.has_unread() {
                return Poll::Ready(Ok(()));
            }
            self.parting = Some((0, Box::pin(sleep(PARTING_WITHIN))));
        }
        self.poll_forget(task).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_head_that_was_begun_is_brought_to_its_end() {
        let (near, mut far) = tokio::io::duplex(64);
        let turn = Turn::default();
        let mut near = Asking::new(near, turn.clone(), 5 * SHORT);
        let mut some = [0; 8];
        // A whole question and its answer; then it may be silent for as long as it likes.
        far.write_all(b"question").await.unwrap();
        near.read_exact(&mut some).await.unwrap();
        turn.asked();
        turn.answered();
        tokio::select! {
            read = near.read(&mut some) => panic!("{read:?}"),
            () = sleep(10 * SHORT) => {}
        }
        // Once it has begun to ask again, it has to go on.
        far.write_all(b"qu").await.unwrap();
        assert_eq!(near.read(&mut some).await.unwrap(), 2);
        let error = near.read(&mut some).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        // A client that never begins is not waited for; a socket is.
        let (near, _far) = tokio::io::duplex(64);
        let mut near = Asking::new(near, Turn::default(), SHORT);
        near.read(&mut some).await.unwrap_err();
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = Asking::new(near, turn.clone(), SHORT);
        turn.is_socket();
        far.write_all(b"frame").await.unwrap();
        assert_eq!(near.read(&mut some).await.unwrap(), 5);
        tokio::select! {
            read = near.read(&mut some) => panic!("{read:?}"),
            () = sleep(5 * SHORT) => {}
        }
    }
}
