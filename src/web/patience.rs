//! How long the edge waits for a client: for a body that trickles in, and for one who does not
//! take his answer.

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How long a body may take however little of it has come.
const BODY_GRACE: Duration = Duration::from_secs(10);
/// Beyond that it has to come at this rate, bytes a second. Only the time counts in which somebody
/// waited for it.
const BODY_RATE: u64 = 1_024;
/// A client that has taken nothing of its answer for this long is gone.
const TAKES_WITHIN: Duration = Duration::from_secs(60);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request body that has to come at a rate.
pub struct Paced<B> {
    body: B,
    received: u64,
    waited: Duration,
    since: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

impl<B> Paced<B> {
    /// Watches over a body.
    pub fn new(body: B) -> Self {
        Self {
            body,
            received: 0,
            waited: Duration::ZERO,
            since: None,
            alarm: Box::pin(sleep(Duration::ZERO)),
        }
    }

    /// How long it may still be waited for.
    fn left(&self) -> Duration {
        let earned = Duration::from_millis(self.received.saturating_mul(1_000) / BODY_RATE);
        (BODY_GRACE + earned).saturating_sub(self.waited)
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
            return Poll::Ready(frame);
        }
        if this.since.is_none() {
            let now = Instant::now();
            this.since = Some(now);
            let until = now + this.left();
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

/// A connection whose client has to take what it is sent.
pub struct Taking<IO> {
    io: IO,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<IO> Taking<IO> {
    /// Watches over a connection.
    pub const fn new(io: IO) -> Self {
        Self { io, alarm: None }
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
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + TAKES_WITHIN)));
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

    /// A body of pieces of this size, one every so often.
    fn trickle(pieces: usize, size: usize, every: Duration) -> Body {
        let pieces = stream::unfold(0, move |n| async move {
            if n == pieces {
                return None;
            }
            sleep(every).await;
            Some((Ok::<_, BoxError>(Bytes::from(vec![b'x'; size])), n + 1))
        });
        Body::from_stream(Box::pin(pieces))
    }

    async fn taken(body: Body) -> Option<usize> {
        let paced = Body::new(Paced::new(body));
        to_bytes(paced, usize::MAX).await.ok().map(|all| all.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_to_come_at_a_rate() {
        let second = Duration::from_secs(1);
        assert_eq!(taken(trickle(60, 1_100, second)).await, Some(66_000));
        assert_eq!(taken(trickle(9, 1, second)).await, Some(9));
        assert_eq!(taken(trickle(100, 1, second)).await, None);
        assert_eq!(taken(trickle(1_000, 900, second)).await, None);
        assert_eq!(
            taken(trickle(1, 1_000_000, 9 * second)).await,
            Some(1_000_000)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn only_waiting_for_the_client_counts() {
        let mut paced = Paced::new(trickle(30, 10, Duration::from_millis(100)));
        let mut pieces = 0;
        while let Some(piece) =
            std::future::poll_fn(|task| Pin::new(&mut paced).poll_frame(task)).await
        {
            piece.unwrap();
            pieces += 1;
            // What we do with a piece is not the fault of the one who sends it.
            sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(pieces, 30);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_take_his_answer_is_gone() {
        let (near, far) = tokio::io::duplex(64);
        let mut near = Taking::new(near);
        let answer = vec![0; 1_000];
        let error = near.write_all(&answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(far);
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = Taking::new(near);
        let slow = async {
            let mut all = 0;
            while all < answer.len() {
                sleep(Duration::from_secs(50)).await;
                let mut some = [0; 64];
                all += tokio::io::AsyncReadExt::read(&mut far, &mut some)
                    .await
                    .unwrap();
            }
        };
        let (sent, ()) = tokio::join!(near.write_all(&answer), slow);
        sent.unwrap();
    }
}
