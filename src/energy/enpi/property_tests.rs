//! What holds of every regression, on random plants.

use super::change_point::{self, Shape};
use super::regression::{self, Column};
use super::savings::{Basis, savings};
use proptest::prelude::*;

fn column(name: &str, values: Vec<f64>) -> Column {
    Column {
        name: name.to_owned(),
        values,
    }
}

prop_compose! {
    /// Two variables, noise, and the numbers that made the energy.
    fn plant()(
        rows in prop::collection::vec((0.0..500.0f64, -10.0..40.0f64, -20.0..20.0f64), 8..60),
        base in -500.0..2_000.0f64,
        by in (-5.0..5.0f64, -30.0..30.0f64),
    ) -> (Vec<Column>, Vec<f64>) {
        let y = rows.iter().map(|(a, b, noise)| base + by.0 * a + by.1 * b + noise).collect();
        let first = rows.iter().map(|row| row.0).collect();
        let second = rows.iter().map(|row| row.1).collect();
        (vec![column("parts", first), column("outside", second)], y)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn residuals_stand_upright_on_every_variable((columns, y) in plant()) {
        let found = regression::fit(&columns, &y, true, 0).unwrap();
        let rows = (0..y.len()).map(|n| [columns[0].values[n], columns[1].values[n]]);
        let rest: Vec<f64> = rows.zip(&y).map(|(row, y)| y - found.expected(&row)).collect();
        let size = y.iter().map(|y| y.abs()).sum::<f64>().max(1.0);
        prop_assert!(rest.iter().sum::<f64>().abs() < 1e-9 * size);
        for column in &columns {
            let along: f64 = rest.iter().zip(&column.values).map(|(e, x)| e * x).sum();
            prop_assert!(along.abs() < 1e-9 * size * 500.0, "{along}");
        }
        prop_assert!((-1e-12..=1.0).contains(&found.quality.r2));
        prop_assert!(found.quality.adjusted_r2 <= found.quality.r2);
    }

    #[test]
    fn units_change_the_numbers_and_not_the_judgement(
        (columns, y) in plant(), scale in 0.001..1_000.0f64, shift in -1_000.0..1_000.0f64,
    ) {
        let first = regression::fit(&columns, &y, true, 0).unwrap();
        let other = column("parts", columns[0].values.iter().map(|x| x * scale + shift).collect());
        let second = regression::fit(&[other, columns[1].clone()], &y, true, 0).unwrap();
        let (a, b) = (&first.coefficients[0], &second.coefficients[0]);
        prop_assert!((a.value - b.value * scale).abs() <= 1e-6 * a.standard_error.max(1e-12));
        prop_assert!((first.quality.r2 - second.quality.r2).abs() < 1e-9);
        prop_assert!((a.p.unwrap_or(0.0) - b.p.unwrap_or(0.0)).abs() < 1e-6);
    }

    #[test]
    fn one_more_variable_never_explains_less((columns, y) in plant()) {
        let one = regression::fit(&columns[..1], &y, true, 0).unwrap();
        let two = regression::fit(&columns, &y, true, 0).unwrap();
        prop_assert!(two.quality.r2 >= one.quality.r2 - 1e-12);
    }

    #[test]
    fn over_its_own_period_a_model_saves_nothing((columns, y) in plant()) {
        let found = regression::fit(&columns, &y, true, 0).unwrap();
        let rows: Vec<Vec<f64>> = (0..y.len())
            .map(|n| vec![1.0, columns[0].values[n], columns[1].values[n]])
            .collect();
        let expected: f64 = rows.iter().map(|row| found.expected(&row[1..])).sum();
        let basis = Basis {
            observations: found.quality.observations,
            parameters: found.quality.parameters,
            standard_error: found.quality.standard_error,
            cv_rmse: found.quality.cv_rmse,
            autocorrelation: found.quality.autocorrelation,
            inverse: &found.inverse,
        };
        let saved = savings(&basis, &rows, expected, y.iter().sum());
        let size = y.iter().map(|y| y.abs()).sum::<f64>().max(1.0);
        prop_assert!(saved.saved_kwh.abs() < 1e-9 * size);
        prop_assert!(!saved.significant || found.quality.standard_error < 1e-6);
    }
}

proptest! {
    // Each case fits some thousands of models.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_change_point_is_found_where_it_was_made(
        at in 12.0..20.0f64, level in 100.0..1_000.0f64, slope in 5.0..50.0f64, wide in 2.0..6.0f64,
    ) {
        let days: Vec<f64> = (0..120).map(|n| f64::from((n * 37) % 120) / 119.0 * 35.0 - 2.0).collect();
        let parts: Vec<f64> = (0..120).map(|n| f64::from((n * 53) % 97)).collect();
        let columns = [column("outside", days.clone()), column("parts", parts.clone())];
        let make = |energy: &dyn Fn(f64) -> f64| -> Vec<f64> {
            days.iter().zip(&parts).map(|(x, q)| energy(*x) + 0.7 * q).collect()
        };
        let high = at + wide;
        let heating = make(&|x| level + slope * (at - x).max(0.0));
        let cooling = make(&|x| level + slope * (x - at).max(0.0));
        let vee = make(&|x| level + slope * (at - x).max(0.0) + 2.0 * slope * (x - at).max(0.0));
        let trough = make(&|x| level + slope * (at - x).max(0.0) + 2.0 * slope * (x - high).max(0.0));
        for (shape, y, points) in [
            (Shape::Heating, heating, vec![at]),
            (Shape::Cooling, cooling, vec![at]),
            (Shape::HeatingCooling, vee, vec![at]),
            (Shape::HeatingLevelCooling, trough, vec![at, high]),
        ] {
            let (found, regression) = change_point::fit(shape, &columns, &y).unwrap();
            for (ours, theirs) in found.iter().zip(&points) {
                prop_assert!((ours - theirs).abs() < 0.01, "{shape:?}: {found:?} is not {points:?}");
            }
            let parts = regression.coefficients.last().unwrap();
            prop_assert!((parts.value - 0.7).abs() < 0.01, "{shape:?} {parts:?}");
            prop_assert!((regression.coefficients[0].value / slope - 1.0).abs() < 0.01);
            prop_assert_eq!(regression.quality.parameters, 2 + regression.coefficients.len() - 1 + found.len());
        }
    }
}

#[test]
fn a_bend_needs_both_sides() {
    let columns = [column("outside", vec![1.0, 2.0, 3.0, 4.0, 5.0])];
    let error =
        change_point::fit(Shape::Heating, &columns, &[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap_err();
    assert!(
        error.sentence.contains("No change point of outside"),
        "{error}"
    );
    let error = change_point::fit(Shape::Cooling, &[], &[1.0; 9]).unwrap_err();
    assert!(error.sentence.contains("needs a temperature"), "{error}");
}
