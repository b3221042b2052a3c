//! A line: one wire, one request at a time, and no doubt about what an answer belongs to.

use super::conclude::{Said, conclude};
use super::doubt::Doubts;
use super::frame::Asked;
use super::gate::Gate;
use super::journal::{Journal, Note, Outcome};
use super::transport;
pub use super::transport::CONNECT_TIMEOUT;
use super::{Endpoint, Framing, Function, LineError};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_modbus::client::{Client as _, Context, rtu, tcp};
use tokio_modbus::slave::SlaveContext as _;
use tokio_modbus::{Error as WireError, Request, Response, Slave};

/// A serial line counts as silent after this, whatever its baud rate: adapters hand bytes on in
/// packets up to 16 ms apart.
const SILENCE: Duration = Duration::from_millis(50);
/// A serial line that never falls silent is given up after this, and its port opened anew.
const CHATTER_MAX: Duration = Duration::from_secs(2);

/// The pauses of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pacing {
    /// The least time between an answer and the next question. A serial line adds the silence
    /// that its baud rate asks for.
    pub gap: Duration,
    /// How long a new connection is left alone before the first question.
    pub connect_delay: Duration,
}

/// The connection to one endpoint. It connects by itself at the first read, and again after it
/// dropped a connection.
pub struct Line {
    endpoint: Endpoint,
    pacing: Pacing,
    journal: Option<Arc<Journal>>,
    connection: Option<Connection>,
    connects: u64,
    doubts: Doubts,
    /// Before this nothing is sent.
    quiet_until: Instant,
}

/// The wire, and the library that speaks on it.
struct Connection {
    gate: Gate,
    context: Context,
}

/// A wire that was opened beside the line, and how long that took.
pub struct Opened {
    gate: Result<Gate, LineError>,
    took: Duration,
}

impl Line {
    /// A line that is not connected yet.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            pacing: Pacing::default(),
            journal: None,
            connection: None,
            connects: 0,
            doubts: Doubts::default(),
            quiet_until: Instant::now(),
        }
    }

    /// The same line, which notes every exchange in this journal.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Sets the pauses from the next question on.
    pub const fn set_pacing(&mut self, pacing: Pacing) {
        self.pacing = pacing;
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

    /// Opens the wire without holding the line: the result is for [`Line::adopt`].
    pub fn open(&self) -> BoxFuture<'static, Opened> {
        let endpoint = self.endpoint.clone();
        Box::pin(async move {
            let started = Instant::now();
            let stream = transport::open(&endpoint).await;
            Opened {
                gate: stream.map(|stream| Gate::new(stream, endpoint.framing())),
                took: started.elapsed(),
            }
        })
    }

    /// Takes a wire that was opened, in place of any other.
    ///
    /// # Errors
    /// When it did not open.
    pub fn adopt(&mut self, opened: Opened) -> Result<(), LineError> {
        let outcome = match &opened.gate {
            Ok(_) => Outcome::Connected,
            Err(_) => Outcome::ConnectFailed,
        };
        self.note(&Note::of_the_line(outcome, opened.took));
        let gate = opened.gate?;
        self.connects += 1;
        self.quiet_until = Instant::now() + self.pacing.connect_delay;
        self.connection = Some(Connection::over(gate, self.endpoint.framing()));
        Ok(())
    }

    /// Reads `count` words of one unit, and returns exactly that many; of a table of bits as many
    /// words of 0 or 1. `answer_timeout` is for
    /// the whole exchange: a device that drips bytes gets no more time.
    ///
    /// When the future is dropped halfway, the connection goes with it.
    ///
    /// # Errors
    /// Whatever kept the words from coming. After anything but an exception of the device the
    /// connection is gone, or the serial line was listened to until it was silent, so that a late
    /// answer meets nobody.
    pub async fn read(
        &mut self,
        unit: u8,
        function: Function,
        address: u16,
        count: u16,
        answer_timeout: Duration,
    ) -> Result<Vec<u16>, LineError> {
        let asked = Asked {
            unit,
            function,
            address,
            count,
            owing: self.doubts.owing(),
        };
        if self.endpoint.framing() == Framing::Rtu {
            self.settle_doubt(asked, answer_timeout).await?;
        }
        let result = self.ask(asked, answer_timeout).await;
        match &result {
            Err(error) if !error.is_device_answer() && !error.is_about_the_line() => {
                self.doubts.raise(unit, Instant::now());
            }
            _ => self.doubts.clear(unit),
        }
        result
    }

    /// Closes the connection; the next read makes a new one.
    pub fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Asks a unit that may owe an answer something that the old answer cannot answer.
    async fn settle_doubt(
        &mut self,
        asked: Asked,
        answer_timeout: Duration,
    ) -> Result<(), LineError> {
        let (unit, now) = (asked.unit, Instant::now());
        let test = self
            .doubts
            .test_count(unit, (asked.function, asked.count), answer_timeout, now);
        let Some(count) = test else { return Ok(()) };
        let test = Asked { count, ..asked };
        match self.ask(test, answer_timeout).await {
            Ok(_) | Err(LineError::Exception(_)) => self.doubts.clear(unit),
            Err(error) => {
                let silent = matches!(error, LineError::Timeout { .. });
                self.doubts.test_failed(unit, silent, Instant::now());
                return Err(error);
            }
        }
        Ok(())
    }

    /// One question, on a connection that is there or is made.
    async fn ask(&mut self, asked: Asked, answer_timeout: Duration) -> Result<Vec<u16>, LineError> {
        self.listen().await;
        let was_idle = self.is_connected();
        match self.exchange(asked, answer_timeout).await {
            // Gateways close idle connections: that is normal, and asking again is harmless.
            Err(LineError::Closed(_)) if was_idle => self.exchange(asked, answer_timeout).await,
            other => other,
        }
    }

    /// Before a question: a wire on which something came unasked is not trusted.
    async fn listen(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match connection.gate.unasked() {
            Ok(bytes) if bytes.is_empty() => self.connection = Some(connection),
            Ok(bytes) => {
                self.note(&Note {
                    answer: &bytes,
                    ..Note::of_the_line(Outcome::Unasked, Duration::ZERO)
                });
                self.recover(connection).await;
            }
            // Closed while it was idle: the next question makes a new one.
            Err(_) => {}
        }
    }

    /// One question and its answer. The connection is put back only when all is well.
    async fn exchange(
        &mut self,
        asked: Asked,
        answer_timeout: Duration,
    ) -> Result<Vec<u16>, LineError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let opened = self.open().await;
                self.adopt(opened)?;
                self.connection.take().ok_or_else(closed)?
            }
        };
        sleep_until(self.quiet_until).await;
        let started = Instant::now();
        connection.gate.begin(asked);
        let answer = timeout(answer_timeout, connection.call(asked)).await;
        let took = started.elapsed();
        self.quiet_until = Instant::now() + self.pacing.gap.max(self.endpoint.frame_gap());
        let exchange = connection.gate.end();
        let result = conclude(
            asked,
            self.endpoint.framing(),
            &exchange,
            answer.ok(),
            answer_timeout,
        );
        self.note(&Note {
            unit: asked.unit,
            function: asked.function.code(),
            request: &exchange.request,
            answer: &exchange.came,
            outcome: result.outcome,
            exception: result.exception(),
            round_trip: took,
        });
        match &result.words {
            Ok(_) | Err(LineError::Exception(_)) => self.connection = Some(connection),
            Err(LineError::Closed(_)) => {}
            Err(_) => self.recover(connection).await,
        }
        result.words
    }

    /// After a doubt: a socket is closed, and what comes late meets nobody. A serial port has no
    /// other end to close: it is listened to until it is silent.
    async fn recover(&mut self, connection: Connection) {
        let silence = match &self.endpoint {
            Endpoint::Serial { settings, .. } => settings.frame_gap().max(SILENCE),
            Endpoint::Tcp { .. } | Endpoint::RtuOverTcp { .. } => return,
        };
        let gate = connection.gate.clone();
        // The library may hold a part of what came: it starts afresh.
        drop(connection);
        if gate.drain(silence, CHATTER_MAX).await {
            self.connection = Some(Connection::over(gate, self.endpoint.framing()));
        }
    }

    fn note(&self, note: &Note<'_>) {
        if let Some(journal) = &self.journal {
            journal.note(note);
        }
    }
}

impl Connection {
    fn over(gate: Gate, framing: Framing) -> Self {
        let context = match framing {
            Framing::Tcp => tcp::attach(gate.clone()),
            Framing::Rtu => rtu::attach(gate.clone()),
        };
        Self { gate, context }
    }

    async fn call(&mut self, asked: Asked) -> Result<Vec<u16>, Said> {
        let request = match asked.function {
            Function::Holding => Request::ReadHoldingRegisters(asked.address, asked.count),
            Function::Input => Request::ReadInputRegisters(asked.address, asked.count),
            Function::Coil => Request::ReadCoils(asked.address, asked.count),
            Function::Discrete => Request::ReadDiscreteInputs(asked.address, asked.count),
        };
        self.context.set_slave(Slave(asked.unit));
        match self.context.call(request).await {
            Ok(Ok(Response::ReadHoldingRegisters(w) | Response::ReadInputRegisters(w))) => Ok(w),
            Ok(Ok(Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits))) => {
                // Bits come in bytes: those that fill up the last one were not asked for.
                let asked = bits.into_iter().take(usize::from(asked.count));
                Ok(asked.map(u16::from).collect())
            }
            Ok(Ok(_)) => Err(Said::Nonsense("another function".to_owned())),
            Ok(Err(exception)) => Err(Said::Exception(exception.into())),
            Err(WireError::Protocol(protocol)) => Err(Said::Nonsense(protocol.to_string())),
            Err(WireError::Transport(error)) => Err(Said::Failed(error)),
        }
    }
}

fn closed() -> LineError {
    LineError::Closed("end of stream".to_owned())
}
