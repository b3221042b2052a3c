//! A fault that was kept, seen again against what replays it.

use crate::support::Beacon;
use indusmind::base::SystemClock;
use indusmind::modbus::journal::{Frame, Journal, Outcome};
use indusmind::modbus::simulator::replay::{Recorded, Recording, Replay};
use indusmind::modbus::simulator::{Fault, Listener, Simulator, Wire};
use indusmind::modbus::{Endpoint, Framing, Function, Line};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Long enough for an answer on a busy machine; silence waits for all of it.
const TIMEOUT: Duration = Duration::from_millis(1_500);

const FAULTS: [Fault; 11] = [
    Fault::None,
    Fault::Exception(4),
    Fault::Short,
    Fault::None,
    Fault::OtherUnit,
    Fault::OtherFunction,
    Fault::Silent,
    Fault::Damaged,
    Fault::Half,
    Fault::Garbage,
    Fault::None,
];

fn line(framing: Framing, at: SocketAddr) -> (Line, Arc<Journal>) {
    let (host, port) = (at.ip().to_string(), at.port());
    let endpoint = match framing {
        Framing::Tcp => Endpoint::Tcp { host, port },
        Framing::Rtu => Endpoint::RtuOverTcp { host, port },
    };
    let journal = Arc::new(Journal::new(Arc::new(SystemClock)));
    (
        Line::new(endpoint).with_journal(Arc::clone(&journal)),
        journal,
    )
}

/// What was asked and how it ended; without what happened to the connection in between.
fn exchanges(journal: &Journal) -> Vec<(Vec<u8>, Outcome, Option<u8>)> {
    let frames = journal.frames(usize::MAX);
    let asked = frames.into_iter().filter(|frame| !frame.request.is_empty());
    let told = |frame: Frame| {
        // Transactions are counted anew.
        let from = if frame.request[2..4] == [0, 0] { 2 } else { 0 };
        (
            frame.request[from..].to_vec(),
            frame.outcome,
            frame.exception,
        )
    };
    asked.map(told).collect()
}

#[tokio::test]
async fn a_fault_that_was_kept_is_seen_again() {
    for framing in [Framing::Tcp, Framing::Rtu] {
        let devices = vec![(1, Beacon::new(1) as _)];
        let listener = match framing {
            Framing::Tcp => Listener::on_loopback(devices),
            Framing::Rtu => Listener::behind_serial_server(devices),
        };
        let clock = Arc::new(SystemClock);
        let plant = Simulator::start(clock, vec![listener]).await.unwrap();
        let (mut there, kept) = line(framing, plant.addresses()[0]);
        let mut words = Vec::new();
        for fault in FAULTS {
            plant.set_fault(0, 1, fault);
            words.push(there.read(1, Function::Holding, 10, 8, TIMEOUT).await.ok());
        }
        drop(plant);
        let kept_frames = kept.frames(usize::MAX);
        let text = serde_json::to_string(&kept_frames).unwrap();
        let frames: Vec<Recorded> = serde_json::from_str(&text).unwrap();
        let recording = Recording::of(&frames).unwrap();
        assert_eq!((recording.framing, recording.units.len()), (framing, 1));
        assert!(
            recording.outcomes["exception"] >= 1,
            "{:?}",
            recording.outcomes
        );

        let wire = match framing {
            Framing::Tcp => Wire::Tcp("127.0.0.1:0".parse().unwrap()),
            Framing::Rtu => Wire::RtuOverTcp("127.0.0.1:0".parse().unwrap()),
        };
        let bench = Replay::start(Arc::new(recording), wire).await.unwrap();
        let (mut here, seen) = line(framing, bench.address.unwrap());
        for (number, then) in words.iter().enumerate() {
            let now = here.read(1, Function::Holding, 10, 8, TIMEOUT).await.ok();
            assert_eq!(now, *then, "{framing:?}: question {number}");
        }
        assert_eq!(exchanges(&seen), exchanges(&kept), "{framing:?}");
        // What was never asked is refused, not invented.
        let other = here.read(1, Function::Input, 99, 1, TIMEOUT).await;
        assert_eq!(other.unwrap_err().to_string(), refusal());
    }
}

fn refusal() -> String {
    indusmind::modbus::LineError::Exception(2).to_string()
}
