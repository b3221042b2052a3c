//! What each line did, what was said on it, and what ails a device.

use crate::support::client::{Client, Reply};
use crate::support::meters::{Meter, dead_port};
use crate::support::{Appliance, eventually};
use indusmind::auth::Role;
use indusmind::base::Clock;
use indusmind::modbus::simulator::{Fault, Instrument, Listener, Simulator};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// Two meters behind one gateway.
struct Bus {
    simulator: Simulator,
    ids: [String; 2],
    key: String,
}

const UNITS: [u8; 2] = [7, 8];

impl Bus {
    async fn new(appliance: &Appliance, chief: &Client) -> Self {
        let meter = |unit: u8| (unit, Meter::new(f64::from(unit)) as Arc<dyn Instrument>);
        let listener = Listener::on_loopback(UNITS.map(meter).to_vec());
        let clock: Arc<dyn Clock> = Arc::new(appliance.clock.clone());
        let simulator = Simulator::start(clock, vec![listener]).await.unwrap();
        let address = simulator.addresses()[0];
        let modbus = |unit: u8| {
            json!({ "host": address.ip(), "port": address.port(), "unit_id": unit,
                "timeout_ms": 300, "retries": 0, "registers": Meter::entries() })
        };
        let ids = [
            chief.add("Oven", &modbus(7)).await,
            chief.add("Press", &modbus(8)).await,
        ];
        appliance
            .read_at(&[&ids[0], &ids[1]], appliance.now())
            .await;
        Self {
            simulator,
            ids,
            key: format!("tcp:{address}"),
        }
    }

    fn frames(&self, query: &str) -> String {
        format!("/api/lines/{}/frames{query}", self.key)
    }

    /// Lets beats pass until this device says so about itself first.
    async fn ails(
        &self,
        appliance: &Appliance,
        chief: &Client,
        device: usize,
        what: &str,
    ) -> Value {
        let path = format!("/api/equipment/{}/doctor", self.ids[device]);
        eventually(what, || async {
            appliance.advance(5_000);
            let found = chief.get(&path).await.data();
            (found["diagnoses"][0]["ailment"] == what).then_some(found)
        })
        .await
    }
}

#[tokio::test]
async fn a_line_shows_its_devices_and_what_they_said() {
    let (appliance, chief) = Appliance::furnished().await;
    let bus = Bus::new(&appliance, &chief).await;
    let all = chief.get("/api/lines").await.data();
    assert_eq!(
        (&all["total"], &all["items"][0]["key"]),
        (&json!(1), &json!(bus.key))
    );
    let line = chief.get(&format!("/api/lines/{}", bus.key)).await.data();
    assert_eq!(line["state"], "working");
    assert_eq!(
        (&line["connects"], &line["answering"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(line["answered_percent"], 100.0);
    assert_eq!(line["protocol"], "tcp");
    let device = &line["devices"][0];
    assert_eq!(
        (&device["name"], &device["unit_id"]),
        (&json!("Oven"), &json!(7))
    );
    assert_eq!(device["link"]["state"], "connected");
    assert!(device["link"]["round_trip_p95_ms"].as_f64().unwrap() > 0.0);
    let requests = device["statistics"]["requests"].as_u64().unwrap();
    assert_eq!(device["statistics"]["outcomes"]["answered"], requests);
    assert_eq!(device["last_value"]["metric"], "power");
    assert_eq!(device["last_good_at"], json!(appliance.now()));
    let counts = line["round_trips"]["counts"].as_array().unwrap();
    let counted: u64 = counts.iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(counted, 2 * requests);
    assert_eq!(
        line["round_trip_ends_ms"].as_array().unwrap().len() + 1,
        counts.len()
    );
    let asked = json!(2 * requests);
    assert_eq!(
        (&line["last_hour"]["asked"], &line["quarters"][0]["asked"]),
        (&asked, &asked)
    );
    let minutes = chief
        .get(&format!("/api/lines/{}/minutes", bus.key))
        .await
        .data();
    assert_eq!(minutes[0]["answered"], asked);
    for path in ["", "/minutes", "/frames", "/frames/download"] {
        let nobody = format!("/api/lines/tcp:10.0.0.1:502{path}");
        chief.get(&nobody).await.refused(404);
    }
}

#[tokio::test]
async fn frames_come_newest_first_with_their_meaning() {
    let (appliance, chief) = Appliance::furnished().await;
    let bus = Bus::new(&appliance, &chief).await;
    let page = chief.get(&bus.frames("?limit=500")).await.data();
    let all = page["items"].as_array().unwrap();
    let numbers: Vec<u64> = all.iter().map(|f| f["number"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (1..=numbers.len() as u64).rev().collect();
    assert_eq!((numbers, &page["next"]), (expected, &Value::Null));
    assert_eq!(all.last().unwrap()["outcome"], "connected");
    // Input registers 0 to 7: power and its phases.
    let power = all
        .iter()
        .find(|f| f["unit"] == 7 && f["table"] == "input")
        .unwrap();
    assert_eq!((&power["address"], &power["count"]), (&json!(0), &json!(8)));
    assert_eq!(
        (&power["answered_by"], &power["equipment_id"]),
        (&json!(7), &json!(bus.ids[0]))
    );
    assert_eq!(power["words"].as_array().unwrap().len(), 8);
    assert_eq!(power["values"][0]["metric"], "power");
    let truth = Meter::new(7.0).truth("power", appliance.now());
    assert_eq!(power["values"][0]["value"], truth);
    assert!(
        power["request"]
            .as_str()
            .unwrap()
            .ends_with("07 04 00 00 00 08")
    );

    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut next = json!(u64::MAX);
    while !next.is_null() {
        let part = chief
            .get(&bus.frames(&format!("?limit=3&before={next}")))
            .await
            .data();
        paged.extend(part["items"].as_array().unwrap().iter().cloned());
        next = part["next"].clone();
    }
    assert_eq!(&paged, all);
    let of_eight = chief
        .get(&bus.frames("?unit=8&outcome=answered"))
        .await
        .data();
    let of_eight = of_eight["items"].as_array().unwrap();
    assert!(!of_eight.is_empty() && of_eight.iter().all(|frame| frame["unit"] == 8));
    let fields = chief
        .get(&bus.frames("?outcome=trubble"))
        .await
        .bad_fields();
    assert_eq!(fields, ["outcome"]);
}

#[tokio::test]
async fn everything_that_was_said_is_taken_away_as_a_file() {
    let (appliance, chief) = Appliance::furnished().await;
    let bus = Bus::new(&appliance, &chief).await;
    let page = chief.get(&bus.frames("?limit=500")).await.data();
    let shown = page["items"].as_array().unwrap().len();
    let path = bus.frames("/download");
    let csv = Reply::to(chief.request(Method::GET, &path)).await;
    assert!(csv.header("content-disposition").contains(".csv\""));
    let rows: Vec<&str> = csv.text.lines().collect();
    assert_eq!(rows.len(), shown + 1);
    let columns = rows[0].split(',').count();
    assert!(rows.iter().all(|row| row.split(',').count() == columns));
    assert!(rows[0].starts_with("number,at,unit,function,address"));
    let asked = Reply::to(chief.request(Method::GET, &format!("{path}?format=jsonl"))).await;
    let objects: Vec<Value> = asked
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((objects.len(), &objects[0]["number"]), (shown, &json!(1)));
    assert_eq!(objects[shown - 1]["words"], page["items"][0]["words"]);
    let wrong = chief.get(&format!("{path}?format=xml")).await;
    assert_eq!(wrong.bad_fields(), ["format"]);
}

#[tokio::test]
async fn the_doctor_says_what_ails_a_device_and_what_to_do() {
    let (appliance, chief) = Appliance::furnished().await;
    let bus = Bus::new(&appliance, &chief).await;
    let well = bus.ails(&appliance, &chief, 0, "fine").await;
    assert_eq!(well["diagnoses"][0]["severity"], "fine");
    assert_eq!(
        (&well["line"]["key"], &well["unit_id"]),
        (&json!(bus.key), &json!(7))
    );

    bus.simulator.set_fault(0, 7, Fault::Silent);
    let silent = bus.ails(&appliance, &chief, 0, "device_silent").await;
    let first = &silent["diagnoses"][0];
    assert_eq!(
        (&first["severity"], &first["facts"]["others_answering"]),
        (&json!("fault"), &json!(1))
    );
    assert_eq!(first["facts"]["since"], silent["last_good_at"]);
    assert!(first["advice"].as_str().unwrap().contains("power"));
    let line = chief.get(&format!("/api/lines/{}", bus.key)).await.data();
    assert_eq!(
        (&line["state"], &line["answering"]),
        (&json!("partly"), &json!(1))
    );
    assert!(line["devices"][0]["statistics"]["outcomes"]["timed_out"].as_u64() > Some(0));
    assert!(!line["devices"][0]["link"]["next_attempt_at"].is_null());
    let troubles = chief
        .get(&bus.frames("?outcome=trouble&unit=7"))
        .await
        .data();
    assert_eq!(troubles["items"][0]["outcome"], "timed_out");
    assert_eq!(troubles["items"][0]["answer"], "");
    let neighbour = bus.ails(&appliance, &chief, 1, "fine").await;
    assert_eq!(neighbour["diagnoses"].as_array().unwrap().len(), 1);

    bus.simulator.set_fault(0, 7, Fault::Exception(2));
    let refusing = bus.ails(&appliance, &chief, 0, "refuses_all").await;
    let registers = &refusing["diagnoses"][0]["facts"]["registers"];
    assert_eq!(registers[0]["exception"], 2);
    bus.simulator.set_fault(0, 7, Fault::None);
    bus.ails(&appliance, &chief, 0, "fine").await;
}

#[tokio::test]
async fn where_nobody_is_polled_or_reached_that_is_said() {
    let (appliance, chief) = Appliance::furnished().await;
    let body = json!({ "name": "Boiler", "type": "Boiler", "model": "B",
        "install_date": "2024-05-01" });
    let boiler = chief.add_equipment(&body).await;
    let found = chief
        .get(&format!("/api/equipment/{boiler}/doctor"))
        .await
        .data();
    assert_eq!(found["diagnoses"][0]["ailment"], "not_polled");
    assert_eq!(
        (&found["line"], &found["link"]),
        (&Value::Null, &Value::Null)
    );

    let dead = dead_port();
    let modbus = json!({ "host": dead.ip(), "port": dead.port(), "registers": Meter::entries() });
    let id = chief.add("Nobody", &modbus).await;
    let path = format!("/api/equipment/{id}/doctor");
    let found = eventually("the line to be tried", || async {
        appliance.advance(5_000);
        let found = chief.get(&path).await.data();
        (found["diagnoses"][0]["ailment"] == "line_unreachable").then_some(found)
    })
    .await;
    assert_eq!(found["line"]["state"], "unreachable");
    let sentence = found["diagnoses"][0]["sentence"].as_str().unwrap();
    assert!(sentence.contains(&dead.to_string()), "{sentence}");
    // Who only watches is not shown what the lines say.
    let viewer = appliance.client_as(Role::Viewer).await;
    viewer.get(&path).await.refused(403);
    chief.get("/api/equipment/nobody/doctor").await.refused(404);
}
