//! In which range a site usually is: days of the same kind at the same hour, and an honest nothing.

use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near};
use indusmind::base::{Batch, EquipmentId, Metric, Phase, Reading, Timestamp, Unit};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const QUARTER_MS: i64 = 900_000;
/// A Sunday, noon in Tunis.
const SUNDAY: &str = "2026-11-22T11:00:00Z";

/// The day of the week in Tunis, 0 for Monday. 1970 began on a Thursday.
fn weekday(at: Timestamp) -> usize {
    let days = at.plus_ms(HOUR_MS).ms().div_euclid(DAY_MS);
    usize::try_from((days + 3).rem_euclid(7)).unwrap()
}

/// A hall that draws 500 kW on working days, 200 on Saturdays and 80 on Sundays, and more by the
/// week so that a range has two ends; `weeks` of it until now.
fn hall(id: &str, until: Timestamp, weeks: i64) -> Vec<Batch> {
    let id: EquipmentId = id.parse().unwrap();
    let mut batches = Vec::new();
    let mut at = until.minus_ms(weeks * 7 * DAY_MS);
    while at < until {
        let week = u32::try_from(until.since_ms(at) / (7 * DAY_MS)).unwrap();
        let power = f64::from(week) + [500.0, 500.0, 500.0, 500.0, 500.0, 200.0, 80.0][weekday(at)];
        let reading = |metric, unit: &str, value| {
            Reading::good(metric, Phase::Total, Unit::new(unit).unwrap(), value)
        };
        batches.push(Batch {
            equipment: id,
            at,
            arrived: at,
            interval_ms: u32::try_from(QUARTER_MS).unwrap(),
            readings: vec![
                reading(Metric::POWER, "kW", power),
                reading(Metric::FREQUENCY, "Hz", 50.0),
            ],
        });
        at = at.plus_ms(QUARTER_MS);
    }
    batches
}

async fn site(now: &str, weeks: i64) -> (Appliance, Client) {
    let (appliance, _) = Appliance::furnished_at(now).await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let meter = json!({ "name": "Main", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let id = chief.add_equipment(&meter).await;
    let batches = hall(&id, appliance.now(), weeks);
    appliance.context().tsdb.load(&batches).unwrap();
    (appliance, chief)
}

async fn usual(client: &Client) -> Value {
    client.get("/api/dashboard/usual").await.data()
}

#[tokio::test]
async fn a_sunday_is_held_against_sundays() {
    let (_appliance, chief) = site(SUNDAY, 6).await;
    let found = usual(&chief).await;
    let power = &found["power"];
    assert_eq!(
        (&power["of"], &power["days"]),
        (&json!("same_weekday"), &json!(6))
    );
    // Six Sundays of 80 kW and 0 to 5 more by the week; at noon the first hour of a week begins, so
    // that three of the five quarters of each belong to the younger one.
    let (low, high) = (
        power["low"].as_f64().unwrap(),
        power["high"].as_f64().unwrap(),
    );
    assert!(low > 74.0 && low < 81.0, "{low}");
    assert!(high > 85.0 && high < 92.0, "{high}");
    let mains = &found["frequency"];
    assert_eq!((&mains["of"], &mains["days"]), (&json!("any"), &json!(14)));
    assert_near(&mains["low"], 49.9, "room for what the mains do");
    // The quarters of the last day: Saturday until midnight, then Sunday.
    let lows: Vec<_> = found["low_kw"].as_array().unwrap().iter().collect();
    assert_eq!(
        (lows.len(), found["high_kw"].as_array().unwrap().len()),
        (96, 96)
    );
    assert_eq!(found["from"], "2026-11-21T11:15:00.000Z");
    let at = |place: usize| lows[place].as_f64().unwrap();
    assert!(at(46) > 180.0, "23:45 on Saturday: {}", at(46));
    assert!(at(47) < 90.0, "midnight on Sunday: {}", at(47));
}

#[tokio::test]
async fn too_few_sundays_are_no_range_and_a_working_day_borrows_from_its_neighbours() {
    let (_appliance, chief) = site(SUNDAY, 2).await;
    let found = usual(&chief).await;
    let none = json!({ "low": null, "high": null, "days": 2, "of": "same_weekday" });
    assert_eq!(found["power"], none);
    assert_eq!(found["days_wanted"], 3);
    assert_eq!(found["low_kw"][95], Value::Null);

    let (_appliance, chief) = site("2026-11-24T11:00:00Z", 1).await;
    let power = usual(&chief).await["power"].clone();
    assert_eq!(
        (&power["of"], &power["days"]),
        (&json!("workdays"), &json!(5))
    );
    assert!(power["low"].as_f64().unwrap() > 450.0, "no Sunday is in it");
}

#[tokio::test]
async fn a_holiday_is_no_working_day() {
    let (_appliance, chief) = site("2026-11-24T11:00:00Z", 3).await;
    assert_eq!(usual(&chief).await["power"]["days"], 3, "three Tuesdays");
    let mut tariff = crate::energy_cost::tariff("Contract");
    tariff["in_use"] = json!(true);
    tariff["version"]["rules"]["holidays"] = json!(["2026-11-17", "11-24"]);
    let made = chief.post("/api/energy/tariffs", &tariff).await.created();
    // The tariff counts at once, not at the next quarter.
    let power = usual(&chief).await["power"].clone();
    let one = json!({ "low": null, "high": null, "days": 1, "of": "holidays" });
    assert_eq!(power, one);
    tariff["version"]["rules"]["holidays"] = json!(["2026-11-17"]);
    let path = format!("/api/energy/tariffs/{}", made["id"].as_str().unwrap());
    let change = json!({ "revision": made["revision"], "version": tariff["version"] });
    chief.put(&path, &change).await.data();
    let power = usual(&chief).await["power"].clone();
    assert_eq!(
        power["of"], "workdays",
        "two Tuesdays are too few: the 17th was none"
    );
}
