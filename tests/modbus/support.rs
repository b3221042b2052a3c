//! A plant, a clock and an acquisition in one hand.

use indusmind::base::{Batch, EquipmentId, ManualClock, Metric, Quality, Timestamp};
use indusmind::equipment::SerialSource;
use indusmind::equipment::link::Link;
use indusmind::equipment::poller::{Acquisition, Device};
use indusmind::equipment::profile::Profiles;
use indusmind::equipment::source::{ModbusSource, Protocol, RegisterSource};
use indusmind::ingest::Inlet;
use indusmind::modbus::simulator::{Instrument, Listener, Simulator, Wire};
use indusmind::modbus::{DataType, Parity, Register};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a condition may take on a busy machine before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The interval of the test devices, ms.
pub(crate) const INTERVAL_MS: i64 = 5_000;

/// When the tests begin: on the grid of every interval used here.
pub(crate) fn start_time() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().unwrap()
}

/// Waits for something that must happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not happen"))
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    soon(what, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// A device whose power is a different number at every millisecond.
pub(crate) struct Beacon {
    registers: Vec<Register>,
    /// Tells its values from those of the other beacons.
    pub(crate) number: u8,
}

impl Beacon {
    /// The power that beacon `number` shows, kW.
    pub(crate) fn power_kw(number: u8, at: Timestamp) -> f64 {
        let seconds = at.since_ms(start_time()) as f64 / 1_000.0;
        f64::from(number) * 100_000.0 + seconds
    }

    pub(crate) fn new(number: u8) -> Arc<Self> {
        let plan = Self::source("localhost", 1, 1).check(&Profiles::default());
        let registers = plan.unwrap().reads.registers().to_vec();
        Arc::new(Self { registers, number })
    }

    /// What a person enters to read a beacon: two doubles that are read in one request.
    pub(crate) fn source(host: &str, port: u16, unit_id: u8) -> ModbusSource {
        let mut source = ModbusSource::tcp(host, port, unit_id);
        source.poll_interval_ms = INTERVAL_MS;
        // Only a device that shall be silent is given less.
        source.timeout_ms = 30_000;
        for (name, address) in [("power", 10), ("consumption", 14)] {
            let register = RegisterSource {
                address,
                data_type: DataType::Float64,
                ..register_source()
            };
            source.registers.insert(name.to_owned(), register);
        }
        source
    }
}

/// A plain holding register at 0.
pub(crate) fn register_source() -> RegisterSource {
    serde_json::from_value(serde_json::json!({"address": 0, "type": "uint16"})).unwrap()
}

impl Instrument for Beacon {
    fn registers(&self) -> &[Register] {
        &self.registers
    }

    fn values(&self, at: Timestamp) -> Vec<f64> {
        let power_kw = Self::power_kw(self.number, at);
        let value = |r: &Register| match r.metric == Metric::POWER {
            true => power_kw,
            false => power_kw + 50_000.0,
        };
        self.registers.iter().map(value).collect()
    }
}

/// Everything a test needs.
pub(crate) struct Rig {
    pub(crate) clock: ManualClock,
    pub(crate) simulator: Simulator,
    pub(crate) acquisition: Acquisition,
    pub(crate) profiles: Profiles,
    pub(crate) batches: mpsc::Receiver<Batch>,
}

impl Rig {
    /// The simulated devices, and an acquisition that polls none of them yet.
    pub(crate) async fn new(listeners: Vec<Listener>) -> Self {
        Self::with_inlet(listeners, 4_096).await
    }

    pub(crate) async fn with_inlet(listeners: Vec<Listener>, capacity: usize) -> Self {
        let clock = ManualClock::new(start_time());
        let simulator = Simulator::start(Arc::new(clock.clone()), listeners);
        let (inlet, batches) = Inlet::with_capacity(capacity);
        Self {
            simulator: simulator.await.unwrap(),
            acquisition: Acquisition::start(Arc::new(clock.clone()), inlet),
            clock,
            profiles: Profiles::embedded().unwrap(),
            batches,
        }
    }

    /// Beacons behind one listener each, numbered through, with these unit ids.
    pub(crate) async fn with_beacons(units: &[&[u8]]) -> Self {
        let mut number = 0;
        let mut listeners = Vec::new();
        for behind in units {
            let mut devices: Vec<(u8, Arc<dyn Instrument>)> = Vec::new();
            for unit in *behind {
                number += 1;
                devices.push((*unit, Beacon::new(number)));
            }
            listeners.push(Listener::on_loopback(devices));
        }
        Self::new(listeners).await
    }

    pub(crate) fn source(&self, listener: usize, unit_id: u8) -> ModbusSource {
        let port = self.simulator.addresses()[listener].port();
        Beacon::source("127.0.0.1", port, unit_id)
    }

    /// What a person enters to read a unit on any wire.
    pub(crate) fn source_on(&self, wire: Wire, listener: usize, unit_id: u8) -> ModbusSource {
        let mut source = match wire {
            Wire::Port => Beacon::source("", 502, unit_id),
            Wire::Tcp(_) | Wire::RtuOverTcp(_) => self.source(listener, unit_id),
        };
        match wire {
            Wire::Tcp(_) => {}
            Wire::RtuOverTcp(_) => source.protocol = Protocol::RtuOverTcp,
            Wire::Port => {
                source.protocol = Protocol::Rtu;
                source.serial = Some(SerialSource {
                    device: self.simulator.port(listener).unwrap().to_owned(),
                    baud_rate: 115_200,
                    // A pseudo-terminal knows no parity.
                    parity: Parity::None,
                    stop_bits: 1,
                });
            }
        }
        source
    }

    pub(crate) fn device(&self, source: &ModbusSource) -> Device {
        Device {
            id: EquipmentId::new(),
            plan: Arc::new(source.check(&self.profiles).unwrap()),
        }
    }

    /// The device at this place, polled with a generous time-out.
    pub(crate) fn beacon(&self, listener: usize, unit_id: u8) -> Device {
        self.device(&self.source(listener, unit_id))
    }

    /// Moves the clock to the next beat.
    pub(crate) fn beat(&self) {
        self.clock.advance(Duration::from_millis(5_000));
    }

    /// The next batch of anyone.
    pub(crate) async fn next(&mut self) -> Batch {
        let batch = soon("the next batch", self.batches.recv()).await;
        batch.expect("the acquisition is alive")
    }

    /// The next batch of each of so many devices.
    pub(crate) async fn next_of_each(&mut self, devices: usize) -> Vec<Batch> {
        let mut batches = Vec::new();
        for _ in 0..devices {
            batches.push(self.next().await);
        }
        batches
    }

    pub(crate) fn link(&self, device: &Device) -> Link {
        self.acquisition.link(device.id).unwrap()
    }
}

/// The power in a batch; `None` when it is missing.
pub(crate) fn power_kw(batch: &Batch) -> Option<f64> {
    let power = batch.readings.iter().find(|r| r.metric == Metric::POWER);
    let power = power.unwrap();
    assert_eq!(power.quality == Quality::Good, power.value.is_some());
    power.value
}

/// Whether every value of a beacon's batch is what the beacon showed at the time of the batch.
#[must_use]
pub(crate) fn is_true(batch: &Batch, number: u8) -> bool {
    let truth = Beacon::power_kw(number, batch.at);
    batch.readings.len() == 2
        && batch.readings.iter().all(|reading| {
            let expected = match reading.metric == Metric::POWER {
                true => truth,
                false => truth + 50_000.0,
            };
            reading.quality == Quality::Good && reading.value == Some(expected)
        })
}

/// Whether a batch says honestly that there is no value.
#[must_use]
pub(crate) fn is_missing(batch: &Batch) -> bool {
    let nothing = |r: &indusmind::base::Reading| r.quality == Quality::Missing;
    batch.readings.len() == 2 && batch.readings.iter().all(nothing)
}
