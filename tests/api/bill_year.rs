//! A year under other tariffs, across the change of the clock: counted by hand, and the same as its
//! twelve bills.

use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::base::{Batch, EquipmentId, Metric, Phase, Quality, Reading, Timestamp, Unit};
use indusmind::equipment::NewEquipment;
use indusmind::store::audit::Actor;
use serde_json::{Value, json};

const QUARTER_MS: i64 = 900_000;

/// A counter that runs by `kw`, read each quarter from an instant to the end of 2026.
pub async fn load(appliance: &Appliance, from: &str, kw: impl Fn(Timestamp) -> f64) -> EquipmentId {
    let said = json!({ "name": "Supply", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let said: NewEquipment = serde_json::from_value(said).unwrap();
    let registry = &appliance.context().registry;
    let made = registry.create(said, "site_a", Actor::console()).await;
    let equipment = made.unwrap().id;
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let (mut now, end) = (at(from), at("2027-01-01T00:00:00Z"));
    let (mut batches, mut kwh) = (Vec::new(), 0.0);
    while now <= end {
        batches.push(Batch {
            equipment,
            at: now,
            arrived: now,
            interval_ms: u32::try_from(QUARTER_MS).unwrap(),
            readings: vec![Reading {
                metric: Metric::CONSUMPTION,
                phase: Phase::Total,
                unit: Unit::new("kWh").unwrap(),
                value: Some(kwh),
                quality: Quality::Good,
            }],
        });
        kwh += kw(now) / 4.0;
        now = now.plus_ms(QUARTER_MS);
    }
    appliance.context().tsdb.load(&batches).unwrap();
    equipment
}

/// The chief of a site in Berlin, in January 2027.
async fn in_berlin() -> (Appliance, Client) {
    let (appliance, _) = Appliance::furnished_at("2027-01-05T10:00:00Z").await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let sites = chief.get("/api/sites").await.data();
    let id = sites["items"][0]["id"].as_str().unwrap().to_owned();
    let change = json!({ "time_zone": "Europe/Berlin", "currency": "EUR" });
    chief.put(&format!("/api/sites/{id}"), &change).await.data();
    (appliance, chief)
}

/// Periods `early` (2:00 to 3:00 of each day), `day` (6:00 to 22:00 of working days) and `night`.
async fn tariff(chief: &Client, name: &str, in_use: bool, charges: Value) -> String {
    let tier = |price: &str| json!([{ "price": price }]);
    let working = json!(["mon", "tue", "wed", "thu", "fri"]);
    let said = json!({ "name": name, "in_use": in_use, "version": {
        "valid_from": "2026-06-01", "source": "A test.", "rules": {
            "currency": "EUR", "decimals": 2, "charges": charges,
            "periods": [{ "id": "early", "name": "Early", "tiers": tier("1") },
                        { "id": "day", "name": "Day", "tiers": tier("0.1") },
                        { "id": "night", "name": "Night", "tiers": tier("0.01") }],
            "calendar": [{ "from": "02:00", "to": "03:00", "period": "early" },
                         { "days": working, "from": "06:00", "to": "22:00", "period": "day" },
                         { "from": "00:00", "to": "24:00", "period": "night" }],
    } } });
    let made = chief.post("/api/energy/tariffs", &said).await.created();
    made["id"].as_str().unwrap().to_owned()
}

async fn bill(chief: &Client, month: &str, tariff: &str) -> Value {
    let path = format!("/api/energy/bill?month={month}&tariff_id={tariff}");
    chief.get(&path).await.data()
}

/// Quantities of the lines of energy, in the order of the periods.
fn hours(bill: &Value) -> Vec<&str> {
    let lines = bill["lines"].as_array().unwrap().iter();
    let energy = lines.filter(|line| line["group"] == "energy");
    energy
        .map(|line| line["quantity"].as_str().unwrap())
        .collect()
}

/// One kilowatt all the time: a kWh is an hour. March 2026 has 31 days of which 22 are working days,
/// and no 2:00 to 3:00 on the 29th; October has 31 and 22, and on the 25th that hour twice.
#[tokio::test]
async fn a_year_of_one_kilowatt_under_another_tariff_counts_its_hours() {
    let (appliance, chief) = in_berlin().await;
    load(&appliance, "2025-12-31T22:00:00Z", |_| 1.0).await;
    let id = tariff(&chief, "Hours", false, json!([])).await;
    let march = bill(&chief, "2026-03", &id).await;
    // 743 hours: 30 early, 22 × 16 by day, the others by night.
    assert_eq!(hours(&march), ["30", "352", "361"]);
    assert_eq!(march["total"], "68.81");
    let april = bill(&chief, "2026-04", &id).await;
    // 720 hours: 30 early, 22 × 16 by day.
    assert_eq!(hours(&april), ["30", "352", "338"]);
    let october = bill(&chief, "2026-10", &id).await;
    // 745 hours: 32 early, 22 × 16 by day.
    assert_eq!(hours(&october), ["32", "352", "361"]);
    assert_eq!(october["total"], "70.81");
    // The year: 365 early, 261 × 16 by day, of 8,760 hours. The months before June are billed as if
    // the tariff had held already.
    let year = chief
        .get("/api/energy/bill/year?month=2026-12")
        .await
        .data();
    assert_eq!(
        (year["from"].as_str(), year["to"].as_str()),
        (
            Some("2025-12-31T23:00:00.000Z"),
            Some("2026-12-31T23:00:00.000Z")
        )
    );
    let hours_of_year = (365.0, 261.0 * 16.0, 8_760.0 - 365.0 - 261.0 * 16.0);
    let (early, day, night) = hours_of_year;
    let total = early + day * 0.1 + night * 0.01;
    let found = &year["tariffs"][0];
    assert_eq!((&found["months"], &found["id"]), (&json!(12), &json!(id)));
    assert_eq!(found["total"].as_str().unwrap(), format!("{total:.2}"));
    // What is priced as it is used says the same, though it reads whole hours.
    let path =
        format!("/api/energy/cost?from=2026-01-01&to=2027-01-01&resolution=monthly&tariff_id={id}");
    let cost = chief.get(&path).await.data();
    let kwh: f64 = cost["points"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|point| point["kwh"].as_f64())
        .sum();
    assert!((kwh - 8_760.0).abs() < 1e-6, "{kwh}");
}

/// A month's bill with a ratchet looks back three months; the year reads each of them once and says
/// what the twelve bills say.
#[tokio::test]
async fn a_year_with_a_ratchet_is_the_sum_of_its_bills() {
    let (appliance, chief) = in_berlin().await;
    // One hour of 50 kW on 16 October 2025, one of 80 kW on 3 February 2026.
    let peak = |text: &str| text.parse::<Timestamp>().unwrap().ms();
    let peaks = [
        (peak("2025-10-16T10:00:00Z"), 50.0),
        (peak("2026-02-03T10:00:00Z"), 80.0),
    ];
    let load_of = move |at: Timestamp| {
        let hit = peaks
            .iter()
            .find(|(from, _)| (0..3_600_000).contains(&(at.ms() - from)));
        hit.map_or(10.0, |(_, kw)| *kw)
    };
    load(&appliance, "2025-09-01T00:00:00Z", load_of).await;
    let demand = |percent: &str| {
        json!([{ "kind": "demand", "name": "Demand", "price": "2", "per": "month",
            "ratchet": { "percent": percent, "months": 3 } }])
    };
    let first = tariff(&chief, "Ratchet 60", true, demand("60")).await;
    let second = tariff(&chief, "Ratchet 100", false, demand("100")).await;
    let third = tariff(&chief, "No ratchet", false, json!([])).await;
    let year = chief
        .get("/api/energy/bill/year?month=2026-12")
        .await
        .data();
    for (at, id) in [&first, &third].into_iter().enumerate() {
        let mut sum = 0;
        for month in 1..=12 {
            let bill = bill(&chief, &format!("2026-{month:02}"), id).await;
            let total = bill["total"].as_str().unwrap().replace('.', "");
            sum += total.parse::<i64>().unwrap();
        }
        let row = &year["tariffs"].as_array().unwrap().iter();
        let row = row.clone().find(|row| row["id"] == json!(id)).unwrap();
        let total = row["total"].as_str().unwrap().replace('.', "");
        assert_eq!(total.parse::<i64>().unwrap(), sum, "tariff {at}");
        assert_eq!(row["in_use"], at == 0);
    }
    // January 2026 still pays for October, March for February.
    let january = bill(&chief, "2026-01", &second).await;
    let demand_of = |bill: &Value| {
        let lines = bill["lines"].as_array().unwrap().iter();
        let found = lines.clone().find(|line| line["name"] == "Demand").unwrap();
        found["quantity"].as_str().unwrap().to_owned()
    };
    assert_eq!(demand_of(&january), "50");
    assert_eq!(demand_of(&bill(&chief, "2026-03", &first).await), "48");
    assert_eq!(demand_of(&bill(&chief, "2026-03", &second).await), "80");
    chief
        .get("/api/energy/bill/year?month=2027-02")
        .await
        .refused(400);
}
