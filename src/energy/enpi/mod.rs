//! Energy performance: indicators, their baselines, and what is proven by them.
//!
//! Promises: a baseline says from which data it came and is never overwritten; a figure says its
//! period, its coverage and what was left out; an interval stands beside every saving. Will not
//! do: fill a gap, or call a difference a saving that chance explains.

mod adjustment;
mod baseline;
mod baselines;
pub mod change_point;
pub mod cusum;
mod day_target;
pub mod distribution;
mod drift;
mod entries;
mod evaluate;
mod gather;
pub mod least_squares;
mod plan;
mod production;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod published_tests;
mod record;
pub mod regression;
pub mod savings;
mod service;

pub use adjustment::{Adjustment, NewAdjustment};
pub use baseline::{Baseline, BaselinePoint, Exclusion, NewBaseline, Warning as BaselineWarning};
pub use day_target::{DayObjective, DayObjectiveOpen};
pub use drift::{EnpiDrift, EnpiStanding};
pub use evaluate::{DriftShown, EvaluatedPoint, Evaluation};
pub use gather::{LeftOut, Observation};
pub use plan::{NewPlanItem, PlanItem, PlanKind, PlanProgress, PlanState};
pub use production::{Entry, ProductionReport, RefusedEntry};
pub use record::{
    Enpi, EnpiKind, EnpiPeriod, NewEnpi, Recipe, Reduction, Side, Variable, VariableSource,
};
pub use regression::Quality as FitQuality;
pub use service::Enpis;
