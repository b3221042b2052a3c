//! Whether the devices answer a version on trial as they answered the one before.

use super::update::{manifest, plant};
use crate::support::BEAT_MS;
use crate::support::meters::{Field, dead_port};
use crate::support::socket::Socket;
use indusmind::launcher::switch::Next;
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

#[tokio::test]
async fn devices_that_do_not_answer_the_new_version_are_named() {
    let mut plant = plant().await;
    let field = Field::of(&plant.appliance.clock, &[40.0, 7.0]).await;
    let first = plant.chief.add("First", &field.modbus(0)).await;
    let second = plant.chief.add("Second", &field.modbus(1)).await;
    // It never answered: nobody misses it.
    let dead = dead_port();
    let dead = field.modbus_with(0, &json!({ "host": dead.ip(), "port": dead.port() }));
    plant.chief.add("Never", &dead).await;
    plant.appliance.beat(&[&first, &second]).await;
    assert_eq!(
        plant.chief.get("/api/update").await.data()["answering"],
        Value::Null
    );

    let staged = plant.send(plant.bundle(&manifest("9.0.0"))).await.data();
    let confirmed = json!({ "manifest_hash": staged["manifest_hash"] });
    plant
        .chief
        .post("/api/update/install", &confirmed)
        .await
        .data();
    plant.appliance.stop().await;
    let next = plant.launcher(|switch| switch.advance().unwrap());
    assert!(matches!(next, Next::Try(_)));
    field.fault(1, Fault::Close);
    plant.appliance.advance(4 * BEAT_MS);
    plant.appliance.start().await;
    plant.appliance.beat(&[&first]).await;
    let told = plant.appliance.context().updates.answering().unwrap();
    assert_eq!((told.before, told.now), (2, 1));
    assert_eq!(told.silent, ["Second"]);

    // It is started once more: what answered before is what answered before the trial.
    plant.appliance.stop().await;
    plant.appliance.advance(60 * BEAT_MS);
    field.fault(1, Fault::None);
    plant.appliance.start().await;
    plant.appliance.beat(&[&first, &second]).await;
    let told = plant.appliance.context().updates.answering().unwrap();
    assert_eq!((told.before, told.now, told.silent.len()), (2, 2, 0));
}

#[tokio::test]
async fn every_screen_is_told_that_an_update_takes_the_appliance_away() {
    let plant = plant().await;
    let mut screen = Socket::open(&plant.chief, "/ws").await;
    screen.event("heartbeat").await;
    let staged = plant.send(plant.bundle(&manifest("9.0.0"))).await.data();
    let confirmed = json!({ "manifest_hash": staged["manifest_hash"] });
    plant
        .chief
        .post("/api/update/install", &confirmed)
        .await
        .data();
    let told = screen.close_frame().await;
    assert_eq!(told, (1001, "update".to_owned()));
}
