//! Cold cells: who sees what, what is found in the readings, and what people write of it.

use super::push_devices::push;
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, PASSWORD, eventually};
use indusmind::auth::{NewUser, Role};
use indusmind::store::audit::Actor;
use serde_json::{Value, json};

pub const MINUTE_MS: i64 = 60_000;

/// The text of a field.
pub fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {value}"))
        .to_owned()
}

/// A customer with one location: the id and the site of the one, and the id of the other.
pub async fn customer(chief: &Client, name: &str) -> (String, String, String) {
    let made = chief
        .post("/api/coldchain/customers", &json!({ "name": name }))
        .await;
    let made = made.created();
    let location = json!({ "customer_id": made["id"], "name": format!("{name} store") });
    let location = chief
        .post("/api/coldchain/locations", &location)
        .await
        .created();
    (
        text(&made, "id"),
        text(&made, "site"),
        text(&location, "id"),
    )
}

/// A cell at a location, up to 8 °C; its id.
pub async fn cell(chief: &Client, location: &str, more: Value) -> String {
    let mut said = json!({ "location_id": location, "name": "Cell", "set_point_c": 4.0,
        "max_c": 8.0, "min_c": 0.0, "dead_band_c": 0.0, "high_delay_s": 300 });
    for (name, value) in more.as_object().unwrap() {
        said[name] = value.clone();
    }
    let made = chief.post("/api/coldchain/cells", &said).await.created();
    text(&made, "id")
}

/// Adds a device to a cell; its key.
pub async fn device(chief: &Client, cell: &str, serial: &str) -> String {
    let path = format!("/api/coldchain/cells/{cell}/devices");
    let made = chief
        .post(&path, &json!({ "serialNumber": serial }))
        .await
        .created();
    text(&made, "key")
}

/// The excursions of a cell, oldest first.
pub async fn excursions(client: &Client, cell: &str) -> Vec<Value> {
    let path = format!("/api/coldchain/cells/{cell}/excursions?page_size=100");
    let page = client.get(&path).await.data();
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .cloned()
        .collect()
}

/// Pushes a reading of each minute from now on, and moves the clock with it.
pub async fn minutes(appliance: &Appliance, (serial, key): (&str, &str), values: &[f64]) {
    for value in values {
        let reading = json!({ "timestamp": appliance.now(), "temperature": value,
            "doorStatus": false, "powerStatus": true, "batteryLevel": 80 });
        push(&appliance.client(), serial, key, &reading)
            .await
            .created();
        appliance.advance(MINUTE_MS);
    }
}

pub async fn user(appliance: &Appliance, role: Role, name: &str, site: &str) -> Client {
    let email = format!("{name}@plant.example");
    let user = NewUser {
        email: email.clone(),
        username: None,
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let auth = &appliance.context().auth;
    auth.add_user(user, role, site, Actor::console(), |_| Ok(()))
        .await
        .unwrap();
    appliance.client().login(&email, PASSWORD).await
}

#[tokio::test]
async fn nobody_reaches_the_cells_of_another_customer() {
    let (appliance, chief) = Appliance::furnished().await;
    let (_, site_a, place_a) = customer(&chief, "Medina Foods").await;
    let (other, site_b, place_b) = customer(&chief, "Sahel Fish").await;
    assert_eq!(
        (site_a.as_str(), site_b.as_str()),
        ("medina_foods", "sahel_fish")
    );
    let mine = cell(&chief, &place_a, json!({ "name": "Mine" })).await;
    let theirs = cell(&chief, &place_b, json!({ "name": "Theirs" })).await;
    device(&chief, &theirs, "B-1").await;
    let shown = chief
        .get(&format!("/api/coldchain/cells/{theirs}"))
        .await
        .data();
    let (equipment, probe) = (text(&shown, "equipment_id"), shown["probes"][0].clone());
    let their_device = text(&probe["device"], "id");
    let customer = user(&appliance, Role::Customer, "portal", &site_a).await;
    let technician = user(&appliance, Role::Technician, "technician", &site_a).await;
    for client in [&customer, &technician] {
        let list = client.get("/api/coldchain/cells").await.data();
        assert_eq!(
            (&list["total"], &list["items"][0]["name"]),
            (&json!(1), &json!("Mine"))
        );
        assert_eq!(
            client.get("/api/coldchain/customers").await.data()["total"],
            1
        );
        assert_eq!(
            client.get("/api/coldchain/locations").await.data()["total"],
            1
        );
        let overview = client.get("/api/dashboard/technician").await;
        assert!(!overview.text.contains("Theirs") && !overview.text.contains("Sahel"));
        assert_eq!(overview.data()["total_cold_cells"], 1);
        client
            .get(&format!("/api/coldchain/customers/{other}"))
            .await
            .refused(404);
        let hidden = [
            format!("/api/coldchain/cells/{theirs}"),
            format!("/api/coldchain/cells/{theirs}/excursions"),
            format!("/api/coldchain/cells/{theirs}/calibrations"),
            format!("/api/coldchain/cells/{theirs}/evidence/2026-11"),
            format!("/api/coldchain/cells/{theirs}/evidence/2026-11/csv"),
            format!("/api/readings/coldcells/{theirs}/readings?range=24h"),
        ];
        for path in &hidden {
            client.get(path).await.refused(404);
            client
                .get(&path.replace(&theirs, &mine))
                .await
                .refused_or_data();
        }
    }
    // The customer reads his own, and nothing else of the appliance.
    customer.get("/api/equipment").await.refused(403);
    customer.get("/api/alerts").await.refused(403);
    let said = json!({ "location_id": place_a, "name": "New", "set_point_c": 4, "max_c": 8 });
    customer
        .post("/api/coldchain/cells", &said)
        .await
        .refused(403);
    // What the technician is not linked to, is not there: neither the cell nor what is behind it.
    let at = |rest: &str| format!("/api/coldchain/cells/{theirs}{rest}");
    technician
        .get(&format!("/api/equipment/{equipment}"))
        .await
        .refused(404);
    technician
        .get(&format!("/api/devices/{their_device}"))
        .await
        .refused(404);
    let into = json!({ "location_id": place_b, "name": "New", "set_point_c": 4, "max_c": 8 });
    let refused = technician.post("/api/coldchain/cells", &into).await;
    assert_eq!(refused.bad_fields(), ["location_id"]);
    technician.put(&at(""), &into).await.refused(404);
    technician.delete(&at("")).await.refused(404);
    let device = json!({ "serial_number": "B-2" });
    technician.post(&at("/devices"), &device).await.refused(404);
    let certificate = json!({ "certificate": "K", "calibrated_on": "2026-01-01",
        "due_on": "2027-01-01", "offset_c": 5 });
    technician
        .post(&at("/calibrations"), &certificate)
        .await
        .refused(404);
    technician
        .post(&at("/evidence/2026-10/seal"), &json!({}))
        .await
        .refused(404);
    let place = json!({ "customer_id": other, "name": "Mine now" });
    let refused = technician.post("/api/coldchain/locations", &place).await;
    assert_eq!(refused.bad_fields(), ["customer_id"]);
    let path = format!("/api/coldchain/locations/{place_b}");
    technician.put(&path, &place).await.refused(404);
    technician.delete(&path).await.refused(404);
    // A cell does not move to another customer, whoever moves it.
    let moved = json!({ "location_id": place_b, "name": "Mine", "set_point_c": 4, "max_c": 8 });
    let path = format!("/api/coldchain/cells/{mine}");
    assert_eq!(chief.put(&path, &moved).await.bad_fields(), ["location_id"]);
    let link = technician.get("/api/auth/me").await.data();
    let path = format!("/api/users/{}", text(&link, "id"));
    let sites = json!({ "sites": [site_a, site_b] });
    chief.put(&path, &sites).await.data();
    let linked = appliance
        .client()
        .login("technician@plant.example", PASSWORD)
        .await;
    assert_eq!(linked.get("/api/coldchain/cells").await.data()["total"], 2);
    linked.get(&at("")).await.data();
}

#[tokio::test]
async fn a_warm_cell_alerts_once_and_ends_by_itself() {
    let (appliance, chief) = Appliance::furnished().await;
    let (_, site, place) = customer(&chief, "Medina Foods").await;
    let cell = cell(&chief, &place, json!({})).await;
    let key = device(&chief, &cell, "A-1").await;
    let start = appliance.now();
    let own = ("A-1", key.as_str());
    minutes(&appliance, own, &[4.0, 9.0, 9.5, 11.0, 9.0, 9.0]).await;
    assert!(
        excursions(&chief, &cell).await.is_empty(),
        "five minutes are not over"
    );
    minutes(&appliance, own, &[9.0, 9.0]).await;
    let path = format!("/api/coldchain/cells/{cell}");
    let shown = eventually("the excursion", || async {
        let shown = chief.get(&path).await.data();
        (!shown["alerts"].as_array().unwrap().is_empty()).then_some(shown)
    })
    .await;
    let alert = &shown["alerts"][0];
    assert_eq!(
        (&alert["type"], &alert["level"], &alert["active"]),
        (&json!("HIGH_TEMP"), &json!("High"), &json!(true))
    );
    assert_eq!(shown["temperature_c"], 9.0);
    let technician = user(&appliance, Role::Technician, "technician", &site).await;
    let overview = technician.get("/api/dashboard/technician").await.data();
    assert_eq!(
        (&overview["total_customers"], &overview["active_alerts"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(overview["alerts_by_type"], json!({ "HIGH_TEMP": 1 }));
    assert_eq!(overview["customers"][0]["active_alerts"], 1);
    let listed = technician.get("/api/alerts?status=active").await.data();
    assert_eq!(
        (&listed["total"], &listed["items"][0]["id"]),
        (&json!(1), &alert["id"])
    );

    minutes(&appliance, own, &[12.0, 6.0]).await;
    let over = eventually("its end", || async {
        let all = excursions(&chief, &cell).await;
        all[0]["ended_at"].is_string().then_some(all)
    })
    .await;
    let one = &over[0];
    let at = |minute: i64| json!(start.plus_ms(minute * MINUTE_MS));
    assert_eq!((over.len(), &one["type"]), (1, &json!("HIGH_TEMP")));
    assert_eq!((&one["began_at"], &one["ended_at"]), (&at(1), &at(9)));
    assert_eq!(
        (&one["counted_at"], &one["duration_s"]),
        (&at(6), &json!(480))
    );
    assert_eq!((&one["peak_c"], &one["peak_at"]), (&json!(12.0), &at(8)));
    // 1 + 1.5 + 3 + 1 + 1 + 1 + 1 + 4 K, a minute each.
    assert_eq!(one["degree_minutes"], 13.5);
    assert_eq!(
        (&one["late"], &one["alert_id"]),
        (&json!(false), &alert["id"])
    );
    eventually("the alert to end", || async {
        let shown = chief.get(&path).await.data();
        let ended = shown["alerts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|a| a["active"] == false);
        ended.then_some(())
    })
    .await;

    let review = format!("{path}/excursions/{}/review", text(one, "id"));
    let refused = technician
        .put(&review, &json!({ "cause": "", "action": " " }))
        .await;
    assert_eq!(refused.bad_fields(), ["action", "cause"]);
    let said = json!({ "cause": "Delivery", "action": "Door shut" });
    let reviewed = technician.put(&review, &said).await.data();
    assert_eq!(reviewed["review"]["by"], "technician@plant.example");
    assert_eq!(
        excursions(&chief, &cell).await[0]["review"],
        reviewed["review"]
    );
    let entry = chief.audit().await.remove(0);
    assert_eq!(entry["action"], "coldchain.excursion_review");

    let curve = format!("/api/readings/coldcells/{cell}/readings?range=24h");
    let curve = chief.get(&curve).await.data();
    assert_eq!(
        (&curve["resolution"], &curve["count"]),
        (&json!("5min"), &json!(10))
    );
    assert_eq!((&curve["max"], &curve["min"]), (&json!(12.0), &json!(4.0)));
    assert_eq!(curve["excursions"].as_array().unwrap().len(), 1);
    let odd = format!("/api/readings/coldcells/{cell}/readings?range=1y");
    assert_eq!(chief.get(&odd).await.bad_fields(), ["range"]);
}

#[tokio::test]
async fn late_readings_and_certificates_change_what_was_found_and_nothing_twice() {
    let (appliance, chief) = Appliance::furnished().await;
    let (_, _, place) = customer(&chief, "Medina Foods").await;
    let cell = cell(&chief, &place, json!({})).await;
    let key = device(&chief, &cell, "A-1").await;
    let start = appliance.now().minus_ms(24 * 60 * MINUTE_MS);
    let batch = |from: i64, values: &[f64]| {
        let readings = (from..).zip(values).map(|(minute, value)| {
            json!({ "timestamp": start.plus_ms(minute * MINUTE_MS), "temperature": value })
        });
        json!({ "readings": readings.collect::<Vec<_>>() })
    };
    let client = appliance.client();
    let send = async |from: i64, values: &[f64]| {
        push(&client, "A-1", &key, &batch(from, values)).await;
    };
    let lasting = async |count: usize, minutes: i64| {
        eventually(
            &format!("{count} excursions, the first of {minutes} min"),
            || async {
                let mut all = excursions(&chief, &cell).await;
                all.retain(|one| one["withdrawn"] == false);
                let first = all.first().map(|one| one["duration_s"].as_i64().unwrap());
                (all.len() == count && first == Some(minutes * 60)).then_some(all)
            },
        )
        .await
    };
    // Two, of seven minutes each, with a hole between them.
    send(0, &[4.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 5.0]).await;
    send(20, &[5.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 5.0]).await;
    let two = lasting(2, 7).await;
    assert!(
        two.iter()
            .all(|one| one["late"] == true && one["alert_id"].is_string())
    );
    // Once more is nothing new.
    send(0, &[4.0, 9.0]).await;
    // A certificate says that the probe read half a degree too little: 7.6 counts as well.
    send(40, &[5.0, 7.6, 7.6, 7.6, 7.6, 7.6, 7.6, 5.0]).await;
    assert_eq!(lasting(2, 7).await.len(), 2);
    let certificate = json!({ "certificate": "K-1", "calibrated_on": "2026-11-01",
        "due_on": "2026-11-30", "offset_c": 0.5 });
    let path = format!("/api/coldchain/cells/{cell}/calibrations");
    let made = chief.post(&path, &certificate).await.created();
    let three = lasting(3, 7).await;
    assert_eq!(three[2]["peak_c"], 8.1);
    assert_eq!(three[0]["id"], two[0]["id"]);
    let shown = chief
        .get(&format!("/api/coldchain/cells/{cell}"))
        .await
        .data();
    assert_eq!(shown["probes"][0]["calibration"], "due_soon");
    let remove = format!("{path}/{}", text(&made, "id"));
    chief.delete(&remove).await.data();
    lasting(2, 7).await;
    let all = excursions(&chief, &cell).await;
    assert_eq!(all.iter().filter(|one| one["withdrawn"] == true).count(), 1);
}

trait Either {
    fn refused_or_data(&self);
}

impl Either for Reply {
    /// It is there; what it says is looked at elsewhere.
    fn refused_or_data(&self) {
        assert_eq!(self.status, 200, "{}", self.text);
    }
}
