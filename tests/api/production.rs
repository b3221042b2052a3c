//! What was produced: brought by form and file, stored once.

use crate::alerts::machine;
use crate::audit_trail::entries_of;
use crate::support::Appliance;
use crate::support::client::{Client, Reply};
use reqwest::Method;
use serde_json::{Value, json};

async fn import(client: &Client, table: &str) -> Value {
    let path = "/api/energy/production/import";
    let reply = Reply::to(client.request(Method::POST, path).body(table.to_owned())).await;
    reply.data()
}

#[tokio::test]
async fn production_is_stored_once_and_refused_rows_are_named() {
    let (appliance, chief) = Appliance::furnished().await;
    let press = machine(&chief, "Press 1").await;
    let table = "product,from,to,quantity,unit,equipment\n\
        caps,2026-11-18T06:00,2026-11-18T14:00,500,parts,Press 1\n\
        caps,2026-11-18T14:00,2026-11-18T22:00,450,parts,Press 1\n\
        caps,2026-11-18T20:00,2026-11-18T23:00,10,parts,Press 1\n\
        caps,2026-11-19T06:00,2026-11-19T14:00,-1,parts,Press 1\n\
        caps,2026-11-19T06:00,2026-11-19T14:00,1,parts,Press 9\n";
    let report = import(&chief, table).await;
    assert_eq!(
        (&report["created"], &report["changed"], &report["unchanged"]),
        (&json!(2), &json!(0), &json!(0))
    );
    let refused: Vec<_> = report["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["line"].clone(), r["field"].clone()))
        .collect();
    assert_eq!(
        refused,
        [
            (json!(4), json!("from")),
            (json!(5), json!("quantity")),
            (json!(6), json!("equipment"))
        ]
    );
    let report = import(&chief, table).await;
    assert_eq!(
        (&report["created"], &report["unchanged"]),
        (&json!(0), &json!(2))
    );
    let list = "/api/energy/production?from=2026-11-18&to=2026-11-19&page_size=100";
    let found = chief.get(list).await.data();
    assert_eq!(found["total"], 2);
    assert_eq!(found["items"][0]["from"], "2026-11-18T05:00:00.000Z");
    // The same shift with another figure replaces it, and the log keeps what was there.
    let mut other = found["items"][0].clone();
    other["quantity"] = json!(505);
    let reply = chief
        .post("/api/energy/production", &json!({ "entries": [other] }))
        .await;
    assert_eq!(reply.data()["changed"], 1);
    let trace = entries_of(&chief, &reply).await;
    let replaced = &trace[0]["details"]["replaced"][0];
    assert_eq!(
        (
            &replaced["before"]["quantity"],
            &replaced["after"]["quantity"]
        ),
        (&json!(500.0), &json!(505.0))
    );
    let one = format!(
        "/api/energy/production?product=caps&equipment_id={press}&from=2026-11-18T05:00:00Z"
    );
    chief.delete(&one).await.data();
    chief.delete(&one).await.refused(404);
    assert_eq!(chief.get(list).await.data()["total"], 1);
    let bad = Reply::to(
        chief
            .request(Method::POST, "/api/energy/production/import")
            .body("a,b\n1,2\n"),
    )
    .await;
    assert_eq!(bad.bad_fields(), ["line 1"]);
    drop(appliance);
}
