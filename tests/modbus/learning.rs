//! What a line learns, keeps and lets others ask.

use crate::support::{Rig, is_missing, is_true};
use indusmind::equipment::line_key;
use indusmind::modbus::journal::Outcome;
use indusmind::modbus::simulator::{Fault, Listener, Wire};
use indusmind::modbus::{Function, LineError};
use std::time::Duration;

const CONFIGURED_MS: i64 = 2_000;

#[tokio::test]
async fn a_known_device_is_not_waited_for_as_long_as_a_stranger() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    let mut source = rig.source(0, 1);
    source.timeout_ms = CONFIGURED_MS;
    let device = rig.device(&source);
    rig.acquisition.apply(vec![device.clone()]);
    assert!(is_true(&rig.next().await, 1));
    assert_eq!(rig.link(&device).timeout_ms, Some(2_000.0), "a stranger");
    for _ in 0..24 {
        rig.beat();
        assert!(is_true(&rig.next().await, 1));
    }
    let link = rig.link(&device);
    let (p50, p95) = (
        link.round_trip_p50_ms.unwrap(),
        link.round_trip_p95_ms.unwrap(),
    );
    assert!(p50 > 0.0 && p95 >= p50);
    let learnt = link.timeout_ms.unwrap();
    let expected = (3.0 * p95 + 50.0).clamp(200.0, 2_000.0);
    assert!((learnt - expected).abs() < 1.0, "{link:?}");
    // It becomes slower than that. No sample is lost: it is asked again with all the time there is,
    // and is given that until it is known anew.
    rig.simulator
        .set_fault(0, 1, Fault::Late(Duration::from_millis(1_000)));
    for beat in 0..3 {
        rig.beat();
        assert!(is_true(&rig.next().await, 1), "beat {beat}");
    }
}

#[tokio::test]
async fn every_exchange_is_in_the_journal_with_its_bytes() {
    let mut rig = Rig::with_beacons(&[&[1, 2], &[1]]).await;
    let mut source = rig.source(0, 1);
    (source.timeout_ms, source.retries) = (200, 0);
    let (one, two, alone) = (rig.device(&source), rig.beacon(0, 2), rig.beacon(1, 1));
    rig.acquisition.apply(vec![one.clone(), two.clone(), alone]);
    rig.next_of_each(3).await;
    rig.simulator.set_fault(0, 1, Fault::Exception(4));
    rig.beat();
    let hurt = rig.next_of_each(3).await;
    assert_eq!(hurt.iter().filter(|batch| is_missing(batch)).count(), 1);

    let key = line_key(&one.plan.endpoint);
    let reports = rig.acquisition.line_reports();
    assert_eq!(reports.len(), 2);
    let report = reports.iter().find(|report| report.key == key).unwrap();
    let devices: Vec<_> = report
        .devices
        .iter()
        .map(|d| (d.equipment, d.unit_id))
        .collect();
    assert_eq!(devices, [(one.id, 1), (two.id, 2)]);
    assert_eq!(report.statistics.connects, 1);
    let unit = &report.statistics.units[&1];
    assert_eq!((unit.requests, unit.exceptions[&4]), (2, 1));
    assert_eq!(unit.last_trouble, Some(Outcome::Exception));
    assert_eq!(report.statistics.units[&2].count(Outcome::Answered), 2);

    let frames = rig.acquisition.journal(&key).unwrap().frames(100);
    let outcomes: Vec<_> = frames
        .iter()
        .map(|frame| (frame.unit, frame.outcome))
        .collect();
    let answered = Outcome::Answered;
    let expected = [
        (0, Outcome::Connected),
        (1, answered),
        (2, answered),
        (1, Outcome::Exception),
        (2, answered),
    ];
    assert_eq!(outcomes, expected);
    // Read 8 words from 10 of unit 1: behind transaction, protocol and length.
    assert_eq!(frames[1].request[4..], [0, 6, 1, 3, 0, 10, 0, 8]);
    assert_eq!(frames[1].answer[..2], frames[1].request[..2]);
    assert_eq!(frames[1].answer[4..9], [0, 19, 1, 3, 16]);
    assert_eq!(frames[3].answer[6..], [1, 0x83, 4]);
    assert!(rig.acquisition.journal("tcp:nowhere:502").is_none());
}

#[tokio::test]
async fn a_visitor_asks_on_a_serial_port_that_is_polled() {
    let beacons = vec![
        (1, crate::support::Beacon::new(1) as _),
        (2, crate::support::Beacon::new(2) as _),
    ];
    let mut rig = Rig::new(vec![Listener::on_a_port(beacons)]).await;
    let device = rig.device(&rig.source_on(Wire::Port, 0, 1));
    rig.acquisition.apply(vec![device.clone()]);
    assert!(is_true(&rig.next().await, 1));
    let visitor = rig.acquisition.visit(&device.plan.endpoint).unwrap();
    let timeout = Duration::from_secs(20);
    for _ in 0..3 {
        let words = visitor.read(2, Function::Holding, 10, 8, timeout).await;
        assert_eq!(words.unwrap().len(), 8);
        rig.beat();
        assert!(is_true(&rig.next().await, 1));
    }
    // Nobody else gets in: two masters on one bus would hear each other's answers.
    let mut second = indusmind::modbus::Line::new(device.plan.endpoint.clone());
    let refused = second.read(2, Function::Holding, 10, 8, timeout).await;
    assert!(
        matches!(refused, Err(LineError::Port { .. })),
        "{refused:?}"
    );
    rig.acquisition.apply(Vec::new());
    let gone = visitor.read(2, Function::Holding, 10, 8, timeout).await;
    assert!(matches!(gone, Err(LineError::Closed(_))), "{gone:?}");
}

#[tokio::test]
async fn the_pause_between_questions_is_kept() {
    let mut rig = Rig::with_beacons(&[&[1, 2]]).await;
    let devices = [1, 2].map(|unit| {
        let mut source = rig.source(0, unit);
        source.gap_ms = 150;
        rig.device(&source)
    });
    rig.acquisition.apply(devices.to_vec());
    rig.next_of_each(2).await;
    let started = std::time::Instant::now();
    for _ in 0..2 {
        rig.beat();
        rig.next_of_each(2).await;
    }
    // Four questions, and at least three whole pauses between them, however slow the machine is.
    assert!(started.elapsed() >= Duration::from_millis(3 * 150));
}
