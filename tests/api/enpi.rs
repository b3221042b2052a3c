//! Indicators: made, modelled, evaluated and proven; production and the plan beside them.

use crate::alerts::machine;
use crate::audit_trail::entries_of;
use crate::support::Appliance;
use crate::support::client::Client;
use indusmind::base::{Batch, Metric, Phase, Reading, Timestamp, Unit};
use serde_json::{Value, json};
use std::sync::Arc;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Midnight in Tunis on the first of the sixty days that [`plant`] knows.
const FIRST: &str = "2026-09-21T23:00:00Z";
/// Days with what was usual; afterwards a tenth less is used.
pub const USUAL: i64 = 40;

/// The energy of a day, kWh: a level, degree days below 15 °C, parts, and what nobody explains.
fn energy(day: i64, cold: f64, parts: f64) -> f64 {
    let noise = if day % 2 == 0 { 3.0 } else { -3.0 };
    let usual = 120.0 + 6.0 * cold + 0.25 * parts + noise;
    if day < USUAL { usual } else { usual * 0.9 }
}

fn outside(day: i64) -> f64 {
    f64::from(u32::try_from((day * 7) % 19).unwrap()) + 2.0
}

fn parts(day: i64) -> f64 {
    f64::from(u32::try_from((day * 31) % 97).unwrap()) + 100.0
}

/// Sixty days of a press with its thermometer, hour by hour, and the entries of its production.
pub async fn plant(appliance: &Appliance, chief: &Client) -> (String, Vec<Value>) {
    let press = machine(chief, "Press 1").await;
    let first: Timestamp = FIRST.parse().unwrap();
    let (mut batches, mut entries) = (Vec::new(), Vec::new());
    for day in 0..60 {
        let cold = (15.0 - outside(day)).max(0.0);
        let power = energy(day, cold, parts(day)) / 24.0;
        for hour in 0..24 {
            let at = first.plus_ms(day * DAY_MS + hour * HOUR_MS);
            let reading = |metric, unit: &str, value| {
                Reading::good(metric, Phase::Total, Unit::new(unit).unwrap(), value)
            };
            batches.push(Batch {
                equipment: press.parse().unwrap(),
                at,
                arrived: appliance.now(),
                interval_ms: 3_600_000,
                readings: vec![
                    reading(Metric::POWER, "kW", power),
                    reading(Metric::TEMPERATURE, "°C", outside(day)),
                ],
            });
        }
        let from = first.plus_ms(day * DAY_MS);
        entries.push(
            json!({ "product": "caps", "from": from, "to": from.plus_ms(DAY_MS),
            "quantity": parts(day), "unit": "parts" }),
        );
    }
    let intake = &appliance.context().intake;
    for some in batches.chunks(240) {
        intake.store(Arc::new(some.to_vec())).await.unwrap();
    }
    (press, entries)
}

pub fn indicator(press: &str) -> Value {
    json!({ "name": "Press hall", "kind": "model", "period": "day", "equipment": [press],
        "variables": [
            { "name": "cold", "unit": "K d", "source": { "from": "degree_days",
                "equipment_id": press, "base_c": 15, "side": "heating" } },
            { "name": "parts", "unit": "parts", "source": { "from": "production",
                "product": "caps" } },
        ] })
}

fn near(value: &Value, expected: f64, within: f64) {
    let number = value.as_f64().unwrap_or(f64::NAN);
    assert!(
        (number - expected).abs() <= within,
        "{value} is not {expected}"
    );
}

pub fn baseline_of(days: i64) -> Value {
    let first: Timestamp = FIRST.parse().unwrap();
    json!({ "from": first, "to": first.plus_ms(days * DAY_MS), "note": "Before the new drive." })
}

#[tokio::test]
async fn an_indicator_is_modelled_and_its_savings_are_proven() {
    let (appliance, chief) = Appliance::furnished().await;
    let (press, entries) = plant(&appliance, &chief).await;
    chief
        .post("/api/energy/production", &json!({ "entries": entries }))
        .await
        .data();
    let made = chief
        .post("/api/energy/enpi", &indicator(&press))
        .await
        .created();
    let path = format!("/api/energy/enpi/{}", made["id"].as_str().unwrap());
    let baselines = format!("{path}/baselines");

    let mut draft = baseline_of(USUAL);
    draft["preview"] = json!(true);
    let draft = chief.post(&baselines, &draft).await.created();
    assert_eq!(draft["version"], 0);
    assert_eq!(chief.get(&baselines).await.data()["items"], json!([]));
    let reply = chief.post(&baselines, &baseline_of(USUAL)).await;
    let first = reply.created();
    let trace = entries_of(&chief, &reply).await;
    assert_eq!(trace[0]["action"], "enpi.baseline");
    assert_eq!(trace[0]["details"]["data_hash"], first["data_hash"]);
    assert_eq!(
        (&first["version"], &first["data_hash"]),
        (&json!(1), &draft["data_hash"])
    );
    let model = &first["model"];
    near(&model["intercept"]["value"], 120.0, 6.0);
    near(&model["coefficients"][0]["value"], 6.0, 0.3);
    near(&model["coefficients"][1]["value"], 0.25, 0.05);
    assert_eq!(model["quality"]["observations"], USUAL);
    near(&model["quality"]["r2"], 0.97, 0.03);
    near(&model["quality"]["standard_error"], 3.0, 0.3);
    assert_eq!(
        first["warnings"],
        json!(["autocorrelation", "short_period"])
    );

    // Another one is another version; the first stays as it was.
    let second = chief.post(&baselines, &baseline_of(30)).await.created();
    assert_eq!(second["version"], 2);
    let again = chief.get(&format!("{baselines}/1")).await.data();
    assert_eq!(again, first);
    let heads = chief.get(&baselines).await.data();
    assert_eq!(
        (&heads["items"][0]["version"], &heads["items"][1]["version"]),
        (&json!(2), &json!(1))
    );
    chief.delete(&path).await.refused(409);

    // Nineteen days with a tenth less: the saving, its interval, and the drift.
    let query = format!("{path}/evaluation?from=2026-11-01&to=2026-11-20&baseline=1");
    let found = chief.get(&query).await.data();
    let points = found["points"].as_array().unwrap();
    assert_eq!((points.len(), &found["left_out"]), (19, &json!(0)));
    let savings = &found["savings"];
    near(&savings["saved_fraction"], 0.1, 0.01);
    assert_eq!(savings["significant"], true);
    let saved = savings["saved_kwh"].as_f64().unwrap();
    assert!(
        savings["low_kwh"].as_f64().unwrap() < saved
            && saved < savings["high_kwh"].as_f64().unwrap()
    );
    near(&points[18]["cusum_kwh"], -saved, 1e-6);
    let sum = |name: &str| {
        points
            .iter()
            .map(|p| p[name].as_f64().unwrap())
            .sum::<f64>()
    };
    near(&savings["measured_kwh"], sum("energy_kwh"), 1e-6);
    assert_eq!(found["drift"]["direction"], "less");
    assert_eq!(found["drift"]["since"], "2026-10-31T23:00:00.000Z");

    // A hall that was closed explains it: the adjustment takes the saving away.
    let adjustment = json!({ "from": "2026-10-31T23:00:00Z", "kwh_per_day": -saved / 19.0,
        "reason": "Hall 3 was closed." });
    let adjusted = chief
        .post(&format!("{path}/adjustments"), &adjustment)
        .await
        .created();
    assert_eq!(adjusted["adjustments"][0]["by"], crate::support::EMAIL);
    let less = chief.get(&query).await.data();
    near(&less["savings"]["saved_kwh"], 0.0, 1e-6);
    chief.delete(&format!("{path}/adjustments/1")).await.data();
    chief
        .delete(&format!("{path}/adjustments/1"))
        .await
        .refused(404);
    assert_eq!(chief.get(&query).await.data()["savings"], *savings);

    stands_in_the_list(&chief, &made["id"]).await;
    measure_and_objective(&chief, &made["id"], saved).await;
}

/// The list says in one answer what the evaluation since the newest baseline says, when asked.
async fn stands_in_the_list(chief: &Client, enpi: &Value) {
    let plain = chief.get("/api/energy/enpi").await.data();
    assert_eq!(plain["items"][0]["standing"], Value::Null);
    let list = chief.get("/api/energy/enpi?standing=true").await.data();
    let (item, standing) = (&list["items"][0], &list["items"][0]["standing"]);
    assert_eq!((&item["id"], &item["baseline"]), (enpi, &json!(2)));
    let text = |of: &Value| of.as_str().unwrap().to_owned();
    let path = format!(
        "/api/energy/enpi/{}/evaluation?from={}&to={}",
        text(enpi),
        text(&standing["from"]),
        text(&standing["to"])
    );
    let found = chief.get(&path).await.data();
    assert!(
        found["savings"]["periods"].as_u64().unwrap() > 20,
        "{found}"
    );
    for name in ["savings", "drift", "left_out"] {
        assert_eq!(standing[name], found[name], "{name}");
    }
}

/// A measure and an objective that are counted by the indicator.
async fn measure_and_objective(chief: &Client, enpi: &Value, saved: f64) {
    let measure = json!({ "kind": "measure", "name": "New drive", "owner": "Amel",
        "enpi_id": enpi, "since": "2026-10-31T23:00:00Z", "state": "done" });
    let made = chief.post("/api/energy/plan", &measure).await.created();
    let path = format!("/api/energy/plan/{}", made["id"].as_str().unwrap());
    // The newest baseline that ended before: the one of thirty days. The last day of the readings
    // and the two after it do not count.
    let found = chief.get(&format!("{path}/progress")).await.data();
    assert_eq!(
        (&found["baseline"], &found["reached"]),
        (&json!(2), &Value::Null)
    );
    near(&found["savings"]["saved_kwh"], saved, saved * 0.2);
    let mut objective = measure.clone();
    objective["kind"] = json!("objective");
    assert_eq!(
        chief.put(&path, &objective).await.bad_fields(),
        ["target_fraction"]
    );
    for (target, reached) in [(0.05, true), (0.25, false)] {
        objective["target_fraction"] = json!(target);
        chief.put(&path, &objective).await.data();
        let found = chief.get(&format!("{path}/progress")).await.data();
        assert_eq!(found["reached"], reached, "{found}");
    }
    objective["since"] = json!("2026-10-01T00:00:00Z");
    chief.put(&path, &objective).await.data();
    chief.get(&format!("{path}/progress")).await.refused(409);
    chief.delete(&path).await.data();
    chief.get(&format!("{path}/progress")).await.refused(404);
    assert_eq!(chief.get("/api/energy/plan").await.data()["total"], 0);
}

#[tokio::test]
async fn values_and_ratios_need_no_model_and_gaps_are_no_zeros() {
    let (appliance, chief) = Appliance::furnished().await;
    let (press, entries) = plant(&appliance, &chief).await;
    // Of the first of October nothing is known to have been produced.
    let known: Vec<Value> = entries
        .into_iter()
        .enumerate()
        .filter(|(n, _)| *n != 9)
        .map(|(_, e)| e)
        .collect();
    chief
        .post("/api/energy/production", &json!({ "entries": known }))
        .await
        .data();
    let ratio = json!({ "name": "Energy of a part", "kind": "ratio", "period": "day",
        "equipment": [press], "variables": [{ "name": "parts", "unit": "parts",
            "source": { "from": "production", "product": "caps" } }] });
    let made = chief.post("/api/energy/enpi", &ratio).await.created();
    let path = format!("/api/energy/enpi/{}", made["id"].as_str().unwrap());
    let bare = chief
        .get(&format!("{path}/evaluation?from=2026-09-30&to=2026-10-03"))
        .await
        .data();
    assert_eq!(
        (&bare["unit"], &bare["baseline"], &bare["savings"]),
        (&json!("kWh/parts"), &Value::Null, &Value::Null)
    );
    let points = bare["points"].as_array().unwrap();
    let energy = points[0]["energy_kwh"].as_f64().unwrap();
    near(&points[0]["indicator"], energy / parts(8), 1e-9);
    assert_eq!(
        (&points[1]["values"], &points[1]["left_out"]),
        (&json!([null]), &json!("variable"))
    );
    assert_eq!(points[1]["indicator"], Value::Null);
    let baseline = chief
        .post(&format!("{path}/baselines"), &baseline_of(USUAL))
        .await
        .created();
    assert_eq!(baseline["model"]["quality"]["observations"], USUAL - 1);
    let sums = baseline["points"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["left_out"].is_null());
    let (energy, made) = sums.fold((0.0, 0.0), |(e, q), p| {
        (
            e + p["energy_kwh"].as_f64().unwrap(),
            q + p["values"][0].as_f64().unwrap(),
        )
    });
    near(
        &baseline["model"]["coefficients"][0]["value"],
        energy / made,
        1e-9,
    );

    let value = json!({ "name": "Energy of a week", "kind": "value", "period": "week",
        "equipment": [press] });
    let made = chief.post("/api/energy/enpi", &value).await.created();
    let path = format!(
        "/api/energy/enpi/{}/evaluation",
        made["id"].as_str().unwrap()
    );
    let weeks = chief
        .get(&format!("{path}?from=2026-09-28&to=2026-11-21"))
        .await
        .data();
    assert_eq!(weeks["unit"], "kWh/d");
    let last = weeks["points"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["left_out"], &last["indicator"]),
        (&json!("open"), &Value::Null)
    );
}

#[tokio::test]
async fn what_cannot_be_computed_is_refused_with_its_place() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let nobody = "01989c8e-0000-7000-8000-000000000000";
    let refused = async |change: Value| {
        let mut input = indicator(&press);
        input
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        chief.post("/api/energy/enpi", &input).await.bad_fields()
    };
    assert_eq!(refused(json!({ "name": " " })).await, ["name"]);
    assert_eq!(refused(json!({ "equipment": [] })).await, ["equipment"]);
    assert_eq!(
        refused(json!({ "equipment": [nobody] })).await,
        ["equipment"]
    );
    assert_eq!(refused(json!({ "less": [press] })).await, ["equipment"]);
    assert_eq!(refused(json!({ "kind": "value" })).await, ["variables"]);
    assert_eq!(
        refused(json!({ "coverage_min": 2 })).await,
        ["coverage_min"]
    );
    assert_eq!(
        refused(json!({ "shape": "heating", "intercept": false })).await,
        ["intercept"]
    );
    let twice = json!({ "variables": [
        { "name": "Out side", "source": { "from": "production", "product": " " } } ] });
    assert_eq!(
        refused(twice).await,
        ["variables[0].name", "variables[0].source.product"]
    );
    let made = chief
        .post("/api/energy/enpi", &indicator(&press))
        .await
        .created();
    let path = format!("/api/energy/enpi/{}", made["id"].as_str().unwrap());
    let baselines = format!("{path}/baselines");
    // Nothing was measured: there is nothing to compute from, and nothing is stored.
    assert_eq!(
        chief.post(&baselines, &baseline_of(9)).await.bad_fields(),
        ["period"]
    );
    let mut back = baseline_of(-3);
    assert_eq!(chief.post(&baselines, &back).await.bad_fields(), ["to"]);
    back = baseline_of(9);
    back["excluded"] = json!([{ "from": "2026-10-02T00:00:00Z", "to": "2026-10-01T00:00:00Z",
        "reason": "" }]);
    assert_eq!(
        chief.post(&baselines, &back).await.bad_fields(),
        ["excluded[0]", "excluded[0].reason"]
    );
    let long = format!("{path}/evaluation?from=2001-01-01&to=2026-01-01");
    chief.get(&long).await.refused(400);
    chief
        .get(&format!(
            "{path}/evaluation?from=2026-11-01&to=2026-11-05&baseline=1"
        ))
        .await
        .refused(404);
    chief
        .get(&format!("/api/energy/enpi/{nobody}"))
        .await
        .refused(404);
    chief.delete(&path).await.data();
    chief.get(&path).await.refused(404);
    drop(appliance);
}
