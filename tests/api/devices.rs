//! Device profiles, and the read on trial.

use crate::support::Appliance;
use crate::support::meters::{Field, Meter, dead_port};
use crate::support::{assert_near, keys};
use indusmind::base::EquipmentId;
use indusmind::modbus::simulator::Fault;
use serde_json::{Value, json};

#[tokio::test]
async fn the_profiles_tell_what_they_read_and_where_it_comes_from() {
    let (_appliance, chief) = Appliance::furnished().await;
    let page = chief.get("/api/profiles").await.data();
    let items = page["items"].as_array().unwrap();
    let ids: Vec<_> = items.iter().map(|p| p["id"].as_str().unwrap()).collect();
    for id in [
        "eastron-sdm630",
        "janitza-umg96",
        "schneider-iem3000",
        "sunspec-meter",
    ] {
        assert!(ids.contains(&id), "{ids:?}");
    }
    assert!(ids.len() >= 45);
    assert_eq!(
        (&page["total"], &page["has_more"]),
        (&json!(ids.len()), &json!(false))
    );
    for profile in items {
        let shape = [
            "brand",
            "builtin",
            "id",
            "metrics",
            "model",
            "registers",
            "revision",
            "source",
            "sunspec",
            "verified",
        ];
        assert_eq!(keys(profile), shape);
        assert!(profile["source"].as_str().unwrap().len() > 10, "{profile}");
        let metrics = profile["metrics"].as_array().unwrap();
        let states = ["digital-inputs", "waveshare-relay-d"].map(|id| json!(id));
        let power = metrics.contains(&json!("power")) || states.contains(&profile["id"]);
        assert!(power, "{profile}");
        assert_eq!(profile["registers"], metrics.len());
        assert_eq!(profile["builtin"], true);
    }
    let sdm630 = chief.get("/api/profiles/eastron-sdm630").await.data();
    let power = json!({ "metric": "power", "phase": null, "unit": "kW", "function": "input",
        "address": 52, "type": "float32" });
    let places = sdm630["places"].as_array().unwrap();
    assert!(places.contains(&power), "{places:?}");
    assert_eq!(sdm630["file"]["registers"]["power"]["address"], 52);
    assert!(sdm630["reads"].as_u64().unwrap() * 8 <= sdm630["registers"].as_u64().unwrap());
    chief.get("/api/profiles/no-such-meter").await.refused(404);
}

#[tokio::test]
async fn a_trial_reads_every_register_and_keeps_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let request = json!({ "modbus": field.modbus(0) });
    let read = chief.post("/api/modbus/test-read", &request).await.data();
    assert_eq!((&read["ok"], &read["error"]), (&json!(true), &Value::Null));
    assert!(read["round_trip_ms"].as_f64().unwrap() > 0.0);
    let values = read["values"].as_array().unwrap();
    assert_eq!(values.len(), Meter::names().count());
    for value in values {
        let phase = value["phase"]
            .as_str()
            .map(|p| format!("_{}", p.to_lowercase()));
        let name = format!(
            "{}{}",
            value["metric"].as_str().unwrap(),
            phase.unwrap_or_default()
        );
        assert_near(
            &value["value"],
            field.meters[0].truth(&name, appliance.now()),
            &name,
        );
        let entry = &Meter::entries()[&name];
        assert_eq!(value["register"]["address"], entry["address"]);
        assert!(!value["raw_words"].as_array().unwrap().is_empty());
        assert!(value["error"].is_null());
    }
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 0);
    assert_eq!(chief.get("/api/system").await.data()["samples_written"], 0);
}

#[tokio::test]
async fn a_trial_on_a_dead_port_says_so() {
    let (_appliance, chief) = Appliance::furnished().await;
    let dead = dead_port();
    let request = json!({ "modbus": { "host": "127.0.0.1", "port": dead.port(),
        "registers": { "power": { "address": 0, "type": "float32" } } } });
    let read = chief.post("/api/modbus/test-read", &request).await.data();
    assert_eq!(
        (&read["ok"], &read["round_trip_ms"]),
        (&json!(false), &Value::Null)
    );
    let sentence = read["error"].as_str().unwrap();
    assert!(sentence.contains(&dead.to_string()), "{sentence}");
    assert!(read["values"][0]["value"].is_null());
    assert_eq!(read["values"][0]["error"], sentence);
}

#[tokio::test]
async fn a_trial_tells_which_register_the_device_refuses() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let mut modbus = field.modbus(0);
    modbus["registers"] = json!({
        "power": { "address": 0, "type": "float32", "function": "input" },
        "power_l1": { "address": 4_000, "type": "float32", "function": "input" },
    });
    let read = chief
        .post("/api/modbus/test-read", &json!({ "modbus": modbus }))
        .await
        .data();
    assert_eq!(read["ok"], false);
    let values = read["values"].as_array().unwrap();
    assert_near(
        &values[0]["value"],
        field.meters[0].truth("power", appliance.now()),
        "power",
    );
    assert!(
        values[1]["value"].is_null() && values[1]["error"].is_string(),
        "{read}"
    );

    field.fault(0, Fault::Exception(4));
    let request = json!({ "modbus": field.modbus(0) });
    let read = chief.post("/api/modbus/test-read", &request).await.data();
    assert_eq!(read["ok"], false);
    assert!(
        read["values"]
            .as_array()
            .unwrap()
            .iter()
            .all(|v| v["value"].is_null())
    );
}

#[tokio::test]
async fn a_trial_of_nonsense_is_refused_field_by_field() {
    let (_appliance, chief) = Appliance::furnished().await;
    let request = json!({ "modbus": { "host": "", "port": 0, "registers": {} } });
    let reply = chief.post("/api/modbus/test-read", &request).await;
    assert_eq!(
        reply.bad_fields(),
        ["modbus.host", "modbus.port", "modbus.registers"]
    );
    for (request, path) in [
        (json!({}), "modbus"),
        (
            json!({ "modbus": { "port": 502, "profile": "eastron-sdm630" } }),
            "modbus.host",
        ),
        (
            json!({ "modbus": { "host": "a", "speed": 1 } }),
            "modbus.speed",
        ),
        (
            json!({ "modbus": { "host": "a" }, "id": EquipmentId::new() }),
            "id",
        ),
    ] {
        let reply = chief.post("/api/modbus/test-read", &request).await;
        assert_eq!(reply.bad_fields(), [path], "{request}");
    }
}
