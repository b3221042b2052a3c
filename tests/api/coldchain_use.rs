//! Out of use and back: what leaves together comes back together, with its devices.

use crate::coldchain::{cell, customer, device, minutes, text};
use crate::coldchain_entries::left;
use crate::push_devices::push;
use crate::support::Appliance;
use crate::support::client::{Client, Reply};
use serde_json::{Value, json};

async fn put_use(chief: &Client, path: &str, in_use: bool) -> Reply {
    let path = format!("/api/coldchain/{path}/use");
    chief.put(&path, &json!({ "in_use": in_use })).await
}

async fn total(chief: &Client, list: &str) -> (Value, Value) {
    let count = async |query: &str| {
        let path = format!("/api/coldchain/{list}{query}");
        chief.get(&path).await.data()["total"].clone()
    };
    (count("").await, count("?retired=true").await)
}

#[tokio::test]
async fn what_leaves_together_comes_back_together() {
    let (appliance, chief) = Appliance::furnished().await;
    let (owner, _, place) = customer(&chief, "Medina Foods").await;
    let first = cell(&chief, &place, json!({})).await;
    let second = cell(&chief, &place, json!({ "name": "Second" })).await;
    let key = device(&chief, &first, "A-1").await;
    let locked = device(&chief, &first, "A-2").await;
    minutes(&appliance, ("A-1", &key), &[4.0, 4.1]).await;
    // A device that somebody locked out stays locked out.
    let shown = chief.get(&format!("/api/coldchain/cells/{first}")).await;
    let id = text(&shown.data()["probes"][1]["device"], "id");
    let path = format!("/api/devices/{id}");
    chief.put(&path, &json!({ "enabled": false })).await.data();

    let reply = put_use(&chief, &format!("cells/{second}"), false).await;
    left(&chief, reply, "coldchain.cell_retire").await;
    let reply = put_use(&chief, &format!("locations/{place}"), false).await;
    let did = left(&chief, reply, "coldchain.location_retire").await;
    let expected = json!({ "customers": 0, "locations": 1, "cells": 1, "devices": 1 });
    assert_eq!(did, expected);
    let again = put_use(&chief, &format!("locations/{place}"), false).await;
    assert_eq!(again.data()["cells"], 0, "it is out of use already");
    let reply = put_use(&chief, &format!("customers/{owner}"), false).await;
    left(&chief, reply, "coldchain.customer_retire").await;
    assert_eq!(total(&chief, "customers").await, (json!(0), json!(1)));
    assert_eq!(total(&chief, "locations").await, (json!(0), json!(1)));
    assert_eq!(total(&chief, "cells").await, (json!(0), json!(2)));
    let reading = json!({ "temperature": 5 });
    let client = appliance.client();
    push(&client, "A-1", &key, &reading).await.refused(401);
    let shown = chief.get(&format!("/api/coldchain/cells/{first}")).await;
    let kept = &shown.data()["kept"];
    assert!(kept["last_reading_at"].is_string(), "{kept}");
    nothing_new_in_what_is_gone(&chief, (&owner, &place, &first)).await;

    // In the order of the tree; what left by itself stays out.
    for path in [format!("cells/{first}"), format!("locations/{place}")] {
        put_use(&chief, &path, true).await.refused(409);
    }
    let reply = put_use(&chief, &format!("customers/{owner}"), true).await;
    let did = left(&chief, reply, "coldchain.customer_restore").await;
    assert_eq!((&did["locations"], &did["cells"]), (&json!(0), &json!(0)));
    let reply = put_use(&chief, &format!("locations/{place}"), true).await;
    let did = left(&chief, reply, "coldchain.location_restore").await;
    assert_eq!(
        did,
        json!({ "customers": 0, "locations": 1, "cells": 1, "devices": 1 })
    );
    assert_eq!(total(&chief, "cells").await, (json!(1), json!(2)));
    push(&client, "A-1", &key, &reading).await.created();
    push(&client, "A-2", &locked, &reading).await.refused(401);
    let reply = put_use(&chief, &format!("cells/{second}"), true).await;
    left(&chief, reply, "coldchain.cell_restore").await;
    assert_eq!(total(&chief, "cells").await, (json!(2), json!(2)));
}

/// Nothing is added to what is out of use, and nothing of it is said anew.
async fn nothing_new_in_what_is_gone(chief: &Client, (owner, place, cell): (&str, &str, &str)) {
    let said = json!({ "location_id": place, "name": "Third", "set_point_c": 4, "max_c": 8 });
    let refused = chief.post("/api/coldchain/cells", &said).await;
    assert_eq!(refused.bad_fields(), ["location_id"]);
    let location = json!({ "customer_id": owner, "name": "South" });
    let refused = chief.post("/api/coldchain/locations", &location).await;
    assert_eq!(refused.bad_fields(), ["customer_id"]);
    let path = format!("/api/coldchain/cells/{cell}");
    let refused = chief.put(&path, &said).await;
    assert!([400, 409].contains(&refused.status), "{}", refused.text);
    let path = format!("{path}/devices");
    let device = json!({ "serial_number": "B-1" });
    chief.post(&path, &device).await.refused(409);
}

#[tokio::test]
async fn without_its_equipment_a_cell_stays_out_and_says_why() {
    let (appliance, chief) = Appliance::furnished().await;
    let (_, _, place) = customer(&chief, "Medina Foods").await;
    let cell = cell(&chief, &place, json!({})).await;
    let path = format!("/api/coldchain/cells/{cell}");
    let equipment = text(&chief.get(&path).await.data(), "equipment_id");
    chief.delete(&path).await.data();
    appliance.advance(25 * 3_600_000);
    let chief = (appliance.client())
        .login(crate::support::EMAIL, crate::support::PASSWORD)
        .await;
    let path = format!("/api/equipment/{equipment}");
    chief.delete(&path).await.data();
    let refused = put_use(&chief, &format!("cells/{cell}"), true).await;
    refused.refused(409);
    assert!(refused.text.contains("Add a new cell"), "{}", refused.text);
    let shown = chief.get(&format!("/api/coldchain/cells/{cell}")).await;
    assert_eq!(shown.data()["kept"]["gone"], "EQUIPMENT_DELETED");
}
