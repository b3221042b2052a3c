//! *pure* — a linear model and everything that an auditor asks of it.
//!
//! Formulas: NIST/SEMATECH e-Handbook of Statistical Methods 4.4; ASHRAE Guideline 14-2014, 4.2.11
//! (CV(RMSE), NMBE); Durbin and Watson 1950. `docs/energy.md` writes them out.

use super::distribution::{f_above, t_quantile, t_two_sided};
use super::least_squares::{self, Dependent};
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most variables of a model: more than this no plant can explain.
pub const VARIABLES_MAX: usize = 12;
/// The confidence of every interval.
pub const CONFIDENCE: f64 = 0.90;

/// One variable: a name and its value at each observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// As it is called in answers.
    pub name: String,
    /// One for each observation.
    pub values: Vec<f64>,
}

/// One estimated number of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Coefficient {
    /// The variable, or `intercept`.
    pub name: String,
    /// Energy for each unit of the variable.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Value by standard error; `null` when the fit is exact.
    pub t: Option<f64>,
    /// How likely a t of this size is by chance; `null` when the fit is exact.
    pub p: Option<f64>,
    /// Lower end of the 90 % interval.
    pub low: f64,
    /// Upper end of the 90 % interval.
    pub high: f64,
}

/// How well a model describes what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FitQuality)]
pub struct Quality {
    /// Observations.
    pub observations: usize,
    /// Estimated numbers: coefficients, the intercept and the change points.
    pub parameters: usize,
    /// Observations minus parameters.
    pub degrees_of_freedom: usize,
    /// Share of the variance that is explained; without an intercept, of the sum of squares.
    pub r2: f64,
    /// The same, paid for with the parameters that it took.
    pub adjusted_r2: f64,
    /// Standard error of the regression, in units of the energy.
    pub standard_error: f64,
    /// Standard error by mean, the scatter that ASHRAE 14 and IPMVP ask for; `null` at a mean of zero.
    pub cv_rmse: Option<f64>,
    /// Mean bias by mean, ASHRAE 14: Σ(measured − expected) / ((n − p) · mean).
    pub nmbe: Option<f64>,
    /// All variables together against none; `null` without variables or with an exact fit.
    pub f: Option<f64>,
    /// How likely an F of this size is by chance.
    pub f_p: Option<f64>,
    /// Durbin–Watson statistic of the residuals, 0 to 4; near 2 when they do not hang together.
    pub durbin_watson: Option<f64>,
    /// Correlation of each residual with the one before.
    pub autocorrelation: Option<f64>,
}

/// The range in which a variable was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = VariableRange)]
pub struct Seen {
    /// The variable.
    pub name: String,
    /// Its smallest value.
    pub min: f64,
    /// Its greatest value.
    pub max: f64,
}

/// A fitted linear model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Regression {
    /// Energy when all variables are zero; absent when it was held at zero.
    pub intercept: Option<Coefficient>,
    /// In the order of the variables.
    pub coefficients: Vec<Coefficient>,
    /// How good it is.
    pub quality: Quality,
    /// (XᵀX)⁻¹ with the intercept first where there is one: what intervals are made of.
    pub inverse: Vec<Vec<f64>>,
}

/// Fits `y` to the columns by ordinary least squares. `further` counts parameters that were
/// estimated beside the coefficients: change points.
///
/// # Errors
/// When there are too few observations, or a variable says nothing that the others do not.
pub fn fit(columns: &[Column], y: &[f64], intercept: bool, further: usize) -> Result<Regression> {
    let parameters = columns.len() + usize::from(intercept) + further;
    check(columns, y, parameters)?;
    let (design, target) = centred(columns, y, intercept);
    let solution = least_squares::solve(&design, &target).map_err(|Dependent(n)| {
        let sentence = format!(
            "{} cannot be told apart from the other variables: leave one of them out, or take a \
             longer period.",
            columns[n].name
        );
        Error::invalid("variables", sentence)
    })?;
    let residuals = least_squares::residuals(&design, &target, &solution.coefficients);
    let means: Vec<f64> = columns.iter().map(|column| mean(&column.values)).collect();
    let quality = judge(y, &residuals, intercept, parameters, columns.len());
    let inverse = if intercept {
        with_intercept(&solution.inverse, &means, y.len())
    } else {
        solution.inverse
    };
    let numbers = Numbers {
        standard_error: quality.standard_error,
        freedom: count(quality.degrees_of_freedom),
    };
    let lead = usize::from(intercept);
    let named = columns.iter().zip(&solution.coefficients).enumerate();
    let coefficients = named
        .map(|(n, (column, value))| {
            numbers.coefficient(&column.name, *value, inverse[n + lead][n + lead])
        })
        .collect();
    let intercept = intercept.then(|| {
        let pairs = solution.coefficients.iter().zip(&means);
        let value = mean(y) - pairs.map(|(b, m)| b * m).sum::<f64>();
        numbers.coefficient("intercept", value, inverse[0][0])
    });
    Ok(Regression {
        intercept,
        coefficients,
        quality,
        inverse,
    })
}

impl Regression {
    /// The energy that the model expects where the variables have these values.
    #[must_use]
    pub fn expected(&self, row: &[f64]) -> f64 {
        let start = self.intercept.as_ref().map_or(0.0, |b| b.value);
        let pairs = self.coefficients.iter().zip(row);
        pairs.fold(start, |sum, (b, x)| b.value.mul_add(*x, sum))
    }
}

fn check(columns: &[Column], y: &[f64], parameters: usize) -> Result<()> {
    if columns.len() > VARIABLES_MAX {
        let sentence = format!("A model has {VARIABLES_MAX} variables at most.");
        return Err(Error::invalid("variables", sentence));
    }
    if y.len() <= parameters {
        let sentence = format!(
            "{} usable periods are too few for {parameters} parameters: take a longer period or \
             fewer variables.",
            y.len()
        );
        return Err(Error::invalid("period", sentence));
    }
    Ok(())
}

/// With an intercept the means are taken out first: it is what makes the columns nearly parallel.
fn centred(columns: &[Column], y: &[f64], intercept: bool) -> (Vec<Vec<f64>>, Vec<f64>) {
    let shifted = |values: &[f64]| {
        let by = if intercept { mean(values) } else { 0.0 };
        values.iter().map(|value| value - by).collect::<Vec<_>>()
    };
    let design = columns.iter().map(|column| shifted(&column.values));
    (design.collect(), shifted(y))
}

/// (XᵀX)⁻¹ of the columns with a column of ones before them, from that of the centred columns.
fn with_intercept(centred: &[Vec<f64>], means: &[f64], rows: usize) -> Vec<Vec<f64>> {
    let leaning: Vec<f64> = centred
        .iter()
        .map(|row| -row.iter().zip(means).map(|(c, m)| c * m).sum::<f64>())
        .collect();
    let pairs = leaning.iter().zip(means);
    let corner = 1.0 / count(rows) - pairs.map(|(l, m)| l * m).sum::<f64>();
    let mut all = vec![[&[corner], leaning.as_slice()].concat()];
    for (lean, row) in leaning.iter().zip(centred) {
        all.push([&[*lean], row.as_slice()].concat());
    }
    all
}

struct Numbers {
    standard_error: f64,
    freedom: f64,
}

impl Numbers {
    fn coefficient(&self, name: &str, value: f64, variance: f64) -> Coefficient {
        let standard_error = self.standard_error * variance.max(0.0).sqrt();
        let t = (standard_error > 0.0).then(|| value / standard_error);
        let reach = t_quantile(CONFIDENCE, self.freedom).unwrap_or(f64::NAN) * standard_error;
        Coefficient {
            name: name.to_owned(),
            value,
            standard_error,
            t,
            p: t.map(|t| t_two_sided(t, self.freedom)),
            low: value - reach,
            high: value + reach,
        }
    }
}

/// The figures of a fit from what it leaves over.
fn judge(
    y: &[f64],
    residuals: &[f64],
    intercept: bool,
    parameters: usize,
    variables: usize,
) -> Quality {
    let freedom = y.len().saturating_sub(parameters);
    let (rows, free) = (count(y.len()), count(freedom));
    let level = mean(y);
    let rest: f64 = residuals.iter().map(|e| e * e).sum();
    let about = if intercept { level } else { 0.0 };
    let whole: f64 = y.iter().map(|value| (value - about).powi(2)).sum();
    let r2 = if whole > 0.0 { 1.0 - rest / whole } else { 1.0 };
    let above = rows - count(usize::from(intercept));
    let standard_error = (rest / free).sqrt();
    let by_mean = |value: f64| (level != 0.0).then(|| value / level);
    // Change points count as explaining parameters, the intercept does not.
    let explaining = count(parameters - usize::from(intercept));
    let f = (variables > 0 && rest > 0.0)
        .then(|| ((whole - rest).max(0.0) / explaining) / (rest / free));
    let steps: f64 = residuals.windows(2).map(|e| (e[1] - e[0]).powi(2)).sum();
    let together: f64 = residuals.windows(2).map(|e| e[1] * e[0]).sum();
    Quality {
        observations: y.len(),
        parameters,
        degrees_of_freedom: freedom,
        r2,
        adjusted_r2: 1.0 - (1.0 - r2) * above / free,
        standard_error,
        cv_rmse: by_mean(standard_error),
        nmbe: by_mean(residuals.iter().sum::<f64>() / free),
        f,
        f_p: f.map(|f| f_above(f, explaining, free)),
        durbin_watson: (rest > 0.0).then(|| steps / rest),
        autocorrelation: (rest > 0.0).then(|| together / rest),
    }
}

/// Energy for each unit of one variable, sum by sum. Its variance is n·s²/(Σx)², as that of a ratio
/// of means (Cochran, Sampling Techniques, 2.11).
///
/// # Errors
/// When there are too few observations, or the variable adds up to nothing.
pub fn ratio(column: &Column, y: &[f64]) -> Result<Regression> {
    check(std::slice::from_ref(column), y, 1)?;
    let total: f64 = column.values.iter().sum();
    if total.is_nan() || total <= 0.0 {
        let sentence = format!("{} adds up to nothing in this period.", column.name);
        return Err(Error::invalid("variables", sentence));
    }
    let value = y.iter().sum::<f64>() / total;
    let rest = y.iter().zip(&column.values).map(|(y, x)| y - value * x);
    let quality = judge(y, &rest.collect::<Vec<_>>(), false, 1, 1);
    let inverse = vec![vec![count(y.len()) / (total * total)]];
    let numbers = Numbers {
        standard_error: quality.standard_error,
        freedom: count(quality.degrees_of_freedom),
    };
    Ok(Regression {
        intercept: None,
        coefficients: vec![numbers.coefficient(&column.name, value, inverse[0][0])],
        quality,
        inverse,
    })
}

/// The ranges in which the variables were seen.
#[must_use]
pub fn ranges(columns: &[Column]) -> Vec<Seen> {
    let seen = |column: &Column| Seen {
        name: column.name.clone(),
        min: column.values.iter().copied().fold(f64::INFINITY, f64::min),
        max: column
            .values
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max),
    };
    columns.iter().map(seen).collect()
}

/// A number of things as a number to compute with.
#[must_use]
#[allow(clippy::cast_precision_loss)] // a few thousand periods
pub const fn count(things: usize) -> f64 {
    things as f64
}

/// The mean, taken twice so that its rounding is taken out.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    let rows = count(values.len().max(1));
    let rough = values.iter().sum::<f64>() / rows;
    rough + values.iter().map(|value| value - rough).sum::<f64>() / rows
}
