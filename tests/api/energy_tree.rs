//! The meter tree: where energy goes, what is unaccounted for, and that it adds up.

use crate::support::client::{Client, Reply};
use crate::support::meters::{Field, Meter};
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near, keys};
use indusmind::base::Timestamp;
use serde_json::{Value, json};

const MORNING: &str = "2026-11-21T08:00:00Z";
const PERIOD: &str = "from=2026-11-21T08:00:00Z&to=2026-11-21T09:00:00Z";
const BEAT_MS: i64 = 5 * 60_000;

/// The tree of a site, put as it is.
pub async fn put_again(client: &Client) -> Reply {
    let path = "/api/energy/tree";
    let known = client.get(path).await.json();
    let revision = known["data"]["revision"].as_u64().unwrap_or(0);
    let site = json!({ "id": "site", "name": "Plant", "kind": "site" });
    let tree = json!({ "revision": revision, "nodes": [site] });
    client.put(path, &tree).await
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}:00Z").parse().unwrap()
}

/// An hour of a plant: a main meter of 90 kW, behind it a press of 40 and an oven of 30.
struct Plant {
    _appliance: Appliance,
    chief: Client,
    field: Field,
    ids: [String; 3],
}

impl Plant {
    async fn new() -> Self {
        let (appliance, chief) = Appliance::furnished_at(MORNING).await;
        let field = Field::of(&appliance.clock, &[90.0, 40.0, 30.0]).await;
        let mut ids = Vec::new();
        for (n, name) in ["Main", "Press", "Oven"].into_iter().enumerate() {
            let source = field.modbus_with(n, &json!({ "poll_interval_ms": BEAT_MS }));
            ids.push(chief.add(name, &source).await);
        }
        let all: Vec<&str> = ids.iter().map(String::as_str).collect();
        appliance.read_at(&all, appliance.now()).await;
        while appliance.now() < at("09:00") {
            appliance.beat_of(BEAT_MS, &all).await;
        }
        Self {
            chief: appliance.client().login(EMAIL, PASSWORD).await,
            ids: ids.try_into().unwrap(),
            _appliance: appliance,
            field,
        }
    }

    fn tree(&self, revision: u64) -> Value {
        let [main, press, oven] = &self.ids;
        json!({ "revision": revision, "nodes": [
            { "id": "site", "name": "Plant", "kind": "site", "incoming": [{ "meter": main }] },
            { "id": "hall", "name": "Hall", "kind": "area", "parent": "site",
              "consumers": [{ "meter": press }, { "meter": oven }] },
        ], "virtual_meters": [
            { "id": "rest", "name": "All but the press", "terms": [
                { "factor": "1", "of": { "meter": main } },
                { "factor": "-1", "of": { "meter": press } } ] },
            { "id": "carbon", "name": "Carbon", "unit": "kg", "terms": [
                { "factor": "0.48", "of": { "node": "hall" } } ] },
        ] })
    }

    fn meter(&self, n: usize) -> &Meter {
        &self.field.meters[n]
    }

    fn energy(&self, n: usize) -> f64 {
        self.meter(n).energy(at("08:00"), at("09:00"))
    }

    async fn get(&self, what: &str) -> Value {
        self.chief.get(&format!("/api/energy/{what}")).await.data()
    }
}

/// Watt-hours of a figure: what adds up is whole.
fn wh(figure: &Value) -> i64 {
    #[allow(clippy::cast_possible_truncation)]
    let wh = (figure["kwh"].as_f64().unwrap() * 1e3).round() as i64;
    wh
}

#[tokio::test]
async fn without_a_tree_what_counts_hangs_at_the_site() {
    let plant = Plant::new().await;
    let tree = plant.get("tree").await;
    assert_eq!(tree["revision"], 0);
    assert_eq!(tree["nodes"][0]["consumers"].as_array().unwrap().len(), 3);
    let balance = plant.get(&format!("balance?{PERIOD}")).await;
    let site = &balance["nodes"][0];
    let all: f64 = (0..3).map(|n| plant.energy(n)).sum();
    assert_near(&site["total"]["kwh"], all, "the sum of what is marked");
    assert!(site["unaccounted"].is_null(), "nothing measures the whole");
}

#[tokio::test]
async fn a_balance_adds_up_to_the_last_digit() {
    let plant = Plant::new().await;
    let put = plant
        .chief
        .put("/api/energy/tree", &plant.tree(0))
        .await
        .data();
    assert_eq!(put["revision"], 1);
    assert_eq!(put["updated_by"], EMAIL);
    for (rounding, step) in [("wh", 1), ("kwh", 1_000)] {
        let balance = plant
            .get(&format!("balance?{PERIOD}&round_to={rounding}"))
            .await;
        let [site, hall] = [&balance["nodes"][0], &balance["nodes"][1]];
        let parts: i64 = hall["consumers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| wh(&part["energy"]))
            .sum();
        assert_eq!(wh(&hall["total"]), parts);
        assert_eq!(wh(&site["total"]), parts + wh(&site["unaccounted"]));
        assert_eq!(wh(&site["used"]), wh(&site["total"]));
        assert_eq!(wh(&site["total"]) % step, 0, "{rounding}");
        let carbon = &balance["virtual_meters"][1];
        let exact = 0.48 * hall["total"]["kwh"].as_f64().unwrap();
        assert_near(
            &carbon["energy"]["kwh"],
            exact,
            "a factor of what goes into the hall",
        );
    }
    let balance = plant.get(&format!("balance?{PERIOD}")).await;
    assert_near(
        &balance["nodes"][0]["total"]["kwh"],
        plant.energy(0),
        "the main meter",
    );
    let coverage = balance["nodes"][0]["total"]["coverage"].as_f64().unwrap();
    assert!((coverage - 1.0).abs() < 1e-6, "{coverage}");
}

#[tokio::test]
async fn totals_follow_the_tree_and_the_rest_is_a_series() {
    let plant = Plant::new().await;
    plant
        .chief
        .put("/api/energy/tree", &plant.tree(0))
        .await
        .data();
    let path = format!("/api/historical/consumption?{PERIOD}&resolution=15min");
    let history = plant.chief.get(&path).await.data();
    let points = history["series"].as_array().unwrap();
    let total: f64 = points
        .iter()
        .filter_map(|p| p["consumption"].as_f64())
        .sum();
    assert_near(
        &json!(total),
        plant.energy(0),
        "only the main meter is the site",
    );

    let series = plant
        .get(&format!("series?of=rest:site&{PERIOD}&resolution=15min"))
        .await;
    assert_eq!(series["unit"], "kWh");
    let points = series["points"].as_array().unwrap();
    assert_eq!(points.len(), 4);
    let first = plant.meter(0).energy(at("08:00"), at("08:15"))
        - plant.meter(1).energy(at("08:00"), at("08:15"))
        - plant.meter(2).energy(at("08:00"), at("08:15"));
    assert_near(&points[0]["value"], first, "of the first quarter");
    let sum: f64 = points.iter().filter_map(|p| p["value"].as_f64()).sum();
    let balance = plant.get(&format!("balance?{PERIOD}")).await;
    let left = balance["nodes"][0]["unaccounted"]["kwh"].as_f64().unwrap();
    // Each of three meters is rounded to a watt-hour in the balance.
    assert!((sum - left).abs() < 0.002, "{sum} is not {left}");
}

#[tokio::test]
async fn the_flow_names_its_streams() {
    let plant = Plant::new().await;
    plant
        .chief
        .put("/api/energy/tree", &plant.tree(0))
        .await
        .data();
    let flow = plant.get(&format!("flow?{PERIOD}")).await;
    let edges = flow["edges"].as_array().unwrap();
    assert_eq!(
        keys(&edges[0]),
        ["energy", "from", "name", "power_kw", "to"]
    );
    let ways: Vec<_> = edges
        .iter()
        .map(|edge| (edge["from"].as_str().unwrap(), edge["to"].as_str().unwrap()))
        .collect();
    let [_, press, _] = &plant.ids;
    assert_eq!(ways[0], ("supply", "node:site"));
    assert!(ways.contains(&("node:site", "rest:site")));
    assert!(ways.contains(&("node:hall", format!("meter:{press}").as_str())));
    let kw = edges[0]["power_kw"].as_f64().unwrap();
    assert_near(
        &json!(kw),
        plant.meter(0).truth("power", at("09:00")),
        "power now",
    );
}

#[tokio::test]
async fn a_refused_tree_changes_nothing_and_says_where() {
    let plant = Plant::new().await;
    let mut tree = plant.tree(0);
    tree["nodes"][1]["parent"] = json!("hall");
    tree["nodes"][1]["consumers"][1] = tree["nodes"][1]["consumers"][0].clone();
    let refused = plant.chief.put("/api/energy/tree", &tree).await;
    refused.refused(400);
    let fields = refused.json()["details"]["fields"].clone();
    assert_eq!(fields[0]["path"], "nodes[1].consumers[1]");
    tree["nodes"][1]["consumers"][1] = json!({ "meter": plant.ids[2] });
    let refused = plant.chief.put("/api/energy/tree", &tree).await.json();
    assert_eq!(refused["details"]["fields"][0]["path"], "nodes[1].parent");
    assert_eq!(plant.get("tree").await["revision"], 0);

    plant
        .chief
        .put("/api/energy/tree", &plant.tree(0))
        .await
        .data();
    plant
        .chief
        .put("/api/energy/tree", &plant.tree(0))
        .await
        .refused(409);
    let entries = plant.chief.audit().await;
    let changes = entries
        .iter()
        .filter(|e| e["action"] == "energy_tree.update");
    assert_eq!(changes.count(), 1);
    let asked = plant
        .chief
        .get("/api/energy/series?of=rest:attic&from=2026-11-21&to=2026-11-22&resolution=daily")
        .await;
    asked.refused(400);
}
