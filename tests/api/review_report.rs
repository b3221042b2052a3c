//! The pack for the management review and the statement of the voltage: the figures of the API in
//! every form.

use crate::energy_figures::hours;
use crate::enpi::{USUAL, baseline_of, indicator, plant};
use crate::export::unzipped;
use crate::reports::{file, id_of, made_of, printed};
use crate::support::Appliance;
use crate::support::client::Client;
use indusmind::base::Phase;
use rust_decimal::prelude::FromPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

/// The tables of a report by their title.
fn table<'a>(shown: &'a Value, title: &str) -> &'a Value {
    let sections = shown["document"]["sections"].as_array().unwrap();
    let blocks = sections
        .iter()
        .flat_map(|s| s["blocks"].as_array().unwrap());
    blocks
        .into_iter()
        .find(|block| block["kind"] == "table" && block["title"] == title)
        .unwrap_or_else(|| panic!("no table {title}"))
}

/// What stands in the row that begins with a name, as words.
fn row(shown: &Value, title: &str, name: &str) -> Vec<String> {
    let rows = table(shown, title)["rows"].as_array().unwrap();
    let text = |cell: &Value| {
        let found = cell.get("number").or_else(|| cell.get("text"));
        let found = found.or_else(|| cell.get("time"));
        found.map_or(String::new(), |of| of.as_str().unwrap().to_owned())
    };
    let cells = |row: &Value| -> Vec<String> {
        row["cells"].as_array().unwrap().iter().map(text).collect()
    };
    let all: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let found = all.iter().find(|cells| cells[0] == name);
    found
        .unwrap_or_else(|| panic!("no row {name}: {all:?}"))
        .clone()
}

/// A figure of the API with a digit behind the point, halves away from zero as in reports.
fn tenth(value: f64) -> String {
    let value = Decimal::from_f64(value).unwrap();
    let shown = value.round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero);
    format!("{shown:.1}")
}

fn kwh(value: &Value) -> String {
    tenth(value.as_f64().unwrap())
}

fn percent(value: &Value) -> String {
    tenth(value.as_f64().unwrap() * 100.0)
}

/// Sixty days of a press with an indicator, its baseline, and a plan.
async fn planned() -> (Appliance, Client, String) {
    let (appliance, chief) = Appliance::furnished().await;
    let (press, entries) = plant(&appliance, &chief).await;
    let entries = json!({ "entries": entries });
    chief.post("/api/energy/production", &entries).await.data();
    let made = chief.post("/api/energy/enpi", &indicator(&press)).await;
    let id = made.created()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/energy/enpi/{id}/baselines");
    chief.post(&path, &baseline_of(USUAL)).await.created();
    let since = "2026-10-31T23:00:00Z";
    for item in [
        json!({ "kind": "significant_use", "name": "Drying", "equipment": [press],
            "owner": "Amel" }),
        json!({ "kind": "objective", "name": "A tenth less", "enpi_id": id, "since": since,
            "target_fraction": 0.05, "due": "2026-12-31T23:00:00Z", "owner": "Amel" }),
        json!({ "kind": "measure", "name": "New drive", "enpi_id": id, "since": since,
            "state": "done", "expected_kwh_per_year": 9000 }),
        json!({ "kind": "measure", "name": "Too early", "enpi_id": id,
            "since": "2026-10-01T00:00:00Z" }),
        json!({ "kind": "action", "name": "Seal the <leaks>", "owner": "Ali",
            "due": "2026-11-10T23:00:00Z", "state": "doing" }),
        json!({ "kind": "action", "name": "Train the night shift", "state": "done",
            "due": "2026-11-01T23:00:00Z" }),
    ] {
        chief.post("/api/energy/plan", &item).await.created();
    }
    (appliance, chief, id)
}

#[tokio::test]
async fn the_management_review_shows_the_figures_of_the_api() {
    let (_appliance, chief, id) = planned().await;
    let asked = json!({ "template": "iso50001", "from": "2026-11-01", "to": "2026-11-20" });
    let shown = made_of(&chief, asked).await;
    assert_eq!(shown["report"]["state"], "SUCCESS", "{shown}");
    let path = format!("/api/energy/enpi/{id}/evaluation?from=2026-11-01&to=2026-11-20");
    let found = chief.get(&path).await.data();
    let savings = &found["savings"];
    let saved = kwh(&savings["saved_kwh"]);
    let line = row(&shown, "Indicators of the period", "Press hall");
    assert!(line[1].starts_with("version 1: 22 Sep 2026 – "), "{line:?}");
    assert_eq!(line[2], kwh(&savings["expected_kwh"]));
    assert_eq!(line[3], kwh(&savings["measured_kwh"]));
    assert_eq!(line[4], saved);
    assert_eq!(line[5], percent(&savings["saved_fraction"]));
    assert_eq!(line[6], "lastingly less since 1 Nov 2026");
    // The periods beside the baseline, with the running sum.
    let rows = table(&shown, "Periods")["rows"].as_array().unwrap();
    let points = found["points"].as_array().unwrap();
    assert_eq!((rows.len(), points.len()), (19, 19));
    for (row, point) in rows.iter().zip(points) {
        let cell = |at: usize| row["cells"][at]["number"].as_str().unwrap();
        assert_eq!(cell(1), kwh(&point["energy_kwh"]));
        assert_eq!(cell(3), kwh(&point["difference_kwh"]));
        assert_eq!(cell(4), kwh(&point["cusum_kwh"]));
    }
    // The plan: what is counted, what cannot be, and what is late.
    let objective = row(&shown, "Objectives and their progress", "A tenth less");
    assert_eq!((&*objective[5], &*objective[7]), ("5.0", &*saved));
    assert_eq!(objective[6], percent(&savings["saved_fraction"]));
    assert_eq!(objective[8], "reached so far");
    let measure = row(&shown, "Measures and their savings", "New drive");
    let low = kwh(&savings["low_kwh"]);
    assert_eq!((&measure[3], &measure[4]), (&saved, &low));
    assert_eq!((&*measure[6], &*measure[7]), ("more than chance", "9000.0"));
    let early = row(&shown, "Measures and their savings", "Too early");
    assert!(early[3].is_empty() && early[6].starts_with("cannot be counted"));
    let late = row(&shown, "Actions", "Seal the <leaks>");
    assert_eq!((&*late[3], &*late[4]), ("Under way", "9"));
    let done = row(&shown, "Actions", "Train the night shift");
    assert_eq!((&*done[3], &*done[4]), ("Done", ""));
    let of = row(&shown, "Significant uses", "Drying");
    assert_eq!(
        (&*of[1], &*of[3]),
        ("Press 1", &*kwh(&savings["measured_kwh"]))
    );
    assert_eq!((&*of[4], &*of[5]), ("100.0", "100.0"));
    everywhere(&chief, &shown, &[&saved, &low, "<leaks>"]).await;
}

/// Whether values stand in every form of a report, as each writes them.
async fn everywhere(chief: &Client, shown: &Value, values: &[&str]) {
    let id = id_of(&shown["report"]);
    let csv = String::from_utf8(file(chief, &id, "csv").await).unwrap();
    let html = String::from_utf8(file(chief, &id, "html").await).unwrap();
    let (_, paper) = printed(&file(chief, &id, "pdf").await);
    let book = file(chief, &id, "xlsx").await;
    let sections = shown["document"]["sections"].as_array().unwrap();
    let sheet = |n: usize| unzipped(&book, &format!("xl/worksheets/sheet{n}.xml"));
    let mut sheets: String = (1..=sections.len()).map(sheet).collect();
    sheets += &unzipped(&book, "xl/sharedStrings.xml");
    for value in values {
        let marked = value.replace('<', "&lt;").replace('>', "&gt;");
        let in_book = value
            .parse::<f64>()
            .map_or(marked.clone(), |number| format!("<v>{number}</v>"));
        assert!(csv.contains(value), "{value}: {csv}");
        assert!(html.contains(&marked), "{value}");
        assert!(paper.contains(&value.replace(' ', "")), "{value}: {paper}");
        assert!(sheets.contains(&in_book), "{value}: {sheets}");
    }
    // Every section says its period, its clock and its source.
    let marked = html.matches("class=\"source\"").count();
    assert_eq!(marked, sections.len());
    let clock = html.matches("clock of Africa/Tunis").count();
    assert_eq!(clock, sections.len() + 1);
}

#[tokio::test]
async fn a_week_of_voltage_is_a_report_of_the_figures_of_the_api() {
    let (appliance, chief) = Appliance::furnished().await;
    let machine = crate::alerts::machine;
    let meter = machine(&chief, "Main").await;
    let odd = machine(&chief, "Transformer").await;
    let voltage = |volts: f64, low: f64| {
        move |hour: i64| {
            let first = if hour % 10 == 0 { low } else { volts };
            vec![
                ("voltage", Phase::L1, "V", first),
                ("voltage", Phase::L2, "V", volts),
                ("voltage", Phase::L3, "V", volts),
                ("frequency", Phase::Total, "Hz", 50.02),
            ]
        }
    };
    let monday = "2026-11-08T23:00:00Z";
    hours(&appliance, &meter, monday, 7 * 24, voltage(231.0, 204.0)).await;
    hours(
        &appliance,
        &odd,
        monday,
        7 * 24,
        voltage(17_300.0, 17_300.0),
    )
    .await;
    let asked = json!({ "template": "power_quality", "from": "2026-11-09", "to": "2026-11-16" });
    let shown = made_of(&chief, asked.clone()).await;
    assert_eq!(shown["report"]["state"], "SUCCESS", "{shown}");
    let sections = shown["document"]["sections"].as_array().unwrap();
    assert_eq!(sections.len(), 1);
    let blocks = &sections[0]["blocks"];
    let said = blocks[0]["text"].as_str().unwrap();
    assert!(said.starts_with("Indicative: "), "{said}");
    let odd_one = blocks[1]["text"].as_str().unwrap();
    assert!(
        odd_one.starts_with("Not judged") && odd_one.contains("Transformer"),
        "{odd_one}"
    );
    let path = format!("/api/energy/power-quality?equipment_id={meter}&week=2026-11-12");
    let found = chief.get(&path).await.data();
    let title = "Statement by meter";
    let rows = table(&shown, title)["rows"].as_array().unwrap();
    let lines = found["lines"].as_array().unwrap();
    assert_eq!(rows.len(), lines.len() + 1);
    for (row, line) in rows[1..].iter().zip(lines) {
        let cells = row["cells"].as_array().unwrap();
        let number = |at: usize| cells[at]["number"].as_str().map(str::to_owned);
        let share = |of: &Value| of.as_f64().map(|_| percent(of));
        assert_eq!(number(2), share(&line["wanted"]));
        assert_eq!(number(3), share(&line["within"]));
        let two = |of: &Value| of.as_f64().map(|of| format!("{of:.2}"));
        assert_eq!(number(4), two(&line["min"]));
        assert_eq!(number(5), two(&line["max"]));
        assert_eq!(number(6), share(&line["coverage"]));
        let verdict = cells[7]["text"].as_str().unwrap();
        let wanted = line["verdict"].as_str().unwrap();
        assert_eq!(verdict, wanted.replace("unknown", "too little measured"));
    }
    let within = percent(&lines[0]["within"]);
    everywhere(&chief, &shown, &[&within, "204.00", "Transformer"]).await;
    // Two weeks are two statements; the second one was not measured.
    let mut longer = asked;
    longer["to"] = json!("2026-11-20");
    let shown = made_of(&chief, longer).await;
    let sections = shown["document"]["sections"].as_array().unwrap();
    assert_eq!(sections.len(), 2);
    assert_eq!(sections[1]["blocks"].as_array().unwrap().len(), 2);
}
