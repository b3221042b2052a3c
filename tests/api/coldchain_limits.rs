//! As many customers as there may be, each with a site of his own.

use crate::coldchain::text;
use crate::support::Appliance;
use serde_json::json;

/// As many customers as the appliance promises.
const CUSTOMERS: usize = 500;
/// Plants of its own beside them; one is there from the beginning.
const PLANTS: usize = 100;

#[tokio::test]
async fn five_hundred_customers_each_have_a_site_and_plants_still_fit() {
    let (_appliance, chief) = Appliance::furnished().await;
    let mut last = String::new();
    for n in 0..CUSTOMERS {
        let said = json!({ "name": "The same name" });
        let made = chief.post("/api/coldchain/customers", &said).await;
        let made = made.created();
        last = text(&made, "id");
        if n == 0 {
            assert_eq!(made["site"], "the_same_name");
        }
    }
    let page = chief.get("/api/coldchain/customers?page_size=1").await;
    assert_eq!(page.data()["total"], CUSTOMERS);
    let over = json!({ "name": "One too many" });
    let refused = chief.post("/api/coldchain/customers", &over).await;
    refused.refused(409);
    assert!(
        refused.text.contains("500 customers at most"),
        "{}",
        refused.text
    );
    for n in 1..PLANTS {
        let site = json!({ "name": "Plant", "key": format!("plant_{n}"), "time_zone": "UTC",
            "currency": "EUR" });
        chief.post("/api/sites", &site).await.created();
    }
    let site = json!({ "name": "Plant", "key": "plant_over", "time_zone": "UTC",
        "currency": "EUR" });
    let refused = chief.post("/api/sites", &site).await;
    refused.refused(409);
    assert!(refused.text.contains("600 sites"), "{}", refused.text);
    // Who is no longer a customer makes room for another, who takes over his site.
    let path = format!("/api/coldchain/customers/{last}");
    let gone = chief.get(&path).await.data();
    chief.delete(&path).await.data();
    let next = json!({ "name": "The next", "site": gone["site"] });
    let next = chief.post("/api/coldchain/customers", &next).await;
    assert_eq!(next.created()["site"], gone["site"]);
}
