//! *pure* — the sentences of the diagnoses, in English; the page has them in every language.

use super::{Ailment, Facts};
use crate::base::time::to_second;
use crate::modbus::error::exception_sentence;
use std::fmt::Write as _;

/// What is the matter.
pub(super) fn sentence(ailment: Ailment, facts: &Facts) -> String {
    let since = since(facts);
    let unit = facts.unit_id.unwrap_or(0);
    let share = facts.share_percent.unwrap_or(0.0);
    let times = facts.times.unwrap_or(0);
    let cause = cause(facts);
    let often = format!("{share} % of the last questions ({times} times)");
    match ailment {
        Ailment::LineUnreachable
        | Ailment::PortUnavailable
        | Ailment::BusSilent
        | Ailment::DeviceSilent
        | Ailment::NeverAnswered
        | Ailment::AloneSilent
        | Ailment::GatewayNoPath
        | Ailment::GatewayTargetSilent => sentence_of_silence(ailment, facts),
        Ailment::OtherUnitAnswers => format!(
            "When unit {unit} is asked, unit {} answers.",
            list(facts.answered_by.iter().map(ToString::to_string))
        ),
        Ailment::TwoDevices => format!("More than one answer came to a question to unit {unit}."),
        Ailment::Damaged if facts.share_percent.is_none() => {
            format!("Its answers come damaged {since}.")
        }
        Ailment::Damaged => format!("Answers came damaged to {often}."),
        Ailment::RefusesAll => format!(
            "It answers, but refuses everything it is asked for{}.",
            code(facts.exception)
        ),
        Ailment::RegistersRefused => format!("It answers, but refuses {}.", registers(facts)),
        Ailment::RegistersIgnored => {
            format!(
                "It answers, but says nothing when asked for {}.",
                registers(facts)
            )
        }
        Ailment::DeviceFailure => {
            format!("It answers that it failed{}.", code(facts.exception))
        }
        Ailment::Busy => "It answers that it is busy, again and again.".to_owned(),
        Ailment::WrongLength => {
            "It sends another number of words than it is asked for; such answers are thrown away."
                .to_owned()
        }
        Ailment::StrangeAnswers => {
            "Answers come that belong to another question; they are thrown away.".to_owned()
        }
        Ailment::ConnectionClosed => "The other side closes the connection.".to_owned(),
        Ailment::AnswersLost => format!("No answer came to {often}."),
        Ailment::Unasked => format!("{times} times something came though nothing was asked."),
        Ailment::Slow => format!(
            "It answers slowly: 95 % within {} ms, and {} ms are allowed.",
            facts.p95_ms.unwrap_or(0.0),
            facts.timeout_ms.unwrap_or(0)
        ),
        Ailment::Implausible => {
            format!("It answers, but what it shows contradicts itself: {cause}")
        }
        Ailment::NotPolled => "Nobody polls it: it has no connection, or is out of use.".to_owned(),
        Ailment::NotAskedYet => "The first question is under way.".to_owned(),
        Ailment::Fine => "It answers, and nothing is wrong.".to_owned(),
    }
}

/// What is the matter with a device from which nothing comes; the last is one that is alone.
fn sentence_of_silence(ailment: Ailment, facts: &Facts) -> String {
    let since = since(facts);
    let unit = facts.unit_id.unwrap_or(0);
    let cause = cause(facts);
    let others = facts.others_answering.unwrap_or(0);
    let of = facts.others.unwrap_or(0);
    match ailment {
        Ailment::LineUnreachable => {
            format!("Nobody is at the other end of the line {since}: {cause}")
        }
        Ailment::PortUnavailable => format!("The serial port does not open {since}: {cause}"),
        Ailment::BusSilent => format!(
            "The line is open, but nobody on the bus answers; this device is silent {since}, and \
             so are the {of} others."
        ),
        Ailment::DeviceSilent => {
            format!("Silent {since}; {others} of {of} others on the bus answer.")
        }
        Ailment::NeverAnswered => {
            format!("Unit {unit} never answered; {others} of {of} others on the bus do.")
        }
        Ailment::GatewayNoPath => {
            format!("The gateway knows no way to unit {unit} (exception 10) {since}.")
        }
        Ailment::GatewayTargetSilent => format!(
            "The gateway answers, but unit {unit} behind it does not (exception 11) {since}; \
             {others} of {of} others answer."
        ),
        _ => format!("The line is open, but the device is silent {since}."),
    }
}

/// What to do.
pub(super) fn advice(ailment: Ailment, facts: &Facts) -> String {
    match ailment {
        Ailment::LineUnreachable
        | Ailment::PortUnavailable
        | Ailment::BusSilent
        | Ailment::DeviceSilent
        | Ailment::NeverAnswered
        | Ailment::AloneSilent
        | Ailment::GatewayNoPath
        | Ailment::GatewayTargetSilent => advice_of_silence(ailment),
        Ailment::OtherUnitAnswers => {
            "Check that the unit id here is that of the device, that no gateway changes it, and \
             that no answer comes late: a longer time-out helps then."
        }
        Ailment::TwoDevices => {
            "Two devices have the same unit id, or the bus echoes: disconnect them one by one."
        }
        Ailment::Damaged => {
            "Check termination (120 Ω at both ends), shielding and polarity of the bus, baud rate \
             and parity, and that no two devices have one unit id."
        }
        Ailment::RefusesAll | Ailment::RegistersRefused => {
            let code = facts.exception.unwrap_or(2);
            let why = exception_sentence(code);
            return format!(
                "Exception {code}: {why} Compare address and table with the manual; another model \
                 or firmware needs another profile."
            );
        }
        Ailment::RegistersIgnored => {
            "Compare the addresses with the manual; take registers out that this model does not have."
        }
        Ailment::DeviceFailure => "Look at the device's own display for a fault; switch it off and on.",
        Ailment::Busy => "Poll it less often, and see who else asks it.",
        Ailment::WrongLength => {
            "Check the data types; with a gateway, set it to hand on answers unchanged."
        }
        Ailment::StrangeAnswers => {
            "Answers come late: make the time-out longer than the slowest answer, and see whether \
             another master asks on this bus."
        }
        Ailment::ConnectionClosed => {
            "The gateway may allow too few connections: end those of other programs, or raise its \
             idle time."
        }
        Ailment::AnswersLost => {
            "Make the time-out longer, the poll interval longer, and check the wiring of the bus."
        }
        Ailment::Unasked => {
            "A second master may be on this bus, or answers come after the time-out."
        }
        Ailment::Slow => "Make the time-out longer before answers are lost; see who else asks it.",
        Ailment::Implausible => "Correct what is named; until then its readings are marked as bad.",
        Ailment::NotPolled => "Enter a connection, or put it into use.",
        Ailment::NotAskedYet => "Wait for its next beat.",
        Ailment::Fine => "Nothing is to be done.",
    }
    .to_owned()
}

/// What to do when nothing comes; the last is for a device that is alone.
const fn advice_of_silence(ailment: Ailment) -> &'static str {
    match ailment {
        Ailment::LineUnreachable => {
            "Check that the device or gateway has power, its network cable, its address and port."
        }
        Ailment::PortUnavailable => {
            "Check that the adapter is plugged in and that no other program uses the port."
        }
        Ailment::BusSilent => {
            "Check the gateway: its bus side, baud rate and parity, the bus cable at its first \
             terminal, and the power of the cabinet."
        }
        Ailment::DeviceSilent => {
            "The bus is healthy: check the device's power, its bus terminals A and B, and whether \
             somebody changed its unit id."
        }
        Ailment::NeverAnswered => {
            "The bus is healthy: check the unit id and baud rate on the device's display, then its \
             power and wiring."
        }
        Ailment::GatewayNoPath => "Enter the unit id in the gateway's table, or correct it here.",
        Ailment::GatewayTargetSilent => {
            "Check the power and bus wiring of the device, its unit id and its baud rate."
        }
        _ => "Check the device's power and wiring, then unit id, baud rate and parity.",
    }
}

fn since(facts: &Facts) -> String {
    facts.since.map_or_else(
        || "since the appliance started".to_owned(),
        |at| format!("since {}", to_second(at)),
    )
}

fn cause(facts: &Facts) -> &str {
    facts.cause.as_deref().unwrap_or("the cause is not known")
}

fn code(exception: Option<u8>) -> String {
    exception.map_or_else(String::new, |code| format!(" (exception {code})"))
}

/// `register 3109 (input, voltage_l1)` and how many more.
fn registers(facts: &Facts) -> String {
    let mut text = String::new();
    for register in &facts.registers {
        let table = register.function.name();
        let comma = if text.is_empty() { "register" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{comma} {} ({table}, {})",
            register.address, register.name
        );
    }
    let more = facts
        .times
        .unwrap_or(0)
        .saturating_sub(facts.registers.len());
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
