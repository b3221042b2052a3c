//! The cold cells: opened beside the alerts, and told of every batch.

use super::ground::Ground;
use super::plant::Plant;
use crate::alerts::Alerts;
use crate::base::Result;
use crate::care::at_work;
use crate::coldchain::{self, Coldchain};
use crate::equipment::Registry;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Opens the cold cells; until `stop` they are looked after.
pub(super) fn start_cells(
    (ground, registry, plant, alerts): (&Ground, &Arc<Registry>, &Plant, &Arc<Alerts>),
    stop: &CancellationToken,
) -> Result<(Arc<Coldchain>, JoinHandle<()>)> {
    let coldchain = Coldchain::open(coldchain::Ground {
        store: ground.store.clone(),
        clock: Arc::clone(&ground.clock),
        sites: Arc::clone(&ground.sites),
        registry: Arc::clone(registry),
        devices: Arc::clone(&plant.devices),
        alerts: Arc::clone(alerts),
        tsdb: Arc::clone(&ground.tsdb),
        live: Arc::clone(&ground.live),
    })?;
    let coldchain = Arc::new(coldchain);
    ground.intake.set_follower(Arc::clone(&coldchain) as _);
    let (cells, stops) = (Arc::clone(&coldchain), stop.clone());
    let work = at_work("the cold cells", stop, move || {
        Arc::clone(&cells).run(stops.clone())
    });
    Ok((coldchain, work))
}
