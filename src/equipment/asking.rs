//! Who asks a device beside the polls, and over which wire.

use super::connection::clash;
use super::poller::Acquisition;
use super::visitor::Visitor;
use crate::base::{Error, Result};
use crate::modbus::{Endpoint, Function, Line, LineError};
use std::time::Duration;

/// A way to ask. A serial port and many gateways let nobody else in while they are polled, so
/// there the poller's own line is asked, between two polls.
pub enum Asking {
    /// A connection that nobody else uses.
    Own(Box<Line>),
    /// The line that polls.
    Visit(Visitor),
}

impl From<Line> for Asking {
    fn from(line: Line) -> Self {
        Self::Own(Box::new(line))
    }
}

impl Asking {
    /// The way to ask at this endpoint.
    ///
    /// # Errors
    /// When devices at the same place are polled in another way (other speed, other framing):
    /// both would hear each other's answers.
    pub(super) fn at(endpoint: &Endpoint, lines: &Acquisition) -> Result<Self> {
        let Some(polled) = lines.polled_at(endpoint) else {
            return Ok(Line::new(endpoint.clone()).into());
        };
        if let Some((path, sentence)) = clash(endpoint, &polled, "the devices polled there") {
            return Err(Error::invalid(path, sentence));
        }
        // It may have ended meanwhile; then nobody stands in the way.
        Ok(match lines.visit(&polled) {
            Some(visitor) => Self::Visit(visitor),
            None => Line::new(endpoint.clone()).into(),
        })
    }

    /// Whether devices that are polled wait while this one is asked.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self, Self::Visit(_))
    }

    /// As [`Line::read`].
    ///
    /// # Errors
    /// Whatever kept the words from coming.
    pub async fn read(
        &mut self,
        unit: u8,
        function: Function,
        address: u16,
        count: u16,
        timeout: Duration,
    ) -> Result<Vec<u16>, LineError> {
        match self {
            Self::Own(line) => line.read(unit, function, address, count, timeout).await,
            Self::Visit(visitor) => visitor.read(unit, function, address, count, timeout).await,
        }
    }
}
