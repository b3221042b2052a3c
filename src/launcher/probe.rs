//! Asks a page how it is, as a browser would.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long it may take to connect, and to answer.
const WITHIN: Duration = Duration::from_secs(3);

/// Asks `/health` at this address.
///
/// Where HTTPS is spoken, plain HTTP is answered with the way to it: then a status that is no
/// failure is as much as can be had.
///
/// # Errors
/// With a sentence, when nobody answers or the answer is a failure.
pub fn ask(address: &str) -> Result<(), String> {
    let address: SocketAddr = address
        .parse()
        .map_err(|_| format!("It calls {address} its address."))?;
    let status = status_of(here(address)).map_err(|error| format!("Its page: {error}."))?;
    if (200..500).contains(&status) {
        Ok(())
    } else {
        Err(format!("Its page answers {status}."))
    }
}

/// The address under which this machine reaches it.
fn here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn status_of(address: SocketAddr) -> std::io::Result<u16> {
    let until = Instant::now() + WITHIN;
    let mut stream = TcpStream::connect_timeout(&address, WITHIN)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    let question = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes())?;
    // The status line: `HTTP/1.1 200`.
    let mut head = [0; 12];
    let mut filled = 0;
    while filled < head.len() && Instant::now() < until {
        match stream.read(&mut head[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    std::str::from_utf8(&head[..filled])
        .ok()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| std::io::Error::other("no answer of a page"))
}
