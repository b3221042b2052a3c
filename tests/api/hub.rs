//! `/ws`: one socket for everything, state first and then changes.

use crate::support::client::Client;
use crate::support::meters::{Field, Meter};
use crate::support::socket::Socket;
use crate::support::{Appliance, BEAT_MS, assert_near, keys};
use serde_json::{Value, json};

/// An appliance with a meter that is read every five seconds and one that is read every minute.
async fn two_meters() -> (Appliance, Client, Field, [String; 2]) {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let slow = field.modbus_with(1, &json!({ "poll_interval_ms": 60_000 }));
    let ids = [
        chief.add("Quick", &field.modbus(0)).await,
        chief.add("Slow", &slow).await,
    ];
    appliance
        .read_at(&[&ids[0], &ids[1]], appliance.now())
        .await;
    (appliance, chief, field, ids)
}

fn ids_of(frame: &Value) -> Vec<&str> {
    let equipment = frame["equipment"].as_array().unwrap();
    equipment
        .iter()
        .map(|e| e["id"].as_str().unwrap())
        .collect()
}

fn power_of(equipment: &Value) -> &Value {
    let values = equipment["values"].as_array().unwrap();
    let power = values
        .iter()
        .find(|v| v["metric"] == "power" && v["phase"].is_null());
    &power.unwrap()["value"]
}

#[tokio::test]
async fn the_state_comes_first_and_then_what_changed() {
    let (appliance, chief, field, ids) = two_meters().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    hub.subscribe(&json!({ "topic": "live" })).await;
    let state = hub.event("live").await;
    assert_eq!(keys(&state), ["equipment", "snapshot", "time"]);
    assert_eq!(
        (&state["snapshot"], &state["time"]),
        (&json!(true), &json!(appliance.now()))
    );
    assert_eq!(ids_of(&state), ids);
    let quick = &state["equipment"][0];
    assert_eq!(keys(quick), ["id", "last_update", "status", "values"]);
    assert_eq!(
        (&quick["status"], &quick["last_update"]),
        (&json!("online"), &json!(appliance.now()))
    );
    assert_eq!(
        quick["values"].as_array().unwrap().len(),
        Meter::names().count()
    );
    let value = &quick["values"][0];
    assert_eq!(
        keys(value),
        ["metric", "phase", "quality", "timestamp", "unit", "value"]
    );
    for _ in 0..3 {
        let at = appliance.beat(&[&ids[0]]).await;
        let change = hub.event("live").await;
        assert_eq!(change["snapshot"], false);
        assert_eq!(ids_of(&change), [&ids[0]], "the slow meter has nothing new");
        let power = power_of(&change["equipment"][0]);
        assert_near(power, field.meters[0].truth("power", at), "power");
    }
    appliance.advance(60_000 - 3 * BEAT_MS);
    let mut changed: Vec<String> = Vec::new();
    while !changed.contains(&ids[1]) {
        let change = hub.event("live").await;
        changed.extend(ids_of(&change).into_iter().map(str::to_owned));
    }
}

#[tokio::test]
async fn one_meter_can_be_watched_alone() {
    let (appliance, chief, _field, ids) = two_meters().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    let topic = json!({ "topic": "live", "equipment_id": ids[1] });
    hub.subscribe(&topic).await;
    let state = hub.event("live").await;
    assert_eq!(
        (&state["snapshot"], ids_of(&state)),
        (&json!(true), vec![ids[1].as_str()])
    );
    // Eleven beats of the other one pass in silence.
    while appliance.now().ms() % 60_000 != 0 {
        appliance.beat(&[&ids[0]]).await;
    }
    appliance.beat(&[&ids[0]]).await;
    appliance.advance(60_000 - BEAT_MS);
    appliance
        .read_at(&[&ids[0], &ids[1]], appliance.now())
        .await;
    let change = hub.event("live").await;
    assert_eq!(
        (&change["snapshot"], ids_of(&change)),
        (&json!(false), vec![ids[1].as_str()])
    );
}

#[tokio::test]
async fn what_is_unsubscribed_is_heard_no_more() {
    let (appliance, chief, _field, ids) = two_meters().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    hub.subscribe(&json!({ "topic": "live" })).await;
    hub.event("live").await;
    hub.subscribe(&json!({ "topic": "dashboard" })).await;
    hub.event("dashboard").await;
    for topic in ["live", "dashboard"] {
        hub.send(&json!({ "event": "unsubscribe", "data": { "topic": topic } }))
            .await;
    }
    // The refusal of nonsense is the sign that everything before it was taken.
    hub.send_text("nonsense").await;
    hub.event("error").await;
    for _ in 0..3 {
        appliance.beat(&[&ids[0]]).await;
    }
    loop {
        let frame = hub.message().await;
        assert_eq!(frame["event"], "heartbeat", "{frame}");
        if frame["data"]["time"] == json!(appliance.now()) {
            break;
        }
    }
}

#[tokio::test]
async fn the_dashboard_comes_at_once_and_with_each_beat() {
    let (appliance, chief, field, ids) = two_meters().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    hub.subscribe(&json!({ "topic": "dashboard" })).await;
    let first = hub.event("dashboard").await;
    let at = appliance.now();
    assert_eq!(first["timestamp"], json!(at));
    let power: f64 = field.meters.iter().map(|m| m.truth("power", at)).sum();
    assert_near(&first["power"], power, "power");
    // Other requests in between do not bring it early.
    appliance.advance(1_000);
    hub.send(&json!({ "event": "ping", "data": {} })).await;
    hub.subscribe(&json!({ "topic": "live" })).await;
    hub.event("live").await;
    appliance.beat(&[&ids[0]]).await;
    let next = hub.event("dashboard").await;
    assert_eq!(next["timestamp"], json!(at.plus_ms(BEAT_MS)));
}

#[tokio::test]
async fn a_change_of_the_equipment_is_told_to_everyone() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut watcher = Socket::open(&chief, "/ws").await;
    let mut stranger = Socket::open(&chief, "/ws").await;
    watcher.subscribe(&json!({ "topic": "live" })).await;
    assert_eq!(watcher.event("live").await["equipment"], json!([]));
    stranger.event("heartbeat").await;
    let id = chief.add("Boiler", &Value::Null).await;
    let told = watcher.event("registry").await;
    assert_eq!(keys(&told), ["revision"]);
    assert_eq!(stranger.event("registry").await, told);
    let state = watcher.event("live").await;
    assert_eq!(
        (&state["snapshot"], ids_of(&state)),
        (&json!(true), vec![id.as_str()])
    );
    let path = format!("/api/equipment/{id}");
    chief
        .put(&path, &json!({ "name": "Boiler 1" }))
        .await
        .data();
    // The page loads its lists again when the number is another one.
    let changed = stranger.event("registry").await;
    chief.delete(&path).await.data();
    let deleted = stranger.event("registry").await;
    assert!(told != changed && changed != deleted && deleted != told);
    loop {
        let state = watcher.event("live").await;
        if state["equipment"] == json!([]) {
            break;
        }
    }
}

#[tokio::test]
async fn a_frame_that_is_not_understood_is_answered_and_the_socket_lives() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    for bad in [
        "hello",
        "",
        "{}",
        "[]",
        "{\"event\":\"subscribe\"}",
        "{\"event\":\"subscribe\",\"data\":{}}",
        "{\"event\":\"subscribe\",\"data\":{\"topic\":\"weather\"}}",
        "{\"event\":\"subscribe\",\"data\":{\"topic\":\"live\",\"equipment_id\":\"7\"}}",
        "{\"event\":\"shutdown\",\"data\":{}}",
    ] {
        hub.send_text(bad).await;
        let error = hub.event("error").await;
        assert_eq!(keys(&error), ["error", "error_code"]);
        assert_eq!(error["error_code"], "VALIDATION_ERROR", "{bad}");
        assert!(error["error"].as_str().unwrap().len() > 5, "{error}");
    }
    hub.subscribe(&json!({ "topic": "dashboard" })).await;
    hub.event("dashboard").await;
}

#[tokio::test]
async fn the_heart_beats_with_the_time_of_the_appliance() {
    let (appliance, chief) = Appliance::furnished().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    let first = hub.event("heartbeat").await;
    assert_eq!(first, json!({ "time": appliance.now() }));
    appliance.advance(7_000);
    loop {
        let beat = hub.event("heartbeat").await;
        if beat["time"] == json!(appliance.now()) {
            break;
        }
        assert_eq!(beat, first);
    }
}

/// Keeps all threads busy that read the disk, until the sender is dropped.
fn a_disk_that_does_not_answer() -> tokio::sync::watch::Sender<()> {
    let (busy, _) = tokio::sync::watch::channel(());
    for _ in 0..600 {
        let mut over = busy.subscribe();
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(over.changed()).is_err());
    }
    busy
}

#[tokio::test]
async fn it_is_heard_while_figures_are_on_their_way() {
    let (appliance, chief) = Appliance::furnished().await;
    let mut hub = Socket::open(&chief, "/ws").await;
    hub.subscribe(&json!({ "topic": "dashboard" })).await;
    hub.event("dashboard").await;
    let busy = a_disk_that_does_not_answer();
    appliance.advance(10 * BEAT_MS);
    // Figures that were computed before the threads were taken may still come.
    let mut events = Vec::new();
    while events
        .iter()
        .rev()
        .take_while(|event| *event == "heartbeat")
        .count()
        < 3
    {
        let frame = hub.message().await;
        events.push(frame["event"].as_str().unwrap().to_owned());
    }
    drop(busy);
    hub.event("dashboard").await;
}
