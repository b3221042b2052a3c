//! What the appliance says of itself, and in which words.

use super::*;

#[test]
fn a_disk_rises_through_its_steps_and_comes_back_by_a_band() {
    let level = |used: f64, held: Option<Level>| {
        let vitals = Vitals {
            disk_used_percent: Some(used),
            ..Vitals::default()
        };
        let all = looks(&vitals, |key| held.filter(|_| key == "disk"));
        all.into_iter()
            .find(|look| look.key == "disk")
            .and_then(|look| look.level)
    };
    assert_eq!(level(79.9, None), None);
    assert_eq!(level(80.0, None), Some(Level::Medium));
    assert_eq!(level(79.0, Some(Level::Medium)), Some(Level::Medium));
    assert_eq!(level(77.9, Some(Level::Medium)), None);
    assert_eq!(level(96.0, Some(Level::Medium)), Some(Level::Critical));
}

#[test]
fn a_backup_that_is_too_old_is_said() {
    let level = |age| {
        let vitals = Vitals {
            backup_age_h: Some((age, 48.0)),
            ..Vitals::default()
        };
        let mut all = looks(&vitals, |_| None).into_iter();
        all.find(|look| look.key == "backup")
            .and_then(|look| look.level)
    };
    assert_eq!((level(48.0), level(48.1)), (None, Some(Level::High)));
}

#[test]
fn a_jump_of_the_clock_is_said_in_a_unit_that_is_read() {
    let said = |clock_jump_s: f64| {
        let vitals = Vitals {
            clock_jump_s,
            ..Vitals::default()
        };
        let mut all = looks(&vitals, |_| None).into_iter();
        let look = all.find(|look| look.key == "clock");
        let said = look.and_then(|look| look.said.write(Language::En)).unwrap();
        said.replace('\u{a0}', " ").replace(',', "")
    };
    for (jump, wanted) in [
        (90.0, "90 s"),
        (-3_600.0, "-60 min"),
        (7_200.0, "2 h"),
        (-315_360_000.0, "-3650 d"),
    ] {
        assert!(said(jump).contains(wanted), "{}", said(jump));
    }
}

#[test]
fn every_look_has_its_words_in_every_language() {
    let names: Vec<_> = (1..=7).map(|n| format!("M{n}")).collect();
    let vitals = Vitals {
        disk_used_percent: Some(96.0),
        memory_mb: Some(2_048.0),
        clock_jump_s: 90.0,
        skipped: 1,
        failed_logins: 1_000,
        silent: names.clone(),
        due_work: names.clone(),
        failed_reports: names.clone(),
        stuck_outlets: names.clone(),
        damaged: names,
        certificate_days: Some(2.5),
        faults: 1,
        fell: Some("silent".to_owned()),
        clock_wrong: Some(Timestamp::from_ms(0)),
        served: Served {
            failed_percent_5_min: Some(3.25),
            p95_ms_10_min: Some(2_000.0),
            ..Served::default()
        },
        backup_age_h: Some((50.0, 48.0)),
        ..Vitals::default()
    };
    let all = looks(&vitals, |_| None);
    assert!(all.iter().all(|look| look.level.is_some()));
    for look in all {
        for language in [Language::En, Language::Fr, Language::Ar] {
            let said = look.said.write(language).unwrap_or_default();
            assert!(!said.is_empty() && !said.contains(['{', '?']), "{said}");
            assert!(said::advice(language, look.key).is_some(), "{}", look.key);
            let part = said::part(language, &condition_of(look.key));
            assert!(part.is_some(), "{}", look.key);
        }
    }
}

#[test]
fn answers_that_fail_or_are_slow_are_said_and_come_back_by_a_band() {
    let level = |key: &str, served: Served, held: Option<Level>| {
        let vitals = Vitals {
            served,
            ..Vitals::default()
        };
        let mut all = looks(&vitals, |of| held.filter(|_| of == key)).into_iter();
        all.find(|look| look.key == key).and_then(|look| look.level)
    };
    let failed = |short: f64, long: f64| Served {
        failed_percent_5_min: Some(short),
        failed_percent_15_min: Some(long),
        ..Served::default()
    };
    let slow = |short: f64, long: f64| Served {
        p95_ms_10_min: Some(short),
        p95_ms_20_min: Some(long),
        ..Served::default()
    };
    assert_eq!(level("answers", failed(1.0, 0.5), None), None);
    assert_eq!(
        level("answers", failed(1.0, 0.6), None),
        Some(Level::Medium)
    );
    assert_eq!(level("answers", failed(1.1, 0.1), None), Some(Level::High));
    let held = Some(Level::High);
    assert_eq!(level("answers", failed(0.6, 0.6), held), held);
    assert_eq!(level("answers", failed(0.5, 0.25), held), None);
    assert_eq!(level("slow", slow(1_000.0, 500.0), None), None);
    assert_eq!(level("slow", slow(600.0, 600.0), None), Some(Level::Medium));
    assert_eq!(level("slow", slow(1_500.0, 600.0), None), held);
    assert_eq!(level("slow", slow(150.0, 150.0), held), None);
    assert_eq!(level("slow", Served::default(), held), None);
}

#[test]
fn a_certificate_that_ends_is_said_and_is_worse_when_it_has_ended() {
    let level = |days: f64| {
        let vitals = Vitals {
            certificate_days: Some(days),
            ..Vitals::default()
        };
        let mut all = looks(&vitals, |_| None).into_iter();
        all.find(|look| look.key == "certificate")
            .and_then(|look| look.level)
    };
    assert_eq!((level(21.0), level(20.9)), (None, Some(Level::Medium)));
    assert_eq!(
        (level(0.1), level(0.0)),
        (Some(Level::Medium), Some(Level::High))
    );
}

#[test]
fn what_is_well_says_nothing() {
    let vitals = Vitals {
        disk_used_percent: Some(10.0),
        memory_mb: Some(60.0),
        backup_age_h: Some((30.0, 48.0)),
        certificate_days: Some(90.0),
        ..Vitals::default()
    };
    assert!(
        looks(&vitals, |_| None)
            .iter()
            .all(|look| look.level.is_none())
    );
}
