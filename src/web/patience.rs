//! How long the edge waits for a client: for a body that trickles in, and for one who does not
//! take his answer.

use super::seats::Seat;
use super::turn::Turn;
use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a body may take however little of it has come.
const BODY_GRACE: Duration = Duration::from_secs(10);
/// Beyond that it has to come at this rate, bytes a second. Only the time counts in which somebody
/// waited for it.
const BODY_RATE: u64 = 1_024;
/// A client that has taken nothing of its answer for this long is gone.
const TAKES_WITHIN: Duration = Duration::from_secs(60);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a body may be waited for: a while, and longer for what has come.
#[derive(Clone, Copy, Debug)]
struct Pace {
    grace: Duration,
    rate: u64,
}

impl Pace {
    /// How long it may still be waited for.
    fn left(self, received: u64, waited: Duration) -> Duration {
        let earned = Duration::from_millis(received.saturating_mul(1_000) / self.rate);
        (self.grace + earned).saturating_sub(waited)
    }
}

/// A request body that has to come at a rate.
pub struct Paced<B> {
    body: B,
    pace: Pace,
    received: u64,
    waited: Duration,
    since: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    /// Whether all of it was read.
    ended: bool,
    /// Who is to know when it was not.
    turn: Turn,
}

impl<B: HttpBody> Paced<B> {
    /// Watches over a body.
    pub fn new(body: B, turn: &Turn) -> Self {
        let (grace, rate) = (BODY_GRACE, BODY_RATE);
        let mut paced = Self::at(body, Pace { grace, rate });
        paced.turn = turn.clone();
        paced
    }

    fn at(body: B, pace: Pace) -> Self {
        Self {
            ended: body.is_end_stream(),
            body,
            pace,
            received: 0,
            waited: Duration::ZERO,
            since: None,
            alarm: Box::pin(sleep(Duration::ZERO)),
            turn: Turn::default(),
        }
    }
}

impl<B> Drop for Paced<B> {
    fn drop(&mut self) {
        if !self.ended {
            self.turn.leaves_unread();
        }
    }
}

impl<B> HttpBody for Paced<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(task) {
            if let Some(since) = this.since.take() {
                this.waited += since.elapsed();
            }
            let frame = frame.map(|frame| frame.map_err(Into::into));
            if let Some(data) = frame.as_ref().and_then(|f| f.as_ref().ok()?.data_ref()) {
                this.received += data.len() as u64;
            }
            this.ended = frame.is_none() || this.body.is_end_stream();
            return Poll::Ready(frame);
        }
        if this.since.is_none() {
            let now = Instant::now();
            this.since = Some(now);
            let until = now + this.pace.left(this.received, this.waited);
            this.alarm.as_mut().reset(until);
        }
        ready!(this.alarm.as_mut().poll(task));
        Poll::Ready(Some(Err("the body comes too slowly".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection whose client has to take what it is sent. It holds its place until it is closed,
/// also when it has become a socket.
pub struct Taking<IO> {
    io: IO,
    _place: Option<Seat>,
    within: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<IO> Taking<IO> {
    /// Watches over a connection.
    pub const fn new(io: IO, place: Seat) -> Self {
        Self::within(io, Some(place), TAKES_WITHIN)
    }

    const fn within(io: IO, place: Option<Seat>, within: Duration) -> Self {
        Self {
            io,
            _place: place,
            within,
            alarm: None,
        }
    }

    /// Lets the result of a write through; turns one that waited for too long into an error.
    fn watch<T>(
        &mut self,
        task: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.alarm = None;
            return result;
        }
        let within = self.within;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(within)));
        ready!(alarm.as_mut().poll(task));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Taking<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(task, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Taking<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(task, bytes);
        self.watch(task, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(task, pieces);
        self.watch(task, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(task);
        self.watch(task, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_shutdown(task);
        self.watch(task, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use futures_util::stream;
    use tokio::io::AsyncWriteExt as _;

    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_millis(20);

    /// A body of so many bytes, one every so often; it ends or goes silent.
    fn trickle(count: usize, every: Duration, ends: bool) -> Body {
        let pieces = stream::unfold(0, move |n| async move {
            if n == count {
                if ends {
                    return None;
                }
                return std::future::pending().await;
            }
            if !every.is_zero() {
                sleep(every).await;
            }
            Some((Ok::<_, BoxError>(Bytes::from_static(b"x")), n + 1))
        });
        Body::from_stream(Box::pin(pieces))
    }

    async fn taken(body: Body, grace: Duration) -> Option<usize> {
        let pace = Pace {
            grace,
            rate: BODY_RATE,
        };
        let paced = Body::new(Paced::at(body, pace));
        to_bytes(paced, usize::MAX).await.ok().map(|all| all.len())
    }

    #[test]
    fn what_came_earns_time_and_waiting_costs_it() {
        let pace = Pace {
            grace: BODY_GRACE,
            rate: BODY_RATE,
        };
        let second = Duration::from_secs(1);
        assert_eq!(pace.left(0, Duration::ZERO), BODY_GRACE);
        assert_eq!(pace.left(10 * BODY_RATE, 15 * second), 5 * second);
        assert_eq!(pace.left(100, 11 * second), Duration::ZERO);
        assert!(pace.left(u64::MAX, LONG) > LONG);
    }

    #[tokio::test]
    async fn a_body_has_to_come_at_a_rate() {
        assert_eq!(taken(trickle(9, SHORT, true), LONG).await, Some(9));
        assert_eq!(taken(trickle(9, Duration::ZERO, false), SHORT).await, None);
        // A byte every 20 ms is far below the rate.
        assert_eq!(taken(trickle(1_000, SHORT, true), 2 * SHORT).await, None);
    }

    #[tokio::test]
    async fn only_waiting_for_the_client_counts() {
        let pace = Pace {
            grace: SHORT,
            rate: BODY_RATE,
        };
        let mut paced = Paced::at(trickle(5, Duration::ZERO, true), pace);
        let mut pieces = 0;
        while let Some(piece) =
            std::future::poll_fn(|task| Pin::new(&mut paced).poll_frame(task)).await
        {
            piece.unwrap();
            pieces += 1;
            // What we do with a piece is not the fault of the one who sends it.
            sleep(2 * SHORT).await;
        }
        assert_eq!(pieces, 5);
    }

    #[tokio::test]
    async fn who_does_not_take_his_answer_is_gone() {
        let answer = vec![0; 1_000];
        let (near, far) = tokio::io::duplex(64);
        let mut near = Taking::within(near, None, SHORT);
        let error = near.write_all(&answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(far);
        // A slow one is waited for, as long as he takes something now and then.
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = Taking::within(near, None, LONG);
        let slow = async {
            let mut all = 0;
            while all < answer.len() {
                sleep(SHORT).await;
                let mut some = [0; 64];
                let read = tokio::io::AsyncReadExt::read(&mut far, &mut some);
                all += read.await.unwrap();
            }
        };
        let (sent, ()) = tokio::join!(near.write_all(&answer), slow);
        sent.unwrap();
    }
}
