//! Cold cells as reports: the evidence of a month and the day, in every form and language, for whom
//! they are and for nobody else, and by the timetable.

use crate::coldchain::{MINUTE_MS, cell, customer, device, excursions, minutes, text, user};
use crate::mail_server::{MailServer, Speaks};
use crate::reports::{file, id_of, printed};
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indusmind::auth::Role;
use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Two customers in October, each with a cell; the first was too warm for twenty minutes, which
/// somebody looked into. It is the second of November then.
struct October {
    appliance: Appliance,
    chief: Client,
    customer: String,
    site: String,
    cell: String,
    other_site: String,
    other_cell: String,
}

impl October {
    async fn new() -> Self {
        let (appliance, chief) = Appliance::furnished_at("2026-10-20T08:00:00Z").await;
        let (id, site, place) = customer(&chief, "Medina Foods").await;
        let (_, other_site, other_place) = customer(&chief, "Sahel Fish").await;
        let fish = json!({ "name": "Freezer 2", "product": "Fish, frozen" });
        let own = cell(&chief, &place, fish).await;
        let other_cell = cell(&chief, &other_place, json!({ "name": "Theirs" })).await;
        let certificate = json!({ "certificate": "DKD-K-12345", "laboratory": "Metro Lab",
            "calibrated_on": "2026-03-01", "due_on": "2027-03-01", "offset_c": 0.0 });
        let path = format!("/api/coldchain/cells/{own}/calibrations");
        chief.post(&path, &certificate).await.created();
        let key = device(&chief, &own, "A-1").await;
        let curve = [vec![4.0; 30], vec![9.5; 20], vec![4.0; 10]].concat();
        minutes(&appliance, ("A-1", &key), &curve).await;
        let found = eventually("the excursion", || async {
            excursions(&chief, &own).await.into_iter().next()
        });
        let excursion = text(&found.await, "id");
        let path = format!("/api/coldchain/cells/{own}/excursions/{excursion}/review");
        let review = json!({ "cause": "Door left ajar", "action": "Goods were moved" });
        chief.put(&path, &review).await.data();
        appliance.advance(13 * DAY_MS);
        let chief = appliance.client().login(EMAIL, PASSWORD).await;
        Self {
            appliance,
            chief,
            customer: id,
            site,
            cell: own,
            other_site,
            other_cell,
        }
    }

    /// Asks for a report and waits for it.
    async fn made(&self, template: &str, about: Value, language: &str) -> Value {
        let mut asked = json!({ "template": template, "about": about, "language": language });
        if template == "cold_day" {
            asked["from"] = json!("2026-10-20");
            asked["to"] = json!("2026-10-21");
        }
        let reply = self.chief.post("/api/reports/generate", &asked).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        let path = format!("/api/reports/{}", id_of(&reply.json()["data"]));
        let shown = eventually("the report to be made", || async {
            let shown = self.chief.get(&path).await.data();
            (shown["report"]["finished_at"] != Value::Null).then_some(shown)
        });
        let shown = shown.await;
        assert_eq!(shown["report"]["state"], "SUCCESS", "{shown}");
        shown
    }
}

fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}

#[tokio::test]
async fn the_evidence_of_a_month_is_a_paper_with_all_that_an_auditor_asks_for() {
    let october = October::new().await;
    let chief = &october.chief;
    let shown = october
        .made("cold_month", json!({ "cell": october.cell }), "en")
        .await;
    assert_eq!(shown["report"]["recipe"]["site"], json!(october.site));
    let id = id_of(&shown["report"]);
    let path = format!("/api/coldchain/cells/{}/evidence/2026-10", october.cell);
    let evidence = chief.get(&path).await.data();
    let (pages, paper) = printed(&file(chief, &id, "pdf").await);
    assert!(pages >= 2, "{pages}");
    let hash = text(&evidence, "hash");
    for part in [
        "Monthly evidence of cold cells (HACCP)",
        "Medina Foods",
        "Freezer 2",
        "Fish, frozen",
        "upper limit",
        "8 °C",
        "2026-10-20",
        "Too warm",
        "Door left ajar",
        "Goods were moved",
        "Times in which nothing was measured",
        "DKD-K-12345",
        "Metro Lab",
        &hash,
    ] {
        assert!(paper.contains(&bare(part)), "{part} in {paper}");
    }
    let html = String::from_utf8(file(chief, &id, "html").await).unwrap();
    assert!(
        html.contains("Upper limit") && html.contains("<svg"),
        "the chart has its limits"
    );
    let csv = String::from_utf8(file(chief, &id, "csv").await).unwrap();
    assert!(
        csv.contains(&hash) && csv.contains("Door left ajar"),
        "{csv}"
    );
    assert!(file(chief, &id, "xlsx").await.starts_with(b"PK"));
    let again = format!("/api/reports/{id}/recompute");
    let again = chief.post(&again, &json!({})).await.data();
    assert_eq!(again["same"], true, "{again}");

    for (language, word) in [("fr", "Trop chaud"), ("ar", "دافئ جدًا")] {
        let about = json!({ "customer": october.customer });
        let shown = october.made("cold_month", about, language).await;
        let told = shown["document"].to_string();
        assert!(told.contains(word), "{language}: {told}");
        let path = format!("/api/reports/export/{}?format=pdf", id_of(&shown["report"]));
        assert_eq!(chief.get(&path).await.status, 200);
    }
    let day = october
        .made("cold_day", json!({ "customer": october.customer }), "en")
        .await;
    let (_, paper) = printed(&file(chief, &id_of(&day["report"]), "pdf").await);
    for part in [
        "Daily report of cold cells",
        "Freezer 2",
        "Temperature by hour",
        "Door left ajar",
    ] {
        assert!(paper.contains(&bare(part)), "{part} in {paper}");
    }
}

#[tokio::test]
async fn a_month_without_a_reading_does_not_say_that_nothing_happened() {
    let october = October::new().await;
    let asked = json!({ "template": "cold_month", "about": { "cell": october.cell },
        "from": "2026-09-10", "to": "2026-09-20" });
    let shown = crate::reports::made_of(&october.chief, asked).await;
    let whole = json!({ "template": "cold_month", "about": { "cell": october.cell },
        "from": "2026-09-01", "to": "2026-10-01" });
    let whole = crate::reports::made_of(&october.chief, whole).await;
    for edge in ["from", "to"] {
        let of = |shown: &Value| shown["report"]["recipe"][edge].clone();
        assert_eq!(of(&shown), of(&whole), "evidence is of whole months");
    }
    let told = shown["document"].to_string();
    assert!(told.contains("nothing is known about excursions"), "{told}");
    assert!(!told.contains("No excursion in"), "{told}");
    let blocks = shown["document"]["sections"][0]["blocks"].as_array();
    let figures = blocks
        .unwrap()
        .iter()
        .find_map(|block| block["figures"].as_array());
    let of = |name: &str| {
        figures
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()
    };
    assert_eq!(of("Excursions")["value"], Value::Null, "{told}");
    assert_eq!(of("Beyond a limit")["value"], Value::Null, "{told}");
    let tables = shown["document"]["sections"][0]["blocks"].as_array();
    let days = tables
        .unwrap()
        .iter()
        .find(|block| block["kind"] == "table");
    let rows = days.unwrap()["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 30);
    // Minutes beyond a limit and openings of the door of a day that nobody saw.
    let unknown = |row: &Value| row["cells"][6] == "empty" && row["cells"][7] == "empty";
    assert!(rows.iter().all(unknown), "{told}");
}

#[tokio::test]
async fn a_customer_sees_the_reports_of_his_own_cells_and_no_others() {
    let october = October::new().await;
    let own = october
        .made("cold_month", json!({ "cell": october.cell }), "en")
        .await;
    let other = october
        .made("cold_month", json!({ "cell": october.other_cell }), "en")
        .await;
    let (own, other) = (id_of(&own["report"]), id_of(&other["report"]));
    let client = user(&october.appliance, Role::Customer, "portal", &october.site).await;
    let rival = user(
        &october.appliance,
        Role::Customer,
        "rival",
        &october.other_site,
    )
    .await;
    let listed = client.get("/api/reports/list").await.data();
    assert_eq!(listed["total"], 1, "{listed}");
    assert_eq!(listed["items"][0]["id"], json!(own));
    assert!(file(&client, &own, "pdf").await.starts_with(b"%PDF"));
    for path in [
        format!("/api/reports/{other}"),
        format!("/api/reports/export/{other}"),
    ] {
        client.get(&path).await.refused(404);
    }
    rival.get(&format!("/api/reports/{own}")).await.refused(404);
    let kinds = client.get("/api/reports/templates").await.data();
    let kinds: Vec<_> = kinds
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "id"))
        .collect();
    assert_eq!(kinds, ["cold_day", "cold_month"]);
    // He asks for none, changes none, and sees no timetable.
    let asked = json!({ "template": "cold_month", "about": { "cell": october.cell } });
    client
        .post("/api/reports/generate", &asked)
        .await
        .refused(403);
    client
        .delete(&format!("/api/reports/{own}"))
        .await
        .refused(403);
    client.get("/api/reports/schedule").await.refused(403);
    // Who manages the reports of another site does not reach these cells.
    let manager = user(
        &october.appliance,
        Role::EnergyManager,
        "manager",
        &october.other_site,
    )
    .await;
    manager
        .post("/api/reports/generate", &asked)
        .await
        .refused(404);
    let plan = json!({ "template": "cold_month", "every": "month", "at": "06:30",
        "formats": ["pdf"], "about": { "cell": october.cell } });
    manager
        .post("/api/reports/schedule", &plan)
        .await
        .refused(404);
}

#[tokio::test]
async fn the_timetable_makes_the_month_of_a_customer_and_refuses_what_is_about_nothing() {
    let october = October::new().await;
    let chief = &october.chief;
    let shared = tempfile::tempdir().unwrap();
    let mut plan = json!({ "template": "cold_month", "every": "month", "at": "06:30",
        "formats": ["pdf"], "folder": shared.path() });
    let path = "/api/reports/schedule";
    chief.prove().await;
    assert_eq!(chief.post(path, &plan).await.bad_fields(), ["about"]);
    plan["about"] = json!({ "customer": october.customer, "cell": october.cell });
    assert_eq!(chief.post(path, &plan).await.bad_fields(), ["about"]);
    plan["about"] = json!({ "customer": october.customer });
    chief.post(path, &plan).await.created();
    let asked = json!({ "template": "daily_energy", "about": { "cell": october.cell } });
    let refused = chief.post("/api/reports/generate", &asked).await;
    assert_eq!(refused.bad_fields(), ["about"]);
    october.appliance.advance(30 * DAY_MS);
    let chief = october.appliance.client().login(EMAIL, PASSWORD).await;
    let made = eventually("the report of the timetable", || async {
        let shown = chief.get(path).await.data();
        let last = shown["items"][0]["schedule"]["last"].clone();
        (last != Value::Null).then_some(last)
    });
    assert_eq!(made.await["error"], Value::Null);
    // There are two sites, so a file says whose it is.
    let name = format!("{}_cold_month_2026-11-01.pdf", october.site);
    let paper = std::fs::read(shared.path().join(name)).unwrap();
    let (_, paper) = printed(&paper);
    assert!(
        paper.contains("MedinaFoods") && paper.contains("Nov2026"),
        "{paper}"
    );
}

#[tokio::test]
async fn the_month_of_a_customer_goes_out_by_mail_and_his_only() {
    let october = October::new().await;
    let chief = &october.chief;
    let server = MailServer::start(Speaks::Starttls).await;
    chief.prove().await;
    let outlet = "/api/notifications/outlets/smtp";
    chief.put(outlet, &server.outlet()).await.data();
    for (about, to) in [
        (
            json!({ "customer": october.customer }),
            "quality@medina.example",
        ),
        (
            json!({ "cell": october.other_cell }),
            "quality@sahel.example",
        ),
    ] {
        let plan = json!({ "template": "cold_month", "every": "month", "at": "06:30",
            "formats": ["pdf", "csv"], "about": about, "recipients": [to] });
        chief.post("/api/reports/schedule", &plan).await.created();
    }
    october.appliance.advance(30 * DAY_MS);
    let letter = async |to: &str| {
        eventually("the letter", || async {
            let all = server.letters();
            all.into_iter().find(|letter| letter.to == to)
        })
        .await
    };
    // There are two sites, so a file says whose it is; and two cells may go into one folder.
    let cell = &october.other_cell[october.other_cell.len() - 6..];
    let whose = [
        format!("{}_cold_month_2026-11-01", october.site),
        format!("{}_cold_month_2026-11-01_{cell}", october.other_site),
    ];
    for (to, name, own, other) in [
        ("quality@medina.example", &whose[0], "Freezer 2", "Theirs"),
        ("quality@sahel.example", &whose[1], "Theirs", "Freezer 2"),
    ] {
        let letter = letter(to).await;
        assert!(letter.encrypted && letter.signed_in);
        let files = enclosures(&letter.text);
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [format!("{name}.pdf"), format!("{name}.csv")]);
        let (_, paper) = printed(&files[0].1);
        assert!(
            paper.contains(&bare(own)) && paper.contains("Nov2026"),
            "{paper}"
        );
        assert!(!paper.contains(&bare(other)), "{paper}");
        let table = String::from_utf8(files[1].1.clone()).unwrap();
        assert!(table.contains(own) && !table.contains(other), "{table}");
    }
    let of_each = |to: &str| server.letters().iter().filter(|one| one.to == to).count();
    assert_eq!(of_each("quality@medina.example"), 1, "once is enough");
    let shown = october.appliance.client().login(EMAIL, PASSWORD).await;
    let shown = shown.get("/api/reports/schedule").await.data();
    for item in shown["items"].as_array().unwrap() {
        assert_eq!(item["schedule"]["last"]["error"], Value::Null, "{item}");
    }
}

/// The files that a letter brings: their names and bytes.
fn enclosures(letter: &str) -> Vec<(String, Vec<u8>)> {
    let parts = letter.split("\r\n--").filter_map(|part| {
        let (head, body) = part.split_once("\r\n\r\n")?;
        // A name that makes its line longer than 76 characters is named as one of pieces: RFC 2231.
        let name = head
            .split_once("filename=\"")
            .or(head.split_once("filename*0=\""));
        let name = name?.1.split('"').next()?;
        let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = STANDARD.decode(base64).expect("an enclosure is base64");
        Some((name.to_owned(), bytes))
    });
    parts.collect()
}
