//! `/ws/dashboard:<site>`: the figures of the site, one bare message per beat.

use crate::support::meters::Field;
use crate::support::socket::Socket;
use crate::support::{Appliance, BEAT_MS, EMAIL, PASSWORD, assert_near, keys};
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

const PATH: &str = "/ws/dashboard:site_a";

#[tokio::test]
async fn the_message_has_the_agreed_shape_and_the_true_figures() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let ids = [
        chief.add("A", &field.modbus(0)).await,
        chief.add("B", &field.modbus(1)).await,
    ];
    appliance
        .read_at(&[&ids[0], &ids[1]], appliance.now())
        .await;
    let at = appliance.beat(&[&ids[0], &ids[1]]).await;
    appliance.advance(1_000);
    let mut socket = Socket::open(&chief, PATH).await;
    let message = socket.message().await;
    let shape = [
        "consumption",
        "cost_hour",
        "frequency",
        "phases",
        "power",
        "powerFactor",
        "timestamp",
        "voltage",
    ];
    assert_eq!(keys(&message), shape);
    assert_eq!(keys(&message["phases"]), ["L1", "L2", "L3"]);
    let sum = |name: &str| -> f64 { field.meters.iter().map(|m| m.truth(name, at)).sum() };
    for phase in ["L1", "L2", "L3"] {
        let found = &message["phases"][phase];
        assert_eq!(keys(found), ["current", "power", "voltage"]);
        let of = |name: &str| format!("{name}_{}", phase.to_lowercase());
        assert_near(&found["power"], sum(&of("power")), phase);
        assert_near(&found["current"], sum(&of("current")), phase);
        assert_near(&found["voltage"], sum(&of("voltage")) / 2.0, phase);
    }
    assert_near(&message["power"], sum("power"), "power");
    assert_near(
        &message["cost_hour"],
        sum("power") * 0.291,
        "cost of an hour",
    );
    assert_near(&message["powerFactor"], 0.9, "power factor");
    assert_near(&message["frequency"], 50.02, "frequency");
    let energy: f64 = field
        .meters
        .iter()
        .map(|m| m.energy(at.minus_ms(BEAT_MS), at))
        .sum();
    assert_near(&message["consumption"], energy, "energy of today");
    assert_eq!(message["timestamp"], json!(appliance.now()));
}

#[tokio::test]
async fn the_first_comes_at_once_and_the_next_with_each_beat() {
    let (appliance, chief) = Appliance::furnished().await;
    appliance.advance(2_000);
    let mut socket = Socket::open(&chief, PATH).await;
    // Each message tells when it was made, so one that came too early would show.
    let mut made = vec![socket.message().await["timestamp"].clone()];
    for step_ms in [2_999, 1, 4_000, 1_000, 2_500, 2_500] {
        appliance.advance(step_ms);
        // A round trip: whoever was woken has had his turn.
        chief.get("/api/auth/me").await.data();
        if appliance.now().ms() % BEAT_MS == 0 {
            made.push(socket.message().await["timestamp"].clone());
        }
    }
    let expected: Vec<_> = ["02", "05", "10", "15"]
        .iter()
        .map(|second| json!(format!("2026-11-21T08:30:{second}.000Z")))
        .collect();
    assert_eq!(made, expected);
}

#[tokio::test]
async fn a_site_of_which_nothing_is_known_is_shown_as_such() {
    let (appliance, chief) = Appliance::furnished().await;
    let mut socket = Socket::open(&chief, PATH).await;
    let shape = json!({ "power": null, "consumption": null, "voltage": null, "frequency": null,
        "powerFactor": null, "cost_hour": null, "timestamp": appliance.now() });
    assert_eq!(socket.message().await, shape);
}

#[tokio::test]
async fn figures_that_are_too_old_are_not_sent() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let mut socket = Socket::open(&chief, PATH).await;
    assert!(socket.message().await["power"].is_number());
    field.fault(0, Fault::Close);
    appliance.advance(2 * BEAT_MS);
    assert!(
        socket.message().await["power"].is_number(),
        "two intervals old is still current"
    );
    appliance.advance(BEAT_MS);
    let old = socket.message().await;
    assert_eq!(
        (&old["power"], &old["cost_hour"]),
        (&Value::Null, &Value::Null)
    );
    assert!(old.get("phases").is_none());
}

#[tokio::test]
async fn the_beat_is_a_setting() {
    let every_second = |config: &mut indusmind::config::Config| config.dashboard_every_ms = 1_000;
    let appliance = Appliance::with(crate::support::START, every_second).await;
    appliance.set_up().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let mut socket = Socket::open(&chief, PATH).await;
    socket.message().await;
    for second in 1..=3 {
        appliance.advance(1_000);
        let expected = json!(format!("2026-11-21T08:30:0{second}.000Z"));
        assert_eq!(socket.message().await["timestamp"], expected);
    }
}

#[tokio::test]
async fn there_is_no_other_site_and_no_other_channel() {
    let (_appliance, chief) = Appliance::furnished().await;
    for path in [
        "/ws/dashboard:site_b",
        "/ws/dashboard:",
        "/ws/dashboard:SITE_A",
    ] {
        let mut socket = Socket::open(&chief, path).await;
        assert_eq!(socket.close_code().await, 4404, "{path}");
    }
    for path in ["/ws/alerts:old", "/ws/dashboard", "/ws/x"] {
        let path = format!("{path}?token={}", chief.token);
        let (status, body) = Socket::try_open(&chief, &path, None).await.err().unwrap();
        assert_eq!(status, 404, "{path}");
        assert!(body.contains("RESOURCE_NOT_FOUND"), "{body}");
    }
    chief.get("/ws/x/y").await.refused(404);
}

#[tokio::test]
async fn every_watcher_is_told_the_same() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Meter", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let mut watchers = Vec::new();
    for _ in 0..8 {
        watchers.push(Socket::open(&chief, PATH).await);
    }
    for _ in 0..3 {
        let mut told = Vec::new();
        for watcher in &mut watchers {
            told.push(watcher.message().await);
        }
        assert!(told.iter().all(|message| message == &told[0]), "{told:?}");
        appliance.advance(BEAT_MS);
    }
}
