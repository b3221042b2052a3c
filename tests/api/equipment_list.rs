//! The list of equipment: what narrows it, and its pages.

use crate::support::Appliance;
use crate::support::client::Client;
use crate::support::meters::Field;
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

/// A little plant: two that answer, one that does not, one on the bench and one in the cellar.
async fn plant() -> (Appliance, Client, Field, Vec<String>) {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0, 20.0, 10.0]).await;
    field.fault(2, Fault::Close);
    let rows = [
        (
            "compressor Nord",
            "Compressor",
            "Hall 1",
            "active",
            field.modbus(0),
        ),
        ("Chiller", "Chiller", "Hall 1", "active", field.modbus(1)),
        ("Boiler", "Boiler", "Hall 2", "active", field.modbus(2)),
        (
            "Compressor Süd",
            "Compressor",
            "Hall 2",
            "maintenance",
            Value::Null,
        ),
        (
            "old dryer",
            "Dryer",
            "Cellar, left",
            "decommissioned",
            Value::Null,
        ),
    ];
    let mut ids = Vec::new();
    for (name, kind, location, status, modbus) in rows {
        let body = json!({ "name": name, "type": kind, "model": "M", "location": location,
            "serial_number": format!("SN {}", 100 + ids.len()), "install_date": "2024-05-01", "status": status, "modbus": modbus });
        ids.push(chief.add_equipment(&body).await);
    }
    appliance
        .read_at(&[&ids[0], &ids[1]], appliance.now())
        .await;
    (appliance, chief, field, ids)
}

async fn names(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/api/equipment{query}")).await.data();
    let items = page["items"].as_array().unwrap();
    assert!(items.len() <= usize::try_from(page["total"].as_u64().unwrap()).unwrap());
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

#[tokio::test]
async fn each_filter_narrows_the_list_and_all_of_them_together() {
    let (_appliance, chief, _field, ids) = plant().await;
    let half_an_id = &ids[2][20..];
    for (query, expected) in [
        (
            "",
            &[
                "Boiler",
                "Chiller",
                "compressor Nord",
                "Compressor Süd",
                "old dryer",
            ][..],
        ),
        ("?search=COMPRESSOR", &["compressor Nord", "Compressor Süd"]),
        ("?search=s%C3%BCd", &["Compressor Süd"]),
        ("?search=+nord+", &["compressor Nord"]),
        (&format!("?search={half_an_id}"), &["Boiler"]),
        (
            &format!("?search={}", half_an_id.to_uppercase()),
            &["Boiler"],
        ),
        ("?search=sn+102", &["Boiler"]),
        ("?search=nothing", &[]),
        (
            "?search=",
            &[
                "Boiler",
                "Chiller",
                "compressor Nord",
                "Compressor Süd",
                "old dryer",
            ],
        ),
        ("?type=Compressor", &["compressor Nord", "Compressor Süd"]),
        ("?type=Compress", &[]),
        ("?location=Hall%201", &["Chiller", "compressor Nord"]),
        ("?location=Cellar,+left", &["old dryer"]),
        ("?status=online", &["Chiller", "compressor Nord"]),
        ("?status=offline", &["Boiler"]),
        ("?status=maintenance", &["Compressor Süd"]),
        ("?status=decommissioned", &["old dryer"]),
        ("?type=Compressor&location=Hall+2", &["Compressor Süd"]),
        (
            "?search=r&type=Boiler&location=Hall+2&status=offline",
            &["Boiler"],
        ),
        ("?search=r&type=Boiler&location=Hall+1", &[]),
    ] {
        assert_eq!(names(&chief, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused() {
    let (_appliance, chief) = Appliance::furnished().await;
    for query in [
        "status=broken",
        "page=one",
        "page_size=-1",
        "limit=x",
        "offset=1.5",
    ] {
        let path = format!("/api/equipment?{query}");
        let (name, _) = query.split_once('=').unwrap();
        assert_eq!(chief.get(&path).await.bad_fields(), [name], "{query}");
    }
}

#[tokio::test]
async fn the_pages_hold_every_item_once() {
    let (_appliance, chief) = Appliance::furnished().await;
    let body = |number: usize| {
        json!({ "name": format!("Meter {number:02}"), "type": "Energy meter", "model": "T1",
            "install_date": "2024-05-01" })
    };
    for number in 0..23 {
        chief.add_equipment(&body(number)).await;
    }
    let all: Vec<_> = (0..23).map(|number| format!("Meter {number:02}")).collect();
    let first = chief.get("/api/equipment").await.data();
    assert_eq!(
        first["items"].as_array().unwrap().len(),
        10,
        "ten unless asked otherwise"
    );

    let mut seen = Vec::new();
    for page in 1..=5 {
        seen.extend(names(&chief, &format!("?page={page}&page_size=5")).await);
    }
    assert_eq!(seen, all);
    for (query, names_from, page, page_size, has_more) in [
        ("?page=2&page_size=10", 10..20, 2, 10, true),
        ("?page=3&page_size=10", 20..23, 3, 10, false),
        ("?page=9", 23..23, 9, 10, false),
        ("?page=0&page_size=0", 0..1, 1, 1, true),
        ("?page_size=1000", 0..23, 1, 100, false),
        ("?limit=7&offset=14", 14..21, 3, 7, true),
        ("?limit=7&offset=16", 16..23, 3, 7, false),
        ("?offset=1000", 23..23, 101, 10, false),
        ("?search=meter+1&page_size=4&page=3", 18..20, 3, 4, false),
    ] {
        let found = chief.get(&format!("/api/equipment{query}")).await.data();
        assert_eq!(
            names(&chief, query).await,
            all[names_from.clone()],
            "{query}"
        );
        let told = (&found["page"], &found["page_size"], &found["has_more"]);
        assert_eq!(
            told,
            (&json!(page), &json!(page_size), &json!(has_more)),
            "{query}"
        );
        let total = if query.contains("search") { 10 } else { 23 };
        assert_eq!(found["total"], total, "{query}");
    }
}
