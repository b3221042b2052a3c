//! What changes something of the cold cells leaves its entry in the audit log, and no secret in it.

use crate::audit_trail::entries_of;
use crate::coldchain::{cell, customer, device, excursions, text};
use crate::push_devices::push;
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, eventually};
use serde_json::{Value, json};

/// Checks that an answer succeeded and left one entry of this action; what it said.
pub async fn left(chief: &Client, reply: Reply, action: &str) -> Value {
    assert!(reply.status < 300, "{action}: {}", reply.text);
    let entries = entries_of(chief, &reply).await;
    let actions: Vec<_> = entries.iter().map(|entry| text(entry, "action")).collect();
    assert!(
        actions.iter().any(|found| found == action),
        "{action}: {actions:?}"
    );
    reply.json()["data"].clone()
}

#[tokio::test]
async fn each_change_leaves_its_entry() {
    let (appliance, chief) = Appliance::furnished().await;
    let said = json!({ "name": "Medina Foods", "time_zone": "Africa/Tunis" });
    let reply = chief.post("/api/coldchain/customers", &said).await;
    let made = left(&chief, reply, "coldchain.customer_create").await;
    let path = format!("/api/coldchain/customers/{}", text(&made, "id"));
    let reply = chief
        .put(&path, &json!({ "name": "Medina", "contact": "Amel" }))
        .await;
    left(&chief, reply, "coldchain.customer_update").await;
    let place = json!({ "customer_id": made["id"], "name": "North" });
    let reply = chief.post("/api/coldchain/locations", &place).await;
    let location = left(&chief, reply, "coldchain.location_create").await;
    let at = format!("/api/coldchain/locations/{}", text(&location, "id"));
    let said = json!({ "customer_id": made["id"], "name": "South" });
    left(
        &chief,
        chief.put(&at, &said).await,
        "coldchain.location_update",
    )
    .await;
    chief.delete(&path).await.refused(409);
    left(&chief, chief.delete(&at).await, "coldchain.location_delete").await;
    left(
        &chief,
        chief.delete(&path).await,
        "coldchain.customer_delete",
    )
    .await;
    cells_leave_theirs(&appliance, &chief).await;
}

async fn cells_leave_theirs(appliance: &Appliance, chief: &Client) {
    let (_, _, place) = customer(chief, "Sahel").await;
    let said = json!({ "location_id": place, "name": "Cell", "set_point_c": 4, "max_c": 8,
        "high_delay_s": 0 });
    let reply = chief.post("/api/coldchain/cells", &said).await;
    let made = left(chief, reply, "coldchain.cell_create").await;
    let path = format!("/api/coldchain/cells/{}", text(&made, "id"));
    left(
        chief,
        chief.put(&path, &said).await,
        "coldchain.cell_update",
    )
    .await;
    let reply = chief
        .post(
            &format!("{path}/devices"),
            &json!({ "serial_number": "A-1" }),
        )
        .await;
    let device = left(chief, reply, "device.create").await;
    let key = text(&device, "key");
    let certificate = json!({ "certificate": "K", "calibrated_on": "2026-01-01",
        "due_on": "2027-01-01", "offset_c": 0 });
    let reply = chief
        .post(&format!("{path}/calibrations"), &certificate)
        .await;
    let certificate = left(chief, reply, "coldchain.calibration_create").await;
    let one = format!("{path}/calibrations/{}", text(&certificate, "id"));
    left(
        chief,
        chief.delete(&one).await,
        "coldchain.calibration_delete",
    )
    .await;
    let reading = json!({ "temperature": 12 });
    push(chief, "A-1", &key, &reading).await.created();
    appliance.advance(60_000);
    let found = eventually("the excursion", || async {
        push(chief, "A-1", &key, &reading).await;
        excursions(chief, &text(&made, "id")).await.pop()
    })
    .await;
    let review = format!("{path}/excursions/{}/review", text(&found, "id"));
    let reply = chief
        .put(&review, &json!({ "cause": "A", "action": "B" }))
        .await;
    left(chief, reply, "coldchain.excursion_review").await;
    let reply = chief
        .post(&format!("{path}/evidence/2026-10/seal"), &json!({}))
        .await;
    left(chief, reply, "coldchain.evidence_seal").await;
    let list = "customer,location,cell,set_point_c,max_c,serial_number\n\
                Sahel,Sahel store,Cell,4,8,I-1\nSahel,Harbour,Ice,-20,-17,I-2\n";
    let path_of_lists = "/api/coldchain/cells/import";
    let send = async |list: &str| {
        let request = chief.request(reqwest::Method::POST, path_of_lists);
        Reply::to(request.body(list.to_owned())).await
    };
    let odd = send(&list.replace("I-2", "a-1").replace("-17", "-30")).await;
    assert_eq!(odd.bad_fields(), ["line 3.max_c", "line 3.serial_number"]);
    let made = left(chief, send(list).await, "device.create").await;
    assert_eq!((&made["locations"], &made["cells"]), (&json!(1), &json!(1)));
    assert_eq!(made["devices"].as_array().unwrap().len(), 2);
    left(chief, chief.delete(&path).await, "coldchain.cell_retire").await;
    let all = chief.get("/api/audit?page_size=100").await;
    assert!(!all.text.contains(&key), "a key is in the log");
}

#[tokio::test]
async fn what_is_measured_already_becomes_a_cell_and_two_devices_differ() {
    let (appliance, chief) = Appliance::furnished().await;
    let known = json!({ "name": "Own cells", "site": "site_a" });
    let own = chief
        .post("/api/coldchain/customers", &known)
        .await
        .created();
    assert_eq!(own["site"], "site_a");
    let again = chief.post("/api/coldchain/customers", &known).await;
    assert_eq!(again.bad_fields(), ["site"]);
    let place = json!({ "customer_id": own["id"], "name": "Hall" });
    let place = chief
        .post("/api/coldchain/locations", &place)
        .await
        .created();
    let equipment = crate::push_devices::cell(&chief, "Measured already").await;
    let rules = async || chief.get("/api/alert-rules?page_size=100").await.data()["total"].clone();
    eventually("the usual rules", || async {
        (rules().await != 0).then_some(())
    })
    .await;
    let adopted = cell(
        &chief,
        &text(&place, "id"),
        json!({ "equipment_id": equipment,
        "disagree_c": 2.0 }),
    )
    .await;
    assert_eq!(rules().await, 0, "the cell says what the rules said");
    let taken = json!({ "location_id": place["id"], "name": "Twice", "set_point_c": 4, "max_c": 8,
        "equipment_id": equipment });
    let refused = chief.post("/api/coldchain/cells", &taken).await;
    assert_eq!(refused.bad_fields(), ["equipment_id"]);
    let (front, rear) = (
        device(&chief, &adopted, "F-1").await,
        device(&chief, &adopted, "R-1").await,
    );
    let path = format!("/api/coldchain/cells/{adopted}");
    let client = appliance.client();
    for _ in 0..=30 {
        let at = appliance.now();
        for (serial, key, degrees) in [("F-1", &front, 4.0), ("R-1", &rear, 7.0)] {
            let reading = json!({ "timestamp": at, "temperature": degrees });
            push(&client, serial, key, &reading).await.created();
        }
        appliance.advance(60_000);
    }
    let shown = eventually("the disagreement", || async {
        let shown = chief.get(&path).await.data();
        (!shown["alerts"].as_array().unwrap().is_empty()).then_some(shown)
    })
    .await;
    assert_eq!(
        (&shown["temperature_c"], &shown["difference_k"]),
        (&json!(7.0), &json!(3.0))
    );
    assert_eq!(shown["alerts"][0]["type"], "SENSOR_ERROR");
    assert!(text(&shown["alerts"][0], "message").contains("R-1 reads 3.0 K more than F-1"));
    let names = shown["probes"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|probe| text(probe, "probe")).collect();
    assert_eq!(names, ["", "p2"]);
}
