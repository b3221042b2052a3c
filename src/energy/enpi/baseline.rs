//! *pure* — a baseline: the model of a period, with everything that is needed to check it.

use super::change_point::{self, Shape};
use super::gather::{LeftOut, Observation};
use super::record::{EnpiKind, Recipe};
use super::regression::{self, Column, Regression, Seen};
use super::savings::Basis;
use crate::base::error::Checks;
use crate::base::{EnpiId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use utoipa::ToSchema;

/// Most stretches that one baseline leaves out.
const EXCLUSIONS_MAX: usize = 50;

/// A stretch that is not typical.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Why, for the auditor.
    pub reason: String,
}

/// What a person says of a new baseline.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBaseline {
    /// First instant of its period.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// Why this period.
    #[serde(default)]
    pub note: String,
    /// Stretches that are left out.
    #[serde(default)]
    pub excluded: Vec<Exclusion>,
    /// Only computed, not stored.
    #[serde(default)]
    pub preview: bool,
}

/// One period of a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BaselinePoint {
    #[serde(flatten)]
    #[schema(inline)]
    /// What happened.
    pub observed: Observation,
    /// What the model says of it, kWh; `null` when it does not count.
    pub expected_kwh: Option<f64>,
    /// Measured minus expected, kWh.
    pub residual_kwh: Option<f64>,
    /// Why it does not count.
    pub left_out: Option<LeftOut>,
}

/// A baseline (ISO 50006: EnB). It is never changed: another one gets the next version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Baseline {
    /// Of which indicator.
    pub enpi_id: EnpiId,
    /// Its number, from 1.
    pub version: u32,
    /// First instant of its period.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// Why this period.
    pub note: String,
    /// What was left out, and why.
    pub excluded: Vec<Exclusion>,
    /// How the indicator was computed then.
    pub recipe: Recipe,
    /// The model.
    pub model: Regression,
    /// Where its first variable bends, ascending.
    pub change_points: Vec<f64>,
    /// In which ranges the variables were seen.
    pub ranges: Vec<Seen>,
    /// Its periods.
    pub points: Vec<BaselinePoint>,
    /// What an auditor should know before he believes it.
    pub warnings: Vec<Warning>,
    /// SHA-256 over the periods that count: start, energy and variables, a line each.
    pub data_hash: String,
    /// Who made it.
    pub by: String,
    /// When it was made.
    pub at: Timestamp,
}

/// A doubt about a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BaselineWarning)]
pub enum Warning {
    /// R² below 0.75, the rule of thumb of IPMVP.
    WeakFit,
    /// CV(RMSE) above 0.25 for months, 0.3 for weeks and days.
    WideScatter,
    /// A variable whose p is above 0.1: it may be chance.
    WeakVariable,
    /// Durbin–Watson outside 1 to 3: the residuals hang together.
    Autocorrelation,
    /// Less than a year: not every season was seen.
    ShortPeriod,
}

impl NewBaseline {
    /// Nothing when a baseline can be made of this.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        checks.require(
            self.to > self.from,
            "to",
            "The end must be after the start.",
        );
        checks.require(
            self.note.chars().count() <= 2_000,
            "note",
            "At most 2000 characters.",
        );
        checks.require(
            self.excluded.len() <= EXCLUSIONS_MAX,
            "excluded",
            "At most 50 stretches.",
        );
        for (n, exclusion) in self.excluded.iter().enumerate() {
            let path = format!("excluded[{n}]");
            checks.require(
                exclusion.to > exclusion.from,
                &path,
                "The end must be after the start.",
            );
            super::record::text(
                &mut checks,
                &format!("{path}.reason"),
                &exclusion.reason,
                500,
            );
        }
        checks.finish()
    }
}

/// A baseline from what happened. It still wants its id, version and author.
///
/// # Errors
/// When too few periods count, or the variables say the same.
pub fn make(
    recipe: &Recipe,
    asked: NewBaseline,
    observations: Vec<Observation>,
    now: Timestamp,
) -> Result<Baseline> {
    let excluded = |o: &Observation| {
        let touches = |e: &Exclusion| e.from < o.end && e.to > o.start;
        asked
            .excluded
            .iter()
            .any(touches)
            .then_some(LeftOut::Excluded)
    };
    let reasons: Vec<Option<LeftOut>> = observations
        .iter()
        .map(|o| excluded(o).or_else(|| o.left_out(recipe.coverage_min, now)))
        .collect();
    let counting: Vec<&Observation> = observations
        .iter()
        .zip(&reasons)
        .filter(|(_, reason)| reason.is_none())
        .map(|(observation, _)| observation)
        .collect();
    let energy: Vec<f64> = counting.iter().filter_map(|o| o.energy_kwh).collect();
    let columns = columns(recipe, &counting);
    let (change_points, model) = match recipe.kind {
        EnpiKind::Model if recipe.shape == Shape::Linear => (
            Vec::new(),
            regression::fit(&columns, &energy, recipe.intercept, 0)?,
        ),
        EnpiKind::Model => change_point::fit(recipe.shape, &columns, &energy)?,
        EnpiKind::Value | EnpiKind::Ratio => (Vec::new(), regression::ratio(&columns[0], &energy)?),
    };
    let mut baseline = Baseline {
        enpi_id: EnpiId::new(),
        version: 0,
        from: asked.from,
        to: asked.to,
        note: asked.note,
        excluded: asked.excluded,
        recipe: recipe.clone(),
        ranges: regression::ranges(&columns),
        warnings: Vec::new(),
        data_hash: hash(&counting),
        model,
        change_points,
        points: Vec::new(),
        by: String::new(),
        at: now,
    };
    baseline.warnings = baseline.doubts(&counting);
    let point = |(observed, left_out): (Observation, Option<LeftOut>)| {
        let expected = left_out
            .is_none()
            .then(|| baseline.expected(&observed))
            .flatten();
        BaselinePoint {
            residual_kwh: observed.energy_kwh.zip(expected).map(|(y, e)| y - e),
            expected_kwh: expected,
            left_out,
            observed,
        }
    };
    baseline.points = observations.into_iter().zip(reasons).map(point).collect();
    Ok(baseline)
}

/// The variables as columns; a value depends on its days only.
fn columns(recipe: &Recipe, counting: &[&Observation]) -> Vec<Column> {
    if recipe.kind == EnpiKind::Value {
        return vec![Column {
            name: "days".to_owned(),
            values: counting.iter().map(|o| o.days()).collect(),
        }];
    }
    let column = |(n, variable): (usize, &super::record::Variable)| Column {
        name: variable.name.clone(),
        values: counting
            .iter()
            .filter_map(|o| o.values.get(n).copied().flatten())
            .collect(),
    };
    recipe.variables.iter().enumerate().map(column).collect()
}

fn hash(counting: &[&Observation]) -> String {
    let mut text = String::new();
    for observation in counting {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}", observation.start);
        for number in std::iter::once(observation.energy_kwh).chain(observation.values.clone()) {
            let _ = write!(text, ";{}", number.unwrap_or(f64::NAN));
        }
        text.push('\n');
    }
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl Baseline {
    /// The variables of a period as the model takes them, with 1 before them where it has an
    /// intercept; `None` when one is not known.
    #[must_use]
    pub fn row(&self, observed: &Observation) -> Option<Vec<f64>> {
        let values = if self.recipe.kind == EnpiKind::Value {
            vec![observed.days()]
        } else {
            observed
                .values
                .iter()
                .copied()
                .collect::<Option<Vec<f64>>>()?
        };
        let names = self
            .recipe
            .variables
            .iter()
            .map(|variable| variable.name.as_str());
        let names = names.chain(std::iter::repeat("days"));
        let columns: Vec<Column> = values
            .into_iter()
            .zip(names)
            .map(|(value, name)| Column {
                name: name.to_owned(),
                values: vec![value],
            })
            .collect();
        let bent = change_point::design(self.recipe.shape, &columns, &self.change_points);
        let lead = self.model.intercept.iter().map(|_| 1.0);
        Some(
            lead.chain(bent.iter().map(|column| column.values[0]))
                .collect(),
        )
    }

    /// The energy that it expects in a period, kWh; `None` when a variable is not known.
    #[must_use]
    pub fn expected(&self, observed: &Observation) -> Option<f64> {
        let row = self.row(observed)?;
        let lead = usize::from(self.model.intercept.is_some());
        Some(self.model.expected(&row[lead..]))
    }

    /// What intervals are computed from.
    #[must_use]
    pub fn basis(&self) -> Basis<'_> {
        let quality = &self.model.quality;
        Basis {
            observations: quality.observations,
            parameters: quality.parameters,
            standard_error: quality.standard_error,
            cv_rmse: quality.cv_rmse,
            autocorrelation: quality.autocorrelation,
            inverse: &self.model.inverse,
        }
    }

    /// The variables of a period that lie outside what the baseline saw, by more than a tenth of
    /// its range.
    #[must_use]
    pub fn beyond(&self, observed: &Observation) -> Vec<String> {
        let outside = |(seen, value): (&Seen, &Option<f64>)| {
            let room = (seen.max - seen.min) * 0.1;
            let value = (*value)?;
            let inside = (seen.min - room..=seen.max + room).contains(&value);
            (!inside).then(|| seen.name.clone())
        };
        self.ranges
            .iter()
            .zip(&observed.values)
            .filter_map(outside)
            .collect()
    }

    fn doubts(&self, counting: &[&Observation]) -> Vec<Warning> {
        const YEAR_DAYS: f64 = 360.0;
        let quality = &self.model.quality;
        let scatter = match self.recipe.period {
            super::record::EnpiPeriod::Month => 0.25,
            _ => 0.3,
        };
        let is_model = self.recipe.kind == EnpiKind::Model;
        let chance = |b: &regression::Coefficient| b.p.is_some_and(|p| p > 0.1);
        let swings = quality
            .durbin_watson
            .is_some_and(|d| !(1.0..=3.0).contains(&d));
        let days: f64 = counting.iter().map(|o| o.days()).sum();
        let all = [
            (is_model && quality.r2 < 0.75, Warning::WeakFit),
            (
                quality.cv_rmse.is_some_and(|cv| cv > scatter),
                Warning::WideScatter,
            ),
            (
                is_model && self.model.coefficients.iter().any(chance),
                Warning::WeakVariable,
            ),
            (swings, Warning::Autocorrelation),
            (days < YEAR_DAYS, Warning::ShortPeriod),
        ];
        let holding = all.into_iter().filter(|(holds, _)| *holds);
        holding.map(|(_, warning)| warning).collect()
    }
}
