//! *pure* — a diagnosis: how much it matters, what it is, what was seen, what to do.

use super::registers::RefusedRegister;
use super::words;
use crate::base::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Readings are missing now.
    Fault,
    /// It works, but not as it should.
    Warning,
    /// Good to know.
    Info,
    /// All is well.
    Fine,
}

/// What it is; within a severity the first is the most pressing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ailment {
    /// Nobody is at the other end of the connection.
    LineUnreachable,
    /// The serial port does not open.
    PortUnavailable,
    /// The line is open, and no device on it answers.
    BusSilent,
    /// It answers no more, others on the line do.
    DeviceSilent,
    /// It never answered, others on the line do.
    NeverAnswered,
    /// It is silent, and alone on its line.
    AloneSilent,
    /// The gateway knows no way to this unit (exception 10).
    GatewayNoPath,
    /// The gateway asked, and the unit was silent (exception 11).
    GatewayTargetSilent,
    /// Another unit answers in its place.
    OtherUnitAnswers,
    /// Two devices answer to one unit id.
    TwoDevices,
    /// Answers come damaged.
    Damaged,
    /// It refuses everything it is asked for (exceptions 1 to 3).
    RefusesAll,
    /// It refuses some registers (exceptions 1 to 3).
    RegistersRefused,
    /// It says nothing when it is asked for some registers.
    RegistersIgnored,
    /// It failed inside (exception 4 and those that are not in the standard).
    DeviceFailure,
    /// It has no time (exceptions 5 and 6).
    Busy,
    /// It sends another number of words than it is asked for.
    WrongLength,
    /// Answers that belong to another question.
    StrangeAnswers,
    /// It or its gateway closes the connection.
    ConnectionClosed,
    /// Some questions are not answered.
    AnswersLost,
    /// Something comes though nothing was asked.
    Unasked,
    /// It answers, but slowly.
    Slow,
    /// What it shows contradicts itself.
    Implausible,
    /// It is polled by nobody.
    NotPolled,
    /// It was not asked yet.
    NotAskedYet,
    /// Nothing is wrong.
    Fine,
}

impl Ailment {
    /// Whether it is about answers that do not come.
    pub(super) const fn is_silence(self) -> bool {
        matches!(
            self,
            Self::BusSilent
                | Self::DeviceSilent
                | Self::NeverAnswered
                | Self::AloneSilent
                | Self::AnswersLost
        )
    }
}

/// What was seen, for programs and for other languages than English.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Facts {
    /// Since when.
    pub since: Option<Timestamp>,
    /// Others on the line that answer.
    pub others_answering: Option<usize>,
    /// Others on the line.
    pub others: Option<usize>,
    /// Share of the last questions, %.
    pub share_percent: Option<f64>,
    /// How many times among them.
    pub times: Option<usize>,
    /// The unit id that is asked.
    pub unit_id: Option<u8>,
    /// The unit ids that answered instead.
    pub answered_by: Vec<u8>,
    /// The exception code.
    pub exception: Option<u8>,
    /// The registers that it is about, the first twenty.
    pub registers: Vec<RefusedRegister>,
    /// What 95 % of the last answers took at most, ms.
    pub p95_ms: Option<f64>,
    /// How long an answer may take, ms.
    pub timeout_ms: Option<u64>,
    /// What the system or the proof said, in English.
    pub cause: Option<String>,
}

/// One thing that ails a device, or that nothing does.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Diagnosis {
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub ailment: Ailment,
    /// What was seen.
    pub facts: Facts,
    /// What is the matter, in English.
    pub sentence: String,
    /// What to do, in English.
    pub advice: String,
}

pub(super) fn found(severity: Severity, ailment: Ailment, facts: Facts) -> Diagnosis {
    Diagnosis {
        severity,
        ailment,
        sentence: words::sentence(ailment, &facts),
        advice: words::advice(ailment, &facts),
        facts,
    }
}
