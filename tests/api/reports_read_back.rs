//! Every figure of every report, read back out of its files: paper, page, table and text show what the
//! document says, in each language.

use crate::export::unzipped;
use crate::reports::{file, id_of, made_of, plant, printed};
use indusmind::notify::Language;
use indusmind::reports::quantity;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A number of a document: its text as the document has it, its digits behind the point, its unit.
type Number = (Option<String>, u32, String);

/// The numbers of the figures and of the tables of a document.
fn numbers(document: &Value) -> [Vec<Number>; 2] {
    let (mut figures, mut cells) = (Vec::new(), Vec::new());
    let digits = |of: &Value| u32::try_from(of["decimals"].as_u64().unwrap()).unwrap();
    let text = |of: &Value| of.as_str().map(str::to_owned);
    let blocks = document["sections"].as_array().unwrap().iter();
    for block in blocks.flat_map(|section| section["blocks"].as_array().unwrap()) {
        for figure in block["figures"].as_array().into_iter().flatten() {
            let unit = figure["unit"].as_str().unwrap().to_owned();
            figures.push((text(&figure["value"]), digits(figure), unit));
        }
        let columns = block["columns"].as_array().into_iter().flatten();
        let columns: Vec<_> = columns.map(|column| &column["holds"]["number"]).collect();
        for row in block["rows"].as_array().into_iter().flatten() {
            for (cell, column) in row["cells"].as_array().unwrap().iter().zip(&columns) {
                if let (Some(value), true) = (text(&cell["number"]), column.is_object()) {
                    cells.push((Some(value), digits(column), String::new()));
                }
            }
        }
    }
    [figures, cells]
}

/// How often each text is wanted, without blanks.
fn wanted(numbers: &[Number], language: Language) -> BTreeMap<String, usize> {
    let mut wanted = BTreeMap::new();
    for (value, decimals, unit) in numbers {
        let value = value.as_ref().map(|text| text.parse::<Decimal>().unwrap());
        let shown = quantity(value, unit, *decimals, language);
        *wanted.entry(without_blanks(&shown)).or_insert(0) += 1;
    }
    wanted
}

fn without_blanks(text: &str) -> String {
    let shown = |c: &char| !c.is_whitespace() && !('\u{2066}'..='\u{2069}').contains(c);
    text.chars().filter(shown).collect()
}

/// The text of a page, without its marks.
fn text_of(html: &str) -> String {
    let parts = html.split('<').filter_map(|part| part.split_once('>'));
    without_blanks(&parts.map(|(_, text)| text).collect::<String>())
}

fn holds(what: &str, text: &str, wanted: &BTreeMap<String, usize>) {
    for (number, times) in wanted {
        let found = text.matches(number.as_str()).count();
        assert!(
            found >= *times,
            "{what}: {number} {found} of {times} times in {text}"
        );
    }
}

#[tokio::test]
async fn every_figure_stands_in_every_form_and_language() {
    let (_appliance, chief, _) = plant().await;
    let templates = [
        "daily_energy",
        "cost_centres",
        "peaks",
        "iso50001",
        "power_quality",
        "alert_quality",
        "data_quality",
    ];
    let mut looked_at = 0;
    for (template, (tag, language)) in templates.into_iter().flat_map(|template| {
        let all = [
            ("en", Language::En),
            ("fr", Language::Fr),
            ("ar", Language::Ar),
        ];
        all.map(|language| (template, language))
    }) {
        let asked = json!({ "template": template, "from": "2026-11-21T08:00:00Z",
            "to": "2026-11-21T09:00:00Z", "language": tag });
        let shown = made_of(&chief, asked).await;
        let (document, id) = (&shown["document"], id_of(&shown["report"]));
        let [figures, cells] = numbers(document);
        looked_at += figures.len() + cells.len();
        let what = |form: &str| format!("{template} {tag} {form}");
        let all = [figures.clone(), cells.clone()].concat();
        let (_, paper) = printed(&file(&chief, &id, "pdf").await);
        holds(
            &what("pdf"),
            &without_blanks(&paper),
            &wanted(&all, language),
        );
        let html = String::from_utf8(file(&chief, &id, "html").await).unwrap();
        holds(&what("html"), &text_of(&html), &wanted(&all, language));
        // Numbers for machines are the same in each language.
        let plain = |of: &str| of.parse::<Decimal>().unwrap().normalize().to_string();
        let book = file(&chief, &id, "xlsx").await;
        let count = document["sections"].as_array().unwrap().len();
        let sheets: String = (1..=count)
            .map(|n| unzipped(&book, &format!("xl/worksheets/sheet{n}.xml")))
            .collect();
        let csv = String::from_utf8(file(&chief, &id, "csv").await).unwrap();
        for value in all.iter().filter_map(|(value, ..)| value.as_ref()) {
            let in_book = format!("<v>{}</v>", plain(value));
            assert!(
                sheets.contains(&in_book),
                "{} {in_book}: {sheets}",
                what("xlsx")
            );
            let in_text = csv.split([',', '\n', '\r']).any(|cell| cell == value);
            assert!(in_text, "{} {value}: {csv}", what("csv"));
        }
    }
    // Forty and more of each language, or nothing was compared.
    assert!(looked_at > 120, "{looked_at}");
}
