//! History: energy, power and voltage over time, with the gaps that they have.

use crate::support::client::Client;
use crate::support::meters::{Field, Meter};
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near, eventually, keys};
use indusmind::base::Timestamp;
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const FIVE_MS: i64 = 5 * MINUTE_MS;
const MORNING: &str = "2026-11-21T08:00:00Z";

/// A morning from eight to half past ten: a meter that is read every five minutes, with a hole
/// after nine o'clock, and a sub-meter behind it that does not count in the total.
pub(crate) struct Morning {
    // Runs until the test ends.
    _appliance: Appliance,
    pub(crate) chief: Client,
    field: Field,
    pub(crate) main: String,
    sub: String,
}

/// A moment of the morning.
pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}:00Z").parse().unwrap()
}

impl Morning {
    pub(crate) async fn new() -> Self {
        let (appliance, chief) = Appliance::furnished_at(MORNING).await;
        let field = Field::of(&appliance.clock, &[36.0, 7.2]).await;
        let source = |n| field.modbus_with(n, &json!({ "poll_interval_ms": FIVE_MS }));
        let main = chief.add("Main", &source(0)).await;
        let sub = chief.add("Sub", &source(1)).await;
        let not_counted = json!({ "in_site_total": false });
        let path = format!("/api/equipment/{sub}");
        chief.put(&path, &not_counted).await.data();
        appliance.read_at(&[&main, &sub], appliance.now()).await;
        while appliance.now() < at("09:00") {
            appliance.beat_of(FIVE_MS, &[&main, &sub]).await;
        }
        field.fault(0, Fault::Close);
        appliance.advance(40 * MINUTE_MS);
        appliance.read_at(&[&sub], at("09:40")).await;
        let chief = appliance.client().login(EMAIL, PASSWORD).await;
        eventually("the attempt in the hole to fail", || async {
            let link = chief.live(&main).await["link"].clone();
            (link["last_error_at"] == json!(at("09:40"))).then_some(())
        })
        .await;
        field.fault(0, Fault::None);
        while appliance.now() < at("10:30") {
            appliance.beat_of(FIVE_MS, &[&main, &sub]).await;
        }
        Self {
            _appliance: appliance,
            chief,
            field,
            main,
            sub,
        }
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.field.meters[0]
    }

    /// The answer for the whole morning; `more` goes to the query.
    pub(crate) async fn ask(&self, resolution: &str, more: &str) -> Value {
        let path = format!(
            "/api/historical/consumption?from={MORNING}&to=2026-11-21T10:30:00Z\
             &resolution={resolution}{more}"
        );
        let window = self.chief.get(&path).await.data();
        assert_eq!(keys(&window), ["count", "resolution", "series"]);
        let points = window["series"].as_array().unwrap();
        assert_eq!(window["count"], points.len());
        let times: Vec<_> = points.iter().map(|p| p["timestamp"].as_str()).collect();
        assert!(times.is_sorted() && times.windows(2).all(|pair| pair[0] != pair[1]));
        window
    }

    /// Mean power of the samples of these minutes, each of which stands for five minutes.
    fn mean_power(&self, times: &[&str]) -> f64 {
        let sum: f64 = times
            .iter()
            .map(|t| self.meter().truth("power", at(t)))
            .sum();
        sum / f64::from(u32::try_from(times.len()).unwrap())
    }
}

pub(crate) fn point<'a>(window: &'a Value, time: &str) -> &'a Value {
    let points = window["series"].as_array().unwrap();
    let found = points.iter().find(|p| p["timestamp"] == json!(at(time)));
    found.unwrap_or_else(|| panic!("no point at {time} in {window}"))
}

/// Energy over all points.
fn sum(window: &Value) -> f64 {
    let points = window["series"].as_array().unwrap();
    points
        .iter()
        .filter_map(|p| p["consumption"].as_f64())
        .sum()
}

#[tokio::test]
async fn quarters_hold_energy_means_and_holes() {
    let morning = Morning::new().await;
    let main = &morning.main;
    let window = morning.ask("15min", &format!("&meter_id={main}")).await;
    assert_eq!(
        (&window["count"], &window["resolution"]),
        (&json!(10), &json!("15min"))
    );
    let first = point(&window, "08:00");
    assert_eq!(
        keys(first),
        ["consumption", "power", "timestamp", "value", "voltage"]
    );
    let energy = morning.meter().energy(at("08:00"), at("08:15"));
    assert_near(&first["consumption"], energy, "energy of the quarter");
    assert_near(&first["value"], energy, "the default metric is consumption");
    let mean = morning.mean_power(&["08:00", "08:05", "08:10"]);
    assert_near(&first["power"], mean, "mean power");
    assert_near(
        &first["voltage"],
        (230.1 + 231.3 + 229.2) / 3.0,
        "mean voltage",
    );
    // Only the reading of nine o'clock stands for anything in its quarter.
    let power = morning.mean_power(&["09:00"]);
    assert_near(&point(&window, "09:00")["power"], power, "one of three");
    // Nothing was measured in the hole but what the counter grew by in all of it.
    let hole = point(&window, "09:15");
    assert!(
        hole["power"].is_null() && hole["voltage"].is_null(),
        "{hole}"
    );
    let grown = morning.meter().energy(at("09:00"), at("10:00"));
    let share = hole["consumption"].as_f64().unwrap();
    assert!(share > 0.0 && share < grown, "{share} of {grown}");
    assert!(point(&window, "09:30")["power"].is_null());
    let all = morning.meter().energy(at("08:00"), at("10:30"));
    assert_near(&json!(sum(&window)), all, "no energy is lost in the hole");
}

#[tokio::test]
async fn every_resolution_tells_the_same_energy() {
    let morning = Morning::new().await;
    let all = morning.meter().energy(at("08:00"), at("10:30"));
    for (asked, told, count, first) in [
        ("1min", "1min", 150, "2026-11-21T08:00:00.000Z"),
        ("5min", "5min", 30, "2026-11-21T08:00:00.000Z"),
        ("15min", "15min", 10, "2026-11-21T08:00:00.000Z"),
        ("30min", "30min", 5, "2026-11-21T08:00:00.000Z"),
        ("1hour", "1hour", 3, "2026-11-21T08:00:00.000Z"),
        // Two-hour buckets, days, weeks and months follow the clock of Tunis.
        ("2hour", "2hour", 2, "2026-11-21T07:00:00.000Z"),
        ("daily", "daily", 1, "2026-11-20T23:00:00.000Z"),
        ("weekly", "weekly", 1, "2026-11-15T23:00:00.000Z"),
        ("monthly", "monthly", 1, "2026-10-31T23:00:00.000Z"),
        ("auto", "1min", 150, "2026-11-21T08:00:00.000Z"),
    ] {
        let window = morning.ask(asked, "").await;
        assert_eq!(
            (&window["resolution"], &window["count"]),
            (&json!(told), &json!(count)),
            "{asked}"
        );
        assert_eq!(window["series"][0]["timestamp"], first, "{asked}");
        assert_near(&json!(sum(&window)), all, asked);
    }
}

#[tokio::test]
async fn raw_points_are_the_readings_of_one_meter() {
    let morning = Morning::new().await;
    let window = morning
        .ask("raw", &format!("&meter_id={}", morning.main))
        .await;
    // Twelve to five to nine, nine, the attempt in the hole, and nine after it; half past ten
    // does not belong to the range.
    assert_eq!(window["count"], 12 + 1 + 1 + 9);
    for time in ["08:00", "08:35", "09:00", "09:45", "10:25"] {
        let point = point(&window, time);
        for name in ["consumption", "power"] {
            assert_near(&point[name], morning.meter().truth(name, at(time)), name);
        }
    }
    let failed = point(&window, "09:40");
    assert!(
        failed["power"].is_null() && failed["consumption"].is_null(),
        "{failed}"
    );
    // The site counts one meter here; as soon as there are two, their ticks do not add up.
    assert_eq!(morning.ask("raw", "").await["count"], window["count"]);
    let counted = json!({ "in_site_total": true });
    let path = format!("/api/equipment/{}", morning.sub);
    morning.chief.put(&path, &counted).await.data();
    let path = format!("/api/historical/consumption?from={MORNING}&to=2026-11-22&resolution=raw");
    let refusal = morning.chief.get(&path).await.refused(400);
    assert!(
        refusal["error"].as_str().unwrap().contains("meter_id"),
        "{refusal}"
    );
}

#[tokio::test]
async fn the_site_is_the_sum_of_what_counts() {
    let morning = Morning::new().await;
    let [main, sub] = [0, 1].map(|n| morning.field.meters[n].energy(at("08:00"), at("08:15")));
    let first = async |more: &str| point(&morning.ask("15min", more).await, "08:00").clone();
    assert_near(
        &first("").await["consumption"],
        main,
        "the sub-meter does not count",
    );
    let of_sub = format!("&meter_id={}", morning.sub);
    assert_near(
        &first(&of_sub).await["consumption"],
        sub,
        "it is asked for by name",
    );
    let counted = json!({ "in_site_total": true });
    let path = format!("/api/equipment/{}", morning.sub);
    morning.chief.put(&path, &counted).await.data();
    let both = first("&fields=frequency,min").await;
    assert_near(&both["consumption"], main + sub, "energy adds up");
    let power: f64 = ["08:00", "08:05", "08:10"]
        .iter()
        .map(|t| {
            morning
                .field
                .meters
                .iter()
                .map(|m| m.truth("power", at(t)))
                .sum::<f64>()
        })
        .sum();
    assert_near(&both["power"], power / 3.0, "power adds up");
    assert_near(
        &both["voltage"],
        (230.1 + 231.3 + 229.2) / 3.0,
        "voltage does not",
    );
    assert_near(&both["frequency"], 50.02, "nor does frequency");
    assert!(
        both["min"].is_null(),
        "the least of a sum is not the sum of the least"
    );
}

#[tokio::test]
async fn any_metric_of_a_meter_can_be_asked_for() {
    let morning = Morning::new().await;
    let l3 = ["08:00", "08:05", "08:10"].map(|t| morning.meter().truth("current_l3", at(t)));
    for (metric, expected) in [
        ("voltage_l1", 230.1),
        ("current_l3", l3.into_iter().sum::<f64>() / 3.0),
        ("powerFactor", 0.9),
        ("power_factor", 0.9),
        ("frequency", 50.02),
        (
            "consumption",
            morning.meter().energy(at("08:00"), at("08:15")),
        ),
        // Grows by five in five minutes.
        ("starts_count", 15.0),
    ] {
        let query = format!("&meter_id={}&metric={metric}", morning.main);
        let window = morning.ask("15min", &query).await;
        assert_near(&point(&window, "08:00")["value"], expected, metric);
        // A counter tells what it grew by in the hole; anything else was not measured there.
        let counts = ["consumption", "starts_count"].contains(&metric);
        let hole = &point(&window, "09:15")["value"];
        assert_eq!(hole.is_null(), !counts, "{metric}: {hole}");
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_with_a_sentence() {
    let (_appliance, chief) = Appliance::furnished().await;
    let range = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z";
    for (query, path) in [
        ("to=2026-11-21&resolution=1hour", "from"),
        ("from=2026-11-21&resolution=1hour", "to"),
        (range, "resolution"),
        ("from=yesterday&to=2026-11-21&resolution=1hour", "from"),
        ("from=2026-11-21&to=21.11.2026&resolution=1hour", "to"),
        ("from=2026-11-21&to=2026-11-21&resolution=1hour", "to"),
        ("from=2026-11-22&to=2026-11-21&resolution=1hour", "to"),
        (&format!("{range}&resolution=10min"), "resolution"),
        (&format!("{range}&resolution="), "resolution"),
        (
            &format!("{range}&resolution=1hour&metric=Power%20"),
            "metric",
        ),
        (
            &format!("{range}&resolution=1hour&metric=happiness"),
            "metric",
        ),
        (
            &format!("{range}&resolution=1hour&fields=min,median"),
            "fields",
        ),
        (
            "from=2020-01-01&to=2026-01-01&resolution=1min",
            "resolution",
        ),
        (
            "from=0001-01-01&to=9999-12-01&resolution=daily",
            "resolution",
        ),
        (
            "from=0001-01-01&to=9999-12-01&resolution=monthly",
            "resolution",
        ),
    ] {
        let reply = chief
            .get(&format!("/api/historical/consumption?{query}"))
            .await;
        assert_eq!(reply.bad_fields(), [path], "{query}");
    }
    for id in ["7", "01a1fc32-7959-7208-9b0d-bfecd1744b85"] {
        let query = format!("{range}&resolution=1hour&meter_id={id}");
        let path = format!("/api/historical/consumption?{query}");
        chief.get(&path).await.refused(404);
    }
}

#[tokio::test]
async fn a_plant_without_readings_is_all_gap() {
    let (_appliance, chief) = Appliance::furnished().await;
    // An offset whose plus was not escaped is read as it was meant.
    let query = "from=2026-11-21T00:00:00+01:00&to=2026-11-21T02:00:00%2B01:00&resolution=1hour";
    let window = chief
        .get(&format!("/api/historical/consumption?{query}"))
        .await
        .data();
    let gap = |time: &str| {
        json!({ "timestamp": time, "consumption": null, "power": null, "voltage": null,
            "value": null })
    };
    let expected = [
        gap("2026-11-20T23:00:00.000Z"),
        gap("2026-11-21T00:00:00.000Z"),
    ];
    assert_eq!(window["series"], json!(expected));
}
