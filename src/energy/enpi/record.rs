//! *pure* — what an energy performance indicator is (ISO 50006:2014, 4): its boundary, its
//! relevant variables, and the form in which it is told.

use super::adjustment::Adjustment;
use super::change_point::Shape;
use crate::base::error::Checks;
use crate::base::time::BucketSize;
use crate::base::{EnpiId, EquipmentId, Metric, Phase, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most meters of one boundary.
const METERS_MAX: usize = 200;
/// Most relevant variables of one indicator.
const VARIABLES_MAX: usize = 8;
/// How much of a period must be measured when nothing else is said.
const COVERAGE: f64 = 0.95;

/// In which form an indicator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnpiKind {
    /// Energy for each day.
    Value,
    /// Energy for each unit of its one variable.
    Ratio,
    /// Energy by what its model expects.
    Model,
}

/// Over which stretches it is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnpiPeriod {
    /// Days of the site.
    Day,
    /// Weeks of the site, from Monday.
    Week,
    /// Months of the site.
    Month,
}

impl EnpiPeriod {
    /// The bucket of history.
    #[must_use]
    pub const fn bucket(self) -> BucketSize {
        match self {
            Self::Day => BucketSize::Day,
            Self::Week => BucketSize::Week,
            Self::Month => BucketSize::Month,
        }
    }
}

/// What becomes of the values of a series in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// The mean by time; of a counter what it grew by.
    #[default]
    Mean,
    /// The smallest.
    Min,
    /// The greatest.
    Max,
}

/// On which side of the base temperature degrees count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DegreeSide)]
pub enum Side {
    /// Below it: heating.
    Heating,
    /// Above it: cooling.
    Cooling,
}

/// Where the values of a variable come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum VariableSource {
    /// Any series: its mean, or what a counter grew by.
    Series {
        /// Whose.
        equipment_id: EquipmentId,
        /// Of which quantity.
        metric: Metric,
        /// Of which conductor.
        #[serde(default = "whole")]
        phase: Phase,
        /// What becomes of its values.
        #[serde(default)]
        reduction: Reduction,
    },
    /// What was produced, by form or file.
    Production {
        /// The product.
        product: String,
        /// Of this machine only.
        #[serde(default)]
        equipment_id: Option<EquipmentId>,
    },
    /// Degree days, from the mean temperature of each day.
    DegreeDays {
        /// Whose temperature.
        equipment_id: EquipmentId,
        /// Of which quantity.
        #[serde(default = "temperature")]
        metric: Metric,
        /// From which temperature degrees count, °C.
        base_c: f64,
        /// On which side.
        side: Side,
    },
}

const fn whole() -> Phase {
    Phase::Total
}

const fn temperature() -> Metric {
    Metric::TEMPERATURE
}

const fn coverage() -> f64 {
    COVERAGE
}

const fn yes() -> bool {
    true
}

impl VariableSource {
    /// The equipment that it reads.
    #[must_use]
    pub const fn equipment(&self) -> Option<EquipmentId> {
        match self {
            Self::Series { equipment_id, .. } | Self::DegreeDays { equipment_id, .. } => {
                Some(*equipment_id)
            }
            Self::Production { equipment_id, .. } => *equipment_id,
        }
    }
}

/// A relevant variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its short name in answers: `parts`, `outside`.
    pub name: String,
    /// Its unit.
    #[serde(default)]
    pub unit: String,
    /// Where its values come from.
    pub source: VariableSource,
}

/// How energy and variables are counted and put together: what a baseline freezes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EnpiRecipe)]
pub struct Recipe {
    /// In which form it is told.
    pub kind: EnpiKind,
    /// Over which stretches.
    pub period: EnpiPeriod,
    /// The place of the meter tree whose energy counts, by its id, instead of meters that are
    /// named. A baseline keeps the meters that the place had.
    #[serde(default)]
    #[schema(example = "hall-1")]
    pub place: Option<String>,
    /// The meters whose energy counts; those of the place when one is named.
    #[serde(default)]
    pub equipment: Vec<EquipmentId>,
    /// Meters whose energy is taken off.
    #[serde(default)]
    pub less: Vec<EquipmentId>,
    /// What the energy depends on; a ratio has one, a value none.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// The form of a model; with a change point the first variable is the temperature.
    #[serde(default)]
    pub shape: Shape,
    /// Whether a straight model has energy when all variables are zero.
    #[serde(default = "yes")]
    pub intercept: bool,
    /// How much of a period must be measured for it to count, 0.5 to 1.
    #[serde(default = "coverage")]
    pub coverage_min: f64,
}

impl Recipe {
    /// The same without the meters of its place: what a person said.
    #[must_use]
    pub fn as_said(&self) -> Self {
        let mut said = self.clone();
        if said.place.is_some() {
            said.equipment.clear();
            said.less.clear();
        }
        said
    }

    /// Whether two count the energy of the same meters.
    #[must_use]
    pub fn same_meters(&self, other: &Self) -> bool {
        let sorted = |meters: &[EquipmentId]| {
            let mut meters = meters.to_vec();
            meters.sort_unstable();
            meters
        };
        sorted(&self.equipment) == sorted(&other.equipment)
            && sorted(&self.less) == sorted(&other.less)
    }
}

/// What a person says of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewEnpi {
    /// What people call it.
    pub name: String,
    /// What it is for, and where its boundary runs.
    #[serde(default)]
    pub note: String,
    /// How it is computed.
    #[serde(flatten)]
    pub recipe: Recipe,
}

/// An energy performance indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Enpi {
    /// Its id.
    pub id: EnpiId,
    /// Key of its site.
    pub site: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub note: String,
    /// How it is computed.
    #[serde(flatten)]
    pub recipe: Recipe,
    /// What the baseline could not know of.
    pub adjustments: Vec<Adjustment>,
    /// Version of its newest baseline; 0 when it has none.
    pub baseline: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl NewEnpi {
    /// Nothing when an indicator can be made of this.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        text(&mut checks, "name", &self.name, 120);
        checks.require(
            self.note.chars().count() <= 2_000,
            "note",
            "At most 2000 characters.",
        );
        let recipe = &self.recipe;
        let named = recipe.equipment.len();
        let (fits, sentence) = match &recipe.place {
            Some(_) => (
                named + recipe.less.len() == 0,
                "Name a place of the meter tree or meters, not both.",
            ),
            None => (
                (1..=METERS_MAX).contains(&named) && recipe.less.len() <= METERS_MAX,
                "Name 1 to 200 meters, or a place of the meter tree.",
            ),
        };
        checks.require(fits, "equipment", sentence);
        let all = || recipe.equipment.iter().chain(&recipe.less);
        let twice = all().any(|id| all().filter(|other| *other == id).count() > 1);
        checks.require(
            !twice,
            "equipment",
            "A meter counts once, in `equipment` or in `less`.",
        );
        checks.require(
            (0.5..=1.0).contains(&recipe.coverage_min),
            "coverage_min",
            "A share from 0.5 to 1.",
        );
        check_variables(&mut checks, recipe);
        checks.finish()
    }
}

fn check_variables(checks: &mut Checks, recipe: &Recipe) {
    let variables = &recipe.variables;
    let (fits, sentence) = match recipe.kind {
        EnpiKind::Value => (variables.is_empty(), "A value has no variables."),
        EnpiKind::Ratio => (variables.len() == 1, "A ratio has exactly one variable."),
        EnpiKind::Model => (
            (1..=VARIABLES_MAX).contains(&variables.len()),
            "A model has 1 to 8 variables.",
        ),
    };
    checks.require(fits, "variables", sentence);
    let straight = recipe.shape == Shape::Linear;
    checks.require(
        straight || recipe.kind == EnpiKind::Model,
        "shape",
        "Only a model has change points.",
    );
    checks.require(
        straight || recipe.intercept,
        "intercept",
        "A model with a change point has an intercept.",
    );
    for (n, variable) in variables.iter().enumerate() {
        let path = |field: &str| format!("variables[{n}].{field}");
        let is_word = Metric::new(&variable.name).is_ok() && variable.name != "intercept";
        let new = variables[..n]
            .iter()
            .all(|other| other.name != variable.name);
        checks.require(
            is_word && new,
            &path("name"),
            "A name of its own of a-z, 0-9 and _, such as outside.",
        );
        checks.require(
            variable.unit.chars().count() <= 16,
            &path("unit"),
            "At most 16 characters.",
        );
        match &variable.source {
            VariableSource::Production { product, .. } => checks.require(
                is_product(product),
                &path("source.product"),
                "1 to 64 characters.",
            ),
            VariableSource::DegreeDays { base_c, .. } => checks.require(
                (-40.0..=60.0).contains(base_c),
                &path("source.base_c"),
                "A temperature from -40 to 60 °C.",
            ),
            VariableSource::Series { .. } => {}
        }
    }
}

/// Refuses a text that is empty or longer than this many characters.
pub(super) fn text(checks: &mut Checks, path: &str, value: &str, most: usize) {
    let fits = (1..=most).contains(&value.trim().chars().count());
    checks.require(fits, path, &format!("1 to {most} characters."));
}

/// Whether this can name a product.
pub(super) fn is_product(name: &str) -> bool {
    let length = name.chars().count();
    (1..=64).contains(&length) && name.trim() == name && !name.contains(char::is_control)
}
