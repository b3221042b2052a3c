//! Between "it is wired" and "I trust it": scan, plausibility, data-quality events, reports.

use crate::support::meters::{Field, Meter, UNIT, dead_port};
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use indusmind::base::{Batch, Clock, EquipmentId, Metric, Phase, Reading, Timestamp, Unit};
use indusmind::modbus::simulator::plant::Plant;
use indusmind::modbus::simulator::{Fault, Instrument, Listener, Simulator};
use serde_json::{Value, json};
use std::sync::Arc;

/// A meter whose power was entered in kW although it is read as if it were W a thousand times.
fn misread(field: &Field) -> Value {
    let mut modbus = field.modbus(0);
    modbus["registers"]["power"]["scale"] = json!(1_000.0);
    modbus
}

async fn detail(client: &crate::support::client::Client, id: &str) -> Value {
    client.get(&format!("/api/equipment/{id}")).await.data()
}

#[tokio::test]
async fn a_meter_proves_itself_and_one_that_cannot_be_true_is_not_believed() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let good = chief.add("Good", &field.modbus(0)).await;
    let bad = chief.add("Bad", &misread(&field)).await;
    let start = detail(&chief, &bad).await["plausibility"].clone();
    assert_eq!(
        (&start["state"], &start["believed"]),
        (&json!("proving"), &json!(true))
    );
    // Two minutes of polling.
    for _ in 0..24 {
        appliance.beat(&[&good, &bad]).await;
    }
    let proved = detail(&chief, &good).await["plausibility"].clone();
    assert_eq!(
        (&proved["state"], &proved["findings"], &proved["believed"]),
        (&json!("plausible"), &json!([]), &json!(true))
    );
    let doubted = detail(&chief, &bad).await["plausibility"].clone();
    assert_eq!(
        (&doubted["state"], &doubted["believed"]),
        (&json!("suspect"), &json!(false))
    );
    let finding = &doubted["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["subject"]),
        (&json!("power_unit"), &json!("power"))
    );
    assert!(
        finding["sentence"]
            .as_str()
            .unwrap()
            .contains("1000 times too large")
    );
    assert!(finding["since"].is_string() && finding.get("slots").is_none());
    let list = chief.get("/api/equipment?search=Bad").await.data();
    assert_eq!(list["items"][0]["plausibility"]["state"], "suspect");
    // What it shows is kept, as bad: it counts in no figure.
    let power = chief.live_value(&bad, "power", None).await;
    assert_eq!(power["quality"], "bad");
    assert!(power["value"].as_f64().unwrap() > 30_000.0);
    assert_eq!(
        chief.live_value(&bad, "voltage", Some("L1")).await["quality"],
        "good"
    );
    assert_eq!(list["items"][0]["power"], Value::Null);

    // A person stands for it, with a reason.
    let path = format!("/api/equipment/{bad}/belief");
    assert_eq!(
        chief
            .post(&path, &json!({ "reason": " " }))
            .await
            .bad_fields(),
        ["reason"]
    );
    let reason = json!({ "reason": "It is a very large machine." });
    let believed = chief.post(&path, &reason).await.data();
    assert_eq!(
        (&believed["state"], &believed["believed"]),
        (&json!("suspect"), &json!(true))
    );
    assert_eq!(believed["belief"]["by"], EMAIL);
    assert_eq!(chief.audit().await[0]["action"], "equipment.believe");
    appliance.beat(&[&bad]).await;
    assert_eq!(
        chief.live_value(&bad, "power", None).await["quality"],
        "good"
    );

    // His word stays over a restart; the proof begins anew.
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let again = detail(&chief, &bad).await["plausibility"].clone();
    assert_eq!(again["belief"]["reason"], "It is a very large machine.");
    assert_eq!(again["findings"], json!([]));
    for _ in 0..13 {
        appliance.beat(&[&bad]).await;
    }
    assert_eq!(
        chief.live_value(&bad, "power", None).await["quality"],
        "good"
    );
    let taken_back = chief.delete(&path).await.data();
    assert_eq!(
        (&taken_back["believed"], &taken_back["belief"]),
        (&json!(false), &Value::Null)
    );
    chief.delete(&path).await.refused(404);
    appliance.beat(&[&bad]).await;
    assert_eq!(
        chief.live_value(&bad, "power", None).await["quality"],
        "bad"
    );

    // Put right, it is believed again at once, and nobody's word is needed.
    let change = json!({ "modbus": field.modbus(0) });
    chief
        .put(&format!("/api/equipment/{bad}"), &change)
        .await
        .data();
    appliance.beat(&[&bad]).await;
    assert_eq!(
        chief.live_value(&bad, "power", None).await["quality"],
        "good"
    );
    let reason = json!({ "reason": "Nothing is wrong." });
    chief.post(&path, &reason).await.refused(409);
}

pub(crate) async fn ended(chief: &crate::support::client::Client, id: &str) -> Value {
    eventually("the scan to end", || async {
        let scan = chief.get(&format!("/api/modbus/scan/{id}")).await.data();
        (scan["state"] != "RUNNING").then_some(scan)
    })
    .await
}

#[tokio::test]
async fn a_scan_finds_who_is_on_a_bus_and_names_the_profile() {
    let (appliance, chief) = Appliance::furnished().await;
    let plant = Plant::new(7, 3_600_000);
    let clock: Arc<dyn Clock> = Arc::new(appliance.clock.clone());
    let simulator = Simulator::start(clock, plant.listeners()).await.unwrap();
    let moulding = simulator.addresses()[1];
    let known = json!({ "host": "127.0.0.1", "port": moulding.port(), "unit_id": 2,
        "profile": "schneider-iem3000" });
    let press = chief.add("Press 2", &known).await;
    appliance.read_at(&[&press], appliance.now()).await;
    let asked = simulator.requests(1, 2);

    let request = json!({ "hosts": "127.0.0.1", "port": moulding.port(), "unit_from": 1,
        "unit_to": 6, "timeout_ms": 3_000 });
    let reply = chief.post("/api/modbus/scan", &request).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let started = reply.json()["data"].clone();
    assert_eq!(
        (&started["of"], &started["request"]["unit_to"]),
        (&json!(6), &json!(6))
    );
    let scan = ended(&chief, started["id"].as_str().unwrap()).await;
    assert_eq!(
        (&scan["state"], &scan["progress"]),
        (&json!("SUCCESS"), &json!(100))
    );
    let finds = scan["finds"].as_array().unwrap();
    let units: Vec<_> = finds
        .iter()
        .map(|find| find["unit_id"].as_u64().unwrap())
        .collect();
    assert_eq!(units, [1, 2, 3, 4]);
    // Its brothers have the same registers and some more: they are told beside it.
    let told = finds[0]["profiles"].as_array().unwrap();
    let is_brother = |fit: &Value| fit["profile"].as_str().unwrap().starts_with("schneider-");
    assert!(is_brother(&told[0]), "{told:?}");
    let own = |fit: &&Value| fit["profile"] == "schneider-iem3000";
    let fit = told.iter().find(own).unwrap();
    // Of the others, such as energies by tariff, nothing is known beforehand.
    assert!(fit["plausible"].as_u64().unwrap() >= 20, "{fit}");
    assert!(finds[0]["round_trip_ms"].as_f64().unwrap() > 0.0);
    // What is polled is not asked again.
    assert_eq!(finds[1]["equipment_name"], "Press 2");
    assert_eq!(simulator.requests(1, 2), asked);
    // A controller without a profile answers, and no profile claims to be all of it.
    let claims = finds[2]["profiles"].as_array().unwrap();
    assert!(
        claims
            .iter()
            .all(|fit| fit["plausible"].as_u64() < fit["of"].as_u64()),
        "{claims:?}"
    );
    let audit = chief.audit().await;
    assert_eq!(audit[0]["action"], "modbus.scan");
    assert_eq!(audit[0]["details"]["hosts"], "127.0.0.1");
}

#[tokio::test]
async fn one_scan_at_a_time_of_one_s_own_networks_that_can_be_ended() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    field.fault(0, Fault::Silent);
    let port = field.simulator.addresses()[0].port();
    let slow = json!({ "hosts": "127.0.0.1", "port": port, "unit_from": UNIT, "unit_to": UNIT,
        "timeout_ms": 3_000 });
    let reply = chief.post("/api/modbus/scan", &slow).await;
    let id = reply.json()["data"]["id"].as_str().unwrap().to_owned();
    let refused = chief.post("/api/modbus/scan", &slow).await.refused(409);
    assert_eq!(refused["details"]["scan_id"], id.as_str());
    let path = format!("/api/modbus/scan/{id}");
    assert_eq!(chief.delete(&path).await.data()["state"], "CANCELLED");
    assert_eq!(ended(&chief, &id).await["finds"], json!([]));
    let actions: Vec<_> = chief
        .audit()
        .await
        .iter()
        .map(|e| e["action"].clone())
        .collect();
    assert_eq!(
        actions[..2],
        [json!("modbus.scan_cancel"), json!("modbus.scan")]
    );

    for (hosts, field) in [("8.8.8.8", "hosts"), ("10.0.0.0/8", "hosts"), ("", "hosts")] {
        let request = json!({ "hosts": hosts });
        assert_eq!(
            chief.post("/api/modbus/scan", &request).await.bad_fields(),
            [field]
        );
    }
    chief.get("/api/modbus/scan/nobody").await.refused(404);
    chief.delete("/api/modbus/scan/nobody").await.refused(404);
    // Nobody listens there: found nothing, and said so quickly.
    let nobody = json!({ "hosts": "127.0.0.1", "port": dead_port().port(), "unit_to": 247 });
    let reply = chief.post("/api/modbus/scan", &nobody).await;
    let id = reply.json()["data"]["id"].as_str().unwrap().to_owned();
    let scan = ended(&chief, &id).await;
    assert_eq!(
        (&scan["state"], &scan["asked"]),
        (&json!("SUCCESS"), &json!(247))
    );
    assert_eq!(scan["finds"], json!([]));
}

#[tokio::test]
async fn a_report_holds_the_words_of_the_wire_beside_the_display() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Main", &field.modbus(0)).await;
    let path = format!("/api/equipment/{id}/commissioning");
    let taken = chief
        .post(&format!("{path}/reading"), &json!({}))
        .await
        .data();
    assert_eq!(taken["read"]["verdict"]["code"], "plausible");
    let values = taken["read"]["values"].as_array().unwrap();
    assert_eq!(values.len(), Meter::names().count());
    let power = values
        .iter()
        .find(|v| v["metric"] == "power" && v["phase"].is_null())
        .unwrap();
    let shown = power["value"].as_f64().unwrap();
    assert_eq!(power["orders"].as_array().unwrap().len(), 4);

    let mut report = json!({ "reading_id": taken["reading_id"], "installer": " ",
        "shown": { "power": shown * 1.01, "frequency": 49.0, "nothing": 1 } });
    let refused = chief.post(&path, &report).await.bad_fields();
    assert_eq!(refused, ["shown.nothing"]);
    report["shown"].as_object_mut().unwrap().remove("nothing");
    assert_eq!(chief.post(&path, &report).await.bad_fields(), ["installer"]);
    report["installer"] = json!("N. Haddad");
    let written = chief.post(&path, &report).await.created();
    assert_eq!(written["verdict"], "failed");
    assert_eq!(
        (&written["installer"], &written["written_by"]),
        (&json!("N. Haddad"), &json!(EMAIL))
    );
    let line = |name: &str| {
        let lines = written["lines"].as_array().unwrap();
        lines
            .iter()
            .find(|line| line["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(line("power")["verdict"], "passed");
    let deviation = line("power")["deviation_percent"].as_f64().unwrap();
    assert!((deviation + 0.990_099).abs() < 1e-4, "{deviation}");
    assert_eq!(line("power")["raw_words"], power["raw_words"]);
    assert_eq!(line("frequency")["verdict"], "failed");
    assert_eq!(line("voltage_l1")["verdict"], "not_compared");
    assert_eq!(written["connection"]["unit_id"], UNIT);
    assert_eq!(chief.audit().await[0]["action"], "equipment.commission");
    // It is kept, and a reading makes one report.
    let kept = chief.get(&path).await.data()["items"].clone();
    assert_eq!(kept, json!([written]));
    assert_eq!(
        chief.post(&path, &report).await.bad_fields(),
        ["reading_id"]
    );
    let body = json!({ "name": "Unwired", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let unwired = chief.add_equipment(&body).await;
    let path = format!("/api/equipment/{unwired}/commissioning/reading");
    chief.post(&path, &json!({})).await.refused(409);
}

/// A day of a meter of 10 kW whose counter counts this share of it.
fn day(equipment: EquipmentId, from: Timestamp, share: f64) -> Vec<Batch> {
    let reading = |name: &str, unit: &str, value: f64| {
        let metric = Metric::new(name).unwrap();
        Reading::good(metric, Phase::Total, Unit::new(unit).unwrap(), value)
    };
    // The reading on the stroke of midnight belongs to the day that ends there.
    let step = |n: i64| Batch {
        equipment,
        at: from.plus_ms(n * 60_000),
        arrived: from.plus_ms(n * 60_000),
        interval_ms: 60_000,
        readings: vec![
            reading("power", "kW", 10.0),
            reading(
                "consumption",
                "kWh",
                1_000.0 + 10.0 * share * n as f64 / 60.0,
            ),
        ],
    };
    (0..=1_440).map(step).collect()
}

#[tokio::test]
async fn a_counter_that_differs_from_power_raises_an_event() {
    // Just after midnight of the plant.
    let (appliance, chief) = Appliance::furnished_at("2026-11-21T23:05:00Z").await;
    let body = json!({ "name": "Main", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let (good, bad) = (
        chief.add_equipment(&body).await,
        chief.add_equipment(&body).await,
    );
    let from: Timestamp = "2026-11-20T23:00:00Z".parse().unwrap();
    for (id, share) in [(&good, 0.99), (&bad, 0.95)] {
        let batches = day(id.parse().unwrap(), from, share);
        appliance
            .context()
            .intake
            .store(Arc::new(batches))
            .await
            .unwrap();
    }
    appliance.advance(20 * 60_000);
    let path = |id: &str| format!("/api/equipment/{id}/quality-events");
    let event = eventually("the day to be compared", || async {
        let events = chief.get(&path(&bad)).await.data()["items"].clone();
        events.get(0).cloned()
    })
    .await;
    assert_eq!(
        (&event["date"], &event["event"]),
        (&json!("2026-11-21"), &json!(true))
    );
    let difference = event["difference_percent"].as_f64().unwrap();
    assert!((difference + 5.0).abs() < 0.1, "{difference}");
    assert!(event["sentence"].as_str().unwrap().contains("5.0 % below"));
    assert_eq!(chief.get(&path(&good)).await.data()["items"], json!([]));
    let all = chief.get(&format!("{}?all=true", path(&good))).await.data();
    let kept = &all["items"][0];
    assert!((kept["integral_kwh"].as_f64().unwrap() - 240.0).abs() < 0.5);
    assert!((kept["counter_kwh"].as_f64().unwrap() - 237.6).abs() < 0.5);
    chief.get(&path("nobody")).await.refused(404);
}

/// One of the simulated machines alone.
#[tokio::test]
async fn a_scan_of_a_range_asks_each_address() {
    let (appliance, chief) = Appliance::furnished().await;
    let plant = Plant::new(7, 3_600_000);
    let press = Arc::clone(&plant.devices()[0]) as Arc<dyn Instrument>;
    let clock: Arc<dyn Clock> = Arc::new(appliance.clock.clone());
    let listeners = vec![Listener::on_loopback(vec![(1, press)])];
    let simulator = Simulator::start(clock, listeners).await.unwrap();
    let port = simulator.addresses()[0].port();
    let request = json!({ "hosts": "127.0.0.1-3", "port": port, "timeout_ms": 3_000 });
    let reply = chief.post("/api/modbus/scan", &request).await;
    let id = reply.json()["data"]["id"].as_str().unwrap().to_owned();
    let scan = ended(&chief, &id).await;
    assert_eq!(scan["asked"], 3);
    let hosts: Vec<_> = scan["finds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["host"])
        .collect();
    assert_eq!(hosts, ["127.0.0.1"]);
    assert_eq!(scan["finds"][0]["profiles"][0]["profile"], "eastron-sdm630");
}
