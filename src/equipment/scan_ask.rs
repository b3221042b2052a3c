//! The questions of a scan: some places at a time, the units of one place in turn.

use super::asking::Asking;
use super::connection::SerialSource;
use super::poller::Acquisition;
use super::registry::Registry;
use super::scan::{Find, Job};
use super::scan_range::ScanRange;
use super::scan_unit::Unit;
use crate::base::EquipmentId;
use crate::modbus::{Endpoint, LineError};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Finds of one scan.
const FINDS_MAX: usize = 512;
/// Places that are asked at the same time; each has one connection.
const AT_ONCE: usize = 16;
/// How long a connection may take: on one's own network it takes milliseconds.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The rest of a line between two questions, and of one that is also polled.
const PAUSE: Duration = Duration::from_millis(10);
const POLITE_PAUSE: Duration = Duration::from_millis(150);

/// The units that are polled at an endpoint, with the equipment they are.
type Polled = HashMap<(Endpoint, u8), (EquipmentId, String)>;

fn polled(registry: &Registry) -> Polled {
    let place = |equipment: crate::equipment::Equipment| {
        let plan = equipment.modbus.as_ref()?.check(registry.profiles()).ok()?;
        Some((
            (plan.endpoint, plan.unit_id),
            (equipment.id, equipment.name),
        ))
    };
    registry.all().into_iter().filter_map(place).collect()
}

/// What all questions of a scan share.
struct Asker {
    job: Arc<Job>,
    registry: Arc<Registry>,
    range: ScanRange,
    polled: Polled,
}

/// Asks every place.
///
/// # Errors
/// Why it could not go on, as a sentence.
pub(super) async fn ask_all(
    job: &Arc<Job>,
    registry: &Arc<Registry>,
    range: ScanRange,
) -> Result<(), String> {
    let places = range.places.clone();
    let asker = Arc::new(Asker {
        job: Arc::clone(job),
        registry: Arc::clone(registry),
        polled: polled(registry),
        range,
    });
    let mut asking = JoinSet::new();
    let mut outcome = Ok(());
    for ways in places {
        if asking.len() >= AT_ONCE
            && let Some(Ok(done)) = asking.join_next().await
        {
            outcome = outcome.and(done);
        }
        let asker = Arc::clone(&asker);
        asking.spawn(async move { asker.ask_place(ways).await });
    }
    while let Some(done) = asking.join_next().await {
        outcome = outcome.and(done.unwrap_or(Ok(())));
    }
    outcome
}

impl Asker {
    /// Tries the ways of talking at one place until somebody answers.
    async fn ask_place(&self, ways: Vec<Endpoint>) -> Result<(), String> {
        let units = self.range.units.len();
        let mut left = ways.len();
        // How a place that is polled talks is known.
        let lines = self.registry.acquisition();
        let polled = ways.first().and_then(|way| lines.polled_at(way));
        for way in polled.map_or(ways, |polled| vec![polled]) {
            let answered = self.ask_way(&way, lines).await?;
            left -= 1;
            if answered {
                break;
            }
        }
        self.count(left * units);
        Ok(())
    }

    /// Asks the units at an endpoint, one after the other over one connection; whether anybody is
    /// there.
    async fn ask_way(&self, way: &Endpoint, lines: &Acquisition) -> Result<bool, String> {
        let mut left = self.range.units.len();
        let mut answered = false;
        let there = match way {
            Endpoint::Tcp { host, port } | Endpoint::RtuOverTcp { host, port } => {
                lines.polled_at(way).is_some() || takes_connections(host, *port).await
            }
            Endpoint::Serial { .. } => true,
        };
        let mut asking = Asking::at(way, lines).map_err(|error| error.sentence)?;
        for unit in self.range.units.iter().copied().filter(|_| there) {
            match self.ask_unit(way, &mut asking, unit).await {
                Ok(Some(find)) => {
                    answered = true;
                    self.found(find);
                }
                Ok(None) => {}
                Err(error @ LineError::Port { .. }) => return Err(error.to_string()),
                // Nobody takes connections any more.
                Err(_) => break,
            }
            left -= 1;
            self.count(1);
        }
        self.count(left);
        Ok(answered)
    }

    /// Who has this unit id; one that is polled is not asked.
    async fn ask_unit(
        &self,
        way: &Endpoint,
        asking: &mut Asking,
        unit: u8,
    ) -> Result<Option<Find>, LineError> {
        let equipment = self.polled.get(&(way.clone(), unit));
        if equipment.is_some() {
            return Ok(Some(find(way, unit, equipment)));
        }
        let pause = if asking.is_shared() {
            POLITE_PAUSE
        } else {
            PAUSE
        };
        let mut asked = Unit {
            line: asking,
            unit,
            timeout: Duration::from_millis(self.range.timeout_ms),
            pause,
            said: HashMap::new(),
            first_round_trip: None,
        };
        let answered = asked.ask(self.registry.profiles()).await?;
        Ok(answered.map(|answered| Find {
            round_trip_ms: answered.round_trip_ms,
            identity: answered.identity,
            profiles: answered.profiles,
            ..find(way, unit, None)
        }))
    }

    fn found(&self, find: Find) {
        let mut shown = self.job.shown();
        if shown.finds.len() < FINDS_MAX {
            shown.finds.push(find);
            let place = |find: &Find| (find.host.parse::<Ipv4Addr>().ok(), find.unit_id);
            shown.finds.sort_by_key(place);
        }
    }

    fn count(&self, units: usize) {
        let mut shown = self.job.shown();
        shown.asked += units;
        let percent = shown.asked * 100 / shown.of.max(1);
        shown.progress = u8::try_from(percent).unwrap_or(100);
    }
}

async fn takes_connections(host: &str, port: u16) -> bool {
    let dialled = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect((host, port)));
    matches!(dialled.await, Ok(Ok(_)))
}

/// A unit at its place, of which nothing else is known yet.
fn find(way: &Endpoint, unit: u8, equipment: Option<&(EquipmentId, String)>) -> Find {
    let (host, port, serial) = match way {
        Endpoint::Tcp { host, port } | Endpoint::RtuOverTcp { host, port } => {
            (host.clone(), *port, None)
        }
        Endpoint::Serial { device, settings } => {
            let serial = SerialSource {
                device: device.clone(),
                baud_rate: i64::from(settings.baud_rate),
                parity: settings.parity,
                stop_bits: i64::from(settings.stop_bits),
            };
            (String::new(), 0, Some(serial))
        }
    };
    Find {
        protocol: way.into(),
        host,
        port,
        serial,
        unit_id: unit,
        equipment_id: equipment.map(|(id, _)| *id),
        equipment_name: equipment.map(|(_, name)| name.clone()),
        round_trip_ms: None,
        identity: None,
        profiles: Vec::new(),
    }
}
