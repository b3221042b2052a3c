//! The way to a collector: datagrams, a stream, or a stream with TLS.

use super::{Protocol, Settings, message};
use crate::tls::Peer;
use futures_util::FutureExt as _;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;

/// How long a collector may take to be reached, and to take what it is sent.
const WITHIN: Duration = Duration::from_secs(10);

/// A stream, whatever is under it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// An open way.
pub(super) enum Link {
    Datagrams(UdpSocket),
    Stream(Box<dyn Stream>),
}

impl Link {
    /// Reaches the collector.
    pub(super) async fn open(settings: &Settings, peer: Option<&Peer>) -> io::Result<Self> {
        within(async {
            if settings.protocol == Protocol::Udp {
                return Ok(Self::Datagrams(datagrams(&settings.server).await?));
            }
            let stream = TcpStream::connect(&settings.server).await?;
            Ok(Self::Stream(match peer {
                Some(peer) => Box::new(peer.greet(stream).await?),
                None => Box::new(stream),
            }))
        })
        .await
    }

    /// Whether a collector closed the way. It never says anything, so there is nothing to read
    /// but the end.
    pub(super) fn is_closed(&mut self) -> bool {
        let Self::Stream(stream) = self else {
            return false;
        };
        let mut said = [0; 64];
        matches!(stream.read(&mut said).now_or_never(), Some(Ok(0) | Err(_)))
    }

    /// Hands lines over, in their order.
    pub(super) async fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        within(async {
            match self {
                Self::Datagrams(socket) => {
                    for line in lines {
                        socket.send(line).await?;
                    }
                    Ok(())
                }
                Self::Stream(stream) => {
                    for line in lines {
                        stream.write_all(&message::framed(line)).await?;
                    }
                    stream.flush().await
                }
            }
        })
        .await
    }
}

async fn datagrams(server: &str) -> io::Result<UdpSocket> {
    let found = lookup_host(server).await?.next();
    let to = found.ok_or_else(|| io::Error::other("the name has no address"))?;
    let from: SocketAddr = if to.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(from).await?;
    socket.connect(to).await?;
    Ok(socket)
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer in time");
    timeout(WITHIN, work).await.unwrap_or_else(|_| Err(late()))
}
