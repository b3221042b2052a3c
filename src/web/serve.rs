//! The accept loop: a place for each connection, TLS or plain by its first byte, headers in time,
//! a stop that finishes answers.

use super::patience::{Paced, Taking};
use super::seats::{Seat, is_this_machine};
use super::turn::{Asking, Turn};
use super::{Context, plain, router};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// A client that has not sent its headers by now is holding a place for nothing.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// A connection on which nothing is asked for this long is closed.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// A client that has not agreed on a key by now: slow devices compute for a second or two.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Largest head of a request, bytes.
const HEAD_MAX: usize = 64 << 10;
/// How long answers may take to finish when the appliance stops.
const FINISH_WITHIN: Duration = Duration::from_secs(2);
/// Bytes that the system keeps of what a client has not taken yet (it takes twice as many). Left to itself it
/// keeps four million for each, which count as ours, and a client that never reads is noticed only then.
const SEND_BUFFER: usize = 128 << 10;
/// Pause after the system refused a connection (no file handles left).
const REFUSED_PAUSE: Duration = Duration::from_millis(50);
const SWITCHING_PROTOCOLS: StatusCode = StatusCode::SWITCHING_PROTOCOLS;
/// With this a client begins to speak TLS: a record of the handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// To whom plain HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainHttp {
    /// To this machine only.
    #[default]
    Loopback,
    /// To everybody: a proxy does the rest, or nobody minds.
    Allowed,
    /// To nobody.
    Never,
}

/// How a request came.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    /// Whether by HTTPS.
    pub secure: bool,
}

/// What every connection needs.
struct Door {
    context: Context,
    router: Router,
    /// For those who should not speak plain HTTP.
    plain: Router,
    stop: CancellationToken,
}

/// Serves until `stop`; then finishes what is being answered.
pub async fn serve(listener: TcpListener, context: Context, stop: CancellationToken) {
    let door = Arc::new(Door {
        router: router(&context),
        plain: plain::router(&context),
        context,
        stop: stop.clone(),
    });
    let open = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &door.context) => accepted,
        };
        if let Some((stream, address, seat)) = accepted {
            let door = Arc::clone(&door);
            open.spawn(async move { door.greet(stream, address, seat).await });
        }
    }
    drop(listener);
    open.close();
    if timeout(FINISH_WITHIN, open.wait()).await.is_err() {
        tracing::info!("some answers were cut off by the stop");
    }
}

impl Door {
    /// Finds out what a client speaks, and speaks it.
    async fn greet(&self, stream: TcpStream, address: SocketAddr, seat: Seat) {
        let Some(tls) = &self.context.tls else {
            let io = Taking::new(stream, seat);
            return self.converse(io, address, false, &self.router).await;
        };
        let mut first = [0];
        let peeked = timeout(HEADERS_WITHIN, stream.peek(&mut first));
        let Some(Ok(Ok(1))) = self.stop.run_until_cancelled(peeked).await else {
            return;
        };
        let io = Taking::new(stream, seat);
        if first[0] != TLS_HANDSHAKE {
            let trusted = match self.context.options.edge.plain_http {
                PlainHttp::Loopback => is_this_machine(address.ip()),
                PlainHttp::Allowed => true,
                PlainHttp::Never => false,
            };
            let router = if trusted { &self.router } else { &self.plain };
            return self.converse(io, address, false, router).await;
        }
        match timeout(HELLO_WITHIN, tls.accept(io)).await {
            Ok(Ok(io)) => self.converse(io, address, true, &self.router).await,
            Ok(Err(error)) => tracing::debug!(%error, %address, "no TLS with this client"),
            Err(_) => tracing::debug!(%address, "a client was too slow to speak TLS"),
        }
    }

    /// One connection, until its client or the stop ends it.
    async fn converse<IO>(&self, io: IO, address: SocketAddr, secure: bool, router: &Router)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let turn = Turn::default();
        let io = Asking::new(io, turn.clone(), HEADERS_WITHIN);
        let service = service_fn(|request: Request<Incoming>| {
            turn.asked();
            let mut request = request.map(|body| Body::new(Paced::new(body, &turn)));
            request.extensions_mut().insert(ConnectInfo(address));
            request.extensions_mut().insert(Wire { secure });
            let answer = router.clone().oneshot(request);
            let turn = &turn;
            async move {
                let mut answer = answer.await;
                turn.answered();
                if let Ok(answer) = &mut answer
                    && answer.status() == StatusCode::PAYLOAD_TOO_LARGE
                {
                    // What is left of the question is not read: nothing can follow it.
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(CONNECTION, close);
                    turn.is_parting();
                }
                let switches = |answer: &Response| answer.status() == SWITCHING_PROTOCOLS;
                if answer.as_ref().is_ok_and(switches) {
                    turn.is_socket();
                }
                answer
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE_MAX)
            .max_buf_size(HEAD_MAX)
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%error, %address, "a connection ended early");
        }
    }
}

/// The next connection that finds a place; `None` when this one did not.
async fn accept(
    listener: &TcpListener,
    context: &Context,
) -> Option<(TcpStream, SocketAddr, Seat)> {
    match listener.accept().await {
        Ok((stream, mut address)) => {
            // What comes to an IPv6 socket over IPv4 has the address that its sender knows.
            address.set_ip(address.ip().to_canonical());
            let seat = context.seats.take(address.ip(), context.clock.now())?;
            let _ = stream.set_nodelay(true);
            let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
            Some((stream, address, seat))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(REFUSED_PAUSE).await;
            None
        }
    }
}
