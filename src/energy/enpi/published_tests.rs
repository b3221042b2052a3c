//! The regression against published answers: data sets of the NIST Statistical Reference Datasets
//! with certified values, and statsmodels for the figures that NIST does not certify.

use super::regression::{self, Coefficient, Column};
use serde::Deserialize;

/// How near our figures are to the published ones, relative.
const NEAR: f64 = 1e-6;

#[derive(Deserialize)]
struct Set {
    name: String,
    intercept: bool,
    /// Above 0: the variables are the powers of `x` up to this one.
    degree: i32,
    estimates: Vec<f64>,
    errors: Vec<f64>,
    rsd: f64,
    r2: f64,
    f: f64,
    y: Vec<f64>,
    x: Vec<Vec<f64>>,
    reference: Option<Reference>,
}

/// Computed by another program, which the file names.
#[derive(Deserialize)]
struct Reference {
    adjusted_r2: f64,
    t: Vec<f64>,
    p: Vec<f64>,
    f_p: f64,
    durbin_watson: f64,
    low: Vec<f64>,
    high: Vec<f64>,
}

macro_rules! set {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/regression/",
            $name,
            ".json"
        ))
    };
}

const SETS: [&str; 7] = [
    set!("longley"),
    set!("norris"),
    set!("pontius"),
    set!("noint1"),
    set!("filip"),
    set!("wampler3"),
    set!("wampler4"),
];

impl Set {
    fn columns(&self) -> Vec<Column> {
        let column = |n: usize, values: Vec<f64>| Column {
            name: format!("x{}", n + 1),
            values,
        };
        if self.degree > 0 {
            let power = |k: i32| self.x.iter().map(|row| row[0].powi(k)).collect();
            let powers = (1..=self.degree).map(power).enumerate();
            return powers.map(|(n, values)| column(n, values)).collect();
        }
        let of = |n: usize| column(n, self.x.iter().map(|row| row[n]).collect());
        (0..self.x[0].len()).map(of).collect()
    }
}

fn near(what: &str, ours: f64, theirs: f64) {
    let off = (ours / theirs - 1.0).abs();
    assert!(off < NEAR, "{what}: {ours} is not {theirs}: off by {off:e}");
}

#[test]
fn certified_values_of_seven_data_sets_are_met() {
    let mut compared = 0;
    for text in SETS {
        let set: Set = serde_json::from_str(text).unwrap();
        let found = regression::fit(&set.columns(), &set.y, set.intercept, 0).unwrap();
        let all: Vec<&Coefficient> = found.intercept.iter().chain(&found.coefficients).collect();
        assert_eq!(all.len(), set.estimates.len(), "{}", set.name);
        for (ours, (value, error)) in all.iter().zip(set.estimates.iter().zip(&set.errors)) {
            near(&format!("{} {}", set.name, ours.name), ours.value, *value);
            near(
                &format!("{} error {}", set.name, ours.name),
                ours.standard_error,
                *error,
            );
        }
        let quality = &found.quality;
        near(
            &format!("{} rsd", set.name),
            quality.standard_error,
            set.rsd,
        );
        near(&format!("{} r2", set.name), quality.r2, set.r2);
        near(&format!("{} F", set.name), quality.f.unwrap(), set.f);
        let Some(reference) = set.reference else {
            continue;
        };
        compared += 1;
        near("adjusted r2", quality.adjusted_r2, reference.adjusted_r2);
        near("F p", quality.f_p.unwrap(), reference.f_p);
        near(
            "durbin_watson",
            quality.durbin_watson.unwrap(),
            reference.durbin_watson,
        );
        for (n, ours) in all.iter().enumerate() {
            near(&format!("{} t", set.name), ours.t.unwrap(), reference.t[n]);
            near(&format!("{} p", set.name), ours.p.unwrap(), reference.p[n]);
            near(&format!("{} low", set.name), ours.low, reference.low[n]);
            near(&format!("{} high", set.name), ours.high, reference.high[n]);
        }
    }
    assert!(
        compared >= 5,
        "{compared} data sets have figures of another program"
    );
}

#[test]
fn a_variable_that_repeats_the_others_is_named() {
    let set: Set = serde_json::from_str(SETS[0]).unwrap();
    let mut columns = set.columns();
    let sum = |(a, b): (&f64, &f64)| 2.0 * a - 3.0 * b + 5.0;
    let values = columns[0]
        .values
        .iter()
        .zip(&columns[3].values)
        .map(sum)
        .collect();
    columns.push(Column {
        name: "twice".to_owned(),
        values,
    });
    let error = regression::fit(&columns, &set.y, true, 0).unwrap_err();
    assert!(
        error.sentence.contains("twice cannot be told apart"),
        "{error}"
    );
    let few = regression::fit(&set.columns(), &set.y[..7], true, 0).unwrap_err();
    assert!(
        few.sentence
            .contains("7 usable periods are too few for 7 parameters"),
        "{few}"
    );
}
