//! One coil, switched and read back: a horn, a lamp, a relay.
//!
//! Promises: it is said to be switched only when the device reads it back so. The connection lives
//! for one switching; what comes late meets nobody.

use super::gate::Stream;
use super::transport::{self, CONNECT_TIMEOUT};
use super::{Endpoint, Framing, LineError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_modbus::client::{Client as _, Context, rtu, tcp};
use tokio_modbus::slave::SlaveContext as _;
use tokio_modbus::{Error as WireError, Request, Response, Slave};

/// How long one of the two questions may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The longest that [`switch`] takes: the connection and two questions.
pub const SWITCH_MAX: Duration = CONNECT_TIMEOUT.saturating_add(ANSWER_WITHIN.saturating_mul(2));

/// The library asks for it; a wire has nothing to show.
impl std::fmt::Debug for dyn Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

/// Switches a coil of a unit and reads it back.
///
/// # Errors
/// Whatever kept it from being so, in the words of a technician.
pub async fn switch(
    endpoint: &Endpoint,
    unit: u8,
    address: u16,
    on: bool,
) -> Result<(), LineError> {
    let stream = transport::open(endpoint).await?;
    let mut context = match endpoint.framing() {
        Framing::Tcp => tcp::attach(stream),
        Framing::Rtu => rtu::attach(stream),
    };
    context.set_slave(Slave(unit));
    match ask(&mut context, unit, Request::WriteSingleCoil(address, on)).await? {
        Response::WriteSingleCoil(at, is) if (at, is) == (address, on) => {}
        other => return Err(LineError::Mismatch(format!("{other:?}"))),
    }
    match ask(&mut context, unit, Request::ReadCoils(address, 1)).await? {
        // Bits come in bytes: eight of them for one that was asked for.
        Response::ReadCoils(bits) if bits.first() == Some(&on) => Ok(()),
        Response::ReadCoils(_) => Err(LineError::Mismatch(format!(
            "coil {address} was switched and reads back as before"
        ))),
        other => Err(LineError::Mismatch(format!("{other:?}"))),
    }
}

async fn ask(
    context: &mut Context,
    unit: u8,
    request: Request<'static>,
) -> Result<Response, LineError> {
    let answer = timeout(ANSWER_WITHIN, context.call(request)).await;
    let answer = answer.map_err(|_| LineError::Timeout {
        unit,
        timeout_ms: crate::base::time::duration_ms(ANSWER_WITHIN),
    })?;
    match answer {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(exception)) => Err(LineError::Exception(exception.into())),
        Err(WireError::Protocol(protocol)) => Err(LineError::Mismatch(protocol.to_string())),
        Err(WireError::Transport(error)) => Err(LineError::Closed(error.to_string())),
    }
}
