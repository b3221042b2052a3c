//! Alerts of cold cells: who looks after customers of several sites sees those of their cells, in
//! every list and on the sockets, and nobody sees any more.

use crate::coldchain::{cell, customer, device, minutes, text, user};
use crate::support::client::Client;
use crate::support::socket::Socket;
use crate::support::{Appliance, PASSWORD, eventually};
use indusmind::auth::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Two cells of two customers that are too warm, and the plant's own site: the ids of their alerts.
async fn warm(appliance: &Appliance, chief: &Client) -> ([String; 2], [String; 2]) {
    let (_, site_a, place_a) = customer(chief, "Medina Foods").await;
    let (_, site_b, place_b) = customer(chief, "Sahel Fish").await;
    let mut alerts = Vec::new();
    for (place, serial) in [(&place_a, "A-1"), (&place_b, "B-1")] {
        let own = cell(chief, place, json!({ "name": serial, "high_delay_s": 60 })).await;
        let key = device(chief, &own, serial).await;
        minutes(appliance, (serial, &key), &[9.0, 9.0, 9.0]).await;
        let path = format!("/api/coldchain/cells/{own}");
        let alert = eventually("the alert", || async {
            let shown = chief.get(&path).await.data();
            shown["alerts"][0]["id"].as_str().map(str::to_owned)
        });
        alerts.push(alert.await);
    }
    let [a, b] = [alerts.remove(0), alerts.remove(0)];
    ([a, b], [site_a, site_b])
}

fn ids(items: &Value) -> BTreeSet<String> {
    let items = items.as_array().unwrap().iter();
    items.map(|item| text(item, "id")).collect()
}

/// Everything that a client is shown of open alerts, which must be these and no others.
async fn sees(client: &Client, all: &[&String]) {
    let all: BTreeSet<String> = all.iter().map(|id| (*id).clone()).collect();
    for query in [
        "",
        "&status=open",
        "&status=unacknowledged",
        "&level=Informational,Low,Medium,High,Critical,Emergency",
        "&sort=level",
        "&search=warm",
        "&children=true",
    ] {
        let path = format!("/api/alerts?page_size=100{query}");
        let page = client.get(&path).await.data();
        let cold: BTreeSet<_> = ids(&page["items"]);
        assert_eq!(cold, all, "{query}");
        assert_eq!(page["total"], json!(all.len()), "{query}");
    }
    let mut socket = Socket::open(client, "/ws").await;
    socket.subscribe(&json!({ "topic": "alerts" })).await;
    assert_eq!(ids(&socket.event("alerts").await["items"]), all);
}

#[tokio::test]
async fn alerts_reach_whom_the_cells_reach() {
    let (appliance, chief) = Appliance::furnished().await;
    let ([a, b], [site_a, site_b]) = warm(&appliance, &chief).await;
    sees(&chief, &[&a, &b]).await;
    let of_a = user(&appliance, Role::Technician, "only_a", &site_a).await;
    sees(&of_a, &[&a]).await;
    let of_none = user(&appliance, Role::Technician, "plant", "site_a").await;
    sees(&of_none, &[]).await;
    let me = of_none.get("/api/auth/me").await.data();
    let path = format!("/api/users/{}", text(&me, "id"));
    for (sites, seen) in [
        (json!(["site_a", site_b]), vec![&b]),
        (json!(["site_a", site_a, site_b]), vec![&a, &b]),
    ] {
        chief.prove().await;
        chief.put(&path, &json!({ "sites": sites })).await.data();
        let linked = appliance.client();
        let linked = linked.login("plant@plant.example", PASSWORD).await;
        sees(&linked, &seen).await;
    }
    let customer = user(&appliance, Role::Customer, "portal", &site_a).await;
    customer.get("/api/alerts").await.refused(403);

    // What he does about it goes as far as what he sees.
    let seen = |ids: &[&String]| json!({ "alerts": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() });
    of_a.get(&format!("/api/alerts/{b}")).await.refused(404);
    let of_b = format!("/api/alerts/{b}/acknowledge");
    of_a.post(&of_b, &json!({})).await.refused(404);
    of_a.post("/api/alerts/acknowledge", &seen(&[&a, &b]))
        .await
        .refused(404);
    let untouched = chief.get(&format!("/api/alerts/{a}")).await.data();
    assert_eq!(untouched["acknowledged"], false, "all or none of them");
    let linked = appliance
        .client()
        .login("plant@plant.example", PASSWORD)
        .await;
    let done = linked
        .post("/api/alerts/acknowledge", &seen(&[&a, &b]))
        .await;
    assert_eq!(done.data()["total"], 2);
    let shelve = json!({ "seconds": 1800, "reason": "Delivery" });
    let shelved = linked
        .post(&format!("/api/alerts/{b}/shelve"), &shelve)
        .await;
    assert!(shelved.status < 300, "{}", shelved.text);
    for (client, seen) in [(&linked, vec![&b]), (&of_a, vec![])] {
        let shown = client.get("/api/alerts/shelved").await.data();
        let all: BTreeSet<String> = seen.into_iter().cloned().collect();
        assert_eq!(ids(&shown["items"]), all);
    }
}

#[tokio::test]
async fn the_channel_of_alerts_tells_those_of_the_customers_one_reaches() {
    let (appliance, chief) = Appliance::furnished().await;
    let (_, site_a, place_a) = customer(&chief, "Medina Foods").await;
    let (_, _, place_b) = customer(&chief, "Sahel Fish").await;
    let technician = user(&appliance, Role::Technician, "only_a", &site_a).await;
    let mut own = Socket::open(&technician, "/ws/alerts:new").await;
    let mut all = Socket::open(&chief, "/ws/alerts:new").await;
    let told = |message: Value| text(&message, "equipment_name");
    for (place, serial) in [(&place_b, "B-1"), (&place_a, "A-1")] {
        let cell = cell(&chief, place, json!({ "name": serial, "high_delay_s": 60 })).await;
        let key = device(&chief, &cell, serial).await;
        minutes(&appliance, (serial, &key), &[9.0, 9.0, 9.0]).await;
        assert_eq!(told(all.message().await), serial);
    }
    // The one of the other customer came first, and was not for him.
    assert_eq!(told(own.message().await), "A-1");
}
