//! *pure* — least squares by Householder reflections.
//!
//! No normal equations: they square the condition of the problem. Columns are scaled to length one
//! first, and the answer is refined once with its own residuals (Golub and Van Loan, Matrix
//! Computations, 5.2 and 5.3). The published data sets of the tests keep it honest.

/// What is left of a column of length one when the others are taken out of it, below which it is
/// taken for a sum of the others: rounding alone leaves about 1e-15.
const INDEPENDENT: f64 = 1e-13;

/// The answer to a system of more equations than unknowns.
#[derive(Clone, Debug)]
pub struct Solution {
    /// One for each column.
    pub coefficients: Vec<f64>,
    /// The inverse of XᵀX, row by row: what the standard errors are made of.
    pub inverse: Vec<Vec<f64>>,
}

/// The column of this number is a sum of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependent(pub usize);

/// A matrix as reflections and what they leave above the diagonal.
struct Factored {
    /// Column by column: the reflections on and below the diagonal, R above it.
    columns: Vec<Vec<f64>>,
    /// The diagonal of R.
    diagonal: Vec<f64>,
    /// By what each column was divided.
    scales: Vec<f64>,
}

/// The coefficients whose sum of columns is nearest to `y`. There are at least as many rows as
/// columns, and each column has as many as `y`.
///
/// # Errors
/// The first column that says nothing that those before it do not say.
pub fn solve(columns: &[Vec<f64>], y: &[f64]) -> Result<Solution, Dependent> {
    let factored = factor(columns)?;
    let mut coefficients = factored.answer(y);
    let rest = residuals(columns, y, &coefficients);
    for (coefficient, more) in coefficients.iter_mut().zip(factored.answer(&rest)) {
        *coefficient += more;
    }
    Ok(Solution {
        coefficients,
        inverse: factored.inverse(),
    })
}

/// What a sum of columns leaves of `y`.
#[must_use]
pub fn residuals(columns: &[Vec<f64>], y: &[f64], coefficients: &[f64]) -> Vec<f64> {
    let mut rest = y.to_vec();
    for (column, coefficient) in columns.iter().zip(coefficients) {
        for (left, value) in rest.iter_mut().zip(column) {
            *left = (-coefficient).mul_add(*value, *left);
        }
    }
    rest
}

fn factor(columns: &[Vec<f64>]) -> Result<Factored, Dependent> {
    let mut done = Factored {
        columns: columns.to_vec(),
        diagonal: Vec::with_capacity(columns.len()),
        scales: Vec::with_capacity(columns.len()),
    };
    for (n, column) in done.columns.iter_mut().enumerate() {
        let length = norm(column);
        if length == 0.0 || !length.is_finite() {
            return Err(Dependent(n));
        }
        column.iter_mut().for_each(|value| *value /= length);
        done.scales.push(length);
    }
    for n in 0..done.columns.len() {
        let (before, after) = done.columns.split_at_mut(n + 1);
        let pivot = &mut before[n][n..];
        let length = norm(pivot);
        if length < INDEPENDENT || pivot.is_empty() {
            return Err(Dependent(n));
        }
        // Away from zero, so that nothing cancels.
        let diagonal = if pivot[0] > 0.0 { -length } else { length };
        pivot[0] -= diagonal;
        done.diagonal.push(diagonal);
        for other in after {
            reflect(pivot, &mut other[n..]);
        }
    }
    Ok(done)
}

/// Turns `other` over the plane that stands on `pivot`.
fn reflect(pivot: &[f64], other: &mut [f64]) {
    let square: f64 = pivot.iter().map(|v| v * v).sum();
    let along: f64 = pivot.iter().zip(other.iter()).map(|(v, x)| v * x).sum();
    let factor = 2.0 * along / square;
    for (x, v) in other.iter_mut().zip(pivot) {
        *x -= factor * v;
    }
}

impl Factored {
    fn answer(&self, y: &[f64]) -> Vec<f64> {
        let mut turned = y.to_vec();
        for (n, column) in self.columns.iter().enumerate() {
            reflect(&column[n..], &mut turned[n..]);
        }
        let scaled = self.back(&turned);
        scaled
            .iter()
            .zip(&self.scales)
            .map(|(x, s)| x / s)
            .collect()
    }

    /// Solves R x = right.
    fn back(&self, right: &[f64]) -> Vec<f64> {
        let size = self.diagonal.len();
        let mut x = vec![0.0; size];
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size).map(|n| self.columns[n][row] * x[n]).sum();
            x[row] = (right[row] - known) / self.diagonal[row];
        }
        x
    }

    /// (XᵀX)⁻¹ = R⁻¹ R⁻ᵀ, with the scales taken out again.
    fn inverse(&self) -> Vec<Vec<f64>> {
        let size = self.diagonal.len();
        let unit = |n: usize| {
            let mut right = vec![0.0; size];
            right[n] = 1.0;
            self.back(&right)
        };
        // Column n of R⁻¹; it is zero below its diagonal.
        let upper: Vec<_> = (0..size).map(unit).collect();
        let cell = |row: usize, column: usize| {
            let sum: f64 = upper.iter().map(|of| of[row] * of[column]).sum();
            sum / (self.scales[row] * self.scales[column])
        };
        let row = |row: usize| (0..size).map(|column| cell(row, column)).collect();
        (0..size).map(row).collect()
    }
}

fn norm(values: &[f64]) -> f64 {
    let greatest = values.iter().fold(0.0f64, |most, v| most.max(v.abs()));
    if greatest == 0.0 {
        return 0.0;
    }
    let sum: f64 = values.iter().map(|v| (v / greatest).powi(2)).sum();
    greatest * sum.sqrt()
}
