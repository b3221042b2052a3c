//! *pure* — the running sum of what was used beyond what was expected, and whether it drifts.
//!
//! The decision is Page's tabular CUSUM with the usual settings k = 0.5 and h = 5 standard errors
//! (NIST/SEMATECH e-Handbook 6.3.2.3; Montgomery, Introduction to Statistical Quality Control): in
//! a process that did not change it speaks once in about 465 periods, and it sees a shift of one
//! standard error after about ten.

use serde::Serialize;
use utoipa::ToSchema;

/// Shifts smaller than this many standard errors are not looked for.
const SLACK: f64 = 0.5;
/// A sum of this many standard errors is no chance.
const LIMIT: f64 = 5.0;

/// Which way a plant drifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DriftDirection)]
pub enum Direction {
    /// More is used than the baseline expects.
    More,
    /// Less is used than the baseline expects.
    Less,
}

/// A lasting change.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Which way.
    pub direction: Direction,
    /// Place of the first period of the change.
    pub since: usize,
    /// Place of the period in which it was certain.
    pub noticed: usize,
    /// Mean difference since then: the slope of the running sum, energy for each period.
    pub slope: f64,
}

/// The running sum of the differences, measured minus expected.
#[must_use]
pub fn running(differences: &[f64]) -> Vec<f64> {
    let add = |sum: &mut f64, difference: &f64| {
        *sum += difference;
        Some(*sum)
    };
    differences.iter().scan(0.0, add).collect()
}

/// The change that stands at the end of the series; `None` when the last periods are as expected.
#[must_use]
pub fn drift(differences: &[f64], standard_error: f64) -> Option<Drift> {
    if standard_error.is_nan() || standard_error <= 0.0 {
        return None;
    }
    let more = side(differences, standard_error, Direction::More);
    more.or_else(|| side(differences, standard_error, Direction::Less))
}

fn side(differences: &[f64], standard_error: f64, direction: Direction) -> Option<Drift> {
    let sign = if direction == Direction::More {
        1.0
    } else {
        -1.0
    };
    let (mut sum, mut since, mut noticed) = (0.0, 0, None);
    for (place, difference) in differences.iter().enumerate() {
        let next = sum + sign * difference / standard_error - SLACK;
        if next <= 0.0 {
            (sum, since, noticed) = (0.0, place + 1, None);
            continue;
        }
        // Beyond twice the limit nothing more is learnt, and the way back would be long.
        sum = next.min(2.0 * LIMIT);
        if sum > LIMIT && noticed.is_none() {
            noticed = Some(place);
        }
    }
    let noticed = noticed?;
    let changed = &differences[since..];
    Some(Drift {
        direction,
        since,
        noticed,
        slope: super::regression::mean(changed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_seen_with_its_beginning_and_its_size_and_forgotten_when_it_is_over() {
        // Plus and minus one standard error in turn is what a plant does.
        let swing = |n: usize| if n.is_multiple_of(2) { 8.0 } else { -8.0 };
        let calm: Vec<f64> = (0..60).map(swing).collect();
        assert_eq!(drift(&calm, 8.0), None);
        let mut shifted: Vec<f64> = (0..30).map(swing).collect();
        shifted.extend((30..60).map(|n| swing(n) + 16.0));
        let found = drift(&shifted, 8.0).unwrap();
        assert_eq!(found.direction, Direction::More);
        assert_eq!((found.since, found.noticed), (30, 32));
        assert!((found.slope - 16.0).abs() < 1e-9, "{found:?}");
        let less: Vec<f64> = shifted.iter().map(|d| -d).collect();
        assert_eq!(drift(&less, 8.0).unwrap().direction, Direction::Less);
        shifted.extend((60..90).map(swing));
        assert_eq!(drift(&shifted, 8.0), None);
        assert_eq!(running(&[1.0, -3.0, 2.5]), [1.0, -2.0, 0.5]);
        assert_eq!(drift(&[1.0; 50], 0.0), None);
    }
}
