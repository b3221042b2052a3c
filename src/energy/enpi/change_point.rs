//! *pure* — models that bend where heating or cooling begins.
//!
//! The 3-, 4- and 5-parameter models of ASHRAE Guideline 14-2014, annex D (Kissock, Haberl and
//! Claridge, Inverse Modeling Toolkit, 2003). For each place of the bend the model is linear; the
//! place with the smallest sum of squares is searched on a grid that is made finer around the best.

use super::least_squares;
use super::regression::{self, Column, Regression};
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Places that are tried at first, along each bend.
const GRID: u32 = 40;
/// Places to each side of the best that the next round tries.
const AROUND: i32 = 5;
/// Rounds, each five times finer: the last step is below a millionth of the range.
const ROUNDS: u32 = 8;
/// Fewest observations on the bent side: a slope through fewer is chance.
const SIDE_MIN: usize = 3;

/// The form of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ModelShape)]
pub enum Shape {
    /// A straight line in every variable.
    #[default]
    Linear,
    /// Level, and a slope below a temperature: three parameters.
    Heating,
    /// Level, and a slope above a temperature: three parameters.
    Cooling,
    /// Two slopes that meet at one temperature: four parameters.
    HeatingCooling,
    /// A slope below one temperature, a slope above another, level in between: five parameters.
    HeatingLevelCooling,
}

impl Shape {
    /// How many change points it has.
    #[must_use]
    pub const fn points(self) -> usize {
        match self {
            Self::Linear => 0,
            Self::Heating | Self::Cooling | Self::HeatingCooling => 1,
            Self::HeatingLevelCooling => 2,
        }
    }

    /// The columns that stand for the temperature.
    fn bend(self, temperature: &Column, points: &[f64]) -> Vec<Column> {
        let below = |at: f64| Column {
            name: format!("{}_below", temperature.name),
            values: temperature
                .values
                .iter()
                .map(|x| (at - x).max(0.0))
                .collect(),
        };
        let above = |at: f64| Column {
            name: format!("{}_above", temperature.name),
            values: temperature
                .values
                .iter()
                .map(|x| (x - at).max(0.0))
                .collect(),
        };
        match (self, points) {
            (Self::Heating, [at]) => vec![below(*at)],
            (Self::Cooling, [at]) => vec![above(*at)],
            (Self::HeatingCooling, [at]) => vec![below(*at), above(*at)],
            (Self::HeatingLevelCooling, [low, high]) => vec![below(*low), above(*high)],
            _ => vec![temperature.clone()],
        }
    }
}

/// The columns of a model: the first variable bent where the shape says so.
#[must_use]
pub fn design(shape: Shape, columns: &[Column], points: &[f64]) -> Vec<Column> {
    match columns.split_first() {
        Some((temperature, others)) if shape != Shape::Linear => {
            [shape.bend(temperature, points), others.to_vec()].concat()
        }
        _ => columns.to_vec(),
    }
}

/// Fits a model of this shape, bent along the first of the columns. The change points come beside
/// it, ascending. Standard errors are those of the coefficients with the change points given.
///
/// # Errors
/// As [`regression::fit`], or when too few observations lie on either side of every bend.
pub fn fit(shape: Shape, columns: &[Column], y: &[f64]) -> Result<(Vec<f64>, Regression)> {
    if shape == Shape::Linear {
        return Ok((Vec::new(), regression::fit(columns, y, true, 0)?));
    }
    let Some(temperature) = columns.first() else {
        let sentence = "A model with a change point needs a temperature as its first variable.";
        return Err(Error::invalid("variables", sentence));
    };
    let points = search(shape, temperature, columns, y).ok_or_else(|| {
        let sentence = format!(
            "No change point of {} was found: each side needs {SIDE_MIN} periods or more. Take a \
             longer period, or the form linear.",
            temperature.name
        );
        Error::invalid("shape", sentence)
    })?;
    let bent = design(shape, columns, &points);
    let regression = regression::fit(&bent, y, true, points.len())?;
    Ok((points, regression))
}

fn search(shape: Shape, temperature: &Column, columns: &[Column], y: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = temperature.values.clone();
    sorted.sort_by(f64::total_cmp);
    let low = *sorted.get(SIDE_MIN)?;
    let high = *sorted.get(sorted.len().checked_sub(SIDE_MIN + 1)?)?;
    if high <= low {
        return None;
    }
    let step = (high - low) / f64::from(GRID);
    let grid: Vec<f64> = (0..=GRID).map(|n| low + step * f64::from(n)).collect();
    let mut best = best_of(shape, columns, y, candidates(shape, &grid, &grid))?;
    let mut step = step;
    for _ in 0..ROUNDS {
        step /= f64::from(AROUND);
        let near = |at: f64| -> Vec<f64> {
            let tried = (-AROUND..=AROUND).map(|n| (at + step * f64::from(n)).clamp(low, high));
            tried.collect()
        };
        let first = near(best[0]);
        let second = best.get(1).map_or_else(Vec::new, |at| near(*at));
        best = best_of(shape, columns, y, candidates(shape, &first, &second)).unwrap_or(best);
    }
    Some(best)
}

fn candidates(shape: Shape, first: &[f64], second: &[f64]) -> Vec<Vec<f64>> {
    if shape.points() == 1 {
        return first.iter().map(|at| vec![*at]).collect();
    }
    let pairs = first
        .iter()
        .flat_map(|low| second.iter().map(|high| vec![*low, *high]));
    pairs.filter(|pair| pair[0] < pair[1]).collect()
}

fn best_of(
    shape: Shape,
    columns: &[Column],
    y: &[f64],
    candidates: Vec<Vec<f64>>,
) -> Option<Vec<f64>> {
    let judged = candidates.into_iter().filter_map(|points| {
        let rest = squares(&design(shape, columns, &points), y)?;
        Some((rest, points))
    });
    judged
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, points)| points)
}

/// The sum of squares that a design leaves over.
fn squares(design: &[Column], y: &[f64]) -> Option<f64> {
    let shifted = |values: &[f64]| -> Vec<f64> {
        let by = regression::mean(values);
        values.iter().map(|value| value - by).collect()
    };
    let columns: Vec<_> = design
        .iter()
        .map(|column| shifted(&column.values))
        .collect();
    let target = shifted(y);
    if y.len() <= columns.len() {
        return None;
    }
    let solution = least_squares::solve(&columns, &target).ok()?;
    let rest = least_squares::residuals(&columns, &target, &solution.coefficients);
    Some(rest.iter().map(|e| e * e).sum())
}
