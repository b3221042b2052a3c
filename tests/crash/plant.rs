//! Three simulated meters whose values tell which meter they are of.

use indusmind::base::{Clock, Metric, SystemClock, Timestamp};
use indusmind::equipment::{ModbusSource, Profiles};
use indusmind::modbus::Register;
use indusmind::modbus::simulator::{Instrument, Listener, Simulator};
use serde_json::{Value, json};
use std::sync::Arc;

/// How many meters are polled.
pub(crate) const METERS: u8 = 3;
/// What is polled of each.
pub(crate) const METRICS: [&str; 2] = ["power", "consumption"];
/// The shortest interval that the API takes.
const INTERVAL_MS: i64 = 100;
/// Meter 2 shows 2 million and something.
const STEP: f64 = 1_000_000.0;

/// The meters on one gateway.
pub(crate) struct Plant {
    simulator: Simulator,
}

struct Meter {
    number: u8,
    registers: Vec<Register>,
    began: Timestamp,
}

impl Instrument for Meter {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let seconds = at.since_ms(self.began) as f64 / 1_000.0;
        let value = |register: &Register| {
            let half = if register.metric == Metric::POWER {
                0.0
            } else {
                STEP / 2.0
            };
            f64::from(self.number) * STEP + half + seconds
        };
        self.registers.iter().map(value).collect()
    }
}

impl Plant {
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(SystemClock);
        let began = clock.now();
        let meter = |number: u8| {
            let source: ModbusSource = serde_json::from_value(source(1, number)).unwrap();
            let plan = source.check(&Profiles::default()).unwrap();
            let registers = plan.reads.registers().to_vec();
            let meter: Arc<dyn Instrument> = Arc::new(Meter {
                number,
                registers,
                began,
            });
            (number, meter)
        };
        let gateway = Listener::on_loopback((1..=METERS).map(meter).collect());
        let simulator = Simulator::start(clock, vec![gateway]).await.unwrap();
        Self { simulator }
    }

    /// The `modbus` object of a meter.
    pub(crate) fn modbus(&self, number: u8) -> Value {
        source(self.simulator.addresses()[0].port(), number)
    }
}

fn source(port: u16, unit_id: u8) -> Value {
    let register = |address: u16| json!({"address": address, "type": "float64"});
    json!({
        "protocol": "tcp", "host": "127.0.0.1", "port": port, "unit_id": unit_id,
        "poll_interval_ms": INTERVAL_MS, "timeout_ms": 2_000,
        "registers": {"power": register(10), "consumption": register(14)},
    })
}

/// Whether a value can be of this meter and metric at all.
pub(crate) fn is_of(number: u8, metric: &str, value: f64) -> bool {
    let half = if metric == "power" { 0.0 } else { STEP / 2.0 };
    let own = value - f64::from(number) * STEP - half;
    (0.0..STEP / 2.0).contains(&own)
}
