//! States over Modbus: a contact that opens and closes becomes a value, an alert of state, and a
//! history with its times; a bit of a register as well as a discrete input.

use crate::alerts::{list, only};
use crate::support::client::Client;
use crate::support::{Appliance, eventually};
use indusmind::base::{Clock, Metric, Phase, Timestamp, Unit};
use indusmind::modbus::simulator::{Fault, Instrument, Listener, Simulator};
use indusmind::modbus::{Bits, DataType, Decoding, Extras, Function, Register, WordOrder};
use serde_json::{Value, json};
use std::sync::Arc;

const START: &str = "2026-11-21T08:00:00Z";
const BEAT_MS: i64 = 60_000;
/// The door is open in these minutes after the start.
const OPEN: std::ops::Range<i64> = 3..6;

fn start() -> Timestamp {
    START.parse().unwrap()
}

/// A cabinet: a contact as discrete input 7, a relay as coil 2, and bit 9 of a word at 100.
struct Cabinet(Vec<Register>);

fn register(name: &str, function: Function, address: u16, bits: Option<Bits>) -> Register {
    let (metric, _) = Metric::with_phase(name).unwrap();
    Register {
        metric,
        phase: Phase::Total,
        unit: Unit::none(),
        function,
        address,
        data_type: match bits {
            Some(_) => DataType::Uint16,
            None => DataType::Bool,
        },
        scale: 1.0,
        word_order: WordOrder::Big,
        decoding: Decoding::Plain,
        not_available: Vec::new(),
        extras: Extras {
            bits,
            ..Extras::default()
        },
    }
}

impl Cabinet {
    fn new() -> Arc<Self> {
        let bit = Bits { from: 9, count: 1 };
        Arc::new(Self(vec![
            register("door_open", Function::Discrete, 7, None),
            register("pump_on", Function::Coil, 2, None),
            register("filter_alarm", Function::Holding, 100, Some(bit)),
        ]))
    }
}

impl Instrument for Cabinet {
    fn registers(&self) -> &[Register] {
        &self.0
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let open = OPEN.contains(&(at.since_ms(start()) / BEAT_MS));
        let open = f64::from(u8::from(open));
        // The pump runs while the door is closed; the filter follows the door.
        vec![open, 1.0 - open, open]
    }
}

async fn cabinet(appliance: &Appliance) -> (Simulator, Value) {
    let clock: Arc<dyn Clock> = Arc::new(appliance.clock.clone());
    let device = Cabinet::new() as Arc<dyn Instrument>;
    let listener = Listener::on_loopback(vec![(1, device)]);
    let simulator = Simulator::start(clock, vec![listener]).await.unwrap();
    let address = simulator.addresses()[0];
    let source = json!({ "host": address.ip(), "port": address.port(), "unit_id": 1,
        "timeout_ms": 10_000, "poll_interval_ms": BEAT_MS, "registers": {
            "door_open": { "address": 7, "type": "bool", "function": "discrete" },
            "pump_on": { "address": 2, "type": "bool", "function": "coil" },
            "pump_alarm": { "address": 2, "type": "bool", "function": "coil", "reversed": true },
            "filter_alarm": { "address": 100, "type": "uint16", "bit": 9 } } });
    (simulator, source)
}

async fn value(client: &Client, id: &str, metric: &str) -> Value {
    let shown = client.live_value(id, metric, None).await;
    assert_eq!(shown["quality"], "good", "{shown}");
    shown["value"].clone()
}

#[tokio::test]
async fn a_contact_is_a_value_an_alert_of_state_and_a_history_with_times() {
    let (appliance, chief) = Appliance::furnished_at(START).await;
    let (_simulator, source) = cabinet(&appliance).await;
    let id = chief.add("Cabinet", &source).await;
    let rule = json!({ "equipment_id": id, "name": "Door open", "level": "High",
        "condition": { "kind": "state", "metric": "door_open", "values": [1] } });
    chief.post("/api/alert-rules", &rule).await.created();
    appliance.read_at(&[&id], appliance.now()).await;
    for minute in 0..8 {
        if minute > 0 {
            appliance.beat_of(BEAT_MS, &[&id]).await;
        }
        let open = json!(f64::from(u8::from(OPEN.contains(&minute))));
        assert_eq!(value(&chief, &id, "door_open").await, open, "{minute}");
        assert_eq!(value(&chief, &id, "filter_alarm").await, open, "{minute}");
        assert_eq!(value(&chief, &id, "pump_alarm").await, open, "{minute}");
        if minute < OPEN.start {
            assert_eq!(list(&chief, "").await["total"], 0, "{minute}");
        } else {
            let active = eventually("the alert to follow the door", || async {
                let alert = only(&chief).await;
                (alert["active"] == json!(OPEN.contains(&minute))).then_some(alert)
            });
            assert_eq!(active.await["equipment_id"], json!(id));
        }
    }
    let (from, to) = (start(), start().plus_ms(8 * BEAT_MS));
    let path = format!(
        "/api/historical/consumption?from={from}&to={to}&resolution=raw&metric=door_open\
         &meter_id={id}"
    );
    let history = chief.get(&path).await.data();
    let points = history["series"].as_array().unwrap();
    let open: Vec<(Value, Value)> = points
        .iter()
        .map(|point| (point["timestamp"].clone(), point["value"].clone()))
        .filter(|(_, value)| *value == json!(1.0))
        .collect();
    let minutes = OPEN.map(|minute| start().plus_ms(minute * BEAT_MS));
    let expected: Vec<_> = minutes.map(|at| (json!(at), json!(1.0))).collect();
    assert_eq!(open, expected);
    assert_eq!(points.len(), 8);
}

#[tokio::test]
async fn a_test_read_shows_the_bits_and_a_refusal_stays_with_its_register() {
    let (appliance, chief) = Appliance::furnished_at(START).await;
    let (simulator, mut source) = cabinet(&appliance).await;
    source["registers"]["lid_open"] =
        json!({ "address": 900, "type": "bool", "function": "discrete" });
    let body = json!({ "modbus": source });
    let read = chief.post("/api/modbus/test-read", &body).await.data();
    let values = read["values"].as_array().unwrap();
    let of = |name: &str| values.iter().find(|one| one["metric"] == name).unwrap();
    assert_eq!(of("door_open")["raw_words"], json!([0]));
    assert_eq!(of("pump_on")["value"], 1.0);
    assert_eq!(of("pump_on")["register"]["function"], "coil");
    assert_eq!(of("filter_alarm")["value"], 0.0);
    assert_eq!(of("door_open")["orders"], json!([]), "a bit has no order");
    assert!(of("lid_open")["error"].is_string(), "{read}");
    // An answer of the wrong length is no state.
    simulator.set_fault(0, 1, Fault::Long);
    let read = chief.post("/api/modbus/test-read", &body).await.data();
    let values = read["values"].as_array().unwrap();
    assert!(values.iter().all(|one| one["value"].is_null()), "{read}");
}
