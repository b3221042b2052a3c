//! *pure* — how simulated devices misbehave.

use std::time::Duration;

/// How a device misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    #[default]
    None,
    /// It says nothing.
    Silent,
    /// It says nothing to every second question.
    SilentAtTimes,
    /// It refuses with this code.
    Exception(u8),
    /// It refuses every second question with this code.
    ExceptionAtTimes(u8),
    /// It sends one word less than asked.
    Short,
    /// It sends one word more than asked.
    Long,
    /// It announces two bytes more than it sends.
    WrongByteCount,
    /// It answers after this time.
    Late(Duration),
    /// It sends its answer byte by byte, with this pause before each.
    Drip(Duration),
    /// It closes the connection instead of answering; a serial device says nothing.
    Close,
    /// It answers with another transaction number; RTU has none, and nothing is wrong there.
    OtherTransaction,
    /// It answers in the name of another unit.
    OtherUnit,
    /// It answers as if the other table had been asked.
    OtherFunction,
    /// It sends bytes that are no Modbus.
    Garbage,
    /// It stops in the middle of its answer.
    Half,
    /// It sends each answer twice.
    Twice,
    /// It sends each answer again after this time, when nobody asks any more.
    Again(Duration),
    /// One bit of its answer is damaged. RTU has a checksum that shows it; over TCP, where the
    /// network has one, the transaction number is hit.
    Damaged,
    /// Every second answer is damaged.
    DamagedAtTimes,
    /// The question comes back before the answer, as from an adapter that hears itself.
    Echo,
    /// The question comes back instead of an answer.
    EchoOnly,
    /// It reads nothing more and closes nothing, as a gateway whose plug was pulled; when it is
    /// healed it knows nothing of the connection.
    HalfOpen,
    /// It shows what it showed when the fault began.
    Stuck,
    /// Its numbers are none.
    NotANumber,
}

impl Fault {
    /// What happens to the `number`-th question: some faults hit every second one.
    #[must_use]
    pub(super) const fn of_question(self, number: u64) -> Self {
        let hit = number % 2 == 1;
        match self {
            Self::SilentAtTimes if hit => Self::Silent,
            Self::ExceptionAtTimes(code) if hit => Self::Exception(code),
            Self::DamagedAtTimes if hit => Self::Damaged,
            Self::SilentAtTimes | Self::ExceptionAtTimes(_) | Self::DamagedAtTimes => Self::None,
            other => other,
        }
    }
}
