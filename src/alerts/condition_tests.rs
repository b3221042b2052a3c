//! Dead bands, terms and their bounds.

use super::*;

fn is(threshold: f64) -> Term {
    Term::Is(Comparison {
        equipment_id: None,
        metric: Metric::POWER,
        phase: Phase::Total,
        operator: Operator::Above,
        threshold,
        dead_band: 0.0,
    })
}

#[test]
fn a_dead_band_holds_what_held() {
    use Operator::{Above, AtLeast, AtMost, Below, Differs, Equal};
    // Operator, value, held before, holds now; threshold 10, dead band 2.
    let table = [
        (Above, 10.0, false, false),
        (Above, 10.1, false, true),
        (Above, 8.1, true, true),
        (Above, 8.0, true, false),
        (AtLeast, 10.0, false, true),
        (AtLeast, 8.0, true, false),
        (Below, 10.0, false, false),
        (Below, 9.9, false, true),
        (Below, 11.9, true, true),
        (Below, 12.0, true, false),
        (AtMost, 10.0, false, true),
        (AtMost, 12.0, true, false),
        (Equal, 12.0, false, true),
        (Equal, 12.1, true, false),
        (Differs, 12.0, true, false),
        (Differs, 12.1, false, true),
    ];
    for (operator, value, held, expected) in table {
        let found = operator.holds(value, 10.0, 2.0, held);
        assert_eq!(found, expected, "{operator:?} {value} {held}");
    }
}

#[test]
fn what_is_not_known_decides_nothing_that_others_do_not() {
    let any = Term::Any(vec![is(1.0), is(2.0)]);
    let all = Term::All(vec![is(1.0), Term::Not(Box::new(is(2.0)))]);
    let judge = |term: &Term, said: [Option<bool>; 2]| term.judge(&mut said.into_iter());
    assert_eq!(judge(&any, [None, Some(true)]), Some(true));
    assert_eq!(judge(&any, [None, Some(false)]), None);
    assert_eq!(judge(&all, [None, Some(true)]), Some(false));
    assert_eq!(judge(&all, [Some(true), None]), None);
    assert_eq!(judge(&all, [Some(true), Some(false)]), Some(true));
}

#[test]
fn depth_and_number_are_bounded() {
    let deep = (0..4).fold(is(1.0), |term, _| Term::Not(Box::new(term)));
    let wide = Term::All((0..17).map(|_| is(1.0)).collect());
    for term in [deep, wide, Term::All(Vec::new())] {
        assert!(Condition::Combination { term }.check(0.0).is_err());
    }
    let fine = Term::All((0..16).map(|_| is(1.0)).collect());
    assert!(Condition::Combination { term: fine }.check(0.0).is_ok());
}
