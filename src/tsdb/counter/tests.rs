//! Histories of counters whose truth is known.

use super::*;
use crate::tsdb::SeriesId;

const BEAT: i64 = 5_000;

/// Readings one beat apart, from one beat on.
fn beats(values: &[f64]) -> Vec<Reading> {
    (1..)
        .zip(values)
        .map(|(n, value)| Reading {
            at: n * BEAT,
            value: *value,
            interval: 5_000,
        })
        .collect()
}

fn run(readings: &[Reading], rules: &Rules) -> (Counter, Vec<Growth>) {
    let (mut counter, mut out) = (Counter::default(), Vec::new());
    for reading in readings {
        counter.step(*reading, rules, &mut out);
    }
    (counter, out)
}

fn total(values: &[f64]) -> f64 {
    let (_, grown) = run(&beats(values), &Rules::default());
    grown.iter().map(|growth| growth.growth).sum()
}

#[track_caller]
fn assert_near(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-9, "{left} for {right}");
}

#[test]
fn growth_is_energy() {
    assert_near(total(&[100.0, 101.5, 101.5, 104.0]), 4.0);
}

#[test]
fn a_zero_for_one_poll_costs_nothing() {
    assert_near(total(&[100.0, 101.0, 0.0, 102.0, 103.0]), 3.0);
}

#[test]
fn a_reset_is_believed_after_two_more_polls() {
    assert_near(total(&[100.0, 101.0, 0.0, 0.5]), 1.0);
    assert_near(total(&[100.0, 101.0, 0.0, 0.5, 1.0, 2.0]), 3.0);
}

#[test]
fn an_exchanged_meter_brings_no_spike() {
    assert_near(total(&[100.0, 90.0, 90.0, 90.0]), 0.0);
    assert_near(total(&[900.0, 12.0, 12.5, 13.0, 14.0]), 2.0);
}

#[test]
fn a_wrong_reading_upwards_costs_nothing() {
    let kwh = limits(10_000.0, None);
    let of = |values: &[f64]| sum(&beats(values), &kwh);
    assert_near(of(&[100.0, 100.1, 4_294_967.2, 100.2, 100.3]), 0.3);
    // The level of a register that reads nonsense for a minute is no energy either.
    let mut stuck = vec![100.0, 100.1];
    stuck.extend([4_294_967.2; 12]);
    stuck.extend([101.4, 101.5, 101.6]);
    assert_near(of(&stuck), 1.6);
    // Nor is a zero that comes first.
    assert_near(of(&[0.0, 50_000.0, 50_000.1, 50_000.2]), 0.2);
}

#[test]
fn a_jump_that_is_confirmed_is_booked_where_it_was_read() {
    // An hour at 1 kW, then a machine of 1 MW starts: 1.4 kWh in five seconds.
    let mut values: Vec<f64> = (0..800).map(|n| 10.0 + f64::from(n / 7) / 100.0).collect();
    let idle = values[799];
    values.extend((1..=4).map(|n| idle + 1.4 * f64::from(n)));
    let (_, grown) = run(&beats(&values), &Rules::default());
    let after = grown.iter().filter(|growth| growth.to > 800 * BEAT);
    let after: Vec<_> = after
        .map(|growth| (growth.to / BEAT, growth.growth))
        .collect();
    assert_eq!(after.len(), 4, "{after:?}");
    for ((beat, growth), n) in after.into_iter().zip(801..) {
        assert_eq!(beat, n);
        assert_near(growth, 1.4);
    }
}

#[test]
fn a_register_that_rolls_over_goes_on() {
    let told = limits(10_000.0, Some(6_553.6));
    let values = [6_553.3, 6_553.4, 6_553.5, 0.0, 0.1, 0.2];
    assert_near(sum(&beats(&values), &told), 0.5);
    // Nobody said where it ends, but an hour was watched.
    let steady = |n: i32| f64::from((655_360 - 800 + n) % 655_360) / 10.0;
    let values: Vec<f64> = (0..900).map(steady).collect();
    assert_near(total(&values), 89.9);
}

#[test]
fn growth_over_a_gap_is_told_to_be_spread() {
    let mut readings = beats(&[100.0, 100.1]);
    for (minutes, value) in [(90, 112.0), (60 * 24 * 40, 500.0)] {
        readings.push(Reading {
            at: minutes * 60_000,
            value,
            interval: 5_000,
        });
    }
    let (_, grown) = run(&readings, &Rules::default());
    let booked: Vec<_> = grown.iter().map(|growth| growth.booked).collect();
    assert_eq!(
        booked,
        [Booked::There, Booked::There, Booked::Spread, Booked::Late]
    );
}

#[test]
fn both_meters_of_an_exchange_are_counted_to_the_last_unit() {
    let exchange = |beat: i64, end: f64, start: f64| Event {
        at: beat * BEAT + 1,
        what: What::Exchange { end, start },
    };
    let with = |event: Event, values: &[f64]| {
        let rules = Rules {
            events: vec![event],
            ..limits(10_000.0, None)
        };
        sum(&beats(values), &rules)
    };
    let values = [900.0, 900.1, 7.3, 7.4, 7.5];
    assert_near(with(exchange(2, 900.15, 7.2), &values), 0.45);
    // Entered before it was made: the old meter is read a few times more.
    assert_near(with(exchange(0, 900.15, 7.2), &values), 0.3);
    assert_near(with(exchange(1, 900.15, 7.2), &values), 0.45);
    assert_near(with(exchange(4, 900.15, 7.2), &values), 0.45);
    // Entered for much later than it was made: what both showed in between is not known.
    let values = [900.0, 900.1, 7.3, 7.4, 7.5, 7.6, 7.7];
    assert_near(with(exchange(6, 900.15, 7.2), &values), 0.5);
}

#[test]
fn the_state_survives_the_hour_whatever_it_is() {
    let mut counter = Counter::default();
    let mut out = Vec::new();
    let rules = limits(10_000.0, None);
    let series = SeriesId(8);
    for reading in beats(&[
        100.0,
        100.25,
        0.0,
        0.5,
        1.0,
        1e7,
        1.25,
        0.3,
        0.125,
        1.0 / 3.0,
    ]) {
        counter.step(reading, &rules, &mut out);
        let mut closed = counter.clone();
        closed.close_hour(3_600_000);
        let mut bytes = Vec::new();
        encode_into(
            &mut bytes,
            SeriesId(7),
            3_600_000,
            &Counter::resume(5, 3.0),
            false,
        );
        encode_into(&mut bytes, series, 3_600_000, &closed, true);
        let found = decode(&bytes, series, 3_600_000).unwrap();
        assert_eq!(found, Some((closed, true)));
        assert_eq!(decode(&bytes, SeriesId(9), 3_600_000).unwrap(), None);
        assert!(decode(&bytes[..bytes.len() - 1], SeriesId(9), 3_600_000).is_err());
    }
    assert!(!counter.left.is_empty() && !counter.held.is_empty());
}

#[test]
fn what_an_earlier_version_wrote_down_is_understood() {
    let mut bytes = 8u32.to_le_bytes().to_vec();
    bytes.extend(0.5f64.to_le_bytes());
    bytes.extend(1.0f64.to_le_bytes());
    bytes.push(2);
    let mut counter = from_pending(&bytes, SeriesId(8), 0, 100.0).unwrap();
    assert_eq!(from_pending(&bytes, SeriesId(9), 0, 100.0), None);
    let mut out = Vec::new();
    for reading in beats(&[1.5, 2.0]) {
        counter.step(reading, &limits(1e9, None), &mut out);
    }
    assert_near(out.iter().map(|growth| growth.growth).sum(), 1.5);
}

fn limits(per_hour: f64, modulus: Option<f64>) -> Rules {
    Rules {
        limits: Limits {
            modulus,
            per_ms: Some(per_hour / 3_600_000.0),
        },
        ..Rules::default()
    }
}

fn sum(readings: &[Reading], rules: &Rules) -> f64 {
    let (_, grown) = run(readings, rules);
    grown.iter().map(|growth| growth.growth).sum()
}
