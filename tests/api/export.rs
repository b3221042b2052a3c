//! History as a file: the same figures as the answer, streamed, in two shapes.

use super::tokens;
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, eventually};
use flate2::read::DeflateDecoder;
use indusmind::base::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Read as _;

const RANGE: &str = "from=2026-11-21T06:00:00Z&to=2026-11-21T08:00:00Z";

/// Two meters that were written to every five minutes for two hours; the second is silent in
/// the first hour.
async fn plant() -> (Appliance, Client, [String; 2]) {
    let (appliance, chief) = Appliance::furnished().await;
    let mut ids = Vec::new();
    for name in ["Main", "=Sub"] {
        let meter = json!({ "name": name, "type": "Meter", "model": "T1",
            "install_date": "2024-05-01" });
        ids.push(chief.add_equipment(&meter).await);
    }
    let start: Timestamp = "2026-11-21T06:00:00Z".parse().unwrap();
    let mut body = String::new();
    for n in 0..24 {
        let at = start.plus_ms(n * 300_000).ms();
        body += &format!(
            "m,equipment_id={} power={},consumption={},voltage_l1=230,voltage_l2=231.5,own_rate=-0.125 {at}\n",
            ids[0],
            n as f64 + 0.5,
            n * 3
        );
        if n >= 12 {
            body += &format!("m,equipment_id={} power=2,voltage=400 {at}\n", ids[1]);
        }
    }
    let request = chief.request(Method::POST, "/api/v2/write?precision=ms&interval=5m");
    let reply = Reply::to(request.body(body)).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    (appliance, chief, ids.try_into().unwrap())
}

async fn export(client: &Client, query: &str) -> Reply {
    client
        .get(&format!("/api/historical/export?{RANGE}&{query}"))
        .await
}

fn rows(file: &str) -> Vec<Vec<&str>> {
    assert!(file.ends_with("\r\n"), "the last row is whole");
    file.trim_end()
        .split("\r\n")
        .map(|row| row.split(',').collect())
        .collect()
}

/// What the answer in JSON says, in the words of the file.
fn expected(window: &Value, names: &[&str]) -> Vec<Vec<String>> {
    let cell = |point: &Value, name: &str| match &point[name] {
        Value::Null => String::new(),
        Value::String(time) => time.clone(),
        number => format!("{}", number.as_f64().unwrap()),
    };
    let points = window["series"].as_array().unwrap();
    points
        .iter()
        .map(|p| names.iter().map(|name| cell(p, name)).collect())
        .collect()
}

#[tokio::test]
async fn a_file_says_what_the_answer_says() {
    let (_appliance, chief, [main, sub]) = plant().await;
    for query in [
        "resolution=15min".to_owned(),
        "resolution=1hour&format=csv".to_owned(),
        "resolution=daily".to_owned(),
        format!("resolution=5min&meter_id={sub}"),
        format!("resolution=raw&meter_id={main}"),
        format!("resolution=auto&meter_id={main}&metric=own_rate&fields=max,coverage,min"),
        format!("resolution=raw&meter_id={main}&metric=own_rate&fields=coverage,powerFactor"),
    ] {
        let file = export(&chief, &query).await;
        assert_eq!(file.status, 200, "{query}: {}", file.text);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        let name = "attachment; filename=\"consumption_export_2026-11-21.csv\"";
        assert_eq!(file.header("content-disposition"), name);
        let path = format!("/api/historical/consumption?{RANGE}&{query}");
        let window = chief.get(&path).await.data();
        let rows = rows(&file.text);
        let mut names = vec!["timestamp", "consumption", "power", "voltage"];
        if query.contains("metric=") {
            names.push("value");
        }
        if let Some((_, fields)) = query.split_once("fields=") {
            names.extend(fields.split(','));
        }
        assert_eq!(rows[0], names, "{query}");
        assert_eq!(rows[1..], expected(&window, &names)[..], "{query}");
    }
    // Meters in the name of nobody: the header is what the interface promises, to the letter.
    let site = export(&chief, "resolution=1hour").await;
    assert!(
        site.text
            .starts_with("timestamp,consumption,power,voltage\r\n")
    );
}

#[tokio::test]
async fn raw_readings_of_several_meters_name_their_meter() {
    let (_appliance, chief, [main, sub]) = plant().await;
    let file = export(&chief, "resolution=raw").await;
    let rows = rows(&file.text);
    assert_eq!(
        rows[0],
        [
            "timestamp",
            "equipment_id",
            "consumption",
            "power",
            "voltage"
        ]
    );
    assert_eq!(rows.len(), 1 + 24 + 12);
    assert_eq!(
        rows[1],
        ["2026-11-21T06:00:00.000Z", &main, "0", "0.5", "230.75"]
    );
    // The first instant of both: the same time, one row each.
    assert_eq!(
        rows[13],
        ["2026-11-21T07:00:00.000Z", &main, "36", "12.5", "230.75"]
    );
    assert_eq!(rows[14], ["2026-11-21T07:00:00.000Z", &sub, "", "2", "400"]);
    let times: Vec<_> = rows[1..].iter().map(|row| row[0]).collect();
    assert!(times.is_sorted());
}

/// One file of a zip, which lists its files at its end.
pub fn unzipped(zip: &[u8], name: &str) -> String {
    let number = |at: usize, bytes: usize| {
        zip[at..at + bytes]
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let end = zip
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x05\x06")
        .expect("a whole zip");
    let (mut at, count) = (number(end + 16, 4), number(end + 10, 2));
    for _ in 0..count {
        let (packed, length) = (number(at + 20, 4), number(at + 28, 2));
        if &zip[at + 46..at + 46 + length] == name.as_bytes() {
            let local = number(at + 42, 4);
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
            let mut text = String::new();
            let packed = &zip[start..start + packed];
            DeflateDecoder::new(packed)
                .read_to_string(&mut text)
                .unwrap();
            return text;
        }
        at += 46 + length + number(at + 30, 2) + number(at + 32, 2);
    }
    panic!("no {name} in the zip");
}

#[tokio::test]
async fn a_workbook_is_a_real_one_and_leaves_nothing_behind() {
    let (appliance, chief, [main, _]) = plant().await;
    let path = format!("/api/historical/export?{RANGE}&resolution=raw&format=excel");
    let answer = chief.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!(answer.headers()["content-type"], kind);
    let name = answer.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        name.ends_with("\"consumption_export_2026-11-21.xlsx\""),
        "{name}"
    );
    let zip = answer.bytes().await.unwrap();
    assert!(zip.starts_with(b"PK"));
    let sheet = unzipped(&zip, "xl/worksheets/sheet1.xml");
    assert_eq!(sheet.matches("<row ").count(), 1 + 24 + 12);
    // 46347.25 is six o'clock of that day in a spreadsheet.
    assert!(sheet.contains("<v>46347.25</v>"), "{sheet}");
    assert!(sheet.contains(&main) && sheet.contains("<v>230.75</v>"));
    let folder = appliance.data_file();
    let left: Vec<_> = std::fs::read_dir(folder.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            !["indusmind.redb", "indusmind.lock", "support.sock"].contains(&name.as_str())
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_the_first_byte() {
    let (appliance, chief, [main, _]) = plant().await;
    for (query, field) in [
        (
            "from=2020-01-01&to=2026-01-01&resolution=1min",
            "resolution",
        ),
        (
            "from=0001-01-01&to=9999-12-01&resolution=daily",
            "resolution",
        ),
        ("from=2026-01-01&to=2025-01-01&resolution=raw", "to"),
        (
            "from=2026-01-01&to=2026-02-01&resolution=10min",
            "resolution",
        ),
        (
            "from=2026-01-01&to=2026-02-01&resolution=raw&metric=happiness",
            "metric",
        ),
        (
            "from=2026-01-01&to=2026-02-01&resolution=daily&metric=happiness",
            "metric",
        ),
        (
            "from=2026-01-01&to=2026-02-01&resolution=daily&fields=median",
            "fields",
        ),
        (
            "from=2026-01-01&to=2026-02-01&resolution=daily&format=pdf",
            "format",
        ),
    ] {
        let reply = chief.get(&format!("/api/historical/export?{query}")).await;
        assert_eq!(reply.bad_fields(), [field], "{query}");
    }
    export(&chief, "resolution=raw&meter_id=7")
        .await
        .refused(404);
    appliance
        .client()
        .get("/api/historical/export")
        .await
        .refused(401);
    // A program that may read may export.
    let (secret, _) = tokens::make(&chief, &["readings:read"]).await;
    let program = chief.with_token(&secret);
    let file = export(&program, &format!("resolution=raw&meter_id={main}")).await;
    assert_eq!(rows(&file.text).len(), 25);
}

#[tokio::test]
async fn who_hangs_up_stops_the_work_and_frees_his_place() {
    let (_appliance, chief) = Appliance::furnished().await;
    // Nearly a million empty minutes: far more than the sockets hold.
    let long = "/api/historical/export?from=2025-01-01&to=2026-11-21&resolution=1min";
    let open = || async {
        let request = chief
            .request(Method::GET, long)
            .header("Accept-Encoding", "gzip");
        request.send().await.unwrap()
    };
    let readers = [open().await, open().await];
    for reader in &readers {
        assert_eq!(reader.status().as_u16(), 200);
        assert!(
            reader.headers().get("content-encoding").is_none(),
            "packing takes too long"
        );
    }
    let refusal = chief.get(long).await;
    refusal.refused(503);
    assert_eq!(refusal.header("retry-after"), "5");
    drop(readers);
    eventually("the places to be free again", || async {
        let short = "/api/historical/export?from=2026-11-20&to=2026-11-21&resolution=1hour";
        let file = chief.get(short).await;
        (file.status == 200).then(|| assert_eq!(rows(&file.text).len(), 25))
    })
    .await;
}
