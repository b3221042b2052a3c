//! Readings that others write: taken whole or refused whole, on disk before the answer.

use super::tokens;
use crate::support::client::{Client, Reply};
use crate::support::meters::Field;
use crate::support::{Appliance, assert_near};
use flate2::{Compression, write::GzEncoder};
use indusmind::auth::{NewUser, Role};
use indusmind::base::Timestamp;
use indusmind::store::audit::Actor;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write as _;

const NS: i64 = 1_000_000;

/// An appliance, its chief, a program that may write, and a meter that nobody polls.
async fn plant() -> (Appliance, Client, Client, String) {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = tokens::make(&chief, &["readings:write"]).await;
    let program = appliance.client().with_token(&secret);
    let meter = json!({ "name": "Water meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01", "serial_number": "W-1" });
    let id = chief.add_equipment(&meter).await;
    (appliance, chief, program, id)
}

async fn write(program: &Client, query: &str, body: impl Into<reqwest::Body>) -> Reply {
    let request = program.request(Method::POST, &format!("/api/v2/write?{query}"));
    Reply::to(request.body(body)).await
}

async fn raw(chief: &Client, id: &str, metric: &str) -> Vec<Value> {
    let path = format!(
        "/api/historical/consumption?from=2026-11-01&to=2026-12-01&resolution=raw\
         &meter_id={id}&metric={metric}"
    );
    chief.get(&path).await.data()["series"]
        .as_array()
        .unwrap()
        .clone()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn what_is_answered_is_on_disk_and_shown() {
    let (mut appliance, chief, program, id) = plant().await;
    let now = appliance.now();
    let line = format!(
        "energy_readings,equipment_id={id},host=edge power=12.5,voltage_l1=230.1,pump_starts=7i,open=true {}\n",
        now.ms() * NS
    );
    let reply = write(&program, "org=plant&bucket=energy&precision=ns", line).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let live = chief.live(&id).await;
    assert_eq!(live["status"], "online");
    for (metric, phase, value) in [
        ("power", None, 12.5),
        ("voltage", Some("L1"), 230.1),
        ("pump_starts", None, 7.0),
        ("open", None, 1.0),
    ] {
        let shown = chief.live_value(&id, metric, phase).await;
        assert_near(&shown["value"], value, metric);
        assert_eq!(
            (&shown["quality"], &shown["register"]),
            (&json!("good"), &Value::Null)
        );
    }
    // A minute is the interval when nobody names one.
    appliance.advance(120_000);
    assert_eq!(chief.live(&id).await["status"], "online");
    appliance.advance(1);
    assert_eq!(chief.live(&id).await["status"], "offline");
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance
        .client()
        .login(crate::support::EMAIL, crate::support::PASSWORD)
        .await;
    let points = raw(&chief, &id, "pump_starts").await;
    assert_eq!((points.len(), &points[0]["timestamp"]), (1, &json!(now)));
    assert_near(&points[0]["value"], 7.0, "after a restart");
}

#[tokio::test]
async fn a_line_is_refused_with_its_number_and_the_others_are_taken() {
    let (appliance, chief, program, id) = plant().await;
    let at = |n: i64| appliance.now().plus_ms(n).ms();
    let body = format!(
        "# from the edge\n\
         m,equipment_id=W-1 power=1 {}\n\
         m,equipment_id=W-1 power=one {}\n\
         m,equipment_id=W-1 power=2,state=\"on\" {}\r\n\
         m,equipment_id=Water\\ meter power=3 {}\n\
         m,equipment_id=somebody power=4 {}\n",
        at(1),
        at(2),
        at(3),
        at(4),
        at(5)
    );
    let reply = write(&program, "precision=ms", body).await;
    assert_eq!(reply.status, 400, "{}", reply.text);
    let told = reply.json();
    assert_eq!(
        (&told["code"], &told["accepted"], &told["refused_total"]),
        (&json!("invalid"), &json!(2), &json!(3))
    );
    let message = told["message"].as_str().unwrap();
    assert!(
        message.starts_with("partial write: 3 of 5 lines"),
        "{message}"
    );
    let refused: Vec<_> = told["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["line"].clone(), r["place"].clone()))
        .collect();
    let expected = [
        (json!(3), json!("field power")),
        (json!(4), json!("field state")),
        (json!(6), json!("tag equipment_id")),
    ];
    assert_eq!(refused, expected);
    let points = raw(&chief, &id, "power").await;
    let values: Vec<_> = points
        .iter()
        .map(|p| p["power"].as_f64().unwrap())
        .collect();
    // Refused whole: the good field of line 4 is not there either.
    assert_eq!(values, [1.0, 3.0]);
}

#[tokio::test]
async fn the_same_lines_twice_are_the_same_readings() {
    let (appliance, chief, program, id) = plant().await;
    let minute = |n: i64| {
        appliance
            .now()
            .minus_ms(30 * 60_000)
            .plus_ms(n * 60_000)
            .ms()
            / 1_000
    };
    let lines: Vec<_> = (0..30)
        .map(|n| format!("m,equipment_id=W-1 power=60 {}", minute(n)))
        .collect();
    let body = lines.join("\n");
    for _ in 0..2 {
        assert_eq!(
            write(&program, "precision=s&interval=1m", body.clone())
                .await
                .status,
            204
        );
    }
    assert_eq!(raw(&chief, &id, "power").await.len(), 30);
    let path = format!(
        "/api/historical/consumption?from=2026-11-21T08:00:00Z&to=2026-11-21T08:30:00Z\
         &resolution=30min&meter_id={id}&fields=coverage&metric=power"
    );
    let window = chief.get(&path).await.data();
    assert_near(&window["series"][0]["power"], 60.0, "mean");
    assert_near(
        &window["series"][0]["coverage"],
        1.0,
        "a reading stands for its minute",
    );
    assert_near(
        &window["series"][0]["consumption"],
        30.0,
        "energy of half an hour",
    );
}

#[tokio::test]
async fn bodies_are_unpacked_within_the_limit() {
    let (appliance, chief, program, id) = plant().await;
    let line = format!("m,equipment_id={id} power=5 {}\n", appliance.now().ms());
    let packed = |body: Vec<u8>, encoding: &'static str| {
        let request = program.request(Method::POST, "/api/v2/write?precision=ms");
        Reply::to(request.header("Content-Encoding", encoding).body(body))
    };
    assert_eq!(packed(gzip(line.as_bytes()), "gzip").await.status, 204);
    assert_eq!(raw(&chief, &id, "power").await.len(), 1);
    let bomb = gzip(&vec![b'\n'; 10_000_001]);
    assert!(bomb.len() < 100_000);
    packed(bomb, "gzip").await.refused(413);
    packed(line.clone().into_bytes(), "gzip").await.refused(400);
    packed(line.into_bytes(), "br").await.refused(415);
    // Plain bodies may be larger than those of other routes, and have a limit of their own.
    assert_eq!(
        write(&program, "", vec![b'\n'; 9_000_000]).await.status,
        204
    );
    write(&program, "", vec![b'\n'; 10_000_001])
        .await
        .refused(413);
    let bad =
        [b"m,equipment_id=W-1 power=1\nm,k=\xFF,equipment_id=W-1 power=2\n".as_slice()].concat();
    assert_eq!(
        write(&program, "", bad).await.json()["refused"][0]["line"],
        2
    );
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_whole() {
    let (_appliance, chief, program, id) = plant().await;
    let line = format!("m,equipment_id={id} power=1");
    for (query, field) in [("precision=d", "precision"), ("interval=2d", "interval")] {
        assert_eq!(
            write(&program, query, line.clone()).await.bad_fields(),
            [field]
        );
    }
    assert!(raw(&chief, &id, "power").await.is_empty());
}

#[tokio::test]
async fn the_clock_of_a_writer_may_be_wrong_by_a_day() {
    let (appliance, chief, program, id) = plant().await;
    let ahead = appliance.now().plus_ms(3_600_000);
    let line = |at: Timestamp, kw: i64| format!("m,equipment_id={id} power={kw} {}", at.ms());
    assert_eq!(
        write(&program, "precision=ms", line(ahead, 1)).await.status,
        204
    );
    assert_near(
        &chief.live_value(&id, "power", None).await["value"],
        1.0,
        "ahead",
    );
    appliance.advance(1_000);
    assert_eq!(
        write(&program, "precision=ms", line(appliance.now(), 2))
            .await
            .status,
        204
    );
    let shown = chief.live_value(&id, "power", None).await;
    assert_near(&shown["value"], 2.0, "the newer one is shown");
    let beyond = appliance.now().plus_ms(86_400_001);
    let told = write(&program, "precision=ms", line(beyond, 3))
        .await
        .json();
    assert_eq!(told["refused"][0]["place"], "timestamp");
    // Arrival when the line has no time.
    assert_eq!(
        write(&program, "", format!("m,equipment_id={id} flow=4"))
            .await
            .status,
        204
    );
    let points = raw(&chief, &id, "flow").await;
    assert!(
        points
            .iter()
            .any(|p| p["timestamp"] == json!(appliance.now()))
    );
}

#[tokio::test]
async fn a_token_writes_to_its_own_site() {
    let (appliance, chief, _, id) = plant().await;
    let stranger = NewUser {
        email: "other@plant.example".to_owned(),
        username: None,
        name: "Other".to_owned(),
        password: crate::support::PASSWORD.to_owned(),
    };
    let auth = &appliance.context().auth;
    auth.add_user(
        stranger,
        Role::Admin,
        "site_b",
        Actor::console(),
        |_| Ok(()),
    )
    .await
    .unwrap();
    let other = appliance
        .client()
        .login("other@plant.example", crate::support::PASSWORD)
        .await;
    let told = write(&other, "", format!("m,equipment_id={id} power=1"))
        .await
        .json();
    assert_eq!(told["refused"][0]["place"], "tag equipment_id");
    let told = write(
        &chief,
        "",
        format!("m,equipment_id={id},site=site_b power=1"),
    )
    .await
    .json();
    assert_eq!(told["refused"][0]["place"], "tag site");
    assert!(raw(&chief, &id, "power").await.is_empty());
}

#[tokio::test]
async fn the_interval_of_a_polled_meter_is_its_own() {
    let (appliance, chief, program, _) = plant().await;
    let field = Field::of(&appliance.clock, &[10.0]).await;
    let id = chief.add("Main", &field.modbus(0)).await;
    appliance.beat(&[&id]).await;
    let at = appliance.now().ms();
    let line = format!("m,equipment_id={id},interval=1h flow=4 {at}");
    assert_eq!(write(&program, "precision=ms", line).await.status, 204);
    assert_near(
        &chief.live_value(&id, "flow", None).await["value"],
        4.0,
        "beside the registers",
    );
    appliance.clock.set(Timestamp::from_ms(at + 10_001));
    let stale = chief.live_value(&id, "flow", None).await;
    assert_eq!(stale["quality"], "stale", "five seconds, not an hour");
}
