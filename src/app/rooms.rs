//! The rooms that work with what others measured: figures, cold cells, reports, upkeep.

use super::chores;
use super::cold::start_cells;
use super::demand::start_demand_watch;
use super::figures::{Figures, open_figures};
use super::ground::Ground;
use super::plant::Plant;
use super::reporting::start_reporting;
use crate::alerts::Alerts;
use crate::base::Result;
use crate::coldchain::Coldchain;
use crate::equipment::Registry;
use crate::notify::Notify;
use crate::reports::Reports;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What was opened, and what they do beside everything else.
pub(super) struct Rooms {
    pub(super) figures: Figures,
    pub(super) coldchain: Arc<Coldchain>,
    pub(super) reports: Arc<Reports>,
    pub(super) tasks: Vec<JoinHandle<()>>,
}

/// Opens them; their tasks end with `stop`.
pub(super) async fn open_rooms(
    (ground, registry, plant): (&Ground, &Arc<Registry>, &Plant),
    (alerts, notify): (&Arc<Alerts>, &Arc<Notify>),
    stop: &CancellationToken,
) -> Result<Rooms> {
    let (coldchain, cells) = start_cells((ground, registry, plant, alerts), stop)?;
    let mut tasks = Vec::from(chores(ground, registry, plant, stop));
    let figures = open_figures(ground, registry, alerts, stop)?;
    let about = (ground, registry, &figures);
    let (reports, reporter) = start_reporting(about, (alerts, notify, &coldchain), stop).await?;
    let demand = start_demand_watch(about, alerts, stop);
    tasks.extend([cells, reporter, demand]);
    Ok(Rooms {
        figures,
        coldchain,
        reports,
        tasks,
    })
}
