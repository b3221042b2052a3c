//! A question from beside the polls, on the line that polls: a serial port and many gateways let
//! nobody else in.

use crate::modbus::{Function, LineError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Questions that may wait for their turn; whoever asks waits for the answer before the next.
pub(super) const WAITING_MAX: usize = 8;

/// A question and whom to tell.
pub(super) struct Ask {
    pub(super) unit: u8,
    pub(super) function: Function,
    pub(super) address: u16,
    pub(super) count: u16,
    pub(super) timeout: Duration,
    pub(super) answer: oneshot::Sender<Result<Vec<u16>, LineError>>,
}

/// Asks on a line that is being polled, between two polls.
#[derive(Clone)]
pub struct Visitor {
    asks: mpsc::Sender<Ask>,
}

impl Visitor {
    pub(super) const fn new(asks: mpsc::Sender<Ask>) -> Self {
        Self { asks }
    }

    /// As [`crate::modbus::Line::read`]. It waits for its turn, which is the next but one at the
    /// latest; the time-out counts from there.
    ///
    /// # Errors
    /// Whatever kept the words from coming; [`LineError::Closed`] when the line ended.
    pub async fn read(
        &self,
        unit: u8,
        function: Function,
        address: u16,
        count: u16,
        timeout: Duration,
    ) -> Result<Vec<u16>, LineError> {
        let ended = || LineError::Closed("the line is not polled any more".to_owned());
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            unit,
            function,
            address,
            count,
            timeout,
            answer,
        };
        self.asks.send(ask).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}
