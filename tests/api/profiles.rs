//! Profiles that people add: as JSON, TOML or a table, without a restart.

use crate::support::Appliance;
use crate::support::client::{Client, Reply};
use crate::support::meters::{Field, Meter};
use crate::support::{assert_near, keys};
use reqwest::Method;
use serde_json::{Value, json};

fn profile(id: &str) -> Value {
    json!({ "id": id, "brand": "Acme", "model": "M1", "source": "The manual, page 7.",
        "registers": { "power": { "address": 0, "type": "float32", "unit": "W" } } })
}

async fn send(client: &Client, method: Method, path: &str, kind: &str, text: &str) -> Reply {
    let request = client.request(method, path).header("content-type", kind);
    Reply::to(request.body(text.to_owned())).await
}

const TOML: &str = r#"
id = "acme-m2"
brand = "Acme"
model = "M2"
source = "The manual, page 8."

[limits]
words_per_read_max = 60
gap_words_max = 4

[defaults]
function = "input"
type = "float32"

[registers]
power = { address = 52, unit = "W" }
frequency = { address = 70, unit = "Hz", min = 0, max = 100 }

[[vectors]]
register = "frequency"
words = [0x4247, 0xEB85]
value = 49.98
"#;

/// The registers of a simulated meter as a profile.
fn of_a_meter(id: &str, names: &[&str]) -> Value {
    let entries = Meter::entries();
    let registers: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), entries[*name].clone()))
        .collect();
    json!({ "id": id, "brand": "Acme", "model": "M1", "source": "A test.",
        "registers": registers })
}

#[tokio::test]
async fn a_profile_is_added_found_read_and_survives_a_restart() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let before = chief.get("/api/profiles").await.data()["total"].clone();
    let made = chief.post("/api/profiles", &profile("acme-m1")).await;
    let made = made.created();
    assert_eq!(
        (&made["builtin"], &made["registers"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(made["places"][0]["unit"], "kW");
    let text = send(
        &chief,
        Method::POST,
        "/api/profiles",
        "application/toml",
        TOML,
    )
    .await;
    assert_eq!(text.created()["metrics"], json!(["power", "frequency"]));
    let found = chief.get("/api/profiles?q=acme%20page").await.data();
    assert_eq!(found["total"], 2);
    let none = chief.get("/api/profiles?q=acme%20abacus").await.data();
    assert_eq!(none["total"], 0);
    let page = chief.get("/api/profiles?page_size=5&page=2").await.data();
    assert_eq!(page["items"].as_array().unwrap().len(), 5);
    assert_eq!(page["total"], before.as_u64().unwrap() + 2);
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client_as(indusmind::auth::Role::Admin).await;
    let kept = chief.get("/api/profiles/acme-m2").await.data();
    assert_eq!(kept["file"]["limits"]["words_per_read_max"], 60);
}

#[tokio::test]
async fn what_is_downloaded_can_be_brought_in_again() {
    let (_appliance, chief) = Appliance::furnished().await;
    let file = chief.get("/api/profiles/eastron-sdm630/toml").await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "application/toml");
    assert!(
        file.header("content-disposition")
            .contains("\"eastron-sdm630.toml\"")
    );
    let taken = send(
        &chief,
        Method::POST,
        "/api/profiles",
        "application/toml",
        &file.text,
    )
    .await;
    taken.refused(409);
    let copy = file.text.replacen("eastron-sdm630", "our-sdm630", 1);
    let copy = send(
        &chief,
        Method::POST,
        "/api/profiles",
        "application/toml",
        &copy,
    )
    .await;
    let (copy, original) = (
        copy.created(),
        chief.get("/api/profiles/eastron-sdm630").await.data(),
    );
    assert_eq!(copy["places"], original["places"]);
    assert_eq!(copy["reads"], original["reads"]);
    let ours = chief.get("/api/profiles/our-sdm630/toml").await.text;
    let again = ours.replacen("our-sdm630", "ours-again", 1);
    let again = send(
        &chief,
        Method::POST,
        "/api/profiles",
        "application/toml",
        &again,
    )
    .await;
    assert_eq!(again.created()["places"], original["places"]);
}

#[tokio::test]
async fn a_table_and_a_plain_list_in_printed_numbers_are_taken() {
    let (_appliance, chief) = Appliance::furnished().await;
    let path = "/api/profiles?id=press-1&brand=Acme&model=Press&addresses=printed";
    let table =
        "name;address;type;unit;scale\npower;40001;float32;kW;0,1\nvoltage;30003;int16;V;1\n";
    let made = send(&chief, Method::POST, path, "text/csv; charset=utf-8", table).await;
    let made = made.created();
    let place = |index: usize| made["places"][index].clone();
    assert_eq!(
        (&place(0)["function"], &place(0)["address"]),
        (&json!("holding"), &json!(0))
    );
    assert_eq!(
        (&place(1)["function"], &place(1)["address"]),
        (&json!("input"), &json!(2))
    );
    let note = made["notes"][0].as_str().unwrap();
    assert!(note.contains("40001 is holding register 0"), "{note}");
    // A register list as others keep it: numbers that are printed in manuals, camel case.
    let list = json!({ "protocol": "modbus-tcp", "ip": "10.0.0.9", "registers": {
        "power": { "address": 40001, "scale": 0.1 },
        "powerFactor": { "address": 40009, "scale": 0.01 } } });
    let path = "/api/profiles?id=press-2&brand=Acme&model=Press";
    let made = chief.post(path, &list).await.created();
    assert_eq!(made["metrics"], json!(["power", "power_factor"]));
    assert_eq!(made["places"][1]["address"], 8);
    let path = "/api/profiles?id=press-3&brand=Acme&model=Press";
    let made = send(&chief, Method::POST, path, "text/csv", table)
        .await
        .created();
    // Nobody said that it was printed.
    assert_eq!(made["places"][0]["address"], 30_003);
    assert!(
        made["notes"][0]
            .as_str()
            .unwrap()
            .contains("looks like a printed number")
    );
}

#[tokio::test]
async fn a_bad_file_is_refused_whole_with_its_places() {
    let (_appliance, chief) = Appliance::furnished().await;
    let log = chief.audit().await.len();
    let post = async |kind: &str, text: &str| {
        send(&chief, Method::POST, "/api/profiles", kind, text).await
    };
    let first = |reply: &Reply| {
        let refused = reply.refused(400);
        let field = &refused["details"]["fields"][0];
        let text = |name: &str| field[name].as_str().unwrap().to_owned();
        (text("path"), text("message"))
    };
    let broken = TOML.replace("address = 52", "address = fifty");
    let (path, message) = first(&post("application/toml", &broken).await);
    assert_eq!(path, "file");
    assert!(message.starts_with("Line 16, column "), "{message}");
    let wrong = TOML
        .replace("unit = \"W\"", "unit = \"kWh\"")
        .replace("M2\"", "\"");
    let reply = post("application/toml", &wrong).await;
    assert_eq!(reply.bad_fields(), ["model", "registers.power.unit"]);
    assert!(
        reply.text.contains("Line 16: power is given in kW"),
        "{}",
        reply.text
    );
    let lie = TOML.replace("value = 49.98", "value = 60.0");
    let (path, message) = first(&post("application/toml", &lie).await);
    assert!(
        path == "vectors.0" && message.contains("decodes to 49.98"),
        "{message}"
    );
    let path = "/api/profiles?id=x&brand=A&model=B";
    let table = "name,address,unit\npower,1,W\nvoltage,70000,V\n";
    let reply = send(&chief, Method::POST, path, "text/csv", table).await;
    let (path, message) = first(&reply);
    assert_eq!(path, "registers.voltage.address");
    assert!(message.starts_with("Line 3: "), "{message}");
    let mut json = profile("acme-m1");
    json["registers"]["power"]["adress"] = json!(1);
    let reply = chief.post("/api/profiles", &json).await;
    assert_eq!(reply.bad_fields(), ["registers.power.adress"]);
    // A list does not say whose it is.
    let reply = chief
        .post("/api/profiles", &json!({ "registers": { "power": 40001 } }))
        .await;
    assert_eq!(reply.bad_fields(), ["brand", "id", "model"]);
    post("text/plain", "power 1").await.refused(415);
    let large = format!("# {}\n{TOML}", "x".repeat(300 * 1024));
    post("application/toml", &large).await.refused(413);
    let larger = "#".repeat(600 * 1024);
    post("application/toml", &larger).await.refused(413);
    assert_eq!(chief.get("/api/profiles?q=acme").await.data()["total"], 0);
    assert_eq!(chief.audit().await.len(), log, "nothing happened");
}

#[tokio::test]
async fn what_came_with_the_program_stays_as_it_is() {
    let (_appliance, chief) = Appliance::furnished().await;
    let path = "/api/profiles/eastron-sdm630";
    let copy_first = chief
        .put(path, &profile("eastron-sdm630"))
        .await
        .refused(409);
    assert!(copy_first["error"].as_str().unwrap().contains("Copy it"));
    chief.delete(path).await.refused(409);
    chief
        .post("/api/profiles", &profile("eastron-sdm630"))
        .await
        .refused(409);
    chief
        .put("/api/profiles/none", &profile("none"))
        .await
        .refused(404);
    chief.delete("/api/profiles/none").await.refused(404);
    chief.get("/api/profiles/none/toml").await.refused(404);
    chief
        .post("/api/profiles", &profile("acme-m1"))
        .await
        .created();
    let renamed = chief
        .put("/api/profiles/acme-m1", &profile("acme-m9"))
        .await;
    assert_eq!(renamed.bad_fields(), ["id"]);
}

#[tokio::test]
async fn equipment_follows_its_profile_at_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let field = Field::of(&appliance.clock, &[40.0]).await;
    let narrow = of_a_meter("acme-m1", &["power"]);
    chief.post("/api/profiles", &narrow).await.created();
    let source = json!({ "host": field.modbus(0)["host"], "port": field.modbus(0)["port"],
        "unit_id": field.modbus(0)["unit_id"], "timeout_ms": 10_000, "profile": "acme-m1" });
    let id = chief.add("Press", &source).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let names = async || {
        let live = chief.live(&id).await;
        let values = live["values"].as_array().unwrap().clone();
        values
            .iter()
            .map(|v| v["metric"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["power"]);
    let wide = of_a_meter("acme-m1", &["power", "frequency"]);
    let changed = chief.put("/api/profiles/acme-m1", &wide).await.data();
    assert_eq!(
        (&changed["revision"], &changed["used_by"][0]["name"]),
        (&json!(2), &json!("Press"))
    );
    let at = appliance.beat(&[&id]).await;
    assert_eq!(names().await, ["frequency", "power"]);
    let live = chief.live_value(&id, "frequency", None).await;
    assert_near(
        &live["value"],
        field.meters[0].truth("frequency", at),
        "frequency",
    );

    let used = chief.delete("/api/profiles/acme-m1").await.refused(409);
    assert!(used["error"].as_str().unwrap().contains("Press"), "{used}");
    // Its own register stands on the profile; without that the equipment would have none.
    let path = format!("/api/equipment/{id}");
    chief.put(&path, &json!({ "modbus": null })).await.data();
    chief.delete("/api/profiles/acme-m1").await.data();
    chief.get("/api/profiles/acme-m1").await.refused(404);
    let actions: Vec<_> = chief
        .audit()
        .await
        .into_iter()
        .map(|entry| entry["action"].clone())
        .collect();
    for action in ["profile.create", "profile.update", "profile.delete"] {
        assert!(actions.contains(&json!(action)), "{actions:?}");
    }
}

#[tokio::test]
async fn a_profile_shows_its_shape() {
    let (_appliance, chief) = Appliance::furnished().await;
    let detail = chief.get("/api/profiles/sunspec-meter").await.data();
    let shape = [
        "brand",
        "builtin",
        "file",
        "id",
        "metrics",
        "model",
        "notes",
        "places",
        "reads",
        "registers",
        "revision",
        "source",
        "sunspec",
        "used_by",
        "verified",
    ];
    assert_eq!(keys(&detail), shape);
    assert_eq!(
        (&detail["sunspec"], &detail["reads"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(detail["file"]["registers"]["power"]["scale_register"], 22);
}
