//! The connections of simulated devices.

use super::bank::Bank;
use super::fault::Fault;
use super::frame;
use crate::modbus::Framing;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The most connections of one listener; real gateways take fewer.
pub(super) const CONNECTIONS_MAX: usize = 16;
/// How often a device that is half open looks whether it was healed.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Takes connections until the simulator is dropped.
pub(super) async fn accept(socket: TcpListener, bank: Arc<Bank>, framing: Framing) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            // Out of descriptors, usually: others must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        bank.connections.fetch_add(1, Ordering::Relaxed);
        if *bank.slams.borrow() || stream.set_nodelay(true).is_err() {
            continue;
        }
        if connections.len() < CONNECTIONS_MAX {
            let bank = Arc::clone(&bank);
            connections.spawn(async move {
                // The end of a connection is no event here, whatever its reason.
                let _ = serve(stream, &bank, framing).await;
            });
        }
    }
}

/// Serves a serial port until the simulator is dropped.
pub(super) async fn serve_port(
    mut port: impl AsyncRead + AsyncWrite + Unpin + Send,
    bank: Arc<Bank>,
) {
    loop {
        // A port has no end: whoever hung up may open it again.
        let _ = serve(&mut port, &bank, Framing::Rtu).await;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Answers one connection, request by request.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    bank: &Bank,
    framing: Framing,
) -> io::Result<()> {
    let mut hang_up = bank.hang_up.subscribe();
    loop {
        let query = tokio::select! {
            query = frame::read(&mut stream, framing) => query?,
            _ = hang_up.changed() => return Ok(()),
        };
        let (answer, fault) = bank.answer(&query);
        match fault {
            Fault::Silent => continue,
            Fault::Close => return Ok(()),
            Fault::Late(delay) => tokio::time::sleep(delay).await,
            Fault::HalfOpen => {
                while bank.has_fault(query.unit, Fault::HalfOpen) {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                return Ok(());
            }
            _ => {}
        }
        frame::write(&mut stream, &query, answer, fault).await?;
    }
}
