//! How a wire comes about: sockets dialled, serial ports opened.

use super::gate::Stream;
use super::{Endpoint, LineError, Parity, SerialSettings};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_serial::SerialStream;

/// How long a connection may take to come about, name look-up included. Longer than a switch
/// needs to learn a port, shorter than a person's patience.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection on which nothing was said for so long is probed; after three probes without an
/// answer it is dead. A gateway that was switched off is noticed within 30 s, however seldom it
/// is asked.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;
/// What was sent and not acknowledged for so long ends the connection, where the kernel would
/// send again for a quarter of an hour.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(15);

/// Opens the wire to an endpoint.
pub(super) async fn open(endpoint: &Endpoint) -> Result<Box<dyn Stream>, LineError> {
    let opened: Result<Box<dyn Stream>, String> = match endpoint {
        Endpoint::Tcp { host, port } | Endpoint::RtuOverTcp { host, port } => connect(host, *port)
            .await
            .map(|stream| Box::new(stream) as _),
        Endpoint::Serial { device, settings } => {
            let (device, settings) = (device.clone(), *settings);
            // The driver of an adapter may take its time, and blocks while it does.
            let opened = tokio::task::spawn_blocking(move || open_port(&device, settings)).await;
            let opened = opened.unwrap_or_else(|_| Err("the port was not opened".to_owned()));
            opened.map(|stream| Box::new(stream) as _)
        }
    };
    opened.map_err(|cause| match endpoint {
        Endpoint::Serial { device, .. } => LineError::Port {
            device: device.clone(),
            cause,
        },
        _ => LineError::Connect {
            endpoint: endpoint.to_string(),
            cause,
        },
    })
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    match timeout(CONNECT_TIMEOUT, dial(host, port)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(in_words(&error)),
        Err(_) => {
            let seconds = CONNECT_TIMEOUT.as_secs();
            Err(format!("nobody answered within {seconds} s"))
        }
    }
}

fn open_port(device: &str, settings: SerialSettings) -> Result<SerialStream, String> {
    let parity = match settings.parity {
        Parity::None => tokio_serial::Parity::None,
        Parity::Even => tokio_serial::Parity::Even,
        Parity::Odd => tokio_serial::Parity::Odd,
    };
    let stop_bits = match settings.stop_bits {
        2 => tokio_serial::StopBits::Two,
        _ => tokio_serial::StopBits::One,
    };
    let port = tokio_serial::new(device, settings.baud_rate)
        .data_bits(tokio_serial::DataBits::Eight)
        .parity(parity)
        .stop_bits(stop_bits);
    // The port is opened for us alone: two programs on one bus would hear each other's answers.
    SerialStream::open(&port).map_err(|error| error.to_string().to_lowercase())
}

/// What the operating system says, without its number.
pub(super) fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    words.to_lowercase()
}

/// Tries each address of the host in turn.
async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name is not known");
    for address in tokio::net::lookup_host((host, port)).await? {
        match dial_address(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn dial_address(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A request is one small packet; waiting to fill a bigger one costs 40 ms each time.
    socket.set_nodelay(true)?;
    let options = SockRef::from(&socket);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_PROBES);
    options.set_tcp_keepalive(&keepalive)?;
    options.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
    socket.connect(address).await
}
