//! The accept loop: headers in time, a bound on connections, a stop that finishes answers.

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// A client that has not sent its headers by now is holding a place for nothing.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// Open connections: far above what a plant has browsers, far below the file limit.
const CONNECTIONS_MAX: usize = 2_000;
/// Largest head of a request, bytes.
const HEAD_MAX: usize = 64 << 10;
/// How long answers may take to finish when the appliance stops.
const FINISH_WITHIN: Duration = Duration::from_secs(2);
/// Pause after the system refused a connection (no file handles left).
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`; then finishes what is being answered.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let open = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, address, place)) = accepted {
            let (router, stop) = (router.clone(), stop.clone());
            open.spawn(async move {
                converse(stream, address, router, stop).await;
                drop(place);
            });
        }
    }
    drop(listener);
    open.close();
    if tokio::time::timeout(FINISH_WITHIN, open.wait())
        .await
        .is_err()
    {
        tracing::info!("some answers were cut off by the stop");
    }
}

/// One connection, until its client or the stop ends it.
async fn converse(stream: TcpStream, address: SocketAddr, router: Router, stop: CancellationToken) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, %address, "a connection ended early");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, address, place))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(REFUSED_PAUSE).await;
            None
        }
    }
}
