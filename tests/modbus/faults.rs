//! Devices that misbehave: no wrong value is ever good, and the neighbour loses nothing.

use crate::support::{Rig, is_missing, is_true, power_kw};
use indusmind::base::Batch;
use indusmind::equipment::link::LinkState;
use indusmind::equipment::poller::Device;
use indusmind::modbus::simulator::Fault;
use std::time::Duration;

/// The victim's time-out: short, so that silence does not make the test slow.
const TIMEOUT_MS: i64 = 200;

/// A victim (unit 1) and its neighbour (unit 2) behind one gateway, both answering.
async fn two_units() -> (Rig, Device, Device) {
    let mut rig = Rig::with_beacons(&[&[1, 2]]).await;
    let mut source = rig.source(0, 1);
    source.timeout_ms = TIMEOUT_MS;
    let victim = rig.device(&source);
    let neighbour = rig.beacon(0, 2);
    rig.acquisition
        .apply(vec![victim.clone(), neighbour.clone()]);
    rig.next_of_each(2).await;
    (rig, victim, neighbour)
}

fn of<'a>(device: &Device, batches: &'a [Batch]) -> &'a Batch {
    let found = |batch: &&Batch| batch.equipment == device.id;
    batches.iter().find(found).expect("one batch of each")
}

/// Lives through eight beats of a fault and through the recovery. `kills` says whether the fault
/// leaves no value at all.
async fn survive(fault: Fault, kills: bool, sentence: &str) {
    let (mut rig, victim, neighbour) = two_units().await;
    rig.simulator.set_fault(0, 1, fault);
    for _ in 0..8 {
        rig.beat();
        let batches = rig.next_of_each(2).await;
        let (hurt, healthy) = (of(&victim, &batches), of(&neighbour, &batches));
        assert!(
            is_true(healthy, 2),
            "{fault:?} hurt the neighbour: {healthy:?}"
        );
        let honest = is_missing(hurt) || (!kills && is_true(hurt, 1));
        assert!(honest, "{fault:?} was believed: {hurt:?}");
    }
    if kills {
        let link = rig.link(&victim);
        assert_eq!(link.state, LinkState::Waiting, "{fault:?}");
        let said = link.last_error.unwrap();
        assert!(said.contains(sentence), "{fault:?}: {said}");
        assert!(link.failures > 0 && link.next_attempt_at.is_some());
    }
    rig.simulator.set_fault(0, 1, Fault::None);
    recover(&mut rig, &victim).await;
}

/// Beats until the victim is back, at most one back-off step.
async fn recover(rig: &mut Rig, victim: &Device) {
    for _ in 0..20 {
        rig.beat();
        let batches = rig.next_of_each(2).await;
        let batch = of(victim, &batches);
        if !is_missing(batch) {
            assert!(is_true(batch, 1), "{batch:?}");
            let link = rig.link(victim);
            assert_eq!((link.state, link.failures), (LinkState::Connected, 0));
            assert_eq!(link.last_success_at, Some(batch.at));
            return;
        }
    }
    panic!("the device was not taken back");
}

#[tokio::test]
async fn silence_is_a_missing_sample() {
    survive(Fault::Silent, true, "No answer from unit 1 within 200 ms").await;
}

#[tokio::test]
async fn a_late_answer_is_never_taken_for_the_next_one() {
    survive(
        Fault::Late(Duration::from_millis(450)),
        true,
        "No answer from unit 1",
    )
    .await;
}

#[tokio::test]
async fn a_short_answer_is_thrown_away() {
    survive(Fault::Short, true, "7 words instead of 8").await;
}

#[tokio::test]
async fn a_long_answer_is_thrown_away() {
    survive(Fault::Long, true, "9 words instead of 8").await;
}

#[tokio::test]
async fn half_an_answer_is_a_time_out() {
    survive(Fault::Half, true, "No answer from unit 1").await;
}

#[tokio::test]
async fn a_connection_closed_by_the_device_is_no_value() {
    survive(Fault::Close, true, "closed the connection").await;
}

#[tokio::test]
async fn an_answer_to_another_question_is_thrown_away() {
    survive(Fault::OtherTransaction, true, "does not belong").await;
}

#[tokio::test]
async fn an_answer_of_another_unit_is_thrown_away() {
    survive(Fault::OtherUnit, true, "does not belong").await;
}

#[tokio::test]
async fn an_answer_from_another_table_is_thrown_away() {
    survive(Fault::OtherFunction, true, "does not belong").await;
}

#[tokio::test]
async fn garbage_is_no_value() {
    survive(Fault::Garbage, true, "").await;
}

#[tokio::test]
async fn an_answer_sent_twice_shifts_nothing() {
    survive(Fault::Twice, false, "").await;
}

#[tokio::test]
async fn every_exception_is_told_in_words() {
    for (code, sentence) in [
        (1, "does not know this function"),
        (2, "no such register"),
        (3, "number of registers"),
        (4, "failed while reading"),
        (5, "needs more time"),
        (6, "busy"),
        (10, "no path"),
        (11, "behind the gateway does not answer"),
    ] {
        survive(Fault::Exception(code), true, sentence).await;
    }
}

#[tokio::test]
async fn an_exception_keeps_the_connection_and_a_time_out_does_not() {
    let (mut rig, _, _) = two_units().await;
    let before = rig.simulator.connections(0);
    rig.simulator.set_fault(0, 1, Fault::Exception(4));
    rig.beat();
    rig.next_of_each(2).await;
    assert_eq!(rig.simulator.connections(0), before);
    rig.simulator.set_fault(0, 1, Fault::Silent);
    rig.beat();
    rig.next_of_each(2).await;
    rig.beat();
    rig.next_of_each(2).await;
    assert!(rig.simulator.connections(0) > before);
}

#[tokio::test]
async fn an_idle_connection_closed_by_the_gateway_costs_no_sample() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    let device = rig.beacon(0, 1);
    rig.acquisition.apply(vec![device.clone()]);
    for _ in 0..20 {
        assert!(is_true(&rig.next().await, 1));
        // Whether the close arrives before the question or just after it: neither costs a sample.
        rig.simulator.hang_up(0);
        rig.beat();
    }
    assert_eq!(rig.link(&device).last_error, None);
    assert!(rig.simulator.connections(0) > 1);
}

#[tokio::test]
async fn a_dead_unit_costs_one_time_out_per_back_off_step() {
    let (mut rig, victim, _) = two_units().await;
    rig.simulator.set_fault(0, 1, Fault::Silent);
    let before = rig.simulator.requests(0, 1);
    // Attempts after 5, 10, 15, 25, 45 s: the pauses of 2, 4, 8, 16, 32 s end between beats. The
    // first is made twice, because a device that was well is asked again.
    for _ in 0..12 {
        rig.beat();
        rig.next_of_each(2).await;
    }
    assert_eq!(rig.link(&victim).failures, 5);
    // At the other beats it is probed at most.
    let asked = rig.simulator.requests(0, 1) - before;
    assert!((6..=6 + 7).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_unit_that_never_answered_costs_one_time_out_per_back_off_step() {
    let mut rig = Rig::with_beacons(&[&[1, 2]]).await;
    rig.simulator.set_fault(0, 1, Fault::Silent);
    let mut source = rig.source(0, 1);
    (source.timeout_ms, source.retries) = (TIMEOUT_MS, 0);
    let dead = rig.device(&source);
    rig.acquisition.apply(vec![dead.clone(), rig.beacon(0, 2)]);
    rig.next_of_each(2).await;
    // The pauses of 2, 4, 8, 16, 32, 64, 128 s and then of 256 and 300 s end between beats of 5 s.
    let mut attempts = Vec::new();
    let mut before = rig.simulator.requests(0, 1);
    for beat in 1..=220 {
        rig.beat();
        rig.next_of_each(2).await;
        let now = rig.simulator.requests(0, 1);
        if now > before {
            attempts.push(beat * 5);
        }
        before = now;
    }
    assert_eq!(attempts, [5, 10, 20, 40, 75, 140, 270, 530, 830]);
    assert_eq!(rig.link(&dead).failures, 10);
}

#[tokio::test]
async fn a_refused_register_does_not_take_its_neighbours_along() {
    let mut rig = Rig::with_beacons(&[&[1]]).await;
    let mut source = rig.source(0, 1);
    // The device has a four-word value at 14: to end inside it is refused.
    let mut inside = source.registers["power"].clone();
    inside.address = 14;
    inside.data_type = indusmind::modbus::DataType::Uint16;
    source.registers.insert("consumption".to_owned(), inside);
    let device = rig.device(&source);
    rig.acquisition.apply(vec![device.clone()]);
    assert!(is_missing(&rig.next().await), "the two are asked together");
    rig.beat();
    let batch = rig.next().await;
    assert_eq!(power_kw(&batch), Some(100_005.0));
    let consumption = &batch.readings[1];
    assert_eq!(consumption.value, None);
    let link = rig.link(&device);
    assert_eq!((link.state, link.failures), (LinkState::Connected, 0));
    assert!(link.last_error.unwrap().contains("no such register"));
}
