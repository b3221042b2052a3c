//! Tracks of temperature: delays, doors, defrosts, gaps, late readings.

use super::*;

const MINUTE: i64 = 60_000;

fn rule(delay_min: i64) -> Rule {
    Rule {
        side: Side::High,
        limit_c: 8.0,
        dead_band_c: 0.0,
        delay_ms: delay_min * MINUTE,
        excused_max_ms: 60 * MINUTE,
    }
}

fn look(minute: i64, value_c: f64) -> Look {
    Look {
        at: minute * MINUTE,
        value_c: Some(value_c),
        door: false,
        defrost: false,
    }
}

/// Takes looks of a minute each; what counted, and the track.
fn follow(rule: &Rule, looks: &[Look]) -> (Vec<(Run, i64)>, Track) {
    let mut track = Track::default();
    let ended = looks
        .iter()
        .filter_map(|look| track.take(rule, *look, 2 * MINUTE))
        .collect();
    (ended, track)
}

#[test]
fn an_excursion_counts_from_its_first_value_and_ends_with_the_first_good_one() {
    let values = [4.0, 9.0, 10.0, 12.0, 11.0, 9.0, 7.0, 4.0];
    let looks: Vec<_> = (0..).zip(values).map(|(n, v)| look(n, v)).collect();
    let (ended, track) = follow(&rule(3), &looks);
    let (run, end) = &ended[0];
    assert_eq!((run.begin, *end), (MINUTE, 6 * MINUTE));
    assert_eq!(run.counts_at, Some(4 * MINUTE));
    assert_eq!((run.peak_c, run.peak_at), (12.0, 3 * MINUTE));
    assert_eq!((run.beyond_ms, run.gap_ms), (5 * MINUTE, 0));
    // 1 + 2 + 4 + 3 + 1 K, a minute each.
    assert!((run.degree_minutes() - 11.0).abs() < 1e-9);
    assert_eq!((ended.len(), track.run), (1, None));
}

#[test]
fn what_is_shorter_than_the_delay_does_not_count() {
    let looks: Vec<_> = (0..6)
        .map(|n| look(n, if n < 3 { 9.0 } else { 5.0 }))
        .collect();
    assert!(follow(&rule(4), &looks).0.is_empty());
    assert_eq!(follow(&rule(3), &looks).0.len(), 1);
}

#[test]
fn an_open_door_stops_the_delay_and_not_for_ever() {
    let open = |minutes: i64| {
        let all = (0..90).map(|n| Look {
            door: n < minutes,
            ..look(n, 10.0)
        });
        let (ended, track) = follow(&rule(10), &all.collect::<Vec<_>>());
        assert!(ended.is_empty());
        track.run.unwrap()
    };
    assert_eq!(open(0).counts_at, Some(10 * MINUTE));
    let run = open(20);
    assert_eq!(run.counts_at, Some(30 * MINUTE));
    assert_eq!(
        (run.begin, run.excused_ms, run.door),
        (0, 20 * MINUTE, true)
    );
    // No more than an hour is excused, however long the door stands open.
    assert_eq!(open(90).counts_at, Some(70 * MINUTE));
}

#[test]
fn a_gap_is_named_and_no_time_that_is_known() {
    let looks = [look(0, 9.0), look(1, 9.0), look(31, 9.0), look(32, 5.0)];
    let (ended, _) = follow(&rule(2), &looks);
    let (run, end) = &ended[0];
    assert_eq!(end - run.begin, 32 * MINUTE);
    assert_eq!((run.beyond_ms, run.gap_ms), (4 * MINUTE, 28 * MINUTE));
}

#[test]
fn the_dead_band_keeps_it_one_and_the_cold_side_is_the_mirror() {
    let rule = Rule {
        side: Side::Low,
        limit_c: 2.0,
        dead_band_c: 0.5,
        ..rule(1)
    };
    let values = [3.0, 1.0, 2.2, 1.5, 2.4, 2.5];
    let looks: Vec<_> = (0..).zip(values).map(|(n, v)| look(n, v)).collect();
    let (ended, _) = follow(&rule, &looks);
    let (run, end) = &ended[0];
    assert_eq!((run.begin, *end, run.peak_c), (MINUTE, 5 * MINUTE, 1.0));
    assert_eq!(
        run.beyond_ms,
        2 * MINUTE,
        "within the band nothing is beyond"
    );
}

#[test]
fn the_mean_kinetic_temperature_is_that_of_the_pharmacopoeia() {
    // Equal times at 20, 25 and 30 °C: above the mean of 25, below 26 (worked out by hand:
    // the rates are 1.5306e-15, 2.7089e-15 and 4.7149e-15, their mean 2.9848e-15).
    let mean = [20.0, 25.0, 30.0].map(kinetic_rate).iter().sum::<f64>() / 3.0;
    assert!(
        (mean_kinetic_c(mean) - 25.865).abs() < 0.02,
        "{}",
        mean_kinetic_c(mean)
    );
    assert!((mean_kinetic_c(kinetic_rate(5.0)) - 5.0).abs() < 1e-9);
    let looks: Vec<_> = (0..)
        .zip([20.0, 25.0, 30.0, 5.0])
        .map(|(n, v)| look(n, v))
        .collect();
    let (ended, _) = follow(&rule(1), &looks);
    assert!((ended[0].0.mean_kinetic_c() - mean_kinetic_c(mean)).abs() < 1e-9);
}

#[test]
fn what_stands_is_known_between_two_values() {
    let (_, track) = follow(&rule(10), &[look(0, 9.0), look(9, 9.0)]);
    let standing = |minute: i64| track.standing(&rule(10), minute * MINUTE, 2 * MINUTE);
    assert!(standing(9).is_none(), "seven of the nine minutes are a gap");
    let (_, track) = follow(&rule(3), &[look(0, 9.0), look(2, 9.0)]);
    let standing = |minute: i64| track.standing(&rule(3), minute * MINUTE, 2 * MINUTE);
    assert!(standing(2).is_none());
    assert_eq!(standing(3).unwrap().counts_at, Some(3 * MINUTE));
    assert!(standing(30).unwrap().gap_ms > 0);
}
