//! *pure* — periods held against a baseline: the indicator, the difference and its running sum.

use super::adjustment::Adjustment;
use super::baseline::Baseline;
use super::cusum::{self, Direction};
use super::gather::{LeftOut, Observation};
use super::record::EnpiKind;
use super::savings::{Savings, savings};
use crate::base::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

const DAY_MS: f64 = 86_400_000.0;

/// One period beside its baseline.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EvaluatedPoint {
    #[serde(flatten)]
    #[schema(inline)]
    /// What happened.
    pub observed: Observation,
    /// The indicator: kWh for each day, kWh for each unit, or measured by expected.
    pub indicator: Option<f64>,
    /// What the baseline expects, without adjustments, kWh.
    pub expected_kwh: Option<f64>,
    /// What adjustments add to it, kWh.
    pub adjustment_kwh: f64,
    /// Measured minus expected and adjusted, kWh.
    pub difference_kwh: Option<f64>,
    /// The running sum of the differences, kWh.
    pub cusum_kwh: Option<f64>,
    /// Variables outside the range of the baseline: the model guesses there.
    pub beyond: Vec<String>,
    /// Why it does not count.
    pub left_out: Option<LeftOut>,
}

/// A lasting change.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DriftShown {
    /// Which way.
    pub direction: Direction,
    /// Start of its first period.
    pub since: Timestamp,
    /// Start of the period in which it was certain.
    pub noticed: Timestamp,
    /// Mean difference since then, kWh for each period.
    pub kwh_per_period: f64,
}

/// A range of periods beside their baseline.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Evaluation {
    /// Version of the baseline; `null` when there is none.
    pub baseline: Option<u32>,
    /// Unit of the indicator.
    pub unit: String,
    /// The periods.
    pub points: Vec<EvaluatedPoint>,
    /// What was saved in those that count; `null` without a baseline.
    pub savings: Option<Savings>,
    /// The lasting change that stands at the end.
    pub drift: Option<DriftShown>,
    /// Periods that do not count.
    pub left_out: usize,
    /// Whether the place of the meter tree has other meters now than when the baseline was made:
    /// the baseline still counts those that it was made of.
    pub boundary_changed: bool,
}

/// What adjustments add to a period, kWh.
pub(super) fn adjusted(adjustments: &[Adjustment], period: &Observation) -> f64 {
    let part = |a: &Adjustment| {
        let to = a.to.map_or(period.end, |to| to.min(period.end));
        #[allow(clippy::cast_precision_loss)] // a month
        let overlap = to.since_ms(a.from.max(period.start)).max(0) as f64;
        a.kwh_per_day * overlap / DAY_MS
    };
    adjustments
        .iter()
        .map(part)
        .fold(0.0, |sum, part| sum + part)
}

/// Periods without a baseline: what was measured, and the indicator where it needs none.
#[must_use]
pub fn bare(
    kind: EnpiKind,
    unit: String,
    coverage_min: f64,
    observations: Vec<Observation>,
    now: Timestamp,
) -> Evaluation {
    let point = |observed: Observation| {
        let left_out = observed.left_out(coverage_min, now);
        EvaluatedPoint {
            indicator: left_out
                .is_none()
                .then(|| indicator(kind, &observed, None))
                .flatten(),
            observed,
            expected_kwh: None,
            adjustment_kwh: 0.0,
            difference_kwh: None,
            cusum_kwh: None,
            beyond: Vec::new(),
            left_out,
        }
    };
    let points: Vec<_> = observations.into_iter().map(point).collect();
    Evaluation {
        baseline: None,
        unit,
        left_out: points.iter().filter(|p| p.left_out.is_some()).count(),
        boundary_changed: false,
        points,
        savings: None,
        drift: None,
    }
}

/// Periods beside a baseline.
#[must_use]
pub fn against(
    baseline: &Baseline,
    adjustments: &[Adjustment],
    unit: String,
    observations: Vec<Observation>,
    now: Timestamp,
) -> Evaluation {
    let kind = baseline.recipe.kind;
    let mut points = Vec::with_capacity(observations.len());
    let (mut rows, mut differences, mut places) = (Vec::new(), Vec::new(), Vec::new());
    let (mut expected_sum, mut measured_sum) = (0.0, 0.0);
    for observed in observations {
        let left_out = observed.left_out(baseline.recipe.coverage_min, now);
        let expected = baseline.expected(&observed);
        let adjustment = adjusted(adjustments, &observed);
        let counts = left_out
            .is_none()
            .then_some(())
            .and(observed.energy_kwh.zip(expected));
        let difference = counts.map(|(measured, expected)| measured - expected - adjustment);
        if let (Some((measured, expected)), Some(row)) = (counts, baseline.row(&observed)) {
            rows.push(row);
            expected_sum += expected + adjustment;
            measured_sum += measured;
            differences.push(measured - expected - adjustment);
            places.push(points.len());
        }
        points.push(EvaluatedPoint {
            indicator: counts
                .and_then(|(_, expected)| indicator(kind, &observed, Some(expected + adjustment))),
            beyond: baseline.beyond(&observed),
            observed,
            expected_kwh: expected,
            adjustment_kwh: adjustment,
            difference_kwh: difference,
            cusum_kwh: None,
            left_out,
        });
    }
    for (place, sum) in places.iter().zip(cusum::running(&differences)) {
        points[*place].cusum_kwh = Some(sum);
    }
    let start = |n: usize| points[places[n]].observed.start;
    let drift = cusum::drift(&differences, baseline.model.quality.standard_error);
    Evaluation {
        baseline: Some(baseline.version),
        unit,
        drift: drift.map(|drift| DriftShown {
            direction: drift.direction,
            since: start(drift.since),
            noticed: start(drift.noticed),
            kwh_per_period: drift.slope,
        }),
        savings: Some(savings(
            &baseline.basis(),
            &rows,
            expected_sum,
            measured_sum,
        )),
        left_out: points.iter().filter(|p| p.left_out.is_some()).count(),
        boundary_changed: false,
        points,
    }
}

/// The indicator of a period that counts.
fn indicator(kind: EnpiKind, observed: &Observation, expected: Option<f64>) -> Option<f64> {
    let by = match kind {
        EnpiKind::Value => Some(observed.days()),
        EnpiKind::Ratio => observed.values.first().copied().flatten(),
        EnpiKind::Model => expected,
    };
    let (energy, by) = observed.energy_kwh.zip(by)?;
    (by != 0.0).then(|| energy / by)
}
