//! Lines and devices that come, go and wait for each other.

use crate::support::{Beacon, INTERVAL_MS, Rig, is_missing, is_true, soon, until};
use indusmind::base::Batch;
use indusmind::equipment::link::LinkState;
use indusmind::modbus::simulator::{Fault, Listener, Simulator, Wire};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_device_is_polled_at_once_and_then_on_its_grid() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    let device = rig.beacon(0, 1);
    rig.acquisition.apply(vec![device.clone()]);
    for beat in 0..4 {
        let batch = rig.next().await;
        assert!(is_true(&batch, 1), "{batch:?}");
        let at = crate::support::start_time().plus_ms(beat * INTERVAL_MS);
        assert_eq!((batch.equipment, batch.at), (device.id, at));
        assert_eq!(i64::from(batch.interval_ms), INTERVAL_MS);
        rig.beat();
    }
    rig.next().await;
    assert_eq!(rig.simulator.connections(0), 1);
    assert!(rig.link(&device).round_trip_ms.unwrap() > 0.0);
}

#[tokio::test]
async fn a_beat_off_the_grid_is_stamped_on_it() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    rig.clock.advance(Duration::from_millis(1_234));
    let device = rig.beacon(0, 1);
    rig.acquisition.apply(vec![device]);
    assert_eq!(rig.next().await.at, crate::support::start_time());
}

#[tokio::test]
async fn the_first_reading_of_an_hourly_meter_is_not_dated_back_to_the_hour() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    rig.clock.advance(Duration::from_millis(40 * 60_000 + 250));
    let mut source = rig.source(0, 1);
    source.poll_interval_ms = 3_600_000;
    let device = rig.device(&source);
    rig.acquisition.apply(vec![device]);
    let start = crate::support::start_time();
    assert_eq!(rig.next().await.at, start.plus_ms(40 * 60_000));
    rig.clock.advance(Duration::from_millis(20 * 60_000));
    assert_eq!(rig.next().await.at, start.plus_ms(60 * 60_000));
}

#[tokio::test]
async fn beats_lost_in_a_clock_jump_are_not_replayed() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    rig.acquisition.apply(vec![rig.beacon(0, 1)]);
    let first = rig.next().await.at;
    rig.clock.advance(Duration::from_secs(3_600));
    assert_eq!(rig.next().await.at, first.plus_ms(3_600_000));
    rig.beat();
    let next = rig.next().await;
    assert_eq!(next.at, first.plus_ms(3_605_000));
    assert!(is_true(&next, 1));
}

#[tokio::test]
async fn a_clock_that_was_set_back_stops_nobody() {
    let mut rig = Rig::with_beacons(&[&[1, 2]]).await;
    let (first, second) = (rig.beacon(0, 1), rig.beacon(0, 2));
    rig.acquisition.apply(vec![first.clone()]);
    rig.next().await;
    let earlier = crate::support::start_time().minus_ms(3_600_000);
    rig.clock.set(earlier);
    // A manual clock wakes nobody when it goes back; a new device does.
    rig.acquisition.apply(vec![first.clone(), second.clone()]);
    assert_eq!(rig.next().await.equipment, second.id);
    rig.beat();
    for batch in rig.next_of_each(2).await {
        assert_eq!(batch.at, earlier.plus_ms(INTERVAL_MS));
    }
}

#[tokio::test]
async fn a_dead_line_does_not_delay_the_others() {
    let mut rig = Rig::with_beacons(&[&[1], &[1]]).await;
    // Its time-out is far longer than this test takes.
    let dead = rig.beacon(0, 1);
    let alive = rig.beacon(1, 1);
    rig.simulator.set_fault(0, 1, Fault::Silent);
    rig.acquisition.apply(vec![dead.clone(), alive.clone()]);
    until("the question to the dead device", || {
        rig.simulator.requests(0, 1) == 1
    })
    .await;
    for _ in 0..20 {
        let batch = rig.next().await;
        assert_eq!(batch.equipment, alive.id);
        assert!(is_true(&batch, 2));
        rig.beat();
    }
    assert_eq!(rig.simulator.requests(0, 1), 1);
    assert_eq!(rig.link(&dead).state, LinkState::Connecting);
}

#[tokio::test]
async fn units_behind_one_gateway_are_served_fairly() {
    let mut rig = Rig::with_beacons(&[&[1, 2, 3]]).await;
    let mut hasty = rig.source(0, 1);
    hasty.poll_interval_ms = 100;
    let hasty = rig.device(&hasty);
    let others = [rig.beacon(0, 2), rig.beacon(0, 3)];
    let mut all = others.to_vec();
    all.push(hasty.clone());
    rig.acquisition.apply(all);
    rig.next_of_each(3).await;
    let mut polls: HashMap<_, Vec<Batch>> = HashMap::new();
    for beat in 1..=100 {
        rig.clock.advance(Duration::from_millis(100));
        // The hasty one is due each time, the others each fiftieth.
        let due = if beat % 50 == 0 { 3 } else { 1 };
        for batch in rig.next_of_each(due).await {
            polls.entry(batch.equipment).or_default().push(batch);
        }
    }
    assert_eq!(polls[&hasty.id].len(), 100);
    assert!(polls[&hasty.id].iter().all(|batch| is_true(batch, 1)));
    for (device, number) in others.iter().zip([2, 3]) {
        assert_eq!(polls[&device.id].len(), 2);
        assert!(polls[&device.id].iter().all(|batch| is_true(batch, number)));
    }
    assert_eq!(rig.simulator.connections(0), 1, "one line, one connection");
}

#[tokio::test]
async fn a_device_that_is_always_due_does_not_starve_its_neighbour() {
    let mut rig = Rig::with_beacons(&[&[1, 2]]).await;
    let mut hasty = rig.source(0, 1);
    hasty.poll_interval_ms = 100;
    let (hasty, other) = (rig.device(&hasty), rig.beacon(0, 2));
    rig.simulator
        .set_fault(0, 1, Fault::Late(Duration::from_millis(200)));
    rig.acquisition.apply(vec![hasty.clone(), other.clone()]);
    // Its next beat passes while it still answers to this one.
    until("the first question", || rig.simulator.requests(0, 1) == 1).await;
    rig.clock.advance(Duration::from_millis(100));
    let order: Vec<_> = rig.next_of_each(3).await;
    let order: Vec<_> = order.iter().map(|batch| batch.equipment).collect();
    assert_eq!(order, [hasty.id, other.id, hasty.id]);
}

#[tokio::test]
async fn a_busy_bus_serves_everyone_in_turn() {
    let mut rig = Rig::with_beacons(&[&[1, 2, 3]]).await;
    let devices = [1, 2, 3].map(|unit| rig.beacon(0, unit));
    rig.acquisition.apply(devices.to_vec());
    rig.next_of_each(3).await;
    // While one unit answers slowly, many beats of all of them pass.
    rig.simulator
        .set_fault(0, 2, Fault::Late(Duration::from_millis(100)));
    for _ in 0..6 {
        rig.clock.advance(Duration::from_secs(60));
        let batches = rig.next_of_each(3).await;
        let mut seen: Vec<_> = batches.iter().map(|batch| batch.equipment).collect();
        seen.sort_unstable();
        let mut expected: Vec<_> = devices.iter().map(|device| device.id).collect();
        expected.sort_unstable();
        assert_eq!(seen, expected, "each has one turn before anyone has two");
    }
}

#[tokio::test]
async fn devices_come_and_go_and_the_unchanged_one_notices_nothing() {
    let mut rig = Rig::with_beacons(&[&[1, 2], &[1]]).await;
    let (stays, goes, comes) = (rig.beacon(0, 1), rig.beacon(0, 2), rig.beacon(1, 1));
    rig.acquisition.apply(vec![stays.clone(), goes.clone()]);
    rig.next_of_each(2).await;
    rig.acquisition.apply(vec![stays.clone(), comes.clone()]);
    let batch = rig.next().await;
    assert_eq!(
        batch.equipment, comes.id,
        "the new one is polled at once, the old one is not"
    );
    assert!(is_true(&batch, 3));
    assert!(rig.acquisition.link(goes.id).is_none());
    assert_eq!(rig.acquisition.links().len(), 2);
    for _ in 0..3 {
        rig.beat();
        let batches = rig.next_of_each(2).await;
        assert!(batches.iter().all(|batch| batch.equipment != goes.id));
    }
    assert_eq!(rig.simulator.connections(0), 1);
    assert_eq!(rig.simulator.requests(0, 2), 1);
    rig.acquisition.apply(Vec::new());
    assert!(rig.acquisition.links().is_empty());
    rig.acquisition.apply(vec![stays.clone()]);
    assert!(is_true(&rig.next().await, 1));
}

#[tokio::test]
async fn a_changed_device_is_polled_in_its_new_way_at_once() {
    let mut rig = Rig::with_beacons(&[&[1, 2]]).await;
    let before = rig.beacon(0, 1);
    rig.acquisition.apply(vec![before.clone()]);
    assert!(is_true(&rig.next().await, 1));
    let mut after = rig.beacon(0, 2);
    after.id = before.id;
    rig.acquisition.apply(vec![after]);
    assert!(is_true(&rig.next().await, 2));
}

#[tokio::test]
async fn what_is_removed_during_its_poll_offers_nothing() {
    let mut rig = Rig::with_beacons(&[&[1, 2]]).await;
    let (slow, other) = (rig.beacon(0, 1), rig.beacon(0, 2));
    rig.simulator
        .set_fault(0, 1, Fault::Late(Duration::from_millis(300)));
    rig.acquisition.apply(vec![slow.clone()]);
    until("the question", || rig.simulator.requests(0, 1) == 1).await;
    rig.acquisition.apply(vec![other.clone()]);
    assert_eq!(rig.next().await.equipment, other.id);
}

#[tokio::test]
async fn a_line_without_anyone_at_its_end_is_tried_again() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    // A port that was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let devices = [1, 2].map(|unit| rig.device(&Beacon::source("127.0.0.1", address.port(), unit)));
    rig.acquisition.apply(devices.to_vec());
    for _ in 0..3 {
        let batches = rig.next_of_each(2).await;
        assert!(batches.iter().all(is_missing));
        rig.beat();
    }
    rig.next_of_each(2).await;
    for device in &devices {
        let link = rig.link(device);
        assert_eq!(link.state, LinkState::Waiting);
        let sentence = link.last_error.unwrap();
        assert!(
            sentence.starts_with("No connection to 127.0.0.1:"),
            "{sentence}"
        );
    }
    let server = Listener {
        wire: Wire::Tcp(address),
        devices: vec![(1, Beacon::new(1)), (2, Beacon::new(2))],
    };
    let clock = Arc::new(rig.clock.clone());
    let _server = Simulator::start(clock, vec![server]).await.unwrap();
    // The connection is tried at every beat, and the readings of that beat are taken.
    rig.beat();
    for batch in rig.next_of_each(2).await {
        let number = if batch.equipment == devices[0].id {
            1
        } else {
            2
        };
        assert!(is_true(&batch, number), "{batch:?}");
    }
}

#[tokio::test]
async fn an_unknown_unit_is_named_by_the_gateway() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    let stranger = rig.beacon(0, 77);
    rig.acquisition.apply(vec![stranger.clone()]);
    assert!(is_missing(&rig.next().await));
    let sentence = rig.link(&stranger).last_error.unwrap();
    assert!(sentence.contains("exception 11"), "{sentence}");
}

#[tokio::test]
async fn a_full_inlet_skips_the_beat_and_counts_it() {
    let listener = Listener::on_loopback(vec![(1, Beacon::new(1))]);
    let mut rig = Rig::with_inlet(vec![listener], 1).await;
    rig.acquisition.apply(vec![rig.beacon(0, 1)]);
    until("the first poll", || rig.batches.len() == 1).await;
    for beat in 1..4 {
        rig.beat();
        until("a skipped beat", || rig.acquisition.skipped() == beat).await;
    }
    assert!(is_true(&rig.next().await, 1));
    rig.beat();
    assert!(is_true(&rig.next().await, 1));
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_silent_device() {
    let mut rig = Rig::with_beacons(&[&[1], &[1]]).await;
    rig.simulator.set_fault(0, 1, Fault::Silent);
    let devices = vec![rig.beacon(0, 1), rig.beacon(1, 1)];
    rig.acquisition.apply(devices.clone());
    rig.next().await;
    until("the question", || rig.simulator.requests(0, 1) == 1).await;
    // The time-out of the silent one is 30 s.
    let stopped = tokio::time::timeout(Duration::from_secs(20), rig.acquisition.stop());
    stopped
        .await
        .expect("stop returns while a device is silent");
    assert!(
        devices
            .iter()
            .all(|d| rig.link(d).state == LinkState::Stopped)
    );
    rig.acquisition.apply(devices);
    rig.beat();
    drop(rig.acquisition);
    let rest = soon("the end of the batches", rig.batches.recv()).await;
    assert!(rest.is_none(), "{rest:?}");
}
