//! Meters with known values: what they show is a formula of the time, so that a test knows the
//! truth.

use indusmind::base::{Clock, ManualClock, Metric, Timestamp, Unit};
use indusmind::modbus::simulator::{Fault, Instrument, Listener, Simulator};
use indusmind::modbus::{DataType, Decoding, Extras, Function, Register, WordOrder};
use serde_json::{Map, Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

/// One register of a meter: name, unit, table, address, type, scale, word order.
type Row = (
    &'static str,
    &'static str,
    Function,
    u16,
    DataType,
    f64,
    WordOrder,
);

use DataType::{Float32, Float64, Int16, Int32, Uint16, Uint32};
use Function::{Holding, Input};
use WordOrder::{Big, Little};

/// Many types, both tables, both orders: what a plant has in sum.
const ROWS: [Row; 16] = [
    ("power", "kW", Input, 0, Float32, 1.0, Big),
    ("power_l1", "kW", Input, 2, Int32, 1e-3, Big),
    ("power_l2", "kW", Input, 4, Int32, 1e-3, Little),
    ("power_l3", "kW", Input, 6, Int32, 1e-3, Big),
    ("voltage_l1", "V", Holding, 100, Uint16, 0.1, Big),
    ("voltage_l2", "V", Holding, 101, Uint16, 0.1, Big),
    ("voltage_l3", "V", Holding, 102, Uint16, 0.1, Big),
    ("current_l1", "A", Holding, 110, Uint32, 1e-2, Little),
    ("current_l2", "A", Holding, 112, Uint32, 1e-2, Big),
    ("current_l3", "A", Holding, 114, Uint32, 1e-2, Big),
    ("current", "A", Holding, 116, Uint32, 1e-2, Big),
    ("frequency", "Hz", Holding, 200, Float32, 1.0, Little),
    ("power_factor", "", Holding, 202, Int16, 1e-3, Big),
    ("consumption", "kWh", Holding, 300, Float64, 1.0, Big),
    ("temperature", "°C", Holding, 310, Int16, 0.1, Big),
    ("starts_count", "", Holding, 311, Uint16, 1.0, Big),
];

/// A meter that draws `kw` and a little more or less from beat to beat.
pub struct Meter {
    kw: f64,
    registers: Vec<Register>,
}

impl Meter {
    /// A meter of about this power, kW.
    pub fn new(kw: f64) -> Arc<Self> {
        let register = |row: &Row| {
            let (name, unit, function, address, data_type, scale, word_order) = *row;
            let (metric, phase) = Metric::with_phase(name).unwrap();
            Register {
                metric,
                phase,
                unit: Unit::new(unit).unwrap(),
                function,
                address,
                data_type,
                scale,
                word_order,
                decoding: Decoding::Plain,
                not_available: Vec::new(),
                extras: Extras::default(),
            }
        };
        Arc::new(Self {
            kw,
            registers: ROWS.iter().map(register).collect(),
        })
    }

    /// What it shows at this time.
    pub fn truth(&self, name: &str, at: Timestamp) -> f64 {
        let beats = u32::try_from(at.ms() / 5_000).unwrap();
        // Another value at each beat, whether that is five seconds or five minutes.
        let power = self.kw + f64::from((beats + beats / 60) % 4) * 0.5;
        match name {
            "power" => power,
            "power_l1" => power / 2.0,
            "power_l2" | "power_l3" => power / 4.0,
            "voltage_l1" => 230.1,
            "voltage_l2" => 231.3,
            "voltage_l3" => 229.2,
            "current_l1" => amperes(power / 2.0, 230.1),
            "current_l2" => amperes(power / 4.0, 231.3),
            "current_l3" => amperes(power / 4.0, 229.2),
            "current" => {
                let of = |line| self.truth(line, at);
                ((of("current_l1") + of("current_l2") + of("current_l3")) * 100.0).round() / 100.0
            }
            "frequency" => 50.02,
            "power_factor" => 0.9,
            // `kw` for as long as anybody can remember.
            "consumption" => self.kw * f64::from(beats) * 5.0 / 3_600.0,
            "temperature" => -4.5,
            "starts_count" => f64::from(beats / 12 % 1_000),
            other => panic!("a meter has no {other}"),
        }
    }

    /// Energy between two instants, kWh.
    pub fn energy(&self, from: Timestamp, to: Timestamp) -> f64 {
        self.truth("consumption", to) - self.truth("consumption", from)
    }

    /// Its registers as a person enters them.
    pub fn entries() -> Value {
        let entry = |row: &Row| {
            let (name, unit, function, address, data_type, scale, word_order) = *row;
            let entry = json!({ "address": address, "type": data_type, "scale": scale,
                "function": function, "word_order": word_order, "unit": unit });
            (name.to_owned(), entry)
        };
        Value::Object(ROWS.iter().map(entry).collect::<Map<_, _>>())
    }

    /// The names of what it shows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ROWS.iter().map(|row| row.0)
    }
}

impl Instrument for Meter {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let names = ROWS.iter().map(|row| row.0);
        names.map(|name| self.truth(name, at)).collect()
    }
}

/// What flows at this power and voltage, to the hundredth that a register holds: the meters keep
/// the laws by which they are judged.
fn amperes(kw: f64, volts: f64) -> f64 {
    (kw / 0.9 / volts * 1e5).round() / 100.0
}

/// The unit id of every meter of a [`Field`].
pub const UNIT: u8 = 7;

/// Meters, each behind a port of its own.
pub struct Field {
    /// The servers.
    pub simulator: Simulator,
    /// The meters, in the order they were named.
    pub meters: Vec<Arc<Meter>>,
}

impl Field {
    /// Meters of these powers, kW.
    pub async fn of(clock: &ManualClock, powers: &[f64]) -> Self {
        let meters: Vec<_> = powers.iter().map(|kw| Meter::new(*kw)).collect();
        let listener = |meter: &Arc<Meter>| {
            Listener::on_loopback(vec![(UNIT, Arc::clone(meter) as Arc<dyn Instrument>)])
        };
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let simulator = Simulator::start(clock, meters.iter().map(listener).collect());
        Self {
            simulator: simulator.await.unwrap(),
            meters,
        }
    }

    /// Where a meter is and all that it shows, as a person enters it.
    pub fn modbus(&self, meter: usize) -> Value {
        let address = self.simulator.addresses()[meter];
        // Long enough for a busy machine; a meter that is to be silent gets less.
        json!({ "host": address.ip(), "port": address.port(), "unit_id": UNIT,
            "timeout_ms": 10_000, "registers": Meter::entries() })
    }

    /// As [`Field::modbus`] with other settings.
    pub fn modbus_with(&self, meter: usize, settings: &Value) -> Value {
        let mut modbus = self.modbus(meter);
        for (name, value) in settings.as_object().unwrap() {
            modbus[name] = value.clone();
        }
        modbus
    }

    /// Makes a meter misbehave, or heals it.
    pub fn fault(&self, meter: usize, fault: Fault) {
        self.simulator.set_fault(meter, UNIT, fault);
    }
}

/// An address on which nobody listens.
pub fn dead_port() -> SocketAddr {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    taken.local_addr().unwrap()
}
