//! *pure* — what ails a device, in plain words, from what was said on its line.
//!
//! Promises: every diagnosis names what was seen and what to do, the most pressing first; a device
//! that is well is said to be well. Will not do: guess where nothing was seen.

mod diagnosis;
mod registers;
#[cfg(test)]
mod tests;
mod words;

pub use diagnosis::{Ailment, Diagnosis, Facts, Severity};
pub use registers::RefusedRegister;

use super::line_report::{LATELY_MS, LineReport, LineState};
use super::link::{Link, LinkState};
use super::plausibility::Plausibility;
use crate::base::{EquipmentId, Timestamp};
use crate::modbus::journal::{Frame, Journal, Outcome, meaning};
use crate::modbus::{Framing, ReadPlan};
use diagnosis::found;

/// The most exchanges that are looked at: what was longer ago says little about tonight.
const EXCHANGES_MAX: usize = 200;
/// Fewer than so many of a kind are a coincidence.
const SEEN_AT_LEAST: usize = 2;
/// A wire that damages more than this share of the answers is not in order.
const DAMAGED_SHARE: f64 = 0.005;
/// Answers that are lost beyond this share cost readings.
const LOST_SHARE: f64 = 0.01;
/// Of the configured time-out, what 95 % of the answers may take.
const SLOW_SHARE: f64 = 0.5;

/// What is known of a polled device.
pub struct Symptoms<'a> {
    /// The equipment.
    pub equipment: EquipmentId,
    /// Its line.
    pub line: &'a LineReport,
    /// The unit id that is asked.
    pub unit_id: u8,
    /// How long an answer may take, as configured, ms.
    pub timeout_ms: u64,
    /// What it is asked for.
    pub reads: &'a ReadPlan,
    /// How its link is doing.
    pub link: &'a Link,
    /// When it last brought a value; known from before the last restart, too.
    pub last_good_at: Option<Timestamp>,
    /// What was last said to and by it, oldest first.
    pub exchanges: &'a [Frame],
    /// How far it has proved itself.
    pub plausibility: &'a Plausibility,
}

/// The exchanges of the last hour with one unit that a diagnosis looks at, oldest first.
#[must_use]
pub fn last_exchanges(journal: &Journal, unit_id: u8, now: Timestamp) -> Vec<Frame> {
    let since = now.minus_ms(LATELY_MS);
    let newest_first = journal.look().newest_first();
    let mut exchanges: Vec<_> = newest_first
        .take_while(|frame| frame.at >= since)
        .filter(|frame| frame.unit == unit_id && !frame.outcome.is_of_the_line())
        .take(EXCHANGES_MAX)
        .collect();
    exchanges.reverse();
    exchanges
}

/// What is said of equipment that nobody polls.
#[must_use]
pub fn not_polled() -> Vec<Diagnosis> {
    vec![found(Severity::Info, Ailment::NotPolled, Facts::default())]
}

/// What ails a device: never empty, the most pressing first.
#[must_use]
pub fn diagnose(symptoms: &Symptoms<'_>) -> Vec<Diagnosis> {
    // What is known by register says more than the outage that follows from it.
    let mut all = symptoms.of_registers();
    if symptoms.is_down() {
        all.push(symptoms.outage());
    }
    all.extend(symptoms.of_answers());
    all.extend(symptoms.of_pace());
    all.extend(symptoms.of_line());
    all.extend(symptoms.of_proof());
    // The outage and the share of what led to it are one thing; a device that is silent at some
    // registers only is not silent.
    let mut known = Vec::new();
    let has = |ailment| all.iter().any(|found: &Diagnosis| found.ailment == ailment);
    let ignores = has(Ailment::RegistersIgnored);
    let refuses_some = has(Ailment::RegistersRefused);
    all.retain(|diagnosis| {
        let new = !known.contains(&diagnosis.ailment);
        known.push(diagnosis.ailment);
        new && !(ignores && diagnosis.ailment.is_silence())
            && !(refuses_some && diagnosis.ailment == Ailment::RefusesAll)
    });
    if all.is_empty() {
        all.push(symptoms.all_well());
    }
    all.sort_by_key(|diagnosis| (diagnosis.severity, diagnosis.ailment));
    all
}

impl Symptoms<'_> {
    fn is_down(&self) -> bool {
        self.link.failures > 0 || self.link.state == LinkState::Waiting
    }

    const fn framing(&self) -> Framing {
        match self.line.protocol {
            super::source::Protocol::Tcp => Framing::Tcp,
            super::source::Protocol::RtuOverTcp | super::source::Protocol::Rtu => Framing::Rtu,
        }
    }

    fn since(&self) -> Option<Timestamp> {
        self.last_good_at.max(self.link.last_success_at)
    }

    fn others(&self) -> (usize, usize) {
        let others = self.line.devices.iter();
        let others: Vec<_> = others.filter(|d| d.equipment != self.equipment).collect();
        let answering = others.iter().filter(|device| device.answers()).count();
        (answering, others.len())
    }

    fn facts(&self) -> Facts {
        let (answering, others) = self.others();
        Facts {
            since: self.since(),
            others_answering: Some(answering),
            others: Some(others),
            unit_id: Some(self.unit_id),
            timeout_ms: Some(self.timeout_ms),
            ..Facts::default()
        }
    }

    /// Why it does not answer: what came most often since it last did.
    fn outage(&self) -> Diagnosis {
        let facts = self.facts();
        if self.line.state == LineState::Unreachable {
            let facts = Facts {
                cause: self.link.last_error.clone(),
                ..facts
            };
            let ailment = match self.line.serial {
                Some(_) => Ailment::PortUnavailable,
                None => Ailment::LineUnreachable,
            };
            return found(Severity::Fault, ailment, facts);
        }
        let answered = |frame: &Frame| frame.outcome == Outcome::Answered;
        let behind = self.exchanges.iter().rposition(answered);
        let run = &self.exchanges[behind.map_or(0, |last| last + 1)..];
        let ailment = most_frequent(run).and_then(|(outcome, exception)| match outcome {
            Outcome::Exception => exception.map(of_exception),
            other => of_outcome(other),
        });
        let facts = Facts {
            exception: run.last().and_then(|frame| frame.exception),
            ..facts
        };
        let fault = |ailment| found(Severity::Fault, ailment, facts.clone());
        match ailment {
            Some(Ailment::OtherUnitAnswers) => {
                let answered_by = self.who_answered();
                let facts = Facts {
                    answered_by,
                    ..facts
                };
                found(Severity::Fault, Ailment::OtherUnitAnswers, facts)
            }
            Some(ailment) => fault(ailment),
            None => match (facts.others_answering, facts.others) {
                (_, Some(0)) => fault(Ailment::AloneSilent),
                (Some(0), _) => fault(Ailment::BusSilent),
                _ if facts.since.is_none() => fault(Ailment::NeverAnswered),
                _ => fault(Ailment::DeviceSilent),
            },
        }
    }

    /// Who answered instead, in the order of their ids.
    fn who_answered(&self) -> Vec<u8> {
        let others = self.exchanges.iter();
        let others = others.filter(|frame| frame.outcome == Outcome::OtherUnit);
        let mut units: Vec<_> = others
            .filter_map(|frame| meaning(self.framing(), frame).answered_by)
            .collect();
        units.sort_unstable();
        units.dedup();
        units
    }

    /// What came in place of answers, and how often.
    fn of_answers(&self) -> Vec<Diagnosis> {
        let mut all = Vec::new();
        for (ailment, share_max) in [
            (Ailment::Damaged, DAMAGED_SHARE),
            (Ailment::TwoDevices, 0.0),
            (Ailment::OtherUnitAnswers, 0.0),
            (Ailment::WrongLength, 0.0),
            (Ailment::StrangeAnswers, 0.0),
            (Ailment::ConnectionClosed, LOST_SHARE),
        ] {
            let is = |frame: &&Frame| of_outcome(frame.outcome) == Some(ailment);
            all.extend(self.share(ailment, share_max, is));
        }
        for ailment in [
            Ailment::GatewayNoPath,
            Ailment::GatewayTargetSilent,
            Ailment::DeviceFailure,
            Ailment::Busy,
        ] {
            let is = |frame: &&Frame| frame.exception.map(of_exception) == Some(ailment);
            all.extend(self.share(ailment, LOST_SHARE, is));
        }
        if !self.is_down() {
            let lost =
                |frame: &&Frame| matches!(frame.outcome, Outcome::TimedOut | Outcome::Incomplete);
            all.extend(self.share(Ailment::AnswersLost, LOST_SHARE, lost));
        }
        all
    }

    /// A warning when more than this share of the last exchanges ended so.
    fn share(
        &self,
        ailment: Ailment,
        share_max: f64,
        is: impl Fn(&&Frame) -> bool,
    ) -> Option<Diagnosis> {
        let seen: Vec<_> = self.exchanges.iter().filter(is).collect();
        let share = seen.len() as f64 / self.exchanges.len().max(1) as f64;
        if seen.len() < SEEN_AT_LEAST || share <= share_max {
            return None;
        }
        let answered_by = match ailment {
            Ailment::OtherUnitAnswers => self.who_answered(),
            _ => Vec::new(),
        };
        let facts = Facts {
            since: seen.first().map(|frame| frame.at),
            share_percent: Some((share * 1_000.0).round() / 10.0),
            times: Some(seen.len()),
            exception: seen.last().and_then(|frame| frame.exception),
            answered_by,
            ..self.facts()
        };
        Some(found(Severity::Warning, ailment, facts))
    }

    fn of_pace(&self) -> Option<Diagnosis> {
        let p95_ms = self.link.round_trip_p95_ms.filter(|_| !self.is_down())?;
        if p95_ms <= self.timeout_ms as f64 * SLOW_SHARE {
            return None;
        }
        let facts = Facts {
            p95_ms: Some((p95_ms * 10.0).round() / 10.0),
            since: None,
            ..self.facts()
        };
        Some(found(Severity::Warning, Ailment::Slow, facts))
    }

    fn of_line(&self) -> Option<Diagnosis> {
        let times = usize::try_from(self.line.statistics.unasked).unwrap_or(usize::MAX);
        let lately = self.line.last_hour.strange > 0;
        (times >= SEEN_AT_LEAST && lately).then(|| {
            let facts = Facts {
                since: None,
                times: Some(times),
                ..self.facts()
            };
            found(Severity::Warning, Ailment::Unasked, facts)
        })
    }

    fn of_proof(&self) -> Vec<Diagnosis> {
        let severity = match self.plausibility.believed {
            true => Severity::Info,
            false => Severity::Warning,
        };
        let findings = self.plausibility.findings.iter();
        let causes: Vec<_> = findings.map(|finding| finding.sentence.clone()).collect();
        if causes.is_empty() {
            return Vec::new();
        }
        let facts = Facts {
            since: self
                .plausibility
                .findings
                .iter()
                .filter_map(|f| f.since)
                .min(),
            cause: Some(causes.join(" ")),
            ..Facts::default()
        };
        vec![found(severity, Ailment::Implausible, facts)]
    }

    fn all_well(&self) -> Diagnosis {
        if self.link.last_success_at.is_none() {
            return found(Severity::Info, Ailment::NotAskedYet, self.facts());
        }
        let facts = Facts {
            p95_ms: self
                .link
                .round_trip_p95_ms
                .map(|ms| (ms * 10.0).round() / 10.0),
            ..self.facts()
        };
        found(Severity::Fine, Ailment::Fine, facts)
    }
}

/// How most of these ended.
fn most_frequent(run: &[Frame]) -> Option<(Outcome, Option<u8>)> {
    let kinds = || run.iter().map(|frame| (frame.outcome, frame.exception));
    kinds().max_by_key(|kind| kinds().filter(|other| other == kind).count())
}

/// What an answer that is none says; silence says nothing by itself.
const fn of_outcome(outcome: Outcome) -> Option<Ailment> {
    match outcome {
        Outcome::CrcWrong | Outcome::Garbage => Some(Ailment::Damaged),
        Outcome::Extra => Some(Ailment::TwoDevices),
        Outcome::OtherUnit => Some(Ailment::OtherUnitAnswers),
        Outcome::WrongLength => Some(Ailment::WrongLength),
        Outcome::OtherTransaction | Outcome::OtherFunction => Some(Ailment::StrangeAnswers),
        Outcome::Closed => Some(Ailment::ConnectionClosed),
        _ => None,
    }
}

const fn of_exception(code: u8) -> Ailment {
    match code {
        1..=3 => Ailment::RefusesAll,
        5 | 6 => Ailment::Busy,
        10 => Ailment::GatewayNoPath,
        11 => Ailment::GatewayTargetSilent,
        _ => Ailment::DeviceFailure,
    }
}
