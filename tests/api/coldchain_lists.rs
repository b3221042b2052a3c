//! Lists of cold cells: looked at before, refused with the exact place, made whole or not at all.

use crate::coldchain::{cell, customer, device, text};
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, eventually};
use indusmind::auth::Role;
use serde_json::{Value, json};

async fn send(client: &Client, list: &str, look: bool) -> Reply {
    let path = format!("/api/coldchain/cells/import?dry_run={look}");
    let request = client.request(reqwest::Method::POST, &path);
    Reply::to(request.body(list.to_owned())).await
}

/// How many of each kind there are.
async fn counts(chief: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/api/coldchain/locations",
        "/api/coldchain/cells",
        "/api/equipment",
        "/api/devices",
    ] {
        all.push(chief.get(path).await.data()["total"].clone());
    }
    all
}

const HEAD: &str = "customer,location,cell,product,set_point_c,min_c,max_c,interval_s,serial_number,device_name,probe\n";

#[tokio::test]
async fn a_list_is_looked_at_and_then_made_whole() {
    let (appliance, chief) = Appliance::furnished().await;
    customer(&chief, "Medina Foods").await;
    let before = counts(&chief).await;
    let list = format!(
        "{HEAD}Medina Foods,Harbour,Ice,Fish,-20,,-17,60,L-1,Front,\n\
         Medina Foods,Harbour,Ice,,,,,30,L-2,Rear,rear\n\
         Medina Foods,Medina Foods store,Milk,,4,1,8,,L-3,,\n"
    );
    let reply = send(&chief, &list, true).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(!reply.text.contains("imd_"), "a look makes no key");
    let looked = reply.data();
    assert_eq!(
        (&looked["dry_run"], &looked["locations"], &looked["cells"]),
        (&json!(true), &json!(1), &json!(2))
    );
    let told = |row: &Value| json!([row["line"], row["new_location"], row["new_cell"]]);
    let rows: Vec<_> = (looked["rows"].as_array().unwrap().iter())
        .map(told)
        .collect();
    assert_eq!(
        rows,
        [
            json!([2, true, true]),
            json!([3, false, false]),
            json!([4, false, true])
        ]
    );
    assert_eq!(counts(&chief).await, before, "a look makes nothing");
    let log = chief.audit().await.len();
    send(&chief, &list, true).await.data();
    assert_eq!(chief.audit().await.len(), log);

    let made = send(&chief, &list, false).await.created();
    assert_eq!(made["dry_run"], false);
    let keys = made["devices"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    assert_eq!(counts(&chief).await, [2, 2, 2, 3].map(|n| json!(n)));
    let shown = chief.get("/api/devices?page_size=100").await.data();
    let rear = shown["items"].as_array().unwrap().iter();
    let rear = rear.filter(|one| one["serial_number"] == "L-2");
    let rear: Vec<_> = rear
        .map(|one| (&one["metric_prefix"], &one["expected_interval_s"]))
        .collect();
    assert_eq!(rear, [(&json!("rear"), &json!(30))]);
    let reading = json!({ "temperature": -19.5 });
    let key = text(&keys[0], "key");
    crate::push_devices::push(&appliance.client(), "L-1", &key, &reading)
        .await
        .created();
    // Sent again without its devices it makes nothing; with them it is refused at each.
    let cells = list.replace(",L-1,", ",,").replace(",L-2,", ",,");
    let again = send(&chief, &cells.replace(",L-3,", ",,"), false).await;
    assert_eq!(again.created()["cells"], 0);
    let taken = send(&chief, &list, true).await;
    let places = [
        "line 2.serial_number",
        "line 3.probe",
        "line 4.serial_number",
    ];
    assert_eq!(taken.bad_fields(), places);
}

/// Third lines of a list, and the column at which each is refused.
fn bad_rows() -> Vec<(String, String)> {
    let long = "x".repeat(121);
    let of = |cell: &str, product: &str, rest: &str| {
        format!("Medina Foods,Harbour,{cell},{product},{rest}")
    };
    let sea = |rest: &str| of("Sea", "Fish", rest);
    let rows = [
        (sea("-20,,-25,60,L-2,,"), "max_c"),
        (
            "Nobody,Harbour,Sea,Fish,-20,,-17,60,L-2,,".to_owned(),
            "customer",
        ),
        (sea("cold,,-17,60,L-2,,"), "set_point_c"),
        (sea("-20,,-19.9,60,L-2,,"), "set_point_c"),
        (sea("-20,,-17,9000,L-2,,"), "interval_s"),
        (sea("-20,,-17,60,k-1,,"), "serial_number"),
        (sea("-20,,-17,60,l-1,,"), "serial_number"),
        (sea("-20,,-17,60,L 2,,"), "serial_number"),
        (sea("-20,,-17,60,L-2,,Rear Wall"), "probe"),
        (sea(&format!("-20,,-17,60,L-2,{long},")), "device_name"),
        (of("Ice", "Fish", "-21,,-17,60,,,"), "cell"),
        (of("Se\u{0}a", "Fish", "-20,,-17,60,,,"), "cell"),
        (of("Sea", "Fi\u{7}sh", "-20,,-17,60,,,"), "product"),
        (
            format!("Medina Foods,{long},Sea,Fish,-20,,-17,60,,,"),
            "location",
        ),
        (
            "Medina Foods,Q\u{1b}uay,Sea,Fish,-20,,-17,60,,,".to_owned(),
            "location",
        ),
        (
            ",Harbour,Sea,Fish,-20,-25,-30,60,L-2,,".to_owned(),
            "customer",
        ),
    ];
    let placed = |(row, column): (String, &str)| (row, format!("line 3.{column}"));
    rows.into_iter().map(placed).collect()
}

#[tokio::test]
async fn a_list_with_one_bad_row_makes_nothing_of_the_others() {
    let (appliance, chief) = Appliance::furnished().await;
    let (_, site, place) = customer(&chief, "Medina Foods").await;
    let known = cell(&chief, &place, json!({ "name": "Known" })).await;
    device(&chief, &known, "K-1").await;
    let before = counts(&chief).await;
    let good = "Medina Foods,Harbour,Ice,Fish,-20,,-17,60,L-1,Front,\n";
    for (row, place) in bad_rows() {
        for look in [true, false] {
            let refused = send(&chief, &format!("{HEAD}{good}{row}\n"), look).await;
            assert_eq!(refused.bad_fields(), std::slice::from_ref(&place), "{row}");
        }
    }
    assert_eq!(counts(&chief).await, before);
    // Who reads only may not even look; who reaches nobody finds no customer.
    let viewer = appliance.client_as(Role::Viewer).await;
    let list = format!("{HEAD}{good}");
    for look in [true, false] {
        send(&viewer, &list, look).await.refused(403);
    }
    let technician = appliance.client_as(Role::Technician).await;
    let refused = send(&technician, &list, true).await;
    assert_eq!(refused.bad_fields(), ["line 2.customer"]);
    let own = crate::coldchain::user(&appliance, Role::Technician, "own", &site).await;
    assert_eq!(send(&own, &list, true).await.data()["cells"], 1);
}

#[tokio::test]
async fn what_nobody_can_read_is_refused_in_every_text() {
    let (appliance, chief) = Appliance::furnished().await;
    let (id, _, place) = customer(&chief, "Medina Foods").await;
    let own = cell(&chief, &place, json!({ "high_delay_s": 0 })).await;
    let key = device(&chief, &own, "A-1").await;
    let odd = "a\u{0}b";
    let customer = json!({ "name": odd, "contact": odd, "phone": odd, "email": odd, "note": odd });
    let path = format!("/api/coldchain/customers/{id}");
    let all = ["contact", "email", "name", "note", "phone"];
    assert_eq!(chief.put(&path, &customer).await.bad_fields(), all);
    let said = json!({ "customer_id": id, "name": odd, "address": odd });
    let refused = chief.post("/api/coldchain/locations", &said).await;
    assert_eq!(refused.bad_fields(), ["address", "name"]);
    let path = format!("/api/coldchain/cells/{own}");
    let said = json!({ "location_id": place, "name": odd, "product": odd, "set_point_c": 4,
        "max_c": 8 });
    assert_eq!(
        chief.put(&path, &said).await.bad_fields(),
        ["name", "product"]
    );
    let said = json!({ "certificate": odd, "laboratory": odd, "calibrated_on": "2026-01-01",
        "due_on": "2027-01-01", "offset_c": 0 });
    let refused = chief.post(&format!("{path}/calibrations"), &said).await;
    assert_eq!(refused.bad_fields(), ["certificate", "laboratory"]);
    let said = json!({ "serial_number": "A-2", "name": odd, "probe": odd });
    let refused = chief.post(&format!("{path}/devices"), &said).await;
    assert_eq!(refused.bad_fields(), ["name", "probe"]);
    let found = eventually("the excursion", || async {
        let reading = json!({ "timestamp": appliance.now(), "temperature": 12 });
        crate::push_devices::push(&appliance.client(), "A-1", &key, &reading).await;
        appliance.advance(60_000);
        crate::coldchain::excursions(&chief, &own).await.pop()
    });
    let review = format!("{path}/excursions/{}/review", text(&found.await, "id"));
    let said = json!({ "cause": odd, "action": "Fi\u{7}sh", "goods": "tab\there" });
    let refused = chief.put(&review, &said).await;
    assert_eq!(refused.bad_fields(), ["action", "cause", "goods"]);
    assert!(
        refused
            .text
            .contains("Character 2 is a control character (U+0000).")
    );
    assert!(
        refused
            .text
            .contains("Character 3 is a control character (U+0007).")
    );
    let said = json!({ "cause": "Door\nleft open", "action": "Shut" });
    assert_eq!(
        chief.put(&review, &said).await.data()["review"]["cause"],
        "Door\nleft open"
    );
}
