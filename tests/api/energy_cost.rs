//! Tariffs, what energy costs by them, and the demand window.

use crate::support::client::Client;
use crate::support::meters::Field;
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near};
use indusmind::base::Timestamp;
use serde_json::{Value, json};

const MORNING: &str = "2026-11-21T08:00:00Z";
const BEAT_MS: i64 = 5 * 60_000;

/// A tariff with a dear hour from nine on the clock of the site, Africa/Tunis: 8:00 UTC.
pub fn tariff(name: &str) -> Value {
    json!({ "name": name, "in_use": false, "version": {
        "valid_from": "2026-01-01", "source": "A contract.",
        "rules": {
            "currency": "TND", "decimals": 3,
            "periods": [
                { "id": "dear", "name": "Dear", "tiers": [{ "price": "0.400" }] },
                { "id": "cheap", "name": "Cheap", "tiers": [{ "price": "0.100" }] },
            ],
            "calendar": [
                { "from": "09:00", "to": "10:00", "period": "dear" },
                { "from": "00:00", "to": "24:00", "period": "cheap" },
            ],
            "contracted": [{ "kw": "95" }],
            "charges": [
                { "kind": "fixed", "name": "Meter", "price": "12.5", "per": "month" },
                { "kind": "demand", "name": "Power", "price": "4", "per": "month" },
            ],
            "taxes": [{ "name": "VAT", "percent": "19", "on": ["energy", "demand", "fixed"] }],
        },
    } })
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}:00Z").parse().unwrap()
}

/// A morning until twenty past nine UTC with a meter of about 90 kW.
struct Morning {
    _appliance: Appliance,
    chief: Client,
    field: Field,
}

impl Morning {
    async fn new() -> Self {
        let (appliance, chief) = Appliance::furnished_at(MORNING).await;
        let field = Field::of(&appliance.clock, &[90.0]).await;
        let source = field.modbus_with(0, &json!({ "poll_interval_ms": BEAT_MS }));
        let main = chief.add("Main", &source).await;
        appliance.read_at(&[&main], appliance.now()).await;
        while appliance.now() < at("09:20") {
            appliance.beat_of(BEAT_MS, &[&main]).await;
        }
        Self {
            chief: appliance.client().login(EMAIL, PASSWORD).await,
            _appliance: appliance,
            field,
        }
    }

    async fn enter(&self) -> Value {
        let made = self
            .chief
            .post("/api/energy/tariffs", &tariff("Contract"))
            .await
            .created();
        let path = format!("/api/energy/tariffs/{}", made["id"].as_str().unwrap());
        let use_it = json!({ "revision": 1, "in_use": true });
        self.chief.put(&path, &use_it).await.data()
    }

    fn energy(&self, from: &str, to: &str) -> f64 {
        self.field.meters[0].energy(at(from), at(to))
    }
}

fn decimal(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn energy_costs_what_its_hour_costs() {
    let morning = Morning::new().await;
    morning.enter().await;
    let (dear, cheap) = (
        morning.energy("08:00", "09:00"),
        morning.energy("09:00", "09:15"),
    );
    let expected = (dear * 0.4 + cheap * 0.1) * 1.19;
    let range = "from=2026-11-21T08:00:00Z&to=2026-11-21T09:15:00Z";
    let ask = |resolution: &str| format!("/api/energy/cost?{range}&resolution={resolution}");
    let quarters = morning.chief.get(&ask("15min")).await.data();
    assert_eq!(quarters["currency"], "TND");
    assert_near(
        &json!(decimal(&quarters["cost"])),
        expected,
        "the cost of the morning",
    );
    let points = quarters["points"].as_array().unwrap();
    assert_eq!(points.len(), 5);
    let sum: f64 = points.iter().map(|point| decimal(&point["cost"])).sum();
    assert_near(&json!(sum), expected, "the sum of the quarters");
    let hours = morning.chief.get(&ask("1hour")).await.data();
    assert_eq!(
        hours["cost"], quarters["cost"],
        "hours and quarters say the same"
    );
    let periods = hours["periods"].as_array().unwrap();
    assert_eq!(periods[1]["period"], "Dear");
    assert_near(&periods[1]["kwh"], dear, "dear energy");

    let today = morning.chief.get("/api/dashboard/today").await.data();
    let so_far = (dear * 0.4 + morning.energy("09:00", "09:20") * 0.1) * 1.19;
    let cost = decimal(&today["cost"]);
    assert!((cost - so_far).abs() < 0.01, "{cost} is not {so_far}");
    assert_eq!(today["currency"], "TND");
}

/// A tariff that is named is held against a month before it began, and says so; those in use are
/// not.
async fn as_if_it_had_held(chief: &Client, tariff: &str) {
    let before = "/api/energy/bill?month=2025-12";
    chief.get(before).await.refused(409);
    let bill = chief.get(&format!("{before}&tariff_id={tariff}")).await;
    let notes = bill.data()["notes"].clone();
    let note = &notes.as_array().unwrap()[..];
    let as_if = note.iter().find(|note| note["code"] == "as_if").unwrap();
    assert_eq!(as_if["values"]["day"], "2026-01-01");
    let first = chief
        .get(&format!(
            "/api/energy/bill?month=2026-01&tariff_id={tariff}"
        ))
        .await;
    let notes = first.data()["notes"].clone();
    assert!(
        notes
            .as_array()
            .unwrap()
            .iter()
            .all(|note| note["code"] != "as_if")
    );
}

#[tokio::test]
async fn a_bill_says_how_each_line_came_about() {
    let morning = Morning::new().await;
    let chief = &morning.chief;
    chief
        .get("/api/energy/bill?month=2026-11")
        .await
        .refused(409);
    chief
        .get("/api/energy/bill?month=2026-13")
        .await
        .refused(400);
    let entered = morning.enter().await;
    as_if_it_had_held(chief, entered["id"].as_str().unwrap()).await;
    let bill = chief.get("/api/energy/bill?month=2026-11").await.data();
    let lines = bill["lines"].as_array().unwrap();
    let line = |name: &str| lines.iter().find(|line| line["name"] == name).unwrap();
    let dear = morning.energy("08:00", "09:00").round();
    assert!((decimal(&line("Dear")["quantity"]) - dear).abs() < 1.5);
    assert_eq!(line("Meter")["amount"], "12.500");
    assert!(
        line("Power")["explanation"]
            .as_str()
            .unwrap()
            .contains("greatest window")
    );
    let sum: f64 = lines.iter().map(|line| decimal(&line["amount"])).sum();
    assert_near(
        &json!(sum),
        decimal(&bill["total"]),
        "the total is the sum of the lines",
    );
    assert_eq!(bill["notes"][0]["code"], "month_open");
    assert_eq!(line("Power")["reasons"][0]["code"], "peak");

    let typed = json!({ "month": "2026-11", "lines": [
        { "name": "meter", "amount": "12.500" }, { "name": "Stamp", "amount": "1.000" } ] });
    let twin = chief.post("/api/energy/bill/compare", &typed).await.data();
    assert_eq!(twin["lines"][0]["verdict"], "same");
    assert_eq!(twin["lines"][1]["verdict"], "not_in_tariff");
    let more = 13.5 - decimal(&bill["total"]);
    assert_near(
        &json!(decimal(&twin["difference"])),
        more,
        "what the bill lacks",
    );
}

#[tokio::test]
async fn versions_are_kept_and_a_tariff_in_use_is_not_deleted() {
    let (appliance, chief) = Appliance::furnished().await;
    let made = chief
        .post("/api/energy/tariffs", &tariff("Contract"))
        .await
        .created();
    let path = format!("/api/energy/tariffs/{}", made["id"].as_str().unwrap());
    let mut version = tariff("")["version"].clone();
    version["valid_from"] = json!("2026-07-01");
    version["rules"]["periods"][0]["tiers"][0]["price"] = json!("0.5");
    let change = json!({ "revision": 1, "in_use": true, "version": version });
    let changed = chief.put(&path, &change).await.data();
    assert_eq!(changed["versions"].as_array().unwrap().len(), 2);
    let first = &changed["versions"][0]["rules"]["periods"][0]["tiers"][0]["price"];
    assert_eq!(first, "0.400", "what was entered stays");
    chief.put(&path, &change).await.refused(409);
    let mut wrong = change.clone();
    wrong["revision"] = json!(2);
    wrong["version"]["rules"]["calendar"][0]["period"] = json!("noon");
    let refused = chief.put(&path, &wrong).await;
    assert_eq!(refused.bad_fields(), ["version.rules.calendar[0].period"]);
    let list = chief.get("/api/energy/tariffs").await.data();
    assert_eq!(list["in_force"], made["id"]);
    chief.delete(&path).await.refused(409);
    let rest = json!({ "revision": 2, "in_use": false });
    chief.put(&path, &rest).await.data();
    chief.delete(&path).await.data();
    chief.get(&path).await.refused(404);
    let entries = chief.audit().await;
    for action in [
        "tariff.create",
        "tariff.version",
        "tariff.use",
        "tariff.delete",
    ] {
        assert!(
            entries.iter().any(|entry| entry["action"] == action),
            "{action}"
        );
    }
    let examples = chief.get("/api/energy/tariff-examples").await.data();
    for example in examples["items"].as_array().unwrap() {
        let new = json!({ "name": example["name"], "version": {
            "valid_from": example["valid_from"], "source": example["source"],
            "rules": example["rules"] } });
        chief.post("/api/energy/tariffs", &new).await.created();
    }
    drop(appliance);
}

#[tokio::test]
async fn the_running_window_and_the_peaks_are_known() {
    let morning = Morning::new().await;
    morning.enter().await;
    let demand = morning.chief.get("/api/energy/demand").await.data();
    let running = &demand["running"];
    assert_eq!(running["from"], "2026-11-21T09:15:00.000Z");
    assert_eq!(running["elapsed_s"], 300);
    let power = |time: &str| morning.field.meters[0].truth("power", at(time));
    let (before, last) = (power("09:10"), power("09:15"));
    assert_near(&running["recent_kw"], last, "the last five minutes");
    // Five minutes have run; the other ten are expected to go on as the last ten.
    let expected = (last * 5.0 + f64::midpoint(before, last) * 10.0) / 15.0;
    assert_near(
        &running["forecast_kw"],
        expected,
        "what has run and the rest",
    );
    assert_eq!(running["weeks"], 0, "there are no weeks before");
    assert_eq!(running["contracted_kw"], 95.0);
    assert_eq!(demand["loads"][0]["name"], "Main");
    let peaks = "/api/energy/peaks?from=2026-11-21T08:00:00Z&to=2026-11-21T10:00:00Z&limit=3";
    let peaks = morning.chief.get(peaks).await.data();
    let items = peaks["items"].as_array().unwrap();
    assert_eq!(
        (peaks["window_minutes"].as_u64(), items.len()),
        (Some(15), 3)
    );
    let quarters = ["08:00", "08:15", "08:30", "08:45", "09:00"];
    let ends = ["08:15", "08:30", "08:45", "09:00", "09:15"];
    let kw = quarters
        .iter()
        .zip(ends)
        .map(|(from, to)| morning.energy(from, to) * 4.0);
    let most = kw.fold(0.0, f64::max);
    assert_near(
        &json!(decimal(&items[0]["kw"])),
        most,
        "the greatest quarter",
    );
    assert_near(
        &items[0]["shares"][0]["kw"],
        most,
        "all of it by the one meter",
    );
    morning
        .chief
        .get("/api/energy/peaks?from=2026-11-21&to=2026-11-22&limit=0")
        .await
        .refused(400);
}
