//! Reports: the same figures as the API in every form, made again, and by a timetable.

use crate::export::unzipped;
use crate::support::client::Client;
use crate::support::meters::Field;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use indusmind::base::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

const MORNING: &str = "2026-11-21T08:00:00Z";
const BEAT_MS: i64 = 5 * 60_000;
const HOUR: &str = "from=2026-11-21T08:00:00Z&to=2026-11-21T09:00:00Z";

/// An entry of the timetable.
pub fn entry() -> Value {
    json!({ "template": "daily_energy", "every": "day", "at": "06:30", "formats": ["pdf"] })
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}:00Z").parse().unwrap()
}

/// An hour of a plant with a tariff: a main meter of 90 kW, behind it a press of 40 in a hall.
pub async fn plant() -> (Appliance, Client, [String; 2]) {
    let (appliance, chief) = Appliance::furnished_at(MORNING).await;
    let field = Field::of(&appliance.clock, &[90.0, 40.0]).await;
    let mut ids = Vec::new();
    for (n, name) in ["Main", "Press"].into_iter().enumerate() {
        let source = field.modbus_with(n, &json!({ "poll_interval_ms": BEAT_MS }));
        ids.push(chief.add(name, &source).await);
    }
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    appliance.read_at(&all, appliance.now()).await;
    while appliance.now() < at("09:00") {
        appliance.beat_of(BEAT_MS, &all).await;
    }
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let tree = json!({ "revision": 0, "nodes": [
        { "id": "site", "name": "Plant", "kind": "site", "incoming": [{ "meter": ids[0] }] },
        { "id": "hall", "name": "Hall <1>", "kind": "area", "parent": "site",
          "consumers": [{ "meter": ids[1] }] },
    ] });
    chief.put("/api/energy/tree", &tree).await.data();
    let made = chief
        .post(
            "/api/energy/tariffs",
            &crate::energy_cost::tariff("Contract"),
        )
        .await;
    let path = format!(
        "/api/energy/tariffs/{}",
        made.created()["id"].as_str().unwrap()
    );
    let use_it = json!({ "revision": 1, "in_use": true });
    chief.put(&path, &use_it).await.data();
    (appliance, chief, ids.try_into().unwrap())
}

/// Asks for a report of the hour and waits for it.
async fn made(client: &Client, template: &str, language: &str) -> Value {
    let asked = json!({ "template": template, "from": "2026-11-21T08:00:00Z",
        "to": "2026-11-21T09:00:00Z", "language": language });
    made_of(client, asked).await
}

/// Asks for a report and waits for it.
pub async fn made_of(client: &Client, asked: Value) -> Value {
    let reply = client.post("/api/reports/generate", &asked).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let path = format!("/api/reports/{}", id_of(&reply.json()["data"]));
    eventually("the report to be made", || async {
        let shown = client.get(&path).await.data();
        (shown["report"]["finished_at"] != Value::Null).then_some(shown)
    })
    .await
}

pub fn id_of(report: &Value) -> String {
    report["id"].as_str().unwrap().to_owned()
}

pub async fn file(client: &Client, id: &str, format: &str) -> Vec<u8> {
    let path = format!("/api/reports/export/{id}?format={format}");
    let answer = client.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let name = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(name.contains(&format!(".{format}\"")), "{name}");
    answer.bytes().await.unwrap().to_vec()
}

/// What stands on the pages, without the blanks that a reader of files puts between letters.
pub fn printed(pdf: &[u8]) -> (usize, String) {
    let file = lopdf::Document::load_mem(pdf).unwrap();
    let pages: Vec<u32> = file.get_pages().into_keys().collect();
    let text = file.extract_text(&pages).unwrap();
    (pages.len(), text.split_whitespace().collect())
}

fn figures(shown: &Value) -> Vec<Value> {
    let blocks = shown["document"]["sections"][0]["blocks"]
        .as_array()
        .unwrap();
    let block = blocks
        .iter()
        .find(|block| block["kind"] == "figures")
        .unwrap();
    block["figures"].as_array().unwrap().clone()
}

fn figure(shown: &Value, name: &str) -> String {
    let all = figures(shown);
    let found = all.iter().find(|figure| figure["name"] == name).unwrap();
    found["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_report_shows_the_figures_of_the_api_in_every_form() {
    let (_appliance, chief, _) = plant().await;
    let shown = made(&chief, "daily_energy", "en").await;
    assert_eq!(shown["report"]["state"], "SUCCESS", "{shown}");
    let id = id_of(&shown["report"]);
    let cost = chief
        .get(&format!("/api/energy/cost?{HOUR}&resolution=1hour"))
        .await
        .data();
    let energy = format!("{:.1}", cost["kwh"].as_f64().unwrap());
    let money = cost["cost"].as_str().unwrap().parse::<f64>().unwrap();
    let money = format!("{money:.3}");
    let peaks = chief.get(&format!("/api/energy/peaks?{HOUR}")).await.data();
    let peak = peaks["items"][0]["kw"]
        .as_str()
        .unwrap()
        .parse::<f64>()
        .unwrap();
    let peak = format!("{peak:.1}");
    assert_eq!(figure(&shown, "Energy"), energy);
    assert_eq!(figure(&shown, "Cost of energy"), money);
    assert_eq!(figure(&shown, "Highest demand"), peak);
    let balance = chief
        .get(&format!("/api/energy/balance?{HOUR}"))
        .await
        .data();
    let hall = balance["nodes"][1]["total"]["kwh"].as_f64().unwrap();
    let hall = format!("{hall:.1}");

    let csv = String::from_utf8(file(&chief, &id, "csv").await).unwrap();
    let html = String::from_utf8(file(&chief, &id, "html").await).unwrap();
    let (pages, paper) = printed(&file(&chief, &id, "pdf").await);
    let book = file(&chief, &id, "xlsx").await;
    let sheets: String = (1..=2)
        .map(|n| unzipped(&book, &format!("xl/worksheets/sheet{n}.xml")))
        .collect();
    for (what, value) in [
        ("energy", energy),
        ("cost", money),
        ("peak", peak),
        ("hall", hall),
    ] {
        assert!(csv.contains(&format!(",{value}")), "{what} {value}: {csv}");
        assert!(html.contains(&value), "{what} {value}");
        assert!(paper.contains(&value), "{what} {value}: {paper}");
        let number: f64 = value.parse().unwrap();
        assert!(
            sheets.contains(&format!("<v>{number}</v>")),
            "{what} {number}: {sheets}"
        );
    }
    // Names are text in every form: no markup, no formula.
    assert!(html.contains("Hall &lt;1&gt;") && !html.contains("Hall <1>"));
    assert!(paper.contains("Hall<1>") && csv.contains("Hall <1>"));
    assert!(paper.contains(&format!("1/{pages}")), "{paper}");
    assert!(shown["drawings"]["0/1"]["shapes"].as_array().unwrap().len() > 5);
}

#[tokio::test]
async fn every_template_is_made_in_every_language() {
    let (_appliance, chief, _) = plant().await;
    let templates = chief.get("/api/reports/templates").await.data();
    // Those of cold cells are about a cell: `cold_reports` makes them.
    let cold = |one: &&Value| one["id"].as_str().unwrap().starts_with("cold_");
    for template in templates
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| !cold(one))
    {
        for language in ["en", "fr", "ar"] {
            let name = template["id"].as_str().unwrap();
            let shown = made(&chief, name, language).await;
            assert_eq!(
                shown["report"]["state"], "SUCCESS",
                "{name} {language}: {shown}"
            );
            assert_eq!(shown["document"]["title"], template["titles"][language]);
            let id = id_of(&shown["report"]);
            let (pages, text) = printed(&file(&chief, &id, "pdf").await);
            assert!(pages >= 1 && text.len() > 100, "{name} {language}");
            let html = String::from_utf8(file(&chief, &id, "html").await).unwrap();
            assert_eq!(html.contains("dir=\"rtl\""), language == "ar");
        }
    }
}

#[tokio::test]
async fn a_source_says_whether_a_tariff_or_the_flat_price_was_taken() {
    let (_appliance, chief, _) = plant().await;
    let sources = |shown: &Value| shown["document"]["sections"].to_string();
    for template in ["daily_energy", "cost_centres"] {
        let said = sources(&made(&chief, template, "en").await);
        assert!(
            said.contains("tariff in use") && !said.contains("flat price"),
            "{said}"
        );
    }
    let tariffs = chief.get("/api/energy/tariffs").await.data();
    let tariff = &tariffs["items"][0];
    let path = format!("/api/energy/tariffs/{}", id_of(tariff));
    let drop_it = json!({ "revision": tariff["revision"], "in_use": false });
    chief.put(&path, &drop_it).await.data();
    for template in ["daily_energy", "cost_centres"] {
        let said = sources(&made(&chief, template, "en").await);
        assert!(
            said.contains("flat price") && !said.contains("tariff in use"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn what_was_made_can_be_made_again_and_a_difference_is_named() {
    let (_appliance, chief, [_, press]) = plant().await;
    let shown = made(&chief, "daily_energy", "fr").await;
    let id = id_of(&shown["report"]);
    let first = file(&chief, &id, "pdf").await;
    assert_eq!(first, file(&chief, &id, "pdf").await, "the same file twice");
    let path = format!("/api/reports/{id}/recompute");
    let again = chief.post(&path, &json!({})).await.data();
    assert_eq!(again["same"], true, "{again}");
    assert_eq!(again["hash"], shown["report"]["data_hash"]);

    let correction = json!({ "equipment_id": press, "metric": "power", "from":
        "2026-11-21T08:00:00Z", "to": "2026-11-21T08:30:00Z", "change": { "do": "exclude" },
        "why": "A test." });
    chief.post("/api/corrections", &correction).await;
    let renamed = json!({ "name": "Press 2" });
    chief
        .put(&format!("/api/equipment/{press}"), &renamed)
        .await
        .data();
    let again = chief.post(&path, &json!({})).await.data();
    assert_eq!(again["same"], false);
    let found = again["differences"].as_array().unwrap();
    let name = found.iter().find(|one| one["before"] == "Press").unwrap();
    assert_eq!(name["now"], "Press 2");
    assert!(
        name["place"].as_str().unwrap().contains("Énergie par lieu"),
        "{name}"
    );
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_at_its_place() {
    let (appliance, chief, _) = plant().await;
    let path = "/api/reports/generate";
    for (asked, fields) in [
        (json!({ "template": "yearly" }), vec!["template"]),
        (
            json!({ "template": "peaks", "from": "2026-11-01" }),
            vec!["to"],
        ),
        (
            json!({ "template": "none", "from": "soon", "to": "2026-11-02" }),
            vec!["from", "template"],
        ),
        (
            json!({ "template": "peaks", "from": "2027-01-01", "to": "2027-02-01" }),
            vec!["from"],
        ),
        (
            json!({ "template": "peaks", "from": "2020-01-01", "to": "2026-01-01" }),
            vec!["to"],
        ),
        (
            json!({ "template": "peaks", "language": "de" }),
            vec!["language"],
        ),
    ] {
        assert_eq!(
            chief.post(path, &asked).await.bad_fields(),
            fields,
            "{asked}"
        );
    }
    let shown = made(&chief, "peaks", "en").await;
    let id = id_of(&shown["report"]);
    let bad = format!("/api/reports/export/{id}?format=doc");
    assert_eq!(chief.get(&bad).await.bad_fields(), ["format"]);
    chief.get("/api/reports/nothing").await.refused(404);
    let cancel = format!("/api/reports/{id}/cancel");
    chief.post(&cancel, &json!({})).await.refused(409);
    drop(appliance);
}

#[tokio::test]
async fn a_report_is_kept_until_somebody_deletes_it() {
    let (mut appliance, chief, _) = plant().await;
    let shown = made(&chief, "cost_centres", "en").await;
    let id = id_of(&shown["report"]);
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let path = format!("/api/reports/{id}");
    let again = chief.get(&path).await.data();
    assert_eq!(again["document"], shown["document"]);
    let list = chief.get("/api/reports/list").await.data();
    assert_eq!(list["items"][0]["id"], json!(id));
    chief.delete(&path).await.data();
    chief.get(&path).await.refused(404);
    let last = chief.audit().await;
    assert!(last.iter().any(|entry| entry["action"] == "report.delete"));
    assert!(last.iter().any(|entry| entry["action"] == "report.done"));
}

#[tokio::test]
async fn a_report_that_waits_can_be_ended() {
    let (_appliance, chief, _) = plant().await;
    let asked = json!({ "template": "data_quality" });
    let mut ids = Vec::new();
    for _ in 0..6 {
        let reply = chief.post("/api/reports/generate", &asked).await;
        ids.push(id_of(&reply.json()["data"]));
    }
    // The last one waits behind the others, or was quick: then it is over.
    let path = format!("/api/reports/{}/cancel", ids[5]);
    let reply = chief.post(&path, &json!({})).await;
    let report = eventually("the end of the last", || async {
        let shown = chief.get(&format!("/api/reports/{}", ids[5])).await.data();
        (shown["report"]["finished_at"] != Value::Null).then(|| shown["report"].clone())
    })
    .await;
    match reply.status {
        200 => {
            let ended = chief.audit().await;
            assert!(ended.iter().any(|entry| entry["action"] == "report.cancel"));
            assert!(
                report["state"] == "CANCELLED" || report["state"] == "SUCCESS",
                "{report}"
            );
        }
        status => assert_eq!((status, &report["state"]), (409, &json!("SUCCESS"))),
    }
}
