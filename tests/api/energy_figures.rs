//! Carbon, the idle ledger and the weekly statement of power quality.

use crate::alerts::machine;
use crate::audit_trail::entries_of;
use crate::support::Appliance;
use indusmind::base::{Batch, Metric, Phase, Reading, Timestamp, Unit};
use serde_json::{Value, json};
use std::sync::Arc;

const HOUR_MS: i64 = 3_600_000;

/// What a machine measures at an instant: quantity, conductor, unit, value.
type Measured = (&'static str, Phase, &'static str, f64);

/// Stores an hour of readings for each of so many hours from `from`.
pub async fn hours(
    appliance: &Appliance,
    machine: &str,
    from: &str,
    count: i64,
    measured: impl Fn(i64) -> Vec<Measured>,
) {
    let from: Timestamp = from.parse().unwrap();
    let batch = |hour: i64| Batch {
        equipment: machine.parse().unwrap(),
        at: from.plus_ms(hour * HOUR_MS),
        arrived: appliance.now(),
        interval_ms: 3_600_000,
        readings: measured(hour)
            .into_iter()
            .map(|(metric, phase, unit, value)| {
                let metric = Metric::new(metric).unwrap();
                Reading::good(metric, phase, Unit::new(unit).unwrap(), value)
            })
            .collect(),
    };
    let batches: Vec<Batch> = (0..count).map(batch).collect();
    let intake = &appliance.context().intake;
    intake.store(Arc::new(batches)).await.unwrap();
}

fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or(f64::NAN);
    assert!(
        (number - expected).abs() < 1e-6,
        "{value} is not {expected}"
    );
}

#[tokio::test]
async fn carbon_is_energy_times_the_newest_factor_of_each_hour() {
    let (appliance, chief) = Appliance::furnished().await;
    let meter = machine(&chief, "Main").await;
    // A day of the site at 10 kW.
    hours(&appliance, &meter, "2026-11-18T23:00:00Z", 24, |_| {
        vec![("power", Phase::Total, "kW", 10.0)]
    })
    .await;
    let path = "/api/energy/carbon/factors";
    let grid = json!({ "name": "Grid", "method": "location", "source": "A test, table 1.",
        "year": 2025, "valid_from": "2026-11-19T05:00:00Z",
        "table": { "by": "flat", "kg_per_kwh": 0.5 } });
    let reply = chief.post(path, &grid).await;
    assert_eq!(reply.created()["version"], 1);
    assert_eq!(
        entries_of(&chief, &reply).await[0]["action"],
        "carbon.factors"
    );
    let carbon = "/api/energy/carbon?from=2026-11-19&to=2026-11-20&resolution=daily";
    // Six hours are before the factor holds: they are told, not guessed.
    let found = chief.get(carbon).await.data();
    near(&found["energy_kwh"], 240.0);
    near(&found["location"]["kg"], 90.0);
    near(&found["location"]["without_factor_kwh"], 60.0);
    near(&found["coverage"], 1.0);
    assert_eq!(
        (&found["market"]["kg"], &found["location"]["versions"]),
        (&Value::Null, &json!([1]))
    );
    // Another version from noon on; by the contract the night is free.
    let mut later = grid.clone();
    later["valid_from"] = json!("2026-11-19T11:00:00Z");
    later["table"] = json!({ "by": "flat", "kg_per_kwh": 0.6 });
    chief.post(path, &later).await.created();
    let by_hour: Vec<f64> = (0..24)
        .map(|hour| if hour < 12 { 0.0 } else { 1.0 })
        .collect();
    let contract = json!({ "name": "Contract", "method": "market", "source": "Contract 7.",
        "year": 2026, "valid_from": "2026-01-01T00:00:00Z",
        "table": { "by": "hour_of_day", "kg_per_kwh": by_hour } });
    chief.post(path, &contract).await.created();
    let found = chief.get(carbon).await.data();
    near(&found["location"]["kg"], 60.0 * 0.5 + 120.0 * 0.6);
    near(&found["market"]["kg"], 120.0);
    assert_eq!(found["location"]["versions"], json!([1, 2]));
    assert_eq!(found["buckets"].as_array().unwrap().len(), 1);
    let all = chief.get(path).await.data();
    assert_eq!(
        (&all["items"][0]["version"], &all["items"][2]["year"]),
        (&json!(3), &json!(2025))
    );
    let mut bad = contract.clone();
    bad["table"]["kg_per_kwh"] = json!([1.0, 2.0]);
    bad["source"] = json!(" ");
    assert_eq!(
        chief.post(path, &bad).await.bad_fields(),
        ["source", "table.kg_per_kwh"]
    );
    chief
        .get("/api/energy/carbon?from=2020-01-01&to=2026-01-01")
        .await
        .refused(400);
}

#[tokio::test]
async fn idle_hours_are_learnt_and_priced_by_shift() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let path = "/api/energy/idle?from=2026-11-18&to=2026-11-20&product=caps&equipment_id=";
    chief.get(&format!("{path}{press}")).await.refused(400);
    // Off until six, idle until nine, at work until ten at night.
    let power = |hour: i64| match hour % 24 {
        0..6 => 0.1,
        6..9 => 4.0,
        9..22 => 20.0,
        _ => 0.1,
    };
    hours(&appliance, &press, "2026-11-15T23:00:00Z", 96, |hour| {
        vec![("power", Phase::Total, "kW", power(hour))]
    })
    .await;
    let entry = json!({ "entries": [{ "product": "caps", "equipment_id": press, "quantity": 109.12,
        "from": "2026-11-17T23:00:00Z", "to": "2026-11-19T23:00:00Z" }] });
    chief.post("/api/energy/production", &entry).await.data();
    let found = chief.get(&format!("{path}{press}")).await.data();
    assert_eq!(found["learnt"], true);
    let total = &found["total"];
    for (name, hours) in [
        ("off_h", 16.0),
        ("idle_h", 6.0),
        ("run_h", 26.0),
        ("unknown_h", 0.0),
    ] {
        near(&total[name], hours);
    }
    near(&total["idle_kwh"], 24.0);
    near(&total["run_kwh"], 520.0);
    near(&found["kwh_per_part"], (24.0 + 520.0 + 1.6) / 109.12);
    let shifts = found["shifts"].as_array().unwrap();
    assert_eq!((&shifts[0]["shift"], shifts.len()), (&json!("06:00"), 3));
    near(&shifts[0]["idle_h"], 6.0);
    near(&shifts[2]["off_h"], 16.0);
    // By the tariff that is in force the six hours are cheap: 24 kWh at 0.1 and its tax.
    let mut tariff = crate::energy_cost::tariff("Contract");
    tariff["in_use"] = json!(true);
    chief.post("/api/energy/tariffs", &tariff).await.created();
    let priced = chief.get(&format!("{path}{press}")).await.data();
    assert_eq!(
        (&priced["total"]["idle_cost"], &priced["currency"]),
        (&json!("2.86"), &json!("TND"))
    );
    // Cuts that a person gives.
    let given = format!("{path}{press}&off_below_kw=5&run_above_kw=5&shifts=00:00");
    let found = chief.get(&given).await.data();
    assert_eq!(found["learnt"], false);
    near(&found["total"]["off_h"], 22.0);
    let wrong = format!("{path}{press}&off_below_kw=5&run_above_kw=1");
    assert_eq!(chief.get(&wrong).await.bad_fields(), ["off_below_kw"]);
    let nobody = "01989c8e-0000-7000-8000-000000000000";
    chief.get(&format!("{path}{nobody}")).await.refused(404);
}

#[tokio::test]
async fn a_week_of_voltage_is_held_against_the_standard() {
    let (appliance, chief) = Appliance::furnished().await;
    let meter = machine(&chief, "Main").await;
    // The week from Monday, the ninth; one hour in ten the first phase is low.
    hours(&appliance, &meter, "2026-11-08T23:00:00Z", 7 * 24, |hour| {
        let low = if hour % 10 == 0 { 204.0 } else { 231.0 };
        vec![
            ("voltage", Phase::L1, "V", low),
            ("voltage", Phase::L2, "V", 230.0),
            ("voltage", Phase::L3, "V", 229.0),
            ("frequency", Phase::Total, "Hz", 50.02),
        ]
    })
    .await;
    let path = format!("/api/energy/power-quality?equipment_id={meter}&week=");
    let found = chief.get(&format!("{path}2026-11-12")).await.data();
    assert_eq!(
        (&found["indicative"], &found["intervals"]),
        (&json!(true), &json!(1008))
    );
    assert_eq!(found["from"], "2026-11-08T23:00:00.000Z");
    let lines = found["lines"].as_array().unwrap();
    let verdicts: Vec<&str> = lines
        .iter()
        .map(|line| line["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["broken", "kept", "broken", "kept", "kept", "unknown"]
    );
    near(&lines[0]["within"], 1.0 - 17.0 / 168.0);
    near(&lines[0]["min"], 204.0);
    let before = chief.get(&format!("{path}2026-11-02")).await.data();
    let unknown = before["lines"]
        .as_array()
        .unwrap()
        .iter()
        .all(|line| line["verdict"] == "unknown");
    assert!(unknown, "{before}");
    assert_eq!(
        chief.get(&format!("{path}2027-01-01")).await.bad_fields(),
        ["week"]
    );
    let odd = format!("{path}2026-11-12&nominal_v=1");
    assert_eq!(chief.get(&odd).await.bad_fields(), ["nominal_v"]);
}
