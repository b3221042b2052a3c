//! A line: one connection, one request at a time, and no doubt about what an answer belongs to.

use super::{Endpoint, Function, LineError};
use crate::base::time::duration_ms;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_modbus::client::{Client as _, Context, tcp};
use tokio_modbus::slave::SlaveContext as _;
use tokio_modbus::{Error as WireError, Request, Response, Slave};

/// How long a connection may take to come about, name look-up included. Longer than a switch
/// needs to learn a port, shorter than a person's patience.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The connection to one endpoint. It connects by itself at the first read, and again after it
/// dropped a connection.
pub struct Line {
    endpoint: Endpoint,
    connection: Option<Context>,
    connects: u64,
}

impl Line {
    /// A line that is not connected yet.
    #[must_use]
    pub const fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            connection: None,
            connects: 0,
        }
    }

    /// Where it leads.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether there is a connection that nobody doubts.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// How many connections were made since the start.
    #[must_use]
    pub const fn connects(&self) -> u64 {
        self.connects
    }

    /// Reads `count` words of one unit, and returns exactly that many. `answer_timeout` is for
    /// the whole exchange: a device that drips bytes gets no more time.
    ///
    /// When the future is dropped halfway, the connection goes with it.
    ///
    /// # Errors
    /// Whatever kept the words from coming. After anything but an exception of the device the
    /// connection is gone, so that a late answer meets nobody.
    pub async fn read(
        &mut self,
        unit: u8,
        function: Function,
        address: u16,
        count: u16,
        answer_timeout: Duration,
    ) -> Result<Vec<u16>, LineError> {
        let request = || match function {
            Function::Holding => Request::ReadHoldingRegisters(address, count),
            Function::Input => Request::ReadInputRegisters(address, count),
        };
        let was_idle = self.is_connected();
        let result = self.exchange(unit, request(), answer_timeout).await;
        match result {
            // Gateways close idle connections: that is normal, and asking again is harmless.
            Err(LineError::Closed(_)) if was_idle => {
                let again = self.exchange(unit, request(), answer_timeout).await;
                again.and_then(|words| self.counted(words, count))
            }
            other => other.and_then(|words| self.counted(words, count)),
        }
    }

    /// Closes the connection; the next read makes a new one.
    pub fn hang_up(&mut self) {
        self.connection = None;
    }

    /// One question and its answer. The connection is put back only when all is well.
    async fn exchange(
        &mut self,
        unit: u8,
        request: Request<'static>,
        answer_timeout: Duration,
    ) -> Result<Vec<u16>, LineError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.set_slave(Slave(unit));
        let Ok(answer) = timeout(answer_timeout, connection.call(request)).await else {
            return Err(LineError::Timeout {
                unit,
                timeout_ms: duration_ms(answer_timeout),
            });
        };
        let words = match answer {
            Ok(Ok(Response::ReadHoldingRegisters(w) | Response::ReadInputRegisters(w))) => Ok(w),
            Ok(Ok(_)) => return Err(LineError::Mismatch("another function".to_owned())),
            Ok(Err(exception)) => Err(LineError::Exception(exception.into())),
            Err(error) => return Err(doubt(&error)),
        };
        self.connection = Some(connection);
        words
    }

    /// The words, when there are as many as were asked for. The library compares only in debug
    /// builds, so this is the check that ships.
    fn counted(&mut self, words: Vec<u16>, count: u16) -> Result<Vec<u16>, LineError> {
        if words.len() == usize::from(count) {
            return Ok(words);
        }
        self.hang_up();
        Err(LineError::WordCount {
            asked: count,
            got: words.len(),
        })
    }

    async fn connect(&mut self) -> Result<Context, LineError> {
        let Endpoint::Tcp { host, port } = &self.endpoint;
        let refused = |cause: String| LineError::Connect {
            endpoint: self.endpoint.to_string(),
            cause,
        };
        let stream = match timeout(CONNECT_TIMEOUT, dial(host, *port)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(refused(in_words(&error))),
            Err(_) => {
                let seconds = CONNECT_TIMEOUT.as_secs();
                return Err(refused(format!("nobody answered within {seconds} s")));
            }
        };
        self.connects += 1;
        Ok(tcp::attach(stream))
    }
}

/// What the operating system says, without its number.
fn in_words(error: &io::Error) -> String {
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
    // A device that was switched off says nothing: keepalive finds the dead connection.
    socket.set_keepalive(true)?;
    // A request is one small packet; waiting to fill a bigger one costs 40 ms each time.
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

/// An error of the library in our words: either it was no answer to the question, or the
/// connection ended.
fn doubt(error: &WireError) -> LineError {
    match error {
        WireError::Protocol(protocol) => LineError::Mismatch(protocol.to_string()),
        // The decoder's own errors carry no number of the operating system.
        WireError::Transport(io) if io.raw_os_error().is_none() => match io.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => LineError::Mismatch(io.to_string()),
            _ => LineError::Closed(io.to_string()),
        },
        WireError::Transport(io) => LineError::Closed(match io.kind() {
            io::ErrorKind::ConnectionReset => "reset".to_owned(),
            io::ErrorKind::BrokenPipe | io::ErrorKind::TimedOut => in_words(io),
            // At the end of the stream the library reports whatever error number lay around.
            _ => "end of stream".to_owned(),
        }),
    }
}
