//! What energy cost over months, versions and days without a tariff, counted by hand.

use crate::bill_year::load;
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near};
use serde_json::{Value, json};

/// A tariff of one period that holds from a day on.
fn version(from: &str, tiers: &Value) -> Value {
    json!({ "valid_from": from, "source": "A test.", "rules": {
        "currency": "TND", "decimals": 3,
        "periods": [{ "id": "all", "name": "All", "tiers": tiers }],
        "calendar": [{ "from": "00:00", "to": "24:00", "period": "all" }],
    } })
}

async fn cost(chief: &Client, from: &str, to: &str, resolution: &str) -> Value {
    let path = format!("/api/energy/cost?from={from}&to={to}&resolution={resolution}");
    chief.get(&path).await.data()
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn months_begin_their_tiers_anew_and_days_without_a_tariff_stay_unpriced() {
    let (appliance, _) = Appliance::furnished_at("2027-01-05T10:00:00Z").await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    load(&appliance, "2026-09-14T23:00:00Z", |_| 10.0).await;
    let tiers = json!([{ "up_to_kwh": "1000", "price": "0.1" }, { "price": "0.4" }]);
    let tariff = json!({ "name": "Contract", "in_use": true,
        "version": version("2026-10-10", &tiers) });
    let made = chief.post("/api/energy/tariffs", &tariff).await.created();
    let path = format!("/api/energy/tariffs/{}", made["id"].as_str().unwrap());
    let flat = version("2026-11-05", &json!([{ "price": "0.2" }]));
    let change = json!({ "revision": made["revision"], "version": flat });
    chief.put(&path, &change).await.data();

    let whole = cost(&chief, "2026-09-20", "2026-11-08", "daily").await;
    // 10 kW: 240 kWh a day. October from the 10th: 5,280 kWh, the first 1,000 at 0.1; four days of
    // November in its first tier; three at the new price; twenty days before without any.
    let by_hand = 1_000.0 * 0.1 + 4_280.0 * 0.4 + 960.0 * 0.1 + 720.0 * 0.2;
    assert_near(&json!(number(&whole["cost"])), by_hand, "the whole");
    assert_near(&whole["unpriced_kwh"], 4_800.0, "before the first version");
    assert_eq!(whole["points"].as_array().unwrap().len(), 49);

    let mut sum = 0.0;
    for (from, to) in [
        ("2026-09-20", "2026-10-01"),
        ("2026-10-01", "2026-10-20"),
        // From the middle of a month: what it used before decides the tier.
        ("2026-10-20", "2026-11-01"),
        ("2026-11-01", "2026-11-08"),
    ] {
        let part = cost(&chief, from, to, "1hour").await;
        sum += number(&part["cost"]);
    }
    assert_near(&json!(sum), by_hand, "its parts");
    let months = cost(&chief, "2026-09-20", "2026-11-08", "monthly").await;
    let costs: Vec<_> = months["points"].as_array().unwrap().iter().collect();
    assert_eq!(costs.len(), 3);
    assert_near(&json!(number(&costs[1]["cost"])), 1_812.0, "October");
}
