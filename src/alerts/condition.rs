//! *pure* — what a rule looks at, checked when it comes in.

use crate::base::error::Checks;
use crate::base::sample::MetricKind;
use crate::base::{EquipmentId, Metric, Phase, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest window, minutes: a day.
const WINDOW_MAX_MIN: u32 = 24 * 60;
/// Longest silence that a rule waits for, s: a week.
const SILENCE_MAX_S: u32 = 7 * 24 * 3_600;
/// Deepest combination: what is deeper nobody reads.
const DEPTH_MAX: usize = 4;
/// Comparisons of one combination.
const LEAVES_MAX: usize = 16;
/// Values of one state.
const STATES_MAX: usize = 32;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Operator {
    /// Above.
    #[serde(rename = ">")]
    Above,
    /// At or above.
    #[serde(rename = ">=")]
    AtLeast,
    /// Below.
    #[serde(rename = "<")]
    Below,
    /// At or below.
    #[serde(rename = "<=")]
    AtMost,
    /// Equal; the dead band is the tolerance.
    #[serde(rename = "==")]
    Equal,
    /// Not equal; the dead band is the tolerance.
    #[serde(rename = "!=")]
    Differs,
}

impl Operator {
    /// Whether the comparison holds. One that held already holds until the value is back beyond
    /// the dead band.
    #[must_use]
    pub fn holds(self, value: f64, threshold: f64, dead_band: f64, held: bool) -> bool {
        let band = if held { dead_band } else { 0.0 };
        match self {
            Self::Above => value > threshold - band,
            Self::AtLeast => value >= threshold || (held && value > threshold - band),
            Self::Below => value < threshold + band,
            Self::AtMost => value <= threshold || (held && value < threshold + band),
            Self::Equal => (value - threshold).abs() <= dead_band,
            Self::Differs => (value - threshold).abs() > dead_band,
        }
    }

    /// Whether a greater value is a worse one.
    #[must_use]
    pub const fn is_upward(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast)
    }

    /// Whether a smaller value is a worse one.
    #[must_use]
    pub const fn is_downward(self) -> bool {
        matches!(self, Self::Below | Self::AtMost)
    }

    /// Its name among the words of the languages.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::AtLeast => "at_least",
            Self::Below => "below",
            Self::AtMost => "at_most",
            Self::Equal => "equal",
            Self::Differs => "differs",
        }
    }

    /// As in a sentence.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::AtLeast => "at or above",
            Self::Below => "below",
            Self::AtMost => "at or below",
            Self::Equal => "equal to",
            Self::Differs => "other than",
        }
    }
}

/// What is made of the values of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowFunction {
    /// Their mean.
    Mean,
    /// The greatest.
    Max,
    /// The smallest.
    Min,
    /// What a counter grew by.
    Energy,
}

/// One comparison of a combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertComparison)]
pub struct Comparison {
    /// Of which equipment; of the rule's when absent.
    #[serde(default)]
    pub equipment_id: Option<EquipmentId>,
    /// The quantity.
    pub metric: Metric,
    /// The conductor; the whole device when absent.
    #[serde(default = "total")]
    pub phase: Phase,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub threshold: f64,
    /// How far back it must come before it no longer holds.
    #[serde(default)]
    pub dead_band: f64,
}

/// Comparisons joined by and, or, not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = AlertTerm)]
pub enum Term {
    /// All of them hold.
    #[schema(no_recursion)]
    All(Vec<Term>),
    /// One of them holds.
    #[schema(no_recursion)]
    Any(Vec<Term>),
    /// It does not hold.
    #[schema(no_recursion)]
    Not(Box<Term>),
    /// This comparison holds.
    Is(Comparison),
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = AlertCondition)]
pub enum Condition {
    /// A value beyond a limit.
    Threshold {
        /// The quantity.
        metric: Metric,
        /// The conductor; the whole device when absent.
        #[serde(default = "total")]
        phase: Phase,
        /// How it is compared.
        operator: Operator,
        /// With what.
        threshold: f64,
    },
    /// A value that changes too quickly.
    Rate {
        /// The quantity.
        metric: Metric,
        /// The conductor; the whole device when absent.
        #[serde(default = "total")]
        phase: Phase,
        /// How the change is compared.
        operator: Operator,
        /// Change per minute, in the unit of the quantity.
        threshold: f64,
        /// Over which time the change is taken, minutes.
        minutes: u32,
    },
    /// The equipment says nothing.
    NoData {
        /// For how long, s.
        silent_s: u32,
    },
    /// The mean, the extreme or the energy of the last minutes.
    Window {
        /// The quantity.
        metric: Metric,
        /// The conductor; the whole device when absent.
        #[serde(default = "total")]
        phase: Phase,
        /// What is made of the values.
        function: WindowFunction,
        /// How it is compared.
        operator: Operator,
        /// With what.
        threshold: f64,
        /// Of how many minutes; the window moves in sixty steps.
        minutes: u32,
    },
    /// A value that is one of these.
    State {
        /// The quantity.
        metric: Metric,
        /// The conductor; the whole device when absent.
        #[serde(default = "total")]
        phase: Phase,
        /// The values that mean trouble.
        values: Vec<f64>,
    },
    /// Several comparisons at once.
    Combination {
        /// The comparisons.
        term: Term,
    },
}

pub(super) const fn total() -> Phase {
    Phase::Total
}

/// One series that a rule follows; no equipment means the rule's own.
pub(super) type Followed = (Option<EquipmentId>, Metric, Phase);

impl Term {
    /// Its comparisons from left to right.
    pub(super) fn leaves(&self) -> Vec<&Comparison> {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().flat_map(Self::leaves).collect(),
            Self::Not(term) => term.leaves(),
            Self::Is(leaf) => vec![leaf],
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::All(terms) | Self::Any(terms) => {
                1 + terms.iter().map(Self::depth).max().unwrap_or(0)
            }
            Self::Not(term) => 1 + term.depth(),
            Self::Is(_) => 1,
        }
    }

    /// Whether it holds, from what each comparison says in turn; `None` while that is not known.
    pub(super) fn judge(&self, leaves: &mut impl Iterator<Item = Option<bool>>) -> Option<bool> {
        match self {
            Self::Is(_) => leaves.next().flatten(),
            Self::Not(term) => term.judge(leaves).map(|holds| !holds),
            Self::All(terms) => join(terms, leaves, false),
            Self::Any(terms) => join(terms, leaves, true),
        }
    }
}

/// One that says `decides` decides, whatever the others say; otherwise all have to be known.
fn join(
    terms: &[Term],
    leaves: &mut impl Iterator<Item = Option<bool>>,
    decides: bool,
) -> Option<bool> {
    // Each is asked: they take their leaves from one line.
    let said: Vec<_> = terms.iter().map(|term| term.judge(leaves)).collect();
    if said.contains(&Some(decides)) {
        return Some(decides);
    }
    (!said.contains(&None)).then_some(!decides)
}

impl Condition {
    pub(super) fn check(&self, dead_band: f64) -> Result<()> {
        let mut checks = Checks::default();
        let finite = |checks: &mut Checks, value: f64| {
            checks.require(value.is_finite(), "threshold", "A finite number.");
        };
        let window = |checks: &mut Checks, minutes: u32| {
            let fits = (1..=WINDOW_MAX_MIN).contains(&minutes);
            checks.require(fits, "minutes", "1 to 1440 minutes.");
        };
        match self {
            Self::Threshold { threshold, .. } => finite(&mut checks, *threshold),
            Self::Rate {
                threshold, minutes, ..
            } => {
                finite(&mut checks, *threshold);
                window(&mut checks, *minutes);
            }
            Self::NoData { silent_s } => {
                let fits = (5..=SILENCE_MAX_S).contains(silent_s);
                checks.require(fits, "silent_s", "5 s to 604800 s, a week.");
            }
            Self::Window {
                metric,
                function,
                threshold,
                minutes,
                ..
            } => {
                finite(&mut checks, *threshold);
                window(&mut checks, *minutes);
                let counts = metric.kind() == MetricKind::Counter;
                let fits = (*function == WindowFunction::Energy) == counts;
                let sentence = "Energy is taken of a counter such as consumption; the other \
                                functions of any other quantity.";
                checks.require(fits, "function", sentence);
            }
            Self::State { values, .. } => {
                let fits = (1..=STATES_MAX).contains(&values.len())
                    && values.iter().all(|value| value.is_finite());
                checks.require(fits, "values", "1 to 32 finite numbers.");
            }
            Self::Combination { term } => {
                checks.require(term.depth() <= DEPTH_MAX, "term", "At most 4 levels deep.");
                let leaves = term.leaves();
                let fits = (1..=LEAVES_MAX).contains(&leaves.len());
                checks.require(fits, "term", "1 to 16 comparisons.");
                let finite = |leaf: &&Comparison| {
                    leaf.threshold.is_finite()
                        && leaf.dead_band.is_finite()
                        && leaf.dead_band >= 0.0
                };
                let sentence = "Finite thresholds, and dead bands of 0 or more.";
                checks.require(leaves.iter().all(finite), "term", sentence);
                let sentence = "A combination has its dead bands in its comparisons.";
                checks.require(dead_band <= 0.0, "dead_band", sentence);
            }
        }
        checks.finish()
    }

    /// The series that it follows.
    pub(super) fn followed(&self) -> Vec<Followed> {
        match self {
            Self::Threshold { metric, phase, .. }
            | Self::Rate { metric, phase, .. }
            | Self::Window { metric, phase, .. }
            | Self::State { metric, phase, .. } => vec![(None, metric.clone(), *phase)],
            Self::NoData { .. } => Vec::new(),
            Self::Combination { term } => {
                let of = |leaf: &&Comparison| (leaf.equipment_id, leaf.metric.clone(), leaf.phase);
                term.leaves().iter().map(of).collect()
            }
        }
    }

    /// The comparison with one number, if it is one.
    #[must_use]
    pub fn comparison(&self) -> Option<(Operator, f64)> {
        match self {
            Self::Threshold {
                operator,
                threshold,
                ..
            }
            | Self::Rate {
                operator,
                threshold,
                ..
            }
            | Self::Window {
                operator,
                threshold,
                ..
            } => Some((*operator, *threshold)),
            _ => None,
        }
    }

    /// The quantity, if it is one.
    #[must_use]
    pub fn quantity(&self) -> Option<(&Metric, Phase)> {
        match self {
            Self::Threshold { metric, phase, .. }
            | Self::Rate { metric, phase, .. }
            | Self::Window { metric, phase, .. }
            | Self::State { metric, phase, .. } => Some((metric, *phase)),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
