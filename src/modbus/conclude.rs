//! *pure* — how an exchange ended: what the gate saw and what the library decoded, joined.

use super::frame::{Asked, Judgement, words_in};
use super::gate::Exchange;
use super::journal::Outcome;
use super::{Framing, LineError};
use crate::base::time::duration_ms;
use std::io;
use std::time::Duration;

/// What the library made of an answer, when no words.
pub(super) enum Said {
    Exception(u8),
    Nonsense(String),
    Failed(io::Error),
}

/// How an exchange ended.
pub(super) struct Conclusion {
    pub(super) outcome: Outcome,
    pub(super) words: Result<Vec<u16>, LineError>,
}

impl Conclusion {
    pub(super) const fn exception(&self) -> Option<u8> {
        match self.words {
            Err(LineError::Exception(code)) => Some(code),
            _ => None,
        }
    }
}

/// Joins what the gate saw and what the library decoded; `said` is nothing after a time-out.
/// Words count only when both agree.
pub(super) fn conclude(
    asked: Asked,
    framing: Framing,
    exchange: &Exchange,
    said: Option<Result<Vec<u16>, Said>>,
    answer_timeout: Duration,
) -> Conclusion {
    let failed = |outcome, error| Conclusion {
        outcome,
        words: Err(error),
    };
    match (exchange.judgement, said) {
        (Judgement::Wrong(outcome), _) => failed(outcome, doubt(asked, framing, exchange, outcome)),
        (Judgement::Answer { .. }, Some(Ok(words))) if words.len() == usize::from(asked.count) => {
            Conclusion {
                outcome: Outcome::Answered,
                words: Ok(words),
            }
        }
        (Judgement::Answer { .. }, Some(Err(Said::Exception(code)))) => {
            failed(Outcome::Exception, LineError::Exception(code))
        }
        (Judgement::Answer { .. }, said) => {
            let cause = match said {
                Some(Err(Said::Nonsense(cause))) => cause,
                Some(Err(Said::Failed(error))) => error.to_string(),
                _ => "its data are no words".to_owned(),
            };
            failed(Outcome::Garbage, LineError::Mismatch(cause))
        }
        (Judgement::Incomplete, Some(said)) => {
            let kind = exchange.closed.or(match said {
                Err(Said::Failed(error)) => Some(error.kind()),
                _ => None,
            });
            let end = match kind {
                Some(io::ErrorKind::ConnectionReset) => "reset",
                Some(io::ErrorKind::BrokenPipe) => "broken pipe",
                Some(io::ErrorKind::TimedOut) => "nobody acknowledged what was sent",
                _ => "end of stream",
            };
            failed(Outcome::Closed, LineError::Closed(end.to_owned()))
        }
        (Judgement::Incomplete, None) => {
            let outcome = match exchange.came.is_empty() {
                true => Outcome::TimedOut,
                false => Outcome::Incomplete,
            };
            let error = LineError::Timeout {
                unit: asked.unit,
                timeout_ms: duration_ms(answer_timeout),
            };
            failed(outcome, error)
        }
    }
}

/// What is wrong with an answer, in words.
fn doubt(asked: Asked, framing: Framing, exchange: &Exchange, outcome: Outcome) -> LineError {
    let sentence = match outcome {
        Outcome::CrcWrong => return LineError::Crc(asked.unit),
        Outcome::WrongLength => {
            return LineError::WordCount {
                asked: asked.count,
                got: words_in(framing, asked.function, &exchange.came),
            };
        }
        Outcome::OtherTransaction => "it belongs to an earlier one",
        Outcome::OtherUnit => "another unit answered",
        Outcome::OtherFunction => "another function",
        Outcome::Extra => "more than one answer came",
        _ => "what came is no Modbus",
    };
    LineError::Mismatch(sentence.to_owned())
}
