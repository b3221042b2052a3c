//! What a control room looks at without a socket: the site now, its meters, its day.

use crate::support::client::Client;
use crate::support::meters::Field;
use crate::support::{Appliance, BEAT_MS, EMAIL, PASSWORD, assert_near, keys};
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const QUARTER_MS: i64 = HOUR_MS / 4;

#[tokio::test]
async fn the_site_is_current_only_while_a_meter_answers() {
    let (appliance, chief) = Appliance::furnished().await;
    let never = chief.get("/api/realtime/current").await.refused(503);
    assert_eq!(
        never["details"],
        json!({ "age_s": null, "last_reading": null })
    );
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
    let now = chief.get("/api/realtime/current").await.data();
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
    assert_eq!(keys(&now), shape);
    let sum = |name: &str| -> f64 { field.meters.iter().map(|m| m.truth(name, at)).sum() };
    let power = sum("power");
    assert_near(&now["power"], power, "power adds up");
    assert_near(
        &now["voltage"],
        (230.1 + 231.3 + 229.2) / 3.0,
        "voltage is a mean",
    );
    assert_near(&now["frequency"], 50.02, "frequency is a mean");
    assert_near(&now["powerFactor"], 0.9, "power factor");
    assert_near(&now["cost_hour"], power * 0.291, "cost of an hour");
    let amperes = sum("current_l1");
    assert_near(&now["phases"]["L1"]["current"], amperes, "current adds up");
    assert_near(
        &now["phases"]["L2"]["power"],
        sum("power_l2"),
        "power of L2",
    );
    assert_near(&now["phases"]["L3"]["voltage"], 229.2, "voltage of L3");
    let energy: f64 = field
        .meters
        .iter()
        .map(|m| m.energy(at.minus_ms(BEAT_MS), at))
        .sum();
    assert_near(&now["consumption"], energy, "energy of today");

    field.fault(0, Fault::Close);
    field.fault(1, Fault::Close);
    appliance.advance(9_000);
    assert_near(
        &chief.get("/api/realtime/current").await.data()["power"],
        power,
        "still current",
    );
    appliance.advance(1);
    let refusal = chief.get("/api/realtime/current").await.refused(503);
    assert_eq!(
        refusal["details"],
        json!({ "age_s": 10, "last_reading": at })
    );
    assert!(
        refusal["error"].as_str().unwrap().contains("10 s"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_slow_meter_is_current_for_two_of_its_intervals() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let slow = field.modbus_with(0, &json!({ "poll_interval_ms": 60_000 }));
    let id = chief.add("Slow", &slow).await;
    appliance.read_at(&[&id], appliance.now()).await;
    field.fault(0, Fault::Close);
    appliance.advance(120_000);
    chief.get("/api/realtime/current").await.data();
    appliance.advance(1);
    chief.get("/api/realtime/current").await.refused(503);
}

#[tokio::test]
async fn the_meters_are_listed_with_what_they_do() {
    let (appliance, chief) = Appliance::furnished().await;
    let empty = chief.get("/api/realtime/meters").await.data();
    assert_eq!(
        empty,
        json!({ "meters": [], "online_count": 0, "total_count": 0 })
    );
    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let body = json!({ "name": "Main", "type": "Meter", "model": "T1", "location": "Hall 1",
        "install_date": "2024-05-01", "modbus": field.modbus(0) });
    let main = chief.add_equipment(&body).await;
    field.fault(1, Fault::Close);
    let lost = chief.add("Lost", &field.modbus(1)).await;
    chief.add("Unpolled", &Value::Null).await;
    appliance.read_at(&[&main], appliance.now()).await;
    let at = appliance.beat(&[&main]).await;
    let found = chief.get("/api/realtime/meters").await.data();
    let power = field.meters[0].truth("power", at);
    assert_eq!(
        (&found["online_count"], &found["total_count"]),
        (&json!(1), &json!(2))
    );
    let expected = json!([
        { "id": main, "name": "Main", "status": "online", "last_reading": at, "power": power,
            "location": "Hall 1" },
        { "id": lost, "name": "Lost", "status": "offline", "last_reading": null, "power": 0.0,
            "location": null },
    ]);
    assert_eq!(found["meters"], expected);
    field.fault(0, Fault::Close);
    appliance.advance(2 * BEAT_MS + 1);
    let found = chief.get("/api/realtime/meters").await.data();
    assert_eq!(found["online_count"], 0);
    assert_eq!(
        (
            &found["meters"][0]["power"],
            &found["meters"][0]["last_reading"]
        ),
        (&json!(0.0), &json!(at))
    );
}

#[tokio::test]
async fn what_does_not_count_in_the_total_is_left_out_of_it() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0, 7.0]).await;
    let main = chief.add("Main", &field.modbus(0)).await;
    let sub = chief.add("Sub", &field.modbus(1)).await;
    chief
        .put(
            &format!("/api/equipment/{sub}"),
            &json!({ "in_site_total": false }),
        )
        .await
        .data();
    appliance.read_at(&[&main, &sub], appliance.now()).await;
    let at = appliance.beat(&[&main, &sub]).await;
    appliance.advance(1_000);
    let power = field.meters[0].truth("power", at);
    let now = chief.get("/api/realtime/current").await.data();
    assert_near(&now["power"], power, "the power of the main meter alone");
    let today = chief.get("/api/dashboard/today").await.data();
    assert_eq!(
        (&today["target_kwh"], &today["target_cost"]),
        (&Value::Null, &Value::Null)
    );
    let sites = chief.get("/api/sites").await.data();
    let site = format!("/api/sites/{}", sites["items"][0]["id"].as_str().unwrap());
    let wishes = json!({ "target_kwh_per_day": "1200", "target_cost_per_day": "350.5",
        "language": "ar", "theme": "dark", "demand_alert": false });
    let said = chief.put(&site, &json!({ "wishes": wishes })).await.data();
    assert_eq!(said["wishes"], wishes);
    let wrong = json!({ "wishes": { "target_kwh_per_day": "0" } });
    assert_eq!(
        chief.put(&site, &wrong).await.bad_fields(),
        ["target_kwh_per_day"]
    );
    let today = chief.get("/api/dashboard/today").await.data();
    assert_eq!(today["target_kwh"], 1_200.0);
    assert_eq!(today["target_from"], "site");
    assert_eq!(today["target_cost"], "350.5");
    let energy = field.meters[0].energy(at.minus_ms(BEAT_MS), at);
    assert_near(
        &today["energy_kwh"],
        energy,
        "the energy of the main meter alone",
    );
    assert_eq!(
        chief.get("/api/realtime/meters").await.data()["total_count"],
        2
    );
}

/// The figures of the day, and the client that is still signed in.
async fn today(appliance: &Appliance) -> (Client, Value) {
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let today = chief.get("/api/dashboard/today").await.data();
    (chief, today)
}

#[tokio::test]
async fn the_day_begins_at_midnight_of_the_site() {
    // Ten in the evening in Tunis; midnight there is 23:00 UTC.
    let (appliance, chief) = Appliance::furnished_at("2026-11-21T21:00:00Z").await;
    let field = Field::of(&appliance.clock, &[36.0]).await;
    let quarterly = field.modbus_with(0, &json!({ "poll_interval_ms": QUARTER_MS }));
    let id = chief.add("Main", &quarterly).await;
    let nothing = chief.get("/api/dashboard/today").await.data();
    let shape = [
        "cost",
        "coverage",
        "currency",
        "date",
        "energy_kwh",
        "objective",
        "substituted_kwh",
        "target_cost",
        "target_from",
        "target_kwh",
        "time_zone",
        "yesterday_same_time_kwh",
    ];
    assert_eq!(keys(&nothing), shape);
    let start = appliance.now();
    appliance.read_at(&[&id], start).await;
    while appliance.now() < start.plus_ms(2 * HOUR_MS - QUARTER_MS) {
        appliance.beat_of(QUARTER_MS, &[&id]).await;
    }
    let meter = &field.meters[0];
    let (_, evening) = today(&appliance).await;
    assert_eq!(
        (&evening["date"], &evening["time_zone"]),
        (&json!("2026-11-21"), &json!("Africa/Tunis"))
    );
    let used = meter.energy(start, appliance.now());
    assert_near(&evening["energy_kwh"], used, "energy of the evening");
    assert_near(&evening["substituted_kwh"], 0.0, "all of it was read");
    assert!(evening["yesterday_same_time_kwh"].is_null());
    assert_eq!(
        (&evening["cost"], &evening["currency"]),
        (&json!("18.33"), &json!("TND"))
    );
    assert_near(
        &evening["coverage"],
        1.75 / 23.75,
        "what was seen of the day",
    );

    let midnight = appliance.beat_of(QUARTER_MS, &[&id]).await;
    assert_eq!(midnight.to_string(), "2026-11-21T23:00:00.000Z");
    for _ in 0..6 {
        appliance.beat_of(QUARTER_MS, &[&id]).await;
    }
    let (_, night) = today(&appliance).await;
    assert_eq!(night["date"], "2026-11-22");
    assert_near(
        &night["energy_kwh"],
        meter.energy(midnight, appliance.now()),
        "since midnight",
    );
    assert_eq!(night["cost"], "15.71", "54 kWh at 0.291");
    assert!(
        night["yesterday_same_time_kwh"].is_null(),
        "nothing was measured then"
    );
    assert_near(&night["coverage"], 1.0, "all of the new day was seen");
}

#[tokio::test]
async fn yesterday_is_compared_up_to_the_same_time() {
    // Midnight in Tunis, and a meter that is read once an hour.
    let (appliance, chief) = Appliance::furnished_at("2026-11-20T23:00:00Z").await;
    let field = Field::of(&appliance.clock, &[36.0]).await;
    let hourly = field.modbus_with(0, &json!({ "poll_interval_ms": HOUR_MS }));
    let id = chief.add("Main", &hourly).await;
    appliance.read_at(&[&id], appliance.now()).await;
    for _ in 0..27 {
        appliance.beat_of(HOUR_MS, &[&id]).await;
    }
    let (chief, found) = today(&appliance).await;
    assert_eq!(found["date"], "2026-11-22");
    assert_near(&found["energy_kwh"], 3.0 * 36.0, "three hours of today");
    assert_near(
        &found["yesterday_same_time_kwh"],
        3.0 * 36.0,
        "three hours of yesterday",
    );
    // Another zone has another midnight.
    let sites = chief.get("/api/sites").await.data();
    let path = format!("/api/sites/{}", sites["items"][0]["id"].as_str().unwrap());
    chief
        .put(&path, &json!({ "time_zone": "UTC" }))
        .await
        .data();
    let found = chief.get("/api/dashboard/today").await.data();
    assert_eq!(
        (&found["date"], &found["time_zone"]),
        (&json!("2026-11-22"), &json!("UTC"))
    );
    assert_near(
        &found["energy_kwh"],
        2.0 * 36.0,
        "two hours since midnight UTC",
    );
}

#[tokio::test]
async fn a_new_price_counts_at_once() {
    let (appliance, chief) = Appliance::furnished_at("2026-11-21T08:00:00Z").await;
    let field = Field::of(&appliance.clock, &[36.0]).await;
    let hourly = field.modbus_with(0, &json!({ "poll_interval_ms": HOUR_MS }));
    let id = chief.add("Main", &hourly).await;
    appliance.read_at(&[&id], appliance.now()).await;
    appliance.beat_of(HOUR_MS, &[&id]).await;
    let cost = async || chief.get("/api/dashboard/today").await.data()["cost"].clone();
    assert_eq!(cost().await, "10.48");
    let sites = chief.get("/api/sites").await.data();
    let path = format!("/api/sites/{}", sites["items"][0]["id"].as_str().unwrap());
    chief
        .put(&path, &json!({ "price_per_kwh": "0.500" }))
        .await
        .data();
    assert_eq!(cost().await, "18.00");
    appliance.advance(1_000);
    let now = chief.get("/api/realtime/current").await.data();
    assert_near(
        &now["cost_hour"],
        now["power"].as_f64().unwrap() * 0.5,
        "cost of an hour",
    );
}
