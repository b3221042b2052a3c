//! Alerts found again: filters, pages, cursors, figures.

use crate::alerts::{list, machine, power, rule};
use crate::support::Appliance;
use serde_json::{Value, json};

#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    let (appliance, chief) = Appliance::furnished().await;
    let mut machines = Vec::new();
    for (n, level) in ["Low", "Medium", "High", "Critical", "Low"]
        .iter()
        .enumerate()
    {
        let id = machine(&chief, &format!("Press {n}")).await;
        rule(&chief, &id, json!({ "level": level })).await;
        power(&appliance, &id, 90.0).await;
        appliance.advance(1_000);
        machines.push(id);
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["equipment_name"].as_str().unwrap().to_owned())
            .collect()
    };
    let find = async |query: String| names(&list(&chief, &query).await);
    assert_eq!(find(String::new()).await.len(), 5);
    assert_eq!(
        find("level=low,critical".into()).await,
        ["Press 4", "Press 3", "Press 0"]
    );
    let both = "level%5B%5D=Low&level%5B%5D=Critical";
    assert_eq!(find(both.into()).await, ["Press 4", "Press 3", "Press 0"]);
    assert_eq!(
        find(format!("equipment_id={}", machines[2])).await,
        ["Press 2"]
    );
    assert_eq!(find("search=PRESS+3".into()).await, ["Press 3"]);
    let middle = appliance.now().minus_ms(3_000);
    assert_eq!(
        find(format!("from={middle}")).await,
        ["Press 4", "Press 3", "Press 2"]
    );
    assert_eq!(
        find(format!("to={middle}&status=open")).await,
        ["Press 1", "Press 0"]
    );
    assert!(find("status=acknowledged".into()).await.is_empty());
    let second = list(&chief, "page=2&page_size=2").await;
    assert_eq!(names(&second), ["Press 2", "Press 1"]);
    assert_eq!(
        (&second["total"], &second["has_more"]),
        (&json!(5), &json!(true))
    );
    let first = list(&chief, "page_size=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = list(&chief, &format!("page_size=2&cursor={cursor}")).await;
    assert_eq!(names(&next), names(&second));
    let last = list(&chief, "page=3&page_size=2").await;
    assert_eq!(
        (names(&last), &last["next_cursor"]),
        (vec!["Press 0".to_owned()], &Value::Null)
    );
    for bad in [
        "level=loud",
        "status=new",
        "from=noon",
        "page=x",
        "cursor=zz",
        "colour=red",
        "sort=name",
        "parent=x",
        "children=null",
        "children=",
        "status=open&status=all",
        "children=true&children=true",
    ] {
        let name = bad.split('=').next().unwrap();
        let refused = chief.get(&format!("/api/alerts?{bad}")).await;
        assert_eq!(refused.bad_fields(), [name]);
    }
    let quality = chief.get("/api/alerts/quality").await.data();
    assert_eq!(
        (&quality["alerts"], &quality["standing"]),
        (&json!(5), &json!(5))
    );
    assert_eq!(quality["top"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn the_worst_come_first_page_by_page() {
    let (appliance, chief) = Appliance::furnished().await;
    let levels = ["Low", "High", "Medium", "High", "Emergency", "Low", "High"];
    for (n, level) in levels.iter().enumerate() {
        let id = machine(&chief, &format!("Press {n}")).await;
        rule(&chief, &id, json!({ "level": level })).await;
        power(&appliance, &id, 90.0).await;
        appliance.advance(1_000);
    }
    let order = ["4", "6", "3", "1", "2", "5", "0"].map(|n| format!("Press {n}"));
    for status in ["open", "all", "unacknowledged"] {
        for size in 1..=8 {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let query = format!("sort=level&status={status}&page_size={size}{cursor}");
                let page = list(&chief, &query).await;
                let items = page["items"].as_array().unwrap().iter();
                found.extend(items.map(|item| item["equipment_name"].as_str().unwrap().to_owned()));
                assert!(cursor.is_empty() == (page["total"] == 7), "{page}");
                let Some(next) = page["next_cursor"].as_str() else {
                    assert_eq!(page["has_more"], false);
                    break;
                };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(found, order, "{status} {size}");
        }
    }
    let second = list(&chief, "sort=level&page=2&page_size=3").await;
    let names: Vec<_> = second["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["equipment_name"].clone())
        .collect();
    assert_eq!(names, order[3..6]);
    let some = list(&chief, "sort=level&level=Low,High&page_size=4").await;
    assert_eq!(some["items"][3]["equipment_name"], "Press 5");
    let by_time = list(&chief, "page_size=2").await["next_cursor"].clone();
    let wrong = format!(
        "/api/alerts?sort=level&cursor={}",
        by_time.as_str().unwrap()
    );
    assert_eq!(chief.get(&wrong).await.bad_fields(), ["cursor"]);
}
