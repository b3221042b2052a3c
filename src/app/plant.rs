//! What belongs to the machines of a plant: sensors that push and publish, commissioning, files,
//! maintenance.

use super::ground::Ground;
use crate::base::{Clock, Result};
use crate::devices::{Devices, Receiver};
use crate::equipment::{Attachments, Commissioning, Maintenance, Registry};
use crate::ingest::Intake;
use crate::mqtt::Mqtt;
use crate::store::Store;
use crate::tsdb::Tsdb;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The rooms around the registry, and the desk where deliveries are taken.
pub(super) struct Plant {
    pub(super) attachments: Arc<Attachments>,
    pub(super) devices: Arc<Devices>,
    pub(super) receiver: Receiver,
    pub(super) mqtt: Arc<Mqtt>,
    pub(super) commissioning: Arc<Commissioning>,
    pub(super) maintenance: Arc<Maintenance>,
    pub(super) desk: JoinHandle<()>,
}

/// Opens them; until `stop` deliveries are taken.
pub(super) async fn start_plant(
    ground: &Ground,
    registry: &Arc<Registry>,
    stop: &CancellationToken,
) -> Result<Plant> {
    let (store, clock, tsdb) = (&ground.store, &ground.clock, &ground.tsdb);
    let machines = || (Arc::clone(clock), Arc::clone(registry));
    let (now, known) = machines();
    let attachments = Arc::new(Attachments::new(store, now, known));
    let (now, known) = machines();
    let devices = Arc::new(Devices::open(store, now, known)?);
    let (receiver, desk) = start_desk(tsdb, &ground.intake, &devices, clock, stop);
    let mqtt = start_mqtt(store, clock, registry, &devices, &receiver).await?;
    let commissioning = Commissioning::open(store, tsdb, clock, registry, stop)?;
    let (now, known) = machines();
    let maintenance = Arc::new(Maintenance::open(store, now, known)?);
    Ok(Plant {
        attachments,
        devices,
        receiver,
        mqtt,
        commissioning: Arc::new(commissioning),
        maintenance,
        desk,
    })
}

/// Starts the desk where deliveries are taken, until `stop`.
fn start_desk(
    tsdb: &Arc<Tsdb>,
    intake: &Arc<Intake>,
    devices: &Arc<Devices>,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> (Receiver, JoinHandle<()>) {
    let (tsdb, intake) = (Arc::clone(tsdb), Arc::clone(intake));
    let (devices, clock) = (Arc::clone(devices), Arc::clone(clock));
    let (receiver, work) = Receiver::new(tsdb, intake, devices, clock, stop.clone());
    (receiver, tokio::spawn(work))
}

/// Starts the subscriber, when its settings say so.
async fn start_mqtt(
    store: &Store,
    clock: &Arc<dyn Clock>,
    registry: &Arc<Registry>,
    devices: &Arc<Devices>,
    receiver: &Receiver,
) -> Result<Arc<Mqtt>> {
    let (clock, registry) = (Arc::clone(clock), Arc::clone(registry));
    let devices = Arc::clone(devices);
    let mqtt = Mqtt::start(store, clock, registry, devices, receiver.clone()).await?;
    Ok(Arc::new(mqtt))
}
