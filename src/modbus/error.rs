//! *pure* — what can go wrong on a line, in the words of a technician.

use thiserror::Error;

/// Why a read brought no words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LineError {
    /// No connection came about.
    #[error(
        "No connection to {endpoint}: {cause}. Check address, port, cable and that the device is \
         powered."
    )]
    Connect {
        /// Host and port as they were dialled.
        endpoint: String,
        /// What the operating system said.
        cause: String,
    },
    /// The serial port could not be opened.
    #[error(
        "The port {device} could not be opened: {cause}. Check that the adapter is plugged in, \
         that the appliance may use it (group dialout) and that no other program does."
    )]
    Port {
        /// The path of the port.
        device: String,
        /// What the operating system said.
        cause: String,
    },
    /// The device said nothing in time.
    #[error(
        "No answer from unit {unit} within {timeout_ms} ms. Check the unit id, the wiring behind \
         the gateway and the time-out."
    )]
    Timeout {
        /// The unit that was asked.
        unit: u8,
        /// How long we waited, ms.
        timeout_ms: u64,
    },
    /// The device answered, and refused.
    #[error("The device refused (exception {0}): {sentence}", sentence = exception_sentence(*.0))]
    Exception(u8),
    /// The device answered with another number of words than it was asked for.
    #[error("The device sent {got} words instead of {asked}; the answer was thrown away.")]
    WordCount {
        /// Words asked for.
        asked: u16,
        /// Words received.
        got: usize,
    },
    /// The checksum of the answer was wrong.
    #[error(
        "The answer of unit {0} came damaged (checksum). Check baud rate, parity, termination and \
         shielding of the bus, and that no two devices have this unit id."
    )]
    Crc(u8),
    /// What came is no answer to the question: other transaction, unit or function, or no Modbus.
    #[error("The answer does not belong to the question ({0}); the connection was closed.")]
    Mismatch(String),
    /// The other side closed the connection.
    #[error("The device closed the connection before it answered ({0}).")]
    Closed(String),
}

impl LineError {
    /// Whether the device itself answered with an exception: the line is healthy, and the
    /// connection stays.
    #[must_use]
    pub const fn is_device_answer(&self) -> bool {
        matches!(self, Self::Exception(_))
    }

    /// Whether there is nobody at the other end: no device of the line can be asked.
    #[must_use]
    pub const fn is_about_the_line(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Port { .. })
    }

    /// Whether the device asks for patience (exceptions 5 and 6).
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Exception(5 | 6))
    }

    /// Whether it may be different the next moment: noise, a lost frame, a busy device.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Crc(_) | Self::Mismatch(_) => true,
            other => other.is_busy(),
        }
    }

    /// Whether the device refused this one address range or function: another range may still be
    /// answered (exceptions 1, 2, 3).
    #[must_use]
    pub const fn is_about_the_range(&self) -> bool {
        matches!(self, Self::Exception(1..=3))
    }
}

/// What a Modbus exception code means, and where to look.
#[must_use]
pub const fn exception_sentence(code: u8) -> &'static str {
    match code {
        1 => "it does not know this function. Try input instead of holding registers.",
        2 => "it has no such register. Check the address (zero-based) and the profile.",
        3 => "it does not accept this number of registers. Check type and word count.",
        4 => "it failed while reading. Look at the device.",
        5 => "it needs more time. It is asked again later.",
        6 => "it is busy. It is asked again later.",
        10 => "the gateway has no path to this unit. Check the gateway's set-up.",
        11 => {
            "the unit behind the gateway does not answer. Check unit id, bus wiring and baud rate."
        }
        _ => "the code is not in the standard. See the manual of the device.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_tells_a_technician_what_to_do() {
        let sentence = LineError::Exception(2).to_string();
        assert_eq!(
            sentence,
            "The device refused (exception 2): it has no such register. \
             Check the address (zero-based) and the profile."
        );
        for code in [1, 2, 3, 4, 5, 6, 10, 11] {
            assert!(!exception_sentence(code).contains("not in the standard"));
        }
        assert!(exception_sentence(9).contains("not in the standard"));
    }

    #[test]
    fn only_an_exception_is_an_answer_of_the_device() {
        assert!(LineError::Exception(11).is_device_answer());
        assert!(!LineError::Exception(11).is_about_the_range());
        assert!(LineError::Exception(2).is_about_the_range());
        let short = LineError::WordCount { asked: 2, got: 1 };
        assert!(!short.is_device_answer());
    }
}
