//! Every fault on every wire: no wrong value is ever good, the neighbours lose nothing, and the
//! device is back within one period and five seconds.

use crate::support::{Beacon, Rig, is_missing, is_true};
use futures_util::future::join_all;
use indusmind::base::Batch;
use indusmind::equipment::poller::Device;
use indusmind::modbus::simulator::{Fault, Instrument, Listener, Wire};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The victim's time-out: short, so that silence does not make the test slow.
const TIMEOUT_MS: i64 = 200;
/// Beats under the fault.
const BEATS: usize = 8;
/// Behaviours that are tried side by side: more, and the machine is what is late.
const AT_ONCE: usize = 8;
/// Beats until the device must be back: one period and five seconds.
const BEATS_TO_RECOVER: usize = 2;

/// What a fault does to the readings of the one who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// No value at all.
    Missing,
    /// Some values come, and those are true.
    Some,
    /// All values come: the line copes.
    None,
    /// Values come that only plausibility can doubt: the frames are in order.
    Believed,
}

/// Whom a fault leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// The other units of the same wire, too.
    Unit,
    /// Only the other lines: it is the gateway itself that fails.
    Wire,
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Unit(Fault),
    /// Every connection is closed as soon as it is made.
    Slam,
}

const fn late(ms: u64) -> Trouble {
    Trouble::Unit(Fault::Late(Duration::from_millis(ms)))
}

/// The behaviours that every wire can have.
fn behaviours() -> Vec<(Trouble, Effect, Reach)> {
    use Effect::{Believed, Missing, None, Some};
    use Fault::{
        Again, Close, Damaged, DamagedAtTimes, Drip, Exception, ExceptionAtTimes, Garbage, Half,
        HalfOpen, Long, NotANumber, OtherFunction, OtherUnit, Short, Silent, SilentAtTimes, Stuck,
        Twice, WrongByteCount,
    };
    let of_unit = [
        (Silent, Missing),
        (SilentAtTimes, Some),
        (Short, Missing),
        (Long, Missing),
        (WrongByteCount, Missing),
        (Half, Missing),
        (Garbage, Missing),
        (OtherUnit, Missing),
        (OtherFunction, Missing),
        (Damaged, Missing),
        (DamagedAtTimes, Some),
        (Twice, Some),
        (Again(Duration::from_millis(60)), Some),
        (Drip(Duration::from_millis(12)), Missing),
        (Drip(Duration::from_millis(1)), Some),
        (Stuck, Believed),
        (NotANumber, Missing),
        (ExceptionAtTimes(6), None),
        (ExceptionAtTimes(5), None),
        (Close, Missing),
    ];
    let codes = [1, 2, 3, 4, 5, 6, 8, 10, 11].map(|code| (Exception(code), Missing));
    let mut all: Vec<_> = of_unit
        .into_iter()
        .chain(codes)
        .map(|(fault, effect)| (Trouble::Unit(fault), effect, Reach::Unit))
        .collect();
    all.push((late(450), Missing, Reach::Unit));
    all.push((late(60), None, Reach::Unit));
    all.push((Trouble::Unit(HalfOpen), Missing, Reach::Wire));
    all
}

fn beacon(unit: u8, number: u8) -> (u8, Arc<dyn Instrument>) {
    (unit, Beacon::new(number))
}

/// A victim and its neighbour on one wire, and somebody on a line of his own.
struct Scene {
    rig: Rig,
    victim: Device,
    /// With the numbers of their beacons.
    neighbours: Vec<(Device, u8)>,
    trouble: Trouble,
    what: String,
}

impl Scene {
    async fn new(wire: Wire, trouble: Trouble, reach: Reach) -> Self {
        let shared = Listener {
            wire,
            devices: vec![beacon(1, 1), beacon(2, 2)],
        };
        let alone = Listener::on_loopback(vec![beacon(1, 3)]);
        let rig = Rig::new(vec![shared, alone]).await;
        let mut source = rig.source_on(wire, 0, 1);
        source.timeout_ms = TIMEOUT_MS;
        let victim = rig.device(&source);
        let mut neighbours = vec![(rig.beacon(1, 1), 3)];
        if reach == Reach::Unit {
            neighbours.push((rig.device(&rig.source_on(wire, 0, 2)), 2));
        }
        let mut all = vec![victim.clone()];
        all.extend(neighbours.iter().map(|(device, _)| device.clone()));
        let wire_name = match wire {
            Wire::Tcp(_) => "TCP",
            Wire::RtuOverTcp(_) => "RTU over TCP",
            Wire::Port => "RTU",
        };
        let what = format!("{trouble:?} over {wire_name}");
        rig.acquisition.apply(all);
        let mut scene = Self {
            rig,
            victim,
            neighbours,
            trouble,
            what,
        };
        for _ in 0..3 {
            let batch = scene.batches().await;
            assert!(is_true(&batch, 1), "{}: {batch:?}", scene.what);
            scene.rig.beat();
        }
        let batch = scene.batches().await;
        assert!(is_true(&batch, 1), "{}", scene.what);
        scene
    }

    /// The batches of one beat: those of the neighbours are true, that of the victim is returned.
    async fn batches(&mut self) -> Batch {
        let count = self.neighbours.len() + 1;
        let batches = self.rig.next_of_each(count).await;
        for (device, number) in &self.neighbours {
            let found = batches.iter().find(|b| b.equipment == device.id);
            let batch = found.unwrap_or_else(|| panic!("{}: a beat is missing", self.what));
            assert!(is_true(batch, *number), "{} hurt {number}", self.what);
        }
        let own = batches.into_iter().find(|b| b.equipment == self.victim.id);
        own.unwrap_or_else(|| panic!("{}: the victim's beat is missing", self.what))
    }

    fn set(&self, on: bool) {
        match self.trouble {
            Trouble::Unit(fault) => {
                let fault = if on { fault } else { Fault::None };
                self.rig.simulator.set_fault(0, 1, fault);
            }
            Trouble::Slam => {
                self.rig.simulator.slam(0, on);
                self.rig.simulator.hang_up(0);
            }
        }
    }

    async fn live_through(mut self, effect: Effect) {
        self.set(true);
        let mut good = 0;
        for _ in 0..BEATS {
            self.rig.beat();
            let batch = self.batches().await;
            let missing = is_missing(&batch);
            good += usize::from(!missing);
            let honest = missing || is_true(&batch, 1) || effect == Effect::Believed;
            assert!(honest, "{} was believed: {batch:?}", self.what);
        }
        match effect {
            Effect::Missing => assert_eq!(good, 0, "{}", self.what),
            Effect::None | Effect::Believed => assert_eq!(good, BEATS, "{}", self.what),
            Effect::Some => {}
        }
        self.set(false);
        for _ in 0..BEATS_TO_RECOVER {
            self.rig.beat();
            let batch = self.batches().await;
            if is_true(&batch, 1) {
                return;
            }
            assert!(
                is_missing(&batch),
                "{} left something: {batch:?}",
                self.what
            );
        }
        let link = self.rig.link(&self.victim);
        panic!("{}: not back in time: {link:?}", self.what);
    }
}

async fn run(wire: Wire, cases: Vec<(Trouble, Effect, Reach)>) {
    let run = |(trouble, effect, reach)| async move {
        let scene = Scene::new(wire, trouble, reach).await;
        scene.live_through(effect).await;
    };
    for some in cases.chunks(AT_ONCE) {
        join_all(some.iter().copied().map(run)).await;
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

#[tokio::test]
async fn modbus_tcp_survives_every_behaviour() {
    let mut cases = behaviours();
    assert!(cases.len() >= 24);
    let other = Trouble::Unit(Fault::OtherTransaction);
    cases.push((other, Effect::Missing, Reach::Unit));
    cases.push((Trouble::Slam, Effect::Missing, Reach::Wire));
    run(Wire::Tcp(loopback()), cases).await;
}

#[tokio::test]
async fn rtu_over_tcp_survives_every_behaviour() {
    let mut cases = behaviours();
    for (fault, effect) in [
        (Fault::Echo, Effect::None),
        (Fault::EchoOnly, Effect::Missing),
    ] {
        cases.push((Trouble::Unit(fault), effect, Reach::Unit));
    }
    cases.push((Trouble::Slam, Effect::Missing, Reach::Wire));
    run(Wire::RtuOverTcp(loopback()), cases).await;
}

#[tokio::test]
async fn a_serial_port_survives_every_behaviour() {
    let mut cases = behaviours();
    for (fault, effect) in [
        (Fault::Echo, Effect::None),
        (Fault::EchoOnly, Effect::Missing),
    ] {
        cases.push((Trouble::Unit(fault), effect, Reach::Unit));
    }
    run(Wire::Port, cases).await;
}
