//! *pure* — conditions and numbers as people write them.

use super::condition::{Condition, WindowFunction};
use crate::base::{Metric, Phase};

/// A name from the condition: `power above 80`.
pub(super) fn name_of(condition: &Condition) -> String {
    let of = |metric: &Metric, phase: Phase| {
        let words = metric.as_str().replace('_', " ");
        match phase.line() {
            Some(line) => format!("{words} {line}"),
            None => words,
        }
    };
    match condition {
        Condition::Threshold {
            metric,
            phase,
            operator,
            threshold,
        } => format!("{} {} {threshold}", of(metric, *phase), operator.words()),
        Condition::Rate {
            metric,
            phase,
            operator,
            threshold,
            ..
        } => {
            let what = of(metric, *phase);
            format!("{what} changes {} {threshold} per minute", operator.words())
        }
        Condition::NoData { silent_s } => format!("no data for {silent_s} s"),
        Condition::Window {
            metric,
            phase,
            function,
            operator,
            threshold,
            minutes,
        } => {
            let function = match function {
                WindowFunction::Mean => "mean",
                WindowFunction::Max => "greatest",
                WindowFunction::Min => "smallest",
                WindowFunction::Energy => "growth of",
            };
            let (what, words) = (of(metric, *phase), operator.words());
            format!("{function} {what} of {minutes} min {words} {threshold}")
        }
        Condition::State { metric, phase, .. } => format!("state of {}", of(metric, *phase)),
        Condition::Combination { term } => {
            format!("combination of {}", term.leaves().len())
        }
    }
}

/// A number with three significant decimals at most, as a person writes it.
pub(super) fn text_of(number: f64) -> String {
    let text = match number.abs() {
        1_000.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        _ => format!("{number:.3}"),
    };
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
