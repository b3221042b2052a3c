//! *pure* — what a measure saved, and how certain that is.
//!
//! Avoided energy is what the baseline expects minus what was measured (EVO 10000-1, IPMVP Core
//! Concepts, equation 1). Its interval comes from the regression itself: the variance of a sum of m
//! predictions is s²(m + gᵀ(XᵀX)⁻¹g), where g is the sum of their rows. Residuals that hang together
//! count as fewer observations, n' = n(1 − ρ)/(1 + ρ). Beside it stands the fractional uncertainty
//! of ASHRAE Guideline 14-2014, annex B: t · 1.26 · CV · √((n/n')(1 + 2/n')/m) / F.

use super::distribution::t_quantile;
use super::regression::{CONFIDENCE, count};
use serde::Serialize;
use utoipa::ToSchema;

/// What is known of the model that says what would have been used.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    /// Observations.
    pub observations: usize,
    /// Estimated numbers.
    pub parameters: usize,
    /// Standard error of the regression.
    pub standard_error: f64,
    /// The same by mean.
    pub cv_rmse: Option<f64>,
    /// Correlation of each residual with the one before.
    pub autocorrelation: Option<f64>,
    /// (XᵀX)⁻¹.
    pub inverse: &'a [Vec<f64>],
}

/// Energy that was not used.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Savings {
    /// Periods that count.
    pub periods: usize,
    /// What the baseline expects, with its adjustments, kWh.
    pub expected_kwh: f64,
    /// What was measured, kWh.
    pub measured_kwh: f64,
    /// Expected minus measured, kWh.
    pub saved_kwh: f64,
    /// The same by expected; `null` when nothing was expected.
    pub saved_fraction: Option<f64>,
    /// Lower end of the 90 % interval, kWh; `null` when the baseline has too few observations.
    pub low_kwh: Option<f64>,
    /// Upper end of the 90 % interval, kWh.
    pub high_kwh: Option<f64>,
    /// Half the interval by what was saved, as ASHRAE Guideline 14 computes it.
    pub ashrae_uncertainty: Option<f64>,
    /// Whether the interval leaves out zero: whether anything was saved (or wasted) at all.
    pub significant: bool,
}

/// What was saved over periods with these rows of the design, expected and measured energies. A
/// row begins with 1 where the model has an intercept.
#[must_use]
pub fn savings(basis: &Basis<'_>, rows: &[Vec<f64>], expected: f64, measured: f64) -> Savings {
    let saved = expected - measured;
    let independent = independent(basis);
    let freedom = independent - count(basis.parameters);
    let t = t_quantile(CONFIDENCE, freedom);
    let crowd = count(basis.observations) / independent;
    let half = t.map(|t| t * basis.standard_error * (crowd * spread(basis, rows)).max(0.0).sqrt());
    let saved_fraction = (expected != 0.0).then(|| saved / expected);
    let ashrae_uncertainty = t
        .zip(basis.cv_rmse)
        .zip(saved_fraction)
        .and_then(|((t, cv), f)| {
            let under = crowd * (1.0 + 2.0 / independent) / count(rows.len().max(1));
            (f != 0.0).then(|| (t * 1.26 * cv * under.sqrt() / f).abs())
        });
    Savings {
        periods: rows.len(),
        expected_kwh: expected,
        measured_kwh: measured,
        saved_kwh: saved,
        saved_fraction,
        low_kwh: half.map(|half| saved - half),
        high_kwh: half.map(|half| saved + half),
        ashrae_uncertainty,
        significant: half.is_some_and(|half| saved.abs() > half),
    }
}

/// How many independent observations the baseline is worth. Residuals that swing to and fro make
/// it no surer.
fn independent(basis: &Basis<'_>) -> f64 {
    let rho = basis.autocorrelation.unwrap_or(0.0).clamp(0.0, 0.99);
    count(basis.observations) * (1.0 - rho) / (1.0 + rho)
}

/// m + gᵀ(XᵀX)⁻¹g.
fn spread(basis: &Basis<'_>, rows: &[Vec<f64>]) -> f64 {
    let size = basis.inverse.len();
    let of = |n: usize| {
        rows.iter()
            .map(|row| row.get(n).copied().unwrap_or(0.0))
            .sum::<f64>()
    };
    let sum: Vec<f64> = (0..size).map(of).collect();
    let cell = |(row, column): (usize, usize)| sum[row] * basis.inverse[row][column] * sum[column];
    let cells = (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
    count(rows.len()) + cells.map(cell).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_the_one_of_the_textbook() {
        // Twelve months, level 100, s = 6: three months of 90. Var = s²(3 + 9/12).
        let inverse = vec![vec![1.0 / 12.0]];
        let mut basis = Basis {
            observations: 12,
            parameters: 1,
            standard_error: 6.0,
            cv_rmse: Some(0.06),
            autocorrelation: Some(-0.3),
            inverse: &inverse,
        };
        let rows = vec![vec![1.0]; 3];
        let found = savings(&basis, &rows, 300.0, 270.0);
        // t(0.95, 11) = 1.795885.
        let half = 1.795_885 * 6.0 * 3.75f64.sqrt();
        assert!(
            (found.low_kwh.unwrap() - (30.0 - half)).abs() < 1e-3,
            "{found:?}"
        );
        assert!((found.high_kwh.unwrap() - (30.0 + half)).abs() < 1e-3);
        assert!(found.significant);
        let ashrae = 1.795_885 * 1.26 * 0.06 * ((1.0 + 2.0 / 12.0) / 3.0f64).sqrt() / 0.1;
        assert!((found.ashrae_uncertainty.unwrap() - ashrae).abs() < 1e-5);
        // Residuals that hang together: n' = 12 · 0.5/1.5 = 4, three degrees of freedom.
        basis.autocorrelation = Some(0.5);
        let wider = savings(&basis, &rows, 300.0, 270.0);
        let half = 2.353_363 * 6.0 * (3.0 * 3.75f64).sqrt();
        assert!(
            (wider.high_kwh.unwrap() - (30.0 + half)).abs() < 1e-3,
            "{wider:?}"
        );
        assert!(!wider.significant);
        // Too few for any interval: none is invented.
        basis.observations = 1;
        assert_eq!(savings(&basis, &rows, 300.0, 270.0).low_kwh, None);
    }
}
